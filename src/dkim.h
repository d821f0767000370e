/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dkim: a mail's own DKIM signature (RFC 6376), verified here with libopendkim over the
 * bytes that were received.
 *
 * Passed when one signature verifies
 *   - whose d= is in dkim-domains= and is the domain of the From address (the same, not a
 *     parent or a child of it),
 *   - that covers From and Subject, has no l= (what stands behind would be anybody's), has not
 *     expired and is not of the future,
 *   - by rsa-sha256 or ed25519-sha256 (RFC 8463) with a key of enough bits, which is in DNS, not
 *     revoked, not for testing, and meant for this.
 * A mail never passes that has From or Subject twice, or two addresses in From: one of
 * them may be anybody's.  The same holds for the fields that say how the body is to be
 * read; that they are signed is not asked, for CERT-Bund did not sign them until 2021.
 *
 * DNS is asked for such signatures only.  Its trouble is FINDING_TROUBLE unless another
 * signature passes.  The Date counts (dated) when it stands once and is signed. */
#ifndef CERTBUND_DKIM_H
#define CERTBUND_DKIM_H

#include "config.h"
#include "finding.h"
#include "message.h"

/* CERT-Bund signs twice (RSA, Ed25519), each forwarder once.  A mail with more is not looked
 * at, so that a thousand signatures don't make a thousand questions: at most these times
 * DNS_TIMEOUT_SECS are waited for DNS, a third of what the MTA grants. */
#define DKIM_SIGNATURES_MAX 10
#define DKIM_RSA_BITS_MIN 1024         /* RFC 8301 section 3.2; counted in whole bytes */
#define DKIM_FUTURE_SECS (24 * 3600)   /* a clock may be a day off, not more */

/* FALSE: this build is without libopendkim, nothing ever passes.
 * Opens the library, which the main thread should do at the start (provenance_check_config()
 * does): glibc's resolver is initialised by that for the one thread. */
gboolean dkim_available(void);

/* message: parsed from CRLF bytes.  Blocks while DNS is asked.  Safe in any thread. */
void dkim_examine(const Config *config, const Trust *trust, Message *message,
                  Finding *finding_r);

#endif
