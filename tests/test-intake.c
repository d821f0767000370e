/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Which mails are ours to look at. */
#include "intake.h"

#include "message.h"

static char *recipients[] = { (char *)"abuse@lab.example.org", (char *)"@noc.example.org", NULL };
static char *senders[] = { (char *)"reports@reports.cert-bund.de", (char *)"certbund@bsi.bund.de",
                           NULL };
static char *domains[] = { (char *)"reports.cert-bund.de", (char *)"bsi.bund.de", NULL };
static const Config config
    = { .recipients = recipients, .senders = senders, .dkim_domains = domains };

/* RFC 5321 section 4.1.2 and appendix C: what a client may type. */
static void test_addresses(void)
{
    static const struct {
        const char *typed, *want;
    } cases[] = {
        { "<abuse@lab.example.org>", "abuse@lab.example.org" },
        { "abuse@lab.example.org", "abuse@lab.example.org" },
        { "<Abuse@LAB.Example.ORG>", "abuse@lab.example.org" },
        { "<@relay.example.net:abuse@lab.example.org>", "abuse@lab.example.org" },
        { "<@a.example,@b.example:x@y.example>", "x@y.example" },
        { "<>", "" },
        { "", "" },
        { "<postmaster>", "postmaster" },
        { " <x@y.example> ", "x@y.example" },
        { "<\"a>b\"@y.example>", "a>b@y.example" },
        /* spellings that Postfix delivers to the same mailbox */
        { "<\"abuse\"@y.example>", "abuse@y.example" },
        { "<\"a\\buse\"@y.example>", "abuse@y.example" },
        { "<a\\buse@y.example>", "abuse@y.example" },
        { "<abuse@y.example.>", "abuse@y.example" },
        { "<abuse(c)@y.example>", "abuse@y.example" },
        { "<abuse(a(b)\\)c)@y.example(d)>", "abuse@y.example" },
        { "< abuse @ y.example >", "abuse@y.example" },
        { "<abuse@y.example(never closed>", "abuse@y.example" },
        { "<\"abuse(c)\"@y.example>", "abuse(c)@y.example" },
        { "<\"never closed@y.example>", "never closed@y.example" },
        { "<\\", "\\" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = intake_address(cases[i].typed);
        g_assert_cmpstr(got, ==, cases[i].want);
    }
}

static void test_listed(void)
{
    static const struct {
        const char *address;
        gboolean recipient, sender;
    } cases[] = {
        { "abuse@lab.example.org", TRUE, FALSE },
        { "colleague@lab.example.org", FALSE, FALSE },
        { "anybody@noc.example.org", TRUE, FALSE },
        { "anybody@sub.noc.example.org", FALSE, FALSE },
        { "reports@reports.cert-bund.de", FALSE, TRUE },
        { "xreports@reports.cert-bund.de", FALSE, FALSE },
        { "", FALSE, FALSE },
        { "postmaster", FALSE, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(intake_has_recipient(&config, cases[i].address) == cases[i].recipient);
        g_assert_true(intake_has_sender(&config, cases[i].address) == cases[i].sender);
    }
}

static void test_reports(void)
{
#define BSI "CERT-Bund Reports <reports@reports.cert-bund.de>"
#define TICKET "[CB-Report#20250212-10004759] Offene Telnet-Server in AS64496"
    static const struct {
        const char *why, *subject, *from, *original_from;
        gboolean want;
    } cases[] = {
        { "plain", TICKET, BSI, NULL, TRUE },
        { "no subject", NULL, BSI, NULL, FALSE },
        { "no ticket", "Offene Telnet-Server", BSI, NULL, FALSE },
        { "a list rewrote From", TICKET, "'CERT-Bund' via abuse <abuse@list.example.net>",
          "CERT-Bund <certbund@bsi.bund.de>", TRUE },
        { "customer answers", "Re: " TICKET, "Kunde <k@kunde.example.net>", NULL, FALSE },
        { "customer answers in German", "AW: " TICKET, "k@kunde.example.net", NULL, FALSE },
        { "colleague forwards", "Fwd: " TICKET, "c@lab.example.org", NULL, FALSE },
        { "WG:", "WG: " TICKET, "c@lab.example.org", NULL, FALSE },
        { "CERT-Bund forwards itself", "Fwd: [CERT-Bund#2021071828000998] SSH",
          "CERT-Bund <certbund@bsi.bund.de>", NULL, TRUE },
        { "... through a list", "Fwd: [CERT-Bund#2021071828000998] SSH",
          "'CERT-Bund' via abuse <abuse@list.example.net>", "CERT-Bund <certbund@bsi.bund.de>",
          TRUE },
        { "another mailbox there", "Fwd: [CERT-Bund#2021071828000998] SSH", "x@bsi.bund.de", NULL,
          TRUE },
        { "look-alike domain", "Fwd: [CERT-Bund#2021071828000998] SSH", "x@bsi.bund.de.example.net",
          NULL, FALSE },
        { "display name is no address", "Re: " TICKET,
          "\"certbund@bsi.bund.de\" <k@kunde.example.net>", NULL, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const IntakeHeaders headers
            = { cases[i].subject, cases[i].from, cases[i].original_from };
        g_autoptr(Subject) subject = intake_report(&config, &headers);
        g_test_message("%s", cases[i].why);
        g_assert_true((subject != NULL) == cases[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/intake/addresses", test_addresses);
    g_test_add_func("/intake/listed", test_listed);
    g_test_add_func("/intake/reports", test_reports);
    return g_test_run();
}
