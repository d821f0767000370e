/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Law 2: a finished notice that holds anything of another customer is stopped. */
#include "attachment.h"
#include "guard.h"

#include "errors.h"
#include "mail-maker.h"
#include "mailbox.h"
#include "notice.h"
#include "rows-csv.h"
#include "rows-text.h"

#include <string.h>

static const char *const columns_of_telnet[] = { "asn", "ip", "timestamp", "banner", NULL };
static const guint all_columns[] = { 0, 1, 2, 3 };

/* Rows 0, 2 and 5 are the customer's, the others somebody else's. */
static const guint32 own[] = { 0, 2, 5 };
#define N_OWN G_N_ELEMENTS(own)

static Report *make_report(void)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    static const char *const addresses[]
        = { "192.0.2.1",    "192.0.2.10",    "2001:db8::1:5", "2001:db8::1",
            "198.51.100.7", "2001:db8:a::1", "2001:db8:b::1", "192.0.2.130",
            "192.0.2.19",   "2001:db8:a::1:80" };
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autofree char *banner = g_strdup_printf("login %u, \"quoted\"", i);
        g_ptr_array_add(rows, mail_row("64496", addresses[i], "2025-02-11 11:10:25", banner, NULL));
    }
    MailOptions options = { .ticket = "CB-Report#20250212-10000001", .columns = columns_of_telnet,
                            .title = "Offene Telnet-Server", .scope = "AS64496", .rows = rows };
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(report->n_events, ==, G_N_ELEMENTS(addresses));
    return report;
}

/* before, the rows of these events, after; subject. */
static GBytes *make_notice(const Report *report, const char *subject, const char *before,
                           const guint32 *events, guint n, const char *after)
{
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = subject,
                              .message_id = "<a@example.org>", .date = 1739354227 };
    GString *text = g_string_new(before);
    g_autoptr(GError) error = NULL;
    table_append_csv(report->table, text, -1, all_columns, 4);
    for (guint i = 0; i < n; i++)
        table_append_csv(report->table, text, events[i], all_columns, 4);
    g_string_append(text, after);
    GBytes *bytes = notice_write(&head, text, &error);
    g_assert_no_error(error);
    return bytes;
}

static void check(const char *why, const char *subject, const char *before, const guint32 *events,
                  guint n, const char *after, gboolean want)
{
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);
    g_autoptr(GBytes) notice = make_notice(report, subject, before, events, n, after);
    g_autoptr(GError) error = NULL;
    gboolean passed = guard_check(guard, notice, own, G_N_ELEMENTS(own), all_columns, 4, &error);
    g_test_message("%s: %s", why, passed ? "passes" : error->message);
    g_assert_true(passed == want);
    if (!want) {
        g_assert_nonnull(error);
        g_assert_null(strstr(error->message, "198.51.100"));
    }
}

/* What may stand in the text around the rows. */
static void test_text(void)
{
    static const struct {
        const char *why, *text;
        gboolean want;
    } cases[] = {
        { "nothing", "", TRUE },
        { "own address", "Ihr System 192.0.2.1.", TRUE },
        { "own IPv6 address that begins like another's", "auf 2001:db8::1:5, bitte", TRUE },
        { "address that is in no row", "siehe 203.0.113.9", TRUE },
        { "URL and version numbers", "https://example.org/1.2.3.4.5 Version 5.6.7.8", TRUE },
        { "date and time", "2025-02-11 11:10:25", TRUE },
        { "foreign address", "auch 198.51.100.7 ist betroffen", FALSE },
        { "foreign address with a full stop", "198.51.100.7.", FALSE },
        { "foreign address with port", "198.51.100.7:23", FALSE },
        { "foreign address with prefix length", "198.51.100.7/32", FALSE },
        { "foreign address in a URL", "http://198.51.100.7/x", FALSE },
        { "longer than the own one", "192.0.2.10", FALSE },
        { "defanged", "198[.]51[.]100[.]7", FALSE },
        { "defanged with parentheses", "198(.)51.100.7", FALSE },
        { "mapped into IPv6", "::ffff:198.51.100.7", FALSE },
        { "mapped, in hexadecimal", "::ffff:c633:6407", FALSE },
        { "foreign IPv6", "2001:db8::1", FALSE },
        { "foreign IPv6, long spelling", "2001:0DB8:0:0:0:0:0:1", FALSE },
        { "foreign IPv6 in brackets", "[2001:db8::1]:80", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *before = g_strconcat(cases[i].text, "\n\n", NULL);
        g_autofree char *after = g_strconcat("\n", cases[i].text, "\n", NULL);
        check(cases[i].why, "Hinweis", before, own, N_OWN, "", cases[i].want);
        check(cases[i].why, "Hinweis", "", own, N_OWN, after, cases[i].want);
        check(cases[i].why, cases[i].text, "", own, N_OWN, "", cases[i].want);
    }
}

typedef struct {
    const char *why, *text;
} Spelling;

static void check_spellings(const Spelling *cases, guint n, gboolean want)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *before = g_strconcat(cases[i].text, "\n\n", NULL);
        g_autofree char *after = g_strconcat("\n", cases[i].text, NULL);
        check(cases[i].why, "Hinweis", before, own, N_OWN, "", want);
        check(cases[i].why, "Hinweis", "", own, N_OWN, after, want);
        check(cases[i].why, cases[i].text, "", own, N_OWN, "", want);
    }
}

/* 192.0.2.130 is somebody else's: guard.h lists how it may be written. */
static void test_spellings_of_ipv4(void)
{
    static const Spelling cases[] = {
        { "letters glued before", "Adresse192.0.2.130 ist betroffen" },
        { "letters glued behind", "192.0.2.130bis" },
        { "leading zeros", "192.000.002.130" },
        { "one leading zero", "192.0.2.0130" },
        { "port", "192.0.2.130:80" },
        { "a fifth number behind", "192.0.2.130.5" },
        { "a fifth number before", "1.192.0.2.130" },
        { "range", "192.0.2.128-192.0.2.130" },
        { "range from it", "192.0.2.130-192.0.2.131" },
        { "braces", "192{.}0{.}2{.}130" },
        { "angle brackets", "192<.>0.2.130" },
        { "blanks in the brackets", "192[ . ]0.2.130" },
        { "brackets and blanks", "192 [.] 0 [.] 2 [.] 130" },
        { "word in brackets", "192[dot]0[dot]2[dot]130" },
        { "word in parentheses, capitals", "192 (DOT) 0 (DOT) 2 (DOT) 130" },
        { "German word", "192[punkt]0[punkt]2[punkt]130" },
        { "word between blanks", "192 dot 0 dot 2 dot 130" },
        { "half a bracket", "192[.0[.2[.130" },
        { "the other half", "192.]0.]2.]130" },
        { "number in brackets", "192.0.2.[130]" },
        { "backslashes", "192\\.0\\.2\\.130" },
        { "backslashes and brackets", "192\\[.\\]0.2.130" },
        { "blanks", "192 . 0 . 2 . 130" },
        { "line end behind a dot", "192.0.2.\n130" },
        { "line end before a dot", "192.0\n.2.130" },
        { "no-break space", "192.\u00a00.2.130" },
        { "soft hyphen", "192.\u00ad0.2.130" },
        { "zero-width space", "192.0.\u200b2.130" },
        { "zero-width joiner in a number", "192.0.2.1\u200d30" },
        { "right-to-left override", "192.0.2\u202e.130" },
        { "combining mark", "192.0\u034f.2.130" },
        { "fullwidth", "\uff11\uff19\uff12\uff0e\uff10\uff0e\uff12\uff0e\uff11\uff13\uff10" },
        { "Arabic-Indic digits", "\u0661\u0669\u0662.\u0660.\u0662.\u0661\u0663\u0660" },
        { "superscript", "192.0.2.13\u2070" },
        { "ideographic full stop", "192\u30020\u30022\u3002130" },
        { "one dot leader", "192\u20240\u20242\u2024130" },
        { "middle dots", "192\u00b70\u00b72\u00b7130" },
        { "dashes of a dial-up name", "192-0-2-130.dyn.example" },
        { "a label behind the dashes", "192-0-2-130.10.dyn.example" },
        { "non-breaking hyphens", "192\u20110\u20112\u2011130" },
        { "reversed name", "130.2.0.192.in-addr.arpa" },
        { "reversed name, capitals", "130.2.0.192.IN-ADDR.ARPA." },
        { "reversed name, defanged", "130[.]2[.]0[.]192[.]in-addr[.]arpa" },
        { "mapped", "::ffff:192.0.2.130" },
        { "mapped, hexadecimal", "::ffff:c000:282" },
        { "mapped, glued", "Adresse::ffff:c000:282" },
        { "mapped, all groups", "0:0:0:0:0:ffff:c000:282" },
        { "behind an own one", "192.0.2.1, 192.0.2.130" },
        { "glued to an own one", "2001:db8:a::1:192.0.2.130" },
        { "address literal", "postmaster@[192.0.2.130]" },
        { "item of a list", "1. 192.0.2.130" },
    };
    check_spellings(cases, G_N_ELEMENTS(cases), FALSE);
}

/* 2001:db8:b::1 is somebody else's. */
static void test_spellings_of_ipv6(void)
{
    static const Spelling cases[] = {
        { "a label that ends in a digit", "IPv6:2001:db8:b::1" },
        { "a label that ends in a hexadecimal digit", "Adresse:2001:db8:b::1" },
        { "a hexadecimal group before", "a:2001:db8:b::1" },
        { "hexadecimal letters glued before", "Adresse2001:db8:b::1" },
        { "only hexadecimal letters before", "face2001:db8:b::1" },
        { "letters glued behind", "2001:db8:b::1bis" },
        { "glued behind the gap", "::2001:db8:b::1" },
        { "behind an own one and a colon", "2001:db8:a::1:2001:db8:b::1" },
        { "before an own one and a full stop", "2001:db8:b::1.2001:db8:a::1" },
        { "colon behind", "2001:db8:b::1:" },
        { "port", "2001:db8:b::1:443" },
        { "all groups and a port", "2001:db8:b:0:0:0:0:1:80" },
        { "all digits", "2001:0db8:000b:0000:0000:0000:0000:0001" },
        { "more zeros than digits", "02001:00db8:b::00001" },
        { "capitals", "2001:DB8:B::1" },
        { "prefix length", "2001:db8:b::1/128" },
        { "zone", "2001:db8:b::1%eth0" },
        { "dotted end", "2001:db8:b::0.0.0.1" },
        { "dotted end, no gap", "2001:db8:b:0:0:0:0.0.0.1" },
        { "brackets and port", "[2001:db8:b::1]:80" },
        { "defanged", "2001[:]db8[:]b[::]1" },
        { "every colon defanged", "2001[:]db8[:]b[:][:]1" },
        { "half a bracket", "2001[:db8[:b[::1" },
        { "backslashes", "2001\\:db8\\:b\\:\\:1" },
        { "blanks", "2001 : db8 : b : : 1" },
        { "line end behind a colon", "2001:db8:\nb::1" },
        { "line end before the gap", "2001:db8:b\n::1" },
        { "soft hyphen", "2001:db8:\u00adb::1" },
        { "fullwidth colons", "2001\uff1adb8\uff1ab\uff1a\uff1a1" },
        { "ratio signs", "2001\u2236db8\u2236b\u2236\u22361" },
        { "dashes of a dial-up name", "2001-db8-b--1.dyn.example" },
        { "reversed name",
          "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
        { "reversed name, capitals, defanged end",
          "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.B.0.0.0.8.B.D.0.1.0.0.2[.]IP6[.]ARPA" },
        { "somebody's that begins like an own one", "2001:db8:a::1:80" },
    };
    check_spellings(cases, G_N_ELEMENTS(cases), FALSE);
}

/* His own, however it stands there, holds nothing; nor does what looks like one. */
static void test_own_spellings(void)
{
    static const Spelling cases[] = {
        { "comma", "192.0.2.1, 2001:db8::1:5, 2001:db8:a::1" },
        { "port", "192.0.2.1:23, 2001:db8::1:5:23, 2001:db8:a::1:23" },
        { "port in brackets", "[192.0.2.1]:80 [2001:db8::1:5]:80 [2001:db8:a::1]:80" },
        { "parentheses and colon", "(192.0.2.1): (2001:db8:a::1):" },
        { "colon and a number", "192.0.2.1: 9 2001:db8:a::1: 80 Versuche" },
        { "full stop and a number", "Betroffen ist 192.0.2.1. 9 Versuche" },
        { "full stop and another", "192.0.2.1. 192.0.2.1. 2001:db8::1:5. 2001:db8:a::1." },
        { "numbered list", "1. 192.0.2.1\n2. 2001:db8:a::1\n3. 192.0.2.1" },
        { "range", "192.0.2.1-192.0.2.1, 192.0.2.1 - 192.0.2.1, 2001:db8:a::1-2001:db8:a::1" },
        { "prefix length", "192.0.2.1/32 2001:db8::1:5/128" },
        { "URL", "https://192.0.2.1:8080/ https://[2001:db8::1:5]:8080/" },
        { "label", "IPv4:192.0.2.1 IPv6:2001:db8::1:5 Adresse:2001:db8:a::1" },
        { "all digits", "2001:0db8:0000:0000:0000:0000:0001:0005" },
        { "dotted end", "2001:db8::0.1.0.5" },
        { "glued", "Adresse2001:db8::1:5bis Adresse192.0.2.1bis" },
        { "defanged", "192[.]0[.]2[.]1 2001[:]db8[::]1[:]5" },
        { "name", "1.2.0.192.in-addr.arpa 192-0-2-1.dyn.example" },
        { "IPv6 name",
          "5.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
        { "at", "the server at 192.0.2.1 at 2001:db8::1:5" },
        { "line ends", "192.0.2.1\n9 Systeme\n2001:db8::1:5\n" },
        { "two in a row", "2001:db8:a::1:2001:db8::1:5" },
        { "longer than another's", "192.0.2.131 192.0.2.1301 1192.0.2.130" },
        { "no address", "1.2.3 11.02.2025 11:10:25 2025-02-11 AS64496 12:34:56:78:9a:bc" },
        { "only marks", ".:.:[.]--@@(at) dot : :: ::: [:] \\ \\. @. .@" },
        { "not covered: integers, entities, look-alikes",
          "3221225986 0xc0000282 192&#46;0&#46;2&#46;130 192%2e0%2e2%2e130 0300.0.02.0202" },
    };
    check_spellings(cases, G_N_ELEMENTS(cases), TRUE);
}

/* A layout may add any header field, so all of them are looked at. */
static void test_headers(void)
{
    static const struct {
        const char *why, *field;
        gboolean want;
    } cases[] = {
        { "own address", "X-Topic: 192.0.2.1", TRUE },
        { "any field", "X-Topic: Ihr Nachbar 192.0.2.130", FALSE },
        { "encoded word", "X-Topic: \u00c4ndern: 192.0.2.130", FALSE },
        { "defanged", "Comments: 2001[:]db8[:]b[::]1", FALSE },
    };
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) headers = g_ptr_array_new();
        g_ptr_array_add(headers, (gpointer)cases[i].field);
        const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "s",
                                  .message_id = "<a@example.org>", .headers = headers };
        GString *text = g_string_new("");
        g_autoptr(GError) error = NULL;
        table_append_csv(report->table, text, -1, all_columns, 4);
        for (guint k = 0; k < N_OWN; k++)
            table_append_csv(report->table, text, own[k], all_columns, 4);
        g_autoptr(GBytes) notice = notice_write(&head, text, &error);
        g_assert_no_error(error);
        g_test_message("%s", cases[i].why);
        g_assert_true(guard_check(guard, notice, own, N_OWN, all_columns, 4, NULL)
                      == cases[i].want);
    }
}

static void test_rows(void)
{
    static const guint32 missing[] = { 0, 2 }, foreign[] = { 0, 2, 5, 4 }, swapped[] = { 0, 2, 4 },
                         order[] = { 2, 0, 5 };
    check("exactly his", "s", "", own, N_OWN, "", TRUE);
    check("one is missing", "s", "", missing, 2, "", FALSE);
    check("one too many", "s", "", foreign, 4, "", FALSE);
    check("one is another's", "s", "", swapped, 3, "", FALSE);
    check("in another order", "s", "", order, 3, "", FALSE);
    check("none", "s", "", own, 0, "", FALSE);
}

/* Mail accounts: looked for like addresses, by mailbox. */
static void test_accounts(void)
{
    static const char *const columns[] = { "asn", "ip", "timestamp", "mx", "email", NULL };
    static const guint shown[] = { 0, 1, 2, 3, 4 };
    static const guint32 mine[] = { 0 };
    static const struct {
        const char *text;
        gboolean want;
    } cases[] = {
        { "Ihr Konto anna@kunde.example.net\n", TRUE },
        { "ANNA@kunde.example.net.\n", TRUE },
        { "<mailto:anna@kunde.example.net?subject=x>\n", TRUE },
        { "\u201eanna@kunde.example.net\u201c, *anna@kunde.example.net*\n", TRUE },
        { "anna [at] kunde [dot] example [dot] net, anna(at)kunde.example.net\n", TRUE },
        { "\"anna\"@kunde.example.net\n", TRUE },
        { "anna@kunde.example.net at 10:00, anna@kunde.example.net. Net\n", TRUE },
        { "your account at anna@kunde.example.net\n", TRUE },
        { "carl@other.example.net\n", TRUE }, /* in no row */
        { "berta@example.net, berta at other\n", TRUE },
        { "@other.example.net @ @@ berta@ \"\"@other.example.net\n", TRUE },
        { "auch Berta@Other.example.net\n", FALSE },
        { "<berta@other.example.net>\n", FALSE },
        { "full stop berta@other.example.net.\n", FALSE },
        { "dots berta@other.example.net...\n", FALSE },
        { "berta@other.example.net!\n", FALSE },
        { "mailto:berta@other.example.net?subject=x\n", FALSE },
        { "https://example.org/?to=berta@other.example.net&x=y\n", FALSE },
        { "mailto/berta@other.example.net\n", FALSE },
        { "*berta@other.example.net*\n", FALSE },
        { "*berta*@other.example.net\n", FALSE },
        { "_berta@other.example.net_\n", FALSE },
        { "'berta'@other.example.net\n", FALSE },
        { "\u201eberta@other.example.net\u201c\n", FALSE },
        { "\u201aberta@other.example.net\u2018\n", FALSE },
        { "Konto\u00a0berta@other.example.net\n", FALSE },
        { "ber\u200bta@other.exam\u00adple.net\n", FALSE },
        { "\"berta\"@other.example.net\n", FALSE },
        { "\"b\\erta\"@other.example.net\n", FALSE },
        { "\u201cberta\u201d@other.example.net\n", FALSE },
        { "berta[at]other.example.net\n", FALSE },
        { "berta(at)other.example.net\n", FALSE },
        { "berta [AT] other [DOT] example [DOT] net\n", FALSE },
        { "berta{at}other.example.net\n", FALSE },
        { "berta[@]other[.]example[.]net\n", FALSE },
        { "berta at other dot example dot net\n", FALSE },
        { "berta @ other.example.net\n", FALSE },
        { "berta@other.\nexample.net\n", FALSE },
        { "berta\uff20other.example.net\n", FALSE },
        { "berta@other\u3002example\u3002net\n", FALSE },
        { "berta@[other.example.net]\n", FALSE },
        { "das berta@other.example.net-Konto\n", FALSE },
        { "berta@other.example.net.Bitte\n", FALSE },
        { "anna@kunde.example.net;berta@other.example.net\n", FALSE },
        { "anna@kunde.example.net/berta@other.example.net\n", FALSE },
        { "rudi@xn--bcher-kva.example.net\n", FALSE },
        { "rudi@b\u00fccher.example.net\n", FALSE },
    };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", "mx.example.net",
                                   "anna@kunde.example.net", NULL));
    g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", "mx.example.net",
                                   "berta@other.example.net", NULL));
    g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", "mx.example.net",
                                   "rudi@xn--bcher-kva.example.net", NULL));
    /* Ends like the customer's own. */
    g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", "mx.example.net",
                                   "na@kunde.example.net", NULL));
    MailOptions options = { .ticket = "CB-Report#20250212-10000001", .columns = columns,
                            .title = "Kompromittierte E-Mail-Konten", .scope = "AS64496",
                            .rows = rows };
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_autoptr(Report) report = report_read(message, &error);
    g_assert_cmpint(report->account_column, ==, 4);
    g_autoptr(Guard) guard = guard_new(report);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        static const char *const to[] = { "noc@kunde.example.net", NULL };
        const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "s",
                                  .message_id = "<a@example.org>" };
        GString *text = g_string_new(cases[i].text);
        g_autoptr(GError) why = NULL;
        table_append_csv(report->table, text, -1, shown, 5);
        table_append_csv(report->table, text, 0, shown, 5);
        g_autoptr(GBytes) notice = notice_write(&head, text, &error);
        g_test_message("%s", cases[i].text);
        g_assert_true(guard_check(guard, notice, mine, 1, shown, 5, &why) == cases[i].want);
    }
}

/* Rows are compared slice by slice: a cut may fall into a quoted line break, and
 * the last row counts as much as the first. */
static void test_many_rows(void)
{
    enum { N = 20000 };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < N; i++)
        g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25",
                                       i % 3 == 0 ? "a\n\n\"b\",\n" : "a", NULL));
    MailOptions options = { .ticket = "CB-Report#20250212-10000001", .columns = columns_of_telnet,
                            .title = "Offene Telnet-Server", .scope = "AS64496", .rows = rows };
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_autoptr(Report) report = report_read(message, &error);
    g_autoptr(Guard) guard = guard_new(report);
    g_autofree guint32 *all = g_new(guint32, N);
    for (guint32 i = 0; i < N; i++)
        all[i] = i;
    g_autoptr(GBytes) whole = make_notice(report, "s", "", all, N, "");
    g_autoptr(GBytes) short_ = make_notice(report, "s", "", all, N - 1, "");
    g_assert_true(guard_check(guard, whole, all, N, all_columns, 4, &error));
    g_assert_no_error(error);
    g_assert_false(guard_check(guard, whole, all, N - 1, all_columns, 4, NULL));
    g_assert_false(guard_check(guard, short_, all, N, all_columns, 4, NULL));
    all[N - 1] = 1; /* a row like it, but for the banner */
    all[1] = N - 2;
    g_assert_false(guard_check(guard, whole, all, N, all_columns, 4, NULL));
}

/* Texts that make a careless search slow; a search that isn't linear hangs here. */
static void test_large_texts(void)
{
    enum { SIZE = 1000000 };
    static const char *const pieces[]
        = { "1.1.1.1.", "1:", "1::1:", "abcd::", "a:a.", "::ffff:1.", ".", ":", "0", "0000:", "[ ",
            ": ", "1 .", "\"@", "1.ip6.arpa", "\\", "\u00e4", "\u0316\u0301", "zabcd::ag" };
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);
    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        while (text->len < SIZE)
            g_string_append(text, pieces[i]);
        g_string_append(text, "\n\n");
        g_autoptr(GBytes) notice = make_notice(report, "s", text->str, own, N_OWN, "");
        g_autoptr(GError) error = NULL;
        g_test_message("%s", pieces[i]);
        g_assert_true(guard_check(guard, notice, own, N_OWN, all_columns, 4, &error));
    }
}

/* A customer with many systems, all of them named in the text. */
static void test_many_mentions(void)
{
    enum { N = 40000 };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree guint32 *all = g_new(guint32, N);
    for (guint32 i = 0; i <= N; i++) {
        g_autofree char *address = g_strdup_printf("2001:db8:a::%x", i + 1);
        g_ptr_array_add(rows, mail_row("64496", address, "2025-02-11 11:10:25", "", NULL));
        if (i < N) {
            g_string_append_printf(text, "%s:23, ", address);
            all[i] = i;
        }
    }
    MailOptions options = { .ticket = "CB-Report#20250212-10000001", .columns = columns_of_telnet,
                            .title = "Offene Telnet-Server", .scope = "AS64496", .rows = rows };
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_autoptr(Report) report = report_read(message, &error);
    g_autoptr(Guard) guard = guard_new(report);
    g_string_append(text, "\n\n");
    g_autoptr(GBytes) notice = make_notice(report, "s", text->str, all, N, "");
    g_assert_true(guard_check(guard, notice, all, N, all_columns, 4, &error));
    g_assert_no_error(error);
    g_string_append(text, "2001:db8:a::9c41\n\n"); /* the last one is somebody else's */
    g_autoptr(GBytes) other = make_notice(report, "s", text->str, all, N, "");
    g_assert_false(guard_check(guard, other, all, N, all_columns, 4, NULL));
}

/* QUOTED_MAX: a local part of MAILBOX_LOCAL_MAX, each of its characters behind a
 * backslash; one more byte in the quotes, and it is nobody's mailbox any more. */
static void test_quoted_limit(void)
{
    static const char *const columns[] = { "ip", "timestamp", "email", NULL };
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    static const guint shown[] = { 0, 1, 2 };
    static const guint32 mine[] = { 0 };
    const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "s",
                              .message_id = "<a@example.org>" };
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_autoptr(GString) quoted = g_string_new(NULL);
    g_autofree char *local = g_strnfill(MAILBOX_LOCAL_MAX, 'b');
    g_autofree char *other = g_strconcat(local, "@other.example.net", NULL);
    for (guint i = 0; i < MAILBOX_LOCAL_MAX; i++)
        g_string_append(quoted, "\\b");
    g_ptr_array_add(rows, mail_row("192.0.2.1", "2025-02-11 11:10:25", "anna@kunde.example.net",
                                   NULL));
    g_ptr_array_add(rows, mail_row("192.0.2.1", "2025-02-11 11:10:25", other, NULL));
    const MailOptions options = { .title = "Kompromittierte E-Mail-Konten", .columns = columns,
                                  .rows = rows };
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(Message) message = message_parse(bytes, NULL);
    g_autoptr(Report) report = report_read(message, NULL);
    g_autoptr(Guard) guard = guard_new(report);

    for (guint more = 0; more < 2; more++) {
        GString *text = g_string_new(NULL);
        g_string_append_printf(text, "\"%s%s\"@other.example.net\n", more ? " " : "", quoted->str);
        table_append_csv(report->table, text, -1, shown, 3);
        table_append_csv(report->table, text, 0, shown, 3);
        g_autoptr(GBytes) notice = notice_write(&head, text, NULL);
        g_assert_cmpint(guard_check(guard, notice, mine, 1, shown, 3, NULL), ==, more);
    }
}

/* The file's rows are proof as the text's are; a foreign row, or a foreign name, is stopped. */
static void test_file(void)
{
    static const guint32 foreign[] = { 0, 2, 4 };
    static const struct {
        const char *why, *text, *name;
        const guint32 *events;
        gboolean safe, want;
    } cases[] = {
        { "own rows", "attached\n", "a.csv", own, FALSE, TRUE },
        { "own rows, formula-safe with BOM", "attached\n", "a.csv", own, TRUE, TRUE },
        { "foreign row", "attached\n", "a.csv", foreign, FALSE, FALSE },
        { "foreign address in the text", "198.51.100.7\n", "a.csv", own, FALSE, FALSE },
        { "foreign address in the name", "attached\n", "198.51.100.7.csv", own, FALSE, FALSE },
    };
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const RowsCsv options = { cases[i].safe, cases[i].safe };
        GString *file = rows_csv(report->table, cases[i].events, N_OWN, all_columns, 4, &options);
        const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "Hinweis",
                                  .message_id = "<a@example.org>", .date = 1739354227,
                                  .files = attachments_new() };
        g_ptr_array_add(head.files,
                        attachment_new("text/csv", g_strdup(cases[i].name), file));
        g_autoptr(GBytes) notice = notice_write(&head, g_string_new(cases[i].text), NULL);
        g_test_message("%s", cases[i].why);
        g_assert_true(guard_check(guard, notice, own, N_OWN, all_columns, 4, NULL)
                      == cases[i].want);
    }
}

/* Rows as a table and as labelled lines: the customer's alone. */
static void test_shapes(void)
{
    static const char *const de[] = { "de", NULL };
    static const guint32 more[] = { 0, 1, 2, 3 };
    static const struct {
        const char *why, *form;
        const guint32 *events;
        guint n;
        const char *behind;
        gboolean want;
    } cases[] = {
        { "own rows", "table", own, N_OWN, "", TRUE },
        { "own rows", "labels", own, N_OWN, "", TRUE },
        { "others' rows, too", "table", more, 4, "", FALSE },
        { "others' rows, too", "labels", more, 4, "", FALSE },
        { "a row left out", "table", own, N_OWN - 1, "", FALSE },
        { "a row left out", "labels", own, N_OWN - 1, "", FALSE },
        { "a foreign address behind them", "table", own, N_OWN, "\n198.51.100.7\n", FALSE },
        { "a header line before them", "csv", own, N_OWN, "", TRUE },
        { "a header line before them", "table", own, N_OWN, "", TRUE },
        { "a foreign address behind them", "labels", own, N_OWN, "\n198.51.100.7\n", FALSE },
    };
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    const NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "Hinweis",
                              .message_id = "<a@example.org>", .date = 1739354227 };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const RowsText options = { cases[i].form, 0, de, NULL };
        GString *text = g_string_new("Hallo,\n\n");
        if (g_str_has_prefix(cases[i].why, "a header"))
            table_append_csv(report->table, text, -1, all_columns, 4);
        g_string_append(text, "\nHinweis\n\n");
        rows_text(text, report->table, cases[i].events, cases[i].n, all_columns, 4, &options);
        g_string_append(text, cases[i].behind);
        g_autoptr(GBytes) notice = notice_write(&head, text, NULL);
        g_test_message("%s: %s", cases[i].form, cases[i].why);
        g_assert_true(guard_check(guard, notice, own, N_OWN, all_columns, 4, NULL)
                      == cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/guard/text", test_text);
    g_test_add_func("/guard/spellings/ipv4", test_spellings_of_ipv4);
    g_test_add_func("/guard/spellings/ipv6", test_spellings_of_ipv6);
    g_test_add_func("/guard/spellings/own", test_own_spellings);
    g_test_add_func("/guard/headers", test_headers);
    g_test_add_func("/guard/rows", test_rows);
    g_test_add_func("/guard/file", test_file);
    g_test_add_func("/guard/shapes", test_shapes);
    g_test_add_func("/guard/accounts", test_accounts);
    g_test_add_func("/guard/quoted-limit", test_quoted_limit);
    g_test_add_func("/guard/many-rows", test_many_rows);
    g_test_add_func("/guard/many-mentions", test_many_mentions);
    g_test_add_func("/guard/large-texts", test_large_texts);
    return g_test_run();
}
