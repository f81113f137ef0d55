/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs to files and to short tables. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

int cli_output_get(cli_context *c, tenon_session *s, size_t index, tenon_port *port,
                   const tenon_tensor **tensor, const tenon_value **value)
{
    tenon_error err;
    *tensor = NULL;
    *value = NULL;
    tenon_status st = tenon_model_output_get(c->model, index, port);
    if (st) return cli_fail(EXIT_REFUSED, "%s: output %zu is out of range", c->path, index);
    st = tenon_session_get_output_value(s, port->name, value, &err);
    if (st) return cli_fail_data(c->path, st, &err);
    *tensor = tenon_value_tensor(*value);
    return EXIT_DONE;
}

/* ---- files ---- */

static int cannot_write(const char *path)
{
    return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno ? errno : EIO));
}

static int open_file(const char *path, FILE **out)
{
    errno = 0;
    *out = fopen(path, "wb");
    return *out ? EXIT_DONE : cannot_write(path);
}

/* Closes what was written; only then is it known whether the disk had room. */
static int finish_file(FILE *f, const char *path, int failed)
{
    int why = errno;
    if (fclose(f) && !failed) {
        failed = 1;
        why = errno;
    }
    errno = why;
    return failed ? cannot_write(path) : EXIT_DONE;
}

static int write_npy(const char *path, const tenon_tensor *t)
{
    FILE *f;
    int rc = open_file(path, &f);
    return rc ? rc : finish_file(f, path, npy_write(f, t));
}

static int write_pb(cli_context *c, const char *path, const char *name, const tenon_value *value)
{
    void *data;
    size_t size;
    tenon_error err;
    FILE *f;
    tenon_status st = tenon_value_print_onnx(c->env, value, name, &data, &size, &err);
    if (st) return cli_fail_data(path, st, &err);
    int rc = open_file(path, &f);
    if (rc == EXIT_DONE) rc = finish_file(f, path, fwrite(data, 1, size, f) != size);
    tenon_bytes_free(c->env, data);
    return rc;
}

/* Makes `path` and what leads to it. */
static int make_folder(const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part) return cli_fail(EXIT_ENVIRONMENT, "%s: the path is too long", path);
    memcpy(part, path, n + 1);
    for (char *p = part + 1;; p++) {
        if (*p && *p != '/') continue;
        char end = *p;
        struct stat info;
        *p = 0;
        if (mkdir(part, 0777)) {
            int why = errno; /* EROFS and EACCES come before EEXIST where a folder is there */
            bool there = stat(part, &info) == 0;
            errno = there ? ENOTDIR : why;
            if (!there || !S_ISDIR(info.st_mode)) return cannot_write(path);
        }
        *p = end;
        if (!end) return EXIT_DONE;
    }
}

/* ---- a folder ---- */

enum { STEM_BYTES = 240 }; /* with "-NNNN" and an ending: at most 255, as file systems want */

typedef struct folder {
    const char *path;
    json index;
    char (*stems)[STEM_BYTES + 8]; /* of the outputs so far */
    size_t count;
} folder;

/* Bytes outside [A-Za-z0-9._-] become '_'; a clash with an earlier stem gets -2, -3. */
static const char *next_stem(folder *f, const char *name)
{
    char base[STEM_BYTES], *out = f->stems[f->count];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof base; n++) {
        char ch = name[n];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                  (ch >= '0' && ch <= '9') || ch == '.' || ch == '_' || ch == '-';
        base[n] = ok ? ch : '_';
    }
    base[n] = 0;
    strcpy(out, n ? base : "_");
    for (unsigned k = 2;; k++) {
        size_t i = 0;
        while (i < f->count && strcmp(f->stems[i], out) != 0)
            i++;
        if (i == f->count) break;
        snprintf(out, sizeof f->stems[0], "%s-%u", n ? base : "_", k);
    }
    f->count++;
    return out;
}

static int write_output(cli_context *c, tenon_session *s, size_t i, folder *f)
{
    tenon_port port;
    const tenon_tensor *t;
    const tenon_value *v;
    char file[STEM_BYTES + 16], path[4500];
    int rc = cli_output_get(c, s, i, &port, &t, &v);
    if (rc) return rc;
    bool npy = t && npy_can_hold(tenon_tensor_dtype(t));
    snprintf(file, sizeof file, "%s.%s", next_stem(f, port.name), npy ? "npy" : "pb");
    snprintf(path, sizeof path, "%s/%s", f->path, file);
    rc = npy ? write_npy(path, t) : write_pb(c, path, port.name, v);
    if (rc) return rc;
    json_open(&f->index, NULL, '{');
    json_text(&f->index, "name", port.name);
    json_text(&f->index, "file", file);
    json_text(&f->index, "dtype", tenon_dtype_text(t ? tenon_tensor_dtype(t) : port.dtype));
    json_dims(&f->index, "shape", t ? tenon_tensor_rank(t) : -1, t ? tenon_tensor_dims(t) : NULL,
              NULL);
    json_close(&f->index, '}');
    return EXIT_DONE;
}

static int write_folder(cli_context *c, tenon_session *s, const char *path)
{
    char index[4500];
    size_t count = tenon_model_output_count(c->model);
    folder f = {.path = path};
    int rc = make_folder(path);
    if (rc) return rc;
    snprintf(index, sizeof index, "%s/outputs.json", path);
    rc = open_file(index, &f.index.to);
    if (rc) return rc;
    f.stems = calloc(count + 1, sizeof f.stems[0]);
    if (!f.stems) rc = cli_fail(EXIT_ENVIRONMENT, "no memory for names");
    json_open(&f.index, NULL, '[');
    for (size_t i = 0; i < count && rc == EXIT_DONE; i++)
        rc = write_output(c, s, i, &f);
    json_close(&f.index, ']');
    free(f.stems);
    if (rc)
        fclose(f.index.to);
    else
        rc = finish_file(f.index.to, index, ferror(f.index.to));
    return rc;
}

/* ---- one file ---- */

static int write_npz(cli_context *c, tenon_session *s, const char *path)
{
    FILE *f;
    int rc = open_file(path, &f), failed = 0;
    if (rc) return rc;
    npz_writer *w = npz_create(f);
    if (!w) rc = cli_fail(EXIT_ENVIRONMENT, "%s: no memory for an archive", path);
    for (size_t i = 0; rc == EXIT_DONE && !failed && i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        rc = cli_output_get(c, s, i, &port, &t, &v);
        if (rc == EXIT_DONE && (!t || !npy_can_hold(tenon_tensor_dtype(t))))
            rc = cli_fail(EXIT_REFUSED, "%s: .npz cannot hold output '%s'; --output FOLDER can",
                          path, port.name);
        if (rc == EXIT_DONE) failed = npz_add(w, port.name, t);
    }
    int why = errno;
    if (w && npz_close(w) && !failed) {
        failed = 1;
        why = errno;
    }
    errno = why;
    if (rc)
        fclose(f);
    else
        rc = finish_file(f, path, failed);
    return rc;
}

static int write_single(cli_context *c, tenon_session *s, const char *path)
{
    tenon_port port;
    const tenon_tensor *t;
    const tenon_value *v;
    size_t count = tenon_model_output_count(c->model);
    if (count != 1)
        return cli_fail(EXIT_USAGE,
                        "--output %s: the model has %zu outputs; name a folder or an .npz", path,
                        count);
    int rc = cli_output_get(c, s, 0, &port, &t, &v);
    if (rc) return rc;
    if (!t || !npy_can_hold(tenon_tensor_dtype(t)))
        return cli_fail(EXIT_REFUSED, "%s: .npy cannot hold output '%s'; --output FOLDER can", path,
                        port.name);
    return write_npy(path, t);
}

/* ---- tables ---- */

enum { SHOWN = 8 };

static void print_numbers(const tenon_tensor *t)
{
    int64_t n = tenon_tensor_count(t), nan = 0;
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = cli_number_get(t, i);
        if (isnan(x)) nan++;
        if (x < low) low = x;
        if (x > high) high = x;
        sum += x;
    }
    if (n > SHOWN && nan < n) {
        printf("  min %.6g  max %.6g  mean %.6g", low, high, sum / (double)n);
        printf(nan ? "  NaN %" PRId64 "\n" : "\n", nan);
    }
    printf(" ");
    for (int64_t i = 0; i < n && i < SHOWN; i++)
        printf(" %.6g", cli_number_get(t, i));
    printf(n > SHOWN ? " ...\n" : "\n");
}

static void print_tensor(const char *name, const tenon_tensor *t)
{
    char text[256];
    const tenon_string *s = tenon_tensor_data_const(t);
    tenon_port port = {.name = name,
                       .kind = TENON_VALUE_TENSOR,
                       .dtype = tenon_tensor_dtype(t),
                       .rank = tenon_tensor_rank(t),
                       .dims = tenon_tensor_dims(t)};
    printf("%s ", cli_clean(name, text, sizeof text));
    printf("%s\n", cli_port_text(&port, text, sizeof text));
    if (cli_is_number(port.dtype)) print_numbers(t);
    for (int64_t i = 0; port.dtype == TENON_STRING && i < tenon_tensor_count(t) && i < SHOWN; i++) {
        int n = s[i].size_bytes > 200 ? 200 : (int)s[i].size_bytes;
        snprintf(text, sizeof text, "%.*s", n, s[i].data ? s[i].data : "");
        printf("  \"%s\"\n", cli_clean(text, text, sizeof text));
    }
}

/* Tensors inside sequences and the like, a line for the container before them. */
static void print_value(const char *name, const tenon_value *v, int depth)
{
    static const char *const kinds[] = {"tensor", "sequence", "optional", "map"};
    enum { MAX_DEPTH = 8 };
    char text[300];
    const tenon_tensor *t = tenon_value_tensor(v);
    size_t count = tenon_value_count(v);
    if (t) {
        print_tensor(name, t);
        return;
    }
    printf("%s %s of %zu\n", cli_clean(name, text, sizeof text), kinds[tenon_value_kind_get(v)],
           count);
    for (size_t i = 0; i < count && i < SHOWN && depth < MAX_DEPTH; i++) {
        snprintf(text, sizeof text, "%.200s[%zu]", name, i);
        print_value(text, tenon_value_item(v, i), depth + 1);
    }
}

static int print_tables(cli_context *c, tenon_session *s)
{
    for (size_t i = 0; i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        int rc = cli_output_get(c, s, i, &port, &t, &v);
        if (rc) return rc;
        print_value(port.name, v, 0);
    }
    return EXIT_DONE;
}

int cli_outputs_write(cli_context *c, tenon_session *s)
{
    const char *path = c->args->output;
    if (!path) return c->args->json || c->args->top ? EXIT_DONE : print_tables(c, s);
    if (cli_ends(path, ".npz")) return write_npz(c, s, path);
    if (cli_ends(path, ".npy")) return write_single(c, s, path);
    return write_folder(c, s, path);
}
