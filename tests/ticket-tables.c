/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tables of tickets: header, rows and their truth, wherever the layout puts them. */
#include "ticket-parts.h"

#include "mail-maker.h"
#include "table.h"

#include <string.h>

static char *joined(char **cells, char delimiter, gboolean quoted)
{
    GString *line = g_string_new(NULL);
    for (guint i = 0; cells[i] != NULL; i++) {
        if (i > 0)
            g_string_append_c(line, delimiter);
        if (quoted)
            table_append_cell(line, cells[i]);
        else
            g_string_append(line, cells[i]);
    }
    return g_string_free(line, FALSE);
}

/* ---- tables ---- */

/* But for those that have the delimiter without quotes: nobody can tell where they end. */
static void remember_cells(Ticket *ticket, const Layout *layout, char **cells)
{
    TicketRow *row = g_ptr_array_index(ticket->rows, ticket->rows->len - 1);
    for (guint i = 0; cells[i] != NULL; i++)
        if (layout->place != AS_CELLS && !layout->quoted
            && strchr(cells[i], layout->delimiter) != NULL)
            return;
    row->cells = g_strdupv(cells);
    for (guint i = 0; cells[i] != NULL; i++)
        g_strstrip(row->cells[i]);
}

static void put_row(Ticket *ticket, const Layout *layout, char **cells)
{
    if (ticket->rows->len > 0) /* not the header */
        remember_cells(ticket, layout, cells);
    if (layout->place == AS_CELLS) {
        g_ptr_array_add(ticket->cells, cells);
        return;
    }
    g_autofree char *line = joined(cells, layout->delimiter, layout->quoted);
    if (layout->place == AS_LINES) {
        ticket_line(ticket, "%s", line);
    } else {
        char *more = g_strconcat(ticket->attachment, line, "\r\n", NULL);
        g_free(ticket->attachment);
        ticket->attachment = more;
    }
    g_strfreev(cells);
}

static void begin_table(Ticket *ticket, const Layout *layout, char **header)
{
    ticket->certainty = CERTAINTY_TABLE;
    if (layout->place == AS_ATTACHMENT)
        ticket->attachment = g_strdup("");
    if (layout->place == AS_CELLS) {
        ticket->cells = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
        ticket_line(ticket, TICKET_TABLE);
    }
    if (layout->header)
        put_row(ticket, layout, header);
    else
        g_strfreev(header);
    if (layout->header && layout->place == AS_LINES && ticket_chance(ticket, 15))
        ticket_line(ticket, "%s", "");
}

/* FirstSeen to C2 host; the time is LastSeen, with or without a header. */
void systembc(Ticket *ticket, const Layout *layout)
{
    const TimeFormat *format = &time_formats[ticket_below(ticket, 3)];
    begin_table(ticket, layout, mail_row("FirstSeen", " LastSeen", " Victim IP", " Victim Windows Domain",
                                     " Victim Windows Account", "C2 host", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *first = written(time - 60, format->format);
        g_autofree char *last = written(time, format->format);
        g_autofree char *ip = affected(ticket), *c2 = foreign(ticket);
        g_autofree char *domain = hostile(ticket), *account = hostile(ticket);
        add_truth(ticket, ip, time, format->zone);
        put_row(ticket, layout, mail_row(first, last, ip, domain, account, c2, NULL));
    }
}

/* Date, address, domain, account, C2, its name, whom to tell. */
void bot_rows(Ticket *ticket, const Layout *layout)
{
    begin_table(ticket, layout, mail_row("Zeit (MEZ)", "IP-Adresse", "domain", "account", "C2", "rDNS",
                                     "abuse", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%d %H:%M");
        g_autofree char *ip = affected(ticket), *c2 = foreign(ticket), *account = hostile(ticket);
        add_truth(ticket, ip, time - 3600, layout->header);
        put_row(ticket, layout, mail_row(when, ip, "WORKGROUP", account, c2, "host.example.org",
                                     "abuse@example.org", NULL));
    }
}

void reflection(Ticket *ticket, const Layout *layout)
{
    begin_table(ticket, layout, mail_row("timestamp", "ip.src", "udp.srcport", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%d %H:%M:%S"), *ip = affected(ticket);
        add_truth(ticket, ip, time, FALSE);
        put_row(ticket, layout, mail_row(when, ip, "28960", NULL));
    }
}

void ssh(Ticket *ticket, const Layout *layout)
{
    const char *name = TICKET_PICK(ticket, "timestamp(UTC+0)", "Timestamp (UTC)", "time_utc");
    begin_table(ticket, layout, mail_row("IP", name, "source_port", "destination_port", "note", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%dT%H:%M:%S.654321"), *ip = affected(ticket);
        g_autofree char *note = hostile(ticket);
        add_truth(ticket, ip, time, layout->header);
        put_row(ticket, layout, mail_row(ip, when, "40022", "22", note, NULL));
    }
}

/* client_ip_addr is affected, src_ip_addr the other side in half of the rows. */
void flows(Ticket *ticket, const Layout *layout)
{
    begin_table(ticket, layout, mail_row("proto", "client_ip_addr", "server_ip_addr", "src_ip_addr",
                                     "dst_ip_addr", "start_time", "end_time", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        gboolean out = ticket_chance(ticket, 50);
        g_autofree char *when = written(time, "\"%Y-%m-%d %H:%M:%S\"");
        g_autofree char *ip = affected(ticket), *c2 = foreign(ticket);
        add_truth(ticket, ip, time, FALSE);
        put_row(ticket, layout, mail_row("6", ip, c2, out ? ip : c2, out ? c2 : ip, when, when, NULL));
    }
}
