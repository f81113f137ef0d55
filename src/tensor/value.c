/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_value. */
#include <tenon/value.h>

#include "tensor/tensor.h"

static const char *kind_text(tenon_value_kind kind)
{
    static const char *const texts[] = {"tensor", "sequence", "optional", "map"};
    return (unsigned)kind < 4 ? texts[kind] : "unknown";
}

tenon_status tenon__value_create(const tenon_allocator *a, tenon_value_kind kind,
                                 tenon_tensor *tensor, tenon_value **out, tenon_error *err)
{
    tenon_value *v = tenon__alloc_zeroed(a, sizeof *v);
    *out = NULL;
    if (!v) return tenon__fail(err, TENON_ENOMEM, "no memory for a value");
    v->allocator = a;
    atomic_init(&v->refs, 1);
    v->kind = kind;
    v->tensor = tensor;
    v->dtype = tensor ? tensor->view.dtype : TENON_NONE;
    tenon__arena_init(&v->strings, a, 0);
    tenon__map_init(&v->index, a);
    *out = v;
    return TENON_OK;
}

tenon_value *tenon__value_ref(const tenon_value *value)
{
    /* Only the count changes, which is not part of what the value says. */
    tenon_value *v = (tenon_value *)(uintptr_t)value;
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void tenon_value_destroy(tenon_value *value)
{
    if (!value || atomic_fetch_sub_explicit(&value->refs, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < value->items.count; i++)
        tenon_value_destroy(value->items.items[i]); /* at most TENON__VALUE_DEPTH deep */
    tenon__vec_free(value->allocator, &value->items);
    tenon__vec_free(value->allocator, &value->keys);
    tenon__map_fini(&value->index);
    tenon__arena_fini(&value->strings);
    tenon_tensor_destroy(value->tensor);
    tenon__free(value->allocator, value);
}

/* Whether `item` may lie in `value`; notes what it says of the value's type. */
static tenon_status admit(tenon_value *value, tenon_value *item, tenon_error *err)
{
    if (!item || item == value) return tenon__fail(err, TENON_EINVAL, "there is no item to put");
    if (item->depth + 1 >= TENON__VALUE_DEPTH)
        return tenon__fail(err, TENON_ELIMIT, "values may lie %d deep in each other",
                           TENON__VALUE_DEPTH);
    if (value->items.count > 0) {
        const tenon_value *first = value->items.items[0];
        if (first->kind != item->kind)
            return tenon__fail(err, TENON_ETYPE, "a %s among items that are %ss",
                               kind_text(item->kind), kind_text(first->kind));
    }
    if (value->dtype != TENON_NONE && item->dtype != TENON_NONE && value->dtype != item->dtype)
        return tenon__fail(err, TENON_ETYPE, "a %s of %s among items of %s", kind_text(item->kind),
                           tenon_dtype_text(item->dtype), tenon_dtype_text(value->dtype));
    if (value->dtype == TENON_NONE) value->dtype = item->dtype;
    if (value->depth < item->depth + 1) value->depth = item->depth + 1;
    return TENON_OK;
}

tenon_status tenon__value_insert(tenon_value *value, size_t index, tenon_value *item,
                                 tenon_error *err)
{
    tenon_status status = admit(value, item, err);
    if (status) return status;
    if (!tenon__vec_push(value->allocator, &value->items, item))
        return tenon__fail(err, TENON_ENOMEM, "no memory for %zu items", value->items.count + 1);
    tenon_value **items = value->items.items;
    memmove(items + index + 1, items + index, (value->items.count - 1 - index) * sizeof *items);
    items[index] = item;
    return TENON_OK;
}

tenon__view tenon__value_view(const tenon_value *value)
{
    if (value->kind == TENON_VALUE_TENSOR && value->tensor) return value->tensor->view;
    tenon__view v = {.dtype = value->dtype,
                     .rank = TENON__RANK_UNKNOWN,
                     .kind = (uint8_t)value->kind,
                     .known = true};
    v.value = (tenon_value *)(uintptr_t)value; /* views do not tell const from not */
    return v;
}

/* ---- the public calls ---- */

static tenon_status check_creator(const tenon_env *env, tenon_value **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    return env ? TENON_OK : tenon__fail(err, TENON_EINVAL, "env is NULL");
}

tenon_status tenon_value_create_tensor(tenon_env *env, tenon_tensor *tensor, tenon_value **out,
                                       tenon_error *err)
{
    tenon_status status = check_creator(env, out, err);
    if (status) return status;
    if (!tensor) return tenon__fail(err, TENON_EINVAL, "tensor is NULL");
    return tenon__value_create(tenon__env_allocator(env), TENON_VALUE_TENSOR, tensor, out, err);
}

tenon_status tenon_value_create_sequence(tenon_env *env, tenon_value **out, tenon_error *err)
{
    tenon_status status = check_creator(env, out, err);
    if (status) return status;
    return tenon__value_create(tenon__env_allocator(env), TENON_VALUE_SEQUENCE, NULL, out, err);
}

tenon_status tenon_value_create_optional(tenon_env *env, tenon_value *item, tenon_value **out,
                                         tenon_error *err)
{
    tenon_status status = check_creator(env, out, err);
    if (status) return status;
    tenon_value *v;
    status = tenon__value_create(tenon__env_allocator(env), TENON_VALUE_OPTIONAL, NULL, &v, err);
    if (status) return status;
    if (item) status = tenon__value_insert(v, 0, item, err);
    if (status) {
        tenon_value_destroy(v);
        return status;
    }
    *out = v;
    return TENON_OK;
}

tenon_status tenon_value_create_map(tenon_env *env, tenon_dtype key_dtype, tenon_value **out,
                                    tenon_error *err)
{
    tenon_status status = check_creator(env, out, err);
    if (status) return status;
    if (key_dtype != TENON_I64 && key_dtype != TENON_STRING)
        return tenon__fail(err, TENON_ETYPE, "keys are int64 or string, not %s",
                           tenon_dtype_text(key_dtype));
    status = tenon__value_create(tenon__env_allocator(env), TENON_VALUE_MAP, NULL, out, err);
    if (status == TENON_OK) (*out)->key_dtype = key_dtype;
    return status;
}

tenon_value_kind tenon_value_kind_get(const tenon_value *value)
{
    return value->kind;
}

size_t tenon_value_count(const tenon_value *value)
{
    return value->kind == TENON_VALUE_TENSOR ? 1 : value->items.count;
}

const tenon_value *tenon_value_item(const tenon_value *value, size_t index)
{
    return index < value->items.count ? value->items.items[index] : NULL;
}

const tenon_tensor *tenon_value_tensor(const tenon_value *value)
{
    return value->tensor;
}

tenon_status tenon_value_append(tenon_value *sequence, tenon_value *item, tenon_error *err)
{
    if (!sequence || sequence->kind != TENON_VALUE_SEQUENCE)
        return tenon__fail(err, TENON_EINVAL, "only sequences are appended to");
    return tenon__value_insert(sequence, sequence->items.count, item, err);
}

/* `key` says the same as `name`, whose bytes index it. Replaces what the key named. */
static tenon_status put(tenon_value *map, tenon__value_key key, tenon__str name, tenon_value *item,
                        tenon_error *err)
{
    uint32_t at;
    tenon_status status = admit(map, item, err);
    if (status) return status;
    if (tenon__map_get(&map->index, name, &at)) {
        if (map->items.items[at] != item) tenon_value_destroy(map->items.items[at]);
        map->items.items[at] = item;
        return TENON_OK;
    }
    char *copy = tenon__arena_strdup(&map->strings, name.data, name.size);
    if (!copy || map->items.count >= UINT32_MAX) goto fail;
    if (map->key_dtype == TENON_STRING) key.text.data = copy;
    if (!tenon__vec_push(map->allocator, &map->keys, key)) goto fail;
    if (!tenon__vec_push(map->allocator, &map->items, item)) goto fail_key;
    if (!tenon__map_set(&map->index, (tenon__str){copy, name.size},
                        (uint32_t)(map->items.count - 1)))
        goto fail_item;
    return TENON_OK;
fail_item:
    map->items.count--;
fail_key:
    map->keys.count--;
fail:
    return tenon__fail(err, TENON_ENOMEM, "no memory for %zu keys", map->keys.count + 1);
}

tenon_status tenon_value_put_i64(tenon_value *map, int64_t key, tenon_value *item, tenon_error *err)
{
    char bytes[sizeof key];
    if (!map || map->kind != TENON_VALUE_MAP || map->key_dtype != TENON_I64)
        return tenon__fail(err, TENON_ETYPE, "only maps from int64 take such a key");
    memcpy(bytes, &key, sizeof key);
    return put(map, (tenon__value_key){.number = key}, (tenon__str){bytes, sizeof bytes}, item,
               err);
}

tenon_status tenon_value_put_string(tenon_value *map, tenon_string key, tenon_value *item,
                                    tenon_error *err)
{
    if (!map || map->kind != TENON_VALUE_MAP || map->key_dtype != TENON_STRING)
        return tenon__fail(err, TENON_ETYPE, "only maps from string take such a key");
    return put(map, (tenon__value_key){.text = key}, (tenon__str){key.data, key.size_bytes}, item,
               err);
}

int64_t tenon_value_key_i64(const tenon_value *map, size_t index)
{
    return index < map->keys.count ? map->keys.items[index].number : 0;
}

tenon_string tenon_value_key_string(const tenon_value *map, size_t index)
{
    return index < map->keys.count ? map->keys.items[index].text : (tenon_string){NULL, 0};
}
