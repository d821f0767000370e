/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* form, shown, rows-text and, reading back, guard-shapes. */
#include "columns.h"
#include "form.h"
#include "guard-shapes.h"
#include "rows-text.h"
#include "shown.h"

#include <string.h>

static void test_form(void)
{
    static const struct {
        const char *form;
        const char *fault; /* before what was expected; NULL: none */
        gboolean set;
    } cases[] = {
        { "", NULL, FALSE },
        { "csv", NULL, TRUE },
        { "table attachment", NULL, TRUE },
        { " labels\thide=banner ", NULL, TRUE },
        { "hide=banner", NULL, FALSE },
        { "labels xarf", NULL, TRUE },
        { "xarf-bundle", NULL, TRUE },
        { "hide=", "unknown word \"hide=\"; ", TRUE },
        { "csv table", "csv and table, one of them; ", TRUE },
        { "table table", "table and table, one of them; ", TRUE },
        { "Table", "unknown word \"Table\", did you mean \"table\"?; ", TRUE },
        { "xarf tabel", "unknown word \"tabel\", did you mean \"table\"?; ", TRUE },
        { "xarf, html", "unknown word \"xarf,\", did you mean \"xarf\"?; ", TRUE },
        { "xarf xarf-bundle", "xarf and xarf-bundle, one of them; ", TRUE },
        { "xls", "unknown word \"xls\"; ", TRUE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *fault = form_fault(cases[i].form);
        g_autofree char *want
            = cases[i].fault != NULL ? g_strconcat(cases[i].fault, FORM_EXPECTED, NULL) : NULL;
        g_test_message("%s", cases[i].form);
        g_assert_cmpstr(fault, ==, want);
        if (want == NULL)
            g_assert_true(form_is_set(cases[i].form) == cases[i].set);
    }
    g_assert_true(form_has("table attachment", "attachment"));
    g_assert_false(form_has("table hide=attachment", "attachment"));
    g_assert_false(form_has(NULL, "csv"));
    g_assert_true(form_hides("hide=ASN hide=src_port", "Source Port"));
    g_assert_true(form_hides("labels hide=asn", "ASN"));
    g_assert_true(form_hides("hide=IP_address", "ip"));
    g_assert_true(form_hides("hide=Device_ID", "system_desc"));
    g_assert_true(form_hides("hide=Target_Port", "dst_port"));
    g_assert_true(form_hides("hide=Target_Port", "destination_port"));
    g_assert_false(form_hides("hide=redis_version", "mssql_version"));
    g_assert_false(form_hides("labels hide=asn", "port"));
    g_assert_false(form_hides("asn", "asn"));
}

/* Whoever hides one name of a column hides it under the others, too. */
static void test_alike(void)
{
    for (guint i = 0; columns_names()[i] != NULL; i++) {
        const Column *column = columns_find(columns_names()[i]);
        for (char **alias = column != NULL ? column->aliases : NULL;
             alias != NULL && *alias != NULL; alias++) {
            g_test_message("%s, %s", column->name, *alias);
            g_assert_true(columns_alike(column->name, *alias));
            g_assert_true(columns_alike(*alias, column->name));
        }
    }
}

static void test_shown(void)
{
    static const struct {
        const char *cell, *want;
        guint max;
    } cases[] = {
        { "", "", 5 },
        { "SSH-2.0", "SSH-2.0", 0 },
        { "a: b //c", "a: b //c", 0 },
        { "see https://example.org/x", "see https[:]//example.org/x", 0 },
        { "www.example.org", "www.example.org", 0 },
        { "WWW.example.org www.", "WWW[.]example.org www[.]", 0 },
        { "wwww.example.org x", "wwww[.]example.org x", 0 },
        { "a://b://c", "a[:]//b[:]//c", 0 },
        { "12345", "12345", 5 },
        { "123456", "1234…", 5 },
        { "ääääää", "ääää…", 5 },
        { "äöüßé", "äöüßé", 5 },
        { "1http://", "1htt…", 5 },
        { "a://b", "a[:]//b", 5 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        shown_append(out, cases[i].cell, cases[i].max);
        g_assert_cmpstr(out->str, ==, cases[i].want);
        g_assert_true(shown_differs(cases[i].cell, cases[i].max)
                      == (strcmp(cases[i].cell, cases[i].want) != 0));
    }
}

static const char *const de[] = { "de", NULL };
static const char *const both[] = { "de", "en", NULL };

/* All rows and columns of a table. */
typedef struct {
    Table *table;
    guint32 *rows;
    guint *columns;
    guint n_rows, n_columns;
} All;

static All all_of(const char *csv)
{
    g_autoptr(GError) error = NULL;
    All all = { .table = table_read(csv, strlen(csv), ',', &error) };

    g_assert_no_error(error);
    all.n_rows = table_n_rows(all.table);
    all.n_columns = table_n_columns(all.table);
    all.rows = g_new(guint32, all.n_rows + 1);
    all.columns = g_new(guint, all.n_columns);
    for (guint i = 0; i < all.n_rows; i++)
        all.rows[i] = i;
    for (guint i = 0; i < all.n_columns; i++)
        all.columns[i] = i;
    return all;
}

static void all_clear(All *all)
{
    table_free(all->table);
    g_free(all->rows);
    g_free(all->columns);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(All, all_clear)

static const struct {
    const char *name, *form, *csv, *want;
    const char *const *languages;
    guint max_cell;
    gboolean cut;
} cases[] = {
    { "csv", NULL, "ip,port\n192.0.2.7,23\n", "\"ip\",\"port\"\n\"192.0.2.7\",\"23\"\n", de, 0,
      FALSE },
    { "csv-link", "csv", "ip,banner\n192.0.2.7,\"a \"\"b\"\" http://c\"\n192.0.2.8,d\n",
      "\"ip\",\"banner\"\n\"192.0.2.7\",\"a \"\"b\"\" http[:]//c\"\n\"192.0.2.8\",\"d\"\n", de, 0,
      TRUE },
    { "csv-long", "csv", "ip,banner\n192.0.2.7,12345678901\n",
      "\"ip\",\"banner\"\n\"192.0.2.7\",\"123456789…\"\n", de, 10, TRUE },
    { "csv-at-limit", "csv", "ip,banner\n192.0.2.7,1234567890\n",
      "\"ip\",\"banner\"\n\"192.0.2.7\",\"1234567890\"\n", de, 10, FALSE },
    { "labels", "labels", "ip,timestamp,port,banner\n192.0.2.7,2025-02-11 11:10:25,,\"a\n b\"\n"
      "192.0.2.8,2025-02-11 11:10:26,23,\n",
      "IP-Adresse: 192.0.2.7\nZeitpunkt (UTC): 2025-02-11 11:10:25\n"
      "Begrüßung des Dienstes (banner): \"a b\"\n\n"
      "IP-Adresse: 192.0.2.8\nZeitpunkt (UTC): 2025-02-11 11:10:26\nPort: 23\n", de, 0, FALSE },
    { "labels-both", "labels", "ip,port,unheard_of\n192.0.2.7,23,x\n",
      "IP-Adresse / IP address: 192.0.2.7\nPort: 23\nunheard_of: \"x\"\n", both, 0, FALSE },
    { "labels-alias", "labels", "IP address,Source Port\n192.0.2.7,23\n",
      "IP-Adresse: 192.0.2.7\nQuellport: 23\n", de, 0, FALSE },
    { "table", "table", "ip,port,banner\n192.0.2.7,23,login:\n192.0.2.200,8080,\n",
      "IP-Adresse   Port  Begrüßung des Dienstes (banner)\n"
      "-----------  ----  -------------------------------\n"
      "192.0.2.7    23    \"login:\"\n"
      "192.0.2.200  8080  -\n", de, 0, FALSE },
    { "table-wrapped", "table",
      "ip,port,banner\n192.0.2.7,23,Welcome to the router of the house at the end of the street "
      "please log in\n192.0.2.200,8080,x\n",
      "IP-Adresse   Port  Begrüßung des Dienstes (banner)\n"
      "-----------  ----  -----------------------------------------------------------\n"
      "192.0.2.7    23    \"Welcome to the router of the house at the end of the\n"
      "                   street please log in\"\n\n"
      "192.0.2.200  8080  \"x\"\n", de, 0, FALSE },
    { "table-blanks", "table", "ip,port,banner\n192.0.2.7, ,\" a    b\n\"\n",
      "IP-Adresse  Port  Begrüßung des Dienstes (banner)\n"
      "----------  ----  -------------------------------\n"
      "192.0.2.7   -     \"a b\"\n", de, 0, FALSE },
    { "table-wide-characters", "table", "ip,workgroup\n192.0.2.7,路由器\n192.0.2.8,ab\n",
      "IP-Adresse  Arbeitsgruppe (workgroup)\n----------  -------------------------\n"
      "192.0.2.7   \"路由器\"\n192.0.2.8   \"ab\"\n", de, 0, FALSE },
    { "table-too-wide", "table", "ip,client_ip_addr,server_ip_addr\n"
      "2001:db8:1111:2222:3333:4444:5555:6666,2001:db8:1111:2222:3333:4444:5555:6667,"
      "2001:db8:1111:2222:3333:4444:5555:6668\n",
      "IP-Adresse: 2001:db8:1111:2222:3333:4444:5555:6666\n"
      "IP-Adresse des Clients: 2001:db8:1111:2222:3333:4444:5555:6667\n"
      "IP-Adresse des Servers: 2001:db8:1111:2222:3333:4444:5555:6668\n", de, 0, FALSE },
};

static Shown shown_of(const All *all)
{
    return (Shown) { all->table, all->rows, all->n_rows, all->columns, all->n_columns };
}

/* The guard finds these very lines, whatever stands round them. */
static void assert_read_back(const All *all, const char *text, gboolean cut)
{
    const Shown shown = shown_of(all);
    g_autofree char *letter = g_strconcat("Hallo,\n\nHinweis: keiner\n----\n\n", text,
                                          "\nGruß\n", NULL);
    g_autoptr(GString) labels = g_string_new(NULL);
    const char *rows;
    gsize length;

    gboolean found = guard_shapes_find(&shown, letter, cut, &rows, &length, labels);
    if (!found)
        g_test_message("not found: %s", text);
    g_assert_true(found);
    g_assert_cmpstr(rows + length, ==, "\nGruß\n");
    g_assert_true(rows >= strstr(letter, text) && rows < strstr(letter, text) + strlen(text));
}

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_auto(All) all = all_of(cases[i].csv);
    const RowsText options = { cases[i].form, cases[i].max_cell, cases[i].languages, NULL };
    g_autoptr(GString) text = g_string_new(NULL);

    gboolean whole = rows_text(text, all.table, all.rows, all.n_rows, all.columns, all.n_columns,
                               &options);
    g_assert_cmpstr(text->str, ==, cases[i].want);
    g_assert_true(whole == !cases[i].cut);
    if (form_has(cases[i].form, "table") || form_has(cases[i].form, "labels"))
        assert_read_back(&all, text->str, FALSE);
}

static GHashTable *labels_for(const char *column, const char *label)
{
    GHashTable *labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(labels, columns_key(column), (gpointer)label);
    return labels;
}

/* A layout's own labels, for one language or both, and how the others stay. */
static void test_own_labels(void)
{
    static const struct {
        const char *column, *label_de, *label_en; /* NULL: none */
        const char *form, *csv, *want;
    } rows[] = {
        { "port", "Anschluss", "Socket", "labels", "ip,port\n192.0.2.7,23\n",
          "IP-Adresse / IP address: 192.0.2.7\nAnschluss / Socket: 23\n" },
        { "port", "Anschluss", NULL, "labels", "ip,port\n192.0.2.7,23\n",
          "IP-Adresse / IP address: 192.0.2.7\nAnschluss / Port: 23\n" },
        { "port", NULL, "Socket", "table", "ip,port\n192.0.2.7,23\n",
          "IP-Adresse / IP address  Port / Socket\n-----------------------  -------------\n"
          "192.0.2.7                23\n" },
        { "ip", "Wer", "Wer", "labels", "IP address,Source Port\n192.0.2.7,23\n",
          "Wer: 192.0.2.7\nQuellport / Source port: 23\n" },
        { "source_port", "Wer", "Who", "labels", "src_port\n23\n", "Wer / Who: 23\n" },
        { "Target Port", "Wohin", "Whereto", "labels", "dst_port\n23\n", "Wohin / Whereto: 23\n" },
        { "IP-Address", "Wer", "Who", "labels", "ip\n192.0.2.7\n", "Wer / Who: 192.0.2.7\n" },
        { "banner", "Gru\xc3\x9f", "Greeting", "labels", "ip,banner\n192.0.2.7,x\n",
          "IP-Adresse / IP address: 192.0.2.7\nGru\xc3\x9f / Greeting (banner): \"x\"\n" },
        { "Unheard of", "Neu", "New", "labels", "ip,unheard_of\n192.0.2.7,x\n",
          "IP-Adresse / IP address: 192.0.2.7\nNeu / New (unheard_of): \"x\"\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(All) all = all_of(rows[i].csv);
        g_autoptr(GHashTable) of_de = rows[i].label_de != NULL
            ? labels_for(rows[i].column, rows[i].label_de) : NULL;
        g_autoptr(GHashTable) of_en = rows[i].label_en != NULL
            ? labels_for(rows[i].column, rows[i].label_en) : NULL;
        GHashTable *const own[] = { of_de, of_en };
        const RowsText options = { rows[i].form, 0, both, own };
        g_autoptr(GString) text = g_string_new(NULL);
        rows_text(text, all.table, all.rows, all.n_rows, all.columns, all.n_columns, &options);
        g_assert_cmpstr(text->str, ==, rows[i].want);
        assert_read_back(&all, text->str, FALSE);
    }
}

/* Cells of any kind: none of them may break the frame. */
static char *random_csv(guint n_columns, guint n_rows)
{
    static const char *const pieces[] = { "a",   "login: ", "-",  "--",  "----  ----", "\n",  " ",
                                          "\t",  "ä",       "路", "\"",  ",",          "http://",
                                          "www.", ":",      "…",  "[.]", "e\xcc\x81",  "\n\n",
                                          "192.0.2.99", "abcdefghijklmnopqrstuvwxyz0123456789-+*" };
    GString *csv = g_string_new(NULL);

    for (guint c = 0; c < n_columns; c++)
        g_string_append_printf(csv, "%sc%u", c > 0 ? "," : "", c);
    for (guint r = 0; r < n_rows; r++)
        for (guint c = 0; c < n_columns; c++) {
            g_autoptr(GString) cell = g_string_new(c == 0 ? "192.0.2.7" : "");
            for (gint32 k = g_test_rand_int_range(0, 6); c > 0 && k > 0; k--)
                g_string_append(cell, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
            g_string_append_c(csv, c > 0 ? ',' : '\n');
            table_append_cell(csv, cell->str);
        }
    g_string_append_c(csv, '\n');
    return g_string_free(csv, FALSE);
}

static void test_random(void)
{
    static const char *const forms[] = { "table", "labels" };

    for (guint i = 0; i < 2000; i++) {
        g_autofree char *csv = random_csv((guint)g_test_rand_int_range(1, 6),
                                          (guint)g_test_rand_int_range(1, 5));
        g_auto(All) all = all_of(csv);
        const RowsText options = { forms[i % 2], i % 3 == 0 ? 12 : 0, de, NULL };
        g_autoptr(GString) text = g_string_new(NULL);
        gboolean whole = rows_text(text, all.table, all.rows, all.n_rows, all.columns,
                                   all.n_columns, &options);
        g_assert_true(g_str_has_suffix(text->str, "\n"));
        assert_read_back(&all, text->str, !whole);
    }
}

/* A row too many, too few, another's, in another order, or a cell that isn't his. */
static void test_foreign(void)
{
    static const char *const forms[] = { "table", "labels" };
    static const char *const written[] = {
        "ip,port\n192.0.2.7,23\n192.0.2.9,24\n",  "ip,port\n192.0.2.7,23\n",
        "ip,port\n192.0.2.8,24\n192.0.2.7,23\n",  "ip,port\n192.0.2.7,23\n192.0.2.8,25\n",
        "ip,port\n192.0.2.7,23\n192.0.2.8,\n",    "ip\n192.0.2.7\n192.0.2.8\n",
    };
    g_auto(All) own = all_of("ip,port\n192.0.2.7,23\n192.0.2.8,24\n");
    const Shown shown = shown_of(&own);

    for (guint i = 0; i < G_N_ELEMENTS(written) * 2; i++) {
        g_auto(All) other = all_of(written[i / 2]);
        const RowsText options = { forms[i % 2], 0, de, NULL };
        g_autoptr(GString) text = g_string_new(NULL), labels = g_string_new(NULL);
        const char *rows;
        gsize length;
        rows_text(text, other.table, other.rows, other.n_rows, other.columns, other.n_columns,
                  &options);
        g_assert_false(guard_shapes_find(&shown, text->str, TRUE, &rows, &length, labels));
    }
}

static void test_same_shown(void)
{
    static const struct {
        const char *written, *cell;
        gboolean same, same_when_cut;
    } pairs[] = {
        { "a b", "a\n b", TRUE, TRUE },      { "\"a\"", "a", TRUE, TRUE },
        { "\"a\"", "\"a\"", TRUE, TRUE },    { "-", "", TRUE, TRUE },
        { "-", "a", FALSE, FALSE },          { "ab…", "abcd", FALSE, TRUE },
        { "\"ab…\"", "abcd", FALSE, TRUE },  { "ab…", "ab \n", FALSE, TRUE },
        { "ab…c", "abcd", FALSE, FALSE },    { "a[:]//b", "a://b", FALSE, TRUE },
        { "a[:]//b", "a[:]//b", TRUE, TRUE }, { "192.0.2.7", "192.0.2.70", FALSE, FALSE },
        { "a[.b", "a.b", FALSE, FALSE },     { "", "a", FALSE, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_test_message("%s for %s", pairs[i].written, pairs[i].cell);
        g_assert_true(guard_same_shown(pairs[i].written, pairs[i].cell, FALSE) == pairs[i].same);
        g_assert_true(guard_same_shown(pairs[i].written, pairs[i].cell, TRUE)
                      == pairs[i].same_when_cut);
    }
}

static char *lines_of(const char *csv)
{
    g_auto(All) all = all_of(csv);
    const RowsText options = { "table", 0, de, NULL };
    GString *text = g_string_new(NULL);

    rows_text(text, all.table, all.rows, all.n_rows, all.columns, all.n_columns, &options);
    assert_read_back(&all, text->str, FALSE);
    return g_string_free(text, FALSE);
}

/* Words that fill the width stay a table, one character more is none; a word beyond its limit
 * counts as one that may be divided.  Two more each are the quotes. */
static void test_limits(void)
{
    for (guint more = 0; more < 2; more++) {
        g_autofree char *word = g_strnfill(ROWS_TABLE_WORD - 2, 'x');
        g_autofree char *longer = g_strnfill(ROWS_TABLE_WORD - 2 + more, 'x');
        g_autofree char *rest = g_strnfill(ROWS_TABLE_WIDTH - ROWS_TABLE_WORD - 4, 'y');
        g_autofree char *wide = g_strdup_printf("c0,c1\n%s,%s%s\n", word, rest, more ? "y" : "");
        g_autofree char *divided = g_strdup_printf("c0,c1\n%s,%s\n", longer, rest);
        g_autofree char *wide_text = lines_of(wide), *divided_text = lines_of(divided);
        g_assert_cmpint(g_str_has_prefix(wide_text, "c0: "), ==, more);
        g_assert_false(g_str_has_prefix(divided_text, "c0: "));
        g_assert_cmpint(strstr(divided_text, "\nx\"\n") != NULL || strstr(divided_text, "\n\"\n") != NULL, ==, more);
    }
}

/* What the longest cell costs: a word that has no width, and one line after the other. */
static void test_long_words(void)
{
    GString *csv = g_string_new("c0,c1\nx,");

    for (guint i = 0; i < 32000; i++)
        g_string_append(csv, "\xcc\x81");
    g_string_append(csv, "\ny,");
    for (guint i = 0; i < 64000; i++)
        g_string_append_c(csv, 'z');
    g_string_append_c(csv, '\n');
    g_autofree char *text = lines_of(csv->str);
    g_assert_false(g_str_has_prefix(text, "c0: "));
    g_string_free(csv, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rows-text/form", test_form);
    g_test_add_func("/columns/alike", test_alike);
    g_test_add_func("/rows-text/shown", test_shown);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/rows-text/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/rows-text/own-labels", test_own_labels);
    g_test_add_func("/rows-text/random", test_random);
    g_test_add_func("/rows-text/foreign", test_foreign);
    g_test_add_func("/rows-text/same-shown", test_same_shown);
    g_test_add_func("/rows-text/limits", test_limits);
    g_test_add_func("/rows-text/long-words", test_long_words);
    return g_test_run();
}
