/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: bytes as an ONNX model, read and inferred. */
#include "formats/onnx/onnx.h"
#include "graph/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tenon_allocator *a = tenon__allocator_default();
    tenon__arena arena;
    tenon__report report;
    tenon__graph *graph = NULL;
    tenon__onnx_files files = {0};
    tenon_error err;
    const tenon__onnx_source src = {
        .data = data, .size = size, .max_nodes = 20000, .files = &files};
    tenon__arena_init(&arena, a, (size_t)64 << 20);
    tenon__report_init(&report, a);
    (void)tenon__onnx_probe(data, size);
    if (tenon__onnx_read(&src, &arena, a, &graph, &report, &err) == TENON_OK) {
        (void)tenon__graph_infer(graph, &arena, &err);
        tenon__graph_destroy(graph);
    }
    tenon__onnx_files_close(&files, a);
    tenon__report_fini(&report);
    tenon__arena_fini(&arena);
    return 0;
}
