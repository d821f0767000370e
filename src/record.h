/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* record: decision -> ledger: its report, the fate of every row, its notices and what the
 * desk is told, in one transaction.
 *
 * Laws 3 and 4 are here: the MTA (or a person) is answered after this has returned TRUE,
 * and a report whose key the ledger knows makes nothing. */
#ifndef CERTBUND_RECORD_H
#define CERTBUND_RECORD_H

#include "decision.h"
#include "ledger.h"
#include "secret.h"

/* Mails that look like reports cost their sender nothing: the ledger keeps no more than
 * this, in bytes, of unproven ones, and of old ones of which only the signed part is
 * proven, until they are dropped or purged.  Each of them still reaches the desk, marked.
 * Of a signed part that comes under a third ticket a line is kept, and no mail. */
#define RECORD_UNPROVEN_MAX (64 * 1024 * 1024)

/* Told that work goes on, at most about once a second (smfi_progress). */
typedef void (*RecordProgress)(gpointer data);

/* The mail itself, while the MTA waits: it may become something else, for every envelope
 * recipient is in the intake and the operator wants it (disposition=rewrite). */
typedef struct {
    const GPtrArray *recipients; /* char *, as the client typed them */
    const GHmac *id;             /* of its mark, fed with all of the body */
} CopyInHand;

typedef struct {
    Ledger *ledger;
    const Secret *secret;
    GBytes *bytes;          /* the mail; kept when the report has to wait */
    const Subject *subject; /* of it */
    const char *queue_id;
    const char *client;   /* address text, or "" */
    const char *released; /* id of the held report that is run again, or NULL */
    const char *person;   /* who vouches for it; "" the daemon itself */
    const char *why;      /* his reason, for the record; or NULL */
    const CopyInHand *copy; /* or NULL: it stays what it is */
    RecordProgress progress; /* or NULL */
    gpointer progress_data;
} RecordInput;

typedef struct {
    LedgerOutcome outcome; /* LEDGER_DUPLICATE: nothing was recorded; the status says so */
    guint n_notices;       /* pending, or made in pilot mode */
    gboolean kept;         /* FALSE: unproven, and above RECORD_UNPROVEN_MAX */
    LedgerClaim *single;   /* the notice (in-mta) that the copy in hand must become, or NULL */
    GPtrArray *problems;   /* char *: notices that wait for the desk, one line each */
    GPtrArray *drift;      /* char *: columns that are new or missing, one line each */
} Recorded;

/* now: usecs since the epoch.  The decision gets its last status here.  FALSE: nothing was
 * recorded; CERTBUND_ERROR_TEMPORARY, or CERTBUND_ERROR_BUG when a law would be broken.
 * problems and drift are set in any case; free with recorded_clear(). */
gboolean record_decision(const RecordInput *input, Decision *decision, gint64 now,
                         Recorded *recorded_r, GError **error);
void recorded_clear(Recorded *recorded);

#endif
