/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* source: whose reports they are.  Each source has senders and evidence of its own, so that
 * nobody can vouch for another one's reports. */
#ifndef CERTBUND_SOURCE_H
#define CERTBUND_SOURCE_H

typedef enum {
    SOURCE_CERTBUND,    /* a ticket in the subject: [CB-Report#...], [CERT-Bund#...] */
    SOURCE_SHADOWSERVER, /* a sender of [shadowserver], and no ticket: shadowserver.h */
    SOURCE_N
} ReportSource;

/* Tickets of Shadowserver's reports, which we make ourselves (shadowserver.h), begin so. */
#define SOURCE_SHADOWSERVER_TICKET "Shadowserver#"

/* Whose report has this ticket? */
ReportSource source_of_ticket(const char *ticket);

const char *source_name(ReportSource source); /* "CERT-Bund", "Shadowserver": for people */
const char *source_id(ReportSource source);   /* "certbund", "shadowserver": for programs */

/* Who that is, in full, and an address of theirs that is published; mail for neither is ours to
 * send. */
const char *source_organisation(ReportSource source);
const char *source_contact(ReportSource source);

#endif
