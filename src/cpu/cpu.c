/* SPDX-License-Identifier: Apache-2.0 */
/* Feature bits and their mask, the processor's name and caches, the floating-point mode. */
#define _GNU_SOURCE /* _SC_LEVEL2_CACHE_SIZE */
#include "cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define AVX512_ALL                                                                                 \
    (TENON__CPU_AVX512 | TENON__CPU_AVX512_VNNI | TENON__CPU_AVX512_BF16 | TENON__CPU_AVX512_VBMI)
#define AVX2_ALL (TENON__CPU_AVX2 | TENON__CPU_AVX_VNNI)
#define NEON_ALL                                                                                   \
    (TENON__CPU_NEON | TENON__CPU_NEON_DOTPROD | TENON__CPU_NEON_FP16 | TENON__CPU_NEON_BF16 |     \
     TENON__CPU_NEON_I8MM)

#if defined(__x86_64__)

/* Which register files the operating system saves: bits 1-2 SSE and AVX, 5-7 those of AVX-512. */
static uint32_t saved_state(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

tenon__cpu_bits tenon__cpu_detect(void)
{
    unsigned a, b, c, d, b7, c7, a71 = 0;
    tenon__cpu_bits bits = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    unsigned leaf1 = c;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d)) return 0;
    if (a >= 1 && __get_cpuid_count(7, 1, &a71, &b, &c, &d) == 0) a71 = 0;

    if ((b7 & bit_SHA) && (leaf1 & bit_SSE4_1)) bits |= TENON__CPU_SHA;
    const unsigned avx_leaf1 = bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C;
    if ((leaf1 & avx_leaf1) != avx_leaf1 || (saved_state() & 0x06) != 0x06) return bits;
    const unsigned avx2 = bit_AVX2 | bit_BMI2;
    if ((b7 & avx2) != avx2) return bits;
    bits |= TENON__CPU_AVX2;
    if (a71 & (1u << 4)) bits |= TENON__CPU_AVX_VNNI;
    const unsigned avx512 = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL | bit_AVX512CD;
    if ((b7 & avx512) != avx512 || (saved_state() & 0xe0) != 0xe0) return bits;
    bits |= TENON__CPU_AVX512;
    if (c7 & bit_AVX512VNNI) bits |= TENON__CPU_AVX512_VNNI;
    if (c7 & bit_AVX512VBMI) bits |= TENON__CPU_AVX512_VBMI;
    if (a71 & (1u << 5)) bits |= TENON__CPU_AVX512_BF16;
    return bits;
}

#elif defined(__aarch64__)

tenon__cpu_bits tenon__cpu_detect(void)
{
    unsigned long caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);
    tenon__cpu_bits bits = 0;
    if (caps & HWCAP_SHA2) bits |= TENON__CPU_SHA;
    if (!(caps & HWCAP_ASIMD)) return bits;
    bits |= TENON__CPU_NEON;
    if (caps & HWCAP_ASIMDDP) bits |= TENON__CPU_NEON_DOTPROD;
    if (caps & HWCAP_ASIMDHP) bits |= TENON__CPU_NEON_FP16;
    if (caps2 & HWCAP2_BF16) bits |= TENON__CPU_NEON_BF16;
    if (caps2 & HWCAP2_I8MM) bits |= TENON__CPU_NEON_I8MM;
    return bits;
}

#else

tenon__cpu_bits tenon__cpu_detect(void)
{
    return 0;
}

#endif

tenon_status tenon__cpu_mask(const char *name, tenon__cpu_bits *out, tenon_error *err)
{
    static const struct level {
        const char *name;
        tenon__cpu_bits needs, mask;
    } levels[] = {
        {"native", 0, UINT32_MAX},
        {"ref", 0, 0},
        {"avx2", TENON__CPU_AVX2, AVX2_ALL | TENON__CPU_SHA},
        {"avx512", TENON__CPU_AVX512, AVX512_ALL | AVX2_ALL | TENON__CPU_SHA},
        {"neon", TENON__CPU_NEON, NEON_ALL | TENON__CPU_SHA},
    };
    tenon__cpu_bits detected = tenon__cpu_detect();
    *out = 0;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(name, levels[i].name) != 0) continue;
        if ((detected & levels[i].needs) != levels[i].needs)
            return tenon__fail(err, TENON_EUNSUPPORTED,
                               "this CPU has no %s; 'native' takes what it has", name);
        *out = detected & levels[i].mask;
        return TENON_OK;
    }
    return tenon__fail(err, TENON_EINVAL,
                       "CPU level '%.40s' is unknown; known are native, ref, avx2, avx512, neon",
                       name);
}

void tenon__cpu_describe(tenon__cpu_bits bits, char *out, size_t size_bytes)
{
    static const struct word {
        tenon__cpu_bits bit;
        const char *text;
    } words[] = {
        {TENON__CPU_AVX512_VNNI, " vnni"},     {TENON__CPU_AVX512_BF16, " bf16"},
        {TENON__CPU_AVX512_VBMI, " vbmi"},     {TENON__CPU_AVX_VNNI, " avx-vnni"},
        {TENON__CPU_NEON_DOTPROD, " dotprod"}, {TENON__CPU_NEON_FP16, " fp16"},
        {TENON__CPU_NEON_BF16, " bf16"},       {TENON__CPU_NEON_I8MM, " i8mm"},
    };
    char text[128];
    int used = snprintf(text, sizeof text, "%s",
                        bits & TENON__CPU_AVX512 ? "avx512"
                        : bits & TENON__CPU_AVX2 ? "avx2"
                        : bits & TENON__CPU_NEON ? "neon"
                                                 : "ref");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bits & words[i].bit)
            used += snprintf(text + used, sizeof text - (size_t)used, "%s", words[i].text);
    (void)snprintf(out, size_bytes, "%s", text);
}

/* Copies `text` without spaces at its ends, runs of them made one. */
static void copy_tidy(char *out, size_t size_bytes, const char *text, size_t length)
{
    size_t used = 0;
    bool space = false;
    for (size_t i = 0; i < length && text[i] && text[i] != '\n'; i++) {
        if (text[i] == ' ' || text[i] == '\t') {
            space = used > 0;
            continue;
        }
        if (used + space + 1 >= size_bytes) break;
        if (space) out[used++] = ' ';
        space = false;
        out[used++] = text[i];
    }
    if (size_bytes) out[used] = '\0';
}

#if defined(__x86_64__)

void tenon__cpu_name(char *out, size_t size_bytes)
{
    unsigned words[12] = {0};
    for (unsigned leaf = 0; leaf < 3; leaf++) {
        unsigned *w = words + 4 * leaf;
        if (!__get_cpuid(0x80000002u + leaf, &w[0], &w[1], &w[2], &w[3])) break;
    }
    char text[sizeof words];
    memcpy(text, words, sizeof text);
    copy_tidy(out, size_bytes, text[0] ? text : "x86-64", sizeof text);
}

#else

/* The value of "key : value" in /proc/cpuinfo. */
static bool cpuinfo_find(tenon__str info, const char *key, tenon__str *value)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < info.size;) {
        const char *line = info.data + i;
        const char *end = memchr(line, '\n', info.size - i);
        size_t size = end ? (size_t)(end - line) : info.size - i;
        const char *colon = memchr(line, ':', size);
        if (colon && size > length && memcmp(line, key, length) == 0 &&
            (line[length] == '\t' || line[length] == ' ')) {
            *value = (tenon__str){colon + 1, size - (size_t)(colon + 1 - line)};
            return true;
        }
        i += size + 1;
    }
    return false;
}

void tenon__cpu_name(char *out, size_t size_bytes)
{
    tenon__file file;
    char text[96] = "unknown CPU";
    if (tenon__file_open(tenon__allocator_default(), "/proc/cpuinfo", true, &file, NULL) ==
        TENON_OK) {
        tenon__str info = {(const char *)file.data, file.size}, name, part;
        if (cpuinfo_find(info, "model name", &name) || cpuinfo_find(info, "Model", &name))
            (void)snprintf(text, sizeof text, "%.*s", TENON__STR_ARG(name));
        else if (cpuinfo_find(info, "CPU implementer", &name) &&
                 cpuinfo_find(info, "CPU part", &part))
            (void)snprintf(text, sizeof text, "implementer%.*s part%.*s", TENON__STR_ARG(name),
                           TENON__STR_ARG(part));
        tenon__file_close(&file);
    }
    copy_tidy(out, size_bytes, text, sizeof text);
}

#endif

size_t tenon__cpu_l2_bytes(void)
{
    const size_t fallback = 512 * 1024;
    for (int index = 0; index < 8; index++) {
        char path[96];
        tenon__file level, size;
        (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/level",
                       index);
        if (tenon__file_open(tenon__allocator_default(), path, true, &level, NULL) != TENON_OK)
            break;
        bool second = level.size && level.data[0] == '2';
        tenon__file_close(&level);
        if (!second) continue;
        (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
        if (tenon__file_open(tenon__allocator_default(), path, true, &size, NULL) != TENON_OK)
            break;
        int64_t kilobytes = 0;
        const char *unit = size.data ? memchr(size.data, 'K', size.size) : NULL;
        bool read = unit && tenon__parse_i64((tenon__str){(const char *)size.data,
                                                          (size_t)(unit - (const char *)size.data)},
                                             &kilobytes);
        tenon__file_close(&size);
        if (read && kilobytes > 0 && kilobytes < 1 << 20) return (size_t)kilobytes * 1024;
    }
#ifdef _SC_LEVEL2_CACHE_SIZE
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (bytes > 0) return (size_t)bytes;
#endif
    return fallback;
}

#if defined(__x86_64__)

uint64_t tenon__fp_mode_set(void)
{
    uint64_t before = _mm_getcsr();
    _mm_setcsr(0x1f80); /* all exceptions masked, nearest, denormals kept */
    return before;
}

void tenon__fp_mode_restore(uint64_t mode)
{
    _mm_setcsr((unsigned)mode);
}

#elif defined(__aarch64__)

uint64_t tenon__fp_mode_set(void)
{
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0)); /* nearest, denormals kept, no traps */
    return before;
}

void tenon__fp_mode_restore(uint64_t mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

#else
#include <fenv.h>

uint64_t tenon__fp_mode_set(void)
{
    int before = fegetround();
    (void)fesetround(FE_TONEAREST);
    return (uint64_t)before;
}

void tenon__fp_mode_restore(uint64_t mode)
{
    (void)fesetround((int)mode);
}

#endif
