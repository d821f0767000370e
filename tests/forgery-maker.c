/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Each mail is made once, with what really signs: libopendkim, gpg, OpenSSL. */
#include "forgery-maker.h"

#include "dkim-maker.h"
#include "dns-maker.h"
#include "fixture.h"
#include "mail-maker.h"
#include "pgp-keys.h"
#include "pgp-maker.h"
#include "smime-maker.h"

#include <string.h>

#define DAY (24 * (gint64)3600)
#define OLD (20 * DAY)
#define SELECTOR "202501"
#define DOMAIN "reports.cert-bund.de"

typedef enum { PINNED, UNPINNED, ABSENT, EXPIRED, REVOKED, KEY_N } Key;

struct ForgeryMaker {
    Resolver *resolver;
    PgpMaker *pgp;
    char *home, *keys[KEY_N];
    SmimeKey *smime[3]; /* PINNED, UNPINNED, and one that has expired */
    char *pins[2]; /* of the first and the last of these */
    gint64 now;
    char *mails[GENUINE_N];
};

static char *text_of(GBytes *bytes)
{
    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* ---- keys */

static void make_keys(ForgeryMaker *maker)
{
    static const char *const names[KEY_N] = { "pinned", "unpinned", "absent", "expired",
                                              "revoked" };
    for (Key key = 0; key < KEY_N; key++)
        maker->keys[key]
            = pgp_maker_key(maker->pgp, names[key], "ed25519/sign", "20240101T000000", "never");
    maker->smime[PINNED]
        = smime_key_new("CERT-Bund", maker->now - 100 * DAY, maker->now + DAY, NULL, FALSE);
    maker->smime[UNPINNED]
        = smime_key_new("CERT-Bund", maker->now - 100 * DAY, maker->now + DAY, NULL, FALSE);
    maker->smime[2]
        = smime_key_new("CERT-Bund", maker->now - 100 * DAY, maker->now - DAY, NULL, FALSE);
}

/* When all has been signed: what is revoked or expired does not sign. */
static void fill_keyring(ForgeryMaker *maker)
{
    g_autoptr(GBytes) said
        = pgp_maker_run(maker->pgp, NULL, "--faked-system-time 20240102T000000! "
                                          "--quick-set-expire %s 20240601T000000",
                        maker->keys[EXPIRED]);

    pgp_maker_revoke(maker->pgp, maker->keys[REVOKED]);
    for (Key key = 0; key < KEY_N; key++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) public
            = pgp_maker_run(maker->pgp, NULL, "--export %s", maker->keys[key]);
        if (key != ABSENT)
            pgp_keys_import(maker->home, public, &error);
        g_assert_no_error(error);
    }
}

static void publish(const ForgeryMaker *maker)
{
    static const char *const domains[] = { DOMAIN, "a." DOMAIN, "cert-bund.de", "example.org",
                                           DOMAIN ".example.org" };
    g_autofree char *record = g_strdup_printf("v=DKIM1; k=rsa; p=%s", maker_p(MAKER_RSA_2048));
    for (guint i = 0; i < G_N_ELEMENTS(domains); i++) {
        g_autofree char *name = g_strconcat(SELECTOR "._domainkey.", domains[i], NULL);
        resolver_set(maker->resolver, name, RESOLVER_TEXT, record, strlen(record));
    }
}

/* ---- mails */

#define MARKER "Betroffene Systeme in Ihrem Netzbereich:"

static char *plain(const ForgeryMaker *maker, gint64 age)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    static const char *const columns[] = { "asn", "ip", "timestamp", "port", "banner", NULL };
    const MailOptions options = { .ticket = FORGERY_TICKET, .rows = rows, .columns = columns,
                                  .encoding = MAIL_8BIT, .crlf = TRUE, .unsigned_ = TRUE,
                                  .date = maker->now - age };
    g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", "23", "login: ",
                                   NULL));
    g_autoptr(GBytes) mail = mail_make(&options);
    return text_of(mail);
}

/* It, with this instead of that, once. */
static char *altered(const ForgeryMaker *maker, const char *that, const char *this)
{
    g_autofree char *mail = plain(maker, 0);
    g_auto(GStrv) halves = g_strsplit(mail, that, 2);
    g_assert_nonnull(halves[1]);
    return g_strconcat(halves[0], this, halves[1], NULL);
}

static char *dkim_altered(const ForgeryMaker *maker, const char *that, const char *this)
{
    const MakerSignature good = { .domain = DOMAIN, .selector = SELECTOR, .simple_body = TRUE };
    g_autofree char *mail = altered(maker, that, this);
    return maker_sign(mail, &good);
}

static char *dkim(const ForgeryMaker *maker, const MakerSignature *order, const char *domain,
                  gint64 age)
{
    g_autofree char *mail = plain(maker, age);
    MakerSignature signature = *order;
    signature.domain = domain;
    signature.selector = SELECTOR;
    if (signature.signed_at == 0)
        signature.signed_at = maker->now - age;
    return maker_sign(mail, &signature);
}

/* The mail's own Content-Type begins what is signed; RFC 1847 section 2.1. */
static char *multipart(const char *mail, const char *protocol, const char *encoding,
                       const char *signature)
{
    const char *part = strstr(mail, "Content-Type: ");
    return g_strdup_printf("%.*sContent-Type: multipart/signed; micalg=\"sha-256\";\r\n"
                           " protocol=\"%s\"; boundary=\"=-signed\"\r\n\r\n"
                           "--=-signed\r\n%s\r\n--=-signed\r\nContent-Type: %s\r\n"
                           "Content-Transfer-Encoding: %s\r\n\r\n%s\r\n--=-signed--\r\n",
                           (int)(part - mail), mail, protocol, part, protocol, encoding,
                           signature);
}

static char *pgp_sign(const ForgeryMaker *maker, const char *mail, Key key, const char *when)
{
    const char *part = strstr(mail, "Content-Type: ");
    g_autoptr(GBytes) input = g_bytes_new(part, strlen(part));
    g_autoptr(GBytes) armour
        = pgp_maker_run(maker->pgp, input, "--armor %s --local-user %s! --detach-sign", when,
                        maker->keys[key]);
    g_autoptr(GBytes) crlf = message_crlf(armour);
    g_autofree char *signature = text_of(crlf);
    return multipart(mail, "application/pgp-signature", "7bit", signature);
}

static char *pgp(const ForgeryMaker *maker, Key key, gint64 age)
{
    g_autofree char *mail = plain(maker, 0);
    g_autofree char *when
        = age > 0 ? g_strdup_printf("--faked-system-time %" G_GINT64_FORMAT "!", maker->now - age)
                  : g_strdup("");
    return pgp_sign(maker, mail, key, when);
}

static char *pgp_note(const ForgeryMaker *maker)
{
    g_autofree char *mail = plain(maker, 0);
    char *marker = strstr(mail, MARKER);
    *marker = '\0';
    return pgp_sign(maker, mail, PINNED, "");
}

static char *pgp_cited(const ForgeryMaker *maker)
{
    g_autofree char *mail = altered(maker, MARKER, "Mit freundlichen Gr\303\274\303\237en\r\n"
                                                   "E. Muster\r\n\r\n" MARKER);
    return pgp_sign(maker, mail, PINNED, "");
}

static char *pgp_relayed(const ForgeryMaker *maker)
{
    g_autofree char *inner = pgp(maker, PINNED, 0);
    const char *part = strstr(inner, "Content-Type: multipart/signed");
    g_autofree char *head = g_strndup(inner, (gsize)(part - inner));
    g_auto(GStrv) halves
        = g_strsplit(head, "From: CERT-Bund Reports <reports@reports.cert-bund.de>", 2);
    return g_strdup_printf("%sFrom: 'CERT-Bund' via Abuse <abuse@example.org>\r\n"
                           "X-Original-From: CERT-Bund Reports <reports@reports.cert-bund.de>"
                           "%sContent-Type: multipart/mixed; boundary=\"=-list\"\r\n\r\n"
                           "--=-list\r\n%s\r\n--=-list\r\nContent-Type: text/plain\r\n\r\n"
                           "-- \r\nYou are a member of the list abuse@example.org.\r\n"
                           "--=-list--\r\n",
                           halves[0], halves[1], part);
}

/* above: what stands above the table */
static char *smime(const ForgeryMaker *maker, guint key, const char *above)
{
    g_autofree char *whole = g_strconcat(above, MARKER, NULL);
    g_autofree char *mail = altered(maker, MARKER, whole);
    const SmimeOrder order = { .signers = { maker->smime[key] }, .time = maker->now,
                               .n_certificates = 1 };
    g_autoptr(GBytes) der = smime_sign(&order, strstr(mail, "Content-Type: "));
    gsize size;
    const guchar *data = g_bytes_get_data(der, &size);
    g_autofree char *base64 = g_base64_encode(data, size);
    g_autoptr(GString) lines = g_string_new(NULL);
    for (const char *p = base64; *p != '\0'; p += strnlen(p, 64))
        g_string_append_printf(lines, "%.64s\r\n", p);
    return multipart(mail, "application/pkcs7-signature", "base64", lines->str);
}

static void make_dkim_mails(ForgeryMaker *maker)
{
    static const char *const no_subject[] = { "To", "Date", "Message-Id", "Content-Type", NULL };
    static const char *const no_date[] = { "To", "Subject", "Message-Id", "Content-Type", NULL };
    const MakerSignature good = { .simple_body = TRUE }, length = { .body_bytes = 100 },
                         expired = { .signed_at = maker->now - 7200, .lifetime = 3600 },
                         future = { .signed_at = maker->now + 10 * DAY },
                         sha1 = { .sha1 = TRUE }, unnamed = { .names = no_subject },
                         undated = { .names = no_date };
    char **mails = maker->mails;

    mails[UNSIGNED] = plain(maker, 0);
    mails[DKIM] = dkim(maker, &good, DOMAIN, 0);
    mails[DKIM_BODY_LENGTH] = dkim(maker, &length, DOMAIN, 0);
    mails[DKIM_EXPIRED] = dkim(maker, &expired, DOMAIN, 0);
    mails[DKIM_FUTURE] = dkim(maker, &future, DOMAIN, 0);
    mails[DKIM_SHA1] = dkim(maker, &sha1, DOMAIN, 0);
    mails[DKIM_NO_SUBJECT] = dkim(maker, &unnamed, DOMAIN, 0);
    mails[DKIM_NO_DATE] = dkim(maker, &undated, DOMAIN, 0);
    mails[DKIM_OLD] = dkim(maker, &good, DOMAIN, OLD);
    mails[DKIM_OTHER] = dkim(maker, &good, "example.org", 0);
    mails[DKIM_SUBDOMAIN] = dkim(maker, &good, "a." DOMAIN, 0);
    mails[DKIM_PARENT] = dkim(maker, &good, "cert-bund.de", 0);
    mails[DKIM_SUFFIX] = dkim(maker, &good, DOMAIN ".example.org", 0);
    mails[DKIM_PERSON] = dkim_altered(maker, "<reports@", "<erika.muster@");
    mails[DKIM_REPLY] = dkim_altered(maker, "Subject: [", "Subject: AW: [");
    mails[DKIM_ANSWER] = dkim_altered(maker, "Subject: [",
                                      "In-Reply-To: <1@example.org>\r\nSubject: [");
    mails[DKIM_CITED] = dkim_altered(maker, MARKER,
                                     "Von: Erika Muster <erika@example.org>\r\nGesendet: "
                                     "Mittwoch, 12. Februar 2025 10:00\r\n\r\n" MARKER);
    mails[RESULTS] = g_strconcat("Authentication-Results: " FORGERY_ID ";\r\n\tdkim=pass header.d="
                                 DOMAIN " header.s=" SELECTOR "\r\n", mails[DKIM], NULL);
}

static void make_signed_mails(ForgeryMaker *maker)
{
    const MakerSignature good = { .domain = DOMAIN, .selector = SELECTOR, .simple_body = TRUE };
    char **mails = maker->mails;

    mails[PGP] = pgp(maker, PINNED, 0);
    mails[PGP_LIST] = pgp_relayed(maker);
    mails[PGP_NOTE] = pgp_note(maker);
    mails[PGP_CITED] = pgp_cited(maker);
    mails[PGP_OLD] = pgp(maker, PINNED, OLD);
    mails[PGP_UNPINNED] = pgp(maker, UNPINNED, 0);
    mails[PGP_ABSENT] = pgp(maker, ABSENT, 0);
    mails[PGP_EXPIRED] = pgp(maker, EXPIRED, 0);
    mails[PGP_REVOKED] = pgp(maker, REVOKED, 0);
    mails[SMIME] = smime(maker, PINNED, "");
    mails[SMIME_UNPINNED] = smime(maker, UNPINNED, "");
    mails[SMIME_EXPIRED] = smime(maker, 2, "");
    mails[SMIME_CITED] = smime(maker, PINNED, "Am 12.02.2025 um 10:00 schrieb Erika Muster\r\n"
                                              "<erika@example.org>:\r\n\r\n");
    mails[DKIM_AND_PGP] = maker_sign(mails[PGP], &good);
}

/* ---- the maker */

ForgeryMaker *forgery_maker_new(void)
{
    PgpMaker *pgp_maker = pgp_maker_new();
    if (pgp_maker == NULL)
        return NULL;
    ForgeryMaker *maker = g_new0(ForgeryMaker, 1);
    maker->pgp = pgp_maker;
    maker->now = g_get_real_time() / G_USEC_PER_SEC;
    maker->resolver = resolver_new();
    maker->home = fixture_directory();
    make_keys(maker);
    maker->pins[0] = smime_key_fingerprint(maker->smime[PINNED], FALSE);
    maker->pins[1] = smime_key_fingerprint(maker->smime[2], TRUE);
    publish(maker);
    make_dkim_mails(maker);
    make_signed_mails(maker);
    fill_keyring(maker);
    return maker;
}

void forgery_maker_free(ForgeryMaker *maker)
{
    for (Genuine genuine = 0; genuine < GENUINE_N; genuine++)
        g_free(maker->mails[genuine]);
    for (Key key = 0; key < KEY_N; key++)
        g_free(maker->keys[key]);
    for (guint i = 0; i < G_N_ELEMENTS(maker->smime); i++)
        smime_key_free(maker->smime[i]);
    g_free(maker->pins[0]);
    g_free(maker->pins[1]);
    resolver_free(maker->resolver);
    pgp_maker_free(maker->pgp);
    fixture_remove(maker->home);
    g_free(maker);
}

const char *forgery_mail(const ForgeryMaker *maker, Genuine genuine)
{
    return maker->mails[genuine];
}

Snapshot *forgery_snapshot(const ForgeryMaker *maker, const char *directory, const char *require)
{
    static const char provenance[] = "require=client\n";
    g_autofree char *path = fixture_config(
        directory,
        "[notices]\nmode=live\nfrom=abuse@example.net\nreply-to=abuse@example.net\n"
        "envelope-from=bounce@example.net\ndesk=desk@example.net\nrenotify-after=0\n",
        "network,customer,email\n192.0.2.0/28,anna,anna@example.com\n"
        "192.0.2.16/28,berta,berta@example.com\n");
    g_autofree char *server = resolver_server(maker->resolver);
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(GString) text = g_string_new(NULL);
    char *content;

    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    const char *at = strstr(content, provenance);
    g_string_append_len(text, content, at - content);
    g_string_append_printf(text, "require=%s\nnameservers=%s\ngnupg-home=%s\nauthserv-id=%s\n"
                                 "keys=%s;%s;%s;%s;%s;%s\n%s",
                           require, server, maker->home, FORGERY_ID, maker->keys[PINNED],
                           maker->keys[ABSENT], maker->keys[EXPIRED], maker->keys[REVOKED],
                           maker->pins[0], maker->pins[1], at + strlen(provenance));
    g_free(content);
    fixture_write(directory, "certbund-milter.conf", text->str);
    Snapshot *snapshot = snapshot_load(path, TRUE, NULL, faults);
    g_assert_nonnull(snapshot);
    return snapshot;
}
