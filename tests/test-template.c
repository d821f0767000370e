/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Templates and layouts: what is read, and what each kind of fault is told as.
 * Every case is a file beside a sound layout in a directory of its own. */
#include "template.h"

#include "render.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *new_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *directory = g_dir_make_tmp("certbund-template-XXXXXX", &error);
    g_assert_no_error(error);
    return directory;
}

static void put(const char *directory, const char *name, const char *content, gssize length)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, content, length, &error);
    g_assert_no_error(error);
}

static void remove_directory(char *directory)
{
    GDir *dir = g_dir_open(directory, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_dir_close(dir);
    g_rmdir(directory);
    g_free(directory);
}

static const char sound_layout[] =
    "<layout version='1' id='default'><languages>de en</languages>\n"
    "<text xml:lang='de'><more>und <count/> weitere</more>\n"
    "<block name='thanks'><p>Danke</p></block><block name='only-german'/></text>\n"
    "<text xml:lang='en'><more>and <count/> more</more>\n"
    "<block name='thanks'><p>Thanks</p></block></text></layout>\n";

/* The templates here are as short as can be: of no class, in German alone. */
static gboolean is_of_shortness(const char *text)
{
    return strstr(text, "warning: no class that is known") != NULL ||
           strstr(text, "warning: language en is missing") != NULL;
}

/* Without their columns and what is said of classes, which test-template-faults.c looks at. */
static char *all_faults(const Faults *faults)
{
    g_autoptr(GRegex) column = g_regex_new("(\\.xml:\\d+):\\d+", 0, 0, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < faults_count(faults); i++) {
        g_assert_null(strpbrk(faults_text(faults, i), "\r\n")); /* one line each */
        if (!is_of_shortness(faults_text(faults, i)))
            g_string_append_printf(text, "%s\n", faults_text(faults, i));
    }
    return g_regex_replace(column, text->str, -1, 0, "\\1", 0, NULL);
}

static TemplateSet *load(const char *first, const char *second, Faults *faults)
{
    const char *const directories[] = { first, second, NULL };
    return templates_load(directories, faults);
}

#define T "<template version='1' id='x'>\n<match><title>X</title></match>\n"
#define N "<notice xml:lang='de'>\n<subject>S</subject>\n"
#define P "<p>text</p>"
#define E "</notice></template>"
#define L "<layout version='1' id='l'>\n<languages>de</languages>\n"
/* As many bytes as an id or the name of a header field may have. */
#define ID_60 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456"
#define X "<text xml:lang='de'><more>m</more></text>"

static const struct {
    const char *name, *content, *want; /* NULL: no fault */
} file_cases[] = {
    { "sound", T N P E, NULL },
    { "comments-and-instructions", T "<!-- c --><?p i?>" N "<!-- c -->" P E, NULL },
    { "cdata", T N "<p><![CDATA[a < b]]></p>" E, NULL },
    { "interleaved-order",
      "<template version='1' id='x'>" N P "</notice><columns>ip</columns>"
      "<match><title>X</title></match></template>",
      NULL },
    { "not-xml", "Dear customer",
      "x.xml:1: text before the first tag, expected <template> or <layout>" },
    { "empty-file", "", "x.xml:1: nothing in the file, expected <template> or <layout>" },
    { "unclosed", T N "<p>text\n</notice></template>",
      "x.xml:6: </notice> while <p> of 5:1 is open, expected </p> before it" },
    { "html-entity", T N "<p>a&nbsp;b</p>" E,
      "x.xml:5: &nbsp; is HTML's alone, expected the character itself or &#160;" },
    { "nul-byte", T N "<p>a&#0;b</p>" E, "x.xml:5: &#0; is no character of XML" },
    { "control-c1", T N "<p>a&#x85;b</p>" E, "x.xml:5: control character in the text" },
    { "control-line-separator", T N "\n<p>a&#x2028;b</p>" E, "x.xml:6: control character" },
    { "control-in-attribute", T N "<link href='https://example.net/&#10;x'/>" E,
      "x.xml:5: control character" },
    { "element-typo", T N "<pp>text</pp>" E,
      "x.xml:5: unknown element <pp> in <notice>, did you mean <p>? expected <subject>, <p>, "
      "<list>" },
    { "element-typo-elsewhere", T N "<p><fild name='ticket'/></p>" E,
      "x.xml:5: unknown element <fild> in <p>, did you mean <field>? expected" },
    { "element-of-html", T N "<p><strong>text</strong></p>" E,
      "x.xml:5: <strong> of HTML in <p>, which notices don't have; expected the words without it" },
    { "element-out-of-place", T N "<p><item>text</item></p>" E,
      "x.xml:5: <item> can't stand in <p>, expected <field>" },
    { "element-in-text-alone", T N "<pre><count/></pre>" E,
      "x.xml:5: <count> can't stand in <pre>, expected text alone" },
    { "link-in-subject",
      T "<notice xml:lang='de'>\n<subject>S <link href='https://example.net/'/>"
        "</subject>" P E,
      "x.xml:4: <link> can't stand in <subject>" },
    { "use-in-block",
      L "<text xml:lang='de'><more>m</more>\n<block name='a'>"
        "<use block='a'/></block></text></layout>",
      "x.xml:4: <use> can't stand in <block>" },
    { "foreign-namespace", "<template xmlns='urn:x' version='1' id='x'/>",
      "x.xml:1: element <template> of namespace \"urn:x\" as the outermost one, expected " },
    { "xinclude",
      T N "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
          "href='/etc/hostname'/>" E,
      "x.xml:5: element <include> of namespace" },
    { "other-root", "<templates/>",
      "x.xml:1: unknown element <templates> as the outermost "
      "one, did you mean <template>? expected" },
    { "attribute-typo", T "<notice xml:lang='de' grup-by='address'>\n<subject>S</subject>" P E,
      "x.xml:3: unknown attribute grup-by in <notice>, did you mean group-by?; expected" },
    { "attribute-value", T "<columns only='maybe'>ip</columns>" N P E,
      "x.xml:3: only=\"maybe\" in <columns>, expected \"yes\" or \"no\"" },
    { "attribute-missing", T "<notice>\n<subject>S</subject>" P E,
      "x.xml:3: <notice> lacks its attribute xml:lang=\"...\"" },
    { "attribute-none-allowed", T N "<p class='a'>text</p>" E,
      "x.xml:5: unknown attribute class in <p>; expected none" },
    { "version", "<template version='2' id='x'>" N P E,
      "x.xml:1: version=\"2\" in <template>, "
      "expected \"1\"" },
    { "no-subject", T "<notice xml:lang='de'>\n" P E, "x.xml:3: <notice> lacks <subject>" },
    { "no-notice", T "</template>", "x.xml:1: <template> lacks <notice>" },
    { "two-subjects", T N "<subject>again</subject>" P E,
      "x.xml:5: <subject> stands twice in <notice>, expected one" },
    { "subject-last", T "<notice xml:lang='de'>\n" P "\n<subject>S</subject>" E,
      "is not as certbund-template(5) has it, or not at its place" },
    { "no-block", T N E, "x.xml:3: <notice> is not as certbund-template(5) has it" },
    { "empty-list", T N "<list></list>" E, "x.xml:5: <list> lacks <item>" },
    { "loose-text", T N "text" E, "x.xml:5: text in <notice>, expected <subject>, <p>" },
    { "unknown-field", T N "<p><field name='tiket'/></p>" E,
      "x.xml:5: unknown field \"tiket\", did you mean \"ticket\"?; expected one of ticket, title" },
    { "unknown-field-far", T N "<p><field name='temperature'/></p>" E,
      "x.xml:5: unknown field \"temperature\"; expected one of" },
    { "href-script", T N "<link href='javascript:alert(1)'/>" E,
      "x.xml:5: href=\"javascript:alert(1)\", expected https://" },
    { "href-blank", T N "<link href='https://example.net/a b'/>" E, "x.xml:5: href=" },
    { "subject-blank", T "<notice xml:lang='de'><subject> \n </subject>" P E,
      "x.xml:3: the subject may be empty (one address)" },
    { "subject-only-one", T "<notice xml:lang='de'><subject><one>S</one></subject>" P E,
      "x.xml:3: the subject may be empty (several addresses)" },
    { "subject-only-field",
      T "<notice xml:lang='de'><subject><field name='customer-name'/>"
        "</subject>" P E,
      "x.xml:3: the subject may be empty" },
    { "group-by-differs",
      T N P "</notice>\n<notice xml:lang='en' group-by='address'>"
            "<subject>S</subject>" P E,
      "x.xml:6: group-by differs from that at 3:9, expected the same in all languages" },
    { "language-twice", T N P "</notice>\n" N P E, "x.xml:6: a second <notice xml:lang=\"de\">" },
    { "language-odd", T "<notice xml:lang='German'><subject>S</subject>" P E,
      "x.xml:3: xml:lang=\"German\", expected a language such as de or en" },
    { "language-of-no-layout", T "<notice xml:lang='fr'><subject>S</subject>" P E,
      "x.xml:1: no language in common with layout \"default\"" },
    { "id-odd", "<template version='1' id='a/b'>\n<match><title>X</title></match>" N P E,
      "x.xml:1: id=\"a/b\", expected 1 to 60 of a-z, 0-9 and -" },
    { "id-limit", "<template version='1' id='" ID_60 "'>\n<match><title>X</title></match>" N P E,
      NULL },
    { "id-above", "<template version='1' id='" ID_60 "7'>\n<match><title>X</title></match>" N P E,
      "x.xml:1: id=\"" ID_60 "7\", expected 1 to 60 of a-z, 0-9 and -" },
    { "id-empty", "<template version='1' id=''>\n<match><title>X</title></match>" N P E,
      "x.xml:1: id=\"\", expected 1 to 60 of a-z, 0-9 and -" },
    { "language-limit", T "<notice xml:lang='abcdefgh'><subject>S</subject>" P E,
      "x.xml:1: no language in common with layout \"default\"" },
    { "language-above", T "<notice xml:lang='abcdefghi'><subject>S</subject>" P E,
      "x.xml:3: xml:lang=\"abcdefghi\", expected a language such as de or en" },
    { "match-missing", "<template version='1' id='x'>" N P E, "x.xml:1: <template> lacks <match>" },
    { "match-missing-report", "<template version='1' id='report'>" N P E, NULL },
    { "title-empty", "<template version='1' id='x'>\n<match><title/></match>" N P E,
      "x.xml:2: empty <title>" },
    { "column-twice", T "<columns>ip port IP</columns>" N P E,
      "x.xml:3: column \"IP\" is named twice" },
    { "columns-only-none", T "<columns only='yes'/>" N P E,
      "x.xml:3: only=\"yes\" without a column" },
    { "columns-only-no-ip", T "<columns only='yes'>asn</columns>" N P E,
      "x.xml:3: warning: column \"ip\" is left out" },
    { "block-missing", T N "<use block='thank'/>" E,
      "x.xml:5: layout \"default\" has no block "
      "\"thank\" in language de, did you mean \"thanks\"?; expected <block name=\"thank\"> at " },
    { "block-missing-in-one-language",
      T N "<use block='only-german'/></notice>\n"
          "<notice xml:lang='en'><subject>S</subject>\n<use block='only-german'/>" E,
      "x.xml:7: layout \"default\" has no block \"only-german\" in language en" },
    { "layout-sound", L X "</layout>", NULL },
    { "layout-languages-missing", "<layout version='1' id='l'>" X "</layout>",
      "x.xml:1: <layout> lacks <languages>" },
    { "layout-languages-empty", "<layout version='1' id='l'>\n<languages/>" X "</layout>",
      "x.xml:2: <languages> is empty" },
    { "layout-language-without-text",
      "<layout version='1' id='l'>\n<languages>de fr</languages>" X "</layout>",
      "x.xml:2: language fr has no text, expected <text xml:lang=\"fr\">" },
    { "layout-language-not-listed", L X "\n<text xml:lang='en'><more>m</more></text></layout>",
      "x.xml:4: language en is not in <languages>" },
    { "layout-text-twice", L X "\n" X "</layout>", "x.xml:4: a second <text xml:lang=\"de\">" },
    { "layout-more-missing", L "<text xml:lang='de'/></layout>", "x.xml:3: <text> lacks <more>" },
    { "layout-addresses-in-more", L "<text xml:lang='de'><more><addresses/></more></text></layout>",
      "x.xml:3: <addresses> can't stand in <more>" },
    { "layout-block-twice",
      L "<text xml:lang='de'><more>m</more><block name='a'/>\n"
        "<block name='a'/></text></layout>",
      "x.xml:4: block \"a\" stands twice in language de" },
    { "layout-use-missing",
      L "<text xml:lang='de'><more>m</more>\n<signature><use block='a'/>"
        "</signature></text></layout>",
      "x.xml:4: no block \"a\" in language de of this layout" },
    { "layout-unknown-field",
      L "<text xml:lang='de'><more>m</more>\n<block name='a'><p>"
        "<field name='a'/></p></block></text></layout>",
      "x.xml:4: unknown field \"a\"" },
    { "header-sound", L "<header name='X-OTRS-Queue'>a</header>" X "</layout>", NULL },
    { "header-ours", L "<header name='Reply-To'>a</header>" X "</layout>",
      "x.xml:3: header \"Reply-To\" is not a layout's to set" },
    { "header-content", L "<header name='content-type'>a</header>" X "</layout>",
      "x.xml:3: header \"content-type\"" },
    { "header-mark", L "<header name='X-CertBund-Milter'>a</header>" X "</layout>",
      "x.xml:3: header \"X-CertBund-Milter\"" },
    { "header-colon", L "<header name='X-A: b'>a</header>" X "</layout>",
      "x.xml:3: header name \"X-A: b\", expected" },
    { "header-limit", L "<header name='" ID_60 "'>a</header>" X "</layout>", NULL },
    { "header-above", L "<header name='" ID_60 "7'>a</header>" X "</layout>",
      "x.xml:3: header name \"" ID_60 "7\", expected" },
    { "header-line-end", L "<header name='X-A&#13;&#10;Bcc'>a</header>" X "</layout>",
      "x.xml:3: control character in the text" },
    { "from-sound", L "<from>Abuse &lt;abuse@example.net&gt;</from>" X "</layout>", NULL },
    { "from-none", L "<from>Abuse</from>" X "</layout>", "x.xml:3: <from> holds \"Abuse\"" },
    { "reply-to-two", L "\n<reply-to>a@example.net, b@example.net</reply-to>" X "</layout>",
      "x.xml:4: <reply-to> holds" },
    { "table-position", L "<table position='middle'/>" X "</layout>",
      "x.xml:3: position=\"middle\" in <table>, expected \"start\", \"after-greeting\" "
      "or \"end\"" },
    { "table-max-rows", L "<table max-rows='many'/>" X "</layout>",
      "x.xml:3: max-rows=\"many\" in <table>, expected a number from 0 to 65535" },
    { "table-max-rows-limit", L "<table max-rows='65536'/>" X "</layout>",
      "x.xml:3: max-rows=\"65536\" in <table>, expected a number from 0 to 65535" },
    { "table-form", L "<table form='labels table'/>" X "</layout>",
      "x.xml:3: form=\"labels table\": labels and table, one of them; csv, table or labels, attachment, xarf or xarf-bundle, html "
      "and hide=COLUMN, divided by blanks, were expected" },
};

static void test_file(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    char *directory = new_directory();
    g_autoptr(Faults) faults = faults_new();
    put(directory, "default.xml", sound_layout, -1);
    put(directory, "x.xml", file_cases[i].content, -1);
    g_autoptr(TemplateSet) set = load(directory, NULL, faults);
    g_autofree char *all = all_faults(faults);
    gboolean warning = file_cases[i].want != NULL && strstr(file_cases[i].want, "warning") != NULL;
    g_test_message("%s", all);
    g_assert_true((set != NULL) == (file_cases[i].want == NULL || warning));
    if (file_cases[i].want == NULL)
        g_assert_cmpstr(all, ==, "");
    else if (strstr(all, file_cases[i].want) == NULL) {
        g_test_message("want \"%s\", got:\n%s", file_cases[i].want, all);
        g_test_fail();
    }
    remove_directory(directory);
}

/* XML 1.0 section 2.8: a document type declaration may name external subsets and
 * entities.  None is allowed, hence no bomb and no file is ever looked at. */
static void test_doctype(void)
{
    static const char *const files[] = {
        "<!DOCTYPE template SYSTEM 'http://127.0.0.1:9/x.dtd'>\n" T N P E,
        "<!DOCTYPE template [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>\n" T N "<p>&b;</p>" E,
        "<!DOCTYPE template [<!ENTITY f SYSTEM 'file:///etc/hostname'>]>\n" T N "<p>&f;</p>" E,
        "<!DOCTYPE template [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]>\n" T N P E,
        "<!DOCTYPE template>\n" T N P E,
    };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        char *directory = new_directory();
        g_autoptr(Faults) faults = faults_new();
        put(directory, "default.xml", sound_layout, -1);
        put(directory, "x.xml", files[i], -1);
        g_autoptr(TemplateSet) set = load(directory, NULL, faults);
        g_assert_null(set);
        g_assert_cmpuint(faults_count(faults), ==, 1);
        g_assert_nonnull(strstr(faults_text(faults, 0), "x.xml:1:1: <!DOCTYPE> is not allowed"));
        remove_directory(directory);
    }
}

/* TEMPLATE_FILE_MAX bytes are read, one more is not. */
static void test_size(void)
{
    for (guint over = 0; over < 2; over++) {
        char *directory = new_directory();
        g_autoptr(Faults) faults = faults_new();
        GString *file = g_string_new(T N P E);
        while (file->len < TEMPLATE_FILE_MAX + over)
            g_string_append_c(file, '\n');
        put(directory, "default.xml", sound_layout, -1);
        put(directory, "x.xml", file->str, (gssize)file->len);
        g_autoptr(TemplateSet) set = load(directory, NULL, faults);
        g_assert_true((set != NULL) == (over == 0));
        if (over)
            g_assert_nonnull(strstr(faults_text(faults, 0), "x.xml: larger than 1048576 bytes"));
        g_string_free(file, TRUE);
        remove_directory(directory);
    }
}

/* No more of a file than its bytes is read: no NUL stands behind them. */
static void test_cut_anywhere(void)
{
    static const char whole[] = T "<columns>ip</columns>" N "<p>a &amp; <one>b</one></p>" E;
    char *directory = new_directory();
    put(directory, "default.xml", sound_layout, -1);
    for (gsize length = 0; length < strlen(whole); length++) {
        g_autoptr(Faults) faults = faults_new();
        put(directory, "x.xml", whole, (gssize)length);
        g_autoptr(TemplateSet) set = load(directory, NULL, faults);
        g_assert_null(set);
        g_assert_cmpuint(faults_errors(faults), >=, 1);
    }
    remove_directory(directory);
}

static void test_only_xml(void)
{
    char *directory = new_directory();
    g_autoptr(Faults) faults = faults_new();
    put(directory, "default.xml", sound_layout, -1);
    put(directory, "x.xml~", "<broken", -1);
    put(directory, ".#x.xml", "<broken", -1);
    put(directory, "grammar.rng", "<grammar/>", -1);
    g_autoptr(TemplateSet) set = load(directory, NULL, faults);
    g_assert_nonnull(set);
    g_assert_cmpuint(templates_n_layouts(set), ==, 1);
    g_assert_cmpuint(templates_n_templates(set), ==, 0);
    remove_directory(directory);
}

static void test_first_directory_wins(void)
{
    char *ours = new_directory(), *shipped = new_directory();
    g_autoptr(Faults) faults = faults_new();
    put(shipped, "default.xml", sound_layout, -1);
    put(shipped, "x.xml", T N P E, -1);
    put(ours, "another-name.xml", T "<columns>ip</columns>" N P E, -1);
    g_autoptr(TemplateSet) set = load(ours, shipped, faults);
    g_assert_cmpuint(faults_errors(faults), ==, 0);
    g_assert_cmpuint(templates_n_templates(set), ==, 1);
    g_assert_cmpstr(templates_by_id(set, "x")->columns[0], ==, "ip");
    g_assert_cmpuint(strlen(templates_digest(set)), ==, 64);
    remove_directory(ours);
    remove_directory(shipped);
}

static void test_sets(void)
{
    static const struct {
        const char *name, *a, *b, *want;
    } cases[] = {
        { "same id", T N P E,
          "<template version='1' id='x'>\n<match><title>Y</title></match>" N P E,
          "b.xml:1: template \"x\" is also in " },
        { "same title", T N P E,
          "\n<template version='1' id='y'>\n<match><title>Z</title>"
          "<title> x </title></match>" N P E,
          "b.xml:3: title \"x\" is also in " },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *directory = new_directory();
        g_autoptr(Faults) faults = faults_new();
        put(directory, "default.xml", sound_layout, -1);
        put(directory, "a.xml", cases[i].a, -1);
        put(directory, "b.xml", cases[i].b, -1);
        g_assert_null(load(directory, NULL, faults));
        g_autofree char *all = all_faults(faults);
        if (strstr(all, cases[i].want) == NULL)
            g_error("%s: want \"%s\", got:\n%s", cases[i].name, cases[i].want, all);
        remove_directory(directory);
    }
}

static void test_directories(void)
{
    char *directory = new_directory();
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    g_autoptr(Faults) none = faults_new(), empty = faults_new(), one = faults_new();
    g_assert_null(load(missing, NULL, none));
    g_assert_cmpuint(faults_errors(none), ==, 1);
    g_assert_null(load(directory, NULL, empty));
    g_assert_nonnull(strstr(faults_text(empty, 0), "no layout \"default\""));
    put(directory, "default.xml", sound_layout, -1);
    g_autoptr(TemplateSet) set = load(missing, directory, one);
    g_assert_nonnull(set);
    g_assert_cmpuint(faults_count(one), ==, 1);
    g_assert_true(faults_is_warning(one, 0));
    remove_directory(directory);
}

/* Every fault of every file is told at once. */
static void test_all_at_once(void)
{
    char *directory = new_directory();
    g_autoptr(Faults) faults = faults_new();
    put(directory, "a.xml", T N "<p><field name='a'/></p>\n<use block='b'/>\n<link href='c'/>" E,
        -1);
    put(directory, "b.xml", "<template", -1);
    put(directory, "default.xml", sound_layout, -1);
    g_assert_null(load(directory, NULL, faults));
    g_assert_cmpuint(faults_errors(faults), ==, 4);
    remove_directory(directory);
}

static char *shipped_directory(void)
{
    return g_test_build_filename(G_TEST_DIST, "..", "templates", NULL);
}

/* design.md: the longest matching title wins; `report` is never found by title. */
static void test_find(void)
{
    g_autofree char *shipped = shipped_directory();
    char *ours = new_directory();
    g_autoptr(Faults) faults = faults_new();
    static const struct {
        const char *title, *class_id, *want;
    } cases[] = {
        { "Offene Telnet-Server", "open-telnet", "open-telnet" },
        { "OFFENE TELNET-SERVER", "", "open-telnet" },
        { "Openly accessible Telnet servers", "", "open-telnet" },
        { "Offene Portmapper-Dienste", "", "open-portmapper" },
        { "Openly accessible Portmapper services", "", "open-portmapper" },
        { "Offene Telnet-Server (Spielzeug)", "", "toys" },
        { "Offene Telnet-Server-Dinge", "", NULL },
        { "Ganz Neues", "open-telnet", "open-telnet" },
        { "Ganz Neues", "ganz-neues", NULL },
        { "report", "report", NULL },
        { "", "", NULL },
    };
    put(ours, "toys.xml",
        "<template version='1' id='toys'><match><title>Offene Telnet-Server "
        "(Spielzeug)</title></match>" N P E,
        -1);
    g_autoptr(TemplateSet) set = load(ours, shipped, faults);
    g_autofree char *all = all_faults(faults);
    g_assert_cmpstr(all, ==, "");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Template *found = templates_find(set, cases[i].title, cases[i].class_id);
        g_assert_cmpstr(found != NULL ? found->id : NULL, ==, cases[i].want);
    }
    g_assert_nonnull(templates_by_id(set, "report"));
    g_assert_nonnull(templates_layout(set, ""));
    g_assert_null(templates_layout(set, "no-such-brand"));
    remove_directory(ours);
}

static gpointer load_and_drop(gpointer directory)
{
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(TemplateSet) set = load(directory, NULL, faults);
    return GUINT_TO_POINTER(set != NULL);
}

static void test_threads(void)
{
    g_autofree char *shipped = shipped_directory();
    GThread *threads[4];
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new(NULL, load_and_drop, shipped);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_nonnull(g_thread_join(threads[i]));
}

static int run(const char *const *command, char **out_r)
{
    int status = -1;
    g_autoptr(GError) error = NULL;
    g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, out_r, NULL,
                 &status, &error);
    g_assert_no_error(error);
    return status;
}

/* The .rnc is for editors, the .rng is compiled in: they must be one grammar. */
static void test_grammars_agree(void)
{
    g_autofree char *trang = g_find_program_in_path("trang");
    g_autofree char *jing = g_find_program_in_path("jing");
    if (trang == NULL || jing == NULL) {
        g_test_skip("trang and jing are not installed (Debian: trang, jing)");
        return;
    }
    g_autofree char *rnc =
        g_test_build_filename(G_TEST_DIST, "..", "templates", "certbund-template.rnc", NULL);
    g_autofree char *rng =
        g_test_build_filename(G_TEST_DIST, "..", "templates", "certbund-template.rng", NULL);
    char *directory = new_directory();
    g_autofree char *made = g_build_filename(directory, "made.rng", NULL);
    const char *const command[] = { trang, rnc, made, NULL };
    g_assert_cmpint(run(command, NULL), ==, 0);
    g_autofree char *want = NULL, *got = NULL;
    g_assert_true(g_file_get_contents(made, &want, NULL, NULL));
    g_assert_true(g_file_get_contents(rng, &got, NULL, NULL));
    g_assert_cmpstr(got, ==, want);
    static const char *const shipped[] = { "default", "open-telnet", "open-portmapper", "report" };
    for (guint i = 0; i < G_N_ELEMENTS(shipped); i++) {
        g_autofree char *name = g_strconcat(shipped[i], ".xml", NULL);
        g_autofree char *file = g_test_build_filename(G_TEST_DIST, "..", "templates", name, NULL);
        g_autofree char *out = NULL;
        const char *const check[] = { jing, "-c", rnc, file, NULL };
        g_assert_cmpint(run(check, &out), ==, 0);
    }
    remove_directory(directory);
}

int main(int argc, char **argv)
{
    g_autofree char *source = g_path_get_dirname(__FILE__);
    g_autofree char *here = g_canonicalize_filename(source, NULL);
    g_setenv("G_TEST_SRCDIR", here, FALSE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(file_cases); i++) {
        g_autofree char *path = g_strconcat("/template/file/", file_cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_file);
    }
    g_test_add_func("/template/doctype", test_doctype);
    g_test_add_func("/template/size", test_size);
    g_test_add_func("/template/cut-anywhere", test_cut_anywhere);
    g_test_add_func("/template/only-xml", test_only_xml);
    g_test_add_func("/template/first-directory-wins", test_first_directory_wins);
    g_test_add_func("/template/sets", test_sets);
    g_test_add_func("/template/directories", test_directories);
    g_test_add_func("/template/all-at-once", test_all_at_once);
    g_test_add_func("/template/find", test_find);
    g_test_add_func("/template/threads", test_threads);
    g_test_add_func("/template/grammars-agree", test_grammars_agree);
    return g_test_run();
}
