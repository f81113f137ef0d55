/* SPDX-License-Identifier: Apache-2.0 */
/* CPU levels, the quota of control groups as files, the floating-point mode. */
#define _GNU_SOURCE /* sched_setaffinity */
#include "harness.h"

#include <fenv.h>
#include <float.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cpu/cpu.h"

static void levels_are_nested(void **state)
{
    (void)state;
    tenon__cpu_bits detected = tenon__cpu_detect(), bits = 1;
    assert_int_equal(tenon__cpu_mask("native", &bits, NULL), TENON_OK);
    assert_int_equal(bits, detected);
    assert_int_equal(tenon__cpu_mask("ref", &bits, NULL), TENON_OK);
    assert_int_equal(bits, 0);

    static const struct {
        const char *name;
        tenon__cpu_bits own, never;
    } levels[] = {
        {"avx2", TENON__CPU_AVX2, TENON__CPU_AVX512 | TENON__CPU_AVX512_VNNI | TENON__CPU_NEON},
        {"avx512", TENON__CPU_AVX512, TENON__CPU_NEON},
        {"neon", TENON__CPU_NEON, TENON__CPU_AVX2 | TENON__CPU_AVX512},
    };
    for (size_t i = 0; i < TEST_COUNT(levels); i++) {
        tenon_error err;
        tenon_status status = tenon__cpu_mask(levels[i].name, &bits, &err);
        if (detected & levels[i].own) {
            assert_int_equal(status, TENON_OK);
            assert_true(bits & levels[i].own);
            assert_int_equal(bits & levels[i].never, 0);
            assert_int_equal(bits & ~detected, 0);
        } else {
            assert_int_equal(status, TENON_EUNSUPPORTED);
            assert_non_null(strstr(err.message, levels[i].name));
            assert_int_equal(bits, 0);
        }
    }
    if (detected & TENON__CPU_AVX512) assert_true(detected & TENON__CPU_AVX2);

    tenon_error err;
    assert_int_equal(tenon__cpu_mask("sse9", &bits, &err), TENON_EINVAL);
    assert_non_null(strstr(err.message, "sse9"));
    assert_non_null(strstr(err.message, "native, ref, avx2, avx512, neon"));
}

static void it_says_what_it_is(void **state)
{
    (void)state;
    char text[64];
    tenon__cpu_describe(0, text, sizeof text);
    assert_string_equal(text, "ref");
    tenon__cpu_describe(TENON__CPU_AVX2, text, sizeof text);
    assert_string_equal(text, "avx2");
    tenon__cpu_describe(TENON__CPU_AVX2 | TENON__CPU_AVX512 | TENON__CPU_AVX512_VNNI |
                            TENON__CPU_AVX512_BF16,
                        text, sizeof text);
    assert_string_equal(text, "avx512 vnni bf16");
    tenon__cpu_describe(TENON__CPU_NEON | TENON__CPU_NEON_DOTPROD, text, sizeof text);
    assert_string_equal(text, "neon dotprod");
    tenon__cpu_describe(UINT32_MAX, text, 7);
    assert_string_equal(text, "avx512");
    tenon__cpu_describe(UINT32_MAX, text, 0);
    tenon__cpu_name(text, sizeof text);
    assert_true(strlen(text) > 2 && text[0] != ' ' && text[strlen(text) - 1] != ' ');
    char short_text[4] = "xxx";
    tenon__cpu_name(short_text, sizeof short_text);
    assert_true(strlen(short_text) <= 3);
    tenon__cpu_name(short_text, 0);
    assert_in_range(tenon__cpu_l2_bytes(), 32 * 1024, (size_t)1 << 30);
}

static void available_follows_the_affinity(void **state)
{
    (void)state;
    unsigned all = tenon__cpu_available();
    assert_true(all >= 1);
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_true(all <= (unsigned)CPU_COUNT(&before));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &before)) {
            CPU_SET(i, &one);
            break;
        }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(tenon__cpu_available(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* A file beneath the case's folder, with the folders that lead to it. */
static void put(const char *name, const char *content)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s%s", test_folder(), name);
    for (char *slash = path + strlen(test_folder()) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(content, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void check_quota(double expected)
{
    double quota = tenon__cpu_quota_in(test_folder());
    if (quota != expected) fail_msg("%g, not %g", quota, expected);
}

#define MOUNT_V2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

static void quota_of_version_2(void **state)
{
    (void)state;
    check_quota(0); /* no files at all */
    put("/proc/self/cgroup", "0::/a/b/c\n");
    check_quota(0);
    put("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" MOUNT_V2);
    check_quota(0);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    check_quota(0);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "350000 100000\n");
    check_quota(3.5);
    put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n"); /* a parent's counts too */
    check_quota(1.5);
    put("/sys/fs/cgroup/cpu.max", "50000 100000\n");
    check_quota(0.5);
    put("/sys/fs/cgroup/cpu.max", "nonsense\n");
    check_quota(1.5);
    put("/sys/fs/cgroup/cpu.max", "100000 0\n");
    check_quota(1.5);
    put("/sys/fs/cgroup/cpu.max", "");
    check_quota(1.5);
}

static void quota_of_version_1(void **state)
{
    (void)state;
    put("/proc/self/cgroup",
        "5:memory:/other\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/z\n0::/z\n");
    put("/proc/self/mountinfo", "40 30 0:35 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                                "41 30 0:36 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 "
                                "master:2 - cgroup cgroup rw,cpu,cpuacct\n");
    check_quota(0);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
    check_quota(0);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "220000\n");
    check_quota(2.2);
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n");
    check_quota(2);
}

/* In a container the mount shows a part of the hierarchy, and the group's path may begin outside of
 * it. */
static void quota_seen_from_a_container(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/pods/p1/inner\n");
    put("/proc/self/mountinfo", "30 23 0:26 /pods/p1 /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    put("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    check_quota(4);
    put("/sys/fs/cgroup/inner/cpu.max", "100000 100000\n");
    check_quota(1);
    put("/proc/self/cgroup", "0::/pods/p1\n");
    check_quota(4);
    put("/proc/self/cgroup", "0::/pods/p10/inner\n"); /* not below /pods/p1 */
    check_quota(4);
    put("/proc/self/cgroup", "0::/../../elsewhere\n");
    check_quota(4);
}

/* How this thread rounds: 1 to nearest, more upward. */
static float rounding(void)
{
    volatile float one = 1, little = FLT_EPSILON / 4;
    return one + little;
}

static void the_floating_point_mode_is_set_and_restored(void **state)
{
    (void)state;
    assert_int_equal(fesetround(FE_UPWARD), 0);
    assert_true(rounding() > 1);
    uint64_t mode = tenon__fp_mode_set();
    assert_true(rounding() == 1);
    tenon__fp_mode_restore(mode);
    assert_true(rounding() > 1);
    assert_int_equal(fesetround(FE_TONEAREST), 0);
}

#if defined(__x86_64__)
#include <immintrin.h>

/* The kernel's own word for the bits. */
static void the_kernel_agrees(void **state)
{
    (void)state;
    static const struct {
        tenon__cpu_bits bit;
        const char *flags;
    } rows[] = {
        {TENON__CPU_AVX2, " avx2 fma f16c bmi2 "},
        {TENON__CPU_AVX512, " avx512f avx512dq avx512bw avx512vl avx512cd "},
        {TENON__CPU_AVX512_VNNI, " avx512_vnni "},
        {TENON__CPU_AVX512_BF16, " avx512_bf16 "},
        {TENON__CPU_AVX512_VBMI, " avx512vbmi "},
        {TENON__CPU_AVX_VNNI, " avx_vnni "},
        {TENON__CPU_SHA, " sha_ni "},
    };
    char line[8192] = "";
    FILE *f = fopen("/proc/cpuinfo", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) && strncmp(line, "flags", 5) != 0)
        ;
    (void)fclose(f);
    assert_memory_equal(line, "flags", 5);
    for (char *p = line; *p; p++)
        if (*p == '\n') *p = ' ';
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char flags[128], word[64];
        bool all = true;
        (void)snprintf(flags, sizeof flags, "%s", rows[i].flags);
        for (char *at = strtok(flags, " "); at; at = strtok(NULL, " ")) {
            (void)snprintf(word, sizeof word, " %s ", at);
            all = all && strstr(line, word);
        }
        if (((tenon__cpu_detect() & rows[i].bit) != 0) != all)
            fail_msg("bit %zu:%s", i, rows[i].flags);
    }
}

static void flushed_denormals_come_back(void **state)
{
    (void)state;
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
    volatile float least = FLT_MIN;
    assert_true(least / 4 == 0);
    uint64_t mode = tenon__fp_mode_set();
    assert_true(least / 4 > 0);
    tenon__fp_mode_restore(mode);
    assert_true(least / 4 == 0);
    _mm_setcsr(before);
}
#endif

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        CASE(levels_are_nested),
        CASE(it_says_what_it_is),
        CASE(available_follows_the_affinity),
        CASE(quota_of_version_2),
        CASE(quota_of_version_1),
        CASE(quota_seen_from_a_container),
        CASE(the_floating_point_mode_is_set_and_restored),
#if defined(__x86_64__)
        CASE(the_kernel_agrees),
        CASE(flushed_denormals_come_back),
#endif
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
