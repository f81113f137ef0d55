/* SPDX-License-Identifier: Apache-2.0 */
/* See attention.h. */
#include "opkit/attention.h"

#include <math.h>

#include "opkit/norm.h"
#include "tensor/convert.h"

/* ---- attributes ---- */

static tenon_status check_types(const tenon__node *node, tenon_error *err)
{
    static const char *const ints[] = {
        "is_causal",         "q_num_heads",      "kv_num_heads",     "qk_matmul_output_mode",
        "softmax_precision", "left_window_size", "right_window_size"};
    tenon_status st = tenon__attr_check(node, "scale", TENON__ATTR_FLOAT, err);
    if (!st) st = tenon__attr_check(node, "softcap", TENON__ATTR_FLOAT, err);
    for (size_t i = 0; i < sizeof ints / sizeof *ints && !st; i++)
        st = tenon__attr_check(node, ints[i], TENON__ATTR_INT, err);
    return st;
}

tenon_status tenon__attention_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                   tenon_error *err)
{
    tenon__attention_attrs *a = attrs;
    (void)graph;
    tenon_status st = check_types(node, err);
    if (st) return st;
    a->causal = tenon__attr_int(node, "is_causal", 0) != 0;
    a->has_scale = tenon__attr_find(node, "scale") != NULL;
    a->scale = tenon__attr_float(node, "scale", 1.0f);
    a->softcap = tenon__attr_float(node, "softcap", 0.0f);
    a->q_heads = tenon__attr_int(node, "q_num_heads", 0);
    a->kv_heads = tenon__attr_int(node, "kv_num_heads", 0);
    a->left = tenon__attr_int(node, "left_window_size", -1);
    a->right = tenon__attr_int(node, "right_window_size", -1);
    int64_t stage = tenon__attr_int(node, "qk_matmul_output_mode", 0);
    int64_t precision = tenon__attr_int(node, "softmax_precision", 1);
    if (a->q_heads < 0 || a->kv_heads < 0)
        return tenon__fail(err, TENON_EFORMAT, "a number of heads is below 0");
    if (stage < 0 || stage > 3)
        return tenon__fail(err, TENON_EFORMAT, "qk_matmul_output_mode is %lld; 0 to 3 is wanted",
                           (long long)stage);
    if (precision != 1 && precision != 10 && precision != 11 && precision != 16)
        return tenon__fail(err, TENON_EFORMAT,
                           "softmax_precision %lld is no float type; 1, 10, 11 or 16 are",
                           (long long)precision);
    if (a->left < -1 || a->right < -1)
        return tenon__fail(err, TENON_EFORMAT, "a window is below -1");
    if (!(a->softcap >= 0))
        return tenon__fail(err, TENON_EFORMAT, "softcap is %g, below 0", (double)a->softcap);
    a->stage = (tenon__attention_stage)stage;
    return TENON_OK;
}

/* ---- shapes ---- */

/* [batch, heads, rows, size] of a 4-D or 3-D tensor, unknown where it is. */
static tenon_status unfold(tenon__infer *c, uint32_t i, const char *name, int64_t heads,
                           int64_t out[4])
{
    const tenon__view *v = c->in[i];
    for (int k = 0; k < 4; k++)
        out[k] = TENON__DIM_UNKNOWN;
    if (v->rank < 0) return TENON_OK;
    if (v->rank == 4) {
        memcpy(out, v->dims, 4 * sizeof *out);
        return TENON_OK;
    }
    if (v->rank != 3)
        return tenon__fail(c->err, TENON_ESHAPE, "%s has rank %d; 3 or 4 is wanted", name, v->rank);
    if (!heads)
        return tenon__fail(c->err, TENON_EFORMAT,
                           "%s has rank 3: q_num_heads and kv_num_heads are needed", name);
    out[0] = v->dims[0];
    out[1] = heads;
    out[2] = v->dims[1];
    if (v->dims[2] < 0) return TENON_OK;
    if (v->dims[2] % heads)
        return tenon__fail(c->err, TENON_ESHAPE, "%s has %lld columns, no multiple of %lld heads",
                           name, (long long)v->dims[2], (long long)heads);
    out[3] = v->dims[2] / heads;
    return TENON_OK;
}

/* The known one of two dims that must agree. */
static tenon_status agree(tenon__infer *c, const char *what, int64_t a, int64_t b, int64_t *out)
{
    *out = a < 0 ? b : a;
    if (tenon__dim_agrees(a, b)) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE, "%s: %lld and %lld do not agree", what, (long long)a,
                       (long long)b);
}

static tenon_status check_dtypes(tenon__infer *c)
{
    for (uint32_t i = 0; i < c->in_count; i++) {
        const tenon__view *v = c->in[i];
        bool mask = i == TENON__ATTENTION_MASK, count = i == TENON__ATTENTION_VALID;
        if (!v || v->dtype == TENON_NONE || (mask && v->dtype == TENON_BOOL)) continue;
        if (count ? v->dtype != TENON_I64 : !tenon__norm_dtype_ok(v->dtype))
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; %s is wanted", i,
                               tenon_dtype_text(v->dtype),
                               count  ? "int64"
                               : mask ? "bool or a float"
                                      : "a float");
    }
    return TENON_OK;
}

static const tenon__view *input(const tenon__infer *c, uint32_t i)
{
    return i < c->in_count ? c->in[i] : NULL;
}

static tenon_status check_mask(tenon__infer *c, const int64_t want[4])
{
    const tenon__view *m = input(c, TENON__ATTENTION_MASK);
    char text[128];
    if (!m || m->rank < 0) return TENON_OK;
    bool fits = m->rank >= 1 && m->rank <= 4;
    for (int k = 1; fits && k < m->rank; k++) {
        int64_t have = m->dims[m->rank - 1 - k];
        fits = have == 1 || tenon__dim_agrees(have, want[3 - k]);
    }
    if (fits) fits = m->dims[m->rank - 1] < 0 || want[3] < 0 || m->dims[m->rank - 1] <= want[3];
    if (fits) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE,
                       "attn_mask is %s; [%lld, %lld, %lld, %lld] or what broadcasts to it is "
                       "wanted",
                       tenon__view_print(m, text, sizeof text), (long long)want[0],
                       (long long)want[1], (long long)want[2], (long long)want[3]);
}

/* Past keys or values against [batch, heads, *, size]; *past is their number. */
static tenon_status check_past(tenon__infer *c, uint32_t i, const char *name, const int64_t dims[4],
                               int64_t *past)
{
    const tenon__view *v = input(c, i);
    int64_t ignored;
    if (!v || v->rank < 0) {
        *past = v ? TENON__DIM_UNKNOWN : 0;
        return TENON_OK;
    }
    if (v->rank != 4)
        return tenon__fail(c->err, TENON_ESHAPE, "%s has rank %d; 4 is wanted", name, v->rank);
    *past = v->dims[2];
    tenon_status st = agree(c, name, v->dims[0], dims[0], &ignored);
    if (!st) st = agree(c, name, v->dims[1], dims[1], &ignored);
    if (!st) st = agree(c, name, v->dims[3], dims[3], &ignored);
    return st;
}

tenon_status tenon__attention_infer(tenon__infer *c)
{
    const tenon__attention_attrs *a = c->attrs;
    const tenon__view *qv = c->in[0];
    int64_t q[4], k[4], v[4], past_k = 0, past_v = 0, past = 0, batch = 0, kv_heads = 0, keys = 0;
    tenon_status st = check_dtypes(c);
    if (!st) st = unfold(c, 0, "Q", a->q_heads, q);
    if (!st) st = unfold(c, 1, "K", a->kv_heads, k);
    if (!st) st = unfold(c, 2, "V", a->kv_heads, v);
    if (!st) st = agree(c, "batch of Q and K", q[0], k[0], &batch);
    if (!st) st = agree(c, "batch of Q and V", batch, v[0], &batch);
    if (!st) st = agree(c, "heads of K and V", k[1], v[1], &kv_heads);
    if (!st) st = agree(c, "rows of K and V", k[2], v[2], &keys);
    if (!st) st = agree(c, "head size of Q and K", q[3], k[3], &q[3]);
    if (st) return st;
    if (q[1] >= 0 && kv_heads >= 0 && (kv_heads == 0 ? q[1] != 0 : q[1] % kv_heads != 0))
        return tenon__fail(c->err, TENON_ESHAPE, "%lld query heads are no multiple of %lld",
                           (long long)q[1], (long long)kv_heads);
    if (!input(c, TENON__ATTENTION_PAST_K) != !input(c, TENON__ATTENTION_PAST_V))
        return tenon__fail(c->err, TENON_EFORMAT, "past_key and past_value go together");
    if (input(c, TENON__ATTENTION_PAST_K) && input(c, TENON__ATTENTION_VALID))
        return tenon__fail(c->err, TENON_EFORMAT,
                           "nonpad_kv_seqlen cannot be given together with past_key");
    int64_t k_dims[4] = {batch, kv_heads, 0, q[3]}, v_dims[4] = {batch, kv_heads, 0, v[3]};
    st = check_past(c, TENON__ATTENTION_PAST_K, "past_key", k_dims, &past_k);
    if (!st) st = check_past(c, TENON__ATTENTION_PAST_V, "past_value", v_dims, &past_v);
    if (!st) st = agree(c, "rows of past_key and past_value", past_k, past_v, &past);
    if (st) return st;
    k_dims[2] = v_dims[2] = past == 0 ? keys : tenon__dim_add(past, keys);
    int64_t scores[4] = {batch, q[1], q[2], k_dims[2]};
    if ((st = check_mask(c, scores))) return st;
    const tenon__view *valid = input(c, TENON__ATTENTION_VALID);
    if (valid && valid->rank >= 0 &&
        (valid->rank != 1 || !tenon__dim_agrees(valid->dims[0], batch)))
        return tenon__fail(c->err, TENON_ESHAPE, "nonpad_kv_seqlen is no vector of %lld numbers",
                           (long long)batch);
    int64_t y[4] = {batch, q[1], q[2], v[3]};
    if (qv->rank == 3) {
        y[1] = q[2];
        y[2] = tenon__dim_mul(q[1], v[3]);
    }
    if (qv->rank >= 0)
        tenon__infer_set(c, 0, qv->dtype, qv->rank, y);
    else
        c->out[0]->dtype = qv->dtype;
    tenon__infer_set(c, 1, c->in[1]->dtype, 4, k_dims);
    tenon__infer_set(c, 2, c->in[2]->dtype, 4, v_dims);
    tenon__infer_set(c, 3, qv->dtype, 4, scores);
    return TENON_OK;
}

/* Steps of [batch, heads, rows, size] as it lies. */
static tenon__attention_steps steps_of(int rank, int64_t heads, int64_t rows, int64_t size)
{
    tenon__attention_steps four = {heads * rows * size, rows * size, size};
    tenon__attention_steps three = {heads * rows * size, size, heads * size};
    return rank == 4 ? four : three;
}

void tenon__attention_shape_of(const tenon__attention_attrs *a, uint32_t in_count,
                               const tenon__view *const *in, tenon__attention_shape *s)
{
    const tenon__view *q = in[TENON__ATTENTION_Q], *k = in[TENON__ATTENTION_K];
    const tenon__view *v = in[TENON__ATTENTION_V];
    const tenon__view *mask = in_count > TENON__ATTENTION_MASK ? in[TENON__ATTENTION_MASK] : NULL;
    const tenon__view *past =
        in_count > TENON__ATTENTION_PAST_K ? in[TENON__ATTENTION_PAST_K] : NULL;
    s->batch = q->dims[0];
    s->q_heads = q->rank == 4 ? q->dims[1] : a->q_heads;
    s->kv_heads = k->rank == 4 ? k->dims[1] : a->kv_heads;
    s->group = s->kv_heads ? s->q_heads / s->kv_heads : 0;
    s->queries = q->dims[q->rank == 4 ? 2 : 1];
    s->fresh = k->dims[k->rank == 4 ? 2 : 1];
    s->past = past ? past->dims[2] : 0;
    s->keys = s->past + s->fresh;
    s->size = q->rank == 4 ? q->dims[3] : q->dims[2] / s->q_heads;
    s->v_size = v->rank == 4 ? v->dims[3] : v->dims[2] / s->kv_heads;
    s->q = steps_of(q->rank, s->q_heads, s->queries, s->size);
    s->k = steps_of(k->rank, s->kv_heads, s->fresh, s->size);
    s->v = steps_of(v->rank, s->kv_heads, s->fresh, s->v_size);
    s->y = steps_of(q->rank, s->q_heads, s->queries, s->v_size);
    s->scale = a->has_scale ? a->scale : s->size ? 1 / sqrtf((float)s->size) : 1;
    s->mask_keys = mask ? mask->dims[mask->rank - 1] : s->keys;
    s->mask = (tenon__attention_steps){0, 0, 0};
    if (!mask) return;
    int64_t step = s->mask_keys, *const steps[3] = {&s->mask.row, &s->mask.head, &s->mask.batch};
    for (int i = 0; i < mask->rank - 1; i++) {
        int64_t dim = mask->dims[mask->rank - 2 - i];
        *steps[i] = dim == 1 ? 0 : step;
        step *= dim;
    }
}

void tenon__attention_range(const tenon__attention_attrs *a, const tenon__attention_shape *s,
                            int64_t valid, int64_t i, int64_t *from, int64_t *to)
{
    int64_t place = i + (valid >= 0 ? valid - s->queries : s->past);
    *from = 0;
    *to = valid >= 0 && valid < s->keys ? valid : s->keys;
    if (*to > s->mask_keys) *to = s->mask_keys;
    if (a->causal && *to > place + 1) *to = place + 1;
    if (a->right >= 0 && a->right<s->keys && * to> place + a->right + 1) *to = place + a->right + 1;
    if (a->left >= 0 && place > a->left) *from = place - a->left;
    if (*to < 0) *to = 0;
}

/* ---- plain ---- */

static void put_scores(const tenon__run *r, tenon__attention_stage stage, int64_t at,
                       const double *row, int64_t n)
{
    const tenon__attention_attrs *a = r->attrs;
    if (a->stage != stage || r->out_count < 4) return;
    for (int64_t j = 0; j < n; j++)
        tenon__norm_put(r->out[3], at + j, row[j]);
}

/* Element of key (or value) row j: of the past where it is, then of the fresh ones. */
static double row_get(const tenon__run *r, const tenon__attention_shape *s, bool value, int64_t b,
                      int64_t head, int64_t j, int64_t k)
{
    int64_t size = value ? s->v_size : s->size;
    const tenon__attention_steps *steps = value ? &s->v : &s->k;
    if (j < s->past)
        return tenon__norm_get(r->in[value ? TENON__ATTENTION_PAST_V : TENON__ATTENTION_PAST_K],
                               ((b * s->kv_heads + head) * s->past + j) * size + k);
    return tenon__norm_get(r->in[value ? TENON__ATTENTION_V : TENON__ATTENTION_K],
                           b * steps->batch + head * steps->head + (j - s->past) * steps->row + k);
}

/* Adds the bias in `row`; false where no key is open. */
static bool bias_row(const tenon__run *r, const tenon__attention_shape *s, int64_t b, int64_t head,
                     int64_t i, double *row)
{
    const tenon__view *mask =
        r->in_count > TENON__ATTENTION_MASK ? r->in[TENON__ATTENTION_MASK] : NULL;
    const tenon__view *valid =
        r->in_count > TENON__ATTENTION_VALID ? r->in[TENON__ATTENTION_VALID] : NULL;
    int64_t from, to, at = b * s->mask.batch + head * s->mask.head + i * s->mask.row;
    tenon__attention_range(
        r->attrs, s, valid ? tenon__get_i64(TENON_I64, valid->data, (size_t)b) : -1, i, &from, &to);
    bool any = false;
    for (int64_t j = 0; j < s->keys; j++) {
        double bias = j < from || j >= to ? -INFINITY : 0;
        if (mask && bias == 0)
            bias = mask->dtype != TENON_BOOL               ? tenon__norm_get(mask, at + j)
                   : ((const uint8_t *)mask->data)[at + j] ? 0
                                                           : -INFINITY;
        row[j] = bias == -INFINITY ? bias : row[j] + bias;
        any |= bias != -INFINITY;
    }
    return any;
}

static void softmax_row(double *row, int64_t n, bool any)
{
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < n; j++)
        if (!(row[j] <= max) && max == max) max = row[j];
    any = any && max != -INFINITY;
    for (int64_t j = 0; j < n; j++)
        sum += row[j] = any ? exp(row[j] - max) : 0;
    for (int64_t j = 0; j < n && any; j++)
        row[j] /= sum;
}

void tenon__attention_plain(const tenon__run *r, const tenon__attention_shape *s, int64_t b,
                            int64_t head, int64_t i, double *room)
{
    const tenon__attention_attrs *a = r->attrs;
    int64_t kv = head / s->group, scores = ((b * s->q_heads + head) * s->queries + i) * s->keys;
    int64_t q = b * s->q.batch + head * s->q.head + i * s->q.row;
    int64_t y = b * s->y.batch + head * s->y.head + i * s->y.row;
    double *row = room, *sum = room + s->keys;
    for (int64_t j = 0; j < s->keys; j++) {
        row[j] = 0;
        for (int64_t k = 0; k < s->size; k++)
            row[j] += tenon__norm_get(r->in[0], q + k) * row_get(r, s, false, b, kv, j, k);
        row[j] *= s->scale;
    }
    put_scores(r, TENON__SCORES_RAW, scores, row, s->keys);
    for (int64_t j = 0; j < s->keys && a->softcap > 0; j++)
        row[j] = a->softcap * tanh(row[j] / a->softcap);
    put_scores(r, TENON__SCORES_CAPPED, scores, row, s->keys);
    bool any = bias_row(r, s, b, head, i, row);
    put_scores(r, TENON__SCORES_BIASED, scores, row, s->keys);
    softmax_row(row, s->keys, any);
    put_scores(r, TENON__SCORES_FINAL, scores, row, s->keys);
    for (int64_t k = 0; k < s->v_size; k++)
        sum[k] = 0;
    for (int64_t j = 0; j < s->keys; j++)
        for (int64_t k = 0; k < s->v_size && row[j] != 0; k++)
            sum[k] += row[j] * row_get(r, s, true, b, kv, j, k);
    for (int64_t k = 0; k < s->v_size; k++)
        tenon__norm_put(r->out[0], y + k, sum[k]);
}
