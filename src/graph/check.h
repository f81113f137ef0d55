/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader does with a graph once it is built: check it, read the attributes, expand what is
 * made of smaller operators. */
#ifndef TENON_GRAPH_CHECK_H
#define TENON_GRAPH_CHECK_H

#include "graph/graph.h"

/* Subgraphs in each other, the main graph counted. */
#define TENON__GRAPH_DEPTH 32
/* The newest opset of ai.onnx that the operators know. */
#define TENON__OPSET_NEWEST 28

/* TENON_ELIMIT where the arena is at its limit, else TENON_ENOMEM. */
tenon_status tenon__graph_no_memory(const tenon__arena *arena, tenon_error *err);

/* Puts "node 'x' (Conv)" in front of the error; a nameless node is called by its index. */
tenon_status tenon__node_where(const tenon__node *node, tenon_status status, tenon_error *err);

/* Number of inputs and outputs of each node against its operator's, names used twice; subgraphs
 * too. What reads nothing that exists, and cycles, are found by tenon__graph_sort. */
tenon_status tenon__graph_verify(const tenon__graph *graph, tenon_error *err);

/* node->parsed = what op->read makes of the attributes; op->bodies are there. Once per node. */
tenon_status tenon__node_read(const tenon__graph *graph, tenon__node *node, tenon_error *err);

/* Replaces every node whose operator has `expand`, here and in subgraphs, until none is left, then
 * sorts. An `expand` that returns TENON_EAGAIN needs types: where the operator also runs, its node
 * stays, and may expand when this is called again after tenon__graph_infer; else it is refused. At
 * most max_nodes nodes come out of it (0: no limit). */
tenon_status tenon__graph_expand(tenon__graph *graph, size_t max_nodes, tenon_error *err);

#endif
