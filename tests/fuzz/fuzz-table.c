/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Text -> table: both ways of reading give the same, and so does writing it. */
#include "fuzz.h"

#include "errors.h"

#include <string.h>

static void check_taken(const char *text, gsize size, const Table *want)
{
    g_autoptr(GError) error = NULL;
    char *block = g_malloc(size + 1);

    if (size > 0)
        memcpy(block, text, size);
    g_autoptr(Table) table = table_take(block, 0, size, ',', &error);
    fuzz_check_error(error, table);
    g_assert_cmpint(table != NULL, ==, want != NULL);
    for (guint i = 0; table != NULL && i < table_n_columns(table); i++)
        for (guint row = 0; row < table_n_rows(table); row++)
            g_assert_cmpstr(table_cell(table, row, i), ==, table_cell(want, row, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(table_extent(text, size), <=, size);
    g_autoptr(Table) table = table_read(text, size, ',', &error);
    fuzz_check_error(error, table);
    check_taken(text, size, table);
    if (table == NULL)
        return 0;
    g_assert_cmpuint(table_n_columns(table), >, 0);
    for (guint i = 0; i < table_n_columns(table); i++)
        g_assert_cmpint(table_find_column(table, table_column(table, i)), ==, (int)i);
    fuzz_check_table(table);
    return 0;
}
