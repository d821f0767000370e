/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of log: severities on stderr, and that mail text can't forge a line,
 * move a terminal's cursor or pass the line limit. */
#include "log.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_sanitize(void)
{
    static const struct {
        const char *input, *want, *why;
    } cases[] = {
        { "", "", "nothing" },
        { "4ABC: handled, 3 notices", "4ABC: handled, 3 notices", "plain" },
        { "K\xc3\xb6ln", "K\xc3\xb6ln", "UTF-8 stays" },
        { "a\r\nb: error: forged", "a??b: error: forged", "no second line" },
        { "\x1b[2J", "?[2J", "no terminal escape" },
        { "a\tb\x7f", "a?b?", "C0 and DEL" },
        { "a\xc2\x9b" "1m", "a??1m", "C1: CSI in one character" },
        { "a\xe2\x80\x8b" "b", "a???b", "zero width: a format character" },
        { "a\xff" "b", "a\xef\xbf\xbd" "b", "no UTF-8: the replacement character" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = log_sanitize(cases[i].input);
        g_test_message("%s", cases[i].why);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
}

static void test_stderr(void)
{
    if (g_test_subprocess()) {
        log_open("milter", TRUE);
        log_info("4ABC: %s", "handled\nforged");
        log_warning("%d rows", 3);
        log_error("deferred");
        exit(0);
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("milter: 4ABC: handled?forged\n"
                              "milter: warning: 3 rows\n"
                              "milter: error: deferred\n");
}

/* systemd.exec(5), JOURNAL_STREAM: device and inode of what stderr was; the journal takes
 * the number in <> for the severity, sd-daemon(3).  Another stderr is a terminal's. */
static void test_journal(void)
{
    if (g_test_subprocess()) {
        struct stat status;
        g_assert_cmpint(fstat(STDERR_FILENO, &status), ==, 0);
        for (guint i = 0; i < 2; i++) {
            g_autofree char *stream = g_strdup_printf("%ju:%ju", (uintmax_t)status.st_dev,
                                                      (uintmax_t)status.st_ino + i);
            g_setenv("JOURNAL_STREAM", stream, TRUE);
            log_open("milter", TRUE);
            log_info("4ABC: %s", "handled\n<0>forged");
            log_warning("%d rows", 3);
            log_error("deferred");
        }
        exit(0);
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("<6>4ABC: handled?<0>forged\n"
                              "<4>warning: 3 rows\n"
                              "<3>error: deferred\n"
                              "milter: 4ABC: handled?<0>forged\n"
                              "milter: warning: 3 rows\n"
                              "milter: error: deferred\n");
}

static void test_default_identity(void)
{
    if (g_test_subprocess()) {
        log_info("early");
        exit(0);
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("certbund-milter: early\n");
}

/* LOG_LINE_MAX bytes pass whole, one more is cut, and never inside a character. */
static void test_line_limit(void)
{
    g_autofree char *limit = g_strnfill(LOG_LINE_MAX, 'x');
    g_autofree char *above = g_strnfill(LOG_LINE_MAX + 1, 'x');
    g_autoptr(GString) wide = g_string_new("x");
    while (wide->len < LOG_LINE_MAX + 10)
        g_string_append(wide, "\xc3\xb6");
    if (g_test_subprocess()) {
        log_info("%s", limit);
        log_info("%s", above);
        log_info("%s", wide->str);
        exit(0);
    }
    g_autofree char *cut = g_strndup(above, LOG_LINE_MAX - 3);
    gsize n = LOG_LINE_MAX - 3 - (LOG_LINE_MAX - 3 - 1) % 2;
    g_autofree char *cut_wide = g_strndup(wide->str, n);
    g_autofree char *want = g_strdup_printf("certbund-milter: %s\ncertbund-milter: %s...\n"
                                            "certbund-milter: %s...\n",
                                            limit, cut, cut_wide);
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(want);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/sanitize", test_sanitize);
    g_test_add_func("/log/stderr", test_stderr);
    g_test_add_func("/log/journal", test_journal);
    g_test_add_func("/log/default-identity", test_default_identity);
    g_test_add_func("/log/line-limit", test_line_limit);
    return g_test_run();
}
