/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Decides by envelope and header fields whether a mail may be a report.  Either
 * a known sender or a recipient of ours suffices, because mailing lists and
 * gateways rewrite the envelope sender of half of the real reports. */
#include "intake.h"

#include "message.h"
#include "shadowserver.h"

#include <string.h>

/* Between the brackets, without a source route (RFC 5321 appendix C: "@relay:x@y"). */
static char *bare_path(const char *typed)
{
    g_autofree char *text = g_strstrip(g_strdup(typed));
    char *start = text, *close;

    if (*start == '<') {
        start++;
        if ((close = strrchr(start, '>')) != NULL)
            *close = '\0';
    }
    while (g_ascii_isspace(*start))
        start++;
    if (*start == '@') {
        char *colon = strchr(start, ':');
        if (colon != NULL)
            start = colon + 1;
    }
    return g_strdup(start);
}

/* Behind the comment that begins at p (RFC 5322 section 3.2.2: they nest), or at the
 * end of the text. */
static const char *skip_comment(const char *p)
{
    guint depth = 0;
    for (; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '(')
            depth++;
        else if (*p == ')' && --depth == 0)
            return p + 1;
    }
    return p;
}

/* Postfix delivers <"abuse"@d>, <a\buse@d>, <abuse(c)@d>, < abuse@d > and <abuse@d.> to
 * abuse@d, so all of them are that mailbox here. */
char *intake_address(const char *typed)
{
    g_autofree char *path = bare_path(typed);
    g_autoptr(GString) plain = g_string_new(NULL);
    gboolean quoted = FALSE;

    for (const char *p = path; *p != '\0';) {
        if (!quoted && *p == '(') {
            p = skip_comment(p);
            continue;
        }
        if (*p == '"')
            quoted = !quoted;
        else if (*p == '\\' && p[1] != '\0')
            g_string_append_c(plain, *++p);
        else if (quoted || !g_ascii_isspace(*p))
            g_string_append_c(plain, *p);
        p++;
    }
    while (plain->len > 0 && plain->str[plain->len - 1] == '.')
        g_string_truncate(plain, plain->len - 1);
    return g_ascii_strdown(plain->str, -1);
}

/* An entry is an addr-spec, or "@domain" for everybody there. */
static gboolean listed(char *const *entries, const char *address)
{
    const char *domain = strrchr(address, '@');
    for (char *const *entry = entries; *entry != NULL; entry++)
        if (strcmp(*entry, address) == 0
            || (**entry == '@' && domain != NULL && strcmp(*entry, domain) == 0))
            return TRUE;
    return FALSE;
}

gboolean intake_is_sender(const Config *config, ReportSource source, const char *address)
{
    return config_has_source(config, source) && listed(config->trust[source].senders, address);
}

gboolean intake_has_sender(const Config *config, const char *address)
{
    for (ReportSource source = 0; source < SOURCE_N; source++)
        if (intake_is_sender(config, source, address))
            return TRUE;
    return FALSE;
}

gboolean intake_has_recipient(const Config *config, const char *address)
{
    return listed(config->recipients, address);
}

/* Does this From-like value name the source: one of its senders=, or a mailbox of one
 * of its dkim-domains=?  A hint only; nothing is proven by it. */
static gboolean names_source(const Config *config, ReportSource source, const char *value)
{
    g_autofree char *found = value != NULL ? message_first_address(value) : NULL;
    if (found == NULL)
        return FALSE;
    g_autofree char *address = g_ascii_strdown(found, -1);
    const char *at = strrchr(address, '@');
    if (intake_is_sender(config, source, address))
        return TRUE;
    return at != NULL
        && g_strv_contains((const char *const *)config->trust[source].dkim_domains, at + 1);
}

/* The value up to its parameters, in lower case, without blanks and comments; caller
 * frees. */
static char *bare_value(const char *value)
{
    GString *bare = g_string_new(NULL);

    for (const char *p = value; *p != '\0' && *p != ';';)
        if (*p == '(')
            p = skip_comment(p);
        else if (g_ascii_isspace(*p))
            p++;
        else
            g_string_append_c(bare, g_ascii_tolower(*p++));
    return g_string_free(bare, FALSE);
}

gboolean intake_is_automatic(const char *name, const char *value)
{
    static const struct {
        const char *name, *value;
        gboolean is; /* automatic when the value is this one; else when it is any other */
    } fields[] = {
        { "Auto-Submitted", "no", FALSE },        { "X-Autoreply", "no", FALSE },
        { "X-Autorespond", "no", FALSE },         { "Precedence", "auto_reply", TRUE },
        { "Content-Type", "multipart/report", TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (g_ascii_strcasecmp(name, fields[i].name) != 0)
            continue;
        g_autofree char *bare = bare_value(value);
        return (strcmp(bare, fields[i].value) == 0) == fields[i].is;
    }
    return FALSE;
}

/* From-like values, each may be NULL. */
static gboolean is_shadowserver(const Config *config, const char *from, const char *original)
{
    const char *const values[] = { from, original };

    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *found = values[i] != NULL ? message_first_address(values[i]) : NULL;
        g_autofree char *address = g_ascii_strdown(found != NULL ? found : "", -1);
        if (intake_is_sender(config, SOURCE_SHADOWSERVER, address))
            return TRUE;
    }
    return FALSE;
}

Subject *intake_report(const Config *config, const IntakeHeaders *headers)
{
    if (headers->subject == NULL || headers->automatic)
        return NULL;
    g_autofree char *decoded = message_decode_header(headers->subject);
    g_autoptr(Subject) subject = subject_parse(decoded);
    if (subject == NULL && is_shadowserver(config, headers->from, headers->original_from))
        subject = shadowserver_subject(decoded);
    if (subject == NULL || subject->automatic)
        return NULL;
    if ((subject->foreign || headers->answers)
        && !names_source(config, subject->source, headers->from)
        && !names_source(config, subject->source, headers->original_from))
        return NULL;
    return g_steal_pointer(&subject);
}

ReportSource intake_source(const Config *config, Message *message)
{
    if (message == NULL)
        return SOURCE_CERTBUND;
    const char *text = message_header(message, "Subject");
    g_autoptr(Subject) subject = text != NULL ? subject_parse(text) : NULL;

    return subject == NULL
            && is_shadowserver(config, message_raw_header(message, "From", 0),
                               message_raw_header(message, "X-Original-From", 0))
        ? SOURCE_SHADOWSERVER
        : SOURCE_CERTBUND;
}
