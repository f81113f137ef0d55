/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of options: the parser, --help and the man page come from it. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"

typedef enum kind { FLAG, COUNT, TEXT, LIST, NUMBER, THREADS, REAL, DURATION, ONOFF } kind;

typedef struct option {
    const char *name, *arg, *help;
    unsigned verbs;
    kind kind;
    size_t offset;
} option;

#define AT(field) offsetof(cli_args, field)
#define MODEL_VERBS (VERB_RUN | VERB_INSPECT | VERB_BENCH)
#define COMMON      (VERB_RUN | VERB_INSPECT | VERB_BENCH | VERB_COMPARE)

static const option options[] = {
    {"--input", "[NAME=]FILE", "an input: .npy .npz .pb .png .jpg .wav, raw with --dtype and --shape, - for stdin, text:...",
     MODEL_VERBS, LIST, AT(inputs)},
    {"--shape", "[NAME=]1x3x4", "the shape of an input: for raw data, and for --fill", MODEL_VERBS, LIST, AT(shapes)},
    {"--dtype", "TYPE", "the element type of raw data: float32, uint8, ...", MODEL_VERBS, TEXT, AT(dtype)},
    {"--fill", "zeros|random", "gives what is not given", MODEL_VERBS, TEXT, AT(fill)},
    {"--seed", "N", "of --fill random (0)", MODEL_VERBS, NUMBER, AT(seed)},
    {"--resize", "WxH", "pictures: resize to so many pixels", MODEL_VERBS, TEXT, AT(resize)},
    {"--layout", "nchw|nhwc", "pictures: order of the dimensions (as the input's shape shows)", MODEL_VERBS, TEXT, AT(layout)},
    {"--color", "rgb|bgr|gray", "pictures: order of the channels (rgb)", MODEL_VERBS, TEXT, AT(color)},
    {"--mean", "R,G,B", "pictures: value = (pixel - mean) * scale, pixel 0..255 (0)", MODEL_VERBS, TEXT, AT(mean)},
    {"--scale", "R,G,B", "pictures: see --mean (1)", MODEL_VERBS, TEXT, AT(scale)},
    {"--output", "DIR|X.npy|X.npz", "where outputs go; without it, short tables", VERB_RUN, TEXT, AT(output)},
    {"--top", "N", "print the N largest elements of each output", VERB_RUN, NUMBER, AT(top)},
    {"--labels", "FILE", "names for --top, one a line", VERB_RUN, TEXT, AT(labels)},
    {"--repeat", "N", "run so many times (1)", VERB_RUN, NUMBER, AT(repeat)},
    {"--budget", "TIME", "run in steps of so long (500us, 1ms; a bare number is microseconds) and say how many", VERB_RUN,
     DURATION, AT(budget_ns)},
    {"--profile", NULL, "print a table of the steps", VERB_RUN, FLAG, AT(profile)},
    {"--graph", NULL, "print the graph as DOT", VERB_INSPECT, FLAG, AT(graph)},
    {"--plan", NULL, "print steps, kernels, layouts, tiles and arena", VERB_INSPECT, FLAG, AT(plan)},
    {"--duration", "TIME", "how long to measure, for each number of threads (1s)", VERB_BENCH, DURATION, AT(duration_ns)},
    {"--threads", "N", "threads, the caller counted; bench takes a list: 1,2", MODEL_VERBS, THREADS, AT(threads)},
    {"--cpu", "ref|avx2|avx512|neon|native", "instruction sets to use (native)", COMMON | VERB_DOCTOR, TEXT, AT(cpu)},
    {"--passes", "on|off", "rewrite the graph for speed (on)", MODEL_VERBS, ONOFF, AT(passes_off)},
    {"--accuracy", "strict|standard|fast", "standard is within 1e-4 of the largest output", MODEL_VERBS, TEXT, AT(accuracy)},
    {"--precision", "f32", "of the arithmetic (f32)", MODEL_VERBS, TEXT, AT(precision)},
    {"--rtol", "X", "relative tolerance (1e-3)", VERB_COMPARE, REAL, AT(rtol)},
    {"--atol", "X", "absolute tolerance (1e-5)", VERB_COMPARE, REAL, AT(atol)},
    {"--json", NULL, "one JSON object on stdout", VERB_ALL, FLAG, AT(json)},
    {"-v", NULL, "say more on stderr; twice for debugging", VERB_ALL, COUNT, AT(verbose)},
    {"--help", NULL, "this text", VERB_ALL, FLAG, AT(help)},
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

typedef struct verb_info {
    const char *name;
    unsigned verb;
    const char *operands, *help;
    size_t least, most;
} verb_info;

static const verb_info verbs[] = {
    {"run", VERB_RUN, "MODEL", "run a model once and show or keep its outputs", 1, 1},
    {"inspect", VERB_INSPECT, "MODEL", "show what a model takes, gives and needs", 1, 1},
    {"bench", VERB_BENCH, "MODEL", "measure loading and latency", 1, 1},
    {"compare", VERB_COMPARE, "A B", "compare two folders of outputs", 2, 2},
    {"doctor", VERB_DOCTOR, "", "show the machine and test the engine on it", 0, 0},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static const verb_info *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool parse_duration(const char *text, uint64_t *out)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 1e3}};
    size_t n = strspn(text, "0123456789.");
    double x;
    if (!n || !tenon__parse_f64((tenon__str){text, n}, &x)) return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + n, units[i].unit) != 0) continue;
        if (x * units[i].ns > 9e18) return false;
        *out = (uint64_t)(x * units[i].ns);
        return true;
    }
    return false;
}

static bool parse_threads(const char *text, cli_args *a)
{
    const char *p = text;
    a->threads_list = text;
    a->threads_set = true;
    for (unsigned first = 1;; first = 0) {
        size_t n = strcspn(p, ",");
        int64_t x;
        if (!tenon__parse_i64((tenon__str){p, n}, &x) || x < 1 || x > 1024) return false;
        if (first) a->threads = (unsigned)x;
        if (!p[n]) return true;
        if (a->verb != VERB_BENCH) return false;
        p += n + 1;
    }
}

static int store(const option *o, const char *text, cli_args *a)
{
    void *at = (char *)a + o->offset;
    int64_t x;
    bool ok = true;
    switch (o->kind) {
    case FLAG: *(bool *)at = true; break;
    case COUNT: ++*(unsigned *)at; break;
    case TEXT: *(const char **)at = text; break;
    case LIST: {
        cli_list *list = at;
        if (list->count == CLI_MAX_LIST) return cli_fail(EXIT_USAGE, "%s: more than %d times", o->name, CLI_MAX_LIST);
        list->items[list->count++] = text;
        break;
    }
    case NUMBER:
        ok = tenon__parse_i64(tenon__str_of(text), &x) && x >= 0;
        if (ok) *(uint64_t *)at = (uint64_t)x;
        break;
    case THREADS: ok = parse_threads(text, a); break;
    case REAL: ok = tenon__parse_f64(tenon__str_of(text), at) && *(double *)at >= 0; break;
    case DURATION:
        ok = parse_duration(text, at);
        if (o->offset == AT(budget_ns)) a->budget_set = true;
        break;
    case ONOFF:
        ok = strcmp(text, "on") == 0 || strcmp(text, "off") == 0;
        *(bool *)at = strcmp(text, "off") == 0;
        break;
    }
    return ok ? -1 : cli_fail(EXIT_USAGE, "%s: '%s' is no %s", o->name, text, o->arg);
}

/* ---- parsing ---------------------------------------------------------------------------------------------------- */

static const option *find_option(const char *name, size_t n)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == n && strncmp(options[i].name, name, n) == 0) return &options[i];
    return NULL;
}

static int parse_option(const verb_info *v, int argc, char **argv, int *i, cli_args *out)
{
    const char *arg = argv[*i], *eq = strncmp(arg, "--", 2) == 0 ? strchr(arg, '=') : NULL;
    size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
    const option *o = find_option(arg, n);
    if (!o || !(o->verbs & v->verb))
        return cli_fail(EXIT_USAGE, "%s: there is no option %.*s; see tenon %s --help", v->name, (int)n, arg, v->name);
    if (!o->arg) return eq ? cli_fail(EXIT_USAGE, "%s takes no value", o->name) : store(o, NULL, out);
    if (eq) return store(o, eq + 1, out);
    if (*i + 1 >= argc) return cli_fail(EXIT_USAGE, "%s needs a value: %s", o->name, o->arg);
    return store(o, argv[++*i], out);
}

static bool one_of(const char *text, const char *list)
{
    size_t n = strlen(text);
    for (const char *p = list; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strcspn(p, "|") == n && strncmp(p, text, n) == 0) return true;
    return false;
}

/* Options whose values are one of a few words: the words are the table's. */
static int check_words(const cli_args *a)
{
    static const char *const names[] = {"--fill", "--layout", "--color", "--cpu", "--accuracy", "--precision"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const option *o = find_option(names[i], strlen(names[i]));
        const char *text = *(const char *const *)(const void *)((const char *)a + o->offset);
        if (text && !one_of(text, o->arg))
            return cli_fail(EXIT_USAGE, "%s: '%s' is none of %s", o->name, text, o->arg);
    }
    return -1;
}

static int run_verb_help(const char *name)
{
    const verb_info *v = name ? find_verb(name) : NULL;
    cli_print_help(stdout, v ? v->verb : 0);
    return EXIT_DONE;
}

int cli_parse(int argc, char **argv, cli_args *out)
{
    memset(out, 0, sizeof *out);
    out->repeat = 1;
    out->rtol = 1e-3;
    out->atol = 1e-5;
    out->duration_ns = 1000000000;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return run_verb_help(argc > 2 ? argv[2] : NULL);
    const verb_info *v = find_verb(argv[1]);
    if (!v) return cli_fail(EXIT_USAGE, "there is no verb '%s'; it is one of run, inspect, bench, compare, doctor", argv[1]);
    out->verb = v->verb;
    bool only_paths = false;
    for (int i = 2; i < argc; i++) {
        if (!only_paths && argv[i][0] == '-' && argv[i][1]) {
            only_paths = strcmp(argv[i], "--") == 0;
            int rc = only_paths ? -1 : parse_option(v, argc, argv, &i, out);
            if (rc >= 0) return rc;
        } else if (out->paths.count < CLI_MAX_LIST) {
            out->paths.items[out->paths.count++] = argv[i];
        }
    }
    if (out->help) return run_verb_help(v->name);
    if (out->paths.count < v->least || out->paths.count > v->most)
        return cli_fail(EXIT_USAGE, "%s takes %s, %zu given; see tenon %s --help", v->name,
                        v->operands[0] ? v->operands : "no file", out->paths.count, v->name);
    return check_words(out);
}

/* ---- help ------------------------------------------------------------------------------------------------------- */

static void print_options(FILE *to, unsigned verb)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[64];
        if (!(options[i].verbs & verb)) continue;
        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].arg ? " " : "",
                 options[i].arg ? options[i].arg : "");
        fprintf(to, strlen(left) > 25 ? "  %s\n%29s%s\n" : "  %-26s %s%s\n", left, "", options[i].help);
    }
}

void cli_print_help(FILE *to, unsigned verb)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (verbs[i].verb != verb) continue;
        fprintf(to, "tenon %s %s [options]: %s\n\n", verbs[i].name, verbs[i].operands, verbs[i].help);
        print_options(to, verb);
        return;
    }
    fprintf(to, "tenon VERB [options]\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(to, "  %-8s %-6s %s\n", verbs[i].name, verbs[i].operands, verbs[i].help);
    fprintf(to, "\n  tenon VERB --help        the verb's options\n  tenon --version          version, build, libraries found\n"
                "\nExit status: 0 done; 1 a check fell short; 2 command line; 3 model or data refused;\n"
                "4 environment (file, memory, disk, library); 130 interrupted.\n");
}

static void print_roff(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '-' || *text == '\\') fputc('\\', to);
        fputc(*text, to);
    }
}

void cli_print_man(FILE *to)
{
    fprintf(to, ".TH TENON 1 \"\" \"tenon %s\"\n.SH NAME\ntenon \\- run trained models\n"
                ".SH SYNOPSIS\n.B tenon\n.I VERB\n[options]\n.SH VERBS\n",
            tenon_version_text());
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(to, ".TP\n.B %s %s\n%s\n", verbs[i].name, verbs[i].operands, verbs[i].help);
    fprintf(to, ".SH OPTIONS\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        fprintf(to, ".TP\n.B ");
        print_roff(to, options[i].name);
        if (options[i].arg) {
            fprintf(to, " \\fI");
            print_roff(to, options[i].arg);
            fprintf(to, "\\fR");
        }
        fprintf(to, "\n");
        print_roff(to, options[i].help);
        fprintf(to, " (");
        for (size_t k = 0, n = 0; k < VERB_COUNT; k++)
            if (options[i].verbs & verbs[k].verb) fprintf(to, "%s%s", n++ ? ", " : "", verbs[k].name);
        fprintf(to, ")\n");
    }
    fprintf(to, ".SH EXIT STATUS\n0 done; 1 a check fell short; 2 command line; 3 model or data refused; 4 environment (file, "
                "memory, disk, library); 130 interrupted.\n.SH ENVIRONMENT\nTENON_CPU, TENON_THREADS, TENON_LOG, NO_COLOR. A flag "
                "beats the environment.\n");
}
