/* SPDX-License-Identifier: Apache-2.0 */
/* Binding: from actual input shapes to sizes, tiles and places in the arena. */
#ifndef TENON_EXEC_BIND_H
#define TENON_EXEC_BIND_H

#include "exec/frame.h"

/* Binds as many steps from `from` on as have what they need; sets bound_end. */
tenon_status tenon__bind_from(tenon__frame *frame, uint32_t from, tenon_error *err);
/* Addresses of what is bound, from step `from` on; cheap, before each run. */
tenon_status tenon__bind_resolve(tenon__frame *frame, uint32_t from, tenon_error *err);

/* Runs all tiles of one step here and now, memory from `temp`: shape arithmetic and constant
 * folding. */
tenon_status tenon__run_at_once(const tenon__op *op, tenon__run *run, uint32_t tiles,
                                uint32_t phases, size_t scratch_bytes, size_t work_bytes,
                                tenon__arena *temp, tenon_error *err);

#endif
