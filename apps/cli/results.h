/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of a run, as they lie in files: what `compare` reads. */
#ifndef TENON_CLI_RESULTS_H
#define TENON_CLI_RESULTS_H

#include "cli.h"

typedef struct result {
    char *name;
    tenon_value *value;
} result;

typedef struct results {
    result *items;
    size_t count, room;
    bool named; /* else by position: the names are those of files */
} results;

/* A folder with outputs.json, or with output_0.pb and on; or one .npy, .npz or .pb. Errors are said
 * on stderr; free the results in any case. */
int results_load(cli_context *c, const char *path, results *out);
void results_free(results *r);

/* outputs.json: an array of objects with "name" and "file", both of which `each` borrows. Returns
 * what `each` does if not EXIT_DONE. */
typedef int (*results_fn)(void *ctx, const char *name, const char *file);
int results_parse_index(const char *what, const char *text, size_t size, results_fn each,
                        void *ctx);

#endif
