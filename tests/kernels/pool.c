/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling kernels: every row against the plain one. */
#include "kernels/pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"

static const tenon__pool_row *plain_row(void)
{
    return tenon__pool_find(0);
}

static float *floats(int64_t count, rows_kind kind)
{
    float *data = rows_source((size_t)count * sizeof(float), sizeof(float));
    rows_fill(data, (size_t)count, kind);
    return data;
}

static void *copy(const void *from, size_t bytes, size_t align)
{
    void *to = rows_output(bytes, align);
    memcpy(to, from, bytes);
    return to;
}

/* Lines of floats and of bytes, any step. */
static void lines(const void *row_)
{
    const tenon__pool_row *row = row_, *plain = plain_row();
    for (int i = 0; i < 200; i++) {
        const int64_t n = test_random_in(1, 90), step = test_random_in(1, 4);
        const size_t bytes = (size_t)n * sizeof(float);
        char what[64];
        (void)snprintf(what, sizeof what, "%d by %d", (int)n, (int)step);
        const float *x = floats((n - 1) * step + 1, i % 2 ? ROWS_SPECIAL : ROWS_UNIFORM);
        const float *start = floats(n, ROWS_UNIFORM);
        for (int add = 0; add < 2; add++) {
            float *got = copy(start, bytes, 4), *wanted = copy(start, bytes, 4);
            (add ? row->add : row->max)(got, x, n, step);
            (add ? plain->add : plain->max)(wanted, x, n, step);
            rows_compare(what, got, wanted, (size_t)n, 0);
        }
        uint8_t *b = rows_source((size_t)((n - 1) * step + 1), 1);
        uint8_t *first = rows_source((size_t)n, 1);
        rows_fill_bytes(b, (size_t)((n - 1) * step + 1));
        rows_fill_bytes(first, (size_t)n);
        uint8_t *got = copy(first, (size_t)n, 1), *wanted = copy(first, (size_t)n, 1);
        row->max_u8(got, b, n, step);
        plain->max_u8(wanted, b, n, step);
        rows_same(what, got, wanted, (size_t)n);
        row->max_i8((int8_t *)got, (const int8_t *)b, n, step);
        plain->max_i8((int8_t *)wanted, (const int8_t *)b, n, step);
        rows_same(what, got, wanted, (size_t)n);
        rows_release();
    }
}

static void whole_planes(const void *row_)
{
    const tenon__pool_row *row = row_, *plain = plain_row();
    for (int i = 0; i < 100; i++) {
        const int64_t n = test_random_in(1, 300);
        const rows_kind kind = i % 4 == 3 ? ROWS_SPECIAL : ROWS_UNIFORM;
        const float *x = floats(n, kind), *blocks = floats(n * 16, kind);
        float got[16], wanted[16];
        got[0] = row->max_of(x, n);
        wanted[0] = plain->max_of(x, n);
        rows_compare("largest", got, wanted, 1, 0);
        row->max_of_block(blocks, n, got);
        plain->max_of_block(blocks, n, wanted);
        rows_compare("largest of a block", got, wanted, 16, 0);
        if (kind == ROWS_UNIFORM) {
            got[0] = row->sum_of(x, n) / (float)n;
            wanted[0] = plain->sum_of(x, n) / (float)n;
            assert_true(got[0] - wanted[0] < 1e-6f && wanted[0] - got[0] < 1e-6f);
            row->sum_of_block(blocks, n, got);
            plain->sum_of_block(blocks, n, wanted);
            rows_compare("sums of a block", got, wanted, 16, 1e-5);
        }
        rows_release();
    }
}

static void strips(const void *row_)
{
    const tenon__pool_row *row = row_, *plain = plain_row();
    for (int i = 0; i < 300; i++) {
        const int64_t height = test_random_in(1, 6);
        tenon__pool_strip s = {.kind = (tenon__pool_kind)test_random_in(0, TENON__POOL_LP2),
                               .width = test_random_in(1, 40),
                               .count = test_random_in(1, 40),
                               .row_step = test_random_in(1, 2),
                               .taps = test_random_in(1, 5),
                               .step = test_random_in(1, 3),
                               .first = -test_random_in(0, 5),
                               .delta = test_random_in(1, 2)};
        s.row_from = test_random_in(0, height - 1);
        s.row_to = test_random_in(s.row_from, height);
        s.x = floats(height * s.width * 16,
                     s.kind == TENON__POOL_MAX && i % 2 ? ROWS_SPECIAL : ROWS_UNIFORM);
        if (s.kind == TENON__POOL_AVERAGE) s.scale = floats(s.count, ROWS_UNIFORM);
        const size_t n = (size_t)(s.count * 16);
        float *got = rows_output(n * sizeof(float), 64),
              *wanted = rows_output(n * sizeof(float), 64);
        s.y = got;
        row->strip(&s);
        s.y = wanted;
        plain->strip(&s);
        char what[96];
        (void)snprintf(what, sizeof what, "kind %d, %d taps, step %d, from %d, %d -> %d",
                       (int)s.kind, (int)s.taps, (int)s.step, (int)s.first, (int)s.width,
                       (int)s.count);
        rows_compare(what, got, wanted, n, s.kind == TENON__POOL_MAX ? 0 : 1e-5);
        rows_release();
    }
}

typedef struct problem {
    const tenon__pool_row *row;
    tenon__pool_strip s;
    int64_t lines;
} problem;

static void run(void *ctx)
{
    problem p = *(const problem *)ctx;
    for (int64_t o = 0; o < p.lines; o++) {
        p.s.row_from = o * p.s.step;
        p.s.row_to = p.s.row_from + p.s.taps < p.s.width ? p.s.row_from + p.s.taps : p.s.width;
        p.row->strip(&p.s);
        p.s.y += p.s.count * 16;
    }
}

static void planes(const void *row)
{
    static const struct {
        int64_t in, taps, step;
    } list[] = {{112, 3, 2}, {56, 2, 2}, {14, 3, 1}};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const int64_t in = list[i].in, out = in / list[i].step;
        problem p = {.row = row,
                     .lines = out,
                     .s = {.kind = TENON__POOL_MAX,
                           .x = floats(in * in * 16, ROWS_UNIFORM),
                           .y = rows_output((size_t)(out * out * 16) * sizeof(float), 64),
                           .width = in,
                           .count = out,
                           .row_step = 1,
                           .taps = list[i].taps,
                           .step = list[i].step,
                           .delta = 1}};
        char what[64];
        (void)snprintf(what, sizeof what, "max %dx%d/%d @%d, 16 channels", (int)list[i].taps,
                       (int)list[i].taps, (int)list[i].step, (int)in);
        rows_time(what, p.row->name, run, &p, 0, (double)((in * in + out * out) * 64));
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(lines), ROWS_CHECK(whole_planes),
                                        ROWS_CHECK(strips)};
    static const rows_check benches[] = {ROWS_CHECK(planes)};
    rows_family f = {.name = "pool"};
    for (size_t i = 0; tenon__pool_rows[i]; i++)
        rows_add(&f, tenon__pool_rows[i]->name, tenon__pool_rows[i]->needs, tenon__pool_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
