/* SPDX-License-Identifier: Apache-2.0 */
/* See rnn.h. Here: tiles and phases of f32. */
#include "opkit/rnn_product.h"

/* Samples whose gates are in scratch at once. */
enum { ROWS = 32 };

/* ---- bind ---- */

/* Takes `count` floats of work. */
static bool take(int64_t *at, int64_t *total, int64_t a, int64_t b, int64_t c)
{
    int64_t n;
    *at = *total;
    if (!tenon__mul_i64(a, b, &n) || !tenon__mul_i64(n, c, &n) || n > INT64_MAX / 64 ||
        !tenon__add_i64(*total, (n + 15) / 16 * 16, total))
        return false;
    return *total < INT64_MAX / 64;
}

static bool lay_out(const tenon__rnn_attrs *a, const tenon__rnn_prepared *prepared,
                    tenon__rnn_params *p, int64_t *total)
{
    int64_t gates = (int64_t)a->gates * a->directions, dirs = a->directions;
    *total = 0;
    p->w_at = p->r_at = p->x_at = p->z_at = p->rh_at = 0;
    bool ok = tenon__rnn_gate_bytes(prepared, p->inputs, p->hidden, &p->w_bytes) &&
              tenon__rnn_gate_bytes(prepared, p->hidden, p->hidden, &p->r_bytes);
    if (ok && !prepared->packed)
        ok = take(&p->w_at, total, gates, p->w_bytes / (int64_t)sizeof(float), 1) &&
             take(&p->r_at, total, gates, p->r_bytes / (int64_t)sizeof(float), 1);
    ok = ok && take(&p->bias_at, total, gates, p->padded, 1);
    ok = ok && take(&p->reset_bias_at, total, dirs, p->padded, 1);
    int64_t rows;
    ok = ok && tenon__mul_i64(p->time, p->batch, &rows);
    ok = ok && take(&p->product_at, total, gates, rows, p->padded);
    if (a->bytes) ok = ok && take(&p->x_at, total, rows / 4 + 2, p->inputs + 1, 1);
    ok = ok && take(&p->h_at, total, 2 * dirs, p->batch, p->hidden);
    ok = ok && take(&p->c_at, total, dirs, p->batch, p->hidden);
    if (a->kind == TENON__RNN_GRU && !a->linear_before_reset)
        ok = ok && take(&p->z_at, total, dirs, p->batch, p->hidden) &&
             take(&p->rh_at, total, dirs, p->batch, p->hidden);
    return ok;
}

/* The input's product: rows by panels of all gates. */
static void cut_product(const tenon__rnn_attrs *a, tenon__rnn_params *p)
{
    int64_t rows = p->time * p->batch, panels = a->gates * p->panels;
    double row_ns = 0.02 * (double)p->inputs * (double)(a->gates * p->hidden) + 1;
    p->rows_per_tile = row_ns * 8 < 60000 ? (int64_t)(60000 / row_ns) : 8;
    p->rows_per_tile = (p->rows_per_tile + p->mr - 1) / p->mr * p->mr;
    p->row_tiles = (rows + p->rows_per_tile - 1) / p->rows_per_tile;
    int64_t in_tile = p->rows_per_tile < rows ? p->rows_per_tile : rows;
    double panel_ns = row_ns * (double)in_tile / (double)panels;
    p->product_panels = panel_ns * (double)panels > 120000 ? (int64_t)(60000 / panel_ns) : panels;
    if (p->product_panels < 1) p->product_panels = 1;
    p->product_panel_tiles = (panels + p->product_panels - 1) / p->product_panels;
}

/* A step: few tiles, since all threads meet behind each of them, and wide ones: a product of one
 * row likes many columns. */
static void cut_steps(const tenon__rnn_attrs *a, tenon__rnn_params *p)
{
    double step_ns =
        200 + 0.03 * (double)a->gates * (double)p->batch * (double)p->hidden * (double)p->hidden;
    int64_t wide = 128 / p->nr > 0 ? 128 / p->nr : 1, most = p->panels / wide;
    int64_t tiles = step_ns > 5000 ? (int64_t)(step_ns / 2500) : 1;
    if (tiles > most) tiles = most;
    if (tiles < 1) tiles = 1;
    p->step_panels = (p->panels + tiles - 1) / tiles;
    if (tiles > 1) p->step_panels = (p->step_panels + wide - 1) / wide * wide;
    p->step_panel_tiles = (p->panels + p->step_panels - 1) / p->step_panels;
    p->steps_per_phase = 1;
    if (p->step_panel_tiles == 1 && step_ns < 20000)
        p->steps_per_phase = (int64_t)(20000 / step_ns);
    p->two_stages = p->step_panel_tiles > 1 && a->kind == TENON__RNN_GRU && !a->linear_before_reset;
}

/* Regions of scratch for a sample: the gates; of GRU, linear before reset, the state's part of h
 * and then the input's. */
static int64_t regions(const tenon__rnn_attrs *a)
{
    return a->gates + (a->kind == TENON__RNN_GRU && a->linear_before_reset);
}

static bool cut_scratch(const tenon__rnn_attrs *a, tenon__rnn_params *p, size_t *bytes)
{
    int64_t rows = p->batch < ROWS ? p->batch : ROWS, columns = a->gates * p->step_panels;
    size_t product;
    if (columns < p->product_panels) columns = p->product_panels;
    if (!tenon__rnn_product_scratch(a, p, columns * p->nr, &product)) return false;
    p->state_at = tenon__align_up(product, 64);
    size_t states = a->bytes ? (size_t)(p->batch * p->hidden) : 0;
    p->gates_at = tenon__align_up(p->state_at + states, 64);
    *bytes = p->gates_at + (size_t)(rows * regions(a) * p->step_panels * p->nr) * sizeof(float);
    return true;
}

/* Together less than this: one tile does it all. */
#define WHOLE_NS 40000

/* A rough time of everything. */
static double whole_ns(const tenon__rnn_attrs *a, const tenon__rnn_prepared *prepared,
                       const tenon__rnn_params *p)
{
    const double gates = (double)a->gates * a->directions * (double)p->hidden;
    const double rows = (double)p->time * (double)p->batch;
    double ns = gates + 0.02 * rows * gates * (double)p->inputs;
    ns += (double)p->time * (200 * a->directions + 0.03 * gates * (double)(p->batch * p->hidden));
    return prepared->packed ? ns : ns + 0.5 * gates * (double)(p->inputs + p->hidden);
}

tenon_status tenon__rnn_bind(tenon__bind *c)
{
    const tenon__rnn_attrs *a = c->attrs;
    const tenon__rnn_prepared *prepared = c->prepared;
    tenon__rnn_params *p = c->params;
    const tenon__view *x = c->in[TENON__RNN_X];
    tenon__rnn_place place = tenon__rnn_place_of(a, x, c->in[TENON__RNN_R]);
    int64_t total;
    p->time = place.time;
    p->batch = place.batch;
    p->hidden = place.hidden;
    p->inputs = x->dims[2];
    p->plain = x->dtype != TENON_F32;
    c->flops = 2.0 * (double)p->time * (double)p->batch * a->directions * a->gates *
               (double)p->hidden * (double)(p->hidden + p->inputs);
    if (!p->batch || !p->hidden) {
        c->tiles = 0;
        return TENON_OK;
    }
    if (p->plain) {
        c->scratch_bytes = (size_t)tenon__rnn_room(a, p->hidden) * sizeof(double);
        c->tiles = p->setup_tiles = (uint32_t)(a->directions * p->batch);
        return p->batch < INT32_MAX / 2
                   ? TENON_OK
                   : tenon__fail(c->err, TENON_ELIMIT, "the batch is too large");
    }
    p->gemm = prepared->gemm;
    p->qgemm = prepared->qgemm;
    p->cell = tenon__rnn_find(c->cpu);
    if (a->bytes) tenon__quant_find(c->cpu, &p->quant);
    tenon__rnn_product_size(prepared, &p->nr, &p->mr);
    p->panels = p->hidden / p->nr + (p->hidden % p->nr != 0);
    p->padded = p->panels * p->nr;
    if (!lay_out(a, prepared, p, &total))
        return tenon__fail(c->err, TENON_ELIMIT, "the states and products are too large");
    cut_product(a, p);
    cut_steps(a, p);
    int64_t steps = (p->time + p->steps_per_phase - 1) / p->steps_per_phase;
    if (steps > INT32_MAX / 4 ||
        p->row_tiles > INT32_MAX / (a->directions * p->product_panel_tiles))
        return tenon__fail(c->err, TENON_ELIMIT, "%lld time steps are too many",
                           (long long)p->time);
    c->work_bytes = (size_t)total * sizeof(float);
    if (!cut_scratch(a, p, &c->scratch_bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the states are too large");
    p->setup_tiles = prepared->packed ? 1 : (uint32_t)(a->directions * a->gates);
    p->product_tiles = (uint32_t)(a->directions * p->row_tiles * p->product_panel_tiles);
    p->step_tiles = (uint32_t)(a->directions * p->step_panel_tiles);
    c->tiles = p->setup_tiles;
    c->phases = p->time ? 2 + (uint32_t)(p->two_stages ? 2 * steps : steps) : 1;
    p->phases = c->phases;
    p->whole = whole_ns(a, prepared, p) < WHOLE_NS;
    if (p->whole) c->tiles = c->phases = 1;
    return TENON_OK;
}

static uint32_t phase_tiles(const tenon__rnn_params *p, uint32_t phase)
{
    return phase == 0 ? p->setup_tiles : phase == 1 ? p->product_tiles : p->step_tiles;
}

uint32_t tenon__rnn_tiles(const void *params, uint32_t phase)
{
    const tenon__rnn_params *p = params;
    return p->plain ? p->setup_tiles : p->whole ? 1 : phase_tiles(p, phase);
}

/* ---- phase 0 ---- */

/* What is added before the gate's activation: W's bias and R's, but R's apart where GRU's reset
 * gate scales it. */
static void sum_bias(const tenon__run *r, const tenon__rnn_params *p, int direction, int gate)
{
    const tenon__rnn_attrs *a = r->attrs;
    float *work = r->work;
    int64_t n = p->hidden, rows = a->gates * n;
    const float *bias = tenon__rnn_in(r, TENON__RNN_B);
    float *sum = work + p->bias_at + (direction * a->gates + gate) * p->padded;
    bool apart = a->kind == TENON__RNN_GRU && a->linear_before_reset && gate == 2;
    float *own = apart ? work + p->reset_bias_at + direction * p->padded : NULL;
    if (bias) bias += direction * 2 * rows + gate * n;
    for (int64_t k = 0; k < p->padded; k++) {
        bool real = bias && k < n;
        sum[k] = real ? apart ? bias[k] : bias[k] + bias[rows + k] : 0;
        if (own) own[k] = real ? bias[rows + k] : 0;
    }
}

static void copy_or_clear(float *dst, const float *src, int64_t n)
{
    if (n <= 0) return;
    if (src)
        memcpy(dst, src, (size_t)n * sizeof *dst);
    else
        memset(dst, 0, (size_t)n * sizeof *dst);
}

static void start_states(const tenon__run *r, const tenon__rnn_params *p, int direction)
{
    const tenon__rnn_attrs *a = r->attrs;
    tenon__rnn_place place = tenon__rnn_place_of(a, r->in[TENON__RNN_X], r->in[TENON__RNN_R]);
    float *h = (float *)r->work + p->h_at, *c = (float *)r->work + p->c_at;
    const float *first_h = tenon__rnn_in(r, TENON__RNN_H);
    const float *first_c = a->kind == TENON__RNN_LSTM ? tenon__rnn_in(r, TENON__RNN_C) : NULL;
    for (int64_t b = 0; b < p->batch; b++) {
        int64_t at = (direction * p->batch + b) * p->hidden;
        int64_t from = tenon__rnn_state_at(&place, direction, b);
        copy_or_clear(h + at, first_h ? first_h + from : NULL, p->hidden);
        copy_or_clear(c + at, first_c ? first_c + from : NULL, p->hidden);
        for (uint32_t i = 1; i < 3 && !p->time; i++) {
            float *y = tenon__rnn_out(r, i);
            if (y) copy_or_clear(y + from, (i == 1 ? h : c) + at, p->hidden);
        }
    }
}

/* One gate of one direction; where weights are packed beforehand, all of them. */
static tenon_status setup(const tenon__run *r, const tenon__rnn_params *p)
{
    const tenon__rnn_attrs *a = r->attrs;
    const tenon__rnn_prepared *prepared = r->prepared;
    const int64_t all = a->directions * a->gates, each = all / p->setup_tiles;
    float *work = r->work;
    for (int64_t i = r->tile * each; i < (r->tile + 1) * each; i++) {
        sum_bias(r, p, (int)(i / a->gates), (int)(i % a->gates));
        if (i % a->gates == 0) start_states(r, p, (int)(i / a->gates));
        if (prepared->packed) continue;
        tenon__rnn_pack_gate(prepared, a, r->in[TENON__RNN_W], i,
                             (uint8_t *)(work + p->w_at) + i * p->w_bytes);
        tenon__rnn_pack_gate(prepared, a, r->in[TENON__RNN_R], i,
                             (uint8_t *)(work + p->r_at) + i * p->r_bytes);
    }
    if (r->tile) return TENON_OK;
    tenon_status st = tenon__rnn_check_lengths(r, p->time, p->batch);
    if (!st && a->bytes) tenon__rnn_quantize_inputs(r);
    return st;
}

/* ---- phase 1 ---- */

/* Some rows of X times some panels of W, bias added. */
static void product_tile(const tenon__run *r, const tenon__rnn_params *p)
{
    const tenon__rnn_attrs *a = r->attrs;
    float *work = r->work;
    int64_t rows = p->time * p->batch, row_floats = a->gates * p->padded;
    int64_t tile = r->tile / p->product_panel_tiles, left;
    tenon__rnn_product g = {.direction = (int)(tile / p->row_tiles), .c_row = row_floats};
    int64_t row = tile % p->row_tiles * p->rows_per_tile;
    g.first = r->tile % p->product_panel_tiles * p->product_panels;
    left = a->gates * p->panels - g.first;
    g.count = left < p->product_panels ? left : p->product_panels;
    if (a->bytes) {
        g.bytes = tenon__rnn_inputs_as_bytes(r);
        g.bytes.data += row * p->inputs;
    } else {
        g.a = (const float *)r->in[TENON__RNN_X]->data + row * p->inputs;
    }
    g.m = rows - row < p->rows_per_tile ? rows - row : p->rows_per_tile;
    g.bias = work + p->bias_at + g.direction * row_floats + g.first * p->nr;
    g.c = work + p->product_at + (g.direction * rows + row) * row_floats + g.first * p->nr;
    tenon__rnn_multiply(r, &g);
}

/* ---- steps ---- */

/* Hidden units of `panels` panels from `panel` on. */
static int64_t units_of(const tenon__rnn_params *p, int64_t panel, int64_t panels)
{
    int64_t from = panel * p->nr, to = (panel + panels) * p->nr;
    return (to < p->hidden ? to : p->hidden) - from;
}

/* Some units of one direction in one step. */
typedef struct step {
    const tenon__run *r;
    const tenon__rnn_params *p;
    tenon__rnn_place place;
    int direction;
    int64_t s, panel, panels, unit, units, width; /* width: columns of the panels */
    bool backward;
    float *gates; /* scratch: [sample][region][width] */
    const float *before;
    float *after; /* states of the direction, [batch][hidden] */
    tenon__byte_rows state;
} step;

static int64_t time_of(const step *w, int64_t b)
{
    int64_t length = tenon__rnn_length(w->r, b, w->p->time);
    return w->s >= length ? -1 : w->backward ? length - 1 - w->s : w->s;
}

/* The input's part of regions [from, to) of samples [b, b + m) into scratch. */
static void fetch(const step *w, int64_t b, int64_t m, int64_t from, int64_t to)
{
    const tenon__rnn_params *p = w->p;
    const tenon__rnn_attrs *a = w->r->attrs;
    const float *products = (const float *)w->r->work + p->product_at;
    const float *own = (const float *)w->r->work + p->reset_bias_at + w->direction * p->padded;
    int64_t count = regions(a);
    for (int64_t i = b; i < b + m; i++) {
        int64_t t = time_of(w, i);
        int64_t row = a->batch_first ? i * p->time + t : t * p->batch + i;
        const float *gates =
            products + (w->direction * p->time * p->batch + row) * a->gates * p->padded;
        for (int64_t region = from; region < to; region++) {
            int64_t gate = region < a->gates ? region : a->gates - 1;
            bool bias_only = count > a->gates && region == a->gates - 1;
            const float *src = bias_only ? own : gates + gate * p->padded;
            copy_or_clear(w->gates + ((i - b) * count + region) * w->width,
                          t < 0 ? NULL : src + w->unit, w->panels * p->nr);
        }
    }
}

/* Regions of gates [from, to) += state * R. Where the tile has all panels, these lie in a row. */
static void recur(const step *w, int64_t b, int64_t m, int64_t from, int64_t to, const float *state)
{
    const tenon__rnn_attrs *a = w->r->attrs;
    const tenon__rnn_params *p = w->p;
    bool all = w->panels == p->panels;
    tenon__rnn_product product = {.direction = w->direction,
                                  .recurrent = true,
                                  .count = all ? (to - from) * p->panels : w->panels,
                                  .a = state + b * p->hidden,
                                  .bytes = w->state,
                                  .m = m,
                                  .c_row = regions(a) * w->width,
                                  .accumulate = true};
    if (a->bytes) product.bytes.data += b * p->hidden;
    for (int64_t g = from; g < (all ? from + 1 : to); g++) {
        product.first = g * p->panels + w->panel;
        product.c = w->gates + g * w->width;
        tenon__rnn_multiply(w->r, &product);
    }
}

/* The cell of sample b, whose gates lie in scratch; a sequence that has ended keeps its state. */
static void cell(const step *w, int64_t b, float *gates)
{
    const tenon__rnn_attrs *a = w->r->attrs;
    const tenon__rnn_cell *of = &a->cell[w->direction];
    const tenon__rnn_params *p = w->p;
    int64_t at = b * p->hidden + w->unit, state = w->direction * p->batch * p->hidden + at;
    float *work = w->r->work, *h = w->after + at;
    const float *before = w->before + at;
    if (time_of(w, b) < 0) {
        copy_or_clear(h, before, w->units);
        return;
    }
    const float *peephole = a->kind == TENON__RNN_LSTM ? tenon__rnn_in(w->r, TENON__RNN_P) : NULL;
    if (peephole) peephole += w->direction * 3 * p->hidden + w->unit;
    if (a->kind == TENON__RNN_LSTM)
        p->cell->lstm(gates, w->width, w->units, peephole, p->hidden, of, work + p->c_at + state,
                      h);
    else if (a->kind == TENON__RNN_SIMPLE)
        p->cell->simple(gates, w->units, of, h);
    else if (a->linear_before_reset)
        p->cell->gru(gates, w->width, w->units, of, before, h);
    else
        p->cell->gru_update(work + p->z_at + state, gates + 2 * w->width, w->units, of, before, h);
}

static void write_outputs(const step *w, int64_t b)
{
    const tenon__rnn_attrs *a = w->r->attrs;
    const tenon__rnn_params *p = w->p;
    float *y = tenon__rnn_out(w->r, 0), *last = tenon__rnn_out(w->r, 1);
    int64_t t = time_of(w, b), at = b * p->hidden + w->unit;
    const float *h = w->after + at;
    if (y)
        copy_or_clear(y + tenon__rnn_y_at(&w->place, t < 0 ? w->s : t, w->direction, b) + w->unit,
                      t < 0 ? NULL : h, w->units);
    if (w->s != p->time - 1) return;
    int64_t state = tenon__rnn_state_at(&w->place, w->direction, b) + w->unit;
    if (last) copy_or_clear(last + state, h, w->units);
    float *cells = a->kind == TENON__RNN_LSTM ? tenon__rnn_out(w->r, 2) : NULL;
    const float *c = (const float *)w->r->work + p->c_at;
    if (cells) copy_or_clear(cells + state, c + w->direction * p->batch * p->hidden + at, w->units);
}

/* GRU with the reset first: z, and r * h for all units, before h can be computed. */
static void reset_stage(const step *w)
{
    const tenon__rnn_attrs *a = w->r->attrs;
    const tenon__rnn_params *p = w->p;
    float *work = w->r->work;
    for (int64_t b = 0; b < p->batch; b += ROWS) {
        int64_t m = p->batch - b < ROWS ? p->batch - b : ROWS;
        fetch(w, b, m, 0, 2);
        recur(w, b, m, 0, 2, w->before);
        for (int64_t i = 0; i < m; i++) {
            int64_t at = (b + i) * p->hidden + w->unit;
            int64_t state = w->direction * p->batch * p->hidden + at;
            float *gates = w->gates + i * a->gates * w->width;
            p->cell->gru_reset(gates, w->width, w->units, &a->cell[w->direction], w->before + at,
                               work + p->rh_at + state);
            copy_or_clear(work + p->z_at + state, gates, w->units);
        }
    }
}

static void last_stage(const step *w)
{
    const tenon__rnn_attrs *a = w->r->attrs;
    const tenon__rnn_params *p = w->p;
    bool update = a->kind == TENON__RNN_GRU && !a->linear_before_reset;
    const float *rh = (const float *)w->r->work + p->rh_at + w->direction * p->batch * p->hidden;
    int64_t count = regions(a), first = update ? 2 : 0;
    for (int64_t b = 0; b < p->batch; b += ROWS) {
        int64_t m = p->batch - b < ROWS ? p->batch - b : ROWS;
        fetch(w, b, m, first, count);
        recur(w, b, m, first, a->gates, update ? rh : w->before);
        for (int64_t i = 0; i < m; i++) {
            cell(w, b + i, w->gates + i * count * w->width);
            write_outputs(w, b + i);
        }
    }
}

static void step_tile(const tenon__run *r, const tenon__rnn_params *p)
{
    const tenon__rnn_attrs *a = r->attrs;
    float *states = (float *)r->work + p->h_at;
    int64_t phase = r->phase - 2, of_state = a->directions * p->batch * p->hidden;
    step w = {
        .r = r, .p = p, .place = tenon__rnn_place_of(a, r->in[TENON__RNN_X], r->in[TENON__RNN_R])};
    w.direction = (int)(r->tile / p->step_panel_tiles);
    w.panel = r->tile % p->step_panel_tiles * p->step_panels;
    w.unit = w.panel * p->nr;
    w.panels = p->panels - w.panel < p->step_panels ? p->panels - w.panel : p->step_panels;
    w.units = units_of(p, w.panel, w.panels);
    w.width = w.panels * p->nr;
    w.backward = a->reverse || w.direction == 1;
    w.gates = (float *)(void *)((uint8_t *)r->scratch + p->gates_at);
    int64_t from = p->two_stages ? phase / 2 : phase * p->steps_per_phase;
    int64_t to = p->time - from < p->steps_per_phase ? p->time : from + p->steps_per_phase;
    bool reset = a->kind == TENON__RNN_GRU && !a->linear_before_reset;
    for (w.s = from; w.s < to; w.s++) {
        int64_t at = w.direction * p->batch * p->hidden;
        w.before = states + w.s % 2 * of_state + at;
        w.after = states + (w.s + 1) % 2 * of_state + at;
        if (a->bytes)
            w.state = tenon__rnn_quantize(p, w.before, p->batch * p->hidden,
                                          (uint8_t *)r->scratch + p->state_at);
        if (reset && !(p->two_stages && phase % 2)) reset_stage(&w);
        if (!(p->two_stages && phase % 2 == 0)) last_stage(&w);
    }
}

static tenon_status run_tile(const tenon__run *r, const tenon__rnn_params *p)
{
    if (r->phase == 0) return setup(r, p);
    if (r->phase == 1)
        product_tile(r, p);
    else
        step_tile(r, p);
    return TENON_OK;
}

tenon_status tenon__rnn_run(const tenon__run *r)
{
    const tenon__rnn_attrs *a = r->attrs;
    const tenon__rnn_params *p = r->params;
    if (p->plain)
        return tenon__rnn_sequence(r, (int)(r->tile % (uint32_t)a->directions),
                                   r->tile / (uint32_t)a->directions, r->scratch);
    if (!p->whole) return run_tile(r, p);
    tenon__run part = *r;
    tenon_status st = TENON_OK;
    for (part.phase = 0; part.phase < p->phases; part.phase++)
        for (part.tile = 0; part.tile < phase_tiles(p, part.phase) && !st; part.tile++)
            st = run_tile(&part, p);
    return st;
}
