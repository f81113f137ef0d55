/* SPDX-License-Identifier: Apache-2.0 */
/* A decoded picture: 8 bits a channel, interleaved, rows without padding. */
#ifndef TENON_CLI_PICTURE_H
#define TENON_CLI_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PICTURE_MAX_PIXELS = 64000000, PICTURE_MAX_SIDE = 65535 };

typedef struct picture {
    int width, height, channels; /* 3: red, green, blue; 1: grey */
    uint8_t *pixels;             /* free() it */
} picture;

/* decode.c: PNG or JPEG as three channels; alpha is dropped. Errors are said on stderr. */
int picture_decode(const char *what, const uint8_t *data, size_t size, picture *out);
/* resize.c: in place; false where memory is out. */
bool picture_resize(picture *p, int width, int height);

#endif
