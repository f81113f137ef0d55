/* SPDX-License-Identifier: Apache-2.0 */
/* The state of reading one model, shared by the files of this folder. */
#ifndef TENON_FORMATS_ONNX_READER_H
#define TENON_FORMATS_ONNX_READER_H

#include "base/map.h"
#include "formats/onnx/tensor.h"
#include "graph/check.h"
#include "graph/op.h"

/* Calls of functions in each other. */
#define TENON__ONNX_CALL_DEPTH 32
/* Attributes of one node. */
#define TENON__ONNX_MAX_ATTRS 1000

typedef struct tenon__onnx_opset {
    tenon__str domain; /* "" is ai.onnx */
    int64_t version;
} tenon__onnx_opset;

typedef struct tenon__onnx_opsets {
    TENON__VEC(tenon__onnx_opset) list;
} tenon__onnx_opsets;

/* The default of a function's attribute: an AttributeProto. */
typedef struct tenon__onnx_default {
    tenon__str name;
    tenon__pb bytes;
} tenon__onnx_default;

/* A function of the model: where it stands, read at each call. */
typedef struct tenon__onnx_function {
    tenon__str domain, name, overload;
    tenon__pb body;
    tenon__onnx_opsets opsets;
    TENON__VEC(tenon__onnx_default) defaults;
} tenon__onnx_function;

/* What a kind of node was found to be. */
typedef struct tenon__onnx_kind {
    const tenon__op *op; /* NULL: a function, or unknown */
    const tenon__rename *renames;
    const tenon__onnx_function *function;
    int opset;
} tenon__onnx_kind;

/* The fields of the node at hand. Reading it leaves them before another node is read. */
typedef struct tenon__onnx_fields {
    tenon__str name, kind, domain, overload;
    TENON__VEC(tenon__str) inputs;
    TENON__VEC(tenon__str) outputs;
    TENON__VEC(tenon__pb) attr_parts;
    TENON__VEC(tenon__value_id) ids;
    TENON__VEC(tenon__attr) attrs;
    TENON__VEC(tenon__pb) graphs; /* beside attrs */
} tenon__onnx_fields;

typedef struct tenon__onnx_reader {
    tenon__onnx_data data; /* source, arena, allocator */
    tenon__report *report;
    tenon__pb_watch watch;
    size_t max_nodes, node_count;
    int64_t ir_version;
    tenon__pb graph_bytes;
    tenon__graph *graph; /* the main one */
    tenon__onnx_opsets opsets;
    TENON__VEC(tenon__onnx_function) functions; /* complete before the first node is read */
    tenon__map function_index;                  /* of domain, name and overload */
    TENON__VEC(tenon__onnx_kind) kinds;
    tenon__map kind_index; /* of domain, name, overload and opset */
    tenon__onnx_fields fields;
    tenon__map symbols; /* name of a dim to i, where the dim is -(2 + i) */
    uint32_t calls;     /* so far: makes names unique */
} tenon__onnx_reader;

/* The attributes of a call, for the nodes of the function's body that refer to them. */
typedef struct tenon__onnx_call {
    const tenon__onnx_function *function;
    const tenon__attr *attrs;
    size_t attr_count;
    int depth;
} tenon__onnx_call;

/* A graph attribute whose reading waits until all names around it are known. */
typedef struct tenon__onnx_pending {
    tenon__node *node;
    uint32_t attr;
    tenon__pb bytes;
} tenon__onnx_pending;

/* One level of names: a graph, or a function's body within a graph. */
typedef struct tenon__onnx_scope {
    tenon__onnx_reader *reader;
    tenon__graph *graph;
    struct tenon__onnx_scope
        *outer; /* of the graph around this one; NULL for the main graph and for functions */
    const tenon__onnx_opsets *opsets;
    const tenon__onnx_call *call;     /* NULL outside functions */
    tenon__str prefix;                /* of names in a function */
    tenon__map names;                 /* to value ids */
    TENON__VEC(tenon__value_id) open; /* read before they were made */
    TENON__VEC(tenon__onnx_pending) pending;
} tenon__onnx_scope;

/* ---- scope.c ---- */

void tenon__onnx_scope_init(tenon__onnx_scope *s, tenon__onnx_reader *reader, tenon__graph *graph,
                            tenon__onnx_scope *outer);
void tenon__onnx_scope_fini(tenon__onnx_scope *s);
/* Binds a name to a value that is there. */
tenon_status tenon__onnx_scope_bind(tenon__onnx_scope *s, tenon__str name, tenon__value_id id,
                                    tenon_error *err);
/* The value that a node reads: made now where the name is new. "" is TENON__NO_VALUE. */
tenon_status tenon__onnx_scope_read(tenon__onnx_scope *s, tenon__str name, tenon__value_id *out,
                                    tenon_error *err);
/* The value that a node, constant or input defines: TENON_EFORMAT where it is defined already. */
tenon_status tenon__onnx_scope_define(tenon__onnx_scope *s, tenon__str name, tenon__value_id *out,
                                      tenon_error *err);
/* Defines a constant. */
tenon_status tenon__onnx_scope_constant(tenon__onnx_scope *s, tenon__str name,
                                        const tenon__onnx_tensor *tensor, tenon_error *err);
/* Looks for what was read and never made in the graphs around. */
tenon_status tenon__onnx_scope_close(tenon__onnx_scope *s, tenon_error *err);
/* `text` behind the scope's prefix, in the arena; `text` itself where there is none. */
tenon_status tenon__onnx_scope_name(const tenon__onnx_scope *s, tenon__str text, tenon__str *out,
                                    tenon_error *err);

/* ---- attribute.c ---- */

/* An AttributeProto. *graph is set where it is a graph: its reading waits. *absent: it refers to an
 * attribute that the call does not have. */
tenon_status tenon__onnx_attr_read(tenon__onnx_scope *s, tenon__pb m, tenon__attr *out,
                                   tenon__pb *graph, bool *absent, tenon_error *err);
/* The name alone. */
tenon_status tenon__onnx_attr_name(tenon__pb m, tenon__str *out, tenon_error *err);

/* ---- node.c ---- */

tenon_status tenon__onnx_node_read(tenon__onnx_scope *s, tenon__pb m, tenon_error *err);

/* ---- function.c ---- */

/* Notes a FunctionProto of the model. */
tenon_status tenon__onnx_function_add(tenon__onnx_reader *r, tenon__pb m, tenon_error *err);
void tenon__onnx_functions_fini(tenon__onnx_reader *r);
/* A key for the maps above: the words with zeros between them, and a number. False where they are
 * too long. */
#define TENON__ONNX_KEY_BYTES 256
bool tenon__onnx_key(tenon__str domain, tenon__str name, tenon__str overload, int64_t number,
                     char bytes[TENON__ONNX_KEY_BYTES], tenon__str *out);

/* A node that calls a function. The lists live in the arena. */
typedef struct tenon__onnx_use {
    const tenon__onnx_function *function;
    const tenon__value_id *inputs, *outputs;
    size_t input_count, output_count;
    const tenon__attr *attrs;
    size_t attr_count;
} tenon__onnx_use;

/* Puts the body of the function in place of the call. */
tenon_status tenon__onnx_function_inline(tenon__onnx_scope *s, const tenon__onnx_use *use,
                                         tenon_error *err);
/* An OperatorSetIdProto into the list. */
tenon_status tenon__onnx_opset_read(const tenon_allocator *a, tenon__pb m, tenon__onnx_opsets *list,
                                    tenon_error *err);
/* -1 where the domain is not listed. */
int64_t tenon__onnx_opset_find(const tenon__onnx_opsets *list, tenon__str domain);
/* "ai.onnx" is "". */
tenon__str tenon__onnx_domain(tenon__str domain);

/* ---- graph.c ---- */

/* A GraphProto into the scope's graph. */
tenon_status tenon__onnx_graph_read(tenon__onnx_scope *s, tenon__pb m, tenon_error *err);
/* The types of a ValueInfoProto to a value of the scope, if it has that name and nothing is known
 * of it. */
tenon_status tenon__onnx_declare(tenon__onnx_scope *s, tenon__pb m, tenon_error *err);
/* Reads the subgraphs that wait. */
tenon_status tenon__onnx_read_pending(tenon__onnx_scope *s, tenon_error *err);

#endif
