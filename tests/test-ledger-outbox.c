/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The ledger's side of the outbox: claims, leases, clocks that jump, marks. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"

#include <string.h>

#define TICKET "CB-Report#20250212-10004759"

typedef MakerWorld World;

static void reopen(World *world)
{
    ledger_close(world->ledger);
    world->ledger = maker_open(world->path, LEDGER_DAEMON);
}

static LedgerTransaction *begin(World *world, const Made *made, LedgerOutcome *outcome_r)
{
    g_autoptr(GError) error = NULL;
    LedgerReport report = maker_report(made);
    LedgerTransaction *transaction =
        ledger_begin(world->ledger, &report, made->released, "anna", outcome_r, &error);

    g_assert_no_error(error);
    g_assert_nonnull(transaction);
    return transaction;
}

static GPtrArray *claim(World *world, const char *worker, guint max, gint64 now, gint64 *next_r)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *claims = ledger_claim(world->ledger, worker, max, now, next_r, &error);

    g_assert_no_error(error);
    g_assert_nonnull(claims);
    return claims;
}

static guint count_claims(World *world, const char *worker, guint max, gint64 now)
{
    g_autoptr(GPtrArray) claims = claim(world, worker, max, now, NULL);
    return claims->len;
}

static void test_claims(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made late = { .ticket = TICKET, .digest = "d1", .n_rows = 4, .now = MAKER_NOW + 10 };
    Made made = { .ticket = "CB-Report#20250212-00000002", .digest = "d", .n_rows = 4 };
    gint64 next;

    (void)data;
    maker_must_record(world->ledger, &late);
    maker_must_record(world->ledger, &made);
    g_assert_cmpuint(count_claims(world, "a", 10, MAKER_NOW - 1), ==, 0);
    g_autoptr(GPtrArray) one = claim(world, "a", 1, MAKER_NOW + 20, &next);
    g_assert_cmpuint(one->len, ==, 1);
    const LedgerClaim *first = g_ptr_array_index(one, 0);
    g_assert_cmpstr(first->ticket, ==, made.ticket); /* oldest due first */
    g_assert_cmpstr(first->recipients[0], ==, "abuse@c-0.example.org");
    g_assert_cmpuint(g_strv_length(first->recipients), ==, 1);
    g_assert_cmpuint(g_bytes_get_size(first->bytes), ==, strlen(MAKER_BODY));
    g_assert_cmpint(first->created, ==, MAKER_NOW);
    g_assert_cmpint(next, ==, MAKER_NOW); /* the second one */
    g_assert_cmpuint(count_claims(world, "b", 10, MAKER_NOW + 20), ==, 3);
    g_assert_cmpuint(count_claims(world, "c", 10, MAKER_NOW + 20), ==, 0);
    ledger_unclaim(world->ledger, "b", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(count_claims(world, "c", 10, MAKER_NOW + 20), ==, 3);
}

/* A mail to the desk, made last, does not wait for thousands of older notices. */
static void test_desk_first(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const char *const to[] = { "desk@example.org", NULL };
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 40 };
    g_autoptr(GBytes) bytes = g_bytes_new_static("Subject: x\r\n\r\n", 14);
    const LedgerNotice mail = { .id = "desk/1", .reference = "A-DESK", .customer = "",
                                .state = NOTICE_PENDING, .sender = "", .recipients = to,
                                .bytes = bytes, .due = MAKER_NOW + 10 };
    gint64 next;

    (void)data;
    maker_must_record(world->ledger, &made);
    ledger_add_mail(world->ledger, &mail, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) early = claim(world, "a", 1, MAKER_NOW + 9, &next);
    g_assert_cmpstr(((LedgerClaim *)early->pdata[0])->customer, !=, ""); /* not yet due */
    g_autoptr(GPtrArray) two = claim(world, "b", 2, MAKER_NOW + 10, &next);
    g_assert_cmpuint(two->len, ==, 2);
    g_assert_cmpstr(((LedgerClaim *)two->pdata[0])->id, ==, "desk/1");
    g_assert_cmpstr(((LedgerClaim *)two->pdata[1])->customer, !=, "");
}

/* Clocks jump.  Forward: who is at work keeps his claim; backward: nobody waits years.
 * A claim of a process that died ends with its lease. */
static void test_claims_and_clocks(World *world, gconstpointer data)
{
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 4 };
    gint64 lease = LEDGER_LEASE_SECS * MAKER_SEC, next;

    (void)data;
    maker_must_record(world->ledger, &made);
    g_assert_cmpuint(count_claims(world, "a", 1, MAKER_NOW), ==, 1);
    g_assert_cmpuint(count_claims(world, "b", 9, MAKER_NOW + 365 * MAKER_DAY), ==, 1);
    reopen(world);
    g_assert_cmpuint(count_claims(world, "b", 9, MAKER_NOW + lease - 1), ==, 1); /* of 2035 */
    g_assert_cmpuint(count_claims(world, "b", 9, MAKER_NOW + lease), ==, 1);
    reopen(world);
    g_autoptr(GPtrArray) none = claim(world, "c", 9, MAKER_NOW + lease, &next);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpint(next, ==, MAKER_NOW + 2 * lease - 1);
    g_assert_cmpuint(count_claims(world, "c", 9, MAKER_NOW + 2 * lease), ==, 2);
}

static gboolean mark(World *world, const char *id, NoticeState state, gint64 due, GError **error)
{
    LedgerResult result = { .id = id,
                            .state = state,
                            .due = due,
                            .reply = "250 2.0.0 Ok: queued as 4YtY",
                            .queue_id = "4YtY" };

    return ledger_mark(world->ledger, &result, 1, MAKER_NOW + 5, error);
}

static void test_marks(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 6 };

    (void)data;
    maker_must_record(world->ledger, &made);
    g_autoptr(GPtrArray) claims = claim(world, "a", 9, MAKER_NOW, NULL);
    g_assert_cmpuint(claims->len, ==, 3);
    const LedgerClaim *sent = claims->pdata[0], *later = claims->pdata[1], *bad = claims->pdata[2];

    g_assert_true(mark(world, sent->id, NOTICE_HANDED_OVER, 0, &error));
    g_assert_true(mark(world, sent->id, NOTICE_HANDED_OVER, 0, &error)); /* told twice */
    g_assert_true(mark(world, later->id, NOTICE_PENDING, MAKER_NOW + 60, &error));
    g_assert_true(mark(world, bad->id, NOTICE_FAILED, 0, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(count_claims(world, "a", 9, MAKER_NOW + 59), ==, 0);
    g_autoptr(GPtrArray) again = claim(world, "a", 9, MAKER_NOW + 60, NULL);
    g_assert_cmpuint(again->len, ==, 1);
    g_assert_cmpuint(((LedgerClaim *)again->pdata[0])->attempts, ==, 1);

    g_autofree char *queue_id =
        maker_value(world->ledger, LEDGER_NOTICES, sent->reference, "queue_id");
    g_autofree char *time =
        maker_value(world->ledger, LEDGER_NOTICES, sent->reference, "handed_over");
    g_autofree char *digest = maker_value(world->ledger, LEDGER_NOTICES, sent->reference, "sha256");
    g_autofree char *want = g_compute_checksum_for_string(G_CHECKSUM_SHA256, MAKER_BODY, -1);
    g_assert_cmpstr(queue_id, ==, "4YtY");
    g_assert_cmpstr(time, ==, "2025-02-12T11:10:25Z");
    g_assert_cmpstr(digest, ==, want);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_FAILURES, "2025-02-12T11:10:25Z"), ==, 1);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_FAILURES, "2025-02-12T11:10:26Z"), ==, 0);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CHANGES, sent->reference), ==, 1);
}

/* The other results of a batch are kept when one is odd. */
static void test_odd_marks(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 4 };

    (void)data;
    maker_must_record(world->ledger, &made);
    g_autoptr(GPtrArray) claims = claim(world, "a", 9, MAKER_NOW, NULL);
    LedgerResult results[] = { { .id = "gone", .state = NOTICE_HANDED_OVER },
                               { .id = ((LedgerClaim *)claims->pdata[0])->id,
                                 .state = NOTICE_HANDED_OVER } };

    g_assert_false(ledger_mark(world->ledger, results, 2, MAKER_NOW, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, "handed-over"), ==, 1);
}

/* Who was not told after all is told with the next report. */
static void test_failed_is_not_told(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 4, .critical = TRUE };
    Made next = { .ticket = TICKET, .digest = "d2" };
    LedgerOutcome outcome;
    LedgerTold told;

    (void)data;
    maker_must_record(world->ledger, &made);
    mark(world, TICKET "/d1/C-0", NOTICE_FAILED, 0, &error);
    g_assert_no_error(error);
    for (guint round = 0; round < 2; round++) {
        g_autoptr(LedgerTransaction) transaction = begin(world, &next, &outcome);
        ledger_told(transaction, "C-0", "open-telnet", "192.0.2.1", &told, &error);
        g_assert_cmpint(told.last_told, ==, round == 0 ? 0 : MAKER_NOW + MAKER_DAY);
        g_assert_cmpint(told.last_critical, ==, told.last_told);
        ledger_told(transaction, "C-1", "open-telnet", "192.0.2.3", &told, &error);
        g_assert_cmpint(told.last_told, ==, MAKER_NOW);
        ledger_abort(g_steal_pointer(&transaction));
        if (round == 0)
            ledger_change_notice(world->ledger, TICKET "/d1/C-0", NOTICE_PENDING, "anna", "retry",
                                 MAKER_NOW + MAKER_DAY, &error);
        g_assert_no_error(error);
    }
}

static void test_own_mails(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
    const char *recipients[] = { "desk@example.net", "second@example.net", NULL };
    LedgerNotice mail = { .id = "failures/2025-02-12",
                          .reference = "A-DESK001",
                          .state = NOTICE_PENDING,
                          .recipients = recipients,
                          .bytes = bytes,
                          .due = MAKER_NOW };

    (void)data;
    for (guint i = 0; i < 2; i++) /* asked twice: one mail */
        g_assert_true(ledger_add_mail(world->ledger, &mail, NULL, &error));
    g_assert_no_error(error);
    g_autoptr(GPtrArray) claims = claim(world, "a", 9, MAKER_NOW, NULL);
    g_assert_cmpuint(claims->len, ==, 1);
    g_assert_cmpuint(g_strv_length(((LedgerClaim *)claims->pdata[0])->recipients), ==, 2);
    g_assert_cmpstr(((LedgerClaim *)claims->pdata[0])->sender, ==, "");
}

static void test_race_of_claims(World *world, gconstpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(Ledger) other = maker_open(world->path, LEDGER_TOOL);
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 40 };
    guint got = 1;

    (void)data;
    maker_must_record(world->ledger, &made);
    for (guint i = 0; got > 0; i++) {
        g_autoptr(GPtrArray) claims = ledger_claim(i % 2 ? other : world->ledger, i % 2 ? "a" : "b",
                                                   3, MAKER_NOW, NULL, NULL);
        got = claims->len;
        for (guint j = 0; j < got; j++)
            g_assert_true(g_hash_table_add(seen, g_strdup(((LedgerClaim *)claims->pdata[j])->id)));
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, 20);
}

#define ADD(path, test)                                                                            \
    g_test_add("/ledger-outbox/" path, World, NULL, maker_set_up, test, maker_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("claims", test_claims);
    ADD("desk-first", test_desk_first);
    ADD("claims-and-clocks", test_claims_and_clocks);
    ADD("marks", test_marks);
    ADD("odd-marks", test_odd_marks);
    ADD("failed-is-not-told", test_failed_is_not_told);
    ADD("own-mails", test_own_mails);
    ADD("race-of-claims", test_race_of_claims);
    return g_test_run();
}
