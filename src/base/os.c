/* SPDX-License-Identifier: Apache-2.0 */
/* Files, mappings, the clock and the environment, on Linux. */
#define _GNU_SOURCE /* O_PATH, syscall, madvise */
#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A file that is read, not mapped, may be read this far past its end (TENON_TENSOR_PAD_BYTES). */
#define PAD_BYTES 64
/* What comes through a pipe has no size to check beforehand. */
#define STREAM_MAX_BYTES ((size_t)4 << 30)

/* The system takes the address of memory that we gave out as const. */
static void *unconst(const void *p)
{
    void *q;
    memcpy(&q, &p, sizeof q);
    return q;
}

static tenon_status system_error(tenon_error *err, int code)
{
    tenon_status status = code == ENOENT || code == ENOTDIR ? TENON_ENOENT
                          : code == ENOMEM                  ? TENON_ENOMEM
                          : code == EISDIR                  ? TENON_EFORMAT
                                                            : TENON_EIO;
    return tenon__fail(err, status, "%s", strerror(code));
}

/* Until the end of the file, whatever its size was said to be. */
static tenon_status read_all(int fd, size_t expected, tenon__file *out, tenon_error *err)
{
    const tenon_allocator *a = out->allocator;
    uint8_t *data = NULL;
    size_t size = 0, capacity = 0;
    tenon_status status;
    for (;;) {
        if (size == capacity) {
            size_t grown = capacity ? capacity * 2 : expected ? expected + 1 : 64 * 1024;
            if (grown > expected + 1 && grown > STREAM_MAX_BYTES) {
                status = tenon__fail(err, TENON_ELIMIT, "more than %zu bytes, and no plain file",
                                     STREAM_MAX_BYTES);
                goto fail;
            }
            uint8_t *moved = tenon__realloc(a, data, size, grown + PAD_BYTES);
            if (!moved) {
                status = tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes", grown);
                goto fail;
            }
            data = moved, capacity = grown;
        }
        ssize_t n = read(fd, data + size, capacity - size);
        if (n == 0) break;
        if (n < 0 && errno != EINTR) {
            status = system_error(err, errno);
            goto fail;
        }
        if (n > 0) size += (size_t)n;
    }
    memset(data + size, 0, PAD_BYTES);
    if (size == 0) {
        tenon__free(a, data);
        data = NULL;
    }
    out->data = data, out->size = size;
    return TENON_OK;
fail:
    tenon__free(a, data);
    return status;
}

/* Takes the descriptor over. */
static tenon_status load(int fd, bool copy, bool plain_only, tenon__file *out, tenon_error *err)
{
    struct stat info;
    tenon_status status = TENON_OK;
    if (fstat(fd, &info) != 0) {
        status = system_error(err, errno);
    } else if (S_ISDIR(info.st_mode)) {
        status = tenon__fail(err, TENON_EFORMAT, "is a folder; a file is needed");
    } else if (!S_ISREG(info.st_mode) && plain_only) {
        status = tenon__fail(err, TENON_EFORMAT, "is no plain file");
    } else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > SIZE_MAX / 2) {
        status = tenon__fail(err, TENON_ELIMIT, "is too large");
    } else {
        /* Files of /proc say size 0 and have content: those are read. */
        size_t size = S_ISREG(info.st_mode) ? (size_t)info.st_size : 0;
        void *data = MAP_FAILED;
        if (size && !copy) data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            out->data = data, out->size = size, out->mapped = true;
        } else {
            status = read_all(fd, size, out, err);
        }
    }
    (void)close(fd);
    return status;
}

tenon_status tenon__file_open(const tenon_allocator *a, const char *path, bool copy,
                              tenon__file *out, tenon_error *err)
{
    *out = (tenon__file){.allocator = a};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    tenon_status status = fd < 0 ? system_error(err, errno) : load(fd, copy, false, out, err);
    return status == TENON_OK ? TENON_OK : tenon__error_where(err, status, "%s", path);
}

/* linux/openat2.h is not everywhere: the kernel's interface is spelled out. */
struct resolve_how {
    uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_MAGICLINKS_ 0x02
#define RESOLVE_BENEATH_       0x08
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Component by component, following no link. The name has no "..". */
static int open_by_components(int folder, char *name)
{
    int at = folder;
    for (char *part = name;;) {
        char *slash = strchr(part, '/');
        if (slash) *slash = '\0';
        const char *own = *part ? part : ".";
        int fd =
            openat(at, own,
                   slash ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC : OPEN_FLAGS | O_NOFOLLOW);
        int code = errno;
        /* A link where a folder should be is told from a file there. */
        struct stat info;
        if (fd < 0 && code == ENOTDIR && fstatat(at, own, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISLNK(info.st_mode))
            code = ELOOP;
        if (at != folder) (void)close(at);
        errno = code;
        if (fd < 0 || !slash) return fd;
        at = fd;
        part = slash + 1;
    }
}

static int open_beneath(int folder, char *name)
{
    struct resolve_how how = {.flags = OPEN_FLAGS,
                              .resolve = RESOLVE_BENEATH_ | RESOLVE_NO_MAGICLINKS_};
    long fd;
    int tries = 0;
    do {
        fd = syscall(SYS_openat2, folder, name, &how, sizeof how);
    } while (fd < 0 && errno == EAGAIN && ++tries < 8); /* somebody renamed while it looked */
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EAGAIN && errno != EINVAL))
        return (int)fd;
    return open_by_components(folder, name);
}

/* Relative, without "..", without a zero byte. */
static bool name_is_tame(tenon__str name)
{
    if (name.size == 0 || name.data[0] == '/' || memchr(name.data, '\0', name.size)) return false;
    for (size_t start = 0, i = 0; i <= name.size; i++) {
        if (i < name.size && name.data[i] != '/') continue;
        if (i - start == 2 && memcmp(name.data + start, "..", 2) == 0) return false;
        start = i + 1;
    }
    return true;
}

tenon_status tenon__file_open_beneath(const tenon_allocator *a, const char *folder, tenon__str name,
                                      bool copy, tenon__file *out, tenon_error *err)
{
    *out = (tenon__file){.allocator = a};
    tenon_status status;
    char text[4096];
    if (!name_is_tame(name)) {
        status = tenon__fail(err, TENON_EFORMAT, "must be a relative path without '..'");
        goto fail;
    }
    if (name.size >= sizeof text) {
        status =
            tenon__fail(err, TENON_ELIMIT, "the path is longer than %zu bytes", sizeof text - 1);
        goto fail;
    }
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    int at = open(*folder ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = at < 0 ? -1 : open_beneath(at, text);
    int code = errno;
    if (at >= 0) (void)close(at);
    if (fd >= 0) {
        status = load(fd, copy, true, out, err);
    } else if (code == EXDEV || code == ELOOP) {
        status = tenon__fail(err, TENON_EFORMAT, "a symbolic link leads out of the model's folder");
    } else {
        status = system_error(err, code);
    }
    if (status == TENON_OK) return TENON_OK;
fail:
    return tenon__error_where(err, status, "%s/%.*s", *folder ? folder : ".", TENON__STR_ARG(name));
}

void tenon__file_close(tenon__file *file)
{
    if (file->mapped)
        (void)munmap(unconst(file->data), file->size);
    else if (file->data)
        tenon__free(file->allocator, unconst(file->data));
    *file = (tenon__file){0};
}

void tenon__file_discard(const tenon__file *file, size_t offset, size_t size_bytes)
{
    long page = sysconf(_SC_PAGESIZE);
    if (!file->mapped || page <= 0 || offset >= file->size) return;
    if (size_bytes > file->size - offset) size_bytes = file->size - offset;
    size_t start = tenon__align_up(offset, (size_t)page);
    size_t end = (offset + size_bytes) & ~((size_t)page - 1);
    if (start >= end) return;
    (void)madvise(unconst(file->data + start), end - start, MADV_DONTNEED);
}

uint64_t tenon__clock_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

const char *tenon__getenv(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

size_t tenon__resident_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (n <= 0) return 0;
    text[n] = '\0';
    /* Pages: total, resident, ... */
    char *second = strchr(text, ' ');
    long page = sysconf(_SC_PAGESIZE);
    return second && page > 0 ? (size_t)strtoull(second, NULL, 10) * (size_t)page : 0;
}

uint64_t tenon__memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}
