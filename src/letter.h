/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* letter: the text of a manual ticket -> its lines, and which are CERT-Bund's own.
 *
 * Own words stand between the salutation ("Sehr geehrte", "Dear") and the first of: the
 * sign-off ("Mit freundlichen", "Regards"), the signature's "-- " (the blank may be lost), a
 * forwarded copy ("---- Weitergeleitete Nachricht von", or a block of Von, An, Betreff). */
#ifndef CERTBUND_LETTER_H
#define CERTBUND_LETTER_H

#include <glib.h>

/* The largest real ticket has 20 KiB of text and 300 lines; these bound what a
 * hostile one costs. */
#define LETTER_BYTES_MAX (4 * 1024 * 1024)
#define LETTER_LINES_MAX 100000

typedef struct {
    const char *text; /* in the letter's text; no NUL behind it, no blank at its end */
    guint32 length;
    guint32 number; /* in its part, from 1 */
} Line;

typedef struct {
    char *text;
    Line *lines;
    guint n;
    guint start, end; /* own words: lines[start..end) */
    guint below;      /* lines[end..below): sign-off and names, before the signature */
    gboolean german;
} Letter;

/* text[0..length), UTF-8, is taken, and freed on an error too; in it no-break blanks become
 * blanks, and the four blanks that OTRS' editor writes for a tab become a tab.
 * whole: all is own words (an attachment).  CERTBUND_ERROR_INPUT when a limit is passed, or
 * nothing ends the own words: it may be cut. */
Letter *letter_read(char *text, gsize length, gboolean whole, GError **error);
void letter_free(Letter *letter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Letter, letter_free)

/* Is text[0..length), the head of an automated report, more than that: does a sign-off, a
 * signature's "-- ", or the head of a cited or forwarded mail stand in it?  What is below
 * is then somebody else's.  Also when it passes one of the limits above. */
gboolean letter_ends_in(const char *text, gsize length);

/* Blank, or drawn: "8<-----", "=====". */
gboolean line_is_empty(const Line *line);

/* Where the paragraph that begins at from ends: lines[from..end) without an empty one. */
guint line_paragraph_end(const Line *lines, guint n, guint from);

gboolean line_ends_with(const Line *line, char c);

#endif
