/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb works with: errors in one line, Ctrl-C, the env, the model. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "cli.h"

/* ---- errors ---- */

const char *cli_clean(const char *text, char *out, size_t size)
{
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++)
        out[n] = (unsigned char)text[n] < 32 || text[n] == 127 ? '?' : text[n];
    out[n] = 0;
    return out;
}

int cli_fail(int status, const char *fmt, ...)
{
    char text[1400], line[1400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* One line, whatever a file's names hold. */
    fprintf(stderr, "tenon: %s\n", cli_clean(text, line, sizeof line));
    return status;
}

static int status_of(tenon_status st, bool loading)
{
    if (st == TENON_ECANCELED) return EXIT_INTERRUPTED;
    if (st == TENON_EIO || st == TENON_ENOMEM || (loading && st == TENON_ENOENT))
        return EXIT_ENVIRONMENT;
    return EXIT_REFUSED;
}

int cli_fail_error(tenon_status st, const tenon_error *err, bool loading)
{
    if (st == TENON_ECANCELED && cli_interrupted())
        return cli_fail(EXIT_INTERRUPTED, "interrupted");
    return cli_fail(status_of(st, loading), "%s%s%s", err->where, err->where[0] ? ": " : "",
                    err->message);
}

int cli_fail_data(const char *what, tenon_status st, const tenon_error *err)
{
    return cli_fail(status_of(st, false), "%s: %s", what, err->message);
}

bool cli_decorated(int fd)
{
    return isatty(fd) && !tenon__getenv("NO_COLOR");
}

/* ---- Ctrl-C ---- */

static tenon_cancel *volatile interrupt_cancel;
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

void cli_catch_interrupts(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESETHAND; /* a second Ctrl-C ends the process whatever it does */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- env, model, session ---- */

static void print_log(void *user, tenon_log_level level, const char *text)
{
    char line[1000];
    (void)user;
    (void)level;
    fprintf(stderr, "tenon: %s\n", cli_clean(text, line, sizeof line));
}

static int log_level(const cli_args *args, tenon_log_level *out)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug"};
    const char *text = tenon__getenv("TENON_LOG");
    size_t level = 0;
    while (text && level < 5 && strcmp(names[level], text) != 0)
        level++;
    if (level == 5)
        return cli_fail(EXIT_USAGE,
                        "TENON_LOG is '%s'; it is one of none, error, warning, info, debug", text);
    *out = (tenon_log_level)level;
    if (args->verbose) *out = args->verbose > 1 ? TENON_LOG_DEBUG : TENON_LOG_INFO;
    return EXIT_DONE;
}

int cli_open(cli_context *c, unsigned threads, const char *cpu)
{
    tenon_env_options o = TENON_ENV_OPTIONS_INIT;
    tenon_error err;
    int rc = log_level(c->args, &o.log_level);
    if (rc) return rc;
    o.log = print_log;
    o.cpu = cpu;
    o.threads = threads;
    tenon_status st = tenon_env_create(&o, &c->env, &err);
    if (st == TENON_ENOMEM || st == TENON_EUNSUPPORTED || st == TENON_EIO)
        return cli_fail(EXIT_ENVIRONMENT, "%s", err.message);
    if (st) return cli_fail(EXIT_USAGE, "%s", err.message);
    st = tenon_cancel_create(c->env, &c->cancel, &err);
    if (st) return cli_fail_error(st, &err, false);
    interrupt_cancel = c->cancel;
    if (interrupted) tenon_cancel_set(c->cancel); /* it came before there was something to set */
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
    if (st == TENON_OK && cli_inputs_name_others(c)) { /* defaults that the file carries, perhaps */
        tenon_model_unref(c->model);
        c->model = NULL;
        o.open_defaults = true;
        st = tenon_model_load(c->env, path, &o, &c->model, &err);
    }
    return st ? cli_fail_error(st, &err, true) : EXIT_DONE;
}

int cli_session(cli_context *c, unsigned threads, bool profile, tenon_session **out)
{
    tenon_session_options o = TENON_SESSION_OPTIONS_INIT;
    tenon_error err;
    o.threads = threads;
    o.cancel = c->cancel;
    o.profile = profile;
    tenon_status st = tenon_session_create(c->model, &o, out, &err);
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

void cli_close(cli_context *c)
{
    interrupt_cancel = NULL;
    tenon_model_unref(c->model);
    tenon_cancel_destroy(c->cancel);
    tenon_env_destroy(c->env);
    c->model = NULL;
    c->cancel = NULL;
    c->env = NULL;
}
