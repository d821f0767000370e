/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* record-single: a report that is all one customer's, whose mail becomes his notice
 * (rewrite-single).  Used by record.c only.
 *
 * Such a notice is in-mta from its commit on: the MTA has it when it takes our answer, and
 * nobody tells us whether it did.  A client without its 250 sends the mail again, and it
 * becomes the same notice again, out of the ledger. */
#ifndef CERTBUND_RECORD_SINGLE_H
#define CERTBUND_RECORD_SINGLE_H

#include "notices.h"
#include "record-desk.h"

/* A notice in-mta is made again for so long: a client that had no answer gives up after 4 to 5
 * days (RFC 5321 section 4.5.4.1). */
#define SINGLE_SECS (5 * 86400)

/* Is all of the report this one notice, and may the mail in hand become it? */
gboolean single_is(const RecordInput *input, const Decision *decision, const Notice *notice);

/* What the copy in hand becomes, of the row that the ledger gets. */
LedgerClaim *single_note(const LedgerNotice *row);

/* The report is a duplicate.  *single_r: the notice in-mta that this mail was to become, and must
 * again; else it stays NULL.  When rewriting is over by now, the outbox takes the notice. */
gboolean single_repeat(const RecordInput *input, const Decision *decision, const char *digest,
                       gint64 now, LedgerClaim **single_r, GError **error);

/* The original goes to those whom it came for by the outbox, marked, and else as it came.
 * Nothing is done unless told->recorded->single is set. */
gboolean single_keep_original(LedgerTransaction *transaction, const DeskCase *told,
                              GError **error);

#endif
