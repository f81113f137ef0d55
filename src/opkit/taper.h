/* SPDX-License-Identifier: Apache-2.0 */
/* HannWindow, HammingWindow, BlackmanWindow: sums of cosines. */
#ifndef TENON_OPKIT_TAPER_H
#define TENON_OPKIT_TAPER_H

#include "graph/op.h"

/* c[0] - c[1] cos(2 pi i / n) + c[2] cos(4 pi i / n). */
typedef struct tenon__taper_attrs {
    double c[3];
    tenon_dtype dtype;
    bool periodic; /* n is the size, else the size less one */
} tenon__taper_attrs;

typedef struct tenon__taper_params {
    int64_t size, per_tile;
} tenon__taper_params;

/* For `read`: the attributes output_datatype and periodic; the caller sets c. */
tenon_status tenon__taper_read(const tenon__node *node, tenon__taper_attrs *a, tenon_error *err);
/* Input 0 is the size, a scalar. */
tenon_status tenon__taper_infer(tenon__infer *c);
tenon_status tenon__taper_bind(tenon__bind *c);
tenon_status tenon__taper_run(const tenon__run *r);
/* The dtype that a number of TensorProto.DataType names, if it is a number of whole bytes. */
tenon_status tenon__taper_dtype(int64_t onnx, tenon_dtype *out, tenon_error *err);

#endif
