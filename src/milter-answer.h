/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* milter-answer: what is to become of a mail -> libmilter's calls.  Used by milter.c only, at
 * the end of the message, the one time when a mail may be changed. */
#ifndef CERTBUND_MILTER_ANSWER_H
#define CERTBUND_MILTER_ANSWER_H

#include "incoming.h"
#include "rewrite.h"

#include <libmilter/mfapi.h>

/* What the MTA must let us do, beyond marking and recipients, when disposition=rewrite. */
#define ANSWER_REWRITE_FLAGS (SMFIF_CHGBODY | SMFIF_CHGFROM)

/* Remove every mark that the mail came with but one that we made for it.  TRUE when ours was
 * there. */
gboolean answer_remove_marks(SMFICTX *ctx, const Incoming *incoming);

/* leading_space: values begin with the blank behind the colon. */
gboolean answer_add_mark(SMFICTX *ctx, gboolean leading_space, const char *mark);

/* handled-to= instead of the recipients in the intake. */
void answer_move(SMFICTX *ctx, const Incoming *incoming);

/* Take it from the recipients in the intake.  TRUE: it had no others, and is to be discarded. */
gboolean answer_discard(SMFICTX *ctx, const Incoming *incoming);

/* FALSE: the MTA did not take all of it, so that it must be told to forget what it took (a
 * temporary failure). */
gboolean answer_rewrite(SMFICTX *ctx, const Incoming *incoming, gboolean leading_space,
                        const Rewrite *rewrite);

#endif
