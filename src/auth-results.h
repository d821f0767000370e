/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* auth-results: what our own verifying filter wrote down about a mail's DKIM signatures
 * (Authentication-Results, RFC 8601).
 *
 * Proves something only if that filter stands before us, defers mail when it fails, and
 * removes fields that claim to be its own; see certbund-milter.conf(5).  Where the field
 * stands in the header proves nothing.
 *
 * Passed when
 *   the mail has one From field with one address, whose domain is in dkim-domains=, and
 *   one Subject;
 *   a field of authserv-id= (ASCII case ignored) says dkim=pass of exactly that domain
 *   (header.d, or the domain of header.i where there is no header.d);
 *   no other field of that name says otherwise: then one of them is not our filter's;
 *   and the mail's DKIM-Signature fields of that domain (and selector, where header.s
 *   names it) cover From and Subject and have no l=, for that no result tells.
 * A field of our name that can't be read proves nothing and spoils the others, and so does
 * a DKIM-Signature that can't be.  Other methods (dmarc, spf) prove nothing.  The Date
 * counts (dated) when it stands once and those signatures cover it. */
#ifndef CERTBUND_AUTH_RESULTS_H
#define CERTBUND_AUTH_RESULTS_H

#include "config.h"
#include "finding.h"
#include "message.h"

/* Fields of one mail, each of the two names: every relay adds one, real mails have at
 * most ten.  With more of them nothing is proven. */
#define AUTH_RESULTS_FIELDS_MAX 50

/* Never FINDING_TROUBLE: the filter before us has already had that. */
void auth_results_examine(const Config *config, const Trust *trust, Message *message,
                          Finding *finding_r);

#endif
