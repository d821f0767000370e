/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Puts every event of a report to exactly one fate and, if it is notified, to
 * exactly one customer.  Whatever is not certain becomes `unassigned`: it is
 * told to the desk, never to a customer who might be the wrong one. */
#include "assign.h"

#include "errors.h"
#include "timestamp.h"

static const char *const fate_names[FATE_N] = {
    [FATE_NOTIFIED] = "notified",     [FATE_HELD] = "held",
    [FATE_EXEMPT] = "exempt",         [FATE_SUPPRESSED] = "suppressed",
    [FATE_UNASSIGNED] = "unassigned", [FATE_UNREADABLE] = "unreadable",
};

static const char *const reason_texts[REASON_N] = {
    [REASON_NONE] = "",
    [REASON_NO_CUSTOMER] = "nobody in the customer list has it",
    [REASON_AMBIGUOUS] = "more than one answer, depending on the exact time or on equal networks",
    [REASON_POOL] = "pool: the network alone does not tell who it was",
    [REASON_DELIVER_HOLD] = "deliver=hold",
    [REASON_DELIVER_NONE] = "deliver=none",
    [REASON_NO_ADDRESS] = "no address that can be read",
    [REASON_REPORT_HELD] = "the report is held",
    [REASON_NOTICE_HELD] = "the notice failed a check",
    [REASON_NOT_SENT] = "the MTA did not take the notice",
    [REASON_EXEMPTED] = "an exemption",
    [REASON_TOLD] = "told lately",
    [REASON_KNOWN] = "an earlier report of this ticket has it",
    [REASON_CONTACT] = "mail to the customer's contacts has bounced",
};

const char *fate_name(Fate fate)
{
    return fate_names[fate];
}

const char *reason_text(Reason reason)
{
    return reason_texts[reason];
}

static void span_of(const Event *event, gint64 *earliest_r, gint64 *latest_r)
{
    switch ((WhenCertainty)event->time_certainty) {
    case WHEN_UTC:
        *earliest_r = *latest_r = event->time;
        return;
    case WHEN_ZONE:
        *earliest_r = event->time - CUSTOMERS_ZONE_SECS;
        *latest_r = event->time + CUSTOMERS_ZONE_SECS;
        return;
    case WHEN_NONE:
        break;
    }
    *earliest_r = TIMESTAMP_MIN;
    *latest_r = TIMESTAMP_MAX;
}

CustomerKey *assign_keys(const Report *report)
{
    CustomerKey *keys = g_new0(CustomerKey, report->n_events);
    for (guint i = 0; i < report->n_events; i++) {
        const Event *event = &report->events[i];
        if (event->unreadable)
            continue;
        if (report->account_column >= 0)
            keys[i].account = report_account(report, i);
        else
            keys[i].address = &event->address;
        span_of(event, &keys[i].earliest, &keys[i].latest);
    }
    return keys;
}

/* The fate of one readable event, by the answer for it. */
static EventFate fate_of(const Customers *customers, const CustomerAnswer *answer, gboolean hold)
{
    if (answer->kind == ANSWER_NONE)
        return (EventFate){ NO_CUSTOMER, FATE_UNASSIGNED, REASON_NO_CUSTOMER };
    if (answer->kind == ANSWER_AMBIGUOUS)
        return (EventFate){ NO_CUSTOMER, FATE_UNASSIGNED, REASON_AMBIGUOUS };
    switch (customers_deliver(customers, answer->customer)) {
    case DELIVER_POOL:
        return (EventFate){ answer->customer, FATE_UNASSIGNED, REASON_POOL };
    case DELIVER_NONE:
        return (EventFate){ answer->customer, FATE_EXEMPT, REASON_DELIVER_NONE };
    case DELIVER_HOLD:
        return (EventFate){ answer->customer, FATE_HELD,
                            hold ? REASON_REPORT_HELD : REASON_DELIVER_HOLD };
    case DELIVER_NOTIFY:
    case DELIVER_DIGEST:
        break;
    }
    if (hold)
        return (EventFate){ answer->customer, FATE_HELD, REASON_REPORT_HELD };
    return (EventFate){ answer->customer, FATE_NOTIFIED, REASON_NONE };
}

gboolean assignment_in_notice(const EventFate *fate)
{
    return fate->fate == FATE_NOTIFIED
        || (fate->fate == FATE_HELD
            && (fate->reason == REASON_DELIVER_HOLD || fate->reason == REASON_CONTACT));
}

/* Count each customer's events for notices; groups in order of first event.
 * group_of maps a customer to its group. */
static GArray *count_groups(const Assignment *assignment, guint32 *group_of)
{
    GArray *groups = g_array_new(FALSE, TRUE, sizeof(CustomerGroup));
    for (guint i = 0; i < assignment->n_events; i++) {
        const EventFate *fate = &assignment->fates[i];
        if (!assignment_in_notice(fate))
            continue;
        if (group_of[fate->customer] == NO_CUSTOMER) {
            CustomerGroup group = { fate->customer, NULL, 0 };
            group_of[fate->customer] = groups->len;
            g_array_append_val(groups, group);
        }
        g_array_index(groups, CustomerGroup, group_of[fate->customer]).n_events++;
    }
    return groups;
}

/* A counting sort of those events by customer. */
static void make_groups(Assignment *assignment, guint n_customers)
{
    guint n = 0;
    for (guint i = 0; i < assignment->n_events; i++)
        n += assignment_in_notice(&assignment->fates[i]);
    if (n == 0)
        return;
    g_autofree guint32 *group_of = g_new(guint32, n_customers);
    memset(group_of, 0xff, sizeof *group_of * n_customers);
    GArray *groups = count_groups(assignment, group_of);
    g_autofree guint32 *filled = g_new0(guint32, groups->len);
    guint32 start = 0;

    assignment->order = g_new(guint32, n);
    for (guint g = 0; g < groups->len; g++) {
        CustomerGroup *group = &g_array_index(groups, CustomerGroup, g);
        group->events = assignment->order + start;
        filled[g] = start;
        start += group->n_events;
    }
    for (guint i = 0; i < assignment->n_events; i++)
        if (assignment_in_notice(&assignment->fates[i]))
            assignment->order[filled[group_of[assignment->fates[i].customer]]++] = i;
    assignment->n_groups = groups->len;
    assignment->groups = (CustomerGroup *)(gpointer)g_array_free(groups, FALSE);
}

Assignment *assign(const Report *report, const Customers *customers,
                   const CustomerAnswer *answers, gboolean hold)
{
    Assignment *assignment = g_new0(Assignment, 1);

    assignment->n_events = report->n_events;
    assignment->fates = g_new(EventFate, report->n_events);
    assignment->lines = g_new0(guint32, report->n_events);
    for (guint i = 0; i < report->n_events; i++) {
        if (!report->events[i].unreadable && answers[i].kind == ANSWER_CUSTOMER)
            assignment->lines[i] = answers[i].line;
        assignment->fates[i] = report->events[i].unreadable
            ? (EventFate){ NO_CUSTOMER, FATE_UNREADABLE, REASON_NO_ADDRESS }
            : fate_of(customers, &answers[i], hold);
        assignment->counts[assignment->fates[i].fate]++;
    }
    make_groups(assignment, customers_count(customers));
    return assignment;
}

Assignment *assignment_of_one(guint n_events, guint32 customer)
{
    Assignment *assignment = g_new0(Assignment, 1);

    assignment->n_events = assignment->counts[FATE_NOTIFIED] = n_events;
    assignment->fates = g_new(EventFate, n_events);
    assignment->order = g_new(guint32, n_events);
    assignment->lines = g_new0(guint32, n_events);
    for (guint i = 0; i < n_events; i++) {
        assignment->fates[i] = (EventFate) { customer, FATE_NOTIFIED, REASON_NONE };
        assignment->order[i] = i;
    }
    assignment->n_groups = 1;
    assignment->groups = g_new(CustomerGroup, 1);
    assignment->groups[0] = (CustomerGroup) { customer, assignment->order, n_events };
    return assignment;
}

void assignment_free(Assignment *assignment)
{
    if (assignment == NULL)
        return;
    g_free(assignment->fates);
    g_free(assignment->groups);
    g_free(assignment->order);
    g_free(assignment->lines);
    g_free(assignment);
}

char **assignment_networks(const Assignment *assignment, const Customers *customers,
                           const guint32 *events, guint n_events)
{
    GPtrArray *networks = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint32 last = 0;

    for (guint i = 0; i < n_events; i++) {
        guint32 line = assignment->lines[events[i]];
        if (line == last || line == 0 || !g_hash_table_add(seen, GUINT_TO_POINTER(line)))
            continue;
        last = line;
        char *network = customers_network_of_line(customers, line);
        if (network != NULL)
            g_ptr_array_add(networks, network);
    }
    g_ptr_array_add(networks, NULL);
    return (char **)g_ptr_array_free(networks, FALSE);
}

void assignment_withdraw(Assignment *assignment, guint event, Fate fate, Reason reason)
{
    EventFate *old = &assignment->fates[event];
    g_assert(fate != FATE_NOTIFIED);
    assignment->counts[old->fate]--;
    assignment->counts[fate]++;
    old->fate = (guint8)fate;
    old->reason = (guint8)reason;
}

/* How many notified events stand in the groups; one that is another customer's spoils it. */
static guint count_grouped(const Assignment *assignment)
{
    guint n = 0;

    for (guint g = 0; g < assignment->n_groups; g++) {
        const CustomerGroup *group = &assignment->groups[g];
        for (guint e = 0; e < group->n_events; e++) {
            const EventFate *fate = &assignment->fates[group->events[e]];
            if (fate->customer != group->customer)
                return G_MAXUINT;
            n += fate->fate == FATE_NOTIFIED;
        }
    }
    return n;
}

gboolean assignment_check(const Assignment *assignment, GError **error)
{
    guint recount[FATE_N] = { 0 };
    guint sum = 0;
    gboolean fine = TRUE;

    for (guint i = 0; i < assignment->n_events; i++)
        recount[assignment->fates[i].fate]++;
    for (guint f = 0; f < FATE_N; f++) {
        fine = fine && recount[f] == assignment->counts[f];
        sum += recount[f];
    }
    /* Law 1: every row has exactly one fate, and every notified one is in a group. */
    if (fine && sum == assignment->n_events
        && count_grouped(assignment) == assignment->counts[FATE_NOTIFIED])
        return TRUE;
    error_bug(error, "the fates of %u rows do not add up", assignment->n_events);
    return FALSE;
}
