/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* classes: report title -> class, from the table that is compiled in.
 *
 * src/classes.csv is data: one line per class that CERT-Bund is known to use.
 * A title that is not in it makes a class all the same: a slug of the title.
 *
 *     id              open-telnet
 *     kind            open-service, vulnerable, abuse, infected or compromised
 *     titles_de, _en  as CERT-Bund writes them, "|" between; the first is shown to customers
 *     account_column  column whose mailbox is what is affected, or empty
 *     columns         in their order, " " between, '-' for a blank within a name; one that not
 *                     every report has ends in "?"; empty: not known
 *     ports           "111/tcp 111/udp": where the service is found, or empty
 *     howto_de, _en   CERT-Bund's page for who is affected, or empty */
#ifndef CERTBUND_CLASSES_H
#define CERTBUND_CLASSES_H

#include "subject.h"
#include "table.h"

typedef enum { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH } Severity;

typedef struct {
    const char *name; /* without "?" */
    gboolean optional;
} ClassColumn;

typedef struct {
    const char *id;
    const char *kind;
    const char *title_de, *title_en; /* the first of each, or "" */
    char **titles_de, **titles_en;
    const char *account_column;
    const ClassColumn *columns;
    guint n_columns;
    const char *ports;
    const char *howto_de, *howto_en;
    gboolean urgent; /* infected or compromised: somebody else is in there already */
} ReportClass;

guint classes_count(void);
const ReportClass *classes_at(guint i); /* in the file's order; below classes_count() */

/* The class with the longest title that matches (title.h), or NULL.  The result lives as
 * long as the process; thread-safe. */
const ReportClass *classes_find(const char *title);

const ReportClass *classes_by_id(const char *id); /* or NULL */

/* The class that has exactly this title, by its key (title.h), or NULL. */
const ReportClass *classes_named(const char *title);

/* Of the classes whose columns fit table (see classes_fit()), one that text names by all words
 * of one of its titles, while it names no title of class so; NULL when there is none.  text:
 * UTF-8, or NULL. */
const ReportClass *classes_contradiction(const ReportClass *class, const Table *table,
                                         const char *text);

/* What its reports call the column of the time: the class's column of which "timestamp" is the
 * name or, in old classes, an alias (columns.h). */
const char *classes_time_column(const char *class_id);

/* How bad it is.  High: infected or compromised, or [KRITISCH] in the subject.  Medium:
 * vulnerable, abuse, and what no class is known for (class NULL).  Low: an open service, which
 * may be meant to be one. */
Severity classes_severity(const ReportClass *class, gboolean critical);
const char *severity_name(Severity severity); /* "low", "medium", "high" */

/* Has table the columns of the title's class, under any of their names (columns.h), and no
 * other ones?  FALSE when no class is known for the title. */
gboolean classes_fit(const char *title, const Table *table);

/* Slug for an unknown title: "verwundbare-foo-server"; "unknown" when nothing
 * is left.  ASCII letters, digits, '-', at most 60 bytes.  Caller frees. */
char *classes_slug(const char *title);

/* The id of the class, or the slug of an unknown title; caller frees. */
char *classes_id(const char *title);

/* The same of what a mail is called: a ticket written by hand often has no title, and then is of
 * the class CLASSES_MANUAL, whatever it is about. */
#define CLASSES_MANUAL "manual"
char *classes_id_of(const Subject *subject);

#endif
