/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Dialects, one function each; layouts and counts after 38 real tickets. */
#include "ticket-maker.h"

#include "table.h"

#include <stdarg.h>
#include <string.h>

#define OE "\xc3\xb6"
#define UE "\xc3\xbc"
#define SZ "\xc3\x9f"

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

/* ---- addresses, times, cells ---- */

static char *affected(Ticket *ticket)
{
    if (ticket_chance(ticket, 8))
        return g_strdup_printf("2001:db8:1::%x", ticket_below(ticket, 65535) + 1);
    return g_strdup_printf(ticket_chance(ticket, 50) ? "192.0.2.%u" : "198.51.100.%u",
                           ticket_below(ticket, 256));
}

static char *foreign(Ticket *ticket)
{
    if (ticket_chance(ticket, 5))
        return g_strdup_printf("2001:db8:bad::%x", ticket_below(ticket, 65535) + 1);
    return g_strdup_printf("203.0.113.%u", ticket_below(ticket, 256));
}

static char *defanged(Ticket *ticket)
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

typedef struct {
    const char *format; /* of GDateTime */
    gboolean zone;
} TimeFormat;

static const TimeFormat time_formats[] = {
    { "%Y-%m-%d %H:%M:%S", FALSE },     { "%Y-%m-%d %H:%M", FALSE },
    { "%d.%m.%Y %H:%M", FALSE },        { "%Y-%m-%d, %H:%M Uhr", FALSE },
    { "%Y/%m/%d %H:%M:%S", FALSE },     { "%Y/%m/%d %H:%M:%S PM(GMT+0)", TRUE },
    { "%Y-%m-%d %H:%M:%S UTC", TRUE },  { "%Y-%m-%dT%H:%M:%SZ", TRUE },
    { "%Y-%m-%d %H:%M:%S+00:00", TRUE }, { "%Y-%m-%d %H:%M:%S EST", FALSE },
    { "%d.%m.%Y, %H:%M Uhr", FALSE },   { "%Y-%m-%dT%H:%M:%S.123456", FALSE },
};

static gint64 any_time(Ticket *ticket)
{
    /* After noon, so that PM is true; whole minutes, for not every format has seconds. */
    return 1600000000 / 86400 * 86400 + (gint64)ticket_below(ticket, 2000) * 86400 + 12 * 3600
           + (gint64)ticket_below(ticket, 60 * 12) * 60;
}

static char *written(gint64 time, const char *format)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time);
    return g_date_time_format(when, format);
}

static void add_truth(Ticket *ticket, const char *ip, gint64 time, gboolean zone)
{
    TicketRow *row = g_new0(TicketRow, 1);
    row->ip = g_strdup(ip);
    row->time = time;
    row->zone = zone;
    g_ptr_array_add(ticket->rows, row);
}

static void row_free(gpointer data)
{
    TicketRow *row = data;
    g_strfreev(row->cells);
    g_free(row->ip);
    g_free(row);
}

/* What scanners and their victims put into cells, even what divides unquoted ones. */
static char *hostile(Ticket *ticket)
{
    g_autofree char *address = foreign(ticket);
    switch (ticket_below(ticket, 30)) {
    case 0:
        return g_strdup_printf("x %s", address);
    case 1:
        return g_strdup("15.1.2375.34");
    case 2:
        return g_strdup("<b>&amp;</b> & <br />");
    case 3:
        return g_strdup("Mit freundlichen Gr" UE SZ "en");
    case 4:
        return g_strdup_printf("http://%s/x", address);
    case 5:
        return g_strdup("M" UE "ller (Version 4.2.3.1)");
    case 6:
        return g_strdup("a long text with many blanks at which OTRS may wrap it or not");
    case 7:
        return g_strdup("");
    case 8:
        return g_strdup("erika@example.net");
    case 9:
        return g_strdup("SERVER$");
    case 10:
        return g_strdup("Miller, Inc.");
    case 11:
        return g_strdup("\"x\" and y");
    case 12:
        return g_strdup_printf("%s", address);
    case 13:
        return g_strdup("2021-03-25 23:17");
    case 14:
        return g_strdup("C2");
    case 15:
        return g_strdup("--");
    case 16:
        return g_strdup("> x");
    case 17:
        return g_strdup("IP: y");
    case 18:
        return g_strdup("O'Neill \\ 100%");
    default:
        return g_strdup("WORKGROUP");
    }
}

static guint n_rows(Ticket *ticket)
{
    return 1 + ticket_below(ticket, ticket_chance(ticket, 90) ? 8 : 60);
}

static char **strv(const char *first, ...)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new();
    va_list arguments;
    va_start(arguments, first);
    for (const char *cell = first; cell != NULL; cell = va_arg(arguments, const char *))
        g_ptr_array_add(cells, g_strdup(cell));
    va_end(arguments);
    g_ptr_array_add(cells, NULL);
    return (char **)g_ptr_array_steal(cells, NULL);
}

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

typedef enum { AS_LINES, AS_CELLS, AS_ATTACHMENT } Place;

typedef struct {
    char delimiter;
    gboolean header, quoted;
    Place place;
} Layout;

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
static void systembc(Ticket *ticket, const Layout *layout)
{
    const TimeFormat *format = &time_formats[ticket_below(ticket, 3)];
    begin_table(ticket, layout, strv("FirstSeen", " LastSeen", " Victim IP", " Victim Windows Domain",
                                     " Victim Windows Account", "C2 host", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *first = written(time - 60, format->format);
        g_autofree char *last = written(time, format->format);
        g_autofree char *ip = affected(ticket), *c2 = foreign(ticket);
        g_autofree char *domain = hostile(ticket), *account = hostile(ticket);
        add_truth(ticket, ip, time, format->zone);
        put_row(ticket, layout, strv(first, last, ip, domain, account, c2, NULL));
    }
}

/* Date, address, domain, account, C2, its name, whom to tell. */
static void bot_rows(Ticket *ticket, const Layout *layout)
{
    begin_table(ticket, layout, strv("Zeit (MEZ)", "IP-Adresse", "domain", "account", "C2", "rDNS",
                                     "abuse", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%d %H:%M");
        g_autofree char *ip = affected(ticket), *c2 = foreign(ticket), *account = hostile(ticket);
        add_truth(ticket, ip, time - 3600, layout->header);
        put_row(ticket, layout, strv(when, ip, "WORKGROUP", account, c2, "host.example.org",
                                     "abuse@example.org", NULL));
    }
}

static void reflection(Ticket *ticket, const Layout *layout)
{
    begin_table(ticket, layout, strv("timestamp", "ip.src", "udp.srcport", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%d %H:%M:%S"), *ip = affected(ticket);
        add_truth(ticket, ip, time, FALSE);
        put_row(ticket, layout, strv(when, ip, "28960", NULL));
    }
}

static void ssh(Ticket *ticket, const Layout *layout)
{
    const char *name = TICKET_PICK(ticket, "timestamp(UTC+0)", "Timestamp (UTC)", "time_utc");
    begin_table(ticket, layout, strv("IP", name, "source_port", "destination_port", "note", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        g_autofree char *when = written(time, "%Y-%m-%dT%H:%M:%S.654321"), *ip = affected(ticket);
        g_autofree char *note = hostile(ticket);
        add_truth(ticket, ip, time, layout->header);
        put_row(ticket, layout, strv(ip, when, "40022", "22", note, NULL));
    }
}

/* client_ip_addr is affected, src_ip_addr the other side in half of the rows. */
static void flows(Ticket *ticket, const Layout *layout)
{
    begin_table(ticket, layout, strv("proto", "client_ip_addr", "server_ip_addr", "src_ip_addr",
                                     "dst_ip_addr", "start_time", "end_time", NULL));
    for (guint n = n_rows(ticket); n > 0; n--) {
        gint64 time = any_time(ticket);
        gboolean out = ticket_chance(ticket, 50);
        g_autofree char *when = written(time, "\"%Y-%m-%d %H:%M:%S\"");
        g_autofree char *ip = affected(ticket), *c2 = foreign(ticket);
        add_truth(ticket, ip, time, FALSE);
        put_row(ticket, layout, strv("6", ip, c2, out ? ip : c2, out ? c2 : ip, when, when, NULL));
    }
}

/* ---- no tables ---- */

static void list(Ticket *ticket)
{
    const char *bullet = TICKET_PICK(ticket, "", "", "", "- ", "* ");
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
