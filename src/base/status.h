/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a caller's tenon_error. */
#ifndef TENON_BASE_STATUS_H
#define TENON_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>

#include <tenon/status.h>

#if defined(__GNUC__)
#define TENON__PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TENON__UNUSED            __attribute__((unused))
#else
#define TENON__PRINTF(fmt, args)
#define TENON__UNUSED
#endif

/* Sets the whole of `err` (which may be NULL) with an empty `where`, and returns `status`, so that
 * a caller writes `return tenon__fail(err, TENON_ESHAPE, "...", ...);`. Needs no memory; cuts long
 * text at a character boundary. */
tenon_status tenon__fail(tenon_error *err, tenon_status status, const char *fmt, ...)
    TENON__PRINTF(3, 4);

/* Puts `where` in front of what is there ("FILE" before "node 'x' (Conv)"), joined by ": ". Returns
 * err->status, or `status` where err is NULL. */
tenon_status tenon__error_where(tenon_error *err, tenon_status status, const char *fmt, ...)
    TENON__PRINTF(3, 4);

#endif
