/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators on sequences and optionals share. Items are shared between values, never
 * changed: a sequence with one more item costs pointers, not data. */
#ifndef TENON_OPKIT_SEQUENCE_H
#define TENON_OPKIT_SEQUENCE_H

#include "graph/op.h"
#include "tensor/tensor.h"

/* More items than any model means, in one sequence. */
#define TENON__SEQUENCE_ITEMS (1 << 20)

/* TENON_ETYPE where input i is known to be something else than `kind`. Unknown values pass. */
tenon_status tenon__sequence_check(const tenon__infer *c, uint32_t i, tenon_value_kind kind);
/* Output 0 is a sequence or optional of what `item` is (NULL: unknown). */
void tenon__sequence_infer(tenon__infer *c, tenon_value_kind kind, const tenon__view *item);

/* The value behind an input that is a sequence, optional or map: borrowed. TENON_ETYPE where it is
 * none. */
tenon_status tenon__sequence_input(const tenon__run *r, uint32_t i, tenon_value_kind kind,
                                   const tenon_value **out);
/* Input i as an item to put into a value: new. A tensor is copied, unless it was an item already.
 */
tenon_status tenon__sequence_item(const tenon__run *r, uint32_t i, tenon_value **out);
tenon_status tenon__sequence_item_of(const tenon__run *r, const tenon__view *v, tenon_value **out);
/* A new sequence with the same items. */
tenon_status tenon__sequence_copy(const tenon__run *r, const tenon_value *from, tenon_value **out);
/* The index that input i gives into a sequence of `count`: -count to count - 1, or to count where
 * `end` counts. An absent input is `fallback`. */
tenon_status tenon__sequence_position(const tenon__run *r, uint32_t i, size_t count, bool end,
                                      size_t fallback, size_t *out);
/* Hands `value` over as output 0. */
tenon_status tenon__sequence_give(const tenon__run *r, tenon_value *value);

/* Copies a box of a dense tensor: `outer` runs of run_elems elements each, from src_stride to
 * dst_stride elements apart. Strings are copied by their (pointer, size). */
typedef struct tenon__runs {
    int64_t outer, run_elems, src_stride, dst_stride;
} tenon__runs;
void tenon__runs_copy(const tenon__runs *runs, size_t elem_bytes, const void *src, void *dst);

#endif
