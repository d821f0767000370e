/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "fixture.h"

#include <glib/gstdio.h>
#include <string.h>

const Address fixture_client = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 25 } };

char *fixture_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *directory = g_dir_make_tmp("certbund-test-XXXXXX", &error);
    g_assert_no_error(error);
    return directory;
}

/* Links are removed, not followed. */
static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL
                                                                     : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        remove_tree(inner);
    }
    g_remove(path);
}

void fixture_remove(char *directory)
{
    remove_tree(directory);
    g_free(directory);
}

int fixture_run_apart(int argc, char **argv, void (*add)(void))
{
    g_autofree char *beside = g_path_get_dirname(__FILE__);
    const char *given = g_getenv("G_TEST_SRCDIR");
    g_autofree char *source = g_canonicalize_filename(given != NULL ? given : beside, NULL);
    g_autofree char *program = g_canonicalize_filename(argv[0], NULL);

    g_setenv("G_TEST_SRCDIR", source, TRUE);
    argv[0] = program;
    g_test_init(&argc, &argv, NULL);
    char *directory = fixture_directory();
    g_assert_cmpint(g_chdir(directory), ==, 0);
    add();
    int result = g_test_run();

    g_assert_cmpint(g_chdir("/"), ==, 0);
    fixture_remove(directory);
    return result;
}

void fixture_write(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
}

char *fixture_config(const char *directory, const char *extra, const char *customers)
{
    g_autofree char *templates = g_test_build_filename(G_TEST_DIST, "..", "templates", NULL);
    g_autofree char *absolute = g_canonicalize_filename(templates, NULL);
    g_autofree char *text
        = g_strdup_printf("[milter]\nsocket=unix:%s/milter.sock\nuser=\ngroup=\n"
                          "[intake]\nrecipients=abuse@lab.example.org\n"
                          "[provenance]\nrequire=client\nclients=198.51.100.0/24\n"
                          "[customers]\nsource=csv:%s/customers.csv\n"
                          "[ledger]\npath=%s/ledger.db\n"
                          "[templates]\ndirectories=%s\n%s",
                          directory, directory, directory, absolute, extra);
    fixture_write(directory, "certbund-milter.conf", text);
    fixture_write(directory, "customers.csv", customers);
    return g_build_filename(directory, "certbund-milter.conf", NULL);
}

Snapshot *fixture_snapshot(const char *directory, const char *extra, const char *customers)
{
    g_autofree char *path = fixture_config(directory, extra, customers);
    g_autoptr(Faults) faults = faults_new();
    Snapshot *snapshot = snapshot_load(path, TRUE, NULL, faults);

    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_cmpuint(faults_errors(faults), ==, 0);
    g_assert_nonnull(snapshot);
    return snapshot;
}

void fixture_set_up(FixtureWorld *world, const char *extra, const char *customers)
{
    g_autoptr(GError) error = NULL;

    world->directory = fixture_directory();
    world->snapshot = fixture_snapshot(world->directory, extra, customers);
    world->secret = secret_dummy();
    g_autofree char *path = g_build_filename(world->directory, "ledger.db", NULL);
    world->ledger = ledger_open(path, LEDGER_DAEMON, &error);
    g_assert_no_error(error);
}

void fixture_tear_down(FixtureWorld *world)
{
    ledger_close(world->ledger);
    secret_free(world->secret);
    snapshot_unref(world->snapshot);
    fixture_remove(world->directory);
}
