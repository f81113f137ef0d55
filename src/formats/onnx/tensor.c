/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto and SparseTensorProto. A payload stays where it is if its bytes are the tensor's;
 * what is spread over varints or fields is decoded into the arena. */
#include "formats/onnx/tensor.h"

#include <inttypes.h>

#include "graph/check.h"
#include "tensor/convert.h"
#include "tensor/onnx_type.h"

enum {
    DIMS = 1,
    DATA_TYPE,
    SEGMENT,
    FLOATS,
    INT32S,
    STRINGS,
    INT64S,
    NAME,
    RAW,
    DOUBLES,
    UINT64S,
    EXTERNAL = 13,
    LOCATION
};

/* The fields of a TensorProto. */
typedef struct proto {
    tenon__pb all;
    tenon__str name;
    int64_t dims[TENON_MAX_RANK];
    int rank;
    int64_t data_type;
    bool has_raw, is_external;
    tenon__pb raw;
    uint32_t typed;       /* number of the field with numbers or strings; 0: none */
    size_t typed_fields;  /* how often it stands there */
    size_t most_units;    /* no more values than this can be in it */
    tenon__pb typed_last; /* packed numbers */
    tenon__str file, offset, length;
} proto;

static tenon_status fail_at(const tenon__pb *m, const char *what, tenon_error *err)
{
    return tenon__fail(err, TENON_EFORMAT, "byte %zu: %s", tenon__pb_offset(m), what);
}

static tenon_status add_dim(int64_t *dims, int *rank, uint64_t dim, tenon_error *err)
{
    if (*rank == TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT, "more than %d dimensions", TENON_MAX_RANK);
    if (dim > INT64_MAX)
        return tenon__fail(err, TENON_EFORMAT, "dimension %d is %" PRId64, *rank, (int64_t)dim);
    dims[(*rank)++] = (int64_t)dim;
    return TENON_OK;
}

static tenon_status read_dims(tenon__pb_field *f, int64_t *dims, int *rank, tenon_error *err)
{
    uint64_t dim;
    if (f->type == TENON__PB_VARINT) return add_dim(dims, rank, f->value, err);
    tenon_status status = tenon__pb_want(f, TENON__PB_BYTES, err);
    while (status == TENON_OK && f->part.at < f->part.end) {
        status = tenon__pb_varint(&f->part, &dim, err);
        if (status == TENON_OK) status = add_dim(dims, rank, dim, err);
    }
    return status;
}

static tenon_status read_external(tenon__pb m, proto *p, tenon_error *err)
{
    tenon__pb_field f;
    tenon_status status;
    tenon__str key = {NULL, 0}, value = {NULL, 0};
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number > 2) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        if (f.number == 1)
            key = tenon__pb_str(&f);
        else
            value = tenon__pb_str(&f);
    }
    if (tenon__str_is(key, "location")) p->file = value;
    if (tenon__str_is(key, "offset")) p->offset = value;
    if (tenon__str_is(key, "length")) p->length = value;
    return status;
}

static tenon_status read_typed(const tenon__pb_field *f, proto *p, tenon_error *err)
{
    size_t bytes = f->type == TENON__PB_BYTES ? tenon__pb_left(&f->part) : 1;
    if (p->typed && p->typed != f->number)
        return tenon__fail(err, TENON_EFORMAT, "byte %zu: data in fields %u and %u", f->offset,
                           p->typed, f->number);
    p->typed = f->number;
    p->typed_fields++;
    p->typed_last = f->part;
    if (f->type != TENON__PB_BYTES || f->number == STRINGS)
        p->most_units++;
    else
        p->most_units += f->number == FLOATS ? bytes / 4 : f->number == DOUBLES ? bytes / 8 : bytes;
    return TENON_OK;
}

static tenon_status read_field(tenon__pb_field *f, proto *p, tenon_error *err)
{
    tenon_status status = TENON_OK;
    switch (f->number) {
    case DIMS:
        return read_dims(f, p->dims, &p->rank, err);
    case DATA_TYPE:
        p->data_type = (int64_t)f->value;
        return tenon__pb_want(f, TENON__PB_VARINT, err);
    case SEGMENT:
        return tenon__fail(err, TENON_EUNSUPPORTED, "tensors in segments are not supported");
    case FLOATS:
    case INT32S:
    case STRINGS:
    case INT64S:
    case DOUBLES:
    case UINT64S:
        return read_typed(f, p, err);
    case NAME:
        status = tenon__pb_want(f, TENON__PB_BYTES, err);
        if (status == TENON_OK) p->name = tenon__pb_str(f);
        return status;
    case RAW:
        p->has_raw = true;
        p->raw = f->part;
        return tenon__pb_want(f, TENON__PB_BYTES, err);
    case EXTERNAL:
        status = tenon__pb_want(f, TENON__PB_BYTES, err);
        return status ? status : read_external(f->part, p, err);
    case LOCATION:
        if (f->value > 1) return fail_at(&p->all, "unknown data_location", err);
        p->is_external = f->value == 1;
        return tenon__pb_want(f, TENON__PB_VARINT, err);
    default:
        return TENON_OK;
    }
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
    return status;
}

/* ---- where the bytes come from ---- */

/* Bytes of the numbers that elements are made of; of a packed byte. */
static unsigned unit_of(tenon_dtype dtype)
{
    if (dtype == TENON_C64) return 4;
    if (dtype == TENON_C128) return 8;
    return tenon_dtype_bits(dtype) < 8 ? 1 : tenon_dtype_bits(dtype) / 8;
}

/* Takes the bytes at `at` as they are. */
static void take_place(tenon__onnx_tensor *out, const uint8_t *at, size_t bytes, const uint8_t *end)
{
    size_t unit = unit_of(out->view.dtype);
    out->view.data =
        (void *)(uintptr_t)at; /* views do not tell const from not; constants are only read */
    out->aligned =
        (uintptr_t)at % unit == 0 && (size_t)(end - at) >= bytes + TENON_TENSOR_PAD_BYTES;
}

static tenon_status take_arena(const tenon__onnx_data *data, tenon__onnx_tensor *out, size_t bytes,
                               tenon_error *err)
{
    size_t padded;
    if (!tenon__add(bytes, TENON_TENSOR_PAD_BYTES, &padded))
        return tenon__fail(err, TENON_ELIMIT, "%zu bytes of data", bytes);
    out->view.data = tenon__arena_zeroed(data->arena, 1, padded);
    if (!out->view.data) return tenon__graph_no_memory(data->arena, err);
    out->aligned = true;
    return TENON_OK;
}

static tenon_status open_external(const tenon__onnx_data *data, tenon__str name,
                                  const tenon__file **out, tenon_error *err)
{
    const tenon__onnx_source *src = data->src;
    tenon__onnx_file opened = {.name = name};
    tenon_status status;
    if (!src || !src->files || (!src->open && !src->folder))
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "data lies in the file '%.*s', and where that is was not said",
                           TENON__STR_ARG(name));
    for (size_t i = 0; i < src->files->list.count; i++) {
        *out = &src->files->list.items[i].file;
        if (tenon__str_equal(src->files->list.items[i].name, name)) return TENON_OK;
    }
    if (src->open)
        status = src->open(src->ctx, name, &opened.file, err);
    else
        status = tenon__file_open_beneath(data->allocator, src->folder, name, src->copy,
                                          &opened.file, err);
    if (status) return status;
    if (!tenon__vec_push(data->allocator, &src->files->list, opened)) {
        tenon__file_close(&opened.file);
        return tenon__fail(err, TENON_ENOMEM, "no memory for a list of files");
    }
    *out = &src->files->list.items[src->files->list.count - 1].file;
    return TENON_OK;
}

void tenon__onnx_files_close(tenon__onnx_files *files, const tenon_allocator *a)
{
    for (size_t i = 0; i < files->list.count; i++)
        tenon__file_close(&files->list.items[i].file);
    tenon__vec_free(a, &files->list);
}

static tenon_status take_external(const tenon__onnx_data *data, const proto *p, size_t bytes,
                                  tenon__onnx_tensor *out, tenon_error *err)
{
    const tenon__file *file = NULL;
    int64_t offset = 0, length = 0;
    if (p->file.size == 0)
        return tenon__fail(err, TENON_EFORMAT, "external data without a location");
    if ((p->offset.size && !tenon__parse_i64(p->offset, &offset)) || offset < 0)
        return tenon__fail(err, TENON_EFORMAT, "'%.*s' is no offset", TENON__STR_ARG(p->offset));
    if ((p->length.size && !tenon__parse_i64(p->length, &length)) || length < 0)
        return tenon__fail(err, TENON_EFORMAT, "'%.*s' is no length", TENON__STR_ARG(p->length));
    if (p->length.size && (uint64_t)length != bytes)
        return tenon__fail(err, TENON_EFORMAT, "%" PRId64 " bytes of data; the shape takes %zu",
                           length, bytes);
    if (out->view.dtype == TENON_STRING)
        return tenon__fail(err, TENON_EUNSUPPORTED, "strings in external data");
    tenon_status status = open_external(data, p->file, &file, err);
    if (status) return status;
    if ((uint64_t)offset > file->size || bytes > file->size - (size_t)offset)
        return tenon__fail(err, TENON_EFORMAT,
                           "data at [%" PRId64 ", +%zu) lies outside '%.*s', which has %zu bytes",
                           offset, bytes, TENON__STR_ARG(p->file), file->size);
    if (bytes) take_place(out, file->data + offset, bytes, file->data + file->size);
    return TENON_OK;
}

/* ---- numbers in fields of their own ---- */

/* Where decoded numbers go: `size` bytes each. */
typedef struct sink {
    uint8_t *at;
    size_t left; /* numbers that still fit */
    unsigned size;
    bool is_bool;
} sink;

/* False where there is no room. */
static bool put(sink *s, uint64_t value)
{
    if (s->left == 0) return false;
    if (s->is_bool) value = value != 0;
    for (unsigned i = 0; i < s->size; i++)
        s->at[i] = (uint8_t)(value >> 8 * i);
    s->at += s->size;
    s->left--;
    return true;
}

static tenon_status put_packed(sink *s, tenon__pb part, unsigned fixed, tenon_error *err)
{
    uint64_t value;
    if (fixed) {
        size_t bytes = tenon__pb_left(&part);
        if (bytes % fixed || bytes / fixed > s->left)
            return fail_at(&part, "more numbers than the shape takes", err);
        if (bytes) memcpy(s->at, part.at, bytes);
        s->at += bytes;
        s->left -= bytes / fixed;
        return TENON_OK;
    }
    for (uint32_t n = 1; part.at < part.end; n++) {
        tenon_status status = tenon__pb_varint(&part, &value, err);
        if (status == TENON_OK && n % 4096 == 0) status = tenon__pb_tick(&part, 4096, err);
        if (status) return status;
        if (!put(s, value)) return fail_at(&part, "more numbers than the shape takes", err);
    }
    return TENON_OK;
}

static tenon_status decode_numbers(const proto *p, sink *s, tenon_error *err)
{
    tenon__pb m = p->all;
    tenon__pb_field f;
    tenon_status status;
    unsigned fixed = p->typed == FLOATS ? 4 : p->typed == DOUBLES ? 8 : 0;
    tenon__pb_type single = fixed == 4   ? TENON__PB_32
                            : fixed == 8 ? TENON__PB_64
                                         : TENON__PB_VARINT;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != p->typed) continue;
        if (f.type == TENON__PB_BYTES) {
            status = put_packed(s, f.part, fixed, err);
        } else {
            status = tenon__pb_want(&f, single, err);
            if (status == TENON_OK && !put(s, f.value))
                status = fail_at(&m, "more numbers than the shape takes", err);
        }
        if (status) return status;
    }
    return status;
}

static tenon_status decode_strings(const proto *p, tenon_string *strings, tenon_error *err)
{
    tenon__pb m = p->all;
    tenon__pb_field f;
    tenon_status status;
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number != STRINGS) continue;
        status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status) return status;
        tenon__str s = tenon__pb_str(&f);
        *strings++ = (tenon_string){s.data, s.size};
    }
    return status;
}

/* The field that holds numbers of a dtype. */
static uint32_t field_of(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F32:
    case TENON_C64:
        return FLOATS;
    case TENON_F64:
    case TENON_C128:
        return DOUBLES;
    case TENON_I64:
        return INT64S;
    case TENON_U32:
    case TENON_U64:
        return UINT64S;
    case TENON_STRING:
        return STRINGS;
    default:
        return INT32S;
    }
}

static tenon_status take_typed(const tenon__onnx_data *data, const proto *p, size_t bytes,
                               tenon__onnx_tensor *out, tenon_error *err)
{
    tenon_dtype dtype = out->view.dtype;
    unsigned unit = unit_of(dtype);
    size_t units = bytes / unit;
    if (p->typed != field_of(dtype))
        return tenon__fail(err, TENON_EFORMAT, "%s in field %u; field %u is right",
                           tenon_dtype_text(dtype), p->typed, field_of(dtype));
    /* Before any memory is asked for: the shape is only a claim. */
    if (p->most_units < units || (dtype == TENON_STRING && p->typed_fields != units))
        return tenon__fail(err, TENON_EFORMAT, "at most %zu values are there; the shape takes %zu",
                           p->most_units, units);
    if ((p->typed == FLOATS || p->typed == DOUBLES) && p->typed_fields == 1 &&
        tenon__pb_left(&p->typed_last) == bytes) {
        take_place(out, p->typed_last.at, bytes, data->end);
        return TENON_OK;
    }
    tenon_status status = take_arena(data, out, bytes, err);
    if (status) return status;
    if (dtype == TENON_STRING) return decode_strings(p, out->view.data, err);
    sink s = {.at = out->view.data, .left = units, .size = unit, .is_bool = dtype == TENON_BOOL};
    status = decode_numbers(p, &s, err);
    if (status == TENON_OK && s.left > 0)
        status = tenon__fail(err, TENON_EFORMAT, "%zu values are there; the shape takes %zu",
                             units - s.left, units);
    return status;
}

static tenon_status take_data(const tenon__onnx_data *data, const proto *p, tenon__onnx_tensor *out,
                              tenon_error *err)
{
    size_t bytes;
    if (!tenon__view_bytes(&out->view, &bytes))
        return tenon__fail(err, TENON_ELIMIT, "the shape takes more bytes than can be addressed");
    if (p->is_external) return take_external(data, p, bytes, out, err);
    if (p->has_raw && p->typed)
        return tenon__fail(err, TENON_EFORMAT, "data in raw_data and in field %u", p->typed);
    if (p->typed) return take_typed(data, p, bytes, out, err);
    size_t have = p->has_raw ? tenon__pb_left(&p->raw) : 0;
    if (have != bytes)
        return tenon__fail(err, TENON_EFORMAT, "%zu bytes of data; the shape takes %zu", have,
                           bytes);
    if (bytes && out->view.dtype == TENON_STRING)
        return tenon__fail(err, TENON_EFORMAT, "strings in raw_data; string_data is right");
    if (bytes) take_place(out, p->raw.at, bytes, data->end);
    return TENON_OK;
}

/* The name where reading broke off before it came, for the message. */
static tenon__str find_name(tenon__pb m)
{
    tenon__pb_field f;
    while (tenon__pb_next(&m, &f, NULL) == TENON_OK && f.number)
        if (f.number == NAME && f.type == TENON__PB_BYTES) return tenon__pb_str(&f);
    return (tenon__str){NULL, 0};
}

tenon_status tenon__onnx_tensor_read(const tenon__onnx_data *data, tenon__pb m,
                                     tenon__onnx_tensor *out, tenon_error *err)
{
    proto p;
    *out = (tenon__onnx_tensor){.view = {.kind = TENON_VALUE_TENSOR, .known = true}};
    tenon_status status = read_proto(m, &p, err);
    if (status) goto fail;
    out->name = p.name;
    tenon_dtype dtype = tenon__dtype_of_onnx(p.data_type);
    if (dtype == TENON_NONE) {
        status = tenon__fail(err, p.data_type > 0 ? TENON_EUNSUPPORTED : TENON_EFORMAT,
                             "element type %" PRId64 " is not known", p.data_type);
        goto fail;
    }
    tenon__view_set(&out->view, dtype, p.rank, p.dims);
    status = take_data(data, &p, out, err);
    if (status == TENON_OK) return TENON_OK;
fail:
    if (p.name.size == 0) p.name = find_name(m);
    return tenon__error_where(err, status, "tensor '%.*s'", TENON__STR_ARG(p.name));
}

/* ---- sparse ---- */

/* The flat place of entry k. */
static tenon_status place_of(const tenon__view *indices, const tenon__view *dense, size_t k,
                             int64_t count, int64_t *out, tenon_error *err)
{
    int64_t at = 0;
    if (indices->rank == 1) {
        at = tenon__get_i64(TENON_I64, indices->data, k);
        if (at < 0 || at >= count)
            return tenon__fail(err, TENON_EFORMAT, "index %" PRId64 " of %" PRId64 " elements", at,
                               count);
    }
    for (int d = 0; indices->rank == 2 && d < dense->rank; d++) {
        int64_t i = tenon__get_i64(TENON_I64, indices->data, k * (size_t)dense->rank + (size_t)d);
        if (i < 0 || i >= dense->dims[d])
            return tenon__fail(err, TENON_EFORMAT,
                               "index %" PRId64 " along a dimension of %" PRId64, i,
                               dense->dims[d]);
        at = at * dense->dims[d] + i; /* below count, which fits */
    }
    *out = at;
    return TENON_OK;
}

static tenon_status scatter(const tenon__view *values, const tenon__view *indices,
                            tenon__view *dense, tenon_error *err)
{
    unsigned bits = tenon_dtype_bits(dense->dtype);
    int64_t count = tenon__view_count(dense), entries = tenon__view_count(values), at = 0;
    for (int64_t k = 0; k < entries; k++) {
        tenon_status status = place_of(indices, dense, (size_t)k, count, &at, err);
        if (status) return status;
        if (bits < 8)
            tenon__packed_set(dense->dtype, dense->data, (size_t)at,
                              tenon__packed_get(dense->dtype, values->data, (size_t)k));
        else
            memcpy((uint8_t *)dense->data + (size_t)at * (bits / 8),
                   (const uint8_t *)values->data + (size_t)k * (bits / 8), bits / 8);
    }
    return TENON_OK;
}

static tenon_status check_sparse(const tenon__view *values, const tenon__view *indices,
                                 const tenon__view *dense, tenon_error *err)
{
    bool right = values->rank == 1 && indices->dtype == TENON_I64 &&
                 (indices->rank == 1 || indices->rank == 2) &&
                 indices->dims[0] == values->dims[0] &&
                 (indices->rank == 1 || indices->dims[1] == dense->rank);
    if (right) return TENON_OK;
    char a[96], b[96];
    return tenon__fail(err, TENON_EFORMAT, "values %s and indices %s of a sparse tensor",
                       tenon__view_print(values, a, sizeof a),
                       tenon__view_print(indices, b, sizeof b));
}

tenon_status tenon__onnx_sparse_read(const tenon__onnx_data *data, tenon__pb m,
                                     tenon__onnx_tensor *out, tenon_error *err)
{
    tenon__onnx_tensor values = {0}, indices = {0};
    int64_t dims[TENON_MAX_RANK];
    int rank = 0;
    size_t bytes;
    tenon__pb_field f;
    tenon_status status;
    *out = (tenon__onnx_tensor){.view = {.kind = TENON_VALUE_TENSOR, .known = true}};
    TENON__PB_EACH(&m, &f, status, err)
    {
        if (f.number == 3)
            status = read_dims(&f, dims, &rank, err);
        else if (f.number <= 2)
            status = tenon__pb_want(&f, TENON__PB_BYTES, err);
        if (status == TENON_OK && f.number == 1)
            status = tenon__onnx_tensor_read(data, f.part, &values, err);
        if (status == TENON_OK && f.number == 2)
            status = tenon__onnx_tensor_read(data, f.part, &indices, err);
        if (status) return status;
    }
    if (status) return status;
    out->name = values.name;
    tenon__view_set(&out->view, values.view.dtype, rank, dims);
    status = check_sparse(&values.view, &indices.view, &out->view, err);
    if (status == TENON_OK && !tenon__view_bytes(&out->view, &bytes))
        status = tenon__fail(err, TENON_ELIMIT, "the shape takes more bytes than can be addressed");
    if (status == TENON_OK) status = take_arena(data, out, bytes, err);
    if (status == TENON_OK) status = scatter(&values.view, &indices.view, &out->view, err);
    if (status)
        return tenon__error_where(err, status, "tensor '%.*s'", TENON__STR_ARG(values.name));
    return TENON_OK;
}
