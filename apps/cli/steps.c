/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a session as last bound, as tables and as JSON. */
#include <inttypes.h>

#include "cli.h"

void cli_print_profile(FILE *to, const tenon_session *s)
{
    uint64_t total = 0;
    char name[100];
    tenon_step_info info = {.size = sizeof info};
    for (size_t i = 0; i < tenon_session_step_count(s); i++)
        if (tenon_session_step_get(s, i, &info) == TENON_OK) total += info.total_ns;
    fprintf(to, "%5s %10s %6s %8s %6s  %-18s %-22s %-28s %s\n", "step", "us", "%", "GFLOP/s",
            "tiles", "operator", "kernel", "output", "node");
    for (size_t i = 0; i < tenon_session_step_count(s); i++) {
        if (tenon_session_step_get(s, i, &info) || !info.runs) continue;
        double ns = (double)info.total_ns / (double)info.runs;
        double share = total ? 100.0 * (double)info.total_ns / (double)total : 0.0;
        fprintf(to, "%5zu %10.1f %6.1f %8.1f %6" PRIu32 "  %-18s %-22s %-28s %s\n", i, ns / 1e3,
                share, ns > 0 ? info.flops / ns : 0.0, info.tiles, info.op, info.kernel, info.shape,
                cli_clean(info.node, name, sizeof name));
    }
}

void cli_print_plan(FILE *to, const tenon_session *s)
{
    char name[100];
    tenon_step_info info = {.size = sizeof info};
    fprintf(to, "%5s  %-18s %-22s %-8s %6s %6s %12s %12s %10s  %-28s %s\n", "step", "operator",
            "kernel", "layout", "phases", "tiles", "arena offset", "bytes", "scratch", "output",
            "node");
    for (size_t i = 0; i < tenon_session_step_count(s); i++) {
        if (tenon_session_step_get(s, i, &info)) continue;
        fprintf(to,
                "%5zu  %-18s %-22s %-8s %6" PRIu32 " %6" PRIu32 " %12" PRIu64 " %12" PRIu64
                " %10" PRIu64 "  %-28s %s\n",
                i, info.op, info.kernel, info.layout, info.phases, info.tiles,
                info.arena_offset_bytes, info.output_bytes, info.scratch_bytes, info.shape,
                cli_clean(info.node, name, sizeof name));
    }
}

void cli_json_plan(json *j, const tenon_session *s)
{
    tenon_step_info info = {.size = sizeof info};
    json_open(j, "plan", '[');
    for (size_t i = 0; i < tenon_session_step_count(s); i++) {
        if (tenon_session_step_get(s, i, &info)) continue;
        json_open(j, NULL, '{');
        json_text(j, "operator", info.op);
        json_text(j, "node", info.node);
        json_text(j, "kernel", info.kernel);
        json_text(j, "layout", info.layout);
        json_text(j, "output", info.shape);
        json_int(j, "phases", info.phases);
        json_int(j, "tiles", info.tiles);
        json_real(j, "flops", info.flops);
        json_int(j, "arena_offset_bytes", (int64_t)info.arena_offset_bytes);
        json_int(j, "output_bytes", (int64_t)info.output_bytes);
        json_int(j, "scratch_bytes", (int64_t)info.scratch_bytes);
        json_close(j, '}');
    }
    json_close(j, ']');
}
