/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, the hash, and numbers in any locale. */
#include "harness.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static void utf8_is_unicodes_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\x7F", true},
        {"\x80", false},
        {"\xC3\xA9", true},
        {"\xC3", false},
        {"\xC0\x80", false},     /* overlong */
        {"\xC1\xBF", false},     /* overlong */
        {"\xE0\x9F\xBF", false}, /* overlong */
        {"\xE0\xA0\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xED\xA0\x80", false}, /* a surrogate */
        {"\xEF\xBF\xBF", true},
        {"\xE2\x82", false},
        {"\xF0\x8F\xBF\xBF", false}, /* overlong */
        {"\xF0\x90\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\xF4\x90\x80\x80", false}, /* past U+10FFFF */
        {"\xF5\x80\x80\x80", false},
        {"a\xE2\x82\xAC"
         "b\xF0\x9F\x98\x80",
         true},
        {"\xE2\x82"
         "a",
         false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++)
        if (tenon__utf8_valid(rows[i].text, strlen(rows[i].text)) != rows[i].valid)
            fail_msg("row %zu", i);
    assert_true(tenon__utf8_valid("a\0b", 3));
    assert_true(tenon__utf8_valid(NULL, 0));
}

static void the_hash_sees_every_bit(void **state)
{
    (void)state;
    unsigned char data[40];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)test_random();
    for (size_t size = 0; size <= sizeof data; size++) {
        uint64_t hash = tenon__hash64(data, size, 5);
        assert_true(hash == tenon__hash64(data, size, 5));
        assert_true(hash != tenon__hash64(data, size, 6));
        if (size) assert_true(hash != tenon__hash64(data, size - 1, 5));
        int flipped = 0;
        for (size_t bit = 0; bit < 8 * size; bit++) {
            data[bit / 8] ^= (unsigned char)(1u << bit % 8);
            uint64_t other = tenon__hash64(data, size, 5);
            assert_true(other != hash);
            flipped += __builtin_popcountll(other ^ hash);
            data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        /* About half of the 64 bits change on average. */
        if (size) assert_in_range(flipped / (int)(8 * size), 27, 37);
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"+17", true, 17},
        {"0012", true, 12},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"--1", false, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t value = -77;
        assert_int_equal(tenon__parse_i64(tenon__str_of(rows[i].text), &value), rows[i].valid);
        assert_int_equal(value, rows[i].valid ? rows[i].value : -77);
    }
    int64_t value = 0;
    assert_true(tenon__parse_i64((tenon__str){"123456", 3}, &value));
    assert_int_equal(value, 123);
}

static void check_real(const char *text, double expected)
{
    double value = -77;
    if (!tenon__parse_f64(tenon__str_of(text), &value)) fail_msg("%s is refused", text);
    if (memcmp(&value, &expected, sizeof value) != 0)
        fail_msg("%s gives %a, not %a", text, value, expected);
}

static void reals(void **state)
{
    (void)state;
    check_real("0", 0.0);
    check_real("-0", -0.0);
    check_real("-0e99999999999999999999", -0.0);
    check_real("1.5", 1.5);
    check_real(".5", 0.5);
    check_real("5.", 5.0);
    check_real("+2.5e-3", 2.5e-3);
    check_real("1E22", 1e22);
    check_real("1e23", 1e23);
    check_real("123456789012345678", 123456789012345678.0);
    check_real("9007199254740993", 9007199254740992.0); /* halfway: to even */
    check_real("9007199254740993.0000000000000000000000000000000000001", 9007199254740994.0);
    check_real("1.7976931348623157e308", 0x1.fffffffffffffp+1023);
    check_real("1e309", INFINITY);
    check_real("-1e999999999999999999999", -INFINITY);
    check_real("4.9406564584124654e-324", 0x1p-1074);
    check_real("2.4703282292062327e-324", 0.0); /* just below half of the least */
    check_real("2.4703282292062328e-324", 0x1p-1074);
    check_real("1e-400", 0.0);
    check_real("2.2250738585072011e-308", 0x0.fffffffffffffp-1022);
    check_real("inf", INFINITY);
    check_real("-Infinity", -INFINITY);
    double value = 0;
    assert_true(tenon__parse_f64(TENON__STR("NaN"), &value) && isnan(value));
    static const char *const wrong[] = {"",      ".",  "-",  "e5",   "1e",   "1e+",    "1,5",
                                        "0x1p3", " 1", "1 ", "1.5f", "infi", "nan(1)", "1..2"};
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        value = -77;
        if (tenon__parse_f64(tenon__str_of(wrong[i]), &value)) fail_msg("'%s' is taken", wrong[i]);
        assert_true(value == -77);
    }
    assert_true(tenon__parse_f64((tenon__str){"1.2345", 3}, &value) && value == 1.2);
}

/* The digits of a halfway case go on for hundreds of places; those behind the 800th matter by being
 * there. */
static void very_long_digits(void **state)
{
    (void)state;
    static char text[4000];
    memcpy(text, "9007199254740993.", 17);
    memset(text + 17, '0', 2000);
    text[2017] = '\0';
    check_real(text, 9007199254740992.0);
    text[2016] = '1';
    check_real(text, 9007199254740994.0);
    memset(text, '1', 3000);
    memcpy(text + 3000, "e-2999", 7);
    check_real(text, 0x1.1c71c71c71c72p+0);
    memset(text, '0', 3000);
    memcpy(text, "0.", 2);
    memcpy(text + 3000, "15e2999", 8);
    check_real(text, 1.5);
}

static void random_reals_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = test_random();
        double value;
        char text[64];
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        (void)snprintf(text, sizeof text, "%.17g", value);
        check_real(text, value);
        (void)snprintf(text, sizeof text, "%.*g", (int)test_random_in(1, 25), value);
        check_real(text, strtod(text, NULL));
    }
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ru_RU.UTF-8"};
    const char *set = NULL;
    for (size_t i = 0; i < TEST_COUNT(names) && !set; i++)
        set = setlocale(LC_ALL, names[i]);
    if (!set) test_skip("no locale with a decimal comma is installed");
    assert_true(strtod("1,5", NULL) == 1.5);
    check_real("1.5", 1.5);
    check_real("3.14159265358979323846264338327950288", 3.141592653589793);
    double value;
    assert_false(tenon__parse_f64(TENON__STR("1,5"), &value));
}

static void strings_compare_as_bytes(void **state)
{
    (void)state;
    assert_true(tenon__str_is(TENON__STR("abc"), "abc"));
    assert_false(tenon__str_is(TENON__STR("abc"), "abcd"));
    assert_true(tenon__str_equal((tenon__str){NULL, 0}, TENON__STR("")));
    assert_true(tenon__str_is(tenon__str_of(NULL), ""));
    char text[200], printed[200];
    memset(text, 'x', sizeof text);
    tenon__str longish = {text, sizeof text};
    assert_int_equal(snprintf(printed, sizeof printed, "%.*s", TENON__STR_ARG(longish)), 80);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(utf8_is_unicodes_table),
        CASE(the_hash_sees_every_bit),
        CASE(integers),
        CASE(reals),
        CASE(very_long_digits),
        CASE(random_reals_come_back),
        CASE(the_locale_does_not_matter),
        CASE(strings_compare_as_bytes),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
