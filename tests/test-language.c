/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What conditions, cells, zones and the layout's subject make of one report. */
#include "letter-maker.h"

#include "message.h"

#include <string.h>

/* Three rows, two addresses, ports 23 and 2323, one banner. */
static const char csv[] = "asn,ip,timestamp,port,banner\n"
                          "64496,192.0.2.7,2025-02-11 11:10:25,23,\n"
                          "64496,192.0.2.19,2025-07-11 11:12:01,2323,login:\n"
                          "64496,192.0.2.7,2025-02-11 12:00:00,23,\n";

static const struct {
    const char *name, *p; /* what stands in the only paragraph */
    const char *one, *many; /* what it gives for the first row, and for all */
} cases[] = {
    { "a field that is there", "a <if field='reference'>b</if>", "a b", "a b" },
    { "a field that is empty", "a <if field='customer-kind'>b</if>", "a", "a" },
    { "a field that is this", "a <if field='customer-reference' is='K-4711'>b</if>", "a b", "a b" },
    { "a field that is another", "a <if field='customer-reference' is='K'>b</if>", "a", "a" },
    { "a field that is not this", "a <if field='customer-kind' is-not='reseller'>b</if>", "a b",
      "a b" },
    { "a column that some row has", "a <if column='banner'>b</if>", "a", "a b" },
    { "a cell that some row has", "a <if column='port' is='2323'>b</if>", "a", "a b" },
    { "a cell that no row has", "a <if column='port' is-not='2323'>b</if>", "a b", "a" },
    { "a column that is not there", "a <if column='nothing'>b</if>", "a", "a" },
    { "one within another", "a <if column='port'><if column='banner'>b</if>c</if>", "a c", "a bc" },
    { "number within a condition", "<if column='port'><one>1</one><many>2</many></if>", "1", "2" },
    { "cells, each once", "<column name='port'/>", "23", "23, 2323" },
    { "cells, and how many more", "<column name='port' max='1'/>", "23", "23 und 1 weitere" },
    { "cells that are empty", "a <column name='banner'/>", "a", "a login:" },
    { "cells of no column", "a <column name='nothing'/>", "a", "a" },
    { "addresses", "<addresses max='2'/>", "192.0.2.7", "192.0.2.7, 192.0.2.19" },
    { "the first address", "<addresses/>", "192.0.2.7", "192.0.2.7 und 1 weitere" },
    { "networks that are not known", "a <networks/>", "a", "a" },
    { "a time in winter", "<field name='first-time' zone='Europe/Berlin'/>",
      "2025-02-11 12:10:25 CET", "2025-02-11 12:10:25 CET" },
    { "a time in summer", "<field name='last-time' zone='Europe/Berlin'/>",
      "2025-02-11 12:10:25 CET", "2025-07-11 13:12:01 CEST" },
    { "severity", "<field name='severity'/>", "low", "low" },
    { "no date", "a <if field='date'>b</if>", "a", "a" },
    { "language", "<field name='customer-language'/>", "de", "de" },
};

static char *paragraph(const Rendered *rendered)
{
    g_auto(GStrv) blocks = g_strsplit(rendered->text->str, "\n\n", -1);
    g_assert_nonnull(blocks[1]);
    return g_strstrip(g_strdup(blocks[1])); /* behind the greeting */
}

static void test_cases(void)
{
    g_autoptr(Report) report
        = letter_report("[CB-Report#20250212-10004759] Offene Telnet-Server in AS64496", csv, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        for (guint many = 0; many < 2; many++) {
            g_autofree char *inside = g_strdup_printf(
                "<notice xml:lang='de'><subject>S</subject><p>%s</p></notice>", cases[i].p);
            g_autoptr(Rendered) rendered
                = letter_once(letter_layout, inside, report, "de", many ? 3 : 1);
            g_autofree char *got = paragraph(rendered);
            g_test_message("%s", cases[i].name);
            g_assert_cmpstr(got, ==, many ? cases[i].many : cases[i].one);
        }
}

/* Whole paragraphs and blocks, of which nothing is left when the condition does not hold. */
static void test_blocks(void)
{
    static const char inside[]
        = "<notice xml:lang='de'><subject>S</subject><p>a</p>"
          "<if column='banner'><p>b</p><if field='customer-kind' is='reseller'><p>c</p></if>"
          "<use block='b'/></if><p>d</p></notice>";
    g_autoptr(Report) report
        = letter_report("[CB-Report#20250212-10004759] Offene Telnet-Server in AS64496", csv, FALSE);
    g_autoptr(Rendered) one = letter_once(letter_layout, inside, report, "de", 1);
    g_autoptr(Rendered) many = letter_once(letter_layout, inside, report, "de", 3);

    g_assert_nonnull(strstr(one->text->str, "\n\na\n\nd\n\n"));
    g_assert_nonnull(strstr(many->text->str, "\n\na\n\nb\n\nBlock\n\nd\n\n"));
}

/* The layout's subject stands whole, however long the template's is. */
static void test_subject(void)
{
    g_autofree char *long_ = g_strnfill(3 * RENDER_SUBJECT_MAX, 'x');
    const struct {
        const char *template_, *want;
    } rows[] = {
        { "Telnet auf <addresses/>", "Telnet auf 192.0.2.7 [A-7F3K2Q]" },
        { long_, NULL },
    };
    g_auto(GStrv) halves = g_strsplit(letter_layout, "<more>und", 2);
    g_autofree char *layout
        = g_strconcat(halves[0], "<subject><template/> [<field name='reference'/>]</subject><more>und",
                      halves[1], NULL);
    g_autoptr(Report) report
        = letter_report("[CB-Report#20250212-10004759] Offene Telnet-Server in AS64496", csv, FALSE);

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *inside = g_strdup_printf(
            "<notice xml:lang='de'><subject>%s</subject><p>a</p></notice>", rows[i].template_);
        g_autoptr(Rendered) rendered = letter_once(layout, inside, report, "de", 1);
        g_assert_true(g_str_has_suffix(rendered->subject, " [A-7F3K2Q]"));
        g_assert_cmpint(g_utf8_strlen(rendered->subject, -1), <=, RENDER_SUBJECT_MAX);
        if (rows[i].want != NULL)
            g_assert_cmpstr(rendered->subject, ==, rows[i].want);
        else
            g_assert_cmpint(g_utf8_strlen(rendered->subject, -1), ==, RENDER_SUBJECT_MAX);
    }
}

/* A layout that is longer than a subject may be, and a column that it hides. */
static void test_limits(void)
{
    g_autofree char *long_ = g_strnfill(RENDER_SUBJECT_MAX, 'y');
    g_autofree char *cell = g_strnfill(RENDER_CELL_MAX + 1, 'c');
    g_auto(GStrv) halves = g_strsplit(letter_layout, "<more>und", 2);
    g_auto(GStrv) ends = g_strsplit(halves[1], "</layout>", 2);
    g_autofree char *layout = g_strdup_printf(
        "%s<subject>%s <template/> [<field name='reference'/>]</subject><more>und%s"
        "<table hide='banner'/></layout>", halves[0], long_, ends[0]);
    g_autofree char *rows
        = g_strdup_printf("asn,ip,timestamp,port,banner\n1,192.0.2.7,2025-02-11 11:10:25,%s,x\n"
                          "1,192.0.2.7,2025-02-11 11:10:25,%s,x\n", cell, cell + 1);
    g_autoptr(Report) report = letter_report("[CB-Report#20250212-10004759] T", rows, FALSE);
    g_autoptr(Rendered) rendered = letter_once(
        layout, "<notice xml:lang='de'><subject>Telnet</subject><p>a <column name='port'/></p>"
                "<p>b<column name='banner'/></p></notice>", report, "de", 2);
    g_autofree char *cut = g_strdup_printf("%.*s…,", RENDER_CELL_MAX - 1, cell);

    g_assert_true(g_str_has_suffix(rendered->subject, "y Telnet [A-7F3K2Q]"));
    g_assert_nonnull(strstr(rendered->text->str, cut));
    g_assert_nonnull(strstr(rendered->text->str, cell + 1)); /* as long as may be */
    g_assert_nonnull(strstr(rendered->text->str, "\n\nb\n\n"));
}

/* A layout's labels stand above the columns of all forms but CSV, the longest that may be among
 * them. */
static void test_labels(void)
{
    static const char longest[] = "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüä"; /* LAYOUT_LABEL_MAX */
    g_auto(GStrv) halves = g_strsplit(letter_layout, "<text xml:lang='de'>", 2);
    g_autofree char *layout = g_strdup_printf(
        "%s<table form='labels html'/><text xml:lang='de'><label column='asn'>%s</label>"
        "<label column='Port'> Unter\n Nummer </label>%s", halves[0], longest, halves[1]);
    g_autofree char *line = g_strdup_printf("\n%s: 64496\n", longest);
    g_autoptr(Report) report = letter_report("[CB-Report#20250212-10004759] T", csv, FALSE);
    g_autoptr(Rendered) de = letter_once(
        layout, "<notice xml:lang='de'><subject>S</subject><p>a</p></notice>", report, "de", 1);
    g_autoptr(Rendered) en = letter_once(
        layout, "<notice xml:lang='en'><subject>S</subject><p>a</p></notice>", report, "en", 1);

    g_assert_cmpint(g_utf8_strlen(longest, -1), ==, LAYOUT_LABEL_MAX);
    g_assert_nonnull(strstr(de->text->str, line));
    g_assert_nonnull(strstr(de->text->str, "\nIP-Adresse: 192.0.2.7\n"));
    g_assert_nonnull(strstr(de->text->str, "\nUnter Nummer: 23\n"));
    g_assert_nonnull(strstr(de->html->str, "<th>Unter Nummer<br/>port</th>"));
    g_assert_nonnull(strstr(en->text->str, "\nASN: 64496\n"));
    g_assert_nonnull(strstr(en->html->str, "<th>Port</th>"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/language/cases", test_cases);
    g_test_add_func("/language/blocks", test_blocks);
    g_test_add_func("/language/subject", test_subject);
    g_test_add_func("/language/limits", test_limits);
    g_test_add_func("/language/labels", test_labels);
    return g_test_run();
}
