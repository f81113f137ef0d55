/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of a model, inlined. */
#include "formats/onnx_bytes.h"

#include "graph/check.h"
#include "graph/op.h"

static bytes function(const char *name, const char *inputs, const char *outputs)
{
    bytes f = {0}, import = {0};
    put_text(&f, 1, name);
    put_words(&f, 4, inputs);
    put_words(&f, 5, outputs);
    put_int(&import, 2, 17);
    put_part(&f, 9, import);
    put_text(&f, 10, "local");
    return f;
}

static bytes call(const char *name, const char *label, const char *inputs, const char *outputs)
{
    bytes n = node(name, label, inputs, outputs);
    put_text(&n, 7, "local");
    return n;
}

static bytes attr_ref(const char *name, const char *ref, int type)
{
    bytes b = {0};
    put_text(&b, 1, name);
    put_text(&b, 21, ref);
    put_int(&b, 20, (uint64_t)type);
    return b;
}

static bytes with_functions(bytes g, const bytes *functions, size_t count)
{
    bytes m = model(g, 8, 17), import = {0};
    put_text(&import, 1, "local");
    put_int(&import, 2, 1);
    put_part(&m, 8, import);
    for (size_t i = 0; i < count; i++)
        put_part(&m, 25, functions[i]);
    return m;
}

/* soft(x; axis = 1) = Softmax(Relu(x), axis), called twice, once with another axis. */
static void functions_are_inlined(void **state)
{
    (void)state;
    bytes f = function("soft", "x", "y"), s = node("Softmax", "s", "t", "y"), g = {0};
    put_text(&f, 6, "axis");
    put_part(&f, 11, attr_int("axis", 1));
    put_part(&f, 7, node("Relu", "r", "x", "t"));
    put_part(&s, 5, attr_ref("axis", "axis", 2));
    put_part(&f, 7, s);
    bytes second = call("soft", "two", "a", "y");
    put_part(&second, 5, attr_int("axis", 0));
    put_part(&g, 1, call("soft", "one", "x", "a"));
    put_part(&g, 1, second);
    put_part(&g, 11, info("x", F32, 2, two_three));
    put_part(&g, 12, info("y", F32, 2, two_three));
    loaded l;
    load_ok(&l, with_functions(g, &f, 1));
    assert_int_equal(l.graph->nodes.count, 4);
    assert_int_equal(tenon__attr_int(l.graph->nodes.items[1], "axis", -7), 1);
    assert_int_equal(tenon__attr_int(l.graph->nodes.items[3], "axis", -7), 0);
    assert_true(tenon__str_is(l.graph->nodes.items[0]->name, "soft#0/r"));
    assert_non_null(find(l.graph, "soft#0/t"));
    assert_non_null(find(l.graph, "soft#1/t"));
    unload(&l);
}

/* A reference to what neither the call nor the function gives leaves the attribute out; inputs may
 * be left out; an output may be an input. */
static void functions_with_gaps(void **state)
{
    (void)state;
    bytes f = function("gap", "x low", "y x"), s = node("Softmax", "s", "x", "t"), g = {0};
    put_text(&f, 6, "axis");
    put_part(&s, 5, attr_ref("axis", "axis", 2));
    put_part(&f, 7, s);
    put_part(&f, 7, node("Clip", "c", "t low", "y"));
    put_part(&g, 1, call("gap", "one", "x", "y z"));
    put_part(&g, 11, info("x", F32, 2, two_three));
    put_part(&g, 12, info("y", F32, 2, two_three));
    put_part(&g, 12, info("z", F32, 2, two_three));
    loaded l;
    load_ok(&l, with_functions(g, &f, 1));
    const tenon__node *clip = NULL, *identity = NULL, *softmax = NULL;
    for (size_t i = 0; i < l.graph->nodes.count; i++) {
        const tenon__node *n = l.graph->nodes.items[i];
        if (tenon__str_is(n->kind, "Clip")) clip = n;
        if (tenon__str_is(n->kind, "Identity")) identity = n;
        if (tenon__str_is(n->kind, "Softmax")) softmax = n;
    }
    assert_true(clip && identity && softmax);
    assert_int_equal(softmax->attr_count, 0);
    assert_true(clip->input_count == 1 || clip->inputs[1] == TENON__NO_VALUE);
    assert_ptr_equal(tenon__graph_value(l.graph, identity->inputs[0]), find(l.graph, "x"));
    assert_ptr_equal(tenon__graph_value(l.graph, identity->outputs[0]), find(l.graph, "z"));
    unload(&l);
}

/* A function that calls another, whose body has a subgraph that captures and refers to an
 * attribute. */
static void functions_in_functions(void **state)
{
    (void)state;
    bytes inner = function("inner", "x c", "y"), n = node("If", "if", "c", "y"), branch = {0};
    bytes leaky = node("LeakyRelu", "l", "x", "o"), g = {0}, outer = function("outer", "v c", "w");
    bytes alpha = {0}, other = {0};
    put_part(&leaky, 5, attr_ref("alpha", "slope", 1));
    put_part(&branch, 1, leaky);
    put_part(&branch, 12, info("o", F32, 2, two_three));
    put_part(&other, 1, node("Identity", "i", "x", "e"));
    put_part(&other, 12, info("e", F32, 2, two_three));
    put_part(&n, 5, attr_part("then_branch", 6, 5, branch));
    put_part(&n, 5, attr_part("else_branch", 6, 5, other));
    put_text(&inner, 6, "slope");
    put_part(&inner, 7, n);
    bytes use = call("inner", "use", "t c", "w");
    put_text(&alpha, 1, "slope");
    put_float(&alpha, 2, 0.25f);
    put_int(&alpha, 20, 1);
    put_part(&use, 5, alpha);
    put_part(&outer, 7, node("Relu", "r", "v", "t"));
    put_part(&outer, 7, use);
    put_part(&g, 1, call("outer", "top", "x c", "y"));
    put_part(&g, 11, info("x", F32, 2, two_three));
    put_part(&g, 11, info("c", 9, 0, NULL));
    put_part(&g, 12, info("y", F32, 2, two_three));
    loaded l;
    load_ok(&l, with_functions(g, (bytes[]){inner, outer}, 2));
    assert_int_equal(l.graph->nodes.count, 2);
    const tenon__graph *body = tenon__attr_graph(l.graph->nodes.items[1], "then_branch");
    assert_true(tenon__attr_float(body->nodes.items[0], "alpha", 0) == 0.25f);
    const tenon__value *x = tenon__graph_value(body, body->nodes.items[0]->inputs[0]);
    assert_int_equal(x->role, TENON__ROLE_OUTER);
    assert_true(tenon__str_is(tenon__graph_value(l.graph, x->outer)->name, "outer#0/t"));
    unload(&l);
}

static void functions_that_never_end(void **state)
{
    (void)state;
    bytes f = function("again", "x", "y"), g;
    put_part(&f, 7, call("again", "self", "x", "y"));
    g = graph_of(call("again", "top", "x", "y"));
    loaded l;
    load(&l, with_functions(g, &f, 1));
    assert_int_equal(l.status, TENON_ELIMIT);
    assert_string_equal(l.err.message, "functions call each other more than 32 deep");
    unload(&l);

    /* Twice as many nodes with each function: the number of nodes is bounded. */
    bytes all[30];
    for (int i = 0; i < 30; i++) {
        char name[16], next[16];
        snprintf(name, sizeof name, "f%d", i);
        snprintf(next, sizeof next, "f%d", i + 1);
        all[i] = function(name, "x", "y");
        put_part(&all[i], 7, i < 29 ? call(next, "a", "x", "t") : node("Relu", "a", "x", "t"));
        put_part(&all[i], 7, i < 29 ? call(next, "b", "t", "y") : node("Relu", "b", "t", "y"));
    }
    tenon__onnx_source src = {.max_nodes = 20000};
    read_from(&l, &src, with_functions(graph_of(call("f0", "top", "x", "y")), all, 30));
    assert_int_equal(l.status, TENON_ELIMIT);
    assert_string_equal(l.err.message, "more than 20000 nodes");
    unload(&l);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(functions_are_inlined),
        CASE(functions_with_gaps),
        CASE(functions_in_functions),
        CASE(functions_that_never_end),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
