/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dkim-maker: a mail -> the same with a DKIM signature on top, by libopendkim's signer.
 *
 * The keys were made for these tests and are of no use elsewhere. */
#ifndef CERTBUND_DKIM_MAKER_H
#define CERTBUND_DKIM_MAKER_H

#include <glib.h>

typedef enum { MAKER_RSA_2048, MAKER_RSA_1024, MAKER_RSA_1016 } MakerKey;

typedef struct {
    const char *domain, *selector; /* NULL: bsi.bund.de, 202501 */
    MakerKey key;
    gboolean sha1;
    gboolean simple_header, simple_body; /* canonicalisation, else relaxed */
    gssize body_bytes;        /* l=; 0: none */
    gint64 signed_at;         /* t=, seconds since the epoch; 0: now */
    guint64 lifetime;         /* x= is so many seconds later; 0: none */
    const char *const *names; /* what h= holds beside From, if it is there; NULL: all fields */
    const char *const *twice; /* what h= holds once more than it is there */
} MakerSignature;

/* mail: CRLF line ends; caller frees. */
char *maker_sign(const char *mail, const MakerSignature *signature);

const char *maker_p(MakerKey key); /* the public key as p= has it */

/* FALSE: the library has no Ed25519 (RFC 8463). */
gboolean maker_has_ed25519(void);

#endif
