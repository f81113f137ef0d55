// SPDX-License-Identifier: Apache-2.0
// From C++: handles in unique_ptr, statuses as exceptions. cplusplus demo/digits.onnx
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <tenon/tenon.h>

namespace {

struct Free {
    void operator()(tenon_env *p) const { tenon_env_destroy(p); }
    void operator()(tenon_model *p) const { tenon_model_unref(p); }
    void operator()(tenon_session *p) const { tenon_session_destroy(p); }
    void operator()(tenon_tensor *p) const { tenon_tensor_destroy(p); }
};
template <class T> using handle = std::unique_ptr<T, Free>;

// Makes one object: make<tenon_env>(tenon_env_create, nullptr).
template <class T, class Create, class... Args> handle<T> make(Create create, Args... args)
{
    T *made = nullptr;
    tenon_error err;
    if (create(args..., &made, &err) != TENON_OK) throw std::runtime_error(std::string(err.where) + ": " + err.message);
    return handle<T>(made);
}

void check(tenon_status status, const tenon_error &err)
{
    if (status != TENON_OK) throw std::runtime_error(std::string(err.where) + ": " + err.message);
}

} // namespace

int main(int argc, char **argv)
try {
    if (argc != 2) throw std::runtime_error("cplusplus MODEL");
    const std::int64_t dims[] = {1, 1, 8, 8};
    tenon_error err;
    const auto env = make<tenon_env>(tenon_env_create, nullptr);
    const auto model = make<tenon_model>(tenon_model_load, env.get(), argv[1], nullptr);
    const auto session = make<tenon_session>(tenon_session_create, model.get(), nullptr);
    const auto image = make<tenon_tensor>(tenon_tensor_create, env.get(), TENON_F32, 4, dims);
    const tenon_tensor *logits = nullptr;
    check(tenon_session_set_input(session.get(), "image", image.get(), &err), err);
    check(tenon_session_run(session.get(), &err), err);
    check(tenon_session_get_output(session.get(), "logits", &logits, &err), err);
    std::printf("%lld logits\n", static_cast<long long>(tenon_tensor_count(logits)));
    return 0;
} catch (const std::exception &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
