/* SPDX-License-Identifier: Apache-2.0 */
/* One process per case: fork, let cmocka run the case, read what it printed, judge by how it ended.
 */
#define _XOPEN_SOURCE   700
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "harness.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Generous: sanitizers and emulators are slow, and a hang is rare. */
#define CASE_SECONDS      300
#define CASE_SECONDS_LONG 3600

/* Written by the case's process, read by the program once it has ended. */
typedef struct outcome {
    bool skipped;
    char reason[256];
    char folder[256];
} outcome;

static outcome *shared;
static uint64_t random_state;
static uint64_t seed = 1;

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t test_random(void)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(random_state);
}

int64_t test_random_in(int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    uint64_t r = test_random();
    return (int64_t)((uint64_t)low + (span ? r % span : r));
}

double test_random_real(double low, double high)
{
    return low + (high - low) * ((double)(test_random() >> 11) * 0x1p-53);
}

static bool is_set(const char *variable)
{
    const char *text = getenv(variable);
    return text && *text && strcmp(text, "0") != 0;
}

bool test_long(void)
{
    return is_set("TENON_TEST_LONG");
}

bool test_emulated(void)
{
    return is_set("TENON_TEST_EMULATED");
}

void test_skip(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(shared->reason, sizeof shared->reason, fmt, args);
    va_end(args);
    shared->skipped = true;
    skip();
    abort(); /* cmocka's skip jumps away */
}

const char *test_data(void)
{
    static char path[1024];
    struct stat info;
    const char *named = getenv("TENON_TEST_DATA");
    if (named && *named)
        (void)snprintf(path, sizeof path, "%s", named);
    else
        (void)snprintf(path, sizeof path, "%s/../shared/data", TENON_SOURCE_DIR);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) test_skip("no test data at %s", path);
    return path;
}

const char *test_folder(void)
{
    if (!shared->folder[0]) {
        const char *base = getenv("TMPDIR");
        (void)snprintf(shared->folder, sizeof shared->folder, "%s/tenon-test-XXXXXX",
                       base && *base ? base : "/tmp");
        if (!mkdtemp(shared->folder)) fail_msg("mkdtemp %s: %s", shared->folder, strerror(errno));
    }
    return shared->folder;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

/* The case's process: never returns. */
static void run_case(const char *program, const test_case *c, FILE *out)
{
    uint64_t h = seed;
    for (const char *p = c->name; *p; p++)
        h = mix(h ^ (uint8_t)*p);
    random_state = h;
    if (dup2(fileno(out), STDOUT_FILENO) < 0 || dup2(fileno(out), STDERR_FILENO) < 0) _exit(3);
    (void)alarm(test_long() ? CASE_SECONDS_LONG : CASE_SECONDS);
    const struct CMUnitTest test = {c->name, c->run, NULL, NULL, c->arg};
    int failed = _cmocka_run_group_tests(program, &test, 1, NULL, NULL);
    /* exit, not _exit: the leak checker and the coverage counters work there. */
    exit(failed ? 1 : 0);
}

static void print_output(FILE *out)
{
    char buffer[4096];
    size_t n;
    rewind(out);
    while ((n = fread(buffer, 1, sizeof buffer, out)) > 0)
        (void)fwrite(buffer, 1, n, stdout);
}

/* 1 passed, 0 failed, -1 skipped. */
static int judge(const char *program, const test_case *c)
{
    memset(shared, 0, sizeof *shared);
    FILE *out = tmpfile();
    if (!out) {
        printf("fail  %s:%s  (no temporary file: %s)\n", program, c->name, strerror(errno));
        return 0;
    }
    (void)fflush(stdout);
    struct timespec begin, end;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t child = fork();
    if (child == 0) run_case(program, c, out);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    if (shared->folder[0]) (void)nftw(shared->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);

    int result = 0;
    if (child < 0) {
        printf("fail  %s:%s  (fork: %s)\n", program, c->name, strerror(errno));
    } else if (WIFSIGNALED(status)) {
        print_output(out);
        printf("fail  %s:%s  (%s, seed %" PRIu64 ")\n", program, c->name,
               WTERMSIG(status) == SIGALRM ? "took too long" : strsignal(WTERMSIG(status)), seed);
    } else if (WEXITSTATUS(status) != 0) {
        print_output(out);
        printf("fail  %s:%s  (exit %d, seed %" PRIu64 ")\n", program, c->name, WEXITSTATUS(status),
               seed);
    } else if (shared->skipped) {
        printf("skip  %s:%s  (%s)\n", program, c->name, shared->reason);
        result = -1;
    } else {
        printf("ok    %s:%s  %.3f s\n", program, c->name, seconds);
        result = 1;
    }
    (void)fclose(out);
    return result;
}

static int usage(const char *program)
{
    (void)fprintf(stderr, "usage: %s [--filter TEXT] [--seed N] [--list]\n", program);
    return 2;
}

static bool wanted(const char *program, const test_case *c, const char *filter)
{
    char full[512];
    (void)snprintf(full, sizeof full, "%s:%s", program, c->name);
    return !filter || strstr(full, filter) != NULL;
}

int test_main_of(const char *program, int argc, char **argv, const test_case *cases, size_t count)
{
    const char *filter = NULL;
    bool list = false;
    for (int i = 1; i < argc; i++) {
        char *end = NULL;
        if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) {
            filter = argv[++i];
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], &end, 10);
            if (!end || *end || end == argv[i]) return usage(program);
        } else {
            return usage(program);
        }
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return perror("mmap"), 1;

    unsigned passed = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < count; i++) {
        if (!wanted(program, &cases[i], filter)) continue;
        if (list) {
            printf("%s:%s\n", program, cases[i].name);
            continue;
        }
        int result = judge(program, &cases[i]);
        passed += result > 0;
        failed += result == 0;
        skipped += result < 0;
    }
    (void)munmap(shared, sizeof *shared);
    if (!list) printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
    return failed ? 1 : 0;
}
