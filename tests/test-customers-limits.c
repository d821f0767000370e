/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of customers: every limit, at it and one above. */
#include "customers-fixture.h"
#include "fixture.h"

#include <string.h>
#include <unistd.h>

static void test_limit_faults(void)
{
    g_autoptr(GString) text = g_string_new(HEADER);

    for (int i = 0; i < CUSTOMERS_FAULTS_MAX; i++)
        g_string_append(text, "x,A,a@example.org\n");
    g_autofree char *limit = customers_faults(text->str, text->len);
    g_auto(GStrv) lines = g_strsplit(limit, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, CUSTOMERS_FAULTS_MAX);
    g_assert_true(g_str_has_prefix(lines[CUSTOMERS_FAULTS_MAX - 1], "c.csv:101: network"));
    g_string_append(text, "x,A,a@example.org\nx,A,a@example.org\n");
    g_autofree char *above = customers_faults(text->str, text->len);
    g_auto(GStrv) more = g_strsplit(above, "\n", -1);
    g_assert_cmpuint(g_strv_length(more), ==, CUSTOMERS_FAULTS_MAX + 1);
    g_assert_cmpstr(more[CUSTOMERS_FAULTS_MAX], ==,
                    "c.csv: more than 100 faults, the others are not named");
}

static void test_limit_cells(void)
{
    g_autofree char *id = g_strnfill(CUSTOMERS_ID_MAX + 1, 'i');
    g_autofree char *name = g_strnfill(CUSTOMERS_CELL_MAX + 1, 'n');
    const char *header = "network,customer,email,name\n";

    g_autofree char *good =
        g_strdup_printf("%s192.0.2.0,%s,a@example.org,%s\n", header, id + 1, name + 1);
    g_autofree char *long_id = g_strdup_printf("%s192.0.2.0,%s,a@example.org,\n", header, id);
    g_autofree char *long_name = g_strdup_printf("%s192.0.2.0,A,a@example.org,%s\n", header, name);
    g_autofree char *none = customers_faults(good, strlen(good));
    g_autofree char *of_id = customers_faults(long_id, strlen(long_id));
    g_autofree char *of_name = customers_faults(long_name, strlen(long_name));
    g_assert_cmpstr(none, ==, "");
    g_assert_true(g_str_has_prefix(of_id, "c.csv:2: customer \"iiii"));
    g_assert_true(g_str_has_suffix(of_id, "i...\": 1 to 200 bytes of text without control "
                                          "characters were expected"));
    g_assert_cmpstr(of_name, ==, "c.csv:2: cell 4 is longer than 4096 bytes, less was expected");
}

/* A sparse file: at the limit its NULs are found, one above it is not even read. */
static void test_limit_file(void)
{
    g_file_set_contents(CUSTOMERS_NAME, HEADER "192.0.2.0," A "#", -1, NULL);
    g_assert_cmpint(truncate(CUSTOMERS_NAME, CUSTOMERS_FILE_MAX), ==, 0);
    g_autofree char *limit = customers_fault_of_file(CUSTOMERS_NAME);
    g_assert_cmpint(truncate(CUSTOMERS_NAME, CUSTOMERS_FILE_MAX + 1), ==, 0);
    g_autofree char *above = customers_fault_of_file(CUSTOMERS_NAME);
    g_assert_cmpstr(limit, ==, "c.csv:3: a NUL byte, text in UTF-8 was expected");
    g_assert_cmpstr(above, ==, "c.csv: a regular file of at most 268435456 bytes was expected");
}

/* n ranges around 198.18.8.0, each inside the one before. */
static char *nested_file(guint n)
{
    GString *text = g_string_new(HEADER);

    for (guint i = 0; i < n; i++) {
        guint low = 2048 - (n - i), high = 2048 + (n - i);
        g_string_append_printf(text, "198.18.%u.%u-198.18.%u.%u,A,a@example.org\n", low >> 8,
                               low & 255, high >> 8, high & 255);
    }
    return g_string_free(text, FALSE);
}

static void test_limit_depth(void)
{
    g_autofree char *limit = nested_file(CUSTOMERS_DEPTH_MAX);
    g_autofree char *above = nested_file(CUSTOMERS_DEPTH_MAX + 1);

    g_autoptr(Customers) customers = customers_good(limit);
    g_autofree char *inner = customers_who(customers, "198.18.8.0", 0, 0);
    g_autofree char *middle = customers_who(customers, "198.18.7.0", 0, 0);
    g_autofree char *outside = customers_who(customers, "198.18.0.1", 0, 0);
    g_assert_cmpstr(inner, ==, "A 1001");
    g_assert_cmpstr(middle, ==, "A 746");
    g_assert_cmpstr(outside, ==, "nobody");
    g_autofree char *faults = customers_faults(above, strlen(above));
    g_assert_cmpstr(faults, ==,
                    "c.csv:1002: 1000 other lines cover the first address of this network, fewer "
                    "were expected");
}

/* n ranges of `width` addresses, each beginning one address behind the one before,
 * and some networks of one address elsewhere. */
static char *staircase_file(guint n, guint width, guint singles)
{
    GString *text = g_string_new(HEADER);

    for (guint i = 0; i < n; i++) {
        guint high = i + width - 1;
        g_string_append_printf(text, "198.18.%u.%u-198.18.%u.%u,A,a@example.org\n", i >> 8, i & 255,
                               high >> 8, high & 255);
    }
    for (guint i = 0; i < singles; i++)
        g_string_append_printf(text, "198.19.%u.%u,A,\n", i >> 8, i & 255);
    return g_string_free(text, FALSE);
}

static void test_limit_links(void)
{
    /* Of equal ranges the lower wins, so each further one goes below all others and
     * these are linked anew: 1, 2 ... width, width, width links; a single costs one. */
    const guint width = CUSTOMERS_DEPTH_MAX, first = width * (width + 1) / 2;
    const guint n = width + (CUSTOMERS_LINKS_MAX - first) / width;
    const guint singles = (CUSTOMERS_LINKS_MAX - first) % width;
    g_autofree char *limit = staircase_file(n, width, singles);
    g_autofree char *above = staircase_file(n, width, singles + 1);

    g_autofree char *none = customers_faults(limit, strlen(limit));
    g_autofree char *faults = customers_faults(above, strlen(above));
    g_autofree char *want = g_strdup_printf("c.csv:%u: too many ranges overlap each other partly, "
                                            "nested networks were expected",
                                            n + singles + 2);
    g_assert_cmpstr(none, ==, "");
    g_assert_cmpstr(faults, ==, want);
}

static void add(void)
{
    g_test_add_func("/customers/limit-faults", test_limit_faults);
    g_test_add_func("/customers/limit-cells", test_limit_cells);
    g_test_add_func("/customers/limit-file", test_limit_file);
    g_test_add_func("/customers/limit-depth", test_limit_depth);
    g_test_add_func("/customers/limit-links", test_limit_links);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}
