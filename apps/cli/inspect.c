/* SPDX-License-Identifier: Apache-2.0 */
/* tenon inspect: what a model takes, gives and needs. It is run once, on zeros unless told
 * otherwise, to know what a run costs; a model that does not run so is still described. */
#include <inttypes.h>
#include <string.h>

#include "cli.h"

typedef struct facts {
    tenon_model_info info;
    const char *hash;
    bool ran;
    double flops;
    uint64_t arena_bytes, scratch_bytes, memory_bytes;
} facts;

/* ---- unsupported models ---- */

static void json_unsupported(json *j, const tenon_report *r)
{
    const char *node, *op, *reason;
    json_open(j, "unsupported", '[');
    for (size_t i = 0; r && i < tenon_report_count(r); i++) {
        if (tenon_report_get(r, i, &node, &op, &reason)) continue;
        json_open(j, NULL, '{');
        json_text(j, "node", node);
        json_text(j, "operator", op);
        json_text(j, "reason", reason);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_unsupported(const cli_context *c, const tenon_report *r)
{
    static const char *const unknown[] = {"format", "hash", "inputs", "outputs", "opset"};
    static const char *const unknown_too[] = {"operators", "parameters", "flops", "memory_bytes"};
    const char *node, *op, *reason;
    char text[3][300];
    json j = {.to = stdout};
    if (c->args->json) {
        json_open(&j, NULL, '{');
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
            json_null(&j, unknown[i]);
        for (size_t i = 0; i < sizeof unknown_too / sizeof unknown_too[0]; i++)
            json_null(&j, unknown_too[i]);
        json_unsupported(&j, r);
        json_close(&j, '}');
        return;
    }
    printf("%s: not supported\n", cli_clean(c->path, text[0], sizeof text[0]));
    for (size_t i = 0; i < tenon_report_count(r); i++)
        if (tenon_report_get(r, i, &node, &op, &reason) == TENON_OK)
            printf("  %-24s %-32s %s\n", cli_clean(op, text[0], sizeof text[0]),
                   cli_clean(node, text[1], sizeof text[1]),
                   cli_clean(reason, text[2], sizeof text[2]));
}

/* The model was refused and that was said; if it was for its nodes, lists all of them. */
static void report(cli_context *c)
{
    tenon_report *r = NULL;
    tenon_error err;
    if (tenon_report_create(c->env, c->path, &r, &err) == TENON_OK && tenon_report_count(r))
        print_unsupported(c, r);
    tenon_report_destroy(r);
}

/* ---- what it needs ---- */

static int try_run(cli_context *c, tenon_session *s, facts *f)
{
    cli_inputs in = {0};
    tenon_error err;
    tenon_session_info info = {.size = sizeof info};
    tenon_status st = TENON_OK;
    int rc = cli_inputs_make(c, c->args->fill ? c->args->fill : "zeros", &in);
    if (rc == EXIT_DONE) rc = cli_inputs_set(c, &in, s);
    if (rc == EXIT_DONE) {
        st = tenon_session_run(s, &err);
        if (st == TENON_ECANCELED)
            rc = cli_fail_error(st, &err, false);
        else if (st)
            fprintf(stderr, "tenon: note: it did not run, so what a run costs is not known\n");
        if (st && c->args->verbose) cli_fail_error(st, &err, false);
    }
    if (rc == EXIT_DONE && st == TENON_OK && tenon_session_info_get(s, &info) == TENON_OK &&
        tenon_model_info_get(c->model, &f->info) == TENON_OK) { /* packing is known only now */
        f->ran = true;
        f->flops = info.flops;
        f->arena_bytes = info.arena_bytes;
        f->scratch_bytes = info.scratch_bytes;
        f->memory_bytes =
            info.arena_bytes + info.scratch_bytes + f->info.packed_bytes + f->info.weight_bytes;
    }
    cli_inputs_free(&in);
    return rc;
}

static int collect(cli_context *c, tenon_session *s, facts *f)
{
    tenon_error err;
    f->info.size = sizeof f->info;
    tenon_status st = tenon_model_info_get(c->model, &f->info);
    if (st) return cli_fail(EXIT_REFUSED, "%s: %s", c->path, tenon_status_text(st));
    st = tenon_model_hash_get(c->model, &f->hash, &err);
    if (st) return cli_fail_error(st, &err, false);
    return try_run(c, s, f);
}

/* ---- printing ---- */

typedef tenon_status (*port_fn)(const tenon_model *, size_t, tenon_port *);

static void json_ports(json *j, const char *key, const tenon_model *m, size_t count, port_fn get)
{
    tenon_port p;
    json_open(j, key, '[');
    for (size_t i = 0; i < count; i++) {
        if (get(m, i, &p)) continue;
        json_open(j, NULL, '{');
        json_text(j, "name", p.name);
        json_text(j, "dtype", tenon_dtype_text(p.dtype));
        json_dims(j, "shape", p.rank, p.dims, p.symbols);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_json(const cli_context *c, const tenon_session *s, const facts *f)
{
    json j = {.to = stdout};
    const char *name;
    size_t count;
    const tenon_model *m = c->model;
    json_open(&j, NULL, '{');
    json_text(&j, "format", f->info.format);
    json_text(&j, "hash", f->hash);
    json_ports(&j, "inputs", m, tenon_model_input_count(m), tenon_model_input_get);
    json_ports(&j, "outputs", m, tenon_model_output_count(m), tenon_model_output_get);
    json_int(&j, "opset", f->info.opset);
    json_open(&j, "operators", '{');
    for (size_t i = 0; i < tenon_model_operator_count(m); i++)
        if (tenon_model_operator_get(m, i, &name, &count) == TENON_OK)
            json_int(&j, name, (int64_t)count);
    json_close(&j, '}');
    json_int(&j, "parameters", (int64_t)f->info.parameters);
    if (f->ran)
        json_int(&j, "flops", (int64_t)f->flops);
    else
        json_null(&j, "flops");
    if (f->ran)
        json_int(&j, "memory_bytes", (int64_t)f->memory_bytes);
    else
        json_null(&j, "memory_bytes");
    json_unsupported(&j, NULL);
    if (c->args->plan) cli_json_plan(&j, s);
    json_close(&j, '}');
}

static void print_ports(const char *title, const tenon_model *m, size_t count, port_fn get)
{
    char name[200], type[300];
    tenon_port p;
    printf("%s\n", title);
    for (size_t i = 0; i < count; i++)
        if (get(m, i, &p) == TENON_OK)
            printf("  %-24s %s%s\n", cli_clean(p.name, name, sizeof name),
                   cli_port_text(&p, type, sizeof type), p.optional ? ", optional" : "");
}

static void print_operators(const tenon_model *m)
{
    char text[100];
    const char *name;
    size_t count;
    printf("operators\n");
    for (size_t i = 0; i < tenon_model_operator_count(m); i++)
        if (tenon_model_operator_get(m, i, &name, &count) == TENON_OK)
            printf("  %-24s %zu\n", cli_clean(name, text, sizeof text), count);
}

static void print_metadata(const tenon_model *m)
{
    char text[100], said[300];
    const char *key, *value;
    if (tenon_model_metadata_count(m)) printf("metadata\n");
    for (size_t i = 0; i < tenon_model_metadata_count(m); i++)
        if (tenon_model_metadata_get(m, i, &key, &value) == TENON_OK)
            printf("  %-24s %s\n", cli_clean(key, text, sizeof text),
                   cli_clean(value, said, sizeof said));
}

static double megabytes(uint64_t bytes)
{
    return (double)bytes / 1e6;
}

static void print_text(const cli_context *c, const facts *f)
{
    char path[300];
    const tenon_model *m = c->model;
    printf("%s: %s, opset %d, %zu nodes\n", cli_clean(c->path, path, sizeof path), f->info.format,
           f->info.opset, f->info.node_count);
    printf("sha256 %s\n", f->hash);
    print_ports("inputs", m, tenon_model_input_count(m), tenon_model_input_get);
    print_ports("outputs", m, tenon_model_output_count(m), tenon_model_output_get);
    print_operators(m);
    print_metadata(m);
    printf("parameters %" PRIu64 " (%.3f MB)\n", f->info.parameters,
           megabytes(f->info.weight_bytes));
    if (!f->ran) return;
    printf("a run      %.3f MFLOP\n", f->flops / 1e6);
    printf("memory     %.3f MB: weights %.3f, packed %.3f, arena %.3f, scratch %.3f\n",
           megabytes(f->memory_bytes), megabytes(f->info.weight_bytes),
           megabytes(f->info.packed_bytes), megabytes(f->arena_bytes), megabytes(f->scratch_bytes));
}

static bool write_text(void *user, const char *text, size_t size)
{
    return fwrite(text, 1, size, user) == size;
}

static int print_graph(cli_context *c)
{
    tenon_error err;
    tenon_status st = tenon_model_print_dot(c->model, write_text, stdout, &err);
    if (ferror(stdout)) return EXIT_DONE; /* main says it */
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

static int inspect(cli_context *c)
{
    const cli_args *a = c->args;
    tenon_session *s = NULL;
    facts f = {.ran = false};
    int rc = cli_session(c, 0, false, &s);
    if (rc == EXIT_DONE) rc = collect(c, s, &f);
    if (rc == EXIT_DONE) {
        if (a->json)
            print_json(c, s, &f);
        else if (a->plan)
            cli_print_plan(stdout, s);
        else
            print_text(c, &f);
    }
    tenon_session_destroy(s);
    return rc;
}

int verb_inspect(cli_context *c)
{
    const cli_args *a = c->args;
    int rc = cli_open(c, a->thread_counts ? a->threads[0] : 0, a->cpu);
    if (rc) return rc;
    rc = cli_load(c, a->paths.items[0]);
    if (rc == EXIT_REFUSED) report(c);
    if (rc) return rc;
    return a->graph ? print_graph(c) : inspect(c);
}
