/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* assign: report x answers -> assignment: every event gets exactly one fate.
 *
 * Pure: no I/O, no clock.  Law 1 (conservation) is asserted here. */
#ifndef CERTBUND_ASSIGN_H
#define CERTBUND_ASSIGN_H

#include "customers.h"
#include "report.h"

typedef enum {
    FATE_NOTIFIED,   /* goes into a notice */
    FATE_HELD,       /* no notice until the desk releases it */
    FATE_EXEMPT,     /* deliver=none */
    FATE_SUPPRESSED, /* told lately */
    FATE_UNASSIGNED, /* nobody's, or not certainly one customer's */
    FATE_UNREADABLE, /* no address in its cell */
    FATE_N
} Fate;

typedef enum {
    REASON_NONE,
    REASON_NO_CUSTOMER,
    REASON_AMBIGUOUS,
    REASON_POOL,
    REASON_DELIVER_HOLD,
    REASON_DELIVER_NONE,
    REASON_NO_ADDRESS,
    REASON_REPORT_HELD, /* the whole report is held; why, is said with the report */
    REASON_NOTICE_HELD, /* the finished notice failed a check of ours, or has no layout */
    REASON_NOT_SENT,    /* the MTA did not take the notice */
    REASON_N
} Reason;

#define NO_CUSTOMER G_MAXUINT32

typedef struct {
    guint32 customer; /* NO_CUSTOMER when not known */
    guint8 fate;
    guint8 reason;
} EventFate;

/* The events of one customer that share the fate FATE_NOTIFIED. */
typedef struct {
    guint32 customer;
    const guint32 *events; /* ascending, point into the assignment */
    guint n_events;
} CustomerGroup;

typedef struct {
    EventFate *fates; /* one per event of the report */
    guint n_events;
    guint counts[FATE_N];
    CustomerGroup *groups; /* in order of the customers' first events */
    guint n_groups;
    guint32 *order; /* storage of groups[].events */
} Assignment;

/* Keys for customers_lookup(), one per event; an unreadable event's key has
 * neither address nor account.  They point into the report.  Caller frees. */
CustomerKey *assign_keys(const Report *report);

/* hold: the whole report is held: every readable, assigned event gets
 * FATE_HELD/REASON_REPORT_HELD and there are no groups. */
Assignment *assign(const Report *report, const Customers *customers,
                   const CustomerAnswer *answers, gboolean hold);
void assignment_free(Assignment *assignment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assignment, assignment_free)

/* Move one event from FATE_NOTIFIED to FATE_HELD, for this reason; it stays in
 * its group's list. */
void assignment_hold_event(Assignment *assignment, guint event, Reason reason);

/* Law 1: the fates add up to the events; aborts when not. */
void assignment_check(const Assignment *assignment);

const char *fate_name(Fate fate);         /* "notified", "held", ... */
const char *reason_text(Reason reason);   /* "no customer has this address" */

#endif
