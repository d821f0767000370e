/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* manual: a ticket that people wrote -> one carrier's rows, or why it must be read by a person.
 *
 * The rules stand in report.h.  The carrier is looked for in CERT-Bund's own words, of the HTML
 * part where there is one (it is not wrapped), else of the text part; in attachments, also the
 * one text in a zip, only when those name no address; a zip that can't be read is in doubt.  Used by report.c only. */
#ifndef CERTBUND_MANUAL_H
#define CERTBUND_MANUAL_H

#include "message.h"
#include "reading.h"

typedef struct {
    Reading *reading;
    guint part;  /* where it stands, from 1 */
    char *quote; /* CERT-Bund's words above it; or NULL */
    gboolean german;
} Manual;

/* FALSE, with CERTBUND_ERROR_INPUT saying what is in doubt. */
gboolean manual_read(Message *message, Manual *manual_r, GError **error);
void manual_clear(Manual *manual);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Manual, manual_clear)

#endif
