/* SPDX-License-Identifier: Apache-2.0 */
/* Reading ONNX models: small messages written here, whole, cut at each byte, and with each bit
 * turned; then real ones. */
#include "formats/onnx_bytes.h"

#include <dirent.h>
#include <sys/stat.h>

#include "graph/check.h"
#include "graph/op.h"
#include "tensor/convert.h"

/* y = Relu(x) + w, with value_info, metadata and a nameless node. */
static bytes small_model(int ir)
{
    bytes g = {0}, meta = {0};
    const float w[3] = {1, 2, 3};
    put_part(&g, 1, node("Relu", "", "x", "r"));
    put_part(&g, 1, node("Add", "sum", "r w", "y"));
    put_text(&g, 2, "small");
    put_part(&g, 5, tensor("w", F32, 1, (int64_t[]){3}, w, sizeof w));
    put_part(&g, 11, info("x", F32, 2, (int64_t[]){-2, 3}));
    put_part(&g, 12, info("y", F32, 2, (int64_t[]){-2, 3}));
    put_part(&g, 13, info("r", F32, 2, (int64_t[]){-2, 3}));
    bytes m = model(g, ir, 17);
    put_text(&meta, 1, "author");
    put_text(&meta, 2, "nobody");
    put_part(&m, 14, meta);
    return m;
}

static void whole_model(void **state)
{
    (void)state;
    loaded l;
    load_ok(&l, small_model(8));
    const tenon__graph *g = l.graph;
    assert_true(tenon__onnx_probe(l.file.data, l.file.size));
    assert_true(tenon__str_is(g->name, "small"));
    assert_int_equal(g->opset, 17);
    assert_int_equal(g->nodes.count, 2);
    assert_true(tenon__str_is(g->nodes.items[1]->name, "sum"));
    assert_string_equal(g->nodes.items[0]->op->name, "Relu");
    assert_int_equal(g->nodes.items[0]->opset, 17);
    assert_int_equal(g->inputs.count, 1);
    assert_int_equal(g->outputs.count, 1);
    const tenon__value *x = find(g, "x"), *w = find(g, "w"), *r = find(g, "r"), *y = find(g, "y");
    assert_int_equal(x->role, TENON__ROLE_INPUT);
    assert_int_equal(x->view.dims[0], -2);
    assert_int_equal(x->view.dims[1], 3);
    assert_int_equal(r->view.dims[0], -2);
    assert_true(y->is_output);
    assert_int_equal(g->symbols.count, 1);
    assert_true(tenon__str_is(g->symbols.items[0], "N"));
    assert_int_equal(w->role, TENON__ROLE_CONST);
    const uint8_t *at = w->view.data; /* in place */
    assert_true(at > l.file.data && at < l.file.data + l.file.size);
    assert_true(tenon__get_f64(TENON_F32, at, 2) == 3);
    assert_int_equal(g->metadata.count, 1);
    assert_true(tenon__str_is(g->metadata.items[0].value, "nobody"));
    unload(&l);
}

/* Whatever is missing at the end, the reader says so and stays inside. */
static void cut_at_each_byte(void **state)
{
    (void)state;
    bytes whole = small_model(8);
    for (size_t n = 0; n < whole.size; n++) {
        bytes cut = {0};
        put(&cut, whole.data, n);
        cut.data = realloc(cut.data, n ? n : 1); /* so that a sanitizer sees the end */
        loaded l;
        load(&l, cut);
        /* Optional fields stand last: without them it may be a model still. */
        if (l.status) assert_true(l.status == TENON_EFORMAT || l.status == TENON_EUNSUPPORTED);
        unload(&l);
    }
    free(whole.data);
}

static void each_bit_turned(void **state)
{
    (void)state;
    bytes whole = small_model(8);
    int refused = 0;
    for (size_t i = 0; i < whole.size * 8; i++) {
        bytes turned = {0};
        put(&turned, whole.data, whole.size);
        turned.data = realloc(turned.data, whole.size);
        turned.data[i / 8] ^= (uint8_t)(1u << i % 8);
        loaded l;
        load(&l, turned);
        refused += l.status != TENON_OK;
        unload(&l);
    }
    assert_true(refused > 100);
    free(whole.data);
}

static void probing(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "hello, this is text",
        "<?xml version=\"1.0\"?><net>",
        "PK\x03\x04 a zip",
        "{\"a\": 1}",
        ("\x7f"
         "ELF\x02\x01\x01"),
        "\x93NUMPY\x01",
        "\x08\x08 and then rubbish",
    };
    for (size_t i = 0; i < TEST_COUNT(others); i++)
        assert_false(tenon__onnx_probe((const uint8_t *)others[i], strlen(others[i])));
    bytes m = small_model(8);
    assert_true(tenon__onnx_probe(m.data, m.size));
    assert_true(tenon__onnx_probe(m.data, m.size / 2)); /* damaged, yet one of these */
    free(m.data);
}

/* Fails with the status and text; where NULL: any. */
static void refuses(bytes file, tenon_status status, const char *where, const char *message)
{
    loaded l;
    load(&l, file);
    assert_int_equal(l.status, status);
    if (where) assert_string_equal(l.err.where, where);
    assert_string_equal(l.err.message, message);
    unload(&l);
}

static void versions(void **state)
{
    (void)state;
    refuses(model(graph_of(node("Relu", "n", "x", "y")), 8, 29), TENON_EUNSUPPORTED, "",
            "opset 29 of ai.onnx; up to 28 are read");
    refuses(model(graph_of(node("Relu", "n", "x", "y")), 14, 17), TENON_EUNSUPPORTED, "",
            "IR version 14; up to 13 are read");
    refuses(model(graph_of(node("Relu", "n", "x", "y")), 8, 0), TENON_EFORMAT, "",
            "opset 0 of ai.onnx");
    bytes m = {0};
    put_int(&m, 1, 8);
    refuses(m, TENON_EFORMAT, "", "the model has no graph");
    m = (bytes){0};
    put_int(&m, 1, 8);
    put_part(&m, 7, graph_of(node("Relu", "n", "x", "y")));
    refuses(m, TENON_EFORMAT, "node 'n' (Relu)", "opset_import does not list ai.onnx");
    m = model(graph_of(node("Relu", "n", "x", "y")), 8, 17);
    put_part(&m, 7, graph_of(node("Relu", "n", "x", "y")));
    loaded l;
    load(&l, m);
    assert_int_equal(l.status, TENON_EFORMAT);
    assert_non_null(strstr(l.err.message, "a second graph"));
    unload(&l);
}

static void ai_onnx_is_the_empty_domain(void **state)
{
    (void)state;
    bytes n = node("Relu", "n", "x", "y"), import = {0}, other = {0}, m = {0};
    put_text(&n, 7, "ai.onnx");
    put_int(&m, 1, 8);
    put_part(&m, 7, graph_of(n));
    put_text(&import, 1, "ai.onnx");
    put_int(&import, 2, 17);
    put_part(&m, 8, import);
    put_text(&other, 1, "nobody.knows"); /* imported and not used: no error */
    put_int(&other, 2, 3);
    put_part(&m, 8, other);
    loaded l;
    load_ok(&l, m);
    assert_int_equal(l.graph->nodes.items[0]->opset, 17);
    unload(&l);
}

static void unsupported_are_all_named(void **state)
{
    (void)state;
    bytes g = {0}, n = node("Strange", "", "x", "a"), o = node("Odd", "odd", "a", "b");
    put_text(&o, 7, "com.example");
    put_part(&g, 1, n);
    put_part(&g, 1, o);
    put_part(&g, 1, node("Relu", "fine", "b", "c"));
    put_part(&g, 1, node("Strange", "again", "c", "y"));
    put_part(&g, 11, info("x", F32, 1, two));
    put_part(&g, 12, info("y", F32, 1, two));
    loaded l;
    load(&l, model(g, 8, 17));
    assert_int_equal(l.status, TENON_EUNSUPPORTED);
    assert_string_equal(
        l.err.message,
        "2 operators are not supported: Strange (opset 17 of ai.onnx), com.example.Odd "
        "(opset_import does not list its domain)");
    assert_int_equal(l.report.lines.count, 3);
    assert_string_equal(l.report.lines.items[1].node, "odd");
    assert_string_equal(l.report.lines.items[1].op, "com.example.Odd");
    assert_string_equal(l.report.lines.items[2].node, "again");
    unload(&l);
}

static void broken_graphs(void **state)
{
    (void)state;
    refuses(model(graph_of(node("Relu", "n", "nothing", "y")), 8, 17), TENON_EFORMAT,
            "node 'n' (Relu)", "it reads 'nothing', which no input, constant or node makes");
    refuses(model(graph_of(node("Relu", "n", "x", "z")), 8, 17), TENON_EFORMAT, "",
            "output 'y' is made by no input, constant or node");
    refuses(model(graph_of(node("Relu", "n", "x x", "y")), 8, 17), TENON_EFORMAT, "node 'n' (Relu)",
            "it has 2 inputs; 1 is right");
    refuses(model(graph_of(node("Relu", "n", "y", "y")), 8, 17), TENON_EFORMAT, "node 'n' (Relu)",
            "it waits for its own output, by way of 'y'");
    bytes g = graph_of(node("Relu", "n", "x", "y"));
    put_part(&g, 1, node("Relu", "m", "x", "y"));
    refuses(model(g, 8, 17), TENON_EFORMAT, "node 'm' (Relu)", "'y' is defined twice");
    g = graph_of(node("Relu", "n", "x", "y"));
    put_part(&g, 11, info("x", F32, 1, two));
    refuses(model(g, 8, 17), TENON_EFORMAT, "", "'x' is defined twice");
}

static void unsorted_nodes(void **state)
{
    (void)state;
    bytes g = {0};
    put_part(&g, 1, node("Relu", "third", "b", "y"));
    put_part(&g, 1, node("Relu", "second", "a", "b"));
    put_part(&g, 1, node("Relu", "first", "x", "a"));
    put_part(&g, 11, info("x", F32, 1, two));
    put_part(&g, 12, info("y", F32, 1, two));
    loaded l;
    load_ok(&l, model(g, 8, 17));
    assert_true(tenon__str_is(l.graph->nodes.items[0]->name, "first"));
    assert_true(tenon__str_is(l.graph->nodes.items[2]->name, "third"));
    unload(&l);
}

static void initialisers_as_inputs(void **state)
{
    (void)state;
    for (int ir = 3; ir <= 4; ir++) {
        for (int input_first = 0; input_first < 2; input_first++) {
            const float w[2] = {5, 6};
            bytes g = graph_of(node("Add", "n", "x w", "y"));
            if (input_first) put_part(&g, 11, info("w", F32, 1, two));
            put_part(&g, 5, tensor("w", F32, 1, two, w, sizeof w));
            if (!input_first) put_part(&g, 11, info("w", F32, 1, two));
            loaded l;
            load_ok(&l, model(g, ir, 17));
            const tenon__value *v = find(l.graph, "w");
            assert_int_equal(v->role, ir < 4 ? TENON__ROLE_CONST : TENON__ROLE_INPUT);
            assert_int_equal(v->has_default, ir >= 4);
            assert_int_equal(l.graph->inputs.count, ir < 4 ? 1 : 2);
            assert_true(tenon__get_f64(TENON_F32, v->fallback->data, 1) == 6);
            assert_int_equal(v->view.dims[0], 2);
            unload(&l);
        }
    }
    bytes g = graph_of(node("Add", "n", "x w", "y"));
    const int64_t w[2] = {5, 6};
    put_part(&g, 5, tensor("w", I64, 1, two, w, sizeof w));
    put_part(&g, 11, info("w", F32, 1, two));
    refuses(model(g, 8, 17), TENON_ETYPE, "", "input 'w' is float32, but its default is int64");
}

static void empty_and_trailing_inputs(void **state)
{
    (void)state;
    loaded l;
    load_ok(&l, model(graph_of(node("Clip", "n", "x - x - -", "y")), 8, 17));
    const tenon__node *n = l.graph->nodes.items[0];
    assert_int_equal(n->input_count, 3);
    assert_int_equal(n->inputs[1], TENON__NO_VALUE);
    unload(&l);
}

/* ---- subgraphs and functions ---- */

/* If(c) { b = Relu(late) } else { b = k }: `late` is made by a node that stands behind the If. */
static void subgraphs_see_outer_names(void **state)
{
    (void)state;
    bytes then_graph = {0}, else_graph = {0}, n = node("If", "if", "c", "y"), g = {0};
    put_part(&then_graph, 1, node("Relu", "inner", "late", "b"));
    put_part(&then_graph, 12, info("b", F32, 1, two));
    const float k[2] = {1, 2};
    put_part(&else_graph, 5, tensor("k", F32, 1, two, k, sizeof k));
    put_part(&else_graph, 12, info("k", F32, 1, two));
    put_part(&n, 5, attr_part("then_branch", 6, 5, then_graph));
    put_part(&n, 5, attr_part("else_branch", 6, 5, else_graph));
    put_part(&g, 1, n);
    put_part(&g, 1, node("Relu", "maker", "x", "late"));
    put_part(&g, 11, info("c", 9, 0, NULL));
    put_part(&g, 11, info("x", F32, 1, two));
    put_part(&g, 12, info("y", F32, 1, two));
    loaded l;
    load_ok(&l, model(g, 8, 17));
    assert_true(tenon__str_is(l.graph->nodes.items[0]->name, "maker"));
    const tenon__graph *body = tenon__attr_graph(l.graph->nodes.items[1], "then_branch");
    assert_non_null(body);
    const tenon__value *seen = find(body, "late");
    assert_int_equal(seen->role, TENON__ROLE_OUTER);
    assert_true(tenon__str_is(tenon__graph_value(l.graph, seen->outer)->name, "late"));
    assert_ptr_equal(body->parent, l.graph);
    const tenon__graph *other = tenon__attr_graph(l.graph->nodes.items[1], "else_branch");
    assert_int_equal(find(other, "k")->role, TENON__ROLE_CONST);
    assert_int_equal(other->outputs.count, 1);
    unload(&l);
}

static void nested_capture(void **state)
{
    (void)state;
    bytes innermost = {0}, middle = {0}, other = {0}, n = node("If", "in", "c", "m"), g = {0};
    put_part(&innermost, 1, node("Relu", "r", "x", "i"));
    put_part(&innermost, 12, info("i", F32, 1, two));
    put_part(&other, 1, node("Identity", "o", "x", "e"));
    put_part(&other, 12, info("e", F32, 1, two));
    put_part(&n, 5, attr_part("then_branch", 6, 5, innermost));
    bytes again = {0};
    put(&again, other.data, other.size);
    put_part(&n, 5, attr_part("else_branch", 6, 5, again));
    put_part(&middle, 1, n);
    put_part(&middle, 12, info("m", F32, 1, two));
    bytes top = node("If", "out", "c", "y");
    put_part(&top, 5, attr_part("then_branch", 6, 5, middle));
    put_part(&top, 5, attr_part("else_branch", 6, 5, other));
    put_part(&g, 1, top);
    put_part(&g, 11, info("c", 9, 0, NULL));
    put_part(&g, 11, info("x", F32, 1, two));
    put_part(&g, 12, info("y", F32, 1, two));
    loaded l;
    load_ok(&l, model(g, 8, 17));
    const tenon__graph *mid = tenon__attr_graph(l.graph->nodes.items[0], "then_branch");
    const tenon__graph *deep = tenon__attr_graph(mid->nodes.items[0], "then_branch");
    const tenon__value *x = find(deep, "x");
    assert_int_equal(x->role, TENON__ROLE_OUTER);
    const tenon__value *up = tenon__graph_value(mid, x->outer); /* by way of the graph between */
    assert_int_equal(up->role, TENON__ROLE_OUTER);
    assert_int_equal(tenon__graph_value(l.graph, up->outer)->role, TENON__ROLE_INPUT);
    unload(&l);
}

/* A graph in a graph in a graph, deeper than is read. */
static void depth_is_bounded(void **state)
{
    (void)state;
    bytes g = graph_of(node("Relu", "n", "x", "y"));
    for (int i = 0; i < 100; i++) {
        bytes n = node("If", "if", "x", "y"), next;
        put_part(&n, 5, attr_part("then_branch", 6, 5, g));
        next = graph_of(n);
        g = next;
    }
    loaded l;
    load(&l, model(g, 8, 17));
    assert_int_equal(l.status, TENON_ELIMIT);
    unload(&l);
}

/* ---- limits, cancel ---- */

typedef struct watcher {
    int calls, stop_at;
    uint64_t last;
} watcher;

static bool watch(void *ctx, uint64_t offset)
{
    watcher *w = ctx;
    assert_true(offset >= w->last);
    w->last = offset;
    return ++w->calls == w->stop_at;
}

static void cancel_and_progress(void **state)
{
    (void)state;
    bytes g = {0};
    put_part(&g, 11, info("x", F32, 1, two));
    for (int i = 0; i < 5000; i++) {
        char in[16], out[16];
        snprintf(in, sizeof in, i ? "v%d" : "x", i - 1);
        snprintf(out, sizeof out, i == 4999 ? "y" : "v%d", i);
        put_part(&g, 1, node("Relu", "", in, out));
    }
    put_part(&g, 12, info("y", F32, 1, two));
    bytes m = model(g, 8, 17), copy = {0};
    put(&copy, m.data, m.size);
    watcher w = {.stop_at = -1};
    tenon__onnx_source src = {.stop = watch, .ctx = &w};
    loaded l;
    read_from(&l, &src, m);
    assert_int_equal(l.status, TENON_OK);
    assert_true(w.calls > 4 && w.last > l.file.size / 2);
    unload(&l);
    w = (watcher){.stop_at = 2};
    read_from(&l, &src, copy);
    assert_int_equal(l.status, TENON_ECANCELED);
    assert_int_equal(w.calls, 2);
    unload(&l);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    bytes m = small_model(8);
    tenon__arena arena;
    tenon__report report;
    tenon__graph *graph;
    tenon_error err;
    tenon__onnx_source src = {.data = m.data, .size = m.size};
    tenon__arena_init(&arena, a, 200);
    tenon__report_init(&report, a);
    assert_int_equal(tenon__onnx_read(&src, &arena, a, &graph, &report, &err), TENON_ELIMIT);
    assert_string_equal(err.message, "the model's graph takes more than the 200 bytes allowed");
    tenon__report_fini(&report);
    tenon__arena_fini(&arena);
    free(m.data);
}

typedef struct failing {
    int left;
} failing;

static void *failing_alloc(void *user, size_t size_bytes, size_t alignment)
{
    (void)alignment;
    return ((failing *)user)->left-- > 0
               ? aligned_alloc(64, tenon__align_up(size_bytes ? size_bytes : 1, 64))
               : NULL;
}

static void failing_free(void *user, void *block)
{
    (void)user;
    free(block);
}

static void memory_runs_out(void **state)
{
    (void)state;
    bytes m = small_model(8);
    tenon_status status = TENON_ENOMEM;
    int n = 0;
    for (; status && n < 500; n++) {
        failing f = {n};
        tenon_allocator a = {&f, failing_alloc, failing_free};
        tenon__arena arena;
        tenon__report report;
        tenon__graph *graph;
        tenon__onnx_source src = {.data = m.data, .size = m.size};
        tenon__arena_init(&arena, &a, 0);
        tenon__report_init(&report, &a);
        status = tenon__onnx_read(&src, &arena, &a, &graph, &report, NULL);
        assert_true(status == TENON_OK || status == TENON_ENOMEM);
        if (status == TENON_OK) tenon__graph_destroy(graph);
        tenon__report_fini(&report);
        tenon__arena_fini(&arena);
    }
    assert_int_equal(status, TENON_OK);
    assert_true(n > 5);
    free(m.data);
}

/* ---- real files ---- */

typedef struct tally {
    int read, refused;
} tally;

/* Reads every .onnx beneath `path`: it is a graph, or lists what is not supported. */
static void walk(const char *path, int depth, tally *t)
{
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char name[1024];
        struct stat st;
        size_t n = strlen(entry->d_name);
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (stat(name, &st)) continue;
        if (S_ISDIR(st.st_mode) && depth < 8) walk(name, depth + 1, t);
        if (!S_ISREG(st.st_mode) || n < 5 || strcmp(entry->d_name + n - 5, ".onnx") != 0) continue;
        tenon__file file;
        tenon_error err;
        assert_int_equal(tenon__file_open(tenon__allocator_default(), name, false, &file, &err),
                         TENON_OK);
        assert_true(tenon__onnx_probe(file.data, file.size));
        bytes copy = {0};
        put(&copy, file.data, file.size);
        tenon__file_close(&file);
        tenon__onnx_source src = {.folder = path};
        loaded l;
        read_from(&l, &src, copy);
        if (l.status && l.status != TENON_EUNSUPPORTED)
            fail_msg("%s: %s: %s", name, l.err.where, l.err.message);
        if (l.status) assert_true(l.report.lines.count > 0);
        t->read += l.status == TENON_OK;
        t->refused += l.status != TENON_OK;
        unload(&l);
    }
    closedir(folder);
}

static void real_models(void **state)
{
    (void)state;
    tally t = {0};
    walk(test_data(), 0, &t);
    print_message("%d read, %d refused\n", t.read, t.refused);
    assert_true(t.read >= 120);
    assert_true(t.refused <= 3);
}

/* The fuzzer's seeds, which reach most of the reader */
static void corpus(void **state)
{
    (void)state;
    const char *path = TENON_SOURCE_DIR "/tests/fuzz/corpus/onnx_read";
    tally t = {0};
    walk(path, 0, &t);
    assert_true(t.read >= 9);
    assert_int_equal(t.refused, 0);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(whole_model),
        CASE(cut_at_each_byte),
        CASE(each_bit_turned),
        CASE(probing),
        CASE(versions),
        CASE(ai_onnx_is_the_empty_domain),
        CASE(unsupported_are_all_named),
        CASE(broken_graphs),
        CASE(unsorted_nodes),
        CASE(initialisers_as_inputs),
        CASE(empty_and_trailing_inputs),
        CASE(subgraphs_see_outer_names),
        CASE(nested_capture),
        CASE(depth_is_bounded),
        CASE(cancel_and_progress),
        CASE(memory_is_bounded),
        CASE(memory_runs_out),
        CASE(real_models),
        CASE(corpus),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
