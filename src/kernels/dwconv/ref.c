/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution in plain C: what the other rows must agree with. */
#include "kernels/dwconv/dwconv.h"

static float sum_at(const tenon__dwconv_line *l, int64_t o, int lane)
{
    const tenon__conv_axis *a = &l->axis;
    float sum = l->bias[lane];
    for (int64_t r = l->tap_from; r < l->tap_to; r++)
        for (int64_t t = 0; t < a->taps; t++) {
            const int64_t at = a->first + o * a->step + t * a->delta;
            if (at < 0 || at >= a->in) continue;
            sum += l->x[(l->at + r * l->tap_delta) * l->pitch + at * TENON__BLOCK + lane] *
                   l->w[(r * a->taps + t) * TENON__BLOCK + lane];
        }
    return sum;
}

static void line(const tenon__dwconv_line *l)
{
    for (int64_t i = 0; i < l->axis.count * TENON__BLOCK; i++) {
        float sum = sum_at(l, i / TENON__BLOCK, (int)(i % TENON__BLOCK));
        if (l->residual) sum += l->residual[i];
        l->y[i] = tenon__activate(l->epilogue, sum);
    }
}

const tenon__dwconv_row tenon__dwconv_ref = {.name = "ref", .needs = 0, .line = line};
