/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of a tensor as numbers, and numbers as elements. */
#include <math.h>
#include <string.h>

#include "cli.h"

bool cli_is_float(tenon_dtype dtype)
{
    return dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_F16 || dtype == TENON_BF16 ||
           (dtype >= TENON_F8E4M3FN && dtype <= TENON_F8E8M0) || dtype == TENON_F4E2M1;
}

bool cli_is_number(tenon_dtype dtype)
{
    return cli_is_float(dtype) || (dtype >= TENON_I8 && dtype <= TENON_BOOL) || dtype == TENON_U4 ||
           dtype == TENON_I4 || dtype == TENON_U2 || dtype == TENON_I2;
}

/* ---- small floats ---- */

/* A sign, `e` bits of exponent, `m` of mantissa; no infinities. */
static double widen(unsigned bits, int e, int m, int bias)
{
    int exponent = (int)(bits >> m & ((1u << e) - 1));
    unsigned mantissa = bits & ((1u << m) - 1);
    double x = exponent ? ldexp((double)(mantissa | 1u << m), exponent - bias - m)
                        : ldexp((double)mantissa, 1 - bias - m);
    return bits >> (e + m) & 1 ? -x : x;
}

/* The same where the largest exponent is for infinity and NaN, as IEEE has it. */
static double widen_ieee(unsigned bits, int e, int m, int bias)
{
    unsigned top = (1u << e) - 1;
    if ((bits >> m & top) != top) return widen(bits, e, m, bias);
    if (bits & ((1u << m) - 1)) return NAN;
    return bits >> (e + m) & 1 ? -INFINITY : INFINITY;
}

static double widen_float8(tenon_dtype dtype, unsigned bits)
{
    switch (dtype) {
    case TENON_F8E4M3FN:
        return (bits & 0x7f) == 0x7f ? NAN : widen(bits, 4, 3, 7);
    case TENON_F8E4M3FNUZ:
        return bits == 0x80 ? NAN : widen(bits, 4, 3, 8);
    case TENON_F8E5M2:
        return widen_ieee(bits, 5, 2, 15);
    case TENON_F8E5M2FNUZ:
        return bits == 0x80 ? NAN : widen(bits, 5, 2, 16);
    default:
        return bits == 0xff ? NAN : ldexp(1.0, (int)bits - 127); /* float8e8m0: no sign */
    }
}

/* To nearest, ties to even; beyond the largest: infinity. */
static unsigned narrow(double x, int e, int m, int bias)
{
    unsigned sign = (signbit(x) ? 1u : 0u) << (e + m), top = (1u << e) - 1;
    double v = fabs(x);
    if (isnan(x)) return sign | top << m | 1u << (m - 1);
    if (v == 0) return sign;
    int exponent = isinf(v) ? bias + 1 : ilogb(v);
    if (exponent > bias) return sign | top << m;
    if (exponent < 1 - bias) exponent = 1 - bias;
    /* With the hidden bit counted in, a carry runs into the exponent by itself. */
    unsigned mantissa = (unsigned)rint(ldexp(v, m - exponent));
    return sign | (((unsigned)(exponent + bias - 1) << m) + mantissa);
}

/* ---- reading ---- */

static double get_packed(const uint8_t *data, tenon_dtype dtype, int64_t index)
{
    unsigned width = tenon_dtype_bits(dtype), bit = (unsigned)(index % (8 / (int)width)) * width;
    unsigned bits = data[index / (8 / (int)width)] >> bit & ((1u << width) - 1);
    if (dtype == TENON_F4E2M1) return widen(bits, 2, 1, 1);
    if (dtype == TENON_I4 || dtype == TENON_I2)
        return bits >> (width - 1) ? (double)bits - (double)(1u << width) : (double)bits;
    return bits;
}

double cli_number_get(const tenon_tensor *t, int64_t index)
{
    tenon_dtype dtype = tenon_tensor_dtype(t);
    const uint8_t *data = tenon_tensor_data_const(t);
    size_t size = tenon_dtype_bits(dtype) / 8;
    float f;
    double x;
    uint64_t u = 0; /* the machine is little-endian: what is narrower fills it from below */
    if (!size) return get_packed(data, dtype, index);
    if (!cli_is_number(dtype)) return NAN;
    memcpy(&u, data + (size_t)index * size, size);
    switch (dtype) {
    case TENON_F32:
        return memcpy(&f, &u, 4), f;
    case TENON_F64:
        return memcpy(&x, &u, 8), x;
    case TENON_F16:
        return widen_ieee((unsigned)u, 5, 10, 15);
    case TENON_BF16:
        return widen_ieee((unsigned)u, 8, 7, 127);
    case TENON_I8:
        return (int8_t)u;
    case TENON_I16:
        return (int16_t)u;
    case TENON_I32:
        return (int32_t)u;
    case TENON_I64:
        return (double)(int64_t)u;
    case TENON_U8:
    case TENON_U16:
    case TENON_U32:
    case TENON_U64:
    case TENON_BOOL:
        return (double)u;
    default:
        return widen_float8(dtype, (unsigned)u);
    }
}

/* ---- writing ---- */

static bool put_integer(tenon_dtype dtype, double value, void *at)
{
    size_t size = tenon_dtype_bits(dtype) / 8;
    bool has_sign = dtype >= TENON_I8 && dtype <= TENON_I64;
    int bits = dtype == TENON_BOOL ? 1 : (int)size * 8 - has_sign;
    double low = has_sign ? -ldexp(1.0, bits) : 0, high = ldexp(1.0, bits), x = rint(value);
    uint64_t u;
    if (isnan(x)) x = 0;
    if (x < low) x = low;
    if (x >= high)
        u = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    else
        u = x < 0 ? (uint64_t)(int64_t)x : (uint64_t)x;
    memcpy(at, &u, size);
    return true;
}

bool cli_number_put(tenon_dtype dtype, double value, void *at)
{
    float f = (float)value;
    uint16_t half;
    switch (dtype) {
    case TENON_F32:
        memcpy(at, &f, 4);
        return true;
    case TENON_F64:
        memcpy(at, &value, 8);
        return true;
    case TENON_F16:
    case TENON_BF16:
        half = (uint16_t)(dtype == TENON_F16 ? narrow(value, 5, 10, 15) : narrow(value, 8, 7, 127));
        memcpy(at, &half, 2);
        return true;
    default:
        return dtype >= TENON_I8 && dtype <= TENON_BOOL && put_integer(dtype, value, at);
    }
}
