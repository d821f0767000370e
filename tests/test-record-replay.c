/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* decision -> ledger, of what anybody can send: who is told of it, and what is kept. */
#include "ledger-maker.h"
#include "story.h"

#include <string.h>

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
    FixtureWorld world;

    story_set_up(&world, LIVE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const StoryStep step = { cases[i].ticket, THREE, .at = cases[i].at, .stranger = TRUE,
                            .status = "unverified" };
        story_step(&world, &step, NULL);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "pending"), ==, cases[i].mails);
    }
    g_autofree char *text = story_notice_text(&world, "pending");
    g_assert_nonnull(strstr(text, "client: 2001:db8:: is in none of clients="));
    g_assert_nonnull(strstr(text, "certbundctl accept 'CB-Report#20250212-10000004'"));
    fixture_tear_down(&world);
}

/* A genuine signed part can be sent again by whoever has it, under any ticket: of the third one
 * on nothing is kept but a line, and the desk is told once. */
static void test_replays_kept(void)
{
    FixtureWorld world;

    story_set_up(&world, LIVE "renotify-after=0\n");
    for (guint i = 0; i < 5; i++) {
        g_autofree char *ticket = g_strdup_printf("CB-Report#20250212-1000000%u", i);
        const StoryStep step = { ticket, { "192.0.2.1" }, .signature = "pgp:1",
                            .status = i == 0 ? "handled" : "held", .notified = i == 0,
                            .held = i > 0, .notices = i == 0 };
        story_step(&world, &step, NULL);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, "held"), ==, i > 0);
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_NOTICES, "pending"), ==, i > 0 ? 2 : 1);
    }
    fixture_tear_down(&world);
}

/* RECORD_UNPROVEN_MAX bytes of unproven mails are kept, and not one more. */
static void test_unproven_limit(void)
{
    static const StoryStep step = { ONE, THREE, .stranger = TRUE, .status = "unverified" };
    g_autoptr(GBytes) mail = story_mail(&step);
    gsize size = RECORD_UNPROVEN_MAX - g_bytes_get_size(mail);

    for (guint above = 0; above < 2; above++) {
        g_autoptr(GBytes) others = g_bytes_new_take(g_malloc0(size + above), size + above);
        const Made made = { .ticket = TWO, .state = REPORT_UNVERIFIED, .mail = others };
        g_autoptr(GError) error = NULL;
        g_autoptr(Decision) decision = NULL;
        Recorded recorded;
        FixtureWorld world;

        story_set_up(&world, LIVE);
        maker_must_record(world.ledger, &made);
        gboolean fine = story_record(&world, &step, mail, NULL, &decision, &recorded, &error);
        g_assert_no_error(error);
        g_assert_true(fine);
        g_assert_true(recorded.kept == (above == 0));
        g_assert_cmpuint(maker_count(world.ledger, LEDGER_REPORTS, NULL), ==, above == 0 ? 2 : 1);
        recorded_clear(&recorded);
        fixture_tear_down(&world);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/record/unproven-told", test_unproven_told);
    g_test_add_func("/record/replays-kept", test_replays_kept);
    g_test_add_func("/record/unproven-limit", test_unproven_limit);
    return g_test_run();
}
