/* SPDX-License-Identifier: Apache-2.0 */
/* Every node that is not supported, with the reason. */
#ifndef TENON_GRAPH_REPORT_H
#define TENON_GRAPH_REPORT_H

#include "graph/graph.h"

typedef struct tenon__report_line {
    const char *node;   /* its name, or "node 7" */
    const char *op;     /* "Conv" or "com.example.Conv" */
    const char *reason; /* "opset 12 of com.example; not known" */
} tenon__report_line;

typedef struct tenon__report {
    const tenon_allocator *allocator;
    tenon__arena texts;
    TENON__VEC(tenon__report_line) lines;
    size_t left_out; /* past TENON__REPORT_LINES */
} tenon__report;

#define TENON__REPORT_LINES 10000

void tenon__report_init(tenon__report *report, const tenon_allocator *a);
void tenon__report_fini(tenon__report *report);
tenon_status tenon__report_add(tenon__report *report, tenon__str node, uint32_t index,
                               tenon__str domain, tenon__str op, const char *reason,
                               tenon_error *err);
/* TENON_OK where nothing was reported, else TENON_EUNSUPPORTED: how many nodes, and which
 * operators. */
tenon_status tenon__report_sum(const tenon__report *report, tenon_error *err);

#endif
