/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of a model from --input, --shape and --fill: which file is for which input, and what a file holds. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"

/* ---- names and shapes ------------------------------------------------------------------------------------------- */

static int find_input(const cli_context *c, const char *name, size_t n)
{
    tenon_port port;
    for (size_t i = 0; i < tenon_model_input_count(c->model); i++)
        if (tenon_model_input_get(c->model, i, &port) == TENON_OK && strlen(port.name) == n && memcmp(port.name, name, n) == 0)
            return (int)i;
    return -1;
}

/* "x float32[1,3,?,?], y int64[1]" */
static void list_inputs(const cli_context *c, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < tenon_model_input_count(c->model) && at + 1 < size; i++) {
        tenon_port p;
        if (tenon_model_input_get(c->model, i, &p)) continue;
        at += (size_t)snprintf(out + at, size - at, "%s%s %s[", i ? ", " : "", p.name, tenon_dtype_text(p.dtype));
        for (int d = 0; d < p.rank && at + 1 < size; d++)
            at += p.dims[d] < 0 ? (size_t)snprintf(out + at, size - at, "%s?", d ? "," : "")
                                : (size_t)snprintf(out + at, size - at, "%s%lld", d ? "," : "", (long long)p.dims[d]);
        if (at + 1 < size) at += (size_t)snprintf(out + at, size - at, "]");
    }
}

static int no_such_input(const cli_context *c, const char *name, size_t n)
{
    char list[600];
    list_inputs(c, list, sizeof list);
    return cli_fail(EXIT_REFUSED, "%s: there is no input '%.*s'; it takes %s", c->path, (int)n, name, list);
}

/* Which input "NAME=rest" or "rest" is about; *rest behind the '='. */
static int split_name(const cli_context *c, const char *text, const char *eq, const char *option, const char **rest, int *index)
{
    if (eq) {
        *index = find_input(c, text, (size_t)(eq - text));
        *rest = eq + 1;
        return *index < 0 ? no_such_input(c, text, (size_t)(eq - text)) : EXIT_DONE;
    }
    *rest = text;
    *index = 0;
    if (tenon_model_input_count(c->model) == 1) return EXIT_DONE;
    char list[600];
    list_inputs(c, list, sizeof list);
    return cli_fail(EXIT_USAGE, "%s %s: name the input, as in NAME=...; %s takes %s", option, text, c->path, list);
}

static bool parse_dims(const char *text, int *rank, int64_t *dims)
{
    *rank = 0;
    if (strcmp(text, "scalar") == 0) return true;
    for (const char *p = text;;) {
        size_t n = strcspn(p, "x,");
        if (*rank == TENON_MAX_RANK || !tenon__parse_i64((tenon__str){p, n}, &dims[*rank]) || dims[*rank] < 0) return false;
        ++*rank;
        if (!p[n]) return true;
        p += n + 1;
    }
}

/* The --shape of input `index`: rank -1 where none is given. */
static int given_shape(const cli_context *c, int index, int *rank, int64_t *dims)
{
    *rank = -1;
    for (size_t i = 0; i < c->args->shapes.count; i++) {
        const char *text = c->args->shapes.items[i], *rest;
        int about;
        int rc = split_name(c, text, strrchr(text, '='), "--shape", &rest, &about);
        if (rc) return rc;
        if (about != index) continue;
        if (!parse_dims(rest, rank, dims))
            return cli_fail(EXIT_USAGE, "--shape: '%s' is no shape; 1x3x224x224 is one", rest);
    }
    return EXIT_DONE;
}

/* ---- a file's bytes --------------------------------------------------------------------------------------------- */

static bool ends(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    if (n < m) return false;
    for (size_t i = 0; i < m; i++) {
        char ch = path[n - m + i];
        if ((ch >= 'A' && ch <= 'Z' ? ch + 32 : ch) != ending[i]) return false;
    }
    return true;
}

static int raw_parse(cli_context *c, int index, const char *what, const uint8_t *data, size_t size, const tenon_port *port,
                     tenon_value **out)
{
    tenon_dtype dtype = c->args->dtype ? tenon_dtype_find(c->args->dtype) : port->dtype;
    int64_t dims[TENON_MAX_RANK];
    tenon_tensor *t = NULL;
    tenon_error err;
    int rank;
    int rc = given_shape(c, index, &rank, dims);
    if (rc) return rc;
    if (dtype == TENON_NONE || dtype == TENON_STRING) return cli_fail(EXIT_USAGE, "--dtype: '%s' is no element type", c->args->dtype);
    for (int d = 0; rank < 0 && d < port->rank && port->rank >= 0; d++)
        if (port->dims[d] < 0) return cli_fail(EXIT_USAGE, "%s: raw data needs --shape %s=...", what, port->name);
    if (rank < 0) {
        rank = port->rank < 0 ? 0 : port->rank;
        for (int d = 0; d < rank; d++)
            dims[d] = port->dims[d];
    }
    tenon_status st = tenon_tensor_create(c->env, dtype, rank, dims, &t, &err);
    if (st) return cli_fail(st == TENON_ENOMEM ? EXIT_ENVIRONMENT : EXIT_REFUSED, "%s: %s", what, err.message);
    if (tenon_tensor_size_bytes(t) != size) {
        rc = cli_fail(EXIT_REFUSED, "%s: %zu bytes; its dtype and shape take %zu", what, size, tenon_tensor_size_bytes(t));
    } else {
        if (size) memcpy(tenon_tensor_data(t), data, size);
        if (tenon_value_create_tensor(c->env, t, out, &err)) rc = cli_fail(EXIT_ENVIRONMENT, "%s: %s", what, err.message);
    }
    if (rc) tenon_tensor_destroy(t);
    return rc;
}

static int text_parse(cli_context *c, int index, const char *text, const tenon_port *port, tenon_value **out)
{
    int64_t dims[TENON_MAX_RANK] = {0};
    tenon_tensor *t = NULL;
    tenon_error err;
    int rank;
    int rc = given_shape(c, index, &rank, dims);
    if (rc) return rc;
    if (rank < 0) {
        rank = port->rank < 0 ? 1 : port->rank;
        for (int d = 0; d < rank; d++)
            dims[d] = port->dims && d < port->rank && port->dims[d] >= 0 ? port->dims[d] : 1;
    }
    tenon_status st = tenon_tensor_create(c->env, TENON_STRING, rank, dims, &t, &err);
    for (int64_t i = 0; st == TENON_OK && i < tenon_tensor_count(t); i++)
        st = tenon_tensor_set_string(t, i, text, strlen(text), &err);
    if (st == TENON_OK) st = tenon_value_create_tensor(c->env, t, out, &err);
    if (st == TENON_OK) return EXIT_DONE;
    tenon_tensor_destroy(t);
    return cli_fail(EXIT_ENVIRONMENT, "text: %s", err.message);
}

static int pb_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, const tenon_port *port, tenon_value **out)
{
    tenon_error err;
    tenon_status st = tenon_value_parse_onnx(c->env, port->kind, data, size, out, &err);
    return st ? cli_fail(st == TENON_ENOMEM ? EXIT_ENVIRONMENT : EXIT_REFUSED, "%s: %s", what, err.message) : EXIT_DONE;
}

typedef struct npz_target {
    cli_context *c;
    cli_inputs *in;
    const char *what;
    int only; /* this input whatever the name, or -1 */
} npz_target;

static int take_array(void *ctx, const char *name, const uint8_t *data, size_t size)
{
    npz_target *t = ctx;
    char what[600];
    int index = t->only >= 0 ? t->only : find_input(t->c, name, strlen(name));
    if (index < 0) return no_such_input(t->c, name, strlen(name));
    snprintf(what, sizeof what, "%s: %s", t->what, name);
    tenon_value_destroy(t->in->values[index]);
    t->in->values[index] = NULL;
    return npy_parse(t->c, what, data, size, &t->in->values[index]);
}

static int parse_bytes(cli_context *c, cli_inputs *in, int index, const char *path, const uint8_t *data, size_t size)
{
    tenon_value **out = &in->values[index];
    tenon_port port;
    if (tenon_model_input_get(c->model, (size_t)index, &port)) return EXIT_REFUSED;
    tenon_value_destroy(*out);
    *out = NULL;
    if (ends(path, ".npy") || (size > 6 && memcmp(data, "\x93NUMPY", 6) == 0)) return npy_parse(c, path, data, size, out);
    if (ends(path, ".npz")) {
        npz_target target = {c, in, path, index};
        return npz_parse(c, path, data, size, take_array, &target);
    }
    if (ends(path, ".pb")) return pb_parse(c, path, data, size, &port, out);
    if (ends(path, ".png") || ends(path, ".jpg") || ends(path, ".jpeg")) return image_parse(c, path, data, size, &port, out);
    if (ends(path, ".wav")) return wav_parse(c, path, data, size, &port, out);
    if (c->args->dtype || strcmp(path, "-") == 0) return raw_parse(c, index, path, data, size, &port, out);
    return cli_fail(EXIT_USAGE, "%s: its ending is none of .npy .npz .pb .png .jpg .wav; raw data needs --dtype", path);
}

static int take_input(cli_context *c, cli_inputs *in, const char *text)
{
    const char *mark = strstr(text, "=text:"), *eq = mark ? mark : strrchr(text, '='), *path;
    uint8_t *data;
    size_t size;
    int index;
    bool whole_archive = !eq && ends(text, ".npz");
    int rc = EXIT_DONE;
    if (strncmp(text, "text:", 5) == 0) eq = NULL;
    if (whole_archive) index = -1, path = text;
    else rc = split_name(c, text, eq, "--input", &path, &index);
    if (rc) return rc;
    tenon_port port;
    if (strncmp(path, "text:", 5) == 0) {
        if (tenon_model_input_get(c->model, (size_t)index, &port)) return EXIT_REFUSED;
        return text_parse(c, index, path + 5, &port, &in->values[index]);
    }
    rc = cli_read_file(path, &data, &size);
    if (rc) return rc;
    if (whole_archive) {
        npz_target target = {c, in, path, -1};
        rc = npz_parse(c, path, data, size, take_array, &target);
    } else {
        rc = parse_bytes(c, in, index, path, data, size);
    }
    free(data);
    return rc;
}

/* ---- filling ---------------------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Floats in [0, 1), integers 0 or 1: an index stays inside almost any table. */
static void fill_random(tenon_tensor *t, uint64_t *state)
{
    tenon_dtype dtype = tenon_tensor_dtype(t);
    uint8_t *data = tenon_tensor_data(t);
    size_t bytes = tenon_tensor_size_bytes(t), elem = tenon_dtype_bits(dtype) / 8;
    for (int64_t i = 0; i < tenon_tensor_count(t) && elem; i++) {
        uint64_t r = next_random(state);
        double x = (double)(r >> 11) * 0x1p-53;
        float f = (float)(r >> 40) * 0x1p-24f;
        uint16_t half = 0;
        if (dtype == TENON_F16) half = (uint16_t)(0x3000 + (r >> 52)); /* 0.125 .. 0.5 */
        if (dtype == TENON_BF16) half = (uint16_t)(0x3e00 + (r >> 56)); /* 0.125 .. 0.5 */
        uint8_t *at = data + (size_t)i * elem;
        if ((size_t)(i + 1) * elem > bytes) return;
        if (dtype == TENON_F32) memcpy(at, &f, 4);
        else if (dtype == TENON_F64) memcpy(at, &x, 8);
        else if (half) memcpy(at, &half, 2);
        else if (dtype != TENON_STRING) *at = (uint8_t)(r >> 63); /* little-endian integers and bool */
    }
}

static int fill(cli_context *c, int index, uint64_t *state, tenon_value **out)
{
    tenon_port port;
    tenon_tensor *t = NULL;
    tenon_error err;
    int64_t dims[TENON_MAX_RANK];
    int rank;
    if (tenon_model_input_get(c->model, (size_t)index, &port)) return EXIT_REFUSED;
    int rc = given_shape(c, index, &rank, dims);
    if (rc) return rc;
    if (port.kind == TENON_VALUE_SEQUENCE) {
        tenon_status made = tenon_value_create_sequence(c->env, out, &err);
        return made ? cli_fail_error(made, &err, false) : EXIT_DONE;
    }
    if (rank < 0) {
        rank = port.rank < 0 ? 0 : port.rank;
        for (int d = 0; d < rank; d++)
            dims[d] = port.dims[d] < 0 ? 1 : port.dims[d];
    }
    tenon_dtype dtype = port.dtype == TENON_NONE ? TENON_F32 : port.dtype;
    tenon_status st = tenon_tensor_create(c->env, dtype, rank, dims, &t, &err);
    if (st) return cli_fail(st == TENON_ENOMEM ? EXIT_ENVIRONMENT : EXIT_REFUSED, "%s: input '%s': %s", c->path, port.name, err.message);
    if (strcmp(c->args->fill, "random") == 0) fill_random(t, state);
    st = tenon_value_create_tensor(c->env, t, out, &err);
    if (st == TENON_OK) return EXIT_DONE;
    tenon_tensor_destroy(t);
    return cli_fail_error(st, &err, false);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

int cli_inputs_make(cli_context *c, cli_inputs *out)
{
    uint64_t state = c->args->seed;
    char list[600];
    out->count = tenon_model_input_count(c->model);
    out->values = calloc(out->count + 1, sizeof(tenon_value *));
    if (!out->values) return cli_fail(EXIT_ENVIRONMENT, "no memory for inputs");
    for (size_t i = 0; i < c->args->inputs.count; i++) {
        int rc = take_input(c, out, c->args->inputs.items[i]);
        if (rc) return rc;
    }
    for (size_t i = 0; i < out->count; i++) {
        tenon_port port;
        if (out->values[i] || tenon_model_input_get(c->model, i, &port) || port.optional) continue;
        if (c->args->fill) {
            int rc = fill(c, (int)i, &state, &out->values[i]);
            if (rc) return rc;
        } else {
            list_inputs(c, list, sizeof list);
            return cli_fail(EXIT_REFUSED, "%s: input '%s' is not given; it takes %s (--input, or --fill)", c->path, port.name, list);
        }
    }
    return EXIT_DONE;
}

int cli_inputs_set(cli_context *c, const cli_inputs *in, tenon_session *session)
{
    for (size_t i = 0; i < in->count; i++) {
        tenon_port port;
        tenon_error err;
        if (!in->values[i] || tenon_model_input_get(c->model, i, &port)) continue;
        tenon_status st = tenon_session_set_input_value(session, port.name, in->values[i], &err);
        if (st) return cli_fail(EXIT_REFUSED, "%s: %s", c->path, err.message);
    }
    return EXIT_DONE;
}

void cli_inputs_free(cli_inputs *in)
{
    for (size_t i = 0; in->values && i < in->count; i++)
        tenon_value_destroy(in->values[i]);
    free(in->values);
    in->values = NULL;
}
