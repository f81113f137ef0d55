/* SPDX-License-Identifier: Apache-2.0 */
/* A model from the application's own file system (a game's pack, a flash partition): reader MODEL.
 * Here it is stdio. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

typedef struct pack {
    const char *path; /* of the model; external data would lie beside it */
} pack;

static tenon_status open_file(void *user, const char *name, void **handle, uint64_t *size_bytes)
{
    const pack *p = user;
    if (name) return TENON_ENOENT; /* this pack holds one file */
    FILE *f = fopen(p->path, "rb");
    if (!f) return TENON_ENOENT;
    if (fseek(f, 0, SEEK_END) || ftell(f) < 0) {
        fclose(f);
        return TENON_EIO;
    }
    *size_bytes = (uint64_t)ftell(f);
    *handle = f;
    return TENON_OK;
}

static tenon_status read_file(void *user, void *handle, uint64_t offset, void *dst,
                              size_t size_bytes)
{
    (void)user;
    if (fseek(handle, (long)offset, SEEK_SET)) return TENON_EIO;
    return fread(dst, 1, size_bytes, handle) == size_bytes ? TENON_OK : TENON_EIO;
}

static void close_file(void *user, void *handle)
{
    (void)user;
    fclose(handle);
}

int main(int argc, char **argv)
{
    tenon_env *env = NULL;
    tenon_model *model = NULL;
    tenon_error err;
    if (argc != 2) {
        fprintf(stderr, "reader MODEL\n");
        return 2;
    }
    pack p = {argv[1]};
    const tenon_reader reader = {&p, open_file, read_file, close_file};
    tenon_status st = tenon_env_create(NULL, &env, &err);
    if (!st) st = tenon_model_load_reader(env, &reader, NULL, &model, &err);
    if (st)
        fprintf(stderr, "%s%s%s\n", err.where, err.where[0] ? ": " : "", err.message);
    else
        printf("%zu inputs, %zu outputs\n", tenon_model_input_count(model),
               tenon_model_output_count(model));
    tenon_model_unref(model);
    tenon_env_destroy(env);
    return st ? 1 : 0;
}
