/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as text for people. */
#ifndef TENON_GRAPH_DOT_H
#define TENON_GRAPH_DOT_H

#include "graph/graph.h"
#include <tenon/model.h>

/* In Graphviz' DOT, subgraphs as clusters. TENON_ECANCELED where `write` says so. */
tenon_status tenon__graph_print_dot(const tenon__graph *graph, tenon_write_fn write, void *user,
                                    tenon_error *err);

#endif
