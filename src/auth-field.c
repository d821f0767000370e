/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads an Authentication-Results field from left to right, once.
 *
 * The first thing that is wrong stops the cursor where it stands; nothing is skipped to go
 * on behind it, for what stands there may be somebody else's text. */
#include "auth-field.h"

#include <string.h>

typedef struct {
    const char *p, *end;
    const char *why; /* set: nothing more is read */
} Cursor;

static gboolean fail(Cursor *cursor, const char *why)
{
    if (cursor->why == NULL)
        cursor->why = why;
    cursor->p = cursor->end;
    return FALSE;
}

static gboolean at(const Cursor *cursor, char c)
{
    return cursor->p < cursor->end && *cursor->p == c;
}

static gboolean take(Cursor *cursor, char c, const char *why)
{
    if (!at(cursor, c))
        return fail(cursor, why);
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
        fail(cursor, "a backslash at its end");
        return;
    }
    if (is_control(*cursor->p)) {
        fail(cursor, "a control character");
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
            fail(cursor, "an open comment");
        else if (at(cursor, '('))
            depth++, cursor->p++;
        else if (at(cursor, ')'))
            depth--, cursor->p++;
        else
            take_quoted(cursor, NULL);
    } while (depth > 0 && cursor->why == NULL);
}

/* [CFWS]; TRUE when there was any. */
static gboolean skip(Cursor *cursor)
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

/* RFC 2045 section 5.1, with the characters beyond ASCII of RFC 6532 section 3.2. */
static gboolean is_token(char c)
{
    return (guchar)c > ' ' && c != '\x7f' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* Keyword of RFC 5321 section 4.1.2, in lower case; NULL: there is none. */
static char *take_keyword(Cursor *cursor)
{
    const char *start = cursor->p;

    while (cursor->p < cursor->end && (g_ascii_isalnum(*cursor->p) || *cursor->p == '-'))
        cursor->p++;
    if (cursor->p > start && cursor->p[-1] != '-')
        return g_ascii_strdown(start, cursor->p - start);
    fail(cursor, "no keyword where one belongs");
    return NULL;
}

static guint take_version(Cursor *cursor)
{
    guint version = 0, digits = 0;

    for (; cursor->p < cursor->end && g_ascii_isdigit(*cursor->p); digits++)
        if (digits < AUTH_FIELD_DIGITS_MAX)
            version = version * 10 + (guint)(*cursor->p++ - '0');
        else
            fail(cursor, "a version of too many digits");
    if (digits == 0)
        fail(cursor, "no version where one belongs");
    return version;
}

static char *take_string(Cursor *cursor)
{
    g_autoptr(GString) text = g_string_new(NULL);

    cursor->p++;
    while (cursor->p < cursor->end && *cursor->p != '"')
        take_quoted(cursor, text);
    if (!take(cursor, '"', "an open quote"))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* value of RFC 2045 section 5.1: a token or a quoted string. */
static char *take_value(Cursor *cursor)
{
    const char *start = cursor->p;

    if (at(cursor, '"'))
        return take_string(cursor);
    while (cursor->p < cursor->end && is_token(*cursor->p))
        cursor->p++;
    if (cursor->p > start)
        return g_strndup(start, (gsize)(cursor->p - start));
    fail(cursor, "no value where one belongs");
    return NULL;
}

/* Is this the local part of an address, which may have more characters than a token? */
static gboolean is_local_part(const Cursor *cursor)
{
    const char *p = cursor->p;

    while (p < cursor->end && (is_token(*p) || *p == '/' || *p == '=' || *p == '?'))
        p++;
    return p < cursor->end && *p == '@';
}

static char *take_domain(Cursor *cursor)
{
    const char *start = cursor->p;

    while (cursor->p < cursor->end
           && (g_ascii_isalnum(*cursor->p) || (guchar)*cursor->p >= 0x80
               || *cursor->p == '.' || *cursor->p == '-' || *cursor->p == '_'))
        cursor->p++;
    if (cursor->p > start)
        return g_strndup(start, (gsize)(cursor->p - start));
    fail(cursor, "no domain behind @");
    return NULL;
}

/* pvalue: a value, or [[local-part]@]domain. */
static char *take_pvalue(Cursor *cursor)
{
    const char *start;
    g_autofree char *local = NULL, *domain = NULL;

    skip(cursor);
    start = cursor->p;
    if (is_local_part(cursor)) {
        while (!at(cursor, '@'))
            cursor->p++;
        local = g_strndup(start, (gsize)(cursor->p - start));
    } else if ((local = take_value(cursor)) == NULL || *start != '"' || !at(cursor, '@')) {
        return g_steal_pointer(&local);
    }
    cursor->p++;
    domain = take_domain(cursor);
    return domain != NULL ? g_strconcat(local, "@", domain, NULL) : NULL;
}

/* The beginning of a signature in base64.  RFC 8601 wants quotes where it has a slash;
 * OpenDKIM 2.11 writes none, and so one genuine mail in eight could not be read. */
static char *take_base64(Cursor *cursor)
{
    const char *start;

    skip(cursor);
    if (at(cursor, '"'))
        return take_string(cursor);
    start = cursor->p;
    while (cursor->p < cursor->end
           && (g_ascii_isalnum(*cursor->p) || at(cursor, '+') || at(cursor, '/')
               || at(cursor, '=')))
        cursor->p++;
    if (cursor->p > start)
        return g_strndup(start, (gsize)(cursor->p - start));
    fail(cursor, "no value where one belongs");
    return NULL;
}

static void property_free(gpointer data)
{
    AuthProperty *property = data;

    g_free(property->type);
    g_free(property->name);
    g_free(property->value);
    g_free(property);
}

static void result_free(gpointer data)
{
    AuthResult *result = data;

    g_free(result->method);
    g_free(result->result);
    g_free(result->reason);
    g_ptr_array_unref(result->properties);
    g_free(result);
}

void auth_field_free(AuthField *field)
{
    if (field == NULL)
        return;
    g_free(field->authserv_id);
    g_ptr_array_unref(field->results);
    g_free(field);
}

/* propspec, its type (taken over) having been read. */
static void take_property(Cursor *cursor, AuthResult *result, char *type)
{
    AuthProperty *property = g_new0(AuthProperty, 1);

    property->type = type;
    g_ptr_array_add(result->properties, property);
    if (result->properties->len > AUTH_FIELD_PROPERTIES_MAX)
        fail(cursor, "too many properties");
    else if (take(cursor, '.', "neither reason= nor a property")) {
        skip(cursor);
        property->name = take_keyword(cursor);
        skip(cursor);
        if (take(cursor, '=', "no = behind a property"))
            property->value = strcmp(type, "header") == 0 && strcmp(property->name, "b") == 0
                                  ? take_base64(cursor)
                                  : take_pvalue(cursor);
    }
}

/* What stands behind method=result: [CFWS reasonspec] [CFWS 1*propspec]. */
static void take_details(Cursor *cursor, AuthResult *result)
{
    gboolean apart = skip(cursor);

    while (cursor->p < cursor->end && *cursor->p != ';') {
        char *word = apart ? take_keyword(cursor) : NULL;
        skip(cursor);
        if (word == NULL) {
            fail(cursor, "no blank where one belongs");
            return;
        }
        if (strcmp(word, "reason") == 0 && at(cursor, '=') && result->reason == NULL
            && result->properties->len == 0) {
            g_free(word);
            cursor->p++;
            skip(cursor);
            result->reason = take_value(cursor);
            apart = skip(cursor);
        } else {
            take_property(cursor, result, word);
            skip(cursor);
            apart = TRUE; /* the next one may follow at once: 1*propspec */
        }
    }
}

/* resinfo, or no-result where it is the only one; the semicolon was read. */
static void take_result(Cursor *cursor, AuthField *field)
{
    AuthResult *result = g_new0(AuthResult, 1);

    result->version = 1;
    result->properties = g_ptr_array_new_with_free_func(property_free);
    g_ptr_array_add(field->results, result);
    if (field->results->len > AUTH_FIELD_RESULTS_MAX)
        fail(cursor, "too many results");
    skip(cursor);
    result->method = take_keyword(cursor);
    skip(cursor);
    if (cursor->why == NULL && cursor->p == cursor->end && field->results->len == 1
        && strcmp(result->method, "none") == 0) {
        g_ptr_array_set_size(field->results, 0);
        return;
    }
    if (at(cursor, '/')) {
        cursor->p++;
        skip(cursor);
        result->version = take_version(cursor);
        skip(cursor);
    }
    if (!take(cursor, '=', "no = behind a method"))
        return;
    skip(cursor);
    result->result = take_keyword(cursor);
    take_details(cursor, result);
}

static void take_field(Cursor *cursor, AuthField *field)
{
    skip(cursor);
    field->authserv_id = take_value(cursor);
    if (skip(cursor) && cursor->p < cursor->end && *cursor->p != ';') {
        field->version = take_version(cursor);
        skip(cursor);
    }
    do {
        if (take(cursor, ';', "no semicolon where one belongs"))
            take_result(cursor, field);
    } while (cursor->p < cursor->end);
}

AuthField *auth_field_parse(const char *text, gsize length, char **why_r)
{
    AuthField *field = g_new0(AuthField, 1);
    Cursor cursor = { text, text + length, NULL };

    field->version = 1;
    field->results = g_ptr_array_new_with_free_func(result_free);
    take_field(&cursor, field);
    if (!g_utf8_validate_len(text, length, NULL))
        fail(&cursor, "bytes that are not UTF-8");
    if (cursor.why != NULL)
        g_ptr_array_set_size(field->results, 0);
    *why_r = g_strdup(cursor.why);
    return field;
}

const char *auth_result_property(const AuthResult *result, const char *type, const char *name,
                                 guint *n_r)
{
    const char *value = NULL;
    guint n = 0;

    for (guint i = 0; i < result->properties->len; i++) {
        const AuthProperty *property = g_ptr_array_index(result->properties, i);
        if (strcmp(property->type, type) == 0 && strcmp(property->name, name) == 0 && n++ == 0)
            value = property->value;
    }
    if (n_r != NULL)
        *n_r = n;
    return value;
}
