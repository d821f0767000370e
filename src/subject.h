/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* subject: what CERT-Bund's subject line says.
 *
 * Grammar, measured on real mails: "[CB-Report#20250212-10004759]", optional
 * "[KRITISCH]" without a blank between, blank, topic, " in " and the scope
 * ("AS64496", "Netzbereich 192.0.2.0/24", "country DE"); manual tickets:
 * "[CERT-Bund#" and 16 digits "]", free text, sometimes "Fwd: " in front. */
#ifndef CERTBUND_SUBJECT_H
#define CERTBUND_SUBJECT_H

#include "source.h"

#include <glib.h>

typedef enum {
    FAMILY_AUTOMATED, /* CB-Report#YYYYMMDD-NNNNNNNN */
    FAMILY_MANUAL     /* CERT-Bund# and 16 digits, written by people in OTRS */
} ReportFamily;

typedef struct {
    ReportSource source; /* SHADOWSERVER: see shadowserver.h, which makes it */
    ReportFamily family;
    char *ticket;      /* without brackets: "CB-Report#20250212-10004759" */
    char *title;       /* without ticket, flags and scope; may be empty */
    char *scope;       /* "AS64496", "Netzbereich 192.0.2.0/24", or NULL */
    gboolean critical; /* [KRITISCH] */
    gboolean foreign;  /* Re:, AW:, Fwd:, WG: ... stands before the ticket */
    gboolean automatic; /* "Auto:", "Out of Office", "Undelivered Mail" ... do */
} Subject;

#define SUBJECT_MAX 998 /* bytes read: a line's length (RFC 5322 section 2.1.1); folding titles
                           costs more than their length */

/* One of our own making, about this ticket of this source. */
Subject *subject_new(ReportSource source, const char *ticket, const char *title);

/* subject: decoded UTF-8; control characters become blanks, and what lies beyond
 * SUBJECT_MAX is not read.  NULL when no ticket stands in it. */
Subject *subject_parse(const char *subject);
void subject_free(Subject *subject);

/* At most SUBJECT_MAX bytes of it, without control characters; caller frees. */
char *subject_clean(const char *subject);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Subject, subject_free)

/* Case folded, umlauts and their spellings alike (ä, ae), runs of blanks one blank, without
 * characters that nobody sees; titles are compared by title_key(), which begins with this.
 * Caller frees. */
char *subject_fold_title(const char *title);

#endif
