/* SPDX-License-Identifier: Apache-2.0 */
/* What the CPU can do, what the mask lets us use, and how many of them we may run on. */
#ifndef TENON_CPU_CPU_H
#define TENON_CPU_CPU_H

#include "base/status.h"

typedef uint32_t tenon__cpu_bits;

enum {
    TENON__CPU_AVX2 = 1u << 0,   /* AVX2, FMA, F16C, BMI2 */
    TENON__CPU_AVX512 = 1u << 1, /* F, DQ, BW, VL, CD */
    TENON__CPU_AVX512_VNNI = 1u << 2,
    TENON__CPU_AVX512_BF16 = 1u << 3,
    TENON__CPU_AVX512_VBMI = 1u << 4,
    TENON__CPU_AVX_VNNI = 1u << 5,
    TENON__CPU_SHA = 1u << 6,
    TENON__CPU_NEON = 1u << 7,
    TENON__CPU_NEON_DOTPROD = 1u << 8,
    TENON__CPU_NEON_FP16 = 1u << 9,
    TENON__CPU_NEON_BF16 = 1u << 10,
    TENON__CPU_NEON_I8MM = 1u << 11,
};

/* What the hardware and the operating system offer. Cheap, any thread. */
tenon__cpu_bits tenon__cpu_detect(void);
/* "ref", "avx2", "avx512", "neon" or "native" as a mask over what was detected: a name asks for
 * that level and all below it. TENON_EINVAL for an unknown name (listing the names),
 * TENON_EUNSUPPORTED where the CPU lacks it. */
tenon_status tenon__cpu_mask(const char *name, tenon__cpu_bits *out, tenon_error *err);
/* "avx512 vnni bf16 vbmi", or "ref" for none: into `out`, cut to size. */
void tenon__cpu_describe(tenon__cpu_bits bits, char *out, size_t size_bytes);
/* The processor's name as the system gives it ("AMD EPYC ..."), cut to size. */
void tenon__cpu_name(char *out, size_t size_bytes);
/* CPUs that this process may use: the affinity mask, cut by the cgroup's quota (v1 and v2, rounded
 * down), at least 1. */
unsigned tenon__cpu_available(void);
/* The quota alone in CPUs, 0 where there is none. */
double tenon__cpu_quota(void);
/* The same where proc and the mounts lie beneath the folder `top`. */
double tenon__cpu_quota_in(const char *top);
/* Bytes of a core's L2 cache; a default where the system does not say. */
size_t tenon__cpu_l2_bytes(void);

/* The floating-point mode of a thread: round to nearest, denormals kept, exceptions masked. set
 * returns what was there, for restore. */
uint64_t tenon__fp_mode_set(void);
void tenon__fp_mode_restore(uint64_t mode);

#endif
