/* SPDX-License-Identifier: Apache-2.0 */
/* Files: mapped, read, refused, and kept beneath their folder. */
#define _GNU_SOURCE /* symlink, mkfifo */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"

static char path_buffer[8][512];
/* "folder/name"; the last eight stay valid. */
static const char *in(const char *folder, const char *name)
{
    static int turn;
    char *out = path_buffer[turn++ % 8];
    (void)snprintf(out, sizeof path_buffer[0], "%s/%s", folder, name);
    return out;
}

static void put(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static const tenon_allocator *memory(void)
{
    return tenon__allocator_default();
}

static void a_file_is_mapped_or_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 64, 4095, 4096, 4097, 1000000};
    static uint8_t data[1000000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)test_random();
    for (size_t i = 0; i < TEST_COUNT(sizes); i++)
        for (int copy = 0; copy < 2; copy++) {
            const char *path = in(test_folder(), "file");
            tenon__file file;
            put(path, data, sizes[i]);
            assert_int_equal(tenon__file_open(memory(), path, copy, &file, NULL), TENON_OK);
            assert_int_equal(file.size, sizes[i]);
            assert_int_equal(file.mapped, !copy && sizes[i] > 0);
            if (sizes[i])
                assert_memory_equal(file.data, data, sizes[i]);
            else
                assert_null(file.data);
            if (copy && sizes[i])
                for (size_t k = 0; k < 64; k++) /* may be read past the end */
                    assert_int_equal(file.data[sizes[i] + k], 0);
            tenon__file_discard(&file, 0, file.size);
            tenon__file_discard(&file, 5000, SIZE_MAX);
            if (sizes[i]) assert_memory_equal(file.data, data, sizes[i]);
            tenon__file_close(&file);
            assert_null(file.data);
            tenon__file_close(&file);
        }
}

static void files_without_a_size_are_read(void **state)
{
    (void)state;
    tenon__file file;
    assert_int_equal(tenon__file_open(memory(), "/proc/self/status", false, &file, NULL), TENON_OK);
    assert_false(file.mapped);
    assert_true(file.size > 100);
    assert_memory_equal(file.data, "Name:", 5);
    tenon__file_close(&file);
}

static void *write_pipe(void *path)
{
    static char data[300000];
    memset(data, 'p', sizeof data);
    put(path, data, sizeof data);
    return NULL;
}

static void pipes_are_read_to_their_end(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/pipe", test_folder());
    assert_int_equal(mkfifo(path, 0600), 0);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_pipe, path), 0);
    tenon__file file;
    assert_int_equal(tenon__file_open(memory(), path, false, &file, NULL), TENON_OK);
    assert_int_equal(file.size, 300000);
    assert_int_equal(file.data[299999], 'p');
    tenon__file_close(&file);
    assert_int_equal(pthread_join(writer, NULL), 0);
    /* Beneath a model's folder a pipe is refused, and does not hang. */
    assert_int_equal(
        tenon__file_open_beneath(memory(), test_folder(), TENON__STR("pipe"), false, &file, NULL),
        TENON_EFORMAT);
}

static void failures_say_the_path_and_the_reason(void **state)
{
    (void)state;
    tenon__file file;
    tenon_error err;
    const char *absent = in(test_folder(), "absent");
    assert_int_equal(tenon__file_open(memory(), absent, false, &file, &err), TENON_ENOENT);
    assert_int_equal(strncmp(err.where, absent, sizeof err.where - 1), 0);
    assert_true(strlen(err.message) > 5);
    assert_null(file.data);
    assert_int_equal(tenon__file_open(memory(), test_folder(), false, &file, &err), TENON_EFORMAT);
    assert_non_null(strstr(err.message, "folder"));
    put(in(test_folder(), "plain"), "x", 1);
    assert_int_equal(
        tenon__file_open(memory(), in(test_folder(), "plain/below"), false, &file, &err),
        TENON_ENOENT);
    assert_int_equal(tenon__file_open(memory(), "/proc/self/mem", true, &file, &err), TENON_EIO);
    assert_int_equal(tenon__file_open(memory(), "", true, &file, NULL), TENON_ENOENT);
}

static void *no_memory(void *user, size_t size_bytes, size_t alignment)
{
    (void)user, (void)size_bytes, (void)alignment;
    return NULL;
}

static void reading_without_memory_fails(void **state)
{
    (void)state;
    const tenon_allocator none = {NULL, no_memory, memory()->free};
    tenon__file file;
    const char *path = in(test_folder(), "file");
    put(path, "abc", 3);
    assert_int_equal(tenon__file_open(&none, path, true, &file, NULL), TENON_ENOMEM);
    assert_int_equal(tenon__file_open(&none, path, false, &file, NULL), TENON_OK);
    tenon__file_close(&file);
}

static tenon_status beneath(const char *folder, const char *name, const char *content)
{
    tenon__file file;
    tenon_error err;
    tenon_status status =
        tenon__file_open_beneath(memory(), folder, tenon__str_of(name), false, &file, &err);
    if (status == TENON_OK) {
        assert_int_equal(file.size, strlen(content));
        assert_memory_equal(file.data, content, file.size);
        tenon__file_close(&file);
    } else {
        assert_true(err.message[0] && err.where[0]);
    }
    return status;
}

static void data_stays_beneath_its_folder(void **state)
{
    (void)state;
    char folder[300], text[5000];
    (void)snprintf(folder, sizeof folder, "%s/model", test_folder());
    put(in(test_folder(), "secret"), "secret", 6);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkdir(in(folder, "sub"), 0700), 0);
    assert_int_equal(mkdir(in(folder, "sub/deeper"), 0700), 0);
    put(in(folder, "weights"), "w", 1);
    put(in(folder, "sub/deeper/data"), "deep", 4);
    put(in(folder, "..dots"), "dots", 4);
    assert_int_equal(symlink("../secret", in(folder, "leak")), 0);
    assert_int_equal(symlink(in(test_folder(), "secret"), in(folder, "leak-absolute")), 0);
    assert_int_equal(symlink("..", in(folder, "up")), 0);
    assert_int_equal(symlink("loop", in(folder, "loop")), 0);

    assert_int_equal(beneath(folder, "weights", "w"), TENON_OK);
    assert_int_equal(beneath(folder, "./weights", "w"), TENON_OK);
    assert_int_equal(beneath(folder, "sub/deeper/data", "deep"), TENON_OK);
    assert_int_equal(beneath(folder, "sub//deeper/./data", "deep"), TENON_OK);
    assert_int_equal(beneath(folder, "..dots", "dots"), TENON_OK);

    assert_int_equal(beneath(folder, "absent", ""), TENON_ENOENT);
    assert_int_equal(beneath(folder, "absent/weights", ""), TENON_ENOENT);
    assert_int_equal(beneath(folder, "weights/x", ""), TENON_ENOENT);
    assert_int_equal(beneath(folder, "sub", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "..", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "../secret", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "sub/../../secret", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "sub/..", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, in(test_folder(), "secret"), ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "leak", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "leak-absolute", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "up/secret", ""), TENON_EFORMAT);
    assert_int_equal(beneath(folder, "loop", ""), TENON_EFORMAT);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(beneath(folder, text, ""), TENON_ELIMIT);
    tenon__file file;
    tenon__str zero = {"weights\0/../x", 13};
    assert_int_equal(tenon__file_open_beneath(memory(), folder, zero, false, &file, NULL),
                     TENON_EFORMAT);
    assert_int_equal(beneath(in(folder, "no-such-folder"), "weights", ""), TENON_ENOENT);

    assert_int_equal(chdir(folder), 0);
    assert_int_equal(beneath("", "weights", "w"), TENON_OK);
    assert_int_equal(beneath(".", "weights", "w"), TENON_OK);
}

static void the_rest_of_the_system(void **state)
{
    (void)state;
    uint64_t before = tenon__clock_ns();
    struct timespec little = {0, 2000000};
    (void)nanosleep(&little, NULL);
    uint64_t passed = tenon__clock_ns() - before;
    assert_in_range(passed, 2000000, UINT64_C(60000000000));

    assert_int_equal(setenv("TENON_TEST_VARIABLE", "x", 1), 0);
    assert_string_equal(tenon__getenv("TENON_TEST_VARIABLE"), "x");
    assert_int_equal(setenv("TENON_TEST_VARIABLE", "", 1), 0);
    assert_null(tenon__getenv("TENON_TEST_VARIABLE"));
    assert_int_equal(unsetenv("TENON_TEST_VARIABLE"), 0);
    assert_null(tenon__getenv("TENON_TEST_VARIABLE"));

    size_t resident = tenon__resident_bytes(), size = (size_t)64 << 20;
    assert_true(resident > 100000);
    char *block = malloc(size);
    assert_non_null(block);
    memset(block, 1, size);
    assert_true(tenon__resident_bytes() > resident + size / 2);
    assert_int_equal(block[size - 1], 1);
    free(block);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(a_file_is_mapped_or_read),     CASE(files_without_a_size_are_read),
        CASE(pipes_are_read_to_their_end),  CASE(failures_say_the_path_and_the_reason),
        CASE(reading_without_memory_fails), CASE(data_stays_beneath_its_folder),
        CASE(the_rest_of_the_system),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
