/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* listing-rows: the rows that listing*.c make.  Used by them only. */
#ifndef CERTBUND_LISTING_ROWS_H
#define CERTBUND_LISTING_ROWS_H

#include "address.h"
#include "letter.h"
#include "reading.h"

/* Rows of ip, timestamp, line; the header is there. */
ReadingRows *listing_rows_new(void);

/* context: lines[from..to), where the time is looked for, and which is the verbatim text when
 * short and no other address stands in it; number: of the address's own line. */
void listing_rows_add(ReadingRows *rows, const Address *address, const Line *lines, guint from,
                      guint to, guint32 number);

/* NULL when rows has none. */
Reading *listing_rows_finish(ReadingRows *rows, Certainty certainty, GError **error);

#endif
