/* SPDX-License-Identifier: Apache-2.0 */
/* Reshape: the same elements under other dims. ONNX Reshape-1 .. 25.
 *
 * shape (int64 list; an attribute in Reshape-1): a number is an extent; 0 copies the dim of the
 * same place, unless `allowzero`; one -1 takes what is left. Any dtype. The storage is shared. */
#include "opkit/index.h"

typedef struct attrs {
    bool allow_zero, has_shape;
    int rank;
    int64_t shape[TENON_MAX_RANK]; /* of Reshape-1 */
} attrs;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    size_t count;
    const int64_t *shape = tenon__attr_ints(node, "shape", &count);
    (void)graph;
    a->allow_zero = tenon__attr_int(node, "allowzero", 0) != 0;
    if (!shape) return TENON_OK;
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT, "shape has %zu dims; at most %d are supported", count,
                           TENON_MAX_RANK);
    a->has_shape = true;
    a->rank = (int)count;
    memcpy(a->shape, shape, count * sizeof *shape);
    return TENON_OK;
}

/* Input dims that a 0 copied cancel against themselves; what is left must come out as a number or
 * as one symbol. */
static tenon_status infer_rest(tenon__infer *c, const bool *copied, int rank, const int64_t *dims,
                               int at, int64_t *rest)
{
    const tenon__view *in = c->in[0];
    int64_t have = 1, want = 1, symbol = 0;
    int symbols = 0;
    for (int d = 0; d < in->rank; d++) {
        if (d < rank && copied[d]) continue;
        if (in->dims[d] < 0) {
            symbol = in->dims[d];
            symbols++;
        } else {
            have = tenon__dim_mul(have, in->dims[d]);
        }
    }
    for (int d = 0; d < rank; d++)
        if (d != at && !copied[d]) want = tenon__dim_mul(want, dims[d]);
    bool whole = true; /* with the copied dims: only their product must not be zero */
    for (int d = 0; d < rank; d++)
        if (copied[d] && dims[d] == 0) whole = false;
    *rest = TENON__DIM_UNKNOWN;
    if (have < 0 || want < 0) return TENON_OK;
    if (symbols == 1 && have == want && have > 0) *rest = symbol;
    if (symbols) return TENON_OK;
    if (want == 0 || !whole)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "-1 in shape stands beside a dim of 0: no extent follows");
    if (have % want)
        return tenon__fail(c->err, TENON_ESHAPE,
                           "-1 in shape: %lld elements do not divide into rows of %lld",
                           (long long)have, (long long)want);
    *rest = have / want;
    return TENON_OK;
}

static tenon_status resolve(tenon__infer *c, int rank, int64_t *dims)
{
    const attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    bool copied[TENON_MAX_RANK] = {false};
    int minus = -1;
    for (int d = 0; d < rank; d++) {
        if (dims[d] == 0 && !a->allow_zero) {
            if (d >= in->rank)
                return tenon__fail(c->err, TENON_ESHAPE, "shape has 0 at %d; the input has rank %d",
                                   d, in->rank);
            dims[d] = in->dims[d];
            copied[d] = true;
        } else if (dims[d] == -1 && minus < 0) {
            minus = d;
        } else if (dims[d] < 0) {
            return tenon__fail(c->err, TENON_ESHAPE, "shape has %lld at %d; only one -1 is allowed",
                               (long long)dims[d], d);
        }
    }
    if (minus >= 0) {
        tenon_status st = infer_rest(c, copied, rank, dims, minus, &dims[minus]);
        if (st) return st;
    }
    tenon__infer_set(c, 0, in->dtype, rank, dims);
    int64_t have = tenon__view_count(in), want = tenon__view_count(c->out[0]);
    if (have >= 0 && tenon__dims_known(c->out[0]) && have != want) {
        char from[160], to[160];
        return tenon__fail(c->err, TENON_ESHAPE, "%s cannot become %s: the counts differ",
                           tenon__view_print(in, from, sizeof from),
                           tenon__view_print(c->out[0], to, sizeof to));
    }
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    int64_t dims[TENON_MAX_RANK];
    int rank = a->rank;
    if (a->has_shape) {
        memcpy(dims, a->shape, sizeof dims);
    } else {
        tenon_status st = tenon__infer_ints(c, 1, dims, TENON_MAX_RANK, &rank);
        if (st == TENON_EAGAIN) {
            rank = TENON__RANK_UNKNOWN;
            if (c->in[1]->rank == 1 && c->in[1]->dims[0] >= 0 &&
                c->in[1]->dims[0] <= TENON_MAX_RANK)
                rank = (int)c->in[1]->dims[0];
            for (int d = 0; d < rank; d++)
                dims[d] = TENON__DIM_UNKNOWN;
            tenon__infer_set(c, 0, c->in[0]->dtype, rank, dims);
        }
        if (st) return st;
        if (rank < 0) return tenon__fail(c->err, TENON_EFORMAT, "shape is missing");
    }
    if (c->in[0]->rank == TENON__RANK_UNKNOWN) {
        for (int d = 0; d < rank; d++)
            if (dims[d] < 0 || (dims[d] == 0 && !a->allow_zero)) dims[d] = TENON__DIM_UNKNOWN;
        tenon__infer_set(c, 0, c->in[0]->dtype, rank, dims);
        return TENON_OK;
    }
    return resolve(c, rank, dims);
}

static const tenon__import imports[] = {{"onnx", "", "Reshape", 1, 0, NULL}, {0}};

const tenon__op tenon__op_reshape = {
    .name = "Reshape",
    .doc = "The same elements under other dims",
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_VIEW,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .read = read,
    .infer = infer,
};
