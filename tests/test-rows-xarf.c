/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* narrow, rows-xarf and, reading back, guard-xarf. */
#include "attachment.h"
#include "guard.h"
#include "guard-xarf.h"
#include "letter-maker.h"
#include "narrow.h"
#include "notice.h"
#include "rows-xarf.h"

#include <string.h>

#define SUBJECT "[CB-Report#20250212-10004759] T in AS64496"
#define DATE    1739354227 /* 2025-02-12 09:57:07 UTC */
#define COLUMNS 8

static const guint all_columns[COLUMNS] = { 0, 1, 2, 3, 4, 5, 6, 7 };

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
    g_autofree char *most = g_strnfill(NARROW_WORD_MAX, 'a');
    g_autofree char *more = g_strnfill(NARROW_WORD_MAX + 1, 'a');
    const struct {
        const char *cell;
        gboolean want;
    } cases[] = { { "avalanche-generic", TRUE }, { "x_1-2-3", TRUE },  { "192-0-2-7", FALSE },
                  { "a.b", FALSE },              { "a b", FALSE },     { "", FALSE },
                  { "2001:db8::1", FALSE },      { "\xc3\xa4", FALSE }, { most, TRUE },
                  { more, FALSE } };

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
        { "manual-ssh-bruteforce", "ip,timestamp\n192.0.2.7,2025-02-11 11:10:25\n",
          "xarf.manual-ssh-bruteforce.json", FALSE },
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
          "\"compromise_method\" : \"webshell\"," },
        { "malware", "ip,timestamp,malware\n192.0.2.7,,conficker\n",
          "\"malware_family\" : \"conficker\"," },
        { "open-memcached", "ip,timestamp,proto\n2001:DB8:0::7,,udp\n",
          "\"source_identifier\" : \"2001:db8::7\"," },
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

static char *many_rows(guint n)
{
    GString *csv = g_string_new("ip,timestamp,port\n");

    for (guint i = 0; i < n; i++)
        g_string_append_printf(csv, "198.18.%u.%u,2025-02-11 11:10:25,23\n", i / 256, i % 256);
    return g_string_free(csv, FALSE);
}

static void test_limits(void)
{
    static const struct {
        guint n, n_files;
        gboolean bundle;
    } cases[] = { { XARF_FILES_MAX, XARF_FILES_MAX, FALSE },
                  { XARF_FILES_MAX, 1, TRUE },
                  { XARF_FILES_MAX + 1, 1, FALSE },
                  { XARF_ROWS_MAX, 1, FALSE },
                  { XARF_ROWS_MAX + 1, 0, TRUE } };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *csv = many_rows(cases[i].n);
        g_autoptr(Report) report = letter_report(SUBJECT, csv, FALSE);
        g_autoptr(GPtrArray) files = write_all(report, "open-telnet", cases[i].bundle);
        g_test_message("%u rows", cases[i].n);
        g_assert_cmpuint(files != NULL ? files->len : 0, ==, cases[i].n_files);
        if (cases[i].n_files > 1)
            g_assert_cmpstr(file_at(files, 1)->name, ==, "xarf-A-7F3K2Q-2.json");
        if (cases[i].n == XARF_ROWS_MAX) /* in base64, and with room for a letter, in 10 MB */
            g_assert_cmpuint(file_at(files, 0)->content->len, <, 7000 * 1000);
    }
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
    if (guard_xarf_words(files, &shown, words, error))
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

/* As many opening, and closing, brackets. */
static char *nested(guint depth)
{
    g_autofree char *open = g_strnfill(depth, '['), *close = g_strnfill(depth, ']');
    return g_strdup_printf("\"tags\" : %s\"x\"%s, \"old\"", open, close);
}

/* A file of two rows in which `what` stands for another; why: of the refusal, NULL: it passes,
 * and `with`, without its first character, is among the words. */
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
        g_assert_nonnull(strstr(words->str, with + 1));
        g_string_free(words, TRUE);
    }
    g_free(parts[0]);
    g_free(parts[1]);
}

static void test_changed(void)
{
    static const char no_rows[] = "an attached JSON file is no XARF of the customer's 2 rows";
    static const char payloads[] = "an attached JSON file has payloads that are no row's";
    static const char no_json[] = "an attached file is no JSON, or has numbered characters";
    g_autofree char *most = nested(GUARD_XARF_DEPTH_MAX - 1);
    g_autofree char *more = nested(GUARD_XARF_DEPTH_MAX);
    const struct {
        const char *what, *with, *why;
    } cases[] = {
        { "Muster-Hoster", "198.51.100.7", NULL },
        { "Muster-Hoster", "\\u0031", no_json },
        { "\"tags\"", "\"tagged 198.51.100.7\"", NULL },
        { "\"tags\"", "/* 198.51.100.7 */ \"tags\"", NULL },
        { "\"sender\" : {", "\"sender\" : \"198.51.100.7\", \"sender\" : {", NULL },
        { "\"tags\"", most, NULL },
        { "\"tags\"", more, "an attached JSON file is deeper than "
                            G_STRINGIFY(GUARD_XARF_DEPTH_MAX) " values" },
        { "\"payload\" :", "\"payload\" : \"MTkyLjAuMi45\", \"payload\" :", payloads },
        { "\"payload\" :", "\"payload\"\n: \"MTkyLjAuMi45\", \"payload\" :", payloads },
        { "\"payload\" :", "\"payload\"/**/: \"MTkyLjAuMi45\", \"payload\" :", payloads },
        { "\"tags\"", "\"x\" : \"payload\" , \"tags\"", NULL },
        { "\"evidence\" : [", "\"evidence\" : [ {}, ", no_rows },
        { "\"evidence\" : [", "\"proof\" : [", no_rows },
        { "\"payload\" : \"", "\"payload\" : \"*", no_rows },
        { "\"payload\" : \"", "\"payload\" : 1, \"x\" : \"", no_rows },
        { "[", "[ 1, ", no_rows },
        { "[", "", no_json },
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
    static const char *const pieces[] = { "a", "\"\"", ",", "\\", "\n", "\t", "/*", "\\u0041", "ä",
                                          "\xE2\x80\xAE", "payload", "198.51.100.7", " ", "{", "]" };

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
        g_string_free(words, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/narrow/port", test_port);
    g_test_add_func("/narrow/cve", test_cve);
    g_test_add_func("/narrow/word", test_word);
    g_test_add_func("/rows-xarf/golden", test_golden);
    g_test_add_func("/rows-xarf/members", test_members);
    g_test_add_func("/rows-xarf/hidden", test_hidden);
    g_test_add_func("/rows-xarf/limits", test_limits);
    g_test_add_func("/guard-xarf/changed", test_changed);
    g_test_add_func("/guard-xarf/rows", test_rows);
    g_test_add_func("/guard-xarf/notice", test_notice);
    g_test_add_func("/guard-xarf/random-cells", test_random_cells);
    return g_test_run();
}
