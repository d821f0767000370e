/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl release, drop and retry: what a person decides about notices and reports
 * that wait or failed.  Each id is tried, whatever became of the one before. */
#include "ctl-ledger.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

typedef struct {
    const CtlCall *call;
    CtlLedger *ledger;
    const char *person, *reason;
} Change;

typedef int (*ChangeOne)(const Change *change, const char *id);

static int change_notice(const Change *change, const CtlThing *thing, NoticeState to,
                         const char *outcome)
{
    g_autoptr(GError) error = NULL;

    if (!ledger_change_notice(change->ledger->ledger, thing->id, to, change->person,
                              change->reason != NULL ? change->reason : "", g_get_real_time(),
                              &error))
        return ctl_failed(error);
    printf("%s: %s\n", thing->id, outcome);
    return EX_OK;
}

#define GOES "goes out; a running certbund-milter hands it over within seconds"

static int release_one(const Change *change, const char *id)
{
    const char *held = report_state_name(REPORT_HELD); /* a notice's is called the same */
    g_autoptr(GError) error = NULL;
    g_auto(CtlThing) thing = { .is_report = FALSE };

    if (!ctl_find(change->ledger->ledger, id, held, &thing, &error))
        return ctl_failed(error);
    if (strcmp(thing.state, held) != 0) {
        ctl_complain("%s %s is %s, not held: there is nothing to release",
                     thing.is_report ? "report" : "notice", thing.id, thing.state);
        return CTL_WANTING;
    }
    if (thing.is_report)
        return ctl_release_report(change->call, change->ledger, thing.id, change->person,
                                  change->reason);
    return change_notice(change, &thing, NOTICE_PENDING, "released: it " GOES);
}

static int retry_one(const Change *change, const char *id)
{
    const char *failed = notice_state_name(NOTICE_FAILED);
    g_autoptr(GError) error = NULL;
    g_auto(CtlThing) thing = { .is_report = FALSE };

    if (!ctl_find(change->ledger->ledger, id, failed, &thing, &error))
        return ctl_failed(error);
    if (!thing.is_report && strcmp(thing.state, failed) == 0)
        return change_notice(change, &thing, NOTICE_PENDING, "tried again: it " GOES);
    ctl_complain("%s %s is %s: only a failed notice can be tried again",
                 thing.is_report ? "report" : "notice", thing.id, thing.state);
    return CTL_WANTING;
}

static int drop_report(const Change *change, const char *id)
{
    g_autoptr(GError) error = NULL;

    if (!ledger_change_report(change->ledger->ledger, id, REPORT_DROPPED, change->person,
                              change->reason != NULL ? change->reason : "", g_get_real_time(),
                              &error))
        return ctl_failed(error);
    printf("%s: dropped: nobody is told of it\n", id);
    return EX_OK;
}

static int drop_one(const Change *change, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_auto(CtlThing) thing = { .is_report = FALSE };

    if (!ctl_find(change->ledger->ledger, id, NULL, &thing, &error))
        return ctl_failed(error);
    return thing.is_report
               ? drop_report(change, id)
               : change_notice(change, &thing, NOTICE_DROPPED, "dropped: it is never sent");
}

static int change_all(const CtlCall *call, ChangeOne change_one)
{
    g_autofree char *by = NULL, *reason = NULL;
    g_autoptr(CtlLedger) ledger = NULL;
    const GOptionEntry entries[] = {
        { "by", 0, 0, G_OPTION_ARG_FILENAME, &by, NULL, NULL },
        { "reason", 0, 0, G_OPTION_ARG_FILENAME, &reason, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 1, G_MAXUINT);

    if (words == NULL || !ctl_fit(call, "--by", by) || !ctl_fit(call, "--reason", reason))
        return EX_USAGE;
    g_autofree char *person = ctl_person(by);
    int worst = ctl_ledger_open(call, &ledger);
    if (worst != EX_OK)
        return worst;
    const Change change = { call, ledger, person, reason };
    for (char **id = words; *id != NULL; id++) {
        int status = change_one(&change, *id);
        worst = MAX(worst, status);
    }
    return worst;
}

int ctl_release(const CtlCall *call)
{
    return change_all(call, release_one);
}

int ctl_drop(const CtlCall *call)
{
    return change_all(call, drop_one);
}

int ctl_retry(const CtlCall *call)
{
    return change_all(call, retry_one);
}
