/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of the command share: options, errors, values, signals. */
#ifndef TENON_CLI_H
#define TENON_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include <tenon/tenon.h>

/* Exit statuses of the contract. */
enum {
    EXIT_DONE = 0,
    EXIT_SHORT = 1,       /* a check fell short */
    EXIT_USAGE = 2,       /* the command line */
    EXIT_REFUSED = 3,     /* model or data */
    EXIT_ENVIRONMENT = 4, /* file, memory, disk, library */
    EXIT_INTERRUPTED = 130
};

enum { VERB_RUN = 1, VERB_INSPECT = 2, VERB_BENCH = 4, VERB_COMPARE = 8, VERB_DOCTOR = 16, VERB_ALL = 31 };

#define CLI_MAX_LIST 1024

typedef struct cli_list {
    const char *items[CLI_MAX_LIST];
    size_t count;
} cli_list;

/* Everything that the command line can say. Strings are borrowed from argv. */
typedef struct cli_args {
    unsigned verb;
    cli_list paths; /* what is no option: the model, or the folders to compare */
    cli_list inputs, shapes;
    const char *dtype, *output, *fill, *resize, *layout, *color, *mean, *scale, *labels, *cpu, *accuracy, *precision;
    const char *threads_list;
    unsigned threads;
    bool threads_set, json, profile, passes_off, graph, plan, help, budget_set;
    unsigned verbose;
    uint64_t budget_ns, repeat, seed, top, duration_ns;
    double rtol, atol;
} cli_args;

/* Prints "tenon: ..." as one line on stderr and returns `status`. */
int cli_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same from a library error; `loading`: a missing file is the environment's fault. */
int cli_fail_error(tenon_status st, const tenon_error *err, bool loading);

/* options.c: one table for parsing, --help and the man page. Returns -1 to go on, else an exit status (the error is said). */
int cli_parse(int argc, char **argv, cli_args *out);
void cli_print_help(FILE *to, unsigned verb);
void cli_print_man(FILE *to);
extern const char *const cli_verb_names[];

/* env.c */
typedef struct cli_context {
    const cli_args *args;
    tenon_env *env;
    tenon_cancel *cancel; /* set by Ctrl-C */
    tenon_model *model;
    const char *path;
} cli_context;
int cli_open(const cli_args *args, cli_context *out);                       /* env and cancel */
int cli_load(cli_context *c, const char *path);                             /* the model */
int cli_load_threads(cli_context *c, unsigned threads, tenon_session **out); /* a session */
void cli_close(cli_context *c);
bool cli_interrupted(void);

/* npy.c: NumPy's files. Errors are said on stderr; exit status, or EXIT_DONE. */
int npy_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, tenon_value **out);
int npy_write(FILE *f, const tenon_tensor *t);
bool npy_can_hold(tenon_dtype dtype);
/* Calls `each` for each array in an archive, name without ".npy". */
typedef int (*npz_fn)(void *ctx, const char *name, const uint8_t *data, size_t size);
int npz_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, npz_fn each, void *ctx);
typedef struct npz_writer npz_writer;
npz_writer *npz_create(FILE *f);
int npz_add(npz_writer *w, const char *name, const tenon_tensor *t);
int npz_close(npz_writer *w); /* frees it */

/* file.c: a whole file, "-" is stdin; new, free() it. */
int cli_read_file(const char *path, uint8_t **data, size_t *size);

/* input.c: every input of the model, from --input, --shape and --fill. */
typedef struct cli_inputs {
    tenon_value **values; /* per model input; NULL: not given */
    size_t count;
} cli_inputs;
int cli_inputs_make(cli_context *c, cli_inputs *out);
int cli_inputs_set(cli_context *c, const cli_inputs *in, tenon_session *session);
void cli_inputs_free(cli_inputs *in);

/* image.c, wav.c: a file's bytes as a tensor for `port`. */
int image_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, const tenon_port *port,
                tenon_value **out);
int wav_parse(cli_context *c, const char *what, const uint8_t *data, size_t size, const tenon_port *port,
              tenon_value **out);

/* output.c: as --output says. */
int cli_outputs_write(cli_context *c, tenon_session *session);
int cli_print_top(cli_context *c, tenon_session *session);
void cli_print_tensor(FILE *to, const char *name, const tenon_tensor *t);

/* json.c: a writer of one object; strings are escaped, numbers have '.' in any locale. */
typedef struct json {
    FILE *to;
    int depth;
    bool first;
} json;
void json_open(json *j, const char *key, char bracket); /* key NULL inside arrays; bracket '{' or '[' */
void json_close(json *j, char bracket);
void json_text(json *j, const char *key, const char *value);
void json_int(json *j, const char *key, int64_t value);
void json_real(json *j, const char *key, double value);
void json_bool(json *j, const char *key, bool value);
void json_null(json *j, const char *key);
void json_dims(json *j, const char *key, int rank, const int64_t *dims, const char *const *symbols);

/* The verbs. */
int verb_run(cli_context *c);
int verb_inspect(cli_context *c);
int verb_bench(cli_context *c);
int verb_compare(cli_context *c);
int verb_doctor(cli_context *c);

#endif
