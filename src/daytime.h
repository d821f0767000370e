/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* daytime: a time of day in a zone, as "07:00 Europe/Berlin", and when it is next. */
#ifndef CERTBUND_DAYTIME_H
#define CERTBUND_DAYTIME_H

#include <glib.h>

typedef struct {
    guint minutes; /* after midnight by the zone's clocks */
    char *zone;    /* of the IANA database, or as "+01:00", "Z" */
} Daytime;

/* text: HH:MM, blanks, a zone that this machine knows.  FALSE: it is none. */
gboolean daytime_parse(const char *text, Daytime *daytime_r);
void daytime_clear(Daytime *daytime);

/* The first such time after `after` (both usecs since the epoch).  A time that is left out
 * when the clocks are put forward is the moment when they are. */
gint64 daytime_next(const Daytime *daytime, gint64 after);

#endif
