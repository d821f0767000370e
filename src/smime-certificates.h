/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* smime-certificates: the certificates in gnupg-home=/certificates, and in a file to import.
 *
 * One file each, SHA256.pem, as certbundctl key import writes them.  A mail brings its
 * signer's certificate as a rule; these serve where it does not. */
#ifndef CERTBUND_SMIME_CERTIFICATES_H
#define CERTBUND_SMIME_CERTIFICATES_H

#include <glib.h>

#define CERTIFICATES_MAX 100                 /* in the directory: an operator pins a few */
#define CERTIFICATE_FILE_MAX (64 * 1024)     /* bytes; one has some 2,000 */

typedef struct {
    char *sha256, *sha1; /* fingerprints, capital hex */
    char *subject;       /* RFC 2253, UTF-8 */
    gint64 from, until;  /* valid, seconds since the epoch, both inclusive */
    char *pem;
} Certificate;

/* In a directory's order; of Certificate *, the caller unrefs.  None when there is no
 * directory.  Each file that is none is passed over, and damaged (of char *) gets a line that
 * names it.  CERTBUND_ERROR_TEMPORARY when directory or file can't be read,
 * CERTBUND_ERROR_INPUT when there are too many. */
GPtrArray *certificates_list(const char *home, GPtrArray *damaged, GError **error);

/* Those in the bytes of a file, PEM or DER; empty when there is none. */
GPtrArray *certificates_of_file(GBytes *bytes);

/* Does the file hold a private key, in PEM, PKCS #8, PKCS #12 or bare? */
gboolean certificates_has_secret(GBytes *bytes);

/* Write it into home, mode 0640.  Written before: the same again. */
gboolean certificates_keep(const char *home, const Certificate *certificate, GError **error);
/* FALSE without an error when there is none of this fingerprint (SHA-256). */
gboolean certificates_remove(const char *home, const char *sha256, GError **error);

#endif
