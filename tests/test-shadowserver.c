/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Shadowserver's own reports: how they are named, read and believed. */
#include "shadowserver.h"

#include "classes.h"
#include "fixture.h"
#include "intake.h"
#include "report.h"
#include "zip-maker.h"
#include "zip.h"

#include <string.h>

#define HEAD "\"timestamp\",\"severity\",\"ip\",\"protocol\",\"port\",\"hostname\",\"tag\",\"asn\"\n"
#define ROW "\"2025-02-11 11:10:25\",\"high\",\"192.0.2.7\",\"tcp\",\"23\",,\"telnet\",\"64496\"\n"
#define ROW6 "2025-02-11 12:00:00,high,2001:db8::7,tcp,23,host.example.net,telnet,64496\n"
#define TABLE HEAD ROW ROW6
#define NAME "2025-02-11-scan_telnet-example_org-asn.csv"
#define TICKET "Shadowserver#20250211-scan_telnet-example_org-asn"
#define SUBJECT "[Shadowserver] Accessible Telnet Report: 2025-02-11 for AS64496"
#define FROM "Shadowserver Reports <autoreports@shadow.example.com>"
#define SENT 1739354227 /* 2025-02-12 09:57:07 UTC, the Date of the mails */

/* ---- names */

static void test_names(void)
{
    static const struct {
        const char *name, *ticket, *title; /* NULL: not named so */
        const char *address;
    } rows[] = {
        { NAME, TICKET, "Offene Telnet-Server", "ip" },
        { "2025-02-11-scan_telnet-example_org-asn.csv.zip", TICKET, "Offene Telnet-Server", "ip" },
        { "2025-02-11-scan_telnet-example_org-asn.ZIP", TICKET, "Offene Telnet-Server", "ip" },
        { "2025-02-11-scan_telnet-other.org-asn.CSV",
          "Shadowserver#20250211-scan_telnet-other.org-asn", "Offene Telnet-Server", "ip" },
        { "2025-02-11-scan_telnet.csv", "Shadowserver#20250211-scan_telnet",
          "Offene Telnet-Server", "ip" },
        { "2024-02-29-event4_sinkhole-germany.csv", "Shadowserver#20240229-event4_sinkhole-germany",
          "Schadprogramm-Infektionen", "src_ip" },
        { "2025-02-11-scan_toaster-x.csv", "Shadowserver#20250211-scan_toaster-x",
          "Shadowserver scan_toaster", "ip" },
        { "2025-02-29-scan_telnet.csv", NULL, NULL, NULL }, /* no such day */
        { "2025-13-01-scan_telnet.csv", NULL, NULL, NULL },
        { "0000-01-01-scan_telnet.csv", NULL, NULL, NULL },
        { "20250211-scan_telnet.csv", NULL, NULL, NULL },
        { "2025-02-11_scan_telnet.csv", NULL, NULL, NULL },
        { "2025-02-11-.csv", NULL, NULL, NULL },
        { "2025-02-11.csv", NULL, NULL, NULL },
        { "2025-02-11--scan_telnet.csv", NULL, NULL, NULL },
        { "2025-02-11-scan telnet.csv", NULL, NULL, NULL },
        { "2025-02-11-scan_telnet-a b.csv", NULL, NULL, NULL },
        { "2025-02-11-scan_telnet-a]\r\nX: y.csv", NULL, NULL, NULL },
        { "2025-02-11-scan_telnet-m\xc3\xbcnchen.csv", NULL, NULL, NULL },
        { "2025-02-11-scan_telnet.csv.exe", NULL, NULL, NULL },
        { "2025-02-11-scan_telnet", NULL, NULL, NULL },
        { "x2025-02-11-scan_telnet.csv", NULL, NULL, NULL },
        { ".csv", NULL, NULL, NULL },
        { "events.csv", NULL, NULL, NULL },
        { NULL, NULL, NULL, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(ShadowserverFile) file = { .subject = NULL };
        gboolean named = shadowserver_name(rows[i].name, &file);
        g_test_message("%s", rows[i].name != NULL ? rows[i].name : "no name");
        g_assert_cmpint(named, ==, rows[i].ticket != NULL);
        if (!named)
            continue;
        g_assert_cmpstr(file.subject->ticket, ==, rows[i].ticket);
        g_assert_cmpstr(file.subject->title, ==, rows[i].title);
        g_assert_cmpstr(file.address_column, ==, rows[i].address);
        g_assert_cmpint(file.subject->source, ==, SOURCE_SHADOWSERVER);
    }
}

/* SHADOWSERVER_NAME_MAX bytes without the ending, and one more. */
static void test_name_limit(void)
{
    for (gsize more = 0; more < 2; more++) {
        g_auto(ShadowserverFile) file = { .subject = NULL };
        gsize prefix = strlen("2025-02-11-scan_telnet-");
        g_autofree char *fill = g_strnfill(SHADOWSERVER_NAME_MAX - prefix + more, 'x');
        g_autofree char *name = g_strconcat("2025-02-11-scan_telnet-", fill, ".csv", NULL);
        g_assert_cmpint(shadowserver_name(name, &file), ==, more == 0);
    }
}

/* Every type leads to the class it says, by the title that everything behind the reader goes
 * by; none stands there twice. */
static void test_types(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    guint n = 0;

    for (const char *type; (type = shadowserver_type(n)) != NULL; n++) {
        g_auto(ShadowserverFile) file = { .subject = NULL };
        g_autofree char *name = g_strdup_printf("2025-02-11-%s.csv", type);
        g_assert_true(shadowserver_name(name, &file));
        g_autofree char *id = classes_id(file.subject->title);
        g_assert_cmpstr(id, ==, shadowserver_class(n));
        g_assert_cmpstr(classes_find(file.subject->title)->account_column, ==, "");
        g_assert_true(g_hash_table_add(seen, (gpointer)type));
    }
    g_assert_cmpuint(n, >=, 30);
    g_assert_null(shadowserver_class(n));
}

static void test_subjects(void)
{
    static const struct {
        const char *subject, *ticket, *title;
    } rows[] = {
        { SUBJECT, "Shadowserver#20250211-accessible-telnet-report",
          "Shadowserver Accessible Telnet Report" },
        { "Shadowserver example.org SNMP Report: 2025-02-30, 2025-03-01",
          "Shadowserver#20250301-shadowserver-example-org-snmp-report",
          "Shadowserver Shadowserver example.org SNMP Report" },
        { "", "Shadowserver#undated-unknown", "Shadowserver " },
        { "2025-02-1", "Shadowserver#undated-2025-02-1", "Shadowserver 2025-02-1" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Subject) subject = shadowserver_subject(rows[i].subject);
        g_assert_cmpstr(subject->ticket, ==, rows[i].ticket);
        g_assert_cmpstr(subject->title, ==, rows[i].title);
    }
}

/* ---- reading */

typedef struct {
    const char *name, *csv; /* csv NULL: none */
    const char *subject, *from, *text;
    const char *more; /* further parts */
    gboolean zip;
} Mail;

static char *part_of(const char *name, const void *data, gsize size)
{
    g_autofree char *encoded = g_base64_encode(data, size);

    return g_strdup_printf("--m\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n"
                           "Content-Transfer-Encoding: base64\r\n"
                           "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n%s\r\n",
                           name, name, encoded);
}

static char *attached(const Mail *mail)
{
    const char *name = mail->name != NULL ? mail->name : NAME;

    if (mail->csv == NULL)
        return g_strdup("");
    if (!mail->zip)
        return part_of(name, mail->csv, strlen(mail->csv));
    g_autoptr(GBytes) zip = zip_make_one("anything.csv", mail->csv);
    gsize size;
    const void *data = g_bytes_get_data(zip, &size);
    return part_of(name, data, size);
}

static GBytes *make(const Mail *mail)
{
    g_autofree char *table = attached(mail);
    char *bytes = g_strdup_printf(
        "From: %s\r\nSubject: %s\r\nMessage-ID: <1@example.com>\r\n"
        "Date: Wed, 12 Feb 2025 09:57:07 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n"
        "--m\r\nContent-Type: text/plain\r\n\r\n%s\r\n%s%s--m--\r\n",
        mail->from != NULL ? mail->from : FROM, mail->subject != NULL ? mail->subject : SUBJECT,
        mail->text != NULL ? mail->text : "See the attached report. 192.0.2.99", table,
        mail->more != NULL ? mail->more : "");

    return g_bytes_new_take(bytes, strlen(bytes));
}

static Report *read_mail(const Mail *mail)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = make(mail);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read_of(SOURCE_SHADOWSERVER, message, &error);
    g_assert_no_error(error);
    return report;
}

static void test_table(void)
{
    static const Mail mails[] = {
        { .csv = TABLE },
        { .csv = "\xef\xbb\xbf" "timestamp,severity,ip,protocol,port,hostname,tag,asn\r\n" ROW ROW6 },
        { .name = "2025-02-11-scan_telnet-example_org-asn.csv.zip", .csv = TABLE, .zip = TRUE },
        { .name = "2025-02-11-scan_telnet-example_org-asn.zip", .csv = TABLE, .zip = TRUE,
          .subject = "whatever it is called" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autoptr(Report) report = read_mail(&mails[i]);
        char text[ADDRESS_TEXT_SIZE];
        g_assert_cmpstr(report->doubt, ==, NULL);
        g_assert_cmpstr(report->subject->ticket, ==, TICKET);
        g_assert_cmpstr(report->class_id, ==, "open-telnet");
        g_assert_cmpuint(report->n_events, ==, 2);
        g_assert_cmpstr(address_format(&report->events[0].address, text), ==, "192.0.2.7");
        g_assert_cmpstr(address_format(&report->events[1].address, text), ==, "2001:db8::7");
        g_assert_cmpint(report->events[0].time, ==, 1739272225);
        g_assert_cmpuint(report->events[0].time_certainty, ==, WHEN_UTC);
        g_assert_cmpuint(report->events[0].certainty, ==, CERTAINTY_TABLE);
        g_assert_cmpuint(report->events[0].part, ==, 2);
    }
}

/* Who is infected, not whom he talked to. */
static void test_sinkhole(void)
{
    const Mail mail = { .name = "2025-02-11-event4_sinkhole-example_org-asn.csv",
                        .csv = "timestamp,protocol,src_ip,src_port,dst_ip\n"
                        "2025-02-11 11:10:25,tcp,192.0.2.7,1234,203.0.113.9\n" };
    g_autoptr(Report) report = read_mail(&mail);

    g_assert_cmpstr(report->doubt, ==, NULL);
    g_assert_cmpstr(report->class_id, ==, "malware");
    g_assert_cmpstr(report_address_text(report, 0), ==, "192.0.2.7");
}

static void test_unknown_type(void)
{
    const Mail mail = { .name = "2025-02-11-scan_smart_toaster-x.csv", .csv = TABLE };
    g_autoptr(Report) report = read_mail(&mail);

    g_assert_cmpstr(report->doubt, ==, NULL);
    g_assert_cmpstr(report->class_id, ==, "shadowserver-scan-smart-toaster");
    g_assert_cmpuint(report->n_events, ==, 2);
}

#define SECOND                                                                                     \
    "--m\r\nContent-Type: text/csv; name=\"2025-02-11-scan_snmp-example_org-asn.csv\"\r\n\r\n"     \
    "ip,timestamp\r\n192.0.2.1,2025-02-11 11:10:25\r\n"

static void test_doubts(void)
{
    static const struct {
        const char *why;
        Mail mail;
        const char *doubt; /* part of it */
    } rows[] = {
        { "nothing attached", { .csv = NULL }, "no table is attached" },
        { "named otherwise", { .name = "events.csv", .csv = TABLE }, "attachment events.csv: not named as in" },
        { "two", { .csv = TABLE, .more = SECOND }, "two attached tables" },
        { "the same twice", { .name = "2025-02-11-scan_snmp-example_org-asn.csv",
          .csv = "ip,timestamp\r\n192.0.2.1,2025-02-11 11:10:25\r\n", .more = SECOND },
          "two attached tables" },
        { "beside a zip", { .csv = TABLE, .more = "--m\r\nContent-Type: application/zip\r\n\r\nPK\r\n" },
          "two attached tables" },
        { "no ip", { .csv = "timestamp,src_ip\n2025-02-11 11:10:25,192.0.2.7\n" },
          "no column is named \"ip\"" },
        { "another name of it", { .csv = "timestamp,ip_address\n2025-02-11 11:10:25,192.0.2.7\n" },
          "no column is named \"ip\"" },
        { "no timestamp", { .csv = "time,ip\n2025-02-11 11:10:25,192.0.2.7\n" },
          "no column is named \"timestamp\"" },
        { "two of ip", { .csv = "timestamp,ip,IP\n2025-02-11 11:10:25,192.0.2.7,192.0.2.8\n" },
          "table: " },
        { "ragged", { .csv = HEAD ROW "192.0.2.8\n" }, "table: " },
        { "semicolons", { .csv = "timestamp;ip\n2025-02-11 11:10:25;192.0.2.7\n" },
          "no column is named \"ip\"" },
        { "no rows", { .csv = HEAD }, "a header without rows" },
        { "empty", { .csv = "" }, "table: " },
        { "the format of 2017", { .csv = "Format: ASN | IP address | Timestamp (UTC)\n"
          "64496 | 192.0.2.7 | 2025-02-11 11:10:25\n" }, "no column is named \"ip\"" },
        { "more behind it", { .csv = TABLE "\n" ROW }, "there is more" },
        { "no address", { .csv = HEAD "\"2025-02-11 11:10:25\",,\"x\",,,,,\n" },
          "1 of 1 rows have no address" },
        { "a CSV that says it is a zip", { .name = "2025-02-11-scan_telnet.zip", .csv = TABLE }, "attachment zip" },
        { "a zip that says it is a CSV", { .csv = TABLE, .zip = TRUE }, "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Report) report = read_mail(&rows[i].mail);
        g_test_message("%s: %s", rows[i].why, report->doubt);
        g_assert_nonnull(report->doubt);
        g_assert_nonnull(strstr(report->doubt, rows[i].doubt));
        g_assert_cmpuint(report->n_events, ==, 0);
        g_assert_true(g_str_has_prefix(report->subject->ticket, "Shadowserver#20250211-"));
    }
}

/* The limits are zip.h's; here is only that they hold. */
static void test_bomb(void)
{
    g_autofree char *table = g_strnfill(ZIP_RATIO_FREE + 1, 'x');
    const Mail mail = { .name = "2025-02-11-scan_telnet.csv.zip", .csv = table, .zip = TRUE };
    g_autoptr(Report) report = read_mail(&mail);

    g_assert_nonnull(report->doubt);
    g_assert_nonnull(strstr(report->doubt, G_STRINGIFY(ZIP_RATIO_MAX) " times its size"));
}

/* Of people's eyes: whosesoever it is. */
static void test_whose(void)
{
    static const struct {
        Mail mail;
        const char *ticket; /* NULL: no report */
    } rows[] = {
        { { .csv = TABLE }, TICKET },
        { { .csv = TABLE, .subject = "[CB-Report#20250212-10000001] Offene Telnet-Server" },
          "CB-Report#20250212-10000001" },
        { { .name = "events.csv", .csv = TABLE }, NULL },
        { { .csv = NULL }, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = make(&rows[i].mail);
        g_autoptr(Message) message = message_parse(bytes, NULL);
        g_autoptr(Report) report = report_read(message, NULL);
        g_assert_cmpstr(report != NULL ? report->subject->ticket : NULL, ==, rows[i].ticket);
    }
}

/* ---- believing */

#define ON                                                                                         \
    "[shadowserver]\nenabled=yes\nsenders=autoreports@shadow.example.com\nrequire=client\n"        \
    "clients=203.0.113.0/24\n"
#define OFF                                                                                        \
    "[shadowserver]\nsenders=autoreports@shadow.example.com\nrequire=client\n"                     \
    "clients=203.0.113.0/24\n"
#define LIVE                                                                                       \
    "[notices]\nmode=live\nfrom=a@example.org\nreply-to=a@example.org\n"                           \
    "envelope-from=a@example.org\ndesk=desk@lab.example.org\n"
#define CERTBUND_TICKET "[CB-Report#20250212-10000001] Offene Telnet-Server in AS64496"

static const char customers_csv[] = "network,customer,email\n"
                                    "192.0.2.0/24,anna,anna@example.net\n"
                                    "2001:db8::/32,berta,berta@example.net\n";

/* 203.0.113.25, which its own clients= has, and fixture_client, which CERT-Bund's has. */
static const Address shadow_client
    = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 25 } };

static Decision *decide_mail(const char *extra, const Mail *mail, const Address *client)
{
    char *directory = fixture_directory();
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, extra, customers_csv);
    g_autoptr(GBytes) bytes = make(mail);
    g_autoptr(GError) error = NULL;
    Decision *decision
        = decide(snapshot, bytes, client, SENT + 3600, VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    fixture_remove(directory);
    return decision;
}

static void test_decisions(void)
{
    static const struct {
        const char *why, *extra;
        Mail mail;
        const Address *client;
        Status status;
        guint notified;
        const char *reason; /* part of it */
    } rows[] = {
        { "proven", ON LIVE, { .csv = TABLE }, &shadow_client, STATUS_HANDLED, 2, "" },
        { "from one of CERT-Bund's clients", ON LIVE, { .csv = TABLE }, &fixture_client,
          STATUS_UNVERIFIED, 0, "none of clients=" },
        { "no connection to look at", ON LIVE, { .csv = TABLE }, NULL, STATUS_UNVERIFIED, 0,
          "no connection" },
        { "a ticket of CERT-Bund's", ON LIVE, { .csv = TABLE, .subject = CERTBUND_TICKET },
          &shadow_client, STATUS_UNVERIFIED, 0, "none of clients=" },
        { "another sender", ON LIVE, { .csv = TABLE, .from = "x@shadow.example.com" },
          &shadow_client, STATUS_UNVERIFIED, 0, "none of clients=" },
        { "another sender, by a client of CERT-Bund's", ON LIVE,
          { .csv = TABLE, .from = "x@shadow.example.com" }, &fixture_client, STATUS_HELD, 0,
          "no CERT-Bund ticket" },
        { "not enabled", OFF LIVE, { .csv = TABLE }, &shadow_client, STATUS_UNVERIFIED, 0,
          "none of clients=" },
        { "not enabled, by a client of CERT-Bund's", OFF LIVE, { .csv = TABLE }, &fixture_client,
          STATUS_HELD, 0, "no CERT-Bund ticket" },
        { "in doubt", ON LIVE, { .name = "events.csv", .csv = TABLE }, &shadow_client, STATUS_HELD, 0,
          "not named" },
        { "a type without a template", ON LIVE, { .name = "2025-02-11-scan_toaster.csv", .csv = TABLE },
          &shadow_client, STATUS_HELD, 0, "no template for class shadowserver-scan-toaster" },
        { "a type without a template, to be told", "unknown-class=notify\n" ON LIVE,
          { .name = "2025-02-11-scan_toaster.csv", .csv = TABLE }, &shadow_client, STATUS_HANDLED, 2, "" },
        { "TLP:AMBER in its text", ON LIVE, { .csv = TABLE, .text = "TLP:AMBER" }, &shadow_client,
          STATUS_HELD, 0, "TLP:AMBER" },
        { "a reply", ON LIVE, { .csv = TABLE, .subject = "x\r\nIn-Reply-To: <2@example.com>" },
          &shadow_client, STATUS_HELD, 0, "a reply" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Decision) decision
            = decide_mail(rows[i].extra, &rows[i].mail, rows[i].client);
        g_test_message("%s: %s", rows[i].why, decision->reason);
        g_assert_cmpstr(status_name(decision->status), ==, status_name(rows[i].status));
        g_assert_cmpuint(decision->assignment != NULL
                             ? decision->assignment->counts[FATE_NOTIFIED] : 0, ==,
                         rows[i].notified);
        g_assert_nonnull(strstr(decision->reason, rows[i].reason));
    }
}

/* Nothing beside the signed part names what was read of it, proven or not. */
static void test_signed_part(void)
{
    static const char text[]
        = "From: " FROM "\r\nSubject: " SUBJECT "\r\nMessage-ID: <1@example.com>\r\n"
          "Date: Wed, 12 Feb 2025 09:57:07 +0000\r\nMIME-Version: 1.0\r\n"
          "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n"
          "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=s\r\n"
          "\r\n--s\r\nContent-Type: text/csv; name=\"" NAME "\"\r\n\r\n"
          "timestamp,ip\r\n2025-02-11 11:10:25,192.0.2.7\r\n\r\n--s\r\n"
          "Content-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n--o\r\n"
          "Content-Type: text/csv; name=\"2025-02-11-scan_snmp-other.csv\"\r\n\r\n"
          "timestamp,ip\r\n2025-02-11 11:10:25,192.0.2.8\r\n\r\n--o--\r\n";
    char *directory = fixture_directory();
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, ON LIVE, customers_csv);
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    g_autoptr(Subject) line = shadowserver_subject(SUBJECT);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) part
        = decide(snapshot, bytes, &fixture_client, SENT + 3600, VOUCHED_PART, &error);
    g_assert_no_error(error);
    g_autoptr(Decision) unread
        = decide(snapshot, bytes, &fixture_client, SENT + 3600, VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);
    g_autoptr(Decision) whole
        = decide(snapshot, bytes, &shadow_client, SENT + 3600, VOUCHED_BY_NOBODY, &error);
    g_assert_no_error(error);

    g_assert_cmpstr(decision_subject(part, line)->ticket, ==, TICKET);
    g_assert_cmpstr(part->class_id, ==, "open-telnet");
    g_assert_cmpuint(part->assignment->counts[FATE_NOTIFIED], ==, 1);
    g_assert_null(part->misnomer);
    g_assert_cmpstr(decision_subject(unread, line)->ticket, ==, line->ticket);
    g_assert_cmpstr(status_name(unread->status), ==, "unverified");
    g_assert_nonnull(strstr(whole->reason, "two attached tables"));
    fixture_remove(directory);
}

static void test_intake(void)
{
    static const struct {
        const char *why, *extra, *subject, *from, *original_from;
        const char *ticket; /* NULL: let go */
        gboolean automatic;
    } rows[] = {
        { "its sender", ON, SUBJECT, FROM, NULL, "Shadowserver#20250211-accessible-telnet-report",
          FALSE },
        { "any subject", ON, "x", FROM, NULL, "Shadowserver#undated-x", FALSE },
        { "through a list", ON, "x", "list@example.net", FROM, "Shadowserver#undated-x", FALSE },
        { "another one there", ON, SUBJECT, "x@shadow.example.com", NULL, NULL, FALSE },
        { "a colleague", ON, SUBJECT, "c@lab.example.org", NULL, NULL, FALSE },
        { "by display name", ON, SUBJECT,
          "\"autoreports@shadow.example.com\" <x@example.net>", NULL, NULL, FALSE },
        { "an answer of a program", ON, SUBJECT, FROM, NULL, NULL, TRUE },
        { "a ticket", ON, CERTBUND_TICKET, FROM, NULL, "CB-Report#20250212-10000001", FALSE },
        { "not enabled", OFF, SUBJECT, FROM, NULL, NULL, FALSE },
        { "not even named", "", SUBJECT, FROM, NULL, NULL, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *directory = fixture_directory();
        g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, rows[i].extra, customers_csv);
        const IntakeHeaders headers = { rows[i].subject, rows[i].from, rows[i].original_from,
                                        .automatic = rows[i].automatic };
        g_autoptr(Subject) subject = intake_report(snapshot->config, &headers);
        g_test_message("%s", rows[i].why);
        g_assert_cmpstr(subject != NULL ? subject->ticket : NULL, ==, rows[i].ticket);
        g_assert_cmpint(intake_has_sender(snapshot->config, "autoreports@shadow.example.com"),
                        ==, strcmp(rows[i].extra, ON) == 0);
        fixture_remove(directory);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/shadowserver/names", test_names);
    g_test_add_func("/shadowserver/name-limit", test_name_limit);
    g_test_add_func("/shadowserver/types", test_types);
    g_test_add_func("/shadowserver/subjects", test_subjects);
    g_test_add_func("/shadowserver/table", test_table);
    g_test_add_func("/shadowserver/sinkhole", test_sinkhole);
    g_test_add_func("/shadowserver/unknown-type", test_unknown_type);
    g_test_add_func("/shadowserver/doubts", test_doubts);
    g_test_add_func("/shadowserver/bomb", test_bomb);
    g_test_add_func("/shadowserver/whose", test_whose);
    g_test_add_func("/shadowserver/decisions", test_decisions);
    g_test_add_func("/shadowserver/signed-part", test_signed_part);
    g_test_add_func("/shadowserver/intake", test_intake);
    return g_test_run();
}
