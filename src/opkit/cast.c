/* SPDX-License-Identifier: Apache-2.0 */
/* What Cast and CastLike share. */
#include "opkit/cast.h"

#include <math.h>
#include <stdio.h>

#include "base/str.h"
#include "tensor/convert.h"

/* Tiles are whole numbers of these, so that packed elements start on whole bytes. */
#define GRAIN 64

tenon_status tenon__cast_read(const tenon__node *node, tenon__cast_attrs *attrs, tenon_error *err)
{
    tenon_status status = tenon__attr_check(node, "saturate", TENON__ATTR_INT, err);
    if (!status) status = tenon__attr_check(node, "round_mode", TENON__ATTR_STRING, err);
    if (status) return status;
    attrs->saturate = tenon__attr_int(node, "saturate", 1) != 0;
    tenon__str mode = tenon__attr_str(node, "round_mode", "up");
    if (tenon__str_is(mode, "up"))
        attrs->round = TENON__ROUND_UP;
    else if (tenon__str_is(mode, "down"))
        attrs->round = TENON__ROUND_DOWN;
    else if (tenon__str_is(mode, "nearest"))
        attrs->round = TENON__ROUND_NEAREST;
    else
        return tenon__fail(err, TENON_EFORMAT,
                           "round_mode is '%.*s'; it can be 'up', 'down' or 'nearest'",
                           TENON__STR_ARG(mode));
    return TENON_OK;
}

static bool is_complex(tenon_dtype dtype)
{
    return dtype == TENON_C64 || dtype == TENON_C128;
}

tenon_status tenon__cast_infer(tenon__infer *c)
{
    const tenon__cast_attrs *a = c->attrs;
    const tenon__view *in = c->in[0];
    tenon_dtype to = a->to;
    if (to == TENON_NONE && c->in_count > 1 && c->in[1]) to = c->in[1]->dtype;
    if (in->kind != TENON_VALUE_TENSOR)
        return tenon__fail(c->err, TENON_ETYPE, "the input is no tensor");
    if (in->dtype != to && (is_complex(in->dtype) || is_complex(to)) && in->dtype != TENON_NONE &&
        to != TENON_NONE)
        return tenon__fail(c->err, TENON_EUNSUPPORTED, "%s does not become %s",
                           tenon_dtype_text(in->dtype), tenon_dtype_text(to));
    tenon__infer_set(c, 0, to, in->rank, in->dims);
    c->out[0]->layout = in->layout;
    return TENON_OK;
}

/* The formula of a row, where there may be one. */
static bool formula_to(tenon_dtype to, tenon__formula *out)
{
    switch (to) {
    case TENON_F32:
        *out = TENON__F_TO_F32;
        return true;
    case TENON_F16:
        *out = TENON__F_TO_F16;
        return true;
    case TENON_BF16:
        *out = TENON__F_TO_BF16;
        return true;
    case TENON_I32:
        *out = TENON__F_TO_I32;
        return true;
    case TENON_I64:
        *out = TENON__F_TO_I64;
        return true;
    case TENON_BOOL:
        *out = TENON__F_TO_BOOL;
        return true;
    default:
        return false;
    }
}

tenon_status tenon__cast_bind(tenon__bind *c)
{
    tenon__cast_params *p = c->params;
    tenon_dtype from = c->in[0]->dtype, to = c->out[0]->dtype;
    double cost_ns = 4;
    tenon__formula formula;
    size_t bytes;
    p->fn = NULL;
    if (formula_to(to, &formula)) {
        const tenon__eltwise_row *row = tenon__eltwise_find(c->cpu, formula, from, NULL);
        if (row) {
            p->fn = row->fn;
            cost_ns = (double)row->cost_ns;
        }
    }
    if (!tenon__view_bytes(c->out[0], &bytes))
        return tenon__fail(c->err, TENON_ELIMIT, "the output's size overflows");
    p->count = c->out[0]->layout == TENON__PLAIN ? tenon__view_count(c->out[0])
                                                 : (int64_t)(bytes / (tenon_dtype_bits(to) / 8));
    if (from == TENON_STRING ||
        to == TENON_STRING) { /* takes memory, which one tile at a time may */
        p->per_tile = p->count;
        c->tiles = p->count > 0;
        return TENON_OK;
    }
    c->tiles = tenon__tiles((p->count + GRAIN - 1) / GRAIN, cost_ns * GRAIN, &p->per_tile);
    p->per_tile *= GRAIN;
    return TENON_OK;
}

/* ---- float8e8m0 ---- */

/* 2^(v - 127), of which there is no zero, no infinity and one NaN. */
static uint8_t to_e8m0(float x, bool saturate, tenon__round_mode mode)
{
    const uint8_t nan_bits = 0xff;
    if (isnan(x)) return nan_bits;
    if (isinf(x)) return x > 0 && saturate ? 0xfe : nan_bits;
    if (x <= 0) return saturate ? 0 : nan_bits;
    int exponent;
    float mantissa = frexpf(x, &exponent); /* in [1/2, 1) */
    bool up = mode == TENON__ROUND_UP ? mantissa > 0.5f
                                      : mode == TENON__ROUND_NEAREST && mantissa >= 0.75f;
    int v = exponent - 1 + up + 127;
    if (v < 0) return saturate ? 0 : nan_bits;
    if (v > 0xfe) return saturate ? 0xfe : nan_bits;
    return (uint8_t)v;
}

static tenon_status cast_e8m0(const tenon__run *r, int64_t begin, int64_t end)
{
    const tenon__cast_attrs *a = r->attrs;
    const tenon__view *in = r->in[0];
    uint8_t *out = r->out[0]->data;
    float block[GRAIN];
    for (int64_t i = begin; i < end; i += GRAIN) {
        int64_t n = end - i < GRAIN ? end - i : GRAIN;
        const uint8_t *from =
            (const uint8_t *)in->data + (size_t)i * tenon_dtype_bits(in->dtype) / 8;
        tenon_status status =
            tenon__convert(in->dtype, from, TENON_F32, block, 0, (size_t)n, true, r->err);
        if (status) return status;
        for (int64_t k = 0; k < n; k++)
            out[i + k] = to_e8m0(block[k], a->saturate, a->round);
    }
    return TENON_OK;
}

/* ---- strings ---- */

#define TEXT_BYTES 40

/* The shortest digits that give x back as `dtype`, as numpy prints them: 0.1, 1.0, 1e-05, 1e+16.
 * Returns the length. */
static int print_real(tenon_dtype dtype, double x, char *text)
{
    char digits[40], mantissa[24];
    int exponent = 0, count = 0;
    if (isnan(x)) return snprintf(text, TEXT_BYTES, "nan");
    if (isinf(x)) return snprintf(text, TEXT_BYTES, x < 0 ? "-inf" : "inf");
    for (int precision = 0; precision < 17; precision++) {
        /* d.ddde+XX, whatever the locale's point is. */
        (void)snprintf(digits, sizeof digits, "%.*e", precision, fabs(x));
        const char *e = strchr(digits, 'e');
        exponent = 0;
        for (const char *s = e + 2; *s; s++)
            exponent = exponent * 10 + (*s - '0');
        exponent = e[1] == '-' ? -exponent : exponent;
        count = 0;
        for (const char *s = digits; s < e; s++)
            if (*s >= '0' && *s <= '9') mantissa[count++] = *s;
        mantissa[count] = '\0';
        double back;
        uint64_t stored;
        (void)snprintf(digits, sizeof digits, "%se%d", mantissa, exponent - count + 1);
        if (!tenon__parse_f64(tenon__str_of(digits), &back)) break;
        if (!tenon__convert(TENON_F64, &back, dtype, &stored, 0, 1, true, NULL) &&
            tenon__get_f64(dtype, &stored, 0) == fabs(x))
            break;
    }
    while (count > 1 && mantissa[count - 1] == '0')
        mantissa[--count] = '\0';
    const char *sign = signbit(x) ? "-" : "";
    if (exponent < -4 || exponent >= 16)
        return snprintf(text, TEXT_BYTES, "%s%c%s%se%c%02d", sign, mantissa[0],
                        count > 1 ? "." : "", mantissa + 1, exponent < 0 ? '-' : '+',
                        exponent < 0 ? -exponent : exponent);
    if (exponent < 0)
        return snprintf(text, TEXT_BYTES, "%s0.%.*s%s", sign, -exponent - 1, "0000", mantissa);
    if (count <= exponent + 1)
        return snprintf(text, TEXT_BYTES, "%s%s%.*s.0", sign, mantissa, exponent + 1 - count,
                        "0000000000000000");
    return snprintf(text, TEXT_BYTES, "%s%.*s.%s", sign, exponent + 1, mantissa,
                    mantissa + exponent + 1);
}

static bool is_real(tenon_dtype dtype)
{
    return dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_F16 || dtype == TENON_BF16 ||
           (dtype >= TENON_F8E4M3FN && dtype <= TENON_F8E8M0) || dtype == TENON_F4E2M1;
}

static int print_element(tenon_dtype dtype, const void *data, size_t index, char *text)
{
    if (dtype == TENON_BOOL)
        return snprintf(text, TEXT_BYTES, "%s", ((const uint8_t *)data)[index] ? "True" : "False");
    if (is_real(dtype)) return print_real(dtype, tenon__get_f64(dtype, data, index), text);
    int64_t v = tenon__get_i64(dtype, data, index);
    if (dtype == TENON_U64)
        return snprintf(text, TEXT_BYTES, "%llu", (unsigned long long)(uint64_t)v);
    return snprintf(text, TEXT_BYTES, "%lld", (long long)v);
}

static tenon_status to_strings(const tenon__run *r, int64_t count)
{
    const tenon__view *in = r->in[0];
    tenon_string *out = r->out[0]->data;
    char text[TEXT_BYTES];
    if (!r->services)
        return tenon__fail(r->err, TENON_EUNSUPPORTED,
                           "strings are not made before the model runs");
    for (int64_t i = 0; i < count; i++) {
        int size = print_element(in->dtype, in->data, (size_t)i, text);
        char *copy = r->services->alloc(r->services->ctx, (size_t)size);
        if (!copy)
            return tenon__fail(r->err, TENON_ENOMEM, "no memory for %lld strings",
                               (long long)count);
        memcpy(copy, text, (size_t)size);
        out[i] = (tenon_string){copy, (size_t)size};
    }
    return TENON_OK;
}

static tenon__str trimmed(tenon_string s)
{
    tenon__str t = {s.data, s.size_bytes};
    while (t.size && (unsigned char)t.data[0] <= ' ') {
        t.data++;
        t.size--;
    }
    while (t.size && (unsigned char)t.data[t.size - 1] <= ' ')
        t.size--;
    return t;
}

static tenon_status from_strings(const tenon__run *r, int64_t count)
{
    const tenon__cast_attrs *a = r->attrs;
    const tenon_string *in = r->in[0]->data;
    tenon_dtype to = r->out[0]->dtype;
    for (int64_t i = 0; i < count; i++) {
        tenon__str text = trimmed(in[i]);
        int64_t whole;
        double real;
        tenon_status status;
        uint64_t element = 0;
        if (!is_real(to) && tenon__parse_i64(text, &whole))
            status = tenon__convert(TENON_I64, &whole, to, &element, 0, 1, a->saturate, r->err);
        else if (tenon__parse_f64(text, &real))
            status = tenon__convert(TENON_F64, &real, to, &element, 0, 1, a->saturate, r->err);
        else
            return tenon__fail(r->err, TENON_EFORMAT, "element %lld, '%.*s', is no number",
                               (long long)i, TENON__STR_ARG(text));
        if (status) return status;
        unsigned bits = tenon_dtype_bits(to);
        if (bits < 8) {
            uint8_t byte = (uint8_t)element;
            tenon__packed_set(to, r->out[0]->data, (size_t)i, tenon__packed_get(to, &byte, 0));
        } else {
            memcpy((char *)r->out[0]->data + (size_t)i * (bits / 8), &element, bits / 8);
        }
    }
    return TENON_OK;
}

/* ---- run ---- */

tenon_status tenon__cast_run(const tenon__run *r)
{
    const tenon__cast_attrs *a = r->attrs;
    const tenon__cast_params *p = r->params;
    const tenon__view *in = r->in[0], *out = r->out[0];
    int64_t begin = (int64_t)r->tile * p->per_tile, end = begin + p->per_tile;
    end = end < p->count ? end : p->count;
    size_t at = (size_t)begin * tenon_dtype_bits(in->dtype) / 8,
           to = (size_t)begin * tenon_dtype_bits(out->dtype) / 8;
    const void *from = (const char *)in->data + at;
    if (p->fn) {
        p->fn((char *)out->data + to, &from, (int[]){1}, end - begin, NULL);
        return TENON_OK;
    }
    if (in->dtype == out->dtype) {
        size_t bits = (size_t)(end - begin) * tenon_dtype_bits(in->dtype);
        memcpy((char *)out->data + to, from, (bits + 7) / 8);
        return TENON_OK;
    }
    if (out->dtype == TENON_STRING) return to_strings(r, p->count);
    if (in->dtype == TENON_STRING) return from_strings(r, p->count);
    if (out->dtype == TENON_F8E8M0) return cast_e8m0(r, begin, end);
    return tenon__convert(in->dtype, in->data, out->dtype, out->data, (size_t)begin,
                          (size_t)(end - begin), a->saturate, r->err);
}

int tenon__cast_blocked(const tenon__node *node, const void *attrs, const tenon__view *const *in,
                        uint32_t in_count, tenon__cpu_bits cpu)
{
    const tenon__cast_attrs *a = attrs;
    const uint32_t real = 1u << TENON_F32 | 1u << TENON_F16 | 1u << TENON_BF16;
    (void)node;
    (void)cpu;
    return in_count == 1 && in[0]->rank >= 3 && (real >> in[0]->dtype & 1) && (real >> a->to & 1);
}
