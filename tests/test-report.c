/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reports of the automated family: all variants, every reason for doubt (law 6),
 * and random tables through a mail and back. */
#include "errors.h"
#include "mail-maker.h"
#include "report.h"

#include <string.h>

#define PROPERTY_CASES 4000

#define HEAD "\"asn\",\"ip\",\"timestamp\"\n"
#define ROW "\"64496\",\"192.0.2.7\",\"2025-02-11 11:10:25\"\n"
#define SIGN_OFF "\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\n"

static Report *read_bytes(GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    return report;
}

static Report *read_made(const MailOptions *options)
{
    g_autoptr(GBytes) bytes = mail_make(options);
    return read_bytes(bytes);
}

typedef struct {
    const char *name;
    MailOptions options;
    const char *doubt; /* part of the reason; NULL: one event, 192.0.2.7 */
} Case;

static const Case cases[] = {
    /* formats.md sections 1 to 5: what is read */
    { "German, QP", { .table = HEAD ROW }, NULL },
    { "bilingual", { .table = HEAD ROW, .bilingual = TRUE }, NULL },
    { "critical", { .table = HEAD ROW, .critical = TRUE }, NULL },
    { "base64", { .table = HEAD ROW, .encoding = MAIL_BASE64 }, NULL },
    { "base64, CRLF", { .table = HEAD ROW, .encoding = MAIL_BASE64, .crlf = TRUE }, NULL },
    { "8bit, CRLF", { .table = HEAD ROW, .encoding = MAIL_8BIT, .crlf = TRUE }, NULL },
    { "unsigned", { .table = HEAD ROW, .unsigned_ = TRUE }, NULL },
    { "relayed", { .table = HEAD ROW, .relayed = TRUE, .crlf = TRUE }, NULL },
    { "attached", { .table = HEAD ROW, .place = MAIL_ATTACHED }, NULL },
    { "attached as octets", { .table = HEAD ROW, .place = MAIL_ATTACHED_OCTETS,
                              .encoding = MAIL_BASE64 }, NULL },
    { "attached as text", { .table = HEAD ROW, .place = MAIL_ATTACHED_PLAIN,
                                  .crlf = TRUE }, NULL },
    { "attached, relayed", { .table = HEAD ROW, .place = MAIL_ATTACHED, .relayed = TRUE }, NULL },
    { "attached, no last line end", { .table = HEAD "\"1\",\"192.0.2.7\",\"2025-02-11 11:10:25\"",
                                      .place = MAIL_ATTACHED, .encoding = MAIL_BASE64 }, NULL },
    { "attached, empty lines round it", { .table = "\n\n" HEAD ROW "\n\n",
                                          .place = MAIL_ATTACHED }, NULL },
    { "upper case names", { .table = "\"ASN\",\"IP\",\"Timestamp\"\n" ROW }, NULL },
    { "other order, other columns",
      { .table = "\"timestamp\",\"dst_ip\",\"ip\"\n"
                 "\"2025-02-11 11:10:25\",\"198.51.100.1\",\"192.0.2.7\"\n" }, NULL },
    { "unquoted cells", { .table = "asn,ip,timestamp\n1,192.0.2.7,2025-02-11 11:10:25\n" }, NULL },
    { "English sign-off", { .table = HEAD ROW, .below = "\n\nKind regards\n" }, NULL },
    { "one empty line", { .table = HEAD ROW, .below = SIGN_OFF }, NULL },
    { "charset left out", { .table = HEAD ROW, .charset = "" }, NULL },
    { "marker in a cell", { .table = "\"banner\",\"ip\",\"timestamp\"\n"
                            "\"x\n\nBetroffene Systeme in Ihrem Netzbereich:\n\n\"\"ip\"\"\n"
                            "Mit freundlichen\",\"192.0.2.7\",\"2025-02-11 11:10:25\"\n" }, NULL },

    /* law 6: what is in doubt */
    { "unknown charset", { .table = HEAD ROW, .place = MAIL_ATTACHED, .bilingual = TRUE,
                    .charset = "x-none" }, "can't be read as charset" },
    { "nothing behind the marker", { .table = "" }, "no table behind its marker" },
    { "attachment is empty", { .table = "", .place = MAIL_ATTACHED }, "events.csv is empty" },
    { "no ip", { .table = "\"asn\",\"dst_ip\",\"timestamp\"\n" ROW }, "no column is named \"ip\"" },
    { "no timestamp", { .table = "\"asn\",\"ip\",\"time\"\n" ROW },
      "no column is named \"timestamp\"" },
    { "repeated name", { .table = "\"ip\",\"IP\",\"timestamp\"\n" ROW }, "\"IP\" is repeated" },
    { "empty name", { .table = "\"\",\"ip\",\"timestamp\"\n" ROW }, "column 1 has no name" },
    { "ragged", { .table = HEAD ROW "\"1\",\"192.0.2.8\"\n" }, "row 2: fewer cells" },
    { "too wide", { .table = HEAD ROW "\"1\",\"192.0.2.8\",\"\",\"\"\n" }, "row 2: more cells" },
    { "open quote", { .table = HEAD ROW "\"1\",\"192.0.2.8\n" }, "a quote" },
    { "header without rows", { .table = HEAD }, "a header without rows" },
    { "cut behind a row", { .table = HEAD ROW, .below = "" }, "ends without the sign-off" },
    { "cut in a row", { .table = HEAD ROW "\"64496\",\"192.0", .below = "" }, "row 2" },
    { "cut behind the table", { .table = HEAD ROW, .below = "\n\n" }, "ends without the sign-off" },
    { "no empty line before the sign-off", { .table = HEAD ROW, .below = "Kind regards\n" },
      "row 2: fewer cells" },
    { "rows behind an empty line", { .table = HEAD ROW "\n" ROW }, "something else than" },
    { "text behind the table", { .table = HEAD ROW, .below = "\n\nHinweis:\n" SIGN_OFF },
      "something else than" },
    { "attached, rows behind an empty line", { .table = HEAD ROW "\n" ROW,
                                               .place = MAIL_ATTACHED }, "there is more" },
    { "two tables in one part", { .table = HEAD ROW, .below = SIGN_OFF
                                  "\nAffected hosts on your networks:\n\n" HEAD ROW SIGN_OFF },
      "announces two tables" },
    { "old format, a cell too few", { .table = "Format: ASN | IP address | Timestamp (UTC)\n"
                                      "64496 | 192.0.2.7\n" }, "row 1: it has not as many cells" },
    { "old format without rows", { .table = "ASN | IP | Timestamp (UTC)\n" },
      "no \"Format:\" above" },
    { "old format, no address column", { .table = "Format: ASN | Host | Timestamp (UTC)\n"
                                         "64496 | 192.0.2.7 | 2017-03-10 01:02:03\n" },
      "no column, or several" },
    { "not UTF-8", { .table = HEAD "\"\xfc\",\"192.0.2.7\",\"2025-02-11 11:10:25\"\n" },
      "not UTF-8" },
    { "one unreadable of one", { .table = HEAD "\"1\",\"192.0.2\",\"2025-02-11 11:10:25\"\n" },
      "1 of 1 rows have no address" },
    { "mail accounts without mailboxes", { .table = HEAD ROW,
                                           .title = "Kompromittierte E-Mail-Konten" },
      "no column is named \"email\"" },
};

static void test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Report) report = read_made(&row->options);
    g_assert_false(report->unread);
    if (row->doubt != NULL) {
        g_assert_nonnull(report->doubt);
        if (strstr(report->doubt, row->doubt) == NULL)
            g_error("doubt is: %s", report->doubt);
        g_assert_null(strchr(report->doubt, '\n'));
        g_assert_cmpuint(report->n_events, ==, 0);
        g_assert_null(report->events);
        g_assert_null(report->table);
        return;
    }
    g_assert_cmpstr(report->doubt, ==, NULL);
    g_assert_cmpuint(report->n_events, ==, 1);
    g_assert_cmpstr(report_address_text(report, 0), ==, "192.0.2.7");
    g_assert_cmpint(report->events[0].time, ==, 1739272225); /* 2025-02-11 11:10:25 UTC */
    g_assert_cmpint(report->events[0].time_certainty, ==, WHEN_UTC);
    g_assert_false(report->events[0].unreadable);
    g_assert_cmpstr(report->class_id, ==, "open-telnet");
    g_assert_cmpint(report->subject->critical, ==, row->options.critical);
    g_assert_null(report_account(report, 0));
}

static Report *read_text(const char *content)
{
    g_autofree char *mail = g_strdup_printf(
        "Subject: [CB-Report#20250212-10000001] Offene Telnet-Server in AS64496\n%s", content);
    g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
    return read_bytes(bytes);
}

#define MARKED "Affected hosts on your networks:\n\n" HEAD ROW SIGN_OFF
#define MIXED "Content-Type: multipart/mixed; boundary=m\n\n--m\n"

/* Mails as CERT-Bund doesn't send them. */
static void test_strange(void)
{
    static const struct {
        const char *content, *doubt;
    } rows[] = {
        { "\nno table here\n", "no table" },
        { "\n> " MARKED, "no table" },
        { "Content-Type: text/html\n\n" MARKED, "no table" },
        { "Content-Type: message/rfc822\n\nSubject: x\n\n" MARKED, "no table" },
        { "\n  Affected hosts on your network: \n" HEAD ROW SIGN_OFF, NULL },
        { "\nAffected systems on your network:\n\nBetroffene Systeme in Ihrem Netzbereich:\n\n"
          HEAD ROW SIGN_OFF, NULL },
        /* the same table in two parts is one table, two that differ are not */
        { MIXED "\n" MARKED "--m\n\n" MARKED "--m--\n", NULL },
        { MIXED "\n" MARKED "--m\n\nAffected hosts on your networks:\n\n" HEAD ROW ROW SIGN_OFF
          "--m--\n", "two tables that differ" },
        { MIXED "\n" MARKED "--m\nContent-Type: text/csv; name=events.csv\n\n" HEAD ROW "--m--\n",
          "in the text and one attached" },
        { MIXED "\n--m\nContent-Type: text/csv\n\n" HEAD ROW "--m--\n", NULL },
        { MIXED "\n--m\nContent-Type: text/csv; name=other.csv\n\n" HEAD ROW "--m--\n",
          "no table" },
        { MIXED "\n--m\nContent-Type: text/csv; name=EVENTS.CSV\n\n" HEAD ROW "--m\n"
          "Content-Type: text/csv; name=events.csv\n\n" HEAD ROW "--m--\n", NULL },
        { MIXED "\n--m\nContent-Type: text/csv; name=events.csv\n\n" HEAD ROW "--m\n"
          "Content-Type: text/csv; name=events.csv\n\n" HEAD ROW ROW "--m--\n",
          "two tables that differ" },
        { MIXED "\n--m\nContent-Type: text/csv; name=events.csv\n\n" HEAD ROW,
          "events.csv is cut" },
        /* somebody's attached text isn't looked at */
        { MIXED "\n" MARKED "--m\nContent-Type: text/plain; charset=x-none\n"
          "Content-Disposition: attachment\n\nx\n--m--\n", NULL },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Report) report = read_text(rows[i].content);
        g_test_message("case %" G_GSIZE_FORMAT ": %s", i, report->doubt ? report->doubt : "fine");
        if (rows[i].doubt != NULL)
            g_assert_true(report->doubt != NULL && strstr(report->doubt, rows[i].doubt) != NULL);
        else
            g_assert_cmpstr(report->doubt, ==, NULL);
    }
}

static void test_nul(void)
{
    static const char mail[] = "Subject: [CB-Report#20250212-10000001] X\n\n" MARKED "\0\n";
    g_autoptr(GBytes) bytes = g_bytes_new(mail, sizeof(mail) - 1);
    g_autoptr(Report) report = read_bytes(bytes);
    g_assert_nonnull(strstr(report->doubt, "NUL"));
}

static GPtrArray *rows_with_unreadable(guint n, guint unreadable)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(rows, mail_row("1", i < unreadable ? "192.0.2.256" : "192.0.2.1",
                                       "2025-02-11 11:10:25", NULL));
    return rows;
}

/* REPORT_UNREADABLE_PERCENT: at it, and one row above. */
static void test_unreadable(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GPtrArray) rows = rows_with_unreadable(100, REPORT_UNREADABLE_PERCENT + more);
        g_autoptr(Report) report = read_made(&(MailOptions){ .rows = rows });
        if (more) {
            g_assert_nonnull(strstr(report->doubt, "6 of 100 rows have no address"));
            continue;
        }
        static const Address zero;
        g_assert_cmpstr(report->doubt, ==, NULL);
        g_assert_cmpuint(report->n_unreadable, ==, 5);
        g_assert_true(report->events[4].unreadable);
        g_assert_cmpmem(&report->events[4].address, 16, &zero, 16);
        g_assert_false(report->events[5].unreadable);
    }
}

static void test_addresses_and_times(void)
{
    g_autoptr(GPtrArray) rows = rows_with_unreadable(40, 0);
    g_ptr_array_add(rows, mail_row("1", "2001:DB8::0001", "2025-02-11 25:10:25", NULL));
    g_ptr_array_add(rows, mail_row("1", "::ffff:192.0.2.1", "", NULL));
    g_ptr_array_add(rows, mail_row("192.0.2.9", " 192.0.2.1", "2025-02-11T11:10:25Z", NULL));
    g_autoptr(Report) report = read_made(&(MailOptions){ .rows = rows });
    g_assert_cmpstr(report->doubt, ==, NULL);
    char text[ADDRESS_TEXT_SIZE];
    g_assert_cmpstr(address_format(&report->events[40].address, text), ==, "2001:db8::1");
    g_assert_cmpint(report->events[40].time_certainty, ==, WHEN_NONE);
    g_assert_cmpint(report->events[40].time, ==, 0);
    g_assert_cmpstr(report_time_text(report, 40), ==, "2025-02-11 25:10:25");
    g_assert_true(address_equal(&report->events[41].address, &report->events[0].address));
    g_assert_true(report->events[42].unreadable);
    g_assert_cmpstr(report_address_text(report, 42), ==, " 192.0.2.1");
}

/* The ip is the mail exchanger's, the mailbox is what is affected. */
static void test_accounts(void)
{
    static const char *const columns[] = { "asn", "ip", "timestamp", "mx", "Email", NULL };
    static const char *const mailboxes[] = { "a@example.org", "b.c@sub.example.org", "nobody", "@",
                                             "a@b@example.org", "a b@example.org" };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < 100; i++)
        g_ptr_array_add(rows, mail_row("1", i == 1 ? "" : "192.0.2.1", "2025-02-11 11:10:25", "mx",
                                       i < 6 ? mailboxes[i] : "x@example.com", NULL));
    g_autoptr(Report) held = read_made(&(MailOptions){ .rows = rows, .columns = columns,
                                       .title = "Kompromittierte E-Mail-Konten (Emotet)" });
    g_assert_cmpstr(held->doubt, ==, NULL);
    g_assert_cmpuint(held->n_unreadable, ==, 4);
    g_assert_cmpstr(held->class_id, ==, "compromised-mail-accounts");
    for (guint i = 0; i < 6; i++)
        g_assert_cmpint(held->events[i].unreadable, ==, i >= 2);
    g_assert_cmpstr(report_account(held, 1), ==, "b.c@sub.example.org");
    g_assert_cmpstr(report_address_text(held, 1), ==, "");
}

#define WIDE(first, last) "\"" first "\",\"ip\",\"timestamp\",\"" last "\"\n"
#define WIDE_ROW(first, last)                                                                      \
    "\"" first "\",\"192.0.2.7\",\"2025-02-11 11:10:25\",\"" last "\"\n"

static void test_digest(void)
{
    static const char *const tables[] = {
        HEAD ROW,
        HEAD ROW ROW,
        WIDE("asn", "x") WIDE_ROW("64496", ""),
        WIDE("asn", "x") WIDE_ROW("6449", "6"),
        WIDE("asn", "y") WIDE_ROW("64496", ""),
        WIDE("a", "x") WIDE_ROW("b,c", "d"),
        WIDE("a", "x") WIDE_ROW("b", "c,d"),
    };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        char *first = NULL;
        for (guint variant = 0; variant < 24; variant++) {
            g_autoptr(Report) report = read_made(&(MailOptions){
                .table = tables[i], .encoding = variant % 3, .crlf = variant / 3 % 2,
                .place = variant / 6 % 4, .bilingual = variant % 2 });
            char *digest = report_digest(report);
            g_assert_cmpuint(strlen(digest), ==, 64);
            if (first != NULL) {
                g_assert_cmpstr(digest, ==, first);
                g_free(digest);
            } else {
                first = digest;
            }
        }
        g_assert_true(g_hash_table_add(seen, first));
    }
}

static void test_quotes(void)
{
    g_autoptr(Report) both = read_made(&(MailOptions){ .table = HEAD ROW, .bilingual = TRUE });
    g_assert_cmpstr(both->quote_de, ==,
                    "dies ist eine erfundene Meldung f\xc3\xbcr Tests. Sie erkl\xc3\xa4rt, "
                    "was ein Dienst ist,\nund nennt betroffene Systeme.\n");
    g_assert_cmpstr(both->quote_en, ==, "this is an invented report for tests.\n");
    g_autoptr(Report) german = read_made(&(MailOptions){ .table = HEAD ROW,
                                                         .place = MAIL_ATTACHED });
    g_assert_cmpstr(german->quote_de, ==, both->quote_de);
    g_assert_null(german->quote_en);
    /* a letter of another kind: never beyond the table, no sign-off */
    g_autoptr(Report) bare = read_text("\nDear Sir or Madam,\n\nx\n\n" MARKED);
    g_assert_cmpstr(bare->quote_en, ==, "x\n");
    for (guint more = 0; more < 2; more++) { /* REPORT_QUOTE_MAX, in whole lines */
        g_autofree char *line = g_strnfill(REPORT_QUOTE_MAX / 2 - 1, 'x');
        g_autofree char *text = g_strdup_printf("\nDear Sir or Madam,\n\n%s\n%s%s\n\n" MARKED,
                                                line, line, more ? "y" : "");
        g_autoptr(Report) report = read_text(text);
        g_assert_cmpuint(strlen(report->quote_en), ==, REPORT_QUOTE_MAX / (1 + more));
    }
    g_autoptr(Report) none = read_text("\n" MARKED "Dear Sir or Madam,\n\nx\n");
    g_assert_null(none->quote_en);
}

static void test_manual(void)
{
    static const char mail[] = "Subject: [CERT-Bund#2021032128001112] Botnet infections\n\n" MARKED;
    g_autoptr(GBytes) bytes = g_bytes_new(mail, sizeof(mail) - 1);
    g_autoptr(Report) report = read_bytes(bytes);
    g_assert_cmpuint(report->n_events, >, 0);
    g_assert_cmpint(report->events[0].certainty, ==, CERTAINTY_TABLE);
    g_assert_cmpstr(report->subject->ticket, ==, "CERT-Bund#2021032128001112");
    g_autofree char *digest = report_digest(report);
    g_assert_nonnull(digest);
}

static void test_no_ticket(void)
{
    static const char *const mails[] = { "Subject: hello\n\nx\n", "From: a@example.org\n\nx\n" };
    for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = g_bytes_new(mails[i], strlen(mails[i]));
        g_autoptr(Message) message = message_parse(bytes, NULL);
        g_autoptr(Report) report = report_read(message, &error);
        g_assert_null(report);
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    }
}

/* Random tables, with what would confuse a reader, through a mail and back. */
static char *random_cell(GRand *rand)
{
    static const char *const pieces[] = {
        "\"", "\"\"", ",", "\n", "\n\n", " ", "\t", ";", "|", "=", "=3D", "=\n", "\\", "'", "a",
        "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "192.0.2.1", "2001:db8::1", "--", "\n--",
        "\n--=-signed--\n", "Mit freundlichen Gr", "\nKind regards\n", "From ", "\nFrom x\n", ".",
        "\n.\n", "Betroffene Systeme in Ihrem Netzbereich:",
        "\nAffected hosts on your networks:\n\n\"ip\",\"timestamp\"\n", "=?utf-8?q?x?=", "\x7f",
        "\x01", "\xe2\x80\xae", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    };
    GString *cell = g_string_new(NULL);
    for (gint n = g_rand_int_range(rand, 0, 6); n > 0; n--)
        g_string_append(cell, pieces[g_rand_int_range(rand, 0, G_N_ELEMENTS(pieces))]);
    return g_string_free(cell, FALSE);
}

static char **random_names(GRand *rand, guint *address_r, guint *time_r)
{
    guint n = (guint)g_rand_int_range(rand, 2, 9);
    char **names = g_new0(char *, n + 1);
    *address_r = (guint)g_rand_int_range(rand, 0, (gint32)n);
    *time_r = (*address_r + (guint)g_rand_int_range(rand, 1, (gint32)n)) % n;
    for (guint i = 0; i < n; i++) {
        g_autofree char *noise = random_cell(rand);
        names[i] = i == *address_r ? g_strdup("ip")
                   : i == *time_r  ? g_strdup("timestamp")
                                   : g_strdup_printf("c%u%s", i, noise);
    }
    return names;
}

static GPtrArray *random_rows(GRand *rand, guint n_columns, guint address, guint time)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (gint n = g_rand_int_range(rand, 1, 12); n > 0; n--) {
        char **cells = g_new0(char *, n_columns + 1);
        for (guint i = 0; i < n_columns; i++)
            cells[i] = i == address ? g_strdup_printf("192.0.2.%d", g_rand_int_range(rand, 0, 256))
                       : i == time  ? g_strdup("2025-02-11 11:10:25")
                                    : random_cell(rand);
        g_ptr_array_add(rows, cells);
    }
    return rows;
}

static void check_same(const Report *report, char **names, GPtrArray *rows)
{
    g_assert_cmpstr(report->doubt, ==, NULL);
    g_assert_cmpuint(report->n_events, ==, rows->len);
    g_assert_cmpuint(table_n_columns(report->table), ==, g_strv_length(names));
    for (guint i = 0; names[i] != NULL; i++) {
        g_assert_cmpstr(table_column(report->table, i), ==, names[i]);
        for (guint row = 0; row < rows->len; row++)
            g_assert_cmpstr(table_cell(report->table, row, i), ==,
                            ((char **)g_ptr_array_index(rows, row))[i]);
    }
}

static void test_there_and_back(void)
{
    guint32 seed = (guint32)g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    g_test_message("seed %u, %d cases", seed, PROPERTY_CASES);
    for (guint n = 0; n < PROPERTY_CASES; n++) {
        guint address, time;
        g_auto(GStrv) names = random_names(rand, &address, &time);
        g_autoptr(GPtrArray) rows = random_rows(rand, g_strv_length(names), address, time);
        MailOptions options = {
            .columns = (const char *const *)names,
            .rows = rows,
            .encoding = g_rand_boolean(rand) ? MAIL_QP : MAIL_BASE64,
            .place = (MailPlace)g_rand_int_range(rand, 0, 4),
            .crlf = g_rand_boolean(rand),
            .bilingual = g_rand_boolean(rand),
            .unsigned_ = g_rand_boolean(rand),
            .relayed = g_rand_boolean(rand),
        };
        g_autoptr(Report) report = read_made(&options);
        if (report->doubt != NULL)
            g_error("case %u: %s", n, report->doubt);
        check_same(report, names, rows);
    }
}

/* A report cut at any byte has all its rows or none. */
static void test_cut_anywhere(void)
{
    for (MailPlace place = MAIL_INLINE; place <= MAIL_ATTACHED; place++) {
        g_autoptr(GBytes) whole = mail_make(&(MailOptions){ .table = HEAD ROW ROW ROW,
                                                            .place = place, .crlf = TRUE });
        guint rows = 0;
        for (gsize n = g_bytes_get_size(whole); n > 300; n--) {
            g_autoptr(GBytes) cut = g_bytes_new_from_bytes(whole, 0, n);
            g_autoptr(Report) report = read_bytes(cut);
            g_assert_true(report->doubt != NULL || report->n_events == 3);
            rows = MAX(rows, report->n_events);
        }
        g_assert_cmpuint(rows, ==, 3);
    }
}

/* Any byte changed to any other: read or refused, never out of bounds. */
static void test_damaged(void)
{
    guint32 seed = (guint32)g_test_rand_int();
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    g_test_message("seed %u", seed);
    for (guint n = 0; n < PROPERTY_CASES; n++) {
        MailOptions options = { .table = HEAD ROW ROW, .place = n % 4, .encoding = n % 3,
                                .relayed = n % 2, .bilingual = n % 5 == 0 };
        g_autoptr(GBytes) bytes = mail_make(&options);
        gsize size;
        guint8 *copy = g_memdup2(g_bytes_get_data(bytes, &size), g_bytes_get_size(bytes));
        for (gint k = g_rand_int_range(rand, 1, 20); k > 0; k--)
            copy[g_rand_int_range(rand, 0, (gint32)size)] = (guint8)g_rand_int(rand);
        g_autoptr(GBytes) damaged = g_bytes_new_take(copy, size);
        g_autoptr(Message) message = message_parse(damaged, NULL);
        g_autoptr(Report) report = message != NULL ? report_read(message, NULL) : NULL;
        if (report != NULL)
            g_assert_true(report->doubt != NULL || report->unread || report->n_events > 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/report/case/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/report/strange", test_strange);
    g_test_add_func("/report/nul", test_nul);
    g_test_add_func("/report/unreadable", test_unreadable);
    g_test_add_func("/report/addresses-and-times", test_addresses_and_times);
    g_test_add_func("/report/accounts", test_accounts);
    g_test_add_func("/report/digest", test_digest);
    g_test_add_func("/report/quotes", test_quotes);
    g_test_add_func("/report/manual", test_manual);
    g_test_add_func("/report/no-ticket", test_no_ticket);
    g_test_add_func("/report/there-and-back", test_there_and_back);
    g_test_add_func("/report/cut-anywhere", test_cut_anywhere);
    g_test_add_func("/report/damaged", test_damaged);
    return g_test_run();
}
