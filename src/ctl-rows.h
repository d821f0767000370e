/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ctl-rows: the ledger's rows for people, as aligned tables, and for scripts, as
 * JSON Lines.
 *
 * In a table no stored text reaches the terminal with its control characters, and
 * columns are as wide as a terminal shows them.  JSON has all of the ledger's columns,
 * by their names: counts as numbers, everything else as text, null where there is none. */
#ifndef CERTBUND_CTL_ROWS_H
#define CERTBUND_CTL_ROWS_H

#include "ctl.h"
#include "ledger.h"

#include <json-glib/json-glib.h>

#define CTL_TABLE_ROWS_MAX 10000 /* more than a person reads, and few enough for memory */
#define CTL_CELL_WIDTH_MAX 64    /* terminal columns; the last cell of a row may be longer */

typedef struct {
    gboolean json;
    const char *record;         /* JSON: value of a first member "record", or NULL */
    const char *title;          /* table: a line above it, or NULL */
    const char *const *columns; /* table: which columns, in order; ends in NULL */
    guint n;                    /* out: rows that were there */
} CtlList;

/* Ask, and print what comes: JSON while it comes, a table at the end, and nothing when
 * there is no row.  A table that was cut says so on stderr. */
gboolean ctl_list(Ledger *ledger, LedgerQuestion question, const char *filter, CtlList *list,
                  GError **error);

/* The same for rows that come from elsewhere: rows hands each to row, as ledger_ask() does. */
typedef gboolean (*CtlRows)(LedgerRow row, gpointer row_data, gpointer data, GError **error);
gboolean ctl_list_rows(CtlRows rows, gpointer data, CtlList *list, GError **error);

/* Open the ledger, ask and print; none: what to say on stderr in place of an empty table, or
 * NULL.  Returns the exit status. */
int ctl_list_all(const CtlCall *call, LedgerQuestion question, const char *filter, CtlList *list,
                 const char *none);

/* A LedgerRow that prints JSON Lines; data: a CtlList. */
gboolean ctl_print_json(guint n_columns, const char *const *columns, const char *const *values,
                        gpointer data);

/* What was built, in one line; FALSE when it can't be written. */
gboolean ctl_print_object(JsonBuilder *builder);

/* One row as members of the object that is being built. */
void ctl_add_members(JsonBuilder *builder, guint n_columns, const char *const *columns,
                     const char *const *values);
void ctl_add_member(JsonBuilder *builder, const char *name, const char *value); /* or NULL */

/* How many columns of a terminal the text takes. */
guint ctl_width(const char *text);

#endif
