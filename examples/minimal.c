/* SPDX-License-Identifier: Apache-2.0 */
/* The shortest whole run: minimal MODEL. Fills every input with zeros (free dims as 1) and prints
 * the first number of each output. */
#include <stdio.h>

#include <tenon/tenon.h>

static tenon_error err;

static int failed(void)
{
    fprintf(stderr, "%s%s%s\n", err.where, err.where[0] ? ": " : "", err.message);
    return 1;
}

static tenon_status fill(tenon_env *env, const tenon_model *model, tenon_session *session,
                         tenon_tensor **inputs)
{
    for (size_t i = 0; i < tenon_model_input_count(model); i++) {
        tenon_port port;
        int64_t dims[TENON_MAX_RANK] = {0};
        tenon_status st = tenon_model_input_get(model, i, &port);
        for (int d = 0; d < port.rank; d++)
            dims[d] = port.dims[d] < 0 ? 1 : port.dims[d];
        if (st == TENON_OK)
            st = tenon_tensor_create(env, port.dtype, port.rank < 0 ? 0 : port.rank, dims,
                                     &inputs[i], &err);
        if (st == TENON_OK) st = tenon_session_set_input(session, port.name, inputs[i], &err);
        if (st) return st;
    }
    return TENON_OK;
}

static int print(const tenon_model *model, tenon_session *session)
{
    for (size_t i = 0; i < tenon_model_output_count(model); i++) {
        tenon_port port;
        const tenon_tensor *t;
        if (tenon_model_output_get(model, i, &port) ||
            tenon_session_get_output(session, port.name, &t, &err))
            return failed();
        printf("%s: %lld elements of %s", port.name, (long long)tenon_tensor_count(t),
               tenon_dtype_text(tenon_tensor_dtype(t)));
        if (tenon_tensor_dtype(t) == TENON_F32 && tenon_tensor_count(t) > 0)
            printf(", the first is %g", (double)*(const float *)tenon_tensor_data_const(t));
        printf("\n");
    }
    return 0;
}

int main(int argc, char **argv)
{
    tenon_env *env = NULL;
    tenon_model *model = NULL;
    tenon_session *session = NULL;
    tenon_tensor *inputs[16] = {NULL};
    int status = 1;
    if (argc != 2) {
        fprintf(stderr, "minimal MODEL\n");
        return 2;
    }
    if (tenon_env_create(NULL, &env, &err) || tenon_model_load(env, argv[1], NULL, &model, &err) ||
        tenon_session_create(model, NULL, &session, &err)) {
        failed();
    } else if (tenon_model_input_count(model) > 16) {
        fprintf(stderr, "more than 16 inputs\n");
    } else if (fill(env, model, session, inputs) || tenon_session_run(session, &err)) {
        failed();
    } else {
        status = print(model, session);
    }
    tenon_session_destroy(session);
    for (int i = 0; i < 16; i++)
        tenon_tensor_destroy(inputs[i]);
    tenon_model_unref(model);
    tenon_env_destroy(env);
    return status;
}
