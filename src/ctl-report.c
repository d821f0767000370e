/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl release of a held report: it is run again with today's customers and
 * templates. */
#include "ctl-ledger.h"

#include <sysexits.h>

int ctl_release_report(const CtlCall *call G_GNUC_UNUSED, CtlLedger *ledger G_GNUC_UNUSED,
                       const char *id, const char *person G_GNUC_UNUSED,
                       const char *reason G_GNUC_UNUSED)
{
    ctl_complain("report %s: this version can't run a report again; it stays held", id);
    return EX_UNAVAILABLE;
}
