/* SPDX-License-Identifier: Apache-2.0 */
/* From a graph to a plan: slots, lifetimes, kernel choice, what to pack. */
#ifndef TENON_PLAN_PLAN_H
#define TENON_PLAN_PLAN_H

#include "exec/plan.h"

typedef struct tenon__plan_options {
    const tenon_allocator *allocator;
    tenon__cpu_bits cpu;
    tenon__accuracy accuracy;
    size_t limit_bytes; /* of the plan's own memory, packed copies not counted; 0: none */
} tenon__plan_options;

/* The graph (sorted, inferred) must outlive the plan. Destroy with tenon__plan_destroy. */
tenon_status tenon__plan_create(const tenon__graph *graph, const tenon__plan_options *options,
                                tenon__plan **out, tenon_error *err);
void tenon__plan_destroy(tenon__plan *plan);

#endif
