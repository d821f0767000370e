/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a method of proving says: one printable line, and not too long. */
#include "finding.h"

#include <string.h>

static void test_text(void)
{
    g_auto(Finding) finding = { .text = NULL };

    finding_set(&finding, FINDING_PASSED, "d=%s", "example.org");
    g_assert_cmpstr(finding.text, ==, "d=example.org");
    g_assert_cmpint(finding.result, ==, FINDING_PASSED);
    finding_set(&finding, FINDING_FAILED, "by %s", "a\r\nX: b\x1b[2J\xff\xe2\x80\xae");
    g_assert_true(g_utf8_validate(finding.text, -1, NULL));
    g_assert_null(strpbrk(finding.text, "\r\n\x1b"));
    g_assert_null(strstr(finding.text, "\xe2\x80\xae")); /* U+202E turns what follows round */
    g_assert_cmpint(finding.result, ==, FINDING_FAILED);
}

/* FINDING_TEXT_MAX bytes stay, one more is cut, and never inside a character. */
static void test_limit(void)
{
    static const struct {
        gsize ascii;
        const char *end;
        gsize want;
    } cases[] = {
        { FINDING_TEXT_MAX, "", FINDING_TEXT_MAX },
        { FINDING_TEXT_MAX + 1, "", FINDING_TEXT_MAX },
        { FINDING_TEXT_MAX - 2, "\xc3\xa4", FINDING_TEXT_MAX },
        { FINDING_TEXT_MAX - 1, "\xc3\xa4", FINDING_TEXT_MAX - 1 },
        { FINDING_TEXT_MAX, "\xc3\xa4", FINDING_TEXT_MAX },
        { FINDING_TEXT_MAX - 2, "\xe2\x82\xac", FINDING_TEXT_MAX - 2 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Finding) finding = { .text = NULL };
        g_autofree char *text = g_strnfill(cases[i].ascii, 'x');

        finding_set(&finding, FINDING_FAILED, "%s%s", text, cases[i].end);
        g_assert_cmpuint(strlen(finding.text), ==, cases[i].want);
        g_assert_true(g_utf8_validate(finding.text, -1, NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/finding/text", test_text);
    g_test_add_func("/finding/limit", test_limit);
    return g_test_run();
}
