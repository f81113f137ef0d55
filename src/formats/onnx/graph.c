/* SPDX-License-Identifier: Apache-2.0 */
/* GraphProto and ValueInfoProto. */
#include "formats/onnx/reader.h"

enum { NODE = 1, NAME, INITIALIZER = 5, INPUT = 11, OUTPUT, VALUE_INFO, SPARSE = 15 };

static tenon_status symbol(void *ctx, tenon__str name, int64_t *dim, tenon_error *err)
{
    tenon__onnx_reader *r = ctx;
    uint32_t i;
    if (!tenon__map_get(&r->symbols, name, &i)) {
        i = (uint32_t)r->graph->symbols.count;
        if (!tenon__vec_push(r->data.allocator, &r->graph->symbols, name) ||
            !tenon__map_set(&r->symbols, name, i))
            return tenon__fail(err, TENON_ENOMEM, "no memory for the names of dimensions");
    }
    *dim = -2 - (int64_t)i;
    return TENON_OK;
}

static tenon_status read_info(tenon__onnx_reader *r, tenon__pb m, tenon__str *name,
                              tenon__view *view, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    *name = (tenon__str){NULL, 0};
    *view = (tenon__view){.rank = TENON__RANK_UNKNOWN};
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number > 2) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) break;
        if (f.number == 1)
            *name = tenon__pb_str(&f);
        else
            status = tenon__onnx_type_read(f.part, symbol, r, view, err);
        if (status) break;
    }
    if (status) return tenon__error_where(err, status, "value '%.*s'", TENON__STR_ARG(*name));
    return TENON_OK;
}

tenon_status tenon__onnx_declare(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__str name;
    tenon__view view;
    tenon__value_id id;
    tenon_status status = read_info(s->reader, m, &name, &view, err);
    if (status || !tenon__map_get(&s->names, name, &id) || id == TENON__NO_VALUE) return status;
    tenon__value *value = tenon__graph_value(s->graph, id);
    if (value->role == TENON__ROLE_NODE && value->view.dtype == TENON_NONE && value->view.rank < 0)
        value->view = view;
    return TENON_OK;
}

/* An initialiser that is listed as input: from IR 4 on the caller may give another value, before it
 * must be listed. */
static tenon_status make_default(tenon__onnx_scope *s, tenon__value *value,
                                 const tenon__view *declared, const tenon__view *constant,
                                 bool aligned, tenon_error *err)
{
    tenon__view *fallback = tenon__arena_zeroed(s->graph->arena, 1, sizeof *fallback);
    if (!fallback) return tenon__fail(err, TENON_ENOMEM, "no memory for an input's default");
    *fallback = *constant;
    value->fallback = fallback;
    value->aligned = aligned;
    if (s->outer)
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "input '%.*s' of a subgraph has a default, which is not supported",
                           TENON__STR_ARG(value->name));
    if (s->reader->ir_version < 4) {
        value->role = TENON__ROLE_CONST;
        value->view = *constant;
        return TENON_OK;
    }
    if (declared->dtype != TENON_NONE && declared->dtype != constant->dtype)
        return tenon__fail(err, TENON_ETYPE, "input '%.*s' is %s, but its default is %s",
                           TENON__STR_ARG(value->name), tenon_dtype_text(declared->dtype),
                           tenon_dtype_text(constant->dtype));
    value->role = TENON__ROLE_INPUT;
    value->view = *declared;
    value->view.dtype = constant->dtype;
    value->view.known = false;
    value->view.data = NULL;
    value->has_default = true;
    return TENON_OK;
}

static tenon_status read_input(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__str name;
    tenon__view view;
    tenon__value_id id;
    tenon_status status = read_info(s->reader, m, &name, &view, err);
    if (status) return status;
    if (name.size == 0) return tenon__fail(err, TENON_EFORMAT, "an input without a name");
    if (tenon__map_get(&s->names, name, &id) &&
        tenon__graph_value(s->graph, id)->role == TENON__ROLE_CONST) {
        tenon__value *value = tenon__graph_value(s->graph, id);
        tenon__view constant = value->view;
        status = make_default(s, value, &view, &constant, value->aligned, err);
    } else {
        status = tenon__onnx_scope_define(s, name, &id, err);
        if (status) return status;
        tenon__graph_value(s->graph, id)->role = TENON__ROLE_INPUT;
        tenon__graph_value(s->graph, id)->view = view;
    }
    if (status == TENON_OK && !tenon__vec_push(s->graph->allocator, &s->graph->inputs, id))
        status = tenon__fail(err, TENON_ENOMEM, "no memory for the list of inputs");
    return status;
}

static tenon_status read_constant(tenon__onnx_scope *s, const tenon__pb_field *f, tenon_error *err)
{
    tenon__onnx_tensor tensor;
    tenon__value_id id;
    tenon_status status = f->number == SPARSE
                              ? tenon__onnx_sparse_read(&s->reader->data, f->part, &tensor, err)
                              : tenon__onnx_tensor_read(&s->reader->data, f->part, &tensor, err);
    if (status) return status;
    if (tenon__map_get(&s->names, tensor.name, &id)) {
        tenon__value *value = tenon__graph_value(s->graph, id);
        tenon__view declared = value->view;
        if (value->role == TENON__ROLE_INPUT && !value->has_default)
            return make_default(s, value, &declared, &tensor.view, tensor.aligned, err);
    }
    return tenon__onnx_scope_constant(s, tensor.name, &tensor, err);
}

static tenon_status read_output(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__str name;
    tenon__view view;
    tenon__value_id id;
    tenon_status status = read_info(s->reader, m, &name, &view, err);
    if (status) return status;
    if (name.size == 0) return tenon__fail(err, TENON_EFORMAT, "an output without a name");
    status = tenon__onnx_scope_read(s, name, &id, err);
    if (status) return status;
    tenon__value *value = tenon__graph_value(s->graph, id);
    value->is_output = true;
    if (value->role == TENON__ROLE_NODE) value->view = view;
    if (!tenon__vec_push(s->graph->allocator, &s->graph->outputs, id))
        return tenon__fail(err, TENON_ENOMEM, "no memory for the list of outputs");
    return TENON_OK;
}

/* Whatever defines a name, in whatever order it comes. */
static tenon_status read_definitions(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != NODE && f.number != NAME && f.number != INITIALIZER && f.number != INPUT &&
            f.number != SPARSE)
            continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        if (f.number == NODE)
            status = tenon__onnx_node_read(s, f.part, err);
        else if (f.number == NAME)
            s->graph->name = tenon__pb_str(&f);
        else if (f.number == INPUT)
            status = read_input(s, f.part, err);
        else
            status = read_constant(s, &f, err);
        if (status) return status;
    }
    return status;
}

static tenon_status read_declarations(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != OUTPUT && f.number != VALUE_INFO) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        status =
            f.number == OUTPUT ? read_output(s, f.part, err) : tenon__onnx_declare(s, f.part, err);
        if (status) return status;
    }
    return status;
}

/* Takes those out that turned out to be constants (before IR 4). */
static void drop_constant_inputs(tenon__graph *graph)
{
    size_t kept = 0;
    for (size_t i = 0; i < graph->inputs.count; i++)
        if (tenon__graph_value(graph, graph->inputs.items[i])->role == TENON__ROLE_INPUT)
            graph->inputs.items[kept++] = graph->inputs.items[i];
    graph->inputs.count = kept;
}

tenon_status tenon__onnx_graph_read(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon_status status = read_definitions(s, m, err);
    if (status) return status;
    drop_constant_inputs(s->graph);
    status = read_declarations(s, m, err);
    if (status == TENON_OK) status = tenon__onnx_scope_close(s, err);
    return status ? status : tenon__onnx_read_pending(s, err);
}

tenon_status tenon__onnx_read_pending(tenon__onnx_scope *s, tenon_error *err)
{
    for (size_t i = 0; i < s->pending.count; i++) {
        const tenon__onnx_pending *waits = &s->pending.items[i];
        tenon__attr *attr = &waits->node->attrs[waits->attr];
        tenon__onnx_scope inner;
        tenon_status status =
            tenon__graph_create(s->graph->allocator, s->graph->arena, s->graph, &attr->graph, err);
        if (status == TENON_OK) {
            tenon__onnx_scope_init(&inner, s->reader, attr->graph, s);
            /* At most TENON__GRAPH_DEPTH deep. */
            status = tenon__onnx_graph_read(&inner, waits->bytes, err);
            tenon__onnx_scope_fini(&inner);
        }
        if (status) return tenon__node_where(waits->node, status, err);
    }
    return TENON_OK;
}
