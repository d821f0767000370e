/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* sign: a finished mail -> the same, signed with sign-key=: multipart/signed (RFC 1847) with
 * PGP/MIME (RFC 3156) when that is a fingerprint, S/MIME (RFC 8551) when it is a path.
 *
 * What is signed is the mail's body with its Content- fields, as bytes.  They are 7-bit with
 * CRLF, as notice.c writes them, so that no MTA on the way needs to change them; anything else
 * is refused.  All other fields stay outside, and are not signed. */
#ifndef CERTBUND_SIGN_H
#define CERTBUND_SIGN_H

#include "config.h"

/* The signature of one part, as the methods make it. */
typedef struct {
    const char *protocol; /* its media type */
    const char *micalg;
    const char *name;     /* of the file, for those who see an attachment */
    const char *encoding; /* Content-Transfer-Encoding */
    char *text;           /* 7-bit, CRLF, with the last one; the caller frees */
} Signature;

/* Is it a path, of a key for S/MIME? */
gboolean sign_by_smime(const char *key);

/* CERTBUND_ERROR_TEMPORARY when it can't be signed now: no key, an expired one, no gpg.
 * CERTBUND_ERROR_BUG when these bytes can't be at all. */
GBytes *sign_mail(const Config *config, GBytes *mail, GError **error);

/* A fault when the key is not there, has expired, or lacks its secret half.  Nothing is signed
 * or changed, so anybody who may read may ask. */
void sign_check(const Config *config, Faults *faults);

/* The two methods.  part: what is signed. */
gboolean sign_with_pgp(const Config *config, GBytes *part, Signature *signature_r, GError **error);
gboolean sign_check_pgp(const Config *config, GError **error);
gboolean sign_with_smime(const Config *config, GBytes *part, Signature *signature_r, GError **error);
gboolean sign_check_smime(const Config *config, GError **error);

#endif
