/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* title: a report's title -> a key by which titles are compared.
 *
 * CERT-Bund writes one class's title in the plural and in the singular, with and without
 * hyphens, and mail programs on the way fold, decompose and beautify it.  Two titles are the
 * same when their keys are: words only, without case and endings, umlauts spelt out. */
#ifndef CERTBUND_TITLE_H
#define CERTBUND_TITLE_H

#include <glib.h>

/* Endings are cut off a word of more bytes than this, to which it keeps: "dns" and "open" stay. */
#define TITLE_STEM_MIN 4

/* title: UTF-8, as subject_parse() gives it.  Groups in brackets before it, such as
 * "[KRITISCH]" or another team's ticket, are passed over, unless it has nothing else.
 * Words are what stands between blanks and punctuation; '-' between two in the key: a dash
 * follows the first one at once.  "" when there is no word.  Caller frees. */
char *title_key(const char *title);

/* Does a title of this key begin with the pattern (a key, too)?  Not where the last word goes
 * on behind a hyphen: "Telnet-Server" does not begin with "Telnet".  Nothing begins with "". */
gboolean title_matches(const char *key, const char *pattern);

#endif
