/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dkim-fields: a mail's bytes -> its header fields as they stand, and the body.
 *
 * For dkim.c only.  What is verified must be what the other stages read, though they read it with
 * another parser.  So a header that could be taken in two ways is refused: RFC 5322
 * without its obsolete syntax, that is, names of printable characters up to the colon,
 * CRLF at the end of each line, no other control character but tabs, no blank folded line. */
#ifndef CERTBUND_DKIM_FIELDS_H
#define CERTBUND_DKIM_FIELDS_H

#include <glib.h>

typedef struct {
    const char *text; /* "Name: value", in the bytes; folds included, the last CRLF not */
    gsize length;
    gsize name_length;
} DkimField;

typedef struct {
    DkimField *fields; /* freed with dkim_fields_clear() */
    guint n;
    const char *body; /* behind the empty line */
    gsize body_length;
} DkimFields;

/* bytes: CRLF line ends; must outlive fields_r.  FALSE when the header is not as above. */
gboolean dkim_fields_read(GBytes *bytes, DkimFields *fields_r);
void dkim_fields_clear(DkimFields *fields);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DkimFields, dkim_fields_clear)

/* How many fields have this name, case ignored. */
guint dkim_fields_count(const DkimFields *fields, const char *name);

/* Which field is missing, or there so often that a signature vouches for one of them and the
 * reader may take another; NULL: none is.  Caller frees. */
char *dkim_fields_fault(const DkimFields *fields, guint signatures_max);

/* TRUE when a list of names with ':' between, as in h=, holds this one. */
gboolean dkim_names_hold(const char *names, const char *name);

#endif
