/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Times as people write them: date, clock, and the zone if one is stated.
 *
 * Whatever is read is put into the form of timestamp_parse_report(), which knows
 * the calendar.  Refused: a date or a clock alone, a month by name, and
 * 02/03/2025, which is March here and February there. */
#include "timestamp.h"

#include <string.h>

#define ZONE_MAX_SECS (14 * 3600) /* no zone is farther from UTC */
#define CANONICAL "%s-%s-%s %02d:%s:%s"

typedef struct {
    const char *at, *end;
} Text;

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(Text *text)
{
    while (text->at < text->end && is_blank(*text->at))
        text->at++;
}

static gboolean take_char(Text *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return FALSE;
    text->at++;
    return TRUE;
}

/* Exactly n digits. */
static gboolean take_digits(Text *text, guint n, char digits_r[5])
{
    Text ahead = *text;
    for (guint i = 0; i < n; i++) {
        if (ahead.at == ahead.end || !g_ascii_isdigit(*ahead.at))
            return FALSE;
        digits_r[i] = *ahead.at++;
    }
    digits_r[n] = '\0';
    if (ahead.at < ahead.end && g_ascii_isdigit(*ahead.at))
        return FALSE;
    *text = ahead;
    return TRUE;
}

/* ASCII case ignored; no letter may follow. */
static gboolean take_word(Text *text, const char *word)
{
    gsize n = strlen(word);
    if ((gsize)(text->end - text->at) < n || g_ascii_strncasecmp(text->at, word, n) != 0
        || (text->at + n < text->end && g_ascii_isalpha(text->at[n])))
        return FALSE;
    text->at += n;
    return TRUE;
}

typedef struct {
    char year[5], month[5], day[5];
} Date;

/* 2025-02-11, 2025/02/11 or 11.02.2025. */
static gboolean take_date(Text *text, Date *date_r)
{
    Text ahead = *text;
    if (take_digits(&ahead, 4, date_r->year)) {
        char divider = ahead.at < ahead.end ? *ahead.at : '\0';
        if ((divider != '-' && divider != '/') || !take_char(&ahead, divider)
            || !take_digits(&ahead, 2, date_r->month) || !take_char(&ahead, divider)
            || !take_digits(&ahead, 2, date_r->day))
            return FALSE;
    } else if (!take_digits(&ahead, 2, date_r->day) || !take_char(&ahead, '.')
               || !take_digits(&ahead, 2, date_r->month) || !take_char(&ahead, '.')
               || !take_digits(&ahead, 4, date_r->year)) {
        return FALSE;
    }
    *text = ahead;
    return TRUE;
}

typedef struct {
    int hour;
    char minute[5], second[5];
} Clock;

/* 9:05 AM and 21:05 are as they say, and so is 21:05 PM; 21:05 AM is nothing. */
static gboolean take_half_day(Text *text, Clock *clock)
{
    Text ahead = *text;
    skip_blanks(&ahead);
    gboolean pm = take_word(&ahead, "PM");
    if (!pm && !take_word(&ahead, "AM"))
        return TRUE;
    if (!pm && clock->hour > 12)
        return FALSE;
    if (clock->hour <= 12)
        clock->hour = clock->hour % 12 + (pm ? 12 : 0);
    *text = ahead;
    return TRUE;
}

static gboolean take_clock(Text *text, Clock *clock_r)
{
    Text ahead = *text;
    char hour[5], fraction;
    g_strlcpy(clock_r->second, "00", sizeof clock_r->second);
    if ((!take_digits(&ahead, 2, hour) && !take_digits(&ahead, 1, hour)) || !take_char(&ahead, ':')
        || !take_digits(&ahead, 2, clock_r->minute))
        return FALSE;
    if (take_char(&ahead, ':')) {
        if (!take_digits(&ahead, 2, clock_r->second))
            return FALSE;
        fraction = ahead.at < ahead.end ? *ahead.at : '\0';
        if ((fraction == '.' || fraction == ',') && ahead.at + 1 < ahead.end
            && g_ascii_isdigit(ahead.at[1]))
            for (ahead.at++; ahead.at < ahead.end && g_ascii_isdigit(*ahead.at);)
                ahead.at++;
    }
    clock_r->hour = (int)g_ascii_strtoull(hour, NULL, 10);
    if (!take_half_day(&ahead, clock_r))
        return FALSE;
    *text = ahead;
    return TRUE;
}

/* "+1", "+01", "+0100" or "+01:00". */
static gboolean take_offset(Text *text, gint64 *east_r)
{
    Text ahead = *text;
    char hours[5], minutes[5] = "00";
    gboolean west = take_char(&ahead, '-');
    if (!west && !take_char(&ahead, '+'))
        return FALSE;
    if (take_digits(&ahead, 4, hours)) {
        memcpy(minutes, hours + 2, sizeof hours - 2); /* and its NUL */
        hours[2] = '\0';
    } else {
        if (!take_digits(&ahead, 2, hours) && !take_digits(&ahead, 1, hours))
            return FALSE;
        if (take_char(&ahead, ':') && !take_digits(&ahead, 2, minutes))
            return FALSE;
    }
    gint64 secs = (gint64)g_ascii_strtoull(hours, NULL, 10) * 3600
                  + (gint64)g_ascii_strtoull(minutes, NULL, 10) * 60;
    if (secs > ZONE_MAX_SECS || strcmp(minutes, "59") > 0)
        return FALSE;
    *east_r = west ? -secs : secs;
    *text = ahead;
    return TRUE;
}

static gboolean take_zone(Text *text, gint64 *east_r)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = { { "CET", 1 }, { "MEZ", 1 }, { "CEST", 2 }, { "MESZ", 2 }, { "Z", 0 } };
    for (gsize i = 0; i < G_N_ELEMENTS(zones); i++)
        if (take_word(text, zones[i].name)) {
            *east_r = zones[i].hours * 3600;
            return TRUE;
        }
    if (take_word(text, "UTC") || take_word(text, "GMT")) {
        *east_r = 0;
        if (text->at < text->end && (*text->at == '+' || *text->at == '-'))
            return take_offset(text, east_r);
        return TRUE;
    }
    return take_offset(text, east_r);
}

/* Behind a clock: " Uhr", then a zone, perhaps in round brackets. */
static gboolean take_stated_zone(Text *text, gint64 *east_r)
{
    Text ahead = *text;
    skip_blanks(&ahead);
    if (take_word(&ahead, "Uhr")) {
        *text = ahead;
        skip_blanks(&ahead);
    }
    gboolean bracket = take_char(&ahead, '(');
    if (!take_zone(&ahead, east_r) || (bracket && !take_char(&ahead, ')')))
        return FALSE;
    *text = ahead;
    return TRUE;
}

/* FALSE, with text where it was, when no time begins there. */
static gboolean take_time(Text *text, gint64 *time_r, gboolean *zone_r)
{
    Text ahead = *text;
    Date date;
    Clock clock;
    gint64 east = 0;
    if (!take_date(&ahead, &date))
        return FALSE;
    if (!take_char(&ahead, 'T')) {
        take_char(&ahead, ',');
        if (ahead.at == ahead.end || !is_blank(*ahead.at))
            return FALSE;
        skip_blanks(&ahead);
    }
    if (!take_clock(&ahead, &clock))
        return FALSE;
    char canonical[32];
    g_snprintf(canonical, sizeof canonical, CANONICAL, date.year, date.month, date.day, clock.hour,
               clock.minute, clock.second);
    if (!timestamp_parse_report(canonical, strlen(canonical), time_r))
        return FALSE;
    *zone_r = take_stated_zone(&ahead, &east);
    *time_r -= east;
    *text = ahead;
    return TRUE;
}

static Text trimmed(const char *from, gsize length)
{
    Text text = { from, from + length };
    while (text.at < text.end && (is_blank(*text.at) || *text.at == '"'))
        text.at++;
    while (text.end > text.at && (is_blank(text.end[-1]) || text.end[-1] == '"'))
        text.end--;
    return text;
}

gboolean timestamp_parse_written(const char *text, const char *zone, gint64 *time_r,
                                 gboolean *certain_r)
{
    Text all = trimmed(text, strlen(text));
    gint64 east = 0;
    if (!take_time(&all, time_r, certain_r))
        return FALSE;
    if (all.at == all.end && !*certain_r && zone != NULL) {
        Text stated = { zone, zone + strlen(zone) };
        *certain_r = take_zone(&stated, &east) && stated.at == stated.end;
        *time_r -= *certain_r ? east : 0;
    }
    if (all.at < all.end) /* "EST": a zone, but which one? Anything else is no time at all. */
        for (skip_blanks(&all); all.at < all.end; all.at++)
            if (!g_ascii_isalpha(*all.at) || *certain_r)
                return FALSE;
    return TRUE;
}

gboolean timestamp_find_written(const char *text, gsize length, gsize *start_r, gsize *length_r)
{
    Text all = { text, text + length };
    gint64 time;
    gboolean zone;
    for (; all.at < all.end; all.at++) {
        Text ahead = all;
        if ((all.at > text && g_ascii_isalnum(all.at[-1])) || !take_time(&ahead, &time, &zone))
            continue;
        *start_r = (gsize)(all.at - text);
        *length_r = (gsize)(ahead.at - all.at);
        return TRUE;
    }
    return FALSE;
}

char *timestamp_zone_of_name(const char *name)
{
    const char *open = strrchr(name, '(');
    const char *start = open != NULL ? open + 1 : name + strcspn(name, " _");
    gint64 east;
    if (open == NULL && *start != '\0')
        start++;
    Text text = { start, start + strlen(start) };
    if (*start == '\0' || !take_zone(&text, &east) || (open != NULL && !take_char(&text, ')')))
        return NULL;
    return text.at == text.end
               ? g_strndup(start, strlen(start) - (open != NULL ? 1 : 0))
               : NULL;
}
