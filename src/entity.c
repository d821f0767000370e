/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Takes a mail apart at its line ends and nowhere else. */
#include "entity.h"

#include <string.h>

gboolean entity_split(GBytes *mail, gsize *head_r)
{
    gsize size;
    const char *data = g_bytes_get_data(mail, &size);
    const char *end = data != NULL ? memmem(data, size, "\r\n\r\n", 4) : NULL;

    if (end == NULL)
        return FALSE;
    *head_r = (gsize)(end - data) + 2;
    return TRUE;
}

GPtrArray *entity_fields(GBytes *mail, gsize head)
{
    const char *data = g_bytes_get_data(mail, NULL), *end = data + head;
    GPtrArray *fields = g_ptr_array_new_with_free_func(g_free);

    for (const char *field = data, *p = data, *next; p < end; p = next) {
        next = (const char *)memmem(p, (gsize)(end - p), "\r\n", 2) + 2;
        if (next < end && (*next == ' ' || *next == '\t'))
            continue;
        g_ptr_array_add(fields, g_strndup(field, (gsize)(next - 2 - field)));
        field = next;
    }
    return fields;
}

GBytes *entity_body(GBytes *mail, gsize head)
{
    return g_bytes_new_from_bytes(mail, head + 2, g_bytes_get_size(mail) - head - 2);
}

GPtrArray *entity_take_content(GPtrArray *fields)
{
    GPtrArray *taken = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < fields->len;)
        if (g_ascii_strncasecmp(g_ptr_array_index(fields, i), "Content-", 8) == 0)
            g_ptr_array_add(taken, g_ptr_array_steal_index(fields, i));
        else
            i++;
    return taken;
}

static gboolean stands_in(GBytes *bytes, const char *text)
{
    gsize size;
    const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;
    return data != NULL && memmem(data, size, text, strlen(text)) != NULL;
}

/* Bytes that hold the digest of themselves are nobody's accident; the number is for them. */
char *entity_boundary(GBytes *body, GBytes *other)
{
    g_autofree char *digest
        = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, other != NULL ? other : body);

    for (guint n = 0;; n++) {
        char *boundary = g_strdup_printf("=_%.32s_%u", digest, n);
        if (!stands_in(body, boundary) && !stands_in(other, boundary))
            return boundary;
        g_free(boundary);
    }
}

void entity_append(GString *text, GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_string_append_len(text, data, (gssize)size);
}
