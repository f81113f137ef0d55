/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged models, loaded and run: each ends within a second, with a status that says why or with
 * outputs, within its memory, and gives every block back. A case that fails prints the number of
 * the mutation: TENON_TEST_MUTATION=NUMBER and --filter CASE run it alone, TENON_TEST_KEEP=FILE
 * keeps the damaged model, TENON_TEST_MODELS=FOLDER damages those of a folder instead. */
#define _XOPEN_SOURCE 700
#include "harness.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/attempt.h"
#include "fuzz/mutate.h"

#define BATCHES        20
#define PER_BATCH      100
#define PER_BATCH_LONG 1000
#define LARGEST_SEED   600000
#define DEADLINE_NS    UINT64_C(250000000)
#define RUN_BYTES      ((size_t)256 << 20)
/* As include/tenon/model.h promises; the library's own small blocks around it. */
#define LOAD_BYTES  256000000u
#define SLACK_BYTES ((size_t)4 << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 8
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define SLOWER 8
#endif
#endif
#ifndef SLOWER
#define SLOWER 1
#endif

typedef struct seed_file {
    char path[1024], folder[1024];
    uint8_t *data;
    size_t size;
} seed_file;

static seed_file *files;
static size_t file_count;

/* ---- the models that are damaged ---- */

static void add_file(const char *folder, const char *name)
{
    char path[1024];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > LARGEST_SEED) return;
    files = realloc(files, (file_count + 1) * sizeof *files);
    assert_non_null(files);
    seed_file *f = &files[file_count];
    *f = (seed_file){0};
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    (void)snprintf(f->folder, sizeof f->folder, "%s", folder);
    f->data = attempt_file(path, &f->size);
    if (f->data && f->size) file_count++;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const seed_file *)a)->path, ((const seed_file *)b)->path);
}

static void add_folder(const char *folder, int depth)
{
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        char path[1024];
        struct stat info;
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode) && depth < 4)
            add_folder(path, depth + 1);
        else if (ends_with(entry->d_name, ".onnx"))
            add_file(folder, entry->d_name);
    }
    if (open) (void)closedir(open);
}

/* The repository's own models, and those of the test data where it is there. */
static void find_files(bool data)
{
    char path[1024];
    const char *other = getenv("TENON_TEST_MODELS");
    file_count = 0;
    if (other)
        (void)snprintf(path, sizeof path, "%s", other);
    else
        (void)snprintf(path, sizeof path, "%s/%s", data ? test_data() : TENON_SOURCE_DIR,
                       data ? "" : "demo");
    add_folder(path, 0);
    if (!data && !other) {
        (void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus", TENON_SOURCE_DIR);
        add_folder(path, 0);
    }
    if (!file_count) fail_msg("no model at %s", path);
    qsort(files, file_count, sizeof *files, by_path);
}

static void free_files(void)
{
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    free(files);
    files = NULL;
    file_count = 0;
}

/* ---- one damaged model ---- */

static double cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A hang ends the process a little later than a run that is only too slow is noticed. */
static void limit_cpu(int seconds)
{
    const struct itimerval timer = {{0, 0}, {seconds, 0}};
    (void)setitimer(ITIMER_PROF, &timer, NULL);
}

/* What the harness shows where the process dies, in place of what stood there for the last one. */
static void announce(uint64_t number, const seed_file *f)
{
    (void)fflush(stdout);
    if (ftruncate(STDOUT_FILENO, 0) == 0) (void)lseek(STDOUT_FILENO, 0, SEEK_SET);
    printf("mutation %" PRIu64 " of %s\n", number, f->path);
    (void)fflush(stdout);
}

static void keep(const uint8_t *data, size_t size)
{
    const char *path =
        getenv("TENON_TEST_KEEP"); /* for a closer look: the damaged model goes here */
    FILE *f = path && *path ? fopen(path, "wb") : NULL;
    if (!f) return;
    (void)fwrite(data, 1, size, f);
    (void)fclose(f);
}

static void check_status(const attempt *a, tenon_status st)
{
    if (st == TENON_OK || a->stage == ATTEMPT_INPUTS) return;
    if (st > TENON_EINVAL || st < TENON_EINTERNAL) fail_msg("status %d is none", (int)st);
    if (st == TENON_EINTERNAL)
        fail_msg("an internal error: %s: %s", a->error.where, a->error.message);
    if (a->error.status != st || !a->error.message[0])
        fail_msg("%s without a word", tenon_status_name(st));
}

/* Returns where it ended. */
static attempt_stage damage_one(tenon_env *env, meter *m, uint64_t number)
{
    uint64_t state = number * 2654435761u + 1;
    const seed_file *f = &files[mutate_below(&state, file_count)];
    const seed_file *donor = &files[mutate_below(&state, file_count)];
    attempt_options o = {
        .folder = f->folder, .deadline_ns = DEADLINE_NS, .max_run_bytes = RUN_BYTES};
    attempt a;
    size_t size = 0, blocks = m->live_blocks, bytes = m->live_bytes;
    uint8_t *made = mutate(f->data, f->size, donor->data, donor->size, state, &size);
    assert_non_null(made);
    uint8_t *data = malloc(size ? size : 1); /* of exactly this size, for the address sanitizer */
    assert_non_null(data);
    memcpy(data, made, size);
    free(made);
    announce(number, f);
    keep(data, size);
    o.seed = number % 2 ? number : 0;
    o.no_passes = number % 5 == 0;
    limit_cpu(SLOWER * 3);
    double start = cpu_seconds();
    m->peak_bytes = bytes;
    tenon_status st = attempt_open(&a, env, data, size, &o);
    size_t load_bytes = m->peak_bytes - bytes;
    if (st == TENON_OK) st = attempt_run(&a, &o);
    attempt_close(&a);
    double seconds = cpu_seconds() - start;
    limit_cpu(0);
    if (getenv("TENON_TEST_SLOW") && seconds > 0.3) (void)fprintf(stderr, "%.3f\n", seconds);
    if (seconds > SLOWER) fail_msg("%.2f s of CPU time", seconds);
    check_status(&a, st);
    if (load_bytes > LOAD_BYTES + 8 * size + SLACK_BYTES)
        fail_msg("the load took %zu MB for %zu bytes", load_bytes / 1000000, size);
    if (m->peak_bytes - bytes > load_bytes + RUN_BYTES + 2 * SLACK_BYTES)
        fail_msg("the run took %zu MB above the %zu MB of the load",
                 (m->peak_bytes - bytes - load_bytes) / 1000000, load_bytes / 1000000);
    if (m->live_blocks != blocks) fail_msg("%zu blocks leak", m->live_blocks - blocks);
    free(data);
    return a.stage;
}

/* *state: the number of the batch; the second half damages the models of the test data. */
static void damaged(void **state)
{
    size_t batch = *(const size_t *)*state, each = test_long() ? PER_BATCH_LONG : PER_BATCH;
    size_t ends[ATTEMPT_DONE + 1] = {0};
    meter m = {0};
    const tenon_allocator allocator = {&m, meter_alloc, meter_free};
    tenon_env_options eo = TENON_ENV_OPTIONS_INIT;
    tenon_error err;
    tenon_env *env;
    uint64_t first = test_random() >> 24; /* from --seed and the case's name */
    const char *one = getenv("TENON_TEST_MUTATION");
    if (one) first = strtoull(one, NULL, 10);
    if (one) each = 1;
    find_files(batch >= BATCHES / 2);
    eo.allocator = &allocator;
    eo.threads = 1;
    assert_int_equal(tenon_env_create(&eo, &env, &err), TENON_OK);
    for (size_t i = 0; i < each; i++)
        ends[damage_one(env, &m, first + i)]++;
    tenon_env_destroy(env);
    free_files();
    /* A mutator that leaves no model whole, or none damaged, tests nothing. */
    if (one)
        printf("ended at stage %d\n", ends[0] ? 0 : ends[1] ? 1 : ends[2] ? 2 : ends[3] ? 3 : 4);
    else if (!ends[ATTEMPT_LOAD] || !ends[ATTEMPT_DONE])
        fail_msg("%zu refused, %zu ran, of %zu", ends[ATTEMPT_LOAD], ends[ATTEMPT_DONE], each);
    assert_int_equal(m.live_blocks, 0);
}

int main(int argc, char **argv)
{
    static char names[BATCHES][32];
    static size_t numbers[BATCHES];
    test_case cases[BATCHES];
    for (size_t i = 0; i < BATCHES; i++) {
        numbers[i] = i;
        (void)snprintf(names[i], sizeof names[i], "%s_%zu", i < BATCHES / 2 ? "own" : "data", i);
        cases[i] = (test_case){names[i], damaged, &numbers[i]};
    }
    return test_main(argc, argv, cases, BATCHES);
}
