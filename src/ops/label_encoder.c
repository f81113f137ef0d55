/* SPDX-License-Identifier: Apache-2.0 */
/* LabelEncoder: each element looked up in a list of keys. ai.onnx.ml LabelEncoder-1, 2, 4.
 *
 * keys_* and values_* are lists of one length, of strings, int64 or float32, or (since 4) tensors
 * of one dim; what is not found becomes default_* ("_Unused", -1, -0, or default_tensor).
 * LabelEncoder-1 has classes_strings instead: strings become their places in it, int64 the other
 * way. NaN is found as NaN. */
#include <stdio.h>

#include "opkit/lookup.h"
#include "opkit/text.h"
#include "tensor/convert.h"

/* A list of strings, or of elements of a numeric dtype. */
typedef struct list {
    tenon_dtype dtype;
    size_t count;
    const tenon__str *strings;
    const void *data;
} list;

typedef struct mapping {
    list keys, values;
    tenon__lookup lookup;
    tenon_string default_string;
    uint8_t default_number[8];
} mapping;

typedef struct attrs {
    mapping forward, back; /* back: int64 to strings, in LabelEncoder-1 only */
    bool two_ways;
} attrs;

static tenon_status list_of_tensor(const tenon__graph *graph, const tenon__view *t, list *out,
                                   tenon_error *err)
{
    int64_t count = tenon__view_count(t);
    if (count < 0) return tenon__fail(err, TENON_EFORMAT, "a tensor of keys or values has no size");
    *out = (list){t->dtype, (size_t)count, NULL, t->data};
    if (t->dtype != TENON_STRING) return TENON_OK;
    tenon__str *strings = tenon__arena_zeroed(graph->arena, (size_t)count + 1, sizeof *strings);
    if (!strings) return tenon__fail(err, TENON_ENOMEM, "no memory for labels");
    for (int64_t i = 0; i < count; i++) {
        tenon_string s;
        memcpy(&s, (const uint8_t *)t->data + (size_t)i * sizeof s, sizeof s);
        strings[i] = (tenon__str){s.data, s.size_bytes};
    }
    out->strings = strings;
    return TENON_OK;
}

/* The one of NAME_strings, NAME_int64s, NAME_floats and NAME_tensor that is there. */
static tenon_status find_list(const tenon__graph *graph, const tenon__node *node, const char *name,
                              list *out, tenon_error *err)
{
    char full[32];
    size_t count;
    const void *data;
    (void)snprintf(full, sizeof full, "%s_strings", name);
    if ((data = tenon__attr_strings(node, full, &count)) != NULL) {
        *out = (list){TENON_STRING, count, data, NULL};
        return TENON_OK;
    }
    (void)snprintf(full, sizeof full, "%s_int64s", name);
    if ((data = tenon__attr_ints(node, full, &count)) != NULL) {
        *out = (list){TENON_I64, count, NULL, data};
        return TENON_OK;
    }
    (void)snprintf(full, sizeof full, "%s_floats", name);
    if ((data = tenon__attr_floats(node, full, &count)) != NULL) {
        *out = (list){TENON_F32, count, NULL, data};
        return TENON_OK;
    }
    (void)snprintf(full, sizeof full, "%s_tensor", name);
    const tenon__view *tensor = tenon__attr_tensor(node, full);
    if (tensor) return list_of_tensor(graph, tensor, out, err);
    return tenon__fail(err, TENON_EFORMAT, "no attribute %s_* gives a list", name);
}

/* A number as the 8 bytes that are hashed and compared: integers, or doubles with one NaN and one
 * zero. */
static uint64_t number_key(tenon_dtype dtype, const void *data, size_t i)
{
    uint64_t bits;
    if (dtype != TENON_F32 && dtype != TENON_F64 && dtype != TENON_F16 && dtype != TENON_BF16)
        return (uint64_t)tenon__get_i64(dtype, data, i);
    double v = tenon__get_f64(dtype, data, i);
    if (v != v) return UINT64_MAX;
    if (v == 0) v = 0;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static bool equal(const void *keys, uint32_t number, const void *key)
{
    const list *l = keys;
    if (l->dtype == TENON_STRING)
        return tenon__str_equal(l->strings[number], *(const tenon__str *)key);
    return number_key(l->dtype, l->data, number) == *(const uint64_t *)key;
}

static tenon_status check_dtype(const list *l, tenon_error *err)
{
    switch (l->dtype) {
    case TENON_STRING:
    case TENON_I64:
    case TENON_I32:
    case TENON_I16:
    case TENON_F32:
    case TENON_F64:
        return TENON_OK;
    default:
        return tenon__fail(err, TENON_EUNSUPPORTED, "labels of %s are not supported",
                           tenon_dtype_text(l->dtype));
    }
}

static tenon_status build(const tenon__graph *graph, mapping *m, tenon_error *err)
{
    if (m->keys.count != m->values.count)
        return tenon__fail(err, TENON_EFORMAT, "there are %zu keys and %zu values", m->keys.count,
                           m->values.count);
    tenon_status st = check_dtype(&m->keys, err);
    if (st == TENON_OK) st = check_dtype(&m->values, err);
    if (st == TENON_OK) st = tenon__lookup_init(&m->lookup, graph->arena, m->keys.count, err);
    for (size_t i = 0; st == TENON_OK && i < m->keys.count; i++) {
        uint64_t number = 0;
        tenon__str key = {(const char *)&number, sizeof number};
        if (m->keys.dtype == TENON_STRING)
            key = m->keys.strings[i];
        else
            number = number_key(m->keys.dtype, m->keys.data, i);
        tenon__lookup_add(&m->lookup, tenon__hash64(key.data, key.size, 0), (uint32_t)i);
    }
    return st;
}

static tenon_status read_default(const tenon__node *node, mapping *m, tenon_error *err)
{
    const tenon__view *tensor = tenon__attr_tensor(node, "default_tensor");
    tenon__str s = tenon__attr_str(node, "default_string", "_Unused");
    m->default_string = (tenon_string){s.data, s.size};
    if (tensor && (tensor->dtype != m->values.dtype || tenon__view_count(tensor) != 1))
        return tenon__fail(err, TENON_EFORMAT,
                           "default_tensor must be one element of the values' type");
    if (tensor && tensor->dtype == TENON_STRING)
        memcpy(&m->default_string, tensor->data, sizeof m->default_string);
    if (m->values.dtype == TENON_STRING) return TENON_OK;
    if (tensor) {
        memcpy(m->default_number, tensor->data, tenon_dtype_bits(tensor->dtype) / 8);
        return TENON_OK;
    }
    float f = tenon__attr_float(node, "default_float", -0.0f);
    int64_t i = tenon__attr_int(node, "default_int64", -1);
    if (m->values.dtype == TENON_F32 || m->values.dtype == TENON_F64)
        return tenon__convert(TENON_F32, &f, m->values.dtype, m->default_number, 0, 1, true, err);
    return tenon__convert(TENON_I64, &i, m->values.dtype, m->default_number, 0, 1, true, err);
}

static tenon_status read_classes(const tenon__graph *graph, const tenon__node *node, attrs *a,
                                 tenon_error *err)
{
    size_t count;
    const tenon__str *strings = tenon__attr_strings(node, "classes_strings", &count);
    int64_t *places = tenon__arena_alloc(graph->arena, (count + 1) * sizeof *places);
    if (!places) return tenon__fail(err, TENON_ENOMEM, "no memory for %zu classes", count);
    for (size_t i = 0; i < count; i++)
        places[i] = (int64_t)i;
    list names = {TENON_STRING, count, strings, NULL}, numbers = {TENON_I64, count, NULL, places};
    a->two_ways = true;
    a->forward.keys = a->back.values = names;
    a->forward.values = a->back.keys = numbers;
    tenon_status st = build(graph, &a->back, err);
    return st ? st : read_default(node, &a->back, err);
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon_status st;
    if (node->opset < 2) {
        st = read_classes(graph, node, a, err);
    } else {
        st = find_list(graph, node, "keys", &a->forward.keys, err);
        if (st == TENON_OK) st = find_list(graph, node, "values", &a->forward.values, err);
    }
    if (st == TENON_OK) st = build(graph, &a->forward, err);
    return st ? st : read_default(node, &a->forward, err);
}

static const mapping *mapping_for(const attrs *a, tenon_dtype dtype)
{
    return a->two_ways && dtype != TENON_STRING ? &a->back : &a->forward;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    const mapping *m = mapping_for(a, x->dtype);
    bool known = x->dtype != TENON_NONE || !a->two_ways;
    tenon__infer_set(c, 0, known ? m->values.dtype : TENON_NONE, x->rank, x->dims);
    if (x->dtype == TENON_NONE || x->dtype == m->keys.dtype) return TENON_OK;
    return tenon__fail(c->err, TENON_ETYPE, "the input is %s; the keys are %s",
                       tenon_dtype_text(x->dtype), tenon_dtype_text(m->keys.dtype));
}

static tenon_status bind(tenon__bind *c)
{
    c->tiles = tenon__tiles(tenon__view_count(c->in[0]), 40, c->params);
    return TENON_OK;
}

static uint32_t find(const mapping *m, const tenon__view *x, int64_t i)
{
    if (x->dtype == TENON_STRING) {
        tenon_string s = tenon__strings(x)[i];
        tenon__str key = {s.data, s.size_bytes};
        return tenon__lookup_find(&m->lookup, tenon__hash64(key.data, key.size, 0), &m->keys, &key,
                                  equal);
    }
    uint64_t number = number_key(x->dtype, x->data, (size_t)i);
    return tenon__lookup_find(&m->lookup, tenon__hash64(&number, sizeof number, 0), &m->keys,
                              &number, equal);
}

static tenon_status run(const tenon__run *r)
{
    const tenon__view *x = r->in[0];
    const mapping *m = mapping_for(r->attrs, x->dtype);
    int64_t per_tile = *(const int64_t *)r->params, i = r->tile * per_tile, end = i + per_tile;
    size_t bytes = tenon_dtype_bits(m->values.dtype) / 8;
    if (end > tenon__view_count(x)) end = tenon__view_count(x);
    for (; i < end; i++) {
        uint32_t found = find(m, x, i);
        uint8_t *out = (uint8_t *)r->out[0]->data + (size_t)i * bytes;
        if (m->values.dtype == TENON_STRING) {
            tenon_string s = m->default_string;
            if (found != TENON__NOT_FOUND)
                s = (tenon_string){m->values.strings[found].data, m->values.strings[found].size};
            memcpy(out, &s, sizeof s);
        } else if (found == TENON__NOT_FOUND) {
            memcpy(out, m->default_number, bytes);
        } else {
            memcpy(out, (const uint8_t *)m->values.data + found * bytes, bytes);
        }
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "ai.onnx.ml", "LabelEncoder", 1, 0, NULL}, {0}};

const tenon__op tenon__op_label_encoder = {
    .name = "LabelEncoder",
    .doc = "Elements looked up in a list of keys",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(int64_t),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
