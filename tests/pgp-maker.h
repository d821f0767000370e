/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* pgp-maker: PGP keys and signatures for tests, by gpg(1) in a home of its own. */
#ifndef CERTBUND_TESTS_PGP_MAKER_H
#define CERTBUND_TESTS_PGP_MAKER_H

#include <glib.h>

typedef struct {
    char *home; /* with the secret keys, and an agent */
} PgpMaker;

/* NULL when gpg or its agent is not installed. */
PgpMaker *pgp_maker_new(void);
void pgp_maker_free(PgpMaker *maker); /* with its agent */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PgpMaker, pgp_maker_free)

/* Run gpg with these words (blanks between, none within) behind what it needs to ask nobody;
 * aborts when it fails.  input may be NULL; the caller unrefs what it says. */
GBytes *pgp_maker_run(const PgpMaker *maker, GBytes *input, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* A key NAME@example.org; algorithm as "ed25519/sign", when and expires in gpg's words
 * ("20240101T000000", "never").  Its fingerprint; the caller frees. */
char *pgp_maker_key(const PgpMaker *maker, const char *name, const char *algorithm,
                    const char *when, const char *expires);
/* The same for one more key below it; the caller frees its fingerprint. */
char *pgp_maker_subkey(const PgpMaker *maker, const char *primary, const char *when,
                       const char *expires);

void pgp_maker_revoke(const PgpMaker *maker, const char *fingerprint);
void pgp_maker_revoke_subkey(const PgpMaker *maker, const char *primary);

#endif
