/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* cells: one row's text -> its cells.  Used by dialect.c only. */
#ifndef CERTBUND_CELLS_H
#define CERTBUND_CELLS_H

#include "address.h"
#include "table.h"

typedef struct {
    gsize start, length; /* in the row's text, without blanks and quotes round it */
    gboolean quoted;     /* quotes within are doubled */
} Cell;

typedef struct {
    const char *text;
    Cell cells[TABLE_COLUMNS_MAX];
    guint n;
} Cells;

/* FALSE when there are too many, or a quote is open at the end.  A quote elsewhere in a cell is
 * as it stands; strict: FALSE then, too. */
gboolean cells_split(const char *text, gsize length, char delimiter, gboolean strict,
                     Cells *cells_r);

/* The cell with its quotes undone; caller frees. */
char *cells_text(const Cells *cells, guint i);

/* Is the whole cell an address? */
gboolean cells_address(const Cells *cells, guint i, Address *address_r);

/* The first cell that is an address, or -1. */
int cells_first_address(const Cells *cells);

#endif
