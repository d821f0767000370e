/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dkim-tags: a DKIM-Signature field -> its tags (RFC 6376 section 3.2).
 *
 * Verifies nothing: says what a signature claims to cover, when somebody else has
 * verified it. */
#ifndef CERTBUND_DKIM_TAGS_H
#define CERTBUND_DKIM_TAGS_H

#include <glib.h>

#define DKIM_TAGS_MAX 50 /* of one signature; RFC 6376 knows 14 */

/* text[0..length): the value as it stands in the mail, folds included.  Names are kept as
 * they are (case counts), values with each fold and the blanks round it made one blank.
 * NULL when it is no tag-list, or a name is repeated, which makes all of it void. */
GHashTable *dkim_tags_parse(const char *text, gsize length);

/* Is this header field (case ignored) in the list of h=? */
gboolean dkim_tags_cover(GHashTable *tags, const char *field);

#endif
