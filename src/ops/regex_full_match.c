/* SPDX-License-Identifier: Apache-2.0 */
/* RegexFullMatch: whether each string as a whole matches a pattern, in RE2's syntax. ONNX
 * RegexFullMatch-20. opkit/regex.h says what is left out. */
#include "opkit/regex.h"
#include "opkit/text.h"

typedef struct attrs {
    const tenon__regex *regex;
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    return tenon__regex_parse(graph->arena, tenon__attr_str(node, "pattern", ""),
                              &((attrs *)out)->regex, err);
}

static tenon_status infer(tenon__infer *c)
{
    tenon__infer_set(c, 0, TENON_BOOL, c->in[0]->rank, c->in[0]->dims);
    return tenon__check_strings(c, 0);
}

static tenon_status bind(tenon__bind *c)
{
    c->tiles = tenon__view_count(c->in[0]) ? 1 : 0;
    c->scratch_bytes = tenon__regex_scratch_bytes(((const attrs *)c->attrs)->regex);
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon_string *in = tenon__strings(r->in[0]);
    uint8_t *out = r->out[0]->data;
    int64_t count = tenon__view_count(r->in[0]);
    for (int64_t i = 0; i < count; i++)
        out[i] = tenon__regex_matches(a->regex, in[i].data, in[i].size_bytes, r->scratch);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "RegexFullMatch", 20, 0, NULL}, {0}};

const tenon__op tenon__op_regex_full_match = {
    .name = "RegexFullMatch",
    .doc = "Whether strings match a pattern",
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
    .bind = bind,
    .run = run,
};
