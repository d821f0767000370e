/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* faults: what is wrong with the files that operators edit.
 *
 * Loaders collect every fault they find instead of stopping at the first, so
 * that `certbundctl check` can name them all.  A fault reads
 * "file:line: what, and what was expected", or with the column behind the line where it is
 * known, and is UTF-8 without line end. */
#ifndef CERTBUND_FAULTS_H
#define CERTBUND_FAULTS_H

#include <glib.h>

typedef struct Faults Faults;

Faults *faults_new(void);
void faults_free(Faults *faults);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Faults, faults_free)

/* A line and the column in it, packed into what stands for a line: bit 31 says so, then 11 bits
 * of column and 20 of line.  A template has no more lines (TEMPLATE_FILE_MAX), and behind a
 * column of 2,047 nobody counts: what does not fit is the line alone. */
#define FAULTS_PLACE_LINE_MAX   ((1u << 20) - 1)
#define FAULTS_PLACE_COLUMN_MAX ((1u << 11) - 1)

/* Both count from 1, the column in characters; column 0: not known. */
guint faults_place(guint line, guint column);

/* So many lines further and then columns (after the first line: from its begin). */
guint faults_place_add(guint line, guint lines, guint columns);

/* "12:5", or "12" for a line alone; caller frees. */
char *faults_place_text(guint line);

/* Note an error.  file is the name as the operator knows it; line counts from
 * 1 or is a faults_place(), 0 means the file as a whole ("file: what"). */
void faults_add(Faults *faults, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Note something that works but that the operator should look at; the text
 * gets "warning: " behind the place.  Does not make the files unusable. */
void faults_warn(Faults *faults, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#define FAULTS_GUESS_DISTANCE 3 /* edits between a typo and what was meant */
#define FAULTS_GUESS_MAX 40     /* bytes; longer names get no guess: bounds the work */

/* The candidate (array ends in NULL) that the typed name is nearest to, by
 * Levenshtein's distance, two letters in the wrong order counting as one edit, with ASCII case
 * ignored; NULL when none is as near as a
 * slip: FAULTS_GUESS_DISTANCE edits, and half of a short word is none any more. */
const char *faults_guess(const char *typed, const char *const *candidates);

guint faults_errors(const Faults *faults); /* warnings not counted */
guint faults_count(const Faults *faults);  /* errors and warnings */

/* The i-th text in the order of noting, owned by faults. */
const char *faults_text(const Faults *faults, guint i);
gboolean faults_is_warning(const Faults *faults, guint i);

#endif
