/* SPDX-License-Identifier: Apache-2.0 */
/* Creating frames, and what their memory is: arena, dynamic blocks, captured views. Binding is in
 * bind.c. */
#include "exec/frame.h"
#include "exec/bind.h"
#include "tensor/tensor.h"

tenon_status tenon__node_error(const tenon__node *node, tenon_status status, tenon_error *err)
{
    if (node->name.size)
        return tenon__error_where(err, status, "node '%.*s' (%.*s)", TENON__STR_ARG(node->name),
                                  TENON__STR_ARG(node->kind));
    return tenon__error_where(err, status, "node %u (%.*s)", node->index,
                              TENON__STR_ARG(node->kind));
}

/* Pointers of one step's operands; they stay as they are for the life of the frame. */
static void point_operands(tenon__frame *f, uint32_t s, uint32_t *next)
{
    const tenon__step *step = &f->plan->steps[s];
    tenon__run *run = &f->bound[s].run;
    const tenon__view **ops = f->operands + *next;
    for (uint32_t i = 0; i < step->in_count; i++)
        ops[i] = step->in[i] == TENON__NO_SLOT ? NULL : &f->views[step->in[i]];
    for (uint32_t i = 0; i < step->out_count; i++)
        ops[step->in_count + i] = &f->views[step->out[i]];
    *next += step->in_count + step->out_count;
    run->node = step->node;
    run->attrs = step->attrs;
    run->prepared = step->prepared;
    run->params = f->params + step->params_offset;
    run->packed = f->packed + (size_t)s * TENON__MAX_PACKED;
    run->in_count = step->in_count;
    run->out_count = step->out_count;
    run->in = ops;
    run->out = (tenon__view *const *)(const void *)(ops + step->in_count);
}

static tenon_status create_bodies(tenon__frame *f, uint32_t s, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    if (!step->body_count) return TENON_OK;
    tenon__frame **bodies =
        tenon__alloc_zeroed(f->allocator, step->body_count * sizeof(tenon__frame *));
    if (!bodies) return tenon__fail(err, TENON_ENOMEM, "no memory for a frame");
    f->bound[s].bodies = bodies;
    for (uint32_t i = 0; i < step->body_count; i++) {
        if (!step->bodies[i]) continue;
        tenon_status st = tenon__frame_create(step->bodies[i], f, f->env, f->allocator,
                                              f->limit_bytes, f->used_bytes, &bodies[i], err);
        if (st) return st;
    }
    return TENON_OK;
}

static size_t key_length(const tenon__plan *plan)
{
    size_t n = 0;
    for (uint32_t i = 0; i < plan->slot_count; i++)
        if (plan->slots[i].role == TENON__ROLE_INPUT || plan->slots[i].role == TENON__ROLE_OUTER)
            n += 2 + TENON_MAX_RANK;
    return n;
}

tenon_status tenon__frame_create(const tenon__plan *plan, tenon__frame *parent,
                                 struct tenon_env *env, const tenon_allocator *a,
                                 size_t limit_bytes, size_t *used_bytes, tenon__frame **out,
                                 tenon_error *err)
{
    tenon__frame *f = tenon__alloc_zeroed(a, sizeof *f);
    *out = f;
    if (!f) return tenon__fail(err, TENON_ENOMEM, "no memory for a frame");
    f->plan = plan;
    f->parent = parent;
    f->env = env;
    f->allocator = a;
    f->limit_bytes = limit_bytes;
    f->used_bytes = used_bytes;
    tenon__arena_init(&f->emit, a, 0);
    tenon__arena_init(&f->strings, a, limit_bytes);
    f->key_count = key_length(plan);
    f->bound = tenon__alloc_zeroed(a, plan->step_count * sizeof *f->bound);
    f->views = tenon__alloc_zeroed(a, plan->slot_count * sizeof *f->views);
    f->places = tenon__alloc_zeroed(a, plan->slot_count * sizeof *f->places);
    f->operands = tenon__alloc_zeroed(a, plan->operand_count * sizeof *f->operands);
    f->params = tenon__alloc_zeroed(a, plan->params_bytes);
    f->packed = tenon__alloc_zeroed(a, plan->step_count * TENON__MAX_PACKED * sizeof *f->packed);
    f->key = tenon__alloc_zeroed(a, f->key_count * sizeof *f->key);
    if (!f->bound || !f->views || !f->places || !f->operands || !f->params || !f->packed || !f->key)
        return tenon__fail(err, TENON_ENOMEM, "no memory for a frame of %u steps",
                           plan->step_count);
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        f->views[i] = plan->slots[i].view;
        f->places[i].base =
            plan->slots[i].role == TENON__ROLE_CONST ? TENON__BASE_CONST : TENON__BASE_NONE;
    }
    uint32_t next = 0;
    for (uint32_t s = 0; s < plan->step_count; s++) {
        point_operands(f, s, &next);
        tenon_status st = create_bodies(f, s, err);
        if (st) return st;
    }
    return TENON_OK;
}

static void drop_dynamic(tenon__frame *f, uint32_t slot)
{
    if (f->places[slot].base == TENON__BASE_DYNAMIC && f->views[slot].value) {
        tenon_value_destroy(f->views[slot].value);
        f->views[slot].value = NULL;
    }
}

void tenon__frame_destroy(tenon__frame *f)
{
    if (!f) return;
    const tenon_allocator *a = f->allocator;
    for (uint32_t s = 0; f->bound && s < f->plan->step_count; s++) {
        for (uint32_t i = 0; f->bound[s].bodies && i < f->plan->steps[s].body_count; i++)
            tenon__frame_destroy(f->bound[s].bodies[i]);
        tenon__free(a, f->bound[s].bodies);
        for (size_t i = 0; i < f->bound[s].buffers.count; i++)
            tenon__free(a, f->bound[s].buffers.items[i].data);
        tenon__vec_free(a, &f->bound[s].buffers);
    }
    for (uint32_t i = 0; f->places && f->views && i < f->plan->slot_count; i++) {
        drop_dynamic(f, i);
        tenon__free(a, f->places[i].block);
    }
    tenon__vec_free(a, &f->holes);
    tenon__vec_free(a, &f->segments);
    tenon__vec_free(a, &f->made);
    tenon__arena_fini(&f->emit);
    tenon__arena_fini(&f->strings);
    tenon__free(a, f->arena);
    tenon__free(a, f->bound);
    tenon__free(a, f->views);
    tenon__free(a, f->places);
    tenon__free(a, f->operands);
    tenon__free(a, f->params);
    tenon__free(a, f->packed);
    tenon__free(a, f->key);
    tenon__free(a, f);
}

tenon_status tenon__frame_take(tenon__frame *f, size_t old_bytes, size_t size_bytes, void **block,
                               bool keep, tenon_error *err)
{
    size_t room = f->limit_bytes > *f->used_bytes ? f->limit_bytes - *f->used_bytes : 0;
    if (size_bytes > old_bytes && size_bytes - old_bytes > room)
        return tenon__fail(
            err, TENON_ELIMIT,
            "a run may take %zu MB of memory and asks for %zu MB more; raise max_run_bytes",
            f->limit_bytes / 1000000, size_bytes / 1000000);
    void *fresh;
    if (keep && *block) {
        fresh = tenon__realloc(f->allocator, *block, old_bytes, size_bytes);
    } else {
        /* Given back first: both at once could be more than there is. */
        tenon__free(f->allocator, *block);
        *block = NULL;
        *f->used_bytes -= old_bytes;
        old_bytes = 0;
        fresh = tenon__alloc(f->allocator, size_bytes);
    }
    if (!fresh)
        return tenon__fail(err, TENON_ENOMEM, "no memory for %zu bytes of activations", size_bytes);
    *f->used_bytes += size_bytes;
    *f->used_bytes -= old_bytes;
    *block = fresh;
    return TENON_OK;
}

/* Room in a block that only grows, by at least half, so that a growing sequence of sizes meets the
 * heap rarely. */
static tenon_status grow_block(tenon__frame *f, tenon__place *p, size_t need, tenon_error *err)
{
    if (need <= p->block_bytes && p->block) return TENON_OK;
    size_t size = tenon__align_up(need + need / 2, 64);
    size_t old = p->block ? p->block_bytes : 0;
    p->block_bytes = 0;
    tenon_status st = tenon__frame_take(f, old, size, &p->block, false, err);
    if (st == TENON_OK) p->block_bytes = size;
    return st;
}

tenon_status tenon__frame_resize(tenon__frame *f, tenon__view *out, tenon_dtype dtype, int rank,
                                 const int64_t *dims, tenon_error *err)
{
    size_t slot = (size_t)(out - f->views), bytes;
    tenon__place *p = &f->places[slot];
    tenon__view_set(out, dtype, rank, dims);
    out->kind = TENON_VALUE_TENSOR;
    if (!tenon__view_bytes(out, &bytes) || bytes > SIZE_MAX / 4)
        return tenon__fail(err, TENON_ELIMIT, "an output's size overflows");
    tenon_status st = grow_block(f, p, bytes + TENON_TENSOR_PAD_BYTES, err);
    if (st) return st;
    p->base = TENON__BASE_DYNAMIC;
    out->data = p->block;
    out->known = true;
    return TENON_OK;
}

tenon_status tenon__frame_buffer(tenon__frame *f, uint32_t index, size_t size_bytes, void **out,
                                 tenon_error *err)
{
    tenon__bound *b = &f->bound[f->step];
    tenon__buffer none = {NULL, 0};
    if (index >= 1024) return tenon__fail(err, TENON_ELIMIT, "more than 1024 buffers");
    while (b->buffers.count <= index)
        if (!tenon__vec_push(f->allocator, &b->buffers, none))
            return tenon__fail(err, TENON_ENOMEM, "no memory for a list of buffers");
    tenon__buffer *buffer = &b->buffers.items[index];
    if (!buffer->data || buffer->size_bytes < size_bytes) {
        size_t need, half;
        if (!tenon__add(size_bytes, TENON_TENSOR_PAD_BYTES, &need) ||
            !tenon__add(need, need / 2, &half))
            return tenon__fail(err, TENON_ELIMIT, "a buffer's size overflows");
        tenon_status st = tenon__frame_take(f, buffer->size_bytes, half, &buffer->data, true, err);
        if (st) return st;
        buffer->size_bytes = half;
    }
    *out = buffer->data;
    return TENON_OK;
}

tenon_status tenon__frame_give(tenon__frame *f, tenon__view *out, tenon_value *value,
                               tenon_error *err)
{
    size_t slot = (size_t)(out - f->views);
    if (!value) return tenon__fail(err, TENON_ENOMEM, "no memory for a value");
    drop_dynamic(f, (uint32_t)slot);
    f->places[slot].base = TENON__BASE_DYNAMIC;
    out->kind = (uint8_t)tenon_value_kind_get(value);
    out->value = value;
    out->known = true;
    const tenon_tensor *t = tenon_value_tensor(value);
    if (t) { /* a tensor travels as one: readers look at data and dims */
        tenon__view v = t->view;
        out->dtype = v.dtype;
        out->rank = v.rank;
        memcpy(out->dims, v.dims, sizeof v.dims);
        out->data = v.data;
    }
    return TENON_OK;
}
