/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* smime-internal: what smime.c and smime-certificates.c share, the only includers of
 * OpenSSL. */
#ifndef CERTBUND_SMIME_INTERNAL_H
#define CERTBUND_SMIME_INTERNAL_H

#include <glib.h>
#include <openssl/x509.h>

/* Capital hex; caller frees. */
char *smime_fingerprint(const X509 *x509, const EVP_MD *digest);

/* FALSE when it is no time of the calendar. */
gboolean smime_time(const ASN1_TIME *time, gint64 *time_r);

/* Of X509 *, the caller unrefs; as certificates_of_file(). */
GPtrArray *smime_read_certificates(GBytes *bytes);

/* Those of the directory whose fingerprint is among pins; as certificates_list(). */
GPtrArray *smime_pinned_certificates(const char *home, char **pins, GPtrArray *damaged,
                                     GError **error);

gboolean smime_is_pinned(const X509 *x509, char **pins);

#endif
