/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* upkeep: what the ledger needs while the daemon runs, on a thread of its own: the full
 * check after a stop that was not clean, and once a day what keep-content and keep-proof
 * ask for. */
#ifndef CERTBUND_UPKEEP_H
#define CERTBUND_UPKEEP_H

#include "config.h"
#include "ledger.h"

#define UPKEEP_EVERY_SECS (24 * 3600)
#define UPKEEP_RETRY_SECS 3600 /* after a purge that failed */

typedef struct Upkeep Upkeep;

/* Signals are blocked by the caller.  ledger must outlive it.  NULL: no thread. */
Upkeep *upkeep_start(Ledger *ledger, const Config *config, GError **error);

/* What is kept for how long from now on. */
void upkeep_use(Upkeep *upkeep, const Config *config);

/* Ends with what it is doing just then, and joins the thread; upkeep_use() may still be
 * called. */
void upkeep_stop(Upkeep *upkeep);

/* Stopped already, and nobody calls upkeep_use() any more. */
void upkeep_free(Upkeep *upkeep);

/* When something recorded that long ago is to go: usecs since the epoch, 0 for "keep all"
 * (a time of 0). */
gint64 upkeep_before(gint64 now, gint64 keep_secs);

#endif
