/* SPDX-License-Identifier: Apache-2.0 */
/* What the scattering operators share. */
#include "opkit/scatter.h"

#include "opkit/index.h"
#include "tensor/convert.h"

#define FOLD(name, type, expr)                                                                     \
    static void name##_##type(void *dst, const void *src, int64_t n)                               \
    {                                                                                              \
        type *d = dst;                                                                             \
        const type *s = src;                                                                       \
        for (int64_t i = 0; i < n; i++) {                                                          \
            type a = d[i], b = s[i];                                                               \
            d[i] = (type)(expr);                                                                   \
        }                                                                                          \
    }

#define FLOAT_FOLDS(name, type)                                                                    \
    FOLD(add, type, a + b)                                                                         \
    FOLD(mul, type, a *b)                                                                          \
    FOLD(max, type, a > b || a != a ? a : b)                                                       \
    FOLD(min, type, a < b || a != a ? a : b)
/* Unsigned 64-bit arithmetic wraps, and its low bits are those of the narrower type. */
#define INTEGER_FOLDS(name, type)                                                                  \
    FOLD(add, type, (uint64_t)a + (uint64_t)b)                                                     \
    FOLD(mul, type, (uint64_t)a *(uint64_t)b)                                                      \
    FOLD(max, type, a > b ? a : b)                                                                 \
    FOLD(min, type, a < b ? a : b)
FLOAT_FOLDS(, float)
FLOAT_FOLDS(, double)
TENON__INTEGER_MAP(INTEGER_FOLDS)

#define HALF_FOLD(name, half, expr)                                                                \
    static void name##_##half(void *dst, const void *src, int64_t n)                               \
    {                                                                                              \
        uint16_t *d = dst;                                                                         \
        const uint16_t *s = src;                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            float a = tenon__##half##_to_f32(d[i]), b = tenon__##half##_to_f32(s[i]);              \
            d[i] = tenon__f32_to_##half(expr);                                                     \
        }                                                                                          \
    }
#define HALF_FOLDS(half)                                                                           \
    HALF_FOLD(add, half, a + b)                                                                    \
    HALF_FOLD(mul, half, a *b)                                                                     \
    HALF_FOLD(max, half, a > b || a != a ? a : b)                                                  \
    HALF_FOLD(min, half, a < b || a != a ? a : b)
HALF_FOLDS(f16)
HALF_FOLDS(bf16)

tenon_status tenon__scatter_parse(tenon__str word, tenon__scatter_how *out, tenon_error *err)
{
    static const char *const words[] = {"none", "add", "mul", "max", "min"};
    for (int k = 0; k < 5; k++) {
        if (!tenon__str_is(word, words[k])) continue;
        *out = (tenon__scatter_how)k;
        return TENON_OK;
    }
    return tenon__fail(err, TENON_EFORMAT,
                       "reduction is '%.*s'; it must be none, add, mul, max or min",
                       TENON__STR_ARG(word));
}

tenon__scatter_fn tenon__scatter_find(tenon__scatter_how how, tenon_dtype dtype)
{
#define ROW(name, type)                                                                            \
    case name: {                                                                                   \
        static const tenon__scatter_fn fns[] = {NULL, add_##type, mul_##type, max_##type,          \
                                                min_##type};                                       \
        return fns[how];                                                                           \
    }
    switch (dtype) {
        TENON__NUMBER_MAP(ROW)
        ROW(TENON_F16, f16)
        ROW(TENON_BF16, bf16)
    default:
        return NULL;
    }
#undef ROW
}

tenon_status tenon__scatter_check(tenon__infer *c, tenon__scatter_how how, uint32_t updates)
{
    tenon_dtype dtype = c->in[0]->dtype;
    size_t elem;
    if (dtype == TENON_NONE) return TENON_OK;
    tenon_status st = tenon__elem_bytes(dtype, "scattering", &elem, c->err);
    if (st == TENON_OK) st = tenon__check_same(c, 0, updates);
    if (st) return st;
    if (how != TENON__SCATTER_SET && !tenon__scatter_find(how, dtype))
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "reductions of %s are not supported",
                           tenon_dtype_text(dtype));
    return TENON_OK;
}

void tenon__scatter_bind(tenon__bind *c, tenon__scatter *s, tenon__scatter_how how, int64_t updates)
{
    const tenon__view *in = c->in[0];
    int64_t bytes = tenon__view_count(in) * (tenon_dtype_bits(in->dtype) / 8);
    s->fn = tenon__scatter_find(how, in->dtype);
    s->copy_tiles = tenon__stretch_init(&s->stretch, bytes, 64);
    s->update_tiles = updates ? 1 : 0;
    c->phases = 2;
    c->tiles = s->copy_tiles;
}

uint32_t tenon__scatter_tiles(const void *params, uint32_t phase)
{
    const tenon__scatter *s = params;
    return phase == 0 ? s->copy_tiles : s->update_tiles;
}

void tenon__scatter_copy(const tenon__run *r, const tenon__scatter *s)
{
    int64_t from, to;
    tenon__stretch_tile(&s->stretch, r->tile, &from, &to);
    if (r->out[0]->data != r->in[0]->data)
        memcpy((uint8_t *)r->out[0]->data + from, (const uint8_t *)r->in[0]->data + from,
               (size_t)(to - from));
}
