/* SPDX-License-Identifier: Apache-2.0 */
/* A game's frame: the model gets 200 microseconds of each, until its answer is there: stepping
 * demo/digits.onnx. */
#include <stdbool.h>
#include <stdio.h>

#include <tenon/tenon.h>

static void draw_frame(int frame)
{
    printf("frame %d\n", frame);
}

int main(int argc, char **argv)
{
    const int64_t dims[] = {64, 1, 8, 8};
    tenon_env *env = NULL;
    tenon_model *model = NULL;
    tenon_session *session = NULL;
    tenon_tensor *x = NULL;
    tenon_error err;
    bool done = false;
    if (argc != 2) {
        fprintf(stderr, "stepping MODEL\n");
        return 2;
    }
    tenon_status st = tenon_env_create(NULL, &env, &err);
    if (!st) st = tenon_model_load(env, argv[1], NULL, &model, &err);
    if (!st) st = tenon_session_create(model, NULL, &session, &err);
    if (!st) st = tenon_tensor_create(env, TENON_F32, 4, dims, &x, &err);
    if (!st) st = tenon_session_set_input(session, "image", x, &err);
    for (int frame = 1; !st && !done; frame++) {
        st = tenon_session_step(session, 200000, &done, &err);
        draw_frame(frame);
    }
    if (st)
        fprintf(stderr, "%s: %s\n", err.where, err.message);
    else
        printf("the answer is there\n");
    tenon_session_destroy(session);
    tenon_tensor_destroy(x);
    tenon_model_unref(model);
    tenon_env_destroy(env);
    return st ? 1 : 0;
}
