/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files into memory. */
#define _GNU_SOURCE /* beyond C: POSIX calls */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

int cli_read_file(const char *path, uint8_t **data, size_t *size)
{
    bool from_stdin = strcmp(path, "-") == 0;
    struct stat info;
    *data = NULL;
    *size = 0;
    if (!from_stdin && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return cli_fail(EXIT_REFUSED, "%s: a folder; a file was expected", path);
    FILE *f = from_stdin ? stdin : fopen(path, "rb");
    if (!f) return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(errno));
    size_t room = 1 << 16, n = 0;
    uint8_t *block = malloc(room + TENON_TENSOR_PAD_BYTES);
    while (block) {
        n += fread(block + n, 1, room - n, f);
        if (n < room) break;
        uint8_t *larger = room < SIZE_MAX / 4 ? realloc(block, room * 2 + TENON_TENSOR_PAD_BYTES) : NULL;
        if (!larger) {
            free(block);
            block = NULL;
            break;
        }
        block = larger;
        room *= 2;
    }
    int failed = block ? ferror(f) : 0, why = errno;
    if (!from_stdin) fclose(f);
    if (!block) return cli_fail(EXIT_ENVIRONMENT, "%s: no memory for the file", path);
    if (failed) {
        free(block);
        return cli_fail(EXIT_ENVIRONMENT, "%s: %s", path, strerror(why));
    }
    memset(block + n, 0, TENON_TENSOR_PAD_BYTES);
    *data = block;
    *size = n;
    return EXIT_DONE;
}
