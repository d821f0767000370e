/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* smime-maker: certificates and detached signatures for tests, right and wrong ones.
 *
 * Made with OpenSSL's older PKCS7 functions, which let one leave out what CMS_sign() insists
 * on. */
#ifndef CERTBUND_TESTS_SMIME_MAKER_H
#define CERTBUND_TESTS_SMIME_MAKER_H

#include <glib.h>

typedef struct SmimeKey SmimeKey;

/* A key with a certificate of its own for CN=name, serial number 1; usage: OpenSSL's words for
 * keyUsage, or NULL for none. */
SmimeKey *smime_key_new(const char *name, gint64 from, gint64 until, const char *usage,
                        gboolean rsa);
void smime_key_free(SmimeKey *key);
char *smime_key_fingerprint(const SmimeKey *key, gboolean sha1); /* capital hex */
GBytes *smime_key_pem(const SmimeKey *key);
GBytes *smime_key_der(const SmimeKey *key);
GBytes *smime_key_secret_pem(const SmimeKey *key); /* the certificate, too */
GBytes *smime_key_secret_der(const SmimeKey *key); /* PKCS #8 */
GBytes *smime_key_pkcs12(const SmimeKey *key);

typedef struct {
    const SmimeKey *signers[3]; /* NULL from the first unused */
    const char *digest;         /* NULL: SHA256 */
    gint64 time;                /* of signing; 0: none */
    guint n_certificates;       /* how many: the signer's, again and again */
    gboolean no_attributes, with_content;
} SmimeOrder;

GBytes *smime_sign(const SmimeOrder *order, const char *text);

/* CMS that is encrypted to the key. */
GBytes *smime_encrypt(const SmimeKey *key, const char *text);

#endif
