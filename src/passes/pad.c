/* SPDX-License-Identifier: Apache-2.0 */
/* Pad with zeros in front of a convolution becomes its pads. */
#include "passes/match.h"
#include "tensor/convert.h"

#define MAX_PADS (2 * TENON_MAX_RANK)

/* The pads of a Pad node over all axes, [begin..., end...]; false where they are no constants or it
 * does not pad with zeros. */
static bool constant_pads(const tenon__pass_context *c, const tenon__node *pad, int rank,
                          int64_t *out)
{
    size_t count = 0;
    double value = tenon__attr_float(pad, "value", 0);
    const int64_t *attr = tenon__attr_ints(pad, "pads", &count);
    tenon__value_id pads = tenon__match_input(pad, 1), fill = tenon__match_input(pad, 2);
    if (!tenon__str_is(tenon__attr_str(pad, "mode", "constant"), "constant")) return false;
    if (fill != TENON__NO_VALUE && !tenon__match_scalar(c, fill, &value)) return false;
    if (value != 0 || tenon__match_input(pad, 3) != TENON__NO_VALUE) return false;
    if (attr && count == (size_t)rank * 2) {
        memcpy(out, attr, count * sizeof *out);
        return true;
    }
    if (!tenon__match_const(c, pads) || tenon__view_count(tenon__match_view(c, pads)) != rank * 2)
        return false;
    const tenon__view *v = tenon__match_view(c, pads);
    for (int i = 0; i < rank * 2; i++)
        out[i] = tenon__get_i64(v->dtype, v->data, (size_t)i);
    return true;
}

static tenon_status fuse(tenon__pass_context *c, tenon__node *conv, tenon__node *pad, int rank,
                         const int64_t *pads)
{
    int spatial = rank - 2;
    size_t count;
    const int64_t *own = tenon__attr_ints(conv, "pads", &count);
    int64_t *sum = tenon__arena_zeroed(c->graph->arena, MAX_PADS, sizeof *sum);
    if (!sum) return tenon__fail(c->err, TENON_ENOMEM, "no memory for pads");
    for (int i = 0; i < spatial; i++) {
        sum[i] = pads[2 + i] + (own && count == (size_t)spatial * 2 ? own[i] : 0);
        sum[spatial + i] =
            pads[rank + 2 + i] + (own && count == (size_t)spatial * 2 ? own[spatial + i] : 0);
    }
    tenon__attr attr = {.name = TENON__STR("pads"),
                        .type = TENON__ATTR_INTS,
                        .count = (size_t)spatial * 2,
                        .ints = sum};
    tenon_status st = tenon__rewrite_attrs(c, conv, &attr, 1);
    if (st == TENON_OK) st = tenon__rewrite_input(c, conv, 0, pad->inputs[0]);
    pad->dead = st == TENON_OK;
    return st;
}

tenon_status tenon__pass_pad(tenon__pass_context *c)
{
    for (size_t n = 0; n < c->graph->nodes.count; n++) {
        tenon__node *conv = c->graph->nodes.items[n];
        int64_t pads[MAX_PADS];
        if (conv->dead || !tenon__match_is(conv, "Conv") ||
            !tenon__match_const(c, tenon__match_input(conv, 1)))
            continue;
        int rank = tenon__match_view(c, conv->inputs[1])->rank;
        tenon__node *pad = tenon__match_sole(c, conv->inputs[0], "Pad");
        tenon__str automatic = tenon__attr_str(conv, "auto_pad", "NOTSET");
        if (!pad || rank < 3 ||
            (!tenon__str_is(automatic, "NOTSET") && !tenon__str_is(automatic, "VALID")))
            continue;
        if (!constant_pads(c, pad, rank, pads)) continue;
        bool fits = pads[0] == 0 && pads[1] == 0 && pads[rank] == 0 && pads[rank + 1] == 0;
        for (int i = 0; i < rank * 2; i++)
            fits = fits && pads[i] >= 0 && pads[i] < (1 << 20);
        if (!fits) continue;
        tenon_status st = fuse(c, conv, pad, rank, pads);
        if (st == TENON_OK && tenon__str_is(automatic, "VALID")) {
            tenon__attr attr = tenon__attr_of_text("auto_pad", "NOTSET");
            st = tenon__rewrite_attrs(c, conv, &attr, 1);
        }
        if (st) return st;
    }
    return TENON_OK;
}
