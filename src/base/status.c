/* SPDX-License-Identifier: Apache-2.0 */
/* Names of statuses, and filling a caller's tenon_error without memory. */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

const char *tenon_status_name(tenon_status status)
{
    switch (status) {
#define TENON_X(name, value, text)                                                                 \
    case TENON_##name:                                                                             \
        return "TENON_" #name;
        TENON_STATUS_MAP(TENON_X)
#undef TENON_X
    }
    return "TENON_UNKNOWN";
}

const char *tenon_status_text(tenon_status status)
{
    switch (status) {
#define TENON_X(name, value, text)                                                                 \
    case TENON_##name:                                                                             \
        return text;
        TENON_STATUS_MAP(TENON_X)
#undef TENON_X
    }
    return "unknown status";
}

/* Text that filled its buffer may end inside a UTF-8 sequence: drops that sequence. */
static void cut_at_character(char *text, size_t size_bytes)
{
    size_t end = strlen(text);
    if (end + 1 < size_bytes) return;
    size_t start = end;
    while (start > 0 && end - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0) return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (end - (start - 1) < needed) text[start - 1] = '\0';
}

static void print(char *out, size_t size_bytes, const char *fmt, va_list args)
{
    if (vsnprintf(out, size_bytes, fmt, args) < 0) out[0] = '\0';
    cut_at_character(out, size_bytes);
}

tenon_status tenon__fail(tenon_error *err, tenon_status status, const char *fmt, ...)
{
    if (!err) return status;
    err->status = status;
    err->where[0] = '\0';
    va_list args;
    va_start(args, fmt);
    print(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return status;
}

tenon_status tenon__error_where(tenon_error *err, tenon_status status, const char *fmt, ...)
{
    if (!err) return status;
    char inner[TENON_ERROR_WHERE_BYTES];
    memcpy(inner, err->where, sizeof inner);
    va_list args;
    va_start(args, fmt);
    print(err->where, sizeof err->where, fmt, args);
    va_end(args);
    if (inner[0]) {
        size_t used = strlen(err->where);
        (void)snprintf(err->where + used, sizeof err->where - used, "%s%s", used ? ": " : "",
                       inner);
        cut_at_character(err->where, sizeof err->where);
    }
    return err->status;
}
