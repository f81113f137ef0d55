/* SPDX-License-Identifier: Apache-2.0 */
/* A subgraph's nodes copied into the graph around it, for operators that expand with a body of the
 * model's. */
#ifndef TENON_OPKIT_INLINE_H
#define TENON_OPKIT_INLINE_H

#include "graph/op.h"

/* Puts the nodes of `body`, a graph attribute of c->node, in front of it; its inputs become
 * `inputs`. Returns what its one output becomes. On failure sets c->err, returns TENON__NO_VALUE.
 */
tenon__value_id tenon__inline_body(tenon__expand *c, const tenon__graph *body,
                                   const tenon__value_id *inputs, uint32_t count);

#endif
