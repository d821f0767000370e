/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* report-text: where things stand in the text of an automated report.
 *
 * Used by report.c only.  Texts are UTF-8 with LF line ends and need no NUL;
 * results are offsets into them.  Nothing here allocates but the quotations. */
#ifndef CERTBUND_REPORT_TEXT_H
#define CERTBUND_REPORT_TEXT_H

#include <glib.h>

/* What follows a marker such as "Betroffene Systeme in Ihrem Netzbereich:". */
typedef struct {
    gsize marker; /* start of the (first) marker line */
    gsize start;  /* first line behind the markers that is not blank, or the end */
    gsize end;    /* behind the table's last line, see table_extent() */
} TablePlace;

/* The first marker at or behind from.  Markers that follow each other (German,
 * then English) are one.  A quoted one ("> ") is none. */
gboolean report_text_find_table(const char *text, gsize length, gsize from, TablePlace *place_r);

/* What stands at from, blank lines skipped. */
typedef enum {
    TEXT_END,
    TEXT_SIGN_OFF,  /* "Mit freundlichen Gr..." or "Kind regards" */
    TEXT_OLD_TABLE, /* "Format: ASN | IP ...": the format of 2017 and before */
    TEXT_OTHER
} TextKind;

TextKind report_text_kind(const char *text, gsize length, gsize from);

/* CERT-Bund's explaining words in text[0..length), see report_read(); each is
 * set only when it is NULL and found.  Caller frees. */
void report_text_quotes(const char *text, gsize length, char **german, char **english);

#endif
