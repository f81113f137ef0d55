/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the vectors of FIPS 180-4, and the CPU's instructions against plain C. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "base/sha256_hw.h"

static void hex(const uint8_t digest[32], char out[65])
{
    for (int i = 0; i < 32; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void check(const char *text, size_t repeat, const char *expected)
{
    for (int plain = 0; plain < 2; plain++) {
        tenon__sha256 h;
        uint8_t digest[32];
        char found[65];
        tenon__sha256_init(&h);
        if (plain) h.compress = tenon__sha256_compress_ref;
        for (size_t i = 0; i < repeat; i++)
            tenon__sha256_update(&h, text, strlen(text));
        tenon__sha256_final(&h, digest);
        hex(digest, found);
        assert_string_equal(found, expected);
    }
}

static void known_answers(void **state)
{
    (void)state;
    check("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          "lmnopqrsmnopqrst"
          "nopqrstu",
          1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    check("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_do_not_matter(void **state)
{
    (void)state;
    static uint8_t data[1000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)test_random();
    for (size_t size = 0; size <= 300; size++) {
        uint8_t whole[32], pieces[32];
        tenon__sha256 h;
        size_t start = size % 7; /* unaligned */
        tenon__sha256_init(&h);
        tenon__sha256_update(&h, data + start, size);
        tenon__sha256_final(&h, whole);
        tenon__sha256_init(&h);
        for (size_t at = 0; at < size;) {
            size_t step = (size_t)test_random_in(0, 130);
            if (step > size - at) step = size - at;
            tenon__sha256_update(&h, step ? data + start + at : NULL, step);
            at += step;
        }
        tenon__sha256_final(&h, pieces);
        assert_memory_equal(whole, pieces, 32);
    }
}

static void the_cpus_own_agrees(void **state)
{
    (void)state;
    tenon__sha256_compress own = tenon__sha256_hw();
    if (!own) test_skip("this CPU has no SHA-256 instructions");
    static uint8_t data[64 * 20 + 1];
    for (int round = 0; round < 200; round++) {
        uint32_t a[8], b[8];
        for (int i = 0; i < 8; i++)
            a[i] = b[i] = (uint32_t)test_random();
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)test_random();
        size_t blocks = (size_t)test_random_in(0, 20);
        own(a, data + round % 2, blocks);
        tenon__sha256_compress_ref(b, data + round % 2, blocks);
        assert_memory_equal(a, b, sizeof a);
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(known_answers),
        CASE(pieces_do_not_matter),
        CASE(the_cpus_own_agrees),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
