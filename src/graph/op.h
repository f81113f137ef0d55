/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator is: one file under src/ops, whose stem is its registration (the build lists the
 * files and writes the table). The file ends with its one visible symbol, `const tenon__op
 * tenon__op_<stem>`.
 *
 * Life of a node: `read` its attributes once; `infer` types and shapes, at load (dims may be
 * unknown) and at every bind (all known); then either `expand` into smaller nodes at load, or
 * `prepare` once per plan (choose the kernel row, say what to pack), `bind` once per shape (tiles,
 * scratch), `run` per tile. docs/add-an-op.md shows one from top to bottom. */
#ifndef TENON_GRAPH_OP_H
#define TENON_GRAPH_OP_H

#include "cpu/cpu.h"
#include "graph/graph.h"

typedef struct tenon__op tenon__op;

/* ---- infer
 * ------------------------------------------------------------------------------------------------------
 */

typedef struct tenon__infer {
    const tenon__node *node;
    const void *attrs;            /* what `read` made */
    uint32_t in_count, out_count; /* of the node */
    const tenon__view *const *in; /* NULL where the optional input is absent */
    tenon__view *const *out;      /* never NULL; starts as an unknown tensor */
    bool binding;                 /* every dim is a number; a shape mismatch is final */
    int missing;        /* set by tenon__infer_data: the input whose value is needed, -1 none */
    tenon__arena *emit; /* where tenon__infer_emit takes memory from */
    tenon_error *err;
} tenon__infer;

/* The data of input i if its value is known now (a constant, computed shape arithmetic, or already
 * run), else NULL: then `infer` returns TENON_EAGAIN after setting what it does know (dtype,
 * perhaps rank with unknown dims). At load that leaves the rest unknown; at bind the executor runs
 * everything before this node, then asks again. An empty tensor gives a non-NULL pointer.
 * Alignment: any; read small integers with tenon__get_i64(view->dtype, data, k). */
const void *tenon__infer_data(tenon__infer *c, uint32_t i);
/* Memory for the value of output i, whose dtype and dims are set and known: the operator computes
 * it here and now (Shape, Size). NULL where there is none: ignore it then. */
void *tenon__infer_emit(tenon__infer *c, uint32_t i);
/* Sets output i. Out-of-range i (an unused output) is ignored. */
void tenon__infer_set(tenon__infer *c, uint32_t i, tenon_dtype dtype, int rank,
                      const int64_t *dims);
/* Output i like input j: kind, dtype, shape. */
void tenon__infer_like(tenon__infer *c, uint32_t i, uint32_t j);
/* An integer list from input i (axes, sizes, ...), at most `max` numbers. TENON_EAGAIN where its
 * value is not known, TENON_ETYPE / TENON_ESHAPE where it is no list of integers. An absent input
 * gives *count = -1. */
tenon_status tenon__infer_ints(tenon__infer *c, uint32_t i, int64_t *out, int max, int *count);
/* axis in [-rank, rank) made non-negative; TENON_EFORMAT names the attribute otherwise. */
tenon_status tenon__infer_axis(tenon__infer *c, const char *what, int64_t axis, int rank, int *out);
/* Numpy broadcasting, unknown dims allowed. TENON_ESHAPE says both shapes. Rank unknown gives rank
 * unknown. */
tenon_status tenon__infer_broadcast(tenon__infer *c, const tenon__view *const *in, uint32_t count,
                                    tenon__view *out);
/* Same extent, or one of them unknown. */
static inline bool tenon__dim_agrees(int64_t a, int64_t b)
{
    return a == b || a < 0 || b < 0;
}
/* a * b, a + b, a / b where known; TENON__DIM_UNKNOWN otherwise and on overflow. */
int64_t tenon__dim_mul(int64_t a, int64_t b);
int64_t tenon__dim_add(int64_t a, int64_t b);
/* If the rank of any of the first `count` inputs is unknown: return TENON_OK from infer, outputs
 * left as they are. */
bool tenon__infer_rank_unknown(const tenon__infer *c, uint32_t count);

/* ---- expand
 * -----------------------------------------------------------------------------------------------------
 */

/* Builds smaller nodes in front of `node` whose last ones write node->outputs, then marks
 * node->dead. */
typedef struct tenon__expand {
    tenon__graph *graph;
    tenon__node *node;
    const void *attrs;
    tenon_error *err;
} tenon__expand;

/* Adds a node "op" (ONNX's name, newest version) with the given inputs; a new value is its output,
 * or `out` if not TENON__NO_VALUE. On failure sets c->err, returns TENON__NO_VALUE, and further
 * calls are harmless. */
tenon__value_id tenon__expand_node(tenon__expand *c, const char *op, const tenon__value_id *inputs,
                                   uint32_t count, const tenon__attr *attrs, uint32_t attr_count,
                                   tenon__value_id out);
/* A scalar or small constant; the data is copied. */
tenon__value_id tenon__expand_const(tenon__expand *c, tenon_dtype dtype, int rank,
                                    const int64_t *dims, const void *data);

/* ---- prepare
 * ----------------------------------------------------------------------------------------------------
 */

typedef enum tenon__accuracy { TENON__STRICT, TENON__STANDARD, TENON__FAST } tenon__accuracy;

#define TENON__MAX_PACKED 4

struct tenon__prepare;
/* One tile of packing: reads the constant inputs (any alignment), writes dst. `prepared` is final
 * by then. */
typedef struct tenon__pack {
    const tenon__node *node;
    const void *attrs, *prepared;
    const tenon__view *const *in;
    void *dst;
    uint32_t tile;
    tenon_error *err;
} tenon__pack;
typedef tenon_status (*tenon__pack_fn)(const tenon__pack *p);

typedef struct tenon__prepare {
    const tenon__node *node;
    const void *attrs;
    void *prepared; /* op->prepared_bytes, zeroed: kernel row, geometry that does not depend on
                       shapes */
    uint32_t in_count, out_count;
    const tenon__view *const *in; /* dims may be unknown; `known` and data set for constants */
    const tenon__view *const *out;
    tenon__cpu_bits cpu;
    tenon__accuracy accuracy;
    /* Packed copies that the plan makes, as run-once steps, before the first run; shared by
     * content. run finds them in r->packed[slot]. An input that is only read through packed copies
     * is not kept otherwise. */
    struct {
        size_t size_bytes; /* 0: slot unused */
        uint32_t tiles;
        tenon__pack_fn pack;
        uint32_t input; /* the constant input it stands for */
        uint64_t
            variant; /* with the input's content and op, names the packing: kernel row, geometry */
    } packed[TENON__MAX_PACKED];
    const char *kernel; /* for --plan: the row's name */
    tenon_error *err;
} tenon__prepare;

/* ---- bind
 * -------------------------------------------------------------------------------------------------------
 */

typedef struct tenon__bind {
    const tenon__node *node;
    const void *attrs, *prepared;
    void *params; /* op->params_bytes, yours, what it held at the last bind */
    uint32_t in_count, out_count;
    const tenon__view *const *in; /* dims known; NULL where absent */
    const tenon__view *const *out;
    tenon__cpu_bits cpu;
    /* Set by bind; defaults: one tile, one phase, nothing else. tiles 0: nothing to do. */
    uint32_t tiles;
    uint32_t phases;      /* a barrier lies between phases */
    size_t scratch_bytes; /* per participant, undefined when a tile starts */
    size_t work_bytes;    /* shared by all tiles of the step, undefined when the step starts */
    double flops;         /* for profiles: one multiply-add is 2 */
    bool joined;          /* see TENON__OP_JOINS */
    tenon_error *err;
} tenon__bind;

/* ---- run
 * --------------------------------------------------------------------------------------------------------
 */

struct tenon__services;
typedef struct tenon__run {
    const tenon__node *node;
    const void *attrs, *prepared, *params;
    void *const *packed;
    uint32_t in_count, out_count;
    const tenon__view *const *in;
    tenon__view *const *out; /* data is where to write */
    void *scratch, *work;    /* aligned to 64 bytes */
    uint32_t tile, phase, participant;
    const struct tenon__services *services;
    tenon_error *err;
} tenon__run;

/* For operators on strings, sequences, optionals and maps, and those that size their outputs while
 * they run; these run as one tile on the caller. */
typedef struct tenon__services {
    void *ctx;
    /* Memory that lives until the session's next run: string bytes. NULL where out of memory or
     * over the limit. */
    void *(*alloc)(void *ctx, size_t size_bytes);
    /* Memory for a dynamic output: sets r->out[i]'s dtype, rank, dims and data. Only with
     * TENON__OP_DYNAMIC. */
    tenon_status (*resize)(void *ctx, tenon__view *out, tenon_dtype dtype, int rank,
                           const int64_t *dims, tenon_error *err);
    /* Makes `value` (new, transferred whatever the outcome) the content of a sequence, optional or
     * map output. */
    tenon_status (*give)(void *ctx, tenon__view *out, tenon_value *value, tenon_error *err);
    struct tenon_env *env; /* for making tensors and values */
    /* Memory of a control operator that keeps its bytes from round to round and run to run while it
     * grows; `index` below 1024 is the operator's to number. TENON_ENOMEM, TENON_ELIMIT. */
    tenon_status (*buffer)(void *ctx, uint32_t index, size_t size_bytes, void **out,
                           tenon_error *err);
} tenon__services;

/* ---- control flow
 * -----------------------------------------------------------------------------------------------
 */

/* A control operator (If, Loop, Scan) has `next` instead of `run`. The executor calls it with round
 * 0, 1, 2, ...: it sets the inputs of a body and returns TENON_OK with *body = which of node's
 * graph attributes (in order of op->bodies) runs next, or -1 when done, by when its outputs must be
 * set with services->resize / give. After each body, body_out holds what the body made, valid until
 * the next body runs. Control operators are TENON__OP_DYNAMIC. */
typedef struct tenon__control {
    tenon__run run; /* in, out, params (op->params_bytes, kept between rounds), services */
    uint64_t round;
    void *state;                        /* = params, writable */
    const tenon__view *const *body_out; /* outputs of the body that just ran; NULL in round 0 */
    uint32_t body_out_count;
    const tenon__view **body_in; /* room for TENON__MAX_BODY_INPUTS: point them at views that live
                                    until the body ends */
    uint32_t body_in_count;
} tenon__control;

/* ---- the operator
 * -----------------------------------------------------------------------------------------------
 */

enum {
    TENON__OP_WIDEN = 1u << 0,   /* f16, bf16, f8 inputs are widened to f32 around it by the plan,
                                    outputs rounded back */
    TENON__OP_DYNAMIC = 1u << 1, /* outputs are sized while it runs (services->resize) */
    TENON__OP_HOST = 1u << 2,    /* strings, sequences ...: one tile, on the caller */
    TENON__OP_IMPURE = 1u << 3,  /* not folded, merged or dropped: random numbers, state */
    TENON__OP_VIEW = 1u << 4, /* output 0 has the bytes of input 0 in the same order: aliased, never
                                 run (Reshape) */
    TENON__OP_INPLACE = 1u << 5, /* output 0 may share memory with an input of the same size: each
                                    element depends on the elements at the same place only */
    TENON__OP_VALUES =
        1u
        << 6, /* takes sequences, optionals and maps; for all others only tensors reach `infer` */
    TENON__OP_JOINS = 1u << 7, /* output 0 is its inputs one behind the other where `bind` sets
                                  `joined`: they may be made where they are wanted, and `run` skips
                                  an input that lies there */
};

typedef enum tenon__class {
    TENON__EXACT,  /* moves or compares data: bit for bit */
    TENON__ROUNDS, /* elementary functions and short sums: a few ulp */
    TENON__SUMS,   /* long sums: relative to the largest output */
} tenon__class;

typedef struct tenon__rename {
    const char *from, *to;
} tenon__rename;

/* How a format calls this operator. `domain` "" is ai.onnx. Versions are opset numbers: the row
 * holds for opsets [from, to], to 0 meaning any later. Terminated by format NULL. */
typedef struct tenon__import {
    const char *format; /* "onnx" */
    const char *domain;
    const char *name;
    int from, to;
    const tenon__rename *renames; /* of attributes; NULL or terminated by from NULL */
} tenon__import;

struct tenon__op {
    const char *name; /* canonical: ONNX's where it has one */
    const char *doc;  /* one line for the operator page */
    uint8_t min_inputs, max_inputs, min_outputs, max_outputs; /* 255: any number */
    uint32_t flags;
    tenon__class accuracy;
    const tenon__import *imports;
    size_t attrs_bytes, prepared_bytes, params_bytes;

    /* Fills `attrs` (zeroed) from node->attrs with defaults, checks ranges. Memory it needs:
     * graph->arena. May be NULL. */
    tenon_status (*read)(const tenon__graph *graph, const tenon__node *node, void *attrs,
                         tenon_error *err);
    tenon_status (*infer)(tenon__infer *c);
    tenon_status (*expand)(tenon__expand *c);   /* instead of the following */
    tenon_status (*prepare)(tenon__prepare *c); /* may be NULL */
    tenon_status (*bind)(tenon__bind *c);       /* may be NULL: one tile */
    uint32_t (*tiles)(const void *params,
                      uint32_t phase); /* where phases differ; NULL: as bind said */
    tenon_status (*run)(const tenon__run *r);
    tenon_status (*next)(tenon__control *c, int *body);
    const char *const *bodies; /* names of the graph attributes, NULL-terminated */
    /* Whether the node can take its activations (rank >= 3, dims[1] = channels) blocked and give
     * them blocked, and how much it gains (0: no; 1: indifferent, elementwise; 2: much,
     * convolution). NULL: no. */
    int (*blocked)(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                   uint32_t in_count, tenon__cpu_bits cpu);
    /* Plain C over the same contract, accumulating in double: all of it in one call (tile 0). Tests
     * only; NULL where `expand`, or where `run` itself is as plain. */
    tenon_status (*ref)(const tenon__run *r);
};

/* The table, terminated by NULL. */
extern const tenon__op *const tenon__ops[];
const tenon__op *tenon__op_find(const char *name); /* canonical; NULL if none */
/* By a format's words; NULL if none. `renames` may be NULL. */
const tenon__op *tenon__op_import(const char *format, tenon__str domain, tenon__str name, int opset,
                                  const tenon__rename **renames);

#define TENON__MAX_BODY_INPUTS 256

/* Splits `count` pieces of work of about `cost_ns` each into tiles of roughly 50 us; returns tiles
 * (at least 1 where count is above 0), *per_tile pieces each. A pure function: never of threads or
 * measured times. */
uint32_t tenon__tiles(int64_t count, double cost_ns, int64_t *per_tile);

#ifdef TENON_TEST_REF
#define TENON__REF(fn) .ref = fn,
#else
#define TENON__REF(fn)
#endif

#endif
