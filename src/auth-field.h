/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* auth-field: the value of one Authentication-Results field -> who wrote it, and what he
 * found (RFC 8601 section 2.2).
 *
 * The whole grammar and, but for an unquoted header.b, nothing beyond it: a field that
 * another reader may understand otherwise is none.  Comments say nothing, whatever stands
 * in them.  Pure: no mail, no config. */
#ifndef CERTBUND_AUTH_FIELD_H
#define CERTBUND_AUTH_FIELD_H

#include <glib.h>

/* A filter writes one result for each signature and a handful of other methods; these
 * bound the work on a field of 64 KiB. */
#define AUTH_FIELD_RESULTS_MAX 100
#define AUTH_FIELD_PROPERTIES_MAX 50 /* of one result */

typedef struct {
    char *type, *name; /* "header", "d": lower case */
    char *value;       /* quotes undone: "bsi.bund.de", "@bsi.bund.de" */
} AuthProperty;

typedef struct {
    char *method; /* "dkim": lower case */
    guint version; /* of the method: 1 when none is written */
    char *result; /* "pass": lower case */
    char *reason; /* quotes undone, or NULL */
    GPtrArray *properties; /* of AuthProperty */
} AuthResult;

typedef struct {
    char *authserv_id; /* quotes undone; NULL: it can't be read */
    guint version;     /* 1 when none is written */
    GPtrArray *results; /* of AuthResult; none: "none" stands there */
} AuthField;

/* text[0..length): the value as it stands in the mail, folds included, without the line end
 * behind it.  NULL never; *why_r says what is wrong, or is NULL when all of it was
 * understood.  Of a field that was not, only authserv_id counts.  Caller frees both. */
AuthField *auth_field_parse(const char *text, gsize length, char **why_r);
void auth_field_free(AuthField *field);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuthField, auth_field_free)

/* The value of property type.name, NULL when it is not there; *n_r, unless NULL, how
 * often it is. */
const char *auth_result_property(const AuthResult *result, const char *type, const char *name,
                                 guint *n_r);

#endif
