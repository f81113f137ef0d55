/* SPDX-License-Identifier: Apache-2.0 */
/* f32 matrix products: every row against a plain sum in double, and its own bits under other cuts.
 */
#include "kernels/gemm/gemm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"
#include "tensor/convert.h"

typedef struct problem {
    int64_t m, n, k;
    float *a, *b, *bias, *residual, *packed;
    bool a_turned, b_turned; /* as [k, m], [n, k] */
    tenon__gemm g;           /* c is not set */
    char what[160];
} problem;

static void *scratch_of(const tenon__gemm_row *row)
{
    return row->scratch_bytes ? rows_output(row->scratch_bytes, 64) : NULL;
}

static void pack_b(const tenon__gemm_row *row, problem *p)
{
    size_t bytes;
    assert_true(tenon__gemm_packed_bytes(row, p->k, p->n, &bytes));
    p->packed = rows_output(bytes, 64);
    const int64_t panels = tenon__gemm_panels(row, p->n);
    tenon__gemm_pack pack = {TENON_F32, p->b, p->n, 1, p->k, p->n, 0, panels / 2, p->packed};
    if (p->b_turned) pack.row = 1, pack.col = p->k;
    row->pack(&pack);
    pack.first = panels / 2;
    pack.count = panels - panels / 2;
    row->pack(&pack);
    p->g.b = p->packed;
    p->g.b_row = row->nr;
    p->g.b_panel = row->nr * p->k;
}

static problem *problem_create(const tenon__gemm_row *row, int64_t m, int64_t n, int64_t k,
                               rows_kind kind)
{
    static problem p;
    p = (problem){.m = m, .n = n, .k = k};
    p.a_turned = test_random() % 4 == 0;
    p.b_turned = test_random() % 2 == 0;
    p.a = rows_source((size_t)(m * k) * 4, 4);
    p.b = rows_source((size_t)(n * k) * 4, 4);
    rows_fill(p.a, (size_t)(m * k), kind);
    rows_fill(p.b, (size_t)(n * k), kind);
    p.g = (tenon__gemm){.m = m, .n = n, .k = k, .a = p.a, .c_row = n, .scale = 1};
    p.g.a_row = p.a_turned ? 1 : k;
    p.g.a_col = p.a_turned ? m : 1;
    p.g.scratch = scratch_of(row);
    (void)snprintf(p.what, sizeof p.what, "m %d, n %d, k %d%s%s", (int)m, (int)n, (int)k,
                   p.a_turned ? ", A turned" : "", p.b_turned ? ", B turned" : "");
    pack_b(row, &p);
    return &p;
}

/* Some epilogue, which also tells how exact it can be. */
static void epilogue_random(problem *p, rows_kind kind)
{
    tenon__epilogue *e = &p->g.epilogue;
    if (test_random() % 2) {
        p->g.bias_by_row = test_random() % 3 == 0;
        const int64_t count = p->g.bias_by_row ? p->m : p->n;
        p->bias = rows_source((size_t)count * 4, 4);
        rows_fill(p->bias, (size_t)count, kind);
        e->bias = p->bias;
    }
    if (test_random() % 3 == 0) {
        p->residual = rows_source((size_t)(p->m * p->n) * 4, 4);
        rows_fill(p->residual, (size_t)(p->m * p->n), kind);
        e->residual = p->residual;
        p->g.residual_scale = test_random() % 2 ? 1.0f : 0.5f;
    }
    if (test_random() % 4 == 0) p->g.scale = 0.25f;
    if (test_random() % 2) {
        e->kind = (tenon__activation)(test_random() % (TENON__ACT_GELU_TANH + 1));
        e->alpha = e->kind == TENON__ACT_HARDSWISH ? 1.0f / 6 : 0.125f;
        e->beta = e->kind == TENON__ACT_HARDSWISH ? 0.5f : 2.5f;
    }
    p->g.accumulate = test_random() % 5 == 0;
    (void)snprintf(p->what + strlen(p->what), sizeof p->what - strlen(p->what),
                   ", activation %d%s%s%s", (int)e->kind, e->bias ? ", bias" : "",
                   e->residual ? ", residual" : "", p->g.accumulate ? ", accumulate" : "");
}

/* In double, from the operands as they lie. Returns how far off, relative to the largest output, a
 * chain of roundings may be. */
static double expect(const problem *p, const float *before, float *out)
{
    const tenon__epilogue *e = &p->g.epilogue;
    double terms = 0, largest = 1e-30;
    for (int64_t i = 0; i < p->m; i++) {
        for (int64_t j = 0; j < p->n; j++) {
            double sum = p->g.accumulate ? (double)before[i * p->n + j] : 0;
            double size = fabs(sum);
            for (int64_t q = 0; q < p->k; q++) {
                const double term = (double)p->a[p->a_turned ? q * p->m + i : i * p->k + q] *
                                    (double)p->b[p->b_turned ? j * p->k + q : q * p->n + j];
                sum += term;
                size += fabs(term);
            }
            if (isfinite(size)) terms = fmax(terms, size);
            sum *= (double)p->g.scale;
            if (e->bias) sum += (double)e->bias[p->g.bias_by_row ? i : j];
            if (e->residual) sum += (double)p->g.residual_scale * (double)e->residual[i * p->n + j];
            const float v = tenon__activate(e, (float)sum);
            if (isfinite(v)) largest = fmax(largest, fabs((double)v));
            out[i * p->n + j] = v;
        }
    }
    return 1e-6 + 2e-7 * terms / largest;
}

/* Every height of a tile, every kind of panel's end, blocks of k that end short. */
static void compare(const tenon__gemm_row *row, int64_t m, int64_t n, int64_t k, rows_kind kind,
                    bool plain)
{
    problem *p = problem_create(row, m, n, k, kind);
    if (!plain) epilogue_random(p, kind);
    const size_t count = (size_t)(m * n);
    float *before = rows_source(count * 4, 4), *wanted = rows_source(count * 4, 4);
    rows_fill(before, count, kind);
    float *c = rows_output(count * 4, 4);
    memcpy(c, before, count * 4);
    p->g.c = c;
    row->run(&p->g);
    const double tolerance = expect(p, before, wanted);
    rows_compare(p->what, c, wanted, count, plain && kind == ROWS_WHOLE ? 0 : tolerance);
    rows_release();
}

static void heights(const void *r)
{
    const tenon__gemm_row *row = r;
    for (int64_t m = 0; m <= 2 * row->mr + 1; m++)
        for (int64_t n = 0; n <= 4 * row->nr + 1; n += n < 3 ? 1 : row->nr / 2 + 1)
            compare(row, m, n, test_random_in(0, 40), ROWS_WHOLE, true);
}

static void edges(const void *r)
{
    const tenon__gemm_row *row = r;
    const int64_t ks[] = {1, 2, 255, 511, 512, 513, 1030}, ms[] = {1, 2, 95, 96, 97, 100};
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
        for (size_t j = 0; j < sizeof ms / sizeof *ms; j++)
            for (int d = -1; d <= 1; d++)
                compare(row, ms[j], row->nr * (1 + (int64_t)i % 2) + d, ks[i], ROWS_WHOLE, true);
}

static void epilogues(const void *r)
{
    const tenon__gemm_row *row = r;
    for (int i = 0; i < test_rounds(300); i++)
        compare(row, test_random_in(1, 3 * row->mr), test_random_in(1, 5 * row->nr),
                test_random_in(0, 8) ? test_random_in(1, 90) : test_random_in(500, 1100),
                ROWS_UNIFORM, false);
}

/* Rows of A whose distance is a power of two are copied together first. */
static void collisions(const void *r)
{
    const tenon__gemm_row *row = r;
    compare(row, 5, 70, 1024, ROWS_WHOLE, true);
    compare(row, 100, 33, 1024, ROWS_WHOLE, true);
    compare(row, 13, 40, 2048, ROWS_UNIFORM, false);
    for (int i = 0; i < 20; i++) /* A turned among them */
        compare(row, test_random_in(row->mr + 1, 110), 40, test_random_in(1, 1100), ROWS_WHOLE,
                true);
}

static void not_finite(const void *r)
{
    const tenon__gemm_row *row = r;
    for (int i = 0; i < test_rounds(100); i++)
        compare(row, test_random_in(1, 2 * row->mr), test_random_in(1, 3 * row->nr),
                test_random_in(1, 12), ROWS_SPECIAL, true);
}

static void relu_keeps_nan(const void *r)
{
    const tenon__gemm_row *row = r;
    problem *p = problem_create(row, 3, 5, 2, ROWS_UNIFORM);
    float *c = rows_output(15 * 4, 4);
    p->a[0] = NAN;
    p->g.c = c;
    p->g.epilogue = (tenon__epilogue){.kind = TENON__ACT_CLIP, .alpha = 0, .beta = INFINITY};
    row->run(&p->g);
    assert_true(isnan(c[0]) && c[14] >= 0);
}

/* The same bits for every cut along m and n, and for B as it lies. */
static void cuts(const void *r)
{
    const tenon__gemm_row *row = r;
    for (int i = 0; i < test_rounds(40); i++) {
        const int64_t m = test_random_in(1, 120), n = test_random_in(1, 6 * row->nr);
        problem *p = problem_create(row, m, n, test_random_in(1, 1200), ROWS_UNIFORM);
        epilogue_random(p, ROWS_UNIFORM);
        p->g.accumulate = false;
        const size_t count = (size_t)(m * n);
        float *whole = rows_output(count * 4, 4), *parts = rows_output(count * 4, 4);
        p->g.c = whole;
        row->run(&p->g);
        const int64_t rows = test_random_in(1, m), panels = test_random_in(1, 4);
        for (int64_t a = 0; a < m; a += rows) {
            for (int64_t j = 0; j < n; j += panels * row->nr) {
                tenon__gemm g = p->g;
                g.m = m - a < rows ? m - a : rows;
                g.n = n - j < panels * row->nr ? n - j : panels * row->nr;
                g.a += a * g.a_row;
                g.b += j / row->nr * g.b_panel;
                g.c = parts + a * n + j;
                if (g.epilogue.bias) g.epilogue.bias += g.bias_by_row ? a : j;
                if (g.epilogue.residual) g.epilogue.residual += a * n + j;
                row->run(&g);
            }
        }
        rows_same(p->what, parts, whole, count * 4);
        if (!p->b_turned) {
            memset(parts, 0xFF, count * 4);
            p->g.b = p->b;
            p->g.b_row = n;
            p->g.b_panel = row->nr;
            p->g.c = parts;
            row->run(&p->g);
            rows_same("B as it lies", parts, whole, count * 4);
        }
        rows_release();
    }
}

static void dots(const void *r)
{
    const tenon__gemm_row *row = r;
    for (int i = 0; i < test_rounds(200); i++) {
        const int64_t m = test_random_in(0, 11), n = test_random_in(1, TENON__GEMM_DOT_MAX);
        problem *p = problem_create(row, m, n, test_random_in(0, 150), ROWS_UNIFORM);
        p->a_turned = false;
        p->b_turned = true;
        p->g.a_row = p->k;
        p->g.a_col = 1;
        epilogue_random(p, ROWS_UNIFORM);
        const size_t count = (size_t)(m * n);
        float *before = rows_source(count * 4, 4), *wanted = rows_source(count * 4, 4);
        rows_fill(before, count, ROWS_UNIFORM);
        float *c = rows_output(count * 4, 4);
        memcpy(c, before, count * 4);
        p->g.c = c;
        p->g.b = p->b;
        row->dot(&p->g, p->k);
        const double tolerance = expect(p, before, wanted);
        rows_compare(p->what, c, wanted, count, tolerance);
        rows_release();
    }
}

/* From any address and either 16-bit type. */
static void packs(const void *r)
{
    const tenon__gemm_row *row = r;
    const tenon_dtype dtypes[] = {TENON_F32, TENON_F16, TENON_BF16};
    for (int i = 0; i < test_rounds(200); i++) {
        const tenon_dtype dtype = dtypes[i % 3];
        const int64_t k = test_random_in(0, 150), n = test_random_in(1, 3 * row->nr);
        const size_t count = (size_t)(k * n), size = dtype == TENON_F32 ? 4 : 2;
        uint8_t *source = rows_source(count * size + 1, 1);
        if (i % 2) source++; /* and the end of it at the end of memory */
        for (size_t e = 0; e < count; e++) {
            const float f = (float)test_random_real(-4, 4);
            const uint16_t h = dtype == TENON_F16 ? tenon__f32_to_f16(f) : tenon__f32_to_bf16(f);
            memcpy(source + e * size, size == 4 ? (const void *)&f : (const void *)&h, size);
        }
        const bool turned = test_random() % 2;
        size_t bytes;
        assert_true(tenon__gemm_packed_bytes(row, k, n, &bytes));
        float *packed = rows_output(bytes, 64);
        const int64_t panels = tenon__gemm_panels(row, n), first = test_random_in(0, panels - 1);
        tenon__gemm_pack pack = {.dtype = dtype, .b = source, .row = turned ? 1 : n};
        pack.col = turned ? k : 1;
        pack.k = k;
        pack.n = n;
        pack.first = first;
        pack.count = panels - first;
        pack.dst = packed;
        row->pack(&pack);
        for (int64_t e = first * k * row->nr; e < panels * k * row->nr; e++) {
            const int64_t p = e / row->nr % k, j = e / row->nr / k * row->nr + e % row->nr;
            const double wanted =
                j < n ? tenon__get_f64(dtype, source, (size_t)(turned ? j * k + p : p * n + j)) : 0;
            if ((double)packed[e] != wanted)
                fail_msg("k %d, n %d, %s, %s: row %d, column %d is %g, not %g", (int)k, (int)n,
                         tenon_dtype_text(dtype), turned ? "turned" : "plain", (int)p, (int)j,
                         (double)packed[e], wanted);
        }
        for (int64_t e = 0; e < first * k * row->nr; e++)
            assert_true(isnan(packed[e])); /* not asked for, not touched */
        rows_release();
    }
}

/* ---- timings -------------------------------------------------------------------------------- */

typedef struct timing {
    const tenon__gemm_row *row;
    tenon__gemm g;
    tenon__gemm_pack pack;
    const float *weights; /* copies of B, taken in turn, so that none is in a cache */
    int64_t copies, turn, panel_floats;
} timing;

/* Cut as the operators cut: some rows by some panels at a time. */
static void run_product(void *ctx)
{
    timing *t = ctx;
    const int64_t rows = t->g.m > 96 ? 48 : t->g.m, cols = 4 * t->row->nr;
    const float *b = t->weights + t->turn * t->panel_floats;
    t->turn = (t->turn + 1) % t->copies;
    for (int64_t j = 0; j < t->g.n; j += cols) {
        for (int64_t i = 0; i < t->g.m; i += rows) {
            tenon__gemm g = t->g;
            g.m = g.m - i < rows ? g.m - i : rows;
            g.n = g.n - j < cols ? g.n - j : cols;
            g.a += i * g.a_row;
            g.b = b + j / t->row->nr * g.b_panel;
            g.c += i * g.c_row + j;
            t->row->run(&g);
        }
    }
}

static void run_pack(void *ctx)
{
    timing *t = ctx;
    t->row->pack(&t->pack);
}

static void time_product(const tenon__gemm_row *row, int64_t m, int64_t n, int64_t k, bool cold)
{
    char what[64];
    size_t bytes;
    assert_true(tenon__gemm_packed_bytes(row, k, n, &bytes));
    timing t = {.row = row, .copies = cold ? (int64_t)((192u << 20) / bytes) : 1};
    t.panel_floats = (int64_t)(bytes / 4);
    float *a = rows_source((size_t)(m * k) * 4, 64);
    float *b = rows_source(bytes * (size_t)t.copies, 64);
    rows_fill(a, (size_t)(m * k), ROWS_UNIFORM);
    rows_fill(b, bytes / 4 * (size_t)t.copies, ROWS_UNIFORM);
    t.weights = b;
    t.g = (tenon__gemm){.m = m, .n = n, .k = k, .a = a, .a_row = k, .a_col = 1, .scale = 1};
    t.g.b_row = row->nr;
    t.g.b_panel = row->nr * k;
    t.g.c = rows_source((size_t)(m * n) * 4, 64);
    t.g.c_row = n;
    t.g.scratch = rows_source(row->scratch_bytes, 64);
    (void)snprintf(what, sizeof what, "%dx%dx%d%s", (int)m, (int)n, (int)k, cold ? " cold" : "");
    rows_time(what, row->name, run_product, &t, 2.0 * (double)m * (double)n * (double)k,
              m == 1 ? (double)bytes : 0);
    rows_release();
}

static void product(const void *r)
{
    static const int shapes[][3] = {
        {512, 512, 512},  {1024, 1024, 1024}, {2048, 2048, 2048}, {4, 3072, 768},   {16, 3072, 768},
        {64, 768, 768},   {128, 768, 768},    {128, 3072, 768},   {128, 768, 3072}, {3136, 64, 576},
        {784, 128, 1152}, {196, 1024, 256},   {196, 256, 2304},   {49, 512, 4608},  {49, 2048, 512},
        {12544, 24, 96},  {3136, 144, 24},    {128, 64, 128},     {128, 128, 64},   {1, 3072, 768},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        time_product(r, shapes[i][0], shapes[i][1], shapes[i][2], false);
}

static void vector(const void *r)
{
    time_product(r, 1, 3072, 768, true);
    time_product(r, 1, 768, 3072, true);
    time_product(r, 1, 4096, 4096, true);
    time_product(r, 4, 3072, 768, true);
}

static void packing(const void *r)
{
    const tenon__gemm_row *row = r;
    for (int turned = 0; turned < 2; turned++) {
        timing t = {.row = row};
        const int64_t k = 768, n = 3072;
        size_t bytes;
        assert_true(tenon__gemm_packed_bytes(row, k, n, &bytes));
        t.pack = (tenon__gemm_pack){.dtype = TENON_F32, .row = turned ? 1 : n, .k = k, .n = n};
        t.pack.col = turned ? k : 1;
        t.pack.b = rows_source((size_t)(k * n) * 4, 4);
        t.pack.dst = rows_source(bytes, 64);
        t.pack.count = tenon__gemm_panels(row, n);
        rows_time(turned ? "pack 3072x768 turned" : "pack 768x3072", row->name, run_pack, &t, 0,
                  2.0 * (double)(k * n) * 4);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {
        ROWS_CHECK(heights),    ROWS_CHECK(edges),      ROWS_CHECK(epilogues),
        ROWS_CHECK(collisions), ROWS_CHECK(not_finite), ROWS_CHECK(relu_keeps_nan),
        ROWS_CHECK(cuts),       ROWS_CHECK(dots),       ROWS_CHECK(packs),
    };
    static const rows_check benches[] = {ROWS_CHECK(product), ROWS_CHECK(vector),
                                         ROWS_CHECK(packing)};
    rows_family f = {.name = "gemm"};
    const tenon__gemm_row *row;
    for (size_t i = 0; (row = tenon__gemm_row_at(i)) != NULL; i++)
        rows_add(&f, row->name, row->needs, row);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
