/* SPDX-License-Identifier: Apache-2.0 */
/* How many float32 multiply-adds the cores reach when they do nothing else: the measure against
 * which `bench` sets a model. Each thread keeps enough independent sums in registers to fill the
 * pipelines of its multiply-add units; all threads run at the same time. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "cli.h"

enum { ROUNDS = 4096, TRY_NS = 5000000, TRIES = 3 };

/* X(i) for each sum: named variables, because an array might not stay in registers. */
#define TWELVE(X)      X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define TWELVE_MORE(X) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

/* Does ROUNDS rounds and returns how many FLOPs that was. `*sink` takes the result, so that it has
 * to be computed. */
typedef double (*burst_fn)(float *sink);

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static double burst_avx512(float *sink)
{
    const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
#define X(i) __m512 sum##i = _mm512_set1_ps((float)i);
    TWELVE(X)
#undef X
    for (int k = 0; k < ROUNDS; k++) {
#define X(i) sum##i = _mm512_fmadd_ps(sum##i, a, b);
        TWELVE(X)
#undef X
    }
    __m512 total = _mm512_setzero_ps();
#define X(i) total = _mm512_add_ps(total, sum##i);
    TWELVE(X)
#undef X
    *sink = _mm512_reduce_add_ps(total);
    return 2.0 * 16 * 12 * ROUNDS;
}

__attribute__((target("avx2,fma"))) static double burst_avx2(float *sink)
{
    const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
    float out[8];
#define X(i) __m256 sum##i = _mm256_set1_ps((float)i);
    TWELVE(X)
#undef X
    for (int k = 0; k < ROUNDS; k++) {
#define X(i) sum##i = _mm256_fmadd_ps(sum##i, a, b);
        TWELVE(X)
#undef X
    }
    __m256 total = _mm256_setzero_ps();
#define X(i) total = _mm256_add_ps(total, sum##i);
    TWELVE(X)
#undef X
    _mm256_storeu_ps(out, total);
    *sink = out[0] + out[7];
    return 2.0 * 8 * 12 * ROUNDS;
}
#endif

#if defined(__aarch64__)
static double burst(float *sink)
{
    const float32x4_t a = vdupq_n_f32(0.999f), b = vdupq_n_f32(0.001f);
#define X(i) float32x4_t sum##i = vdupq_n_f32((float)i);
    TWELVE(X)
    TWELVE_MORE(X)
#undef X
    for (int k = 0; k < ROUNDS; k++) {
#define X(i) sum##i = vfmaq_f32(sum##i, a, b);
        TWELVE(X)
        TWELVE_MORE(X)
#undef X
    }
    float32x4_t total = vdupq_n_f32(0);
#define X(i) total = vaddq_f32(total, sum##i);
    TWELVE(X)
    TWELVE_MORE(X)
#undef X
    *sink = vaddvq_f32(total);
    return 2.0 * 4 * 24 * ROUNDS;
}
#else
static double burst(float *sink)
{
    float total = 0;
#define X(i) float sum##i = (float)i;
    TWELVE(X)
#undef X
    for (int k = 0; k < ROUNDS; k++) {
#define X(i) sum##i = sum##i * 0.999f + 0.001f;
        TWELVE(X)
#undef X
    }
#define X(i) total += sum##i;
    TWELVE(X)
#undef X
    *sink = total;
    return 2.0 * 12 * ROUNDS;
}
#endif

static burst_fn find_burst(const char *cpu)
{
#if defined(__x86_64__)
    if (strstr(cpu, "avx512")) return burst_avx512;
    if (strstr(cpu, "avx2")) return burst_avx2;
#else
    (void)cpu;
#endif
    return burst;
}

typedef struct course {
    burst_fn burst;
    atomic_bool go;
} course;

typedef struct lane {
    course *course;
    double gflops;
    volatile float sink;
} lane;

static void *run_lane(void *arg)
{
    lane *l = arg;
    double flops = 0;
    float sink = 0;
    uint64_t start, took;
    while (!atomic_load(&l->course->go))
        sched_yield();
    start = tenon_clock_ns();
    do {
        flops += l->course->burst(&sink);
        took = tenon_clock_ns() - start;
    } while (took < TRY_NS);
    l->sink = sink;
    l->gflops = flops / (double)took;
    return NULL;
}

/* All lanes at once, the first on this thread; 0 where a thread cannot be started. */
static double run_lanes(course *c, lane *lanes, pthread_t *threads, unsigned count)
{
    double sum = 0;
    unsigned started = 1;
    atomic_store(&c->go, false);
    for (unsigned i = 0; i < count; i++)
        lanes[i].course = c;
    while (started < count && !pthread_create(&threads[started], NULL, run_lane, &lanes[started]))
        started++;
    atomic_store(&c->go, true);
    run_lane(&lanes[0]);
    for (unsigned i = 1; i < started; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < count; i++)
        sum += lanes[i].gflops;
    return started == count ? sum : 0;
}

double cli_peak_gflops(unsigned threads, const char *cpu)
{
    course c = {.burst = find_burst(cpu)};
    lane *lanes = calloc(threads, sizeof *lanes);
    pthread_t *handles = calloc(threads, sizeof *handles);
    double best = 0;
    for (int i = 0; i < TRIES && lanes && handles; i++) {
        double x = run_lanes(&c, lanes, handles, threads);
        if (x > best) best = x;
    }
    free(lanes);
    free(handles);
    return best;
}
