/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ledger-world: writes a ledger for the tests of certbundctl.
 *
 *     ledger-world PATH             one of everything, see below
 *     ledger-world PATH rows N      one report of N rows that nobody has
 *     ledger-world PATH hold        open it as the daemon does, until stdin ends
 *
 * Says "ready" when the ledger is as it was asked for.  Of the world's reports
 * CB-Report#20250212-0000000N, with two rows a customer:
 * 1 is done, C-0's notice handed over, C-1's failed, C-2's bounced, C-3's pending;
 * 2 is done, its notice held; 3 is held; 4 is unverified; 5 is a pilot's;
 * 6 has rows without customer or address, and an evil title. */
#include "ledger-maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKET(n) "CB-Report#20250212-0000000" n
#define EVIL      "\x1b]0;evil\x07\xe2\x80\xaeTelnet\nrm -rf"

static void must(gboolean ok, const GError *error)
{
    if (ok)
        return;
    fprintf(stderr, "ledger-world: %s\n", error != NULL ? error->message : "no reason");
    exit(1);
}

static void mark(Ledger *ledger, const char *id, NoticeState state, const char *reply)
{
    g_autoptr(GError) error = NULL;
    LedgerResult result = {
        .id = id, .state = state, .due = MAKER_NOW, .reply = reply, .queue_id = "4YtY"
    };

    must(ledger_mark(ledger, &result, 1, MAKER_NOW + MAKER_SEC, &error), error);
}

/* Of the first report, by customer. */
static void hand_over(Ledger *ledger)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) claims = ledger_claim(ledger, "world", 100, MAKER_NOW, NULL, &error);
    gboolean first;

    must(claims != NULL, error);
    for (guint i = 0; i < claims->len; i++) {
        const LedgerClaim *claim = claims->pdata[i];
        char customer = claim->customer[strlen("C-")];
        if (customer == '1')
            mark(ledger, claim->id, NOTICE_FAILED, "550 5.1.1 no such user");
        else if (customer != '3')
            mark(ledger, claim->id, NOTICE_HANDED_OVER, "250 2.0.0 Ok: queued as 4YtY");
        if (customer == '2')
            must(ledger_bounced(ledger, claim->reference, NULL, "5.1.1", TRUE,
                                MAKER_NOW + 2 * MAKER_SEC, &first, &error),
                 error);
    }
    must(ledger_unclaim(ledger, "world", &error), error);
}

static void add_row(LedgerTransaction *transaction, guint row, const char *account, Fate fate,
                    Reason reason)
{
    g_autofree char *address = g_strdup_printf("198.51.100.%u", row);
    g_autofree char *digest = g_strdup_printf("%064x", row + 1);
    LedgerEvent event = { .row = row,
                          .address = fate == FATE_UNREADABLE ? "" : address,
                          .account = account,
                          .digest = digest,
                          .fate = fate,
                          .reason = reason,
                          .customer = "",
                          .notice = "" };
    g_autoptr(GError) error = NULL;

    must(ledger_add_event(transaction, &event, &error), error);
}

static void record_unassigned(Ledger *ledger, guint n)
{
    Made made = { .ticket = TICKET("6"), .digest = "d6", .now = MAKER_NOW + 6 * MAKER_SEC };
    LedgerReport report = maker_report(&made);
    g_autoptr(GError) error = NULL;
    LedgerOutcome outcome;

    report.title = report.reason = EVIL;
    g_autoptr(LedgerTransaction) transaction =
        ledger_begin(ledger, &report, NULL, "", &outcome, &error);
    must(transaction != NULL, error);
    add_row(transaction, 0, "m\xc3\xbcller@\xe4\xbe\x8b.example", FATE_UNREADABLE,
            REASON_NO_ADDRESS);
    for (guint i = 1; i < n; i++)
        add_row(transaction, i, "", FATE_UNASSIGNED, REASON_NO_CUSTOMER);
    must(ledger_commit(transaction, n, "attention", REPORT_DONE, &error), error);
}

static void record_world(Ledger *ledger)
{
    g_autoptr(GBytes) mail = g_bytes_new_static("Subject: the report\r\n\r\n", 23);
    const Made world[] = {
        { .ticket = TICKET("1"), .digest = "d1", .n_rows = 8 },
        { .ticket = TICKET("2"), .digest = "d2", .n_rows = 2, .notice_state = NOTICE_HELD },
        { .ticket = TICKET("3"), .digest = "d3", .n_rows = 4, .state = REPORT_HELD, .mail = mail },
        { .ticket = TICKET("4"), .state = REPORT_UNVERIFIED, .mail = mail },
        { .ticket = TICKET("5"), .digest = "d5", .n_rows = 2, .notice_state = NOTICE_PILOT },
    };

    for (guint i = 0; i < G_N_ELEMENTS(world); i++) {
        maker_must_record(ledger, &world[i]);
        if (i == 0)
            hand_over(ledger);
    }
    record_unassigned(ledger, 3);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc < 2) {
        fprintf(stderr, "usage: ledger-world PATH [rows N|hold]\n");
        return 2;
    }
    g_autoptr(Ledger) ledger = ledger_open(argv[1], LEDGER_DAEMON, &error);
    must(ledger != NULL, error);
    if (argc == 4 && strcmp(argv[2], "rows") == 0)
        record_unassigned(ledger, (guint)atoi(argv[3]));
    else if (argc == 2)
        record_world(ledger);
    puts("ready");
    fflush(stdout);
    while (argc == 3 && getchar() != EOF)
        continue;
    return 0;
}
