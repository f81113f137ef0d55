/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites of a graph. One per file; order.c alone holds the order. Each keeps what the graph
 * computes: exactly, or within the accuracy that was asked for. */
#ifndef TENON_PASSES_PASSES_H
#define TENON_PASSES_PASSES_H

#include "graph/op.h"

typedef struct tenon__pass_context {
    tenon__graph *graph; /* sorted and inferred, and left so */
    tenon__cpu_bits cpu;
    tenon__accuracy accuracy;
    size_t max_constant_bytes;
    uint32_t *uses;   /* of each value at the start of the pass */
    size_t use_count; /* values then; those that a pass adds have none */
    bool changed;     /* set by a pass that did something */
    tenon_error *err;
} tenon__pass_context;

typedef struct tenon__pass {
    const char *name;
    tenon_status (*run)(tenon__pass_context *c);
    bool required; /* run even where passes are off: the engine needs it */
} tenon__pass;

/* In order, ended by name NULL. */
extern const tenon__pass tenon__passes[];

/* Runs them over the graph and all its bodies. `off`: only what is required. `only`: the one of
 * this name (for tests), or NULL. */
tenon_status tenon__passes_run(tenon__graph *graph, tenon__cpu_bits cpu, tenon__accuracy accuracy,
                               bool off, const char *only, size_t max_constant_bytes,
                               tenon_error *err);

/* The opset that rewritten nodes follow. */
#define TENON__NEWEST_OPSET 28

/* Each pass; see its file. */
tenon_status tenon__pass_fold(tenon__pass_context *c);
tenon_status tenon__pass_fold_all(tenon__pass_context *c); /* dequantised constants too */
tenon_status tenon__pass_dead(tenon__pass_context *c);
tenon_status tenon__pass_widen(tenon__pass_context *c);
tenon_status tenon__pass_noop(tenon__pass_context *c);
tenon_status tenon__pass_norm(tenon__pass_context *c);
tenon_status tenon__pass_bias(tenon__pass_context *c);
tenon_status tenon__pass_activation(tenon__pass_context *c);
tenon_status tenon__pass_residual(tenon__pass_context *c);
tenon_status tenon__pass_silu(tenon__pass_context *c);
tenon_status tenon__pass_pad(tenon__pass_context *c);
tenon_status tenon__pass_transposes(tenon__pass_context *c);
tenon_status tenon__pass_gelu(tenon__pass_context *c);
tenon_status tenon__pass_layer_norm(tenon__pass_context *c);
tenon_status tenon__pass_attention(tenon__pass_context *c);
tenon_status tenon__pass_dequant(tenon__pass_context *c);
tenon_status tenon__pass_chain(tenon__pass_context *c);
tenon_status tenon__pass_layout(tenon__pass_context *c);
tenon_status tenon__pass_quant(tenon__pass_context *c);
tenon_status tenon__pass_channels_last(tenon__pass_context *c);

#endif
