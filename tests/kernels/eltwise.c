/* SPDX-License-Identifier: Apache-2.0 */
/* Every element-wise row against the plain row of its formula and dtype. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/eltwise/eltwise.h"
#include "kernels/rows.h"
#include "tensor/convert.h"

static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 64, 100, 257};
#define COUNTS (sizeof counts / sizeof *counts)

/* Where the reference and a row may differ by more than a few units in the last place: sums that
 * cancel, compared with the largest result instead. */
static bool cancels(tenon__formula f)
{
    return f == TENON__F_GELU || f == TENON__F_GELU_TANH || f == TENON__F_HARD_SIGMOID ||
           f == TENON__F_HARD_SWISH;
}

static bool rounds(tenon__formula f)
{
    switch (f) {
    case TENON__F_COS:
    case TENON__F_ELU:
    case TENON__F_ERF:
    case TENON__F_EXP:
    case TENON__F_LOG:
    case TENON__F_MISH:
    case TENON__F_SIGMOID:
    case TENON__F_SIN:
    case TENON__F_SOFTPLUS:
    case TENON__F_SWISH:
    case TENON__F_TANH:
        return true;
    default:
        return cancels(f);
    }
}

static tenon_dtype result_of(const tenon__eltwise_row *row)
{
    switch (row->formula) {
    case TENON__F_TO_BF16:
        return TENON_BF16;
    case TENON__F_TO_F16:
        return TENON_F16;
    case TENON__F_TO_F32:
        return TENON_F32;
    case TENON__F_TO_I32:
        return TENON_I32;
    case TENON__F_TO_I64:
        return TENON_I64;
    case TENON__F_TO_BOOL:
        return TENON_BOOL;
    default:
        return tenon__formula_tests((tenon__formula)row->formula) ? TENON_BOOL
                                                                  : (tenon_dtype)row->dtype;
    }
}

static void compare(const tenon__eltwise_row *row, int64_t n, const void *got, const void *wanted)
{
    tenon_dtype dtype = result_of(row);
    char what[80];
    (void)snprintf(what, sizeof what, "%s of %lld %s",
                   tenon__formula_text((tenon__formula)row->formula), (long long)n,
                   tenon_dtype_text((tenon_dtype)row->dtype));
    bool real =
        dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_F16 || dtype == TENON_BF16;
    if (!real) {
        rows_same(what, got, wanted, (size_t)n * tenon_dtype_bits(dtype) / 8);
        return;
    }
    double eps = dtype == TENON_F64 ? 0x1p-52 : 0x1p-23, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        double w = fabs(tenon__get_f64(dtype, wanted, (size_t)i));
        largest = isfinite(w) && w > largest ? w : largest;
    }
    for (int64_t i = 0; i < n; i++) {
        double g = tenon__get_f64(dtype, got, (size_t)i),
               w = tenon__get_f64(dtype, wanted, (size_t)i);
        if (isnan(g) && isnan(w)) continue;
        double allowed = 0;
        if (rounds((tenon__formula)row->formula))
            allowed = cancels((tenon__formula)row->formula) ? 1e-6 * fmax(largest, 1)
                                                            : 6 * eps * fabs(w) + 0x1p-142;
        bool same_sign = w != 0 || signbit(g) == signbit(w) || rounds((tenon__formula)row->formula);
        if (!(g == w && same_sign) && !(fabs(g - w) <= allowed))
            fail_msg("%s: element %lld is %.9g, wanted %.9g", what, (long long)i, g, w);
    }
}

/* Operands that reach every branch of a formula, without what its dtype lacks. */
static void fill(void *x, tenon_dtype dtype, int64_t n, bool special)
{
    size_t bytes = tenon_dtype_bits(dtype) / 8;
    float scales[] = {1, 10, 100, 0.01f};
    if (dtype == TENON_F32) {
        rows_fill(x, (size_t)n, special ? ROWS_SPECIAL : ROWS_UNIFORM);
        for (int64_t i = 0; i < n; i++)
            ((float *)x)[i] *= scales[i % 4];
    } else if (dtype == TENON_F64) {
        for (int64_t i = 0; i < n; i++)
            ((double *)x)[i] = test_random_real(-10, 10);
    } else {
        rows_fill_bytes(x, (size_t)n * bytes);
        for (int64_t i = 0; dtype == TENON_BOOL && i < n; i++)
            ((uint8_t *)x)[i] &= 1;
    }
}

static void one(const tenon__eltwise_row *row, int64_t n, int form, bool special)
{
    const float p[TENON__FORMULA_PARAMETERS] = {0.75f, 1.5f, 1.25f, 0};
    tenon__formula formula = (tenon__formula)row->formula;
    const tenon__eltwise_row *ref = tenon__eltwise_find(0, formula, (tenon_dtype)row->dtype, NULL);
    int operands = tenon__formula_operands(formula);
    size_t bytes = tenon_dtype_bits((tenon_dtype)row->dtype) / 8,
           to = tenon_dtype_bits(result_of(row)) / 8;
    const void *x[TENON__FORMULA_OPERANDS];
    int step[TENON__FORMULA_OPERANDS] = {1, 1, 1};
    assert_non_null(ref);
    if (operands == 2 && form > 0) step[form - 1] = 0;
    if (formula == TENON__F_CLIP) step[1] = step[2] = form % 2;
    for (int k = 0; k < operands; k++) {
        tenon_dtype dtype =
            formula == TENON__F_WHERE && k == 0 ? TENON_BOOL : (tenon_dtype)row->dtype;
        int64_t count = step[k] ? n : 1;
        void *operand =
            rows_source((size_t)count * tenon_dtype_bits(dtype) / 8, bytes > 8 ? 8 : bytes);
        fill(operand, dtype, count, special);
        x[k] = operand;
    }
    void *got = rows_output((size_t)n * to, to > 8 ? 8 : to),
         *wanted = rows_output((size_t)n * to, to > 8 ? 8 : to);
    row->fn(got, x, step, n, p);
    ref->fn(wanted, x, step, n, p);
    compare(row, n, got, wanted);
    if (to == bytes && step[0] && formula != TENON__F_WHERE) { /* in place */
        memcpy(got, x[0], (size_t)n * to);
        x[0] = got;
        row->fn(got, x, step, n, p);
        compare(row, n, got, wanted);
    }
    rows_release();
}

static void all_formulas(const void *table)
{
    const tenon__eltwise_rows *t = table;
    for (size_t r = 0; r < t->count; r++) {
        const tenon__eltwise_row *row = &t->rows[r];
        if (row->dtype == TENON_STRING) /* of addresses: tests/ops has them */
            continue;
        for (size_t i = 0; i < COUNTS; i++)
            for (int form = 0; form < 3; form++)
                for (int special = 0; special < 2; special++)
                    one(row, counts[i], form, special != 0);
    }
}

static double error_in_ulps(float got, double wanted)
{
    if (isnan(wanted) || isinf(wanted) || wanted == 0)
        return (isnan(wanted) && isnan(got)) || (double)got == wanted ? 0 : 1e9;
    if (isinf(got) && fabs(wanted) > 3.4028234e38) return 0;
    int exponent;
    (void)frexp(wanted, &exponent);
    double ulp = ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
    return fabs((double)got - wanted) / ulp;
}

typedef struct function {
    tenon__formula formula;
    double (*exact)(double);
    double low, high, ulps;
} function;

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static double mish(double x)
{
    return x * tanh(x > 30 ? x : log1p(exp(x)));
}

/* Elementary functions over all they are for, in units of the last place. */
static void ulps(const void *table)
{
    static const function functions[] = {
        {TENON__F_EXP, exp, -104, 89, 2},  {TENON__F_LOG, log, 1e-38, 3e38, 2},
        {TENON__F_LOG, log, 0.3, 3, 2},    {TENON__F_TANH, tanh, -12, 12, 3},
        {TENON__F_ERF, erf, -5, 5, 3},     {TENON__F_SIN, sin, -10, 10, 2},
        {TENON__F_SIN, sin, -3e6, 3e6, 2}, {TENON__F_COS, cos, -10, 10, 2},
        {TENON__F_COS, cos, -3e6, 3e6, 2}, {TENON__F_SIGMOID, sigmoid, -105, 30, 3},
        {TENON__F_MISH, mish, -80, 40, 6}, {TENON__F_SOFTPLUS, softplus, -90, 90, 4},
    };
    const tenon__eltwise_rows *t = table;
    enum { COUNT = 4096 };
    float *x = rows_source(COUNT * sizeof *x, sizeof *x),
          *y = rows_output(COUNT * sizeof *y, sizeof *y);
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
        for (size_t r = 0; r < t->count; r++) {
            const tenon__eltwise_row *row = &t->rows[r];
            if (row->formula != functions[f].formula || row->dtype != TENON_F32) continue;
            double worst = 0;
            float where = 0;
            for (int round = 0; round < (test_long() ? 2000 : 40); round++) {
                for (int i = 0; i < COUNT; i++)
                    x[i] = (float)test_random_real(functions[f].low, functions[f].high);
                row->fn(y, (const void *[]){x}, (int[]){1}, COUNT, NULL);
                for (int i = 0; i < COUNT; i++) {
                    double e = error_in_ulps(y[i], functions[f].exact((double)x[i]));
                    where = e > worst ? x[i] : where;
                    worst = e > worst ? e : worst;
                }
            }
            if (worst > functions[f].ulps)
                fail_msg("%s is off by %.2f ulp at %.9g", tenon__formula_text(functions[f].formula),
                         worst, (double)where);
        }
    rows_release();
}

/* ---- benches ---- */

enum { LENGTH = 8192 };

typedef struct work {
    const tenon__eltwise_row *row;
    const void *x[TENON__FORMULA_OPERANDS];
    void *y;
} work;

static void run(void *ctx)
{
    static const int step[] = {1, 1, 1}, limits[] = {1, 0, 0};
    static const float p[] = {0.5f, 1, 1, 0};
    const work *w = ctx;
    w->row->fn(w->y, w->x, w->row->formula == TENON__F_CLIP ? limits : step, LENGTH, p);
}

static void cached(const void *table)
{
    const tenon__eltwise_rows *t = table;
    for (size_t r = 0; r < t->count; r++) {
        work w = {.row = &t->rows[r]};
        if (w.row->dtype == TENON_STRING) continue;
        int operands = tenon__formula_operands((tenon__formula)w.row->formula);
        double bytes = 0;
        for (int k = 0; k < operands; k++) {
            void *x = rows_source(LENGTH * 8, 64);
            fill(x, (tenon_dtype)w.row->dtype, LENGTH, false);
            w.x[k] = x;
            bytes += LENGTH * tenon_dtype_bits((tenon_dtype)w.row->dtype) / 8.0;
        }
        w.y = rows_output(LENGTH * 8, 64);
        bytes += LENGTH * tenon_dtype_bits(result_of(w.row)) / 8.0;
        char what[64];
        (void)snprintf(what, sizeof what, "%s %s",
                       tenon__formula_text((tenon__formula)w.row->formula),
                       tenon_dtype_text((tenon_dtype)w.row->dtype));
        rows_time(what, t->name, run, &w, LENGTH, bytes);
        rows_release();
    }
}

int main(int argc, char **argv)
{
    static const rows_check checks[] = {ROWS_CHECK(all_formulas), ROWS_CHECK(ulps)},
                            benches[] = {ROWS_CHECK(cached)};
    rows_family f = {.name = "eltwise"};
    static char names[ROWS_MAX][32];
    for (size_t i = 0; tenon__eltwise_tables[i]; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s_%zu", tenon__eltwise_tables[i]->name, i);
        rows_add(&f, names[i], tenon__eltwise_tables[i]->needs, tenon__eltwise_tables[i]);
    }
    return rows_main(argc, argv, &f, checks, TEST_COUNT(checks), benches, TEST_COUNT(benches));
}
