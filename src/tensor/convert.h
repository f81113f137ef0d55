/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers from one dtype to another, as ONNX Cast defines it. */
#ifndef TENON_TENSOR_CONVERT_H
#define TENON_TENSOR_CONVERT_H

#include "tensor/view.h"

float tenon__f16_to_f32(uint16_t h);
uint16_t tenon__f32_to_f16(float f); /* round to nearest even */
static inline float tenon__bf16_to_f32(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
uint16_t tenon__f32_to_bf16(float f);

/* float8 and float4: storage forms. `saturate` as in ONNX Cast. */
float tenon__f8_to_f32(tenon_dtype dtype, uint8_t v);
uint8_t tenon__f32_to_f8(tenon_dtype dtype, float f, bool saturate);
float tenon__f4_to_f32(uint8_t v); /* low 4 bits */
uint8_t tenon__f32_to_f4(float f);

/* Elements of 2- and 4-bit tensors, sign-extended for I4 and I2. */
int tenon__packed_get(tenon_dtype dtype, const uint8_t *data, size_t index);
void tenon__packed_set(tenon_dtype dtype, uint8_t *data, size_t index, int value);

/* Converts `count` elements starting at element `first` of both. Any pair of numeric dtypes and
 * bool, as ONNX Cast (f->int truncates toward zero; out of range wraps like a two's complement
 * narrowing of int64, never traps). Sub-byte starts must fall on whole bytes. TENON_EUNSUPPORTED
 * for strings and complex to real. */
tenon_status tenon__convert(tenon_dtype from, const void *src, tenon_dtype to, void *dst,
                            size_t first, size_t count, bool saturate, tenon_error *err);

/* One element as a number, for small tensors (axes, scalars). `index` in elements; any alignment of
 * data. */
double tenon__get_f64(tenon_dtype dtype, const void *data, size_t index);
int64_t tenon__get_i64(tenon_dtype dtype, const void *data, size_t index);

#endif
