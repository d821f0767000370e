/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ledger-record: a transaction's insides, for ledger-record.c and ledger-look.c. */
#ifndef CERTBUND_LEDGER_RECORD_H
#define CERTBUND_LEDGER_RECORD_H

#include "ledger-sql.h"

struct LedgerTransaction {
    Ledger *ledger;
    gboolean active; /* holds the lock */
    GError *failure; /* the first; then nothing is committed */
    gint64 report;   /* its row */
    char *id;
    gint64 now;
    char *person, *why;
    ReportState before; /* of a report run again; else REPORT_STATE_N */
    guint counts[FATE_N];
    guint rows_end; /* one above the highest row added */
    gint64 next_notice;
    GHashTable *notices;
    GHashTable *known;  /* digests under the ticket; NULL unless a follow-up */
    GArray *exemptions; /* read when first asked for */
};

/* The row of the notice of this id; adding: it is being added now. */
gint64 record_notice_row(LedgerTransaction *transaction, const char *id, gboolean adding);

gboolean record_usable(LedgerTransaction *transaction, GError **error);
/* ok, or: keep the failure for the commit and hand it on. */
gboolean record_result(LedgerTransaction *transaction, gboolean ok, GError *failure,
                       GError **error);
gboolean record_load_known(LedgerTransaction *transaction, const char *ticket, GError **error);
gsize record_digest(const char *text, guint8 *bytes_r); /* 64 bytes at most */

#endif
