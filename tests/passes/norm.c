/* SPDX-License-Identifier: Apache-2.0 */
/* Pass norm: Conv BatchNormalization -> Conv. */
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

static void stays_behind_anything_else(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 6, 9, 9));
    sample_output(&s, normalised(&s, sample_node(&s, "Relu", IN(x), NULL, 0), 6));
    check_pass(&s, "norm", "Relu BatchNormalization", "Relu BatchNormalization", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(goes_into_the_weights),
                                      CASE(stays_behind_anything_else)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
