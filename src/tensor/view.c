/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and text of views. */
#include "tensor/view.h"

#include <inttypes.h>
#include <stdio.h>

int64_t tenon__dims_product(const int64_t *dims, int from, int to)
{
    int64_t n = 1;
    for (int i = from; i < to; i++)
        if (dims[i] == 0) return 0;
    for (int i = from; i < to; i++)
        if (!tenon__mul_i64(n, dims[i], &n)) return INT64_MAX;
    return n;
}

bool tenon__dims_known(const tenon__view *v)
{
    if (v->rank < 0) return false;
    for (int i = 0; i < v->rank; i++)
        if (v->dims[i] < 0) return false;
    return true;
}

int64_t tenon__view_count(const tenon__view *v)
{
    if (!tenon__dims_known(v)) return -1;
    int64_t n = 1;
    bool overflow = false;
    for (int i = 0; i < v->rank; i++) {
        if (v->dims[i] == 0) return 0; /* whatever the other dims would multiply to */
        if (!overflow && !tenon__mul_i64(n, v->dims[i], &n)) overflow = true;
    }
    return overflow ? -1 : n;
}

bool tenon__view_bytes(const tenon__view *v, size_t *out)
{
    int64_t count = tenon__view_count(v);
    if (count < 0) return false;
    if (v->layout == TENON__C16 && v->rank >= 2 && count > 0) {
        int64_t channels = v->dims[1];
        int64_t blocks = channels / TENON__BLOCK + (channels % TENON__BLOCK != 0);
        if (!tenon__mul_i64(count / channels, blocks, &count) ||
            !tenon__mul_i64(count, TENON__BLOCK, &count))
            return false;
    }
    return tenon__dtype_bytes(v->dtype, count, out);
}

void tenon__view_set(tenon__view *v, tenon_dtype dtype, int rank, const int64_t *dims)
{
    if (rank > TENON_MAX_RANK) rank = TENON__RANK_UNKNOWN;
    v->dtype = dtype;
    v->rank = rank;
    for (int i = 0; i < rank; i++)
        v->dims[i] = dims[i];
}

/* Appends, cutting at the end; *used never passes size_bytes - 1. */
TENON__PRINTF(4, 5)
static void append(char *out, size_t size_bytes, size_t *used, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(out + *used, size_bytes - *used, fmt, args);
    va_end(args);
    if (n > 0) *used = *used + (size_t)n < size_bytes ? *used + (size_t)n : size_bytes - 1;
}

char *tenon__view_print(const tenon__view *v, char *out, size_t size_bytes)
{
    static const char *const kinds[] = {"", "sequence of ", "optional ", "map to "};
    size_t used = 0;
    if (size_bytes == 0) return out;
    out[0] = '\0';
    append(out, size_bytes, &used, "%s%s", v->kind < 4 ? kinds[v->kind] : "",
           v->dtype == TENON_NONE ? "unknown" : tenon_dtype_text(v->dtype));
    if (v->rank < 0) {
        append(out, size_bytes, &used, "[...]");
        return out;
    }
    append(out, size_bytes, &used, "[");
    for (int i = 0; i < v->rank; i++) {
        if (v->dims[i] < 0)
            append(out, size_bytes, &used, "%s?", i ? "," : "");
        else
            append(out, size_bytes, &used, "%s%" PRId64, i ? "," : "", v->dims[i]);
    }
    append(out, size_bytes, &used, "]");
    return out;
}
