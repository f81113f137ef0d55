/* SPDX-License-Identifier: Apache-2.0 */
/* For each place of a resampled axis: where it comes from, and with what weights. */
#ifndef TENON_OPKIT_RESAMPLE_TABLE_H
#define TENON_OPKIT_RESAMPLE_TABLE_H

#include "opkit/resample.h"

/* Sets axis->taps and axis->first from its scale; taps 0 where there were more than anyone needs.
 */
void tenon__resample_taps(const tenon__resample_attrs *a, tenon__resample_axis *axis);
/* Writes the tables of an active axis into work: clamped source places (int32), weights (float, or
 * double where `wide`), and whether the place lies outside (crop only). */
void tenon__resample_fill(const tenon__resample_attrs *a, const tenon__resample_axis *axis,
                          bool wide, uint8_t *work);

#endif
