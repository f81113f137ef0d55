/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files into memory, and the small things that readers of files share. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* Reads `f` to its end into a growing block, NULL where memory is out. */
static uint8_t *read_all(FILE *f, size_t room, size_t *size)
{
    size_t n = 0;
    uint8_t *block = malloc(room + TENON_TENSOR_PAD_BYTES);
    while (block) {
        n += fread(block + n, 1, room - n, f);
        if (n < room) break;
        uint8_t *larger =
            room < SIZE_MAX / 4 ? realloc(block, room * 2 + TENON_TENSOR_PAD_BYTES) : NULL;
        if (!larger) free(block);
        block = larger;
        room *= 2;
    }
    *size = n;
    return block;
}

int cli_read_file(const char *path, uint8_t **data, size_t *size)
{
    bool from_stdin = strcmp(path, "-") == 0;
    struct stat info = {0};
    *data = NULL;
    *size = 0;
    if (!from_stdin && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return cli_fail(EXIT_REFUSED, "%s: a folder; a file was expected", path);
    FILE *f = from_stdin ? stdin : fopen(path, "rb");
    if (!f) return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
    size_t expected = info.st_size > 0 && (uint64_t)info.st_size < SIZE_MAX / 4
                          ? (size_t)info.st_size + 1
                          : 1 << 16;
    uint8_t *block = read_all(f, expected, size);
    int failed = ferror(f), why = errno;
    if (!from_stdin) fclose(f);
    if (!block) return cli_fail(EXIT_ENVIRONMENT, "%s: no memory for the file", path);
    if (failed) {
        free(block);
        return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(why));
    }
    memset(block + *size, 0, TENON_TENSOR_PAD_BYTES);
    *data = block;
    return EXIT_DONE;
}

bool cli_ends(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    if (n < m) return false;
    for (size_t i = 0; i < m; i++) {
        char ch = path[n - m + i];
        if ((ch >= 'A' && ch <= 'Z' ? ch + 32 : ch) != ending[i]) return false;
    }
    return true;
}

uint32_t cli_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t cli_le64(const uint8_t *p)
{
    return cli_le32(p) | (uint64_t)cli_le32(p + 4) << 32;
}
