/* SPDX-License-Identifier: Apache-2.0 */
/* Quantising, dequantising, and onnxruntime's operators on bytes with scales (whose expected bytes
 * are what onnxruntime 1.31 gives). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/driver.h"
#include "tensor/convert.h"
#include "tensor/onnx_type.h"

#define DIMS(...)                                                                                  \
    (int64_t[])                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void input_f32(driver *d, float value)
{
    driver_const(d, TENON_F32, 0, NULL, &value);
}

static void input_u8(driver *d, int value)
{
    driver_const(d, TENON_U8, 0, NULL, &(uint8_t){(uint8_t)value});
}

static void input_i8(driver *d, int value)
{
    driver_const(d, TENON_I8, 0, NULL, &(int8_t){(int8_t)value});
}

/* ---- to and fro ---- */

static void whole_tensor(void **state)
{
    (void)state;
    driver *d = driver_create("QuantizeLinear", 25);
    driver_input(d, TENON_F32, 1, DIMS(9),
                 (float[]){0, 2, 3, 1000, -254, -1000, NAN, INFINITY, -INFINITY});
    input_f32(d, 2);
    input_u8(d, 128);
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 1, DIMS(9), (uint8_t[]){128, 129, 130, 255, 1, 0, 0, 255, 0});
    driver_destroy(d);

    d = driver_create("DequantizeLinear", 25);
    driver_input(d, TENON_U8, 1, DIMS(4), (uint8_t[]){0, 3, 128, 255});
    input_f32(d, 2);
    input_u8(d, 128);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(4), (float[]){-256, -250, 0, 254});
    driver_destroy(d);
}

/* Sizes around those of vectors, all integers, every instruction set alike. */
static void many_sizes(void **state)
{
    static const tenon_dtype dtypes[] = {TENON_U8, TENON_I8, TENON_U16, TENON_I16};
    static const int64_t counts[] = {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000, 200001};
    (void)state;
    for (size_t k = 0; k < sizeof dtypes / sizeof *dtypes; k++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            bool is_signed = dtypes[k] == TENON_I8 || dtypes[k] == TENON_I16;
            driver *d = driver_create("QuantizeLinear", 25);
            driver_random(d, TENON_F32, 1, &counts[i], -3, 3);
            input_f32(d, tenon_dtype_bits(dtypes[k]) == 8 ? 0.021f : 8e-5f);
            driver_random_const(d, dtypes[k], 0, NULL, is_signed ? -9 : 90, is_signed ? 9 : 99);
            driver_check(d);
            const tenon__view *q = driver_output(d, 0);
            driver *back = driver_create("DequantizeLinear", 25);
            driver_input(back, dtypes[k], 1, &counts[i], q->data);
            input_f32(back, 0.021f);
            driver_random_const(back, dtypes[k], 0, NULL, is_signed ? -9 : 90, is_signed ? 9 : 99);
            driver_check(back);
            driver_destroy(back);
            driver_destroy(d);
        }
}

static void each_axis(void **state)
{
    enum { N = 3, C = 5, S = 70 };
    static float x[N * C * S];
    static int8_t wanted[N * C * S];
    float scale[C];
    int8_t zero[C];
    (void)state;
    for (int c = 0; c < C; c++) {
        scale[c] = 0.25f * (float)(c + 1);
        zero[c] = (int8_t)(c - 2);
    }
    for (int i = 0; i < N * C * S; i++) {
        x[i] = (float)test_random_real(-90, 90);
        int c = i / S % C;
        float v = rintf(x[i] / scale[c]) + (float)zero[c];
        wanted[i] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
    }
    driver *d = driver_create("QuantizeLinear", 25);
    driver_input(d, TENON_F32, 3, DIMS(N, C, S), x);
    driver_const(d, TENON_F32, 1, DIMS(C), scale);
    driver_const(d, TENON_I8, 1, DIMS(C), zero);
    driver_check(d);
    driver_expect(d, 0, TENON_I8, 3, DIMS(N, C, S), wanted);
    driver_destroy(d);

    /* Along the last axis: [N * S, C] has the same channels in other places. */
    static float last[N * C * S], back[N * C * S];
    static int8_t last_wanted[N * C * S];
    for (int i = 0; i < N * C * S; i++) {
        int n = i / (C * S), c = i / S % C, s = i % S, to = (n * S + s) * C + c;
        last[to] = x[i];
        last_wanted[to] = wanted[i];
        back[to] = ((float)wanted[i] - (float)zero[c]) * scale[c];
    }
    d = driver_create("QuantizeLinear", 25);
    driver_int(d, "axis", -1);
    driver_input(d, TENON_F32, 2, DIMS(N * S, C), last);
    driver_const(d, TENON_F32, 1, DIMS(C), scale);
    driver_const(d, TENON_I8, 1, DIMS(C), zero);
    driver_check(d);
    driver_expect(d, 0, TENON_I8, 2, DIMS(N * S, C), last_wanted);
    driver_destroy(d);
    d = driver_create("DequantizeLinear", 25);
    driver_input(d, TENON_I8, 2, DIMS(N * S, C), last_wanted);
    driver_const(d, TENON_F32, 1, DIMS(C), scale);
    driver_const(d, TENON_I8, 1, DIMS(C), zero);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 2, DIMS(N * S, C), back);
    driver_destroy(d);
}

static void in_blocks(void **state)
{
    (void)state;
    driver *d = driver_create("QuantizeLinear", 25);
    driver_int(d, "axis", 1);
    driver_int(d, "block_size", 2);
    driver_input(d, TENON_F32, 2, DIMS(3, 4), (float[]){6, 12, 50, 5, 1, 8, 4, 5, 0, 20, 10, 4});
    driver_const(d, TENON_F32, 2, DIMS(3, 2), (float[]){1.5f, 2.5f, 3, 4.9f, 5.1f, 6.9f});
    driver_const(d, TENON_U8, 2, DIMS(3, 2), (uint8_t[]){0, 1, 1, 0, 2, 3});
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 2, DIMS(3, 4), (uint8_t[]){4, 8, 21, 3, 1, 4, 1, 1, 2, 6, 4, 4});
    driver_destroy(d);

    /* Along the first of two axes, the last block shorter. */
    d = driver_create("DequantizeLinear", 25);
    driver_int(d, "axis", 0);
    driver_int(d, "block_size", 2);
    driver_input(d, TENON_I8, 2, DIMS(3, 2), (int8_t[]){1, 2, 3, 4, 5, 6});
    driver_const(d, TENON_F32, 2, DIMS(2, 2), (float[]){1, 10, 0.5f, 2});
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 2, DIMS(3, 2), (float[]){1, 20, 3, 40, 2.5f, 12});
    driver_destroy(d);

    d = driver_create("DequantizeLinear", 25);
    driver_int(d, "axis", 1);
    driver_int(d, "block_size", 3);
    driver_input(d, TENON_U4, 2, DIMS(2, 4), (uint8_t[]){0x21, 0x43, 0x65, 0x87});
    driver_const(d, TENON_F32, 2, DIMS(2, 2), (float[]){1, 10, 100, 1000});
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 2, DIMS(2, 4), (float[]){1, 2, 3, 40, 500, 600, 700, 8000});
    driver_destroy(d);
}

static void small_floats(void **state)
{
    (void)state;
    driver *d = driver_create("QuantizeLinear", 25);
    driver_input(d, TENON_F32, 1, DIMS(5), (float[]){0, 1, 2, 100000, 200});
    input_f32(d, 2);
    driver_const(d, TENON_F8E4M3FN, 1, DIMS(1), (uint8_t[]){0});
    driver_check(d);
    driver_expect(d, 0, TENON_F8E4M3FN, 1, DIMS(5), (uint8_t[]){0x00, 0x30, 0x38, 0x7e, 0x6c});
    driver_destroy(d);

    d = driver_create("DequantizeLinear", 25);
    driver_int(d, "axis", 0);
    driver_input(d, TENON_F8E4M3FN, 1, DIMS(5), (uint8_t[]){0x00, 0x30, 0x38, 0x7e, 0xec});
    driver_const(d, TENON_F16, 0, NULL, &(uint16_t){0x4000});
    driver_check(d);
    driver_expect(d, 0, TENON_F16, 1, DIMS(5), (uint16_t[]){0, 0x3c00, 0x4000, 0x6300, 0xda00});
    driver_destroy(d);
}

/* With a scale in float16 the quotient is rounded to float16 before it is rounded to an integer. */
static void precision(void **state)
{
    float x = 1000.9f; /* by 0.4 is 2502.3, in float16 2502; by 1 in float16 1001 */
    (void)state;
    driver *d = driver_create("QuantizeLinear", 25);
    driver_int(d, "output_dtype", tenon__dtype_to_onnx(TENON_I16));
    driver_input(d, TENON_F32, 1, DIMS(2), (float[]){x, 4097.4f});
    driver_const(d, TENON_F16, 0, NULL, &(uint16_t){0x3c00});
    driver_check(d);
    driver_expect(d, 0, TENON_I16, 1, DIMS(2), (int16_t[]){1001, 4096});
    driver_destroy(d);
    d = driver_create("QuantizeLinear", 25);
    driver_int(d, "output_dtype", tenon__dtype_to_onnx(TENON_I16));
    driver_int(d, "precision", tenon__dtype_to_onnx(TENON_F32));
    driver_input(d, TENON_F32, 1, DIMS(2), (float[]){x, 4097.4f});
    driver_const(d, TENON_F16, 0, NULL, &(uint16_t){0x3c00});
    driver_check(d);
    driver_expect(d, 0, TENON_I16, 1, DIMS(2), (int16_t[]){1001, 4097});
    driver_destroy(d);
}

static void dynamic(void **state)
{
    (void)state;
    driver *d = driver_create("DynamicQuantizeLinear", 11);
    driver_outputs(d, 3);
    driver_input(d, TENON_F32, 1, DIMS(6), (float[]){0, 2, -3, -2.5f, 1.34f, 0.5f});
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 1, DIMS(6), (uint8_t[]){153, 255, 0, 26, 221, 179});
    driver_expect(d, 1, TENON_F32, 0, NULL, (float[]){0.0196078438f});
    driver_expect(d, 2, TENON_U8, 0, NULL, (uint8_t[]){153});
    driver_destroy(d);

    d = driver_create("DynamicQuantizeLinear", 11);
    driver_outputs(d, 3);
    driver_random(d, TENON_F32, 2, DIMS(700, 701), -1, 4);
    driver_check(d);
    assert_true(driver_tiles(d) > 1);
    driver_destroy(d);

    d = driver_create("DynamicQuantizeLinear", 11);
    driver_outputs(d, 3);
    driver_input(d, TENON_F32, 1, DIMS(2), (float[]){0, 0});
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 1, DIMS(2), (uint8_t[]){0, 0});
    driver_destroy(d);

    d = driver_create("DynamicQuantizeLinear", 11);
    driver_outputs(d, 3);
    driver_input(d, TENON_F32, 1, DIMS(0), NULL);
    driver_check(d);
    driver_expect(d, 1, TENON_F32, 0, NULL, (float[]){1});
    driver_destroy(d);
}

/* ---- operators on bytes ---- */

static const uint8_t bytes_a[] = {0, 17, 100, 128, 200, 255}, bytes_b[] = {3, 250, 128, 90, 10, 77};

static driver *binary(const char *name, bool is_signed)
{
    driver *d = driver_create(name, 17);
    driver_input(d, is_signed ? TENON_I8 : TENON_U8, 1, DIMS(6), bytes_a);
    input_f32(d, 0.051f);
    is_signed ? input_i8(d, -3) : input_u8(d, 120);
    driver_input(d, is_signed ? TENON_I8 : TENON_U8, 1, DIMS(6), bytes_b);
    input_f32(d, 0.02f);
    is_signed ? input_i8(d, 5) : input_u8(d, 100);
    input_f32(d, 0.04f);
    is_signed ? input_i8(d, 9) : input_u8(d, 128);
    driver_check(d);
    return d;
}

static void add_and_mul(void **state)
{
    (void)state;
    driver *d = binary("QLinearAdd", false);
    driver_expect(d, 0, TENON_U8, 1, DIMS(6), (uint8_t[]){0, 72, 116, 133, 185, 255});
    driver_destroy(d);
    d = binary("QLinearMul", false);
    driver_expect(d, 0, TENON_U8, 1, DIMS(6), (uint8_t[]){255, 0, 114, 126, 0, 49});
    driver_destroy(d);
    d = binary("QLinearAdd", true);
    driver_expect(d, 0, TENON_I8, 1, DIMS(6), (int8_t[]){12, 29, 74, -108, -56, 48});
    driver_destroy(d);
    for (int i = 0; i < 2; i++)
        for (int form = 0; form < 3; form++) {
            d = driver_create(i ? "QLinearMul" : "QLinearAdd", 17);
            driver_random(d, TENON_U8, 2, DIMS(301, 67), 0, 256);
            input_f32(d, 0.013f);
            input_u8(d, 7);
            driver_random(d, TENON_U8,
                          form == 0   ? 2
                          : form == 1 ? 1
                                      : 0,
                          form == 0 ? DIMS(301, 67) : DIMS(67), 0, 256);
            input_f32(d, 0.031f);
            driver_absent(d);
            input_f32(d, 0.05f);
            driver_check(d);
            driver_destroy(d);
        }
}

static void tables(void **state)
{
    (void)state;
    driver *d = driver_create("QLinearSigmoid", 17);
    driver_input(d, TENON_U8, 1, DIMS(6), bytes_a);
    input_f32(d, 0.05f);
    input_u8(d, 120);
    input_f32(d, 1.0f / 256);
    input_u8(d, 0);
    driver_inplace(d, 0);
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 1, DIMS(6), (uint8_t[]){1, 1, 69, 153, 251, 255});
    driver_destroy(d);

    d = driver_create("QLinearLeakyRelu", 17);
    driver_float(d, "alpha", 0.1f);
    driver_input(d, TENON_I8, 1, DIMS(6), bytes_a);
    input_f32(d, 0.05f);
    input_i8(d, 4);
    input_f32(d, 0.04f);
    input_i8(d, -2);
    driver_check(d);
    driver_expect(d, 0, TENON_I8, 1, DIMS(6), (int8_t[]){-3, 14, 118, -19, -10, -3});
    driver_destroy(d);
}

static void concat(void **state)
{
    (void)state;
    driver *d = driver_create("QLinearConcat", 17);
    driver_int(d, "axis", 1);
    input_f32(d, 0.04f);
    input_u8(d, 128);
    driver_input(d, TENON_U8, 2, DIMS(2, 3), bytes_a);
    input_f32(d, 0.05f);
    input_u8(d, 120);
    driver_input(d, TENON_U8, 2, DIMS(2, 2), (uint8_t[]){3, 250, 90, 10});
    input_f32(d, 0.02f);
    input_u8(d, 100);
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 2, DIMS(2, 5),
                  (uint8_t[]){0, 0, 103, 80, 203, 138, 228, 255, 123, 83});
    driver_destroy(d);

    d = driver_create("QLinearConcat", 17);
    driver_int(d, "axis", 0);
    input_f32(d, 0.04f);
    input_u8(d, 128);
    driver_input(d, TENON_U8, 2, DIMS(2, 3), bytes_a);
    input_f32(d, 0.05f);
    input_u8(d, 120);
    driver_input(d, TENON_U8, 2, DIMS(2, 2), bytes_b);
    input_f32(d, 0.02f);
    input_u8(d, 100);
    driver_refuse(d, TENON_ESHAPE, "along axis 0");
    driver_destroy(d);
}

static void softmax(void **state)
{
    static const uint8_t x[] = {10, 20, 30, 40, 250, 255, 0, 128};
    static const struct {
        int opset, axis, rank;
        int64_t dims[3];
        uint8_t wanted[8];
    } cases[] = {{17, -1, 2, {2, 4}, {26, 43, 71, 116, 112, 144, 0, 0}},
                 {12, 1, 3, {1, 2, 4}, {0, 0, 0, 0, 112, 144, 0, 0}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        driver *d = driver_create("QLinearSoftmax", 17);
        driver_int(d, "axis", cases[i].axis);
        driver_int(d, "opset", cases[i].opset);
        driver_input(d, TENON_U8, cases[i].rank, cases[i].dims, x);
        input_f32(d, 0.05f);
        input_u8(d, 0);
        input_f32(d, 1.0f / 256);
        input_u8(d, 0);
        driver_check(d);
        driver_expect(d, 0, TENON_U8, cases[i].rank, cases[i].dims, cases[i].wanted);
        driver_destroy(d);
    }
    driver *d = driver_create("QLinearSoftmax", 17);
    driver_int(d, "axis", 0);
    driver_int(d, "opset", 17);
    driver_input(d, TENON_I8, 2, DIMS(2, 4), x);
    input_f32(d, 0.02f);
    input_i8(d, 0);
    input_f32(d, 1.0f / 256);
    input_i8(d, -128);
    driver_check(d);
    driver_expect(d, 0, TENON_I8, 2, DIMS(2, 4), (int8_t[]){20, 26, 37, 119, -20, -26, -37, -119});
    driver_destroy(d);
}

/* ---- pools ---- */

typedef struct pool {
    tenon_dtype dtype;
    bool last, padded, global;
    int64_t batch, channels, in[2], kernel[2], stride[2], dilation[2], pads[4], out[2];
    float x_scale, y_scale;
    int x_zero, y_zero;
    uint8_t *x;
} pool;

static pool random_pool(void)
{
    pool p = {.dtype = test_random_in(0, 1) ? TENON_U8 : TENON_I8,
              .last = test_random_in(0, 1) == 1,
              .padded = test_random_in(0, 1) == 1,
              .batch = test_random_in(1, 2),
              .channels = test_random_in(1, 80),
              .x_scale = 0.02f,
              .y_scale = 0.01537f}; /* no ties */
    const int low = p.dtype == TENON_U8 ? 0 : -128;
    p.x_zero = low + (int)test_random_in(0, 255);
    p.y_zero = low + (int)test_random_in(0, 255);
    for (int i = 0; i < 2; i++) {
        p.in[i] = test_random_in(5, 11);
        p.kernel[i] = test_random_in(2, 3);
        p.stride[i] = test_random_in(1, 2);
        p.dilation[i] = test_random_in(1, 2);
        p.pads[i] = test_random_in(0, p.kernel[i] - 1);
        p.pads[2 + i] = test_random_in(0, p.kernel[i] - 1);
        const int64_t reach = (p.kernel[i] - 1) * p.dilation[i] + 1;
        p.out[i] = (p.in[i] + p.pads[i] + p.pads[2 + i] - reach) / p.stride[i] + 1;
    }
    p.x = malloc((size_t)(p.batch * p.channels * p.in[0] * p.in[1]));
    for (int64_t i = 0; i < p.batch * p.channels * p.in[0] * p.in[1]; i++)
        p.x[i] = (uint8_t)test_random_in(0, 255);
    return p;
}

static int64_t place(const pool *p, int64_t n, int64_t c, int64_t h, int64_t w, const int64_t *size)
{
    return p->last ? ((n * size[0] + h) * size[1] + w) * p->channels + c
                   : ((n * p->channels + c) * size[0] + h) * size[1] + w;
}

/* Sum, largest and number of what the window at (h, w) covers. */
static int window_of(const pool *p, int64_t n, int64_t c, int64_t h, int64_t w, int64_t *sum,
                     int *most)
{
    int count = 0;
    *sum = 0;
    *most = p->dtype == TENON_U8 ? 0 : -128;
    for (int64_t t = 0; t < p->kernel[0] * p->kernel[1]; t++) {
        const int64_t y = h * p->stride[0] - p->pads[0] + t / p->kernel[1] * p->dilation[0];
        const int64_t x = w * p->stride[1] - p->pads[1] + t % p->kernel[1] * p->dilation[1];
        if (y < 0 || y >= p->in[0] || x < 0 || x >= p->in[1]) continue;
        const uint8_t b = p->x[place(p, n, c, y, x, p->in)];
        const int v = p->dtype == TENON_U8 ? b : (int8_t)b;
        *sum += v - p->x_zero;
        if (v > *most) *most = v;
        count++;
    }
    return count;
}

static void dims_of(const pool *p, const int64_t *size, int64_t *dims)
{
    const int64_t last[] = {p->batch, size[0], size[1], p->channels},
                  first[] = {p->batch, p->channels, size[0], size[1]};
    memcpy(dims, p->last ? last : first, sizeof last);
}

static void check_pool(const pool *p, const char *op, bool max)
{
    int64_t dims[4];
    driver *d = driver_create(op, 17);
    uint8_t *wanted = malloc((size_t)(p->batch * p->channels * p->out[0] * p->out[1]));
    if (!p->global) {
        driver_ints(d, "kernel_shape", 2, p->kernel);
        driver_ints(d, "strides", 2, p->stride);
        driver_ints(d, "dilations", 2, p->dilation);
        driver_ints(d, "pads", 4, p->pads);
    }
    if (!max) driver_int(d, "channels_last", p->last);
    if (!max && !p->global) driver_int(d, "count_include_pad", p->padded);
    dims_of(p, p->in, dims);
    driver_input(d, p->dtype, 4, dims, p->x);
    if (!max) {
        input_f32(d, p->x_scale);
        driver_const(d, p->dtype, 0, NULL, &(uint8_t){(uint8_t)p->x_zero});
        input_f32(d, p->y_scale);
        driver_const(d, p->dtype, 0, NULL, &(uint8_t){(uint8_t)p->y_zero});
    }
    const int low = p->dtype == TENON_U8 ? 0 : -128;
    for (int64_t i = 0; i < p->batch * p->channels * p->out[0] * p->out[1]; i++) {
        const int64_t w = i % p->out[1], h = i / p->out[1] % p->out[0];
        const int64_t c = i / p->out[1] / p->out[0] % p->channels;
        const int64_t n = i / p->out[1] / p->out[0] / p->channels;
        int64_t sum;
        int v;
        int count = window_of(p, n, c, h, w, &sum, &v);
        if (!max) {
            if (p->padded && !p->global) count = (int)(p->kernel[0] * p->kernel[1]);
            const double mean = count ? (double)sum / count : 0;
            v = p->y_zero + (int)rint(mean * (double)p->x_scale / (double)p->y_scale);
            v = v < low ? low : v > low + 255 ? low + 255 : v;
        }
        wanted[place(p, n, c, h, w, p->out)] = (uint8_t)v;
    }
    dims_of(p, p->out, dims);
    driver_check(d);
    driver_expect(d, 0, p->dtype, 4, dims, wanted);
    driver_destroy(d);
    free(wanted);
}

static void pools(void **state)
{
    (void)state;
    for (int i = 0; i < 120; i++) {
        pool p = random_pool();
        check_pool(&p, "QLinearAveragePool", false);
        if (p.last) check_pool(&p, "MaxPoolLast", true);
        p.global = true;
        p.padded = false;
        for (int k = 0; k < 2; k++) {
            p.kernel[k] = p.in[k];
            p.stride[k] = p.dilation[k] = p.out[k] = 1;
            p.pads[k] = p.pads[2 + k] = 0;
        }
        check_pool(&p, "QLinearGlobalAveragePool", false);
        free(p.x);
    }
}

static void refusals(void **state)
{
    (void)state;
    driver *d = driver_create("QuantizeLinear", 25);
    driver_random(d, TENON_F32, 2, DIMS(2, 3), 0, 1);
    driver_random_const(d, TENON_F32, 1, DIMS(4), 1, 2);
    driver_refuse(d, TENON_ESHAPE, "4 scales for an axis of 3");
    driver_destroy(d);

    d = driver_create("QuantizeLinear", 25);
    driver_random(d, TENON_F32, 2, DIMS(2, 3), 0, 1);
    driver_random_const(d, TENON_F32, 1, DIMS(3), 1, 2);
    driver_random_const(d, TENON_U8, 1, DIMS(2), 0, 2);
    driver_refuse(d, TENON_ESHAPE, "3 scales and 2 zero points");
    driver_destroy(d);

    d = driver_create("DequantizeLinear", 25);
    driver_int(d, "block_size", 2);
    driver_random(d, TENON_U8, 2, DIMS(2, 6), 0, 9);
    driver_random_const(d, TENON_F32, 2, DIMS(2, 2), 1, 2);
    driver_refuse(d, TENON_ESHAPE, "block_size 2");
    driver_destroy(d);

    d = driver_create("DequantizeLinear", 25);
    driver_random(d, TENON_F32, 2, DIMS(2, 6), 0, 9);
    driver_random_const(d, TENON_F32, 0, NULL, 1, 2);
    driver_refuse(d, TENON_ETYPE, "float32 is no quantised type");
    driver_destroy(d);

    d = driver_create("QLinearAdd", 17);
    driver_random(d, TENON_U8, 1, DIMS(2), 0, 9);
    input_f32(d, 1);
    input_i8(d, 1);
    driver_random(d, TENON_U8, 1, DIMS(2), 0, 9);
    input_f32(d, 1);
    input_u8(d, 1);
    input_f32(d, 1);
    driver_refuse(d, TENON_ETYPE, "a zero point, is int8");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(whole_tensor), CASE(many_sizes),   CASE(each_axis),
                                      CASE(in_blocks),    CASE(small_floats), CASE(precision),
                                      CASE(dynamic),      CASE(add_and_mul),  CASE(tables),
                                      CASE(concat),       CASE(softmax),      CASE(pools),
                                      CASE(refusals)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
