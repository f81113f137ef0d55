/* SPDX-License-Identifier: Apache-2.0 */
/* The element-wise part of recurrent cells, on n neighbouring units of one sample, f32. The
 * products that make the gates are the caller's. */
#ifndef TENON_KERNELS_RNN_RNN_H
#define TENON_KERNELS_RNN_RNN_H

#include <math.h>

#include "cpu/cpu.h"

typedef enum tenon__rnn_function {
    TENON__RNN_SIGMOID,
    TENON__RNN_TANH,
    TENON__RNN_RELU,
    TENON__RNN_AFFINE,           /* alpha x + beta */
    TENON__RNN_LEAKY_RELU,       /* x, or alpha x below 0 */
    TENON__RNN_THRESHOLDED_RELU, /* x, or 0 below alpha */
    TENON__RNN_SCALED_TANH,      /* alpha tanh(beta x) */
    TENON__RNN_HARD_SIGMOID,     /* alpha x + beta, cut to [0, 1] */
    TENON__RNN_ELU,              /* x, or alpha (e^x - 1) below 0 */
    TENON__RNN_SOFTSIGN,         /* x / (1 + |x|) */
    TENON__RNN_SOFTPLUS,         /* log(1 + e^x) */
} tenon__rnn_function;

typedef struct tenon__rnn_act {
    tenon__rnn_function function;
    float alpha, beta;
} tenon__rnn_act;

typedef struct tenon__rnn_cell {
    tenon__rnn_act f, g, h; /* GRU and RNN: without h; RNN: f alone */
    float clip;             /* of every argument of f and g; INFINITY for none */
    bool couple;            /* LSTM: the forget gate is 1 - the input gate */
} tenon__rnn_cell;

typedef struct tenon__rnn_row {
    const char *name;
    tenon__cpu_bits needs;
    /* gates: i, o, f, c, each n numbers, `stride` apart (what lies between is
     * overwritten too). c is updated, h written.
     * peephole (i, o, f, each `peephole_stride` apart) may be NULL. */
    void (*lstm)(float *gates, int64_t stride, int64_t n, const float *peephole,
                 int64_t peephole_stride, const tenon__rnn_cell *cell, float *c, float *h);
    /* Linear before reset: gates z, r, the state's part of h, and the input's part of h. */
    void (*gru)(float *gates, int64_t stride, int64_t n, const tenon__rnn_cell *cell,
                const float *h_before, float *h);
    /* Reset before linear: first gates z and r, giving z in place and r * h_before; then z and h.
     */
    void (*gru_reset)(float *gates, int64_t stride, int64_t n, const tenon__rnn_cell *cell,
                      const float *h_before, float *rh);
    void (*gru_update)(const float *z, float *gate, int64_t n, const tenon__rnn_cell *cell,
                       const float *h_before, float *h);
    void (*simple)(float *gate, int64_t n, const tenon__rnn_cell *cell, float *h);
} tenon__rnn_row;

/* All rows that are built, best first, terminated by NULL; the last is `ref`. */
extern const tenon__rnn_row *const tenon__rnn_rows[];
/* The best row that these bits allow; never NULL. */
const tenon__rnn_row *tenon__rnn_find(tenon__cpu_bits cpu);

/* One value through one function, in double. */
static inline double tenon__rnn_apply(const tenon__rnn_act *a, double clip, double x)
{
    x = x > clip ? clip : x < -clip ? -clip : x;
    switch (a->function) {
    case TENON__RNN_SIGMOID:
        return 1 / (1 + exp(-x));
    case TENON__RNN_TANH:
        return tanh(x);
    case TENON__RNN_RELU:
        return x < 0 ? 0 : x;
    case TENON__RNN_AFFINE:
        return a->alpha * x + a->beta;
    case TENON__RNN_LEAKY_RELU:
        return x < 0 ? a->alpha * x : x;
    case TENON__RNN_THRESHOLDED_RELU:
        return x < a->alpha ? 0 : x;
    case TENON__RNN_SCALED_TANH:
        return a->alpha * tanh(a->beta * x);
    case TENON__RNN_HARD_SIGMOID:
        x = a->alpha * x + a->beta;
        return x < 0 ? 0 : x > 1 ? 1 : x;
    case TENON__RNN_ELU:
        return x < 0 ? a->alpha * expm1(x) : x;
    case TENON__RNN_SOFTSIGN:
        return x / (1 + fabs(x));
    case TENON__RNN_SOFTPLUS:
        return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    }
    return x;
}

#endif
