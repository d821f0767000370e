/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Asks the ledger under which other tickets a signed part came, and how much it keeps of what
 * is doubtful.  Refused: a replay's rows, and any mail beyond the room. */
#include "record-replay.h"

gboolean replay_hold(LedgerTransaction *transaction, const RecordInput *input,
                     Decision *decision, gboolean *known_r, GError **error)
{
    guint n;

    *known_r = FALSE;
    if (!decision_is_part(decision) || *decision->provenance->signature == '\0'
        || *input->person != '\0')
        return TRUE;
    g_autofree char *ticket = ledger_signature_elsewhere(transaction, &n);
    *known_r = n > 1;
    return ticket == NULL || decision->assignment == NULL || decision->status > STATUS_ATTENTION
        || decision_hold(decision, error, "a replay: its signed part came under %s", ticket);
}

/* Whoever has one genuine mail can send it any number of times, under as many tickets.  Its
 * rows are known from the first. */
gboolean replay_note(LedgerTransaction *transaction, const Decision *decision, GError **error)
{
    return ledger_commit(transaction, 0, status_name(decision->status), REPORT_DONE, error);
}

/* An unproven mail, and one with a genuine signed part that is old or was here before. */
static gboolean is_doubtful(const Decision *decision)
{
    return decision->status == STATUS_UNVERIFIED
        || (decision_is_part(decision) && decision->status == STATUS_OLD);
}

gboolean replay_has_room(LedgerTransaction *transaction, const RecordInput *input,
                         const Decision *decision)
{
    gsize size = g_bytes_get_size(input->bytes);

    return !is_doubtful(decision)
        || ledger_doubtful_bytes(transaction) + size <= RECORD_UNPROVEN_MAX;
}
