/* SPDX-License-Identifier: Apache-2.0 */
/* Graphviz' DOT. */
#include "graph/dot.h"

#include <stdio.h>

#include "graph/op.h"

typedef struct printer {
    tenon_write_fn write;
    void *user;
    unsigned next; /* number of the next graph: names of its points begin with it */
    bool stopped;
} printer;

TENON__PRINTF(2, 3)
static void put(printer *p, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n < 0 || p->stopped) return;
    size_t size = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    if (!p->write(p->user, text, size)) p->stopped = true;
}

/* Text from the file inside a quoted label. Control bytes become spaces. */
static void put_quoted(printer *p, tenon__str s)
{
    char text[164];
    size_t n = 0;
    for (size_t i = 0; i < s.size && i < 80; i++) {
        unsigned char b = (unsigned char)s.data[i];
        if (b == '"' || b == '\\') text[n++] = '\\';
        text[n++] = (char)(b < 32 || b == 127 ? ' ' : b);
    }
    text[n] = '\0';
    put(p, "%s%s", text, s.size > 80 ? "..." : "");
}

static void put_value(printer *p, unsigned id, const tenon__graph *graph, tenon__value_id v,
                      const char *shape)
{
    char type[160];
    const tenon__value *value = tenon__graph_value(graph, v);
    put(p, "  g%u_v%u [shape=%s label=\"", id, v, shape);
    put_quoted(p, value->name);
    put(p, "\\n%s\"];\n", tenon__view_print(&value->view, type, sizeof type));
}

/* The point that an edge from a value starts at. */
static void put_source(printer *p, unsigned id, const tenon__graph *graph, tenon__value_id v)
{
    const tenon__value *value = tenon__graph_value(graph, v);
    if (value->role == TENON__ROLE_NODE)
        put(p, "g%u_n%u", id, value->producer);
    else
        put(p, "g%u_v%u", id, v);
}

static void put_edge_label(printer *p, const tenon__graph *graph, tenon__value_id v)
{
    char type[160];
    put(p, " [label=\"%s\"];\n",
        tenon__view_print(&tenon__graph_value(graph, v)->view, type, sizeof type));
}

static void put_graph(printer *p, const tenon__graph *graph);

static void put_node(printer *p, unsigned id, const tenon__graph *graph, const tenon__node *node)
{
    put(p, "  g%u_n%u [shape=box label=\"", id, node->index);
    put_quoted(p, node->kind);
    put(p, "\\n");
    put_quoted(p, node->name);
    put(p, "\"];\n");
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == TENON__NO_VALUE) continue;
        put(p, "  ");
        put_source(p, id, graph, node->inputs[i]);
        put(p, " -> g%u_n%u", id, node->index);
        put_edge_label(p, graph, node->inputs[i]);
    }
    for (uint32_t k = 0; k < node->attr_count; k++) {
        if (node->attrs[k].type != TENON__ATTR_GRAPH) continue;
        put(p, "  subgraph cluster_%u {\n  label=\"", p->next);
        put_quoted(p, node->attrs[k].name);
        put(p, "\";\n");
        put_graph(p, node->attrs[k].graph); /* at most TENON__GRAPH_DEPTH deep */
        put(p, "  }\n");
    }
}

static void put_graph(printer *p, const tenon__graph *graph)
{
    unsigned id = p->next++;
    for (size_t v = 0; v < graph->values.count; v++) {
        tenon__role role = graph->values.items[v].role;
        if (role == TENON__ROLE_INPUT) put_value(p, id, graph, (tenon__value_id)v, "ellipse");
        if (role == TENON__ROLE_CONST) put_value(p, id, graph, (tenon__value_id)v, "note");
        if (role == TENON__ROLE_OUTER) put_value(p, id, graph, (tenon__value_id)v, "cds");
    }
    for (size_t n = 0; n < graph->nodes.count && !p->stopped; n++)
        if (!graph->nodes.items[n]->dead) put_node(p, id, graph, graph->nodes.items[n]);
    for (size_t i = 0; i < graph->outputs.count; i++) {
        tenon__value_id v = graph->outputs.items[i];
        put(p, "  g%u_o%zu [shape=ellipse label=\"", id, i);
        put_quoted(p, tenon__graph_value(graph, v)->name);
        put(p, "\"];\n  ");
        put_source(p, id, graph, v);
        put(p, " -> g%u_o%zu", id, i);
        put_edge_label(p, graph, v);
    }
}

tenon_status tenon__graph_print_dot(const tenon__graph *graph, tenon_write_fn write, void *user,
                                    tenon_error *err)
{
    printer p = {.write = write, .user = user};
    put(&p, "digraph \"");
    put_quoted(&p, graph->name);
    put(&p, "\" {\n  node [fontname=sans fontsize=10];\n  edge [fontname=sans fontsize=8];\n");
    put_graph(&p, graph);
    put(&p, "}\n");
    return p.stopped ? tenon__fail(err, TENON_ECANCELED, "printing was stopped") : TENON_OK;
}
