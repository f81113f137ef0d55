/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors in models, in each form that ONNX has for them, external data, and values in files of
 * their own. */
#include "formats/onnx_bytes.h"

#include <tenon/env.h>
#include <tenon/value.h>

#include "tensor/convert.h"

/* One Constant node of each form becomes a constant, without a node. */
static bytes constant_model(bytes attribute)
{
    bytes n = node("Constant", "c", "", "k"), g = {0};
    put_part(&n, 5, attribute);
    put_part(&g, 1, n);
    put_part(&g, 1, node("Identity", "i", "k", "y"));
    put_part(&g, 12, info("y", F32, -1, NULL));
    put_part(&g, 11, info("x", F32, 1, two));
    return model(g, 8, 17);
}

static void constants(void **state)
{
    (void)state;
    loaded l;
    const float raw[2] = {7, 8};
    load_ok(&l, constant_model(attr_part("value", 5, 4, tensor("", F32, 1, two, raw, sizeof raw))));
    assert_int_equal(l.graph->nodes.count, 1);
    assert_int_equal(find(l.graph, "k")->role, TENON__ROLE_CONST);
    assert_true(tenon__get_f64(TENON_F32, find(l.graph, "k")->view.data, 1) == 8);
    unload(&l);

    load_ok(&l, constant_model(attr_int("value_int", -9)));
    const tenon__view *v = &find(l.graph, "k")->view;
    assert_true(v->dtype == TENON_I64 && v->rank == 0 &&
                tenon__get_i64(TENON_I64, v->data, 0) == -9);
    unload(&l);

    bytes a = {0}, packed = {0};
    put_text(&a, 1, "value_ints");
    put_varint(&packed, 300);
    put_varint(&packed, (uint64_t)-1);
    put_part(&a, 8, packed);
    put_int(&a, 8, 5); /* and one that stands alone */
    put_int(&a, 20, 7);
    load_ok(&l, constant_model(a));
    v = &find(l.graph, "k")->view;
    assert_true(v->dtype == TENON_I64 && v->rank == 1 && v->dims[0] == 3);
    assert_true(tenon__get_i64(TENON_I64, v->data, 0) == 300 &&
                tenon__get_i64(TENON_I64, v->data, 1) == -1 &&
                tenon__get_i64(TENON_I64, v->data, 2) == 5);
    unload(&l);

    a = (bytes){0};
    put_text(&a, 1, "value_floats");
    put_data(&a, 7, raw, sizeof raw);
    put_float(&a, 7, 9);
    put_int(&a, 20, 6);
    load_ok(&l, constant_model(a));
    v = &find(l.graph, "k")->view;
    assert_true(v->dtype == TENON_F32 && v->dims[0] == 3 &&
                tenon__get_f64(TENON_F32, v->data, 2) == 9);
    unload(&l);

    a = (bytes){0};
    put_text(&a, 1, "value_strings");
    put_text(&a, 9, "one");
    put_text(&a, 9, "");
    put_int(&a, 20, 8);
    load_ok(&l, constant_model(a));
    v = &find(l.graph, "k")->view;
    assert_true(v->dtype == TENON_STRING && v->dims[0] == 2);
    assert_memory_equal(((const tenon_string *)v->data)[0].data, "one", 3);
    unload(&l);

    a = (bytes){0};
    put_text(&a, 1, "value_ints");
    put_int(&a, 20, 7);
    load_ok(&l, constant_model(a)); /* an empty list */
    assert_int_equal(find(l.graph, "k")->view.dims[0], 0);
    unload(&l);
}

/* The tensor as initialiser "t" of a model; its value into *l. */
static const tenon__value *load_tensor(loaded *l, bytes t)
{
    bytes g = graph_of(node("Relu", "n", "x", "y"));
    put_part(&g, 5, t);
    load(l, model(g, 8, 17));
    return l->status ? NULL : find(l->graph, "t");
}

static void payloads(void **state)
{
    (void)state;
    loaded l;
    bytes t = tensor("t", F32, 1, two, NULL, 0);
    const float f[2] = {1.5f, -2};
    put_data(&t, 4, f, sizeof f); /* packed: in place */
    const tenon__value *v = load_tensor(&l, t);
    assert_true(tenon__get_f64(TENON_F32, v->view.data, 1) == -2);
    unload(&l);

    t = tensor("t", F32, 1, two, NULL, 0);
    put_float(&t, 4, 3);
    put_float(&t, 4, 4);
    v = load_tensor(&l, t);
    assert_true(v->aligned && tenon__get_f64(TENON_F32, v->view.data, 1) == 4);
    unload(&l);

    t = tensor("t", 10, 1, two, NULL, 0); /* float16 in int32_data */
    put_int(&t, 5, 0x3c00);
    put_int(&t, 5, 0xc000);
    v = load_tensor(&l, t);
    assert_true(tenon__get_f64(TENON_F16, v->view.data, 1) == -2);
    unload(&l);

    t = tensor("t", 22, 1, (int64_t[]){3}, NULL, 0); /* int4: two in a byte, low bits first */
    put_int(&t, 5, 0x1f);
    put_int(&t, 5, 0x07);
    v = load_tensor(&l, t);
    assert_int_equal(tenon__get_i64(TENON_I4, v->view.data, 0), -1);
    assert_int_equal(tenon__get_i64(TENON_I4, v->view.data, 1), 1);
    assert_int_equal(tenon__get_i64(TENON_I4, v->view.data, 2), 7);
    unload(&l);

    t = tensor("t", STRING, 1, two, NULL, 0);
    put_text(&t, 6, "a");
    put_text(&t, 6, "bc");
    v = load_tensor(&l, t);
    assert_int_equal(((const tenon_string *)v->view.data)[1].size_bytes, 2);
    unload(&l);

    v = load_tensor(&l, tensor("t", F32, 2, (int64_t[]){4, 0}, NULL, 0)); /* nothing: no payload */
    assert_int_equal(tenon__view_count(&v->view), 0);
    unload(&l);
    v = load_tensor(&l, tensor("t", U8, 0, NULL, "\x07", 1));
    assert_true(v->view.rank == 0 && tenon__get_i64(TENON_U8, v->view.data, 0) == 7);
    unload(&l);
}

static void refuses_tensor(bytes t, tenon_status status, const char *message)
{
    loaded l;
    assert_null(load_tensor(&l, t));
    assert_int_equal(l.status, status);
    assert_string_equal(l.err.where, "tensor 't'");
    assert_string_equal(l.err.message, message);
    unload(&l);
}

static void broken_tensors(void **state)
{
    (void)state;
    refuses_tensor(tensor("t", F32, 1, two, "1234567", 7), TENON_EFORMAT,
                   "7 bytes of data; the shape takes 8");
    refuses_tensor(tensor("t", F32, 1, two, NULL, 0), TENON_EFORMAT,
                   "0 bytes of data; the shape takes 8");
    refuses_tensor(tensor("t", F32, 2, (int64_t[]){INT64_MAX, INT64_MAX}, "", 0), TENON_ELIMIT,
                   "the shape takes more bytes than can be addressed");
    refuses_tensor(tensor("t", F32, 1, (int64_t[]){-1}, "", 0), TENON_EFORMAT, "dimension 0 is -1");
    refuses_tensor(tensor("t", F32, 17, (int64_t[17]){0}, "", 0), TENON_ELIMIT,
                   "more than 16 dimensions");
    refuses_tensor(tensor("t", 99, 1, two, "", 0), TENON_EUNSUPPORTED,
                   "element type 99 is not known");
    bytes t = tensor("t", F32, 1, (int64_t[]){(int64_t)1 << 40}, NULL, 0);
    put_float(&t, 4, 3); /* a shape of 4 TB with one number: no memory is asked for */
    refuses_tensor(t, TENON_EFORMAT, "at most 1 values are there; the shape takes 1099511627776");
    t = tensor("t", F32, 1, two, NULL, 0);
    put_int(&t, 7, 3);
    put_int(&t, 7, 3);
    refuses_tensor(t, TENON_EFORMAT, "float32 in field 7; field 4 is right");
    t = tensor("t", I64, 1, two, NULL, 0);
    for (int i = 0; i < 3; i++)
        put_int(&t, 7, 1);
    loaded l;
    assert_null(load_tensor(&l, t));
    assert_non_null(strstr(l.err.message, "more numbers than the shape takes"));
    unload(&l);
    t = tensor("t", F32, 1, two, NULL, 0);
    put_float(&t, 4, 1);
    put_data(&t, 9, "12345678", 8);
    refuses_tensor(t, TENON_EFORMAT, "data in raw_data and in field 4");
}

static bytes sparse(int entries, const int64_t *indices, int index_rank, int64_t width)
{
    const float values[3] = {1, 2, 3};
    bytes b = {0};
    put_part(&b, 1, tensor("t", F32, 1, (int64_t[]){entries}, values, (size_t)entries * 4));
    put_part(&b, 2,
             tensor("", I64, index_rank, (int64_t[]){entries, width}, indices,
                    (size_t)(entries * (index_rank == 2 ? width : 1)) * 8));
    for (int i = 0; i < 2; i++)
        put_int(&b, 3, (uint64_t)two_three[i]);
    return b;
}

static const tenon__value *load_sparse(loaded *l, bytes t)
{
    bytes g = graph_of(node("Relu", "n", "x", "y"));
    put_part(&g, 15, t);
    load(l, model(g, 8, 17));
    return l->status ? NULL : find(l->graph, "t");
}

static void sparse_initialisers(void **state)
{
    (void)state;
    loaded l;
    const tenon__value *v = load_sparse(&l, sparse(2, (int64_t[]){1, 5}, 1, 0));
    static const float flat[6] = {0, 1, 0, 0, 0, 2};
    assert_memory_equal(v->view.data, flat, sizeof flat);
    unload(&l);
    v = load_sparse(&l, sparse(3, (int64_t[]){0, 2, 1, 0, 1, 1}, 2, 2));
    static const float pairs[6] = {0, 0, 1, 2, 3, 0};
    assert_memory_equal(v->view.data, pairs, sizeof pairs);
    unload(&l);
    assert_null(load_sparse(&l, sparse(2, (int64_t[]){1, 6}, 1, 0)));
    assert_string_equal(l.err.message, "index 6 of 6 elements");
    unload(&l);
    assert_null(load_sparse(&l, sparse(1, (int64_t[]){0, 3}, 2, 2)));
    assert_string_equal(l.err.message, "index 3 along a dimension of 3");
    unload(&l);
    assert_null(load_sparse(&l, sparse(1, (int64_t[]){-1}, 1, 0)));
    unload(&l);
    assert_null(load_sparse(&l, sparse(1, (int64_t[]){0, 0, 0}, 2, 3)));
    assert_int_equal(l.status, TENON_EFORMAT);
    unload(&l);
}

/* ---- external data ---- */

static bytes external(const char *location, const char *offset, const char *length)
{
    const char *const entries[][2] = {
        {"location", location}, {"offset", offset}, {"length", length}};
    bytes t = tensor("t", F32, 1, two, NULL, 0);
    for (int i = 0; i < 3; i++) {
        if (!entries[i][1]) continue;
        bytes e = {0};
        put_text(&e, 1, entries[i][0]);
        put_text(&e, 2, entries[i][1]);
        put_part(&t, 13, e);
    }
    put_int(&t, 14, 1);
    return t;
}

static void load_external(loaded *l, const char *folder, bytes t)
{
    tenon__onnx_source src = {.folder = folder};
    bytes g = graph_of(node("Relu", "n", "x", "y"));
    put_part(&g, 5, t);
    read_from(l, &src, model(g, 8, 17));
}

static void external_data(void **state)
{
    (void)state;
    loaded l;
    char path[512];
    const char *folder = test_folder();
    const float data[4] = {1, 2, 3, 4};
    snprintf(path, sizeof path, "%s/weights", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, sizeof data, 1, file), 1);
    assert_int_equal(fclose(file), 0);

    load_external(&l, folder, external("weights", "8", "8"));
    assert_int_equal(l.status, TENON_OK);
    assert_true(tenon__get_f64(TENON_F32, find(l.graph, "t")->view.data, 1) == 4);
    assert_int_equal(l.files.list.count, 1);
    unload(&l);
    load_external(&l, folder, external("weights", NULL, NULL));
    assert_true(tenon__get_f64(TENON_F32, find(l.graph, "t")->view.data, 1) == 2);
    unload(&l);

    static const char *const wrong[][3] = {
        {"weights", "9", "8"},
        {"weights", "-8", "8"},
        {"weights", "8", "7"},
        {"weights", "x", "8"},
        {"weights", "9223372036854775807", NULL},
        {"", "0", "8"},
    };
    for (size_t i = 0; i < TEST_COUNT(wrong); i++) {
        load_external(&l, folder, external(wrong[i][0], wrong[i][1], wrong[i][2]));
        assert_int_equal(l.status, TENON_EFORMAT);
        unload(&l);
    }
    load_external(&l, folder, external("absent", NULL, NULL));
    assert_int_equal(l.status, TENON_ENOENT);
    unload(&l);
    load_external(&l, folder, external("../weights", NULL, NULL));
    assert_int_not_equal(l.status, TENON_OK);
    unload(&l);
    load_external(&l, NULL, external("weights", NULL, NULL));
    assert_int_equal(l.status, TENON_EUNSUPPORTED);
    unload(&l);
}

/* ---- values ---- */

static void same_value(const tenon_value *a, const tenon_value *b)
{
    assert_int_equal(tenon_value_kind_get(a), tenon_value_kind_get(b));
    assert_int_equal(tenon_value_count(a), tenon_value_count(b));
    if (tenon_value_kind_get(a) == TENON_VALUE_TENSOR) {
        const tenon_tensor *x = tenon_value_tensor(a), *y = tenon_value_tensor(b);
        assert_int_equal(tenon_tensor_dtype(x), tenon_tensor_dtype(y));
        assert_int_equal(tenon_tensor_rank(x), tenon_tensor_rank(y));
        for (int i = 0; i < tenon_tensor_rank(x); i++)
            assert_int_equal(tenon_tensor_dims(x)[i], tenon_tensor_dims(y)[i]);
        const tenon_string *s = tenon_tensor_data_const(x), *t = tenon_tensor_data_const(y);
        if (tenon_tensor_dtype(x) != TENON_STRING) {
            assert_memory_equal(s, t, tenon_tensor_size_bytes(x));
            return;
        }
        for (int64_t i = 0; i < tenon_tensor_count(x); i++) {
            assert_int_equal(s[i].size_bytes, t[i].size_bytes);
            if (s[i].size_bytes) assert_memory_equal(s[i].data, t[i].data, s[i].size_bytes);
        }
        return;
    }
    for (size_t i = 0; i < tenon_value_count(a); i++) {
        same_value(tenon_value_item(a, i), tenon_value_item(b, i));
        assert_true(tenon_value_key_i64(a, i) == tenon_value_key_i64(b, i));
        assert_int_equal(tenon_value_key_string(a, i).size_bytes,
                         tenon_value_key_string(b, i).size_bytes);
    }
}

static tenon_value *some_tensor(tenon_env *env, tenon_dtype dtype, int rank)
{
    tenon_tensor *t;
    tenon_value *v;
    int64_t dims[4] = {2, 3, 1, 2};
    assert_int_equal(tenon_tensor_create(env, dtype, rank, dims, &t, NULL), TENON_OK);
    uint8_t *data = tenon_tensor_data(t);
    if (dtype == TENON_STRING)
        assert_int_equal(tenon_tensor_set_string(t, 0, "a\0b", 3, NULL), TENON_OK);
    else
        for (size_t i = 0; i < tenon_tensor_size_bytes(t); i++)
            data[i] = (uint8_t)test_random();
    assert_int_equal(tenon_value_create_tensor(env, t, &v, NULL), TENON_OK);
    return v;
}

/* Printed, parsed, compared; then cut at each byte. */
static void round_trip(tenon_env *env, tenon_value *value)
{
    void *data;
    size_t size;
    tenon_value *back;
    tenon_error err;
    tenon_value_kind kind = tenon_value_kind_get(value);
    assert_int_equal(tenon_value_print_onnx(env, value, "name", &data, &size, &err), TENON_OK);
    assert_int_equal(tenon_value_parse_onnx(env, kind, data, size, &back, &err), TENON_OK);
    same_value(value, back);
    tenon_value_destroy(back);
    for (size_t n = 0; n < size; n++) {
        void *cut = malloc(n ? n : 1);
        assert_non_null(cut);
        memcpy(cut, data, n);
        tenon_status status = tenon_value_parse_onnx(env, kind, cut, n, &back, &err);
        assert_true(status || back);
        tenon_value_destroy(back);
        free(cut);
    }
    tenon_bytes_free(env, data);
    tenon_value_destroy(value);
}

static tenon_value *some_sequence(tenon_env *env)
{
    tenon_value *s;
    assert_int_equal(tenon_value_create_sequence(env, &s, NULL), TENON_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(tenon_value_append(s, some_tensor(env, TENON_I64, i), NULL), TENON_OK);
    return s;
}

static void values_round_trip(void **state)
{
    (void)state;
    tenon_env *env;
    tenon_value *v, *m, *item;
    assert_int_equal(tenon_env_create(NULL, &env, NULL), TENON_OK);
    for (int d = 1; d < TENON_DTYPE_COUNT; d++)
        for (int rank = 0; rank < 4; rank++)
            round_trip(env, some_tensor(env, (tenon_dtype)d, rank));
    round_trip(env, some_sequence(env));
    assert_int_equal(tenon_value_create_sequence(env, &v, NULL), TENON_OK);
    round_trip(env, v);
    assert_int_equal(tenon_value_create_sequence(env, &v, NULL), TENON_OK);
    assert_int_equal(tenon_value_append(v, some_sequence(env), NULL), TENON_OK);
    round_trip(env, v);
    assert_int_equal(tenon_value_create_optional(env, NULL, &v, NULL), TENON_OK);
    round_trip(env, v);
    assert_int_equal(tenon_value_create_optional(env, some_sequence(env), &v, NULL), TENON_OK);
    round_trip(env, v);
    assert_int_equal(tenon_value_create_map(env, TENON_I64, &m, NULL), TENON_OK);
    assert_int_equal(tenon_value_put_i64(m, -5, some_tensor(env, TENON_F32, 1), NULL), TENON_OK);
    assert_int_equal(tenon_value_put_i64(m, 5, some_tensor(env, TENON_F32, 2), NULL), TENON_OK);
    assert_int_equal(tenon_value_create_sequence(env, &v, NULL), TENON_OK);
    assert_int_equal(tenon_value_append(v, m, NULL), TENON_OK);
    round_trip(env, v);
    assert_int_equal(tenon_value_create_map(env, TENON_STRING, &m, NULL), TENON_OK);
    item = some_tensor(env, TENON_F32, 1);
    assert_int_equal(tenon_value_put_string(m, (tenon_string){"key", 3}, item, NULL), TENON_OK);
    round_trip(env, m);
    tenon_env_destroy(env);
}

static void broken_values(void **state)
{
    (void)state;
    tenon_env *env;
    tenon_value *v;
    tenon_error err;
    assert_int_equal(tenon_env_create(NULL, &env, NULL), TENON_OK);
    assert_int_equal(tenon_value_parse_onnx(env, TENON_VALUE_TENSOR, "\xff", 1, &v, &err),
                     TENON_EFORMAT);
    assert_null(v);
    assert_string_equal(err.message, "byte 0: a number is cut off");
    assert_int_equal(tenon_value_parse_onnx(env, (tenon_value_kind)9, "", 0, &v, &err),
                     TENON_EINVAL);
    bytes deep = {0};
    for (int i = 0; i < 100; i++) {
        bytes outer = {0};
        put_part(&outer, 5, deep);
        deep = outer;
    }
    assert_int_equal(
        tenon_value_parse_onnx(env, TENON_VALUE_SEQUENCE, deep.data, deep.size, &v, &err),
        TENON_ELIMIT);
    free(deep.data);
    bytes map = {0}, list = {0};
    put_int(&map, 3, 1);
    put_int(&map, 3, 2);
    put_part(&list, 3, tensor("", U8, 0, NULL, "a", 1));
    put_part(&map, 5, list);
    assert_int_equal(tenon_value_parse_onnx(env, TENON_VALUE_MAP, map.data, map.size, &v, &err),
                     TENON_EFORMAT);
    assert_string_equal(err.message, "a map has more keys than values");
    free(map.data);
    bytes outside = external("weights", NULL, NULL);
    assert_int_equal(
        tenon_value_parse_onnx(env, TENON_VALUE_TENSOR, outside.data, outside.size, &v, &err),
        TENON_EUNSUPPORTED);
    free(outside.data);
    tenon_env_destroy(env);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(constants),           CASE(payloads),      CASE(broken_tensors),
        CASE(sparse_initialisers), CASE(external_data), CASE(values_round_trip),
        CASE(broken_values),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
