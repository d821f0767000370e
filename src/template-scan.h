/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* template-scan: bytes of a template file -> where each of its pieces stands.
 *
 * libxml2 keeps an element's line and nothing else, and what it says of a slip in the XML is
 * written for programmers.  So a file is looked over once before libxml2 reads it: for the
 * slips that people make, told with line and column and with what to write instead, and for
 * the places of what is sound.  Not a parser: what it does not know it leaves to libxml2, and
 * it never makes a file acceptable.
 *
 * Extensible Markup Language (XML) 1.0, fifth edition, sections 2.2 to 2.8, 3.1 and 4.1. */
#ifndef CERTBUND_TEMPLATE_SCAN_H
#define CERTBUND_TEMPLATE_SCAN_H

#include "faults.h"

/* Elements in each other.  With so many <if> the grammar has room for 18; what goes deeper is none
 * of our files, and whoever walks the document goes down with it. */
#define TEMPLATE_DEPTH_MAX 20
/* <if> in each other: nobody can foresee what more of them show, and each letter asks them. */
#define TEMPLATE_IF_MAX 8

typedef enum {
    MARK_ELEMENT,   /* the '<' of a start tag */
    MARK_ATTRIBUTE, /* the first character of its name; xmlns has none */
    MARK_TEXT       /* the first character of a run that is no white space, else of the run */
} MarkKind;

typedef struct {
    MarkKind kind;
    guint place; /* faults_place() */
} Mark;

/* The marks of content[0..length) in the order of the document, those of an element's
 * attributes behind its own; free with g_array_unref().  NULL, with one fault added, at the
 * first slip: what follows it is often only its echo. */
GArray *template_scan(const char *file, const char *content, gsize length, Faults *faults);

#endif
