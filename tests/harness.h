/* SPDX-License-Identifier: Apache-2.0 */
/* A thin layer over cmocka: each case runs in its own process, so that a crash or a hang is a
 * result. A program is
 *
 *     static void adds(void **state) { (void)state; assert_int_equal(1 + 1, 2); }
 *     int main(int argc, char **argv)
 *     {
 *         static const test_case cases[] = {CASE(adds)};
 *         return test_main(argc, argv, cases, TEST_COUNT(cases));
 *     }
 *
 * and takes --filter TEXT (part of "area/program:case"), --seed N and --list. Its last line is
 * "N passed, N failed, N skipped"; it exits 1 if a case failed. */
#ifndef TENON_TESTS_HARNESS_H
#define TENON_TESTS_HARNESS_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct test_case {
    const char *name;
    void (*run)(void **state); /* *state is `arg` */
    void *arg;
} test_case;

/* clang-format off */
#define CASE(fn)          {#fn, fn, NULL}
/* clang-format on */
#define TEST_COUNT(cases) (sizeof(cases) / sizeof *(cases))

/* The cases may be made at run time (one for each kernel row). Returns what main returns. */
int test_main_of(const char *program, int argc, char **argv, const test_case *cases, size_t count);
#ifdef TENON_TEST_NAME
#define test_main(argc, argv, cases, count) test_main_of(TENON_TEST_NAME, argc, argv, cases, count)
#endif

/* Ends the case as skipped. The reason is printed, and must be one that tests/skips names. */
_Noreturn void test_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The folder of models and reference results: TENON_TEST_DATA, else ../shared/data beside the
 * source tree. Skips the case where neither is there. */
const char *test_data(void);

/* True under `make torture`: a case may take minutes. */
bool test_long(void);

/* True where tests/run.py --wrap runs the program under an emulator. */
bool test_emulated(void);

/* `rounds` of random work; an eighth of them under an emulator, which is slow. */
static inline int test_rounds(int rounds)
{
    return test_emulated() ? (rounds + 7) / 8 : rounds;
}

/* Random numbers that depend only on --seed and the case's name. */
uint64_t test_random(void);
/* In [low, high], both counted. */
int64_t test_random_in(int64_t low, int64_t high);
/* In [low, high). */
double test_random_real(double low, double high);

/* A temporary folder of this case, removed when it ends. */
const char *test_folder(void);

#endif
