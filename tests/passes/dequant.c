/* SPDX-License-Identifier: Apache-2.0 */
/* Pass dequant, and residual and activation behind it: MatMulInteger Cast Mul Add -> MatMulInteger.
 */
#include "graphs.h"

/* Bytes from the input: quantised with what is found in it. */
static tenon__value_id product_by(sample *s, tenon__value_id x, const int64_t *dims,
                                  tenon__value_id *scale)
{
    int8_t weights[12 * 17];
    for (size_t i = 0; i < sizeof weights; i++)
        weights[i] = (int8_t)(sample_number(s) * 254);
    const uint8_t zero = 3;
    tenon__attr to = tenon__attr_of_int("to", 1);
    *scale = sample_scalar(s, 1.0f / 255);
    tenon__value_id bytes = sample_node(
        s, "QuantizeLinear", IN(x, *scale, sample_const(s, TENON_U8, DIMS(-9), &zero)), NULL, 0);
    tenon__value_id sums = sample_node(
        s, "MatMulInteger", IN(bytes, sample_const(s, TENON_I8, dims, weights)), NULL, 0);
    return sample_node(s, "Cast", IN(sums), &to, 1);
}

static tenon__value_id product(sample *s, tenon__value_id x, tenon__value_id *scale)
{
    return product_by(s, x, DIMS(12, 17), scale);
}

static void scaled(void **state)
{
    (void)state;
    for (int by_column = 0; by_column < 2; by_column++) {
        sample s;
        sample_init(&s);
        tenon__value_id scale, x = sample_input(&s, DIMS(2, 5, 12)), y = product(&s, x, &scale);
        if (by_column) scale = sample_weights(&s, DIMS(17), 1);
        y = sample_node(&s, "Mul", by_column ? IN(scale, y) : IN(y, scale), NULL, 0);
        y = sample_node(&s, "Add", IN(sample_weights(&s, DIMS(17), 0), y), NULL, 0);
        sample_output(&s, y);
        check_pass(&s, "dequant", "QuantizeLinear MatMulInteger Cast Mul Add",
                   "QuantizeLinear MatMulInteger", 1e-6f);
        sample_fini(&s);
    }
}

static void scaled_with_tail(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id scale, x = sample_input(&s, DIMS(5, 12)), z = sample_input(&s, DIMS(5, 17)),
                           y = product(&s, x, &scale);
    y = sample_node(&s, "Mul", IN(y, scale), NULL, 0);
    y = sample_node(&s, "Add", IN(y, z), NULL, 0);
    sample_output(&s, sample_node(&s, "Relu", IN(y), NULL, 0));
    check_pass(&s, "dequant", "QuantizeLinear MatMulInteger Cast Mul Add Relu",
               "QuantizeLinear MatMulInteger Add Relu", 1e-6f);
    check_pass(&s, "residual", "QuantizeLinear MatMulInteger Add Relu",
               "QuantizeLinear MatMulInteger Relu", 1e-6f);
    check_pass(&s, "activation", "QuantizeLinear MatMulInteger Relu",
               "QuantizeLinear MatMulInteger", 1e-6f);
    sample_fini(&s);
}

/* A scale by row; sums that are read as integers too; sums that nobody scales. */
static void left_alone(void **state)
{
    (void)state;
    for (int why = 0; why < 3; why++) {
        sample s;
        sample_init(&s);
        tenon__value_id scale, x = sample_input(&s, DIMS(5, 12)), cast = product(&s, x, &scale), y;
        if (why == 0) scale = sample_weights(&s, DIMS(5, 1), 1);
        y = sample_node(&s, "Mul", IN(cast, why == 2 ? cast : scale), NULL, 0);
        sample_output(&s, y);
        if (why == 1) sample_output(&s, s.graph->nodes.items[1]->outputs[0]);
        const char *ops = "QuantizeLinear MatMulInteger Cast Mul";
        check_pass(&s, "dequant", ops, ops, 0);
        sample_fini(&s);
    }
}

/* The product by a vector has rows only, as many as there are scales. */
static void left_alone_by_a_vector(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id scale, x = sample_input(&s, DIMS(5, 12)),
                           y = product_by(&s, x, DIMS(12), &scale);
    sample_output(&s, sample_node(&s, "Mul", IN(y, sample_weights(&s, DIMS(5), 1)), NULL, 0));
    const char *ops = "QuantizeLinear MatMulInteger Cast Mul";
    check_pass(&s, "dequant", ops, ops, 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(scaled), CASE(scaled_with_tail), CASE(left_alone),
                                      CASE(left_alone_by_a_vector)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
