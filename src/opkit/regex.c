/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions: parsed into a tree, written out as a program, run on all its threads at
 * once. */
#include "opkit/regex.h"

#include "opkit/text.h"

#define MOST_DEPTH  200
#define MOST_REPEAT 1000
#define MOST_STEPS  20000   /* of the program */
#define MOST_WORK   2000000 /* of writing it, where repeated parts are empty */
#define LAST_CODE   0x10FFFFu

typedef enum node_type { EMPTY, CLASS, CHAIN, EITHER, REPEAT, ASSERT } node_type;
typedef enum assertion {
    TEXT_START,
    TEXT_END,
    LINE_START,
    LINE_END,
    WORD_EDGE,
    NO_WORD_EDGE
} assertion;

typedef struct range {
    uint32_t low, high;
    struct range *next;
} range;

typedef struct node {
    node_type type;
    struct node *child, *next; /* children of CHAIN, EITHER and REPEAT are linked by next */
    range *ranges;             /* CLASS */
    int least, most;           /* REPEAT; most -1: any number */
    assertion assertion;
} node;

typedef enum opcode { OP_CLASS, OP_SPLIT, OP_JUMP, OP_ASSERT, OP_MATCH } opcode;

typedef struct step {
    uint8_t op;
    uint32_t x, y;       /* SPLIT: both ways; JUMP: where; ASSERT: which */
    const range *ranges; /* CLASS */
} step;

struct tenon__regex {
    step *steps;
    uint32_t count;
};

/* ---- parsing ----------------------------------------------------------------------------------
 */

typedef struct flags {
    bool fold, multiline, dot_all;
} flags;

typedef struct parser {
    tenon__arena *arena;
    tenon__str text;
    size_t at;
    int depth;
    flags flags;
    tenon_status status;
    tenon_error *err;
} parser;

static void fail(parser *p, tenon_status status, const char *what)
{
    if (p->status) return;
    p->status = tenon__fail(p->err, status, "pattern, at byte %zu: %s", p->at, what);
}

static void *take(parser *p, size_t bytes)
{
    void *memory = tenon__arena_zeroed(p->arena, 1, bytes);
    if (!memory) fail(p, TENON_ENOMEM, "no memory");
    return memory;
}

static node *new_node(parser *p, node_type type)
{
    node *n = take(p, sizeof *n);
    if (n) n->type = type;
    return n;
}

static bool more(const parser *p)
{
    return !p->status && p->at < p->text.size;
}

static char peek(const parser *p)
{
    return p->text.data[p->at];
}

static bool take_if(parser *p, const char *word)
{
    size_t n = strlen(word);
    if (p->status || p->text.size - p->at < n || memcmp(p->text.data + p->at, word, n) != 0)
        return false;
    p->at += n;
    return true;
}

static void add_range(parser *p, range **list, uint32_t low, uint32_t high)
{
    range *r = take(p, sizeof *r);
    if (!r) return;
    *r = (range){low, high, *list};
    *list = r;
}

/* Both cases of the letters of a range; those of wide ranges are there already. */
static void add_folded(parser *p, range **list, uint32_t low, uint32_t high)
{
    add_range(p, list, low, high);
    if (!p->flags.fold || high - low > 512) return;
    for (uint32_t c = low; c <= high; c++) {
        if (tenon__lower(c) != c) add_range(p, list, tenon__lower(c), tenon__lower(c));
        if (tenon__upper(c) != c) add_range(p, list, tenon__upper(c), tenon__upper(c));
    }
}

/* What the list leaves out: looks for the next covered range again and again; lists are short. */
static range *complement(parser *p, const range *list)
{
    range *out = NULL;
    uint32_t from = 0;
    for (;;) {
        uint32_t low = LAST_CODE + 1, past = from;
        for (const range *r = list; r; r = r->next) {
            if (r->low <= past && r->high >= past) past = r->high + 1;
            if (r->low > from && r->low < low) low = r->low;
        }
        if (past > from) {
            from = past;
        } else {
            add_range(p, &out, from, low - 1);
            from = low;
        }
        if (p->status || from > LAST_CODE) return out;
    }
}

/* \d, \s, \w and their opposites; false where `c` is none. */
static bool add_shorthand(parser *p, range **list, char c)
{
    range *own = NULL;
    switch (c | 0x20) {
    case 'd':
        add_range(p, &own, '0', '9');
        break;
    case 's':
        add_range(p, &own, '\t', '\n');
        add_range(p, &own, '\f', '\r');
        add_range(p, &own, ' ', ' ');
        break;
    case 'w':
        add_range(p, &own, '0', '9');
        add_range(p, &own, 'A', 'Z');
        add_range(p, &own, '_', '_');
        add_range(p, &own, 'a', 'z');
        break;
    default:
        return false;
    }
    if (!(c & 0x20)) own = complement(p, own);
    for (; own; own = own->next)
        add_range(p, list, own->low, own->high);
    return true;
}

static int digit_of(char c, int base)
{
    int d = c >= '0' && c <= '9'                     ? c - '0'
            : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                     : 99;
    return d < base ? d : -1;
}

static uint32_t hex_code(parser *p)
{
    uint32_t code = 0;
    bool braces = take_if(p, "{");
    int count = 0;
    while (more(p) && count < (braces ? 8 : 2) && digit_of(peek(p), 16) >= 0) {
        code = code * 16 + (uint32_t)digit_of(peek(p), 16);
        p->at++;
        count++;
        if (code > LAST_CODE) break;
    }
    if (count == 0 || code > LAST_CODE || (!braces && count != 2) || (braces && !take_if(p, "}")))
        fail(p, TENON_EFORMAT, "\\x is not followed by a code");
    return code;
}

/* The code behind a backslash that stands for one character. */
static uint32_t escaped(parser *p)
{
    char c = peek(p);
    p->at++;
    switch (c) {
    case 'a':
        return '\a';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    case 'x':
        return hex_code(p);
    default:
        break;
    }
    if (c == '0') {
        uint32_t code = 0;
        for (int k = 0; k < 2 && more(p) && digit_of(peek(p), 8) >= 0; k++, p->at++)
            code = code * 8 + (uint32_t)digit_of(peek(p), 8);
        return code;
    }
    if ((c | 0x20) == 'p' || c == 'C')
        fail(p, TENON_EUNSUPPORTED, "Unicode classes and \\C are not supported");
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
        fail(p, TENON_EFORMAT, "an escape that means nothing");
    p->at--;
    return tenon__utf8_next(p->text.data, p->text.size, &p->at);
}

static bool add_posix(parser *p, range **list)
{
    static const struct {
        const char *name, *ranges;
    } classes[] = {{"alnum:]", "09AZaz"},
                   {"alpha:]", "AZaz"},
                   {"ascii:]", "\1\177"},
                   {"blank:]", "\t\t  "},
                   {"cntrl:]", "\1\37\177\177"},
                   {"digit:]", "09"},
                   {"graph:]", "!~"},
                   {"lower:]", "az"},
                   {"print:]", " ~"},
                   {"punct:]", "!/:@[`{~"},
                   {"space:]", "\t\r  "},
                   {"upper:]", "AZ"},
                   {"word:]", "09AZaz__"},
                   {"xdigit:]", "09AFaf"}};
    size_t start = p->at;
    if (!take_if(p, "[:")) return false;
    bool negated = take_if(p, "^");
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        if (!take_if(p, classes[k].name)) continue;
        range *own = NULL;
        for (const char *r = classes[k].ranges; *r; r += 2)
            add_range(p, &own, (uint8_t)r[0], (uint8_t)r[1]);
        if (strcmp(classes[k].name, "ascii:]") == 0 || strcmp(classes[k].name, "cntrl:]") == 0)
            add_range(p, &own, 0, 0);
        if (negated) own = complement(p, own);
        for (; own; own = own->next)
            add_folded(p, list, own->low, own->high);
        return true;
    }
    p->at = start;
    fail(p, TENON_EFORMAT, "an unknown [: class :]");
    return false;
}

static uint32_t class_member(parser *p)
{
    if (take_if(p, "\\")) {
        if (more(p)) return escaped(p);
        fail(p, TENON_EFORMAT, "a backslash at the end");
        return 0;
    }
    return tenon__utf8_next(p->text.data, p->text.size, &p->at);
}

static node *parse_class(parser *p)
{
    node *n = new_node(p, CLASS);
    bool negated = take_if(p, "^"), first = true;
    while (n && more(p) && (first || peek(p) != ']')) {
        first = false;
        if (peek(p) == '[' && p->at + 1 < p->text.size && p->text.data[p->at + 1] == ':') {
            if (!add_posix(p, &n->ranges)) break;
            continue;
        }
        if (peek(p) == '\\' && p->at + 1 < p->text.size &&
            add_shorthand(p, &n->ranges, p->text.data[p->at + 1])) {
            p->at += 2;
            continue;
        }
        uint32_t low = class_member(p), high = low;
        if (more(p) && peek(p) == '-' && p->at + 1 < p->text.size &&
            p->text.data[p->at + 1] != ']') {
            p->at++;
            high = class_member(p);
        }
        if (high < low) fail(p, TENON_EFORMAT, "a range that runs backwards");
        if (!p->status) add_folded(p, &n->ranges, low, high);
    }
    if (!take_if(p, "]")) fail(p, TENON_EFORMAT, "a class without ]");
    if (n && negated && !p->status) n->ranges = complement(p, n->ranges);
    return n;
}

static node *parse_either(parser *p);

static node *one_code(parser *p, uint32_t code)
{
    node *n = new_node(p, CLASS);
    if (n) add_folded(p, &n->ranges, code, code);
    return n;
}

static node *assert_node(parser *p, assertion what)
{
    node *n = new_node(p, ASSERT);
    if (n) n->assertion = what;
    return n;
}

/* \Q...\E: letters that mean themselves. */
static node *parse_quoted(parser *p)
{
    node *chain = new_node(p, CHAIN), **end = chain ? &chain->child : NULL;
    while (end && more(p) && !take_if(p, "\\E")) {
        *end = one_code(p, tenon__utf8_next(p->text.data, p->text.size, &p->at));
        end = *end ? &(*end)->next : NULL;
    }
    return chain;
}

static node *parse_escape(parser *p)
{
    if (!more(p)) {
        fail(p, TENON_EFORMAT, "a backslash at the end");
        return NULL;
    }
    char c = peek(p);
    const assertion what = c == 'A'   ? TEXT_START
                           : c == 'z' ? TEXT_END
                           : c == 'b' ? WORD_EDGE
                                      : NO_WORD_EDGE;
    if (c == 'A' || c == 'z' || c == 'b' || c == 'B') {
        p->at++;
        return assert_node(p, what);
    }
    if (take_if(p, "Q")) return parse_quoted(p);
    node *n = new_node(p, CLASS);
    if (n && add_shorthand(p, &n->ranges, c)) {
        p->at++;
        return n;
    }
    return one_code(p, escaped(p));
}

/* Behind "(?": flags up to `)` or `:`. */
static void parse_flags(parser *p, bool *scoped)
{
    bool on = true;
    for (; more(p); p->at++) {
        switch (peek(p)) {
        case 'i':
            p->flags.fold = on;
            break;
        case 'm':
            p->flags.multiline = on;
            break;
        case 's':
            p->flags.dot_all = on;
            break;
        case 'U':
            break; /* which match is preferred: all the same for a whole one */
        case '-':
            on = false;
            break;
        case ':':
        case ')':
            *scoped = p->text.data[p->at++] == ':';
            return;
        default:
            fail(p, TENON_EUNSUPPORTED,
                 "groups other than (?:), (?P<name>) and flags are not supported");
            return;
        }
    }
    fail(p, TENON_EFORMAT, "a group without )");
}

static node *parse_group(parser *p)
{
    flags before = p->flags;
    bool scoped = true;
    if (take_if(p, "?P<") || take_if(p, "?<")) {
        if (more(p) && (peek(p) == '=' || peek(p) == '!'))
            fail(p, TENON_EUNSUPPORTED, "looking behind is not supported");
        while (more(p) && peek(p) != '>')
            p->at++;
        if (!take_if(p, ">")) fail(p, TENON_EFORMAT, "a group's name without >");
    } else if (take_if(p, "?")) {
        parse_flags(p, &scoped);
        if (!scoped) return new_node(p, EMPTY); /* they hold up to the end of the group around */
    }
    if (++p->depth > MOST_DEPTH) fail(p, TENON_ELIMIT, "groups are nested too deeply");
    node *n = parse_either(p);
    p->depth--;
    p->flags = before;
    if (!take_if(p, ")")) fail(p, TENON_EFORMAT, "a group without )");
    return n;
}

static node *parse_atom(parser *p)
{
    char c = peek(p);
    if (c == '*' || c == '+' || c == '?') {
        fail(p, TENON_EFORMAT, "nothing to repeat");
        return NULL;
    }
    if (take_if(p, "(")) return parse_group(p);
    if (take_if(p, "[")) return parse_class(p);
    if (take_if(p, "\\")) return parse_escape(p);
    if (take_if(p, "^")) return assert_node(p, p->flags.multiline ? LINE_START : TEXT_START);
    if (take_if(p, "$")) return assert_node(p, p->flags.multiline ? LINE_END : TEXT_END);
    if (take_if(p, ".")) {
        node *n = new_node(p, CLASS);
        if (!n) return NULL;
        add_range(p, &n->ranges, 0, p->flags.dot_all ? LAST_CODE : '\n' - 1);
        if (!p->flags.dot_all) add_range(p, &n->ranges, '\n' + 1, LAST_CODE);
        return n;
    }
    return one_code(p, tenon__utf8_next(p->text.data, p->text.size, &p->at));
}

static int number(parser *p)
{
    int n = -1;
    while (more(p) && peek(p) >= '0' && peek(p) <= '9' && n <= MOST_REPEAT)
        n = (n < 0 ? 0 : n) * 10 + (p->text.data[p->at++] - '0');
    return n;
}

/* A repetition behind an atom; a { that is none means itself. */
static bool parse_repeat(parser *p, int *least, int *most)
{
    size_t start = p->at;
    *least = 0;
    *most = -1;
    if (take_if(p, "*")) return true;
    if (take_if(p, "+")) {
        *least = 1;
        return true;
    }
    if (take_if(p, "?")) {
        *most = 1;
        return true;
    }
    if (!take_if(p, "{")) return false;
    *least = *most = number(p);
    if (*least >= 0 && take_if(p, ",")) *most = number(p);
    if (*least < 0 || !take_if(p, "}")) {
        p->at = start;
        return false;
    }
    if (*least > MOST_REPEAT || *most > MOST_REPEAT || (*most >= 0 && *most < *least))
        fail(p, TENON_EFORMAT, "a repetition out of range");
    return true;
}

static node *parse_chain(parser *p)
{
    node *chain = new_node(p, CHAIN), **end = chain ? &chain->child : NULL;
    while (end && more(p) && peek(p) != '|' && peek(p) != ')') {
        node *n = parse_atom(p);
        int least, most;
        if (n && more(p) && parse_repeat(p, &least, &most)) {
            (void)take_if(p, "?");
            node *repeat = new_node(p, REPEAT);
            if (!repeat) return chain;
            *repeat = (node){.type = REPEAT, .child = n, .least = least, .most = most};
            n = repeat;
            if (more(p) && parse_repeat(p, &least, &most))
                fail(p, TENON_EFORMAT, "a repetition of a repetition");
        }
        if (!n || p->status) return chain;
        *end = n;
        end = &n->next;
    }
    return chain;
}

static node *parse_either(parser *p)
{
    node *either = new_node(p, EITHER), **end = either ? &either->child : NULL;
    do {
        node *chain = parse_chain(p);
        if (!end || !chain) return either;
        *end = chain;
        end = &chain->next;
    } while (take_if(p, "|"));
    return either;
}

/* ---- writing the program ----------------------------------------------------------------------
 */

typedef struct writer {
    step *steps; /* NULL: only counted */
    uint32_t count, work;
    bool full;
} writer;

static uint32_t put(writer *w, opcode op, uint32_t x, uint32_t y)
{
    if (w->count >= MOST_STEPS) {
        w->full = true;
        return 0;
    }
    if (w->steps) w->steps[w->count] = (step){(uint8_t)op, x, y, NULL};
    return w->count++;
}

/* The second way of a split is the next step to be written. */
static void lead_here(writer *w, uint32_t split)
{
    if (w->steps) w->steps[split].y = w->count;
}

static void write_node(writer *w, const node *n);

static void write_either(writer *w, const node *n)
{
    uint32_t last = UINT32_MAX; /* jumps to the end, chained through x until it is known */
    for (const node *child = n->child; child && !w->full; child = child->next) {
        if (!child->next) {
            write_node(w, child);
            break;
        }
        uint32_t split = put(w, OP_SPLIT, w->count + 1, 0);
        write_node(w, child);
        last = put(w, OP_JUMP, last, 0);
        lead_here(w, split);
    }
    while (w->steps && last != UINT32_MAX) {
        uint32_t before = w->steps[last].x;
        w->steps[last].x = w->count;
        last = before;
    }
}

static void write_repeat(writer *w, const node *n)
{
    for (int k = 0; k < n->least && !w->full; k++)
        write_node(w, n->child);
    if (n->most < 0) {
        uint32_t split = put(w, OP_SPLIT, w->count + 1, 0);
        write_node(w, n->child);
        (void)put(w, OP_JUMP, split, 0);
        lead_here(w, split);
        return;
    }
    for (int k = n->least; k < n->most && !w->full; k++) {
        uint32_t split = put(w, OP_SPLIT, w->count + 1, 0);
        write_node(w, n->child);
        lead_here(w, split);
    }
}

/* Depth is that of the tree: at most two levels for each nested group, and the repetitions. */
static void write_node(writer *w, const node *n)
{
    if (++w->work > MOST_WORK) w->full = true;
    if (w->full) return;
    switch (n->type) {
    case EMPTY:
        break;
    case CLASS: {
        uint32_t at = put(w, OP_CLASS, 0, 0);
        if (w->steps) w->steps[at].ranges = n->ranges;
        break;
    }
    case ASSERT:
        (void)put(w, OP_ASSERT, n->assertion, 0);
        break;
    case CHAIN:
        for (const node *child = n->child; child && !w->full; child = child->next)
            write_node(w, child);
        break;
    case EITHER:
        write_either(w, n);
        break;
    case REPEAT:
        write_repeat(w, n);
        break;
    }
}

tenon_status tenon__regex_parse(tenon__arena *arena, tenon__str pattern, const tenon__regex **out,
                                tenon_error *err)
{
    parser p = {.arena = arena, .text = pattern, .err = err};
    *out = NULL;
    node *tree = parse_either(&p);
    if (!p.status && p.at < pattern.size) fail(&p, TENON_EFORMAT, "a ) without (");
    tenon__regex *regex = p.status ? NULL : take(&p, sizeof *regex);
    if (p.status) return p.status;
    writer w = {.steps = NULL};
    write_node(&w, tree);
    (void)put(&w, OP_MATCH, 0, 0);
    if (w.full)
        return tenon__fail(err, TENON_ELIMIT, "the pattern grows beyond %d steps", MOST_STEPS);
    w = (writer){.steps = take(&p, w.count * sizeof *w.steps)};
    if (p.status) return p.status;
    write_node(&w, tree);
    (void)put(&w, OP_MATCH, 0, 0);
    regex->steps = w.steps;
    regex->count = w.count;
    *out = regex;
    return TENON_OK;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

/* Which steps are next: a list, and a mark for each. */
typedef struct threads {
    uint32_t *list, *mark, count, round;
} threads;

size_t tenon__regex_scratch_bytes(const tenon__regex *regex)
{
    return 6 * (size_t)regex->count * sizeof(uint32_t);
}

#define NO_CODE UINT32_MAX /* before the start, behind the end */

static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool holds(uint32_t what, uint32_t before, uint32_t after)
{
    switch (what) {
    case TEXT_START:
        return before == NO_CODE;
    case TEXT_END:
        return after == NO_CODE;
    case LINE_START:
        return before == NO_CODE || before == '\n';
    case LINE_END:
        return after == NO_CODE || after == '\n';
    case WORD_EDGE:
        return is_word(before) != is_word(after);
    default:
        return is_word(before) == is_word(after);
    }
}

static void push(threads *t, uint32_t *stack, uint32_t *depth, uint32_t at)
{
    if (t->mark[at] == t->round) return;
    t->mark[at] = t->round;
    stack[(*depth)++] = at;
}

/* Adds step `at` and all that follow from it without a character. */
static void add(const tenon__regex *regex, threads *t, uint32_t *stack, uint32_t at,
                uint32_t before, uint32_t after)
{
    uint32_t depth = 0;
    push(t, stack, &depth, at);
    while (depth) {
        uint32_t k = stack[--depth];
        const step *s = &regex->steps[k];
        if (s->op == OP_SPLIT) {
            push(t, stack, &depth, s->y);
            push(t, stack, &depth, s->x);
        } else if (s->op == OP_JUMP) {
            push(t, stack, &depth, s->x);
        } else if (s->op == OP_ASSERT) {
            if (holds(s->x, before, after)) push(t, stack, &depth, k + 1);
        } else {
            t->list[t->count++] = k;
        }
    }
}

static bool in_class(const range *r, uint32_t code)
{
    for (; r; r = r->next)
        if (code >= r->low && code <= r->high) return true;
    return false;
}

bool tenon__regex_matches(const tenon__regex *regex, const char *text, size_t size, void *scratch)
{
    uint32_t n = regex->count, *memory = scratch, *stack = memory + 4 * (size_t)n;
    threads now = {memory, memory + n, 0, 1},
            next = {memory + 2 * (size_t)n, memory + 3 * (size_t)n, 0, 1};
    memset(scratch, 0, tenon__regex_scratch_bytes(regex));
    size_t at = 0, ahead = 0;
    uint32_t code = size ? tenon__utf8_next(text, size, &at) : NO_CODE;
    add(regex, &now, stack, 0, NO_CODE, code);
    while (code != NO_CODE && now.count) {
        ahead = at;
        uint32_t following = at < size ? tenon__utf8_next(text, size, &ahead) : NO_CODE;
        next.count = 0;
        next.round++;
        if (next.round == 0) { /* the marks of 2^32 rounds ago */
            memset(next.mark, 0, n * sizeof *next.mark);
            next.round = 1;
        }
        for (uint32_t k = 0; k < now.count; k++) {
            const step *s = &regex->steps[now.list[k]];
            if (s->op == OP_CLASS && in_class(s->ranges, code))
                add(regex, &next, stack, now.list[k] + 1, code, following);
        }
        threads swap = now;
        now = next;
        next = swap;
        code = following;
        at = ahead;
    }
    for (uint32_t k = 0; code == NO_CODE && k < now.count; k++)
        if (regex->steps[now.list[k]].op == OP_MATCH) return true;
    return false;
}
