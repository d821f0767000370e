/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl check: everything that would stop the start, and what an operator
 * should know besides; with --ledger, every page, key and sum of the ledger. */
#include "ctl-ledger.h"
#include "errors.h"
#include "sign.h"

#include <stdio.h>
#include <sysexits.h>

static int check_settings(const CtlCall *call)
{
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(Snapshot) snapshot = snapshot_load(call->config_path, TRUE, NULL, faults);

    if (snapshot != NULL)
        sign_check(snapshot->config, faults);
    for (guint i = 0; i < faults_count(faults); i++)
        printf("%s\n", faults_text(faults, i));
    if (snapshot == NULL || faults_errors(faults) > 0) {
        ctl_complain("%u fault%s", faults_errors(faults), faults_errors(faults) == 1 ? "" : "s");
        return CTL_WANTING;
    }
    printf("%s: fine: %u networks of %u customers, %u templates, %u layouts\n", call->config_path,
           customers_n_networks(snapshot->customers), customers_count(snapshot->customers),
           templates_n_templates(snapshot->templates), templates_n_layouts(snapshot->templates));
    return EX_OK;
}

/* That it is damaged is what was asked for, and so a result. */
static int check_ledger(const CtlCall *call)
{
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GError) error = NULL;
    int status = ctl_ledger_open(call, &ledger);

    if (status != EX_OK)
        return status;
    if (ledger_check_integrity(ledger->ledger, &error) &&
        ledger_check_sums(ledger->ledger, &error)) {
        printf("%s: fine: every page, key and sum\n", ledger->config->ledger_path);
        return EX_OK;
    }
    if (!g_error_matches(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG))
        return ctl_failed(error);
    printf("%s\n", error->message);
    ctl_complain("the ledger can't be relied on: stop certbund-milter and put back a copy of it");
    return CTL_WANTING;
}

int ctl_check(const CtlCall *call)
{
    gboolean ledger = FALSE;
    const GOptionEntry entries[] = {
        { "ledger", 0, 0, G_OPTION_ARG_NONE, &ledger, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);

    if (words == NULL)
        return EX_USAGE;
    int status = check_settings(call);
    if (!ledger)
        return status;
    int other = check_ledger(call);
    return MAX(status, other);
}
