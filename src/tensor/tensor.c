/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_tensor. */
#include "tensor/tensor.h"

#include <inttypes.h>

static tenon_status check_shape(tenon_dtype dtype, int rank, const int64_t *dims, tenon__view *view,
                                size_t *size_bytes, tenon_error *err)
{
    if (tenon_dtype_bits(dtype) == 0)
        return tenon__fail(err, TENON_EINVAL, "%d is no dtype", (int)dtype);
    if (rank < 0 || rank > TENON_MAX_RANK || (rank > 0 && !dims))
        return tenon__fail(err, TENON_EINVAL, "rank %d; from 0 to %d is right", rank,
                           TENON_MAX_RANK);
    for (int i = 0; i < rank; i++)
        if (dims[i] < 0)
            return tenon__fail(err, TENON_EINVAL, "dim %d is %" PRId64 "; 0 or more is right", i,
                               dims[i]);
    *view = (tenon__view){.kind = TENON_VALUE_TENSOR, .known = true};
    tenon__view_set(view, dtype, rank, dims);
    size_t padded;
    if (!tenon__view_bytes(view, size_bytes) ||
        !tenon__add(*size_bytes, TENON_TENSOR_PAD_BYTES, &padded))
        return tenon__fail(err, TENON_ELIMIT, "the shape takes more bytes than can be addressed");
    return TENON_OK;
}

static tenon_tensor *new_tensor(const tenon_allocator *a, const tenon__view *view,
                                size_t size_bytes)
{
    tenon_tensor *t = tenon__alloc_zeroed(a, sizeof *t);
    if (!t) return NULL;
    t->view = *view;
    t->allocator = a;
    t->size_bytes = size_bytes;
    tenon__arena_init(&t->strings, a, 0);
    return t;
}

tenon_status tenon__tensor_create(const tenon_allocator *a, tenon_dtype dtype, int rank,
                                  const int64_t *dims, tenon_tensor **out, tenon_error *err)
{
    tenon__view view;
    size_t size_bytes;
    *out = NULL;
    tenon_status status = check_shape(dtype, rank, dims, &view, &size_bytes, err);
    if (status) return status;
    tenon_tensor *t = new_tensor(a, &view, size_bytes);
    if (t) t->view.data = tenon__alloc_zeroed(a, size_bytes + TENON_TENSOR_PAD_BYTES);
    if (!t || !t->view.data) {
        tenon_tensor_destroy(t);
        return tenon__fail(err, TENON_ENOMEM, "no memory for a tensor of %zu bytes", size_bytes);
    }
    t->owned = true;
    *out = t;
    return TENON_OK;
}

/* The alignment that a dtype's elements need, in bytes. */
static size_t alignment_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_STRING:
        return sizeof(void *);
    case TENON_C64:
        return sizeof(float);
    case TENON_C128:
        return sizeof(double);
    default:
        return tenon_dtype_bits(dtype) < 8 ? 1 : tenon_dtype_bits(dtype) / 8;
    }
}

tenon_status tenon__tensor_wrap(const tenon_allocator *a, tenon_dtype dtype, int rank,
                                const int64_t *dims, void *data, size_t size_bytes,
                                tenon_tensor **out, tenon_error *err)
{
    tenon__view view;
    size_t needed;
    *out = NULL;
    tenon_status status = check_shape(dtype, rank, dims, &view, &needed, err);
    if (status) return status;
    if (size_bytes < needed || (needed > 0 && !data))
        return tenon__fail(err, TENON_EINVAL, "%zu bytes are given; the shape takes %zu",
                           data ? size_bytes : 0, needed);
    if ((uintptr_t)data % alignment_of(dtype))
        return tenon__fail(err, TENON_EINVAL, "the data is not aligned to %zu bytes, as %s is",
                           alignment_of(dtype), tenon_dtype_text(dtype));
    tenon_tensor *t = new_tensor(a, &view, needed);
    if (!t) return tenon__fail(err, TENON_ENOMEM, "no memory for a tensor");
    t->view.data = data;
    *out = t;
    return TENON_OK;
}

tenon_status tenon__tensor_of_view(const tenon_allocator *a, const tenon__view *view,
                                   tenon_tensor **out, tenon_error *err)
{
    tenon_status status = tenon__tensor_create(a, view->dtype, view->rank, view->dims, out, err);
    if (status) return status;
    if ((*out)->size_bytes == 0) return TENON_OK;
    if (view->dtype != TENON_STRING) {
        memcpy((*out)->view.data, view->data, (*out)->size_bytes);
        return TENON_OK;
    }
    int64_t count = tenon__view_count(view);
    for (int64_t i = 0; i < count && status == TENON_OK; i++) {
        tenon_string s;
        memcpy(&s, (const char *)view->data + (size_t)i * sizeof s, sizeof s);
        status = tenon_tensor_set_string(*out, i, s.data, s.size_bytes, err);
    }
    if (status) {
        tenon_tensor_destroy(*out);
        *out = NULL;
    }
    return status;
}

tenon_status tenon_tensor_create(tenon_env *env, tenon_dtype dtype, int rank, const int64_t *dims,
                                 tenon_tensor **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (!env) return tenon__fail(err, TENON_EINVAL, "env is NULL");
    return tenon__tensor_create(tenon__env_allocator(env), dtype, rank, dims, out, err);
}

tenon_status tenon_tensor_wrap(tenon_env *env, tenon_dtype dtype, int rank, const int64_t *dims,
                               void *data, size_t size_bytes, tenon_tensor **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (!env) return tenon__fail(err, TENON_EINVAL, "env is NULL");
    return tenon__tensor_wrap(tenon__env_allocator(env), dtype, rank, dims, data, size_bytes, out,
                              err);
}

void tenon_tensor_destroy(tenon_tensor *tensor)
{
    if (!tensor) return;
    tenon__arena_fini(&tensor->strings);
    if (tensor->owned) tenon__free(tensor->allocator, tensor->view.data);
    tenon__free(tensor->allocator, tensor);
}

tenon_dtype tenon_tensor_dtype(const tenon_tensor *tensor)
{
    return tensor->view.dtype;
}

int tenon_tensor_rank(const tenon_tensor *tensor)
{
    return tensor->view.rank;
}

const int64_t *tenon_tensor_dims(const tenon_tensor *tensor)
{
    return tensor->view.dims;
}

int64_t tenon_tensor_count(const tenon_tensor *tensor)
{
    return tenon__view_count(&tensor->view);
}

size_t tenon_tensor_size_bytes(const tenon_tensor *tensor)
{
    return tensor->size_bytes;
}

void *tenon_tensor_data(tenon_tensor *tensor)
{
    return tensor->view.data;
}

const void *tenon_tensor_data_const(const tenon_tensor *tensor)
{
    return tensor->view.data;
}

/* Moves the live strings to a new arena. */
static bool compact_strings(tenon_tensor *tensor)
{
    tenon_string *items = tensor->view.data;
    int64_t count = tenon__view_count(&tensor->view);
    tenon__arena fresh;
    tenon__arena_init(&fresh, tensor->allocator, 0);
    size_t live = 0;
    for (int64_t i = 0; i < count; i++)
        live += items[i].size_bytes;
    char *bytes = tenon__arena_alloc(&fresh, live ? live : 1);
    if (!bytes) {
        tenon__arena_fini(&fresh);
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        if (items[i].size_bytes == 0) continue;
        memcpy(bytes, items[i].data, items[i].size_bytes);
        items[i].data = bytes;
        bytes += items[i].size_bytes;
    }
    tenon__arena_fini(&tensor->strings);
    tensor->strings = fresh;
    tensor->dead_bytes = 0;
    return true;
}

tenon_status tenon_tensor_set_string(tenon_tensor *tensor, int64_t index, const char *text,
                                     size_t size_bytes, tenon_error *err)
{
    if (!tensor || tensor->view.dtype != TENON_STRING || !tensor->owned)
        return tenon__fail(err, TENON_EINVAL,
                           "only string tensors made by tenon_tensor_create take strings");
    if (index < 0 || index >= tenon__view_count(&tensor->view))
        return tenon__fail(err, TENON_EINVAL, "element %" PRId64 " of %" PRId64, index,
                           tenon__view_count(&tensor->view));
    if (size_bytes > 0 && !text) return tenon__fail(err, TENON_EINVAL, "text is NULL");
    tenon_string *item = (tenon_string *)tensor->view.data + index;
    char *copy = NULL;
    if (size_bytes) {
        copy = tenon__arena_alloc(&tensor->strings, size_bytes);
        if (!copy) return tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes", size_bytes);
        memcpy(copy, text, size_bytes);
    }
    tensor->dead_bytes += item->size_bytes;
    *item = (tenon_string){copy, size_bytes};
    /* Room for replaced strings is given back once it is most of the arena. Nothing is lost where
     * that fails. */
    if (tensor->dead_bytes > 4096 && tensor->dead_bytes > tensor->strings.used_bytes / 2)
        (void)compact_strings(tensor);
    return TENON_OK;
}
