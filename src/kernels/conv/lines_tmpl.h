/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the plain form for one or two outputs, lanes along the positions: nothing is gathered,
 * each tap is a shifted read. Included after plain_tmpl.h. */

/* Vectors of positions that go together: enough sums in flight for one output, or for two. */
#define LINE_SUMS 8

/* `vecs` vectors of positions from `at` on, of which `lanes` positions are real. */
TENON__INLINE void line_run(const tenon__conv_taps *p, int64_t at, const int outputs,
                            const int vecs, const int64_t lanes)
{
    const bool whole = lanes == vecs * VF;
    vf sum[2][LINE_SUMS];
    TENON__UNROLL
    for (int r = 0; r < outputs; r++)
        TENON__UNROLL
    for (int v = 0; v < vecs; v++) {
        const float *y = p->y + r * p->stride + at + v * VF;
        sum[r][v] = whole ? vf_load(y) : vf_load_head(y, lanes);
    }
    const float *w = p->w;
    int64_t phase = 0, shift = at;
    for (int64_t t = 0; t < p->taps; t++, w += outputs) {
        const float *x = p->x + phase * p->phase + shift;
        TENON__UNROLL
        for (int v = 0; v < vecs; v++) {
            const vf in = whole ? vf_load(x + v * VF) : vf_load_head(x, lanes);
            TENON__UNROLL
            for (int r = 0; r < outputs; r++)
                sum[r][v] = vf_fma(vf_set1(w[r]), in, sum[r][v]);
        }
        phase += p->phase_delta;
        shift += p->shift_delta;
        if (phase >= p->phases) {
            phase -= p->phases;
            shift++;
        }
    }
    TENON__UNROLL
    for (int r = 0; r < outputs; r++)
        TENON__UNROLL
    for (int v = 0; v < vecs; v++) {
        float *y = p->y + r * p->stride + at + v * VF;
        if (whole)
            vf_store(y, sum[r][v]);
        else
            vf_store_n(y, sum[r][v], lanes);
    }
}

TENON__INLINE void lines(const tenon__conv_taps *p, const int outputs)
{
    const int vecs = LINE_SUMS / outputs;
    int64_t at = 0;
    for (; p->count - at >= vecs * VF; at += vecs * VF)
        line_run(p, at, outputs, vecs, vecs * VF);
    for (; p->count - at >= VF; at += VF)
        line_run(p, at, outputs, 1, VF);
    if (at < p->count) line_run(p, at, outputs, 1, p->count - at);
}

static void lines_1(const tenon__conv_taps *p)
{
    lines(p, 1);
}

static void lines_2(const tenon__conv_taps *p)
{
    lines(p, 2);
}

static void (*const line_fns[TENON__CONV_LINE_OUTPUTS])(const tenon__conv_taps *) = {lines_1,
                                                                                     lines_2};
