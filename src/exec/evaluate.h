/* SPDX-License-Identifier: Apache-2.0 */
/* Running one node on constants, outside any plan: how constants are folded. */
#ifndef TENON_EXEC_EVALUATE_H
#define TENON_EXEC_EVALUATE_H

#include "graph/op.h"

/* Whether `node` can be evaluated: pure, no control flow, tensors only, every present input a
 * constant. */
bool tenon__evaluate_can(const tenon__graph *graph, const tenon__node *node);
/* Computes the outputs into `views` (node->output_count of them), data in graph->arena.
 * TENON_ELIMIT where an output would take more than max_bytes; TENON_EAGAIN where the node cannot
 * be evaluated after all. */
tenon_status tenon__evaluate(const tenon__graph *graph, const tenon__node *node,
                             tenon__cpu_bits cpu, tenon__accuracy accuracy, size_t max_bytes,
                             tenon__view *views, tenon_error *err);

#endif
