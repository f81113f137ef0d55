/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes, and a few things done to text whatever the locale. */
#ifndef TENON_BASE_STR_H
#define TENON_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct tenon__str {
    const char *data; /* not terminated; may be NULL where size is 0 */
    size_t size;
} tenon__str;

#define TENON__STR(literal) ((tenon__str){literal, sizeof(literal) - 1})
/* For printf("%.*s"): long text is cut at 80 bytes, since names come from files. */
#define TENON__STR_ARG(s) ((s).size > 80 ? 80 : (int)(s).size), ((s).data ? (s).data : "")

static inline tenon__str tenon__str_of(const char *text)
{
    tenon__str s = {text, text ? strlen(text) : 0};
    return s;
}

static inline bool tenon__str_equal(tenon__str a, tenon__str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool tenon__str_is(tenon__str a, const char *text)
{
    return tenon__str_equal(a, tenon__str_of(text));
}

bool tenon__utf8_valid(const char *data, size_t size);
uint64_t tenon__hash64(const void *data, size_t size, uint64_t seed); /* not cryptographic */

/* Numbers with '.' whatever the locale. */
bool tenon__parse_i64(tenon__str text, int64_t *out);
bool tenon__parse_f64(tenon__str text, double *out);

#endif
