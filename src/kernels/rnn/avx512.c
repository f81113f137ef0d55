/* SPDX-License-Identifier: Apache-2.0 */
/* Recurrent cells in sixteen lanes. */
#include "kernels/vec_avx512.h"

#include "kernels/rnn/rnn_tmpl.h"

extern const tenon__rnn_row tenon__rnn_avx512;
const tenon__rnn_row tenon__rnn_avx512 = {"rnn-avx512", TENON__CPU_AVX512, lstm,  gru,
                                          gru_reset,    gru_update,        simple};
