/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Puts a mail together: its fields, then the text, or a multipart that GMime writes. */
#include "notice.h"

#include "attachment.h"
#include "notice-fields.h"

#include <gmime/gmime.h>
#include <string.h>

/* ---- the head */

/* A field that the notices of a report have in common is encoded once. */
static gboolean append_known(GString *mail, GHashTable *known, const char *name,
                             const char *mailbox, GError **error)
{
    g_autofree char *key = g_strconcat(name, ":", mailbox, NULL);
    const char *lines = known != NULL ? g_hash_table_lookup(known, key) : NULL;
    gsize before = mail->len;

    if (lines != NULL) {
        g_string_append(mail, lines);
        return TRUE;
    }
    if (!notice_field_mailbox(mail, name, mailbox, error))
        return FALSE;
    if (known != NULL)
        g_hash_table_insert(known, g_steal_pointer(&key), g_strdup(mail->str + before));
    return TRUE;
}

/* Is it named again behind i?  Then the later one counts. */
static gboolean is_repeated(const GPtrArray *headers, guint i, gsize size)
{
    const char *name = g_ptr_array_index(headers, i);

    for (i++; i < headers->len; i++)
        if (g_ascii_strncasecmp(name, g_ptr_array_index(headers, i), size + 1) == 0)
            return TRUE;
    return FALSE;
}

static void append_further(GString *mail, const GPtrArray *headers)
{
    for (guint i = 0; headers != NULL && i < headers->len; i++) {
        const char *line = g_ptr_array_index(headers, i), *colon = strchr(line, ':');
        if (colon == NULL || is_repeated(headers, i, (gsize)(colon - line)))
            continue;
        g_autofree char *name = g_strndup(line, (gsize)(colon - line));
        g_autofree char *value = g_strstrip(g_strdup(colon + 1));
        notice_field_text(mail, name, value);
    }
}

static gboolean append_head(GString *mail, const NoticeHead *head, GError **error)
{
    notice_field_date(mail, head->date);
    if (!append_known(mail, head->known, "From", head->from, error))
        return FALSE;
    if (head->reply_to != NULL && *head->reply_to != '\0'
        && !append_known(mail, head->known, "Reply-To", head->reply_to, error))
        return FALSE;
    notice_field_text(mail, "Subject", head->subject);
    if (!notice_field_addresses(mail, "To", head->to_name, head->to, error)
        || !notice_field_addresses(mail, "Cc", NULL, head->cc, error))
        return FALSE;
    g_string_append(mail, "MIME-Version: 1.0\r\n");
    notice_field_message_id(mail, head->message_id);
    g_string_append(mail, "Auto-Submitted: auto-generated\r\n");
    if (head->language != NULL)
        notice_field_text(mail, "Content-Language", head->language);
    append_further(mail, head->headers);
    return TRUE;
}

/* ---- the body */

/* Over the text's own buffer, which is taken: nothing is copied. */
static GMimeDataWrapper *take_content(GString *text)
{
    gsize length = text->len;
    GByteArray *bytes = g_byte_array_new_take((guint8 *)g_string_free(text, FALSE), length);
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    GMimeDataWrapper *content
        = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), TRUE);
    g_object_unref(stream);
    return content;
}

static GMimeObject *text_part(GString *text, const char *subtype)
{
    GMimeDataWrapper *content = take_content(text);
    GMimePart *part = GMIME_PART(g_mime_text_part_new_with_subtype(subtype));

    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    g_object_unref(content);
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

/* Appends the object's own fields, an empty line and its body. */
static void append_object(GString *mail, GMimeObject *object)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    GMimeStream *filtered = g_mime_stream_filter_new(stream);
    GMimeFilter *crlf = g_mime_filter_unix2dos_new(TRUE);

    g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), crlf);
    g_mime_object_write_to_stream(object, NULL, filtered);
    g_mime_stream_flush(filtered);
    const GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    g_string_append_len(mail, (const char *)bytes->data, bytes->len);
    g_object_unref(crlf);
    g_object_unref(filtered);
    g_object_unref(stream);
}

/* Takes the file's content.  In base64, so that line ends within cells, and those of the rows,
 * stay as they are. */
static GMimeObject *file_part(Attachment *file)
{
    GMimeDataWrapper *content = take_content(g_steal_pointer(&file->content));
    GMimeObject *part = GMIME_OBJECT(g_mime_part_new());
    GMimeContentType *type = g_mime_content_type_parse(NULL, file->type);

    g_mime_object_set_content_type(part, type);
    if (g_mime_content_type_is_type(type, "text", "csv")) { /* RFC 4180 section 3 */
        g_mime_object_set_content_type_parameter(part, "charset", "utf-8");
        g_mime_object_set_content_type_parameter(part, "header", "present");
    }
    g_mime_object_set_disposition(part, "attachment");
    g_mime_part_set_filename(GMIME_PART(part), file->name);
    g_mime_part_set_content(GMIME_PART(part), content);
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_BASE64);
    g_object_unref(type);
    g_object_unref(content);
    return part;
}

/* Of two or more parts, to be added with add_part().  level: a boundary is its own on each.
 * "=_" stands in no base64 and in no quoted-printable line. */
static GMimeMultipart *multipart(const char *subtype, const char *message_id, const char *level)
{
    GMimeMultipart *parts = g_mime_multipart_new_with_subtype(subtype);
    g_autofree char *seed = g_strconcat(message_id, level, NULL);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed, -1);
    g_autofree char *boundary = g_strdup_printf("=_%.32s", hash);

    g_mime_multipart_set_boundary(parts, boundary);
    return parts;
}

/* Takes the part. */
static void add_part(GMimeMultipart *parts, GMimeObject *part)
{
    g_mime_multipart_add(parts, part);
    g_object_unref(part);
}

/* The best alternative is the last (RFC 2046 section 5.1.4). */
static GMimeObject *letter_part(const NoticeHead *head, GString *text)
{
    GMimeObject *plain = text_part(text, "plain");

    if (head->html == NULL)
        return plain;
    GMimeMultipart *both = multipart("alternative", head->message_id, " alternative");
    add_part(both, plain);
    add_part(both, text_part(head->html, "html"));
    return GMIME_OBJECT(both);
}

static void append_text(GString *mail, GString *text)
{
    g_string_append(mail, "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    notice_quoted_printable(mail, text->str, text->len);
    g_string_free(text, TRUE);
}

static guint n_files(const NoticeHead *head)
{
    return head->files != NULL ? head->files->len : 0;
}

/* Takes what head gives to it. */
static void append_body(GString *mail, const NoticeHead *head, GString *text)
{
    gboolean mixed = head->attached != NULL || n_files(head) > 0;

    if (!mixed && head->html == NULL) {
        append_text(mail, text);
        return;
    }
    GMimeObject *body = letter_part(head, text);
    if (mixed) {
        GMimeMultipart *parts = multipart("mixed", head->message_id, "");
        add_part(parts, body);
        if (head->attached != NULL)
            add_part(parts, rfc822_part(head->attached));
        for (guint i = 0; i < n_files(head); i++)
            add_part(parts, file_part(head->files->pdata[i]));
        body = GMIME_OBJECT(parts);
    }
    append_object(mail, body);
    g_object_unref(body);
}

/* ---- all of it */

GHashTable *notice_known_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

GBytes *notice_write(const NoticeHead *head, GString *text, GError **error)
{
    g_autoptr(GPtrArray) files = head->files;
    GString *mail = g_string_sized_new(text->len + text->len / 4 + 1024);

    if (append_head(mail, head, error)) {
        append_body(mail, head, text);
        return g_string_free_to_bytes(mail);
    }
    g_string_free(mail, TRUE);
    g_string_free(text, TRUE);
    if (head->html != NULL)
        g_string_free(head->html, TRUE);
    return NULL;
}

char *notice_id_domain(const char *mailbox)
{
    g_autofree char *address = notice_mailbox_address(mailbox, NULL);
    const char *at = address != NULL ? strrchr(address, '@') : NULL;
    return g_strdup(at != NULL ? at + 1 : "localhost");
}
