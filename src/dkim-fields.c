/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Divides a header into fields by the strict grammar of RFC 5322 section 2.2. */
#include "dkim-fields.h"

#include <string.h>

/* Behind the line's CRLF; NULL when it has none, or a control character. */
static const char *line_end(const char *p, const char *end)
{
    for (; p < end; p++) {
        if (*p == '\r')
            return p + 1 < end && p[1] == '\n' ? p + 2 : NULL;
        if (g_ascii_iscntrl(*p) && *p != '\t')
            return NULL;
    }
    return NULL;
}

static gboolean is_blank(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n", *p) != NULL)
        p++;
    return p == end;
}

/* Of the name in front of its colon; 0: there is none. */
static gsize name_length(const char *text, const char *end)
{
    const char *p = text;

    while (p < end && g_ascii_isgraph(*p) && *p != ':')
        p++;
    return p < end && *p == ':' ? (gsize)(p - text) : 0;
}

/* Behind the field with its folds, or NULL. */
static const char *read_field(const char *text, const char *end, DkimField *field_r)
{
    const char *next = line_end(text, end);

    while (next != NULL && next < end && (*next == ' ' || *next == '\t')) {
        const char *fold = next;
        next = line_end(fold, end);
        if (next != NULL && is_blank(fold, next))
            return NULL;
    }
    field_r->text = text;
    field_r->name_length = name_length(text, end);
    if (next == NULL || field_r->name_length == 0)
        return NULL;
    field_r->length = (gsize)(next - text) - 2;
    return next;
}

gboolean dkim_fields_read(GBytes *bytes, DkimFields *fields_r)
{
    gsize size;
    const char *p = g_bytes_get_data(bytes, &size), *end = p + size;
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(DkimField));
    DkimField field;

    while (p != NULL && p < end && *p != '\r') {
        p = read_field(p, end, &field);
        if (p != NULL)
            g_array_append_val(fields, field);
    }
    gboolean whole = p != NULL && end - p >= 2 && p[1] == '\n';
    fields_r->n = fields->len;
    fields_r->fields = (DkimField *)(void *)g_array_free(fields, FALSE);
    fields_r->body = whole ? p + 2 : NULL;
    fields_r->body_length = whole ? (gsize)(end - fields_r->body) : 0;
    return whole;
}

void dkim_fields_clear(DkimFields *fields)
{
    g_clear_pointer(&fields->fields, g_free);
}

static gboolean is_name(const char *text, gsize length, const char *name)
{
    return strlen(name) == length && g_ascii_strncasecmp(text, name, length) == 0;
}

guint dkim_fields_count(const DkimFields *fields, const char *name)
{
    guint n = 0;

    for (guint i = 0; i < fields->n; i++)
        n += is_name(fields->fields[i].text, fields->fields[i].name_length, name);
    return n;
}

char *dkim_fields_fault(const DkimFields *fields, guint signatures_max)
{
    const struct {
        const char *name;
        guint least, most;
    } rules[] = {
        { "DKIM-Signature", 0, signatures_max },
        { "From", 1, 1 },
        { "Subject", 1, 1 },
        { "MIME-Version", 0, 1 },
        { "Content-Type", 0, 1 },
        { "Content-Transfer-Encoding", 0, 1 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        guint n = dkim_fields_count(fields, rules[i].name);
        if (n < rules[i].least)
            return g_strdup_printf("no %s field", rules[i].name);
        if (n > rules[i].most)
            return g_strdup_printf("%u %s fields, not more than %u can be vouched for", n,
                                   rules[i].name, rules[i].most);
    }
    return NULL;
}

gboolean dkim_names_hold(const char *names, const char *name)
{
    g_auto(GStrv) words = g_strsplit(names, ":", -1);
    gboolean found = FALSE;

    for (char **word = words; *word != NULL && !found; word++)
        found = g_ascii_strcasecmp(g_strstrip(*word), name) == 0;
    return found;
}
