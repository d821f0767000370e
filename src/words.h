/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* words: does a text speak of the other side: C2 servers, targets, attackers?
 *
 * An address in such a sentence, or in a list below such a heading, may be theirs.
 * Words are data, German and English, case ignored; texts need no NUL. */
#ifndef CERTBUND_WORDS_H
#define CERTBUND_WORDS_H

#include <glib.h>

#define WORDS_LABEL_MAX 60 /* bytes; a heading no longer than this labels what is below it */

/* A sentence: "C2", "exfiltriert", "kontaktiert", "Angreifer", "target", "nicht betroffen"... */
gboolean words_name_attacker(const char *text, gsize length);

/* A sentence: "Ihr", "Kunde", "betroffen", "infected", "auflÃ¶sen": it may be about our side. */
gboolean words_name_own(const char *text, gsize length);

/* A heading: as above, but in a long one "Angreifer" and "target" are no sign ("was taken over by
 * attackers:"), and one that names the other side itself, defanged, does not mean the list. */
gboolean words_deny(const char *text, gsize length);

/* A whole cell: "C2", "C&C-Server", "Ziel". */
gboolean words_are_role(const char *cell);

#endif
