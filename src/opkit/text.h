/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 and letter case, for operators on strings. */
#ifndef TENON_OPKIT_TEXT_H
#define TENON_OPKIT_TEXT_H

#include "graph/op.h"

/* One code point from [*at, size); a byte that starts none is taken as U+FFFD. Advances *at. */
uint32_t tenon__utf8_next(const char *data, size_t size, size_t *at);
/* Writes 1 to 4 bytes; returns how many. */
size_t tenon__utf8_put(uint32_t code, char *out);
/* Simple case mapping of Latin, Greek, Cyrillic and Armenian letters, one to one, whatever the
 * locale. */
uint32_t tenon__lower(uint32_t code);
uint32_t tenon__upper(uint32_t code);

/* The elements of a string tensor. */
static inline const tenon_string *tenon__strings(const tenon__view *v)
{
    return v->data;
}
/* TENON_ETYPE unless input i is a string tensor (or its type is not known yet). */
tenon_status tenon__check_strings(const tenon__infer *c, uint32_t i);
bool tenon__string_equal(tenon_string a, tenon_string b);
bool tenon__string_is(tenon_string a, tenon__str b);
/* Memory for strings that live until the next run. */
tenon_status tenon__string_alloc(const tenon__run *r, size_t size_bytes, char **out);

#endif
