/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* reading: what one carrier of a manual ticket tells: rows with an affected address each.
 *
 * Made by dialect.c (tables) and listing.c (keys, lists, sentences), judged by manual.c.
 * A carrier that isn't there is NULL without an error; one that is in doubt, NULL with
 * CERTBUND_ERROR_INPUT. */
#ifndef CERTBUND_READING_H
#define CERTBUND_READING_H

#include "report.h"

typedef struct {
    Table *table; /* a row for each event */
    guint address_column;
    int time_column; /* -1: no column has times */
    Certainty certainty;
    GArray *lines;   /* guint32 for each row: the line it begins in, from 1 */
} Reading;

/* A row's cells as they go into the table. */
typedef struct {
    GString *csv;
    GArray *lines;
} ReadingRows;

ReadingRows *reading_rows_new(void);
void reading_rows_free(ReadingRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReadingRows, reading_rows_free)

/* One cell; the last one of a row ends it. */
void reading_rows_add(ReadingRows *rows, const char *text, gsize length, gboolean last);

/* rows (emptied), the header among them, -> a Reading. */
Reading *reading_new(ReadingRows *rows, Certainty certainty, GError **error);
void reading_free(Reading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reading, reading_free)

#endif
