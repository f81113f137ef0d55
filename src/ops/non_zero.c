/* SPDX-License-Identifier: Apache-2.0 */
/* NonZero: the places of elements other than zero, [rank, count] int64, in row-major order. ONNX
 * NonZero-9, 13.
 *
 * -0 is zero, NaN is not. A scalar gives [0, count], unlike numpy's old one. Numbers and bool. */
#include "opkit/index.h"

typedef struct params {
    int64_t count;
} params;

#define TEST(name, type, mask)                                                                     \
    static bool name(const uint8_t *p)                                                             \
    {                                                                                              \
        type v;                                                                                    \
        memcpy(&v, p, sizeof v);                                                                   \
        return (v & (type)(mask)) != 0;                                                            \
    }
TEST(any1, uint8_t, UINT8_MAX)
TEST(any2, uint16_t, UINT16_MAX)
TEST(any4, uint32_t, UINT32_MAX)
TEST(any8, uint64_t, UINT64_MAX)
/* All bits but the sign. */
TEST(float2, uint16_t, INT16_MAX)
TEST(float4, uint32_t, INT32_MAX)
TEST(float8, uint64_t, INT64_MAX)

typedef bool (*test_fn)(const uint8_t *p);

static test_fn test_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F16:
    case TENON_BF16:
        return float2;
    case TENON_F32:
        return float4;
    case TENON_F64:
        return float8;
    case TENON_BOOL:
    case TENON_I8:
    case TENON_U8:
        return any1;
    case TENON_I16:
    case TENON_U16:
        return any2;
    case TENON_I32:
    case TENON_U32:
        return any4;
    case TENON_I64:
    case TENON_U64:
        return any8;
    default:
        return NULL;
    }
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *in = c->in[0];
    int64_t dims[2] = {in->rank, TENON__DIM_UNKNOWN};
    tenon__infer_set(c, 0, TENON_I64, 2, dims);
    if (in->dtype == TENON_NONE) return TENON_OK;
    test_fn test = test_of(in->dtype);
    if (!test)
        return tenon__fail(c->err, TENON_EUNSUPPORTED,
                           "the input is %s; it must be a number or bool",
                           tenon_dtype_text(in->dtype));
    const uint8_t *data = tenon__infer_data(c, 0);
    if (!data) return TENON_EAGAIN;
    int64_t n = tenon__view_count(in), bytes = tenon_dtype_bits(in->dtype) / 8;
    dims[1] = 0;
    for (int64_t i = 0; i < n; i++)
        dims[1] += test(data + i * bytes);
    tenon__infer_set(c, 0, TENON_I64, 2, dims);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    p->count = c->out[0]->dims[1];
    c->tiles = p->count && c->in[0]->rank ? 1 : 0;
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const tenon__view *in = r->in[0];
    const uint8_t *data = in->data;
    int64_t *out = r->out[0]->data, at[TENON_MAX_RANK] = {0}, found = 0;
    int64_t bytes = tenon_dtype_bits(in->dtype) / 8;
    test_fn test = test_of(in->dtype);
    int64_t n = tenon__view_count(in);
    for (int64_t i = 0; i < n && found < p->count; i++) {
        if (test(data + i * bytes)) {
            for (int d = 0; d < in->rank; d++)
                out[d * p->count + found] = at[d];
            found++;
        }
        for (int d = in->rank - 1; d >= 0 && ++at[d] == in->dims[d]; d--)
            at[d] = 0;
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "NonZero", 9, 0, NULL}, {0}};

const tenon__op tenon__op_non_zero = {
    .name = "NonZero",
    .doc = "The places of elements other than zero",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .params_bytes = sizeof(params),
    .infer = infer,
    .bind = bind,
    .run = run,
};
