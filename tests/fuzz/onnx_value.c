/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: bytes as a TensorProto, SequenceProto, OptionalProto or MapProto; the first byte
 * says which. What is read is written and read again. */
#include <stdlib.h>

#include <tenon/env.h>
#include <tenon/value.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tenon_env_options options = TENON_ENV_OPTIONS_INIT;
    static tenon_env *env; /* one for all inputs */
    tenon_value *value, *again;
    tenon_error err;
    void *printed;
    size_t printed_bytes;
    options.threads = 1;
    if (size == 0 || (!env && tenon_env_create(&options, &env, &err))) return 0;
    tenon_value_kind kind = (tenon_value_kind)(data[0] & 3);
    if (tenon_value_parse_onnx(env, kind, data + 1, size - 1, &value, &err) == TENON_OK) {
        if (tenon_value_print_onnx(env, value, NULL, &printed, &printed_bytes, &err)) abort();
        if (tenon_value_parse_onnx(env, kind, printed, printed_bytes, &again, &err)) abort();
        if (tenon_value_count(again) != tenon_value_count(value)) abort();
        tenon_value_destroy(again);
        tenon_bytes_free(env, printed);
        tenon_value_destroy(value);
    }
    return 0;
}
