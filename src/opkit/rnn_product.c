/* SPDX-License-Identifier: Apache-2.0 */
/* See rnn_product.h. */
#include "opkit/rnn_product.h"

void tenon__rnn_product_size(const tenon__rnn_prepared *p, int64_t *nr, int64_t *mr)
{
    *nr = p->qgemm ? p->qgemm->nr : p->gemm->nr;
    *mr = p->qgemm ? p->qgemm->mr : p->gemm->mr;
}

/* ---- packing ---- */

bool tenon__rnn_gate_bytes(const tenon__rnn_prepared *p, int64_t k, int64_t n, int64_t *out)
{
    size_t bytes;
    bool ok = p->qgemm ? tenon__qgemm_panel_bytes(p->qgemm, k, &bytes) &&
                             tenon__mul(bytes, (size_t)tenon__qgemm_panels(p->qgemm, n), &bytes)
                       : tenon__gemm_packed_bytes(p->gemm, k, n, &bytes);
    *out = (int64_t)bytes;
    return ok && bytes <= SIZE_MAX / 64;
}

void tenon__rnn_pack_gate(const tenon__rnn_prepared *p, const tenon__rnn_attrs *a,
                          const tenon__view *v, int64_t gate, void *dst)
{
    const uint8_t *data = v->data;
    if (p->qgemm) {
        int64_t k = v->dims[1], columns = v->dims[2], n = columns / a->gates;
        tenon__qgemm_pack pack = {.b = data + gate / a->gates * k * columns + gate % a->gates * n,
                                  .is_signed = v->dtype == TENON_I8,
                                  .row = columns,
                                  .col = 1,
                                  .k = k,
                                  .n = n,
                                  .count = tenon__qgemm_panels(p->qgemm, n),
                                  .dst = dst};
        p->qgemm->pack(&pack);
        return;
    }
    int64_t n = v->dims[1] / a->gates, k = v->dims[2];
    tenon__gemm_pack pack = {.dtype = TENON_F32,
                             .b = data + (size_t)(gate * n * k) * sizeof(float),
                             .row = 1,
                             .col = k,
                             .k = k,
                             .n = n,
                             .count = tenon__gemm_panels(p->gemm, n),
                             .dst = dst};
    if (k) p->gemm->pack(&pack);
}

static tenon_status pack_gate(const tenon__pack *p, uint32_t input)
{
    const tenon__rnn_attrs *a = p->attrs;
    const tenon__view *v = p->in[input];
    int64_t bytes, k = v->dims[a->bytes ? 1 : 2], n = v->dims[a->bytes ? 2 : 1] / a->gates;
    if (!tenon__rnn_gate_bytes(p->prepared, k, n, &bytes))
        return tenon__fail(p->err, TENON_ELIMIT, "the packed weights are too large");
    tenon__rnn_pack_gate(p->prepared, a, v, p->tile, (uint8_t *)p->dst + p->tile * bytes);
    return TENON_OK;
}

static tenon_status pack_w(const tenon__pack *p)
{
    return pack_gate(p, TENON__RNN_W);
}

static tenon_status pack_r(const tenon__pack *p)
{
    return pack_gate(p, TENON__RNN_R);
}

tenon_status tenon__rnn_prepare(tenon__prepare *c)
{
    const tenon__rnn_attrs *a = c->attrs;
    tenon__rnn_prepared *p = c->prepared;
    const tenon__pack_fn packs[2] = {pack_w, pack_r};
    int64_t nr, mr, bytes[2], gates = (int64_t)a->gates * a->directions;
    if (a->bytes)
        p->qgemm = tenon__qgemm_choose(c->cpu);
    else
        p->gemm = tenon__gemm_choose(c->cpu);
    tenon__rnn_product_size(p, &nr, &mr);
    c->kernel = tenon__rnn_find(c->cpu)->name;
    for (int i = 0; i < 2; i++) {
        const tenon__view *v = c->in[TENON__RNN_W + i];
        if (!v->known || (!a->bytes && v->dtype != TENON_F32)) return TENON_OK;
        int64_t n = v->dims[a->bytes ? 2 : 1] / a->gates;
        if (!tenon__rnn_gate_bytes(p, v->dims[a->bytes ? 1 : 2], n, &bytes[i]) || !bytes[i])
            return TENON_OK;
    }
    for (int i = 0; i < 2; i++) {
        c->packed[i].size_bytes = (size_t)(bytes[i] * gates);
        c->packed[i].tiles = (uint32_t)gates;
        c->packed[i].pack = packs[i];
        c->packed[i].input = (uint32_t)(TENON__RNN_W + i);
        c->packed[i].variant = (uint64_t)nr << 9 | (uint64_t)a->gates << 1 | a->bytes;
    }
    p->packed = true;
    return TENON_OK;
}

/* ---- bytes ---- */

tenon__byte_rows tenon__rnn_quantize(const tenon__rnn_params *p, const float *x, int64_t n,
                                     uint8_t *to)
{
    float low = 0, high = 0;
    tenon__byte_rows rows = {1, 0, to};
    if (n <= 0) return rows;
    p->quant.range(x, n, &low, &high);
    low = low < 0 ? low : 0;
    high = high > 0 ? high : 0;
    if (high > low) {
        rows.scale = (high - low) / 255.0f;
        float zero = -low / rows.scale;
        rows.zero = (int32_t)lrintf(zero < 0 ? 0 : zero > 255 ? 255 : zero);
    }
    p->quant.quantize[TENON__QUANT_U8](x, to, n, &rows.scale, &rows.zero, 0);
    return rows;
}

/* X lies in work behind its scale and zero. Only the steps that some sequence reaches count. */
tenon__byte_rows tenon__rnn_inputs_as_bytes(const tenon__run *r)
{
    const tenon__rnn_params *p = r->params;
    float *at = (float *)r->work + p->x_at;
    return (tenon__byte_rows){at[0], (int32_t)at[1], (uint8_t *)(at + 2)};
}

void tenon__rnn_quantize_inputs(const tenon__run *r)
{
    const tenon__rnn_params *p = r->params;
    float *at = (float *)r->work + p->x_at;
    int64_t steps = 0;
    for (int64_t b = 0; b < p->batch; b++) {
        int64_t length = tenon__rnn_length(r, b, p->time);
        if (length > steps) steps = length;
    }
    tenon__byte_rows rows = tenon__rnn_quantize(p, r->in[TENON__RNN_X]->data,
                                                steps * p->batch * p->inputs, (uint8_t *)(at + 2));
    at[0] = rows.scale;
    at[1] = (float)rows.zero;
}

/* ---- products ---- */

static size_t own_scratch(const tenon__rnn_attrs *a, const tenon__rnn_params *p)
{
    size_t bytes = a->bytes ? 0 : p->gemm->scratch_bytes;
    int64_t longest = p->inputs > p->hidden ? p->inputs : p->hidden;
    if (a->bytes && !tenon__qgemm_scratch_bytes(p->qgemm, longest, &bytes)) return SIZE_MAX;
    return bytes;
}

bool tenon__rnn_product_scratch(const tenon__rnn_attrs *a, const tenon__rnn_params *p,
                                int64_t columns, size_t *bytes)
{
    size_t own = own_scratch(a, p);
    if (own > SIZE_MAX / 64) return false;
    /* Behind it, with bytes: scale and zero of each column. */
    *bytes = tenon__align_up(own, 64) + (a->bytes ? (size_t)columns * 8 : 0);
    return true;
}

static int32_t byte_at(const tenon__view *v, int64_t i)
{
    return v->dtype == TENON_I8 ? ((const int8_t *)v->data)[i] : ((const uint8_t *)v->data)[i];
}

/* Scale and zero of each column of a product of bytes. */
static void column_values(const tenon__run *r, const tenon__rnn_product *g, float *scales,
                          int32_t *zeros)
{
    const tenon__rnn_attrs *a = r->attrs;
    const tenon__rnn_params *p = r->params;
    const tenon__view *scale = r->in[g->recurrent ? TENON__RNN_R_SCALE : TENON__RNN_W_SCALE];
    uint32_t zero_input = g->recurrent ? TENON__RNN_R_ZERO : TENON__RNN_W_ZERO;
    const tenon__view *zero = zero_input < r->in_count ? r->in[zero_input] : NULL;
    bool by_column = scale->rank == 2, zero_by_column = zero && zero->rank == 2;
    for (int64_t j = 0; j < g->count * p->nr; j++) {
        int64_t gate = (g->first * p->nr + j) / p->padded,
                unit = (g->first * p->nr + j) % p->padded;
        int64_t at = (g->direction * a->gates + gate) * p->hidden + unit;
        bool real = unit < p->hidden;
        scales[j] =
            real ? g->bytes.scale * ((const float *)scale->data)[by_column ? at : g->direction] : 0;
        zeros[j] = real && zero ? byte_at(zero, zero_by_column ? at : g->direction) : 0;
    }
}

static void multiply_bytes(const tenon__run *r, const tenon__rnn_product *g, const uint8_t *packed,
                           int64_t k)
{
    const tenon__rnn_params *p = r->params;
    const tenon__view *weights = r->in[g->recurrent ? TENON__RNN_R : TENON__RNN_W];
    size_t own = tenon__align_up(own_scratch(r->attrs, p), 64);
    float *scales = (float *)(void *)((uint8_t *)r->scratch + own);
    int32_t *zeros = (int32_t *)(void *)(scales + g->count * p->nr);
    column_values(r, g, scales, zeros);
    tenon__qgemm product = {.m = g->m,
                            .n = g->count * p->nr,
                            .k = k,
                            .a = g->bytes.data,
                            .a_row = k,
                            .a_col = 1,
                            .b_signed = weights->dtype == TENON_I8,
                            .a_zero = g->bytes.zero,
                            .b = packed,
                            .b_zero = zeros,
                            .out = TENON__QGEMM_F32,
                            .c = g->c,
                            .c_row = g->c_row,
                            .scale = scales,
                            .tail = {.bias = g->bias, .residual = g->accumulate ? g->c : NULL},
                            .scratch = r->scratch};
    p->qgemm->run(&product);
}

void tenon__rnn_multiply(const tenon__run *r, const tenon__rnn_product *g)
{
    const tenon__rnn_attrs *a = r->attrs;
    const tenon__rnn_prepared *prepared = r->prepared;
    const tenon__rnn_params *p = r->params;
    const float *work = r->work;
    int64_t k = g->recurrent ? p->hidden : p->inputs;
    int64_t panel_bytes = (g->recurrent ? p->r_bytes : p->w_bytes) / p->panels;
    const void *all =
        prepared->packed ? r->packed[g->recurrent] : work + (g->recurrent ? p->r_at : p->w_at);
    const uint8_t *packed =
        (const uint8_t *)all + (g->direction * a->gates * p->panels + g->first) * panel_bytes;
    if (p->qgemm) {
        multiply_bytes(r, g, packed, k);
        return;
    }
    tenon__gemm product = {.m = g->m,
                           .n = g->count * p->nr,
                           .k = k,
                           .a = g->a,
                           .a_row = k,
                           .a_col = 1,
                           .b = (const float *)(const void *)packed,
                           .b_panel = p->nr * k,
                           .b_row = p->nr,
                           .c = g->c,
                           .c_row = g->c_row,
                           .accumulate = g->accumulate,
                           .scale = 1,
                           .epilogue = {.bias = g->bias},
                           .scratch = p->gemm->scratch_bytes ? r->scratch : NULL};
    p->gemm->run(&product);
}
