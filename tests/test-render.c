/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rendering: the shipped templates against golden notices (tests/notices), and
 * each rule of certbund-template(5) by itself.  CERTBUND_UPDATE_NOTICES=1 writes
 * the golden notices anew; look at the difference before you keep it. */
#include "letter-maker.h"

#include "wrap.h"

#include <string.h>

/* ---- the shipped templates ---- */

static const struct {
    const char *template_, *subject, *csv;
} feeds[] = {
    { "open-telnet", "[CB-Report#20250212-10004759] Offene Telnet-Server in AS64496",
      "\"asn\",\"ip\",\"timestamp\",\"port\",\"banner\"\n"
      "\"64496\",\"192.0.2.7\",\"2025-02-11 11:10:25\",\"23\",\"router login: | \"\"quoted\"\"\"\n"
      "\"64496\",\"192.0.2.7\",\"2025-02-11 13:00:00\",\"2323\",\"login:\"\n"
      "\"64496\",\"2001:db8::17\",\"2025-02-11 11:20:00\",\"23\",\"\"\n"
      "\"64496\",\"192.0.2.90\",\"2025-02-11 09:00:01\",\"23\",\"192.0.2.1 says hello\"\n" },
    { "open-portmapper",
      "[CB-Report#20250212-10004760][KRITISCH] Offene Portmapper-Dienste in AS64496",
      "\"asn\",\"ip\",\"timestamp\",\"rpc_response\",\"added_later\"\n"
      "\"64496\",\"198.51.100.3\",\"2025-02-11 11:10:25\",\"100000 4 111/udp; 100000 3 "
      "111/udp\",\"x\"\n"
      "\"64496\",\"198.51.100.4\",\"2025-02-11 11:10:26\",\"100000 2 111/udp\",\"y\"\n" },
    { "report", "[CB-Report#20250212-10004761] Offene Redis-Server in AS64496",
      "\"asn\",\"ip\",\"timestamp\",\"version\"\n"
      "\"64496\",\"203.0.113.5\",\"2025-02-11 11:10:25\",\"6.0.9\"\n"
      "\"64496\",\"203.0.113.6\",\"2025-02-11 11:10:26\",\"7.2\"\n"
      "\"64496\",\"203.0.113.7\",\"2025-02-11 11:10:27\",\"\"\n" },
};

static void test_golden(void)
{
    static const struct {
        const char *name, *language, *want;
    } languages[] = { { "de", "de", "de" }, { "en", "en", "en" }, { "both", "", "de, en" } };
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(feeds); i++)
        for (guint j = 0; j < G_N_ELEMENTS(languages); j++)
            for (guint many = 0; many < 2; many++) {
                g_autoptr(Report) report = letter_report(feeds[i].subject, feeds[i].csv, FALSE);
                report->quote_de =
                    g_strdup("Redis ist ein Datenbank-System.\n\nEs ist erreichbar.  ");
                report->quote_en = g_strdup("Redis is a database system.\n");
                g_autoptr(Rendered) rendered =
                    letter_render(report, set, feeds[i].template_, languages[j].language,
                                  many ? report->n_events : 1);
                g_assert_cmpstr(rendered->language, ==, languages[j].want);
                g_assert_cmpuint(rendered->headers->len, ==, 0);
                letter_golden(feeds[i].template_, languages[j].name, many ? "many" : "one",
                              rendered);
            }
}

/* Every line that is neither a table row, a quotation nor one long word fits. */
static void test_width(void)
{
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(feeds); i++) {
        g_autoptr(Report) report = letter_report(feeds[i].subject, feeds[i].csv, FALSE);
        g_autoptr(Rendered) rendered =
            letter_render(report, set, feeds[i].template_, "", report->n_events);
        g_auto(GStrv) lines = g_strsplit(rendered->text->str, "\n", -1);
        for (guint j = 0; lines[j] != NULL; j++)
            g_assert_true(lines[j][0] == '"' || strchr(lines[j], ' ') == NULL ||
                          wrap_columns(lines[j], strlen(lines[j])) <= RENDER_WIDTH);
        g_assert_null(strstr(rendered->text->str, "\n\n\n"));
        g_assert_true(g_str_has_suffix(rendered->text->str, "\"\n"));
    }
}

/* ---- rule by rule ---- */

static const char plain_table_1[] = "\n\"asn\",\"ip\",\"timestamp\",\"port\"\n"
                                    "\"64496\",\"192.0.2.7\",\"2025-02-11 11:10:25\",\"23\"\n";

#define DE(body) "<notice xml:lang='de'><subject>S</subject>" body "</notice>"
#define EN(body) "<notice xml:lang='en'><subject>E</subject>" body "</notice>"

static const struct {
    const char *name, *body, *want; /* want: between greeting and signature */
} block_cases[] = {
    { "paragraph", "<p> a\n  b </p>", "a b\n" },
    { "two-paragraphs", "<p>a</p><p>b</p>", "a\n\nb\n" },
    { "break", "<p>a<br/> b<br/><br/>c<br/></p>", "a\nb\n\nc\n" },
    { "list", "<list><item>a</item><item/><item>b b</item></list>", "- a\n- b b\n" },
    { "list-hangs",
      "<list><item>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
      "</item></list>",
      "- aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n" },
    { "pre", "<pre>\n a  b\n\n\tc\n  </pre>", " a  b\n\n\tc\n" },
    { "link-block", "<link href='https://example.net/x'>see\n here:</link>",
      "see here:\n\nhttps://example.net/x\n" },
    { "link-block-bare", "<link href='https://example.net/x?a=1&amp;b=2'/>",
      "https://example.net/x?a=1&b=2\n" },
    { "link-inline", "<p>read <link href='https://example.net/x'>this</link>.</p>",
      "read this <https://example.net/x>.\n" },
    { "link-inline-bare", "<p>(<link href='https://example.net/x'/>)</p>",
      "(<https://example.net/x>)\n" },
    { "use", "<use block='b'/>", "Block\n" },
    { "use-empty-vanishes", "<p>a</p><use block='e'/><p>b</p>", "a\n\nb\n" },
    { "empty-paragraph-vanishes", "<p>a</p><p><many>x</many></p><p>b</p>", "a\n\nb\n" },
    { "empty-list-vanishes", "<p>a</p><list><item><many>x</many></item></list><p>b</p>",
      "a\n\nb\n" },
    { "empty-pre-vanishes", "<p>a</p><pre/><p>b</p>", "a\n\nb\n" },
    { "quotation-without-words-vanishes", "<p>a</p><quotation><p>intro</p></quotation><p>b</p>",
      "a\n\nb\n" },
    { "white-space-between-words", "<p>a <field name='class'/> b<one> c</one></p>",
      "a some-class b c\n" },
    { "markup-in-field-is-text", "<p><field name='customer-name'/></p>", "Muster & Söhne GmbH\n" },
    { "fields",
      "<p><field name='ticket'/>|<field name='title'/>|<field name='customer'/>|"
      "<field name='customer-reference'/>|<field name='reference'/>|<field name='rows'/>|"
      "<field name='first-time'/>|<field name='last-time'/></p>",
      "CB-Report#20250212-10004759|T|c-1|K-4711|A-7F3K2Q|1|2025-02-11T11:10:25Z|2025-02-11T11:10:"
      "25Z\n" },
    { "one", "<p><one>one</one><many>many</many> <count/> <addresses/></p>", "one 1 192.0.2.7\n" },
};

static void test_block(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(Report) report =
        letter_report("[CB-Report#20250212-10004759] T in AS64496", letter_csv, FALSE);
    g_autofree char *inside = g_strdup_printf(
        "<notice xml:lang='de'><subject>S</subject>%s</notice>", block_cases[i].body);
    g_autofree char *want =
        g_strconcat("Hallo,\n\n", block_cases[i].want, "\nGruß\n", plain_table_1, NULL);
    g_autoptr(Rendered) rendered = letter_once(letter_layout, inside, report, "de", 1);
    g_assert_cmpstr(rendered->text->str, ==, want);
}

/* Three rows, two addresses: counted are addresses, not rows. */
static void test_counts(void)
{
    static const char csv[] = "asn,ip,timestamp,account\n"
                              "64496,192.0.2.7,2025-02-11 11:10:25,a@example.org\n"
                              "64496,::ffff:192.0.2.7,2025-02-11 10:10:25,b@example.org\n"
                              "64496,192.0.2.8,x,a@example.org\n"
                              "64496,192.0.2.9,x,c@example.org\n";
    static const struct {
        guint n_events;
        gboolean accounts;
        const char *want;
    } cases[] = {
        { 1, FALSE, "one 1 192.0.2.7" },
        { 2, FALSE, "one 1 192.0.2.7" },
        { 3, FALSE, "many 2 192.0.2.7 and 1 other" },
        { 4, FALSE, "many 3 192.0.2.7 and 2 others" },
        { 1, TRUE, "one 1 a@example.org" },
        { 3, TRUE, "many 2 a@example.org and 1 other" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report =
            letter_report("[CB-Report#20250212-10004759] T", csv, cases[i].accounts);
        g_autoptr(Rendered) rendered = letter_once(
            letter_layout,
            "<notice xml:lang='en'><subject><one>one</one><many>many</many> <count/> <addresses/>"
            "</subject><p><field name='first-time'/> <field name='last-time'/></p></notice>",
            report, "en", cases[i].n_events);
        g_assert_cmpstr(rendered->subject, ==, cases[i].want);
    }
}

/* Below and above the size where counting changes its way. */
static void test_count_sizes(void)
{
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    for (guint n = 1; n <= 20; n++)
        for (guint distinct = 1; distinct <= n; distinct++) {
            g_autoptr(GString) csv = g_string_new("ip,timestamp\n");
            for (guint i = 0; i < n; i++)
                g_string_append_printf(csv, "192.0.2.%u,\n", i % distinct);
            g_autoptr(Report) report =
                letter_report("[CB-Report#20250212-10004759] T", csv->str, FALSE);
            g_autoptr(Rendered) rendered = letter_render(report, set, "open-telnet", "en", n);
            g_autofree char *want =
                distinct == 1 ? g_strdup("Telnet server reachable from the Internet: 192.0.2.0")
                : distinct == 2
                    ? g_strdup("Telnet servers reachable from the Internet: 192.0.2.0 and 1 other")
                    : g_strdup_printf(
                          "Telnet servers reachable from the Internet: 192.0.2.0 and %u "
                          "others",
                          distinct - 1);
            g_assert_true(g_str_has_prefix(rendered->subject, "[A-7F3K2Q] "));
            g_assert_cmpstr(rendered->subject + strlen("[A-7F3K2Q] "), ==, want);
        }
}

static const struct {
    const char *name, *layout, *inside, *language, *want, *want_language;
} order_cases[] = {
    { "one-language", LETTER_TEXTS, DE("<p>d</p>") EN("<p>e</p>"), "de",
      "Hallo,\n\nd\n\nGruß\nTABLE", "de" },
    { "two-languages", LETTER_TEXTS, DE("<p>d</p>") EN("<p>e</p>"), "",
      "[English below]\n\nHallo,\n\nd\n\nGruß\n\n----\n\nHello,\n\ne\nTABLE", "de, en" },
    { "order-of-the-layout", LETTER_TEXTS, EN("<p>e</p>") DE("<p>d</p>"), "en de",
      "[English below]\n\nHallo,\n\nd\n\nGruß\n\n----\n\nHello,\n\ne\nTABLE", "de, en" },
    { "separator", "<separator>* * *</separator>" LETTER_TEXTS, DE("<p>d</p>") EN("<p>e</p>"),
      "de en", "[English below]\n\nHallo,\n\nd\n\nGruß\n\n* * *\n\nHello,\n\ne\nTABLE", "de, en" },
    { "separator-empty", "<separator/>" LETTER_TEXTS, DE("<p>d</p>") EN("<p>e</p>"), "de en",
      "[English below]\n\nHallo,\n\nd\n\nGruß\n\nHello,\n\ne\nTABLE", "de, en" },
    { "table-end", "<table position='end'/>" LETTER_TEXTS, DE("<p>d</p>"), "de",
      "Hallo,\n\nd\n\nGruß\nTABLE", "de" },
    { "language-the-template-lacks", LETTER_TEXTS, EN("<p>e</p>"), "de en", "Hello,\n\ne\nTABLE",
      "en" },
    { "none-left-all-are-used", LETTER_TEXTS, EN("<p>e</p>"), "fr", "Hello,\n\ne\nTABLE", "en" },
    { "language-the-layout-lacks", LETTER_TEXTS,
      DE("<p>d</p>") "<notice xml:lang='fr'><subject>F"
                     "</subject><p>f</p></notice>",
      "fr", "Hallo,\n\nd\n\nGruß\nTABLE", "de" },
};

static void test_order(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(Report) report = letter_report("[CB-Report#20250212-10004759] T", letter_csv, FALSE);
    g_autofree char *layout = g_strconcat("<layout version='1' id='default'><languages>de en"
                                          "</languages>",
                                          order_cases[i].layout, "</layout>", NULL);
    g_auto(GStrv) parts = g_strsplit(order_cases[i].want, "TABLE", 2);
    g_autofree char *want = g_strconcat(parts[0], plain_table_1, NULL);
    g_autoptr(Rendered) rendered =
        letter_once(layout, order_cases[i].inside, report, order_cases[i].language, 1);
    g_assert_cmpstr(rendered->text->str, ==, want);
    g_assert_cmpstr(rendered->language, ==, order_cases[i].want_language);
}

static void test_table_first(void)
{
    static const char layout[] = "<layout version='1' id='default'><table position='start'/>"
                                 "<languages>de en</languages>" LETTER_TEXTS "</layout>";
    g_autoptr(Report) report = letter_report("[CB-Report#20250212-10004759] T", letter_csv, FALSE);
    g_autoptr(Rendered) rendered =
        letter_once(layout, DE("<p>d</p>") EN("<p>e</p>"), report, "", 1);
    g_autofree char *want = g_strconcat("[English below]\n", plain_table_1,
                                        "\nHallo,\n\nd\n\nGruß\n\n"
                                        "----\n\nHello,\n\ne\n",
                                        NULL);
    g_assert_cmpstr(rendered->text->str, ==, want);
}

/* design.md: the named columns in their order, others after them unless only. */
static void test_columns(void)
{
    static const struct {
        const char *columns, *want;
    } cases[] = {
        { "<columns>port ip</columns>",
          "\"port\",\"ip\",\"asn\",\"timestamp\"\n\"23\",\"192.0.2.7\"," },
        { "<columns>PORT missing IP</columns>", "\"port\",\"ip\",\"asn\",\"timestamp\"\n" },
        { "<columns only='yes'>port ip</columns>", "\"port\",\"ip\"\n\"23\",\"192.0.2.7\"\n" },
        { "<columns only='no'>port ip</columns>", "\"port\",\"ip\",\"asn\",\"timestamp\"\n" },
        { "<columns/>", "\"asn\",\"ip\",\"timestamp\",\"port\"\n" },
        { "", "\"asn\",\"ip\",\"timestamp\",\"port\"\n" },
        { "<columns only='yes'>missing</columns>", "\"asn\",\"ip\",\"timestamp\",\"port\"\n" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report =
            letter_report("[CB-Report#20250212-10004759] T", letter_csv, FALSE);
        g_autofree char *inside = g_strconcat(cases[i].columns, DE("<p>d</p>"), NULL);
        g_autoptr(Rendered) rendered = letter_once(letter_layout, inside, report, "de", 1);
        g_assert_nonnull(strstr(rendered->text->str, cases[i].want));
    }
}

/* CERT-Bund's words: own language first, else the other, each once, none no trace. */
static void test_quotation(void)
{
    static const struct {
        const char *de, *en, *language, *want;
    } cases[] = {
        { "d1\n\nd2  ", "e1", "de", "Hallo,\n\nI\n\n> d1\n>\n> d2\n\nGruß\n" },
        { "d1", "e1", "en", "Hello,\n\nJ\n\n> e1\n" },
        { "d1", NULL, "en", "Hello,\n\nJ\n\n> d1\n" },
        { NULL, "e1", "de", "Hallo,\n\nI\n\n> e1\n\nGruß\n" },
        { "d1", NULL, "", "Hallo,\n\nI\n\n> d1\n\nGruß\n\n----\n\nHello,\n" },
        { "d1", "e1", "", "Hallo,\n\nI\n\n> d1\n\nGruß\n\n----\n\nHello,\n\nJ\n\n> e1\n" },
        { NULL, NULL, "", "Hallo,\n\nGruß\n\n----\n\nHello,\n" },
        { "a\tb\x1b[1m", NULL, "de", "Hallo,\n\nI\n\n> a b [1m\n\nGruß\n" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report =
            letter_report("[CB-Report#20250212-10004759] T", letter_csv, FALSE);
        report->quote_de = g_strdup(cases[i].de);
        report->quote_en = g_strdup(cases[i].en);
        g_autoptr(Rendered) rendered =
            letter_once(letter_layout,
                        DE("<quotation><p>I</p></quotation>") EN("<quotation><p>J</p></quotation>"),
                        report, cases[i].language, 1);
        g_autofree char *table = g_strconcat(cases[i].want, plain_table_1, NULL);
        g_assert_true(g_str_has_suffix(rendered->text->str, table));
    }
}

/* Nothing from a report or a customers file can begin a line of the head. */
static void test_hostile_values(void)
{
    static const char layout[] =
        "<layout version='1' id='default'><languages>de en</languages>"
        "<header name='X-Name'><field name='title'/></header>"
        "<header name='X-Empty'> <many>x</many> </header>" LETTER_TEXTS "</layout>";
    g_autoptr(Report) report = letter_report("[CB-Report#20250212-10004759] T", letter_csv, FALSE);
    g_free(report->subject->title);
    report->subject->title = g_strdup("a\r\nBcc: x@example.org\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae"
                                      "<field name='ticket'/>");
    g_autoptr(Rendered) rendered =
        letter_once(layout,
                    "<notice xml:lang='de'><subject>S <field name='title'/></subject><p>"
                    "<field name='title'/></p></notice>",
                    report, "de", 1);
    g_assert_cmpstr(rendered->subject, ==, "S a Bcc: x@example.org <field name='ticket'/>");
    g_assert_cmpuint(rendered->headers->len, ==, 1);
    g_assert_cmpstr(rendered->headers->pdata[0], ==,
                    "X-Name: a Bcc: x@example.org <field name='ticket'/>");
    g_assert_nonnull(
        strstr(rendered->text->str, "\na Bcc: x@example.org <field name='ticket'/>\n"));
}

/* A title of n umlauts, or with cut one of n - 1 and an ellipsis. */
static char *umlauts(guint n, gboolean cut)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < n - (cut ? 1 : 0); i++)
        g_string_append(text, "ü");
    if (cut)
        g_string_append(text, "…");
    return g_string_free(text, FALSE);
}

/* RENDER_SUBJECT_MAX and RENDER_HEADER_MAX: at the limit whole, one above cut. */
static void test_limits(void)
{
    static const char layout[] =
        "<layout version='1' id='default'><languages>de en</languages>"
        "<header name='X'>x<field name='title'/></header>" LETTER_TEXTS "</layout>";
    static const char notice[] = "<notice xml:lang='de'><subject>x<field name='title'/></subject>"
                                 "<p>x</p></notice>";
    static const guint limits[] = { RENDER_SUBJECT_MAX, RENDER_HEADER_MAX };
    for (guint i = 0; i < G_N_ELEMENTS(limits); i++)
        for (guint over = 0; over < 2; over++) {
            g_autoptr(Report) report =
                letter_report("[CB-Report#20250212-10004759] T", letter_csv, FALSE);
            g_autofree char *rest = umlauts(limits[i] - 1, over == 1);
            g_autofree char *want = g_strconcat(i == 0 ? "x" : "X: x", rest, NULL);
            g_free(report->subject->title);
            report->subject->title = umlauts(limits[i] - 1 + over, FALSE);
            g_autoptr(Rendered) rendered = letter_once(layout, notice, report, "de", 1);
            g_assert_cmpstr(i == 0 ? rendered->subject : rendered->headers->pdata[0], ==, want);
        }
}

static void test_preface(void)
{
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    g_autoptr(Report) report = letter_report(feeds[0].subject, feeds[0].csv, FALSE);
    Customer customer = { .id = "c",
                          .email = "",
                          .cc = "",
                          .name = "",
                          .language = "",
                          .brand = "",
                          .escalation = "",
                          .reference = "",
                          .kind = "",
                          .form = "" };
    guint32 events[] = { 0 };
    const RenderInput input = { .report = report,
                                .template_ = templates_by_id(set, "open-telnet"),
                                .layout = templates_layout(set, ""),
                                .customer = &customer,
                                .events = events,
                                .n_events = 1,
                                .class_id = "open-telnet",
                                .reference = "A-7F3K2Q",
                                .preface = "Test run.\nTo: noc@example.org\n" };
    g_autoptr(Rendered) rendered = render(&input);
    g_assert_true(g_str_has_prefix(
        rendered->text->str, "Test run.\nTo: noc@example.org\n\n[English version below]\n\nSehr"));
}

/* The title in the language of the text, where the class is known by it. */
static void test_title(void)
{
    static const struct {
        const char *subject, *language, *want;
    } cases[] = {
        { "Offene Telnet-Server in AS64496", "en", "Openly accessible Telnet servers" },
        { "Offene Telnet-Server in AS64496", "de", "Offene Telnet-Server" },
        { "Openly accessible Telnet servers in country DE", "de", "Offene Telnet-Server" },
        { "Offene Telnet-Server (neu) in AS64496", "en", "Offene Telnet-Server (neu)" },
        { "Ganz Neues in AS64496", "en", "Ganz Neues" },
        { "", "en", "some-class" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *subject =
            g_strconcat("[CB-Report#20250212-10004759] ", cases[i].subject, NULL);
        g_autoptr(Report) report = letter_report(subject, letter_csv, FALSE);
        g_autoptr(Rendered) rendered =
            letter_once(letter_layout,
                        "<notice xml:lang='de'><subject><field name='title'/>: "
                        "<count/></subject><p>x</p></notice>"
                        "<notice xml:lang='en'><subject><field name='title'/>: "
                        "<count/></subject><p>x</p></notice>",
                        report, cases[i].language, 1);
        g_autofree char *want = g_strconcat(cases[i].want, ": 1", NULL);
        g_assert_cmpstr(rendered->subject, ==, want);
    }
}

/* ---- wrapping ---- */

static const struct {
    const char *name, *text, *want;
    guint width;
} wrap_cases[] = {
    { "fits-exactly", "aaa bbb", "aaa bbb\n", 7 },
    { "one-too-many", "aaa bbb", "aaa\nbbb\n", 6 },
    { "long-word-alone", "a https://example.net/a-long-path b",
      "a\nhttps://example.net/a-long-path\nb\n", 10 },
    { "blanks-fold", "  a   b  ", "a b\n", 10 },
    { "breaks", "\n\na\n\nb \n c\n", "a\n\nb\nc\n", 10 },
    { "nothing", " \n ", "", 10 },
    { "umlauts-are-one", "äöü äöü", "äöü äöü\n", 7 },
    { "combining-are-none", "a\xcc\x88o\xcc\x88 u\xcc\x88", "a\xcc\x88o\xcc\x88 u\xcc\x88\n", 4 },
    { "wide-are-two", "日本 日本", "日本 日本\n", 9 },
    { "wide-too-many", "日本 日本", "日本\n日本\n", 8 },
    { "no-break-space",
      "a\xc2\xa0"
      "b c",
      "a\xc2\xa0"
      "b\nc\n",
      4 },
};

static void test_wrap(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(wrap_cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        gboolean any = wrap_append(out, wrap_cases[i].text, wrap_cases[i].width, "", "");
        g_test_message("%s", wrap_cases[i].name);
        g_assert_cmpstr(out->str, ==, wrap_cases[i].want);
        g_assert_cmpint(any, ==, out->len > 0);
    }
}

static void test_speed(void)
{
    enum { ROWS = 5, NOTICES = 20000 };
    if (!g_test_perf()) {
        g_test_skip("only with -m perf");
        return;
    }
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    for (guint f = 0; f < G_N_ELEMENTS(feeds); f++) {
        g_autoptr(GString) csv = g_string_new("asn,ip,timestamp,port,banner\n");
        for (guint i = 0; i < ROWS; i++)
            g_string_append_printf(csv, "64496,198.18.0.%u,2025-02-11 11:10:25,23,login:\n", i);
        g_autoptr(Report) report = letter_report(feeds[f].subject, csv->str, FALSE);
        gint64 start = g_get_monotonic_time();
        for (guint i = 0; i < NOTICES; i++)
            rendered_free(letter_render(report, set, feeds[f].template_, "", ROWS));
        double seconds = (double)(g_get_monotonic_time() - start) / 1e6;
        g_test_maximized_result(NOTICES / seconds, "%s: %.0f notices/s", feeds[f].template_,
                                NOTICES / seconds);
    }
}

int main(int argc, char **argv)
{
    g_autofree char *source = g_path_get_dirname(__FILE__);
    g_autofree char *here = g_canonicalize_filename(source, NULL);
    g_setenv("G_TEST_SRCDIR", here, FALSE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/render/golden", test_golden);
    g_test_add_func("/render/width", test_width);
    for (guint i = 0; i < G_N_ELEMENTS(block_cases); i++) {
        g_autofree char *path = g_strconcat("/render/block/", block_cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_block);
    }
    g_test_add_func("/render/counts", test_counts);
    g_test_add_func("/render/count-sizes", test_count_sizes);
    for (guint i = 0; i < G_N_ELEMENTS(order_cases); i++) {
        g_autofree char *path = g_strconcat("/render/order/", order_cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_order);
    }
    g_test_add_func("/render/table-first", test_table_first);
    g_test_add_func("/render/columns", test_columns);
    g_test_add_func("/render/quotation", test_quotation);
    g_test_add_func("/render/hostile-values", test_hostile_values);
    g_test_add_func("/render/limits", test_limits);
    g_test_add_func("/render/preface", test_preface);
    g_test_add_func("/render/title", test_title);
    g_test_add_func("/render/wrap", test_wrap);
    g_test_add_func("/render/speed", test_speed);
    return g_test_run();
}
