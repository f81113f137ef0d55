/* SPDX-License-Identifier: Apache-2.0 */
/* Attention: Y = softmax(softcap(scale * Q K^T) + bias) V for each head, where the bias is
 * attn_mask (bool: -inf where false), -inf beyond its last column, -inf for keys that causality,
 * the windows or nonpad_kv_seqlen close. A query that sees no key gives zeros. Query heads share
 * key heads in equal groups. past_key and past_value go before K and V; present_key and
 * present_value are both, output 3 the scores at the stage that qk_matmul_output_mode names. Q, K,
 * V [batch, heads, rows, size] or [batch, rows, heads * size]; f32, f64; f16 and bf16 widened.
 * softmax_precision is met by f32 and more. ONNX Attention-25.
 *
 * f32: phase 0 (where needed) lays keys and values together and packs keys; then a tile takes some
 * queries of the heads that share a key head. A row's bits depend on the row alone. */
#include <math.h>

#include "kernels/attention/attention.h"
#include "kernels/gemm/gemm.h"
#include "kernels/softmax/softmax.h"
#include "opkit/attention.h"

/* Panels of keys that are packed at once within a tile, or by one tile of phase 0. */
enum { CHUNK = 8 };

typedef struct params {
    tenon__attention_shape s;
    const tenon__gemm_row *gemm;
    const tenon__softmax_row *softmax;
    const tenon__attention_row *row;
    bool plain;
    bool joins;        /* keys and values are laid together: in outputs 1 and 2, or in work */
    bool k_out, v_out; /* which of those */
    bool packs;        /* phase 0 packs all keys into work; else each tile its own */
    bool scores_wanted;
    bool together;                  /* one query: the heads of a group are rows of one product */
    int64_t panels;                 /* of keys */
    int64_t rows, blocks, per_tile; /* queries of a tile; plain: rows of a tile */
    int64_t score_step;             /* floats from one row of scores to the next */
    int64_t k_at, v_at, packed_at;  /* in work, in floats */
    int64_t scores_at, chunk_at;    /* in scratch, in floats */
    uint32_t join_tiles, tiles, phases;
} params;

static const tenon__view *input(uint32_t count, const tenon__view *const *in, uint32_t i)
{
    return i < count ? in[i] : NULL;
}

static tenon_status prepare(tenon__prepare *c)
{
    c->kernel = tenon__gemm_choose(c->cpu)->name;
    return TENON_OK;
}

static bool all_f32(const tenon__bind *c)
{
    for (uint32_t i = 0; i < c->in_count; i++) {
        tenon_dtype dtype = c->in[i] ? c->in[i]->dtype : TENON_F32;
        bool other =
            i == TENON__ATTENTION_VALID || (i == TENON__ATTENTION_MASK && dtype == TENON_BOOL);
        if (!other && dtype != TENON_F32) return false;
    }
    return true;
}

static bool output_wanted(const tenon__bind *c, uint32_t i)
{
    return i < c->out_count && c->node->outputs[i] != TENON__NO_VALUE;
}

/* Takes `count` floats, kept in multiples of a cache line. */
static int64_t take(int64_t *total, int64_t count)
{
    int64_t at = *total;
    *total += (count + 15) / 16 * 16;
    return at;
}

/* How many queries go into a tile: enough to repay packing, few enough for the cache and the clock.
 */
static void cut(params *p)
{
    const tenon__attention_shape *s = &p->s;
    double heads = (double)s->group, keys = (double)s->keys;
    double row_ns = heads * (0.02 * keys * (double)(s->size + s->v_size) + 0.5 * keys + 20);
    int64_t rows = row_ns > 0 ? (int64_t)(150000 / row_ns) : s->queries;
    int64_t fit = (int64_t)(131072 / (keys + 1)), mr = p->gemm->mr; /* half a megabyte of scores */
    if (rows > fit) rows = fit;
    rows = (rows + mr - 1) / mr * mr;
    if (rows < mr) rows = mr;
    p->blocks = (s->queries + rows - 1) / rows;
    p->rows = p->blocks ? (s->queries + p->blocks - 1) / p->blocks : 0;
}

static tenon_status bind_plain(tenon__bind *c, params *p)
{
    const tenon__attention_shape *s = &p->s;
    double row_ns = 3.0 * (double)s->keys * (double)(s->size + s->v_size) + 100;
    c->scratch_bytes = (size_t)(s->keys + s->v_size) * sizeof(double);
    c->tiles = tenon__tiles(s->batch * s->q_heads * s->queries, row_ns, &p->per_tile);
    p->phases = 1;
    p->tiles = c->tiles;
    if (!p->joins) return TENON_OK;
    /* Keys and values are copied by a phase of their own. */
    c->phases = p->phases = 2;
    c->tiles = p->join_tiles = 1;
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__attention_attrs *a = c->attrs;
    params *p = c->params;
    tenon__attention_shape *s = &p->s;
    tenon__attention_shape_of(a, c->in_count, c->in, s);
    p->k_out = output_wanted(c, 1);
    p->v_out = output_wanted(c, 2);
    p->scores_wanted = output_wanted(c, 3);
    p->plain = !all_f32(c);
    p->joins = s->past > 0 || p->k_out || p->v_out;
    c->flops = 2.0 * (double)s->batch * (double)s->q_heads * (double)s->queries * (double)s->keys *
               (double)(s->size + s->v_size);
    if (p->plain) return bind_plain(c, p);
    p->gemm = tenon__gemm_choose(c->cpu);
    p->softmax = tenon__softmax_find(c->cpu);
    p->row = tenon__attention_find(c->cpu);
    p->together = s->queries == 1;
    p->panels = tenon__gemm_panels(p->gemm, s->keys);
    p->score_step = (p->panels * p->gemm->nr + 15) / 16 * 16;
    cut(p);
    p->packs = p->blocks > 1;
    int64_t nr = p->gemm->nr, heads = s->batch * s->kv_heads, work = 0, scratch = 0;
    if (p->joins && !p->k_out) p->k_at = take(&work, heads * s->keys * s->size);
    if (p->joins && !p->v_out) p->v_at = take(&work, heads * s->keys * s->v_size);
    if (p->packs) p->packed_at = take(&work, heads * p->panels * nr * s->size);
    take(&scratch, (int64_t)(p->gemm->scratch_bytes / sizeof(float)) + 16);
    p->scores_at = take(&scratch, (p->together ? s->group : p->rows) * p->score_step);
    int64_t chunk = p->panels < CHUNK ? p->panels : CHUNK;
    p->chunk_at = p->packs ? 0 : take(&scratch, chunk * nr * s->size);
    int64_t chunks = (p->panels + CHUNK - 1) / CHUNK;
    if (heads > INT32_MAX / (chunks + p->blocks + 1))
        return tenon__fail(c->err, TENON_ELIMIT, "%lld heads are too many", (long long)heads);
    c->work_bytes = (size_t)work * sizeof(float);
    c->scratch_bytes = (size_t)scratch * sizeof(float);
    p->tiles = (uint32_t)(heads * p->blocks);
    p->join_tiles = (uint32_t)(heads * chunks);
    p->phases = 1 + (p->joins || p->packs);
    if (p->phases == 2 && !p->join_tiles) p->phases = 1;
    c->phases = p->phases;
    c->tiles = p->phases == 2 ? p->join_tiles : p->tiles;
    return TENON_OK;
}

static uint32_t tiles(const void *params_of, uint32_t phase)
{
    const params *p = params_of;
    return phase + 1 < p->phases ? p->join_tiles : p->tiles;
}

/* ---- keys and values ---- */

/* Rows of one head, `step` floats apart. */
typedef struct rows_of {
    float *data;
    int64_t step;
} rows_of;

/* Joined keys (or values) of one head. */
static rows_of joined(const tenon__run *r, const params *p, bool value, int64_t head)
{
    const tenon__attention_shape *s = &p->s;
    int64_t size = value ? s->v_size : s->size;
    bool out = value ? p->v_out : p->k_out;
    float *all = out ? r->out[value ? 2 : 1]->data : (float *)r->work + (value ? p->v_at : p->k_at);
    return (rows_of){all + head * s->keys * size, size};
}

/* Where the products read a head from. */
static void rows_read(const tenon__run *r, const params *p, bool value, int64_t head,
                      const float **data, int64_t *step)
{
    const tenon__attention_shape *s = &p->s;
    if (p->joins) {
        rows_of rows = joined(r, p, value, head);
        *data = rows.data;
        *step = rows.step;
        return;
    }
    const tenon__attention_steps *steps = value ? &s->v : &s->k;
    const float *all = r->in[value ? TENON__ATTENTION_V : TENON__ATTENTION_K]->data;
    *data = all + head / s->kv_heads * steps->batch + head % s->kv_heads * steps->head;
    *step = steps->row;
}

/* Copies elements `bytes` wide: rows [from, to) of past and fresh ones. */
static void join_rows(const tenon__run *r, const params *p, bool value, int64_t head, int64_t from,
                      int64_t to, uint8_t *dst, size_t bytes)
{
    const tenon__attention_shape *s = &p->s;
    const tenon__attention_steps *steps = value ? &s->v : &s->k;
    const tenon__view *past =
        input(r->in_count, r->in, value ? TENON__ATTENTION_PAST_V : TENON__ATTENTION_PAST_K);
    const tenon__view *fresh = r->in[value ? TENON__ATTENTION_V : TENON__ATTENTION_K];
    size_t row_bytes = (size_t)(value ? s->v_size : s->size) * bytes;
    int64_t base = head / s->kv_heads * steps->batch + head % s->kv_heads * steps->head;
    for (int64_t j = from; j < to && row_bytes; j++) {
        const uint8_t *src =
            j < s->past ? (const uint8_t *)past->data + (size_t)(head * s->past + j) * row_bytes
                        : (const uint8_t *)fresh->data +
                              (size_t)(base + (j - s->past) * steps->row) * bytes;
        memcpy(dst + (size_t)(head * s->keys + j) * row_bytes, src, row_bytes);
    }
}

/* Phase 0: one chunk of keys of one head. */
static void join_tile(const tenon__run *r, const params *p)
{
    const tenon__attention_shape *s = &p->s;
    int64_t chunks = (p->panels + CHUNK - 1) / CHUNK, nr = p->gemm->nr;
    int64_t head = r->tile / chunks, panel = r->tile % chunks * CHUNK;
    int64_t from = panel * nr, to = s->keys - from < CHUNK * nr ? s->keys : from + CHUNK * nr;
    if (p->joins)
        for (int value = 0; value < 2; value++) {
            rows_of all = joined(r, p, value != 0, 0);
            join_rows(r, p, value != 0, head, from, to, (uint8_t *)all.data, sizeof(float));
        }
    if (!p->packs) return;
    const float *k;
    int64_t step, left = p->panels - panel;
    rows_read(r, p, false, head, &k, &step);
    tenon__gemm_pack pack = {.dtype = TENON_F32,
                             .b = k,
                             .row = 1,
                             .col = step,
                             .k = s->size,
                             .n = s->keys,
                             .first = panel,
                             .count = left < CHUNK ? left : CHUNK,
                             .dst =
                                 (float *)r->work + p->packed_at + head * p->panels * nr * s->size};
    if (s->size) p->gemm->pack(&pack);
}

/* ---- a tile of queries ---- */

typedef struct work {
    const tenon__run *r;
    const params *p;
    int64_t batch, kv_head, valid;
    int64_t first, count; /* rows: queries of one head, or (together) heads */
    int64_t head;         /* the first row's */
    float *scores;
    int64_t from, to; /* keys that some row sees */
} work;

static int64_t query_of(const work *w, int64_t i)
{
    return w->p->together ? 0 : w->first + i;
}

static int64_t head_of(const work *w, int64_t i)
{
    return w->p->together ? w->head + i : w->head;
}

/* scores = scale * Q K^T for keys [from, to), panels packed on the way. */
static void multiply_keys(const work *w)
{
    const params *p = w->p;
    const tenon__attention_shape *s = &p->s;
    int64_t nr = p->gemm->nr, head = w->batch * s->kv_heads + w->kv_head, step;
    const float *k, *q = w->r->in[0]->data;
    float *chunk = (float *)w->r->scratch + p->chunk_at;
    rows_read(w->r, p, false, head, &k, &step);
    q += w->batch * s->q.batch + w->head * s->q.head + w->first * s->q.row;
    int64_t q_step = p->together ? s->q.head : s->q.row;
    if (!p->packs && w->count <= TENON__ATTENTION_FEW) {
        p->row->few(q, q_step, w->count, k + w->from * step, step, w->to - w->from, s->size,
                    s->scale, w->scores + w->from, p->score_step);
        return;
    }
    for (int64_t panel = w->from / nr; panel * nr < w->to; panel += CHUNK) {
        int64_t at = panel * nr, left = tenon__gemm_panels(p->gemm, w->to - at);
        int64_t keys = w->to - at < CHUNK * nr ? w->to - at : CHUNK * nr;
        tenon__gemm_pack pack = {.dtype = TENON_F32,
                                 .b = k + at * step,
                                 .row = 1,
                                 .col = step,
                                 .k = s->size,
                                 .n = s->keys - at,
                                 .count = left < CHUNK ? left : CHUNK,
                                 .dst = chunk};
        if (!p->packs && s->size) p->gemm->pack(&pack);
        tenon__gemm g = {.m = w->count,
                         .n = keys,
                         .k = s->size,
                         .a = q,
                         .a_row = q_step,
                         .a_col = 1,
                         .b = p->packs ? (const float *)w->r->work + p->packed_at +
                                             (head * p->panels + panel) * nr * s->size
                                       : chunk,
                         .b_panel = nr * s->size,
                         .b_row = nr,
                         .c = w->scores + at,
                         .c_row = p->score_step,
                         .scale = s->scale,
                         .scratch = w->r->scratch};
        p->gemm->run(&g);
    }
}

static void keep_scores(const work *w, tenon__attention_stage stage, int64_t i, const float *row)
{
    const tenon__attention_attrs *a = w->r->attrs;
    const tenon__attention_shape *s = &w->p->s;
    if (!w->p->scores_wanted || a->stage != stage || !s->keys) return;
    int64_t at = (w->batch * s->q_heads + head_of(w, i)) * s->queries + query_of(w, i);
    memcpy((float *)w->r->out[3]->data + at * s->keys, row, (size_t)s->keys * sizeof *row);
}

static void fill(float *row, int64_t from, int64_t to, float value)
{
    for (int64_t j = from; j < to; j++)
        row[j] = value;
}

/* Row i: from products to probabilities. */
static void finish_row(const work *w, int64_t i)
{
    const tenon__attention_attrs *a = w->r->attrs;
    const params *p = w->p;
    const tenon__attention_shape *s = &p->s;
    const tenon__view *mask = input(w->r->in_count, w->r->in, TENON__ATTENTION_MASK);
    float *row = w->scores + i * p->score_step;
    int64_t from, to;
    tenon__attention_range(a, s, w->valid, query_of(w, i), &from, &to);
    keep_scores(w, TENON__SCORES_RAW, i, row);
    if (a->softcap > 0) p->row->softcap(row + w->from, w->to - w->from, a->softcap);
    keep_scores(w, TENON__SCORES_CAPPED, i, row);
    bool any = from < to;
    if (mask && any) {
        int64_t at = w->batch * s->mask.batch + head_of(w, i) * s->mask.head +
                     query_of(w, i) * s->mask.row + from;
        any = mask->dtype == TENON_BOOL
                  ? p->row->mask_select(row + from, (const uint8_t *)mask->data + at, to - from)
                  : p->row->mask_add(row + from, (const float *)mask->data + at, to - from);
    }
    if (p->scores_wanted && a->stage == TENON__SCORES_BIASED) {
        fill(row, 0, from < to ? from : s->keys, -INFINITY);
        fill(row, from < to ? to : s->keys, s->keys, -INFINITY);
        keep_scores(w, TENON__SCORES_BIASED, i, row);
    }
    /* Scores that are all -inf count as closed. */
    int64_t seen = from;
    while (any && seen < to && row[seen] == -INFINITY)
        seen++;
    if (any && seen == to) any = false;
    if (any) p->softmax->row(row + from, row + from, to - from);
    fill(row, w->from, any ? from : w->to, 0);
    fill(row, any ? to : w->to, w->to, 0);
    keep_scores(w, TENON__SCORES_FINAL, i, row);
}

/* Y = scores * V */
static void multiply_values(const work *w)
{
    const params *p = w->p;
    const tenon__attention_shape *s = &p->s;
    const float *v;
    int64_t step;
    rows_read(w->r, p, true, w->batch * s->kv_heads + w->kv_head, &v, &step);
    float *y = (float *)w->r->out[0]->data + w->batch * s->y.batch + w->head * s->y.head +
               w->first * s->y.row;
    const int64_t y_step = p->together ? s->y.head : s->y.row;
    if (w->count <= TENON__ATTENTION_FEW && s->v_size % p->gemm->nr) {
        p->row->values(w->scores + w->from, p->score_step, w->count, v + w->from * step, step,
                       w->to - w->from, s->v_size, y, y_step);
        return;
    }
    tenon__gemm g = {.m = w->count,
                     .n = s->v_size,
                     .k = w->to - w->from,
                     .a = w->scores + w->from,
                     .a_row = p->score_step,
                     .a_col = 1,
                     .b = v + w->from * step,
                     .b_panel = p->gemm->nr,
                     .b_row = w->to - w->from > 1 ? step : 0,
                     .c = y,
                     .c_row = y_step,
                     .scale = 1,
                     .scratch = w->r->scratch};
    p->gemm->run(&g);
}

/* Y = 0, for rows that see nothing. */
static void clear_values(const work *w)
{
    const tenon__attention_shape *s = &w->p->s;
    float *y = (float *)w->r->out[0]->data + w->batch * s->y.batch + w->head * s->y.head +
               w->first * s->y.row;
    for (int64_t i = 0; i < w->count; i++)
        fill(y + i * (w->p->together ? s->y.head : s->y.row), 0, s->v_size, 0);
}

static void attend(work *w)
{
    const params *p = w->p;
    const tenon__attention_shape *s = &p->s;
    w->from = s->keys;
    w->to = 0;
    for (int64_t i = 0; i < w->count; i++) {
        int64_t from, to;
        tenon__attention_range(w->r->attrs, s, w->valid, query_of(w, i), &from, &to);
        if (from >= to) continue;
        if (from < w->from) w->from = from;
        if (to > w->to) w->to = to;
    }
    if (p->scores_wanted) {
        w->from = 0;
        w->to = s->keys;
    }
    if (w->from >= w->to || !s->v_size) {
        clear_values(w);
        if (w->from >= w->to) return;
    }
    w->from -= w->from % p->gemm->nr;
    multiply_keys(w);
    for (int64_t i = 0; i < w->count; i++)
        finish_row(w, i);
    if (s->v_size) multiply_values(w);
}

static void query_tile(const tenon__run *r, const params *p)
{
    const tenon__attention_shape *s = &p->s;
    const tenon__view *valid = input(r->in_count, r->in, TENON__ATTENTION_VALID);
    int64_t head = r->tile / p->blocks, block = r->tile % p->blocks;
    work w = {.r = r,
              .p = p,
              .batch = head / s->kv_heads,
              .kv_head = head % s->kv_heads,
              .valid = -1,
              .scores = (float *)r->scratch + p->scores_at};
    if (valid) w.valid = ((const int64_t *)valid->data)[w.batch];
    w.head = w.kv_head * s->group;
    if (p->together) {
        w.count = s->group;
        attend(&w);
        return;
    }
    w.first = block * p->rows;
    w.count = s->queries - w.first < p->rows ? s->queries - w.first : p->rows;
    for (int64_t i = 0; i < s->group; i++, w.head++)
        attend(&w);
}

/* ---- plain ---- */

static void plain_tile(const tenon__run *r, const params *p)
{
    const tenon__attention_shape *s = &p->s;
    int64_t rows = s->batch * s->q_heads * s->queries, end = ((int64_t)r->tile + 1) * p->per_tile;
    for (int64_t i = (int64_t)r->tile * p->per_tile; i < end && i < rows; i++) {
        int64_t head = i / s->queries;
        tenon__attention_plain(r, s, head / s->q_heads, head % s->q_heads, i % s->queries,
                               r->scratch);
    }
}

static void plain_join(const tenon__run *r, const tenon__attention_shape *s, const params *p)
{
    for (int value = 0; value < 2; value++) {
        if (!(value ? p->v_out : p->k_out)) continue;
        const tenon__view *out = r->out[1 + value];
        for (int64_t head = 0; head < s->batch * s->kv_heads; head++)
            join_rows(r, p, value != 0, head, 0, s->keys, out->data,
                      tenon_dtype_bits(out->dtype) / 8);
    }
}

static tenon_status check_valid(const tenon__run *r, const tenon__attention_shape *s)
{
    const tenon__view *valid = input(r->in_count, r->in, TENON__ATTENTION_VALID);
    for (int64_t b = 0; valid && b < s->batch; b++) {
        int64_t count = ((const int64_t *)valid->data)[b];
        if (count < 0 || count > s->keys)
            return tenon__fail(r->err, TENON_EINVAL,
                               "nonpad_kv_seqlen[%lld] is %lld; 0 to %lld is wanted", (long long)b,
                               (long long)count, (long long)s->keys);
    }
    return TENON_OK;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    tenon_status st = check_valid(r, &p->s);
    if (st) return st;
    bool joining = r->phase + 1 < p->phases;
    if (p->plain && joining)
        plain_join(r, &p->s, p);
    else if (p->plain)
        plain_tile(r, p);
    else if (joining)
        join_tile(r, p);
    else
        query_tile(r, p);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
#include <stdlib.h>

static tenon_status ref(const tenon__run *r)
{
    params p = {.joins = true, .k_out = r->out_count > 1, .v_out = r->out_count > 2};
    tenon__attention_shape_of(r->attrs, r->in_count, r->in, &p.s);
    double *room = malloc((size_t)(p.s.keys + p.s.v_size + 1) * sizeof *room);
    tenon_status st = check_valid(r, &p.s);
    if (!room) st = tenon__fail(r->err, TENON_ENOMEM, "no memory for the reference");
    if (!st) plain_join(r, &p.s, &p);
    for (int64_t i = 0; !st && i < p.s.batch * p.s.q_heads * p.s.queries; i++) {
        int64_t head = i / p.s.queries;
        tenon__attention_plain(r, &p.s, head / p.s.q_heads, head % p.s.q_heads, i % p.s.queries,
                               room);
    }
    free(room);
    return st;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "Attention", 23, 0, NULL}, {0}};

const tenon__op tenon__op_attention = {
    .name = "Attention",
    .doc = "Scaled dot-product attention, with masks and a cache",
    .min_inputs = 3,
    .max_inputs = 7,
    .min_outputs = 1,
    .max_outputs = 4,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(tenon__attention_attrs),
    .params_bytes = sizeof(params),
    .read = tenon__attention_read,
    .infer = tenon__attention_infer,
    .prepare = prepare,
    .bind = bind,
    .tiles = tiles,
    TENON__REF(ref).run = run,
};
