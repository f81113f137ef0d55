/* SPDX-License-Identifier: Apache-2.0 */
/* Transpose: out dim d is in dim perm[d]. ONNX Transpose-1 .. 25.
 *
 * perm is a permutation of the dims; without it they are reversed. Any dtype. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    int count; /* -1: not given */
    int perm[TENON_MAX_RANK];
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t count;
    bool seen[TENON_MAX_RANK] = {false};
    const int64_t *perm = tenon__attr_ints(node, "perm", &count);
    (void)graph;
    a->count = -1;
    if (!perm) return TENON_OK;
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT,
                           "perm has %zu numbers; ranks above %d are not supported", count,
                           TENON_MAX_RANK);
    a->count = (int)count;
    for (int d = 0; d < a->count; d++) {
        int64_t from = perm[d] < 0 ? perm[d] + a->count : perm[d];
        if (from < 0 || from >= a->count || seen[from])
            return tenon__fail(err, TENON_EFORMAT, "perm is no permutation of %d dims", a->count);
        seen[from] = true;
        a->perm[d] = (int)from;
    }
    return TENON_OK;
}

static int source_of(const attrs *a, int rank, int d)
{
    return a->count < 0 ? rank - 1 - d : a->perm[d];
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t dims[TENON_MAX_RANK];
    tenon__infer_set(c, 0, in->dtype, TENON__RANK_UNKNOWN, NULL);
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    if (a->count >= 0 && a->count != in->rank)
        return tenon__fail(c->err, TENON_ESHAPE, "perm has %d numbers; the input has rank %d",
                           a->count, in->rank);
    for (int d = 0; d < in->rank; d++)
        dims[d] = in->dims[source_of(a, in->rank, d)];
    tenon__infer_set(c, 0, in->dtype, in->rank, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    int64_t strides[TENON_MAX_RANK], from[TENON_MAX_RANK];
    tenon__dense_strides(in->rank, in->dims, strides);
    for (int d = 0; d < in->rank; d++)
        from[d] = strides[source_of(a, in->rank, d)];
    tenon__copy *copy = c->params;
    tenon__copy_init_dense(copy, c->cpu, in->dtype, in->rank, c->out[0]->dims, 0, from);
    c->tiles = copy->tiles;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    tenon__copy_run(r->params, r->in[0]->data, r->out[0]->data, r->tile);
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "Transpose", 1, 0, NULL}, {0}};

const tenon__op tenon__op_transpose = {
    .name = "Transpose",
    .doc = "Dims in another order",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(tenon__copy),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
