/* SPDX-License-Identifier: Apache-2.0 */
/* ModelProto. Opsets and functions are known last: the model's fields are walked once without going
 * into the graph. */
#include <inttypes.h>

#include "formats/onnx/reader.h"

/* The newest IR version that is understood. */
#define IR_NEWEST 13

enum {
    IR_VERSION = 1,
    MODEL_VERSION = 5,
    GRAPH = 7,
    OPSET,
    METADATA = 14,
    TRAINING = 20,
    FUNCTION = 25,
    CONFIGURATION
};

static tenon_status read_metadata(tenon__onnx_reader *r, tenon__pb m, tenon_error *err)
{
    tenon__meta meta = {0};
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number > 2) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        if (f.number == 1)
            meta.key = tenon__pb_str(&f);
        else
            meta.value = tenon__pb_str(&f);
    }
    if (status == TENON_OK && !tenon__vec_push(r->data.allocator, &r->graph->metadata, meta))
        status = tenon__fail(err, TENON_ENOMEM, "no memory for metadata");
    return status;
}

static tenon_status read_field(tenon__onnx_reader *r, const tenon__pb_field *f, tenon_error *err)
{
    if (f->number == IR_VERSION) {
        r->ir_version = (int64_t)f->value;
        return tenon__pb_want(f, TENON__PB_VARINT, err);
    }
    if (f->number != GRAPH && f->number != OPSET && f->number != METADATA && f->number != FUNCTION)
        return TENON_OK;
    tenon_status status = tenon__pb_want(f, TENON__PB_BYTES, err);
    if (status) return status;
    switch (f->number) {
    case OPSET:
        return tenon__onnx_opset_read(r->data.allocator, f->part, &r->opsets, err);
    case METADATA:
        return read_metadata(r, f->part, err);
    case FUNCTION:
        return tenon__onnx_function_add(r, f->part, err);
    default:
        if (r->graph_bytes.base)
            return tenon__fail(err, TENON_EFORMAT, "byte %zu: a second graph", f->offset);
        r->graph_bytes = f->part;
        return TENON_OK;
    }
}

static tenon_status read_model(tenon__onnx_reader *r, tenon__pb m, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        status = read_field(r, &f, err);
        if (status) return status;
    }
    if (status) return status;
    if (r->ir_version < 0 || r->ir_version > IR_NEWEST)
        return tenon__fail(err, TENON_EUNSUPPORTED, "IR version %" PRId64 "; up to %d are read",
                           r->ir_version, IR_NEWEST);
    if (!r->graph_bytes.base) return tenon__fail(err, TENON_EFORMAT, "the model has no graph");
    int64_t opset = tenon__onnx_opset_find(&r->opsets, (tenon__str){NULL, 0});
    r->graph->opset = opset > 0 ? (int)opset : 0;
    return TENON_OK;
}

/* Attributes of every node, before anything is expanded. */
static tenon_status read_attrs(tenon__graph *graph, tenon_error *err)
{
    for (size_t n = 0; n < graph->nodes.count; n++) {
        tenon__node *node = graph->nodes.items[n];
        for (uint32_t k = 0; k < node->attr_count; k++) {
            if (node->attrs[k].type != TENON__ATTR_GRAPH) continue;
            tenon_status status = read_attrs(node->attrs[k].graph, err); /* TENON__GRAPH_DEPTH */
            if (status) return tenon__node_where(node, status, err);
        }
        tenon_status status = tenon__node_read(graph, node, err);
        if (status) return status;
    }
    return TENON_OK;
}

static tenon_status build(tenon__onnx_reader *r, tenon__pb all, tenon_error *err)
{
    tenon_status status =
        tenon__graph_create(r->data.allocator, r->data.arena, NULL, &r->graph, err);
    if (status == TENON_OK) status = read_model(r, all, err);
    if (status) return status;
    tenon__onnx_scope scope;
    tenon__onnx_scope_init(&scope, r, r->graph, NULL);
    status = tenon__onnx_graph_read(&scope, r->graph_bytes, err);
    tenon__onnx_scope_fini(&scope);
    if (status == TENON_OK) status = tenon__report_sum(r->report, err);
    if (status == TENON_OK) status = tenon__graph_verify(r->graph, err);
    if (status == TENON_OK) status = tenon__graph_sort(r->graph, err);
    if (status == TENON_OK) status = read_attrs(r->graph, err);
    if (status == TENON_OK) status = tenon__graph_expand(r->graph, r->max_nodes, err);
    return status;
}

tenon_status tenon__onnx_read(const tenon__onnx_source *src, tenon__arena *arena,
                              const tenon_allocator *a, tenon__graph **out, tenon__report *report,
                              tenon_error *err)
{
    const uint8_t *end = src->size ? src->data + src->size : src->data;
    tenon__onnx_reader r = {
        .data = {.src = src, .end = end, .arena = arena, .allocator = a},
        .report = report,
        .max_nodes = src->max_nodes ? src->max_nodes : TENON__ONNX_MAX_NODES,
        .watch = {.stop = src->stop, .ctx = src->ctx},
    };
    tenon__pb all = {src->data, src->data, end, &r.watch};
    *out = NULL;
    tenon__map_init(&r.function_index, a);
    tenon__map_init(&r.kind_index, a);
    tenon__map_init(&r.symbols, a);
    tenon_status status = build(&r, all, err);
    tenon__onnx_functions_fini(&r);
    tenon__vec_free(a, &r.opsets.list);
    tenon__vec_free(a, &r.kinds);
    tenon__vec_free(a, &r.fields.inputs);
    tenon__vec_free(a, &r.fields.outputs);
    tenon__vec_free(a, &r.fields.attr_parts);
    tenon__vec_free(a, &r.fields.ids);
    tenon__vec_free(a, &r.fields.attrs);
    tenon__vec_free(a, &r.fields.graphs);
    tenon__map_fini(&r.function_index);
    tenon__map_fini(&r.kind_index);
    tenon__map_fini(&r.symbols);
    if (status)
        tenon__graph_destroy(r.graph);
    else
        *out = r.graph;
    return status;
}

/* The wire type that a field of ModelProto has; -1 where there is none of that number. */
static int model_field(uint32_t number)
{
    if (number == IR_VERSION || number == MODEL_VERSION) return TENON__PB_VARINT;
    bool bytes = (number > IR_VERSION && number <= OPSET) || number == METADATA ||
                 number == TRAINING || number == FUNCTION || number == CONFIGURATION;
    return bytes ? TENON__PB_BYTES : -1;
}

bool tenon__onnx_probe(const uint8_t *data, size_t size)
{
    if (size == 0) return false;
    tenon__pb m = {data, data, data + size, NULL};
    tenon__pb_field f;
    bool ir = false, graph = false;
    for (int n = 0; n < 64; n++) {
        /* A cut or damaged file is still one of these if it began like one: reading it says where
         * it breaks. */
        if (tenon__pb_next(&m, &f, NULL)) return ir && (n > 1 || f.number == GRAPH);
        if (f.number == 0) break;
        if (model_field(f.number) != (int)f.type) return false;
        if (f.number == IR_VERSION) {
            if (f.value > 1000) return false;
            ir = f.value > 0;
        }
        graph |= f.number == GRAPH;
    }
    return graph;
}
