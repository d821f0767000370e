/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A time of day and when it is next; also on the days when clocks are changed. */
#include "daytime.h"

static gint64 at(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
    g_assert_nonnull(time);
    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static void test_next(void)
{
    static const struct {
        const char *daytime, *after, *want;
    } cases[] = {
        { "06:00 UTC", "2025-02-12T05:59:59Z", "2025-02-12T06:00:00Z" },
        { "06:00 UTC", "2025-02-12T06:00:00Z", "2025-02-13T06:00:00Z" },
        { "06:00 Z", "2025-02-28T23:00:00Z", "2025-03-01T06:00:00Z" },
        { "00:00 UTC", "2025-12-31T00:00:01Z", "2026-01-01T00:00:00Z" },
        { "23:59 UTC", "2025-02-12T00:00:00Z", "2025-02-12T23:59:00Z" },
        { "07:00 +02:00", "2025-02-12T05:30:00Z", "2025-02-13T05:00:00Z" },
        { "01:00 +14:00", "2025-02-12T10:30:00Z", "2025-02-12T11:00:00Z" },
        { "23:00 -12:00", "2025-02-12T10:30:00Z", "2025-02-12T11:00:00Z" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Daytime daytime;
        g_test_message("%s after %s", cases[i].daytime, cases[i].after);
        g_assert_true(daytime_parse(cases[i].daytime, &daytime));
        g_assert_cmpint(daytime_next(&daytime, at(cases[i].after)), ==, at(cases[i].want));
        daytime_clear(&daytime);
    }
}

/* 2025-03-30 at 02:00 clocks went to 03:00, on 2025-10-26 at 03:00 to 02:00. */
static void test_summer_time(void)
{
    static const struct {
        const char *daytime, *after, *want;
    } cases[] = {
        { "07:00 Europe/Berlin", "2025-03-29T07:00:00Z", "2025-03-30T05:00:00Z" },
        { "07:00 Europe/Berlin", "2025-10-25T07:00:00Z", "2025-10-26T06:00:00Z" },
        { "02:30 Europe/Berlin", "2025-03-29T07:00:00Z", "2025-03-30T01:00:00Z" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Daytime daytime;
        if (!daytime_parse(cases[i].daytime, &daytime)) {
            g_test_skip("this machine does not know Europe/Berlin (Debian package tzdata)");
            return;
        }
        g_test_message("%s after %s", cases[i].daytime, cases[i].after);
        g_assert_cmpint(daytime_next(&daytime, at(cases[i].after)), ==, at(cases[i].want));
        daytime_clear(&daytime);
    }
}

/* Many steps in a row: never the same, never more than two days on. */
static void test_steps(void)
{
    Daytime daytime;
    gint64 day = 86400 * (gint64)G_USEC_PER_SEC, time = at("2025-01-01T00:00:00Z");

    if (!daytime_parse("02:30 Europe/Berlin", &daytime))
        g_assert_true(daytime_parse("02:30 UTC", &daytime));
    for (guint i = 0; i < 800; i++) {
        gint64 next = daytime_next(&daytime, time);
        g_assert_cmpint(next, >, time);
        g_assert_cmpint(next - time, <=, 2 * day);
        time = next;
    }
    daytime_clear(&daytime);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daytime/next", test_next);
    g_test_add_func("/daytime/summer-time", test_summer_time);
    g_test_add_func("/daytime/steps", test_steps);
    return g_test_run();
}
