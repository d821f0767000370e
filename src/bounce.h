/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* bounce: notices that come back.
 *
 * Every mail of ours leaves with an envelope sender that names its notice,
 *
 *     abuse-bounces+A-7F3K2Q-4J9D0XW2RM@example.net
 *
 * envelope-from= with the reference and a keyed digest of it behind the recipient
 * delimiter '+' (VERP; RFC 3834 section 2 has such senders for the same reason).  A
 * delivery status notification to such an address sets the notice to bounced, and a
 * person is told, once: the customer's escalation contact, else the desk.  That mail has
 * a reference of its own: if it comes back too, the desk is told, and what is sent to
 * the desk and comes back is only recorded, so nothing ever goes round.
 * Who forges a tag does nothing: without the secret none can be made, and the one a
 * customer sees tells of his own notice only. */
#ifndef CERTBUND_BOUNCE_H
#define CERTBUND_BOUNCE_H

#include "bounce-dsn.h"
#include "ledger.h"
#include "secret.h"
#include "snapshot.h"

/* ---- tags */

/* The envelope sender of the notice with this reference; caller frees.  "" when
 * envelope_from is (or NULL): the null sender stays one.  Should no tag fit, which the
 * config's check prevents (CONFIG_ENVELOPE_LOCAL_MAX), envelope_from as it is: then
 * bounces reach people only. */
char *bounce_sender(const Secret *secret, const char *envelope_from, const char *reference);

/* The reference in recipient, a plain addr-spec in any case, if it is such an address of
 * ours with the right digest; else NULL; caller frees. */
char *bounce_reference(const Secret *secret, const char *envelope_from, const char *recipient);

/* May this envelope be a bounce of ours, so that the mail wants reading?  The reference,
 * or NULL; caller frees.  Both addresses as intake_address() gives them; sender is
 * "" for the null sender, which alone may carry one (RFC 3461 section 6.1).  To be asked
 * at each recipient; the first reference counts, a notification has one recipient. */
char *bounce_intake(const Secret *secret, const Config *config, const char *sender,
                    const char *recipient);

/* ---- recording */

typedef enum {
    BOUNCE_RECORDED,   /* a recipient failed, and the ledger has it */
    BOUNCE_NO_FAILURE, /* delayed, relayed, delivered, expanded: nothing to do */
    BOUNCE_UNREADABLE, /* no delivery status notification: for the people at envelope-from */
    BOUNCE_UNKNOWN     /* no such notice here (another host's, erased), or never handed over */
} BounceKind;

typedef enum {
    TOLD_NOBODY, /* nothing to tell, no desk, or it was the desk's own mail */
    TOLD_ESCALATION,
    TOLD_DESK,
    TOLD_BEFORE /* by an earlier notification of the same notice */
} BounceTold;

typedef struct {
    BounceKind kind;
    BounceTold told;
    char *text; /* one line for the log, without the queue id */
} BounceOutcome;

void bounce_outcome_free(BounceOutcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BounceOutcome, bounce_outcome_free)

typedef struct {
    Ledger *ledger;
    const Secret *secret;
    const Snapshot *snapshot; /* today's: its customers say who is told */
} BounceContext;

/* mail came to the tagged address of reference; now: usecs.  When it returns what happened
 * is on disk, so that the MTA can be answered; the same mail again does nothing more.
 * NULL: CERTBUND_ERROR_TEMPORARY (451), also when the bounce was quicker than our own
 * mark; CERTBUND_ERROR_BUG.  Whatever the outcome, the mail itself goes on unchanged. */
BounceOutcome *bounce_record(const BounceContext *context, const char *reference, GBytes *mail,
                             gint64 now, GError **error);

#endif
