/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs and outputs in the caller's own memory, nothing copied: own_memory demo/digits.onnx. */
#include <stdio.h>

#include <tenon/tenon.h>

int main(int argc, char **argv)
{
    static float image[64],
        logits[10]; /* ours: tenon reads the one and writes the other in place */
    const int64_t in_dims[] = {1, 1, 8, 8}, out_dims[] = {1, 10};
    tenon_env *env = NULL;
    tenon_model *model = NULL;
    tenon_session *session = NULL;
    tenon_tensor *x = NULL, *y = NULL;
    tenon_error err;
    if (argc != 2) {
        fprintf(stderr, "own_memory MODEL\n");
        return 2;
    }
    for (int row = 1; row < 7; row++) /* a vertical stroke: a one */
        image[row * 8 + 3] = image[row * 8 + 4] = 1;
    tenon_status st = tenon_env_create(NULL, &env, &err);
    if (!st) st = tenon_model_load(env, argv[1], NULL, &model, &err);
    if (!st) st = tenon_session_create(model, NULL, &session, &err);
    if (!st) st = tenon_tensor_wrap(env, TENON_F32, 4, in_dims, image, sizeof image, &x, &err);
    if (!st) st = tenon_tensor_wrap(env, TENON_F32, 2, out_dims, logits, sizeof logits, &y, &err);
    if (!st) st = tenon_session_set_input(session, "image", x, &err);
    if (!st) st = tenon_session_set_output(session, "logits", y, &err);
    if (!st) st = tenon_session_run(session, &err);
    if (st) {
        fprintf(stderr, "%s: %s\n", err.where, err.message);
    } else {
        int best = 0;
        for (int i = 1; i < 10; i++)
            if (logits[i] > logits[best]) best = i;
        printf("a %d\n", best);
    }
    tenon_session_destroy(session);
    tenon_tensor_destroy(x);
    tenon_tensor_destroy(y);
    tenon_model_unref(model);
    tenon_env_destroy(env);
    return st ? 1 : 0;
}
