/* SPDX-License-Identifier: Apache-2.0 */
/* TfIdfVectorizer: how often each n-gram of a pool occurs in a list of tokens. ONNX
 * TfIdfVectorizer-9.
 *
 * X is [C] or [B, C] of strings (pool_strings) or int32 / int64 (pool_int64s); out is float32
 * [max(ngram_indexes) + 1], or one such row for each row of X. ngram_counts[i] is where the pool's
 * (i + 1)-grams begin, ngram_indexes the column of each n-gram. Counted are those of
 * min_gram_length to max_gram_length tokens, with 0 to max_skip_count tokens left out between
 * neighbours (single tokens once). mode: TF gives the count, IDF the n-gram's weight where it
 * occurs, TFIDF weight times count.
 *
 * Tiles are rows; each phase takes the n-grams that start within the next tokens of them. */
#include "opkit/index.h"
#include "opkit/lookup.h"

typedef struct gram {
    uint32_t first, size; /* in the pool */
} gram;

typedef struct attrs {
    enum { TF, IDF, TFIDF } mode;
    int64_t least, most, skips; /* tokens of an n-gram; left out */
    const tenon__str *strings;
    const int64_t *ints;
    const int64_t *columns; /* of each n-gram */
    const gram *grams;
    float *weights; /* of each column */
    int64_t width;
    tenon__lookup lookup;
} attrs;

typedef struct params {
    int64_t per_tile; /* rows */
    int64_t slice;    /* tokens of a phase */
    uint32_t phases;
} params;

/* Tokens of a row, `step` apart. */
typedef struct window {
    const tenon__view *x;
    int64_t first, step;
    uint32_t size;
} window;

static tenon__str pool_token(const attrs *a, size_t i)
{
    if (a->strings) return a->strings[i];
    return (tenon__str){(const char *)&a->ints[i], sizeof *a->ints};
}

static tenon__str window_token(const window *w, uint32_t k, int64_t *number)
{
    int64_t at = w->first + k * w->step;
    if (w->x->dtype == TENON_STRING) {
        tenon_string s = ((const tenon_string *)w->x->data)[at];
        return (tenon__str){s.data, s.size_bytes};
    }
    *number = tenon__index_at(w->x, at);
    return (tenon__str){(const char *)number, sizeof *number};
}

static bool equal(const void *keys, uint32_t number, const void *key)
{
    const attrs *a = keys;
    const window *w = key;
    int64_t scratch;
    if (a->grams[number].size != w->size) return false;
    for (uint32_t k = 0; k < w->size; k++)
        if (!tenon__str_equal(pool_token(a, a->grams[number].first + k),
                              window_token(w, k, &scratch)))
            return false;
    return true;
}

static tenon_status read_grams(const tenon__graph *graph, const tenon__node *node, attrs *a,
                               size_t pool, tenon_error *err)
{
    size_t starts_count, columns_count, weights_count, count = 0;
    const int64_t *starts = tenon__attr_ints(node, "ngram_counts", &starts_count);
    const float *weights = tenon__attr_floats(node, "weights", &weights_count);
    a->columns = tenon__attr_ints(node, "ngram_indexes", &columns_count);
    gram *grams = tenon__arena_zeroed(graph->arena, columns_count + 1, sizeof *grams);
    if (!grams) return tenon__fail(err, TENON_ENOMEM, "no memory for %zu n-grams", columns_count);
    for (size_t i = 0; i < starts_count; i++) {
        int64_t from = starts[i], to = i + 1 < starts_count ? starts[i + 1] : (int64_t)pool;
        if (from < 0 || to < from || to > (int64_t)pool || (to - from) % (int64_t)(i + 1))
            return tenon__fail(err, TENON_EFORMAT,
                               "ngram_counts does not divide a pool of %zu tokens", pool);
        for (; from < to; from += (int64_t)(i + 1), count++) {
            if (count >= columns_count)
                return tenon__fail(err, TENON_EFORMAT, "ngram_indexes is too short");
            grams[count] = (gram){(uint32_t)from, (uint32_t)(i + 1)};
        }
    }
    a->grams = grams;
    for (size_t i = 0; i < columns_count; i++) {
        if (a->columns[i] < 0 || a->columns[i] >= INT32_MAX)
            return tenon__fail(err, TENON_EFORMAT, "ngram_indexes has %lld",
                               (long long)a->columns[i]);
        if (a->columns[i] >= a->width) a->width = a->columns[i] + 1;
    }
    if (count != columns_count || (weights && weights_count != columns_count))
        return tenon__fail(err, TENON_EFORMAT, "%zu n-grams, %zu ngram_indexes and %zu weights",
                           count, columns_count, weights_count);
    a->weights = tenon__arena_alloc(graph->arena, (size_t)(a->width + 1) * sizeof *a->weights);
    if (!a->weights)
        return tenon__fail(err, TENON_ENOMEM, "no memory for %lld weights", (long long)a->width);
    for (int64_t i = 0; i < a->width; i++)
        a->weights[i] = 1;
    for (size_t i = 0; weights && i < weights_count; i++)
        a->weights[a->columns[i]] = weights[i];
    tenon_status st = tenon__lookup_init(&a->lookup, graph->arena, count, err);
    for (size_t i = 0; st == TENON_OK && i < count; i++) {
        uint64_t hash = 0;
        for (uint32_t k = 0; k < grams[i].size; k++) {
            tenon__str token = pool_token(a, grams[i].first + k);
            hash = tenon__hash64(token.data, token.size, hash);
        }
        tenon__lookup_add(&a->lookup, hash, (uint32_t)i);
    }
    return st;
}

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    attrs *a = out;
    tenon__str mode = tenon__attr_str(node, "mode", "");
    size_t strings_count, ints_count;
    a->strings = tenon__attr_strings(node, "pool_strings", &strings_count);
    a->ints = tenon__attr_ints(node, "pool_int64s", &ints_count);
    a->least = tenon__attr_int(node, "min_gram_length", 1);
    a->most = tenon__attr_int(node, "max_gram_length", 1);
    a->skips = tenon__attr_int(node, "max_skip_count", 0);
    a->mode = tenon__str_is(mode, "TFIDF") ? TFIDF : tenon__str_is(mode, "IDF") ? IDF : TF;
    if (a->mode == TF && !tenon__str_is(mode, "TF"))
        return tenon__fail(err, TENON_EFORMAT, "mode is '%.*s'; it must be TF, IDF or TFIDF",
                           TENON__STR_ARG(mode));
    if ((strings_count == 0) == (ints_count == 0))
        return tenon__fail(err, TENON_EFORMAT, "one of pool_strings and pool_int64s must be there");
    if (strings_count > UINT32_MAX || ints_count > UINT32_MAX)
        return tenon__fail(err, TENON_ELIMIT, "the pool is too large");
    if (a->least < 1 || a->most < a->least || a->skips < 0 || a->skips > INT32_MAX)
        return tenon__fail(err, TENON_EFORMAT,
                           "n-grams of %lld to %lld tokens with up to %lld skipped",
                           (long long)a->least, (long long)a->most, (long long)a->skips);
    return read_grams(graph, node, a, strings_count ? strings_count : ints_count, err);
}

static tenon_status infer(tenon__infer *c)
{
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t dims[2] = {a->width, a->width};
    tenon__infer_set(c, 0, TENON_F32, TENON__RANK_UNKNOWN, NULL);
    if (x->dtype != TENON_NONE &&
        (a->strings ? x->dtype != TENON_STRING : !tenon__is_index(x->dtype)))
        return tenon__fail(c->err, TENON_ETYPE, "the input is %s; the pool holds %s",
                           tenon_dtype_text(x->dtype), a->strings ? "strings" : "integers");
    if (tenon__infer_rank_unknown(c, 1)) return TENON_OK;
    if (x->rank > 2)
        return tenon__fail(c->err, TENON_ESHAPE, "the input has rank %d; it must be [C] or [B, C]",
                           x->rank);
    if (x->rank == 2) dims[0] = x->dims[0];
    tenon__infer_set(c, 0, TENON_F32, x->rank == 2 ? 2 : 1, dims);
    return TENON_OK;
}

/* About what the n-grams that start at one token take. */
static double start_ns(const attrs *a, int64_t tokens)
{
    const int64_t most = a->most < tokens ? a->most : tokens;
    const int64_t skips = a->skips < tokens ? a->skips : tokens;
    const double sizes = most < a->least ? 0 : (double)(most - a->least + 1);
    return 10 + (double)(skips + 1) * sizes * (50 + 10 * ((double)a->least + (double)most));
}

static tenon_status bind(tenon__bind *c)
{
    const double phase_ns = 50e3, most_phases = 1 << 20;
    const attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    params *p = c->params;
    const int64_t rows = x->rank == 2 ? x->dims[0] : 1,
                  tokens = x->rank == 0 ? 1 : x->dims[x->rank - 1];
    const double token_ns = start_ns(a, tokens), least = (double)tokens / most_phases;
    const double slice = phase_ns / token_ns > least ? phase_ns / token_ns : least + 1;
    p->slice = slice < 1 ? 1 : (int64_t)slice;
    p->phases = tokens > p->slice ? (uint32_t)((tokens - 1) / p->slice + 1) : 1;
    const double row_ns =
        token_ns * (double)(tokens < p->slice ? tokens : p->slice) + 0.5 * (double)a->width + 100;
    c->tiles = tenon__tiles(rows, row_ns, &p->per_tile);
    c->phases = p->phases;
    return TENON_OK;
}

/* Counts the n-grams of one size and step that start at tokens [from, to) of a row of `tokens`,
 * whose first is number `first`. */
static void count_grams(const attrs *a, window *w, int64_t first, int64_t tokens, int64_t from,
                        int64_t to, float *out)
{
    int64_t span = (int64_t)(w->size - 1) * w->step;
    for (int64_t start = from; start < to && start + span < tokens; start++) {
        uint64_t hash = 0;
        int64_t number;
        w->first = first + start;
        for (uint32_t k = 0; k < w->size; k++) {
            tenon__str token = window_token(w, k, &number);
            hash = tenon__hash64(token.data, token.size, hash);
        }
        uint32_t found = tenon__lookup_find(&a->lookup, hash, a, w, equal);
        if (found != TENON__NOT_FOUND) out[a->columns[found]] += 1;
    }
}

static void run_row(const attrs *a, const tenon__view *x, int64_t first, int64_t tokens,
                    int64_t from, int64_t to, float *out)
{
    for (int64_t skip = 0; skip <= a->skips && skip < tokens; skip++) {
        for (int64_t size = a->least; size <= a->most && size <= tokens; size++) {
            if (size == 1 && skip > 0) continue;
            window w = {x, first, skip + 1, (uint32_t)size};
            count_grams(a, &w, first, tokens, from, to, out);
        }
    }
}

static void weigh(const attrs *a, float *out)
{
    for (int64_t i = 0; i < a->width; i++) {
        if (a->mode == IDF) out[i] = out[i] > 0 ? a->weights[i] : 0;
        if (a->mode == TFIDF) out[i] *= a->weights[i];
    }
}

static tenon_status run(const tenon__run *r)
{
    const attrs *a = r->attrs;
    const params *p = r->params;
    const tenon__view *x = r->in[0];
    int64_t rows = x->rank == 2 ? x->dims[0] : 1;
    int64_t tokens = x->rank == 0 ? 1 : x->dims[x->rank - 1];
    int64_t row = r->tile * p->per_tile, end = row + p->per_tile;
    int64_t from = r->phase * p->slice, to = r->phase + 1 < p->phases ? from + p->slice : tokens;
    for (; row < end && row < rows; row++) {
        float *out = (float *)r->out[0]->data + row * a->width;
        if (r->phase == 0) memset(out, 0, (size_t)a->width * sizeof *out);
        run_row(a, x, row * tokens, tokens, from, to, out);
        if (r->phase + 1 == p->phases) weigh(a, out);
    }
    return TENON_OK;
}

static const tenon__import imports[] = {{"onnx", "", "TfIdfVectorizer", 9, 0, NULL}, {0}};

const tenon__op tenon__op_tf_idf_vectorizer = {
    .name = "TfIdfVectorizer",
    .doc = "How often the n-grams of a pool occur",
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
