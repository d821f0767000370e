/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* desk: what the abuse desk is told about one report, in one mail.
 *
 * In live and redirect mode there is one only when somebody must look: rows that
 * nobody has, unreadable or held ones, notices that were refused or not handed
 * over.  In pilot mode there is one per report: customers, rows, one sample. */
#ifndef CERTBUND_DESK_H
#define CERTBUND_DESK_H

#include "decision.h"
#include "secret.h"

#define DESK_ROWS_MAX 100000 /* rows listed; beyond it the desk has the original */

/* How handing over went. */
typedef struct {
    guint made;          /* notices that passed the guard */
    guint handed_over;
    GPtrArray *problems; /* char *: one line each; refused, held, not handed over */
    GBytes *sample;      /* pilot: the first notice, or NULL */
} Delivery;

gboolean desk_needs_mail(const Decision *decision, const Delivery *delivery);

/* The mail, CRLF line ends.  CERTBUND_ERROR_BUG as notice_write(). */
GBytes *desk_write(const Decision *decision, const Delivery *delivery, const Secret *secret,
                   gint64 now, GError **error);

#endif
