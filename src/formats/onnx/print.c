/* SPDX-License-Identifier: Apache-2.0 */
/* Values to TensorProto, SequenceProto, OptionalProto and MapProto. The bytes are written from the
 * last to the first, so that the length of a message is known when it is to be written. */
#include "tensor/onnx_type.h"
#include "tensor/tensor.h"

typedef struct writer {
    const tenon_allocator *allocator;
    uint8_t *block;
    size_t capacity, used; /* the last `used` bytes are written */
    bool failed;           /* no memory */
} writer;

static uint8_t *take(writer *w, size_t bytes)
{
    size_t need, capacity;
    if (w->failed || !tenon__add(w->used, bytes, &need) || need > SIZE_MAX / 2) {
        w->failed = true;
        return NULL;
    }
    if (need > w->capacity) {
        capacity = need > SIZE_MAX / 4 ? need : need * 2;
        uint8_t *block = tenon__alloc(w->allocator, capacity);
        if (!block) {
            w->failed = true;
            return NULL;
        }
        if (w->used) memcpy(block + capacity - w->used, w->block + w->capacity - w->used, w->used);
        tenon__free(w->allocator, w->block);
        w->block = block;
        w->capacity = capacity;
    }
    w->used = need;
    return w->block + w->capacity - need;
}

static void put_bytes(writer *w, const void *data, size_t bytes)
{
    if (bytes == 0) return;
    uint8_t *to = take(w, bytes);
    if (to) memcpy(to, data, bytes);
}

static void put_varint(writer *w, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (uint8_t)(value & 0x7f) | (value > 0x7f ? 0x80 : 0);
        value >>= 7;
    } while (value);
    put_bytes(w, bytes, n);
}

static void put_tag(writer *w, uint32_t number, unsigned type)
{
    put_varint(w, (uint64_t)number << 3 | type);
}

static void put_number(writer *w, uint32_t number, uint64_t value)
{
    put_varint(w, value);
    put_tag(w, number, 0);
}

/* Closes the message that began when `before` bytes were written, as field `number`. */
static void put_length(writer *w, uint32_t number, size_t before)
{
    put_varint(w, w->used - before);
    put_tag(w, number, 2);
}

static void put_text(writer *w, uint32_t number, const char *data, size_t size_bytes)
{
    put_bytes(w, data, size_bytes);
    put_varint(w, size_bytes);
    put_tag(w, number, 2);
}

static void put_name(writer *w, uint32_t number, const char *name)
{
    if (name && *name) put_text(w, number, name, strlen(name));
}

static void put_tensor(writer *w, const tenon_tensor *tensor, const char *name)
{
    enum { DIMS = 1, DATA_TYPE, STRINGS = 6, NAME = 8, RAW };
    const tenon__view *v = &tensor->view;
    if (v->dtype != TENON_STRING) put_text(w, RAW, v->data, tensor->size_bytes);
    put_name(w, NAME, name);
    if (v->dtype == TENON_STRING) {
        const tenon_string *strings = v->data;
        for (int64_t i = tenon__view_count(v); i-- > 0;)
            put_text(w, STRINGS, strings[i].data, strings[i].size_bytes);
    }
    put_number(w, DATA_TYPE, (uint64_t)tenon__dtype_to_onnx(v->dtype));
    for (int i = v->rank; i-- > 0;)
        put_number(w, DIMS, (uint64_t)v->dims[i]);
}

/* SequenceProto.DataType and its field, by kind. */
static const uint8_t elem_types[] = {1, 3, 5, 4};
static const uint8_t elem_fields[] = {3, 5, 7, 6};

static void put_value(writer *w, const tenon_value *value, const char *name);

/* Sequence, optional and the values of a map have the same fields. */
static void put_items(writer *w, const tenon_value *value, const char *name)
{
    /* An empty sequence is taken for one of tensors; an empty optional says nothing. */
    unsigned type = value->kind == TENON_VALUE_OPTIONAL ? 0 : elem_types[TENON_VALUE_TENSOR];
    for (size_t i = value->items.count; i-- > 0;) {
        const tenon_value *item = value->items.items[i];
        size_t before = w->used;
        put_value(w, item, NULL); /* at most TENON__VALUE_DEPTH deep */
        put_length(w, elem_fields[item->kind], before);
        type = elem_types[item->kind];
    }
    put_number(w, 2, type);
    put_name(w, 1, name);
}

static void put_map(writer *w, const tenon_value *map, const char *name)
{
    enum { NAME = 1, KEY_TYPE, KEYS, STRING_KEYS, VALUES };
    size_t before = w->used;
    put_items(w, map, NULL);
    put_length(w, VALUES, before);
    for (size_t i = map->keys.count; i-- > 0;) {
        const tenon__value_key *key = &map->keys.items[i];
        if (map->key_dtype == TENON_STRING)
            put_text(w, STRING_KEYS, key->text.data, key->text.size_bytes);
        else
            put_number(w, KEYS, (uint64_t)key->number);
    }
    put_number(w, KEY_TYPE, (uint64_t)tenon__dtype_to_onnx(map->key_dtype));
    put_name(w, NAME, name);
}

static void put_value(writer *w, const tenon_value *value, const char *name)
{
    if (value->kind == TENON_VALUE_TENSOR)
        put_tensor(w, value->tensor, name);
    else if (value->kind == TENON_VALUE_MAP)
        put_map(w, value, name);
    else
        put_items(w, value, name);
}

tenon_status tenon_value_print_onnx(tenon_env *env, const tenon_value *value, const char *name,
                                    void **data, size_t *size_bytes, tenon_error *err)
{
    if (!data || !size_bytes) return tenon__fail(err, TENON_EINVAL, "data or size_bytes is NULL");
    *data = NULL;
    *size_bytes = 0;
    if (!env || !value) return tenon__fail(err, TENON_EINVAL, "env or value is NULL");
    writer w = {.allocator = tenon__env_allocator(env)};
    put_value(&w, value, name);
    if (w.failed) {
        tenon__free(w.allocator, w.block);
        return tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes", w.used);
    }
    if (w.used) memmove(w.block, w.block + w.capacity - w.used, w.used);
    *data = w.block;
    *size_bytes = w.used;
    return TENON_OK;
}

void tenon_bytes_free(tenon_env *env, void *data)
{
    if (env && data) tenon__free(tenon__env_allocator(env), data);
}
