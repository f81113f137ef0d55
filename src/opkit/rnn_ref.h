/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of LSTM, GRU and RNN: one sequence after the other, in double. For tests only. */
#ifndef TENON_OPKIT_RNN_REF_H
#define TENON_OPKIT_RNN_REF_H

#include <stdlib.h>

#include "opkit/rnn.h"

static tenon_status rnn_ref(const tenon__run *r)
{
    const tenon__rnn_attrs *a = r->attrs;
    tenon__rnn_place p = tenon__rnn_place_of(a, r->in[TENON__RNN_X], r->in[TENON__RNN_R]);
    double *room = malloc((size_t)tenon__rnn_room(a, p.hidden) * sizeof *room + 1);
    tenon_status st =
        room ? TENON_OK : tenon__fail(r->err, TENON_ENOMEM, "no memory for the reference");
    for (int d = 0; d < a->directions; d++)
        for (int64_t b = 0; b < p.batch && !st; b++)
            st = tenon__rnn_sequence(r, d, b, room);
    free(room);
    return st;
}

#endif
