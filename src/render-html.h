/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* render-html: what render.h makes a text of, as a page for the text/html alternative.
 *
 * The same nodes in the same order and languages, the same rows.  HTML that is well-formed
 * XML, too, so that any reader of either finds the same in it: a head with one style sheet,
 * no script, nothing that is fetched from elsewhere, links of the template's <link> alone.
 * Every text and attribute is escaped here; no value becomes markup. */
#ifndef CERTBUND_RENDER_HTML_H
#define CERTBUND_RENDER_HTML_H

#include "render.h"

/* Rows of the page, about 100 KiB of it: webmail cuts what is longer.  Of a notice with more it
 * has none, and they are attached. */
#define RENDER_PAGE_ROWS_MAX 500

/* languages: char *, at least one.  attached: the rows are, so that the page says it.  UTF-8,
 * LF line ends, characters as html_escape() writes them; caller frees. */
GString *render_html(const RenderInput *input, const GPtrArray *languages, const char *subject,
                     gboolean attached);

#endif
