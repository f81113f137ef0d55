/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels' test harness: see kernels/rows.h. */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kernels/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define GUARD_BYTES 64
#define GUARD_FILL  0xC7
#define POISON      0xFF /* NaN as f32, -1 as an integer */
#define MAX_BLOCKS  64
#define MAX_CASES   512
#define MAX_WINDOWS 400

typedef struct block {
    uint8_t *map, *data;
    size_t map_bytes, bytes, behind; /* behind: guard bytes between the end and the page */
    bool output;
} block;

static block blocks[MAX_BLOCKS];
static size_t block_count;

static void *block_create(size_t bytes, size_t align, bool output)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (bytes + align + GUARD_BYTES + page - 1) / page * page;
    assert_true(block_count < MAX_BLOCKS && align > 0 && (align & (align - 1)) == 0);
    uint8_t *map =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) fail_msg("no memory for %zu bytes", bytes);
    assert_int_equal(mprotect(map + room, page, PROT_NONE), 0);
    uint8_t *data = map + ((room - bytes) & ~(align - 1));
    if ((uintptr_t)data % (2 * align) == 0 && align < 64 && bytes % align != 0) data -= align;
    block *b = &blocks[block_count++];
    *b = (block){map, data, room + page, bytes, (size_t)(map + room - data) - bytes, output};
    if (output) {
        memset(data - GUARD_BYTES, GUARD_FILL, GUARD_BYTES);
        memset(data, POISON, bytes);
        memset(data + bytes, GUARD_FILL, b->behind);
    }
    return data;
}

void *rows_source(size_t bytes, size_t align)
{
    return block_create(bytes, align, false);
}

void *rows_output(size_t bytes, size_t align)
{
    return block_create(bytes, align, true);
}

static void guards_check(const block *b)
{
    for (size_t i = 0; i < GUARD_BYTES; i++)
        if (b->data[-1 - (ptrdiff_t)i] != GUARD_FILL)
            fail_msg("wrote %zu bytes in front of an output of %zu bytes", i + 1, b->bytes);
    for (size_t i = 0; i < b->behind; i++)
        if (b->data[b->bytes + i] != GUARD_FILL)
            fail_msg("wrote %zu bytes behind an output of %zu bytes", i + 1, b->bytes);
}

void rows_release(void)
{
    for (size_t i = 0; i < block_count; i++) {
        if (blocks[i].output) guards_check(&blocks[i]);
        (void)munmap(blocks[i].map, blocks[i].map_bytes);
    }
    block_count = 0;
}

void rows_fill(float *data, size_t count, rows_kind kind)
{
    static const float special[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-41f, -1e-41f};
    for (size_t i = 0; i < count; i++) {
        if (kind == ROWS_WHOLE)
            data[i] = (float)test_random_in(-8, 8);
        else if (kind == ROWS_SPECIAL && test_random() % 61 == 0)
            data[i] = special[test_random() % (sizeof special / sizeof *special)];
        else
            data[i] = (float)test_random_real(-1, 1);
    }
}

void rows_fill_bytes(void *data, size_t count)
{
    uint8_t *p = data;
    for (size_t i = 0; i < count; i++)
        p[i] = (uint8_t)test_random();
}

void rows_compare(const char *what, const float *got, const float *wanted, size_t count,
                  double tolerance)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(wanted[i])) largest = fmax(largest, fabs((double)wanted[i]));
    for (size_t i = 0; i < count; i++) {
        if (isnan(wanted[i]) ? isnan(got[i]) : got[i] == wanted[i]) continue;
        double off = fabs((double)got[i] - (double)wanted[i]);
        if (!(off <= tolerance * largest))
            fail_msg("%s: element %zu of %zu is %.9g, not %.9g (largest %.9g)", what, i, count,
                     (double)got[i], (double)wanted[i], largest);
    }
}

void rows_same(const char *what, const void *got, const void *wanted, size_t bytes)
{
    const uint8_t *g = got, *w = wanted;
    for (size_t i = 0; i < bytes; i++)
        if (g[i] != w[i])
            fail_msg("%s: byte %zu of %zu is 0x%02x, not 0x%02x", what, i, bytes, g[i], w[i]);
}

/* ---- cases ---------------------------------------------------------------------------------- */

typedef struct pair {
    char name[128];
    const char *row_name;
    tenon__cpu_bits needs;
    const void *row;
    void (*run)(const void *row);
} pair;

static pair pairs[MAX_CASES];

void rows_add(rows_family *f, const char *name, tenon__cpu_bits needs, const void *row)
{
    if (f->count == ROWS_MAX) {
        (void)fprintf(stderr, "%s: more than %d rows\n", f->name, ROWS_MAX);
        abort();
    }
    f->rows[f->count].name = name;
    f->rows[f->count].needs = needs;
    f->rows[f->count++].row = row;
}

static void run_pair(void **state)
{
    const pair *p = *state;
    if ((tenon__cpu_detect() & p->needs) != p->needs)
        test_skip("this CPU cannot run %s", p->row_name);
    p->run(p->row);
    rows_release();
}

static size_t pairs_make(const rows_family *f, const rows_check *checks, size_t check_count)
{
    size_t n = 0;
    for (size_t r = 0; r < f->count; r++) {
        for (size_t c = 0; c < check_count; c++) {
            if (n == MAX_CASES) abort();
            pair *p = &pairs[n++];
            (void)snprintf(p->name, sizeof p->name, "%s_%s", f->rows[r].name, checks[c].name);
            p->row_name = f->rows[r].name;
            p->needs = f->rows[r].needs;
            p->row = f->rows[r].row;
            p->run = checks[c].run;
        }
    }
    return n;
}

/* ---- timing --------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static volatile float sink;

/* Twelve chains of multiply-adds: more than any pipeline's latency times width. */
#define PEAK_CHAINS  12
#define PEAK_ONCE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define PEAK_TURNS   4 /* written out, so that the loop itself costs nothing */
#define PEAK_EACH(X) PEAK_ONCE(X) PEAK_ONCE(X) PEAK_ONCE(X) PEAK_ONCE(X)

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static double peak_flops(long rounds)
{
    __m256 a[PEAK_CHAINS], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.0001f);
    for (int i = 0; i < PEAK_CHAINS; i++)
        a[i] = _mm256_set1_ps(0.01f * (float)i);
    for (long r = 0; r < rounds; r++) {
#define X(i) a[i] = _mm256_fmadd_ps(a[i], x, y);
        PEAK_EACH(X)
#undef X
    }
    for (int i = 1; i < PEAK_CHAINS; i++)
        a[0] = _mm256_add_ps(a[0], a[i]);
    sink = _mm256_cvtss_f32(a[0]);
    return 16.0 * PEAK_CHAINS * PEAK_TURNS * (double)rounds;
}

__attribute__((target("avx512f"))) static double peak_flops_wide(long rounds)
{
    __m512 a[PEAK_CHAINS], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.0001f);
    for (int i = 0; i < PEAK_CHAINS; i++)
        a[i] = _mm512_set1_ps(0.01f * (float)i);
    for (long r = 0; r < rounds; r++) {
#define X(i) a[i] = _mm512_fmadd_ps(a[i], x, y);
        PEAK_EACH(X)
#undef X
    }
    for (int i = 1; i < PEAK_CHAINS; i++)
        a[0] = _mm512_add_ps(a[0], a[i]);
    sink = _mm512_cvtss_f32(a[0]);
    return 32.0 * PEAK_CHAINS * PEAK_TURNS * (double)rounds;
}
#elif defined(__aarch64__)
static double peak_flops(long rounds)
{
    float32x4_t a[PEAK_CHAINS], x = vdupq_n_f32(0.999f), y = vdupq_n_f32(0.0001f);
    for (int i = 0; i < PEAK_CHAINS; i++)
        a[i] = vdupq_n_f32(0.01f * (float)i);
    for (long r = 0; r < rounds; r++) {
#define X(i) a[i] = vfmaq_f32(y, a[i], x);
        PEAK_EACH(X)
#undef X
    }
    for (int i = 1; i < PEAK_CHAINS; i++)
        a[0] = vaddq_f32(a[0], a[i]);
    sink = vgetq_lane_f32(a[0], 0);
    return 8.0 * PEAK_CHAINS * PEAK_TURNS * (double)rounds;
}
#endif

/* FLOP/s of one core: the best of some windows; 0 where there is no loop for this machine. */
static double peak(void)
{
    static double best;
#if defined(__x86_64__) || defined(__aarch64__)
    const tenon__cpu_bits bits = tenon__cpu_detect();
    for (int i = 0; i < 200; i++) {
        double t = now(), work;
#if defined(__x86_64__)
        if (bits & TENON__CPU_AVX512)
            work = peak_flops_wide(25000);
        else if (bits & TENON__CPU_AVX2)
            work = peak_flops(25000);
        else
            return 0;
#else
        (void)bits;
        work = peak_flops(25000);
#endif
        best = fmax(best, work / (now() - t));
    }
#endif
    return best;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void rows_time(const char *what, const char *row, void (*run)(void *ctx), void *ctx, double flops,
               double bytes)
{
    static double window[MAX_WINDOWS];
    static double top;
    if (top == 0) top = peak();
    long rounds = 1;
    for (;;) {
        double t = now();
        for (long i = 0; i < rounds; i++)
            run(ctx);
        if (now() - t > 2e-3) break;
        rounds *= 2;
    }
    int n = 0;
    for (double begin = now(); n < MAX_WINDOWS && (n < 5 || now() - begin < 0.25);) {
        double t = now();
        for (long i = 0; i < rounds; i++)
            run(ctx);
        window[n++] = (now() - t) / (double)rounds;
    }
    qsort(window, (size_t)n, sizeof *window, by_value);
    double best = window[0], median = window[n / 2];
    printf("%-14s %-28s best %10.2f us  median %10.2f us", row, what, best * 1e6, median * 1e6);
    if (flops > 0) {
        printf("  %8.1f GFLOP/s", flops / best * 1e-9);
        if (top > 0)
            printf(" (%3.0f %%, median %3.0f %%)", 100 * flops / best / top,
                   100 * flops / median / top);
    }
    if (bytes > 0) printf("  %6.1f GB/s", bytes / best * 1e-9);
    printf("\n");
    (void)fflush(stdout);
}

static int bench(const rows_family *f, const char *filter, size_t count)
{
    printf("%s: peak of one core %.1f GFLOP/s\n", f->name, peak() * 1e-9);
    for (size_t i = 0; i < count; i++) {
        const pair *p = &pairs[i];
        if (filter && !strstr(p->name, filter)) continue;
        if ((tenon__cpu_detect() & p->needs) != p->needs) {
            printf("%-14s this CPU cannot run it\n", p->row_name);
            continue;
        }
        p->run(p->row);
        rows_release();
    }
    return 0;
}

int rows_main_of(const char *program, int argc, char **argv, const rows_family *f,
                 const rows_check *checks, size_t check_count, const rows_check *benches,
                 size_t bench_count)
{
    bool wanted = false;
    const char *filter = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0) wanted = true;
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) filter = argv[i + 1];
    }
    if (wanted) return bench(f, filter, pairs_make(f, benches, bench_count));

    static test_case cases[MAX_CASES];
    size_t n = pairs_make(f, checks, check_count);
    for (size_t i = 0; i < n; i++)
        cases[i] = (test_case){pairs[i].name, run_pair, &pairs[i]};
    return test_main_of(program, argc, argv, cases, n);
}
