/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_cancel: a one-way switch that ends loads and runs early. */
#ifndef TENON_CANCEL_H
#define TENON_CANCEL_H

#include <tenon/env.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_cancel tenon_cancel;

/* A new token, not set; destroy after everything that was given it has ended. */
TENON_API TENON_CHECK tenon_status tenon_cancel_create(tenon_env *env, tenon_cancel **out,
                                                       tenon_error *err);
/* Sets it for good. Any thread, also from a signal handler. Whatever looks at it ends within a
 * millisecond with TENON_ECANCELED; a session's state is as it was before the run. */
TENON_API void tenon_cancel_set(tenon_cancel *cancel);
TENON_API int tenon_cancel_is_set(const tenon_cancel *cancel);
TENON_API void tenon_cancel_destroy(tenon_cancel *cancel); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
