/* SPDX-License-Identifier: Apache-2.0 */
/* tenon doctor: what the machine is, what the command was built with, and whether the engine
 * computes the same on every instruction set and any number of threads. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef TENON_HAVE_SPNG
#include <spng.h>
#endif

#include "base/os.h"
#include "base/str.h"
#include "selftest.h"

typedef struct machine {
    char name[128];   /* of the processor */
    char in_use[128]; /* as tenon_env_cpu has it */
    long online;      /* CPUs that the machine runs */
    int allowed;      /* that the process may use by its affinity */
    unsigned threads; /* that an env takes: affinity, quota and TENON_THREADS */
    double quota;     /* CPUs that the control group grants; 0: no limit found */
    uint64_t memory_bytes;
} machine;

/* ---- the machine ---- */

/* What stands behind "key" and a colon in /proc/cpuinfo. */
static void find_cpu_name(char *out, size_t size)
{
    static const char *const keys[] = {"model name", "Model", "Hardware", "CPU part"};
    char line[512];
    size_t best = sizeof keys / sizeof keys[0];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        for (size_t i = 0; i < best; i++) {
            size_t n = strlen(keys[i]);
            char *value = strncmp(line, keys[i], n) == 0 ? strchr(line, ':') : NULL;
            if (!value) continue;
            value += 1 + strspn(value + 1, " \t");
            value[strcspn(value, "\n")] = 0;
            snprintf(out, size, "%s", value);
            best = i;
        }
    }
    if (f) fclose(f);
}

/* "MAX PERIOD" of cgroup v2, where the process is at the top of what it sees (a container). */
static double find_quota(void)
{
    char line[128] = "";
    double max, period;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!f) return 0;
    char *got = fgets(line, sizeof line, f);
    fclose(f);
    size_t n = got ? strcspn(line, " ") : 0;
    if (!n || !line[n]) return 0;
    line[strcspn(line, "\n")] = 0;
    if (!tenon__parse_f64((tenon__str){line, n}, &max)) return 0; /* "max" */
    if (!tenon__parse_f64(tenon__str_of(line + n + 1), &period) || period <= 0) return 0;
    return max / period;
}

static int examine(const cli_args *args, machine *m)
{
    cli_context c = {.args = args};
    cpu_set_t set;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    int rc = cli_open(&c, args->thread_counts ? args->threads[0] : 0, args->cpu);
    if (rc == EXIT_DONE) {
        m->threads = tenon_env_threads(c.env);
        snprintf(m->in_use, sizeof m->in_use, "%s", tenon_env_cpu(c.env));
    }
    cli_close(&c);
    find_cpu_name(m->name, sizeof m->name);
    m->online = sysconf(_SC_NPROCESSORS_ONLN);
    m->allowed = sched_getaffinity(0, sizeof set, &set) ? 0 : CPU_COUNT(&set);
    m->quota = find_quota();
    m->memory_bytes = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
    return rc;
}

/* ---- libraries ---- */

typedef struct library {
    const char *name, *what, *package, *version; /* version NULL: not built in */
} library;

static void find_libraries(library out[2])
{
    out[0] = (library){"libspng", ".png", "libspng-dev", NULL};
    out[1] = (library){"libturbojpeg", ".jpg", "libturbojpeg0-dev", NULL};
#ifdef TENON_HAVE_SPNG
    out[0].version = spng_version_string();
#endif
#ifdef TENON_HAVE_TURBOJPEG
    out[1].version = "built in"; /* its API does not tell */
#endif
}

/* ---- printing ---- */

typedef struct checkup {
    machine machine;
    library libraries[2];
    selftest tests[8];
    size_t tested;
} checkup;

static void print_json(const checkup *d, bool ok)
{
    const machine *m = &d->machine;
    json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "version", tenon_version_text());
    json_text(&j, "cpu_name", m->name);
    json_text(&j, "cpu", m->in_use);
    json_int(&j, "cpus_online", m->online);
    json_int(&j, "cpus_allowed", m->allowed);
    if (m->quota > 0)
        json_real(&j, "cpus_quota", m->quota);
    else
        json_null(&j, "cpus_quota");
    json_int(&j, "threads", m->threads);
    json_int(&j, "memory_bytes", (int64_t)m->memory_bytes);
    json_open(&j, "libraries", '{');
    for (size_t i = 0; i < 2; i++) {
        if (d->libraries[i].version)
            json_text(&j, d->libraries[i].name, d->libraries[i].version);
        else
            json_null(&j, d->libraries[i].name);
    }
    json_close(&j, '}');
    json_open(&j, "tests", '[');
    for (size_t i = 0; i < d->tested; i++) {
        const selftest *t = &d->tests[i];
        json_open(&j, NULL, '{');
        json_text(&j, "cpu", t->asked);
        json_bool(&j, "available", t->available);
        if (t->available) {
            json_text(&j, "in_use", t->in_use);
            json_int(&j, "threads", t->threads);
            json_real(&j, "largest_error", t->largest_error);
            json_bool(&j, "same_bits", t->same_bits);
            json_bool(&j, "ok", t->ok);
        }
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_bool(&j, "ok", ok);
    json_close(&j, '}');
}

static void print_machine(const checkup *d)
{
    const machine *m = &d->machine;
    char name[128];
    printf("tenon      %s\n", tenon_version_text());
    printf("processor  %s\n", cli_clean(m->name, name, sizeof name));
    printf("in use     %s\n", m->in_use);
    printf("CPUs       %ld online, %d allowed, ", m->online, m->allowed);
    if (m->quota > 0)
        printf("quota %.2f\n", m->quota);
    else
        printf("no quota\n");
    printf("threads    %u\n", m->threads);
    printf("memory     %.0f MB\n", (double)m->memory_bytes / 1e6);
    for (size_t i = 0; i < 2; i++) {
        const library *l = &d->libraries[i];
        if (l->version)
            printf("%-10s %s %s\n", l->what, l->name, l->version);
        else
            printf("%-10s no: build it with %s (Debian: %s)\n", l->what, l->name, l->package);
    }
}

static void print_tests(const checkup *d)
{
    for (size_t i = 0; i < d->tested; i++) {
        const selftest *t = &d->tests[i];
        if (!t->available)
            printf("%-10s not on this CPU\n", t->asked);
        else
            printf("%-10s %s: error %.1e, %s for 1 to %u threads and in steps (%s)\n", t->asked,
                   t->ok ? "ok" : "FAILED", t->largest_error,
                   t->same_bits ? "the same bits" : "OTHER BITS", t->threads, t->in_use);
    }
}

/* ---- the verb ---- */

static int test_all(const cli_args *args, checkup *d)
{
    static const char *const asked[] = {"ref", "avx2", "avx512", "neon", "native"};
    unsigned threads = args->thread_counts ? args->threads[0] : 0;
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        if (args->cpu && strcmp(args->cpu, asked[i]) != 0) continue;
        int rc = selftest_run(args, asked[i], threads, &d->tests[d->tested++]);
        if (rc) return rc;
    }
    return EXIT_DONE;
}

int verb_doctor(cli_context *c)
{
    checkup d = {.tested = 0};
    bool ok = true;
    int rc = examine(c->args, &d.machine);
    if (rc) return rc;
    find_libraries(d.libraries);
    if (!c->args->json) print_machine(&d);
    rc = test_all(c->args, &d);
    if (rc) return rc;
    for (size_t i = 0; i < d.tested; i++)
        ok = ok && (d.tests[i].ok || !d.tests[i].available);
    if (c->args->json)
        print_json(&d, ok);
    else
        print_tests(&d);
    return ok ? EXIT_DONE : cli_fail(EXIT_SHORT, "the self-test falls short");
}
