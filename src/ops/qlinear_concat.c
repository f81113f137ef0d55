/* SPDX-License-Identifier: Apache-2.0 */
/* QLinearConcat: tensors of bytes one behind the other along an axis, each brought from its scale
 * and zero point to those of the output. Inputs: the output's scale and zero point, then three for
 * each tensor. uint8 or int8 throughout. Source: onnxruntime's com.microsoft QLinearConcat-1. */
#include "opkit/qlinear.h"

typedef struct attributes {
    int64_t axis;
} attributes;

/* Tiles are rows of the output, [outer, all inputs' axes, inner]. */
typedef struct parameters {
    tenon__quant_row row;
    int64_t outer, per_tile, inner;
    int axis;
} parameters;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err)
{
    attributes *a = attrs;
    (void)graph;
    tenon_status status = tenon__attr_check(node, "axis", TENON__ATTR_INT, err);
    if (!status && !tenon__attr_find(node, "axis"))
        return tenon__fail(err, TENON_EFORMAT, "there is no axis");
    if (!status && (node->input_count < 5 || node->input_count % 3 != 2))
        return tenon__fail(err, TENON_EFORMAT,
                           "%u inputs; it takes two, then three for each tensor",
                           node->input_count);
    a->axis = status ? 0 : tenon__attr_int(node, "axis", 0);
    return status;
}

/* The dims of tensor i, those of out so far being those of the ones before. */
static tenon_status append(tenon__infer *c, const tenon__view *x, int axis, tenon__view *out)
{
    char a[128], b[128];
    for (int i = 0; i < x->rank; i++) {
        if (i == axis) {
            out->dims[i] = tenon__dim_add(out->dims[i], x->dims[i]);
            continue;
        }
        if (!tenon__dim_agrees(out->dims[i], x->dims[i]))
            return tenon__fail(c->err, TENON_ESHAPE, "%s does not go behind %s along axis %d",
                               tenon__view_print(x, a, sizeof a),
                               tenon__view_print(out, b, sizeof b), axis);
        if (out->dims[i] < 0) out->dims[i] = x->dims[i];
    }
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attributes *a = c->attrs;
    const tenon__view *first = c->in[2];
    tenon_status status = tenon__qlinear_check_tensor(c, 2);
    if (!status) status = tenon__qlinear_check(c, 0, 1, first->dtype);
    for (uint32_t i = 2; i < c->in_count && !status; i += 3) {
        status = tenon__qlinear_check_tensor(c, i);
        if (!status && c->in[i]->dtype != first->dtype && c->in[i]->dtype && first->dtype)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s, the first tensor %s", i,
                               tenon_dtype_text(c->in[i]->dtype), tenon_dtype_text(first->dtype));
        if (!status) status = tenon__qlinear_check(c, i + 1, i + 2, first->dtype);
    }
    if (status) return status;
    tenon__view out = *first;
    c->out[0]->dtype = first->dtype;
    int axis;
    if (first->rank == TENON__RANK_UNKNOWN) return TENON_OK;
    status = tenon__infer_axis(c, "axis", a->axis, first->rank, &axis);
    for (uint32_t i = 5; i < c->in_count && !status; i += 3) {
        if (c->in[i]->rank == TENON__RANK_UNKNOWN) return TENON_OK;
        if (c->in[i]->rank != first->rank)
            return tenon__fail(c->err, TENON_ESHAPE,
                               "tensors have ranks %d and %d; they must be equal", first->rank,
                               c->in[i]->rank);
        status = append(c, c->in[i], axis, &out);
    }
    if (!status) tenon__infer_set(c, 0, first->dtype, out.rank, out.dims);
    return status;
}

static tenon_status bind(tenon__bind *c)
{
    const attributes *a = c->attrs;
    parameters *p = c->params;
    const tenon__view *out = c->out[0];
    p->axis = (int)(a->axis < 0 ? a->axis + out->rank : a->axis);
    p->outer = tenon__dims_product(out->dims, 0, p->axis);
    p->inner = tenon__dims_product(out->dims, p->axis + 1, out->rank);
    tenon__quant_find(c->cpu, &p->row);
    double row_bytes = (double)tenon__dims_product(out->dims, p->axis, out->rank);
    c->tiles = row_bytes > 0 ? tenon__tiles(p->outer, row_bytes * 0.5, &p->per_tile) : 0;
    return TENON_OK;
}

static double same(const void *none, double x)
{
    (void)none;
    return x;
}

static tenon_status run(const tenon__run *r)
{
    const parameters *p = r->params;
    tenon_dtype dtype = r->out[0]->dtype;
    int64_t begin = (int64_t)r->tile * p->per_tile, end = begin + p->per_tile;
    int64_t row = r->out[0]->dims[p->axis] * p->inner, at = 0;
    float y_scale = tenon__qlinear_scale(r, 0);
    int32_t y_zero = tenon__qlinear_zero(r, 1);
    end = end < p->outer ? end : p->outer;
    for (uint32_t i = 2; i < r->in_count; i += 3) {
        int64_t part = r->in[i]->dims[p->axis] * p->inner;
        uint8_t table[256];
        tenon__qlinear_table(dtype, tenon__qlinear_scale(r, i + 1), tenon__qlinear_zero(r, i + 2),
                             dtype, y_scale, y_zero, same, NULL, table);
        for (int64_t k = begin; k < end && part > 0; k++)
            p->row.look_up((const uint8_t *)r->in[i]->data + k * part,
                           (uint8_t *)r->out[0]->data + k * row + at, part, table);
        at += part;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "com.microsoft", "QLinearConcat", 1, 0, NULL},
                                        {0}};

const tenon__op tenon__op_qlinear_concat = {
    .name = "QLinearConcat",
    .doc = "Tensors of bytes with scales, one behind the other",
    .min_inputs = 5,
    .max_inputs = 255,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attributes),
    .params_bytes = sizeof(parameters),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
