/* SPDX-License-Identifier: Apache-2.0 */
/* What the library asks of the operating system: files, mappings, the clock, the environment. */
#ifndef TENON_BASE_OS_H
#define TENON_BASE_OS_H

#include "base/alloc.h"
#include "base/status.h"
#include "base/str.h"

typedef struct tenon__file {
    const uint8_t *data; /* read-only; NULL where size is 0 */
    size_t size;
    bool mapped; /* else read into memory of `allocator` */
    const tenon_allocator *allocator;
} tenon__file;

/* Maps `path` read-only (or reads it where `copy`, or where it cannot be mapped). TENON_ENOENT,
 * TENON_EIO, TENON_EFORMAT for a folder; the message says the system's reason, `where` is the path.
 */
tenon_status tenon__file_open(const tenon_allocator *a, const char *path, bool copy,
                              tenon__file *out, tenon_error *err);
/* The same for `name` beneath `folder`: absolute names, ".." and symbolic links that leave it are
 * refused (openat2 RESOLVE_BENEATH where the kernel has it, else component by component without
 * following links). */
tenon_status tenon__file_open_beneath(const tenon_allocator *a, const char *folder, tenon__str name,
                                      bool copy, tenon__file *out, tenon_error *err);
void tenon__file_close(tenon__file *file);
/* Tells the system that these bytes are not needed soon (whole pages inside the range only). */
void tenon__file_discard(const tenon__file *file, size_t offset, size_t size_bytes);

uint64_t tenon__clock_ns(void);              /* monotonic */
const char *tenon__getenv(const char *name); /* NULL where unset or empty */
size_t tenon__resident_bytes(void);          /* of the process; 0 where unknown */
uint64_t tenon__memory_bytes(void);          /* of the machine; 0 where unknown */

#endif
