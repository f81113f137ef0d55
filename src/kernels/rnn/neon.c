/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent cells in four lanes. */
#include "kernels/vec_neon.h"

#include "kernels/rnn/rnn_tmpl.h"

extern const tenon__rnn_row tenon__rnn_neon;
const tenon__rnn_row tenon__rnn_neon = {"rnn-neon", TENON__CPU_NEON, lstm,  gru,
                                        gru_reset,  gru_update,      simple};
