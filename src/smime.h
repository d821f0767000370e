/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* smime: an S/MIME signature of a multipart/signed mail (RFC 8551), verified with
 * OpenSSL.
 *
 * Passed when there is one signer, his signature is good, and the fingerprint (SHA-1 or
 * SHA-256) of his certificate is in keys=.  The pin replaces the certificate chain: no
 * issuer is looked at and no network asked.  The certificate is the mail's own, or one of
 * those in gnupg-home=.  Expiry is judged at the signing time, which is the finding's; a
 * signature without one is judged now, and not dated.
 *
 * Stricter than gpgsm(1), which takes SHA-1, several signers of whom one suffices, and a
 * signature without signed attributes (its bytes could be those of another's attributes,
 * RFC 5652 section 11).  Stricter than CMS_verify(), which takes any kind of content and
 * hashes what it is given even where the signature has content of its own. */
#ifndef CERTBUND_SMIME_H
#define CERTBUND_SMIME_H

#include "config.h"
#include "finding.h"
#include "message.h"

#define SMIME_SIGNATURE_MAX (64 * 1024) /* bytes of DER; with four certificates it has 8,000 */
#define SMIME_CERTIFICATES_MAX 16       /* within; the signer's and his issuers' */

/* Trouble when gnupg-home=/certificates can't be read now. */
void smime_examine(const Config *config, const Trust *trust, const SignedPart *part,
                   Finding *finding_r);

/* Warn of certificates in gnupg-home= that are none, or can't be read. */
void smime_check_config(const Config *config, Faults *faults);

#endif
