/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "fuzz.h"

#include "errors.h"
#include "message.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_messages(void)
{
    static gboolean done;

    if (!done)
        message_init();
    done = TRUE;
}

char *fuzz_file(const uint8_t *data, size_t size)
{
    static int file = -1;

    if (file < 0)
        file = memfd_create("input", MFD_CLOEXEC);
    g_assert_cmpint(file, >=, 0);
    g_assert_cmpint(ftruncate(file, 0), ==, 0);
    g_assert_cmpint(pwrite(file, data, size, 0), ==, (ssize_t)size);
    return g_strdup_printf("/proc/self/fd/%d", file);
}

static void check_line(const char *text)
{
    g_assert_nonnull(text);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_null(strpbrk(text, "\r\n"));
}

void fuzz_check_faults(const Faults *faults, gboolean errors)
{
    g_assert_cmpint(faults_errors(faults) > 0, ==, errors);
    for (guint i = 0; i < faults_count(faults); i++)
        check_line(faults_text(faults, i));
}

void fuzz_check_error(const GError *error, gconstpointer result)
{
    g_assert_cmpint(result == NULL, ==, error != NULL);
    if (error == NULL)
        return;
    g_assert_true(g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT));
    g_assert_cmpuint(strlen(error->message), >, 0);
}

static void append_all(const Table *table, GString *text)
{
    guint n = table_n_columns(table);
    g_autofree guint *columns = g_new(guint, n);

    for (guint i = 0; i < n; i++)
        columns[i] = i;
    for (gint64 row = -1; row < table_n_rows(table); row++)
        table_append_csv(table, text, row, columns, n);
}

void fuzz_check_table(const Table *table)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    append_all(table, text);
    g_assert_cmpuint(table_extent(text->str, text->len), ==, text->len);
    g_autoptr(Table) again = table_read(text->str, text->len, ',', &error);
    g_assert_no_error(error);
    g_assert_cmpuint(table_n_columns(again), ==, table_n_columns(table));
    g_assert_cmpuint(table_n_rows(again), ==, table_n_rows(table));
    for (guint i = 0; i < table_n_columns(table); i++) {
        g_assert_cmpstr(table_column(again, i), ==, table_column(table, i));
        for (guint row = 0; row < table_n_rows(table); row++)
            g_assert_cmpstr(table_cell(again, row, i), ==, table_cell(table, row, i));
    }
}
