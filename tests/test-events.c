/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Golden mails: tests/mail/NAME.eml gives exactly tests/mail/NAME.jsonl; those
 * that give nothing, or not all, say why. */
#include "events.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *explanation; /* all of it, without the file's name; "" is none */
} Golden;

static const Golden goldens[] = {
    { "bilingual-word-split-over-two-folds", "" },
    { "network-scope-base64-crlf", "" },
    { "critical-banner-with-quotes-and-empty-lines", "" },
    { "country-scope-attached-octet-stream", "" },
    { "attached-csv-and-unknown-time", "" },
    { "relayed-by-a-list-with-footer", "" },
    { "mail-account-at-a-shared-mx", "" },
    { "unknown-class-one-unreadable-row-of-twenty",
      "row 7 is unreadable: \"192.0.2.999\" is no address" },
    { "doubt-cut-in-the-middle",
      "table: behind row 3 the text ends without the sign-off: it may be cut" },
    { "old-pipe-table", "" },
    { "manual-list-without-times", "" },
    { "manual-systembc-wrapped-with-html", "" },
    { "manual-key-in-a-citation-with-zone", "" },
    { "manual-customer-in-a-sentence", "" },
    { "shadowserver-telnet-in-a-zip", "" },
    { "shadowserver-sinkhole-one-row-unreadable",
      "row 2 is unreadable: \"not.an.address\" is no address" },
    { "manual-only-a-web-page", "it names no address of a system that is affected" },
};

static char *load(const char *name, const char *suffix, gsize *length_r)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "mail", file, NULL);
    g_autoptr(GError) error = NULL;
    char *content = NULL;
    g_file_get_contents(path, &content, length_r, &error);
    g_assert_no_error(error);
    return content;
}

static void test_golden(gconstpointer data)
{
    const Golden *golden = data;
    gsize length;
    g_autoptr(GError) error = NULL;
    char *mail = load(golden->name, ".eml", &length);
    g_autoptr(GBytes) bytes = g_bytes_new_take(mail, length);
    g_autofree char *want = load(golden->name, ".jsonl", &length);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    g_autoptr(Report) report = report_read(message, &error);
    g_assert_no_error(error);
    g_autofree char *file = g_strconcat(golden->name, ".eml", NULL);
    g_autofree char *why = *golden->explanation == '\0'
                               ? g_strdup("")
                               : g_strdup_printf("%s: %s\n", file, golden->explanation);
    GString *out = g_string_new(NULL), *explanation = g_string_new(NULL);
    events_append(out, file, report);
    events_explain(explanation, file, report);
    g_assert_cmpstr(out->str, ==, want);
    g_assert_cmpstr(explanation->str, ==, why);
    g_string_free(out, TRUE);
    g_string_free(explanation, TRUE);
}

/* A file without its line in the table above would never be looked at. */
static void test_all_listed(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "mail", NULL);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    g_assert_nonnull(directory);
    for (const char *name; (name = g_dir_read_name(directory)) != NULL;) {
        gboolean listed = !g_str_has_suffix(name, ".jsonl");
        for (gsize i = 0; i < G_N_ELEMENTS(goldens); i++)
            listed = listed || (g_str_has_prefix(name, goldens[i].name)
                                && strcmp(name + strlen(goldens[i].name), ".jsonl") == 0);
        if (!listed)
            g_error("tests/mail/%s is in no test", name);
    }
}

int main(int argc, char **argv)
{
    g_autofree char *sources = g_path_get_dirname(__FILE__);
    g_setenv("G_TEST_SRCDIR", sources, FALSE); /* `make check` has set it */
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (gsize i = 0; i < G_N_ELEMENTS(goldens); i++) {
        g_autofree char *path = g_strconcat("/events/", goldens[i].name, NULL);
        g_test_add_data_func(path, &goldens[i], test_golden);
    }
    g_test_add_func("/events/all-listed", test_all_listed);
    return g_test_run();
}
