/* SPDX-License-Identifier: Apache-2.0 */
/* StringConcat: the strings of two tensors joined, with numpy's broadcasting. ONNX StringConcat-20.
 */
#include "opkit/copy.h"
#include "opkit/text.h"

static tenon_status infer(tenon__infer *c)
{
    tenon_status st = tenon__check_strings(c, 0);
    if (st == TENON_OK) st = tenon__check_strings(c, 1);
    if (st == TENON_OK) st = tenon__infer_broadcast(c, c->in, 2, c->out[0]);
    c->out[0]->dtype = TENON_STRING;
    return st;
}

/* The element of v that goes to element i of out. */
static tenon_string element(const tenon__view *v, const tenon__view *out, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = out->rank - 1; d >= 0; d--) {
        int own = d - (out->rank - v->rank);
        if (own >= 0 && v->dims[own] != 1) at += i % out->dims[d] * step;
        if (own >= 0) step *= v->dims[own];
        i /= out->dims[d];
    }
    return tenon__strings(v)[at];
}

static tenon_status run(const tenon__run *r)
{
    tenon_string *out = r->out[0]->data;
    int64_t count = tenon__view_count(r->out[0]);
    size_t total = 0;
    for (int64_t i = 0; i < count; i++) {
        size_t a = element(r->in[0], r->out[0], i).size_bytes,
               b = element(r->in[1], r->out[0], i).size_bytes;
        if (!tenon__add(total, a, &total) || !tenon__add(total, b, &total))
            return tenon__fail(r->err, TENON_ELIMIT, "the strings are too long");
    }
    char *text;
    tenon_status st = tenon__string_alloc(r, total, &text);
    if (st) return st;
    for (int64_t i = 0; i < count; i++) {
        tenon_string a = element(r->in[0], r->out[0], i), b = element(r->in[1], r->out[0], i);
        tenon__bytes_copy(text, a.data, a.size_bytes);
        tenon__bytes_copy(text + a.size_bytes, b.data, b.size_bytes);
        out[i] = (tenon_string){text, a.size_bytes + b.size_bytes};
        text += out[i].size_bytes;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "StringConcat", 20, 0, NULL}, {0}};

const tenon__op tenon__op_string_concat = {
    .name = "StringConcat",
    .doc = "Strings joined element by element",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .infer = infer,
    .run = run,
};
