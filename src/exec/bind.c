/* SPDX-License-Identifier: Apache-2.0 */
/* Binding walks the steps in order: infer (sizes), then either compute small values at once (shape
 * arithmetic), or ask the operator for its tiles. It stops at a step whose size depends on data
 * that is not there yet; the executor runs what is bound and comes back. A second walk lays the
 * outputs into the arena, best fit, freeing what was read for the last time; the parts of a whole
 * (TENON__OP_JOINS) are laid into it. No heap once grown. */
#include "exec/bind.h"

#include "base/os.h"
#include "graph/infer.h"

#define ALIGNMENT  64
#define MAX_WHOLES 64 /* within one another */

/* Values up to this size whose inputs are all known while binding are computed there. */
#define AT_ONCE_BYTES 8192

/* ---- the arena: holes sorted by offset, the last one open-ended
 * ------------------------------------------------- */

static tenon_status arena_take(tenon__frame *f, size_t size, size_t *offset, tenon_error *err)
{
    tenon__hole *best = NULL;
    for (size_t i = 0; i < f->holes.count; i++) {
        tenon__hole *h = &f->holes.items[i];
        if (h->size_bytes >= size && (!best || h->size_bytes < best->size_bytes)) best = h;
    }
    if (best) {
        *offset = best->offset;
        best->offset += size;
        best->size_bytes -= size;
        if (!best->size_bytes) {
            size_t at = (size_t)(best - f->holes.items);
            memmove(best, best + 1, (f->holes.count - at - 1) * sizeof *best);
            f->holes.count--;
        }
        return TENON_OK;
    }
    /* A hole that touches the end grows with the arena. */
    tenon__hole *end = f->holes.count ? &f->holes.items[f->holes.count - 1] : NULL;
    if (end && end->offset + end->size_bytes == f->arena_need) {
        *offset = end->offset;
        f->holes.count--;
    } else {
        *offset = f->arena_need;
    }
    if (!tenon__add(*offset, size, &f->arena_need) || f->arena_need > SIZE_MAX / 4)
        return tenon__fail(err, TENON_ELIMIT, "the arena's size overflows");
    return TENON_OK;
}

static tenon_status arena_give(tenon__frame *f, size_t offset, size_t size, tenon_error *err)
{
    if (!size) return TENON_OK;
    size_t i = 0;
    while (i < f->holes.count && f->holes.items[i].offset < offset)
        i++;
    bool left = i > 0 && f->holes.items[i - 1].offset + f->holes.items[i - 1].size_bytes == offset;
    bool right = i < f->holes.count && f->holes.items[i].offset == offset + size;
    if (left && right) {
        f->holes.items[i - 1].size_bytes += size + f->holes.items[i].size_bytes;
        memmove(&f->holes.items[i], &f->holes.items[i + 1],
                (f->holes.count - i - 1) * sizeof(tenon__hole));
        f->holes.count--;
    } else if (left) {
        f->holes.items[i - 1].size_bytes += size;
    } else if (right) {
        f->holes.items[i].offset = offset;
        f->holes.items[i].size_bytes += size;
    } else {
        tenon__hole h = {offset, size};
        if (!tenon__vec_push(f->allocator, &f->holes, h))
            return tenon__fail(err, TENON_ENOMEM, "no memory for the arena's layout");
        memmove(&f->holes.items[i + 1], &f->holes.items[i],
                (f->holes.count - 1 - i) * sizeof(tenon__hole));
        f->holes.items[i] = h;
    }
    return TENON_OK;
}

/* ---- computing at once
 * ------------------------------------------------------------------------------------------ */

static uint32_t phase_tiles(const tenon__op *op, const tenon__run *run, uint32_t tiles,
                            uint32_t phase)
{
    return op->tiles ? op->tiles(run->params, phase) : tiles;
}

tenon_status tenon__run_at_once(const tenon__op *op, tenon__run *run, uint32_t tiles,
                                uint32_t phases, size_t scratch_bytes, size_t work_bytes,
                                tenon__arena *temp, tenon_error *err)
{
    uint8_t *scratch = tenon__arena_alloc(temp, scratch_bytes + 64);
    uint8_t *work = tenon__arena_alloc(temp, work_bytes + 64);
    if (!scratch || !work) return tenon__fail(err, TENON_ENOMEM, "no memory to compute a constant");
    run->scratch = (void *)tenon__align_up((uintptr_t)scratch, 64);
    run->work = (void *)tenon__align_up((uintptr_t)work, 64);
    run->participant = 0;
    run->err = err;
    for (run->phase = 0; run->phase < phases; run->phase++) {
        uint32_t n = phase_tiles(op, run, tiles, run->phase);
        for (run->tile = 0; run->tile < n; run->tile++) {
            tenon_status st = op->run(run);
            if (st) return st;
        }
    }
    return TENON_OK;
}

static bool all_inputs_known(const tenon__run *run)
{
    for (uint32_t i = 0; i < run->in_count; i++)
        if (run->in[i] && !run->in[i]->known) return false;
    return true;
}

/* Packed copies are made when the first run starts, after its binding. */
static bool reads_packed(const tenon__step *step)
{
    for (int i = 0; i < TENON__MAX_PACKED; i++)
        if (step->packed[i] != TENON__NO_SLOT) return true;
    return false;
}

/* Whether this step's outputs are computed while binding. */
static bool is_shape_arithmetic(const tenon__step *step, const tenon__run *run)
{
    if (reads_packed(step)) return false;
    if (!step->op->run ||
        (step->op->flags & (TENON__OP_HOST | TENON__OP_DYNAMIC | TENON__OP_IMPURE)))
        return false;
    size_t total = 0, bytes;
    for (uint32_t i = 0; i < run->out_count; i++) {
        if (run->out[i]->kind != TENON_VALUE_TENSOR || !tenon__view_bytes(run->out[i], &bytes))
            return false;
        if (bytes > AT_ONCE_BYTES || run->out[i]->dtype == TENON_STRING) return false;
        total += bytes;
    }
    return total <= AT_ONCE_BYTES && all_inputs_known(run);
}

static tenon_status compute_at_once(tenon__frame *f, uint32_t s, const tenon__bind *b,
                                    tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    tenon__run run = f->bound[s].run;
    for (uint32_t i = 0; i < step->out_count; i++) {
        size_t bytes = 0;
        (void)tenon__view_bytes(&f->views[step->out[i]], &bytes);
        uint8_t *data = tenon__arena_zeroed(&f->emit, bytes + 128, 1);
        if (!data) return tenon__fail(err, TENON_ENOMEM, "no memory for shape arithmetic");
        f->views[step->out[i]].data = (void *)tenon__align_up((uintptr_t)data, 64);
    }
    tenon_status st = tenon__run_at_once(step->op, &run, b->tiles, b->phases, b->scratch_bytes,
                                         b->work_bytes, &f->emit, err);
    if (st) return st;
    for (uint32_t i = 0; i < step->out_count; i++) {
        f->views[step->out[i]].known = true;
        f->places[step->out[i]].base = TENON__BASE_EMITTED;
    }
    return TENON_OK;
}

/* ---- one step
 * ---------------------------------------------------------------------------------------------------
 */

static void clear_outputs(tenon__frame *f, const tenon__step *step)
{
    for (uint32_t i = 0; i < step->out_count; i++) {
        tenon__view *v = &f->views[step->out[i]];
        tenon__place *p = &f->places[step->out[i]];
        if (p->base == TENON__BASE_DYNAMIC && v->value) tenon_value_destroy(v->value);
        v->value = NULL;
        v->data = NULL;
        v->kind = TENON_VALUE_TENSOR;
        v->layout = TENON__PLAIN;
        v->dtype = TENON_NONE;
        v->rank = TENON__RANK_UNKNOWN;
        v->known = false;
        p->base = TENON__BASE_NONE;
        p->size_bytes = 0;
    }
}

/* What was prepared relies on the types that were inferred when the model was loaded, and those of
 * a body's inputs and of what a body makes are as the file declares them. */
static tenon_status check_types(const tenon__frame *f, const tenon__step *step, tenon_error *err)
{
    char has[96], wants[96];
    for (uint32_t i = 0; i < step->in_count; i++) {
        if (step->in[i] == TENON__NO_SLOT) continue;
        const tenon__view *v = &f->views[step->in[i]],
                          *declared = &f->plan->slots[step->in[i]].view;
        if (declared->dtype == TENON_NONE || declared->kind != TENON_VALUE_TENSOR) continue;
        if (v->dtype == declared->dtype && v->kind == TENON_VALUE_TENSOR) continue;
        return tenon__fail(err, TENON_ETYPE, "input %u is %s, but the model declares it as %s", i,
                           tenon__view_print(v, has, sizeof has),
                           tenon__view_print(declared, wants, sizeof wants));
    }
    return TENON_OK;
}

static tenon_status infer_step(tenon__frame *f, uint32_t s, bool *wait, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    const tenon__run *run = &f->bound[s].run;
    tenon__infer c = {.node = step->node,
                      .attrs = step->attrs,
                      .in_count = step->in_count,
                      .out_count = step->out_count,
                      .in = run->in,
                      .out = run->out,
                      .binding = true,
                      .missing = -1,
                      .emit = &f->emit,
                      .err = err};
    clear_outputs(f, step);
    *wait = false;
    tenon_status st = check_types(f, step, err);
    if (st == TENON_OK) st = tenon__infer_kinds(&c, step->op);
    if (st) return st;
    st = step->op->infer(&c);
    if (st == TENON_EAGAIN) {
        *wait = true;
        return TENON_OK;
    }
    if (st) return st;
    if (step->op->flags & TENON__OP_DYNAMIC) return TENON_OK;
    for (uint32_t i = 0; i < step->out_count; i++) {
        const tenon__view *v = run->out[i];
        if (v->kind == TENON_VALUE_TENSOR && !tenon__dims_known(v))
            return tenon__fail(err, TENON_ELIMIT, "the size of output %u overflows", i);
    }
    return TENON_OK;
}

static tenon_status operator_bind(tenon__frame *f, uint32_t s, tenon__bind *b, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    const tenon__run *run = &f->bound[s].run;
    *b = (tenon__bind){.node = step->node,
                       .attrs = step->attrs,
                       .prepared = step->prepared,
                       .params = f->params + step->params_offset,
                       .in_count = step->in_count,
                       .out_count = step->out_count,
                       .in = run->in,
                       .out = (const tenon__view *const *)run->out,
                       .cpu = f->plan->cpu,
                       .tiles = 1,
                       .phases = 1,
                       .err = err};
    return step->op->bind ? step->op->bind(b) : TENON_OK;
}

/* The input whose storage an elementwise step may write over: read here for the last time, of the
 * same size. */
static uint32_t reusable_input(const tenon__frame *f, uint32_t s, size_t bytes)
{
    size_t in_bytes;
    const tenon__step *step = &f->plan->steps[s];
    for (uint32_t i = 0; i < step->in_count; i++) {
        if (step->in[i] == TENON__NO_SLOT) continue;
        uint32_t root = f->plan->slots[step->in[i]].root;
        const tenon__place *p = &f->places[root];
        if (p->base != TENON__BASE_ARENA || !p->size_bytes || f->plan->slots[root].last != s)
            continue;
        if (!tenon__view_bytes(&f->views[step->in[i]], &in_bytes) || in_bytes != bytes) continue;
        if (f->views[root].layout != f->views[step->out[0]].layout) continue;
        if (tenon_dtype_bits(f->views[step->in[i]].dtype) !=
            tenon_dtype_bits(f->views[step->out[0]].dtype))
            continue;
        return root;
    }
    return TENON__NO_SLOT;
}

/* ---- placing
 * ----------------------------------------------------------------------------------------------------
 */

/* Where in the output of a joining step its part lies, if it can lie there. */
static bool place_in_whole(const tenon__frame *f, uint32_t slot, size_t *offset)
{
    size_t bytes;
    const uint32_t join = f->plan->slots[slot].join;
    if (join == TENON__NO_SLOT || join < f->placing || join >= f->bound_end) return false;
    const tenon__step *step = &f->plan->steps[join];
    const tenon__bound *b = &f->bound[join];
    if (!b->joined || b->how != TENON__HOW_TILES || f->places[step->out[0]].user) return false;
    *offset = 0;
    for (uint32_t i = 0; i < step->in_count; i++) {
        if (step->in[i] == TENON__NO_SLOT) continue;
        if (f->plan->slots[step->in[i]].root == slot) return *offset % ALIGNMENT == 0;
        if (!tenon__view_bytes(&f->views[step->in[i]], &bytes) ||
            !tenon__add(*offset, bytes, offset))
            return false;
    }
    return false;
}

/* Storage for a root that a step makes: within the whole that it is a part of, which is placed
 * then, or of its own. */
static tenon_status take_storage(tenon__frame *f, uint32_t slot, int depth, tenon_error *err)
{
    tenon__place *p = &f->places[slot];
    size_t bytes, offset;
    if (p->base == TENON__BASE_ARENA) return TENON_OK;
    if (!tenon__view_bytes(&f->views[slot], &bytes) || bytes > SIZE_MAX / 8)
        return tenon__fail(err, TENON_ELIMIT, "its output's size overflows");
    p->base = TENON__BASE_ARENA;
    if (depth < MAX_WHOLES && place_in_whole(f, slot, &offset)) {
        const uint32_t whole = f->plan->steps[f->plan->slots[slot].join].out[0];
        tenon_status st = take_storage(f, whole, depth + 1, err);
        p->offset = f->places[whole].offset + offset;
        p->size_bytes = 0; /* the whole's, which outlives it */
        return st;
    }
    p->size_bytes = tenon__align_up(bytes + TENON_TENSOR_PAD_BYTES, ALIGNMENT);
    return arena_take(f, p->size_bytes, &p->offset, err);
}

static tenon_status place_output(tenon__frame *f, uint32_t s, uint32_t i, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    uint32_t slot = step->out[i];
    tenon__view *v = &f->views[slot];
    tenon__place *p = &f->places[slot];
    size_t bytes, offset;
    if (v->known) return TENON_OK; /* computed while binding */
    if (v->kind != TENON_VALUE_TENSOR || (step->op->flags & TENON__OP_DYNAMIC)) {
        p->base = TENON__BASE_DYNAMIC;
        return TENON_OK;
    }
    if (f->plan->slots[slot].root != slot) return TENON_OK; /* a view: follows its root */
    if (p->user) {
        p->base = TENON__BASE_EXTERNAL;
        return TENON_OK;
    }
    if (i == 0 && (step->op->flags & TENON__OP_INPLACE) && p->base == TENON__BASE_NONE &&
        tenon__view_bytes(v, &bytes) && !place_in_whole(f, slot, &offset)) {
        uint32_t from = reusable_input(f, s, bytes);
        if (from != TENON__NO_SLOT) {
            p->base = TENON__BASE_ARENA;
            p->offset = f->places[from].offset;
            p->size_bytes = f->places[from].size_bytes;
            f->places[from].size_bytes = 0; /* handed over: not freed behind this step */
            return TENON_OK;
        }
    }
    return take_storage(f, slot, 0, err);
}

static tenon_status free_behind(tenon__frame *f, uint32_t s, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    for (uint32_t i = 0; i < step->in_count + step->out_count; i++) {
        uint32_t slot = i < step->in_count ? step->in[i] : step->out[i - step->in_count];
        if (slot == TENON__NO_SLOT) continue;
        uint32_t root = f->plan->slots[slot].root;
        tenon__place *p = &f->places[root];
        if (p->base != TENON__BASE_ARENA || f->plan->slots[root].last != s) continue;
        tenon_status st = arena_give(f, p->offset, p->size_bytes, err);
        if (st) return st;
        p->size_bytes = 0; /* an operand named twice is freed once */
    }
    return TENON_OK;
}

/* A view's own name for its root's storage. Known values stay known; an address that cannot move is
 * final. */
static void bind_view(tenon__frame *f, uint32_t s)
{
    const tenon__step *step = &f->plan->steps[s];
    const tenon__view *in = f->bound[s].run.in[0];
    tenon__view *out = f->bound[s].run.out[0];
    tenon__base base = f->places[step->in[0]].base;
    f->bound[s].how = TENON__HOW_NOTHING;
    out->known = in->known;
    out->data = in->data;
    if (base == TENON__BASE_EMITTED || base == TENON__BASE_CONST)
        f->places[step->out[0]].base = TENON__BASE_EMITTED;
}

static tenon_status bind_step(tenon__frame *f, uint32_t s, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    tenon__bound *bound = &f->bound[s];
    tenon__bind b = {.phases = 1};
    bound->tiles = bound->phases = 0;
    bound->scratch_bytes = bound->work_bytes = 0;
    bound->flops = 0;
    bound->joined = false;
    bool is_view =
        (step->op->flags & TENON__OP_VIEW) != 0 && bound->run.out[0]->kind == TENON_VALUE_TENSOR;
    if (is_view) {
        bind_view(f, s);
    } else if (step->op->next) {
        bound->how = TENON__HOW_CONTROL;
    } else {
        tenon_status st = operator_bind(f, s, &b, err);
        if (st) return st;
        bool arithmetic = is_shape_arithmetic(step, &bound->run);
        bool emitted = step->out_count == 1 && bound->run.out[0]->known;
        bound->how = arithmetic || emitted || !b.tiles ? TENON__HOW_NOTHING : TENON__HOW_TILES;
        if (arithmetic && !emitted) {
            st = compute_at_once(f, s, &b, err);
            if (st) return st;
        }
    }
    for (uint32_t i = is_view ? 1 : 0; i < step->out_count; i++)
        if (bound->run.out[i]->known) f->places[step->out[i]].base = TENON__BASE_EMITTED;
    if (bound->how != TENON__HOW_TILES) return TENON_OK;
    bound->tiles = b.tiles;
    bound->phases = b.phases;
    bound->flops = b.flops;
    bound->joined = b.joined;
    f->flops += b.flops;
    bound->scratch_bytes = tenon__align_up(b.scratch_bytes, ALIGNMENT);
    if (bound->scratch_bytes > f->scratch_bytes) f->scratch_bytes = bound->scratch_bytes;
    if (b.work_bytes)
        bound->work_bytes = tenon__align_up(b.work_bytes + TENON_TENSOR_PAD_BYTES, ALIGNMENT);
    return TENON_OK;
}

/* Whether all parts of a joining step are made where they belong, so that nothing is left to do. */
static bool parts_lie(const tenon__frame *f, uint32_t s)
{
    const tenon__step *step = &f->plan->steps[s];
    const tenon__place *whole = &f->places[step->out[0]];
    size_t offset = whole->offset, bytes;
    if (!f->bound[s].joined || whole->base != TENON__BASE_ARENA) return false;
    for (uint32_t i = 0; i < step->in_count; i++, offset += bytes) {
        bytes = 0;
        if (step->in[i] == TENON__NO_SLOT) continue;
        const uint32_t root = f->plan->slots[step->in[i]].root;
        const tenon__place *p = &f->places[root];
        if (!tenon__view_bytes(&f->views[step->in[i]], &bytes)) return false;
        if (bytes && (f->plan->slots[root].join != s || p->base != TENON__BASE_ARENA ||
                      p->size_bytes || p->offset != offset))
            return false;
    }
    return true;
}

static tenon_status place_step(tenon__frame *f, uint32_t s, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    tenon__bound *bound = &f->bound[s];
    const bool is_view =
        (step->op->flags & TENON__OP_VIEW) != 0 && bound->run.out[0]->kind == TENON_VALUE_TENSOR;
    tenon_status st = TENON_OK;
    for (uint32_t i = is_view ? 1 : 0; i < step->out_count && st == TENON_OK; i++)
        st = place_output(f, s, i, err);
    if (st == TENON_OK && bound->work_bytes) {
        st = arena_take(f, bound->work_bytes, &bound->work_offset, err);
        if (st == TENON_OK) st = arena_give(f, bound->work_offset, bound->work_bytes, err);
    }
    if (st) return st;
    if (parts_lie(f, s)) bound->how = TENON__HOW_NOTHING;
    return free_behind(f, s, err);
}

static tenon_status grow_arena(tenon__frame *f, bool keep, tenon_error *err)
{
    if (f->arena_need <= f->arena_bytes) return TENON_OK;
    void *block = f->arena;
    size_t old = f->arena_bytes;
    tenon_status st = tenon__frame_take(f, old, f->arena_need, &block, keep, err);
    f->arena = block;
    f->arena_bytes = block ? (st ? old : f->arena_need) : 0;
    return st;
}

/* Steps from `from` on whose sizes are known, up to *end. */
static tenon_status bind_steps(tenon__frame *f, uint32_t from, uint32_t *end, tenon_error *err)
{
    for (*end = from; *end < f->plan->step_count; ++*end) {
        const tenon__step *step = &f->plan->steps[*end];
        bool wait;
        tenon_status st = infer_step(f, *end, &wait, err);
        if (st == TENON_OK && wait && *end == from && from == f->step && f->running && !f->steady)
            st = tenon__fail(err, TENON_EINTERNAL, "a size stays unknown");
        if (st == TENON_OK && wait) return TENON_OK;
        if (st == TENON_OK) st = bind_step(f, *end, err);
        if (st) return tenon__node_error(step->node, st, err);
        if (step->op->flags & TENON__OP_DYNAMIC) {
            ++*end;
            return TENON_OK;
        }
    }
    return TENON_OK;
}

tenon_status tenon__bind_from(tenon__frame *f, uint32_t from, tenon_error *err)
{
    uint64_t start = tenon__clock_ns();
    uint32_t end;
    tenon_status st = bind_steps(f, from, &end, err);
    if (st) return st;
    f->placing = from;
    f->bound_end = end;
    for (uint32_t s = from; s < end; s++)
        if ((st = place_step(f, s, err)) != TENON_OK)
            return tenon__node_error(f->plan->steps[s].node, st, err);
    st = grow_arena(f, from > 0, err);
    f->bind_ns = tenon__clock_ns() - start;
    f->binds++;
    return st;
}

/* ---- addresses
 * --------------------------------------------------------------------------------------------------
 */

static tenon_status resolve_slot(tenon__frame *f, uint32_t slot, tenon_error *err)
{
    tenon__place *p = &f->places[slot];
    tenon__view *v = &f->views[slot];
    if (p->base == TENON__BASE_ARENA) {
        v->data = f->arena + p->offset;
    } else if (p->base == TENON__BASE_EXTERNAL && p->user &&
               f->plan->slots[slot].role == TENON__ROLE_NODE) {
        size_t bytes;
        if (!tenon__view_bytes(v, &bytes) || bytes != p->user_bytes)
            return tenon__fail(err, TENON_ESHAPE,
                               "the memory set for an output has %zu bytes; the result has %zu",
                               p->user_bytes, bytes);
        v->data = p->user;
    }
    return TENON_OK;
}

tenon_status tenon__bind_resolve(tenon__frame *f, uint32_t from, tenon_error *err)
{
    for (uint32_t s = from; s < f->bound_end; s++) {
        const tenon__step *step = &f->plan->steps[s];
        tenon__bound *b = &f->bound[s];
        for (uint32_t i = 0; i < step->out_count; i++) {
            uint32_t slot = step->out[i], root = f->plan->slots[slot].root;
            if (root == slot) {
                tenon_status st = resolve_slot(f, slot, err);
                if (st) return tenon__node_error(step->node, st, err);
            } else if (f->places[slot].base != TENON__BASE_EMITTED) {
                f->views[slot].data = f->bound[s].run.in[0]->data;
            }
        }
        b->run.work = b->work_bytes ? f->arena + b->work_offset : NULL;
    }
    return TENON_OK;
}

/* ---- a run's start and middle
 * ----------------------------------------------------------------------------------- */

static bool note(int64_t *key, size_t *at, int64_t x)
{
    bool same = key[*at] == x;
    key[(*at)++] = x;
    return same;
}

/* Copies captures in, and compares shapes with those of the last bind, which it overwrites. */
static bool same_key(tenon__frame *f)
{
    bool same = true;
    size_t at = 0;
    for (uint32_t i = 0; i < f->plan->slot_count; i++) {
        const tenon__slot *slot = &f->plan->slots[i];
        if (slot->role == TENON__ROLE_OUTER) {
            f->views[i] = f->parent->views[slot->outer];
            f->views[i].known = false;
        } else if (slot->role != TENON__ROLE_INPUT) {
            continue;
        }
        f->views[i].known = false;
        const tenon__view *v = &f->views[i];
        same &= note(f->key, &at, v->dtype + ((int64_t)v->kind << 8) + ((int64_t)v->layout << 16));
        same &= note(f->key, &at, v->rank);
        for (int d = 0; d < TENON_MAX_RANK; d++)
            same &= note(f->key, &at, d < v->rank ? v->dims[d] : 0);
    }
    return same;
}

/* ---- segments ---- */

/* Like note, at the end of f->made or at `at` in it. */
static tenon_status note_made(tenon__frame *f, uint32_t s, tenon_error *err)
{
    const tenon__step *step = &f->plan->steps[s];
    for (uint32_t i = 0; i < step->out_count; i++) {
        const tenon__view *v = &f->views[step->out[i]];
        bool ok = tenon__vec_push(f->allocator, &f->made, v->dtype) &&
                  tenon__vec_push(f->allocator, &f->made, v->rank);
        for (int d = 0; ok && d < v->rank; d++)
            ok = tenon__vec_push(f->allocator, &f->made, v->dims[d]);
        if (!ok) return tenon__fail(err, TENON_ENOMEM, "no memory for a binding");
    }
    return TENON_OK;
}

static bool made_alike(const tenon__frame *f, uint32_t s, size_t at)
{
    const tenon__step *step = &f->plan->steps[s];
    const int64_t *made = f->made.items + at;
    for (uint32_t i = 0; i < step->out_count; i++) {
        const tenon__view *v = &f->views[step->out[i]];
        if (v->kind != TENON_VALUE_TENSOR || *made++ != v->dtype || *made++ != v->rank)
            return false;
        for (int d = 0; d < v->rank; d++)
            if (*made++ != v->dims[d]) return false;
    }
    return true;
}

/* What step `s` has made counts by its shape alone, so that the binding holds for other values.
 * Sequences and the like have none. */
static void hide_values(tenon__frame *f, uint32_t s)
{
    const tenon__step *step = &f->plan->steps[s];
    if (!(step->op->flags & TENON__OP_DYNAMIC)) return;
    for (uint32_t i = 0; i < step->out_count; i++) {
        tenon__view *v = &f->views[step->out[i]];
        v->known = false;
        f->steady &= v->kind == TENON_VALUE_TENSOR;
    }
}

static void know_values(tenon__frame *f)
{
    for (uint32_t i = 0; i < f->plan->slot_count; i++)
        if (f->plan->slots[i].role == TENON__ROLE_INPUT ||
            f->plan->slots[i].role == TENON__ROLE_OUTER)
            f->views[i].known = true;
    for (uint32_t s = 0; s < f->bound_end; s++)
        for (uint32_t i = 0; i < f->plan->steps[s].out_count; i++)
            f->views[f->plan->steps[s].out[i]].known = true;
}

/* Binds a segment: by shapes alone, or else by values too, and then for this run only. */
static tenon_status bind_segment(tenon__frame *f, uint32_t from, tenon_error *err)
{
    tenon_status st = TENON_OK;
    tenon__segment next = {.made_at = f->made.count};
    if (f->steady) {
        if (from) st = note_made(f, from - 1, err);
        if (st == TENON_OK) st = tenon__bind_from(f, from, err);
        if (st) return st;
        f->steady = f->bound_end > from || !f->running;
    }
    if (!f->steady) {
        know_values(f);
        if ((st = tenon__bind_from(f, from, err)) != TENON_OK) return st;
    }
    next.end = f->bound_end;
    f->segment = (uint32_t)f->segments.count;
    if (!tenon__vec_push(f->allocator, &f->segments, next))
        return tenon__fail(err, TENON_ENOMEM, "no memory for a binding");
    f->whole = f->steady && f->bound_end == f->plan->step_count;
    return TENON_OK;
}

static tenon_status bind_afresh(tenon__frame *f, tenon_error *err)
{
    f->is_bound = f->whole = false;
    f->holes.count = f->segments.count = f->made.count = 0;
    f->arena_need = 0;
    f->scratch_bytes = 0;
    f->flops = 0;
    f->steady = true;
    tenon__arena_reset(&f->emit);
    tenon_status st = bind_segment(f, 0, err);
    f->is_bound = st == TENON_OK;
    return st;
}

/* Where outputs that are bound later lay in the last run says nothing about this one. */
static void forget_addresses(tenon__frame *f)
{
    for (uint32_t s = f->bound_end; s < f->plan->step_count; s++)
        for (uint32_t i = 0; i < f->plan->steps[s].out_count; i++) {
            const uint32_t slot = f->plan->steps[s].out[i];
            if (f->places[slot].base != TENON__BASE_EMITTED) f->views[slot].data = NULL;
        }
}

tenon_status tenon__frame_begin(tenon__frame *f, tenon_error *err)
{
    bool same = same_key(f);
    if (!f->parent) tenon__arena_reset(&f->strings);
    f->step = f->phase = f->tile = f->tile_end = 0;
    f->round = 0;
    f->running = false;
    if (!same || !f->is_bound || !f->whole) {
        tenon_status st = bind_afresh(f, err);
        if (st) return st;
    } else {
        f->segment = 0;
        f->bound_end = f->segments.items[0].end;
    }
    f->running = true;
    forget_addresses(f);
    return tenon__bind_resolve(f, 0, err);
}

tenon_status tenon__frame_continue(tenon__frame *f, tenon_error *err)
{
    const uint32_t from = f->bound_end;
    if (from) hide_values(f, from - 1);
    if (f->whole) {
        const tenon__segment *next = &f->segments.items[f->segment + 1];
        if (f->steady && made_alike(f, from - 1, next->made_at)) {
            f->segment++;
            f->bound_end = next->end;
            return tenon__bind_resolve(f, from, err);
        }
        /* Other sizes than last time: the rest of this run is laid behind everything, since what
         * was laid out for those sizes does not say what is free here; the next run binds anew. */
        f->whole = f->steady = false;
        f->holes.count = 0;
    }
    tenon_status st = bind_segment(f, from, err);
    return st ? st : tenon__bind_resolve(f, 0, err);
}
