/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* outbox-internal: what the workers (outbox.c) and the marker (outbox-marks.c) share.
 *
 * The lock is never held while the MTA or the ledger is asked. */
#ifndef CERTBUND_OUTBOX_INTERNAL_H
#define CERTBUND_OUTBOX_INTERNAL_H

#include "outbox.h"
#include "outbox-rules.h"

#include <pthread.h>

#define SECS(n) ((gint64)(n) * G_USEC_PER_SEC)

typedef struct {
    Outbox *outbox;
    pthread_t thread;
    char name[16];   /* the same at each start: so a dead process's claims are found */
    guint unmarked;  /* its results that are not in the ledger yet; under the lock */
} Worker;

typedef struct {
    Worker *worker;
    char *id, *reference, *reply, *queue_id;
    NoticeState state;
    gint64 due;
} Result;

struct Outbox {
    Ledger *ledger;
    const Secret *secret;
    Worker workers[OUTBOX_WORKERS_MAX];
    guint n_workers;
    pthread_t marker;
    gboolean running;

    pthread_mutex_t lock; /* over all below */
    pthread_cond_t work;  /* for workers: something changed */
    pthread_cond_t marks; /* for the marker */
    Snapshot *snapshot;
    Submitter *submitter;
    gboolean stopping, marker_stopping;
    guint wakes;          /* counts outbox_wake() */
    guint in_hand;        /* claimed, without a result yet */
    GPtrArray *results;   /* of Result, not marked */
    guint unmarked;       /* results and those being marked */
    gboolean marks_fail;  /* the ledger did not take the last ones */
    gboolean marks_lost;  /* given up at the stop */
    gint64 away_secs;     /* > 0: the MTA is away */
    gint64 away_until;    /* monotonic */
    gboolean probing;
    Throttle throttle;
    char *trouble;        /* the ledger's last failure, so that it is logged once */
    char *unsigned_why;   /* likewise, of the key */
};

void result_free(gpointer result);

/* Wait for a change, one slice at most.  The lock is held. */
void outbox_wait(Outbox *outbox, pthread_cond_t *condition, gint64 usecs);

/* Trouble with the ledger is told when it begins, changes and ends (NULL).  The lock
 * is not held. */
void outbox_note_trouble(Outbox *outbox, const GError *why);

/* The marker's thread; data: the outbox. */
void *outbox_run_marker(void *data);

#endif
