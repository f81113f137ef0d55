/* SPDX-License-Identifier: Apache-2.0 */
/* Pass bias: MatMul Add -> MatMul. */
#include "graphs.h"

static void of_a_matrix_product(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(2, 7, 20)), w = sample_weights(&s, DIMS(20, 12), 0);
    tenon__value_id c = sample_node(&s, "MatMul", IN(x, w), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(c, sample_weights(&s, DIMS(12), 0)), NULL, 0));
    check_pass(&s, "bias", "MatMul Add", "MatMul", 1e-6f);
    sample_fini(&s);
}

static void not_along_another_axis(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(2, 7, 20)), w = sample_weights(&s, DIMS(20, 12), 0);
    tenon__value_id c = sample_node(&s, "MatMul", IN(x, w), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(c, sample_weights(&s, DIMS(7, 1), 0)), NULL, 0));
    check_pass(&s, "bias", "MatMul Add", "MatMul Add", 0);
    sample_fini(&s);
}

/* As it was written before opset 7. */
static void not_along_a_named_axis(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.opset = 6;
    const tenon__attr old[2] = {tenon__attr_of_int("broadcast", 1), tenon__attr_of_int("axis", 0)};
    tenon__value_id x = sample_input(&s, DIMS(12, 20)), w = sample_weights(&s, DIMS(20, 12), 0);
    tenon__value_id c = sample_node(&s, "MatMul", IN(x, w), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(c, sample_weights(&s, DIMS(12), 0)), old, 2));
    check_pass(&s, "bias", "MatMul Add", "MatMul Add", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(of_a_matrix_product), CASE(not_along_another_axis),
                                      CASE(not_along_a_named_axis)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
