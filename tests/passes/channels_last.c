/* SPDX-License-Identifier: Apache-2.0 */
/* Pass channels_last: QLinearConv -> QLinearConvLast, and what goes on between two of them. */
#include "graphs.h"

static tenon__value_id scale_of(sample *s, float x)
{
    return sample_scalar(s, x);
}

static tenon__value_id zero_of(sample *s, uint8_t x)
{
    return sample_const(s, TENON_U8, DIMS(-9), &x);
}

#define ZERO  zero_of(&s, 120)
#define SCALE scale_of(&s, 0.01f)

static tenon__attr ints(const char *name, size_t count, const int64_t *list)
{
    return (tenon__attr){
        .name = tenon__str_of(name), .type = TENON__ATTR_INTS, .count = count, .ints = list};
}

static tenon__value_id quantised(sample *s, tenon__value_id x)
{
    return sample_node(s, "QuantizeLinear", IN(x, scale_of(s, 0.01f), zero_of(s, 120)), NULL, 0);
}

static void finish(sample *s, tenon__value_id x)
{
    sample_output(
        s, sample_node(s, "DequantizeLinear", IN(x, scale_of(s, 0.01f), zero_of(s, 120)), NULL, 0));
}

/* A convolution by [outputs, channels / group, k, ...] with stride 1 and padding that keeps what
 * an odd kernel takes. */
static tenon__value_id convolution(sample *s, tenon__value_id x, const int64_t *dims, int64_t group)
{
    static const int64_t pads[] = {1, 1, 1, 1, 1, 1};
    const int rank = sample_rank(dims) - 2;
    const size_t n = (size_t)tenon__dims_product(dims, 0, rank + 2);
    const int8_t zero = 0;
    int8_t *w = malloc(n);
    for (size_t i = 0; i < n; i++)
        w[i] = (int8_t)(sample_number(s) * 255);
    const tenon__value_id weights = sample_const(s, TENON_I8, dims, w),
                          w_zero = sample_const(s, TENON_I8, DIMS(-9), &zero);
    free(w);
    const tenon__attr attrs[] = {tenon__attr_of_int("group", group),
                                 ints("pads", (size_t)rank * 2, pads)};
    return sample_node(s, "QLinearConv",
                       IN(x, scale_of(s, 0.01f), zero_of(s, 120), weights, scale_of(s, 0.01f),
                          w_zero, scale_of(s, 0.01f), zero_of(s, 120)),
                       attrs, dims[2] == 3 ? 2 : 1);
}

static tenon__value_id sum(sample *s, tenon__value_id a, tenon__value_id b)
{
    return sample_node(s, "QLinearAdd",
                       IN(a, scale_of(s, 0.01f), zero_of(s, 120), b, scale_of(s, 0.01f),
                          zero_of(s, 120), scale_of(s, 0.02f), zero_of(s, 120)),
                       NULL, 0);
}

static void goes_through_a_sum(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 5, 6, 7)));
    tenon__value_id a = convolution(&s, x, DIMS(40, 5, 1, 1), 1);
    tenon__value_id b = convolution(&s, a, DIMS(40, 1, 3, 3), 40);
    finish(&s, convolution(&s, sum(&s, a, b), DIMS(9, 40, 3, 3), 1));
    check_pass(&s, "channels_last",
               "QuantizeLinear QLinearConv QLinearConv QLinearAdd QLinearConv DequantizeLinear",
               "QuantizeLinear Transpose QLinearConvLast QLinearConvLast QLinearAdd "
               "QLinearConvLast Transpose DequantizeLinear",
               0);
    sample_fini(&s);
}

static void one_axis_too(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(1, 5, 30)));
    finish(&s, convolution(&s, x, DIMS(8, 5, 3), 1));
    check_pass(&s, "channels_last", "QuantizeLinear QLinearConv DequantizeLinear",
               "QuantizeLinear Transpose QLinearConvLast Transpose DequantizeLinear", 0);
    sample_fini(&s);
}

static void not_what_it_has_no_kernel_for(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(1, 6, 5, 5, 5)));
    finish(&s, convolution(&s, x, DIMS(4, 6, 3, 3, 3), 1));
    check_pass(&s, "channels_last", "QuantizeLinear QLinearConv DequantizeLinear",
               "QuantizeLinear QLinearConv DequantizeLinear", 0);
    sample_fini(&s);
}

static void groups_too(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 6, 5, 5)));
    x = convolution(&s, x, DIMS(4, 3, 3, 3), 2);
    finish(&s, convolution(&s, x, DIMS(12, 1, 1, 1), 4));
    check_pass(&s, "channels_last", "QuantizeLinear QLinearConv QLinearConv DequantizeLinear",
               "QuantizeLinear Transpose QLinearConvLast QLinearConvLast Transpose "
               "DequantizeLinear",
               0);
    sample_fini(&s);
}

static void goes_through_pools(void **state)
{
    (void)state;
    sample s;
    const tenon__attr attrs[] = {ints("kernel_shape", 2, (const int64_t[]){3, 2}),
                                 ints("strides", 2, (const int64_t[]){2, 1}),
                                 ints("pads", 4, (const int64_t[]){1, 0, 1, 1})};
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 5, 9, 8)));
    x = convolution(&s, x, DIMS(20, 5, 1, 1), 1);
    x = sample_node(&s, "MaxPool", IN(x), attrs, 3);
    x = sample_node(&s, "QLinearAveragePool", IN(x, SCALE, ZERO, scale_of(&s, 0.008f), ZERO), attrs,
                    3);
    x = sample_node(&s, "QLinearGlobalAveragePool", IN(x, SCALE, ZERO, scale_of(&s, 0.008f), ZERO),
                    NULL, 0);
    finish(&s, x);
    check_pass(&s, "channels_last",
               "QuantizeLinear QLinearConv MaxPool QLinearAveragePool QLinearGlobalAveragePool "
               "DequantizeLinear",
               "QuantizeLinear Transpose QLinearConvLast MaxPoolLast QLinearAveragePool "
               "QLinearGlobalAveragePool Transpose DequantizeLinear",
               0);
    sample_fini(&s);
}

static void goes_through_a_concat(void **state)
{
    (void)state;
    sample s;
    const tenon__attr axis[] = {tenon__attr_of_int("axis", -3)};
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 5, 6, 7)));
    tenon__value_id a = convolution(&s, x, DIMS(20, 5, 1, 1), 1);
    finish(&s, sample_node(&s, "QLinearConcat",
                           IN(SCALE, ZERO, a, scale_of(&s, 0.02f), ZERO, x, SCALE, ZERO), axis, 1));
    check_pass(&s, "channels_last", "QuantizeLinear QLinearConv QLinearConcat DequantizeLinear",
               "QuantizeLinear Transpose QLinearConvLast QLinearConcat Transpose DequantizeLinear",
               0);
    sample_fini(&s);
}

/* [N, C, 1, 1] times [N, C, H, W]. */
static void goes_through_a_gate(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 20, 6, 7))),
                    g = quantised(&s, sample_input(&s, DIMS(2, 20, 1, 1)));
    x = convolution(&s, x, DIMS(20, 1, 3, 3), 20);
    x = sample_node(&s, "QLinearMul", IN(x, SCALE, ZERO, g, SCALE, ZERO, SCALE, ZERO), NULL, 0);
    finish(&s, x);
    check_pass(&s, "channels_last",
               "QuantizeLinear QuantizeLinear QLinearConv QLinearMul DequantizeLinear",
               "QuantizeLinear QuantizeLinear Transpose QLinearConvLast Transpose QLinearMul "
               "Transpose DequantizeLinear",
               0);
    sample_fini(&s);
}

static void goes_through_floats_between(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(1, 5, 6, 7)));
    x = convolution(&s, x, DIMS(20, 5, 1, 1), 1);
    x = sample_node(&s, "DequantizeLinear", IN(x, SCALE, ZERO), NULL, 0);
    x = sample_node(&s, "HardSwish", IN(x), NULL, 0);
    finish(&s, convolution(&s, quantised(&s, x), DIMS(7, 20, 1, 1), 1));
    check_pass(&s, "channels_last",
               "QuantizeLinear QLinearConv DequantizeLinear HardSwish QuantizeLinear QLinearConv "
               "DequantizeLinear",
               "QuantizeLinear Transpose QLinearConvLast DequantizeLinear HardSwish QuantizeLinear "
               "QLinearConvLast Transpose DequantizeLinear",
               0);
    sample_fini(&s);
}

/* Bytes are turned, not what becomes of them. */
static void floats_that_leave_are_plain(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(1, 5, 6, 7)));
    x = convolution(&s, x, DIMS(20, 5, 1, 1), 1);
    x = sample_node(&s, "DequantizeLinear", IN(x, SCALE, ZERO), NULL, 0);
    x = sample_node(&s, "HardSwish", IN(x), NULL, 0);
    sample_output(&s, sample_node(&s, "Softmax", IN(x), NULL, 0));
    check_pass(&s, "channels_last", "QuantizeLinear QLinearConv DequantizeLinear HardSwish Softmax",
               "QuantizeLinear Transpose QLinearConvLast Transpose DequantizeLinear HardSwish "
               "Softmax",
               0);
    sample_fini(&s);
}

static void takes_the_transposes_of_the_file(void **state)
{
    (void)state;
    sample s;
    const tenon__attr first[] = {ints("perm", 4, (const int64_t[]){0, 3, 1, 2})},
                      last[] = {ints("perm", 4, (const int64_t[]){0, 2, 3, 1})};
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 6, 7, 5)));
    x = sample_node(&s, "Transpose", IN(x), first, 1);
    x = convolution(&s, x, DIMS(20, 5, 3, 3), 1);
    finish(&s, sample_node(&s, "Transpose", IN(x), last, 1));
    check_pass(&s, "channels_last",
               "QuantizeLinear Transpose QLinearConv Transpose DequantizeLinear",
               "QuantizeLinear QLinearConvLast Identity DequantizeLinear", 0);
    sample_fini(&s);
}

static void with_one_axis_they_look_alike(void **state)
{
    (void)state;
    sample s;
    const tenon__attr turn[] = {ints("perm", 3, (const int64_t[]){0, 2, 1})};
    sample_init(&s);
    tenon__value_id x = quantised(&s, sample_input(&s, DIMS(2, 30, 5)));
    x = convolution(&s, sample_node(&s, "Transpose", IN(x), turn, 1), DIMS(8, 5, 3), 1);
    finish(&s, sample_node(&s, "Transpose", IN(x), turn, 1));
    check_pass(&s, "channels_last",
               "QuantizeLinear Transpose QLinearConv Transpose DequantizeLinear",
               "QuantizeLinear QLinearConvLast Identity DequantizeLinear", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(goes_through_a_sum),
                                      CASE(one_axis_too),
                                      CASE(groups_too),
                                      CASE(not_what_it_has_no_kernel_for),
                                      CASE(goes_through_pools),
                                      CASE(goes_through_a_concat),
                                      CASE(goes_through_a_gate),
                                      CASE(goes_through_floats_between),
                                      CASE(floats_that_leave_are_plain),
                                      CASE(takes_the_transposes_of_the_file),
                                      CASE(with_one_axis_they_look_alike)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
