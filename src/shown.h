/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* shown: a cell -> what of it stands in a notice for a person to read.
 *
 * A cell may hold what somebody else's system answered to a scan: a mail program must not make
 * a link of it, nor a letter be buried under it.  Verbatim it stands in attached files. */
#ifndef CERTBUND_SHOWN_H
#define CERTBUND_SHOWN_H

#include <glib.h>

/* Would shown_append() append another text than cell (UTF-8)? */
gboolean shown_differs(const char *cell, guint max);

/* Append cell with "://" as "[:]//" and, unless it is a host name alone, "www." as "www[.]", so
 * that no program takes it for a URL; of more than max characters (0: no limit) the first max - 1 and an ellipsis. */
void shown_append(GString *out, const char *cell, guint max);

#endif
