/* SPDX-License-Identifier: Apache-2.0 */
/* Types and shapes of a whole graph. */
#ifndef TENON_GRAPH_INFER_H
#define TENON_GRAPH_INFER_H

#include "graph/op.h"
#include "tensor/convert.h"

/* The most bytes that tenon__infer_emit gives: shape arithmetic, not data. */
#define TENON__EMIT_BYTES 65536

/* float16, bfloat16 and float8: what TENON__OP_WIDEN widens. */
bool tenon__is_storage(tenon_dtype dtype);

/* Asks each node of a sorted graph in turn for the views of its outputs, and of its subgraphs'
 * values before that. What an operator leaves open stays as the file declared it (or as an earlier
 * call found it): such dims are hints, which binding may contradict. `emit` (may be NULL) holds the
 * values computed on the way and must outlive the graph. Errors name the node. */
tenon_status tenon__graph_infer(tenon__graph *graph, tenon__arena *emit, tenon_error *err);

/* TENON_ETYPE where an input is no tensor and the operator takes nothing else. */
tenon_status tenon__infer_kinds(const tenon__infer *c, const tenon__op *op);

#endif
