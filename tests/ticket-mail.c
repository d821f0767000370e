/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A ticket's lines -> the mail: closing words, then text and HTML as OTRS makes
 * them.  OTRS hard-wraps the text of a mail that has HTML, at any blank. */
#include "ticket-maker.h"
#include "zip-maker.h"

#include <string.h>

static void forwarded(Ticket *ticket)
{
    guint other = ticket_below(ticket, 256);
    ticket_line(ticket, "---- Weitergeleitete Nachricht von CERT <cert@example.com> ---");
    ticket_line(ticket, "  > Von: CERT");
    ticket_line(ticket, "> An: CERT-Bund");
    ticket_line(ticket, "> Betreff: [TLP:GREEN] report");
    ticket_line(ticket, "> Datum: 18.07.2021 20:10");
    ticket_line(ticket, "> ");
    ticket_line(ticket, "> IP: 203.0.113.%u", other);
    ticket_line(ticket, "> Phone: 203.0.113.%u", other);
    ticket_line(ticket, "203.0.113.%u", other);
    ticket_line(ticket, "---- Ende der weitergeleiteten Nachricht ---");
}

static void closing(Ticket *ticket)
{
    gboolean copy = strcmp(ticket->dialect, "only in the forwarded copy") == 0
                    || ticket_chance(ticket, 20);
    ticket_line(ticket, "%s", "");
    if (!ticket->automated && ticket_chance(ticket, 60)) {
        ticket_line(ticket, "%s", ticket->german ? "Bitte informieren Sie die zust\xc3\xa4ndige Stelle."
                                                 : "We kindly ask you to check this.");
        ticket_line(ticket, "%s", "");
    }
    ticket_line(ticket, "%s", ticket->german || ticket->automated
                ? TICKET_PICK(ticket, "Mit freundlichen Gr\xc3\xbc\xc3\x9f" "en",
                              "Mit freundlichen Gr\xc3\xbc\xc3\x9f" "en,")
                : TICKET_PICK(ticket, "Regards,", "Best regards", "Kind regards,",
                              "Mit freundlichen Gr\xc3\xbc\xc3\x9f" "en"));
    ticket_line(ticket, "das Team CERT-Bund");
    if (ticket_chance(ticket, 40))
        ticket_line(ticket, "\nIm Auftrag\nErika Mustermann");
    ticket_line(ticket, "%s", ticket_chance(ticket, 60) ? "--" : "-- ");
    ticket_line(ticket, "Referat CK22 - CERT-Bund\nTelefon: +49 (0)228 99 9582 5110");
    ticket_line(ticket, "OTRS 6.0.30.1, 203.0.113.77");
    if (copy)
        forwarded(ticket);
    if (ticket_chance(ticket, 20))
        ticket_line(ticket, "You received this message because you are subscribed, 203.0.113.78");
}

/* ---- text ---- */

/* At the last blank before width, which is lost; a word that is longer stays whole. */
static void wrap(GString *out, const char *line, guint width)
{
    while (g_utf8_strlen(line, -1) > (glong)width) {
        const char *limit = g_utf8_offset_to_pointer(line, width), *blank = NULL;
        for (const char *p = line; *p != '\0' && (p <= limit || blank == NULL); p++)
            if ((*p == ' ' || g_str_has_prefix(p, "\xc2\xa0")) && p > line)
                blank = p;
        if (blank == NULL)
            break;
        g_string_append_len(out, line, blank - line);
        g_string_append_c(out, '\n');
        line = g_utf8_next_char(blank);
    }
    g_string_append_printf(out, "%s\n", line);
}

/* The editor writes four blanks for a tab. */
static char *without_tabs(const char *line, const char *tab)
{
    g_auto(GStrv) pieces = g_strsplit(line, "\t", -1);
    return g_strjoinv(tab, pieces);
}

static void flatten(GString *out, GPtrArray *cells, guint width)
{
    for (guint i = 0; i < cells->len; i++) {
        g_autofree char *row = g_strjoinv(" ", g_ptr_array_index(cells, i));
        g_autofree char *line = g_strdup_printf(" %s  ", row);
        wrap(out, line, width);
        g_string_append_c(out, '\n');
    }
}

static char *text_of(Ticket *ticket, guint width, gboolean tabs)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < ticket->lines->len; i++) {
        const char *line = g_ptr_array_index(ticket->lines, i);
        g_autofree char *plain = without_tabs(line, tabs ? "\t" : "\xc2\xa0\xc2\xa0 \xc2\xa0");
        if (strcmp(line, TICKET_TABLE) == 0)
            flatten(out, ticket->cells, width);
        else
            wrap(out, plain, width);
    }
    return g_string_free(out, FALSE);
}

/* ---- HTML ---- */

static char *escaped(Ticket *ticket, const char *line)
{
    g_autofree char *spaced = without_tabs(line, "\x02\x02 \x02");
    GString *out = g_string_new(NULL);
    for (const char *p = spaced; *p != '\0'; p++) {
        if (*p == '<' || *p == '>' || *p == '&')
            g_string_append(out, *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : "&amp;");
        else if (*p == '\x02' || (*p == ' ' && (p == spaced || p[-1] == ' ')))
            g_string_append(out, "&nbsp;");
        else if (*p == '\n')
            g_string_append(out, "<br />\n");
        else
            g_string_append_c(out, *p);
    }
    if (ticket_chance(ticket, 5))
        g_string_append(out, "&nbsp;");
    return g_string_free(out, FALSE);
}

static void html_table(Ticket *ticket, GString *out)
{
    g_string_append(out, "<table cellspacing=\"0\">\n\t<colgroup>\n\t\t<col width=\"102\" />\n"
                         "\t</colgroup>\n\t<tbody>\n");
    for (guint i = 0; i < ticket->cells->len; i++) {
        char **row = g_ptr_array_index(ticket->cells, i);
        g_string_append(out, "\t\t<tr>\n");
        for (guint c = 0; row[c] != NULL; c++) {
            g_autofree char *cell = escaped(ticket, row[c]);
            g_string_append_printf(out, "\t\t\t<td class=\"x\"><span><strong>%s</strong></span>"
                                        "</td>\n", cell);
        }
        g_string_append(out, "\t\t</tr>\n");
    }
    g_string_append(out, "\t</tbody>\n</table>\n");
}

static char *html_of(Ticket *ticket)
{
    GString *out = g_string_new("<!DOCTYPE html><html><head><meta http-equiv=\"Content-Type\" "
                                "content=\"text/html; charset=utf-8\"/></head><body>");
    for (guint i = 0; i < ticket->lines->len; i++) {
        const char *line = g_ptr_array_index(ticket->lines, i);
        if (strcmp(line, TICKET_TABLE) == 0) {
            html_table(ticket, out);
            continue;
        }
        g_autofree char *words = escaped(ticket, line);
        g_string_append_printf(out, "%s<br />\n", words);
    }
    g_string_append(out, "</body></html>");
    return g_string_free(out, FALSE);
}

/* ---- MIME ---- */

static void append_bytes(GString *mail, const char *type, const char *disposition,
                         const void *body, gsize length)
{
    g_string_append_printf(mail, "Content-Type: %s\nContent-Transfer-Encoding: base64\n"
                                 "Content-Disposition: %s\n\n", type, disposition);
    for (gsize i = 0; i < length; i += 57) {
        g_autofree char *line = g_base64_encode((const guchar *)body + i, MIN(57, length - i));
        g_string_append_printf(mail, "%s\n", line);
    }
    g_string_append_c(mail, '\n');
}

static void append_part(GString *mail, const char *type, const char *disposition, const char *body)
{
    append_bytes(mail, type, disposition, body, strlen(body));
}

/* As it is, or in a zip: what is read is the same. */
static void append_attachment(Ticket *ticket, GString *mail)
{
    gboolean zipped = ticket_chance(ticket, 40);
    g_autofree char *disposition
        = g_strdup_printf("attachment; filename=\"%s%s\"", ticket->attachment_name,
                          zipped ? ".zip" : "");

    if (!zipped) {
        append_part(mail, TICKET_PICK(ticket, "text/plain", "application/octet-stream", "text/csv"),
                    disposition, ticket->attachment);
        return;
    }
    g_autoptr(GBytes) zip = zip_make_one(ticket->attachment_name, ticket->attachment);
    append_bytes(mail, TICKET_PICK(ticket, "application/zip", "application/octet-stream"),
                 disposition, g_bytes_get_data(zip, NULL), g_bytes_get_size(zip));
}

GBytes *ticket_mail(Ticket *ticket)
{
    /* Cells are HTML's; and only a mail with HTML is wrapped. */
    gboolean html = ticket->cells != NULL ? ticket_chance(ticket, 80)
                                          : !ticket->automated && ticket_chance(ticket, 50);
    gboolean wrapped = html || (!ticket->automated && ticket_chance(ticket, 30));
    gboolean lost = wrapped && ticket_chance(ticket, 50); /* HTML is not there to help */
    closing(ticket);
    guint width = wrapped ? 50 + ticket_below(ticket, 50) : 10000;
    g_autofree char *text = text_of(ticket, width, !html && ticket_chance(ticket, 90));
    g_autofree char *shown = html_of(ticket);
    GString *mail = g_string_new("From: CERT-Bund <certbund@bsi.bund.de>\nTo: abuse@example.net\n"
                                 "Date: Wed, 12 Feb 2025 09:57:07 +0000\nMIME-Version: 1.0\n");
    g_string_append_printf(mail, "Subject: [%s] %s\n"
                           "Content-Type: multipart/mixed; boundary=\"outer\"\n\n--outer\n",
                           ticket->automated ? "CB-Report#20170310-10000005"
                                             : "CERT-Bund#2021032128001112",
                           TICKET_PICK(ticket, "", "...", "Infizierte Systeme", "203.0.113.4"));
    g_string_append(mail, "Content-Type: multipart/alternative; boundary=\"inner\"\n\n--inner\n");
    append_part(mail, "text/plain; charset=\"utf-8\"", "inline", text);
    if (html && !(lost && ticket->cells == NULL)) {
        g_string_append(mail, "--inner\n");
        append_part(mail, "text/html; charset=\"utf-8\"", "inline", shown);
    }
    g_string_append(mail, "--inner--\n\n--outer\n");
    if (ticket->attachment != NULL) {
        append_attachment(ticket, mail);
        g_string_append(mail, "--outer\n");
    }
    append_part(mail, "application/pgp-signature", "inline", "-----BEGIN PGP SIGNATURE-----\n");
    g_string_append(mail, "--outer--\n");
    return g_string_free_to_bytes(mail);
}
