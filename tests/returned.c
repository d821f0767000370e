/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Makes the ledger, the notifications, and texts of what was made of them. */
#include "returned.h"

#include "fixture.h"
#include "ledger-maker.h"
#include "message.h"

#include <string.h>

#define CUSTOMERS                                                                                  \
    "network,customer,email,escalation,language,deliver\n"                                         \
    "192.0.2.0/31,C-0,abuse@c-0.example.org,noc@c-0.example.com,de,\n"                             \
    "192.0.2.2/31,C-1,abuse@c-1.example.org,,,\n"                                                  \
    "192.0.2.4/31,C-2,abuse@c-2.example.org,+49 30 5550100,,\n"                                    \
    "192.0.2.6/31,C-3,abuse@c-3.example.org,"                                                      \
    "call us; a@c-3.example.com ;b@c-3.example.com,en,\n"                                          \
    "192.0.2.8/31,C-4,abuse@c-4.example.org,noc@c-4.example.com,,\n"                               \
    "192.0.2.10/31,C-5,abuse@c-5.example.org,noc@c-5.example.com,,hold\n"                          \
    "192.0.2.12/31,C-6,abuse@c-6.example.org,Abuse@C-6.example.org,fr,\n"                          \
    "192.0.2.16/31,C-8,abuse@c-8.example.org,noc@c-8.example.com,fr,\n"

void returned_use_config(ReturnedWorld *world, const char *config)
{
    g_clear_pointer(&world->snapshot, snapshot_unref);
    world->snapshot = fixture_snapshot(world->directory, config, CUSTOMERS);
}

void returned_set_up(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    world->directory = fixture_directory();
    world->path = g_build_filename(world->directory, "ledger.db", NULL);
    returned_use_config(world, LIVE);
    world->secret = secret_dummy();
    world->ledger = maker_open(world->path, LEDGER_DAEMON);
}

void returned_tear_down(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    ledger_close(world->ledger);
    snapshot_unref(world->snapshot);
    secret_free(world->secret);
    g_free(world->path);
    fixture_remove(world->directory);
}

void returned_hand_over(ReturnedWorld *world)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) claims =
        ledger_claim(world->ledger, "w", 100, MAKER_NOW + MAKER_SEC, NULL, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < claims->len; i++) {
        LedgerResult result = { .id = ((LedgerClaim *)claims->pdata[i])->id,
                                .state = NOTICE_HANDED_OVER,
                                .reply = "250 2.0.0 Ok: queued as 4YtY",
                                .queue_id = "4YtY" };
        ledger_mark(world->ledger, &result, 1, MAKER_NOW, &error);
        g_assert_no_error(error);
    }
}

void returned_report(ReturnedWorld *world, const char *ticket)
{
    const Made made = { .ticket = ticket, .digest = "d", .n_rows = RETURNED_ROWS };

    maker_must_record(world->ledger, &made);
    returned_hand_over(world);
}

char *returned_reference(ReturnedWorld *world, const char *ticket, const char *customer)
{
    g_autofree char *id = g_strdup_printf("%s/d/%s", ticket, customer);
    return maker_value(world->ledger, LEDGER_NOTICES, id, "reference");
}

GBytes *returned_dsn(const char *recipient, const char *action, const char *status)
{
    char *text = g_strdup_printf(
        "From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\n\nSorry\n\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; %s\nAction: %s\nStatus: %s\n"
        "Diagnostic-Code: smtp; 550 5.1.1 who is \x1b[31mthat?\n\n--b--\n",
        recipient, action, status);
    return g_bytes_new_take(text, strlen(text));
}

BounceOutcome *returned_record(ReturnedWorld *world, const char *reference, GBytes *mail,
                               GError **error)
{
    const BounceContext context = { world->ledger, world->secret, world->snapshot };
    return bounce_record(&context, reference, mail, MAKER_NOW + MAKER_SEC, error);
}

void returned_check(ReturnedWorld *world, const char *reference, const char *recipient,
                    BounceKind kind, BounceTold told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = returned_dsn(recipient, "failed", "5.1.1");
    g_autoptr(BounceOutcome) outcome = returned_record(world, reference, mail, &error);

    g_assert_no_error(error);
    g_test_message("%s", outcome->text);
    g_assert_cmpint(outcome->kind, ==, kind);
    g_assert_cmpint(outcome->told, ==, told);
    g_assert_null(strchr(outcome->text, '\n'));
}

void returned_check_value(ReturnedWorld *world, LedgerQuestion question, const char *filter,
                          const char *column, const char *want)
{
    g_autofree char *value = maker_value(world->ledger, question, filter, column);
    g_assert_cmpstr(value, ==, want);
}

char *returned_mail_text(ReturnedWorld *world, const char *reference)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, reference, &error);
    g_assert_no_error(error);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    GString *all = g_string_new(message_header(message, "Subject"));
    gsize length;

    g_string_append_printf(all, "\nTo: %s\nFrom: %s\nReferences: %s\nLanguage: %s\n",
                           message_header(message, "To"), message_header(message, "From"),
                           message_header(message, "References"),
                           message_header(message, "Content-Language"));
    g_autofree char *text = message_part_text(message, 0, &length, &error);
    g_assert_no_error(error);
    g_string_append(all, text);
    if (message_n_parts(message) > 1)
        g_string_append_printf(all, "attached: %s\n", message_part(message, 1)->type);
    return g_string_free(all, FALSE);
}

void returned_check_has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        g_test_message("%s\n-- is not in --\n%s", words, text);
    g_assert_nonnull(strstr(text, words));
}

char *returned_newest(ReturnedWorld *world, const char *column)
{
    return maker_value(world->ledger, LEDGER_NOTICES, "pending", column);
}
