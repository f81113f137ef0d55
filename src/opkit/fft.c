/* SPDX-License-Identifier: Apache-2.0 */
/* The discrete Fourier transform of any length. A table holds, for the power of two m that is
 * worked with, exp(-2 pi i k / m) for k below m / 2; where n is none, then the chirp exp(-pi i k^2
 * / n) for k below n, and the transform of its conjugate. */
#include "opkit/fft.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static bool is_power(int64_t n)
{
    return (n & (n - 1)) == 0;
}

/* The length that is worked with. */
static int64_t length(int64_t n)
{
    int64_t m = 1;
    if (is_power(n)) return n;
    while (m < 2 * n - 1)
        m *= 2;
    return m;
}

static size_t twiddles(int64_t m)
{
    return m > 1 ? (size_t)m : 2; /* m / 2 complex numbers */
}

size_t tenon__fft_table_count(int64_t n)
{
    int64_t m = length(n);
    return twiddles(m) + (is_power(n) ? 0 : 2 * (size_t)n + 2 * (size_t)m);
}

size_t tenon__fft_scratch_count(int64_t n)
{
    return is_power(n) ? 0 : 2 * (size_t)length(n);
}

static void swap_bits(int64_t m, double *x)
{
    for (int64_t i = 1, j = 0; i < m; i++) {
        int64_t bit = m >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i >= j) continue;
        for (int k = 0; k < 2; k++) {
            double t = x[2 * i + k];
            x[2 * i + k] = x[2 * j + k];
            x[2 * j + k] = t;
        }
    }
}

static void radix2(int64_t m, const double *table, double *x)
{
    swap_bits(m, x);
    for (int64_t half = 1; half < m; half *= 2) {
        const int64_t step = m / (2 * half);
        for (int64_t base = 0; base < m; base += 2 * half) {
            double *a = x + 2 * base, *b = a + 2 * half;
            for (int64_t k = 0; k < half; k++) {
                const double wr = table[2 * k * step], wi = table[2 * k * step + 1];
                const double br = b[2 * k] * wr - b[2 * k + 1] * wi;
                const double bi = b[2 * k] * wi + b[2 * k + 1] * wr;
                b[2 * k] = a[2 * k] - br;
                b[2 * k + 1] = a[2 * k + 1] - bi;
                a[2 * k] += br;
                a[2 * k + 1] += bi;
            }
        }
    }
}

static void conjugate(int64_t n, double *x)
{
    for (int64_t k = 0; k < n; k++)
        x[2 * k + 1] = -x[2 * k + 1];
}

void tenon__fft_table(int64_t n, double *table)
{
    int64_t m = length(n);
    for (int64_t k = 0; 2 * k < m; k++) {
        table[2 * k] = cos(2 * pi * (double)k / (double)m);
        table[2 * k + 1] = -sin(2 * pi * (double)k / (double)m);
    }
    if (is_power(n)) return;
    double *chirp = table + twiddles(m), *filter = chirp + 2 * n;
    memset(filter, 0, 2 * (size_t)m * sizeof *filter);
    for (int64_t k = 0; k < n; k++) {
        /* k^2 modulo 2n, so that the angle keeps its digits; n is below 2^31. */
        double angle = pi * (double)(k * k % (2 * n)) / (double)n;
        chirp[2 * k] = cos(angle);
        chirp[2 * k + 1] = -sin(angle);
        for (int side = 0; side < 2; side++) {
            int64_t at = side && k ? m - k : k;
            filter[2 * at] = chirp[2 * k];
            filter[2 * at + 1] = -chirp[2 * k + 1];
        }
    }
    radix2(m, table, filter);
}

static void multiply(double *to, const double *a, const double *b, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        double re = a[2 * k] * b[2 * k] - a[2 * k + 1] * b[2 * k + 1];
        double im = a[2 * k] * b[2 * k + 1] + a[2 * k + 1] * b[2 * k];
        to[2 * k] = re;
        to[2 * k + 1] = im;
    }
}

void tenon__fft_run(int64_t n, const double *table, double *data, double *scratch)
{
    if (is_power(n)) {
        radix2(n, table, data);
        return;
    }
    int64_t m = length(n);
    const double *chirp = table + twiddles(m), *filter = chirp + 2 * n;
    multiply(scratch, data, chirp, n);
    memset(scratch + 2 * n, 0, 2 * (size_t)(m - n) * sizeof *scratch);
    radix2(m, table, scratch);
    multiply(scratch, scratch, filter, m);
    conjugate(m, scratch);
    radix2(m, table, scratch);
    conjugate(n, scratch);
    multiply(data, scratch, chirp, n);
    for (int64_t k = 0; k < 2 * n; k++)
        data[k] /= (double)m;
}

void tenon__fft_inverse(int64_t n, const double *table, double *data, double *scratch)
{
    conjugate(n, data);
    tenon__fft_run(n, table, data, scratch);
    conjugate(n, data);
    for (int64_t k = 0; k < 2 * n; k++)
        data[k] /= (double)n;
}
