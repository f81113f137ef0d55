/* SPDX-License-Identifier: Apache-2.0 */
/* tenon compare: two sets of outputs, A against B. Floats are equal where |a - b| <= atol + rtol *
 * |b|, NaN equals NaN; everything else is equal where it is the same. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "results.h"

enum { MAX_DEPTH = 32 };

typedef struct comparison {
    const cli_args *args;
    json j;
    size_t outputs, different;
} comparison;

typedef struct difference {
    double largest, largest_relative;
    int64_t mismatches, count;
    char note[160]; /* why they cannot be set against each other; "" where they can */
} difference;

/* ---- elements ---- */

static void note_pair(const comparison *c, double a, double b, bool exact, difference *d)
{
    double off = fabs(a - b);
    bool same = a == b || (isnan(a) && isnan(b));
    if (same) return;
    if (off > d->largest) d->largest = off;
    if (b != 0 && off / fabs(b) > d->largest_relative) d->largest_relative = off / fabs(b);
    if (exact || !(isfinite(off) && off <= c->args->atol + c->args->rtol * fabs(b)))
        d->mismatches++;
}

static bool same_bytes(const tenon_tensor *a, const tenon_tensor *b, int64_t i)
{
    size_t size = tenon_dtype_bits(tenon_tensor_dtype(a)) / 8;
    const uint8_t *x = tenon_tensor_data_const(a), *y = tenon_tensor_data_const(b);
    return size && memcmp(x + (size_t)i * size, y + (size_t)i * size, size) == 0;
}

static void compare_numbers(const comparison *c, const tenon_tensor *a, const tenon_tensor *b,
                            difference *d)
{
    bool exact = !cli_is_float(tenon_tensor_dtype(a));
    for (int64_t i = 0; i < d->count; i++) {
        double x, y;
        if (same_bytes(a, b, i)) continue;
        x = cli_number_get(a, i);
        y = cli_number_get(b, i);
        if (exact && x == y && tenon_dtype_bits(tenon_tensor_dtype(a)) == 64)
            d->mismatches++;
        else
            note_pair(c, x, y, exact, d);
    }
}

/* By distance in the plane. */
static void compare_complex(const comparison *c, const tenon_tensor *a, const tenon_tensor *b,
                            difference *d)
{
    bool wide = tenon_tensor_dtype(a) == TENON_C128;
    const uint8_t *x = tenon_tensor_data_const(a), *y = tenon_tensor_data_const(b);
    for (int64_t i = 0; i < d->count; i++) {
        double p[2], q[2];
        if (same_bytes(a, b, i)) continue;
        for (int k = 0; k < 2; k++) {
            size_t at = ((size_t)i * 2 + (size_t)k) * (wide ? 8 : 4);
            float f, g;
            memcpy(&f, x + at, 4);
            memcpy(&g, y + at, 4);
            p[k] = f;
            q[k] = g;
            if (!wide) continue;
            memcpy(&p[k], x + at, 8);
            memcpy(&q[k], y + at, 8);
        }
        double off = hypot(p[0] - q[0], p[1] - q[1]), size = hypot(q[0], q[1]);
        note_pair(c, size + off, size, false, d);
    }
}

static void compare_strings(const tenon_tensor *a, const tenon_tensor *b, difference *d)
{
    const tenon_string *x = tenon_tensor_data_const(a), *y = tenon_tensor_data_const(b);
    for (int64_t i = 0; i < d->count; i++)
        d->mismatches += x[i].size_bytes != y[i].size_bytes ||
                         (x[i].size_bytes && memcmp(x[i].data, y[i].data, x[i].size_bytes) != 0);
}

static const char *type_text(const tenon_tensor *t, char *out, size_t size)
{
    tenon_port p = {
        .dtype = tenon_tensor_dtype(t), .rank = tenon_tensor_rank(t), .dims = tenon_tensor_dims(t)};
    return cli_port_text(&p, out, size);
}

static void compare_tensors(const comparison *c, const tenon_tensor *a, const tenon_tensor *b,
                            difference *d)
{
    char x[70], y[70];
    tenon_dtype dtype = tenon_tensor_dtype(a);
    size_t rank = (size_t)tenon_tensor_rank(a);
    if (dtype != tenon_tensor_dtype(b) || tenon_tensor_rank(a) != tenon_tensor_rank(b) ||
        (rank && memcmp(tenon_tensor_dims(a), tenon_tensor_dims(b), rank * sizeof(int64_t)) != 0)) {
        snprintf(d->note, sizeof d->note, "%s against %s", type_text(a, x, sizeof x),
                 type_text(b, y, sizeof y));
        return;
    }
    d->count = tenon_tensor_count(a);
    if (dtype == TENON_STRING)
        compare_strings(a, b, d);
    else if (dtype == TENON_C64 || dtype == TENON_C128)
        compare_complex(c, a, b, d);
    else
        compare_numbers(c, a, b, d);
}

/* ---- rows ---- */

static void print_row(comparison *c, const char *name, const tenon_tensor *t, const difference *d)
{
    char text[120], type[120];
    bool ok = !d->note[0] && !d->mismatches;
    c->outputs++;
    c->different += !ok;
    if (!c->args->json) {
        printf("%-24s ", cli_clean(name, text, sizeof text));
        if (d->note[0])
            printf("%s\n", d->note);
        else
            printf("%-28s %12.4g %12.4g %10" PRId64 " of %" PRId64 "%s\n",
                   t ? type_text(t, type, sizeof type) : "", d->largest, d->largest_relative,
                   d->mismatches, d->count, ok ? "" : "  differs");
        return;
    }
    json_open(&c->j, NULL, '{');
    json_text(&c->j, "name", name);
    json_text(&c->j, "dtype", t ? tenon_dtype_text(tenon_tensor_dtype(t)) : "none");
    json_dims(&c->j, "shape", t ? tenon_tensor_rank(t) : -1, t ? tenon_tensor_dims(t) : NULL, NULL);
    json_real(&c->j, "max_abs_diff", d->largest);
    json_real(&c->j, "max_rel_diff", d->largest_relative);
    json_int(&c->j, "mismatches", d->mismatches);
    json_int(&c->j, "count", d->count);
    json_text(&c->j, "note", d->note);
    json_bool(&c->j, "same", ok);
    json_close(&c->j, '}');
}

static void print_note(comparison *c, const char *name, const char *note)
{
    difference d = {0};
    snprintf(d.note, sizeof d.note, "%s", note);
    print_row(c, name, NULL, &d);
}

static bool same_keys(const tenon_value *a, const tenon_value *b, size_t i)
{
    tenon_string x = tenon_value_key_string(a, i), y = tenon_value_key_string(b, i);
    return tenon_value_key_i64(a, i) == tenon_value_key_i64(b, i) && x.size_bytes == y.size_bytes &&
           (!x.size_bytes || memcmp(x.data, y.data, x.size_bytes) == 0);
}

static void compare_values(comparison *c, const char *name, const tenon_value *a,
                           const tenon_value *b, int depth)
{
    const tenon_tensor *x = tenon_value_tensor(a), *y = tenon_value_tensor(b);
    char part[300];
    if (x && y) {
        difference d = {0};
        compare_tensors(c, x, y, &d);
        print_row(c, name, x, &d);
        return;
    }
    size_t count = tenon_value_count(a);
    if (tenon_value_kind_get(a) != tenon_value_kind_get(b)) {
        print_note(c, name, "another kind of value");
        return;
    }
    if (count != tenon_value_count(b) || depth == MAX_DEPTH) {
        print_note(c, name, depth == MAX_DEPTH ? "nested too deep" : "another number of items");
        return;
    }
    if (!count) print_row(c, name, NULL, &(difference){0});
    for (size_t i = 0; i < count; i++) {
        snprintf(part, sizeof part, "%.250s[%zu]", name, i);
        if (tenon_value_kind_get(a) == TENON_VALUE_MAP && !same_keys(a, b, i))
            print_note(c, part, "another key");
        else
            compare_values(c, part, tenon_value_item(a, i), tenon_value_item(b, i), depth + 1);
    }
}

/* ---- sets ---- */

/* The counterpart of item `i` of a: of the same name where both have names, else at its place. */
static const result *find_counterpart(const results *a, const results *b, size_t i)
{
    if (!a->named || !b->named) return i < b->count ? &b->items[i] : NULL;
    for (size_t k = 0; k < b->count; k++)
        if (strcmp(a->items[i].name, b->items[k].name) == 0) return &b->items[k];
    return NULL;
}

static void compare_results(comparison *c, const results *a, const results *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const result *other = find_counterpart(a, b, i);
        const char *name = a->named || !b->named || !other ? a->items[i].name : other->name;
        if (other)
            compare_values(c, name, a->items[i].value, other->value, 0);
        else
            print_note(c, name, "only in the first");
    }
    for (size_t i = 0; i < b->count; i++)
        if (!find_counterpart(b, a, i)) print_note(c, b->items[i].name, "only in the second");
}

static void print_all(comparison *c, const results *a, const results *b)
{
    const cli_args *args = c->args;
    if (!args->json) {
        printf("%-24s %-28s %12s %12s %10s\n", "output", "type", "largest diff", "relative",
               "mismatches");
        compare_results(c, a, b);
        return;
    }
    json_open(&c->j, NULL, '{');
    json_text(&c->j, "a", args->paths.items[0]);
    json_text(&c->j, "b", args->paths.items[1]);
    json_real(&c->j, "rtol", args->rtol);
    json_real(&c->j, "atol", args->atol);
    json_open(&c->j, "outputs", '[');
    compare_results(c, a, b);
    json_close(&c->j, ']');
    json_bool(&c->j, "same", c->different == 0);
    json_close(&c->j, '}');
}

int verb_compare(cli_context *c)
{
    comparison cmp = {.args = c->args, .j = {.to = stdout}};
    results a = {.items = NULL}, b = {.items = NULL};
    int rc = cli_open(c, 1, c->args->cpu);
    if (rc == EXIT_DONE) rc = results_load(c, c->args->paths.items[0], &a);
    if (rc == EXIT_DONE) rc = results_load(c, c->args->paths.items[1], &b);
    if (rc == EXIT_DONE) {
        print_all(&cmp, &a, &b);
        if (cmp.different)
            rc = cli_fail(EXIT_SHORT, "%zu of %zu differ", cmp.different, cmp.outputs);
    }
    results_free(&a);
    results_free(&b);
    return rc;
}
