/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads fixed-width fields by place; the calendar is the proleptic Gregorian one
 * of RFC 3339 (years 0000 to 9999), counted in days from 1970-01-01.  Done by
 * hand instead of with GDateTime, which allocates for every row of a report.
 * Refused: second 60 (a leap second has no number of its own), missing zones. */
#include "timestamp.h"

#include <string.h>

#define DAY_SECS       86400
#define DATE_LENGTH    10 /* "2025-02-11" */
#define CLOCK_LENGTH   8  /* "11:10:25" */
#define REPORT_LENGTH  (DATE_LENGTH + 1 + CLOCK_LENGTH)
#define DAYS_TO_EPOCH  719528 /* from 0000-01-01 to 1970-01-01 */
#define YEAR_0_SECS    (-(gint64)DAYS_TO_EPOCH * DAY_SECS)
#define YEAR_9999_SECS G_GINT64_CONSTANT(253402300799) /* 9999-12-31T23:59:59Z */

static gboolean is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const gint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0000-01-01 to January 1 of the year: year 0 is a leap year. */
static int days_before_year(int year)
{
    int past = year - 1;
    return year == 0 ? 0 : year * 365 + past / 4 - past / 100 + past / 400 + 1;
}

/* count digits, value within least..most; -1 otherwise. */
static int number(const char *text, int count, int least, int most)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (!g_ascii_isdigit(text[i]))
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value >= least && value <= most ? value : -1;
}

/* text: DATE_LENGTH bytes; days since the epoch. */
static gboolean parse_date(const char *text, gint64 *days_r)
{
    int year = number(text, 4, 0, 9999);
    int month = number(text + 5, 2, 1, 12);

    if (year < 0 || month < 0 || text[4] != '-' || text[7] != '-')
        return FALSE;
    int day = number(text + 8, 2, 1, days_in_month(year, month));
    if (day < 0)
        return FALSE;
    *days_r = days_before_year(year) - DAYS_TO_EPOCH + day - 1;
    for (int m = 1; m < month; m++)
        *days_r += days_in_month(year, m);
    return TRUE;
}

/* text: CLOCK_LENGTH bytes; seconds since midnight. */
static gboolean parse_clock(const char *text, gint64 *secs_r)
{
    int hour = number(text, 2, 0, 23);
    int minute = number(text + 3, 2, 0, 59);
    int second = number(text + 6, 2, 0, 59);

    if (hour < 0 || minute < 0 || second < 0 || text[2] != ':' || text[5] != ':')
        return FALSE;
    *secs_r = hour * 3600 + minute * 60 + second;
    return TRUE;
}

/* NUL-terminated "Z" or "+01:00"; seconds east of UTC. */
static gboolean parse_zone(const char *text, gint64 *secs_r)
{
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *secs_r = 0;
        return TRUE;
    }
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return FALSE;
    int hours = number(text + 1, 2, 0, 23);
    int minutes = number(text + 4, 2, 0, 59);
    if (hours < 0 || minutes < 0)
        return FALSE;
    *secs_r = (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
    return TRUE;
}

/* The place behind ".25"; the text itself when no fraction stands there; NULL for a lone dot. */
static const char *skip_fraction(const char *text)
{
    if (*text != '.')
        return text;
    if (!g_ascii_isdigit(*++text))
        return NULL;
    while (g_ascii_isdigit(*text))
        text++;
    return text;
}

gboolean timestamp_parse_report(const char *text, gsize length, gint64 *time_r)
{
    gint64 days, secs;

    if (length != REPORT_LENGTH || text[DATE_LENGTH] != ' ' || !parse_date(text, &days) ||
        !parse_clock(text + DATE_LENGTH + 1, &secs))
        return FALSE;
    *time_r = days * DAY_SECS + secs;
    return TRUE;
}

gboolean timestamp_parse_rfc3339(const char *text, gint64 *time_r)
{
    gint64 days, secs, east;
    gsize length = strlen(text);

    if (length < DATE_LENGTH || !parse_date(text, &days))
        return FALSE;
    if (length == DATE_LENGTH) {
        *time_r = days * DAY_SECS;
        return TRUE;
    }
    if (length <= REPORT_LENGTH || strchr("Tt ", text[DATE_LENGTH]) == NULL ||
        !parse_clock(text + DATE_LENGTH + 1, &secs))
        return FALSE;
    const char *zone = skip_fraction(text + REPORT_LENGTH);
    if (zone == NULL || !parse_zone(zone, &east))
        return FALSE;
    *time_r = days * DAY_SECS + secs - east;
    return TRUE;
}

const char *timestamp_format(gint64 time, char text_r[TIMESTAMP_TEXT_SIZE])
{
    gint64 since_0 = CLAMP(time, YEAR_0_SECS, YEAR_9999_SECS) - YEAR_0_SECS;
    int days = (int)(since_0 / DAY_SECS);
    guint secs = (guint)(since_0 % DAY_SECS);
    int year = days / 366; /* never too late; a few steps short at most */
    int month = 1;

    while (days_before_year(year + 1) <= days)
        year++;
    days -= days_before_year(year);
    for (; days >= days_in_month(year, month); month++)
        days -= days_in_month(year, month);
    /* The moduli say to the compiler what the clamp has made sure: it fits. */
    g_snprintf(text_r, TIMESTAMP_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (guint)year % 10000,
               (guint)month % 100, (guint)(days + 1) % 100, secs / 3600 % 24, secs / 60 % 60,
               secs % 60);
    return text_r;
}

/* Not strftime(): its words are those of the process's locale, and a notice has two
 * languages. */
const char *timestamp_format_date(gint64 time, const char *language,
                                  char text_r[TIMESTAMP_DATE_SIZE])
{
    static const struct {
        const char *language, *behind_day, *months[12];
    } words[] = {
        { "de",
          ".",
          { "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
            "Oktober", "November", "Dezember" } },
        { "en",
          "",
          { "January", "February", "March", "April", "May", "June", "July", "August", "September",
            "October", "November", "December" } },
    };
    char text[TIMESTAMP_TEXT_SIZE];
    timestamp_format(time, text);
    text[DATE_LENGTH] = '\0'; /* "2025-02-04": year at 0, month at 5, day at 8 */
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].language, language) == 0) {
            const char *month = words[i].months[number(text + 5, 2, 1, 12) - 1];
            const char *day = text[8] == '0' ? text + 9 : text + 8;
            g_snprintf(text_r, TIMESTAMP_DATE_SIZE, "%s%s %s %.4s", day, words[i].behind_day, month,
                       text);
            return text_r;
        }
    g_strlcpy(text_r, text, TIMESTAMP_DATE_SIZE);
    return text_r;
}
