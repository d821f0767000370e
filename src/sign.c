/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Wraps a mail and the signature over it; pgp-sign.c and smime-sign.c make that. */
#include "sign.h"

#include "entity.h"
#include "errors.h"

#include <string.h>

gboolean sign_by_smime(const char *key)
{
    return strchr(key, '/') != NULL;
}

/* RFC 3156 section 3, RFC 8551 section 3.1.3: nothing that an MTA might encode anew. */
static gboolean is_canonical(GBytes *part)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(part, &size);

    for (gsize i = 0; i < size; i++)
        if (data[i] > 126 || data[i] == '\0' || (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            || (data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n')))
            return FALSE;
    return TRUE;
}

/* The part with its own fields, without the line end that the boundary brings. */
static GBytes *make_part(const GPtrArray *content, GBytes *body)
{
    GString *part = g_string_sized_new(g_bytes_get_size(body) + 512);

    for (guint i = 0; i < content->len; i++)
        g_string_append_printf(part, "%s\r\n", (const char *)g_ptr_array_index(content, i));
    g_string_append(part, "\r\n");
    entity_append(part, body);
    return g_string_free_to_bytes(part);
}

static GBytes *put_together(const GPtrArray *outer, GBytes *part, const Signature *signature)
{
    g_autofree char *boundary = entity_boundary(part, NULL);
    GString *mail = g_string_sized_new(g_bytes_get_size(part) + 4096);

    for (guint i = 0; i < outer->len; i++)
        g_string_append_printf(mail, "%s\r\n", (const char *)g_ptr_array_index(outer, i));
    g_string_append_printf(mail,
                           "Content-Type: multipart/signed; micalg=%s;\r\n\tprotocol=\"%s\";\r\n"
                           "\tboundary=\"%s\"\r\n\r\n--%s\r\n",
                           signature->micalg, signature->protocol, boundary, boundary);
    entity_append(mail, part);
    g_string_append_printf(mail,
                           "\r\n--%s\r\nContent-Type: %s; name=\"%s\"\r\n"
                           "Content-Transfer-Encoding: %s\r\n"
                           "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n%s\r\n--%s--\r\n",
                           boundary, signature->protocol, signature->name, signature->encoding,
                           signature->name, signature->text, boundary);
    return g_string_free_to_bytes(mail);
}

GBytes *sign_mail(const Config *config, GBytes *mail, GError **error)
{
    Signature signature = { .text = NULL };
    gsize head;

    if (!entity_split(mail, &head)) {
        error_bug(error, "a mail without a body can't be signed");
        return NULL;
    }
    g_autoptr(GPtrArray) outer = entity_fields(mail, head);
    g_autoptr(GPtrArray) content = entity_take_content(outer);
    g_autoptr(GBytes) body = entity_body(mail, head);
    g_autoptr(GBytes) part = make_part(content, body);
    if (!is_canonical(part)) {
        error_bug(error, "a mail that is not 7-bit with CRLF can't be signed");
        return NULL;
    }
    gboolean done = sign_by_smime(config->sign_key) ? sign_with_smime(config, part, &signature, error)
                                                    : sign_with_pgp(config, part, &signature, error);
    if (!done)
        return NULL;
    GBytes *whole = put_together(outer, part, &signature);
    g_free(signature.text);
    return whole;
}

void sign_check(const Config *config, Faults *faults)
{
    g_autoptr(GError) error = NULL;

    if (*config->sign_key == '\0')
        return;
    if (!(sign_by_smime(config->sign_key) ? sign_check_smime(config, &error)
                                          : sign_check_pgp(config, &error)))
        faults_add(faults, config->path, config_line(config, "notices", "sign-key"),
                   "[notices] sign-key: %s", error->message);
}
