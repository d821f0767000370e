/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Real mails against truth.tsv: only where the folder is (CERTBUND_CORPUS, or
 * ../shared/corpus beside the source tree), for the mails name real networks.
 * Columns: file, family, ticket, class, rows, affected_ips, has_table, note. */
#include "report.h"

#include <string.h>

enum { FILE_NAME, FAMILY, TICKET, CLASS, ROWS, ADDRESSES, N_USED };

static char *folder(void)
{
    const char *given = g_getenv("CERTBUND_CORPUS");
    if (given != NULL && *given != '\0')
        return g_strdup(given);
    return g_test_build_filename(G_TEST_DIST, "..", "..", "shared", "corpus", NULL);
}

static Report *read_file(const char *directory, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *content;
    gsize length;
    g_file_get_contents(path, &content, &length, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) bytes = g_bytes_new_take(content, length);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    return report;
}

static void check_addresses(const Report *report, const char *list)
{
    g_auto(GStrv) wanted = g_strsplit(list, " ", -1);
    g_autoptr(GHashTable) got = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < report->n_events; i++) {
        char text[ADDRESS_TEXT_SIZE];
        g_assert_false(report->events[i].unreadable);
        g_hash_table_add(got, g_strdup(address_format(&report->events[i].address, text)));
    }
    for (guint i = 0; wanted[i] != NULL; i++)
        g_assert_true(g_hash_table_contains(got, wanted[i]));
    g_assert_cmpuint(g_hash_table_size(got), ==, g_strv_length(wanted));
}

static void check_line(const char *directory, char **cells)
{
    g_test_message("%s", cells[FILE_NAME]);
    g_autoptr(Report) report = read_file(directory, cells[FILE_NAME]);
    g_assert_cmpstr(report->subject->ticket, ==, cells[TICKET]);
    if (*cells[ADDRESSES] == '\0' || strcmp(cells[ADDRESSES], "-") == 0) {
        g_assert_true(report->unread); /* a person must read it */
        g_assert_cmpuint(report->n_events, ==, 0);
        return;
    }
    g_assert_cmpstr(report->doubt, ==, NULL);
    if (strcmp(cells[FAMILY], "auto") == 0) {
        g_assert_cmpstr(report->class_id, ==, cells[CLASS]);
        for (guint i = 0; i < report->n_events; i++)
            g_assert_cmpint(report->events[i].time_certainty, ==, WHEN_UTC);
    }
    g_assert_cmpuint(report->n_events, ==, g_ascii_strtoull(cells[ROWS], NULL, 10));
    check_addresses(report, cells[ADDRESSES]);
}

static void test_truth(void)
{
    g_autofree char *directory = folder();
    g_autofree char *path = g_build_filename(directory, "truth.tsv", NULL);
    g_autofree char *truth = NULL;
    if (!g_file_get_contents(path, &truth, NULL, NULL)) {
        g_test_skip("the real mails are not here; CERTBUND_CORPUS may name their folder");
        return;
    }
    g_auto(GStrv) lines = g_strsplit(truth, "\n", -1);
    guint checked = 0;
    for (guint i = 1; lines[i] != NULL; i++) {
        if (*lines[i] == '\0')
            continue;
        g_auto(GStrv) cells = g_strsplit(lines[i], "\t", -1);
        g_assert_cmpuint(g_strv_length(cells), >=, N_USED);
        check_line(directory, cells);
        checked++;
    }
    g_assert_cmpuint(checked, >, 0);
}

int main(int argc, char **argv)
{
    g_autofree char *sources = g_path_get_dirname(__FILE__);
    g_setenv("G_TEST_SRCDIR", sources, FALSE); /* `make check` has set it */
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/corpus/truth", test_truth);
    return g_test_run();
}
