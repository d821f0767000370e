/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The page of a notice: what each node becomes, that no value becomes markup, that the text is
 * the same with it as without, and that another parser finds the rows in it again. */
#include "fixture.h"
#include "guard-html.h"
#include "letter-maker.h"
#include "render-html.h"

#include <libxml/parser.h>
#include <string.h>

#define SUBJECT "[CB-Report#20250212-10004759] T in AS64496"
#define LAYOUT(table, further)                                                                     \
    "<layout version='1' id='default'><languages>de en</languages>" table further "</layout>"
#define ATTACHED                                                                                   \
    "<text xml:lang='de'><more/><attached>im <count/> Anhang</attached></text>"                    \
    "<text xml:lang='en'><more/><attached>attached</attached></text>"
#define PAGE LAYOUT("<table form='html'/>", LETTER_TEXTS)

/* Both languages have the same blocks. */
static Rendered *page_of(const char *layout, const char *blocks, const Report *report,
                         const char *language, guint n)
{
    g_autofree char *inside = g_strdup_printf(
        "<notice xml:lang='de'><subject>S &amp; &lt;b&gt;</subject>%s</notice>"
        "<notice xml:lang='en'><subject>S</subject>%s</notice>", blocks, blocks);
    return letter_once(layout, inside, report, language, n);
}

static void assert_has(const char *html, const char *wanted)
{
    if (strstr(html, wanted) == NULL)
        g_error("no \"%s\" in: %s", wanted, html);
}

static void assert_lacks(const char *html, const char *unwanted)
{
    if (strstr(html, unwanted) != NULL)
        g_error("\"%s\" in: %s", unwanted, html);
}

static void test_nodes(void)
{
    static const struct {
        const char *blocks, *language;
        guint n;
        const char *has, *lacks;
    } cases[] = {
        { "<p>x</p>", "de", 1, "<p>x</p>\n", "hr>" },
        { "<p>x</p>", "de", 1, "<html lang=\"de\">", "lang=\"en\"" },
        { "<p>x</p>", "en", 1, "<html lang=\"en\">", "lang=\"de\"" },
        { "<p>x</p>", "", 1, "<p>[English below]</p>\n<div lang=\"de\">\n<p>Hallo,</p>",
          "[Deutsch" },
        { "<p>x</p>", "", 1, "</div>\n<hr/>\n<div lang=\"en\">\n<p>Hello,</p>", "----" },
        { "<p>x</p>", "de", 1, "<title>S &amp; &lt;b&gt;</title>", "<b>" },
        { "<p><one>eins</one><many>viele</many></p>", "de", 1, "<p>eins</p>", "viele" },
        { "<p><one>eins</one><many><count/></many></p>", "de", 3, "<p>2</p>", "eins" },
        { "<p>a<br/>b</p>", "de", 1, "<p>a<br/>\nb</p>", NULL },
        { "<p><field name='customer-name'/></p>", "de", 1, "<p>Muster &amp; Söhne GmbH</p>", NULL },
        { "<p><addresses/></p>", "de", 3, "<p>192.0.2.7 und 1 weitere</p>", NULL },
        { "<p><column name='port'/></p>", "de", 3, "<p>23, 24</p>", NULL },
        { "<p><if column='port' is='24'>ja</if></p>", "de", 1, "<body>", "ja" },
        { "<p><if column='port' is='24'>ja</if></p>", "de", 3, "<p>ja</p>", NULL },
        { "<if column='port' is='24'><p>ja</p></if>", "de", 1, "<body>", "ja" },
        { "<list><item>a</item><item>&lt;</item></list>", "de", 1,
          "<ul>\n<li>a</li>\n<li>&lt;</li>\n</ul>", NULL },
        { "<list><item><if column='port' is='9'>x</if></item></list>", "de", 1, "<body>", "<ul>" },
        { "<p> <br/><if column='port' is='9'>x</if><br/></p>", "de", 1,
          "<p>Hallo,</p>\n<p>Gruß</p>", NULL },
        { "<link href='https://example.org/'><if column='port' is='9'>x</if></link>", "de", 1,
          "<p><a href=\"https://example.org/\">https://example.org/</a></p>", NULL },
        { "<p><link href='https://example.org/'/></p>", "de", 1,
          "<p><a href=\"https://example.org/\">https://example.org/</a></p>", NULL },
        { "<pre>a\n  b &lt;x></pre>", "de", 1, "<pre>a\n  b &lt;x&gt;</pre>", "<x" },
        { "<link href='https://example.org/?a=1&amp;b=2'>Mehr</link>", "de", 1,
          "<p>Mehr<br/>\n<a href=\"https://example.org/?a=1&amp;b=2\">"
          "https://example.org/?a=1&amp;b=2</a></p>", NULL },
        { "<p>siehe <link href='mailto:a@example.org'>uns</link>.</p>", "de", 1,
          "<p>siehe <a href=\"mailto:a@example.org\">uns</a>.</p>", NULL },
        { "<p>x</p><use block='b'/>", "de", 1, "<p>Block</p>", NULL },
        { "<quotation><p>Zitat:</p></quotation>", "de", 1,
          "<p>Zitat:</p>\n<blockquote>&lt;i&gt;<br/>\nzwei &amp; drei</blockquote>", "<i>" },
        { "<still-open><p>offen</p></still-open>", "de", 1, "<body>", "offen" },
        { "<told-before><p>schon</p></told-before>", "de", 1, "<body>", "schon" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
        report->quote_de = g_strdup("<i>\nzwei & drei \n");
        g_autoptr(Rendered) rendered
            = page_of(PAGE, cases[i].blocks, report, cases[i].language, cases[i].n);
        g_test_message("%s", cases[i].blocks);
        assert_has(rendered->html->str, cases[i].has);
        if (cases[i].lacks != NULL)
            assert_lacks(rendered->html->str, cases[i].lacks);
    }
}

/* Where the rows stand, whether they do, and under which labels. */
static void test_table(void)
{
    static const struct {
        const char *layout, *language;
        guint n;
        const char *has, *lacks;
    } cases[] = {
        { LAYOUT("<table form='html'/>", LETTER_TEXTS), "de", 1,
          "</div>\n<div class=\"scroll\">\n<table class=\"rows\">\n<thead>\n<tr><th>ASN</th>"
          "<th>IP-Adresse<br/>ip</th><th>Zeitpunkt (UTC)<br/>timestamp</th><th>Port</th></tr>\n"
          "</thead>\n<tbody>\n<tr><td>64496</td><td>192.0.2.7</td><td>2025-02-11 11:10:25</td>"
          "<td>23</td></tr>\n</tbody>\n</table>\n</div>\n</body>", "192.0.2.8" },
        { LAYOUT("<table form='html'/>", LETTER_TEXTS), "", 1,
          "<th>ASN</th><th>IP-Adresse / IP address<br/>ip</th>", NULL },
        { LAYOUT("<table form='html' position='start'/>", LETTER_TEXTS), "de", 1,
          "<body>\n<div class=\"scroll\">", NULL },
        { LAYOUT("<table form='html' hide='asn port'/>", LETTER_TEXTS), "de", 1,
          "<td>192.0.2.7</td>", "<td>23</td>" },
        { LAYOUT("<separator>== English ==</separator><table form='html'/>", LETTER_TEXTS), "", 1,
          "<p>== English ==</p>", "<hr/>" },
        { LAYOUT("<table form='html' max-rows='2'/>",
ATTACHED), "", 2,
          "<tr><td>64496</td><td>192.0.2.8</td>", "Anhang" },
        { LAYOUT("<table form='html' max-rows='2'/>",
ATTACHED), "", 3,
          "<div lang=\"de\">\n<p>im 3 Anhang</p>\n</div>\n<div lang=\"en\">\n<p>attached</p>",
          "<table" },
        { LAYOUT("<table form='attachment html'/>",
ATTACHED), "de", 1,
          "<p>im 1 Anhang</p>\n</div>\n<div class=\"scroll\">", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
        g_autoptr(Rendered) rendered
            = page_of(cases[i].layout, "<p>x</p>", report, cases[i].language, cases[i].n);
        g_test_message("%s", cases[i].layout);
        assert_has(rendered->html->str, cases[i].has);
        if (cases[i].lacks != NULL)
            assert_lacks(rendered->html->str, cases[i].lacks);
    }
}

/* Of one row more than a page may have all are attached, which page and text say; the text has
 * them, too. */
static void test_many(void)
{
    g_autoptr(GString) csv = g_string_new("asn,ip,timestamp,port\n");

    for (guint i = 0; i <= RENDER_PAGE_ROWS_MAX; i++)
        g_string_append_printf(csv, "64496,192.0.2.7,2025-02-11 11:10:25,%u\n", 1000 + i);
    g_autoptr(Report) report = letter_report(SUBJECT, csv->str, FALSE);
    for (guint more = 0; more < 2; more++) {
        guint n = RENDER_PAGE_ROWS_MAX + more;
        g_autofree char *last = g_strdup_printf(",\"%u\"\n", 1000 + n - 1);
        g_autofree char *said = g_strdup_printf("im %u Anhang", n);
        g_autoptr(Rendered) rendered
            = page_of(LAYOUT("<table form='html'/>", ATTACHED), "<p>x</p>", report, "de", n);
        assert_has(rendered->text->str, last);
        g_assert_true(rendered->rows_attached == (more == 1));
        (more == 1 ? assert_has : assert_lacks)(rendered->html->str, said);
        (more == 1 ? assert_has : assert_lacks)(rendered->text->str, said);
        (more == 1 ? assert_lacks : assert_has)(rendered->html->str, "<td>1000</td>");
        (more == 1 ? assert_lacks : assert_has)(rendered->html->str, "<table");
    }
}

/* A layout that leaves out <attached>: page and text say it all the same, in each language. */
static void test_unsaid(void)
{
    static const char de[] = "Alle Zeilen stehen in der angeh\xc3\xa4ngten Datei.";
    static const char en[] = "All rows are in the attached file.";
    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
    g_autoptr(Rendered) rendered
        = page_of(LAYOUT("<table form='html attachment'/>", LETTER_TEXTS),
                  "<p>x</p>", report, "", 3);

    assert_has(rendered->html->str, de);
    assert_has(rendered->html->str, en);
    assert_has(rendered->text->str, de);
    assert_has(rendered->text->str, en);
}

/* Nothing changes but that there is a page. */
static void test_off(void)
{
    static const char *const tables[] = { "<table/>", "<table form='csv'/>" };

    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
    g_autoptr(Rendered) with = page_of(PAGE, "<p>x</p>", report, "", 3);
    for (guint i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autofree char *layout = g_strdup_printf(LAYOUT("%s", LETTER_TEXTS), tables[i]);
        g_autoptr(Rendered) without = page_of(layout, "<p>x</p>", report, "", 3);
        g_assert_null(without->html);
        g_assert_cmpstr(with->text->str, ==, without->text->str);
        g_assert_cmpstr(with->subject, ==, without->subject);
    }
}

/* The first of a report's own words in a shipped template, to be looked at as a whole. */
static void test_golden(void)
{
    static const char csv[]
        = "asn,ip,timestamp,port,banner\n"
          "64496,192.0.2.7,2025-02-11 11:10:25,23,\"<a href=\"\"https://example.org/\"\">\"\n"
          "64496,2001:db8::17,2025-02-11 11:20:00,23,\"two\nlines,   blanks\"\n";
    g_autofree char *shipped = letter_shipped(), *layout = NULL;
    char *own = fixture_directory();
    g_autofree char *file = g_build_filename(shipped, "default.xml", NULL);

    g_assert_true(g_file_get_contents(file, &layout, NULL, NULL));
    g_auto(GStrv) halves = g_strsplit(layout, "<table position=\"end\" ", 2);
    g_autofree char *with = g_strjoinv("<table form=\"html\" ", halves);
    g_assert_cmpstr(with, !=, layout);
    fixture_write(own, "default.xml", with);
    g_autoptr(TemplateSet) set = letter_set(own, shipped);
    g_autoptr(Report) report = letter_report(SUBJECT, csv, FALSE);
    g_autoptr(Rendered) both = letter_render(report, set, "open-telnet", "", 2);
    g_autoptr(Rendered) one = letter_render(report, set, "open-telnet", "en", 1);
    letter_golden_file("open-telnet.both.many.html", both->html->str);
    letter_golden_file("open-telnet.en.one.html", one->html->str);
    fixture_remove(own);
}

/* ---- cells, read back */

static void append_random(GString *cell)
{
    static const char marks[] = "<>&\"'/;!-[]CDATA#x3 =\t\n\r";
    guint n = (guint)g_test_rand_int_range(0, 12);

    while (n-- > 0) {
        int kind = g_test_rand_int_range(0, 4);
        gunichar c = kind < 2   ? (gunichar)marks[g_test_rand_int_range(0, sizeof marks - 1)]
            : kind == 2         ? (gunichar)g_test_rand_int_range(1, 0x3000)
                                : (gunichar)g_test_rand_int_range(0xf000, 0x11000);
        if (c == '"')
            g_string_append_c(cell, '"'); /* RFC 4180: doubled */
        g_string_append_unichar(cell, c);
    }
}

static const xmlNode *next_named(const xmlNode *node, const char *name)
{
    while (node != NULL && strcmp((const char *)node->name, name) != 0)
        node = node->next;
    return node;
}

/* The n cells of the first row, each of nothing but text. */
static void assert_cells(const char *html, char **want, guint n)
{
    xmlDoc *document = xmlReadMemory(html, (int)strlen(html), NULL, "UTF-8", XML_PARSE_NONET);
    g_assert_nonnull(document);
    const xmlNode *body = next_named(xmlDocGetRootElement(document)->children, "body"), *table;
    const xmlNode *scroll = next_named(body->children, "div");
    while ((table = next_named(scroll->children, "table")) == NULL)
        scroll = next_named(scroll->next, "div");
    const xmlNode *row = next_named(next_named(table->children, "tbody")->children, "tr");
    const xmlNode *cell = row->children;
    for (guint i = 0; i < n; i++, cell = cell->next) {
        g_assert_cmpstr((const char *)cell->name, ==, "td");
        g_assert_true(cell->children == NULL
                      || (cell->children->type == XML_TEXT_NODE && cell->children->next == NULL));
        xmlChar *text = xmlNodeGetContent(cell);
        g_assert_cmpstr((const char *)text, ==, want[i]);
        xmlFree(text);
    }
    g_assert_null(cell);
    xmlFreeDoc(document);
}

/* What the header promises of a cell. */
static char *as_shown(const char *cell)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (const char *p = cell; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        gboolean unseen = g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029;
        gboolean kept = c == '\n' || c == '\t';
        g_string_append_unichar(
            out, ((unseen && !kept) || turns || c == 0xfffe || c == 0xffff) ? 0xfffd : c);
    }
    return g_strdup(out->str);
}

/* Whatever a cell holds, another parser reads it back from the page, and the guard does. */
static void test_cells_come_back(void)
{
    static const guint32 event = 0;
    static const guint columns[] = { 0, 1, 2, 3 };

    for (guint round = 0; round < 300; round++) {
        g_autoptr(GString) csv = g_string_new("ip,timestamp,banner,other\n"
                                              "192.0.2.7,2025-02-11 11:10:25,\"");
        append_random(csv);
        g_string_append(csv, "\",\"");
        append_random(csv);
        g_string_append(csv, "\"\n");
        g_autoptr(Report) report = letter_report(SUBJECT, csv->str, FALSE);
        g_autoptr(Rendered) rendered
            = page_of(PAGE, "<p><column name='banner'/></p>", report, "de", 1);
        char *want[4];
        for (guint c = 0; c < 4; c++)
            want[c] = as_shown(table_cell(report->table, 0, c));
        assert_cells(rendered->html->str, want, 4);
        for (guint c = 0; c < 4; c++)
            g_free(want[c]);

        const Shown shown = { report->table, &event, 1, columns, 4 };
        g_autoptr(GError) error = NULL;
        GString *words = guard_html_words(rendered->html->str, rendered->html->len, &shown, TRUE,
                                          rendered->rows_attached, &error);
        g_assert_no_error(error);
        g_string_free(words, TRUE);
    }
}

/* Nothing in it makes a reader's program fetch or run anything. */
static void test_nothing_active(void)
{
    static const char *const never[] = { "<script", "<img", "<link", "<iframe", "<form", "src=",
                                         "url(", "@import", "javascript:", " on", "style=" };
    static const char csv[]
        = "ip,timestamp,banner\n"
          "192.0.2.7,2025-02-11 11:10:25,<script src=x><img src=y><a href='javascript:z'>\n";
    g_autoptr(Report) report = letter_report(SUBJECT, csv, FALSE);
    g_autoptr(Rendered) rendered
        = page_of(PAGE, "<p><column name='banner'/></p>", report, "de", 1);

    g_auto(GStrv) tags = g_strsplit(rendered->html->str, "<", -1);
    for (guint i = 1; tags[i] != NULL; i++) {
        g_autofree char *tag = g_strndup(tags[i], strcspn(tags[i], ">"));
        g_autofree char *whole = g_strconcat("<", tag, NULL);
        for (guint k = 0; k < G_N_ELEMENTS(never); k++)
            g_assert_null(strstr(whole, never[k]));
    }
    assert_has(rendered->html->str, "<td>&lt;script src=x&gt;&lt;img src=y&gt;");
    assert_lacks(rendered->html->str, "<a ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/render-html/nodes", test_nodes);
    g_test_add_func("/render-html/table", test_table);
    g_test_add_func("/render-html/many", test_many);
    g_test_add_func("/render-html/unsaid", test_unsaid);
    g_test_add_func("/render-html/off", test_off);
    g_test_add_func("/render-html/golden", test_golden);
    g_test_add_func("/render-html/cells-come-back", test_cells_come_back);
    g_test_add_func("/render-html/nothing-active", test_nothing_active);
    return g_test_run();
}
