/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of the command share: options, errors, values, signals. */
#ifndef TENON_CLI_H
#define TENON_CLI_H

#include <stdbool.h>
#include <stdint.h>
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

enum {
    VERB_RUN = 1,
    VERB_INSPECT = 2,
    VERB_BENCH = 4,
    VERB_COMPARE = 8,
    VERB_DOCTOR = 16,
    VERB_ALL = 31
};

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
    const char *dtype, *output, *fill, *resize, *layout, *color, *mean, *scale, *labels, *cpu;
    const char *accuracy, *precision;
    unsigned threads[64]; /* as listed; none where the option is absent */
    size_t thread_counts;
    bool json, profile, passes_off, graph, plan, help, budget_set;
    unsigned verbose;
    uint64_t budget_ns, repeat, seed, top, duration_ns;
    double rtol, atol;
} cli_args;

/* Prints "tenon: ..." as one line on stderr and returns `status`. */
int cli_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same from a library error; `loading`: a missing file is the environment's fault. */
int cli_fail_error(tenon_status st, const tenon_error *err, bool loading);
/* The same for a file of data: `what` stands in front. */
int cli_fail_data(const char *what, tenon_status st, const tenon_error *err);
/* `text` from a file with control characters as '?', cut to size; returns `out`, which may be
 * `text`. */
const char *cli_clean(const char *text, char *out, size_t size);
/* Whether stream `fd` is a terminal that may be decorated (NO_COLOR is not set). */
bool cli_decorated(int fd);

/* options.c: one table for parsing, --help and the man page. Returns -1 to go on, else an exit
 * status (the error is said). */
int cli_parse(int argc, char **argv, cli_args *out);
void cli_print_man(FILE *to);
/* "1x3x224" or "scalar". */
bool cli_parse_dims(const char *text, int *rank, int64_t dims[TENON_MAX_RANK]);

/* context.c: what a verb works with. Zeros but for `args` before cli_open and after cli_close. */
typedef struct cli_context {
    const cli_args *args;
    tenon_env *env;
    tenon_cancel *cancel; /* set by Ctrl-C */
    tenon_model *model;
    const char *path; /* of the model */
} cli_context;
/* env and cancel; `threads` 0: as the environment says; `cpu` NULL: as it says. */
int cli_open(cli_context *c, unsigned threads, const char *cpu);
int cli_load(cli_context *c, const char *path);
int cli_session(cli_context *c, unsigned threads, bool profile, tenon_session **out);
void cli_close(cli_context *c);
void cli_catch_interrupts(void);
bool cli_interrupted(void);

/* file.c: a whole file, "-" is stdin; new, free() it. TENON_TENSOR_PAD_BYTES of zeros follow. */
int cli_read_file(const char *path, uint8_t **data, size_t *size);
bool cli_ends(const char *path, const char *ending); /* in either case */
uint32_t cli_le32(const uint8_t *p);
uint64_t cli_le64(const uint8_t *p);

/* number.c: elements as numbers. */
bool cli_is_number(tenon_dtype dtype); /* not strings, not complex */
bool cli_is_float(tenon_dtype dtype);
/* Exact but for integers beyond 2^53. */
double cli_number_get(const tenon_tensor *t, int64_t index);
/* Rounded to nearest, integers clamped; false for a dtype of less than a byte, float8, complex and
 * strings. */
bool cli_number_put(tenon_dtype dtype, double value, void *at);

/* npy.c: NumPy's arrays. Errors are said on stderr; exit status, or EXIT_DONE. */
int npy_parse(cli_context *c, const char *what, const uint8_t *data, size_t size,
              tenon_value **out);
int npy_write(FILE *f, const tenon_tensor *t); /* not 0: errno says why */
bool npy_can_hold(tenon_dtype dtype);

/* npz.c: NumPy's archives. Calls `each` for each array, name without ".npy". */
typedef int (*npz_fn)(void *ctx, const char *name, const uint8_t *data, size_t size);
int npz_parse(const char *what, const uint8_t *data, size_t size, npz_fn each, void *ctx);
typedef struct npz_writer npz_writer;
npz_writer *npz_create(FILE *f);
int npz_add(npz_writer *w, const char *name, const tenon_tensor *t); /* not 0: errno says why */
int npz_close(npz_writer *w);                                        /* frees it */

/* inflate.c: raw DEFLATE data (RFC 1951) of exactly dst_size bytes. */
bool cli_inflate(const uint8_t *src, size_t src_size, uint8_t *dst, size_t dst_size);

/* input.c: every input of the model, from --input, --shape and `fill` (zeros, random or NULL). */
typedef struct cli_shape {
    int rank; /* -1: not given */
    int64_t dims[TENON_MAX_RANK];
} cli_shape;
typedef struct cli_inputs {
    tenon_value **values; /* for each input of the model; NULL: not given */
    cli_shape *shapes;    /* for each, from --shape */
    size_t count;
} cli_inputs;
/* Whether --input or --shape names something that is no input of the model. */
bool cli_inputs_name_others(const cli_context *c);
int cli_inputs_make(cli_context *c, const char *fill, cli_inputs *out);
int cli_inputs_set(cli_context *c, const cli_inputs *in, tenon_session *session);
void cli_inputs_free(cli_inputs *in);
/* The type of a port as people read it: "float32[batch,3,?,?]", "sequence(float32)". */
const char *cli_port_text(const tenon_port *port, char *out, size_t size);

/* image.c, wav.c: a file's bytes as a tensor for `port`. */
int image_parse(cli_context *c, const char *what, const uint8_t *data, size_t size,
                const tenon_port *port, tenon_value **out);
bool image_is(const uint8_t *data, size_t size); /* PNG or JPEG, by its first bytes */
int wav_parse(cli_context *c, const char *what, const uint8_t *data, size_t size,
              const tenon_port *port, tenon_value **out);
bool wav_is(const uint8_t *data, size_t size);

/* output.c: as --output says. top.c: the largest elements. */
int cli_outputs_write(cli_context *c, tenon_session *session);
int cli_output_get(cli_context *c, tenon_session *s, size_t index, tenon_port *port,
                   const tenon_tensor **tensor, const tenon_value **value);
int cli_print_top(cli_context *c, tenon_session *session);

/* json.c: a writer; strings are escaped. */
typedef struct json {
    FILE *to;
    int depth;
    bool first;
} json;
void json_open(json *j, const char *key, char bracket); /* key NULL in arrays; '{' or '[' */
void json_close(json *j, char bracket);
void json_text(json *j, const char *key, const char *value);
void json_int(json *j, const char *key, int64_t value);
void json_real(json *j, const char *key, double value); /* null where not finite */
void json_bool(json *j, const char *key, bool value);
void json_null(json *j, const char *key);
void json_dims(json *j, const char *key, int rank, const int64_t *dims, const char *const *symbols);

/* steps.c: the plan of a session as last bound. */
void cli_print_profile(FILE *to, const tenon_session *s);
void cli_print_plan(FILE *to, const tenon_session *s);
void cli_json_plan(json *j, const tenon_session *s);

/* peak.c: float32 multiply-adds that `threads` cores reach together, in 10^9 FLOP a second.
 * `cpu` as tenon_env_cpu gives it. 0 where threads cannot be started. */
double cli_peak_gflops(unsigned threads, const char *cpu);

/* The verbs. */
int verb_run(cli_context *c);
int verb_inspect(cli_context *c);
int verb_bench(cli_context *c);
int verb_compare(cli_context *c);
int verb_doctor(cli_context *c);

#endif
