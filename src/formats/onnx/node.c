/* SPDX-License-Identifier: Apache-2.0 */
/* NodeProto. */
#include <inttypes.h>
#include <stdio.h>

#include "formats/onnx/reader.h"

enum { INPUT = 1, OUTPUT, NAME, OP_TYPE, ATTRIBUTE, DOMAIN = 7, OVERLOAD };

static tenon_status no_memory(tenon_error *err)
{
    return tenon__fail(err, TENON_ENOMEM, "no memory for a node");
}

static tenon_status read_fields(tenon__onnx_reader *r, tenon__pb m, tenon_error *err)
{
    tenon__onnx_fields *x = &r->fields;
    const tenon_allocator *a = r->data.allocator;
    tenon__pb_field f;
    tenon_status status;
    x->name = x->kind = x->domain = x->overload = (tenon__str){NULL, 0};
    x->inputs.count = x->outputs.count = x->attr_parts.count = 0;
    TENON__PB_EACH(&m, &f, status, err)
    {
        bool room = true;
        if (f.number > OVERLOAD || f.number == ATTRIBUTE + 1) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        tenon__str text = tenon__pb_str(&f);
        switch (f.number) {
        case INPUT:
            room = tenon__vec_push(a, &x->inputs, text);
            break;
        case OUTPUT:
            room = tenon__vec_push(a, &x->outputs, text);
            break;
        case NAME:
            x->name = text;
            break;
        case OP_TYPE:
            x->kind = text;
            break;
        case ATTRIBUTE:
            room = tenon__vec_push(a, &x->attr_parts, f.part);
            break;
        case DOMAIN:
            x->domain = tenon__onnx_domain(text);
            break;
        default:
            x->overload = text;
            break;
        }
        if (!room) return no_memory(err);
    }
    if (status) return status;
    if (x->attr_parts.count > TENON__ONNX_MAX_ATTRS)
        return tenon__fail(err, TENON_ELIMIT, "%zu attributes; at most %d are read",
                           x->attr_parts.count, TENON__ONNX_MAX_ATTRS);
    if (x->kind.size == 0) return tenon__fail(err, TENON_EFORMAT, "it has no op_type");
    /* Inputs left out at the end are as good as not there. */
    while (x->inputs.count && x->inputs.items[x->inputs.count - 1].size == 0)
        x->inputs.count--;
    return TENON_OK;
}

/* The version that the domain has here. */
static tenon_status opset_of(const tenon__onnx_scope *s, tenon__str domain, int *out,
                             tenon_error *err)
{
    int64_t version = tenon__onnx_opset_find(s->opsets, domain);
    if (version < 0) {
        if (domain.size == 0 && s->reader->ir_version >= 3)
            return tenon__fail(err, TENON_EFORMAT, "opset_import does not list ai.onnx");
        version = 1;
    }
    *out = version > INT32_MAX ? INT32_MAX : (int)version;
    return TENON_OK;
}

static tenon_status look_up(tenon__onnx_scope *s, tenon__onnx_kind *out, tenon_error *err)
{
    tenon__onnx_reader *r = s->reader;
    const tenon__onnx_fields *x = &r->fields;
    char bytes[TENON__ONNX_KEY_BYTES];
    tenon__str key;
    uint32_t i;
    *out = (tenon__onnx_kind){0};
    tenon_status status = opset_of(s, x->domain, &out->opset, err);
    if (status || !tenon__onnx_key(x->domain, x->kind, x->overload, out->opset, bytes, &key))
        return status; /* no operator has a name that long */
    if (tenon__map_get(&r->kind_index, key, &i)) {
        *out = r->kinds.items[i];
        return TENON_OK;
    }
    tenon__str name;
    if (tenon__onnx_key(x->domain, x->kind, x->overload, 0, bytes, &name) &&
        tenon__map_get(&r->function_index, name, &i))
        out->function = &r->functions.items[i];
    else
        out->op = tenon__op_import("onnx", x->domain, x->kind, out->opset, &out->renames);
    if (!tenon__onnx_key(x->domain, x->kind, x->overload, out->opset, bytes, &key)) return TENON_OK;
    key.data = tenon__arena_strdup(r->data.arena, key.data, key.size);
    if (!key.data) return tenon__graph_no_memory(r->data.arena, err);
    if (!tenon__vec_push(r->data.allocator, &r->kinds, *out) ||
        !tenon__map_set(&r->kind_index, key, (uint32_t)(r->kinds.count - 1)))
        return no_memory(err);
    return TENON_OK;
}

static tenon_status report(tenon__onnx_scope *s, int opset, tenon_error *err)
{
    const tenon__onnx_fields *x = &s->reader->fields;
    const tenon__op *newest =
        tenon__op_import("onnx", x->domain, x->kind, TENON__OPSET_NEWEST, NULL);
    char reason[160];
    if (x->domain.size && tenon__onnx_opset_find(s->opsets, x->domain) < 0)
        (void)snprintf(reason, sizeof reason, "opset_import does not list its domain");
    else
        (void)snprintf(reason, sizeof reason, "opset %d of %.*s%s", opset,
                       TENON__STR_ARG(x->domain.size ? x->domain : TENON__STR("ai.onnx")),
                       newest ? ", which is too old" : "");
    return tenon__report_add(s->reader->report, x->name, (uint32_t)s->graph->nodes.count, x->domain,
                             x->kind, reason, err);
}

static tenon_status read_attrs(tenon__onnx_scope *s, const tenon__rename *renames, tenon_error *err)
{
    tenon__onnx_reader *r = s->reader;
    tenon__onnx_fields *x = &r->fields;
    x->attrs.count = x->graphs.count = 0;
    for (size_t i = 0; i < x->attr_parts.count; i++) {
        tenon__attr attr;
        tenon__pb graph = {0};
        bool absent;
        tenon_status status =
            tenon__onnx_attr_read(s, x->attr_parts.items[i], &attr, &graph, &absent, err);
        if (status) return status;
        if (absent) continue;
        for (const tenon__rename *rename = renames; rename && rename->from; rename++)
            if (tenon__str_is(attr.name, rename->from)) {
                attr.name = tenon__str_of(rename->to);
                break;
            }
        if (!tenon__vec_push(r->data.allocator, &x->attrs, attr) ||
            !tenon__vec_push(r->data.allocator, &x->graphs, graph))
            return no_memory(err);
    }
    return TENON_OK;
}

/* The ids of inputs, then outputs, into fields.ids. */
static tenon_status read_values(tenon__onnx_scope *s, tenon_error *err)
{
    tenon__onnx_fields *x = &s->reader->fields;
    x->ids.count = 0;
    for (size_t i = 0; i < x->inputs.count + x->outputs.count; i++) {
        tenon__value_id id;
        tenon_status status =
            i < x->inputs.count
                ? tenon__onnx_scope_read(s, x->inputs.items[i], &id, err)
                : tenon__onnx_scope_define(s, x->outputs.items[i - x->inputs.count], &id, err);
        if (status) return status;
        if (!tenon__vec_push(s->reader->data.allocator, &x->ids, id)) return no_memory(err);
    }
    return TENON_OK;
}

static tenon_status add_node(tenon__onnx_scope *s, const tenon__onnx_kind *kind, tenon_error *err)
{
    const tenon__onnx_fields *x = &s->reader->fields;
    /* A node without inputs and outputs has no list at all. */
    const tenon__value_id *outputs = x->ids.count ? x->ids.items + x->inputs.count : NULL;
    tenon__node *node;
    tenon__str name;
    tenon_status status = tenon__onnx_scope_name(s, x->name, &name, err);
    if (status) return status;
    status = tenon__graph_add_node(s->graph, kind->op, name, x->kind, kind->opset, x->ids.items,
                                   x->inputs.count, outputs, x->outputs.count, x->attrs.items,
                                   x->attrs.count, UINT32_MAX, &node, err);
    for (uint32_t i = 0; status == TENON_OK && i < node->attr_count; i++) {
        if (node->attrs[i].type != TENON__ATTR_GRAPH) continue;
        tenon__onnx_pending waits = {node, i, x->graphs.items[i]};
        if (!tenon__vec_push(s->reader->data.allocator, &s->pending, waits))
            status = no_memory(err);
    }
    return status;
}

static tenon_status call(tenon__onnx_scope *s, const tenon__onnx_function *function,
                         tenon_error *err)
{
    const tenon__onnx_fields *x = &s->reader->fields;
    tenon__arena *arena = s->reader->data.arena;
    tenon__value_id *ids = tenon__arena_alloc(arena, (x->ids.count + 1) * sizeof *ids);
    tenon__attr *attrs = tenon__arena_alloc(arena, (x->attrs.count + 1) * sizeof *attrs);
    if (!ids || !attrs) return tenon__graph_no_memory(arena, err);
    if (x->ids.count) memcpy(ids, x->ids.items, x->ids.count * sizeof *ids);
    if (x->attrs.count) memcpy(attrs, x->attrs.items, x->attrs.count * sizeof *attrs);
    for (size_t i = 0; i < x->attrs.count; i++)
        if (attrs[i].type == TENON__ATTR_GRAPH)
            return tenon__fail(err, TENON_EUNSUPPORTED,
                               "functions that are given graphs are not supported");
    tenon__onnx_use use = {.function = function,
                           .inputs = ids,
                           .outputs = ids + x->inputs.count,
                           .input_count = x->inputs.count,
                           .output_count = x->outputs.count,
                           .attrs = attrs,
                           .attr_count = x->attrs.count};
    return tenon__onnx_function_inline(s, &use, err);
}

/* A padded copy, so that a kernel may read it in place. */
static tenon_status small_constant(tenon__onnx_scope *s, tenon_dtype dtype, int rank,
                                   const void *data, size_t count, size_t item_bytes,
                                   tenon__onnx_tensor *out, tenon_error *err)
{
    tenon__arena *arena = s->reader->data.arena;
    const int64_t dims[1] = {(int64_t)count};
    tenon__view_set(&out->view, dtype, rank, dims);
    out->view.data = tenon__arena_zeroed(arena, 1, count * item_bytes + TENON_TENSOR_PAD_BYTES);
    if (!out->view.data) return tenon__graph_no_memory(arena, err);
    if (count) memcpy(out->view.data, data, count * item_bytes);
    out->aligned = true;
    return TENON_OK;
}

static tenon_status constant_strings(tenon__onnx_scope *s, int rank, const tenon__str *strings,
                                     size_t count, tenon__onnx_tensor *out, tenon_error *err)
{
    _Static_assert(sizeof(tenon_string) == sizeof(tenon__str), "both are data and size");
    return small_constant(s, TENON_STRING, rank, strings, count, sizeof *strings, out, err);
}

/* Constant: the one attribute that holds the value. */
static tenon_status read_constant(tenon__onnx_scope *s, tenon_error *err)
{
    const tenon__onnx_fields *x = &s->reader->fields;
    tenon__onnx_tensor t = {.view = {.kind = TENON_VALUE_TENSOR, .known = true}};
    if (x->inputs.count || x->outputs.count != 1 || x->attrs.count != 1)
        return tenon__fail(err, TENON_EFORMAT,
                           "%zu inputs, %zu outputs, %zu attributes; no input, one output and one "
                           "value are right",
                           x->inputs.count, x->outputs.count, x->attrs.count);
    const tenon__attr *attr = &x->attrs.items[0];
    tenon_status status;
    switch (attr->type) {
    case TENON__ATTR_TENSOR:
        t.view = *attr->tensor;
        t.aligned = false; /* attributes do not say: the copy is small, or made once */
        status = TENON_OK;
        break;
    case TENON__ATTR_INT:
        status = small_constant(s, TENON_I64, 0, &attr->i, 1, sizeof attr->i, &t, err);
        break;
    case TENON__ATTR_INTS:
        status =
            small_constant(s, TENON_I64, 1, attr->ints, attr->count, sizeof *attr->ints, &t, err);
        break;
    case TENON__ATTR_FLOAT:
        status = small_constant(s, TENON_F32, 0, &attr->f, 1, sizeof attr->f, &t, err);
        break;
    case TENON__ATTR_FLOATS:
        status = small_constant(s, TENON_F32, 1, attr->floats, attr->count, sizeof *attr->floats,
                                &t, err);
        break;
    case TENON__ATTR_STRING:
        status = constant_strings(s, 0, &attr->s, 1, &t, err);
        break;
    case TENON__ATTR_STRINGS:
        status = constant_strings(s, 1, attr->strings, attr->count, &t, err);
        break;
    default:
        return tenon__fail(err, TENON_EFORMAT, "attribute '%.*s' holds no value",
                           TENON__STR_ARG(attr->name));
    }
    return status ? status : tenon__onnx_scope_constant(s, x->outputs.items[0], &t, err);
}

static tenon_status read_node(tenon__onnx_scope *s, tenon_error *err)
{
    tenon__onnx_reader *r = s->reader;
    tenon__onnx_kind kind;
    tenon_status status;
    if (r->fields.domain.size == 0 && tenon__str_is(r->fields.kind, "Constant")) {
        status = read_attrs(s, NULL, err);
        return status ? status : read_constant(s, err);
    }
    status = look_up(s, &kind, err);
    if (status) return status;
    if (!kind.op && !kind.function) return report(s, kind.opset, err);
    status = read_attrs(s, kind.renames, err);
    if (status == TENON_OK) status = read_values(s, err);
    if (status) return status;
    return kind.function ? call(s, kind.function, err) : add_node(s, &kind, err);
}

tenon_status tenon__onnx_node_read(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__onnx_reader *r = s->reader;
    size_t index = s->graph->nodes.count;
    if (++r->node_count > r->max_nodes)
        return tenon__fail(err, TENON_ELIMIT, "more than %zu nodes", r->max_nodes);
    tenon_status status = read_fields(r, m, err);
    tenon__str name = r->fields.name,
               kind = r->fields.kind; /* before nodes of a function take their place */
    if (status == TENON_OK) status = read_node(s, err);
    if (status == TENON_OK) return TENON_OK;
    if (name.size == 0)
        return tenon__error_where(err, status, "node %zu (%.*s)", index, TENON__STR_ARG(kind));
    return tenon__error_where(err, status, "node '%.*s' (%.*s)", TENON__STR_ARG(name),
                              TENON__STR_ARG(kind));
}
