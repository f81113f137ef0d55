/* SPDX-License-Identifier: Apache-2.0 */
/* The version that was compiled in. */
#include <tenon/version.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

int tenon_version(void)
{
    return TENON_VERSION;
}

const char *tenon_version_text(void)
{
    return TEXT(TENON_VERSION_MAJOR) "." TEXT(TENON_VERSION_MINOR) "." TEXT(TENON_VERSION_PATCH);
}
