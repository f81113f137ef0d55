/* SPDX-License-Identifier: Apache-2.0 */
/* TypeProto. */
#include <inttypes.h>

#include "formats/onnx/tensor.h"
#include "tensor/onnx_type.h"

/* Types within types. */
#define MAX_DEPTH 16

enum { TENSOR = 1, SEQUENCE = 4, MAP = 5, OPAQUE = 7, SPARSE = 8, OPTIONAL = 9 };

static tenon_status read_dim(tenon__pb m, tenon__onnx_symbol_fn symbol, void *ctx, int64_t *out,
                             tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    *out = TENON__DIM_UNKNOWN;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number == 1) {
            status = tenon__pb_want(&f, TENON__PB_VARINT, err);
            *out = f.value <= INT64_MAX ? (int64_t)f.value : TENON__DIM_UNKNOWN;
        } else if (f.number == 2) {
            status = tenon__pb_want(&f, TENON__PB_BYTES, err);
            tenon__str name = tenon__pb_str(&f);
            /* Exporters write "?" for dims that have nothing to do with each other. */
            *out = TENON__DIM_UNKNOWN;
            if (status == TENON_OK && symbol && name.size && !tenon__str_is(name, "?"))
                status = symbol(ctx, name, out, err);
        }
        if (status) return status;
    }
    return status;
}

static tenon_status read_shape(tenon__pb m, tenon__onnx_symbol_fn symbol, void *ctx,
                               tenon__view *out, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    out->rank = 0;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != 1) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status == TENON_OK && out->rank == TENON_MAX_RANK)
            status = tenon__fail(err, TENON_ELIMIT, "more than %d dimensions", TENON_MAX_RANK);
        if (status == TENON_OK)
            status = read_dim(f.part, symbol, ctx, &out->dims[out->rank++], err);
        if (status) return status;
    }
    return status;
}

static tenon_status read_tensor(tenon__pb m, tenon__onnx_symbol_fn symbol, void *ctx,
                                tenon__view *out, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number == 1) {
            status = tenon__pb_want(&f, TENON__PB_VARINT, err);
            out->dtype = tenon__dtype_of_onnx((int64_t)f.value);
            if (status == TENON_OK && f.value && out->dtype == TENON_NONE)
                status = tenon__fail(err, TENON_EUNSUPPORTED,
                                     "element type %" PRId64 " is not known", (int64_t)f.value);
        } else if (f.number == 2) {
            status = tenon__pb_want(&f, TENON__PB_BYTES, err);
            if (status == TENON_OK) status = read_shape(f.part, symbol, ctx, out, err);
        }
        if (status) return status;
    }
    return status;
}

/* The type inside a Sequence or Optional (field 1) or a Map (field 2). */
static tenon_status inner_type(tenon__pb m, uint32_t number, tenon__pb *out, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    *out = (tenon__pb){m.base, m.end, m.end, m.watch};
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != number) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        *out = f.part;
    }
    return status;
}

/* One level: the tensor, or in *inner the type within. */
static tenon_status read_level(tenon__pb m, tenon__onnx_symbol_fn symbol, void *ctx,
                               tenon_value_kind *kind, tenon__pb *inner, tenon__view *out,
                               tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    *kind = TENON_VALUE_TENSOR;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number == OPAQUE || f.number == SPARSE)
            return tenon__fail(err, TENON_EUNSUPPORTED, "values of %s type are not supported",
                               f.number == OPAQUE ? "opaque" : "sparse tensor");
        if (f.number != TENSOR && f.number != SEQUENCE && f.number != MAP && f.number != OPTIONAL)
            continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        *kind = f.number == SEQUENCE   ? TENON_VALUE_SEQUENCE
                : f.number == MAP      ? TENON_VALUE_MAP
                : f.number == OPTIONAL ? TENON_VALUE_OPTIONAL
                                       : TENON_VALUE_TENSOR;
        if (f.number == TENSOR)
            status = read_tensor(f.part, symbol, ctx, out, err);
        else
            status = inner_type(f.part, f.number == MAP ? 2 : 1, inner, err);
        if (status) return status;
    }
    return status;
}

tenon_status tenon__onnx_type_read(tenon__pb m, tenon__onnx_symbol_fn symbol, void *ctx,
                                   tenon__view *out, tenon_error *err)
{
    *out = (tenon__view){.rank = TENON__RANK_UNKNOWN};
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
        tenon_value_kind kind;
        tenon__pb inner = m;
        tenon_status status = read_level(m, symbol, ctx, &kind, &inner, out, err);
        if (status) return status;
        if (depth == 0) out->kind = (uint8_t)kind;
        if (kind == TENON_VALUE_TENSOR) return TENON_OK;
        m = inner;
    }
    return tenon__fail(err, TENON_ELIMIT, "types lie more than %d deep in each other", MAX_DEPTH);
}
