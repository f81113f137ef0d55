/* SPDX-License-Identifier: Apache-2.0 */
/* Operators on strings, and the regular expressions beneath one of them. */
#include <stdlib.h>
#include <string.h>

#include "opkit/regex.h"
#include "ops/driver.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void run(driver *d)
{
    tenon_error err;
    if (driver_run(d, 0, &err)) fail_msg("%s", err.message);
}

static tenon_status parse(tenon__arena *arena, const char *pattern, const tenon__regex **out,
                          tenon_error *err)
{
    return tenon__regex_parse(arena, tenon__str_of(pattern), out, err);
}

static void patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool match;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"a|bc|d", "bc", true},
        {"a|bc|d", "ab", false},
        {"(a|b)*c", "ababc", true},
        {"a+", "", false},
        {"a?b", "b", true},
        {"a{2,3}", "a", false},
        {"a{2,3}", "aaa", true},
        {"a{2,3}", "aaaa", false},
        {"a{2}", "aa", true},
        {"a{2,}", "aaaaa", true},
        {"a{,2}", "a{,2}", true},
        {"a{", "a{", true},
        {"[a-c]+", "abcab", true},
        {"[^a-c]+", "xyz", true},
        {"[^a-c]+", "xbz", false},
        {"[]a]+", "]a", true},
        {"[a-]", "-", true},
        {"[[:digit:]_]+", "4_2", true},
        {"[[:^alpha:]]", "a", false},
        {"[\\d.]+", "1.5", true},
        {"\\w+@\\w+\\.com", "me@there.com", true},
        {"\\w+@\\w+\\.com", "me@there.org", false},
        {"\\D\\S\\W", "ab!", true},
        {".", "\n", false},
        {"(?s).", "\n", true},
        {"(?i)HeLLo", "hEllO", true},
        {"(?i:h)i", "HI", false},
        {"(?i)\xC3\xA4", "\xC3\x84", true},
        {".", "\xC3\xA4", true},
        {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA4", true},
        {"^a$", "a", true},
        {"\\Aa\\z", "a", true},
        {"a^b", "ab", false},
        {"(?m)a$\\s^b", "a\nb", true},
        {"\\bfoo\\b bar", "foo bar", true},
        {"fo\\Bo", "foo", true},
        {"(?P<name>x)y", "xy", true},
        {"(?:ab)+?", "abab", true},
        {"\\x41\\x{1F600}", "A\xF0\x9F\x98\x80", true},
        {"\\Qa.b\\E", "a.b", true},
        {"\\Qa.b\\E", "axb", false},
        {"\\t\\.\\*", "\t.*", true},
        {"(a*)*", "aaaa", true},
        {"(a|aa)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
        {"((((x))))", "x", true},
        {"a||b", "", true},
        {"()", "", true},
        {"[^\\n]", "\n", false},
        {"(|a){3}", "aa", true},
    };
    tenon__arena arena;
    tenon__arena_init(&arena, tenon__allocator_default(), 0);
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        const tenon__regex *regex;
        tenon_error err;
        static uint32_t scratch[20000];
        if (parse(&arena, cases[k].pattern, &regex, &err))
            fail_msg("'%s': %s", cases[k].pattern, err.message);
        assert_true(tenon__regex_scratch_bytes(regex) <= sizeof scratch);
        if (tenon__regex_matches(regex, cases[k].text, strlen(cases[k].text), scratch) !=
            cases[k].match)
            fail_msg("'%s' and '%s': wanted %d", cases[k].pattern, cases[k].text, cases[k].match);
    }
    tenon__arena_fini(&arena);
}

static void patterns_refused(void **state)
{
    (void)state;
    static char deep[1000], empties[] = "((((){1000}){1000}){1000}){1000}";
    memset(deep, '(', sizeof deep - 1);
    static const struct {
        const char *pattern;
        tenon_status status;
    } cases[] = {{"(", TENON_EFORMAT},
                 {")", TENON_EFORMAT},
                 {"a)", TENON_EFORMAT},
                 {"[a", TENON_EFORMAT},
                 {"[b-a]", TENON_EFORMAT},
                 {"*", TENON_EFORMAT},
                 {"a**", TENON_EFORMAT},
                 {"a{2}{3}", TENON_EFORMAT},
                 {"a{3,2}", TENON_EFORMAT},
                 {"a{1001}", TENON_EFORMAT},
                 {"\\", TENON_EFORMAT},
                 {"\\y", TENON_EFORMAT},
                 {"\\1", TENON_EFORMAT},
                 {"\\x4", TENON_EFORMAT},
                 {"\\x{110000}", TENON_EFORMAT},
                 {"[[:nix:]]", TENON_EFORMAT},
                 {"(?P<x", TENON_EFORMAT},
                 {"(?i", TENON_EFORMAT},
                 {"\\pL", TENON_EUNSUPPORTED},
                 {"(?=a)", TENON_EUNSUPPORTED},
                 {"(?<=a)b", TENON_EUNSUPPORTED},
                 {deep, TENON_ELIMIT},
                 {"((a{500}){500}){500}", TENON_ELIMIT},
                 {empties, TENON_ELIMIT}};
    tenon__arena arena;
    tenon__arena_init(&arena, tenon__allocator_default(), 0);
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        const tenon__regex *regex;
        tenon_error err;
        tenon_status st = parse(&arena, cases[k].pattern, &regex, &err);
        if (st != cases[k].status) fail_msg("'%.40s': %s", cases[k].pattern, tenon_status_name(st));
        assert_null(regex);
    }
    tenon__arena_fini(&arena);
}

static void full_matches(void **state)
{
    (void)state;
    static const tenon_string x[4] = {S("a1"), S(""), S("a"), S("b22")};
    static const uint8_t want[4] = {1, 0, 1, 0};
    static const int64_t dims[2] = {2, 2};
    driver *d = driver_create("RegexFullMatch", 20);
    driver_text(d, "pattern", "a\\d?");
    driver_input(d, TENON_STRING, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_BOOL, 2, dims, want);
    driver_destroy(d);
}

static void concatenations(void **state)
{
    (void)state;
    static const tenon_string a[2] = {S("x"), S("")}, b[3] = {S("1"), S(""), S("\xC3\xA4")},
                              want[6] = {S("x1"), S("x"), S("x\xC3\xA4"),
                                         S("1"),  S(""),  S("\xC3\xA4")};
    static const int64_t column[2] = {2, 1}, three = 3, out[2] = {2, 3};
    driver *d = driver_create("StringConcat", 20);
    driver_input(d, TENON_STRING, 2, column, a);
    driver_input(d, TENON_STRING, 1, &three, b);
    run(d);
    driver_expect(d, 0, TENON_STRING, 2, out, want);
    driver_destroy(d);
    d = driver_create("StringConcat", 20);
    driver_input(d, TENON_STRING, 1, &three, b);
    driver_random(d, TENON_U8, 1, &three, 0, 1);
    driver_refuse(d, TENON_ETYPE, "must be string");
    driver_destroy(d);
}

typedef struct split_case {
    const char *delimiter; /* NULL: not given */
    int64_t most;
    tenon_string text;
    int64_t count;
    tenon_string parts[5];
} split_case;

static void splits(void **state)
{
    (void)state;
    static const split_case cases[] = {
        {NULL, -1, S("  a  bc "), 2, {S("a"), S("bc")}},
        {NULL, 1, S(" a  b c "), 2, {S("a"), S("b c ")}},
        {NULL, -1, S("   "), 0, {S("")}},
        {",", -1, S("a,,b,"), 4, {S("a"), S(""), S("b"), S("")}},
        {",", -1, S(""), 1, {S("")}},
        {",", 1, S("a,b,c"), 2, {S("a"), S("b,c")}},
        {",", 0, S("a,b"), 1, {S("a,b")}},
        {"--", -1, S("a---b--"), 3, {S("a"), S("-b"), S("")}},
    };
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        const split_case *c = &cases[k];
        const int64_t out[1] = {c->count};
        driver *d = driver_create("StringSplit", 20);
        if (c->delimiter) driver_text(d, "delimiter", c->delimiter);
        if (c->most >= 0) driver_int(d, "maxsplit", c->most);
        driver_outputs(d, 2);
        driver_input(d, TENON_STRING, 0, NULL, &c->text);
        run(d);
        driver_expect(d, 0, TENON_STRING, 1, out, c->parts);
        driver_expect(d, 1, TENON_I64, 0, NULL, &c->count);
        driver_destroy(d);
    }
    static const tenon_string two[2] = {S("a b c"), S("d")},
                              want[6] = {S("a"), S("b"), S("c"), S("d"), S(""), S("")};
    static const int64_t dim = 2, out[2] = {2, 3}, counts[2] = {3, 1};
    driver *d = driver_create("StringSplit", 20);
    driver_outputs(d, 2);
    driver_input(d, TENON_STRING, 1, &dim, two);
    run(d);
    driver_expect(d, 0, TENON_STRING, 2, out, want);
    driver_expect(d, 1, TENON_I64, 1, &dim, counts);
    driver_destroy(d);
}

static void normalized(void **state)
{
    (void)state;
    static const tenon_string x[3] = {S("Monday"), S("\xC3\x84PFEL \xD0\x96"), S("monday")},
                              lower[1] = {S("\xC3\xA4pfel \xD0\xB6")},
                              upper[2] = {S("\xC3\x84PFEL \xD0\x96"), S("MONDAY")},
                              nothing[1] = {S("")};
    static const char *const stop[1] = {"Monday"}, *const all[2] = {"monday",
                                                                    "\xC3\xA4pfel \xD0\xB6"};
    static const int64_t three = 3, two = 2, one = 1, row[2] = {1, 3}, single[2] = {1, 1},
                         square[2] = {3, 3};
    driver *d = driver_create("StringNormalizer", 10);
    driver_text(d, "case_change_action", "LOWER");
    driver_texts(d, "stopwords", 1, stop);
    driver_input(d, TENON_STRING, 1, &three, x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, &one, lower);
    driver_destroy(d);
    d = driver_create("StringNormalizer", 10);
    driver_text(d, "case_change_action", "UPPER");
    driver_int(d, "is_case_sensitive", 1);
    driver_texts(d, "stopwords", 1, stop);
    driver_input(d, TENON_STRING, 1, &three, x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 1, &two, upper);
    driver_destroy(d);
    d = driver_create("StringNormalizer", 10);
    driver_texts(d, "stopwords", 2, all);
    driver_input(d, TENON_STRING, 2, row, x);
    run(d);
    driver_expect(d, 0, TENON_STRING, 2, single, nothing);
    driver_destroy(d);
    static const tenon_string nine[9] = {S("")};
    d = driver_create("StringNormalizer", 10);
    driver_input(d, TENON_STRING, 2, square, nine);
    driver_refuse(d, TENON_ESHAPE, "[1, C]");
    driver_destroy(d);
}

static void counted_grams(void **state)
{
    (void)state;
    /* Single tokens 2, 3, 5, 4; pairs (5, 6), (7, 8), (6, 7). */
    static const int64_t starts[2] = {0, 4}, columns[7] = {0, 1, 2, 3, 4, 5, 6},
                         pool[10] = {2, 3, 5, 4, 5, 6, 7, 8, 6, 7};
    static const int32_t x[12] = {1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8};
    static const int64_t dims[2] = {2, 6}, out[2] = {2, 7};
    static const float weights[7] = {1, 2, 3, 4, 5, 6, 7};
    static const struct {
        const char *mode;
        int64_t least, skips;
        float want[14];
    } cases[] = {{"TF", 1, 0, {0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1}},
                 {"TF", 2, 5, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}},
                 {"IDF", 1, 0, {0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 5, 0, 7}},
                 {"TFIDF", 1, 0, {0, 6, 0, 0, 0, 0, 0, 0, 0, 3, 0, 5, 0, 7}}};
    for (size_t k = 0; k < TEST_COUNT(cases); k++) {
        driver *d = driver_create("TfIdfVectorizer", 9);
        driver_text(d, "mode", cases[k].mode);
        driver_int(d, "min_gram_length", cases[k].least);
        driver_int(d, "max_gram_length", 2);
        driver_int(d, "max_skip_count", cases[k].skips);
        driver_ints(d, "ngram_counts", 2, starts);
        driver_ints(d, "ngram_indexes", 7, columns);
        driver_ints(d, "pool_int64s", 10, pool);
        driver_floats(d, "weights", 7, weights);
        driver_input(d, TENON_I32, 2, dims, x);
        run(d);
        driver_expect(d, 0, TENON_F32, 2, out, cases[k].want);
        driver_destroy(d);
    }
    static const tenon_string words[3] = {S("a"), S("b"), S("a")};
    static const char *const names[2] = {"b", "a"};
    static const int64_t zero = 0, three = 3, two = 2, order[2] = {1, 0};
    static const float found[2] = {2, 1};
    driver *d = driver_create("TfIdfVectorizer", 9);
    driver_text(d, "mode", "TF");
    driver_int(d, "min_gram_length", 1);
    driver_int(d, "max_gram_length", 1);
    driver_int(d, "max_skip_count", 0);
    driver_ints(d, "ngram_counts", 1, &zero);
    driver_ints(d, "ngram_indexes", 2, order);
    driver_texts(d, "pool_strings", 2, names);
    driver_input(d, TENON_STRING, 1, &three, words);
    run(d);
    driver_expect(d, 0, TENON_F32, 1, &two, found);
    driver_destroy(d);
}

/* Rows so long that several phases take them. */
static void counted_grams_of_long_rows(void **state)
{
    (void)state;
    enum { TOKENS = 20000 };
    static const int64_t starts[2] = {0, 2}, columns[4] = {0, 1, 2, 3},
                         pool[6] = {0, 3, 0, 1, 2, 2}, dims[2] = {2, TOKENS}, out[2] = {2, 4};
    static const float weights[4] = {1, 2, 0.5f, 4};
    int32_t *x = calloc(2 * TOKENS, sizeof *x);
    float want[8] = {0};
    assert_non_null(x);
    for (int i = 0; i < 2 * TOKENS; i++)
        x[i] = (int32_t)(test_random() % 4);
    for (int row = 0; row < 2; row++)
        for (int i = 0; i < TOKENS; i++) {
            const int32_t *t = x + row * TOKENS + i;
            want[row * 4] += t[0] == 0;
            want[row * 4 + 1] += (t[0] == 3) * 2;
            for (int step = 1; step <= 3 && i + step < TOKENS; step++) {
                want[row * 4 + 2] += (t[0] == 0 && t[step] == 1) * 0.5f;
                want[row * 4 + 3] += (t[0] == 2 && t[step] == 2) * 4;
            }
        }
    driver *d = driver_create("TfIdfVectorizer", 9);
    driver_text(d, "mode", "TFIDF");
    driver_int(d, "min_gram_length", 1);
    driver_int(d, "max_gram_length", 2);
    driver_int(d, "max_skip_count", 2);
    driver_ints(d, "ngram_counts", 2, starts);
    driver_ints(d, "ngram_indexes", 4, columns);
    driver_ints(d, "pool_int64s", 6, pool);
    driver_floats(d, "weights", 4, weights);
    driver_input(d, TENON_I32, 2, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 2, out, want);
    driver_destroy(d);
    free(x);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(patterns),      CASE(patterns_refused),
                                      CASE(full_matches),  CASE(concatenations),
                                      CASE(splits),        CASE(normalized),
                                      CASE(counted_grams), CASE(counted_grams_of_long_rows)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
