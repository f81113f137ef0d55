/* SPDX-License-Identifier: Apache-2.0 */
/* The operators' test driver: see ops/driver.h. */
#include "ops/driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "tensor/convert.h"

#define MAX_ATTRS 32

typedef struct operand {
    bool absent, constant, blocked;
    tenon__view plain; /* aligned; not readable past its end, unless constant */
    test_block memory; /* of plain */
    test_block odd;    /* constants: the same at an odd address, as files have them */
    tenon__view seen;  /* what the operator gets: plain, or a copy in blocks */
    test_block blocked_memory;
} operand;

struct driver {
    const tenon__op *op;
    tenon__arena arena;
    tenon__graph graph;
    tenon__node node;
    tenon__attr attrs[MAX_ATTRS];
    tenon__value_id ids[2 * DRIVER_MAX];
    operand inputs[DRIVER_MAX];
    uint32_t input_count, output_count;
    int inplace;      /* input, -1 none */
    double tolerance; /* 0: the class's */
    struct tenon_env *env;

    /* of the last run */
    tenon__view outs[DRIVER_MAX];   /* as the operator left them */
    tenon__view answer[DRIVER_MAX]; /* plain */
    test_block out_memory[DRIVER_MAX], answer_memory[DRIVER_MAX];
    char kernel[64];
    uint32_t tiles;
    tenon_value *given[DRIVER_MAX];
};

/* ---- building ---- */

static size_t storage_bytes(const tenon__view *v, const char *what)
{
    size_t size_bytes = 0;
    if (!tenon__view_bytes(v, &size_bytes)) {
        char text[200];
        fail_msg("%s has no size: %s", what, tenon__view_print(v, text, sizeof text));
    }
    return size_bytes;
}

driver *driver_create(const char *name, int opset)
{
    driver *d = test_block_must(calloc(1, sizeof *d));
    const tenon_allocator *a = tenon__allocator_default();
    d->op = tenon__op_find(name);
    if (!d->op) fail_msg("no operator '%s'", name);
    tenon__arena_init(&d->arena, a, 0);
    d->graph.allocator = a;
    d->graph.arena = &d->arena;
    d->graph.opset = opset;
    d->node.op = d->op;
    d->node.kind = tenon__str_of(d->op->name);
    d->node.opset = opset;
    d->node.attrs = d->attrs;
    d->node.inputs = d->ids;
    d->node.outputs = d->ids + DRIVER_MAX;
    d->output_count = 1;
    d->inplace = -1;
    return d;
}

static void outputs_free(driver *d)
{
    for (uint32_t i = 0; i < DRIVER_MAX; i++) {
        test_block_free(&d->out_memory[i]);
        test_block_free(&d->answer_memory[i]);
        tenon_value_destroy(d->given[i]);
        d->given[i] = NULL;
    }
}

void driver_destroy(driver *d)
{
    if (!d) return;
    outputs_free(d);
    for (uint32_t i = 0; i < d->input_count; i++) {
        test_block_free(&d->inputs[i].memory);
        test_block_free(&d->inputs[i].odd);
        test_block_free(&d->inputs[i].blocked_memory);
    }
    tenon__arena_fini(&d->arena);
    free(d);
}

static tenon__attr *attr(driver *d, const char *name, tenon__attr_type type)
{
    if (d->node.attr_count == MAX_ATTRS) fail_msg("too many attributes");
    tenon__attr *a = &d->attrs[d->node.attr_count++];
    *a = (tenon__attr){.name = tenon__str_of(name), .type = type};
    return a;
}

static void *kept(driver *d, const void *data, size_t count, size_t elem_bytes)
{
    void *copy = test_block_must(tenon__arena_zeroed(&d->arena, count ? count : 1, elem_bytes));
    if (count) memcpy(copy, data, count * elem_bytes);
    return copy;
}

void driver_int(driver *d, const char *name, int64_t value)
{
    attr(d, name, TENON__ATTR_INT)->i = value;
}

void driver_float(driver *d, const char *name, float value)
{
    attr(d, name, TENON__ATTR_FLOAT)->f = value;
}

void driver_text(driver *d, const char *name, const char *value)
{
    size_t size = strlen(value);
    attr(d, name, TENON__ATTR_STRING)->s = (tenon__str){kept(d, value, size, 1), size};
}

void driver_ints(driver *d, const char *name, size_t count, const int64_t *values)
{
    tenon__attr *a = attr(d, name, TENON__ATTR_INTS);
    a->ints = kept(d, values, count, sizeof *values);
    a->count = count;
}

void driver_floats(driver *d, const char *name, size_t count, const float *values)
{
    tenon__attr *a = attr(d, name, TENON__ATTR_FLOATS);
    a->floats = kept(d, values, count, sizeof *values);
    a->count = count;
}

void driver_texts(driver *d, const char *name, size_t count, const char *const *values)
{
    tenon__attr *a = attr(d, name, TENON__ATTR_STRINGS);
    tenon__str *texts =
        test_block_must(tenon__arena_zeroed(&d->arena, count ? count : 1, sizeof *texts));
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(values[i]);
        texts[i] = (tenon__str){kept(d, values[i], size, 1), size};
    }
    a->strings = texts;
    a->count = count;
}

void driver_tensor(driver *d, const char *name, tenon_dtype dtype, int rank, const int64_t *dims,
                   const void *data)
{
    tenon__view *v = test_block_must(tenon__arena_zeroed(&d->arena, 1, sizeof *v));
    tenon__view_set(v, dtype, rank, dims);
    v->data = kept(d, data, storage_bytes(v, name), 1);
    v->known = true;
    attr(d, name, TENON__ATTR_TENSOR)->tensor = v;
}

static operand *next_input(driver *d)
{
    if (d->input_count == DRIVER_MAX) fail_msg("too many inputs");
    return &d->inputs[d->input_count++];
}

static void add_input(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, const void *data,
                      bool constant)
{
    operand *o = next_input(d);
    tenon__view_set(&o->plain, dtype, rank, dims);
    size_t size_bytes = storage_bytes(&o->plain, "an input");
    o->constant = constant;
    o->memory = test_block_make(size_bytes, test_block_offset(dtype),
                                constant ? TENON_TENSOR_PAD_BYTES : 0);
    if (constant) {
        o->odd = test_block_make(size_bytes, 1, TENON_TENSOR_PAD_BYTES);
        memset(o->memory.data + size_bytes, TEST_POISON, TENON_TENSOR_PAD_BYTES);
        memset(o->odd.data + size_bytes, TEST_POISON, TENON_TENSOR_PAD_BYTES);
    }
    if (size_bytes && data) {
        memcpy(o->memory.data, data, size_bytes);
        if (constant) memcpy(o->odd.data, data, size_bytes);
    }
    o->plain.data = o->memory.data;
    o->seen = o->plain;
}

void driver_input(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, const void *data)
{
    add_input(d, dtype, rank, dims, data, false);
}

void driver_const(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, const void *data)
{
    add_input(d, dtype, rank, dims, data, true);
}

void driver_absent(driver *d)
{
    next_input(d)->absent = true;
}

static void add_random(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, double low,
                       double high, bool constant)
{
    tenon__view v = {0}, wide = {0};
    tenon__view_set(&v, dtype, rank, dims);
    tenon__view_set(&wide, TENON_F64, rank, dims);
    int64_t count = tenon__view_count(&v);
    double *values = test_block_must(malloc(storage_bytes(&wide, "an input") + 1));
    void *data = test_block_must(malloc(storage_bytes(&v, "an input") + 1));
    bool real = dtype == TENON_F32 || dtype == TENON_F64 || dtype == TENON_F16 ||
                dtype == TENON_BF16 || (dtype >= TENON_F8E4M3FN && dtype <= TENON_F8E8M0) ||
                dtype == TENON_F4E2M1;
    for (int64_t i = 0; i < count; i++) {
        values[i] = test_random_real(low, high);
        if (dtype == TENON_BOOL)
            values[i] = (double)(test_random() & 1);
        else if (!real)
            values[i] = floor(values[i]);
    }
    tenon_error err;
    if (tenon__convert(TENON_F64, values, dtype, data, 0, (size_t)count, true, &err))
        fail_msg("random %s: %s", tenon_dtype_text(dtype), err.message);
    add_input(d, dtype, rank, dims, data, constant);
    free(values);
    free(data);
}

void driver_random(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, double low,
                   double high)
{
    add_random(d, dtype, rank, dims, low, high, false);
}

void driver_random_const(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, double low,
                         double high)
{
    add_random(d, dtype, rank, dims, low, high, true);
}

/* Between plain [N, C, S] and [N, ceil(C / 16), S, 16] f32; lanes past C are NaN. */
static void to_blocks(const tenon__view *v, const float *plain, float *blocks)
{
    int64_t n = v->dims[0], c = v->dims[1], s = tenon__dims_product(v->dims, 2, v->rank);
    int64_t padded = (c + TENON__BLOCK - 1) / TENON__BLOCK * TENON__BLOCK;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < padded; k++)
            for (int64_t j = 0; j < s; j++) {
                float *to =
                    blocks +
                    ((i * padded / TENON__BLOCK + k / TENON__BLOCK) * s + j) * TENON__BLOCK +
                    k % TENON__BLOCK;
                *to = k < c ? plain[(i * c + k) * s + j] : NAN;
            }
}

static void from_blocks(const tenon__view *v, const float *blocks, float *plain)
{
    int64_t n = v->dims[0], c = v->dims[1], s = tenon__dims_product(v->dims, 2, v->rank);
    int64_t groups = (c + TENON__BLOCK - 1) / TENON__BLOCK;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < c; k++)
            for (int64_t j = 0; j < s; j++)
                plain[(i * c + k) * s + j] =
                    blocks[((i * groups + k / TENON__BLOCK) * s + j) * TENON__BLOCK +
                           k % TENON__BLOCK];
}

void driver_blocked(driver *d)
{
    operand *o = d->input_count ? &d->inputs[d->input_count - 1] : NULL;
    if (!o || o->plain.dtype != TENON_F32 || o->plain.rank < 2)
        fail_msg("only float32 of rank 2 and more comes in blocks");
    o->blocked = true;
    o->seen.layout = TENON__C16;
    o->blocked_memory = test_block_make(storage_bytes(&o->seen, "a blocked input"), 0, 0);
    o->seen.data = o->blocked_memory.data;
    to_blocks(&o->plain, o->plain.data, o->seen.data);
}

void driver_outputs(driver *d, uint32_t count)
{
    if (count > DRIVER_MAX) fail_msg("too many outputs");
    d->output_count = count;
}

void driver_inplace(driver *d, uint32_t i)
{
    d->inplace = (int)i;
}

void driver_env(driver *d, struct tenon_env *env)
{
    d->env = env;
}

void driver_tolerance(driver *d, double tolerance)
{
    d->tolerance = tolerance;
}

/* ---- running ---- */

/* One way through the operator's life: as it will run, or plain for ref. */
typedef struct passage {
    driver *d;
    tenon__cpu_bits cpu;
    bool plain; /* everything in plain layout; by `ref` where there is one */
    tenon__view ins[DRIVER_MAX];
    const tenon__view *in[DRIVER_MAX];
    tenon__view out[DRIVER_MAX];
    const tenon__view *out_const[DRIVER_MAX];
    tenon__view *out_mutable[DRIVER_MAX];
    void *attrs, *prepared, *params;
    test_block out_memory[DRIVER_MAX];
    test_block packed_memory[TENON__MAX_PACKED], scratch, work;
    void *packed[TENON__MAX_PACKED];
    const char *kernel;
    tenon__bind bound;
    tenon_value *given[DRIVER_MAX];
} passage;

static void *alloc_service(void *ctx, size_t size_bytes)
{
    passage *p = ctx;
    return tenon__arena_alloc(&p->d->arena, size_bytes ? size_bytes : 1);
}

static uint32_t output_index(const passage *p, const tenon__view *out)
{
    for (uint32_t i = 0; i < p->d->output_count; i++)
        if (&p->out[i] == out) return i;
    fail_msg("a service was asked for something that is no output");
    return 0;
}

static tenon_status resize_service(void *ctx, tenon__view *out, tenon_dtype dtype, int rank,
                                   const int64_t *dims, tenon_error *err)
{
    passage *p = ctx;
    uint32_t i = output_index(p, out);
    (void)err;
    if (!(p->d->op->flags & TENON__OP_DYNAMIC)) fail_msg("resize without TENON__OP_DYNAMIC");
    test_block_free(&p->out_memory[i]);
    tenon__view_set(out, dtype, rank, dims);
    p->out_memory[i] =
        test_block_guarded(storage_bytes(out, "a resized output"), test_block_offset(dtype));
    out->data = p->out_memory[i].data;
    return TENON_OK;
}

static tenon_status give_service(void *ctx, tenon__view *out, tenon_value *value, tenon_error *err)
{
    passage *p = ctx;
    uint32_t i = output_index(p, out);
    (void)err;
    tenon_value_destroy(p->given[i]);
    p->given[i] = value;
    out->value = value;
    return TENON_OK;
}

static void passage_free(passage *p)
{
    for (uint32_t i = 0; i < DRIVER_MAX; i++) {
        test_block_free(&p->out_memory[i]);
        tenon_value_destroy(p->given[i]);
    }
    for (uint32_t i = 0; i < TENON__MAX_PACKED; i++)
        test_block_free(&p->packed_memory[i]);
    test_block_free(&p->scratch);
    test_block_free(&p->work);
    free(p->attrs);
    free(p->prepared);
    free(p->params);
}

static void reset_outputs(passage *p)
{
    for (uint32_t i = 0; i < p->d->output_count; i++) {
        p->out[i] = (tenon__view){.rank = TENON__RANK_UNKNOWN};
        p->out_const[i] = p->out_mutable[i] = &p->out[i];
    }
}

static tenon_status infer(passage *p, bool binding, tenon_error *err)
{
    const driver *d = p->d;
    reset_outputs(p);
    tenon__infer c = {.node = &d->node,
                      .attrs = p->attrs,
                      .in_count = d->input_count,
                      .out_count = d->output_count,
                      .in = p->in,
                      .out = p->out_mutable,
                      .binding = binding,
                      .missing = -1,
                      .emit = &p->d->arena,
                      .err = err};
    tenon_status status = d->op->infer(&c);
    if (status == TENON_EAGAIN && (c.missing < 0 || c.missing >= (int)d->input_count))
        fail_msg("infer returned TENON_EAGAIN but asked for no input");
    return status;
}

/* What the plan sees at load: constants (at odd addresses) and otherwise nothing but types, twice.
 */
static tenon_status load(passage *p, tenon_error *err)
{
    driver *d = p->d;
    for (int ranked = 0; ranked < 2; ranked++) {
        for (uint32_t i = 0; i < d->input_count; i++) {
            const operand *o = &d->inputs[i];
            p->in[i] = o->absent ? NULL : &p->ins[i];
            p->ins[i] = p->plain ? o->plain : o->seen;
            if (o->constant) {
                p->ins[i].data = o->odd.data;
                p->ins[i].layout = TENON__PLAIN;
                p->ins[i].known = true;
                continue;
            }
            p->ins[i].data = NULL;
            p->ins[i].layout = TENON__PLAIN;
            for (int k = 0; k < o->plain.rank; k++)
                p->ins[i].dims[k] = TENON__DIM_UNKNOWN;
            if (!ranked) p->ins[i].rank = TENON__RANK_UNKNOWN;
        }
        tenon_status status = infer(p, false, err);
        if (status && status != TENON_EAGAIN) return status;
    }
    return TENON_OK;
}

static tenon_status prepare(passage *p, tenon_error *err)
{
    driver *d = p->d;
    if (!d->op->prepare) return TENON_OK;
    tenon__prepare c = {.node = &d->node,
                        .attrs = p->attrs,
                        .prepared = p->prepared,
                        .in_count = d->input_count,
                        .out_count = d->output_count,
                        .in = p->in,
                        .out = p->out_const,
                        .cpu = p->cpu,
                        .accuracy = TENON__STANDARD,
                        .err = err};
    tenon_status status = d->op->prepare(&c);
    if (status) return status;
    p->kernel = c.kernel;
    for (uint32_t slot = 0; slot < TENON__MAX_PACKED; slot++) {
        if (!c.packed[slot].size_bytes) continue;
        if (c.packed[slot].input >= d->input_count || !d->inputs[c.packed[slot].input].constant)
            fail_msg("packed copy %u stands for input %u, which is no constant", slot,
                     c.packed[slot].input);
        p->packed_memory[slot] = test_block_guarded(c.packed[slot].size_bytes, 0);
        p->packed[slot] = p->packed_memory[slot].data;
        for (uint32_t tile = c.packed[slot].tiles; tile-- > 0;) { /* any order will do */
            tenon__pack pack = {.node = &d->node,
                                .attrs = p->attrs,
                                .prepared = p->prepared,
                                .in = p->in,
                                .dst = p->packed[slot],
                                .tile = tile,
                                .err = err};
            status = c.packed[slot].pack(&pack);
            if (status) return status;
        }
        test_block_check(&p->packed_memory[slot], "packed copy", slot);
    }
    return TENON_OK;
}

/* Input views as they are at bind and run: constants aligned, data there. */
static void place_inputs(passage *p)
{
    driver *d = p->d;
    for (uint32_t i = 0; i < d->input_count; i++) {
        const operand *o = &d->inputs[i];
        if (o->absent) continue;
        p->ins[i] = p->plain ? o->plain : o->seen;
        p->ins[i].known = o->constant;
        if (!o->constant) p->ins[i].data = NULL;
    }
}

static void reveal_inputs(passage *p)
{
    driver *d = p->d;
    for (uint32_t i = 0; i < d->input_count; i++) {
        const operand *o = &d->inputs[i];
        p->ins[i].data = p->plain ? o->plain.data : o->seen.data;
        p->ins[i].known = true;
    }
}

static void place_outputs(passage *p)
{
    driver *d = p->d;
    for (uint32_t i = 0; i < d->output_count; i++) {
        tenon__view *v = &p->out[i];
        if ((d->op->flags & TENON__OP_DYNAMIC) || v->kind != TENON_VALUE_TENSOR || v->known)
            continue;
        if (v->dtype == TENON_NONE || !tenon__dims_known(v))
            fail_msg("output %u is not known after infer with everything known", i);
        size_t size_bytes = storage_bytes(v, "an output");
        p->out_memory[i] = test_block_guarded(size_bytes, test_block_offset(v->dtype));
        v->data = p->out_memory[i].data;
        if (i == 0 && d->inplace >= 0 && !p->plain) {
            const tenon__view *from = &p->ins[d->inplace];
            if (!(d->op->flags & TENON__OP_INPLACE))
                fail_msg("%s may not run in place", d->op->name);
            if (storage_bytes(from, "an input") != size_bytes)
                fail_msg("input %d and the output differ in size", d->inplace);
            if (size_bytes) memcpy(v->data, from->data, size_bytes);
            p->ins[d->inplace].data = v->data;
        }
    }
}

static tenon_status bind(passage *p, tenon_error *err)
{
    driver *d = p->d;
    tenon__bind c = {.node = &d->node,
                     .attrs = p->attrs,
                     .prepared = p->prepared,
                     .params = p->params,
                     .in_count = d->input_count,
                     .out_count = d->output_count,
                     .in = p->in,
                     .out = p->out_const,
                     .cpu = p->cpu,
                     .tiles = 1,
                     .phases = 1,
                     .err = err};
    tenon_status status = d->op->bind ? d->op->bind(&c) : TENON_OK;
    p->bound = c;
    return status;
}

static tenon_status run_tiles(passage *p, tenon_error *err)
{
    static const tenon__services services_of = {
        .alloc = alloc_service, .resize = resize_service, .give = give_service};
    driver *d = p->d;
    tenon__services services = services_of;
    services.ctx = p;
    services.env = d->env;
    p->scratch = test_block_guarded(p->bound.scratch_bytes, 0);
    p->work = test_block_guarded(p->bound.work_bytes, 0);
    tenon__run r = {.node = &d->node,
                    .attrs = p->attrs,
                    .prepared = p->prepared,
                    .params = p->params,
                    .packed = p->packed,
                    .in_count = d->input_count,
                    .out_count = d->output_count,
                    .in = p->in,
                    .out = p->out_mutable,
                    .scratch = p->scratch.data,
                    .work = p->work.data,
                    .services = &services,
                    .err = err};
    if (p->plain && d->op->ref) return d->op->ref(&r);
    for (r.phase = 0; r.phase < p->bound.phases; r.phase++) {
        uint32_t tiles = d->op->tiles ? d->op->tiles(p->params, r.phase) : p->bound.tiles;
        uint32_t *order = test_block_must(malloc((tiles + 1) * sizeof *order));
        for (uint32_t i = 0; i < tiles; i++)
            order[i] = i;
        for (uint32_t i = tiles; i-- > 1;) {
            uint32_t j = (uint32_t)test_random_in(0, i), t = order[i];
            order[i] = order[j];
            order[j] = t;
        }
        tenon_status status = TENON_OK;
        for (uint32_t i = 0; i < tiles && !status; i++) {
            r.tile = order[i];
            memset(p->scratch.data, TEST_POISON, p->scratch.size_bytes);
            status = d->op->run(&r);
            test_block_check(&p->scratch, "scratch of tile", r.tile);
        }
        free(order);
        if (status) return status;
    }
    test_block_check(&p->work, "work", 0);
    return TENON_OK;
}

static bool all_known(const passage *p)
{
    for (uint32_t i = 0; i < p->d->output_count; i++)
        if (!p->out[i].known) return false;
    return p->d->output_count > 0;
}

static tenon_status execute(passage *p, tenon_error *err)
{
    driver *d = p->d;
    place_inputs(p);
    tenon_status status = infer(p, true, err);
    if (status == TENON_EAGAIN) {
        reveal_inputs(p);
        status = infer(p, true, err);
        if (status == TENON_EAGAIN) fail_msg("infer returned TENON_EAGAIN with every value known");
    }
    if (status) return status;
    if (all_known(p)) return TENON_OK;
    reveal_inputs(p);
    place_outputs(p);
    if ((d->op->flags & TENON__OP_VIEW) && p->out[0].kind == TENON_VALUE_TENSOR) {
        size_t from = storage_bytes(&p->ins[0], "an input");
        if (from != storage_bytes(&p->out[0], "an output"))
            fail_msg("a view has the bytes of its input, these differ in size");
        if (from) memcpy(p->out[0].data, p->ins[0].data, from);
        return TENON_OK;
    }
    status = bind(p, err);
    return status ? status : run_tiles(p, err);
}

/* read, infer at load, prepare, pack; then infer, bind and run. */
static tenon_status passage_run(passage *p, tenon_error *err)
{
    driver *d = p->d;
    d->node.input_count = d->input_count;
    d->node.output_count = d->output_count;
    for (uint32_t i = 0; i < d->input_count; i++)
        d->ids[i] = d->inputs[i].absent ? TENON__NO_VALUE : i;
    for (uint32_t i = 0; i < d->output_count; i++)
        d->ids[DRIVER_MAX + i] = d->input_count + i;
    if (d->op->expand || d->op->next)
        fail_msg("%s is expanded or control flow: not for this driver", d->op->name);
    p->attrs = test_block_must(calloc(1, d->op->attrs_bytes + 1));
    p->prepared = test_block_must(calloc(1, d->op->prepared_bytes + 1));
    p->params = test_block_must(malloc(d->op->params_bytes + 1));
    memset(p->params, 0x55, d->op->params_bytes + 1); /* as if bound before */
    d->node.parsed = p->attrs;
    tenon_status status = d->op->read ? d->op->read(&d->graph, &d->node, p->attrs, err) : TENON_OK;
    if (!status) status = load(p, err);
    if (!status) status = prepare(p, err);
    if (!status) status = execute(p, err);
    for (uint32_t i = 0; !status && i < d->output_count; i++)
        if (p->out_memory[i].guarded) test_block_check(&p->out_memory[i], "output", i);
    return status;
}

/* Moves a passage's outputs into d, plain. */
static void keep_outputs(driver *d, passage *p)
{
    outputs_free(d);
    for (uint32_t i = 0; i < d->output_count; i++) {
        d->outs[i] = d->answer[i] = p->out[i];
        d->out_memory[i] = p->out_memory[i];
        p->out_memory[i] = (test_block){0};
        d->given[i] = p->given[i];
        p->given[i] = NULL;
        if (d->outs[i].layout == TENON__C16) {
            d->answer[i].layout = TENON__PLAIN;
            d->answer_memory[i] = test_block_make(storage_bytes(&d->answer[i], "an output"), 0, 0);
            d->answer[i].data = d->answer_memory[i].data;
            from_blocks(&d->answer[i], d->outs[i].data, d->answer[i].data);
        }
    }
}

tenon_status driver_run(driver *d, tenon__cpu_bits cpu, tenon_error *err)
{
    passage p = {.d = d, .cpu = cpu};
    tenon_error local;
    tenon_status status = passage_run(&p, err ? err : &local);
    d->tiles = p.bound.tiles;
    (void)snprintf(d->kernel, sizeof d->kernel, "%s", p.kernel ? p.kernel : "");
    if (!status) keep_outputs(d, &p);
    passage_free(&p);
    return status;
}

const tenon__view *driver_output(driver *d, uint32_t i)
{
    return &d->answer[i];
}

const char *driver_kernel(const driver *d)
{
    return d->kernel;
}

uint32_t driver_tiles(const driver *d)
{
    return d->tiles;
}

/* ---- comparing ---- */

static void compare_views(driver *d, const char *what, uint32_t i, const tenon__view *got,
                          const tenon__view *wanted)
{
    char label[160], a[200], b[200];
    (void)snprintf(label, sizeof label, "%s: output %u of %s (%s)", what, i, d->op->name,
                   d->kernel);
    bool agrees = got->dtype == wanted->dtype && got->rank == wanted->rank;
    for (int k = 0; agrees && k < wanted->rank; k++)
        agrees = got->dims[k] == wanted->dims[k];
    if (!agrees)
        fail_msg("%s is %s, wanted %s", label, tenon__view_print(got, a, sizeof a),
                 tenon__view_print(wanted, b, sizeof b));
    driver_compare(label, got->dtype, got->data, wanted->data, tenon__view_count(got),
                   d->op->accuracy, d->tolerance);
}

void driver_expect(driver *d, uint32_t i, tenon_dtype dtype, int rank, const int64_t *dims,
                   const void *data)
{
    tenon__view wanted = {0};
    test_block copy;
    tenon__view_set(&wanted, dtype, rank, dims);
    size_t size_bytes = storage_bytes(&wanted, "what is wanted");
    copy = test_block_make(size_bytes, 0, 0);
    if (size_bytes) memcpy(copy.data, data, size_bytes);
    wanted.data = copy.data;
    compare_views(d, "expected", i, &d->answer[i], &wanted);
    test_block_free(&copy);
}

void driver_check(driver *d)
{
    tenon__cpu_bits have = tenon__cpu_detect();
    tenon__cpu_bits levels[] = {have,
                                have & (TENON__CPU_AVX2 | TENON__CPU_AVX512 | TENON__CPU_NEON),
                                have & TENON__CPU_AVX2, 0};
    tenon_error err;
    passage ref = {.d = d, .plain = true};
    if (passage_run(&ref, &err)) fail_msg("%s: ref: %s", d->op->name, err.message);
    for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
        if (k > 0 && levels[k] == levels[k - 1]) continue;
        if (driver_run(d, levels[k], &err)) fail_msg("%s: %s", d->op->name, err.message);
        for (uint32_t i = 0; i < d->output_count; i++)
            if (d->answer[i].kind == TENON_VALUE_TENSOR)
                compare_views(d, "ref", i, &d->answer[i], &ref.out[i]);
    }
    passage_free(&ref);
}

void driver_refuse(driver *d, tenon_status status, const char *text)
{
    tenon_error err = {0};
    tenon_status got = driver_run(d, tenon__cpu_detect(), &err);
    if (got != status)
        fail_msg("%s: %s (%s), wanted %s", d->op->name, tenon_status_name(got),
                 got ? err.message : "it ran", tenon_status_name(status));
    if (!strstr(err.message, text))
        fail_msg("%s: \"%s\" does not say \"%s\"", d->op->name, err.message, text);
}
