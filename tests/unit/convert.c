/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions between dtypes: every code of the small forms, rounding at every boundary between two
 * codes, and ONNX's table of special values. */
#include "harness.h"

#include <math.h>

#include "tensor/convert.h"

static uint32_t bits_of(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

/* The value of a code by the definition: sign, exponent, mantissa. */
static double value_of(unsigned code, int exponent_bits, int mantissa_bits, int bias)
{
    int e = (int)(code >> mantissa_bits) & ((1 << exponent_bits) - 1);
    int m = (int)code & ((1 << mantissa_bits) - 1);
    double v =
        e ? ldexp(1 + ldexp(m, -mantissa_bits), e - bias) : ldexp(m, 1 - bias - mantissa_bits);
    return code >> (exponent_bits + mantissa_bits) ? -v : v;
}

static void f16_codes(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x10000; h++) {
        float f = tenon__f16_to_f32((uint16_t)h);
        if ((h & 0x7c00) == 0x7c00) {
            assert_true(h & 0x3ff ? isnan(f) : isinf(f));
            assert_int_equal(signbit(f) != 0, h >> 15);
        } else {
            assert_true((double)f == value_of(h, 5, 10, 15));
        }
        uint16_t back = tenon__f32_to_f16(f);
        if (isnan(f))
            assert_true((back & 0x7fff) > 0x7c00);
        else
            assert_int_equal(back, h);
    }
}

/* Between each finite code and the next: halfway goes to the even one, a hair less or more to the
 * nearer. */
static void f16_rounding(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x7c00; h++) {
        double low = value_of(h, 5, 10, 15), high = value_of(h + 1, 5, 10, 15);
        float half = (float)((low + high) / 2);
        assert_int_equal(tenon__f32_to_f16(half), h & 1 ? h + 1 : h);
        assert_int_equal(tenon__f32_to_f16(-half), 0x8000 | (h & 1 ? h + 1 : h));
        assert_int_equal(tenon__f32_to_f16(nextafterf(half, 0)), h);
        assert_int_equal(tenon__f32_to_f16(nextafterf(half, INFINITY)), h + 1);
    }
    assert_int_equal(tenon__f32_to_f16(65519.996f), 0x7bff);
    assert_int_equal(tenon__f32_to_f16(65520.0f), 0x7c00);
    assert_int_equal(tenon__f32_to_f16(1e30f), 0x7c00);
    assert_int_equal(tenon__f32_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(tenon__f32_to_f16(1e-30f), 0);
    assert_int_equal(tenon__f32_to_f16(-1e-45f), 0x8000);
}

static void bf16_rounding(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x7f80; h++) {
        float low = tenon__bf16_to_f32((uint16_t)h), half;
        uint32_t u = bits_of(low) | 0x8000;
        memcpy(&half, &u, sizeof half);
        assert_int_equal(tenon__f32_to_bf16(low), h);
        assert_int_equal(tenon__f32_to_bf16(half), h & 1 ? h + 1 : h);
        u--;
        memcpy(&half, &u, sizeof half);
        assert_int_equal(tenon__f32_to_bf16(half), h);
        u += 2;
        memcpy(&half, &u, sizeof half);
        assert_int_equal(tenon__f32_to_bf16(-half), 0x8000 | (h + 1));
    }
    assert_true(isnan(tenon__bf16_to_f32(tenon__f32_to_bf16(NAN))));
    uint32_t thin = 0x7f800001; /* a NaN whose upper half is that of infinity */
    float f;
    memcpy(&f, &thin, sizeof f);
    assert_true(isnan(tenon__bf16_to_f32(tenon__f32_to_bf16(f))));
}

typedef struct form {
    tenon_dtype dtype;
    int exponent_bits, mantissa_bits, bias;
    unsigned largest, nan;
    bool unsigned_zero, infinite;
} form;

static const form forms[] = {
    {TENON_F8E4M3FN, 4, 3, 7, 0x7e, 0x7f, false, false},
    {TENON_F8E4M3FNUZ, 4, 3, 8, 0x7f, 0x80, true, false},
    {TENON_F8E5M2, 5, 2, 15, 0x7b, 0x7e, false, true},
    {TENON_F8E5M2FNUZ, 5, 2, 16, 0x7f, 0x80, true, false},
};

static void f8_codes(void **state)
{
    (void)state;
    for (size_t k = 0; k < TEST_COUNT(forms); k++) {
        const form *m = &forms[k];
        for (unsigned code = 0; code < 256; code++) {
            float f = tenon__f8_to_f32(m->dtype, (uint8_t)code);
            if (m->unsigned_zero ? code == m->nan : (code & 0x7f) > m->largest) {
                bool inf = m->infinite && (code & 0x7f) == m->largest + 1;
                assert_true(inf ? isinf(f) : isnan(f));
                continue;
            }
            assert_true((double)f == value_of(code, m->exponent_bits, m->mantissa_bits, m->bias));
            assert_int_equal(tenon__f32_to_f8(m->dtype, f, true), code);
            assert_int_equal(tenon__f32_to_f8(m->dtype, f, false), code);
        }
        for (unsigned code = 0; code < m->largest; code++) {
            double low = value_of(code, m->exponent_bits, m->mantissa_bits, m->bias);
            double high = value_of(code + 1, m->exponent_bits, m->mantissa_bits, m->bias);
            float half = (float)((low + high) / 2);
            assert_int_equal(tenon__f32_to_f8(m->dtype, half, true), code & 1 ? code + 1 : code);
            assert_int_equal(tenon__f32_to_f8(m->dtype, nextafterf(half, INFINITY), true),
                             code + 1);
            assert_int_equal(tenon__f32_to_f8(m->dtype, nextafterf(half, 0), true), code);
        }
    }
}

/* The tables of ONNX Cast: infinity, what is too large, NaN and -0, with and without saturation. */
static void f8_specials(void **state)
{
    (void)state;
    for (size_t k = 0; k < TEST_COUNT(forms); k++) {
        const form *m = &forms[k];
        unsigned over = m->infinite ? m->largest + 1 : m->nan, sign = m->unsigned_zero ? 0 : 0x80;
        assert_int_equal(tenon__f32_to_f8(m->dtype, INFINITY, true), m->largest);
        assert_int_equal(tenon__f32_to_f8(m->dtype, -INFINITY, true), m->largest | 0x80);
        assert_int_equal(tenon__f32_to_f8(m->dtype, 1e6f, true), m->largest);
        assert_int_equal(tenon__f32_to_f8(m->dtype, INFINITY, false), over);
        assert_int_equal(tenon__f32_to_f8(m->dtype, 1e6f, false), over);
        assert_int_equal(tenon__f32_to_f8(m->dtype, -1e6f, false), over | sign);
        assert_int_equal(tenon__f32_to_f8(m->dtype, NAN, true), m->nan);
        assert_int_equal(tenon__f32_to_f8(m->dtype, -0.0f, true), sign);
        assert_int_equal(tenon__f32_to_f8(m->dtype, -1e-9f, true), sign);
    }
}

static void e8m0_is_a_power_of_two(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 255; code++) {
        float f = tenon__f8_to_f32(TENON_F8E8M0, (uint8_t)code);
        assert_true((double)f == ldexp(1, (int)code - 127));
        if (code > 0) assert_int_equal(tenon__f32_to_f8(TENON_F8E8M0, f, true), code);
    }
    assert_true(isnan(tenon__f8_to_f32(TENON_F8E8M0, 255)));
    assert_int_equal(tenon__f32_to_f8(TENON_F8E8M0, 0.124f, true), 124); /* up to 0.125 */
    assert_int_equal(tenon__f32_to_f8(TENON_F8E8M0, 1.1f, true), 128);
    assert_int_equal(tenon__f32_to_f8(TENON_F8E8M0, 0, true), 0);
    assert_int_equal(tenon__f32_to_f8(TENON_F8E8M0, 3.4e38f, true), 0xfe);
    assert_int_equal(tenon__f32_to_f8(TENON_F8E8M0, INFINITY, true), 0xff);
}

static void f4_codes(void **state)
{
    (void)state;
    static const float values[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    for (uint8_t code = 0; code < 16; code++) {
        float f = tenon__f4_to_f32(code);
        assert_true(fabsf(f) == values[code & 7] && (signbit(f) != 0) == code >> 3);
        assert_int_equal(tenon__f32_to_f4(f), code);
    }
    for (uint8_t code = 0; code < 7; code++) {
        float half = (values[code] + values[code + 1]) / 2;
        assert_int_equal(tenon__f32_to_f4(half), code & 1 ? code + 1 : code);
        assert_int_equal(tenon__f32_to_f4(nextafterf(half, 9)), code + 1);
    }
    assert_int_equal(tenon__f32_to_f4(INFINITY), 7);
    assert_int_equal(tenon__f32_to_f4(-1e9f), 15);
    assert_int_equal(tenon__f32_to_f4(NAN), 8);
}

static void packed_elements(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    for (int i = 0; i < 8; i++)
        tenon__packed_set(TENON_I4, bytes, (size_t)i, i - 4);
    assert_int_equal(bytes[0], 0xdc); /* low bits first: -4 is 0xc, -3 is 0xd */
    for (int i = 0; i < 8; i++)
        assert_int_equal(tenon__packed_get(TENON_I4, bytes, (size_t)i), i - 4);
    assert_int_equal(tenon__packed_get(TENON_U4, bytes, 0), 12);
    for (int i = 0; i < 16; i++)
        tenon__packed_set(TENON_I2, bytes, (size_t)i, i);
    assert_int_equal(bytes[0], 0xe4);
    assert_int_equal(tenon__packed_get(TENON_I2, bytes, 3), -1);
    assert_int_equal(tenon__packed_get(TENON_U2, bytes, 7), 3);
}

static const tenon_dtype integers[] = {TENON_I8, TENON_I16, TENON_I32, TENON_I64,
                                       TENON_U8, TENON_U16, TENON_U32, TENON_U64};

/* What the low bits of v say in an integer type. */
static int64_t wrap(int64_t v, tenon_dtype dtype)
{
    unsigned bits = tenon_dtype_bits(dtype);
    if (bits == 64) return v;
    uint64_t low = (uint64_t)v & (((uint64_t)1 << bits) - 1);
    bool negative = dtype >= TENON_I8 && dtype <= TENON_I64 && low >> (bits - 1);
    return negative ? (int64_t)(low | ~(uint64_t)0 << bits) : (int64_t)low;
}

static void integers_wrap(void **state)
{
    (void)state;
    enum { COUNT = 300 }; /* more than a block */
    static int64_t source[COUNT], from_bits[COUNT];
    static uint8_t a[COUNT * 8], b[COUNT * 8];
    for (int i = 0; i < COUNT; i++)
        source[i] = (int64_t)test_random();
    for (size_t f = 0; f < TEST_COUNT(integers); f++) {
        tenon_dtype from = integers[f];
        assert_int_equal(tenon__convert(TENON_I64, source, from, a, 0, COUNT, true, NULL),
                         TENON_OK);
        for (int i = 0; i < COUNT; i++) {
            from_bits[i] = wrap(source[i], from);
            assert_true(tenon__get_i64(from, a, (size_t)i) == from_bits[i]);
        }
        for (size_t t = 0; t < TEST_COUNT(integers); t++) {
            tenon_dtype to = integers[t];
            assert_int_equal(tenon__convert(from, a, to, b, 0, COUNT, true, NULL), TENON_OK);
            for (int i = 0; i < COUNT; i++)
                assert_true(tenon__get_i64(to, b, (size_t)i) == wrap(from_bits[i], to));
        }
    }
}

static void floats_truncate(void **state)
{
    (void)state;
    static const double values[] = {0.99, -0.99, 1.5, -1.5, 127.9, -128.9, 2147483647.5, -7};
    static const int64_t whole[] = {0, 0, 1, -1, 127, -128, 2147483647, -7};
    int64_t out[TEST_COUNT(values)];
    assert_int_equal(
        tenon__convert(TENON_F64, values, TENON_I64, out, 0, TEST_COUNT(values), true, NULL),
        TENON_OK);
    for (size_t i = 0; i < TEST_COUNT(values); i++)
        assert_true(out[i] == whole[i]);
    static const double wild[] = {NAN, INFINITY, -INFINITY, 1e300, 18446744073709549568.0, 1e19};
    uint64_t u[TEST_COUNT(wild)];
    assert_int_equal(tenon__convert(TENON_F64, wild, TENON_U64, u, 0, TEST_COUNT(wild), true, NULL),
                     TENON_OK);
    assert_true(u[4] == 18446744073709549568u);
    assert_true(u[5] == 10000000000000000000u);
    int8_t small;
    float f = 300.7f;
    assert_int_equal(tenon__convert(TENON_F32, &f, TENON_I8, &small, 0, 1, true, NULL), TENON_OK);
    assert_int_equal(small, 300 - 256);
}

/* Rounding twice, by way of float32, would give another result. */
static void rounds_once(void **state)
{
    (void)state;
    uint16_t h;
    double d = 1 + ldexp(1, -11) + ldexp(1, -40); /* a hair above halfway between two float16 */
    assert_int_equal(tenon__convert(TENON_F64, &d, TENON_F16, &h, 0, 1, true, NULL), TENON_OK);
    assert_int_equal(h, 0x3c01);
    d = 1 + ldexp(3, -11) - ldexp(1, -40); /* a hair below */
    assert_int_equal(tenon__convert(TENON_F64, &d, TENON_F16, &h, 0, 1, true, NULL), TENON_OK);
    assert_int_equal(h, 0x3c01);
    d = -(1 + ldexp(1, -8) + ldexp(1, -50));
    assert_int_equal(tenon__convert(TENON_F64, &d, TENON_BF16, &h, 0, 1, true, NULL), TENON_OK);
    assert_int_equal(h, 0xbf81);
    int64_t i = ((int64_t)1 << 30) + ((int64_t)1 << 22) + 1;
    assert_int_equal(tenon__convert(TENON_I64, &i, TENON_BF16, &h, 0, 1, true, NULL), TENON_OK);
    assert_true(tenon__bf16_to_f32(h) == 1073741824.0f + 8388608.0f);
    i = -(((int64_t)1 << 61) + ((int64_t)1 << 53) + 1);
    assert_int_equal(tenon__convert(TENON_I64, &i, TENON_BF16, &h, 0, 1, true, NULL), TENON_OK);
    assert_true((double)tenon__bf16_to_f32(h) == -(ldexp(1, 61) + ldexp(1, 54)));
    uint64_t u = ((uint64_t)1 << 63) + ((uint64_t)1 << 55) + 1;
    assert_int_equal(tenon__convert(TENON_U64, &u, TENON_BF16, &h, 0, 1, true, NULL), TENON_OK);
    assert_true((double)tenon__bf16_to_f32(h) == ldexp(1, 63) + ldexp(1, 56));
    d = 1e300;
    assert_int_equal(tenon__convert(TENON_F64, &d, TENON_F16, &h, 0, 1, true, NULL), TENON_OK);
    assert_int_equal(h, 0x7c00);
}

static void bools_are_zero_or_one(void **state)
{
    (void)state;
    static const float f[] = {0, -0.0f, 0.001f, NAN, -5};
    static const uint8_t odd[] = {0, 1, 2, 255};
    uint8_t b[5];
    float back[4];
    assert_int_equal(tenon__convert(TENON_F32, f, TENON_BOOL, b, 0, 5, true, NULL), TENON_OK);
    static const uint8_t right[] = {0, 0, 1, 1, 1};
    assert_memory_equal(b, right, 5);
    assert_int_equal(tenon__convert(TENON_BOOL, odd, TENON_BOOL, b, 0, 4, true, NULL), TENON_OK);
    static const uint8_t ones[] = {0, 1, 1, 1};
    assert_memory_equal(b, ones, 4);
    assert_int_equal(tenon__convert(TENON_BOOL, odd, TENON_F32, back, 0, 4, true, NULL), TENON_OK);
    assert_true(back[0] == 0 && back[3] == 1);
}

/* Any starting element, any alignment, nothing written beside. */
static void ranges_and_alignment(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static uint8_t src[COUNT * 4 + 1], dst[COUNT * 8 + 3];
    for (int i = 0; i < COUNT; i++) {
        float f = (float)(i - 500);
        memcpy(src + 1 + 4 * i, &f, sizeof f);
    }
    memset(dst, 0xa5, sizeof dst);
    assert_int_equal(tenon__convert(TENON_F32, src + 1, TENON_I64, dst + 3, 17, 600, true, NULL),
                     TENON_OK);
    for (int i = 0; i < COUNT; i++) {
        int64_t v = tenon__get_i64(TENON_I64, dst + 3, (size_t)i);
        assert_true(i >= 17 && i < 617 ? v == i - 500 : v == (int64_t)0xa5a5a5a5a5a5a5a5u);
    }
    uint8_t nibbles[COUNT / 2] = {0};
    assert_int_equal(tenon__convert(TENON_F32, src + 1, TENON_U4, nibbles, 500, 500, true, NULL),
                     TENON_OK);
    for (int i = 500; i < COUNT; i++)
        assert_int_equal(tenon__packed_get(TENON_U4, nibbles, (size_t)i), (i - 500) & 15);
    assert_int_equal(tenon__convert(TENON_F32, src, TENON_U4, nibbles, 501, 1, true, NULL),
                     TENON_EINVAL);
}

static void refuses(void **state)
{
    (void)state;
    float f[4] = {1, 2, 3, 4};
    double d[4];
    tenon_error err;
    assert_int_equal(tenon__convert(TENON_STRING, f, TENON_F32, d, 0, 0, true, &err),
                     TENON_EUNSUPPORTED);
    assert_string_equal(err.message, "string does not convert to float32");
    assert_int_equal(tenon__convert(TENON_C64, f, TENON_F32, d, 0, 1, true, &err),
                     TENON_EUNSUPPORTED);
    assert_int_equal(tenon__convert(TENON_C64, f, TENON_C128, d, 0, 2, true, &err), TENON_OK);
    assert_true(d[0] == 1 && d[3] == 4);
    assert_int_equal(tenon__convert(TENON_NONE, f, TENON_F32, d, 0, 1, true, &err),
                     TENON_EUNSUPPORTED);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(f16_codes),
        CASE(f16_rounding),
        CASE(bf16_rounding),
        CASE(f8_codes),
        CASE(f8_specials),
        CASE(e8m0_is_a_power_of_two),
        CASE(f4_codes),
        CASE(packed_elements),
        CASE(integers_wrap),
        CASE(floats_truncate),
        CASE(rounds_once),
        CASE(bools_are_zero_or_one),
        CASE(ranges_and_alignment),
        CASE(refuses),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
