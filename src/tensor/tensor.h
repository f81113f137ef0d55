/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_tensor and tenon_value from the inside. */
#ifndef TENON_TENSOR_TENSOR_H
#define TENON_TENSOR_TENSOR_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "tensor/view.h"

/* How deep sequences, optionals and maps may lie in each other. */
#define TENON__VALUE_DEPTH 32

struct tenon_tensor {
    tenon__view view; /* dims known, kind tensor, data set (NULL without elements) */
    const tenon_allocator *allocator;
    size_t size_bytes;    /* of the storage, padding not counted */
    bool owned;           /* the storage is ours */
    tenon__arena strings; /* bytes of a string tensor that we own */
    size_t dead_bytes;    /* of `strings`: those of replaced elements */
};

typedef struct tenon__value_key {
    int64_t number;
    tenon_string text;
} tenon__value_key;

/* Immutable once it lies in another value, hence shared by count: operators on sequences copy
 * pointers only. */
struct tenon_value {
    const tenon_allocator *allocator;
    atomic_uint refs;
    tenon_value_kind kind;
    tenon_dtype key_dtype; /* of a map */
    /* What an empty sequence or optional would hold: dtype of the tensors, TENON_NONE where not
     * known. */
    tenon_dtype dtype;
    int depth; /* 0: a tensor, or empty */
    tenon_tensor *tensor;
    TENON__VEC(tenon_value *) items;
    TENON__VEC(tenon__value_key) keys; /* of a map, beside items */
    tenon__arena strings;              /* keys */
    tenon__map index;                  /* of keys */
};

/* Of runtime/env.c. */
const tenon_allocator *tenon__env_allocator(const tenon_env *env);

/* As tenon_tensor_create and _wrap, without an env. A NULL `data` is fine where there are no
 * elements. */
tenon_status tenon__tensor_create(const tenon_allocator *a, tenon_dtype dtype, int rank,
                                  const int64_t *dims, tenon_tensor **out, tenon_error *err);
tenon_status tenon__tensor_wrap(const tenon_allocator *a, tenon_dtype dtype, int rank,
                                const int64_t *dims, void *data, size_t size_bytes,
                                tenon_tensor **out, tenon_error *err);
/* A new tensor with a copy of a dense view's elements, strings included. */
tenon_status tenon__tensor_of_view(const tenon_allocator *a, const tenon__view *view,
                                   tenon_tensor **out, tenon_error *err);

/* A new value of any kind with nothing in it; a tensor's `tensor` is transferred on success. */
tenon_status tenon__value_create(const tenon_allocator *a, tenon_value_kind kind,
                                 tenon_tensor *tensor, tenon_value **out, tenon_error *err);
/* One more reference: give it back with tenon_value_destroy. Any thread. */
tenon_value *tenon__value_ref(const tenon_value *value);
/* Puts `item` at `index` (<= count) of a sequence, or into an empty optional. Transferred on
 * success. */
tenon_status tenon__value_insert(tenon_value *value, size_t index, tenon_value *item,
                                 tenon_error *err);
/* A view of what the value holds: kind, and for a tensor its data. */
tenon__view tenon__value_view(const tenon_value *value);

#endif
