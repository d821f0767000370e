/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* bounce-mail: who is told of a notice that came back, and in which words.
 *
 * The mail goes to the customer's escalation contact, in his languages, from his
 * brand's address; or to the desk, in English.  It carries the notice as it went out,
 * and is in the ledger under an id made of the bounced one's: once, however often it
 * is asked for.  Law 8: a customer is written to only if the notice itself was and
 * its class still is live; what a pilot or a redirected test had sent is the desk's. */
#ifndef CERTBUND_BOUNCE_MAIL_H
#define CERTBUND_BOUNCE_MAIL_H

#include "bounce.h"
#include "bounce-text.h"

/* The id that marks our own mails of this kind in the ledger. */
#define BOUNCE_MAIL_ID "undelivered/"

/* Put the mail about notice into the ledger.  failures: of BounceFailure, at least one.
 * why_r: why it is the desk's and not an escalation contact's; a literal.  FALSE: the
 * error is the ledger's, or CERTBUND_ERROR_BUG. */
gboolean bounce_tell(const BounceContext *context, const LedgerNoticeInfo *notice,
                     const GPtrArray *failures, gint64 now, BounceTold *told_r, const char **why_r,
                     GError **error);

#endif
