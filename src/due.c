/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Goes through each customer's rows address by address, since what was told is
 * remembered by address: a sorted copy of the row numbers makes each a run. */
#include "due.h"

#include "hex.h"

#include <string.h>

typedef struct {
    LedgerTransaction *transaction;
    Decision *decision;
    gint64 now;
    Due *due;
} Asker;

/* Law 4: a follow-up tells what is new, and only that; nobody need look at a known row
 * again either. */
static void withdraw_known(const Asker *asker)
{
    Assignment *assignment = asker->decision->assignment;

    for (guint i = 0; i < assignment->n_events; i++) {
        Fate fate = assignment->fates[i].fate;
        if (fate != FATE_NOTIFIED && fate != FATE_HELD && fate != FATE_UNASSIGNED)
            continue;
        guint8 digest[REPORT_DIGEST_SIZE];
        char text[2 * REPORT_DIGEST_SIZE + 1];
        report_event_digest(asker->decision->report, i, digest);
        hex_format(digest, sizeof digest, text);
        if (ledger_event_known(asker->transaction, text))
            assignment_withdraw(assignment, i, FATE_SUPPRESSED, REASON_KNOWN);
    }
}

static gboolean is_told_lately(const Asker *asker, const LedgerTold *told)
{
    const Config *config = asker->decision->snapshot->config;
    gboolean critical = decision_is_critical(asker->decision);
    gint64 last = critical ? told->last_critical : told->last_told;
    gint64 pause = critical ? config->renotify_critical_secs : config->renotify_after_secs;
    gint64 ago = asker->now - last;

    return last != 0 && ago < pause * G_USEC_PER_SEC && ago > -DUE_AHEAD_SECS * G_USEC_PER_SEC;
}

static gboolean is_exempted(const Asker *asker, guint event)
{
    g_autofree char *id
        = ledger_exempted(asker->transaction, &asker->decision->report->events[event].address,
                          asker->decision->class_id);
    return id != NULL;
}

/* Exempted rows of one address go; how many are left. */
static guint withdraw_exempted(const Asker *asker, const guint32 *events, guint n)
{
    Assignment *assignment = asker->decision->assignment;
    guint left = 0;

    for (guint i = 0; i < n; i++)
        if (!assignment_in_notice(&assignment->fates[events[i]]))
            continue;
        else if (is_exempted(asker, events[i]))
            assignment_withdraw(assignment, events[i], FATE_EXEMPT, REASON_EXEMPTED);
        else
            left++;
    return left;
}

static void withdraw_all(Assignment *assignment, const guint32 *events, guint n, Fate fate,
                         Reason reason)
{
    for (guint i = 0; i < n; i++)
        if (assignment_in_notice(&assignment->fates[events[i]]))
            assignment_withdraw(assignment, events[i], fate, reason);
}

/* The rows of one address (or account).  *due_r: it is to be told. */
static gboolean decide_subject(const Asker *asker, const char *customer, const guint32 *events,
                               guint n, DueGroup *group, gboolean *due_r, GError **error)
{
    const Decision *decision = asker->decision;
    char text[ADDRESS_TEXT_SIZE];
    LedgerTold told;

    *due_r = withdraw_exempted(asker, events, n) > 0;
    if (!*due_r)
        return TRUE;
    if (!ledger_told(asker->transaction, customer, decision->class_id,
                     report_subject_text(decision->report, events[0], text), &told, error))
        return FALSE;
    *due_r = !is_told_lately(asker, &told);
    if (*due_r) {
        group->told_before = group->told_before || told.times > 0;
        return TRUE;
    }
    withdraw_all(decision->assignment, events, n, FATE_SUPPRESSED, REASON_TOLD);
    group->open_since
        = group->n_open == 0 ? told.first_seen : MIN(group->open_since, told.first_seen);
    group->n_open++;
    return TRUE;
}

/* Does mail to every contact bounce?  Only what customers are really sent is asked for. */
static gboolean is_unreachable(const Asker *asker, const Customer *customer)
{
    g_auto(GStrv) contacts = g_strsplit(customer->email, ";", -1);

    if (asker->decision->mode != MODE_LIVE)
        return FALSE;
    for (char **contact = contacts; *contact != NULL; contact++)
        if (!ledger_contact_bounced(asker->transaction, *contact))
            return FALSE;
    return *contacts != NULL;
}

/* *n_due_r: how many addresses are to be told. */
static gboolean decide_subjects(const Asker *asker, const Customer *customer, guint32 *events,
                                guint n, DueGroup *group, guint *n_due_r, GError **error)
{
    const Report *report = asker->decision->report;
    gboolean due;

    report_sort_by_subject(report, events, n);
    for (guint start = 0, end; start < n; start = end) {
        end = report_subject_run_end(report, events, n, start);
        if (!decide_subject(asker, customer->id, events + start, end - start, group, &due, error))
            return FALSE;
        *n_due_r += due;
    }
    return TRUE;
}

static gboolean decide_group(const Asker *asker, guint g, GError **error)
{
    const Decision *decision = asker->decision;
    const CustomerGroup *group = &decision->assignment->groups[g];
    g_autofree guint32 *events
        = g_memdup2(group->events, (gsize)group->n_events * sizeof *events);
    Customer customer;
    guint n_due = 0;

    customers_get(decision->snapshot->customers, group->customer, &customer);
    if (!decide_subjects(asker, &customer, events, group->n_events, &asker->due->groups[g], &n_due,
                         error))
        return FALSE;
    if (n_due == 0 || customer.deliver == DELIVER_HOLD)
        return TRUE;
    if (is_unreachable(asker, &customer))
        withdraw_all(decision->assignment, events, group->n_events, FATE_HELD, REASON_CONTACT);
    else
        asker->due->n_notices += decision->template_->group_by_address ? n_due : 1;
    return TRUE;
}

Due *due_decide(LedgerTransaction *transaction, Decision *decision, gboolean follow_up,
                gint64 now, GError **error)
{
    const Assignment *assignment = decision->assignment;
    g_autoptr(Due) due = g_new0(Due, 1);
    const Asker asker = { transaction, decision, now, due };

    if (follow_up)
        withdraw_known(&asker);
    due->groups = g_new0(DueGroup, MAX(assignment->n_groups, 1));
    for (guint g = 0; g < assignment->n_groups; g++)
        if (!decide_group(&asker, g, error))
            return NULL;
    return g_steal_pointer(&due);
}

void due_free(Due *due)
{
    if (due == NULL)
        return;
    g_free(due->groups);
    g_free(due);
}
