/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a cell of customers.csv may hold, column by column.  Its text ends in
 * header fields, SMTP commands and logs, hence no control characters anywhere
 * and mail addresses in their plain form only (mailbox.h).
 * Refused: what is not in the table below, never mended. */
#include <string.h>

#include "customers-internal.h"
#include "form.h"
#include "mailbox.h"

#define QUOTE_MAX 80 /* characters of a cell that a fault shows */

/* U+0000 to U+001F, U+007F to U+009F, and the line and paragraph separators. */
static gboolean is_control(gunichar c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

static gboolean read_text(const char *cell, GString *text_r)
{
    for (const char *at = cell; *at != '\0'; at = g_utf8_next_char(at))
        if (is_control(g_utf8_get_char(at)))
            return FALSE;
    g_string_append(text_r, cell);
    return TRUE;
}

static gboolean read_id(const char *cell, GString *text_r)
{
    return *cell != '\0' && strlen(cell) <= CUSTOMERS_ID_MAX && read_text(cell, text_r);
}

/* Blanks and line breaks around the ';' are left out, so that a long list may be
 * written over several lines of a quoted cell. */
static gboolean read_mailboxes(const char *cell, GString *text_r)
{
    gsize before = text_r->len;

    if (*cell == '\0')
        return TRUE;
    g_auto(GStrv) list = g_strsplit(cell, ";", -1);
    for (char **mailbox = list; *mailbox != NULL; mailbox++) {
        if (!mailbox_valid(g_strstrip(*mailbox))) {
            g_string_truncate(text_r, before);
            return FALSE;
        }
        if (mailbox != list)
            g_string_append_c(text_r, ';');
        g_string_append(text_r, *mailbox);
    }
    return TRUE;
}

/* Two-letter codes of ISO 639-1, each once. */
static gboolean read_languages(const char *cell, GString *text_r)
{
    gsize length = strlen(cell);

    if (length % 3 != 2 && length != 0)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (i % 3 == 2 ? cell[i] != ' ' : !g_ascii_islower(cell[i]))
            return FALSE;
    for (gsize i = 0; i < length; i += 3)
        for (gsize j = 0; j < i; j += 3)
            if (strncmp(cell + i, cell + j, 2) == 0)
                return FALSE;
    g_string_append(text_r, cell);
    return TRUE;
}

static gboolean read_kind(const char *cell, GString *text_r)
{
    static const char *const kinds[] = { "", "consumer", "business", "reseller", NULL };

    if (!g_strv_contains(kinds, cell))
        return FALSE;
    g_string_append(text_r, cell);
    return TRUE;
}

static gboolean read_form(const char *cell, GString *text_r)
{
    g_autofree char *fault = form_fault(cell);
    return fault == NULL && read_text(cell, text_r);
}

#define MAILBOXES "plain addresses such as abuse@example.org, divided by ';', were expected"
#define TEXT      "text without control characters was expected"

const CustomerCell customer_cells[TEXT_N] = {
    [TEXT_ID] = { "customer", NULL,
                  "1 to " G_STRINGIFY(
                      CUSTOMERS_ID_MAX) " bytes of text without control characters were expected",
                  read_id },
    [TEXT_EMAIL] = { "email", NULL, MAILBOXES, read_mailboxes },
    [TEXT_CC] = { "cc", NULL, MAILBOXES, read_mailboxes },
    [TEXT_NAME] = { "name", NULL, TEXT, read_text },
    [TEXT_LANGUAGE] = { "language", "de en",
                        "two-letter codes divided by one blank, such as \"de en\", were expected",
                        read_languages },
    [TEXT_BRAND] = { "brand", "default", TEXT, read_text },
    [TEXT_ESCALATION] = { "escalation", NULL, TEXT, read_text },
    [TEXT_REFERENCE] = { "reference", NULL, TEXT, read_text },
    [TEXT_KIND] = { "kind", NULL, "consumer, business or reseller was expected", read_kind },
    [TEXT_FORM] = { "form", NULL, FORM_EXPECTED, read_form },
};

static const char *const deliver_words[] = {
    [DELIVER_NOTIFY] = "notify", [DELIVER_HOLD] = "hold",     [DELIVER_NONE] = "none",
    [DELIVER_POOL] = "pool",     [DELIVER_DIGEST] = "digest",
};

const char *deliver_name(Deliver deliver)
{
    return deliver_words[deliver];
}

gboolean deliver_read(const char *cell, Deliver *deliver_r)
{
    for (gsize i = 0; i < G_N_ELEMENTS(deliver_words); i++)
        if (strcmp(cell, deliver_words[i]) == 0) {
            *deliver_r = (Deliver)i;
            return TRUE;
        }
    return FALSE;
}

gboolean domain_read(const char *cell, GString *text_r)
{
    gsize length = strlen(cell);

    if (strchr(cell, '.') == NULL || !mailbox_domain_valid(cell, length))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        g_string_append_c(text_r, g_ascii_tolower(cell[i]));
    return TRUE;
}

char *load_quote(const char *text)
{
    GString *quote = g_string_new("\"");
    int shown = 0;

    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (shown++ == QUOTE_MAX) {
            g_string_append(quote, "...");
            break;
        }
        g_string_append_unichar(quote, is_control(c) ? '?' : c);
    }
    g_string_append_c(quote, '"');
    return g_string_free(quote, FALSE);
}
