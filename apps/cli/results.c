/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs from folders and files. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "results.h"

static int add_result(results *r, const char *name, tenon_value *value)
{
    result *more = r->items;
    if (r->count == r->room) {
        more = realloc(r->items, (r->room * 2 + 16) * sizeof *more);
        if (more) {
            r->items = more;
            r->room = r->room * 2 + 16;
        }
    }
    char *copy = more ? strdup(name) : NULL;
    if (!copy) {
        tenon_value_destroy(value);
        return cli_fail(EXIT_ENVIRONMENT, "no memory for '%s'", name);
    }
    r->items[r->count++] = (result){copy, value};
    return EXIT_DONE;
}

void results_free(results *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->items[i].name);
        tenon_value_destroy(r->items[i].value);
    }
    free(r->items);
    *r = (results){.items = NULL};
}

/* The file does not say which of ONNX's messages it holds: the first that fits. */
static int parse_pb(cli_context *c, const char *path, const uint8_t *data, size_t size,
                    tenon_value **out)
{
    static const tenon_value_kind kinds[] = {TENON_VALUE_TENSOR, TENON_VALUE_SEQUENCE,
                                             TENON_VALUE_OPTIONAL, TENON_VALUE_MAP};
    tenon_error first, err;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        tenon_status st =
            tenon_value_parse_onnx(c->env, kinds[i], data, size, out, i ? &err : &first);
        if (st == TENON_OK) return EXIT_DONE;
    }
    return cli_fail_data(path, first.status, &first);
}

typedef struct target {
    cli_context *c;
    const char *path;
    results *out;
} target;

static int take_array(void *ctx, const char *name, const uint8_t *data, size_t size)
{
    target *t = ctx;
    char what[600];
    tenon_value *value;
    snprintf(what, sizeof what, "%s: %s", t->path, name);
    int rc = npy_parse(t->c, what, data, size, &value);
    return rc ? rc : add_result(t->out, name, value);
}

static int load_file(cli_context *c, const char *path, const char *name, results *out)
{
    uint8_t *data;
    size_t size;
    tenon_value *value = NULL;
    target t = {c, path, out};
    int rc = cli_read_file(path, &data, &size);
    if (rc) return rc;
    bool archive = cli_ends(path, ".npz");
    if (archive)
        rc = npz_parse(path, data, size, take_array, &t);
    else if (cli_ends(path, ".npy"))
        rc = npy_parse(c, path, data, size, &value);
    else if (cli_ends(path, ".pb"))
        rc = parse_pb(c, path, data, size, &value);
    else
        rc = cli_fail(EXIT_REFUSED, "%s: its ending is none of .npy .npz .pb", path);
    free(data);
    return rc || archive ? rc : add_result(out, name, value);
}

static int take_row(void *ctx, const char *name, const char *file)
{
    target *t = ctx;
    char path[4600];
    if (!*file || strchr(file, '/') || strcmp(file, "..") == 0 || cli_ends(file, ".npz"))
        return cli_fail(EXIT_REFUSED, "%s: outputs.json names the file '%s'", t->path, file);
    snprintf(path, sizeof path, "%s/%s", t->path, file);
    return load_file(t->c, path, name, t->out);
}

static int load_index(cli_context *c, const char *folder, const char *index, results *out)
{
    uint8_t *text;
    size_t size;
    target t = {c, folder, out};
    int rc = cli_read_file(index, &text, &size);
    if (rc) return rc;
    out->named = true;
    rc = results_parse_index(index, (const char *)text, size, take_row, &t);
    free(text);
    return rc;
}

/* As ONNX's own tests lay them down. */
static int load_positions(cli_context *c, const char *folder, results *out)
{
    char path[4600], name[40];
    struct stat info;
    int rc = EXIT_DONE;
    for (unsigned i = 0; rc == EXIT_DONE; i++) {
        snprintf(name, sizeof name, "output_%u", i);
        snprintf(path, sizeof path, "%s/%s.pb", folder, name);
        if (stat(path, &info)) break;
        rc = load_file(c, path, name, out);
    }
    if (rc || out->count) return rc;
    return cli_fail(EXIT_ENVIRONMENT, "%s: holds neither outputs.json nor output_0.pb", folder);
}

int results_load(cli_context *c, const char *path, results *out)
{
    char index[4600];
    struct stat info;
    *out = (results){.items = NULL};
    if (strlen(path) > 4096) return cli_fail(EXIT_ENVIRONMENT, "%s: the path is too long", path);
    if (stat(path, &info)) return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode)) {
        const char *slash = strrchr(path, '/');
        out->named = cli_ends(path, ".npz");
        return load_file(c, path, slash ? slash + 1 : path, out);
    }
    snprintf(index, sizeof index, "%s/outputs.json", path);
    if (stat(index, &info) == 0) return load_index(c, path, index, out);
    return load_positions(c, path, out);
}
