/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* due: which rows of a report are to be told now, by what the ledger remembers.
 *
 * Withdrawn are, in this order: rows that an earlier report of the same ticket has
 * (suppressed), rows of an address that the desk has exempted (exempt), rows of an
 * address of which the customer was told lately (suppressed), and rows of a customer
 * all of whose contacts have bounced for good (held).
 *
 * Told lately is: within renotify-after of the last notice to this customer about this
 * address (or account) and class; a [KRITISCH] report asks only for notices of
 * [KRITISCH] ones, within renotify-critical. */
#ifndef CERTBUND_DUE_H
#define CERTBUND_DUE_H

#include "decision.h"
#include "ledger.h"

/* Told later than this from now: the clock was wrong then. */
#define DUE_AHEAD_SECS (24 * (gint64)3600)

/* Of one group of the assignment. */
typedef struct {
    gboolean told_before; /* one of its due addresses was told before, at any time */
    guint n_open;         /* addresses (accounts) in the report that were told lately */
    gint64 open_since;    /* usecs: when the first of these was first seen */
} DueGroup;

typedef struct {
    DueGroup *groups; /* as many as the assignment has */
    guint n_notices;  /* that may go and not only wait */
} Due;

/* follow_up: the ledger knows the ticket.  now in usecs since the epoch.  NULL: the ledger
 * did not answer. */
Due *due_decide(LedgerTransaction *transaction, Decision *decision, gboolean follow_up,
                gint64 now, GError **error);
void due_free(Due *due);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Due, due_free)

#endif
