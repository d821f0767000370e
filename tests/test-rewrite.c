/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A finished mail, taken apart, and put into what the MTA is told. */
#include "rewrite.h"

#include "entity.h"

#include <string.h>

#define HEAD                                                                                       \
    "From: abuse@example.org\r\nSubject: a\r\n b\r\n\tc\r\nContent-Language: en\r\n"               \
    "MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n"
#define BODY "line\r\n\r\n.dot\r\n"
#define ORIGINAL "Subject: x\r\n\r\n\xe4 --=_ \r\n\r\n"

static GBytes *bytes_of(const char *text)
{
    return g_bytes_new(text, strlen(text));
}

static char *text_of(GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    return g_strndup(data, size);
}

static char *joined(const GPtrArray *fields)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < fields->len; i++)
        g_string_append_printf(text, "%s|", (const char *)g_ptr_array_index(fields, i));
    return g_string_free(text, FALSE);
}

static void test_fields(void)
{
    g_autoptr(GBytes) mail = bytes_of(HEAD "\r\n" BODY);
    gsize head;

    g_assert_true(entity_split(mail, &head));
    g_assert_cmpuint(head, ==, strlen(HEAD));
    g_autoptr(GPtrArray) outer = entity_fields(mail, head);
    g_autoptr(GPtrArray) inner = entity_take_content(outer);
    g_autoptr(GBytes) body = entity_body(mail, head);
    g_autofree char *left = joined(outer), *taken = joined(inner), *text = text_of(body);
    g_assert_cmpstr(left, ==,
                    "From: abuse@example.org|Subject: a\r\n b\r\n\tc|MIME-Version: 1.0|");
    g_assert_cmpstr(taken, ==, "Content-Language: en|Content-Type: text/plain;\r\n charset=utf-8|");
    g_assert_cmpstr(text, ==, BODY);
}

static void test_no_body(void)
{
    static const char *const texts[] = { "", "From: a@example.org\r\n", "A: b\n\nbody\n" };
    gsize head;

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GBytes) mail = bytes_of(texts[i]);
        g_assert_false(entity_split(mail, &head));
        g_assert_false(rewrite_fits(mail));
        g_assert_null(rewrite_to_mail(mail, "", NULL));
        g_assert_null(rewrite_to_summary(mail, mail, ""));
    }
}

/* Whatever stands in the bytes, the boundary does not. */
static void test_boundary(void)
{
    g_autoptr(GBytes) body = bytes_of("body"), other = bytes_of("other");
    g_autofree char *first = entity_boundary(body, other);
    g_autofree char *again = entity_boundary(body, other);
    g_autofree char *hostile = g_strdup_printf("--%s\r\n", first);
    g_autoptr(GBytes) bad = bytes_of(hostile);
    g_autofree char *second = entity_boundary(bad, other);

    g_assert_cmpstr(first, ==, again);
    g_assert_cmpstr(first, !=, second);
    g_assert_null(strstr(hostile, second));
    g_assert_cmpuint(strlen(first), <=, 70); /* RFC 2046 section 5.1.1 */
}

static void test_mail(void)
{
    static const char *const to[] = { "a@example.net", "b@example.net", NULL };
    g_autoptr(GBytes) mail = bytes_of(HEAD "\r\n" BODY);
    g_autoptr(Rewrite) rewrite = rewrite_to_mail(mail, "bounce@example.org", to);
    g_autofree char *fields = joined(rewrite->fields), *body = text_of(rewrite->body);
    g_autofree char *recipients = g_strjoinv(" ", rewrite->recipients);

    g_assert_cmpstr(fields, ==,
                    "From: abuse@example.org|Subject: a\n b\n\tc|Content-Language: en|"
                    "MIME-Version: 1.0|Content-Type: text/plain;\n charset=utf-8|");
    g_assert_cmpstr(body, ==, BODY);
    g_assert_cmpstr(rewrite->sender, ==, "bounce@example.org");
    g_assert_cmpstr(recipients, ==, "a@example.net b@example.net");
}

static void test_summary(void)
{
    g_autoptr(GBytes) mail = bytes_of(HEAD "\r\n" BODY), original = bytes_of(ORIGINAL);
    g_autoptr(Rewrite) rewrite = rewrite_to_summary(mail, original, "");
    g_autofree char *fields = joined(rewrite->fields), *body = text_of(rewrite->body);
    g_autofree char *boundary = g_strndup(body + 2, strcspn(body + 2, "\r"));
    g_autofree char *want = g_strdup_printf(
        "--%s\r\nContent-Language: en\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\n" BODY
        "\r\n--%s\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n"
        "Content-Disposition: attachment\r\n\r\n" ORIGINAL "\r\n--%s--\r\n",
        boundary, boundary, boundary);
    g_autofree char *type = g_strdup_printf("|Content-Type: multipart/mixed;\n\tboundary=\"%s\"|"
                                            "Content-Transfer-Encoding: 8bit|", boundary);

    g_assert_cmpstr(body, ==, want);
    g_assert_true(g_str_has_suffix(fields, type));
    g_assert_null(strstr(fields, "text/plain"));
    g_assert_null(rewrite->recipients); /* they stay */
    g_assert_cmpstr(rewrite->sender, ==, "");
}

static void test_head_limit(void)
{
    for (gsize above = 0; above < 2; above++) {
        g_autofree char *filling = g_strnfill(REWRITE_HEAD_MAX - strlen("A: \r\n") + above, 'x');
        g_autofree char *text = g_strdup_printf("A: %s\r\n\r\nbody", filling);
        g_autoptr(GBytes) mail = bytes_of(text);
        g_autoptr(Rewrite) rewrite = rewrite_to_mail(mail, "", NULL);
        g_autoptr(Rewrite) summary = rewrite_to_summary(mail, mail, "");
        g_assert_true(rewrite_fits(mail) == (above == 0));
        g_assert_true((rewrite != NULL) == (above == 0));
        g_assert_true((summary != NULL) == (above == 0));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/entity/fields", test_fields);
    g_test_add_func("/entity/no-body", test_no_body);
    g_test_add_func("/entity/boundary", test_boundary);
    g_test_add_func("/rewrite/mail", test_mail);
    g_test_add_func("/rewrite/summary", test_summary);
    g_test_add_func("/rewrite/head-limit", test_head_limit);
    return g_test_run();
}
