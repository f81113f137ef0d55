/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of cosines. */
#include "opkit/taper.h"

#include <math.h>

#include "opkit/index.h"
#include "tensor/convert.h"

#define CHUNK 256

static const double pi = 3.14159265358979323846;

tenon_status tenon__taper_dtype(int64_t onnx, tenon_dtype *out, tenon_error *err)
{
    static const tenon_dtype numbers[] = {
        [1] = TENON_F32,  [2] = TENON_U8,   [3] = TENON_I8,   [4] = TENON_U16,
        [5] = TENON_I16,  [6] = TENON_I32,  [7] = TENON_I64,  [10] = TENON_F16,
        [11] = TENON_F64, [12] = TENON_U32, [13] = TENON_U64, [16] = TENON_BF16};
    *out = TENON_NONE;
    if (onnx > 0 && onnx < (int64_t)(sizeof numbers / sizeof *numbers)) *out = numbers[onnx];
    if (*out != TENON_NONE) return TENON_OK;
    return tenon__fail(err, TENON_EUNSUPPORTED, "output_datatype is %lld, no number of whole bytes",
                       (long long)onnx);
}

tenon_status tenon__taper_read(const tenon__node *node, tenon__taper_attrs *a, tenon_error *err)
{
    a->periodic = tenon__attr_int(node, "periodic", 1) != 0;
    return tenon__taper_dtype(tenon__attr_int(node, "output_datatype", 1), &a->dtype, err);
}

tenon_status tenon__taper_infer(tenon__infer *c)
{
    const tenon__taper_attrs *a = c->attrs;
    int64_t dims[1] = {TENON__DIM_UNKNOWN}, size;
    int count;
    tenon__infer_set(c, 0, a->dtype, 1, dims);
    tenon_status st = tenon__infer_ints(c, 0, &size, 1, &count);
    if (st) return st;
    if (count != 1 || size < 0)
        return tenon__fail(c->err, TENON_ESHAPE, "the size must be one number, not negative");
    tenon__infer_set(c, 0, a->dtype, 1, &size);
    return TENON_OK;
}

tenon_status tenon__taper_bind(tenon__bind *c)
{
    tenon__taper_params *p = c->params;
    p->size = c->out[0]->dims[0];
    c->tiles = tenon__tiles(p->size, 40, &p->per_tile);
    return TENON_OK;
}

tenon_status tenon__taper_run(const tenon__run *r)
{
    const tenon__taper_attrs *a = r->attrs;
    const tenon__taper_params *p = r->params;
    double values[CHUNK], n = (double)(a->periodic ? p->size : p->size - 1);
    size_t bytes = tenon_dtype_bits(a->dtype) / 8;
    int64_t i = (int64_t)r->tile * p->per_tile, end = i + p->per_tile;
    if (end > p->size) end = p->size;
    while (i < end) {
        int64_t count = end - i < CHUNK ? end - i : CHUNK;
        for (int64_t k = 0; k < count; k++) {
            double angle =
                n > 0 ? 2 * pi * (double)(i + k) / n : pi; /* a lone element is the middle */
            values[k] = a->c[0] - a->c[1] * cos(angle) + a->c[2] * cos(2 * angle);
        }
        tenon_status st = tenon__convert(TENON_F64, values, a->dtype,
                                         (uint8_t *)r->out[0]->data + (size_t)i * bytes, 0,
                                         (size_t)count, true, r->err);
        if (st) return st;
        i += count;
    }
    return TENON_OK;
}
