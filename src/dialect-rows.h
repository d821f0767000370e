/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dialect-rows: how lines make rows.  Shared by dialect*.c only. */
#ifndef CERTBUND_DIALECT_ROWS_H
#define CERTBUND_DIALECT_ROWS_H

#include "cells.h"
#include "dialect.h"

#define DIALECT_HEADER_LINES 4 /* a header, or the first row without one, has so many at most */

/* Wrapping may have seen a tab as one character of a word, or as the blanks it was written as. */
typedef enum { TAB_IN_WORD, TAB_AS_BLANKS, N_MEASURES } Measure;

/* What a row has to be, and how far the lines can tell. */
typedef struct {
    const Line *lines;
    guint n; /* lines there are */
    Wrap wrap;
    guint widths[N_MEASURES]; /* of wrapped text: its longest line, by each Measure */
    char delimiter;
    guint columns;
    guint address; /* this column is an address... */
    gboolean first; /* ...and the first one of the row */
    gboolean marked; /* a row begins with a time or an address, and no cell hides one */
    guint8 *told;
} Shape;

/* Measure the lines, for wrapped text. */
void rows_measure(Shape *shape);

/* lines[from..to) as one text; caller frees. */
char *rows_join(const Shape *shape, guint from, guint to, gsize *length_r);

/* Was line i too long for the first word of the next?  May any of lines[from..end) be broken? */
gboolean rows_may_be_broken(const Shape *shape, guint i);
gboolean rows_may_be_wrapped(const Shape *shape, guint from, guint end);

/* Ends (guint) of the rows of lines[from..to), or NULL.  Every line a row is the plain reading;
 * only what it can't read is taken for wrapped. */
GArray *rows_partition(const Shape *shape, guint from, guint to);

void rows_add(const Shape *shape, guint from, const GArray *ends, ReadingRows *rows);

/* Further paragraphs of which every line is a row belong to the table; where it ends. */
guint rows_add_more(const Shape *shape, guint from, ReadingRows *rows);

guint rows_skip_empty(const Shape *shape, guint from);

/* The table of lines[from..to), which are told. */
Reading *rows_finish(const Shape *shape, guint from, guint to, ReadingRows *rows, GError **error);

/* Rows without a header, from line from to the end of its paragraph: dialect-bare.c. */
Reading *dialect_read_bare(Shape *shape, guint from, guint end, GError **error);

/* Is it a name of the affected address? */
gboolean dialect_is_affected(const char *text, gsize length);

#endif
