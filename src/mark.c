/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Writes and reads the mark. */
#include "mark.h"

#include "classes.h"

#include <string.h>

static void append(GString *mark, const char *key, const char *value)
{
    g_string_append_printf(mark, "%s%s=%s", mark->len > 0 ? ";\n\t" : "", key, value);
}

static void append_count(GString *mark, const char *key, guint count)
{
    g_autofree char *text = g_strdup_printf("%u", count);
    append(mark, key, text);
}

/* A quoted-string (RFC 5322 section 3.2.4) of printable ASCII: reasons quote
 * cells and column names, which may hold anything. */
static void append_reason(GString *mark, const char *reason)
{
    g_autoptr(GString) quoted = g_string_new("\"");
    for (const char *p = reason; *p != '\0' && quoted->len < MARK_REASON_MAX; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, g_ascii_isprint(*p) ? *p : '?');
    }
    g_string_append_c(quoted, '"');
    append(mark, "reason", quoted->str);
}

static void append_optional(GString *mark, const Decision *decision)
{
    const Assignment *assignment = decision->assignment;
    static const Fate shown[] = { FATE_HELD, FATE_EXEMPT, FATE_SUPPRESSED, FATE_UNREADABLE };

    for (guint i = 0; assignment != NULL && i < G_N_ELEMENTS(shown); i++)
        if (assignment->counts[shown[i]] > 0)
            append_count(mark, fate_name(shown[i]), assignment->counts[shown[i]]);
    if (decision->mode != MODE_LIVE && decision->status <= STATUS_HELD)
        append(mark, "mode", mode_name(decision->mode));
    if (*decision->reason != '\0')
        append_reason(mark, decision->reason);
}

char *mark_format(const Decision *decision, guint notices)
{
    g_autoptr(GString) mark = g_string_new(NULL);
    const Assignment *assignment = decision->assignment;

    append(mark, "status", status_name(decision->status));
    append(mark, "ticket", decision->report->subject->ticket);
    append(mark, "class", decision->class_id);
    append_count(mark, "events", decision->report->n_events);
    append_count(mark, "customers", decision_n_customers(decision));
    append_count(mark, "notices", notices);
    append_count(mark, "unassigned", assignment != NULL ? assignment->counts[FATE_UNASSIGNED] : 0);
    append_optional(mark, decision);
    append(mark, "provenance", decision->provenance->methods);
    return g_string_free(g_steal_pointer(&mark), FALSE);
}

char *mark_format_unread(const Subject *subject, Status status, const char *reason)
{
    g_autoptr(GString) mark = g_string_new(NULL);
    g_autofree char *class_id = classes_id(subject->title);

    append(mark, "status", status_name(status));
    append(mark, "ticket", subject->ticket);
    append(mark, "class", class_id);
    append(mark, "events", "0");
    append(mark, "customers", "0");
    append(mark, "notices", "0");
    append(mark, "unassigned", "0");
    append_reason(mark, reason);
    append(mark, "provenance", "none");
    return g_string_free(g_steal_pointer(&mark), FALSE);
}

/* The id: the mail's digest, then the words without white space. */
static char *id_of(const char *text, gsize length, const GHmac *digest)
{
    g_autoptr(GHmac) hmac = g_hmac_copy(digest);
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isspace(text[i]))
            g_hmac_update(hmac, (const guint8 *)text + i, 1);
    return g_strdup(g_hmac_get_string(hmac));
}

char *mark_sign(const char *text, const GHmac *digest)
{
    g_autofree char *id = id_of(text, strlen(text), digest);
    return g_strdup_printf("%s;\n\tid=%s", text, id);
}

gboolean mark_is_ours(const char *value, const GHmac *digest)
{
    const char *last = strrchr(value, ';');
    if (last == NULL)
        return FALSE;
    g_autofree char *id = id_of(value, (gsize)(last - value), digest);
    const char *found = last + 1 + strspn(last + 1, " \t\r\n");
    g_autofree char *want = g_strconcat("id=", id, NULL);
    if (!g_str_has_prefix(found, want))
        return FALSE;
    const char *behind = found + strlen(want);
    return behind[strspn(behind, " \t\r\n")] == '\0';
}
