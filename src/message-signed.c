/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Which bytes of a mail are signed, and a mail of these alone.
 *
 * GMime says where in the tree multipart/signed stands; the bytes are cut out between its
 * boundary lines as RFC 2046 section 5.1.1 has them, for a signature is over bytes.  What
 * is read later is parsed anew from exactly these, so no trick with boundaries can
 * show a reader something else than what was verified. */
#include "message-internal.h"

#include "errors.h"

#include <string.h>

static gboolean is_signed(GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    return GMIME_IS_MULTIPART(object) && type != NULL
        && g_mime_content_type_is_type(type, "multipart", "signed");
}

/* The outermost ones: what is signed within a signed part is text to us. */
static GMimeMultipart *find_signed(GMimeObject *object, guint *n)
{
    GMimeMultipart *found = NULL;

    if (object == NULL || !GMIME_IS_MULTIPART(object))
        return NULL;
    if (is_signed(object)) {
        (*n)++;
        return (GMimeMultipart *)object;
    }
    for (int i = 0; i < g_mime_multipart_get_count((GMimeMultipart *)object); i++) {
        GMimeMultipart *inner
            = find_signed(g_mime_multipart_get_part((GMimeMultipart *)object, i), n);
        found = found != NULL ? found : inner;
    }
    return found;
}

/* The first leaf of what is signed: somewhere in these bytes. */
static GMimePart *first_leaf(GMimeObject *object)
{
    while (object != NULL && GMIME_IS_MULTIPART(object))
        object = g_mime_multipart_get_count((GMimeMultipart *)object) > 0
                     ? g_mime_multipart_get_part((GMimeMultipart *)object, 0)
                     : NULL;
    return object != NULL && GMIME_IS_PART(object) ? (GMimePart *)object : NULL;
}

/* Is the line at p a delimiter of this boundary, and not the last one?  *next_r is behind
 * it. */
static gboolean is_delimiter(const char *p, const char *end, const char *boundary,
                             const char **next_r)
{
    gsize n = strlen(boundary);

    if ((gsize)(end - p) < n + 4 || p[0] != '-' || p[1] != '-' || memcmp(p + 2, boundary, n) != 0)
        return FALSE;
    for (p += n + 2; p < end && (*p == ' ' || *p == '\t'); p++)
        ;
    *next_r = p + 2;
    return end - p >= 2 && p[0] == '\r' && p[1] == '\n';
}

static const char *line_start(const char *data, const char *p)
{
    const char *lf = p > data ? memrchr(data, '\n', (gsize)(p - data)) : NULL;
    return lf != NULL ? lf + 1 : data;
}

/* NULL when there is none. */
static const char *next_line(const char *p, const char *end)
{
    const char *lf = memchr(p, '\n', (gsize)(end - p));
    return lf != NULL && lf + 1 < end ? lf + 1 : NULL;
}

/* The signed part round the content that begins at inside: from behind the delimiter
 * above it to the line end in front of the delimiter below. */
static gboolean cut_out(const Message *message, const char *boundary, gsize inside,
                        gsize *start_r, gsize *end_r)
{
    const char *data = (const char *)message->window.data, *end = data + message->window.len;
    /* From the line above: content that is empty begins at the delimiter below. */
    const char *line = line_start(data, data + (inside > 0 ? inside - 1 : 0)), *next;

    while (line > data && !is_delimiter(line, end, boundary, &next))
        line = line_start(data, line - 1);
    if (!is_delimiter(line, end, boundary, &next))
        return FALSE;
    *start_r = (gsize)(next - data);
    for (line = data + inside; line != NULL; line = next_line(line, end))
        if (line == line_start(data, line) && is_delimiter(line, end, boundary, &next)) {
            *end_r = (gsize)(line - data) - 2;
            return (gsize)(line - data) >= *start_r + 2 && line[-2] == '\r';
        }
    return FALSE;
}

/* "application/x-pkcs7-signature" is an older name of the same. */
static char *protocol_name(const char *type)
{
    g_autofree char *lower = g_ascii_strdown(type != NULL ? type : "", -1);
    if (g_str_has_prefix(lower, "application/x-"))
        return g_strconcat("application/", lower + strlen("application/x-"), NULL);
    return g_steal_pointer(&lower);
}

static gboolean take_signature(Message *message, GMimeMultipart *multipart, SignedPart *part_r)
{
    GMimeObject *object = g_mime_multipart_get_part(multipart, 1);
    GMimeContentType *type = g_mime_object_get_content_type(object);
    g_autofree char *type_text = type != NULL ? g_mime_content_type_get_mime_type(type) : NULL;
    g_autofree char *is = protocol_name(type_text);
    char *wanted = protocol_name(
        g_mime_object_get_content_type_parameter((GMimeObject *)multipart, "protocol"));
    gsize length;

    if (!GMIME_IS_PART(object) || strcmp(is, wanted) != 0) {
        g_free(wanted);
        return FALSE;
    }
    char *signature = message_decode(message, (GMimePart *)object, &length);
    part_r->signature = g_bytes_new_take(signature, length);
    part_r->protocol = wanted;
    return TRUE;
}

static gboolean take_part(Message *message, GMimeMultipart *multipart, SignedPart *part_r)
{
    const char *boundary
        = g_mime_object_get_content_type_parameter((GMimeObject *)multipart, "boundary");
    GMimePart *leaf = first_leaf(g_mime_multipart_get_part(multipart, 0));
    gsize inside, behind, start, end;

    if (boundary == NULL || *boundary == '\0' || leaf == NULL
        || !message_content_range(message, leaf, &inside, &behind)
        || !cut_out(message, boundary, inside, &start, &end))
        return FALSE;
    g_autoptr(GBytes) whole = message_bytes(message);
    part_r->bytes = g_bytes_new_from_bytes(whole, start, end - start);
    return TRUE;
}

/* RFC 8551 section 3.5.2: the signed text is within the signature, which not every reader can
 * open; CERT-Bund does not send it, and it is not read. */
static gboolean is_opaque(Message *message)
{
    for (guint i = 0; i < message_n_parts(message); i++) {
        const char *type = message_part(message, i)->type;
        if (strcmp(type, "application/pkcs7-mime") == 0
            || strcmp(type, "application/x-pkcs7-mime") == 0)
            return TRUE;
    }
    return FALSE;
}

static void tell_none(Message *message, guint n, GError **error)
{
    if (n > 1)
        error_input(error, "the mail has %u signed parts", n);
    else if (is_opaque(message))
        error_input(error, "the mail is signed or encrypted as pkcs7-mime, which is not read; "
                           "expected multipart/signed");
    else
        error_input(error, "the mail is not signed");
}

gboolean message_signed_part(Message *message, SignedPart *part_r, GError **error)
{
    guint n = 0;
    GMimeMultipart *multipart = find_signed(g_mime_message_get_mime_part(message->mime), &n);

    *part_r = (SignedPart) { .bytes = NULL };
    if (n != 1) {
        tell_none(message, n, error);
        return FALSE;
    }
    if (g_mime_multipart_get_count(multipart) == 2 && multipart->write_end_boundary
        && take_part(message, multipart, part_r)
        && take_signature(message, multipart, part_r))
        return TRUE;
    signed_part_clear(part_r);
    error_input(error, "multipart/signed is not one part and its signature");
    return FALSE;
}

void signed_part_clear(SignedPart *part)
{
    g_clear_pointer(&part->bytes, g_bytes_unref);
    g_clear_pointer(&part->signature, g_bytes_unref);
    g_clear_pointer(&part->protocol, g_free);
}

Message *message_of_signed_part(Message *message, GBytes *part, GError **error)
{
    static const char *const fields[] = { "Subject", "Message-ID", "Date" };
    g_autoptr(GByteArray) mail = g_byte_array_new();
    gsize size;
    const guint8 *data = g_bytes_get_data(part, &size);

    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *value = message_raw_header(message, fields[i], 0);
        if (value == NULL)
            continue;
        g_autofree char *field = g_strdup_printf("%s:%s%s", fields[i], value,
                                                 g_str_has_suffix(value, "\n") ? "" : "\r\n");
        g_byte_array_append(mail, (const guint8 *)field, (guint)strlen(field));
    }
    g_byte_array_append(mail, data, (guint)size);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&mail));
    return message_parse(bytes, error);
}

GBytes *message_crlf(GBytes *bytes)
{
    gsize size, bare = 0;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    for (gsize i = 0; i < size; i++)
        bare += data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
    if (bare == 0)
        return g_bytes_ref(bytes);
    guint8 *out = g_malloc(size + bare), *to = out;
    for (gsize i = 0; i < size; i++) {
        if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            *to++ = '\r';
        *to++ = data[i];
    }
    return g_bytes_new_take(out, size + bare);
}
