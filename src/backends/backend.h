/* SPDX-License-Identifier: Apache-2.0 */
/* What runs a model: a table of calls. The native engine is one row; an adapter to a vendor's
 * runtime is another. The runtime above speaks to all of them through this table only, and refuses
 * what a row's caps leave out. */
#ifndef TENON_BACKENDS_BACKEND_H
#define TENON_BACKENDS_BACKEND_H

#include <stdatomic.h>

#include "graph/op.h"
#include "par/pool.h"
#include <tenon/session.h>

enum {
    TENON__CAP_STEP = 1u << 0,    /* can stop between two tiles and go on */
    TENON__CAP_CANCEL = 1u << 1,  /* ends within a millisecond of a cancel or deadline */
    TENON__CAP_DYNAMIC = 1u << 2, /* takes inputs of other shapes without being opened again */
};

typedef struct tenon__device {
    const char *name; /* "cpu" */
    uint64_t memory_bytes;
    double utilisation; /* 0..1; negative: not known */
} tenon__device;

/* A model made ready. Shared by its requests; any thread. */
typedef struct tenon__compiled tenon__compiled;
/* One running copy. One thread at a time. */
typedef struct tenon__request tenon__request;

typedef struct tenon__compile_options {
    const tenon_allocator *allocator;
    tenon__cpu_bits cpu;
    tenon__accuracy accuracy;
    size_t limit_bytes;
    /* The bytes of a constant are not needed any more: its pages can go. */
    void (*discard)(void *ctx, const void *data, size_t size_bytes);
    void *discard_ctx;
} tenon__compile_options;

typedef struct tenon__request_options {
    struct tenon_env *env;
    const tenon_allocator *allocator;
    tenon__pool *pool;
    unsigned threads;
    int priority;
    bool profile;
    const atomic_bool *cancel; /* may be NULL */
    size_t limit_bytes;
} tenon__request_options;

typedef struct tenon__backend {
    const char *name;
    const char *(*version)(void);
    uint32_t caps;
    const char *const *formats;    /* NULL-terminated */
    const char *const *precisions; /* NULL-terminated */
    tenon_status (*devices)(tenon__device *out, size_t most, size_t *count, tenon_error *err);

    /* The graph (sorted, inferred, rewritten) outlives what is made of it. */
    tenon_status (*compile)(const tenon__graph *graph, const tenon__compile_options *options,
                            tenon__compiled **out, tenon_error *err);
    void (*release)(tenon__compiled *compiled);
    size_t (*packed_bytes)(const tenon__compiled *compiled); /* of copies made so far */

    tenon_status (*create)(tenon__compiled *compiled, const tenon__request_options *options,
                           tenon__request **out, tenon_error *err);
    void (*destroy)(tenon__request *request);
    /* Before a run. An input's data stays the caller's until the run ends. An output goes to `data`
     * where the backend can put it there (then output() gives that address back), else the caller
     * copies it. NULL takes it off. */
    void (*set_input)(tenon__request *request, uint32_t index, const tenon__view *view);
    void (*set_output)(tenon__request *request, uint32_t index, void *data, size_t size_bytes);
    void (*set_deadline)(tenon__request *request, uint64_t deadline_ns); /* 0: none */
    /* Puts a run to its start, then works until done or the budget (TENON__NO_BUDGET: none) is
     * spent. */
    tenon_status (*begin)(tenon__request *request, tenon_error *err);
    tenon_status (*run)(tenon__request *request, uint64_t budget_ns, bool *done, tenon_error *err);
    /* Valid from begin on (dtype and dims, where they are known), with data after the run; borrowed
     * until the next begin. */
    const tenon__view *(*output)(const tenon__request *request, uint32_t index);

    size_t (*step_count)(const tenon__request *request);
    /* Fills all but `node`, which comes as its own string. */
    void (*step)(const tenon__request *request, size_t index, tenon_step_info *out,
                 tenon__str *node);
    void (*info)(const tenon__request *request, tenon_session_info *out);
} tenon__backend;

#define TENON__NO_BUDGET UINT64_MAX

extern const tenon__backend tenon__backend_native;

#endif
