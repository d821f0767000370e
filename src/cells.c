/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Splits one row.  Looser than RFC 4180, as people write: blanks round cells and
 * quotes within unquoted ones are fine; but a quote that opens a cell must close it. */
#include "cells.h"

#include <string.h>

/* Blanks that are not the delimiter itself. */
static gboolean is_blank(char c, char delimiter)
{
    return (c == ' ' || c == '\t') && c != delimiter;
}

/* The closing quote of a cell whose opening one is at from, when only blanks stand between it
 * and the cell's end; 0 when there is none.  *open_r: none closes it at all. */
static gsize closing_quote(const char *text, gsize length, gsize from, char delimiter,
                           gboolean *open_r)
{
    gsize i = from + 1;
    for (;; i++) {
        const char *quote = i < length ? memchr(text + i, '"', length - i) : NULL;
        *open_r = quote == NULL;
        if (quote == NULL)
            return 0;
        i = (gsize)(quote - text);
        if (i + 1 == length || text[i + 1] != '"')
            break;
        i++;
    }
    gsize behind = i + 1;
    while (behind < length && is_blank(text[behind], delimiter))
        behind++;
    return behind == length || text[behind] == delimiter ? i : 0;
}

static gsize next_delimiter(const char *text, gsize length, gsize from, char delimiter)
{
    const char *found = from < length ? memchr(text + from, delimiter, length - from) : NULL;
    return found != NULL ? (gsize)(found - text) : length;
}

/* The cell at from; *end_r is its delimiter's place, or length.  FALSE: a quote is open. */
static gboolean read_cell(const char *text, gsize length, gsize from, char delimiter, Cell *cell,
                          gsize *end_r)
{
    gboolean open = FALSE;
    gsize start = from;
    while (start < length && is_blank(text[start], delimiter))
        start++;
    gsize close = start < length && text[start] == '"'
                      ? closing_quote(text, length, start, delimiter, &open)
                      : 0;
    if (open)
        return FALSE;
    if (close > 0) {
        *cell = (Cell){ start + 1, close - start - 1, TRUE };
        *end_r = next_delimiter(text, length, close + 1, delimiter);
        return TRUE;
    }
    gsize end = *end_r = next_delimiter(text, length, start, delimiter);
    while (end > start && is_blank(text[end - 1], delimiter))
        end--;
    *cell = (Cell){ start, end - start, FALSE };
    return TRUE;
}

gboolean cells_split(const char *text, gsize length, char delimiter, gboolean strict,
                     Cells *cells_r)
{
    cells_r->text = text;
    cells_r->n = 0;
    for (gsize from = 0, end = 0;; from = end + 1) {
        if (cells_r->n == TABLE_COLUMNS_MAX
            || !read_cell(text, length, from, delimiter, &cells_r->cells[cells_r->n], &end))
            return FALSE;
        const Cell *cell = &cells_r->cells[cells_r->n++];
        if (strict && !cell->quoted && memchr(text + cell->start, '"', cell->length) != NULL)
            return FALSE;
        if (end == length)
            return TRUE;
    }
}

char *cells_text(const Cells *cells, guint i)
{
    const Cell *cell = &cells->cells[i];
    if (!cell->quoted)
        return g_strndup(cells->text + cell->start, cell->length);
    char *text = g_malloc(cell->length + 1);
    gsize used = 0;
    for (gsize k = 0; k < cell->length; k++) {
        char c = text[used++] = cells->text[cell->start + k];
        k += c == '"'; /* they are doubled */
    }
    text[used] = '\0';
    return text;
}

gboolean cells_address(const Cells *cells, guint i, Address *address_r)
{
    const Cell *cell = &cells->cells[i];
    return address_parse(cells->text + cell->start, cell->length, address_r);
}

int cells_first_address(const Cells *cells)
{
    Address address;
    for (guint i = 0; i < cells->n; i++)
        if (cells_address(cells, i, &address))
            return (int)i;
    return -1;
}
