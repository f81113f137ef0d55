/* SPDX-License-Identifier: Apache-2.0 */
/* LSTM, GRU and RNN against their plain walk: directions, layouts, lengths, activations, sizes
 * around the panels of the product, constant weights and others. */
#include <math.h>
#include <string.h>

#include "ops/driver.h"

typedef struct layer {
    const char *name;
    int gates;
    int64_t time, batch, inputs, hidden;
    const char *direction;
    bool constant, bias, lengths, states, peepholes, batch_first, before_reset;
    tenon_dtype dtype;
} layer;

static void add(driver *d, const layer *l, bool present, bool constant, int rank,
                const int64_t *dims)
{
    if (!present)
        driver_absent(d);
    else if (constant)
        driver_random_const(d, l->dtype, rank, dims, -0.5, 0.5);
    else
        driver_random(d, l->dtype, rank, dims, -0.5, 0.5);
}

static driver *layer_driver(const layer *l)
{
    driver *d = driver_create(l->name, 14);
    bool lstm = l->gates == 4;
    int64_t dirs = strcmp(l->direction, "bidirectional") ? 1 : 2, rows = l->gates * l->hidden;
    int64_t x[3] = {l->time, l->batch, l->inputs}, state[3] = {dirs, l->batch, l->hidden};
    if (l->batch_first) {
        x[0] = state[0] = l->batch;
        x[1] = l->time;
        state[1] = dirs;
    }
    add(d, l, true, false, 3, x);
    add(d, l, true, l->constant, 3, (int64_t[]){dirs, rows, l->inputs});
    add(d, l, true, l->constant, 3, (int64_t[]){dirs, rows, l->hidden});
    add(d, l, l->bias, l->constant, 2, (int64_t[]){dirs, 2 * rows});
    if (l->lengths)
        driver_random(d, TENON_I32, 1, &l->batch, 0, (double)l->time + 1);
    else
        driver_absent(d);
    add(d, l, l->states, false, 3, state);
    if (lstm) {
        add(d, l, l->states, false, 3, state);
        add(d, l, l->peepholes, false, 2, (int64_t[]){dirs, 3 * l->hidden});
    }
    driver_text(d, "direction", l->direction);
    driver_int(d, "layout", l->batch_first);
    driver_int(d, "hidden_size", l->hidden);
    if (l->gates == 3) driver_int(d, "linear_before_reset", l->before_reset);
    driver_outputs(d, lstm ? 3 : 2);
    return d;
}

static void check(const layer *l)
{
    driver *d = layer_driver(l);
    driver_check(d);
    driver_destroy(d);
}

static const struct {
    const char *name;
    int gates;
} kinds[] = {{"LSTM", 4}, {"GRU", 3}, {"RNN", 1}};
static const char *const directions[] = {"forward", "reverse", "bidirectional"};

static void random_layers(void **state)
{
    (void)state;
    for (int i = 0; i < test_rounds(180); i++) {
        size_t kind = (size_t)i % 3;
        layer l = {.name = kinds[kind].name, .gates = kinds[kind].gates};
        l.time = test_random_in(0, 6);
        l.batch = test_random_in(1, 4);
        l.inputs = test_random_in(1, 40);
        l.hidden = test_random_in(1, 70);
        if (i % 5 == 0) { /* more than one tile does */
            l.time = test_random_in(0, 3);
            l.inputs = test_random_in(1, 150);
            l.hidden = test_random_in(100, 200);
        }
        l.direction = directions[test_random() % 3];
        l.constant = test_random() % 2;
        l.bias = test_random() % 2;
        l.lengths = test_random() % 2;
        l.states = test_random() % 2;
        l.peepholes = test_random() % 2;
        l.batch_first = test_random() % 2;
        l.before_reset = test_random() % 2;
        l.dtype = test_random() % 6 ? TENON_F32 : TENON_F64;
        check(&l);
    }
}

/* Several tiles to a step, more samples than scratch takes at once. */
static void large(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 3; kind++)
        for (int reset = 0; reset < 2; reset++) {
            layer l = {.name = kinds[kind].name,
                       .gates = kinds[kind].gates,
                       .time = 3,
                       .batch = 35,
                       .inputs = 20,
                       .hidden = 150,
                       .direction = "bidirectional",
                       .constant = true,
                       .bias = true,
                       .lengths = reset,
                       .before_reset = reset,
                       .dtype = TENON_F32};
            check(&l);
        }
}

static void activations(void **state)
{
    (void)state;
    static const char *const all[] = {
        "Sigmoid",    "tanh",        "Relu", "Affine",   "LeakyRelu", "ThresholdedRelu",
        "ScaledTanh", "HardSigmoid", "Elu",  "Softsign", "Softplus"};
    for (int i = 0; i < test_rounds(66); i++) {
        size_t kind = (size_t)i % 3;
        int count = kind == 0 ? 3 : kind == 1 ? 2 : 1;
        const char *names[6];
        layer l = {.name = kinds[kind].name,
                   .gates = kinds[kind].gates,
                   .time = 3,
                   .batch = 2,
                   .inputs = 4,
                   .hidden = 19,
                   .direction = directions[i % 2 * 2],
                   .bias = true,
                   .dtype = TENON_F32};
        driver *d = layer_driver(&l);
        for (int k = 0; k < 6; k++)
            names[k] = all[(size_t)(i + 5 * k) % TEST_COUNT(all)];
        driver_texts(d, "activations", (size_t)(count * (i % 2 ? 2 : 1)), names);
        if (i % 5 == 0) driver_floats(d, "activation_alpha", 2, (float[]){0.3f, 0.7f});
        if (i % 5 == 0) driver_floats(d, "activation_beta", 1, (float[]){0.4f});
        if (i % 4 == 0) driver_float(d, "clip", 0.3f);
        if (kind == 0) driver_int(d, "input_forget", i % 7 == 0);
        driver_check(d);
        driver_destroy(d);
    }
}

/* h' = tanh(x + 0.5 h): worked out by hand. */
static void by_hand(void **state)
{
    (void)state;
    const float x[3] = {1, 0, -1}, one = 1, half = 0.5f;
    const float forward[3] = {0.76159416f, 0.36339948f, -0.67414368f};
    const float backward[2][3] = {{0.67414368f, -0.36339948f, -0.76159416f}, {0.76159416f, 0, 0}};
    driver *d = driver_create("RNN", 7);
    driver_input(d, TENON_F32, 3, (int64_t[]){3, 1, 1}, x);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 1}, &one);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 1}, &half);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 4, (int64_t[]){3, 1, 1, 1}, forward);
    driver_destroy(d);
    for (int32_t length = 3; length > 0; length -= 2) {
        d = driver_create("RNN", 7);
        driver_input(d, TENON_F32, 3, (int64_t[]){3, 1, 1}, x);
        driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 1}, &one);
        driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 1}, &half);
        driver_absent(d);
        driver_input(d, TENON_I32, 1, (int64_t[]){1}, &length);
        driver_text(d, "direction", "reverse");
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 4, (int64_t[]){3, 1, 1, 1}, backward[length == 1]);
        driver_destroy(d);
    }
}

/* Weights of bytes: close to the same LSTM with what they stand for, and (states being 0 at the
 * start, x 0 or 1) in the first step exactly that. */
static void bytes(void **state)
{
    enum { TIME = 4, BATCH = 3, INPUTS = 11, HIDDEN = 37, ROWS = 4 * HIDDEN, DIRS = 2 };
    static int8_t w[DIRS][INPUTS][ROWS], r[DIRS][HIDDEN][ROWS];
    static float w_real[DIRS][ROWS][INPUTS], r_real[DIRS][ROWS][HIDDEN], x[TIME][BATCH][INPUTS];
    static float bias[DIRS][2 * ROWS], w_scale[DIRS][ROWS];
    const float r_scale[DIRS] = {0.004f, 0.003f};
    int8_t zero[DIRS] = {3, -5};
    (void)state;
    for (int d = 0; d < DIRS; d++)
        for (int k = 0; k < ROWS; k++) {
            w_scale[d][k] = (float)test_random_real(0.001, 0.01);
            bias[d][k] = (float)test_random_real(-0.5, 0.5);
            bias[d][ROWS + k] = (float)test_random_real(-0.5, 0.5);
            for (int i = 0; i < INPUTS; i++) {
                w[d][i][k] = (int8_t)test_random_in(-128, 127);
                w_real[d][k][i] = w_scale[d][k] * (float)w[d][i][k];
            }
            for (int i = 0; i < HIDDEN; i++) {
                r[d][i][k] = (int8_t)test_random_in(-128, 127);
                r_real[d][k][i] = r_scale[d] * (float)(r[d][i][k] - zero[d]);
            }
        }
    for (int i = 0; i < TIME * BATCH * INPUTS; i++)
        (&x[0][0][0])[i] = i == 0 || test_random() % 2 ? 1.0f : 0.0f;
    for (int time = 1; time <= TIME; time += TIME - 1) {
        driver *real = driver_create("LSTM", 14), *q = driver_create("DynamicQuantizeLSTM", 1);
        tenon_error err;
        driver_input(real, TENON_F32, 3, (int64_t[]){time, BATCH, INPUTS}, x);
        driver_const(real, TENON_F32, 3, (int64_t[]){DIRS, ROWS, INPUTS}, w_real);
        driver_const(real, TENON_F32, 3, (int64_t[]){DIRS, ROWS, HIDDEN}, r_real);
        driver_input(real, TENON_F32, 2, (int64_t[]){DIRS, 2 * ROWS}, bias);
        driver_text(real, "direction", "bidirectional");
        driver_input(q, TENON_F32, 3, (int64_t[]){time, BATCH, INPUTS}, x);
        driver_const(q, TENON_I8, 3, (int64_t[]){DIRS, INPUTS, ROWS}, w);
        driver_const(q, TENON_I8, 3, (int64_t[]){DIRS, HIDDEN, ROWS}, r);
        driver_input(q, TENON_F32, 2, (int64_t[]){DIRS, 2 * ROWS}, bias);
        for (int i = 0; i < 4; i++)
            driver_absent(q);
        driver_const(q, TENON_F32, 2, (int64_t[]){DIRS, ROWS}, w_scale);
        driver_absent(q);
        driver_const(q, TENON_F32, 1, (int64_t[]){DIRS}, r_scale);
        driver_const(q, TENON_I8, 1, (int64_t[]){DIRS}, zero);
        driver_text(q, "direction", "bidirectional");
        driver_tolerance(q, time == 1 ? 1e-5 : 0.02);
        assert_int_equal(driver_run(real, tenon__cpu_detect(), &err), TENON_OK);
        const tenon__view *y = driver_output(real, 0);
        for (int plain = 0; plain < 2; plain++) {
            assert_int_equal(driver_run(q, plain ? 0 : tenon__cpu_detect(), &err), TENON_OK);
            driver_expect(q, 0, TENON_F32, 4, y->dims, y->data);
        }
        driver_destroy(real);
        driver_destroy(q);
    }
}

static void refused(void **state)
{
    (void)state;
    layer l = {.name = "LSTM",
               .gates = 4,
               .time = 3,
               .batch = 2,
               .inputs = 4,
               .hidden = 5,
               .direction = "forward",
               .dtype = TENON_F32};
    driver *d = layer_driver(&l);
    driver_texts(d, "activations", 3, (const char *const[]){"Sigmoid", "Tanh", "Sinh"});
    driver_refuse(d, TENON_EUNSUPPORTED, "Sinh");
    driver_destroy(d);
    d = layer_driver(&l);
    driver_texts(d, "activations", 2, (const char *const[]){"Sigmoid", "Tanh"});
    driver_refuse(d, TENON_EFORMAT, "3");
    driver_destroy(d);
    d = driver_create("GRU", 7);
    driver_random(d, TENON_F32, 3, (int64_t[]){2, 1, 4}, 0, 1);
    driver_random(d, TENON_F32, 3, (int64_t[]){1, 9, 5}, 0, 1);
    driver_random(d, TENON_F32, 3, (int64_t[]){1, 9, 3}, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "W");
    driver_destroy(d);
    d = driver_create("RNN", 7);
    driver_random(d, TENON_F32, 3, (int64_t[]){2, 1, 4}, 0, 1);
    driver_random(d, TENON_F32, 3, (int64_t[]){1, 3, 4}, 0, 1);
    driver_random(d, TENON_F32, 3, (int64_t[]){1, 3, 3}, 0, 1);
    driver_absent(d);
    driver_input(d, TENON_I32, 1, (int64_t[]){1}, (int32_t[]){3});
    driver_refuse(d, TENON_EINVAL, "sequence_lens");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(random_layers), CASE(large), CASE(activations),
                                      CASE(by_hand),       CASE(bytes), CASE(refused)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
