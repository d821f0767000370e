/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* auth-words: the words of an Authentication-Results field, from left to right; for
 * auth-field.c only.
 *
 * What is wrong stops the cursor at the end, for good, with the first reason.  Texts are
 * freed by the caller; NULL when the word was not there, and the cursor has stopped. */
#ifndef CERTBUND_AUTH_WORDS_H
#define CERTBUND_AUTH_WORDS_H

#include <glib.h>

#define WORDS_DIGITS_MAX 6 /* of a version; there is but version 1 */

typedef struct {
    const char *p, *end;
    const char *why; /* set: nothing more is read */
} Cursor;

gboolean words_fail(Cursor *cursor, const char *why); /* always FALSE */

/* Is this the next character?  take: it must be, and is read. */
gboolean words_at(const Cursor *cursor, char c);
gboolean words_take(Cursor *cursor, char c, const char *why);

/* [CFWS] of RFC 5322 section 3.2.2, folds as CRLF or, from libmilter, LF; TRUE when there
 * was any. */
gboolean words_skip(Cursor *cursor);

/* Of a token (RFC 2045 section 5.1), with the characters beyond ASCII of RFC 6532 section
 * 3.2. */
gboolean words_is_token(char c);

/* Keyword of RFC 5321 section 4.1.2, in lower case. */
char *words_keyword(Cursor *cursor);

/* A quoted string, which begins here, with quotes, quoted-pairs and folds undone. */
char *words_string(Cursor *cursor);

/* value of RFC 2045 section 5.1: a token or a quoted string. */
char *words_value(Cursor *cursor);

guint words_number(Cursor *cursor);

#endif
