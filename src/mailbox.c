/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Walks the text once with an end pointer; every byte must belong to a small
 * set, so control characters, blanks, commas, angle brackets, quotes and
 * non-ASCII bytes are refused without being named.
 * Sources: RFC 5322 section 3.2.3 (atext, dot-atom), RFC 5321 sections 4.1.2
 * and 4.5.3.1 (sizes), RFC 1123 section 2.1 (labels). */
#include "mailbox.h"

#include <string.h>

static gboolean is_atext(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static gboolean is_dot_atom(const char *text, gsize length)
{
    gboolean after_dot = TRUE;

    for (gsize i = 0; i < length; i++) {
        if (text[i] == '.' ? after_dot : !is_atext(text[i]))
            return FALSE;
        after_dot = text[i] == '.';
    }
    return !after_dot;
}

static gboolean is_label(const char *text, gsize length)
{
    if (length == 0 || length > MAILBOX_LABEL_MAX || text[0] == '-' || text[length - 1] == '-')
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '-')
            return FALSE;
    return TRUE;
}

gboolean mailbox_domain_valid(const char *text, gsize length)
{
    if (length == 0 || length > MAILBOX_DOMAIN_MAX)
        return FALSE;
    for (;;) {
        const char *dot = memchr(text, '.', length);
        gsize label = dot != NULL ? (gsize)(dot - text) : length;
        if (!is_label(text, label))
            return FALSE;
        if (dot == NULL)
            return g_ascii_isalpha(text[0]);
        text += label + 1;
        length -= label + 1;
    }
}

gboolean mailbox_valid(const char *text)
{
    gsize length = strnlen(text, MAILBOX_MAX + 1);
    const char *at = memchr(text, '@', length);

    if (length > MAILBOX_MAX || at == NULL)
        return FALSE;
    gsize local = (gsize)(at - text);
    return local <= MAILBOX_LOCAL_MAX && is_dot_atom(text, local) &&
           mailbox_domain_valid(at + 1, length - local - 1);
}
