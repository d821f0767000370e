/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* columns: what the columns of CERT-Bund's tables are called.
 *
 * src/columns.csv is data: one line per column that a class in src/classes.csv has, with a
 * label to show customers, whether its cells are what the scanned system said, and the other
 * names that the column has had over the years.
 * Names are the same whatever their case, and with ' ', '-' or '_' between their words. */
#ifndef CERTBUND_COLUMNS_H
#define CERTBUND_COLUMNS_H

#include "table.h"

typedef struct {
    const char *name; /* as in classes.csv */
    const char *label_de, *label_en;
    gboolean scanned; /* a text of the scanned system's own: anything may stand there */
    char **aliases; /* may be none */
} Column;

/* The column of this very name, or NULL.  Lives as long as the process; thread-safe. */
const Column *columns_find(const char *name);

/* Is what is written above a table the column of this name, under it or an alias?  An alias
 * is one only within a class that has the column: "version" is a column, too. */
gboolean columns_same(const char *name, const char *written);

/* Index of the column of this name in table, under it or else an alias, or -1. */
int columns_locate(const Table *table, const char *name);

/* The column that a table calls this, by name or else by an alias, or NULL. */
const Column *columns_named(const char *written);

/* All these names; NULL-terminated. */
const char *const *columns_names(void);

/* NULL for a name or an alias of one, or a column of the daily digest.  Else, for a warning, that
 * no report is known to have it, with a guess: it may be new, or Shadowserver's, whose are not
 * listed.  Caller frees. */
char *columns_unknown(const char *written);

/* One text for all names of a column, also of one that is not known; caller frees. */
char *columns_key(const char *written);

/* What customers read above the column that a table calls this, in these languages
 * (NULL-terminated), " / " between where they differ; "" when there is none; caller frees.
 * own: for each language the labels in place of ours, columns_key() -> char *, or NULL for
 * none; or NULL: none in any. */
char *columns_label(const char *written, const char *const *languages, GHashTable *const *own);

/* Are these two names, or aliases, of one column?  Neither need be the canonical one.  An alias
 * may be one of several columns: "Target Port" is alike to dst_port and to destination_port. */
gboolean columns_alike(const char *a, const char *b);

/* May the cells of the column that a table calls name be what the scanned system said?  Of
 * one that is not known anything is true. */
gboolean columns_is_scanned(const char *name);

#endif
