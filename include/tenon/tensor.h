/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_tensor: typed n-d data, dense and row-major. */
#ifndef TENON_TENSOR_H
#define TENON_TENSOR_H

#include <stdbool.h>

#include <tenon/env.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_MAX_RANK 16
/* Memory that tenon allocates may be read this far past its end, and is aligned to as much. */
#define TENON_TENSOR_PAD_BYTES 64

/* X(name, value, text, bits). Sub-byte types are packed, low bits first, each tensor padded to
 * whole bytes. The values are pinned. A string element is a tenon_string. */
#define TENON_DTYPE_MAP(X)                                                                         \
    X(NONE, 0, "none", 0)                                                                          \
    X(F32, 1, "float32", 32)                                                                       \
    X(F64, 2, "float64", 64)                                                                       \
    X(F16, 3, "float16", 16)                                                                       \
    X(BF16, 4, "bfloat16", 16)                                                                     \
    X(I8, 5, "int8", 8)                                                                            \
    X(I16, 6, "int16", 16)                                                                         \
    X(I32, 7, "int32", 32)                                                                         \
    X(I64, 8, "int64", 64)                                                                         \
    X(U8, 9, "uint8", 8)                                                                           \
    X(U16, 10, "uint16", 16)                                                                       \
    X(U32, 11, "uint32", 32)                                                                       \
    X(U64, 12, "uint64", 64)                                                                       \
    X(BOOL, 13, "bool", 8)                                                                         \
    X(STRING, 14, "string", 128)                                                                   \
    X(C64, 15, "complex64", 64)                                                                    \
    X(C128, 16, "complex128", 128)                                                                 \
    X(F8E4M3FN, 17, "float8e4m3fn", 8)                                                             \
    X(F8E4M3FNUZ, 18, "float8e4m3fnuz", 8)                                                         \
    X(F8E5M2, 19, "float8e5m2", 8)                                                                 \
    X(F8E5M2FNUZ, 20, "float8e5m2fnuz", 8)                                                         \
    X(F8E8M0, 21, "float8e8m0", 8)                                                                 \
    X(U4, 22, "uint4", 4)                                                                          \
    X(I4, 23, "int4", 4)                                                                           \
    X(F4E2M1, 24, "float4e2m1", 4)                                                                 \
    X(U2, 25, "uint2", 2)                                                                          \
    X(I2, 26, "int2", 2)

typedef enum tenon_dtype {
#define TENON_X(name, value, text, bits) TENON_##name = value,
    TENON_DTYPE_MAP(TENON_X)
#undef TENON_X
        TENON_DTYPE_COUNT = 27
} tenon_dtype;

/* A string element: UTF-8 by convention, any bytes by contract, not terminated. */
typedef struct tenon_string {
    const char *data;
    size_t size_bytes;
} tenon_string;

typedef struct tenon_tensor tenon_tensor;

TENON_API const char *tenon_dtype_text(tenon_dtype dtype); /* "float32"; "none" if unknown */
TENON_API unsigned tenon_dtype_bits(tenon_dtype dtype);
/* The dtype of a name as numpy or ONNX spells it ("float32", "f32", "FLOAT16"); TENON_NONE if
 * unknown. */
TENON_API tenon_dtype tenon_dtype_find(const char *text);

/* A new tensor of zeros (strings: empty). `rank` 0 is a scalar. Destroy with tenon_tensor_destroy,
 * before the env. TENON_EINVAL for a bad dtype, rank or negative dim, TENON_ELIMIT where the size
 * overflows. */
TENON_API TENON_CHECK tenon_status tenon_tensor_create(tenon_env *env, tenon_dtype dtype, int rank,
                                                       const int64_t *dims, tenon_tensor **out,
                                                       tenon_error *err);
/* A tensor over the caller's memory, borrowed until tenon_tensor_destroy. `size_bytes` must cover
 * the shape; `data` must be aligned for the dtype. tenon never reads past size_bytes. */
TENON_API TENON_CHECK tenon_status tenon_tensor_wrap(tenon_env *env, tenon_dtype dtype, int rank,
                                                     const int64_t *dims, void *data,
                                                     size_t size_bytes, tenon_tensor **out,
                                                     tenon_error *err);
TENON_API void tenon_tensor_destroy(tenon_tensor *tensor); /* NULL is fine */

TENON_API tenon_dtype tenon_tensor_dtype(const tenon_tensor *tensor);
TENON_API int tenon_tensor_rank(const tenon_tensor *tensor);
/* Borrowed, `rank` numbers, until the tensor changes or goes. */
TENON_API const int64_t *tenon_tensor_dims(const tenon_tensor *tensor);
TENON_API int64_t tenon_tensor_count(const tenon_tensor *tensor);     /* elements */
TENON_API size_t tenon_tensor_size_bytes(const tenon_tensor *tensor); /* of its storage */
TENON_API void *tenon_tensor_data(tenon_tensor *tensor);              /* borrowed */
TENON_API const void *tenon_tensor_data_const(const tenon_tensor *tensor);
/* Copies `text` into memory that the tensor owns and makes it element `index` of a string tensor
 * made by tenon_tensor_create. */
TENON_API TENON_CHECK tenon_status tenon_tensor_set_string(tenon_tensor *tensor, int64_t index,
                                                           const char *text, size_t size_bytes,
                                                           tenon_error *err);

#ifdef __cplusplus
}
#endif
#endif
