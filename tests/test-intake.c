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
    = { .recipients = recipients, .trust[SOURCE_CERTBUND] = { .senders = senders, .dkim_domains = domains } };

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
        gboolean automatic, answers; /* as header fields say */
    } cases[] = {
        { "plain", TICKET, BSI, NULL, .want = TRUE },
        { "no subject", NULL, BSI, NULL, .want = FALSE },
        { "no ticket", "Offene Telnet-Server", BSI, NULL, .want = FALSE },
        { "a list rewrote From", TICKET, "'CERT-Bund' via abuse <abuse@list.example.net>",
          "CERT-Bund <certbund@bsi.bund.de>", .want = TRUE },
        { "customer answers", "Re: " TICKET, "Kunde <k@kunde.example.net>", NULL, .want = FALSE },
        { "customer answers in German", "AW: " TICKET, "k@kunde.example.net", NULL, .want = FALSE },
        { "colleague forwards", "Fwd: " TICKET, "c@lab.example.org", NULL, .want = FALSE },
        { "WG:", "WG: " TICKET, "c@lab.example.org", NULL, .want = FALSE },
        { "CERT-Bund forwards itself", "Fwd: [CERT-Bund#2021071828000998] SSH",
          "CERT-Bund <certbund@bsi.bund.de>", NULL, .want = TRUE },
        { "... through a list", "Fwd: [CERT-Bund#2021071828000998] SSH",
          "'CERT-Bund' via abuse <abuse@list.example.net>", "CERT-Bund <certbund@bsi.bund.de>",
          .want = TRUE },
        { "another mailbox there", "Fwd: [CERT-Bund#2021071828000998] SSH", "x@bsi.bund.de", NULL,
          .want = TRUE },
        { "look-alike domain", "Fwd: [CERT-Bund#2021071828000998] SSH", "x@bsi.bund.de.example.net",
          NULL, .want = FALSE },
        { "a program's answer", TICKET, BSI, NULL, FALSE, .automatic = TRUE },
        { "vacation, by its subject", "Automatische Antwort: " TICKET, "k@kunde.example.net", NULL,
          .want = FALSE },
        { "... whoever it says it is by", "Auto: " TICKET, BSI, NULL, .want = FALSE },
        { "an answer without Re:", TICKET, "k@kunde.example.net", NULL, FALSE, .answers = TRUE },
        { "CERT-Bund's own thread", "[CERT-Bund#2021071828000998] SSH",
          "CERT-Bund <certbund@bsi.bund.de>", NULL, TRUE, .answers = TRUE },
        { "... through a list", "[CERT-Bund#2021071828000998] Fwd: SSH",
          "'CERT-Bund' via abuse <abuse@list.example.net>", "CERT-Bund <certbund@bsi.bund.de>",
          TRUE, .answers = TRUE },
        { "display name is no address", "Re: " TICKET,
          "\"certbund@bsi.bund.de\" <k@kunde.example.net>", NULL, .want = FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const IntakeHeaders headers = { cases[i].subject, cases[i].from, cases[i].original_from,
                                        cases[i].automatic, cases[i].answers };
        g_autoptr(Subject) subject = intake_report(&config, &headers);
        g_test_message("%s", cases[i].why);
        g_assert_true((subject != NULL) == cases[i].want);
    }
}

/* RFC 3834 section 5: [CFWS], a keyword, [CFWS], parameters; "no" is what people send. */
static void test_automatic(void)
{
    static const struct {
        const char *name, *value;
        gboolean want;
    } rows[] = {
        { "Auto-Submitted", "auto-generated", TRUE },
        { "Auto-Submitted", "auto-replied", TRUE },
        { "auto-submitted", "Auto-Notified; owner-email=\"x@example.org\"", TRUE },
        { "AUTO-SUBMITTED", "x-something", TRUE },
        { "Auto-Submitted", "", TRUE },
        { "Auto-Submitted", "no", FALSE },
        { "Auto-Submitted", " No ", FALSE },
        { "Auto-Submitted", "(vacation)\n no (a \\) (b)) ; x=auto-replied", FALSE },
        { "Auto-Submitted", "(no) auto-replied", TRUE },
        { "Auto-Submitted", "no way", TRUE },
        { "Auto-Submitted", "\"no\"", TRUE },
        { "Auto-Submitted", "(no", TRUE },
        { "X-Autoreply", "yes", TRUE },
        { "X-Autoreply", "no", FALSE },
        { "X-Autorespond", "Re: x", TRUE },
        { "Precedence", "auto_reply", TRUE },
        { "Precedence", "AUTO_REPLY", TRUE },
        { "Precedence", "list", FALSE },
        { "Precedence", "bulk", FALSE },
        { "Precedence", "junk", FALSE },
        { "Content-Type", "multipart/report; report-type=delivery-status", TRUE },
        { "Content-Type", "Multipart/Report;\n\tboundary=x", TRUE },
        { "Content-Type", "multipart (a) / report", TRUE },
        { "Content-Type", "multipart/reports", FALSE },
        { "Content-Type", "multipart/signed; x=multipart/report", FALSE },
        { "X-Auto-Response-Suppress", "All", FALSE },
        { "X-Auto-Submitted", "auto-replied", FALSE },
        { "Subject", "auto-replied", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s: %s", rows[i].name, rows[i].value);
        g_assert_true(intake_is_automatic(rows[i].name, rows[i].value) == rows[i].want);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/intake/addresses", test_addresses);
    g_test_add_func("/intake/listed", test_listed);
    g_test_add_func("/intake/reports", test_reports);
    g_test_add_func("/intake/automatic", test_automatic);
    return g_test_run();
}
