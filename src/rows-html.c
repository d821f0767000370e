/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Every text of a page passes html_escape(), every cell append_cell(). */
#include "rows-html.h"

#include "columns.h"
#include "shown.h"
#include "wrap.h"

/* ---- text */

/* XML would read a CR as LF, and knows no other control character. */
static gboolean is_unwritable(gunichar c)
{
    return (c != '\n' && c != '\t' && wrap_is_unsafe(c)) || c == 0xfffe || c == 0xffff;
}

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* What stands for the character at p, or NULL: itself. */
static const char *stand_in(const char *p)
{
    if ((guchar)*p >= 0x80 || (guchar)*p < 0x20)
        return is_unwritable(g_utf8_get_char(p)) ? REPLACEMENT : NULL;
    switch (*p) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    default:
        return *p == 0x7f ? REPLACEMENT : NULL;
    }
}

void html_escape(GString *page, const char *text)
{
    const char *kept = text; /* start of what is not copied yet */

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        const char *instead = stand_in(p);
        if (instead == NULL)
            continue;
        g_string_append_len(page, kept, p - kept);
        g_string_append(page, instead);
        kept = g_utf8_next_char(p);
    }
    g_string_append(page, kept);
}

/* All that a cell becomes: never a link. */
static void append_cell(GString *page, const char *cell, guint max)
{
    g_autoptr(GString) shown = g_string_new(NULL);

    shown_append(shown, cell, max);
    html_escape(page, shown->str);
}

/* ---- the table */

/* In each of the notice's languages, once where they agree.  Below it the name, if it is
 * another: templates speak of columns by that, and it is in the text and the file. */
static void append_label(GString *page, const RowsHtml *options, const char *name)
{
    g_autofree char *label = columns_label(name, options->languages, options->own);

    html_escape(page, *label != '\0' ? label : name);
    if (*label != '\0' && g_ascii_strcasecmp(label, name) != 0) {
        g_string_append(page, "<br/>");
        html_escape(page, name);
    }
}

static void append_head(GString *page, const Table *table, const guint *columns, guint n_columns,
                        const RowsHtml *options)
{
    g_string_append(page, "<thead>\n<tr>");
    for (guint c = 0; c < n_columns; c++) {
        g_string_append(page, "<th>");
        append_label(page, options, table_column(table, columns[c]));
        g_string_append(page, "</th>");
    }
    g_string_append(page, "</tr>\n</thead>\n");
}

void rows_html(GString *page, const Table *table, const guint32 *rows, guint n_rows,
               const guint *columns, guint n_columns, const RowsHtml *options)
{
    g_string_append(page, "<div class=\"scroll\">\n<table class=\"rows\">\n");
    append_head(page, table, columns, n_columns, options);
    g_string_append(page, "<tbody>\n");
    for (guint i = 0; i < n_rows; i++) {
        g_string_append(page, "<tr>");
        for (guint c = 0; c < n_columns; c++) {
            g_string_append(page, "<td>");
            append_cell(page, table_cell(table, rows[i], columns[c]), options->max_cell);
            g_string_append(page, "</td>");
        }
        g_string_append(page, "</tr>\n");
    }
    g_string_append(page, "</tbody>\n</table>\n</div>\n");
}
