/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the rows of a notice say: which columns it shows, the cells of one, the addresses, and
 * whether a condition on them holds.  No other customer's row is ever looked at. */
#include "render-inline.h"

#include "columns.h"
#include "form.h"
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

gboolean render_hides(const RenderFrame *frame, const char *name)
{
    for (char **hidden = frame->layout->table.hide; *hidden != NULL; hidden++)
        if (columns_alike(*hidden, name))
            return TRUE;
    return form_hides(frame->customer->form, name) || form_hides(frame->template_->form, name)
        || form_hides(frame->layout->table.form, name);
}

guint *render_columns(const Report *report, const RenderFrame *frame, guint *n_r)
{
    const Template *template_ = frame->template_;
    guint n_all = table_n_columns(report->table), n = 0;
    guint *columns = g_new(guint, n_all + 1);
    g_autofree gboolean *taken = g_new0(gboolean, n_all + 1);

    for (guint i = 0; i < n_all; i++)
        taken[i] = render_hides(frame, table_column(report->table, i));
    for (guint i = 0; template_->columns[i] != NULL; i++) {
        int column = table_find_column(report->table, template_->columns[i]);
        if (column < 0 || taken[column])
            continue;
        taken[column] = TRUE;
        columns[n++] = (guint)column;
    }
    /* A report that has none of the only columns still tells its rows. */
    if (!template_->columns_only || n == 0)
        for (guint i = 0; i < n_all; i++)
            if (!taken[i])
                columns[n++] = i;
    *n_r = n;
    return columns;
}

const char **render_languages(const GPtrArray *languages)
{
    const char **words = g_new0(const char *, languages->len + 1);

    for (guint i = 0; i < languages->len; i++)
        words[i] = languages->pdata[i];
    return words;
}

GHashTable **render_labels(const Layout *layout, const GPtrArray *languages)
{
    g_autofree GHashTable **own = g_new0(GHashTable *, languages->len + 1);
    gboolean any = FALSE;

    for (guint i = 0; i < languages->len; i++) {
        own[i] = layout_text(layout, languages->pdata[i])->labels;
        any |= own[i] != NULL;
    }
    return any ? g_steal_pointer(&own) : NULL;
}

/* Where the column stands; -1: nowhere, or it is hidden from this customer. */
static int shown_column(const RenderInput *input, const char *name)
{
    const RenderFrame frame = { input->template_, input->layout, input->customer };
    int column = columns_locate(input->report->table, name);

    return column >= 0 && render_hides(&frame, table_column(input->report->table, (guint)column))
        ? -1 : column;
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

void render_networks(const RenderValues *values, guint max, GString *out, guint *more_r)
{
    const char *const *networks = values->input->networks;
    Listing listing = begin(out, max);

    for (guint i = 0; networks != NULL && networks[i] != NULL; i++)
        add(&listing, networks[i]);
    *more_r = end(&listing);
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
