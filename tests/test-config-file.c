/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of config: its file: lines, groups and keys that are none, its limits, and bytes that
 * an operator has damaged. */
#include "config-fixture.h"
#include "fixture.h"

#include <string.h>

static const struct {
    const char *name, *text, *want;
    gssize length;
} files[] = {
    { "line that is nothing", "[intake]\nmax-size 40 MiB\n",
      "t.conf:2: \"max-size 40 MiB\" is no setting; expected key=value, [group] or # comment", -1 },
    { "typo in a key", "[intake]\n\nmax-sice=1\n",
      "t.conf:3: [intake] max-sice: unknown key; expected perhaps max-size", -1 },
    { "typo in case", "[intake]\nMax-Size=1 MiB\n",
      "t.conf:2: [intake] Max-Size: unknown key; expected perhaps max-size", -1 },
    { "key of another group", "[intake]\ndesk=x@example.net\n",
      "t.conf:2: [intake] desk: unknown key; expected it in [notices]", -1 },
    { "key like nothing", "[intake]\nfrobnicate=1\n",
      "t.conf:2: [intake] frobnicate: unknown key; expected one of certbund-milter.conf(5)", -1 },
    { "locale of desktop files", "[notices]\nfrom[de]=x@example.net\n",
      "t.conf:2: [notices] from[de]: unknown key; expected one of certbund-milter.conf(5)", -1 },
    { "typo in a group", "[notice]\nfrom=nobody\nwhatever=1\n",
      "t.conf:1: [notice]: unknown group; expected perhaps [notices]", -1 },
    { "group like nothing", "[frobnicate]\n",
      "t.conf:1: [frobnicate]: unknown group; expected one of certbund-milter.conf(5)", -1 },
    { "group not closed, its keys still read", "[intake\nmax-size=x\n",
      "t.conf:1: [intake: the group is not closed; expected ]\n"
      "t.conf:2: [intake] max-size: \"x\" is no size; "
      "expected bytes or a number of KiB, MiB or GiB, as in 40 MiB", -1 },
    { "group twice", "[intake]\n[milter]\n[intake]\nmax-size=1 MiB\n",
      "t.conf:3: [intake]: stands in line 1 already; expected each group once", -1 },
    { "key twice, the same value", "[intake]\nmax-size=1 MiB\nmax-size=1 MiB\n",
      "t.conf:3: [intake] max-size: stands in line 2 already; expected each key once", -1 },
    { "key before any group", "max-size=1 MiB\n[intake]\n",
      "t.conf:1: max-size: stands before any group; expected a line like [milter] first", -1 },
    { "Latin-1", "# K\xf6ln\n[intake]\n",
      "t.conf:1: the line is no UTF-8 text; expected it in that encoding", -1 },
    { "NUL", "[intake]\nmax\0size=1\n",
      "t.conf:2: the line is no UTF-8 text; expected it in that encoding", 20 },
    { "terminal escapes in a key", "[intake]\n\x1b[31mred=1\n",
      "t.conf:2: [intake] ?[31mred: unknown key; expected one of certbund-milter.conf(5)", -1 },
};

static void test_files(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_test_message("%s", files[i].name);
        g_autoptr(Faults) faults = faults_new();
        g_assert_null(config_made(files[i].text, files[i].length, faults));
        g_autofree char *got = config_faults(faults);
        g_assert_cmpstr(got, ==, files[i].want);
    }
}

/* GKeyFile's own freedoms: comments, blanks, CRLF, no line end at the end. */
static void test_layout(void)
{
    g_autoptr(Config) config = config_good("\xef\xbb\xbf# comment\r\n\r\n  [intake]  \r\n"
                                         "  # another\r\n max-size = 2 MiB \r\n\t\r\n"
                                         "[customers]\r\nmax-change=7%");
    g_assert_cmpuint(config->max_size_bytes, ==, 2 << 20);
    g_assert_cmpuint(config->max_change_percent, ==, 7);
    g_assert_cmpuint(config_line(config, "intake", "max-size"), ==, 5);
    g_assert_cmpuint(config_line(config, "customers", "max-change"), ==, 8);
    Config *again = config_ref(config);
    g_assert_true(again == config);
    config_unref(again);
    config_unref(NULL);
}

/* issue: "check on a config with ten planted faults names all ten with file and line" */
static void test_ten_faults(void)
{
    g_autoptr(Faults) faults = faults_new();
    const char *text = "user=nobody\n"
                       "[milter]\n"
                       "socket=inet:localhost:8891\n"
                       "mode=0999\n"
                       "[intake]\n"
                       "recipients=abuse@example.net;colleague\n"
                       "max-size=40 MB\n"
                       "[provenance]\n"
                       "require=client\n"
                       "clients=192.0.2.0/33\n"
                       "max-age=a fortnight\n"
                       "[custmers]\n"
                       "[notices]\n"
                       "mode=on\n"
                       "desk=desk@example.net\n"
                       "desk=desk@example.org\n"
                       "this line is lost\n";
    static const guint lines[] = { 1, 3, 4, 6, 7, 10, 11, 12, 14, 16, 17 };
    g_assert_null(config_made(text, -1, faults));
    g_autofree char *all = config_faults(faults);
    g_test_message("%s", all);
    g_assert_cmpuint(faults_errors(faults), ==, G_N_ELEMENTS(lines));
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *place = g_strdup_printf(CONFIG_NAME ":%u: ", lines[i]);
        g_assert_nonnull(strstr(all, place));
    }
}

static void test_file_limits(void)
{
    g_autoptr(GString) text = g_string_new("[intake]\n");
    while (text->len < CONFIG_FILE_MAX)
        g_string_append(text, text->len % 80 == 79 ? "\n" : "#");
    g_autoptr(Config) config = config_good(text->str);
    g_assert_cmpuint(config_line(config, "intake", "max-size"), ==, 0);

    g_autoptr(Faults) faults = faults_new();
    g_string_append_c(text, '#');
    g_assert_null(config_made(text->str, (gssize)text->len, faults));
    g_assert_null(config_load("missing.conf", faults));
    g_assert_null(config_load(".", faults));
    g_autofree char *got = config_faults(faults);
    g_assert_cmpstr(got, ==,
                    "t.conf: the file is too large; expected at most 1048576 bytes\n"
                    "missing.conf: can't be opened: No such file or directory; expected a "
                    "readable file\n"
                    ".: can't be read: Is a directory; expected a readable file");
}

/* No prefix of a good file and no flipped byte may do more than add faults. */
static void test_hostile(void)
{
    const char *text = "[milter]\nsocket=inet:1@[2001:db8::1]\n[notices]\nfrom=\"A\\\\\"B\" "
                       "<a@example.net>\n[submission]\nvia=smtps://u@mx.example.net:25\n";
    gsize length = strlen(text);
    for (gsize i = 0; i <= length; i++) {
        g_autoptr(Faults) faults = faults_new();
        g_autoptr(Config) config = config_made(text, (gssize)i, faults);
        g_assert_true((config == NULL) == (faults_errors(faults) > 0));
    }
    for (gsize i = 0; i < length * 8; i++) {
        g_autoptr(Faults) faults = faults_new();
        g_autofree char *flipped = g_strdup(text);
        flipped[i / 8] = (char)(flipped[i / 8] ^ (1 << (i % 8)));
        g_autoptr(Config) config = config_made(flipped, (gssize)length, faults);
        g_assert_true((config == NULL) == (faults_errors(faults) > 0));
    }
}

static void add(void)
{
    g_test_add_func("/config/file/faults", test_files);
    g_test_add_func("/config/file/layout", test_layout);
    g_test_add_func("/config/file/ten-faults", test_ten_faults);
    g_test_add_func("/config/file/limits", test_file_limits);
    g_test_add_func("/config/file/hostile", test_hostile);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}
