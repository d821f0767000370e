/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a notice says of earlier ones: the fields and the blocks that stand only when
 * something was told before, where they may stand, and the shipped layout's words. */
#include "letter-maker.h"

#include <glib/gstdio.h>
#include <string.h>

#define USECS(secs)  ((secs)*G_GINT64_CONSTANT(1000000))
#define FEB_4        USECS(1738667553) /* 2025-02-04T11:12:33Z */
#define FEB_4_LATEST USECS(1738713599) /* 2025-02-04T23:59:59Z */
#define FEB_20       USECS(1740052800) /* 2025-02-20T12:00:00Z */
#define FEB_21       USECS(1740139200) /* 2025-02-21T12:00:00Z */
#define SUBJECT      "[CB-Report#20250212-10004759] T"

/* The rows of letter_csv are of 2025-02-11. */
static const History never = { 0 };
static const History told = {
    .first_seen = FEB_4, .last_seen = FEB_4, .last_told = FEB_4_LATEST, .times = 3
};
static const History told_once = {
    .first_seen = FEB_4, .last_seen = FEB_4, .last_told = FEB_4, .times = 1
};
static const History late_report = {
    .first_seen = FEB_20, .last_seen = FEB_21, .last_told = FEB_21, .times = 1
};
static const History open_one = { .n_open = 1, .open_since = FEB_4 };
static const History open_many = { .n_open = 12, .open_since = FEB_4_LATEST };
static const History both = { .first_seen = FEB_4,
                              .last_seen = FEB_4,
                              .last_told = FEB_4,
                              .times = 1,
                              .n_open = 2,
                              .open_since = FEB_4 };

/* ---- fields ---- */

static const char no_times[] = "asn,ip,timestamp,port\n64496,192.0.2.7,yesterday,23\n";

static const struct {
    const char *name, *language, *csv;
    const History *history;
    const char *want;
} field_cases[] = {
    { "no-history", "de", letter_csv, NULL, "11. Februar 2025|11. Februar 2025||0|0|" },
    { "never", "en", letter_csv, &never, "11 February 2025|11 February 2025||0|0|" },
    { "never-without-certain-time", "de", no_times, &never, "|||0|0|" },
    { "told", "de", letter_csv, &told, "4. Februar 2025|11. Februar 2025|4. Februar 2025|3|0|" },
    { "told-en", "en", letter_csv, &told, "4 February 2025|11 February 2025|4 February 2025|3|0|" },
    { "told-without-certain-time", "de", no_times, &told,
      "4. Februar 2025|4. Februar 2025|4. Februar 2025|3|0|" },
    { "late-report", "en", letter_csv, &late_report,
      "11 February 2025|21 February 2025|21 February 2025|1|0|" },
    { "open", "de", letter_csv, &open_many,
      "11. Februar 2025|11. Februar 2025||0|12|4. Februar 2025" },
};

/* In a subject, which has no blocks, and in the text. */
static void test_field(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    static const char fields[] =
        "<field name='first-seen'/>|<field name='last-seen'/>|<field name='last-told'/>|"
        "<field name='times'/>|<field name='open-count'/>|<field name='open-since'/>";
    g_autoptr(Report) report = letter_report(SUBJECT, field_cases[i].csv, FALSE);
    g_autofree char *inside =
        g_strdup_printf("<notice xml:lang='%s'><subject>S %s</subject><p>%s</p></notice>",
                        field_cases[i].language, fields, fields);
    g_autoptr(Rendered) rendered = letter_once_told(
        letter_layout, inside, report, field_cases[i].language, 1, field_cases[i].history);
    g_autofree char *subject = g_strconcat("S ", field_cases[i].want, NULL);
    g_assert_cmpstr(rendered->subject, ==, subject);
    g_auto(GStrv) lines = g_strsplit(rendered->text->str, "\n", -1);
    g_autofree char *text = g_strjoinv(" ", lines); /* the dates may wrap */
    g_assert_nonnull(strstr(text, field_cases[i].want));
}

/* ---- blocks ---- */

#define OPEN                                                                                       \
    "<still-open><p><one>one</one><many>many</many> <count/> <field name='open-count'/></p>"       \
    "<list><item><count/></item></list></still-open>"
#define TOLD "<told-before><p><one>once</one><many><count/> times</many></p></told-before>"

static const struct {
    const char *name, *body;
    const History *history;
    const char *want; /* between greeting and signature; two addresses in the table */
} block_cases[] = {
    { "open-no-history", "<p>a</p>" OPEN "<p>b</p>", NULL, "a\n\nb\n" },
    { "open-none", "<p>a</p>" OPEN "<p>b</p>", &told, "a\n\nb\n" },
    { "open-one", "<p>a</p>" OPEN "<p>b</p>", &open_one, "a\n\none 1 1\n\n- 1\n\nb\n" },
    { "open-many", OPEN, &open_many, "many 12 12\n\n- 12\n" },
    { "count-again-behind-it", OPEN "<p><many>many</many> <count/></p>", &open_one,
      "one 1 1\n\n- 1\n\nmany 2\n" },
    { "addresses-are-the-table's", "<still-open><p><count/> <addresses/></p></still-open>",
      &open_many, "12 192.0.2.7 und 1 weitere\n" },
    { "link-label", "<still-open><link href='https://example.net/'><count/></link></still-open>",
      &open_many, "12\n\nhttps://example.net/\n" },
    { "open-empty-vanishes", "<p>a</p><still-open/><p>b</p>", &open_one, "a\n\nb\n" },
    { "told-no-history", "<p>a</p>" TOLD, NULL, "a\n" },
    { "told-never", "<p>a</p>" TOLD, &open_one, "a\n" },
    { "told-once", TOLD, &told_once, "once\n" },
    { "told-often", TOLD, &told, "3 times\n" },
    { "both", TOLD OPEN "<p><count/></p>", &both, "once\n\nmany 2 2\n\n- 2\n\n2\n" },
};

static void test_block(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
    g_autofree char *inside = g_strdup_printf(
        "<notice xml:lang='de'><subject>S</subject>%s</notice>", block_cases[i].body);
    g_autoptr(Rendered) rendered =
        letter_once_told(letter_layout, inside, report, "de", 3, block_cases[i].history);
    g_autofree char *want =
        g_strconcat("Hallo,\n\n", block_cases[i].want, "\nGruß\n\n\"asn\",", NULL);
    if (!g_str_has_prefix(rendered->text->str, want))
        g_error("want:\n%s\ngot:\n%s", want, rendered->text->str);
}

/* In all three places of a layout; a block that holds nothing else leaves no trace. */
static void test_layout(void)
{
    static const char layout[] =
        "<layout version='1' id='default'><languages>de</languages><text xml:lang='de'>"
        "<more>m</more><greeting><p>G</p><still-open><p>g <count/></p></still-open></greeting>"
        "<signature><still-open><p>s <count/></p></still-open><p>S</p></signature>"
        "<block name='b'><still-open><p>b <count/></p></still-open></block></text></layout>";
    static const char inside[] = "<notice xml:lang='de'><subject>S</subject><p>t</p>"
                                 "<use block='b'/><p><count/></p></notice>";
    g_autoptr(Report) report = letter_report(SUBJECT, letter_csv, FALSE);
    g_autoptr(Rendered) some = letter_once_told(layout, inside, report, "de", 3, &open_many);
    g_autoptr(Rendered) none = letter_once_told(layout, inside, report, "de", 3, NULL);
    g_assert_true(
        g_str_has_prefix(some->text->str, "G\n\ng 12\n\nt\n\nb 12\n\n2\n\ns 12\n\nS\n\n\"asn\""));
    g_assert_true(g_str_has_prefix(none->text->str, "G\n\nt\n\n2\n\nS\n\n\"asn\""));
}

/* ---- what certbundctl check says ---- */

static const struct {
    const char *name, *body, *want; /* want: NULL for no fault */
} fault_cases[] = {
    { "sound", OPEN TOLD, NULL },
    { "empty", "<still-open/>", NULL },
    { "in-paragraph", "<p><still-open/></p>", "<still-open> can't stand in <p>" },
    { "in-itself", "<still-open><still-open/></still-open>",
      "<still-open> can't stand in <still-open>, expected <p>" },
    { "in-each-other", "<still-open><told-before/></still-open>",
      "<told-before> can't stand in <still-open>" },
    { "use-in-it", "<told-before><use block='b'/></told-before>",
      "<use> can't stand in <told-before>" },
    { "text-in-it", "<still-open>text</still-open>",
      "text in <still-open>, expected <p>" },
    { "attribute", "<still-open since='yes'/>",
      "unknown attribute since in <still-open>" },
    { "typo", "<stil-open/>",
      "unknown element <stil-open> in <notice>, did you mean "
      "<still-open>?" },
    { "field-typo", "<still-open><p><field name='open-sinze'/></p></still-open>",
      "unknown field \"open-sinze\", did you mean \"open-since\"?" },
};

static void test_fault(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autofree char *directory = g_dir_make_tmp("certbund-history-XXXXXX", NULL);
    g_assert_nonnull(directory);
    g_autofree char *layout = g_build_filename(directory, "default.xml", NULL);
    g_autofree char *file = g_build_filename(directory, "x.xml", NULL);
    g_autofree char *content =
        g_strdup_printf("<template version='1' id='x'><match><title>X</title></match>"
                        "<notice xml:lang='de'><subject>S</subject>\n%s</notice></template>",
                        fault_cases[i].body);
    const char *const directories[] = { directory, NULL };
    g_autoptr(Faults) faults = faults_new();
    g_assert_true(g_file_set_contents(layout, letter_layout, -1, NULL));
    g_assert_true(g_file_set_contents(file, content, -1, NULL));
    g_autoptr(TemplateSet) set = templates_load(directories, faults);
    g_remove(layout);
    g_remove(file);
    g_rmdir(directory);
    for (guint j = 0; j < faults_count(faults); j++)
        g_test_message("%s", faults_text(faults, j));
    g_assert_true((set != NULL) == (fault_cases[i].want == NULL));
    g_assert_cmpuint(faults_errors(faults), ==, fault_cases[i].want != NULL ? 1 : 0);
    if (fault_cases[i].want != NULL) {
        g_assert_nonnull(strstr(faults_text(faults, 0), "x.xml:2:"));
        g_assert_nonnull(strstr(faults_text(faults, 0), fault_cases[i].want));
    }
}

/* ---- the shipped layout ---- */

static const char telnet_csv[] =
    "\"asn\",\"ip\",\"timestamp\",\"port\",\"banner\"\n"
    "\"64496\",\"192.0.2.7\",\"2025-02-11 11:10:25\",\"23\",\"router login:\"\n"
    "\"64496\",\"192.0.2.7\",\"2025-02-11 13:00:00\",\"2323\",\"login:\"\n"
    "\"64496\",\"2001:db8::17\",\"2025-02-11 11:20:00\",\"23\",\"\"\n";

static void test_golden(void)
{
    static const struct {
        const char *name;
        const History *history;
    } numbers[] = { { "open-one", &open_one }, { "open-many", &open_many } };
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    g_autoptr(Report) report = letter_report(
        "[CB-Report#20250212-10004759] Offene Telnet-Server in AS64496", telnet_csv, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(Rendered) rendered = letter_render_told(report, set, "open-telnet", "",
                                                          report->n_events, numbers[i].history);
        letter_golden("open-telnet", "both", numbers[i].name, rendered);
    }
}

/* Whatever the shipped template: with nothing open the letter is the one without a
 * history, with something it has one paragraph more in each language. */
static void test_shipped(void)
{
    static const char *const templates[] = { "open-telnet", "open-portmapper", "report" };
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    g_autoptr(Report) report = letter_report(SUBJECT, telnet_csv, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(templates); i++) {
        g_autoptr(Rendered) plain = letter_render(report, set, templates[i], "", 3);
        g_autoptr(Rendered) before = letter_render_told(report, set, templates[i], "", 3, &told);
        g_autoptr(Rendered) still =
            letter_render_told(report, set, templates[i], "", 3, &open_many);
        g_assert_cmpstr(before->text->str, ==, plain->text->str);
        g_assert_cmpstr(still->subject, ==, plain->subject);
        g_assert_nonnull(strstr(still->text->str, "12 weitere Ihrer Adressen"));
        g_assert_nonnull(strstr(still->text->str, "12 more of your addresses"));
        g_assert_null(strstr(plain->text->str, "weitere Ihrer"));
    }
}

/* Three rows, two addresses: the only numbers that a letter says of them are of addresses. */
static void test_counted(void)
{
    static const struct {
        const char *template_, *want;
    } cases[] = {
        { "open-telnet", "auf 2 Ihrer Systeme" },
        { "open-portmapper", "auf 2 Ihrer Systeme" },
        { "report", "zu 2 Adressen" },
    };
    g_autofree char *shipped = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(shipped, NULL);
    g_autoptr(Report) report = letter_report(SUBJECT, telnet_csv, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Rendered) rendered = letter_render(report, set, cases[i].template_, "de", 3);
        g_auto(GStrv) lines = g_strsplit(rendered->text->str, "\n", -1);
        g_autofree char *text = g_strjoinv(" ", lines);
        g_assert_nonnull(strstr(rendered->subject, "192.0.2.7 und eine weitere"));
        g_assert_nonnull(strstr(text, cases[i].want));
        g_assert_null(strstr(text, " 3 "));
    }
}

int main(int argc, char **argv)
{
    g_autofree char *source = g_path_get_dirname(__FILE__);
    g_autofree char *here = g_canonicalize_filename(source, NULL);
    g_setenv("G_TEST_SRCDIR", here, FALSE);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(field_cases); i++) {
        g_autofree char *path = g_strconcat("/history/field/", field_cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_field);
    }
    for (guint i = 0; i < G_N_ELEMENTS(block_cases); i++) {
        g_autofree char *path = g_strconcat("/history/block/", block_cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_block);
    }
    g_test_add_func("/history/layout", test_layout);
    for (guint i = 0; i < G_N_ELEMENTS(fault_cases); i++) {
        g_autofree char *path = g_strconcat("/history/fault/", fault_cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_fault);
    }
    g_test_add_func("/history/golden", test_golden);
    g_test_add_func("/history/shipped", test_shipped);
    g_test_add_func("/history/counted", test_counted);
    return g_test_run();
}
