/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of tenon_model. */
#ifndef TENON_RUNTIME_MODEL_H
#define TENON_RUNTIME_MODEL_H

#include <pthread.h>
#include <stdatomic.h>

#include "backends/backend.h"
#include "base/os.h"
#include "formats/onnx/onnx.h"
#include "graph/graph.h"
#include <tenon/model.h>

typedef struct tenon__op_count {
    const char *name;
    size_t count;
} tenon__op_count;

typedef struct tenon__port {
    tenon_port pub;
    tenon__value_id value;
    tenon__view fallback; /* an optional input's default */
} tenon__port;

struct tenon_model {
    atomic_size_t refs;
    tenon_env *env;
    tenon__arena arena; /* graph, names, decoded constants */
    tenon__file file;
    bool borrowed; /* the file's bytes are the caller's */
    tenon__onnx_files externals;
    const char *path; /* for messages; "" from memory */
    tenon__graph *graph;
    const tenon__backend *backend;
    tenon__accuracy accuracy;
    size_t max_run_bytes, max_bytes;

    tenon__port *inputs, *outputs;
    size_t input_count, output_count;
    tenon__op_count *operators;
    size_t operator_count;
    struct {
        const char *key, *value;
    } * metadata;
    size_t metadata_count;
    const char *format;
    uint64_t parameters, weight_bytes;
    size_t node_count;

    pthread_mutex_t lock; /* of the two below */
    tenon__compiled *compiled;
    char hash[65];
};

/* The model made ready by its backend, at the first call. */
tenon_status tenon__model_compile(tenon_model *model, tenon__compiled **out, tenon_error *err);

/* A terminated copy of a name, made once and kept. Any thread. "" where memory is out. */
const char *tenon__model_text(tenon_model *model, tenon__str text);

#endif
