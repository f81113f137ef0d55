/* SPDX-License-Identifier: Apache-2.0 */
/* ReverseSequence: the first sequence_lens[b] steps of each sequence backwards. ONNX
 * ReverseSequence-10.
 *
 * batch_axis (default 1) and time_axis (default 0) are 0 and 1 in some order. A length lies in
 * [0, steps]; what is behind it stays. Any dtype of whole bytes. */
#include "opkit/copy.h"
#include "opkit/index.h"

typedef struct attrs {
    bool batch_first;
} attrs;

typedef struct params {
    int64_t rows, columns, bytes, per_tile; /* dims 0 and 1; bytes of what follows */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    int64_t batch = tenon__attr_int(node, "batch_axis", 1),
            time = tenon__attr_int(node, "time_axis", 0);
    (void)graph;
    ((attrs *)out)->batch_first = batch == 0;
    if ((batch == 0 && time == 1) || (batch == 1 && time == 0)) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT,
                       "batch_axis is %lld and time_axis %lld; they must be 0 and 1",
                       (long long)batch, (long long)time);
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0], *lens = c->in[1];
    size_t elem;
    tenon__infer_like(c, 0, 0);
    tenon_status st =
        in->dtype ? tenon__elem_bytes(in->dtype, "ReverseSequence", &elem, c->err) : TENON_OK;
    if (st == TENON_OK) st = tenon__check_index(c, 1, "sequence_lens");
    if (st == TENON_OK) st = tenon__check_rank(c, 1, 1, "sequence_lens");
    if (st || tenon__infer_rank_unknown(c, 2)) return st;
    if (in->rank < 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; it must have 2", in->rank);
    int64_t batch = in->dims[((const attrs *)c->attrs)->batch_first ? 0 : 1];
    if (!tenon__dim_agrees(lens->dims[0], batch))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "sequence_lens has %lld numbers for a batch of %lld",
                           (long long)lens->dims[0], (long long)batch);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__view *in = c->in[0];
    params *p = c->params;
    p->rows = in->dims[0];
    p->columns = in->dims[1];
    p->bytes = tenon__dims_product(in->dims, 2, in->rank) * (tenon_dtype_bits(in->dtype) / 8);
    c->tiles = p->bytes
                   ? tenon__tiles(p->rows * p->columns, 4 + 0.06 * (double)p->bytes, &p->per_tile)
                   : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    bool batch_first = ((const attrs *)r->attrs)->batch_first;
    const params *p = r->params;
    int64_t steps = batch_first ? p->columns : p->rows;
    int64_t k = (int64_t)r->tile * p->per_tile, end = k + p->per_tile;
    for (; k < end && k < p->rows * p->columns; k++) {
        int64_t row = k / p->columns, column = k % p->columns;
        int64_t length = tenon__index_at(r->in[1], batch_first ? row : column);
        int64_t step = batch_first ? column : row, from = k;
        if (length < 0 || length > steps)
            return tenon__fail(r->err, TENON_ESHAPE,
                               "a sequence length is %lld; there are %lld steps", (long long)length,
                               (long long)steps);
        if (step < length) {
            step = length - 1 - step;
            from = batch_first ? row * p->columns + step : step * p->columns + column;
        }
        memcpy((uint8_t *)r->out[0]->data + k * p->bytes,
               (const uint8_t *)r->in[0]->data + from * p->bytes, (size_t)p->bytes);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "ReverseSequence", 10, 0, NULL}, {0}};

const tenon__op tenon__op_reverse_sequence = {
    .name = "ReverseSequence",
    .doc = "The steps of each sequence backwards",
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
