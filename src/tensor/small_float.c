/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point forms of 16 bits and fewer. All of it is integer arithmetic on the bits of a
 * float, so that the thread's floating-point mode does not matter. */
#include "tensor/convert.h"

#define F32_INF 0x7f800000u

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static float of_bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* n >> shift, to nearest, ties to even; 1 <= shift <= 31. */
static uint32_t shift_round(uint32_t n, unsigned shift)
{
    uint32_t q = n >> shift, rest = n & ((1u << shift) - 1), half = 1u << (shift - 1);
    return q + (rest > half || (rest == half && (q & 1)));
}

/* The magnitude of a finite float as exponent and mantissa bits of a smaller form. May pass the
 * form's largest code; the caller looks. Needs a form whose smallest subnormal is a normal float.
 */
static uint32_t shrink(uint32_t magnitude, unsigned mantissa_bits, int bias)
{
    int exponent = (int)(magnitude >> 23) - 127 + bias;
    unsigned drop = 23 - mantissa_bits;
    if (exponent >= 1)
        return shift_round(((uint32_t)exponent << 23) | (magnitude & 0x7fffff), drop);
    unsigned shift = drop + (unsigned)(1 - exponent);
    return shift > 24 ? 0 : shift_round((magnitude & 0x7fffff) | 0x800000, shift);
}

/* The value of exponent and mantissa bits of a smaller form, none of them special. */
static float expand(uint32_t code, unsigned mantissa_bits, int bias)
{
    uint32_t exponent = code >> mantissa_bits, mantissa = code & ((1u << mantissa_bits) - 1);
    if (exponent)
        return of_bits(((exponent + (uint32_t)(127 - bias)) << 23) |
                       (mantissa << (23 - mantissa_bits)));
    /* mantissa * 2^(1 - bias - mantissa_bits), both factors normal floats */
    return (float)mantissa * of_bits((uint32_t)(128 - bias - (int)mantissa_bits) << 23);
}

float tenon__f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, code = h & 0x7fff;
    if (code >= 0x7c00) return of_bits(sign | F32_INF | (code & 0x3ff) << 13);
    return of_bits(sign | bits_of(expand(code, 10, 15)));
}

uint16_t tenon__f32_to_f16(float f)
{
    uint32_t u = bits_of(f), magnitude = u & 0x7fffffff;
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
    if (magnitude > F32_INF) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    if (magnitude >= 0x47800000)
        return sign | 0x7c00; /* 65536 and above; what rounds up to it comes out right below */
    return (uint16_t)(sign | shrink(magnitude, 10, 15));
}

uint16_t tenon__f32_to_bf16(float f)
{
    uint32_t u = bits_of(f);
    if ((u & 0x7fffffff) > F32_INF)
        return (uint16_t)(u >> 16 | 0x40); /* stays a NaN when its low bits go */
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

/* One row per float8 that has a mantissa. In the `unsigned_zero` forms the code of -0 is their only
 * NaN. */
typedef struct f8_form {
    uint8_t mantissa_bits, bias;
    uint8_t largest, infinity, nan; /* codes; infinity 0: none */
    bool unsigned_zero;
} f8_form;

static const f8_form e4m3fn = {3, 7, 0x7e, 0, 0x7f, false};
static const f8_form e4m3fnuz = {3, 8, 0x7f, 0, 0x80, true};
static const f8_form e5m2 = {2, 15, 0x7b, 0x7c, 0x7e, false};
static const f8_form e5m2fnuz = {2, 16, 0x7f, 0, 0x80, true};

static const f8_form *form_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F8E4M3FN:
        return &e4m3fn;
    case TENON_F8E4M3FNUZ:
        return &e4m3fnuz;
    case TENON_F8E5M2:
        return &e5m2;
    case TENON_F8E5M2FNUZ:
        return &e5m2fnuz;
    default:
        return NULL;
    }
}

float tenon__f8_to_f32(tenon_dtype dtype, uint8_t v)
{
    const f8_form *form = form_of(dtype);
    if (!form) { /* F8E8M0: 2^(v - 127), and 2^-127 is a subnormal float */
        if (v == 0xff) return of_bits(0x7fc00000);
        return of_bits(v ? (uint32_t)v << 23 : 0x400000);
    }
    uint32_t sign = (uint32_t)(v & 0x80) << 24, code = v & 0x7f;
    if (form->unsigned_zero && v == form->nan) return of_bits(0x7fc00000);
    if (code > form->largest)
        return of_bits(sign | (form->infinity && code == form->infinity ? F32_INF : 0x7fc00000));
    return of_bits(sign | bits_of(expand(code, form->mantissa_bits, form->bias)));
}

/* Scales are rounded up, away from zero: what they divide then fits. The sign is lost, as in ONNX's
 * reference. */
static uint8_t f32_to_e8m0(uint32_t magnitude, bool saturate)
{
    uint32_t exponent = magnitude >> 23;
    if (exponent == 0xff) return 0xff;
    if (magnitude & 0x7fffff) exponent++;
    return (uint8_t)(exponent == 0xff && saturate ? 0xfe : exponent);
}

uint8_t tenon__f32_to_f8(tenon_dtype dtype, float f, bool saturate)
{
    const f8_form *form = form_of(dtype);
    uint32_t u = bits_of(f), magnitude = u & 0x7fffffff;
    uint8_t sign = (uint8_t)(u >> 24 & 0x80);
    if (!form) return f32_to_e8m0(magnitude, saturate);
    if (magnitude > F32_INF) return form->unsigned_zero ? form->nan : sign | form->nan;
    uint32_t code =
        magnitude == F32_INF ? UINT32_MAX : shrink(magnitude, form->mantissa_bits, form->bias);
    if (code > form->largest) {
        if (saturate) return sign | form->largest;
        if (form->unsigned_zero) return form->nan;
        return sign | (form->infinity ? form->infinity : form->nan);
    }
    return code == 0 && form->unsigned_zero ? 0 : (uint8_t)(sign | code);
}

float tenon__f4_to_f32(uint8_t v)
{
    uint32_t sign = (uint32_t)(v & 8) << 28;
    return of_bits(sign | bits_of(expand(v & 7, 1, 1)));
}

uint8_t tenon__f32_to_f4(float f)
{
    uint32_t u = bits_of(f), magnitude = u & 0x7fffffff;
    uint8_t sign = (uint8_t)(u >> 28 & 8);
    if (magnitude > F32_INF) return 8; /* there is no NaN: -0 */
    uint32_t code = magnitude == F32_INF ? 7 : shrink(magnitude, 1, 1);
    return sign | (uint8_t)(code > 7 ? 7 : code);
}
