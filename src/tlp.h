/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* tlp: a text -> the strictest marking of the Traffic Light Protocol in it.
 *
 * FIRST's TLP 2.0, and 1.0 with its WHITE, in English and German.  A marking is the word TLP,
 * or Traffic Light Protocol, and a colour among the next words: "TLP:AMBER", "[TLP: Red]",
 * "TLP-AMBER+STRICT", "TLPGREEN", "TLP-Klassifizierung: AMBER", "TLP" and "GREEN" on the next
 * line; also a stricter one behind it in its line ("CLEAR until Monday, then AMBER").  What can't be seen (soft
 * hyphens, joiners, accents) is not there, and a letter in another form (full width, bold) is
 * that letter.  A sentence about TLP may count as a marking: that holds a report, which a
 * person releases. */
#ifndef CERTBUND_TLP_H
#define CERTBUND_TLP_H

#include "message.h"

/* The stricter, the greater. */
typedef enum {
    TLP_NONE,
    TLP_CLEAR,
    TLP_GREEN,
    TLP_UNCLEAR, /* a marking of no colour that is known, or a mention where nothing is marked */
    TLP_AMBER,
    TLP_AMBER_STRICT,
    TLP_RED
} Tlp;

const char *tlp_name(Tlp tlp); /* "TLP:AMBER+STRICT"; "" for none */

/* May it be passed on to whom it concerns only by a person's word? */
gboolean tlp_restricts(Tlp tlp);

/* text[0..length): UTF-8.  All of it counts. */
Tlp tlp_of_line(const char *text, gsize length);

/* The same for a mail's text, LF line ends: quoted lines ("> ") don't count, nor does what
 * stands between "---- Weitergeleitete Nachricht" (or its like in English) and the line
 * that says its end: these are others' words. */
Tlp tlp_of_text(const char *text, gsize length);

/* The greatest of all texts that a reader sees, HTML among them: where it is not known whose words
 * are whose, a marking counts wherever it stands.  Attachments are no such texts. */
Tlp tlp_of_message(Message *message);

#endif
