/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* uuid, narrow, rows-xarf and, reading back, guard-xarf. */
#include "attachment.h"
#include "guard.h"
#include "guard-xarf.h"
#include "letter-maker.h"
#include "narrow.h"
#include "notice.h"
#include "rows-xarf.h"
#include "uuid.h"

#include <string.h>

#define SUBJECT "[CB-Report#20250212-10004759] T in AS64496"
#define DATE    1739354227 /* 2025-02-12 09:57:07 UTC */
#define COLUMNS 8

static const guint all_columns[COLUMNS] = { 0, 1, 2, 3, 4, 5, 6, 7 };

/* The example of RFC 9562, appendix A.4, in the name space of DNS. */
static void test_uuid(void)
{
    static const guint8 dns[UUID_BYTES] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                            0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };
    g_autofree char *id = uuid_of_name(dns, "www.example.com");

    g_assert_cmpstr(id, ==, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void test_port(void)
{
    static const struct {
        const char *cell;
        guint want;
    } cases[] = { { "1", 1 },   { "65535", 65535 }, { "0", 0 },  { "65536", 0 }, { "", 0 },
                  { "80 ", 0 }, { "0x50", 0 },      { "-1", 0 }, { "+80", 0 },   { "80/tcp", 0 } };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].cell);
        g_assert_cmpuint(narrow_port(cases[i].cell), ==, cases[i].want);
    }
}

static void test_cve(void)
{
    static const struct {
        const char *cell, *want;
    } cases[] = {
        { "CVE-2024-21410", "CVE-2024-21410" },
        { "see CVE-24-1 and CVE-2021-34473; CVE-2021-34523", "CVE-2021-34473" },
        { "CVE-2021-1234567890123456789", "CVE-2021-1234567890123456789" },
        { "CVE-2021-12345678901234567890", NULL },
        { "CVE-2021-1234", "CVE-2021-1234" },
        { "CVE-2021-123", NULL },
        { "CVE-20211-1234", NULL },
        { "CVE-CVE-2021-1234", "CVE-2021-1234" },
        { "cve-2021-1234", NULL },
        { "CVE-", NULL },
        { "CVE-2021", NULL },
        { "", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *cve = narrow_cve(cases[i].cell);
        g_test_message("%s", cases[i].cell);
        g_assert_cmpstr(cve, ==, cases[i].want);
    }
}

static void test_word(void)
{
    g_autofree char *most = g_strnfill(NARROW_WORD_MAX, 'x');
    g_autofree char *more = g_strnfill(NARROW_WORD_MAX + 1, 'x');
    const struct {
        const char *cell;
        gboolean want;
    } cases[] = {
        { "avalanche-generic", TRUE }, { "conficker", TRUE }, { "x_1-2", TRUE },
        { "x_1-2-3", FALSE },          { "192-0-2-7", FALSE }, { "192_0_2_7", FALSE },
        { "192-0_2-8", FALSE },        { "2a01--1", FALSE },   { "x--1", FALSE },
        { "--1", FALSE },              { "x-", FALSE },        { "_x", FALSE },
        { "3221225991", FALSE },       { "dead-beef", FALSE }, { "a.x", FALSE },
        { "a x", FALSE },              { "", FALSE },          { "2001:db8::1", FALSE },
        { "\xc3\xa4x", FALSE },        { most, TRUE },         { more, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].cell);
        g_assert_true(narrow_is_word(cases[i].cell) == cases[i].want);
    }
}

/* ---- writing */

static char sender_name[] = "Muster-Hoster", sender_address[] = "abuse@example.org";
static const RenderSender sender = { sender_name, sender_address };

/* Of the first n rows. */
static GPtrArray *write_rows(const Report *report, const char *class_id, guint n,
                             const guint *columns, guint n_columns, gboolean bundle)
{
    g_autofree guint32 *events = g_new(guint32, n);
    for (guint i = 0; i < n; i++)
        events[i] = i;
    const RenderInput input = { .report = report, .sender = &sender, .events = events,
                                .n_events = n, .class_id = class_id, .reference = "A-7F3K2Q",
                                .date = DATE };
    GPtrArray *files = attachments_new();

    if (rows_xarf(files, &input, columns, n_columns, bundle))
        return files;
    g_assert_cmpuint(files->len, ==, 0);
    g_ptr_array_unref(files);
    return NULL;
}

static GPtrArray *write_all(const Report *report, const char *class_id, gboolean bundle)
{
    return write_rows(report, class_id, report->n_events, all_columns,
                      table_n_columns(report->table), bundle);
}

static const Attachment *file_at(const GPtrArray *files, guint i)
{
    g_assert_cmpuint(i, <, files->len);
    return files->pdata[i];
}

/* A report of each category as it is, the time of the second row uncertain. */
static void test_golden(void)
{
    static const struct {
        const char *class_id, *csv, *golden;
        gboolean bundle;
    } cases[] = {
        { "open-telnet", "asn,ip,timestamp,port,banner\n"
                         "64496,192.0.2.7,2025-02-11 11:10:25,23,\"login: \"\"x\"\"\"\n",
          "xarf.open-telnet.json", FALSE },
        { "malware", "asn,ip,timestamp,malware,src_port,dst_ip\n"
                     "64496,192.0.2.7,2025-02-11 11:10:25,avalanche-generic,50123,198.51.100.9\n"
                     "64496,2001:DB8::7,yesterday,http://x,none,\n",
          "xarf.malware.json", TRUE },
        { "ssl-poodle", "ip,timestamp,hostname\n192.0.2.7,2025-02-11 11:10:25,a.example.org\n",
          "xarf.ssl-poodle.json", FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = letter_report(SUBJECT, cases[i].csv, FALSE);
        g_autoptr(GPtrArray) files = write_all(report, cases[i].class_id, cases[i].bundle);
        g_autoptr(GPtrArray) again = write_all(report, cases[i].class_id, cases[i].bundle);
        g_assert_cmpuint(files->len, ==, 1);
        g_assert_cmpstr(file_at(files, 0)->type, ==, "application/json");
        g_assert_cmpstr(file_at(files, 0)->name, ==,
                        cases[i].bundle ? "xarf-A-7F3K2Q.json" : "xarf-A-7F3K2Q-1.json");
        letter_golden_file(cases[i].golden, file_at(files, 0)->content->str);
        g_assert_cmpstr(file_at(files, 0)->content->str, ==, file_at(again, 0)->content->str);
    }
}

/* What of a row stands in its report; NULL: XARF can't say it. */
static void test_members(void)
{
    static const struct {
        const char *class_id, *csv, *want;
    } cases[] = {
        { "open-telnet", "ip,timestamp,port\n192.0.2.7,,2323\n", "\"service_port\" : 2323," },
        { "open-telnet", "ip,timestamp,port\n192.0.2.7,,x\n", "\"service_port\" : 23," },
        { "open-telnet", "ip,timestamp\n192.0.2.7,\n", "\"service\" : \"telnet\"," },
        { "vulnerable-exchange", "ip,timestamp,cve\n192.0.2.7,,CVE-2024-21410\n",
          "\"cve_id\" : \"CVE-2024-21410\"," },
        { "vulnerable-exchange",
          "ip,timestamp,cve\n192.0.2.7,,CVE-2024-21410\n192.0.2.8,,unknown\n", NULL },
        { "vulnerable-exchange", "ip,timestamp\n192.0.2.7,\n", NULL },
        { "vulnerable-rdp-bluekeep", "ip,timestamp\n192.0.2.7,\n",
          "\"cve_id\" : \"CVE-2019-0708\"," },
        { "compromised-exchange", "ip,timestamp\n192.0.2.7,\n",
          "\"compromise_method\" : \"unknown\"," },
        { "malware", "ip,timestamp,malware\n192.0.2.7,,conficker\n",
          "\"malware_family\" : \"conficker\"," },
        { "open-memcached", "ip,timestamp,proto\n2001:DB8:0::7,,udp\n",
          "\"source_identifier\" : \"2001:db8::7\"," },
        { "open-memcached", "ip,timestamp,proto\n192.0.2.7,,udp\n", "\"service_port\" : 11211," },
        { "vulnerable-fortinet", "ip,timestamp,cve\n192.0.2.7,,CVE-2024-55591\n", NULL },
        { "vulnerable-fortinet", "ip,timestamp,port,cve\n192.0.2.7,,8443,CVE-2024-55591\n",
          "\"service_port\" : 8443," },
        { "plaintext-pop3", "ip,timestamp\n192.0.2.7,\n", "\"type\" : \"misconfiguration\"," },
        { "digest", "ip,timestamp\n192.0.2.7,\n", NULL },
        { "compromised-mail-accounts", "ip,timestamp\n192.0.2.7,\n", NULL },
        { "some-class", "ip,timestamp\n192.0.2.7,\n", NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = letter_report(SUBJECT, cases[i].csv, FALSE);
        g_autoptr(GPtrArray) files = write_all(report, cases[i].class_id, TRUE);
        g_test_message("%s: %s", cases[i].class_id, cases[i].csv);
        g_assert_true((files != NULL) == (cases[i].want != NULL));
        if (files != NULL)
            g_assert_nonnull(strstr(file_at(files, 0)->content->str, cases[i].want));
    }
}

/* Of a column that the notice doesn't show nothing stands there; of the affected address's,
 * there is no report. */
static void test_hidden(void)
{
    static const guint but_port[] = { 0, 1 }, but_ip[] = { 1, 2 };
    g_autoptr(Report) report
        = letter_report(SUBJECT, "ip,timestamp,src_port\n192.0.2.7,,50123\n", FALSE);
    g_autoptr(GPtrArray) files = write_rows(report, "malware", 1, but_port, 2, FALSE);

    g_assert_null(strstr(file_at(files, 0)->content->str, "source_port"));
    g_assert_null(write_rows(report, "malware", 1, but_ip, 2, FALSE));
}

/* Each with two cells of so many bytes, the first row with some more. */
static Report *many_rows(guint n, guint size, guint more)
{
    g_autofree char *cell = g_strnfill(size, 'x'), *added = g_strnfill(more, 'y');
    g_autoptr(GString) csv = g_string_new("ip,timestamp,port,banner,remark\n");

    for (guint i = 0; i < n; i++)
        g_string_append_printf(csv, "198.18.%u.%u,2025-02-11 11:10:25,23,%s,%s%s\n", i / 256,
                               i % 256, cell, cell, i == 0 ? added : "");
    return letter_report(SUBJECT, csv->str, FALSE);
}

static void test_files(void)
{
    static const struct {
        guint n, n_files;
        gboolean bundle;
    } cases[] = { { XARF_FILES_MAX, XARF_FILES_MAX, FALSE },
                  { XARF_FILES_MAX, 1, TRUE },
                  { XARF_FILES_MAX + 1, 1, FALSE } };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = many_rows(cases[i].n, 1, 0);
        g_autoptr(GPtrArray) files = write_all(report, "open-telnet", cases[i].bundle);
        g_test_message("%u rows", cases[i].n);
        g_assert_cmpuint(files->len, ==, cases[i].n_files);
        if (cases[i].n_files > 1)
            g_assert_cmpstr(file_at(files, 1)->name, ==, "xarf-A-7F3K2Q-2.json");
    }
}

static gsize size_of(const GPtrArray *files)
{
    gsize size = 0;

    for (guint i = 0; i < files->len; i++)
        size += file_at(files, i)->content->len;
    return size;
}

/* Just as large as may be; three bytes more in a cell are four in base64. */
static void test_bytes(void)
{
    const guint nearly = XARF_BYTES_MAX / XARF_FILES_MAX * 3 / 8 - 450; /* in base64, two cells */

    for (guint bundle = 0; bundle < 2; bundle++) {
        g_autoptr(Report) less = many_rows(XARF_FILES_MAX, nearly, 0);
        g_autoptr(GPtrArray) fits = write_all(less, "open-telnet", bundle == 1);
        guint room = (guint)(XARF_BYTES_MAX - size_of(fits)) / 4 * 3;
        g_test_message("%u bytes of room beside %u", room, nearly);
        g_autoptr(Report) most = many_rows(XARF_FILES_MAX, nearly, room);
        g_autoptr(GPtrArray) files = write_all(most, "open-telnet", bundle == 1);
        g_test_message("%u bytes of room, %" G_GSIZE_FORMAT " taken", room, size_of(files));
        g_assert_cmpuint(size_of(files), >, XARF_BYTES_MAX - 4);
        g_autoptr(Report) more = many_rows(XARF_FILES_MAX, nearly, room + 3);
        g_assert_null(write_all(more, "open-telnet", bundle == 1));
    }
}

/* Names of columns stand in each report. */
static void test_wide(void)
{
    g_autofree char *name = g_strnfill(XARF_BYTES_MAX / 1000, 'x');
    g_autoptr(GString) csv = g_string_new(NULL);

    g_string_append_printf(csv, "ip,timestamp,%s\n", name);
    for (guint i = 0; i < 1000; i++)
        g_string_append(csv, "192.0.2.7,2025-02-11 11:10:25,\n");
    g_autoptr(Report) report = letter_report(SUBJECT, csv->str, FALSE);
    g_assert_null(write_all(report, "open-telnet", TRUE));
}

/* ---- reading back */

/* Reads files (char *, freed) as those of a notice of the rows `events`. */
static GString *read_back(GPtrArray *texts, const Report *report, const guint32 *events, guint n,
                          GError **error)
{
    const Shown shown = { report->table, events, n, all_columns, table_n_columns(report->table) };
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    GString *words = g_string_new(NULL);

    for (guint i = 0; i < texts->len; i++)
        g_ptr_array_add(files, g_bytes_new(texts->pdata[i], strlen(texts->pdata[i])));
    if (guard_xarf_words(files, report, &shown, words, error))
        return words;
    g_string_free(words, TRUE);
    return NULL;
}

static GPtrArray *texts_of(const GPtrArray *files)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < files->len; i++)
        g_ptr_array_add(texts, g_strdup(file_at(files, i)->content->str));
    return texts;
}

/* A file of two rows in which `with` stands for the first `what`; why: of the refusal, NULL: it
 * passes. */
static void check_changed(const char *what, const char *with, const char *why)
{
    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
    g_autoptr(GPtrArray) files = write_rows(report, "open-telnet", 2, all_columns, 4, TRUE);
    g_autoptr(GPtrArray) texts = texts_of(files);
    g_autofree char **parts = g_strsplit(texts->pdata[0], what, 2);
    g_autoptr(GError) error = NULL;
    static const guint32 own[] = { 0, 1 };

    g_test_message("%s for %s", with, what);
    g_assert_nonnull(parts[1]);
    g_free(texts->pdata[0]);
    texts->pdata[0] = g_strconcat(parts[0], with, parts[1], NULL);
    GString *words = read_back(texts, report, own, 2, &error);
    g_assert_cmpstr(error != NULL ? error->message : NULL, ==, why);
    g_assert_true((words != NULL) == (why == NULL));
    if (words != NULL) {
        if (strstr(with, "198.51.100.7") != NULL)
            g_assert_nonnull(strstr(words->str, "198.51.100.7"));
        g_assert_null(strstr(words->str, "ImFzbiIs")); /* "asn", as evidence has it */
        g_string_free(words, TRUE);
    }
    g_free(parts[0]);
    g_free(parts[1]);
}

static void test_changed(void)
{
    static const char none[]
        = "report 1 of the attached JSON is no XARF of row 1 of the customer's 2";
    static const char more[] = "an attached file is no JSON, or more than that";
    static const struct {
        const char *what, *with, *why;
    } cases[] = {
        { "Muster-Hoster", "198.51.100.7", NULL },
        { "Muster-Hoster", "a \\\\u b", NULL },
        { "class:open_telnet", "198.51.100.7", NULL },
        { "\"service\" : \"telnet\"", "\"service\" : \"payload\"", NULL },
        { "\"The row", "\"198.51.100.7", NULL },
        /* not about the row */
        { "\"192.0.2.7\"", "\"192.0.2.8\"", none },
        { "\"192.0.2.7\"", "\"203.0.113.77\"", none },
        { "\"192.0.2.7\"", "\"customer\"", none },
        { "\"source_identifier\"", "\"malware_family\"", none },
        /* members that ours don't have, or of another kind */
        { "\"service\"", "\"sample\"", none },
        { "\"org\"", "\"sample\"", none },
        { "\"content_type\"", "\"sample\"", none },
        { "\"sender\"", "\"malware_family\"", none },
        { "\"description\" : \"Openly", "\"tags\" : \"Openly", more },
        { "\"service_port\" : 23", "\"service_port\" : 23.5", none },
        { "\"service_port\" : 23", "\"service_port\" : null", none },
        /* evidence */
        { "\"evidence\"", "\"proof\"", none },
        { "\"payload\"", "\"proof\"", none },
        { "\"payload\" : \"", "\"payload\" : \"*", none },
        { "\"payload\" : \"", "\"payload\" : \"====", none },
        /* what a reader loses */
        { "\"tags\"", "/* 198.51.100.7 */ \"tags\"", more },
        { "\"sender\" : {", "\"sender\" : \"198.51.100.7\", \"sender\" : {", more },
        { "\"payload\" :", "\"payload\" : \"MTkyLjAuMi45\", \"payload\" :", more },
        { "Muster-Hoster", "\\u0031", more },
        { "Muster-Hoster", "\\067", more },
        { "\"org\"", "'org'", more },
        { "[", "[ 1, ", more },
        { "[", "", more },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_changed(cases[i].what, cases[i].with, cases[i].why);
}

/* The reports must be those of the rows, all of them, in their order. */
static void test_rows(void)
{
    static const guint32 own[] = { 0, 1 }, first[] = { 0 }, other[] = { 1, 0 },
                         more[] = { 0, 1, 2 };
    static const struct {
        const char *why;
        const guint32 *events;
        guint n;
        gboolean want;
    } cases[] = { { "own", own, 2, TRUE },
                  { "one too many", first, 1, FALSE },
                  { "another order", other, 2, FALSE },
                  { "one left out", more, 3, FALSE } };
    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);

    for (guint i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) files
            = write_rows(report, "open-telnet", 2, all_columns, 4, i % 2 == 0);
        g_autoptr(GPtrArray) texts = texts_of(files);
        g_autoptr(GError) error = NULL;
        GString *words = read_back(texts, report, cases[i / 2].events, cases[i / 2].n, &error);
        g_test_message("%s: %s", cases[i / 2].why, error != NULL ? error->message : "passes");
        g_assert_true((words != NULL) == cases[i / 2].want);
        if (words != NULL)
            g_string_free(words, TRUE);
    }
}

/* A whole notice: rows 0 and 2 are the customer's, row 1 is of 192.0.2.8. */
static void test_notice(void)
{
    static const guint32 own[] = { 0, 2 }, other[] = { 0, 1 };
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    static const struct {
        const char *why, *name, *file;
        const guint32 *events; /* of the XARF */
        const char *type;      /* of a further file behind it, or NULL */
        gboolean want;
    } cases[] = {
        { "own", "Muster", NULL, own, NULL, TRUE },
        { "others' row", "Muster", NULL, other, NULL, FALSE },
        { "foreign address as the sender", "192.0.2.8", NULL, own, NULL, FALSE },
        { "own address as the sender", "192.0.2.7", NULL, own, NULL, TRUE },
        { "foreign address in the file's name", "Muster", "192.0.2.8.json", own, NULL, FALSE },
        { "the rows' file behind it", "Muster", NULL, own, "text/csv", FALSE },
        { "a file of another type", "Muster", NULL, own, "application/xml", FALSE },
    };
    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
    g_autoptr(Guard) guard = guard_new(report);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup(cases[i].name);
        const RenderSender from = { name, sender_address };
        const RenderInput input = { .report = report, .sender = &from, .events = cases[i].events,
                                    .n_events = 2, .class_id = "open-telnet",
                                    .reference = "A-7F3K2Q", .date = DATE };
        const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "Hinweis",
                                  .message_id = "<a@example.org>", .date = DATE,
                                  .files = attachments_new() };
        GString *text = g_string_new(NULL);
        table_append_csv(report->table, text, -1, all_columns, 4);
        for (guint row = 0; row < 2; row++)
            table_append_csv(report->table, text, own[row], all_columns, 4);
        g_assert_true(rows_xarf(head.files, &input, all_columns, 4, TRUE));
        Attachment *xarf = head.files->pdata[0];
        if (cases[i].file != NULL) {
            g_free(xarf->name);
            xarf->name = g_strdup(cases[i].file);
        }
        if (cases[i].type != NULL) {
            GString *csv = g_string_new(text->str);
            g_string_replace(csv, "\n", "\r\n", 0);
            g_ptr_array_add(head.files, attachment_new(cases[i].type, g_strdup("x.csv"), csv));
        }
        g_autoptr(GBytes) notice = notice_write(&head, text, NULL);
        g_autoptr(GError) error = NULL;
        gboolean passes = guard_check(guard, notice, own, 2, all_columns, 4, &error);
        g_test_message("%s: %s", cases[i].why, passes ? "passes" : error->message);
        g_assert_true(passes == cases[i].want);
    }
}

static void append_random_cell(GString *csv)
{
    static const char *const pieces[] = {
        "a",    "2a01--1", "192_0_2_7",    "-",       "\"\"",         ",", "\\", "\n", "\t",
        "/*",   "\\u0041", "ä",            "\xE2\x80\xAE", "payload", "198.51.100.7", " ", "{", "]",
    };

    g_string_append_c(csv, '"');
    for (gint i = g_test_rand_int_range(0, 12); i > 0; i--)
        g_string_append(csv, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
    g_string_append_c(csv, '"');
}

/* Whatever stands in the cells, it is in the evidence, and none of it anywhere else. */
static void test_random_cells(void)
{
    static const guint32 events[] = { 0, 1, 2 };

    for (guint i = 0; i < 500; i++) {
        g_autoptr(GString) csv = g_string_new("ip,timestamp,banner,port,malware,cve\n");
        for (guint row = 0; row < 3; row++) {
            g_string_append(csv, "192.0.2.7,2025-02-11 11:10:25,");
            for (guint c = 0; c < 4; c++) {
                append_random_cell(csv);
                g_string_append_c(csv, c < 3 ? ',' : '\n');
            }
        }
        g_autoptr(Report) report = letter_report(SUBJECT, csv->str, FALSE);
        g_autoptr(GPtrArray) files = write_all(report, "malware", i % 2 == 0);
        g_autoptr(GPtrArray) texts = texts_of(files);
        g_autoptr(GError) error = NULL;
        GString *words = read_back(texts, report, events, 3, &error);
        g_assert_no_error(error);
        g_assert_null(strstr(words->str, "198.51.100.7"));
        g_assert_null(strstr(words->str, "2a01--1"));
        g_assert_null(strstr(words->str, "192_0_2_7"));
        g_string_free(words, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/uuid/name", test_uuid);
    g_test_add_func("/narrow/port", test_port);
    g_test_add_func("/narrow/cve", test_cve);
    g_test_add_func("/narrow/word", test_word);
    g_test_add_func("/rows-xarf/golden", test_golden);
    g_test_add_func("/rows-xarf/members", test_members);
    g_test_add_func("/rows-xarf/hidden", test_hidden);
    g_test_add_func("/rows-xarf/files", test_files);
    g_test_add_func("/rows-xarf/bytes", test_bytes);
    g_test_add_func("/rows-xarf/wide", test_wide);
    g_test_add_func("/guard-xarf/changed", test_changed);
    g_test_add_func("/guard-xarf/rows", test_rows);
    g_test_add_func("/guard-xarf/notice", test_notice);
    g_test_add_func("/guard-xarf/random-cells", test_random_cells);
    return g_test_run();
}
