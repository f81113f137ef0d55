/* SPDX-License-Identifier: Apache-2.0 */
/* Reading attributes. One of another type than asked for counts as absent here; tenon__attr_check
 * refuses it. */
#include "graph/graph.h"

static const char *type_text(tenon__attr_type type)
{
    switch (type) {
    case TENON__ATTR_INT:
        return "an integer";
    case TENON__ATTR_FLOAT:
        return "a float";
    case TENON__ATTR_STRING:
        return "a string";
    case TENON__ATTR_TENSOR:
        return "a tensor";
    case TENON__ATTR_GRAPH:
        return "a graph";
    case TENON__ATTR_INTS:
        return "a list of integers";
    case TENON__ATTR_FLOATS:
        return "a list of floats";
    case TENON__ATTR_STRINGS:
        return "a list of strings";
    case TENON__ATTR_TYPE:
        return "a type";
    }
    return "unknown";
}

const tenon__attr *tenon__attr_find(const tenon__node *node, const char *name)
{
    for (uint32_t i = 0; i < node->attr_count; i++)
        if (tenon__str_is(node->attrs[i].name, name)) return &node->attrs[i];
    return NULL;
}

static const tenon__attr *find_typed(const tenon__node *node, const char *name,
                                     tenon__attr_type type)
{
    const tenon__attr *attr = tenon__attr_find(node, name);
    return attr && attr->type == type ? attr : NULL;
}

int64_t tenon__attr_int(const tenon__node *node, const char *name, int64_t fallback)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_INT);
    return attr ? attr->i : fallback;
}

float tenon__attr_float(const tenon__node *node, const char *name, float fallback)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_FLOAT);
    return attr ? attr->f : fallback;
}

tenon__str tenon__attr_str(const tenon__node *node, const char *name, const char *fallback)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_STRING);
    return attr ? attr->s : tenon__str_of(fallback);
}

const int64_t *tenon__attr_ints(const tenon__node *node, const char *name, size_t *count)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_INTS);
    *count = attr ? attr->count : 0;
    return attr ? attr->ints : NULL;
}

const float *tenon__attr_floats(const tenon__node *node, const char *name, size_t *count)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_FLOATS);
    *count = attr ? attr->count : 0;
    return attr ? attr->floats : NULL;
}

const tenon__str *tenon__attr_strings(const tenon__node *node, const char *name, size_t *count)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_STRINGS);
    *count = attr ? attr->count : 0;
    return attr ? attr->strings : NULL;
}

tenon__graph *tenon__attr_graph(const tenon__node *node, const char *name)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_GRAPH);
    return attr ? attr->graph : NULL;
}

const tenon__view *tenon__attr_tensor(const tenon__node *node, const char *name)
{
    const tenon__attr *attr = find_typed(node, name, TENON__ATTR_TENSOR);
    return attr ? attr->tensor : NULL;
}

tenon_status tenon__attr_check(const tenon__node *node, const char *name, tenon__attr_type type,
                               tenon_error *err)
{
    const tenon__attr *attr = tenon__attr_find(node, name);
    if (!attr || attr->type == type) return TENON_OK;
    return tenon__fail(err, TENON_EFORMAT, "attribute %s is %s; it should be %s", name,
                       type_text(attr->type), type_text(type));
}
