/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows of any dialect are written anew as RFC 4180, so that one reader checks
 * and keeps them all: table.c. */
#include "reading.h"

ReadingRows *reading_rows_new(void)
{
    ReadingRows *rows = g_new0(ReadingRows, 1);
    rows->csv = g_string_new(NULL);
    rows->lines = g_array_new(FALSE, FALSE, sizeof(guint32));
    return rows;
}

void reading_rows_free(ReadingRows *rows)
{
    if (rows == NULL)
        return;
    if (rows->csv != NULL)
        g_string_free(rows->csv, TRUE);
    if (rows->lines != NULL)
        g_array_unref(rows->lines);
    g_free(rows);
}

void reading_rows_add(ReadingRows *rows, const char *text, gsize length, gboolean last)
{
    g_autofree char *cell = g_strndup(text, length);
    table_append_cell(rows->csv, cell);
    g_string_append_c(rows->csv, last ? '\n' : ',');
}

Reading *reading_new(ReadingRows *rows, Certainty certainty, GError **error)
{
    g_autoptr(Reading) reading = g_new0(Reading, 1);
    gsize length = rows->csv->len;
    reading->certainty = certainty;
    reading->time_column = -1;
    reading->lines = g_steal_pointer(&rows->lines);
    char *csv = g_string_free(g_steal_pointer(&rows->csv), FALSE);
    reading->table = table_take(csv, 0, length, ',', error);
    if (reading->table == NULL) {
        g_prefix_error(error, "table: ");
        return NULL;
    }
    return g_steal_pointer(&reading);
}

void reading_free(Reading *reading)
{
    if (reading == NULL)
        return;
    table_free(reading->table);
    if (reading->lines != NULL)
        g_array_unref(reading->lines);
    g_free(reading);
}
