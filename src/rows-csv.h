/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* rows-csv: a customer's rows -> a CSV file to attach, after RFC 4180.
 *
 * Every cell is in quotes and verbatim, lines end in CRLF, the first has the columns'
 * names.  Pure: the same rows give the same bytes. */
#ifndef CERTBUND_ROWS_CSV_H
#define CERTBUND_ROWS_CSV_H

#include "table.h"

typedef struct {
    gboolean bom;          /* U+FEFF in front: by it spreadsheets know UTF-8 */
    gboolean formula_safe; /* see below */
} RowsCsv;

/* rows: indices into table.  formula_safe: a cell that begins with '=', '+', '-', '@', a tab,
 * a line end or one of the full-width forms of the four signs, which a spreadsheet would
 * run, or with an apostrophe, gets an apostrophe in front.  A reader undoes that by taking
 * the first apostrophe from each cell that begins with one.  Caller frees. */
GString *rows_csv(const Table *table, const guint32 *rows, guint n_rows, const guint *columns,
                  guint n_columns, const RowsCsv *options);

/* "cert-bund-open-telnet-A-7F3K2Q.csv": whose reports the rows are of, and ASCII letters, digits
 * and hyphens, whatever the class and the reference are; caller frees.  source: as
 * source_name() has it, or several with blanks between. */
char *rows_csv_name(const char *source, const char *class_id, const char *reference);

#endif
