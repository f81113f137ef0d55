/* SPDX-License-Identifier: Apache-2.0 */
/* Pass activation: Conv Relu -> Conv, and the other activations; not where the sum is read
 * elsewhere too. */
#include "graphs.h"

static void one(const char *op, const tenon__attr *attrs, uint32_t count, const char *before)
{
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(2, 8, 9, 7)),
                    w = sample_weights(&s, DIMS(16, 8, 3, 3), 0);
    tenon__value_id c = sample_node(&s, "Conv", IN(x, w), NULL, 0);
    tenon__value_id y =
        strcmp(op, "Clip") == 0
            ? sample_node(&s, op, IN(c, sample_scalar(&s, -0.2f), sample_scalar(&s, 0.3f)), NULL, 0)
            : sample_node(&s, op, IN(c), attrs, count);
    sample_output(&s, y);
    check_pass(&s, "activation", before, "Conv", 1e-6f);
    sample_fini(&s);
}

static void goes_into_a_convolution(void **state)
{
    (void)state;
    tenon__attr alpha = tenon__attr_of_float("alpha", 0.2f);
    one("Relu", NULL, 0, "Conv Relu");
    one("Clip", NULL, 0, "Conv Clip");
    one("LeakyRelu", &alpha, 1, "Conv LeakyRelu");
    one("HardSwish", NULL, 0, "Conv HardSwish");
    one("Sigmoid", NULL, 0, "Conv Sigmoid");
    one("Tanh", NULL, 0, "Conv Tanh");
    one("Gelu", NULL, 0, "Conv Gelu");
}

static void goes_into_a_matrix_product(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(5, 33)), w = sample_weights(&s, DIMS(33, 17), 0);
    sample_output(
        &s, sample_node(&s, "Relu", IN(sample_node(&s, "MatMul", IN(x, w), NULL, 0)), NULL, 0));
    check_pass(&s, "activation", "MatMul Relu", "MatMul", 1e-6f);
    sample_fini(&s);
}

static void stays_where_the_sum_is_read_too(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 4, 5, 5)),
                    w = sample_weights(&s, DIMS(4, 4, 1, 1), 0);
    tenon__value_id c = sample_node(&s, "Conv", IN(x, w), NULL, 0),
                    r = sample_node(&s, "Relu", IN(c), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(c, r), NULL, 0));
    check_pass(&s, "activation", "Conv Relu Add", "Conv Relu Add", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(goes_into_a_convolution),
                                      CASE(goes_into_a_matrix_product),
                                      CASE(stays_where_the_sum_is_read_too)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
