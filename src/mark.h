/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* mark: the X-CertBund-Milter header field that tells what was done about a mail.
 *
 * status=handled; ticket=CB-Report#...; class=open-telnet; events=5;
 * customers=3; notices=3; unassigned=0; provenance=client; id=...
 * Further keys stand only when they say something: held, exempt, suppressed, unreadable
 * (counts), mode (pilot, redirect), reason (quoted).  The id is a keyed digest
 * over the Message-ID, the body and the mark's own words (secret.h): by it a mail
 * that was here is known, and nobody else can write one. */
#ifndef CERTBUND_MARK_H
#define CERTBUND_MARK_H

#include "decision.h"

#define MARK_FIELD "X-CertBund-Milter"
#define MARK_REASON_MAX 200 /* characters; a field is for reading, the log has it all */

/* The field's value but for its id, folded with "\n\t" between keys as libmilter
 * wants it; notices: how many are pending, or were made in pilot mode.  Needs a
 * report that was read.  Caller frees. */
char *mark_format(const Decision *decision, guint notices);

/* For a mail that was not read: unproven, too large, or no mail at all. */
char *mark_format_unread(const Subject *subject, Status status, const char *reason);

/* text with its id; digest: of secret_mark_start(), fed with the body, and left as
 * it is.  Caller frees. */
char *mark_sign(const char *text, const GHmac *digest);

/* Is this value one that mark_sign() made for the same mail?  Folds and blanks, which
 * MTAs change, don't count. */
gboolean mark_is_ours(const char *value, const GHmac *digest);

#endif
