/* SPDX-License-Identifier: Apache-2.0 */
/* The version: of this header, and of the library that runs. */
#ifndef TENON_VERSION_H
#define TENON_VERSION_H

#include <tenon/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The build reads these. MAJOR is the promise: within one major (while it is 0, within one minor)
 * programs keep compiling and linking. It is also the number in the shared object's name. */
#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1
#define TENON_VERSION_PATCH 0
#define TENON_VERSION                                                                              \
    (TENON_VERSION_MAJOR * 10000 + TENON_VERSION_MINOR * 100 + TENON_VERSION_PATCH)

/* Of the library in the process, in the same units as TENON_VERSION; may differ from the header's.
 * Any thread. */
TENON_API int tenon_version(void);
TENON_API const char *tenon_version_text(void); /* "0.1.0"; never NULL, static */

#ifdef __cplusplus
}
#endif
#endif
