/* SPDX-License-Identifier: Apache-2.0 */
/* Reads outputs.json: JSON as far as an array of objects needs it, whatever their other keys hold.
 */
#include <string.h>

#include "results.h"

enum { MAX_DEPTH = 64 };

typedef struct scanner {
    const char *at, *end;
} scanner;

static void skip_space(scanner *s)
{
    while (s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at)
        s->at++;
}

/* Whether the next thing is `ch`; then it is taken. */
static bool take(scanner *s, char ch)
{
    skip_space(s);
    if (s->at == s->end || *s->at != ch) return false;
    s->at++;
    return true;
}

static bool take_hex(scanner *s, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *p = s->at < s->end && *s->at ? strchr(digits, *s->at) : NULL;
        if (!p) return false;
        *out = *out << 4 | (unsigned)((p - digits) & 15);
    }
    return true;
}

/* One character behind a backslash. \u above 7f does not come from the writer of these files but
 * for bytes that are no UTF-8, which it writes as their values: so they are read. */
static bool take_escape(scanner *s, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    unsigned code;
    if (s->at == s->end) return false;
    char ch = *s->at++;
    if (ch == 'u') {
        if (!take_hex(s, &code) || code > 0xff || !code) return false;
        *out = (char)code;
        return true;
    }
    const char *p = ch ? strchr(from, ch) : NULL;
    if (p) *out = to[p - from];
    return p != NULL;
}

static bool take_string(scanner *s, char *out, size_t size)
{
    size_t n = 0;
    if (!take(s, '"')) return false;
    while (s->at < s->end && *s->at != '"') {
        char ch = *s->at++;
        if (ch == '\\' && !take_escape(s, &ch)) return false;
        if (n + 1 < size) out[n] = ch;
        n++;
    }
    if (n >= size) return false;
    out[n] = 0;
    return take(s, '"');
}

static bool skip_string(scanner *s)
{
    while (s->at < s->end && *s->at != '"')
        s->at += *s->at == '\\' && s->at + 1 < s->end ? 2 : 1;
    return take(s, '"');
}

/* Any value: up to the comma or bracket behind it. */
static bool skip_value(scanner *s)
{
    for (int depth = 0; s->at < s->end;) {
        char ch = *s->at;
        if (!depth && strchr(",]}", ch)) return true;
        s->at++;
        if (ch == '"' && !skip_string(s)) return false;
        if (ch == '[' || ch == '{') depth++;
        if (ch == ']' || ch == '}') depth--;
        if (depth > MAX_DEPTH || !ch) return false;
    }
    return false;
}

static bool take_row(scanner *s, char *name, char *file, size_t size)
{
    char key[64];
    name[0] = file[0] = 0;
    if (!take(s, '{')) return false;
    do {
        if (!take_string(s, key, sizeof key) || !take(s, ':')) return false;
        skip_space(s);
        bool ok = strcmp(key, "name") == 0   ? take_string(s, name, size)
                  : strcmp(key, "file") == 0 ? take_string(s, file, size)
                                             : skip_value(s);
        if (!ok) return false;
    } while (take(s, ','));
    return take(s, '}');
}

int results_parse_index(const char *what, const char *text, size_t size, results_fn each, void *ctx)
{
    enum { LONGEST = 4096 };
    char name[LONGEST], file[LONGEST];
    scanner s = {text, text + size};
    bool ok = take(&s, '[');
    if (ok && take(&s, ']')) return EXIT_DONE;
    while (ok) {
        ok = take_row(&s, name, file, LONGEST);
        int rc = ok ? each(ctx, name, file) : EXIT_DONE;
        if (rc) return rc;
        if (!take(&s, ',')) break;
    }
    if (ok && take(&s, ']')) return EXIT_DONE;
    return cli_fail(EXIT_REFUSED, "%s: damaged near byte %zu", what, (size_t)(s.at - text));
}
