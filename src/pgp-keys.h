/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* pgp-keys: the PGP keys in gnupg-home= or in a file, as gpg sees them.
 *
 * Only certbundctl imports and removes: the daemon has no way to either.  Errors are those of
 * gpg.h. */
#ifndef CERTBUND_PGP_KEYS_H
#define CERTBUND_PGP_KEYS_H

#include "config.h"

#define PGP_FILE_MAX (1024 * 1024) /* bytes; a key with its signatures has some 10,000 */

typedef struct {
    char *fingerprint; /* capital hex */
    char *primary;     /* the same, or of the key that this is a subkey of */
    char *name;        /* the first user id, as it stands in the key; "" of a subkey */
    gint64 created, expires; /* seconds since the epoch; expires 0: never */
    gboolean revoked;
    gboolean usable; /* gpg understands it and its bindings; it may have expired */
    gboolean secret;
} PgpKey;

/* Primary keys, each with its subkeys behind it; of one primary key's fingerprint, or all
 * (NULL).  Of PgpKey *; the caller unrefs. */
GPtrArray *pgp_keys_list(const char *home, const char *primary, GError **error);

/* The same of the bytes of a file, armoured or not, without importing them: empty when there
 * is none.  home must be a directory. */
GPtrArray *pgp_keys_of_file(const char *home, GBytes *bytes, GError **error);

/* What gpg --with-colons prints; see doc/DETAILS of GnuPG, "Format of the colon listings". */
GPtrArray *pgp_keys_read(const char *text);

/* CERTBUND_ERROR_INPUT, with gpg's words, when it refuses. */
gboolean pgp_keys_import(const char *home, GBytes *bytes, GError **error);
gboolean pgp_keys_remove(const char *home, const char *primary, GError **error);

/* Warn when none of keys= is a primary key in the keyring, or there is no reading it. */
void pgp_check_config(const Config *config, ReportSource source, Faults *faults);

#endif
