/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* rows-text: a customer's rows -> lines of a text, for a person to read.
 *
 * Cells stand there as shown.h has them.  Pure: the same rows give the same text. */
#ifndef CERTBUND_ROWS_TEXT_H
#define CERTBUND_ROWS_TEXT_H

#include "table.h"

#define ROWS_TABLE_WIDTH 78 /* what a mail program shows unbroken beside its own margin */
#define ROWS_TABLE_WORD  40 /* a longer word may be divided; no IPv6 address is longer */

typedef struct {
    const char *form;             /* see form.h; NULL: csv */
    guint max_cell;               /* characters that are shown of a cell; 0: all */
    const char *const *languages; /* of the labels, NULL-terminated, at least one */
    GHashTable *const *own;       /* labels in place of ours, see columns_label() */
} RowsText;

/* Append the rows, with LF behind every line:
 * - csv: a header line and a line for each row, every cell in quotes (RFC 4180);
 * - table: cells one below the other, wrapped into columns of at most ROWS_TABLE_WIDTH in
 *   all, "-" for an empty one; a line of hyphens under the columns' labels; empty lines
 *   between rows when one of them takes several lines;
 * - labels: a line "Label: cell" for each cell that is not empty, wrapped, an empty line
 *   between rows; this, too, if the words of a table are too wide for it.
 * In the latter two blanks are folded, control characters are blanks, and what the scanned
 * system itself said stands in quotes.  TRUE: no cell is cut or defanged. */
gboolean rows_text(GString *text, const Table *table, const guint32 *rows, guint n_rows,
                   const guint *columns, guint n_columns, const RowsText *options);

#endif
