/* SPDX-License-Identifier: Apache-2.0 */
/* The products of recurrent layers: weights packed gate behind gate, in panels of columns; inputs
 * and states as floats, or made bytes on the way. */
#ifndef TENON_OPKIT_RNN_PRODUCT_H
#define TENON_OPKIT_RNN_PRODUCT_H

#include "opkit/rnn.h"

/* Floats as u8, and what these stand for. */
typedef struct tenon__byte_rows {
    float scale;
    int32_t zero;
    uint8_t *data;
} tenon__byte_rows;

/* Panels [first, first + count) of a direction's gates, all their columns. */
typedef struct tenon__rnn_product {
    int direction;
    bool recurrent; /* R, not W */
    int64_t first, count;
    const float *a;
    tenon__byte_rows bytes; /* instead of a */
    int64_t m;
    float *c;
    int64_t c_row;
    const float *bias;
    bool accumulate;
} tenon__rnn_product;

/* Columns of a panel, rows of a tile. */
void tenon__rnn_product_size(const tenon__rnn_prepared *p, int64_t *nr, int64_t *mr);
/* Bytes of one packed gate of k rows and n columns; false on overflow. */
bool tenon__rnn_gate_bytes(const tenon__rnn_prepared *p, int64_t k, int64_t n, int64_t *out);
/* Gate `gate` of all directions of W or R into dst. */
void tenon__rnn_pack_gate(const tenon__rnn_prepared *p, const tenon__rnn_attrs *attrs,
                          const tenon__view *v, int64_t gate, void *dst);
/* Scratch of a product whose tiles take up to `columns`; false on overflow. */
bool tenon__rnn_product_scratch(const tenon__rnn_attrs *attrs, const tenon__rnn_params *p,
                                int64_t columns, size_t *bytes);
void tenon__rnn_multiply(const tenon__run *r, const tenon__rnn_product *g);

/* n floats at x as bytes in `to`: their range, with 0 in it, becomes [0, 255]. */
tenon__byte_rows tenon__rnn_quantize(const tenon__rnn_params *p, const float *x, int64_t n,
                                     uint8_t *to);
/* All of X, into work; and from there. */
void tenon__rnn_quantize_inputs(const tenon__run *r);
tenon__byte_rows tenon__rnn_inputs_as_bytes(const tenon__run *r);

#endif
