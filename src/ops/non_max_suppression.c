/* SPDX-License-Identifier: Apache-2.0 */
/* NonMaxSuppression: of overlapping boxes the best. ONNX NonMaxSuppression-10, 11.
 *
 * boxes [B, N, 4] (y1, x1, y2, x2 of any two opposite corners, or, with center_point_box, x and y
 * of the middle, width, height), scores [B, C, N]; out [n, 3] int64: batch, class, box. Per batch
 * and class, boxes are taken by falling score (the lower index first), those above score_threshold,
 * if given, up to max_output_boxes_per_class (default 0: none), unless they overlap one already
 * taken by more than iou_threshold (default 0). float32. */
#include "opkit/index.h"
#include "tensor/convert.h"

typedef struct attrs {
    bool center;
} attrs;

typedef struct params {
    int64_t batches, classes, boxes;
    int64_t most; /* per batch and class */
} params;

static tenon_status read(const tenon__graph *graph, const tenon__node *node, void *out,
                         tenon_error *err)
{
    (void)graph;
    (void)err;
    ((attrs *)out)->center = tenon__attr_int(node, "center_point_box", 0) != 0;
    return TENON_OK;
}

static tenon_status check_scalar(const tenon__infer *c, uint32_t i, const char *what, bool integer)
{
    if (!TENON__HAS(c, i)) return TENON_OK;
    int64_t count = tenon__view_count(c->in[i]);
    if (count > 1)
        return tenon__fail(c->err, TENON_ESHAPE, "%s has %lld elements; it must be one number",
                           what, (long long)count);
    if (integer) return tenon__check_index(c, i, what);
    if (c->in[i]->dtype != TENON_F32 && c->in[i]->dtype != TENON_NONE)
        return tenon__fail(c->err, TENON_ETYPE, "%s is %s; it must be float32", what,
                           tenon_dtype_text(c->in[i]->dtype));
    return TENON_OK;
}

static tenon_status infer(tenon__infer *c)
{
    const tenon__view *boxes = c->in[0], *scores = c->in[1];
    int64_t dims[2] = {TENON__DIM_UNKNOWN, 3};
    tenon__infer_set(c, 0, TENON_I64, 2, dims);
    tenon_status st = tenon__check_rank(c, 0, 3, "boxes");
    if (st == TENON_OK) st = tenon__check_rank(c, 1, 3, "scores");
    if (st == TENON_OK) st = check_scalar(c, 2, "max_output_boxes_per_class", true);
    if (st == TENON_OK) st = check_scalar(c, 3, "iou_threshold", false);
    if (st == TENON_OK) st = check_scalar(c, 4, "score_threshold", false);
    if (st) return st;
    for (uint32_t i = 0; i < 2; i++)
        if (c->in[i]->dtype != TENON_F32 && c->in[i]->dtype != TENON_NONE)
            return tenon__fail(c->err, TENON_ETYPE, "input %u is %s; it must be float32", i,
                               tenon_dtype_text(c->in[i]->dtype));
    if (tenon__infer_rank_unknown(c, 2)) return TENON_OK;
    if (!tenon__dim_agrees(boxes->dims[0], scores->dims[0]) ||
        !tenon__dim_agrees(boxes->dims[1], scores->dims[2]) ||
        !tenon__dim_agrees(boxes->dims[2], 4)) {
        char a[120], b[120];
        return tenon__fail(
            c->err, TENON_ESHAPE, "boxes %s and scores %s must be [B, N, 4] and [B, C, N]",
            tenon__view_print(boxes, a, sizeof a), tenon__view_print(scores, b, sizeof b));
    }
    return TENON_OK;
}

/* The number in optional input i, or a default. */
static double scalar(const tenon__view *const *in, uint32_t count, uint32_t i, double fallback)
{
    if (i >= count || !in[i] || tenon__view_count(in[i]) == 0) return fallback;
    return in[i]->dtype == TENON_F32 ? tenon__get_f64(TENON_F32, in[i]->data, 0)
                                     : (double)tenon__get_i64(in[i]->dtype, in[i]->data, 0);
}

/* Work: a heap of boxes, the chosen boxes of a class, and all that was chosen. */
static tenon_status bind(tenon__bind *c)
{
    const tenon__view *boxes = c->in[0], *scores = c->in[1];
    params *p = c->params;
    size_t rows = 0;
    p->batches = boxes->dims[0];
    p->classes = scores->dims[1];
    p->boxes = boxes->dims[1];
    p->most = p->boxes;
    if (TENON__HAS(c, 2) && c->in[2]->known) {
        double most = scalar(c->in, c->in_count, 2, 0);
        p->most = most < 0 ? 0 : most < (double)p->boxes ? (int64_t)most : p->boxes;
    }
    if (!tenon__mul((size_t)p->batches, (size_t)p->classes, &rows) ||
        !tenon__mul(rows, (size_t)p->most, &rows) || !tenon__mul(rows, 3, &rows) ||
        !tenon__add(rows, 2 * (size_t)p->boxes + 1, &rows) ||
        !tenon__mul(rows, sizeof(int64_t), &c->work_bytes))
        return tenon__fail(c->err, TENON_ELIMIT,
                           "so many boxes could be chosen that they do not fit");
    return TENON_OK;
}

typedef struct box {
    float left, right, top, bottom;
} box;

static box box_of(const float *b, bool center)
{
    if (center) return (box){b[0] - b[2] / 2, b[0] + b[2] / 2, b[1] - b[3] / 2, b[1] + b[3] / 2};
    return (box){b[1] < b[3] ? b[1] : b[3], b[1] < b[3] ? b[3] : b[1], b[0] < b[2] ? b[0] : b[2],
                 b[0] < b[2] ? b[2] : b[0]};
}

static bool overlaps(const box *a, const box *b, float threshold)
{
    float left = a->left > b->left ? a->left : b->left,
          right = a->right < b->right ? a->right : b->right;
    float top = a->top > b->top ? a->top : b->top,
          bottom = a->bottom < b->bottom ? a->bottom : b->bottom;
    if (right <= left || bottom <= top) return false;
    float common = (right - left) * (bottom - top);
    float area_a = (a->right - a->left) * (a->bottom - a->top);
    float area_b = (b->right - b->left) * (b->bottom - b->top);
    float all = area_a + area_b - common;
    if (common <= 0 || area_a <= 0 || area_b <= 0 || all <= 0) return false;
    return common / all > threshold;
}

static bool is_better(const float *scores, int64_t i, int64_t j)
{
    return scores[i] > scores[j] || (scores[i] == scores[j] && i < j);
}

/* The heap's root is the best box. */
static void sift(const float *scores, int64_t *heap, int64_t count, int64_t at)
{
    int64_t item = heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && is_better(scores, heap[child + 1], heap[child])) child++;
        if (!is_better(scores, heap[child], item)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = item;
}

static int64_t heap_of(const float *scores, int64_t n, bool has_threshold, float threshold,
                       int64_t *heap)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) /* a NaN is above nothing, and has no place in an order */
        if (has_threshold ? scores[i] > threshold : scores[i] == scores[i]) heap[count++] = i;
    for (int64_t i = count / 2 - 1; i >= 0; i--)
        sift(scores, heap, count, i);
    return count;
}

static int64_t choose(const tenon__run *r, const float *boxes, const float *scores, int64_t most,
                      int64_t *heap, int64_t *chosen)
{
    const params *p = r->params;
    bool center = ((const attrs *)r->attrs)->center;
    float iou = (float)scalar(r->in, r->in_count, 3, 0);
    bool has_threshold = TENON__HAS(r, 4) && tenon__view_count(r->in[4]) > 0;
    float threshold = (float)scalar(r->in, r->in_count, 4, 0);
    int64_t count = most > 0 ? heap_of(scores, p->boxes, has_threshold, threshold, heap) : 0,
            found = 0;
    while (count > 0 && found < most) {
        int64_t best = heap[0];
        box b = box_of(boxes + 4 * best, center);
        bool taken = true;
        for (int64_t k = 0; taken && k < found; k++) {
            box other = box_of(boxes + 4 * chosen[k], center);
            taken = !overlaps(&b, &other, iou);
        }
        if (taken) chosen[found++] = best;
        heap[0] = heap[--count];
        if (count) sift(scores, heap, count, 0);
    }
    return found;
}

static tenon_status run(const tenon__run *r)
{
    const params *p = r->params;
    int64_t *heap = r->work, *chosen = heap + p->boxes, *all = chosen + p->boxes, total = 0;
    double limit = scalar(r->in, r->in_count, 2, 0);
    int64_t most = limit < 0 ? 0 : limit < (double)p->most ? (int64_t)limit : p->most;
    for (int64_t k = 0; k < p->batches * p->classes; k++) {
        int64_t batch = k / p->classes;
        const float *boxes = (const float *)r->in[0]->data + batch * p->boxes * 4;
        int64_t found = p->boxes ? choose(r, boxes, (const float *)r->in[1]->data + k * p->boxes,
                                          most, heap, chosen)
                                 : 0;
        for (int64_t i = 0; i < found; i++, total++) {
            all[3 * total] = batch;
            all[3 * total + 1] = k % p->classes;
            all[3 * total + 2] = chosen[i];
        }
    }
    const int64_t dims[2] = {total, 3};
    tenon_status st = r->services->resize(r->services->ctx, r->out[0], TENON_I64, 2, dims, r->err);
    if (st == TENON_OK && total) memcpy(r->out[0]->data, all, (size_t)total * 3 * sizeof *all);
    return st;
}

static const tenon__import imports[] = {{"onnx", "", "NonMaxSuppression", 10, 0, NULL}, {0}};

const tenon__op tenon__op_non_max_suppression = {
    .name = "NonMaxSuppression",
    .doc = "Of overlapping boxes the best",
    .min_inputs = 2,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .flags = TENON__OP_DYNAMIC | TENON__OP_HOST,
    .accuracy = TENON__EXACT,
    .imports = imports,
    .attrs_bytes = sizeof(attrs),
    .params_bytes = sizeof(params),
    .read = read,
    .infer = infer,
    .bind = bind,
    .run = run,
};
