/* SPDX-License-Identifier: Apache-2.0 */
/* tenon: an inference runtime.
 *
 *     tenon_env *env = NULL; tenon_model *model = NULL; tenon_session *session = NULL; tenon_error
 * err; if (tenon_env_create(NULL, &env, &err) || tenon_model_load(env, "model.onnx", NULL, &model,
 * &err) || tenon_session_create(model, NULL, &session, &err) || tenon_session_set_input(session,
 * "x", x, &err) || tenon_session_run(session, &err) || tenon_session_get_output(session, "y", &y,
 * &err)) fprintf(stderr, "%s: %s\n", err.where, err.message);
 *
 * Calls return a tenon_status; results leave through the last pointer before `err`, which is set to
 * NULL first. Nothing prints, exits or starts a process; no socket is opened. */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <tenon/allocator.h>
#include <tenon/cancel.h>
#include <tenon/env.h>
#include <tenon/export.h>
#include <tenon/model.h>
#include <tenon/session.h>
#include <tenon/status.h>
#include <tenon/tensor.h>
#include <tenon/value.h>
#include <tenon/version.h>

#endif
