/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* table: text -> header and rows, after RFC 4180.
 *
 * Cells are kept verbatim in one block of memory: no allocation per row or
 * cell, so that a million rows cost little more than their text.  The only
 * includer of csv.h besides customers.c. */
#ifndef CERTBUND_TABLE_H
#define CERTBUND_TABLE_H

#include <glib.h>

#define TABLE_ROWS_MAX 2000000      /* more than fits the largest mail; bounds memory */
#define TABLE_COLUMNS_MAX 200       /* the widest known feed has 60 */
#define TABLE_CELL_MAX (64 * 1024)  /* bytes; a cell longer than this is no scan result */

typedef struct Table Table;

/* How much of text[0..length) is the table: up to the first empty line outside
 * quotes, its line end included, or all. */
gsize table_extent(const char *text, gsize length);

/* text[0..length): UTF-8, LF line ends, first row is the header, cells divided
 * by delimiter, quotes doubled inside quotes, line breaks inside quotes.
 * CERTBUND_ERROR_INPUT, with the row's number (the header is row 0), when rows
 * are ragged, a quote is open at the end or stands inside an unquoted cell, a
 * column name is empty or repeated (case ignored), or a limit is passed. */
Table *table_read(const char *text, gsize length, char delimiter, GError **error);

/* The same for text[start..start + length), without a second block of memory: text
 * (g_malloc(), at least one byte longer) is taken, and freed on an error too. */
Table *table_take(char *text, gsize start, gsize length, char delimiter, GError **error);

void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

guint table_n_columns(const Table *table);
guint table_n_rows(const Table *table); /* without the header */

/* Column name as written; by index below table_n_columns(). */
const char *table_column(const Table *table, guint column);

/* Index of the column of this name, ASCII case ignored, or -1. */
int table_find_column(const Table *table, const char *name);

/* NUL-terminated, verbatim, owned by the table; rows count from 0. */
const char *table_cell(const Table *table, guint row, guint column);

/* Append value as one CSV cell in quotes, those within doubled (RFC 4180); no comma. */
void table_append_cell(GString *text, const char *value);

/* Append row's given cells to text as one CSV line, every cell in quotes, LF at
 * the end; row -1 appends the column names. */
void table_append_csv(const Table *table, GString *text, gint64 row,
                      const guint *columns, guint n_columns);

#endif
