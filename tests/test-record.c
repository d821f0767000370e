/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* decision -> ledger: what becomes of a report's rows by what was recorded before.  Each
 * story is a few mails into one ledger. */
#include "digest.h"
#include "errors.h"
#include "ledger-maker.h"
#include "mail-maker.h"
#include "story.h"

#include <string.h>

typedef struct {
    const char *name, *extra;
    StoryStep steps[5];
} Story;

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
    { "as many notices a day as brake-notices lets pass",
      LIVE "brake-notices=4\nrenotify-after=0\n",
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
        FixtureWorld world;
        story_set_up(&world, stories[i].extra);
        for (guint s = 0; s < G_N_ELEMENTS(stories[i].steps); s++)
            if (stories[i].steps[s].ticket != NULL) {
                g_test_message("%s: mail %u", stories[i].name, s + 1);
                story_step(&world, &stories[i].steps[s], NULL);
            }
        fixture_tear_down(&world);
    }
}

/* Two are told, a third is new: the notice has the new one, and says that two are open. */
static void test_still_open(void)
{
    static const StoryStep first = { ONE, { "192.0.2.1", "192.0.2.2" }, .status = "handled",
                                .notified = 2, .notices = 1 };
    static const StoryStep second = { TWO, { "192.0.2.1", "192.0.2.2", "192.0.2.3" }, .at = DAY,
                                 .status = "handled", .notified = 1, .suppressed = 2,
                                 .notices = 1 };
    FixtureWorld world;

    story_set_up(&world, LIVE);
    story_step(&world, &first, NULL);
    story_step(&world, &second, NULL);
    g_autofree char *text = story_notice_text(&world, "pending"); /* the newest */
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
    static const StoryStep before = { ONE, THREE, .status = "handled", .notified = 1, .exempt = 2,
                                 .notices = 1 };
    static const StoryStep after = { TWO, THREE, .at = HOUR, TOLD(2) };
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    FixtureWorld world;

    story_set_up(&world, LIVE "renotify-after=0\n");
    LedgerExemption exemption = { .class_id = "open-telnet", .reason = "honeypot",
                                  .person = "eva", .until = (SENT + HOUR) * G_USEC_PER_SEC };
    g_assert_true(network_parse("192.0.2.0/28", &exemption.network, &error));
    ledger_exempt(world.ledger, &exemption, SENT * G_USEC_PER_SEC, &id, &error);
    g_assert_no_error(error);
    story_step(&world, &before, NULL);
    story_step(&world, &after, NULL);
    fixture_tear_down(&world);
}

static void bounce(const FixtureWorld *world, const char *contact)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reference
        = maker_value(world->ledger, LEDGER_NOTICES, "handed-over", "reference");
    gboolean first;

    ledger_bounced(world->ledger, reference, contact, "5.1.1", TRUE, SENT * G_USEC_PER_SEC,
                   &first, &error);
    g_assert_no_error(error);
}

static void hand_over(const FixtureWorld *world)
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
    static const StoryStep mails[] = {
        { ONE, { "192.0.2.1" }, .status = "handled", .notified = 1, .notices = 1 },
        { TWO, { "192.0.2.1" }, .at = HOUR, .status = "handled", .notified = 1, .notices = 1 },
        { "CB-Report#20250212-10000003", { "192.0.2.1" }, .at = 2 * HOUR, .status = "attention",
          .held = 1 },
    };
    FixtureWorld world;

    story_set_up(&world, LIVE "renotify-after=0\n");
    story_step(&world, &mails[0], NULL);
    hand_over(&world);
    bounce(&world, "anna@example.net");
    story_step(&world, &mails[1], NULL);
    g_autofree char *to = maker_value(world.ledger, LEDGER_NOTICES, "pending", "recipients");
    g_assert_cmpstr(to, ==, "noc@example.net");
    hand_over(&world);
    bounce(&world, "noc@example.net");
    story_step(&world, &mails[2], NULL);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "held"), ==, 1);
    fixture_tear_down(&world);
}

/* deliver=digest, and no contact takes mail: the row waits in a notice of its own, and the
 * digest stays as it was. */
static void test_digest_contact(void)
{
    static const StoryStep mails[] = {
        { ONE, { "192.0.2.1" }, .critical = TRUE, .status = "handled", .notified = 1,
          .notices = 1 },
        { TWO, { "192.0.2.2" }, .at = HOUR, .status = "handled", .notified = 1, .notices = 1 },
        { "CB-Report#20250212-10000003", { "192.0.2.3" }, .at = 2 * HOUR, .status = "attention",
          .held = 1 },
    };
    FixtureWorld world;

    story_set_up(&world, LIVE "digest-at=09:00 UTC\nrenotify-after=0\n");
    snapshot_unref(world.snapshot);
    world.snapshot = fixture_snapshot(
        world.directory, LIVE "digest-at=09:00 UTC\n",
        "network,customer,email,deliver\n192.0.2.0/28,anna,anna@example.net,digest\n");
    story_step(&world, &mails[0], NULL);
    g_autoptr(GError) error = NULL;
    gint64 next;
    g_autoptr(GPtrArray) claims
        = ledger_claim(world.ledger, "test", 10, SENT * G_USEC_PER_SEC, &next, &error);
    g_assert_cmpuint(claims->len, ==, 1);
    const LedgerResult result = { .id = ((LedgerClaim *)claims->pdata[0])->id,
                                  .state = NOTICE_HANDED_OVER, .reply = "250 ok", .queue_id = "" };
    g_assert_true(ledger_mark(world.ledger, &result, 1, SENT * G_USEC_PER_SEC, &error));
    story_step(&world, &mails[1], NULL);
    bounce(&world, "anna@example.net");
    story_step(&world, &mails[2], NULL);
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
    static const StoryStep held = { ONE, THREE, .status = "held", .held = 3 };
    static const StoryStep run = { ONE, THREE, .at = DAY, TOLD(2) };
    static const StoryStep again = { ONE, THREE, .at = DAY, .status = AGAIN };
    FixtureWorld world;

    story_set_up(&world, LIVE "brake-customers=1\n");
    story_step(&world, &held, NULL);
    g_autofree char *id = maker_value(world.ledger, LEDGER_HELD, NULL, "id");
    story_step(&world, &run, id);
    story_step(&world, &again, NULL);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, "done"), ==, 1);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, 1);
    g_autofree char *provenance
        = maker_value(world.ledger, LEDGER_REPORTS, NULL, "provenance");
    g_assert_cmpstr(provenance, ==, "client"); /* as it came, not as it was released */
    fixture_tear_down(&world);
}

/* Of the first notice in this state, all that is attached. */
static char *notice_file(const FixtureWorld *world, const char *state)
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
        FixtureWorld world;
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
        g_autofree char *half = g_strnfill(DIGEST_DETAILS_MAX / 2 - 4, 'x');
        g_autofree char *rest = g_strnfill(DIGEST_DETAILS_MAX / 2 - 2 + above, 'y');

        story_set_up(&world, LIVE);
        snapshot_unref(world.snapshot);
        world.snapshot = fixture_snapshot(
            world.directory, LIVE,
            "network,customer,email,deliver\n192.0.2.0/28,anna,a@example.net,digest\n");
        g_ptr_array_add(rows, mail_row("64496", "192.0.2.1", "2025-02-11 11:10:25", half, rest,
                                       NULL));
        const MailOptions options = { .ticket = ONE, .title = "Offene Telnet-Server",
                                      .scope = "AS64496", .columns = columns, .rows = rows };
        g_autoptr(GBytes) mail = mail_make(&options);
        static const StoryStep step = { ONE, { NULL }, .status = "handled", .notified = 1,
                                   .notices = 1 };
        g_autoptr(Decision) decision = NULL;
        Recorded recorded;
        gboolean fine = story_record(&world, &step, mail, NULL, &decision, &recorded, &error);
        g_assert_no_error(error);
        g_assert_true(fine);
        story_check(&step, decision, &recorded);
        g_autofree char *text = notice_file(&world, "pending");
        g_assert_true((strstr(text, "yyy ...") != NULL) == (above == 1));
        recorded_clear(&recorded);
        fixture_tear_down(&world);
    }
}

/* Nothing of a report that could not be committed is there. */
static void test_nothing_remains(void)
{
    static const StoryStep step = { ONE, THREE, TOLD(2) };
    g_autoptr(GBytes) mail = story_mail(&step);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision = NULL;
    Recorded recorded;
    FixtureWorld world;

    story_set_up(&world, LIVE);
    g_autofree char *path = g_build_filename(world.directory, "ledger.db", NULL);
    g_autoptr(Ledger) other = maker_open(path, LEDGER_TOOL);
    const Made made = { .ticket = TWO, .digest = "d", .n_rows = 2 };
    LedgerReport report = maker_report(&made);
    LedgerOutcome outcome;
    g_autoptr(LedgerTransaction) writer
        = ledger_begin(other, &report, NULL, "eva", &outcome, &error);
    g_assert_no_error(error);
    gboolean fine = story_record(&world, &step, mail, NULL, &decision, &recorded, &error);
    g_assert_false(fine);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
    recorded_clear(&recorded);
    g_clear_pointer(&writer, ledger_abort);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, 0);
    g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, NULL), ==, 0);
    story_step(&world, &step, NULL);
    fixture_tear_down(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/record/stories", test_stories);
    g_test_add_func("/record/still-open", test_still_open);
    g_test_add_func("/record/exempted", test_exempted);
    g_test_add_func("/record/contacts", test_contacts);
    g_test_add_func("/record/released", test_released);
    g_test_add_func("/record/digest-contact", test_digest_contact);
    g_test_add_func("/record/digest-details", test_digest_details);
    g_test_add_func("/record/nothing-remains", test_nothing_remains);
    return g_test_run();
}
