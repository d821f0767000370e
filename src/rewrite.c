/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Takes a mail of ours apart into what libmilter wants to be told, and puts the original
 * behind it.  The original is never written anew: its signatures stay what they are. */
#include "rewrite.h"

#include "entity.h"

#include <string.h>

gboolean rewrite_fits(GBytes *mail)
{
    gsize head;
    return entity_split(mail, &head) && head <= REWRITE_HEAD_MAX;
}

/* A field's folds without their CR. */
static char *as_libmilter_has_it(const char *field)
{
    g_auto(GStrv) lines = g_strsplit(field, "\r\n", -1);
    return g_strjoinv("\n", lines);
}

static Rewrite *rewrite_new(const GPtrArray *fields, GBytes *body, const char *sender)
{
    Rewrite *rewrite = g_new0(Rewrite, 1);

    rewrite->fields = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < fields->len; i++)
        g_ptr_array_add(rewrite->fields, as_libmilter_has_it(g_ptr_array_index(fields, i)));
    rewrite->body = g_bytes_ref(body);
    rewrite->sender = g_strdup(sender);
    return rewrite;
}

Rewrite *rewrite_to_mail(GBytes *mail, const char *sender, const char *const *recipients)
{
    gsize head;

    if (!entity_split(mail, &head) || head > REWRITE_HEAD_MAX)
        return NULL;
    g_autoptr(GPtrArray) fields = entity_fields(mail, head);
    g_autoptr(GBytes) body = entity_body(mail, head);
    Rewrite *rewrite = rewrite_new(fields, body, sender);
    rewrite->recipients = g_strdupv((char **)(gsize)recipients);
    return rewrite;
}

/* The mail's own text, with its Content- fields, then the original. */
static GBytes *enclose(const GPtrArray *inner, GBytes *body, GBytes *original,
                       const char *boundary)
{
    GString *whole = g_string_sized_new(g_bytes_get_size(body) + g_bytes_get_size(original) + 1024);

    g_string_append_printf(whole, "--%s\r\n", boundary);
    for (guint i = 0; i < inner->len; i++)
        g_string_append_printf(whole, "%s\r\n", (const char *)g_ptr_array_index(inner, i));
    g_string_append(whole, "\r\n");
    entity_append(whole, body);
    g_string_append_printf(whole,
                           "\r\n--%s\r\nContent-Type: message/rfc822\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n"
                           "Content-Disposition: attachment\r\n\r\n",
                           boundary);
    entity_append(whole, original);
    g_string_append_printf(whole, "\r\n--%s--\r\n", boundary);
    return g_string_free_to_bytes(whole);
}

Rewrite *rewrite_to_summary(GBytes *mail, GBytes *original, const char *sender)
{
    gsize head;

    if (!entity_split(mail, &head) || head > REWRITE_HEAD_MAX)
        return NULL;
    g_autoptr(GPtrArray) outer = entity_fields(mail, head);
    g_autoptr(GPtrArray) inner = entity_take_content(outer);
    g_autoptr(GBytes) body = entity_body(mail, head);
    g_autofree char *boundary = entity_boundary(body, original);
    g_autoptr(GBytes) whole = enclose(inner, body, original, boundary);
    g_ptr_array_add(outer, g_strdup_printf("Content-Type: multipart/mixed;\r\n\tboundary=\"%s\"",
                                           boundary));
    g_ptr_array_add(outer, g_strdup("Content-Transfer-Encoding: 8bit"));
    return rewrite_new(outer, whole, sender);
}

void rewrite_free(Rewrite *rewrite)
{
    if (rewrite == NULL)
        return;
    g_ptr_array_unref(rewrite->fields);
    g_bytes_unref(rewrite->body);
    g_free(rewrite->sender);
    g_strfreev(rewrite->recipients);
    g_free(rewrite);
}
