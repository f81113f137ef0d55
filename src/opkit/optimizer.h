/* SPDX-License-Identifier: Apache-2.0 */
/* What Momentum, Adagrad and Adam share: inputs R (learning rate), T (count of updates), then `n`
 * tensors of each of several kinds; outputs `n` of each kind but the gradients. Each element is on
 * its own. */
#ifndef TENON_OPKIT_OPTIMIZER_H
#define TENON_OPKIT_OPTIMIZER_H

#include "graph/op.h"

/* X, gradient, and up to two accumulators of one element, updated in place. */
typedef void (*tenon__optimizer_step)(const void *attrs, double rate, int64_t count, double v[4]);

/* `kinds`: 3 (X, G, one accumulator) or 4. */
tenon_status tenon__optimizer_infer(tenon__infer *c, uint32_t kinds);
tenon_status tenon__optimizer_bind(tenon__bind *c, uint32_t kinds);
tenon_status tenon__optimizer_run(const tenon__run *r, uint32_t kinds, tenon__optimizer_step step);

#endif
