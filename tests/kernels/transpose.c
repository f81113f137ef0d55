/* SPDX-License-Identifier: Apache-2.0 */
/* Transposing: every row and element size, over all small shapes, odd strides and odd addresses,
 * with guards around the output. */
#include "kernels/transpose/transpose.h"

#include <string.h>

#include "kernels/rows.h"

static void one(const tenon__transpose_row *row, int size, int64_t rows, int64_t cols, int64_t gap)
{
    const int64_t e = (int64_t)1 << size, ss = cols * e + gap, ds = rows * e + gap;
    uint8_t *src = rows_source((size_t)(rows * ss - gap), 1);
    uint8_t *dst = rows_output((size_t)(cols * ds - gap), 1);
    rows_fill_bytes(src, (size_t)(rows * ss - gap));
    row->fn[size](src, ss, dst, ds, rows, cols);
    for (int64_t c = 0; c < cols; c++) {
        for (int64_t r = 0; r < rows; r++)
            if (memcmp(dst + c * ds + r * e, src + r * ss + c * e, (size_t)e) != 0)
                fail_msg("%s, %d bytes, %d x %d, gap %d: element %d, %d", row->name, (int)e,
                         (int)rows, (int)cols, (int)gap, (int)r, (int)c);
        for (int64_t k = 0; c + 1 < cols && k < gap; k++) /* between rows nothing is written */
            assert_int_equal(dst[c * ds + rows * e + k], 0xFF);
    }
    rows_release();
}

static void small_shapes(const void *row)
{
    for (int size = 0; size < TENON__TRANSPOSE_SIZES; size++)
        for (int64_t rows = 1; rows <= 35; rows++)
            for (int64_t cols = 1; cols <= 35; cols++)
                one(row, size, rows, cols, (rows * 7 + cols) % 3 ? 0 : 5);
}

static void large_shapes(const void *row)
{
    for (int size = 0; size < TENON__TRANSPOSE_SIZES; size++) {
        one(row, size, 3, 1001, 0);
        one(row, size, 1001, 3, 0);
        one(row, size, 257, 300, 0);
        one(row, size, 129, 65, 12);
    }
}

/* A stride below zero reads the rows from the last to the first. */
static void backwards(const void *rowv)
{
    const tenon__transpose_row *row = rowv;
    float src[20][9], dst[9][20];
    for (int i = 0; i < 180; i++)
        src[i / 9][i % 9] = (float)i;
    row->fn[2](src[19], -(int64_t)sizeof src[0], dst, sizeof dst[0], 20, 9);
    for (int c = 0; c < 9; c++)
        for (int r = 0; r < 20; r++)
            assert_true(dst[c][r] == src[19 - r][c]);
}

typedef struct timing {
    const tenon__transpose_row *row;
    int size;
    int64_t rows, cols;
    void *src, *dst;
} timing;

static void time_one(void *ctx)
{
    timing *t = ctx;
    t->row->fn[t->size](t->src, t->cols << t->size, t->dst, t->rows << t->size, t->rows, t->cols);
}

static void speed(const void *row)
{
    static const struct {
        const char *what;
        int size;
        int64_t rows, cols;
    } shapes[] = {{"1000 x 1000, 4 bytes", 2, 1000, 1000}, {"64 x 3136, 4 bytes", 2, 64, 3136},
                  {"3 x 50176, 4 bytes", 2, 3, 50176},     {"50176 x 3, 1 byte", 0, 50176, 3},
                  {"512 x 512, 1 byte", 0, 512, 512},      {"512 x 512, 2 bytes", 1, 512, 512},
                  {"512 x 512, 8 bytes", 3, 512, 512}};
    for (size_t k = 0; k < TEST_COUNT(shapes); k++) {
        size_t bytes = (size_t)(shapes[k].rows * shapes[k].cols) << shapes[k].size;
        timing t = {row,
                    shapes[k].size,
                    shapes[k].rows,
                    shapes[k].cols,
                    rows_source(bytes, 64),
                    rows_source(bytes, 64)};
        rows_time(shapes[k].what, t.row->name, time_one, &t, 0, 2 * (double)bytes);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    rows_family f = {.name = "transpose"};
    for (const tenon__transpose_row *const *r = tenon__transpose_rows; *r; r++)
        rows_add(&f, (*r)->name, (*r)->needs, *r);
    static const rows_check checks[] = {ROWS_CHECK(small_shapes), ROWS_CHECK(large_shapes),
                                        ROWS_CHECK(backwards)};
    static const rows_check benches[] = {ROWS_CHECK(speed)};
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
