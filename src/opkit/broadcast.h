/* SPDX-License-Identifier: Apache-2.0 */
/* The shared loop of element-wise operators: numpy broadcasting of up to three operands, cut in
 * tiles along the output, over functions that know runs of elements only. Plain layout, or blocks
 * of 16 channels. */
#ifndef TENON_OPKIT_BROADCAST_H
#define TENON_OPKIT_BROADCAST_H

#include "graph/op.h"
#include "kernels/eltwise/eltwise.h"

/* One more than a tensor has: the lanes of a block. */
#define TENON__BROADCAST_RANK (TENON_MAX_RANK + 1)

/* The geometry of one call, made by bind. Dims are those of the output's storage, neighbours merged
 * where all operands allow it; the last one is the run. */
typedef struct tenon__broadcast {
    int rank;  /* at least 1 */
    int count; /* operands */
    /* The two last dims are walked together, in pieces of some hundred elements, the operands that
     * are repeated being written out first: for runs too short to be worth a call. */
    bool pieces;
    int64_t total;    /* elements of the output's storage */
    int64_t per_tile; /* elements; where `pieces`, whole runs */
    int64_t dims[TENON__BROADCAST_RANK];
    int64_t strides[TENON__FORMULA_OPERANDS]
                   [TENON__BROADCAST_RANK]; /* elements; of the last dim 0 or 1 */
    /* A plain operand with one value for each channel, where the output is in blocks and the last
     * block is not full: how many channels there are. Else 0. */
    int64_t channels[TENON__FORMULA_OPERANDS];
    uint8_t out_bytes, bytes[TENON__FORMULA_OPERANDS]; /* of an element */
} tenon__broadcast;

/* out[i] = f(in[0][i], ...) with dims known. Operands broadcast to out's shape, as infer has seen
 * to. TENON_EINTERNAL where layouts do not go together. Sets *tiles. */
tenon_status tenon__broadcast_bind(tenon__broadcast *b, const tenon__view *out,
                                   const tenon__view *const *in, int count, double cost_ns,
                                   uint32_t *tiles, tenon_error *err);
/* One tile; `in` are the operands' addresses. */
void tenon__broadcast_run(const tenon__broadcast *b, uint32_t tile, void *out,
                          const void *const *in, tenon__eltwise_fn fn, const void *p);
/* Elements [begin, end) of the output's storage. Both are multiples of TENON__BLOCK, or `end` is
 * the total. */
void tenon__broadcast_range(const tenon__broadcast *b, int64_t begin, int64_t end, void *out,
                            const void *const *in, tenon__eltwise_fn fn, const void *p);

/* The same, for pieces that lie elsewhere: `out` starts at element `begin`, and so do the operands
 * whose bits are set in `local`, which have the output's shape. */
void tenon__broadcast_piece(const tenon__broadcast *b, int64_t begin, int64_t end, void *out,
                            const void *const *in, uint32_t local, tenon__eltwise_fn fn,
                            const void *p);

/* Whether an operator over these operands can work in blocks: f32, the largest of rank 3 and more
 * with all its dims told apart, the others scalars or repeated along whole dims. */
bool tenon__broadcast_blocked(const tenon__view *const *in, uint32_t count);
/* C16 where one of the operands that have out's shape is, else plain. */
uint8_t tenon__broadcast_layout(const tenon__view *const *in, uint32_t count,
                                const tenon__view *out);

#endif
