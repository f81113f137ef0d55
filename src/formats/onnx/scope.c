/* SPDX-License-Identifier: Apache-2.0 */
/* Names. A file may use a name before it defines it, and a subgraph may use those of all graphs
 * around it, so that a name is looked for outside only once its own graph has been read. */
#include "formats/onnx/reader.h"

void tenon__onnx_scope_init(tenon__onnx_scope *s, tenon__onnx_reader *reader, tenon__graph *graph,
                            tenon__onnx_scope *outer)
{
    *s = (tenon__onnx_scope){.reader = reader, .graph = graph, .outer = outer};
    s->opsets = outer ? outer->opsets : &reader->opsets;
    s->call = outer ? outer->call : NULL;
    tenon__map_init(&s->names, reader->data.allocator);
}

void tenon__onnx_scope_fini(tenon__onnx_scope *s)
{
    tenon__map_fini(&s->names);
    tenon__vec_free(s->reader->data.allocator, &s->open);
    tenon__vec_free(s->reader->data.allocator, &s->pending);
}

tenon_status tenon__onnx_scope_bind(tenon__onnx_scope *s, tenon__str name, tenon__value_id id,
                                    tenon_error *err)
{
    if (tenon__map_set(&s->names, name, id)) return TENON_OK;
    return tenon__fail(err, TENON_ENOMEM, "no memory for the names of values");
}

tenon_status tenon__onnx_scope_name(const tenon__onnx_scope *s, tenon__str text, tenon__str *out,
                                    tenon_error *err)
{
    *out = text;
    if (s->prefix.size == 0 || text.size == 0) return TENON_OK;
    size_t size;
    tenon__arena *arena = s->reader->data.arena;
    char *joined =
        tenon__add(s->prefix.size, text.size, &size) ? tenon__arena_alloc(arena, size) : NULL;
    if (!joined) return tenon__graph_no_memory(arena, err);
    memcpy(joined, s->prefix.data, s->prefix.size);
    memcpy(joined + s->prefix.size, text.data, text.size);
    *out = (tenon__str){joined, size};
    return TENON_OK;
}

static tenon_status add_value(tenon__onnx_scope *s, tenon__str name, tenon__value_id *out,
                              tenon_error *err)
{
    tenon__str full;
    tenon_status status = tenon__onnx_scope_name(s, name, &full, err);
    if (status == TENON_OK) status = tenon__graph_add_value(s->graph, full, out, err);
    if (status == TENON_OK) status = tenon__onnx_scope_bind(s, name, *out, err);
    return status;
}

tenon_status tenon__onnx_scope_read(tenon__onnx_scope *s, tenon__str name, tenon__value_id *out,
                                    tenon_error *err)
{
    *out = TENON__NO_VALUE;
    if (name.size == 0 || tenon__map_get(&s->names, name, out)) return TENON_OK;
    tenon_status status = add_value(s, name, out, err);
    if (status) return status;
    if (!tenon__vec_push(s->reader->data.allocator, &s->open, *out))
        return tenon__fail(err, TENON_ENOMEM, "no memory for the names of values");
    return TENON_OK;
}

static bool is_made(const tenon__value *value)
{
    return value->role != TENON__ROLE_NODE || value->producer != UINT32_MAX;
}

tenon_status tenon__onnx_scope_define(tenon__onnx_scope *s, tenon__str name, tenon__value_id *out,
                                      tenon_error *err)
{
    *out = TENON__NO_VALUE;
    if (name.size == 0) return TENON_OK;
    if (!tenon__map_get(&s->names, name, out)) return add_value(s, name, out, err);
    if (*out == TENON__NO_VALUE || is_made(tenon__graph_value(s->graph, *out)))
        return tenon__fail(err, TENON_EFORMAT, "'%.*s' is defined twice", TENON__STR_ARG(name));
    return TENON_OK;
}

tenon_status tenon__onnx_scope_constant(tenon__onnx_scope *s, tenon__str name,
                                        const tenon__onnx_tensor *tensor, tenon_error *err)
{
    tenon__value_id id;
    tenon_status status = tenon__onnx_scope_define(s, name, &id, err);
    if (status || id == TENON__NO_VALUE) return status;
    tenon__value *value = tenon__graph_value(s->graph, id);
    value->role = TENON__ROLE_CONST;
    value->view = tensor->view;
    value->aligned = tensor->aligned;
    return TENON_OK;
}

/* The value of a name in this scope or around it, as this scope's graph sees it; false where there
 * is none. Recursion: TENON__GRAPH_DEPTH. */
static tenon_status find(tenon__onnx_scope *s, tenon__str name, bool *found, tenon__value_id *out,
                         tenon_error *err)
{
    *found = true;
    if (tenon__map_get(&s->names, name, out) &&
        (*out == TENON__NO_VALUE || is_made(tenon__graph_value(s->graph, *out))))
        return TENON_OK;
    *found = false;
    tenon__value_id outer = TENON__NO_VALUE;
    if (!s->outer) return TENON_OK;
    tenon_status status = find(s->outer, name, found, &outer, err);
    if (status || !*found || outer == TENON__NO_VALUE) {
        *found = false; /* an input that a function's caller left out is as good as none */
        return status;
    }
    if (!tenon__map_get(&s->names, name, out)) status = add_value(s, name, out, err);
    if (status) return status;
    tenon__value *value = tenon__graph_value(s->graph, *out);
    value->role = TENON__ROLE_OUTER;
    value->outer = outer;
    value->view = tenon__graph_value(s->outer->graph, outer)->view;
    return TENON_OK;
}

tenon_status tenon__onnx_scope_close(tenon__onnx_scope *s, tenon_error *err)
{
    for (size_t i = 0; i < s->open.count; i++) {
        tenon__value_id id = s->open.items[i];
        const tenon__value *value = tenon__graph_value(s->graph, id);
        bool found;
        if (is_made(value) || !s->outer) continue;
        /* In a scope with an outer one there is no prefix: the value has the name that was read. */
        tenon_status status = find(s, value->name, &found, &id, err);
        if (status) return status;
    }
    return TENON_OK; /* tenon__graph_sort says which names stand for nothing */
}
