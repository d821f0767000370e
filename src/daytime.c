/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* GLib knows the zones; this finds the day. */
#include "daytime.h"

#include <string.h>

#define HOURS 24
#define MINUTES 60

/* Two digits and nothing else. */
static gboolean read_two(const char *text, guint limit, guint *value_r)
{
    if (!g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]))
        return FALSE;
    *value_r = (guint)(text[0] - '0') * 10 + (guint)(text[1] - '0');
    return *value_r < limit;
}

gboolean daytime_parse(const char *text, Daytime *daytime_r)
{
    guint hours, minutes;

    if (!read_two(text, HOURS, &hours) || text[2] != ':' || !read_two(text + 3, MINUTES, &minutes)
        || !g_ascii_isspace(text[5]))
        return FALSE;
    const char *zone = text + 5 + strspn(text + 5, " \t");
    g_autoptr(GTimeZone) known = *zone != '\0' ? g_time_zone_new_identifier(zone) : NULL;
    if (known == NULL)
        return FALSE;
    daytime_r->minutes = hours * MINUTES + minutes;
    daytime_r->zone = g_strdup(zone);
    return TRUE;
}

void daytime_clear(Daytime *daytime)
{
    g_clear_pointer(&daytime->zone, g_free);
}

static gint64 on_day(const Daytime *daytime, GTimeZone *zone, GDateTime *day)
{
    g_autoptr(GDateTime) time = g_date_time_new(
        zone, g_date_time_get_year(day), g_date_time_get_month(day),
        g_date_time_get_day_of_month(day), (int)(daytime->minutes / MINUTES),
        (int)(daytime->minutes % MINUTES), 0);
    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

gint64 daytime_next(const Daytime *daytime, gint64 after)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(daytime->zone);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(after / G_USEC_PER_SEC);
    g_autoptr(GDateTime) day
        = g_date_time_to_timezone(utc, zone != NULL ? zone : g_date_time_get_timezone(utc));

    for (guint days = 0;; days++) { /* the second day's at latest */
        g_autoptr(GDateTime) candidate = g_date_time_add_days(day, (int)days);
        gint64 time = on_day(daytime, g_date_time_get_timezone(day), candidate);
        if (time > after)
            return time;
    }
}
