/* SPDX-License-Identifier: Apache-2.0 */
/* BlockedConv against the plain reference: direct, depthwise, Winograd, stems. */
#include "ops/driver.h"

typedef struct geometry {
    int64_t x[4], w[4], y[4], group, stride[2], dilation[2], pads[4];
} geometry;

static geometry random_geometry(int64_t channels, int64_t outputs, bool depthwise)
{
    geometry g = {.group = depthwise ? channels : 1};
    g.x[0] = g.y[0] = test_random_in(1, 2);
    g.x[1] = channels;
    g.y[1] = g.w[0] = depthwise ? channels : outputs;
    g.w[1] = depthwise ? 1 : channels;
    for (int i = 0; i < 2; i++) {
        g.w[2 + i] = test_random_in(1, 5);
        g.stride[i] = test_random_in(1, 2);
        g.dilation[i] = test_random() % 4 ? 1 : 2;
        g.pads[i] = test_random_in(0, 3);
        g.pads[2 + i] = test_random_in(0, 3);
        const int64_t reach = (g.w[2 + i] - 1) * g.dilation[i] + 1;
        int64_t least = reach - g.pads[i] - g.pads[2 + i];
        if (least < 1) least = 1;
        g.x[2 + i] = least + test_random_in(0, 20);
    }
    return g;
}

/* The output's extents, for a residual. */
static void finish(geometry *g)
{
    for (int i = 0; i < 2; i++) {
        const int64_t reach = (g->w[2 + i] - 1) * g->dilation[i] + 1;
        g->y[2 + i] = (g->x[2 + i] + g->pads[i] + g->pads[2 + i] - reach) / g->stride[i] + 1;
    }
}

static void check(geometry *g, bool plain)
{
    static const char *const kinds[] = {"", "Relu", "Silu", "HardSwish"};
    driver *d = driver_create("BlockedConv", 22);
    const bool residual = test_random() % 2, factor = test_random() % 4 == 0;
    finish(g);
    driver_ints(d, "strides", 2, g->stride);
    driver_ints(d, "dilations", 2, g->dilation);
    driver_ints(d, "pads", 4, g->pads);
    driver_int(d, "group", g->group);
    driver_text(d, "activation", kinds[test_random_in(0, TEST_COUNT(kinds) - 1)]);
    driver_random(d, TENON_F32, 4, g->x, -1, 1);
    if (!plain) driver_blocked(d);
    driver_random_const(d, TENON_F32, 4, g->w, -1, 1);
    if (test_random() % 2)
        driver_random_const(d, TENON_F32, 1, g->w, -1, 1);
    else
        driver_absent(d);
    if (residual) {
        driver_random(d, TENON_F32, 4, g->y, -1, 1);
        driver_blocked(d);
    } else {
        driver_absent(d);
    }
    if (factor) driver_random_const(d, TENON_F32, 1, g->w, 0.5, 2);
    driver_check(d);
    driver_destroy(d);
}

static void direct(void **state)
{
    (void)state;
    for (int i = 0; i < test_rounds(60); i++) {
        geometry g = random_geometry(test_random_in(1, 40), test_random_in(1, 70), false);
        check(&g, false);
    }
}

static void pointwise(void **state)
{
    (void)state;
    for (int i = 0; i < test_rounds(20); i++) {
        geometry g = {.x = {2, test_random_in(1, 70), test_random_in(1, 20), test_random_in(1, 20)},
                      .group = 1,
                      .stride = {1, 1},
                      .dilation = {1, 1}};
        g.w[0] = g.y[1] = test_random_in(1, 150);
        g.w[1] = g.x[1];
        g.w[2] = g.w[3] = 1;
        g.y[0] = 2;
        check(&g, false);
    }
}

static void stem(void **state)
{
    (void)state;
    for (int i = 0; i < test_rounds(20); i++) {
        geometry g = random_geometry(test_random_in(1, 4), test_random_in(1, 70), false);
        check(&g, true);
    }
}

static void depthwise(void **state)
{
    (void)state;
    for (int i = 0; i < test_rounds(40); i++) {
        geometry g = random_geometry(test_random_in(2, 70), 0, true);
        check(&g, false);
    }
}

static void winograd(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        geometry g = {.x = {test_random_in(1, 2), test_random_in(32, 70), test_random_in(12, 22),
                            test_random_in(12, 22)},
                      .group = 1,
                      .stride = {1, 1},
                      .dilation = {1, 1},
                      .pads = {1, 1, 1, 1}};
        g.w[0] = g.y[1] = test_random_in(32, 100);
        g.w[1] = g.x[1];
        g.w[2] = g.w[3] = 3;
        g.y[0] = g.x[0];
        check(&g, false);
    }
}

static void empty(void **state)
{
    (void)state;
    geometry g = {.x = {0, 20, 5, 5},
                  .w = {30, 20, 3, 3},
                  .y = {0, 30},
                  .group = 1,
                  .stride = {1, 1},
                  .dilation = {1, 1}};
    check(&g, false);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(direct), CASE(pointwise), CASE(stem), CASE(depthwise), CASE(winograd), CASE(empty),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
