/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_session: names and tensors at the edge, an executor inside. */
#include <stdio.h>

#include "backends/backend.h"
#include "runtime/cancel.h"
#include "runtime/env.h"
#include "runtime/model.h"
#include "runtime/state.h"
#include "tensor/tensor.h"
#include <tenon/session.h>

/* Caps on what one port's name takes in a message. */
#define LIST_BYTES 256

typedef struct input_state {
    const tenon_tensor *tensor; /* borrowed */
    const tenon_value *value;   /* borrowed */
    bool set;
    tenon__state state;
} input_state;

typedef struct output_state {
    tenon_tensor *user;   /* the caller's, borrowed until the run ends; may be NULL */
    tenon_tensor *result; /* over what the run made */
    tenon_value *value;   /* over `result`, where a tensor is asked for as a value */
    void *copy;           /* of an input's memory, which is borrowed for less long */
    size_t copy_bytes;
} output_state;

struct tenon_session {
    tenon_model *model;
    const tenon_allocator *allocator;
    const tenon__backend *backend;
    tenon__request *request;
    input_state *inputs;
    output_state *outputs;
    bool stepping; /* between the first step of a run and its end */
    bool ended;    /* outputs are there */
};

/* ---- names
 * ------------------------------------------------------------------------------------------------------
 */

static void list_ports(const tenon__port *ports, size_t count, char *out, size_t size)
{
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < count && at < size; i++) {
        int n = snprintf(out + at, size - at, "%s'%s'", i ? ", " : "", ports[i].pub.name);
        if (n < 0 || (size_t)n >= size - at) break;
        at += (size_t)n;
    }
}

static tenon_status find_port(const tenon__port *ports, size_t count, const char *what,
                              const char *name, size_t *out, tenon_error *err)
{
    char list[LIST_BYTES];
    if (!name) return tenon__fail(err, TENON_EINVAL, "the name of an %s is NULL", what);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(ports[i].pub.name, name) == 0) {
            *out = i;
            return TENON_OK;
        }
    }
    list_ports(ports, count, list, sizeof list);
    return tenon__fail(err, TENON_ENOENT, "there is no %s '%.80s'; the model has %s", what, name,
                       count ? list : "none");
}

/* ---- creating
 * ---------------------------------------------------------------------------------------------------
 */

static tenon_session_options read_options(const tenon_session_options *options)
{
    tenon_session_options o = TENON_SESSION_OPTIONS_INIT;
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    return o;
}

static tenon_status create_request(tenon_session *s, const tenon_session_options *o,
                                   tenon_error *err)
{
    tenon_env *env = s->model->env;
    tenon__compiled *compiled;
    unsigned most = tenon__pool_threads(env->pool);
    tenon__request_options r = {.env = env,
                                .allocator = s->allocator,
                                .pool = env->pool,
                                .threads = o->threads && o->threads < most ? o->threads : most,
                                .priority = o->priority,
                                .profile = o->profile,
                                .cancel = o->cancel ? &o->cancel->set : NULL,
                                .limit_bytes = s->model->max_run_bytes};
    s->backend = s->model->backend;
    tenon_status st = tenon__model_compile(s->model, &compiled, err);
    if (st == TENON_OK) st = s->backend->create(compiled, &r, &s->request, err);
    if (st == TENON_OK && o->deadline_ns) s->backend->set_deadline(s->request, o->deadline_ns);
    return st;
}

tenon_status tenon_session_create(tenon_model *model, const tenon_session_options *options,
                                  tenon_session **out, tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (!model) return tenon__fail(err, TENON_EINVAL, "model is NULL");
    if (options && options->size < sizeof(size_t))
        return tenon__fail(err, TENON_EINVAL,
                           "options.size is not set; use TENON_SESSION_OPTIONS_INIT");
    tenon_session_options o = read_options(options);
    const tenon_allocator *a = &model->env->allocator;
    tenon_session *s = tenon__alloc_zeroed(a, sizeof *s);
    if (!s) return tenon__fail(err, TENON_ENOMEM, "no memory for a session");
    tenon_model_ref(model);
    s->model = model;
    s->allocator = a;
    s->inputs = tenon__alloc_zeroed(a, model->input_count * sizeof *s->inputs);
    s->outputs = tenon__alloc_zeroed(a, model->output_count * sizeof *s->outputs);
    tenon_status st = s->inputs && s->outputs
                          ? TENON_OK
                          : tenon__fail(err, TENON_ENOMEM, "no memory for a session");
    if (st == TENON_OK) st = create_request(s, &o, err);
    if (st) {
        tenon_session_destroy(s);
        tenon__error_where(err, st, "%s", model->path);
        return st;
    }
    *out = s;
    return TENON_OK;
}

static void drop_results(tenon_session *s)
{
    for (size_t i = 0; s->outputs && i < s->model->output_count; i++) {
        output_state *o = &s->outputs[i];
        tenon_value_destroy(o->value);
        o->value = NULL;
    }
    s->ended = false;
}

void tenon_session_destroy(tenon_session *s)
{
    if (!s) return;
    tenon_model *model = s->model;
    drop_results(s);
    for (size_t i = 0; s->outputs && i < model->output_count; i++) {
        tenon_tensor_destroy(s->outputs[i].result);
        tenon__free(s->allocator, s->outputs[i].copy);
    }
    for (size_t i = 0; s->inputs && i < model->input_count; i++)
        tenon__state_fini(&s->inputs[i].state, s->allocator);
    if (s->request) s->backend->destroy(s->request);
    tenon__free(s->allocator, s->inputs);
    tenon__free(s->allocator, s->outputs);
    tenon__free(s->allocator, s);
    tenon_model_unref(model);
}

/* ---- inputs and outputs
 * ----------------------------------------------------------------------------------------- */

static tenon_status busy(const tenon_session *s, tenon_error *err)
{
    return s->stepping ? tenon__fail(err, TENON_EBUSY,
                                     "a stepped run is under way; finish or reset it first")
                       : TENON_OK;
}

static tenon_status check_type(const tenon__port *port, const tenon__view *v, tenon_error *err)
{
    const tenon_port *p = &port->pub;
    char has[96], wants[96];
    tenon__view declared = {.dtype = p->dtype, .rank = p->rank};
    for (int d = 0; d < p->rank; d++)
        declared.dims[d] = p->dims[d];
    bool dtype = p->dtype == TENON_NONE || p->dtype == v->dtype;
    bool shape = p->rank < 0 || p->rank == v->rank;
    for (int d = 0; shape && d < p->rank; d++)
        shape = p->dims[d] < 0 || p->dims[d] == v->dims[d];
    if (dtype && shape) return TENON_OK;
    return tenon__fail(err, dtype ? TENON_ESHAPE : TENON_ETYPE,
                       "input '%.80s' is given %s; the model takes %s", p->name,
                       tenon__view_print(v, has, sizeof has),
                       tenon__view_print(&declared, wants, sizeof wants));
}

static void set_input(input_state *in, const tenon_tensor *tensor, const tenon_value *value)
{
    in->tensor = tensor;
    in->value = value;
    in->set = tensor || value;
}

tenon_status tenon_session_set_input(tenon_session *s, const char *name, const tenon_tensor *tensor,
                                     tenon_error *err)
{
    size_t i;
    if (!s) return tenon__fail(err, TENON_EINVAL, "session is NULL");
    tenon_status st = find_port(s->model->inputs, s->model->input_count, "input", name, &i, err);
    if (st == TENON_OK) st = busy(s, err);
    if (st) return st;
    if (!tensor) {
        set_input(&s->inputs[i], NULL, NULL);
        return TENON_OK;
    }
    const tenon__port *port = &s->model->inputs[i];
    if (port->pub.kind != TENON_VALUE_TENSOR && port->pub.kind != TENON_VALUE_OPTIONAL)
        return tenon__fail(err, TENON_ETYPE,
                           "input '%.80s' is no tensor; use tenon_session_set_input_value", name);
    st = check_type(port, &tensor->view, err);
    if (st == TENON_OK) set_input(&s->inputs[i], tensor, NULL);
    return st;
}

static const char *kind_text(tenon_value_kind kind)
{
    static const char *const text[] = {"a tensor", "a sequence", "an optional", "a map"};
    return (unsigned)kind < 4 ? text[kind] : "unknown";
}

tenon_status tenon_session_set_input_value(tenon_session *s, const char *name,
                                           const tenon_value *value, tenon_error *err)
{
    size_t i;
    if (!s) return tenon__fail(err, TENON_EINVAL, "session is NULL");
    if (!value || tenon_value_tensor(value))
        return tenon_session_set_input(s, name, value ? tenon_value_tensor(value) : NULL, err);
    tenon_status st = find_port(s->model->inputs, s->model->input_count, "input", name, &i, err);
    if (st == TENON_OK) st = busy(s, err);
    if (st) return st;
    tenon_value_kind kind = s->model->inputs[i].pub.kind, has = tenon_value_kind_get(value);
    if (kind != has && !(kind == TENON_VALUE_OPTIONAL && has == TENON_VALUE_SEQUENCE))
        return tenon__fail(err, TENON_ETYPE, "input '%.80s' is given %s; the model takes %s", name,
                           kind_text(has), kind_text(kind));
    if (s->inputs[i].state.on)
        return tenon__fail(err, TENON_ETYPE, "input '%.80s' is a state, which takes tensors", name);
    set_input(&s->inputs[i], NULL, value);
    return TENON_OK;
}

tenon_status tenon_session_set_output(tenon_session *s, const char *name, tenon_tensor *tensor,
                                      tenon_error *err)
{
    size_t i;
    if (!s) return tenon__fail(err, TENON_EINVAL, "session is NULL");
    tenon_status st = find_port(s->model->outputs, s->model->output_count, "output", name, &i, err);
    if (st == TENON_OK) st = busy(s, err);
    if (st) return st;
    if (tensor && tenon_tensor_dtype(tensor) == TENON_STRING)
        return tenon__fail(err, TENON_EUNSUPPORTED,
                           "output '%.80s': strings cannot be written to the caller's memory",
                           name);
    s->outputs[i].user = tensor;
    return TENON_OK;
}

/* ---- states
 * -----------------------------------------------------------------------------------------------------
 */

static tenon__view port_view(const tenon__port *port)
{
    tenon__view v = {.dtype = port->pub.dtype, .rank = port->pub.rank};
    for (int d = 0; d < v.rank; d++)
        v.dims[d] = port->pub.dims[d];
    return v;
}

static tenon_status check_state(const tenon__port *in, const tenon__port *out, tenon_error *err)
{
    char takes[96], makes[96];
    const tenon__view x = port_view(in), y = port_view(out);
    bool tensors = in->pub.kind == TENON_VALUE_TENSOR && out->pub.kind == TENON_VALUE_TENSOR &&
                   x.dtype != TENON_STRING;
    bool dtype = x.dtype == y.dtype || x.dtype == TENON_NONE || y.dtype == TENON_NONE;
    bool shape = x.rank == y.rank || x.rank < 0 || y.rank < 0;
    for (int d = 0; shape && d < x.rank && d < y.rank; d++)
        shape = x.dims[d] == y.dims[d] || x.dims[d] < 0 || y.dims[d] < 0;
    if (tensors && dtype && shape) return TENON_OK;
    return tenon__fail(err, tensors && dtype ? TENON_ESHAPE : TENON_ETYPE,
                       "output '%.80s' is %s; input '%.80s' takes %s%s", out->pub.name,
                       tenon__view_print(&y, makes, sizeof makes), in->pub.name,
                       tenon__view_print(&x, takes, sizeof takes),
                       tensors ? "" : ", and states are tensors of numbers");
}

tenon_status tenon_session_set_state(tenon_session *s, const char *input, const char *output,
                                     tenon_error *err)
{
    size_t i, o = 0;
    if (!s) return tenon__fail(err, TENON_EINVAL, "session is NULL");
    const tenon_model *m = s->model;
    tenon_status st = find_port(m->inputs, m->input_count, "input", input, &i, err);
    if (st == TENON_OK && output)
        st = find_port(m->outputs, m->output_count, "output", output, &o, err);
    if (st == TENON_OK) st = busy(s, err);
    if (st == TENON_OK && output) st = check_state(&m->inputs[i], &m->outputs[o], err);
    if (st) return st;
    tenon__state *state = &s->inputs[i].state; /* its memory may be an output of the last run */
    state->on = output != NULL;
    state->filled = false;
    state->output = o;
    if (s->inputs[i].value || !output) set_input(&s->inputs[i], NULL, NULL);
    return TENON_OK;
}

static tenon_status start_states(tenon_session *s, tenon_error *err)
{
    for (size_t i = 0; i < s->model->input_count; i++) {
        input_state *in = &s->inputs[i];
        if (!in->state.on || in->set || in->state.filled) continue;
        const tenon__view shape = port_view(&s->model->inputs[i]);
        tenon_status st = tenon__state_zero(&in->state, s->allocator, &shape, err);
        if (st) return tenon__error_where(err, st, "input '%.80s'", s->model->inputs[i].pub.name);
    }
    return TENON_OK;
}

/* The run has ended well: what it made is what the next one takes. */
static tenon_status carry_states(tenon_session *s, tenon_error *err)
{
    for (size_t i = 0; i < s->model->input_count; i++) {
        const tenon__port *port = &s->model->inputs[i];
        tenon__state *state = &s->inputs[i].state;
        if (!state->on) continue;
        const tenon__view *v = s->backend->output(s->request, (uint32_t)state->output);
        tenon_status st = check_type(port, v, err);
        if (st == TENON_OK) st = tenon__state_copy(state, s->allocator, v, err);
        if (st) return st;
    }
    for (size_t i = 0; i < s->model->input_count; i++) {
        if (!s->inputs[i].state.on) continue;
        tenon__state_commit(&s->inputs[i].state);
        set_input(&s->inputs[i], NULL, NULL);
    }
    return TENON_OK;
}

/* ---- running
 * ----------------------------------------------------------------------------------------------------
 */

static tenon_status place_inputs(tenon_session *s, tenon_error *err)
{
    char list[LIST_BYTES];
    for (size_t i = 0; i < s->model->input_count; i++) {
        const tenon__port *port = &s->model->inputs[i];
        const input_state *in = &s->inputs[i];
        if (!in->set && !in->state.on && !port->pub.optional) {
            list_ports(s->model->inputs, s->model->input_count, list, sizeof list);
            return tenon__fail(err, TENON_EINVAL, "input '%.80s' is not set; the model takes %s",
                               port->pub.name, list);
        }
        tenon__view v = in->tensor     ? in->tensor->view
                        : in->value    ? tenon__value_view(in->value)
                        : in->state.on ? in->state.view
                                       : port->fallback;
        s->backend->set_input(s->request, (uint32_t)i, &v);
    }
    return TENON_OK;
}

static void place_outputs(tenon_session *s)
{
    for (size_t i = 0; i < s->model->output_count; i++) {
        tenon_tensor *user = s->outputs[i].user;
        s->backend->set_output(s->request, (uint32_t)i, user ? tenon_tensor_data(user) : NULL,
                               user ? tenon_tensor_size_bytes(user) : 0);
    }
}

static tenon_status check_output(const tenon_session *s, size_t i, const tenon__view *v,
                                 tenon_error *err)
{
    char has[96], wants[96];
    const tenon__view *u = &s->outputs[i].user->view;
    bool same = u->dtype == v->dtype && u->rank == v->rank && v->kind == TENON_VALUE_TENSOR;
    for (int d = 0; same && d < v->rank; d++)
        same = u->dims[d] == v->dims[d];
    if (same) return TENON_OK;
    return tenon__fail(err, u->dtype == v->dtype ? TENON_ESHAPE : TENON_ETYPE,
                       "the memory set for output '%.80s' is %s; the result is %s",
                       s->model->outputs[i].pub.name, tenon__view_print(u, has, sizeof has),
                       tenon__view_print(v, wants, sizeof wants));
}

static tenon_status begin(tenon_session *s, tenon_error *err)
{
    drop_results(s);
    place_outputs(s);
    tenon_status st = start_states(s, err);
    if (st == TENON_OK) st = place_inputs(s, err);
    if (st == TENON_OK) st = s->backend->begin(s->request, err);
    for (size_t i = 0; st == TENON_OK && i < s->model->output_count; i++) {
        const tenon__view *v = s->backend->output(s->request, (uint32_t)i);
        if (s->outputs[i].user && v->data == tenon_tensor_data(s->outputs[i].user))
            st = check_output(s, i, v, err);
    }
    s->stepping = st == TENON_OK;
    return st;
}

/* One tensor object per output, over what the run made this time. */
static tenon_status point_result(const tenon_session *s, const tenon__view *v,
                                 tenon_tensor **result, tenon_error *err)
{
    size_t bytes = 0;
    (void)tenon__view_bytes(v, &bytes);
    if (!*result)
        return tenon__tensor_wrap(s->allocator, v->dtype, v->rank, v->dims, v->data, bytes, result,
                                  err);
    (*result)->view = *v;
    (*result)->size_bytes = bytes;
    return TENON_OK;
}

/* An output may be an input under another name (Identity, Reshape). */
static bool is_an_inputs(const tenon_session *s, const void *data)
{
    const uintptr_t at = (uintptr_t)data;
    for (size_t i = 0; i < s->model->input_count; i++) {
        const tenon_tensor *t = s->inputs[i].tensor;
        const uintptr_t first = t ? (uintptr_t)t->view.data : 0;
        if (t && at >= first && at - first < t->size_bytes) return true;
    }
    return false;
}

static tenon_status keep_copy(const tenon_session *s, output_state *o, tenon__view *v, size_t bytes,
                              tenon_error *err)
{
    if (bytes > SIZE_MAX / 2) return tenon__fail(err, TENON_ELIMIT, "an output's size overflows");
    if (bytes + TENON_TENSOR_PAD_BYTES > o->copy_bytes) {
        tenon__free(s->allocator, o->copy);
        o->copy_bytes = 0;
        o->copy = tenon__alloc(s->allocator, bytes + TENON_TENSOR_PAD_BYTES);
        if (!o->copy)
            return tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes of an output", bytes);
        o->copy_bytes = bytes + TENON_TENSOR_PAD_BYTES;
    }
    memcpy(o->copy, v->data, bytes);
    v->data = o->copy;
    return TENON_OK;
}

static tenon_status finish_output(tenon_session *s, size_t i, tenon_error *err)
{
    output_state *o = &s->outputs[i];
    tenon__view v = *s->backend->output(s->request, (uint32_t)i);
    size_t bytes = 0;
    if (v.kind != TENON_VALUE_TENSOR) return TENON_OK;
    (void)tenon__view_bytes(&v, &bytes);
    if (o->user) {
        tenon_status st = check_output(s, i, &v, err);
        if (st) return st;
        void *dst = tenon_tensor_data(o->user);
        if (dst != v.data && bytes) memcpy(dst, v.data, bytes);
    }
    if (bytes && is_an_inputs(s, v.data)) {
        tenon_status st = keep_copy(s, o, &v, bytes, err);
        if (st) return st;
    }
    return point_result(s, &v, &o->result, err);
}

static tenon_status finish(tenon_session *s, tenon_error *err)
{
    for (size_t i = 0; i < s->model->output_count; i++) {
        tenon_status st = finish_output(s, i, err);
        if (st) return st;
    }
    tenon_status st = carry_states(s, err);
    s->ended = st == TENON_OK;
    return st;
}

static tenon_status advance(tenon_session *s, uint64_t budget_ns, bool *done, tenon_error *err)
{
    *done = false;
    tenon_status st = s->stepping ? TENON_OK : begin(s, err);
    if (st == TENON_OK) st = s->backend->run(s->request, budget_ns, done, err);
    if (st == TENON_OK && *done) st = finish(s, err);
    if (st || *done) s->stepping = false;
    if (st) {
        *done = false;
        tenon__error_where(err, st, "%s", s->model->path);
    }
    return st;
}

tenon_status tenon_session_run(tenon_session *s, tenon_error *err)
{
    bool done;
    if (!s) return tenon__fail(err, TENON_EINVAL, "session is NULL");
    tenon_status st = busy(s, err);
    return st ? st : advance(s, TENON__NO_BUDGET, &done, err);
}

tenon_status tenon_session_step(tenon_session *s, uint64_t budget_ns, bool *done, tenon_error *err)
{
    if (!s || !done) return tenon__fail(err, TENON_EINVAL, "%s is NULL", s ? "done" : "session");
    return advance(s, budget_ns, done, err);
}

void tenon_session_reset(tenon_session *s)
{
    if (!s) return;
    s->stepping = false;
    drop_results(s);
}

void tenon_session_set_deadline(tenon_session *s, uint64_t deadline_ns)
{
    if (s) s->backend->set_deadline(s->request, deadline_ns);
}

/* ---- results
 * ----------------------------------------------------------------------------------------------------
 */

static tenon_status get_port(const tenon_session *s, const char *name, size_t *i, tenon_error *err)
{
    tenon_status st = find_port(s->model->outputs, s->model->output_count, "output", name, i, err);
    if (st) return st;
    return s->ended ? TENON_OK
                    : tenon__fail(err, TENON_EAGAIN,
                                  "output '%.80s' is not there: no run has ended", name);
}

tenon_status tenon_session_get_output(tenon_session *s, const char *name, const tenon_tensor **out,
                                      tenon_error *err)
{
    size_t i;
    if (!s || !out) return tenon__fail(err, TENON_EINVAL, "%s is NULL", s ? "out" : "session");
    *out = NULL;
    tenon_status st = get_port(s, name, &i, err);
    if (st) return st;
    const tenon__view *v = s->backend->output(s->request, (uint32_t)i);
    if (v->kind != TENON_VALUE_TENSOR)
        return tenon__fail(err, TENON_ETYPE,
                           "output '%.80s' is %s; use tenon_session_get_output_value", name,
                           kind_text((tenon_value_kind)v->kind));
    *out = s->outputs[i].result;
    return TENON_OK;
}

tenon_status tenon_session_get_output_value(tenon_session *s, const char *name,
                                            const tenon_value **out, tenon_error *err)
{
    size_t i;
    if (!s || !out) return tenon__fail(err, TENON_EINVAL, "%s is NULL", s ? "out" : "session");
    *out = NULL;
    tenon_status st = get_port(s, name, &i, err);
    if (st) return st;
    const tenon__view *v = s->backend->output(s->request, (uint32_t)i);
    output_state *o = &s->outputs[i];
    if (v->kind != TENON_VALUE_TENSOR) {
        *out = v->value;
        return TENON_OK;
    }
    if (!o->value) {
        tenon_tensor *copy;
        st = tenon__tensor_of_view(s->allocator, &o->result->view, &copy, err);
        if (st == TENON_OK)
            st = tenon__value_create(s->allocator, TENON_VALUE_TENSOR, copy, &o->value, err);
        if (st) tenon_tensor_destroy(copy);
    }
    *out = o->value;
    return st;
}

size_t tenon_session_step_count(const tenon_session *s)
{
    return s ? s->backend->step_count(s->request) : 0;
}

tenon_status tenon_session_step_get(const tenon_session *s, size_t index, tenon_step_info *out)
{
    tenon_step_info info = {0};
    tenon__str node;
    if (!s || !out || index >= tenon_session_step_count(s)) return TENON_EINVAL;
    s->backend->step(s->request, index, &info, &node);
    info.size = out->size;
    info.node = node.size ? tenon__model_text(s->model, node) : "";
    memcpy(out, &info, out->size < sizeof info ? out->size : sizeof info);
    return TENON_OK;
}

tenon_status tenon_session_info_get(const tenon_session *s, tenon_session_info *out)
{
    tenon_session_info info = {0};
    if (!s || !out) return TENON_EINVAL;
    s->backend->info(s->request, &info);
    info.size = out->size;
    memcpy(out, &info, out->size < sizeof info ? out->size : sizeof info);
    return TENON_OK;
}
