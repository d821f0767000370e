/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* outbox: pending notices of the ledger -> MTA.
 *
 * Workers claim batches and hand them over, each on a connection that is kept
 * (submit.h).  What the MTA said is collected and marked in group commits, after a
 * batch, when nobody has a mail in hand, and OUTBOX_MARK_MSECS after the first
 * result at latest, so that one fsync serves many.  A crash therefore repeats a
 * notice, under the same Message-ID, only if the MTA said 250 to it and its mark was
 * not yet on disk (law 4): never more than OUTBOX_UNMARKED_MAX results and one mail
 * per worker, because workers wait when the ledger does not take the marks.
 *
 * Not taken for now: again after the pause of outbox_backoff(), failed when it has
 * not gone OUTBOX_GIVE_UP_SECS after it was made; refused for good: failed at once;
 * the desk is told of the failed ones once a day.  When the MTA as a whole is away,
 * all claims are given back and one worker tries it with one notice, now and then.
 *
 * Time: due times are the wall clock's, waiting is monotonic and in slices of
 * OUTBOX_SLICE_SECS at most, so that a clock that jumps delays nothing for long. */
#ifndef CERTBUND_OUTBOX_H
#define CERTBUND_OUTBOX_H

#include "ledger.h"
#include "secret.h"
#include "snapshot.h"
#include "submit.h"

#define OUTBOX_WORKERS 4         /* connections to the MTA: more gain little on a local one */
#define OUTBOX_WORKERS_MAX 16
#define OUTBOX_BATCH 50          /* notices per claim: each claim is a commit */
#define OUTBOX_MARK_MSECS 200    /* a result waits so long for others, no longer */
#define OUTBOX_UNMARKED_MAX 200  /* results: the most that a crash may repeat */
#define OUTBOX_SLICE_SECS 60     /* the longest wait without a look at the clock */
#define OUTBOX_LOOK_SECS 2       /* ... at the ledger: certbundctl may have released something */
#define OUTBOX_AWAY_SECS 1       /* pause when the MTA is away; doubles ... */
#define OUTBOX_AWAY_MAX_SECS 60  /* ... up to this */
#define OUTBOX_STOP_MARKS 5      /* tries to mark at the stop, one second apart */

typedef struct Outbox Outbox;

/* ledger and secret must outlive the outbox.  It never closes the ledger. */
Outbox *outbox_new(Ledger *ledger, const Secret *secret);

/* What mails are handed over with from now on; also while running.  Until then
 * nothing is. */
void outbox_use(Outbox *outbox, Snapshot *snapshot, Submitter *submitter);

/* Take back what a dead process had claimed, and start; once.  The caller has become a
 * daemon already, and its signals are blocked.  FALSE: none runs. */
gboolean outbox_start(Outbox *outbox, guint workers, GError **error);

/* There is something new in the ledger: look now.  Any thread, cheap. */
void outbox_wake(Outbox *outbox);

/* Finish the mails in hand (at most SUBMIT_MAIL_SECS), mark them, give the other
 * claims back, join the threads. */
void outbox_stop(Outbox *outbox);

/* Stops it, too. */
void outbox_free(Outbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outbox, outbox_free)

#endif
