/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* decision: everything known about one mail when it is decided: the stages
 * provenance, report and assignment in order, and what follows from them.
 *
 * No mail is sent and nothing is written here; `preview` and the daemon decide
 * by the same code. */
#ifndef CERTBUND_DECISION_H
#define CERTBUND_DECISION_H

#include "assign.h"
#include "provenance.h"
#include "snapshot.h"

typedef enum {
    STATUS_HANDLED,    /* every row has its notice, or is exempt */
    STATUS_ATTENTION,  /* some rows or notices need the desk */
    STATUS_HELD,       /* no notice; the reason is said.  So is every manual report */
    STATUS_DUPLICATE,  /* the same report was here before */
    STATUS_OLD,        /* sent longer ago than max-age */
    STATUS_UNVERIFIED, /* provenance not proven */
    STATUS_UNREAD,     /* a manual report in doubt: a person must read it */
    STATUS_TOO_LARGE   /* above max-size: not read */
} Status;

typedef struct {
    Snapshot *snapshot;
    Provenance *provenance;
    Subject *named;        /* what the mail, read or not, is called by its attachment; NULL: by its
                              subject line */
    Report *report;        /* NULL when provenance is not proven, or nothing can be parsed */
    const Template *template_; /* NULL: none for this class */
    const char *class_id;      /* the template's, or the report's own */
    Mode mode;                 /* after live-classes= */
    Assignment *assignment;    /* NULL when the report was not read */
    Status status;
    char *reason; /* why it is held; "" otherwise */
    char *misnomer; /* why the title, which nothing proves, can't be that of these rows; or NULL */
    GPtrArray *obstacles; /* what a person vouched away: "unverified: ..." */
} Decision;

/* Does a person vouch for the mail?  Then it goes on in spite of provenance, age and brakes,
 * noting them in obstacles.  VOUCHED_PART: of a held report only the signed part was proven
 * when it came, so no more is read now, whatever its signature is worth by now. */
typedef enum { VOUCHED_BY_NOBODY, VOUCHED_WHOLE, VOUCHED_PART } Vouched;

/* bytes: the whole mail; client as for provenance_check(); now in seconds since the
 * epoch.  An unproven mail is not read: report is NULL then; so it is when a proven
 * mail can't be parsed or is no report, which is held.
 * CERTBUND_ERROR_TEMPORARY when the customers can't be looked up. */
Decision *decide(Snapshot *snapshot, GBytes *bytes, const Address *client, gint64 now,
                 Vouched vouched, GError **error);
void decision_free(Decision *decision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decision, decision_free)

/* Hold the whole report after all, for this reason.  As decide() on failure. */
gboolean decision_hold(Decision *decision, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* What the mail is called: what was read of it says so, and not what stands beside a signed
 * part.  line: what its subject line alone says. */
const Subject *decision_subject(const Decision *decision, const Subject *line);

/* [KRITISCH], said by somebody who is believed: not when only a part of the mail is
 * proven, for then anybody may have written it into the subject. */
gboolean decision_is_critical(const Decision *decision);

/* Critical, or about systems that are infected or compromised: no daily digest waits. */
gboolean decision_is_urgent(const Decision *decision);

/* Only the signed part is proven: whoever sent it may have written ticket, title, flags. */
gboolean decision_is_part(const Decision *decision);

/* After events were withdrawn: is it still handled, or does somebody have to look? */
void decision_settle(Decision *decision);

const char *status_name(Status status); /* "handled", ... as in the mark */

/* How many customers have rows to notify. */
guint decision_n_customers(const Decision *decision);

#endif
