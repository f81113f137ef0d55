/* SPDX-License-Identifier: Apache-2.0 */
/* Small ONNX messages, written field by field, and the reader over them. */
#ifndef TENON_TESTS_FORMATS_ONNX_BYTES_H
#define TENON_TESTS_FORMATS_ONNX_BYTES_H

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "formats/onnx/onnx.h"

/* ---- writing protocol buffers ---- */

typedef struct bytes {
    uint8_t *data;
    size_t size, capacity;
} bytes;

static inline void put(bytes *b, const void *data, size_t size)
{
    if (b->size + size > b->capacity) {
        b->capacity = (b->size + size) * 2;
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    if (size) memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void put_varint(bytes *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        put(b, &(uint8_t){(uint8_t)v | 0x80}, 1);
    put(b, &(uint8_t){(uint8_t)v}, 1);
}

static inline void put_int(bytes *b, uint32_t field, uint64_t v)
{
    put_varint(b, (uint64_t)field << 3);
    put_varint(b, v);
}

static inline void put_float(bytes *b, uint32_t field, float f)
{
    put_varint(b, (uint64_t)field << 3 | 5);
    put(b, &f, sizeof f);
}

static inline void put_data(bytes *b, uint32_t field, const void *data, size_t size)
{
    put_varint(b, (uint64_t)field << 3 | 2);
    put_varint(b, size);
    put(b, data, size);
}

static inline void put_text(bytes *b, uint32_t field, const char *text)
{
    put_data(b, field, text, strlen(text));
}

/* Puts `part` into b and frees it. */
static inline void put_part(bytes *b, uint32_t field, bytes part)
{
    put_data(b, field, part.data, part.size);
    free(part.data);
}

enum { F32 = 1, U8 = 2, I64 = 7, STRING = 8 }; /* TensorProto.DataType */

static inline bytes tensor(const char *name, int type, int rank, const int64_t *dims,
                           const void *raw, size_t size)
{
    bytes b = {0};
    for (int i = 0; i < rank; i++)
        put_int(&b, 1, (uint64_t)dims[i]);
    put_int(&b, 2, (uint64_t)type);
    put_text(&b, 8, name);
    if (raw) put_data(&b, 9, raw, size);
    return b;
}

/* A value's name and tensor type; dims below -1 are the symbol "N". rank -1: no shape. */
static inline bytes info(const char *name, int type, int rank, const int64_t *dims)
{
    bytes b = {0}, t = {0}, shape = {0}, proto = {0};
    put_int(&t, 1, (uint64_t)type);
    for (int i = 0; i < rank; i++) {
        bytes dim = {0};
        if (dims[i] >= -1)
            put_int(&dim, 1, (uint64_t)dims[i]);
        else
            put_text(&dim, 2, "N");
        put_part(&shape, 1, dim);
    }
    if (rank >= 0) put_part(&t, 2, shape);
    put_part(&proto, 1, t);
    put_text(&b, 1, name);
    put_part(&b, 2, proto);
    return b;
}

/* Words divided by spaces; "-" is the empty name. */
static inline void put_words(bytes *b, uint32_t field, const char *words)
{
    while (*words) {
        size_t n = strcspn(words, " ");
        put_data(b, field, words, n == 1 && *words == '-' ? 0 : n);
        words += n + (words[n] == ' ');
    }
}

static inline bytes node(const char *op, const char *name, const char *inputs, const char *outputs)
{
    bytes b = {0};
    put_words(&b, 1, inputs);
    put_words(&b, 2, outputs);
    put_text(&b, 3, name);
    put_text(&b, 4, op);
    return b;
}

static inline bytes attr_int(const char *name, int64_t v)
{
    bytes b = {0};
    put_text(&b, 1, name);
    put_int(&b, 3, (uint64_t)v);
    put_int(&b, 20, 2);
    return b;
}

static inline bytes attr_part(const char *name, uint32_t field, int type, bytes part)
{
    bytes b = {0};
    put_text(&b, 1, name);
    put_part(&b, field, part);
    put_int(&b, 20, (uint64_t)type);
    return b;
}

static inline bytes model(bytes graph, int ir, int opset)
{
    bytes b = {0}, import = {0};
    put_int(&b, 1, (uint64_t)ir);
    put_part(&b, 7, graph);
    put_int(&import, 2, (uint64_t)opset);
    put_part(&b, 8, import);
    return b;
}

/* ---- reading ---- */

typedef struct loaded {
    bytes file;
    tenon__arena arena;
    tenon__report report;
    tenon__onnx_files files;
    tenon__graph *graph;
    tenon_error err;
    tenon_status status;
} loaded;

static inline void read_from(loaded *l, const tenon__onnx_source *options, bytes file)
{
    const tenon_allocator *a = tenon__allocator_default();
    tenon__onnx_source src = options ? *options : (tenon__onnx_source){0};
    *l = (loaded){.file = file};
    tenon__arena_init(&l->arena, a, 64 << 20);
    tenon__report_init(&l->report, a);
    src.data = file.data;
    src.size = file.size;
    src.files = &l->files;
    l->err.where[0] = l->err.message[0] = '\0';
    l->status = tenon__onnx_read(&src, &l->arena, a, &l->graph, &l->report, &l->err);
    assert_true((l->status == TENON_OK) == (l->graph != NULL));
    if (l->status) {
        assert_int_equal(l->err.status, l->status);
        assert_true(l->err.message[0] != '\0');
    }
}

static inline void unload(loaded *l)
{
    if (l->graph) tenon__graph_destroy(l->graph);
    tenon__arena_fini(&l->arena);
    tenon__report_fini(&l->report);
    tenon__onnx_files_close(&l->files, tenon__allocator_default());
    free(l->file.data);
}

static inline void load(loaded *l, bytes file)
{
    read_from(l, NULL, file);
}

static inline void load_ok(loaded *l, bytes file)
{
    load(l, file);
    if (l->status) fail_msg("%s: %s", l->err.where, l->err.message);
}

static inline tenon__value *find(const tenon__graph *g, const char *name)
{
    for (size_t i = 0; i < g->values.count; i++)
        if (tenon__str_is(g->values.items[i].name, name)) return &g->values.items[i];
    return NULL;
}

static const int64_t two[] = {2};
static const int64_t two_three[] = {2, 3};

/* One node from x to y. */
static inline bytes graph_of(bytes one_node)
{
    bytes g = {0};
    put_part(&g, 1, one_node);
    put_part(&g, 11, info("x", F32, 1, two));
    put_part(&g, 12, info("y", F32, -1, NULL));
    return g;
}

#endif
