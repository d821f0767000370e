/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* template-bytes: the bytes of a template file under a cursor, for template-scan.c.
 *
 * Says where a byte stands, and what is wrong with bytes and references by themselves.
 * A function that returns FALSE has added one fault. */
#ifndef CERTBUND_TEMPLATE_BYTES_H
#define CERTBUND_TEMPLATE_BYTES_H

#include "faults.h"

typedef struct {
    const char *begin, *p, *end; /* the file, without the byte order mark; p is the cursor */
    const char *file;
    Faults *faults;
    const char *counted; /* line and column are this byte's: counted on from there */
    guint line, column;
    gboolean utf8; /* else the XML declaration says what it is, with a byte for a character */
} Bytes;

/* Cursor at the first byte.  FALSE when the bytes are not characters of XML (section 2.2). */
gboolean bytes_begin(Bytes *bytes_r, const char *file, const char *content, gsize length,
                     Faults *faults);

/* faults_place() of at, which lies in begin..end. */
guint bytes_place(Bytes *bytes, const char *at);

/* Add a fault; always FALSE, to be returned. */
gboolean bytes_fault(Bytes *bytes, const char *at, const char *format, ...) G_GNUC_PRINTF(3, 4);
gboolean bytes_fault_at(Bytes *bytes, guint place, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Does word stand at the cursor? */
gboolean bytes_at(const Bytes *bytes, const char *word);

/* May it stand in a name?  All that is not ASCII may; libxml2 knows better. */
gboolean bytes_is_name(char c);

/* Bytes of the character at the cursor, 0 at the end. */
gsize bytes_character_length(const Bytes *bytes);

/* The typographic quote at the cursor, as word processors put it; caller frees; or NULL. */
char *bytes_typographic_quote(const Bytes *bytes);

/* Behind the reference whose '&' is at the cursor (section 4.1): a number or one of XML's
 * own five. */
gboolean bytes_skip_reference(Bytes *bytes);

#endif
