/* SPDX-License-Identifier: Apache-2.0 */
/* tenon run: one model, its inputs, its outputs; in steps where a budget is given. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct timing {
    uint64_t runs, steps, longest_step_ns, total_ns;
} timing;

static tenon_status step_to_end(tenon_session *s, uint64_t budget_ns, timing *t, tenon_error *err)
{
    tenon_status st = TENON_OK;
    for (bool done = false; !done && st == TENON_OK; t->steps++) {
        uint64_t before = tenon_clock_ns();
        st = tenon_session_step(s, budget_ns, &done, err);
        uint64_t took = tenon_clock_ns() - before;
        if (took > t->longest_step_ns) t->longest_step_ns = took;
    }
    return st;
}

static int run_once(cli_context *c, tenon_session *s, timing *t)
{
    tenon_error err;
    tenon_status st;
    if (cli_interrupted()) return cli_fail(EXIT_INTERRUPTED, "interrupted");
    uint64_t start = tenon_clock_ns();
    if (c->args->budget_set) {
        st = step_to_end(s, c->args->budget_ns, t, &err);
    } else {
        st = tenon_session_run(s, &err);
        t->steps++;
    }
    uint64_t took = tenon_clock_ns() - start;
    if (!c->args->budget_set && took > t->longest_step_ns) t->longest_step_ns = took;
    t->total_ns += took;
    t->runs++;
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

static void print_json(cli_context *c, tenon_session *s, const timing *t)
{
    json j = {.to = stdout};
    const char *hash;
    tenon_error err;
    json_open(&j, NULL, '{');
    json_text(&j, "model", c->path);
    if (tenon_model_hash_get(c->model, &hash, &err) == TENON_OK)
        json_text(&j, "hash", hash);
    else
        json_null(&j, "hash");
    json_text(&j, "cpu", tenon_env_cpu(c->env));
    json_int(&j, "threads", tenon_env_threads(c->env));
    json_int(&j, "runs", (int64_t)t->runs);
    json_int(&j, "steps", (int64_t)t->steps);
    json_int(&j, "longest_step_ns", (int64_t)t->longest_step_ns);
    json_int(&j, "run_ns", (int64_t)(t->total_ns / t->runs));
    json_open(&j, "outputs", '[');
    for (size_t i = 0; i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *out;
        const tenon_value *value;
        if (cli_output_get(c, s, i, &port, &out, &value)) continue;
        json_open(&j, NULL, '{');
        json_text(&j, "name", port.name);
        json_text(&j, "dtype", tenon_dtype_text(out ? tenon_tensor_dtype(out) : port.dtype));
        json_dims(&j, "shape", out ? tenon_tensor_rank(out) : -1,
                  out ? tenon_tensor_dims(out) : NULL, NULL);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
}

/* What was measured: on stderr where stdout is for JSON. */
static void print_timing(const cli_args *a, const tenon_session *s, const timing *t)
{
    FILE *to = a->json ? stderr : stdout;
    if (a->profile) cli_print_profile(to, s);
    if (a->budget_set)
        fprintf(to, "%" PRIu64 " run%s in %" PRIu64 " step%s, the longest %.1f us\n", t->runs,
                t->runs == 1 ? "" : "s", t->steps, t->steps == 1 ? "" : "s",
                (double)t->longest_step_ns / 1e3);
}

static int run_session(cli_context *c, tenon_session *s, const cli_inputs *in)
{
    timing t = {0};
    int rc = cli_inputs_set(c, in, s);
    for (uint64_t i = 0; i < c->args->repeat && rc == EXIT_DONE; i++)
        rc = run_once(c, s, &t);
    if (rc == EXIT_DONE) rc = cli_outputs_write(c, s);
    if (rc == EXIT_DONE && c->args->top && !c->args->json) rc = cli_print_top(c, s);
    if (rc) return rc;
    if (c->args->json) print_json(c, s, &t);
    print_timing(c->args, s, &t);
    return EXIT_DONE;
}

int verb_run(cli_context *c)
{
    const cli_args *a = c->args;
    cli_inputs in = {0};
    tenon_session *s = NULL;
    int rc = cli_open(c, a->thread_counts ? a->threads[0] : 0, a->cpu);
    if (rc == EXIT_DONE) rc = cli_load(c, a->paths.items[0]);
    if (rc == EXIT_DONE) rc = cli_inputs_make(c, a->fill, &in);
    if (rc == EXIT_DONE) rc = cli_session(c, 0, a->profile, &s);
    if (rc == EXIT_DONE) rc = run_session(c, s, &in);
    tenon_session_destroy(s);
    cli_inputs_free(&in);
    return rc;
}
