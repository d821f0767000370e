/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Law 5: no forgery makes a notice, and its genuine twin does.
 *
 * Each forgery is a genuine mail with a few edits, by somebody who can write any mail but has
 * no key of CERT-Bund's; why it fails is part of the case, so that none passes by failing
 * for another reason. */
#include "fixture.h"
#include "forgery-maker.h"
#include "ledger-maker.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

#define ALL "dkim;pgp;smime"
#define OTHER_TICKET "CB-Report#20250212-10000002"
#define BERTAS "\"64496\",\"192.0.2.17\",\"2025-02-11 11:10:25\",\"23\",\"x\"\r\n"
#define A_TABLE                                                                                    \
    "Betroffene Systeme in Ihrem Netzbereich:\r\n\r\n\"asn\",\"ip\",\"timestamp\",\"port\","       \
    "\"banner\"\r\n" BERTAS "\r\n\r\nMit freundlichen Gr\303\274\303\237en\r\n"
#define A_PART "Content-Type: text/plain; charset=utf-8\r\n\r\n" A_TABLE
#define CERTBUND "From: CERT-Bund Reports <reports@reports.cert-bund.de>\r\n"
#define LET_GO "no report" /* instead of a reason: the intake does not look at it */

typedef enum { NO_EDIT, REPLACE, BEFORE, BEHIND, TOP, END } How;

typedef struct {
    How how;
    const char *where, *text; /* where: NULL for TOP and END */
} Edit;

typedef struct {
    const char *name;
    Genuine from;
    Edit edits[3];
    const char *why;     /* part of the reason, or LET_GO */
    const char *require; /* NULL: ALL */
    gboolean known;      /* the genuine mail came before */
    gboolean client;     /* it comes from clients= */
} Forgery;

#define SUBJECT "Subject: [" FORGERY_TICKET "] Offene Telnet-Server"
#define RESULTS_FIELD "dkim=pass header.d=reports.cert-bund.de"
#define AR .from = RESULTS, .require = "auth-results"

static const Forgery forgeries[] = {
    { "forged From and nothing else", UNSIGNED, .why = "dkim: " },
    { "own Authentication-Results on top, which nobody asked for", UNSIGNED,
      { { TOP, NULL, "Authentication-Results: " FORGERY_ID "; " RESULTS_FIELD "\r\n" } },
      .why = "dkim: " },
    { "X-Original-Authentication-Results of a list", UNSIGNED,
      { { TOP, NULL, "X-Original-Authentication-Results: mx.example.com; " RESULTS_FIELD "\r\n" } },
      .why = "dkim: " },
    { "a Received field with CERT-Bund's host", UNSIGNED,
      { { TOP, NULL, "Received: from reportsmx.cert-bund.de ([198.51.100.25]) by " FORGERY_ID
                     "\r\n" } }, .why = "client: ", .require = "client" },
    { "handed in by a stranger", UNSIGNED, .why = "is in none of clients=", .require = "client" },
    { "a DKIM-Signature without a signature", UNSIGNED,
      { { TOP, NULL, "DKIM-Signature: v=1; a=rsa-sha256; d=reports.cert-bund.de; s=202501; "
                     "h=from:subject; bh=AAAA; b=AAAA\r\n" } }, .why = "dkim: " },
    { "a list's fields round a forged mail", UNSIGNED,
      { { REPLACE, CERTBUND, "From: 'CERT-Bund' via Abuse <abuse@example.org>\r\n"
                             "X-Original-From: reports@reports.cert-bund.de\r\n"
                             "List-ID: <abuse.example.org>\r\n" } }, .why = "dkim: " },
    { "a cleartext signature in the text", UNSIGNED,
      { { BEFORE, "Sehr geehrte", "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n" },
        { END, NULL, "-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n-----END PGP SIGNATURE-----\r\n" } },
      .why = "pgp: the mail is not signed" },

    { "DKIM: a row altered", DKIM, { { REPLACE, "192.0.2.1\"", "192.0.2.17\"" } }, .why = "dkim: " },
    { "DKIM: a row added", DKIM, { { BEFORE, "\"64496\"", BERTAS } }, .why = "dkim: " },
    { "DKIM: text behind the end", DKIM, { { END, NULL, A_TABLE } }, .why = "dkim: " },
    { "DKIM: another ticket", DKIM, { { REPLACE, FORGERY_TICKET, OTHER_TICKET } }, .why = "dkim: " },
    { "DKIM: another title", DKIM, { { REPLACE, "Telnet-Server", "Portmapper-Dienste" } },
      .why = "dkim: " },
    { "DKIM: [KRITISCH] added", DKIM, { { REPLACE, "1] Offene", "1][KRITISCH] Offene" } },
      .why = "dkim: " },
    { "DKIM: another Date", DKIM, { { REPLACE, "Date: ", "Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nX-D: " } },
      .why = "dkim: " },
    { "DKIM: a second Subject on top", DKIM,
      { { TOP, NULL, "Subject: [" OTHER_TICKET "] Offene Telnet-Server\r\n" } }, .why = "dkim: " },
    { "DKIM: a second Subject below", DKIM,
      { { BEFORE, "Content-Type: ", "Subject: [" OTHER_TICKET "] Offene Telnet-Server\r\n" } },
      .why = "dkim: " },
    { "DKIM: a second From on top", DKIM, { { TOP, NULL, "From: x@example.org\r\n" } },
      .why = "dkim: " },
    { "DKIM: a second From below", DKIM,
      { { BEFORE, "Content-Type: ", "From: x@example.org\r\n" } }, .why = "dkim: " },
    { "DKIM: a second Content-Type on top", DKIM,
      { { TOP, NULL, "Content-Type: text/plain; charset=utf-16\r\n" } }, .why = "dkim: " },
    { "DKIM: a second Content-Transfer-Encoding on top", DKIM,
      { { TOP, NULL, "Content-Transfer-Encoding: base64\r\n" } }, .why = "dkim: " },
    { "DKIM: a second Date on top, to make it younger", DKIM_OLD,
      { { TOP, NULL, "Date: Wed, 25 Nov 2026 00:00:00 +0000\r\n" } },
      .why = "" },
    { "DKIM: a NUL in the text", DKIM, { { REPLACE, "Sehr ", "Sehr\001" } }, .why = "dkim: " },
    { "DKIM: the charset changed", DKIM, { { REPLACE, "charset=\"utf-8\"", "charset=\"utf-16\"" } },
      .why = "dkim: " },
    { "DKIM: the signature taken away", DKIM,
      { { REPLACE, "DKIM-Signature", "X-DKIM-Signature" } }, .why = "dkim: " },
    { "DKIM: a blank in front of the colon of a second Subject", DKIM,
      { { TOP, NULL, "Subject : [" OTHER_TICKET "] Offene Telnet-Server\r\n" } }, .why = "" },
    { "DKIM: l= leaves the end open", DKIM_BODY_LENGTH, .why = "l=" },
    { "DKIM: l=, and a table behind it", DKIM_BODY_LENGTH, { { END, NULL, A_TABLE } },
      .why = "l=" },
    { "DKIM: expired", DKIM_EXPIRED, .why = "expired" },
    { "DKIM: signed in the future", DKIM_FUTURE, .why = "dkim: " },
    { "DKIM: SHA-1", DKIM_SHA1, .why = "dkim: " },
    { "DKIM: Subject not signed", DKIM_NO_SUBJECT, .why = "dkim: " },
    { "DKIM: Subject not signed, and another one", DKIM_NO_SUBJECT,
      { { REPLACE, FORGERY_TICKET, OTHER_TICKET } }, .why = "dkim: " },
    { "DKIM: Date not signed: nobody knows how old it is", DKIM_NO_DATE, .why = "no date" },
    { "DKIM: a genuine report of twenty days ago", DKIM_OLD, .why = "days ago" },
    { "DKIM: another domain's signature", DKIM_OTHER, .why = "example.org" },
    { "DKIM: another domain's signature, From a look-alike in Cyrillic", DKIM_OTHER,
      { { REPLACE, "@reports.", "@r\320\265ports." } }, .why = "dkim: " },
    { "DKIM: a subdomain of an accepted domain", DKIM_SUBDOMAIN, .why = "dkim: " },
    { "DKIM: the parent of an accepted domain", DKIM_PARENT, .why = "dkim: " },
    { "DKIM: an accepted domain with more behind it", DKIM_SUFFIX, .why = "dkim: " },

    { "DKIM: somebody else of CERT-Bund's domain", DKIM_PERSON, .why = "none of senders=" },
    { "DKIM: a reply of CERT-Bund's", DKIM_REPLY, .why = "a reply" },
    { "DKIM: an answer that does not say so in its subject", DKIM_ANSWER, .why = "a reply" },
    { "DKIM: somebody's table, cited without \">\"", DKIM_CITED, .why = "may be cited" },

    { "PGP: a row altered", PGP, { { REPLACE, "192.0.2.1\"", "192.0.2.17\"" } },
      .why = "bad signature" },
    { "PGP: a row added", PGP, { { BEFORE, "\"64496\"", BERTAS } }, .why = "bad signature" },
    { "PGP: the transfer encoding of the signed part changed", PGP,
      { { REPLACE, "Content-Transfer-Encoding: 8bit", "Content-Transfer-Encoding: base64" } },
      .why = "bad signature" },
    { "PGP: a key that is not pinned", PGP_UNPINNED, .why = "not in keys=" },
    { "PGP: a key that nobody has", PGP_ABSENT, .why = "unknown key" },
    { "PGP: a key that had expired", PGP_EXPIRED, .why = "expired" },
    { "PGP: a revoked key", PGP_REVOKED, .why = "revoked" },
    { "PGP: signed twenty days ago, with a Date of today", PGP_OLD, .why = "days ago" },
    { "PGP: under another ticket", PGP, { { REPLACE, FORGERY_TICKET, OTHER_TICKET } },
      .why = "a replay", .known = TRUE },
    { "PGP: under another title", PGP,
      { { REPLACE, "Telnet-Server", "DNS-Resolver" }, { REPLACE, FORGERY_TICKET, OTHER_TICKET } },
      .why = "columns" },
    { "PGP: under a title of no class", PGP, { { REPLACE, "Telnet-Server", "Scheunentore" } },
      .why = "no title that is known" },
    { "PGP: a known title with an address of the forger's behind it", PGP,
      { { REPLACE, "Telnet-Server", "Telnet-Server: Abhilfe unter https://example.org/" } },
      .why = "no title that is known" },
    { "PGP: the table below a sign-off", PGP_CITED, .why = "may be cited" },
    { "PGP: old, where client+dkim would do too", PGP_OLD, .why = "days ago",
      .require = "pgp;client+dkim", .client = TRUE },
    { "PGP: old, from a client that is believed no more than that", PGP_OLD, .why = "days ago",
      .require = "client+pgp", .client = TRUE },
    { "PGP: under another ticket, from such a client", PGP,
      { { REPLACE, FORGERY_TICKET, OTHER_TICKET } }, .why = "a replay", .known = TRUE,
      .require = "client+pgp", .client = TRUE },
    { "PGP: under another title, from such a client", PGP,
      { { REPLACE, "Telnet-Server", "DNS-Resolver" } }, .why = "columns",
      .require = "client+pgp", .client = TRUE },
    { "PGP: a signed text without table, and a forged table beside it", PGP_NOTE,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n--=-m\r\n" A_PART
          "\r\n--=-m\r\nContent-Type: multipart/signed" },
        { END, NULL, "\r\n--=-m--\r\n" } }, .why = "no table" },
    { "PGP: ... behind it", PGP_NOTE,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n--=-m\r\nContent-Type: multipart/signed" },
        { END, NULL, "\r\n--=-m\r\n" A_PART "\r\n--=-m--\r\n" } }, .why = "no table" },
    { "PGP: ... as events.csv", PGP_NOTE,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n--=-m\r\nContent-Type: multipart/signed" },
        { END, NULL, "\r\n--=-m\r\nContent-Type: text/csv; name=events.csv\r\n\r\n\"asn\",\"ip\",\"timestamp\"\r\n"
                     "\"64496\",\"192.0.2.17\",\"2025-02-11 11:10:25\"\r\n--=-m--\r\n" } },
      .why = "no table" },
    { "PGP: ... in the preamble", PGP_NOTE, { { BEFORE, "--=-signed\r\n", A_TABLE } },
      .why = "no table" },
    { "PGP: ... in the epilogue", PGP_NOTE, { { END, NULL, A_TABLE } }, .why = "no table" },
    { "PGP: ... as a third part", PGP_NOTE,
      { { REPLACE, "\r\n--=-signed--", "\r\n--=-signed\r\n" A_PART "\r\n--=-signed--" } },
      .why = "one part and its signature" },
    { "PGP: ... in the signature's place, and the signature behind it", PGP_NOTE,
      { { BEFORE, "--=-signed\r\nContent-Type: application", "--=-signed\r\n" A_PART "\r\n" } },
      .why = "one part and its signature" },
    { "PGP: signed parts twice, one of them forged", PGP,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n--=-m\r\nContent-Type: "
          "multipart/signed; protocol=\"application/pgp-signature\"; boundary=\"=-f\"\r\n\r\n"
          "--=-f\r\n" A_PART "\r\n--=-f\r\nContent-Type: application/pgp-signature\r\n\r\nAAAA\r\n"
          "--=-f--\r\n--=-m\r\nContent-Type: multipart/signed" },
        { END, NULL, "\r\n--=-m--\r\n" } }, .why = "2 signed parts" },
    { "PGP: the genuine one within a forged multipart/signed", PGP,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; "
          "boundary=\"=-f\"\r\n\r\n--=-f\r\nContent-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n"
          "--=-m\r\n" A_PART "\r\n--=-m\r\nContent-Type: multipart/signed" },
        { END, NULL, "\r\n--=-m--\r\n--=-f\r\nContent-Type: application/pgp-signature\r\n\r\nAAAA\r\n"
                     "--=-f--\r\n" } }, .why = "pgp: " },
    { "PGP: the genuine one as a forwarded mail", PGP,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n--=-m\r\n" A_PART
          "\r\n--=-m\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/signed" },
        { END, NULL, "\r\n--=-m--\r\n" } }, .why = "not signed" },
    { "PGP: a boundary that is the beginning of another", PGP_NOTE,
      { { BEFORE, "--=-signed\r\n", "--=-signedX\r\n" A_PART "\r\n" } }, .why = "" },
    { "PGP: another protocol", PGP,
      { { REPLACE, "protocol=\"application/pgp-signature\"",
          "protocol=\"application/pkcs7-signature\"" } }, .why = "one part and its signature" },
    { "PGP: a signature that is none", PGP,
      { { REPLACE, "-----BEGIN PGP SIGNATURE-----", "no armour" } },
      .why = "pgp: " },
    { "PGP over a list: the footer has a table, the signed part none", PGP_NOTE,
      { { REPLACE, "Content-Type: multipart/signed",
          "Content-Type: multipart/mixed; boundary=\"=-list\"\r\n\r\n--=-list\r\nContent-Type: "
          "multipart/signed" },
        { END, NULL, "\r\n--=-list\r\n" A_PART "--=-list--\r\n" } }, .why = "no table" },
    { "PGP alone, where DKIM is demanded too", PGP, .why = "dkim: ", .require = "dkim+pgp" },
    { "DKIM alone, where PGP is demanded too", DKIM, .why = "not signed", .require = "dkim+pgp" },
    { "DKIM and PGP: a list's footer spoils the one", DKIM_AND_PGP, { { END, NULL, "-- \r\n" } },
      .why = "dkim: ", .require = "dkim+pgp" },

    { "S/MIME: a row altered", SMIME, { { REPLACE, "192.0.2.1\"", "192.0.2.17\"" } },
      .why = "bad signature" },
    { "S/MIME: a certificate of the same name", SMIME_UNPINNED, .why = "not in keys=" },
    { "S/MIME: a certificate that had expired", SMIME_EXPIRED, .why = "expired" },
    { "S/MIME: under another ticket", SMIME, { { REPLACE, FORGERY_TICKET, OTHER_TICKET } },
      .why = "a replay", .known = TRUE },
    { "S/MIME: somebody's table, cited without \">\"", SMIME_CITED, .why = "may be cited" },
    { "S/MIME: under another title", SMIME, { { REPLACE, "Telnet-Server", "Portmapper-Dienste" } },
      .why = "columns" },

    { "results of another filter", AR, .edits = { { REPLACE, FORGERY_ID, "mx.example.com" } },
      .why = "auth-results: " },
    { "results of a filter whose name begins so", AR,
      .edits = { { REPLACE, FORGERY_ID, FORGERY_ID ".example.com" } }, .why = "auth-results: " },
    { "results in a comment", AR,
      .edits = { { REPLACE, "dkim=pass", "dkim=fail (dkim=pass) " } }, .why = "auth-results: " },
    { "results of SPF only", AR, .edits = { { REPLACE, "dkim=pass", "spf=pass" } },
      .why = "auth-results: " },
    { "results for another domain", AR,
      .edits = { { REPLACE, "header.d=reports.cert-bund.de", "header.d=example.org" } },
      .why = "auth-results: " },
    { "results for a subdomain", AR,
      .edits = { { REPLACE, "header.d=", "header.d=a." } }, .why = "auth-results: " },
    { "results that can't be read", AR, .edits = { { REPLACE, "dkim=pass", "dkim==pass" } },
      .why = "auth-results: " },
    { "results of a mail with two From fields", AR,
      .edits = { { END, NULL, "" }, { BEFORE, "Content-Type: ", "From: x@example.org\r\n" } },
      .why = "auth-results: " },
    { "results, and the signature has l=", .from = DKIM_BODY_LENGTH, .require = "auth-results",
      .edits = { { TOP, NULL, "Authentication-Results: " FORGERY_ID "; " RESULTS_FIELD "\r\n" } },
      .why = "l=" },
    { "results, and the signature leaves the Subject out", .from = DKIM_NO_SUBJECT,
      .require = "auth-results",
      .edits = { { TOP, NULL, "Authentication-Results: " FORGERY_ID "; " RESULTS_FIELD "\r\n" } },
      .why = "auth-results: " },

    { "a ticket with a digit too few", DKIM, { { REPLACE, "-10000001]", "-1000001]" } },
      .why = LET_GO },
    { "a ticket in full-width digits", DKIM, { { REPLACE, "#2025", "#\357\274\222025" } },
      .why = LET_GO },
    { "a ticket with another dash", DKIM, { { REPLACE, "-10000001]", "\342\200\22310000001]" } },
      .why = LET_GO },
    { "a ticket in lower case", DKIM, { { REPLACE, "CB-Report#", "cb-report#" } }, .why = LET_GO },
    { "a ticket without brackets", DKIM, { { REPLACE, "[CB-Report", "CB-Report" } },
      .why = LET_GO },
};

/* ---- making and judging */

static gsize place_of(const GString *mail, const Edit *edit)
{
    if (edit->where == NULL)
        return edit->how == TOP ? 0 : mail->len;
    const char *found = strstr(mail->str, edit->where);
    g_assert_nonnull(found);
    return (gsize)(found - mail->str) + (edit->how == BEHIND ? strlen(edit->where) : 0);
}

static GBytes *forge(const ForgeryMaker *maker, const Forgery *forgery)
{
    GString *mail = g_string_new(forgery_mail(maker, forgery->from));
    for (guint i = 0; i < G_N_ELEMENTS(forgery->edits); i++) {
        const Edit *edit = &forgery->edits[i];
        if (edit->how == NO_EDIT)
            continue;
        gsize at = place_of(mail, edit);
        if (edit->how == REPLACE)
            g_string_erase(mail, (gssize)at, (gssize)strlen(edit->where));
        g_string_insert(mail, (gssize)at, edit->text);
    }
    for (char *p = mail->str; (p = memchr(p, '\001', mail->len - (gsize)(p - mail->str))) != NULL;)
        *p = '\0'; /* what a C string can't say */
    return g_string_free_to_bytes(mail);
}

static Subject *subject_of(GBytes *mail)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(mail, &error);
    const char *text = message != NULL ? message_header(message, "Subject") : NULL;
    return text != NULL ? subject_parse(text) : NULL;
}

/* Through decision and ledger, as the daemon does it; *reason_r is freed by the caller. */
static guint notices_of(Snapshot *snapshot, Ledger *ledger, GBytes *mail, gboolean from_client,
                        char **reason_r)
{
    static const Address stranger = { { 0x20, 0x01, 0x0d, 0xb8 } };
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(GError) error = NULL;
    g_autoptr(Subject) subject = subject_of(mail);
    gint64 now = g_get_real_time();
    Recorded recorded;

    if (subject == NULL) {
        *reason_r = g_strdup(LET_GO);
        return 0;
    }
    g_autoptr(Decision) decision
        = decide(snapshot, mail, from_client ? &fixture_client : &stranger, now / G_USEC_PER_SEC,
                 VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    const RecordInput input = { .ledger = ledger, .secret = secret, .bytes = mail,
                                .subject = subject, .queue_id = "4TEST", .client = "",
                                .person = "" };
    record_decision(&input, decision, now, &recorded, &error);
    g_assert_no_error(error);
    *reason_r = g_strdup_printf("%s: %s", status_name(decision->status), decision->reason);
    guint n = recorded.n_notices;
    recorded_clear(&recorded);
    return n;
}

static guint judge(const ForgeryMaker *maker, const char *require, gboolean client, GBytes *before,
                   GBytes *mail, char **reason_r)
{
    char *directory = fixture_directory();
    g_autofree char *path = g_build_filename(directory, "ledger.db", NULL);
    g_autoptr(Snapshot) snapshot
        = forgery_snapshot(maker, directory, require != NULL ? require : ALL);
    Ledger *ledger = maker_open(path, LEDGER_DAEMON);

    if (before != NULL) {
        g_autofree char *reason = NULL;
        guint told = notices_of(snapshot, ledger, before, client, &reason);
        g_assert_cmpuint(told, ==, 1);
    }
    guint n = notices_of(snapshot, ledger, mail, client, reason_r);
    ledger_close(ledger);
    fixture_remove(directory);
    return n;
}

static void test_forgeries(gconstpointer data)
{
    const ForgeryMaker *maker = data;

    for (guint i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        const Forgery *forgery = &forgeries[i];
        const char *original = forgery_mail(maker, forgery->from);
        g_autoptr(GBytes) genuine = g_bytes_new_static(original, strlen(original));
        g_autoptr(GBytes) mail = forge(maker, forgery);
        g_autofree char *reason = NULL;
        guint n = judge(maker, forgery->require, forgery->client,
                        forgery->known ? genuine : NULL, mail, &reason);
        g_test_message("%s: %s", forgery->name, reason);
        g_assert_cmpuint(n, ==, 0);
        g_assert_nonnull(strstr(reason, forgery->why));
    }
    g_test_message("%u forgeries, no notice", (guint)G_N_ELEMENTS(forgeries));
}

/* What is genuine goes through, each way. */
static void test_twins(gconstpointer data)
{
    static const struct {
        Genuine genuine;
        const char *require;
        gboolean client;
    } twins[] = {
        { DKIM, ALL, FALSE },        { PGP, ALL, FALSE },          { PGP_LIST, ALL, FALSE },
        { SMIME, ALL, FALSE },       { DKIM_AND_PGP, ALL, FALSE }, { DKIM_AND_PGP, "dkim+pgp", FALSE },
        { PGP, "client;pgp", FALSE }, { DKIM, "dkim", FALSE },      { RESULTS, "auth-results", FALSE },
        { RESULTS, "auth-results+dkim", FALSE },
        { PGP, "client+pgp", TRUE },
        { UNSIGNED, "client", TRUE },
        { DKIM_AND_PGP, "client+pgp;dkim", TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(twins); i++) {
        const char *text = forgery_mail(data, twins[i].genuine);
        g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
        g_autofree char *reason = NULL;
        guint n = judge(data, twins[i].require, twins[i].client, NULL, mail, &reason);
        g_test_message("%u, require=%s: %s", twins[i].genuine, twins[i].require, reason);
        g_assert_cmpuint(n, ==, 1);
    }
}

/* Release reads no more than was proven when it came, although a person vouches, and although
 * the signature proves nothing now. */
static void test_release(gconstpointer data)
{
    static const struct {
        Vouched vouched;
        guint n_events;
    } cases[] = { { VOUCHED_PART, 0 }, { VOUCHED_WHOLE, 1 } };
    static const Forgery forgery = {
        .from = PGP_NOTE,
        .edits = { { REPLACE, "Content-Type: multipart/signed",
                     "Content-Type: multipart/mixed; boundary=\"=-m\"\r\n\r\n--=-m\r\n"
                     "Content-Type: multipart/signed" },
                   { END, NULL, "\r\n--=-m\r\n" A_PART "\r\n--=-m--\r\n" } } };
    char *directory = fixture_directory();
    g_autoptr(Snapshot) snapshot = forgery_snapshot(data, directory, "client+pgp");
    g_autoptr(GBytes) mail = forge(data, &forgery);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Decision) decision = decide(
            snapshot, mail, NULL, g_get_real_time() / G_USEC_PER_SEC, cases[i].vouched, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(decision->report->n_events, ==, cases[i].n_events);
    }
    fixture_remove(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    ForgeryMaker *maker = forgery_maker_new();
    if (maker == NULL) {
        puts("1..0 # SKIP gpg or gpg-agent is not installed");
        return 0;
    }
    g_test_add_data_func("/forgery/twins", maker, test_twins);
    g_test_add_data_func("/forgery/forgeries", maker, test_forgeries);
    g_test_add_data_func("/forgery/release", maker, test_release);
    int status = g_test_run();
    forgery_maker_free(maker);
    return status;
}
