/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The automated family's table of 2017 and before: | between the cells, blanks
 * round them, nothing quoted. */
#include "dialect.h"

#include "affected.h"
#include "errors.h"

#include <string.h>

static gboolean add_old_row(const Line *line, guint *columns, ReadingRows *rows)
{
    g_autofree char *text = g_strndup(line->text, line->length);
    g_auto(GStrv) cells = g_strsplit(text, "|", TABLE_COLUMNS_MAX + 1);
    guint n = g_strv_length(cells);
    if (*columns == 0)
        *columns = n;
    if (n != *columns)
        return FALSE;
    for (guint i = 0; i < n; i++) {
        g_strstrip(cells[i]);
        reading_rows_add(rows, cells[i], strlen(cells[i]), i + 1 == n);
    }
    g_array_append_val(rows->lines, line->number);
    return TRUE;
}

Reading *dialect_read_old(const char *text, gsize length, GError **error)
{
    static const char format[] = "Format:";
    guint columns = 0;
    g_autoptr(ReadingRows) rows = reading_rows_new();
    g_autoptr(Letter) letter = letter_read(g_strndup(text, length), length, TRUE, error);
    if (letter == NULL)
        return NULL;
    for (guint i = 0; i < letter->n; i++) {
        Line line = letter->lines[i];
        if (i == 0) {
            if (line.length < strlen(format) || memcmp(line.text, format, strlen(format)) != 0) {
                error_input(error, "| stands between the cells, but no \"Format:\" above them");
                return NULL;
            }
            line.text += strlen(format);
            line.length -= (guint32)strlen(format);
        }
        if (!add_old_row(&line, &columns, rows)) {
            error_input(error, "table: row %u: it has not as many cells as the header", i);
            return NULL;
        }
    }
    if (rows->lines->len > 0)
        g_array_remove_index(rows->lines, 0); /* the header's */
    Reading *reading = reading_new(rows, CERTAINTY_TABLE, error);
    if (reading == NULL)
        return NULL;
    ColumnKind kinds[TABLE_COLUMNS_MAX];
    for (guint i = 0; i < table_n_columns(reading->table); i++)
        kinds[i] = column_kind(table_column(reading->table, i),
                               strlen(table_column(reading->table, i)));
    int address = columns_affected(kinds, table_n_columns(reading->table));
    reading->address_column = address < 0 ? G_MAXUINT : (guint)address;
    reading->time_column = columns_time(reading->table);
    return reading;
}
