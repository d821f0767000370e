/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* decision -> ledger, the mail in hand: when it becomes its one notice, and when again. */
#include "ledger-maker.h"
#include "record-single.h"
#include "story.h"

#include <string.h>

#define REWRITE "[original]\ndisposition=rewrite\nrewrite-single=yes\n"

static void record_copy(FixtureWorld *world, const StoryStep *step, gboolean copy,
                        Recorded *recorded_r)
{
    g_autoptr(GPtrArray) recipients = g_ptr_array_new();
    g_autoptr(GHmac) id = secret_mark_start(world->secret, "<a@example.org>");
    const CopyInHand hand = { recipients, id };
    g_autoptr(GBytes) mail = story_mail(step);
    g_autoptr(Subject) subject = story_subject(step);
    g_autoptr(GError) error = NULL;
    g_autoptr(Decision) decision
        = decide(world->snapshot, mail, &fixture_client, SENT + step->at, VOUCHED_BY_NOBODY,
                 &error);
    const RecordInput input = { .ledger = world->ledger, .secret = world->secret, .bytes = mail,
                                .subject = subject, .queue_id = "4TEST", .client = "",
                                .person = "", .copy = copy ? &hand : NULL };

    story_prove_less(decision, step);
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
        StoryStep step;
        gboolean no_copy, single;
    } cases[] = {
        { .name = "one customer", .extra = LIVE REWRITE,
          .step = { .ticket = ONE, .addresses = { "192.0.2.1", "192.0.2.2" } }, .single = TRUE },
        { .name = "no copy in hand", .extra = LIVE REWRITE,
          .step = { .ticket = ONE, .addresses = { "192.0.2.1" } }, .no_copy = TRUE },
        { .name = "two customers", .extra = LIVE REWRITE,
          .step = { .ticket = ONE, .addresses = THREE } },
        { .name = "and a row that is nobody's", .extra = LIVE REWRITE,
          .step = { .ticket = ONE, .addresses = { "192.0.2.1", "203.0.113.1" } } },
        { .name = "to be held", .extra = LIVE REWRITE,
          .step = { .ticket = ONE, .addresses = { "192.0.2.33" } } },
        { .name = "only a part is proven", .extra = LIVE REWRITE,
          .step = { .ticket = ONE, .addresses = { "192.0.2.1" }, .signature = "pgp:1" } },
        { .name = "rewrite-single=no", .extra = LIVE "[original]\ndisposition=rewrite\n",
          .step = { .ticket = ONE, .addresses = { "192.0.2.1" } } },
        { .name = "pilot", .extra = "[notices]\ndesk=desk@example.org\n" REWRITE,
          .step = { .ticket = ONE, .addresses = { "192.0.2.1" } } },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FixtureWorld world;
        Recorded recorded;
        g_test_message("%s", cases[i].name);
        story_set_up(&world, cases[i].extra);
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
        { .name = "at the end of its time", .message_id = NULL,
          .after = SINGLE_SECS, .again = TRUE },
        { .name = "a second later", .message_id = NULL, .after = SINGLE_SECS + 1 },
        { .name = "another mail", .message_id = "<other@example.org>", .after = 0 },
        { .name = "with a recipient outside", .message_id = NULL, .after = 0, .no_copy = TRUE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const StoryStep first = { .ticket = ONE, .addresses = { "192.0.2.1" } };
        const StoryStep second = { .ticket = ONE, .addresses = { "192.0.2.1" },
                                   .at = cases[i].after, .message_id = cases[i].message_id };
        FixtureWorld world;
        Recorded before, after;
        g_test_message("%s", cases[i].name);
        story_set_up(&world, LIVE REWRITE);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/record/single", test_single);
    g_test_add_func("/record/single-again", test_single_again);
    return g_test_run();
}
