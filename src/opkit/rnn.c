/* SPDX-License-Identifier: Apache-2.0 */
/* See rnn.h. Here: attributes, shapes, and the plain walk; rnn_steps.c has the tiles. */
#include "opkit/rnn.h"

#include <stdio.h>

#include "opkit/norm.h"
#include "tensor/convert.h"

/* ---- attributes ---- */

typedef struct function_info {
    const char *name;
    tenon__rnn_function function;
    bool takes_alpha, takes_beta;
    float alpha, beta; /* defaults */
} function_info;

static const function_info functions[] = {
    {"sigmoid", TENON__RNN_SIGMOID, false, false, 0, 0},
    {"tanh", TENON__RNN_TANH, false, false, 0, 0},
    {"relu", TENON__RNN_RELU, false, false, 0, 0},
    {"affine", TENON__RNN_AFFINE, true, true, 1, 0},
    {"leakyrelu", TENON__RNN_LEAKY_RELU, true, false, 0.01f, 0},
    {"thresholdedrelu", TENON__RNN_THRESHOLDED_RELU, true, false, 1, 0},
    {"scaledtanh", TENON__RNN_SCALED_TANH, true, true, 1, 1},
    {"hardsigmoid", TENON__RNN_HARD_SIGMOID, true, true, 0.2f, 0.5f},
    {"elu", TENON__RNN_ELU, true, false, 1, 0},
    {"softsign", TENON__RNN_SOFTSIGN, false, false, 0, 0},
    {"softplus", TENON__RNN_SOFTPLUS, false, false, 0, 0},
};

static bool same_word(tenon__str a, const char *lower)
{
    size_t i = 0;
    for (; i < a.size && lower[i]; i++) {
        char ch = a.data[i] >= 'A' && a.data[i] <= 'Z' ? (char)(a.data[i] + 32) : a.data[i];
        if (ch != lower[i]) return false;
    }
    return i == a.size && !lower[i];
}

/* Values of alpha and beta go, in order, to those functions that take one. */
typedef struct value_list {
    const float *values;
    size_t count, next;
} value_list;

static float take_value(value_list *list, bool takes, float fallback)
{
    return takes && list->next < list->count ? list->values[list->next++] : fallback;
}

static tenon_status read_functions(const tenon__node *node, tenon__rnn_attrs *a, int per_direction,
                                   tenon_error *err)
{
    static const char *const fallback[] = {"sigmoid", "tanh", "tanh"};
    value_list alpha = {0}, beta = {0};
    size_t count;
    const tenon__str *names = tenon__attr_strings(node, "activations", &count);
    alpha.values = tenon__attr_floats(node, "activation_alpha", &alpha.count);
    beta.values = tenon__attr_floats(node, "activation_beta", &beta.count);
    if (count && count != (size_t)(per_direction * a->directions))
        return tenon__fail(err, TENON_EFORMAT, "activations has %zu names; %d are wanted", count,
                           per_direction * a->directions);
    for (int d = 0; d < a->directions; d++)
        for (int k = 0; k < per_direction; k++) {
            int of_default = a->kind == TENON__RNN_SIMPLE ? 1 : k;
            tenon__str name =
                count ? names[d * per_direction + k] : tenon__str_of(fallback[of_default]);
            tenon__rnn_act *act = k == 0 ? &a->cell[d].f : k == 1 ? &a->cell[d].g : &a->cell[d].h;
            const function_info *info = NULL;
            for (size_t i = 0; i < sizeof functions / sizeof *functions && !info; i++)
                if (same_word(name, functions[i].name)) info = &functions[i];
            if (!info)
                return tenon__fail(err, TENON_EUNSUPPORTED,
                                   "the activation '%.*s' is not known; Sigmoid, Tanh, Relu, "
                                   "Affine, LeakyRelu, ThresholdedRelu, ScaledTanh, HardSigmoid, "
                                   "Elu, Softsign and Softplus are",
                                   TENON__STR_ARG(name));
            act->function = info->function;
            act->alpha = take_value(&alpha, info->takes_alpha, info->alpha);
            act->beta = take_value(&beta, info->takes_beta, info->beta);
        }
    return TENON_OK;
}

static tenon_status check_types(const tenon__node *node, tenon_error *err)
{
    static const struct {
        const char *name;
        tenon__attr_type type;
    } known[] = {{"direction", TENON__ATTR_STRING},
                 {"hidden_size", TENON__ATTR_INT},
                 {"layout", TENON__ATTR_INT},
                 {"clip", TENON__ATTR_FLOAT},
                 {"activations", TENON__ATTR_STRINGS},
                 {"activation_alpha", TENON__ATTR_FLOATS},
                 {"activation_beta", TENON__ATTR_FLOATS},
                 {"input_forget", TENON__ATTR_INT},
                 {"linear_before_reset", TENON__ATTR_INT}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        tenon_status st = tenon__attr_check(node, known[i].name, known[i].type, err);
        if (st) return st;
    }
    return TENON_OK;
}

tenon_status tenon__rnn_read(const tenon__node *node, tenon__rnn_attrs *a, tenon__rnn_kind kind,
                             tenon_error *err)
{
    tenon_status st = check_types(node, err);
    if (st) return st;
    tenon__str direction = tenon__attr_str(node, "direction", "forward");
    a->kind = kind;
    a->gates = kind == TENON__RNN_LSTM ? 4 : kind == TENON__RNN_GRU ? 3 : 1;
    a->directions = tenon__str_is(direction, "bidirectional") ? 2 : 1;
    a->reverse = tenon__str_is(direction, "reverse");
    if (a->directions == 1 && !a->reverse && !tenon__str_is(direction, "forward"))
        return tenon__fail(err, TENON_EFORMAT,
                           "direction is '%.*s'; 'forward', 'reverse' or 'bidirectional' is wanted",
                           TENON__STR_ARG(direction));
    a->batch_first = tenon__attr_int(node, "layout", 0) != 0;
    a->linear_before_reset = tenon__attr_int(node, "linear_before_reset", 0) != 0;
    a->hidden = tenon__attr_int(node, "hidden_size", 0);
    if (a->hidden < 0 || (tenon__attr_find(node, "hidden_size") && a->hidden == 0))
        return tenon__fail(err, TENON_EFORMAT, "hidden_size is %lld; at least 1 is wanted",
                           (long long)a->hidden);
    float clip = tenon__attr_float(node, "clip", INFINITY);
    if (!(clip >= 0)) return tenon__fail(err, TENON_EFORMAT, "clip is %g, below 0", (double)clip);
    for (int d = 0; d < a->directions; d++) {
        a->cell[d].clip = clip;
        a->cell[d].couple = tenon__attr_int(node, "input_forget", 0) != 0;
    }
    return read_functions(node, a,
                          kind == TENON__RNN_LSTM  ? 3
                          : kind == TENON__RNN_GRU ? 2
                                                   : 1,
                          err);
}

/* ---- shapes ---- */

static tenon_status check_shape(tenon__infer *c, uint32_t i, const char *name, int rank,
                                const int64_t *dims)
{
    const tenon__view *v = i < c->in_count ? c->in[i] : NULL;
    char have[128], want[128];
    if (!v || v->rank < 0) return TENON_OK;
    bool fits = v->rank == rank;
    for (int k = 0; fits && k < rank; k++)
        fits = tenon__dim_agrees(v->dims[k], dims[k]);
    if (fits) return TENON_OK;
    tenon__view wanted = {0};
    tenon__view_set(&wanted, v->dtype, rank, dims);
    return tenon__fail(c->err, TENON_ESHAPE, "%s is %s; %s is wanted", name,
                       tenon__view_print(v, have, sizeof have),
                       tenon__view_print(&wanted, want, sizeof want));
}

static bool is_byte_input(uint32_t i)
{
    return i == TENON__RNN_W || i == TENON__RNN_R || i == TENON__RNN_W_ZERO ||
           i == TENON__RNN_R_ZERO;
}

static tenon_status check_dtypes(tenon__infer *c)
{
    const tenon__rnn_attrs *a = c->attrs;
    const tenon__view *x = c->in[TENON__RNN_X];
    tenon_status st = tenon__norm_check_dtype(c, TENON__RNN_X);
    if (!st && a->bytes && x->dtype != TENON_NONE && x->dtype != TENON_F32)
        st = tenon__fail(c->err, TENON_ETYPE, "X is %s; float32 is wanted",
                         tenon_dtype_text(x->dtype));
    for (uint32_t i = 1; i < c->in_count && !st; i++) {
        const tenon__view *v = c->in[i];
        if (!v || v->dtype == TENON_NONE || x->dtype == TENON_NONE) continue;
        tenon_dtype want = i == TENON__RNN_LENS ? TENON_I32 : x->dtype;
        if (a->bytes && is_byte_input(i)) {
            if (v->dtype != TENON_I8 && v->dtype != TENON_U8)
                st = tenon__fail(c->err, TENON_ETYPE, "input %u is %s; int8 or uint8 is wanted", i,
                                 tenon_dtype_text(v->dtype));
        } else if (v->dtype != want)
            st = tenon__fail(c->err, TENON_ETYPE, "input %u is %s; %s is wanted", i,
                             tenon_dtype_text(v->dtype), tenon_dtype_text(want));
    }
    return st;
}

/* Scales and zeros: one for each direction, or for each column. */
static tenon_status check_quantization(tenon__infer *c, int64_t dirs, int64_t rows)
{
    static const char *const names[] = {"W_scale", "W_zero_point", "R_scale", "R_zero_point"};
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t input = TENON__RNN_W_SCALE + i;
        const tenon__view *v = input < c->in_count ? c->in[input] : NULL;
        if (!v && i % 2) continue;
        if (!v) return tenon__fail(c->err, TENON_EFORMAT, "%s is missing", names[i]);
        tenon_status st =
            check_shape(c, input, names[i], v->rank == 2 ? 2 : 1, (int64_t[]){dirs, rows});
        if (st) return st;
    }
    return TENON_OK;
}

tenon_status tenon__rnn_infer(tenon__infer *c)
{
    const tenon__rnn_attrs *a = c->attrs;
    const tenon__view *x = c->in[TENON__RNN_X], *w = c->in[TENON__RNN_W],
                      *rec = c->in[TENON__RNN_R];
    int64_t time = TENON__DIM_UNKNOWN, batch = time, inputs = time, hidden = time;
    tenon_status st = check_dtypes(c);
    if (st) return st;
    if (a->hidden)
        hidden = a->hidden;
    else if (rec->rank == 3)
        hidden = rec->dims[a->bytes ? 1 : 2];
    if (x->rank == 3) {
        time = x->dims[a->batch_first];
        batch = x->dims[!a->batch_first];
        inputs = x->dims[2];
    } else if (x->rank >= 0) {
        return tenon__fail(c->err, TENON_ESHAPE, "X has rank %d; 3 is wanted", x->rank);
    }
    if (inputs < 0 && w->rank == 3) inputs = w->dims[a->bytes ? 1 : 2];
    int64_t dirs = a->directions, rows = tenon__dim_mul(a->gates, hidden);
    int64_t state[3] = {dirs, batch, hidden};
    if (a->batch_first) {
        state[0] = batch;
        state[1] = dirs;
    }
    int64_t w_dims[3] = {dirs, rows, inputs}, r_dims[3] = {dirs, rows, hidden};
    if (a->bytes) {
        w_dims[1] = inputs;
        r_dims[1] = hidden;
        w_dims[2] = r_dims[2] = rows;
    }
    if (!st) st = check_shape(c, TENON__RNN_W, "W", 3, w_dims);
    if (!st) st = check_shape(c, TENON__RNN_R, "R", 3, r_dims);
    if (!st && a->bytes) st = check_quantization(c, dirs, rows);
    if (!st) st = check_shape(c, TENON__RNN_B, "B", 2, (int64_t[]){dirs, tenon__dim_mul(2, rows)});
    if (!st) st = check_shape(c, TENON__RNN_LENS, "sequence_lens", 1, &batch);
    if (!st) st = check_shape(c, TENON__RNN_H, "initial_h", 3, state);
    if (!st) st = check_shape(c, TENON__RNN_C, "initial_c", 3, state);
    if (!st)
        st = check_shape(c, TENON__RNN_P, "P", 2, (int64_t[]){dirs, tenon__dim_mul(3, hidden)});
    if (st) return st;
    int64_t y[4] = {time, dirs, batch, hidden};
    if (a->batch_first) {
        y[0] = batch;
        y[1] = time;
        y[2] = dirs;
    }
    tenon__infer_set(c, 0, x->dtype, 4, y);
    tenon__infer_set(c, 1, x->dtype, 3, state);
    tenon__infer_set(c, 2, x->dtype, 3, state);
    return TENON_OK;
}

/* ---- places ---- */

tenon__rnn_place tenon__rnn_place_of(const tenon__rnn_attrs *a, const tenon__view *x,
                                     const tenon__view *recurrent)
{
    tenon__rnn_place p = {x->dims[a->batch_first], x->dims[!a->batch_first],
                          a->hidden ? a->hidden : recurrent->dims[a->bytes ? 1 : 2], a->directions,
                          a->batch_first};
    return p;
}

int64_t tenon__rnn_y_at(const tenon__rnn_place *p, int64_t t, int direction, int64_t b)
{
    int64_t row = p->batch_first ? (b * p->time + t) * p->directions + direction
                                 : (t * p->directions + direction) * p->batch + b;
    return row * p->hidden;
}

int64_t tenon__rnn_state_at(const tenon__rnn_place *p, int direction, int64_t b)
{
    return (p->batch_first ? b * p->directions + direction : direction * p->batch + b) * p->hidden;
}

const void *tenon__rnn_in(const tenon__run *r, uint32_t i)
{
    return i < r->in_count && r->in[i] ? r->in[i]->data : NULL;
}

void *tenon__rnn_out(const tenon__run *r, uint32_t i)
{
    return i < r->out_count && r->node->outputs[i] != TENON__NO_VALUE ? r->out[i]->data : NULL;
}

int64_t tenon__rnn_length(const tenon__run *r, int64_t b, int64_t time)
{
    const int32_t *lengths = tenon__rnn_in(r, TENON__RNN_LENS);
    return lengths ? lengths[b] : time;
}

tenon_status tenon__rnn_check_lengths(const tenon__run *r, int64_t time, int64_t batch)
{
    for (int64_t b = 0; b < batch; b++) {
        int64_t length = tenon__rnn_length(r, b, time);
        if (length < 0 || length > time)
            return tenon__fail(r->err, TENON_EINVAL,
                               "sequence_lens[%lld] is %lld; 0 to %lld is wanted", (long long)b,
                               (long long)length, (long long)time);
    }
    return TENON_OK;
}

/* ---- the plain walk ---- */

int64_t tenon__rnn_room(const tenon__rnn_attrs *a, int64_t hidden)
{
    return (a->gates + 4) * hidden;
}

/* sum over k of v[k] * m[row * n + k] */
static double dot(const tenon__view *m, int64_t row, int64_t n, const double *v)
{
    double s = 0;
    for (int64_t k = 0; k < n; k++)
        s += v[k] * tenon__norm_get(m, row * n + k);
    return s;
}

typedef struct walk {
    const tenon__run *r;
    const tenon__rnn_attrs *a;
    const tenon__rnn_cell *cell;
    int direction;
    int64_t hidden, inputs;
    double *h, *next, *c, *rh, *gates;
} walk;

static double bias(const walk *w, int64_t row)
{
    const tenon__view *b = w->r->in_count > TENON__RNN_B ? w->r->in[TENON__RNN_B] : NULL;
    return b ? tenon__norm_get(b, w->direction * 2 * w->a->gates * w->hidden + row) : 0;
}

static double peephole(const walk *w, int which, int64_t k)
{
    const tenon__view *p = w->r->in_count > TENON__RNN_P ? w->r->in[TENON__RNN_P] : NULL;
    return p ? tenon__norm_get(p, (w->direction * 3 + which) * w->hidden + k) : 0;
}

/* The recurrent part of row `row`, its bias included. */
static double recurrent(const walk *w, int64_t row, const double *h)
{
    int64_t rows = w->a->gates * w->hidden;
    return dot(w->r->in[TENON__RNN_R], w->direction * rows + row, w->hidden, h) +
           bias(w, rows + row);
}

static void cell_lstm(walk *w, int64_t k)
{
    const tenon__rnn_cell *cell = w->cell;
    double i = w->gates[k], o = w->gates[w->hidden + k], f = w->gates[2 * w->hidden + k];
    double z = w->gates[3 * w->hidden + k];
    i = tenon__rnn_apply(&cell->f, cell->clip, i + peephole(w, 0, k) * w->c[k]);
    f = tenon__rnn_apply(&cell->f, cell->clip, f + peephole(w, 2, k) * w->c[k]);
    if (cell->couple) f = 1 - i;
    w->c[k] = f * w->c[k] + i * tenon__rnn_apply(&cell->g, cell->clip, z);
    o = tenon__rnn_apply(&cell->f, cell->clip, o + peephole(w, 1, k) * w->c[k]);
    w->next[k] = o * tenon__rnn_apply(&cell->h, INFINITY, w->c[k]);
}

static void step_gru(walk *w)
{
    const tenon__rnn_cell *cell = w->cell;
    int64_t n = w->hidden;
    for (int64_t k = 0; k < 2 * n; k++)
        w->gates[k] = tenon__rnn_apply(&cell->f, cell->clip, w->gates[k] + recurrent(w, k, w->h));
    for (int64_t k = 0; k < n; k++)
        w->rh[k] = w->gates[n + k] * w->h[k];
    for (int64_t k = 0; k < n; k++) {
        double v = w->a->linear_before_reset ? w->gates[n + k] * recurrent(w, 2 * n + k, w->h)
                                             : recurrent(w, 2 * n + k, w->rh);
        v = tenon__rnn_apply(&cell->g, cell->clip, w->gates[2 * n + k] + v);
        w->next[k] = (1 - w->gates[k]) * v + w->gates[k] * w->h[k];
    }
}

static void step_plain(walk *w, int64_t x_row)
{
    const tenon__view *x = w->r->in[TENON__RNN_X], *weights = w->r->in[TENON__RNN_W];
    int64_t rows = w->a->gates * w->hidden;
    for (int64_t k = 0; k < rows; k++) {
        double s = bias(w, k);
        for (int64_t i = 0; i < w->inputs; i++)
            s += tenon__norm_get(x, x_row * w->inputs + i) *
                 tenon__norm_get(weights, (w->direction * rows + k) * w->inputs + i);
        w->gates[k] = s;
    }
    if (w->a->kind == TENON__RNN_GRU) {
        step_gru(w);
    } else {
        for (int64_t k = 0; k < rows; k++)
            w->gates[k] += recurrent(w, k, w->h);
        for (int64_t k = 0; k < w->hidden; k++)
            if (w->a->kind == TENON__RNN_LSTM)
                cell_lstm(w, k);
            else
                w->next[k] = tenon__rnn_apply(&w->cell->f, w->cell->clip, w->gates[k]);
    }
    double *t = w->h;
    w->h = w->next;
    w->next = t;
}

static void put_row(const tenon__run *r, uint32_t i, int64_t at, const double *values, int64_t n)
{
    if (!tenon__rnn_out(r, i)) return;
    for (int64_t k = 0; k < n; k++)
        tenon__norm_put(r->out[i], at + k, values ? values[k] : 0);
}

static void get_state(const tenon__run *r, uint32_t i, int64_t at, double *values, int64_t n)
{
    bool given = tenon__rnn_in(r, i) != NULL;
    for (int64_t k = 0; k < n; k++)
        values[k] = given ? tenon__norm_get(r->in[i], at + k) : 0;
}

tenon_status tenon__rnn_sequence(const tenon__run *r, int direction, int64_t b, double *room)
{
    const tenon__rnn_attrs *a = r->attrs;
    const tenon__view *x = r->in[TENON__RNN_X];
    tenon__rnn_place p = tenon__rnn_place_of(a, x, r->in[TENON__RNN_R]);
    tenon_status st = tenon__rnn_check_lengths(r, p.time, p.batch);
    if (st) return st;
    walk w = {.r = r,
              .a = a,
              .cell = &a->cell[direction],
              .direction = direction,
              .hidden = p.hidden,
              .inputs = x->dims[2]};
    w.h = room;
    w.next = w.h + p.hidden;
    w.c = w.next + p.hidden;
    w.rh = w.c + p.hidden;
    w.gates = w.rh + p.hidden;
    int64_t length = tenon__rnn_length(r, b, p.time), state = tenon__rnn_state_at(&p, direction, b);
    bool backward = a->reverse || direction == 1;
    get_state(r, TENON__RNN_H, state, w.h, p.hidden);
    if (a->kind == TENON__RNN_LSTM) get_state(r, TENON__RNN_C, state, w.c, p.hidden);
    for (int64_t s = 0; s < p.time; s++) {
        int64_t t = backward && s < length ? length - 1 - s : s;
        if (s < length) step_plain(&w, p.batch_first ? b * p.time + t : t * p.batch + b);
        put_row(r, 0, tenon__rnn_y_at(&p, t, direction, b), s < length ? w.h : NULL, p.hidden);
    }
    put_row(r, 1, state, w.h, p.hidden);
    if (a->kind == TENON__RNN_LSTM) put_row(r, 2, state, w.c, p.hidden);
    return TENON_OK;
}
