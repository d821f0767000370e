/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* notices: decision -> finished notices, one at a time.
 *
 * One exists at a time, so that a report for 20,000 customers costs the memory
 * of its largest notice.  Each has passed the guard (law 2) when the sink gets it. */
#ifndef CERTBUND_NOTICES_H
#define CERTBUND_NOTICES_H

#include "decision.h"
#include "secret.h"

typedef struct {
    Customer customer;
    const guint32 *events; /* of decision->report */
    guint n_events;
    char *reference;  /* "A-7F3K2Q" */
    char *message_id; /* with <> */
    char *subject;
    char **recipients; /* envelope: To and Cc, or the address of redirect mode */
    GBytes *bytes;     /* RFC 5322, CRLF */
} Notice;

/* FALSE ends the making; error is then passed on. */
typedef gboolean (*NoticeSink)(const Notice *notice, gpointer data, GError **error);

/* Make every notice of the decision and give it to the sink, which may not keep
 * it.  A notice that fails the guard, or has no layout, is not given: its events
 * become held, and what was wrong is appended to problems (char *, one line
 * each).  now: its Date, seconds since the epoch.  FALSE when the sink said so. */
gboolean notices_make(Decision *decision, const Secret *secret, gint64 now, NoticeSink sink,
                      gpointer data, GPtrArray *problems, GError **error);

#endif
