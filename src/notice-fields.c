/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A report for 20,000 customers is written while the MTA waits, and GMime takes the time
 * of all the rest for a mail: so it is asked only for what needs it.  What is plain enough
 * to go without is put just as GMime would. */
#include "notice-fields.h"

#include "ascii.h"
#include "errors.h"
#include "mailbox.h"

#include <gmime/gmime.h>
#include <string.h>

/* GMime encodes what is not ASCII, but a line end inside a value would be folded
 * into a field of its own by a careless reader: none gets in. */
static char *one_line(const char *value)
{
    char *clean = g_utf8_make_valid(value, -1);
    for (char *p = clean; *p != '\0'; p++)
        if (g_ascii_iscntrl(*p))
            *p = ' ';
    return clean;
}

/* ASCII words with single blanks between them, nothing that looks encoded. */
static gboolean is_plain(const char *value, gsize room)
{
    gsize length = strnlen(value, room + 1);

    if (length == 0 || length > room || *value == ' ' || value[length - 1] == ' ')
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (value[i] < ' ' || value[i] >= 0x7f || (value[i] == ' ' && value[i + 1] == ' '))
            return FALSE;
    return strstr(value, "=?") == NULL;
}

/* The room for a value behind "Name: ". */
static gsize room_behind(const char *name)
{
    gsize taken = strlen(name) + 2;
    return taken < NOTICE_LINE_MAX ? NOTICE_LINE_MAX - taken : 0;
}

static void append_parts(GString *mail, const char *name, const char *value, const char *end)
{
    g_string_append(mail, name);
    g_string_append(mail, value);
    g_string_append(mail, end);
}

/* GMime's folds end in LF. */
static void append_crlf(GString *mail, const char *lines)
{
    for (const char *p = lines, *lf; *p != '\0'; p = lf + 1) {
        lf = strchrnul(p, '\n');
        g_string_append_len(mail, p, lf - p);
        g_string_append(mail, "\r\n");
        if (*lf == '\0')
            break;
    }
}

void notice_field_text(GString *mail, const char *name, const char *value)
{
    if (is_plain(value, room_behind(name))) {
        append_parts(mail, name, ": ", value);
        g_string_append(mail, "\r\n");
        return;
    }
    g_autofree char *clean = one_line(value);
    g_autofree char *encoded = g_mime_utils_header_encode_text(NULL, clean, "utf-8");
    g_autofree char *field = g_strconcat(name, ": ", encoded, NULL);
    g_autofree char *folded = g_mime_utils_unstructured_header_fold(NULL, NULL, field);
    append_crlf(mail, folded);
}

void notice_field_message_id(GString *mail, const char *message_id)
{
    gboolean fits = strlen(message_id) <= room_behind("Message-Id");
    g_autofree char *clean = one_line(message_id);
    append_parts(mail, "Message-Id:", fits ? " " : "\r\n ", clean);
    g_string_append(mail, "\r\n");
}

void notice_field_date(GString *mail, gint64 secs)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(secs);
    g_autofree char *text = g_mime_utils_header_format_date(date);
    append_parts(mail, "Date: ", text, "\r\n");
}

/* ---- mailboxes */

static void append_list(GString *mail, const char *name, InternetAddressList *list)
{
    GString *field = g_string_new(name); /* from the line's beginning, for the folds */
    g_string_append(field, ": ");
    internet_address_list_encode(list, NULL, field);
    append_crlf(mail, field->str);
    g_string_free(field, TRUE);
}

/* Words of letters and digits need no quotes (RFC 5322 section 3.2.3). */
static gboolean is_plain_name(const char *name)
{
    for (const char *p = name; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && *p != ' ')
            return FALSE;
    return is_plain(name, NOTICE_LINE_MAX);
}

/* GMime would look the domain's letters up in tables of other scripts. */
static gboolean is_plain_address(const char *address)
{
    const char *at = strrchr(address, '@');
    for (const char *p = at + 1; *p != '\0'; p++)
        if (!g_ascii_islower(*p) && !g_ascii_isdigit(*p) && *p != '.' && *p != '-')
            return FALSE;
    return strstr(at, "xn--") == NULL;
}

/* The display name as it stands before the address. */
static char *encode_name(const char *display)
{
    if (is_plain_name(display))
        return g_strdup(display);
    g_autofree char *clean = one_line(display);
    return g_mime_utils_header_encode_phrase(NULL, clean, NULL);
}

/* One address that fits on a line with its name. */
static gboolean append_one(GString *mail, const char *name, const char *display,
                           const char *address)
{
    gboolean named = display != NULL && *display != '\0';
    g_autofree char *encoded = named ? encode_name(display) : NULL;
    gsize taken = strlen(address) + (named ? strlen(encoded) + strlen(" <>") : 0);

    if (taken > room_behind(name) || !is_plain_address(address))
        return FALSE;
    append_parts(mail, name, ": ", named ? encoded : "");
    append_parts(mail, named ? " <" : "", address, named ? ">\r\n" : "\r\n");
    return TRUE;
}

static gboolean all_valid(const char *const *addresses, GError **error)
{
    for (; *addresses != NULL; addresses++)
        if (!mailbox_valid(*addresses)) {
            error_bug(error, "'%s' is no addr-spec", *addresses);
            return FALSE;
        }
    return TRUE;
}

gboolean notice_field_addresses(GString *mail, const char *name, const char *display,
                                const char *const *addresses, GError **error)
{
    if (addresses == NULL || *addresses == NULL)
        return TRUE;
    if (!all_valid(addresses, error))
        return FALSE;
    if (addresses[1] == NULL && append_one(mail, name, display, *addresses))
        return TRUE;
    g_autofree char *clean = display != NULL && *display != '\0' ? one_line(display) : NULL;
    InternetAddressList *list = internet_address_list_new();
    for (; *addresses != NULL; addresses++) {
        InternetAddress *mailbox = internet_address_mailbox_new(clean, *addresses);
        internet_address_list_add(list, mailbox);
        g_object_unref(mailbox);
    }
    append_list(mail, name, list);
    g_object_unref(list);
    return TRUE;
}

/* The list that holds the one mailbox in text, or NULL; caller unrefs. */
static InternetAddressList *parse_mailbox(const char *text, const char **address_r)
{
    g_autofree char *clean = one_line(text);
    InternetAddressList *list = internet_address_list_parse(NULL, clean);

    if (list == NULL)
        return NULL;
    if (internet_address_list_length(list) == 1) {
        InternetAddress *first = internet_address_list_get_address(list, 0);
        *address_r = INTERNET_ADDRESS_IS_MAILBOX(first)
            ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first))
            : NULL;
        if (*address_r != NULL && mailbox_valid(*address_r))
            return list;
    }
    g_object_unref(list);
    return NULL;
}

gboolean notice_field_mailbox(GString *mail, const char *name, const char *mailbox,
                              GError **error)
{
    const char *address;
    InternetAddressList *list = parse_mailbox(mailbox, &address);

    if (list == NULL) {
        error_bug(error, "'%s' is not one mailbox", mailbox);
        return FALSE;
    }
    append_list(mail, name, list);
    g_object_unref(list);
    return TRUE;
}

char *notice_mailbox_address(const char *mailbox, char **name_r)
{
    const char *address;
    InternetAddressList *list = parse_mailbox(mailbox, &address);

    if (name_r != NULL)
        *name_r = NULL;
    if (list == NULL)
        return NULL;
    const char *name = internet_address_get_name(internet_address_list_get_address(list, 0));
    if (name_r != NULL && name != NULL && *name != '\0')
        *name_r = one_line(name); /* encoded words can hold anything */
    char *copy = g_strdup(address);
    g_object_unref(list);
    return copy;
}

/* ---- text */

/* One character that may not stand as it is; where the next goes. */
static char *put_escape(char *to, char c)
{
    static const char digits[] = "0123456789ABCDEF";

    to[0] = '=';
    to[1] = digits[(guchar)c >> 4];
    to[2] = digits[(guchar)c & 15];
    return to + 3;
}

/* A line without its end.  A blank or tab there would be dropped by those who carry it
 * (rule 3), so it is escaped. */
static char *put_line(char *to, const char *line, gsize length)
{
    const gsize most = NOTICE_LINE_MAX - 1; /* and '=' where it goes on */
    gsize inner = length > 0 && line[length - 1] == ' ' ? length - 1 : length;
    gsize column = 0;

    for (gsize i = 0; i < length;) {
        gsize run = ascii_run(line + i, MIN(inner - i, most - column), '=');
        to = mempcpy(to, line + i, run);
        column += run;
        i += run;
        if (i == length)
            break;
        gboolean tab = line[i] == '\t' && i + 1 < length;
        if (column + (tab ? 1 : 3) > most) {
            to = stpcpy(to, "=\r\n");
            column = 0;
            continue;
        }
        to = tab ? mempcpy(to, "\t", 1) : put_escape(to, line[i]);
        column += tab ? 1 : 3;
        i++;
    }
    return to;
}

/* At worst each character takes three, and each 25 of these a soft line end of three; then
 * a line end. */
static gsize room_for(gsize length)
{
    return 3 * length + 3 * (length / 24 + 1) + 3;
}

void notice_quoted_printable(GString *mail, const char *text, gsize length)
{
    const char *end = text + length;

    while (text < end) {
        const char *lf = memchr(text, '\n', (gsize)(end - text));
        gsize size = (gsize)((lf != NULL ? lf : end) - text), before = mail->len;
        g_string_set_size(mail, before + room_for(size));
        char *to = put_line(mail->str + before, text, size);
        *to++ = '\r';
        *to++ = '\n';
        g_string_truncate(mail, (gsize)(to - mail->str));
        text += size + 1;
    }
}
