/* SPDX-License-Identifier: Apache-2.0 */
/* Tests and timings of kernel rows. A family's test (tests/kernels/F.c) lists its rows and its
 * checks, and gets one case for each pair; rows that the CPU lacks are skipped by name:
 *
 *     static void small_shapes(const void *row)
 *     {
 *         const tenon__gemm_row *r = row;
 *         float *a = rows_source(bytes, sizeof(float)); ends where memory does: reading on traps
 *         float *c = rows_output(bytes, sizeof(float)); poisoned, guarded at both ends
 *         rows_fill(a, count, ROWS_UNIFORM);
 *         ... run r into c and the plain row into another output ...
 *         rows_compare("7 x 3 x 1", c, wanted, count, 1e-6);
 *         rows_release(); looks at the guards, frees all
 *     }
 *     static void product(const void *row) { ... rows_time("128x768x768", row_name, run, ctx,
 * flops, bytes); }
 *
 *     int main(int argc, char **argv)
 *     {
 *         rows_family f = {"gemm"};
 *         for (each row r) rows_add(&f, r->name, r->needs, r);
 *         static const rows_check checks[] = {ROWS_CHECK(small_shapes)}, benches[] =
 * {ROWS_CHECK(product)}; return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches,
 * TEST_COUNT(benches));
 *     }
 *
 * The program takes --filter, --seed and --list as all tests do, and --bench [--filter TEXT], which
 * runs the benches instead: best and median of short windows, as GFLOP/s (one multiply-add is 2),
 * share of this core's peak measured by a loop of multiply-adds in registers, and GB/s. rows.c lies
 * one folder up, where it is linked into every test. */
#ifndef TENON_TESTS_KERNELS_ROWS_H
#define TENON_TESTS_KERNELS_ROWS_H

#include "cpu/cpu.h"
#include "harness.h"

#define ROWS_MAX 32

typedef struct rows_family {
    const char *name;
    size_t count;
    struct {
        const char *name;
        tenon__cpu_bits needs;
        const void *row;
    } rows[ROWS_MAX];
} rows_family;

typedef struct rows_check {
    const char *name;
    void (*run)(const void *row);
} rows_check;

#define ROWS_CHECK(fn)                                                                             \
    {                                                                                              \
#fn, fn                                                                                    \
    }

void rows_add(rows_family *f, const char *name, tenon__cpu_bits needs, const void *row);
int rows_main_of(const char *program, int argc, char **argv, const rows_family *f,
                 const rows_check *checks, size_t check_count, const rows_check *benches,
                 size_t bench_count);
#ifdef TENON_TEST_NAME
#define rows_main(argc, argv, f, checks, check_count, benches, bench_count)                        \
    rows_main_of(TENON_TEST_NAME, argc, argv, f, checks, check_count, benches, bench_count)
#endif

/* Memory that ends as near to an unreadable page as `align` lets it: exactly there where the size
 * is a multiple of it. Its address is a multiple of `align` and, where that is possible, no better.
 * A source is zeroed; an output is poisoned and has guard bytes in front and, where the alignment
 * leaves room, behind. `bytes` 0 is fine. Fails the case where memory is out. */
void *rows_source(size_t bytes, size_t align);
void *rows_output(size_t bytes, size_t align);
/* The guards hold, or the case fails; then everything above is freed. */
void rows_release(void);

typedef enum rows_kind {
    ROWS_UNIFORM, /* in [-1, 1) */
    ROWS_WHOLE,   /* small whole numbers: sums of them are exact in f32 */
    ROWS_SPECIAL, /* uniform with NaN, infinities, zeros of both signs and denormals strewn in */
} rows_kind;

void rows_fill(float *data, size_t count, rows_kind kind);
void rows_fill_bytes(void *data, size_t count);

/* |got - wanted| <= tolerance * max |wanted|; NaN matches NaN, infinity its like. `what` names the
 * shape in the message. rows_same wants the very bits. */
void rows_compare(const char *what, const float *got, const float *wanted, size_t count,
                  double tolerance);
void rows_same(const char *what, const void *got, const void *wanted, size_t bytes);

/* In a bench: runs `run` in windows and prints a line. flops or bytes 0: not printed. */
void rows_time(const char *what, const char *row, void (*run)(void *ctx), void *ctx, double flops,
               double bytes);

#endif
