/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum through a whole model: what becomes MatMul, what becomes pairs, what runs by itself;
 * against a loop over all labels. */
#include <math.h>

#include <tenon/tenon.h>

#include "formats/onnx_bytes.h"

enum { MAX_OPERANDS = 4, F64 = 11, I32 = 6 };

typedef struct sum {
    const char *equation;
    const char *spelled; /* with "..." written out as labels; NULL: the same */
    const char *dims;    /* of each label of `spelled`: "i3j4" */
} sum;

static int64_t extent_of(const sum *s, char label)
{
    const char *at = strchr(s->dims, label);
    return at ? strtoll(at + 1, NULL, 10) : 0;
}

typedef struct operand {
    char labels[TENON_MAX_RANK + 1];
    int rank;
    int64_t dims[TENON_MAX_RANK], count;
    double *data;
} operand;

/* Terms of `spelled`: operands, then the output. Returns how many operands. */
static int terms_of(const sum *s, operand *terms)
{
    const char *text = s->spelled ? s->spelled : s->equation;
    int n = 0;
    memset(terms, 0, (MAX_OPERANDS + 1) * sizeof *terms);
    for (; *text; text++) {
        if (*text == ',' || *text == '>') n++;
        if (*text == ',' || *text == '>' || *text == '-') continue;
        operand *o = &terms[n];
        o->dims[o->rank] = extent_of(s, *text);
        o->labels[o->rank++] = *text;
    }
    for (int i = 0; i <= n; i++) {
        terms[i].count = 1;
        for (int d = 0; d < terms[i].rank; d++)
            terms[i].count *= terms[i].dims[d];
        terms[i].data = calloc((size_t)terms[i].count + 1, sizeof(double));
        assert_non_null(terms[i].data);
    }
    return n;
}

static int64_t place(const operand *o, const int64_t at[128])
{
    int64_t index = 0;
    for (int d = 0; d < o->rank; d++)
        index = index * o->dims[d] + at[(unsigned char)o->labels[d]];
    return index;
}

/* Every combination of all labels. */
static void evaluate(const sum *s, operand *terms, int n)
{
    char labels[128] = {0};
    int count = 0;
    for (int i = 0; i <= n; i++)
        for (int d = 0; d < terms[i].rank; d++)
            if (!strchr(labels, terms[i].labels[d])) labels[count++] = terms[i].labels[d];
    int64_t total = 1, at[128] = {0};
    for (int k = 0; k < count; k++)
        total *= extent_of(s, labels[k]);
    for (int64_t t = 0; t < total; t++) {
        int64_t rest = t;
        for (int k = 0; k < count; k++) {
            at[(unsigned char)labels[k]] = rest % extent_of(s, labels[k]);
            rest /= extent_of(s, labels[k]);
        }
        double product = 1;
        for (int i = 0; i < n; i++)
            product *= terms[i].data[place(&terms[i], at)];
        terms[n].data[place(&terms[n], at)] += product;
    }
}

static bytes model_of(const sum *s, const operand *terms, int n, int type, const int *constant)
{
    char names[2 * MAX_OPERANDS + 1] = {0};
    for (int i = 0; i < n; i++)
        memcpy(names + 2 * i, (char[]){(char)('a' + i), ' '}, 2);
    bytes g = {0}, one = node("Einsum", "e", names, "y"), text = {0};
    put(&text, s->equation, strlen(s->equation));
    put_part(&one, 5, attr_part("equation", 4, 3, text));
    put_part(&g, 1, one);
    for (int i = 0; i < n; i++) {
        const char name[] = {(char)('a' + i), 0};
        if (constant[i]) {
            float *data = malloc((size_t)(terms[i].count + 1) * sizeof *data);
            assert_non_null(data);
            for (int64_t k = 0; k < terms[i].count; k++)
                data[k] = (float)terms[i].data[k];
            put_part(&g, 5,
                     tensor(name, F32, terms[i].rank, terms[i].dims, data,
                            (size_t)terms[i].count * sizeof *data));
            free(data);
        } else {
            put_part(&g, 11, info(name, type, terms[i].rank, terms[i].dims));
        }
    }
    put_part(&g, 12, info("y", type, -1, NULL));
    return model(g, 8, 13);
}

static void set_number(void *data, tenon_dtype dtype, int64_t at, double v)
{
    if (dtype == TENON_F32) ((float *)data)[at] = (float)v;
    if (dtype == TENON_F64) ((double *)data)[at] = v;
    if (dtype == TENON_I32) ((int32_t *)data)[at] = (int32_t)v;
}

static double get_number(const void *data, tenon_dtype dtype, int64_t at)
{
    return dtype == TENON_F32   ? (double)((const float *)data)[at]
           : dtype == TENON_F64 ? ((const double *)data)[at]
                                : (double)((const int32_t *)data)[at];
}

static void check(const sum *s, tenon_dtype dtype, const int *constant)
{
    static const int none[MAX_OPERANDS];
    operand terms[MAX_OPERANDS + 1];
    tenon_error err = {0};
    tenon_env *env;
    tenon_model *m = NULL;
    tenon_session *session = NULL;
    tenon_tensor *in[MAX_OPERANDS] = {NULL};
    const tenon_tensor *out = NULL;
    const int n = terms_of(s, terms);
    for (int i = 0; i < n; i++)
        for (int64_t k = 0; k < terms[i].count; k++)
            terms[i].data[k] = (double)test_random_in(-4, 4); /* sums are exact in every dtype */
    evaluate(s, terms, n);
    bytes file = model_of(s, terms, n,
                          dtype == TENON_F32   ? F32
                          : dtype == TENON_F64 ? F64
                                               : I32,
                          constant ? constant : none);
    assert_int_equal(tenon_env_create(NULL, &env, &err), TENON_OK);
    tenon_status st = tenon_model_load_memory(env, file.data, file.size, NULL, &m, &err);
    if (!st) st = tenon_session_create(m, NULL, &session, &err);
    for (int i = 0; i < n && !st; i++) {
        const char name[] = {(char)('a' + i), 0};
        if (constant && constant[i]) continue;
        st = tenon_tensor_create(env, dtype, terms[i].rank, terms[i].dims, &in[i], &err);
        for (int64_t k = 0; !st && k < terms[i].count; k++)
            set_number(tenon_tensor_data(in[i]), dtype, k, terms[i].data[k]);
        if (!st) st = tenon_session_set_input(session, name, in[i], &err);
    }
    if (!st) st = tenon_session_run(session, &err);
    if (!st) st = tenon_session_get_output(session, "y", &out, &err);
    if (st) fail_msg("%s: %s", s->equation, err.message);
    assert_int_equal(tenon_tensor_rank(out), terms[n].rank);
    for (int d = 0; d < terms[n].rank; d++)
        assert_int_equal(tenon_tensor_dims(out)[d], terms[n].dims[d]);
    for (int64_t k = 0; k < terms[n].count; k++) {
        const double got = get_number(tenon_tensor_data_const(out), dtype, k);
        if (got != terms[n].data[k])
            fail_msg("%s: element %d is %g, not %g", s->equation, (int)k, got, terms[n].data[k]);
    }
    tenon_session_destroy(session);
    tenon_model_unref(m);
    for (int i = 0; i < n; i++)
        tenon_tensor_destroy(in[i]);
    tenon_env_destroy(env);
    free(file.data);
    for (int i = 0; i <= n; i++)
        free(terms[i].data);
}

static const sum sums[] = {
    {"ij->ji", NULL, "i3j4"},
    {"ii->i", NULL, "i5"},
    {"ii", "ii->", "i5"},
    {"ij->", NULL, "i3j4"},
    {"...ii->...i", "abii->abi", "a2b3i4"},
    {"ba", "ba->ab", "a3b4"},
    {"i,i", "i,i->", "i50"},
    {"i,j->ij", NULL, "i3j70"},
    {"ij,jk->ik", NULL, "i30j40k50"},
    {"ij,kj->ik", NULL, "i30j40k50"},
    {"ij,jk", "ij,jk->ik", "i3j4k5"},
    {"ij,jk->ki", NULL, "i30j40k50"},
    {"ji,jk->ik", NULL, "i30j40k50"},
    {"abc,cd->abd", NULL, "a2b30c40d50"},
    {"abc,dc->abd", NULL, "a2b30c40d50"},
    {"...c,cd->...d", "abc,cd->abd", "a2b3c4d5"},
    {"abc,cde->abde", NULL, "a2b30c40d3e20"},
    {"bij,bjk->bik", NULL, "b3i20j30k40"},
    {"bhid,bhjd->bhij", NULL, "b2h3i20j30d16"},
    {"bhij,bhjd->bhid", NULL, "b2h3i20j30d16"},
    {"bihd,bjhd->bhij", NULL, "b2h3i20j30d16"},
    {"bhij,bjhd->bihd", NULL, "b2h3i20j30d16"},
    {"bhwc,hkc->bhwk", NULL, "b2h5w6c16k7"},
    {"...ij,...jk->...ik", "abij,abjk->abik", "a2b3i4j5k6"},
    {"...ij,jk...->...ik", "abij,jkab->abik", "a2b3i4j5k6"},
    {"abcd,abce->de", NULL, "a2b3c40d20e30"},
    {"ik,kj->ijk", NULL, "i4j5k6"},
    {"ij,k->jk", NULL, "i4j5k60"},
    {"iij,jk->ik", NULL, "i4j5k60"},
    {"ij,jk->ik", NULL, "i1j1200k9"},
    {"ij,jk->ik", NULL, "i500j2k100"},
    {"ij,jk->ik", NULL, "i4j0k9"},
    {"ij,jk->ik", NULL, "i4j3k0"},
    {"ij,jk,kl->il", NULL, "i4j5k6l7"},
    {"i,j,k->ijk", NULL, "i4j5k6"},
    {"bij,bjk,bkl,l->bi", NULL, "b2i4j5k6l7"},
    {"...i,ij,j...->...", "abi,ij,jab->ab", "a2b3i4j5"},
    {" a b , b c -> a c ", "ab,bc->ac", "a3b4c5"},
    {"Ab,bA", "Ab,bA->", "A3b4"},
    {"zA,zb", "zA,zb->Ab", "z3A4b5"},
    {",ij->ij", NULL, "i3j4"},
    {"->", NULL, ""},
};

static void floats(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        check(&sums[i], TENON_F32, NULL);
}

static void constants(void **state)
{
    (void)state;
    static const int second[MAX_OPERANDS] = {0, 1};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (strchr(sums[i].equation, ',') && !strchr(sums[i].dims, '0'))
            check(&sums[i], TENON_F32, second);
}

static void other_dtypes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        check(&sums[i], TENON_F64, NULL);
        check(&sums[i], TENON_I32, NULL);
    }
}

/* The message holds `text`, at load or at the first run. */
static void refuse(const char *equation, const char *dims_of, const char *text)
{
    tenon_error err = {0};
    tenon_env *env;
    tenon_model *m = NULL;
    const sum s = {equation, dims_of, "i3j4k5"};
    operand terms[MAX_OPERANDS + 1];
    static const int none[MAX_OPERANDS];
    const int n = terms_of(&s, terms);
    bytes file = model_of(&s, terms, n, F32, none);
    assert_int_equal(tenon_env_create(NULL, &env, &err), TENON_OK);
    tenon_status st = tenon_model_load_memory(env, file.data, file.size, NULL, &m, &err);
    if (st == TENON_OK) fail_msg("%s was taken", equation);
    if (!strstr(err.message, text)) fail_msg("%s: '%s' lacks '%s'", equation, err.message, text);
    tenon_env_destroy(env);
    free(file.data);
    for (int i = 0; i <= n; i++)
        free(terms[i].data);
}

static void refusals(void **state)
{
    (void)state;
    refuse("ij->ijk", "ij->ij", "label 'k' of the output is in no operand");
    refuse("ij->ii", "ij->ij", "label 'i' stands twice");
    refuse("i.j->ij", "ij->ij", "a dot in the equation");
    refuse("i1->i", "ij->ij", "character 0x31");
    refuse("ij-ij", "ij->ij", "a dash");
    refuse("ij->ij,", "ij->ij", "goes on behind its output");
    refuse("ij,jk->ik", "ij->ij", "has 2 operands and the node 1");
    refuse("ijk->i", "ij->i", "rank 2 has 3 labels");
    refuse("ii->i", "ij->i", "a label stands for");
    refuse("ij,jk->ik", "ij,ij->ik", "");
    refuse("abcdefghijklmnopqrstuvwxyz->", "ij->", "more than 16 labels");
}

int main(int argc, char **argv)
{
    (void)two, (void)two_three;
    static const test_case cases[] = {
        CASE(floats),
        CASE(constants),
        CASE(other_dtypes),
        CASE(refusals),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
