/* SPDX-License-Identifier: Apache-2.0 */
/* The plain matrix product: what the other rows must agree with. */
#include "kernels/gemm/gemm.h"
#include "tensor/convert.h"

#define MR 1
#define NR 8

static float finish(const tenon__gemm *g, int64_t i, int64_t j, float sum)
{
    const tenon__epilogue *e = &g->epilogue;
    float v = g->scale * sum;
    if (e->bias) v += e->bias[g->bias_by_row ? i : j];
    if (e->residual) v += g->residual_scale * e->residual[i * g->c_row + j];
    return tenon__activate(e, v);
}

/* Columns [j, j + cols) of row i: a panel, or what is left of the last. */
static void run_panel(const tenon__gemm *g, int64_t i, int64_t j, int64_t cols)
{
    const float *a = g->a + i * g->a_row, *b = g->b + j / NR * g->b_panel;
    float *c = g->c + i * g->c_row + j;
    float sum[NR] = {0};
    for (int64_t q = 0; g->accumulate && q < cols; q++)
        sum[q] = c[q];
    for (int64_t p = 0; p < g->k; p++)
        for (int64_t q = 0; q < cols; q++)
            sum[q] += a[p * g->a_col] * b[p * g->b_row + q];
    for (int64_t q = 0; q < cols; q++)
        c[q] = finish(g, i, j + q, sum[q]);
}

static void run(const tenon__gemm *g)
{
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j += NR)
            if (g->n - j < NR)
                run_panel(g, i, j, g->n - j);
            else
                run_panel(g, i, j, NR);
}

static void dot(const tenon__gemm *g, int64_t b_col)
{
    for (int64_t i = 0; i < g->m; i++) {
        for (int64_t j = 0; j < g->n; j++) {
            float *c = &g->c[i * g->c_row + j];
            float sum = g->accumulate ? *c : 0.0f;
            for (int64_t p = 0; p < g->k; p++)
                sum += g->a[i * g->a_row + p] * g->b[j * b_col + p];
            *c = finish(g, i, j, sum);
        }
    }
}

static float element(tenon_dtype dtype, const uint8_t *p)
{
    uint16_t h;
    float f;
    if (dtype == TENON_F32) {
        memcpy(&f, p, sizeof f);
        return f;
    }
    memcpy(&h, p, sizeof h);
    return dtype == TENON_F16 ? tenon__f16_to_f32(h) : tenon__bf16_to_f32(h);
}

static void pack(const tenon__gemm_pack *p)
{
    const int64_t size = p->dtype == TENON_F32 ? 4 : 2;
    for (int64_t panel = p->first; panel < p->first + p->count; panel++) {
        for (int64_t q = 0; q < p->k; q++) {
            for (int64_t j = 0; j < NR; j++) {
                int64_t col = panel * NR + j;
                const uint8_t *from = (const uint8_t *)p->b + (q * p->row + col * p->col) * size;
                p->dst[(panel * p->k + q) * NR + j] = col < p->n ? element(p->dtype, from) : 0.0f;
            }
        }
    }
}

const tenon__gemm_row tenon__gemm_ref = {
    .name = "gemm_ref",
    .mr = MR,
    .nr = NR,
    .run = run,
    .dot = dot,
    .pack = pack,
};
