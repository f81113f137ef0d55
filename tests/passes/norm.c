/* SPDX-License-Identifier: Apache-2.0 */
/* Pass norm: Conv BatchNormalization Mul Add -> Conv; BatchNormalization -> Mul Add. */
#include "graphs.h"

static tenon__value_id normalised(sample *s, tenon__value_id c, int64_t channels)
{
    const int64_t *d = DIMS(channels);
    return sample_node(s, "BatchNormalization",
                       IN(c, sample_weights(s, d, 1), sample_weights(s, d, 0),
                          sample_weights(s, d, 0), sample_weights(s, d, 1)),
                       NULL, 0);
}

static void goes_into_the_weights(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 6, 9, 9)),
                    w = sample_weights(&s, DIMS(10, 6, 3, 3), 0);
    tenon__value_id c = sample_node(&s, "Conv", IN(x, w, sample_weights(&s, DIMS(10), 0)), NULL, 0);
    sample_output(&s, normalised(&s, c, 10));
    check_pass(&s, "norm", "Conv BatchNormalization", "Conv", 1e-5f);
    sample_fini(&s);
}

static void so_do_constants_per_channel(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(2, 6, 9, 9)),
                    w = sample_weights(&s, DIMS(10, 6, 3, 3), 0);
    tenon__value_id y = normalised(&s, sample_node(&s, "Conv", IN(x, w), NULL, 0), 10);
    y = sample_node(&s, "Mul", IN(y, sample_weights(&s, DIMS(10, 1, 1), 1)), NULL, 0);
    y = sample_node(&s, "Add", IN(sample_weights(&s, DIMS(1, 10, 1, 1), 0), y), NULL, 0);
    y = sample_node(&s, "Div", IN(y, sample_scalar(&s, 3)), NULL, 0);
    sample_output(&s,
                  sample_node(&s, "Sub", IN(y, sample_weights(&s, DIMS(10, 1, 1), 0)), NULL, 0));
    check_pass(&s, "norm", "Conv BatchNormalization Mul Add Div Sub", "Conv", 1e-5f);
    sample_fini(&s);
}

static void not_along_another_axis(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 4, 6, 6)),
                    w = sample_weights(&s, DIMS(6, 4, 1, 1), 0);
    tenon__value_id y = sample_node(&s, "Conv", IN(x, w), NULL, 0);
    y = sample_node(&s, "Add", IN(y, sample_weights(&s, DIMS(6), 0)), NULL, 0); /* of columns */
    y = sample_node(&s, "Mul", IN(y, sample_weights(&s, DIMS(6, 1), 0)), NULL, 0);
    sample_output(&s, y);
    check_pass(&s, "norm", "Conv Add Mul", "Conv Add Mul", 0);
    sample_fini(&s);
}

/* 3 / y is not linear in y, and y is read twice. */
static void not_what_is_not_linear(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 4, 6, 6)),
                    w = sample_weights(&s, DIMS(6, 4, 1, 1), 0);
    tenon__value_id y = sample_node(&s, "Conv", IN(x, w), NULL, 0);
    tenon__value_id z = sample_node(&s, "Div", IN(sample_scalar(&s, 3), y), NULL, 0);
    sample_output(&s, z);
    check_pass(&s, "norm", "Conv Div", "Conv Div", 0);
    sample_fini(&s);
    sample_init(&s);
    x = sample_input(&s, DIMS(1, 4, 6, 6));
    y = sample_node(&s, "Conv", IN(x, sample_weights(&s, DIMS(6, 4, 1, 1), 0)), NULL, 0);
    z = sample_node(&s, "Mul", IN(y, sample_scalar(&s, 3)), NULL, 0);
    sample_output(&s, sample_node(&s, "Add", IN(y, z), NULL, 0));
    check_pass(&s, "norm", "Conv Mul Add", "Conv Mul Add", 0);
    sample_fini(&s);
}

static void is_spelled_out_behind_anything_else(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 6, 9, 9));
    sample_output(&s, normalised(&s, sample_node(&s, "Relu", IN(x), NULL, 0), 6));
    check_pass(&s, "norm", "Relu BatchNormalization", "Relu Mul Add", 1e-6f);
    sample_fini(&s);
    sample_init(&s);
    tenon__value_id y = normalised(&s, sample_input(&s, DIMS(2, 6, 9)), 6);
    y = sample_node(&s, "Mul", IN(y, sample_weights(&s, DIMS(6, 1), 1)), NULL, 0);
    sample_output(&s, sample_node(&s, "Sub", IN(y, sample_scalar(&s, 2)), NULL, 0));
    check_pass(&s, "norm", "BatchNormalization Mul Sub", "Mul Add", 1e-6f);
    sample_fini(&s);
}

/* An axis as it was written before opset 7; a factor that is infinite. */
static void not_what_is_something_else(void **state)
{
    (void)state;
    for (int axis = 0; axis < 2; axis++) {
        sample s;
        sample_init(&s);
        s.opset = 6;
        const tenon__attr old[2] = {tenon__attr_of_int("broadcast", 1),
                                    tenon__attr_of_int("axis", 0)};
        tenon__value_id x = sample_input(&s, DIMS(4, 3, 6, 6)),
                        w = sample_weights(&s, DIMS(4, 3, 1, 1), 0);
        tenon__value_id c = sample_node(&s, "Conv", IN(x, w), NULL, 0);
        c = axis ? sample_node(&s, "Mul", IN(c, sample_weights(&s, DIMS(4, 1, 1), 0)), old, 2)
                 : sample_node(&s, "Div", IN(c, sample_scalar(&s, 0)), old, 1);
        sample_output(&s, axis ? c : sample_node(&s, "Tanh", IN(c), NULL, 0));
        check_pass(&s, "norm", axis ? "Conv Mul" : "Conv Div Tanh",
                   axis ? "Conv Mul" : "Conv Div Tanh", 0);
        sample_fini(&s);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(goes_into_the_weights),
                                      CASE(so_do_constants_per_channel),
                                      CASE(not_along_another_axis),
                                      CASE(not_what_is_not_linear),
                                      CASE(is_spelled_out_behind_anything_else),
                                      CASE(not_what_is_something_else)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
