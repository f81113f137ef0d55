/* SPDX-License-Identifier: Apache-2.0 */
/* What LSTM, GRU and RNN share: attributes, shapes, packing, and the walk through time.
 *
 * Phase 0 sets up (biases summed, states copied, weights packed where they are no constants), phase
 * 1 multiplies all inputs by W at once, and each later phase is one time step, or several where a
 * step is too small to share: gates += h * R, then the cell. A tile takes some hidden units of one
 * direction, so that no sum is ever cut. A layer of few microseconds is one tile. f64 is plain: a
 * tile is one sequence of one direction.
 *
 * With weights of bytes, what W and R multiply becomes bytes on the way: all of X in phase 0, the
 * states of all samples in each step, each with the scale and zero of its own range. */
#ifndef TENON_OPKIT_RNN_H
#define TENON_OPKIT_RNN_H

#include "graph/op.h"
#include "kernels/gemm/gemm.h"
#include "kernels/qgemm/qgemm.h"
#include "kernels/quant/quant.h"
#include "kernels/rnn/rnn.h"

typedef enum tenon__rnn_kind { TENON__RNN_SIMPLE, TENON__RNN_GRU, TENON__RNN_LSTM } tenon__rnn_kind;

/* Inputs, by number. P and initial_c are LSTM's. */
enum {
    TENON__RNN_X,
    TENON__RNN_W,
    TENON__RNN_R,
    TENON__RNN_B,
    TENON__RNN_LENS,
    TENON__RNN_H,
    TENON__RNN_C,
    TENON__RNN_P,
    /* with weights of bytes */
    TENON__RNN_W_SCALE,
    TENON__RNN_W_ZERO,
    TENON__RNN_R_SCALE,
    TENON__RNN_R_ZERO
};

typedef struct tenon__rnn_attrs {
    tenon__rnn_kind kind;
    int gates, directions;
    bool reverse;     /* the first direction runs backwards; the second always does */
    bool batch_first; /* layout 1 */
    bool linear_before_reset;
    bool bytes;     /* LSTM only: W is [directions, inputs, 4 hidden] of u8 or i8, R alike */
    int64_t hidden; /* 0 where not given: R knows */
    tenon__rnn_cell cell[2];
} tenon__rnn_attrs;

typedef struct tenon__rnn_prepared {
    const tenon__gemm_row *gemm;
    const tenon__qgemm_row *qgemm; /* instead of it, with weights of bytes */
    bool packed;                   /* W in slot 0, R in slot 1 */
} tenon__rnn_prepared;

typedef struct tenon__rnn_params {
    int64_t time, batch, inputs, hidden;
    bool plain;
    const tenon__gemm_row *gemm;
    const tenon__qgemm_row *qgemm;
    const tenon__rnn_row *cell;
    tenon__quant_row quant;
    int64_t nr, mr;           /* of whichever product */
    int64_t panels, padded;   /* of hidden units, in columns of the product */
    int64_t w_bytes, r_bytes; /* floats from one packed gate to the next */
    int64_t w_at, r_at, bias_at, reset_bias_at, product_at, h_at, c_at, z_at, rh_at; /* in work */
    int64_t rows_per_tile, row_tiles, product_panels, product_panel_tiles;
    int64_t step_panels, step_panel_tiles, steps_per_phase;
    bool two_stages; /* GRU whose reset gate comes first, cut into tiles: a step is two phases */
    int64_t x_at;    /* in work: X as bytes, behind its scale and zero */
    size_t state_at, gates_at; /* in scratch, in bytes, behind the product's own */
    uint32_t setup_tiles, product_tiles, step_tiles, phases;
    bool whole; /* so little that one tile does it all */
} tenon__rnn_params;

tenon_status tenon__rnn_read(const tenon__node *node, tenon__rnn_attrs *attrs, tenon__rnn_kind kind,
                             tenon_error *err);
tenon_status tenon__rnn_infer(tenon__infer *c);
tenon_status tenon__rnn_prepare(tenon__prepare *c);
tenon_status tenon__rnn_bind(tenon__bind *c);
uint32_t tenon__rnn_tiles(const void *params, uint32_t phase);
tenon_status tenon__rnn_run(const tenon__run *r);

/* One sequence of one direction in double, any float dtype. `room`: tenon__rnn_room numbers. */
tenon_status tenon__rnn_sequence(const tenon__run *r, int direction, int64_t b, double *room);
int64_t tenon__rnn_room(const tenon__rnn_attrs *attrs, int64_t hidden);

/* Where things lie, in elements. */
typedef struct tenon__rnn_place {
    int64_t time, batch, hidden;
    int directions;
    bool batch_first;
} tenon__rnn_place;
int64_t tenon__rnn_y_at(const tenon__rnn_place *p, int64_t t, int direction, int64_t b);
int64_t tenon__rnn_state_at(const tenon__rnn_place *p, int direction, int64_t b);
tenon__rnn_place tenon__rnn_place_of(const tenon__rnn_attrs *attrs, const tenon__view *x,
                                     const tenon__view *recurrent);

/* The data of an optional input, NULL where absent; of an output that somebody reads, else NULL. */
const void *tenon__rnn_in(const tenon__run *r, uint32_t i);
void *tenon__rnn_out(const tenon__run *r, uint32_t i);
/* Length of sequence b. */
int64_t tenon__rnn_length(const tenon__run *r, int64_t b, int64_t time);
/* Fails where a length lies outside [0, time]. */
tenon_status tenon__rnn_check_lengths(const tenon__run *r, int64_t time, int64_t batch);

#endif
