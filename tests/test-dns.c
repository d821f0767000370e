/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* One lookup of a text, against a resolver of our own. */
#include "dns.h"

#include "dns-maker.h"
#include "errors.h"

#include <string.h>

#define NAME "202501._domainkey.bsi.bund.de"

typedef struct {
    const char *name;
    ResolverAnswer answer;
    const char *text;
    gsize length;     /* 0: of the text */
    const char *want; /* NULL: an error, with this code and text */
    CertbundError code;
    const char *message;
} Case;

/* RFC 6376 section 3.6.2.2: strings in a record are joined without a blank, and there must
 * be one record.  RFC 2308 section 2: no name, or no data; both are answers. */
static const Case cases[] = {
    { "a text", RESOLVER_TEXT, "v=DKIM1; p=AAAA", .want = "v=DKIM1; p=AAAA" },
    { "no bytes", RESOLVER_TEXT, "", .want = "" },
    { "behind an alias", RESOLVER_CNAME, "v=DKIM1; p=AAAA", .want = "v=DKIM1; p=AAAA" },
    { "truncated, then by TCP", RESOLVER_BY_TCP, "v=DKIM1; p=BBBB", .want = "v=DKIM1; p=BBBB" },
    { "no such name", RESOLVER_NO_NAME, "", .code = CERTBUND_ERROR_INPUT, .message = "not in DNS" },
    { "no text for it", RESOLVER_NO_TEXT, "", .code = CERTBUND_ERROR_INPUT,
      .message = "not in DNS" },
    { "two records", RESOLVER_TWICE, "v=DKIM1; p=AAAA", .code = CERTBUND_ERROR_INPUT,
      .message = "2 records in DNS instead of one" },
    { "a NUL", RESOLVER_TEXT, "v=DKIM1\0; p=AAAA", .length = 16, .code = CERTBUND_ERROR_INPUT,
      .message = "a NUL byte in DNS" },
    { "SERVFAIL", RESOLVER_FAILS, "", .code = CERTBUND_ERROR_TEMPORARY,
      .message = "DNS has failed" },
    { "REFUSED", RESOLVER_REFUSES, "", .code = CERTBUND_ERROR_TEMPORARY,
      .message = "DNS has failed" },
    { "silence", RESOLVER_SILENT, "", .code = CERTBUND_ERROR_TEMPORARY,
      .message = "no answer from DNS within 10 s" },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    Resolver *resolver = resolver_new();
    g_autofree char *server = resolver_server(resolver);
    char *const servers[] = { server, NULL };
    g_autoptr(GError) error = NULL;

    resolver_set(resolver, NAME, c->answer, c->text, c->length > 0 ? c->length : strlen(c->text));
    g_autofree char *text = dns_text(servers, NAME, &error);
    g_assert_cmpstr(text, ==, c->want);
    if (c->want == NULL) {
        g_assert_error(error, CERTBUND_ERROR, (int)c->code);
        g_assert_true(g_str_has_prefix(error->message, c->message));
    } else {
        g_assert_no_error(error);
    }
    g_assert_cmpuint(resolver_questions(resolver), >=, 1);
    resolver_free(resolver);
}

/* A string has at most 255 bytes (RFC 1035 section 3.3): a key of 2048 bits needs two. */
static void test_long(void)
{
    Resolver *resolver = resolver_new();
    g_autofree char *server = resolver_server(resolver);
    char *const servers[] = { server, NULL };

    for (gsize length = 254; length <= 2000; length += length < 257 ? 1 : 581) {
        g_autofree char *wanted = g_strnfill(length, 'x');
        g_autoptr(GError) error = NULL;
        resolver_set(resolver, NAME, RESOLVER_BY_TCP, wanted, length);
        g_autofree char *text = dns_text(servers, NAME, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, wanted);
    }
    resolver_free(resolver);
}

/* Where a server is of no use the next one is asked; an answer is not asked for twice. */
static void test_in_turn(void)
{
    static const ResolverAnswer useless[]
        = { RESOLVER_FAILS, RESOLVER_REFUSES, RESOLVER_SILENT };
    Resolver *first = resolver_new(), *second = resolver_new();
    g_autofree char *server = resolver_server(first), *other = resolver_server(second);
    char *const servers[] = { server, other, NULL };

    resolver_set(second, NAME, RESOLVER_TEXT, "second", 6);
    for (guint i = 0; i < G_N_ELEMENTS(useless); i++) {
        g_autoptr(GError) error = NULL;
        resolver_set(first, NAME, useless[i], "", 0);
        g_autofree char *text = dns_text(servers, NAME, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, "second");
    }
    guint asked = resolver_questions(second);
    resolver_set(first, NAME, RESOLVER_TEXT, "first", 5);
    g_autofree char *text = dns_text(servers, NAME, NULL);
    g_assert_cmpstr(text, ==, "first");
    g_assert_cmpuint(resolver_questions(second), ==, asked);
    resolver_free(first);
    resolver_free(second);
}

/* Nobody listens: known at once, and nothing that an answer could say. */
static void test_nobody(void)
{
    Resolver *resolver = resolver_new();
    g_autofree char *server = resolver_server(resolver);
    char *const servers[] = { server, NULL };
    g_autoptr(GError) error = NULL;

    resolver_free(resolver);
    g_assert_null(dns_text(servers, NAME, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY);
}

static void test_bad_names(void)
{
    Resolver *resolver = resolver_new();
    g_autofree char *server = resolver_server(resolver);
    char *const servers[] = { server, NULL };
    g_autofree char *label = g_strnfill(64, 'x'); /* one more than RFC 1035 section 2.3.4 allows */
    const char *const names[] = { label, "a..b" };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(dns_text(servers, names[i], &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    }
    g_assert_cmpuint(resolver_questions(resolver), ==, 0);
    resolver_free(resolver);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/dns/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/dns/long", test_long);
    g_test_add_func("/dns/in-turn", test_in_turn);
    g_test_add_func("/dns/nobody", test_nobody);
    g_test_add_func("/dns/bad-names", test_bad_names);
    return g_test_run();
}
