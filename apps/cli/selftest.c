/* SPDX-License-Identifier: Apache-2.0 */
/* A network small enough to be written here: x [1,8,48,48] -> 3x3 convolution to 16 channels ->
 * Relu
 * -> mean over each channel -> dense layer -> y [1,10]. It is put together as ONNX, run by the
 * library, and computed once more below, in double and in the plainest way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "selftest.h"

enum { IN = 8, SIDE = 48, OUT = 16, CLASSES = 10, PIXELS = SIDE * SIDE };
static const double tolerance = 1e-4;

typedef struct network {
    float x[IN * PIXELS], conv[OUT * IN * 9], conv_bias[OUT], dense[CLASSES * OUT];
    float dense_bias[CLASSES];
    double want[CLASSES];
} network;

/* ---- numbers ---- */

static void fill(float *dst, size_t count, uint32_t *state)
{
    for (size_t i = 0; i < count; i++) {
        *state = *state * 1664525u + 1013904223u;
        dst[i] = (float)(*state >> 8) * 0x1p-23f - 1; /* [-1, 1) */
    }
}

static double convolve(const network *n, int channel, int y, int x)
{
    double sum = n->conv_bias[channel];
    for (int c = 0; c < IN; c++)
        for (int k = 0; k < 9; k++) {
            int row = y + k / 3 - 1, column = x + k % 3 - 1;
            if (row < 0 || row >= SIDE || column < 0 || column >= SIDE) continue;
            sum += (double)n->x[(c * SIDE + row) * SIDE + column] *
                   n->conv[(channel * IN + c) * 9 + k];
        }
    return sum;
}

static void make_network(network *n)
{
    uint32_t state = 1;
    fill(n->x, IN * PIXELS, &state);
    fill(n->conv, OUT * IN * 9, &state);
    fill(n->conv_bias, OUT, &state);
    fill(n->dense, CLASSES * OUT, &state);
    fill(n->dense_bias, CLASSES, &state);
    for (int i = 0; i < CLASSES; i++)
        n->want[i] = n->dense_bias[i];
    for (int c = 0; c < OUT; c++) {
        double sum = 0;
        for (int p = 0; p < PIXELS; p++)
            sum += fmax(0, convolve(n, c, p / SIDE, p % SIDE));
        for (int i = 0; i < CLASSES; i++)
            n->want[i] += sum / PIXELS * n->dense[i * OUT + c];
    }
}

/* ---- the model's bytes: protobuf, by the field numbers of onnx.proto ---- */

typedef struct bytes {
    uint8_t *data;
    size_t size, room;
    bool failed; /* out of memory */
} bytes;

static void put(bytes *b, const void *data, size_t size)
{
    if (b->size + size > b->room && !b->failed) {
        size_t room = (b->size + size) * 2;
        uint8_t *more = realloc(b->data, room);
        b->failed = !more;
        if (more) b->data = more, b->room = room;
    }
    if (b->failed) return;
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_varint(bytes *b, uint64_t x)
{
    for (; x > 127; x >>= 7)
        put(b, &(uint8_t){(uint8_t)(x | 128)}, 1);
    put(b, &(uint8_t){(uint8_t)x}, 1);
}

static void put_int(bytes *b, unsigned field, uint64_t x)
{
    put_varint(b, field << 3);
    put_varint(b, x);
}

static void put_block(bytes *b, unsigned field, const void *data, size_t size)
{
    put_varint(b, field << 3 | 2);
    put_varint(b, size);
    put(b, data, size);
}

static void put_text(bytes *b, unsigned field, const char *text)
{
    put_block(b, field, text, strlen(text));
}

/* Takes `inner` and empties it. */
static void put_message(bytes *b, unsigned field, bytes *inner)
{
    b->failed |= inner->failed;
    if (!b->failed) put_block(b, field, inner->data, inner->size);
    free(inner->data);
    *inner = (bytes){.data = NULL};
}

static void put_tensor(bytes *graph, const char *name, const float *data, int rank,
                       const uint64_t *dims)
{
    bytes t = {.data = NULL};
    size_t count = 1;
    for (int d = 0; d < rank; d++) {
        put_int(&t, 1, dims[d]);
        count *= dims[d];
    }
    put_int(&t, 2, 1); /* FLOAT */
    put_text(&t, 8, name);
    put_block(&t, 9, data, count * sizeof *data);
    put_message(graph, 5, &t);
}

static void put_port(bytes *graph, unsigned field, const char *name, int rank, const uint64_t *dims)
{
    bytes port = {.data = NULL}, type = {.data = NULL}, tensor = {.data = NULL};
    bytes shape = {.data = NULL}, dim = {.data = NULL};
    for (int d = 0; d < rank; d++) {
        put_int(&dim, 1, dims[d]);
        put_message(&shape, 1, &dim);
    }
    put_int(&tensor, 1, 1); /* FLOAT */
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&port, 1, name);
    put_message(&port, 2, &type);
    put_message(graph, field, &port);
}

typedef struct node {
    const char *op, *inputs[3], *output;
    const char *attribute; /* of integers, all the same; or NULL */
    unsigned count, value;
    unsigned type; /* 7: INTS, 2: INT */
} node;

static void put_node(bytes *graph, const node *n)
{
    bytes out = {.data = NULL}, attribute = {.data = NULL};
    for (int i = 0; i < 3 && n->inputs[i]; i++)
        put_text(&out, 1, n->inputs[i]);
    put_text(&out, 2, n->output);
    put_text(&out, 3, n->output);
    put_text(&out, 4, n->op);
    if (n->attribute) {
        put_text(&attribute, 1, n->attribute);
        for (unsigned i = 0; i < n->count; i++)
            put_int(&attribute, n->type == 7 ? 8 : 3, n->value);
        put_int(&attribute, 20, n->type);
        put_message(&out, 5, &attribute);
    }
    put_message(graph, 1, &out);
}

static bytes make_model(const network *n)
{
    static const node nodes[] = {
        {"Conv", {"x", "conv", "conv_bias"}, "convolved", "pads", 4, 1, 7},
        {"Relu", {"convolved"}, "rectified", NULL, 0, 0, 0},
        {"GlobalAveragePool", {"rectified"}, "pooled", NULL, 0, 0, 0},
        {"Flatten", {"pooled"}, "flat", NULL, 0, 0, 0},
        {"Gemm", {"flat", "dense", "dense_bias"}, "y", "transB", 1, 1, 2},
    };
    bytes graph = {.data = NULL}, model = {.data = NULL}, opset = {.data = NULL};
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
        put_node(&graph, &nodes[i]);
    put_text(&graph, 2, "selftest");
    put_tensor(&graph, "conv", n->conv, 4, (uint64_t[]){OUT, IN, 3, 3});
    put_tensor(&graph, "conv_bias", n->conv_bias, 1, (uint64_t[]){OUT});
    put_tensor(&graph, "dense", n->dense, 2, (uint64_t[]){CLASSES, OUT});
    put_tensor(&graph, "dense_bias", n->dense_bias, 1, (uint64_t[]){CLASSES});
    put_port(&graph, 11, "x", 4, (uint64_t[]){1, IN, SIDE, SIDE});
    put_port(&graph, 12, "y", 2, (uint64_t[]){1, CLASSES});
    put_int(&opset, 2, 17);
    put_int(&model, 1, 8); /* IR version */
    put_message(&model, 8, &opset);
    put_message(&model, 7, &graph);
    return model;
}

/* ---- running it ---- */

typedef struct bed {
    cli_context c;
    tenon_tensor *x;
    const network *network;
    float first[CLASSES]; /* what one thread gave */
    selftest *out;
} bed;

static tenon_status run_session(bed *b, unsigned threads, bool in_steps, float *y, tenon_error *err)
{
    tenon_session_options o = TENON_SESSION_OPTIONS_INIT;
    tenon_session *s = NULL;
    const tenon_tensor *got;
    o.threads = threads;
    o.cancel = b->c.cancel;
    tenon_status st = tenon_session_create(b->c.model, &o, &s, err);
    if (st == TENON_OK) st = tenon_session_set_input(s, "x", b->x, err);
    if (st == TENON_OK && !in_steps) st = tenon_session_run(s, err);
    for (bool done = false; st == TENON_OK && in_steps && !done;)
        st = tenon_session_step(s, 0, &done, err);
    if (st == TENON_OK) st = tenon_session_get_output(s, "y", &got, err);
    if (st == TENON_OK) memcpy(y, tenon_tensor_data_const(got), CLASSES * sizeof *y);
    tenon_session_destroy(s);
    return st;
}

static void note_error(bed *b, const float *y)
{
    double largest = 0, error = 0;
    for (int i = 0; i < CLASSES; i++) {
        double off = fabs(y[i] - b->network->want[i]);
        largest = fmax(largest, fabs(b->network->want[i]));
        error = isnan(off) ? INFINITY : fmax(error, off);
    }
    b->out->largest_error = error / largest;
}

static int run_all(bed *b)
{
    float y[CLASSES];
    tenon_error err;
    selftest *t = b->out;
    tenon_status st = run_session(b, 1, false, b->first, &err);
    if (st == TENON_OK) note_error(b, b->first);
    t->same_bits = true;
    for (unsigned i = 2; i <= t->threads + 1 && st == TENON_OK; i++) { /* the last one: in steps */
        bool in_steps = i == t->threads + 1;
        st = run_session(b, in_steps ? 1 : i, in_steps, y, &err);
        t->same_bits = t->same_bits && st == TENON_OK && memcmp(y, b->first, sizeof y) == 0;
    }
    if (st) return cli_fail_error(st, &err, false);
    t->ok = t->same_bits && t->largest_error <= tolerance;
    return EXIT_DONE;
}

/* An env for the instruction sets; false where the CPU lacks them. */
static int open_env(bed *b, unsigned threads)
{
    tenon_env_options o = TENON_ENV_OPTIONS_INIT;
    tenon_env *env = NULL;
    tenon_error err;
    o.cpu = b->out->asked;
    o.threads = 1;
    tenon_status st = tenon_env_create(&o, &env, &err);
    tenon_env_destroy(env);
    b->out->available = st != TENON_EUNSUPPORTED;
    return b->out->available ? cli_open(&b->c, threads, b->out->asked) : EXIT_DONE;
}

static int run_bed(bed *b)
{
    tenon_error err;
    bytes model = make_model(b->network);
    tenon_status st = TENON_OK;
    int rc = EXIT_DONE;
    if (model.failed) rc = cli_fail(EXIT_ENVIRONMENT, "no memory for the self-test");
    if (rc == EXIT_DONE)
        st = tenon_model_load_memory(b->c.env, model.data, model.size, NULL, &b->c.model, &err);
    if (rc == EXIT_DONE && st == TENON_OK)
        st = tenon_tensor_create(b->c.env, TENON_F32, 4, (int64_t[]){1, IN, SIDE, SIDE}, &b->x,
                                 &err);
    if (st) rc = cli_fail_error(st, &err, false);
    if (rc == EXIT_DONE) {
        memcpy(tenon_tensor_data(b->x), b->network->x, sizeof b->network->x);
        rc = run_all(b);
    }
    tenon_tensor_destroy(b->x);
    tenon_model_unref(b->c.model); /* before the bytes that it borrows */
    b->c.model = NULL;
    free(model.data);
    return rc;
}

int selftest_run(const cli_args *args, const char *asked, unsigned threads, selftest *out)
{
    bed b = {.c = {.args = args}, .out = out};
    network *n = malloc(sizeof *n);
    *out = (selftest){.asked = asked};
    if (!n) return cli_fail(EXIT_ENVIRONMENT, "no memory for the self-test");
    make_network(n);
    b.network = n;
    int rc = open_env(&b, threads);
    if (rc == EXIT_DONE && out->available) {
        out->threads = tenon_env_threads(b.c.env);
        snprintf(out->in_use, sizeof out->in_use, "%s", tenon_env_cpu(b.c.env));
        rc = run_bed(&b);
    }
    cli_close(&b.c);
    free(n);
    return rc;
}
