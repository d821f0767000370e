/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A held report of which only the signed part is proven, then its copy with a proven header,
 * while the ledger can't be asked about the former: the copy is deferred, nothing is lost or
 * told, and when it comes again it takes the other's place. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "ledger-sql.h"
#include "mail-maker.h"
#include "record.h"

#include <string.h>

#define SENT G_GINT64_CONSTANT(1739354227) /* 2025-02-12 09:57:07 UTC */
#define LIVE                                                                                       \
    "[notices]\nmode=live\nfrom=abuse@example.org\nreply-to=abuse@example.org\n"                   \
    "envelope-from=bounce@example.org\ndesk=desk@example.org\n"

/* Of the questions that recording asks this alone reads the column `part`. */
static int refuse_part(void *data, int action, const char *table, const char *column,
                       const char *database, const char *trigger)
{
    (void)database;
    (void)trigger;
    if (action != SQLITE_READ || strcmp(table, "report") != 0 || strcmp(column, "part") != 0)
        return SQLITE_OK;
    ++*(guint *)data;
    return SQLITE_DENY;
}

static gboolean record(const FixtureWorld *world, GBytes *mail, const char *title, gboolean header,
                       Status *status_r, GError **error)
{
    g_autofree char *line = g_strdup_printf("[CB-Report#20250212-10000001] %s", title);
    g_autoptr(Subject) subject = subject_parse(line);
    g_autoptr(Decision) decision
        = decide(world->snapshot, mail, &fixture_client, SENT, VOUCHED_BY_NOBODY, error);
    const RecordInput input = { .ledger = world->ledger, .secret = world->secret, .bytes = mail,
                                .subject = subject, .queue_id = "4TEST", .client = "",
                                .person = "" };
    Recorded recorded = { .problems = NULL };

    g_assert_no_error(*error);
    decision->provenance->header = header;
    if (!header) {
        g_free(decision->provenance->signature);
        decision->provenance->signature = g_strdup("pgp:1");
    }
    gboolean fine
        = record_decision(&input, decision, SENT * G_USEC_PER_SEC, &recorded, error);
    *status_r = decision->status;
    recorded_clear(&recorded);
    return fine;
}

static GBytes *make_mail(const char *title)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    const MailOptions options = { .ticket = "CB-Report#20250212-10000001", .title = title,
                                  .scope = "AS64496", .rows = rows };

    g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", NULL));
    return mail_make(&options);
}

static void test_fails(void)
{
    static const char unknown[] = "Verwundbare Toaster", known[] = "Offene Telnet-Server";
    FixtureWorld world;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) held = make_mail(unknown), genuine = make_mail(known);
    guint refused = 0;
    Status status;

    fixture_set_up(&world, LIVE, "network,customer,email\n192.0.2.0/28,a,a@example.net\n");
    gboolean fine = record(&world, held, unknown, FALSE, &status, &error);
    g_assert_true(fine);
    g_assert_cmpint(status, ==, STATUS_HELD);

    sqlite3_set_authorizer(world.ledger->db, refuse_part, &refused);
    fine = record(&world, genuine, known, TRUE, &status, &error);
    g_assert_false(fine);
    sqlite3_set_authorizer(world.ledger->db, NULL, NULL);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    g_clear_error(&error);
    g_assert_cmpuint(refused, ==, 1);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, 1);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, "held"), ==, 1);

    fine = record(&world, genuine, known, TRUE, &status, &error);
    g_assert_true(fine);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, STATUS_HANDLED);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, "held"), ==, 0);
    fixture_tear_down(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/weaker-copy/fails", test_fails);
    return g_test_run();
}
