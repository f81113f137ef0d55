/* SPDX-License-Identifier: Apache-2.0 */
/* The largest elements of outputs, with their names: what a classifier has to say. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { MOST_ROWS = 16 };

typedef struct ranked {
    double value;
    int64_t index;
} ranked;

/* Largest first, NaN last, ties by index. */
static int compare(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (isnan(x->value) != isnan(y->value)) return isnan(x->value) ? 1 : -1;
    if (x->value != y->value && !isnan(x->value)) return x->value < y->value ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

/* Line `index` of a text, cut to size; "" where there is none. */
static const char *find_label(const char *text, int64_t index, char *out, size_t size)
{
    out[0] = 0;
    while (text && index-- > 0) {
        text = strchr(text, '\n');
        if (text) text++;
    }
    if (text) snprintf(out, size, "%.*s", (int)(strcspn(text, "\r\n") & 0xffff), text);
    return cli_clean(out, out, size);
}

static void print_row(const tenon_tensor *t, int64_t first, int64_t count, ranked *items,
                      uint64_t top, const char *labels)
{
    char name[200];
    for (int64_t i = 0; i < count; i++)
        items[i] = (ranked){cli_number_get(t, first + i), i};
    qsort(items, (size_t)count, sizeof *items, compare);
    for (int64_t i = 0; i < count && (uint64_t)i < top; i++)
        printf("  %6" PRId64 "  %-12.6g %s\n", items[i].index, items[i].value,
               find_label(labels, items[i].index, name, sizeof name));
}

/* A row is what lies along the last dimension that is more than 1: [N,classes,1,1] has N of them.
 */
static int print_tensor(const tenon_tensor *t, const char *name, uint64_t top, const char *labels)
{
    char text[200];
    int64_t total = tenon_tensor_count(t), count = 1;
    for (int d = tenon_tensor_rank(t) - 1; d >= 0 && count == 1; d--)
        count = tenon_tensor_dims(t)[d];
    if (!total) return EXIT_DONE;
    ranked *items = malloc((size_t)count * sizeof *items);
    if (!items) return cli_fail(EXIT_ENVIRONMENT, "no memory to sort '%s'", name);
    int64_t rows = total / count;
    for (int64_t r = 0; r < rows && r < MOST_ROWS; r++) {
        printf("%s", cli_clean(name, text, sizeof text));
        printf(rows > 1 ? " row %" PRId64 "\n" : "\n", r);
        print_row(t, r * count, count, items, top, labels);
    }
    if (rows > MOST_ROWS) printf("and %" PRId64 " rows more\n", rows - MOST_ROWS);
    free(items);
    return EXIT_DONE;
}

int cli_print_top(cli_context *c, tenon_session *s)
{
    uint8_t *labels = NULL;
    size_t size;
    int rc = c->args->labels ? cli_read_file(c->args->labels, &labels, &size) : EXIT_DONE;
    for (size_t i = 0; rc == EXIT_DONE && i < tenon_model_output_count(c->model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        const tenon_value *v;
        rc = cli_output_get(c, s, i, &port, &t, &v);
        if (rc == EXIT_DONE && t && cli_is_number(tenon_tensor_dtype(t)))
            rc = print_tensor(t, port.name, c->args->top, (const char *)labels);
    }
    free(labels);
    return rc;
}
