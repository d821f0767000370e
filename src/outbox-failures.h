/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* outbox-failures: the failed notices of a day -> one mail to the desk. */
#ifndef CERTBUND_OUTBOX_FAILURES_H
#define CERTBUND_OUTBOX_FAILURES_H

#include "config.h"
#include "ledger.h"
#include "secret.h"

#define FAILURES_EVERY_SECS 86400
#define FAILURES_ROWS_MAX 10000 /* what a person still reads; the tool has the rest */

/* Put the mail into the ledger when a day has passed since the last one and a notice
 * has failed since.  now: usecs.  *told_r: there is one.  FALSE: nothing is changed,
 * or the mail is there and the next call makes no second one. */
gboolean failures_tell(Ledger *ledger, const Secret *secret, const Config *config, gint64 now,
                       gboolean *told_r, GError **error);

#endif
