/* SPDX-License-Identifier: Apache-2.0 */
/* tenon bench: how long a model takes to load, to run for the first time, and to run, on one or
 * more numbers of threads. Each number gets an env, a model and a session of its own. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "cli.h"

enum { LEAST_RUNS = 3 };

typedef struct row {
    unsigned threads;
    uint64_t load_ns, first_run_ns, count, total_ns;
    uint64_t min_ns, median_ns, p90_ns, p99_ns, resident_bytes;
    double flops, peak_gflops;
} row;

typedef struct samples {
    uint64_t *ns;
    size_t count, room;
} samples;

/* What is the same for all rows, kept from the first. */
typedef struct bench {
    char hash[65], cpu[128];
    row rows[64];
    size_t count;
} bench;

static bool add_sample(samples *s, uint64_t ns)
{
    if (s->count == s->room) {
        uint64_t *more = realloc(s->ns, (s->room * 2 + 1024) * sizeof *more);
        if (!more) return false;
        s->ns = more;
        s->room = s->room * 2 + 1024;
    }
    s->ns[s->count++] = ns;
    return true;
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* The smallest sample that at least `percent` of a hundred do not exceed. */
static uint64_t percentile(const samples *s, unsigned percent)
{
    size_t rank = (s->count * percent + 99) / 100;
    return s->ns[rank ? rank - 1 : 0];
}

static void show_progress(const row *r, uint64_t spent_ns, uint64_t duration_ns)
{
    enum { WIDTH = 30 };
    char bar[WIDTH + 1];
    uint64_t filled = duration_ns ? spent_ns / (duration_ns / WIDTH + 1) : WIDTH;
    for (uint64_t i = 0; i < WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[WIDTH] = 0;
    fprintf(stderr, "\r%u thread%s [%s]", r->threads, r->threads == 1 ? "" : "s", bar);
}

static int measure(cli_context *c, tenon_session *s, row *r, samples *taken)
{
    tenon_error err;
    uint64_t start = tenon_clock_ns(), now = start, shown = start, duration = c->args->duration_ns;
    bool decorated = cli_decorated(STDERR_FILENO);
    tenon_status st = TENON_OK;
    while (st == TENON_OK && (now - start < duration || taken->count < LEAST_RUNS)) {
        uint64_t before = tenon_clock_ns();
        st = tenon_session_run(s, &err);
        now = tenon_clock_ns();
        if (cli_interrupted()) {
            st = TENON_ECANCELED;
            break;
        }
        if (st == TENON_OK && !add_sample(taken, now - before))
            return cli_fail(EXIT_ENVIRONMENT, "no memory for the measurements");
        r->total_ns += now - before;
        if (decorated && now - shown > 100000000) {
            show_progress(r, now - start, duration);
            shown = now;
        }
    }
    if (decorated) fprintf(stderr, "\r\033[K");
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

static void evaluate(row *r, samples *s)
{
    qsort(s->ns, s->count, sizeof *s->ns, compare_ns);
    r->count = s->count;
    r->min_ns = s->ns[0];
    r->median_ns = percentile(s, 50);
    r->p90_ns = percentile(s, 90);
    r->p99_ns = percentile(s, 99);
}

static int run_row(cli_context *c, tenon_session *s, row *r)
{
    tenon_error err;
    tenon_session_info info = {.size = sizeof info};
    samples taken = {0};
    uint64_t start = tenon_clock_ns();
    tenon_status st = tenon_session_run(s, &err);
    r->first_run_ns = tenon_clock_ns() - start;
    if (st) return cli_fail_error(st, &err, false);
    int rc = measure(c, s, r, &taken);
    if (rc == EXIT_DONE) {
        evaluate(r, &taken);
        r->resident_bytes = tenon__resident_bytes();
        if (tenon_session_info_get(s, &info) == TENON_OK) r->flops = info.flops;
    }
    free(taken.ns);
    return rc;
}

/* Model and session in an env of `threads` threads, measured. */
static int bench_threads(const cli_args *a, unsigned threads, bench *b)
{
    cli_context c = {.args = a};
    cli_inputs in = {0};
    tenon_session *s = NULL;
    tenon_error err;
    const char *hash;
    row *r = &b->rows[b->count++];
    r->threads = threads;
    int rc = cli_open(&c, threads, a->cpu);
    uint64_t start = tenon_clock_ns(); /* an env is made once, whatever the number of models */
    if (rc == EXIT_DONE) rc = cli_load(&c, a->paths.items[0]);
    if (rc == EXIT_DONE) rc = cli_session(&c, 0, false, &s);
    r->load_ns = tenon_clock_ns() - start;
    if (rc == EXIT_DONE) rc = cli_inputs_make(&c, a->fill ? a->fill : "random", &in);
    if (rc == EXIT_DONE) rc = cli_inputs_set(&c, &in, s);
    if (rc == EXIT_DONE) rc = run_row(&c, s, r);
    if (rc == EXIT_DONE && !b->hash[0]) {
        snprintf(b->cpu, sizeof b->cpu, "%s", tenon_env_cpu(c.env));
        tenon_status st = tenon_model_hash_get(c.model, &hash, &err);
        if (st)
            rc = cli_fail_error(st, &err, false);
        else
            snprintf(b->hash, sizeof b->hash, "%s", hash);
    }
    tenon_session_destroy(s);
    cli_inputs_free(&in);
    cli_close(&c);
    return rc;
}

/* The list of --threads, else 1 and all; and what the cores reach, whatever --cpu says. */
static int prepare(const cli_args *a, unsigned *threads, size_t *count, char *cpu, size_t cpu_size)
{
    cli_context c = {.args = a};
    int rc = cli_open(&c, 0, "native");
    if (rc == EXIT_DONE) {
        snprintf(cpu, cpu_size, "%s", tenon_env_cpu(c.env));
        threads[0] = 1;
        threads[1] = tenon_env_threads(c.env);
        *count = threads[1] > 1 ? 2 : 1;
        if (a->thread_counts) {
            memcpy(threads, a->threads, sizeof a->threads);
            *count = a->thread_counts;
        }
    }
    cli_close(&c);
    return rc;
}

/* ---- printing ---- */

static double per_second(const row *r)
{
    return r->total_ns ? (double)r->count * 1e9 / (double)r->total_ns : 0;
}

static double gflops(const row *r)
{
    return r->median_ns ? r->flops / (double)r->median_ns : 0;
}

static double percent_peak(const row *r)
{
    return r->peak_gflops > 0 ? 100 * gflops(r) / r->peak_gflops : 0;
}

static void print_json(const cli_args *a, const bench *b)
{
    json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "model", a->paths.items[0]);
    json_text(&j, "hash", b->hash);
    json_text(&j, "cpu", b->cpu);
    json_open(&j, "runs", '[');
    for (size_t i = 0; i < b->count; i++) {
        const row *r = &b->rows[i];
        json_open(&j, NULL, '{');
        json_int(&j, "threads", r->threads);
        json_int(&j, "load_ns", (int64_t)r->load_ns);
        json_int(&j, "first_run_ns", (int64_t)r->first_run_ns);
        json_int(&j, "min_ns", (int64_t)r->min_ns);
        json_int(&j, "median_ns", (int64_t)r->median_ns);
        json_int(&j, "p90_ns", (int64_t)r->p90_ns);
        json_int(&j, "p99_ns", (int64_t)r->p99_ns);
        json_int(&j, "count", (int64_t)r->count);
        json_real(&j, "per_second", per_second(r));
        json_real(&j, "gflops", gflops(r));
        json_real(&j, "percent_peak", percent_peak(r));
        json_int(&j, "resident_bytes", (int64_t)r->resident_bytes);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

static void print_text(const cli_args *a, const bench *b)
{
    char path[300];
    printf("%s on %s\n", cli_clean(a->paths.items[0], path, sizeof path), b->cpu);
    printf("%7s %9s %9s %11s %11s %11s %11s %8s %10s %8s %6s %8s\n", "threads", "load ms",
           "first ms", "min us", "median us", "p90 us", "p99 us", "runs", "per second", "GFLOP/s",
           "% peak", "MB");
    for (size_t i = 0; i < b->count; i++) {
        const row *r = &b->rows[i];
        printf("%7u %9.2f %9.2f %11.1f %11.1f %11.1f %11.1f %8llu %10.1f %8.1f %6.1f %8.1f\n",
               r->threads, (double)r->load_ns / 1e6, (double)r->first_run_ns / 1e6,
               (double)r->min_ns / 1e3, (double)r->median_ns / 1e3, (double)r->p90_ns / 1e3,
               (double)r->p99_ns / 1e3, (unsigned long long)r->count, per_second(r), gflops(r),
               percent_peak(r), (double)r->resident_bytes / 1e6);
    }
}

int verb_bench(cli_context *c)
{
    const cli_args *a = c->args;
    unsigned threads[sizeof a->threads / sizeof a->threads[0]];
    char cpu[128];
    size_t count = 0;
    bench b = {.count = 0};
    int rc = prepare(a, threads, &count, cpu, sizeof cpu);
    for (size_t i = 0; i < count && rc == EXIT_DONE; i++)
        rc = bench_threads(a, threads[i], &b);
    if (rc) return rc;
    for (size_t i = 0; i < count; i++)
        b.rows[i].peak_gflops = cli_peak_gflops(threads[i], cpu);
    if (a->json)
        print_json(a, &b);
    else
        print_text(a, &b);
    return EXIT_DONE;
}
