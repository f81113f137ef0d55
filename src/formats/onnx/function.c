/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the model: each call becomes the body's nodes. */
#include <stdio.h>

#include "formats/onnx/reader.h"

enum { NAME = 1, INPUT = 4, OUTPUT, NODE = 7, OPSET = 9, DOMAIN, DEFAULT, VALUE_INFO, OVERLOAD };

tenon__str tenon__onnx_domain(tenon__str domain)
{
    return tenon__str_is(domain, "ai.onnx") ? (tenon__str){NULL, 0} : domain;
}

tenon_status tenon__onnx_opset_read(const tenon_allocator *a, tenon__pb m, tenon__onnx_opsets *list,
                                    tenon_error *err)
{
    tenon__onnx_opset opset = {0};
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number == 1) {
            status = tenon__pb_want(&f, TENON__PB_BYTES, err);
            opset.domain = tenon__onnx_domain(tenon__pb_str(&f));
        } else if (f.number == 2) {
            status = tenon__pb_want(&f, TENON__PB_VARINT, err);
            opset.version = (int64_t)f.value;
        }
        if (status) return status;
    }
    if (status) return status;
    if (opset.version < 1 && opset.domain.size == 0)
        return tenon__fail(err, TENON_EFORMAT, "opset %lld of ai.onnx", (long long)opset.version);
    if (opset.version > TENON__OPSET_NEWEST && opset.domain.size == 0)
        return tenon__fail(err, TENON_EUNSUPPORTED, "opset %lld of ai.onnx; up to %d are read",
                           (long long)opset.version, TENON__OPSET_NEWEST);
    if (opset.version < 1) opset.version = 1;
    if (!tenon__vec_push(a, &list->list, opset))
        return tenon__fail(err, TENON_ENOMEM, "no memory for opset_import");
    return TENON_OK;
}

int64_t tenon__onnx_opset_find(const tenon__onnx_opsets *list, tenon__str domain)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (tenon__str_equal(list->list.items[i].domain, domain))
            return list->list.items[i].version;
    return -1;
}

bool tenon__onnx_key(tenon__str domain, tenon__str name, tenon__str overload, int64_t number,
                     char bytes[TENON__ONNX_KEY_BYTES], tenon__str *out)
{
    const tenon__str parts[3] = {domain, name, overload};
    size_t used = 0;
    for (int i = 0; i < 3; i++) {
        if (parts[i].size >= TENON__ONNX_KEY_BYTES - used - sizeof number - 3) return false;
        if (parts[i].size) memcpy(bytes + used, parts[i].data, parts[i].size);
        used += parts[i].size;
        bytes[used++] = '\0';
    }
    memcpy(bytes + used, &number, sizeof number);
    *out = (tenon__str){bytes, used + sizeof number};
    return true;
}

static tenon_status add_default(tenon__onnx_reader *r, tenon__onnx_function *function, tenon__pb m,
                                tenon_error *err)
{
    tenon__onnx_default preset = {.bytes = m};
    tenon_status status = tenon__onnx_attr_name(m, &preset.name, err);
    if (status == TENON_OK && !tenon__vec_push(r->data.allocator, &function->defaults, preset))
        status = tenon__fail(err, TENON_ENOMEM, "no memory for a function");
    return status;
}

static tenon_status read_header(tenon__onnx_reader *r, tenon__pb m, tenon__onnx_function *function,
                                tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != NAME && f.number != DOMAIN && f.number != OVERLOAD && f.number != OPSET &&
            f.number != DEFAULT)
            continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        if (f.number == NAME) function->name = tenon__pb_str(&f);
        if (f.number == DOMAIN) function->domain = tenon__onnx_domain(tenon__pb_str(&f));
        if (f.number == OVERLOAD) function->overload = tenon__pb_str(&f);
        if (f.number == OPSET)
            status = tenon__onnx_opset_read(r->data.allocator, f.part, &function->opsets, err);
        if (f.number == DEFAULT) status = add_default(r, function, f.part, err);
        if (status) return status;
    }
    return status;
}

tenon_status tenon__onnx_function_add(tenon__onnx_reader *r, tenon__pb m, tenon_error *err)
{
    tenon__onnx_function empty = {.body = m};
    char bytes[TENON__ONNX_KEY_BYTES];
    tenon__str key;
    if (!tenon__vec_push(r->data.allocator, &r->functions, empty))
        return tenon__fail(err, TENON_ENOMEM, "no memory for a function");
    tenon__onnx_function *function = &r->functions.items[r->functions.count - 1];
    tenon_status status = read_header(r, m, function, err);
    if (status == TENON_OK &&
        !tenon__onnx_key(function->domain, function->name, function->overload, 0, bytes, &key))
        status = tenon__fail(err, TENON_ELIMIT, "its name is longer than %d bytes",
                             TENON__ONNX_KEY_BYTES);
    if (status == TENON_OK) {
        key.data = tenon__arena_strdup(r->data.arena, key.data, key.size);
        if (!key.data)
            status = tenon__graph_no_memory(r->data.arena, err);
        else if (!tenon__map_set(&r->function_index, key, (uint32_t)(r->functions.count - 1)))
            status = tenon__fail(err, TENON_ENOMEM, "no memory for a function");
    }
    if (status)
        return tenon__error_where(err, status, "function '%.*s'", TENON__STR_ARG(function->name));
    return TENON_OK;
}

void tenon__onnx_functions_fini(tenon__onnx_reader *r)
{
    for (size_t i = 0; i < r->functions.count; i++) {
        tenon__vec_free(r->data.allocator, &r->functions.items[i].opsets.list);
        tenon__vec_free(r->data.allocator, &r->functions.items[i].defaults);
    }
    tenon__vec_free(r->data.allocator, &r->functions);
}

/* Binds the names of inputs and outputs to the values of the call. */
static tenon_status bind_values(tenon__onnx_scope *s, const tenon__onnx_use *use, tenon_error *err)
{
    tenon__pb m = use->function->body;
    tenon__pb_field f;
    tenon_status status;
    size_t inputs = 0;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != INPUT) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status == TENON_OK)
            status = tenon__onnx_scope_bind(
                s, tenon__pb_str(&f),
                inputs < use->input_count ? use->inputs[inputs] : TENON__NO_VALUE, err);
        if (status) return status;
        inputs++;
    }
    if (status == TENON_OK && inputs < use->input_count)
        status = tenon__fail(err, TENON_EFORMAT, "%zu inputs; the function takes %zu",
                             use->input_count, inputs);
    return status;
}

/* `from` under the name of the call's output: an input that the function passes through. */
static tenon_status pass_through(tenon__onnx_scope *s, tenon__value_id from, tenon__value_id to,
                                 tenon_error *err)
{
    const tenon__op *identity = tenon__op_find("Identity");
    tenon__node *node;
    if (!identity || from == TENON__NO_VALUE)
        return tenon__fail(err, TENON_EFORMAT, "the function gives an input that is not there");
    return tenon__graph_add_node(s->graph, identity, (tenon__str){NULL, 0}, TENON__STR("Identity"),
                                 TENON__OPSET_NEWEST, &from, 1, &to, 1, NULL, 0, UINT32_MAX, &node,
                                 err);
}

static tenon_status bind_outputs(tenon__onnx_scope *s, const tenon__onnx_use *use, tenon_error *err)
{
    tenon__pb m = use->function->body;
    tenon__pb_field f;
    tenon_status status;
    size_t outputs = 0;
    TENON__PB_EACH(&m, &f, status, err)
    {
        tenon__value_id bound;
        if (f.number != OUTPUT) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        tenon__str name = tenon__pb_str(&f);
        tenon__value_id id = outputs < use->output_count ? use->outputs[outputs] : TENON__NO_VALUE;
        outputs++;
        if (id == TENON__NO_VALUE) continue;
        status = tenon__map_get(&s->names, name, &bound) ? pass_through(s, bound, id, err)
                                                         : tenon__onnx_scope_bind(s, name, id, err);
        if (status) return status;
    }
    if (status == TENON_OK && outputs < use->output_count)
        status = tenon__fail(err, TENON_EFORMAT, "%zu outputs; the function gives %zu",
                             use->output_count, outputs);
    return status;
}

static tenon_status read_body(tenon__onnx_scope *s, tenon__pb m, tenon_error *err)
{
    tenon__pb_field f;
    tenon__pb again = m;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != NODE) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status == TENON_OK) status = tenon__onnx_node_read(s, f.part, err);
        if (status) return status;
    }
    if (status) return status;
    TENON__PB_EACH(&again, &f, status, err)
    {
        if (f.number != VALUE_INFO) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status == TENON_OK) status = tenon__onnx_declare(s, f.part, err);
        if (status) return status;
    }
    return status ? status : tenon__onnx_read_pending(s, err);
}

/* "name#7/" behind the prefix of the scope around the call. */
static tenon_status make_prefix(const tenon__onnx_scope *around, tenon__str name, tenon__str *out,
                                tenon_error *err)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%.*s#%u/", TENON__STR_ARG(name), around->reader->calls++);
    tenon__str own = {tenon__arena_strdup(around->reader->data.arena, text, (size_t)n), (size_t)n};
    if (!own.data) return tenon__graph_no_memory(around->reader->data.arena, err);
    return tenon__onnx_scope_name(around, own, out, err);
}

tenon_status tenon__onnx_function_inline(tenon__onnx_scope *s, const tenon__onnx_use *use,
                                         tenon_error *err)
{
    tenon__onnx_call call = {.function = use->function,
                             .attrs = use->attrs,
                             .attr_count = use->attr_count,
                             .depth = s->call ? s->call->depth + 1 : 1};
    tenon__onnx_scope body;
    if (call.depth > TENON__ONNX_CALL_DEPTH)
        return tenon__fail(err, TENON_ELIMIT, "functions call each other more than %d deep",
                           TENON__ONNX_CALL_DEPTH);
    tenon__onnx_scope_init(&body, s->reader, s->graph, NULL);
    body.call = &call;
    if (use->function->opsets.list.count) body.opsets = &use->function->opsets;
    tenon_status status = make_prefix(s, use->function->name, &body.prefix, err);
    if (status == TENON_OK) status = bind_values(&body, use, err);
    if (status == TENON_OK) status = bind_outputs(&body, use, err);
    if (status == TENON_OK) status = read_body(&body, use->function->body, err);
    tenon__onnx_scope_fini(&body);
    return status;
}
