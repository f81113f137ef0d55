/* SPDX-License-Identifier: Apache-2.0 */
/* Passes fold, noop, transposes, silu, gelu, layer_norm, pad, dead: what each rewrites. */
#include "graphs.h"

static void fold(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(4)), a = sample_weights(&s, DIMS(4), 0),
                    b = sample_weights(&s, DIMS(4), 2);
    sample_output(
        &s, sample_node(&s, "Mul",
                        IN(x, sample_node(&s, "Sqrt", IN(sample_node(&s, "Add", IN(a, b), NULL, 0)),
                                          NULL, 0)),
                        NULL, 0));
    check_pass(&s, "fold", "Add Sqrt Mul", "Mul", 0);
    sample_fini(&s);
}

/* It would only be computed, and held, to be dropped. */
static void fold_leaves_what_nobody_reads(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id read = sample_node(&s, "Sqrt", IN(sample_weights(&s, DIMS(4), 2)), NULL, 0),
                    unread = sample_node(&s, "Sqrt", IN(sample_weights(&s, DIMS(4), 2)), NULL, 0);
    sample_output(&s, sample_node(&s, "Mul", IN(sample_input(&s, DIMS(4)), read), NULL, 0));
    must(tenon__graph_sort(s.graph, &error));
    must(tenon__graph_infer(s.graph, &s.arena, &error));
    must(tenon__passes_run(s.graph, 0, TENON__STANDARD, false, "fold", 1 << 28, &error));
    assert_int_equal(tenon__graph_value(s.graph, read)->role, TENON__ROLE_CONST);
    assert_int_equal(tenon__graph_value(s.graph, unread)->role, TENON__ROLE_NODE);
    sample_fini(&s);
}

/* Folding gives the same bytes another shape: each is packed on its own. */
static void fold_to_another_shape(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    const int64_t turned[] = {64, 32};
    tenon__value_id x = sample_input(&s, DIMS(3, 32)), w = sample_weights(&s, DIMS(32, 64), 0),
                    dims = sample_const(&s, TENON_I64, DIMS(2), turned),
                    other = sample_node(&s, "Reshape", IN(w, dims), NULL, 0),
                    y = sample_node(&s, "MatMul", IN(x, w), NULL, 0);
    sample_output(&s, sample_node(&s, "MatMul", IN(y, other), NULL, 0));
    check_pass(&s, "fold", "Reshape MatMul MatMul", "MatMul MatMul", 1e-5f);
    sample_fini(&s);
}

/* A value of the graph around `s->graph`. */
static tenon__value_id captured(sample *s, tenon__value_id outer)
{
    tenon__value_id id;
    must(tenon__graph_add_value(s->graph, sample_name(s), &id, &error));
    tenon__graph_value(s->graph, id)->role = TENON__ROLE_OUTER;
    tenon__graph_value(s->graph, id)->outer = outer;
    return id;
}

/* Begins a body: nodes go there until the one given back is s->graph again. */
static tenon__graph *enter(sample *s)
{
    tenon__graph *top = s->graph;
    must(tenon__graph_create(tenon__allocator_default(), &s->arena, top, &s->graph, &error));
    return top;
}

/* If over two bodies, one in the other: what they compute of outer constants is computed now. */
static void fold_in_bodies(void **state)
{
    (void)state;
    sample s;
    bool yes = true;
    tenon__graph *bodies[2];
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(4)), w = sample_weights(&s, DIMS(4), 2);
    tenon__value_id cond = sample_const(&s, TENON_BOOL, DIMS(-9), &yes);
    tenon__graph *top = enter(&s);
    bodies[0] = s.graph;
    tenon__value_id x1 = captured(&s, x), w1 = captured(&s, w), cond1 = captured(&s, cond);
    enter(&s);
    bodies[1] = s.graph;
    tenon__value_id x2 = captured(&s, x1), w2 = captured(&s, w1);
    sample_output(
        &s, sample_node(&s, "Mul", IN(x2, sample_node(&s, "Sqrt", IN(w2), NULL, 0)), NULL, 0));
    s.graph = bodies[0];
    tenon__attr inner[2] = {{.name = TENON__STR("then_branch"), .type = TENON__ATTR_GRAPH},
                            {.name = TENON__STR("else_branch"), .type = TENON__ATTR_GRAPH}};
    inner[0].graph = inner[1].graph = bodies[1];
    tenon__value_id y = sample_node(&s, "If", IN(cond1), inner, 2);
    sample_output(&s,
                  sample_node(&s, "Add", IN(y, sample_node(&s, "Neg", IN(w1), NULL, 0)), NULL, 0));
    s.graph = top;
    tenon__attr outer[2] = {inner[0], inner[1]};
    outer[0].graph = outer[1].graph = bodies[0];
    sample_output(&s, sample_node(&s, "If", IN(cond), outer, 2));
    check_pass(&s, "fold", "If", "If", 0);
    s.graph = bodies[0];
    assert_string_equal(sample_ops(&s), "If Add");
    s.graph = bodies[1];
    assert_string_equal(sample_ops(&s), "Mul");
    s.graph = top;
    sample_fini(&s);
}

static void noop(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__attr to = tenon__attr_of_int("to", 1);
    tenon__value_id x = sample_input(&s, DIMS(3, 4));
    tenon__value_id i = sample_node(&s, "Identity", IN(x), NULL, 0),
                    c = sample_node(&s, "Cast", IN(i), &to, 1);
    sample_output(&s, sample_node(&s, "Relu", IN(c), NULL, 0));
    check_pass(&s, "noop", "Identity Cast Relu", "Relu", 0);
    sample_fini(&s);

    static const int64_t none[4] = {0, 0, 0, 0}, some[4] = {0, 0, 0, 1};
    sample_init(&s);
    x = sample_input(&s, DIMS(3, 4));
    i = sample_node(&s, "Pad", IN(x, sample_const(&s, TENON_I64, DIMS(4), none)), NULL, 0);
    c = sample_node(&s, "Pad", IN(i, sample_const(&s, TENON_I64, DIMS(4), some)), NULL, 0);
    sample_output(&s, sample_node(&s, "Relu", IN(c), NULL, 0));
    check_pass(&s, "noop", "Pad Pad Relu", "Pad Relu", 0);
    sample_fini(&s);
}

static void silu(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(3, 40));
    sample_output(
        &s, sample_node(&s, "Mul", IN(x, sample_node(&s, "Sigmoid", IN(x), NULL, 0)), NULL, 0));
    check_pass(&s, "silu", "Sigmoid Mul", "Silu", 1e-6f);
    sample_fini(&s);
}

static void mish(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(3, 40)),
                    p = sample_node(&s, "Softplus", IN(x), NULL, 0),
                    t = sample_node(&s, "Tanh", IN(p), NULL, 0);
    sample_output(&s, sample_node(&s, "Mul", IN(x, t), NULL, 0));
    check_pass(&s, "silu", "Softplus Tanh Mul", "Mish", 1e-6f);
    sample_fini(&s);
}

static void transposes(void **state)
{
    (void)state;
    static const int64_t a[3] = {2, 0, 1}, b[3] = {0, 2, 1};
    tenon__attr first = {
        .name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = 3, .ints = a};
    tenon__attr second = {
        .name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = 3, .ints = b};
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(3, 4, 5));
    sample_output(&s, sample_node(&s, "Transpose",
                                  IN(sample_node(&s, "Transpose", IN(x), &first, 1)), &second, 1));
    check_pass(&s, "transposes", "Transpose Transpose", "Transpose", 0);
    sample_fini(&s);
}

static void gelu(void **state)
{
    (void)state;
    sample s;
    for (int form = 0; form < 3; form++) {
        sample_init(&s);
        tenon__value_id x = sample_input(&s, DIMS(3, 40)), half = sample_scalar(&s, 0.5f),
                        one = sample_scalar(&s, 1);
        tenon__value_id d = sample_node(&s, "Div", IN(x, sample_scalar(&s, 1.41421356f)), NULL, 0);
        tenon__value_id gate = sample_node(
                            &s, "Add", IN(sample_node(&s, "Erf", IN(d), NULL, 0), one), NULL, 0),
                        y;
        if (form == 0)
            y = sample_node(&s, "Mul", IN(sample_node(&s, "Mul", IN(x, gate), NULL, 0), half), NULL,
                            0);
        else if (form == 1)
            y = sample_node(&s, "Mul", IN(sample_node(&s, "Mul", IN(half, x), NULL, 0), gate), NULL,
                            0);
        else
            y = sample_node(&s, "Mul", IN(x, sample_node(&s, "Mul", IN(gate, half), NULL, 0)), NULL,
                            0);
        sample_output(&s, y);
        check_pass(&s, "gelu", "Div Erf Add Mul Mul", "Gelu", 1e-6f);
        sample_fini(&s);
    }
}

/* A constant that makes a matrix of a vector. */
static void gelu_keeps_rank(void **state)
{
    (void)state;
    static const float half = 0.5f;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(40));
    tenon__value_id y = sample_node(&s, "Div", IN(x, sample_scalar(&s, 1.41421356f)), NULL, 0);
    y = sample_node(&s, "Erf", IN(y), NULL, 0);
    y = sample_node(&s, "Add", IN(y, sample_scalar(&s, 1)), NULL, 0);
    y = sample_node(&s, "Mul", IN(x, y), NULL, 0);
    y = sample_node(&s, "Mul", IN(y, sample_const(&s, TENON_F32, DIMS(1, 1), &half)), NULL, 0);
    sample_output(&s, y);
    check_pass(&s, "gelu", "Div Erf Add Mul Mul", "Div Erf Add Mul Mul", 0);
    sample_fini(&s);
}

static void gelu_by_tanh(void **state)
{
    (void)state;
    for (int power = 0; power < 2; power++) {
        sample s;
        sample_init(&s);
        tenon__value_id x = sample_input(&s, DIMS(3, 40)), y;
        if (power) {
            y = sample_node(&s, "Pow", IN(x, sample_scalar(&s, 3)), NULL, 0);
        } else {
            y = sample_node(&s, "Mul", IN(x, x), NULL, 0);
            y = sample_node(&s, "Mul", IN(x, y), NULL, 0);
        }
        y = sample_node(&s, "Mul", IN(sample_scalar(&s, 0.044715f), y), NULL, 0);
        y = sample_node(&s, "Add", IN(x, y), NULL, 0);
        y = sample_node(&s, "Mul", IN(sample_scalar(&s, 0.79788456f), y), NULL, 0);
        y = sample_node(&s, "Tanh", IN(y), NULL, 0);
        y = sample_node(&s, "Add", IN(sample_scalar(&s, 1), y), NULL, 0);
        y = sample_node(&s, "Mul", IN(x, y), NULL, 0);
        sample_output(&s, sample_node(&s, "Mul", IN(sample_scalar(&s, 0.5f), y), NULL, 0));
        check_pass(&s, "gelu",
                   power ? "Pow Mul Add Mul Tanh Add Mul Mul"
                         : "Mul Mul Mul Add Mul Tanh Add Mul Mul",
                   "Gelu", 1e-6f);
        sample_fini(&s);
    }
}

/* Epsilon may be one number; one of more dims than the input makes it more dims. */
static void layer_norm_with(const int64_t *dims, bool fused)
{
    static const float small = 1e-5f;
    static const int64_t last[1] = {-1};
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(3, 5, 24)),
                    axes = sample_const(&s, TENON_I64, DIMS(1), last);
    tenon__value_id mean = sample_node(&s, "ReduceMean", IN(x, axes), NULL, 0),
                    d = sample_node(&s, "Sub", IN(x, mean), NULL, 0);
    tenon__value_id square = sample_node(&s, "Pow", IN(d, sample_scalar(&s, 2)), NULL, 0);
    tenon__value_id var = sample_node(&s, "ReduceMean", IN(square, axes), NULL, 0);
    tenon__value_id dev = sample_node(
        &s, "Sqrt",
        IN(sample_node(&s, "Add", IN(var, sample_const(&s, TENON_F32, dims, &small)), NULL, 0)),
        NULL, 0);
    tenon__value_id n = sample_node(&s, "Div", IN(d, dev), NULL, 0);
    tenon__value_id scaled =
        sample_node(&s, "Mul", IN(n, sample_weights(&s, DIMS(24), 1)), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(scaled, sample_weights(&s, DIMS(24), 0)), NULL, 0));
    const char *ops = "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add";
    check_pass(&s, "layer_norm", ops, fused ? "LayerNormalization" : ops, 1e-5f);
    sample_fini(&s);
}

static void layer_norm(void **state)
{
    (void)state;
    layer_norm_with(DIMS(-9), true);
    layer_norm_with(DIMS(1, 1, 1), true);
    layer_norm_with(DIMS(1, 1, 1, 1), false);
}

static void pad(void **state)
{
    (void)state;
    static const int64_t pads[8] = {0, 0, 1, 2, 0, 0, 3, 0};
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 3, 6, 6)),
                    w = sample_weights(&s, DIMS(5, 3, 3, 3), 0);
    tenon__value_id p =
        sample_node(&s, "Pad", IN(x, sample_const(&s, TENON_I64, DIMS(8), pads)), NULL, 0);
    sample_output(&s, sample_node(&s, "Conv", IN(p, w), NULL, 0));
    check_pass(&s, "pad", "Pad Conv", "Conv", 1e-6f);
    sample_fini(&s);
}

/* Sixteen outputs fill a block, one does not. */
static void layout(void **state)
{
    (void)state;
    for (int one = 0; one < 2; one++) {
        sample s;
        sample_init(&s);
        tenon__value_id x = sample_input(&s, DIMS(1, 8, 9, 30)),
                        w = sample_weights(&s, DIMS(one ? 1 : 16, 8, 3, 3), 0);
        sample_output(&s, sample_node(&s, "Conv", IN(x, w), NULL, 0));
        check_pass(&s, "layout", "Conv", one ? "Conv" : "ToBlocked BlockedConv FromBlocked", 1e-6f);
        sample_fini(&s);
    }
}

static void dead(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(4));
    sample_node(&s, "Exp", IN(sample_node(&s, "Neg", IN(x), NULL, 0)), NULL, 0);
    sample_output(&s, sample_node(&s, "Relu", IN(x), NULL, 0));
    check_pass(&s, "dead", "Neg Exp Relu", "Relu", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(fold),
                                      CASE(fold_leaves_what_nobody_reads),
                                      CASE(fold_to_another_shape),
                                      CASE(fold_in_bodies),
                                      CASE(noop),
                                      CASE(transposes),
                                      CASE(silu),
                                      CASE(gelu),
                                      CASE(mish),
                                      CASE(gelu_keeps_rank),
                                      CASE(gelu_by_tanh),
                                      CASE(layer_norm),
                                      CASE(pad),
                                      CASE(layout),
                                      CASE(dead)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
