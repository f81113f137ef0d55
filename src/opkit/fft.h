/* SPDX-License-Identifier: Apache-2.0 */
/* The discrete Fourier transform of any length, in double: radix 2, and Bluestein's convolution
 * where the length is no power of two. */
#ifndef TENON_OPKIT_FFT_H
#define TENON_OPKIT_FFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TENON__FFT_MOST ((int64_t)1 << 28)

/* All sizes are in doubles; n is in [1, TENON__FFT_MOST]. */
size_t tenon__fft_table_count(int64_t n);
size_t tenon__fft_scratch_count(int64_t n);
void tenon__fft_table(int64_t n, double *table);
/* data[k] = sum over j of data[j] * exp(-2 pi i j k / n), n complex numbers (real, imaginary). */
void tenon__fft_run(int64_t n, const double *table, double *data, double *scratch);
/* The same with exp(+2 pi i j k / n) and divided by n. */
void tenon__fft_inverse(int64_t n, const double *table, double *data, double *scratch);

#endif
