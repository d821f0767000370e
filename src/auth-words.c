/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Blanks, comments, tokens and quoted strings, as RFC 5322 and RFC 2045 have them; nothing
 * obsolete, no control characters. */
#include "auth-words.h"

#include <string.h>

gboolean words_fail(Cursor *cursor, const char *why)
{
    if (cursor->why == NULL)
        cursor->why = why;
    cursor->p = cursor->end;
    return FALSE;
}

gboolean words_at(const Cursor *cursor, char c)
{
    return cursor->p < cursor->end && *cursor->p == c;
}

gboolean words_take(Cursor *cursor, char c, const char *why)
{
    if (!words_at(cursor, c))
        return words_fail(cursor, why);
    cursor->p++;
    return TRUE;
}

static gboolean is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the line end of a fold at p (RFC 5322 section 3.2.2), 0 when there is none.
 * libmilter gives LF, a mail CRLF. */
static gsize fold_at(const char *p, const char *end)
{
    gsize n = end - p >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : *p == '\n' ? 1 : 0;
    return n > 0 && p + n < end && is_blank(p[n]) ? n : 0;
}

static gboolean is_control(char c)
{
    return ((guchar)c < ' ' && c != '\t') || c == '\x7f';
}

/* One character of a comment or quoted string into text, unless NULL: a fold is nothing,
 * a quoted-pair is what it quotes. */
static void take_quoted(Cursor *cursor, GString *text)
{
    gsize fold = fold_at(cursor->p, cursor->end);

    if (fold > 0) {
        cursor->p += fold;
        return;
    }
    if (*cursor->p == '\\' && ++cursor->p == cursor->end) {
        words_fail(cursor, "a backslash at its end");
        return;
    }
    if (is_control(*cursor->p)) {
        words_fail(cursor, "a control character");
        return;
    }
    if (text != NULL)
        g_string_append_c(text, *cursor->p);
    cursor->p++;
}

static void skip_comment(Cursor *cursor)
{
    guint depth = 0;

    do {
        if (cursor->p == cursor->end)
            words_fail(cursor, "an open comment");
        else if (words_at(cursor, '('))
            depth++, cursor->p++;
        else if (words_at(cursor, ')'))
            depth--, cursor->p++;
        else
            take_quoted(cursor, NULL);
    } while (depth > 0 && cursor->why == NULL);
}

gboolean words_skip(Cursor *cursor)
{
    const char *start = cursor->p;
    gsize fold;

    while (cursor->p < cursor->end)
        if (is_blank(*cursor->p))
            cursor->p++;
        else if ((fold = fold_at(cursor->p, cursor->end)) > 0)
            cursor->p += fold;
        else if (*cursor->p == '(')
            skip_comment(cursor);
        else
            break;
    return cursor->p > start;
}

gboolean words_is_token(char c)
{
    return (guchar)c > ' ' && c != '\x7f' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

char *words_keyword(Cursor *cursor)
{
    const char *start = cursor->p;

    while (cursor->p < cursor->end && (g_ascii_isalnum(*cursor->p) || *cursor->p == '-'))
        cursor->p++;
    if (cursor->p > start && cursor->p[-1] != '-')
        return g_ascii_strdown(start, cursor->p - start);
    words_fail(cursor, "no keyword where one belongs");
    return NULL;
}

guint words_number(Cursor *cursor)
{
    guint number = 0, digits = 0;

    for (; cursor->p < cursor->end && g_ascii_isdigit(*cursor->p); digits++)
        if (digits < WORDS_DIGITS_MAX)
            number = number * 10 + (guint)(*cursor->p++ - '0');
        else
            words_fail(cursor, "a version of too many digits");
    if (digits == 0)
        words_fail(cursor, "no version where one belongs");
    return number;
}

char *words_string(Cursor *cursor)
{
    g_autoptr(GString) text = g_string_new(NULL);

    cursor->p++;
    while (cursor->p < cursor->end && *cursor->p != '"')
        take_quoted(cursor, text);
    if (!words_take(cursor, '"', "an open quote"))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *words_value(Cursor *cursor)
{
    const char *start = cursor->p;

    if (words_at(cursor, '"'))
        return words_string(cursor);
    while (cursor->p < cursor->end && words_is_token(*cursor->p))
        cursor->p++;
    if (cursor->p > start)
        return g_strndup(start, (gsize)(cursor->p - start));
    words_fail(cursor, "no value where one belongs");
    return NULL;
}
