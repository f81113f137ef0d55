/* SPDX-License-Identifier: Apache-2.0 */
/* A caller's file system that fails: opening, each read in turn, files that are shorter than they
 * should be. The status is the reader's own, or says that the model is damaged; what was opened is
 * closed; nothing leaks. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include "fuzz/attempt.h"

#define FILES       8
#define PIECE_BYTES ((size_t)1 << 22) /* as the library reads: see src/runtime/model.c */

/* Files of a folder in memory; the model itself has the name "". */
typedef struct disk {
    struct {
        char name[64];
        uint8_t *data;
        size_t size;
    } files[FILES];
    size_t count;
    size_t opens, reads, closes;
    size_t failing_open, failing_read; /* from 1; 0: none */
    tenon_status status;               /* what the failing one says */
    size_t model_bytes;                /* so long the model seems to be */
} disk;

static tenon_status disk_open(void *user, const char *name, void **handle, uint64_t *size_bytes)
{
    disk *d = user;
    if (d->opens + 1 == d->failing_open) {
        d->failing_open = 0;
        return d->status;
    }
    for (size_t i = 0; i < d->count; i++) {
        if (strcmp(d->files[i].name, name ? name : "") != 0) continue;
        d->opens++;
        *handle = &d->files[i];
        *size_bytes = name ? d->files[i].size : d->model_bytes;
        return TENON_OK;
    }
    return TENON_ENOENT;
}

static tenon_status disk_read(void *user, void *handle, uint64_t offset, void *dst, size_t size)
{
    disk *d = user;
    for (size_t i = 0; i < d->count; i++) {
        if (handle != &d->files[i]) continue;
        if (++d->reads == d->failing_read) return d->status;
        if (offset > d->files[i].size || size > d->files[i].size - offset) return TENON_EIO;
        memcpy(dst, d->files[i].data + offset, size);
        return TENON_OK;
    }
    return TENON_EINVAL;
}

static void disk_close(void *user, void *handle)
{
    (void)handle;
    ((disk *)user)->closes++;
}

static void disk_add(disk *d, const char *name, const char *path)
{
    assert_true(d->count < FILES);
    (void)snprintf(d->files[d->count].name, sizeof d->files->name, "%s", name);
    d->files[d->count].data = attempt_file(path, &d->files[d->count].size);
    if (!d->files[d->count].data) fail_msg("cannot read %s", path);
    if (!*name) d->model_bytes = d->files[d->count].size;
    d->count++;
}

static void disk_free(disk *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->files[i].data);
}

/* A load, and a session if it comes to that. */
static tenon_status load(disk *d)
{
    meter m = {0};
    const tenon_allocator allocator = {&m, meter_alloc, meter_free};
    const tenon_reader reader = {d, disk_open, disk_read, disk_close};
    tenon_env_options eo = TENON_ENV_OPTIONS_INIT;
    tenon_env *env;
    tenon_model *model;
    tenon_session *session = NULL;
    tenon_error err;
    eo.allocator = &allocator;
    eo.threads = 1;
    d->opens = d->reads = d->closes = 0;
    assert_int_equal(tenon_env_create(&eo, &env, &err), TENON_OK);
    tenon_status st = tenon_model_load_reader(env, &reader, NULL, &model, &err);
    if (st && (model || err.status != st || !err.message[0]))
        fail_msg("%s: a model, or no word", tenon_status_name(st));
    assert_int_equal(d->opens, d->closes);
    if (st == TENON_OK) {
        st = tenon_session_create(model, NULL, &session, &err);
        tenon_session_destroy(session);
        tenon_model_unref(model);
    }
    tenon_env_destroy(env);
    if (m.live_blocks) fail_msg("%zu blocks leak", m.live_blocks);
    return st;
}

static void check_reads_and_opens(disk *d)
{
    static const tenon_status says[] = {TENON_EIO, TENON_ENOENT, TENON_ECANCELED};
    assert_int_equal(load(d), TENON_OK);
    size_t reads = d->reads, opens = d->opens;
    assert_true(reads >= 1 && opens >= 1);
    for (size_t k = 0; k < 3; k++) {
        d->status = says[k];
        for (size_t n = 1; n <= reads; n++) {
            d->failing_read = n;
            assert_int_equal(load(d), says[k]);
            assert_int_equal(d->reads, n);
        }
        d->failing_read = 0;
        for (size_t n = 1; n <= opens; n++) {
            d->failing_open = n;
            assert_int_equal(load(d), says[k]);
        }
        d->failing_open = 0;
    }
    printf("%zu reads and %zu opens failed, each with 3 statuses\n", reads, opens);
    assert_int_equal(load(d), TENON_OK);
}

static void model_path(char *out, size_t size, const char *name)
{
    (void)snprintf(out, size, "%s/%s", TENON_SOURCE_DIR, name);
}

static void one_file(void **state)
{
    char path[1200];
    disk d = {0};
    (void)state;
    model_path(path, sizeof path, "demo/digits.onnx");
    disk_add(&d, "", path);
    check_reads_and_opens(&d);
    disk_free(&d);
}

/* A note of ten megabytes in front, so that the model comes in several pieces. */
static void many_pieces(void **state)
{
    char path[1200];
    disk d = {0};
    const size_t note = 10u << 20, head = 5;
    (void)state;
    model_path(path, sizeof path, "demo/digits.onnx");
    disk_add(&d, "", path);
    size_t size = d.files[0].size;
    uint8_t *longer = malloc(size + note + head);
    assert_non_null(longer);
    longer[0] = 6 << 3 | 2; /* doc_string */
    for (size_t i = 1, n = note; i < head; i++, n >>= 7)
        longer[i] = (uint8_t)((n & 0x7f) | (i + 1 < head ? 0x80 : 0));
    memset(longer + head, 'a', note);
    memcpy(longer + head + note, d.files[0].data, size);
    free(d.files[0].data);
    d.files[0].data = longer;
    d.model_bytes = d.files[0].size = size + note + head;
    check_reads_and_opens(&d);
    assert_int_equal(d.reads, (d.model_bytes + PIECE_BYTES - 1) / PIECE_BYTES);
    disk_free(&d);
}

static void external_files(void **state)
{
    char path[1200];
    disk d = {0};
    (void)state;
    (void)snprintf(path, sizeof path, "%s/odd/external-data/model.onnx", test_data());
    disk_add(&d, "", path);
    (void)snprintf(path, sizeof path, "%s/odd/external-data/a.bin", test_data());
    disk_add(&d, "a.bin", path);
    (void)snprintf(path, sizeof path, "%s/odd/external-data/sub.data", test_data());
    disk_add(&d, "sub.data", path);
    check_reads_and_opens(&d);
    assert_int_equal(d.opens, 3);
    for (size_t i = 1; i < 3; i++) { /* shorter than the model says, then missing */
        size_t size = d.files[i].size;
        for (d.files[i].size = 0; d.files[i].size < size; d.files[i].size += size / 50 + 1)
            if (load(&d) == TENON_OK) fail_msg("%s of %zu bytes", d.files[i].name, d.files[i].size);
        d.files[i].size = size;
        d.files[i].name[0] = '?';
        assert_int_equal(load(&d), TENON_ENOENT);
        d.files[i].name[0] = i == 1 ? 'a' : 's';
        assert_int_equal(load(&d), TENON_OK);
    }
    disk_free(&d);
}

/* Cut anywhere, a model is refused, or whole up to the end of a field: never a crash. */
static void short_files(void **state)
{
    char path[1200];
    disk d = {0};
    size_t refused = 0, taken = 0;
    const char *name = *state;
    model_path(path, sizeof path, name);
    disk_add(&d, "", path);
    size_t size = d.files[0].size, step = size / 400 + 1;
    for (d.model_bytes = 0; d.model_bytes < size; d.model_bytes += step) {
        tenon_status st = load(&d);
        if (st == TENON_EINTERNAL || st == TENON_ENOMEM) fail_msg("%s", tenon_status_name(st));
        refused += st != TENON_OK;
        taken += st == TENON_OK;
    }
    for (size_t more = 1; more < 100; more += 7) { /* longer than it is: the reader says so */
        d.model_bytes = size + more;
        assert_int_equal(load(&d), TENON_EIO);
    }
    printf("%zu lengths refused, %zu taken\n", refused, taken);
    assert_true(refused > taken);
    disk_free(&d);
}

/* A length that no machine has. */
static void absurd_length(void **state)
{
    char path[1200];
    disk d = {0};
    (void)state;
    model_path(path, sizeof path, "demo/digits.onnx");
    disk_add(&d, "", path);
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX / 2, (uint64_t)1 << 62,
                                       (uint64_t)1 << 60};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        d.model_bytes = (size_t)lengths[i];
        tenon_status st = load(&d);
        if (st != TENON_ELIMIT && st != TENON_ENOMEM) fail_msg("%s", tenon_status_name(st));
    }
    disk_free(&d);
}

int main(int argc, char **argv)
{
    static char small[] = "tests/fuzz/corpus/load_and_run/loop-if.onnx",
                digits[] = "demo/digits.onnx";
    static const test_case cases[] = {
        CASE(one_file),
        CASE(many_pieces),
        CASE(external_files),
        {"short_files_loop", short_files, small},
        {"short_files_digits", short_files, digits},
        CASE(absurd_length),
    };
    return test_main(argc, argv, cases, TEST_COUNT(cases));
}
