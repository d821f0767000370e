/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl show: all that the ledger knows of a ticket, notice, address or customer:
 * its reports, its notices, its events, and who changed what and when. */
#include "ctl-ledger.h"
#include "ctl-rows.h"

#include <string.h>
#include <sysexits.h>

static const char *const report_columns[] = { "received", "id",         "class",      "state",
                                              "status",   "events",     "notified",   "held",
                                              "exempt",   "suppressed", "unassigned", "unreadable",
                                              "reason",   NULL };
static const char *const notice_columns[] = { "created",  "reference",  "state",       "customer",
                                              "events",   "recipients", "handed_over", "queue_id",
                                              "attempts", "bounce",     "reply",       NULL };
static const char *const event_columns[] = { "ticket", "row",      "address", "account",
                                             "time",   "customer", "fate",    "reference",
                                             "state",  "reason",   NULL };
static const char *const change_columns[] = { "time", "kind",   "item", "from",
                                              "to",   "person", "why",  NULL };

static const struct {
    LedgerQuestion question;
    const char *record, *title;
    const char *const *columns;
} sections[] = {
    { LEDGER_REPORTS, "report", "reports", report_columns },
    { LEDGER_NOTICES_OF, "notice", "notices", notice_columns },
    { LEDGER_SHOW, "event", "events", event_columns },
    { LEDGER_CHANGES, "change", "changes", change_columns },
};

/* Reports are asked for by ticket or id; to the ledger the name of a state is a filter,
 * too, and a customer may be called like one. */
static gboolean applies(LedgerQuestion question, const char *what)
{
    for (guint i = 0; question == LEDGER_REPORTS && i < REPORT_STATE_N; i++)
        if (strcmp(what, report_state_name((ReportState)i)) == 0)
            return FALSE;
    return TRUE;
}

static int show(Ledger *ledger, const char *what, gboolean json)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(sections); i++) {
        g_autofree char *title = g_strconcat(n > 0 ? "\n" : "", sections[i].title, ":", NULL);
        CtlList list = { .json = json,
                         .record = sections[i].record,
                         .title = title,
                         .columns = sections[i].columns };
        if (applies(sections[i].question, what) &&
            !ctl_list(ledger, sections[i].question, what, &list, &error))
            return ctl_failed(error);
        n += list.n;
    }
    if (n > 0)
        return EX_OK;
    ctl_complain("the ledger has no ticket, notice, address or customer %s", what);
    return CTL_WANTING;
}

int ctl_show(const CtlCall *call)
{
    g_autoptr(CtlLedger) ledger = NULL;
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 1, 1);

    if (words == NULL)
        return EX_USAGE;
    int status = ctl_ledger_open(call, &ledger);
    return status == EX_OK ? show(ledger->ledger, words[0], json) : status;
}
