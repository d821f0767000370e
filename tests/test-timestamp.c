/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of timestamp: CERT-Bund's format, RFC 3339, and printing. */
#include "timestamp.h"

#include <string.h>

#define BAD G_MININT64

typedef struct {
    const char *text;
    gint64 want; /* BAD: refused */
    const char *why;
} Case;

/* Format fact: every automated report writes "2024-05-31 07:15:00" and means UTC. */
static const Case reports[] = {
    { "2024-05-31 07:15:00", 1717139700, "as in a report" },
    { "1970-01-01 00:00:00", 0, "epoch" },
    { "1969-12-31 23:59:59", -1, "before the epoch" },
    { "2000-02-29 12:00:00", 951825600, "leap day of a leap century" },
    { "2100-02-29 12:00:00", BAD, "2100 is no leap year" },
    { "2023-02-29 12:00:00", BAD, "no leap year" },
    { "2024-02-30 12:00:00", BAD, "no such day" },
    { "2024-04-31 12:00:00", BAD, "April has 30" },
    { "2024-00-10 12:00:00", BAD, "month 0" },
    { "2024-13-10 12:00:00", BAD, "month 13" },
    { "2024-10-00 12:00:00", BAD, "day 0" },
    { "2024-10-10 24:00:00", BAD, "hour 24" },
    { "2024-10-10 12:60:00", BAD, "minute 60" },
    { "2024-10-10 12:00:60", BAD, "second 60" },
    { "2016-12-31 23:59:60", BAD, "a real leap second has no number either" },
    { "2024-05-31T07:15:00", BAD, "T" },
    { "2024-05-31 07:15:00Z", BAD, "zone behind" },
    { "2024-05-31 07:15:00 ", BAD, "blank behind" },
    { " 2024-05-31 07:15:00", BAD, "blank before" },
    { "2024-05-31 07:15", BAD, "no seconds" },
    { "2024-05-31", BAD, "no clock" },
    { "2024/05/31 07:15:00", BAD, "slashes" },
    { "2024-05-31 07.15.00", BAD, "dots" },
    { "+024-05-31 07:15:00", BAD, "sign" },
    { "31.05.2024 07:15:00", BAD, "German order" },
    { "", BAD, "empty" },
};

/* RFC 3339 section 5.6: date-time = full-date "T" full-time; its note allows
 * lower case and a blank; time-offset = "Z" / time-numoffset. */
static const Case rfc3339[] = {
    { "2025-02-11T11:10:25Z", 1739272225, "UTC" },
    { "2025-02-11t11:10:25z", 1739272225, "lower case" },
    { "2025-02-11 11:10:25Z", 1739272225, "blank for T" },
    { "2025-02-11T12:10:25+01:00", 1739272225, "east" },
    { "2025-02-11T00:40:25-10:30", 1739272225, "west, half an hour" },
    { "2025-02-12T01:10:25+14:00", 1739272225, "farthest east, the next day there" },
    { "2025-02-11T11:10:25.999Z", 1739272225, "fractions are cut" },
    { "2025-02-11", 1739232000, "a date is its midnight UTC" },
    { "1985-04-12T23:20:50.52Z", 482196050, "RFC 3339 section 5.8" },
    { "1996-12-19T16:39:57-08:00", 851042397, "RFC 3339 section 5.8" },
    { "1990-12-31T23:59:60Z", BAD, "RFC 3339 section 5.8; a departure of ours" },
    { "1937-01-01T12:00:27.87+00:20", -1041337173, "RFC 3339 section 5.8" },
    { "0000-01-01T00:00:00Z", -62167219200, "first year" },
    { "9999-12-31T23:59:59Z", 253402300799, "last year" },
    { "2025-02-11T11:10:25", BAD, "no zone" },
    { "2025-02-11T11:10:25.Z", BAD, "empty fraction" },
    { "2025-02-11T11:10:25+0100", BAD, "zone without colon" },
    { "2025-02-11T11:10:25+24:00", BAD, "zone out of range" },
    { "2025-02-11T11:10:25+01:60", BAD, "zone's minutes out of range" },
    { "2025-02-11T11:10:25ZZ", BAD, "more behind" },
    { "2025-02-11T11:10Z", BAD, "no seconds" },
    { "2025-02-11T", BAD, "T and nothing" },
    { "2025-02-11 ", BAD, "blank behind the date" },
    { "2025-2-11", BAD, "one digit" },
    { "20250211", BAD, "no hyphens" },
    { "tomorrow", BAD, "a word" },
    { "", BAD, "empty" },
};

static const Case formats[] = {
    { "1970-01-01T00:00:00Z", 0, "epoch" },
    { "2025-02-11T11:10:25Z", 1739272225, "as in design.md" },
    { "1969-12-31T23:59:59Z", -1, "before the epoch" },
    { "0000-01-01T00:00:00Z", -62167219200, "first second" },
    { "0000-01-01T00:00:00Z", TIMESTAMP_MIN, "nearest within" },
    { "9999-12-31T23:59:59Z", 253402300799, "last second" },
    { "9999-12-31T23:59:59Z", TIMESTAMP_MAX, "nearest within" },
};

static void test_report(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reports); i++) {
        gsize length = strlen(reports[i].text);
        g_autofree char *exact = g_memdup2(reports[i].text, length);
        gint64 time = BAD;
        g_test_message("%s", reports[i].why);
        g_assert_cmpint(timestamp_parse_report(exact, length, &time), ==, reports[i].want != BAD);
        g_assert_cmpint(time, ==, reports[i].want);
    }
}

static void test_rfc3339(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rfc3339); i++) {
        g_autofree char *exact = g_strdup(rfc3339[i].text);
        gint64 time = BAD;
        g_test_message("%s", rfc3339[i].why);
        g_assert_cmpint(timestamp_parse_rfc3339(exact, &time), ==, rfc3339[i].want != BAD);
        g_assert_cmpint(time, ==, rfc3339[i].want);
    }
}

static void test_format(void)
{
    char text[TIMESTAMP_TEXT_SIZE];

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_test_message("%s", formats[i].why);
        g_assert_cmpstr(timestamp_format(formats[i].want, text), ==, formats[i].text);
    }
}

/* The day is UTC's, the words are the text's language's. */
static void test_date(void)
{
    static const struct {
        const char *time, *language, *want;
    } cases[] = {
        { "2025-02-04T00:00:00Z", "de", "4. Februar 2025" },
        { "2025-02-04T23:59:59Z", "en", "4 February 2025" },
        { "2025-03-01T00:30:00+01:00", "de", "28. Februar 2025" },
        { "2025-03-10T12:00:00Z", "de", "10. März 2025" },
        { "2025-09-30T12:00:00Z", "de", "30. September 2025" }, /* the longest there is */
        { "2025-12-31T12:00:00Z", "en", "31 December 2025" },
        { "0007-01-09T12:00:00Z", "en", "9 January 0007" },
        { "2025-02-04T12:00:00Z", "fr", "2025-02-04" },
        { "2025-02-04T12:00:00Z", "", "2025-02-04" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char text[TIMESTAMP_DATE_SIZE];
        gint64 time;
        g_assert_true(timestamp_parse_rfc3339(cases[i].time, &time));
        g_assert_cmpstr(timestamp_format_date(time, cases[i].language, text), ==, cases[i].want);
    }
}

/* Each month has its own name. */
static void test_months(void)
{
    static const char *const german[] = { "Januar",    "Februar", "März",     "April",
                                          "Mai",       "Juni",    "Juli",     "August",
                                          "September", "Oktober", "November", "Dezember" };
    for (int month = 1; month <= 12; month++) {
        char text[TIMESTAMP_DATE_SIZE];
        g_autoptr(GDateTime) day = g_date_time_new_utc(2025, month, 15, 0, 0, 0);
        g_autofree char *english = g_date_time_format(day, "%d %B %Y"); /* in the C locale */
        g_autofree char *want = g_strdup_printf("15. %s 2025", german[month - 1]);
        g_assert_cmpstr(timestamp_format_date(g_date_time_to_unix(day), "en", text), ==, english);
        g_assert_cmpstr(timestamp_format_date(g_date_time_to_unix(day), "de", text), ==, want);
    }
}

/* Every day of four centuries, the period of the calendar, as GDateTime has it. */
static void test_calendar(void)
{
    g_autoptr(GDateTime) day = g_date_time_new_utc(1799, 12, 31, 23, 59, 59);

    for (int i = 0; i < 146097 + 2; i++) {
        char text[TIMESTAMP_TEXT_SIZE];
        gint64 time;
        g_autofree char *want = g_date_time_format(day, "%Y-%m-%dT%H:%M:%SZ");
        g_assert_cmpstr(timestamp_format(g_date_time_to_unix(day), text), ==, want);
        g_assert_true(timestamp_parse_rfc3339(want, &time));
        g_assert_cmpint(time, ==, g_date_time_to_unix(day));
        GDateTime *next = g_date_time_add_days(day, 1);
        g_date_time_unref(day);
        day = next;
    }
}

/* formats.md section 7, "Time formats (M)"; 1661100498 is 2022-08-21 16:48:18 UTC. */
static const struct {
    const char *text, *zone;
    gint64 want; /* BAD: none */
    gboolean certain;
} written[] = {
    { "2022-08-21 16:48:18", NULL, 1661100498, FALSE },
    { "2022-08-21 16:48", NULL, 1661100480, FALSE },
    { "2022-08-21T16:48:18.654321", "UTC+0", 1661100498, TRUE },
    { "21.08.2022 16:48", NULL, 1661100480, FALSE },
    { "2022-08-21, 16:48 Uhr", NULL, 1661100480, FALSE },
    { "2022/08/21 16:48:18 PM(GMT+0)", NULL, 1661100498, TRUE },
    { "2022-08-21    16:48:18", NULL, 1661100498, FALSE },
    { "\"2022-08-21 16:48:18\"", NULL, 1661100498, FALSE },
    { "2022-08-21 4:48:18 PM", NULL, 1661100498, FALSE },
    { "2022-08-21 12:00 AM", NULL, 1661040000, FALSE },
    { "2022-08-21 16:48:18 UTC", NULL, 1661100498, TRUE },
    { "2022-08-21 16:48:18Z", NULL, 1661100498, TRUE },
    { "2022-08-21 18:48:18 +02:00", NULL, 1661100498, TRUE },
    { "2022-08-21 17:48:18 MEZ", NULL, 1661100498, TRUE },
    { "2022-08-21 18:48:18 Uhr (CEST)", NULL, 1661100498, TRUE },
    { "2022-08-21 17:48:18", "MEZ", 1661100498, TRUE },
    { "2022-08-22 06:48:18 UTC+14", NULL, 1661100498, TRUE },
    { "2022-08-22 06:48:18 UTC+15", NULL, BAD, FALSE }, /* farther than any zone */
    { "2022-08-21 16:48:18 UTC", "MEZ", 1661100498, TRUE }, /* the nearer one counts */
    { "2022-08-21 16:48:18 EST", NULL, 1661100498, FALSE }, /* which EST? */
    { "2022-08-21 16:48:18", "EST", 1661100498, FALSE },
    { "2022-08-21 16:48:18 AM", NULL, BAD, FALSE },
    { "15.09.22", NULL, BAD, FALSE },
    { "2022-08-21", NULL, BAD, FALSE },
    { "05:50", NULL, BAD, FALSE },
    { "6:12AM 22 March 2019 EST", NULL, BAD, FALSE },
    { "08/21/2022 16:48", NULL, BAD, FALSE },
    { "2022-02-30 16:48", NULL, BAD, FALSE },
    { "2022-08-21 16:48 and 17:00", NULL, BAD, FALSE },
    { "", NULL, BAD, FALSE },
};

static void test_written(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(written); i++) {
        gint64 time = 0;
        gboolean certain = FALSE;
        gboolean read = timestamp_parse_written(written[i].text, written[i].zone, &time, &certain);
        g_test_message("%s", written[i].text);
        g_assert_cmpint(read ? time : BAD, ==, written[i].want);
        if (read)
            g_assert_cmpint(certain, ==, written[i].certain);
    }
}

static void test_find_written(void)
{
    static const char text[] = "192.0.2.1 (zuletzt: 2021-12-27, 11:26 Uhr), 2021-12-28 01:02";
    gsize start, length;
    g_assert_true(timestamp_find_written(text, strlen(text), &start, &length));
    g_autofree char *found = g_strndup(text + start, length);
    g_assert_cmpstr(found, ==, "2021-12-27, 11:26 Uhr");
    g_assert_false(timestamp_find_written(text, start + 14, &start, &length));
}

static void test_zone_of_name(void)
{
    static const struct {
        const char *name, *zone;
    } names[] = { { "timestamp(UTC+0)", "UTC+0" }, { "Timestamp (UTC)", "UTC" },
                  { "time_utc", "utc" },           { "Zeit MESZ", "MESZ" },
                  { "timestamp", NULL },           { "Time (local)", NULL },
                  { "Zeit (UTC", NULL },           { "", NULL } };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *zone = timestamp_zone_of_name(names[i].name);
        g_assert_cmpstr(zone, ==, names[i].zone);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/timestamp/report", test_report);
    g_test_add_func("/timestamp/rfc3339", test_rfc3339);
    g_test_add_func("/timestamp/format", test_format);
    g_test_add_func("/timestamp/date", test_date);
    g_test_add_func("/timestamp/months", test_months);
    g_test_add_func("/timestamp/calendar", test_calendar);
    g_test_add_func("/timestamp/written", test_written);
    g_test_add_func("/timestamp/find-written", test_find_written);
    g_test_add_func("/timestamp/zone-of-name", test_zone_of_name);
    return g_test_run();
}
