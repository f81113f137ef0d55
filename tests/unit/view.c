/* SPDX-License-Identifier: Apache-2.0 */
/* Dtypes, views, tensors and values. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "tensor/onnx_type.h"
#include "tensor/tensor.h"

static tenon__view view_of(tenon_dtype dtype, int rank, const int64_t *dims)
{
    tenon__view v = {0};
    tenon__view_set(&v, dtype, rank, dims);
    return v;
}

static void dtype_names(void **state)
{
    (void)state;
    for (int i = 1; i < TENON_DTYPE_COUNT; i++) {
        assert_int_equal(tenon_dtype_find(tenon_dtype_text((tenon_dtype)i)), i);
        assert_int_equal(tenon__dtype_of_onnx(tenon__dtype_to_onnx((tenon_dtype)i)), i);
    }
    assert_int_equal(tenon_dtype_find("FLOAT16"), TENON_F16);
    assert_int_equal(tenon_dtype_find("float"), TENON_F32);
    assert_int_equal(tenon_dtype_find("DOUBLE"), TENON_F64);
    assert_int_equal(tenon_dtype_find("float8_e4m3fn"), TENON_F8E4M3FN);
    assert_int_equal(tenon_dtype_find("float32x"), TENON_NONE);
    assert_int_equal(tenon_dtype_find(""), TENON_NONE);
    assert_int_equal(tenon_dtype_find(NULL), TENON_NONE);
    assert_int_equal(tenon_dtype_find("a name longer than any dtype has"), TENON_NONE);
    assert_string_equal(tenon_dtype_text((tenon_dtype)99), "none");
    assert_int_equal(tenon_dtype_bits((tenon_dtype)-1), 0);
    assert_int_equal(tenon__dtype_of_onnx(27), TENON_NONE);
    assert_int_equal(tenon__dtype_of_onnx(-1), TENON_NONE);
    assert_int_equal(tenon__dtype_to_onnx(TENON_F64), 11);
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        tenon_dtype dtype;
        int64_t count;
        size_t bytes;
    } right[] = {
        {TENON_F32, 3, 12},  {TENON_I4, 3, 2}, {TENON_U2, 5, 2},      {TENON_U2, 4, 1},
        {TENON_C128, 2, 32}, {TENON_I4, 0, 0}, {TENON_STRING, 1, 16},
    };
    size_t bytes;
    for (size_t i = 0; i < TEST_COUNT(right); i++) {
        assert_true(tenon__dtype_bytes(right[i].dtype, right[i].count, &bytes));
        assert_int_equal(bytes, right[i].bytes);
    }
    assert_false(tenon__dtype_bytes(TENON_F32, INT64_MAX, &bytes));
    assert_false(tenon__dtype_bytes(TENON_F32, -1, &bytes));
    assert_false(tenon__dtype_bytes(TENON_NONE, 1, &bytes));
    assert_true(tenon__dtype_bytes(TENON_U2, INT64_MAX, &bytes));
    assert_int_equal(bytes, INT64_MAX / 4 + 1);
}

static void counts(void **state)
{
    (void)state;
    size_t bytes;
    tenon__view v = view_of(TENON_F32, 3, (int64_t[]){2, 3, 4});
    assert_int_equal(tenon__view_count(&v), 24);
    assert_int_equal(tenon__dims_product(v.dims, 1, 3), 12);
    v.dims[1] = TENON__DIM_UNKNOWN;
    assert_int_equal(tenon__view_count(&v), -1);
    assert_false(tenon__view_bytes(&v, &bytes));
    v = view_of(TENON_F32, 3, (int64_t[]){INT64_MAX, 2, 1});
    assert_int_equal(tenon__view_count(&v), -1);
    v = view_of(TENON_F32, 3, (int64_t[]){INT64_MAX, 2, 0}); /* nothing, whatever the other dims */
    assert_int_equal(tenon__view_count(&v), 0);
    assert_int_equal(tenon__dims_product(v.dims, 0, 3), 0);
    assert_true(tenon__view_bytes(&v, &bytes));
    assert_int_equal(bytes, 0);
    v = view_of(TENON_F32, 0, NULL);
    assert_int_equal(tenon__view_count(&v), 1);
    v = view_of(TENON_F32, TENON_MAX_RANK + 1, NULL);
    assert_int_equal(v.rank, TENON__RANK_UNKNOWN);
}

static void blocked_sizes(void **state)
{
    (void)state;
    size_t bytes;
    tenon__view v = view_of(TENON_F32, 4, (int64_t[]){2, 17, 3, 5});
    v.layout = TENON__C16;
    assert_true(tenon__view_bytes(&v, &bytes));
    assert_int_equal(bytes, 2 * 32 * 3 * 5 * 4);
    v.dims[1] = 16;
    assert_true(tenon__view_bytes(&v, &bytes));
    assert_int_equal(bytes, 2 * 16 * 3 * 5 * 4);
    v.dims[0] = 0;
    assert_true(tenon__view_bytes(&v, &bytes));
    assert_int_equal(bytes, 0);
    v = view_of(TENON_U8, 2, (int64_t[]){INT64_MAX / 2, 1});
    v.layout = TENON__C16;
    assert_false(tenon__view_bytes(&v, &bytes));
}

static void view_texts(void **state)
{
    (void)state;
    char text[64];
    tenon__view v = view_of(TENON_F32, 4, (int64_t[]){1, 3, -1, -7});
    assert_string_equal(tenon__view_print(&v, text, sizeof text), "float32[1,3,?,?]");
    v = view_of(TENON_I64, 0, NULL);
    v.kind = TENON_VALUE_SEQUENCE;
    assert_string_equal(tenon__view_print(&v, text, sizeof text), "sequence of int64[]");
    v.rank = TENON__RANK_UNKNOWN;
    v.dtype = TENON_NONE;
    v.kind = TENON_VALUE_TENSOR;
    assert_string_equal(tenon__view_print(&v, text, sizeof text), "unknown[...]");
    v = view_of(TENON_F32, 4, (int64_t[]){1111111, 2222222, 3333333, 4444444});
    char small[12];
    assert_string_equal(tenon__view_print(&v, small, sizeof small), "float32[111");
}

static void tensors_own_zeros(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    tenon_tensor *t;
    tenon_error err;
    assert_int_equal(tenon__tensor_create(a, TENON_F32, 2, (int64_t[]){2, 3}, &t, &err), TENON_OK);
    assert_int_equal(tenon_tensor_size_bytes(t), 24);
    assert_int_equal(tenon_tensor_count(t), 6);
    assert_int_equal(tenon_tensor_rank(t), 2);
    assert_int_equal(tenon_tensor_dims(t)[1], 3);
    const char *bytes = tenon_tensor_data(t);
    assert_int_equal((uintptr_t)bytes % 64, 0);
    for (size_t i = 0; i < 24 + TENON_TENSOR_PAD_BYTES; i++)
        assert_int_equal(bytes[i], 0);
    tenon_tensor_destroy(t);
    tenon_tensor_destroy(NULL);

    assert_int_equal(tenon__tensor_create(a, TENON_F32, 2, (int64_t[]){2, -3}, &t, &err),
                     TENON_EINVAL);
    assert_null(t);
    assert_int_equal(tenon__tensor_create(a, TENON_NONE, 0, NULL, &t, &err), TENON_EINVAL);
    assert_int_equal(tenon__tensor_create(a, TENON_F32, 17, (int64_t[17]){0}, &t, &err),
                     TENON_EINVAL);
    assert_int_equal(tenon__tensor_create(a, TENON_F32, 2, (int64_t[]){INT64_MAX, 4}, &t, &err),
                     TENON_ELIMIT);
}

static void tensors_wrap_memory(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    float data[7] = {1, 2, 3, 4, 5, 6, 7};
    tenon_tensor *t;
    tenon_error err;
    assert_int_equal(
        tenon__tensor_wrap(a, TENON_F32, 2, (int64_t[]){2, 3}, data, sizeof data, &t, &err),
        TENON_OK);
    assert_ptr_equal(tenon_tensor_data(t), data);
    assert_int_equal(tenon_tensor_size_bytes(t), 24);
    tenon_tensor_destroy(t);
    assert_true(data[6] == 7);
    assert_int_equal(
        tenon__tensor_wrap(a, TENON_F32, 1, (int64_t[]){8}, data, sizeof data, &t, &err),
        TENON_EINVAL);
    assert_string_equal(err.message, "28 bytes are given; the shape takes 32");
    assert_int_equal(
        tenon__tensor_wrap(a, TENON_F32, 1, (int64_t[]){2}, (char *)data + 1, 8, &t, &err),
        TENON_EINVAL);
    assert_int_equal(tenon__tensor_wrap(a, TENON_F32, 1, (int64_t[]){0}, NULL, 0, &t, &err),
                     TENON_OK);
    tenon_tensor_destroy(t);
}

static void strings_are_copied(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    tenon_tensor *t, *copy;
    tenon_error err;
    assert_int_equal(tenon__tensor_create(a, TENON_STRING, 1, (int64_t[]){3}, &t, &err), TENON_OK);
    const tenon_string *items = tenon_tensor_data(t);
    assert_int_equal(items[0].size_bytes, 0);
    char text[] = "one\0two";
    assert_int_equal(tenon_tensor_set_string(t, 0, text, 7, &err), TENON_OK);
    assert_int_equal(tenon_tensor_set_string(t, 2, NULL, 0, &err), TENON_OK);
    memset(text, 'x', sizeof text);
    assert_int_equal(items[0].size_bytes, 7);
    assert_memory_equal(items[0].data, "one\0two", 7);
    assert_int_equal(tenon_tensor_set_string(t, 3, "", 0, &err), TENON_EINVAL);
    assert_int_equal(tenon_tensor_set_string(t, -1, "", 0, &err), TENON_EINVAL);

    assert_int_equal(tenon__tensor_of_view(a, &t->view, &copy, &err), TENON_OK);
    tenon_tensor_destroy(t);
    items = tenon_tensor_data(copy);
    assert_memory_equal(items[0].data, "one\0two", 7);
    tenon_tensor_destroy(copy);

    assert_int_equal(tenon__tensor_create(a, TENON_F32, 0, NULL, &t, &err), TENON_OK);
    assert_int_equal(tenon_tensor_set_string(t, 0, "x", 1, &err), TENON_EINVAL);
    tenon_tensor_destroy(t);
}

/* Setting elements over and over takes no more room than a few times what is in them. */
static void replaced_strings_are_freed(void **state)
{
    (void)state;
    tenon_tensor *t;
    char text[1000];
    assert_int_equal(
        tenon__tensor_create(tenon__allocator_default(), TENON_STRING, 1, (int64_t[]){2}, &t, NULL),
        TENON_OK);
    memset(text, 'a', sizeof text);
    assert_int_equal(tenon_tensor_set_string(t, 0, text, sizeof text, NULL), TENON_OK);
    for (int i = 0; i < 1000; i++) {
        text[0] = (char)i;
        assert_int_equal(tenon_tensor_set_string(t, 1, text, sizeof text, NULL), TENON_OK);
        assert_true(t->strings.used_bytes < 20000);
    }
    const tenon_string *items = tenon_tensor_data(t);
    assert_int_equal(items[0].data[0], 'a');
    assert_int_equal(items[1].data[0], (char)999);
    tenon_tensor_destroy(t);
}

static tenon_value *tensor_value(tenon_dtype dtype)
{
    tenon_tensor *t;
    tenon_value *v;
    const tenon_allocator *a = tenon__allocator_default();
    assert_int_equal(tenon__tensor_create(a, dtype, 1, (int64_t[]){2}, &t, NULL), TENON_OK);
    assert_int_equal(tenon__value_create(a, TENON_VALUE_TENSOR, t, &v, NULL), TENON_OK);
    return v;
}

static void sequences(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    tenon_value *s, *x = tensor_value(TENON_F32), *y = tensor_value(TENON_F32);
    tenon_error err;
    assert_int_equal(tenon__value_create(a, TENON_VALUE_SEQUENCE, NULL, &s, &err), TENON_OK);
    assert_int_equal(tenon_value_count(s), 0);
    assert_int_equal(tenon_value_append(s, x, &err), TENON_OK);
    assert_int_equal(tenon__value_insert(s, 0, y, &err), TENON_OK);
    assert_ptr_equal(tenon_value_item(s, 0), y);
    assert_ptr_equal(tenon_value_item(s, 1), x);
    assert_null(tenon_value_item(s, 2));
    tenon_value *wrong = tensor_value(TENON_I64);
    assert_int_equal(tenon_value_append(s, wrong, &err), TENON_ETYPE); /* still ours */
    assert_int_equal(tenon_value_append(s, s, &err), TENON_EINVAL);
    assert_int_equal(tenon_value_append(x, wrong, &err), TENON_EINVAL);
    tenon_value_destroy(wrong);
    /* Shared: the item outlives the sequence. */
    tenon_value *kept = tenon__value_ref(tenon_value_item(s, 1));
    tenon_value_destroy(s);
    assert_int_equal(tenon_tensor_count(tenon_value_tensor(kept)), 2);
    tenon_value_destroy(kept);
}

static void maps(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    tenon_value *m;
    tenon_error err;
    assert_int_equal(tenon__value_create(a, TENON_VALUE_MAP, NULL, &m, &err), TENON_OK);
    m->key_dtype = TENON_STRING;
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        tenon_value *item = tensor_value(TENON_F32);
        assert_int_equal(tenon_value_put_string(m, (tenon_string){key, strlen(key)}, item, &err),
                         TENON_OK);
        assert_ptr_equal(tenon_value_item(m, (size_t)i), item);
    }
    assert_int_equal(tenon_value_count(m), 100);
    assert_memory_equal(tenon_value_key_string(m, 57).data, "k57", 3);
    tenon_value *again = tensor_value(TENON_F32);
    assert_int_equal(tenon_value_put_string(m, (tenon_string){"k57", 3}, again, &err), TENON_OK);
    assert_int_equal(tenon_value_count(m), 100);
    assert_ptr_equal(tenon_value_item(m, 57), again);
    tenon_value *extra = tensor_value(TENON_F32);
    assert_int_equal(tenon_value_put_i64(m, 1, extra, &err), TENON_ETYPE);
    tenon_value_destroy(extra);
    assert_int_equal(tenon_value_key_string(m, 100).size_bytes, 0);
    tenon_value_destroy(m);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    const tenon_allocator *a = tenon__allocator_default();
    tenon_value *v = tensor_value(TENON_F32);
    tenon_status status = TENON_OK;
    int depth = 0;
    while (status == TENON_OK && depth < 1000) {
        tenon_value *outer;
        assert_int_equal(tenon__value_create(a, TENON_VALUE_SEQUENCE, NULL, &outer, NULL),
                         TENON_OK);
        status = tenon_value_append(outer, v, NULL);
        if (status)
            tenon_value_destroy(outer);
        else
            v = outer;
        depth++;
    }
    assert_int_equal(status, TENON_ELIMIT);
    assert_true(depth > 8 && depth <= TENON__VALUE_DEPTH);
    tenon_value_destroy(v);
}

typedef struct failing {
    int left; /* allocations that still succeed */
} failing;

static void *failing_alloc(void *user, size_t size_bytes, size_t alignment)
{
    failing *f = user;
    (void)alignment;
    return f->left-- > 0 ? aligned_alloc(64, tenon__align_up(size_bytes ? size_bytes : 1, 64))
                         : NULL;
}

static void failing_free(void *user, void *block)
{
    (void)user;
    free(block);
}

/* Whichever allocation fails, nothing is lost and nothing is freed twice (the sanitizers look). */
static void memory_runs_out(void **state)
{
    (void)state;
    for (int n = 0; n < 30; n++) {
        failing f = {n};
        tenon_allocator a = {&f, failing_alloc, failing_free};
        tenon_tensor *t;
        tenon_value *v, *m;
        if (tenon__tensor_create(&a, TENON_STRING, 1, (int64_t[]){2}, &t, NULL)) continue;
        tenon_status status = tenon_tensor_set_string(t, 0, "abc", 3, NULL);
        assert_true(status == TENON_OK || status == TENON_ENOMEM);
        if (tenon__value_create(&a, TENON_VALUE_TENSOR, t, &v, NULL)) {
            tenon_tensor_destroy(t);
            continue;
        }
        if (tenon__value_create(&a, TENON_VALUE_MAP, NULL, &m, NULL)) {
            tenon_value_destroy(v);
            continue;
        }
        m->key_dtype = TENON_I64;
        status = tenon_value_put_i64(m, 7, v, NULL);
        if (status) {
            assert_int_equal(status, TENON_ENOMEM);
            assert_int_equal(tenon_value_count(m), 0);
            tenon_value_destroy(v);
        } else {
            assert_true(tenon_value_key_i64(m, 0) == 7);
        }
        tenon_value_destroy(m);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(dtype_names),
        CASE(sizes),
        CASE(counts),
        CASE(blocked_sizes),
        CASE(view_texts),
        CASE(tensors_own_zeros),
        CASE(tensors_wrap_memory),
        CASE(strings_are_copied),
        CASE(replaced_strings_are_freed),
        CASE(sequences),
        CASE(maps),
        CASE(depth_is_bounded),
        CASE(memory_runs_out),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
