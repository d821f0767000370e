/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* html: an HTML part -> its text as a reader sees it, line by line.
 *
 * The only file that reads HTML; libxml2's parser, no network, no DTD, no tree.  br, p, div,
 * tr, table and their like break lines; blanks run together, no-break blanks stay.  A row of
 * a table with more than one cell becomes one line, its cells divided by HTML_CELL, a break
 * within a cell a blank.  Safe on any input; every thread may call it. */
#ifndef CERTBUND_HTML_H
#define CERTBUND_HTML_H

#include <glib.h>

#define HTML_CELL '\x1f' /* unit separator: no text has it, in the input it becomes a blank */

/* OTRS writes 20 KiB and ten levels; libxml2 walks the open elements for every tag. */
#define HTML_BYTES_MAX (4 * 1024 * 1024)
#define HTML_DEPTH_MAX 100

/* html[0..length): UTF-8.  UTF-8 with LF line ends, *length_r without the NUL; caller frees.
 * CERTBUND_ERROR_INPUT when a limit is passed. */
char *html_text(const char *html, gsize length, gsize *length_r, GError **error);

#endif
