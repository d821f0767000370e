/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of the outbox's rules: pauses, the end of them, the MTA's queue ids and the throttle, by
 * times of the test's own. */
#include "outbox-rules.h"

#include "config.h"
#include "ledger-maker.h"
#include "outbox.h"

#define MIN_USECS (60 * MAKER_SEC)

/* RFC 5321 section 4.5.4.1: pauses grow, and it is given up after 4 to 5 days. */
static void test_backoff(void)
{
    static const struct {
        guint attempts;
        gint64 minutes;
    } cases[] = { { 0, 1 }, { 1, 1 }, { 2, 2 }, { 3, 4 }, { 4, 8 }, { 5, 16 }, { 6, 32 },
                  { 7, 64 }, { 8, 128 }, { 9, 240 }, { 10, 240 }, { 37, 240 },
                  { G_MAXUINT, 240 } };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(outbox_backoff(cases[i].attempts), ==, cases[i].minutes * 60);
}

static void test_giving_up(void)
{
    static const gint64 age_max = OUTBOX_GIVE_UP_SECS * MAKER_SEC;
    static const struct {
        const char *name;
        guint attempts;
        gint64 age;
        NoticeState want;
    } cases[] = {
        { "new", 1, 0, NOTICE_PENDING },
        { "a microsecond before five days", 36, age_max - 1, NOTICE_PENDING },
        { "five days", 36, age_max, NOTICE_FAILED },
        { "five days, third attempt", OUTBOX_TRIES_MIN, age_max, NOTICE_FAILED },
        { "the clock has jumped ahead", OUTBOX_TRIES_MIN - 1, 100 * age_max, NOTICE_PENDING },
        { "the clock has jumped back", 36, -100 * age_max, NOTICE_PENDING },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 due = 0, created = 200 * age_max, now = created + cases[i].age;
        g_test_message("%s", cases[i].name);
        g_assert_cmpint(outbox_after_failure(cases[i].attempts, created, now, &due), ==,
                        cases[i].want);
        g_assert_cmpint(due, ==, now + outbox_backoff(cases[i].attempts) * MAKER_SEC);
    }
}

/* Replies as Postfix 3.7, Sendmail 8.17, Exim 4.96 and OpenSMTPD 6.8 form them. */
static void test_queue_id(void)
{
    static const struct {
        const char *reply, *want;
    } cases[] = {
        { "250 2.0.0 Ok: queued as 4ABC", "4ABC" },
        { "250 2.0.0 Ok: queued as 4YtX1g2Mz1z3", "4YtX1g2Mz1z3" },
        { "250 2.0.0 from MTA(smtp:[192.0.2.1]:10025): 250 2.0.0 Ok: queued as B2C4", "B2C4" },
        { "250 2.0.0 51BBAPxx004711 Message accepted for delivery", "51BBAPxx004711" },
        { "250 OK id=1tiABC-0001Xy-2B", "1tiABC-0001Xy-2B" },
        { "250 2.0.0 6c3a1b2f Message accepted for delivery", "6c3a1b2f" },
        { "250 Message accepted for delivery", "" },
        { "250 2.0.0 <b> Message accepted for delivery", "" },
        { "250 2.0.0 Ok: queued as ", "" },
        { "250 2.0.0 Ok: queued as a\"b", "" },
        { "250 2.0.0 Ok: queued as "
          "0123456789012345678901234567890123456789012345678901234567890123",
          "0123456789012345678901234567890123456789012345678901234567890123" },
        { "250 2.0.0 Ok: queued as "
          "01234567890123456789012345678901234567890123456789012345678901234", "" },
        { "450 4.0.0 not queued as 4ABC", "" },
        { "250 2.0.0 Ok", "" },
        { "", "" },
        { NULL, "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *id = outbox_queue_id(cases[i].reply);
        g_assert_cmpstr(id, ==, cases[i].want);
    }
}

static void test_throttle(void)
{
    Throttle throttle = { 0, 0 };
    gint64 wait, now = 1000 * MAKER_SEC;

    g_assert_cmpuint(throttle_take(&throttle, 0, 50, now, &wait), ==, 50); /* none */
    g_assert_cmpuint(throttle_take(&throttle, 60, 50, now, &wait), ==, 1);
    g_assert_cmpuint(throttle_take(&throttle, 60, 50, now, &wait), ==, 0);
    g_assert_cmpint(wait, ==, MAKER_SEC);
    g_assert_cmpuint(throttle_take(&throttle, 60, 50, now + wait - 1, &wait), ==, 0);
    g_assert_cmpint(wait, ==, 1);
    g_assert_cmpuint(throttle_take(&throttle, 60, 50, now + MAKER_SEC, &wait), ==, 1);
    throttle_give_back(&throttle, 1);
    g_assert_cmpuint(throttle_take(&throttle, 60, 50, now + MAKER_SEC, &wait), ==, 1);

    /* Asked as often as can be, a minute sees its number and one bucket. */
    static const guint rates[] = { 1, 59, 600, CONFIG_THROTTLE_MAX };
    for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
        guint n = 0;
        throttle = (Throttle) { 0, 0 };
        for (gint64 t = now; t < now + MIN_USECS; t += MAX(wait, 1000))
            n += throttle_take(&throttle, rates[i], OUTBOX_BATCH, t, &wait);
        g_test_message("%u a minute: %u", rates[i], n);
        g_assert_cmpuint(n, <=, rates[i] + MAX(rates[i] / 60, 1));
        if (rates[i] < CONFIG_THROTTLE_MAX)
            g_assert_cmpuint(n, >=, rates[i]);
    }
    throttle = (Throttle) { 0, 0 }; /* idle for a year, and a clock that stands still */
    throttle_take(&throttle, CONFIG_THROTTLE_MAX, 1, now, &wait);
    g_assert_cmpuint(throttle_take(&throttle, CONFIG_THROTTLE_MAX, 5000, now + 365 * MAKER_DAY,
                                   &wait), ==, CONFIG_THROTTLE_MAX / 60);
    g_assert_cmpuint(throttle_take(&throttle, CONFIG_THROTTLE_MAX, 1, now, &wait), ==, 0);
    g_assert_cmpint(wait, >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/outbox/backoff", test_backoff);
    g_test_add_func("/outbox/giving-up", test_giving_up);
    g_test_add_func("/outbox/queue-id", test_queue_id);
    g_test_add_func("/outbox/throttle", test_throttle);
    return g_test_run();
}
