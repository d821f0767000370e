/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Walks running text: its conditions, counts and links.  What stands for a field is
 * render-fields.c's; like these, what else comes from a report (the first account)
 * passes wrap_append_safe(). */
#include "render-inline.h"

#include "wrap.h"

#include <string.h>

#define PAIRWISE_MAX 8 /* events compared with each other; above, a hash table is cheaper */

/* What an event is about, as a key: its mailbox or its address. */
static gconstpointer event_key(const Report *report, guint32 event)
{
    return report->account_column >= 0 ? (gconstpointer)report_account(report, event)
                                       : &report->events[event].address;
}

static guint count_pairwise(const RenderInput *input, GEqualFunc equal)
{
    guint distinct = 0;
    for (guint i = 0; i < input->n_events; i++) {
        gconstpointer key = event_key(input->report, input->events[i]);
        guint j = 0;
        while (j < i && !equal(key, event_key(input->report, input->events[j])))
            j++;
        distinct += j == i;
    }
    return distinct;
}

static guint count_hashed(const RenderInput *input, GHashFunc hash, GEqualFunc equal)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(hash, equal);
    for (guint i = 0; i < input->n_events; i++)
        g_hash_table_add(seen, (gpointer)event_key(input->report, input->events[i]));
    return g_hash_table_size(seen);
}

void render_values_init(RenderValues *values, const RenderInput *input)
{
    gboolean accounts = input->report->account_column >= 0;
    GHashFunc hash = accounts ? g_str_hash : address_hash;
    GEqualFunc equal = accounts ? g_str_equal : address_equal;
    char text[ADDRESS_TEXT_SIZE];
    static const History nothing_told;
    *values = (RenderValues){ .input = input, .history = input->history, .language = "" };
    if (values->history == NULL)
        values->history = &nothing_told;
    values->n_distinct = input->n_events <= PAIRWISE_MAX ? count_pairwise(input, equal)
                                                         : count_hashed(input, hash, equal);
    values->count = values->n_distinct;
    if (input->n_events == 0)
        values->first = g_strdup("");
    else if (accounts)
        values->first = g_strdup(report_account(input->report, input->events[0]));
    else
        values->first =
            g_strdup(address_format(&input->report->events[input->events[0]].address, text));
}

void render_values_clear(RenderValues *values)
{
    g_free(values->first);
}

static void append_nodes(const RenderValues *values, const GPtrArray *nodes, guint count,
                         GString *out);

static void append_more(const RenderValues *values, guint n, GString *out)
{
    if (n == 0)
        return;
    g_string_append_c(out, ' ');
    append_nodes(values, values->frame->more, n, out);
}

static void append_addresses(const RenderValues *values, guint max, GString *out)
{
    if (max > 1)
        render_addresses(values, max, out);
    else
        wrap_append_safe(out, values->first);
    append_more(values, values->n_distinct - MIN(max, values->n_distinct), out);
}

static void append_networks(const RenderValues *values, guint max, GString *out)
{
    guint more;

    render_networks(values, max, out, &more);
    append_more(values, more, out);
}

static void append_column(const RenderValues *values, const Node *node, GString *out)
{
    guint more;

    render_cells(values, node->text, node->max, out, &more);
    append_more(values, more, out);
}

static void append_link(const RenderValues *values, const Node *link, guint count, GString *out)
{
    gsize before = out->len;
    append_nodes(values, link->children, count, out);
    if (out->len > before && out->str[out->len - 1] != ' ')
        g_string_append_c(out, ' ');
    g_string_append_printf(out, "<%s>", link->text);
}

static void append_node(const RenderValues *values, const Node *node, guint count, GString *out)
{
    switch (node->kind) {
    case NODE_TEXT:
        g_string_append(out, node->text);
        break;
    case NODE_FIELD:
        render_field(values, node->text, node->zone, out);
        break;
    case NODE_COUNT:
        g_string_append_printf(out, "%u", count);
        break;
    case NODE_ADDRESSES:
        append_addresses(values, node->max, out);
        break;
    case NODE_NETWORKS:
        append_networks(values, node->max, out);
        break;
    case NODE_COLUMN:
        append_column(values, node, out);
        break;
    case NODE_TEMPLATE:
        g_string_append(out, values->subject);
        break;
    case NODE_IF:
        if (render_holds(values, node))
            append_nodes(values, node->children, count, out);
        break;
    case NODE_ONE:
    case NODE_MANY:
        if ((count > 1) == (node->kind == NODE_MANY))
            append_nodes(values, node->children, count, out);
        break;
    case NODE_LINK:
        append_link(values, node, count, out);
        break;
    case NODE_BREAK:
        g_string_append_c(out, '\n');
        break;
    default:
        g_assert_not_reached(); /* the grammar lets no block stand here */
    }
}

/* count: what <count/>, <one> and <many> go by; in <more> it is the rest. */
static void append_nodes(const RenderValues *values, const GPtrArray *nodes, guint count,
                         GString *out)
{
    for (guint i = 0; i < nodes->len; i++)
        append_node(values, nodes->pdata[i], count, out);
}

void render_node(const RenderValues *values, const Node *node, GString *out)
{
    append_node(values, node, values->count, out);
}

void render_inline(const RenderValues *values, const GPtrArray *nodes, GString *out)
{
    append_nodes(values, nodes, values->count, out);
}

/* Cut a line of more than max characters, the ellipsis that then ends it among
 * them; what combines with a character goes with it. */
static void cut(GString *line, guint max)
{
    if (line->len <= max || g_utf8_strlen(line->str, (gssize)line->len) <= max)
        return;
    const char *end = g_utf8_offset_to_pointer(line->str, (glong)max - 1);
    while (end > line->str && g_unichar_ismark(g_utf8_get_char(end)))
        end = g_utf8_prev_char(end);
    g_string_truncate(line, (gsize)(end - line->str));
    g_string_append(line, "…");
}

char *render_line(const RenderValues *values, const GPtrArray *nodes, guint max)
{
    g_autoptr(GString) raw = g_string_new(NULL);
    GString *line = g_string_new(NULL);
    append_nodes(values, nodes, values->count, raw);
    for (const char *p = raw->str; *p != '\0'; p++) {
        if (*p != ' ' && *p != '\n')
            g_string_append_c(line, *p);
        else if (line->len > 0 && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    if (line->len > 0 && line->str[line->len - 1] == ' ')
        g_string_truncate(line, line->len - 1);
    cut(line, max);
    return g_string_free(line, FALSE);
}

char **render_take_quotation(const RenderValues *values, RenderQuoted *quoted)
{
    const Report *report = values->input->report;
    gboolean de = report->quote_de != NULL && !quoted->de;
    gboolean en = report->quote_en != NULL && !quoted->en;
    const char *quotation = NULL;

    if (de && (!en || strcmp(values->language, "en"))) {
        quoted->de = TRUE;
        quotation = report->quote_de;
    } else if (en) {
        quoted->en = TRUE;
        quotation = report->quote_en;
    }
    if (quotation == NULL)
        return NULL;
    g_autofree char *trimmed = g_strchomp(g_strdup(quotation));
    return g_strsplit(trimmed, "\n", -1);
}

const char *render_attached(const char *language)
{
    return strcmp(language, "de") == 0 ? "Alle Zeilen stehen in der angeh\xc3\xa4ngten Datei."
                                       : "All rows are in the attached file.";
}
