/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Plain runs, against one byte after the other. */
#include "ascii.h"

#include <string.h>

#define SIZE 25 /* three times eight bytes, and a rest */

static gboolean is_plain(int c, char but)
{
    return c >= 0x20 && c <= 0x7e && c != but;
}

/* Each byte at each place, all around it plain. */
static void test_each_byte(void)
{
    static const char buts[] = { '=', '~', ' ', '\0' };

    for (gsize b = 0; b < G_N_ELEMENTS(buts); b++)
        for (gsize at = 0; at < SIZE; at++)
            for (int c = 0; c < 256; c++) {
                char text[SIZE];
                memset(text, 'a', SIZE);
                text[at] = (char)c;
                gsize want = is_plain(c, buts[b]) ? SIZE : at;
                g_assert_cmpuint(ascii_run(text, SIZE, buts[b]), ==, want);
            }
}

/* The first of two counts: no byte is told from what stands beside it. */
static void test_neighbours(void)
{
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            const char text[] = { (char)first, (char)second, 'a', 'a', 'a', 'a', 'a', 'a' };
            gsize want = !is_plain(first, '=') ? 0 : !is_plain(second, '=') ? 1 : sizeof text;
            g_assert_cmpuint(ascii_run(text, sizeof text, '='), ==, want);
        }
}

/* It ends with the text, whatever stands behind (which the address sanitizer watches). */
static void test_lengths(void)
{
    for (gsize n = 0; n <= SIZE; n++) {
        g_autofree char *text = g_malloc(n + 1), *exact = NULL;
        memset(text, 'a', n + 1);
        g_assert_cmpuint(ascii_run(text, n, '='), ==, n);
        exact = g_memdup2(text, n);
        g_assert_cmpuint(ascii_run(exact, n, '='), ==, n);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ascii/each-byte", test_each_byte);
    g_test_add_func("/ascii/neighbours", test_neighbours);
    g_test_add_func("/ascii/lengths", test_lengths);
    return g_test_run();
}
