/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-shapes: rows that stand in a notice as a table or as labelled lines -> whose they are.
 *
 * Shares no code with rows-text.c, which wrote them. */
#ifndef CERTBUND_GUARD_SHAPES_H
#define CERTBUND_GUARD_SHAPES_H

#include "guard-rows.h"

#define GUARD_STARTS_MAX 16 /* places where rows seem to begin that are read: bounds the work on
                               cells that imitate a table, while rows that never match are held */

/* Is written what may stand for cell in a text for people: the same but for white space and
 * control characters, in quotes or not, "-" for an empty one; and, when cut (the whole stands
 * elsewhere), "[:]" for ':', "[.]" for '.' and an ellipsis for the rest? */
gboolean guard_same_shown(const char *written, const char *cell, gboolean cut);

/* The place in text, and its length, where exactly the shown rows stand one after the other,
 * below a line of hyphens or as labelled lines; what stands there besides cells is appended to
 * labels.  FALSE when there is none. */
gboolean guard_shapes_find(const Shown *shown, const char *text, gboolean cut,
                           const char **rows_r, gsize *length_r, GString *labels);

#endif
