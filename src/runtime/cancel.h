/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of tenon_cancel. */
#ifndef TENON_RUNTIME_CANCEL_H
#define TENON_RUNTIME_CANCEL_H

#include <stdatomic.h>

#include <tenon/cancel.h>

struct tenon_cancel {
    const struct tenon_allocator *allocator;
    atomic_bool set;
};

#endif
