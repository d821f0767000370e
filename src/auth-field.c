/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads an Authentication-Results field from left to right, once.
 *
 * The first thing that is wrong ends it; nothing is skipped to go on behind, for what
 * stands there may be somebody else's text. */
#include "auth-field.h"

#include "auth-words.h"

#include <string.h>

/* Is this the local part of an address, which may have more characters than a token? */
static gboolean is_local_part(const Cursor *cursor)
{
    const char *p = cursor->p;

    while (p < cursor->end && (words_is_token(*p) || *p == '/' || *p == '=' || *p == '?'))
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
    words_fail(cursor, "no domain behind @");
    return NULL;
}

/* pvalue: a value, or [[local-part]@]domain. */
static char *take_pvalue(Cursor *cursor)
{
    const char *start;
    g_autofree char *local = NULL, *domain = NULL;

    words_skip(cursor);
    start = cursor->p;
    if (is_local_part(cursor)) {
        while (!words_at(cursor, '@'))
            cursor->p++;
        local = g_strndup(start, (gsize)(cursor->p - start));
    } else if ((local = words_value(cursor)) == NULL || *start != '"' || !words_at(cursor, '@')) {
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

    words_skip(cursor);
    if (words_at(cursor, '"'))
        return words_string(cursor);
    start = cursor->p;
    while (cursor->p < cursor->end
           && (g_ascii_isalnum(*cursor->p) || words_at(cursor, '+') || words_at(cursor, '/')
               || words_at(cursor, '=')))
        cursor->p++;
    if (cursor->p > start)
        return g_strndup(start, (gsize)(cursor->p - start));
    words_fail(cursor, "no value where one belongs");
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
        words_fail(cursor, "too many properties");
    else if (words_take(cursor, '.', "neither reason= nor a property")) {
        words_skip(cursor);
        property->name = words_keyword(cursor);
        words_skip(cursor);
        if (words_take(cursor, '=', "no = behind a property"))
            property->value = strcmp(type, "header") == 0 && strcmp(property->name, "b") == 0
                                  ? take_base64(cursor)
                                  : take_pvalue(cursor);
    }
}

/* What stands behind method=result: [CFWS reasonspec] [CFWS 1*propspec]. */
static void take_details(Cursor *cursor, AuthResult *result)
{
    gboolean apart = words_skip(cursor);

    while (cursor->p < cursor->end && *cursor->p != ';') {
        char *word = apart ? words_keyword(cursor) : NULL;
        words_skip(cursor);
        if (word == NULL) {
            words_fail(cursor, "no blank where one belongs");
            return;
        }
        if (strcmp(word, "reason") == 0 && words_at(cursor, '=') && result->reason == NULL
            && result->properties->len == 0) {
            g_free(word);
            cursor->p++;
            words_skip(cursor);
            result->reason = words_value(cursor);
            apart = words_skip(cursor);
        } else {
            take_property(cursor, result, word);
            words_skip(cursor);
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
        words_fail(cursor, "too many results");
    words_skip(cursor);
    result->method = words_keyword(cursor);
    words_skip(cursor);
    if (cursor->why == NULL && cursor->p == cursor->end && field->results->len == 1
        && strcmp(result->method, "none") == 0) {
        g_ptr_array_set_size(field->results, 0);
        return;
    }
    if (words_at(cursor, '/')) {
        cursor->p++;
        words_skip(cursor);
        result->version = words_number(cursor);
        words_skip(cursor);
    }
    if (!words_take(cursor, '=', "no = behind a method"))
        return;
    words_skip(cursor);
    result->result = words_keyword(cursor);
    take_details(cursor, result);
}

static void take_field(Cursor *cursor, AuthField *field)
{
    words_skip(cursor);
    field->authserv_id = words_value(cursor);
    if (words_skip(cursor) && cursor->p < cursor->end && *cursor->p != ';') {
        field->version = words_number(cursor);
        words_skip(cursor);
    }
    do {
        if (words_take(cursor, ';', "no semicolon where one belongs"))
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
        words_fail(&cursor, "bytes that are not UTF-8");
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
