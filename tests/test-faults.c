/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of faults: the form operators' scripts read, "file:line: what". */
#include "faults.h"

static void test_empty(void)
{
    g_autoptr(Faults) faults = faults_new();
    g_assert_cmpuint(faults_count(faults), ==, 0);
    g_assert_cmpuint(faults_errors(faults), ==, 0);
    faults_free(NULL);
}

static void test_form(void)
{
    g_autoptr(Faults) faults = faults_new();
    faults_add(faults, "a.conf", 3, "\"%s\" is no size; expected %d", "x", 7);
    faults_warn(faults, "a.conf", 4, "odd");
    faults_add(faults, "b.csv", 0, "can't be read");
    faults_warn(faults, "b.csv", 0, "%s", "100% of it");
    static const struct {
        const char *text;
        gboolean warning;
    } want[] = {
        { "a.conf:3: \"x\" is no size; expected 7", FALSE },
        { "a.conf:4: warning: odd", TRUE },
        { "b.csv: can't be read", FALSE },
        { "b.csv: warning: 100% of it", TRUE },
    };
    g_assert_cmpuint(faults_count(faults), ==, G_N_ELEMENTS(want));
    g_assert_cmpuint(faults_errors(faults), ==, 2);
    for (guint i = 0; i < G_N_ELEMENTS(want); i++) {
        g_assert_cmpstr(faults_text(faults, i), ==, want[i].text);
        g_assert_cmpint(faults_is_warning(faults, i), ==, want[i].warning);
    }
}

static void test_many(void)
{
    g_autoptr(Faults) faults = faults_new();
    for (guint i = 1; i <= 10000; i++)
        faults_add(faults, "c.csv", i, "row %u", i);
    g_assert_cmpuint(faults_errors(faults), ==, 10000);
    g_assert_cmpstr(faults_text(faults, 9999), ==, "c.csv:10000: row 10000");
}

/* A column is kept up to FAULTS_PLACE_COLUMN_MAX of it in FAULTS_PLACE_LINE_MAX lines; above
 * is the line alone, which has no limit. */
static void test_places(void)
{
    static const struct {
        guint line, column;
        const char *want;
    } cases[] = {
        { 1, 1, "1:1" },
        { 12, 0, "12" },
        { FAULTS_PLACE_LINE_MAX, FAULTS_PLACE_COLUMN_MAX, "1048575:2047" },
        { FAULTS_PLACE_LINE_MAX, FAULTS_PLACE_COLUMN_MAX + 1, "1048575" },
        { FAULTS_PLACE_LINE_MAX + 1, 5, "1048576" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = faults_place_text(faults_place(cases[i].line, cases[i].column));
        g_assert_cmpstr(text, ==, cases[i].want);
    }
    g_autofree char *right = faults_place_text(faults_place_add(faults_place(3, 4), 0, 5));
    g_autofree char *below = faults_place_text(faults_place_add(faults_place(3, 4), 2, 5));
    g_autofree char *line = faults_place_text(faults_place_add(3, 0, 5));
    g_assert_cmpstr(right, ==, "3:9");
    g_assert_cmpstr(below, ==, "5:6");
    g_assert_cmpstr(line, ==, "3");
    g_autoptr(Faults) faults = faults_new();
    faults_add(faults, "a.xml", faults_place(3, 4), "x");
    g_assert_cmpstr(faults_text(faults, 0), ==, "a.xml:3:4: x");
}

/* A slip of the fingers has a guess; another word has none. */
static void test_guess(void)
{
    static const char *const names[] = { "max-size", "max-age", "clients", "ip",
                                         "a234567890123456789012345678901234567890", NULL };
    static const struct {
        const char *typed, *want;
    } cases[] = {
        { "max-sise", "max-size" }, { "MAX-AGE", "max-age" }, { "client", "clients" },
        { "maxage", "max-age" },    { "clXYZts", "clients" }, { "clWXYZs", NULL },
        { "ia", "ip" },             { "xy", NULL },
        { "pi", "ip" },             { "cleints", "clients" },
        { "lceinst", "clients" }, /* three swaps */           { "", NULL },
        { "b234567890123456789012345678901234567890", /* FAULTS_GUESS_MAX bytes */
          "a234567890123456789012345678901234567890" },
        { "a2345678901234567890123456789012345678901", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(faults_guess(cases[i].typed, names), ==, cases[i].want);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/faults/empty", test_empty);
    g_test_add_func("/faults/form", test_form);
    g_test_add_func("/faults/many", test_many);
    g_test_add_func("/faults/places", test_places);
    g_test_add_func("/faults/guess", test_guess);
    return g_test_run();
}
