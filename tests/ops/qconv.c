/* SPDX-License-Identifier: Apache-2.0 */
/* ConvInteger and QLinearConv against their references, over random geometry; every bit counts. */
#include "ops/driver.h"

typedef struct geometry {
    int rank;
    int64_t x[6], w[6], group, stride[4], dilation[4], pads[8];
} geometry;

static geometry random_geometry(void)
{
    geometry g = {.rank = (int)test_random_in(1, 3), .group = 1};
    int64_t channels = test_random_in(1, 70), outputs = test_random_in(1, 70);
    if (test_random_in(0, 2) == 0) g.group = test_random_in(2, 5);
    if (test_random_in(0, 3) == 0) channels = outputs = 1;
    g.x[0] = test_random_in(1, 2);
    g.x[1] = channels * g.group;
    g.w[0] = outputs * g.group;
    g.w[1] = channels;
    for (int i = 0; i < g.rank; i++) {
        g.w[2 + i] = test_random_in(1, g.rank == 3 ? 2 : 4);
        g.stride[i] = test_random_in(1, 3);
        g.dilation[i] = test_random_in(1, 2);
        const int64_t reach = (g.w[2 + i] - 1) * g.dilation[i] + 1;
        g.pads[i] = test_random_in(0, 3);
        g.pads[g.rank + i] = test_random_in(0, 3);
        int64_t least = reach - g.pads[i] - g.pads[g.rank + i];
        if (least < 1) least = 1;
        g.x[2 + i] = least + test_random_in(0, g.rank == 3 ? 3 : g.rank == 2 ? 9 : 300);
    }
    return g;
}

static driver *start(const char *op, const geometry *g)
{
    driver *d = driver_create(op, 10);
    driver_ints(d, "strides", (size_t)g->rank, g->stride);
    driver_ints(d, "dilations", (size_t)g->rank, g->dilation);
    driver_ints(d, "pads", (size_t)(2 * g->rank), g->pads);
    driver_int(d, "group", g->group);
    return d;
}

static tenon_dtype any_byte(void)
{
    return test_random_in(0, 1) ? TENON_U8 : TENON_I8;
}

static void random_bytes(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, bool constant)
{
    const double low = dtype == TENON_U8 ? 0 : -128;
    if (constant)
        driver_random_const(d, dtype, rank, dims, low, low + 256);
    else
        driver_random(d, dtype, rank, dims, low, low + 256);
}

static void conv_integer(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        const geometry g = random_geometry();
        const tenon_dtype x = any_byte(), w = any_byte();
        driver *d = start("ConvInteger", &g);
        random_bytes(d, x, g.rank + 2, g.x, false);
        random_bytes(d, w, g.rank + 2, g.w, test_random_in(0, 1) == 1);
        if (test_random_in(0, 1)) {
            random_bytes(d, x, 0, NULL, true);
            if (test_random_in(0, 1)) random_bytes(d, w, 1, &g.w[0], true);
        }
        driver_check(d);
        driver_destroy(d);
    }
}

static void qlinear_conv(void **state)
{
    (void)state;
    for (int i = 0; i < 80; i++) {
        const geometry g = random_geometry();
        const tenon_dtype x = any_byte(), w = any_byte(), y = any_byte();
        const bool each = test_random_in(0, 1) == 1, zeros = test_random_in(0, 1) == 1;
        const float x_scale = 0.02f, y_scale = 0.5f + 0.01f * (float)g.w[1];
        driver *d = start("QLinearConv", &g);
        random_bytes(d, x, g.rank + 2, g.x, false);
        driver_const(d, TENON_F32, 0, NULL, &x_scale);
        random_bytes(d, x, 0, NULL, true);
        random_bytes(d, w, g.rank + 2, g.w, test_random_in(0, 3) > 0);
        driver_random_const(d, TENON_F32, each, &g.w[0], 0.01, 0.05);
        driver_random_const(d, w, each, &g.w[0], 0, zeros ? 0 : 100);
        driver_const(d, TENON_F32, 0, NULL, &y_scale);
        random_bytes(d, y, 0, NULL, true);
        if (test_random_in(0, 1)) driver_random_const(d, TENON_I32, 1, &g.w[0], -3000, 3000);
        driver_check(d);
        driver_destroy(d);
    }
}

static void qlinear_large(void **state)
{
    (void)state;
    geometry g = {.rank = 2,
                  .x = {1, 64, 24, 24},
                  .w = {72, 64, 3, 3},
                  .group = 1,
                  .stride = {1, 1},
                  .dilation = {1, 1},
                  .pads = {1, 1, 1, 1}};
    const float scale = 0.02f, y_scale = 1.5f;
    const uint8_t x_zero = 131, y_zero = 120;
    const int8_t w_zero = 0;
    driver *d = start("QLinearConv", &g);
    random_bytes(d, TENON_U8, 4, g.x, false);
    driver_const(d, TENON_F32, 0, NULL, &scale);
    driver_const(d, TENON_U8, 0, NULL, &x_zero);
    random_bytes(d, TENON_I8, 4, g.w, true);
    driver_const(d, TENON_F32, 0, NULL, &scale);
    driver_const(d, TENON_I8, 0, NULL, &w_zero);
    driver_const(d, TENON_F32, 0, NULL, &y_scale);
    driver_const(d, TENON_U8, 0, NULL, &y_zero);
    driver_check(d);
    assert_true(driver_tiles(d) > 1);
    driver_destroy(d);
}

/* Depthwise, one group or some; channels last. */
static void channels_last(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 2, 3, 4, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100};
    for (int i = 0; i < 160; i++) {
        geometry g = random_geometry();
        const tenon_dtype x = any_byte(), w = any_byte(), y = any_byte();
        const bool each = test_random_in(0, 1) == 1, zeros = test_random_in(0, 1) == 1;
        const int64_t groups = i % 3 ? 1 : test_random_in(2, 4);
        const int64_t channels =
            groups * counts[test_random_in(0, (int64_t)TEST_COUNT(counts) - 1)];
        const bool depthwise = groups == 1 && channels > 1 && test_random_in(0, 1) == 1;
        while (g.rank == 3)
            g = random_geometry();
        if (i % 4 == 0) { /* 1 x 1, as it lies */
            for (int k = 0; k < g.rank; k++) {
                g.w[2 + k] = g.stride[k] = 1;
                g.pads[k] = g.pads[g.rank + k] = 0;
            }
        }
        int64_t dims[4] = {g.x[0], g.x[2], 0, channels};
        const int64_t outputs = depthwise ? channels : groups * test_random_in(1, 70);
        for (int k = 0; k < g.rank; k++)
            dims[1 + k] = g.x[2 + k];
        dims[g.rank + 1] = channels;
        g.group = depthwise ? channels : groups;
        g.w[0] = outputs;
        g.w[1] = channels / g.group;
        const float x_scale = 0.02f, y_scale = 0.5f + 0.01f * (float)g.w[1];
        driver *d = start("QLinearConvLast", &g);
        random_bytes(d, x, g.rank + 2, dims, false);
        driver_const(d, TENON_F32, 0, NULL, &x_scale);
        random_bytes(d, x, 0, NULL, true);
        random_bytes(d, w, g.rank + 2, g.w, true);
        driver_random_const(d, TENON_F32, each, &g.w[0], 0.01, 0.05);
        driver_random_const(d, w, each, &g.w[0], 0, zeros ? 0 : 100);
        driver_const(d, TENON_F32, 0, NULL, &y_scale);
        random_bytes(d, y, 0, NULL, true);
        if (test_random_in(0, 1)) driver_random_const(d, TENON_I32, 1, &g.w[0], -3000, 3000);
        driver_check(d);
        driver_destroy(d);
    }
}

static void channels_last_large(void **state)
{
    (void)state;
    static const struct {
        int64_t in, channels, outputs, kernel;
    } list[] = {
        {40, 96, 24, 1}, {9, 300, 700, 1}, {24, 64, 72, 3}, {60, 3, 32, 3}, {40, 144, 0, 3}};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const int64_t k = list[i].kernel, group = list[i].outputs ? 1 : list[i].channels;
        const int64_t outputs = list[i].outputs ? list[i].outputs : group;
        const geometry g = {.rank = 2,
                            .group = group,
                            .stride = {1, 1},
                            .dilation = {1, 1},
                            .pads = {k / 2, k / 2, k / 2, k / 2}};
        const int64_t x[] = {1, list[i].in, list[i].in, list[i].channels},
                      w[] = {outputs, list[i].channels / group, k, k};
        const float scale = 0.02f, y_scale = 1.5f;
        const uint8_t x_zero = 131, y_zero = 120;
        const int8_t w_zero = 0;
        driver *d = start("QLinearConvLast", &g);
        random_bytes(d, TENON_U8, 4, x, false);
        driver_const(d, TENON_F32, 0, NULL, &scale);
        driver_const(d, TENON_U8, 0, NULL, &x_zero);
        random_bytes(d, TENON_I8, 4, w, true);
        driver_const(d, TENON_F32, 0, NULL, &scale);
        driver_const(d, TENON_I8, 0, NULL, &w_zero);
        driver_const(d, TENON_F32, 0, NULL, &y_scale);
        driver_const(d, TENON_U8, 0, NULL, &y_zero);
        driver_check(d);
        assert_true(driver_tiles(d) > 1);
        driver_destroy(d);
    }
}

/* An image without columns, or lines: padding alone. */
static void channels_last_of_padding(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        const int64_t channels = i & 2 ? 40 : 5, group = i & 4 ? channels : 1;
        const geometry g = {
            .rank = 2, .group = group, .stride = {1, 1}, .dilation = {1, 1}, .pads = {2, 2, 2, 2}};
        const int64_t x[] = {2, i & 1 ? 0 : 3, i & 1 ? 3 : 0, channels},
                      w[] = {channels, channels / group, 3, 3};
        const float scale = 0.02f, y_scale = 1.5f;
        const uint8_t x_zero = 131, y_zero = 120;
        const int8_t w_zero = 0;
        driver *d = start("QLinearConvLast", &g);
        driver_input(d, TENON_U8, 4, x, NULL);
        driver_const(d, TENON_F32, 0, NULL, &scale);
        driver_const(d, TENON_U8, 0, NULL, &x_zero);
        random_bytes(d, TENON_I8, 4, w, true);
        driver_const(d, TENON_F32, 0, NULL, &scale);
        driver_const(d, TENON_I8, 0, NULL, &w_zero);
        driver_const(d, TENON_F32, 0, NULL, &y_scale);
        driver_const(d, TENON_U8, 0, NULL, &y_zero);
        driver_random_const(d, TENON_I32, 1, &channels, -300000, 300000);
        driver_check(d);
        driver_destroy(d);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(conv_integer),        CASE(qlinear_conv),
                                      CASE(qlinear_large),       CASE(channels_last),
                                      CASE(channels_last_large), CASE(channels_last_of_padding)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
