/* SPDX-License-Identifier: Apache-2.0 */
/* RIFF/WAVE as the input of a model: PCM of 8 to 32 bits and floats, as numbers from -1 to 1. The
 * sample rate stays what it is. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { PCM = 1, IEEE_FLOAT = 3, EXTENSIBLE = 0xfffe };

typedef struct sound {
    unsigned kind, channels, bits;
    const uint8_t *data;
    size_t frames;
} sound;

static unsigned le16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

bool wav_is(const uint8_t *data, size_t size)
{
    return size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WAVE", 4) == 0;
}

static bool parse_format(const uint8_t *p, size_t size, sound *s)
{
    if (size < 16) return false;
    s->kind = le16(p);
    s->channels = le16(p + 2);
    s->bits = le16(p + 14);
    unsigned block = le16(p + 12);
    if (s->kind == EXTENSIBLE) { /* the format proper begins the GUID behind the speakers' mask */
        if (size < 40) return false;
        s->kind = le16(p + 24);
    }
    return s->channels > 0 && block == s->channels * (s->bits / 8);
}

static bool is_readable(const sound *s)
{
    if (s->kind == PCM) return s->bits == 8 || s->bits == 16 || s->bits == 24 || s->bits == 32;
    return s->kind == IEEE_FLOAT && (s->bits == 32 || s->bits == 64);
}

/* Finds "fmt " and "data" among the chunks. */
static int parse_sound(const char *what, const uint8_t *data, size_t size, sound *s)
{
    if (!wav_is(data, size)) return cli_fail(EXIT_REFUSED, "%s: this is no RIFF/WAVE file", what);
    for (size_t at = 12; size - at >= 8;) {
        const uint8_t *chunk = data + at;
        size_t left = size - at - 8, length = cli_le32(chunk + 4);
        bool is_data = memcmp(chunk, "data", 4) == 0;
        if (is_data && length == 0xffffffff) length = left; /* written to a pipe: to the end */
        if (length > left)
            return cli_fail(EXIT_REFUSED, "%s: cut short: a chunk of %zu bytes, %zu are there",
                            what, length, left);
        if (memcmp(chunk, "fmt ", 4) == 0 && !parse_format(chunk + 8, length, s))
            return cli_fail(EXIT_REFUSED, "%s: its format is damaged", what);
        if (is_data && !s->channels)
            return cli_fail(EXIT_REFUSED, "%s: its data comes before its format", what);
        if (is_data && !is_readable(s))
            return cli_fail(EXIT_REFUSED,
                            "%s: format %u of %u bits is not read; PCM of 8, 16, 24 or 32 bits "
                            "and floats of 32 or 64 are",
                            what, s->kind, s->bits);
        if (is_data) {
            s->data = chunk + 8;
            s->frames = length / ((size_t)s->channels * (s->bits / 8));
            return EXIT_DONE;
        }
        if (length + (length & 1) > left) break;
        at += 8 + length + (length & 1);
    }
    return cli_fail(EXIT_REFUSED, "%s: it holds no sound", what);
}

static double sample(const sound *s, const uint8_t *p)
{
    float f;
    double x;
    switch (s->bits) {
    case 8:
        return (p[0] - 128) / 128.0;
    case 16:
        return (int16_t)le16(p) / 32768.0;
    case 24:
        return (int32_t)(cli_le32((uint8_t[]){0, p[0], p[1], p[2]})) / 2147483648.0;
    case 32:
        if (s->kind == PCM) return (int32_t)cli_le32(p) / 2147483648.0;
        return memcpy(&f, p, 4), f;
    default:
        return memcpy(&x, p, 8), x;
    }
}

/* `rows` 1: the mean of the channels; else a row for each channel. */
static void put_samples(const sound *s, size_t rows, tenon_dtype dtype, uint8_t *dst)
{
    size_t width = s->bits / 8, elem = tenon_dtype_bits(dtype) / 8, mixed = s->channels / rows;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < s->frames; i++, dst += elem) {
            const uint8_t *frame = s->data + i * s->channels * width + row * width;
            double sum = 0;
            for (size_t k = 0; k < mixed; k++)
                sum += sample(s, frame + k * width);
            cli_number_put(dtype, sum / (double)mixed, dst);
        }
    }
}

int wav_parse(cli_context *c, const char *what, const uint8_t *data, size_t size,
              const tenon_port *port, tenon_value **out)
{
    sound s = {0};
    tenon_tensor *t = NULL;
    tenon_error err;
    tenon_dtype dtype = port->dtype == TENON_NONE ? TENON_F32 : port->dtype;
    int64_t dims[3] = {1, 1, 1};
    int rank = port->rank < 0 ? 1 : port->rank;
    int rc = parse_sound(what, data, size, &s);
    if (rc) return rc;
    if (rank < 1 || rank > 3)
        return cli_fail(EXIT_REFUSED, "%s: input '%s' has %d dimensions; sound gives 1 to 3", what,
                        port->name, rank);
    if (dtype != TENON_F32 && dtype != TENON_F64 && dtype != TENON_F16 && dtype != TENON_BF16)
        return cli_fail(EXIT_REFUSED, "%s: sound becomes floats; input '%s' takes %s", what,
                        port->name, tenon_dtype_text(dtype));
    /* Channels stay apart where the input has a dimension of their number for them. */
    if (rank > 1 && port->dims[rank - 2] == s.channels) dims[rank - 2] = s.channels;
    size_t rows = rank > 1 ? (size_t)dims[rank - 2] : 1;
    dims[rank - 1] = (int64_t)s.frames;
    tenon_status st = tenon_tensor_create(c->env, dtype, rank, dims, &t, &err);
    if (st == TENON_OK) {
        put_samples(&s, rows, dtype, tenon_tensor_data(t));
        st = tenon_value_create_tensor(c->env, t, out, &err);
    }
    if (st == TENON_OK) return EXIT_DONE;
    tenon_tensor_destroy(t);
    return cli_fail_data(what, st, &err);
}
