/* SPDX-License-Identifier: Apache-2.0 */
/* See reduce.h. */
#include "opkit/reduce.h"

#include <math.h>

#include "tensor/convert.h"

/* Columns folded at once: their accumulators lie on the stack. */
enum { COLUMNS = 256 };

tenon_status tenon__reduce_read(const tenon__graph *graph, const tenon__node *node, void *attrs,
                                tenon_error *err)
{
    tenon__reduce_attrs *a = attrs;
    size_t count;
    (void)graph;
    tenon_status st = tenon__attr_check(node, "axes", TENON__ATTR_INTS, err);
    if (st) return st;
    a->axes = tenon__attr_ints(node, "axes", &count);
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_EFORMAT, "axes has %zu numbers; at most %d axes exist", count,
                           TENON_MAX_RANK);
    a->axis_count = (int)count;
    a->keepdims = tenon__attr_int(node, "keepdims", 1) != 0;
    a->noop = tenon__attr_int(node, "noop_with_empty_axes", 0) != 0;
    return TENON_OK;
}

/* ---- shapes ---- */

static bool dtype_ok(tenon_dtype dtype, bool small)
{
    switch (dtype) {
    case TENON_F32:
    case TENON_F64:
    case TENON_F16:
    case TENON_BF16:
    case TENON_I32:
    case TENON_I64:
    case TENON_U32:
    case TENON_U64:
        return true;
    case TENON_I8:
    case TENON_U8:
    case TENON_BOOL:
        return small;
    default:
        return false;
    }
}

/* Marks the reduced axes of a tensor of this rank. */
static tenon_status mark(tenon__infer *c, const int64_t *axes, int count, int rank, bool *reduced)
{
    const tenon__reduce_attrs *a = c->attrs;
    for (int k = 0; k < rank; k++)
        reduced[k] = count <= 0 && !a->noop;
    for (int i = 0; i < count; i++) {
        int axis;
        tenon_status st = tenon__infer_axis(c, "axes", axes[i], rank, &axis);
        if (st) return st;
        reduced[axis] = true;
    }
    return TENON_OK;
}

tenon_status tenon__reduce_infer(tenon__infer *c, bool small)
{
    const tenon__reduce_attrs *a = c->attrs;
    const tenon__view *x = c->in[0];
    int64_t from_input[TENON_MAX_RANK], dims[TENON_MAX_RANK];
    const int64_t *axes = a->axes;
    int count = a->axis_count;
    bool reduced[TENON_MAX_RANK];
    if (x->dtype != TENON_NONE && !dtype_ok(x->dtype, small))
        return tenon__fail(c->err, TENON_ETYPE, "cannot reduce %s; %s", tenon_dtype_text(x->dtype),
                           small ? "floats, 8-, 32- and 64-bit integers and bool can be"
                                 : "floats and 32- and 64-bit integers can be");
    c->out[0]->dtype = x->dtype;
    if (c->in_count > 1 && c->in[1]) {
        tenon_status st = tenon__infer_ints(c, 1, from_input, TENON_MAX_RANK, &count);
        if (st == TENON_EAGAIN && a->keepdims && x->rank >= 0) {
            for (int k = 0; k < x->rank; k++)
                dims[k] = TENON__DIM_UNKNOWN;
            tenon__infer_set(c, 0, x->dtype, x->rank, dims);
        }
        if (st) return st;
        axes = from_input;
    }
    if (x->rank < 0) return TENON_OK;
    tenon_status st = mark(c, axes, count, x->rank, reduced);
    if (st) return st;
    int rank = 0;
    for (int k = 0; k < x->rank; k++)
        if (!reduced[k] || a->keepdims) dims[rank++] = reduced[k] ? 1 : x->dims[k];
    tenon__infer_set(c, 0, x->dtype, rank, dims);
    return TENON_OK;
}

/* The axes once more, from where infer had them: they are known and in range by now. */
static void axes_known(const tenon__reduce_attrs *a, uint32_t in_count,
                       const tenon__view *const *in, bool *reduced)
{
    int rank = in[0]->rank;
    const tenon__view *v = in_count > 1 ? in[1] : NULL;
    int64_t count = v ? tenon__view_count(v) : a->axis_count;
    for (int k = 0; k < rank; k++)
        reduced[k] = count == 0 && !a->noop;
    for (int64_t i = 0; i < count; i++) {
        int64_t axis = v ? tenon__get_i64(v->dtype, v->data, (size_t)i) : a->axes[i];
        reduced[axis < 0 ? axis + rank : axis] = true;
    }
}

static void loop_add(tenon__reduce_loop *loop, int64_t dim, int64_t stride)
{
    loop->dims[loop->rank] = dim;
    loop->strides[loop->rank++] = stride;
}

/* Merges axes of the same fate; the innermost go to the kernel, the others into the two loops,
 * whose first dim is the innermost. */
static void set_loops(tenon__reduce_params *p, const tenon__view *x, const bool *reduced)
{
    int64_t dims[TENON_MAX_RANK], stride = 1;
    bool fate[TENON_MAX_RANK];
    int n = 0;
    for (int k = x->rank; k-- > 0;) {
        if (x->dims[k] == 1) continue;
        if (n && fate[n - 1] == reduced[k]) {
            dims[n - 1] *= x->dims[k];
        } else {
            dims[n] = x->dims[k];
            fate[n++] = reduced[k];
        }
    }
    int k = 0;
    p->kept.rank = p->reduced.rank = 0;
    p->inner = p->run = 1;
    p->columns = n == 0 || !fate[0];
    if (p->columns && n) stride = p->inner = dims[k++];
    p->run_stride = stride;
    if (k < n && fate[k]) {
        p->run = dims[k];
        stride *= dims[k++];
    }
    for (; k < n; k++) {
        loop_add(fate[k] ? &p->reduced : &p->kept, dims[k], stride);
        stride *= dims[k];
    }
}

tenon_status tenon__reduce_bind(tenon__bind *c)
{
    tenon__reduce_params *p = c->params;
    const tenon__view *x = c->in[0];
    bool reduced[TENON_MAX_RANK];
    axes_known(c->attrs, c->in_count, c->in, reduced);
    p->outputs = tenon__view_count(c->out[0]);
    p->folded = 1;
    p->columns = false;
    for (int k = 0; k < x->rank; k++)
        if (reduced[k]) p->folded *= x->dims[k];
    /* An empty tensor has nothing to walk over. */
    if (p->folded && p->outputs) set_loops(p, x, reduced);
    p->row = tenon__reduce_find(c->cpu);
    double cost_ns = 2 + (double)p->folded * (x->dtype == TENON_F32 ? 0.06 : 0.6);
    /* Whole vectors to a tile, so that few of them are cut. */
    int64_t unit = p->columns ? 64 : 1, per_tile = 0;
    c->tiles = tenon__tiles((p->outputs + unit - 1) / unit, cost_ns * (double)unit, &per_tile);
    p->per_tile = per_tile * unit;
    c->flops = (double)p->folded * (double)p->outputs;
    return TENON_OK;
}

/* ---- running ---- */

static int64_t offset_of(const tenon__reduce_loop *loop, int64_t index)
{
    int64_t at = 0;
    for (int k = 0; k < loop->rank - 1; k++) {
        at += index % loop->dims[k] * loop->strides[k];
        index /= loop->dims[k];
    }
    return loop->rank ? at + index * loop->strides[loop->rank - 1] : 0;
}

static int64_t loop_count(const tenon__reduce_loop *loop)
{
    int64_t count = 1;
    for (int k = 0; k < loop->rank; k++)
        count *= loop->dims[k];
    return count;
}

/* Folds outputs [at, at + n): neighbouring columns of one line, or any rows. */
static void fold(const tenon__reduce_params *p, const tenon__reduce_kernel *kernel,
                 const uint8_t *x, int64_t elem_bytes, int64_t at, int64_t n, const uint8_t *shift,
                 uint8_t *acc, int64_t acc_bytes)
{
    int64_t count = p->folded ? loop_count(&p->reduced) : 0;
    for (int64_t i = 0; i < n && count; i += p->columns ? n : 1) {
        const uint8_t *from =
            x + (offset_of(&p->kept, (at + i) / p->inner) + (at + i) % p->inner) * elem_bytes;
        for (int64_t k = 0; k < count; k++) {
            const uint8_t *part = from + offset_of(&p->reduced, k) * elem_bytes;
            if (p->columns)
                kernel->cols(part, p->run, p->run_stride, n, shift, acc);
            else
                kernel->row(part, p->run, shift ? shift + i * acc_bytes : NULL,
                            acc + i * acc_bytes);
        }
    }
}

/* Numbers of f32 and f64 are finished in place; integers take the way through double. */
static void finish_values(tenon_dtype dtype, void *acc, int64_t n, tenon__reduce_finish finish,
                          int64_t folded)
{
    for (int64_t i = 0; i < n; i++) {
        if (dtype == TENON_F32) {
            float *v = (float *)acc + i;
            *v = finish == TENON__FINISH_MEAN   ? *v / (float)folded
                 : finish == TENON__FINISH_SQRT ? sqrtf(*v)
                                                : logf(*v);
        } else if (dtype == TENON_F64) {
            double *v = (double *)acc + i;
            *v = finish == TENON__FINISH_MEAN   ? *v / (double)folded
                 : finish == TENON__FINISH_SQRT ? sqrt(*v)
                                                : log(*v);
        }
    }
}

/* A double as an integer: NaN and what is out of range give the nearest end. */
static int64_t to_i64(double v)
{
    if (!(v > -9223372036854775808.0)) return INT64_MIN;
    if (v >= 9223372036854775808.0) return INT64_MAX;
    return (int64_t)v;
}

static void store_int(tenon_dtype dtype, void *dst, int64_t i, int64_t v)
{
    switch (dtype) {
    case TENON_I32:
        ((int32_t *)dst)[i] = (int32_t)(v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v);
        break;
    case TENON_U32:
        ((uint32_t *)dst)[i] = (uint32_t)(v > UINT32_MAX ? UINT32_MAX : v < 0 ? 0 : v);
        break;
    case TENON_U64:
        ((uint64_t *)dst)[i] = v < 0 ? 0 : (uint64_t)v;
        break;
    default:
        ((int64_t *)dst)[i] = v;
        break;
    }
}

static void finish_ints(tenon_dtype dtype, void *acc, int64_t n, tenon__reduce_finish finish,
                        int64_t folded)
{
    for (int64_t i = 0; i < n; i++) {
        if (finish == TENON__FINISH_MEAN) {
            if (dtype == TENON_U64)
                ((uint64_t *)acc)[i] = folded ? ((uint64_t *)acc)[i] / (uint64_t)folded : 0;
            else
                store_int(dtype, acc, i,
                          folded ? tenon__get_i64(dtype, acc, (size_t)i) / folded : 0);
        } else {
            double v = tenon__get_f64(dtype, acc, (size_t)i);
            store_int(dtype, acc, i, to_i64(finish == TENON__FINISH_SQRT ? sqrt(v) : log(v)));
        }
    }
}

static void finish_acc(tenon_dtype dtype, void *acc, int64_t n, tenon__reduce_finish finish,
                       int64_t folded)
{
    if (finish == TENON__FINISH_NONE) return;
    if (dtype == TENON_F32 || dtype == TENON_F64)
        finish_values(dtype, acc, n, finish, folded);
    else
        finish_ints(dtype, acc, n, finish, folded);
}

/* max -> what is taken off before exp: nothing where it is not finite. */
static void make_shift(tenon_dtype from, const void *max, tenon_dtype to, void *shift, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double m = tenon__get_f64(from, max, (size_t)i);
        if (!isfinite(m)) m = 0;
        if (to == TENON_F32)
            ((float *)shift)[i] = (float)m;
        else
            ((double *)shift)[i] = m;
    }
}

/* dst = log(acc) + shift. */
static void finish_log_sum_exp(tenon_dtype dtype, const void *acc, const void *shift, int64_t n,
                               void *dst)
{
    for (int64_t i = 0; i < n; i++) {
        if (dtype == TENON_F32)
            ((float *)dst)[i] = logf(((const float *)acc)[i]) + ((const float *)shift)[i];
        else if (dtype == TENON_F64)
            ((double *)dst)[i] = log(((const double *)acc)[i]) + ((const double *)shift)[i];
        else
            store_int(dtype, dst, i,
                      to_i64(log(((const double *)acc)[i]) + ((const double *)shift)[i]));
    }
}

static const tenon__reduce_kernel *kernel_of(const tenon__reduce_params *p, tenon_dtype dtype,
                                             tenon__reduction reduction)
{
    return dtype == TENON_F32 ? &p->row->f32[reduction] : tenon__reduce_plain(dtype, reduction);
}

/* Outputs [at, at + n), which fold takes together. */
static void reduce_group(const tenon__reduce_params *p, tenon_dtype dtype, const uint8_t *x,
                         int64_t at, int64_t n, void *dst, tenon__reduction reduction,
                         tenon__reduce_finish finish)
{
    int64_t elem_bytes = tenon_dtype_bits(dtype) / 8;
    const tenon__reduce_kernel *kernel = kernel_of(p, dtype, reduction);
    if (reduction != TENON__REDUCE_SUM_EXP) {
        tenon__reduce_start(dtype, reduction, dst, n);
        fold(p, kernel, x, elem_bytes, at, n, NULL, dst, elem_bytes);
        finish_acc(dtype, dst, n, finish, p->folded);
        return;
    }
    union {
        float f32[COLUMNS];
        double f64[COLUMNS];
        uint8_t bytes[COLUMNS * sizeof(double)];
    } shift, acc;
    tenon_dtype acc_dtype = tenon__reduce_acc_dtype(dtype, reduction);
    int64_t acc_bytes = tenon_dtype_bits(acc_dtype) / 8;
    tenon__reduce_start(dtype, TENON__REDUCE_MAX, dst, n);
    fold(p, kernel_of(p, dtype, TENON__REDUCE_MAX), x, elem_bytes, at, n, NULL, dst, elem_bytes);
    make_shift(dtype, dst, acc_dtype, &shift, n);
    tenon__reduce_start(acc_dtype, reduction, &acc, n);
    fold(p, kernel, x, elem_bytes, at, n, shift.bytes, acc.bytes, acc_bytes);
    finish_log_sum_exp(dtype, &acc, &shift, n, dst);
}

tenon_status tenon__reduce_run(const tenon__run *r, tenon__reduction reduction,
                               tenon__reduce_finish finish)
{
    const tenon__reduce_params *p = r->params;
    tenon_dtype dtype = r->in[0]->dtype;
    int64_t elem_bytes = tenon_dtype_bits(dtype) / 8;
    uint8_t *y = r->out[0]->data;
    int64_t at = (int64_t)r->tile * p->per_tile;
    int64_t end = p->outputs - at > p->per_tile ? at + p->per_tile : p->outputs;
    while (at < end) {
        int64_t n = end - at < COLUMNS ? end - at : COLUMNS;
        if (p->columns && p->folded && n > p->inner - at % p->inner) n = p->inner - at % p->inner;
        reduce_group(p, dtype, r->in[0]->data, at, n, y + at * elem_bytes, reduction, finish);
        at += n;
    }
    return TENON_OK;
}
