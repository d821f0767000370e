/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* pgp: a PGP/MIME signature (RFC 3156), verified by gpg(1) with the keyring in
 * gnupg-home=.
 *
 * Passed when the signature is good and the fingerprint of the signing key's primary key is
 * in keys=.  Being in the keyring never counts; the keyring takes nothing from mails.
 * Expiry is judged at the signature's creation; a revoked key never passes.  The time is
 * the signature's creation. */
#ifndef CERTBUND_PGP_H
#define CERTBUND_PGP_H

#include "config.h"
#include "finding.h"
#include "message.h"

void pgp_examine(const Config *config, const SignedPart *part, Finding *finding_r);

#endif
