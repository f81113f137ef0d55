/* SPDX-License-Identifier: Apache-2.0 */
/* Chain against its links one by one: formulas and operands at random, plain and in blocks. */
#include "opkit/chain.h"
#include "ops/driver.h"

#define OPERANDS TENON__FORMULA_OPERANDS

typedef struct links {
    int count, inputs;
    int64_t formulas[TENON__CHAIN_LINKS], operands[TENON__CHAIN_LINKS * OPERANDS];
    float parameters[TENON__CHAIN_LINKS * TENON__FORMULA_PARAMETERS];
} links;

/* Operand k of the last link is the next input. */
static void take_input(links *l, int k)
{
    l->operands[(l->count - 1) * OPERANDS + k] = l->inputs++;
}

/* An input that repeats along some of the dims. In blocks: along whole ones but for the channels.
 */
static void repeated(driver *d, int rank, const int64_t *dims, bool blocked)
{
    int64_t own[4];
    for (int i = 0; i < rank; i++)
        own[i] = test_random() % 2 && !(blocked && i != 1) ? dims[i] : 1;
    driver_random(d, TENON_F32, rank, own, 0.1, 1);
}

static void whole(driver *d, int rank, const int64_t *dims, bool blocked)
{
    driver_random(d, TENON_F32, rank, dims, 0.1, 1);
    if (blocked) driver_blocked(d);
}

/* One more link; the first has no link before it. */
static void add_link(driver *d, links *l, int rank, const int64_t *dims, bool blocked)
{
    static const tenon__formula formulas[] = {
        TENON__F_RELU, TENON__F_SIGMOID, TENON__F_NEG, TENON__F_ABS, TENON__F_ELU, TENON__F_ADD,
        TENON__F_MUL,  TENON__F_SUB,     TENON__F_MAX, TENON__F_DIV, TENON__F_CLIP};
    tenon__formula f = formulas[test_random() % (sizeof formulas / sizeof *formulas)];
    const int i = l->count++, operands = tenon__formula_operands(f);
    int chained = i ? (int)(test_random() % (uint64_t)operands) : -1;
    if (f == TENON__F_CLIP) chained = i ? 0 : -1;
    if (f == TENON__F_DIV && i) chained = 0; /* away from divisors near zero */
    l->formulas[i] = (int64_t)f;
    for (int k = 0; k < TENON__FORMULA_PARAMETERS; k++)
        l->parameters[i * TENON__FORMULA_PARAMETERS + k] = 0.5f;
    for (int k = 0; k < operands; k++) {
        l->operands[i * OPERANDS + k] = TENON__CHAIN_PREVIOUS;
        if (k == chained) continue;
        take_input(l, k);
        if (f == TENON__F_CLIP && k > 0)
            driver_random(d, TENON_F32, 0, dims, k == 1 ? -1 : 1, k == 1 ? 0 : 2);
        else if (test_random() % 2 || (i == 0 && k == 0))
            whole(d, rank, dims, blocked);
        else
            repeated(d, rank, dims, blocked);
    }
}

static void random_chains(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        const bool blocked = test_random() % 2;
        const int rank = blocked ? 4 : (int)test_random_in(1, 4);
        const int64_t most = test_random() % 4 ? 9 : 40;
        links l = {0};
        int64_t dims[4];
        for (int i = 0; i < rank; i++)
            dims[i] = test_random_in(test_random() % 16 != 0, i == 0 ? 3 : most);
        if (blocked && dims[1] == 0) dims[1] = 17;
        driver *d = driver_create("Chain", 1);
        int count = (int)test_random_in(1, 7);
        for (int i = 0; i < count; i++)
            add_link(d, &l, rank, dims, blocked);
        driver_ints(d, TENON__CHAIN_FORMULAS, (size_t)count, l.formulas);
        driver_ints(d, TENON__CHAIN_OPERANDS, (size_t)count * OPERANDS, l.operands);
        driver_floats(d, TENON__CHAIN_PARAMETERS, (size_t)count * TENON__FORMULA_PARAMETERS,
                      l.parameters);
        driver_tolerance(d, 1e-5);
        driver_check(d);
        driver_destroy(d);
    }
}

/* Where an operand has the output's memory, it is read before it is written; in rows so short that
 * pieces are large, too. */
static void in_place(void **state)
{
    (void)state;
    const int64_t formulas[3] = {TENON__F_NEG, TENON__F_MUL, TENON__F_ADD},
                  operands[9] = {0, -1, -1, -1, 2, -1, 1, -1, -1}, widths[2] = {90, 7};
    const float parameters[12] = {0};
    for (uint32_t i = 0; i < 4; i++) {
        const int64_t dims[2] = {70 * 90 / widths[i / 2], widths[i / 2]};
        driver *d = driver_create("Chain", 1);
        driver_random(d, TENON_F32, 2, dims, -1, 1);
        driver_random(d, TENON_F32, 2, dims, -1, 1);
        driver_random(d, TENON_F32, 1, dims + 1, -1, 1);
        driver_ints(d, TENON__CHAIN_FORMULAS, 3, formulas);
        driver_ints(d, TENON__CHAIN_OPERANDS, 9, operands);
        driver_floats(d, TENON__CHAIN_PARAMETERS, 12, parameters);
        driver_inplace(d, i % 2);
        driver_check(d);
        driver_destroy(d);
    }
}

static void refused(void **state)
{
    (void)state;
    const int64_t formula = TENON__F_NEG, operands[3] = {TENON__CHAIN_PREVIOUS, -1, -1};
    const float parameters[4] = {0};
    driver *d = driver_create("Chain", 1);
    driver_random(d, TENON_F32, 1, (int64_t[]){3}, 0, 1);
    driver_refuse(d, TENON_EFORMAT, "0 links");
    driver_ints(d, TENON__CHAIN_FORMULAS, 1, &formula);
    driver_ints(d, TENON__CHAIN_OPERANDS, 3, operands);
    driver_floats(d, TENON__CHAIN_PARAMETERS, 4, parameters);
    driver_refuse(d, TENON_EFORMAT, "no operand 0");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(random_chains), CASE(in_place), CASE(refused)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
