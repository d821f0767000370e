/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* shadowserver: a mail of the Shadowserver Foundation -> which report it is, and which part
 * has its table.
 *
 * The attachment's name says all: "2025-02-11-scan_telnet-example_org-asn.csv" is of that day,
 * of type scan_telnet, and of the filter example_org-asn; ".csv.zip" and ".zip" are the same,
 * packed.  Filters of two organisations have names of their own, so the name is the ticket:
 * "Shadowserver#20250211-scan_telnet-example_org-asn".  The subject is free text.
 *
 * src/shadowserver.csv is data: one line per type whose class is certain.
 *
 *     type      as in the file's name
 *     class     id in src/classes.csv, whose German title the report gets
 *     address   column of the affected address; empty: "ip"
 *
 * A type that is not in it makes a class all the same: "shadowserver-" and the type, with '-'
 * for '_'.
 * Source: https://www.shadowserver.org/what-we-do/network-reporting/ (names and columns). */
#ifndef CERTBUND_SHADOWSERVER_H
#define CERTBUND_SHADOWSERVER_H

#include "message.h"
#include "subject.h"

/* Bytes of the name without ending: the ticket stands in subjects, whose line has 78. */
#define SHADOWSERVER_NAME_MAX 100

typedef struct {
    Subject *subject;           /* ticket, and the class's title or "Shadowserver TYPE" */
    const char *address_column; /* lives as long as the process */
    guint part;                 /* of the message, from 0 */
} ShadowserverFile;

/* name: of an attachment, or NULL.  FALSE when Shadowserver names none so: date (one that
 * exists), '-', type (letters, digits, '_'), then nothing or '-' and letters, digits, "_-.";
 * the ending's case is ignored.  part is not set. */
gboolean shadowserver_name(const char *name, ShadowserverFile *file_r);

/* The one attachment that is a report; its subject may be taken out.  CERTBUND_ERROR_INPUT when
 * there is none, a second one, or beside it a CSV or zip that is named otherwise. */
gboolean shadowserver_find(Message *message, ShadowserverFile *file_r, GError **error);
void shadowserver_file_clear(ShadowserverFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ShadowserverFile, shadowserver_file_clear)

/* What the mail is called as long as no attachment names it: "[Shadowserver] Accessible Telnet
 * Report: 2025-02-11" -> "Shadowserver#20250211-accessible-telnet-report".  subject: decoded
 * UTF-8; never NULL; the caller frees. */
Subject *shadowserver_subject(const char *subject);

/* What the mail is called: by its one attachment, else by its subject line.  Never NULL; the
 * caller frees. */
Subject *shadowserver_subject_of(Message *message);

/* The types of shadowserver.csv, in its order; NULL behind the last. */
const char *shadowserver_type(guint i);
const char *shadowserver_class(guint i);

#endif
