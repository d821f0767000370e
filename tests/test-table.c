/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tables after RFC 4180, and where they end. */
#include "errors.h"
#include "table.h"

#include <string.h>

/* table_take() finds the same, wherever the table stands in its text. */
static void check_taken(const char *text, gsize length, const Table *want, const char *want_error)
{
    for (gsize start = 0; start < 3; start++) {
        g_autoptr(GError) error = NULL;
        char *block = g_malloc(start + length + 1);
        memcpy(block + start, text, length);
        g_autoptr(Table) got = table_take(block, start, length, ',', &error);
        g_assert_cmpstr(error != NULL ? error->message : NULL, ==, want_error);
        for (guint row = 0; want != NULL && row < MIN(table_n_rows(want), 1000); row++)
            for (guint i = 0; i < table_n_columns(want); i++)
                g_assert_cmpstr(table_cell(got, row, i), ==, table_cell(want, row, i));
        if (want == NULL)
            g_assert_null(got);
        else
            g_assert_cmpuint(table_n_rows(got), ==, table_n_rows(want));
    }
}

/* A copy without NUL, so that a sanitizer sees an over-read. */
static Table *read_span(const char *text, gsize length, GError **error)
{
    g_autofree char *span = g_malloc(MAX(length, 1));
    memcpy(span, text, length);
    Table *table = table_read(span, length, ',', error);
    check_taken(text, length, table, error != NULL && *error != NULL ? (*error)->message : NULL);
    return table;
}

typedef struct {
    const char *name, *text;
    const char *want; /* cells, "|" behind each, "\n" behind each row; NULL: refused */
    const char *error;
} Case;

static const Case cases[] = {
    /* RFC 4180 section 2 */
    { "quoted", "\"a\",\"b\"\n\"1\",\"2\"\n", "a|b|\n1|2|\n", NULL },
    { "last line end missing", "\"a\"\n\"1\"", "a|\n1|\n", NULL },
    { "unquoted", "a,b\n1,2\n", "a|b|\n1|2|\n", NULL },
    { "doubled quotes", "a\n\"x\"\"y\"\n", "a|\nx\"y|\n", NULL },
    { "comma in quotes", "a\n\"x,y\"\n", "a|\nx,y|\n", NULL },
    { "line break in quotes", "a,b\n\"x\ny\",z\n", "a|b|\nx\ny|z|\n", NULL },
    { "empty line in quotes", "a\n\"x\n\ny\"\n", "a|\nx\n\ny|\n", NULL },
    { "empty cells", "a,b\n\"\",\n", "a|b|\n||\n", NULL },
    { "blanks are kept", "a,b\n x , y \n", "a|b|\n x | y |\n", NULL },
    { "blanks are kept in quotes", "a\n\" x \"\n", "a|\n x |\n", NULL },
    { "CR is no line end", "a,b\nx\ry,z\r\n", "a|b|\nx\ry|z\r|\n", NULL },
    { "CR in quotes", "a\n\"x\r\n\"\n", "a|\nx\r\n|\n", NULL },
    { "tab is no blank", "a,b\n\tx,y\t\n", "a|b|\n\tx|y\t|\n", NULL },
    { "header only", "a,b\n", "a|b|\n", NULL },
    { "utf-8", "\xc3\xa4\n\xf0\x9f\x98\x80\n", "\xc3\xa4|\n\xf0\x9f\x98\x80|\n", NULL },
    { "too few", "a,b\n1,2\n3\n", NULL, "row 2: fewer cells" },
    { "too many", "a,b\n1,2,3\n", NULL, "row 1: more cells" },
    { "too few in the last, unended row", "a,b\n1", NULL, "row 1: fewer cells" },
    { "open quote", "a\n\"1\n2\n", NULL, "row 1: a quote is open" },
    { "quote inside", "a\nx\"y\n", NULL, "row 1: a quote stands inside" },
    { "text behind quote", "a\n\"x\"y\n", NULL, "row 1: a quote stands inside" },
    { "blank behind quote", "a,b\n\"x\" ,y\n", NULL, "row 1: a quote stands inside" },
    { "repeated name", "ip,x,IP\n", NULL, "row 0: the column name \"IP\" is repeated" },
    { "empty name", "a,,b\n", NULL, "row 0: column 2 has no name" },
    { "blank name", "a, \n", NULL, "row 0: column 2 has no name" },
    { "nothing", "", NULL, "there is no header" },
};

static void test_read(gconstpointer data)
{
    const Case *want = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) table = read_span(want->text, strlen(want->text), &error);
    if (want->want == NULL) {
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, want->error));
        return;
    }
    g_assert_no_error(error);
    GString *got = g_string_new(NULL);
    for (guint i = 0; i < table_n_columns(table); i++)
        g_string_append_printf(got, "%s|", table_column(table, i));
    g_string_append_c(got, '\n');
    for (guint row = 0; row < table_n_rows(table); row++) {
        for (guint i = 0; i < table_n_columns(table); i++)
            g_string_append_printf(got, "%s|", table_cell(table, row, i));
        g_string_append_c(got, '\n');
    }
    g_assert_cmpstr(got->str, ==, want->want);
    g_string_free(got, TRUE);
}

static void test_nul(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(read_span("a\n1\0\n", 5, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

static void test_extent(void)
{
    static const struct {
        const char *text;
        gsize want;
    } rows[] = {
        { "a\n1\n\nMit", 4 },      { "a\n1\n", 4 },        { "a\n1", 3 },
        { "\na\n", 0 },            { "", 0 },              { "a\n\"x\n\ny\"\n\nz", 9 },
        { "a\n\"\"\"\n\n\"\n\n", 9 }, { "a\n\"open\n\nz", 10 }, { "a\n \nb\n\n", 6 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *span = g_memdup2(rows[i].text, MAX(strlen(rows[i].text), 1));
        g_assert_cmpuint(table_extent(span, strlen(rows[i].text)), ==, rows[i].want);
    }
}

static void test_find(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) table = read_span("ASN,Ip\n1,2\n", 11, &error);
    g_assert_cmpint(table_find_column(table, "ip"), ==, 1);
    g_assert_cmpint(table_find_column(table, "asn"), ==, 0);
    g_assert_cmpint(table_find_column(table, "ips"), ==, -1);
    g_assert_cmpstr(table_column(table, 1), ==, "Ip");
}

static void test_append(void)
{
    const char *text = "a,b\n\"x\"\"\ny\",\n";
    g_autoptr(Table) table = read_span(text, strlen(text), NULL); /* never refused */
    static const guint columns[] = { 1, 0 };
    GString *out = g_string_new(NULL);
    table_append_csv(table, out, -1, columns, 2);
    table_append_csv(table, out, 0, columns, 2);
    g_assert_cmpstr(out->str, ==, "\"b\",\"a\"\n\"\",\"x\"\"\ny\"\n");
    g_string_free(out, TRUE);
}

/* Every limit of table.h: at it, and one above. */
static void check_limit(GString *text, gboolean fine, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Table) table = read_span(text->str, text->len, &error);
    if (fine)
        g_assert_no_error(error);
    else
        g_assert_true(table == NULL && error != NULL && strstr(error->message, what) != NULL);
    g_string_free(text, TRUE);
}

static void test_limits(void)
{
    for (guint more = 0; more < 2; more++) {
        GString *text = g_string_new("a0");
        for (guint i = 1; i < TABLE_COLUMNS_MAX + more; i++)
            g_string_append_printf(text, ",a%u", i);
        check_limit(text, more == 0, "more than 200 columns");

        text = g_string_new("a\n\"");
        g_autofree char *cell = g_strnfill(TABLE_CELL_MAX + more, 'x');
        g_string_append_printf(text, "%s\"\n", cell);
        check_limit(text, more == 0, "a cell is longer");

        text = g_string_new("a\n");
        for (guint i = 0; i < TABLE_ROWS_MAX + more; i++)
            g_string_append(text, "1\n");
        check_limit(text, more == 0, "more than 2000000 rows");
    }
}

/* An open quote must not make a buffer as large as the mail. */
static void test_endless_cell(void)
{
    GString *text = g_string_new("a\n\"");
    for (guint i = 0; i < 300; i++)
        g_string_append_printf(text, "%1000d\n", 0);
    check_limit(text, FALSE, "a cell is longer");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/table/read/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_read);
    }
    g_test_add_func("/table/nul", test_nul);
    g_test_add_func("/table/extent", test_extent);
    g_test_add_func("/table/find", test_find);
    g_test_add_func("/table/append", test_append);
    g_test_add_func("/table/limits", test_limits);
    g_test_add_func("/table/endless-cell", test_endless_cell);
    return g_test_run();
}
