/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "ledger-maker.h"

#include "fixture.h"

#include <string.h>

LedgerReport maker_report(const Made *made)
{
    return (LedgerReport){ .ticket = made->ticket,
                           .title = "Offene Telnet-Server",
                           .class_id = "open-telnet",
                           .digest = made->digest,
                           .message_id = "<1@reports.example.org>",
                           .queue_id = "4YtX",
                           .status = "held",
                           .reason = "",
                           .provenance = "dkim",
                           .evidence = "d=reports.example.org",
                           .mode = made->mode != NULL ? made->mode : "live",
                           .critical = made->critical,
                           .state = made->state,
                           .bytes = made->mail,
                           .client = "198.51.100.25",
                           .now = made->now != 0 ? made->now : MAKER_NOW };
}

static void add_event(LedgerTransaction *transaction, const Made *made, guint row, gint64 now)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *address = g_strdup_printf("192.0.2.%u", row + 1);
    g_autofree char *customer = g_strdup_printf("C-%u", row / 2);
    g_autofree char *digest = g_strdup_printf("%064x", row + 1);
    g_autofree char *notice = g_strdup_printf("%s/%s/%s", made->ticket, made->digest, customer);
    gboolean known = ledger_event_known(transaction, digest);
    LedgerEvent event = { .row = row,
                          .address = address,
                          .account = "",
                          .time = now,
                          .digest = digest,
                          .fate = known                        ? FATE_SUPPRESSED
                                  : made->state == REPORT_DONE ? FATE_NOTIFIED
                                                               : FATE_HELD,
                          .customer = customer,
                          .notice = !known && made->state == REPORT_DONE ? notice : "" };

    if (event.fate == FATE_NOTIFIED && made->notice_state == NOTICE_HELD)
        event.fate = FATE_HELD;
    ledger_add_event(transaction, &event, &error);
    g_assert_no_error(error);
    if (event.fate == FATE_NOTIFIED)
        ledger_add_told(transaction, customer, "open-telnet", address, now, now, made->critical,
                        &error);
    g_assert_no_error(error);
}

static void add_notice(LedgerTransaction *transaction, const Made *made, guint customer, gint64 now)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(MAKER_BODY, strlen(MAKER_BODY));
    g_autofree char *name = g_strdup_printf("C-%u", customer);
    g_autofree char *id = g_strdup_printf("%s/%s/%s", made->ticket, made->digest, name);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
    g_autofree char *upper = g_ascii_strup(sum, 8);
    g_autofree char *reference = g_strconcat("A-", upper, NULL);
    g_autofree char *message_id = g_strdup_printf("<%s@example.org>", sum);
    g_autofree char *mailbox = g_strdup_printf("abuse@c-%u.example.org", customer);
    const char *recipients[] = { mailbox, NULL };
    LedgerNotice notice = { .id = id,
                            .reference = reference,
                            .customer = name,
                            .group = "",
                            .class_id = "open-telnet",
                            .state = made->notice_state,
                            .sender = "abuse@example.net",
                            .recipients = recipients,
                            .message_id = message_id,
                            .subject = "Offener Telnet-Server",
                            .bytes = bytes,
                            .template_digest = "t",
                            .config_digest = "c",
                            .customer_line = customer + 2,
                            .n_events = 2,
                            .due = now };

    ledger_add_notice(transaction, &notice, &error);
    g_assert_no_error(error);
}

void maker_add(LedgerTransaction *transaction, const Made *made)
{
    gint64 now = made->now != 0 ? made->now : MAKER_NOW;

    for (guint i = 0; i < made->n_rows; i++)
        add_event(transaction, made, i, now);
    for (guint i = 0; made->state == REPORT_DONE && i < (made->n_rows + 1) / 2; i++)
        add_notice(transaction, made, i, now);
}

gboolean maker_record(Ledger *ledger, const Made *made, LedgerOutcome *outcome_r, GError **error)
{
    LedgerReport report = maker_report(made);
    g_autoptr(LedgerTransaction) transaction =
        ledger_begin(ledger, &report, made->released, "", outcome_r, error);

    if (transaction == NULL || *outcome_r == LEDGER_DUPLICATE)
        return transaction != NULL;
    maker_add(transaction, made);
    return ledger_commit(transaction, made->n_rows, "handled", made->state, error);
}

LedgerOutcome maker_must_record(Ledger *ledger, const Made *made)
{
    g_autoptr(GError) error = NULL;
    LedgerOutcome outcome;
    gboolean ok = maker_record(ledger, made, &outcome, &error);

    g_assert_no_error(error);
    g_assert_true(ok);
    return outcome;
}

Ledger *maker_open(const char *path, LedgerUse use)
{
    g_autoptr(GError) error = NULL;
    Ledger *ledger = ledger_open(path, use, &error);

    g_assert_no_error(error);
    g_assert_nonnull(ledger);
    return ledger;
}

void maker_set_up(MakerWorld *world, gconstpointer data)
{
    (void)data;
    world->directory = fixture_directory();
    world->path = g_build_filename(world->directory, "ledger.db", NULL);
    world->ledger = maker_open(world->path, LEDGER_DAEMON);
}

void maker_tear_down(MakerWorld *world, gconstpointer data)
{
    (void)data;
    ledger_close(world->ledger);
    g_free(world->path);
    fixture_remove(world->directory);
}

static gboolean count_row(guint n_columns, const char *const *columns, const char *const *values,
                          gpointer data)
{
    (void)n_columns, (void)columns, (void)values;
    ++*(guint *)data;
    return TRUE;
}

guint maker_count(Ledger *ledger, LedgerQuestion question, const char *filter)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    ledger_ask(ledger, question, filter, count_row, &n, &error);
    g_assert_no_error(error);
    return n;
}

typedef struct {
    const char *column;
    char *value;
    gboolean found;
} Wanted;

static gboolean keep_value(guint n_columns, const char *const *columns, const char *const *values,
                           gpointer data)
{
    Wanted *wanted = data;

    for (guint i = 0; i < n_columns; i++)
        if (strcmp(columns[i], wanted->column) == 0) {
            wanted->found = TRUE;
            wanted->value = g_strdup(values[i]);
        }
    return FALSE;
}

char *maker_value(Ledger *ledger, LedgerQuestion question, const char *filter, const char *column)
{
    g_autoptr(GError) error = NULL;
    Wanted wanted = { .column = column };

    ledger_ask(ledger, question, filter, keep_value, &wanted, &error);
    g_assert_no_error(error);
    return wanted.value;
}

gboolean maker_in_files(const char *path, const char *text)
{
    static const char *const ends[] = { "", "-wal" };
    gboolean found = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *name = g_strconcat(path, ends[i], NULL);
        g_autofree char *data = NULL;
        gsize length;
        if (g_file_get_contents(name, &data, &length, NULL))
            found = found || memmem(data, length, text, strlen(text)) != NULL;
    }
    return found;
}
