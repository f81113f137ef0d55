/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers. */
#include "opkit/random.h"

#include <math.h>

#include "tensor/convert.h"
#include "tensor/onnx_type.h"

/* ---- the generator ---- */

#define PERIOD 397

void tenon__twister_seed(tenon__twister *t, uint32_t seed)
{
    t->words[0] = seed;
    for (uint32_t i = 1; i < TENON__TWISTER_WORDS; i++)
        t->words[i] = 1812433253u * (t->words[i - 1] ^ t->words[i - 1] >> 30) + i;
    t->at = TENON__TWISTER_WORDS;
    t->has_spare = false;
    t->spare = 0;
}

static void twist(tenon__twister *t)
{
    uint32_t *w = t->words;
    for (uint32_t i = 0; i < TENON__TWISTER_WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % TENON__TWISTER_WORDS] & 0x7fffffffu);
        w[i] = w[(i + PERIOD) % TENON__TWISTER_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    t->at = 0;
}

static uint32_t next_word(tenon__twister *t)
{
    if (t->at == TENON__TWISTER_WORDS) twist(t);
    uint32_t y = t->words[t->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double tenon__twister_uniform(tenon__twister *t)
{
    uint32_t high = next_word(t) >> 5, low = next_word(t) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

double tenon__twister_normal(tenon__twister *t)
{
    double x, y, square;
    if (t->has_spare) {
        t->has_spare = false;
        return t->spare;
    }
    do {
        x = 2.0 * tenon__twister_uniform(t) - 1.0;
        y = 2.0 * tenon__twister_uniform(t) - 1.0;
        square = x * x + y * y;
    } while (square >= 1.0 || square == 0.0);
    double f = sqrt(-2.0 * log(square) / square);
    t->spare = f * x;
    t->has_spare = true;
    return f * y;
}

/* ---- what the operators share ---- */

/* Numbers of a phase. */
#define PART 8192
/* Numbers that are converted at a time; sub-byte elements start on whole bytes. */
#define BLOCK 256

static uint32_t seed_of(const tenon__node *node)
{
    if (!tenon__attr_find(node, "seed"))
        return node->output_count ? node->outputs[0] * 2654435761u : 0;
    float seed = tenon__attr_float(node, "seed", 0);
    if (seed >= 0 && seed < 4294967296.0f) return (uint32_t)seed;
    uint32_t bits;
    memcpy(&bits, &seed, sizeof bits);
    return bits;
}

tenon_status tenon__random_read(const tenon__node *node, int64_t fallback,
                                tenon__random_attrs *attrs, tenon_error *err)
{
    tenon_status status = tenon__attr_check(node, "dtype", TENON__ATTR_INT, err);
    if (!status) status = tenon__attr_check(node, "seed", TENON__ATTR_FLOAT, err);
    if (status) return status;
    attrs->seed = seed_of(node);
    int64_t type = tenon__attr_int(node, "dtype", fallback);
    attrs->dtype = type ? tenon__dtype_of_onnx(type) : TENON_NONE;
    if (type && (attrs->dtype == TENON_NONE || attrs->dtype == TENON_STRING))
        return tenon__fail(err, TENON_EFORMAT, "dtype %lld is no type of numbers", (long long)type);
    return TENON_OK;
}

tenon_status tenon__random_read_range(const tenon__node *node, bool uniform,
                                      tenon__random_attrs *attrs, tenon_error *err)
{
    const char *first = uniform ? "low" : "mean", *second = uniform ? "high" : "scale";
    tenon_status status = tenon__attr_check(node, first, TENON__ATTR_FLOAT, err);
    if (!status) status = tenon__attr_check(node, second, TENON__ATTR_FLOAT, err);
    attrs->low = (double)tenon__attr_float(node, first, 0.0f);
    attrs->span = (double)tenon__attr_float(node, second, 1.0f);
    if (uniform) attrs->span -= attrs->low;
    return status;
}

tenon_status tenon__random_read_shape(const tenon__node *node, tenon__random_attrs *attrs,
                                      tenon_error *err)
{
    size_t count;
    tenon_status status = tenon__attr_check(node, "shape", TENON__ATTR_INTS, err);
    if (status) return status;
    const int64_t *dims = tenon__attr_ints(node, "shape", &count);
    if (count > TENON_MAX_RANK)
        return tenon__fail(err, TENON_ELIMIT, "shape has %zu dims; at most %d are allowed", count,
                           TENON_MAX_RANK);
    for (size_t i = 0; i < count; i++) {
        if (dims[i] < 0)
            return tenon__fail(err, TENON_EFORMAT, "shape has a dim of %lld", (long long)dims[i]);
        attrs->dims[i] = dims[i];
    }
    attrs->rank = (int)count;
    return TENON_OK;
}

tenon_status tenon__random_infer(tenon__infer *c)
{
    const tenon__random_attrs *a = c->attrs;
    if (!c->in_count) {
        tenon__infer_set(c, 0, a->dtype, a->rank, a->dims);
        return TENON_OK;
    }
    const tenon__view *in = c->in[0];
    if (in->kind != TENON_VALUE_TENSOR || in->dtype == TENON_STRING)
        return tenon__fail(c->err, TENON_ETYPE, "the input is no tensor of numbers");
    tenon__infer_set(c, 0, a->dtype == TENON_NONE ? in->dtype : a->dtype, in->rank, in->dims);
    return TENON_OK;
}

tenon_status tenon__random_bind(tenon__bind *c)
{
    tenon__random_params *p = c->params;
    p->count = tenon__view_count(c->out[0]);
    if (p->count < 0 || (p->count + PART - 1) / PART > UINT32_MAX)
        return tenon__fail(c->err, TENON_ELIMIT, "too many numbers");
    c->tiles = p->count > 0;
    c->phases = (uint32_t)((p->count + PART - 1) / PART);
    c->work_bytes = sizeof(tenon__twister);
    return TENON_OK;
}

tenon_status tenon__random_fill(const tenon__run *r, tenon__random_next next)
{
    const tenon__random_attrs *a = r->attrs;
    const tenon__random_params *p = r->params;
    tenon__twister *t = r->work;
    double block[BLOCK];
    if (r->phase == 0) tenon__twister_seed(t, a->seed);
    int64_t begin = (int64_t)r->phase * PART,
            end = p->count - begin < PART ? p->count : begin + PART;
    size_t bits = tenon_dtype_bits(r->out[0]->dtype);
    tenon_status status = TENON_OK;
    for (int64_t i = begin; i < end && !status; i += BLOCK) {
        int64_t n = end - i < BLOCK ? end - i : BLOCK;
        for (int64_t k = 0; k < n; k++)
            block[k] = next(t, r, i + k);
        char *to = (char *)r->out[0]->data + (size_t)i * bits / 8;
        status = tenon__convert(TENON_F64, block, r->out[0]->dtype, to, 0, (size_t)n, true, r->err);
    }
    return status;
}

double tenon__random_next_uniform(tenon__twister *t, const tenon__run *r, int64_t i)
{
    const tenon__random_attrs *a = r->attrs;
    (void)i;
    return a->low + tenon__twister_uniform(t) * a->span;
}

double tenon__random_next_normal(tenon__twister *t, const tenon__run *r, int64_t i)
{
    const tenon__random_attrs *a = r->attrs;
    (void)i;
    return a->low + tenon__twister_normal(t) * a->span;
}
