/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* form: the words that say how a customer's rows are shown.
 *
 * They stand in a layout's <table form="...">, a template's <columns form="..."> and the
 * column `form` of customers.csv, divided by blanks:
 *   csv, table, labels   how they stand in the text; one of these, or csv
 *   attachment           as a CSV file, too
 *   xarf, xarf-bundle    as reports for programs, one each or all in one file, too; one of these
 *   html                 the whole notice as a page, too, as its text's alternative
 *   hide=NAME            this column is not shown */
#ifndef CERTBUND_FORM_H
#define CERTBUND_FORM_H

#include <glib.h>

#define FORM_EXPECTED \
    "csv, table or labels, attachment, xarf or xarf-bundle, html and hide=COLUMN, divided by " \
    "blanks, were expected"

/* NULL when these are such words, each known and no two of them about the same; else which one
 * is wrong, with a guess, and what was expected; caller frees. */
char *form_fault(const char *form);

/* Is this one of the words?  form may be NULL: it has none. */
gboolean form_has(const char *form, const char *word);

/* Does it say more than what to hide? */
gboolean form_is_set(const char *form);

/* The names behind its hide=; form may be NULL; g_strfreev(). */
char **form_hidden(const char *form);

/* Does it hide the column that a table calls name? */
gboolean form_hides(const char *form, const char *name);

#endif
