/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reports whose table comes in a zip: the same rows as its twin events.csv, and doubt
 * about every other zip. */
#include "errors.h"
#include "report.h"
#include "zip-maker.h"
#include "zip.h"

#include <string.h>

#define HEAD "\"asn\",\"ip\",\"timestamp\"\n"
#define ROW "\"64496\",\"192.0.2.7\",\"2025-02-11 11:10:25\"\n"
#define OTHER "\"64496\",\"192.0.2.8\",\"2025-02-11 11:10:25\"\n"
#define MARKED                                                                                     \
    "Affected hosts on your networks:\n\n" HEAD ROW "\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\n"
#define NAMED "application/zip; name=\"events.zip\""

static Report *read_mail(const char *subject, const char *body)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *mail = g_strconcat(
        "Subject: ", subject, "\nContent-Type: multipart/mixed; boundary=m\n\n", body, NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    return report;
}

static Report *read_body(const char *body)
{
    return read_mail("[CB-Report#20250212-10000001] Offene Telnet-Server in AS64496", body);
}

/* A part of this type, base64. */
static char *part_of(const char *type, GBytes *content)
{
    gsize size;
    const guchar *data = g_bytes_get_data(content, &size);
    g_autofree char *encoded = g_base64_encode(data, size);

    return g_strdup_printf("--m\nContent-Type: %s\nContent-Transfer-Encoding: base64\n"
                           "Content-Disposition: attachment\n\n%s\n", type, encoded);
}

static char *zip_part(const char *type, const char *name, const char *table)
{
    g_autoptr(GBytes) zip = zip_make_one(name, table);

    return part_of(type, zip);
}

/* A text part without a table, this part, and what stands behind it. */
static Report *read_with(const char *text, const char *part, const char *behind)
{
    g_autofree char *body = g_strconcat("--m\n\n", text, "\n", part, behind, NULL);

    return read_body(body);
}

static Report *read_zipped(const char *type, const char *name, const char *table)
{
    g_autofree char *part = zip_part(type, name, table);

    return read_with("", part, "--m--\n");
}

static void test_twins(void)
{
    static const char *const tables[] = {
        HEAD ROW,
        HEAD ROW OTHER ROW,
        "\n\n" HEAD ROW "\n\n",
        "\xef\xbb\xbf" HEAD ROW,
        "asn,ip,timestamp\r\n1,192.0.2.7,2025-02-11 11:10:25\r\n",
        "\"ip\",\"timestamp\",\"banner\"\n\"192.0.2.7\",\"\",\"a\n\n\"\"b\"\", \xc3\xbc\"\n",
        "\"ip\",\"timestamp\",\"banner\"\n\"192.0.2.7\",\"\",\"\xfc\x80\"\n", /* windows-1252 */
        "\"ip\",\"timestamp\"\n\"192.0.2.256\",\"\"\n",
        "",
        HEAD,
        HEAD ROW "\n" ROW,
        "\"ip\"\n\"192.0.2.7\"\n",
    };

    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(GBytes) csv = g_bytes_new_static(tables[i], strlen(tables[i]));
        g_autofree char *part = part_of("text/csv; name=\"events.csv\"", csv);
        g_autoptr(Report) plain = read_with("", part, "--m--\n");
        g_autoptr(Report) zipped = read_zipped(NAMED, "events.csv", tables[i]);
        g_autofree char *want = report_digest(plain), *got = report_digest(zipped);

        g_test_message("case %u: %s", i, zipped->doubt != NULL ? zipped->doubt : "fine");
        g_assert_cmpstr(zipped->doubt, ==, plain->doubt);
        g_assert_cmpint(zipped->doubt != NULL, ==, i >= 7);
        g_assert_cmpstr(got, ==, want);
        g_assert_cmpuint(zipped->n_events, ==, plain->n_events);
        for (guint event = 0; event < plain->n_events; event++)
            g_assert_cmpmem(&zipped->events[event], sizeof(Event), &plain->events[event],
                            sizeof(Event));
    }
}

/* What is taken for a zip. */
static void test_types(void)
{
    static const struct {
        const char *type;
        gboolean zip;
    } rows[] = {
        { "application/zip; name=\"events.zip\"", TRUE },
        { "application/zip; name=\"anything\"", TRUE },
        { "application/zip", TRUE },
        { "application/x-zip-compressed; name=\"events.zip\"", TRUE },
        { "application/octet-stream; name=\"events.zip\"", TRUE },
        { "application/octet-stream; name=\"Report.ZIP\"", TRUE },
        { "application/octet-stream; name=\"events.zip.exe\"", FALSE },
        { "application/octet-stream; name=\"zip\"", FALSE },
        { "application/octet-stream", FALSE },
        { "application/pdf; name=\"events.zip\"", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Report) report = read_zipped(rows[i].type, "events.csv", HEAD ROW);

        g_test_message("%s: %s", rows[i].type, report->doubt != NULL ? report->doubt : "fine");
        g_assert_cmpuint(report->n_events, ==, rows[i].zip ? 1 : 0);
        if (!rows[i].zip)
            g_assert_true(g_str_has_prefix(report->doubt, "no table"));
    }
}

/* Law 6: one table, or none. */
static void test_doubt(void)
{
    g_autofree char *zip = zip_part(NAMED, "events.csv", HEAD ROW);
    g_autofree char *same = zip_part("application/zip", "same.csv", HEAD ROW);
    g_autofree char *other = zip_part(NAMED, "events.csv", HEAD OTHER);
    g_autofree char *program = zip_part(NAMED, "events.exe", "MZ");
    g_autofree char *ragged = zip_part(NAMED, "events.csv", HEAD "1\n");
    g_autofree char *cut = g_strndup(zip, strlen(zip) - 10);
    const char *csv = "--m\nContent-Type: text/csv; name=events.csv\n\n" HEAD ROW "\n";
    const char *csv_other = "--m\nContent-Type: text/csv; name=events.csv\n\n" HEAD OTHER "\n";
    const struct {
        const char *why, *text, *part, *behind, *doubt;
    } rows[] = {
        { "alone", "", zip, "--m--\n", NULL },
        { "two that are equal", "", zip, same, NULL },
        { "two that differ", "", zip, other, "two tables that differ" },
        { "beside an equal events.csv", "", zip, csv, NULL },
        { "beside another events.csv", "", zip, csv_other, "two tables that differ" },
        { "beside a table in the text", MARKED, zip, "--m--\n", "in the text and one attached" },
        { "a program beside a table in the text", MARKED, program, "--m--\n",
          "attachment zip: a file in the zip is no .csv" },
        { "a program alone", "", program, "--m--\n",
          "attachment zip: a file in the zip is no .csv" },
        { "cut", "", cut, "\n--m--\n", "attachment zip: the zip is cut or damaged" },
        { "no boundary behind it", "", zip, "", "attachment zip is cut" },
        { "no table in it", "", ragged, "--m--\n", "row 1: fewer cells" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *behind = g_strconcat(rows[i].behind,
                                              *rows[i].behind == '\0' ? "" : "--m--\n", NULL);
        g_autoptr(Report) report = read_with(rows[i].text, rows[i].part, behind);

        g_test_message("%s: %s", rows[i].why, report->doubt != NULL ? report->doubt : "fine");
        if (rows[i].doubt == NULL)
            g_assert_cmpstr(report->doubt, ==, NULL);
        else
            g_assert_true(report->doubt != NULL
                          && strstr(report->doubt, rows[i].doubt) != NULL);
        g_assert_cmpuint(report->n_events, ==, rows[i].doubt == NULL ? 1 : 0);
    }
}

/* A NUL in the CSV, as in a text. */
static void test_nul(void)
{
    const ZipEntry entry = { .name = "events.csv", .content = HEAD "\0", .length = sizeof(HEAD) };
    g_autoptr(GBytes) zip = zip_make(&entry, 1);
    g_autofree char *part = part_of(NAMED, zip);
    g_autoptr(Report) report = read_with("", part, "--m--\n");

    g_assert_cmpstr(report->doubt, ==, "attachment zip: a NUL byte stands in the text");
}

/* The reason names the limit that is passed; test-zip.c has them all. */
static void test_bomb(void)
{
    g_autofree char *table = g_strnfill(ZIP_RATIO_FREE + 1, 'x');
    g_autoptr(Report) report = read_zipped(NAMED, "events.csv", table);

    g_assert_cmpstr(report->doubt, ==,
                    "attachment zip: the zip holds more than "
                    G_STRINGIFY(ZIP_RATIO_MAX) " times its size");
    g_assert_cmpuint(report->n_events, ==, 0);
}

/* A forwarded mail under a zip's name is no bytes to unpack. */
static void test_forwarded(void)
{
    g_autoptr(Report) report
        = read_body("--m\nContent-Type: message/rfc822; name=\"events.zip\"\n\n"
                    "Subject: x\n\n" MARKED "\n--m--\n");

    g_assert_true(g_str_has_prefix(report->doubt, "no table"));
}

/* A ticket written by hand: the zip is an attachment as any other. */
static void test_manual(void)
{
#define WORDS "Sehr geehrte Damen und Herren,\n\nsiehe Anhang.\n"
#define BYE "\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\n"
    static const struct {
        const char *why, *words, *name, *file;
        guint n; /* events; 0: unread */
        Certainty certainty;
    } rows[] = {
        { "a table", WORDS BYE, "events.csv", HEAD ROW OTHER, 2, CERTAINTY_TABLE },
        { "tabs", WORDS BYE, "a.TSV", "ip\ttimestamp\n192.0.2.7\t2025-02-11 11:10:25\n", 1,
          CERTAINTY_TABLE },
        { "a list", WORDS BYE, "ips.txt", "192.0.2.7\n192.0.2.8\n", 2, CERTAINTY_LIST },
        { "the same in words", WORDS "\n192.0.2.7\n" BYE, "ips.txt", "192.0.2.7\n", 1,
          CERTAINTY_LIST },
        { "others in words", WORDS "\n192.0.2.7\n" BYE, "ips.txt", "192.0.2.8\n", 0, 0 },
        { "no text", WORDS BYE, "ips.exe", "192.0.2.7\n", 0, 0 },
        { "no text, beside words", WORDS "\n192.0.2.7\n" BYE, "ips.exe", "192.0.2.7\n", 0, 0 },
        { "nothing in it", WORDS BYE, "ips.txt", "nobody\n", 0, 0 },
        { "nothing in it, beside words", WORDS "\n192.0.2.7\n" BYE, "ips.txt", "nobody\n", 1,
          CERTAINTY_LIST },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *part = zip_part(NAMED, rows[i].name, rows[i].file);
        g_autofree char *body = g_strconcat("--m\n\n", rows[i].words, "\n", part, "--m--\n", NULL);
        g_autoptr(Report) report = read_mail("[CERT-Bund#2021032128001112] x", body);
        g_test_message("%s: %s", rows[i].why, report->doubt != NULL ? report->doubt : "fine");
        g_assert_cmpint(report->unread, ==, rows[i].n == 0);
        g_assert_cmpuint(report->n_events, ==, rows[i].n);
        if (rows[i].n > 0)
            g_assert_cmpuint(report->events[0].certainty, ==, rows[i].certainty);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/report-zip/twins", test_twins);
    g_test_add_func("/report-zip/types", test_types);
    g_test_add_func("/report-zip/doubt", test_doubt);
    g_test_add_func("/report-zip/nul", test_nul);
    g_test_add_func("/report-zip/bomb", test_bomb);
    g_test_add_func("/report-zip/forwarded", test_forwarded);
    g_test_add_func("/report-zip/manual", test_manual);
    return g_test_run();
}
