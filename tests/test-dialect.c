/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The manual family's rules (report.h), one case each: what is read, and what is in doubt. */
#include "dialect.h"
#include "listing.h"
#include "report.h"

#include <string.h>

#define GREETING "Sehr geehrte Damen und Herren,\n\n"
#define CLOSING "\n\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\ndas Team CERT-Bund\n-- \n"

static Report *read_mail(const char *content)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *mail
        = g_strdup_printf("Subject: [CERT-Bund#2021032128001112] Infektionen\n%s", content);
    g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    return report;
}

static Report *read_body(const char *body)
{
    g_autofree char *content = g_strconcat("\n", GREETING, body, CLOSING, NULL);
    return read_mail(content);
}

/* want: the addresses, blank between; or, in brackets, part of the doubt. */
static void check(const Report *report, const char *want)
{
    if (*want == '[') {
        g_autofree char *part = g_strndup(want + 1, strlen(want) - 2);
        g_assert_nonnull(report->doubt);
        if (strstr(report->doubt, part) == NULL)
            g_error("doubt is: %s", report->doubt);
        g_assert_true(report->unread);
        g_assert_null(report->table);
        return;
    }
    g_autoptr(GString) got = g_string_new(NULL);
    g_assert_cmpstr(report->doubt, ==, NULL);
    for (guint i = 0; i < report->n_events; i++)
        g_string_append_printf(got, "%s%s", i > 0 ? " " : "", report_address_text(report, i));
    g_assert_cmpstr(got->str, ==, want);
}

typedef struct {
    const char *body, *want;
} Case;

#define UNCLEAR "[it is not clear what]"

static const Case cases[] = {
    /* columns and keys of the other side */
    { "Victim IP,C2 host\n192.0.2.1,198.51.100.9", "192.0.2.1" },
    { "src_ip,client_ip_addr\n198.51.100.9,192.0.2.1", "192.0.2.1" },
    { "src_ip,dst_ip\n192.0.2.1,198.51.100.9", "192.0.2.1" },
    { "IP,ip address\n192.0.2.1,192.0.2.2", "[several of its names]" },
    { "C2,Land\n198.51.100.9,DE", UNCLEAR },
    { "C2,Land\n\n198.51.100.9,DE", "[does not say that they are affected]" },
    { "IP: 192.0.2.1, 192.0.2.2", "192.0.2.1 192.0.2.2" },
    { "IP: 192.0.2.1\nC2: 198.51.100.9\nZiel-IP: 198.51.100.8", "192.0.2.1" },
    { "Victim IP: 192.0.2.1\n\nSource IP: 198.51.100.9", UNCLEAR },
    { "Ziel-IP: 198.51.100.9", "[names no address]" },
    { "Server: 198.51.100.9", "[names no address]" },
    { "Irgendwas: 198.51.100.9", UNCLEAR },
    { "IP: 192.0.2.1 -> 198.51.100.9", "[not clearly one affected address]" },
    { "IP: 192.0.2.1, 192.0.2.2 und 192.0.2.3", "192.0.2.1 192.0.2.2 192.0.2.3" },
    { "IP: 192.0.2.0/24", "[not clearly one affected address]" },

    /* behind the first address of a row */
    { "2021-03-25,192.0.2.1,PC$,198.51.100.9\n2021-03-26,192.0.2.2,PC$,198.51.100.9",
      "192.0.2.1 192.0.2.2" },
    { "192.0.2.1,x,1\n2,192.0.2.2,y", "[]" },
    { "192.0.2.1;DE\n192.0.2.2;DE;x", "192.0.2.1 192.0.2.2" }, /* lines of a list */
    { "2021-03-25,C2,198.51.100.9\n2021-03-25,Bot,192.0.2.1", "[rows name both sides]" },
    { "192.0.2.1,198.51.100.9", "[it is not clear that its address]" },
    { "> 2021-03-25,192.0.2.1,PC$", UNCLEAR },

    /* defanged, URLs, names, versions, phone numbers */
    { "192.0.2.1\n\nC2: 198.51.100[.]9", "192.0.2.1" },
    { "192.0.2.1\n\n192.0.2[.]1 ist der C2", UNCLEAR },
    { "192.0.2.1\n\nhttp://192.0.2.1/x", "192.0.2.1" },
    { "192.0.2.1\n\nhttp://198.51.100.9/x", UNCLEAR },
    { "192.0.2.1\n\nhost-198-51-100-9.example.net, Version 4.2.3.1, Tel. 228.99.95.82",
      "192.0.2.1" },
    { "192.0.2.1\n\nIn Ihrem Netz 192.0.2.0/24", UNCLEAR },

    /* nobody's addresses */
    { "192.0.2.1\n10.0.0.1\n127.0.0.1", "192.0.2.1" },
    { "10.0.0.1\n169.254.1.1", "[names no address]" },
    { "IP;Port\n10.0.0.1;22", "10.0.0.1" }, /* a column with a name is believed */
    { "198.18.0.1\n203.0.113.1", "198.18.0.1 203.0.113.1" },

    /* citations and copies */
    { "> SUSPICIOUS HOST : 192.0.2.1", "192.0.2.1" },
    { "> 192.0.2.1", UNCLEAR },
    { "192.0.2.1\n\n---- Weitergeleitete Nachricht von X ---\n198.51.100.9", "192.0.2.1" },
    { "Von: a\nAn: b\nBetreff: c\n\nIP: 198.51.100.9", "[names no address]" },

    /* lists */
    { "Betroffen:\n- 192.0.2.1 (x)\n- 192.0.2.2 (y)", "192.0.2.1 192.0.2.2" },
    { "1. 192.0.2.1\n2) 192.0.2.2", "192.0.2.1 192.0.2.2" },
    { "Betroffen sind\n192.0.2.1\n192.0.2.2\nund mehr.", "192.0.2.1 192.0.2.2" },
    { "Es geht um\n192.0.2.1.", UNCLEAR },
    { "192.0.2.1 hat mit\n198.51.100.9 gesprochen.", UNCLEAR },
    { "192.0.2.1 (C2: 198.51.100.9)", "[it is not clear that its address]" },
    { "Die Systeme sprechen mit diesen C2-Servern auf verschiedenen Ports im Netz:\n\n198.51.100.9",
      "[does not say that it is of]" },
    { "C2:\n198.51.100.9", "[names no address]" },
    { "Betroffen:\n192.0.2.1\n\nC2:\n198.51.100.9", "192.0.2.1" },
    { "192.0.2.1\n\nund 198.51.100.9", UNCLEAR },

    /* log lines */
    { "t=1 srcip=192.0.2.1 dstip=198.51.100.9\nt=2 srcip=192.0.2.2 dstip=198.51.100.9",
      "192.0.2.1 192.0.2.2" },
    { "t=1 srcip=192.0.2.1\ndstip=198.51.100.9 t=2\nsrcip=192.0.2.2 dstip=198.51.100.9",
      "192.0.2.1 192.0.2.2" },
    { "t=1 srcip=x dstip=198.51.100.9", "[no address behind srcip=]" },
    { "t=1 srcip=10.0.0.1 dstip=198.51.100.9", UNCLEAR },
    { "t=1 srcip=192.0.2.1 dstip=198.51.100.9\nt=2 dstip=192.0.2.2 srcip=198.51.100.9", UNCLEAR },

    /* sentences */
    { "Bitte informieren Sie den Kunden der IP 192.0.2.1.", "192.0.2.1" },
    { "Der Webserver www.example.org (192.0.2.1) ist kompromittiert.", "192.0.2.1" },
    { "Wir sahen 192.0.2.1.", UNCLEAR },
    { "Ihre IP 192.0.2.1 und Ihre IP 192.0.2.2.", UNCLEAR },
    { "Ihre Server sprechen mit der IP 198.51.100.9, dem C2.", UNCLEAR },

    /* hard wrapping */
    { "FirstSeen, LastSeen, Victim IP, Victim Windows\nDomain,C2 host\n"
      "2022-07-29 08:21,2022-07-29\n20:15,192.0.2.1,WORKGROUP-OF-MANY,198.51.100.9",
      "192.0.2.1" },
    { "a;192.0.2.1;x y\nb;192.0.2.2;z", "192.0.2.1 192.0.2.2" },
    { "www.example.org/en/", "[names no address]" },
    { "", "[names no address]" },
};

static void test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Report) report = read_body(row->body);
    check(report, row->want);
}

/* DIALECT_ROW_LINES: a row on so many lines is read, on one more it is not.  The first line
 * is the widest, so that each of the others may be broken. */
static void test_row_lines(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GString) body = g_string_new("ip;note of at least forty characters, says dialect.c\n192.0.2.1;x y");
        for (guint i = 1; i < DIALECT_ROW_LINES + more; i++)
            g_string_append(body, "\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        g_autoptr(Report) report = read_body(body->str);
        check(report, more == 0 ? "192.0.2.1" : "[is a header, but]");
    }
}

static void test_columns_max(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GString) header = g_string_new("ip"), row = g_string_new("192.0.2.1");
        for (guint i = 1; i < TABLE_COLUMNS_MAX + more; i++) {
            g_string_append_printf(header, ";c%u", i);
            g_string_append(row, ";x");
        }
        g_string_append_printf(header, "\n%s", row->str);
        g_autoptr(Report) report = read_body(header->str);
        check(report, more == 0 ? "192.0.2.1" : UNCLEAR);
    }
}

/* MENTIONS_MAX of listing-prose.c, which is 20. */
static void test_mentions_max(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GString) body = g_string_new(NULL);
        for (guint i = 0; i < 20 + more; i++)
            g_string_append(body, "Ihre IP 192.0.2.1 ist infiziert. ");
        g_autoptr(Report) report = read_body(body->str);
        check(report, more == 0 ? "192.0.2.1" : UNCLEAR);
    }
}

static void test_keys_max(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GString) line = g_string_new("srcip=192.0.2.1");
        for (guint i = 1; i < LISTING_KEYS_MAX + more; i++)
            g_string_append_printf(line, " k%u=x", i);
        g_autoptr(Report) report = read_body(line->str);
        check(report, "192.0.2.1"); /* with more it is a key and its value */
        g_assert_cmpuint(table_n_columns(report->table), ==, more == 0 ? LISTING_KEYS_MAX : 3);
    }
}

/* ---- parts */

#define MIXED "Content-Type: multipart/mixed; boundary=m\n\n"
#define PART(type, body) "--m\nContent-Type: " type "; charset=utf-8\n\n" body "\n"
#define FILE(type, name, body)                                                                     \
    "--m\nContent-Type: " type "\nContent-Disposition: attachment; filename=\"" name "\"\n\n" body "\n"
#define TEXT(body) PART("text/plain", GREETING body CLOSING)
#define HTML(body) PART("text/html", GREETING "<br>" body "<br>Regards<br>x<br>")
#define END "--m--\n"
#define CSV "ip,port\n192.0.2.1,22\n192.0.2.2,22\n"

static const Case mails[] = {
    { MIXED TEXT("192.0.2.1") HTML("192.0.2.1") END, "192.0.2.1" },
    { MIXED TEXT("192.0.2.1") HTML("192.0.2.2") END, "[do not name the same]" },
    { MIXED HTML("192.0.2.1") END, "192.0.2.1" },
    { MIXED HTML("<table><tr><td>IP<td>CC<tr><td>192.0.2.1<td>DE</table>") END, "192.0.2.1" },
    { MIXED TEXT("x") FILE("text/csv", "a.csv", CSV) END, "192.0.2.1 192.0.2.2" },
    { MIXED TEXT("x") FILE("application/octet-stream", "a.CSV", CSV) END, "192.0.2.1 192.0.2.2" },
    { MIXED TEXT("x") FILE("text/plain", "a.txt", "192.0.2.1\n192.0.2.2\n") END,
      "192.0.2.1 192.0.2.2" },
    { MIXED TEXT("x") FILE("text/csv", "a.csv", "ip\n192.0.2.1\n") END, "192.0.2.1" },
    { MIXED TEXT("x") FILE("text/csv", "a.csv", "ip,n\n192.0.2.1,\"a\nb\"\n") END, "192.0.2.1" },
    { MIXED TEXT("x") FILE("text/csv", "a.csv", "c2,port\n198.51.100.9,22\n") END, "[]" },
    { MIXED TEXT("192.0.2.1\n192.0.2.2") FILE("text/csv", "a.csv", CSV) END,
      "192.0.2.1 192.0.2.2" },
    { MIXED TEXT("192.0.2.1") FILE("text/csv", "a.csv", CSV) END, "[name different addresses]" },
    { MIXED TEXT("x") FILE("text/csv", "a.csv", CSV) FILE("text/csv", "b.csv", CSV) END,
      "[two attachments have addresses]" },
    { MIXED TEXT("192.0.2.1") FILE("application/pdf", "a.pdf", "198.51.100.9") END, "192.0.2.1" },
    { MIXED TEXT("192.0.2.1") PART("text/plain", "You are subscribed") END, "192.0.2.1" },
    { MIXED TEXT("192.0.2.1") PART("text/plain", "198.51.100.9") END, UNCLEAR },
    { MIXED TEXT("192.0.2.1"), "[is cut]" },
    { MIXED FILE("application/pdf", "a.pdf", "x") END, "[it has no text]" },
    { "\n" GREETING "192.0.2.1\n", "[it may be cut]" },
    { "\n" GREETING "192.0.2.1\n\nRegards,\n192.0.2.2\n-- \n", UNCLEAR },
    { "\n" GREETING "192.0.2.1\n\nRegards,\n-- \n198.51.100.9\n", "192.0.2.1" },
};

static void test_mail(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Report) report = read_mail(row->body);
    check(report, row->want);
}

/* Where an event stood, its cells, its time; and what the customer is told of the text. */
static void test_event(void)
{
    g_autoptr(Report) report = read_body("die Systeme sind infiziert:\n\n"
                                         "192.0.2.1 (zuletzt: 2021-12-27, 11:26 Uhr),\n"
                                         "192.0.2.2 (zuletzt: 2021-12-27 11:26:00 UTC)");
    check(report, "192.0.2.1 192.0.2.2");
    g_assert_cmpuint(report->events[1].part, ==, 1);
    g_assert_cmpuint(report->events[1].line, ==, 6);
    g_assert_cmpuint(report->events[1].certainty, ==, CERTAINTY_LIST);
    g_assert_cmpuint(report->events[0].time_certainty, ==, WHEN_ZONE);
    g_assert_cmpuint(report->events[1].time_certainty, ==, WHEN_UTC);
    g_assert_cmpint(report->events[1].time, ==, 1640604360);
    g_assert_cmpstr(report_time_text(report, 0), ==, "2021-12-27, 11:26 Uhr");
    g_assert_cmpstr(table_cell(report->table, 0, 2), ==,
                    "192.0.2.1 (zuletzt: 2021-12-27, 11:26 Uhr),");
    g_assert_cmpstr(report->quote_de, ==, "die Systeme sind infiziert:\n");
    g_assert_null(report->quote_en);
}

/* A line that names two is shown to neither. */
static void test_line_of_two(void)
{
    g_autoptr(Report) report = read_body("IP: 192.0.2.1, 192.0.2.2");
    check(report, "192.0.2.1 192.0.2.2");
    g_assert_cmpstr(table_cell(report->table, 0, 2), ==, "");
    g_assert_cmpstr(table_cell(report->table, 1, 2), ==, "");
}

static void test_own_names(void)
{
    g_autoptr(Report) report = read_body("a;2021-03-25 23:17;192.0.2.1;198.51.100.9");
    check(report, "192.0.2.1");
    g_assert_cmpstr(table_column(report->table, 0), ==, "column-1");
    g_assert_cmpstr(table_column(report->table, 1), ==, "timestamp");
    g_assert_cmpstr(table_column(report->table, 2), ==, "ip");
    g_assert_cmpstr(table_column(report->table, 3), ==, "column-4");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/dialect/case/%" G_GSIZE_FORMAT, i);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autofree char *path = g_strdup_printf("/dialect/mail/%" G_GSIZE_FORMAT, i);
        g_test_add_data_func(path, &mails[i], test_mail);
    }
    g_test_add_func("/dialect/row-lines", test_row_lines);
    g_test_add_func("/dialect/columns-max", test_columns_max);
    g_test_add_func("/dialect/keys-max", test_keys_max);
    g_test_add_func("/dialect/mentions-max", test_mentions_max);
    g_test_add_func("/dialect/event", test_event);
    g_test_add_func("/dialect/line-of-two", test_line_of_two);
    g_test_add_func("/dialect/own-names", test_own_names);
    return g_test_run();
}
