/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* PGP signatures that prove a mail, and all those that do not.  The keys are made anew. */
#include "pgp.h"

#include "fixture.h"
#include "gpg.h"
#include "pgp-keys.h"
#include "pgp-maker.h"
#include "provenance.h"

#include <glib/gstdio.h>
#include <string.h>

#define PART "Content-Type: text/plain; charset=utf-8\r\n\r\nOffene Telnet-Server \r\n-- \r\n"

/* In the keyring and in keys=, unless it is said otherwise. */
typedef enum {
    PRIMARY,      /* signs itself */
    SUBKEY,       /* has a subkey that signs */
    UNPINNED,     /* in the keyring only */
    ABSENT,       /* in keys= only */
    REVOKED,
    SUB_REVOKED,  /* its subkey is */
    EXPIRED,      /* on 2024-06-01 */
    SUB_EXPIRED,  /* its subkey has, on 2024-06-01 */
    BOTH,         /* EXPIRED, and revoked */
    SUB_BOTH,     /* its subkey is */
    SHORTENED,    /* EXPIRED, which was decided when it had signed later things */
    RSA,
    NIST,
    KEY_N,
    NONE = KEY_N
} Key;

#define BORN "20240101T000000"
#define DEAD "20240601T000000"

static const struct {
    const char *name, *algorithm, *expires;
    const char *subkey; /* when it expires; NULL: none */
} kinds[KEY_N] = {
    [PRIMARY] = { "primary", "ed25519/sign", "never", NULL },
    [SUBKEY] = { "subkey", "ed25519/cert", "never", "never" },
    [UNPINNED] = { "unpinned", "ed25519/sign", "never", NULL },
    [ABSENT] = { "absent", "ed25519/sign", "never", NULL },
    [REVOKED] = { "revoked", "ed25519/sign", "never", NULL },
    [SUB_REVOKED] = { "sub-revoked", "ed25519/cert", "never", "never" },
    [EXPIRED] = { "expired", "ed25519/sign", DEAD, NULL },
    [SUB_EXPIRED] = { "sub-expired", "ed25519/cert", "never", DEAD },
    [BOTH] = { "both", "ed25519/sign", DEAD, NULL },
    [SUB_BOTH] = { "sub-both", "ed25519/cert", "never", DEAD },
    [SHORTENED] = { "shortened", "ed25519/sign", "never", NULL },
    [RSA] = { "rsa", "rsa2048/sign", "never", NULL },
    [NIST] = { "nist", "nistp256/sign", "never", NULL },
};

/* ---- the world: keys, keyring, config */

static struct {
    PgpMaker *maker;
    char *keys[KEY_N], *subkeys[KEY_N];
    char *home; /* the keyring that is verified with */
    char *pins[KEY_N + 1];
    Config config;
} world;

static guint require_pgp[] = { EVIDENCE_BIT(EVIDENCE_PGP), 0 };

static GBytes *bytes_of(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

static void export_to_home(Key key)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) public = pgp_maker_run(world.maker, NULL, "--export %s", world.keys[key]);
    pgp_keys_import(world.home, public, &error);
    g_assert_no_error(error);
}

static void make_keys(void)
{
    for (Key key = 0; key < KEY_N; key++) {
        world.keys[key] = pgp_maker_key(world.maker, kinds[key].name, kinds[key].algorithm, BORN,
                                        kinds[key].expires);
        if (kinds[key].subkey != NULL)
            world.subkeys[key]
                = pgp_maker_subkey(world.maker, world.keys[key], BORN, kinds[key].subkey);
    }
}

/* After all has been signed: what is revoked does not sign. */
static void fill_keyring(void)
{
    guint n = 0;
    g_autoptr(GBytes) said
        = pgp_maker_run(world.maker, NULL, "--faked-system-time 20240102T000000! "
                                           "--quick-set-expire %s " DEAD, world.keys[SHORTENED]);

    pgp_maker_revoke(world.maker, world.keys[REVOKED]);
    pgp_maker_revoke(world.maker, world.keys[BOTH]);
    pgp_maker_revoke_subkey(world.maker, world.keys[SUB_REVOKED]);
    pgp_maker_revoke_subkey(world.maker, world.keys[SUB_BOTH]);
    world.home = fixture_directory();
    for (Key key = 0; key < KEY_N; key++) {
        if (key != ABSENT)
            export_to_home(key);
        if (key != UNPINNED)
            world.pins[n++] = world.keys[key];
    }
    world.config = (Config) { .path = (char *)"t.conf", .trust[SOURCE_CERTBUND].require = require_pgp,
                              .trust[SOURCE_CERTBUND].keys = world.pins, .gnupg_home = world.home };
}

/* ---- signatures */

typedef struct {
    const char *name;
    Key keys[3]; /* that sign, up to NONE */
    const char *options, *when; /* of gpg, "!": its clock stands still; NULL: now */
    FindingResult result;
    const char *words;
} Case;

#define ONE(key) { key, NONE, NONE }

static const Case cases[] = {
    { "good, by a primary key", ONE(PRIMARY), NULL, NULL, FINDING_PASSED, "signed by " },
    { "good, by a signing subkey", ONE(SUBKEY), NULL, NULL, FINDING_PASSED, "signed by " },
    { "RSA", ONE(RSA), NULL, NULL, FINDING_PASSED, "signed by " },
    { "SHA-512", ONE(PRIMARY), "--digest-algo SHA512", NULL, FINDING_PASSED, "signed by " },
    { "SHA-384", ONE(RSA), "--digest-algo SHA384", NULL, FINDING_PASSED, "signed by " },
    { "SHA-224", ONE(RSA), "--digest-algo SHA224", NULL, FINDING_PASSED, "signed by " },
    { "over text", ONE(PRIMARY), "--textmode", NULL, FINDING_PASSED, "signed by " },
    { "years ago", ONE(PRIMARY), NULL, "20240201T120000!", FINDING_PASSED,
      " at 2024-02-01T12:00:00Z" },
    { "with a notation that looks like a status line", ONE(PRIMARY),
      "--sig-notation x@example.org=[GNUPG:]%0A[GNUPG:]%20BADSIG", NULL, FINDING_PASSED,
      "signed by " },
    { "a key in the keyring that is not pinned", ONE(UNPINNED), NULL, NULL, FINDING_FAILED,
      "which is not in keys=" },
    { "a pinned key that is not in the keyring", ONE(ABSENT), NULL, NULL, FINDING_FAILED,
      "signature by unknown key " },
    { "the same, which brings its key", ONE(ABSENT), "--include-key-block", NULL, FINDING_FAILED,
      "signature by unknown key " },
    { "a revoked key", ONE(REVOKED), NULL, NULL, FINDING_FAILED, "revoked" },
    { "a revoked key, before", ONE(REVOKED), NULL, "20240201T120000!", FINDING_FAILED, "revoked" },
    { "a revoked subkey", ONE(SUB_REVOKED), NULL, NULL, FINDING_FAILED, "revoked" },
    { "expired after it signed", ONE(EXPIRED), NULL, "20240531T235959!", FINDING_PASSED,
      " at 2024-05-31T23:59:59Z" },
    { "a subkey that expired after it signed", ONE(SUB_EXPIRED), NULL, "20240531T235959!",
      FINDING_PASSED, " at 2024-05-31T23:59:59Z" },
    { "a second before it expired", ONE(SHORTENED), NULL, "20240531T235959!", FINDING_PASSED,
      " at 2024-05-31T23:59:59Z" },
    { "the second it expired in", ONE(SHORTENED), NULL, "20240601T000000!", FINDING_FAILED,
      "had expired before it signed" },
    { "expired long before it signed", ONE(SHORTENED), NULL, "20260101T000000", FINDING_FAILED,
      "had expired before it signed" },
    { "expired and revoked", ONE(BOTH), NULL, "20240301T000000!", FINDING_FAILED, "revoked" },
    { "a subkey that expired and is revoked", ONE(SUB_BOTH), NULL, "20240301T000000!",
      FINDING_FAILED, "revoked" },
    { "the signature itself expired", ONE(PRIMARY), "--default-sig-expire 1d", "20250101T000000",
      FINDING_FAILED, "the signature itself has expired" },
    { "SHA-1", ONE(PRIMARY), "--digest-algo SHA1", NULL, FINDING_FAILED, "hash algorithm (2)" },
    { "RIPEMD-160", ONE(RSA), "--digest-algo RIPEMD160", NULL, FINDING_FAILED,
      "hash algorithm (3)" },
    { "in the far future", ONE(PRIMARY), NULL, "20990101T000000", FINDING_FAILED,
      "2099-01-01T00:00:00Z, which is in the future" },
    { "two, the second good", { UNPINNED, PRIMARY, NONE }, NULL, NULL, FINDING_PASSED,
      "signed by " },
    { "two, the first good", { PRIMARY, ABSENT, NONE }, NULL, NULL, FINDING_PASSED, "signed by " },
    { "two, none good", { UNPINNED, REVOKED, NONE }, NULL, NULL, FINDING_FAILED,
      "which is not in keys=" },
    { "three, one expired after it signed", { ABSENT, REVOKED, EXPIRED }, NULL, "20240201T120000!",
      FINDING_PASSED, "signed by " },
};

static GBytes *signatures[G_N_ELEMENTS(cases)];

static GBytes *sign(const Key *keys, const char *options, const char *when, const char *command,
                    const char *text)
{
    g_autoptr(GString) words = g_string_new(NULL);
    g_autoptr(GBytes) input = bytes_of(text);

    if (when != NULL)
        g_string_append_printf(words, "--faked-system-time %s ", when);
    for (guint i = 0; i < 3 && keys[i] < NONE; i++)
        g_string_append_printf(words, "-u %s ", world.subkeys[keys[i]] != NULL
                                                    ? world.subkeys[keys[i]]
                                                    : world.keys[keys[i]]);
    return pgp_maker_run(world.maker, input, "%s --armor %s %s", words->str,
                         options != NULL ? options : "", command);
}

static GBytes *sign_plainly(Key key)
{
    const Key keys[] = { key, NONE, NONE };
    return sign(keys, NULL, NULL, "--detach-sign", PART);
}

static void examine(const char *text, GBytes *signature, Finding *finding_r)
{
    g_autoptr(GBytes) bytes = bytes_of(text);
    const SignedPart part = { .bytes = bytes, .signature = signature,
                              .protocol = (char *)"application/pgp-signature" };
    pgp_examine(&world.config, &world.config.trust[SOURCE_CERTBUND], &part, finding_r);
}

static void expect(const char *name, const Finding *finding, FindingResult result,
                   const char *words)
{
    g_test_message("%s: %s", name, finding->text);
    g_assert_cmpint(finding->result, ==, (int)result);
    g_assert_nonnull(strstr(finding->text, words));
    g_assert_true((finding->id != NULL) == (result == FINDING_PASSED));
    g_assert_true(finding->dated == (result == FINDING_PASSED));
}

static void test_cases(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Finding) finding = { .text = NULL }, altered = { .text = NULL };
        examine(PART, signatures[i], &finding);
        expect(cases[i].name, &finding, cases[i].result, cases[i].words);
        /* One byte more: none of them is good for that. */
        examine(PART "x", signatures[i], &altered);
        g_assert_cmpint(altered.result, ==, FINDING_FAILED);
    }
}

/* A signature over text takes any number of CR for one; a reader does not. */
static void test_stray_cr(void)
{
    const Key keys[] = { PRIMARY, NONE, NONE };
    g_autoptr(GBytes) signature = sign(keys, "--textmode", NULL, "--detach-sign", "a\r\nb\r\n");
    g_auto(Finding) good = { .text = NULL }, stray = { .text = NULL };

    examine("a\r\nb\r\n", signature, &good);
    expect("as it was", &good, FINDING_PASSED, "signed by ");
    examine("a\r\r\nb\r\n", signature, &stray);
    expect("CR CR LF", &stray, FINDING_FAILED, "a CR stands within a line");
}

/* What gpg does not see of a long line could be anything; a signature over bytes sees it. */
static void test_long_line(void)
{
    const Key keys[] = { PRIMARY, NONE, NONE };
    static const struct {
        const char *option;
        gsize bytes; /* of the line, with its end */
        FindingResult result;
    } rows[] = { { "--textmode", PGP_TEXT_LINE_MAX, FINDING_PASSED },
                 { "--textmode", PGP_TEXT_LINE_MAX + 1, FINDING_FAILED },
                 { NULL, PGP_TEXT_LINE_MAX + 1, FINDING_PASSED } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line = g_strnfill(rows[i].bytes - 2, 'x');
        g_autofree char *text = g_strconcat("a\r\n", line, "\r\nb\r\n", NULL);
        g_autoptr(GBytes) signature = sign(keys, rows[i].option, NULL, "--detach-sign", text);
        g_auto(Finding) finding = { .text = NULL };
        examine(text, signature, &finding);
        expect("a long line", &finding, rows[i].result,
               rows[i].result == FINDING_PASSED ? "signed by " : "more than 16000 bytes");
    }
}

/* A clock may be a day off; one minute less or more is not to be told by how long this takes. */
static void test_future(void)
{
    const Key keys[] = { PRIMARY, NONE, NONE };
    gint64 limit = g_get_real_time() / G_USEC_PER_SEC + PROVENANCE_FUTURE_SECS;
    g_autofree char *within = g_strdup_printf("%" G_GINT64_FORMAT "!", limit - 60);
    g_autofree char *beyond = g_strdup_printf("%" G_GINT64_FORMAT "!", limit + 3600);
    g_autoptr(GBytes) good = sign(keys, NULL, within, "--detach-sign", PART);
    g_autoptr(GBytes) bad = sign(keys, NULL, beyond, "--detach-sign", PART);
    g_auto(Finding) passed = { .text = NULL }, refused = { .text = NULL };

    examine(PART, good, &passed);
    expect("within a day", &passed, FINDING_PASSED, "signed by ");
    examine(PART, bad, &refused);
    expect("beyond it", &refused, FINDING_FAILED, "which is in the future");
}

/* ---- what stands in the signature's part */

static GBytes *padded(GBytes *signature, gsize size)
{
    gsize length;
    const char *data = g_bytes_get_data(signature, &length);
    g_autofree char *text = g_malloc(size);
    g_assert_cmpuint(length, <, size);
    memcpy(text, data, length);
    memset(text + length, '\n', size - length);
    return g_bytes_new(text, size);
}

static GBytes *renamed(GBytes *armour)
{
    g_autofree char *text = g_strndup(g_bytes_get_data(armour, NULL), g_bytes_get_size(armour));
    g_auto(GStrv) parts = g_strsplit(text, " PGP MESSAGE-", -1);
    g_autofree char *joined = g_strjoinv(" PGP SIGNATURE-", parts);
    return bytes_of(joined);
}

static void test_limit(void)
{
    g_autoptr(GBytes) signature = sign_plainly(PRIMARY);
    g_autoptr(GBytes) at = padded(signature, PGP_SIGNATURE_MAX);
    g_autoptr(GBytes) above = padded(signature, PGP_SIGNATURE_MAX + 1);
    g_auto(Finding) fine = { .text = NULL }, refused = { .text = NULL };

    examine(PART, at, &fine);
    expect("at the limit", &fine, FINDING_PASSED, "signed by ");
    examine(PART, above, &refused);
    expect("one above", &refused, FINDING_FAILED, "more than 65536 bytes");
}

/* What is signed by a pinned key, but is not this part: RFC 3156 knows detached signatures
 * only. */
static void test_other_forms(void)
{
    const Key keys[] = { PRIMARY, NONE, NONE };
    g_autoptr(GBytes) opaque = sign(keys, NULL, NULL, "--sign", "something else\r\n");
    g_autoptr(GBytes) flat = sign(keys, "-z 0", NULL, "--sign", PART);
    g_autoptr(GBytes) clear = sign(keys, NULL, NULL, "--clearsign", "something else\r\n");
    g_autoptr(GBytes) disguised = renamed(opaque);
    g_autoptr(GBytes) key = pgp_maker_run(world.maker, NULL, "--armor --export %s",
                                          world.keys[PRIMARY]);
    g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
    g_autoptr(GBytes) armour = bytes_of("-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n");
    g_autoptr(GBytes) words = bytes_of("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 0123 x\n");
    const struct {
        const char *name;
        GBytes *signature;
    } forms[] = {
        { "an opaque signature", opaque },     { "an opaque signature of this", flat },
        { "a signed text", clear },            { "called a signature", disguised },
        { "a key", key },                      { "nothing", empty },
        { "armour without an end", armour },   { "status lines", words },
    };
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_auto(Finding) finding = { .text = NULL };
        examine(PART, forms[i].signature, &finding);
        expect(forms[i].name, &finding, FINDING_FAILED, "gpg finds no signature");
    }
}

/* gpg's SIG_ID is of the numbers in a signature; ours is of what they are for. */
static void test_id(void)
{
    const Key keys[] = { NIST, NONE, NONE };
    static const char when[] = "20250101T000000";
    g_autoptr(GBytes) one = sign(keys, "--digest-algo SHA256", when, "--detach-sign", PART);
    g_autoptr(GBytes) two = sign(keys, "--digest-algo SHA512", when, "--detach-sign", PART);
    g_autoptr(GBytes) later = sign(keys, NULL, "20250101T000001", "--detach-sign", PART);
    g_autoptr(GBytes) of_other = sign(keys, NULL, when, "--detach-sign", PART "x");
    g_auto(Finding) a = { .text = NULL }, b = { .text = NULL }, c = { .text = NULL },
                    d = { .text = NULL };

    examine(PART, one, &a);
    examine(PART, two, &b);
    examine(PART, later, &c);
    examine(PART "x", of_other, &d);
    g_assert_true(g_str_has_prefix(a.id, "pgp:"));
    g_assert_cmpstr(a.id, ==, b.id);
    g_assert_cmpstr(a.id, !=, c.id);
    g_assert_cmpstr(a.id, !=, d.id);
}

/* ---- in mails */

static char *multipart(const char *boundary, const char *part, const char *type, GBytes *signature)
{
    return g_strdup_printf(
        "Content-Type: multipart/signed; micalg=pgp-sha256;\r\n"
        " protocol=\"application/pgp-signature\"; boundary=%s\r\n\r\n--%s\r\n%s\r\n--%s\r\n"
        "Content-Type: %s\r\n\r\n%.*s\r\n--%s--\r\n",
        boundary, boundary, part, boundary, type, (int)g_bytes_get_size(signature),
        (const char *)g_bytes_get_data(signature, NULL), boundary);
}

static void check_mail(const char *name, const char *body, gboolean proven, const char *words)
{
    g_autofree char *mail = g_strconcat("Subject: x\r\nMIME-Version: 1.0\r\n", body, NULL);
    g_autoptr(GBytes) bytes = bytes_of(mail);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    g_autoptr(Provenance) provenance = provenance_check(&world.config, NULL, message, &error);
    g_assert_no_error(error);
    g_test_message("%s: %s", name, provenance->evidence);
    g_assert_true(provenance->proven == proven);
    g_assert_nonnull(strstr(provenance->evidence, words));
    g_assert_true((provenance->part != NULL) == proven);
    if (proven)
        g_assert_cmpmem(g_bytes_get_data(provenance->part, NULL),
                        g_bytes_get_size(provenance->part), PART, strlen(PART));
    g_assert_false(provenance->header);
}

static void test_mails(void)
{
    g_autoptr(GBytes) signature = sign_plainly(SUBKEY);
    g_autofree char *plain = multipart("s", PART, "application/pgp-signature", signature);
    g_autofree char *typed = multipart("s", PART, "text/plain", signature);
    g_autofree char *altered = multipart("s", PART "x", "application/pgp-signature", signature);
    g_autofree char *other = multipart("t", PART, "application/pgp-signature", signature);
    g_autofree char *wrapped = g_strdup_printf(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n%s--m\r\n"
        "Content-Type: text/plain\r\n\r\nthe list's footer\r\n--m--\r\n", plain);
    g_autofree char *twice = g_strdup_printf(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n%s--m\r\n%s--m--\r\n", plain,
        other);

    check_mail("plain", plain, TRUE, "pgp: signed by ");
    check_mail("by a list", wrapped, TRUE, "pgp: signed by ");
    check_mail("altered", altered, FALSE, "pgp: bad signature");
    check_mail("wrong type", typed, FALSE, "not one part and its signature");
    check_mail("two", twice, FALSE, "2 signed parts");
    check_mail("unsigned", PART, FALSE, "the mail is not signed");
}

/* ---- the installation */

static char *listing_of(const char *home)
{
    g_autoptr(GDir) dir = g_dir_open(home, 0, NULL);
    g_autoptr(GString) names = g_string_new(NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(home, name, NULL);
        GStatBuf status;
        g_assert_cmpint(g_stat(path, &status), ==, 0);
        g_string_append_printf(names, "%s %ld %ld\n", name, (long)status.st_size,
                               (long)status.st_mtime);
    }
    return g_string_free(g_steal_pointer(&names), FALSE);
}

/* Nothing of a mail gets into the home, and it may be read-only. */
static void test_read_only(void)
{
    const Key keys[] = { ABSENT, NONE, NONE };
    g_autofree char *before = listing_of(world.home);
    g_autoptr(GBytes) good = sign_plainly(PRIMARY);
    g_autoptr(GBytes) block = sign(keys, "--include-key-block", NULL, "--detach-sign", PART);
    g_auto(Finding) finding = { .text = NULL }, unknown = { .text = NULL };

    g_assert_cmpint(g_chmod(world.home, 0500), ==, 0);
    examine(PART, good, &finding);
    examine(PART, block, &unknown);
    g_assert_cmpint(g_chmod(world.home, 0700), ==, 0);
    expect("read-only", &finding, FINDING_PASSED, "signed by ");
    expect("with its key", &unknown, FINDING_FAILED, "unknown key");
    g_autofree char *after = listing_of(world.home);
    g_assert_cmpstr(after, ==, before);
}

static void test_no_keyring(void)
{
    char *empty = fixture_directory(), *nothing = (char *)"/nonexistent/gnupg", *pin = NULL;
    g_autoptr(GBytes) good = sign_plainly(PRIMARY);
    const struct {
        char *home, **pins;
        const char *words;
    } rows[] = { { nothing, world.pins, "/nonexistent/gnupg: No such file" },
                 { empty, world.pins, "has no PGP key; expected certbundctl key import" },
                 { world.home, &pin, "no key is in keys=" } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Finding) finding = { .text = NULL };
        world.config.gnupg_home = rows[i].home;
        world.config.trust[SOURCE_CERTBUND].keys = rows[i].pins;
        examine(PART, good, &finding);
        expect(rows[i].words, &finding, FINDING_FAILED, rows[i].words);
    }
    world.config.gnupg_home = world.home;
    world.config.trust[SOURCE_CERTBUND].keys = world.pins;
    g_assert_cmpint(g_rmdir(empty), ==, 0); /* nothing was made in it */
    g_free(empty);
}

/* A gpg that is missing, broken or lying. */
static void test_other_program(void)
{
    char *directory = fixture_directory();
    g_autofree char *path = g_build_filename(directory, "gpg", NULL);
    g_autofree char *good = g_strdup_printf(
        "echo '[GNUPG:] NEWSIG'; echo '[GNUPG:] GOODSIG %s x'; echo '[GNUPG:] VALIDSIG %s "
        "2025-01-01 1735689600 0 4 0 22 8 00 %s'", world.keys[PRIMARY], world.keys[PRIMARY],
        world.keys[PRIMARY]);
    g_autofree char *killed = g_strconcat(good, "; kill -9 $$", NULL);
    g_autofree char *much = g_strconcat(good, "; head -c 1048576 /dev/zero | tr '\\0' x", NULL);
    g_autoptr(GBytes) signature = sign_plainly(PRIMARY);
    const struct {
        const char *name, *script;
        FindingResult result;
        const char *words;
    } rows[] = {
        { "as it speaks", good, FINDING_PASSED, "signed by " },
        { "killed", killed, FINDING_TROUBLE, "was ended by a signal" },
        { "says too much", much, FINDING_FAILED, "says more than 1048576 bytes" },
        { "says nothing", "exit 0", FINDING_FAILED, "gpg finds no signature" },
        { "no VALIDSIG", "echo '[GNUPG:] NEWSIG'; echo '[GNUPG:] GOODSIG 01 x'", FINDING_FAILED,
          "can't check" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *script = g_strdup_printf("#!/bin/sh\n%s\n", rows[i].script);
        g_auto(Finding) finding = { .text = NULL };
        fixture_write(directory, "gpg", script);
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        gpg_use_program(path);
        examine(PART, signature, &finding);
        expect(rows[i].name, &finding, rows[i].result, rows[i].words);
    }
    g_auto(Finding) missing = { .text = NULL };
    gpg_use_program("/nonexistent/gpg");
    examine(PART, signature, &missing);
    expect("missing", &missing, FINDING_FAILED, "/nonexistent/gpg: can't run it: No such file");
    gpg_use_program(NULL);
    fixture_remove(directory);
}

static void test_check(void)
{
    char *only_absent[] = { world.keys[ABSENT], NULL };
    char *only_subkey[] = { world.subkeys[SUBKEY], NULL };
    const struct {
        char *home, **pins;
        const char *words; /* NULL: no warning */
    } rows[] = { { world.home, world.pins, NULL },
                 { world.home, only_absent, "none of them is a key in the keyring" },
                 { world.home, only_subkey, "none of them is a key in the keyring" },
                 { (char *)"/nonexistent", world.pins, "certbundctl key import makes it" } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Faults) faults = faults_new();
        g_autofree char *text = g_strdup_printf(
            "[provenance]\nrequire=pgp\ngnupg-home=%s\nkeys=%s\n", rows[i].home, rows[i].pins[0]);
        char *directory = fixture_directory();
        g_autofree char *path = g_build_filename(directory, "c", NULL);
        fixture_write(directory, "c", text);
        g_autoptr(Config) config = config_load(path, faults);
        provenance_check_config(config, faults);
        g_assert_cmpuint(faults_count(faults), ==, rows[i].words != NULL ? 1 : 0);
        g_assert_cmpuint(faults_errors(faults), ==, 0);
        if (rows[i].words != NULL)
            g_assert_nonnull(strstr(faults_text(faults, 0), rows[i].words));
        fixture_remove(directory);
    }
}

static void no_gpg(void)
{
    g_test_skip("gpg makes no keys here (Debian: gpg, gpg-agent)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    world.maker = pgp_maker_new();
    if (world.maker == NULL) {
        g_test_add_func("/pgp", no_gpg);
        return g_test_run();
    }
    make_keys();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        signatures[i]
            = sign(cases[i].keys, cases[i].options, cases[i].when, "--detach-sign", PART);
    fill_keyring();
    g_test_add_func("/pgp/cases", test_cases);
    g_test_add_func("/pgp/stray-cr", test_stray_cr);
    g_test_add_func("/pgp/long-line", test_long_line);
    g_test_add_func("/pgp/future", test_future);
    g_test_add_func("/pgp/limit", test_limit);
    g_test_add_func("/pgp/other-forms", test_other_forms);
    g_test_add_func("/pgp/id", test_id);
    g_test_add_func("/pgp/mails", test_mails);
    g_test_add_func("/pgp/read-only", test_read_only);
    g_test_add_func("/pgp/no-keyring", test_no_keyring);
    g_test_add_func("/pgp/other-program", test_other_program);
    g_test_add_func("/pgp/check", test_check);
    int status = g_test_run();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_bytes_unref(signatures[i]);
    for (Key key = 0; key < KEY_N; key++) {
        g_free(world.keys[key]);
        g_free(world.subkeys[key]);
    }
    fixture_remove(world.home);
    pgp_maker_free(world.maker);
    return status;
}
