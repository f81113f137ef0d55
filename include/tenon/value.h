/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_value: what a model takes and gives: a tensor, a sequence, an optional or a map. */
#ifndef TENON_VALUE_H
#define TENON_VALUE_H

#include <tenon/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tenon_value_kind {
    TENON_VALUE_TENSOR = 0,
    TENON_VALUE_SEQUENCE = 1, /* of values of one type */
    TENON_VALUE_OPTIONAL = 2, /* empty, or one value */
    TENON_VALUE_MAP = 3       /* from int64 or string keys to values */
} tenon_value_kind;

typedef struct tenon_value tenon_value;

/* All creators: new, destroy with tenon_value_destroy. A value that is put into another is
 * transferred on success and still the caller's on failure. */
TENON_API TENON_CHECK tenon_status tenon_value_create_tensor(tenon_env *env,
                                                             tenon_tensor *tensor, /* transferred */
                                                             tenon_value **out, tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_value_create_sequence(tenon_env *env, tenon_value **out,
                                                               tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_value_create_optional(tenon_env *env,
                                                               tenon_value *item, /* NULL: empty */
                                                               tenon_value **out, tenon_error *err);
/* key_dtype: TENON_I64 or TENON_STRING. */
TENON_API TENON_CHECK tenon_status tenon_value_create_map(tenon_env *env, tenon_dtype key_dtype,
                                                          tenon_value **out, tenon_error *err);
TENON_API void tenon_value_destroy(tenon_value *value); /* NULL is fine; frees what is inside */

TENON_API tenon_value_kind tenon_value_kind_get(const tenon_value *value);
/* Items of a sequence or map, 0 or 1 of an optional, 1 for a tensor. */
TENON_API size_t tenon_value_count(const tenon_value *value);
/* Borrowed: the item at `index` (a map: in order of insertion), or NULL out of range or for a
 * tensor. */
TENON_API const tenon_value *tenon_value_item(const tenon_value *value, size_t index);
TENON_API const tenon_tensor *
tenon_value_tensor(const tenon_value *value); /* borrowed; NULL if no tensor */
TENON_API TENON_CHECK tenon_status tenon_value_append(tenon_value *sequence, tenon_value *item,
                                                      tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_value_put_i64(tenon_value *map, int64_t key,
                                                       tenon_value *item, tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_value_put_string(tenon_value *map, tenon_string key,
                                                          tenon_value *item, tenon_error *err);
TENON_API int64_t tenon_value_key_i64(const tenon_value *map, size_t index);
TENON_API tenon_string tenon_value_key_string(const tenon_value *map, size_t index); /* borrowed */

/* ONNX messages, as the backend tests store them: TensorProto, SequenceProto, OptionalProto,
 * MapProto by `kind`. parse: new value from bytes that stay the caller's; TENON_EFORMAT says the
 * offset. print: new bytes, free them with tenon_bytes_free. */
TENON_API TENON_CHECK tenon_status tenon_value_parse_onnx(tenon_env *env, tenon_value_kind kind,
                                                          const void *data, size_t size_bytes,
                                                          tenon_value **out, tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_value_print_onnx(tenon_env *env, const tenon_value *value,
                                                          const char *name, void **data,
                                                          size_t *size_bytes, tenon_error *err);
TENON_API void tenon_bytes_free(tenon_env *env, void *data);

#ifdef __cplusplus
}
#endif
#endif
