/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What becomes of a notice that comes back. */
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "message.h"
#include "returned.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- what is no bounce for good, or none at all */

static void test_for_now(ReturnedWorld *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = returned_dsn("abuse@c-0.example.org", "failed", "4.4.7");

    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    g_autoptr(BounceOutcome) outcome = returned_record(world, reference, mail, &error);
    g_assert_no_error(error);
    g_assert_cmpint(outcome->told, ==, TOLD_ESCALATION);
    returned_check_value(world, LEDGER_NOTICES, reference, "state", "bounced");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
    g_autofree char *own = returned_newest(world, "reference");
    g_autofree char *text = returned_mail_text(world, own);
    returned_check_has(text, "zurzeit nicht ankommen");
    g_assert_null(strstr(text, "endgültig"));
    /* C-6 is his own escalation contact: not reached there a minute ago. */
    g_autofree char *sixth = returned_reference(world, TICKET, "C-6");
    g_autoptr(GBytes) other = returned_dsn("abuse@c-6.example.org", "failed", "4.4.7");
    g_autoptr(BounceOutcome) again = returned_record(world, sixth, other, &error);
    g_assert_no_error(error);
    g_assert_cmpint(again->told, ==, TOLD_DESK);
}

static void test_nothing_to_do(ReturnedWorld *world, gconstpointer data)
{
    static const struct {
        const char *action;
        BounceKind kind;
    } cases[] = {
        { "delayed", BOUNCE_NO_FAILURE }, { "delivered", BOUNCE_NO_FAILURE },
        { "relayed", BOUNCE_NO_FAILURE }, { "expanded", BOUNCE_NO_FAILURE },
        { "fail", BOUNCE_NO_FAILURE },    { NULL, BOUNCE_UNREADABLE }, /* no notification at all */
    };

    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) mail =
            cases[i].action != NULL
                ? returned_dsn("abuse@c-0.example.org", cases[i].action, "5.1.1")
                : g_bytes_new_static("Subject: Out of office\n\nBack on Monday.\n", 41);
        g_autoptr(BounceOutcome) outcome = returned_record(world, reference, mail, &error);
        g_assert_no_error(error);
        g_test_message("%s", outcome->text);
        g_assert_cmpint(outcome->kind, ==, cases[i].kind);
        g_assert_cmpint(outcome->told, ==, TOLD_NOBODY);
        returned_check_value(world, LEDGER_NOTICES, reference, "state", "handed-over");
    }
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, "pending"), ==, 0);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
}

static void test_states(ReturnedWorld *world, gconstpointer data)
{
    static const struct {
        NoticeState state;
        int want; /* BounceKind, or -1: temporary */
    } cases[] = {
        { NOTICE_PENDING, -1 }, /* quicker than our own mark: 451 */
        { NOTICE_HELD, BOUNCE_UNKNOWN },
        { NOTICE_PILOT, BOUNCE_UNKNOWN },
        { NOTICE_FAILED, BOUNCE_UNKNOWN },
        { NOTICE_DROPPED, BOUNCE_UNKNOWN },
        { NOTICE_HANDED_OVER, BOUNCE_RECORDED },
        { NOTICE_BOUNCED, BOUNCE_RECORDED },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        g_autoptr(GBytes) mail = returned_dsn("abuse@c-0.example.org", "failed", "5.1.1");
        const Made made = {
            .ticket = ticket, .digest = "d", .n_rows = 1, .notice_state = cases[i].state
        };

        maker_must_record(world->ledger, &made);
        g_autofree char *reference = returned_reference(world, ticket, "C-0");
        guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);
        g_autoptr(BounceOutcome) outcome = returned_record(world, reference, mail, &error);
        g_test_message("%s", notice_state_name(cases[i].state));
        if (cases[i].want == -1)
            g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        else
            g_assert_cmpint(outcome->kind, ==, cases[i].want);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==,
                         before + (cases[i].want == BOUNCE_RECORDED));
    }
    returned_check(world, "A-000000", "abuse@c-0.example.org", BOUNCE_UNKNOWN, TOLD_NOBODY);
}

/* ---- several recipients */

static void add_wide_notice(ReturnedWorld *world, const char *const *recipients)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(MAKER_BODY, strlen(MAKER_BODY));
    const LedgerNotice notice = { .id = "wide",
                                  .reference = "A-ABCDEF",
                                  .customer = "C-1",
                                  .group = "",
                                  .class_id = "open-telnet",
                                  .state = NOTICE_HANDED_OVER,
                                  .sender = OWN,
                                  .recipients = recipients,
                                  .message_id = "<wide@example.net>",
                                  .subject = "Offener Telnet-Server",
                                  .bytes = bytes,
                                  .template_digest = "",
                                  .config_digest = "",
                                  .due = MAKER_NOW };

    ledger_add_mail(world->ledger, &notice, NULL, &error);
    g_assert_no_error(error);
}

static gboolean join_address(guint n_columns, const char *const *columns, const char *const *values,
                             gpointer data)
{
    (void)n_columns;
    g_assert_cmpstr(columns[0], ==, "address");
    g_string_append_printf(data, "%s ", values[0]);
    return TRUE;
}

/* Only recipients of the notice are marked, whoever else is named; the original one
 * counts where the final one is somebody he forwards to. */
static void test_several(ReturnedWorld *world, gconstpointer data)
{
    static const char *const recipients[] = { "a@example.org", "b@example.org", "c@example.org",
                                              "d@example.org", NULL };
    static const char text[] =
        "Subject: x\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; A@example.org\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.2.0\n\n"
        "Final-Recipient: rfc822; b@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
        "Original-Recipient: rfc822; c@example.org\nFinal-Recipient: rfc822; d@example.org\n"
        "Action: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; stranger@example.com\nAction: failed\nStatus: 5.1.1\n";
    g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) contacts = g_string_new(NULL);

    (void)data;
    add_wide_notice(world, recipients);
    g_autoptr(BounceOutcome) outcome = returned_record(world, "A-ABCDEF", mail, &error);
    g_assert_no_error(error);
    g_assert_cmpint(outcome->kind, ==, BOUNCE_RECORDED);
    ledger_ask(world->ledger, LEDGER_CONTACTS, NULL, join_address, contacts, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(contacts->str, ==, "a@example.org c@example.org ");
    g_autofree char *own = returned_newest(world, "reference");
    g_autofree char *told = returned_mail_text(world, own);
    returned_check_has(told, "a@example.org (5.1.1)");
    returned_check_has(told, "(address not given) (5.1.1)");
    g_assert_null(strstr(told, "5.2.0"));
    g_assert_null(strstr(told, "stranger@"));
    g_assert_null(strstr(told, "(2.0.0)"));
}

/* ---- crashes, retention */

static int fail_at, calls; /* fdatasync: which one fails, 0 none */

int fdatasync(int fd);
int fdatasync(int fd)
{
    if (fail_at > 0 && ++calls == fail_at) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* Whichever commit fails: an error for 451, and the next try ends with one mail. */
static void test_disk_fails(ReturnedWorld *world, gconstpointer data)
{
    guint failed = 0;

    (void)data;
    for (int at = 1;; at++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08d", at);
        g_autoptr(GBytes) mail = returned_dsn("abuse@c-0.example.org", "failed", "5.1.1");
        const Made made = { .ticket = ticket, .digest = "d", .n_rows = 1 };

        maker_must_record(world->ledger, &made);
        returned_hand_over(world);
        g_autofree char *reference = returned_reference(world, ticket, "C-0");
        guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);
        calls = 0;
        fail_at = at;
        g_autoptr(BounceOutcome) outcome = returned_record(world, reference, mail, &error);
        fail_at = 0;
        if (outcome != NULL)
            break;
        failed++;
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before);
        returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
        returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
        ledger_contact_ok(world->ledger, "abuse@c-0.example.org", "anna", MAKER_NOW, NULL);
    }
    g_assert_cmpuint(failed, ==, 2); /* the bounce, and the mail about it */
}

/* The customers file changes between two copies of one notification. */
static void test_customers_change(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    snapshot_unref(world->snapshot);
    world->snapshot = fixture_snapshot(world->directory, LIVE,
                                       "network,customer,email\n192.0.2.0/31,C-0,x@example.org\n");
    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
}

/* Without its bytes there is nothing to pass on: the desk alone hears of it. */
static void test_after_purge(ReturnedWorld *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    ledger_purge(world->ledger, MAKER_NOW + MAKER_DAY, 0, NULL, &error);
    g_assert_no_error(error);
    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_DESK);
    g_autofree char *own = returned_newest(world, "reference");
    g_autofree char *text = returned_mail_text(world, own);
    returned_check_has(text, "not kept any more");
    g_assert_null(strstr(text, "attached:"));
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
}

/* What the desk was sent about a customer goes with the customer. */
static void test_after_erase(ReturnedWorld *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const char *const customers[] = { "C-0", "C-1" };

    (void)data;
    returned_report(world, TICKET);
    guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(customers); i++) {
        g_autofree char *reference = returned_reference(world, TICKET, customers[i]);
        returned_check(world, reference, "x@example.org", BOUNCE_RECORDED,
                       i == 0 ? TOLD_ESCALATION : TOLD_DESK);
    }
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 2);
    for (guint i = 0; i < G_N_ELEMENTS(customers); i++) {
        ledger_erase(world->ledger, customers[i], "anna", MAKER_NOW, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==,
                         before + 2 - 2 * (i + 1));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    RETURNED_ADD("for-now", test_for_now);
    RETURNED_ADD("nothing-to-do", test_nothing_to_do);
    RETURNED_ADD("states", test_states);
    RETURNED_ADD("several", test_several);
    RETURNED_ADD("disk-fails", test_disk_fails);
    RETURNED_ADD("customers-change", test_customers_change);
    RETURNED_ADD("after-purge", test_after_purge);
    RETURNED_ADD("after-erase", test_after_erase);
    return g_test_run();
}
