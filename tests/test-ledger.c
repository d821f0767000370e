/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The ledger's record of reports: keys, fates, what is asked before they are given. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICKET "CB-Report#20250212-10004759"

typedef MakerWorld World;

/* ---- reports */

/* Law 4: ticket and rows are the key; a proven report alone takes one. */
static void test_outcomes(World *world, gconstpointer data)
{
    static const struct {
        const char *ticket, *digest;
        LedgerOutcome want;
        const char *why;
    } cases[] = {
        { TICKET, NULL, LEDGER_NEW, "an unproven copy first" },
        { TICKET, "d1", LEDGER_NEW, "does not take the key from the genuine one" },
        { TICKET, "d1", LEDGER_DUPLICATE, "the same again" },
        { TICKET, "d2", LEDGER_FOLLOW_UP, "other rows" },
        { TICKET, "d2", LEDGER_DUPLICATE, "the follow-up again" },
        { TICKET, NULL, LEDGER_NEW, "unproven again: recorded apart" },
        { "CB-Report#20250213-10004760", "d1", LEDGER_NEW, "the same rows, a new ticket" },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Made made = { .ticket = cases[i].ticket, .digest = cases[i].digest };
        made.state = made.digest == NULL ? REPORT_UNVERIFIED : REPORT_DONE;
        g_test_message("%s", cases[i].why);
        g_assert_cmpint(maker_must_record(world->ledger, &made), ==, cases[i].want);
    }
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_REPORTS, NULL), ==, 5);
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

/* Law 1: the fates add up to the rows, or nothing is recorded. */
static void test_law_1(World *world, gconstpointer data)
{
    static const struct {
        guint added, rows;
        gboolean want;
    } cases[] = {
        { 4, 4, TRUE }, { 4, 5, FALSE }, { 4, 3, FALSE }, { 0, 1, FALSE }, { 0, 0, TRUE }
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        Made made = { .ticket = ticket, .digest = "d", .n_rows = cases[i].added };
        LedgerOutcome outcome;
        g_autoptr(LedgerTransaction) transaction = begin(world, &made, &outcome);

        maker_add(transaction, &made);
        g_assert_cmpint(ledger_commit(transaction, cases[i].rows, "handled", REPORT_DONE, &error),
                        ==, cases[i].want);
        if (!cases[i].want)
            g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
        g_assert_cmpint((gint)maker_count(world->ledger, LEDGER_REPORTS, ticket), ==,
                        cases[i].want);
    }
}

static void test_refused_rows(World *world, gconstpointer data)
{
    static const struct {
        guint row;
        const char *notice, *why;
    } cases[] = {
        { 0, "", "a row twice" },
        { 2, "", "a row beyond the last, in place of another" },
        { 1, "nowhere", "told by a notice that is not there" },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Made made = { .ticket = TICKET, .digest = "d", .state = REPORT_HELD };
        LedgerOutcome outcome;
        g_autoptr(LedgerTransaction) transaction = begin(world, &made, &outcome);
        LedgerEvent event = { .digest = "00", .fate = FATE_UNASSIGNED };

        g_assert_true(ledger_add_event(transaction, &event, NULL));
        event.row = cases[i].row;
        event.notice = cases[i].notice;
        /* What the caller passes over, the commit does not. */
        ledger_add_event(transaction, &event, NULL);
        g_test_message("%s", cases[i].why);
        g_assert_false(ledger_commit(transaction, 2, "handled", REPORT_DONE, &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_REPORTS, NULL), ==, 0);
    }
}

static void test_abort(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 4 };
    LedgerOutcome outcome;
    LedgerTransaction *transaction = begin(world, &made, &outcome);

    (void)data;
    maker_add(transaction, &made);
    ledger_abort(transaction);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_REPORTS, NULL), ==, 0);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, 0);
    g_assert_cmpint(maker_must_record(world->ledger, &made), ==, LEDGER_NEW);

    transaction = begin(world, &made, &outcome); /* a duplicate is over at once */
    g_assert_cmpint(outcome, ==, LEDGER_DUPLICATE);
    g_assert_false(ledger_commit(transaction, 0, "", REPORT_DONE, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    ledger_abort(transaction);
}

/* A follow-up tells its new events only, and each event is told by one report,
 * whatever the order in which a held one is released. */
static void test_follow_up(World *world, gconstpointer data)
{
    g_autofree char *first = NULL;
    Made held = { .ticket = TICKET, .digest = "d1", .n_rows = 4, .state = REPORT_HELD };
    Made more = { .ticket = TICKET, .digest = "d2", .n_rows = 6 };
    Made most = { .ticket = TICKET, .digest = "d3", .n_rows = 8 };

    (void)data;
    maker_must_record(world->ledger, &held);
    first = maker_value(world->ledger, LEDGER_REPORTS, NULL, "id");
    g_assert_cmpint(maker_must_record(world->ledger, &more), ==, LEDGER_FOLLOW_UP);
    g_autofree char *told = maker_value(world->ledger, LEDGER_REPORTS, NULL, "notified");
    g_autofree char *known = maker_value(world->ledger, LEDGER_REPORTS, NULL, "suppressed");
    g_assert_cmpstr(told, ==, "2");
    g_assert_cmpstr(known, ==, "4");

    held.state = REPORT_DONE; /* released: its rows are not known by the later one */
    held.released = first;
    g_assert_cmpint(maker_must_record(world->ledger, &held), ==, LEDGER_FOLLOW_UP);
    g_autofree char *again = maker_value(world->ledger, LEDGER_REPORTS, first, "notified");
    g_assert_cmpstr(again, ==, "4");

    g_assert_cmpint(maker_must_record(world->ledger, &most), ==, LEDGER_FOLLOW_UP);
    g_autofree char *last = maker_value(world->ledger, LEDGER_REPORTS, NULL, "notified");
    g_assert_cmpstr(last, ==, "2");
}

static void test_dropped_is_not_known(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made held = { .ticket = TICKET, .digest = "d1", .n_rows = 4, .state = REPORT_HELD };
    Made more = { .ticket = TICKET, .digest = "d2", .n_rows = 4 };

    (void)data;
    maker_must_record(world->ledger, &held);
    ledger_change_report(world->ledger, TICKET, REPORT_DROPPED, "anna", "faulty", MAKER_NOW,
                         &error);
    g_assert_no_error(error);
    g_assert_cmpint(maker_must_record(world->ledger, &more), ==, LEDGER_NEW);
    g_autofree char *told = maker_value(world->ledger, LEDGER_REPORTS, "done", "notified");
    g_assert_cmpstr(told, ==, "4");
}

static void test_release(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    LedgerOutcome outcome;
    Made made = { .ticket = TICKET, .n_rows = 4, .state = REPORT_UNVERIFIED };

    (void)data;
    maker_must_record(world->ledger, &made);
    g_autofree char *id = maker_value(world->ledger, LEDGER_REPORTS, NULL, "id");
    made.released = id;
    made.digest = "d1";
    made.state = REPORT_DONE;
    g_assert_false(maker_record(world->ledger, &made, &outcome, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT); /* unverified, not held */
    g_clear_error(&error);
    ledger_change_report(world->ledger, id, REPORT_HELD, "anna", "called them", MAKER_NOW, &error);
    g_assert_no_error(error);
    g_assert_cmpint(maker_must_record(world->ledger, &made), ==, LEDGER_NEW);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_SHOW, TICKET), ==, 4);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CHANGES, TICKET), ==, 3);
    made.released = NULL; /* vouched for, it has its key now */
    g_assert_cmpint(maker_must_record(world->ledger, &made), ==, LEDGER_DUPLICATE);
    made.released = "CB-Report#20250212-99999999/0";
    g_assert_false(maker_record(world->ledger, &made, &outcome, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

/* An accepted copy of what came genuinely meanwhile is a duplicate. */
static void test_release_of_a_copy(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made copy = { .ticket = TICKET, .n_rows = 4, .state = REPORT_UNVERIFIED };
    Made genuine = { .ticket = TICKET, .digest = "d1", .n_rows = 4 };

    (void)data;
    maker_must_record(world->ledger, &copy);
    g_autofree char *id = maker_value(world->ledger, LEDGER_REPORTS, NULL, "id");
    maker_must_record(world->ledger, &genuine);
    ledger_change_report(world->ledger, id, REPORT_HELD, "anna", "", MAKER_NOW, &error);
    g_assert_no_error(error);
    genuine.released = id;
    g_assert_cmpint(maker_must_record(world->ledger, &genuine), ==, LEDGER_DUPLICATE);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, 2);
}

/* ---- what is asked before fates are given */

static void test_told(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 2 };
    LedgerOutcome outcome;
    LedgerTold told;

    (void)data;
    maker_must_record(world->ledger, &made);
    made.digest = "d2";
    made.now = MAKER_NOW + MAKER_DAY;
    g_autoptr(LedgerTransaction) transaction = begin(world, &made, &outcome);
    ledger_told(transaction, "C-0", "open-telnet", "192.0.2.1", &told, &error);
    g_assert_cmpuint(told.times, ==, 1);
    g_assert_cmpint(told.last_told, ==, MAKER_NOW);
    g_assert_cmpint(told.last_critical, ==, 0);
    for (guint i = 0; i < 2; i++) /* two rows of one address: one telling */
        ledger_add_told(transaction, "C-0", "open-telnet", "192.0.2.1", MAKER_NOW - MAKER_DAY,
                        made.now, TRUE, &error);
    ledger_told(transaction, "C-0", "open-telnet", "192.0.2.1", &told, &error);
    g_assert_cmpuint(told.times, ==, 2);
    g_assert_cmpint(told.first_seen, ==, MAKER_NOW - MAKER_DAY);
    g_assert_cmpint(told.last_seen, ==, MAKER_NOW);
    g_assert_cmpint(told.last_told, ==, made.now);
    g_assert_cmpint(told.last_critical, ==, made.now);
    ledger_told(transaction, "C-1", "open-telnet", "192.0.2.1", &told, &error);
    g_assert_cmpuint(told.times, ==, 0); /* another customer */
    ledger_told(transaction, "C-0", "open-ssdp", "192.0.2.1", &told, &error);
    g_assert_cmpuint(told.times, ==, 0); /* another class */
    g_assert_no_error(error);
}

static void exempt(World *world, const char *network, const char *class_id, gint64 until)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    LedgerExemption exemption = {
        .class_id = class_id, .until = until, .reason = "honeypot", .person = "anna"
    };

    network_parse(network, &exemption.network, &error);
    g_assert_no_error(error);
    ledger_exempt(world->ledger, &exemption, MAKER_NOW - MAKER_DAY, &id, &error);
    g_assert_no_error(error);
    g_assert_nonnull(id);
}

static void test_exempted(World *world, gconstpointer data)
{
    static const struct {
        const char *address, *class_id, *want;
    } cases[] = {
        { "192.0.2.1", "open-telnet", "X1" },   { "192.0.2.1", "open-ssdp", NULL },
        { "198.51.100.9", "open-ssdp", "X2" },  { "198.51.100.10", "open-ssdp", NULL },
        { "203.0.113.1", "open-telnet", NULL }, /* ended yesterday */
        { "2001:db8::1", "open-telnet", "X4" }, { "192.0.2.200", "any", NULL },
    };
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d" };
    LedgerOutcome outcome;

    (void)data;
    exempt(world, "192.0.2.0/25", "open-telnet", MAKER_NOW + 1);
    exempt(world, "198.51.100.5-198.51.100.9", "", MAKER_NOW + 1);
    exempt(world, "203.0.113.0/24", "", MAKER_NOW);
    exempt(world, "::/0", "", MAKER_NOW + 1);
    exempt(world, "0.0.0.0/0", "", MAKER_NOW + 1);
    ledger_exempt_end(world->ledger, "X5", "bert", MAKER_NOW, &error);
    g_assert_no_error(error);
    g_assert_false(ledger_exempt_end(world->ledger, "X5", "bert", MAKER_NOW, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_EXEMPTIONS, NULL), ==, 5);

    g_autoptr(LedgerTransaction) transaction = begin(world, &made, &outcome);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Address address;
        g_assert_true(address_parse(cases[i].address, strlen(cases[i].address), &address));
        g_autofree char *id = ledger_exempted(transaction, &address, cases[i].class_id);
        g_assert_cmpstr(id, ==, cases[i].want);
    }
}

static void test_counts(World *world, gconstpointer data)
{
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 6 };
    Made held = { .ticket = "CB-Report#20250212-00000002",
                  .digest = "d",
                  .n_rows = 4,
                  .notice_state = NOTICE_HELD };
    Made next = { .ticket = "CB-Report#20250212-00000003", .digest = "d" };
    LedgerOutcome outcome;

    (void)data;
    maker_must_record(world->ledger, &made);
    maker_must_record(world->ledger, &held);
    g_autofree char *reference = maker_value(world->ledger, LEDGER_NOTICES, NULL, "reference");
    g_autoptr(LedgerTransaction) transaction = begin(world, &next, &outcome);
    g_assert_cmpuint(ledger_notices_since(transaction, MAKER_NOW), ==, 3);
    g_assert_cmpuint(ledger_notices_since(transaction, MAKER_NOW + 1), ==, 0);
    g_assert_true(ledger_reference_taken(transaction, reference));
    g_assert_false(ledger_reference_taken(transaction, "A-0000000"));
}

/* ---- many at once */

typedef struct {
    Ledger *ledger;
    LedgerOutcome outcome;
} Racer;

static gpointer race(gpointer data)
{
    Racer *racer = data;
    Made made = { .ticket = TICKET, .digest = "d1", .n_rows = 10 };

    racer->outcome = maker_must_record(racer->ledger, &made);
    return NULL;
}

/* The same report over 20 connections, and over two Ledgers on the file. */
static void test_race_of_threads(World *world, gconstpointer data)
{
    g_autoptr(Ledger) other = maker_open(world->path, LEDGER_TOOL);
    guint outcomes[3] = { 0 };
    GThread *threads[20];
    Racer racers[20];

    (void)data;
    for (guint i = 0; i < 20; i++) {
        racers[i] = (Racer){ .ledger = i % 2 ? other : world->ledger };
        threads[i] = g_thread_new("race", race, &racers[i]);
    }
    for (guint i = 0; i < 20; i++) {
        g_thread_join(threads[i]);
        outcomes[racers[i].outcome]++;
    }
    g_assert_cmpuint(outcomes[LEDGER_NEW], ==, 1);
    g_assert_cmpuint(outcomes[LEDGER_DUPLICATE], ==, 19);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, 5);
}

static int race_child(const char *path)
{
    Ledger *ledger = ledger_open(path, LEDGER_TOOL, NULL);
    guint n = 0;

    for (guint i = 0; ledger != NULL && i < 20; i++) {
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        Made made = { .ticket = ticket, .digest = "d1", .n_rows = 10 };
        n += maker_must_record(ledger, &made) == LEDGER_NEW;
    }
    ledger_close(ledger);
    return (int)n;
}

static void test_race_of_processes(World *world, gconstpointer data)
{
    pid_t children[4];
    int sum = 0;

    (void)data;
    ledger_close(world->ledger); /* SQLite: no connection is carried over a fork */
    for (guint i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(race_child(world->path));
    }
    for (guint i = 0; i < 4; i++) {
        int status;
        waitpid(children[i], &status, 0);
        g_assert_true(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    g_assert_cmpint(sum, ==, 20);
    world->ledger = maker_open(world->path, LEDGER_DAEMON);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, 100);
}

#define ADD(path, test)                                                                            \
    g_test_add("/ledger/" path, World, NULL, maker_set_up, test, maker_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("outcomes", test_outcomes);
    ADD("law-1", test_law_1);
    ADD("refused-rows", test_refused_rows);
    ADD("abort", test_abort);
    ADD("follow-up", test_follow_up);
    ADD("dropped-is-not-known", test_dropped_is_not_known);
    ADD("release", test_release);
    ADD("release-of-a-copy", test_release_of_a_copy);
    ADD("told", test_told);
    ADD("exempted", test_exempted);
    ADD("counts", test_counts);
    ADD("race-of-threads", test_race_of_threads);
    ADD("race-of-processes", test_race_of_processes);
    return g_test_run();
}
