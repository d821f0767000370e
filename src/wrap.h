/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* wrap: running text -> lines that fit a width, counted as a terminal shows it.
 *
 * Wide characters (Unicode UAX #11) count two columns, combining ones none. */
#ifndef CERTBUND_WRAP_H
#define CERTBUND_WRAP_H

#include <glib.h>

/* Columns that text[0..length), valid UTF-8, takes. */
guint wrap_columns(const char *text, gsize length);

/* Append text (UTF-8) to out, divided at blanks so that lines fit width; a word
 * longer than a line (a URL) stands unbroken on a line of its own.  Runs of blanks
 * count as one, LF begins a new line, a no-break space is no blank.  The first line
 * begins with first, all others with next.  Every line ends with LF.  FALSE, and
 * nothing appended, when there is no word in text. */
gboolean wrap_append(GString *out, const char *text, guint width, const char *first,
                     const char *next);

/* TRUE for a character that must not come out of a report or a customers file:
 * control characters (line ends and tabs among them), line and paragraph
 * separators, and those that reverse the direction of what follows. */
gboolean wrap_is_unsafe(gunichar c);

/* Append text, valid UTF-8, with each unsafe character as a blank. */
void wrap_append_safe(GString *out, const char *text);

#endif
