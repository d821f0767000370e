/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What people do to the ledger, ask of it, and have a right to. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"

#include <string.h>

#define TICKET "CB-Report#20250212-10004759"

typedef MakerWorld World;

static void check_value(World *world, LedgerQuestion question, const char *filter,
                        const char *column, const char *want)
{
    g_autofree char *value = maker_value(world->ledger, question, filter, column);
    g_assert_cmpstr(value, ==, want);
}

static void mark_all(World *world, NoticeState state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) claims = ledger_claim(world->ledger, "w", 100, MAKER_NOW, NULL, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < claims->len; i++) {
        LedgerResult result = { .id = ((LedgerClaim *)claims->pdata[i])->id,
                                .state = state,
                                .reply = "250 to abuse@c-0.example.org",
                                .queue_id = "4YtY" };
        ledger_mark(world->ledger, &result, 1, MAKER_NOW, &error);
        g_assert_no_error(error);
    }
}

/* ---- states: every move along the tables of ledger.h, and no other */

static gboolean report_may(ReportState from, ReportState to)
{
    return (from == REPORT_HELD && to == REPORT_DROPPED) ||
           ((from == REPORT_UNVERIFIED || from == REPORT_UNREAD) &&
            (to == REPORT_HELD || to == REPORT_DROPPED));
}

static void test_report_moves(World *world, gconstpointer data)
{
    (void)data;
    for (guint from = 0; from < REPORT_STATE_N; from++)
        for (guint to = 0; to < REPORT_STATE_N; to++) {
            g_autoptr(GError) error = NULL;
            g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", from * 10 + to);
            Made made = { .ticket = ticket, .digest = "d", .state = (ReportState)from };
            gboolean may = report_may((ReportState)from, (ReportState)to);

            maker_must_record(world->ledger, &made);
            g_assert_cmpint(ledger_change_report(world->ledger, ticket, (ReportState)to, "anna",
                                                 "so", MAKER_NOW, &error),
                            ==, may);
            if (!may)
                g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
            check_value(world, LEDGER_REPORTS, ticket, "state",
                        report_state_name((ReportState)(may ? to : from)));
        }
}

static gboolean notice_may(NoticeState from, NoticeState to)
{
    return (to == NOTICE_DROPPED &&
            (from == NOTICE_PENDING || from == NOTICE_HELD || from == NOTICE_FAILED)) ||
           (to == NOTICE_PENDING &&
            (from == NOTICE_HELD || from == NOTICE_FAILED || from == NOTICE_IN_MTA));
}

static void test_notice_moves(World *world, gconstpointer data)
{
    (void)data;
    for (guint from = 0; from < NOTICE_STATE_N; from++)
        for (guint to = 0; to < NOTICE_STATE_N; to++) {
            g_autoptr(GError) error = NULL;
            g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", from * 10 + to);
            g_autofree char *id = g_strconcat(ticket, "/d/C-0", NULL);
            Made made = {
                .ticket = ticket, .digest = "d", .n_rows = 1, .notice_state = (NoticeState)from
            };
            gboolean may = notice_may((NoticeState)from, (NoticeState)to);

            maker_must_record(world->ledger, &made);
            g_assert_cmpint(ledger_change_notice(world->ledger, id, (NoticeState)to, "anna", "so",
                                                 MAKER_NOW, &error),
                            ==, may);
            if (!may)
                g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
            check_value(world, LEDGER_NOTICES, id, "state",
                        notice_state_name((NoticeState)(may ? to : from)));
        }
}

static void test_unknown_things(World *world, gconstpointer data)
{
    GError *error = NULL;

    (void)data;
    ledger_change_notice(world->ledger, "A-0000000", NOTICE_DROPPED, "anna", "", 1, &error);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    ledger_change_report(world->ledger, TICKET, REPORT_DROPPED, "anna", "", 1, &error);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(ledger_report_bytes(world->ledger, TICKET, NULL, NULL, NULL, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(ledger_notice_bytes(world->ledger, "A-0000000", &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    ledger_contact_ok(world->ledger, "abuse@example.org", "anna", 1, &error);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CHANGES, NULL), ==, 0);
}

/* Releasing a held notice notifies its events: sums, and what was told, follow. */
static void test_release_notice(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 4, .notice_state = NOTICE_HELD };
    Made next = { .ticket = TICKET, .digest = "e" };
    LedgerOutcome outcome;
    LedgerTold told;

    (void)data;
    maker_must_record(world->ledger, &made);
    check_value(world, LEDGER_REPORTS, TICKET, "held", "4");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_HELD, NULL), ==, 2);
    ledger_change_notice(world->ledger, TICKET "/d/C-1", NOTICE_PENDING, "anna", "looks good",
                         MAKER_NOW + 5, &error);
    g_assert_no_error(error);
    check_value(world, LEDGER_REPORTS, TICKET, "held", "2");
    check_value(world, LEDGER_REPORTS, TICKET, "notified", "2");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_HELD, NULL), ==, 1);
    check_value(world, LEDGER_CHANGES, TICKET "/d/C-1", "person", "anna");
    check_value(world, LEDGER_CHANGES, TICKET "/d/C-1", "why", "looks good");

    LedgerReport report = maker_report(&next);
    g_autoptr(LedgerTransaction) transaction =
        ledger_begin(world->ledger, &report, NULL, "", &outcome, &error);
    ledger_told(transaction, "C-1", "open-telnet", "192.0.2.3", &told, &error);
    g_assert_cmpint(told.last_told, ==, MAKER_NOW + 5);
    ledger_told(transaction, "C-0", "open-telnet", "192.0.2.1", &told, &error);
    g_assert_cmpint(told.last_told, ==, 0);
    g_assert_cmpuint(ledger_notices_since(transaction, MAKER_NOW), ==, 1);
}

static void test_drop_of_a_claimed_one(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) claims = NULL;
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 1 };

    (void)data;
    maker_must_record(world->ledger, &made);
    claims = ledger_claim(world->ledger, "w", 1, MAKER_NOW, NULL, &error);
    g_assert_cmpuint(claims->len, ==, 1);
    g_assert_false(ledger_change_notice(world->ledger, TICKET "/d/C-0", NOTICE_DROPPED, "anna", "",
                                        MAKER_NOW, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
}

static void test_report_bytes(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = g_bytes_new_static("first\0mail", 10);
    g_autoptr(GBytes) other = g_bytes_new_static("second", 6);
    Made held = { .ticket = TICKET, .digest = "d1", .state = REPORT_HELD, .mail = mail };
    Made done = { .ticket = TICKET, .digest = "d2", .mail = other };
    g_autofree char *id = NULL;
    ReportState state;

    (void)data;
    maker_must_record(world->ledger, &held);
    maker_must_record(world->ledger, &done);
    g_autoptr(GBytes) got = ledger_report_bytes(world->ledger, TICKET, &id, &state, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(got, mail)); /* the one that waits */
    g_assert_cmpint(state, ==, REPORT_HELD);
    g_autoptr(GBytes) same = ledger_report_bytes(world->ledger, id, NULL, NULL, NULL, &error);
    g_assert_true(g_bytes_equal(same, mail));
}

/* ---- bounces */

static void test_bounces(World *world, gconstpointer data)
{
    static const struct {
        NoticeState state;
        int want; /* CertbundError, or -1 */
        const char *why;
    } cases[] = {
        { NOTICE_PENDING, CERTBUND_ERROR_TEMPORARY, "back before our own mark" },
        { NOTICE_HELD, CERTBUND_ERROR_INPUT, "never handed over" },
        { NOTICE_PILOT, CERTBUND_ERROR_INPUT, "never handed over" },
        { NOTICE_HANDED_OVER, -1, "the real one" },
        { NOTICE_BOUNCED, -1, "again" },
        { NOTICE_FAILED, CERTBUND_ERROR_INPUT, "refused by our own MTA" },
        { NOTICE_DROPPED, CERTBUND_ERROR_INPUT, "dropped" },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        Made made = {
            .ticket = ticket, .digest = "d", .n_rows = 1, .notice_state = cases[i].state
        };
        gboolean first = TRUE;

        maker_must_record(world->ledger, &made);
        g_autofree char *reference = maker_value(world->ledger, LEDGER_NOTICES, NULL, "reference");
        g_test_message("%s", cases[i].why);
        gboolean ok = ledger_bounced(world->ledger, reference, "abuse@c-0.example.org", "5.1.1",
                                     FALSE, MAKER_NOW, &first, &error);
        g_assert_cmpint(ok, ==, cases[i].want == -1);
        if (!ok)
            g_assert_error(error, CERTBUND_ERROR, cases[i].want);
        g_assert_cmpint(first, ==, cases[i].state == NOTICE_HANDED_OVER);
    }
}

static gboolean contact_bounced(World *world, const char *address)
{
    Made made = { .ticket = "CB-Report#20250212-99999999", .digest = "d" };
    LedgerReport report = maker_report(&made);
    LedgerOutcome outcome;
    g_autoptr(LedgerTransaction) transaction =
        ledger_begin(world->ledger, &report, NULL, "", &outcome, NULL);

    return ledger_contact_bounced(transaction, address);
}

static void test_contacts(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 3 };
    gboolean first, bounced;

    (void)data;
    maker_must_record(world->ledger, &made);
    mark_all(world, NOTICE_HANDED_OVER);
    g_autofree char *one = maker_value(world->ledger, LEDGER_NOTICES, TICKET "/d/C-0", "reference");
    ledger_bounced(world->ledger, one, "Abuse@C-0.example.org", "4.2.2", FALSE, MAKER_NOW, &first,
                   &error);
    g_assert_no_error(error);
    g_assert_false(contact_bounced(world, "abuse@c-0.example.org"));
    /* A tag of C-0 must not touch C-1's contact; his own was forwarded, perhaps. */
    ledger_bounced(world->ledger, one, "abuse@c-1.example.org", "5.1.1", TRUE, MAKER_NOW, &first,
                   &error);
    g_assert_no_error(error);
    g_assert_false(first);
    g_assert_false(contact_bounced(world, "abuse@c-1.example.org"));
    g_assert_true(contact_bounced(world, "ABUSE@c-0.example.org"));
    check_value(world, LEDGER_CONTACTS, NULL, "customer", "C-0");
    ledger_contact_is_bounced(world->ledger, "Abuse@c-0.example.org", &bounced, &error);
    g_assert_true(bounced);
    ledger_contact_is_bounced(world->ledger, "abuse@c-1.example.org", &bounced, &error);
    g_assert_no_error(error);
    g_assert_false(bounced);
    ledger_contact_ok(world->ledger, "abuse@C-0.example.org", "anna", MAKER_NOW, &error);
    g_assert_no_error(error);
    g_assert_false(contact_bounced(world, "abuse@c-0.example.org"));
    ledger_bounced(world->ledger, "A-0000000", "x", "5.1.1", TRUE, MAKER_NOW, &first, &error);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

static void test_notice_info(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 1, .mode = "redirect" };

    (void)data;
    maker_must_record(world->ledger, &made);
    g_autofree char *reference = maker_value(world->ledger, LEDGER_NOTICES, NULL, "reference");
    g_autoptr(LedgerNoticeInfo) pending = ledger_notice_info(world->ledger, reference, &error);
    g_assert_no_error(error);
    g_assert_cmpint(pending->state, ==, NOTICE_PENDING);
    g_assert_cmpint(pending->handed_over, ==, 0);
    mark_all(world, NOTICE_HANDED_OVER);
    g_autoptr(LedgerNoticeInfo) info = ledger_notice_info(world->ledger, TICKET "/d/C-0", &error);
    g_assert_no_error(error);
    g_autofree char *report = maker_value(world->ledger, LEDGER_REPORTS, NULL, "id");
    g_assert_cmpstr(info->id, ==, TICKET "/d/C-0");
    g_assert_cmpstr(info->reference, ==, reference);
    g_assert_cmpstr(info->customer, ==, "C-0");
    g_assert_cmpstr(info->group, ==, "");
    g_assert_cmpstr(info->class_id, ==, "open-telnet");
    g_assert_true(g_str_has_suffix(info->message_id, "@example.org>"));
    g_assert_cmpstr(info->report, ==, report);
    g_assert_cmpstr(info->ticket, ==, TICKET);
    g_assert_cmpstr(info->mode, ==, "redirect");
    g_assert_cmpuint(g_strv_length(info->recipients), ==, 1);
    g_assert_cmpstr(info->recipients[0], ==, "abuse@c-0.example.org");
    g_assert_cmpint(info->state, ==, NOTICE_HANDED_OVER);
    g_assert_cmpint(info->handed_over, ==, MAKER_NOW);
    g_assert_null(ledger_notice_info(world->ledger, "A-0000000", &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

/* ---- questions */

static void test_show(World *world, gconstpointer data)
{
    Made made = { .ticket = TICKET, .digest = "d", .n_rows = 5 };
    static const struct {
        const char *filter;
        guint want, notices, changes;
    } cases[] = {
        { TICKET, 5, 3, 2 },
        { TICKET "/d/C-0", 2, 1, 1 },
        { "192.0.2.2", 1, 1, 1 },
        { "192.0.2.3", 1, 1, 0 },
        { "::ffff:192.0.2.2", 1, 1, 1 },
        { "192.0.2.77", 0, 0, 0 },
        { "C-0", 2, 1, 1 },
        { "C-2", 1, 1, 0 },
        { "nobody", 0, 0, 0 },
        { "pending", 0, 0, 0 }, /* no state is meant */
    };
    g_autoptr(GError) error = NULL;

    (void)data;
    maker_must_record(world->ledger, &made);
    g_assert_true(ledger_change_notice(world->ledger, TICKET "/d/C-0", NOTICE_DROPPED, "anna", "",
                                       MAKER_NOW, &error));
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].filter);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_SHOW, cases[i].filter), ==,
                         cases[i].want);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES_OF, cases[i].filter), ==,
                         cases[i].notices);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_CHANGES, cases[i].filter), ==,
                         cases[i].changes);
    }
    g_autofree char *reference =
        maker_value(world->ledger, LEDGER_NOTICES, TICKET "/d/C-2", "reference");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_SHOW, reference), ==, 1);
    check_value(world, LEDGER_SHOW, reference, "address", "192.0.2.5");
    check_value(world, LEDGER_SHOW, reference, "fate", "notified");
    check_value(world, LEDGER_SHOW, reference, "time", "2025-02-12T11:10:25Z");
    check_value(world, LEDGER_SHOW, reference, "reason", NULL);
    check_value(world, LEDGER_REPORTS, NULL, "received", "2025-02-12T11:10:25Z");
    check_value(world, LEDGER_REPORTS, NULL, "sent", NULL);
    check_value(world, LEDGER_REPORTS, NULL, "notices", "3");
    check_value(world, LEDGER_SHOW, reference, "row", "5");
    g_assert_false(ledger_ask(world->ledger, LEDGER_FAILURES, "yesterday", NULL, NULL, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

/* Values are shown as UTF-8 whatever a mail or an MTA has put there. */
static void test_unassigned(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Made made = { .ticket = TICKET, .digest = "d" };
    LedgerReport report = maker_report(&made);
    LedgerOutcome outcome;
    LedgerEvent event = { .address = "192.0.2.9",
                          .account = "m\xfcller@example.org",
                          .digest = "zz",
                          .fate = FATE_UNASSIGNED,
                          .reason = REASON_NO_CUSTOMER };

    (void)data;
    LedgerTransaction *transaction =
        ledger_begin(world->ledger, &report, NULL, "", &outcome, &error);
    ledger_add_event(transaction, &event, &error);
    g_assert_true(ledger_commit(transaction, 1, "attention", REPORT_DONE, &error));
    g_assert_no_error(error);
    ledger_abort(transaction);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_UNASSIGNED, NULL), ==, 1);
    check_value(world, LEDGER_UNASSIGNED, TICKET, "reason", reason_text(REASON_NO_CUSTOMER));
    check_value(world, LEDGER_UNASSIGNED, TICKET, "account", "m\xef\xbf\xbdller@example.org");
}

static void test_values(World *world, gconstpointer data)
{
    static const char *const values[] = { "one", "two", "", NULL };

    (void)data;
    g_assert_null(ledger_get(world->ledger, "last-failure-mail"));
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_assert_true(ledger_set(world->ledger, "last-failure-mail", values[i], NULL));
        g_autofree char *value = ledger_get(world->ledger, "last-failure-mail");
        g_assert_cmpstr(value, ==, values[i]);
    }
}

/* ---- retention */

static void test_purge(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = g_bytes_new_static("the kept mail", 13);
    Made old = { .ticket = TICKET, .digest = "d", .n_rows = 40 };
    Made waiting = { .ticket = "CB-Report#20250212-00000002",
                     .digest = "d",
                     .n_rows = 2,
                     .state = REPORT_HELD,
                     .mail = mail };
    Made pending = {
        .ticket = "CB-Report#20250212-00000003", .digest = "d", .n_rows = 2, .now = MAKER_NOW + 1
    };
    guint n;

    (void)data;
    maker_must_record(world->ledger, &old);
    maker_must_record(world->ledger, &waiting);
    mark_all(world, NOTICE_HANDED_OVER);
    maker_must_record(world->ledger, &pending);
    g_autofree char *digest = maker_value(world->ledger, LEDGER_NOTICES, TICKET "/d/C-7", "sha256");
    g_assert_true(maker_in_files(world->path, "the kept mail"));
    g_assert_true(maker_in_files(world->path, "abuse@c-7.example.org"));

    ledger_purge(world->ledger, MAKER_NOW, 0, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, 0); /* older than, not as old as */
    ledger_purge(world->ledger, MAKER_NOW + MAKER_DAY, 0, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n, >=, 2);
    static const char *const gone[] = { "the kept mail", "abuse@c-7.example.org", "192.0.2.15",
                                        "192.0.2.40" };
    for (guint i = 0; i < G_N_ELEMENTS(gone); i++) {
        g_test_message("%s", gone[i]);
        g_assert_false(maker_in_files(world->path, gone[i]));
    }
    /* The proof stays. */
    check_value(world, LEDGER_NOTICES, TICKET "/d/C-7", "customer", "C-7");
    check_value(world, LEDGER_NOTICES, TICKET "/d/C-7", "class", "open-telnet");
    check_value(world, LEDGER_NOTICES, TICKET "/d/C-7", "handed_over", "2025-02-12T11:10:25Z");
    check_value(world, LEDGER_NOTICES, TICKET "/d/C-7", "queue_id", "4YtY");
    check_value(world, LEDGER_NOTICES, TICKET "/d/C-7", "sha256", digest);
    check_value(world, LEDGER_REPORTS, TICKET, "notified", "40");
    /* What waited is dropped, and that is noted; what is still to be sent is whole. */
    check_value(world, LEDGER_REPORTS, waiting.ticket, "state", "dropped");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CHANGES, waiting.ticket), ==, 2);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_SHOW, pending.ticket), ==, 2);
    /* The key stays too: the same report again is a duplicate. */
    g_assert_cmpint(maker_must_record(world->ledger, &old), ==, LEDGER_DUPLICATE);

    ledger_purge(world->ledger, MAKER_NOW + MAKER_DAY, MAKER_NOW + MAKER_DAY, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, 1);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_REPORTS, NULL), ==, 1);
    g_assert_false(maker_in_files(world->path, TICKET));
    g_assert_true(ledger_check_integrity(world->ledger, &error));
}

static gboolean count_kinds(guint n_columns, const char *const *columns, const char *const *values,
                            gpointer data)
{
    (void)n_columns;
    g_assert_cmpstr(columns[0], ==, "kind");
    g_string_append_c(data, values[0][0]);
    return TRUE;
}

/* Erased, also in pages that were split since: looked for in the file itself. */
static void test_export_and_erase(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) kinds = g_string_new(NULL);
    gboolean first;
    guint n;

    (void)data;
    for (guint i = 0; i < 60; i++) {
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        Made made = { .ticket = ticket, .digest = "d", .n_rows = 200 };
        maker_must_record(world->ledger, &made);
    }
    mark_all(world, NOTICE_HANDED_OVER);
    g_autofree char *reference =
        maker_value(world->ledger, LEDGER_NOTICES, "handed-over", "reference");
    ledger_bounced(world->ledger, reference, NULL, "5.1.1", TRUE, MAKER_NOW, &first, &error);
    g_assert_no_error(error);
    g_autofree char *customer = maker_value(world->ledger, LEDGER_CONTACTS, NULL, "customer");
    g_autofree char *mailbox = maker_value(world->ledger, LEDGER_CONTACTS, NULL, "address");

    ledger_export(world->ledger, customer, count_kinds, kinds, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(kinds->len, ==, 60 + 120 + 2 + 1); /* notices, events, told, contact */
    g_assert_true(maker_in_files(world->path, mailbox));
    ledger_erase(world->ledger, customer, "anna", MAKER_NOW, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, kinds->len);
    g_assert_false(maker_in_files(world->path, mailbox));
    g_string_truncate(kinds, 0);
    ledger_export(world->ledger, customer, count_kinds, kinds, &error);
    g_assert_cmpstr(kinds->str, ==, "");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
    check_value(world, LEDGER_REPORTS, NULL, "notified", "200"); /* law 1 holds as it was */
    g_assert_true(ledger_check_integrity(world->ledger, &error));
    g_assert_false(ledger_erase(world->ledger, "", "anna", MAKER_NOW, &n, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

#define ADD(path, test)                                                                            \
    g_test_add("/ledger-people/" path, World, NULL, maker_set_up, test, maker_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("report-moves", test_report_moves);
    ADD("notice-moves", test_notice_moves);
    ADD("unknown-things", test_unknown_things);
    ADD("release-notice", test_release_notice);
    ADD("drop-of-a-claimed-one", test_drop_of_a_claimed_one);
    ADD("report-bytes", test_report_bytes);
    ADD("bounces", test_bounces);
    ADD("contacts", test_contacts);
    ADD("notice-info", test_notice_info);
    ADD("show", test_show);
    ADD("unassigned", test_unassigned);
    ADD("values", test_values);
    ADD("purge", test_purge);
    ADD("export-and-erase", test_export_and_erase);
    return g_test_run();
}
