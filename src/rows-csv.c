/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes the attached table.  table_append_csv() is for the text, whose lines end in LF and
 * whose cells are never changed. */
#include "rows-csv.h"

#include <string.h>

/* The signs that begin a formula, as OWASP lists them for "CSV injection". */
static gboolean begins_formula(const char *cell)
{
    switch (g_utf8_get_char(cell)) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '\t':
    case '\r':
    case '\n':
    case 0xff1d: /* FULLWIDTH EQUALS SIGN */
    case 0xff0b: /* FULLWIDTH PLUS SIGN */
    case 0xff0d: /* FULLWIDTH HYPHEN-MINUS */
    case 0xff20: /* FULLWIDTH COMMERCIAL AT */
        return TRUE;
    default:
        return FALSE;
    }
}

/* The apostrophe itself, too: or nobody could tell whose it is. */
static void append_cell(GString *file, const char *cell, gboolean formula_safe)
{
    if (!formula_safe || (*cell != '\'' && !begins_formula(cell))) {
        table_append_cell(file, cell);
        return;
    }
    g_autofree char *safe = g_strconcat("'", cell, NULL);
    table_append_cell(file, safe);
}

GString *rows_csv(const Table *table, const guint32 *rows, guint n_rows, const guint *columns,
                  guint n_columns, const RowsCsv *options)
{
    GString *file = g_string_new(options->bom ? "\xEF\xBB\xBF" : "");

    for (guint i = 0; i <= n_rows; i++) {
        for (guint c = 0; c < n_columns; c++) {
            const char *cell = i == 0 ? table_column(table, columns[c])
                                      : table_cell(table, rows[i - 1], columns[c]);
            if (c > 0)
                g_string_append_c(file, ',');
            append_cell(file, cell, options->formula_safe);
        }
        g_string_append(file, "\r\n");
    }
    return file;
}

static void append_word(GString *name, const char *word)
{
    for (; *word != '\0'; word++)
        g_string_append_c(name, g_ascii_isalnum(*word) ? *word : '-');
}

char *rows_csv_name(const char *source, const char *class_id, const char *reference)
{
    g_autofree char *whose = g_ascii_strdown(source, -1);
    GString *name = g_string_new(NULL);

    append_word(name, whose);
    g_string_append_c(name, '-');
    append_word(name, class_id != NULL && *class_id != '\0' ? class_id : "report");
    g_string_append_c(name, '-');
    append_word(name, reference);
    g_string_append(name, ".csv");
    return g_string_free(name, FALSE);
}
