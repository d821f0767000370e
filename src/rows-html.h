/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* rows-html: a customer's rows -> the table of a page, and any text -> text of a page.
 *
 * Well-formed XML, too.  Pure: the same rows give the same bytes. */
#ifndef CERTBUND_ROWS_HTML_H
#define CERTBUND_ROWS_HTML_H

#include "table.h"

/* Append text, valid UTF-8, escaped: for an element, and for an attribute's value in double
 * quotes.  A character that no page may hold or that is not seen (control characters but tabs
 * and line ends, those that reverse directions, U+FFFE and U+FFFF: XML 1.0 section 2.2)
 * stands there as U+FFFD. */
void html_escape(GString *page, const char *text);

typedef struct {
    guint max_cell;               /* characters that are shown of a cell; 0: all */
    const char *const *languages; /* of the labels, NULL-terminated, at least one */
    GHashTable *const *own;       /* labels in place of ours, see columns_label() */
} RowsHtml;

/* Append <table class="rows"> in its <div class="scroll">.  rows: indices into table.  A cell
 * holds text alone, as shown.h has it, and never a link. */
void rows_html(GString *page, const Table *table, const guint32 *rows, guint n_rows,
               const guint *columns, guint n_columns, const RowsHtml *options);

#endif
