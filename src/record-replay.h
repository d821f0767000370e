/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* record-replay: what anybody can send, as often as he likes: a genuine signed part under
 * another ticket, and mail that only looks like a report.  Used by record.c only.
 *
 * A signature over the text covers no ticket: who has one genuine report could send it again
 * under a new one.  The first of these is held for a person, of later ones the ledger keeps a
 * line.  How many bytes of what nothing proves it keeps is RECORD_UNPROVEN_MAX (record.h). */
#ifndef CERTBUND_RECORD_REPLAY_H
#define CERTBUND_RECORD_REPLAY_H

#include "record.h"

/* Holds the report if its signed part came under another ticket; whom a person vouches for is
 * no replay.  *known_r: it came under two others by now, so the desk was told: nothing is to
 * be made of it, see replay_note().  FALSE: the decision could not be held, as
 * decision_hold(). */
gboolean replay_hold(LedgerTransaction *transaction, const RecordInput *input,
                     Decision *decision, gboolean *known_r, GError **error);

/* Commits a line that says it came, and no more.  Errors as ledger_commit(). */
gboolean replay_note(LedgerTransaction *transaction, const Decision *decision, GError **error);

/* May the ledger keep the mail?  Always, but for what cost its sender nothing. */
gboolean replay_has_room(LedgerTransaction *transaction, const RecordInput *input,
                         const Decision *decision);

#endif
