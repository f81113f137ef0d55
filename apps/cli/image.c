/* SPDX-License-Identifier: Apache-2.0 */
/* A picture as the input of a model: channels, size, layout, mean and scale, element type. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli.h"
#include "picture.h"

/* How the input wants its picture; -1 where it does not say. */
typedef struct form {
    bool channels_last;
    int rank;
    int channels;
    int64_t width, height;
    double mean[3], scale[3];
} form;

/* ---- options ---- */

/* "0.5" or "1/255". */
static bool parse_number(const char *text, size_t n, double *out)
{
    const char *slash = memchr(text, '/', n);
    double over = 1;
    size_t first = slash ? (size_t)(slash - text) : n;
    if (!tenon__parse_f64((tenon__str){text, first}, out)) return false;
    if (slash && !tenon__parse_f64((tenon__str){slash + 1, n - first - 1}, &over)) return false;
    *out /= over;
    return over != 0;
}

/* One number for all channels, or one for each. */
static int parse_numbers(const char *option, const char *text, int channels, double otherwise,
                         double out[3])
{
    int count = 0;
    for (int i = 0; i < 3; i++)
        out[i] = otherwise;
    for (const char *p = text; p;) {
        size_t n = strcspn(p, ",");
        if (count == 3 || !parse_number(p, n, &out[count++]))
            return cli_fail(EXIT_USAGE, "%s: '%s' is no number, nor one for each channel", option,
                            text);
        p = p[n] ? p + n + 1 : NULL;
    }
    if (count > 1 && count != channels)
        return cli_fail(EXIT_USAGE, "%s: %d numbers; the picture has %d channel%s", option, count,
                        channels, channels == 1 ? "" : "s");
    for (int i = 1; count == 1 && i < 3; i++)
        out[i] = out[0];
    return EXIT_DONE;
}

static int parse_size(const char *text, int *width, int *height)
{
    cli_shape s;
    bool ok = cli_parse_dims(text, &s.rank, s.dims) && s.rank == 2;
    for (int d = 0; ok && d < 2; d++)
        ok = s.dims[d] >= 1 && s.dims[d] <= PICTURE_MAX_SIDE;
    if (!ok || s.dims[0] * s.dims[1] > PICTURE_MAX_PIXELS)
        return cli_fail(EXIT_USAGE, "--resize: '%s' is no WxH of at most %d pixels", text,
                        PICTURE_MAX_PIXELS);
    *width = (int)s.dims[0];
    *height = (int)s.dims[1];
    return EXIT_DONE;
}

/* ---- what the input wants ---- */

static bool is_channels(int64_t dim)
{
    return dim == 1 || dim == 3;
}

static int find_layout(const cli_context *c, const char *what, const tenon_port *port, form *f)
{
    const char *word = c->args->layout;
    f->rank = port->rank < 0 ? 4 : port->rank;
    if (f->rank < 2 || f->rank > 4)
        return cli_fail(EXIT_REFUSED, "%s: input '%s' has %d dimensions; a picture gives 2 to 4",
                        what, port->name, port->rank);
    if (port->rank == 2) return EXIT_DONE;
    bool first = port->rank > 0 && is_channels(port->dims[f->rank - 3]);
    bool last = port->rank > 0 && is_channels(port->dims[f->rank - 1]);
    if (!word && !first && !last)
        return cli_fail(EXIT_USAGE,
                        "%s: input '%s' does not show its layout; --layout nchw or nhwc", what,
                        port->name);
    f->channels_last = word ? strcmp(word, "nhwc") == 0 : !first;
    return EXIT_DONE;
}

static int find_form(const cli_context *c, const char *what, const tenon_port *port, form *f)
{
    const char *color = c->args->color;
    int rc = find_layout(c, what, port, f);
    if (rc) return rc;
    int first = f->rank - (f->rank == 2 ? 2 : 3); /* of height, width and channels */
    int at = f->channels_last ? first + 2 : first;
    int64_t channels = f->rank == 2 ? 1 : port->rank < 0 ? -1 : port->dims[at];
    if (!color)
        f->channels = channels == 1 ? 1 : 3;
    else
        f->channels = strcmp(color, "gray") == 0 ? 1 : 3;
    if (channels >= 0 && channels != f->channels)
        return cli_fail(EXIT_REFUSED, "%s: input '%s' takes %lld channel%s; %s gives %d", what,
                        port->name, (long long)channels, channels == 1 ? "" : "s",
                        color ? color : "a picture", f->channels);
    int row = f->rank == 2 || f->channels_last ? first : first + 1;
    f->height = port->rank < 0 ? -1 : port->dims[row];
    f->width = port->rank < 0 ? -1 : port->dims[row + 1];
    rc = parse_numbers("--mean", c->args->mean, f->channels, 0, f->mean);
    return rc ? rc : parse_numbers("--scale", c->args->scale, f->channels, 1, f->scale);
}

/* ---- pixels ---- */

/* ITU-R 601's luma, in 16 bits, in place. */
static void make_gray(picture *p)
{
    size_t count = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *rgb = p->pixels + i * 3;
        p->pixels[i] =
            (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 32768) >> 16);
    }
    p->channels = 1;
}

static void swap_red_and_blue(picture *p)
{
    size_t count = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < count; i++) {
        uint8_t *rgb = p->pixels + i * 3, red = rgb[0];
        rgb[0] = rgb[2];
        rgb[2] = red;
    }
}

static int fit(const cli_context *c, const char *what, const tenon_port *port, const form *f,
               picture *p)
{
    int width = p->width, height = p->height;
    const char *resize = c->args->resize;
    int rc = resize ? parse_size(resize, &width, &height) : EXIT_DONE;
    if (rc) return rc;
    if ((f->width >= 0 && f->width != width) || (f->height >= 0 && f->height != height)) {
        long long want_width = f->width >= 0 ? f->width : width;
        long long want_height = f->height >= 0 ? f->height : height;
        return cli_fail(EXIT_REFUSED,
                        "%s: %s %dx%d; input '%s' takes %lldx%lld: --resize %lldx%lld", what,
                        resize ? "resized to" : "a picture of", width, height, port->name,
                        want_width, want_height, want_width, want_height);
    }
    if (f->channels == 1)
        make_gray(p);
    else if (c->args->color && strcmp(c->args->color, "bgr") == 0)
        swap_red_and_blue(p);
    if (!picture_resize(p, width, height))
        return cli_fail(EXIT_ENVIRONMENT, "%s: no memory to resize it", what);
    return EXIT_DONE;
}

/* Every value that a channel can have, as an element; pixels then look theirs up. */
static void put_pixels(const form *f, const picture *p, tenon_dtype dtype, uint8_t *dst)
{
    uint8_t table[256][8];
    size_t elem = tenon_dtype_bits(dtype) / 8, channels = (size_t)p->channels;
    size_t count = (size_t)p->width * (size_t)p->height;
    size_t pixel_stride = f->channels_last ? channels : 1, plane = f->channels_last ? 1 : count;
    for (size_t c = 0; c < channels; c++) {
        for (int v = 0; v < 256; v++)
            cli_number_put(dtype, (v - f->mean[c]) * f->scale[c], table[v]);
        for (size_t i = 0; i < count; i++)
            memcpy(dst + (i * pixel_stride + c * plane) * elem, table[p->pixels[i * channels + c]],
                   elem);
    }
}

static int make_tensor(cli_context *c, const char *what, const tenon_port *port, const form *f,
                       const picture *p, tenon_value **out)
{
    tenon_dtype dtype = port->dtype == TENON_NONE ? TENON_F32 : port->dtype;
    int64_t dims[4] = {1}, *d = dims + (f->rank == 4), h = p->height, w = p->width;
    tenon_tensor *t = NULL;
    tenon_error err;
    uint8_t probe[8];
    if (!cli_number_put(dtype, 0, probe))
        return cli_fail(EXIT_REFUSED, "%s: a picture does not become %s, which input '%s' takes",
                        what, tenon_dtype_text(dtype), port->name);
    if (f->rank > 2 && !f->channels_last) *d++ = f->channels;
    *d++ = h;
    *d++ = w;
    if (f->channels_last) *d++ = f->channels;
    tenon_status st = tenon_tensor_create(c->env, dtype, f->rank, dims, &t, &err);
    if (st == TENON_OK) {
        put_pixels(f, p, dtype, tenon_tensor_data(t));
        st = tenon_value_create_tensor(c->env, t, out, &err);
    }
    if (st == TENON_OK) return EXIT_DONE;
    tenon_tensor_destroy(t);
    return cli_fail_data(what, st, &err);
}

int image_parse(cli_context *c, const char *what, const uint8_t *data, size_t size,
                const tenon_port *port, tenon_value **out)
{
    form f = {0};
    picture p;
    int rc = picture_decode(what, data, size, &p);
    if (rc) return rc;
    rc = find_form(c, what, port, &f);
    if (rc == EXIT_DONE) rc = fit(c, what, port, &f, &p);
    if (rc == EXIT_DONE) rc = make_tensor(c, what, port, &f, &p, out);
    free(p.pixels);
    return rc;
}
