/* SPDX-License-Identifier: Apache-2.0 */
/* Compression functions of SHA-256: the plain one, and the CPU's own. */
#ifndef TENON_BASE_SHA256_HW_H
#define TENON_BASE_SHA256_HW_H

#include <stddef.h>
#include <stdint.h>

typedef void (*tenon__sha256_compress)(uint32_t state[8], const uint8_t *data, size_t blocks);

extern const uint32_t tenon__sha256_k[64];
void tenon__sha256_compress_ref(uint32_t state[8], const uint8_t *data, size_t blocks);
/* NULL where this CPU has no such instructions. */
tenon__sha256_compress tenon__sha256_hw(void);

#endif
