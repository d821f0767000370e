/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* HTML -> lines, and lines -> letter: what breaks a line, what is own words, the limits. */
#include "html.h"
#include "letter.h"

#include <string.h>

/* Bare text is a paragraph: libxml2 puts it into one. */
static const struct {
    const char *html, *want;
} cases[] = {
    { "a<br />b<br>c", "\na\nb\nc\n\n" },
    { "a<br />\n<br />\nb", "\na\n\nb\n\n" },
    { "<p>a</p><p>b</p>", "\na\n\n\nb\n\n" },
    { "<div>a</div><div>b</div>", "a\nb\n" },
    { "a  b\n\t c", "\na b c\n\n" },
    { "a&nbsp;&nbsp; &nbsp;b", "\na\xc2\xa0\xc2\xa0 \xc2\xa0" "b\n\n" },
    { "8&lt;--- &amp; &gt; &quot;", "\n8<--- & > \"\n\n" },
    { "<b>192.0</b><i>.2.1</i>", "192.0.2.1" },
    { "<table><tr><th>IP</th><th>CC</th></tr>\n <tr>\n  <td><b>192.0.2.1</b></td>\n"
      "  <td>DE</td></tr></table>", "\nIP\x1f" "CC\n192.0.2.1\x1f" "DE\n\n" },
    { "<table><tr><td>a<td>b<tr><td>c<td></table>", "\na\x1f" "b\nc\x1f\n\n" },
    { "<table><tr><td>a<br>b<p>c</p></td><td>d</td></tr></table>", "\na b c\x1f" "d\n\n" },
    { "<table><tr><td>192.0.2.1</td></tr><tr><td>192.0.2.2</td></tr></table>",
      "\n192.0.2.1\n192.0.2.2\n\n" },
    { "<head><title>t</title><style>p{}</style></head><script>x<br>y</script>a", "\na\n\n" },
    { "<pre>a\tb\n c</pre>", "\na\tb\n c\n\n" },
    { "a\x1f" "b&#31;c", "\nabc\n\n" },
    { "<ul><li>a<li>b</ul>c", "\na\nb\n\n\nc\n\n" },
    { "</td></table></p>a<td", "\na\n\n" },
    { "", "" },
};

static char *text_of(const char *html, gsize length)
{
    g_autoptr(GError) error = NULL;
    gsize n;
    char *text = html_text(html, length, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(text), ==, n);
    return text;
}

static void test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = text_of(cases[i].html, strlen(cases[i].html));
        g_test_message("%s", cases[i].html);
        g_assert_cmpstr(text, ==, cases[i].want);
    }
}

/* The charset that the part says has been undone; what the HTML says does not matter. */
static void test_charset(void)
{
    static const char html[] = "<html><head><meta charset=\"iso-8859-1\"></head>Gr\xc3\xbc\xc3\x9f"
                               "e</html>";
    g_autofree char *text = text_of(html, strlen(html));
    g_assert_nonnull(strstr(text, "Gr\xc3\xbc\xc3\x9f" "e"));
}

static void test_depth(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) html = g_string_new(NULL);
        gsize n;
        for (guint i = 0; i < HTML_DEPTH_MAX + more; i++)
            g_string_append(html, "<span>");
        g_string_append(html, "x");
        g_autofree char *text = html_text(html->str, html->len, &n, &error);
        if (more == 0)
            g_assert_cmpstr(text, ==, "x");
        else
            g_assert_nonnull(strstr(error->message, "elements within each other"));
    }
}

static void test_bytes(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GError) error = NULL;
        gsize n, length = HTML_BYTES_MAX + more;
        g_autofree char *blanks = g_strnfill(length - strlen("<b>x"), ' ');
        g_autofree char *html = g_strconcat("<b>x", blanks, NULL);
        g_autofree char *text = html_text(html, length, &n, &error);
        if (more == 0)
            g_assert_cmpstr(text, ==, "x");
        else
            g_assert_nonnull(strstr(error->message, "larger than"));
    }
}

/* ---- letters */

static const struct {
    const char *text;
    guint start, end, below; /* lines */
} letters[] = {
    { "Dear Abuse-Team,\nx\nRegards,\nTeam\n-- \nBSI\n", 1, 2, 4 },
    { "Sehr geehrte Damen und Herren\nx\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en\n--\n", 1, 2, 3 },
    { "x\n--\ny\n", 0, 1, 1 },
    { "x\n---- Weitergeleitete Nachricht von A <a@example.org> ---\ny\n", 0, 1, 1 },
    { "x\n> Von: a\n> An: b\n> Betreff: c\ny\n", 0, 1, 1 },
    { "From: a\nSent: b\nSubject: c\n", 0, 0, 0 },
    { "x\n> Best regards\n--\n", 0, 2, 2 },
    { "Von: here\nx\n--\n", 0, 2, 2 },
    { "Regards to all of you, who have waited for so long for an answer, from us\n--\n", 0, 1, 1 },
};

static void test_letters(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Letter) letter
            = letter_read(g_strdup(letters[i].text), strlen(letters[i].text), FALSE, &error);
        g_assert_no_error(error);
        g_test_message("%s", letters[i].text);
        g_assert_cmpuint(letter->start, ==, letters[i].start);
        g_assert_cmpuint(letter->end, ==, letters[i].end);
        g_assert_cmpuint(letter->below, ==, letters[i].below);
    }
}

static void test_no_end(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Letter) letter = letter_read(g_strdup("Dear X,\ny\n"), 10, FALSE, &error);
    g_assert_null(letter);
    g_assert_nonnull(strstr(error->message, "it may be cut"));
}

/* The editor's tab, whole and broken at each of its blanks. */
static void test_tabs(void)
{
    static const char *const texts[]
        = { "a\xc2\xa0\xc2\xa0 \xc2\xa0" "b", "a\n\xc2\xa0 \xc2\xa0" "b",
            "a\xc2\xa0\n \xc2\xa0" "b",       "a\xc2\xa0\xc2\xa0\n\xc2\xa0" "b",
            "a\xc2\xa0\xc2\xa0 \nb" };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Letter) letter = letter_read(g_strdup(texts[i]), strlen(texts[i]), TRUE, NULL);
        const Line *last = &letter->lines[letter->n - 1];
        g_assert_cmpuint(letter->n, ==, i == 0 ? 1 : 2);
        g_assert_true(last->length == (i == 0 ? 3 : 2)
                      && memcmp(last->text, i == 0 ? "a\tb" : "\tb", last->length) == 0);
    }
}

static void test_letter_limits(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autoptr(GError) lines_error = NULL, bytes_error = NULL;
        gsize n = LETTER_LINES_MAX + more, size = LETTER_BYTES_MAX + more;
        g_autoptr(Letter) lines = letter_read(g_strnfill(n, '\n'), n, TRUE, &lines_error);
        g_autoptr(Letter) bytes = letter_read(g_strnfill(size, 'x'), size, TRUE, &bytes_error);
        g_assert_true((lines != NULL) == (more == 0) && (bytes != NULL) == (more == 0));
        if (more == 1) {
            g_assert_nonnull(strstr(lines_error->message, "more than"));
            g_assert_nonnull(strstr(bytes_error->message, "larger than"));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/html/cases", test_cases);
    g_test_add_func("/html/charset", test_charset);
    g_test_add_func("/html/depth", test_depth);
    g_test_add_func("/html/bytes", test_bytes);
    g_test_add_func("/letter/own-words", test_letters);
    g_test_add_func("/letter/no-end", test_no_end);
    g_test_add_func("/letter/tabs", test_tabs);
    g_test_add_func("/letter/limits", test_letter_limits);
    return g_test_run();
}
