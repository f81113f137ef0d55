/* SPDX-License-Identifier: Apache-2.0 */
/* Models that carry state from run to run, whole and through the library: a minute of speech
 * through silero's two exports, a sound file through GTCRN frame by frame, a story through a
 * language model token by token. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "harness.h"

typedef struct {
    tenon_env *env;
    tenon_model *model;
    tenon_session *session;
} runner;

static tenon_error error;

static void must(tenon_status status)
{
    if (status != TENON_OK)
        fail_msg("%s: %s: %s", tenon_status_name(status), error.where, error.message);
}

static runner open_model(const char *path)
{
    runner r;
    char full[4096];
    snprintf(full, sizeof full, "%s/models/%s", test_data(), path);
    must(tenon_env_create(NULL, &r.env, &error));
    must(tenon_model_load(r.env, full, NULL, &r.model, &error));
    must(tenon_session_create(r.model, NULL, &r.session, &error));
    return r;
}

static void close_model(runner *r)
{
    tenon_session_destroy(r->session);
    tenon_model_unref(r->model);
    tenon_env_destroy(r->env);
}

/* ---- files ---- */

static uint8_t *read_all(const char *folder, const char *name, size_t *size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s is not there", path);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long end = ftell(f);
    assert_true(end > 0);
    rewind(f);
    uint8_t *bytes = malloc((size_t)end + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)end, f), (size_t)end);
    fclose(f);
    bytes[end] = 0;
    *size = (size_t)end;
    return bytes;
}

/* The numbers of a .npy of float32; free them. */
static float *read_npy(const char *folder, const char *name, size_t *count)
{
    size_t size;
    uint8_t *bytes = read_all(folder, name, &size);
    assert_true(size > 10 && memcmp(bytes, "\x93NUMPY\1", 7) == 0);
    size_t at = 10 + (size_t)bytes[8] + 256 * (size_t)bytes[9];
    assert_true(at <= size && strstr((char *)bytes + 10, "'<f4'"));
    *count = (size - at) / sizeof(float);
    float *numbers = malloc(*count * sizeof *numbers);
    assert_non_null(numbers);
    memcpy(numbers, bytes + at, *count * sizeof *numbers);
    free(bytes);
    return numbers;
}

/* The samples of a mono file of 16 bits, -1 to 1; free them. */
static float *read_wav(const char *folder, const char *name, size_t *count)
{
    size_t size;
    uint8_t *bytes = read_all(folder, name, &size);
    assert_true(size > 12 && memcmp(bytes, "RIFF", 4) == 0);
    for (size_t at = 12; at + 8 <= size;) {
        const uint8_t *c = bytes + at;
        size_t body = c[4] | (size_t)c[5] << 8 | (size_t)c[6] << 16 | (size_t)c[7] << 24;
        if (memcmp(c, "data", 4) != 0) {
            at += 8 + body + body % 2;
            continue;
        }
        assert_true(body <= size - at - 8);
        *count = body / 2;
        float *x = malloc(*count * sizeof *x);
        assert_non_null(x);
        for (size_t i = 0; i < *count; i++) {
            int v = c[8 + 2 * i] | c[9 + 2 * i] << 8;
            x[i] = (float)(v < 32768 ? v : v - 65536) / 32768.0f;
        }
        free(bytes);
        return x;
    }
    fail_msg("%s has no samples", name);
    return NULL;
}

static const char *in_data(const char *folder)
{
    static char path[2][4096];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", test_data(), folder);
    return path[turn];
}

static const char *const here = TENON_SOURCE_DIR "/tests/models";

/* ---- silero ---- */

enum { CHUNK = 512, BEFORE = 64, STATE = 2 * 128 };

/* Runs the chunks of `pcm`, each behind the last samples of the one before it, and gives a
 * probability for each. With a budget the run is stepped. */
static void silero(runner *r, bool has_rate, const float *pcm, size_t chunks, bool stepped,
                   float *probs)
{
    float heard[BEFORE + CHUNK] = {0}, state[STATE] = {0};
    int64_t rate = 16000;
    const int64_t heard_dims[] = {1, BEFORE + CHUNK}, state_dims[] = {2, 1, 128};
    tenon_tensor *input, *before, *sr = NULL;
    must(tenon_tensor_wrap(r->env, TENON_F32, 2, heard_dims, heard, sizeof heard, &input, &error));
    must(tenon_tensor_wrap(r->env, TENON_F32, 3, state_dims, state, sizeof state, &before, &error));
    must(tenon_session_set_input(r->session, "input", input, &error));
    must(tenon_session_set_input(r->session, "state", before, &error));
    if (has_rate) {
        must(tenon_tensor_wrap(r->env, TENON_I64, 0, NULL, &rate, sizeof rate, &sr, &error));
        must(tenon_session_set_input(r->session, "sr", sr, &error));
    }
    for (size_t i = 0; i < chunks; i++) {
        const tenon_tensor *prob, *after;
        memmove(heard, heard + CHUNK, BEFORE * sizeof *heard);
        memcpy(heard + BEFORE, pcm + i * CHUNK, CHUNK * sizeof *heard);
        if (stepped) {
            for (bool done = false; !done;)
                must(tenon_session_step(r->session, 0, &done, &error));
        } else {
            must(tenon_session_run(r->session, &error));
        }
        must(tenon_session_get_output(r->session, "output", &prob, &error));
        must(tenon_session_get_output(r->session, "stateN", &after, &error));
        assert_int_equal(tenon_tensor_count(prob), 1);
        assert_int_equal(tenon_tensor_count(after), STATE);
        memcpy(&probs[i], tenon_tensor_data_const(prob), sizeof probs[i]);
        memcpy(state, tenon_tensor_data_const(after), sizeof state);
    }
    tenon_tensor_destroy(sr);
    tenon_tensor_destroy(before);
    tenon_tensor_destroy(input);
}

static void assert_close(const char *what, const float *got, const float *want, size_t count,
                         double allowed)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= allowed))
            fail_msg("%s: number %zu is %.7g, not %.7g", what, i, (double)got[i], (double)want[i]);
}

/* All of test.wav against onnxruntime's answers, the first 400 chunks against the golden case too;
 * then some chunks stepped tile by tile, which must not change a bit. */
static void silero_file(const char *file, bool has_rate)
{
    size_t samples, count, golden_count;
    runner r = open_model(file);
    float *pcm = read_wav(in_data("models/onnx-silero-vad6"), "test.wav", &samples);
    float *golden = read_npy(in_data("golden/silero-vad6"), "prob_400.npy", &golden_count);
    float *want = read_npy(here, "silero.npy", &count);
    assert_int_equal(count, samples / CHUNK);
    assert_int_equal(golden_count, 400);
    float *probs = calloc(count, sizeof *probs);
    assert_non_null(probs);
    silero(&r, has_rate, pcm, count, false, probs);
    assert_close("stored", probs, want, count, 1e-4);
    assert_close("golden", probs, golden, golden_count, 1e-4);
    enum { STEPPED = 12 };
    float stepped[STEPPED];
    silero(&r, has_rate, pcm, STEPPED, true, stepped);
    assert_memory_equal(stepped, probs, sizeof stepped);
    free(probs);
    free(want);
    free(golden);
    free(pcm);
    close_model(&r);
}

static void silero_speech(void **state)
{
    (void)state;
    silero_file("onnx-silero-vad6/silero_vad.onnx", true);
}

static void silero_speech_fixed_rate(void **state)
{
    (void)state;
    silero_file("onnx-silero-vad6/silero_vad_openvino_16k.onnx", false);
}

/* ---- GTCRN ---- */

enum { FRAME = 512, HOP = 256, BINS = FRAME / 2 + 1, STRIDE = 31 };

typedef struct {
    double cosine[FRAME], sine[FRAME], window[FRAME];
} fourier;

static void fourier_init(fourier *f)
{
    const double turn = 2 * acos(-1.0) / FRAME;
    for (int i = 0; i < FRAME; i++) {
        f->cosine[i] = cos(turn * i);
        f->sine[i] = sin(turn * i);
        f->window[i] = sqrt(0.5 - 0.5 * f->cosine[i]);
    }
}

/* bins: BINS pairs of real and imaginary parts. */
static void to_bins(const fourier *f, const float *x, float *bins)
{
    for (int k = 0; k < BINS; k++) {
        double re = 0, im = 0;
        for (int n = 0; n < FRAME; n++) {
            double v = (double)x[n] * f->window[n];
            re += v * f->cosine[n * k % FRAME];
            im -= v * f->sine[n * k % FRAME];
        }
        bins[2 * k] = (float)re;
        bins[2 * k + 1] = (float)im;
    }
}

/* Adds the frame that the bins are to x. */
static void add_from_bins(const fourier *f, const float *bins, double *x)
{
    for (int n = 0; n < FRAME; n++) {
        double v = (double)bins[0] + (n % 2 ? -1 : 1) * (double)bins[FRAME];
        for (int k = 1; k < BINS - 1; k++)
            v += 2 * ((double)bins[2 * k] * f->cosine[n * k % FRAME] -
                      (double)bins[2 * k + 1] * f->sine[n * k % FRAME]);
        x[n] += v / FRAME * f->window[n];
    }
}

/* The samples with their ends mirrored, half a frame each. */
static float *mirrored(const float *x, size_t count)
{
    float *y = malloc((count + FRAME) * sizeof *y);
    assert_non_null(y);
    memcpy(y + HOP, x, count * sizeof *y);
    for (size_t i = 0; i < HOP; i++) {
        y[i] = x[HOP - i];
        y[HOP + count + i] = x[count - 2 - i];
    }
    return y;
}

typedef struct {
    const char *in, *out;
    int rank;
    int64_t dims[5];
    size_t size_bytes;
    tenon_tensor *tensor;
} cache;

/* Frame by frame, caches carried; `sound` grows by overlapping frames. */
static void enhance(runner *r, const fourier *f, const float *x, size_t frames, double *sound)
{
    cache caches[] = {{"conv_cache", "conv_cache_out", 5, {2, 1, 16, 16, 33}, 0, NULL},
                      {"tra_cache", "tra_cache_out", 5, {2, 3, 1, 1, 16}, 0, NULL},
                      {"inter_cache", "inter_cache_out", 4, {2, 1, 33, 16}, 0, NULL}};
    float bins[2 * BINS];
    const int64_t dims[] = {1, BINS, 1, 2};
    tenon_tensor *mix;
    must(tenon_tensor_wrap(r->env, TENON_F32, 4, dims, bins, sizeof bins, &mix, &error));
    must(tenon_session_set_input(r->session, "mix", mix, &error));
    for (size_t c = 0; c < TEST_COUNT(caches); c++) {
        must(tenon_tensor_create(r->env, TENON_F32, caches[c].rank, caches[c].dims,
                                 &caches[c].tensor, &error));
        must(tenon_session_set_input(r->session, caches[c].in, caches[c].tensor, &error));
        caches[c].size_bytes = tenon_tensor_size_bytes(caches[c].tensor);
    }
    for (size_t i = 0; i < frames; i++) {
        const tenon_tensor *out;
        to_bins(f, x + i * HOP, bins);
        must(tenon_session_run(r->session, &error));
        must(tenon_session_get_output(r->session, "enh", &out, &error));
        assert_int_equal(tenon_tensor_count(out), 2 * BINS);
        add_from_bins(f, tenon_tensor_data_const(out), sound + i * HOP);
        for (size_t c = 0; c < TEST_COUNT(caches); c++) {
            must(tenon_session_get_output(r->session, caches[c].out, &out, &error));
            assert_int_equal(tenon_tensor_size_bytes(out), caches[c].size_bytes);
            memcpy(tenon_tensor_data(caches[c].tensor), tenon_tensor_data_const(out),
                   caches[c].size_bytes);
        }
    }
    for (size_t c = 0; c < TEST_COUNT(caches); c++)
        tenon_tensor_destroy(caches[c].tensor);
    tenon_tensor_destroy(mix);
}

static void gtcrn_sound(void **state)
{
    (void)state;
    size_t samples, upstream_count, stored_count;
    fourier f;
    fourier_init(&f);
    runner r = open_model("onnx-gtcrn-denoise/gtcrn_simple.onnx");
    float *mix = read_wav(in_data("models/onnx-gtcrn-denoise"), "mix.wav", &samples);
    float *upstream =
        read_wav(in_data("models/onnx-gtcrn-denoise"), "enh_stream.wav", &upstream_count);
    float *stored = read_npy(here, "gtcrn.npy", &stored_count);
    float *x = mirrored(mix, samples);
    const size_t frames = samples / HOP + 1, count = (frames - 1) * HOP;
    double *sound = calloc((frames + 1) * HOP, sizeof *sound);
    float *clean = malloc(count * sizeof *clean),
          *thin = malloc((count / STRIDE + 1) * sizeof *thin);
    assert_true(sound && clean && thin);
    assert_int_equal(count, upstream_count);
    assert_int_equal(stored_count, (count + STRIDE - 1) / STRIDE);
    enhance(&r, &f, x, frames, sound);
    /* Two frames cover each sample, and the squares of their windows add up to one. */
    for (size_t i = 0; i < count; i++)
        clean[i] = (float)sound[HOP + i];
    for (size_t i = 0; i < stored_count; i++)
        thin[i] = clean[i * STRIDE];
    assert_close("stored", thin, stored, stored_count, 2e-4);
    assert_close("enh_stream.wav", clean, upstream, count, 2e-3);
    free(thin);
    free(clean);
    free(sound);
    free(x);
    free(stored);
    free(upstream);
    free(mix);
    close_model(&r);
}

/* ---- a story ---- */

static tenon_tensor *copy_of(tenon_env *env, const tenon_tensor *t)
{
    tenon_tensor *copy;
    must(tenon_tensor_create(env, tenon_tensor_dtype(t), tenon_tensor_rank(t), tenon_tensor_dims(t),
                             &copy, &error));
    memcpy(tenon_tensor_data(copy), tenon_tensor_data_const(t), tenon_tensor_size_bytes(t));
    return copy;
}

/* Puts a copy of the output `from` in the place of *tensor, as the input `to`. */
static void carry(runner *r, const char *from, const char *to, tenon_tensor **tensor)
{
    const tenon_tensor *out;
    must(tenon_session_get_output(r->session, from, &out, &error));
    tenon_tensor *copy = copy_of(r->env, out);
    must(tenon_session_set_input(r->session, to, copy, &error));
    tenon_tensor_destroy(*tensor);
    *tensor = copy;
}

static int64_t likeliest(runner *r)
{
    const tenon_tensor *logits;
    must(tenon_session_get_output(r->session, "logits", &logits, &error));
    assert_int_equal(tenon_tensor_count(logits), 512);
    const float *x = tenon_tensor_data_const(logits);
    int64_t best = 0;
    for (int64_t i = 1; i < 512; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

static void greedy_story(void **state)
{
    (void)state;
    size_t size;
    runner r = open_model("llm-stories260k/model_op17.onnx");
    char *json = (char *)read_all(in_data("models/llm-stories260k"), "expected_greedy.json", &size);
    char *at = strstr(json, "\"ids\": [");
    assert_non_null(at);
    at += strlen("\"ids\": [");

    const int64_t none[] = {5, 4, 0, 8}, one[] = {1, 1};
    int64_t token = 1;
    tenon_tensor *ids, *past_k, *past_v;
    must(tenon_tensor_wrap(r.env, TENON_I64, 2, one, &token, sizeof token, &ids, &error));
    must(tenon_tensor_create(r.env, TENON_F32, 4, none, &past_k, &error));
    must(tenon_tensor_create(r.env, TENON_F32, 4, none, &past_v, &error));
    must(tenon_session_set_input(r.session, "input_ids", ids, &error));
    must(tenon_session_set_input(r.session, "past_k", past_k, &error));
    must(tenon_session_set_input(r.session, "past_v", past_v, &error));
    int count = 0;
    for (char *end; *at != ']'; at = end + strspn(end, ", "), count++) {
        const int64_t want = strtol(at, &end, 10);
        assert_true(end > at);
        must(tenon_session_run(r.session, &error));
        token = likeliest(&r);
        if (token != want) fail_msg("token %d is %d, not %d", count, (int)token, (int)want);
        carry(&r, "present_k", "past_k", &past_k);
        carry(&r, "present_v", "past_v", &past_v);
        assert_int_equal(tenon_tensor_dims(past_k)[2], count + 1);
    }
    assert_int_equal(count, 257);
    tenon_tensor_destroy(past_v);
    tenon_tensor_destroy(past_k);
    tenon_tensor_destroy(ids);
    free(json);
    close_model(&r);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(silero_speech), CASE(silero_speech_fixed_rate),
                                      CASE(gtcrn_sound), CASE(greedy_story)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
