/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows as a text has them, all cells whole and in quotes, are compared as they stand.  Others
 * are parsed slice by slice, each under the header line, so that a notice of a million rows
 * isn't held again. */
#include "guard-rows.h"

#include "errors.h"
#include "guard-shapes.h"

#include <string.h>

#define GUARD_SLICE (256 * 1024) /* bytes of rows parsed at a time: bounds memory */

/* How a cell may stand there. */
typedef gboolean (*CellSame)(const char *written, const char *cell);

static gboolean same_verbatim(const char *written, const char *cell)
{
    return strcmp(written, cell) == 0;
}

/* As in a text for people. */
static gboolean same_cut(const char *written, const char *cell)
{
    return guard_same_shown(written, cell, TRUE);
}

static gboolean same_in_file(const char *written, const char *cell)
{
    return strcmp(written, cell) == 0 || (*written == '\'' && strcmp(written + 1, cell) == 0);
}

const char *guard_rows_find(const Shown *shown, const char *text)
{
    g_autoptr(GString) header = g_string_new("\n");

    table_append_csv(shown->table, header, -1, shown->columns, shown->n_columns);
    if (g_str_has_prefix(text, header->str + 1))
        return text;
    const char *found = strstr(text, header->str);
    return found != NULL ? found + 1 : NULL;
}

/* Behind the cell in quotes, a quote within doubled (RFC 4180 section 2), when it is this one;
 * or NULL.  at: NUL-terminated. */
static const char *skip_cell(const char *at, const char *cell)
{
    if (*at++ != '"')
        return NULL;
    for (; *cell != '\0'; cell++)
        if (*at++ != *cell || (*cell == '"' && *at++ != '"'))
            return NULL;
    return *at == '"' ? at + 1 : NULL;
}

/* Is it the header line and these rows, cell by cell, and nothing else? */
static gboolean are_verbatim(const Shown *shown, const char *rows, gsize length)
{
    const char *at = rows;

    for (guint i = 0; i <= shown->n_events; i++)
        for (guint c = 0; c < shown->n_columns; c++) {
            guint column = shown->columns[c];
            at = skip_cell(at, i == 0 ? table_column(shown->table, column)
                                      : table_cell(shown->table, shown->events[i - 1], column));
            if (at == NULL || *at++ != (c + 1 < shown->n_columns ? ',' : '\n'))
                return FALSE;
        }
    return at == rows + length;
}

/* The rows of one slice are the events from *next on; counts them off. */
static gboolean slice_matches(const Shown *shown, const Table *slice, CellSame same, guint *next,
                              GError **error)
{
    if (table_n_columns(slice) != shown->n_columns
        || table_n_rows(slice) > shown->n_events - *next) {
        error_bug(error, "more rows or other columns than the customer's %u events of %u columns",
                  shown->n_events, shown->n_columns);
        return FALSE;
    }
    for (guint c = 0; c < shown->n_columns; c++)
        if (!same(table_column(slice, c), table_column(shown->table, shown->columns[c]))) {
            error_bug(error, "column %u has another name", c + 1);
            return FALSE;
        }
    for (guint row = 0; row < table_n_rows(slice); row++, ++*next)
        for (guint c = 0; c < shown->n_columns; c++)
            if (!same(table_cell(slice, row, c),
                      table_cell(shown->table, shown->events[*next], shown->columns[c]))) {
                error_bug(error, "row %u differs from the event's", *next + 1);
                return FALSE;
            }
    return TRUE;
}

/* At least `least` bytes of whole rows: up to a line end outside of quotes. */
static gsize slice_size(const char *rows, gsize length, gsize least)
{
    gboolean quoted = FALSE;

    for (gsize i = 0; i < length; i++) {
        quoted ^= rows[i] == '"';
        if (rows[i] == '\n' && !quoted && i + 1 >= least)
            return i + 1;
    }
    return length;
}

static gboolean all_match(const Shown *shown, const char *rows, gsize length, CellSame same,
                          GError **error)
{
    if (are_verbatim(shown, rows, length))
        return TRUE;
    gsize header = slice_size(rows, length, 1), size;
    guint next = 0;

    for (gsize at = header; at < length; at += size) {
        g_autoptr(GString) text = g_string_new_len(rows, (gssize)header);
        size = slice_size(rows + at, length - at, GUARD_SLICE);
        g_string_append_len(text, rows + at, (gssize)size);
        g_autoptr(Table) slice = table_read(text->str, text->len, ',', error);
        if (slice == NULL || !slice_matches(shown, slice, same, &next, error))
            return FALSE;
    }
    if (next == shown->n_events)
        return TRUE;
    error_bug(error, "%u rows, expected %u", next, shown->n_events);
    return FALSE;
}

gboolean guard_rows_match(const Shown *shown, const char *rows, gsize length, gboolean cut,
                          GError **error)
{
    return all_match(shown, rows, length, cut ? same_cut : same_verbatim, error);
}

/* With LF at the rows' ends; NULL when a row ends otherwise.  Line ends in quotes are the
 * cell's own. */
static GString *lf_rows(const char *at, const char *end)
{
    GString *rows = g_string_sized_new((gsize)(end - at));
    gboolean quoted = FALSE;

    for (; at < end; at++) {
        quoted ^= *at == '"';
        gboolean row_ends = !quoted && end - at >= 2 && at[0] == '\r' && at[1] == '\n';
        if (!quoted && !row_ends && (*at == '\r' || *at == '\n')) {
            g_string_free(rows, TRUE);
            return NULL;
        }
        at += row_ends;
        g_string_append_c(rows, *at);
    }
    return rows;
}

gboolean guard_rows_match_file(const Shown *shown, GBytes *file, gboolean spreadsheet,
                               GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(file, &size), *end = data + size;

    if (spreadsheet && size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        data += 3;
    g_autoptr(GString) rows = lf_rows(data, end);
    if (rows == NULL || !g_utf8_validate_len(rows->str, rows->len, NULL)
        || table_extent(rows->str, rows->len) != rows->len) {
        error_bug(error, "the attached file is no CSV of rows alone");
        return FALSE;
    }
    return all_match(shown, rows->str, rows->len, spreadsheet ? same_in_file : same_verbatim,
                     error);
}
