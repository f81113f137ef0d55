/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operators, written by the build from the names of the files in src/ops. */
#include "graph/op.h"

#define OP(stem) extern const tenon__op tenon__op_##stem;
#include "op_list.inc"
#undef OP

const tenon__op *const tenon__ops[] = {
#define OP(stem) &tenon__op_##stem,
#include "op_list.inc"
#undef OP
    NULL,
};

const tenon__op *tenon__op_find(const char *name)
{
    for (const tenon__op *const *op = tenon__ops; *op; op++)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

/* Readers ask once per kind of node and opset, so that a walk over all rows will do. */
const tenon__op *tenon__op_import(const char *format, tenon__str domain, tenon__str name, int opset,
                                  const tenon__rename **renames)
{
    if (renames) *renames = NULL;
    for (const tenon__op *const *op = tenon__ops; *op; op++) {
        for (const tenon__import *row = (*op)->imports; row && row->format; row++) {
            if (opset < row->from || (row->to && opset > row->to)) continue;
            if (!tenon__str_is(name, row->name) || !tenon__str_is(domain, row->domain) ||
                strcmp(row->format, format) != 0)
                continue;
            if (renames) *renames = row->renames;
            return *op;
        }
    }
    return NULL;
}

uint32_t tenon__tiles(int64_t count, double cost_ns, int64_t *per_tile)
{
    const double tile_ns = 20e3;
    const int64_t most = 1 << 20; /* the executor's loop over tiles stays cheap beside them */
    *per_tile = count > 0 ? count : 1;
    if (count <= 0) return 0;
    double want = cost_ns > 0 ? tile_ns / cost_ns : (double)count;
    int64_t per = want >= (double)count ? count : want < 1 ? 1 : (int64_t)want;
    if ((count - 1) / per >= most) per = (count - 1) / most + 1;
    /* Even out: the last tile is not a rest. */
    int64_t tiles = (count - 1) / per + 1;
    per = (count - 1) / tiles + 1;
    *per_tile = per;
    return (uint32_t)((count - 1) / per + 1);
}
