/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers: the Mersenne twister, seeded and read as numpy's RandomState does it, which
 * ONNX's reference implementation uses. Where a node has no seed, one is made of its place in the
 * graph. Each run starts anew: the same numbers come in every run, whatever the threads. */
#ifndef TENON_OPKIT_RANDOM_H
#define TENON_OPKIT_RANDOM_H

#include "graph/op.h"

#define TENON__TWISTER_WORDS 624

typedef struct tenon__twister {
    uint32_t words[TENON__TWISTER_WORDS];
    uint32_t at;
    bool has_spare; /* normal numbers come in pairs */
    double spare;
} tenon__twister;

void tenon__twister_seed(tenon__twister *t, uint32_t seed);
double tenon__twister_uniform(tenon__twister *t); /* in [0, 1), 53 bits */
double tenon__twister_normal(tenon__twister *t);  /* mean 0, variance 1; the polar method */

/* Of all random operators. */
typedef struct tenon__random_attrs {
    tenon_dtype dtype; /* TENON_NONE: that of the input */
    uint32_t seed;
    double low, span; /* uniform: low + u * span; normal: mean and deviation */
    int rank;         /* of `shape`, where there is no input */
    int64_t dims[TENON_MAX_RANK];
    int64_t samples; /* Multinomial: for each row */
} tenon__random_attrs;

typedef struct tenon__random_params {
    int64_t count;
} tenon__random_params;

/* dtype and seed. `fallback` is the dtype's ONNX number where there is no attribute, 0 the input's.
 */
tenon_status tenon__random_read(const tenon__node *node, int64_t fallback,
                                tenon__random_attrs *attrs, tenon_error *err);
/* A pair of float attributes into low and span; the second is the upper end where `uniform`. */
tenon_status tenon__random_read_range(const tenon__node *node, bool uniform,
                                      tenon__random_attrs *attrs, tenon_error *err);
tenon_status tenon__random_read_shape(const tenon__node *node, tenon__random_attrs *attrs,
                                      tenon_error *err);
tenon_status tenon__random_infer(tenon__infer *c); /* `shape`, or that of the input */
/* The numbers come one after the other, so a step has one tile in each of many phases. */
tenon_status tenon__random_bind(tenon__bind *c);
/* The phase's part of output 0: next(twister, attrs, i) for each element i. */
typedef double (*tenon__random_next)(tenon__twister *t, const tenon__run *r, int64_t i);
tenon_status tenon__random_fill(const tenon__run *r, tenon__random_next next);
double tenon__random_next_uniform(tenon__twister *t, const tenon__run *r, int64_t i);
double tenon__random_next_normal(tenon__twister *t, const tenon__run *r, int64_t i);

#endif
