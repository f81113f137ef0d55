/* SPDX-License-Identifier: Apache-2.0 */
/* The order of elements. */
#include "opkit/order.h"

#include "opkit/index.h"

#define FLOAT_ORDER(type)                                                                          \
    static int order_##type(const void *data, int64_t i, int64_t j)                                \
    {                                                                                              \
        type a = ((const type *)data)[i], b = ((const type *)data)[j];                             \
        if (a < b) return -1;                                                                      \
        if (a > b) return 1;                                                                       \
        return (a != a) - (b != b);                                                                \
    }
#define INTEGER_ORDER(name, type)                                                                  \
    static int order_##type(const void *data, int64_t i, int64_t j)                                \
    {                                                                                              \
        type a = ((const type *)data)[i], b = ((const type *)data)[j];                             \
        return (a > b) - (a < b);                                                                  \
    }
FLOAT_ORDER(float)
FLOAT_ORDER(double)
TENON__INTEGER_MAP(INTEGER_ORDER)

static int order_string(const void *data, int64_t i, int64_t j)
{
    tenon_string a = ((const tenon_string *)data)[i], b = ((const tenon_string *)data)[j];
    size_t n = a.size_bytes < b.size_bytes ? a.size_bytes : b.size_bytes;
    int d = n ? memcmp(a.data, b.data, n) : 0;
    return d ? d : (a.size_bytes > b.size_bytes) - (a.size_bytes < b.size_bytes);
}

tenon__order_fn tenon__order_find(tenon_dtype dtype)
{
    switch (dtype) {
#define FIND(name, type)                                                                           \
    case name:                                                                                     \
        return order_##type;
        TENON__NUMBER_MAP(FIND)
#undef FIND
    case TENON_BOOL:
        return order_uint8_t;
    case TENON_STRING:
        return order_string;
    default:
        return NULL;
    }
}
