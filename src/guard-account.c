/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Finds mailboxes in a plain text: at every '@' it looks both ways.  What is glued
 * to a mailbox ("mailto/v@", "*v@", "@example.org-Konto") can't be told from it, so
 * every shorter local part and domain is looked up, the longest first; a mailbox of
 * the customer's own ends the search there.
 * Sources: RFC 5322 sections 3.2.3 and 3.2.4, RFC 5321 section 4.5.3.1 (sizes). */
#include "guard-scan.h"

#include "mailbox.h"

#include <string.h>

#define QUOTED_MAX (2 * MAILBOX_LOCAL_MAX) /* every character behind a backslash */

/* A mailbox as it is looked up: the local part ends where '@' stands. */
typedef struct {
    char text[MAILBOX_LOCAL_MAX + 1 + MAILBOX_DOMAIN_MAX + 1];
    gsize local; /* bytes before '@' */
} Mailbox;

static gboolean is_junk(char c)
{
    return c != '\0' && strchr(" []{}()<>\"", c) != NULL;
}

static gboolean is_letter_or_digit(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

static gboolean is_local(char c)
{
    return is_letter_or_digit(c) || (c != '\0' && strchr("!#$%&'*+-./=?^_`{|}~", c) != NULL);
}

static gboolean is_domain(char c)
{
    return is_letter_or_digit(c) || c == '-' || c == '.';
}

/* Every end of the local part that stands there, at the domain that stands there. */
static Named whose_local(const Mailbox *mailbox, const GuardNames *names)
{
    for (gsize i = 0; i < mailbox->local; i++) {
        Named named = names->account(mailbox->text + i, names->data);
        if (named != NAMED_NOBODY)
            return named;
    }
    return NAMED_NOBODY;
}

/* The domain, and every shorter one up to a dot or hyphen. */
static Named whose_domain(Mailbox *mailbox, const GuardNames *names)
{
    char *domain = mailbox->text + mailbox->local + 1;

    for (char *end = domain + strlen(domain); end > domain; end--) {
        if (*end != '\0' && *end != '.' && *end != '-')
            continue;
        *end = '\0';
        if (!names->has_accounts(domain, names->data))
            continue;
        Named named = whose_local(mailbox, names);
        if (named != NAMED_NOBODY)
            return named;
    }
    return NAMED_NOBODY;
}

static Named whose_at(const char *local, gsize local_size, const char *domain,
                      const GuardNames *names)
{
    Mailbox mailbox = { .local = local_size };

    memcpy(mailbox.text, local, local_size);
    mailbox.text[local_size] = '@';
    g_strlcpy(mailbox.text + local_size + 1, domain, MAILBOX_DOMAIN_MAX + 1);
    return whose_domain(&mailbox, names);
}

/* The characters of a domain behind '@'; loose: over blanks and brackets at a dot. */
static void read_domain(const char *at, gboolean loose, char domain_r[MAILBOX_DOMAIN_MAX + 1])
{
    gsize n = 0;

    while (is_junk(*at))
        at++;
    while (n < MAILBOX_DOMAIN_MAX) {
        const char *next = at;
        while (loose && is_junk(*next))
            next++;
        if (next > at && n > 0 && (*next == '.' || domain_r[n - 1] == '.'))
            at = next;
        if (!is_domain(*at))
            break;
        domain_r[n++] = *at++;
    }
    domain_r[n] = '\0';
}

/* What stands in the quotes that end at `end`, without backslashes; 0 when no quote
 * opens there. */
static gsize read_quoted(const char *begin, const char *end, char local_r[MAILBOX_LOCAL_MAX])
{
    const char *open = end - 1;
    gsize n = 0;

    while (open > begin && end - open <= QUOTED_MAX && open[-1] != '"')
        open--;
    if (open == begin || open[-1] != '"')
        return 0;
    for (; open < end - 1 && n < MAILBOX_LOCAL_MAX; open++)
        if (*open != '\\' && *open != ' ')
            local_r[n++] = *open;
    return n;
}

/* The local part before '@': quoted, or as many of its characters as there are. */
static gsize read_local(const char *begin, const char *end, char local_r[MAILBOX_LOCAL_MAX])
{
    while (end > begin && end[-1] == ' ')
        end--;
    gsize n = end > begin && end[-1] == '"' ? read_quoted(begin, end, local_r) : 0;
    if (n > 0)
        return n;
    while (end > begin && is_junk(end[-1]))
        end--;
    while (n < MAILBOX_LOCAL_MAX && end - n > begin && is_local(*(end - n - 1)))
        n++;
    memcpy(local_r, end - n, n);
    return n;
}

static Named whose_mailbox(const char *begin, const char *at, gboolean loose,
                           const GuardNames *names)
{
    char domain[MAILBOX_DOMAIN_MAX + 1], local[MAILBOX_LOCAL_MAX];

    read_domain(at + 1, loose, domain);
    gsize size = read_local(begin, at, local);
    Named named = whose_at(local, size, domain, names);
    if (named != NAMED_NOBODY || size == 0 || is_letter_or_digit(local[size - 1]))
        return named;
    while (size > 0 && !is_letter_or_digit(local[size - 1])) /* "*v*@example.org" */
        size--;
    return whose_at(local, size, domain, names);
}

gboolean guard_names_foreign_account(const GString *plain, const GuardNames *names)
{
    for (const char *at = plain->str; (at = strchr(at, '@')) != NULL; at++) {
        Named named = whose_mailbox(plain->str, at, FALSE, names);
        if (named == NAMED_NOBODY)
            named = whose_mailbox(plain->str, at, TRUE, names);
        if (named == NAMED_FOREIGN)
            return TRUE;
    }
    return FALSE;
}
