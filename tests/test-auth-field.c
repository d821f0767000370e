/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Authentication-Results fields and DKIM-Signature tags, as text. */
#include "auth-field.h"
#include "auth-words.h"
#include "dkim-tags.h"

#include <string.h>

typedef struct {
    const char *name, *text;
    const char *want; /* see show(); NULL: refused */
    const char *why;  /* part of it, when refused */
    const char *id;   /* of one that is refused: what is known all the same; NULL: nothing */
} Case;

#define ID "mx.example.net"

/* RFC 8601 section 2.2, rule by rule; the examples have the shapes of its appendix B. */
static const Case cases[] = {
    { "nothing to say", ID "; none", ID " 1", NULL, NULL },
    { "with a version", ID " 1; none", ID " 1", NULL, NULL },
    { "one method", ID "; spf=pass smtp.mailfrom=example.com",
      ID " 1|spf/1=pass smtp.mailfrom=example.com", NULL, NULL },
    { "two methods", ID ";\r\n auth=pass (cram-md5) smtp.auth=k@example.com;\r\n"
      " spf=pass smtp.mailfrom=example.com",
      ID " 1|auth/1=pass smtp.auth=k@example.com|spf/1=pass smtp.mailfrom=example.com", NULL,
      NULL },
    { "two signatures, one with a reason", ID ";\r\n\tdkim=pass reason=\"good signature\"\r\n"
      "\t header.i=@mail.example.com;\r\n\tdkim=fail reason=\"bad; signature\" header.i=@example.org",
      ID " 1|dkim/1=pass (good signature) header.i=@mail.example.com"
      "|dkim/1=fail (bad; signature) header.i=@example.org", NULL, NULL },
    { "comments and blanks wherever they may stand",
      " (a) mx.(b)", NULL, "semicolon", "mx." },
    { "... between all words",
      "(v) mx.example.net (w(\\)x)) 1 (x) ; (y) dkim (z) / (a) 1 (b) = (c) pass (d) reason (e) = (f)"
      " ok (g) header (h) . (i) d (j) = (k) bsi.bund.de (l)",
      ID " 1|dkim/1=pass (ok) header.d=bsi.bund.de", NULL, NULL },
    { "folds between all words",
      "\r\n mx.example.net\r\n 1\r\n ;\r\n dkim\r\n =\r\n pass\r\n reason\r\n =\r\n ok\r\n header\r\n"
      " .\r\n d\r\n =\r\n bsi.bund.de\r\n ", ID " 1|dkim/1=pass (ok) header.d=bsi.bund.de", NULL,
      NULL },
    { "folds as libmilter writes them", ID ";\n\tdkim=pass\n\theader.d=a.example",
      ID " 1|dkim/1=pass header.d=a.example", NULL, NULL },
    { "a quoted name", "\"mx.example.net\"; none", ID " 1", NULL, NULL },
    { "a quoted-pair in the name", "\"mx\\.example\\.net\"; none", ID " 1", NULL, NULL },
    { "a fold in the quoted name", "\"mx.\r\n example.net\"; none", "mx. example.net 1", NULL,
      NULL },
    { "a name beyond ASCII", "mx.b\xc3\xbc" "cher.example; none",
      "mx.b\xc3\xbc" "cher.example 1", NULL, NULL },
    { "capitals", ID "; DKIM=Pass Header.D=BSI.bund.de", ID " 1|dkim/1=pass header.d=BSI.bund.de",
      NULL, NULL },
    { "a quoted value", ID "; dkim=pass header.d=\"bsi.bund.de\" header.b=\"a/b=\"",
      ID " 1|dkim/1=pass header.d=bsi.bund.de header.b=a/b=", NULL, NULL },
    { "header.b as OpenDKIM writes it", ID "; dkim=pass header.b=a/b+c= header.d=x",
      ID " 1|dkim/1=pass header.b=a/b+c= header.d=x", NULL, NULL },
    { "values need no blank between when quoted", ID "; dkim=pass header.b=\"a\"header.d=x",
      ID " 1|dkim/1=pass header.b=a header.d=x", NULL, NULL },
    { "a local part of odd characters", ID "; spf=pass smtp.mailfrom=a=b/c?d@example.com",
      ID " 1|spf/1=pass smtp.mailfrom=a=b/c?d@example.com", NULL, NULL },
    { "a quoted local part", ID "; spf=pass smtp.mailfrom=\"a b\"@example.com",
      ID " 1|spf/1=pass smtp.mailfrom=a b@example.com", NULL, NULL },
    { "no local part", ID "; dkim=pass header.i=@example.com",
      ID " 1|dkim/1=pass header.i=@example.com", NULL, NULL },
    { "a method's version", ID "; dkim/2=pass header.d=x", ID " 1|dkim/2=pass header.d=x", NULL,
      NULL },
    { "version 2", ID " 2; dkim=pass", ID " 2|dkim/1=pass", NULL, NULL },
    { "a version of WORDS_DIGITS_MAX digits", ID " 000001; none", ID " 1", NULL, NULL },
    { "a result in a comment", ID "; dkim=fail (; dkim=pass header.d=bsi.bund.de)",
      ID " 1|dkim/1=fail", NULL, NULL },
    { "a result in the comment of the name", "mx.example.org (mx.example.net; dkim=pass); none",
      "mx.example.org 1", NULL, NULL },
    { "a result in the reason", ID "; dkim=fail reason=\"; dkim=pass header.d=bsi.bund.de\"",
      ID " 1|dkim/1=fail (; dkim=pass header.d=bsi.bund.de)", NULL, NULL },
    { "a bracket in quotes opens nothing", ID "; dkim=fail reason=\"(\" header.d=\")\"",
      ID " 1|dkim/1=fail (() header.d=)", NULL, NULL },
    { "quotes in a comment open nothing", ID " (\"); dkim=pass", ID " 1|dkim/1=pass", NULL, NULL },
    { "none is a method's name too", ID "; none=pass", ID " 1|none/1=pass", NULL, NULL },
    { "reason is a property's type too", ID "; dkim=pass reason.x=y",
      ID " 1|dkim/1=pass reason.x=y", NULL, NULL },

    { "empty", "", NULL, "no value", NULL },
    { "only a comment", "(mx.example.net)", NULL, "no value", NULL },
    { "no name", "; dkim=pass", NULL, "no value", NULL },
    { "a name and nothing more", ID, NULL, "no semicolon", ID },
    { "nothing behind the semicolon", ID ";", NULL, "no keyword", ID },
    { "a semicolon at the end", ID "; dkim=pass;", NULL, "no keyword", ID },
    { "two semicolons", ID ";; dkim=pass", NULL, "no keyword", ID },
    { "none and more", ID "; none; dkim=pass", NULL, "no = behind a method", ID },
    { "more and none", ID "; dkim=pass; none", NULL, "no = behind a method", ID },
    { "garbage behind the name", ID "/x; dkim=pass", NULL, "no semicolon", ID },
    { "two names", ID " mx2.example.net; dkim=pass", NULL, "no version", ID },
    { "two versions", ID " 1 1; dkim=pass", NULL, "no semicolon", ID },
    { "a version of one digit more", ID " 0000001; none", NULL, "too many digits", ID },
    { "garbage behind the result", ID "; dkim=pass!", NULL, "no blank", ID },
    { "garbage at the end", ID "; dkim=pass header.d=x ]", NULL, "no keyword", ID },
    { "a word at the end", ID "; dkim=pass header.d=x y", NULL, "neither", ID },
    { "a property without value", ID "; dkim=pass header.d=", NULL, "no value", ID },
    { "a property without =", ID "; dkim=pass header.d x", NULL, "no =", ID },
    { "a method without result", ID "; dkim", NULL, "no =", ID },
    { "a slash in a plain value", ID "; dkim=pass header.d=a/b", NULL, "no keyword", ID },
    { "header.b with what base64 has not", ID "; dkim=pass header.b=a/b!", NULL, "no keyword", ID },
    { "header.b without value", ID "; dkim=pass header.b= ;", NULL, "no value", ID },
    { "a property glued to the result", ID "; dkim=passheader.d=x", NULL, "no blank", ID },
    { "a property glued to the reason", ID "; dkim=pass reason=\"x\"header.d=x", NULL, "no blank",
      ID },
    { "two reasons", ID "; dkim=pass reason=a reason=b", NULL, "neither", ID },
    { "a reason behind a property", ID "; dkim=pass header.d=x reason=b", NULL, "neither", ID },
    { "a domain with garbage", ID "; dkim=pass header.i=@bsi.bund.de!x", NULL, "no keyword", ID },
    { "no domain behind @", ID "; dkim=pass header.i=a@", NULL, "no domain", ID },
    { "two @", ID "; dkim=pass header.i=a@b@c", NULL, "no keyword", ID },
    { "an open comment", ID "; dkim=pass (header.d=x", NULL, "open comment", ID },
    { "an open comment in the name", "(mx.example.net; dkim=pass", NULL, "open comment", NULL },
    { "a comment closed twice", ID "; dkim=pass (a)) header.d=x", NULL, "no keyword", ID },
    { "an open quote", ID "; dkim=pass header.d=\"x", NULL, "open quote", ID },
    { "a backslash at the end", ID "; dkim=pass (\\", NULL, "backslash", ID },
    { "a line end that is no fold", ID "; dkim=pass\nheader.d=x", NULL, "no blank", ID },
    { "... at the end", ID "; dkim=pass\r\n", NULL, "no blank", ID },
    { "a lone CR", ID "; dkim=pass\r header.d=x", NULL, "no blank", ID },
    { "a CR in a comment", ID "; dkim=pass (\r) header.d=x", NULL, "control", ID },
    { "a quoted line end", ID "; dkim=pass (\\\n) header.d=x", NULL, "control", ID },
    { "a control character in quotes", ID "; dkim=pass header.d=\"\x01\"", NULL, "control", ID },
    { "bytes that are no UTF-8", ID "; dkim=pass (\xff)", NULL, "not UTF-8", ID },
    { "... in the name", "mx\xff; dkim=pass", NULL, "not UTF-8", "mx\xff" },
    { "an underscore", ID "; x_dkim=pass", NULL, "no = behind", ID },
    { "a keyword that ends in -", ID "; dkim-=pass", NULL, "no keyword", ID },
};

/* id version|method/version=result (reason) type.name=value|... */
static char *show(const AuthField *field)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s %u", field->authserv_id, field->version);
    for (guint r = 0; r < field->results->len; r++) {
        const AuthResult *result = g_ptr_array_index(field->results, r);
        g_string_append_printf(text, "|%s/%u=%s", result->method, result->version, result->result);
        if (result->reason != NULL)
            g_string_append_printf(text, " (%s)", result->reason);
        for (guint p = 0; p < result->properties->len; p++) {
            const AuthProperty *property = g_ptr_array_index(result->properties, p);
            g_string_append_printf(text, " %s.%s=%s", property->type, property->name,
                                   property->value);
        }
    }
    return g_string_free(text, FALSE);
}

/* A copy without a NUL behind it, so that the sanitizers see one byte too many read. */
static char *bare_copy(const char *text, gsize length)
{
    char *bare = g_malloc(MAX(length, 1));
    memcpy(bare, text, length);
    return bare;
}

static AuthField *parse(const char *text, gsize length, char **why_r)
{
    g_autofree char *bare = bare_copy(text, length);
    return auth_field_parse(bare, length, why_r);
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *why = NULL;
    g_autoptr(AuthField) field = parse(c->text, strlen(c->text), &why);

    if (c->want == NULL) {
        g_assert_nonnull(why);
        if (strstr(why, c->why) == NULL)
            g_error("refused otherwise: %s", why);
        g_assert_cmpstr(field->authserv_id, ==, c->id);
        g_assert_cmpuint(field->results->len, ==, 0);
        return;
    }
    g_assert_cmpstr(why, ==, NULL);
    g_autofree char *shown = show(field);
    g_assert_cmpstr(shown, ==, c->want);
}

static void test_nul(void)
{
    static const char *const texts[] = { ID "; dkim=pass #header.d=x", ID "; dkim=pass (#)",
                                         ID "; dkim=pass header.i=a#@x", ID "; dkim=pass\n #" };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = g_strdup(texts[i]), *why = NULL;
        gsize length = strlen(text);
        *strchr(text, '#') = '\0';
        g_autoptr(AuthField) field = parse(text, length, &why);
        g_assert_nonnull(why);
        g_assert_cmpstr(field->authserv_id, ==, ID);
    }
}

/* At each limit and one above. */
static void test_limits(void)
{
    for (guint above = 0; above < 2; above++) {
        g_autoptr(GString) results = g_string_new(ID), properties = g_string_new(ID "; dkim=pass");
        g_autofree char *why_results = NULL, *why_properties = NULL;
        for (guint i = 0; i < AUTH_FIELD_RESULTS_MAX + above; i++)
            g_string_append(results, "; dkim=pass");
        for (guint i = 0; i < AUTH_FIELD_PROPERTIES_MAX + above; i++)
            g_string_append(properties, " header.d=x");
        g_autoptr(AuthField) a = parse(results->str, results->len, &why_results);
        g_autoptr(AuthField) b = parse(properties->str, properties->len, &why_properties);
        g_assert_cmpstr(why_results, ==, above == 0 ? NULL : "too many results");
        g_assert_cmpstr(why_properties, ==, above == 0 ? NULL : "too many properties");
        g_assert_cmpuint(a->results->len, ==, above == 0 ? AUTH_FIELD_RESULTS_MAX : 0);
    }
}

/* No depth of comments is too much, and a field that is cut anywhere is read within it. */
static void test_cut(void)
{
    static const char text[] = "\"mx\\.example.net\" (a (b\\)) \r\n c) 1; dkim/1=pass (d)\r\n reason="
                               "\"e\\\"\" header.i=\"f g\"@bsi.bund.de header.d=x;\r\n\tspf=none";
    g_autofree char *deep = g_strnfill(60000, '('), *why = NULL;
    g_autoptr(AuthField) open = parse(deep, strlen(deep), &why);
    guint whole = 0;

    g_assert_cmpstr(why, ==, "an open comment");
    for (gsize n = 0; n < sizeof text; n++) {
        g_autofree char *reason = NULL;
        g_autoptr(AuthField) field = parse(text, n, &reason);
        whole += reason == NULL;
        g_assert_true(n < strlen("\"mx\\.example.net\"") || field->authserv_id != NULL);
    }
    g_assert_cmpuint(whole, >, 2);
}

static void test_property(void)
{
    g_autofree char *why = NULL;
    g_autoptr(AuthField) field
        = auth_field_parse("x; dkim=pass header.d=a header.d=b", 34, &why);
    const AuthResult *result = g_ptr_array_index(field->results, 0);
    guint n;

    g_assert_cmpstr(auth_result_property(result, "header", "d", &n), ==, "a");
    g_assert_cmpuint(n, ==, 2);
    g_assert_null(auth_result_property(result, "smtp", "d", NULL));
    g_assert_null(auth_result_property(result, "header", "i", &n));
    g_assert_cmpuint(n, ==, 0);
}

/* RFC 6376 section 3.2. */
static void test_tags(void)
{
    static const struct {
        const char *text, *d, *h; /* d NULL: refused */
    } rows[] = {
        { "v=1; d=a.example; h=From:To", "a.example", "From:To" },
        { " v=1;\r\n\td = a.example ;\r\n h=From :\r\n To; ", "a.example", "From : To" },
        { "d=a.example;h=;", "a.example", "" },
        { "d=a.example; h=a; bh=b=;", "a.example", "a" },
        { "d=a\r\n .example; h=x", "a .example", "x" },
        { "d=a; h=x; d=b", NULL, NULL }, /* repeated: the whole list is void */
        { "d=a; D=b; h=x", "a", "x" },   /* names: case counts */
        { "", NULL, NULL },
        { ";", NULL, NULL },
        { "d=a;;h=x", NULL, NULL },
        { "d=a; h", NULL, NULL },
        { "=a; h=x", NULL, NULL },
        { "1d=a", NULL, NULL },
        { "_d=a", NULL, NULL },
        { "d x=a", NULL, NULL },
        { "d=\xc3\xbc", NULL, NULL },
        { "d=a\x01", NULL, NULL },
        { "(c) d=a", NULL, NULL }, /* there are no comments */
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        gsize length = strlen(rows[i].text);
        g_autofree char *bare = bare_copy(rows[i].text, length);
        g_autoptr(GHashTable) tags = dkim_tags_parse(bare, length);
        g_test_message("%s", rows[i].text);
        g_assert_true((tags != NULL) == (rows[i].d != NULL));
        if (tags == NULL)
            continue;
        g_assert_cmpstr(g_hash_table_lookup(tags, "d"), ==, rows[i].d);
        g_assert_cmpstr(g_hash_table_lookup(tags, "h"), ==, rows[i].h);
    }
}

static void test_covered(void)
{
    static const struct {
        const char *text;
        gboolean want;
    } rows[] = {
        { "h=to:SUBJECT", TRUE },   { "h=to:\r\n\tsubject", TRUE }, { "h= subject : to", TRUE },
        { "h=x-subject", FALSE },   { "h=subjects", FALSE },        { "h=sub ject", FALSE },
        { "h=", FALSE },            { "d=x", FALSE },               { "H=subject", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GHashTable) tags = dkim_tags_parse(rows[i].text, strlen(rows[i].text));
        g_assert_true(dkim_tags_cover(tags, "Subject") == rows[i].want);
    }
}

static void test_tags_limit(void)
{
    for (guint above = 0; above < 2; above++) {
        g_autoptr(GString) text = g_string_new("d=x");
        for (guint i = 1; i < DKIM_TAGS_MAX + above; i++)
            g_string_append_printf(text, "; t%u=y", i);
        g_autoptr(GHashTable) tags = dkim_tags_parse(text->str, text->len);
        g_assert_true((tags != NULL) == (above == 0));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/auth-field/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/auth-field-more/nul", test_nul);
    g_test_add_func("/auth-field-more/limits", test_limits);
    g_test_add_func("/auth-field-more/cut", test_cut);
    g_test_add_func("/auth-field-more/property", test_property);
    g_test_add_func("/dkim-tags/parse", test_tags);
    g_test_add_func("/dkim-tags/covered", test_covered);
    g_test_add_func("/dkim-tags/limit", test_tags_limit);
    return g_test_run();
}
