/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of options: the parser, --help and the man page come from it. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"

typedef enum kind {
    FLAG,
    COUNT,
    TEXT,
    WORD, /* one of those that `arg` lists */
    LIST,
    NUMBER,
    POSITIVE,
    THREADS,
    REAL,
    DURATION,
    ONOFF
} kind;

typedef struct option {
    const char *name, *arg, *help;
    unsigned verbs;
    kind kind;
    size_t offset;
} option;

#define AT(field)   offsetof(cli_args, field)
#define MODEL_VERBS (VERB_RUN | VERB_INSPECT | VERB_BENCH)

static const option options[] = {
    {"--input", "[NAME=]FILE",
     "an input: .npy .npz .pb .png .jpg .wav, raw with --dtype and --shape, - for stdin, text:...",
     MODEL_VERBS, LIST, AT(inputs)},
    {"--shape", "[NAME=]1x3x4", "the shape of an input: for raw data, text and --fill", MODEL_VERBS,
     LIST, AT(shapes)},
    {"--dtype", "TYPE", "the element type of raw data: float32, uint8, ... (as the input has it)",
     MODEL_VERBS, TEXT, AT(dtype)},
    {"--fill", "zeros|random", "gives what is not given; free dimensions are 1", MODEL_VERBS, WORD,
     AT(fill)},
    {"--seed", "N", "of --fill random (0)", MODEL_VERBS, NUMBER, AT(seed)},
    {"--resize", "WxH", "pictures: resize to so many pixels, as Pillow's BILINEAR does",
     MODEL_VERBS, TEXT, AT(resize)},
    {"--layout", "nchw|nhwc", "pictures: order of the dimensions (as the input's shape shows)",
     MODEL_VERBS, WORD, AT(layout)},
    {"--color", "rgb|bgr|gray", "pictures: the channels (rgb; gray where the input has one)",
     MODEL_VERBS, WORD, AT(color)},
    {"--mean", "X[,X,X]", "pictures: value = (pixel - mean) * scale, pixel 0..255 (0)", MODEL_VERBS,
     TEXT, AT(mean)},
    {"--scale", "X[,X,X]", "pictures: see --mean; 1/255 is a number too (1)", MODEL_VERBS, TEXT,
     AT(scale)},
    {"--output", "DIR|X.npy|X.npz", "where outputs go; without it, short tables", VERB_RUN, TEXT,
     AT(output)},
    {"--top", "N", "print the N largest elements of each row of the outputs", VERB_RUN, NUMBER,
     AT(top)},
    {"--labels", "FILE", "names for --top, one a line", VERB_RUN, TEXT, AT(labels)},
    {"--repeat", "N", "run so many times (1)", VERB_RUN, POSITIVE, AT(repeat)},
    {"--budget", "TIME",
     "run in steps of so long (500us, 1ms; a bare number is microseconds) and say how many",
     VERB_RUN, DURATION, AT(budget_ns)},
    {"--profile", NULL, "print a table of the steps and their times", VERB_RUN, FLAG, AT(profile)},
    {"--graph", NULL, "print the graph as DOT", VERB_INSPECT, FLAG, AT(graph)},
    {"--plan", NULL, "print steps, kernels, layouts, tiles and the arena", VERB_INSPECT, FLAG,
     AT(plan)},
    {"--duration", "TIME", "how long to measure, for each number of threads (1s)", VERB_BENCH,
     DURATION, AT(duration_ns)},
    {"--threads", "N", "threads, the caller counted (all); bench takes a list: 1,2 (1 and all)",
     MODEL_VERBS | VERB_DOCTOR, THREADS, AT(threads)},
    {"--cpu", "ref|avx2|avx512|neon|native", "instruction sets to use (native)", VERB_ALL, WORD,
     AT(cpu)},
    {"--passes", "on|off", "rewrite the graph for speed (on)", MODEL_VERBS, ONOFF, AT(passes_off)},
    {"--accuracy", "strict|standard|fast",
     "strict: no Winograd; standard: within 1e-4 of the largest output (standard)", MODEL_VERBS,
     WORD, AT(accuracy)},
    {"--precision", "f32|bf16|int8", "of the arithmetic (f32; the others are refused)", MODEL_VERBS,
     WORD, AT(precision)},
    {"--rtol", "X", "tolerance relative to B's element (1e-3)", VERB_COMPARE, REAL, AT(rtol)},
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
    {"run", VERB_RUN, "MODEL", "run a model and show or keep its outputs", 1, 1},
    {"inspect", VERB_INSPECT, "MODEL", "show what a model takes, gives and needs", 1, 1},
    {"bench", VERB_BENCH, "MODEL", "measure loading and latency", 1, 1},
    {"compare", VERB_COMPARE, "A B", "compare two folders of outputs, or two files", 2, 2},
    {"doctor", VERB_DOCTOR, "", "show the machine and test the engine on it", 0, 0},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static const verb_info *find_verb(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}

/* ---- values ---- */

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
    a->thread_counts = 0;
    for (const char *p = text;;) {
        size_t n = strcspn(p, ",");
        int64_t x;
        if (!tenon__parse_i64((tenon__str){p, n}, &x) || x < 1 || x > 1024) return false;
        if (a->thread_counts == sizeof a->threads / sizeof a->threads[0]) return false;
        a->threads[a->thread_counts++] = (unsigned)x;
        if (!p[n]) return true;
        if (a->verb != VERB_BENCH) return false;
        p += n + 1;
    }
}

bool cli_parse_dims(const char *text, int *rank, int64_t dims[TENON_MAX_RANK])
{
    *rank = 0;
    if (strcmp(text, "scalar") == 0) return true;
    for (const char *p = text;;) {
        size_t n = strcspn(p, "x,");
        if (*rank == TENON_MAX_RANK) return false;
        if (!tenon__parse_i64((tenon__str){p, n}, &dims[*rank]) || dims[*rank] < 0) return false;
        ++*rank;
        if (!p[n]) return true;
        p += n + 1;
    }
}

static bool one_of(const char *text, const char *list)
{
    size_t n = strlen(text);
    for (const char *p = list; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strcspn(p, "|") == n && strncmp(p, text, n) == 0) return true;
    return false;
}

static int store(const option *o, const char *text, cli_args *a)
{
    void *at = (char *)a + o->offset;
    cli_list *list = at;
    int64_t x;
    bool ok = true;
    switch (o->kind) {
    case FLAG:
        *(bool *)at = true;
        break;
    case COUNT:
        ++*(unsigned *)at;
        break;
    case TEXT:
        *(const char **)at = text;
        break;
    case WORD:
        *(const char **)at = text;
        if (!one_of(text, o->arg))
            return cli_fail(EXIT_USAGE, "%s: '%s' is none of %s", o->name, text, o->arg);
        break;
    case LIST:
        if (list->count == CLI_MAX_LIST)
            return cli_fail(EXIT_USAGE, "%s: more than %d times", o->name, CLI_MAX_LIST);
        list->items[list->count++] = text;
        break;
    case NUMBER:
    case POSITIVE:
        ok = tenon__parse_i64(tenon__str_of(text), &x) && x >= (o->kind == POSITIVE);
        if (ok) *(uint64_t *)at = (uint64_t)x;
        break;
    case THREADS:
        ok = parse_threads(text, a);
        break;
    case REAL:
        ok = tenon__parse_f64(tenon__str_of(text), at) && *(double *)at >= 0;
        break;
    case DURATION:
        ok = parse_duration(text, at);
        if (o->offset == AT(budget_ns)) a->budget_set = true;
        break;
    case ONOFF:
        ok = one_of(text, o->arg);
        *(bool *)at = strcmp(text, "off") == 0;
        break;
    }
    return ok ? -1 : cli_fail(EXIT_USAGE, "%s: '%s' is no %s", o->name, text, o->arg);
}

/* ---- help ---- */

static void print_options(FILE *to, unsigned verb)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const option *o = &options[i];
        char left[64];
        if (!(o->verbs & verb)) continue;
        snprintf(left, sizeof left, "%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        if (strlen(left) > 26)
            fprintf(to, "  %s\n%29s%s\n", left, "", o->help);
        else
            fprintf(to, "  %-26s %s\n", left, o->help);
    }
}

static const char exit_statuses[] = "0 done; 1 a check fell short; 2 command line; 3 model or data "
                                    "refused;\n4 environment (file, memory, disk, library); 130 "
                                    "interrupted.\n";

static void print_help(FILE *to, const verb_info *v)
{
    if (v) {
        fprintf(to, "tenon %s%s%s [options]: %s\n\n", v->name, v->operands[0] ? " " : "",
                v->operands, v->help);
        print_options(to, v->verb);
        return;
    }
    fprintf(to, "tenon VERB [options]\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(to, "  %-8s %-6s %s\n", verbs[i].name, verbs[i].operands, verbs[i].help);
    fprintf(to, "\n  tenon VERB --help        the verb's options\n"
                "  tenon --version          version, build, libraries found\n"
                "  tenon --man              the manual page\n");
    fprintf(to, "\nExit status: %s", exit_statuses);
}

/* ---- parsing ---- */

static const option *find_option(const char *name, size_t n)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].name) == n && strncmp(options[i].name, name, n) == 0)
            return &options[i];
    return NULL;
}

static int parse_option(const verb_info *v, int argc, char **argv, int *i, cli_args *out)
{
    const char *arg = argv[*i], *eq = strncmp(arg, "--", 2) == 0 ? strchr(arg, '=') : NULL;
    size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
    const option *o = find_option(arg, n);
    if (strcmp(arg, "-vv") == 0) {
        out->verbose = 2;
        return -1;
    }
    if (strcmp(arg, "-h") == 0) o = find_option("--help", 6);
    if (!o || !(o->verbs & v->verb))
        return cli_fail(EXIT_USAGE, "%s: there is no option %.*s; see tenon %s --help", v->name,
                        (int)n, arg, v->name);
    if (!o->arg)
        return eq ? cli_fail(EXIT_USAGE, "%s takes no value", o->name) : store(o, NULL, out);
    if (eq) return store(o, eq + 1, out);
    if (*i + 1 >= argc) return cli_fail(EXIT_USAGE, "%s needs a value: %s", o->name, o->arg);
    return store(o, argv[++*i], out);
}

/* What one option alone cannot know. */
static int check(const verb_info *v, const cli_args *a)
{
    if (a->paths.count < v->least || a->paths.count > v->most)
        return cli_fail(EXIT_USAGE, "%s takes %s, %zu given; see tenon %s --help", v->name,
                        v->operands[0] ? v->operands : "no file", a->paths.count, v->name);
    if (a->precision && strcmp(a->precision, "f32") != 0)
        return cli_fail(EXIT_USAGE,
                        "--precision %s is not supported: arithmetic is f32 (a quantised model's "
                        "integers stay integers); see docs/limits.md",
                        a->precision);
    if (a->dtype && tenon_dtype_find(a->dtype) == TENON_NONE)
        return cli_fail(EXIT_USAGE, "--dtype: '%s' is no element type; float32 is one", a->dtype);
    if (a->dtype && tenon_dtype_find(a->dtype) == TENON_STRING)
        return cli_fail(EXIT_USAGE,
                        "--dtype: raw data holds no strings; --input NAME=text:... does");
    if (a->labels && !a->top) return cli_fail(EXIT_USAGE, "--labels goes with --top");
    return -1;
}

static int parse_help(int argc, char **argv)
{
    const verb_info *v = argc > 2 ? find_verb(argv[2]) : NULL;
    if (argc > 2 && !v) return cli_fail(EXIT_USAGE, "there is no verb '%s'", argv[2]);
    print_help(stdout, v);
    return EXIT_DONE;
}

int cli_parse(int argc, char **argv, cli_args *out)
{
    memset(out, 0, sizeof *out);
    out->repeat = 1;
    out->rtol = 1e-3;
    out->atol = 1e-5;
    out->duration_ns = 1000000000;
    if (one_of(argv[1], "--help|-h|help")) return parse_help(argc, argv);
    const verb_info *v = find_verb(argv[1]);
    if (!v)
        return cli_fail(EXIT_USAGE,
                        "there is no verb '%s'; it is one of run, inspect, bench, compare, doctor",
                        argv[1]);
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
    if (out->help) {
        print_help(stdout, v);
        return EXIT_DONE;
    }
    return check(v, out);
}

/* ---- the manual page ---- */

static void print_roff(FILE *to, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (p == text && (*p == '.' || *p == '\'')) fputs("\\&", to); /* would be a request */
        if (*p == '-' || *p == '\\') fputc('\\', to);
        fputc(*p, to);
    }
}

static void print_man_option(FILE *to, const option *o)
{
    fprintf(to, ".TP\n\\fB");
    print_roff(to, o->name);
    fprintf(to, "\\fR");
    if (o->arg) {
        fprintf(to, " \\fI");
        print_roff(to, o->arg);
        fprintf(to, "\\fR");
    }
    fprintf(to, "\n");
    print_roff(to, o->help);
    fprintf(to, "\n[");
    for (size_t k = 0, n = 0; k < VERB_COUNT; k++)
        if (o->verbs & verbs[k].verb) fprintf(to, "%s%s", n++ ? ", " : "", verbs[k].name);
    fprintf(to, "]\n");
}

void cli_print_man(FILE *to)
{
    static const char *const variables[][2] = {
        {"TENON_CPU", "instruction sets to use, as for \\-\\-cpu"},
        {"TENON_THREADS", "number of threads, as for \\-\\-threads"},
        {"TENON_LOG", "none, error, warning, info or debug: what is said on stderr"},
        {"NO_COLOR", "where set, a terminal gets no progress bar"},
    };
    fprintf(to, ".TH TENON 1 \"\" \"tenon %s\"\n.SH NAME\ntenon \\- run trained models\n",
            tenon_version_text());
    fprintf(to, ".SH SYNOPSIS\n.B tenon\n.I VERB\n[options]\n.SH VERBS\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(to, ".TP\n\\fB%s\\fR %s\n%s\n", verbs[i].name, verbs[i].operands, verbs[i].help);
    fprintf(to, ".SH OPTIONS\nEach names the verbs that take it; what holds without it is in "
                "parentheses.\n");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        print_man_option(to, &options[i]);
    fprintf(to, ".SH EXIT STATUS\n%s", exit_statuses);
    fprintf(to, ".SH ENVIRONMENT\nA flag beats the environment.\n");
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        fprintf(to, ".TP\n\\fB%s\\fR\n%s\n", variables[i][0], variables[i][1]);
    fprintf(to, ".SH EXAMPLES\n.nf\ntenon run model.onnx \\-\\-input x=x.npy \\-\\-output out\n"
                "tenon inspect model.onnx \\-\\-json\n"
                "tenon bench model.onnx \\-\\-threads 1,2\n.fi\n");
}
