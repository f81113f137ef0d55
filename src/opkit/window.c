/* SPDX-License-Identifier: Apache-2.0 */
/* The geometry of sliding windows. */
#include "opkit/window.h"

#define LARGEST INT32_MAX

static tenon_status read_list(const tenon__node *node, const char *name, int64_t least,
                              int per_axis, int64_t *out, tenon__window_attrs *a, bool *there,
                              tenon_error *err)
{
    size_t count;
    tenon_status st = tenon__attr_check(node, name, TENON__ATTR_INTS, err);
    if (st) return st;
    const int64_t *list = tenon__attr_ints(node, name, &count);
    *there = list && count;
    if (!*there) return TENON_OK;
    if (count % (size_t)per_axis || count / (size_t)per_axis > TENON__MAX_SPATIAL)
        return tenon__fail(err, TENON_EFORMAT,
                           "%s has %zu numbers; want %d for each of 1 to %d axes", name, count,
                           per_axis, TENON__MAX_SPATIAL);
    int rank = (int)count / per_axis;
    if (a->rank && a->rank != rank)
        return tenon__fail(err, TENON_EFORMAT, "%s speaks of %d axes, another list of %d", name,
                           rank, a->rank);
    a->rank = rank;
    for (size_t i = 0; i < count; i++) {
        if (list[i] < least || list[i] > LARGEST)
            return tenon__fail(err, TENON_EFORMAT, "%s has %lld; want %lld to %d", name,
                               (long long)list[i], (long long)least, LARGEST);
        out[i] = list[i];
    }
    return TENON_OK;
}

static tenon_status read_auto_pad(const tenon__node *node, tenon__window_attrs *a, tenon_error *err)
{
    tenon_status st = tenon__attr_check(node, "auto_pad", TENON__ATTR_STRING, err);
    if (st) return st;
    tenon__str mode = tenon__attr_str(node, "auto_pad", "NOTSET");
    if (tenon__str_is(mode, "NOTSET") || mode.size == 0)
        a->auto_pad = TENON__PAD_EXPLICIT;
    else if (tenon__str_is(mode, "SAME_UPPER"))
        a->auto_pad = TENON__PAD_SAME_UPPER;
    else if (tenon__str_is(mode, "SAME_LOWER"))
        a->auto_pad = TENON__PAD_SAME_LOWER;
    else if (tenon__str_is(mode, "VALID"))
        a->auto_pad = TENON__PAD_VALID;
    else
        return tenon__fail(err, TENON_EFORMAT,
                           "auto_pad is '%.*s'; want NOTSET, SAME_UPPER, SAME_LOWER or VALID",
                           TENON__STR_ARG(mode));
    return TENON_OK;
}

tenon_status tenon__window_read(const tenon__node *node, tenon__window_attrs *a, tenon_error *err)
{
    bool strides, dilations, pads;
    int64_t both[2 * TENON__MAX_SPATIAL];
    tenon_status st;
    *a = (tenon__window_attrs){0};
    if ((st = read_list(node, "kernel_shape", 1, 1, a->kernel, a, &a->has_kernel, err))) return st;
    if ((st = read_list(node, "strides", 1, 1, a->stride, a, &strides, err))) return st;
    if ((st = read_list(node, "dilations", 1, 1, a->dilation, a, &dilations, err))) return st;
    if ((st = read_list(node, "pads", 0, 2, both, a, &pads, err))) return st;
    if ((st = read_auto_pad(node, a, err))) return st;
    if ((st = tenon__attr_check(node, "ceil_mode", TENON__ATTR_INT, err))) return st;
    a->ceil_mode = tenon__attr_int(node, "ceil_mode", 0) != 0;
    for (int i = 0; i < TENON__MAX_SPATIAL; i++) {
        if (!strides) a->stride[i] = 1;
        if (!dilations) a->dilation[i] = 1;
        if (pads && i < a->rank) {
            a->before[i] = both[i];
            a->after[i] = both[a->rank + i];
        }
    }
    return TENON_OK;
}

static tenon_status common(const tenon__window_attrs *a, int rank, const int64_t *in,
                           const int64_t *kernel, tenon__window *out, tenon_error *err)
{
    if (rank < 1 || rank > TENON__MAX_SPATIAL)
        return tenon__fail(err, TENON_ESHAPE, "%d spatial axes; 1 to %d are supported", rank,
                           TENON__MAX_SPATIAL);
    if (a->rank && a->rank != rank)
        return tenon__fail(err, TENON_ESHAPE,
                           "the attributes speak of %d spatial axes, the input has %d", a->rank,
                           rank);
    if (!kernel && !a->has_kernel)
        return tenon__fail(err, TENON_EFORMAT, "kernel_shape is missing");
    out->rank = rank;
    for (int i = 0; i < rank; i++) {
        tenon__window_axis *x = &out->axis[i];
        *x = (tenon__window_axis){.in = in[i],
                                  .out = TENON__DIM_UNKNOWN,
                                  .kernel = a->has_kernel ? a->kernel[i] : kernel[i],
                                  .stride = a->stride[i],
                                  .dilation = a->dilation[i],
                                  .before = a->before[i],
                                  .after = a->after[i]};
        if (a->auto_pad != TENON__PAD_EXPLICIT) x->before = x->after = 0;
        if (kernel && kernel[i] >= 0 && kernel[i] != x->kernel)
            return tenon__fail(err, TENON_ESHAPE,
                               "kernel_shape has %lld on axis %d, the weights have %lld",
                               (long long)x->kernel, i, (long long)kernel[i]);
        if (x->kernel == 0 || x->kernel > LARGEST)
            return tenon__fail(err, TENON_ESHAPE, "a kernel of %lld on axis %d; want 1 to %d",
                               (long long)x->kernel, i, LARGEST);
        if (in[i] > INT64_MAX >> 2)
            return tenon__fail(err, TENON_ELIMIT, "an extent of %lld on spatial axis %d",
                               (long long)in[i], i);
    }
    return TENON_OK;
}

/* `total` positions of padding, the odd one after the input or before it. */
static void split(tenon__window_axis *x, int64_t total, bool upper)
{
    if (total < 0) total = 0;
    x->before = upper ? total / 2 : total - total / 2;
    x->after = total - x->before;
}

tenon_status tenon__window_fit(const tenon__window_attrs *a, int rank, const int64_t *in,
                               const int64_t *kernel, tenon__window *out, tenon_error *err)
{
    tenon_status st = common(a, rank, in, kernel, out, err);
    if (st) return st;
    for (int i = 0; i < rank; i++) {
        tenon__window_axis *x = &out->axis[i];
        if (x->in < 0 || x->kernel < 0) continue;
        int64_t reach = (x->kernel - 1) * x->dilation + 1;
        if (a->auto_pad == TENON__PAD_SAME_UPPER || a->auto_pad == TENON__PAD_SAME_LOWER) {
            x->out = x->in / x->stride + (x->in % x->stride != 0);
            if (x->out)
                split(x, (x->out - 1) * x->stride + reach - x->in,
                      a->auto_pad == TENON__PAD_SAME_UPPER);
            continue;
        }
        int64_t room = x->in + x->before + x->after - reach;
        if (room < 0)
            return tenon__fail(
                err, TENON_ESHAPE,
                "a kernel that reaches over %lld positions does not fit %lld + %lld of "
                "padding on spatial axis %d",
                (long long)reach, (long long)x->in, (long long)(x->before + x->after), i);
        x->out = room / x->stride + 1;
        if (a->ceil_mode && room % x->stride) x->out++;
        /* A window that would start in the padding behind the input does not count. */
        if (a->ceil_mode && x->out > 1 && (x->out - 1) * x->stride >= x->in + x->before) x->out--;
    }
    return TENON_OK;
}

tenon_status tenon__window_fit_transposed(const tenon__window_attrs *a, int rank, const int64_t *in,
                                          const int64_t *kernel, const int64_t *wanted,
                                          const int64_t *extra, tenon__window *out,
                                          tenon_error *err)
{
    tenon_status st = common(a, rank, in, kernel, out, err);
    if (st) return st;
    bool same = a->auto_pad == TENON__PAD_SAME_UPPER || a->auto_pad == TENON__PAD_SAME_LOWER;
    for (int i = 0; i < rank; i++) {
        tenon__window_axis *x = &out->axis[i];
        if (wanted && x->kernel < 0) x->out = wanted[i];
        if (x->in < 0 || x->kernel < 0) continue;
        int64_t reach = (x->kernel - 1) * x->dilation + 1, full;
        if (!tenon__mul_i64(x->stride, x->in > 0 ? x->in - 1 : 0, &full) ||
            !tenon__add_i64(full, reach + (extra ? extra[i] : 0), &full) || full > INT64_MAX >> 2)
            return tenon__fail(err, TENON_ELIMIT, "spatial axis %d grows beyond all bounds", i);
        if (wanted || same) {
            if (wanted)
                x->out = wanted[i];
            else if (!tenon__mul_i64(x->in, x->stride, &x->out))
                return tenon__fail(err, TENON_ELIMIT, "spatial axis %d grows beyond all bounds", i);
            split(x, full - x->out, a->auto_pad == TENON__PAD_SAME_UPPER);
            continue;
        }
        x->out = full - x->before - x->after;
        if (x->out < 1)
            return tenon__fail(err, TENON_ESHAPE,
                               "pads of %lld + %lld leave nothing of %lld positions on "
                               "spatial axis %d",
                               (long long)x->before, (long long)x->after, (long long)full, i);
    }
    return TENON_OK;
}

tenon_status tenon__window_rank(const tenon__infer *c, int least)
{
    const tenon__view *x = c->in[0];
    if (x->rank >= least && x->rank >= 2) return TENON_OK;
    return tenon__fail(c->err, TENON_ESHAPE,
                       "input 0 has rank %d; want [batch, channels, ...] of rank %d or more",
                       x->rank, least);
}
