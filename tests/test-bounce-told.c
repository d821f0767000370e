/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Who is told of a notice that comes back. */
#include "ledger-maker.h"
#include "message.h"
#include "returned.h"

#include <string.h>

static void test_escalation(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);

    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    returned_check_value(world, LEDGER_NOTICES, reference, "state", "bounced");
    returned_check_value(world, LEDGER_NOTICES, reference, "bounce", "5.1.1");
    returned_check_value(world, LEDGER_CONTACTS, NULL, "address", "abuse@c-0.example.org");
    returned_check_value(world, LEDGER_CONTACTS, NULL, "reference", reference);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
    g_autofree char *own = returned_newest(world, "reference");
    g_autofree char *id = returned_newest(world, "id");
    g_assert_true(g_regex_match_simple("^undelivered/[0-9a-f]{40}$", id, 0, 0));
    returned_check_value(world, LEDGER_NOTICES, own, "customer", "C-0");
    returned_check_value(world, LEDGER_NOTICES, own, "group", reference);
    returned_check_value(world, LEDGER_NOTICES, own, "ticket", TICKET);
    returned_check_value(world, LEDGER_NOTICES, own, "recipients", "noc@c-0.example.com");
    g_autofree char *sender = returned_newest(world, "sender");
    g_autofree char *tagged = bounce_reference(world->secret, OWN, sender);
    g_assert_cmpstr(tagged, ==, own);

    /* The same once more, and another recipient of the same notice. */
    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
    returned_check(world, reference, "other@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 1);
}

static const struct {
    const char *customer;
    BounceTold told;
    const char *to, *words[5]; /* that stand in the mail */
} targets[] = {
    { "C-0",
      TOLD_ESCALATION,
      "noc@c-0.example.com",
      { "Nicht zugestellt: unsere Meldung A-", "Language: de\nSehr geehrte", "5.1.1)\n",
        "wohin wir uns künftig",
        "\nMit freundlichen Grüßen\nAbuse Team\nattached: message/rfc822" } },
    { "C-1",
      TOLD_DESK,
      "desk@example.net",
      { "to customer C-1 could not be delivered\n", "has no escalation contact.",
        "abuse@c-1.example.org (5.1.1)", "certbundctl contact ok abuse@c-1.example.org\n",
        "attached: message" } },
    { "C-2", TOLD_DESK, "desk@example.net", { "has no escalation contact.", TICKET } },
    { "C-3",
      TOLD_ESCALATION,
      "a@c-3.example.com, b@c-3.example.com",
      { "Undelivered: our notice A-", "Language: en\nDear Sir", "    > 550 5.1.1 who is [31mthat?",
        "Report of CERT-Bund:    " TICKET, "Sent on:                2025-02-12\n" } },
    { "C-4",
      TOLD_ESCALATION,
      "noc@c-4.example.com",
      { "Nicht zugestellt", "Language: de, en\n[English version below]\n\nSehr geehrte",
        "Abuse Team\n\n----\n\nDear Sir or Madam", "Kind regards\nAbuse Team\n",
        "From: Abuse Team <abuse@example.net>" } },
    { "C-5", TOLD_DESK, "desk@example.net", { "deliver is" } },
    { "C-6", TOLD_DESK, "desk@example.net", { "can't be reached either." } },
    { "C-7", TOLD_DESK, "desk@example.net", { "is not in the customers file any more." } },
    { "C-8", TOLD_ESCALATION, "noc@c-8.example.com", { "Language: de, en\n" } },
};

static void test_targets(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    returned_report(world, TICKET);
    for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *reference = returned_reference(world, TICKET, targets[i].customer);
        g_test_message("%s", targets[i].customer);
        returned_check(world, reference, "inner@forwarded.example.org", BOUNCE_RECORDED,
                       targets[i].told);
        g_autofree char *own = returned_newest(world, "reference");
        returned_check_value(world, LEDGER_NOTICES, own, "recipients", targets[i].to);
        returned_check_value(world, LEDGER_NOTICES, own, "customer",
                             targets[i].told == TOLD_ESCALATION ? targets[i].customer : NULL);
        returned_check_value(world, LEDGER_NOTICES, own, "group", reference);
        g_autofree char *text = returned_mail_text(world, own);
        returned_check_has(text, reference);
        for (guint w = 0; w < G_N_ELEMENTS(targets[i].words) && targets[i].words[w] != NULL; w++)
            returned_check_has(text, targets[i].words[w]);
        g_assert_null(strchr(text, '\x1b'));
        returned_hand_over(world);
    }
}

/* The notice itself is in the mail, whole, and answers find it. */
static void test_attached(ReturnedWorld *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    g_autofree char *message_id =
        maker_value(world->ledger, LEDGER_NOTICES, reference, "message_id");
    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    g_autofree char *own = returned_newest(world, "reference");
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, own, &error);
    gsize size;
    const char *mail = g_bytes_get_data(bytes, &size);

    g_assert_nonnull(g_strstr_len(mail, (gssize)size, MAKER_BODY));
    g_autofree char *text = returned_mail_text(world, own);
    g_autofree char *references = g_strdup_printf("References: %s\n", message_id);
    returned_check_has(text, references);
}

/* The mail to the escalation contact comes back, and then the desk's. */
static void test_no_loop(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-0");
    returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    g_autofree char *escalation = returned_newest(world, "reference");
    returned_hand_over(world);
    guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);

    returned_check(world, escalation, "noc@c-0.example.com", BOUNCE_RECORDED, TOLD_DESK);
    g_autofree char *desk = returned_newest(world, "reference");
    returned_check_value(world, LEDGER_NOTICES, desk, "recipients", "desk@example.net");
    returned_check_value(world, LEDGER_NOTICES, desk, "group", reference);
    g_autofree char *text = returned_mail_text(world, desk);
    returned_check_has(text, "escalation contact");
    returned_check_has(text, reference);
    returned_check(world, escalation, "noc@c-0.example.com", BOUNCE_RECORDED, TOLD_BEFORE);
    returned_hand_over(world);
    returned_check(world, desk, "desk@example.net", BOUNCE_RECORDED, TOLD_NOBODY);
    returned_check(world, desk, "desk@example.net", BOUNCE_RECORDED, TOLD_NOBODY);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, "pending"), ==, 0);
}

/* One of two escalation contacts has got the mail: he is not written to again. */
static void test_half_of_escalation(ReturnedWorld *world, gconstpointer data)
{
    (void)data;
    returned_report(world, TICKET);
    g_autofree char *reference = returned_reference(world, TICKET, "C-3");
    returned_check(world, reference, "abuse@c-3.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    g_autofree char *escalation = returned_newest(world, "reference");
    returned_hand_over(world);
    returned_check(world, escalation, "a@c-3.example.com", BOUNCE_RECORDED, TOLD_DESK);
    g_autofree char *desk = returned_newest(world, "reference");
    g_autofree char *text = returned_mail_text(world, desk);
    returned_check_has(text, "told: it had");
}

/* An escalation contact that has bounced is passed over until somebody says ok. */
static void test_escalation_bounced(ReturnedWorld *world, gconstpointer data)
{
    static const char *const tickets[] = { TICKET, "CB-Report#20250213-10000001",
                                           "CB-Report#20250214-10000001" };
    g_autoptr(GError) error = NULL;

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(tickets); i++) {
        returned_report(world, tickets[i]);
        g_autofree char *reference = returned_reference(world, tickets[i], "C-0");
        returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED,
                       i == 1 ? TOLD_DESK : TOLD_ESCALATION);
        g_autofree char *own = returned_newest(world, "reference");
        returned_hand_over(world);
        if (i == 0)
            returned_check(world, own, "NOC@c-0.example.com", BOUNCE_RECORDED, TOLD_DESK);
        returned_hand_over(world);
        if (i == 1)
            ledger_contact_ok(world->ledger, "noc@C-0.example.com", "anna", MAKER_NOW, &error);
        g_assert_no_error(error);
    }
}

/* Law 8: who was not written to himself is not written to now. */
static void test_modes(ReturnedWorld *world, gconstpointer data)
{
    static const struct {
        const char *why, *mode, *config;
        BounceTold told;
    } cases[] = {
        { "live", "live", LIVE, TOLD_ESCALATION },
        { "it was redirected", "redirect", LIVE, TOLD_DESK },
        { "class is live", "live", LIVE "live-classes=open-smtp;open-telnet\n", TOLD_ESCALATION },
        { "class is not live now", "live", LIVE "live-classes=open-smtp\n", TOLD_DESK },
        { "redirected now", "live", SENDERS DESK "mode=redirect:test@example.net\n", TOLD_DESK },
        { "a pilot now", "live", SENDERS DESK "mode=pilot\n", TOLD_DESK },
        { "a pilot without a desk now", "live", SENDERS "mode=pilot\n", TOLD_NOBODY },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        const Made made = { .ticket = ticket, .digest = "d", .n_rows = 1, .mode = cases[i].mode };

        g_test_message("%s", cases[i].why);
        returned_use_config(world, cases[i].config);
        maker_must_record(world->ledger, &made);
        returned_hand_over(world);
        g_autofree char *reference = returned_reference(world, ticket, "C-0");
        returned_check(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, cases[i].told);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    RETURNED_ADD("escalation", test_escalation);
    RETURNED_ADD("targets", test_targets);
    RETURNED_ADD("attached", test_attached);
    RETURNED_ADD("no-loop", test_no_loop);
    RETURNED_ADD("half-of-escalation", test_half_of_escalation);
    RETURNED_ADD("escalation-bounced", test_escalation_bounced);
    RETURNED_ADD("modes", test_modes);
    return g_test_run();
}
