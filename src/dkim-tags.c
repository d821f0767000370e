/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Strict, since whoever verified the signature may have been lax: what is not plainly a
 * tag-list is refused as a whole. */
#include "dkim-tags.h"

#include <string.h>

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* tag-name = ALPHA *(ALNUM / "_") */
static gboolean is_name(const char *name)
{
    gsize n = 0;

    while (g_ascii_isalnum(name[n]) || (name[n] == '_' && n > 0))
        n++;
    return n > 0 && g_ascii_isalpha(*name) && name[n] == '\0';
}

/* Runs of white space made one blank, none at the ends; NULL when there is something that
 * may not be in a value.  Caller frees. */
static char *plain(const char *text, gsize length)
{
    g_autoptr(GString) value = g_string_sized_new(length);

    for (gsize i = 0; i < length; i++)
        if (!is_space(text[i])) {
            if (text[i] <= ' ' || text[i] == '\x7f') /* control characters, beyond ASCII */
                return NULL;
            g_string_append_c(value, text[i]);
        } else if (value->len > 0 && value->str[value->len - 1] != ' ') {
            g_string_append_c(value, ' ');
        }
    return g_strchomp(g_string_free(g_steal_pointer(&value), FALSE));
}

static gboolean add_tag(GHashTable *tags, const char *text, gsize length)
{
    const char *equals = memchr(text, '=', length);
    g_autofree char *name = NULL, *value = NULL;

    if (equals == NULL || g_hash_table_size(tags) == DKIM_TAGS_MAX)
        return FALSE;
    name = plain(text, (gsize)(equals - text));
    value = plain(equals + 1, length - (gsize)(equals - text) - 1);
    return name != NULL && value != NULL && is_name(name)
        && g_hash_table_insert(tags, g_steal_pointer(&name), g_steal_pointer(&value));
}

GHashTable *dkim_tags_parse(const char *text, gsize length)
{
    g_autoptr(GHashTable) tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *end = text + length;

    while (end > text && is_space(end[-1]))
        end--;
    if (end > text && end[-1] == ';') /* the last one may have its semicolon */
        end--;
    for (const char *p = text, *semicolon; p <= end; p = semicolon + 1) {
        semicolon = memchr(p, ';', (gsize)(end - p));
        if (semicolon == NULL)
            semicolon = end;
        if (!add_tag(tags, p, (gsize)(semicolon - p)))
            return NULL;
    }
    return g_steal_pointer(&tags);
}

gboolean dkim_tags_cover(GHashTable *tags, const char *field)
{
    const char *list = g_hash_table_lookup(tags, "h");
    g_auto(GStrv) names = g_strsplit(list != NULL ? list : "", ":", -1);

    for (char **name = names; *name != NULL; name++)
        if (g_ascii_strcasecmp(g_strstrip(*name), field) == 0)
            return TRUE;
    return FALSE;
}
