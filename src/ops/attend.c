/* SPDX-License-Identifier: Apache-2.0 */
/* Attend: Y = P V, P = softmax(scale * Q K + mask) along its rows, as the operators that pass
 * `attention` replaces by it would compute it: Q [..., m, d], K [..., d, n], V [..., n, e], all
 * f32, the outer dims and those of the mask broadcast as numpy has it. The mask is f32 and added,
 * or bool and chooses between score and `fill`: the score where it is `keeps`. Input 4, one number,
 * is a factor of the scale. With `guard` a row of P that is NaN counts as zeros.
 *
 * Each operand may lie in another order of its axes: q_order, k_order, v_order are the perm of the
 * Transpose that would bring it into the one above, y_order that of the Transpose behind Y. The
 * last axis of Q, V and Y stays the last; that of K is d, or n with d in front of it.
 *
 * Where keys serve several tiles, phase 0 packs them. A tile takes some rows of m through all
 * steps; a row's bits depend on the row alone. */
#include <math.h>

#include "graph/op.h"
#include "kernels/attention/attention.h"
#include "kernels/eltwise/eltwise.h"
#include "kernels/gemm/gemm.h"
#include "kernels/softmax/softmax.h"

enum { Q, K, V, MASK, SCALE, OPERANDS };

/* Panels of keys that are packed at once within a tile, or by one tile of phase 0. */
enum { CHUNK = 8 };

/* Outer dims. */
#define OUTER TENON_MAX_RANK

typedef struct attrs {
    const int64_t *order[3], *y_order; /* NULL: as it is */
    size_t rank[3], y_rank;
    float scale, fill;
    bool guard, keeps;
} attrs;

/* Where an operand's elements are, in elements: 0 along what is repeated. */
typedef struct steps {
    int64_t outer[OUTER], row, col;
} steps;

typedef struct params {
    const tenon__gemm_row *gemm;
    const tenon__softmax_row *softmax;
    const tenon__attention_row *row;
    tenon__eltwise_fn mask;
    steps q, k, v, m, y;
    int outer_count;
    int64_t outer[OUTER], batch, rows, size, keys, v_size; /* m, d, n, e */
    int64_t panels, block_rows, blocks, per_tile, score_step;
    int64_t scores_at, chunk_at; /* in scratch, in floats */
    uint32_t pack_tiles, tiles;
    bool packs; /* phase 0 packs all keys into work */
    bool dots;  /* so few keys that each score is a product of its own */
} params;

/* ---- attributes ---- */

static tenon_status read_order(const tenon__node *node, const char *name, const int64_t **order,
                               size_t *rank, tenon_error *err)
{
    uint32_t seen = 0;
    *order = tenon__attr_ints(node, name, rank);
    for (size_t i = 0; *order && i < *rank; i++)
        if ((*order)[i] >= 0 && (*order)[i] < TENON_MAX_RANK) seen |= 1u << (*order)[i];
    if (!*order || (*rank >= 2 && *rank <= TENON_MAX_RANK && seen == (1u << *rank) - 1))
        return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT, "%s is no order of axes", name);
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    static const char *const names[3] = {"q_order", "k_order", "v_order"};
    attrs *a = out;
    (void)graph;
    a->scale = tenon__attr_float(node, "scale", 1);
    a->fill = tenon__attr_float(node, "fill", -INFINITY);
    a->guard = tenon__attr_int(node, "guard", 0) != 0;
    a->keeps = tenon__attr_int(node, "keeps", 1) != 0;
    tenon_status st = read_order(node, "y_order", &a->y_order, &a->y_rank, err);
    for (int i = 0; i < 3 && !st; i++)
        st = read_order(node, names[i], &a->order[i], &a->rank[i], err);
    bool last = !a->y_order || a->y_order[a->y_rank - 1] == (int64_t)a->y_rank - 1;
    for (int i = 0; i < 3 && !st; i++) {
        const int64_t *order = a->order[i], end = (int64_t)a->rank[i] - 1;
        if (order && i == K)
            last =
                last && (order[end - 1] == end || (order[end] == end && order[end - 1] == end - 1));
        else if (order)
            last = last && order[end] == end;
    }
    return st || last ? st : tenon__fail(err, TENON_EFORMAT, "an order moves the last axis");
}

/* ---- shapes ---- */

static const tenon__view *optional(uint32_t count, const tenon__view *const *in, uint32_t i)
{
    return i < count ? in[i] : NULL;
}

/* Operand i as the product takes it. */
static tenon_status ordered(const attrs *a, const tenon__view *v, uint32_t i, tenon__view *out,
                            tenon_error *err)
{
    *out = *v;
    if (v->rank < 2 || (a->order[i] && a->rank[i] != (size_t)v->rank))
        return tenon__fail(err, TENON_ESHAPE, "input %u has rank %d", i, v->rank);
    for (int k = 0; a->order[i] && k < v->rank; k++)
        out->dims[k] = v->dims[a->order[i][k]];
    return TENON_OK;
}

static tenon_status check_dtypes(const tenon__infer *c)
{
    for (uint32_t i = 0; i < c->in_count; i++) {
        const tenon__view *v = c->in[i];
        if (!v && i <= V) return tenon__fail(c->err, TENON_EFORMAT, "input %u is absent", i);
        if (!v || v->dtype == TENON_NONE || v->dtype == TENON_F32) continue;
        if (i != MASK || v->dtype != TENON_BOOL)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s", i,
                               tenon_dtype_text(v->dtype));
    }
    return TENON_OK;
}

static tenon_status agree(const tenon__infer *c, const char *what, int64_t a, int64_t b)
{
    if (tenon__dim_agrees(a, b)) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE, "%s: %lld and %lld do not agree", what, (long long)a,
                       (long long)b);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *mask = optional(c->in_count, c->in, MASK),
                      *scale = optional(c->in_count, c->in, SCALE);
    tenon__view in[3], scores = {0}, y = {0};
    tenon_status st = check_dtypes(c);
    if (st) return st;
    c->out[0]->dtype = TENON_F32;
    if (tenon__infer_rank_unknown(c, V + 1) || (mask && mask->rank < 0)) return TENON_OK;
    for (uint32_t i = 0; i < 3 && !st; i++)
        st = ordered(a, c->in[i], i, &in[i], c->err);
    if (st) return st;
    int64_t *q = in[Q].dims + in[Q].rank, *k = in[K].dims + in[K].rank,
            *v = in[V].dims + in[V].rank;
    if ((st = agree(c, "columns of Q and rows of K", q[-1], k[-2]))) return st;
    q[-1] = k[-2] = 1;
    const tenon__view *parts[3] = {&in[Q], &in[K], mask};
    if ((st = tenon__infer_broadcast(c, parts, 3, &scores))) return st;
    int64_t *s = scores.dims + scores.rank;
    if ((st = agree(c, "columns of the scores and rows of V", s[-1], v[-2]))) return st;
    s[-1] = v[-2] = 1;
    if ((st = tenon__infer_broadcast(c, (const tenon__view *const[]){&scores, &in[V]}, 2, &y)))
        return st;
    if (scale && tenon__dims_known(scale) && tenon__view_count(scale) != 1)
        return tenon__fail(c->err, TENON_ESHAPE, "the scale is no single number");
    if (a->y_order && a->y_rank != (size_t)y.rank)
        return tenon__fail(c->err, TENON_ESHAPE, "the output has rank %d", y.rank);
    int64_t dims[TENON_MAX_RANK];
    for (int i = 0; i < y.rank; i++)
        dims[i] = y.dims[a->y_order ? a->y_order[i] : i];
    tenon__infer_set(c, 0, TENON_F32, y.rank, dims);
    return TENON_OK;
}

/* Steps of a tensor of these dims whose axes are then put into `order`, over `outer` outer dims. */
static steps steps_of(const tenon__view *v, const int64_t *order, int outer)
{
    int64_t own[TENON_MAX_RANK], step = 1;
    steps s = {{0}, 0, 0};
    for (int i = v->rank; i-- > 0;) {
        own[i] = v->dims[i] == 1 ? 0 : step;
        step *= v->dims[i];
    }
    for (int i = 0; i < v->rank; i++) {
        int64_t at = own[order ? order[i] : i];
        int from_end = v->rank - 1 - i;
        if (from_end == 0)
            s.col = at;
        else if (from_end == 1)
            s.row = at;
        else
            s.outer[outer - (from_end - 1)] = at;
    }
    return s;
}

/* What undoes an order. */
static const int64_t *inverse(const int64_t *order, size_t rank, int64_t *out)
{
    for (size_t i = 0; order && i < rank; i++)
        out[order[i]] = (int64_t)i;
    return order ? out : NULL;
}

/* Neighbouring outer dims along which all operands go on evenly are one. */
static void collapse(params *p)
{
    steps *const all[] = {&p->q, &p->k, &p->v, &p->m, &p->y};
    int kept = 0;
    for (int i = 0; i < p->outer_count; i++) {
        bool even = kept > 0;
        if (p->outer[i] == 1) continue;
        for (size_t s = 0; s < sizeof all / sizeof *all; s++)
            even = even && all[s]->outer[kept - 1] == all[s]->outer[i] * p->outer[i];
        const int to = even ? kept - 1 : kept++;
        p->outer[to] = even ? p->outer[to] * p->outer[i] : p->outer[i];
        for (size_t s = 0; s < sizeof all / sizeof *all; s++)
            all[s]->outer[to] = all[s]->outer[i];
    }
    p->outer_count = kept;
}

/* Y as [outer, m, e], and the numbers of it all. */
static tenon_status geometry(const attrs *a, uint32_t in_count, const tenon__view *const *in,
                             const tenon__view *out, params *p, tenon_error *err)
{
    tenon__view q, v;
    const tenon__view *mask = optional(in_count, in, MASK);
    int64_t back[TENON_MAX_RANK];
    const int64_t *y_order = inverse(a->y_order, a->y_rank, back);
    tenon_status st = ordered(a, in[Q], Q, &q, err);
    if (!st) st = ordered(a, in[V], V, &v, err);
    if (st) return st;
    p->outer_count = out->rank - 2;
    p->q = steps_of(in[Q], a->order[Q], p->outer_count);
    p->k = steps_of(in[K], a->order[K], p->outer_count);
    p->v = steps_of(in[V], a->order[V], p->outer_count);
    p->y = steps_of(out, y_order, p->outer_count);
    p->m = mask ? steps_of(mask, NULL, p->outer_count) : (steps){{0}, 0, 0};
    p->batch = 1;
    for (int i = 0; i < p->outer_count; i++) {
        p->outer[i] = out->dims[y_order ? y_order[i] : i];
        p->batch *= p->outer[i];
    }
    p->rows = out->dims[y_order ? y_order[out->rank - 2] : out->rank - 2];
    p->size = q.dims[q.rank - 1];
    p->keys = v.dims[v.rank - 2];
    p->v_size = v.dims[v.rank - 1];
    collapse(p);
    if (p->size == 1) p->k.row = 1; /* the kernels want a step of 1 along d or n */
    return TENON_OK;
}

/* ---- prepare and bind ---- */

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__gemm_choose(c->cpu)->name;
    return TENON_OK;
}

/* How many rows go into a tile: enough to repay packing, few enough for the cache and the clock. */
static void cut(params *p, tenon__bind *c)
{
    double row_ns =
        0.02 * (double)p->keys * (double)(p->size + p->v_size) + 0.5 * (double)p->keys + 20;
    int64_t rows = (int64_t)(150000 / row_ns), mr = p->gemm->mr;
    int64_t fit = 131072 / (p->keys + 1); /* half a megabyte of scores */
    if (rows > fit) rows = fit;
    rows = (rows + mr - 1) / mr * mr;
    if (rows < mr) rows = mr;
    p->blocks = (p->rows + rows - 1) / rows;
    p->block_rows = (p->rows + p->blocks - 1) / p->blocks;
    c->tiles = tenon__tiles(p->batch * p->blocks, row_ns * (double)p->block_rows, &p->per_tile);
}

/* Takes `count` floats, kept in multiples of a cache line. */
static int64_t take(int64_t *total, int64_t count)
{
    int64_t at = *total;
    *total += (count + 15) / 16 * 16;
    return at;
}

static tenon_status bind(tenon__bind *c)
{
    params *p = c->params;
    const tenon__view *mask = optional(c->in_count, c->in, MASK);
    tenon_status st = geometry(c->attrs, c->in_count, c->in, c->out[0], p, c->err);
    if (st) return st;
    p->gemm = tenon__gemm_choose(c->cpu);
    p->softmax = tenon__softmax_find(c->cpu);
    p->row = tenon__attention_find(c->cpu);
    p->mask = !mask ? NULL
                    : tenon__eltwise_find(c->cpu,
                                          mask->dtype == TENON_BOOL ? TENON__F_WHERE : TENON__F_ADD,
                                          TENON_F32, NULL)
                          ->fn;
    c->tiles = p->tiles = 0;
    p->packs = false;
    if (p->batch == 0 || p->rows == 0 || p->v_size == 0) return TENON_OK;
    c->flops =
        2.0 * (double)p->batch * (double)p->rows * (double)p->keys * (double)(p->size + p->v_size);
    p->panels = tenon__gemm_panels(p->gemm, p->keys);
    p->score_step = (p->panels * p->gemm->nr + 15) / 16 * 16;
    cut(p, c);
    p->tiles = c->tiles;
    p->dots = p->keys <= TENON__GEMM_DOT_MAX && p->k.row == 1;
    p->packs = p->blocks > 1 && p->size > 0 && p->panels > 0 && !p->dots;
    int64_t nr = p->gemm->nr, work = 0, scratch = 0, chunks = (p->panels + CHUNK - 1) / CHUNK;
    if (p->batch > INT32_MAX / (chunks + 1))
        return tenon__fail(c->err, TENON_ELIMIT, "%lld matrices are too many", (long long)p->batch);
    if (p->packs) take(&work, p->batch * p->panels * nr * p->size);
    take(&scratch, (int64_t)(p->gemm->scratch_bytes / sizeof(float)) + 16);
    p->scores_at = take(&scratch, p->block_rows * p->score_step);
    int64_t chunk = p->panels < CHUNK ? p->panels : CHUNK;
    p->chunk_at = p->packs ? 0 : take(&scratch, chunk * nr * p->size);
    c->work_bytes = (size_t)work * sizeof(float);
    c->scratch_bytes = (size_t)scratch * sizeof(float);
    p->pack_tiles = (uint32_t)(p->batch * chunks);
    if (!p->packs) return TENON_OK;
    c->phases = 2;
    c->tiles = p->pack_tiles;
    return TENON_OK;
}

static uint32_t tiles(const void *params_of, uint32_t phase)
{
    const params *p = params_of;
    return p->packs && phase == 0 ? p->pack_tiles : p->tiles;
}

/* ---- run ---- */

/* The outer indices of a matrix. */
typedef struct place {
    int64_t index[OUTER];
} place;

static place place_of(const params *p, int64_t batch)
{
    place w;
    for (int i = p->outer_count; --i > 0; batch /= p->outer[i])
        w.index[i] = batch % p->outer[i];
    w.index[0] = batch;
    return w;
}

static int64_t offset(const params *p, const steps *s, const place *w)
{
    int64_t at = 0;
    for (int i = 0; i < p->outer_count; i++)
        at += w->index[i] * s->outer[i];
    return at;
}

/* `count` panels of keys, the first of them `panel`, of a matrix of keys. */
static void pack_keys(const params *p, const float *k, int64_t panel, int64_t count, float *dst)
{
    const int64_t at = panel * p->gemm->nr;
    tenon__gemm_pack pack = {.dtype = TENON_F32,
                             .b = k + at * p->k.col,
                             .row = p->k.row,
                             .col = p->k.col,
                             .k = p->size,
                             .n = p->keys - at,
                             .count = count,
                             .dst = dst};
    if (p->size) p->gemm->pack(&pack);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void pack_tile(const tenon__run *r, const params *p)
{
    const int64_t chunks = (p->panels + CHUNK - 1) / CHUNK, nr = p->gemm->nr;
    const int64_t batch = r->tile / chunks, panel = r->tile % chunks * CHUNK;
    const place at = place_of(p, batch);
    pack_keys(p, (const float *)r->in[K]->data + offset(p, &p->k, &at), panel,
              least(p->panels - panel, CHUNK),
              (float *)r->work + (batch * p->panels + panel) * nr * p->size);
}

/* Some rows of one matrix. */
typedef struct work {
    const tenon__run *r;
    const params *p;
    int64_t batch, first, count;
    place at; /* of the matrix */
    float *scores, scale;
} work;

/* Scores of few keys. */
static void dot_keys(const work *w, const float *q, const float *k)
{
    const params *p = w->p;
    const tenon__gemm g = {.m = w->count,
                           .n = p->keys,
                           .k = p->size,
                           .a = q,
                           .a_row = p->q.row,
                           .a_col = 1,
                           .b = k,
                           .c = w->scores,
                           .c_row = p->score_step,
                           .scale = w->scale,
                           .scratch = w->r->scratch};
    p->gemm->dot(&g, p->k.col);
}

static void multiply_keys(const work *w)
{
    const params *p = w->p;
    const int64_t nr = p->gemm->nr;
    const float *q = (const float *)w->r->in[Q]->data + offset(p, &p->q, &w->at) +
                     w->first * p->q.row,
                *k = (const float *)w->r->in[K]->data + offset(p, &p->k, &w->at);
    if (p->dots) {
        dot_keys(w, q, k);
        return;
    }
    const bool few = !p->packs && w->count <= TENON__ATTENTION_FEW;
    if (few && p->k.row == 1) {
        p->row->few(q, p->q.row, w->count, k, p->k.col, p->keys, p->size, w->scale, w->scores,
                    p->score_step);
        return;
    }
    float *chunk = (float *)w->r->scratch + p->chunk_at;
    for (int64_t panel = 0; panel < p->panels; panel += CHUNK) {
        const int64_t at = panel * nr, count = least(p->panels - panel, CHUNK);
        tenon__gemm g = {.m = w->count,
                         .n = least(p->keys - at, CHUNK * nr),
                         .k = p->size,
                         .a = q,
                         .a_row = p->q.row,
                         .a_col = 1,
                         .b_panel = nr * p->size,
                         .b_row = nr,
                         .c = w->scores + at,
                         .c_row = p->score_step,
                         .scale = w->scale,
                         .scratch = w->r->scratch};
        if (p->packs) {
            g.b = (const float *)w->r->work + (w->batch * p->panels + panel) * nr * p->size;
        } else if (few && p->k.col == 1) {
            g.b = k + at;
            g.b_panel = nr;
            g.b_row = p->k.row;
        } else {
            pack_keys(p, k, panel, count, chunk);
            g.b = chunk;
        }
        p->gemm->run(&g);
    }
}

/* From products to probabilities. */
static void finish_rows(const work *w)
{
    const params *p = w->p;
    const attrs *a = w->r->attrs;
    const tenon__view *mask = optional(w->r->in_count, w->r->in, MASK);
    const int64_t at = mask ? offset(p, &p->m, &w->at) + w->first * p->m.row : 0;
    for (int64_t i = 0; i < w->count; i++) {
        float *row = w->scores + i * p->score_step;
        const int column = (int)p->m.col;
        if (mask && mask->dtype == TENON_BOOL) {
            const int step[3] = {column, a->keeps, !a->keeps};
            const void *x[3] = {(const uint8_t *)mask->data + at + i * p->m.row,
                                a->keeps ? row : &a->fill, a->keeps ? &a->fill : row};
            p->mask(row, x, step, p->keys, NULL);
        } else if (mask) {
            const int step[2] = {1, column};
            const void *x[2] = {row, (const float *)mask->data + at + i * p->m.row};
            p->mask(row, x, step, p->keys, NULL);
        }
        p->softmax->row(row, row, p->keys);
        if (!a->guard || row[0] == row[0]) continue;
        for (int64_t j = 0; j < p->keys; j++)
            row[j] = 0;
    }
}

static void multiply_values(const work *w)
{
    const params *p = w->p;
    const float *v = (const float *)w->r->in[V]->data + offset(p, &p->v, &w->at);
    float *y = (float *)w->r->out[0]->data + offset(p, &p->y, &w->at) + w->first * p->y.row;
    if (w->count <= TENON__ATTENTION_FEW && p->v_size % p->gemm->nr) {
        p->row->values(w->scores, p->score_step, w->count, v, p->v.row, p->keys, p->v_size, y,
                       p->y.row);
        return;
    }
    tenon__gemm g = {.m = w->count,
                     .n = p->v_size,
                     .k = p->keys,
                     .a = w->scores,
                     .a_row = p->score_step,
                     .a_col = 1,
                     .b = v,
                     .b_panel = p->gemm->nr,
                     .b_row = p->keys > 1 ? p->v.row : 0,
                     .c = y,
                     .c_row = p->y.row,
                     .scale = 1,
                     .scratch = w->r->scratch};
    p->gemm->run(&g);
}

static float scale_of(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const tenon__view *scale = optional(r->in_count, r->in, SCALE);
    return scale ? a->scale * *(const float *)scale->data : a->scale;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    if (p->packs && r->phase == 0) {
        pack_tile(r, p);
        return TENON_OK;
    }
    const int64_t end = least(((int64_t)r->tile + 1) * p->per_tile, p->batch * p->blocks);
    for (int64_t i = (int64_t)r->tile * p->per_tile; i < end; i++) {
        work w = {.r = r,
                  .p = p,
                  .batch = i / p->blocks,
                  .first = i % p->blocks * p->block_rows,
                  .scores = (float *)r->scratch + p->scores_at,
                  .scale = scale_of(r)};
        w.at = place_of(p, w.batch);
        w.count = least(p->rows - w.first, p->block_rows);
        if (w.count <= 0) continue;
        if (p->keys) {
            multiply_keys(&w);
            finish_rows(&w);
        }
        multiply_values(&w);
    }
    return TENON_OK;
}

#ifdef TENON_TEST_REF
#include <stdlib.h>

static double at(const tenon__view *v, int64_t i)
{
    return (double)((const float *)v->data)[i];
}

static double masked(const attrs *a, const tenon__view *mask, int64_t i, double score)
{
    if (mask->dtype != TENON_BOOL) return score + at(mask, i);
    return (((const uint8_t *)mask->data)[i] != 0) == a->keeps ? score : (double)a->fill;
}

/* One row of P, then of Y. */
static void ref_row(const tenon__run *r, const params *p, int64_t b, int64_t i, double *row)
{
    const attrs *a = r->attrs;
    const tenon__view *mask = optional(r->in_count, r->in, MASK);
    const place w = place_of(p, b);
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < p->keys; j++) {
        row[j] = 0;
        for (int64_t k = 0; k < p->size; k++)
            row[j] += at(r->in[Q], offset(p, &p->q, &w) + i * p->q.row + k) *
                      at(r->in[K], offset(p, &p->k, &w) + k * p->k.row + j * p->k.col);
        row[j] *= (double)scale_of(r);
        if (mask)
            row[j] = masked(a, mask, offset(p, &p->m, &w) + i * p->m.row + j * p->m.col, row[j]);
        if (row[j] > max) max = row[j];
    }
    for (int64_t j = 0; j < p->keys; j++)
        sum += row[j] = exp(row[j] - max);
    for (int64_t k = 0; k < p->v_size; k++) {
        double y = 0;
        for (int64_t j = 0; j < p->keys; j++) {
            double weight = row[j] / sum;
            if (a->guard && weight != weight) weight = 0;
            y += weight * at(r->in[V], offset(p, &p->v, &w) + j * p->v.row + k);
        }
        ((float *)r->out[0]->data)[offset(p, &p->y, &w) + i * p->y.row + k] = (float)y;
    }
}

static tenon_status ref(const tenon__run *r)
{
    params p = {0};
    tenon_status st = geometry(r->attrs, r->in_count, r->in, r->out[0], &p, r->err);
    double *row = malloc((size_t)(p.keys + 1) * sizeof *row);
    if (!row) return tenon__fail(r->err, TENON_ENOMEM, "no memory for the reference");
    for (int64_t i = 0; !st && i < p.batch * p.rows; i++)
        ref_row(r, &p, i / p.rows, i % p.rows, row);
    free(row);
    return st;
}
#endif

static const tenon__import imports[] = {{0}};

const tenon__op tenon__op_attend = {
    .name = "Attend",
    .doc = "Softmax of a scaled and masked product, times a third operand",
    .min_inputs = 3,
    .max_inputs = OPERANDS,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .prepare = prepare,
    .bind = bind,
    .tiles = tiles,
    TENON__REF(ref).run = run,
};
