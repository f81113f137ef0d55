/* SPDX-License-Identifier: Apache-2.0 */
/* Pass residual: Conv Add -> Conv, where the other operand has the same shape. */
#include "graphs.h"

static void joins_a_convolution(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 8, 6, 6)),
                    w = sample_weights(&s, DIMS(8, 8, 1, 1), 0);
    tenon__value_id r = sample_node(&s, "Relu", IN(x), NULL, 0),
                    c = sample_node(&s, "Conv", IN(r, w), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(c, x), NULL, 0));
    check_pass(&s, "residual", "Relu Conv Add", "Relu Conv", 1e-6f);
    sample_fini(&s);
}

static void not_where_it_would_be_repeated(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(2, 8, 6, 6)), z = sample_input(&s, DIMS(1, 8, 6, 6));
    tenon__value_id c =
        sample_node(&s, "Conv", IN(x, sample_weights(&s, DIMS(8, 8, 1, 1), 0)), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(c, z), NULL, 0));
    check_pass(&s, "residual", "Conv Add", "Conv Add", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(joins_a_convolution),
                                      CASE(not_where_it_would_be_repeated)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
