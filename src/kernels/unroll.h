/* SPDX-License-Identifier: Apache-2.0 */
/* TENON__UNROLL in front of a loop with constant bounds: all of it is written out, so that an array
 * of vectors it walks stays in registers. TENON__INLINE: into each caller, whose constant arguments
 * then specialise it. */
#ifndef TENON_KERNELS_UNROLL_H
#define TENON_KERNELS_UNROLL_H

#if defined(__clang__)
#define TENON__UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define TENON__UNROLL _Pragma("GCC unroll 32")
#else
#define TENON__UNROLL
#endif

#if defined(__GNUC__)
#define TENON__INLINE static inline __attribute__((always_inline))
#else
#define TENON__INLINE static inline
#endif

#endif
