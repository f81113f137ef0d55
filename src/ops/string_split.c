/* SPDX-License-Identifier: Apache-2.0 */
/* StringSplit: each string cut at a delimiter. ONNX StringSplit-20.
 *
 * Y has one dim more than X, as long as the most parts, missing ones being empty; Z (int64) counts
 * the parts. Without delimiter, or an empty one, runs of white space (space, \t \n \v \f \r)
 * divide, and those at the ends are dropped. maxsplit: how often at most; the rest is the last
 * part. */
#include "opkit/text.h"

typedef struct attrs {
    tenon__str delimiter;
    int64_t most; /* splits */
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    (void)graph;
    (void)err;
    a->delimiter = tenon__attr_str(node, "delimiter", "");
    a->most = tenon__attr_int(node, "maxsplit", INT64_MAX);
    if (a->most < 0) a->most = INT64_MAX;
    return TENON_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next part at or behind *at; false where there is none. */
static bool next_part(const attrs *a, tenon_string s, int64_t number, size_t *at,
                      tenon_string *part)
{
    const bool by_space = a->delimiter.size == 0;
    while (by_space && *at < s.size_bytes && is_space(s.data[*at]))
        (*at)++;
    if (*at > s.size_bytes || (by_space && *at == s.size_bytes)) return false;
    size_t from = *at, end = s.size_bytes;
    *at = s.size_bytes + 1;
    for (size_t k = from; number < a->most && k < s.size_bytes; k++) {
        if (by_space ? !is_space(s.data[k])
                     : s.size_bytes - k < a->delimiter.size ||
                           memcmp(s.data + k, a->delimiter.data, a->delimiter.size) != 0)
            continue;
        end = k;
        *at = k + (by_space ? 1 : a->delimiter.size);
        break;
    }
    *part = (tenon_string){s.size_bytes ? s.data + from : s.data, end - from};
    return true;
}

static int64_t count_parts(const attrs *a, tenon_string s)
{
    size_t at = 0;
    int64_t n = 0;
    tenon_string part;
    while (next_part(a, s, n, &at, &part))
        n++;
    return n;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    tenon__infer_set(c, 0, TENON_STRING, TENON__RANK_UNKNOWN, NULL);
    tenon__infer_set(c, 1, TENON_I64, x->rank, x->dims);
    tenon_status st = tenon__check_strings(c, 0);
    if (st || tenon__infer_rank_unknown(c, 1)) return st;
    if (x->rank + 1 > TENON_MAX_RANK)
        return tenon__fail(c->err, TENON_ELIMIT, "the output's rank exceeds %d", TENON_MAX_RANK);
    memcpy(dims, x->dims, sizeof dims);
    dims[x->rank] = TENON__DIM_UNKNOWN;
    tenon__infer_set(c, 0, TENON_STRING, x->rank + 1, dims);
    const tenon_string *in = tenon__infer_data(c, 0);
    if (!in) return TENON_EAGAIN;
    int64_t count = tenon__view_count(x);
    dims[x->rank] = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t parts = count_parts(a, in[i]);
        if (parts > dims[x->rank]) dims[x->rank] = parts;
    }
    tenon__infer_set(c, 0, TENON_STRING, x->rank + 1, dims);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon_string *in = tenon__strings(r->in[0]);
    int64_t count = tenon__view_count(r->in[0]), width = r->out[0]->dims[r->out[0]->rank - 1];
    tenon_string *out = r->out[0]->data;
    for (int64_t i = 0; i < count; i++) {
        size_t at = 0;
        int64_t n = 0;
        tenon_string part;
        while (n < width && next_part(a, in[i], n, &at, &part))
            out[i * width + n++] = part; /* the bytes are the input's */
        if (r->out_count > 1) ((int64_t *)r->out[1]->data)[i] = n;
        for (; n < width; n++)
            out[i * width + n] = (tenon_string){"", 0};
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "StringSplit", 20, 0, NULL}, {0}};

const tenon__op tenon__op_string_split = {
    .name = "StringSplit",
    .doc = "Strings cut at a delimiter",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .flags = TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
    .run = run,
};
