/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What stands in an element -> nodes.  Trusts the grammar: what does not fit it never gets
 * here. */
#include "template-parts.h"

#include <stdlib.h>
#include <string.h>

/* Runs of XML's white space become one blank each; no trimming, since a blank
 * beside an inline element divides words. */
static char *fold(const char *text)
{
    GString *out = g_string_sized_new(strlen(text));
    for (const char *p = text; *p != '\0'; p++) {
        gboolean white = strchr(" \t\r\n", *p) != NULL;
        if (!white)
            g_string_append_c(out, *p);
        else if (out->len == 0 || out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
    }
    return g_string_free(out, FALSE);
}

char *template_content(const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    char *text = g_strstrip(fold((char *)content));
    xmlFree(content);
    return text;
}

/* <pre>: the line after the start tag is its first one. */
static char *verbatim_content(const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    const char *start = (char *)content;
    char *text = g_strchomp(g_strdup(*start == '\n' ? start + 1 : start));
    xmlFree(content);
    return text;
}

/* Value of an attribute without surrounding blanks, or NULL; caller frees. */
char *template_attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = strcmp(name, "xml:lang")
                         ? xmlGetNoNsProp(node, (const xmlChar *)name)
                         : xmlGetNsProp(node, (const xmlChar *)"lang", XML_XML_NAMESPACE);
    char *text = value != NULL ? g_strstrip(g_strdup((char *)value)) : NULL;
    xmlFree(value);
    return text;
}

static void template_node_free(gpointer data)
{
    Node *node = data;
    g_free(node->text);
    g_free(node->value);
    g_free(node->zone_name);
    g_clear_pointer(&node->zone, g_time_zone_unref);
    g_clear_pointer(&node->children, g_ptr_array_unref);
    g_free(node);
}

static const struct {
    const char *element;
    NodeKind kind;
    const char *text; /* the attribute that is the node's text */
    gboolean children;
} node_kinds[] = {
    { "field", NODE_FIELD, "name", FALSE },
    { "count", NODE_COUNT, NULL, FALSE },
    { "addresses", NODE_ADDRESSES, NULL, FALSE },
    { "networks", NODE_NETWORKS, NULL, FALSE },
    { "column", NODE_COLUMN, "name", FALSE },
    { "template", NODE_TEMPLATE, NULL, FALSE },
    { "if", NODE_IF, NULL, TRUE },
    { "one", NODE_ONE, NULL, TRUE },
    { "many", NODE_MANY, NULL, TRUE },
    { "link", NODE_LINK, "href", TRUE },
    { "br", NODE_BREAK, NULL, FALSE },
    { "p", NODE_PARAGRAPH, NULL, TRUE },
    { "list", NODE_LIST, NULL, TRUE },
    { "item", NODE_ITEM, NULL, TRUE },
    { "pre", NODE_PRE, NULL, FALSE },
    { "use", NODE_USE, "block", FALSE },
    { "quotation", NODE_QUOTATION, NULL, TRUE },
    { "still-open", NODE_STILL_OPEN, NULL, TRUE },
    { "told-before", NODE_TOLD_BEFORE, NULL, TRUE },
};

/* White space between blocks says nothing; between inline elements it divides words.  What is
 * in an <if> is as what it stands in. */
static gboolean is_inline_parent(const xmlNode *element)
{
    static const char *const blocks[] = { "notice",     "list",        "quotation",
                                          "greeting",   "signature",   "block",
                                          "still-open", "told-before", NULL };
    while (strcmp((char *)element->name, "if") == 0)
        element = element->parent;
    return !g_strv_contains(blocks, (char *)element->name);
}

/* Whose cells, or which field, it asks.  What is not clear has no text, and is found later. */
static void read_condition(const xmlNode *element, Node *node)
{
    g_autofree char *field = template_attribute(element, "field");
    g_autofree char *column = template_attribute(element, "column");
    g_autofree char *is = template_attribute(element, "is");
    g_autofree char *is_not = template_attribute(element, "is-not");

    if ((field == NULL) == (column == NULL) || (is != NULL && is_not != NULL))
        return;
    node->of_column = column != NULL;
    node->negated = is_not != NULL;
    node->text = node->of_column ? g_steal_pointer(&column) : g_steal_pointer(&field);
    node->value = node->negated ? g_steal_pointer(&is_not) : g_steal_pointer(&is);
}

static void read_options(const xmlNode *element, Node *node)
{
    g_autofree char *max = template_attribute(element, "max");

    if (node->kind == NODE_IF)
        read_condition(element, node);
    node->max = max != NULL ? (guint)CLAMP(atoi(max), 0, TEMPLATE_MAX_MAX + 1)
                            : node->kind == NODE_COLUMN ? TEMPLATE_COLUMN_MAX : 1;
    node->zone_name = node->kind == NODE_FIELD ? template_attribute(element, "zone") : NULL;
    if (node->zone_name != NULL)
        node->zone = g_time_zone_new_identifier(node->zone_name);
}

static Node *build_node(const xmlNode *element)
{
    Node *node = g_new0(Node, 1);
    guint i = 0;
    while (strcmp(node_kinds[i].element, (char *)element->name))
        i++; /* the grammar lets no other name come here */
    node->kind = node_kinds[i].kind;
    node->line = template_place(element);
    if (node->kind == NODE_PRE)
        node->text = verbatim_content(element);
    else if (node_kinds[i].text != NULL) {
        node->text = template_attribute(element, node_kinds[i].text);
        node->line = template_attribute_place(element, node_kinds[i].text);
    }
    read_options(element, node);
    if (node_kinds[i].children)
        node->children = template_nodes(element);
    return node;
}

/* The nodes in parent, without a notice's <subject>, which is no block. */
GPtrArray *template_nodes(const xmlNode *parent)
{
    GPtrArray *nodes = g_ptr_array_new_with_free_func(template_node_free);
    gboolean is_inline = is_inline_parent(parent);
    for (const xmlNode *n = parent->children; n != NULL; n = n->next) {
        if (n->type == XML_TEXT_NODE && is_inline) {
            Node *text = g_new0(Node, 1);
            text->kind = NODE_TEXT;
            text->text = fold((char *)n->content);
            text->line = template_place(n);
            g_ptr_array_add(nodes, text);
        } else if (n->type == XML_ELEMENT_NODE && strcmp((char *)n->name, "subject")) {
            g_ptr_array_add(nodes, build_node(n));
        }
    }
    return nodes;
}

const xmlNode *template_child(const xmlNode *parent, const char *name)
{
    const xmlNode *n = parent->children;
    while (n != NULL && (n->type != XML_ELEMENT_NODE || strcmp((char *)n->name, name)))
        n = n->next;
    return n;
}

GPtrArray *template_child_nodes(const xmlNode *parent, const char *name)
{
    const xmlNode *node = template_child(parent, name);
    return node != NULL ? template_nodes(node) : g_ptr_array_new_with_free_func(template_node_free);
}
