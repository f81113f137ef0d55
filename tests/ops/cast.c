/* SPDX-License-Identifier: Apache-2.0 */
/* Cast, CastLike, BitCast and Identity. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/driver.h"
#include "tensor/convert.h"
#include "tensor/onnx_type.h"

#define DIMS(...)                                                                                  \
    (int64_t[])                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static driver *cast_driver(tenon_dtype to)
{
    driver *d = driver_create("Cast", 25);
    driver_int(d, "to", tenon__dtype_to_onnx(to));
    return d;
}

static void run(driver *d)
{
    tenon_error err;
    if (driver_run(d, tenon__cpu_detect(), &err)) fail_msg("%s", err.message);
}

/* Small whole numbers pass through every pair of dtypes that hold them. */
static void all_pairs(void **state)
{
    (void)state;
    for (int from = TENON_F32; from < TENON_DTYPE_COUNT; from++)
        for (int to = TENON_F32; to < TENON_DTYPE_COUNT; to++) {
            if (from == TENON_STRING || to == TENON_STRING || from == TENON_C64 ||
                from == TENON_C128 || to == TENON_C64 || to == TENON_C128)
                continue;
            enum { COUNT = 333 };
            double low = from == TENON_F8E8M0 || to == TENON_F8E8M0 ? 1 : 0;
            driver *d = cast_driver((tenon_dtype)to);
            driver_random(d, (tenon_dtype)from, 2, DIMS(3, COUNT / 3), low, 1.99);
            driver_check(d);
            const tenon__view *y = driver_output(d, 0);
            assert_int_equal(y->dtype, to);
            driver *back = cast_driver((tenon_dtype)from);
            driver_input(back, (tenon_dtype)to, 2, y->dims, y->data);
            run(back);
            driver_destroy(back);
            driver_destroy(d);
        }
}

/* Every way that has a row of its own against the general one, on all that can go wrong. */
static void rows(void **state)
{
    static const float odd[] = {
        0.0f,           -0.0f,      0.49f,     0.5f,     1.5f,           2.5f,
        -0.5f,          -1.5f,      -2.7f,     65504.0f, 65520.0f,       1e-8f,
        6e-8f,          3.1e-5f,    1e-40f,    -1e-40f,  2147483520.0f,  2147483648.0f,
        -2147483648.0f, -3e9f,      1e18f,     9.3e18f,  2e19f,          -1e30f,
        3.4e38f,        INFINITY,   -INFINITY, NAN,      1.00048828125f, 1.0014648f,
        1.00390625f,    1.01171875f};
    static const tenon_dtype targets[] = {TENON_F16,  TENON_BF16, TENON_I32, TENON_I64,
                                          TENON_BOOL, TENON_U8,   TENON_F64};
    enum { COUNT = 32 * 71 + 5 };
    static float x[COUNT];
    static uint64_t wanted[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        x[i] = i % 71 < 32 ? odd[i % 71] : (float)test_random_real(-70000, 70000);
    for (size_t k = 0; k < sizeof targets / sizeof *targets; k++) {
        tenon_error err;
        assert_int_equal(tenon__convert(TENON_F32, x, targets[k], wanted, 0, COUNT, true, &err),
                         TENON_OK);
        driver *d = cast_driver(targets[k]);
        driver_input(d, TENON_F32, 1, DIMS(COUNT), x);
        driver_check(d);
        driver_expect(d, 0, targets[k], 1, DIMS(COUNT), wanted);
        driver_destroy(d);
        driver *wide = cast_driver(TENON_F32);
        driver_input(wide, targets[k], 1, DIMS(COUNT), wanted);
        driver_check(wide);
        static float back[COUNT];
        assert_int_equal(tenon__convert(targets[k], wanted, TENON_F32, back, 0, COUNT, true, &err),
                         TENON_OK);
        driver_expect(wide, 0, TENON_F32, 1, DIMS(COUNT), back);
        driver_destroy(wide);
    }
    /* Every half. */
    static uint16_t halves[65536];
    static float floats[65536];
    for (int i = 0; i < 65536; i++) {
        halves[i] = (uint16_t)i;
        floats[i] = tenon__f16_to_f32((uint16_t)i);
    }
    driver *d = cast_driver(TENON_F32);
    driver_input(d, TENON_F16, 1, DIMS(65536), halves);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(65536), floats);
    driver_destroy(d);
}

static void tiles_of_packed(void **state)
{
    enum { COUNT = 100003 };
    static float x[COUNT];
    static uint8_t wanted[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)(i % 16 - 8);
    for (int i = 0; i < COUNT; i++)
        tenon__packed_set(TENON_I4, wanted, (size_t)i, i % 16 - 8);
    driver *d = cast_driver(TENON_I4);
    driver_input(d, TENON_F32, 1, DIMS(COUNT), x);
    driver_check(d);
    driver_expect(d, 0, TENON_I4, 1, DIMS(COUNT), wanted);
    assert_true(driver_tiles(d) > 1);
    driver_destroy(d);
}

static void float8(void **state)
{
    float x[] = {0.47892547f, 0.5f, 1e6f, 1e-7f, NAN, INFINITY, -INFINITY, -1e6f};
    uint8_t saturated[] = {0x37, 0x38, 0x7b, 0x00, 0x7e, 0x7b, 0xfb, 0xfb};
    uint8_t open[] = {0x38, 0x38, 0x7c, 0x00, 0x7e, 0x7c, 0xfc, 0xfc};
    (void)state;
    saturated[0] = 0x38; /* 0.4789 is nearer to 0.5 than to 0.4375 */
    driver *d = cast_driver(TENON_F8E5M2);
    driver_input(d, TENON_F32, 1, DIMS(8), x);
    driver_check(d);
    driver_expect(d, 0, TENON_F8E5M2, 1, DIMS(8), saturated);
    driver_destroy(d);
    d = cast_driver(TENON_F8E5M2);
    driver_int(d, "saturate", 0);
    driver_input(d, TENON_F32, 1, DIMS(8), x);
    driver_check(d);
    driver_expect(d, 0, TENON_F8E5M2, 1, DIMS(8), open);
    driver_destroy(d);
}

static void float8e8m0(void **state)
{
    float x[] = {0.0f, 0.124f, 0.25f, 1.1f, 1.5f, 3.0f, INFINITY, NAN, 0x1.8p127f, 0x1p-127f};
    static const struct {
        const char *mode;
        int saturate;
        uint8_t wanted[10];
    } cases[] = {{"up", 1, {0, 124, 125, 128, 128, 129, 254, 255, 254, 0}},
                 {"down", 1, {0, 123, 125, 127, 127, 128, 254, 255, 254, 0}},
                 {"nearest", 1, {0, 124, 125, 127, 128, 129, 254, 255, 254, 0}},
                 {"nearest", 0, {255, 124, 125, 127, 128, 129, 255, 255, 255, 0}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        driver *d = cast_driver(TENON_F8E8M0);
        driver_text(d, "round_mode", cases[i].mode);
        driver_int(d, "saturate", cases[i].saturate);
        driver_input(d, TENON_F32, 1, DIMS(10), x);
        driver_check(d);
        driver_expect(d, 0, TENON_F8E8M0, 1, DIMS(10), cases[i].wanted);
        driver_destroy(d);
    }
}

static tenon_string text(const char *s)
{
    return (tenon_string){s, strlen(s)};
}

static void to_text(void **state)
{
    double x[] = {0.1,  1,      1e-5, 123456,    1e16, 0.0001, -1.5e-7, 1.7976931348623157e308,
                  1e15, 5e-324, NAN,  -INFINITY, -0.0};
    const char *const wanted[] = {"0.1",
                                  "1.0",
                                  "1e-05",
                                  "123456.0",
                                  "1e+16",
                                  "0.0001",
                                  "-1.5e-07",
                                  "1.7976931348623157e+308",
                                  "1000000000000000.0",
                                  "5e-324",
                                  "nan",
                                  "-inf",
                                  "-0.0"};
    enum { COUNT = sizeof x / sizeof *x };
    tenon_string strings[COUNT];
    (void)state;
    for (int i = 0; i < COUNT; i++)
        strings[i] = text(wanted[i]);
    driver *d = cast_driver(TENON_STRING);
    driver_input(d, TENON_F64, 1, DIMS(COUNT), x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(COUNT), strings);
    driver_destroy(d);

    float f[] = {0.1f, 0.47892547f, 3.4028235e38f, 16777216.0f};
    d = cast_driver(TENON_STRING);
    driver_input(d, TENON_F32, 1, DIMS(4), f);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(4),
                  (tenon_string[]){text("0.1"), text("0.47892547"), text("3.4028235e+38"),
                                   text("16777216.0")});
    driver_destroy(d);

    uint16_t h[] = {tenon__f32_to_f16(0.1f), tenon__f32_to_f16(0.47892547f)};
    d = cast_driver(TENON_STRING);
    driver_input(d, TENON_F16, 1, DIMS(2), h);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(2), (tenon_string[]){text("0.1"), text("0.479")});
    driver_destroy(d);

    d = cast_driver(TENON_STRING);
    driver_input(d, TENON_U64, 1, DIMS(2), (uint64_t[]){UINT64_MAX, 7});
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(2),
                  (tenon_string[]){text("18446744073709551615"), text("7")});
    driver_destroy(d);

    d = cast_driver(TENON_STRING);
    driver_input(d, TENON_BOOL, 1, DIMS(2), (uint8_t[]){0, 1});
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(2), (tenon_string[]){text("False"), text("True")});
    driver_destroy(d);
}

static void from_text(void **state)
{
    tenon_string x[] = {text("3.14"), text(" 1e-5 "), text("+INF"), text("-inf"),
                        text("NaN"),  text("1E8"),    text("-0")};
    (void)state;
    driver *d = cast_driver(TENON_F32);
    driver_input(d, TENON_STRING, 1, DIMS(7), x);
    run(d);
    driver_expect(d, 0, TENON_F32, 1, DIMS(7),
                  (float[]){3.14f, 1e-5f, INFINITY, -INFINITY, NAN, 1e8f, -0.0f});
    driver_destroy(d);

    d = cast_driver(TENON_I64);
    driver_input(d, TENON_STRING, 1, DIMS(3),
                 (tenon_string[]){text("9223372036854775807"), text("-12"), text("100.5")});
    run(d);
    driver_expect(d, 0, TENON_I64, 1, DIMS(3), (int64_t[]){INT64_MAX, -12, 100});
    driver_destroy(d);

    d = cast_driver(TENON_U4);
    driver_input(d, TENON_STRING, 1, DIMS(3), (tenon_string[]){text("3"), text("15"), text("7")});
    run(d);
    driver_expect(d, 0, TENON_U4, 1, DIMS(3), (uint8_t[]){0xf3, 0x07});
    driver_destroy(d);

    d = cast_driver(TENON_F32);
    driver_input(d, TENON_STRING, 1, DIMS(2), (tenon_string[]){text("1"), text("Hello")});
    driver_refuse(d, TENON_EFORMAT, "element 1, 'Hello'");
    driver_destroy(d);
}

static void like(void **state)
{
    (void)state;
    driver *d = driver_create("CastLike", 19);
    driver_input(d, TENON_F32, 1, DIMS(3), (float[]){1.9f, -1.9f, 300});
    driver_input(d, TENON_U8, 2, DIMS(2, 2), (uint8_t[4]){0});
    driver_check(d);
    driver_expect(d, 0, TENON_U8, 1, DIMS(3), (uint8_t[]){1, 255, 44});
    driver_destroy(d);
}

static void blocks(void **state)
{
    (void)state;
    driver *d = cast_driver(TENON_F32);
    driver_random(d, TENON_F32, 4, DIMS(2, 20, 3, 5), -9, 9);
    driver_blocked(d);
    driver_check(d);
    driver_destroy(d);
}

static void bits(void **state)
{
    (void)state;
    driver *d = driver_create("BitCast", 26);
    driver_int(d, "to", tenon__dtype_to_onnx(TENON_I32));
    driver_input(d, TENON_F32, 1, DIMS(2), (float[]){1.0f, -2.0f});
    driver_check(d);
    driver_expect(d, 0, TENON_I32, 1, DIMS(2), (int32_t[]){0x3f800000, (int32_t)0xc0000000});
    driver_destroy(d);

    d = driver_create("BitCast", 26);
    driver_int(d, "to", tenon__dtype_to_onnx(TENON_I16));
    driver_random(d, TENON_F32, 1, DIMS(2), 0, 1);
    driver_refuse(d, TENON_ETYPE, "32 bits");
    driver_destroy(d);
}

static void identity(void **state)
{
    (void)state;
    tenon_string x[] = {text("a"), text("")};
    driver *d = driver_create("Identity", 16);
    driver_input(d, TENON_STRING, 1, DIMS(2), x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, DIMS(2), x);
    driver_destroy(d);
}

static void refusals(void **state)
{
    (void)state;
    driver *d = driver_create("Cast", 25);
    driver_int(d, "to", 99);
    driver_random(d, TENON_F32, 1, DIMS(2), 0, 1);
    driver_refuse(d, TENON_EFORMAT, "to names no element type");
    driver_destroy(d);

    d = cast_driver(TENON_F32);
    driver_input(d, TENON_C64, 1, DIMS(1), (float[]){1, 2});
    driver_refuse(d, TENON_EUNSUPPORTED, "complex64");
    driver_destroy(d);

    d = cast_driver(TENON_F8E8M0);
    driver_text(d, "round_mode", "sideways");
    driver_random(d, TENON_F32, 1, DIMS(2), 0, 1);
    driver_refuse(d, TENON_EFORMAT, "'sideways'");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(all_pairs), CASE(rows),       CASE(tiles_of_packed),
                                      CASE(float8),    CASE(float8e8m0), CASE(to_text),
                                      CASE(from_text), CASE(like),       CASE(blocks),
                                      CASE(bits),      CASE(identity),   CASE(refusals)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
