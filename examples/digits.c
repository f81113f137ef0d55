/* SPDX-License-Identifier: Apache-2.0 */
/* Classifies a held-out set of handwritten digits, shows some of them with the answers, measures,
 * and runs the whole set once more in slices of at most a millisecond. `make demo` calls it; by
 * hand: digits [FOLDER]. */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tenon/tenon.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, INK_MAX = 16, DIGITS = 10 };
enum { SHOWN = 40, PER_LINE = 8, GAP = 2, RUNS = 9 };
static const uint64_t budget_ns = 1000000;

/* The held-out set as tenon wants it, and what came out. */
typedef struct {
    int64_t count;
    uint8_t *labels;
    uint8_t *ink;   /* count * PIXELS, 0..INK_MAX */
    float *images;  /* the same, 0..1 */
    int *answers;   /* one for each picture */
    float *logits;  /* count * DIGITS: from one picture a run */
    float *batched; /* count * DIGITS: from all pictures in one run */
} digit_set;

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "digits: %s: %s\n", what, why);
    return false;
}

static bool refused(const tenon_error *err)
{
    return complain(err->where[0] ? err->where : tenon_status_name(err->status), err->message);
}

/* ---- reading .npz: a zip file of stored .npy files ---- */

typedef struct {
    const uint8_t *data;
    size_t size;
} span;

static uint32_t little(const uint8_t *p, int bytes)
{
    uint32_t v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* The part of `whole` at `at`, empty if it is not all there. */
static span part(span whole, size_t at, size_t size)
{
    if (at > whole.size || size > whole.size - at) return (span){NULL, 0};
    return (span){whole.data + at, size};
}

static bool read_file(const char *path, uint8_t **data, size_t *size)
{
    FILE *f = fopen(path, "rb");
    long end = -1;
    *data = NULL;
    if (f && fseek(f, 0, SEEK_END) == 0) end = ftell(f);
    if (end > 0 && fseek(f, 0, SEEK_SET) == 0) *data = malloc((size_t)end);
    *size = *data ? fread(*data, 1, (size_t)end, f) : 0;
    if (f) fclose(f);
    if (*data && *size == (size_t)end) return true;
    free(*data);
    *data = NULL;
    return complain(path, "cannot be read");
}

/* The bytes of the member `name`, which must be stored, not compressed (numpy.savez stores). */
static span zip_member(span zip, const char *name)
{
    const span none = {NULL, 0};
    if (zip.size < 22) return none;
    /* The end record lies last; only a comment may follow it. */
    size_t end = zip.size - 22;
    while (little(zip.data + end, 4) != 0x06054b50) {
        if (end == 0 || zip.size - end > 22 + 65535) return none;
        end--;
    }
    size_t at = little(zip.data + end + 16, 4);
    for (unsigned n = little(zip.data + end + 10, 2); n > 0; n--) {
        span entry = part(zip, at, 46);
        if (!entry.data || little(entry.data, 4) != 0x02014b50) return none;
        uint32_t method = little(entry.data + 10, 2), size = little(entry.data + 24, 4);
        size_t name_size = little(entry.data + 28, 2);
        span text = part(zip, at + 46, name_size);
        if (text.data && name_size == strlen(name) && memcmp(text.data, name, name_size) == 0) {
            size_t start = little(entry.data + 42, 4);
            span local = part(zip, start, 30);
            if (!local.data || little(local.data, 4) != 0x04034b50 || method != 0) return none;
            start += 30 + (size_t)little(local.data + 26, 2) + little(local.data + 28, 2);
            return part(zip, start, size);
        }
        at += 46 + name_size + little(entry.data + 30, 2) + little(entry.data + 32, 2);
    }
    return none;
}

/* The payload of a .npy of uint8 in C order with the given rank; its dims. */
static span npy_u8(span npy, int rank, int64_t *dims)
{
    const span none = {NULL, 0};
    if (npy.size < 10 || memcmp(npy.data, "\x93NUMPY\1", 7) != 0) return none;
    size_t header_size = little(npy.data + 8, 2);
    span header = part(npy, 10, header_size);
    char text[256];
    if (!header.data || header_size >= sizeof text) return none;
    memcpy(text, header.data, header_size);
    text[header_size] = '\0';
    const char *shape = strstr(text, "'shape': (");
    if (!strstr(text, "'|u1'") || !strstr(text, "'fortran_order': False") || !shape) return none;
    shape += strlen("'shape': (");
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        char *after;
        long long n = strtoll(shape, &after, 10);
        if (after == shape || n < 1 || n > 1000000) return none;
        dims[i] = n;
        count *= (size_t)n; /* rank is at most 3: at most 10^18 */
        shape = after + strspn(after, ", ");
    }
    return *shape == ')' ? part(npy, 10 + header_size, count) : none;
}

static bool set_load(digit_set *set, const char *path)
{
    uint8_t *data;
    size_t size;
    int64_t shape[3], label_count;
    if (!read_file(path, &data, &size)) return false;
    span zip = {data, size};
    span images = npy_u8(zip_member(zip, "images.npy"), 3, shape);
    span labels = npy_u8(zip_member(zip, "labels.npy"), 1, &label_count);
    bool ok = images.data && labels.data && shape[0] == label_count && shape[1] == SIDE &&
              shape[2] == SIDE;
    for (size_t i = 0; ok && i < labels.size; i++)
        ok = labels.data[i] < DIGITS;
    for (size_t i = 0; ok && i < images.size; i++)
        ok = images.data[i] <= INK_MAX;
    if (!ok) {
        free(data);
        return complain(path,
                        "is no set of 8x8 digits; it needs stored uint8 arrays images [n, 8, 8], "
                        "0 to 16, and labels [n]");
    }
    size_t n = labels.size;
    set->count = label_count;
    set->labels = malloc(n);
    set->ink = malloc(images.size);
    set->images = malloc(images.size * sizeof *set->images);
    set->answers = calloc(n, sizeof *set->answers);
    set->logits = calloc(n * DIGITS, sizeof *set->logits);
    set->batched = calloc(n * DIGITS, sizeof *set->batched);
    ok = set->labels && set->ink && set->images && set->answers && set->logits && set->batched;
    if (ok) {
        memcpy(set->labels, labels.data, n);
        memcpy(set->ink, images.data, images.size);
        for (size_t i = 0; i < images.size; i++)
            set->images[i] = (float)images.data[i] / INK_MAX;
    }
    free(data);
    return ok || complain(path, "not enough memory");
}

static void set_free(digit_set *set)
{
    free(set->labels);
    free(set->ink);
    free(set->images);
    free(set->answers);
    free(set->logits);
    free(set->batched);
}

/* ---- running the network ---- */

/* `count` pictures as the input: a view of memory that stays the caller's. Destroy *input in any
 * case. */
static bool feed(tenon_env *env, tenon_session *session, float *images, int64_t count,
                 tenon_tensor **input)
{
    const int64_t dims[] = {count, 1, SIDE, SIDE};
    tenon_error err;
    if (tenon_tensor_wrap(env, TENON_F32, 4, dims, images, (size_t)count * PIXELS * sizeof *images,
                          input, &err) != TENON_OK)
        return refused(&err);
    if (tenon_session_set_input(session, "image", *input, &err) != TENON_OK) return refused(&err);
    return true;
}

/* Copies the logits of the last run out. */
static bool fetch(tenon_session *session, int64_t count, float *logits)
{
    const tenon_tensor *out;
    tenon_error err;
    if (tenon_session_get_output(session, "logits", &out, &err) != TENON_OK) return refused(&err);
    if (tenon_tensor_dtype(out) != TENON_F32 || tenon_tensor_count(out) != count * DIGITS)
        return complain("logits", "not ten float32 for each picture");
    memcpy(logits, tenon_tensor_data_const(out), (size_t)count * DIGITS * sizeof *logits);
    return true;
}

static int best_of(const float *logits)
{
    int best = 0;
    for (int i = 1; i < DIGITS; i++)
        if (logits[i] > logits[best]) best = i;
    return best;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t median(uint64_t *ns, int64_t count)
{
    qsort(ns, (size_t)count, sizeof *ns, by_size);
    return ns[count / 2];
}

/* One picture a run. Gives the median time of a picture. */
static bool classify_each(tenon_env *env, tenon_session *session, digit_set *set,
                          uint64_t *per_image_ns)
{
    float picture[PIXELS];
    tenon_tensor *input = NULL;
    uint64_t *ns = malloc((size_t)set->count * sizeof *ns);
    bool ok = ns != NULL && feed(env, session, picture, 1, &input);
    for (int64_t i = 0; ok && i < set->count; i++) {
        tenon_error err;
        float *logits = set->logits + i * DIGITS;
        uint64_t start = tenon_clock_ns();
        /* The input stays set: only what it holds changes. */
        memcpy(picture, set->images + i * PIXELS, sizeof picture);
        if (tenon_session_run(session, &err) != TENON_OK) ok = refused(&err);
        ok = ok && fetch(session, 1, logits);
        ns[i] = tenon_clock_ns() - start;
        set->answers[i] = best_of(logits);
    }
    if (ok) *per_image_ns = median(ns, set->count);
    tenon_tensor_destroy(input);
    free(ns);
    return ok;
}

/* All pictures in one run, a few times. Gives the median time of a run. */
static bool classify_all(tenon_env *env, tenon_session *session, digit_set *set, uint64_t *run_ns)
{
    tenon_tensor *input = NULL;
    uint64_t ns[RUNS];
    bool ok = feed(env, session, set->images, set->count, &input);
    /* The first run also plans for this batch: it is not counted. */
    for (int i = -1; ok && i < RUNS; i++) {
        tenon_error err;
        uint64_t start = tenon_clock_ns();
        if (tenon_session_run(session, &err) != TENON_OK) ok = refused(&err);
        if (i >= 0) ns[i] = tenon_clock_ns() - start;
    }
    ok = ok && fetch(session, set->count, set->batched);
    if (ok) *run_ns = median(ns, RUNS);
    tenon_tensor_destroy(input);
    return ok;
}

typedef struct {
    int steps;
    uint64_t longest_ns, total_ns;
    bool same_bits; /* as the run that was not stepped */
} stepped;

/* The same run again, given back to the caller after each slice: what a game does inside its frame.
 */
static bool classify_stepped(tenon_env *env, tenon_session *session, const digit_set *set,
                             stepped *out)
{
    tenon_tensor *input = NULL;
    float *logits = calloc((size_t)set->count * DIGITS, sizeof *logits);
    bool ok = logits != NULL && feed(env, session, set->images, set->count, &input);
    *out = (stepped){0};
    for (bool done = false; ok && !done;) {
        tenon_error err;
        uint64_t start = tenon_clock_ns();
        if (tenon_session_step(session, budget_ns, &done, &err) != TENON_OK) ok = refused(&err);
        uint64_t took = tenon_clock_ns() - start;
        out->steps++;
        out->total_ns += took;
        if (took > out->longest_ns) out->longest_ns = took;
    }
    ok = ok && fetch(session, set->count, logits);
    if (ok)
        out->same_bits =
            memcmp(logits, set->batched, (size_t)set->count * DIGITS * sizeof *logits) == 0;
    tenon_tensor_destroy(input);
    free(logits);
    return ok;
}

/* ---- showing ---- */

/* Half blocks in shades of grey need a terminal that takes colour and UTF-8; everything else gets
 * letters. */
static bool terminal_is_rich(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM"), *locale = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !(locale && *locale); i++)
        locale = getenv(names[i]);
    if (!isatty(STDOUT_FILENO) || (no_color && *no_color)) return false;
    if (!term || strcmp(term, "dumb") == 0 || !locale) return false;
    char low[64];
    size_t n = 0;
    for (; locale[n] && n < sizeof low - 1; n++)
        low[n] = (char)tolower((unsigned char)locale[n]);
    low[n] = '\0';
    return strstr(low, "utf-8") || strstr(low, "utf8");
}

/* One line of text of a picture: two rows of pixels in a rich terminal, else one. */
static void draw_line(const uint8_t *ink, int line, bool rich)
{
    static const char shades[] = " .:-=+*#@";
    if (!rich) {
        for (int x = 0; x < SIDE; x++)
            putchar(shades[ink[line * SIDE + x] * ((int)sizeof shades - 2) / INK_MAX]);
        return;
    }
    for (int x = 0; x < SIDE; x++) {
        const uint8_t *upper = ink + 2 * line * SIDE + x, *lower = upper + SIDE;
        /* 232 to 255 are the greys of the 256 colours. */
        printf("\x1b[38;5;%d;48;5;%dm\xe2\x96\x80", 232 + *upper * 23 / INK_MAX,
               232 + *lower * 23 / INK_MAX);
    }
    printf("\x1b[0m");
}

static void draw_answer(int answer, int label, bool rich)
{
    const bool wrong = answer != label;
    const char *on = !rich ? "" : wrong ? "\x1b[1;31m" : "\x1b[32m", *off = rich ? "\x1b[0m" : "";
    if (wrong)
        printf("%s %d not %d%s", on, answer, label, off);
    else
        printf("%s   %d    %s", on, answer, off);
}

static void draw(const digit_set *set, bool rich)
{
    const int lines = rich ? SIDE / 2 : SIDE;
    const int64_t shown = set->count < SHOWN ? set->count : SHOWN;
    for (int64_t first = 0; first < shown; first += PER_LINE) {
        const int64_t last = first + PER_LINE < shown ? first + PER_LINE : shown;
        for (int line = 0; line <= lines; line++) {
            for (int64_t i = first; i < last; i++) {
                if (i > first) printf("%*s", GAP, "");
                if (line < lines)
                    draw_line(set->ink + i * PIXELS, line, rich);
                else
                    draw_answer(set->answers[i], set->labels[i], rich);
            }
            putchar('\n');
        }
        putchar('\n');
    }
}

static const char *bits(bool same)
{
    return same ? "the same bits" : "OTHER BITS";
}

static bool demo(tenon_env *env, tenon_session *session, digit_set *set)
{
    uint64_t image_ns, run_ns;
    stepped slices;
    if (!classify_each(env, session, set, &image_ns) || !classify_all(env, session, set, &run_ns) ||
        !classify_stepped(env, session, set, &slices))
        return false;
    const int n = (int)set->count;
    int right = 0;
    for (int i = 0; i < n; i++)
        right += set->answers[i] == set->labels[i];
    const bool same =
        memcmp(set->logits, set->batched, (size_t)n * DIGITS * sizeof *set->logits) == 0;
    draw(set, terminal_is_rich());
    printf("one picture a run   %.1f us per image (median of %d)\n", (double)image_ns / 1e3, n);
    printf("%d pictures a run  %.1f us per image (%.2f ms a run), %s\n", n,
           (double)run_ns / 1e3 / n, (double)run_ns / 1e6, bits(same));
    printf("stepped within 1 ms %d step%s, %.2f ms in all, the longest %.3f ms, %s\n", slices.steps,
           slices.steps == 1 ? "" : "s", (double)slices.total_ns / 1e6,
           (double)slices.longest_ns / 1e6, bits(slices.same_bits));
    printf("accuracy %.1f %% (%d of %d)\n", 100.0 * right / n, right, n);
    return same && slices.same_bits;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "demo";
    char model_path[4096], set_path[4096];
    tenon_env *env = NULL;
    tenon_model *model = NULL;
    tenon_session *session = NULL;
    tenon_error err;
    digit_set set = {0};
    int status = 1;

    if (argc > 2 || strlen(folder) > sizeof model_path - 32) {
        fprintf(stderr, "usage: digits [FOLDER]\n");
        return 2;
    }
    snprintf(model_path, sizeof model_path, "%s/digits.onnx", folder);
    snprintf(set_path, sizeof set_path, "%s/digits-test.npz", folder);
    if (!set_load(&set, set_path)) goto end;

    const uint64_t start = tenon_clock_ns();
    if (tenon_env_create(NULL, &env, &err) != TENON_OK ||
        tenon_model_load(env, model_path, NULL, &model, &err) != TENON_OK ||
        tenon_session_create(model, NULL, &session, &err) != TENON_OK) {
        refused(&err);
        goto end;
    }
    printf("%s: ready in %.2f ms (%s, %u thread%s)\n\n", model_path,
           (double)(tenon_clock_ns() - start) / 1e6, tenon_env_cpu(env), tenon_env_threads(env),
           tenon_env_threads(env) == 1 ? "" : "s");
    if (demo(env, session, &set)) status = 0;
end:
    tenon_session_destroy(session);
    tenon_model_unref(model);
    tenon_env_destroy(env);
    set_free(&set);
    return status;
}
