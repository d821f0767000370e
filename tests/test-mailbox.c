/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of mailbox: what may stand in config and customers.csv as an address. */
#include "mailbox.h"

#include <string.h>

typedef struct {
    const char *text;
    gboolean want;
    const char *why;
} Case;

/* RFC 5322 section 3.2.3: atext is ALPHA, DIGIT and !#$%&'*+-/=?^_`{|}~;
 * dot-atom-text = 1*atext *("." 1*atext). */
static const Case mailboxes[] = {
    { "abuse@example.org", TRUE, "plain" },
    { "Abuse.Team@Example.ORG", TRUE, "case is kept as written" },
    { "a!#$%&'*+-/=?^_`{|}~9@example.org", TRUE, "all of atext" },
    { "root@localhost", TRUE, "one label" },
    { "x@xn--mller-kva.example", TRUE, "A-label" },
    { "", FALSE, "empty" },
    { "abuse", FALSE, "no domain" },
    { "@example.org", FALSE, "no local part" },
    { "abuse@", FALSE, "empty domain" },
    { ".abuse@example.org", FALSE, "dot at the begin" },
    { "abuse.@example.org", FALSE, "dot at the end" },
    { "a..b@example.org", FALSE, "two dots" },
    { "a@b@example.org", FALSE, "two ats" },
    { "\"a b\"@example.org", FALSE, "quoted string" },
    { "a b@example.org", FALSE, "blank" },
    { " abuse@example.org", FALSE, "blank before" },
    { "abuse@example.org ", FALSE, "blank behind" },
    { "abuse@example.org\n", FALSE, "LF behind" },
    { "abuse@example.org\r\nBcc: x@example.net", FALSE, "header injection" },
    { "a@example.org,b@example.org", FALSE, "list by comma" },
    { "a@example.org;b@example.org", FALSE, "list by semicolon is the caller's business" },
    { "<a@example.org>", FALSE, "angle brackets" },
    { "Abuse <a@example.org>", FALSE, "display name" },
    { "a(x)@example.org", FALSE, "comment" },
    { "a@[192.0.2.1]", FALSE, "address literal" },
    { "a@192.0.2.1", FALSE, "address as domain" },
    { "a@example..org", FALSE, "empty label" },
    { "a@example.org.", FALSE, "root dot: not in SMTP (RFC 5321 section 4.1.2)" },
    { "a@-example.org", FALSE, "hyphen at the begin of a label" },
    { "a@example-.org", FALSE, "hyphen at the end of a label" },
    { "a@ex_ample.org", FALSE, "underscore in a domain" },
    { "m\xc3\xbcller@example.org", FALSE, "local part not ASCII" },
    { "a@m\xc3\xbcller.example", FALSE, "U-label" },
    { "a\x7f@example.org", FALSE, "DEL" },
};

static void test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(mailboxes); i++) {
        g_test_message("%s", mailboxes[i].why);
        g_autofree char *exact = g_strdup(mailboxes[i].text); /* sanitizers see over-reads */
        g_assert_cmpint(mailbox_valid(exact), ==, mailboxes[i].want);
    }
}

/* local bytes before the '@', and a domain of labels of 63 bytes and a rest. */
static char *long_mailbox(guint local, guint domain)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < local; i++)
        g_string_append_c(text, 'l');
    g_string_append_c(text, '@');
    for (guint i = 1; i <= domain; i++)
        g_string_append_c(text, i % 64 == 0 && i != domain ? '.' : 'd');
    return g_string_free(text, FALSE);
}

/* RFC 5321 section 4.5.3.1: local part 64 octets, path 256 with its brackets;
 * RFC 1035 section 2.3.4: label 63, name 255 on the wire (253 as text). */
static void test_limits(void)
{
    static const struct {
        guint local, domain;
        gboolean want;
        const char *why;
    } cases[] = {
        { MAILBOX_LOCAL_MAX, 20, TRUE, "local part at its limit" },
        { MAILBOX_LOCAL_MAX + 1, 20, FALSE, "local part one above" },
        { 64, MAILBOX_MAX - 65, TRUE, "whole at its limit" },
        { 64, MAILBOX_MAX - 64, FALSE, "whole one above" },
        { 1, MAILBOX_LABEL_MAX, TRUE, "label at its limit" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = long_mailbox(cases[i].local, cases[i].domain);
        g_test_message("%s", cases[i].why);
        g_assert_cmpint(mailbox_valid(text), ==, cases[i].want);
    }
    g_autofree char *domain = long_mailbox(0, MAILBOX_DOMAIN_MAX + 1);
    g_assert_true(mailbox_domain_valid(domain + 1, MAILBOX_DOMAIN_MAX));
    g_assert_false(mailbox_domain_valid(domain + 1, MAILBOX_DOMAIN_MAX + 1));
    g_autofree char *label = g_strnfill(MAILBOX_LABEL_MAX + 1, 'd');
    g_assert_true(mailbox_domain_valid(label, MAILBOX_LABEL_MAX));
    g_assert_false(mailbox_domain_valid(label, MAILBOX_LABEL_MAX + 1));
}

/* RFC 1123 section 2.1: "at least the highest-level component label will be alphabetic". */
static void test_domains(void)
{
    static const Case cases[] = {
        { "example.org", TRUE, "plain" },
        { "EXAMPLE.org", TRUE, "upper case" },
        { "3.example", TRUE, "digits in lower labels" },
        { "192.0.2.1", FALSE, "an IPv4 address" },
        { "192.0.2.0-255", FALSE, "a range in short form" },
        { "2.0.192.in-addr.arpa", TRUE, "reverse zone" },
        { "*.example.org", FALSE, "wildcard" },
        { "", FALSE, "empty" },
        { ".", FALSE, "root" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = strlen(cases[i].text);
        g_autofree char *exact = g_memdup2(cases[i].text, length);
        g_test_message("%s", cases[i].why);
        g_assert_cmpint(mailbox_domain_valid(exact, length), ==, cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mailbox/cases", test_cases);
    g_test_add_func("/mailbox/limits", test_limits);
    g_test_add_func("/mailbox/domains", test_domains);
    return g_test_run();
}
