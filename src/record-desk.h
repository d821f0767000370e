/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* record-desk: what the desk is told of a report, put among the notices so that it is not
 * lost either.  Used by record.c only. */
#ifndef CERTBUND_RECORD_DESK_H
#define CERTBUND_RECORD_DESK_H

#include "record.h"

/* Unproven reports: the desk is told of the first, and of no other one until none has come for so
 * long.  It must not be flooded by whoever forges them. */
#define RECORD_QUIET_SECS (24 * 3600)

typedef struct {
    const RecordInput *input;
    const Decision *decision;
    const Recorded *recorded;
    GBytes *sample; /* pilot: the first notice, or NULL */
    gint64 now;
    gboolean new_class; /* left to record_tell_desk() */
} DeskCase;

/* Adds a mail to the desk, where it needs one.  As ledger_add_notice() on failure. */
gboolean record_tell_desk(LedgerTransaction *transaction, const DeskCase *told, GError **error);

#endif
