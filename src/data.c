/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Finds the compiled in tables among the resources, and reads them. */
#include "data.h"

#include <gio/gio.h>

#define RESOURCES "/org/certbund-milter/"

/* Generated from src/certbund.gresource.xml with --c-name certbund.  Calling it,
 * instead of trusting its constructor, makes a static library bring it along. */
GResource *certbund_get_resource(void);

Table *data_table(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strconcat(RESOURCES, name, NULL);
    g_autoptr(GBytes) bytes = g_resource_lookup_data(certbund_get_resource(), path,
                                                     G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
    gsize length = 0;
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
    Table *table = text != NULL ? table_read(text, length, ',', &error) : NULL;
    if (table == NULL)
        g_error("%s: %s", name, error->message);
    return table;
}

const char *data_cell(const Table *table, guint row, const char *column)
{
    int index = table_find_column(table, column);
    if (index < 0)
        g_error("a table of ours has no column %s", column);
    return table_cell(table, row, (guint)index);
}

char **data_texts(const Table *table, guint row, const char *column, const char *delimiter)
{
    return g_strsplit(data_cell(table, row, column), delimiter, -1);
}
