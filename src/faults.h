/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* faults: what is wrong with the files that operators edit.
 *
 * Loaders collect every fault they find instead of stopping at the first, so
 * that `certbundctl check` can name them all.  A fault reads
 * "file:line: what, and what was expected" and is UTF-8 without line end. */
#ifndef CERTBUND_FAULTS_H
#define CERTBUND_FAULTS_H

#include <glib.h>

typedef struct Faults Faults;

Faults *faults_new(void);
void faults_free(Faults *faults);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Faults, faults_free)

/* Note an error.  file is the name as the operator knows it; line counts from
 * 1, 0 means the file as a whole ("file: what"). */
void faults_add(Faults *faults, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Note something that works but that the operator should look at; the text
 * gets "warning: " behind the place.  Does not make the files unusable. */
void faults_warn(Faults *faults, const char *file, guint line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#define FAULTS_GUESS_DISTANCE 3 /* edits between a typo and what was meant */
#define FAULTS_GUESS_MAX 40     /* bytes; longer names get no guess: bounds the work */

/* The candidate (array ends in NULL) that the typed name is nearest to, by
 * Levenshtein's distance with ASCII case ignored; NULL when none is as near as a
 * slip: FAULTS_GUESS_DISTANCE edits, and half of a short word is none any more. */
const char *faults_guess(const char *typed, const char *const *candidates);

guint faults_errors(const Faults *faults); /* warnings not counted */
guint faults_count(const Faults *faults);  /* errors and warnings */

/* The i-th text in the order of noting, owned by faults. */
const char *faults_text(const Faults *faults, guint i);
gboolean faults_is_warning(const Faults *faults, guint i);

#endif
