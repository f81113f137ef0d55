/* SPDX-License-Identifier: Apache-2.0 */
/* PNG through libspng, JPEG through libturbojpeg: each where the command was built with it. */
#include <stdlib.h>
#include <string.h>

#ifdef TENON_HAVE_SPNG
#include <spng.h>
#endif
#ifdef TENON_HAVE_TURBOJPEG
#include <turbojpeg.h>
#endif

#include "cli.h"
#include "picture.h"

static bool is_png(const uint8_t *data, size_t size)
{
    return size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_jpeg(const uint8_t *data, size_t size)
{
    return size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0;
}

bool image_is(const uint8_t *data, size_t size)
{
    return is_png(data, size) || is_jpeg(data, size);
}

#if defined(TENON_HAVE_SPNG) || defined(TENON_HAVE_TURBOJPEG)
/* Memory for a picture of a size that a file claims. */
static int make_picture(const char *what, uint64_t width, uint64_t height, picture *out)
{
    if (!width || !height || width > PICTURE_MAX_SIDE || height > PICTURE_MAX_SIDE ||
        width * height > PICTURE_MAX_PIXELS)
        return cli_fail(EXIT_REFUSED, "%s: a picture of %llux%llu; at most %d pixels are read",
                        what, (unsigned long long)width, (unsigned long long)height,
                        PICTURE_MAX_PIXELS);
    *out = (picture){.width = (int)width, .height = (int)height, .channels = 3};
    out->pixels = malloc((size_t)(width * height) * 3);
    return out->pixels ? EXIT_DONE : cli_fail(EXIT_ENVIRONMENT, "%s: no memory for it", what);
}
#endif

#ifdef TENON_HAVE_SPNG
static int png_failed(const char *what, int code)
{
    return cli_fail(code == SPNG_EMEM ? EXIT_ENVIRONMENT : EXIT_REFUSED, "%s: as PNG: %s", what,
                    spng_strerror(code));
}

static int decode_png(const char *what, const uint8_t *data, size_t size, picture *out)
{
    enum { CHUNK_BYTES = 1 << 26 };
    struct spng_ihdr head;
    spng_ctx *png = spng_ctx_new(0);
    if (!png) return cli_fail(EXIT_ENVIRONMENT, "%s: no memory for it", what);
    int code = spng_set_image_limits(png, PICTURE_MAX_SIDE, PICTURE_MAX_SIDE);
    if (!code) code = spng_set_chunk_limits(png, CHUNK_BYTES, CHUNK_BYTES);
    if (!code) code = spng_set_png_buffer(png, data, size);
    if (!code) code = spng_get_ihdr(png, &head);
    int rc = code ? png_failed(what, code) : make_picture(what, head.width, head.height, out);
    if (rc == EXIT_DONE) {
        size_t bytes = (size_t)head.width * head.height * 3;
        code = spng_decode_image(png, out->pixels, bytes, SPNG_FMT_RGB8, 0);
        if (code) rc = png_failed(what, code);
    }
    spng_ctx_free(png);
    return rc;
}
#else
static int decode_png(const char *what, const uint8_t *data, size_t size, picture *out)
{
    (void)data, (void)size, (void)out;
    return cli_fail(EXIT_ENVIRONMENT,
                    "%s: this build reads no PNG; build it where libspng is (Debian: libspng-dev)",
                    what);
}
#endif

#ifdef TENON_HAVE_TURBOJPEG
static int jpeg_failed(const char *what, tjhandle jpeg)
{
    return cli_fail(EXIT_REFUSED, "%s: as JPEG: %s", what, tjGetErrorStr2(jpeg));
}

/* Whether what was decoded can be used: some cameras leave stray bytes behind, which libjpeg warns
 * of; a file that ends too early is no picture. */
static bool is_whole(tjhandle jpeg)
{
    return tjGetErrorCode(jpeg) == TJERR_WARNING && !strstr(tjGetErrorStr2(jpeg), "remature end");
}

static int decode_jpeg(const char *what, const uint8_t *data, size_t size, picture *out)
{
    int width = 0, height = 0, sampling, space, rc;
    tjhandle jpeg = tjInitDecompress();
    if (!jpeg) return cli_fail(EXIT_ENVIRONMENT, "%s: libturbojpeg does not start", what);
    if (tjDecompressHeader3(jpeg, data, size, &width, &height, &sampling, &space))
        rc = jpeg_failed(what, jpeg);
    else
        rc = make_picture(what, (uint64_t)width, (uint64_t)height, out);
    if (rc == EXIT_DONE &&
        tjDecompress2(jpeg, data, size, out->pixels, width, 0, height, TJPF_RGB,
                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) &&
        !is_whole(jpeg))
        rc = jpeg_failed(what, jpeg);
    tjDestroy(jpeg);
    return rc;
}
#else
static int decode_jpeg(const char *what, const uint8_t *data, size_t size, picture *out)
{
    (void)data, (void)size, (void)out;
    return cli_fail(EXIT_ENVIRONMENT,
                    "%s: this build reads no JPEG; build it where libturbojpeg is "
                    "(Debian: libturbojpeg0-dev)",
                    what);
}
#endif

int picture_decode(const char *what, const uint8_t *data, size_t size, picture *out)
{
    int rc;
    *out = (picture){.pixels = NULL};
    if (is_png(data, size))
        rc = decode_png(what, data, size, out);
    else if (is_jpeg(data, size))
        rc = decode_jpeg(what, data, size, out);
    else
        return cli_fail(EXIT_REFUSED, "%s: this is neither PNG nor JPEG", what);
    if (rc) {
        free(out->pixels);
        out->pixels = NULL;
    }
    return rc;
}
