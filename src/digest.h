/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* digest: one mail a day, at digest-at, that grows in the ledger with each report.
 *
 * For customers with deliver=digest: a notice from the template `digest`, in their layout,
 * with all classes in one table of always the same columns,
 *
 *     ticket class ip timestamp asn port proto details
 *
 * where details holds the other cells of a row as name=value, "; " between.  What the class's
 * template, the layout or the customer's form hides of a report stands in none of them.  For the
 * desk with unassigned=daily: the rows that are nobody's, with fate and reason in front.
 * The mail is finished at any time, with the rows so far, so a crash costs nothing; from
 * digest-at on, or when a person has decided about it, the next day's begins. */
#ifndef CERTBUND_DIGEST_H
#define CERTBUND_DIGEST_H

#include "decision.h"
#include "ledger.h"
#include "secret.h"

/* Bytes of the details of one row: the report has them all, and a table's cell has a limit
 * (TABLE_CELL_MAX) that many long cells together would pass. */
#define DIGEST_DETAILS_MAX 8192

/* Does this customer want digests, and may this report wait for one?  Never what is
 * urgent, and not without a template. */
gboolean digest_can_wait(const Decision *decision, guint32 customer);

typedef struct {
    LedgerTransaction *transaction;
    const Secret *secret;
    const Decision *decision;
    gint64 now; /* usecs */
} DigestInput;

typedef struct {
    char *id;      /* the notice's that tells them, or NULL: it failed a check of ours */
    char *problem; /* why, one line; or NULL */
    gboolean begun; /* it is a new one */
} DigestOutcome;
void digest_outcome_clear(DigestOutcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DigestOutcome, digest_outcome_clear)

/* These events of the decision's report go into the customer's next digest.  FALSE: the
 * ledger did not take it. */
gboolean digest_add_customer(const DigestInput *input, guint32 customer, const guint32 *events,
                             guint n_events, DigestOutcome *outcome_r, GError **error);

/* The report's rows that are nobody's go into the desk's next list; nothing when there are
 * none. */
gboolean digest_add_desk(const DigestInput *input, GError **error);

#endif
