/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the runtime share: models that are small, their inputs, and outputs as bytes.
 */
#ifndef TENON_TESTS_RUNTIME_MODELS_H
#define TENON_TESTS_RUNTIME_MODELS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "harness.h"

static tenon_error error;

static inline void must(tenon_status status)
{
    if (status != TENON_OK)
        fail_msg("%s: %s: %s", tenon_status_name(status), error.where, error.message);
}

/* Inputs of a model: float32 from a fixed generator, integers 0 or 1, free dims as `free_dim`, at
 * most 16. */
typedef struct feed {
    tenon_tensor *tensors[16];
    size_t count;
} feed;

static inline uint32_t next_number(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline void feed_session(tenon_env *env, tenon_model *model, tenon_session *session,
                                int64_t free_dim, feed *out)
{
    uint32_t state = 7;
    out->count = tenon_model_input_count(model);
    assert_true(out->count <= 16);
    for (size_t i = 0; i < out->count; i++) {
        tenon_port port;
        int64_t dims[TENON_MAX_RANK] = {0};
        must(tenon_model_input_get(model, i, &port));
        for (int d = 0; d < port.rank; d++)
            dims[d] = port.dims[d] < 0 ? free_dim : port.dims[d];
        must(tenon_tensor_create(env, port.dtype, port.rank, dims, &out->tensors[i], &error));
        uint8_t *data = tenon_tensor_data(out->tensors[i]);
        size_t elem = tenon_dtype_bits(port.dtype) / 8;
        for (int64_t k = 0; k < tenon_tensor_count(out->tensors[i]); k++) {
            float f = (float)next_number(&state) / 16777216.0f;
            if (port.dtype == TENON_F32)
                memcpy(data + (size_t)k * elem, &f, 4);
            else
                data[(size_t)k * elem] = (uint8_t)(next_number(&state) & 1);
        }
        must(tenon_session_set_input(session, port.name, out->tensors[i], &error));
    }
}

static inline void feed_free(feed *f)
{
    for (size_t i = 0; i < f->count; i++)
        tenon_tensor_destroy(f->tensors[i]);
}

/* All outputs of a run, one after another; new, free() it. */
static inline uint8_t *take_outputs(tenon_model *model, tenon_session *session, size_t *size)
{
    uint8_t *bytes = malloc(1);
    *size = 0;
    for (size_t i = 0; i < tenon_model_output_count(model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        must(tenon_model_output_get(model, i, &port));
        must(tenon_session_get_output(session, port.name, &t, &error));
        size_t n = tenon_tensor_size_bytes(t);
        bytes = realloc(bytes, *size + n + 1);
        assert_non_null(bytes);
        if (n) memcpy(bytes + *size, tenon_tensor_data_const(t), n);
        *size += n;
    }
    return bytes;
}

/* The models the properties are tested on: the one in the tree, then the test data's small nets of
 * every kind. */
static const char *const model_paths[] = {
    "demo/digits.onnx",
    "matrix/act-mini/model-op17.onnx",
    "matrix/audio-front/model-dynamo.onnx",
    "matrix/cnn-bn/model-op17.onnx",
    "matrix/decoder-kv/model-op17.onnx",
    "matrix/diffusion-res/model-op17.onnx",
    "matrix/encoder-mask/model-op17.onnx",
    "matrix/gru-state/model-op17.onnx",
    "matrix/lstm-tagger/model-op17.onnx",
    "matrix/mobile-block/model-op17.onnx",
    "matrix/cnn-bn/model-int8-qdq.onnx",
    "matrix/cnn-bn/model-float16.onnx",
};
#define MODEL_COUNT (sizeof model_paths / sizeof *model_paths)

static inline const char *model_path(const char *name, char out[4096])
{
    if (strncmp(name, "demo/", 5) == 0)
        snprintf(out, 4096, "%s/%s", TENON_SOURCE_DIR, name);
    else
        snprintf(out, 4096, "%s/%s", test_data(), name);
    return out;
}

#endif
