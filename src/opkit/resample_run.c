/* SPDX-License-Identifier: Apache-2.0 */
/* Resize and Upsample: the lines of the output. A line of the last axis is resampled once for each
 * source line that it needs, and these are then mixed; those of the line before are kept. */
#include <math.h>

#include "opkit/copy.h"
#include "opkit/index.h"
#include "opkit/resample_table.h"

/* Where a piece of the output lies. Elements. */
typedef struct piece {
    int64_t line, x, count;         /* of the last axis: first place, how many */
    int64_t inner, width;           /* behind it: first element, how many */
    int64_t at[TENON_MAX_RANK + 1]; /* places of the axes before the last */
    bool outside;
} piece;

static const int32_t *index_of(const tenon__run *r, const tenon__resample_axis *axis)
{
    return (const int32_t *)(const void *)((const uint8_t *)r->work + axis->index_at);
}

static piece find_piece(const tenon__run *r, int64_t number)
{
    const tenon__resample_params *p = r->params;
    const tenon__resample_axis *last = &p->axes[p->rank - 1];
    int64_t chunk = number / p->lines, rest = number % p->lines;
    piece at = {.line = rest};
    at.x = chunk % p->x_chunks * p->x_chunk;
    at.count = last->out - at.x < p->x_chunk ? last->out - at.x : p->x_chunk;
    at.inner = chunk / p->x_chunks * p->inner_chunk;
    at.width = p->inner - at.inner < p->inner_chunk ? p->inner - at.inner : p->inner_chunk;
    for (int d = p->rank - 2; d >= 0; d--) {
        const tenon__resample_axis *axis = &p->axes[d];
        at.at[d] = rest % axis->out;
        rest /= axis->out;
        if (axis->active && ((const uint8_t *)r->work)[axis->outside_at + (size_t)at.at[d]])
            at.outside = true;
    }
    return at;
}

/* The output's bytes of a piece: they are neighbours. */
static uint8_t *piece_out(const tenon__run *r, const piece *at)
{
    const tenon__resample_params *p = r->params;
    int64_t first = (at->line * p->axes[p->rank - 1].out + at->x) * p->inner + at->inner;
    return (uint8_t *)r->out[0]->data + first * (int64_t)p->elem_bytes;
}

static const uint8_t *line_in(const tenon__run *r, const piece *at, int64_t line)
{
    const tenon__resample_params *p = r->params;
    int64_t first = line * p->axes[p->rank - 1].in * p->inner + at->inner;
    return (const uint8_t *)r->in[0]->data + first * (int64_t)p->elem_bytes;
}

static void fill_outside(const tenon__run *r, const piece *at, uint8_t *out)
{
    const tenon__resample_params *p = r->params;
    const uint8_t *outside = (const uint8_t *)r->work + p->axes[p->rank - 1].outside_at + at->x;
    int64_t bytes = at->width * (int64_t)p->elem_bytes;
    for (int64_t x = 0; x < at->count; x++)
        if (at->outside || outside[x])
            tenon__fill(out + x * bytes, p->value, p->elem_bytes, at->width);
}

/* ---- nearest ----------------------------------------------------------------------------------
 */

typedef struct element16 {
    uint64_t half[2];
} element16;

#define PICK(type)                                                                                 \
    static void pick_##type(uint8_t *dst, const uint8_t *src, const int32_t *index, int64_t n)     \
    {                                                                                              \
        for (int64_t x = 0; x < n; x++)                                                            \
            memcpy(dst + x * (int64_t)sizeof(type), src + index[x] * (int64_t)sizeof(type),        \
                   sizeof(type));                                                                  \
    }
PICK(uint8_t)
PICK(uint16_t)
PICK(uint64_t)
PICK(element16)

static void pick(const tenon__resample_params *p, uint8_t *dst, const uint8_t *src,
                 const int32_t *index, const piece *at)
{
    int64_t bytes = at->width * (int64_t)p->elem_bytes, step = p->inner * (int64_t)p->elem_bytes;
    switch (bytes == step ? bytes : 0) {
    case 1:
        pick_uint8_t(dst, src, index, at->count);
        break;
    case 2:
        pick_uint16_t(dst, src, index, at->count);
        break;
    case 4:
        p->row->pick4(dst, src, index, at->count);
        break;
    case 8:
        pick_uint64_t(dst, src, index, at->count);
        break;
    case 16:
        pick_element16(dst, src, index, at->count);
        break;
    default:
        for (int64_t x = 0; x < at->count; x++)
            memcpy(dst + x * bytes, src + index[x] * step, (size_t)bytes);
        break;
    }
}

static void run_nearest(const tenon__run *r, int64_t from, int64_t to)
{
    const tenon__resample_params *p = r->params;
    const tenon__resample_attrs *a = r->attrs;
    const uint8_t *before = NULL, *source_before = NULL;
    for (int64_t k = from; k < to; k++) {
        piece at = find_piece(r, k);
        int64_t line = 0;
        for (int d = 0; d < p->rank - 1; d++) {
            const tenon__resample_axis *axis = &p->axes[d];
            line = line * axis->in + (axis->active ? index_of(r, axis)[at.at[d]] : at.at[d]);
        }
        uint8_t *out = piece_out(r, &at);
        const uint8_t *source = line_in(r, &at, line);
        /* The piece before this one in the tile may have come from the same line. */
        if (source == source_before && at.line > 0)
            memcpy(out, before, (size_t)(at.count * at.width) * p->elem_bytes);
        else
            pick(p, out, source, index_of(r, &p->axes[p->rank - 1]) + at.x, &at);
        before = out;
        source_before = source;
        if (a->coords == TENON__COORDS_CROP) {
            fill_outside(r, &at, out);
            source_before = NULL;
        }
    }
}

/* ---- linear and cubic -------------------------------------------------------------------------
 */

/* One source line resampled along the last axis, into float or double. `step`: elements from place
 * to place of src. */
typedef void (*across_fn)(const tenon__resample_params *p, void *dst, const void *src,
                          const int32_t *index, const void *weight, int taps, int64_t n,
                          int64_t step, int64_t width);
/* Into the output's type. */
typedef void (*store_fn)(const tenon__resample_params *p, void *dst, const void *src, int64_t n);

#define ACROSS(type, real)                                                                         \
    static void across_##type(const tenon__resample_params *p, void *to, const void *from,         \
                              const int32_t *index, const void *weights, int taps, int64_t n,      \
                              int64_t step, int64_t width)                                         \
    {                                                                                              \
        const type *src = from;                                                                    \
        const real *weight = weights;                                                              \
        real *dst = to;                                                                            \
        (void)p;                                                                                   \
        for (int64_t x = 0; x < n; x++) {                                                          \
            for (int64_t i = 0; i < width; i++) {                                                  \
                real sum = 0;                                                                      \
                for (int k = 0; k < taps; k++)                                                     \
                    sum += weight[x * taps + k] * (real)src[index[x * taps + k] * step + i];       \
                dst[x * width + i] = sum;                                                          \
            }                                                                                      \
        }                                                                                          \
    }
/* NaN gives 0. The bounds are those of the type, as far as the computing type can say. */
#define STORE(type, real, low, high)                                                               \
    static void store_##type(const tenon__resample_params *p, void *to, const void *from,          \
                             int64_t n)                                                            \
    {                                                                                              \
        const real *src = from;                                                                    \
        type *dst = to;                                                                            \
        (void)p;                                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            double v = rint((double)src[i]);                                                       \
            dst[i] = v != v                ? 0                                                     \
                     : v <= (double)(low)  ? (low)                                                 \
                     : v >= (double)(high) ? (high)                                                \
                                           : (type)v;                                              \
        }                                                                                          \
    }
ACROSS(uint8_t, float)
ACROSS(int8_t, float)
ACROSS(uint16_t, float)
ACROSS(int16_t, float)
ACROSS(uint32_t, double)
ACROSS(int32_t, double)
ACROSS(uint64_t, double)
ACROSS(int64_t, double)
ACROSS(double, double)
STORE(int8_t, float, INT8_MIN, INT8_MAX)
STORE(uint16_t, float, 0, UINT16_MAX)
STORE(int16_t, float, INT16_MIN, INT16_MAX)
STORE(uint32_t, double, 0, UINT32_MAX)
STORE(int32_t, double, INT32_MIN, INT32_MAX)
STORE(uint64_t, double, 0, UINT64_MAX)
STORE(int64_t, double, INT64_MIN, INT64_MAX)

static void across_float(const tenon__resample_params *p, void *dst, const void *src,
                         const int32_t *index, const void *weight, int taps, int64_t n,
                         int64_t step, int64_t width)
{
    if (step == 1)
        p->row->across(dst, src, index, weight, taps, n);
    else
        p->row->across_wide(dst, width, src, step, index, weight, taps, n, width);
}

static void across_u8(const tenon__resample_params *p, void *dst, const void *src,
                      const int32_t *index, const void *weight, int taps, int64_t n, int64_t step,
                      int64_t width)
{
    if (step == 1)
        p->row->across_u8(dst, src, index, weight, taps, n);
    else
        across_uint8_t(p, dst, src, index, weight, taps, n, step, width);
}

static void store_u8(const tenon__resample_params *p, void *dst, const void *src, int64_t n)
{
    p->row->store_u8(dst, src, n);
}

static across_fn find_across(tenon_dtype dtype, store_fn *store)
{
#define TYPE(name, type)                                                                           \
    case name:                                                                                     \
        *store = store_##type;                                                                     \
        return across_##type;
    switch (dtype) {
        TYPE(TENON_I8, int8_t)
        TYPE(TENON_U16, uint16_t)
        TYPE(TENON_I16, int16_t)
        TYPE(TENON_U32, uint32_t)
        TYPE(TENON_I32, int32_t)
        TYPE(TENON_U64, uint64_t)
        TYPE(TENON_I64, int64_t)
    case TENON_U8:
        *store = store_u8;
        return across_u8;
    case TENON_F64:
        *store = NULL;
        return across_double;
    default:
        *store = NULL;
        return across_float;
    }
#undef TYPE
}

static void mix_double(double *dst, const double *row, double weight, bool add, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dst[i] = (add ? dst[i] : 0) + weight * row[i];
}

/* Scratch of a tile. */
typedef struct lines {
    int64_t *tags;  /* which source line a slot holds, -1 none */
    uint8_t *slots; /* p->slots of them, and one more */
    uint8_t *sum;
    size_t slot_bytes;
} lines;

static lines lay_out(const tenon__run *r)
{
    const tenon__resample_params *p = r->params;
    size_t real = p->wide ? sizeof(double) : sizeof(float);
    lines l = {.tags = r->scratch, .slots = (uint8_t *)r->scratch + 64 * sizeof(int64_t)};
    l.slot_bytes = tenon__align_up((size_t)p->line_most * real, 64) + 64;
    l.sum = l.slots + (size_t)(p->slots + 1) * l.slot_bytes;
    for (int k = 0; k < p->slots; k++)
        l.tags[k] = -1;
    return l;
}

static double weight_at(const tenon__run *r, const tenon__resample_axis *axis, int64_t i)
{
    const tenon__resample_params *p = r->params;
    const void *weights = (const uint8_t *)r->work + axis->weight_at;
    return p->wide ? ((const double *)weights)[i] : (double)((const float *)weights)[i];
}

/* The combination of taps with this number: its source line, its weight and its slot. */
static int64_t source_line(const tenon__run *r, const piece *at, int64_t combo, double *weight,
                           int *slot)
{
    const tenon__resample_params *p = r->params;
    int64_t line = 0, step = 1;
    int place = 0;
    *weight = 1;
    for (int d = p->rank - 2; d >= 0; d--) {
        const tenon__resample_axis *axis = &p->axes[d];
        int64_t source = at->at[d];
        if (axis->active) {
            int64_t entry = at->at[d] * axis->taps + combo % axis->taps;
            combo /= axis->taps;
            source = index_of(r, axis)[entry];
            *weight *= weight_at(r, axis, entry);
            place = place * axis->taps + (int)(source % axis->taps);
        }
        line += source * step;
        step *= axis->in;
    }
    *slot = place;
    return line;
}

/* Rows waiting to be mixed into a sum. */
typedef struct batch {
    const float *rows[TENON__RESIZE_MIX];
    float weights[TENON__RESIZE_MIX];
    int count;
    bool add;
} batch;

static void mix(const tenon__resample_params *p, batch *b, void *sum, int64_t n)
{
    if (!b->count) return;
    p->row->mix(sum, b->rows, b->weights, b->count, b->add, n);
    b->add = true;
    b->count = 0;
}

static void sum_lines(const tenon__run *r, const piece *at, lines *l, int64_t combos, int64_t chunk,
                      void *sum, across_fn across)
{
    const tenon__resample_params *p = r->params;
    const tenon__resample_axis *last = &p->axes[p->rank - 1];
    size_t real = p->wide ? sizeof(double) : sizeof(float);
    const int32_t *index = index_of(r, last) + at->x * last->taps;
    const uint8_t *weights =
        (const uint8_t *)r->work + last->weight_at + (size_t)(at->x * last->taps) * real;
    int64_t n = at->count * at->width;
    batch b = {.count = 0, .add = false};
    for (int64_t combo = 0; combo < combos; combo++) {
        double weight;
        int slot;
        int64_t line = source_line(r, at, combo, &weight, &slot);
        if (combos == 1) {
            across(p, sum, line_in(r, at, line), index, weights, last->taps, at->count, p->inner,
                   at->width);
            return;
        }
        if (weight == 0) continue;
        bool kept = p->slots > 0;
        if (!kept) slot = 0;
        uint8_t *row = l->slots + (size_t)slot * l->slot_bytes;
        int64_t tag = line * p->x_chunks * p->inner_chunks + chunk;
        if (!kept || l->tags[slot] != tag) {
            across(p, row, line_in(r, at, line), index, weights, last->taps, at->count, p->inner,
                   at->width);
            if (kept) l->tags[slot] = tag;
        }
        if (p->wide) {
            mix_double(sum, (const double *)(const void *)row, weight, b.add, n);
            b.add = true;
            continue;
        }
        b.rows[b.count] = (const float *)(const void *)row;
        b.weights[b.count++] = (float)weight;
        if (b.count == TENON__RESIZE_MIX || !kept) mix(p, &b, sum, n);
    }
    mix(p, &b, sum, n);
    if (!b.add) memset(sum, 0, (size_t)n * real);
}

static void run_mixed(const tenon__run *r, int64_t from, int64_t to)
{
    const tenon__resample_params *p = r->params;
    const tenon__resample_attrs *a = r->attrs;
    store_fn store;
    across_fn across = find_across(r->in[0]->dtype, &store);
    lines l = lay_out(r);
    int64_t combos = 1;
    for (int d = 0; d < p->rank - 1; d++)
        combos *= p->axes[d].taps;
    for (int64_t k = from; k < to; k++) {
        piece at = find_piece(r, k);
        uint8_t *out = piece_out(r, &at);
        sum_lines(r, &at, &l, combos, k / p->lines, store ? l.sum : out, across);
        if (store) store(p, out, l.sum, at.count * at.width);
        if (a->coords == TENON__COORDS_CROP) fill_outside(r, &at, out);
    }
}

static void run_tables(const tenon__run *r)
{
    const tenon__resample_params *p = r->params;
    for (int d = 0; d < p->rank; d++)
        if (p->axes[d].active) tenon__resample_fill(r->attrs, &p->axes[d], p->wide, r->work);
}

tenon_status tenon__resample_run(const tenon__run *r)
{
    const tenon__resample_params *p = r->params;
    int64_t from = (int64_t)r->tile * p->pieces_per_tile;
    if (p->copy) {
        int64_t bytes =
            p->total_bytes - from < p->pieces_per_tile ? p->total_bytes - from : p->pieces_per_tile;
        memcpy((uint8_t *)r->out[0]->data + from, (const uint8_t *)r->in[0]->data + from,
               (size_t)bytes);
        return TENON_OK;
    }
    if (r->phase == 0) {
        run_tables(r);
        return TENON_OK;
    }
    int64_t to = p->pieces - from < p->pieces_per_tile ? p->pieces : from + p->pieces_per_tile;
    if (((const tenon__resample_attrs *)r->attrs)->mode == TENON__RESAMPLE_NEAREST)
        run_nearest(r, from, to);
    else
        run_mixed(r, from, to);
    return TENON_OK;
}
