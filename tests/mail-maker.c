/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "mail-maker.h"

#include <stdarg.h>
#include <string.h>

static const char *const plain_columns[] = { "asn", "ip", "timestamp", NULL };

#define RULER "======================================================================\n"

static const char german[] = "***** Sicherheitsinformation *****\n\n"
                             "Sehr geehrte Damen und Herren,\n\n"
                             "dies ist eine erfundene Meldung f\xc3\xbcr Tests. "
                             "Sie erkl\xc3\xa4rt, was ein Dienst ist,\nund nennt betroffene "
                             "Systeme.\n\n"
                             "Diese E-Mail ist mittels PGP digital signiert.\n\n"
                             "Bitte beachten Sie:\nDies ist eine automatisch generierte "
                             "Nachricht.\n\n";
static const char english[] = RULER "\n***** Important security advisory *****\n\n"
                              "Dear Sir or Madam,\n\n"
                              "this is an invented report for tests.\n\n"
                              "This message is digitally signed using PGP.\n\n"
                              "Please note:\nThis is an automatically generated message.\n\n";
static const char hint[] = RULER
    "Bitte teilen Sie uns mit, wenn Sie einen Anhang m\xc3\xb6" "chten.\n" RULER "\n";
static const char sign_off[] =
    "\n\nMit freundlichen Gr\xc3\xbc\xc3\x9f" "en%s\nTeam CERT-Bund\n";

static const char *or_default(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

char **mail_row(const char *first, ...)
{
    GPtrArray *cells = g_ptr_array_new();
    va_list arguments;
    va_start(arguments, first);
    for (const char *cell = first; cell != NULL; cell = va_arg(arguments, const char *))
        g_ptr_array_add(cells, g_strdup(cell));
    va_end(arguments);
    g_ptr_array_add(cells, NULL);
    return (char **)g_ptr_array_free(cells, FALSE);
}

static void append_row(GString *table, const char *const *cells)
{
    for (guint i = 0; cells[i] != NULL; i++) {
        g_string_append(table, i == 0 ? "\"" : ",\"");
        for (const char *p = cells[i]; *p != '\0'; p++) {
            if (*p == '"')
                g_string_append_c(table, '"');
            g_string_append_c(table, *p);
        }
        g_string_append_c(table, '"');
    }
    g_string_append_c(table, '\n');
}

char *mail_make_table(const char *const *columns, GPtrArray *rows)
{
    GString *table = g_string_new(NULL);
    append_row(table, columns != NULL ? columns : plain_columns);
    for (guint i = 0; rows != NULL && i < rows->len; i++)
        append_row(table, g_ptr_array_index(rows, i));
    return g_string_free(table, FALSE);
}

/* RFC 2045 section 6.7; lines of at most 76. */
static void append_qp(GString *out, const char *text)
{
    guint column = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            g_string_append_c(out, '\n');
            column = 0;
            continue;
        }
        gboolean blank_at_end = (*p == ' ' || *p == '\t') && (p[1] == '\n' || p[1] == '\0');
        gboolean literal = (g_ascii_isprint(*p) || *p == '\t') && *p != '=' && !blank_at_end;
        if (column + (literal ? 1 : 3) > 75) {
            g_string_append(out, "=\n");
            column = 0;
        }
        if (literal)
            g_string_append_c(out, *p);
        else
            g_string_append_printf(out, "=%02X", (guint)(guchar)*p);
        column += literal ? 1 : 3;
    }
}

static void append_base64(GString *out, const char *text)
{
    gsize length = strlen(text);
    for (gsize i = 0; i < length; i += 57) {
        g_autofree char *line = g_base64_encode((const guchar *)text + i, MIN(57, length - i));
        g_string_append_printf(out, "%s\n", line);
    }
}

/* Header of a part, empty line, body; the body's line ends are the mail's. */
static void append_part(GString *out, const MailOptions *options, const char *type,
                        const char *disposition, const char *body)
{
    static const char *const names[] = { "quoted-printable", "base64", "8bit" };
    g_string_append_printf(out, "Content-Type: %s\nContent-Transfer-Encoding: %s\n", type,
                           names[options->encoding]);
    if (disposition != NULL)
        g_string_append_printf(out, "Content-Disposition: %s\n", disposition);
    g_string_append_c(out, '\n');
    if (options->encoding == MAIL_QP)
        append_qp(out, body);
    else if (options->encoding == MAIL_BASE64)
        append_base64(out, body);
    else
        g_string_append(out, body);
    g_string_append_c(out, '\n');
}

static char *make_text(const MailOptions *options, const char *table)
{
    GString *text = g_string_new(options->bilingual ? "[English version below]\n\n" : "");
    g_string_append(text, german);
    if (options->bilingual)
        g_string_append(text, english);
    if (options->place == MAIL_INLINE) {
        g_string_append(text, hint);
        g_string_append(text, "Betroffene Systeme in Ihrem Netzbereich:\n");
        if (options->bilingual)
            g_string_append(text, "Affected hosts on your networks:\n");
        g_string_append_printf(text, "\n%s", table);
    } else {
        g_string_append(text, "Im Anhang finden Sie die Daten zu betroffenen Systemen.\n");
    }
    if (options->below != NULL)
        g_string_append(text, options->below);
    else
        g_string_append_printf(text, sign_off, options->bilingual ? " / Kind regards" : "");
    return g_string_free(text, FALSE);
}

/* Everything below the mail's own fields, beginning with its Content-Type. */
static GString *make_body(const MailOptions *options)
{
    static const char *const types[] = {
        [MAIL_ATTACHED] = "text/csv; charset=\"utf-8\"; name=\"events.csv\"",
        [MAIL_ATTACHED_OCTETS] = "application/octet-stream; name=\"events.csv\"",
        [MAIL_ATTACHED_PLAIN] = "text/plain; name=\"events.csv\"",
    };
    g_autofree char *table = options->table != NULL
                                 ? g_strdup(options->table)
                                 : mail_make_table(options->columns, options->rows);
    g_autofree char *text = make_text(options, table);
    const char *charset = or_default(options->charset, "utf-8");
    g_autofree char *type = g_strdup_printf(*charset != '\0' ? "text/plain; charset=\"%s\""
                                                             : "text/plain%s", charset);
    GString *body = g_string_new(NULL);
    if (options->place == MAIL_INLINE) {
        append_part(body, options, type, NULL, text);
        return body;
    }
    g_string_append(body, "Content-Type: multipart/mixed; boundary=\"=-content\"\n\n--=-content\n");
    append_part(body, options, type, NULL, text);
    g_string_append(body, "--=-content\n");
    append_part(body, options, types[options->place], "attachment; filename=\"events.csv\"",
                table);
    g_string_append(body, "--=-content--\n");
    return body;
}

static void wrap_signed(GString *body)
{
    g_string_prepend(body, "Content-Type: multipart/signed; micalg=\"pgp-sha256\";\n"
                           " protocol=\"application/pgp-signature\"; boundary=\"=-signed\"\n\n"
                           "--=-signed\n");
    g_string_append(body, "--=-signed\nContent-Type: application/pgp-signature\n"
                          "Content-Transfer-Encoding: 8bit\nMIME-Version: 1.0\n\n"
                          "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n\n"
                          "--=-signed--\n");
}

static void wrap_relayed(GString *body)
{
    g_string_prepend(body, "Content-Type: multipart/mixed; boundary=\"=-list\"\n\n--=-list\n");
    g_string_append(body, "--=-list\nContent-Type: text/plain; charset=\"us-ascii\"\n"
                          "Content-Transfer-Encoding: 7bit\n\n"
                          "-- \nYou get this mail as a member of the list abuse@example.org.\n"
                          "\n--=-list--\n");
}

static gboolean is_ascii(const char *text)
{
    return g_str_is_ascii(text);
}

static void append_subject(GString *mail, const MailOptions *options)
{
    const char *title = or_default(options->title, "Offene Telnet-Server");
    const char *scope = or_default(options->scope, "AS64496");
    g_autofree char *encoded = g_base64_encode((const guchar *)title, strlen(title));
    g_string_append_printf(mail, "Subject: [%s]%s ",
                           or_default(options->ticket, "CB-Report#20250212-10000001"),
                           options->critical ? "[KRITISCH]" : "");
    g_string_append_printf(mail, is_ascii(title) ? "%s" : "=?utf-8?b?%s?=",
                           is_ascii(title) ? title : encoded);
    g_string_append_printf(mail, *scope != '\0' ? "\n in %s\n" : "%s\n", scope);
}

/* Takes mail.  g_string_replace() would move the rest for each line. */
static GString *with_crlf(GString *mail)
{
    GString *out = g_string_sized_new(mail->len + mail->len / 20);
    for (const char *p = mail->str; *p != '\0'; p++) {
        if (*p == '\n')
            g_string_append_c(out, '\r');
        g_string_append_c(out, *p);
    }
    g_string_free(mail, TRUE);
    return out;
}

GBytes *mail_make(const MailOptions *options)
{
    GString *mail = g_string_new("MIME-Version: 1.0\n");
    const char *from = or_default(options->from,
                                  "CERT-Bund Reports <reports@reports.cert-bund.de>");
    if (options->relayed)
        g_string_append_printf(mail, "From: 'CERT-Bund Reports' via Abuse <abuse@example.org>\n"
                                     "X-Original-From: %s\nList-ID: <abuse.example.org>\n", from);
    else
        g_string_append_printf(mail, "From: %s\n", from);
    g_string_append_printf(mail, "To: %s\n", or_default(options->to, "abuse@example.net"));
    append_subject(mail, options);
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(
        options->date != 0 ? options->date : G_GINT64_CONSTANT(1739354227));
    g_autofree char *date_text = g_date_time_format(date, "%a, %d %b %Y %H:%M:%S +0000");
    g_string_append_printf(mail, "Date: %s\nMessage-Id: %s\n", date_text,
                           or_default(options->message_id, "<1.2.3@reports.cert-bund.de>"));
    GString *body = make_body(options);
    if (!options->unsigned_)
        wrap_signed(body);
    if (options->relayed)
        wrap_relayed(body);
    g_string_append_len(mail, body->str, (gssize)body->len);
    g_string_free(body, TRUE);
    return g_string_free_to_bytes(options->crlf ? with_crlf(mail) : mail);
}
