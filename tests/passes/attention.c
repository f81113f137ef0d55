/* SPDX-License-Identifier: Apache-2.0 */
/* Pass attention: MatMul, scale, mask, Softmax, MatMul -> Attend, in the forms that exporters
 * write; not where scores are read elsewhere too, or Softmax goes along another axis. */
#include "graphs.h"

static const int64_t heads_first[4] = {0, 2, 1, 3}, keys_last[4] = {0, 2, 3, 1},
                     turned[4] = {0, 1, 3, 2};

static tenon__value_id transpose(sample *s, tenon__value_id x, const int64_t *perm)
{
    tenon__attr attr = {
        .name = TENON__STR("perm"), .type = TENON__ATTR_INTS, .count = 4, .ints = perm};
    return sample_node(s, "Transpose", IN(x), &attr, 1);
}

static tenon__value_id node2(sample *s, const char *op, tenon__value_id a, tenon__value_id b)
{
    return sample_node(s, op, IN(a, b), NULL, 0);
}

/* Heads between rows and columns, scores divided, a mask added. */
static void early_form(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    tenon__value_id x[3];
    for (int i = 0; i < 3; i++)
        x[i] = sample_input(&s, DIMS(2, 21, 3, 16));
    tenon__value_id mask = sample_input(&s, DIMS(2, 1, 1, 21));
    tenon__value_id scores =
        node2(&s, "MatMul", transpose(&s, x[0], heads_first), transpose(&s, x[1], keys_last));
    scores = node2(&s, "Div", scores, sample_scalar(&s, 4));
    scores = node2(&s, "Add", scores, mask);
    tenon__value_id p = sample_node(&s, "Softmax", IN(scores), NULL, 0);
    sample_output(
        &s, transpose(&s, node2(&s, "MatMul", p, transpose(&s, x[2], heads_first)), heads_first));
    check_pass(&s, "attention",
               "Transpose Transpose MatMul Div Add Softmax Transpose MatMul Transpose", "Attend",
               1e-5f);
    sample_fini(&s);
}

/* The scale's root on both operands, computed from a shape; -inf where a condition does not hold;
 * rows of NaN made zeros. */
static void late_form(void **state)
{
    (void)state;
    static const uint8_t open[10] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0};
    sample s;
    sample_init(&s);
    tenon__value_id q = sample_input(&s, DIMS(2, 3, 9, 8)), k = sample_input(&s, DIMS(2, 3, 5, 8)),
                    v = sample_input(&s, DIMS(2, 3, 5, 8)), root = sample_input(&s, DIMS(1));
    tenon__value_id zero = sample_scalar(&s, 0), shut = sample_scalar(&s, -INFINITY);
    tenon__value_id condition = sample_const(&s, TENON_BOOL, DIMS(2, 1, 1, 5), open);
    tenon__value_id mask = sample_node(&s, "Where", IN(condition, zero, shut), NULL, 0);
    tenon__value_id by_k = node2(&s, "Mul", transpose(&s, k, turned), root),
                    by_q = node2(&s, "Mul", q, root);
    tenon__value_id scores = node2(&s, "MatMul", by_q, by_k);
    tenon__value_id p = sample_node(&s, "Softmax", IN(node2(&s, "Add", scores, mask)), NULL, 0);
    tenon__value_id nan = sample_node(&s, "IsNaN", IN(p), NULL, 0);
    tenon__value_id guarded = sample_node(&s, "Where", IN(nan, zero, p), NULL, 0);
    sample_output(&s, node2(&s, "MatMul", guarded, v));
    check_pass(&s, "attention", "Where Transpose Mul Mul MatMul Add Softmax IsNaN Where MatMul",
               "Where Mul Attend", 1e-5f);
    sample_fini(&s);
}

/* Scores replaced by a large negative number, either way round; keys given turned, as they are. */
static void filled(void **state)
{
    (void)state;
    static const uint8_t mask[15] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
    for (int keeps = 0; keeps < 2; keeps++) {
        sample s;
        sample_init(&s);
        tenon__value_id q = sample_input(&s, DIMS(4, 3, 8)), k = sample_input(&s, DIMS(8, 5)),
                        v = sample_input(&s, DIMS(4, 5, 7)), fill = sample_scalar(&s, -1e9f);
        tenon__value_id condition = sample_const(&s, TENON_BOOL, DIMS(3, 5), mask);
        tenon__value_id scores = node2(&s, "Mul", sample_scalar(&s, 3), node2(&s, "MatMul", q, k));
        scores = keeps ? sample_node(&s, "Where", IN(condition, scores, fill), NULL, 0)
                       : sample_node(&s, "Where", IN(condition, fill, scores), NULL, 0);
        sample_output(&s, node2(&s, "MatMul", sample_node(&s, "Softmax", IN(scores), NULL, 0), v));
        check_pass(&s, "attention", "MatMul Mul Where Softmax MatMul", "Attend", 1e-5f);
        sample_fini(&s);
    }
}

/* Scores that are an output too; Softmax down the queries; values that are constant. */
static void left_alone(void **state)
{
    (void)state;
    for (int why = 0; why < 3; why++) {
        sample s;
        sample_init(&s);
        tenon__attr axis = tenon__attr_of_int("axis", -2);
        tenon__value_id q = sample_input(&s, DIMS(3, 8)), k = sample_input(&s, DIMS(8, 5));
        tenon__value_id v =
            why == 2 ? sample_weights(&s, DIMS(5, 7), 0) : sample_input(&s, DIMS(5, 7));
        tenon__value_id scores = node2(&s, "MatMul", q, k);
        tenon__value_id p = sample_node(&s, "Softmax", IN(scores), &axis, why == 1);
        sample_output(&s, node2(&s, "MatMul", p, v));
        if (why == 0) sample_output(&s, scores);
        check_pass(&s, "attention", "MatMul Softmax MatMul", "MatMul Softmax MatMul", 0);
        sample_fini(&s);
    }
}

/* Constants of more dims than what they stand beside. */
static void left_alone_with_more_dims(void **state)
{
    (void)state;
    static const float fill = -1e9f, zero = 0;
    static const uint8_t mask[15] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
    for (int guard = 0; guard < 2; guard++) {
        sample s;
        sample_init(&s);
        tenon__value_id q = sample_input(&s, DIMS(3, 8)), k = sample_input(&s, DIMS(8, 5)),
                        v = sample_input(&s, DIMS(5, 7));
        tenon__value_id one = sample_const(&s, TENON_F32, DIMS(1, 1, 1), guard ? &zero : &fill);
        tenon__value_id x = node2(&s, "MatMul", q, k);
        if (!guard) {
            tenon__value_id condition = sample_const(&s, TENON_BOOL, DIMS(3, 5), mask);
            x = sample_node(&s, "Where", IN(condition, x, one), NULL, 0);
        }
        x = sample_node(&s, "Softmax", IN(x), NULL, 0);
        if (guard) {
            tenon__value_id nan = sample_node(&s, "IsNaN", IN(x), NULL, 0);
            x = sample_node(&s, "Where", IN(nan, one, x), NULL, 0);
        }
        sample_output(&s, node2(&s, "MatMul", x, v));
        const char *ops =
            guard ? "MatMul Softmax IsNaN Where MatMul" : "MatMul Where Softmax MatMul";
        check_pass(&s, "attention", ops, ops, 0);
        sample_fini(&s);
    }
}

/* A mask along the queries, as it was written before opset 7. */
static void left_alone_with_an_axis(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.opset = 6;
    const tenon__attr old[2] = {tenon__attr_of_int("broadcast", 1), tenon__attr_of_int("axis", 0)},
                      last = tenon__attr_of_int("axis", 1);
    tenon__value_id q = sample_input(&s, DIMS(5, 8)), k = sample_input(&s, DIMS(8, 5)),
                    v = sample_input(&s, DIMS(5, 7)), mask = sample_input(&s, DIMS(5));
    tenon__value_id x = sample_node(&s, "Add", IN(node2(&s, "MatMul", q, k), mask), old, 2);
    x = sample_node(&s, "Softmax", IN(x), &last, 1);
    sample_output(&s, node2(&s, "MatMul", x, v));
    check_pass(&s, "attention", "MatMul Add Softmax MatMul", "MatMul Add Softmax MatMul", 0);
    sample_fini(&s);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(early_form),
                                      CASE(late_form),
                                      CASE(filled),
                                      CASE(left_alone),
                                      CASE(left_alone_with_more_dims),
                                      CASE(left_alone_with_an_axis)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
