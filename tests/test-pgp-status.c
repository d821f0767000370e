/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What gpg says, read: status lines and colon listings. */
#include "pgp-keys.h"
#include "pgp-status.h"

#include <string.h>

#define G "[GNUPG:] "
#define NEWSIG G "NEWSIG\n"
#define A40 "0123456789ABCDEF0123456789ABCDEF01234567"
#define B40 "89ABCDEF0123456789ABCDEF0123456789ABCDEF"
#define B64 B40 "0123456789ABCDEF01234567"
#define GOODSIG G "GOODSIG 89ABCDEF01234567 Some Body <x@example.org>\n"
#define VALIDSIG G "VALIDSIG " A40 " 2025-01-01 1735689600 0 4 0 22 8 00 " B40 "\n"

/* doc/DETAILS: "NEWSIG [<signers_uid>]: Is issued right before a signature verification
 * starts"; "VALIDSIG <fingerprint_in_hex> <sig_creation_date> <sig-timestamp>
 * <expire-timestamp> <sig-version> <reserved> <pubkey-algo> <hash-algo> <sig-class>
 * [ <primary-key-fpr> ]". */
static const struct {
    const char *name, *text;
    guint n;
    PgpVerdict verdict; /* of the last */
} cases[] = {
    { "nothing", "", 0, PGP_UNCLEAR },
    { "good", NEWSIG GOODSIG VALIDSIG, 1, PGP_GOOD },
    { "with a signer's name", G "NEWSIG x@example.org\n" GOODSIG VALIDSIG, 1, PGP_GOOD },
    { "no line end at the end", NEWSIG VALIDSIG G "GOODSIG 01 x", 1, PGP_GOOD },
    { "other lines among them", "gpg: x\n" NEWSIG G "KEY_CONSIDERED " A40 " 0\n" GOODSIG "\n"
      G "\n" VALIDSIG G "TRUST_UNDEFINED\n", 1, PGP_GOOD },
    { "lines before the first NEWSIG are nobody's", GOODSIG VALIDSIG NEWSIG, 1, PGP_UNCLEAR },
    { "no NEWSIG", GOODSIG VALIDSIG, 0, PGP_UNCLEAR },
    { "not a status line", NEWSIG " " GOODSIG VALIDSIG, 1, PGP_UNCLEAR },
    { "another prefix", NEWSIG "[GNUPG] GOODSIG 01 x\n" VALIDSIG, 1, PGP_UNCLEAR },
    { "no VALIDSIG", NEWSIG GOODSIG, 1, PGP_UNCLEAR },
    { "no GOODSIG", NEWSIG VALIDSIG, 1, PGP_UNCLEAR },
    { "good twice", NEWSIG GOODSIG GOODSIG VALIDSIG, 1, PGP_UNCLEAR },
    { "valid twice", NEWSIG GOODSIG VALIDSIG VALIDSIG, 1, PGP_UNCLEAR },
    { "good and bad", NEWSIG GOODSIG G "BADSIG 01 x\n" VALIDSIG, 1, PGP_UNCLEAR },
    { "bad and good", NEWSIG G "BADSIG 01 x\n" GOODSIG VALIDSIG, 1, PGP_UNCLEAR },
    { "bad", NEWSIG G "BADSIG 01 x\n", 1, PGP_BAD },
    { "bad and valid", NEWSIG G "BADSIG 01 x\n" VALIDSIG, 1, PGP_UNCLEAR },
    { "one good, one without a verdict", NEWSIG GOODSIG VALIDSIG NEWSIG, 2, PGP_UNCLEAR },
    { "the verdict of one, the key of another", NEWSIG GOODSIG NEWSIG VALIDSIG, 2, PGP_UNCLEAR },
    { "no key", NEWSIG G "ERRSIG 01 22 8 00 1735689600 9 " A40 "\n" G "NO_PUBKEY 01\n", 1,
      PGP_NO_KEY },
    { "unknown algorithm", NEWSIG G "ERRSIG 01 99 8 00 1735689600 4 " A40 "\n", 1,
      PGP_NOT_CHECKED },
    { "short ERRSIG", NEWSIG G "ERRSIG\n", 1, PGP_NOT_CHECKED },
    { "expired", NEWSIG G "EXPSIG 01 x\n" VALIDSIG, 1, PGP_EXPIRED },
    { "key expired", NEWSIG G "EXPKEYSIG 01 x\n" VALIDSIG, 1, PGP_KEY_EXPIRED },
    { "key revoked", NEWSIG G "REVKEYSIG 01 x\n" VALIDSIG, 1, PGP_KEY_REVOKED },
    { "version 6", NEWSIG GOODSIG G "VALIDSIG " B64 " d 1735689600 0 6 0 27 8 00 " B64 "\n", 1,
      PGP_GOOD },
    { "no primary: its own", NEWSIG GOODSIG G "VALIDSIG " B40 " d 1735689600 0 4 0 22 8 00\n", 1,
      PGP_GOOD },
    { "short VALIDSIG", NEWSIG GOODSIG G "VALIDSIG " A40 " d 1735689600 0 4 0 22 8\n", 1,
      PGP_UNCLEAR },
    { "a number that is none", NEWSIG GOODSIG G "VALIDSIG " A40 " d 1x 0 4 0 22 8 00 " B40 "\n", 1,
      PGP_UNCLEAR },
    { "a fingerprint of 39 digits",
      NEWSIG GOODSIG G "VALIDSIG 123456789ABCDEF0123456789ABCDEF01234567 d 1 0 4 0 22 8 00\n", 1,
      PGP_UNCLEAR },
    { "a small digit", NEWSIG GOODSIG G "VALIDSIG " A40 " d 1735689600 0 4 0 22 8 00 "
      "89abCDEF0123456789ABCDEF0123456789ABCDEF\n", 1, PGP_UNCLEAR },
};

static void test_status(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) signatures = pgp_status_read(cases[i].text);
        g_test_message("%s", cases[i].name);
        g_assert_cmpuint(signatures->len, ==, cases[i].n);
        if (signatures->len > 0)
            g_assert_cmpint(
                g_array_index(signatures, PgpSignature, signatures->len - 1).verdict, ==,
                (int)cases[i].verdict);
    }
}

static void test_members(void)
{
    g_autoptr(GArray) signatures = pgp_status_read(
        NEWSIG GOODSIG VALIDSIG NEWSIG G "ERRSIG 01 22 2 01 1735689600 9 " B40 "\n");
    const PgpSignature *good = &g_array_index(signatures, PgpSignature, 0);
    const PgpSignature *other = &g_array_index(signatures, PgpSignature, 1);

    g_assert_cmpstr(good->key, ==, "89ABCDEF01234567");
    g_assert_cmpstr(good->fingerprint, ==, A40);
    g_assert_cmpstr(good->primary, ==, B40);
    g_assert_cmpint(good->created, ==, 1735689600);
    g_assert_cmpuint(good->hash, ==, 8);
    g_assert_cmpuint(good->class_, ==, 0);
    g_assert_cmpstr(other->key, ==, B40);
    g_assert_cmpstr(other->primary, ==, "");
}

static void test_listing(void)
{
    g_autoptr(GPtrArray) keys = pgp_keys_read(
        "tru:t:0:0:0:0:0:0\n"
        "fpr:::::::::FFFF:\n" /* of nothing */
        "sub:-:255:22:01:1704067200::::::s:::::ed25519::\n"
        "pub:-:2048:1:01:1704067200:::-:::cSC::::::23::0:\n"
        "fpr:::::::::" A40 ":\n"
        "uid:-::::1704067200::AA::C\\x3a Bund \\xc3\\xbc \\x5c <x@example.org>::::::::::0:\n"
        "uid:-::::1704067200::AA::second::::::::::0:\n"
        "sub:e:255:22:02:1704067200:1767139200:::::s:::::ed25519::\n"
        "fpr:::::::::" B40 ":\n"
        "sub:r:255:22:03:1704067201:\n"
        "sub:i:255:22:03:1704067201::::::s:::::ed25519::\n"
        "fpr:::::::::03:\n"
        "sec:r:255:22:04:1704067200:1717200000::-:::sc:::#::ed25519:::0:\n"
        "fpr:::::::::04:\n"
        "grp:::::::::05:\n");
    static const struct {
        const char *fingerprint, *primary, *name;
        gint64 expires;
        gboolean revoked, usable, secret;
    } want[] = {
        { A40, A40, "C: Bund \xc3\xbc \\ <x@example.org>", 0, FALSE, TRUE, FALSE },
        { B40, A40, "", 1767139200, FALSE, TRUE, FALSE },
        { "03", A40, "", 0, FALSE, FALSE, FALSE },
        { "04", "04", "", 1717200000, TRUE, FALSE, TRUE },
    };
    g_assert_cmpuint(keys->len, ==, G_N_ELEMENTS(want));
    for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        g_assert_cmpstr(key->fingerprint, ==, want[i].fingerprint);
        g_assert_cmpstr(key->primary, ==, want[i].primary);
        g_assert_cmpstr(key->name, ==, want[i].name);
        g_assert_cmpint(key->expires, ==, want[i].expires);
        g_assert_true(key->revoked == want[i].revoked);
        g_assert_true(key->usable == want[i].usable);
        g_assert_true(key->secret == want[i].secret);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pgp-status/status", test_status);
    g_test_add_func("/pgp-status/members", test_members);
    g_test_add_func("/pgp-status/listing", test_listing);
    return g_test_run();
}
