/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, a hash, and numbers, none of which asks the locale. */
#define _GNU_SOURCE /* strtod_l */
#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The length of the valid sequence at p (Unicode's table 3-7: no overlong forms, no surrogates), or
 * 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char lead = p[0], low = 0x80, high = 0xBF;
    size_t length;
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        length = 2;
    else if (lead >= 0xE0 && lead <= 0xEF)
        length = 3;
    else if (lead >= 0xF0 && lead <= 0xF4)
        length = 4;
    else
        return 0;
    if (left < length) return 0;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return length;
}

bool tenon__utf8_valid(const char *data, size_t size)
{
    const unsigned char *p = (const unsigned char *)data;
    for (size_t i = 0, length; i < size; i += length) {
        length = utf8_sequence(p + i, size - i);
        if (length == 0) return false;
    }
    return true;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

uint64_t tenon__hash64(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *p = data;
    uint64_t hash = mix(seed ^ UINT64_C(0x9e3779b97f4a7c15) ^ size), word;
    for (; size >= sizeof word; size -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        hash = mix(hash ^ word);
    }
    word = 0;
    if (size) memcpy(&word, p, size);
    return mix(hash ^ word);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tenon__parse_i64(tenon__str text, int64_t *out)
{
    size_t i = 0;
    bool negative = false;
    if (text.size && (text.data[0] == '-' || text.data[0] == '+')) negative = text.data[i++] == '-';
    if (i == text.size) return false;
    int64_t value = 0;
    for (; i < text.size; i++) {
        if (!is_digit(text.data[i])) return false;
        int digit = text.data[i] - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)(negative ? -digit : digit), &value))
            return false;
    }
    *out = value;
    return true;
}

/* More significant digits than this never change a double, save by not being zero. */
#define DIGITS_MAX 800

/* A decimal number: its significant digits, and the power of ten behind the last of them. */
typedef struct decimal {
    char digits[DIGITS_MAX + 1];
    size_t count;
    int64_t exponent;
    bool negative;
} decimal;

static void add_digit(decimal *d, char digit, bool fraction)
{
    if (d->count == 0 && digit == '0') {
        d->exponent -= fraction;
    } else if (d->count < DIGITS_MAX) {
        d->digits[d->count++] = digit;
        d->exponent -= fraction;
    } else {
        if (digit != '0') d->digits[DIGITS_MAX - 1] = '1'; /* sticky: something follows */
        d->exponent += !fraction;
    }
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before or behind the point. */
static bool scan_decimal(tenon__str text, decimal *d)
{
    const char *p = text.data, *end = text.data + text.size;
    size_t seen = 0;
    d->count = 0, d->exponent = 0, d->negative = false;
    if (p < end && (*p == '-' || *p == '+')) d->negative = *p++ == '-';
    for (; p < end && is_digit(*p); p++, seen++)
        add_digit(d, *p, false);
    if (p < end && *p == '.')
        for (p++; p < end && is_digit(*p); p++, seen++)
            add_digit(d, *p, true);
    if (seen == 0) return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        bool negative = false;
        if (p < end && (*p == '-' || *p == '+')) negative = *p++ == '-';
        if (p == end) return false;
        int64_t exponent = 0;
        for (; p < end && is_digit(*p); p++)
            if (exponent < INT64_C(1000000000000)) exponent = exponent * 10 + (*p - '0');
        d->exponent += negative ? -exponent : exponent;
    }
    return p == end;
}

/* Exact where both the digits and the power of ten are exact doubles (Clinger). */
static bool exact_product(const decimal *d, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->count > 15 || d->exponent < -22 || d->exponent > 22) return false;
    uint64_t digits = 0;
    for (size_t i = 0; i < d->count; i++)
        digits = digits * 10 + (uint64_t)(d->digits[i] - '0');
    double value = (double)digits;
    *out = d->exponent < 0 ? value / powers[-d->exponent] : value * powers[d->exponent];
    return true;
}

static bool rounded_by_libc(decimal *d, double *out)
{
    char buffer[DIGITS_MAX + 32];
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0) return false;
    int64_t exponent = d->exponent;
    if (exponent > 9999) exponent = 9999;
    if (exponent < -9999) exponent = -9999;
    (void)snprintf(buffer, sizeof buffer, "%.*se%d", (int)d->count, d->digits, (int)exponent);
    *out = strtod_l(buffer, NULL, plain);
    freelocale(plain);
    return true;
}

/* "inf", "infinity" and "nan" in any case. */
static bool scan_word(tenon__str text, double *out)
{
    char word[9] = "";
    size_t start = text.size && (text.data[0] == '-' || text.data[0] == '+');
    if (text.size - start >= sizeof word) return false;
    for (size_t i = start; i < text.size; i++) {
        char c = text.data[i];
        word[i - start] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    bool inf = strcmp(word, "inf") == 0 || strcmp(word, "infinity") == 0;
    if (!inf && strcmp(word, "nan") != 0) return false;
    *out = inf ? INFINITY : NAN;
    if (start && text.data[0] == '-') *out = -*out;
    return true;
}

bool tenon__parse_f64(tenon__str text, double *out)
{
    decimal d;
    double value;
    if (!text.size) return false;
    if (!scan_decimal(text, &d)) return scan_word(text, out);
    if (!exact_product(&d, &value) && !rounded_by_libc(&d, &value)) return false;
    *out = d.negative ? -value : value;
    return true;
}
