/* SPDX-License-Identifier: Apache-2.0 */
/* Visibility and result checking of the public calls. */
#ifndef TENON_EXPORT_H
#define TENON_EXPORT_H

#if defined(__GNUC__)
#define TENON_API   __attribute__((visibility("default")))
#define TENON_CHECK __attribute__((warn_unused_result))
#else
#define TENON_API
#define TENON_CHECK
#endif

#endif
