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

/* Append <table class="rows"> in its <div class="scroll">.  rows: indices into table.  The
 * columns are labelled in these languages (char *, at least one); a cell holds text alone, as
 * shown.h has it, of at most max_cell characters (0: all), and never a link. */
void rows_html(GString *page, const Table *table, const guint32 *rows, guint n_rows,
               const guint *columns, guint n_columns, guint max_cell, const GPtrArray *languages);

#endif
