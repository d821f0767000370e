/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* outbox-rules: what the outbox decides, without threads, ledger and clock. */
#ifndef CERTBUND_OUTBOX_RULES_H
#define CERTBUND_OUTBOX_RULES_H

#include "ledger.h"

#define OUTBOX_BACKOFF_SECS 60              /* the first pause; each further is double ... */
#define OUTBOX_BACKOFF_MAX_SECS (4 * 3600)  /* ... up to this */
#define OUTBOX_GIVE_UP_SECS (5 * 86400)     /* RFC 5321 section 4.5.4.1: 4-5 days */
#define OUTBOX_TRIES_MIN 3 /* a clock that jumps ahead gives up none at once */

/* Seconds to wait after the attempts-th attempt (from 1) failed. */
gint64 outbox_backoff(guint attempts);

/* PENDING or FAILED after the attempts-th temporary failure; times in usecs. */
NoticeState outbox_after_failure(guint attempts, gint64 created, gint64 now, gint64 *due_r);

/* The MTA's name of the mail in its last reply, or "" if it tells none; Postfix's
 * "250 2.0.0 Ok: queued as 4ABC", Sendmail's "250 2.0.0 4ABC Message accepted for
 * delivery", Exim's "250 OK id=4ABC".  Caller frees. */
char *outbox_queue_id(const char *reply);

/* A bucket of one second's notices, at least one, filled evenly: a minute sees at
 * most per_minute and one bucket. */
typedef struct {
    gint64 credit; /* a notice costs a minute's usecs */
    gint64 then;   /* usecs, monotonic; 0: never used, the bucket is full */
} Throttle;

/* How many of want may go now; 0 also sets *wait_r (usecs).  per_minute 0: all. */
guint throttle_take(Throttle *throttle, guint per_minute, guint want, gint64 now, gint64 *wait_r);

/* Taken but not used. */
void throttle_give_back(Throttle *throttle, guint n);

#endif
