/* SPDX-License-Identifier: Apache-2.0 */
/* The order of elements, for TopK and Unique: numbers by value with NaN last and equal to itself,
 * strings by their bytes. */
#ifndef TENON_OPKIT_ORDER_H
#define TENON_OPKIT_ORDER_H

#include "graph/op.h"

/* Below, at or above zero as element i comes before, with or behind element j. */
typedef int (*tenon__order_fn)(const void *data, int64_t i, int64_t j);
/* NULL where the dtype has no order here (16-bit floats are widened first). */
tenon__order_fn tenon__order_find(tenon_dtype dtype);

#endif
