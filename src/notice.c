/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes mails with GMime.  What comes from CSV or from the report reaches a
 * header field only through GMime's encoder and after the check below. */
#include "notice.h"

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

static gboolean add_mailboxes(GMimeMessage *message, GMimeAddressType type, const char *name,
                              const char *const *addresses, GError **error)
{
    g_autofree char *clean = name != NULL && *name != '\0' ? one_line(name) : NULL;
    for (; addresses != NULL && *addresses != NULL; addresses++) {
        if (!mailbox_valid(*addresses)) {
            error_bug(error, "'%s' is no addr-spec", *addresses);
            return FALSE;
        }
        g_mime_message_add_mailbox(message, type, clean, *addresses);
    }
    return TRUE;
}

/* The one mailbox in text, or NULL; caller unrefs. */
static InternetAddress *parse_mailbox(const char *text)
{
    g_autofree char *clean = one_line(text);
    InternetAddressList *list = internet_address_list_parse(NULL, clean);
    InternetAddress *found = NULL;

    if (list == NULL)
        return NULL;
    if (internet_address_list_length(list) == 1) {
        InternetAddress *first = internet_address_list_get_address(list, 0);
        if (INTERNET_ADDRESS_IS_MAILBOX(first)
            && mailbox_valid(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(first))))
            found = g_object_ref(first);
    }
    g_object_unref(list);
    return found;
}

static gboolean add_parsed(GMimeMessage *message, GMimeAddressType type, const char *mailbox,
                           GError **error)
{
    InternetAddress *parsed = parse_mailbox(mailbox);
    if (parsed == NULL) {
        error_bug(error, "'%s' is not one mailbox", mailbox);
        return FALSE;
    }
    internet_address_list_add(g_mime_message_get_addresses(message, type), parsed);
    g_object_unref(parsed);
    return TRUE;
}

static void add_fields(GMimeMessage *message, const NoticeHead *head)
{
    GMimeObject *object = GMIME_OBJECT(message);

    g_mime_object_set_header(object, "Auto-Submitted", "auto-generated", NULL);
    if (head->language != NULL)
        g_mime_object_set_header(object, "Content-Language", head->language, NULL);
    for (guint i = 0; head->headers != NULL && i < head->headers->len; i++) {
        g_autofree char *line = one_line(g_ptr_array_index(head->headers, i));
        char *colon = strchr(line, ':');
        if (colon == NULL)
            continue;
        *colon = '\0';
        g_mime_object_set_header(object, line, g_strstrip(colon + 1), "utf-8");
    }
}

/* A text part over the text's own buffer: nothing is copied. */
static GMimeObject *text_part(GString *text)
{
    gsize length = text->len;
    GByteArray *bytes = g_byte_array_new_take((guint8 *)g_string_free(text, FALSE), length);
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    GMimeDataWrapper *content
        = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    GMimePart *part = GMIME_PART(g_mime_text_part_new_with_subtype("plain"));

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), TRUE);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_object_unref(content);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static GMimeObject *rfc822_part(GBytes *mail)
{
    gsize size;
    const char *data = g_bytes_get_data(mail, &size);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *inner = g_mime_parser_construct_message(parser, NULL);
    GMimeMessagePart *part = g_mime_message_part_new_with_message("rfc822", inner);

    g_mime_object_set_disposition(GMIME_OBJECT(part), "inline");
    g_object_unref(inner);
    g_object_unref(parser);
    g_object_unref(stream);
    return GMIME_OBJECT(part);
}

static GMimeObject *with_attachment(GMimeObject *text, GBytes *mail)
{
    GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("mixed");
    GMimeObject *attached = rfc822_part(mail);

    g_mime_multipart_add(multipart, text);
    g_mime_multipart_add(multipart, attached);
    g_object_unref(text);
    g_object_unref(attached);
    return GMIME_OBJECT(multipart);
}

static GBytes *write_out(GMimeMessage *message)
{
    GMimeFormatOptions *format = g_mime_format_options_new();
    GMimeStream *stream = g_mime_stream_mem_new();
    GMimeStream *filtered = g_mime_stream_filter_new(stream);
    GMimeFilter *crlf = g_mime_filter_unix2dos_new(TRUE);

    g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), crlf);
    g_mime_object_write_to_stream(GMIME_OBJECT(message), format, filtered);
    g_mime_stream_flush(filtered);
    GByteArray *bytes = g_byte_array_ref(
        g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)));
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_object_unref(crlf);
    g_object_unref(filtered);
    g_object_unref(stream);
    g_mime_format_options_free(format);
    /* The stream has let go of the array without freeing it: this is the last reference. */
    g_byte_array_unref(bytes);
    return g_byte_array_free_to_bytes(bytes);
}

static gboolean write_head(GMimeMessage *message, const NoticeHead *head, GError **error)
{
    g_autofree char *subject = one_line(head->subject);
    g_autofree char *id = g_strdup(head->message_id + 1);
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(head->date);

    id[strcspn(id, ">")] = '\0';
    if (!add_parsed(message, GMIME_ADDRESS_TYPE_FROM, head->from, error)
        || !add_mailboxes(message, GMIME_ADDRESS_TYPE_TO, head->to_name, head->to, error)
        || !add_mailboxes(message, GMIME_ADDRESS_TYPE_CC, NULL, head->cc, error))
        return FALSE;
    if (head->reply_to != NULL && *head->reply_to != '\0'
        && !add_parsed(message, GMIME_ADDRESS_TYPE_REPLY_TO, head->reply_to, error))
        return FALSE;
    g_mime_message_set_subject(message, subject, "utf-8");
    g_mime_message_set_date(message, date);
    g_mime_message_set_message_id(message, id);
    add_fields(message, head);
    return TRUE;
}

GBytes *notice_write(const NoticeHead *head, GString *text, GError **error)
{
    GMimeMessage *message = g_mime_message_new(TRUE);
    GMimeObject *body = text_part(text);
    GBytes *bytes = NULL;

    if (head->attached != NULL)
        body = with_attachment(body, head->attached);
    g_mime_message_set_mime_part(message, body);
    g_object_unref(body);
    if (write_head(message, head, error))
        bytes = write_out(message);
    g_object_unref(message);
    return bytes;
}

char *notice_address_of(const char *mailbox)
{
    InternetAddress *parsed = parse_mailbox(mailbox);
    char *address = NULL;
    if (parsed != NULL) {
        address = g_strdup(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(parsed)));
        g_object_unref(parsed);
    }
    return address;
}

char *notice_domain_of(const char *mailbox)
{
    g_autofree char *address = notice_address_of(mailbox);
    const char *at = address != NULL ? strrchr(address, '@') : NULL;
    return at != NULL ? g_strdup(at + 1) : NULL;
}
