/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What an address in a line can be, what a column is about, and which words speak of
 * the other side: tables, with the mails' own spellings. */
#include "affected.h"
#include "scan.h"
#include "words.h"

#include <string.h>

static const struct {
    const char *text;
    const char *want; /* kind and address of each hit, blank between */
} lines[] = {
    { "192.0.2.1", "plain:192.0.2.1" },
    { "IP 192.0.2.1.", "plain:192.0.2.1" },
    { "(192.0.2.1), 192.0.2.2:443", "plain:192.0.2.1 plain:192.0.2.2" },
    { "srcip=192.0.2.1 dstip=10.15.52.78", "plain:192.0.2.1 out:10.15.52.78" },
    { "2001:db8::1, [2001:db8::2]:80", "plain:2001:db8::1 plain:2001:db8::2" },
    { "::ffff:192.0.2.1", "plain:192.0.2.1" },
    { "IP:192.0.2.1", "plain:192.0.2.1" },
    { "IP:2001:db8::1", "plain:2001:db8::1" },

    { "127.0.0.1 169.254.3.4 172.31.0.1 192.168.1.1", "out:127.0.0.1 out:169.254.3.4 "
                                                      "out:172.31.0.1 out:192.168.1.1" },
    { "224.0.0.1 255.255.255.255 0.0.0.0", "out:224.0.0.1 out:255.255.255.255 out:0.0.0.0" },
    { "fe80::1 ::1 fd00::1 ff02::1", "out:fe80::1 out:::1 out:fd00::1 out:ff02::1" },
    { "172.32.0.1 198.18.0.1 203.0.113.1", "plain:172.32.0.1 plain:198.18.0.1 "
                                           "plain:203.0.113.1" },

    { "203.0.113[.]70:443", "defanged:203.0.113.70" },
    { "203[.]0[.]113[.]122", "defanged:203.0.113.122" },
    { "203.0.113(.)1 203.0.113{.}2 203[dot]0[dot]113[dot]3",
      "defanged:203.0.113.1 defanged:203.0.113.2 defanged:203.0.113.3" },
    { "203.0.113.1[:]443", "defanged:203.0.113.1" },
    { "hxxp://203.0.113.1/x https[:]//203.0.113.2/y", "defanged:203.0.113.1 "
                                                      "defanged:203.0.113.2" },
    { "http://203.0.113.1/x", "url:203.0.113.1" },
    { "https://example.org/?ip=203.0.113.1", "url:203.0.113.1" },
    { "root@203.0.113.1", "url:203.0.113.1" },
    { "203.0.113.1/index.html", "url:203.0.113.1" },

    { "192.0.2.0/24", "network:192.0.2.0" },
    { "192.0.2.1-192.0.2.9", "network:192.0.2.1" },
    { "192.0.2.1 - 192.0.2.9", "network:192.0.2.1 plain:192.0.2.9" },
    { "2001:db8::/32", "network:2001:db8::" },

    { "Version 4.2.3.1", "version:4.2.3.1" },
    { "Versionen 4.0.0.1 bis 4.2.3.1 und 5.0.0.2",
      "version:4.0.0.1 version:4.2.3.1 version:5.0.0.2" },
    { "Chrome/90.0.44.212", "version:90.0.44.212" },
    { "(Version\n4.2.3.1)", "version:4.2.3.1" },
    { "Version:\n\n192.0.2.1", "plain:192.0.2.1" },
    { "Conversion 192.0.2.1", "plain:192.0.2.1" },

    { "host-192.0.2.1.example.net", "" },
    { "192.0.2.1.example.net", "" },
    { "192.0.2.1[.]example[.]net", "" },
    { "1.2.3.4.5 1.3.6.1.4.1.311", "" },
    { "15.1.2375.34 192.0.2.256 192.0.2 192.0.2.01", "" },
    { "+49 (0)228 99 9582 5110", "" },
    { "11:10:25 00:11:22:33:44:55", "" },
    { "v192.0.2.1 192.0.2.1a _192.0.2.1", "" },
    { "std::string dead:beef", "" },
};

static void test_lines(void)
{
    static const char *const kinds[] = { "plain", "out", "defanged", "url", "network", "version" };
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        gsize length = strlen(lines[i].text);
        g_autofree char *exact = g_memdup2(lines[i].text, length); /* no NUL behind it */
        g_autoptr(GString) got = g_string_new(NULL);
        Hit hit;
        for (gsize from = 0; scan_next(exact, length, &from, &hit);) {
            char text[ADDRESS_TEXT_SIZE];
            g_string_append_printf(got, "%s%s:%s", got->len > 0 ? " " : "", kinds[hit.kind],
                                   address_format(&hit.address, text));
            g_assert_cmpuint(hit.start, <, hit.end);
            g_assert_cmpuint(hit.end, <=, length);
        }
        g_assert_cmpstr(got->str, ==, lines[i].want);
    }
}

/* The start of a URL is looked for SCAN_WORD_MAX bytes back, and no farther. */
static void test_word_max(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GString) text = g_string_new("://");
        while (text->len < SCAN_WORD_MAX - 1 + more)
            g_string_append_c(text, '=');
        g_string_append(text, "=192.0.2.1");
        Hit hit;
        gsize from = 0;
        g_assert_true(scan_next(text->str, text->len, &from, &hit));
        g_assert_cmpint(hit.kind, ==, more == 0 ? HIT_URL : HIT_PLAIN);
    }
}

static const struct {
    const char *name;
    ColumnKind kind;
} names[] = {
    { "ip", COLUMN_AFFECTED },           { "IP", COLUMN_AFFECTED },
    { "IP address", COLUMN_AFFECTED },   { "IP-Adresse(n)", COLUMN_AFFECTED },
    { "Victim IP", COLUMN_AFFECTED },    { "client_ip_addr", COLUMN_AFFECTED },
    { "SUSPICIOUS HOST", COLUMN_AFFECTED }, { "Betroffene IP", COLUMN_AFFECTED },
    { "Infizierte IP-Adresse", COLUMN_AFFECTED }, { "\xc3\x96" "ffentliche IP", COLUMN_AFFECTED },
    { "IP-Adresse des betroffenen Systems", COLUMN_AFFECTED },
    { "ip.src", COLUMN_SOURCE },         { "srcip", COLUMN_SOURCE },
    { "src_ip_addr", COLUMN_SOURCE },    { "Quell-IP", COLUMN_SOURCE },
    { "C2 host", COLUMN_DENIED },        { "dst_ip_addr", COLUMN_DENIED },
    { "dstip", COLUMN_DENIED },          { "server_ip_addr", COLUMN_DENIED },
    { "Ziel-IP", COLUMN_DENIED },        { "target", COLUMN_DENIED },
    { "ip.dst", COLUMN_DENIED },         { "host", COLUMN_OTHER },
    { "hostname", COLUMN_OTHER },        { "ip owner", COLUMN_OTHER },
    { "src_ip_categories", COLUMN_OTHER }, { "Victim Windows Domain", COLUMN_OTHER },
    { "client_port", COLUMN_OTHER },     { "udp.srcport", COLUMN_OTHER },
    { "system_desc", COLUMN_OTHER },     { "", COLUMN_OTHER },
};

static void test_names(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_test_message("%s", names[i].name);
        g_assert_cmpint(column_kind(names[i].name, strlen(names[i].name)), ==, names[i].kind);
    }
}

static void test_name_max(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autofree char *blanks = g_strnfill(COLUMNS_NAME_MAX - 2 + more, ' ');
        g_autofree char *name = g_strconcat("ip", blanks, NULL);
        g_assert_cmpint(column_kind(name, strlen(name)), ==,
                        more == 0 ? COLUMN_AFFECTED : COLUMN_OTHER);
    }
}

static void test_affected(void)
{
    static const struct {
        ColumnKind kinds[3];
        int want;
    } rows[] = { { { COLUMN_OTHER, COLUMN_AFFECTED, COLUMN_SOURCE }, 1 },
                 { { COLUMN_DENIED, COLUMN_OTHER, COLUMN_SOURCE }, 2 },
                 { { COLUMN_AFFECTED, COLUMN_OTHER, COLUMN_AFFECTED }, -2 },
                 { { COLUMN_SOURCE, COLUMN_OTHER, COLUMN_SOURCE }, -2 },
                 { { COLUMN_DENIED, COLUMN_OTHER, COLUMN_OTHER }, -1 } };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(columns_affected(rows[i].kinds, 3), ==, rows[i].want);
}

static void test_times(void)
{
    static const struct {
        const char *header;
        int want;
    } rows[] = { { "ip,timestamp(UTC+0)\n", 1 },    { "FirstSeen,LastSeen,ip\n", 1 },
                 { "ip,start_time,end_time\n", 1 }, { "date,ip,Zeitstempel\n", 2 },
                 { "ip,Timestamp (UTC)\n", 1 },     { "ip,itime\n", 1 },
                 { "ip,elapsed_time\n", -1 },       { "ip,port\n", -1 } };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Table) table = table_read(rows[i].header, strlen(rows[i].header), ',', NULL);
        g_test_message("%s", rows[i].header);
        g_assert_cmpint(columns_time(table), ==, rows[i].want);
    }
}

static void test_words(void)
{
    static const struct {
        const char *text;
        gboolean attacker, deny;
    } rows[] = {
        { "Betroffene Systeme:", FALSE, FALSE },
        { "mit folgenden IP-Adressen infiziert wurden:", FALSE, FALSE },
        { "C2-Server:", TRUE, TRUE },
        { "Ziel:", TRUE, TRUE },
        { "Angreifer:", TRUE, TRUE },
        { "Die folgenden Systeme in Ihrem Netz wurden von Angreifern \xc3\xbc" "bernommen:", TRUE,
          FALSE },
        { "The infected hosts connect to these addresses, as we were told by our partners:", TRUE,
          TRUE },
        { "Folgende Systeme kommunizieren mit dem C2-Server 203.0.113[.]9 auf Port 443:", TRUE,
          FALSE },
        { "ABC2 am Zielbahnhof", FALSE, FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gsize length = strlen(rows[i].text);
        g_test_message("%s", rows[i].text);
        g_assert_cmpint(words_name_attacker(rows[i].text, length), ==, rows[i].attacker);
        g_assert_cmpint(words_deny(rows[i].text, length), ==, rows[i].deny);
    }
    g_assert_true(words_are_role("c2-server"));
    g_assert_false(words_are_role("C2 of Emotet"));
}

/* WORDS_LABEL_MAX: no longer than this, a heading labels. */
static void test_label_max(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autofree char *rest = g_strnfill(WORDS_LABEL_MAX - strlen("attacker ") + more, 'x');
        g_autofree char *text = g_strconcat("attacker ", rest, NULL);
        g_assert_cmpint(words_deny(text, strlen(text)), ==, more == 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scan/lines", test_lines);
    g_test_add_func("/scan/word-max", test_word_max);
    g_test_add_func("/columns/names", test_names);
    g_test_add_func("/columns/name-max", test_name_max);
    g_test_add_func("/columns/affected", test_affected);
    g_test_add_func("/columns/times", test_times);
    g_test_add_func("/words/texts", test_words);
    g_test_add_func("/words/label-max", test_label_max);
    return g_test_run();
}
