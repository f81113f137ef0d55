/* SPDX-License-Identifier: Apache-2.0 */
/* Two transposes in a row are one; one that restores the order falls to pass noop. */
#include "passes/match.h"

/* The order of a Transpose over `rank` axes; absent, it reverses. */
static bool order_of(const tenon__node *node, int rank, int64_t *perm)
{
    size_t count;
    const int64_t *given = tenon__attr_ints(node, "perm", &count);
    if (given && count != (size_t)rank) return false;
    for (int i = 0; i < rank; i++) {
        perm[i] = given ? given[i] : rank - 1 - i;
        if (perm[i] < 0) perm[i] += rank;
        if (perm[i] < 0 || perm[i] >= rank) return false;
    }
    return true;
}

static tenon_status join(tenon__pass_context *c, tenon__node *first, tenon__node *second, int rank)
{
    int64_t a[TENON_MAX_RANK], b[TENON_MAX_RANK];
    if (!order_of(first, rank, a) || !order_of(second, rank, b)) return TENON_OK;
    int64_t *perm = tenon__arena_zeroed(c->graph->arena, (size_t)rank + 1, sizeof *perm);
    if (!perm) return tenon__fail(c->err, TENON_ENOMEM, "no memory for a permutation");
    for (int i = 0; i < rank; i++)
        perm[i] = a[b[i]];
    tenon__attr attr = {
        .name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = (size_t)rank, .ints = perm};
    tenon_status st = tenon__rewrite_attrs(c, second, &attr, 1);
    if (st == TENON_OK) st = tenon__rewrite_input(c, second, 0, first->inputs[0]);
    return st;
}

tenon_status tenon__pass_transposes(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *second = c->graph->nodes.items[n];
        if (second->dead || !tenon__match_is(second, "Transpose")) continue;
        tenon__node *first = tenon__match_producer(c, second->inputs[0]);
        if (!first || !tenon__match_is(first, "Transpose")) continue;
        const tenon__view *x = tenon__match_view(c, first->inputs[0]);
        if (x->rank <= 0 || x->kind != TENON_VALUE_TENSOR) continue;
        tenon_status st = join(c, first, second, x->rank);
        if (st) return st;
    }
    return TENON_OK;
}
