/* SPDX-License-Identifier: Apache-2.0 */
/* Pass chain: element-wise operators behind one another -> Chain, to the same bits; not where a
 * value is read elsewhere too, or the shape grows on the way. */
#include "graphs.h"

static tenon__value_id node1(sample *s, const char *op, tenon__value_id x)
{
    return sample_node(s, op, IN(x), NULL, 0);
}

static tenon__value_id node2(sample *s, const char *op, tenon__value_id a, tenon__value_id b)
{
    return sample_node(s, op, IN(a, b), NULL, 0);
}

/* Operands of every kind: a number, one for each channel, a row, the whole shape, a value twice. */
static void operands(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__attr alpha = tenon__attr_of_float("alpha", 0.3f);
    tenon__value_id x = sample_input(&s, DIMS(2, 5, 9, 67)),
                    z = sample_input(&s, DIMS(2, 5, 9, 67));
    tenon__value_id y = node2(&s, "Mul", sample_scalar(&s, 1.7f), x);
    y = node2(&s, "Add", y, sample_weights(&s, DIMS(5, 1, 1), 0));
    y = node1(&s, "Sigmoid", y);
    y = node2(&s, "Sub", z, y);
    y = node2(&s, "Mul", y, y);
    y = sample_node(&s, "LeakyRelu", IN(node2(&s, "Sub", y, sample_weights(&s, DIMS(67), 0))),
                    &alpha, 1);
    y = node2(&s, "Max", x, y);
    sample_output(&s, sample_node(&s, "Clip", IN(y, sample_scalar(&s, -0.25f)), NULL, 0));
    check_pass(&s, "chain", "Mul Add Sigmoid Sub Mul Sub LeakyRelu Max Clip", "Chain", 0);
    sample_fini(&s);
}

/* More than one Chain holds; conditions and casts. */
static void long_and_mixed(void **state)
{
    (void)state;
    static const uint8_t condition[3] = {1, 0, 1};
    static const int32_t whole[12] = {5, -7, 11, 1, 2, 3, 4, -6, 8, 9, 0, 7};
    sample s;
    sample_init(&s);
    tenon__attr to = tenon__attr_of_int("to", 1);
    tenon__value_id x = sample_input(&s, DIMS(4, 3));
    tenon__value_id y =
        sample_node(&s, "Cast", IN(sample_const(&s, TENON_I32, DIMS(4, 3), whole)), &to, 1);
    y = node2(&s, "Mul", y, x);
    y = sample_node(&s, "Where",
                    IN(sample_const(&s, TENON_BOOL, DIMS(3), condition), y, sample_scalar(&s, 2)),
                    NULL, 0);
    for (int i = 0; i < 7; i++)
        y = node1(&s, "Tanh", node1(&s, "Neg", y));
    sample_output(&s, y);
    check_pass(&s, "chain",
               "Cast Mul Where Neg Tanh Neg Tanh Neg Tanh Neg Tanh Neg Tanh Neg Tanh Neg Tanh",
               "Chain Tanh", 0);
    sample_fini(&s);
}

/* In blocks of channels, the last of them not full, an operand for each channel among them. */
static void blocked(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__cpu_bits cpu;
    tenon__value_id x = sample_input(&s, DIMS(1, 19, 6, 7)),
                    w = sample_weights(&s, DIMS(21, 19, 3, 3), 0);
    tenon__value_id y = sample_node(&s, "Conv", IN(x, w), NULL, 0);
    y = node2(&s, "Mul", y, sample_weights(&s, DIMS(1, 21, 1, 1), 1));
    y = node2(&s, "Add", node1(&s, "Elu", y), sample_scalar(&s, 0.5f));
    sample_output(
        &s, sample_node(&s, "Conv", IN(y, sample_weights(&s, DIMS(4, 21, 1, 1), 0)), NULL, 0));
    must(tenon__cpu_mask("native", &cpu, &error));
    must(tenon__graph_sort(s.graph, &error));
    must(tenon__graph_infer(s.graph, &s.arena, &error));
    must(tenon__passes_run(s.graph, cpu, TENON__STANDARD, false, "layout", 1 << 28, &error));
    must(tenon__passes_run(s.graph, cpu, TENON__STANDARD, false, "dead", 1 << 28, &error));
    check_pass(&s, "chain", "ToBlocked BlockedConv Mul Elu Add BlockedConv FromBlocked",
               "ToBlocked BlockedConv Chain BlockedConv FromBlocked", 0);
    sample_fini(&s);
}

/* A value that is read twice, one that is an output, one that grows, integers. */
static void left_alone(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x = sample_input(&s, DIMS(4, 1)), e = node1(&s, "Exp", x);
    tenon__value_id shares = node1(&s, "Softmax", e), less = node1(&s, "Neg", e);
    sample_output(&s, node2(&s, "Mul", less, shares));
    sample_output(&s, node2(&s, "Add", node1(&s, "Sqrt", x), sample_weights(&s, DIMS(4, 9), 0)));
    sample_output(&s, e);
    check_pass(&s, "chain", "Exp Softmax Neg Mul Sqrt Add", "Exp Softmax Chain Sqrt Add", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(operands), CASE(long_and_mixed), CASE(blocked),
                                      CASE(left_alone)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
