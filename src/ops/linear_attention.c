/* SPDX-License-Identifier: Apache-2.0 */
/* LinearAttention: each key head keeps a state S [d_k, d_v]; for each row, with decay ("gated",
 * "gated_delta") S *= exp(g), then with beta ("delta", "gated_delta") v = beta * (v - S^T k), then
 * S += k v^T, and each query head of the group gives scale * S^T q. query [batch, rows, q_heads *
 * d_k], key, value alike with kv_heads, past_state [batch, kv_heads, d_k, d_v] (default 0), decay
 * [batch, rows, kv_heads * d_k or kv_heads], beta [batch, rows, kv_heads or 1]. scale 0: 1 /
 * sqrt(d_k). chunk_size is not needed. f32; f16 and bf16 widened. ONNX LinearAttention-27.
 *
 * Columns of S are independent: a tile takes some of one head, all rows. */
#include <math.h>

#include "opkit/norm.h"

enum { QUERY, KEY, VALUE, PAST, DECAY, BETA };
enum { COLUMNS = 16 };

typedef struct attrs {
    int64_t q_heads, kv_heads;
    float scale;
    bool gated, delta;
} attrs;

typedef struct params {
    int64_t batch, rows, d_k, d_v, chunks, pieces, per_tile;
    float scale;
    bool wide_decay; /* one for each element of a key */
    int64_t betas;   /* in a row */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *parsed,
                         tenon_error *err)
{
    attrs *a = parsed;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "update_rule", TENON__ATTR_STRING, err);
    if (!st) st = tenon__attr_check(node, "q_num_heads", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "kv_num_heads", TENON__ATTR_INT, err);
    if (!st) st = tenon__attr_check(node, "scale", TENON__ATTR_FLOAT, err);
    if (st) return st;
    tenon__str rule = tenon__attr_str(node, "update_rule", "gated_delta");
    a->gated = tenon__str_is(rule, "gated") || tenon__str_is(rule, "gated_delta");
    a->delta = tenon__str_is(rule, "delta") || tenon__str_is(rule, "gated_delta");
    if (!a->gated && !a->delta && !tenon__str_is(rule, "linear"))
        return tenon__fail(err, TENON_EFORMAT,
                           "update_rule is '%.*s'; 'linear', 'gated', 'delta' or 'gated_delta' is "
                           "wanted",
                           TENON__STR_ARG(rule));
    a->q_heads = tenon__attr_int(node, "q_num_heads", 0);
    a->kv_heads = tenon__attr_int(node, "kv_num_heads", 0);
    a->scale = tenon__attr_float(node, "scale", 0);
    if (a->kv_heads < 1 || a->q_heads < 1 || a->q_heads % a->kv_heads)
        return tenon__fail(err, TENON_EFORMAT,
                           "%lld query heads on %lld key heads; a multiple above 0 is wanted",
                           (long long)a->q_heads, (long long)a->kv_heads);
    return TENON_OK;
}

static const tenon__view *input(uint32_t count, const tenon__view *const *in, uint32_t i)
{
    return i < count ? in[i] : NULL;
}

/* Last dim of input i, divided by `heads`; unknown where it is. */
static tenon_status head_size(tenon__infer *c, uint32_t i, const char *name, int64_t heads,
                              int64_t *out)
{
    const tenon__view *v = c->in[i];
    *out = TENON__DIM_UNKNOWN;
    if (v->rank < 0) return TENON_OK;
    if (v->rank != 3)
        return tenon__fail(c->err, TENON_ESHAPE, "%s has rank %d; 3 is wanted", name, v->rank);
    if (v->dims[2] >= 0 && v->dims[2] % heads)
        return tenon__fail(c->err, TENON_ESHAPE, "%s has %lld columns, no multiple of %lld heads",
                           name, (long long)v->dims[2], (long long)heads);
    if (v->dims[2] >= 0) *out = v->dims[2] / heads;
    return TENON_OK;
}

/* [batch, rows, a or b] */
static tenon_status check_rows(tenon__infer *c, uint32_t i, const char *name, int64_t a, int64_t b)
{
    const tenon__view *v = c->in[i], *q = c->in[QUERY];
    char text[128];
    if (v->rank < 0 || q->rank < 0) return TENON_OK;
    bool fits = v->rank == 3 && tenon__dim_agrees(v->dims[0], q->dims[0]) &&
                tenon__dim_agrees(v->dims[1], q->dims[1]) &&
                (tenon__dim_agrees(v->dims[2], a) || tenon__dim_agrees(v->dims[2], b));
    if (fits) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE, "%s is %s; [%lld, %lld, %lld or %lld] is wanted", name,
                       tenon__view_print(v, text, sizeof text), (long long)q->dims[0],
                       (long long)q->dims[1], (long long)a, (long long)b);
}

static tenon_status check_inputs(tenon__infer *c)
{
    const attrs *a = c->attrs;
    for (uint32_t i = 0; i < c->in_count; i++) {
        tenon_status st = tenon__norm_check_dtype(c, i);
        if (st) return st;
        if (c->in[i] && c->in[i]->dtype == TENON_F64)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is float64; float32 is wanted", i);
    }
    bool decay = input(c->in_count, c->in, DECAY), beta = input(c->in_count, c->in, BETA);
    if (decay != a->gated)
        return tenon__fail(c->err, TENON_EFORMAT, "this update_rule %s decay",
                           a->gated ? "needs" : "takes no");
    if (beta != a->delta)
        return tenon__fail(c->err, TENON_EFORMAT, "this update_rule %s beta",
                           a->delta ? "needs" : "takes no");
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *q = c->in[QUERY], *past = input(c->in_count, c->in, PAST);
    int64_t d_k, d_key, d_v, any = TENON__DIM_UNKNOWN;
    tenon_status st = check_inputs(c);
    if (!st) st = head_size(c, QUERY, "query", a->q_heads, &d_k);
    if (!st) st = head_size(c, KEY, "key", a->kv_heads, &d_key);
    if (!st) st = head_size(c, VALUE, "value", a->kv_heads, &d_v);
    if (st) return st;
    if (!tenon__dim_agrees(d_k, d_key))
        return tenon__fail(c->err, TENON_ESHAPE,
                           "heads of query and key have %lld and %lld elements", (long long)d_k,
                           (long long)d_key);
    if (d_k < 0) d_k = d_key;
    int64_t keys = tenon__dim_mul(a->kv_heads, d_k);
    st = check_rows(c, KEY, "key", keys, keys);
    if (!st) st = check_rows(c, VALUE, "value", any, any);
    if (!st && a->gated) st = check_rows(c, DECAY, "decay", keys, a->kv_heads);
    if (!st && a->delta) st = check_rows(c, BETA, "beta", a->kv_heads, 1);
    if (st) return st;
    int64_t batch = q->rank == 3 ? q->dims[0] : any, rows = q->rank == 3 ? q->dims[1] : any;
    int64_t state[4] = {batch, a->kv_heads, d_k, d_v};
    for (int k = 0; past && past->rank >= 0 && k < 4; k++)
        if (past->rank != 4 || !tenon__dim_agrees(past->dims[k], state[k]))
            return tenon__fail(c->err, TENON_ESHAPE, "past_state is not [%lld, %lld, %lld, %lld]",
                               (long long)state[0], (long long)state[1], (long long)state[2],
                               (long long)state[3]);
    int64_t y[3] = {batch, rows, tenon__dim_mul(a->q_heads, d_v)};
    tenon__infer_set(c, 0, q->dtype, 3, y);
    tenon__infer_set(c, 1, past ? past->dtype : q->dtype, 4, state);
    return TENON_OK;
}

static tenon_status bind(tenon__bind *c)
{
    const attrs *a = c->attrs;
    params *p = c->params;
    const tenon__view *q = c->in[QUERY];
    p->batch = q->dims[0];
    p->rows = q->dims[1];
    p->d_k = q->dims[2] / a->q_heads;
    p->d_v = c->in[VALUE]->dims[2] / a->kv_heads;
    p->scale = a->scale != 0 ? a->scale : p->d_k ? 1 / sqrtf((float)p->d_k) : 1;
    /* Where both widths are equal (d_k 1), they mean the same. */
    p->wide_decay = a->gated && c->in[DECAY]->dims[2] != a->kv_heads;
    p->betas = a->delta ? c->in[BETA]->dims[2] : 0;
    p->chunks = (p->d_v + COLUMNS - 1) / COLUMNS;
    p->pieces = p->batch * a->kv_heads * p->chunks;
    int64_t group = a->q_heads / a->kv_heads;
    double row_ns = (double)p->d_k * (4 + 2 * (double)group) + (a->gated ? 5 * (double)p->d_k : 0);
    c->tiles = tenon__tiles(p->pieces, 20 + (double)p->rows * row_ns, &p->per_tile);
    c->scratch_bytes = (size_t)(p->d_k * COLUMNS) * sizeof(float);
    c->flops = (double)p->batch * (double)a->kv_heads * (double)p->rows * (double)p->d_k *
               (double)p->d_v * (double)(2 + 2 * group + (a->gated ? 1 : 0) + (a->delta ? 2 : 0));
    return TENON_OK;
}

/* S *= exp(decay) */
static void fade(const params *p, float *state, const float *decay)
{
    for (int64_t d = 0; d < p->d_k; d++) {
        float factor = expf(decay[p->wide_decay ? d : 0]);
        for (int j = 0; j < COLUMNS; j++)
            state[d * COLUMNS + j] *= factor;
    }
}

/* out = S^T x */
static void look_up(const params *p, const float *state, const float *x, float *out)
{
    for (int j = 0; j < COLUMNS; j++)
        out[j] = 0;
    for (int64_t d = 0; d < p->d_k; d++)
        for (int j = 0; j < COLUMNS; j++)
            out[j] += x[d] * state[d * COLUMNS + j];
}

/* Some columns of one head's state through all rows. The state lies in scratch, COLUMNS wide. */
static void piece(const tenon__run *r, const params *p, int64_t head, int64_t at, int64_t columns)
{
    const attrs *a = r->attrs;
    float *state = r->scratch;
    int64_t b = head / a->kv_heads, h = head % a->kv_heads, group = a->q_heads / a->kv_heads;
    for (int64_t t = 0; t < p->rows; t++) {
        int64_t row = b * p->rows + t;
        const float *k = (const float *)r->in[KEY]->data + (row * a->kv_heads + h) * p->d_k;
        const float *v = (const float *)r->in[VALUE]->data + (row * a->kv_heads + h) * p->d_v + at;
        float fresh[COLUMNS] = {0}, found[COLUMNS];
        for (int64_t j = 0; j < columns; j++)
            fresh[j] = v[j];
        if (a->gated)
            fade(p, state,
                 (const float *)r->in[DECAY]->data +
                     (row * a->kv_heads + h) * (p->wide_decay ? p->d_k : 1));
        if (a->delta) {
            const float *beta = (const float *)r->in[BETA]->data + row * p->betas;
            look_up(p, state, k, found);
            for (int j = 0; j < COLUMNS; j++)
                fresh[j] = beta[p->betas == 1 ? 0 : h] * (fresh[j] - found[j]);
        }
        for (int64_t d = 0; d < p->d_k; d++)
            for (int j = 0; j < COLUMNS; j++)
                state[d * COLUMNS + j] += k[d] * fresh[j];
        for (int64_t g = 0; g < group; g++) {
            int64_t q_row = row * a->q_heads + h * group + g;
            look_up(p, state, (const float *)r->in[QUERY]->data + q_row * p->d_k, found);
            float *y = (float *)r->out[0]->data + q_row * p->d_v + at;
            for (int64_t j = 0; j < columns; j++)
                y[j] = p->scale * found[j];
        }
    }
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    const tenon__view *past = input(r->in_count, r->in, PAST);
    float *state = r->scratch, *present = r->out_count > 1 ? r->out[1]->data : NULL;
    int64_t end = ((int64_t)r->tile + 1) * p->per_tile;
    for (int64_t i = (int64_t)r->tile * p->per_tile; i < end && i < p->pieces; i++) {
        int64_t head = i / p->chunks, at = i % p->chunks * COLUMNS;
        int64_t columns = p->d_v - at < COLUMNS ? p->d_v - at : COLUMNS;
        for (int64_t d = 0; d < p->d_k; d++)
            for (int64_t j = 0; j < COLUMNS; j++)
                state[d * COLUMNS + j] =
                    past && j < columns
                        ? ((const float *)past->data)[(head * p->d_k + d) * p->d_v + at + j]
                        : 0;
        piece(r, p, head, at, columns);
        for (int64_t d = 0; d < p->d_k && present; d++)
            memcpy(present + (head * p->d_k + d) * p->d_v + at, state + d * COLUMNS,
                   (size_t)columns * sizeof *present);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "LinearAttention", 27, 0, NULL}, {0}};

const tenon__op tenon__op_linear_attention = {
    .name = "LinearAttention",
    .doc = "Attention as a recurrence over a state of keys by values",
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 1,
    .max_outputs = 2,
    .flags = TENON__OP_WIDEN,
    .accuracy = TENON__SUMS,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
