/* SPDX-License-Identifier: Apache-2.0 */
/* TensorProto, SparseTensorProto and TypeProto to views. */
#ifndef TENON_FORMATS_ONNX_TENSOR_H
#define TENON_FORMATS_ONNX_TENSOR_H

#include "formats/onnx/onnx.h"
#include "formats/onnx/wire.h"

/* What reading a tensor needs. */
typedef struct tenon__onnx_data {
    const tenon__onnx_source *src; /* NULL: external data is refused */
    const uint8_t *end;            /* of the mapping */
    tenon__arena *arena;           /* for what cannot stay where it is */
    const tenon_allocator *allocator;
} tenon__onnx_data;

typedef struct tenon__onnx_tensor {
    tenon__str name;
    tenon__view view; /* in place where the payload lies as the tensor does: any alignment then */
    bool aligned;     /* and readable TENON_TENSOR_PAD_BYTES past the end */
} tenon__onnx_tensor;

tenon_status tenon__onnx_tensor_read(const tenon__onnx_data *data, tenon__pb m,
                                     tenon__onnx_tensor *out, tenon_error *err);
/* Densified; the name is that of the values. */
tenon_status tenon__onnx_sparse_read(const tenon__onnx_data *data, tenon__pb m,
                                     tenon__onnx_tensor *out, tenon_error *err);

/* The number for the name of a free dim: the same name, the same number, -2 or below. */
typedef tenon_status (*tenon__onnx_symbol_fn)(void *ctx, tenon__str name, int64_t *dim,
                                              tenon_error *err);
/* TypeProto. Sequences, optionals and maps: the view says the outermost kind, and of the tensors
 * within. */
tenon_status tenon__onnx_type_read(tenon__pb m, tenon__onnx_symbol_fn symbol, void *ctx,
                                   tenon__view *out, tenon_error *err);

#endif
