/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* outbox-sign: what is claimed gets its signature before it is handed over, once: the signed
 * bytes are in the ledger before the first try, and are what every try sends.  Used by outbox.c
 * only.  The desk's own mails are not signed: they tell of a key that fails. */
#ifndef CERTBUND_OUTBOX_SIGN_H
#define CERTBUND_OUTBOX_SIGN_H

#include "ledger.h"
#include "secret.h"
#include "snapshot.h"

#define OUTBOX_SIGN_SECS 60 /* until a notice that could not be signed is tried again */

/* Signs those of claims (LedgerClaim *) that need it, in place; what could not be signed by
 * until (monotonic, usecs) is moved to *left_r, and *why_r says why; NULL and NULL when all
 * could.  *n_r: how many it has signed.  One that fails ends it: the others have the same key.  FALSE: the ledger did not take
 * what was signed, and nothing of claims may be handed over. */
gboolean outbox_sign(Ledger *ledger, const Config *config, GPtrArray *claims, gint64 until,
                     GPtrArray **left_r, char **why_r, guint *n_r, GError **error);

/* Tells the desk that notices wait, once a day (UTC); now: usecs. */
gboolean outbox_sign_tell(Ledger *ledger, const Secret *secret, const Config *config,
                          const char *why, gint64 now, GError **error);

#endif
