/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* desk: what the abuse desk is told about one report, in one mail.
 *
 * In live and redirect mode there is one only when somebody must look: rows that
 * nobody has, unreadable or held ones, notices that wait for the desk.  In pilot mode
 * there is one per report: customers, rows, one sample. */
#ifndef CERTBUND_DESK_H
#define CERTBUND_DESK_H

#include "decision.h"
#include "secret.h"

#define DESK_ROWS_MAX 100000 /* rows listed; beyond it the desk has the original */

/* What was made of the report. */
typedef struct {
    guint made;                /* notices that may go; in pilot mode, might */
    const GPtrArray *problems; /* char *: one line for each that waits for the desk */
    GBytes *sample;            /* pilot: the first notice, or NULL */
    gboolean new_class;        /* one that nobody knows, told for the first time */
} Delivery;

/* Is the report's class neither in our table of classes nor one that has a template? */
gboolean desk_is_strange(const Decision *decision);

gboolean desk_needs_mail(const Decision *decision, const Delivery *delivery);

/* Is this row nobody's, and do such rows of the report go to the desk once a day? */
gboolean desk_is_nobodys(const EventFate *fate);
gboolean desk_lists_daily(const Decision *decision);

/* Whom mails of our own making are from: from=, else the desk itself. */
const char *desk_from(const Config *config);

/* The Message-ID of such a mail; caller frees. */
char *desk_message_id(const Config *config, const Secret *secret, const NoticeKey *key);

/* One line; caller frees. */
char *desk_subject(const Decision *decision, const Delivery *delivery);

/* The mail, CRLF line ends; now: its Date, seconds since the epoch.
 * CERTBUND_ERROR_BUG as notice_write(). */
GBytes *desk_write(const Decision *decision, const Delivery *delivery, const char *subject,
                   const char *message_id, gint64 now, GError **error);

/* Of a mail that nothing was read of: not proven, or proven and not to be parsed: likewise. */
char *desk_unread_subject(const Decision *decision, const Subject *of);
GBytes *desk_write_unread(const Decision *decision, const Subject *of, const char *client,
                          const char *subject, const char *message_id, gint64 now,
                          GError **error);

#endif
