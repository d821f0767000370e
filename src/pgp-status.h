/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* pgp-status: gpg's status lines -> the signatures it looked at.
 *
 * Source: doc/DETAILS of GnuPG, "Format of the --status-fd output".  What is not there, is
 * there twice or does not fit the others makes a signature that is not good: no line but
 * one GOODSIG with its VALIDSIG can. */
#ifndef CERTBUND_PGP_STATUS_H
#define CERTBUND_PGP_STATUS_H

#include <glib.h>

#define PGP_FINGERPRINT_SIZE 65 /* of version 6: 64 hexadecimal digits, and the NUL */

typedef enum {
    PGP_UNCLEAR,     /* no verdict, or more than one */
    PGP_GOOD,        /* GOODSIG */
    PGP_BAD,         /* BADSIG: something was altered */
    PGP_NO_KEY,      /* ERRSIG and NO_PUBKEY */
    PGP_NOT_CHECKED, /* ERRSIG for another reason */
    PGP_EXPIRED,     /* EXPSIG: the signature itself */
    PGP_KEY_EXPIRED, /* EXPKEYSIG: good, by a key that has expired by now, or is revoked: gpg
                        tells the first of both only */
    PGP_KEY_REVOKED  /* REVKEYSIG */
} PgpVerdict;

typedef struct {
    PgpVerdict verdict;
    char key[PGP_FINGERPRINT_SIZE]; /* that made it: id or fingerprint, for people only */
    /* The rest is of VALIDSIG, which stands with GOOD, EXPIRED, KEY_EXPIRED and KEY_REVOKED. */
    char fingerprint[PGP_FINGERPRINT_SIZE]; /* capital hex */
    char primary[PGP_FINGERPRINT_SIZE];     /* of the same key, or of the one it belongs to */
    gint64 created; /* seconds since the epoch */
    guint hash;     /* RFC 4880 section 9.4 */
    guint class_;   /* 0 over bytes, 1 over text; section 5.2.1 */
} PgpSignature;

/* text: all that gpg wrote, NUL-terminated.  Of PgpSignature, in gpg's order; the caller
 * frees. */
GArray *pgp_status_read(const char *text);

#endif
