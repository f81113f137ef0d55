/* SPDX-License-Identifier: Apache-2.0 */
/* The graph: values, nodes, attributes. Built by a format's reader, rewritten by passes through the
 * calls here, then only read. All of it lives in one arena. One thread at a time while it is built.
 */
#ifndef TENON_GRAPH_GRAPH_H
#define TENON_GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"
#include "base/vec.h"
#include "tensor/view.h"

struct tenon__op;
typedef struct tenon__graph tenon__graph;
typedef struct tenon__node tenon__node;

typedef uint32_t tenon__value_id;  /* index into graph->values */
#define TENON__NO_VALUE UINT32_MAX /* an absent optional input or unused output */

typedef enum tenon__attr_type {
    TENON__ATTR_INT,
    TENON__ATTR_FLOAT,
    TENON__ATTR_STRING,
    TENON__ATTR_TENSOR,
    TENON__ATTR_GRAPH,
    TENON__ATTR_INTS,
    TENON__ATTR_FLOATS,
    TENON__ATTR_STRINGS,
    TENON__ATTR_TYPE, /* `type`: kind, dtype, rank, dims */
} tenon__attr_type;

typedef struct tenon__attr {
    tenon__str name;
    tenon__attr_type type;
    size_t count; /* of the list forms */
    union {
        int64_t i;
        float f;
        tenon__str s;
        tenon__view *tensor; /* data set; any alignment */
        tenon__graph *graph;
        const int64_t *ints;
        const float *floats;
        const tenon__str *strings;
        tenon__view *type_view;
    };
} tenon__attr;

typedef enum tenon__role {
    TENON__ROLE_NODE = 0, /* made by a node */
    TENON__ROLE_INPUT,    /* of this graph */
    TENON__ROLE_CONST,    /* `view.data` holds it (strings: tenon_string elements) */
    TENON__ROLE_OUTER,    /* of an enclosing graph: `outer` there */
} tenon__role;

typedef struct tenon__value {
    tenon__str name; /* unique in its graph; may be empty */
    tenon__view view;
    tenon__role role;
    bool is_output;   /* a graph output (kept whatever its uses) */
    bool has_default; /* an input with a constant that the caller may override: its shape and data
                         lie in `fallback` */
    bool aligned;     /* const: data is aligned for its type and readable 64 bytes past its end */
    const tenon__view *fallback;
    uint32_t producer; /* node index; UINT32_MAX if none */
    tenon__value_id outer;
} tenon__value;

struct tenon__node {
    const struct tenon__op *op;
    tenon__str name; /* may be empty: messages then use the index */
    tenon__str kind; /* as the file calls it: "Conv" */
    int opset;       /* of its domain */
    uint32_t input_count, output_count, attr_count;
    tenon__value_id *inputs, *outputs;
    tenon__attr *attrs;
    void *parsed;   /* op->attrs_bytes, filled by op->read */
    uint32_t index; /* position in graph->nodes */
    bool dead;
};

typedef struct tenon__meta {
    tenon__str key, value;
} tenon__meta;

struct tenon__graph {
    const tenon_allocator *allocator;
    tenon__arena *arena;  /* borrowed from the model; shared with subgraphs */
    tenon__graph *parent; /* NULL for the main graph */
    tenon__str name;
    TENON__VEC(tenon__value) values;
    TENON__VEC(tenon__node *) nodes;     /* in execution order once sorted */
    TENON__VEC(tenon__value_id) inputs;  /* real inputs (no constants) */
    TENON__VEC(tenon__value_id) outputs; /* may name a value twice, an input or a constant */
    TENON__VEC(tenon__str) symbols;   /* the name of dim -(2 + i) is symbols[i]; main graph only */
    TENON__VEC(tenon__meta) metadata; /* main graph only */
    int opset;                        /* of ai.onnx, or the format's own */
};

tenon_status tenon__graph_create(const tenon_allocator *a, tenon__arena *arena,
                                 tenon__graph *parent, tenon__graph **out, tenon_error *err);
void tenon__graph_destroy(tenon__graph *graph); /* and its subgraphs' vectors; the arena stays */

/* A new value; `name` must outlive the graph (in the file's mapping or the arena). Ids stay valid
 * for ever; pointers into values.items only until the next add. */
tenon_status tenon__graph_add_value(tenon__graph *graph, tenon__str name, tenon__value_id *out,
                                    tenon_error *err);
/* A constant over data that outlives the graph. */
tenon_status tenon__graph_add_const(tenon__graph *graph, tenon__str name, const tenon__view *view,
                                    tenon__value_id *out, tenon_error *err);
/* A node behind all others (or, for passes, in front of node `before`). Copies the lists; sets the
 * producers. */
tenon_status tenon__graph_add_node(tenon__graph *graph, const struct tenon__op *op, tenon__str name,
                                   tenon__str kind, int opset, const tenon__value_id *inputs,
                                   size_t input_count, const tenon__value_id *outputs,
                                   size_t output_count, const tenon__attr *attrs, size_t attr_count,
                                   uint32_t before, tenon__node **out, tenon_error *err);
static inline tenon__value *tenon__graph_value(const tenon__graph *graph, tenon__value_id id)
{
    return &graph->values.items[id];
}

/* --- for passes --- */
/* How many node inputs (subgraph captures and graph outputs included) read each value; `uses` has
 * values.count items. */
void tenon__graph_count_uses(const tenon__graph *graph, uint32_t *uses);
/* Every reader of `from` reads `to` instead (subgraphs and graph outputs too, which keep their
 * name). */
tenon_status tenon__graph_replace(tenon__graph *graph, tenon__value_id from, tenon__value_id to,
                                  tenon_error *err);
/* Drops dead nodes and renumbers the rest; sorts topologically first where needed. TENON_EFORMAT
 * names a cycle or an undefined input. */
tenon_status tenon__graph_sort(tenon__graph *graph, tenon_error *err);

/* --- attributes --- */
const tenon__attr *tenon__attr_find(const tenon__node *node, const char *name); /* NULL if absent */
int64_t tenon__attr_int(const tenon__node *node, const char *name, int64_t fallback);
float tenon__attr_float(const tenon__node *node, const char *name, float fallback);
tenon__str tenon__attr_str(const tenon__node *node, const char *name, const char *fallback);
/* NULL and *count 0 where absent. */
const int64_t *tenon__attr_ints(const tenon__node *node, const char *name, size_t *count);
const float *tenon__attr_floats(const tenon__node *node, const char *name, size_t *count);
const tenon__str *tenon__attr_strings(const tenon__node *node, const char *name, size_t *count);
tenon__graph *tenon__attr_graph(const tenon__node *node, const char *name); /* NULL if absent */
const tenon__view *tenon__attr_tensor(const tenon__node *node,
                                      const char *name); /* NULL if absent */
/* Fails (TENON_EFORMAT) where a present attribute has another type than asked for above. */
tenon_status tenon__attr_check(const tenon__node *node, const char *name, tenon__attr_type type,
                               tenon_error *err);

#endif
