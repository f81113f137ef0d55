/* SPDX-License-Identifier: Apache-2.0 */
/* Integers that steer an operator. */
#include "opkit/index.h"

#include <inttypes.h>

#include "tensor/convert.h"

bool tenon__is_number(tenon_dtype dtype)
{
    switch (dtype) {
#define NUMBER(name, type) case name:
        TENON__NUMBER_MAP(NUMBER)
#undef NUMBER
        return true;
    default:
        return false;
    }
}

bool tenon__is_index(tenon_dtype dtype)
{
    return dtype == TENON_I32 || dtype == TENON_I64;
}

tenon_status tenon__check_index(const tenon__infer *c, uint32_t i, const char *what)
{
    tenon_dtype dtype = c->in[i]->dtype;
    if (dtype == TENON_NONE || tenon__is_index(dtype)) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "%s is %s; it must be int32 or int64", what,
                       tenon_dtype_text(dtype));
}

tenon_status tenon__check_same(const tenon__infer *c, uint32_t i, uint32_t j)
{
    tenon_dtype a = c->in[i]->dtype, b = c->in[j]->dtype;
    if (a == b || a == TENON_NONE || b == TENON_NONE) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE,
                       "inputs %u and %u are %s and %s; they must be of one type", i, j,
                       tenon_dtype_text(a), tenon_dtype_text(b));
}

tenon_status tenon__check_rank(const tenon__infer *c, uint32_t i, int rank, const char *what)
{
    int has = c->in[i]->rank;
    if (has == rank || has == TENON__RANK_UNKNOWN) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE, "%s has rank %d; it must have rank %d", what, has,
                       rank);
}

int tenon__view_ints(const tenon__view *v, int64_t *out, int max)
{
    if (!v) return -1;
    int64_t n = tenon__view_count(v);
    if (n > max) n = max;
    for (int64_t k = 0; k < n; k++)
        out[k] = tenon__get_i64(v->dtype, v->data, (size_t)k);
    return (int)n;
}

tenon_status tenon__index_error(tenon_error *err, int64_t index, int64_t extent)
{
    return tenon__fail(err, TENON_ESHAPE, "index %" PRId64 " is outside [%" PRId64 ", %" PRId64 ")",
                       index, -extent, extent);
}

tenon__around tenon__around_axis(const tenon__view *v, int axis)
{
    tenon__around a = {tenon__dims_product(v->dims, 0, axis), v->dims[axis],
                       tenon__dims_product(v->dims, axis + 1, v->rank)};
    return a;
}
