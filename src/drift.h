/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* drift: the columns of a report, beside those that its class is known to have. */
#ifndef CERTBUND_DRIFT_H
#define CERTBUND_DRIFT_H

#include "decision.h"
#include "ledger.h"

#define DRIFT_NAME_MAX 100 /* bytes of a column's name that are remembered; real ones have 25 */

/* Have the ledger note the columns of a report of a known class; what is new or missing is
 * added to drift, one line each.  Nothing is learnt of a report that is not proven, title
 * included unless its columns are those of its class, or whose table is in doubt for another
 * reason than a lost column; nor of Shadowserver's, whose columns are not those of
 * CERT-Bund's class.  As ledger_learn_columns() on failure. */
gboolean drift_learn(LedgerTransaction *transaction, const Decision *decision, GPtrArray *drift,
                     GError **error);

#endif
