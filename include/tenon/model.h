/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_model: a loaded, checked, immutable graph with its weights. */
#ifndef TENON_MODEL_H
#define TENON_MODEL_H

#include <stdbool.h>

#include <tenon/cancel.h>
#include <tenon/env.h>
#include <tenon/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_model tenon_model;

/* Called from the loading thread; `done` and `total` are in bytes and never go back. Returning
 * false cancels. */
typedef bool (*tenon_progress_fn)(void *user, uint64_t done, uint64_t total);

typedef enum tenon_accuracy {
    TENON_ACCURACY_STANDARD = 0, /* within 1e-4 of the largest output */
    TENON_ACCURACY_STRICT =
        1, /* no Winograd: as the operator's definition, rounded per operation */
    TENON_ACCURACY_FAST = 2
} tenon_accuracy;

typedef struct tenon_model_options {
    size_t size;    /* sizeof(tenon_model_options) */
    bool copy;      /* read the file instead of mapping it: for files that may change or shrink */
    bool no_passes; /* run the graph as it stands, rewritten by nothing */
    tenon_accuracy accuracy;
    const tenon_cancel *cancel; /* borrowed for the call; may be NULL */
    uint64_t deadline_ns;       /* on the clock of tenon_clock_ns; 0: none */
    tenon_progress_fn progress; /* may be NULL */
    void *progress_user;
    uint64_t max_bytes;     /* memory that the load may take; 0: 256 MB + 8 times the file */
    uint64_t max_run_bytes; /* memory that one session may take; 0: 256 MB + 8 times the file, at
                               least 4 GB */
    const char
        *folder; /* where external data lies for a model from memory or a reader; NULL: refused */
    /* Keep inputs that have a default in the file (ONNX: initialisers listed as inputs) open to be
     * set. Otherwise they are constants, which is faster: weights are packed only then. */
    bool open_defaults;
} tenon_model_options;

#define TENON_MODEL_OPTIONS_INIT                                                                   \
    {                                                                                              \
        sizeof(tenon_model_options), false, false, TENON_ACCURACY_STANDARD, NULL, 0, NULL, NULL,   \
            0, 0, NULL, false                                                                      \
    }

/* A caller's file system. All calls come from the loading thread. */
typedef struct tenon_reader {
    void *user;
    /* Opens the model (name NULL) or a file of external data beneath it. *size_bytes is its length.
     * TENON_ENOENT where there is none. */
    tenon_status (*open)(void *user, const char *name, void **handle, uint64_t *size_bytes);
    /* Reads exactly size_bytes at offset into dst. */
    tenon_status (*read)(void *user, void *handle, uint64_t offset, void *dst, size_t size_bytes);
    void (*close)(void *user, void *handle);
} tenon_reader;

/* All three: a new model with one reference, in any format that the content shows; give it back
 * with tenon_model_unref. `options` may be NULL. Errors: TENON_ENOENT, TENON_EIO (file),
 * TENON_EFORMAT (not a model, or damaged: says where), TENON_EUNSUPPORTED (names all unsupported
 * nodes, see tenon_report), TENON_ELIMIT, TENON_ENOMEM, TENON_ECANCELED, TENON_EDEADLINE. */
TENON_API TENON_CHECK tenon_status tenon_model_load(tenon_env *env, const char *path,
                                                    const tenon_model_options *options,
                                                    tenon_model **out, tenon_error *err);
/* `data` is borrowed until the model goes. */
TENON_API TENON_CHECK tenon_status tenon_model_load_memory(tenon_env *env, const void *data,
                                                           size_t size_bytes,
                                                           const tenon_model_options *options,
                                                           tenon_model **out, tenon_error *err);
/* `reader` is borrowed for the call. */
TENON_API TENON_CHECK tenon_status tenon_model_load_reader(tenon_env *env,
                                                           const tenon_reader *reader,
                                                           const tenon_model_options *options,
                                                           tenon_model **out, tenon_error *err);

TENON_API void tenon_model_ref(tenon_model *model); /* any thread */
TENON_API void tenon_model_unref(
    tenon_model *model); /* any thread; NULL is fine; sessions keep their own reference */

/* What a model takes or gives. Everything is borrowed until the model goes. */
typedef struct tenon_port {
    const char *name;
    tenon_value_kind kind;
    tenon_dtype dtype;          /* of the elements; TENON_NONE if not stated */
    int rank;                   /* -1: not stated */
    const int64_t *dims;        /* `rank` numbers; -1 is free */
    const char *const *symbols; /* `rank` names of free dims, NULL where a number or nameless */
    bool optional;              /* an input that has a default */
} tenon_port;

TENON_API size_t tenon_model_input_count(const tenon_model *model);
TENON_API size_t tenon_model_output_count(const tenon_model *model);
/* Fills *out; TENON_EINVAL out of range. In the model's order. */
TENON_API tenon_status tenon_model_input_get(const tenon_model *model, size_t index,
                                             tenon_port *out);
TENON_API tenon_status tenon_model_output_get(const tenon_model *model, size_t index,
                                              tenon_port *out);

/* SHA-256 of the model's bytes, external data included (after the model's own, in the order of its
 * tensors, each file once), as 64 hexadecimal digits: borrowed until the model goes. Computed at
 * the first call. Any thread. */
TENON_API TENON_CHECK tenon_status tenon_model_hash_get(tenon_model *model, const char **out,
                                                        tenon_error *err);

/* Facts for people. */
typedef struct tenon_model_info {
    size_t size;           /* sizeof(tenon_model_info), set by the caller */
    const char *format;    /* "onnx" */
    int opset;             /* of the main domain */
    uint64_t parameters;   /* elements of constants, as stored */
    uint64_t weight_bytes; /* of constants, as stored */
    uint64_t packed_bytes; /* of packed copies made so far */
    uint64_t graph_bytes;  /* of the graph itself */
    size_t node_count;     /* as stored, before any rewriting */
} tenon_model_info;
TENON_API tenon_status tenon_model_info_get(const tenon_model *model, tenon_model_info *out);

/* Operators as stored, sorted by name: names and counts, borrowed until the model goes. */
TENON_API size_t tenon_model_operator_count(const tenon_model *model);
TENON_API tenon_status tenon_model_operator_get(const tenon_model *model, size_t index,
                                                const char **name, size_t *count);
/* Metadata key and value, borrowed until the model goes. */
TENON_API size_t tenon_model_metadata_count(const tenon_model *model);
TENON_API tenon_status tenon_model_metadata_get(const tenon_model *model, size_t index,
                                                const char **key, const char **value);

/* Text in pieces; returning false ends the printing. */
typedef bool (*tenon_write_fn)(void *user, const char *text, size_t size_bytes);
/* The graph, after the passes, in Graphviz' DOT. */
TENON_API TENON_CHECK tenon_status tenon_model_print_dot(const tenon_model *model,
                                                         tenon_write_fn write, void *user,
                                                         tenon_error *err);

/* Every node that is not supported, found without loading the weights. */
typedef struct tenon_report tenon_report;
TENON_API TENON_CHECK tenon_status tenon_report_create(tenon_env *env, const char *path,
                                                       tenon_report **out, tenon_error *err);
TENON_API size_t tenon_report_count(const tenon_report *report);
/* Borrowed until the report goes. `op` is "Name" or "domain.Name". */
TENON_API tenon_status tenon_report_get(const tenon_report *report, size_t index, const char **node,
                                        const char **op, const char **reason);
TENON_API void tenon_report_destroy(tenon_report *report); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
