/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz targets as ordinary tests: each file of tests/fuzz/corpus/TARGET is a case, fed whole and
 * cut short at up to 200 places. Linked to every tests/fuzz/TARGET.c where libFuzzer is not in
 * charge. */
#define _XOPEN_SOURCE 700
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUTS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `size` bytes, so that the address sanitizer sees a read past them. */
static void feed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) memcpy(copy, data, size);
    assert_int_equal(LLVMFuzzerTestOneInput(copy, size), 0);
    free(copy);
}

static void replay(void **state)
{
    const char *path = *state;
    struct stat info;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &info) != 0) fail_msg("cannot open %s", path);
    size_t size = (size_t)info.st_size;
    uint8_t *data = malloc(size ? size : 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
    feed(data, size);
    size_t step = size / CUTS + 1;
    for (size_t cut = 0; cut < size; cut += step)
        feed(data, cut);
    free(data);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const test_case *)a)->name, ((const test_case *)b)->name);
}

static char *text_of(const char *fmt, const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + strlen(fmt);
    char *text = malloc(size);
    if (text) (void)snprintf(text, size, fmt, a, b);
    return text;
}

int main(int argc, char **argv)
{
    test_case *cases = NULL;
    size_t count = 0;
    const char *target = strrchr(TENON_TEST_NAME, '/') + 1;
    char *folder = text_of("%s/tests/fuzz/corpus/%s", TENON_SOURCE_DIR, target);
    DIR *open = folder ? opendir(folder) : NULL;
    for (struct dirent *entry; open && (entry = readdir(open));) {
        if (entry->d_name[0] == '.') continue;
        test_case *grown = realloc(cases, (count + 1) * sizeof *cases);
        if (!grown) return 1;
        cases = grown;
        cases[count++] = (test_case){text_of("%s%s", entry->d_name, ""), replay,
                                     text_of("%s/%s", folder, entry->d_name)};
    }
    if (open) (void)closedir(open);
    if (count) qsort(cases, count, sizeof *cases, by_name);
    int status = test_main(argc, argv, cases, count);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)cases[i].name);
        free(cases[i].arg);
    }
    free(cases);
    free(folder);
    return status;
}
