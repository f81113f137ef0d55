/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one operator outside a graph: read, infer, prepare, pack, bind, run over all tiles in
 * shuffled order with poisoned scratch and guarded outputs; and `ref`, whose answer the run must
 * match by op->accuracy. driver.c lies one folder up, where it is linked into every test.
 *
 *     driver *d = driver_create("LeakyRelu", 16);
 *     driver_float(d, "alpha", 0.1f);
 *     driver_random(d, TENON_F32, 2, (int64_t[]){3, 40}, -2, 2);
 *     driver_check(d);                     (every instruction set that this CPU has, against ref)
 *     driver_expect(d, 0, TENON_F32, 2, (int64_t[]){3, 40}, wanted);
 *     driver_destroy(d);
 *
 * Anything unexpected fails the case with a message. */
#ifndef TENON_TESTS_OPS_DRIVER_H
#define TENON_TESTS_OPS_DRIVER_H

#include "graph/op.h"
#include "harness.h"

#define DRIVER_MAX 16 /* inputs, outputs */

typedef struct driver driver;

/* `name` is canonical (op->name). One output is wanted until driver_outputs says otherwise. */
driver *driver_create(const char *name, int opset);
void driver_destroy(driver *d);

/* Attributes; lists and texts are copied. */
void driver_int(driver *d, const char *name, int64_t value);
void driver_float(driver *d, const char *name, float value);
void driver_text(driver *d, const char *name, const char *value);
void driver_ints(driver *d, const char *name, size_t count, const int64_t *values);
void driver_floats(driver *d, const char *name, size_t count, const float *values);
void driver_texts(driver *d, const char *name, size_t count, const char *const *values);
void driver_tensor(driver *d, const char *name, tenon_dtype dtype, int rank, const int64_t *dims,
                   const void *data);

/* Inputs, in order; data is copied. A constant is known at load and may be packed. Strings are
 * tenon_string elements, whose bytes are borrowed. */
void driver_input(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, const void *data);
void driver_const(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, const void *data);
void driver_absent(driver *d);
/* Uniform in [low, high): floats any value, integers whole ones, bool 0 or 1. */
void driver_random(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, double low,
                   double high);
void driver_random_const(driver *d, tenon_dtype dtype, int rank, const int64_t *dims, double low,
                         double high);
/* The last input is given in blocks of 16 channels (f32), lanes past the last channel poisoned. */
void driver_blocked(driver *d);

void driver_outputs(driver *d, uint32_t count);
/* Output 0 lies in the memory of input i. */
void driver_inplace(driver *d, uint32_t i);
/* For services->env. */
void driver_env(driver *d, struct tenon_env *env);
/* Instead of the class's, relative to the largest output. */
void driver_tolerance(driver *d, double tolerance);

/* One run with these CPU bits. May be repeated: inputs are as they were given. */
tenon_status driver_run(driver *d, tenon__cpu_bits cpu, tenon_error *err);
/* Runs with all the CPU has, then each level below it, then the plain one, and compares each with
 * ref. */
void driver_check(driver *d);
/* The run must end with this status and a message that holds `text`. */
void driver_refuse(driver *d, tenon_status status, const char *text);

/* After a run: output i, plain whatever its layout was; it lives until the next run. */
const tenon__view *driver_output(driver *d, uint32_t i);
const char *driver_kernel(const driver *d); /* the row that prepare named, "" if none */
uint32_t driver_tiles(const driver *d);     /* of phase 0 */
/* Output i of the last run is this, by op->accuracy. */
void driver_expect(driver *d, uint32_t i, tenon_dtype dtype, int rank, const int64_t *dims,
                   const void *data);

/* Fails unless `got` matches `wanted` by class, element by element; `what` is for the message. */
void driver_compare(const char *what, tenon_dtype dtype, const void *got, const void *wanted,
                    int64_t count, tenon__class accuracy, double tolerance);

#endif
