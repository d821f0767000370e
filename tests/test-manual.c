/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tickets of every dialect with known truth: each event right and none extra, or the
 * report held.  20,000 of them with -m slow, or as many as CERTBUND_TICKETS says. */
#include "ticket-maker.h"

#include <string.h>

#define TICKETS 1100
#define TICKETS_SLOW 20000
#define FIRST_SEED 20250212

typedef struct {
    const char *dialect;
    guint made, held;
} Share;

static Report *read_ticket(Ticket *ticket)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = ticket_mail(ticket);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    Report *report = report_read(message, &error);
    g_assert_no_error(error);
    return report;
}

static void check_cells(const TicketRow *row, const Report *report, guint i)
{
    g_assert_cmpuint(table_n_columns(report->table), ==, g_strv_length(row->cells));
    for (guint c = 0; row->cells[c] != NULL; c++)
        g_assert_cmpstr(table_cell(report->table, i, c), ==, row->cells[c]);
}

static void check_event(const Ticket *ticket, const Report *report, guint i)
{
    const TicketRow *row = g_ptr_array_index(ticket->rows, i);
    const Event *event = &report->events[i];
    char text[ADDRESS_TEXT_SIZE];
    g_assert_cmpstr(address_format(&event->address, text), ==, row->ip);
    g_assert_false(event->unreadable);
    g_assert_cmpuint(event->certainty, ==, ticket->certainty);
    g_assert_cmpuint(event->part, >, 0);
    g_assert_cmpuint(event->line, >, 0);
    if (row->cells != NULL && event->certainty == CERTAINTY_TABLE)
        check_cells(row, report, i);
    if (event->time_certainty == WHEN_UTC)
        g_assert_true(row->zone && event->time == row->time);
    else
        g_assert_false(row->zone);
}

/* A flattened table of text alone has lost its cells: what is left is a list, or nothing. */
static gboolean is_flattened(const Ticket *ticket, const Report *report)
{
    return ticket->cells != NULL && report->n_events > 0
           && report->events[0].certainty == CERTAINTY_LIST;
}

static void check_ticket(guint32 seed, Share *share)
{
    g_autoptr(Ticket) ticket = ticket_make(seed);
    g_autoptr(Report) report = read_ticket(ticket);
    share->dialect = ticket->dialect;
    share->made++;
    if (report->doubt != NULL) {
        g_assert_cmpuint(report->n_events, ==, 0);
        g_assert_true(report->unread != ticket->automated);
        share->held++;
        if (g_test_verbose())
            g_test_message("seed %u: %s held: %s", seed, ticket->dialect, report->doubt);
        return;
    }
    if (g_test_verbose() || ticket->hold || report->n_events != ticket->rows->len)
        g_test_message("seed %u: %s", seed, ticket->dialect);
    g_assert_false(report->unread || ticket->hold);
    g_assert_cmpuint(report->n_events, ==, ticket->rows->len);
    if (is_flattened(ticket, report))
        ticket->certainty = CERTAINTY_LIST;
    for (guint i = 0; i < report->n_events; i++)
        check_event(ticket, report, i);
}

static guint how_many(void)
{
    const char *given = g_getenv("CERTBUND_TICKETS");
    if (given != NULL && *given != '\0')
        return (guint)g_ascii_strtoull(given, NULL, 10);
    return g_test_slow() ? TICKETS_SLOW : TICKETS;
}

static void test_dialects(void)
{
    Share shares[TICKET_DIALECTS] = { { NULL, 0, 0 } };
    guint n = how_many(), held = 0;
    for (guint i = 0; i < n; i++)
        check_ticket(FIRST_SEED + i, &shares[(FIRST_SEED + i) % TICKET_DIALECTS]);
    for (guint i = 0; i < TICKET_DIALECTS; i++) {
        g_test_message("%-28s %5u tickets, %3u %% held", shares[i].dialect, shares[i].made,
                       shares[i].made > 0 ? shares[i].held * 100 / shares[i].made : 0);
        held += shares[i].held;
    }
    g_test_message("%u tickets, %u held", n, held);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/manual/dialects", test_dialects);
    return g_test_run();
}
