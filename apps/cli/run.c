/* SPDX-License-Identifier: Apache-2.0 */
/* tenon run: one model, its inputs, its outputs; in steps where a budget is given. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct timing {
    uint64_t runs, steps, longest_step_ns, total_ns;
} timing;

static int run_once(cli_context *c, tenon_session *s, timing *t)
{
    tenon_error err;
    bool done = false;
    uint64_t start = tenon_clock_ns();
    tenon_status st = TENON_OK;
    if (!c->args->budget_set) {
        st = tenon_session_run(s, &err);
        t->steps++;
    }
    while (c->args->budget_set && !done && st == TENON_OK) {
        uint64_t before = tenon_clock_ns(), took;
        st = tenon_session_step(s, c->args->budget_ns, &done, &err);
        took = tenon_clock_ns() - before;
        if (took > t->longest_step_ns) t->longest_step_ns = took;
        t->steps++;
    }
    t->total_ns += tenon_clock_ns() - start;
    t->runs++;
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

static void print_profile(FILE *to, const tenon_session *s)
{
    uint64_t total = 0;
    tenon_step_info info = {.size = sizeof info};
    for (size_t i = 0; i < tenon_session_step_count(s); i++)
        if (tenon_session_step_get(s, i, &info) == TENON_OK) total += info.total_ns;
    fprintf(to, "%5s %10s %6s %8s %6s  %-18s %-22s %-28s %s\n", "step", "us", "%", "GFLOP/s", "tiles", "operator", "kernel",
            "output", "node");
    for (size_t i = 0; i < tenon_session_step_count(s); i++) {
        if (tenon_session_step_get(s, i, &info) || !info.runs) continue;
        double ns = (double)info.total_ns / (double)info.runs;
        fprintf(to, "%5zu %10.1f %6.1f %8.1f %6u  %-18s %-22s %-28s %s\n", i, ns / 1e3,
                total ? 100.0 * (double)info.total_ns / (double)total : 0.0, ns > 0 ? info.flops / ns : 0.0, info.tiles,
                info.op, info.kernel, info.shape, info.node);
    }
}

static void print_json(cli_context *c, tenon_session *s, const timing *t)
{
    json j = {.to = stdout};
    const char *hash = "";
    json_open(&j, NULL, '{');
    json_text(&j, "model", c->path);
    if (tenon_model_hash_get(c->model, &hash, NULL) == TENON_OK) json_text(&j, "hash", hash);
    json_text(&j, "cpu", tenon_env_cpu(c->env));
    json_int(&j, "threads", tenon_env_threads(c->env));
    json_int(&j, "runs", (int64_t)t->runs);
    json_int(&j, "steps", (int64_t)t->steps);
    json_int(&j, "longest_step_ns", (int64_t)t->longest_step_ns);
    json_int(&j, "run_ns", (int64_t)(t->total_ns / (t->runs ? t->runs : 1)));
    json_open(&j, "outputs", '[');
    for (size_t i = 0; i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *out = NULL;
        if (tenon_model_output_get(c->model, i, &port)) continue;
        (void)!tenon_session_get_output(s, port.name, &out, NULL);
        json_open(&j, NULL, '{');
        json_text(&j, "name", port.name);
        json_text(&j, "dtype", tenon_dtype_text(out ? tenon_tensor_dtype(out) : port.dtype));
        json_dims(&j, "shape", out ? tenon_tensor_rank(out) : -1, out ? tenon_tensor_dims(out) : NULL, NULL);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

static int run_session(cli_context *c, tenon_session *s, const cli_inputs *in)
{
    timing t = {0};
    int rc = cli_inputs_set(c, in, s);
    for (uint64_t i = 0; i < c->args->repeat && rc == EXIT_DONE; i++)
        rc = run_once(c, s, &t);
    if (rc) return rc;
    rc = cli_outputs_write(c, s);
    if (rc == EXIT_DONE && c->args->top) rc = cli_print_top(c, s);
    if (rc == EXIT_DONE && c->args->json) print_json(c, s, &t);
    if (rc == EXIT_DONE && c->args->profile) print_profile(c->args->json ? stderr : stdout, s);
    if (c->args->budget_set && rc == EXIT_DONE)
        fprintf(c->args->json ? stderr : stdout, "%" PRIu64 " runs in %" PRIu64 " steps, the longest %.1f us\n", t.runs, t.steps,
                (double)t.longest_step_ns / 1e3);
    return rc;
}

int verb_run(cli_context *c)
{
    cli_inputs in = {0};
    tenon_session *s = NULL;
    if (!c->args->repeat) return cli_fail(EXIT_USAGE, "--repeat: at least 1");
    int rc = cli_load(c, c->args->paths.items[0]);
    if (rc == EXIT_DONE) rc = cli_inputs_make(c, &in);
    if (rc == EXIT_DONE) rc = cli_load_threads(c, c->args->threads, &s);
    if (rc == EXIT_DONE) rc = run_session(c, s, &in);
    tenon_session_destroy(s);
    cli_inputs_free(&in);
    return rc;
}
