/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The secret file, and what is derived from it. */
#include "secret.h"

#include "errors.h"
#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static void test_made_once(void)
{
    char *directory = fixture_directory();
    g_autofree char *path = g_build_filename(directory, "secret", NULL);
    g_autoptr(GError) error = NULL;
    const NoticeKey key = { "CB-Report#20250212-10004759", "00ff", "kunde-1", "" };
    struct stat status;

    g_assert_null(secret_load(directory, FALSE, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    g_autoptr(Secret) first = secret_load(directory, TRUE, &error);
    g_assert_no_error(error);
    g_autoptr(Secret) second = secret_load(directory, FALSE, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 07777, ==, 0600);
    g_assert_cmpint(status.st_size, ==, SECRET_SIZE);
    g_autofree char *a = secret_reference(first, &key, 6);
    g_autofree char *b = secret_reference(second, &key, 6);
    g_assert_cmpstr(a, ==, b);
    fixture_remove(directory);
}

/* A secret that others can read, or that is cut, is none. */
static void test_refused(void)
{
    static const struct {
        const char *name;
        gsize size;
        guint mode;
        gboolean good;
    } cases[] = {
        { "right", SECRET_SIZE, 0600, TRUE },
        { "one byte short", SECRET_SIZE - 1, 0600, FALSE },
        { "one byte long", SECRET_SIZE + 1, 0600, FALSE },
        { "group may read", SECRET_SIZE, 0640, FALSE },
        { "others may read", SECRET_SIZE, 0604, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *directory = fixture_directory();
        g_autofree char *path = g_build_filename(directory, "secret", NULL);
        g_autoptr(GError) error = NULL;
        char bytes[SECRET_SIZE + 1] = "x";
        g_test_message("%s", cases[i].name);
        g_assert_true(g_file_set_contents(path, bytes, (gssize)cases[i].size, NULL));
        g_assert_cmpint(g_chmod(path, (int)cases[i].mode), ==, 0);
        g_autoptr(Secret) secret = secret_load(directory, FALSE, &error);
        g_assert_true((secret != NULL) == cases[i].good);
        if (!cases[i].good)
            g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        fixture_remove(directory);
    }
}

/* Law 4: the same key, the same Message-ID; any other part, another. */
static void test_names(void)
{
    static const NoticeKey keys[] = {
        { "CB-Report#20250212-10004759", "00", "kunde", "" },
        { "CB-Report#20250212-10004750", "00", "kunde", "" },
        { "CB-Report#20250212-10004759", "01", "kunde", "" },
        { "CB-Report#20250212-10004759", "00", "kund", "e" },
        { "CB-Report#20250212-10004759", "00", "kunde", "192.0.2.1" },
    };
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        char *id = secret_message_id(secret, &keys[i], "example.org");
        g_autofree char *again = secret_message_id(secret, &keys[i], "example.org");
        g_autofree char *reference = secret_reference(secret, &keys[i], SECRET_REFERENCE_CHARS);
        g_assert_cmpstr(id, ==, again);
        g_assert_true(g_regex_match_simple("^<[0-9a-f]{40}@example\\.org>$", id, 0, 0));
        g_assert_true(g_regex_match_simple("^A-[0-9A-HJKMNP-TV-Z]{6}$", reference, 0, 0));
        g_assert_true(g_hash_table_add(seen, id));
    }
}

/* A longer reference begins with the shorter one. */
static void test_reference_grows(void)
{
    const NoticeKey key = { "CB-Report#20250212-10004759", "00", "kunde", "" };
    g_autoptr(Secret) secret = secret_dummy();
    g_autofree char *longest = secret_reference(secret, &key, SECRET_REFERENCE_CHARS_MAX);

    g_assert_cmpuint(strlen(longest), ==, 2 + SECRET_REFERENCE_CHARS_MAX);
    for (guint chars = SECRET_REFERENCE_CHARS; chars < SECRET_REFERENCE_CHARS_MAX; chars++) {
        g_autofree char *shorter = secret_reference(secret, &key, chars);
        g_assert_true(g_str_has_prefix(longest, shorter));
    }
}

/* Another reference, another tag; and no other name of a notice gives one away. */
static void test_tags(void)
{
    static const char *const references[] = { "A-7F3K2Q", "A-7F3K2R", "A-7F3K2Q0", "a-7f3k2q", "" };
    const NoticeKey key = { "A-7F3K2Q", "", "", "" };
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
        char *tag = secret_tag(secret, references[i]);
        g_autofree char *again = secret_tag(secret, references[i]);
        g_autofree char *reference = secret_reference(secret, &key, SECRET_TAG_CHARS);
        g_assert_cmpstr(tag, ==, again);
        g_assert_true(g_regex_match_simple("^[0-9A-HJKMNP-TV-Z]{10}$", tag, 0, 0));
        g_assert_cmpstr(tag, !=, reference + 2);
        g_assert_true(g_hash_table_add(seen, tag));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secret/made-once", test_made_once);
    g_test_add_func("/secret/refused", test_refused);
    g_test_add_func("/secret/names", test_names);
    g_test_add_func("/secret/reference-grows", test_reference_grows);
    g_test_add_func("/secret/tags", test_tags);
    return g_test_run();
}
