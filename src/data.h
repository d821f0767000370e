/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* data: the tables that are compiled in: classes.csv, columns.csv, shadowserver.csv and xarf.csv
 * in src.
 *
 * They are our own: what is wrong with one is a bug, and aborts. */
#ifndef CERTBUND_DATA_H
#define CERTBUND_DATA_H

#include "table.h"

/* The table of this name, such as "classes.csv"; caller frees. */
Table *data_table(const char *name);

/* A cell by the name of its column, which is there; owned by the table. */
const char *data_cell(const Table *table, guint row, const char *column);

/* The texts of a cell, divided by delimiter; none in an empty one.  Caller frees. */
char **data_texts(const Table *table, guint row, const char *column, const char *delimiter);

#endif
