/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Checks what stands in texts: names of fields, links, zones, conditions. */
#include "template-parts.h"

#include "render.h"

#include <string.h>

void template_visit(const GPtrArray *nodes, TemplateVisit visit, gpointer data)
{
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        visit(node, data);
        template_visit(node->children, visit, data);
    }
}

static gboolean is_url(const char *href)
{
    static const char *const schemes[] = { "https://", "http://", "mailto:", NULL };
    if (strpbrk(href, " \t\r\n<>\"") != NULL)
        return FALSE;
    for (guint i = 0; schemes[i] != NULL; i++)
        if (g_str_has_prefix(href, schemes[i]) && href[strlen(schemes[i])] != '\0')
            return TRUE;
    return FALSE;
}

static void check_field(const Node *node, const TemplateCheck *place)
{
    if (g_strv_contains(render_fields, node->text))
        return;
    g_autofree char *guess = template_guess(node->text, render_fields, "\"", "\"");
    g_autofree char *all = g_strjoinv(", ", (char **)render_fields);
    faults_add(place->faults, place->file, node->line,
               "unknown field \"%s\"%s; expected one of "
               "%s",
               node->text, guess, all);
}

static void check_zone(const Node *node, const TemplateCheck *place)
{
    if (node->zone_name == NULL)
        return;
    if (node->zone == NULL)
        faults_add(place->faults, place->file, node->line,
                   "unknown zone \"%s\", expected a name such as Europe/Berlin", node->zone_name);
    else if (strcmp(node->text, "first-time") != 0 && strcmp(node->text, "last-time") != 0)
        faults_add(place->faults, place->file, node->line,
                   "field \"%s\" has no zone, expected zone= with first-time or last-time",
                   node->text);
}

/* The values of a field that has but a few. */
static const char *const *values_of(const char *field)
{
    static const char *const kinds[] = { "consumer", "business", "reseller", NULL };
    static const char *const severities[] = { "low", "medium", "high", NULL };
    static const char *const sources[] = { "certbund", "shadowserver", "both", NULL };

    if (strcmp(field, "customer-kind") == 0)
        return kinds;
    if (strcmp(field, "source") == 0)
        return sources;
    return strcmp(field, "severity") == 0 ? severities : NULL;
}

static void check_condition(const Node *node, const TemplateCheck *place)
{
    const char *const *values;

    if (node->text == NULL) {
        faults_add(place->faults, place->file, node->line,
                   "<if> asks nothing clear, expected field=\"...\" or column=\"...\", with is=\"...\" "
                   "or is-not=\"...\" or neither");
        return;
    }
    if (node->of_column)
        return;
    check_field(node, place);
    values = values_of(node->text);
    if (values == NULL || node->value == NULL || g_strv_contains(values, node->value))
        return;
    g_autofree char *guess = template_guess(node->value, values, "\"", "\"");
    g_autofree char *all = g_strjoinv(", ", (char **)(gsize)values);
    faults_add(place->faults, place->file, node->line,
               "field \"%s\" is never \"%s\"%s; expected one of %s", node->text, node->value, guess,
               all);
}

static void check_max(const Node *node, const TemplateCheck *place)
{
    if (node->max < 1 || node->max > TEMPLATE_MAX_MAX)
        faults_add(place->faults, place->file, node->line, "max is %s, expected 1 to %d",
                   node->max < 1 ? "0" : "too large", TEMPLATE_MAX_MAX);
}

static void check_node(const Node *node, gpointer data)
{
    const TemplateCheck *place = data;

    if (node->kind == NODE_FIELD) {
        check_field(node, place);
        check_zone(node, place);
    } else if (node->kind == NODE_IF)
        check_condition(node, place);
    else if (node->kind == NODE_COLUMN || node->kind == NODE_ADDRESSES
             || node->kind == NODE_NETWORKS)
        check_max(node, place);
    else if (node->kind == NODE_LINK && !is_url(node->text))
        faults_add(place->faults, place->file, node->line,
                   "href=\"%s\", expected https://, http:// "
                   "or mailto: and no blank",
                   node->text);
}

void template_check_nodes(const GPtrArray *nodes, const TemplateCheck *place)
{
    template_visit(nodes, check_node, (gpointer)place);
}

gboolean template_shows_text(const GPtrArray *nodes, gboolean many)
{
    for (guint i = 0; i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        if (node->kind == NODE_TEXT ? strspn(node->text, " ") < strlen(node->text)
            : node->kind == NODE_ONE || node->kind == NODE_MANY
                ? (node->kind == NODE_MANY) == many && template_shows_text(node->children, many)
            : node->kind == NODE_COUNT || node->kind == NODE_ADDRESSES || node->kind == NODE_TEMPLATE)
            return TRUE;
    }
    return FALSE;
}
