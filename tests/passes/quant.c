/* SPDX-License-Identifier: Apache-2.0 */
/* Pass quant: DequantizeLinear, operator, QuantizeLinear -> the operator on bytes. */
#include "graphs.h"

#define STEP 0.01f
/* A step, beside the largest of averages. */
#define NEAR 0.1f

static tenon__value_id zero_of(sample *s)
{
    const uint8_t zero = 120;
    return sample_const(s, TENON_U8, DIMS(-9), &zero);
}

static tenon__value_id quantised(sample *s, tenon__value_id x)
{
    return sample_node(s, "QuantizeLinear", IN(x, sample_scalar(s, STEP), zero_of(s)), NULL, 0);
}

static tenon__value_id dequantised(sample *s, tenon__value_id x)
{
    return sample_node(s, "DequantizeLinear", IN(x, sample_scalar(s, STEP), zero_of(s)), NULL, 0);
}

/* An input that went through bytes. */
static tenon__value_id input(sample *s, const int64_t *dims)
{
    return dequantised(s, quantised(s, sample_input(s, dims)));
}

static void finish(sample *s, tenon__value_id x)
{
    sample_output(s, dequantised(s, quantised(s, x)));
}

static void depthwise_convolution(void **state)
{
    (void)state;
    sample s;
    const int8_t w[6 * 9] = {3, -4, 5, 100, -128, 127, 6, 7, -8, 9, 10, 11};
    const tenon__attr group = tenon__attr_of_int("group", 6);
    sample_init(&s);
    tenon__value_id x = input(&s, DIMS(1, 6, 7, 7)),
                    k = sample_const(&s, TENON_I8, DIMS(6, 1, 3, 3), w);
    k = sample_node(&s, "DequantizeLinear", IN(k, sample_scalar(&s, 0.005f)), NULL, 0);
    finish(&s, sample_node(&s, "Conv", IN(x, k), &group, 1));
    check_pass(&s, "quant",
               "QuantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear "
               "DequantizeLinear",
               "QuantizeLinear QLinearConv DequantizeLinear", NEAR);
    sample_fini(&s);
}

static void concat(void **state)
{
    (void)state;
    sample s;
    const tenon__attr axis = tenon__attr_of_int("axis", 1);
    sample_init(&s);
    tenon__value_id a = input(&s, DIMS(2, 3, 4)), b = input(&s, DIMS(2, 5, 4));
    finish(&s, sample_node(&s, "Concat", IN(a, b), &axis, 1));
    check_pass(&s, "quant",
               "QuantizeLinear DequantizeLinear QuantizeLinear DequantizeLinear Concat "
               "QuantizeLinear DequantizeLinear",
               "QuantizeLinear QuantizeLinear QLinearConcat DequantizeLinear", NEAR);
    sample_fini(&s);
    /* A piece that is no bytes keeps all of it in floats. */
    sample_init(&s);
    a = input(&s, DIMS(2, 3, 4));
    finish(&s, sample_node(&s, "Concat", IN(a, sample_input(&s, DIMS(2, 1, 4))), &axis, 1));
    check_pass(&s, "quant",
               "QuantizeLinear DequantizeLinear Concat QuantizeLinear DequantizeLinear",
               "QuantizeLinear DequantizeLinear Concat QuantizeLinear DequantizeLinear", 0);
    sample_fini(&s);
}

static void average_pool(void **state)
{
    (void)state;
    sample s;
    const tenon__attr attrs[] = {{.name = TENON__STR("kernel_shape"),
                                  .type = TENON__ATTR_INTS,
                                  .count = 2,
                                  .ints = (const int64_t[]){3, 3}},
                                 {.name = TENON__STR("pads"),
                                  .type = TENON__ATTR_INTS,
                                  .count = 4,
                                  .ints = (const int64_t[]){1, 1, 1, 1}},
                                 tenon__attr_of_int("count_include_pad", 1),
                                 tenon__attr_of_int("ceil_mode", 1)};
    static const char floats[] =
        "QuantizeLinear DequantizeLinear AveragePool QuantizeLinear DequantizeLinear";
    for (uint32_t n = 2; n <= 4; n++) {
        sample_init(&s);
        finish(&s, sample_node(&s, "AveragePool", IN(input(&s, DIMS(1, 4, 6, 7))), attrs, n));
        check_pass(&s, "quant", floats,
                   n < 4 ? "QuantizeLinear QLinearAveragePool DequantizeLinear" : floats, NEAR);
        sample_fini(&s);
    }
}

/* A scale for each column; not one for each row. */
static void columns(void **state)
{
    (void)state;
    sample s;
    static const struct {
        const char *op, *fused;
        int64_t axis, turned;
    } list[] = {{"MatMul", "QLinearMatMul", 1, 0},
                {"MatMul", "QLinearMatMul", -1, 0},
                {"MatMul", NULL, 0, 0},
                {"Gemm", "QGemm", 1, 0},
                {"Gemm", "QGemm", 0, 1},
                {"Gemm", NULL, 1, 1}};
    const float scales[6] = {0.001f, 0.002f, 0.003f, 0.004f, 0.005f, 0.006f};
    const int8_t w[36] = {3, -4, 5, 100, -128, 127, 6, 7, -8, 9, 10, 11, 50, -70};
    for (size_t i = 0; i < TEST_COUNT(list); i++) {
        const tenon__attr axis = tenon__attr_of_int("axis", list[i].axis),
                          turned = tenon__attr_of_int("transB", list[i].turned);
        char before[128], after[128];
        sample_init(&s);
        tenon__value_id x = input(&s, DIMS(4, 6)), b = sample_const(&s, TENON_I8, DIMS(6, 6), w);
        b = sample_node(&s, "DequantizeLinear", IN(b, sample_const(&s, TENON_F32, DIMS(6), scales)),
                        &axis, 1);
        finish(&s, sample_node(&s, list[i].op, IN(x, b), &turned, list[i].op[0] == 'G'));
        (void)snprintf(before, sizeof before,
                       "QuantizeLinear DequantizeLinear DequantizeLinear %s QuantizeLinear "
                       "DequantizeLinear",
                       list[i].op);
        (void)snprintf(after, sizeof after, "QuantizeLinear %s DequantizeLinear",
                       list[i].fused ? list[i].fused : "");
        check_pass(&s, "quant", before, list[i].fused ? after : before, NEAR);
        sample_fini(&s);
    }
}

/* A bias in other units than those of the sums, or that is no bias by column, stays outside. */
static void bias_in_other_units(void **state)
{
    (void)state;
    static const int8_t w[12] = {3, -4, 5, 100, -128, 127, 6, 7, -8, 9, 10, 11};
    static const int32_t b[4] = {1000, -2000, 300, 0};
    static const float units = STEP * 0.005f;
    for (int how = 0; how < 4; how++) {
        const bool fits = how == 0;
        sample s;
        sample_init(&s);
        tenon__value_id x = input(&s, DIMS(4, 3)), zero = sample_const(&s, TENON_I32, DIMS(-9), b),
                        k = sample_const(&s, TENON_I8, DIMS(3, 4), w), bias;
        k = sample_node(&s, "DequantizeLinear", IN(k, sample_scalar(&s, 0.005f)), NULL, 0);
        bias = sample_const(&s, TENON_I32, DIMS(4), b);
        if (how == 2)
            bias = sample_node(&s, "DequantizeLinear", IN(bias, sample_scalar(&s, units), zero),
                               NULL, 0);
        else if (how == 3)
            bias = sample_weights(&s, DIMS(4, 1), 0);
        else
            bias = sample_node(&s, "DequantizeLinear",
                               IN(bias, sample_scalar(&s, fits ? units : 3 * units)), NULL, 0);
        finish(&s, sample_node(&s, "Gemm", IN(x, k, bias), NULL, 0));
        const char *ops =
            how == 3 ? "QuantizeLinear DequantizeLinear DequantizeLinear Gemm QuantizeLinear "
                       "DequantizeLinear"
                     : "QuantizeLinear DequantizeLinear DequantizeLinear DequantizeLinear Gemm "
                       "QuantizeLinear DequantizeLinear";
        check_pass(&s, "quant", ops, fits ? "QuantizeLinear QGemm DequantizeLinear" : ops,
                   fits ? NEAR : 0);
        sample_fini(&s);
    }
}

/* However many values there are before it adds some: a bias and two zero points. */
static void adds_values(void **state)
{
    (void)state;
    static const int8_t w[4 * 3] = {3, -4, 5, 100, -128, 127, 6, 7, -8, 9, 10, 11};
    for (int spare = 0; spare < 48; spare++) {
        sample s;
        sample_init(&s);
        for (int i = 0; i < spare; i++)
            sample_scalar(&s, 1);
        tenon__value_id x = input(&s, DIMS(1, 3, 5)),
                        k = sample_const(&s, TENON_I8, DIMS(4, 3, 1), w);
        k = sample_node(&s, "DequantizeLinear", IN(k, sample_scalar(&s, 0.005f)), NULL, 0);
        tenon__value_id y =
            sample_node(&s, "Conv", IN(x, k, sample_weights(&s, DIMS(4), 0)), NULL, 0);
        finish(&s, y);
        check_pass(&s, "quant",
                   "QuantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear "
                   "DequantizeLinear",
                   "QuantizeLinear QLinearConv DequantizeLinear", NEAR);
        sample_fini(&s);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(depthwise_convolution), CASE(concat),
                                      CASE(average_pool),          CASE(columns),
                                      CASE(bias_in_other_units),   CASE(adds_values)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
