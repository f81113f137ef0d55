/* SPDX-License-Identifier: Apache-2.0 */
/* A plan: the flat list of steps that the executor runs. Made by src/plan, immutable but for the
 * packed copies, which are filled once, before the first run. Holds no address of anything that
 * moves: operands are slots, which a frame places. */
#ifndef TENON_EXEC_PLAN_H
#define TENON_EXEC_PLAN_H

#include <pthread.h>
#include <stdatomic.h>

#include "graph/op.h"

typedef struct tenon__plan tenon__plan;

#define TENON__NO_SLOT UINT32_MAX
#define TENON__FOREVER UINT32_MAX /* `last` of a slot that outlives the run */

/* A value as steps see it. */
typedef struct tenon__slot {
    tenon__view view; /* constants: whole. Others: what is known before binding */
    tenon__role role;
    uint32_t root; /* the slot whose storage it shares (TENON__OP_VIEW), or itself */
    uint32_t last; /* of a root: the last step that reads it or a view of it; TENON__FOREVER for
                      outputs */
    uint32_t join; /* of a root: the step that may have it made within its output (TENON__OP_JOINS),
                      which lives longer; TENON__NO_SLOT if none */
    uint32_t outer;        /* TENON__ROLE_OUTER: the slot in the parent's plan */
    tenon__value_id value; /* in the graph; for names */
    bool settled;          /* constant: copied to where kernels may read it */
} tenon__slot;

/* A pack function sees at most so many of its step's inputs. */
#define TENON__MAX_PACK_INPUTS 16

struct tenon__step;

typedef struct tenon__packed {
    const void
        *source; /* what it was packed from: with its shape, `variant` and `op` its identity */
    const tenon__view *view; /* of the source */
    const tenon__op *op;
    uint64_t variant;
    size_t size_bytes;
    uint32_t tiles;
    const tenon__plan *plan;         /* where `owner` is: the main plan or a body */
    const struct tenon__step *owner; /* the step that packs it, for all that share it */
    tenon__pack_fn pack;
    size_t offset; /* in the main plan's packed_block */
    size_t source_bytes;
    bool only; /* nothing else reads the source: its pages can go */
} tenon__packed;

typedef struct tenon__step {
    const tenon__op *op;
    const tenon__node *node;
    const void *attrs;
    void *prepared;
    const char *kernel;
    uint32_t in_count, out_count;
    uint32_t *in,
        *out; /* slots; an absent input is TENON__NO_SLOT, an unused output has a slot of its own */
    uint32_t packed[TENON__MAX_PACKED]; /* index into plan->packed, TENON__NO_SLOT if unused */
    size_t params_offset;
    tenon__plan *
        *bodies; /* of control operators, in order of op->bodies; NULL entries where absent */
    uint32_t body_count;
} tenon__step;

struct tenon__plan {
    const tenon_allocator *allocator;
    tenon__arena arena; /* everything below but the packed copies */
    const tenon__graph *graph;
    tenon__plan *parent;
    tenon__cpu_bits cpu;
    tenon__step *steps;
    uint32_t step_count;
    tenon__slot *slots;
    uint32_t slot_count;
    uint32_t *inputs, *outputs; /* slots; an input that nothing reads has one too */
    uint32_t input_count, output_count;
    uint32_t operand_count; /* sum of in_count and out_count */
    size_t params_bytes;
    tenon__packed *packed; /* of the main plan: its bodies' are in it too */
    uint32_t packed_count;
    size_t packed_room; /* for them all, each with its padding */
    uint32_t depth;     /* of nested bodies beneath */

    /* Packing: run once, by whoever comes first. */
    pthread_mutex_t pack_lock;
    atomic_bool pack_done;
    uint32_t pack_next;           /* under the lock, as are */
    uint32_t pack_tile, pack_end; /* what is left of it; an end of 0: it did not begin */
    uint8_t *packed_block;        /* NULL until the first is packed */
    atomic_size_t packed_bytes;   /* made so far */
    void (*discard)(void *ctx, const void *data,
                    size_t size_bytes); /* the source's pages are not needed any more */
    void *discard_ctx;
};

/* The plan that holds the packed copies. */
static inline const tenon__plan *tenon__plan_main(const tenon__plan *plan)
{
    while (plan->parent)
        plan = plan->parent;
    return plan;
}

#endif
