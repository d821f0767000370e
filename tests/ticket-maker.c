/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Dialects, one function each; layouts and counts after 38 real tickets. */
#include "ticket-parts.h"

#include <stdarg.h>
#include <string.h>

guint ticket_below(Ticket *ticket, guint n)
{
    return (guint)g_rand_int_range(ticket->rand, 0, (gint32)n);
}

const char *ticket_pick(Ticket *ticket, const char *const *strings, guint n)
{
    return strings[ticket_below(ticket, n)];
}

gboolean ticket_chance(Ticket *ticket, guint percent)
{
    return ticket_below(ticket, 100) < percent;
}

void ticket_line(Ticket *ticket, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(ticket->lines, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void row_free(gpointer data)
{
    TicketRow *row = data;
    g_strfreev(row->cells);
    g_free(row->ip);
    g_free(row);
}

/* ---- no tables ---- */

static void list(Ticket *ticket)
{
    const char *bullet = TICKET_PICK(ticket, "", "", "", "- ", "* ");
    if (ticket_chance(ticket, 30))
        ticket_line(ticket, "Betroffene Systeme:");
    ticket->certainty = CERTAINTY_LIST;
    for (guint n = n_rows(ticket); n > 0; n--) {
        g_autofree char *ip = affected(ticket);
        add_truth(ticket, ip, 0, FALSE);
        ticket_line(ticket, "%s%s%s", bullet, ip,
                    TICKET_PICK(ticket, "", "", ",", " (host.example.org)"));
    }
}

static void list_with_times(Ticket *ticket)
{
    const TimeFormat *format = &time_formats[ticket_below(ticket, G_N_ELEMENTS(time_formats))];
    ticket->certainty = CERTAINTY_LIST;
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, format->format), *ip = affected(ticket);
        add_truth(ticket, ip, time, format->zone);
        ticket_line(ticket, "%s (zuletzt: %s)%s", ip, when, n > 1 ? "," : "");
    }
}

static void keys(Ticket *ticket)
{
    const TimeFormat *format = &time_formats[ticket_below(ticket, G_N_ELEMENTS(time_formats))];
    const char *key = TICKET_PICK(ticket, "IP", "IP ", "IP-Adresse", "IP Address", "Betroffene IP",
                                  "Infizierte IP-Adresse", "> SUSPICIOUS HOST ", "Source IP",
                                  "Quell-IP", "Victim IP", "IP-Adresse(n)");
    const char *mark = *key == '>' ? "> " : "";
    ticket->certainty = CERTAINTY_LIST;
    for (guint n = 1 + ticket_below(ticket, 4); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, format->format), *ip = affected(ticket);
        g_autofree char *c2 = foreign(ticket);
        add_truth(ticket, ip, time, format->zone);
        ticket_line(ticket, "%s:%s%s", key, TICKET_PICK(ticket, " ", ""), ip);
        ticket_line(ticket, "%sZeitstempel: %s", mark, when);
        if (ticket_chance(ticket, 30))
            ticket_line(ticket, "%sC2-Server: %s", mark, c2);
        if (ticket_chance(ticket, 30))
            ticket_line(ticket, "%sDomain: www.example.org", mark);
        if (n > 1)
            ticket_line(ticket, "%s", "");
    }
}

static void logs(Ticket *ticket)
{
    ticket->certainty = CERTAINTY_LIST;
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%d\t%H:%M:%S"), *ip = affected(ticket);
        g_autofree char *other = foreign(ticket);
        add_truth(ticket, ip, time, FALSE);
        ticket_line(ticket, "itime=\"%s\"\tsrcip=%s\tdstip=%s\tsrcport=54008\tdstport=443\t"
                    "attack=\"ip_dst_session\"\tsrccountry=\"Germany\"", when, ip,
                    ticket_chance(ticket, 30) ? "10.15.52.78" : other);
    }
}

static void sentence(Ticket *ticket)
{
    g_autofree char *ip = affected(ticket);
    ticket->certainty = CERTAINTY_TEXT;
    add_truth(ticket, ip, 0, FALSE);
    if (ticket->german)
        ticket_line(ticket, "%s %s%s", TICKET_PICK(ticket,
                    "bitte leiten Sie diese Mail an den Kunden der IP", "die zur IP",
                    "Betroffen ist nach unserer Kenntnis das System mit der IP-Adresse"), ip,
                    TICKET_PICK(ticket, " weiter. Er wei" SZ " Bescheid.", " aufl" OE "sen.", "."));
    else
        ticket_line(ticket, "We were told that the host with the IP address %s is infected.", ip);
}

static void only_a_url(Ticket *ticket)
{
    ticket->hold = TRUE;
    ticket_line(ticket, "www.example.org/en/");
}

/* The one system stands where nothing is read. */
static void only_below(Ticket *ticket)
{
    ticket->hold = TRUE;
    ticket_line(ticket, "%s", ticket->german ? "Details finden Sie unten." : "See below.");
}

/* Lines that nobody can tell apart without understanding them. */
static void treacherous(Ticket *ticket)
{
    g_autofree char *other = foreign(ticket);
    ticket->hold = TRUE;
    switch (ticket_below(ticket, 6)) {
    case 0:
        ticket_line(ticket, "Die Systeme kontaktierten diese C2-Server:");
        ticket_line(ticket, "%s", "");
        ticket_line(ticket, "%s", other);
        break;
    case 1:
        ticket_line(ticket, "C2;Land");
        ticket_line(ticket, "%s;DE", other);
        break;
    case 2:
        ticket_line(ticket, "The infected systems connect to the IP %s on port 443.", other);
        break;
    case 3:
        ticket_line(ticket, "Ziel-IP: %s", other);
        break;
    case 4:
        ticket_line(ticket, "Confluence Version 4.2.3.1 and Chrome/90.0.44.212 are old.");
        break;
    default:
        ticket_line(ticket, "%s -> %s", other, other);
    }
}

static void old_format(Ticket *ticket)
{
    ticket->automated = TRUE;
    ticket->certainty = CERTAINTY_TABLE;
    ticket_line(ticket, "Betroffene Systeme in Ihrem Netzbereich:");
    ticket_line(ticket, "%s", "");
    ticket_line(ticket, "Format: ASN | %s | Timestamp (UTC) | Info | Destination-IP",
                TICKET_PICK(ticket, "IP", "IP address"));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%d %H:%M:%S"), *ip = affected(ticket);
        g_autofree char *other = foreign(ticket), *info = hostile(ticket);
        add_truth(ticket, ip, time, TRUE);
        ticket_line(ticket, " 64496 | %-15s | %s | %s | %s", ip, when, info, other);
    }
    ticket_line(ticket, "%s", "");
}

/* ---- the whole ---- */

static void introduction(Ticket *ticket)
{
    g_autofree char *c2 = defanged(ticket);
    ticket_line(ticket, "%s", "");
    if (ticket_chance(ticket, 40))
        ticket_line(ticket, ticket->german
                        ? "Die Software \"Version 4.2.3.1\" ist veraltet. Daten flie" SZ "en zum "
                          "C2-Server %s ab."
                        : "Data are sent to the C2 at %s, see CVE-2010-5077 and RFC 1918.", c2);
    if (ticket_chance(ticket, 40))
        ticket_line(ticket, "%s", "");
    ticket_line(ticket, "%s", ticket->german
                ? TICKET_PICK(ticket, "wir haben Informationen erhalten, dass die IT-Systeme mit "
                              "folgenden IP-Adressen mutma" SZ "lich infiziert wurden:",
                              "Die uns " UE "bersandten Informationen finden Sie nachfolgend.")
                : TICKET_PICK(ticket, "We have been informed about malicious activity from your "
                              "constituency:", "Please find the details below."));
    ticket_line(ticket, "%s", "");
}

typedef struct {
    const char *name;
    void (*table)(Ticket *ticket, const Layout *layout);
    Layout layout;
    void (*other)(Ticket *ticket);
    const char *attachment;
} Dialect;

static const Dialect dialects[TICKET_DIALECTS] = {
    { "comma, header", systembc, { ',', TRUE, FALSE, AS_LINES }, NULL, NULL },
    { "comma, no header", systembc, { ',', FALSE, FALSE, AS_LINES }, NULL, NULL },
    { "comma, quoted, header", bot_rows, { ',', TRUE, TRUE, AS_LINES }, NULL, NULL },
    { "comma, quoted, no header", bot_rows, { ',', FALSE, TRUE, AS_LINES }, NULL, NULL },
    { "semicolon, header", reflection, { ';', TRUE, FALSE, AS_LINES }, NULL, NULL },
    { "semicolon, no header", bot_rows, { ';', FALSE, FALSE, AS_LINES }, NULL, NULL },
    { "tab, header", ssh, { '\t', TRUE, FALSE, AS_LINES }, NULL, NULL },
    { "tab, no header", bot_rows, { '\t', FALSE, FALSE, AS_LINES }, NULL, NULL },
    { "HTML cells, header", systembc, { ' ', TRUE, FALSE, AS_CELLS }, NULL, NULL },
    { "HTML cells, no header", bot_rows, { ' ', FALSE, FALSE, AS_CELLS }, NULL, NULL },
    { "attached CSV", ssh, { ',', TRUE, TRUE, AS_ATTACHMENT }, NULL, "list.csv" },
    { "attached TSV", flows, { '\t', TRUE, TRUE, AS_ATTACHMENT }, NULL, "flows.txt" },
    { "attached CSV, semicolon", bot_rows, { ';', TRUE, FALSE, AS_ATTACHMENT }, NULL, "a.csv" },
    { "list", NULL, { 0 }, list, NULL },
    { "list with times", NULL, { 0 }, list_with_times, NULL },
    { "keys", NULL, { 0 }, keys, NULL },
    { "log lines", NULL, { 0 }, logs, NULL },
    { "sentence", NULL, { 0 }, sentence, NULL },
    { "old format with |", NULL, { 0 }, old_format, NULL },
    { "only a URL", NULL, { 0 }, only_a_url, NULL },
    { "only in the forwarded copy", NULL, { 0 }, only_below, NULL },
    { "the other side", NULL, { 0 }, treacherous, NULL },
};

Ticket *ticket_make(guint32 seed)
{
    const Dialect *dialect = &dialects[seed % TICKET_DIALECTS];
    Ticket *ticket = g_new0(Ticket, 1);
    ticket->dialect = dialect->name;
    ticket->rand = g_rand_new_with_seed(seed);
    ticket->rows = g_ptr_array_new_with_free_func(row_free);
    ticket->lines = g_ptr_array_new_with_free_func(g_free);
    ticket->german = ticket_chance(ticket, 60);
    if (dialect->other != old_format) {
        ticket_line(ticket, "%s", ticket->german
                    ? TICKET_PICK(ticket, "Sehr geehrte Damen und Herren,",
                                  "Sehr geehrtes Abuse-Team,", "Sehr geehrte Damen und Herren")
                    : TICKET_PICK(ticket, "Dear Abuse-Team,", "Dear colleagues,",
                                  "Dear Sir or Madam,"));
        introduction(ticket);
    }
    ticket->attachment_name = g_strdup(dialect->attachment);
    if (dialect->table != NULL)
        dialect->table(ticket, &dialect->layout);
    else
        dialect->other(ticket);
    return ticket;
}

void ticket_free(Ticket *ticket)
{
    if (ticket == NULL)
        return;
    g_ptr_array_unref(ticket->rows);
    g_ptr_array_unref(ticket->lines);
    g_clear_pointer(&ticket->cells, g_ptr_array_unref);
    g_free(ticket->attachment);
    g_free(ticket->attachment_name);
    g_rand_free(ticket->rand);
    g_free(ticket);
}
