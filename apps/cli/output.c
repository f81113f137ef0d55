/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs to files, to short tables, and as the best classes. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* ---- files ------------------------------------------------------------------------------------------------------ */

static int cannot_write(const char *path)
{
    return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno ? errno : EIO));
}

/* Closes what was written; only then is it known whether the disk had room. */
static int finish_file(FILE *f, const char *path, int failed)
{
    int why = errno;
    if (fclose(f)) failed = 1, why = errno;
    errno = why;
    return failed ? cannot_write(path) : EXIT_DONE;
}

/* Bytes outside [A-Za-z0-9._-] become '_'; a clash with an earlier stem gets -2, -3. */
static void safe_stem(const char *name, char (*stems)[256], size_t count, char *out)
{
    char base[240];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof base; n++) {
        char ch = name[n];
        bool ok = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || strchr("._-", ch);
        base[n] = ok ? ch : '_';
    }
    base[n] = 0;
    snprintf(out, 256, "%s", n ? base : "_");
    for (int k = 2;; k++) {
        bool clash = false;
        for (size_t i = 0; i < count; i++)
            clash |= strcmp(stems[i], out) == 0;
        if (!clash) return;
        snprintf(out, 256, "%s-%d", base, k);
    }
}

static int write_pb(cli_context *c, const char *path, const char *name, const tenon_value *value)
{
    void *data;
    size_t size;
    tenon_error err;
    tenon_status st = tenon_value_print_onnx(c->env, value, name, &data, &size, &err);
    if (st) return cli_fail_error(st, &err, false);
    errno = 0;
    FILE *f = fopen(path, "wb");
    if (!f) {
        tenon_bytes_free(c->env, data);
        return cannot_write(path);
    }
    int failed = fwrite(data, 1, size, f) != size;
    tenon_bytes_free(c->env, data);
    return finish_file(f, path, failed);
}

static int write_npy(const char *path, const tenon_tensor *t)
{
    errno = 0;
    FILE *f = fopen(path, "wb");
    if (!f) return cannot_write(path);
    return finish_file(f, path, npy_write(f, t));
}

static int get_output(cli_context *c, tenon_session *s, size_t i, tenon_port *port, const tenon_tensor **t, const tenon_value **v)
{
    tenon_error err;
    *t = NULL;
    *v = NULL;
    tenon_status st = tenon_model_output_get(c->model, i, port);
    if (st == TENON_OK) st = tenon_session_get_output(s, port->name, t, &err);
    if (st == TENON_OK) return EXIT_DONE;
    st = tenon_session_get_output_value(s, port->name, v, &err);
    return st ? cli_fail_error(st, &err, false) : EXIT_DONE;
}

static int make_folder(const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part) return cli_fail(EXIT_ENVIRONMENT, "%s: the path is too long", path);
    memcpy(part, path, n + 1);
    for (char *p = part + 1;; p++) {
        if (*p && *p != '/') continue;
        char end = *p;
        *p = 0;
        struct stat info;
        if (mkdir(part, 0777) && (errno != EEXIST || (stat(part, &info) == 0 && !S_ISDIR(info.st_mode)))) {
            if (errno == EEXIST) errno = ENOTDIR;
            return cannot_write(path);
        }
        *p = end;
        if (!end) return EXIT_DONE;
    }
}

static int write_folder(cli_context *c, tenon_session *s, const char *folder)
{
    char path[4600];
    size_t count = tenon_model_output_count(c->model);
    char(*stems)[256] = calloc(count + 1, 256);
    if (!stems) return cli_fail(EXIT_ENVIRONMENT, "no memory for names");
    int rc = make_folder(folder);
    snprintf(path, sizeof path, "%s/outputs.json", folder);
    errno = 0;
    FILE *index = rc ? NULL : fopen(path, "wb");
    if (!rc && !index) rc = cannot_write(path);
    json j = {.to = index};
    if (index) json_open(&j, NULL, '[');
    for (size_t i = 0; i < count && rc == EXIT_DONE; i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        char file[300];
        rc = get_output(c, s, i, &port, &t, &v);
        if (rc) break;
        safe_stem(port.name, stems, i, stems[i]);
        bool npy = t && npy_can_hold(tenon_tensor_dtype(t));
        snprintf(file, sizeof file, "%s.%s", stems[i], npy ? "npy" : "pb");
        snprintf(path, sizeof path, "%s/%s", folder, file);
        if (!npy && !v) {
            tenon_error err;
            if (tenon_session_get_output_value(s, port.name, &v, &err)) rc = cli_fail(EXIT_ENVIRONMENT, "%s", err.message);
        }
        if (rc == EXIT_DONE) rc = npy ? write_npy(path, t) : write_pb(c, path, port.name, v);
        json_open(&j, NULL, '{');
        json_text(&j, "name", port.name);
        json_text(&j, "file", file);
        json_text(&j, "dtype", tenon_dtype_text(t ? tenon_tensor_dtype(t) : port.dtype));
        json_dims(&j, "shape", t ? tenon_tensor_rank(t) : -1, t ? tenon_tensor_dims(t) : NULL, NULL);
        json_close(&j, '}');
    }
    if (index) {
        json_close(&j, ']');
        snprintf(path, sizeof path, "%s/outputs.json", folder);
        int closed = finish_file(index, path, ferror(index));
        if (rc == EXIT_DONE) rc = closed;
    }
    free(stems);
    return rc;
}

static int write_npz(cli_context *c, tenon_session *s, const char *path)
{
    errno = 0;
    FILE *f = fopen(path, "wb");
    if (!f) return cannot_write(path);
    npz_writer *w = npz_create(f);
    int rc = w ? EXIT_DONE : cli_fail(EXIT_ENVIRONMENT, "no memory for an archive"), failed = 0;
    for (size_t i = 0; rc == EXIT_DONE && i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        rc = get_output(c, s, i, &port, &t, &v);
        if (rc == EXIT_DONE && (!t || !npy_can_hold(tenon_tensor_dtype(t))))
            rc = cli_fail(EXIT_REFUSED, "%s: .npz cannot hold output '%s'; --output FOLDER can", path, port.name);
        if (rc == EXIT_DONE) failed |= npz_add(w, port.name, t);
    }
    if (w) failed |= npz_close(w);
    int closed = finish_file(f, path, failed);
    return rc ? rc : closed;
}

static bool ends(const char *s, const char *ending)
{
    size_t n = strlen(s), m = strlen(ending);
    return n > m && strcmp(s + n - m, ending) == 0;
}

static int write_single(cli_context *c, tenon_session *s, const char *path)
{
    tenon_port port;
    const tenon_tensor *t;
    const tenon_value *v;
    if (tenon_model_output_count(c->model) != 1)
        return cli_fail(EXIT_USAGE, "--output %s: the model has %zu outputs; name a folder or an .npz", path,
                        tenon_model_output_count(c->model));
    int rc = get_output(c, s, 0, &port, &t, &v);
    if (rc) return rc;
    if (!t || !npy_can_hold(tenon_tensor_dtype(t)))
        return cli_fail(EXIT_REFUSED, "%s: .npy cannot hold output '%s'; --output FOLDER can", path, port.name);
    return write_npy(path, t);
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static double element(const tenon_tensor *t, int64_t i)
{
    const uint8_t *p = tenon_tensor_data_const(t);
    float f;
    double x;
    int64_t n = 0;
    unsigned bits = tenon_dtype_bits(tenon_tensor_dtype(t));
    switch (tenon_tensor_dtype(t)) {
    case TENON_F32: return memcpy(&f, p + i * 4, 4), f;
    case TENON_F64: return memcpy(&x, p + i * 8, 8), x;
    case TENON_I8: return (int8_t)p[i];
    case TENON_I16: return memcpy(&n, p + i * 2, 2), (int16_t)n;
    case TENON_I32: return memcpy(&n, p + i * 4, 4), (int32_t)n;
    case TENON_U8:
    case TENON_U16:
    case TENON_U32:
    case TENON_U64:
    case TENON_I64:
    case TENON_BOOL: return memcpy(&n, p + (size_t)i * bits / 8, bits / 8), (double)n;
    default: return NAN;
    }
}

static bool is_numeric(const tenon_tensor *t)
{
    tenon_dtype d = tenon_tensor_dtype(t);
    return d == TENON_F32 || d == TENON_F64 || (d >= TENON_I8 && d <= TENON_BOOL);
}

static void print_numbers(FILE *to, const tenon_tensor *t)
{
    int64_t n = tenon_tensor_count(t);
    double lo = INFINITY, hi = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = element(t, i);
        if (x < lo) lo = x;
        if (x > hi) hi = x;
        sum += x;
    }
    if (n > 8) fprintf(to, "  min %.6g  max %.6g  mean %.6g\n", lo, hi, sum / (double)n);
    fprintf(to, " ");
    for (int64_t i = 0; i < n && i < 8; i++)
        fprintf(to, " %.6g", element(t, i));
    fprintf(to, n > 8 ? " ...\n" : "\n");
}

void cli_print_tensor(FILE *to, const char *name, const tenon_tensor *t)
{
    fprintf(to, "%s %s[", name, tenon_dtype_text(tenon_tensor_dtype(t)));
    for (int d = 0; d < tenon_tensor_rank(t); d++)
        fprintf(to, "%s%" PRId64, d ? "," : "", tenon_tensor_dims(t)[d]);
    fprintf(to, "]\n");
    if (tenon_tensor_dtype(t) == TENON_STRING) {
        const tenon_string *s = tenon_tensor_data_const(t);
        for (int64_t i = 0; i < tenon_tensor_count(t) && i < 8; i++)
            fprintf(to, "  \"%.*s\"\n", s[i].size_bytes > 200 ? 200 : (int)s[i].size_bytes, s[i].data ? s[i].data : "");
    } else if (is_numeric(t)) {
        print_numbers(to, t);
    }
}

static int print_tables(cli_context *c, tenon_session *s)
{
    for (size_t i = 0; i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        int rc = get_output(c, s, i, &port, &t, &v);
        if (rc) return rc;
        if (t) cli_print_tensor(stdout, port.name, t);
        else printf("%s: %zu items\n", port.name, tenon_value_count(v));
    }
    return EXIT_DONE;
}

/* ---- the best classes ------------------------------------------------------------------------------------------- */

/* Line `index` of a file's text into `out`; false where there is none. */
static bool label(const char *text, int64_t index, char *out, size_t size)
{
    while (text && index-- > 0) {
        text = strchr(text, '\n');
        if (text) text++;
    }
    if (!text || !*text) return false;
    snprintf(out, size, "%.*s", (int)strcspn(text, "\r\n"), text);
    return true;
}

static void print_best(const tenon_tensor *t, uint64_t top, const char *labels)
{
    int64_t n = tenon_tensor_count(t), last = -1;
    double bound = INFINITY;
    char name[200];
    for (uint64_t k = 0; k < top && (int64_t)k < n; k++) {
        int64_t best = -1;
        for (int64_t i = 0; i < n; i++) { /* the next one in order of value, then index */
            double x = element(t, i);
            bool after = x < bound || (x == bound && i > last);
            if (after && (best < 0 || x > element(t, best))) best = i;
        }
        if (best < 0) return;
        bound = element(t, best);
        last = best;
        printf("  %6" PRId64 "  %-12.6g %s\n", best, bound, labels && label(labels, best, name, sizeof name) ? name : "");
    }
}

int cli_print_top(cli_context *c, tenon_session *s)
{
    uint8_t *labels = NULL;
    size_t size;
    int rc = c->args->labels ? cli_read_file(c->args->labels, &labels, &size) : EXIT_DONE;
    for (size_t i = 0; rc == EXIT_DONE && i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        rc = get_output(c, s, i, &port, &t, &v);
        if (rc || !t || !is_numeric(t)) continue;
        printf("%s\n", port.name);
        print_best(t, c->args->top, (const char *)labels);
    }
    free(labels);
    return rc;
}

int cli_outputs_write(cli_context *c, tenon_session *s)
{
    const char *path = c->args->output;
    if (!path) return c->args->json || c->args->top ? EXIT_DONE : print_tables(c, s);
    if (ends(path, ".npz")) return write_npz(c, s, path);
    if (ends(path, ".npy")) return write_single(c, s, path);
    return write_folder(c, s, path);
}
