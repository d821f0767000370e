/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* assign: report x answers -> assignment: every event gets exactly one fate.
 *
 * Pure: no I/O, no clock.  Law 1 (conservation) is checked here. */
#ifndef CERTBUND_ASSIGN_H
#define CERTBUND_ASSIGN_H

#include "customers.h"
#include "report.h"

typedef enum {
    FATE_NOTIFIED,   /* goes into a notice */
    FATE_HELD,       /* no notice until the desk releases it */
    FATE_EXEMPT,     /* deliver=none, or an exemption */
    FATE_SUPPRESSED, /* told lately, or by an earlier report of this ticket */
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
    REASON_NOTICE_HELD, /* the finished notice failed a check of ours */
    REASON_NOT_SENT,    /* the MTA did not take the notice */
    REASON_EXEMPTED,    /* an exemption that the desk has made */
    REASON_TOLD,        /* the customer was told of it lately */
    REASON_KNOWN,       /* an earlier report of this ticket has it */
    REASON_CONTACT,     /* mail to every contact of the customer bounced for good */
    REASON_N
} Reason;

#define NO_CUSTOMER G_MAXUINT32

typedef struct {
    guint32 customer; /* NO_CUSTOMER when not known */
    guint8 fate;
    guint8 reason;
} EventFate;

/* The events of one customer that a notice tells of, or would: see
 * assignment_in_notice(). */
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
    guint32 *lines; /* of customers.csv, one per event: the one that decided; 0: none */
} Assignment;

/* Keys for customers_lookup(), one per event; an unreadable event's key has
 * neither address nor account.  They point into the report.  Caller frees. */
CustomerKey *assign_keys(const Report *report);

/* hold: the whole report is held: every readable, assigned event gets
 * FATE_HELD/REASON_REPORT_HELD and there are no groups. */
Assignment *assign(const Report *report, const Customers *customers,
                   const CustomerAnswer *answers, gboolean hold);

/* All n events are notified, and all are this customer's; by which lines is not known. */
Assignment *assignment_of_one(guint n_events, guint32 customer);
void assignment_free(Assignment *assignment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assignment, assignment_free)

/* A notice is made of these: notified ones, and those of a customer whose notices wait
 * for the desk (deliver=hold, or no contact that takes mail). */
gboolean assignment_in_notice(const EventFate *fate);

/* The networks, or domains, of the customers' list that these events lie in, as
 * customers_network_of_line() writes them, in the order of the events; one may come again from
 * another line.  NULL-terminated, g_strfreev(). */
char **assignment_networks(const Assignment *assignment, const Customers *customers,
                           const guint32 *events, guint n_events);

/* Take one event's fate back and give it this one; from FATE_NOTIFIED it stays in
 * its group's list, and nothing becomes FATE_NOTIFIED here. */
void assignment_withdraw(Assignment *assignment, guint event, Fate fate, Reason reason);

/* Law 1: the fates add up to the events, and each notified one is in its customer's
 * group; CERTBUND_ERROR_BUG when not. */
gboolean assignment_check(const Assignment *assignment, GError **error);

const char *fate_name(Fate fate);         /* "notified", "held", ... */
const char *reason_text(Reason reason);   /* "no customer has this address" */

#endif
