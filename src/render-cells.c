/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the rows of a notice say: the cells of a column, the addresses, and whether a condition
 * on them holds.  No other customer's row is ever looked at. */
#include "render-inline.h"

#include "columns.h"
#include "wrap.h"

#include <string.h>

/* One after the other, each once. */
typedef struct {
    GHashTable *seen; /* char *, owned */
    GString *out;
    guint max, n; /* that are shown, and that there are */
} Listing;

static void add(Listing *listing, const char *text)
{
    if (*text == '\0' || !g_hash_table_add(listing->seen, g_strdup(text)))
        return;
    if (listing->n++ >= listing->max)
        return;
    if (listing->n > 1)
        g_string_append(listing->out, ", ");
    if (g_utf8_strlen(text, -1) <= RENDER_CELL_MAX) {
        wrap_append_safe(listing->out, text);
        return;
    }
    g_autofree char *start = g_utf8_substring(text, 0, RENDER_CELL_MAX - 1);
    wrap_append_safe(listing->out, start);
    g_string_append(listing->out, "…");
}

static Listing begin(GString *out, guint max)
{
    return (Listing){ g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), out, max, 0 };
}

static guint end(Listing *listing)
{
    g_hash_table_unref(listing->seen);
    return listing->n - MIN(listing->n, listing->max);
}

/* Where the column stands; -1: nowhere, or the layout hides it from customers. */
static int shown_column(const RenderInput *input, const char *name)
{
    for (char **hidden = input->layout->table.hide; *hidden != NULL; hidden++)
        if (columns_same(name, *hidden) || g_ascii_strcasecmp(name, *hidden) == 0)
            return -1;
    return columns_locate(input->report->table, name);
}

void render_cells(const RenderValues *values, const char *column, guint max, GString *out,
                  guint *more_r)
{
    const RenderInput *input = values->input;
    const Table *table = input->report->table;
    int index = shown_column(input, column);
    Listing listing = begin(out, max);

    for (guint i = 0; index >= 0 && i < input->n_events; i++)
        add(&listing, table_cell(table, input->events[i], (guint)index));
    *more_r = end(&listing);
}

void render_addresses(const RenderValues *values, guint max, GString *out)
{
    const RenderInput *input = values->input;
    char text[ADDRESS_TEXT_SIZE];
    Listing listing = begin(out, max);

    for (guint i = 0; i < input->n_events; i++)
        add(&listing, report_subject_text(input->report, input->events[i], text));
    end(&listing);
}

/* Any cell that is not empty, or that is this. */
static gboolean any_cell(const RenderInput *input, const char *column, const char *value)
{
    const Table *table = input->report->table;
    int index = shown_column(input, column);

    for (guint i = 0; index >= 0 && i < input->n_events; i++) {
        const char *cell = table_cell(table, input->events[i], (guint)index);
        if (value != NULL ? strcmp(cell, value) == 0 : *cell != '\0')
            return TRUE;
    }
    return FALSE;
}

gboolean render_holds(const RenderValues *values, const Node *node)
{
    if (node->of_column)
        return any_cell(values->input, node->text, node->value) != node->negated;
    g_autoptr(GString) text = g_string_new(NULL);
    render_field(values, node->text, NULL, text);
    return (node->value != NULL ? strcmp(text->str, node->value) == 0 : text->len > 0)
        != node->negated;
}
