/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of bytes: depthwise lines of every row, gathered rows and single planes, against sums
 * of integers, bit for bit. */
#include "kernels/qconv/qconv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/rows.h"

static int32_t byte_at(const uint8_t *data, int64_t at, bool is_signed)
{
    return is_signed ? (int8_t)data[at] : data[at];
}

static uint8_t requantised(int32_t sum, float scale, int32_t zero, tenon__qgemm_out out)
{
    const float low = out == TENON__QGEMM_I8 ? -128 : 0;
    float v = rintf((float)sum * scale) + (float)zero;
    v = v > low ? v : low; /* NaN too */
    v = v < low + 255 ? v : low + 255;
    return (uint8_t)(int32_t)v;
}

static tenon__conv_axis random_axis(int64_t most)
{
    return (tenon__conv_axis){.taps = test_random_in(1, 5),
                              .step = test_random_in(1, 4),
                              .delta = test_random_in(1, 3),
                              .first = -test_random_in(0, 5),
                              .in = test_random_in(1, most),
                              .count = test_random_in(1, most)};
}

/* ---- channels last ---- */

typedef struct depthwise {
    tenon__qconv_image m;
    tenon__qconv_depthwise d;
    tenon__qconv_weights w;
    tenon__qconv_room room;
    uint8_t *w_zero;
    int32_t *bias, *base;
    float *scale;
    int32_t x_zero;
} depthwise;

/* Rows of single bytes take weights that fit them. */
static void choose_weights(depthwise *c, bool narrow)
{
    const size_t n = (size_t)(c->w.channels * c->w.taps);
    uint8_t *w = rows_source(n, 1);
    c->w_zero = rows_source((size_t)c->w.channels, 1);
    c->w.is_signed = test_random() % 2;
    c->w.zero_step = test_random() % 2;
    rows_fill_bytes(w, n);
    rows_fill_bytes(c->w_zero, (size_t)c->w.channels);
    c->w.zero = c->w.is_signed && test_random() % 2 ? NULL : c->w_zero;
    if (narrow && c->w.zero) {
        memset(c->w_zero, c->w.is_signed ? 3 : 128, (size_t)c->w.channels);
        for (size_t i = 0; i < n; i++)
            if (c->w.is_signed) w[i] = (uint8_t)((int8_t)w[i] / 2);
    }
    c->w.w = w;
}

static int32_t weight_at(const depthwise *c, int64_t channel, int64_t tap)
{
    const int32_t zero =
        c->w.zero ? byte_at(c->w_zero, channel * c->w.zero_step, c->w.is_signed) : 0;
    return byte_at(c->w.w, channel * c->w.taps + tap, c->w.is_signed) - zero;
}

static int32_t depthwise_sum(const depthwise *c, int64_t n, int64_t line, int64_t o, int64_t ch)
{
    int64_t sum = c->bias[ch];
    for (int64_t t = 0; t < c->w.taps; t++) {
        const int64_t y = c->m.h.first + line * c->m.h.step + t / c->m.w.taps * c->m.h.delta;
        const int64_t x = c->m.w.first + o * c->m.w.step + t % c->m.w.taps * c->m.w.delta;
        if (y < 0 || y >= c->m.h.in || x < 0 || x >= c->m.w.in) continue;
        const int64_t at = ((n * c->m.h.in + y) * c->m.w.in + x) * c->m.channels + ch;
        sum += (int64_t)(byte_at(c->m.x, at, c->d.x_signed) - c->x_zero) * weight_at(c, ch, t);
    }
    return (int32_t)sum;
}

static void prepare(const tenon__qconv_row *row, depthwise *c, int64_t batch, bool random)
{
    const size_t plane = (size_t)(batch * c->m.h.in * c->m.w.in * c->m.channels);
    uint8_t *x = rows_source(plane, 1);
    const int64_t channels = c->m.channels, lanes = channels < row->block ? row->block : channels;
    size_t sums_at, bytes;
    if (random) rows_fill_bytes(x, plane);
    c->m.x = x;
    c->w.channels = channels;
    c->w.taps = c->m.h.taps * c->m.w.taps;
    choose_weights(c, row->narrow);
    assert_true(tenon__qconv_packed_bytes(row, channels, c->w.taps, &sums_at, &bytes));
    void *packed = rows_output(bytes, 64);
    tenon__qconv_pack(row, &c->w, packed);
    const int32_t *sums = (const int32_t *)(const void *)((const uint8_t *)packed + sums_at);
    c->bias = rows_source((size_t)channels * 4, 4);
    c->base = rows_source((size_t)lanes * 4, 4);
    c->scale = rows_source((size_t)lanes * 4, 4);
    c->x_zero = byte_at(&c->m.fill, 0, c->d.x_signed);
    for (int64_t i = 0; i < channels; i++) {
        const int32_t shift = c->d.x_signed ? 128 : 0;
        c->bias[i] = (int32_t)test_random_in(-100000, 100000);
        c->base[i] = c->bias[i] - (c->x_zero + shift) * sums[i];
        c->scale[i] = (float)test_random_real(0.0001, 0.01);
    }
    if (random && test_random() % 4 == 0) {
        static const float odd[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 0.0f};
        c->scale[test_random_in(0, channels - 1)] = odd[test_random() % TEST_COUNT(odd)];
    }
    c->room.at = rows_source((size_t)(c->w.taps + row->taps) * sizeof(uint8_t *), 8);
    uint8_t *line = rows_source((size_t)(c->m.w.in * channels), 1);
    memset(line, c->m.fill, (size_t)(c->m.w.in * channels));
    c->room.line = line;
    c->d.channels = channels;
    c->d.taps = c->w.taps;
    c->d.stride = c->m.w.step * channels;
    c->d.w = packed;
    c->d.base = c->base;
    c->d.scale = c->scale;
}

static void lines(const void *row_)
{
    static const int64_t channels[] = {1, 2, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 144};
    const tenon__qconv_row *row = row_;
    for (int i = 0; i < 300; i++) {
        const int64_t batch = test_random_in(1, 2);
        depthwise c = {.m = {.h = random_axis(6), .w = random_axis(20), .batch = batch}};
        if (i % 3 == 0) { /* the usual kernel */
            c.m.h.taps = c.m.w.taps = 3;
            c.m.h.delta = c.m.w.delta = 1;
            c.m.h.first = c.m.w.first = -test_random_in(0, 1);
            c.m.h.step = c.m.w.step = test_random_in(1, 2);
        }
        c.m.channels = channels[(size_t)i % TEST_COUNT(channels)];
        c.m.pixel = c.m.channels;
        c.m.fill = (uint8_t)test_random_in(0, 255);
        c.d.x_signed = test_random() % 2;
        c.d.out = test_random() % 2 ? TENON__QGEMM_U8 : TENON__QGEMM_I8;
        c.d.y_zero = (int32_t)test_random_in(0, 255) - (c.d.out == TENON__QGEMM_I8 ? 128 : 0);
        prepare(row, &c, batch, true);
        const int64_t n = test_random_in(0, batch - 1), line = test_random_in(0, c.m.h.count - 1);
        const size_t bytes = (size_t)(c.m.w.count * c.m.channels);
        uint8_t *wanted = rows_source(bytes, 1);
        for (size_t at = 0; at < bytes; at++) {
            const int64_t ch = (int64_t)at % c.m.channels;
            wanted[at] = requantised(depthwise_sum(&c, n, line, (int64_t)at / c.m.channels, ch),
                                     c.scale[ch], c.d.y_zero, c.d.out);
        }
        c.d.y = rows_output(bytes, 1);
        tenon__qconv_depthwise_line(row, &c.m, &c.d, &c.room, n, line);
        char what[96];
        (void)snprintf(what, sizeof what, "case %d: %d channels, %d x %d taps, %d positions", i,
                       (int)c.m.channels, (int)c.m.h.taps, (int)c.m.w.taps, (int)c.m.w.count);
        rows_same(what, c.d.y, wanted, bytes);
        rows_release();
    }
}

/* Rows are for what they say: of single bytes only where weights fit. */
static void choice(const void *row_)
{
    const tenon__qconv_row *row = row_;
    const int8_t w[2] = {-128, 127}, zero = 1;
    tenon__qconv_weights some = {.w = w, .is_signed = true, .channels = 1, .taps = 2};
    assert_true(tenon__qconv_find(row->needs, &some)->needs == row->needs);
    some.zero = &zero;
    assert_true(!tenon__qconv_find(row->needs, &some)->narrow);
    assert_true(tenon__qconv_find(0, &some) == &tenon__qconv_rows[0][0] || row->needs == 0 ||
                tenon__qconv_find(0, &some)->needs == 0);
}

static void gathered(const void *row)
{
    (void)row;
    for (int i = 0; i < 200; i++) {
        tenon__qconv_image m = {.h = random_axis(6),
                                .w = random_axis(9),
                                .channels = test_random_in(1, 40),
                                .fill = (uint8_t)test_random_in(0, 255)};
        const int64_t batch = test_random_in(1, 3), all = batch * m.h.count * m.w.count;
        const int64_t from = test_random_in(0, all - 1), count = test_random_in(1, all - from);
        const int64_t k = m.h.taps * m.w.taps * m.channels, padded = k + test_random_in(0, 3);
        const int64_t pitch = padded + test_random_in(0, 9);
        m.pixel = m.channels + (i % 2 ? test_random_in(0, 20) : 0);
        const size_t plane = (size_t)(batch * m.h.in * m.w.in * m.pixel);
        const size_t bytes = (size_t)((count - 1) * pitch + padded);
        uint8_t *x = rows_source(plane, 1), *wanted = rows_source(bytes, 1);
        uint8_t *rows = rows_output(bytes + TENON__QCONV_SLACK, 1);
        rows_fill_bytes(x, plane);
        m.x = x;
        m.batch = batch;
        for (int64_t at = 0; at < count * padded; at++) {
            const int64_t p = from + at / padded, j = at % padded, c = j % m.channels;
            const int64_t tap = j / m.channels, n = p / m.w.count / m.h.count;
            const int64_t y =
                m.h.first + p / m.w.count % m.h.count * m.h.step + tap / m.w.taps * m.h.delta;
            const int64_t column =
                m.w.first + p % m.w.count * m.w.step + tap % m.w.taps * m.w.delta;
            const bool in = j < k && y >= 0 && y < m.h.in && column >= 0 && column < m.w.in;
            wanted[at / padded * pitch + j] =
                in ? x[((n * m.h.in + y) * m.w.in + column) * m.pixel + c] : m.fill;
        }
        tenon__qconv_gather(&m, from, count, padded, pitch, rows);
        char what[64];
        (void)snprintf(what, sizeof what, "case %d: %d bytes a row", i, (int)k);
        for (int64_t r = 0; r < count; r++) /* what lies between rows is of no account */
            rows_same(what, rows + r * pitch, wanted + r * pitch, (size_t)padded);
        rows_release();
    }
}

/* ---- planes ---- */

static int32_t plane_sum(const tenon__qconv_plane *p, int64_t o)
{
    const tenon__conv_grid *g = p->grid;
    int64_t sum = p->bias;
    for (int64_t t = 0; t < g->taps; t++) {
        int64_t at = 0, step = 1, position = o, tap = t;
        bool inside = true;
        for (int i = g->rank - 1; i >= 0; i--) {
            const tenon__conv_axis *a = &g->axis[i];
            const int64_t x = a->first + position % a->count * a->step + tap % a->taps * a->delta;
            inside = inside && x >= 0 && x < a->in;
            at += x * step;
            step *= a->in;
            position /= a->count;
            tap /= a->taps;
        }
        if (inside)
            sum += (int64_t)(byte_at(p->x, at, p->x_signed) - p->x_zero) *
                   (byte_at(p->w, t, p->w_signed) - p->w_zero);
    }
    return (int32_t)sum;
}

static void planes(const void *row)
{
    (void)row;
    for (int i = 0; i < 200; i++) {
        tenon__conv_grid g = {.rank = (int)test_random_in(1, 3)};
        for (int k = 0; k < g.rank; k++)
            g.axis[k] = random_axis(g.rank == 3 ? 5 : k + 1 < g.rank ? 40 : 150);
        tenon__conv_grid_finish(&g);
        uint8_t *x = rows_source((size_t)g.plane, 1), *w = rows_source((size_t)g.taps, 1);
        rows_fill_bytes(x, (size_t)g.plane);
        rows_fill_bytes(w, (size_t)g.taps);
        tenon__qconv_plane p = {
            .grid = &g,
            .x = x,
            .w = w,
            .from = test_random_in(0, g.positions - 1),
            .x_signed = test_random() % 2,
            .w_signed = test_random() % 2,
            .bias = (int32_t)test_random_in(-30000000, 30000000),
            .scale = (float)test_random_real(0.0001, 0.01),
            .out = (tenon__qgemm_out)test_random_in(TENON__QGEMM_I32, TENON__QGEMM_I8),
        };
        p.to = test_random_in(p.from + 1, g.positions);
        p.x_zero = (int32_t)test_random_in(0, 255) - (p.x_signed ? 128 : 0);
        p.w_zero = test_random() % 2 ? (int32_t)test_random_in(0, 255) - (p.w_signed ? 128 : 0) : 0;
        p.y_zero = (int32_t)test_random_in(0, 255) - (p.out == TENON__QGEMM_I8 ? 128 : 0);
        const size_t size = p.out == TENON__QGEMM_I32 ? 4 : 1, n = (size_t)(p.to - p.from);
        uint8_t *wanted = rows_source(n * size, 4);
        p.y = rows_output(n * size, size);
        for (int64_t o = p.from; o < p.to; o++) {
            const int32_t sum = plane_sum(&p, o);
            if (size == 4)
                ((int32_t *)(void *)wanted)[o - p.from] = sum;
            else
                wanted[o - p.from] = requantised(sum, p.scale, p.y_zero, p.out);
        }
        tenon__qconv_plane_run(&p);
        char what[96];
        (void)snprintf(what, sizeof what, "case %d: %d axes, %d taps, %d positions", i, g.rank,
                       (int)g.taps, (int)n);
        rows_same(what, p.y, wanted, n * size);
        rows_release();
    }
}

/* ---- speed ---- */

typedef struct timed {
    const tenon__qconv_row *row;
    depthwise *c;
    uint8_t *y;
} timed;

static void run(void *ctx)
{
    const timed *t = ctx;
    depthwise *c = t->c;
    for (int64_t line = 0; line < c->m.h.count; line++) {
        c->d.y = t->y + line * c->m.w.count * c->m.channels;
        tenon__qconv_depthwise_line(t->row, &c->m, &c->d, &c->room, 0, line);
    }
}

static void images(const void *row)
{
    static const struct {
        int64_t in, channels, kernel, step;
    } list[] = {{112, 32, 3, 1}, {112, 96, 3, 2}, {56, 144, 3, 1}, {28, 192, 3, 1},
                {14, 576, 3, 1}, {7, 960, 3, 1},  {28, 120, 5, 1}};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const tenon__conv_axis a = {.taps = list[i].kernel,
                                    .step = list[i].step,
                                    .delta = 1,
                                    .first = -(list[i].kernel / 2),
                                    .in = list[i].in,
                                    .count = (list[i].in - 1) / list[i].step + 1};
        depthwise c = {.m = {.h = a,
                             .w = a,
                             .batch = 1,
                             .channels = list[i].channels,
                             .pixel = list[i].channels}};
        prepare(row, &c, 1, false);
        const int64_t outputs = a.count * a.count * list[i].channels;
        timed t = {.row = row, .c = &c, .y = rows_output((size_t)outputs, 64)};
        char what[64];
        (void)snprintf(what, sizeof what, "%dx%d/%d @%d x %d", (int)a.taps, (int)a.taps,
                       (int)a.step, (int)a.in, (int)list[i].channels);
        rows_time(what, t.row->name, run, &t, 2.0 * (double)(a.taps * a.taps * outputs), 0);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(lines), ROWS_CHECK(choice), ROWS_CHECK(gathered),
                                        ROWS_CHECK(planes)};
    static const rows_check benches[] = {ROWS_CHECK(images)};
    rows_family f = {.name = "qconv"};
    for (size_t i = 0; tenon__qconv_rows[i]; i++)
        rows_add(&f, tenon__qconv_rows[i]->name, tenon__qconv_rows[i]->needs, tenon__qconv_rows[i]);
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
