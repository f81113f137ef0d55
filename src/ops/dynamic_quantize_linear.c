/* SPDX-License-Identifier: Apache-2.0 */
/* DynamicQuantizeLinear: x, f32, as uint8 with a scale and a zero point of its own: with low and
 * high the least and the largest of x and 0, scale = (high - low) / 255 (1 where that is 0), zero
 * point = saturate(round(-low / scale)), y = saturate(round(x / scale) + zero point), halves to
 * even. Source: ONNX DynamicQuantizeLinear-11. */
#include "graph/op.h"
#include "kernels/quant/quant.h"

#include <math.h>

/* Ranges that are found side by side. */
#define MOST_PARTS 1024

typedef struct parameters {
    tenon__quant_row row;
    int64_t total, per_tile, per_part;
    uint32_t tiles, parts;
} parameters;

typedef struct range {
    float low, high;
} range;

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *x = c->in[0];
    if (x->kind != TENON_VALUE_TENSOR || (x->dtype && x->dtype != TENON_F32))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; it must be float32",
                           tenon_dtype_text(x->dtype));
    tenon__infer_set(c, 0, TENON_U8, x->rank, x->dims);
    tenon__infer_set(c, 1, TENON_F32, 0, NULL);
    tenon__infer_set(c, 2, TENON_U8, 0, NULL);
    return TENON_OK;
}

/* Two phases: the ranges of the parts, then the quantising. */
static tenon_status bind(tenon__bind *c)
{
    parameters *p = c->params;
    tenon__quant_find(c->cpu, &p->row);
    p->total = tenon__view_count(c->in[0]);
    p->tiles = tenon__tiles(p->total, 0.5, &p->per_tile);
    p->parts = tenon__tiles(p->total, 0.2, &p->per_part);
    if (p->parts > MOST_PARTS) {
        p->per_part = (p->total - 1) / MOST_PARTS + 1;
        p->parts = (uint32_t)((p->total - 1) / p->per_part + 1);
    }
    if (!p->tiles) /* the scale comes out all the same */
        p->tiles = 1;
    c->phases = 2;
    c->tiles = p->tiles;
    c->work_bytes = (p->parts + 1) * sizeof(range);
    return TENON_OK;
}

static uint32_t tiles(const void *params, uint32_t phase)
{
    const parameters *p = params;
    return phase == 0 ? p->parts : p->tiles;
}

static void find_part(const tenon__run *r)
{
    const parameters *p = r->params;
    int64_t at = (int64_t)r->tile * p->per_part;
    int64_t n = p->total - at < p->per_part ? p->total - at : p->per_part;
    range *part = (range *)r->work + r->tile;
    p->row.range((const float *)r->in[0]->data + at, n, &part->low, &part->high);
}

static tenon_status run(const tenon__run *r)
{
    const parameters *p = r->params;
    if (r->phase == 0) {
        find_part(r);
        return TENON_OK;
    }
    const range *parts = r->work;
    float low = 0, high = 0;
    for (uint32_t i = 0; i < p->parts; i++) {
        low = parts[i].low < low ? parts[i].low : low;
        high = parts[i].high > high ? parts[i].high : high;
    }
    float scale = high == low ? 1.0f : (high - low) / 255.0f;
    float place = rintf(-low / scale);
    uint8_t zero = (uint8_t)(place > 0 ? place < 255 ? place : 255 : 0);
    int64_t at = (int64_t)r->tile * p->per_tile;
    int64_t n = p->total - at < p->per_tile ? p->total - at : p->per_tile;
    if (n > 0)
        p->row.quantize[TENON__QUANT_U8]((const float *)r->in[0]->data + at,
                                         (uint8_t *)r->out[0]->data + at, n, &scale,
                                         &(int32_t){zero}, 0);
    if (r->tile == 0 && r->out_count > 1) memcpy(r->out[1]->data, &scale, sizeof scale);
    if (r->tile == 0 && r->out_count > 2) memcpy(r->out[2]->data, &zero, sizeof zero);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "DynamicQuantizeLinear", 11, 0, NULL}, {0}};

const tenon__op tenon__op_dynamic_quantize_linear = {
    .name = "DynamicQuantizeLinear",
    .doc = "Reals as bytes with a scale found on the way",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 3,
    .accuracy = TENON__ROUNDS,
    .imports = imports,
    .params_bytes = sizeof(parameters),
    .infer = infer,
    .bind = bind,
    .tiles = tiles,
    .run = run,
};
