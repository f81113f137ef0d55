/* SPDX-License-Identifier: Apache-2.0 */
/* Names and texts of statuses, the filling and cutting of a tenon_error, the version. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include <tenon/version.h>

#include "base/status.h"

static void every_status_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(tenon_status_name(TENON_OK), "TENON_OK");
    assert_string_equal(tenon_status_name(TENON_EINTERNAL), "TENON_EINTERNAL");
    assert_string_equal(tenon_status_name((tenon_status)7), "TENON_UNKNOWN");
    assert_string_equal(tenon_status_text((tenon_status)-99), "unknown status");
    /* The values are promised to bindings. */
    int expected = 0;
    for (int value = 0; value >= -16; value--) {
        assert_int_equal(value, expected--);
        assert_string_not_equal(tenon_status_name((tenon_status)value), "TENON_UNKNOWN");
        assert_true(strlen(tenon_status_text((tenon_status)value)) > 3);
    }
    assert_int_equal(TENON_EFORMAT, -5);
    assert_int_equal(TENON_ELIMIT, -9);
}

static void a_failure_overwrites_all(void **state)
{
    (void)state;
    tenon_error err;
    memset(&err, 'x', sizeof err);
    assert_int_equal(tenon__fail(&err, TENON_ESHAPE, "%d is not %s", 3, "four"), TENON_ESHAPE);
    assert_int_equal(err.status, TENON_ESHAPE);
    assert_string_equal(err.where, "");
    assert_string_equal(err.message, "3 is not four");
    assert_int_equal(tenon__fail(NULL, TENON_EIO, "nobody listens"), TENON_EIO);
}

static void places_go_in_front(void **state)
{
    (void)state;
    tenon_error err;
    (void)tenon__fail(&err, TENON_ESHAPE, "wrong");
    assert_int_equal(tenon__error_where(&err, TENON_EINTERNAL, "node '%s' (Conv)", "x"),
                     TENON_ESHAPE);
    assert_string_equal(err.where, "node 'x' (Conv)");
    assert_int_equal(tenon__error_where(&err, TENON_EINTERNAL, "model.onnx"), TENON_ESHAPE);
    assert_string_equal(err.where, "model.onnx: node 'x' (Conv)");
    assert_string_equal(err.message, "wrong");
    assert_int_equal(tenon__error_where(&err, TENON_EINTERNAL, "%s", ""), TENON_ESHAPE);
    assert_string_equal(err.where, "model.onnx: node 'x' (Conv)");
    assert_int_equal(tenon__error_where(NULL, TENON_EIO, "nobody"), TENON_EIO);
}

/* Characters of 1 to 4 bytes at every offset of the cut. */
static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < TEST_COUNT(characters); c++) {
        size_t length = strlen(characters[c]);
        for (size_t shift = 0; shift < 4; shift++) {
            char text[1024] = "";
            memset(text, '.', shift);
            for (size_t i = shift; i + length < sizeof text - 1; i += length)
                strcat(text, characters[c]);
            tenon_error err;
            (void)tenon__fail(&err, TENON_EIO, "%s", text);
            size_t kept = strlen(err.message);
            assert_true(kept < TENON_ERROR_MESSAGE_BYTES);
            assert_true(kept + length >= TENON_ERROR_MESSAGE_BYTES);
            assert_int_equal((kept - shift) % length, 0);
            assert_memory_equal(err.message, text, kept);
            (void)tenon__error_where(&err, TENON_EIO, "%s", text);
            (void)tenon__error_where(&err, TENON_EIO, "f");
            kept = strlen(err.where);
            assert_true(kept < TENON_ERROR_WHERE_BYTES && kept + length >= TENON_ERROR_WHERE_BYTES);
            assert_int_equal((kept - 3 - shift) % length, 0);
        }
    }
}

static void text_that_just_fits_is_kept(void **state)
{
    (void)state;
    tenon_error err;
    char text[TENON_ERROR_MESSAGE_BYTES];
    memset(text, 'x', sizeof text - 4);
    memcpy(text + sizeof text - 4, "\xE2\x82\xAC", 4);
    (void)tenon__fail(&err, TENON_EIO, "%s", text);
    assert_string_equal(err.message, text);
}

static void the_library_says_its_version(void **state)
{
    (void)state;
    char text[32];
    (void)snprintf(text, sizeof text, "%d.%d.%d", TENON_VERSION_MAJOR, TENON_VERSION_MINOR,
                   TENON_VERSION_PATCH);
    assert_int_equal(tenon_version(), TENON_VERSION);
    assert_string_equal(tenon_version_text(), text);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(every_status_has_its_name),   CASE(a_failure_overwrites_all),
        CASE(places_go_in_front),          CASE(long_text_is_cut_between_characters),
        CASE(text_that_just_fits_is_kept), CASE(the_library_says_its_version),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
