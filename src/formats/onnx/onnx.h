/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX models: bytes in memory to a graph. */
#ifndef TENON_FORMATS_ONNX_ONNX_H
#define TENON_FORMATS_ONNX_ONNX_H

#include "graph/report.h"

/* A file of external data, open as long as the model lives: tensors point into it. */
typedef struct tenon__onnx_file {
    tenon__str name; /* as the model calls it */
    tenon__file file;
} tenon__onnx_file;

typedef struct tenon__onnx_files {
    TENON__VEC(tenon__onnx_file) list; /* in the order of the tensors that came first */
} tenon__onnx_files;

void tenon__onnx_files_close(tenon__onnx_files *files, const tenon_allocator *a);

/* What a model may ask for. 0: the default, TENON__ONNX_MAX_NODES. */
#define TENON__ONNX_MAX_NODES 1000000u

typedef struct tenon__onnx_source {
    const uint8_t *data; /* borrowed until the graph goes: names and tensors point into it */
    size_t size;
    /* External data, by name: `open` where it is set, else files beneath `folder`, else refused. */
    const char *folder;
    bool copy; /* read such files instead of mapping them */
    tenon_status (*open)(void *ctx, tenon__str name, tenon__file *out, tenon_error *err);
    /* Asked now and then with the offset reached, which never goes back; true ends the reading with
     * TENON_ECANCELED. */
    bool (*stop)(void *ctx, uint64_t offset);
    void *ctx; /* of both */
    size_t max_nodes;
    tenon__onnx_files
        *files; /* what was opened, also after a failure: the caller closes it after the graph */
} tenon__onnx_source;

/* Whether the bytes look like a ModelProto. Cheap: reads a few fields, never the weights. */
bool tenon__onnx_probe(const uint8_t *data, size_t size);

/* The graph of a model: functions inlined, Constant nodes turned into constants, sorted and
 * checked, attributes read, composed operators expanded; types as declared. Its memory is the
 * arena's, whose limit is the caller's choice; on failure *out is NULL. Nodes that are not
 * supported go to `report` and end the reading with TENON_EUNSUPPORTED. Errors name the byte or the
 * node. */
tenon_status tenon__onnx_read(const tenon__onnx_source *src, tenon__arena *arena,
                              const tenon_allocator *a, tenon__graph **out, tenon__report *report,
                              tenon_error *err);

#endif
