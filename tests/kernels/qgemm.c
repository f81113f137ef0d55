/* SPDX-License-Identifier: Apache-2.0 */
/* Byte matrix products: every row against sums in 64 bits, exactly. */
#include "kernels/qgemm/qgemm.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/rows.h"

typedef struct problem {
    int64_t m, n, k;
    uint8_t *a, *b;
    bool a_turned, b_turned;
    tenon__qgemm g; /* c is not set */
    char what[160];
} problem;

static void pack_b(const tenon__qgemm_row *row, problem *p)
{
    size_t bytes;
    assert_true(tenon__qgemm_panel_bytes(row, p->k, &bytes));
    const int64_t panels = tenon__qgemm_panels(row, p->n);
    uint8_t *packed = rows_output(bytes * (size_t)panels, 64);
    tenon__qgemm_pack pack = {.b = p->b,
                              .is_signed = p->g.b_signed,
                              .row = p->b_turned ? 1 : p->n,
                              .col = p->b_turned ? p->k : 1,
                              .k = p->k,
                              .n = p->n,
                              .first = 0,
                              .count = panels / 2,
                              .dst = packed};
    row->pack(&pack);
    pack.first = panels / 2;
    pack.count = panels - panels / 2;
    row->pack(&pack);
    p->g.b = packed;
}

static int32_t *random_ints(int64_t count, int64_t low, int64_t high)
{
    int32_t *list = rows_source((size_t)count * 4, 4);
    for (int64_t i = 0; i < count; i++)
        list[i] = (int32_t)test_random_in(low, high);
    return list;
}

static float *random_floats(int64_t count, double low, double high)
{
    float *list = rows_source((size_t)count * 4, 4);
    for (int64_t i = 0; i < count; i++)
        list[i] = (float)test_random_real(low, high);
    return list;
}

/* Signs, zero points, bias and output as the random numbers want them. `extreme`: bytes are all
 * 0, 127, 128 or 255. */
static problem *problem_create(const tenon__qgemm_row *row, int64_t m, int64_t n, int64_t k,
                               bool extreme)
{
    static problem p;
    size_t scratch;
    p = (problem){.m = m, .n = n, .k = k};
    p.a_turned = test_random() % 4 == 0;
    p.b_turned = test_random() % 2 == 0;
    p.a = rows_source((size_t)(m * k), 1);
    p.b = rows_source((size_t)(n * k), 1);
    rows_fill_bytes(p.a, (size_t)(m * k));
    rows_fill_bytes(p.b, (size_t)(n * k));
    static const uint8_t ends[] = {0, 127, 128, 255};
    for (int64_t i = 0; extreme && i < m * k; i++)
        p.a[i] = ends[p.a[i] % 4];
    for (int64_t i = 0; extreme && i < n * k; i++)
        p.b[i] = ends[p.b[i] % 4];
    assert_true(tenon__qgemm_scratch_bytes(row, k, &scratch));
    tenon__qgemm *g = &p.g;
    *g = (tenon__qgemm){.m = m, .n = n, .k = k, .a = p.a, .c_row = n};
    g->a_row = p.a_turned ? 1 : k;
    g->a_col = p.a_turned ? m : 1;
    g->a_signed = test_random() % 2;
    g->b_signed = test_random() % 2;
    if (test_random() % 3) g->a_zero = (int32_t)test_random_in(0, 255) - (g->a_signed ? 128 : 0);
    const int low = g->b_signed ? -128 : 0;
    if (test_random() % 3 == 0)
        g->b_zero = random_ints(n, low, low + 255);
    else if (test_random() % 2)
        g->b_zero = random_ints(n, low + 128, low + 128); /* the usual one */
    if (test_random() % 2) g->bias = random_ints(n, -100000, 100000);
    g->out = (tenon__qgemm_out)(test_random() % 4);
    if (g->out != TENON__QGEMM_I32) {
        const double reach = 300.0 / (128.0 * 128.0 * (double)(k + 1));
        g->scale = random_floats(n, reach / 4, reach * 4);
        g->y_zero = (int32_t)test_random_in(0, 255) - (g->out == TENON__QGEMM_I8 ? 128 : 0);
    }
    if (g->out == TENON__QGEMM_F32) {
        if (test_random() % 2) g->tail.bias = random_floats(n, -1, 1);
        if (test_random() % 3 == 0) g->tail.residual = random_floats(m * n, -1, 1);
        if (test_random() % 2)
            g->tail = (tenon__epilogue){.bias = g->tail.bias,
                                        .residual = g->tail.residual,
                                        .kind = TENON__ACT_CLIP,
                                        .alpha = -0.5f,
                                        .beta = 100};
    }
    g->scratch = rows_output(scratch, 64);
    (void)snprintf(p.what, sizeof p.what, "m %d, n %d, k %d, A %s%s, B %s%s, out %d%s", (int)m,
                   (int)n, (int)k, g->a_signed ? "signed" : "unsigned", p.a_turned ? " turned" : "",
                   g->b_signed ? "signed" : "unsigned", p.b_turned ? " turned" : "", (int)g->out,
                   g->b_zero ? ", zero points" : "");
    pack_b(row, &p);
    return &p;
}

static int64_t value(const uint8_t *p, int64_t at, bool is_signed)
{
    return is_signed ? (int8_t)p[at] : p[at];
}

/* From the operands as they lie, into elements of the output's type. */
static void expect(const problem *p, void *out)
{
    const tenon__qgemm *g = &p->g;
    for (int64_t i = 0; i < p->m; i++) {
        for (int64_t j = 0; j < p->n; j++) {
            int64_t sum = g->bias ? g->bias[j] : 0;
            for (int64_t q = 0; q < p->k; q++)
                sum += (value(p->a, p->a_turned ? q * p->m + i : i * p->k + q, g->a_signed) -
                        g->a_zero) *
                       (value(p->b, p->b_turned ? j * p->k + q : q * p->n + j, g->b_signed) -
                        (g->b_zero ? g->b_zero[j] : 0));
            const int64_t at = i * p->n + j;
            const uint32_t low = (uint32_t)sum;
            int32_t wrapped;
            memcpy(&wrapped, &low, sizeof wrapped);
            if (g->out == TENON__QGEMM_I32) {
                ((int32_t *)out)[at] = wrapped;
                continue;
            }
            float f = (float)wrapped * g->scale[j];
            if (g->out == TENON__QGEMM_F32) {
                if (g->tail.bias) f += g->tail.bias[j];
                if (g->tail.residual) f += g->tail.residual[at];
                ((float *)out)[at] = tenon__activate(&g->tail, f);
                continue;
            }
            const double whole = nearbyint((double)f) + g->y_zero;
            const double least = g->out == TENON__QGEMM_U8 ? 0 : -128;
            ((uint8_t *)out)[at] = (uint8_t)(int)fmin(fmax(whole, least), least + 255);
        }
    }
}

static size_t out_bytes(const problem *p)
{
    const bool bytes = p->g.out == TENON__QGEMM_U8 || p->g.out == TENON__QGEMM_I8;
    return (size_t)(p->m * p->n) * (bytes ? 1 : 4);
}

static void check_one(const tenon__qgemm_row *row, int64_t m, int64_t n, int64_t k, bool extreme)
{
    problem *p = problem_create(row, m, n, k, extreme);
    const size_t bytes = out_bytes(p), align = bytes == (size_t)(m * n) ? 1 : 4;
    void *c = rows_output(bytes, align), *wanted = rows_source(bytes, align);
    p->g.c = c;
    row->run(&p->g);
    expect(p, wanted);
    rows_same(p->what, c, wanted, bytes);
    rows_release();
}

static void heights(const void *r)
{
    const tenon__qgemm_row *row = r;
    for (int64_t m = 0; m <= 2 * row->mr + 1; m++)
        for (int64_t n = 0; n <= 4 * row->nr + 1; n += n < 3 ? 1 : row->nr / 2 + 1)
            check_one(row, m, n, test_random_in(0, 40), false);
}

static void edges(const void *r)
{
    const tenon__qgemm_row *row = r;
    static const int64_t ks[] = {1, 2, 3, 4, 5, 63, 64, 65, 1024}, ms[] = {1, 2, 47, 48, 49, 100};
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
        for (size_t j = 0; j < sizeof ms / sizeof *ms; j++)
            for (int d = -1; d <= 1; d++)
                check_one(row, ms[j], row->nr + d, ks[i], false);
}

static void outputs(const void *r)
{
    const tenon__qgemm_row *row = r;
    for (int i = 0; i < 400; i++)
        check_one(row, test_random_in(1, 3 * row->mr), test_random_in(1, 5 * row->nr),
                  test_random_in(1, 90), false);
}

/* Products of the largest bytes: nothing saturates. */
static void extremes(const void *r)
{
    const tenon__qgemm_row *row = r;
    for (int i = 0; i < 60; i++)
        check_one(row, test_random_in(1, 8), test_random_in(1, 2 * row->nr),
                  test_random_in(1, 3000), true);
}

/* Sums beyond 32 bits wrap, whatever the row. */
static void wraps(const void *r)
{
    const tenon__qgemm_row *row = r;
    const int64_t k = 40000;
    problem *p = problem_create(row, 1, 3, k, false);
    memset(p->a, 255, (size_t)k);
    memset(p->b, 255, (size_t)(3 * k));
    p->g.a_signed = p->g.b_signed = false;
    p->g.a_zero = 0;
    p->g.b_zero = p->g.bias = NULL;
    p->g.a_row = k;
    p->g.a_col = 1;
    p->g.out = TENON__QGEMM_I32;
    pack_b(row, p);
    int32_t *c = rows_output(12, 4);
    p->g.c = c;
    row->run(&p->g);
    for (int j = 0; j < 3; j++)
        assert_true((uint32_t)c[j] == (uint32_t)(UINT64_C(255) * 255 * (uint64_t)k));
}

/* Scales that are not finite, and products far out of range, end at the ends of the range. */
static void scales(const void *r)
{
    const tenon__qgemm_row *row = r;
    const uint8_t a[4] = {255, 255, 255, 255},
                  b[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const float scale[4] = {NAN, INFINITY, -1e30f, 1e30f};
    const uint8_t wanted[4] = {0, 255, 0, 255};
    size_t bytes, scratch;
    assert_true(tenon__qgemm_panel_bytes(row, 4, &bytes));
    assert_true(tenon__qgemm_scratch_bytes(row, 4, &scratch));
    tenon__qgemm g = {.m = 1, .n = 4, .k = 4, .a = a, .a_row = 4, .a_col = 1};
    void *packed = rows_output(bytes, 64);
    tenon__qgemm_pack pack = {.b = b, .row = 4, .col = 1, .k = 4, .n = 4, .count = 1};
    pack.dst = packed;
    row->pack(&pack);
    uint8_t *c = rows_output(4, 1);
    g.b = packed;
    g.out = TENON__QGEMM_U8;
    g.scale = scale;
    g.y_zero = 3;
    g.c = c;
    g.c_row = 4;
    g.scratch = rows_output(scratch, 64);
    row->run(&g);
    rows_same("ends of the range", c, wanted, 4);
}

/* ---- timings -------------------------------------------------------------------------------- */

typedef struct timing {
    const tenon__qgemm_row *row;
    tenon__qgemm g;
    tenon__qgemm_pack pack;
    const uint8_t *weights;
    size_t panel_bytes;
    int64_t copies, turn, panels;
} timing;

static void run_product(void *ctx)
{
    timing *t = ctx;
    const int64_t rows = t->g.m > 96 ? 48 : t->g.m, cols = 8 * t->row->nr;
    const uint8_t *b = t->weights + (size_t)(t->turn * t->panels) * t->panel_bytes;
    const int64_t size = t->g.out == TENON__QGEMM_U8 ? 1 : 4;
    t->turn = (t->turn + 1) % t->copies;
    for (int64_t j = 0; j < t->g.n; j += cols) {
        for (int64_t i = 0; i < t->g.m; i += rows) {
            tenon__qgemm g = t->g;
            g.m = g.m - i < rows ? g.m - i : rows;
            g.n = g.n - j < cols ? g.n - j : cols;
            g.a = (const uint8_t *)g.a + i * g.a_row;
            g.b = b + (size_t)(j / t->row->nr) * t->panel_bytes;
            g.c = (uint8_t *)g.c + (i * g.c_row + j) * size;
            g.scale += j;
            if (g.b_zero) g.b_zero += j;
            t->row->run(&g);
        }
    }
}

static void run_pack(void *ctx)
{
    timing *t = ctx;
    t->row->pack(&t->pack);
}

static void time_product(const tenon__qgemm_row *row, int64_t m, int64_t n, int64_t k, bool mixed,
                         bool cold)
{
    char what[64];
    size_t scratch;
    timing t = {.row = row, .panels = tenon__qgemm_panels(row, n), .copies = 1};
    assert_true(tenon__qgemm_panel_bytes(row, k, &t.panel_bytes));
    assert_true(tenon__qgemm_scratch_bytes(row, k, &scratch));
    const size_t bytes = t.panel_bytes * (size_t)t.panels;
    if (cold) t.copies = (int64_t)((192u << 20) / bytes);
    uint8_t *weights = rows_source(bytes * (size_t)t.copies, 64);
    rows_fill_bytes(weights, bytes);
    for (int64_t i = 1; i < t.copies; i++)
        memcpy(weights + bytes * (size_t)i, weights, bytes);
    t.weights = weights;
    uint8_t *a = rows_source((size_t)(m * k), 64);
    rows_fill_bytes(a, (size_t)(m * k));
    t.g = (tenon__qgemm){.m = m, .n = n, .k = k, .a = a, .a_row = k, .a_col = 1, .c_row = n};
    t.g.b_signed = true;
    t.g.a_zero = 3;
    t.g.out = TENON__QGEMM_U8;
    if (mixed) {
        t.g.a_signed = true;
        t.g.b_zero = random_ints(n, 5, 5);
        t.g.out = TENON__QGEMM_F32;
    }
    t.g.scale = random_floats(n, 1e-6, 1e-3);
    t.g.c = rows_source((size_t)(m * n) * 4, 64);
    t.g.scratch = rows_source(scratch, 64);
    (void)snprintf(what, sizeof what, "%dx%dx%d%s%s", (int)m, (int)n, (int)k,
                   mixed ? " s8, zero, f32" : "", cold ? " cold" : "");
    rows_time(what, row->name, run_product, &t, 2.0 * (double)m * (double)n * (double)k,
              m == 1 ? (double)bytes : 0);
    rows_release();
}

static void product(const void *r)
{
    static const int shapes[][3] = {
        {512, 512, 512},  {1024, 1024, 1024}, {16, 3072, 768},  {128, 768, 768},  {128, 3072, 768},
        {128, 768, 3072}, {3136, 64, 576},    {784, 128, 1152}, {196, 1024, 256}, {196, 256, 2304},
        {49, 512, 4608},  {49, 2048, 512},    {3136, 144, 24},  {128, 64, 128},   {1, 3072, 768},
        {1024, 96, 16},   {1024, 144, 24},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        time_product(r, shapes[i][0], shapes[i][1], shapes[i][2], false, false);
    time_product(r, 128, 768, 768, true, false);
    time_product(r, 1, 3072, 768, true, false);
    time_product(r, 1, 3072, 768, false, true);
    time_product(r, 1, 768, 3072, false, true);
}

static void packing(const void *r)
{
    const tenon__qgemm_row *row = r;
    for (int turned = 0; turned < 2; turned++) {
        timing t = {.row = row, .panels = tenon__qgemm_panels(row, 3072)};
        assert_true(tenon__qgemm_panel_bytes(row, 768, &t.panel_bytes));
        t.pack = (tenon__qgemm_pack){.is_signed = true, .k = 768, .n = 3072, .count = t.panels};
        t.pack.row = turned ? 1 : 3072;
        t.pack.col = turned ? 768 : 1;
        t.pack.b = rows_source(768 * 3072, 1);
        t.pack.dst = rows_source(t.panel_bytes * (size_t)t.panels, 64);
        rows_time(turned ? "pack 3072x768 turned" : "pack 768x3072", row->name, run_pack, &t, 0,
                  2.0 * 768 * 3072);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {
        ROWS_CHECK(heights),  ROWS_CHECK(edges), ROWS_CHECK(outputs),
        ROWS_CHECK(extremes), ROWS_CHECK(wraps), ROWS_CHECK(scales),
    };
    static const rows_check benches[] = {ROWS_CHECK(product), ROWS_CHECK(packing)};
    rows_family f = {.name = "qgemm"};
    const tenon__qgemm_row *row;
    for (size_t i = 0; (row = tenon__qgemm_row_at(i)) != NULL; i++)
        rows_add(&f, row->name, row->needs, row);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
