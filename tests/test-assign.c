/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Every row gets exactly one fate, and a notified one exactly one customer. */
#include "assign.h"
#include "errors.h"

#include "fixture.h"
#include "mail-maker.h"
#include "timestamp.h"

#include <string.h>

/* Rows of the shape "asn ip timestamp" for the given addresses and times. */
static Report *make_report(const char *const (*rows)[2], guint n)
{
    g_autoptr(GPtrArray) table = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    MailOptions options = { .ticket = "CB-Report#20250212-10000001",
                            .title = "Offene Telnet-Server", .scope = "AS64496", .rows = table };
    for (guint i = 0; i < n; i++)
        g_ptr_array_add(table, mail_row("64496", rows[i][0], rows[i][1], NULL));
    g_autoptr(GBytes) bytes = mail_make(&options);
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(report->doubt, ==, NULL);
    g_assert_cmpuint(report->n_events, ==, n);
    return report;
}

static const char customers_csv[]
    = "network,customer,email,deliver,valid_from,valid_until\n"
      "192.0.2.0/28,anna,anna@example.net,,,\n"
      "192.0.2.16/28,berta,berta@example.net,,,\n"
      "192.0.2.32/28,carl,carl@example.net,hold,,\n"
      "192.0.2.48/28,dora,dora@example.net,none,,\n"
      "192.0.2.64/28,emil,emil@example.net,pool,,\n"
      "192.0.2.80/28,frieda,frieda@example.net,,2025-01-01,2025-02-01\n"
      "192.0.2.80/28,gustav,gustav@example.net,,2025-02-01,\n";

static const struct {
    const char *row[2];
    guint8 fate, reason;
    const char *customer; /* NULL: none */
} cases[] = {
    { { "192.0.2.1", "2025-02-11 11:10:25" }, FATE_NOTIFIED, REASON_NONE, "anna" },
    { { "192.0.2.17", "2025-02-11 11:10:25" }, FATE_NOTIFIED, REASON_NONE, "berta" },
    { { "192.0.2.2", "2025-02-11 11:10:25" }, FATE_NOTIFIED, REASON_NONE, "anna" },
    { { "192.0.2.33", "2025-02-11 11:10:25" }, FATE_HELD, REASON_DELIVER_HOLD, "carl" },
    { { "192.0.2.49", "2025-02-11 11:10:25" }, FATE_EXEMPT, REASON_DELIVER_NONE, "dora" },
    { { "192.0.2.65", "2025-02-11 11:10:25" }, FATE_UNASSIGNED, REASON_POOL, "emil" },
    { { "198.51.100.1", "2025-02-11 11:10:25" }, FATE_UNASSIGNED, REASON_NO_CUSTOMER, NULL },
    /* valid_until is exclusive, valid_from inclusive */
    { { "192.0.2.81", "2025-01-31 23:59:59" }, FATE_NOTIFIED, REASON_NONE, "frieda" },
    { { "192.0.2.81", "2025-02-01 00:00:00" }, FATE_NOTIFIED, REASON_NONE, "gustav" },
    { { "192.0.2.81", "2024-12-31 23:59:59" }, FATE_UNASSIGNED, REASON_NO_CUSTOMER, NULL },
    /* without a time: fine where no interval applies, else not certain */
    { { "192.0.2.3", "gestern" }, FATE_NOTIFIED, REASON_NONE, "anna" },
    { { "192.0.2.82", "gestern" }, FATE_UNASSIGNED, REASON_AMBIGUOUS, NULL },
};

static void check_case(const Assignment *assignment, const Customers *customers, guint i,
                       gboolean hold)
{
    const EventFate *fate = &assignment->fates[i];
    gboolean held = hold && (cases[i].fate == FATE_NOTIFIED || cases[i].fate == FATE_HELD);
    Customer customer = { .id = NULL };

    if (fate->customer != NO_CUSTOMER)
        customers_get(customers, fate->customer, &customer);
    g_test_message("%s at %s", cases[i].row[0], cases[i].row[1]);
    g_assert_cmpstr(fate_name(fate->fate), ==, fate_name(held ? FATE_HELD : cases[i].fate));
    g_assert_cmpstr(reason_text(fate->reason), ==,
                    reason_text(held ? REASON_REPORT_HELD : cases[i].reason));
    g_assert_cmpstr(customer.id, ==, cases[i].customer);
}

static void test_fates(gconstpointer data)
{
    gboolean hold = GPOINTER_TO_INT(data);
    const char *rows[G_N_ELEMENTS(cases)][2];
    char *directory = fixture_directory();
    g_autoptr(Snapshot) snapshot = fixture_snapshot(directory, "", customers_csv);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        memcpy(rows[i], cases[i].row, sizeof rows[i]);
    g_autoptr(Report) report
        = make_report((const char *const(*)[2])rows, G_N_ELEMENTS(cases));
    g_autofree CustomerKey *keys = assign_keys(report);
    g_autofree CustomerAnswer *answers = g_new0(CustomerAnswer, report->n_events);
    g_assert_true(
        customers_lookup(snapshot->customers, keys, report->n_events, answers, &error));
    g_autoptr(Assignment) assignment = assign(report, snapshot->customers, answers, hold);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_case(assignment, snapshot->customers, i, hold);
    if (hold)
        g_assert_cmpuint(assignment->n_groups, ==, 0);
    else {
        /* In the order of the customers' first rows; rows ascending. */
        static const guint32 anna[] = { 0, 2, 10 };
        g_assert_cmpuint(assignment->n_groups, ==, 5); /* Carl too: his notice waits */
        g_assert_cmpmem(assignment->groups[0].events, 12, anna, sizeof anna);
        g_assert_cmpuint(assignment->groups[0].n_events, ==, 3);
        assignment_withdraw(assignment, 2, FATE_HELD, REASON_NOTICE_HELD);
        g_assert_cmpuint(assignment->counts[FATE_HELD], ==, 2);
        g_assert_true(assignment_check(assignment, &error));
        g_assert_no_error(error);
        /* Law 1 broken by hand: it is told, not passed over. */
        assignment->counts[FATE_HELD]++;
        g_assert_false(assignment_check(assignment, &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    }
    fixture_remove(directory);
}

/* A time whose zone is unknown is up to 14 hours off either way. */
static void test_spans(void)
{
    static const char *const rows[][2] = { { "192.0.2.1", "2025-02-11 11:10:25" } };
    g_autoptr(Report) report = make_report(rows, 1);
    static const struct {
        guint8 certainty;
        gint64 before, after;
    } spans[] = { { WHEN_UTC, 0, 0 }, { WHEN_ZONE, 50400, 50400 } };

    for (guint i = 0; i < G_N_ELEMENTS(spans); i++) {
        report->events[0].time_certainty = spans[i].certainty;
        g_autofree CustomerKey *keys = assign_keys(report);
        g_assert_cmpint(keys[0].earliest, ==, report->events[0].time - spans[i].before);
        g_assert_cmpint(keys[0].latest, ==, report->events[0].time + spans[i].after);
    }
    report->events[0].time_certainty = WHEN_NONE;
    g_autofree CustomerKey *keys = assign_keys(report);
    g_assert_cmpint(keys[0].earliest, ==, TIMESTAMP_MIN);
    g_assert_cmpint(keys[0].latest, ==, TIMESTAMP_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_data_func("/assign/fates", GINT_TO_POINTER(FALSE), test_fates);
    g_test_add_data_func("/assign/fates-of-a-held-report", GINT_TO_POINTER(TRUE), test_fates);
    g_test_add_func("/assign/spans", test_spans);
    return g_test_run();
}
