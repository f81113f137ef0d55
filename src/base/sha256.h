/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), with the CPU's own instructions where it has them. */
#ifndef TENON_BASE_SHA256_H
#define TENON_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct tenon__sha256 {
    uint32_t state[8];
    uint64_t length_bytes;
    uint8_t block[64];
    void (*compress)(uint32_t state[8], const uint8_t *data, size_t blocks);
} tenon__sha256;

void tenon__sha256_init(tenon__sha256 *h);
void tenon__sha256_update(tenon__sha256 *h, const void *data, size_t size_bytes);
void tenon__sha256_final(tenon__sha256 *h, uint8_t digest[32]);

#endif
