/* SPDX-License-Identifier: Apache-2.0 */
/* Fourier transforms against the sum they stand for, for all small lengths; windows, mel filters,
 * determinants. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/driver.h"

static const double pi = 3.14159265358979323846;

static void run(driver *d)
{
    tenon_error err;
    if (driver_run(d, tenon__cpu_detect(), &err)) fail_msg("%s", err.message);
}

/* y[k] = sum of x[j] exp(sign 2 pi i j k / n), x padded or cut to n; numbers are pairs. */
static void transform(const double *x, int64_t have, int64_t n, int sign, double *y)
{
    for (int64_t k = 0; k < n; k++) {
        double re = 0, im = 0;
        for (int64_t j = 0; j < n && j < have; j++) {
            double angle = sign * 2 * pi * (double)(j * k % n) / (double)n, c = cos(angle),
                   s = sin(angle);
            re += x[2 * j] * c - x[2 * j + 1] * s;
            im += x[2 * j] * s + x[2 * j + 1] * c;
        }
        y[2 * k] = re;
        y[2 * k + 1] = im;
    }
}

/* Lines of `have` numbers of `parts` parts, 3 by 2 of them around the axis. */
static void one_dft(int64_t have, int64_t n, int parts, bool inverse, bool onesided,
                    bool give_length)
{
    const int64_t kept = onesided && !inverse ? n / 2 + 1 : n, in_dims[4] = {3, have, 2, parts};
    const int out_parts = onesided && inverse ? 1 : 2;
    const int64_t out_dims[4] = {3, kept, 2, out_parts}, axis = -3;
    double *x = malloc((size_t)(6 * have * parts) * sizeof *x),
           *want = malloc((size_t)(6 * kept * out_parts) * sizeof *want);
    double *line = malloc((size_t)(2 * (have + n)) * sizeof *line),
           *result = malloc((size_t)(2 * n) * sizeof *result);
    for (int64_t i = 0; i < 6 * have * parts; i++)
        x[i] = test_random_real(-1, 1);
    for (int64_t l = 0; l < 6; l++) {
        int64_t filled = have;
        for (int64_t j = 0; j < have; j++)
            for (int p = 0; p < 2; p++)
                line[2 * j + p] = p < parts ? x[((l / 2 * have + j) * 2 + l % 2) * parts + p] : 0;
        if (onesided && inverse) { /* the second half is the conjugate of the first */
            for (int64_t j = have; j < n; j++)
                line[2 * j] = line[2 * j + 1] = 0;
            for (int64_t j = 0; j < n; j++) {
                int64_t mirror = (n - j) % n;
                if (j == mirror) line[2 * j + 1] = 0;
                if (2 * j <= n) continue;
                line[2 * j] = line[2 * mirror];
                line[2 * j + 1] = -line[2 * mirror + 1];
            }
            filled = n;
        }
        transform(line, filled, n, inverse ? 1 : -1, result);
        for (int64_t k = 0; k < kept; k++)
            for (int p = 0; p < out_parts; p++)
                want[((l / 2 * kept + k) * 2 + l % 2) * out_parts + p] =
                    result[2 * k + p] / (inverse ? (double)n : 1);
    }
    driver *d = driver_create("DFT", 20);
    driver_int(d, "inverse", inverse);
    driver_int(d, "onesided", onesided);
    driver_tolerance(d, 1e-12);
    driver_input(d, TENON_F64, 4, in_dims, x);
    if (give_length)
        driver_input(d, TENON_I64, 0, NULL, &n);
    else
        driver_absent(d);
    driver_input(d, TENON_I64, 0, NULL, &axis);
    run(d);
    driver_expect(d, 0, TENON_F64, 4, out_dims, want);
    driver_destroy(d);
    free(x);
    free(want);
    free(line);
    free(result);
}

static void transforms(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 40; n++) {
        one_dft(n, n, 1, false, n % 2, false);
        one_dft(n, n, 2, n % 2, false, false);
        one_dft(n, n + 5, 2, true, false, true);
        one_dft(n + 7, n, 1, false, true, true);
        one_dft(n / 2 + 1, n, 2, true, true, true);
    }
    one_dft(1000, 1000, 1, false, true, false);
    one_dft(512, 512, 2, true, false, false);
    one_dft(997, 997, 2, false, false, false);
}

static void transforms_refused(void **state)
{
    (void)state;
    static const int64_t dims[3] = {2, 8, 2}, wide[3] = {2, 8, 3}, zero = 0;
    driver *d = driver_create("DFT", 17);
    driver_int(d, "onesided", 1);
    driver_random(d, TENON_F32, 3, dims, -1, 1);
    driver_refuse(d, TENON_ESHAPE, "real");
    driver_destroy(d);
    d = driver_create("DFT", 17);
    driver_random(d, TENON_F32, 3, wide, -1, 1);
    driver_refuse(d, TENON_ESHAPE, "last dim");
    driver_destroy(d);
    d = driver_create("DFT", 17);
    driver_random(d, TENON_F32, 3, dims, -1, 1);
    driver_input(d, TENON_I64, 0, NULL, &zero);
    driver_refuse(d, TENON_ESHAPE, "dft_length");
    driver_destroy(d);
    d = driver_create("DFT", 17);
    driver_int(d, "axis", 2);
    driver_random(d, TENON_F32, 3, dims, -1, 1);
    driver_refuse(d, TENON_EFORMAT, "parts");
    driver_destroy(d);
}

static void frames(void **state)
{
    (void)state;
    enum {
        LENGTH = 50,
        FRAME = 12,
        STEP = 5,
        FRAMES = (LENGTH - FRAME) / STEP + 1,
        KEPT = FRAME / 2 + 1
    };
    double x[2 * LENGTH], window[FRAME], want[2 * FRAMES * KEPT * 2], line[2 * FRAME],
        result[2 * FRAME];
    static const int64_t dims[3] = {2, LENGTH, 1}, out[4] = {2, FRAMES, KEPT, 2}, step = STEP,
                         frame = FRAME;
    for (int i = 0; i < 2 * LENGTH; i++)
        x[i] = test_random_real(-1, 1);
    for (int i = 0; i < FRAME; i++)
        window[i] = test_random_real(0, 1);
    for (int f = 0; f < 2 * FRAMES; f++) {
        for (int i = 0; i < FRAME; i++) {
            line[2 * i] = x[f / FRAMES * LENGTH + f % FRAMES * STEP + i] * window[i];
            line[2 * i + 1] = 0;
        }
        transform(line, FRAME, FRAME, -1, result);
        memcpy(want + f * KEPT * 2, result, KEPT * 2 * sizeof *want);
    }
    driver *d = driver_create("STFT", 17);
    driver_tolerance(d, 1e-12);
    driver_input(d, TENON_F64, 3, dims, x);
    driver_input(d, TENON_I64, 0, NULL, &step);
    driver_input(d, TENON_F64, 1, &frame, window);
    run(d);
    driver_expect(d, 0, TENON_F64, 4, out, want);
    driver_destroy(d);
    static const int64_t other = FRAME + 1;
    d = driver_create("STFT", 17);
    driver_input(d, TENON_F64, 3, dims, x);
    driver_input(d, TENON_I64, 0, NULL, &step);
    driver_input(d, TENON_F64, 1, &frame, window);
    driver_input(d, TENON_I64, 0, NULL, &other);
    driver_refuse(d, TENON_ESHAPE, "frame_length");
    driver_destroy(d);
}

static void windows(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double a, b, c;
    } kinds[] = {{"HannWindow", 0.5, 0.5, 0},
                 {"HammingWindow", 25.0 / 46, 21.0 / 46, 0},
                 {"BlackmanWindow", 0.42, 0.5, 0.08}};
    for (size_t k = 0; k < TEST_COUNT(kinds); k++)
        for (int periodic = 0; periodic < 2; periodic++) {
            static const int64_t size = 3001;
            double want[3001];
            for (int i = 0; i < size; i++) {
                double angle = 2 * pi * i / (double)(periodic ? size : size - 1);
                want[i] = kinds[k].a - kinds[k].b * cos(angle) + kinds[k].c * cos(2 * angle);
            }
            driver *d = driver_create(kinds[k].name, 17);
            driver_int(d, "periodic", periodic);
            driver_int(d, "output_datatype", 11);
            driver_input(d, TENON_I64, 0, NULL, &size);
            run(d);
            driver_expect(d, 0, TENON_F64, 1, &size, want);
            driver_destroy(d);
        }
    static const int64_t five = 5;
    driver *d = driver_create("HannWindow", 17);
    driver_int(d, "output_datatype", 8); /* strings */
    driver_input(d, TENON_I64, 0, NULL, &five);
    driver_refuse(d, TENON_EUNSUPPORTED, "output_datatype");
    driver_destroy(d);
}

/* Each filter rises to 1 and falls again, next to the one before. */
static void mel_filters(void **state)
{
    (void)state;
    static const int64_t bins = 8, length = 64, rate = 8192;
    static const float low = 0, high = 4096, beyond = 9000;
    driver *d = driver_create("MelWeightMatrix", 17);
    driver_input(d, TENON_I64, 0, NULL, &bins);
    driver_input(d, TENON_I64, 0, NULL, &length);
    driver_input(d, TENON_I64, 0, NULL, &rate);
    driver_input(d, TENON_F32, 0, NULL, &low);
    driver_input(d, TENON_F32, 0, NULL, &high);
    run(d);
    const tenon__view *out = driver_output(d, 0);
    const float *w = out->data;
    assert_int_equal(out->dims[0], 33);
    assert_int_equal(out->dims[1], 8);
    int64_t top = -1;
    for (int64_t i = 0; i < 8; i++) {
        int64_t best = 0;
        for (int64_t j = 0; j < 33; j++) {
            assert_true(w[j * 8 + i] >= 0 && w[j * 8 + i] <= 1);
            if (w[j * 8 + i] > w[best * 8 + i]) best = j;
        }
        assert_true(w[best * 8 + i] == 1 && best > top);
        top = best;
    }
    driver_destroy(d);
    d = driver_create("MelWeightMatrix", 17);
    driver_input(d, TENON_I64, 0, NULL, &bins);
    driver_input(d, TENON_I64, 0, NULL, &length);
    driver_input(d, TENON_I64, 0, NULL, &rate);
    driver_input(d, TENON_F32, 0, NULL, &low);
    driver_input(d, TENON_F32, 0, NULL, &beyond);
    driver_refuse(d, TENON_ESHAPE, "half the sample rate");
    driver_destroy(d);
}

static void determinants(void **state)
{
    (void)state;
    static const float x[18] = {0, 2, 0, 1, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                       want[2] = {-6, 0};
    static const int64_t dims[3] = {2, 3, 3}, two = 2, uneven[2] = {2, 3}, empty[3] = {2, 0, 0};
    static const float ones[2] = {1, 1};
    driver *d = driver_create("Det", 22);
    driver_tolerance(d, 1e-6);
    driver_input(d, TENON_F32, 3, dims, x);
    run(d);
    driver_expect(d, 0, TENON_F32, 1, &two, want);
    driver_destroy(d);
    d = driver_create("Det", 22);
    driver_input(d, TENON_F32, 3, empty, NULL);
    run(d);
    driver_expect(d, 0, TENON_F32, 1, &two, ones);
    driver_destroy(d);
    d = driver_create("Det", 22);
    driver_random(d, TENON_F32, 2, uneven, -1, 1);
    driver_refuse(d, TENON_ESHAPE, "square");
    driver_destroy(d);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {CASE(transforms),  CASE(transforms_refused),
                                      CASE(frames),      CASE(windows),
                                      CASE(mel_filters), CASE(determinants)};
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
