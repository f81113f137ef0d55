/* SPDX-License-Identifier: Apache-2.0 */
/* A chain of element-wise operators as the attributes of a Chain: what pass `chain` writes and the
 * operator reads. */
#ifndef TENON_OPKIT_CHAIN_H
#define TENON_OPKIT_CHAIN_H

#include "kernels/eltwise/eltwise.h"

#define TENON__CHAIN_LINKS  16
#define TENON__CHAIN_INPUTS 16

/* The attributes: for each link in order its formula; TENON__FORMULA_OPERANDS operands, each an
 * input's number or TENON__CHAIN_PREVIOUS, what the link before gave; TENON__FORMULA_PARAMETERS
 * floats. */
#define TENON__CHAIN_FORMULAS   "formulas"
#define TENON__CHAIN_OPERANDS   "operands"
#define TENON__CHAIN_PARAMETERS "parameters"
#define TENON__CHAIN_PREVIOUS   (-1)

#endif
