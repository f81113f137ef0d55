/* SPDX-License-Identifier: Apache-2.0 */
/* Packing: the run-once steps of a plan, before the first run of whichever session comes first. */
#ifndef TENON_EXEC_PACK_H
#define TENON_EXEC_PACK_H

#include "exec/executor.h"

/* Packs what is not packed yet, under the executor's budget, cancel and deadline: TENON_EAGAIN
 * where the budget is spent. Then points the frames at the copies. Cheap once done. */
tenon_status tenon__pack_run(tenon__exec *x, tenon_error *err);

#endif
