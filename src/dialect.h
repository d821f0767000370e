/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dialect: lines -> a table, whatever divides its cells: cells of HTML, tab, ';', '|', ','.
 *
 * With a header one of its names must be known as the affected address (affected.h).  Without
 * one the first address of a row is, if that is the same column in all rows; names are then
 * column-1 to column-n, "ip" for that column and "timestamp" for the last one of which every
 * cell is a time.  Cells are verbatim, without the blanks and quotes round them.
 *
 * Hard wrapping is undone by the number of cells: a row may stand on several lines if each
 * of them was too long for the next one's first word, and if there is exactly one way to take
 * the lines as rows.  In doubt: rows of different length, a cell without address where the
 * affected one belongs, several names for it, two ways to take the lines. */
#ifndef CERTBUND_DIALECT_H
#define CERTBUND_DIALECT_H

#include "letter.h"
#include "reading.h"

#define DIALECT_ROW_LINES 8 /* lines of one row; OTRS wraps at 78: real ones have 3 at most */

typedef enum {
    WRAP_NEVER, /* one line is one row */
    WRAP_HARD,  /* a row may be broken at any blank */
    WRAP_QUOTES /* only within quotes, where the break belongs to the cell (RFC 4180) */
} Wrap;

/* The first table in lines[0..n).  told has n members: those of the table become TRUE. */
Reading *dialect_read(const Line *lines, guint n, Wrap wrap, guint8 *told, GError **error);

/* The automated family's table of 2017 and before in text[0..length): "Format: ASN | IP |
 * Timestamp (UTC)", then rows.  CERTBUND_ERROR_INPUT when rows are ragged. */
Reading *dialect_read_old(const char *text, gsize length, GError **error);

#endif
