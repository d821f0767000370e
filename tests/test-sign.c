/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* sign-key=: what signs, what does not and why, and what of it is stored.  That others verify
 * it is shown end to end. */
#include "sign.h"

#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "outbox-sign.h"
#include "pgp-maker.h"
#include "smime-maker.h"

#include <glib/gstdio.h>
#include <string.h>

#define MAIL                                                                                       \
    "From: abuse@example.org\r\nContent-Type: text/plain; charset=utf-8\r\nSubject: x\r\n\r\n"     \
    "Guten Tag=2C\r\n"
#define PAST 1704067200  /* 2024-01-01 */
#define FAR 4070908800   /* 2099-01-01 */

static char *directory;

static Config *config_with(const char *key, const char *home)
{
    g_autofree char *text = g_strdup_printf("[provenance]\ngnupg-home=%s\n[notices]\nsign-key=%s\n",
                                            home, key);
    g_autofree char *path = g_build_filename(directory, "t.conf", NULL);
    g_autoptr(Faults) faults = faults_new();

    fixture_write(directory, "t.conf", text);
    Config *config = config_load(path, faults);
    g_assert_nonnull(config);
    return config;
}

/* Both say the same: what check finds wanting does not sign. */
static void check(const Config *config, const char *wanting)
{
    g_autoptr(GBytes) mail = g_bytes_new(MAIL, strlen(MAIL));
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) signed_ = sign_mail(config, mail, &error);

    sign_check(config, faults);
    if (wanting == NULL) {
        g_assert_no_error(error);
        g_assert_cmpuint(faults_count(faults), ==, 0);
        g_assert_nonnull(g_strstr_len(g_bytes_get_data(signed_, NULL), -1, "multipart/signed"));
        return;
    }
    g_assert_null(signed_);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_assert_nonnull(strstr(error->message, wanting));
    g_assert_cmpuint(faults_errors(faults), ==, 1);
    g_assert_nonnull(strstr(faults_text(faults, 0), "t.conf:4: [notices] sign-key: "));
    g_assert_nonnull(strstr(faults_text(faults, 0), wanting));
}

/* ---- S/MIME */

static char *pem_of(GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    return g_strndup(data, size);
}

static void test_smime(void)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    SmimeKey *good = smime_key_new("Good", PAST, FAR, "digitalSignature", FALSE);
    SmimeKey *other = smime_key_new("Other", PAST, FAR, NULL, FALSE);
    SmimeKey *dead = smime_key_new("Dead", PAST, now - 3600, NULL, FALSE);
    SmimeKey *unborn = smime_key_new("Unborn", now + 86400, FAR, NULL, FALSE);
    SmimeKey *misused = smime_key_new("Misused", PAST, FAR, "keyEncipherment", FALSE);
    const struct {
        const char *name;
        const SmimeKey *secret, *certificate; /* a file of both, or either, or none */
        const char *wanting;
    } cases[] = {
        { "good", good, NULL, NULL },
        { "its certificate alone", NULL, good, "has no private key" },
        { "expired", dead, NULL, "has expired" },
        { "not yet valid", unborn, NULL, "is not valid yet" },
        { "for encryption", misused, NULL, "is not for signing mail" },
        { "nothing in it", NULL, NULL, "has no private key" },
    };
    g_autofree char *path = g_build_filename(directory, "key.pem", NULL);
    g_autoptr(Config) config = config_with(path, directory);

    check(config, "key.pem"); /* not there yet */
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) bytes = cases[i].secret != NULL ? smime_key_secret_pem(cases[i].secret)
            : cases[i].certificate != NULL                ? smime_key_pem(cases[i].certificate)
                                                          : g_bytes_new("\n", 1);
        g_autofree char *text = pem_of(bytes);
        g_test_message("%s", cases[i].name);
        fixture_write(directory, "key.pem", text);
        check(config, cases[i].wanting);
    }
    /* Somebody else's certificate in front of its own. */
    g_autoptr(GBytes) foreign = smime_key_pem(other), secret = smime_key_secret_pem(good);
    g_autofree char *first = pem_of(foreign), *second = pem_of(secret);
    g_autofree char *mixed = g_strconcat(first, second, NULL);
    fixture_write(directory, "key.pem", mixed);
    check(config, "not its first certificate's");
    smime_key_free(good);
    smime_key_free(other);
    smime_key_free(dead);
    smime_key_free(unborn);
    smime_key_free(misused);
}

/* ---- PGP */

static void test_pgp(void)
{
    g_autoptr(PgpMaker) maker = pgp_maker_new();
    if (maker == NULL) {
        g_test_skip("gpg or gpg-agent is not installed");
        return;
    }
    g_autofree char *good = pgp_maker_key(maker, "good", "ed25519/sign", "20240101T000000",
                                          "never");
    g_autofree char *dead = pgp_maker_key(maker, "dead", "ed25519/sign", "20240101T000000",
                                          "20240601T000000");
    g_autofree char *revoked = pgp_maker_key(maker, "revoked", "ed25519/sign", "20240101T000000",
                                             "never");
    pgp_maker_revoke(maker, revoked);
    const struct {
        const char *key, *wanting;
    } cases[] = {
        { good, NULL },
        { dead, "has expired" },
        { revoked, "is revoked" },
        { "0123456789ABCDEF0123456789ABCDEF01234567", "is not in gnupg-home=" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Config) config = config_with(cases[i].key, maker->home);
        g_test_message("%s", cases[i].key);
        check(config, cases[i].wanting);
    }
    g_autoptr(Config) nowhere = config_with(good, "/nonexistent");
    g_autoptr(Faults) faults = faults_new();
    sign_check(nowhere, faults);
    g_assert_cmpuint(faults_errors(faults), ==, 1);

    /* The public half alone. */
    g_autofree char *keys = g_build_filename(maker->home, "private-keys-v1.d", NULL);
    g_autofree char *away = g_build_filename(maker->home, "away", NULL);
    g_autoptr(Config) config = config_with(good, maker->home);
    g_assert_cmpint(g_rename(keys, away), ==, 0);
    check(config, "without its secret key");
    g_assert_cmpint(g_rename(away, keys), ==, 0);
    check(config, NULL);
}

/* ---- what can't be signed, whatever the key */

static void test_refused(void)
{
    static const char *const mails[] = {
        "From: abuse@example.org\r\n",
        "From: abuse@example.org\r\n\r\n8-bit \xc3\xa4\r\n",
        "From: abuse@example.org\r\n\r\nbare LF\n",
        "From: abuse@example.org\r\n\r\nbare CR\rx\r\n",
        "From: abuse@example.org\r\n\r\nCR at the end\r",
    };
    g_autofree char *path = g_build_filename(directory, "no.pem", NULL);
    g_autoptr(Config) config = config_with(path, directory);

    for (guint i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autoptr(GBytes) mail = g_bytes_new(mails[i], strlen(mails[i]));
        g_autoptr(GError) error = NULL;
        g_test_message("%u", i);
        g_assert_null(sign_mail(config, mail, &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    }
}

/* ---- claims and ledger */

static GPtrArray *claim(Ledger *ledger)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *claims = ledger_claim(ledger, "w", 9, MAKER_NOW, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(ledger_unclaim(ledger, "w", NULL));
    return claims;
}

static guint sign_claims(Ledger *ledger, const Config *config, GPtrArray *claims, guint *left_r)
{
    g_autoptr(GPtrArray) left = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *why = NULL;
    guint n;

    g_assert_true(outbox_sign(ledger, config, claims, G_MAXINT64, &left, &why, &n, &error));
    g_assert_no_error(error);
    g_assert_true((left != NULL) == (why != NULL));
    *left_r = left != NULL ? left->len : 0;
    return n;
}

/* Signed once: the second claim has the same bytes, and the ledger their digest. */
static void test_stored(void)
{
    SmimeKey *key = smime_key_new("Good", PAST, FAR, NULL, FALSE);
    g_autoptr(GBytes) pem = smime_key_secret_pem(key);
    g_autofree char *text = pem_of(pem), *path = g_build_filename(directory, "good.pem", NULL);
    g_autoptr(Config) config = config_with(path, directory);
    const Made made = { .ticket = "CB-Report#20250212-10000001", .digest = "d", .n_rows = 3 };
    MakerWorld world;
    guint left;

    maker_set_up(&world, NULL);
    maker_must_record(world.ledger, &made);
    g_autoptr(GPtrArray) unsigned_ = claim(world.ledger);
    g_assert_cmpuint(unsigned_->len, ==, 2);
    g_assert_cmpuint(sign_claims(world.ledger, config, unsigned_, &left), ==, 0); /* no key yet */
    g_assert_cmpuint(left, ==, 2);
    g_assert_cmpuint(unsigned_->len, ==, 0);

    fixture_write(directory, "good.pem", text);
    g_autoptr(GPtrArray) first = claim(world.ledger);
    g_assert_cmpuint(sign_claims(world.ledger, config, first, &left), ==, 2);
    g_assert_cmpuint(left, ==, 0);
    g_autoptr(GPtrArray) second = claim(world.ledger);
    g_assert_cmpuint(sign_claims(world.ledger, config, second, &left), ==, 0);
    g_assert_cmpuint(second->len, ==, 2);
    for (guint i = 0; i < 2; i++) {
        const LedgerClaim *before = first->pdata[i], *after = second->pdata[i];
        g_autofree char *digest
            = maker_value(world.ledger, LEDGER_NOTICES, after->reference, "sha256");
        g_autofree char *want = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, after->bytes);
        g_assert_true(after->is_signed);
        g_assert_true(g_bytes_equal(before->bytes, after->bytes));
        g_assert_cmpstr(digest, ==, want);
    }
    maker_tear_down(&world, NULL);
    smime_key_free(key);
}

/* No time left: as without a key, and nothing is lost. */
static void test_no_time(void)
{
    g_autofree char *path = g_build_filename(directory, "good.pem", NULL);
    g_autoptr(Config) config = config_with(path, directory);
    const Made made = { .ticket = "CB-Report#20250212-10000001", .digest = "d", .n_rows = 3 };
    g_autoptr(GPtrArray) left = NULL;
    g_autofree char *why = NULL;
    MakerWorld world;
    guint n;

    maker_set_up(&world, NULL);
    maker_must_record(world.ledger, &made);
    g_autoptr(GPtrArray) claims = claim(world.ledger);
    g_assert_true(outbox_sign(world.ledger, config, claims, 0, &left, &why, &n, NULL));
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpuint(left->len, ==, 2);
    g_assert_nonnull(strstr(why, "no time left"));
    maker_tear_down(&world, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = fixture_directory();
    g_test_add_func("/sign/smime", test_smime);
    g_test_add_func("/sign/pgp", test_pgp);
    g_test_add_func("/sign/refused", test_refused);
    g_test_add_func("/sign/stored", test_stored);
    g_test_add_func("/sign/no-time", test_no_time);
    int status = g_test_run();
    fixture_remove(directory);
    return status;
}
