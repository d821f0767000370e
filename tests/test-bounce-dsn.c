/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Delivery status notifications as MTAs write them, and as they should not be. */
#include "bounce-dsn.h"

#include "errors.h"
#include "message.h"

#include <string.h>

#define HEAD                                                                                       \
    "From: MAILER-DAEMON@mx.example.org\n"                                                         \
    "To: bounce+A-7F3K2Q-4J9D0XW2RM@example.net\n"                                                 \
    "Subject: Undelivered Mail Returned to Sender\n"                                               \
    "MIME-Version: 1.0\n"
#define REPORT                                                                                     \
    HEAD "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"b1\"\n"       \
         "\n"                                                                                      \
         "--b1\nContent-Type: text/plain; charset=us-ascii\n\n"                                    \
         "Action: failed\nFinal-Recipient: rfc822; people@read.example.org\n\n"                    \
         "--b1\nContent-Type: message/delivery-status\n\n"
#define RETURNED                                                                                   \
    "\n--b1\nContent-Type: message/rfc822\n\nSubject: Offener Telnet-Server\n\nSehr geehrte\n\n"   \
    "--b1--\n"
#define MTA "Reporting-MTA: dns; mx.example.org\n\n"

static GBytes *bytes_of(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

/* "final original action status|diagnostic", one a line; "-" for "". */
static char *shown(const Dsn *dsn)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < dsn->recipients->len; i++) {
        const DsnRecipient *r = dsn->recipients->pdata[i];
        g_string_append_printf(text, "%s %s %s %s|%s\n", *r->final != '\0' ? r->final : "-",
                               *r->original != '\0' ? r->original : "-", dsn_action_name(r->action),
                               *r->status != '\0' ? r->status : "-", r->diagnostic);
    }
    return g_string_free(text, FALSE);
}

static void check(const char *mail, const char *want)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = bytes_of(mail);
    g_autoptr(Dsn) dsn = dsn_parse(bytes, &error);

    if (want == NULL) {
        g_assert_null(dsn);
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        return;
    }
    g_assert_no_error(error);
    g_autofree char *got = shown(dsn);
    g_assert_cmpstr(got, ==, want);
}

/* ---- fields */

static const struct {
    const char *why, *status, *want;
} fields[] = {
    { "Postfix",
      "Reporting-MTA: dns; mx.example.org\nX-Postfix-Queue-ID: 4ZbX1k\n"
      "X-Postfix-Sender: rfc822; bounce+A-7F3K2Q-4J9D0XW2RM@example.net\n"
      "Arrival-Date: Wed, 12 Feb 2025 10:11:12 +0000 (UTC)\n\n"
      "Final-Recipient: rfc822; abuse@c-0.example.org\n"
      "Original-Recipient: rfc822;abuse@c-0.example.org\n"
      "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.c-0.example.org\n"
      "Diagnostic-Code: smtp; 550 5.1.1 <abuse@c-0.example.org>: Recipient address\n"
      "    rejected: User unknown in virtual mailbox table\n",
      "abuse@c-0.example.org abuse@c-0.example.org failed 5.1.1|550 5.1.1 <abuse@c-0.example.org>: "
      "Recipient address rejected: User unknown in virtual mailbox table\n" },
    { "Sendmail",
      "Reporting-MTA: dns; mx.example.org\nReceived-From-MTA: DNS; out.example.net\n"
      "Arrival-Date: Wed, 12 Feb 2025 10:11:12 GMT\n\n"
      "Final-Recipient: RFC822; abuse@c-0.example.org\n"
      "X-Actual-Recipient: RFC822; nobody@inner.example.org\n"
      "Action: failed\nStatus: 5.1.1\n"
      "Diagnostic-Code: SMTP; 550 5.1.1 <abuse@c-0.example.org>... User unknown\n"
      "Last-Attempt-Date: Wed, 12 Feb 2025 10:11:13 GMT\n",
      "abuse@c-0.example.org - failed 5.1.1|550 5.1.1 <abuse@c-0.example.org>... User unknown\n" },
    { "Exchange",
      "Reporting-MTA: dns;EX01.corp.example.com\nReceived-From-MTA: dns;out.example.net\n"
      "Arrival-Date: Wed, 12 Feb 2025 10:11:12 +0000\n\n"
      "Final-Recipient: rfc822;abuse@c-0.example.com\nAction: failed\nStatus: 5.1.10\n"
      "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by "
      "SMTP address lookup\nX-Display-Name: Abuse\n",
      "abuse@c-0.example.com - failed 5.1.10|550 5.1.10 RESOLVER.ADR.RecipientNotFound; "
      "Recipient not found by SMTP address lookup\n" },
    { "several recipients, several actions",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.2.1\n\n"
          "Final-Recipient: rfc822; b@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
          "Final-Recipient: rfc822; c@example.org\nAction: failed\nStatus: 4.4.7\n",
      "a@example.org - failed 5.2.1|\nb@example.org - delivered 2.0.0|\n"
      "c@example.org - failed 4.4.7|\n" },
    { "delayed", MTA "Final-Recipient: rfc822; a@example.org\nAction: delayed\nStatus: 4.4.1\n",
      "a@example.org - delayed 4.4.1|\n" },
    { "relayed, expanded",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: relayed\nStatus: 2.0.0\n\n"
          "Final-Recipient: rfc822; b@example.org\nAction: expanded\nStatus: 2.0.0\n",
      "a@example.org - relayed 2.0.0|\nb@example.org - expanded 2.0.0|\n" },
    { "forwarded",
      MTA "Original-Recipient: rfc822;abuse@c-0.example.org\n"
          "Final-Recipient: rfc822;admin@inner.example.org\nAction: failed\nStatus: 5.0.0\n",
      "admin@inner.example.org abuse@c-0.example.org failed 5.0.0|\n" },
    { "names in any case, comments, no blanks",
      MTA "FINAL-RECIPIENT:rfc822;a@example.org\naction:Failed (bounced)\n"
          "STATUS:5.1.1 (bad destination mailbox address)\n",
      "a@example.org - failed 5.1.1|\n" },
    { "blanks before the colon, angle brackets, no type",
      MTA "Final-Recipient : <a@example.org>\nAction : failed\nStatus : 5.1.1\n",
      "a@example.org - failed 5.1.1|\n" },
    { "no group about the mail",
      "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n",
      "a@example.org - failed 5.1.1|\n" },
    { "empty lines, one with blanks",
      "\n\n" MTA "\n \t\n\nFinal-Recipient: rfc822; a@example.org\nAction: failed\n"
      "Status: 5.1.1\n\n\n\n",
      "a@example.org - failed 5.1.1|\n" },
    { "the first of two fields counts",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: delayed\nAction: failed\n"
          "Final-Recipient: rfc822; b@example.org\n",
      "a@example.org - delayed -|\n" },
    { "a fold of a field that does not count",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: failed\nX-Note: first\n\tsecond\n"
          "Status: 5.1.1\n",
      "a@example.org - failed 5.1.1|\n" },
    { "a line without colon",
      MTA "Final-Recipient: rfc822; a@example.org\nnonsense\nAction: failed\nStatus: 5.1.1\n",
      "a@example.org - failed 5.1.1|\n" },
    { "no action is no failure", MTA "Final-Recipient: rfc822; a@example.org\nStatus: 5.1.1\n",
      "a@example.org - unknown 5.1.1|\n" },
    { "another word is no failure",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: failedly\nStatus: 5.1.1\n",
      "a@example.org - unknown 5.1.1|\n" },
    { "no recipient", MTA "Action: failed\nStatus: 5.1.1\n", "- - failed 5.1.1|\n" },
    { "recipients that are no plain addresses",
      MTA "Final-Recipient: rfc822; call +49 555 or visit http://example.com/\n"
          "Original-Recipient: x400; /S=abuse/\nAction: failed\nStatus: 5.1.1\n",
      "- - failed 5.1.1|\n" },
    { "only the group about the mail", MTA, "" },
    { "nothing", "", "" },
    { "a diagnostic with what must not be shown",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"
          "Diagnostic-Code: smtp; 550 \x1b[2J\xe2\x80\xae gone\x07\n",
      "a@example.org - failed 5.1.1|550  [2J  gone\n" },
    { "a diagnostic in Latin 1, without type",
      MTA "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"
          "Diagnostic-Code: 550 Empf\xe4nger unbekannt; tut uns leid\n",
      "a@example.org - failed 5.1.1|550 Empfänger unbekannt; tut uns leid\n" },
};

static void test_fields(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *mail = g_strconcat(REPORT, fields[i].status, RETURNED, NULL);
        g_auto(GStrv) lines = g_strsplit(mail, "\n", -1);
        g_autofree char *crlf = g_strjoinv("\r\n", lines);

        g_test_message("%s", fields[i].why);
        check(mail, fields[i].want);
        check(crlf, fields[i].want);
    }
}

/* RFC 3463; what stands in for a missing or garbled status. */
static void test_status(void)
{
    static const struct {
        const char *status, *diagnostic, *want;
    } cases[] = {
        { "5.1.1", "smtp; 550 5.7.1 no", "5.1.1" }, /* the field wins */
        { "4.4.7", "", "4.4.7" },
        { "5.123.123", "", "5.123.123" },
        { "5.1234.1", "", "-" },
        { "5.1.1234", "", "-" },
        { "5.1", "", "-" },
        { "5..1", "", "-" },
        { "3.1.1", "", "-" },
        { "55.1.1", "", "-" },
        { "", "", "-" },
        { "", "smtp; 550 5.7.1 no", "5.7.1" },
        { "", "SMTP;550-5.7.1 no", "5.7.1" },
        { "", "smtp; 552 too big", "5.0.0" },
        { "", "smtp; 450 busy", "4.0.0" },
        { "", "smtp; 550 4.1.1 contradicts itself", "5.0.0" },
        { "permanent", "smtp; 550", "5.0.0" },
        { "", "smtp; 5500 no", "-" },
        { "", "smtp; 350 no", "-" },
        { "", "x-unix; 550", "-" },
        { "", "550 5.1.1 no type", "-" },
        { "", "smtp", "-" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *mail =
            g_strconcat(REPORT MTA "Action: failed\nStatus: ", cases[i].status,
                        "\nDiagnostic-Code: ", cases[i].diagnostic, "\n" RETURNED, NULL);
        g_autoptr(GBytes) bytes = bytes_of(mail);
        g_autoptr(Dsn) dsn = dsn_parse(bytes, NULL);
        const DsnRecipient *recipient = dsn->recipients->pdata[0];

        g_test_message("\"%s\" \"%s\"", cases[i].status, cases[i].diagnostic);
        g_assert_cmpstr(*recipient->status != '\0' ? recipient->status : "-", ==, cases[i].want);
    }
}

/* ---- where it stands */

#define FAILED "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n"
#define WANT   "a@example.org - failed 5.1.1|\n"

/* As Postfix 3.7 made it; names replaced. */
#define POSTFIX                                                                                    \
    "Return-Path: <>\nReceived: by mx.example.net (Postfix)\n"                                     \
    "\tid 70AC7A7A6B2; Wed, 12 Feb 2025 11:04:00 +0000 (UTC)\n"                                    \
    "Date: Wed, 12 Feb 2025 11:04:00 +0000 (UTC)\n"                                                \
    "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\n"                                  \
    "Subject: Undelivered Mail Returned to Sender\n"                                               \
    "To: bounces+A-7F3K2Q-4J9D0XW2RM@example.net\nAuto-Submitted: auto-replied\n"                  \
    "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status;\n"            \
    "\tboundary=\"69C71A7A6AE.1795478640/mx.example.net\"\nContent-Transfer-Encoding: 8bit\n"      \
    "Message-Id: <20250212110400.70AC7A7A6B2@mx.example.net>\n\n"                                  \
    "This is a MIME-encapsulated message.\n\n--69C71A7A6AE.1795478640/mx.example.net\n"            \
    "Content-Description: Notification\nContent-Type: text/plain; charset=utf-8\n"                 \
    "Content-Transfer-Encoding: 8bit\n\nThis is the mail system at host mx.example.net.\n\n"       \
    "<a@example.org>: host mx.example.org[192.0.2.25] said: 550 5.1.1 who is that\n"               \
    "    (in reply to RCPT TO command)\n\n--69C71A7A6AE.1795478640/mx.example.net\n"               \
    "Content-Description: Delivery report\nContent-Type: message/delivery-status\n\n"              \
    "Reporting-MTA: dns; mx.example.net\nX-Postfix-Queue-ID: 69C71A7A6AE\n"                        \
    "X-Postfix-Sender: rfc822; bounces+A-7F3K2Q-4J9D0XW2RM@example.net\n"                          \
    "Arrival-Date: Wed, 12 Feb 2025 11:03:59 +0000 (UTC)\n\n"                                      \
    "Final-Recipient: rfc822; a@example.org\nOriginal-Recipient: rfc822;a@example.org\n"           \
    "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.org\n"                             \
    "Diagnostic-Code: smtp; 550 5.1.1 who is that\n\n"                                             \
    "--69C71A7A6AE.1795478640/mx.example.net\nContent-Description: Undelivered Message\n"          \
    "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"                            \
    "Return-Path: <bounces+A-7F3K2Q-4J9D0XW2RM@example.net>\nSubject: x\n\nhello\n\n"              \
    "--69C71A7A6AE.1795478640/mx.example.net--\n"

static const struct {
    const char *why, *mail, *want; /* NULL: refused */
} places[] = {
    { "a whole one", POSTFIX, "a@example.org a@example.org failed 5.1.1|550 5.1.1 who is that\n" },
    { "as it should be", REPORT MTA FAILED RETURNED, WANT },
    { "under a gateway's footer",
      HEAD "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
           "Content-Type: multipart/report; report-type=delivery-status; boundary=b1\n\n"
           "--b1\nContent-Type: message/delivery-status\n\n" MTA FAILED "\n--b1--\n"
           "--m\n\nScanned by our gateway\n--m--\n",
      WANT },
    { "internationalised, base64 (RFC 6533)",
      HEAD "Content-Type: multipart/report; boundary=b1\n\n--b1\n"
           "Content-Type: message/global-delivery-status\nContent-Transfer-Encoding: base64\n\n"
           "UmVwb3J0aW5nLU1UQTogdXRmLTg7IG14LmV4YW1wbGUub3JnCgpGaW5hbC1SZWNpcGllbnQ6IHV0\n"
           "Zi04OyBhQGV4YW1wbGUub3JnCkFjdGlvbjogZmFpbGVkClN0YXR1czogNS4xLjEK\n--b1--\n",
      WANT },
    { "the first of two",
      HEAD "Content-Type: multipart/report; boundary=b1\n\n"
           "--b1\nContent-Type: message/delivery-status\n\n" MTA FAILED
           "\n--b1\nContent-Type: message/delivery-status\n\n" MTA
           "Final-Recipient: rfc822; b@example.org\nAction: failed\n\n--b1--\n",
      WANT },
    { "the whole mail", HEAD "Content-Type: message/delivery-status\n\n" MTA FAILED, WANT },
    { "somebody else's, forwarded",
      HEAD
      "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: message/rfc822\n\n" REPORT
          MTA FAILED "--b1--\n\n--m--\n",
      NULL },
    { "out of office (RFC 3834 answers the envelope sender)",
      HEAD "Auto-Submitted: auto-replied\nContent-Type: text/plain\n\nI am on holiday.\n", NULL },
    { "qmail's own format",
      HEAD "\nHi. This is the qmail-send program at mx.example.org.\n\n"
           "<a@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
      NULL },
    { "a disposition notification",
      HEAD "Content-Type: multipart/report; boundary=b1\n\n--b1\n"
           "Content-Type: message/disposition-notification\n\n" FAILED "--b1--\n",
      NULL },
    { "charset that is not so",
      HEAD "Content-Type: message/delivery-status; charset=utf-8\n\n" MTA FAILED "X: \xff\xfe\n",
      NULL },
    { "no header", "\n" MTA FAILED, NULL },
    { "empty", "", NULL },
};

static void test_places(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_test_message("%s", places[i].why);
        check(places[i].mail, places[i].want);
    }
}

/* Cut anywhere it is read as far as it goes, and nothing is made up. */
static void test_cut(void)
{
    static const char mail[] = REPORT MTA FAILED RETURNED;
    const char *failed = strstr(mail, "Action: failed\nStatus");

    for (gsize length = 0; length < strlen(mail); length++) {
        g_autoptr(GBytes) bytes = g_bytes_new(mail, length);
        g_autoptr(Dsn) dsn = dsn_parse(bytes, NULL);
        gboolean there = length >= (gsize)(failed - mail) + strlen("Action: failed");

        g_assert_cmpuint(dsn != NULL ? dsn->n_failed : 0, ==, there);
    }
}

/* Whatever is altered, it ends. */
static void test_garbage(void)
{
    static const char mail[] = REPORT MTA FAILED FAILED "\n" FAILED RETURNED;
    g_autoptr(GRand) random = g_rand_new_with_seed(20250212);

    for (guint round = 0; round < 2000; round++) {
        g_autofree char *altered = g_strdup(mail);
        for (gint n = g_rand_int_range(random, 1, 20); n > 0; n--)
            altered[g_rand_int_range(random, 0, (gint32)strlen(mail))] =
                (char)g_rand_int_range(random, 0, 256);
        g_autoptr(GBytes) bytes = g_bytes_new(altered, strlen(mail));
        g_autoptr(Dsn) dsn = dsn_parse(bytes, NULL);
        if (dsn != NULL)
            g_assert_cmpuint(dsn->n_failed, <=, dsn->recipients->len);
    }
}

/* ---- limits */

static void test_recipients_limit(void)
{
    for (guint n = DSN_RECIPIENTS_MAX; n <= DSN_RECIPIENTS_MAX + 1; n++) {
        g_autoptr(GString) mail = g_string_new(REPORT MTA);
        for (guint i = 0; i < n; i++)
            g_string_append_printf(mail,
                                   "Final-Recipient: rfc822; a%u@example.org\n"
                                   "Action: failed\n\n",
                                   i);
        g_string_append(mail, RETURNED);
        g_autoptr(GBytes) bytes = bytes_of(mail->str);
        g_autoptr(Dsn) dsn = dsn_parse(bytes, NULL);

        g_assert_cmpuint(dsn->n_failed, ==, DSN_RECIPIENTS_MAX);
        g_assert_cmpint(dsn->cut, ==, n > DSN_RECIPIENTS_MAX);
    }
}

/* A long type before the address: the value is cut one byte short of its end. */
static void test_field_limit(void)
{
    static const char address[] = ";a@example.org";

    for (gsize n = DSN_FIELD_MAX; n <= DSN_FIELD_MAX + 1; n++) {
        g_autofree char *type = g_strnfill(n - strlen(address), 'x');
        g_autofree char *mail = g_strconcat(REPORT MTA "Action: failed\nFinal-Recipient:\n ", type,
                                            address, "\n" RETURNED, NULL);
        check(mail,
              n == DSN_FIELD_MAX ? "a@example.org - failed -|\n" : "a@example.or - failed -|\n");
    }
}

/* Cut between characters, not within. */
static void test_diagnostic_limit(void)
{
    static const struct {
        gsize ascii;
        const char *end;
        gsize want;
    } cases[] = {
        { DSN_DIAGNOSTIC_MAX, "", DSN_DIAGNOSTIC_MAX },
        { DSN_DIAGNOSTIC_MAX + 1, "", DSN_DIAGNOSTIC_MAX },
        { DSN_DIAGNOSTIC_MAX - 2, "ä", DSN_DIAGNOSTIC_MAX },
        { DSN_DIAGNOSTIC_MAX - 1, "ä", DSN_DIAGNOSTIC_MAX - 1 },
        { DSN_DIAGNOSTIC_MAX, "ä", DSN_DIAGNOSTIC_MAX },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strnfill(cases[i].ascii, 'x');
        g_autofree char *mail = g_strconcat(REPORT MTA "Action: failed\nDiagnostic-Code: smtp; ",
                                            text, cases[i].end, "\n" RETURNED, NULL);
        g_autoptr(GBytes) bytes = bytes_of(mail);
        g_autoptr(Dsn) dsn = dsn_parse(bytes, NULL);
        const DsnRecipient *recipient = dsn->recipients->pdata[0];

        g_assert_cmpuint(strlen(recipient->diagnostic), ==, cases[i].want);
        g_assert_true(g_utf8_validate(recipient->diagnostic, -1, NULL));
    }
}

/* The last byte that is looked at ends "Action: failed". */
static void test_mail_limit(void)
{
    static const char front[] = HEAD "Content-Type: multipart/report; boundary=b1\n\n--b1\n\n";
    static const char back[] = "\n--b1\nContent-Type: message/delivery-status\n\n" MTA
                               "Final-Recipient: rfc822; a@example.org\nAction: failed";

    for (gsize end = DSN_BYTES_MAX; end <= DSN_BYTES_MAX + 1; end++) {
        g_autofree char *text = g_strnfill(end - strlen(front) - strlen(back), 'x');
        g_autofree char *mail = g_strconcat(front, text, back, "\n" RETURNED, NULL);
        g_autoptr(GBytes) bytes = bytes_of(mail);
        g_autoptr(Dsn) dsn = dsn_parse(bytes, NULL);

        g_assert_cmpuint(dsn->n_failed, ==, end == DSN_BYTES_MAX);
    }
}

/* The returned mail is of any size: it isn't looked at. */
static void test_huge(void)
{
    g_autofree char *body = g_strnfill(5 * DSN_BYTES_MAX, 'x');
    g_autofree char *mail = g_strconcat(REPORT MTA FAILED "\n--b1\nContent-Type: message/rfc822\n\n"
                                                          "Subject: x\n\n",
                                        body, "\n--b1--\n", NULL);

    check(mail, WANT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/bounce-dsn/fields", test_fields);
    g_test_add_func("/bounce-dsn/status", test_status);
    g_test_add_func("/bounce-dsn/places", test_places);
    g_test_add_func("/bounce-dsn/cut", test_cut);
    g_test_add_func("/bounce-dsn/garbage", test_garbage);
    g_test_add_func("/bounce-dsn/recipients-limit", test_recipients_limit);
    g_test_add_func("/bounce-dsn/field-limit", test_field_limit);
    g_test_add_func("/bounce-dsn/diagnostic-limit", test_diagnostic_limit);
    g_test_add_func("/bounce-dsn/mail-limit", test_mail_limit);
    g_test_add_func("/bounce-dsn/huge", test_huge);
    return g_test_run();
}
