/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* S/MIME signatures that prove a mail, and all those that do not.  The certificates are made
 * anew. */
#include "smime.h"

#include "errors.h"
#include "fixture.h"
#include "provenance.h"
#include "smime-certificates.h"
#include "smime-maker.h"

#include <glib/gstdio.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#define PART "Content-Type: text/plain; charset=utf-8\r\n\r\nOffene Telnet-Server \r\n-- \r\n"

/* 2024-01-01, 2025-01-01, 2099-01-01 */
#define BORN 1704067200
#define DEAD 1735689600
#define FAR 4070908800
#define THEN 1717200000 /* 2024-06-01 */

typedef enum {
    SHA256,      /* pinned by its SHA-256 */
    SHA1,        /* pinned by its SHA-1 */
    UNPINNED,
    TWIN,        /* unpinned, with issuer and serial number of SHA256 */
    EXPIRED,     /* on 2025-01-01, DEAD being its last second */
    USED,        /* keyUsage digitalSignature */
    REPUDIATED,  /* keyUsage nonRepudiation */
    MISUSED,     /* keyUsage keyEncipherment */
    KEPT,        /* is in the directory */
    LONG_KEY,
    KEY_N
} Key;

static const struct {
    const char *name;
    gint64 until;
    const char *usage;
} kinds[KEY_N] = {
    [SHA256] = { "Pinned", FAR, NULL },
    [SHA1] = { "Pinned by SHA-1", FAR, NULL },
    [UNPINNED] = { "Unpinned", FAR, NULL },
    [TWIN] = { "Pinned", FAR, NULL },
    [EXPIRED] = { "Expired", DEAD, NULL },
    [USED] = { "Used", FAR, "critical,digitalSignature" },
    [REPUDIATED] = { "Repudiated", FAR, "nonRepudiation" },
    [MISUSED] = { "Misused", FAR, "keyEncipherment,keyCertSign" },
    [KEPT] = { "Kept \xc3\xbc", FAR, NULL },
    [LONG_KEY] = { "RSA", FAR, NULL },
};

static struct {
    SmimeKey *keys[KEY_N];
    char *home;
    char *pins[KEY_N + 1];
    Config config;
} world;

static guint require_smime[] = { EVIDENCE_BIT(EVIDENCE_SMIME), 0 };

static void make_world(void)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    for (Key key = 0; key < KEY_N; key++) {
        world.keys[key]
            = smime_key_new(kinds[key].name, BORN, kinds[key].until, kinds[key].usage, key == LONG_KEY);
        if (key != UNPINNED && key != TWIN)
            world.pins[n++] = smime_key_fingerprint(world.keys[key], key == SHA1);
    }
    world.home = fixture_directory();
    g_autoptr(GBytes) pem = smime_key_pem(world.keys[KEPT]);
    g_autoptr(GPtrArray) certificates = certificates_of_file(pem);
    certificates_keep(world.home, g_ptr_array_index(certificates, 0), &error);
    g_assert_no_error(error);
    world.config = (Config) { .path = (char *)"t.conf", .trust[SOURCE_CERTBUND].require = require_smime,
                              .trust[SOURCE_CERTBUND].keys = world.pins, .gnupg_home = world.home };
}

static void examine(const char *text, GBytes *signature, Finding *finding_r)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    const SignedPart part = { .bytes = bytes, .signature = signature,
                              .protocol = (char *)"application/pkcs7-signature" };
    smime_examine(&world.config, &world.config.trust[SOURCE_CERTBUND], &part, finding_r);
    g_assert_cmpuint(ERR_peek_error(), ==, 0); /* the next user of OpenSSL finds none of ours */
}

typedef struct {
    const char *name;
    Key key;
    gint64 time; /* 0: none */
    const char *digest;
    guint n_certificates;
    const char *words; /* NULL: passed */
} Case;

/* RFC 8551 section 2.5.1: signingTime; RFC 5280 section 4.2.1.3: keyUsage. */
static const Case cases[] = {
    { "pinned by SHA-256", SHA256, THEN, NULL, 1, NULL },
    { "pinned by SHA-1", SHA1, THEN, NULL, 1, NULL },
    { "RSA", LONG_KEY, THEN, NULL, 1, NULL },
    { "SHA-384", SHA256, THEN, "SHA384", 1, NULL },
    { "SHA-512", LONG_KEY, THEN, "SHA512", 1, NULL },
    { "for signatures", USED, THEN, NULL, 1, NULL },
    { "for signatures that bind", REPUDIATED, THEN, NULL, 1, NULL },
    { "without a time", SHA256, 0, NULL, 1, NULL },
    { "the certificate is in the directory", KEPT, THEN, NULL, 0, NULL },
    { "there and in the mail", KEPT, THEN, NULL, 1, NULL },
    { "as many certificates as may be", SHA256, THEN, NULL, SMIME_CERTIFICATES_MAX, NULL },
    { "one more", SHA256, THEN, NULL, SMIME_CERTIFICATES_MAX + 1, "more than 16 certificates" },
    { "unpinned", UNPINNED, THEN, NULL, 1, "which is not in keys=" },
    { "issuer and serial number of a pinned one", TWIN, THEN, NULL, 1, "which is not in keys=" },
    { "the certificate is nowhere", SHA256, THEN, NULL, 0, "neither in the mail nor" },
    { "SHA-1", SHA256, THEN, "SHA1", 1, "hash algorithm (SHA1)" },
    { "MD5", LONG_KEY, THEN, "MD5", 1, "hash algorithm (MD5)" },
    { "not for signatures", MISUSED, THEN, NULL, 1, "is not for signatures" },
    { "its first second", EXPIRED, BORN, NULL, 1, NULL },
    { "a second before it", EXPIRED, BORN - 1, NULL, 1, "not valid yet when it signed" },
    { "its last second", EXPIRED, DEAD, NULL, 1, NULL },
    { "a second after it", EXPIRED, DEAD + 1, NULL, 1, "expired when it signed" },
    { "expired by now, without a time", EXPIRED, 0, NULL, 1, "expired when it signed" },
    { "in the far future", SHA256, 2524607999, NULL, 1, "which is in the future" },
};

static GBytes *sign(const Case *row)
{
    const SmimeOrder order = { .signers = { world.keys[row->key] }, .time = row->time,
                               .digest = row->digest, .n_certificates = row->n_certificates };
    return smime_sign(&order, PART);
}

static void test_cases(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GBytes) signature = sign(&cases[i]);
        g_auto(Finding) finding = { .text = NULL }, altered = { .text = NULL };
        gboolean good = cases[i].words == NULL;
        examine(PART, signature, &finding);
        g_test_message("%s: %s", cases[i].name, finding.text);
        g_assert_cmpint(finding.result, ==, good ? FINDING_PASSED : FINDING_FAILED);
        g_assert_nonnull(strstr(finding.text, good ? "signed by certificate " : cases[i].words));
        g_assert_true(finding.dated == (good && cases[i].time != 0));
        g_assert_cmpint(finding.time, ==, good ? cases[i].time : 0);
        g_assert_true((finding.id != NULL) == good);
        examine(PART "x", signature, &altered);
        g_assert_cmpint(altered.result, ==, FINDING_FAILED);
        if (good)
            g_assert_nonnull(strstr(altered.text, "bad signature"));
    }
}

/* Every bit of a signature that is altered spoils it, or changes nothing that counts. */
static void test_altered(void)
{
    g_autoptr(GBytes) signature = sign(&cases[0]);
    g_auto(Finding) good = { .text = NULL };
    gsize size;
    const guint8 *data = g_bytes_get_data(signature, &size);
    guint passed = 0;

    examine(PART, signature, &good);
    for (gsize i = 0; i < size; i++) {
        g_autofree guint8 *copy = g_memdup2(data, size);
        copy[i] ^= 0x01;
        g_autoptr(GBytes) altered = g_bytes_new(copy, size);
        g_auto(Finding) finding = { .text = NULL };
        examine(PART, altered, &finding);
        g_assert_cmpint(finding.result, !=, FINDING_TROUBLE);
        if (finding.result != FINDING_PASSED)
            continue;
        passed++;
        g_assert_cmpstr(finding.id, ==, good.id);
        g_assert_cmpint(finding.time, ==, good.time);
    }
    g_test_message("%u of %zu bytes may change", passed, size);
    g_assert_cmpuint(passed, <, size / 10);
}

static void test_cut(void)
{
    g_autoptr(GBytes) signature = sign(&cases[0]);
    for (gsize size = 0; size < g_bytes_get_size(signature); size++) {
        g_autoptr(GBytes) cut = g_bytes_new_from_bytes(signature, 0, size);
        g_auto(Finding) finding = { .text = NULL };
        examine(PART, cut, &finding);
        g_assert_cmpint(finding.result, ==, FINDING_FAILED);
    }
}

static void test_forms(void)
{
    const SmimeKey *key = world.keys[SHA256], *other = world.keys[LONG_KEY];
    const SmimeOrder two = { .signers = { key, other }, .time = THEN, .n_certificates = 1 };
    const SmimeOrder twice = { .signers = { key, key }, .time = THEN, .n_certificates = 1 };
    const SmimeOrder bare = { .signers = { key }, .no_attributes = TRUE, .n_certificates = 1 };
    const SmimeOrder full = { .signers = { key }, .time = THEN, .with_content = TRUE,
                              .n_certificates = 1 };
    const SmimeOrder none = { .signers = { NULL }, .no_attributes = TRUE };
    const struct {
        const char *name;
        GBytes *signature;
        const char *words;
    } rows[] = {
        { "two signers", smime_sign(&two, PART), "has 2 signers, not one" },
        { "the same twice", smime_sign(&twice, PART), "has 2 signers, not one" },
        { "no signer", smime_sign(&none, PART), "has 0 signers, not one" },
        { "no signed attributes", smime_sign(&bare, PART), "no signed attributes" },
        { "with its content", smime_sign(&full, PART), "has content of its own" },
        { "encrypted", smime_encrypt(other, PART), "another kind of CMS" },
        { "a certificate", smime_key_der(key), "can't be read" },
        { "PEM", smime_key_pem(key), "can't be read" },
        { "nothing", g_bytes_new_static("", 0), "can't be read" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Finding) finding = { .text = NULL };
        examine(PART, rows[i].signature, &finding);
        g_test_message("%s: %s", rows[i].name, finding.text);
        g_assert_cmpint(finding.result, ==, FINDING_FAILED);
        g_assert_nonnull(strstr(finding.text, rows[i].words));
        g_bytes_unref(rows[i].signature);
    }
}

static GBytes *padded(GBytes *signature, gsize size)
{
    g_autofree guint8 *data = g_malloc0(size);
    memcpy(data, g_bytes_get_data(signature, NULL), g_bytes_get_size(signature));
    return g_bytes_new(data, size);
}

static void test_limit(void)
{
    g_autoptr(GBytes) signature = sign(&cases[0]);
    g_autoptr(GBytes) at = padded(signature, SMIME_SIGNATURE_MAX);
    g_autoptr(GBytes) above = padded(signature, SMIME_SIGNATURE_MAX + 1);
    g_auto(Finding) fine = { .text = NULL }, refused = { .text = NULL };

    examine(PART, at, &fine);
    g_assert_cmpint(fine.result, ==, FINDING_PASSED);
    examine(PART, above, &refused);
    g_assert_cmpint(refused.result, ==, FINDING_FAILED);
    g_assert_nonnull(strstr(refused.text, "more than 65536 bytes"));
}

/* The same of every copy, another for another time, content or signer. */
static void test_id(void)
{
    static const Case rows[] = {
        { "one", USED, THEN, NULL, 1, NULL },
        { "again: ECDSA makes another signature each time", USED, THEN, NULL, 2, NULL },
        { "later", USED, THEN + 1, NULL, 1, NULL },
        { "by another", LONG_KEY, THEN, NULL, 1, NULL },
    };
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) signature = sign(&rows[i]);
        g_auto(Finding) finding = { .text = NULL };
        examine(PART, signature, &finding);
        g_ptr_array_add(ids, g_strdup(finding.id));
        g_assert_true(g_str_has_prefix(finding.id, "smime:"));
        g_test_message("%s: %s", rows[i].name, finding.id);
        g_assert_true((strcmp(finding.id, g_ptr_array_index(ids, 0)) == 0) == (i < 2));
    }
}

/* ---- in mails */

static char *multipart(GBytes *signature, const char *type)
{
    g_autofree char *text = g_base64_encode(g_bytes_get_data(signature, NULL),
                                            g_bytes_get_size(signature));
    return g_strdup_printf(
        "Content-Type: multipart/signed; micalg=sha-256;\r\n"
        " protocol=\"application/%s\"; boundary=s\r\n\r\n--s\r\n%s\r\n--s\r\n"
        "Content-Type: application/%s; name=smime.p7s\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--s--\r\n",
        type, PART, type, text);
}

static void check_mail(const char *name, const char *body, gboolean proven, const char *words)
{
    g_autofree char *mail = g_strconcat("Subject: x\r\nMIME-Version: 1.0\r\n", body, NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    g_autoptr(Provenance) provenance = provenance_check(&world.config, NULL, message, &error);
    g_assert_no_error(error);
    g_test_message("%s: %s", name, provenance->evidence);
    g_assert_true(provenance->proven == proven);
    g_assert_nonnull(strstr(provenance->evidence, words));
    if (proven)
        g_assert_cmpmem(g_bytes_get_data(provenance->part, NULL),
                        g_bytes_get_size(provenance->part), PART, strlen(PART));
}

static void test_mails(void)
{
    g_autoptr(GBytes) signature = sign(&cases[0]);
    g_autofree char *plain = multipart(signature, "pkcs7-signature");
    g_autofree char *older = multipart(signature, "x-pkcs7-signature");
    g_autofree char *other = multipart(signature, "pgp-signature");
    g_autofree char *wrapped = g_strdup_printf(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n%s--m\r\n"
        "Content-Type: text/plain\r\n\r\nthe list's footer\r\n--m--\r\n", plain);
    static const char opaque[]
        = "Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
          "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n";

    check_mail("plain", plain, TRUE, "smime: signed by ");
    check_mail("by its older name", older, TRUE, "smime: signed by ");
    check_mail("by a list", wrapped, TRUE, "smime: signed by ");
    check_mail("called PGP", other, FALSE, "smime: the mail is signed otherwise");
    check_mail("opaque", opaque, FALSE, "pkcs7-mime");
}

/* ---- certificates */

static void test_files(void)
{
    const SmimeKey *key = world.keys[KEPT];
    const struct {
        const char *name;
        GBytes *bytes;
        guint n;
        gboolean secret;
    } rows[] = {
        { "PEM", smime_key_pem(key), 1, FALSE },
        { "DER", smime_key_der(key), 1, FALSE },
        { "PEM with its key", smime_key_secret_pem(key), 1, TRUE },
        { "a key, PKCS #8", smime_key_secret_der(key), 0, TRUE },
        { "PKCS #12", smime_key_pkcs12(key), 0, TRUE },
        { "an encrypted PEM", g_bytes_new_static("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 38), 0,
          TRUE },
        { "text", g_bytes_new_static("x", 1), 0, FALSE },
        { "nothing", g_bytes_new_static("", 0), 0, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) found = certificates_of_file(rows[i].bytes);
        g_test_message("%s", rows[i].name);
        g_assert_cmpuint(found->len, ==, rows[i].n);
        g_assert_true(certificates_has_secret(rows[i].bytes) == rows[i].secret);
        g_bytes_unref(rows[i].bytes);
    }
}

static void test_directory(void)
{
    char *home = fixture_directory();
    g_autofree char *directory = g_build_filename(home, "certificates", NULL);
    g_autofree char *sha256 = smime_key_fingerprint(world.keys[KEPT], FALSE);
    g_autoptr(GBytes) pem = smime_key_pem(world.keys[KEPT]);
    g_autoptr(GPtrArray) found = certificates_of_file(pem);
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) none = certificates_list(home, damaged, NULL);
    const Certificate *certificate = g_ptr_array_index(found, 0);
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpstr(certificate->subject, ==, "CN=Kept \xc3\xbc");
    g_assert_cmpstr(certificate->sha256, ==, sha256);
    g_assert_cmpint(certificate->from, ==, BORN);
    g_assert_cmpint(certificate->until, ==, FAR);
    for (guint i = 0; i < 2; i++) /* the second time it is there already */
        g_assert_true(certificates_keep(home, certificate, &error));
    g_autoptr(GPtrArray) one = certificates_list(home, damaged, NULL);
    g_assert_cmpuint(one->len, ==, 1);
    fixture_write(directory, "README", "other files are nobody's concern");
    fixture_write(directory, "x.pem", "no certificate");
    g_assert_cmpuint(damaged->len, ==, 0);
    g_autoptr(GPtrArray) still = certificates_list(home, damaged, NULL);
    g_assert_cmpuint(still->len, ==, 1);
    g_assert_cmpuint(damaged->len, ==, 1);
    g_assert_true(g_str_has_suffix(g_ptr_array_index(damaged, 0), "x.pem: not one certificate"));
    g_autofree char *bad = g_build_filename(directory, "x.pem", NULL);
    g_remove(bad);
    g_autofree char *loop = g_build_filename(directory, "loop.pem", NULL);
    g_assert_cmpint(symlink("loop.pem", loop), ==, 0);
    g_autoptr(GPtrArray) round = certificates_list(home, damaged, &error);
    g_assert_cmpuint(round->len, ==, 1);
    g_assert_cmpuint(damaged->len, ==, 2);
    g_remove(loop);
    g_assert_true(certificates_remove(home, sha256, &error));
    g_assert_false(certificates_remove(home, sha256, &error));
    g_assert_no_error(error);
    fixture_remove(home);
}

/* What can't be read now may be later: no verdict on a mail. */
static void test_trouble(void)
{
    char *home = fixture_directory();
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    fixture_write(home, "certificates", "a file where the directory should be");
    g_assert_null(certificates_list(home, damaged, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    fixture_remove(home);
}

/* A directory of as many as may be, and of one more. */
static void test_many(void)
{
    char *home = fixture_directory();
    g_autofree char *directory = g_build_filename(home, "certificates", NULL);
    g_autoptr(GBytes) pem = smime_key_pem(world.keys[KEPT]);
    g_autofree char *text = g_strndup(g_bytes_get_data(pem, NULL), g_bytes_get_size(pem));
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir(directory, 0700), ==, 0);
    for (guint i = 0; i <= CERTIFICATES_MAX; i++) {
        g_autofree char *name = g_strdup_printf("%u.pem", i);
        fixture_write(directory, name, text);
        g_autoptr(GPtrArray) list
            = i + 1 >= CERTIFICATES_MAX ? certificates_list(home, damaged, &error) : NULL;
        if (i + 1 == CERTIFICATES_MAX)
            g_assert_cmpuint(list->len, ==, CERTIFICATES_MAX);
    }
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "more than 100 certificates"));
    fixture_remove(home);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    make_world();
    g_test_add_func("/smime/cases", test_cases);
    g_test_add_func("/smime/altered", test_altered);
    g_test_add_func("/smime/cut", test_cut);
    g_test_add_func("/smime/forms", test_forms);
    g_test_add_func("/smime/limit", test_limit);
    g_test_add_func("/smime/id", test_id);
    g_test_add_func("/smime/mails", test_mails);
    g_test_add_func("/smime/files", test_files);
    g_test_add_func("/smime/directory", test_directory);
    g_test_add_func("/smime/many", test_many);
    g_test_add_func("/smime/trouble", test_trouble);
    int status = g_test_run();
    for (Key key = 0; key < KEY_N; key++) {
        smime_key_free(world.keys[key]);
        g_free(world.pins[key]);
    }
    fixture_remove(world.home);
    return status;
}
