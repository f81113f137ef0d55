/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of a model from --input, --shape and --fill: which file is for which input, and what a
 * file holds. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"

/* ---- names and types ---- */

/* Text that grows in a buffer and is cut at its end. */
typedef struct text {
    char *out;
    size_t size, at;
} text;

static void __attribute__((format(printf, 2, 3))) add(text *t, const char *fmt, ...)
{
    va_list args;
    if (t->at + 1 >= t->size) return;
    va_start(args, fmt);
    t->at += (size_t)vsnprintf(t->out + t->at, t->size - t->at, fmt, args);
    va_end(args);
}

static void add_port(text *t, const tenon_port *p)
{
    static const char *const kinds[] = {"", "sequence(", "optional(", "map("};
    add(t, "%s%s", kinds[p->kind], p->dtype ? tenon_dtype_text(p->dtype) : "any");
    if (p->rank >= 0) add(t, "[");
    for (int d = 0; d < p->rank; d++) {
        if (d) add(t, ",");
        if (p->dims[d] >= 0)
            add(t, "%" PRId64, p->dims[d]);
        else
            add(t, "%s", p->symbols && p->symbols[d] ? p->symbols[d] : "?");
    }
    add(t, "%s%s", p->rank >= 0 ? "]" : "", p->kind ? ")" : "");
}

const char *cli_port_text(const tenon_port *port, char *out, size_t size)
{
    text t = {out, size, 0};
    out[0] = 0;
    add_port(&t, port);
    return cli_clean(out, out, size);
}

/* "x float32[1,3,?,?], y int64[1]" */
static void list_inputs(const cli_context *c, char *out, size_t size)
{
    text t = {out, size, 0};
    tenon_port p;
    out[0] = 0;
    for (size_t i = 0; i < tenon_model_input_count(c->model); i++) {
        if (tenon_model_input_get(c->model, i, &p)) continue;
        add(&t, "%s%s ", i ? ", " : "", p.name);
        add_port(&t, &p);
    }
    if (!t.at) add(&t, "none");
}

static int find_input(const cli_context *c, const char *name, size_t n)
{
    tenon_port port;
    for (size_t i = 0; i < tenon_model_input_count(c->model); i++)
        if (tenon_model_input_get(c->model, i, &port) == TENON_OK && strlen(port.name) == n &&
            memcmp(port.name, name, n) == 0)
            return (int)i;
    return -1;
}

/* The '=' that ends the name in "NAME=rest": the last one, but text may hold more. NULL: no name.
 */
static const char *name_end(const char *said)
{
    const char *mark = strstr(said, "=text:");
    if (strncmp(said, "text:", 5) == 0) return NULL;
    return mark ? mark : strrchr(said, '=');
}

static bool list_names_others(const cli_context *c, const cli_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *said = list->items[i], *eq = name_end(said);
        if (eq && find_input(c, said, (size_t)(eq - said)) < 0) return true;
    }
    return false;
}

bool cli_inputs_name_others(const cli_context *c)
{
    return list_names_others(c, &c->args->inputs) || list_names_others(c, &c->args->shapes);
}

static int no_such_input(const cli_context *c, const char *name, size_t n)
{
    char list[600];
    list_inputs(c, list, sizeof list);
    return cli_fail(EXIT_REFUSED, "%s: there is no input '%.*s'; it takes %s", c->path, (int)n,
                    name, list);
}

/* Which input "NAME=rest" (`eq` at its '=') or "rest" (`eq` NULL) is about. */
static int split_name(const cli_context *c, const char *said, const char *eq, const char *option,
                      const char **rest, int *index)
{
    *rest = eq ? eq + 1 : said;
    *index = eq ? find_input(c, said, (size_t)(eq - said)) : 0;
    if (*index < 0) return no_such_input(c, said, (size_t)(eq - said));
    if (eq || tenon_model_input_count(c->model) == 1) return EXIT_DONE;
    char list[600];
    list_inputs(c, list, sizeof list);
    return cli_fail(EXIT_USAGE, "%s %s: name the input, as in NAME=...; %s takes %s", option, said,
                    c->path, list);
}

static int take_shapes(const cli_context *c, cli_inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        in->shapes[i].rank = -1;
    for (size_t i = 0; i < c->args->shapes.count; i++) {
        const char *said = c->args->shapes.items[i], *rest;
        int index;
        int rc = split_name(c, said, name_end(said), "--shape", &rest, &index);
        if (rc) return rc;
        if (!cli_parse_dims(rest, &in->shapes[index].rank, in->shapes[index].dims))
            return cli_fail(EXIT_USAGE, "--shape: '%s' is no shape; 1x3x224x224 is one", rest);
    }
    return EXIT_DONE;
}

/* The shape of an input that is not data of its own: as --shape says, else as declared, with
 * `otherwise` for what is free. Returns whether all of it is known (otherwise >= 0: always). */
static bool shape_of(const cli_inputs *in, size_t index, const tenon_port *port, int64_t otherwise,
                     cli_shape *out)
{
    *out = in->shapes[index];
    if (out->rank >= 0) return true;
    out->rank = port->rank < 0 ? 0 : port->rank;
    for (int d = 0; d < out->rank; d++)
        out->dims[d] = port->dims[d] < 0 ? otherwise : port->dims[d];
    for (int d = 0; d < out->rank; d++)
        if (out->dims[d] < 0) return false;
    return true;
}

/* ---- a file's bytes ---- */

static int take_tensor(cli_context *c, const char *what, tenon_tensor *t, tenon_value **out)
{
    tenon_error err;
    tenon_status st = tenon_value_create_tensor(c->env, t, out, &err);
    if (st == TENON_OK) return EXIT_DONE;
    tenon_tensor_destroy(t);
    return cli_fail_data(what, st, &err);
}

static int raw_parse(cli_context *c, const cli_inputs *in, size_t index, const char *what,
                     const uint8_t *data, size_t size, const tenon_port *port, tenon_value **out)
{
    tenon_dtype dtype = c->args->dtype ? tenon_dtype_find(c->args->dtype) : port->dtype;
    tenon_tensor *t = NULL;
    tenon_error err;
    cli_shape shape;
    if (dtype == TENON_NONE || dtype == TENON_STRING)
        return cli_fail(EXIT_USAGE, "%s: raw data needs --dtype; input '%s' takes %s", what,
                        port->name, tenon_dtype_text(dtype));
    if (!shape_of(in, index, port, -1, &shape))
        return cli_fail(EXIT_USAGE, "%s: raw data needs --shape %s=...", what, port->name);
    tenon_status st = tenon_tensor_create(c->env, dtype, shape.rank, shape.dims, &t, &err);
    if (st) return cli_fail_data(what, st, &err);
    size_t need = tenon_tensor_size_bytes(t);
    if (need != size) {
        tenon_tensor_destroy(t);
        return cli_fail(EXIT_REFUSED, "%s: %zu bytes; its dtype and shape take %zu", what, size,
                        need);
    }
    if (size) memcpy(tenon_tensor_data(t), data, size);
    return take_tensor(c, what, t, out);
}

static int text_parse(cli_context *c, const cli_inputs *in, size_t index, const char *said,
                      const tenon_port *port, tenon_value **out)
{
    tenon_tensor *t = NULL;
    tenon_error err;
    cli_shape shape;
    shape_of(in, index, port, 1, &shape);
    tenon_status st = tenon_tensor_create(c->env, TENON_STRING, shape.rank, shape.dims, &t, &err);
    for (int64_t i = 0; st == TENON_OK && i < tenon_tensor_count(t); i++)
        st = tenon_tensor_set_string(t, i, said, strlen(said), &err);
    if (st == TENON_OK) return take_tensor(c, "text", t, out);
    tenon_tensor_destroy(t);
    return cli_fail_data("text", st, &err);
}

static int pb_parse(cli_context *c, const char *what, const uint8_t *data, size_t size,
                    const tenon_port *port, tenon_value **out)
{
    tenon_error err;
    tenon_status st = tenon_value_parse_onnx(c->env, port->kind, data, size, out, &err);
    return st ? cli_fail_data(what, st, &err) : EXIT_DONE;
}

/* ---- archives ---- */

typedef struct npz_target {
    cli_context *c;
    cli_inputs *in;
    const char *what;
    int only;      /* this input, or -1: each by its name */
    size_t others; /* arrays that were not for it */
    bool found;    /* the array that has its name */
} npz_target;

static int parse_array(npz_target *t, const char *name, int index, const uint8_t *data, size_t size)
{
    char what[600];
    snprintf(what, sizeof what, "%s: %s", t->what, name);
    tenon_value_destroy(t->in->values[index]);
    t->in->values[index] = NULL;
    return npy_parse(t->c, what, data, size, &t->in->values[index]);
}

/* For "FILE.npz": every array by its name. */
static int take_by_name(void *ctx, const char *name, const uint8_t *data, size_t size)
{
    npz_target *t = ctx;
    int index = find_input(t->c, name, strlen(name));
    if (index < 0) return no_such_input(t->c, name, strlen(name));
    return parse_array(t, name, index, data, size);
}

/* For "NAME=FILE.npz": the array of that name; failing that, the only array. */
static int take_only(void *ctx, const char *name, const uint8_t *data, size_t size)
{
    npz_target *t = ctx;
    bool named = find_input(t->c, name, strlen(name)) == t->only;
    if (!named) t->others++;
    if (!named && (t->found || t->others > 1)) return EXIT_DONE;
    t->found |= named;
    return parse_array(t, name, t->only, data, size);
}

static int take_archive(cli_context *c, cli_inputs *in, int only, const char *path,
                        const uint8_t *data, size_t size)
{
    npz_target t = {c, in, path, only, 0, false};
    tenon_port port;
    int rc = npz_parse(path, data, size, only < 0 ? take_by_name : take_only, &t);
    if (rc || only < 0 || t.found || t.others == 1) return rc;
    if (tenon_model_input_get(c->model, (size_t)only, &port)) return EXIT_REFUSED;
    return cli_fail(EXIT_REFUSED, "%s: %zu arrays, none of them '%s'", path, t.others, port.name);
}

/* ---- one --input ---- */

static int parse_file(cli_context *c, cli_inputs *in, int index, const char *path,
                      const uint8_t *data, size_t size)
{
    tenon_value **out = &in->values[index];
    tenon_port port;
    if (tenon_model_input_get(c->model, (size_t)index, &port)) return EXIT_REFUSED;
    tenon_value_destroy(*out);
    *out = NULL;
    bool piped = strcmp(path, "-") == 0; /* no ending to go by: the first bytes tell */
    if (cli_ends(path, ".npy") || (piped && size > 6 && memcmp(data, "\x93NUMPY", 6) == 0))
        return npy_parse(c, path, data, size, out);
    if (cli_ends(path, ".npz") || (piped && size > 4 && memcmp(data, "PK\3\4", 4) == 0))
        return take_archive(c, in, index, path, data, size);
    if (cli_ends(path, ".pb")) return pb_parse(c, path, data, size, &port, out);
    if (cli_ends(path, ".png") || cli_ends(path, ".jpg") || cli_ends(path, ".jpeg") ||
        (piped && image_is(data, size)))
        return image_parse(c, path, data, size, &port, out);
    if (cli_ends(path, ".wav") || (piped && wav_is(data, size)))
        return wav_parse(c, path, data, size, &port, out);
    if (c->args->dtype || piped)
        return raw_parse(c, in, (size_t)index, path, data, size, &port, out);
    return cli_fail(
        EXIT_USAGE,
        "%s: its ending is none of .npy .npz .pb .png .jpg .wav; raw data needs --dtype", path);
}

static int take_input(cli_context *c, cli_inputs *in, const char *said)
{
    const char *eq = name_end(said), *path;
    tenon_port port;
    uint8_t *data;
    size_t size;
    int index = -1;
    bool whole_archive = !eq && cli_ends(said, ".npz");
    int rc = whole_archive ? EXIT_DONE : split_name(c, said, eq, "--input", &path, &index);
    if (rc) return rc;
    if (!whole_archive && strncmp(path, "text:", 5) == 0) {
        if (tenon_model_input_get(c->model, (size_t)index, &port)) return EXIT_REFUSED;
        tenon_value_destroy(in->values[index]);
        in->values[index] = NULL;
        return text_parse(c, in, (size_t)index, path + 5, &port, &in->values[index]);
    }
    rc = cli_read_file(whole_archive ? said : path, &data, &size);
    if (rc) return rc;
    rc = whole_archive ? take_archive(c, in, -1, said, data, size)
                       : parse_file(c, in, index, path, data, size);
    free(data);
    return rc;
}

static int take_inputs(cli_context *c, cli_inputs *in)
{
    size_t piped = 0;
    for (size_t i = 0; i < c->args->inputs.count; i++) {
        const char *said = c->args->inputs.items[i];
        size_t n = strlen(said);
        if (strcmp(said, "-") == 0 || (n > 2 && strcmp(said + n - 2, "=-") == 0)) piped++;
        if (piped > 1) return cli_fail(EXIT_USAGE, "--input: stdin can be read once");
        int rc = take_input(c, in, said);
        if (rc) return rc;
    }
    return EXIT_DONE;
}

/* What a file brought must be what --shape says, if that speaks of the same input. */
static int check_shape(const cli_context *c, const cli_inputs *in, size_t index)
{
    const tenon_tensor *t = in->values[index] ? tenon_value_tensor(in->values[index]) : NULL;
    const cli_shape *s = &in->shapes[index];
    tenon_port port;
    if (!t || s->rank < 0 || tenon_model_input_get(c->model, index, &port)) return EXIT_DONE;
    bool same = tenon_tensor_rank(t) == s->rank;
    for (int d = 0; same && d < s->rank; d++)
        same = tenon_tensor_dims(t)[d] == s->dims[d];
    return same ? EXIT_DONE
                : cli_fail(EXIT_REFUSED, "input '%s': its data has another shape than --shape says",
                           port.name);
}

/* ---- filling ---- */

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Bits of a mantissa, so that a fraction of so many is exact and stays below 1; 0: no such float.
 */
static int fraction_bits(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F64:
    case TENON_C128:
        return 53;
    case TENON_F32:
    case TENON_C64:
        return 24;
    case TENON_F16:
        return 11;
    case TENON_BF16:
        return 8;
    default:
        return 0;
    }
}

/* Floats in [0, 1), integers 0 or 1: an index stays inside almost any table. */
static void fill_random(tenon_tensor *t, uint64_t *state)
{
    tenon_dtype dtype = tenon_tensor_dtype(t), part = dtype;
    uint8_t *data = tenon_tensor_data(t);
    size_t bytes = tenon_tensor_size_bytes(t);
    if (dtype == TENON_STRING) return;
    if (dtype == TENON_C64) part = TENON_F32;
    if (dtype == TENON_C128) part = TENON_F64;
    size_t elem = tenon_dtype_bits(part) / 8;
    if (!elem) elem = 1;
    int bits = fraction_bits(dtype);
    for (size_t at = 0; at + elem <= bytes; at += elem) {
        uint64_t r = next_random(state);
        if (bits)
            cli_number_put(part, ldexp((double)(r >> (64 - bits)), -bits), data + at);
        else if (dtype == TENON_F8E8M0)
            data[at] = (uint8_t)(126 + (r >> 63)); /* 0.5 or 1 */
        else if (cli_is_float(dtype) && dtype != TENON_F4E2M1)
            data[at] = (uint8_t)(0x28 + (r >> 61)); /* eight small floats, in any float8 */
        else if (cli_number_put(part, (double)(r >> 63), data + at))
            continue;
        else
            data[at] = r & (tenon_dtype_bits(dtype) == 4 ? 0x11 : 0x55); /* each 0 or the next */
    }
}

static int fill(cli_context *c, const cli_inputs *in, size_t index, const char *how,
                uint64_t *state, tenon_value **out)
{
    tenon_port port;
    tenon_tensor *t = NULL;
    tenon_error err;
    cli_shape shape;
    tenon_status st = tenon_model_input_get(c->model, index, &port);
    if (st) return EXIT_REFUSED;
    if (port.kind == TENON_VALUE_MAP)
        return cli_fail(EXIT_REFUSED, "%s: input '%s' is a map; --fill makes none", c->path,
                        port.name);
    if (port.kind == TENON_VALUE_SEQUENCE) st = tenon_value_create_sequence(c->env, out, &err);
    if (port.kind == TENON_VALUE_OPTIONAL)
        st = tenon_value_create_optional(c->env, NULL, out, &err);
    if (st) return cli_fail_data(c->path, st, &err);
    if (port.kind != TENON_VALUE_TENSOR) return EXIT_DONE;
    shape_of(in, index, &port, 1, &shape);
    tenon_dtype dtype = port.dtype == TENON_NONE ? TENON_F32 : port.dtype;
    st = tenon_tensor_create(c->env, dtype, shape.rank, shape.dims, &t, &err);
    if (st) return cli_fail_data(port.name, st, &err);
    if (strcmp(how, "random") == 0) fill_random(t, state);
    return take_tensor(c, port.name, t, out);
}

/* ---- all of them ---- */

static int fill_all(cli_context *c, const char *how, cli_inputs *in)
{
    uint64_t state = c->args->seed;
    for (size_t i = 0; i < in->count; i++) {
        tenon_port port;
        int rc = EXIT_DONE;
        if (in->values[i] || tenon_model_input_get(c->model, i, &port) || port.optional) continue;
        if (how) {
            rc = fill(c, in, i, how, &state, &in->values[i]);
        } else {
            char list[600];
            list_inputs(c, list, sizeof list);
            rc = cli_fail(EXIT_REFUSED,
                          "%s: input '%s' is not given; it takes %s (--input, or --fill)", c->path,
                          port.name, list);
        }
        if (rc) return rc;
    }
    return EXIT_DONE;
}

int cli_inputs_make(cli_context *c, const char *how, cli_inputs *out)
{
    out->count = tenon_model_input_count(c->model);
    out->values = calloc(out->count + 1, sizeof *out->values);
    out->shapes = calloc(out->count + 1, sizeof *out->shapes);
    if (!out->values || !out->shapes) return cli_fail(EXIT_ENVIRONMENT, "no memory for inputs");
    int rc = take_shapes(c, out);
    if (rc == EXIT_DONE) rc = take_inputs(c, out);
    for (size_t i = 0; rc == EXIT_DONE && i < out->count; i++)
        rc = check_shape(c, out, i);
    return rc ? rc : fill_all(c, how, out);
}

int cli_inputs_set(cli_context *c, const cli_inputs *in, tenon_session *session)
{
    for (size_t i = 0; i < in->count; i++) {
        tenon_port port;
        tenon_error err;
        if (!in->values[i] || tenon_model_input_get(c->model, i, &port)) continue;
        tenon_status st = tenon_session_set_input_value(session, port.name, in->values[i], &err);
        if (st) return cli_fail_data(c->path, st, &err);
    }
    return EXIT_DONE;
}

void cli_inputs_free(cli_inputs *in)
{
    for (size_t i = 0; in->values && i < in->count; i++)
        tenon_value_destroy(in->values[i]);
    free(in->values);
    free(in->shapes);
    in->values = NULL;
    in->shapes = NULL;
}
