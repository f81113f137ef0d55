/* SPDX-License-Identifier: Apache-2.0 */
/* The shared loop of element-wise operators. */
#include "opkit/broadcast.h"

#include "opkit/copy.h"

/* Runs shorter than this are walked in pieces. */
#define SHORT_RUN 64
/* What a piece of an operand may take, written out on the stack. */
#define PIECE_BYTES 2048

_Static_assert(PIECE_BYTES / 16 >= SHORT_RUN, "a run of the widest elements fits a piece");

/* ---- geometry ---- */

static int64_t blocks_of(int64_t channels)
{
    return (channels + TENON__BLOCK - 1) / TENON__BLOCK;
}

/* The output's storage: its dims, or [N, blocks, spatial..., 16]. Returns the rank. */
static int storage_dims(const tenon__view *v, int64_t *dims)
{
    memcpy(dims, v->dims, (size_t)v->rank * sizeof *dims);
    if (v->layout == TENON__PLAIN) return v->rank;
    dims[1] = blocks_of(dims[1]);
    dims[v->rank] = TENON__BLOCK;
    return v->rank + 1;
}

/* An operand's strides over its own dims, 0 where it has one element only. */
static void own_strides(const int64_t *dims, int rank, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = rank; i-- > 0;) {
        strides[i] = dims[i] == 1 ? 0 : stride;
        stride *= dims[i];
    }
}

/* The same over the output's storage. */
static tenon_status place(tenon__broadcast *b, int k, const tenon__view *out, const tenon__view *in,
                          tenon_error *err)
{
    int64_t dims[TENON__BROADCAST_RANK], strides[TENON__BROADCAST_RANK];
    int64_t *to = b->strides[k];
    memset(to, 0, sizeof b->strides[k]);
    b->channels[k] = 0;
    if (tenon__view_count(in) == 1 && in->layout == TENON__PLAIN) return TENON_OK;
    int rank = storage_dims(in, dims);
    own_strides(dims, rank, strides);
    if (in->layout == out->layout && (in->layout == TENON__PLAIN || in->rank == out->rank)) {
        if (in->layout == TENON__C16 && in->dims[1] == 1 && out->dims[1] != 1)
            strides[rank - 1] = 0; /* its one channel, for all lanes */
        memcpy(to + (b->rank - rank), strides, (size_t)rank * sizeof *to);
        return TENON_OK;
    }
    if (in->layout != TENON__PLAIN || out->rank < 2)
        return tenon__fail(err, TENON_EINTERNAL, "operand %d is in blocks, the output is not", k);
    for (int i = 0; i < rank; i++)
        to[out->rank - rank + i] = strides[i];
    int64_t channel = to[1];
    if (channel > 1)
        return tenon__fail(err, TENON_EINTERNAL, "operand %d is plain, the output is in blocks", k);
    to[1] = channel * TENON__BLOCK;
    to[out->rank] = channel;
    if (channel && out->dims[1] % TENON__BLOCK != 0) b->channels[k] = out->dims[1];
    return TENON_OK;
}

static bool mergeable(const tenon__broadcast *b, int outer, int inner)
{
    for (int k = 0; k < b->count; k++) {
        if (b->strides[k][outer] != b->strides[k][inner] * b->dims[inner]) return false;
        if (b->channels[k] && inner == b->rank - 1)
            return false; /* the lanes of the last block must be seen */
    }
    return true;
}

static void move_dim(tenon__broadcast *b, int to, int from)
{
    b->dims[to] = b->dims[from];
    for (int k = 0; k < b->count; k++)
        b->strides[k][to] = b->strides[k][from];
}

/* Drops dims of 1 and merges neighbours, from the innermost outwards. */
static void collapse(tenon__broadcast *b)
{
    int last = b->rank - 1, at = last; /* dims [at, last] are done */
    for (int i = last - 1; i >= 0; i--) {
        if (b->dims[i] == 1) continue;
        if (b->dims[at] == 1 && at == last) {
            move_dim(b, at, i);
        } else if (mergeable(b, i, at)) {
            b->dims[at] *= b->dims[i];
        } else {
            move_dim(b, --at, i);
        }
    }
    b->rank = last - at + 1;
    for (int i = 0; i < b->rank; i++)
        move_dim(b, i, at + i);
}

/* What an element takes: its arithmetic, or the way of its bytes from and to the outer caches. */
static double element_ns(const tenon__broadcast *b, double arithmetic_ns)
{
    double bytes = b->out_bytes;
    for (int k = 0; k < b->count; k++)
        bytes += b->strides[k][b->rank - 1] ? b->bytes[k] : 0;
    return arithmetic_ns > bytes * 0.03 ? arithmetic_ns : bytes * 0.03;
}

tenon_status tenon__broadcast_bind(tenon__broadcast *b, const tenon__view *out,
                                   const tenon__view *const *in, int count, double cost_ns,
                                   uint32_t *tiles, tenon_error *err)
{
    b->count = count;
    b->rank = storage_dims(out, b->dims);
    if (b->rank == 0) b->dims[b->rank++] = 1;
    b->out_bytes = (uint8_t)(tenon_dtype_bits(out->dtype) / 8);
    b->total = tenon__dims_product(b->dims, 0, b->rank);
    bool lanes = false;
    for (int k = 0; k < count; k++) {
        tenon_status status = place(b, k, out, in[k], err);
        if (status) return status;
        b->bytes[k] = (uint8_t)(tenon_dtype_bits(in[k]->dtype) / 8);
        lanes = lanes || b->channels[k];
    }
    *tiles = 0;
    if (b->total == 0) return TENON_OK;
    collapse(b);
    if (b->rank == 1 && lanes) { /* in pieces all the same */
        move_dim(b, 1, 0);
        b->rank = 2;
        b->dims[0] = 1;
        for (int k = 0; k < count; k++)
            b->strides[k][0] = 0;
    }
    int64_t run = b->dims[b->rank - 1];
    b->pieces = b->rank > 1 && run < SHORT_RUN;
    int64_t unit = b->pieces ? run : run < SHORT_RUN ? run : SHORT_RUN;
    *tiles = tenon__tiles((b->total + unit - 1) / unit, element_ns(b, cost_ns) * (double)unit,
                          &b->per_tile);
    b->per_tile *= unit;
    return TENON_OK;
}

/* ---- walking ---- */

/* Where each operand stands, in elements, as the outer dims [0, rank) are stepped through. */
typedef struct walk {
    const tenon__broadcast *b;
    int rank;
    int64_t index[TENON__BROADCAST_RANK];
    int64_t at[TENON__FORMULA_OPERANDS];
} walk;

static void walk_to(walk *w, const tenon__broadcast *b, int rank, int64_t position)
{
    w->b = b;
    w->rank = rank;
    memset(w->at, 0, sizeof w->at);
    for (int i = rank; i-- > 0;) {
        w->index[i] = position % b->dims[i];
        position /= b->dims[i];
        for (int k = 0; k < b->count; k++)
            w->at[k] += w->index[i] * b->strides[k][i];
    }
}

static void walk_on(walk *w)
{
    const tenon__broadcast *b = w->b;
    for (int i = w->rank; i-- > 0;) {
        for (int k = 0; k < b->count; k++)
            w->at[k] += b->strides[k][i];
        if (++w->index[i] < b->dims[i]) return;
        for (int k = 0; k < b->count; k++)
            w->at[k] -= b->dims[i] * b->strides[k][i];
        w->index[i] = 0;
    }
}

static const void *element(const void *data, int64_t index, size_t bytes)
{
    return (const char *)data + (size_t)index * bytes;
}

/* Elements [begin, end); `out` and the operands in `local` start at element `begin`. */
static void run_long(const tenon__broadcast *b, int64_t begin, int64_t end, char *out,
                     const void *const *in, uint32_t local, tenon__eltwise_fn fn, const void *p)
{
    const int last = b->rank - 1;
    const int64_t first = begin;
    const int64_t run = b->dims[last];
    const void *x[TENON__FORMULA_OPERANDS] = {NULL};
    int step[TENON__FORMULA_OPERANDS] = {0};
    walk w;
    walk_to(&w, b, last, begin / run);
    for (int k = 0; k < b->count; k++)
        step[k] = run == 1 ? 1 : (int)b->strides[k][last];
    int64_t from = begin % run;
    while (begin < end) {
        int64_t n = run - from < end - begin ? run - from : end - begin;
        for (int k = 0; k < b->count; k++)
            x[k] = element(in[k], local >> k & 1 ? begin - first : w.at[k] + from * step[k],
                           b->bytes[k]);
        fn(out + (size_t)(begin - first) * b->out_bytes, x, step, n, p);
        begin += n;
        from = 0;
        walk_on(&w);
    }
}

/* Each element of a column `run` times over; elements of four bytes, which is what most are. */
static void spread_words(const char *from, int64_t between, int64_t runs, int64_t run, char *to)
{
    for (int64_t r = 0; r < runs; r++, to += run * 4) {
        uint32_t v;
        memcpy(&v, from + r * between * 4, sizeof v);
        for (int64_t i = 0; i < run; i++)
            memcpy(to + i * 4, &v, sizeof v);
    }
}

/* The first `done` bytes again and again until there are `size`. */
static void repeat(char *to, size_t done, size_t size)
{
    while (done < size) {
        const size_t n = done < size - done ? done : size - done;
        memcpy(to + done, to, n);
        done += n;
    }
}

/* Writes out `runs` runs of operand k, the first at element `at`. */
static void write_out(const tenon__broadcast *b, int k, const void *data, int64_t at, int64_t runs,
                      char *to)
{
    const int last = b->rank - 1;
    const int64_t run = b->dims[last], between = b->strides[k][last - 1];
    const size_t bytes = b->bytes[k], run_bytes = (size_t)run * bytes;
    if (bytes == 4 && b->strides[k][last] == 0) {
        spread_words(element(data, at, bytes), between, runs, run, to);
        return;
    }
    for (int64_t r = 0; r < runs; r++, to += run_bytes) {
        if (r > 0 && between == 0) {
            repeat(to - run_bytes, run_bytes, run_bytes * (size_t)runs);
            return;
        }
        const void *from = element(data, at + r * between, bytes);
        if (b->strides[k][last] == 0) {
            tenon__fill(to, from, bytes, run);
            continue;
        }
        int64_t there = run; /* channels of this block */
        if (b->channels[k]) {
            int64_t left = b->channels[k] - (at + r * between) % b->channels[k];
            there = left < run ? left : run;
        }
        memcpy(to, from, (size_t)there * bytes);
        memset(to + (size_t)there * bytes, 0, (size_t)(run - there) * bytes);
    }
}

/* The same over whole runs. */
static void run_pieces(const tenon__broadcast *b, int64_t begin, int64_t end, char *out,
                       const void *const *in, uint32_t local, tenon__eltwise_fn fn, const void *p)
{
    _Alignas(64) char written[TENON__FORMULA_OPERANDS][PIECE_BYTES];
    const int last = b->rank - 1;
    const int64_t run = b->dims[last], runs = b->dims[last - 1];
    const void *x[TENON__FORMULA_OPERANDS] = {NULL};
    int step[TENON__FORMULA_OPERANDS] = {0};
    int64_t most = runs; /* of a piece */
    bool direct[TENON__FORMULA_OPERANDS];
    int64_t ready[TENON__FORMULA_OPERANDS] = {0}; /* runs that are written out and hold on */
    for (int k = 0; k < b->count; k++) {
        int64_t inner = b->strides[k][last], outer = b->strides[k][last - 1];
        direct[k] = outer == inner * run && !b->channels[k];
        step[k] = direct[k] ? (int)inner : 1;
        if (!direct[k] && most > PIECE_BYTES / (run * b->bytes[k]))
            most = PIECE_BYTES / (run * b->bytes[k]);
    }
    walk w;
    walk_to(&w, b, last - 1, begin / run / runs);
    int64_t r = begin / run, from = r % runs;
    end /= run;
    while (r < end) {
        int64_t n = runs - from;
        n = n < end - r ? n : end - r;
        n = n < most ? n : most;
        for (int k = 0; k < b->count; k++) {
            int64_t at =
                local >> k & 1 ? r * run - begin : w.at[k] + from * b->strides[k][last - 1];
            if (direct[k]) {
                x[k] = element(in[k], at, b->bytes[k]);
                continue;
            }
            x[k] = written[k];
            if (ready[k] < n) {
                write_out(b, k, in[k], at, n, written[k]);
                ready[k] = b->strides[k][last - 1] == 0 ? n : 0;
            }
        }
        fn(out + (size_t)(r * run - begin) * b->out_bytes, x, step, n * run, p);
        r += n;
        from += n;
        if (from == runs) {
            from = 0;
            walk_on(&w);
            memset(ready, 0, sizeof ready);
        }
    }
}

void tenon__broadcast_piece(const tenon__broadcast *b, int64_t begin, int64_t end, void *out,
                            const void *const *in, uint32_t local, tenon__eltwise_fn fn,
                            const void *p)
{
    int64_t run = b->pieces ? b->dims[b->rank - 1] : 1;
    int64_t first = (begin + run - 1) / run * run, last = end / run * run; /* whole runs */
    if (!b->pieces || first >= last) {
        run_long(b, begin, end, out, in, local, fn, p);
        return;
    }
    const int64_t cuts[4] = {begin, first, last, end};
    for (int i = 0; i < 3; i++) {
        const void *x[TENON__FORMULA_OPERANDS] = {NULL};
        if (cuts[i] == cuts[i + 1]) continue;
        for (int k = 0; k < b->count; k++)
            x[k] = element(in[k], local >> k & 1 ? cuts[i] - begin : 0, b->bytes[k]);
        (i == 1 ? run_pieces : run_long)(b, cuts[i], cuts[i + 1],
                                         (char *)out + (size_t)(cuts[i] - begin) * b->out_bytes, x,
                                         local, fn, p);
    }
}

void tenon__broadcast_range(const tenon__broadcast *b, int64_t begin, int64_t end, void *out,
                            const void *const *in, tenon__eltwise_fn fn, const void *p)
{
    tenon__broadcast_piece(b, begin, end, (char *)out + (size_t)begin * b->out_bytes, in, 0, fn, p);
}

void tenon__broadcast_run(const tenon__broadcast *b, uint32_t tile, void *out,
                          const void *const *in, tenon__eltwise_fn fn, const void *p)
{
    int64_t begin = (int64_t)tile * b->per_tile, end = begin + b->per_tile;
    end = end < b->total ? end : b->total;
    (b->pieces ? run_pieces : run_long)(b, begin, end, (char *)out + (size_t)begin * b->out_bytes,
                                        in, 0, fn, p);
}

/* ---- layouts ---- */

static bool same_dims(const tenon__view *a, const tenon__view *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i] || a->dims[i] == TENON__DIM_UNKNOWN) return false;
    return true;
}

/* Each dim of `in` is 1 or the one of `full`. */
static bool repeats_in(const tenon__view *in, const tenon__view *full)
{
    if (in->rank > full->rank) return false;
    for (int i = 0; i < in->rank; i++) {
        int64_t d = in->dims[i], f = full->dims[full->rank - in->rank + i];
        if (d != 1 && (d != f || d == TENON__DIM_UNKNOWN)) return false;
    }
    return true;
}

/* Plain operands that are repeated are read in place, so along their channels the values must lie
 * side by side. */
static bool channels_adjoin(const tenon__view *in, int rank)
{
    int channel = in->rank - (rank - 1); /* where the channels are in `in` */
    if (channel < 0 || in->dims[channel] == 1) return true;
    for (int i = channel + 1; i < in->rank; i++)
        if (in->dims[i] != 1) return false;
    return true;
}

bool tenon__broadcast_blocked(const tenon__view *const *in, uint32_t count)
{
    const tenon__view *full = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (!in[i] || in[i]->rank == TENON__RANK_UNKNOWN || in[i]->dtype != TENON_F32) return false;
        if (in[i]->rank >= 3 && (!full || (in[i]->rank == full->rank && repeats_in(full, in[i]))))
            full = in[i];
    }
    if (!full || full->dims[1] <= 0) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!same_dims(in[i], full) &&
            !(repeats_in(in[i], full) && channels_adjoin(in[i], full->rank)))
            return false;
    return true;
}

uint8_t tenon__broadcast_layout(const tenon__view *const *in, uint32_t count,
                                const tenon__view *out)
{
    for (uint32_t i = 0; i < count; i++)
        if (in[i] && in[i]->layout == TENON__C16 && same_dims(in[i], out)) return TENON__C16;
    return TENON__PLAIN;
}
