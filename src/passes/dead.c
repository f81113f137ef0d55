/* SPDX-License-Identifier: Apache-2.0 */
/* Dead code: nodes that nothing reads, from the last to the first, so that a whole dead branch goes
 * at once. */
#include "passes/passes.h"

static bool is_read(const tenon__pass_context *c, const tenon__node *node)
{
    for (uint32_t i = 0; i < node->output_count; i++)
        if (node->outputs[i] != TENON__NO_VALUE && c->uses[node->outputs[i]]) return true;
    return false;
}

/* Control operators keep what their bodies capture; their bodies' uses were counted with the rest.
 */
tenon_status tenon__pass_dead(tenon__pass_context *c)
{
    tenon__graph *g = c->graph;
    for (size_t n = g->nodes.count; n-- > 0;) {
        tenon__node *node = g->nodes.items[n];
        if (node->dead || (node->op->flags & TENON__OP_IMPURE) || is_read(c, node)) continue;
        node->dead = true;
        c->changed = true;
        for (uint32_t i = 0; i < node->input_count; i++)
            if (node->inputs[i] != TENON__NO_VALUE && c->uses[node->inputs[i]])
                c->uses[node->inputs[i]]--;
    }
    return TENON_OK;
}
