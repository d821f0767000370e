/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Where a text may be cut, that nothing is lost by it, and what is remembered. */
#include "guard-pieces.h"

#include "guard-scan.h"
#include "guard-text.h"

#include <string.h>

static const struct {
    const char *name, *piece, *rest;
} cases[] = {
    { "one-paragraph", "some words and some more", "" },
    { "behind-the-first-word", "one\n\nit", " is" },
    { "word-ends-the-line", "one\n\nsystems", "\nare" },
    { "words-that-end-in-a-digit", "one\n\nbeide Systeme sind hier", " x" }, /* hexadecimal */
    { "umlaut", "one\n\nf\xc3\xbcr den", " Dienst" },
    { "number", "one\n\n5 systems", " are" },
    { "comma", "one\n\nHello, there is", " one" },
    { "sign-dot", "one\n\ndot in", " it" },
    { "sign-at", "one\n\nAT is", " it" },
    { "sign-punkt", "one\n\nPunkt is", " it" },
    { "sign-at-the-end", "one\n\nat", "" },
    { "soft-hyphen", "one\n\ndo\xc2\xadt is", " it" },
    { "address", "one\n\n192.0.2.1 is", " it" },
    { "no-blank-behind", "one\n\nsystem.", "" },
    { "none-in-its-paragraph", "one\n\n192.0.2.1\n\nsystem", " two" },
    { "three-line-ends", "one\n\n\nis", " it" },
    { "nothing", "", "" },
};

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autofree char *text = g_strconcat(cases[i].piece, cases[i].rest, NULL);
    gsize size = guard_piece(text, strlen(text));
    g_autofree char *piece = g_strndup(text, size);
    g_assert_cmpstr(piece, ==, cases[i].piece);
}

/* ---- searched in pieces or as a whole: the same look-ups */

static const char *const words[] = {
    "192", "0", "2", "1", ".", ".", ":", "::", "-", "[", "]", "(", ")", "<", ">", "dot", "at",
    "punkt", "[dot]", "(.)", "2001", "db8", "fe", "be", "x", "und", "Wort", "is", "addr", "in",
    "in-addr.arpa", "ip6.arpa", "arpa", "8.b.d.0", "::1", "2001:db8::1", "192.0.2.1", "\\", "\\.",
    "\xc3\xbc", "\xc2\xad", "\xc2\xb7", ",", "0.", "ffff", "\t",
};

static char *random_text(void)
{
    static const char *const gaps[] = { "", "", " ", " ", " ", "\n", "\n\n", "\n\n" };
    GString *text = g_string_new(NULL);
    for (int i = g_test_rand_int_range(0, 60); i > 0; i--) {
        g_string_append(text, words[g_test_rand_int_range(0, G_N_ELEMENTS(words))]);
        g_string_append(text, gaps[g_test_rand_int_range(0, G_N_ELEMENTS(gaps))]);
    }
    return g_string_free(text, FALSE);
}

typedef struct {
    guint own;
    GHashTable *found; /* set of char * */
} Lookups;

static Named look_up(const Address *address, gpointer data)
{
    Lookups *lookups = data;
    char text[ADDRESS_TEXT_SIZE];
    g_hash_table_add(lookups->found, g_strdup(address_format(address, text)));
    return address_hash(address) % 4 == lookups->own ? NAMED_OWN : NAMED_NOBODY;
}

static void search(const char *text, gsize length, Lookups *lookups, GString *plain)
{
    const GuardNames names = { .address = look_up, .data = lookups };
    GString *one = guard_text_plain(text, length);
    g_string_append_len(plain, one->str, (gssize)one->len);
    g_assert_false(guard_names_foreign_address(one, &names));
    g_string_free(one, TRUE);
}

static void test_same_look_ups(void)
{
    guint cut = 0, found = 0;
    for (guint i = 0; i < 20000; i++) {
        g_autofree char *text = random_text();
        gsize length = strlen(text);
        g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autoptr(GHashTable) each = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        Lookups whole = { i % 8, all }, pieces = { i % 8, each }; /* half: none is own */
        g_autoptr(GString) plain = g_string_new(NULL);
        g_autoptr(GString) joined = g_string_new(NULL);
        GHashTableIter iter;
        gpointer address;

        search(text, length, &whole, plain);
        for (gsize at = 0, size; at < length; at += size) {
            size = guard_piece(text + at, length - at);
            cut += at + size < length;
            search(text + at, size, &pieces, joined);
        }
        g_assert_cmpstr(joined->str, ==, plain->str);
        g_assert_cmpuint(g_hash_table_size(each), ==, g_hash_table_size(all));
        g_hash_table_iter_init(&iter, all);
        while (g_hash_table_iter_next(&iter, &address, NULL))
            g_assert_true(g_hash_table_contains(each, address));
        found += g_hash_table_size(all);
    }
    g_assert_cmpuint(cut, >, 10000); /* else this would show nothing */
    g_assert_cmpuint(found, >, 10000);
}

/* ---- the memory */

static void test_second_time(void)
{
    GuardPieces *pieces = guard_pieces_new();
    g_assert_false(guard_pieces_have(pieces, "one", 3));
    guard_pieces_add(pieces, "one", 3);
    g_assert_false(guard_pieces_have(pieces, "one", 3));
    guard_pieces_add(pieces, "one", 3);
    g_assert_true(guard_pieces_have(pieces, "one", 3));
    g_assert_false(guard_pieces_have(pieces, "one ", 4));
    g_assert_false(guard_pieces_have(pieces, "ane", 3));
    guard_pieces_free(pieces);
}

static void add_twice(GuardPieces *pieces, const char *piece, gsize length)
{
    guard_pieces_add(pieces, piece, length);
    guard_pieces_add(pieces, piece, length);
}

static void test_limits(void)
{
    GuardPieces *pieces = guard_pieces_new();
    g_autofree char *large = g_strnfill(GUARD_PIECE_BYTES_MAX + 1, 'x');

    add_twice(pieces, large, GUARD_PIECE_BYTES_MAX);
    add_twice(pieces, large, GUARD_PIECE_BYTES_MAX + 1);
    g_assert_true(guard_pieces_have(pieces, large, GUARD_PIECE_BYTES_MAX));
    g_assert_false(guard_pieces_have(pieces, large, GUARD_PIECE_BYTES_MAX + 1));
    for (guint i = 0; i < GUARD_PIECES_MAX + 10; i++)
        add_twice(pieces, (const char *)&i, sizeof i);
    g_assert_cmpuint(guard_pieces_count(pieces), ==, GUARD_PIECES_MAX);
    guard_pieces_free(pieces);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/guard-pieces/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/guard-pieces/same-look-ups", test_same_look_ups);
    g_test_add_func("/guard-pieces/second-time", test_second_time);
    g_test_add_func("/guard-pieces/limits", test_limits);
    return g_test_run();
}
