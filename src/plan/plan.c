/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the sorted nodes makes the steps; bodies of control operators are plans of their
 * own, whose packed copies the main plan holds. Slots are made for the values that steps touch, and
 * only for those. */
#include "plan/plan.h"

#include "exec/frame.h"

typedef struct builder {
    const tenon__plan_options *options;
    tenon__plan *plan;
    const tenon__graph *graph;
    struct builder *parent, *main;
    uint32_t *slot_of; /* per graph value; TENON__NO_SLOT where none yet */
    TENON__VEC(tenon__slot) slots;
    TENON__VEC(tenon__packed) packed; /* of the main builder */
    uint32_t step;                    /* the one being made */
    uint32_t depth;
    tenon_error *err;
} builder;

/* Bodies within bodies: deeper ones are refused by the reader already. */
#define MAX_DEPTH 64

static tenon_status out_of_memory(builder *b)
{
    return b->plan->arena.over_limit
               ? tenon__fail(b->err, TENON_ELIMIT,
                             "the plan would take more than %zu MB; raise max_bytes",
                             b->options->limit_bytes / 1000000)
               : tenon__fail(b->err, TENON_ENOMEM, "no memory for the plan");
}

static tenon_status push_slot(builder *b, const tenon__slot *slot, uint32_t *out)
{
    *out = (uint32_t)b->slots.count;
    return tenon__vec_push(b->options->allocator, &b->slots, *slot) ? TENON_OK : out_of_memory(b);
}

static tenon_status slot_get(builder *b, tenon__value_id id, uint32_t *out);

/* A value of an enclosing graph: a constant is this plan's constant too, anything else is captured.
 */
static tenon_status capture(builder *b, const tenon__value *v, tenon__slot *slot)
{
    uint32_t outer;
    if (!b->parent)
        return tenon__fail(b->err, TENON_EINTERNAL, "a captured value without an enclosing graph");
    tenon_status st = slot_get(b->parent, v->outer, &outer);
    if (st) return st;
    const tenon__slot *theirs = &b->parent->slots.items[outer];
    slot->view = theirs->view;
    slot->outer = outer;
    slot->role = theirs->role == TENON__ROLE_CONST ? TENON__ROLE_CONST : TENON__ROLE_OUTER;
    return TENON_OK;
}

static tenon_status slot_get(builder *b, tenon__value_id id, uint32_t *out)
{
    *out = b->slot_of[id];
    if (*out != TENON__NO_SLOT) return TENON_OK;
    const tenon__value *v = tenon__graph_value(b->graph, id);
    tenon__slot slot = {.view = v->view, .role = v->role, .outer = TENON__NO_SLOT, .value = id};
    slot.view.known = v->role == TENON__ROLE_CONST;
    slot.join = TENON__NO_SLOT;
    if (v->role == TENON__ROLE_OUTER) {
        tenon_status st = capture(b, v, &slot);
        if (st) return st;
    }
    slot.root = (uint32_t)b->slots.count;
    tenon_status st = push_slot(b, &slot, out);
    if (st == TENON_OK) b->slot_of[id] = *out;
    return st;
}

static void use(builder *b, uint32_t slot, uint32_t step)
{
    tenon__slot *root = &b->slots.items[b->slots.items[slot].root];
    if (root->last < step) root->last = step;
}

static tenon_status add_operands(builder *b, tenon__step *step, const tenon__node *node)
{
    tenon_status st = TENON_OK;
    for (uint32_t i = 0; i < node->input_count && st == TENON_OK; i++) {
        step->in[i] = TENON__NO_SLOT;
        if (node->inputs[i] == TENON__NO_VALUE) continue;
        st = slot_get(b, node->inputs[i], &step->in[i]);
        if (st == TENON_OK) use(b, step->in[i], b->step);
    }
    for (uint32_t i = 0; i < node->output_count && st == TENON_OK; i++) {
        if (node->outputs[i] != TENON__NO_VALUE) {
            st = slot_get(b, node->outputs[i], &step->out[i]);
        } else { /* made, and read by nobody */
            tenon__slot slot = {.role = TENON__ROLE_NODE,
                                .root = (uint32_t)b->slots.count,
                                .join = TENON__NO_SLOT,
                                .value = TENON__NO_VALUE};
            slot.view.rank = TENON__RANK_UNKNOWN;
            st = push_slot(b, &slot, &step->out[i]);
        }
        if (st == TENON_OK) b->slots.items[step->out[i]].last = b->step;
    }
    bool view = (node->op->flags & TENON__OP_VIEW) != 0 && node->input_count &&
                step->in[0] != TENON__NO_SLOT;
    if (st == TENON_OK && view && b->slots.items[step->in[0]].view.kind == TENON_VALUE_TENSOR)
        b->slots.items[step->out[0]].root = b->slots.items[step->in[0]].root;
    return st;
}

static tenon_status build(builder *b);

static tenon_status add_body(builder *b, tenon__step *step, uint32_t index,
                             const tenon__graph *graph)
{
    tenon__plan *plan = tenon__arena_zeroed(&b->main->plan->arena, 1, sizeof *plan);
    if (!plan) return out_of_memory(b->main);
    plan->allocator = b->options->allocator;
    plan->graph = graph;
    plan->parent = b->plan;
    plan->cpu = b->options->cpu;
    builder body = {.options = b->options,
                    .plan = plan,
                    .graph = graph,
                    .parent = b,
                    .main = b->main,
                    .depth = b->depth + 1,
                    .err = b->err};
    if (body.depth > MAX_DEPTH)
        return tenon__fail(b->err, TENON_ELIMIT, "graphs nest deeper than %d", MAX_DEPTH);
    tenon_status st = build(&body);
    if (st) return st;
    step->bodies[index] = plan;
    if (b->plan->depth < plan->depth + 1) b->plan->depth = plan->depth + 1;
    for (uint32_t i = 0; i < plan->slot_count; i++)
        if (plan->slots[i].role == TENON__ROLE_OUTER) use(b, plan->slots[i].outer, b->step);
    return TENON_OK;
}

static tenon_status add_bodies(builder *b, tenon__step *step)
{
    const char *const *names = step->op->bodies;
    if (!step->op->next || !names) return TENON_OK;
    while (names[step->body_count])
        step->body_count++;
    step->bodies =
        tenon__arena_zeroed(&b->main->plan->arena, step->body_count, sizeof *step->bodies);
    if (!step->bodies) return out_of_memory(b->main);
    for (uint32_t i = 0; i < step->body_count; i++) {
        const tenon__graph *graph = tenon__attr_graph(step->node, names[i]);
        tenon_status st = graph ? add_body(b, step, i, graph) : TENON_OK;
        if (st) return st;
    }
    return TENON_OK;
}

static tenon_status add_step(builder *b, const tenon__node *node)
{
    tenon__arena *arena = &b->main->plan->arena;
    tenon__step *step = &b->plan->steps[b->step];
    step->op = node->op;
    step->node = node;
    step->attrs = node->parsed;
    step->in_count = node->input_count;
    step->out_count = node->output_count;
    step->in = tenon__arena_zeroed(arena, node->input_count + 1u, sizeof *step->in);
    step->out = tenon__arena_zeroed(arena, node->output_count + 1u, sizeof *step->out);
    step->prepared = tenon__arena_zeroed(arena, 1, node->op->prepared_bytes + 1);
    if (!step->in || !step->out || !step->prepared) return out_of_memory(b->main);
    for (int i = 0; i < TENON__MAX_PACKED; i++)
        step->packed[i] = TENON__NO_SLOT;
    step->params_offset = b->plan->params_bytes;
    b->plan->params_bytes += tenon__align_up(node->op->params_bytes, 16);
    b->plan->operand_count += step->in_count + step->out_count;
    tenon_status st = add_operands(b, step, node);
    return st ? st : add_bodies(b, step);
}

/* ---- prepare
 * ----------------------------------------------------------------------------------------------------
 */

/* The same bytes may be constants of several shapes (a Reshape of a constant copies nothing). */
static bool same_source(const tenon__packed *a, const tenon__packed *b)
{
    bool same = a->source == b->source && a->view->dtype == b->view->dtype &&
                a->view->rank == b->view->rank;
    for (int d = 0; same && d < a->view->rank; d++)
        same = a->view->dims[d] == b->view->dims[d];
    return same;
}

static tenon_status add_packed(builder *b, tenon__step *step, const tenon__prepare *p, int number)
{
    uint32_t input = p->packed[number].input;
    if (input >= step->in_count || step->in[input] == TENON__NO_SLOT || !p->in[input]->known)
        return tenon__fail(b->err, TENON_EINTERNAL, "packs input %u, which is no constant", input);
    size_t source_bytes = 0;
    (void)tenon__view_bytes(p->in[input], &source_bytes);
    tenon__packed k = {.source = p->in[input]->data,
                       .view = p->in[input],
                       .op = step->op,
                       .variant = p->packed[number].variant,
                       .size_bytes = p->packed[number].size_bytes,
                       .tiles = p->packed[number].tiles,
                       .plan = b->plan,
                       .owner = step,
                       .pack = p->packed[number].pack,
                       .source_bytes = source_bytes,
                       .only = true};
    for (uint32_t i = 0; i < b->main->packed.count; i++) {
        const tenon__packed *o = &b->main->packed.items[i];
        if (same_source(o, &k) && o->op == k.op && o->variant == k.variant &&
            o->size_bytes == k.size_bytes && o->pack == k.pack) {
            step->packed[number] = i;
            return TENON_OK;
        }
    }
    step->packed[number] = (uint32_t)b->main->packed.count;
    return tenon__vec_push(b->options->allocator, &b->main->packed, k) ? TENON_OK
                                                                       : out_of_memory(b);
}

static tenon_status prepare_step(builder *b, tenon__step *step)
{
    if (!step->op->prepare) return TENON_OK;
    const tenon__view **views = tenon__arena_zeroed(
        &b->main->plan->arena, (size_t)step->in_count + step->out_count + 1, sizeof *views);
    if (!views) return out_of_memory(b->main);
    for (uint32_t i = 0; i < step->in_count; i++)
        views[i] = step->in[i] == TENON__NO_SLOT ? NULL : &b->plan->slots[step->in[i]].view;
    for (uint32_t i = 0; i < step->out_count; i++)
        views[step->in_count + i] = &b->plan->slots[step->out[i]].view;
    tenon__prepare p = {.node = step->node,
                        .attrs = step->attrs,
                        .prepared = step->prepared,
                        .in_count = step->in_count,
                        .out_count = step->out_count,
                        .in = views,
                        .out = views + step->in_count,
                        .cpu = b->options->cpu,
                        .accuracy = b->options->accuracy,
                        .err = b->err};
    tenon_status st = step->op->prepare(&p);
    if (st) return tenon__node_error(step->node, st, b->err);
    step->kernel = p.kernel;
    for (int i = 0; i < TENON__MAX_PACKED && st == TENON_OK; i++)
        if (p.packed[i].size_bytes) st = add_packed(b, step, &p, i);
    return st;
}

static bool packed_stands_for(const tenon__step *step, const tenon__packed *packed,
                              const void *source)
{
    for (int i = 0; i < TENON__MAX_PACKED; i++)
        if (step->packed[i] != TENON__NO_SLOT && packed[step->packed[i]].source == source)
            return true;
    return false;
}

/* Constants that kernels read where they lie must be aligned and readable past their end; others
 * stay as they are. */
static tenon_status settle_constants(builder *b)
{
    tenon__plan *plan = b->plan;
    tenon__packed *packed = b->main->packed.items;
    for (uint32_t s = 0; s < plan->step_count; s++) {
        const tenon__step *step = &plan->steps[s];
        for (uint32_t i = 0; i < step->in_count; i++) {
            if (step->in[i] == TENON__NO_SLOT) continue;
            tenon__slot *slot = &plan->slots[step->in[i]];
            if (slot->role != TENON__ROLE_CONST || packed_stands_for(step, packed, slot->view.data))
                continue;
            for (uint32_t k = 0; k < b->main->packed.count; k++)
                if (packed[k].source == slot->view.data) packed[k].only = false;
            const tenon__value *v =
                slot->value == TENON__NO_VALUE ? NULL : tenon__graph_value(b->graph, slot->value);
            size_t bytes;
            if ((v && v->aligned) || slot->settled || !tenon__view_bytes(&slot->view, &bytes))
                continue;
            uint8_t *copy = tenon__arena_zeroed(&b->main->plan->arena, bytes + 128, 1);
            if (!copy) return out_of_memory(b->main);
            copy = (uint8_t *)tenon__align_up((uintptr_t)copy, 64);
            if (bytes) memcpy(copy, slot->view.data, bytes);
            slot->view.data = copy;
            slot->settled = true;
        }
    }
    return TENON_OK;
}

static tenon_status list_ports(builder *b)
{
    tenon__plan *plan = b->plan;
    plan->input_count = (uint32_t)b->graph->inputs.count;
    plan->output_count = (uint32_t)b->graph->outputs.count;
    plan->inputs =
        tenon__arena_zeroed(&b->main->plan->arena, plan->input_count + 1u, sizeof *plan->inputs);
    plan->outputs =
        tenon__arena_zeroed(&b->main->plan->arena, plan->output_count + 1u, sizeof *plan->outputs);
    if (!plan->inputs || !plan->outputs) return out_of_memory(b->main);
    for (uint32_t i = 0; i < plan->input_count; i++) {
        tenon_status st = slot_get(b, b->graph->inputs.items[i], &plan->inputs[i]);
        if (st) return st;
    }
    return TENON_OK;
}

static tenon_status list_outputs(builder *b)
{
    for (uint32_t i = 0; i < b->plan->output_count; i++) {
        tenon_status st = slot_get(b, b->graph->outputs.items[i], &b->plan->outputs[i]);
        if (st) return st;
        use(b, b->plan->outputs[i], TENON__FOREVER);
    }
    return TENON_OK;
}

/* Values that a joining step reads, and nobody once the whole is read no more, can be made within
 * the whole. */
static void find_parts(tenon__plan *plan)
{
    for (uint32_t s = 0; s < plan->step_count; s++) {
        const tenon__step *step = &plan->steps[s];
        if (!(step->op->flags & TENON__OP_JOINS)) continue;
        const tenon__slot *whole = &plan->slots[step->out[0]];
        for (uint32_t i = 0; i < step->in_count && whole->last != TENON__FOREVER; i++) {
            if (step->in[i] == TENON__NO_SLOT) continue;
            tenon__slot *part = &plan->slots[plan->slots[step->in[i]].root];
            if (part->role == TENON__ROLE_NODE && part->join == TENON__NO_SLOT &&
                part->last < whole->last)
                part->join = s;
        }
    }
}

static tenon_status build(builder *b)
{
    tenon__plan *plan = b->plan;
    tenon__arena *arena = &b->main->plan->arena;
    const tenon_allocator *a = b->options->allocator;
    tenon_status st = TENON_OK;
    b->slot_of = tenon__alloc(a, (b->graph->values.count + 1) * sizeof *b->slot_of);
    if (!b->slot_of) return out_of_memory(b);
    memset(b->slot_of, 0xff, (b->graph->values.count + 1) * sizeof *b->slot_of);
    plan->step_count = (uint32_t)b->graph->nodes.count;
    plan->steps = tenon__arena_zeroed(arena, plan->step_count + 1u, sizeof *plan->steps);
    if (!plan->steps) st = out_of_memory(b->main);
    if (st == TENON_OK) st = list_ports(b);
    for (b->step = 0; b->step < plan->step_count && st == TENON_OK; b->step++)
        st = add_step(b, b->graph->nodes.items[b->step]);
    if (st == TENON_OK) st = list_outputs(b);
    if (st) goto done;
    plan->slot_count = (uint32_t)b->slots.count;
    plan->slots = tenon__arena_zeroed(arena, b->slots.count + 1, sizeof *plan->slots);
    if (!plan->slots) {
        st = out_of_memory(b->main);
        goto done;
    }
    if (b->slots.count) memcpy(plan->slots, b->slots.items, b->slots.count * sizeof *plan->slots);
    find_parts(plan);
    for (uint32_t s = 0; s < plan->step_count && st == TENON_OK; s++)
        st = prepare_step(b, &plan->steps[s]);
    if (st == TENON_OK) st = settle_constants(b);
done:
    tenon__free(a, b->slot_of);
    tenon__vec_free(a, &b->slots);
    return st;
}

static tenon_status place_packed(tenon__plan *plan, tenon_error *err)
{
    for (uint32_t i = 0; i < plan->packed_count; i++) {
        tenon__packed *k = &plan->packed[i];
        size_t bytes;
        k->offset = plan->packed_room;
        if (!tenon__add(k->size_bytes, TENON_TENSOR_PAD_BYTES + 63, &bytes) ||
            !tenon__add(plan->packed_room, bytes & ~(size_t)63, &plan->packed_room))
            return tenon__fail(err, TENON_ELIMIT, "the size of the packed weights overflows");
    }
    return TENON_OK;
}

tenon_status tenon__plan_create(const tenon__graph *graph, const tenon__plan_options *options,
                                tenon__plan **out, tenon_error *err)
{
    tenon__plan *plan = tenon__alloc_zeroed(options->allocator, sizeof *plan);
    *out = NULL;
    if (!plan) return tenon__fail(err, TENON_ENOMEM, "no memory for a plan");
    plan->allocator = options->allocator;
    plan->graph = graph;
    plan->cpu = options->cpu;
    tenon__arena_init(&plan->arena, options->allocator, options->limit_bytes);
    pthread_mutex_init(&plan->pack_lock, NULL);
    builder b = {.options = options, .plan = plan, .graph = graph, .err = err};
    b.main = &b;
    tenon_status st = build(&b);
    plan->packed = b.packed.items;
    plan->packed_count = (uint32_t)b.packed.count;
    if (st == TENON_OK) st = place_packed(plan, err);
    if (st) {
        tenon__plan_destroy(plan);
        return st;
    }
    *out = plan;
    return TENON_OK;
}

void tenon__plan_destroy(tenon__plan *plan)
{
    if (!plan) return;
    const tenon_allocator *a = plan->allocator;
    tenon__free(a, plan->packed_block);
    tenon__free(a, plan->packed);
    pthread_mutex_destroy(&plan->pack_lock);
    tenon__arena_fini(&plan->arena);
    tenon__free(a, plan);
}
