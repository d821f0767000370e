/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Finished mails: header fields that hold, text that comes back as it was. */
#include "attachment.h"
#include "notice.h"

#include "errors.h"
#include "message.h"
#include "notice-fields.h"

#include <string.h>

static const char *const to[] = { "noc@kunde.example.net", "second@kunde.example.net", NULL };

static NoticeHead usual_head(void)
{
    return (NoticeHead) { .from = "Störungsstelle <abuse@example.org>",
                          .reply_to = "antwort@example.org", .to = to, .to_name = "Müller & Söhne",
                          .subject = "Offener Telnet-Server auf 192.0.2.7",
                          .message_id = "<abc@example.org>", .language = "de",
                          .date = 1739354227 };
}

static char *header_block(GBytes *mail)
{
    gsize size;
    const char *data = g_bytes_get_data(mail, &size);
    const char *end = g_strstr_len(data, (gssize)size, "\r\n\r\n");
    g_assert_nonnull(end);
    return g_strndup(data, (gsize)(end - data) + 2);
}

static void test_fields(void)
{
    NoticeHead head = usual_head();
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) mail = notice_write(&head, g_string_new("Guten Tag\n"), &error);
    g_assert_no_error(error);
    g_autoptr(Message) message = message_parse(mail, &error);
    static const struct {
        const char *name, *want;
    } fields[] = {
        { "From", "Störungsstelle <abuse@example.org>" },
        { "Reply-To", "antwort@example.org" },
        { "Subject", "Offener Telnet-Server auf 192.0.2.7" },
        { "Date", "Wed, 12 Feb 2025 09:57:07 +0000" },
        { "Message-ID", "<abc@example.org>" },
        { "Auto-Submitted", "auto-generated" }, /* RFC 3834 section 5 */
        { "MIME-Version", "1.0" },
        { "Content-Language", "de" },
        { "Content-Type", "text/plain; charset=utf-8" },
        { "Content-Transfer-Encoding", "quoted-printable" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_assert_cmpstr(message_header(message, fields[i].name), ==, fields[i].want);
        g_assert_cmpuint(message_header_count(message, fields[i].name), ==, 1);
    }
    /* RFC 5322 section 2.1: header fields are ASCII, lines end in CRLF. */
    g_autofree char *block = header_block(mail);
    g_assert_true(g_str_is_ascii(block));
    g_assert_nonnull(strstr(message_header(message, "To"), "Müller & Söhne"));
    g_assert_nonnull(strstr(message_header(message, "To"), "<second@kunde.example.net>"));
}

#define LINE_SEPARATOR "a\xe2\x80\xa8Xcc: b" /* U+2028 */

/* Nothing from CSV or mail can add a field or break out of a part. */
static void test_injection(void)
{
    static const char *const hostile[] = {
        "x\r\nBcc: evil@example.net", "x\nBcc: evil@example.net", "x\r\n\r\nbody", "x\rBcc: e@x.example",
        "=?utf-8?q?x=0D=0ABcc:_e=40x.example?=", "\"Bcc: a\" <a@b>, evil@example.net",
        "x\n\n--boundary", "\xff\xfe", LINE_SEPARATOR,
    };
    for (guint i = 0; i < G_N_ELEMENTS(hostile); i++) {
        NoticeHead head = usual_head();
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(fields, g_strconcat("X-Queue: ", hostile[i], NULL));
        head.subject = hostile[i];
        head.to_name = hostile[i];
        head.headers = fields;
        g_autoptr(GBytes) mail = notice_write(&head, g_string_new("text\n"), &error);
        g_assert_no_error(error);
        g_autoptr(Message) message = message_parse(mail, &error);
        g_autofree char *block = header_block(mail);
        g_test_message("%s", block);
        g_assert_cmpuint(message_header_count(message, "Bcc"), ==, 0);
        g_assert_cmpuint(message_header_count(message, "To"), ==, 1);
        g_assert_cmpuint(message_header_count(message, "X-Queue"), ==, 1);
        g_assert_cmpuint(message_n_parts(message), ==, 1);
        g_assert_false(g_regex_match_simple("^bcc", block, G_REGEX_MULTILINE | G_REGEX_CASELESS, 0));
        gsize length;
        g_autofree char *text = message_part_text(message, 0, &length, &error);
        g_assert_cmpstr(text, ==, "text\n");
    }
}

/* RFC 2045 section 6.7: what a mail system may damage is encoded. */
static void test_text_comes_back(void)
{
    static const char *const texts[] = {
        "Grüße\n", ".\n..\n", "From here\n", "trailing blank \nand tab\t\n", "\n\n\n", "no end",
        "ends in equals=\n", "\"a\",\"=3D\"\n", "tab\tand bell\a\n", "\xf0\x9f\x90\x8d\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        NoticeHead head = usual_head();
        g_autoptr(GError) error = NULL;
        gsize length, size;
        g_autoptr(GBytes) mail = notice_write(&head, g_string_new(texts[i]), &error);
        g_assert_no_error(error);
        const char *data = g_bytes_get_data(mail, &size);
        g_autoptr(Message) message = message_parse(mail, &error);
        g_autofree char *text = message_part_text(message, 0, &length, &error);
        g_assert_no_error(error);
        /* A mail ends in a line end, so a text that does not gets one. */
        g_autofree char *want
            = g_str_has_suffix(texts[i], "\n") ? g_strdup(texts[i]) : g_strconcat(texts[i], "\n", NULL);
        g_autofree char *got
            = g_str_has_suffix(text, "\n") ? g_strdup(text) : g_strconcat(text, "\n", NULL);
        g_assert_cmpstr(got, ==, want);
        for (gsize k = 0; k < size; k++)
            g_assert_true(data[k] != '\n' || (k > 0 && data[k - 1] == '\r'));
    }
}

/* RFC 5322 section 2.1.1: no line above 998 characters, however long a row is. */
static void test_long_lines(void)
{
    NoticeHead head = usual_head();
    g_autoptr(GError) error = NULL;
    g_autofree char *words = g_strnfill(5000, 'x');
    g_autofree char *subject = g_strdup_printf("%s ä %s", words, words);
    gsize size, start = 0;

    head.subject = subject;
    g_autoptr(GBytes) mail = notice_write(&head, g_string_new(words), &error);
    const char *data = g_bytes_get_data(mail, &size);
    for (gsize k = 0; k + 1 < size; k++)
        if (data[k] == '\r' && data[k + 1] == '\n') {
            g_assert_cmpuint(k - start, <=, 998);
            start = k + 2;
        }
}

/* No line of the text or of a plain field is longer; what just fits stays whole. */
static void test_line_limit(void)
{
    for (gsize n = NOTICE_LINE_MAX - 3; n <= NOTICE_LINE_MAX + 1; n++) {
        g_autofree char *line = g_strnfill(n, 'x'), *blank = g_strnfill(n, ' ');
        g_autoptr(GString) mail = g_string_new(NULL);
        notice_quoted_printable(mail, line, n);
        g_assert_cmpint(strstr(mail->str, "=\r\n") != NULL, ==, n > NOTICE_LINE_MAX - 1);
        g_string_truncate(mail, 0);
        notice_quoted_printable(mail, blank, n);
        g_assert_cmpuint(strcspn(mail->str, "\r"), <=, NOTICE_LINE_MAX);
        g_assert_true(strstr(mail->str, " \r\n") == NULL);
        g_string_truncate(mail, 0);
        line[n - strlen("Subject: ")] = '\0';
        line[5] = ' ';
        notice_field_text(mail, "Subject", line);
        g_assert_cmpuint(strcspn(mail->str, "\r"), <=, MAX(n, NOTICE_LINE_MAX));
        g_assert_true(g_str_has_suffix(mail->str, "\r\n"));
    }
}

/* Each field comes back as it was put in, whichever way it was encoded. */
static void test_values_come_back(void)
{
    static const char *const values[] = {
        "plain", "two words", "two  blanks", " blank before", "blank behind ", "", "M\xc3\xbcller",
        "a =? b", "comma, \"quoted\" (comment) <a@b> ; end.",
        "long long long long long long long long long long long long long long long long long",
        "lang l\xc3\xa4nger lang l\xc3\xa4nger lang l\xc3\xa4nger lang l\xc3\xa4nger l\xc3\xa4nger",
    };
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        NoticeHead head = usual_head();
        g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *want = g_strstrip(g_strdup(values[i]));
        g_ptr_array_add(headers, g_strconcat("X-Queue: first", NULL));
        g_ptr_array_add(headers, g_strconcat("x-queue: ", values[i], NULL)); /* the last counts */
        head.headers = headers;
        head.subject = values[i];
        g_autoptr(GBytes) mail = notice_write(&head, g_string_new("x\n"), NULL);
        g_autoptr(Message) message = message_parse(mail, NULL);
        g_assert_cmpstr(message_header(message, "Subject"), ==, want);
        g_assert_cmpstr(message_header(message, "X-Queue"), ==, want);
        g_assert_cmpuint(message_header_count(message, "X-Queue"), ==, 1);
    }
}

/* One recipient is put as GMime puts a mailbox, whatever his name needs, on one line or more. */
static void test_name_as_gmime_has_it(void)
{
    static const char *const names[] = { "M\xc3\xbcller", "\xc5\x81\xc3\xb3" "d\xc5\xba",
                                         "M\xc3\xbcller & S\xc3\xb6hne", "Anna GmbH, Bonn" };

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        for (gsize n = 1; n <= NOTICE_LINE_MAX; n++) {
            g_autofree char *local = g_strnfill(MIN(n, 40), 'x');
            g_autofree char *more = g_strnfill(n - MIN(n, 40) + 1, 'y');
            g_autofree char *address = g_strdup_printf("%s@%s.example.net", local, more);
            g_autofree char *mailbox = strchr(names[i], ',') != NULL
                ? g_strdup_printf("\"%s\" <%s>", names[i], address)
                : g_strdup_printf("%s <%s>", names[i], address);
            const char *const only[] = { address, NULL };
            g_autoptr(GString) one = g_string_new(NULL), other = g_string_new(NULL);
            g_assert_true(notice_field_addresses(one, "To", names[i], only, NULL));
            g_assert_true(notice_field_mailbox(other, "To", mailbox, NULL));
            g_assert_cmpstr(one->str, ==, other->str);
        }
}

/* Kept fields are those that would have been encoded, of each sender its own. */
static void test_known(void)
{
    g_autoptr(GHashTable) known = notice_known_new();
    static const char *const senders[] = { "a@example.org", "St\xc3\xb6rung <b@example.org>" };
    for (guint i = 0; i < 4; i++) {
        NoticeHead head = usual_head();
        head.from = senders[i % 2];
        head.reply_to = senders[(i + 1) % 2];
        g_autoptr(GBytes) without = notice_write(&head, g_string_new("x\n"), NULL);
        head.known = known;
        g_autoptr(GBytes) with = notice_write(&head, g_string_new("x\n"), NULL);
        g_assert_true(g_bytes_equal(without, with));
    }
    g_assert_cmpuint(g_hash_table_size(known), ==, 4);
}

static void test_attached(void)
{
    NoticeHead head = usual_head();
    g_autoptr(GError) error = NULL;
    gsize length;
    g_autoptr(GBytes) inner = notice_write(&head, g_string_new("inner\n"), &error);
    head.attached = inner;
    g_autoptr(GBytes) mail = notice_write(&head, g_string_new("outer\n"), &error);
    g_autoptr(Message) message = message_parse(mail, &error);
    g_assert_cmpuint(message_n_parts(message), ==, 2);
    g_assert_cmpstr(message_part(message, 1)->type, ==, "message/rfc822");
    g_autofree char *text = message_part_text(message, 0, &length, &error);
    g_assert_cmpstr(g_strchomp(text), ==, "outer");
}

/* A page is the text's alternative, and the last, so that it is shown; with a file the two are
 * the first of two parts.  Both come back whole, and the same notice has the same bytes. */
static void test_page(void)
{
    static const char text[] = "Stra\xc3\x9f" "e\n\n\"a\"\n";
    static const char html[] = "<!DOCTYPE html>\n<p>Stra\xc3\x9f" "e = 1</p>\n";
    static const struct {
        const char *file, *top;
        guint n;
    } cases[] = { { NULL, "multipart/alternative; boundary=", 2 },
                  { "\"a\"\r\n", "multipart/mixed; boundary=", 4 } };
    static const char *const names[] = { "a.csv", "a.json" };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GBytes *mails[2];
        g_autoptr(GError) error = NULL;
        gsize length;
        for (guint k = 0; k < 2; k++) {
            NoticeHead head = usual_head();
            head.html = g_string_new(html);
            head.files = attachments_new();
            for (guint f = 0; cases[i].file != NULL && f < 2; f++)
                g_ptr_array_add(head.files,
                                attachment_new(f == 0 ? "text/csv" : "application/json",
                                               g_strdup(names[f]), g_string_new(cases[i].file)));
            mails[k] = notice_write(&head, g_string_new(text), &error);
        }
        g_assert_true(g_bytes_equal(mails[0], mails[1]));
        g_autoptr(Message) message = message_parse(mails[0], &error);
        for (guint k = 0; k < 2; k++)
            g_bytes_unref(mails[k]);
        g_assert_true(g_str_has_prefix(message_header(message, "Content-Type"), cases[i].top));
        g_assert_cmpuint(message_n_parts(message), ==, cases[i].n);
        g_assert_cmpstr(message_part(message, 0)->type, ==, "text/plain");
        g_assert_cmpstr(message_part(message, 1)->type, ==, "text/html");
        for (guint k = 0; k < 2; k++)
            g_assert_cmpstr(message_part(message, k)->within, ==, "alternative");
        for (guint k = 2; k < cases[i].n; k++) {
            g_autoptr(GBytes) file = message_part_bytes(message, k, &error);
            g_assert_cmpstr(message_part(message, k)->within, ==, "mixed");
            g_assert_true(message_part(message, k)->attachment);
            g_assert_cmpstr(message_part(message, k)->filename, ==, names[k - 2]);
            g_assert_cmpmem(g_bytes_get_data(file, NULL), g_bytes_get_size(file), cases[i].file,
                            strlen(cases[i].file));
        }
        g_autofree char *plain = message_part_text(message, 0, &length, &error);
        g_assert_cmpstr(plain, ==, text);
        g_autofree char *page = message_part_text(message, 1, &length, &error);
        g_assert_cmpstr(page, ==, html);
    }
}

static void test_mailbox_parts(void)
{
    static const struct {
        const char *mailbox, *address, *name;
    } cases[] = {
        { "abuse@example.org", "abuse@example.org", NULL },
        { "Abuse <abuse@example.org>", "abuse@example.org", "Abuse" },
        { "\"\" <abuse@example.org>", "abuse@example.org", NULL },
        { "=?utf-8?q?M=C3=BCller?= <abuse@example.org>", "abuse@example.org", "M\xc3\xbcller" },
        { "=?utf-8?q?Abuse=7F=01Team?= <abuse@example.org>", "abuse@example.org", "Abuse  Team" },
        { "abuse", NULL, NULL },
        { "a@example.org, b@example.org", NULL, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = NULL;
        g_autofree char *address = notice_mailbox_address(cases[i].mailbox, &name);
        g_test_message("%s", cases[i].mailbox);
        g_assert_cmpstr(address, ==, cases[i].address);
        g_assert_cmpstr(name, ==, cases[i].name);
    }
}

/* What was given is freed also when nothing is written (seen by the address sanitizer). */
static void test_page_refused(void)
{
    NoticeHead head = usual_head();
    head.from = "nobody";
    head.html = g_string_new("x");
    head.files = attachments_new();
    g_ptr_array_add(head.files, attachment_new("text/csv", g_strdup("x"), g_string_new("x")));
    g_assert_null(notice_write(&head, g_string_new("x\n"), NULL));
}

static void test_refuses(void)
{
    static const char *const nobody[] = { "a b@example.net", NULL };
    static const struct {
        const char *why, *from;
        const char *const *to;
    } cases[] = {
        { "from is no mailbox", "nobody", to },
        { "two mailboxes", "a@example.org, b@example.org", to },
        { "recipient is no addr-spec", "a@example.org", nobody },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        NoticeHead head = usual_head();
        g_autoptr(GError) error = NULL;
        head.from = cases[i].from;
        head.to = cases[i].to;
        g_test_message("%s", cases[i].why);
        g_assert_null(notice_write(&head, g_string_new("x\n"), &error));
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_BUG);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_test_add_func("/notice/fields", test_fields);
    g_test_add_func("/notice/injection", test_injection);
    g_test_add_func("/notice/text-comes-back", test_text_comes_back);
    g_test_add_func("/notice/long-lines", test_long_lines);
    g_test_add_func("/notice/line-limit", test_line_limit);
    g_test_add_func("/notice/values-come-back", test_values_come_back);
    g_test_add_func("/notice/name-as-gmime-has-it", test_name_as_gmime_has_it);
    g_test_add_func("/notice/known", test_known);
    g_test_add_func("/notice/attached", test_attached);
    g_test_add_func("/notice/page", test_page);
    g_test_add_func("/notice/page-refused", test_page_refused);
    g_test_add_func("/notice/mailbox-parts", test_mailbox_parts);
    g_test_add_func("/notice/refuses", test_refuses);
    return g_test_run();
}
