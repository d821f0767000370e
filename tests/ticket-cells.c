/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Addresses, times and cells of tickets. */
#include "ticket-parts.h"

char *affected(Ticket *ticket)
{
    if (ticket_chance(ticket, 8))
        return g_strdup_printf("2001:db8:1::%x", ticket_below(ticket, 65535) + 1);
    return g_strdup_printf(ticket_chance(ticket, 50) ? "192.0.2.%u" : "198.51.100.%u",
                           ticket_below(ticket, 256));
}

char *foreign(Ticket *ticket)
{
    if (ticket_chance(ticket, 5))
        return g_strdup_printf("2001:db8:bad::%x", ticket_below(ticket, 65535) + 1);
    return g_strdup_printf("203.0.113.%u", ticket_below(ticket, 256));
}

char *defanged(Ticket *ticket)
{
    guint last = ticket_below(ticket, 256);
    switch (ticket_below(ticket, 4)) {
    case 0:
        return g_strdup_printf("203.0.113[.]%u:443", last);
    case 1:
        return g_strdup_printf("203[.]0[.]113[.]%u", last);
    case 2:
        return g_strdup_printf("203.0.113.%u[:]8080", last);
    default:
        return g_strdup_printf("https[:]//203.0.113[.]%u/gate.php", last);
    }
}

const TimeFormat time_formats[TIME_FORMATS] = {
    { "%Y-%m-%d %H:%M:%S", FALSE },     { "%Y-%m-%d %H:%M", FALSE },
    { "%d.%m.%Y %H:%M", FALSE },        { "%Y-%m-%d, %H:%M Uhr", FALSE },
    { "%Y/%m/%d %H:%M:%S", FALSE },     { "%Y/%m/%d %H:%M:%S PM(GMT+0)", TRUE },
    { "%Y-%m-%d %H:%M:%S UTC", TRUE },  { "%Y-%m-%dT%H:%M:%SZ", TRUE },
    { "%Y-%m-%d %H:%M:%S+00:00", TRUE }, { "%Y-%m-%d %H:%M:%S EST", FALSE },
    { "%d.%m.%Y, %H:%M Uhr", FALSE },   { "%Y-%m-%dT%H:%M:%S.123456", FALSE },
};

gint64 any_time(Ticket *ticket)
{
    /* After noon, so that PM is true; whole minutes, for not every format has seconds. */
    return 1600000000 / 86400 * 86400 + (gint64)ticket_below(ticket, 2000) * 86400 + 12 * 3600
           + (gint64)ticket_below(ticket, 60 * 12) * 60;
}

char *written(gint64 time, const char *format)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time);
    return g_date_time_format(when, format);
}

void add_truth(Ticket *ticket, const char *ip, gint64 time, gboolean zone)
{
    TicketRow *row = g_new0(TicketRow, 1);
    row->ip = g_strdup(ip);
    row->time = time;
    row->zone = zone;
    g_ptr_array_add(ticket->rows, row);
}

/* What scanners and their victims put into cells, even what divides unquoted ones.  %s is a
 * foreign address. */
static const char *const hostile_cells[] = {
    "x %s", "http://%s/x", "%s", "15.1.2375.34", "<b>&amp;</b> & <br />",
    "Mit freundlichen Gr" UE SZ "en", "M" UE "ller (Version 4.2.3.1)",
    "a long text with many blanks at which OTRS may wrap it or not", "", "erika@example.net",
    "SERVER$", "Miller, Inc.", "\"x\" and y", "2021-03-25 23:17", "C2", "--", "> x", "IP: y",
    "O'Neill \\ 100 percent", "-> $", "a=b",
};

char *hostile(Ticket *ticket)
{
    g_autofree char *address = foreign(ticket);
    if (ticket_chance(ticket, 30))
        return g_strdup("WORKGROUP");
    g_auto(GStrv) pieces = g_strsplit(
        ticket_pick(ticket, hostile_cells, G_N_ELEMENTS(hostile_cells)), "%s", -1);
    return g_strjoinv(address, pieces);
}

guint n_rows(Ticket *ticket)
{
    return 1 + ticket_below(ticket, ticket_chance(ticket, 90) ? 8 : 60);
}
