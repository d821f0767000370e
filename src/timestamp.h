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

/* "2025-02-11T11:10:25Z"; returns text_r.  Times outside the years 0000 to 9999
 * are shown as the nearest within. */
const char *timestamp_format(gint64 time, char text_r[TIMESTAMP_TEXT_SIZE]);

/* The UTC day as a letter in this language writes it: "4. Februar 2025" (de),
 * "4 February 2025" (en), in any other "2025-02-04".  Returns text_r, UTF-8; years as
 * above. */
const char *timestamp_format_date(gint64 time, const char *language,
                                  char text_r[TIMESTAMP_DATE_SIZE]);

#endif
