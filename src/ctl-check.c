/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl check: everything that would stop the start, and what an operator
 * should know besides. */
#include "ctl.h"

#include <stdio.h>
#include <sysexits.h>

int ctl_check(const CtlCall *call)
{
    g_autoptr(Faults) faults = faults_new();

    if (*call->arguments != NULL) {
        ctl_complain("check takes no argument; expected certbundctl [-c FILE] check");
        return EX_USAGE;
    }
    g_autoptr(Snapshot) snapshot = snapshot_load(call->config_path, TRUE, NULL, faults);
    for (guint i = 0; i < faults_count(faults); i++)
        printf("%s\n", faults_text(faults, i));
    if (faults_errors(faults) > 0) {
        ctl_complain("%u fault%s", faults_errors(faults), faults_errors(faults) == 1 ? "" : "s");
        return CTL_WANTING;
    }
    printf("%s: fine: %u networks of %u customers, %u templates, %u layouts\n",
           call->config_path, customers_n_networks(snapshot->customers),
           customers_count(snapshot->customers), templates_n_templates(snapshot->templates),
           templates_n_layouts(snapshot->templates));
    return EX_OK;
}
