/* SPDX-License-Identifier: Apache-2.0 */
/* What passes ask of a graph, and the edits they share. */
#ifndef TENON_PASSES_MATCH_H
#define TENON_PASSES_MATCH_H

#include "passes/passes.h"

/* The live node that makes a value; NULL for inputs, constants and captures. */
tenon__node *tenon__match_producer(const tenon__pass_context *c, tenon__value_id id);
/* The same, if it is an `op` (canonical name) and nothing else reads this value (graph outputs
 * count as readers). */
tenon__node *tenon__match_sole(const tenon__pass_context *c, tenon__value_id id, const char *op);
/* Input i of a node; TENON__NO_VALUE where absent. */
tenon__value_id tenon__match_input(const tenon__node *node, uint32_t i);
const tenon__view *tenon__match_view(const tenon__pass_context *c,
                                     tenon__value_id id); /* NULL for no value */
bool tenon__match_const(const tenon__pass_context *c, tenon__value_id id);
/* The one element of a constant as a number; false where it is no constant of one element. */
bool tenon__match_scalar(const tenon__pass_context *c, tenon__value_id id, double *out);
bool tenon__match_is(const tenon__node *node, const char *op);
/* Whether its inputs broadcast as numpy has it: before opset 7 an axis may say otherwise. */
bool tenon__match_numpy(const tenon__node *node);
/* Both shapes whole and equal, by inference. */
bool tenon__match_same_shape(const tenon__pass_context *c, tenon__value_id a, tenon__value_id b);

/* `node` makes `value` from now on, in place of its output 0, which nothing reads any more. */
void tenon__rewrite_output(tenon__pass_context *c, tenon__node *node, tenon__value_id value);
/* Sets input i, growing the list with absent inputs where needed. */
tenon_status tenon__rewrite_input(tenon__pass_context *c, tenon__node *node, uint32_t i,
                                  tenon__value_id value);
/* Adds or replaces attributes and reads them again. */
tenon_status tenon__rewrite_attrs(tenon__pass_context *c, tenon__node *node,
                                  const tenon__attr *attrs, uint32_t count);
/* `node` is another operator from now on, with these inputs and attributes. */
tenon_status tenon__rewrite_op(tenon__pass_context *c, tenon__node *node, const char *op,
                               const tenon__value_id *inputs, uint32_t input_count,
                               const tenon__attr *attrs, uint32_t attr_count);
/* A new node behind all others (the sort finds its place). */
tenon_status tenon__rewrite_add(tenon__pass_context *c, const char *op, tenon__str name,
                                const tenon__value_id *inputs, uint32_t input_count,
                                const tenon__value_id *outputs, uint32_t output_count,
                                const tenon__attr *attrs, uint32_t attr_count, tenon__node **out);
/* A new value of this type and shape. */
tenon_status tenon__rewrite_value(tenon__pass_context *c, const tenon__view *like,
                                  tenon__value_id *out);
/* A new float32 constant whose data the caller fills; aligned. */
tenon_status tenon__rewrite_const(tenon__pass_context *c, int rank, const int64_t *dims,
                                  tenon__value_id *out, float **data);

static inline tenon__attr tenon__attr_of_int(const char *name, int64_t x)
{
    return (tenon__attr){.name = tenon__str_of(name), .type = TENON__ATTR_INT, .i = x};
}

static inline tenon__attr tenon__attr_of_float(const char *name, float x)
{
    return (tenon__attr){.name = tenon__str_of(name), .type = TENON__ATTR_FLOAT, .f = x};
}

static inline tenon__attr tenon__attr_of_text(const char *name, const char *x)
{
    return (tenon__attr){
        .name = tenon__str_of(name), .type = TENON__ATTR_STRING, .s = tenon__str_of(x)};
}

#endif
