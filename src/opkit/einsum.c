/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum's equation: see einsum.h. */
#include "opkit/einsum.h"

/* ---- text ----------------------------------------------------------------------------------- */

static int label_of(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return 26 + c - 'a';
    return -1;
}

static char letter_of(uint8_t label)
{
    return (char)(label < 26 ? 'A' + label : 'a' + (label - 26));
}

/* One term from *at on, up to a comma, an arrow or the end. */
static tenon_status parse_term(tenon__str text, size_t *at, tenon__einsum_term *t, tenon_error *err)
{
    *t = (tenon__einsum_term){0};
    for (; *at < text.size; (*at)++) {
        const char c = text.data[*at];
        if (c == ',' || c == '-') return TENON_OK;
        if (c == ' ') continue;
        int label = label_of(c);
        if (c == '.') {
            if (text.size - *at < 3 || text.data[*at + 1] != '.' || text.data[*at + 2] != '.' ||
                t->dots)
                return tenon__fail(err, TENON_EFORMAT,
                                   "a dot in the equation; \"...\" may stand once in a term");
            *at += 2;
            t->dots = true;
            label = TENON__EINSUM_DOTS;
        }
        if (label < 0)
            return tenon__fail(
                err, TENON_EFORMAT,
                "character 0x%02x in the equation; it must be a letter, comma, arrow "
                "or \"...\"",
                (unsigned char)c);
        if (t->count > TENON_MAX_RANK)
            return tenon__fail(err, TENON_ELIMIT, "a term of the equation has more than %d labels",
                               TENON_MAX_RANK);
        t->label[t->count++] = (uint8_t)label;
    }
    return TENON_OK;
}

static tenon_status imply_output(tenon__einsum_equation *e, tenon_error *err)
{
    int seen[TENON__EINSUM_DOTS + 1] = {0};
    e->out = (tenon__einsum_term){0};
    for (uint32_t i = 0; i < e->count; i++)
        for (int k = 0; k < e->in[i].count; k++)
            seen[e->in[i].label[k]]++;
    if (seen[TENON__EINSUM_DOTS]) {
        e->out.dots = true;
        e->out.label[e->out.count++] = TENON__EINSUM_DOTS;
    }
    for (int label = 0; label < TENON__EINSUM_DOTS; label++) {
        if (seen[label] != 1) continue;
        if (e->out.count > TENON_MAX_RANK)
            return tenon__fail(err, TENON_ELIMIT, "the output would have more than %d labels",
                               TENON_MAX_RANK);
        e->out.label[e->out.count++] = (uint8_t)label;
    }
    return TENON_OK;
}

static tenon_status check_output(const tenon__einsum_equation *e, tenon_error *err)
{
    bool known[TENON__EINSUM_DOTS + 1] = {false}, used[TENON__EINSUM_DOTS + 1] = {false};
    for (uint32_t i = 0; i < e->count; i++)
        for (int k = 0; k < e->in[i].count; k++)
            known[e->in[i].label[k]] = true;
    for (int k = 0; k < e->out.count; k++) {
        const uint8_t label = e->out.label[k];
        if (label == TENON__EINSUM_DOTS) continue; /* of no dims, perhaps */
        if (!known[label] || used[label])
            return tenon__fail(err, TENON_EFORMAT, "label '%c' %s", letter_of(label),
                               used[label] ? "stands twice in the output"
                                           : "of the output is in no operand");
        used[label] = true;
    }
    return TENON_OK;
}

tenon_status tenon__einsum_parse(tenon__str text, tenon__arena *arena, tenon__einsum_equation *out,
                                 tenon_error *err)
{
    size_t at = 0;
    uint32_t terms = 1;
    for (size_t i = 0; i < text.size; i++)
        terms += text.data[i] == ',';
    out->count = 0;
    out->in = tenon__arena_zeroed(arena, terms, sizeof *out->in);
    if (!out->in) return tenon__fail(err, TENON_ENOMEM, "no memory for the equation");
    for (;;) {
        tenon_status st = parse_term(text, &at, &out->in[out->count++], err);
        if (st) return st;
        if (at == text.size) return imply_output(out, err);
        if (text.data[at++] == '-') break;
    }
    if (at == text.size || text.data[at++] != '>')
        return tenon__fail(err, TENON_EFORMAT, "a dash in the equation; an arrow is \"->\"");
    tenon_status st = parse_term(text, &at, &out->out, err);
    if (!st && at != text.size)
        st = tenon__fail(err, TENON_EFORMAT, "the equation goes on behind its output");
    return st ? st : check_output(out, err);
}

static bool print_term(const tenon__einsum_term *t, char *text, size_t size_bytes, size_t *at)
{
    for (int k = 0; k < t->count; k++) {
        const bool dots = t->label[k] == TENON__EINSUM_DOTS;
        const size_t length = dots ? 3 : 1;
        if (size_bytes - *at <= length) return false;
        if (dots)
            memcpy(text + *at, "...", 3);
        else
            text[*at] = letter_of(t->label[k]);
        *at += length;
    }
    return true;
}

bool tenon__einsum_print(const tenon__einsum_term *in, uint32_t count,
                         const tenon__einsum_term *out, char *text, size_t size_bytes)
{
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!print_term(&in[i], text, size_bytes, &at) || size_bytes - at <= 2) return false;
        text[at++] = i + 1 < count ? ',' : '-';
    }
    text[at++] = '>';
    if (!print_term(out, text, size_bytes, &at) || at == size_bytes) return false;
    text[at] = 0;
    return true;
}

/* ---- shapes --------------------------------------------------------------------------------- */

tenon_status tenon__einsum_labels(const tenon__einsum_term *term, int rank, uint8_t *labels,
                                  tenon_error *err)
{
    const int named = term->count - term->dots;
    if (rank < named || (rank > named && !term->dots))
        return tenon__fail(err, TENON_ESHAPE, "an operand of rank %d has %d labels%s", rank, named,
                           term->dots ? " beside \"...\"" : "");
    int at = 0;
    for (int k = 0; k < term->count; k++) {
        if (term->label[k] != TENON__EINSUM_DOTS) {
            labels[at++] = term->label[k];
            continue;
        }
        for (int d = rank - named; d > 0; d--)
            labels[at++] = (uint8_t)(TENON__EINSUM_DOTS + d - 1);
    }
    return TENON_OK;
}

tenon_status tenon__einsum_extents(const tenon__einsum_equation *e, const tenon__view *const *in,
                                   int64_t extents[TENON__EINSUM_LABELS], uint8_t *out_labels,
                                   int *out_rank, tenon_error *err)
{
    const int64_t unmet = INT64_MIN;
    int dots = 0;
    for (int i = 0; i < TENON__EINSUM_LABELS; i++)
        extents[i] = unmet;
    for (uint32_t i = 0; i < e->count; i++) {
        uint8_t labels[TENON_MAX_RANK];
        tenon_status st = tenon__einsum_labels(&e->in[i], in[i]->rank, labels, err);
        if (st) return st;
        const int dims = in[i]->rank - (e->in[i].count - e->in[i].dots);
        if (e->in[i].dots && dims > dots) dots = dims;
        for (int d = 0; d < in[i]->rank; d++) {
            const int64_t dim = in[i]->dims[d];
            int64_t *extent = &extents[labels[d]];
            /* A dim of 1 goes with any. An unknown one gives way to a known one, which it will
             * meet. */
            if (*extent == unmet || *extent == 1 || (*extent < 0 && dim > 1))
                *extent = dim;
            else if (dim > 1 && *extent >= 0 && dim != *extent)
                return tenon__fail(err, TENON_ESHAPE, "a label stands for %lld and for %lld",
                                   (long long)*extent, (long long)dim);
            else if (dim == 0 && *extent > 1)
                return tenon__fail(err, TENON_ESHAPE, "a label stands for %lld and for 0",
                                   (long long)*extent);
        }
    }
    *out_rank = e->out.count - e->out.dots + (e->out.dots ? dots : 0);
    if (*out_rank > TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT, "the output has rank %d; at most %d are supported",
                           *out_rank, TENON_MAX_RANK);
    return tenon__einsum_labels(&e->out, *out_rank, out_labels, err);
}

/* Whether loop b inside loop a walks memory as one loop of both extents would. */
static bool joins(const tenon__einsum_loop *a, const tenon__einsum_loop *b)
{
    return a->in[0] == b->in[0] * b->extent && a->in[1] == b->in[1] * b->extent &&
           a->out == b->out * b->extent;
}

static void add_loop(tenon__einsum_loop *loops, int *count, const tenon__einsum_loop *loop)
{
    if (loop->extent == 1) return;
    if (*count && joins(&loops[*count - 1], loop)) {
        const int64_t extent = loops[*count - 1].extent * loop->extent;
        loops[*count - 1] = *loop;
        loops[*count - 1].extent = extent;
        return;
    }
    loops[(*count)++] = *loop;
}

tenon_status tenon__einsum_loops_set(const tenon__einsum_equation *e, const tenon__view *const *in,
                                     tenon__einsum_loops *out, tenon_error *err)
{
    int64_t extents[TENON__EINSUM_LABELS];
    uint8_t out_labels[TENON_MAX_RANK], labels[2][TENON_MAX_RANK];
    int out_rank;
    tenon__einsum_loop of[TENON__EINSUM_LABELS] = {{0}};
    bool done[TENON__EINSUM_LABELS] = {false};
    tenon_status st = tenon__einsum_extents(e, in, extents, out_labels, &out_rank, err);
    if (st) return st;
    for (uint32_t i = 0; i < e->count; i++) {
        int64_t step = 1;
        st = tenon__einsum_labels(&e->in[i], in[i]->rank, labels[i], err);
        if (st) return st;
        for (int d = in[i]->rank - 1; d >= 0; d--) {
            const int64_t dim = in[i]->dims[d];
            if (dim != 1) of[labels[i][d]].in[i] += step; /* a diagonal takes both steps */
            /* Where it overflows, another dim is 0 and no step is taken. */
            if (!tenon__mul_i64(step, dim, &step)) step = 0;
        }
    }
    int64_t step = 1;
    *out = (tenon__einsum_loops){0};
    for (int d = out_rank - 1; d >= 0; d--) {
        of[out_labels[d]].out = step;
        if (!tenon__mul_i64(step, extents[out_labels[d]], &step))
            return tenon__fail(err, TENON_ELIMIT, "the output is too large");
    }
    for (int i = 0; i < TENON__EINSUM_LABELS; i++)
        of[i].extent = extents[i];
    for (int d = 0; d < out_rank; d++) {
        done[out_labels[d]] = true;
        add_loop(out->out, &out->out_count, &of[out_labels[d]]);
    }
    for (uint32_t i = 0; i < e->count; i++) {
        for (int d = 0; d < in[i]->rank; d++) {
            const uint8_t label = labels[i][d];
            if (!done[label]) add_loop(out->sum, &out->sum_count, &of[label]);
            done[label] = true;
        }
    }
    return TENON_OK;
}
