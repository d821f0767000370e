/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* pgp: a PGP/MIME signature (RFC 3156), verified by gpg(1) with the keyring in
 * gnupg-home=.
 *
 * Passed when the signature is good and the fingerprint of the signing key's primary key is
 * in keys=.  Being in the keyring never counts; the keyring takes nothing from mails.
 * Expiry is judged at the signature's creation; a revoked key never passes, nor does MD5, SHA-1
 * or RIPEMD-160.  Of several signatures one suffices.  The time is the signature's creation.
 *
 * The finding's id is a digest of the key, that time and the signed bytes: the numbers a
 * signature consists of can be changed by anybody into others that are as good (the s of ECDSA
 * into its negative), so that gpg's SIG_ID is not the same wherever it is seen.
 *
 * Without gpg or a keyring it has failed; trouble is what may be gone at the next try. */
#ifndef CERTBUND_PGP_H
#define CERTBUND_PGP_H

#include "config.h"
#include "finding.h"
#include "message.h"

/* Bytes of the armour: one signature has some 800, RSA with 16,384 bits 3,000; several people
 * may sign. */
#define PGP_SIGNATURE_MAX (64 * 1024)

/* Bytes of a line, its end included, under a signature over text: gpg's digest leaves out what
 * is beyond 19,995 of one, so that anybody could change it.  RFC 5322 allows 1,000. */
#define PGP_TEXT_LINE_MAX 16000

void pgp_examine(const Config *config, const Trust *trust, const SignedPart *part,
                 Finding *finding_r);

#endif
