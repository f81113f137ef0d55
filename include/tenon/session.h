/* SPDX-License-Identifier: Apache-2.0 */
/* tenon_session: one running copy of a model. One thread at a time. */
#ifndef TENON_SESSION_H
#define TENON_SESSION_H

#include <tenon/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_session tenon_session;

typedef struct tenon_session_options {
    size_t size;                /* sizeof(tenon_session_options) */
    unsigned threads;           /* at most so many, the caller counted; 0: as many as the env has */
    int priority;               /* higher is served first by the env's pool */
    const tenon_cancel *cancel; /* borrowed until the session goes; may be NULL */
    uint64_t
        deadline_ns; /* for every run, on tenon_clock_ns; 0: none; see tenon_session_set_deadline */
    bool profile;    /* keep a record per step */
} tenon_session_options;

#define TENON_SESSION_OPTIONS_INIT                                                                 \
    {                                                                                              \
        sizeof(tenon_session_options), 0, 0, NULL, 0, false                                        \
    }

/* A new session; holds a reference to the model. Destroy with tenon_session_destroy. */
TENON_API TENON_CHECK tenon_status tenon_session_create(tenon_model *model,
                                                        const tenon_session_options *options,
                                                        tenon_session **out, tenon_error *err);
TENON_API void tenon_session_destroy(tenon_session *session); /* NULL is fine */

/* The tensor for an input: borrowed until the run ends (or is reset); it stays set for further
 * runs. NULL takes it off again. Errors name the input and say what would be right: TENON_ENOENT,
 * TENON_ETYPE, TENON_ESHAPE; TENON_EBUSY in the middle of a stepped run. */
TENON_API TENON_CHECK tenon_status tenon_session_set_input(tenon_session *session, const char *name,
                                                           const tenon_tensor *tensor,
                                                           tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_session_set_input_value(tenon_session *session,
                                                                 const char *name,
                                                                 const tenon_value *value,
                                                                 tenon_error *err);
/* The caller's memory for an output, borrowed until the run ends: the run writes there; its dtype
 * and dims must be those of the result (else TENON_ESHAPE / TENON_ETYPE from the run). NULL takes
 * it off again. */
TENON_API TENON_CHECK tenon_status tenon_session_set_output(tenon_session *session,
                                                            const char *name, tenon_tensor *tensor,
                                                            tenon_error *err);

/* Makes an input a state: from run to run it holds what `output` was at the end of the last one
 * (recurrent state, caches of keys and values). It starts as zeros, or with what
 * tenon_session_set_input sets, before the first run or any later one; that tensor counts for one
 * run. A run that fails, is canceled or reset leaves all states as they were. Sizes may change from
 * run to run where the input's dims are free; such a state has no zeros to start from. `output`
 * NULL: an ordinary input again, not set. TENON_ENOENT for unknown names; TENON_ETYPE where the two
 * differ in type or are no tensors of numbers; TENON_ESHAPE where they never agree in shape;
 * TENON_EBUSY in the middle of a stepped run. */
TENON_API TENON_CHECK tenon_status tenon_session_set_state(tenon_session *session,
                                                           const char *input, const char *output,
                                                           tenon_error *err);

/* Blocks until the outputs are there. TENON_ECANCELED, TENON_EDEADLINE as asked for; after any
 * error the session is as before the run and can run again. */
TENON_API TENON_CHECK tenon_status tenon_session_run(tenon_session *session, tenon_error *err);
/* Works for about budget_ns and stops between two tiles; *done says whether the outputs are there.
 * The next step goes on from where this one stopped. 0 runs exactly one tile. */
TENON_API TENON_CHECK tenon_status tenon_session_step(tenon_session *session, uint64_t budget_ns,
                                                      bool *done, tenon_error *err);
/* Gives up a stepped run in its middle; harmless otherwise. */
TENON_API void tenon_session_reset(tenon_session *session);
TENON_API void tenon_session_set_deadline(tenon_session *session,
                                          uint64_t deadline_ns); /* 0: none */

/* An output of the last run: borrowed until the next run, step or reset. TENON_ENOENT for an
 * unknown name (lists the outputs), TENON_EAGAIN before a run has ended, TENON_ETYPE where it is no
 * tensor. */
TENON_API TENON_CHECK tenon_status tenon_session_get_output(tenon_session *session,
                                                            const char *name,
                                                            const tenon_tensor **out,
                                                            tenon_error *err);
TENON_API TENON_CHECK tenon_status tenon_session_get_output_value(tenon_session *session,
                                                                  const char *name,
                                                                  const tenon_value **out,
                                                                  tenon_error *err);

/* One line of the plan, in the order of the run; text is borrowed until the session goes or is
 * bound to new shapes. */
typedef struct tenon_step_info {
    size_t size;        /* sizeof(tenon_step_info), set by the caller */
    const char *node;   /* name in the model, may be "" */
    const char *op;     /* "Conv" */
    const char *kernel; /* "conv_3x3 avx512", or "" */
    const char *layout; /* of the first output: "plain", "c16" */
    char shape[96];     /* of the first output: "float32[1,64,56,56]" */
    uint32_t tiles, phases;
    double flops; /* one multiply-add is 2; 0 where unknown */
    uint64_t arena_offset_bytes, output_bytes, scratch_bytes;
    uint64_t runs, total_ns; /* with options.profile */
} tenon_step_info;
/* Steps as last bound, those of bodies (If, Loop, Scan) behind the step that runs them; 0 before
 * the first run. */
TENON_API size_t tenon_session_step_count(const tenon_session *session);
TENON_API tenon_status tenon_session_step_get(const tenon_session *session, size_t index,
                                              tenon_step_info *out);

typedef struct tenon_session_info {
    size_t size;            /* sizeof(tenon_session_info), set by the caller */
    uint64_t arena_bytes;   /* activations */
    uint64_t scratch_bytes; /* all participants together */
    uint64_t binds;         /* how often shapes were bound */
    uint64_t bind_ns;       /* what the last one took */
    double flops;           /* of a run as last bound */
    unsigned threads;
} tenon_session_info;
TENON_API tenon_status tenon_session_info_get(const tenon_session *session,
                                              tenon_session_info *out);

#ifdef __cplusplus
}
#endif
#endif
