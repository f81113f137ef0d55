/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent cells in eight lanes. */
#include "kernels/vec_avx2.h"

#include "kernels/rnn/rnn_tmpl.h"

extern const tenon__rnn_row tenon__rnn_avx2;
const tenon__rnn_row tenon__rnn_avx2 = {"rnn-avx2", TENON__CPU_AVX2, lstm,  gru,
                                        gru_reset,  gru_update,      simple};
