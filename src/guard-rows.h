/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-rows: are the rows that stand in a notice exactly this customer's events?
 *
 * Reads them back from the text and from the attached CSV, and shares no code with what wrote
 * the latter.  Errors are CERTBUND_ERROR_BUG and name no cell. */
#ifndef CERTBUND_GUARD_ROWS_H
#define CERTBUND_GUARD_ROWS_H

#include "table.h"

/* What every table of the notice must show. */
typedef struct {
    const Table *table; /* of the report */
    const guint32 *events;
    guint n_events;
    const guint *columns;
    guint n_columns;
} Shown;

/* Where the rows stand in a text as CSV: at the header line that they have, or NULL. */
const char *guard_rows_find(const Shown *shown, const char *text);

/* rows[0..length), in a text that ends in NUL: the header line and the rows, LF line ends,
 * nothing else; every cell as it is, or, when cut, in part and with URLs defanged
 * (guard-shapes.h). */
gboolean guard_rows_match(const Shown *shown, const char *rows, gsize length, gboolean cut,
                          GError **error);

/* The same of a CSV file: CRLF line ends, cells as they are; for a spreadsheet also with a BOM
 * in front, and cells with the apostrophe of rows-csv.h. */
gboolean guard_rows_match_file(const Shown *shown, GBytes *file, gboolean spreadsheet,
                               GError **error);

#endif
