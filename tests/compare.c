/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing tensors by an operator's class of accuracy: see ops/driver.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ops/driver.h"
#include "tensor/convert.h"

static double epsilon(tenon_dtype dtype)
{
    switch (dtype) {
    case TENON_F64:
        return 0x1p-52;
    case TENON_F16:
        return 0x1p-10;
    case TENON_BF16:
        return 0x1p-7;
    case TENON_F32:
        return 0x1p-23;
    default:
        return 0;
    }
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void compare_exact(const char *what, tenon_dtype dtype, const void *got, const void *wanted,
                          int64_t count)
{
    size_t bits = tenon_dtype_bits(dtype);
    const tenon_string *gs = got, *ws = wanted;
    for (int64_t i = 0; i < count; i++) {
        if (dtype == TENON_STRING) {
            if (gs[i].size_bytes != ws[i].size_bytes ||
                (gs[i].size_bytes && memcmp(gs[i].data, ws[i].data, gs[i].size_bytes) != 0))
                fail_msg("%s: element %" PRId64 " is \"%.*s\", wanted \"%.*s\"", what, i,
                         (int)gs[i].size_bytes, gs[i].data ? gs[i].data : "", (int)ws[i].size_bytes,
                         ws[i].data ? ws[i].data : "");
        } else if (bits >= 8 && dtype != TENON_C64 && dtype != TENON_C128) {
            size_t bytes = bits / 8, at = (size_t)i * bytes;
            if (memcmp((const char *)got + at, (const char *)wanted + at, bytes) == 0) continue;
            double g = tenon__get_f64(dtype, got, (size_t)i),
                   w = tenon__get_f64(dtype, wanted, (size_t)i);
            if (!(isnan(g) && isnan(w))) /* which NaN is nobody's business; the sign of zero is */
                fail_msg("%s: element %" PRId64 " is %.17g, wanted %.17g exactly", what, i, g, w);
        } else if (bits < 8) {
            int g = tenon__packed_get(dtype, got, (size_t)i),
                w = tenon__packed_get(dtype, wanted, (size_t)i);
            if (g != w) fail_msg("%s: element %" PRId64 " is %d, wanted %d", what, i, g, w);
        } else if (memcmp((const char *)got + (size_t)i * bits / 8,
                          (const char *)wanted + (size_t)i * bits / 8, bits / 8) != 0) {
            fail_msg("%s: element %" PRId64 " differs", what, i);
        }
    }
}

void driver_compare(const char *what, tenon_dtype dtype, const void *got, const void *wanted,
                    int64_t count, tenon__class accuracy, double tolerance)
{
    double eps = epsilon(dtype), largest = 0;
    if ((accuracy == TENON__EXACT && tolerance == 0) || eps == 0) {
        compare_exact(what, dtype, got, wanted, count);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        double w = fabs(tenon__get_f64(dtype, wanted, (size_t)i));
        if (isfinite(w) && w > largest) largest = w;
    }
    bool relative = accuracy == TENON__ROUNDS && tolerance == 0; /* to each element: 8 ulp */
    double bound = tolerance > 0 ? tolerance : fmax(1e-4, eps);
    double denormal = dtype == TENON_F64 ? 0x1p-1074 : dtype == TENON_F16 ? 0x1p-24 : 0x1p-149;
    for (int64_t i = 0; i < count; i++) {
        double g = tenon__get_f64(dtype, got, (size_t)i),
               w = tenon__get_f64(dtype, wanted, (size_t)i);
        double allowed =
            relative ? 8 * eps * fabs(w) + 8 * denormal : bound * largest + 8 * denormal;
        if (!same(g, w) && !(fabs(g - w) <= allowed))
            fail_msg("%s: element %" PRId64 " of %" PRId64
                     " is %.17g, wanted %.17g (off by %.3g, allowed %.3g)",
                     what, i, count, g, w, fabs(g - w), allowed);
    }
}
