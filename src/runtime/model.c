/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_model: from bytes to a checked, rewritten graph; what it takes and gives; its facts and its
 * hash. */
#include "runtime/model.h"

#include <stdio.h>

#include "base/map.h"
#include "base/sha256.h"
#include "formats/onnx/onnx.h"
#include "graph/dot.h"
#include "graph/infer.h"
#include "graph/report.h"
#include "passes/passes.h"
#include "runtime/cancel.h"
#include "runtime/env.h"

#define BASE_BYTES    256000000u /* what any load may take, whatever its file */
#define FILE_FACTOR   8
#define MIN_RUN_BYTES 4000000000u
#define MAX_OPERATORS 1024
#define MAX_DEPTH     64

/* ---- loading
 * ----------------------------------------------------------------------------------------------------
 */

typedef struct loading {
    tenon_model *model;
    tenon_model_options options;
    const tenon_reader *reader; /* NULL: files */
    char *folder;               /* of the model, for external data; NULL: refused */
    tenon_status stopped;       /* why `stop` said so */
} loading;

static tenon_model_options read_options(const tenon_model_options *options)
{
    tenon_model_options o = TENON_MODEL_OPTIONS_INIT;
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    return o;
}

static tenon_status create(tenon_env *env, const tenon_model_options *options, tenon_model **out,
                           tenon_error *err)
{
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    if (!env) return tenon__fail(err, TENON_EINVAL, "env is NULL");
    if (options && options->size < sizeof(size_t))
        return tenon__fail(err, TENON_EINVAL,
                           "options.size is not set; use TENON_MODEL_OPTIONS_INIT");
    tenon_model *m = tenon__alloc_zeroed(&env->allocator, sizeof *m);
    if (!m) return tenon__fail(err, TENON_ENOMEM, "no memory for a model");
    atomic_init(&m->refs, 1);
    m->env = env;
    m->path = "";
    m->backend = &tenon__backend_native;
    pthread_mutex_init(&m->lock, NULL);
    tenon__arena_init(&m->arena, &env->allocator, 0);
    *out = m;
    return TENON_OK;
}

/* Whether the load should end, asked with how far it is, of `total` bytes. */
static bool ask(loading *l, uint64_t done, uint64_t total)
{
    const tenon_model_options *o = &l->options;
    if (o->cancel && tenon_cancel_is_set(o->cancel)) l->stopped = TENON_ECANCELED;
    if (o->deadline_ns && tenon__clock_ns() >= o->deadline_ns) l->stopped = TENON_EDEADLINE;
    if (o->progress && !o->progress(o->progress_user, done, total)) l->stopped = TENON_ECANCELED;
    return l->stopped != TENON_OK;
}

static bool stop(void *ctx, uint64_t offset)
{
    loading *l = ctx;
    return ask(l, offset, l->model->file.size);
}

static tenon_status was_stopped(const loading *l, tenon_error *err)
{
    return tenon__fail(err, l->stopped,
                       l->stopped == TENON_EDEADLINE ? "the load's deadline passed"
                                                     : "the load was canceled");
}

/* Reads a whole file through a caller's reader. */
static tenon_status read_all(loading *l, const char *name, tenon__file *out, tenon_error *err)
{
    const tenon_allocator *a = &l->model->env->allocator;
    const tenon_reader *r = l->reader;
    void *handle = NULL;
    uint64_t size = 0;
    uint8_t *data = NULL;
    *out = (tenon__file){.allocator = a};
    tenon_status st = r->open(r->user, name, &handle, &size);
    if (st) return tenon__fail(err, st, "the reader cannot open %s", name ? name : "the model");
    uint64_t most = l->options.max_bytes ? l->options.max_bytes : SIZE_MAX / 2;
    if (size > most) {
        st = tenon__fail(err, TENON_ELIMIT, "the file has %llu bytes; at most %llu may be read",
                         (unsigned long long)size, (unsigned long long)most);
        goto done;
    }
    data = tenon__alloc(a, (size_t)size + TENON_TENSOR_PAD_BYTES);
    if (!data) {
        st = tenon__fail(err, TENON_ENOMEM, "no memory for the %llu bytes of the file",
                         (unsigned long long)size);
        goto done;
    }
    /* In pieces, so that cancel and deadline hold on slow readers too. */
    for (uint64_t at = 0; at < size && st == TENON_OK;) {
        size_t piece = size - at < (1u << 22) ? (size_t)(size - at) : 1u << 22;
        if (ask(l, at, size)) {
            st = was_stopped(l, err);
            break;
        }
        st = r->read(r->user, handle, at, data + at, piece);
        if (st)
            tenon__fail(err, st, "the reader failed at byte %llu of %s", (unsigned long long)at,
                        name ? name : "the model");
        at += piece;
    }
done:
    r->close(r->user, handle);
    if (st) {
        tenon__free(a, data);
        return st;
    }
    out->data = data;
    out->size = (size_t)size;
    return TENON_OK;
}

/* External data through the caller's reader. */
static tenon_status open_external(void *ctx, tenon__str name, tenon__file *out, tenon_error *err)
{
    loading *l = ctx;
    char *text = tenon__arena_strdup(&l->model->arena, name.data, name.size);
    return text ? read_all(l, text, out, err)
                : tenon__fail(err, TENON_ENOMEM, "no memory for a name");
}

/* Operators and constants of a graph and its bodies. */
static tenon_status count(tenon_model *m, const tenon__graph *g, tenon__map *seen, int depth,
                          tenon_error *err)
{
    for (size_t i = 0; i < g->values.count; i++) {
        const tenon__value *v = &g->values.items[i];
        int64_t elems = tenon__view_count(&v->view);
        size_t bytes;
        if (v->role != TENON__ROLE_CONST || elems < 0 || !tenon__view_bytes(&v->view, &bytes))
            continue;
        m->parameters += (uint64_t)elems;
        m->weight_bytes += bytes;
    }
    m->node_count += g->nodes.count;
    for (size_t n = 0; n < g->nodes.count; n++) {
        const tenon__node *node = g->nodes.items[n];
        uint32_t at = (uint32_t)m->operator_count;
        if (!tenon__map_get(seen, node->kind, &at)) {
            if (at == MAX_OPERATORS)
                return tenon__fail(err, TENON_ELIMIT, "more than %d kinds of operators",
                                   MAX_OPERATORS);
            m->operators[at].name =
                tenon__arena_strdup(&m->arena, node->kind.data, node->kind.size);
            if (!m->operators[at].name || !tenon__map_set(seen, node->kind, at))
                return tenon__fail(err, TENON_ENOMEM, "no memory for the operators' names");
            m->operator_count++;
        }
        m->operators[at].count++;
        for (uint32_t a = 0; a < node->attr_count; a++) {
            if (node->attrs[a].type != TENON__ATTR_GRAPH || depth >= MAX_DEPTH) continue;
            tenon_status st = count(m, node->attrs[a].graph, seen, depth + 1, err);
            if (st) return st;
        }
    }
    return TENON_OK;
}

/* What the model is made of, before it is rewritten; operators sorted by name. */
static tenon_status count_all(tenon_model *m, tenon_error *err)
{
    tenon__map seen;
    tenon__map_init(&seen, &m->env->allocator);
    m->operators = tenon__arena_zeroed(&m->arena, MAX_OPERATORS, sizeof *m->operators);
    tenon_status st = m->operators
                          ? count(m, m->graph, &seen, 0, err)
                          : tenon__fail(err, TENON_ENOMEM, "no memory for the operators' names");
    tenon__map_fini(&seen);
    /* Few: insertion keeps libc's qsort, which may allocate, away. */
    for (size_t i = 1; st == TENON_OK && i < m->operator_count; i++)
        for (size_t k = i; k > 0 && strcmp(m->operators[k - 1].name, m->operators[k].name) > 0;
             k--) {
            tenon__op_count t = m->operators[k];
            m->operators[k] = m->operators[k - 1];
            m->operators[k - 1] = t;
        }
    return st;
}

/* Where an input's default lies: in the file, or in a copy where kernels could not read it there.
 */
static tenon_status add_default(tenon_model *m, const tenon__value *v, tenon__view *view,
                                tenon_error *err)
{
    size_t bytes;
    *view = *v->fallback;
    view->known = false;
    if (v->aligned) return TENON_OK;
    if (!tenon__view_bytes(view, &bytes))
        return tenon__fail(err, TENON_ELIMIT, "a default's size overflows");
    uint8_t *copy = tenon__arena_zeroed(&m->arena, bytes + 2 * TENON_TENSOR_PAD_BYTES, 1);
    if (!copy) return tenon__fail(err, TENON_ENOMEM, "no memory for an input's default");
    view->data = (void *)tenon__align_up((uintptr_t)copy, TENON_TENSOR_PAD_BYTES);
    if (bytes) memcpy(view->data, v->fallback->data, bytes);
    return TENON_OK;
}

static tenon_status add_port(tenon_model *m, tenon__value_id id, tenon__port *port,
                             tenon_error *err)
{
    const tenon__value *v = tenon__graph_value(m->graph, id);
    int rank = v->view.rank > 0 ? v->view.rank : 0;
    int64_t *dims = tenon__arena_zeroed(&m->arena, (size_t)rank + 1, sizeof *dims);
    const char **symbols = tenon__arena_zeroed(&m->arena, (size_t)rank + 1, sizeof *symbols);
    char *name = tenon__arena_strdup(&m->arena, v->name.data, v->name.size);
    if (!dims || !symbols || !name) return tenon__fail(err, TENON_ENOMEM, "no memory for a port");
    for (int d = 0; d < rank; d++) {
        int64_t x = v->view.dims[d];
        dims[d] = x < 0 ? -1 : x;
        if (x >= -1) continue;
        size_t symbol = (size_t)(-2 - x);
        if (symbol >= m->graph->symbols.count) continue;
        tenon__str s = m->graph->symbols.items[symbol];
        symbols[d] = tenon__arena_strdup(&m->arena, s.data, s.size);
    }
    port->value = id;
    port->pub = (tenon_port){
        name,          (tenon_value_kind)v->view.kind, v->view.dtype, v->view.rank, dims, symbols,
        v->has_default};
    port->fallback = v->view;
    port->fallback.known = false;
    return v->has_default ? add_default(m, v, &port->fallback, err) : TENON_OK;
}

static tenon_status add_ports(tenon_model *m, tenon_error *err)
{
    const tenon__graph *g = m->graph;
    m->input_count = g->inputs.count;
    m->output_count = g->outputs.count;
    m->inputs = tenon__arena_zeroed(&m->arena, m->input_count + 1, sizeof *m->inputs);
    m->outputs = tenon__arena_zeroed(&m->arena, m->output_count + 1, sizeof *m->outputs);
    if (!m->inputs || !m->outputs) return tenon__fail(err, TENON_ENOMEM, "no memory for the ports");
    tenon_status st = TENON_OK;
    for (size_t i = 0; i < m->input_count && st == TENON_OK; i++)
        st = add_port(m, g->inputs.items[i], &m->inputs[i], err);
    for (size_t i = 0; i < m->output_count && st == TENON_OK; i++)
        st = add_port(m, g->outputs.items[i], &m->outputs[i], err);
    return st;
}

static tenon_status add_metadata(tenon_model *m, tenon_error *err)
{
    const tenon__graph *g = m->graph;
    m->metadata = tenon__arena_zeroed(&m->arena, g->metadata.count + 1, sizeof *m->metadata);
    if (!m->metadata) return tenon__fail(err, TENON_ENOMEM, "no memory for the metadata");
    for (size_t i = 0; i < g->metadata.count; i++) {
        tenon__str key = g->metadata.items[i].key, value = g->metadata.items[i].value;
        m->metadata[i].key = tenon__arena_strdup(&m->arena, key.data, key.size);
        m->metadata[i].value = tenon__arena_strdup(&m->arena, value.data, value.size);
        if (!m->metadata[i].key || !m->metadata[i].value)
            return tenon__fail(err, TENON_ENOMEM, "no memory for the metadata");
    }
    m->metadata_count = g->metadata.count;
    return TENON_OK;
}

static void set_limits(tenon_model *m, const tenon_model_options *o)
{
    uint64_t size = m->file.size;
    uint64_t most = o->max_bytes ? o->max_bytes : BASE_BYTES + FILE_FACTOR * size;
    uint64_t run = o->max_run_bytes       ? o->max_run_bytes
                   : most > MIN_RUN_BYTES ? most
                                          : MIN_RUN_BYTES;
    m->max_bytes = most > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)most;
    m->max_run_bytes = run > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)run;
    m->arena.limit_bytes = m->max_bytes;
}

static tenon_status read_graph(loading *l, tenon__report *report, tenon_error *err)
{
    tenon_model *m = l->model;
    tenon__onnx_source source = {.data = m->file.data,
                                 .size = m->file.size,
                                 .folder = l->folder,
                                 .copy = l->options.copy,
                                 .open = l->reader ? open_external : NULL,
                                 .stop = stop,
                                 .ctx = l,
                                 .files = &m->externals};
    if (!tenon__onnx_probe(m->file.data, m->file.size))
        return tenon__fail(err, TENON_EFORMAT,
                           m->file.size ? "this is no ONNX model; tenon reads .onnx files"
                                        : "the file is empty; a model was expected");
    m->format = "onnx";
    tenon_status st =
        tenon__onnx_read(&source, &m->arena, &m->env->allocator, &m->graph, report, err);
    if (st && l->stopped) return was_stopped(l, err);
    return st ? st : count_all(m, err);
}

/* Inputs with a default become the constants that they nearly always are. */
static void close_defaults(tenon__graph *g)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->inputs.count; i++) {
        tenon__value *v = tenon__graph_value(g, g->inputs.items[i]);
        if (!v->has_default) {
            g->inputs.items[kept++] = g->inputs.items[i];
            continue;
        }
        v->role = TENON__ROLE_CONST;
        v->view = *v->fallback;
        v->view.known = true;
        v->has_default = false;
    }
    g->inputs.count = kept;
}

static tenon_status compile(loading *l, tenon_error *err)
{
    tenon_model *m = l->model;
    m->accuracy = l->options.accuracy == TENON_ACCURACY_STRICT ? TENON__STRICT
                  : l->options.accuracy == TENON_ACCURACY_FAST ? TENON__FAST
                                                               : TENON__STANDARD;
    if (!l->options.open_defaults) close_defaults(m->graph);
    tenon_status st = tenon__graph_infer(m->graph, &m->arena, err);
    if (st == TENON_OK) st = add_ports(m, err);
    if (st == TENON_OK) st = add_metadata(m, err);
    if (st == TENON_OK && ask(l, m->file.size, m->file.size)) st = was_stopped(l, err);
    if (st == TENON_OK)
        st = tenon__passes_run(m->graph, m->env->cpu, m->accuracy, l->options.no_passes, NULL,
                               m->max_bytes, err);
    return st;
}

static tenon_status finish_load(loading *l, tenon_status st, tenon_model **out, tenon_error *err)
{
    tenon_model *m = l->model;
    tenon__report report;
    tenon__report_init(&report, &m->env->allocator);
    if (st == TENON_OK) {
        set_limits(m, &l->options);
        st = read_graph(l, &report, err);
    }
    tenon__report_fini(&report);
    if (st == TENON_OK) st = compile(l, err);
    tenon__free(&m->env->allocator, l->folder);
    if (st == TENON_OK) {
        *out = m;
        return TENON_OK;
    }
    if (m->path[0]) tenon__error_where(err, st, "%s", m->path);
    tenon_model_unref(m);
    return st;
}

/* The folder of a path, new; NULL where memory is out. */
static char *folder_of(const tenon_allocator *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    char *folder = tenon__alloc(a, n + 2);
    if (!folder) return NULL;
    memcpy(folder, n ? path : ".", n ? n : 1);
    folder[n ? n : 1] = 0;
    return folder;
}

static tenon_status open_path(loading *l, const char *path, tenon_error *err)
{
    tenon_model *m = l->model;
    const tenon_allocator *a = &m->env->allocator;
    if (!path) return tenon__fail(err, TENON_EINVAL, "path is NULL");
    tenon_status st = tenon__file_open(a, path, l->options.copy, &m->file, err);
    if (st) return st;
    m->path = tenon__arena_strdup(&m->arena, path, strlen(path));
    l->folder = folder_of(a, path);
    if (!m->path || !l->folder) {
        m->path = "";
        return tenon__fail(err, TENON_ENOMEM, "no memory for a path");
    }
    return TENON_OK;
}

tenon_status tenon_model_load(tenon_env *env, const char *path, const tenon_model_options *options,
                              tenon_model **out, tenon_error *err)
{
    loading l = {.options = read_options(options)};
    tenon_status st = create(env, options, &l.model, err);
    if (out) *out = NULL;
    if (st) return st;
    return finish_load(
        &l, out ? open_path(&l, path, err) : tenon__fail(err, TENON_EINVAL, "out is NULL"), out,
        err);
}

tenon_status tenon_model_load_memory(tenon_env *env, const void *data, size_t size_bytes,
                                     const tenon_model_options *options, tenon_model **out,
                                     tenon_error *err)
{
    loading l = {.options = read_options(options)};
    tenon_status st = create(env, options, &l.model, err);
    if (out) *out = NULL;
    if (st) return st;
    if (!out || (!data && size_bytes))
        st = tenon__fail(err, TENON_EINVAL, "%s is NULL", out ? "data" : "out");
    l.model->file = (tenon__file){.data = data, .size = size_bytes};
    l.model->borrowed = true;
    if (st == TENON_OK && l.options.folder) {
        size_t n = strlen(l.options.folder);
        l.folder = tenon__alloc(&env->allocator, n + 1);
        if (l.folder)
            memcpy(l.folder, l.options.folder, n + 1);
        else
            st = tenon__fail(err, TENON_ENOMEM, "no memory for a path");
    }
    return finish_load(&l, st, out, err);
}

tenon_status tenon_model_load_reader(tenon_env *env, const tenon_reader *reader,
                                     const tenon_model_options *options, tenon_model **out,
                                     tenon_error *err)
{
    loading l = {.options = read_options(options), .reader = reader};
    tenon_status st = create(env, options, &l.model, err);
    if (out) *out = NULL;
    if (st) return st;
    if (!out || !reader || !reader->open || !reader->read || !reader->close)
        st = tenon__fail(err, TENON_EINVAL, "%s is NULL",
                         out ? "the reader or one of its calls" : "out");
    if (st == TENON_OK) st = read_all(&l, NULL, &l.model->file, err);
    return finish_load(&l, st, out, err);
}

void tenon_model_ref(tenon_model *model)
{
    atomic_fetch_add_explicit(&model->refs, 1, memory_order_relaxed);
}

void tenon_model_unref(tenon_model *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    const tenon_allocator *a = &m->env->allocator;
    if (m->compiled) m->backend->release(m->compiled);
    if (m->graph) tenon__graph_destroy(m->graph);
    tenon__onnx_files_close(&m->externals, a);
    if (!m->borrowed) tenon__file_close(&m->file);
    tenon__arena_fini(&m->arena);
    pthread_mutex_destroy(&m->lock);
    tenon__free(a, m);
}

/* ---- compiling
 * ---------------------------------------------------------------------------------------------------
 */

static bool inside(const tenon__file *f, const void *data)
{
    return f->mapped && (const uint8_t *)data >= f->data &&
           (const uint8_t *)data < f->data + f->size;
}

static void discard(void *ctx, const void *data, size_t size_bytes)
{
    tenon_model *m = ctx;
    const tenon__file *f = inside(&m->file, data) ? &m->file : NULL;
    for (size_t i = 0; !f && i < m->externals.list.count; i++)
        if (inside(&m->externals.list.items[i].file, data)) f = &m->externals.list.items[i].file;
    if (f) tenon__file_discard(f, (size_t)((const uint8_t *)data - f->data), size_bytes);
}

/* What loading looked at: the pages that runs need come back by themselves. */
static void discard_all(const tenon_model *m)
{
    tenon__file_discard(&m->file, 0, m->file.size);
    for (size_t i = 0; i < m->externals.list.count; i++) {
        const tenon__file *f = &m->externals.list.items[i].file;
        tenon__file_discard(f, 0, f->size);
    }
}

tenon_status tenon__model_compile(tenon_model *m, tenon__compiled **out, tenon_error *err)
{
    tenon_status st = TENON_OK;
    pthread_mutex_lock(&m->lock);
    if (!m->compiled) {
        tenon__compile_options o = {.allocator = &m->env->allocator,
                                    .cpu = m->env->cpu,
                                    .accuracy = m->accuracy,
                                    .limit_bytes = m->max_bytes,
                                    .discard = discard,
                                    .discard_ctx = m};
        st = m->backend->compile(m->graph, &o, &m->compiled, err);
        discard_all(m);
    }
    *out = m->compiled;
    pthread_mutex_unlock(&m->lock);
    return st;
}

const char *tenon__model_text(tenon_model *m, tenon__str text)
{
    pthread_mutex_lock(&m->lock);
    char *copy = tenon__arena_strdup(&m->arena, text.data, text.size);
    pthread_mutex_unlock(&m->lock);
    return copy ? copy : "";
}

/* ---- facts
 * ------------------------------------------------------------------------------------------------------
 */

size_t tenon_model_input_count(const tenon_model *model)
{
    return model->input_count;
}

size_t tenon_model_output_count(const tenon_model *model)
{
    return model->output_count;
}

tenon_status tenon_model_input_get(const tenon_model *model, size_t index, tenon_port *out)
{
    if (!model || !out || index >= model->input_count) return TENON_EINVAL;
    *out = model->inputs[index].pub;
    return TENON_OK;
}

tenon_status tenon_model_output_get(const tenon_model *model, size_t index, tenon_port *out)
{
    if (!model || !out || index >= model->output_count) return TENON_EINVAL;
    *out = model->outputs[index].pub;
    return TENON_OK;
}

tenon_status tenon_model_info_get(const tenon_model *m, tenon_model_info *out)
{
    if (!m || !out) return TENON_EINVAL;
    tenon_model_info info = {
        out->size,           m->format,
        m->graph->opset,     m->parameters,
        m->weight_bytes,     m->compiled ? m->backend->packed_bytes(m->compiled) : 0,
        m->arena.used_bytes, m->node_count};
    memcpy(out, &info, out->size < sizeof info ? out->size : sizeof info);
    return TENON_OK;
}

size_t tenon_model_operator_count(const tenon_model *model)
{
    return model->operator_count;
}

tenon_status tenon_model_operator_get(const tenon_model *model, size_t index, const char **name,
                                      size_t *count)
{
    if (!model || !name || !count || index >= model->operator_count) return TENON_EINVAL;
    *name = model->operators[index].name;
    *count = model->operators[index].count;
    return TENON_OK;
}

size_t tenon_model_metadata_count(const tenon_model *model)
{
    return model->metadata_count;
}

tenon_status tenon_model_metadata_get(const tenon_model *model, size_t index, const char **key,
                                      const char **value)
{
    if (!model || !key || !value || index >= model->metadata_count) return TENON_EINVAL;
    *key = model->metadata[index].key;
    *value = model->metadata[index].value;
    return TENON_OK;
}

tenon_status tenon_model_hash_get(tenon_model *m, const char **out, tenon_error *err)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[32];
    if (!m || !out) return tenon__fail(err, TENON_EINVAL, "%s is NULL", m ? "out" : "model");
    pthread_mutex_lock(&m->lock);
    if (!m->hash[0]) {
        tenon__sha256 h;
        tenon__sha256_init(&h);
        tenon__sha256_update(&h, m->file.data, m->file.size);
        for (size_t i = 0; i < m->externals.list.count; i++)
            tenon__sha256_update(&h, m->externals.list.items[i].file.data,
                                 m->externals.list.items[i].file.size);
        tenon__sha256_final(&h, digest);
        for (int i = 0; i < 32; i++) {
            m->hash[2 * i] = digits[digest[i] >> 4];
            m->hash[2 * i + 1] = digits[digest[i] & 15];
        }
    }
    *out = m->hash;
    pthread_mutex_unlock(&m->lock);
    return TENON_OK;
}

tenon_status tenon_model_print_dot(const tenon_model *model, tenon_write_fn write, void *user,
                                   tenon_error *err)
{
    if (!model || !write)
        return tenon__fail(err, TENON_EINVAL, "%s is NULL", model ? "write" : "model");
    return tenon__graph_print_dot(model->graph, write, user, err);
}

/* ---- the report
 * -------------------------------------------------------------------------------------------------
 */

struct tenon_report {
    tenon_env *env;
    tenon__report lines;
};

tenon_status tenon_report_create(tenon_env *env, const char *path, tenon_report **out,
                                 tenon_error *err)
{
    loading l = {.options = TENON_MODEL_OPTIONS_INIT};
    if (!out) return tenon__fail(err, TENON_EINVAL, "out is NULL");
    *out = NULL;
    tenon_status st = create(env, NULL, &l.model, err);
    if (st) return st;
    tenon_report *r = tenon__alloc_zeroed(&env->allocator, sizeof *r);
    if (r) tenon__report_init(&r->lines, &env->allocator);
    st = r ? open_path(&l, path, err) : tenon__fail(err, TENON_ENOMEM, "no memory for a report");
    if (st == TENON_OK) {
        set_limits(l.model, &l.options);
        st = read_graph(&l, &r->lines, err);
        if (st == TENON_EUNSUPPORTED && r->lines.lines.count) st = TENON_OK;
    }
    if (st && path) tenon__error_where(err, st, "%s", path);
    tenon__free(&env->allocator, l.folder);
    tenon_model_unref(l.model);
    if (st) {
        if (r) tenon__report_fini(&r->lines);
        tenon__free(&env->allocator, r);
        return st;
    }
    r->env = env;
    *out = r;
    return TENON_OK;
}

size_t tenon_report_count(const tenon_report *report)
{
    return report->lines.lines.count;
}

tenon_status tenon_report_get(const tenon_report *report, size_t index, const char **node,
                              const char **op, const char **reason)
{
    if (!report || !node || !op || !reason || index >= report->lines.lines.count)
        return TENON_EINVAL;
    const tenon__report_line *line = &report->lines.lines.items[index];
    *node = line->node;
    *op = line->op;
    *reason = line->reason;
    return TENON_OK;
}

void tenon_report_destroy(tenon_report *report)
{
    if (!report) return;
    const tenon_allocator *a = &report->env->allocator;
    tenon__report_fini(&report->lines);
    tenon__free(a, report);
}
