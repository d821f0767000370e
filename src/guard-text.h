/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* guard-text: a text as its reader sees it, in one plain spelling.
 *
 * What guard-scan.c searches.  Undone are the ways to write a character
 * differently (compatibility forms, other digits, invisible characters) and the
 * defanging that abuse desks use ("192[.]0[.]2[.]1", "a (at) example (dot) org"). */
#ifndef CERTBUND_GUARD_TEXT_H
#define CERTBUND_GUARD_TEXT_H

#include <glib.h>

/* text[0..length): UTF-8.  The result, for g_string_free(), is lower case and has
 * - NFKD forms, digits of every script as 0 to 9, nothing of no width (soft hyphen,
 *   zero-width, bidi, accents and other combining marks, control characters);
 * - every white space and line end as ' ', other full stops as '.', colons as ':',
 *   dashes as '-', quotation marks as '"', brackets as '[' and ']', what else is
 *   beyond ASCII and neither letter nor digit as ',';
 * - no backslash before one of ".:-@[](){}<>";
 * - ".", ":", "::", "@", "dot", "punkt" and "at" in brackets of any kind as '.', ':',
 *   "::" and '@', without the blanks around; likewise "dot" and "at" between blanks. */
GString *guard_text_plain(const char *text, gsize length);

#endif
