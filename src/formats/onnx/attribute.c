/* SPDX-License-Identifier: Apache-2.0 */
/* AttributeProto. */
#include <inttypes.h>

#include "formats/onnx/reader.h"

enum {
    NAME = 1,
    F,
    I,
    S,
    T,
    G,
    FLOATS,
    INTS,
    STRINGS,
    TENSORS,
    GRAPHS,
    TYPE_PROTO = 14,
    TYPE_PROTOS,
    TYPE = 20,
    REF,
    SPARSE,
    SPARSES
};

/* The values of `type`. */
enum {
    KIND_NONE,
    KIND_FLOAT,
    KIND_INT,
    KIND_STRING,
    KIND_TENSOR,
    KIND_GRAPH,
    KIND_FLOATS,
    KIND_INTS,
    KIND_STRINGS,
    KIND_TENSORS,
    KIND_GRAPHS,
    KIND_SPARSE,
    KIND_SPARSES,
    KIND_TYPE,
    KIND_TYPES
};

/* The fields of an AttributeProto: the last of each single one, and how many numbers the lists
 * have. */
typedef struct proto {
    tenon__pb all;
    tenon__str name, ref;
    uint64_t type;
    uint64_t f, i;
    tenon__str s;
    tenon__pb t, g, tp, sparse;
    size_t count;     /* values of the list field, at most */
    uint32_t payload; /* number of the field that holds the value; 0: none */
} proto;

static uint32_t field_of(uint64_t type)
{
    static const uint8_t fields[] = {0,      F,      I,       S,          T,
                                     G,      FLOATS, INTS,    STRINGS,    TENSORS,
                                     GRAPHS, SPARSE, SPARSES, TYPE_PROTO, TYPE_PROTOS};
    return type < sizeof fields ? fields[type] : 0;
}

static tenon__pb_type wire_of(uint32_t field)
{
    return field == F                    ? TENON__PB_32
           : field == I || field == TYPE ? TENON__PB_VARINT
                                         : TENON__PB_BYTES;
}

static size_t count_varints(const tenon__pb *part)
{
    size_t n = 0;
    for (const uint8_t *at = part->at; at < part->end; at++)
        n += *at < 0x80;
    return n;
}

static tenon_status read_field(const tenon__pb_field *f, proto *p, tenon_error *err)
{
    bool list = f->number == FLOATS || f->number == INTS;
    bool known = (f->number >= NAME && f->number <= GRAPHS) ||
                 (f->number >= TYPE_PROTO && f->number <= TYPE_PROTOS) ||
                 (f->number >= TYPE && f->number <= SPARSES);
    if (!known) return TENON_OK;
    if (!list) {
        tenon_status status = tenon__pb_want(f, wire_of(f->number), err);
        if (status) return status;
    }
    if (f->number != NAME && f->number != TYPE && f->number != REF) p->payload = f->number;
    switch (f->number) {
    case NAME:
        p->name = tenon__pb_str(f);
        break;
    case REF:
        p->ref = tenon__pb_str(f);
        break;
    case TYPE:
        p->type = f->value;
        break;
    case F:
        p->f = f->value;
        break;
    case I:
        p->i = f->value;
        break;
    case S:
        p->s = tenon__pb_str(f);
        break;
    case T:
        p->t = f->part;
        break;
    case G:
        p->g = f->part;
        break;
    case TYPE_PROTO:
        p->tp = f->part;
        break;
    case SPARSE:
        p->sparse = f->part;
        break;
    case FLOATS:
        p->count += f->type == TENON__PB_BYTES ? tenon__pb_left(&f->part) / 4 : 1;
        break;
    case INTS:
        p->count += f->type == TENON__PB_BYTES ? count_varints(&f->part) : 1;
        break;
    case STRINGS:
        p->count++;
        break;
    default:
        break;
    }
    return TENON_OK;
}

static tenon_status read_proto(tenon__pb m, proto *p, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    *p = (proto){.all = m};
    TENON__PB_EACH(&m, &f, status, err)
    {
        status = read_field(&f, p, err);
        if (status) return status;
    }
    if (status) return status;
    if (p->type > KIND_TYPES)
        return tenon__fail(err, TENON_EUNSUPPORTED, "attribute '%.*s' is of unknown type %" PRIu64,
                           TENON__STR_ARG(p->name), p->type);
    if (p->name.size == 0)
        return tenon__fail(err, TENON_EFORMAT, "byte %zu: an attribute without a name",
                           tenon__pb_offset(&p->all));
    if (p->type == KIND_NONE) return TENON_OK; /* early files: what is there says it */
    if (p->payload && p->payload != field_of(p->type))
        return tenon__fail(err, TENON_EFORMAT,
                           "attribute '%.*s' says type %" PRIu64 " and has field %u",
                           TENON__STR_ARG(p->name), p->type, p->payload);
    p->payload = field_of(p->type);
    return TENON_OK;
}

static tenon_status list_full(const proto *p, tenon_error *err)
{
    return tenon__fail(err, TENON_EFORMAT, "attribute '%.*s' is a broken list",
                       TENON__STR_ARG(p->name));
}

/* Packed numbers of `fixed` bytes, or varints where that is 0, or one number that stood alone. */
static tenon_status list_numbers(const proto *p, tenon__pb_field *f, unsigned fixed,
                                 tenon__attr *out, int64_t *ints, float *floats, tenon_error *err)
{
    uint32_t u;
    uint64_t v = f->value;
    bool packed = f->type == TENON__PB_BYTES;
    if (!packed) {
        tenon_status status = tenon__pb_want(f, fixed ? TENON__PB_32 : TENON__PB_VARINT, err);
        if (status) return status;
    } else if (fixed && tenon__pb_left(&f->part) % fixed) {
        return list_full(p, err);
    }
    while (!packed || f->part.at < f->part.end) {
        if (out->count == p->count) return list_full(p, err);
        if (packed && fixed) {
            memcpy(&u, f->part.at, sizeof u);
            f->part.at += sizeof u;
            v = u;
        } else if (packed) {
            tenon_status status = tenon__pb_varint(&f->part, &v, err);
            if (status) return status;
        }
        u = (uint32_t)v;
        if (fixed)
            memcpy(&floats[out->count++], &u, sizeof u);
        else
            ints[out->count++] = (int64_t)v;
        if (!packed) break;
    }
    return TENON_OK;
}

static tenon_status read_list(tenon__onnx_scope *s, const proto *p, tenon__attr *out,
                              tenon_error *err)
{
    tenon__pb m = p->all;
    tenon__pb_field f;
    tenon_status status;
    tenon__arena *arena = s->reader->data.arena;
    size_t item = p->payload == INTS     ? sizeof(int64_t)
                  : p->payload == FLOATS ? sizeof(float)
                                         : sizeof(tenon__str);
    void *items = tenon__arena_zeroed(arena, p->count ? p->count : 1, item);
    if (!items) return tenon__graph_no_memory(arena, err);
    out->count = 0;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != p->payload) continue;
        if (p->payload == STRINGS)
            ((tenon__str *)items)[out->count++] = tenon__pb_str(&f);
        else
            status = list_numbers(p, &f, p->payload == FLOATS ? 4 : 0, out, items, items, err);
        if (status) return status;
    }
    if (p->payload == INTS) out->ints = items;
    if (p->payload == FLOATS) out->floats = items;
    if (p->payload == STRINGS) out->strings = items;
    return status;
}

static tenon_status read_tensor(tenon__onnx_scope *s, const proto *p, tenon__attr *out,
                                tenon_error *err)
{
    tenon__onnx_data *data = &s->reader->data;
    tenon__onnx_tensor tensor;
    out->tensor = tenon__arena_zeroed(data->arena, 1, sizeof *out->tensor);
    if (!out->tensor) return tenon__graph_no_memory(data->arena, err);
    tenon_status status = p->payload == T ? tenon__onnx_tensor_read(data, p->t, &tensor, err)
                                          : tenon__onnx_sparse_read(data, p->sparse, &tensor, err);
    if (status == TENON_OK) *out->tensor = tensor.view;
    return status;
}

static tenon_status read_value(tenon__onnx_scope *s, const proto *p, tenon__attr *out,
                               tenon__pb *graph, tenon_error *err)
{
    uint32_t u = (uint32_t)p->f;
    switch (p->payload) {
    case F:
        out->type = TENON__ATTR_FLOAT;
        memcpy(&out->f, &u, sizeof u);
        return TENON_OK;
    case I:
        out->type = TENON__ATTR_INT;
        out->i = (int64_t)p->i;
        return TENON_OK;
    case S:
        out->type = TENON__ATTR_STRING;
        out->s = p->s;
        return TENON_OK;
    case T:
    case SPARSE:
        out->type = TENON__ATTR_TENSOR;
        return read_tensor(s, p, out, err);
    case G:
        out->type = TENON__ATTR_GRAPH;
        *graph = p->g;
        return TENON_OK;
    case FLOATS:
        out->type = TENON__ATTR_FLOATS;
        return read_list(s, p, out, err);
    case INTS:
        out->type = TENON__ATTR_INTS;
        return read_list(s, p, out, err);
    case STRINGS:
        out->type = TENON__ATTR_STRINGS;
        return read_list(s, p, out, err);
    case TYPE_PROTO:
        out->type = TENON__ATTR_TYPE;
        out->type_view = tenon__arena_zeroed(s->reader->data.arena, 1, sizeof *out->type_view);
        if (!out->type_view) return tenon__graph_no_memory(s->reader->data.arena, err);
        return tenon__onnx_type_read(p->tp, NULL, NULL, out->type_view, err);
    case 0:
        return tenon__fail(err, TENON_EFORMAT, "attribute '%.*s' has no value",
                           TENON__STR_ARG(p->name));
    default:
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "attribute '%.*s' is a list of tensors, graphs or types",
                           TENON__STR_ARG(p->name));
    }
}

tenon_status tenon__onnx_attr_name(tenon__pb m, tenon__str *out, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    *out = (tenon__str){NULL, 0};
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != NAME) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        *out = tenon__pb_str(&f);
    }
    return status;
}

/* The default of a function's attribute; NULL if it has none. */
static const tenon__onnx_default *find_default(const tenon__onnx_function *function,
                                               tenon__str name)
{
    for (size_t i = 0; i < function->defaults.count; i++)
        if (tenon__str_equal(function->defaults.items[i].name, name))
            return &function->defaults.items[i];
    return NULL;
}

/* The attribute of the call that p->ref names, under p->name. */
static tenon_status read_reference(tenon__onnx_scope *s, const proto *p, tenon__attr *out,
                                   tenon__pb *graph, bool *absent, tenon_error *err)
{
    const tenon__onnx_call *call = s->call;
    proto given;
    if (!call)
        return tenon__fail(err, TENON_EFORMAT,
                           "attribute '%.*s' refers to a function's attribute, outside a function",
                           TENON__STR_ARG(p->name));
    for (size_t i = 0; i < call->attr_count; i++) {
        if (!tenon__str_equal(call->attrs[i].name, p->ref)) continue;
        *out = call->attrs[i];
        out->name = p->name;
        return TENON_OK;
    }
    const tenon__onnx_default *preset = find_default(call->function, p->ref);
    *absent = !preset;
    if (!preset) return TENON_OK;
    tenon_status status = read_proto(preset->bytes, &given, err);
    if (status) return status;
    if (given.ref.size)
        return tenon__fail(err, TENON_EFORMAT, "the default of attribute '%.*s' is a reference",
                           TENON__STR_ARG(p->ref));
    return read_value(s, &given, out, graph, err);
}

tenon_status tenon__onnx_attr_read(tenon__onnx_scope *s, tenon__pb m, tenon__attr *out,
                                   tenon__pb *graph, bool *absent, tenon_error *err)
{
    proto p;
    *absent = false;
    tenon_status status = read_proto(m, &p, err);
    if (status) return status;
    *out = (tenon__attr){.name = p.name};
    if (p.ref.size) return read_reference(s, &p, out, graph, absent, err);
    return read_value(s, &p, out, graph, err);
}
