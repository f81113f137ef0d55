/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses and the caller-owned error detail. */
#ifndef TENON_STATUS_H
#define TENON_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include <tenon/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, text): the one list that the enum, the names and the bindings come from. */
#define TENON_STATUS_MAP(X)                                                                        \
    X(OK, 0, "done")                                                                               \
    X(EINVAL, -1, "invalid argument")                                                              \
    X(ENOMEM, -2, "out of memory")                                                                 \
    X(EIO, -3, "input or output failed")                                                           \
    X(ENOENT, -4, "no such file or name")                                                          \
    X(EFORMAT, -5, "malformed data")                                                               \
    X(EUNSUPPORTED, -6, "not supported")                                                           \
    X(ESHAPE, -7, "shape mismatch")                                                                \
    X(ETYPE, -8, "type mismatch")                                                                  \
    X(ELIMIT, -9, "limit exceeded")                                                                \
    X(EAGAIN, -10, "not ready")                                                                    \
    X(ECANCELED, -11, "canceled")                                                                  \
    X(EDEADLINE, -12, "deadline passed")                                                           \
    X(EBUSY, -13, "busy")                                                                          \
    X(ECLOSED, -14, "closed")                                                                      \
    X(EBACKEND, -15, "backend failed")                                                             \
    X(EINTERNAL, -16, "internal error")

typedef enum tenon_status {
#define TENON_X(name, value, text) TENON_##name = value,
    TENON_STATUS_MAP(TENON_X)
#undef TENON_X
} tenon_status;

#define TENON_ERROR_WHERE_BYTES   128
#define TENON_ERROR_MESSAGE_BYTES 384

/* Detail of a failure. Owned by the caller, filled only when a call fails; may be NULL wherever it
 * is asked for. Needs no init: a call that fails overwrites all of it. */
typedef struct tenon_error {
    tenon_status status;
    char where[TENON_ERROR_WHERE_BYTES];     /* "FILE: node 'x' (Conv)", or "" */
    char message[TENON_ERROR_MESSAGE_BYTES]; /* what is wrong; what would be right */
} tenon_error;

/* The name ("TENON_EINVAL") and text of a status; never NULL. Any thread. */
TENON_API const char *tenon_status_name(tenon_status status);
TENON_API const char *tenon_status_text(tenon_status status);

#ifdef __cplusplus
}
#endif
#endif
