/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl reports, notices, unassigned, held and drift: what is in the ledger. */
#include "ctl-ledger.h"
#include "ctl-rows.h"

#include <string.h>
#include <sysexits.h>

/* What fits a wide terminal; show and --json have the rest. */
static const char *const report_columns[] = { "received",   "ticket",  "class",    "state",
                                              "status",     "events",  "notified", "held",
                                              "unassigned", "notices", "reason",   NULL };
static const char *const notice_columns[] = { "created",  "reference", "state",      "customer",
                                              "class",    "ticket",    "recipients", "handed_over",
                                              "queue_id", "reply",     NULL };
static const char *const unassigned_columns[] = { "ticket", "class", "row",    "address", "account",
                                                  "time",   "fate",  "reason", NULL };
static const char *const held_columns[] = { "since",  "kind",     "id",     "class", "state",
                                            "events", "customer", "reason", NULL };
static const char *const drift_columns[] = { "class",     "column",  "state", "first_seen",
                                             "last_seen", "reports", NULL };

int ctl_list_all(const CtlCall *call, LedgerQuestion question, const char *filter, CtlList *list,
                 const char *none)
{
    g_autoptr(CtlLedger) ledger = NULL;
    g_autoptr(GError) error = NULL;
    int status = ctl_ledger_open(call, &ledger);

    if (status != EX_OK)
        return status;
    if (!ctl_list(ledger->ledger, question, filter, list, &error))
        return ctl_failed(error);
    if (list->n == 0 && !list->json && none != NULL)
        ctl_complain("%s", none);
    return EX_OK;
}

typedef const char *(*StateName)(guint state);

static const char *name_report(guint state)
{
    return report_state_name((ReportState)state);
}

static const char *name_notice(guint state)
{
    return notice_state_name((NoticeState)state);
}

static gboolean check_state(const CtlCall *call, const char *state, StateName name, guint n)
{
    g_autoptr(GString) known = g_string_new(NULL);

    for (guint i = 0; i < n; i++) {
        if (g_strcmp0(state, name(i)) == 0)
            return TRUE;
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", name(i));
    }
    if (state == NULL)
        return TRUE;
    ctl_misused(call, "'%s' is no state (%s)", state, known->str);
    return FALSE;
}

static int list_by_state(const CtlCall *call, LedgerQuestion question, const char *const *columns,
                         StateName name, guint n_states)
{
    CtlList list = { .columns = columns };
    g_autofree char *state = NULL;
    const GOptionEntry entries[] = {
        { "state", 0, 0, G_OPTION_ARG_FILENAME, &state, NULL, NULL },
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);

    if (words == NULL || !check_state(call, state, name, n_states))
        return EX_USAGE;
    g_autofree char *none = g_strdup_printf(
        "no %s%s%s", question == LEDGER_REPORTS ? "report" : "notice",
        state != NULL ? " in state " : " is in the ledger", state != NULL ? state : "");
    return ctl_list_all(call, question, state, &list, none);
}

int ctl_reports(const CtlCall *call)
{
    return list_by_state(call, LEDGER_REPORTS, report_columns, name_report, REPORT_STATE_N);
}

int ctl_notices(const CtlCall *call)
{
    return list_by_state(call, LEDGER_NOTICES, notice_columns, name_notice, NOTICE_STATE_N);
}

/* All of them, or those of what somebody names, which is found wanting when it is not there. */
static int list_of(const CtlCall *call, LedgerQuestion question, const char *const *columns,
                   const char *none, const char *none_of)
{
    CtlList list = { .columns = columns };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 1);

    if (words == NULL)
        return EX_USAGE;
    if (words[0] == NULL)
        return ctl_list_all(call, question, NULL, &list, none);
    int status = ctl_list_all(call, question, words[0], &list, NULL);
    if (status != EX_OK || list.n > 0)
        return status;
    ctl_complain("the ledger has %s %s", none_of, words[0]);
    return CTL_WANTING;
}

int ctl_unassigned(const CtlCall *call)
{
    return list_of(call, LEDGER_UNASSIGNED, unassigned_columns, "no row is left over",
                   "no unassigned or unreadable row of a ticket");
}

int ctl_drift(const CtlCall *call)
{
    return list_of(call, LEDGER_DRIFT, drift_columns, "no report of a known class has come yet",
                   "no report of a known class");
}

int ctl_held(const CtlCall *call)
{
    CtlList list = { .columns = held_columns };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);

    if (words == NULL)
        return EX_USAGE;
    return ctl_list_all(call, LEDGER_HELD, NULL, &list, "nothing waits for a person");
}
