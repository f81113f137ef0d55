/* SPDX-License-Identifier: Apache-2.0 */
/* Quantised groups: DequantizeLinear in front of an operator and QuantizeLinear behind it become
 * one operator on integers. Scales and zero points must be constants; a Relu or Clip in between
 * goes where the integers' own range already cuts so. */
#include <float.h>
#include <math.h>

#include "passes/match.h"
#include "tensor/convert.h"

/* One quantised operand or result. */
typedef struct quantised {
    tenon__value_id x, scale, zero; /* zero is never absent: made where the file has none */
    tenon__view scales;
    tenon_dtype dtype;
    int64_t axis;
} quantised;

static bool is_byte(tenon_dtype d)
{
    return d == TENON_U8 || d == TENON_I8;
}

/* A zero of the type, in the shape of the scales. */
static tenon_status zero_like(tenon__pass_context *c, tenon_dtype dtype, const tenon__view *like,
                              tenon__value_id *out)
{
    tenon__view view = *like;
    size_t bytes;
    view.dtype = dtype;
    view.known = true;
    if (!tenon__view_bytes(&view, &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "a constant's size overflows");
    uint8_t *data = tenon__arena_zeroed(c->graph->arena, bytes + 128, 1);
    if (!data) return tenon__fail(c->err, TENON_ENOMEM, "no memory for a zero point");
    view.data = (void *)tenon__align_up((uintptr_t)data, 64);
    tenon_status st = tenon__graph_add_const(c->graph, (tenon__str){NULL, 0}, &view, out, c->err);
    if (st == TENON_OK) tenon__graph_value(c->graph, *out)->aligned = true;
    return st;
}

static bool constant_scale(const tenon__pass_context *c, const tenon__node *node, quantised *q)
{
    q->scale = tenon__match_input(node, 1);
    q->zero = tenon__match_input(node, 2);
    if (!tenon__match_const(c, q->scale) ||
        (q->zero != TENON__NO_VALUE && !tenon__match_const(c, q->zero)))
        return false;
    q->scales = *tenon__match_view(c, q->scale);
    q->axis = tenon__attr_int(node, "axis", 1);
    return q->scales.dtype == TENON_F32 && tenon__attr_int(node, "block_size", 0) == 0;
}

/* The DequantizeLinear that makes `id`. */
static bool dequantised(const tenon__pass_context *c, tenon__value_id id, quantised *q)
{
    const tenon__node *node = tenon__match_producer(c, id);
    if (!node || !tenon__match_is(node, "DequantizeLinear") || !constant_scale(c, node, q))
        return false;
    q->x = node->inputs[0];
    q->dtype = tenon__match_view(c, q->x)->dtype;
    return true;
}

static bool one_scale(const quantised *q)
{
    return tenon__view_count(&q->scales) == 1;
}

static tenon_status give_zero(tenon__pass_context *c, quantised *q)
{
    return q->zero == TENON__NO_VALUE ? zero_like(c, q->dtype, &q->scales, &q->zero) : TENON_OK;
}

/* The whole of one group: the QuantizeLinear, the operator, and what lies between. */
typedef struct group {
    tenon__node *quantize, *between, *op; /* between: Relu or Clip, or NULL */
    quantised y;
    double scale;
    int64_t zero;
} group;

static void range_of(tenon_dtype dtype, int64_t *lo, int64_t *hi)
{
    *lo = dtype == TENON_U8 ? 0 : -128;
    *hi = dtype == TENON_U8 ? 255 : 127;
}

/* Whether rounding to the output's integers cuts at least as much as the node. */
static bool range_cuts(const tenon__pass_context *c, const group *g, const tenon__node *node)
{
    int64_t least, most;
    double lo = 0, hi = FLT_MAX;
    range_of(g->y.dtype, &least, &most);
    if (tenon__match_is(node, "Clip")) {
        lo = tenon__attr_float(node, "min", -FLT_MAX);
        hi = tenon__attr_float(node, "max", FLT_MAX);
        tenon__value_id min = tenon__match_input(node, 1), max = tenon__match_input(node, 2);
        if (min != TENON__NO_VALUE && !tenon__match_scalar(c, min, &lo)) return false;
        if (max != TENON__NO_VALUE && !tenon__match_scalar(c, max, &hi)) return false;
    }
    double slack = g->scale * 0.5;
    return (double)(least - g->zero) * g->scale >= lo - slack &&
           (double)(most - g->zero) * g->scale <= hi + slack;
}

static bool find_group(const tenon__pass_context *c, tenon__node *quantize, group *g)
{
    double zero = 0;
    *g = (group){.quantize = quantize};
    if (!constant_scale(c, quantize, &g->y) || !one_scale(&g->y)) return false;
    g->y.dtype = tenon__match_view(c, quantize->outputs[0])->dtype;
    if (!is_byte(g->y.dtype) || !tenon__match_scalar(c, g->y.scale, &g->scale)) return false;
    if (g->y.zero != TENON__NO_VALUE && !tenon__match_scalar(c, g->y.zero, &zero)) return false;
    g->zero = (int64_t)zero;
    tenon__value_id x = quantize->inputs[0];
    tenon__node *node = tenon__match_producer(c, x);
    if (!node || node->outputs[0] != x || x >= c->use_count || c->uses[x] != 1) return false;
    if (tenon__match_is(node, "Relu") || tenon__match_is(node, "Clip")) {
        if (range_cuts(c, g, node)) {
            tenon__value_id before = node->inputs[0];
            tenon__node *op = tenon__match_producer(c, before);
            if (op && op->outputs[0] == before && before < c->use_count && c->uses[before] == 1) {
                g->between = node;
                node = op;
            }
        }
    }
    g->op = node;
    return true;
}

/* `op` now makes the group's result. */
static void close_group(tenon__pass_context *c, group *g)
{
    tenon__rewrite_output(c, g->op, g->quantize->outputs[0]);
    g->quantize->dead = true;
    if (g->between) g->between->dead = true;
}

/* One scale, or one for each place on this axis of `rank`. */
static bool weights_scaled(const quantised *w, int64_t axis, int rank)
{
    return one_scale(w) || (w->scales.rank == 1 && (w->axis == axis || w->axis + rank == axis));
}

static double scale_at(const quantised *q, int64_t i)
{
    return tenon__get_f64(TENON_F32, q->scales.data, one_scale(q) ? 0 : (size_t)i);
}

/* Whether a bias is stored in units of sx * sw. */
static bool in_units(const tenon__pass_context *c, const quantised *b, const quantised *x,
                     const quantised *w)
{
    const quantised *most = one_scale(b) ? w : b;
    const tenon__view *zero = tenon__match_view(c, b->zero);
    for (int64_t i = 0; zero && i < tenon__view_count(zero); i++)
        if (tenon__get_f64(zero->dtype, zero->data, (size_t)i) != 0) return false;
    if (!one_scale(b) && !one_scale(w) &&
        tenon__view_count(&b->scales) != tenon__view_count(&w->scales))
        return false;
    for (int64_t i = 0; i < tenon__view_count(&most->scales); i++) {
        const double unit = scale_at(x, 0) * scale_at(w, i);
        if (!(fabs(scale_at(b, i) - unit) <= 1e-5 * fabs(unit))) return false;
    }
    return true;
}

/* A bias as int32 in units of sx * sw: as it is stored, or rounded from float32. */
static tenon_status integer_bias(tenon__pass_context *c, tenon__value_id bias, const quantised *x,
                                 const quantised *w, int64_t channels, tenon__value_id *out)
{
    quantised b;
    *out = TENON__NO_VALUE;
    if (bias == TENON__NO_VALUE) return TENON_OK;
    if (dequantised(c, bias, &b) && b.dtype == TENON_I32 && tenon__match_const(c, b.x) &&
        in_units(c, &b, x, w)) {
        *out = b.x;
        return TENON_OK;
    }
    const tenon__view *v = tenon__match_view(c, bias);
    if (!tenon__match_const(c, bias) || v->dtype != TENON_F32 || v->rank < 1 ||
        v->dims[v->rank - 1] != channels || tenon__view_count(v) != channels)
        return TENON_EAGAIN;
    tenon__view view = {0};
    tenon__view_set(&view, TENON_I32, 1, &channels);
    uint8_t *block = tenon__arena_zeroed(c->graph->arena, (size_t)channels * 4 + 128, 1);
    if (!block) return tenon__fail(c->err, TENON_ENOMEM, "no memory for a bias");
    int32_t *data = (void *)tenon__align_up((uintptr_t)block, 64);
    double sx = scale_at(x, 0);
    for (int64_t i = 0; i < channels; i++) {
        double q = rint(tenon__get_f64(TENON_F32, v->data, (size_t)i) / (sx * scale_at(w, i)));
        if (!(fabs(q) < 2147483647.0)) return TENON_EAGAIN;
        data[i] = (int32_t)q;
    }
    view.data = data;
    view.known = true;
    tenon_status st = tenon__graph_add_const(c->graph, (tenon__str){NULL, 0}, &view, out, c->err);
    if (st == TENON_OK) tenon__graph_value(c->graph, *out)->aligned = true;
    return st;
}

/* Copies a node's attributes, which live in the graph's arena. */
static tenon_status to_operator(tenon__pass_context *c, group *g, const char *op,
                                const tenon__value_id *inputs, uint32_t count)
{
    tenon_status st =
        tenon__rewrite_op(c, g->op, op, inputs, count, g->op->attrs, g->op->attr_count);
    if (st == TENON_OK) close_group(c, g);
    return st;
}

static tenon_status fuse_conv(tenon__pass_context *c, group *g)
{
    quantised x, w;
    tenon__value_id bias;
    if (!dequantised(c, g->op->inputs[0], &x) || !dequantised(c, tenon__match_input(g->op, 1), &w))
        return TENON_OK;
    if (!is_byte(x.dtype) || !is_byte(w.dtype) || !one_scale(&x) ||
        !weights_scaled(&w, 0, tenon__match_view(c, w.x)->rank))
        return TENON_OK;
    if (tenon__match_input(g->op, 3) != TENON__NO_VALUE || tenon__attr_find(g->op, "activation"))
        return TENON_OK;
    if (!tenon__match_const(c, w.x) || x.dtype != g->y.dtype) return TENON_OK;
    tenon_status st = integer_bias(c, tenon__match_input(g->op, 2), &x, &w,
                                   tenon__match_view(c, w.x)->dims[0], &bias);
    if (st) return st == TENON_EAGAIN ? TENON_OK : st;
    if ((st = give_zero(c, &x)) || (st = give_zero(c, &w)) || (st = give_zero(c, &g->y))) return st;
    tenon__value_id in[9] = {x.x,    x.scale,    x.zero,    w.x, w.scale,
                             w.zero, g->y.scale, g->y.zero, bias};
    return to_operator(c, g, "QLinearConv", in, bias == TENON__NO_VALUE ? 8 : 9);
}

static tenon_status fuse_matmul(tenon__pass_context *c, group *g)
{
    quantised a, b;
    if (!dequantised(c, g->op->inputs[0], &a) || !dequantised(c, tenon__match_input(g->op, 1), &b))
        return TENON_OK;
    const bool columns = tenon__match_const(c, b.x) && tenon__match_view(c, b.x)->rank == 2 &&
                         weights_scaled(&b, 1, 2);
    if (!is_byte(a.dtype) || !is_byte(b.dtype) || !one_scale(&a) || a.dtype != g->y.dtype ||
        !(one_scale(&b) || columns))
        return TENON_OK;
    if (g->op->attr_count || g->op->input_count > 2) return TENON_OK;
    tenon_status st;
    if ((st = give_zero(c, &a)) || (st = give_zero(c, &b)) || (st = give_zero(c, &g->y))) return st;
    tenon__value_id in[8] = {a.x, a.scale, a.zero, b.x, b.scale, b.zero, g->y.scale, g->y.zero};
    return to_operator(c, g, "QLinearMatMul", in, 8);
}

static tenon_status fuse_gemm(tenon__pass_context *c, group *g)
{
    quantised a, b;
    tenon__value_id bias;
    if (!dequantised(c, g->op->inputs[0], &a) || !dequantised(c, tenon__match_input(g->op, 1), &b))
        return TENON_OK;
    const int64_t axis = tenon__attr_int(g->op, "transB", 0) ? 0 : 1; /* of the columns */
    if (!is_byte(a.dtype) || !is_byte(b.dtype) || !one_scale(&a) || !tenon__match_const(c, b.x) ||
        !weights_scaled(&b, axis, 2))
        return TENON_OK;
    if (a.dtype != g->y.dtype || tenon__attr_find(g->op, "activation") ||
        tenon__attr_float(g->op, "alpha", 1) != 1 || tenon__attr_float(g->op, "beta", 1) != 1 ||
        tenon__match_view(c, b.x)->rank != 2)
        return TENON_OK;
    int64_t columns = tenon__match_view(c, b.x)->dims[axis];
    tenon_status st = integer_bias(c, tenon__match_input(g->op, 2), &a, &b, columns, &bias);
    if (st) return st == TENON_EAGAIN ? TENON_OK : st;
    if ((st = give_zero(c, &a)) || (st = give_zero(c, &b)) || (st = give_zero(c, &g->y))) return st;
    tenon__attr attrs[3] = {tenon__attr_of_int("transA", tenon__attr_int(g->op, "transA", 0)),
                            tenon__attr_of_int("transB", tenon__attr_int(g->op, "transB", 0)),
                            tenon__attr_of_float("alpha", 1)};
    tenon__value_id in[9] = {a.x,    a.scale, a.zero,     b.x,      b.scale,
                             b.zero, bias,    g->y.scale, g->y.zero};
    st = tenon__rewrite_op(c, g->op, "QGemm", in, 9, attrs, 3);
    if (st == TENON_OK) close_group(c, g);
    return st;
}

static tenon_status fuse_binary(tenon__pass_context *c, group *g, const char *op)
{
    quantised a, b;
    if (g->op->input_count != 2 || !dequantised(c, g->op->inputs[0], &a) ||
        !dequantised(c, g->op->inputs[1], &b))
        return TENON_OK;
    if (a.dtype != g->y.dtype || b.dtype != g->y.dtype || !one_scale(&a) || !one_scale(&b))
        return TENON_OK;
    tenon_status st;
    if ((st = give_zero(c, &a)) || (st = give_zero(c, &b)) || (st = give_zero(c, &g->y))) return st;
    tenon__value_id in[8] = {a.x, a.scale, a.zero, b.x, b.scale, b.zero, g->y.scale, g->y.zero};
    st = tenon__rewrite_op(c, g->op, op, in, 8, NULL, 0);
    if (st == TENON_OK) close_group(c, g);
    return st;
}

static tenon_status fuse_unary(tenon__pass_context *c, group *g, const char *op)
{
    quantised a;
    if (!dequantised(c, g->op->inputs[0], &a) || a.dtype != g->y.dtype || !one_scale(&a))
        return TENON_OK;
    tenon_status st;
    if ((st = give_zero(c, &a)) || (st = give_zero(c, &g->y))) return st;
    tenon__value_id in[5] = {a.x, a.scale, a.zero, g->y.scale, g->y.zero};
    return to_operator(c, g, op, in, 5);
}

/* Where windows reach over the padding, the two divide alike. */
static tenon_status fuse_average(tenon__pass_context *c, group *g)
{
    if (tenon__attr_int(g->op, "ceil_mode", 0) && tenon__attr_int(g->op, "count_include_pad", 0))
        return TENON_OK;
    return fuse_unary(c, g, "QLinearAveragePool");
}

static bool same_constant(const tenon__pass_context *c, tenon__value_id a, tenon__value_id b)
{
    double x = 0, y = 0;
    bool has_x = a == TENON__NO_VALUE || tenon__match_scalar(c, a, &x),
         has_y = b == TENON__NO_VALUE || tenon__match_scalar(c, b, &y);
    return has_x && has_y && x == y;
}

/* Moving data, with the same scale on both sides: the integers move. */
static tenon_status fuse_move(tenon__pass_context *c, group *g)
{
    quantised a;
    if (g->between || g->op->output_count != 1 || !dequantised(c, g->op->inputs[0], &a) ||
        !one_scale(&a))
        return TENON_OK;
    if (a.dtype != g->y.dtype || !same_constant(c, a.scale, g->y.scale) ||
        !same_constant(c, a.zero, g->y.zero))
        return TENON_OK;
    tenon_status st = tenon__rewrite_input(c, g->op, 0, a.x);
    if (st == TENON_OK) close_group(c, g);
    return st;
}

static tenon_status fuse_concat(tenon__pass_context *c, group *g)
{
    const uint32_t n = g->op->input_count;
    quantised a;
    if (n < 1 || n > 80) return TENON_OK;
    for (uint32_t i = 0; i < n; i++)
        if (!dequantised(c, g->op->inputs[i], &a) || a.dtype != g->y.dtype || !one_scale(&a))
            return TENON_OK;
    tenon_status st = give_zero(c, &g->y);
    tenon__value_id in[2 + 3 * 80] = {g->y.scale, g->y.zero};
    for (uint32_t i = 0; i < n && st == TENON_OK; i++) {
        (void)dequantised(c, g->op->inputs[i], &a);
        st = give_zero(c, &a);
        in[2 + 3 * i] = a.x;
        in[3 + 3 * i] = a.scale;
        in[4 + 3 * i] = a.zero;
    }
    return st ? st : to_operator(c, g, "QLinearConcat", in, 2 + 3 * n);
}

static tenon_status fuse(tenon__pass_context *c, group *g)
{
    static const char *const moves[] = {"Reshape",      "Flatten",      "Transpose", "Squeeze",
                                        "Unsqueeze",    "MaxPool",      "Slice",     "Gather",
                                        "DepthToSpace", "SpaceToDepth", "Expand",    "Tile"};
    if (tenon__match_is(g->op, "Conv")) return fuse_conv(c, g);
    if (tenon__match_is(g->op, "MatMul")) return fuse_matmul(c, g);
    if (tenon__match_is(g->op, "Gemm")) return fuse_gemm(c, g);
    if (tenon__match_is(g->op, "Add")) return fuse_binary(c, g, "QLinearAdd");
    if (tenon__match_is(g->op, "Mul")) return fuse_binary(c, g, "QLinearMul");
    if (tenon__match_is(g->op, "Concat")) return fuse_concat(c, g);
    if (g->between) return TENON_OK;
    if (tenon__match_is(g->op, "GlobalAveragePool"))
        return fuse_unary(c, g, "QLinearGlobalAveragePool");
    if (tenon__match_is(g->op, "AveragePool")) return fuse_average(c, g);
    if (tenon__match_is(g->op, "Sigmoid")) return fuse_unary(c, g, "QLinearSigmoid");
    if (tenon__match_is(g->op, "LeakyRelu")) return fuse_unary(c, g, "QLinearLeakyRelu");
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
        if (tenon__match_is(g->op, moves[i])) return fuse_move(c, g);
    return TENON_OK;
}

tenon_status tenon__pass_quant(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *node = c->graph->nodes.items[n];
        group g;
        if (node->dead || !tenon__match_is(node, "QuantizeLinear") || !find_group(c, node, &g))
            continue;
        tenon_status st = fuse(c, &g);
        if (st) return st;
    }
    return TENON_OK;
}
