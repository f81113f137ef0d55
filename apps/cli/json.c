/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON writer. The command never calls setlocale, so that numbers have '.' everywhere. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"

static void print_escaped(FILE *to, const char *s)
{
    bool utf8 = tenon__utf8_valid(s, strlen(s));
    fputc('"', to);
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        if (ch == '"' || ch == '\\')
            fprintf(to, "\\%c", ch);
        else if (ch < 32 || ch == 127 || (ch > 127 && !utf8))
            fprintf(to, "\\u%04x", ch);
        else
            fputc(ch, to);
    }
    fputc('"', to);
}

static void next(json *j, const char *key)
{
    if (!j->first) fputc(',', j->to);
    if (j->depth) fprintf(j->to, "\n%*s", 2 * j->depth, "");
    j->first = false;
    if (!key) return;
    print_escaped(j->to, key);
    fputs(": ", j->to);
}

void json_open(json *j, const char *key, char bracket)
{
    if (!j->depth) j->first = true;
    next(j, key);
    fputc(bracket, j->to);
    j->depth++;
    j->first = true;
}

void json_close(json *j, char bracket)
{
    j->depth--;
    if (!j->first) fprintf(j->to, "\n%*s", 2 * j->depth, "");
    fputc(bracket, j->to);
    if (!j->depth) fputc('\n', j->to);
    j->first = false;
}

void json_text(json *j, const char *key, const char *value)
{
    next(j, key);
    print_escaped(j->to, value);
}

void json_int(json *j, const char *key, int64_t value)
{
    next(j, key);
    fprintf(j->to, "%" PRId64, value);
}

void json_real(json *j, const char *key, double value)
{
    if (!isfinite(value)) {
        json_null(j, key);
        return;
    }
    next(j, key);
    fprintf(j->to, "%.6g", value);
}

void json_bool(json *j, const char *key, bool value)
{
    next(j, key);
    fputs(value ? "true" : "false", j->to);
}

void json_null(json *j, const char *key)
{
    next(j, key);
    fputs("null", j->to);
}

void json_dims(json *j, const char *key, int rank, const int64_t *dims, const char *const *symbols)
{
    next(j, key);
    if (rank < 0) {
        fputs("null", j->to);
        return;
    }
    fputc('[', j->to);
    for (int d = 0; d < rank; d++) {
        if (d) fputs(", ", j->to);
        if (dims[d] >= 0)
            fprintf(j->to, "%" PRId64, dims[d]);
        else if (symbols && symbols[d] && symbols[d][0])
            print_escaped(j->to, symbols[d]);
        else
            fputs("null", j->to);
    }
    fputc(']', j->to);
}
