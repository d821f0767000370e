/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* decision -> ledger: what becomes of a report's rows by what was recorded before.  Each
 * story is a few mails into one ledger. */
#include "digest.h"
#include "errors.h"
#include "fixture.h"
#include "ledger-maker.h"
#include "mail-maker.h"
#include "record.h"
#include "record-single.h"

#include <stdlib.h>
#include <string.h>

#define SENT G_GINT64_CONSTANT(1739354227) /* 2025-02-12 09:57:07 UTC, the Date of the mails */
#define MINUTE 60
#define HOUR 3600
#define DAY 86400
#define LIVE                                                                                       \
    "[notices]\nmode=live\nfrom=abuse@example.org\nreply-to=abuse@example.org\n"                   \
    "envelope-from=bounce@example.org\ndesk=desk@example.org\n"
#define ONE "CB-Report#20250212-10000001"
#define TWO "CB-Report#20250212-10000002"

static const char customers_csv[]
    = "network,customer,email,deliver\n"
      "192.0.2.0/28,anna,anna@example.net;noc@example.net,\n"
      "192.0.2.16/28,berta,berta@example.net,\n"
      "192.0.2.32/28,carl,carl@example.net,hold\n";

typedef FixtureWorld World;

static void set_up(World *world, const char *extra)
{
    fixture_set_up(world, extra, customers_csv);
}

/* One mail, and what is to become of it. */
typedef struct {
    const char *ticket;
    const char *addresses[5];
    gint64 at; /* seconds after SENT */
    gboolean critical, stranger, no_end;
    const char *message_id, *title;
    const char *signature; /* only this proves it, and not the header; or NULL */
    const char *status;
    guint notified, held, exempt, suppressed, unassigned, notices;
} Step;

static GBytes *make_mail(const Step *step)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    for (guint i = 0; i < G_N_ELEMENTS(step->addresses) && step->addresses[i] != NULL; i++)
        g_ptr_array_add(rows, mail_row("64496", step->addresses[i], "2025-02-11 11:10:25", NULL));
    const MailOptions options = {
        .ticket = step->ticket, .title = step->title != NULL ? step->title : "Offene Telnet-Server",
        .scope = "AS64496", .critical = step->critical, .rows = rows,
        .below = step->no_end ? "" : NULL, .message_id = step->message_id,
    };
    return mail_make(&options);
}

static Subject *subject_of(const Step *step)
{
    g_autofree char *text
        = g_strdup_printf("[%s] %s%s", step->ticket, step->critical ? "[KRITISCH] " : "",
                          step->title != NULL ? step->title : "Offene Telnet-Server");
    return subject_parse(text);
}

/* As if only its signature proved it. */
static void prove_less(Decision *decision, const Step *step)
{
    if (step->signature == NULL)
        return;
    g_free(decision->provenance->signature);
    decision->provenance->signature = g_strdup(step->signature);
    decision->provenance->header = FALSE;
}

static gboolean record(World *world, const Step *step, GBytes *mail, const char *released,
                       Decision **decision_r, Recorded *recorded_r, GError **error)
{
    static const Address stranger = { { 0x20, 0x01, 0x0d, 0xb8 } };
    g_autoptr(Subject) subject = subject_of(step);
    *decision_r = decide(world->snapshot, mail, step->stranger ? &stranger : &fixture_client,
                         SENT + step->at, released != NULL ? VOUCHED_WHOLE : VOUCHED_BY_NOBODY,
                         error);
    if (*decision_r == NULL)
        return FALSE;
    prove_less(*decision_r, step);
    const RecordInput input = { .ledger = world->ledger, .secret = world->secret, .bytes = mail,
                                .subject = subject, .queue_id = "4TEST", .client = "",
                                .released = released, .person = released != NULL ? "eva" : "" };
    return record_decision(&input, *decision_r, (SENT + step->at) * G_USEC_PER_SEC, recorded_r,
                           error);
}

static void check_step(const Step *step, const Decision *decision, const Recorded *recorded)
{
    const guint none[FATE_N] = { 0 };
    const guint *counts = decision->assignment != NULL ? decision->assignment->counts : none;

    g_assert_cmpstr(status_name(decision->status), ==, step->status);
    g_assert_cmpuint(recorded->n_notices, ==, step->notices);
    if (decision->status == STATUS_DUPLICATE)
        return;
    g_assert_cmpuint(counts[FATE_NOTIFIED], ==, step->notified);
    g_assert_cmpuint(counts[FATE_HELD], ==, step->held);
    g_assert_cmpuint(counts[FATE_EXEMPT], ==, step->exempt);
    g_assert_cmpuint(counts[FATE_SUPPRESSED], ==, step->suppressed);
    g_assert_cmpuint(counts[FATE_UNASSIGNED], ==, step->unassigned);
}

static void run_step(World *world, const Step *step, const char *released)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision = NULL;
    g_autoptr(GBytes) mail = make_mail(step);
    Recorded recorded = { .problems = NULL };

    gboolean fine = record(world, step, mail, released, &decision, &recorded, &error);
    g_assert_no_error(error);
    g_assert_true(fine);
    check_step(step, decision, &recorded);
    recorded_clear(&recorded);
}

typedef struct {
    const char *name, *extra;
    Step steps[5];
} Story;

#define THREE { "192.0.2.1", "192.0.2.2", "192.0.2.17" }
#define TOLD(n) .status = "handled", .notified = 3, .notices = n
#define AGAIN "duplicate"

static const Story stories[] = {
    { "the same report again", LIVE,
      { { ONE, THREE, TOLD(2) }, { ONE, THREE, .at = MINUTE, .status = AGAIN } } },
    { "a follow-up tells its new rows only", LIVE "renotify-after=0\n",
      { { ONE, THREE, TOLD(2) },
        { ONE, { "192.0.2.1", "192.0.2.3", "192.0.2.17" }, .at = DAY, .status = "handled",
          .notified = 1, .suppressed = 2, .notices = 1 } } },
    { "and nobody's rows are nobody's once", LIVE,
      { { ONE, { "192.0.2.99" }, .status = "attention", .unassigned = 1 },
        { ONE, { "192.0.2.99", "192.0.2.1" }, .status = "handled", .notified = 1, .suppressed = 1,
          .notices = 1 } } },
    { "a corrected report has a new ticket, and tells", LIVE "renotify-after=0\n",
      { { ONE, THREE, TOLD(2) }, { TWO, THREE, TOLD(2) } } },
    { "told within renotify-after: not again, to the second", LIVE,
      { { ONE, THREE, TOLD(2) },
        { TWO, { "192.0.2.1", "192.0.2.17" }, .at = 7 * DAY - 1, .status = "handled",
          .suppressed = 2 },
        { "CB-Report#20250212-10000003", { "192.0.2.1", "192.0.2.3" }, .at = 7 * DAY - 1,
          .status = "handled", .notified = 1, .suppressed = 1, .notices = 1 },
        { "CB-Report#20250212-10000004", THREE, .at = 7 * DAY, TOLD(2) } } },
    { "of one class nothing follows for another", LIVE,
      { { ONE, THREE, TOLD(2) },
        { TWO, THREE, .title = "Offene Portmapper-Dienste", TOLD(2) } } },
    { "[KRITISCH] counts for itself", LIVE,
      { { ONE, THREE, TOLD(2) },
        { TWO, THREE, .at = HOUR, .critical = TRUE, TOLD(2) },
        { "CB-Report#20250212-10000003", THREE, .at = HOUR + DAY - 1, .critical = TRUE,
          .status = "handled", .suppressed = 3 },
        { "CB-Report#20250212-10000004", THREE, .at = HOUR + DAY, .critical = TRUE, TOLD(2) },
        { "CB-Report#20250212-10000005", THREE, .at = 8 * DAY, .status = "handled",
          .suppressed = 3 } } },
    { "a clock that was days ahead when it told", LIVE,
      { { ONE, THREE, .at = 10 * DAY, TOLD(2) }, { TWO, THREE, .at = HOUR, TOLD(2) } } },
    { "a pilot tells nobody, so nothing was told", "[notices]\ndesk=desk@example.org\n",
      { { ONE, THREE, TOLD(2) }, { TWO, THREE, TOLD(2) } } },
    { "deliver=hold makes a notice that waits", LIVE,
      { { ONE, { "192.0.2.1", "192.0.2.33" }, .status = "attention", .notified = 1, .held = 1,
          .notices = 1 } } },
    { "as many notices a day as brake-notices lets pass", LIVE "brake-notices=4\nrenotify-after=0\n",
      { { ONE, THREE, TOLD(2) }, { TWO, THREE, .at = HOUR, TOLD(2) },
        { "CB-Report#20250212-10000003", { "192.0.2.1" }, .at = DAY - 1, .status = "held",
          .held = 1 },
        { "CB-Report#20250212-10000004", { "192.0.2.1" }, .at = DAY + 1, .status = "handled",
          .notified = 1, .notices = 1 } } },
    { "an unproven copy does not take the key", LIVE,
      { { ONE, THREE, .stranger = TRUE, .status = "unverified" }, { ONE, THREE, TOLD(2) },
        { ONE, THREE, .stranger = TRUE, .status = "unverified" },
        { ONE, THREE, .status = AGAIN } } },
    { "a signature under another ticket is a replay, held and not told", LIVE "renotify-after=0\n",
      { { ONE, THREE, .signature = "pgp:1", TOLD(2) },
        { TWO, THREE, .signature = "pgp:1", .status = "held", .held = 3 },
        { "CB-Report#20250212-10000003", THREE, .signature = "pgp:2", TOLD(2) } } },
    { "a copy with a proven header takes the place of a held one without", LIVE,
      { { ONE, THREE, .signature = "pgp:1", .title = "Verwundbare Toaster", .status = "held",
          .held = 3 },
        { ONE, THREE, TOLD(2) },
        { ONE, THREE, .status = AGAIN },
        { ONE, THREE, .signature = "pgp:1", .status = AGAIN } } },
    { "in doubt, a signed part is known by its signature, whatever the Message-ID", LIVE,
      { { ONE, THREE, .no_end = TRUE, .message_id = "<a@example.org>", .signature = "pgp:1",
          .status = "held" },
        { ONE, THREE, .no_end = TRUE, .message_id = "<b@example.org>", .signature = "pgp:1",
          .status = AGAIN } } },
    { "an old one is old under every ticket", LIVE,
      { { ONE, THREE, .at = 30 * DAY, .signature = "pgp:1", .status = "old", .held = 3 },
        { TWO, THREE, .at = 30 * DAY, .signature = "pgp:1", .status = "old", .held = 3 },
        { ONE, THREE, .at = 30 * DAY, .signature = "pgp:1", .status = AGAIN } } },
    { "the same one under its own ticket is no replay", LIVE "renotify-after=0\n",
      { { ONE, THREE, .signature = "pgp:1", TOLD(2) },
        { ONE, { "192.0.2.3" }, .signature = "pgp:1", .status = "handled", .notified = 1,
          .notices = 1 } } },
    { "a replay that came first does not harm the genuine one whose header is proven", LIVE,
      { { TWO, THREE, .signature = "pgp:1", TOLD(2) }, { ONE, THREE, .status = "handled",
          .suppressed = 3 } } },
    { "[KRITISCH] that only a signature proves lifts nothing", LIVE,
      { { ONE, THREE, TOLD(2) },
        { TWO, THREE, .at = HOUR, .critical = TRUE, .signature = "pgp:1", .status = "handled",
          .suppressed = 3 } } },
    { "a held report is held once", LIVE,
      { { ONE, THREE, .title = "Verwundbare Toaster", .status = "held", .held = 3 },
        { ONE, THREE, .title = "Verwundbare Toaster", .status = AGAIN } } },
    { "in doubt: known by its Message-ID", LIVE,
      { { ONE, THREE, .no_end = TRUE, .message_id = "<a@example.org>", .status = "held" },
        { ONE, THREE, .no_end = TRUE, .message_id = "<a@example.org>", .status = AGAIN },
        { ONE, THREE, .no_end = TRUE, .message_id = "<b@example.org>", .status = "held" } } },
};

static void test_stories(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(stories); i++) {
        World world;
        set_up(&world, stories[i].extra);
        for (guint s = 0; s < G_N_ELEMENTS(stories[i].steps); s++)
            if (stories[i].steps[s].ticket != NULL) {
                g_test_message("%s: mail %u", stories[i].name, s + 1);
                run_step(&world, &stories[i].steps[s], NULL);
            }
        fixture_tear_down(&world);
    }
}

static char *notice_text(const World *world, const char *state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reference = maker_value(world->ledger, LEDGER_NOTICES, state, "reference");
    g_assert_nonnull(reference);
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, reference, &error);
    g_assert_no_error(error);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    gsize length;
    return message_part_text(message, 0, &length, &error);
}

/* The desk is told of the first unproven report, and again when a day was quiet. */
static void test_unproven_told(void)
{
    static const struct {
        const char *ticket;
        gint64 at;
        guint mails; /* in all, afterwards */
    } cases[] = {
        { ONE, 0, 1 },
        { TWO, MINUTE, 1 },
        { "CB-Report#20250212-10000003", MINUTE + DAY, 1 },
        { "CB-Report#20250212-10000004", MINUTE + 2 * DAY + 1, 2 },
    };
    World world;

    set_up(&world, LIVE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Step step = { cases[i].ticket, THREE, .at = cases[i].at, .stranger = TRUE,
                            .status = "unverified" };
        run_step(&world, &step, NULL);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "pending"), ==, cases[i].mails);
    }
    g_autofree char *text = notice_text(&world, "pending");
    g_assert_nonnull(strstr(text, "client: 2001:db8:: is in none of clients="));
    g_assert_nonnull(strstr(text, "certbundctl accept 'CB-Report#20250212-10000004'"));
    fixture_tear_down(&world);
}

/* A genuine signed part can be sent again by whoever has it, under any ticket: of the third one
 * on nothing is kept but a line, and the desk is told once. */
static void test_replays_kept(void)
{
    World world;

    set_up(&world, LIVE "renotify-after=0\n");
    for (guint i = 0; i < 5; i++) {
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-1000000%u", i);
        const Step step = { ticket, { "192.0.2.1" }, .signature = "pgp:1",
                            .status = i == 0 ? "handled" : "held", .notified = i == 0,
                            .held = i > 0, .notices = i == 0 };
        run_step(&world, &step, NULL);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, "held"), ==, i > 0);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "pending"), ==, i > 0 ? 2 : 1);
    }
    fixture_tear_down(&world);
}

/* Two are told, a third is new: the notice has the new one, and says that two are open. */
static void test_still_open(void)
{
    static const Step first = { ONE, { "192.0.2.1", "192.0.2.2" }, .status = "handled",
                                .notified = 2, .notices = 1 };
    static const Step second = { TWO, { "192.0.2.1", "192.0.2.2", "192.0.2.3" }, .at = DAY,
                                 .status = "handled", .notified = 1, .suppressed = 2,
                                 .notices = 1 };
    World world;

    set_up(&world, LIVE);
    run_step(&world, &first, NULL);
    run_step(&world, &second, NULL);
    g_autofree char *text = notice_text(&world, "pending"); /* the newest */
    g_test_message("%s", text);
    g_assert_nonnull(strstr(text, "192.0.2.3"));
    g_assert_null(strstr(text, "192.0.2.1\""));
    g_assert_nonnull(strstr(text, "2 "));
    g_assert_nonnull(strstr(text, "11. Februar 2025"));
    g_assert_nonnull(strstr(text, "11 February 2025"));
    fixture_tear_down(&world);
}

/* What the desk has exempted is told to nobody, until the exemption ends. */
static void test_exempted(void)
{
    static const Step before = { ONE, THREE, .status = "handled", .notified = 1, .exempt = 2,
                                 .notices = 1 };
    static const Step after = { TWO, THREE, .at = HOUR, TOLD(2) };
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    World world;

    set_up(&world, LIVE "renotify-after=0\n");
    LedgerExemption exemption = { .class_id = "open-telnet", .reason = "honeypot",
                                  .person = "eva", .until = (SENT + HOUR) * G_USEC_PER_SEC };
    g_assert_true(network_parse("192.0.2.0/28", &exemption.network, &error));
    ledger_exempt(world.ledger, &exemption, SENT * G_USEC_PER_SEC, &id, &error);
    g_assert_no_error(error);
    run_step(&world, &before, NULL);
    run_step(&world, &after, NULL);
    fixture_tear_down(&world);
}

static void bounce(const World *world, const char *contact)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reference
        = maker_value(world->ledger, LEDGER_NOTICES, "handed-over", "reference");
    gboolean first;

    ledger_bounced(world->ledger, reference, contact, "5.1.1", TRUE, SENT * G_USEC_PER_SEC,
                   &first, &error);
    g_assert_no_error(error);
}

static void hand_over(const World *world)
{
    g_autoptr(GError) error = NULL;
    gint64 next;
    g_autoptr(GPtrArray) claims = ledger_claim(world->ledger, "test", 10,
                                               (SENT + 30 * DAY) * G_USEC_PER_SEC, &next, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < claims->len; i++) {
        const LedgerClaim *claim = claims->pdata[i];
        const LedgerResult result = { .id = claim->id, .state = NOTICE_HANDED_OVER,
                                      .reply = "250 ok", .queue_id = "" };
        ledger_mark(world->ledger, &result, 1, SENT * G_USEC_PER_SEC, &error);
        g_assert_no_error(error);
    }
}

/* One contact of two bounces: the other is told.  Both: the rows wait, as a held notice. */
static void test_contacts(void)
{
    static const Step mails[] = {
        { ONE, { "192.0.2.1" }, .status = "handled", .notified = 1, .notices = 1 },
        { TWO, { "192.0.2.1" }, .at = HOUR, .status = "handled", .notified = 1, .notices = 1 },
        { "CB-Report#20250212-10000003", { "192.0.2.1" }, .at = 2 * HOUR, .status = "attention",
          .held = 1 },
    };
    World world;

    set_up(&world, LIVE "renotify-after=0\n");
    run_step(&world, &mails[0], NULL);
    hand_over(&world);
    bounce(&world, "anna@example.net");
    run_step(&world, &mails[1], NULL);
    g_autofree char *to = maker_value(world.ledger, LEDGER_NOTICES, "pending", "recipients");
    g_assert_cmpstr(to, ==, "noc@example.net");
    hand_over(&world);
    bounce(&world, "noc@example.net");
    run_step(&world, &mails[2], NULL);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "held"), ==, 1);
    fixture_tear_down(&world);
}

/* deliver=digest, and no contact takes mail: the row waits in a notice of its own, and the
 * digest stays as it was. */
static void test_digest_contact(void)
{
    static const Step mails[] = {
        { ONE, { "192.0.2.1" }, .critical = TRUE, .status = "handled", .notified = 1,
          .notices = 1 },
        { TWO, { "192.0.2.2" }, .at = HOUR, .status = "handled", .notified = 1, .notices = 1 },
        { "CB-Report#20250212-10000003", { "192.0.2.3" }, .at = 2 * HOUR, .status = "attention",
          .held = 1 },
    };
    World world;

    set_up(&world, LIVE "digest-at=09:00 UTC\nrenotify-after=0\n");
    snapshot_unref(world.snapshot);
    world.snapshot = fixture_snapshot(
        world.directory, LIVE "digest-at=09:00 UTC\n",
        "network,customer,email,deliver\n192.0.2.0/28,anna,anna@example.net,digest\n");
    run_step(&world, &mails[0], NULL);
    g_autoptr(GError) error = NULL;
    gint64 next;
    g_autoptr(GPtrArray) claims
        = ledger_claim(world.ledger, "test", 10, SENT * G_USEC_PER_SEC, &next, &error);
    g_assert_cmpuint(claims->len, ==, 1);
    const LedgerResult result = { .id = ((LedgerClaim *)claims->pdata[0])->id,
                                  .state = NOTICE_HANDED_OVER, .reply = "250 ok", .queue_id = "" };
    g_assert_true(ledger_mark(world.ledger, &result, 1, SENT * G_USEC_PER_SEC, &error));
    run_step(&world, &mails[1], NULL);
    bounce(&world, "anna@example.net");
    run_step(&world, &mails[2], NULL);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "held"), ==, 1);
    g_autoptr(GPtrArray) late = ledger_claim(world.ledger, "late", 10,
                                             (SENT + DAY) * G_USEC_PER_SEC, &next, &error);
    g_assert_cmpuint(late->len, ==, 2);
    g_assert_cmpstr(((LedgerClaim *)late->pdata[0])->recipients[0], ==, "desk@example.org");
    g_assert_cmpstr(((LedgerClaim *)late->pdata[1])->recipients[0], ==, "anna@example.net");
    fixture_tear_down(&world);
}

/* A held report is run again by a person, past what held it, in its own place. */
static void test_released(void)
{
    static const Step held = { ONE, THREE, .status = "held", .held = 3 };
    static const Step run = { ONE, THREE, .at = DAY, TOLD(2) };
    static const Step again = { ONE, THREE, .at = DAY, .status = AGAIN };
    World world;

    set_up(&world, LIVE "brake-customers=1\n");
    run_step(&world, &held, NULL);
    g_autofree char *id = maker_value(world.ledger, LEDGER_HELD, NULL, "id");
    run_step(&world, &run, id);
    run_step(&world, &again, NULL);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, "done"), ==, 1);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, 1);
    g_autofree char *provenance
        = maker_value(world.ledger, LEDGER_REPORTS, NULL, "provenance");
    g_assert_cmpstr(provenance, ==, "client"); /* as it came, not as it was released */
    fixture_tear_down(&world);
}

#define REWRITE "[original]\ndisposition=rewrite\nrewrite-single=yes\n"

static void record_copy(World *world, const Step *step, gboolean copy, Recorded *recorded_r)
{
    g_autoptr(GPtrArray) recipients = g_ptr_array_new();
    g_autoptr(GHmac) id = secret_mark_start(world->secret, "<a@example.org>");
    const CopyInHand hand = { recipients, id };
    g_autoptr(GBytes) mail = make_mail(step);
    g_autoptr(Subject) subject = subject_of(step);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision
        = decide(world->snapshot, mail, &fixture_client, SENT + step->at, VOUCHED_BY_NOBODY,
                 &error);
    const RecordInput input = { .ledger = world->ledger, .secret = world->secret, .bytes = mail,
                                .subject = subject, .queue_id = "4TEST", .client = "",
                                .person = "", .copy = copy ? &hand : NULL };

    prove_less(decision, step);
    g_ptr_array_add(recipients, (char *)(gsize) "<Abuse@example.org>");
    gboolean done = record_decision(&input, decision, (SENT + step->at) * G_USEC_PER_SEC,
                                    recorded_r, &error);
    g_assert_no_error(error);
    g_assert_true(done);
}

/* Which report's mail becomes its one notice, and what the ledger then has: that notice, and the
 * original for the desk. */
static void test_single(void)
{
    static const struct {
        const char *name, *extra;
        Step step;
        gboolean no_copy, single;
    } cases[] = {
        { .name = "one customer", .extra = LIVE REWRITE, .step = { .ticket = ONE, .addresses = { "192.0.2.1", "192.0.2.2" } }, .single = TRUE },
        { .name = "no copy in hand", .extra = LIVE REWRITE, .step = { .ticket = ONE, .addresses = { "192.0.2.1" } }, .no_copy = TRUE },
        { .name = "two customers", .extra = LIVE REWRITE, .step = { .ticket = ONE, .addresses = THREE } },
        { .name = "and a row that is nobody's", .extra = LIVE REWRITE, .step = { .ticket = ONE, .addresses = { "192.0.2.1", "203.0.113.1" } } },
        { .name = "to be held", .extra = LIVE REWRITE, .step = { .ticket = ONE, .addresses = { "192.0.2.33" } } },
        { .name = "only a part is proven", .extra = LIVE REWRITE, .step = { .ticket = ONE, .addresses = { "192.0.2.1" }, .signature = "pgp:1" } },
        { .name = "rewrite-single=no", .extra = LIVE "[original]\ndisposition=rewrite\n", .step = { .ticket = ONE, .addresses = { "192.0.2.1" } } },
        { .name = "pilot", .extra = "[notices]\ndesk=desk@example.org\n" REWRITE, .step = { .ticket = ONE, .addresses = { "192.0.2.1" } } },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        World world;
        Recorded recorded;
        g_test_message("%s", cases[i].name);
        set_up(&world, cases[i].extra);
        record_copy(&world, &cases[i].step, !cases[i].no_copy, &recorded);
        g_assert_true((recorded.single != NULL) == cases[i].single);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "in-mta"), ==, cases[i].single);
        if (cases[i].single) {
            g_autofree char *to = maker_value(world.ledger, LEDGER_NOTICES, "pending",
                                              "recipients");
            g_assert_cmpstr(to, ==, "abuse@example.org");
            g_assert_cmpstr(recorded.single->recipients[0], ==, "anna@example.net");
        }
        recorded_clear(&recorded);
        fixture_tear_down(&world);
    }
}

/* The same mail again: the same notice again, for as long as a client may try. */
static void test_single_again(void)
{
    static const struct {
        const char *name, *message_id;
        gint64 after;
        gboolean no_copy, again;
    } cases[] = {
        { .name = "at once", .message_id = NULL, .after = 0, .again = TRUE },
        { .name = "at the end of its time", .message_id = NULL, .after = SINGLE_SECS, .again = TRUE },
        { .name = "a second later", .message_id = NULL, .after = SINGLE_SECS + 1 },
        { .name = "another mail", .message_id = "<other@example.org>", .after = 0 },
        { .name = "with a recipient outside", .message_id = NULL, .after = 0, .no_copy = TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Step first = { .ticket = ONE, .addresses = { "192.0.2.1" } };
        const Step second = { .ticket = ONE, .addresses = { "192.0.2.1" }, .at = cases[i].after,
                              .message_id = cases[i].message_id };
        World world;
        Recorded before, after;
        g_test_message("%s", cases[i].name);
        set_up(&world, LIVE REWRITE);
        record_copy(&world, &first, TRUE, &before);
        record_copy(&world, &second, !cases[i].no_copy, &after);
        g_assert_cmpint(after.outcome, ==, LEDGER_DUPLICATE);
        g_assert_true((after.single != NULL) == cases[i].again);
        if (cases[i].again) {
            g_assert_true(g_bytes_equal(after.single->bytes, before.single->bytes));
            g_assert_cmpstr(after.single->sender, ==, before.single->sender);
        }
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "in-mta"), ==, 1);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "pending"), ==, 1);
        recorded_clear(&before);
        recorded_clear(&after);
        fixture_tear_down(&world);
    }
}

/* RECORD_UNPROVEN_MAX bytes of unproven mails are kept, and not one more. */
static void test_unproven_limit(void)
{
    static const Step step = { ONE, THREE, .stranger = TRUE, .status = "unverified" };
    g_autoptr(GBytes) mail = make_mail(&step);
    gsize size = RECORD_UNPROVEN_MAX - g_bytes_get_size(mail);

    for (guint above = 0; above < 2; above++) {
        g_autoptr(GBytes) others = g_bytes_new_take(g_malloc0(size + above), size + above);
        const Made made = { .ticket = TWO, .state = REPORT_UNVERIFIED, .mail = others };
        g_autoptr(GError) error = NULL;
        g_autoptr(Decision) decision = NULL;
        Recorded recorded;
        World world;

        set_up(&world, LIVE);
        maker_must_record(world.ledger, &made);
        gboolean fine = record(&world, &step, mail, NULL, &decision, &recorded, &error);
        g_assert_no_error(error);
        g_assert_true(fine);
        g_assert_true(recorded.kept == (above == 0));
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, above == 0 ? 2 : 1);
        recorded_clear(&recorded);
        fixture_tear_down(&world);
    }
}

/* Of the first notice in this state, all that is attached. */
static char *notice_file(const World *world, const char *state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reference = maker_value(world->ledger, LEDGER_NOTICES, state, "reference");
    g_autoptr(GBytes) bytes = ledger_notice_bytes(world->ledger, reference, &error);
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    gsize length;
    g_assert_cmpuint(message_n_parts(message), ==, 2);
    return message_part_text(message, 1, &length, &error);
}

/* A digest takes rows whose cells together are longer than any cell may be: cut, and one
 * that just fits is not. */
static void test_digest_details(void)
{
    static const char *const columns[] = { "asn", "ip", "timestamp", "a", "b", NULL };
    for (guint above = 0; above < 2; above++) {
        World world;
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
        g_autofree char *half = g_strnfill(DIGEST_DETAILS_MAX / 2 - 4, 'x');
        g_autofree char *rest = g_strnfill(DIGEST_DETAILS_MAX / 2 - 2 + above, 'y');

        set_up(&world, LIVE);
        snapshot_unref(world.snapshot);
        world.snapshot = fixture_snapshot(
            world.directory, LIVE,
            "network,customer,email,deliver\n192.0.2.0/28,anna,a@example.net,digest\n");
        g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", half, rest,
                                       NULL));
        const MailOptions options = { .ticket = ONE, .title = "Offene Telnet-Server",
                                      .scope = "AS64496", .columns = columns, .rows = rows };
        g_autoptr(GBytes) mail = mail_make(&options);
        static const Step step = { ONE, { NULL }, .status = "handled", .notified = 1,
                                   .notices = 1 };
        g_autoptr(Decision) decision = NULL;
        Recorded recorded;
        gboolean fine = record(&world, &step, mail, NULL, &decision, &recorded, &error);
        g_assert_no_error(error);
        g_assert_true(fine);
        check_step(&step, decision, &recorded);
        g_autofree char *text = notice_file(&world, "pending");
        g_assert_true((strstr(text, "yyy ...") != NULL) == (above == 1));
        recorded_clear(&recorded);
        fixture_tear_down(&world);
    }
}

/* Nothing of a report that could not be committed is there. */
static void test_nothing_remains(void)
{
    static const Step step = { ONE, THREE, TOLD(2) };
    g_autoptr(GBytes) mail = make_mail(&step);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision = NULL;
    Recorded recorded;
    World world;

    set_up(&world, LIVE);
    g_autofree char *path = g_build_filename(world.directory, "ledger.db", NULL);
    g_autoptr(Ledger) other = maker_open(path, LEDGER_TOOL);
    const Made made = { .ticket = TWO, .digest = "d", .n_rows = 2 };
    LedgerReport report = maker_report(&made);
    LedgerOutcome outcome;
    g_autoptr(LedgerTransaction) writer
        = ledger_begin(other, &report, NULL, "eva", &outcome, &error);
    g_assert_no_error(error);
    gboolean fine = record(&world, &step, mail, NULL, &decision, &recorded, &error);
    g_assert_false(fine);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    recorded_clear(&recorded);
    g_clear_pointer(&writer, ledger_abort);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, 0);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, NULL), ==, 0);
    run_step(&world, &step, NULL);
    fixture_tear_down(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/record/stories", test_stories);
    g_test_add_func("/record/unproven-told", test_unproven_told);
    g_test_add_func("/record/replays-kept", test_replays_kept);
    g_test_add_func("/record/still-open", test_still_open);
    g_test_add_func("/record/exempted", test_exempted);
    g_test_add_func("/record/contacts", test_contacts);
    g_test_add_func("/record/released", test_released);
    g_test_add_func("/record/single", test_single);
    g_test_add_func("/record/single-again", test_single_again);
    g_test_add_func("/record/unproven-limit", test_unproven_limit);
    g_test_add_func("/record/digest-contact", test_digest_contact);
    g_test_add_func("/record/digest-details", test_digest_details);
    g_test_add_func("/record/nothing-remains", test_nothing_remains);
    return g_test_run();
}
