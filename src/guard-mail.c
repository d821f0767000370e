/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The plain way is for speed: a report for 20,000 customers is answered while somebody
 * waits, and a parser that can read everything takes most of that time.  It gives up at
 * the first byte that RFC 5322 section 2.2 or RFC 2045 section 6.7 leave open, so that it
 * never reads something other than message.c would. */
#include "guard-mail.h"

#include "message.h"

#include <string.h>

typedef enum { TYPE, ENCODING, DESCRIBING_N } Describing;

/* What must stand there once, and nothing else. */
static const struct {
    const char *name, *value;
} describing[DESCRIBING_N] = {
    { "Content-Type", "text/plain; charset=utf-8" },
    { "Content-Transfer-Encoding", "quoted-printable" },
};

static GuardMail *mail_new(void)
{
    GuardMail *mail = g_new0(GuardMail, 1);
    mail->values = g_ptr_array_new_with_free_func(g_free);
    return mail;
}

void guard_mail_free(GuardMail *mail)
{
    if (mail == NULL)
        return;
    g_ptr_array_unref(mail->values);
    g_free(mail->text);
    g_free(mail);
}

/* ---- a field: its name, a colon, a value on one or more lines */

static gsize name_length(const char *at, const char *end)
{
    const char *p = at;
    while (p < end && *p > ' ' && *p < 0x7f && *p != ':')
        p++;
    return p < end && *p == ':' ? (gsize)(p - at) : 0;
}

/* Appends a line to the value; the place behind its CRLF, or NULL when the line is not of
 * visible ASCII, blanks and tabs. */
static const char *append_line(GString *value, const char *at, const char *end)
{
    const char *cr = memchr(at, '\r', (gsize)(end - at));
    if (cr == NULL || cr + 1 >= end || cr[1] != '\n')
        return NULL;
    for (const char *p = at; p < cr; p++)
        if ((*p < ' ' && *p != '\t') || *p >= 0x7f)
            return NULL;
    g_string_append_len(value, at, cr - at);
    return cr + 2;
}

/* Likewise with the lines that are folds of it. */
static const char *append_lines(GString *value, const char *at, const char *end)
{
    g_string_truncate(value, 0);
    do
        at = append_line(value, at, end);
    while (at != NULL && at < end && (*at == ' ' || *at == '\t'));
    return at;
}

/* Encoded words are decoded by the one who knows how; all else is as it stands. */
static char *decode_value(const GString *value)
{
    if (strstr(value->str, "=?") != NULL)
        return message_decode_header(value->str);
    char *text = g_strdelimit(g_strdup(value->str), "\t", ' ');
    return g_strstrip(text);
}

/* FALSE: it describes a body that is not plain, or describes it again. */
static gboolean note_describing(const char *name, gsize size, const char *value,
                                gboolean seen[DESCRIBING_N])
{
    for (guint i = 0; i < DESCRIBING_N; i++)
        if (strlen(describing[i].name) == size
            && g_ascii_strncasecmp(name, describing[i].name, size) == 0) {
            gboolean again = seen[i];
            seen[i] = TRUE;
            return !again && strcmp(value, describing[i].value) == 0;
        }
    return TRUE;
}

/* The place of the body, or NULL. */
static const char *read_header(GuardMail *mail, const char *at, const char *end)
{
    g_autoptr(GString) value = g_string_sized_new(256);
    gboolean seen[DESCRIBING_N] = { FALSE };
    gboolean is_mail = FALSE; /* some field is not about the body alone */

    while (end - at >= 2 && memcmp(at, "\r\n", 2) != 0) {
        const char *name = at;
        gsize size = name_length(at, end);
        if (size == 0 || mail->values->len == GUARD_MAIL_FIELDS_MAX)
            return NULL;
        at = append_lines(value, at + size + 1, end);
        if (at == NULL)
            return NULL;
        char *text = decode_value(value);
        g_ptr_array_add(mail->values, text);
        if (!note_describing(name, size, text, seen))
            return NULL;
        is_mail = is_mail || g_ascii_strncasecmp(name, "Content-", strlen("Content-")) != 0;
    }
    return end - at >= 2 && is_mail && seen[TYPE] && seen[ENCODING] ? at + 2 : NULL;
}

/* ---- the body */

/* A byte behind '=': its value, or -1 when it is none or one that may not be meant. */
static int read_escape(const char *at, const char *end)
{
    int high = end - at > 2 ? g_ascii_xdigit_value(at[1]) : -1;
    int low = high >= 0 ? g_ascii_xdigit_value(at[2]) : -1;
    int byte = low >= 0 ? high * 16 + low : -1;
    return byte >= ' ' || byte == '\t' ? byte : -1;
}

/* A line end, hard or soft, at a '\r' or '=': the place behind it, or NULL. */
static const char *read_line_end(const char *at, const char *end)
{
    at += *at == '=';
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

static gboolean is_literal(char c)
{
    return (c >= ' ' && c < 0x7f && c != '=') || c == '\t';
}

/* Blanks at the end of a line may be a transport's: a reader drops them. */
static gboolean ends_in_blank(const char *begin, const char *to)
{
    return to > begin && (to[-1] == ' ' || to[-1] == '\t');
}

/* The decoded length, or -1; to has room for the whole body. */
static gssize decode_body(const char *at, const char *end, char *to)
{
    char *begin = to;

    while (at < end) {
        const char *literal = at;
        while (at < end && is_literal(*at))
            at++;
        gsize run = (gsize)(at - literal);
        memcpy(to, literal, run);
        to += run;
        if (at == end)
            break;
        int byte = *at == '=' ? read_escape(at, end) : -1;
        const char *next = byte < 0 && (*at == '=' || *at == '\r') ? read_line_end(at, end) : NULL;
        if (byte >= 0) {
            *to++ = (char)byte;
            at += 3;
        } else if (next == NULL || (run > 0 && *at == '\r' && ends_in_blank(begin, to))) {
            return -1;
        } else {
            if (*at == '\r')
                *to++ = '\n';
            at = next;
        }
    }
    return to - begin;
}

static gboolean has_bom(const char *text, gsize length)
{
    return length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
}

GuardMail *guard_mail_read_plain(GBytes *notice)
{
    g_autoptr(GuardMail) mail = mail_new();
    gsize size;
    const char *data = g_bytes_get_data(notice, &size);
    const char *end = data + size;
    const char *body = size > 0 ? read_header(mail, data, end) : NULL;

    if (body == NULL)
        return NULL;
    mail->text = g_malloc((gsize)(end - body) + 1);
    gssize length = decode_body(body, end, mail->text);
    if (length < 0 || has_bom(mail->text, (gsize)length)
        || !message_is_utf8(mail->text, (gsize)length))
        return NULL;
    mail->length = (gsize)length;
    mail->text[length] = '\0';
    return g_steal_pointer(&mail);
}

/* ---- any mail */

GuardMail *guard_mail_read_any(GBytes *notice, GError **error)
{
    g_autoptr(Message) message = message_parse(notice, error);
    g_autoptr(GuardMail) mail = message != NULL ? mail_new() : NULL;

    if (message == NULL)
        return NULL;
    mail->text = message_part_text(message, 0, &mail->length, error);
    if (mail->text == NULL)
        return NULL;
    for (guint i = 0; i < message_n_headers(message); i++)
        g_ptr_array_add(mail->values, g_strdup(message_header_at(message, i)));
    return g_steal_pointer(&mail);
}

GuardMail *guard_mail_read(GBytes *notice, GError **error)
{
    GuardMail *mail = guard_mail_read_plain(notice);
    return mail != NULL ? mail : guard_mail_read_any(notice, error);
}
