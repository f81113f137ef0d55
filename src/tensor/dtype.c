/* SPDX-License-Identifier: Apache-2.0 */
/* Element types: names, sizes, and the storage that a number of elements takes. */
#include <tenon/tensor.h>

#include "tensor/onnx_type.h"
#include "tensor/view.h"

typedef struct dtype_name {
    const char *text;
    tenon_dtype dtype;
} dtype_name;

static const char *const texts[TENON_DTYPE_COUNT] = {
#define TENON_X(name, value, text, bits) [value] = text,
    TENON_DTYPE_MAP(TENON_X)
#undef TENON_X
};

static const uint8_t sizes[TENON_DTYPE_COUNT] = {
#define TENON_X(name, value, text, bits) [value] = bits,
    TENON_DTYPE_MAP(TENON_X)
#undef TENON_X
};

/* Other spellings, in lower case and without underscores. */
static const dtype_name aliases[] = {
    {"f32", TENON_F32},
    {"float", TENON_F32},
    {"single", TENON_F32},
    {"f64", TENON_F64},
    {"double", TENON_F64},
    {"f16", TENON_F16},
    {"half", TENON_F16},
    {"bf16", TENON_BF16},
    {"i8", TENON_I8},
    {"i16", TENON_I16},
    {"i32", TENON_I32},
    {"i64", TENON_I64},
    {"u8", TENON_U8},
    {"u16", TENON_U16},
    {"u32", TENON_U32},
    {"u64", TENON_U64},
    {"boolean", TENON_BOOL},
    {"str", TENON_STRING},
    {"c64", TENON_C64},
    {"c128", TENON_C128},
    {"f8e4m3fn", TENON_F8E4M3FN},
    {"f8e4m3fnuz", TENON_F8E4M3FNUZ},
    {"f8e5m2", TENON_F8E5M2},
    {"f8e5m2fnuz", TENON_F8E5M2FNUZ},
    {"f8e8m0", TENON_F8E8M0},
    {"float8e8m0fnu", TENON_F8E8M0},
    {"u4", TENON_U4},
    {"i4", TENON_I4},
    {"f4e2m1", TENON_F4E2M1},
    {"float4e2m1fn", TENON_F4E2M1},
    {"u2", TENON_U2},
    {"i2", TENON_I2},
};

const char *tenon_dtype_text(tenon_dtype dtype)
{
    return (unsigned)dtype < TENON_DTYPE_COUNT ? texts[dtype] : texts[TENON_NONE];
}

unsigned tenon_dtype_bits(tenon_dtype dtype)
{
    return (unsigned)dtype < TENON_DTYPE_COUNT ? sizes[dtype] : 0;
}

tenon_dtype tenon_dtype_find(const char *text)
{
    char folded[24];
    size_t n = 0;
    if (!text) return TENON_NONE;
    for (; *text; text++) {
        if (*text == '_') continue;
        if (n + 1 >= sizeof folded) return TENON_NONE;
        folded[n++] = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
    }
    folded[n] = '\0';
    for (int i = 1; i < TENON_DTYPE_COUNT; i++)
        if (strcmp(folded, texts[i]) == 0) return (tenon_dtype)i;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(folded, aliases[i].text) == 0) return aliases[i].dtype;
    return TENON_NONE;
}

bool tenon__dtype_bytes(tenon_dtype dtype, int64_t count, size_t *out)
{
    size_t bits = tenon_dtype_bits(dtype);
    if (bits == 0 || count < 0 || (uint64_t)count > SIZE_MAX) return false;
    if (bits >= 8) return tenon__mul((size_t)count, bits / 8, out);
    size_t per_byte = 8 / bits;
    *out = (size_t)count / per_byte + ((size_t)count % per_byte != 0);
    return true;
}

/* By ONNX's number. */
static const uint8_t onnx_types[] = {
    TENON_NONE,       TENON_F32,    TENON_U8,         TENON_I8,   TENON_U16,  TENON_I16,
    TENON_I32,        TENON_I64,    TENON_STRING,     TENON_BOOL, TENON_F16,  TENON_F64,
    TENON_U32,        TENON_U64,    TENON_C64,        TENON_C128, TENON_BF16, TENON_F8E4M3FN,
    TENON_F8E4M3FNUZ, TENON_F8E5M2, TENON_F8E5M2FNUZ, TENON_U4,   TENON_I4,   TENON_F4E2M1,
    TENON_F8E8M0,     TENON_U2,     TENON_I2,
};

tenon_dtype tenon__dtype_of_onnx(int64_t type)
{
    bool known = type >= 0 && type < (int64_t)sizeof onnx_types;
    return known ? (tenon_dtype)onnx_types[type] : TENON_NONE;
}

int32_t tenon__dtype_to_onnx(tenon_dtype dtype)
{
    for (size_t i = 0; i < sizeof onnx_types; i++)
        if (onnx_types[i] == dtype) return (int32_t)i;
    return 0;
}
