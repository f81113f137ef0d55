/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions in RE2's syntax, matched as a whole in time linear in the text. Left out, and
 * refused by name: Unicode classes (\p), \C, and flags other than i, m, s, U. */
#ifndef TENON_OPKIT_REGEX_H
#define TENON_OPKIT_REGEX_H

#include "base/arena.h"
#include "base/status.h"
#include "base/str.h"

typedef struct tenon__regex tenon__regex;

/* Everything lies in the arena. TENON_EFORMAT says what is wrong and where, TENON_EUNSUPPORTED what
 * is left out, TENON_ELIMIT that the expression grows too large. */
tenon_status tenon__regex_parse(tenon__arena *arena, tenon__str pattern, const tenon__regex **out,
                                tenon_error *err);
size_t tenon__regex_scratch_bytes(const tenon__regex *regex);
/* Whether all of the text matches. */
bool tenon__regex_matches(const tenon__regex *regex, const char *text, size_t size, void *scratch);

#endif
