/* SPDX-License-Identifier: Apache-2.0 */
/* The walk that infers a graph. */
#include "graph/check.h"
#include "graph/infer.h"

/* Room for the views of one node, sized for the largest of the graph. */
typedef struct scratch {
    const tenon__view **in;
    tenon__view *wide; /* inputs as a widening operator sees them */
    tenon__view *out;
    tenon__view **out_ptrs;
} scratch;

static tenon_status scratch_init(const tenon__graph *graph, scratch *s, tenon_error *err)
{
    size_t most_in = 1, most_out = 1;
    for (size_t n = 0; n < graph->nodes.count; n++) {
        const tenon__node *node = graph->nodes.items[n];
        if (node->input_count > most_in) most_in = node->input_count;
        if (node->output_count > most_out) most_out = node->output_count;
    }
    *s = (scratch){.in = tenon__alloc(graph->allocator, most_in * sizeof *s->in),
                   .wide = tenon__alloc(graph->allocator, most_in * sizeof *s->wide),
                   .out = tenon__alloc(graph->allocator, most_out * sizeof *s->out),
                   .out_ptrs = tenon__alloc(graph->allocator, most_out * sizeof *s->out_ptrs)};
    if (!s->in || !s->wide || !s->out || !s->out_ptrs)
        return tenon__fail(err, TENON_ENOMEM, "no memory to infer %zu nodes", graph->nodes.count);
    for (size_t i = 0; i < most_out; i++)
        s->out_ptrs[i] = &s->out[i];
    return TENON_OK;
}

static void scratch_fini(const tenon__graph *graph, scratch *s)
{
    tenon__free(graph->allocator, (void *)s->in);
    tenon__free(graph->allocator, s->wide);
    tenon__free(graph->allocator, s->out);
    tenon__free(graph->allocator, (void *)s->out_ptrs);
}

static bool is_open(const tenon__view *v)
{
    return v->kind == TENON_VALUE_TENSOR && v->dtype == TENON_NONE && v->rank < 0;
}

/* Takes into `found` what it leaves open and `declared` says. */
static tenon_status merge(tenon__str name, const tenon__view *declared, tenon__view *found,
                          tenon_error *err)
{
    char have[96], want[96];
    if (is_open(declared)) return TENON_OK;
    if (is_open(found)) {
        *found = *declared;
        found->known = false;
        found->data = NULL;
        return TENON_OK;
    }
    if (found->kind != declared->kind ||
        (found->dtype != TENON_NONE && declared->dtype != TENON_NONE &&
         found->dtype != declared->dtype))
        return tenon__fail(err, TENON_ETYPE, "output '%.*s' is %s, but the model declares it as %s",
                           TENON__STR_ARG(name), tenon__view_print(found, have, sizeof have),
                           tenon__view_print(declared, want, sizeof want));
    if (found->dtype == TENON_NONE) found->dtype = declared->dtype;
    if (found->rank < 0) {
        tenon__view_set(found, found->dtype, declared->rank, declared->dims);
    } else if (found->rank == declared->rank) {
        for (int i = 0; i < found->rank; i++)
            if (found->dims[i] == TENON__DIM_UNKNOWN) found->dims[i] = declared->dims[i];
    }
    return TENON_OK;
}

/* What a body sees of the graph around it: captured values as they are, and inputs of no declared
 * type like the node's inputs, which stand in the same order, the last one last (Loop, Scan). */
static void enter_body(const tenon__graph *graph, const tenon__node *node, tenon__graph *body)
{
    for (size_t v = 0; v < body->values.count; v++) {
        tenon__value *value = &body->values.items[v];
        if (value->role == TENON__ROLE_OUTER)
            value->view = tenon__graph_value(graph, value->outer)->view;
    }
    if (!node->op->next || body->inputs.count > node->input_count) return;
    const tenon__value_id *given = node->inputs + node->input_count - body->inputs.count;
    for (size_t i = 0; i < body->inputs.count; i++) {
        tenon__view *v = &tenon__graph_value(body, body->inputs.items[i])->view;
        if (!is_open(v) || given[i] == TENON__NO_VALUE) continue;
        v->kind = tenon__graph_value(graph, given[i])->view.kind;
        v->dtype = tenon__graph_value(graph, given[i])->view.dtype;
    }
}

bool tenon__is_storage(tenon_dtype dtype)
{
    return dtype == TENON_F16 || dtype == TENON_BF16 ||
           (dtype >= TENON_F8E4M3FN && dtype <= TENON_F8E5M2FNUZ);
}

/* The plan will put casts around an operator that computes in float32: it is asked as if they were
 * there. Returns the storage type of its inputs, TENON_NONE where they have none. */
static tenon_dtype widen(const tenon__node *node, scratch *s)
{
    tenon_dtype narrow = TENON_NONE;
    if (!node->op || !(node->op->flags & TENON__OP_WIDEN)) return TENON_NONE;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!s->in[i] || !tenon__is_storage(s->in[i]->dtype)) continue;
        if (narrow == TENON_NONE) narrow = s->in[i]->dtype;
        s->wide[i] = *s->in[i];
        s->wide[i].dtype = TENON_F32;
        s->wide[i].known = false;
        s->wide[i].data = NULL;
        s->in[i] = &s->wide[i];
    }
    return narrow;
}

static tenon_status infer_node(tenon__graph *graph, const tenon__node *node, scratch *s,
                               tenon__arena *emit, tenon_error *err)
{
    tenon_status status;
    for (uint32_t k = 0; k < node->attr_count; k++) {
        if (node->attrs[k].type != TENON__ATTR_GRAPH) continue;
        enter_body(graph, node, node->attrs[k].graph);
        /* At most TENON__GRAPH_DEPTH deep. */
        status = tenon__graph_infer(node->attrs[k].graph, emit, err);
        if (status) return status;
    }
    for (uint32_t i = 0; i < node->input_count; i++)
        s->in[i] = node->inputs[i] == TENON__NO_VALUE
                       ? NULL
                       : &tenon__graph_value(graph, node->inputs[i])->view;
    for (uint32_t i = 0; i < node->output_count; i++)
        s->out[i] = (tenon__view){.rank = TENON__RANK_UNKNOWN};
    tenon_dtype narrow = widen(node, s);
    tenon__infer c = {.node = node,
                      .attrs = node->parsed,
                      .in_count = node->input_count,
                      .out_count = node->output_count,
                      .in = s->in,
                      .out = s->out_ptrs,
                      .missing = -1,
                      .emit = emit,
                      .err = err};
    status = node->op ? tenon__infer_kinds(&c, node->op) : TENON_OK;
    if (status == TENON_OK && node->op && node->op->infer) status = node->op->infer(&c);
    if (status && status != TENON_EAGAIN) return status;
    for (uint32_t i = 0; i < node->output_count; i++) {
        if (node->outputs[i] == TENON__NO_VALUE) continue;
        tenon__value *value = tenon__graph_value(graph, node->outputs[i]);
        if (narrow != TENON_NONE && s->out[i].dtype == TENON_F32 && value->view.dtype != TENON_F32)
            s->out[i].dtype = narrow;
        status = merge(value->name, &value->view, &s->out[i], err);
        if (status) return status;
        value->view = s->out[i];
    }
    return TENON_OK;
}

tenon_status tenon__graph_infer(tenon__graph *graph, tenon__arena *emit, tenon_error *err)
{
    scratch s;
    tenon_status status = scratch_init(graph, &s, err);
    for (size_t n = 0; n < graph->nodes.count && status == TENON_OK; n++) {
        const tenon__node *node = graph->nodes.items[n];
        if (node->dead) continue;
        status = infer_node(graph, node, &s, emit, err);
        if (status) tenon__node_where(node, status, err);
    }
    scratch_fini(graph, &s);
    return status;
}
