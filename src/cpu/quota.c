/* SPDX-License-Identifier: Apache-2.0 */
/* How many CPUs the process may use: its affinity mask, and the quota of the control groups it lies
 * in.
 *
 * A group's quota holds for everything below it, so the least of the chain counts.
 * /proc/self/cgroup says where in each hierarchy the process is, /proc/self/mountinfo where that
 * hierarchy is mounted and which part of it is seen there. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "cpu/cpu.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

#define PATH_BYTES   1024
#define FOLDER_BYTES (3 * PATH_BYTES) /* top, mount point, group */

/* The next line of `text`, which it is taken from. */
static bool next_line(tenon__str *text, tenon__str *line)
{
    if (text->size == 0) return false;
    const char *end = memchr(text->data, '\n', text->size);
    size_t size = end ? (size_t)(end - text->data) : text->size;
    *line = (tenon__str){text->data, size};
    size_t step = end ? size + 1 : size;
    text->data += step, text->size -= step;
    return true;
}

/* The next field up to `divider`, which is taken too. */
static tenon__str next_field(tenon__str *line, char divider)
{
    const char *end = line->size ? memchr(line->data, divider, line->size) : NULL;
    size_t size = end ? (size_t)(end - line->data) : line->size;
    tenon__str field = {line->data, size};
    size_t step = end ? size + 1 : size;
    line->data += step, line->size -= step;
    return field;
}

static bool list_has(tenon__str list, const char *word)
{
    while (list.size)
        if (tenon__str_is(next_field(&list, ','), word)) return true;
    return false;
}

static bool read_file(const char *path, tenon__file *out, tenon__str *text)
{
    if (tenon__file_open(tenon__allocator_default(), path, true, out, NULL) != TENON_OK)
        return false;
    *text = (tenon__str){(const char *)out->data, out->size};
    return true;
}

/* Where the process lies: of the line "N:controllers:path", version 2 has no controllers. */
static bool find_group(tenon__str text, bool version2, char *out)
{
    tenon__str line;
    while (next_line(&text, &line)) {
        (void)next_field(&line, ':');
        tenon__str controllers = next_field(&line, ':');
        if (version2 ? controllers.size != 0 : !list_has(controllers, "cpu")) continue;
        if (line.size >= PATH_BYTES) return false;
        memcpy(out, line.data, line.size);
        out[line.size] = '\0';
        return true;
    }
    return false;
}

/* A line of mountinfo: id parent device root mount-point options [...] - type source super-options.
 */
static bool find_mount(tenon__str text, bool version2, char *root, char *point)
{
    tenon__str line;
    while (next_line(&text, &line)) {
        for (int i = 0; i < 3; i++)
            (void)next_field(&line, ' ');
        tenon__str seen = next_field(&line, ' '), at = next_field(&line, ' ');
        while (line.size && !tenon__str_is(next_field(&line, ' '), "-"))
            ;
        tenon__str type = next_field(&line, ' ');
        (void)next_field(&line, ' ');
        if (!tenon__str_is(type, version2 ? "cgroup2" : "cgroup")) continue;
        if (!version2 && !list_has(line, "cpu")) continue;
        if (seen.size >= PATH_BYTES || at.size >= PATH_BYTES) return false;
        memcpy(root, seen.data, seen.size);
        memcpy(point, at.data, at.size);
        root[seen.size] = point[at.size] = '\0';
        return true;
    }
    return false;
}

static bool read_number(const char *folder, const char *name, double *out)
{
    char path[FOLDER_BYTES + 32];
    tenon__file file;
    tenon__str text, line;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!read_file(path, &file, &text)) return false;
    bool read = next_line(&text, &line) && tenon__parse_f64(line, out);
    tenon__file_close(&file);
    return read;
}

/* The quota of one folder of a hierarchy in CPUs; 0 none. */
static double folder_quota(const char *folder, bool version2)
{
    double quota = 0, period = 0;
    if (!version2) {
        if (!read_number(folder, "cpu.cfs_quota_us", &quota) ||
            !read_number(folder, "cpu.cfs_period_us", &period))
            return 0;
    } else {
        char path[FOLDER_BYTES + 32];
        tenon__file file;
        tenon__str text, line;
        (void)snprintf(path, sizeof path, "%s/cpu.max", folder);
        if (!read_file(path, &file, &text)) return 0;
        bool read = next_line(&text, &line) &&
                    tenon__parse_f64(next_field(&line, ' '), &quota) && /* or "max" */
                    tenon__parse_f64(line, &period);
        tenon__file_close(&file);
        if (!read) return 0;
    }
    return quota > 0 && period > 0 ? quota / period : 0;
}

static double hierarchy_quota(const char *top, tenon__str groups, tenon__str mounts, bool version2)
{
    char group[PATH_BYTES], root[PATH_BYTES], point[PATH_BYTES], folder[FOLDER_BYTES];
    if (!find_group(groups, version2, group) || !find_mount(mounts, version2, root, point))
        return 0;
    /* The mount shows what is below `root`; a group outside of it (another namespace's) is seen as
     * the mount's top. */
    size_t cut = strlen(root);
    const char *below = "";
    if (strcmp(root, "/") == 0)
        below = group;
    else if (strncmp(group, root, cut) == 0 && (group[cut] == '/' || group[cut] == '\0'))
        below = group + cut;
    int head = snprintf(folder, sizeof folder, "%s%s", top, point);
    (void)snprintf(folder + head, sizeof folder - (size_t)head, "%s",
                   strstr(below, "..") ? "" : below);
    double least = 0;
    for (;;) {
        double quota = folder_quota(folder, version2);
        if (quota > 0 && (least == 0 || quota < least)) least = quota;
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + head) break;
        *slash = '\0';
    }
    return least;
}

double tenon__cpu_quota_in(const char *top)
{
    char path[PATH_BYTES];
    tenon__file group_file, mount_file;
    tenon__str groups, mounts;
    double least = 0;
    if (strlen(top) + 32 > sizeof path) return 0;
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", top);
    if (!read_file(path, &group_file, &groups)) return 0;
    (void)snprintf(path, sizeof path, "%s/proc/self/mountinfo", top);
    if (read_file(path, &mount_file, &mounts)) {
        for (int version2 = 0; version2 < 2; version2++) {
            double quota = hierarchy_quota(top, groups, mounts, version2 == 1);
            if (quota > 0 && (least == 0 || quota < least)) least = quota;
        }
        tenon__file_close(&mount_file);
    }
    tenon__file_close(&group_file);
    return least;
}

double tenon__cpu_quota(void)
{
    return tenon__cpu_quota_in("");
}

static unsigned affinity_count(void)
{
    /* The kernel refuses a mask smaller than its own: room for 16384 CPUs. */
    cpu_set_t set[16];
    memset(set, 0, sizeof set);
    if (sched_getaffinity(0, sizeof set, set) != 0) return 1;
    int count = CPU_COUNT_S(sizeof set, set);
    return count > 0 ? (unsigned)count : 1;
}

unsigned tenon__cpu_available(void)
{
    unsigned count = affinity_count();
    double quota = tenon__cpu_quota();
    /* Rounded down: one thread too many is one that the kernel stops in the middle of a run. */
    if (quota > 0 && quota < count) count = quota < 1 ? 1 : (unsigned)quota;
    return count;
}
