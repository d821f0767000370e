/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-xarf: the XARF reports of a finished notice -> what they say, their rows checked.
 *
 * Shares no code with what wrote them but json-glib, and the guard's reader of CSV files. */
#ifndef CERTBUND_GUARD_XARF_H
#define CERTBUND_GUARD_XARF_H

#include "guard-rows.h"
#include "report.h"

/* files: of GBytes, each a JSON object or an array of such, written as json-glib writes it, so
 * that nothing stands there but what its reader finds.  They must be one for each of the shown
 * rows, in their order, each about this row's address and with this row as its only evidence,
 * and without a member that ours don't have.  Appends to words all texts outside of evidence,
 * a line each: for the search for foreign names.  CERTBUND_ERROR_BUG says what is wrong, and
 * no cell. */
gboolean guard_xarf_words(const GPtrArray *files, const Report *report, const Shown *shown,
                          GString *words, GError **error);

#endif
