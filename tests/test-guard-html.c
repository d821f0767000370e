/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Law 2 in the HTML of a notice: its rows are the customer's, nothing else names another
 * customer's system, and it has nothing that could hide one. */
#include "attachment.h"
#include "errors.h"
#include "guard-html.h"
#include "guard.h"
#include "letter-maker.h"
#include "message.h"
#include "notice.h"

#include <string.h>

/* Rows 0 and 2 of letter_csv are the customer's; 192.0.2.8 is somebody else's. */
static const guint32 own[] = { 0, 2 };
static const guint columns[] = { 1, 3 };
#define N_OWN G_N_ELEMENTS(own)

#define ROW_1 "<tr><td>192.0.2.7</td><td>23</td></tr>"
#define ROW_2 "<tr><td>192.0.2.7</td><td>24</td></tr>"
#define TABLE                                                                                      \
    "<table class=\"rows\"><thead><tr><th>IP<br/>ip</th><th>Port</th></tr></thead>\n"              \
    "<tbody>\n" ROW_1 "\n" ROW_2 "\n</tbody></table>"

static const char page[]
    = "<!DOCTYPE html>\n<html lang=\"de\"><head><meta charset=\"utf-8\"/><title>T</title>"
      "<style>p{margin:0}</style></head>\n<body>"
      "<p>Hallo <a href=\"https://example.org/\">da</a></p><div class=\"scroll\">" TABLE "</div></body></html>\n";

/* page with the first `old` made `new`; both NULL: as it is. */
static char *changed(const char *old, const char *new)
{
    const char *at = old != NULL ? strstr(page, old) : page;
    g_assert_nonnull(at);
    return g_strdup_printf("%.*s%s%s", (int)(at - page), page, new != NULL ? new : "",
                           at + (old != NULL ? strlen(old) : 0));
}

static Report *make_report(void)
{
    return letter_report("[CB-Report#20250212-10004759] T in AS64496", letter_csv, FALSE);
}

/* Where a notice has its rows, beside the page. */
typedef enum { IN_FILE, IN_TEXT, IN_BOTH } Where;

/* A notice with these rows and this page. */
static GBytes *make_notice(const Report *report, const char *html, Where where)
{
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    NoticeHead head = { .from = "abuse@example.org", .to = to, .subject = "Hinweis",
                        .message_id = "<a@example.org>", .date = 1739354227,
                        .html = g_string_new(html) };
    GString *text = g_string_new("Hallo\n\n");
    g_autoptr(GString) rows = g_string_new(NULL);

    table_append_csv(report->table, rows, -1, columns, 2);
    for (guint i = 0; i < N_OWN; i++)
        table_append_csv(report->table, rows, own[i], columns, 2);
    if (where != IN_FILE)
        g_string_append(text, rows->str);
    if (where != IN_TEXT) {
        GString *file = g_string_new(rows->str);
        g_string_replace(file, "\n", "\r\n", 0);
        head.files = attachments_new();
        g_ptr_array_add(head.files, attachment_new("text/csv", g_strdup("rows.csv"), file));
    }
    g_autoptr(GError) error = NULL;
    GBytes *notice = notice_write(&head, text, &error);
    g_assert_no_error(error);
    return notice;
}

static void check(const char *why, const char *html, Where where, gboolean want)
{
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);
    g_autoptr(GBytes) notice = make_notice(report, html, where);
    g_autoptr(GError) error = NULL;
    gboolean passed = guard_check(guard, notice, own, N_OWN, columns, 2, &error);

    g_test_message("%s: %s", why, passed ? "passes" : error->message);
    g_assert_true(passed == want);
    if (!want) {
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
        g_assert_null(strstr(error->message, "192.0.2.8"));
    }
}

typedef struct {
    const char *why, *old, *new;
    gboolean want;
} Case;

static void check_all(const Case *cases, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        g_autofree char *html = changed(cases[i].old, cases[i].new);
        check(cases[i].why, html, IN_TEXT, cases[i].want);
    }
}

static void test_rows(void)
{
    static const Case cases[] = {
        { "as written", NULL, NULL, TRUE },
        { "a foreign row more", ROW_2, ROW_2 "<tr><td>192.0.2.8</td><td>23</td></tr>", FALSE },
        { "an own row more", ROW_2, ROW_2 ROW_2, FALSE },
        { "a row less", ROW_2, "", FALSE },
        { "rows in another order", ROW_1 "\n" ROW_2, ROW_2 ROW_1, FALSE },
        { "a cell less", "<td>23</td>", "", FALSE },
        { "a cell more", "<td>23</td>", "<td>23</td><td>x</td>", FALSE },
        { "another cell", "<td>23</td>", "<td>25</td>", FALSE },
        { "a cell and a blank", "<td>23</td>", "<td>23 </td>", FALSE },
        { "a link in a cell", "<td>23</td>", "<td><a href=\"https://example.org\">23</a></td>",
          FALSE },
        { "an attribute at a cell", "<td>23</td>", "<td title=\"192.0.2.8\">23</td>", FALSE },
        { "an attribute at a row", "<tr><td>", "<tr class=\"rows\"><td>", FALSE },
        { "text between cells", "<td>23</td>", "x<td>23</td>", FALSE },
        { "text between rows", ROW_2, "192.0.2.8" ROW_2, FALSE },
        { "CDATA in a cell", "<td>23</td>", "<td><![CDATA[23]]></td>", FALSE },
        { "a comment in a cell", "<td>23</td>", "<td>23<!-- 192.0.2.8 --></td>", FALSE },
        { "a cell by character references", "<td>23</td>", "<td>&#50;&#x33;</td>", TRUE },
        { "a foreign address as a label", "<th>Port</th>", "<th>192.0.2.8</th>", FALSE },
        { "a foreign address in a label's two lines", "<th>IP<br/>ip</th>",
          "<th>192.<br/>0.2.8</th>", FALSE },
        { "a label less", "<th>Port</th>", "", FALSE },
        { "two lines of labels", "</thead>", "<tr><th>x</th><th>y</th></tr></thead>", FALSE },
        { "no table", TABLE, "", FALSE },
        { "a second table", TABLE, TABLE TABLE, FALSE },
        { "a table outside of its place", "<p>Hallo", "<table class=\"rows\"/><p>Hallo", FALSE },
        { "a row outside of a table", "<p>Hallo", "<tr><td>192.0.2.8</td></tr><p>Hallo", FALSE },
        { "a caption", "<thead>", "<caption>x</caption><thead>", FALSE },
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_words(void)
{
    static const Case cases[] = {
        { "own address", "Hallo", "192.0.2.7", TRUE },
        { "address that is in no row", "Hallo", "203.0.113.9", TRUE },
        { "foreign address", "Hallo", "192.0.2.8", FALSE },
        { "by character references", "Hallo", "&#49;92.0.2.&#x38;", FALSE },
        { "over a link's border", "Hallo ", "192.0.2<a href=\"https://a.example\">.8</a>", FALSE },
        { "over a line end", "Hallo", "192.0.<br/>2.8", FALSE },
        { "in the title", "<title>T", "<title>192.0.2.8", FALSE },
        { "in the style sheet", "p{margin:0}", "p{margin:0}192.0.2.8{}", FALSE },
        { "in a link", "https://example.org/", "https://192.0.2.8/", FALSE },
        { "in a link, percent encoded", "example.org/", "example.org/%31%392.0.2%2E8", FALSE },
        { "in a link, percent encoded behind what is none", "example.org/",
          "example.org/%zz%/%31%392.0.2%2E8", FALSE },
        { "a per cent sign in a link", "example.org/", "example.org/100%", TRUE },
        { "in the language", "lang=\"de\"", "lang=\"192.0.2.8\"", FALSE },
        { "in a class", "class=\"scroll\"", "class=\"192.0.2.8\"", FALSE },
        { "in a meta", "charset=\"utf-8\"", "charset=\"utf-8\" name=\"x\" content=\"192.0.2.8\"",
          FALSE },
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

/* Refused whatever they say: the foreign address is in none of them. */
static void test_markup(void)
{
    static const Case cases[] = {
        { "script", "<p>", "<script>1</script><p>", FALSE },
        { "image", "<p>", "<img src=\"https://example.org/x\"/><p>", FALSE },
        { "link to a sheet", "<title>",
          "<link rel=\"stylesheet\" href=\"https://example.org\"/><title>", FALSE },
        { "frame", "<p>", "<iframe src=\"https://example.org\"></iframe><p>", FALSE },
        { "object", "<p>", "<object data=\"https://example.org\"></object><p>", FALSE },
        { "form", "<p>", "<form action=\"https://example.org\"></form><p>", FALSE },
        { "unknown element", "<p>", "<b>x</b><p>", FALSE },
        { "style in the body", "<p>", "<style>p{}</style><p>", FALSE },
        { "text in the head", "<title>", "<p>x</p><title>", FALSE },
        { "style attribute", "<p>", "<p style=\"color:red\">", FALSE },
        { "hidden element", "<p>", "<p hidden=\"hidden\">x</p><p>", FALSE },
        { "handler", "<p>", "<p onclick=\"x\">", FALSE },
        { "refresh", "<title>", "<meta http-equiv=\"refresh\" content=\"1\"/><title>", FALSE },
        { "javascript link", "https://example.org/", "javascript:x", FALSE },
        { "data link", "https://example.org/", "data:text/html,x", FALSE },
        { "link to elsewhere on the page", "https://example.org/", "#x", FALSE },
        { "http link", "https://example.org/", "http://example.org/", TRUE },
        { "mail link", "https://example.org/", "mailto:abuse@example.org", TRUE },
        { "fetched background", "p{margin:0}", "p{background:URL(https://example.org/x)}", FALSE },
        { "import", "p{margin:0}", "@import 'https://example.org/x';", FALSE },
        { "escaped import", "p{margin:0}", "@\\69mport 'https://example.org/x';", FALSE },
        { "text of a sheet", "p{margin:0}", "p:before{content:'x'}", FALSE },
        { "text of a sheet behind a blank", "p{margin:0}", "p:before{content\n :'x'}", FALSE },
        { "a sheet that fits widths", "p{margin:0}", "p{width:max-content}", TRUE },
        { "a sheet that hides", "p{margin:0}", "p{display:none}", FALSE },
        { "comment", "<p>", "<!-- x --><p>", FALSE },
        { "comment in front", "<!DOCTYPE html>", "<!DOCTYPE html><!-- x -->", FALSE },
        { "comment behind", "</html>", "</html><!-- x -->", FALSE },
        { "CDATA", "Hallo", "<![CDATA[Hallo]]>", FALSE },
        { "processing instruction", "<p>", "<?x y?><p>", FALSE },
        { "entity of a DTD", "<!DOCTYPE html>", "<!DOCTYPE html [<!ENTITY e 'x'>]>", FALSE },
        { "DTD from elsewhere", "<!DOCTYPE html>", "<!DOCTYPE html SYSTEM 'https://example.org/d'>",
          FALSE },
        { "unknown entity", "Hallo", "&nbsp;", FALSE },
        { "namespace", "<p>", "<p xmlns=\"https://example.org\">", FALSE },
        { "not closed", "</p>", "", FALSE },
        { "other root", "<html lang=\"de\">", "<x>", FALSE },
        { "a control character", "Hallo", "Hal\1lo", FALSE },
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

/* Rows are attached, alone: then the page has none either. */
static void test_attached(void)
{
    g_autofree char *without = changed(TABLE, ""), *less = changed(ROW_2, "");

    check("rows nowhere but in the file", without, IN_FILE, TRUE);
    check("rows in file and text, not in the page", without, IN_BOTH, FALSE);
    check("rows in all three", page, IN_BOTH, TRUE);
    check("rows in all three, one less in the page", less, IN_BOTH, FALSE);
    check("rows in file and page, not in the text", page, IN_FILE, FALSE);
}

/* Of so many rows a page must have them, of one more it need not. */
static void test_too_many(void)
{
    g_autofree char *without = changed(TABLE, "");
    g_autofree guint32 *events = g_new0(guint32, GUARD_HTML_ROWS_MAX + 1);
    g_autoptr(Report) report = make_report();

    for (guint more = 0; more < 2; more++) {
        const Shown shown = { report->table, events, GUARD_HTML_ROWS_MAX + more, columns, 2 };
        g_autoptr(GError) error = NULL;
        GString *words = guard_html_words(without, strlen(without), &shown, TRUE, TRUE, &error);
        g_assert_true((words != NULL) == (more == 1));
        if (words != NULL)
            g_string_free(words, TRUE);
    }
}

static void test_depth(void)
{
    g_autoptr(Report) report = make_report();
    const Shown shown = { report->table, own, N_OWN, columns, 2 };

    for (guint n = GUARD_HTML_DEPTH_MAX; n <= GUARD_HTML_DEPTH_MAX + 1; n++) {
        g_autoptr(GString) html = g_string_new("<html><body>"); /* two of them */
        g_autoptr(GError) error = NULL;
        for (guint i = 2; i < n; i++)
            g_string_append(html, "<div>");
        for (guint i = 2; i < n; i++)
            g_string_append(html, "</div>");
        g_string_append(html, "</body></html>");
        GString *words = guard_html_words(html->str, html->len, &shown, FALSE, FALSE, &error);
        g_assert_cmpint(words != NULL, ==, n == GUARD_HTML_DEPTH_MAX);
        if (words != NULL)
            g_string_free(words, TRUE);
    }
}

/* The parts of a mail: what of it a notice may have. */
static void test_parts(void)
{
#define PLAIN                                                                                      \
    "Content-Type: text/plain\r\n\r\n"                                                             \
    "\"ip\",\"port\"\n\"192.0.2.7\",\"23\"\n\"192.0.2.7\",\"24\"\n"
#define HTML "Content-Type: text/html\r\n\r\n"
    static const struct {
        const char *why, *type, *first, *second, *third;
        gboolean want;
    } cases[] = {
        { "text and HTML", "alternative", PLAIN, HTML, NULL, TRUE },
        { "HTML and text", "alternative", HTML, PLAIN, NULL, FALSE },
        { "in a mixed", "mixed", PLAIN, HTML, NULL, FALSE },
        { "two of HTML", "alternative", PLAIN, HTML, HTML, FALSE },
        { "an attached page", "alternative", PLAIN,
          "Content-Disposition: attachment\r\n" HTML, NULL, FALSE },
        { "a named page", "alternative", PLAIN,
          "Content-Disposition: inline; filename=192.0.2.8\r\n" HTML, NULL, FALSE },
        { "a third alternative", "alternative", PLAIN, HTML,
          "Content-Type: text/csv\r\nContent-Disposition: attachment\r\n\r\n", FALSE },
        { "HTML alone", "alternative", HTML, NULL, NULL, FALSE },
    };
    g_autoptr(Report) report = make_report();
    g_autoptr(Guard) guard = guard_new(report);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const parts[] = { cases[i].first, cases[i].second, cases[i].third };
        GString *mail = g_string_new("From: abuse@example.org\r\nMIME-Version: 1.0\r\n");
        g_string_append_printf(mail, "Content-Type: multipart/%s; boundary=b\r\n\r\n",
                               cases[i].type);
        for (guint k = 0; k < G_N_ELEMENTS(parts) && parts[k] != NULL; k++)
            g_string_append_printf(mail, "--b\r\n%s%s\r\n", parts[k],
                                   strstr(parts[k], "text/html") != NULL ? page : "");
        g_string_append(mail, "--b--\r\n");
        g_autoptr(GBytes) notice = g_string_free_to_bytes(mail);
        g_autoptr(GError) error = NULL;
        gboolean passed = guard_check(guard, notice, own, N_OWN, columns, 2, &error);
        g_test_message("%s: %s", cases[i].why, passed ? "passes" : error->message);
        g_assert_true(passed == cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/guard-html/rows", test_rows);
    g_test_add_func("/guard-html/words", test_words);
    g_test_add_func("/guard-html/markup", test_markup);
    g_test_add_func("/guard-html/attached", test_attached);
    g_test_add_func("/guard-html/too-many", test_too_many);
    g_test_add_func("/guard-html/depth", test_depth);
    g_test_add_func("/guard-html/parts", test_parts);
    return g_test_run();
}
