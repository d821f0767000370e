/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* timestamp: points in time as text.  Times are seconds since the epoch, UTC. */
#ifndef CERTBUND_TIMESTAMP_H
#define CERTBUND_TIMESTAMP_H

#include <glib.h>

#define TIMESTAMP_MIN       G_MININT64 /* before all */
#define TIMESTAMP_MAX       G_MAXINT64 /* after all */
#define TIMESTAMP_TEXT_SIZE 21         /* "2025-02-11T11:10:25Z" and its NUL */
#define TIMESTAMP_DATE_SIZE 19         /* "30. September 2025" and its NUL */

/* CERT-Bund's automated format, "2024-05-31 07:15:00", UTC by format.
 * text[0..length) need not be NUL-terminated; nothing may precede or follow.
 * FALSE when a field is out of range (second 60 included) or missing. */
gboolean timestamp_parse_report(const char *text, gsize length, gint64 *time_r);

/* RFC 3339 date-time with zone ("2025-02-11T12:10:25+01:00", also with a blank
 * for the T; fractions are cut; no second 60), or a date alone, which means its
 * midnight UTC. */
gboolean timestamp_parse_rfc3339(const char *text, gint64 *time_r);

/* A time as people write it: 2025-02-11 or 2025/02/11 or 11.02.2025, "T" or blanks with or
 * without a comma, 11:10 with or without seconds, fraction, AM or PM, "Uhr"; then the zone, if
 * any: Z, UTC, GMT+0, +01:00, CET, MEZ, CEST, MESZ, in brackets or not.  Blanks and quotes
 * round it are skipped.  zone, from timestamp_zone_of_name() or NULL, is for a text without
 * one.  *certain_r: a zone was stated, and *time_r is UTC; else *time_r takes the text as if
 * it were UTC.  FALSE when it is none: a date or a clock alone, 02/03/2025, 21:00 AM. */
gboolean timestamp_parse_written(const char *text, const char *zone, gint64 *time_r,
                                 gboolean *certain_r);

/* The first such time within text[0..length). */
gboolean timestamp_find_written(const char *text, gsize length, gsize *start_r, gsize *length_r);

/* The zone in a column's name: "UTC+0" of "timestamp(UTC+0)", "utc" of "time_utc"; NULL when
 * none stands there.  Caller frees. */
char *timestamp_zone_of_name(const char *name);

/* "2025-02-11T11:10:25Z"; returns text_r.  Times outside the years 0000 to 9999
 * are shown as the nearest within. */
const char *timestamp_format(gint64 time, char text_r[TIMESTAMP_TEXT_SIZE]);

/* The UTC day as a letter in this language writes it: "4. Februar 2025" (de),
 * "4 February 2025" (en), in any other "2025-02-04".  Returns text_r, UTF-8; years as
 * above. */
const char *timestamp_format_date(gint64 time, const char *language,
                                  char text_r[TIMESTAMP_DATE_SIZE]);

#endif
