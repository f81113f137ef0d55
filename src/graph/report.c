/* SPDX-License-Identifier: Apache-2.0 */
/* The report of unsupported nodes. */
#include "graph/report.h"

#include <stdio.h>

#include "base/map.h"

void tenon__report_init(tenon__report *report, const tenon_allocator *a)
{
    *report = (tenon__report){.allocator = a};
    tenon__arena_init(&report->texts, a, 0);
}

void tenon__report_fini(tenon__report *report)
{
    tenon__vec_free(report->allocator, &report->lines);
    tenon__arena_fini(&report->texts);
}

tenon_status tenon__report_add(tenon__report *report, tenon__str node, uint32_t index,
                               tenon__str domain, tenon__str op, const char *reason,
                               tenon_error *err)
{
    char text[256];
    tenon__report_line line;
    if (report->lines.count >= TENON__REPORT_LINES) {
        report->left_out++;
        return TENON_OK;
    }
    if (node.size)
        (void)snprintf(text, sizeof text, "%.*s", TENON__STR_ARG(node));
    else
        (void)snprintf(text, sizeof text, "node %u", index);
    line.node = tenon__arena_strdup(&report->texts, text, strlen(text));
    (void)snprintf(text, sizeof text, "%.*s%s%.*s", TENON__STR_ARG(domain), domain.size ? "." : "",
                   TENON__STR_ARG(op));
    line.op = tenon__arena_strdup(&report->texts, text, strlen(text));
    line.reason = tenon__arena_strdup(&report->texts, reason, strlen(reason));
    if (!line.node || !line.op || !line.reason ||
        !tenon__vec_push(report->allocator, &report->lines, line))
        return tenon__fail(err, TENON_ENOMEM, "no memory to list unsupported nodes");
    return TENON_OK;
}

tenon_status tenon__report_sum(const tenon__report *report, tenon_error *err)
{
    char names[320] = "";
    size_t used = 0, listed = 0;
    uint32_t found;
    if (report->lines.count == 0) return TENON_OK;
    tenon__map seen;
    tenon__map_init(&seen, report->allocator);
    for (size_t i = 0; i < report->lines.count; i++) {
        const tenon__report_line *line = &report->lines.items[i];
        if (tenon__map_get(&seen, tenon__str_of(line->op), &found)) continue;
        if (!tenon__map_set(&seen, tenon__str_of(line->op), 0))
            break; /* the list is shorter then */
        size_t room = sizeof names - used;
        int n = snprintf(names + used, room, "%s%s (%s)", used ? ", " : "", line->op, line->reason);
        if (n < 0 || (size_t)n >= room) {
            names[used] = '\0';
        } else {
            used += (size_t)n;
            listed++;
        }
    }
    size_t kinds = seen.count;
    tenon__map_fini(&seen);
    return tenon__fail(err, TENON_EUNSUPPORTED, "%zu %s not supported: %s%s", kinds,
                       kinds == 1 ? "operator is" : "operators are", names,
                       listed < kinds ? ", ..." : "");
}
