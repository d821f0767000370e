/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The plain way is for speed: a report for 20,000 customers is answered while somebody
 * waits, and a parser that can read everything takes most of that time.  It gives up at
 * the first byte that RFC 5322 section 2.2 or RFC 2045 section 6.7 leave open, so that it
 * never reads something other than message.c would. */
#include "guard-mail.h"

#include "ascii.h"
#include "errors.h"
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
    mail->fields = g_array_new(FALSE, FALSE, sizeof(GuardField));
    mail->xarf = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    mail->names = g_string_new(NULL);
    return mail;
}

static void add_field(GuardMail *mail, char *value, const char *raw, gsize raw_length)
{
    const GuardField field = { value, raw, raw_length };
    g_array_append_val(mail->fields, field);
}

void guard_mail_free(GuardMail *mail)
{
    if (mail == NULL)
        return;
    for (guint i = 0; i < mail->fields->len; i++)
        g_free(g_array_index(mail->fields, GuardField, i).value);
    g_array_unref(mail->fields);
    g_free(mail->text);
    g_free(mail->html);
    g_clear_pointer(&mail->file, g_bytes_unref);
    g_ptr_array_unref(mail->xarf);
    g_string_free(mail->names, TRUE);
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

/* Behind the visible ASCII, blanks and tabs at `at`, up to the first `but`. */
static const char *skip_visible(const char *at, const char *end, char but)
{
    at += ascii_run(at, (gsize)(end - at), but);
    while (at < end && *at == '\t')
        at += 1 + ascii_run(at + 1, (gsize)(end - at - 1), but);
    return at;
}

/* The place behind the CRLF of the line at `at`, or NULL when it is not of visible ASCII,
 * blanks and tabs. */
static const char *skip_line(const char *at, const char *end)
{
    at = skip_visible(at, end, '\0');
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

/* Likewise with the lines that are folds of it. */
static const char *skip_field(const char *at, const char *end)
{
    do
        at = skip_line(at, end);
    while (at != NULL && at < end && (*at == ' ' || *at == '\t'));
    return at;
}

/* Without its line ends: the blanks of a fold stay. */
static char *unfold(const char *at, const char *end)
{
    char *value = g_malloc((gsize)(end - at) + 1), *to = value;

    while (at < end) {
        const char *cr = memchr(at, '\r', (gsize)(end - at));
        to = mempcpy(to, at, (gsize)(cr - at));
        at = cr + 2;
    }
    *to = '\0';
    return value;
}

/* Encoded words are decoded by the one who knows how; all else is as it stands. */
static char *decode_value(char *value)
{
    g_autofree char *unfolded = value;

    if (strstr(value, "=?") != NULL)
        return message_decode_header(value);
    for (char *tab = value; (tab = strchr(tab, '\t')) != NULL;)
        *tab = ' ';
    return g_strstrip(g_steal_pointer(&unfolded));
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

static gboolean is_content(const char *name)
{
    return g_ascii_strncasecmp(name, "Content-", strlen("Content-")) == 0;
}

/* The field at `at`; the place behind it, or NULL. */
static const char *read_field(GuardMail *mail, const char *at, const char *end,
                              const GuardPieces *calm, gboolean seen[DESCRIBING_N])
{
    gsize size = name_length(at, end);
    const char *next = size > 0 ? skip_field(at + size + 1, end) : NULL;

    if (next == NULL)
        return NULL;
    if (calm != NULL && !is_content(at) && guard_pieces_have(calm, at, (gsize)(next - at)))
        return next;
    char *value = decode_value(unfold(at + size + 1, next));
    add_field(mail, value, at, (gsize)(next - at));
    return note_describing(at, size, value, seen) ? next : NULL;
}

/* The place of the body, or NULL. */
static const char *read_header(GuardMail *mail, const char *at, const char *end,
                               const GuardPieces *calm)
{
    gboolean seen[DESCRIBING_N] = { FALSE };
    gboolean is_mail = FALSE; /* some field is not about the body alone */
    guint n = 0;

    while (end - at >= 2 && memcmp(at, "\r\n", 2) != 0) {
        is_mail = is_mail || (end - at >= 8 && !is_content(at));
        at = n++ < GUARD_MAIL_FIELDS_MAX ? read_field(mail, at, end, calm, seen) : NULL;
        if (at == NULL)
            return NULL;
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
        at = skip_visible(at, end, '='); /* all else means itself */
        gsize run = (gsize)(at - literal);
        to = mempcpy(to, literal, run);
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

GuardMail *guard_mail_read_plain(GBytes *notice, const GuardPieces *calm)
{
    g_autoptr(GuardMail) mail = mail_new();
    gsize size;
    const char *data = g_bytes_get_data(notice, &size);
    const char *end = data + size;
    const char *body = size > 0 ? read_header(mail, data, end, calm) : NULL;

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

/* The part i, if it is one of the notice's own and no more than it must be. */
static const MessagePart *part_like(const Message *message, guint i, const char *type,
                                    const char *within)
{
    const MessagePart *part = i < message_n_parts(message) ? message_part(message, i) : NULL;
    gboolean fits = part != NULL && strcmp(part->type, type) == 0 && part->complete
        && g_strcmp0(part->within, within) == 0;
    return fits ? part : NULL;
}

/* Its bytes, or NULL; notes its name. */
static GBytes *read_file(GuardMail *mail, Message *message, guint i, GError **error)
{
    const MessagePart *part = message_part(message, i);

    if (part->filename != NULL)
        g_string_append_printf(mail->names, "%s\n", part->filename);
    return message_part_bytes(message, i, error);
}

/* The attached file i of this type, or NULL. */
static const MessagePart *file_like(const Message *message, guint i, const char *type)
{
    const MessagePart *part = part_like(message, i, type, "mixed");
    return part != NULL && part->attachment ? part : NULL;
}

/* From part i on: at most one CSV file, then JSON. */
static gboolean read_files(GuardMail *mail, Message *message, guint i, GError **error)
{
    if (file_like(message, i, "text/csv") != NULL) {
        mail->file = read_file(mail, message, i++, error);
        if (mail->file == NULL)
            return FALSE;
    }
    for (; file_like(message, i, "application/json") != NULL; i++) {
        GBytes *file = read_file(mail, message, i, error);
        if (file == NULL)
            return FALSE;
        g_ptr_array_add(mail->xarf, file);
    }
    if (i == message_n_parts(message))
        return TRUE;
    error_bug(error, "the notice has parts other than a text, its HTML, a CSV file and JSON");
    return FALSE;
}

/* A part that isn't looked into could say anything: there is none but the text, the page as
 * its alternative, and rows. */
static gboolean read_others(GuardMail *mail, Message *message, GError **error)
{
    static const char alternative[] = "alternative";
    const MessagePart *page = part_like(message, 1, "text/html", alternative);

    if (message_n_parts(message) == 1)
        return TRUE;
    if (part_like(message, 0, "text/plain", page != NULL ? alternative : "mixed") == NULL
        || (page != NULL && (page->attachment || page->filename != NULL))) {
        error_bug(error, "the notice's text, or its HTML, is not where it must be");
        return FALSE;
    }
    if (page != NULL)
        mail->html = message_part_text(message, 1, &mail->html_length, error);
    return (page == NULL || mail->html != NULL)
        && read_files(mail, message, page != NULL ? 2 : 1, error);
}

GuardMail *guard_mail_read_any(GBytes *notice, GError **error)
{
    g_autoptr(Message) message = message_parse(notice, error);
    g_autoptr(GuardMail) mail = message != NULL ? mail_new() : NULL;

    if (message == NULL)
        return NULL;
    mail->text = message_part_text(message, 0, &mail->length, error);
    if (mail->text == NULL || !read_others(mail, message, error))
        return NULL;
    for (guint i = 0; i < message_n_headers(message); i++)
        add_field(mail, g_strdup(message_header_at(message, i)), NULL, 0);
    return g_steal_pointer(&mail);
}

GuardMail *guard_mail_read(GBytes *notice, const GuardPieces *calm, GError **error)
{
    GuardMail *mail = guard_mail_read_plain(notice, calm);
    return mail != NULL ? mail : guard_mail_read_any(notice, error);
}
