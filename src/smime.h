/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* smime: an S/MIME signature of a multipart/signed mail (RFC 8551), verified with
 * OpenSSL.
 *
 * Passed when there is one signer, his signature is good, and the fingerprint (SHA-1 or
 * SHA-256) of his certificate is in keys=.  The pin replaces the certificate chain: no
 * issuer is looked at and no network asked.  The certificate is the mail's own, or one of
 * those in gnupg-home=.  Expiry is judged at the signing time, which is the finding's. */
#ifndef CERTBUND_SMIME_H
#define CERTBUND_SMIME_H

#include "config.h"
#include "finding.h"
#include "message.h"

void smime_examine(const Config *config, const SignedPart *part, Finding *finding_r);

#endif
