/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Bytes of a mail -> MIME parts, decoded text, header fields.
 *
 * GMime parses over the caller's bytes themselves (persistent stream, so that a
 * part is a range of them), and a part's text is decoded from there in one go.
 * Refused before GMime sees it: what message-limits.c finds too costly.
 * Sources: RFC 5322, RFC 2045 to 2049, and what CERT-Bund's mailers do. */
#include "message-internal.h"

#include "errors.h"
#include "message-limits.h"

#include <string.h>

void message_init(void)
{
    g_mime_init();
}

/* A string that lives as long as the message; takes text. */
static const char *keep(Message *message, char *text)
{
    g_ptr_array_add(message->strings, text);
    return text;
}

static gboolean add_leaf(Message *message, GMimeObject *object, gboolean complete, GError **error)
{
    if (message->parts->len >= MESSAGE_PARTS_MAX) {
        error_input(error, "more than %d parts", MESSAGE_PARTS_MAX);
        return FALSE;
    }
    GMimeContentType *type = g_mime_object_get_content_type(object);
    g_autofree char *name = type != NULL ? g_mime_content_type_get_mime_type(type) : NULL;
    MessagePart part = { .type = keep(message, g_ascii_strdown(name ? name : "text/plain", -1)) };
    if (GMIME_IS_PART(object)) {
        const char *filename = g_mime_part_get_filename((GMimePart *)object);
        part.filename = filename ? keep(message, g_utf8_make_valid(filename, -1)) : NULL;
    }
    const char *disposition = g_mime_object_get_disposition(object);
    part.attachment = disposition != NULL && g_ascii_strcasecmp(disposition, "attachment") == 0;
    part.complete = complete;
    g_array_append_val(message->parts, part);
    g_ptr_array_add(message->objects, object);
    return TRUE;
}

/* complete: a boundary stands behind object. */
static gboolean walk(Message *message, GMimeObject *object, guint depth, gboolean complete,
                     GError **error)
{
    if (!GMIME_IS_MULTIPART(object))
        return add_leaf(message, object, complete, error);
    if (depth >= MESSAGE_DEPTH_MAX) {
        error_input(error, "parts nested more than %d deep", MESSAGE_DEPTH_MAX);
        return FALSE;
    }
    GMimeMultipart *multipart = (GMimeMultipart *)object;
    int n = g_mime_multipart_get_count(multipart);
    const char *subtype = g_mime_content_type_get_media_subtype(
        g_mime_object_get_content_type(object));
    const char *within = keep(message, g_ascii_strdown(subtype ? subtype : "mixed", -1));
    for (int i = 0; i < n; i++) {
        GMimeObject *part = g_mime_multipart_get_part(multipart, i);
        if (!walk(message, part, depth + 1, i + 1 < n || multipart->write_end_boundary, error))
            return FALSE;
        if (!GMIME_IS_MULTIPART(part))
            g_array_index(message->parts, MessagePart, message->parts->len - 1).within = within;
    }
    return TRUE;
}

static gboolean parse(Message *message, GError **error)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(&message->window);
    g_mime_stream_mem_set_owner((GMimeStreamMem *)stream, FALSE);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    message->mime = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    if (message->mime == NULL
        || g_mime_header_list_get_count(g_mime_object_get_header_list((GMimeObject *)message->mime))
               == 0) {
        error_input(error, "no header: this is not a mail");
        return FALSE;
    }
    GMimeObject *top = g_mime_message_get_mime_part(message->mime);
    return top == NULL || walk(message, top, 0, TRUE, error);
}

static gsize mbox_line(const char *data, gsize size)
{
    if (size < 5 || memcmp(data, "From ", 5) != 0)
        return 0;
    const char *lf = memchr(data, '\n', size);
    return lf == NULL ? 0 : (gsize)(lf - data) + 1;
}

Message *message_parse(GBytes *bytes, GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    gsize skip = data != NULL ? mbox_line(data, size) : 0;
    if (size <= skip || size > MESSAGE_BYTES_MAX) {
        error_input(error, size <= skip ? "the mail is empty" : "the mail is too large to be read");
        return NULL;
    }
    if (!message_within_limits(data + skip, size - skip, error))
        return NULL;
    g_autoptr(Message) message = g_new0(Message, 1);
    message->bytes = g_bytes_ref(bytes);
    message->window.data = (guint8 *)(gsize)(data + skip);
    message->window.len = (guint)(size - skip);
    message->objects = g_ptr_array_new();
    message->parts = g_array_new(FALSE, FALSE, sizeof(MessagePart));
    message->strings = g_ptr_array_new_with_free_func(g_free);
    message->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return parse(message, error) ? g_steal_pointer(&message) : NULL;
}

void message_free(Message *message)
{
    if (message == NULL)
        return;
    if (message->mime != NULL)
        g_object_unref(message->mime);
    g_ptr_array_unref(message->objects);
    g_array_unref(message->parts);
    g_ptr_array_unref(message->strings);
    g_hash_table_unref(message->headers);
    g_bytes_unref(message->bytes);
    g_free(message);
}

/* GMime keeps Content-* fields with the part they describe. */
static GMimeHeaderList *list_for(Message *message, const char *name)
{
    GMimeObject *object = (GMimeObject *)message->mime;
    if (g_ascii_strncasecmp(name, "content-", 8) == 0
        && g_mime_message_get_mime_part(message->mime) != NULL)
        object = g_mime_message_get_mime_part(message->mime);
    return g_mime_object_get_header_list(object);
}

static const char *raw_header(Message *message, const char *name, guint *count_r)
{
    GMimeHeaderList *list = list_for(message, name);
    const char *value = NULL;
    *count_r = 0;
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        if (g_ascii_strcasecmp(g_mime_header_get_name(header), name) == 0 && (*count_r)++ == 0)
            value = g_mime_header_get_raw_value(header);
    }
    return value;
}

const char *message_header(Message *message, const char *name)
{
    g_autofree char *key = g_ascii_strdown(name, -1);
    gpointer known;
    if (g_hash_table_lookup_extended(message->headers, key, NULL, &known))
        return known;
    guint count;
    const char *raw = raw_header(message, name, &count);
    char *value = raw == NULL ? NULL : message_decode_header(raw);
    g_hash_table_insert(message->headers, g_steal_pointer(&key), value);
    return value;
}

guint message_header_count(Message *message, const char *name)
{
    guint count;
    raw_header(message, name, &count);
    return count;
}

const char *message_raw_header(Message *message, const char *name, guint i)
{
    GMimeHeaderList *list = g_mime_object_get_header_list((GMimeObject *)message->mime);
    for (int h = 0; h < g_mime_header_list_get_count(list); h++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, h);
        if (g_ascii_strcasecmp(g_mime_header_get_name(header), name) == 0 && i-- == 0)
            return g_mime_header_get_raw_value(header);
    }
    return NULL;
}

GBytes *message_bytes(const Message *message)
{
    gsize size = g_bytes_get_size(message->bytes);
    return g_bytes_new_from_bytes(message->bytes, size - message->window.len,
                                  message->window.len);
}

/* The part's own fields, or NULL. */
static GMimeHeaderList *part_list(Message *message)
{
    GMimeObject *part = g_mime_message_get_mime_part(message->mime);
    return part != NULL ? g_mime_object_get_header_list(part) : NULL;
}

guint message_n_headers(Message *message)
{
    GMimeHeaderList *top = g_mime_object_get_header_list((GMimeObject *)message->mime);
    GMimeHeaderList *part = part_list(message);
    return (guint)(g_mime_header_list_get_count(top)
                   + (part != NULL ? g_mime_header_list_get_count(part) : 0));
}

const char *message_header_at(Message *message, guint i)
{
    GMimeHeaderList *list = g_mime_object_get_header_list((GMimeObject *)message->mime);
    guint n = (guint)g_mime_header_list_get_count(list);
    g_return_val_if_fail(i < message_n_headers(message), NULL);
    if (i >= n) {
        list = part_list(message);
        i -= n;
    }
    GMimeHeader *header = g_mime_header_list_get_header_at(list, (int)i);
    return keep(message, message_decode_header(g_mime_header_get_raw_value(header)));
}

gboolean message_date(Message *message, gint64 *time_r)
{
    guint count;
    const char *raw = raw_header(message, "Date", &count);
    if (raw == NULL)
        return FALSE;
    g_autoptr(GDateTime) date = g_mime_utils_header_decode_date(raw);
    if (date == NULL)
        return FALSE;
    *time_r = g_date_time_to_unix(date);
    return TRUE;
}

guint message_n_parts(const Message *message)
{
    return message->parts->len;
}

const MessagePart *message_part(const Message *message, guint i)
{
    g_return_val_if_fail(i < message->parts->len, NULL);
    return &g_array_index(message->parts, MessagePart, i);
}

gboolean message_content_range(const Message *message, GMimePart *part, gsize *start_r,
                               gsize *end_r)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *stream = content != NULL ? g_mime_data_wrapper_get_stream(content) : NULL;
    if (stream == NULL)
        return FALSE;
    *start_r = MIN((gsize)stream->bound_start, message->window.len);
    *end_r = stream->bound_end < 0 ? message->window.len
                                   : MIN((gsize)stream->bound_end, message->window.len);
    *end_r = MAX(*start_r, *end_r);
    return TRUE;
}

/* The part's stream is a range of the window.
 * uuencode is left as it stands: CERT-Bund never uses it, and no table is found. */
char *message_decode(const Message *message, GMimePart *part, gsize *length_r)
{
    gsize start, end;
    *length_r = 0;
    if (!message_content_range(message, part, &start, &end))
        return g_strdup("");
    GMimeContentEncoding encoding
        = g_mime_data_wrapper_get_encoding(g_mime_part_get_content(part));
    const char *raw = (const char *)message->window.data + start;
    gsize n = end - start;
    if (encoding != GMIME_CONTENT_ENCODING_BASE64
        && encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
        char *text = g_malloc(n + 1);
        memcpy(text, raw, n);
        *length_r = n;
        return text;
    }
    GMimeEncoding state;
    g_mime_encoding_init_decode(&state, encoding);
    char *text = g_malloc(g_mime_encoding_outlen(&state, n) + 1);
    *length_r = g_mime_encoding_flush(&state, raw, n, text);
    return text;
}

gboolean message_is_utf8(const char *text, gsize length)
{
    gsize i = 0;
    while (i < length) {
        guint64 word;
        for (; i + sizeof(word) <= length; i += sizeof(word)) {
            memcpy(&word, text + i, sizeof(word));
            if ((word & G_GUINT64_CONSTANT(0x8080808080808080)) != 0)
                break;
        }
        while (i < length && (guchar)text[i] < 0x80)
            i++;
        gsize start = i;
        while (i < length && (guchar)text[i] >= 0x80)
            i++;
        if (!g_utf8_validate_len(text + start, i - start, NULL))
            return FALSE;
    }
    return TRUE;
}

/* What mailers in Europe write; iconv knows many more, some of which blow a text
 * up tenfold, and suffixes such as "//TRANSLIT". */
static gboolean is_known_charset(const char *name)
{
    static const char *const known[] = { "utf-16", "utf-16le", "utf-16be", "windows-1250",
                                         "windows-1252", "macintosh", NULL };
    g_autofree char *folded = g_ascii_strdown(name, -1);
    if (g_str_has_prefix(folded, "iso-8859-"))
        return strspn(folded + 9, "0123456789") == strlen(folded + 9) && strlen(folded) <= 11;
    return g_strv_contains(known, folded);
}

/* text is consumed; NULL with an error when it can't be made UTF-8. */
static char *to_utf8(char *text, gsize *length, const char *charset, GError **error)
{
    gboolean plain = charset == NULL || *charset == '\0'
                     || g_ascii_strcasecmp(charset, "us-ascii") == 0;
    gboolean utf8 = charset != NULL
                    && (g_ascii_strcasecmp(charset, "utf-8") == 0
                        || g_ascii_strcasecmp(charset, "utf8") == 0);
    if ((plain || utf8) && message_is_utf8(text, *length))
        return text;
    if (utf8) {
        error_input(error, "the text is not UTF-8, though its charset says so");
        g_free(text);
        return NULL;
    }
    const char *from = plain ? "windows-1252" : charset;
    g_autofree char *old = text;
    char *converted = is_known_charset(from)
                          ? g_convert(old, (gssize)*length, "UTF-8", from, NULL, length, NULL)
                          : NULL;
    if (converted == NULL)
        error_input(error, "the text can't be read as charset %s", from);
    return converted;
}

/* BOM, CRLF and lone CR, in place. */
static gsize normalize_line_ends(char *text, gsize length)
{
    char *end = text + length;
    char *from = text + (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    char *to = text;
    while (from < end) {
        char *cr = memchr(from, '\r', (gsize)(end - from));
        gsize n = (gsize)((cr != NULL ? cr : end) - from);
        if (to != from)
            memmove(to, from, n);
        to += n;
        from += n;
        if (cr == NULL)
            break;
        *to++ = '\n';
        from += from + 1 < end && from[1] == '\n' ? 2 : 1;
    }
    return (gsize)(to - text);
}

static gboolean has_nul(const char *text, gsize length, GError **error)
{
    if (length == 0 || memchr(text, 0, length) == NULL)
        return FALSE;
    error_input(error, "a NUL byte stands in the text");
    return TRUE;
}

char *message_clean_text(char *text, const char *charset, gsize *length, GError **error)
{
    gboolean wide = charset != NULL && g_ascii_strncasecmp(charset, "utf-16", 6) == 0;

    if (!wide && has_nul(text, *length, error)) {
        g_free(text);
        return NULL;
    }
    text = to_utf8(text, length, charset, error);
    if (text == NULL)
        return NULL;
    if (wide && has_nul(text, *length, error)) {
        g_free(text);
        return NULL;
    }
    *length = normalize_line_ends(text, *length);
    text = g_realloc(text, *length + 1); /* base64 took more than it needs */
    text[*length] = '\0';
    return text;
}

static GMimePart *readable_part(Message *message, guint i, GError **error)
{
    g_return_val_if_fail(i < message->objects->len, NULL);
    GMimeObject *object = g_ptr_array_index(message->objects, i);
    if (GMIME_IS_PART(object))
        return (GMimePart *)object;
    error_input(error, "a forwarded message is not read");
    return NULL;
}

char *message_part_text(Message *message, guint i, gsize *length_r, GError **error)
{
    *length_r = 0;
    GMimePart *part = readable_part(message, i, error);
    if (part == NULL)
        return NULL;
    char *text = message_decode(message, part, length_r);
    return message_clean_text(
        text, g_mime_object_get_content_type_parameter((GMimeObject *)part, "charset"), length_r,
        error);
}

GBytes *message_part_bytes(Message *message, guint i, GError **error)
{
    gsize length;
    GMimePart *part = readable_part(message, i, error);
    if (part == NULL)
        return NULL;
    char *bytes = message_decode(message, part, &length);
    return g_bytes_new_take(bytes, length);
}

char *message_decode_header(const char *value)
{
    g_autofree char *unfolded = g_mime_utils_header_unfold(value);
    g_autofree char *decoded = g_mime_utils_header_decode_text(NULL, unfolded);
    char *text = g_utf8_make_valid(decoded != NULL ? decoded : "", -1);
    for (char *p = text; *p != '\0'; p++) /* an encoded word may hold anything */
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
    return g_strstrip(text);
}

static InternetAddressMailbox *first_mailbox(InternetAddressList *list)
{
    for (int i = 0; i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_MAILBOX(address))
            return (InternetAddressMailbox *)address;
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            InternetAddressMailbox *mailbox = first_mailbox(
                internet_address_group_get_members((InternetAddressGroup *)address));
            if (mailbox != NULL)
                return mailbox;
        }
    }
    return NULL;
}

/* Its addr-spec, or NULL; mailbox may be NULL. */
static char *addr_spec(InternetAddressMailbox *mailbox)
{
    const char *text = mailbox != NULL ? internet_address_mailbox_get_addr(mailbox) : NULL;
    const char *at = text != NULL ? strrchr(text, '@') : NULL;
    if (at == NULL || !g_utf8_validate(text, -1, NULL))
        return NULL;
    g_autofree char *domain = g_ascii_strdown(at, -1);
    return g_strdup_printf("%.*s%s", (int)(at - text), text, domain);
}

static InternetAddressList *address_list(const char *value)
{
    g_autofree char *unfolded = g_mime_utils_header_unfold(value);
    return internet_address_list_parse(NULL, unfolded);
}

char *message_first_address(const char *value)
{
    InternetAddressList *list = address_list(value);
    if (list == NULL)
        return NULL;
    char *address = addr_spec(first_mailbox(list));
    g_object_unref(list);
    return address;
}

char *message_only_address(const char *value)
{
    InternetAddressList *list = address_list(value);
    if (list == NULL)
        return NULL;
    InternetAddress *first = internet_address_list_get_address(list, 0);
    gboolean only = internet_address_list_length(list) == 1 && INTERNET_ADDRESS_IS_MAILBOX(first);
    char *address = only ? addr_spec((InternetAddressMailbox *)first) : NULL;
    g_object_unref(list);
    return address;
}
