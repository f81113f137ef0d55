/* SPDX-License-Identifier: Apache-2.0 */
/* The command: finds the verb, opens the env, cleans up behind. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int cli_fail(int status, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (char *p = text; *p; p++) /* one line, whatever a file's names hold */
        if ((unsigned char)*p < 32 || *p == 127) *p = '?';
    fprintf(stderr, "tenon: %s\n", text);
    return status;
}

int cli_fail_error(tenon_status st, const tenon_error *err, bool loading)
{
    int status = EXIT_REFUSED;
    if (st == TENON_EIO || st == TENON_ENOMEM || (loading && st == TENON_ENOENT)) status = EXIT_ENVIRONMENT;
    if (st == TENON_ECANCELED) status = EXIT_INTERRUPTED;
    return cli_fail(status, "%s%s%s", err->where, err->where[0] ? ": " : "", err->message);
}

/* ---- signals ---------------------------------------------------------------------------------------------------- */

static tenon_cancel *interrupt_cancel;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
    if (interrupt_cancel) tenon_cancel_set(interrupt_cancel);
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}

static void catch_interrupts(tenon_cancel *cancel)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    interrupt_cancel = cancel;
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESETHAND; /* a second Ctrl-C ends the process whatever it does */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- env -------------------------------------------------------------------------------------------------------- */

static void print_log(void *user, tenon_log_level level, const char *text)
{
    (void)user;
    (void)level;
    fprintf(stderr, "tenon: %s\n", text);
}

static int log_level(const cli_args *args, tenon_log_level *out)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug"};
    const char *text = getenv("TENON_LOG");
    *out = TENON_LOG_NONE;
    if (text && *text) {
        for (int i = 0; i < 5; i++)
            if (strcmp(names[i], text) == 0) *out = (tenon_log_level)i;
        if (*out == TENON_LOG_NONE && strcmp(text, "none") != 0)
            return cli_fail(EXIT_USAGE, "TENON_LOG is '%s'; it is one of none, error, warning, info, debug", text);
    }
    if (args->verbose) *out = args->verbose > 1 ? TENON_LOG_DEBUG : TENON_LOG_INFO;
    return -1;
}

static unsigned most_threads(const cli_args *args)
{
    unsigned most = args->threads;
    for (const char *p = args->threads_list; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        unsigned n = (unsigned)strtoul(p, NULL, 10);
        if (n > most) most = n;
    }
    return most;
}

int cli_open(const cli_args *args, cli_context *out)
{
    tenon_env_options o = TENON_ENV_OPTIONS_INIT;
    tenon_error err;
    memset(out, 0, sizeof *out);
    out->args = args;
    int rc = log_level(args, &o.log_level);
    if (rc >= 0) return rc;
    o.log = print_log;
    o.cpu = args->cpu;
    o.threads = most_threads(args);
    tenon_status st = tenon_env_create(&o, &out->env, &err);
    if (st) return cli_fail(st == TENON_ENOMEM || st == TENON_EUNSUPPORTED ? EXIT_ENVIRONMENT : EXIT_USAGE, "%s", err.message);
    st = tenon_cancel_create(out->env, &out->cancel, &err);
    if (st) return cli_fail_error(st, &err, false);
    catch_interrupts(out->cancel);
    return EXIT_DONE;
}

int cli_load(cli_context *c, const char *path)
{
    tenon_model_options o = TENON_MODEL_OPTIONS_INIT;
    tenon_error err;
    const char *accuracy = c->args->accuracy;
    o.cancel = c->cancel;
    o.no_passes = c->args->passes_off;
    if (accuracy && strcmp(accuracy, "strict") == 0) o.accuracy = TENON_ACCURACY_STRICT;
    if (accuracy && strcmp(accuracy, "fast") == 0) o.accuracy = TENON_ACCURACY_FAST;
    c->path = path;
    tenon_status st = tenon_model_load(c->env, path, &o, &c->model, &err);
    return st ? cli_fail_error(st, &err, true) : EXIT_DONE;
}

int cli_load_threads(cli_context *c, unsigned threads, tenon_session **out)
{
    tenon_session_options o = TENON_SESSION_OPTIONS_INIT;
    tenon_error err;
    o.threads = threads;
    o.cancel = c->cancel;
    o.profile = c->args->profile;
    tenon_status st = tenon_session_create(c->model, &o, out, &err);
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

void cli_close(cli_context *c)
{
    interrupt_cancel = NULL;
    tenon_model_unref(c->model);
    tenon_cancel_destroy(c->cancel);
    tenon_env_destroy(c->env);
}

/* ---- main ------------------------------------------------------------------------------------------------------- */

static int run_verb(const cli_args *args)
{
    cli_context c;
    int rc = cli_open(args, &c);
    if (rc == EXIT_DONE) {
        switch (args->verb) {
        case VERB_RUN: rc = verb_run(&c); break;
        case VERB_INSPECT: rc = verb_inspect(&c); break;
        case VERB_BENCH: rc = verb_bench(&c); break;
        case VERB_COMPARE: rc = verb_compare(&c); break;
        default: rc = verb_doctor(&c); break;
        }
    }
    cli_close(&c);
    if (fflush(stdout) || ferror(stdout)) {
        if (rc == EXIT_DONE) rc = cli_fail(EXIT_ENVIRONMENT, "stdout: %s", strerror(errno));
    }
    return cli_interrupted() && rc != EXIT_DONE ? EXIT_INTERRUPTED : rc;
}

static void print_version(void)
{
    printf("tenon %s\nbuilt %s, C%ld\nlibraries: %s%s\n", tenon_version_text(),
#if defined(__clang__)
           "with clang " __clang_version__,
#else
           "with gcc " __VERSION__,
#endif
           __STDC_VERSION__ / 100 % 100,
#ifdef TENON_HAVE_SPNG
           "libspng (.png)",
#else
           "no libspng (.png)",
#endif
#ifdef TENON_HAVE_TURBOJPEG
           ", libturbojpeg (.jpg)"
#else
           ", no libturbojpeg (.jpg)"
#endif
    );
}

int main(int argc, char **argv)
{
    cli_args args;
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        printf("tenon run model.onnx --input x=x.npy --output out\n"
               "tenon inspect model.onnx\n"
               "tenon bench model.onnx --threads 1,2\n");
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--man") == 0) {
        cli_print_man(stdout);
        return EXIT_DONE;
    }
    int rc = cli_parse(argc, argv, &args);
    return rc >= 0 ? rc : run_verb(&args);
}
