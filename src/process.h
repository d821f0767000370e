/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* process: one message from its bytes to the answer for the MTA. */
#ifndef CERTBUND_PROCESS_H
#define CERTBUND_PROCESS_H

#include "record.h"
#include "rewrite.h"

typedef struct {
    const char *queue_id;  /* for the log */
    GBytes *bytes;         /* header and body as received, CRLF line ends */
    const Subject *subject; /* of it, parsed */
    const Address *client; /* of the SMTP client, or NULL when it has none */
    const CopyInHand *copy; /* or NULL: it must stay what it is */
} Mail;

typedef struct {
    Snapshot *snapshot;
    const Secret *secret;
    Ledger *ledger;
    RecordProgress progress; /* or NULL */
    gpointer progress_data;
} ProcessContext;

typedef struct {
    char *mark;           /* value of the X-CertBund-Milter field, not yet signed */
    gboolean handled_to;  /* move the original to handled-to= */
    gboolean discard;     /* take it from the intake's recipients */
    Rewrite *rewrite;     /* make this of it, without the mark; or NULL */
    gboolean recorded;    /* there may be something new for the outbox */
} Outcome;

/* Law 3: an outcome means that all of it is on disk.  NULL when the MTA must try again
 * later: nothing of the mail has been recorded then.  Any other trouble ends in a mark that
 * says so. */
Outcome *process_message(const ProcessContext *context, const Mail *mail, GError **error);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)

#endif
