/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto, SequenceProto, OptionalProto and MapProto as files of their own: to values. */
#include <inttypes.h>

#include "formats/onnx/tensor.h"
#include "tensor/tensor.h"

/* Of SequenceProto and OptionalProto. MapProto has keys in 3 and 4. */
enum { TENSOR = 3, SPARSE, SEQUENCE, MAP, OPTIONAL };
enum { MAP_KEY_TYPE = 2, MAP_KEYS, MAP_STRING_KEYS, MAP_VALUES };

static tenon_status read_value(const tenon__onnx_data *data, tenon_value_kind kind, tenon__pb m,
                               int depth, tenon_value **out, tenon_error *err);

static tenon_status read_tensor(const tenon__onnx_data *data, tenon__pb m, bool sparse,
                                tenon_value **out, tenon_error *err)
{
    tenon__onnx_tensor parsed;
    tenon_tensor *tensor;
    tenon_status status = sparse ? tenon__onnx_sparse_read(data, m, &parsed, err)
                                 : tenon__onnx_tensor_read(data, m, &parsed, err);
    if (status) return status;
    status = tenon__tensor_of_view(data->allocator, &parsed.view, &tensor, err);
    if (status) return status;
    status = tenon__value_create(data->allocator, TENON_VALUE_TENSOR, tensor, out, err);
    if (status) tenon_tensor_destroy(tensor);
    return status;
}

/* An item of a sequence, or of an optional, by the number of its field. */
static tenon_status read_item(const tenon__onnx_data *data, const tenon__pb_field *f, int depth,
                              tenon_value **out, tenon_error *err)
{
    *out = NULL;
    tenon_status status = tenon__pb_want(f, TENON__PB_BYTES, err);
    if (status) return status;
    switch (f->number) {
    case TENSOR:
    case SPARSE:
        return read_tensor(data, f->part, f->number == SPARSE, out, err);
    case SEQUENCE:
        return read_value(data, TENON_VALUE_SEQUENCE, f->part, depth + 1, out, err);
    case MAP:
        return read_value(data, TENON_VALUE_MAP, f->part, depth + 1, out, err);
    default:
        return read_value(data, TENON_VALUE_OPTIONAL, f->part, depth + 1, out, err);
    }
}

static tenon_status read_items(const tenon__onnx_data *data, tenon__pb m, int depth,
                               tenon_value *value, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        tenon_value *item;
        if (f.number < TENSOR || f.number > OPTIONAL) continue;
        if (value->kind == TENON_VALUE_OPTIONAL && value->items.count)
            return tenon__fail(err, TENON_EFORMAT, "byte %zu: an optional with two values",
                               f.offset);
        status = read_item(data, &f, depth, &item, err);
        if (status) return status;
        status = tenon__value_insert(value, value->items.count, item, err);
        if (status) {
            tenon_value_destroy(item);
            return status;
        }
    }
    return status;
}

/* Pairs key number i with item i of `items`. */
static tenon_status put_keys(tenon__pb m, tenon_value *map, const tenon_value *items,
                             tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    size_t used = 0;
    uint32_t number = map->key_dtype == TENON_STRING ? MAP_STRING_KEYS : MAP_KEYS;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != number) continue;
        bool packed = number == MAP_KEYS && f.type == TENON__PB_BYTES;
        if (!packed) {
            status =
                tenon__pb_want(&f, number == MAP_KEYS ? TENON__PB_VARINT : TENON__PB_BYTES, err);
            if (status) return status;
        }
        do {
            if (packed && f.part.at == f.part.end) break;
            if (packed) status = tenon__pb_varint(&f.part, &f.value, err);
            if (status) return status;
            if (used >= items->items.count)
                return tenon__fail(err, TENON_EFORMAT, "a map has more keys than values");
            tenon_value *item = tenon__value_ref(items->items.items[used++]);
            tenon__str text = tenon__pb_str(&f);
            status =
                number == MAP_KEYS
                    ? tenon_value_put_i64(map, (int64_t)f.value, item, err)
                    : tenon_value_put_string(map, (tenon_string){text.data, text.size}, item, err);
            if (status) {
                tenon_value_destroy(item);
                return status;
            }
        } while (packed);
    }
    if (status == TENON_OK && used != items->items.count)
        status = tenon__fail(err, TENON_EFORMAT, "a map has %zu keys and %zu values", used,
                             items->items.count);
    return status;
}

static tenon_status read_map(const tenon__onnx_data *data, tenon__pb m, int depth, tenon_value *map,
                             tenon_error *err)
{
    tenon__pb all = m;
    tenon__pb_field f;
    tenon_status status;
    tenon_value *items = NULL;
    map->key_dtype = TENON_I64;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number == MAP_STRING_KEYS) map->key_dtype = TENON_STRING;
        if (f.number != MAP_VALUES) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status == TENON_OK && items)
            status = tenon__fail(err, TENON_EFORMAT, "byte %zu: a map with two lists of values",
                                 f.offset);
        if (status == TENON_OK)
            status = read_value(data, TENON_VALUE_SEQUENCE, f.part, depth + 1, &items, err);
        if (status) break;
    }
    if (status == TENON_OK && !items)
        status = tenon__value_create(data->allocator, TENON_VALUE_SEQUENCE, NULL, &items, err);
    if (status == TENON_OK) status = put_keys(all, map, items, err);
    tenon_value_destroy(items);
    return status;
}

static tenon_status read_value(const tenon__onnx_data *data, tenon_value_kind kind, tenon__pb m,
                               int depth, tenon_value **out, tenon_error *err)
{
    *out = NULL;
    if (kind == TENON_VALUE_TENSOR) return read_tensor(data, m, false, out, err);
    if (depth >= TENON__VALUE_DEPTH)
        return tenon__fail(err, TENON_ELIMIT, "values lie more than %d deep in each other",
                           TENON__VALUE_DEPTH);
    tenon_value *value;
    tenon_status status = tenon__value_create(data->allocator, kind, NULL, &value, err);
    if (status) return status;
    status = kind == TENON_VALUE_MAP ? read_map(data, m, depth, value, err)
                                     : read_items(data, m, depth, value, err);
    if (status) {
        tenon_value_destroy(value);
        return status;
    }
    *out = value;
    return TENON_OK;
}

tenon_status tenon_value_parse_onnx(tenon_env *env, tenon_value_kind kind, const void *data,
                                    size_t size_bytes, tenon_value **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (!env || (!data && size_bytes) || (unsigned)kind > TENON_VALUE_MAP)
        return tenon__fail(err, TENON_EINVAL, "env, data or kind");
    const tenon_allocator *a = tenon__env_allocator(env);
    const uint8_t *bytes = data, *end = size_bytes ? bytes + size_bytes : bytes;
    tenon__arena arena; /* decoded numbers, until they are copied into tensors */
    tenon__arena_init(&arena, a, 0);
    tenon__onnx_data from = {.end = end, .arena = &arena, .allocator = a};
    tenon__pb all = {bytes, bytes, end, NULL};
    tenon_status status = read_value(&from, kind, all, 0, out, err);
    tenon__arena_fini(&arena);
    return status;
}
