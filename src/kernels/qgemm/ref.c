/* SPDX-License-Identifier: Apache-2.0 */
/* The plain byte matrix product: what the other rows must agree with. */
#include "kernels/qgemm/qgemm.h"

#define NR 8

static int32_t byte_at(const void *p, int64_t at, bool is_signed)
{
    return is_signed ? ((const int8_t *)p)[at] : ((const uint8_t *)p)[at];
}

static void store(const tenon__qgemm *g, int64_t i, int64_t j, int32_t sum)
{
    const int64_t at = i * g->c_row + j;
    if (g->out == TENON__QGEMM_I32) {
        ((int32_t *)g->c)[at] = sum;
        return;
    }
    float v = (float)sum * g->scale[j];
    if (g->out == TENON__QGEMM_F32) {
        if (g->tail.bias) v += g->tail.bias[j];
        if (g->tail.residual) v += g->tail.residual[at];
        ((float *)g->c)[at] = tenon__activate(&g->tail, v);
        return;
    }
    const int low = g->out == TENON__QGEMM_U8 ? 0 : -128;
    const float least = (float)(low - g->y_zero), most = (float)(low + 255 - g->y_zero);
    v = v > least ? v : least; /* NaN is the least */
    v = v < most ? v : most;
    ((uint8_t *)g->c)[at] = (uint8_t)((int32_t)rintf(v) + g->y_zero);
}

static void run(const tenon__qgemm *g)
{
    size_t panel_bytes;
    if (!tenon__qgemm_panel_bytes(tenon__qgemm_choose(0), g->k, &panel_bytes)) return;
    for (int64_t i = 0; i < g->m; i++) {
        for (int64_t j = 0; j < g->n; j++) {
            const uint8_t *panel = (const uint8_t *)g->b + (size_t)(j / NR) * panel_bytes;
            const uint32_t zero = g->b_zero ? (uint32_t)g->b_zero[j] : 0;
            uint32_t sum = g->bias ? (uint32_t)g->bias[j] : 0; /* unsigned, to wrap */
            for (int64_t p = 0; p < g->k; p++) {
                const int32_t a = byte_at(g->a, i * g->a_row + p * g->a_col, g->a_signed);
                const int32_t b = byte_at(panel, p * NR + j % NR, g->b_signed);
                sum += ((uint32_t)a - (uint32_t)g->a_zero) * ((uint32_t)b - zero);
            }
            int32_t wrapped;
            memcpy(&wrapped, &sum, sizeof wrapped);
            store(g, i, j, wrapped);
        }
    }
}

static void pack(const tenon__qgemm_pack *p)
{
    size_t panel_bytes;
    if (!tenon__qgemm_panel_bytes(tenon__qgemm_choose(0), p->k, &panel_bytes)) return;
    for (int64_t panel = p->first; panel < p->first + p->count; panel++) {
        uint8_t *dst = (uint8_t *)p->dst + (size_t)panel * panel_bytes;
        memset(dst, 0, panel_bytes); /* the sums are not used here */
        for (int64_t q = 0; q < p->k; q++)
            for (int64_t j = 0; j < NR && panel * NR + j < p->n; j++)
                dst[q * NR + j] = tenon__qgemm_pack_row(p, q)[(panel * NR + j) * p->col];
    }
}

const tenon__qgemm_row tenon__qgemm_ref = {
    .name = "qgemm_ref",
    .mr = 1,
    .nr = NR,
    .k_unit = 1,
    .element_bytes = 1,
    .mac_ns = 0.5,
    .run = run,
    .pack = pack,
};
