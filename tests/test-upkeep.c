/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the daemon does with its ledger beside its work: the full check after a crash, and
 * the daily purge. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "upkeep.h"

#include <string.h>

#define YEAR (365 * MAKER_DAY)

typedef struct {
    char *directory, *path;
    Ledger *ledger;
    Config config;
} World;

static void set_up(World *world, gconstpointer data)
{
    (void)data;
    world->directory = fixture_directory();
    world->path = g_build_filename(world->directory, "ledger.db", NULL);
    world->ledger = maker_open(world->path, LEDGER_DAEMON);
    world->config = (Config) { .keep_content_secs = 90 * 86400, .keep_proof_secs = 0 };
}

static void tear_down(World *world, gconstpointer data)
{
    (void)data;
    ledger_close(world->ledger);
    g_free(world->path);
    fixture_remove(world->directory);
}

static void test_before(void)
{
    g_assert_cmpint(upkeep_before(MAKER_NOW, 0), ==, 0); /* keeps all */
    g_assert_cmpint(upkeep_before(MAKER_NOW, 90), ==, MAKER_NOW - 90 * MAKER_SEC);
    g_assert_cmpint(upkeep_before(5 * MAKER_SEC, 90), ==, 0); /* a clock at 1970 */
}

/* Wait until the purge was noted; what hangs is ended by the test driver. */
static void wait_for_purge(World *world)
{
    for (;;) {
        g_autofree char *last = ledger_get(world->ledger, "last-purge");
        if (last != NULL && strcmp(last, "1999-01-01T00:00:00Z") != 0)
            return;
        g_usleep(20000);
    }
}

static Upkeep *start(World *world)
{
    g_autoptr(GError) error = NULL;
    Upkeep *upkeep = upkeep_start(world->ledger, &world->config, &error);
    g_assert_no_error(error);
    return upkeep;
}

static void stop(Upkeep *upkeep)
{
    upkeep_stop(upkeep);
    upkeep_free(upkeep);
}

/* At the first start, and when the last time is a day ago; not sooner. */
static void test_purge(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made old = { .ticket = "CB-Report#20250212-10000001", .digest = "d", .n_rows = 2,
                 .state = REPORT_HELD };

    (void)data;
    maker_must_record(world->ledger, &old); /* MAKER_NOW is more than 90 days ago */
    Upkeep *upkeep = start(world);
    wait_for_purge(world);
    stop(upkeep);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_HELD, NULL), ==, 0);

    Made again = { .ticket = "CB-Report#20250212-10000002", .digest = "d", .n_rows = 2,
                   .state = REPORT_HELD };
    maker_must_record(world->ledger, &again);
    upkeep = start(world); /* has purged just now */
    stop(upkeep);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_HELD, NULL), ==, 1);

    ledger_set(world->ledger, "last-purge", "1999-01-01T00:00:00Z", &error);
    g_assert_no_error(error);
    upkeep = start(world);
    wait_for_purge(world);
    stop(upkeep);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_HELD, NULL), ==, 0);
}

/* keep-content=0: nothing goes, however old. */
static void test_keep_all(World *world, gconstpointer data)
{
    Made old = { .ticket = "CB-Report#20250212-10000001", .digest = "d", .n_rows = 2,
                 .state = REPORT_HELD, .now = MAKER_NOW - 20 * YEAR };

    (void)data;
    world->config.keep_content_secs = 0;
    maker_must_record(world->ledger, &old);
    Upkeep *upkeep = start(world);
    wait_for_purge(world);
    stop(upkeep);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_HELD, NULL), ==, 1);
}

/* Overwrite pages in the middle of the file, as a disk that lies would. */
static void spoil(const World *world)
{
    char *bytes;
    gsize size;
    g_autoptr(GError) error = NULL;

    g_file_get_contents(world->path, &bytes, &size, &error);
    g_assert_no_error(error);
    memset(bytes + size / 2, 0xa5, size / 4);
    g_file_set_contents_full(world->path, bytes, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600,
                             &error);
    g_assert_no_error(error);
    g_free(bytes);
}

/* Damage that the full check finds: from then on nothing is recorded or handed out. */
static void test_damage(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = "CB-Report#20250212-10000001", .digest = "d", .n_rows = 200 };
    Made late = { .ticket = "CB-Report#20250212-10000002", .digest = "d", .n_rows = 2 };
    LedgerOutcome outcome;
    gint64 next;

    (void)data;
    maker_must_record(world->ledger, &made);
    ledger_close(world->ledger);
    world->ledger = maker_open(world->path, LEDGER_TOOL);
    spoil(world);
    g_assert_false(ledger_check_integrity(world->ledger, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    g_assert_nonnull(strstr(error->message, world->path));
    g_clear_error(&error);
    LedgerReport report = maker_report(&late);
    g_assert_null(ledger_begin(world->ledger, &report, NULL, "", &outcome, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    g_clear_error(&error);
    g_assert_null(ledger_claim(world->ledger, "w", 9, MAKER_NOW + MAKER_DAY, &next, &error));
    g_assert_nonnull(error);
}

#define ADD(name, function) \
    g_test_add("/upkeep/" name, World, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/upkeep/before", test_before);
    ADD("purge", test_purge);
    ADD("keep-all", test_keep_all);
    ADD("damage", test_damage);
    return g_test_run();
}
