/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-html: the page of a finished notice -> its rows, checked, and all else that it says.
 *
 * Shares no code with what wrote the page.  Read strictly as XML, without network, DTD or
 * entities; what is no notice's page (another element or attribute, a comment, CDATA, a
 * processing instruction, a link other than https, http and mailto, a style sheet that
 * fetches something) is refused, for what isn't looked at could say anything. */
#ifndef CERTBUND_GUARD_HTML_H
#define CERTBUND_GUARD_HTML_H

#include "guard-rows.h"

#define GUARD_HTML_ROWS_MAX 500 /* of more a page may have none: webmail cuts long ones */
#define GUARD_HTML_DEPTH_MAX 20 /* elements in each other: a page has at most 7 */

/* html[0..length), UTF-8.  The texts outside of the rows and all attributes' values, links
 * also without percent encoding, with two line ends between what stands in two blocks: for
 * the search for foreign names; g_string_free().  with_rows: the page must have one table, of
 * exactly these rows, but may do without where there are more than GUARD_HTML_ROWS_MAX; else it
 * must have none.  cut: cells may stand there as guard_same_shown() says.  CERTBUND_ERROR_BUG
 * says what is wrong, and no cell. */
GString *guard_html_words(const char *html, gsize length, const Shown *shown, gboolean with_rows,
                          gboolean cut, GError **error);

#endif
