/* SPDX-License-Identifier: Apache-2.0 */
/* StringNormalizer: stop words removed, letter case changed. ONNX StringNormalizer-10.
 *
 * X is [C] or [1, C]. Elements equal to one of stopwords (whatever their case unless
 * is_case_sensitive) are left out; case_change_action is LOWER, UPPER or NONE. If nothing is left,
 * one empty string is. Case is Unicode's simple mapping (opkit/text.h), whatever the locale. */
#include "opkit/text.h"

typedef struct attrs {
    const tenon__str *stopwords;
    size_t count;
    bool case_sensitive, lower, upper;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon__str action = tenon__attr_str(node, "case_change_action", "NONE");
    (void)graph;
    a->stopwords = tenon__attr_strings(node, "stopwords", &a->count);
    a->case_sensitive = tenon__attr_int(node, "is_case_sensitive", 0) != 0;
    a->lower = tenon__str_is(action, "LOWER");
    a->upper = tenon__str_is(action, "UPPER");
    if (a->lower || a->upper || tenon__str_is(action, "NONE")) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT,
                       "case_change_action is '%.*s'; it must be LOWER, UPPER or NONE",
                       TENON__STR_ARG(action));
}

static bool equal_folded(tenon_string a, tenon__str b)
{
    size_t i = 0, j = 0;
    while (i < a.size_bytes && j < b.size)
        if (tenon__lower(tenon__utf8_next(a.data, a.size_bytes, &i)) !=
            tenon__lower(tenon__utf8_next(b.data, b.size, &j)))
            return false;
    return i == a.size_bytes && j == b.size;
}

static bool is_stopped(const attrs *a, tenon_string s)
{
    for (size_t k = 0; k < a->count; k++)
        if (a->case_sensitive ? tenon__string_is(s, a->stopwords[k])
                              : equal_folded(s, a->stopwords[k]))
            return true;
    return false;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t dims[2] = {TENON__DIM_UNKNOWN, TENON__DIM_UNKNOWN}, kept = 0;
    tenon__infer_set(c, 0, TENON_STRING, TENON__RANK_UNKNOWN, NULL);
    tenon_status st = tenon__check_strings(c, 0);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (x->rank != 1 && (x->rank != 2 || !tenon__dim_agrees(x->dims[0], 1))) {
        char text[160];
        return tenon__fail(c->err, TENON_ESHAPE, "the input is %s; it must be [C] or [1, C]",
                           tenon__view_print(x, text, sizeof text));
    }
    tenon__infer_set(c, 0, TENON_STRING, x->rank, dims);
    if (x->rank == 2) dims[0] = 1;
    tenon__infer_set(c, 0, TENON_STRING, x->rank, dims);
    const tenon_string *in = tenon__infer_data(c, 0);
    if (!in) return TENON_EAGAIN;
    for (int64_t i = 0; i < x->dims[x->rank - 1]; i++)
        kept += !is_stopped(a, in[i]);
    dims[x->rank - 1] = kept ? kept : 1;
    tenon__infer_set(c, 0, TENON_STRING, x->rank, dims);
    return TENON_OK;
}

/* The string in the other case, at *text, which is moved behind it. */
static tenon_string change(const attrs *a, tenon_string s, char **text)
{
    char *start = *text;
    for (size_t at = 0; at < s.size_bytes;) {
        uint32_t code = tenon__utf8_next(s.data, s.size_bytes, &at);
        *text += tenon__utf8_put(a->lower ? tenon__lower(code) : tenon__upper(code), *text);
    }
    return (tenon_string){start, (size_t)(*text - start)};
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *x = r->in[0];
    const tenon_string *in = tenon__strings(x);
    tenon_string *out = r->out[0]->data;
    int64_t most = r->out[0]->dims[x->rank - 1], kept = 0;
    size_t total = 0;
    char *text = NULL;
    /* A code point of one byte may come back as three (U+FFFD for what is none). */
    for (int64_t i = 0; i < x->dims[x->rank - 1]; i++)
        if (in[i].size_bytes > SIZE_MAX / 8 || !tenon__add(total, 3 * in[i].size_bytes, &total))
            return tenon__fail(r->err, TENON_ELIMIT, "the strings are too long");
    if (a->lower || a->upper) {
        tenon_status st = tenon__string_alloc(r, total, &text);
        if (st) return st;
    }
    for (int64_t i = 0; i < x->dims[x->rank - 1] && kept < most; i++) {
        if (is_stopped(a, in[i])) continue;
        out[kept++] = text ? change(a, in[i], &text) : in[i];
    }
    if (kept == 0) out[0] = (tenon_string){"", 0};
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "StringNormalizer", 10, 0, NULL}, {0}};

const tenon__op tenon__op_string_normalizer = {
    .name = "StringNormalizer",
    .doc = "Removes stop words, changes letter case",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
