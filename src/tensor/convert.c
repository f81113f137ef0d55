/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers between dtypes. A block is widened to one of four wide types, which hold every value of
 * the narrow ones, brought to the wide type of the target, and narrowed: readers plus writers
 * instead of readers times writers. Data may have any alignment. */
#include "tensor/convert.h"

#define BLOCK 256 /* elements; a multiple of 4, so that packed blocks start on whole bytes */

typedef enum wide_type { WIDE_NONE, WIDE_F32, WIDE_F64, WIDE_I64, WIDE_U64 } wide_type;

typedef union wide {
    float f32[BLOCK];
    double f64[BLOCK];
    int64_t i64[BLOCK];
    uint64_t u64[BLOCK];
} wide;

static wide_type wide_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F32:
    case TENON_F16:
    case TENON_BF16:
    case TENON_F8E4M3FN:
    case TENON_F8E4M3FNUZ:
    case TENON_F8E5M2:
    case TENON_F8E5M2FNUZ:
    case TENON_F8E8M0:
    case TENON_F4E2M1:
        return WIDE_F32;
    case TENON_F64:
        return WIDE_F64;
    case TENON_U64:
        return WIDE_U64;
    case TENON_BOOL:
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64:
    case TENON_U8:
    case TENON_U16:
    case TENON_U32:
    case TENON_U4:
    case TENON_I4:
    case TENON_U2:
    case TENON_I2:
        return WIDE_I64;
    default:
        return WIDE_NONE;
    }
}

int tenon__packed_get(tenon_dtype dtype, const uint8_t *data, size_t index)
{
    unsigned bits = tenon_dtype_bits(dtype), per_byte = 8 / bits;
    int v = data[index / per_byte] >> index % per_byte * bits & ((1 << bits) - 1);
    bool is_signed = dtype == TENON_I4 || dtype == TENON_I2;
    return is_signed && v >> (bits - 1) ? v - (1 << bits) : v;
}

void tenon__packed_set(tenon_dtype dtype, uint8_t *data, size_t index, int value)
{
    unsigned bits = tenon_dtype_bits(dtype), per_byte = 8 / bits;
    unsigned shift = (unsigned)(index % per_byte) * bits, mask = (1u << bits) - 1;
    uint8_t *byte = &data[index / per_byte];
    *byte = (uint8_t)((*byte & ~(mask << shift)) | ((unsigned)value & mask) << shift);
}

#define LOAD(type, field, expr)                                                                    \
    for (size_t i = 0; i < n; i++) {                                                               \
        type v;                                                                                    \
        memcpy(&v, src + i * sizeof v, sizeof v);                                                  \
        w->field[i] = expr;                                                                        \
    }

/* n elements from the start of src. */
static void load(tenon_dtype dtype, const uint8_t *src, size_t n, wide *w)
{
    switch (dtype) {
    case TENON_F32:
        memcpy(w->f32, src, n * sizeof(float));
        break;
    case TENON_F64:
        memcpy(w->f64, src, n * sizeof(double));
        break;
    case TENON_I64:
        memcpy(w->i64, src, n * sizeof(int64_t));
        break;
    case TENON_U64:
        memcpy(w->u64, src, n * sizeof(uint64_t));
        break;
    case TENON_F16:
        LOAD(uint16_t, f32, tenon__f16_to_f32(v));
        break;
    case TENON_BF16:
        LOAD(uint16_t, f32, tenon__bf16_to_f32(v));
        break;
    case TENON_BOOL:
        LOAD(uint8_t, i64, v != 0);
        break;
    case TENON_I8:
        LOAD(int8_t, i64, (int64_t)v);
        break;
    case TENON_I16:
        LOAD(int16_t, i64, v);
        break;
    case TENON_I32:
        LOAD(int32_t, i64, v);
        break;
    case TENON_U8:
        LOAD(uint8_t, i64, v);
        break;
    case TENON_U16:
        LOAD(uint16_t, i64, v);
        break;
    case TENON_U32:
        LOAD(uint32_t, i64, v);
        break;
    case TENON_U4:
    case TENON_I4:
    case TENON_U2:
    case TENON_I2:
        for (size_t i = 0; i < n; i++)
            w->i64[i] = tenon__packed_get(dtype, src, i);
        break;
    case TENON_F4E2M1:
        for (size_t i = 0; i < n; i++)
            w->f32[i] = tenon__f4_to_f32((uint8_t)tenon__packed_get(dtype, src, i));
        break;
    default:
        LOAD(uint8_t, f32, tenon__f8_to_f32(dtype, v));
        break;
    }
}

#define STORE(type, expr)                                                                          \
    for (size_t i = 0; i < n; i++) {                                                               \
        type v = (type)(expr);                                                                     \
        memcpy(dst + i * sizeof v, &v, sizeof v);                                                  \
    }

/* n elements, wide as wide_of(dtype), to the start of dst. */
static void store(tenon_dtype dtype, const wide *w, size_t n, bool saturate, uint8_t *dst)
{
    switch (dtype) {
    case TENON_F32:
        memcpy(dst, w->f32, n * sizeof(float));
        break;
    case TENON_F64:
        memcpy(dst, w->f64, n * sizeof(double));
        break;
    case TENON_I64:
        memcpy(dst, w->i64, n * sizeof(int64_t));
        break;
    case TENON_U64:
        memcpy(dst, w->u64, n * sizeof(uint64_t));
        break;
    case TENON_F16:
        STORE(uint16_t, tenon__f32_to_f16(w->f32[i]));
        break;
    case TENON_BF16:
        STORE(uint16_t, tenon__f32_to_bf16(w->f32[i]));
        break;
    case TENON_BOOL:
    case TENON_I8:
    case TENON_U8:
        STORE(uint8_t, w->i64[i]);
        break;
    case TENON_I16:
    case TENON_U16:
        STORE(uint16_t, w->i64[i]);
        break;
    case TENON_I32:
    case TENON_U32:
        STORE(uint32_t, w->i64[i]);
        break;
    case TENON_U4:
    case TENON_I4:
    case TENON_U2:
    case TENON_I2:
        memset(dst, 0,
               (n * tenon_dtype_bits(dtype) + 7) / 8); /* the padding behind the last, too */
        for (size_t i = 0; i < n; i++)
            tenon__packed_set(dtype, dst, i, (int)(w->i64[i] & 15));
        break;
    case TENON_F4E2M1:
        memset(dst, 0, (n * tenon_dtype_bits(dtype) + 7) / 8);
        for (size_t i = 0; i < n; i++)
            tenon__packed_set(dtype, dst, i, tenon__f32_to_f4(w->f32[i]));
        break;
    default:
        STORE(uint8_t, tenon__f32_to_f8(dtype, w->f32[i], saturate));
        break;
    }
}

static int64_t f64_to_i64(double d)
{
    if (d >= -9223372036854775808.0 && d < 9223372036854775808.0) return (int64_t)d;
    if (d > 0 && d < 18446744073709551616.0) return (int64_t)(uint64_t)d;
    return INT64_MIN; /* NaN and what no 64 bits hold */
}

/* The nearest float toward zero with its lowest bit set where d lies between two floats: rounding
 * that to 22 bits or fewer gives what rounding d itself gives. */
static float f64_to_odd(double d)
{
    float f = (float)d;
    uint32_t u;
    if ((double)f == d || d != d) return f;
    memcpy(&u, &f, sizeof u);
    if ((d < 0 ? -(double)f : (double)f) > (d < 0 ? -d : d)) u--;
    u |= 1;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* The same for integers. */
static float u64_to_odd(uint64_t u)
{
    /* 42 bits or more remain above the 11 that go, and a double holds them exactly. */
    if (u >> 53) u = (u >> 11 << 11) | (uint64_t)((u & 0x7ff) != 0) << 11;
    return f64_to_odd((double)u);
}

static float i64_to_odd(int64_t i)
{
    return i < 0 ? -u64_to_odd(0 - (uint64_t)i) : u64_to_odd((uint64_t)i);
}

#define EACH(field, expr)                                                                          \
    for (size_t i = 0; i < n; i++)                                                                 \
    out->field[i] = (expr)

/* `narrow`: the floats will be rounded once more. */
static void to_f32(wide_type from, const wide *in, size_t n, bool narrow, wide *out)
{
    switch (from) {
    case WIDE_F64:
        EACH(f32, narrow ? f64_to_odd(in->f64[i]) : (float)in->f64[i]);
        break;
    case WIDE_I64:
        EACH(f32, narrow ? i64_to_odd(in->i64[i]) : (float)in->i64[i]);
        break;
    case WIDE_U64:
        EACH(f32, narrow ? u64_to_odd(in->u64[i]) : (float)in->u64[i]);
        break;
    default:
        break;
    }
}

static void to_f64(wide_type from, const wide *in, size_t n, wide *out)
{
    switch (from) {
    case WIDE_F32:
        EACH(f64, (double)in->f32[i]);
        break;
    case WIDE_I64:
        EACH(f64, (double)in->i64[i]);
        break;
    case WIDE_U64:
        EACH(f64, (double)in->u64[i]);
        break;
    default:
        break;
    }
}

static void to_i64(wide_type from, const wide *in, size_t n, wide *out)
{
    switch (from) {
    case WIDE_F32:
        EACH(i64, f64_to_i64((double)in->f32[i]));
        break;
    case WIDE_F64:
        EACH(i64, f64_to_i64(in->f64[i]));
        break;
    case WIDE_I64:
        EACH(i64, in->i64[i]);
        break;
    case WIDE_U64:
        EACH(i64, (int64_t)in->u64[i]);
        break;
    default:
        break;
    }
}

static void to_bool(wide_type from, const wide *in, size_t n, wide *out)
{
    switch (from) {
    case WIDE_F32:
        EACH(i64, in->f32[i] != 0);
        break;
    case WIDE_F64:
        EACH(i64, in->f64[i] != 0);
        break;
    case WIDE_I64:
        EACH(i64, in->i64[i] != 0);
        break;
    case WIDE_U64:
        EACH(i64, in->u64[i] != 0);
        break;
    default:
        break;
    }
}

static void convert_blocks(tenon_dtype from, const uint8_t *src, tenon_dtype to, uint8_t *dst,
                           size_t count, bool saturate)
{
    wide_type have = wide_of(from), want = wide_of(to);
    size_t src_block = (size_t)BLOCK * tenon_dtype_bits(from) / 8;
    size_t dst_block = (size_t)BLOCK * tenon_dtype_bits(to) / 8;
    wide a = {{0}}, b = {{0}};
    for (size_t done = 0; done < count; done += BLOCK, src += src_block, dst += dst_block) {
        size_t n = count - done < BLOCK ? count - done : BLOCK;
        const wide *in = &b;
        load(from, src, n, &a);
        if (to == TENON_BOOL)
            to_bool(have, &a, n, &b);
        else if (have == want)
            in = &a;
        else if (want == WIDE_F32)
            to_f32(have, &a, n, to != TENON_F32, &b);
        else if (want == WIDE_F64)
            to_f64(have, &a, n, &b);
        else
            to_i64(have, &a, n, &b); /* u64 has the same bits */
        store(to, in, n, saturate, dst);
    }
}

tenon_status tenon__convert(tenon_dtype from, const void *src, tenon_dtype to, void *dst,
                            size_t first, size_t count, bool saturate, tenon_error *err)
{
    unsigned src_bits = tenon_dtype_bits(from), dst_bits = tenon_dtype_bits(to);
    if (from == TENON_C64 && to == TENON_C128) {
        return tenon__convert(TENON_F32, src, TENON_F64, dst, first * 2, count * 2, saturate, err);
    } else if (from == TENON_C128 && to == TENON_C64) {
        return tenon__convert(TENON_F64, src, TENON_F32, dst, first * 2, count * 2, saturate, err);
    } else if (from != to && (wide_of(from) == WIDE_NONE || wide_of(to) == WIDE_NONE)) {
        return tenon__fail(err, TENON_EUNSUPPORTED, "%s does not convert to %s",
                           tenon_dtype_text(from), tenon_dtype_text(to));
    }
    if ((first * src_bits | first * dst_bits) % 8)
        return tenon__fail(err, TENON_EINVAL, "element %zu does not start a byte", first);
    if (count == 0) return TENON_OK;

    const uint8_t *s = (const uint8_t *)src + first * src_bits / 8;
    uint8_t *d = (uint8_t *)dst + first * dst_bits / 8;
    if (from == to && from != TENON_BOOL)
        memcpy(d, s, (count * src_bits + 7) / 8);
    else
        convert_blocks(from, s, to, d, count, saturate);
    return TENON_OK;
}

/* One element, wide. */
static wide_type get_one(tenon_dtype dtype, const void *data, size_t index, wide *w)
{
    unsigned bits = tenon_dtype_bits(dtype);
    const uint8_t *src = data;
    w->i64[0] = 0;
    if (bits < 8 && bits > 0) {
        w->i64[0] = tenon__packed_get(dtype, src, index);
        if (dtype == TENON_F4E2M1) w->f32[0] = tenon__f4_to_f32((uint8_t)w->i64[0]);
    } else if (wide_of(dtype) != WIDE_NONE) {
        load(dtype, src + index * (bits / 8), 1, w);
    }
    return wide_of(dtype);
}

double tenon__get_f64(tenon_dtype dtype, const void *data, size_t index)
{
    wide w;
    switch (get_one(dtype, data, index, &w)) {
    case WIDE_F32:
        return (double)w.f32[0];
    case WIDE_F64:
        return w.f64[0];
    case WIDE_I64:
        return (double)w.i64[0];
    case WIDE_U64:
        return (double)w.u64[0];
    default:
        return 0;
    }
}

int64_t tenon__get_i64(tenon_dtype dtype, const void *data, size_t index)
{
    wide w;
    switch (get_one(dtype, data, index, &w)) {
    case WIDE_F32:
        return f64_to_i64((double)w.f32[0]);
    case WIDE_F64:
        return f64_to_i64(w.f64[0]);
    case WIDE_I64:
        return w.i64[0];
    case WIDE_U64:
        return (int64_t)w.u64[0];
    default:
        return 0;
    }
}
