/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What becomes of a notice that comes back, and who is told. */
#include "bounce.h"

#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TICKET "CB-Report#20250212-10004759"
#define OWN    "abuse-bounces@example.net"

/* ---- a ledger with one notice for each customer */

#define SENDERS                                                                                    \
    "[notices]\nfrom=\"Abuse Team\" <abuse@example.net>\nreply-to=abuse@example.net\n"             \
    "envelope-from=" OWN "\n"
#define DESK "desk=desk@example.net\n"
#define LIVE SENDERS DESK "mode=live\n"
#define CUSTOMERS                                                                                  \
    "network,customer,email,escalation,language,deliver\n"                                         \
    "192.0.2.0/31,C-0,abuse@c-0.example.org,noc@c-0.example.com,de,\n"                             \
    "192.0.2.2/31,C-1,abuse@c-1.example.org,,,\n"                                                  \
    "192.0.2.4/31,C-2,abuse@c-2.example.org,+49 30 5550100,,\n"                                    \
    "192.0.2.6/31,C-3,abuse@c-3.example.org,"                                                      \
    "call us; a@c-3.example.com ;b@c-3.example.com,en,\n"                                          \
    "192.0.2.8/31,C-4,abuse@c-4.example.org,noc@c-4.example.com,,\n"                               \
    "192.0.2.10/31,C-5,abuse@c-5.example.org,noc@c-5.example.com,,hold\n"                          \
    "192.0.2.12/31,C-6,abuse@c-6.example.org,Abuse@C-6.example.org,fr,\n"                          \
    "192.0.2.16/31,C-8,abuse@c-8.example.org,noc@c-8.example.com,fr,\n"
#define N_ROWS 18 /* C-0 to C-8; C-7 is no customer any more */

typedef struct {
    char *directory, *path;
    Secret *secret;
    Snapshot *snapshot;
    Ledger *ledger;
} World;

static void use_config(World *world, const char *config)
{
    g_clear_pointer(&world->snapshot, snapshot_unref);
    world->snapshot = fixture_snapshot(world->directory, config, CUSTOMERS);
}

static void set_up(World *world, gconstpointer data)
{
    (void)data;
    world->directory = fixture_directory();
    world->path = g_build_filename(world->directory, "ledger.db", NULL);
    use_config(world, LIVE);
    world->secret = secret_dummy();
    world->ledger = maker_open(world->path, LEDGER_DAEMON);
}

static void tear_down(World *world, gconstpointer data)
{
    (void)data;
    ledger_close(world->ledger);
    snapshot_unref(world->snapshot);
    secret_free(world->secret);
    g_free(world->path);
    fixture_remove(world->directory);
}

static void hand_over(World *world)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) claims =
        ledger_claim(world->ledger, "w", 100, MAKER_NOW + MAKER_SEC, NULL, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < claims->len; i++) {
        LedgerResult result = { .id = ((LedgerClaim *)claims->pdata[i])->id,
                                .state = NOTICE_HANDED_OVER,
                                .reply = "250 2.0.0 Ok: queued as 4YtY",
                                .queue_id = "4YtY" };
        ledger_mark(world->ledger, &result, 1, MAKER_NOW, &error);
        g_assert_no_error(error);
    }
}

static void record_report(World *world, const char *ticket)
{
    const Made made = { .ticket = ticket, .digest = "d", .n_rows = N_ROWS };

    maker_must_record(world->ledger, &made);
    hand_over(world);
}

static char *reference_of(World *world, const char *ticket, const char *customer)
{
    g_autofree char *id = g_strdup_printf("%s/d/%s", ticket, customer);
    return maker_value(world->ledger, LEDGER_NOTICES, id, "reference");
}

static GBytes *dsn(const char *recipient, const char *action, const char *status)
{
    char *text = g_strdup_printf(
        "From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\n\nSorry\n\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; %s\nAction: %s\nStatus: %s\n"
        "Diagnostic-Code: smtp; 550 5.1.1 who is \x1b[31mthat?\n\n--b--\n",
        recipient, action, status);
    return g_bytes_new_take(text, strlen(text));
}

static BounceOutcome *bounce(World *world, const char *reference, GBytes *mail, GError **error)
{
    const BounceContext context = { world->ledger, world->secret, world->snapshot };
    return bounce_record(&context, reference, mail, MAKER_NOW + MAKER_SEC, error);
}

/* recipient has failed for good. */
static void check_bounce(World *world, const char *reference, const char *recipient,
                         BounceKind kind, BounceTold told)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = dsn(recipient, "failed", "5.1.1");
    g_autoptr(BounceOutcome) outcome = bounce(world, reference, mail, &error);

    g_assert_no_error(error);
    g_test_message("%s", outcome->text);
    g_assert_cmpint(outcome->kind, ==, kind);
    g_assert_cmpint(outcome->told, ==, told);
    g_assert_null(strchr(outcome->text, '\n'));
}

static void check_value(World *world, LedgerQuestion question, const char *filter,
                        const char *column, const char *want)
{
    g_autofree char *value = maker_value(world->ledger, question, filter, column);
    g_assert_cmpstr(value, ==, want);
}

/* The newest mail of ours; its parts as one text; caller frees. */
static char *mail_text(World *world, const char *reference)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, reference, &error);
    g_assert_no_error(error);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    GString *all = g_string_new(message_header(message, "Subject"));
    gsize length;

    g_string_append_printf(all, "\nTo: %s\nFrom: %s\nReferences: %s\nLanguage: %s\n",
                           message_header(message, "To"), message_header(message, "From"),
                           message_header(message, "References"),
                           message_header(message, "Content-Language"));
    g_autofree char *text = message_part_text(message, 0, &length, &error);
    g_assert_no_error(error);
    g_string_append(all, text);
    if (message_n_parts(message) > 1)
        g_string_append_printf(all, "attached: %s\n", message_part(message, 1)->type);
    return g_string_free(all, FALSE);
}

static void check_has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        g_test_message("%s\n-- is not in --\n%s", words, text);
    g_assert_nonnull(strstr(text, words));
}

static char *newest(World *world, const char *column)
{
    return maker_value(world->ledger, LEDGER_NOTICES, "pending", column);
}

/* ---- who is told */

static void test_escalation(World *world, gconstpointer data)
{
    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);

    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    check_value(world, LEDGER_NOTICES, reference, "state", "bounced");
    check_value(world, LEDGER_NOTICES, reference, "bounce", "5.1.1");
    check_value(world, LEDGER_CONTACTS, NULL, "address", "abuse@c-0.example.org");
    check_value(world, LEDGER_CONTACTS, NULL, "reference", reference);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
    g_autofree char *own = newest(world, "reference");
    g_autofree char *id = newest(world, "id");
    g_assert_true(g_regex_match_simple("^undelivered/[0-9a-f]{40}$", id, 0, 0));
    check_value(world, LEDGER_NOTICES, own, "customer", "C-0");
    check_value(world, LEDGER_NOTICES, own, "group", reference);
    check_value(world, LEDGER_NOTICES, own, "ticket", TICKET);
    check_value(world, LEDGER_NOTICES, own, "recipients", "noc@c-0.example.com");
    g_autofree char *sender = newest(world, "sender");
    g_autofree char *tagged = bounce_reference(world->secret, OWN, sender);
    g_assert_cmpstr(tagged, ==, own);

    /* The same once more, and another recipient of the same notice. */
    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
    check_bounce(world, reference, "other@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
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

static void test_targets(World *world, gconstpointer data)
{
    (void)data;
    record_report(world, TICKET);
    for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *reference = reference_of(world, TICKET, targets[i].customer);
        g_test_message("%s", targets[i].customer);
        check_bounce(world, reference, "inner@forwarded.example.org", BOUNCE_RECORDED,
                     targets[i].told);
        g_autofree char *own = newest(world, "reference");
        check_value(world, LEDGER_NOTICES, own, "recipients", targets[i].to);
        check_value(world, LEDGER_NOTICES, own, "customer",
                    targets[i].told == TOLD_ESCALATION ? targets[i].customer : NULL);
        check_value(world, LEDGER_NOTICES, own, "group", reference);
        g_autofree char *text = mail_text(world, own);
        check_has(text, reference);
        for (guint w = 0; w < G_N_ELEMENTS(targets[i].words) && targets[i].words[w] != NULL; w++)
            check_has(text, targets[i].words[w]);
        g_assert_null(strchr(text, '\x1b'));
        hand_over(world);
    }
}

/* The notice itself is in the mail, whole, and answers find it. */
static void test_attached(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    g_autofree char *message_id =
        maker_value(world->ledger, LEDGER_NOTICES, reference, "message_id");
    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    g_autofree char *own = newest(world, "reference");
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, own, &error);
    gsize size;
    const char *mail = g_bytes_get_data(bytes, &size);

    g_assert_nonnull(g_strstr_len(mail, (gssize)size, MAKER_BODY));
    g_autofree char *text = mail_text(world, own);
    g_autofree char *references = g_strdup_printf("References: %s\n", message_id);
    check_has(text, references);
}

/* The mail to the escalation contact comes back, and then the desk's. */
static void test_no_loop(World *world, gconstpointer data)
{
    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    g_autofree char *escalation = newest(world, "reference");
    hand_over(world);
    guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);

    check_bounce(world, escalation, "noc@c-0.example.com", BOUNCE_RECORDED, TOLD_DESK);
    g_autofree char *desk = newest(world, "reference");
    check_value(world, LEDGER_NOTICES, desk, "recipients", "desk@example.net");
    check_value(world, LEDGER_NOTICES, desk, "group", reference);
    g_autofree char *text = mail_text(world, desk);
    check_has(text, "escalation contact");
    check_has(text, reference);
    check_bounce(world, escalation, "noc@c-0.example.com", BOUNCE_RECORDED, TOLD_BEFORE);
    hand_over(world);
    check_bounce(world, desk, "desk@example.net", BOUNCE_RECORDED, TOLD_NOBODY);
    check_bounce(world, desk, "desk@example.net", BOUNCE_RECORDED, TOLD_NOBODY);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, "pending"), ==, 0);
}

/* One of two escalation contacts has got the mail: he is not written to again. */
static void test_half_of_escalation(World *world, gconstpointer data)
{
    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-3");
    check_bounce(world, reference, "abuse@c-3.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    g_autofree char *escalation = newest(world, "reference");
    hand_over(world);
    check_bounce(world, escalation, "a@c-3.example.com", BOUNCE_RECORDED, TOLD_DESK);
    g_autofree char *desk = newest(world, "reference");
    g_autofree char *text = mail_text(world, desk);
    check_has(text, "told: it had");
}

/* An escalation contact that has bounced is passed over until somebody says ok. */
static void test_escalation_bounced(World *world, gconstpointer data)
{
    static const char *const tickets[] = { TICKET, "CB-Report#20250213-10000001",
                                           "CB-Report#20250214-10000001" };
    g_autoptr(GError) error = NULL;

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(tickets); i++) {
        record_report(world, tickets[i]);
        g_autofree char *reference = reference_of(world, tickets[i], "C-0");
        check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED,
                     i == 1 ? TOLD_DESK : TOLD_ESCALATION);
        g_autofree char *own = newest(world, "reference");
        hand_over(world);
        if (i == 0)
            check_bounce(world, own, "NOC@c-0.example.com", BOUNCE_RECORDED, TOLD_DESK);
        hand_over(world);
        if (i == 1)
            ledger_contact_ok(world->ledger, "noc@C-0.example.com", "anna", MAKER_NOW, &error);
        g_assert_no_error(error);
    }
}

/* Law 8: who was not written to himself is not written to now. */
static void test_modes(World *world, gconstpointer data)
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
        use_config(world, cases[i].config);
        maker_must_record(world->ledger, &made);
        hand_over(world);
        g_autofree char *reference = reference_of(world, ticket, "C-0");
        check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, cases[i].told);
    }
}

/* ---- what is no bounce for good, or none at all */

static void test_for_now(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = dsn("abuse@c-0.example.org", "failed", "4.4.7");

    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    g_autoptr(BounceOutcome) outcome = bounce(world, reference, mail, &error);
    g_assert_no_error(error);
    g_assert_cmpint(outcome->told, ==, TOLD_ESCALATION);
    check_value(world, LEDGER_NOTICES, reference, "state", "bounced");
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
    g_autofree char *own = newest(world, "reference");
    g_autofree char *text = mail_text(world, own);
    check_has(text, "zurzeit nicht ankommen");
    g_assert_null(strstr(text, "endgültig"));
    /* C-6 is his own escalation contact: not reached there a minute ago. */
    g_autofree char *sixth = reference_of(world, TICKET, "C-6");
    g_autoptr(GBytes) other = dsn("abuse@c-6.example.org", "failed", "4.4.7");
    g_autoptr(BounceOutcome) again = bounce(world, sixth, other, &error);
    g_assert_no_error(error);
    g_assert_cmpint(again->told, ==, TOLD_DESK);
}

static void test_nothing_to_do(World *world, gconstpointer data)
{
    static const struct {
        const char *action;
        BounceKind kind;
    } cases[] = {
        { "delayed", BOUNCE_NO_FAILURE }, { "delivered", BOUNCE_NO_FAILURE },
        { "relayed", BOUNCE_NO_FAILURE }, { "expanded", BOUNCE_NO_FAILURE },
        { "fail", BOUNCE_NO_FAILURE },    { NULL, BOUNCE_UNREADABLE }, /* no notification at all */
    };

    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) mail =
            cases[i].action != NULL
                ? dsn("abuse@c-0.example.org", cases[i].action, "5.1.1")
                : g_bytes_new_static("Subject: Out of office\n\nBack on Monday.\n", 41);
        g_autoptr(BounceOutcome) outcome = bounce(world, reference, mail, &error);
        g_assert_no_error(error);
        g_test_message("%s", outcome->text);
        g_assert_cmpint(outcome->kind, ==, cases[i].kind);
        g_assert_cmpint(outcome->told, ==, TOLD_NOBODY);
        check_value(world, LEDGER_NOTICES, reference, "state", "handed-over");
    }
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, "pending"), ==, 0);
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
}

static void test_states(World *world, gconstpointer data)
{
    static const struct {
        NoticeState state;
        int want; /* BounceKind, or -1: temporary */
    } cases[] = {
        { NOTICE_PENDING, -1 }, /* quicker than our own mark: 451 */
        { NOTICE_HELD, BOUNCE_UNKNOWN },
        { NOTICE_PILOT, BOUNCE_UNKNOWN },
        { NOTICE_FAILED, BOUNCE_UNKNOWN },
        { NOTICE_DROPPED, BOUNCE_UNKNOWN },
        { NOTICE_HANDED_OVER, BOUNCE_RECORDED },
        { NOTICE_BOUNCED, BOUNCE_RECORDED },
    };

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08u", i);
        g_autoptr(GBytes) mail = dsn("abuse@c-0.example.org", "failed", "5.1.1");
        const Made made = {
            .ticket = ticket, .digest = "d", .n_rows = 1, .notice_state = cases[i].state
        };

        maker_must_record(world->ledger, &made);
        g_autofree char *reference = reference_of(world, ticket, "C-0");
        guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);
        g_autoptr(BounceOutcome) outcome = bounce(world, reference, mail, &error);
        g_test_message("%s", notice_state_name(cases[i].state));
        if (cases[i].want == -1)
            g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        else
            g_assert_cmpint(outcome->kind, ==, cases[i].want);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==,
                         before + (cases[i].want == BOUNCE_RECORDED));
    }
    check_bounce(world, "A-000000", "abuse@c-0.example.org", BOUNCE_UNKNOWN, TOLD_NOBODY);
}

/* ---- several recipients */

static void add_wide_notice(World *world, const char *const *recipients)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new_static(MAKER_BODY, strlen(MAKER_BODY));
    const LedgerNotice notice = { .id = "wide",
                                  .reference = "A-ABCDEF",
                                  .customer = "C-1",
                                  .group = "",
                                  .class_id = "open-telnet",
                                  .state = NOTICE_HANDED_OVER,
                                  .sender = OWN,
                                  .recipients = recipients,
                                  .message_id = "<wide@example.net>",
                                  .subject = "Offener Telnet-Server",
                                  .bytes = bytes,
                                  .template_digest = "",
                                  .config_digest = "",
                                  .due = MAKER_NOW };

    ledger_add_mail(world->ledger, &notice, NULL, &error);
    g_assert_no_error(error);
}

static gboolean join_address(guint n_columns, const char *const *columns, const char *const *values,
                             gpointer data)
{
    (void)n_columns;
    g_assert_cmpstr(columns[0], ==, "address");
    g_string_append_printf(data, "%s ", values[0]);
    return TRUE;
}

/* Only recipients of the notice are marked, whoever else is named; the original one
 * counts where the final one is somebody he forwards to. */
static void test_several(World *world, gconstpointer data)
{
    static const char *const recipients[] = { "a@example.org", "b@example.org", "c@example.org",
                                              "d@example.org", NULL };
    static const char text[] =
        "Subject: x\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; A@example.org\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.2.0\n\n"
        "Final-Recipient: rfc822; b@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
        "Original-Recipient: rfc822; c@example.org\nFinal-Recipient: rfc822; d@example.org\n"
        "Action: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; stranger@example.com\nAction: failed\nStatus: 5.1.1\n";
    g_autoptr(GBytes) mail = g_bytes_new_static(text, strlen(text));
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) contacts = g_string_new(NULL);

    (void)data;
    add_wide_notice(world, recipients);
    g_autoptr(BounceOutcome) outcome = bounce(world, "A-ABCDEF", mail, &error);
    g_assert_no_error(error);
    g_assert_cmpint(outcome->kind, ==, BOUNCE_RECORDED);
    ledger_ask(world->ledger, LEDGER_CONTACTS, NULL, join_address, contacts, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(contacts->str, ==, "a@example.org c@example.org ");
    g_autofree char *own = newest(world, "reference");
    g_autofree char *told = mail_text(world, own);
    check_has(told, "a@example.org (5.1.1)");
    check_has(told, "(address not given) (5.1.1)");
    g_assert_null(strstr(told, "5.2.0"));
    g_assert_null(strstr(told, "stranger@"));
    g_assert_null(strstr(told, "(2.0.0)"));
}

/* ---- crashes, retention */

static int fail_at, calls; /* fdatasync: which one fails, 0 none */

int fdatasync(int fd);
int fdatasync(int fd)
{
    if (fail_at > 0 && ++calls == fail_at) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* Whichever commit fails: an error for 451, and the next try ends with one mail. */
static void test_disk_fails(World *world, gconstpointer data)
{
    guint failed = 0;

    (void)data;
    for (int at = 1;; at++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-%08d", at);
        g_autoptr(GBytes) mail = dsn("abuse@c-0.example.org", "failed", "5.1.1");
        const Made made = { .ticket = ticket, .digest = "d", .n_rows = 1 };

        maker_must_record(world->ledger, &made);
        hand_over(world);
        g_autofree char *reference = reference_of(world, ticket, "C-0");
        guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);
        calls = 0;
        fail_at = at;
        g_autoptr(BounceOutcome) outcome = bounce(world, reference, mail, &error);
        fail_at = 0;
        if (outcome != NULL)
            break;
        failed++;
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before);
        check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
        check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 1);
        ledger_contact_ok(world->ledger, "abuse@c-0.example.org", "anna", MAKER_NOW, NULL);
    }
    g_assert_cmpuint(failed, ==, 2); /* the bounce, and the mail about it */
}

/* The customers file changes between two copies of one notification. */
static void test_customers_change(World *world, gconstpointer data)
{
    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_ESCALATION);
    snapshot_unref(world->snapshot);
    world->snapshot = fixture_snapshot(world->directory, LIVE,
                                       "network,customer,email\n192.0.2.0/31,C-0,x@example.org\n");
    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_BEFORE);
}

/* Without its bytes there is nothing to pass on: the desk alone hears of it. */
static void test_after_purge(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    record_report(world, TICKET);
    g_autofree char *reference = reference_of(world, TICKET, "C-0");
    ledger_purge(world->ledger, MAKER_NOW + MAKER_DAY, 0, NULL, &error);
    g_assert_no_error(error);
    check_bounce(world, reference, "abuse@c-0.example.org", BOUNCE_RECORDED, TOLD_DESK);
    g_autofree char *own = newest(world, "reference");
    g_autofree char *text = mail_text(world, own);
    check_has(text, "not kept any more");
    g_assert_null(strstr(text, "attached:"));
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_CONTACTS, NULL), ==, 0);
}

/* What the desk was sent about a customer goes with the customer. */
static void test_after_erase(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const char *const customers[] = { "C-0", "C-1" };

    (void)data;
    record_report(world, TICKET);
    guint before = maker_count(world->ledger, LEDGER_NOTICES, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(customers); i++) {
        g_autofree char *reference = reference_of(world, TICKET, customers[i]);
        check_bounce(world, reference, "x@example.org", BOUNCE_RECORDED,
                     i == 0 ? TOLD_ESCALATION : TOLD_DESK);
    }
    g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==, before + 2);
    for (guint i = 0; i < G_N_ELEMENTS(customers); i++) {
        ledger_erase(world->ledger, customers[i], "anna", MAKER_NOW, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(maker_count(world->ledger, LEDGER_NOTICES, NULL), ==,
                         before + 2 - 2 * (i + 1));
    }
}

#define ADD(path, test) g_test_add("/bounce-record/" path, World, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    ADD("escalation", test_escalation);
    ADD("targets", test_targets);
    ADD("attached", test_attached);
    ADD("no-loop", test_no_loop);
    ADD("half-of-escalation", test_half_of_escalation);
    ADD("escalation-bounced", test_escalation_bounced);
    ADD("modes", test_modes);
    ADD("for-now", test_for_now);
    ADD("nothing-to-do", test_nothing_to_do);
    ADD("states", test_states);
    ADD("several", test_several);
    ADD("disk-fails", test_disk_fails);
    ADD("customers-change", test_customers_change);
    ADD("after-purge", test_after_purge);
    ADD("after-erase", test_after_erase);
    return g_test_run();
}
