/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of scaled dot-product attention: where rows of Q, K, V, the masks and the outputs lie,
 * and which keys a query sees. */
#ifndef TENON_OPKIT_ATTENTION_H
#define TENON_OPKIT_ATTENTION_H

#include "graph/op.h"

/* Inputs, by number. */
enum {
    TENON__ATTENTION_Q,
    TENON__ATTENTION_K,
    TENON__ATTENTION_V,
    TENON__ATTENTION_MASK,
    TENON__ATTENTION_PAST_K,
    TENON__ATTENTION_PAST_V,
    TENON__ATTENTION_VALID
};

/* What output 3 holds. */
typedef enum tenon__attention_stage {
    TENON__SCORES_RAW,    /* scale * Q K^T */
    TENON__SCORES_CAPPED, /* behind softcap */
    TENON__SCORES_BIASED, /* behind masks */
    TENON__SCORES_FINAL,  /* behind softmax */
} tenon__attention_stage;

typedef struct tenon__attention_attrs {
    bool causal, has_scale;
    float scale, softcap;
    int64_t q_heads, kv_heads; /* 0 where not given */
    int64_t left, right;       /* window, -1: open */
    tenon__attention_stage stage;
} tenon__attention_attrs;

/* Steps between batches, heads and rows, in elements. */
typedef struct tenon__attention_steps {
    int64_t batch, head, row;
} tenon__attention_steps;

typedef struct tenon__attention_shape {
    int64_t batch, q_heads, kv_heads, group; /* group: query heads of one key head */
    int64_t queries, fresh, past, keys;      /* keys = past + fresh */
    int64_t size, v_size;                    /* of a head */
    tenon__attention_steps q, k, v, y;
    tenon__attention_steps mask; /* 0 along what it broadcasts */
    int64_t mask_keys;           /* columns of the mask; those past it are closed */
    float scale;
} tenon__attention_shape;

tenon_status tenon__attention_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                   tenon_error *err);
tenon_status tenon__attention_infer(tenon__infer *c);
/* All dims are known and agree. */
void tenon__attention_shape_of(const tenon__attention_attrs *attrs, uint32_t in_count,
                               const tenon__view *const *in, tenon__attention_shape *s);

/* Keys [*from, *to) that query i of batch b may see, apart from the mask's values; none where *to
 * <= *from. `valid` is that of the batch, -1 where not given. */
void tenon__attention_range(const tenon__attention_attrs *attrs, const tenon__attention_shape *s,
                            int64_t valid, int64_t i, int64_t *from, int64_t *to);

/* One query's row in double, any float dtype: Y and the scores where they are wanted. room: keys +
 * v_size numbers. */
void tenon__attention_plain(const tenon__run *r, const tenon__attention_shape *s, int64_t b,
                            int64_t head, int64_t i, double *room);

#endif
