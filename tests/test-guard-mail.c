/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* A finished notice read back: the quick way gives what message.h gives, or nothing. */
#include "guard-mail.h"
#include "message.h"
#include "notice.h"

#include <string.h>

#define TYPE "Content-Type: text/plain; charset=utf-8\r\n"
#define QP "Content-Transfer-Encoding: quoted-printable\r\n"
#define HEAD "Subject: x\r\n" TYPE QP "\r\n"

static const struct {
    const char *name, *mail;
    gboolean plain;
} cases[] = {
    { "text", HEAD "one\r\ntwo\r\n", TRUE },
    { "empty-body", HEAD, TRUE },
    { "no-last-line-end", HEAD "one", TRUE },
    { "escapes", HEAD "=C3=BC =3D=3d\r\n", TRUE },
    { "soft-line-end", HEAD "one=\r\n two=20\r\n", TRUE },
    { "escaped-blank-and-tab", HEAD "a=20\r\nb=09\r\n", TRUE },
    { "folded-field", "X: a\r\n b\r\n\tc\r\n" HEAD "x\r\n", TRUE },
    { "empty-field", "X:\r\nY: \r\n" HEAD "x\r\n", TRUE },
    { "encoded-field", "X: =?utf-8?q?=C3=BC?= =?utf-8?q?b?=\r\n" HEAD "x\r\n", TRUE },
    { "folded-type", "Subject: x\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n" QP "\r\nx\r\n", TRUE },
    { "names-in-other-case",
      "SUBJECT: x\r\nCONTENT-TYPE: text/plain; charset=utf-8\r\n"
      "content-transfer-encoding: quoted-printable\r\n\r\nx\r\n", TRUE },
    { "tab-in-text", HEAD "a\tb\r\n", TRUE },

    { "no-header", "x\r\n", FALSE },
    { "no-body", "Subject: x\r\n" TYPE QP, FALSE },
    { "only-about-the-body", TYPE QP "\r\nx\r\n", FALSE },
    { "no-type", "Subject: x\r\n" QP "\r\nx\r\n", FALSE },
    { "no-encoding", TYPE "\r\nx\r\n", FALSE },
    { "type-twice", TYPE HEAD "x\r\n", FALSE },
    { "encoding-twice", QP HEAD "x\r\n", FALSE },
    { "other-type", "Content-Type: text/html; charset=utf-8\r\n" QP "\r\nx\r\n", FALSE },
    { "other-charset", "Content-Type: text/plain; charset=iso-8859-1\r\n" QP "\r\n=FC\r\n", FALSE },
    { "other-encoding", TYPE "Content-Transfer-Encoding: base64\r\n\r\neA==\r\n", FALSE },
    { "multipart", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" HEAD "x\r\n--b--\r\n",
      FALSE },
    { "mbox-line", "From somebody\r\n" HEAD "x\r\n", FALSE },
    { "blank-before-colon", "Subject : x\r\n" TYPE QP "\r\nx\r\n", FALSE },
    { "header-lf", "Subject: x\n" TYPE QP "\r\nx\r\n", FALSE },
    { "header-8bit", "Subject: \xc3\xbc\r\n" TYPE QP "\r\nx\r\n", FALSE },
    { "header-control", "Subject: a\x01z\r\n" TYPE QP "\r\nx\r\n", FALSE },
    { "header-del", "Subject: a\x7fz\r\n" TYPE QP "\r\nx\r\n", FALSE },
    { "header-lone-cr", "Subject: a\rz\r\n" TYPE QP "\r\nx\r\n", FALSE },
    { "body-lf", HEAD "one\ntwo\r\n", FALSE },
    { "body-lone-cr", HEAD "one\rtwo\r\n", FALSE },
    { "body-8bit", HEAD "\xc3\xbc\r\n", FALSE },
    { "body-control", HEAD "a\x01z\r\n", FALSE },
    { "blank-at-line-end", HEAD "one \r\n", FALSE },
    { "tab-at-line-end", HEAD "one\t\r\n", FALSE },
    { "escaped-line-end", HEAD "one=0D=0Atwo\r\n", FALSE },
    { "escaped-nul", HEAD "one=00two\r\n", FALSE },
    { "broken-escape", HEAD "one=4\r\n", FALSE },
    { "no-escape", HEAD "one=zz\r\n", FALSE },
    { "equals-at-the-end", HEAD "one=", FALSE },
    { "blank-behind-soft-line-end", HEAD "one= \r\ntwo\r\n", FALSE },
    { "byte-order-mark", HEAD "=EF=BB=BFone\r\n", FALSE },
    { "no-utf-8", HEAD "=FC\r\n", FALSE },
};

static const char *value_of(const GuardMail *mail, guint i)
{
    return g_array_index(mail->fields, GuardField, i).value;
}

static void assert_same(const GuardMail *plain, const GuardMail *any)
{
    g_assert_cmpmem(plain->text, plain->length, any->text, any->length);
    g_assert_true(plain->text[plain->length] == '\0');
    g_assert_cmpuint(plain->fields->len, ==, any->fields->len);
    /* GMime has the fields of the part behind the others. */
    for (guint i = 0; i < plain->fields->len; i++) {
        gboolean found = FALSE;
        for (guint k = 0; !found && k < any->fields->len; k++)
            found = strcmp(value_of(plain, i), value_of(any, k)) == 0;
        if (!found)
            g_test_message("\"%s\"", value_of(plain, i));
        g_assert_true(found);
    }
}

static void test_case(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(GBytes) mail = g_bytes_new(cases[i].mail, strlen(cases[i].mail));
    g_autoptr(GuardMail) plain = guard_mail_read_plain(mail, NULL);
    g_autoptr(GuardMail) any = guard_mail_read_any(mail, NULL);
    g_autoptr(GuardMail) either = guard_mail_read(mail, NULL, NULL);

    g_assert_cmpint(plain != NULL, ==, cases[i].plain);
    g_assert_cmpint(either != NULL, ==, any != NULL);
    if (either != NULL)
        assert_same(either, any);
}

static void test_fields_limit(void)
{
    for (guint n = GUARD_MAIL_FIELDS_MAX; n <= GUARD_MAIL_FIELDS_MAX + 1; n++) {
        GString *text = g_string_new(NULL);
        for (guint i = 3; i < n; i++)
            g_string_append(text, "X: y\r\n");
        g_string_append(text, HEAD "x\r\n");
        g_autoptr(GBytes) mail = g_string_free_to_bytes(text);
        g_autoptr(GuardMail) plain = guard_mail_read_plain(mail, NULL);
        g_assert_cmpint(plain != NULL, ==, n == GUARD_MAIL_FIELDS_MAX);
        g_autoptr(GuardMail) either = guard_mail_read(mail, NULL, NULL);
        g_assert_cmpuint(either->fields->len, ==, n);
    }
}

/* A field is passed over when it is one of them byte by byte; what describes the body and
 * what else stands there is read all the same. */
static void test_calm_fields(void)
{
    static const struct {
        const char *mail;
        guint n; /* fields that are read, 0: not plain */
    } same_or_not[] = {
        { "From: a\r\n" HEAD "x\r\n", 3 },
        { "From: b\r\n" HEAD "x\r\n", 4 },
        { "From: a\r\n b\r\n" HEAD "x\r\n", 4 },
        { "from: a\r\n" HEAD "x\r\n", 4 },
        { "From: a\r\nFrom: a\r\n" HEAD "x\r\n", 3 },
        { "From: a\r\n" TYPE HEAD "x\r\n", 0 },
    };
    GuardPieces *calm = guard_pieces_new();
    for (guint i = 0; i < 2; i++) {
        guard_pieces_add(calm, "From: a\r\n", strlen("From: a\r\n"));
        guard_pieces_add(calm, TYPE, strlen(TYPE));
    }
    for (guint i = 0; i < G_N_ELEMENTS(same_or_not); i++) {
        g_autoptr(GBytes) mail
            = g_bytes_new(same_or_not[i].mail, strlen(same_or_not[i].mail));
        g_autoptr(GuardMail) plain = guard_mail_read_plain(mail, calm);
        g_assert_cmpuint(plain != NULL ? plain->fields->len : 0, ==, same_or_not[i].n);
    }
    guard_pieces_free(calm);
}

/* ---- what notice.c writes */

static const char *const words[] = { "Kunde",  "M\xc3\xbcller", "&", "GmbH",  "=?utf-8?q?x?=", "=?",
                                     "\"q\"",  "(Nord)",        "  ", "\t",    "\xe2\x82\xac",  "=",
                                     "e. V.",  "192.0.2.1",     "a@b", "\xe6\x97\xa5", "?", ";" };

static char *random_words(int max, const char *between)
{
    GString *text = g_string_new("x");
    for (int i = g_test_rand_int_range(0, max); i > 0; i--) {
        g_string_append(text, words[g_test_rand_int_range(0, G_N_ELEMENTS(words))]);
        g_string_append_c(text, between[g_test_rand_int_range(0, (int)strlen(between))]);
    }
    return g_string_free(text, FALSE);
}

/* Every notice with a text of whole lines is plain: else the quick way would be none. */
static void test_notices(void)
{
    static const char *const to[] = { "noc@kunde.example.net", NULL };
    for (guint i = 0; i < 500; i++) {
        g_autofree char *name = random_words(5, " "), *subject = random_words(20, " ");
        g_autofree char *value = random_words(30, " ");
        g_autofree char *text = random_words(60, "    \n");
        g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(headers, g_strconcat("X-Queue: ", value, NULL));
        const NoticeHead head = { .from = "St\xc3\xb6rungsstelle <abuse@example.org>", .to = to,
                                  .to_name = name, .subject = subject, .language = "de",
                                  .message_id = "<a@example.org>", .headers = headers };
        g_autoptr(GBytes) mail = notice_write(&head, g_string_new(text), NULL);
        g_autoptr(GuardMail) plain = guard_mail_read_plain(mail, NULL);
        g_autoptr(GuardMail) any = guard_mail_read_any(mail, NULL);
        g_assert_nonnull(plain);
        assert_same(plain, any);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/guard-mail/", cases[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
    }
    g_test_add_func("/guard-mail/fields-limit", test_fields_limit);
    g_test_add_func("/guard-mail/calm-fields", test_calm_fields);
    g_test_add_func("/guard-mail/notices", test_notices);
    return g_test_run();
}
