/* SPDX-License-Identifier: Apache-2.0 */
/* The engine tested on this machine: what `doctor` does. */
#ifndef TENON_CLI_SELFTEST_H
#define TENON_CLI_SELFTEST_H

#include "cli.h"

typedef struct selftest {
    const char *asked;    /* "avx2", as for --cpu */
    bool available;       /* else the CPU lacks it */
    char in_use[128];     /* as tenon_env_cpu has it */
    unsigned threads;     /* 1 to so many were run */
    double largest_error; /* relative to the largest element */
    bool same_bits;       /* for all thread counts, and in steps of one tile */
    bool ok;
} selftest;

/* Runs a small network on the instruction sets `asked` with 1 to `threads` threads (0: as many as
 * the environment says) and sets it against plain C. EXIT_DONE unless it could not be tested. */
int selftest_run(const cli_args *args, const char *asked, unsigned threads, selftest *out);

#endif
