/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum: Y[output labels] = sum over the other labels of the product of the operands, each read at
 * its labels. A label that stands twice in an operand walks its diagonal; "..." stands for dims
 * that broadcast, as dims of 1 do; without "->" the output has the labels that occur once, in
 * alphabetical order. f32, f64 and integers (which wrap); f16 and bf16 widened. ONNX Einsum-12.
 *
 * Three and more operands become pairs, from the left. A matrix product becomes MatMul; other pairs
 * of f32 with a free, innermost output label go through the matrix kernel, loop by loop; what is
 * left runs plainly. */
#include "opkit/einsum.h"
#include "kernels/gemm/gemm.h"
#include "opkit/matmul.h"
#include "tensor/convert.h"

typedef struct prepared {
    const tenon__gemm_row *row;
} prepared;

/* How a pair goes through the matrix kernel: which operand is A, and the loops that are its m, n
 * and k (index into loops.out or .sum, -1 none). */
typedef struct product {
    bool used;
    int a, m, n, k;
    int64_t rows, row_tiles, panels; /* of a unit; units of an outer turn; panels in n */
} product;

typedef struct params {
    tenon__einsum_loops loops;
    product product;
    int64_t outer;    /* turns of the output loops that the matrix kernel does not take */
    int64_t per_tile; /* units (product), elements (plain) */
} params;

/* Blocks of k that are packed at a time. */
#define K_BLOCK 1024
/* Rows of a unit: enough to make packing its panel cheap. */
#define ROWS 192

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    tenon__einsum_equation *e = out;
    const tenon__attr *equation = tenon__attr_find(node, "equation");
    if (!equation || equation->type != TENON__ATTR_STRING)
        return tenon__fail(err, TENON_EFORMAT, "attribute 'equation' is missing");
    tenon_status st = tenon__einsum_parse(equation->s, graph->arena, e, err);
    if (!st && e->count != node->input_count)
        st = tenon__fail(err, TENON_EFORMAT, "the equation has %u operands and the node %u",
                         e->count, node->input_count);
    return st;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__einsum_equation *e = c->attrs;
    const tenon_dtype dtype = c->in[0]->dtype;
    for (uint32_t i = 0; i < c->in_count; i++) {
        if (c->in[i]->dtype != dtype && c->in[i]->dtype != TENON_NONE && dtype != TENON_NONE)
            return tenon__fail(c->err, TENON_ETYPE, "operands are %s and %s; they must be the same",
                               tenon_dtype_text(dtype), tenon_dtype_text(c->in[i]->dtype));
    }
    const bool number =
        dtype == TENON_F32 || dtype == TENON_F64 || (dtype >= TENON_I8 && dtype <= TENON_U64);
    if (dtype != TENON_NONE && !number)
        return tenon__fail(c->err, TENON_ETYPE, "operands are %s; they must be numbers",
                           tenon_dtype_text(dtype));
    c->out[0]->dtype = dtype;
    if (tenon__infer_rank_unknown(c, c->in_count)) return TENON_OK;
    int64_t extents[TENON__EINSUM_LABELS], dims[TENON_MAX_RANK];
    uint8_t labels[TENON_MAX_RANK];
    int rank;
    tenon_status st = tenon__einsum_extents(e, c->in, extents, labels, &rank, c->err);
    if (st) return st;
    for (int d = 0; d < rank; d++)
        dims[d] = extents[labels[d]] < 0 ? TENON__DIM_UNKNOWN : extents[labels[d]];
    tenon__infer_set(c, 0, dtype, rank, dims);
    return TENON_OK;
}

/* ---- expand --------------------------------------------------------------------------------- */

static bool has(const tenon__einsum_term *t, uint8_t label)
{
    for (int k = 0; k < t->count; k++)
        if (t->label[k] == label) return true;
    return false;
}

/* Whether a label is wanted behind operands [0, from). */
static bool wanted(const tenon__einsum_equation *e, uint32_t from, uint8_t label)
{
    for (uint32_t i = from; i < e->count; i++)
        if (has(&e->in[i], label)) return true;
    return has(&e->out, label);
}

static bool keep(tenon__einsum_term *t, uint8_t label)
{
    if (has(t, label)) return true;
    if (t->count > TENON_MAX_RANK) return false;
    t->dots |= label == TENON__EINSUM_DOTS;
    t->label[t->count++] = label;
    return true;
}

static tenon_status expand_pairs(tenon__expand *c, const tenon__einsum_equation *e)
{
    tenon__einsum_term left = e->in[0];
    tenon__value_id value = c->node->inputs[0];
    for (uint32_t i = 1; i < e->count; i++) {
        const bool last = i + 1 == e->count;
        tenon__einsum_term next = {0}, both[2] = {left, e->in[i]};
        for (int s = 0; s < 2 && !last; s++)
            for (int k = 0; k < both[s].count; k++)
                if (wanted(e, i + 1, both[s].label[k]) && !keep(&next, both[s].label[k]))
                    return tenon__fail(c->err, TENON_ELIMIT,
                                       "a product of two operands has more than %d labels",
                                       TENON_MAX_RANK);
        if (last) next = e->out;
        char text[3 * (3 + TENON_MAX_RANK) + 8];
        if (!tenon__einsum_print(both, 2, &next, text, sizeof text))
            return tenon__fail(c->err, TENON_ELIMIT, "the equation is too long");
        const char *kept = tenon__arena_strdup(c->graph->arena, text, strlen(text));
        if (!kept) return tenon__fail(c->err, TENON_ENOMEM, "no memory for an equation");
        const tenon__attr attr = {
            .name = TENON__STR("equation"), .type = TENON__ATTR_STRING, .s = tenon__str_of(kept)};
        const tenon__value_id in[] = {value, c->node->inputs[i]};
        value = tenon__expand_node(c, "Einsum", in, 2, &attr, 1,
                                   last ? c->node->outputs[0] : TENON__NO_VALUE);
        left = next;
    }
    c->node->dead = true;
    return TENON_OK;
}

/* "...ik, kj -> ...ij" with any labels for "...", or "jk" for B. */
static bool is_matmul(const tenon__einsum_equation *e, bool *turned)
{
    const tenon__einsum_term *a = &e->in[0], *b = &e->in[1], *y = &e->out;
    if (b->count != 2 || b->dots || a->count < 2 || a->count != y->count) return false;
    const uint8_t k = a->label[a->count - 1], n = y->label[y->count - 1];
    if (k == TENON__EINSUM_DOTS || n == TENON__EINSUM_DOTS || k == n || has(a, n)) return false;
    *turned = b->label[1] == k;
    if (b->label[*turned] != k || b->label[!*turned] != n) return false;
    for (int i = 0; i + 1 < a->count; i++) {
        if (a->label[i] != y->label[i] || a->label[i] == k) return false;
        for (int q = 0; q < i; q++)
            if (a->label[q] == a->label[i]) return false;
    }
    return true;
}

/* What is known of dtypes, ranks and extents must be as MatMul wants it. */
static bool fits_matmul(const tenon__expand *c, const tenon__einsum_equation *e, bool turned)
{
    const tenon__view *a = &tenon__graph_value(c->graph, c->node->inputs[0])->view;
    const tenon__view *b = &tenon__graph_value(c->graph, c->node->inputs[1])->view;
    if (a->dtype != TENON_NONE && a->dtype != TENON_F16 && a->dtype != TENON_BF16 &&
        !tenon__matmul_dtype(a->dtype))
        return false;
    if (b->rank >= 0 && b->rank != 2) return false;
    if (a->rank >= 0 && (a->rank < e->in[0].count - e->in[0].dots ||
                         (a->rank != e->in[0].count && !e->in[0].dots) || a->rank < 2))
        return false;
    const int64_t k = a->rank >= 0 ? a->dims[a->rank - 1] : TENON__DIM_UNKNOWN;
    return b->rank < 0 || (b->dims[turned] != 1 && tenon__dim_agrees(b->dims[turned], k));
}

static tenon_status expand(tenon__expand *c)
{
    const tenon__einsum_equation *e = c->attrs;
    bool turned;
    if (e->count > 2) return expand_pairs(c, e);
    if (e->count != 2 || !is_matmul(e, &turned) || !fits_matmul(c, e, turned)) return TENON_EAGAIN;
    tenon__value_id in[] = {c->node->inputs[0], c->node->inputs[1]};
    static const int64_t perm[] = {1, 0};
    const tenon__attr attr = {
        .name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = 2, .ints = perm};
    if (turned) in[1] = tenon__expand_node(c, "Transpose", &in[1], 1, &attr, 1, TENON__NO_VALUE);
    tenon__expand_node(c, "MatMul", in, 2, NULL, 0, c->node->outputs[0]);
    c->node->dead = true;
    return TENON_OK;
}

/* ---- bind ----------------------------------------------------------------------------------- */

static tenon_status prepare(tenon__prepare *c)
{
    prepared *p = c->prepared;
    p->row = tenon__gemm_choose(c->cpu);
    if (c->in[0]->dtype == TENON_F32 && c->in_count == 2) c->kernel = p->row->name;
    return TENON_OK;
}

/* The longest loop that only operand `only` walks (-1: any), past those in `skip`. */
static int longest(const tenon__einsum_loop *loops, int count, int only, int skip)
{
    int best = -1;
    for (int i = 0; i < count; i++) {
        if (i == skip || (only >= 0 && (!loops[i].in[only] || loops[i].in[1 - only]))) continue;
        if (best < 0 || loops[i].extent > loops[best].extent) best = i;
    }
    return best;
}

/* The matrix kernel takes a pair of f32 whose innermost output loop, dense, walks one operand
 * alone. */
static product choose_product(const tenon__einsum_loops *l)
{
    product p = {.m = -1, .n = l->out_count - 1, .k = -1};
    if (p.n < 0) return p;
    const tenon__einsum_loop *n = &l->out[p.n];
    if (n->out != 1 || !n->in[0] == !n->in[1] || n->extent < 4) return p;
    const int b = n->in[1] ? 1 : 0;
    p.a = 1 - b;
    p.m = longest(l->out, l->out_count, p.a, p.n);
    p.k = longest(l->sum, l->sum_count, -1, -1);
    /* Packing B needs a dense step, along n or k. */
    for (int i = 0; i < l->sum_count && n->in[b] != 1; i++)
        if (l->sum[i].in[b] == 1) p.k = i;
    p.used = n->in[b] == 1 || (p.k >= 0 && l->sum[p.k].in[b] == 1);
    return p;
}

static int64_t turns(const tenon__einsum_loop *loops, int count, int skip, int skip_too)
{
    int64_t total = 1;
    for (int i = 0; i < count; i++)
        if (i != skip && i != skip_too) total *= loops[i].extent; /* within the output's size */
    return total;
}

/* Units of work are one panel by some rows of one outer turn. */
static void bind_product(tenon__bind *c, params *p)
{
    const prepared *prep = c->prepared;
    const tenon__einsum_loops *l = &p->loops;
    product *x = &p->product;
    const int64_t m = x->m >= 0 ? l->out[x->m].extent : 1, n = l->out[x->n].extent;
    const double terms = (double)turns(l->sum, l->sum_count, -1, -1);
    x->row_tiles = m / ROWS + (m % ROWS != 0);
    x->rows = m / x->row_tiles + (m % x->row_tiles != 0);
    x->row_tiles = m / x->rows + (m % x->rows != 0);
    x->panels = tenon__gemm_panels(prep->row, n);
    p->outer = turns(l->out, l->out_count, x->m, x->n);
    const double ns = (0.018 * (double)x->rows + 0.25) * prep->row->nr * terms + 50;
    c->tiles = tenon__tiles(p->outer * x->row_tiles * x->panels, ns, &p->per_tile);
    c->scratch_bytes = prep->row->scratch_bytes + (size_t)(K_BLOCK * prep->row->nr) * sizeof(float);
}

static tenon_status bind(tenon__bind *c)
{
    const tenon__einsum_equation *e = c->attrs;
    params *p = c->params;
    if (e->count > 2)
        return tenon__fail(c->err, TENON_EINTERNAL, "%u operands were not paired", e->count);
    tenon_status st = tenon__einsum_loops_set(e, c->in, &p->loops, c->err);
    if (st) return st;
    const int64_t count = tenon__view_count(c->out[0]);
    double terms = 1;
    for (int i = 0; i < p->loops.sum_count; i++)
        terms *= (double)p->loops.sum[i].extent;
    c->tiles = 0;
    p->product = (product){0};
    if (count == 0) return TENON_OK;
    c->flops = 2 * terms * (double)count;
    if (c->in[0]->dtype == TENON_F32 && e->count == 2 && terms > 0)
        p->product = choose_product(&p->loops);
    if (p->product.used)
        bind_product(c, p);
    else
        c->tiles = tenon__tiles(count, terms * 2 + 10, &p->per_tile);
    return TENON_OK;
}

/* ---- run: the matrix kernel ----------------------------------------------------------------- */

/* Offsets of turn `turn` of the loops but two, in row-major order. */
static void offsets(const tenon__einsum_loop *loops, int count, int skip, int skip_too,
                    int64_t turn, int64_t in[2], int64_t *out)
{
    for (int i = count - 1; i >= 0; i--) {
        if (i == skip || i == skip_too) continue;
        const int64_t at = turn % loops[i].extent;
        turn /= loops[i].extent;
        in[0] += at * loops[i].in[0];
        in[1] += at * loops[i].in[1];
        *out += at * loops[i].out;
    }
}

/* Panel `panel` by rows [row, row + rows): one chain of sums over all of k, block by block. */
static void run_unit(const tenon__run *r, int64_t outer, int64_t row, int64_t panel)
{
    const params *p = r->params;
    const prepared *prep = r->prepared;
    const tenon__einsum_loops *l = &p->loops;
    const product *x = &p->product;
    const int nr = prep->row->nr, a = x->a, b = 1 - a;
    const tenon__einsum_loop none = {.extent = 1};
    const tenon__einsum_loop m = x->m >= 0 ? l->out[x->m] : none, n = l->out[x->n];
    const tenon__einsum_loop k = x->k >= 0 ? l->sum[x->k] : none;
    const int64_t sums = turns(l->sum, l->sum_count, x->k, -1);
    float *packed = (float *)r->scratch + prep->row->scratch_bytes / sizeof(float);
    tenon__gemm g = {.m = m.extent - row < x->rows ? m.extent - row : x->rows,
                     .n = n.extent - panel * nr < nr ? n.extent - panel * nr : nr,
                     .a_row = m.in[a],
                     .a_col = k.in[a],
                     .b = packed,
                     .b_row = nr,
                     .c_row = m.out,
                     .scale = 1,
                     .scratch = r->scratch};
    for (int64_t s = 0; s < sums; s++) {
        int64_t in[2] = {0, 0}, out = 0, unused = 0;
        offsets(l->out, l->out_count, x->m, x->n, outer, in, &out);
        offsets(l->sum, l->sum_count, x->k, -1, s, in, &unused);
        g.c = (float *)r->out[0]->data + out + row * m.out + panel * nr;
        for (int64_t from = 0; from < k.extent; from += K_BLOCK) {
            g.k = k.extent - from < K_BLOCK ? k.extent - from : K_BLOCK;
            g.b_panel = g.k * nr;
            g.a = (const float *)r->in[a]->data + in[a] + row * m.in[a] + from * k.in[a];
            const tenon__gemm_pack pack = {.dtype = TENON_F32,
                                           .b = (const float *)r->in[b]->data + in[b] +
                                                from * k.in[b] + panel * nr * n.in[b],
                                           .row = k.in[b],
                                           .col = n.in[b],
                                           .k = g.k,
                                           .n = g.n,
                                           .count = 1,
                                           .dst = packed};
            prep->row->pack(&pack);
            prep->row->run(&g);
            g.accumulate = true;
        }
    }
}

static void run_product(const tenon__run *r)
{
    const params *p = r->params;
    const product *x = &p->product;
    const int64_t total = p->outer * x->row_tiles * x->panels;
    const int64_t from = (int64_t)r->tile * p->per_tile;
    for (int64_t u = from; u < total && u < from + p->per_tile; u++)
        run_unit(r, u / x->panels / x->row_tiles, u / x->panels % x->row_tiles * x->rows,
                 u % x->panels);
}

/* ---- run: plainly --------------------------------------------------------------------------- */

/* The sum for one output element whose operands begin at x and y (NULL: none), over the loops that
 * sum; the innermost one is walked directly. */
#define SUM(name, type, acc)                                                                       \
    static void name(const tenon__einsum_loops *l, const void *xs, const void *ys, void *out)      \
    {                                                                                              \
        const tenon__einsum_loop one = {.extent = 1};                                              \
        const tenon__einsum_loop inner = l->sum_count ? l->sum[l->sum_count - 1] : one;            \
        const int64_t sums = turns(l->sum, l->sum_count, l->sum_count - 1, -1);                    \
        acc sum = 0;                                                                               \
        for (int64_t s = 0; s < sums; s++) {                                                       \
            int64_t in[2] = {0, 0}, unused = 0;                                                    \
            offsets(l->sum, l->sum_count, l->sum_count - 1, -1, s, in, &unused);                   \
            const type *x = (const type *)xs + in[0], *y = ys ? (const type *)ys + in[1] : NULL;   \
            for (int64_t i = 0; i < inner.extent; i++)                                             \
                sum += y ? (acc)x[i * inner.in[0]] * (acc)y[i * inner.in[1]]                       \
                         : (acc)x[i * inner.in[0]];                                                \
        }                                                                                          \
        *(type *)out = (type)sum;                                                                  \
    }
SUM(sum_f32, float, double)
SUM(sum_f64, double, double)
SUM(sum_u8, uint8_t, uint64_t)
SUM(sum_u16, uint16_t, uint64_t)
SUM(sum_u32, uint32_t, uint64_t)
SUM(sum_u64, uint64_t, uint64_t)
#undef SUM

typedef void (*sum_fn)(const tenon__einsum_loops *l, const void *x, const void *y, void *out);

/* Integers wrap, so that the signed ones are summed as if they were not. */
static sum_fn sum_of(tenon_dtype dtype)
{
    if (dtype == TENON_F32) return sum_f32;
    if (dtype == TENON_F64) return sum_f64;
    switch (tenon_dtype_bits(dtype)) {
    case 8:
        return sum_u8;
    case 16:
        return sum_u16;
    case 32:
        return sum_u32;
    default:
        return sum_u64;
    }
}

static void run_plain(const tenon__run *r, int64_t from, int64_t to)
{
    const params *p = r->params;
    const tenon__einsum_loops *l = &p->loops;
    const int64_t size = tenon_dtype_bits(r->out[0]->dtype) / 8;
    const sum_fn sum = sum_of(r->out[0]->dtype);
    for (int64_t i = from; i < to; i++) {
        int64_t in[2] = {0, 0}, out = 0;
        offsets(l->out, l->out_count, -1, -1, i, in, &out);
        const uint8_t *y = r->in_count == 2 ? r->in[1]->data : NULL;
        sum(l, (const uint8_t *)r->in[0]->data + in[0] * size, y ? y + in[1] * size : NULL,
            (uint8_t *)r->out[0]->data + out * size);
    }
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    if (p->product.used) {
        run_product(r);
        return TENON_OK;
    }
    const int64_t total = tenon__view_count(r->out[0]), from = (int64_t)r->tile * p->per_tile;
    run_plain(r, from, total - from < p->per_tile ? total : from + p->per_tile);
    return TENON_OK;
}

#ifdef TENON_TEST_REF
/* The plain way, whatever the operands. */
static tenon_status ref(const tenon__run *r)
{
    params p = {0};
    tenon__run plain = *r;
    tenon_status st = tenon__einsum_loops_set(r->attrs, r->in, &p.loops, r->err);
    if (st) return st;
    plain.params = &p;
    run_plain(&plain, 0, tenon__view_count(r->out[0]));
    return TENON_OK;
}
#endif

static const tenon__import imports[] = {{"onnx", "", "Einsum", 12, 0, NULL}, {0}};

const tenon__op tenon__op_einsum = {.name = "Einsum",
                                    .doc = "Sums of products by an equation over labels",
                                    .min_inputs = 1,
                                    .max_inputs = 255,
                                    .min_outputs = 1,
                                    .max_outputs = 1,
                                    .flags = TENON__OP_WIDEN,
                                    .accuracy = TENON__SUMS,
                                    .imports = imports,
                                    .attrs_bytes = sizeof(tenon__einsum_equation),
                                    .prepared_bytes = sizeof(prepared),
                                    .params_bytes = sizeof(params),
                                    .read = read,
                                    .infer = infer,
                                    .expand = expand,
                                    .prepare = prepare,
                                    .bind = bind,
                                    .run = run,
                                    TENON__REF(ref)};
