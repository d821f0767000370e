/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* classes: report title -> class, from the table that is compiled in.
 *
 * src/classes.csv is data: one line per class that CERT-Bund is known to use.
 * A title that is not in it makes a class all the same: a slug of the title. */
#ifndef CERTBUND_CLASSES_H
#define CERTBUND_CLASSES_H

#include "table.h"

typedef struct {
    const char *id;             /* "open-telnet" */
    const char *title_de;       /* as CERT-Bund writes it, or "" */
    const char *title_en;
    const char *account_column; /* column whose mailbox is what is affected, or "" */
    const char *columns;        /* " " between; one that not every report has ends in "?" */
    gboolean urgent; /* infected or compromised: somebody else is in there already */
} ReportClass;

/* The class with the longest title that matches (subject_title_matches), or
 * NULL.  The result lives as long as the process; thread-safe. */
const ReportClass *classes_find(const char *title);

/* Has table the columns of the title's class, and no other ones?  FALSE when no class is
 * known for the title. */
gboolean classes_fit(const char *title, const Table *table);

/* Slug for an unknown title: "verwundbare-foo-server"; "unknown" when nothing
 * is left.  ASCII letters, digits, '-', at most 60 bytes.  Caller frees. */
char *classes_slug(const char *title);

/* The id of the class, or the slug of an unknown title; caller frees. */
char *classes_id(const char *title);

#endif
