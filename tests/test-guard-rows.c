/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows read back: theirs and no others, in every spelling that CSV has for them. */
#include "guard-rows.h"

#include <string.h>

#define HEADER "\"asn\",\"ip\",\"banner\"\n"
#define FIRST "\"64496\",\"192.0.2.1\",\"a \"\"b\"\"\"\n"
#define SECOND "\"64496\",\"192.0.2.2\",\"\"\n"
#define THIRD "\"64496\",\"192.0.2.3\",\"x\n\n,y\"\n"

static const guint columns[] = { 0, 1, 2 };
static const guint32 events[] = { 2, 0 };

static const struct {
    const char *name, *rows;
    gboolean want;
} cases[] = {
    { "as-written", HEADER THIRD FIRST, TRUE },
    { "without-needless-quotes", HEADER "64496,192.0.2.3,\"x\n\n,y\"\n" FIRST, TRUE },
    { "header-without-quotes", "asn,ip,banner\n" THIRD FIRST, TRUE },
    { "no-last-line-end", HEADER THIRD "\"64496\",\"192.0.2.1\",\"a \"\"b\"\"\"", TRUE },
    { "other-order", HEADER FIRST THIRD, FALSE },
    { "another's-row", HEADER THIRD SECOND, FALSE },
    { "another's-row-behind", HEADER THIRD FIRST SECOND, FALSE },
    { "a-row-twice", HEADER THIRD FIRST FIRST, FALSE },
    { "a-row-less", HEADER THIRD, FALSE },
    { "no-rows", HEADER, FALSE },
    { "no-header", THIRD FIRST, FALSE },
    { "nothing", "", FALSE },
    { "another-name", "\"asn\",\"ip\",\"banner2\"\n" THIRD FIRST, FALSE },
    { "a-column-less",
      "\"asn\",\"ip\"\n\"64496\",\"192.0.2.3\"\n\"64496\",\"192.0.2.1\"\n", FALSE },
    { "a-column-more", "\"asn\",\"ip\",\"banner\",\"z\"\n" THIRD FIRST, FALSE },
    { "cell-longer", HEADER THIRD "\"64496\",\"192.0.2.12\",\"a \"\"b\"\"\"\n", FALSE },
    { "cell-shorter", HEADER THIRD "\"64496\",\"192.0.2.\",\"a \"\"b\"\"\"\n", FALSE },
    { "cell-in-other-case", HEADER THIRD "\"64496\",\"192.0.2.1\",\"A \"\"b\"\"\"\n", FALSE },
    { "quote-not-doubled", HEADER THIRD "\"64496\",\"192.0.2.1\",\"a \"b\"\"\"\n", FALSE },
    { "quote-in-fours", HEADER THIRD "\"64496\",\"192.0.2.1\",\"a \"\"\"\"b\"\"\"\n", FALSE },
    { "quote-left-open", HEADER THIRD "\"64496\",\"192.0.2.1\",\"a \"\"b\"\"\n", FALSE },
    { "blank-behind-a-cell", HEADER THIRD "\"64496\" ,\"192.0.2.1\",\"a \"\"b\"\"\"\n", FALSE },
    { "semicolons", HEADER THIRD "\"64496\";\"192.0.2.1\";\"a \"\"b\"\"\"\n", FALSE },
    { "words-behind", HEADER THIRD FIRST "words\n", FALSE },
};

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    static const char report[] = HEADER FIRST SECOND THIRD;
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) table = table_read(report, strlen(report), ',', NULL);
    g_autofree char *rows = g_strdup(cases[i].rows); /* no byte behind its NUL */
    const Shown shown = { table, events, G_N_ELEMENTS(events), columns, G_N_ELEMENTS(columns) };

    gboolean match = guard_rows_match(&shown, rows, strlen(rows), FALSE, &error);
    g_assert_cmpint(match, ==, cases[i].want);
    g_assert_cmpint(error == NULL, ==, cases[i].want);
}

/* Rows that are parsed, for they need no quotes, are more than one slice of them. */
static void test_many(void)
{
    enum { N = 40000 };
    g_autoptr(GString) text = g_string_new("\"n\",\"banner\"\n");
    g_autofree guint32 *all = g_new(guint32, N);

    for (guint32 i = 0; i < N; i++) {
        g_string_append_printf(text, "%u,%s\n", i, i % 3 == 0 ? "\"a\n\n\"\"b\"\",\"" : "a");
        all[i] = i;
    }
    g_autoptr(Table) table = table_read(text->str, text->len, ',', NULL);
    Shown shown = { table, all, N, columns, 2 };
    g_assert_true(guard_rows_match(&shown, text->str, text->len, FALSE, NULL));
    all[N - 1] = 1; /* a row like it, but for its number */
    g_assert_false(guard_rows_match(&shown, text->str, text->len, FALSE, NULL));
    shown.n_events = N - 1;
    g_assert_false(guard_rows_match(&shown, text->str, text->len, FALSE, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/guard-rows/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/guard-rows/many", test_many);
    return g_test_run();
}
