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
        { "ia", "ip" },             { "xy", NULL },           { "", NULL },
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
    g_test_add_func("/faults/guess", test_guess);
    return g_test_run();
}
