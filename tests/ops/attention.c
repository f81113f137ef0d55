/* SPDX-License-Identifier: Apache-2.0 */
/* Attention and its kin against plain references: layouts, groups, masks, caches, windows. */
#include <math.h>
#include <string.h>

#include "ops/driver.h"

typedef struct problem {
    int64_t batch, q_heads, kv_heads, queries, keys, past, size, v_size;
    bool flat; /* 3-D */
    int mask;  /* 0 none, 1 float, 2 bool */
    bool valid, causal;
    int64_t left, right;
    float softcap;
    int stage;
    tenon_dtype dtype;
    uint32_t outputs;
} problem;

static void add(driver *d, const problem *p, int64_t heads, int64_t rows, int64_t size)
{
    int64_t four[4] = {p->batch, heads, rows, size}, three[3] = {p->batch, rows, heads * size};
    driver_random(d, p->dtype, p->flat ? 3 : 4, p->flat ? three : four, -1, 1);
}

static void add_mask(driver *d, const problem *p)
{
    int64_t total = p->past + p->keys, dims[4] = {p->batch, p->q_heads, p->queries, total};
    int rank = (int)test_random_in(1, 4);
    for (int k = 0; k < 3; k++)
        if (test_random() % 2) dims[k] = 1;
    if (test_random() % 4 == 0) dims[3] = test_random_in(1, total);
    if (p->mask == 2)
        driver_random(d, TENON_BOOL, rank, dims + 4 - rank, 0, 1);
    else
        driver_random(d, p->dtype, rank, dims + 4 - rank, -1, 1);
}

static void check(const problem *p)
{
    driver *d = driver_create("Attention", 25);
    add(d, p, p->q_heads, p->queries, p->size);
    add(d, p, p->kv_heads, p->keys, p->size);
    add(d, p, p->kv_heads, p->keys, p->v_size);
    if (p->mask)
        add_mask(d, p);
    else
        driver_absent(d);
    if (p->past) {
        driver_random(d, p->dtype, 4, (int64_t[]){p->batch, p->kv_heads, p->past, p->size}, -1, 1);
        driver_random(d, p->dtype, 4, (int64_t[]){p->batch, p->kv_heads, p->past, p->v_size}, -1,
                      1);
    } else {
        driver_absent(d);
        driver_absent(d);
    }
    if (p->valid && !p->past) driver_random(d, TENON_I64, 1, &p->batch, 0, (double)p->keys + 1);
    if (p->flat) {
        driver_int(d, "q_num_heads", p->q_heads);
        driver_int(d, "kv_num_heads", p->kv_heads);
    }
    driver_int(d, "is_causal", p->causal);
    driver_int(d, "left_window_size", p->left);
    driver_int(d, "right_window_size", p->right);
    driver_float(d, "softcap", p->softcap);
    driver_int(d, "qk_matmul_output_mode", p->stage);
    driver_outputs(d, p->outputs);
    driver_check(d);
    driver_destroy(d);
}

static void random_problems(void **state)
{
    (void)state;
    for (int i = 0; i < test_rounds(200); i++) {
        problem p = {.batch = test_random_in(1, 3), .kv_heads = test_random_in(1, 3)};
        p.q_heads = p.kv_heads * test_random_in(1, 3);
        p.queries = test_random() % 3 ? test_random_in(1, 20) : 1;
        p.keys = test_random_in(1, 50);
        p.past = test_random() % 3 ? 0 : test_random_in(1, 20);
        p.size = test_random_in(1, 40);
        p.v_size = test_random_in(1, 40);
        p.flat = test_random() % 2;
        p.mask = (int)test_random_in(0, 2);
        p.valid = test_random() % 3 == 0;
        p.causal = test_random() % 2;
        p.left = test_random() % 4 ? -1 : test_random_in(0, 9);
        p.right = test_random() % 4 ? -1 : test_random_in(0, 9);
        p.softcap = test_random() % 3 ? 0 : 2;
        p.stage = (int)test_random_in(0, 3);
        p.dtype = test_random() % 6 ? TENON_F32 : TENON_F64;
        p.outputs = (uint32_t)test_random_in(1, 4);
        check(&p);
    }
}

/* Several blocks of queries, keys packed beforehand. */
static void large(void **state)
{
    (void)state;
    problem p = {.batch = 2, .q_heads = 4, .kv_heads = 2, .queries = 300, .keys = 600, .past = 100};
    p.size = p.v_size = 64;
    p.left = p.right = -1;
    p.outputs = 1;
    p.dtype = TENON_F32;
    check(&p);
    p.past = 0;
    p.flat = p.causal = true;
    p.keys = 300;
    check(&p);
}

static void nothing(void **state)
{
    (void)state;
    problem p = {.batch = 1, .q_heads = 2, .kv_heads = 2, .queries = 3, .keys = 0, .size = 4};
    p.v_size = 5;
    p.left = p.right = -1;
    p.outputs = 1;
    p.dtype = TENON_F32;
    check(&p);
    p.keys = 4;
    p.queries = 0;
    p.outputs = 4;
    check(&p);
    p.queries = 2;
    p.v_size = 0;
    check(&p);
}

/* A query that sees no key gives zeros, whatever the values. */
static void closed(void **state)
{
    (void)state;
    const float q[2] = {1, 1}, k[2] = {INFINITY, 1}, v[2] = {3, 5}, y[2] = {0, 5};
    const uint8_t mask[4] = {0, 0, 0, 1};
    driver *d = driver_create("Attention", 23);
    driver_input(d, TENON_F32, 4, (int64_t[]){1, 1, 2, 1}, q);
    driver_input(d, TENON_F32, 4, (int64_t[]){1, 1, 2, 1}, k);
    driver_input(d, TENON_F32, 4, (int64_t[]){1, 1, 2, 1}, v);
    driver_input(d, TENON_BOOL, 2, (int64_t[]){2, 2}, mask);
    driver_check(d);
    driver_expect(d, 0, TENON_F32, 4, (int64_t[]){1, 1, 2, 1}, y);
    driver_destroy(d);
}

static void refused(void **state)
{
    (void)state;
    driver *d = driver_create("Attention", 23);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 3, 2, 4}, 0, 1);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 2, 2, 4}, 0, 1);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 2, 2, 4}, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "multiple");
    driver_destroy(d);
    d = driver_create("Attention", 23);
    for (int i = 0; i < 3; i++)
        driver_random(d, TENON_F32, 3, (int64_t[]){1, 2, 4}, 0, 1);
    driver_refuse(d, TENON_EFORMAT, "q_num_heads");
    driver_destroy(d);
    d = driver_create("Attention", 24);
    for (int i = 0; i < 3; i++)
        driver_random(d, TENON_F32, 4, (int64_t[]){1, 1, 2, 4}, 0, 1);
    for (int i = 0; i < 3; i++)
        driver_absent(d);
    driver_input(d, TENON_I64, 1, (int64_t[]){1}, (int64_t[]){3});
    driver_refuse(d, TENON_EINVAL, "nonpad_kv_seqlen");
    driver_destroy(d);
    d = driver_create("RotaryEmbedding", 23);
    driver_random(d, TENON_F32, 4, (int64_t[]){1, 1, 2, 4}, 0, 1);
    driver_random(d, TENON_F32, 2, (int64_t[]){5, 2}, 0, 1);
    driver_random(d, TENON_F32, 2, (int64_t[]){5, 2}, 0, 1);
    driver_input(d, TENON_I64, 2, (int64_t[]){1, 2}, (int64_t[]){0, 5});
    driver_refuse(d, TENON_EINVAL, "position");
    driver_destroy(d);
    d = driver_create("LinearAttention", 27);
    for (int i = 0; i < 3; i++)
        driver_random(d, TENON_F32, 3, (int64_t[]){1, 2, 4}, 0, 1);
    driver_int(d, "q_num_heads", 2);
    driver_int(d, "kv_num_heads", 2);
    driver_refuse(d, TENON_EFORMAT, "needs decay");
    driver_destroy(d);
}

/* One head of one element: S = S / 2 + beta (v - S / 2), y = 3 S. */
static void recurrence(void **state)
{
    (void)state;
    const float q[3] = {1, 1, 1}, v[3] = {4, 0, 1},
                decay[3] = {-0.69314718f, -0.69314718f, -0.69314718f};
    const float beta[3] = {0.5f, 0.5f, 1}, past = 2, y[3] = {7.5f, 1.875f, 3}, present = 1;
    tenon_error err;
    driver *d = driver_create("LinearAttention", 27);
    int64_t dims[3] = {1, 3, 1};
    driver_input(d, TENON_F32, 3, dims, q);
    driver_input(d, TENON_F32, 3, dims, q);
    driver_input(d, TENON_F32, 3, dims, v);
    driver_input(d, TENON_F32, 4, (int64_t[]){1, 1, 1, 1}, &past);
    driver_input(d, TENON_F32, 3, dims, decay);
    driver_input(d, TENON_F32, 3, dims, beta);
    driver_int(d, "q_num_heads", 1);
    driver_int(d, "kv_num_heads", 1);
    driver_float(d, "scale", 3);
    driver_outputs(d, 2);
    assert_int_equal(driver_run(d, tenon__cpu_detect(), &err), TENON_OK);
    driver_expect(d, 0, TENON_F32, 3, dims, y);
    driver_expect(d, 1, TENON_F32, 4, (int64_t[]){1, 1, 1, 1}, &present);
    driver_destroy(d);
}

static void short_convolution(void **state)
{
    (void)state;
    const float x[2] = {1, 2}, w[4] = {1, 10, 100, 1000}, past[3] = {3, 4, 5};
    const float y[2] = {1543, 2154}, present[3] = {5, 1, 2};
    tenon_error err;
    driver *d = driver_create("CausalConvWithState", 27);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 2}, x);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 4}, w);
    driver_absent(d);
    driver_input(d, TENON_F32, 3, (int64_t[]){1, 1, 3}, past);
    driver_outputs(d, 2);
    assert_int_equal(driver_run(d, tenon__cpu_detect(), &err), TENON_OK);
    driver_expect(d, 0, TENON_F32, 3, (int64_t[]){1, 1, 2}, y);
    driver_expect(d, 1, TENON_F32, 3, (int64_t[]){1, 1, 3}, present);
    driver_destroy(d);
}

/* A batch of matrices for Attend: outer dims that may be repeated, the axes in another order. */
static void attend_operand(driver *d, const char *order, const int64_t *perm, int64_t outer,
                           int64_t heads, int64_t rows, int64_t cols)
{
    const int64_t dims[4] = {test_random() % 4 ? outer : 1, test_random() % 4 ? heads : 1, rows,
                             cols};
    int64_t as[4];
    for (int i = 0; i < 4; i++)
        as[perm[i]] = dims[i];
    driver_random(d, TENON_F32, 4, as, -1, 1);
    driver_ints(d, order, 4, perm);
}

/* `wide`: with all its columns. */
static void attend_mask(driver *d, int64_t outer, int64_t heads, int64_t rows, int64_t cols,
                        bool wide)
{
    int64_t dims[4] = {outer, heads, rows, cols};
    for (int i = 0; i < 4 - wide; i++)
        if (test_random() % 3 == 0) dims[i] = 1;
    int rank = (int)test_random_in(wide, 4);
    if (test_random() % 2) {
        driver_random(d, TENON_F32, rank, dims + 4 - rank, -1, 1);
        return;
    }
    driver_random(d, TENON_BOOL, rank, dims + 4 - rank, 0, 1);
    driver_int(d, "keeps", (int64_t)(test_random() % 2));
    driver_float(d, "fill", -2);
}

static void attend(void **state)
{
    (void)state;
    static const int64_t plain[4] = {0, 1, 2, 3}, between[4] = {0, 2, 1, 3},
                         turned[4] = {0, 1, 3, 2}, both[4] = {0, 2, 3, 1};
    for (int i = 0; i < test_rounds(200); i++) {
        const int64_t outer = test_random_in(1, 3), heads = test_random_in(1, 3),
                      m = test_random() % 8 ? test_random_in(1, 70) : 1300,
                      n = test_random_in(1, 90), size = test_random_in(1, 40),
                      v_size = test_random_in(1, 40);
        const int64_t *const keys[] = {plain, turned, both};
        const bool one_key = test_random() % 8 == 0; /* which the mask repeats */
        driver *d = driver_create("Attend", 1);
        attend_operand(d, "q_order", test_random() % 2 ? plain : between, outer, heads,
                       test_random() % 8 ? m : 1, size);
        attend_operand(d, "k_order", keys[test_random() % 3], outer, heads, size, one_key ? 1 : n);
        attend_operand(d, "v_order", test_random() % 2 ? plain : between, outer, heads, n, v_size);
        attend_mask(d, outer, heads, m, n, one_key);
        if (test_random() % 2) driver_random(d, TENON_F32, 1, (int64_t[]){1}, 0, 1);
        driver_float(d, "scale", 0.5f);
        driver_ints(d, "y_order", 4, test_random() % 2 ? plain : between);
        driver_int(d, "guard", 1);
        driver_check(d);
        driver_destroy(d);
    }
}

/* Rows whose keys are all closed: NaN, or zeros where that is guarded against. */
static void attend_guard(void **state)
{
    (void)state;
    const float x[2] = {1, 1}, v[2] = {3, 5}, zeros[2] = {0, 5};
    const uint8_t mask[4] = {0, 0, 0, 1};
    tenon_error err;
    for (int guard = 0; guard < 2; guard++) {
        driver *d = driver_create("Attend", 1);
        driver_input(d, TENON_F32, 2, (int64_t[]){2, 1}, x);
        driver_input(d, TENON_F32, 2, (int64_t[]){1, 2}, x);
        driver_input(d, TENON_F32, 2, (int64_t[]){2, 1}, v);
        driver_input(d, TENON_BOOL, 2, (int64_t[]){2, 2}, mask);
        driver_int(d, "guard", guard);
        driver_float(d, "fill", -INFINITY);
        assert_int_equal(driver_run(d, tenon__cpu_detect(), &err), TENON_OK);
        const float *y = driver_output(d, 0)->data;
        if (guard)
            driver_expect(d, 0, TENON_F32, 2, (int64_t[]){2, 1}, zeros);
        else
            assert_true(isnan(y[0]) && y[1] == 5);
        driver_destroy(d);
    }
}

/* No rows, no matrices, no columns. */
static void attend_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        const int64_t outer = i == 0 ? 0 : 2, rows = i == 1 ? 0 : 3, v_size = i == 2 ? 0 : 4;
        driver *d = driver_create("Attend", 1);
        driver_random(d, TENON_F32, 3, (int64_t[]){outer, rows, 5}, -1, 1);
        driver_random(d, TENON_F32, 3, (int64_t[]){outer, 5, 7}, -1, 1);
        driver_random(d, TENON_F32, 3, (int64_t[]){outer, 7, v_size}, -1, 1);
        driver_check(d);
        assert_int_equal(driver_tiles(d), 0);
        driver_destroy(d);
    }
}

static void attend_refused(void **state)
{
    (void)state;
    driver *d = driver_create("Attend", 1);
    driver_random(d, TENON_F32, 2, (int64_t[]){3, 4}, 0, 1);
    driver_random(d, TENON_F32, 2, (int64_t[]){5, 2}, 0, 1);
    driver_random(d, TENON_F32, 2, (int64_t[]){2, 2}, 0, 1);
    driver_refuse(d, TENON_ESHAPE, "do not agree");
    driver_destroy(d);
    d = driver_create("Attend", 1);
    for (int i = 0; i < 3; i++)
        driver_random(d, TENON_F32, 2, (int64_t[]){3, 3}, 0, 1);
    driver_ints(d, "v_order", 2, (int64_t[]){1, 0});
    driver_refuse(d, TENON_EFORMAT, "last axis");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(random_problems), CASE(large),          CASE(nothing),           CASE(closed),
        CASE(refused),         CASE(recurrence),     CASE(short_convolution), CASE(attend),
        CASE(attend_guard),    CASE(attend_nothing), CASE(attend_refused)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
