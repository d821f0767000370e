/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* columns: what the columns of CERT-Bund's tables are called.
 *
 * src/columns.csv is data: one line per column that a class in src/classes.csv has, with a
 * label to show customers and the other names that the column has had over the years.
 * Names are the same whatever their case, and with ' ', '-' or '_' between their words. */
#ifndef CERTBUND_COLUMNS_H
#define CERTBUND_COLUMNS_H

#include "table.h"

typedef struct {
    const char *name; /* as in classes.csv */
    const char *label_de, *label_en;
    char **aliases; /* may be none */
} Column;

/* The column of this very name, or NULL.  Lives as long as the process; thread-safe. */
const Column *columns_find(const char *name);

/* Is what is written above a table the column of this name, under it or an alias?  An alias
 * is one only within a class that has the column: "version" is a column, too. */
gboolean columns_same(const char *name, const char *written);

/* Index of the column of this name in table, under it or else an alias, or -1. */
int columns_locate(const Table *table, const char *name);

#endif
