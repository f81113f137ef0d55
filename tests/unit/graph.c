/* SPDX-License-Identifier: Apache-2.0 */
/* Building, sorting, rewriting, checking, expanding and inferring graphs, with operators of this
 * file's own. */
#include "harness.h"

#include <stdio.h>

#include "graph/check.h"
#include "graph/dot.h"
#include "graph/infer.h"
#include "graph/report.h"

typedef struct fixture {
    tenon__arena arena;
    tenon__graph *graph;
} fixture;

static void start(fixture *f)
{
    tenon__arena_init(&f->arena, tenon__allocator_default(), 0);
    assert_int_equal(
        tenon__graph_create(tenon__allocator_default(), &f->arena, NULL, &f->graph, NULL),
        TENON_OK);
}

static void stop(fixture *f)
{
    tenon__graph_destroy(f->graph);
    tenon__arena_fini(&f->arena);
}

static tenon__value_id value(tenon__graph *g, const char *name)
{
    tenon__value_id id;
    assert_int_equal(tenon__graph_add_value(g, tenon__str_of(name), &id, NULL), TENON_OK);
    return id;
}

static tenon__value_id input(tenon__graph *g, const char *name, tenon_dtype dtype, int rank,
                             const int64_t *dims)
{
    tenon__value_id id = value(g, name);
    tenon__graph_value(g, id)->role = TENON__ROLE_INPUT;
    tenon__view_set(&tenon__graph_value(g, id)->view, dtype, rank, dims);
    assert_true(tenon__vec_push(g->allocator, &g->inputs, id));
    return id;
}

static void output(tenon__graph *g, tenon__value_id id)
{
    tenon__graph_value(g, id)->is_output = true;
    assert_true(tenon__vec_push(g->allocator, &g->outputs, id));
}

static tenon_status infer_add(tenon__infer *c)
{
    if (c->in[0]->dtype != c->in[1]->dtype)
        return tenon__fail(c->err, TENON_ETYPE, "A and B differ");
    tenon__infer_like(c, 0, 0);
    return tenon__infer_broadcast(c, c->in, 2, c->out[0]);
}

/* The shape as data, computed while inferring. */
static tenon_status infer_shape(tenon__infer *c)
{
    tenon__infer_set(c, 0, TENON_I64, 1, (int64_t[]){c->in[0]->rank});
    if (!tenon__dims_known(c->in[0])) return TENON_OK;
    int64_t *data = tenon__infer_emit(c, 0);
    if (data) memcpy(data, c->in[0]->dims, (size_t)c->in[0]->rank * sizeof *data);
    return TENON_OK;
}

/* Zeros in the shape that input 0 lists. */
static tenon_status infer_fill(tenon__infer *c)
{
    int64_t dims[TENON_MAX_RANK];
    int rank;
    tenon__infer_set(c, 0, TENON_F32, TENON__RANK_UNKNOWN, NULL);
    tenon_status status = tenon__infer_ints(c, 0, dims, TENON_MAX_RANK, &rank);
    if (status) return status;
    tenon__infer_set(c, 0, TENON_F32, rank, dims);
    return TENON_OK;
}

typedef struct scale_attrs {
    int64_t by;
} scale_attrs;

static tenon_status read_scale(const tenon__graph *graph, const tenon__node *node, void *attrs,
                               tenon_error *err)
{
    scale_attrs *a = attrs;
    (void)graph;
    a->by = tenon__attr_int(node, "by", 2);
    return tenon__attr_check(node, "by", TENON__ATTR_INT, err);
}

static tenon_status infer_like(tenon__infer *c)
{
    tenon__infer_like(c, 0, 0);
    return TENON_OK;
}

static const tenon__op add = {.name = "TestAdd",
                              .min_inputs = 2,
                              .max_inputs = 2,
                              .min_outputs = 1,
                              .max_outputs = 1,
                              .infer = infer_add};
static const tenon__op shape = {.name = "TestShape",
                                .min_inputs = 1,
                                .max_inputs = 1,
                                .min_outputs = 1,
                                .max_outputs = 1,
                                .infer = infer_shape};
static const tenon__op fill = {.name = "TestFill",
                               .min_inputs = 1,
                               .max_inputs = 1,
                               .min_outputs = 1,
                               .max_outputs = 1,
                               .infer = infer_fill};
static const tenon__op scale = {.name = "TestScale",
                                .min_inputs = 1,
                                .max_inputs = 1,
                                .min_outputs = 1,
                                .max_outputs = 1,
                                .flags = TENON__OP_WIDEN,
                                .attrs_bytes = sizeof(scale_attrs),
                                .read = read_scale,
                                .infer = infer_like};
static const char *const cell_bodies[] = {"body", NULL};
static const tenon__op cell = {.name = "TestCell",
                               .max_inputs = 255,
                               .min_outputs = 1,
                               .max_outputs = 255,
                               .bodies = cell_bodies};

static tenon__node *node_with(tenon__graph *g, const tenon__op *op, const char *name,
                              size_t in_count, const tenon__value_id *in, tenon__value_id out,
                              size_t attr_count, const tenon__attr *attrs)
{
    tenon__node *n;
    assert_int_equal(tenon__graph_add_node(g, op, tenon__str_of(name), tenon__str_of(op->name), 1,
                                           in, in_count, &out, 1, attrs, attr_count, UINT32_MAX, &n,
                                           NULL),
                     TENON_OK);
    return n;
}

static tenon__node *node1(tenon__graph *g, const tenon__op *op, const char *name, tenon__value_id x,
                          tenon__value_id out)
{
    return node_with(g, op, name, 1, &x, out, 0, NULL);
}

static tenon__node *node2(tenon__graph *g, const tenon__op *op, const char *name, tenon__value_id x,
                          tenon__value_id y, tenon__value_id out)
{
    return node_with(g, op, name, 2, (tenon__value_id[]){x, y}, out, 0, NULL);
}

static const int64_t two_three[] = {2, 3};

/* Every node stands behind what it reads, indices and producers are right. */
static void check_order(const tenon__graph *g)
{
    for (size_t n = 0; n < g->nodes.count; n++) {
        const tenon__node *node = g->nodes.items[n];
        assert_int_equal(node->index, n);
        for (uint32_t i = 0; i < node->output_count; i++)
            assert_int_equal(tenon__graph_value(g, node->outputs[i])->producer, n);
        for (uint32_t i = 0; i < node->input_count; i++) {
            const tenon__value *v = tenon__graph_value(g, node->inputs[i]);
            if (v->role == TENON__ROLE_NODE) assert_true(v->producer < n);
        }
    }
}

static void sorting(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    enum { COUNT = 200 };
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three), made[COUNT];
    uint32_t order[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        char *name = tenon__arena_alloc(&f.arena, 8);
        snprintf(name, 8, "v%u", i);
        made[i] = value(g, name);
        order[i] = i;
    }
    for (uint32_t i = COUNT - 1; i > 0; i--) {
        uint32_t k = (uint32_t)test_random_in(0, i), t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
    for (uint32_t i = 0; i < COUNT; i++) { /* v[k] = v[some below k] + v[k - 1] */
        uint32_t k = order[i];
        node2(g, &add, "n", k ? made[test_random_in(0, k - 1)] : x, k ? made[k - 1] : x, made[k]);
    }
    output(g, made[COUNT - 1]);
    assert_int_equal(tenon__graph_sort(g, NULL), TENON_OK);
    assert_int_equal(g->nodes.count, COUNT);
    check_order(g);
    stop(&f);
}

static void sorted_stays(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three);
    tenon__value_id a = value(g, "a"), b = value(g, "b"), c = value(g, "c");
    tenon__node *first = node1(g, &scale, "first", x, a), *other = node1(g, &scale, "other", x, b);
    tenon__node *last = node2(g, &add, "last", b, a, c),
                *late = node1(g, &scale, "late", x, value(g, "d"));
    output(g, c);
    assert_int_equal(tenon__graph_sort(g, NULL), TENON_OK);
    assert_ptr_equal(g->nodes.items[0], first);
    assert_ptr_equal(g->nodes.items[1], other);
    assert_ptr_equal(g->nodes.items[2], last);
    assert_ptr_equal(g->nodes.items[3], late);
    /* What comes in later goes in front of its reader; what is dead goes. */
    tenon__value_id e = value(g, "e");
    tenon__node *between = node1(g, &scale, "between", b, e);
    last->inputs[0] = e;
    late->dead = true;
    assert_int_equal(tenon__graph_sort(g, NULL), TENON_OK);
    assert_int_equal(g->nodes.count, 4);
    assert_ptr_equal(g->nodes.items[2], between);
    assert_ptr_equal(g->nodes.items[3], last);
    check_order(g);
    stop(&f);
}

static void cycles_and_holes(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon_error err;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three), a = value(g, "a"),
                    b = value(g, "b");
    node2(g, &add, "left", x, b, a);
    tenon__node *right = node1(g, &scale, "right", a, b);
    assert_int_equal(tenon__graph_sort(g, &err), TENON_EFORMAT);
    assert_non_null(strstr(err.message, "waits for its own output"));
    right->inputs[0] = value(g, "nowhere");
    assert_int_equal(tenon__graph_sort(g, &err), TENON_EFORMAT);
    assert_string_equal(err.where, "node 'right' (TestScale)");
    assert_string_equal(err.message, "it reads 'nowhere', which no input, constant or node makes");
    right->inputs[0] = x;
    assert_int_equal(tenon__graph_sort(g, &err), TENON_OK);
    output(g, value(g, "lost"));
    assert_int_equal(tenon__graph_sort(g, &err), TENON_EFORMAT);
    assert_string_equal(err.message, "output 'lost' is made by no input, constant or node");
    stop(&f);
}

/* A subgraph that reads `outer` of the graph around it, twice scaled. */
static tenon__graph *body_over(tenon__graph *g, tenon__value_id outer)
{
    tenon__graph *body;
    assert_int_equal(tenon__graph_create(g->allocator, g->arena, g, &body, NULL), TENON_OK);
    tenon__value_id seen = value(body, "seen"), out = value(body, "out");
    tenon__graph_value(body, seen)->role = TENON__ROLE_OUTER;
    tenon__graph_value(body, seen)->outer = outer;
    node1(body, &scale, "inner", seen, out);
    output(body, out);
    return body;
}

static tenon__node *cell_over(tenon__graph *g, tenon__graph *body, tenon__value_id out)
{
    tenon__attr attr = {.name = TENON__STR("body"), .type = TENON__ATTR_GRAPH, .graph = body};
    return node_with(g, &cell, "cell", 0, NULL, out, 1, &attr);
}

static void captures_are_dependencies(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three), a = value(g, "a"),
                    y = value(g, "y");
    tenon__graph *body = body_over(g, a);
    tenon__node *holder = cell_over(g, body, y); /* before the node that makes a */
    tenon__node *maker = node1(g, &scale, "maker", x, a);
    output(g, y);
    assert_int_equal(tenon__graph_sort(g, NULL), TENON_OK);
    assert_ptr_equal(g->nodes.items[0], maker);
    assert_ptr_equal(g->nodes.items[1], holder);

    uint32_t uses[3];
    assert_int_equal(g->values.count, 3);
    tenon__graph_count_uses(g, uses);
    assert_int_equal(uses[x], 1);
    assert_int_equal(uses[a], 1);
    assert_int_equal(uses[y], 1);

    assert_int_equal(tenon__graph_replace(g, a, x, NULL), TENON_OK);
    tenon__graph_count_uses(g, uses);
    assert_int_equal(uses[a], 0);
    assert_int_equal(uses[x], 2);
    assert_int_equal(tenon__graph_value(body, 0)->outer, x);

    assert_int_equal(tenon__graph_infer(g, NULL, NULL), TENON_OK);
    assert_int_equal(tenon__graph_value(body, body->outputs.items[0])->view.dims[1], 3);
    maker->dead = true;
    tenon_error err;
    tenon__graph_value(body, 0)->outer = a;
    assert_int_equal(tenon__graph_sort(g, &err), TENON_EFORMAT);
    assert_string_equal(err.where, "node 'cell' (TestCell)");
    stop(&f);
}

static void replacing(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three), a = value(g, "a"),
                    b = value(g, "b");
    node1(g, &scale, "n", x, a);
    tenon__node *m = node2(g, &add, "m", a, a, b);
    output(g, a);
    output(g, b);
    output(g, a);
    assert_int_equal(tenon__graph_replace(g, a, x, NULL), TENON_OK);
    assert_int_equal(m->inputs[0], x);
    assert_int_equal(m->inputs[1], x);
    assert_int_equal(g->outputs.items[0], x);
    assert_int_equal(g->outputs.items[1], b);
    assert_int_equal(g->outputs.items[2], x);
    assert_true(tenon__graph_value(g, x)->is_output);
    assert_false(tenon__graph_value(g, a)->is_output);
    assert_int_equal(tenon__graph_replace(g, a, 99, NULL), TENON_EINVAL);
    stop(&f);
}

static void verifying(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon_error err;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three), a = value(g, "a");
    tenon__node *n = node2(g, &add, "", x, x, a);
    output(g, a);
    assert_int_equal(tenon__graph_verify(g, &err), TENON_OK);
    n->input_count = 1;
    assert_int_equal(tenon__graph_verify(g, &err), TENON_EFORMAT);
    assert_string_equal(err.where, "node 0 (TestAdd)");
    assert_string_equal(err.message, "it has 1 inputs; 2 is right");
    n->input_count = 2;
    n->inputs[0] = TENON__NO_VALUE;
    assert_int_equal(tenon__graph_verify(g, &err), TENON_EFORMAT);
    assert_string_equal(err.message, "input 0 is missing");
    n->inputs[0] = x;
    tenon__node *twin = node1(g, &scale, "twin", x, a);
    assert_int_equal(tenon__graph_verify(g, &err), TENON_EFORMAT);
    assert_string_equal(err.message, "its output 'a' is made elsewhere too");
    twin->dead = true;
    assert_int_equal(tenon__graph_verify(g, &err), TENON_OK);
    value(g, "x");
    assert_int_equal(tenon__graph_verify(g, &err), TENON_EFORMAT);
    assert_string_equal(err.message, "two values are called 'x'");
    stop(&f);
}

static void attributes(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon_error err;
    const int64_t ints[] = {4, 5};
    const tenon__attr attrs[] = {
        {.name = TENON__STR("by"), .type = TENON__ATTR_INT, .i = 7},
        {.name = TENON__STR("f"), .type = TENON__ATTR_FLOAT, .f = 0.5f},
        {.name = TENON__STR("s"), .type = TENON__ATTR_STRING, .s = TENON__STR("text")},
        {.name = TENON__STR("l"), .type = TENON__ATTR_INTS, .count = 2, .ints = ints},
    };
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three);
    tenon__node *n = node_with(g, &scale, "n", 1, &x, value(g, "y"), 4, attrs);
    size_t count;
    assert_int_equal(tenon__attr_int(n, "by", 1), 7);
    assert_int_equal(tenon__attr_int(n, "b", 1), 1);
    assert_int_equal(tenon__attr_int(n, "f", 1), 1);
    assert_true(tenon__attr_float(n, "f", 0) == 0.5f);
    assert_true(tenon__str_is(tenon__attr_str(n, "s", ""), "text"));
    assert_true(tenon__str_is(tenon__attr_str(n, "t", "else"), "else"));
    assert_int_equal(tenon__attr_ints(n, "l", &count)[1], 5);
    assert_int_equal(count, 2);
    assert_null(tenon__attr_floats(n, "l", &count));
    assert_int_equal(count, 0);
    assert_null(tenon__attr_graph(n, "by"));
    assert_int_equal(tenon__node_read(g, n, &err), TENON_OK);
    assert_int_equal(((const scale_attrs *)n->parsed)->by, 7);
    n->attrs[0].type = TENON__ATTR_FLOAT;
    assert_int_equal(tenon__node_read(g, n, &err), TENON_EFORMAT);
    assert_string_equal(err.message, "attribute by is a float; it should be an integer");
    tenon__node *empty = node_with(g, &cell, "c", 0, NULL, value(g, "z"), 0, NULL);
    assert_int_equal(tenon__node_read(g, empty, &err), TENON_EFORMAT);
    assert_string_equal(err.message, "it has no graph 'body'");
    stop(&f);
}

static void inferring(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon_error err;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three);
    tenon__value_id free_dim = input(g, "n", TENON_F32, 2, (int64_t[]){-2, 1});
    tenon__value_id sum = value(g, "sum"), dims = value(g, "dims"), zeros = value(g, "zeros");
    tenon__value_id open = value(g, "open"), open_dims = value(g, "open_dims");
    node2(g, &add, "sum", x, free_dim, sum);
    node1(g, &shape, "shape", x, dims);
    node1(g, &fill, "fill", dims, zeros);
    node1(g, &shape, "shape of open", free_dim, open_dims);
    node1(g, &fill, "fill open", open_dims, open);
    /* What is declared fills what inference leaves open. */
    tenon__view_set(&tenon__graph_value(g, open)->view, TENON_F32, 2, (int64_t[]){-2, 7});
    output(g, zeros);
    assert_int_equal(tenon__graph_sort(g, &err), TENON_OK);
    assert_int_equal(tenon__graph_infer(g, &f.arena, &err), TENON_OK);
    const tenon__view *v = &tenon__graph_value(g, sum)->view;
    assert_int_equal(v->dims[0], 2);
    assert_int_equal(v->dims[1], 3);
    v = &tenon__graph_value(g, zeros)->view;
    assert_int_equal(v->rank, 2);
    assert_int_equal(v->dims[1], 3);
    assert_true(tenon__graph_value(g, dims)->view.known);
    v = &tenon__graph_value(g, open)->view;
    assert_int_equal(v->rank, 2);
    assert_int_equal(v->dims[0], -2);
    assert_int_equal(v->dims[1], 7);
    /* Without memory for values the shape stays open. */
    tenon__graph_value(g, zeros)->view = (tenon__view){.rank = TENON__RANK_UNKNOWN};
    tenon__graph_value(g, dims)->view = (tenon__view){.rank = TENON__RANK_UNKNOWN};
    assert_int_equal(tenon__graph_infer(g, NULL, &err), TENON_OK);
    assert_int_equal(tenon__graph_value(g, zeros)->view.rank, TENON__RANK_UNKNOWN);
    assert_int_equal(tenon__graph_value(g, zeros)->view.dtype, TENON_F32);
    /* A type that contradicts the declared one. */
    tenon__graph_value(g, zeros)->view.dtype = TENON_I64;
    assert_int_equal(tenon__graph_infer(g, &f.arena, &err), TENON_ETYPE);
    assert_string_equal(err.where, "node 'fill' (TestFill)");
    assert_non_null(strstr(err.message, "the model declares it as int64"));
    stop(&f);
}

/* A widening operator sees float32 and gives its inputs' type. */
static void inferring_storage_types(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon__value_id x = input(g, "x", TENON_F16, 2, two_three), y = value(g, "y"),
                    z = value(g, "z");
    node1(g, &scale, "n", x, y);
    node1(g, &shape, "m", y, z);
    assert_int_equal(tenon__graph_infer(g, &f.arena, NULL), TENON_OK);
    assert_int_equal(tenon__graph_value(g, y)->view.dtype, TENON_F16);
    assert_int_equal(tenon__graph_value(g, z)->view.dtype, TENON_I64);
    stop(&f);
}

static tenon_status broadcast(int rank_a, const int64_t *a, int rank_b, const int64_t *b,
                              tenon__view *out, tenon_error *err)
{
    tenon__view va = {.dtype = TENON_F32}, vb = {.dtype = TENON_F32};
    const tenon__view *in[] = {&va, NULL, &vb};
    tenon__infer c = {.err = err};
    tenon__view_set(&va, TENON_F32, rank_a, a);
    tenon__view_set(&vb, TENON_F32, rank_b, b);
    *out = (tenon__view){.dtype = TENON_F32};
    return tenon__infer_broadcast(&c, in, 3, out);
}

static void broadcasting(void **state)
{
    (void)state;
    tenon__view v;
    tenon_error err;
    assert_int_equal(broadcast(2, (int64_t[]){2, 1}, 3, (int64_t[]){4, 1, 3}, &v, &err), TENON_OK);
    assert_true(v.rank == 3 && v.dims[0] == 4 && v.dims[1] == 2 && v.dims[2] == 3);
    assert_int_equal(broadcast(1, (int64_t[]){-1}, 1, (int64_t[]){5}, &v, &err), TENON_OK);
    assert_int_equal(v.dims[0], 5);
    assert_int_equal(broadcast(1, (int64_t[]){-3}, 1, (int64_t[]){1}, &v, &err), TENON_OK);
    assert_int_equal(v.dims[0], -3);
    assert_int_equal(broadcast(1, (int64_t[]){-3}, 1, (int64_t[]){-3}, &v, &err), TENON_OK);
    assert_int_equal(v.dims[0], -3);
    assert_int_equal(broadcast(1, (int64_t[]){-3}, 1, (int64_t[]){-4}, &v, &err), TENON_OK);
    assert_int_equal(v.dims[0], TENON__DIM_UNKNOWN);
    assert_int_equal(broadcast(1, (int64_t[]){0}, 1, (int64_t[]){1}, &v, &err), TENON_OK);
    assert_int_equal(v.dims[0], 0);
    assert_int_equal(broadcast(-1, NULL, 1, (int64_t[]){1}, &v, &err), TENON_OK);
    assert_int_equal(v.rank, TENON__RANK_UNKNOWN);
    assert_int_equal(broadcast(2, (int64_t[]){2, 3}, 1, (int64_t[]){4}, &v, &err), TENON_ESHAPE);
    assert_string_equal(err.message, "float32[2,3] and float32[4] do not broadcast together");
}

static void dim_arithmetic(void **state)
{
    (void)state;
    assert_int_equal(tenon__dim_mul(3, 4), 12);
    assert_int_equal(tenon__dim_mul(0, -1), 0);
    assert_int_equal(tenon__dim_mul(-2, 4), TENON__DIM_UNKNOWN);
    assert_int_equal(tenon__dim_mul(INT64_MAX, 2), TENON__DIM_UNKNOWN);
    assert_int_equal(tenon__dim_add(3, 4), 7);
    assert_int_equal(tenon__dim_add(-1, 4), TENON__DIM_UNKNOWN);
    assert_int_equal(tenon__dim_add(INT64_MAX, 1), TENON__DIM_UNKNOWN);
}

static void tiling(void **state)
{
    (void)state;
    int64_t per;
    assert_int_equal(tenon__tiles(0, 10, &per), 0);
    assert_int_equal(tenon__tiles(1, 1e9, &per), 1);
    assert_int_equal(per, 1);
    assert_int_equal(tenon__tiles(100, 1, &per), 1);
    assert_int_equal(per, 100);
    assert_int_equal(tenon__tiles(INT64_MAX, 1e6, &per), 1 << 20);
    static const double costs[] = {0, 0.3, 7, 333, 5e4, 1e7};
    for (int64_t count = 1; count < 5000; count = count * 3 + 1) {
        for (size_t k = 0; k < TEST_COUNT(costs); k++) {
            int64_t tiles = tenon__tiles(count, costs[k], &per);
            assert_true(tiles > 0 && per > 0);
            assert_true(tiles * per >= count && (tiles - 1) * per < count);
        }
    }
}

static void dims_of_lists(void **state)
{
    (void)state;
    int64_t out[4];
    int count;
    tenon_error err;
    const int32_t data[] = {3, -1, 9};
    tenon__view list = {.data = (void *)(uintptr_t)data, .known = true};
    const tenon__view *in[] = {&list, NULL};
    tenon__infer c = {.in = in, .in_count = 2, .missing = -1, .err = &err};
    tenon__view_set(&list, TENON_I32, 1, (int64_t[]){3});
    assert_int_equal(tenon__infer_ints(&c, 0, out, 4, &count), TENON_OK);
    assert_int_equal(count, 3);
    assert_int_equal(out[1], -1);
    assert_int_equal(tenon__infer_ints(&c, 0, out, 2, &count), TENON_ESHAPE);
    assert_int_equal(tenon__infer_ints(&c, 1, out, 4, &count), TENON_OK);
    assert_int_equal(count, -1);
    assert_int_equal(tenon__infer_ints(&c, 2, out, 4, &count), TENON_OK);
    assert_int_equal(count, -1);
    list.known = false;
    assert_int_equal(tenon__infer_ints(&c, 0, out, 4, &count), TENON_EAGAIN);
    assert_int_equal(c.missing, 0);
    list.dims[0] = 0;
    assert_int_equal(tenon__infer_ints(&c, 0, out, 4, &count), TENON_OK);
    assert_int_equal(count, 0);
    tenon__view_set(&list, TENON_I64, 2, two_three);
    assert_int_equal(tenon__infer_ints(&c, 0, out, 4, &count), TENON_ESHAPE);
    list.dtype = TENON_F32;
    assert_int_equal(tenon__infer_ints(&c, 0, out, 4, &count), TENON_ETYPE);
    int axis;
    assert_int_equal(tenon__infer_axis(&c, "axis", -2, 3, &axis), TENON_OK);
    assert_int_equal(axis, 1);
    assert_int_equal(tenon__infer_axis(&c, "axis", 3, 3, &axis), TENON_EFORMAT);
    assert_int_equal(tenon__infer_axis(&c, "axis", INT64_MIN, 3, &axis), TENON_EFORMAT);
}

/* Twice: y = (x + c) + c, by way of nodes of the table. */
static tenon_status expand_twice(tenon__expand *c)
{
    const float one = 1;
    tenon__value_id k = tenon__expand_const(c, TENON_F32, 0, NULL, &one);
    tenon__value_id sum = tenon__expand_node(c, "Add", (tenon__value_id[]){c->node->inputs[0], k},
                                             2, NULL, 0, TENON__NO_VALUE);
    tenon__expand_node(c, "Add", (tenon__value_id[]){sum, k}, 2, NULL, 0, c->node->outputs[0]);
    c->node->dead = true;
    return TENON_OK;
}

static tenon_status expand_broken(tenon__expand *c)
{
    tenon__value_id v =
        tenon__expand_node(c, "NoSuchOperator", c->node->inputs, 1, NULL, 0, TENON__NO_VALUE);
    tenon__expand_node(c, "Add", &v, 1, NULL, 0, c->node->outputs[0]);
    c->node->dead = true;
    return TENON_OK;
}

static tenon_status expand_later(tenon__expand *c)
{
    if (tenon__graph_value(c->graph, c->node->inputs[0])->view.rank < 0) return TENON_EAGAIN;
    return expand_twice(c);
}

static const tenon__op twice = {.name = "TestTwice", .expand = expand_twice};
static const tenon__op broken = {.name = "TestBroken", .expand = expand_broken};
static tenon_status run_nothing(const tenon__run *r)
{
    (void)r;
    return TENON_OK;
}

static const tenon__op later = {.name = "TestLater", .expand = expand_later, .run = run_nothing};
static const tenon__op typed = {.name = "TestTyped", .expand = expand_later};

static void expanding(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon_error err;
    tenon__value_id x = input(g, "x", TENON_F32, 2, two_three), y = value(g, "y"),
                    z = value(g, "z");
    node1(g, &twice, "pair", x, y);
    node1(g, &scale, "n", y, z);
    output(g, z);
    assert_int_equal(tenon__graph_expand(g, 0, &err), TENON_OK);
    assert_int_equal(g->nodes.count, 3);
    assert_true(tenon__str_is(g->nodes.items[0]->kind, "Add"));
    assert_true(tenon__str_is(g->nodes.items[1]->name, "pair"));
    assert_int_equal(g->nodes.items[1]->outputs[0], y);
    check_order(g);
    assert_int_equal(tenon__graph_infer(g, NULL, &err), TENON_OK);
    assert_int_equal(tenon__graph_value(g, z)->view.dims[1], 3);

    node1(g, &broken, "bad", z, value(g, "w"));
    assert_int_equal(tenon__graph_expand(g, 0, &err), TENON_EINTERNAL);
    assert_string_equal(err.where, "node 'bad' (TestBroken)");
    assert_string_equal(err.message, "it expands into NoSuchOperator, which this build lacks");
    stop(&f);
}

static void expanding_needs_types(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon_error err;
    tenon__value_id x = input(g, "x", TENON_F32, -1, NULL), y = value(g, "y");
    node1(g, &later, "n", x, y);
    output(g, y);
    assert_int_equal(tenon__graph_expand(g, 0, &err), TENON_OK);
    assert_int_equal(g->nodes.count, 1); /* it runs as it is */
    node1(g, &typed, "m", x, value(g, "z"));
    assert_int_equal(tenon__graph_expand(g, 0, &err), TENON_EUNSUPPORTED);
    assert_string_equal(err.where, "node 'm' (TestTyped)");
    tenon__view_set(&tenon__graph_value(g, x)->view, TENON_F32, 2, two_three);
    assert_int_equal(tenon__graph_expand(g, 1, &err), TENON_ELIMIT);
    stop(&f);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph, *inner;
    tenon_status status = TENON_OK;
    int depth = 0;
    for (; status == TENON_OK && depth < 1000; depth++) {
        status = tenon__graph_create(g->allocator, &f.arena, g, &inner, NULL);
        if (status == TENON_OK) g = inner;
    }
    assert_int_equal(status, TENON_ELIMIT);
    assert_int_equal(depth, TENON__GRAPH_DEPTH);
    stop(&f);
}

typedef struct text {
    char bytes[8192];
    size_t used, limit;
} text;

static bool write_text(void *user, const char *bytes, size_t size_bytes)
{
    text *t = user;
    if (t->used + size_bytes >= t->limit) return false;
    memcpy(t->bytes + t->used, bytes, size_bytes);
    t->used += size_bytes;
    t->bytes[t->used] = '\0';
    return true;
}

static void printing(void **state)
{
    (void)state;
    fixture f;
    start(&f);
    tenon__graph *g = f.graph;
    tenon__value_id x = input(g, "in \"put\"\n", TENON_F32, 2, two_three), a = value(g, "a");
    node1(g, &scale, "n", x, a);
    tenon__value_id y = value(g, "y");
    cell_over(g, body_over(g, a), y);
    output(g, y);
    text t = {.limit = sizeof t.bytes};
    assert_int_equal(tenon__graph_print_dot(g, write_text, &t, NULL), TENON_OK);
    assert_non_null(strstr(t.bytes, "in \\\"put\\\" "));
    assert_non_null(strstr(t.bytes, "g0_v0 -> g0_n0 [label=\"float32[2,3]\"]"));
    assert_non_null(strstr(t.bytes, "subgraph cluster_1"));
    assert_int_equal(t.bytes[t.used - 2], '}');
    t.used = 0;
    t.limit = 20;
    assert_int_equal(tenon__graph_print_dot(g, write_text, &t, NULL), TENON_ECANCELED);
    stop(&f);
}

static void reporting(void **state)
{
    (void)state;
    tenon__report report;
    tenon_error err;
    tenon__report_init(&report, tenon__allocator_default());
    assert_int_equal(tenon__report_sum(&report, &err), TENON_OK);
    tenon__str none = {NULL, 0};
    assert_int_equal(
        tenon__report_add(&report, TENON__STR("a"), 0, none, TENON__STR("Foo"), "opset 3", &err),
        TENON_OK);
    assert_int_equal(tenon__report_sum(&report, &err), TENON_EUNSUPPORTED);
    assert_string_equal(err.message, "1 operator is not supported: Foo (opset 3)");
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(tenon__report_add(&report, none, i, TENON__STR("x.y"), TENON__STR("Bar"),
                                           "not known", &err),
                         TENON_OK);
    assert_int_equal(tenon__report_sum(&report, &err), TENON_EUNSUPPORTED);
    assert_string_equal(err.message,
                        "2 operators are not supported: Foo (opset 3), x.y.Bar (not known)");
    assert_int_equal(report.lines.count, 4);
    assert_string_equal(report.lines.items[2].node, "node 1");
    for (uint32_t i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "Op%u", i);
        assert_int_equal(
            tenon__report_add(&report, none, i, none, tenon__str_of(name), "not known", &err),
            TENON_OK);
    }
    assert_int_equal(tenon__report_sum(&report, &err), TENON_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "102 operators"));
    assert_string_equal(err.message + strlen(err.message) - 5, ", ...");
    tenon__report_fini(&report);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(sorting),
        CASE(sorted_stays),
        CASE(cycles_and_holes),
        CASE(captures_are_dependencies),
        CASE(replacing),
        CASE(verifying),
        CASE(attributes),
        CASE(inferring),
        CASE(inferring_storage_types),
        CASE(broadcasting),
        CASE(dim_arithmetic),
        CASE(tiling),
        CASE(dims_of_lists),
        CASE(expanding),
        CASE(expanding_needs_types),
        CASE(depth_is_bounded),
        CASE(printing),
        CASE(reporting),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
