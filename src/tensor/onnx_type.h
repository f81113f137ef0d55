/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX's numbers for element types (TensorProto.DataType), which attributes such as Cast's `to`
 * carry. */
#ifndef TENON_TENSOR_ONNX_TYPE_H
#define TENON_TENSOR_ONNX_TYPE_H

#include <tenon/tensor.h>

tenon_dtype tenon__dtype_of_onnx(int64_t type); /* TENON_NONE where there is no such type */
int32_t tenon__dtype_to_onnx(tenon_dtype dtype);

#endif
