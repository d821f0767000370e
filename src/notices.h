/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* notices: decision -> finished notices, one at a time.
 *
 * Few exist at a time, so that a report for 20,000 customers costs the memory of its
 * largest notice and some.  Each has passed the guard (law 2) when the sink gets it. */
#ifndef CERTBUND_NOTICES_H
#define CERTBUND_NOTICES_H

#include "decision.h"
#include "render.h"
#include "secret.h"

/* With threads so many notices, or notices of so many rows, may be ahead of the sink: 0.5 MB
 * as notices are, and with the largest one more. */
#define NOTICES_AHEAD 64
#define NOTICES_AHEAD_ROWS 5000
#define NOTICES_THREADS_MAX 3 /* by then the ledger, which one thread writes, takes longer */

typedef struct {
    Customer customer;
    guint group_index;     /* of decision->assignment->groups */
    const guint32 *events; /* of decision->report, all of one fate */
    guint n_events;
    char *id;        /* the ledger's */
    char *reference; /* "A-7F3K2Q" */
    char *message_id; /* with <> */
    char *group;     /* "", or the address (or account) that is all it tells of */
    char *subject;
    const char *held; /* why it must wait for the desk, or NULL: it may go */
    char **recipients; /* envelope: To and Cc, or the address of redirect mode */
    GBytes *bytes;     /* RFC 5322, CRLF */
} Notice;

/* FALSE ends the making; error is then passed on. */
typedef gboolean (*NoticeSink)(const Notice *notice, gpointer data, GError **error);

/* What earlier reports have left behind; any of them may be NULL.  Asked before notices that
 * stand before are given to the sink, by the same thread. */
typedef struct {
    gboolean (*reference_taken)(const char *reference, gpointer data);
    gboolean (*contact_bounced)(const char *address, gpointer data); /* it gets no copy */
    /* What the customer was told before about the rows of this notice, whose bytes are not
     * there yet; FALSE: nothing. */
    gboolean (*history)(const Notice *notice, History *history_r, gpointer data);
    gpointer data;
} NoticeMemory;

typedef struct {
    const Secret *secret;
    gint64 now; /* the notices' Date, seconds since the epoch */
    NoticeSink sink;
    gpointer data; /* the sink's */
    /* Called instead of a notice for the events of a customer with deliver=digest, when
     * they can wait for it; NULL: he gets a notice at once, too. */
    gboolean (*digest)(guint32 customer, const guint32 *events, guint n_events, gpointer data,
                       GError **error);
    NoticeMemory memory;
    GPtrArray *problems; /* char *, one line each, is appended to */
    const NoticeKey *key; /* the one notice's that is made, or NULL: each by report and customer */
    const char *reference; /* likewise, or NULL */
    const char *report_digest; /* of report_digest(), or NULL: it is made here */
    guint8 (*event_digests)[REPORT_DIGEST_SIZE]; /* per event of the report: those of the
                                                    events in notices are put there; or NULL */
    guint threads; /* that may help; 0 none.  The result is the same */
} NoticeOrder;

/* Make every notice of the decision and give it to the sink, which may not keep it.  The
 * events of one that fails the guard become held, and so it is given; of one that can't be
 * written (no layout) they become held, and it is not given.  Every held one is told in
 * problems.  FALSE when the sink said so. */
gboolean notices_make(Decision *decision, const NoticeOrder *order, GError **error);

#endif
