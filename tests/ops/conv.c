/* SPDX-License-Identifier: Apache-2.0 */
/* Conv and ConvTranspose against their references, over random geometry. */
#include "ops/driver.h"

typedef struct geometry {
    int rank; /* spatial axes */
    int64_t x[6], w[6], group;
    int64_t stride[4], dilation[4], pads[8];
} geometry;

/* Small extents, all features; the kernel fits the padded input. */
static geometry random_geometry(bool transposed)
{
    geometry g = {.rank = (int)test_random_in(1, 3), .group = test_random_in(1, 3)};
    if (test_random_in(0, 1)) g.group = 1;
    const int64_t channels = test_random_in(1, 20), outputs = test_random_in(1, 40);
    g.x[0] = test_random_in(1, 2);
    g.x[1] = channels * g.group;
    g.w[0] = transposed ? channels * g.group : outputs * g.group;
    g.w[1] = transposed ? outputs : channels;
    for (int i = 0; i < g.rank; i++) {
        g.w[2 + i] = test_random_in(1, g.rank == 3 ? 2 : 4);
        g.stride[i] = test_random_in(1, 3);
        g.dilation[i] = test_random_in(1, 3);
        const int64_t reach = (g.w[2 + i] - 1) * g.dilation[i] + 1;
        g.pads[i] = test_random_in(0, 3);
        g.pads[g.rank + i] = test_random_in(0, 3);
        int64_t least = reach - g.pads[i] - g.pads[g.rank + i];
        if (transposed) /* at least one output is left of stride * (in - 1) + reach */
            least = (g.pads[i] + g.pads[g.rank + i] - reach + g.stride[i]) / g.stride[i] + 2;
        if (least < 1) least = 1;
        g.x[2 + i] = least + test_random_in(0, g.rank == 3 ? 3 : g.rank == 2 ? 9 : 50);
    }
    return g;
}

static driver *make(const char *op, const geometry *g, tenon_dtype dtype, bool constant, bool bias)
{
    driver *d = driver_create(op, 22);
    driver_ints(d, "strides", (size_t)g->rank, g->stride);
    driver_ints(d, "dilations", (size_t)g->rank, g->dilation);
    driver_ints(d, "pads", (size_t)(2 * g->rank), g->pads);
    driver_int(d, "group", g->group);
    driver_random(d, dtype, g->rank + 2, g->x, -1, 1);
    if (constant)
        driver_random_const(d, dtype, g->rank + 2, g->w, -1, 1);
    else
        driver_random(d, dtype, g->rank + 2, g->w, -1, 1);
    int64_t m = strcmp(op, "Conv") == 0 ? g->w[0] : g->w[1] * g->group;
    if (bias) driver_random(d, dtype, 1, &m, -1, 1);
    return d;
}

static void random_shapes(const char *op, tenon_dtype dtype)
{
    for (int i = 0; i < test_rounds(60); i++) {
        geometry g = random_geometry(op[4] != '\0');
        driver *d = make(op, &g, dtype, test_random_in(0, 1) == 1, test_random_in(0, 1) == 1);
        driver_check(d);
        driver_destroy(d);
    }
}

static void conv_random(void **state)
{
    (void)state;
    random_shapes("Conv", TENON_F32);
}

static void conv_f64(void **state)
{
    (void)state;
    random_shapes("Conv", TENON_F64);
}

static void transposed_random(void **state)
{
    (void)state;
    random_shapes("ConvTranspose", TENON_F32);
}

static void transposed_f64(void **state)
{
    (void)state;
    random_shapes("ConvTranspose", TENON_F64);
}

static void conv_large(void **state)
{
    (void)state;
    geometry g = {.rank = 2,
                  .x = {1, 70, 33, 35},
                  .w = {130, 70, 3, 3},
                  .group = 1,
                  .stride = {1, 1},
                  .dilation = {1, 1},
                  .pads = {1, 1, 1, 1}};
    for (int i = 0; i < 2; i++) {
        driver *d = make("Conv", &g, TENON_F32, i == 0, true);
        driver_check(d);
        assert_true(driver_tiles(d) > 1);
        driver_destroy(d);
    }
}

static void conv_fused(void **state)
{
    (void)state;
    static const char *const kinds[] = {"Relu", "Clip",      "LeakyRelu", "Sigmoid",
                                        "Tanh", "HardSwish", "Silu",      "Gelu"};
    for (size_t i = 0; i < TEST_COUNT(kinds); i++) {
        geometry g = {.rank = 2,
                      .x = {2, 6, 9, 11},
                      .w = {10, 6, 3, 3},
                      .group = 1,
                      .stride = {1, 1},
                      .dilation = {1, 1},
                      .pads = {1, 1, 1, 1}};
        driver *d = make("Conv", &g, TENON_F32, true, true);
        driver_text(d, "activation", kinds[i]);
        if (i == 1) {
            driver_float(d, "activation_alpha", -0.5f);
            driver_float(d, "activation_beta", 0.75f);
        }
        if (i % 2) driver_random(d, TENON_F32, 4, (int64_t[]){2, 10, 9, 11}, -1, 1);
        driver_check(d);
        driver_destroy(d);
    }
}

static void conv_auto_pad(void **state)
{
    (void)state;
    driver *d = driver_create("Conv", 11);
    const float x[] = {1, 2, 3, 4, 5}, w[] = {1, 10}, upper[] = {21, 43, 5}, lower[] = {10, 32, 54};
    for (int i = 0; i < 2; i++) {
        d = i ? driver_create("Conv", 11) : d;
        driver_text(d, "auto_pad", i ? "SAME_LOWER" : "SAME_UPPER");
        driver_ints(d, "strides", 1, (int64_t[]){2});
        driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 5}, x);
        driver_const(d, TENON_F32, 3, (int64_t[]){1, 1, 2}, w);
        driver_check(d);
        driver_expect(d, 0, TENON_F32, 3, (int64_t[]){1, 1, 3}, i ? lower : upper);
        driver_destroy(d);
    }
}

static void conv_empty(void **state)
{
    (void)state;
    geometry g = {.rank = 2,
                  .x = {0, 4, 5, 5},
                  .w = {3, 4, 2, 2},
                  .group = 1,
                  .stride = {1, 1},
                  .dilation = {1, 1}};
    driver *d = make("Conv", &g, TENON_F32, true, true);
    driver_check(d);
    driver_destroy(d);
    g.x[0] = 1;
    g.x[1] = g.w[1] = 0; /* nothing to sum: the bias is left */
    d = make("Conv", &g, TENON_F32, false, true);
    driver_check(d);
    driver_destroy(d);
}

static void conv_refuses(void **state)
{
    (void)state;
    tenon_error err;
    driver *d = driver_create("Conv", 11);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 3, 5, 5}, 0, 1);
    driver_random_const(d, TENON_F32, 4, (int64_t[]){2, 4, 3, 3}, 0, 1);
    assert_int_equal(driver_run(d, 0, &err), TENON_ESHAPE);
    driver_destroy(d);
    d = driver_create("Conv", 11);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 4, 2, 5}, 0, 1);
    driver_random_const(d, TENON_F32, 4, (int64_t[]){2, 4, 3, 3}, 0, 1);
    assert_int_equal(driver_run(d, 0, &err), TENON_ESHAPE);
    driver_destroy(d);
    d = driver_create("Conv", 11);
    driver_ints(d, "strides", 2, (int64_t[]){0, 1});
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 4, 5, 5}, 0, 1);
    driver_random_const(d, TENON_F32, 4, (int64_t[]){2, 4, 3, 3}, 0, 1);
    assert_int_equal(driver_run(d, 0, &err), TENON_EFORMAT);
    driver_destroy(d);
}

static void transposed_extents(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        driver *d = driver_create("ConvTranspose", 11);
        driver_ints(d, "strides", 2, (int64_t[]){3, 2});
        if (i == 0) driver_ints(d, "output_padding", 2, (int64_t[]){1, 1});
        if (i == 1) driver_ints(d, "output_shape", 2, (int64_t[]){10, 8});
        if (i == 2) driver_text(d, "auto_pad", "SAME_UPPER");
        if (i == 3) driver_text(d, "auto_pad", "SAME_LOWER");
        driver_random(d, TENON_F32, 4, (int64_t[]){1, 2, 3, 3}, -1, 1);
        driver_random_const(d, TENON_F32, 4, (int64_t[]){2, 3, 3, 3}, -1, 1);
        driver_check(d);
        driver_destroy(d);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(conv_random),    CASE(conv_f64),           CASE(conv_large),   CASE(conv_fused),
        CASE(conv_auto_pad),  CASE(conv_empty),         CASE(conv_refuses), CASE(transposed_random),
        CASE(transposed_f64), CASE(transposed_extents),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
