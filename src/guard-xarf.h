/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-xarf: the XARF reports of a finished notice -> what they say, their rows checked.
 *
 * Shares no code with what wrote them, but the reader of CSV files. */
#ifndef CERTBUND_GUARD_XARF_H
#define CERTBUND_GUARD_XARF_H

#include "guard-rows.h"

#define GUARD_XARF_DEPTH_MAX 8 /* of values in each other: ours have 5 */

/* files: of GBytes, each a JSON object or an array of such.  They must be one for each of the
 * rows, in their order, each with this row and no other one as its only evidence.  Appends to
 * words, for the search for foreign names, the files as they stand there and each text in
 * them decoded, a line each; evidence is not among the latter.  CERTBUND_ERROR_BUG says what
 * is wrong, and no cell. */
gboolean guard_xarf_words(const GPtrArray *files, const Shown *shown, GString *words,
                          GError **error);

#endif
