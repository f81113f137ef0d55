/* SPDX-License-Identifier: Apache-2.0 */
/* A frame: a plan bound to actual shapes, with an arena and a cursor. A session has one for the
 * main graph and, beneath it, one for each body of a control operator. One thread at a time. */
#ifndef TENON_EXEC_FRAME_H
#define TENON_EXEC_FRAME_H

#include "exec/plan.h"

typedef struct tenon__frame tenon__frame;

typedef enum tenon__how {
    TENON__HOW_NOTHING, /* a view, or computed while binding, or no tiles */
    TENON__HOW_TILES,
    TENON__HOW_CONTROL,
} tenon__how;

/* Memory that a control operator keeps from round to round. */
typedef struct tenon__buffer {
    void *data;
    size_t size_bytes;
} tenon__buffer;

typedef struct tenon__bound {
    tenon__run run; /* all but scratch, work, tile, phase, participant, err */
    uint32_t tiles, phases;
    tenon__how how;
    bool joined; /* its inputs lie one behind the other in its output */
    size_t scratch_bytes, work_bytes, work_offset;
    double flops;
    uint64_t runs, total_ns;
    tenon__frame **bodies; /* as step->bodies */
    TENON__VEC(tenon__buffer) buffers;
} tenon__bound;

typedef enum tenon__base {
    TENON__BASE_NONE, /* nothing to hold */
    TENON__BASE_ARENA,
    TENON__BASE_CONST,
    TENON__BASE_EXTERNAL, /* an input, a capture, or an output in the caller's memory */
    TENON__BASE_EMITTED,  /* computed while binding */
    TENON__BASE_DYNAMIC,  /* sized while running, or not a tensor */
} tenon__base;

typedef struct tenon__place {
    tenon__base base;
    size_t offset, size_bytes; /* in the arena; size with padding */
    void *block;               /* dynamic: heap memory kept from run to run */
    size_t block_bytes;
    void *user; /* an output in the caller's memory */
    size_t user_bytes;
} tenon__place;

typedef struct tenon__hole {
    size_t offset, size_bytes;
} tenon__hole;

/* Steps that were bound in one go, behind a step whose outputs are sized while it runs. */
typedef struct tenon__segment {
    uint32_t end;   /* the last step's successor */
    size_t made_at; /* in `made`: what it was bound for */
} tenon__segment;

struct tenon__frame {
    const tenon__plan *plan;
    tenon__frame *parent;
    struct tenon_env *env;
    const tenon_allocator *allocator;
    tenon__bound *bound;          /* plan->step_count */
    tenon__view *views;           /* plan->slot_count */
    tenon__place *places;         /* plan->slot_count */
    const tenon__view **operands; /* what bound[].run.in and .out point into */
    uint8_t *params;
    void **packed; /* TENON__MAX_PACKED per step, resolved at the first run */

    uint8_t *arena;
    size_t arena_bytes; /* allocated */
    size_t arena_need;  /* by what is bound */
    size_t
        limit_bytes; /* of the session's memory, this frame's share being counted in *used_bytes */
    size_t *used_bytes;   /* shared by the session's frames */
    size_t scratch_bytes; /* per participant, of what is bound */
    TENON__VEC(tenon__hole) holes;
    tenon__arena emit;    /* values computed while binding; services->alloc */
    tenon__arena strings; /* of one run */

    /* The part that is bound and may run: steps [0, bound_end). The rest waits for data. */
    uint32_t bound_end;
    uint32_t placing; /* the first of those that are placed together */
    bool is_bound;    /* for the shapes in `key` */
    bool whole;       /* all segments: the binding holds for other values of the same shapes */
    bool steady;      /* so far no size came from a value */
    TENON__VEC(tenon__segment) segments;
    uint32_t segment;         /* the one that ends at bound_end */
    TENON__VEC(int64_t) made; /* dtypes and dims of what the last steps of segments made */
    int64_t *key;             /* dtypes, ranks and dims of inputs and captures at the last bind */
    size_t key_count;

    /* The cursor. */
    uint32_t step, phase;
    uint32_t tile, tile_end; /* of the phase, what is left; an end of 0: it did not begin */
    uint64_t round;          /* of the control operator at `step` */
    bool running;
    tenon__frame *body; /* the body that ran last for the control operator at `step` */

    uint64_t binds, bind_ns;
    double flops;
};

/* A frame and those beneath it; nothing is bound. `used_bytes` counts what all frames of a session
 * hold. */
tenon_status tenon__frame_create(const tenon__plan *plan, tenon__frame *parent,
                                 struct tenon_env *env, const tenon_allocator *a,
                                 size_t limit_bytes, size_t *used_bytes, tenon__frame **out,
                                 tenon_error *err);
void tenon__frame_destroy(tenon__frame *frame);

/* Before a run: input views (dtype, dims, data, value) are in place; captures are copied from the
 * parent. Binds where the shapes are new, resolves addresses, sets the cursor to the start. */
tenon_status tenon__frame_begin(tenon__frame *frame, tenon_error *err);
/* The steps up to bound_end ran: binds on, now that their values are known. */
tenon_status tenon__frame_continue(tenon__frame *frame, tenon_error *err);
/* A dynamic output of the running step: memory for it, or a value. */
tenon_status tenon__frame_resize(tenon__frame *frame, tenon__view *out, tenon_dtype dtype, int rank,
                                 const int64_t *dims, tenon_error *err);
tenon_status tenon__frame_give(tenon__frame *frame, tenon__view *out, tenon_value *value,
                               tenon_error *err);

/* Buffer `index` of the control operator at the cursor, at least so large, its bytes kept. */
tenon_status tenon__frame_buffer(tenon__frame *frame, uint32_t index, size_t size_bytes, void **out,
                                 tenon_error *err);

/* Counted heap memory of a session: TENON_ELIMIT names the cap and the request. */
tenon_status tenon__frame_take(tenon__frame *frame, size_t old_bytes, size_t size_bytes,
                               void **block, bool keep, tenon_error *err);

/* "node 'x' (Conv)" in front of an error. */
tenon_status tenon__node_error(const tenon__node *node, tenon_status status, tenon_error *err);

#endif
