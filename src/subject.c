/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What CERT-Bund's subject line says: family, ticket, flags, title, scope.
 *
 * The ticket alone decides the family, for lists and gateways rewrite senders.
 * It is taken exactly as CERT-Bund writes it; anything else is no ticket. */
#include "subject.h"

#include <string.h>

static const char *const reply_words[] = { "re", "aw", "antw", "fwd", "fw", "wg", "tr", "sv" };

/* How the answers of programs begin: vacation, receipts, non-delivery. */
static const char *const automatic_words[] = {
    "Automatische Antwort", "Automatic reply", "Auto:", "Autoreply", "Auto-Reply", "Autoantwort",
    "Auto-Response", "Out of Office", "Out of the Office", "Out-of-Office", "Abwesenheit",
    "Abwesend", "Undelivered", "Undeliverable", "Unzustellbar", "Nicht zustellbar",
    "Delivery Status Notification", "Delivery Failure", "Mail delivery", "Returned mail",
    "Failure notice", "Read:", "Gelesen:",
};

static gsize digits(const char *text)
{
    gsize n = 0;
    while (g_ascii_isdigit(text[n]))
        n++;
    return n;
}

/* Length of the ticket with its brackets at text, or 0. */
static gsize ticket_at(const char *text, ReportFamily *family_r)
{
    const char *p = text;
    if (g_str_has_prefix(p, "[CB-Report#")) {
        *family_r = FAMILY_AUTOMATED;
        p += strlen("[CB-Report#");
        if (digits(p) != 8 || p[8] != '-' || digits(p + 9) != 8 || p[17] != ']')
            return 0;
        return (gsize)(p - text) + 18;
    }
    if (g_str_has_prefix(p, "[CERT-Bund#")) {
        *family_r = FAMILY_MANUAL;
        p += strlen("[CERT-Bund#");
        return digits(p) == 16 && p[16] == ']' ? (gsize)(p - text) + 17 : 0;
    }
    return 0;
}

/* "Re:", "AW:", "Re[2]:" at p, which begins a word. */
static gboolean is_reply_mark(const char *p)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reply_words); i++) {
        gsize n = strlen(reply_words[i]);
        if (g_ascii_strncasecmp(p, reply_words[i], n) != 0)
            continue;
        const char *behind = p + n;
        if (*behind == '[' && digits(behind + 1) > 0 && behind[1 + digits(behind + 1)] == ']')
            behind += digits(behind + 1) + 2;
        while (*behind == ' ') /* French style: "TR :" */
            behind++;
        if (*behind == ':')
            return TRUE;
    }
    return FALSE;
}

static gboolean is_automatic_mark(const char *p)
{
    for (gsize i = 0; i < G_N_ELEMENTS(automatic_words); i++)
        if (g_ascii_strncasecmp(p, automatic_words[i], strlen(automatic_words[i])) == 0)
            return TRUE;
    return FALSE;
}

/* What stands at the beginning of a word before the ticket? */
static void look_in_front(Subject *result, const char *subject, const char *ticket)
{
    for (const char *p = subject; p < ticket; p++) {
        if (p > subject && g_ascii_isalnum(p[-1]))
            continue;
        result->foreign = result->foreign || is_reply_mark(p);
        result->automatic = result->automatic || is_automatic_mark(p);
    }
}

/* Bracketed groups glued to the ticket, and [KRITISCH] also behind a blank. */
static const char *skip_flags(const char *p, gboolean *critical_r)
{
    for (;;) {
        const char *group = p;
        while (*group == ' ')
            group++;
        gboolean critical = g_str_has_prefix(group, "[KRITISCH]");
        const char *close = *group == '[' ? strchr(group, ']') : NULL;
        if (close == NULL || (group != p && !critical))
            return p;
        *critical_r = *critical_r || critical;
        p = close + 1;
    }
}

static gboolean is_scope(const char *text)
{
    if (g_str_has_prefix(text, "AS"))
        return digits(text + 2) > 0 && text[2 + digits(text + 2)] == '\0';
    if (g_str_has_prefix(text, "Netzbereich "))
        return text[strlen("Netzbereich ")] != '\0';
    if (g_str_has_prefix(text, "country "))
        return strlen(text) == strlen("country XX") && g_ascii_isalpha(text[8])
               && g_ascii_isalpha(text[9]);
    return FALSE;
}

/* Cuts the scope off title; caller frees it. */
static char *take_scope(char *title)
{
    char *in = g_strrstr(title, " in ");
    if (in == NULL && g_str_has_prefix(title, "in ") && is_scope(title + 3)) {
        char *scope = g_strdup(title + 3);
        *title = '\0';
        return scope;
    }
    if (in == NULL || !is_scope(in + 4))
        return NULL;
    char *scope = g_strdup(in + 4);
    *in = '\0';
    g_strchomp(title);
    return scope;
}

char *subject_clean(const char *subject)
{
    char *clean = g_utf8_make_valid(subject, (gssize)MIN(strlen(subject), SUBJECT_MAX));
    for (char *p = clean; *p != '\0'; p = g_utf8_next_char(p))
        if (g_unichar_iscntrl(g_utf8_get_char(p)))
            memset(p, ' ', (gsize)(g_utf8_next_char(p) - p));
    return clean;
}

Subject *subject_new(ReportSource source, const char *ticket, const char *title)
{
    Subject *subject = g_new0(Subject, 1);

    subject->source = source;
    subject->family = FAMILY_AUTOMATED;
    subject->ticket = g_strdup(ticket);
    subject->title = g_strdup(title);
    return subject;
}

Subject *subject_parse(const char *subject)
{
    g_autofree char *clean = subject_clean(subject);

    for (const char *p = strchr(clean, '['); p != NULL; p = strchr(p + 1, '[')) {
        ReportFamily family;
        gsize length = ticket_at(p, &family);
        if (length == 0)
            continue;
        Subject *result = g_new0(Subject, 1);
        result->family = family;
        result->ticket = g_strndup(p + 1, length - 2);
        look_in_front(result, clean, p);
        result->title = g_strstrip(g_strdup(skip_flags(p + length, &result->critical)));
        result->scope = take_scope(result->title);
        return result;
    }
    return NULL;
}

void subject_free(Subject *subject)
{
    if (subject == NULL)
        return;
    g_free(subject->ticket);
    g_free(subject->title);
    g_free(subject->scope);
    g_free(subject);
}

char *subject_fold_title(const char *title)
{
    g_autofree char *valid = g_utf8_make_valid(title, -1);
    g_autofree char *lower = g_utf8_casefold(valid, -1);
    g_autofree char *composed = g_utf8_normalize(lower, -1, G_NORMALIZE_NFC);
    GString *folded = g_string_new(NULL);
    for (const char *p = composed; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_type(c) == G_UNICODE_FORMAT) /* a soft hyphen, a zero width joiner */
            continue;
        if (g_unichar_isspace(c)) {
            if (folded->len > 0 && folded->str[folded->len - 1] != ' ')
                g_string_append_c(folded, ' ');
        } else if (c == 0xE4 || c == 0xF6 || c == 0xFC) { /* ä ö ü */
            g_string_append(folded, c == 0xE4 ? "ae" : c == 0xF6 ? "oe" : "ue");
        } else {
            g_string_append_unichar(folded, c);
        }
    }
    return g_strchomp(g_string_free(folded, FALSE));
}
