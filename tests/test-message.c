/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* MIME, transfer encodings, charsets and header fields. */
#include "errors.h"
#include "message.h"

#include <string.h>

static Message *parse(const char *mail, gsize length, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(mail, length);
    return message_parse(bytes, error);
}

static Message *parse_fine(const char *mail)
{
    g_autoptr(GError) error = NULL;
    Message *message = parse(mail, strlen(mail), &error);
    g_assert_no_error(error);
    return message;
}

typedef struct {
    const char *name, *raw, *want;
} Pair;

/* RFC 2047, and formats.md section 4: what CERT-Bund's mailer and OTRS write. */
static const Pair headers[] = {
    { "plain", " Offene Dienste", "Offene Dienste" },
    { "folded", " a\n b", "a b" },
    { "folded, CRLF", " a\r\n b", "a b" },
    { "encoded", "=?utf-8?q?Ger=C3=A4te?= mit", "Ger\xc3\xa4te mit" },
    { "one word over two folded encoded words",
      "POP3-Server mit =?utf-8?q?unverschl?=\r\n =?utf-8?q?=C3=BCsselter?= Authentifizierung",
      "POP3-Server mit unverschl\xc3\xbcsselter Authentifizierung" },
    { "one character over two encoded words", "=?utf-8?q?=C3?=\n =?utf-8?q?=BC?=", "\xc3\xbc" },
    { "plain text glued behind", "=?UTF-8?Q?M=C3=B6gliche=20?=Kompromittierung",
      "M\xc3\xb6gliche Kompromittierung" },
    { "plain text glued before", "[CERT-Bund#1]=?UTF-8?Q?=20M=C3=B6glich?=",
      "[CERT-Bund#1] M\xc3\xb6glich" },
    { "base64", "=?utf-8?b?w7w=?=", "\xc3\xbc" },
    { "latin1", "=?iso-8859-1?q?=FC?=", "\xc3\xbc" },
    { "raw UTF-8", "f\xc3\xbcr", "f\xc3\xbcr" },
    { "line break in an encoded word", "=?utf-8?q?a=0D=0Ab?=", "a  b" },
    { "broken encoded word", "=?utf-8?q?a", "=?utf-8?q?a" },
    { "empty", "", "" },
};

static void test_header(gconstpointer data)
{
    const Pair *pair = data;
    g_autofree char *got = message_decode_header(pair->raw);
    g_assert_cmpstr(got, ==, pair->want);
    g_autofree char *mail = g_strdup_printf("X: 1\nSubject: %s\n\n", pair->raw);
    g_autoptr(Message) message = parse_fine(mail);
    g_assert_cmpstr(message_header(message, "subject"), ==, pair->want);
}

static const Pair addresses[] = {
    { "bare", "a@Example.ORG", "a@example.org" },
    { "name", "CERT-Bund <Certbund@example.org>", "Certbund@example.org" },
    { "quoted name", "\"x, y <z@example.com>\" <a@example.org>", "a@example.org" },
    { "comment", "(c) a@example.org (d)", "a@example.org" },
    { "group", "g: a@example.org, b@example.org;", "a@example.org" },
    { "encoded name", "=?utf-8?q?=C3=BC?= <a@example.org>", "a@example.org" },
    { "folded", "x\n <a@example.org>", "a@example.org" },
    { "two", "a@example.org, b@example.org", "a@example.org" },
    { "none", "nobody", NULL },
    { "empty", "", NULL },
    { "empty group", "undisclosed-recipients:;", NULL },
};

static void test_address(gconstpointer data)
{
    const Pair *pair = data;
    g_autofree char *got = message_first_address(pair->raw);
    g_assert_cmpstr(got, ==, pair->want);
}

static void test_only_address(void)
{
    static const Pair only[] = {
        { "one", "\"b@example.com, c\" <a@Example.ORG>", "a@example.org" },
        { "two", "a@example.org, b@example.org", NULL },
        { "the same twice", "a@example.org, a@example.org", NULL },
        { "an empty one", "a@example.org, ", "a@example.org" },
        { "group of one", "g: a@example.org;", NULL },
        { "one and a group", "a@example.org, g:;", NULL },
        { "none", "nobody", NULL },
        { "empty", "", NULL },
    };
    for (guint i = 0; i < G_N_ELEMENTS(only); i++) {
        g_autofree char *got = message_only_address(only[i].raw);
        g_test_message("%s", only[i].name);
        g_assert_cmpstr(got, ==, only[i].want);
    }
}

static void test_fields(void)
{
    g_autoptr(Message) message = parse_fine("From mailer Mon Feb 12 00:00:00 2025\n"
                                            "X-A: 1\nx-a: 2\nContent-Type: text/plain\n"
                                            "Date: Wed, 12 Feb 2025 10:57:07 +0100\n\nbody\n");
    g_assert_cmpstr(message_header(message, "X-a"), ==, "1");
    g_assert_cmpstr(message_header(message, "X-a"), ==, "1");
    g_assert_cmpuint(message_header_count(message, "X-A"), ==, 2);
    g_assert_cmpuint(message_header_count(message, "X-B"), ==, 0);
    g_assert_null(message_header(message, "X-B"));
    g_assert_cmpstr(message_header(message, "Content-Type"), ==, "text/plain");
    gint64 time;
    g_assert_true(message_date(message, &time));
    g_assert_cmpint(time, ==, 1739354227);
    g_autoptr(Message) undated = parse_fine("Date: someday\n\n");
    g_assert_false(message_date(undated, &time));
}

typedef struct {
    const char *name;
    const char *header; /* Content-* fields */
    const char *body;
    gsize length; /* 0: strlen */
    const char *want; /* NULL: refused */
} Text;

static const Text texts[] = {
    { "plain", "", "a\nb\n", 0, "a\nb\n" },
    { "CRLF", "", "a\r\nb\r\n", 0, "a\nb\n" },
    { "lone CR", "", "a\rb\r", 0, "a\nb\n" },
    { "CR CR LF", "", "a\r\r\nb", 0, "a\n\nb" },
    { "empty", "", "", 0, "" },
    { "qp", "Content-Transfer-Encoding: quoted-printable\n", "M=C3=BC=\r\nller=\n =3D\n", 0,
      "M\xc3\xbcller =\n" },
    { "qp, soft break inside a character", "Content-Transfer-Encoding: QUOTED-PRINTABLE\n",
      "=C3=\n=BC\n", 0, "\xc3\xbc\n" },
    { "qp, line ends encoded", "Content-Transfer-Encoding: quoted-printable\n", "a=0D=0Ab=0D=0A",
      0, "a\nb\n" },
    { "base64", "Content-Transfer-Encoding: base64\n", "Yg0K\nYw==\n", 0, "b\nc" },
    { "base64 in one line of 4", "Content-Transfer-Encoding: base64\n", "Yg==", 0, "b" },
    { "8bit utf-8 with its charset", "Content-Type: text/plain; charset=UTF-8\n", "\xc3\xbc", 0,
      "\xc3\xbc" },
    { "BOM", "Content-Type: text/plain; charset=UTF-8\n", "\xef\xbb\xbf" "a", 0, "a" },
    { "utf-8 without charset", "", "\xc3\xbc", 0, "\xc3\xbc" },
    { "utf-8 called us-ascii", "Content-Type: text/plain; charset=us-ascii\n", "\xc3\xbc", 0,
      "\xc3\xbc" },
    { "windows-1252 without charset", "", "\xfc\x80", 0, "\xc3\xbc\xe2\x82\xac" },
    { "latin1", "Content-Type: text/plain; charset=iso-8859-1\n", "\xfc", 0, "\xc3\xbc" },
    { "not UTF-8", "Content-Type: text/plain; charset=utf-8\n", "\xfc", 0, NULL },
    { "a charset that blows up", "Content-Type: text/plain; charset=TSCII\n", "\x82", 0, NULL },
    { "unknown charset", "Content-Type: text/plain; charset=x-none\n", "a", 0, NULL },
    { "iconv suffix", "Content-Type: text/plain; charset=\"ascii//TRANSLIT\"\n", "a\xfc", 0,
      NULL },
    { "byte that windows-1252 lacks", "", "\xfc\x81", 0, NULL },
    { "NUL", "", "a\0b", 3, NULL },
    { "NUL in qp", "Content-Transfer-Encoding: quoted-printable\n", "a=00b\n", 0, NULL },
    { "NUL at the end", "", "a\0", 2, NULL },
};

static void test_text(gconstpointer data)
{
    const Text *row = data;
    g_autoptr(GError) error = NULL;
    GString *mail = g_string_new("Subject: x\nMIME-Version: 1.0\n");
    g_string_append_printf(mail, "%s\n", row->header);
    g_string_append_len(mail, row->body, (gssize)(row->length ? row->length : strlen(row->body)));
    g_autoptr(Message) message = parse(mail->str, mail->len, &error);
    g_string_free(mail, TRUE);
    g_assert_no_error(error);
    g_assert_cmpuint(message_n_parts(message), ==, 1);
    gsize length;
    g_autofree char *text = message_part_text(message, 0, &length, &error);
    if (row->want == NULL) {
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        g_assert_null(text);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, row->want);
    g_assert_cmpuint(length, ==, strlen(row->want));
}

static void test_parts(void)
{
    g_autoptr(Message) message = parse_fine(
        "Subject: x\nContent-Type: multipart/signed; boundary=s\n\npreamble\n--s\n"
        "Content-Type: multipart/mixed; boundary=m\n\n--m\n"
        "Content-Type: TEXT/Plain; charset=utf-8\n\none\n--m\n"
        "Content-Type: text/csv\nContent-Disposition: attachment; filename=\"events.csv\"\n\n"
        "two\n--m\nContent-Type: message/rfc822\n\n"
        "Subject: inner\nContent-Type: text/plain\n\ninner text\n--m--\n--s\n"
        "Content-Type: application/pgp-signature\n\nsig\n--s--\nepilogue\n");
    static const char *const types[] = { "text/plain", "text/csv", "message/rfc822",
                                         "application/pgp-signature" };
    g_assert_cmpuint(message_n_parts(message), ==, G_N_ELEMENTS(types));
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        g_assert_cmpstr(message_part(message, i)->type, ==, types[i]);
        g_assert_true(message_part(message, i)->complete);
    }
    g_assert_cmpstr(message_part(message, 1)->filename, ==, "events.csv");
    g_assert_true(message_part(message, 1)->attachment);
    g_assert_null(message_part(message, 0)->filename);
    g_assert_false(message_part(message, 0)->attachment);
    gsize length;
    g_autofree char *two = message_part_text(message, 1, &length, NULL);
    g_assert_cmpstr(two, ==, "two"); /* the line end before a boundary is the boundary's */
    g_autoptr(GError) error = NULL;
    g_assert_null(message_part_text(message, 2, &length, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_null(message_part_bytes(message, 2, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

/* Nothing is undone but the transfer encoding. */
static void test_bytes(void)
{
    static const struct {
        const char *header, *body, *want;
        gsize length;
    } rows[] = {
        { "", "\xef\xbb\xbf" "a\r\nb\n", "\xef\xbb\xbf" "a\r\nb\n", 8 },
        { "Content-Type: application/zip\nContent-Transfer-Encoding: base64\n", "UEsAAP8NCg==\n",
          "PK\0\0\xff\r\n", 7 },
        { "Content-Transfer-Encoding: quoted-printable\n", "=00=0D=\n=FF", "\0\r\xff", 3 },
        { "", "", "", 0 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *mail
            = g_strconcat("Subject: x\n", rows[i].header, "\n", rows[i].body, NULL);
        g_autoptr(Message) message = parse_fine(mail);
        g_autoptr(GBytes) bytes = message_part_bytes(message, 0, NULL);
        gsize length;
        const char *got = g_bytes_get_data(bytes, &length);

        g_assert_cmpmem(got, length, rows[i].want, rows[i].length);
    }
}

/* A mail that was cut: the last part of an unclosed multipart is not complete. */
static void test_cut(void)
{
    static const struct {
        const char *end;
        gboolean complete;
    } rows[] = { { "\n--m--\n", TRUE }, { "\n--m--", TRUE }, { "\n--m\n\n", TRUE },
                 { "\n", FALSE },       { "", FALSE },       { "\n--", FALSE } };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *mail = g_strdup_printf(
            "Subject: x\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\none\n--m\n"
            "Content-Type: text/csv\n\ntwo%s", rows[i].end);
        g_autoptr(Message) message = parse_fine(mail);
        g_assert_true(message_part(message, 0)->complete);
        g_assert_cmpint(message_part(message, 1)->complete, ==, rows[i].complete);
    }
}

static void test_refused(void)
{
    static const char *const mails[] = { "", "\n\nbody\n", "From x\n" };
    for (gsize i = 0; i < G_N_ELEMENTS(mails); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Message) message = parse(mails[i], strlen(mails[i]), &error);
        g_assert_null(message);
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    }
}

/* Takes mail.  what: part of the refusal that is wanted; NULL: accepted. */
static void check_limit(GString *mail, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = parse(mail->str, mail->len, &error);
    g_string_free(mail, TRUE);
    if (what == NULL) {
        g_assert_no_error(error);
        return;
    }
    g_assert_null(message);
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, what));
}

static GString *nested(guint depth)
{
    GString *mail = g_string_new("Subject: x\n");
    for (guint i = 0; i < depth; i++)
        g_string_append_printf(mail, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i,
                               i);
    g_string_append(mail, "Content-Type: text/plain\n\ntext\n");
    for (guint i = depth; i > 0; i--)
        g_string_append_printf(mail, "--b%u--\n", i - 1);
    return mail;
}

static GString *repeated(const char *top, const char *text, guint n)
{
    GString *mail = g_string_new(top);
    for (guint i = 0; i < n; i++)
        g_string_append(mail, text);
    return mail;
}

#define TOO_MANY_BOUNDARIES "boundary lines"
#define TOO_MANY_HEADERS "header lines"
#define FIELD_TOO_LONG "bytes in a header field"
#define TOO_MANY_PARAMETERS "parameters in header fields"

static void test_limits(void)
{
    static const char parts[] = "Subject: x\nContent-Type: multipart/mixed; boundary=m\n\n";
    for (guint more = 0; more < 2; more++) {
        check_limit(nested(MESSAGE_DEPTH_MAX + more), more ? "deep" : NULL);
        check_limit(repeated(parts, "--m\n\n\n", MESSAGE_PARTS_MAX + more),
                    more ? "more than 1000 parts" : NULL);
        check_limit(repeated(parts, "--m\n\n\n", MESSAGE_BOUNDARY_LINES_MAX + more),
                    more ? TOO_MANY_BOUNDARIES : "more than 1000 parts");
        check_limit(repeated("", "a:\n", MESSAGE_HEADER_LINES_MAX + more),
                    more ? TOO_MANY_HEADERS : NULL);
    }
    /* One field, folded or not; and many of them are not one. */
    for (guint more = 0; more < 2; more++) {
        g_autofree char *value = g_strnfill(MESSAGE_FIELD_MAX - strlen("X-A:\n") + more, 'x');
        g_autofree char *line = g_strdup_printf("X-A:%s\n", value);
        check_limit(repeated("", line, 1), more ? FIELD_TOO_LONG : NULL);
        check_limit(repeated("X-A:\n", " 345678\n", (MESSAGE_FIELD_MAX - 5) / 8 + more),
                    more ? FIELD_TOO_LONG : NULL);
        check_limit(repeated("X-A:", ";,", MESSAGE_PARAMETERS_MAX / 2 + more),
                    more ? TOO_MANY_PARAMETERS : NULL);
    }
    check_limit(repeated("", "X-A: 12345678901234567890\n", 10000), NULL);
    /* ... over all parts together */
    static const char ten[] = "--m\nContent-Type: text/plain;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b\n\n";
    check_limit(repeated(parts, ten, 999), NULL);
    check_limit(repeated(parts, ten, 1001), TOO_MANY_PARAMETERS);
    /* Header lines below a boundary and in forwarded mails count as well. */
    check_limit(repeated("Content-Type: multipart/mixed; boundary=m\n\n--m\n", "a:\n",
                         MESSAGE_HEADER_LINES_MAX), TOO_MANY_HEADERS);
    check_limit(repeated("Content-Type: message/rfc822\n\n", "a:\n", MESSAGE_HEADER_LINES_MAX),
                TOO_MANY_HEADERS);
    check_limit(repeated("", "Content-Type: message/rfc822\n\n", MESSAGE_HEADER_LINES_MAX + 1),
                TOO_MANY_HEADERS);
    check_limit(repeated("Content-Type: multipart/digest; boundary=m\n\n--m\n\n", "a:\n",
                         MESSAGE_HEADER_LINES_MAX), TOO_MANY_HEADERS);
}

/* MESSAGE_BYTES_MAX: the size is looked at before the bytes are. */
static void test_too_large(void)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("Subject: x\n\n", (gsize)MESSAGE_BYTES_MAX + 1);
    g_autoptr(GError) error = NULL;
    g_assert_null(message_parse(bytes, &error));
    g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
}

/* A cell of a table may hold a line that begins with dashes, and a text many: they
 * are no boundaries, unless the boundary is written so that it can't be known. */
static void test_dashes(void)
{
    check_limit(repeated("Subject: x\n\n--x\n", "a:\n", MESSAGE_HEADER_LINES_MAX), NULL);
    check_limit(repeated("Subject: x\n\n", "--\n", MESSAGE_BOUNDARY_LINES_MAX + 1), NULL);
    static const char *const hidden[] = { "boundary*0=-", "boundary=(c)-", "boundary =-",
                                          "boundary=\n -", "boundary=\"\\-\"",
                                          "boundary=a(c)" };
    for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++) {
        g_autofree char *top = g_strdup_printf("Content-Type: multipart/x; %s\n\n", hidden[i]);
        check_limit(repeated(top, "--\n\n", MESSAGE_BOUNDARY_LINES_MAX + 1), TOO_MANY_BOUNDARIES);
    }
}

#define ADD(table, prefix, function)                                                               \
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {                                              \
        g_autofree char *path = g_strdup_printf(prefix "%s", (table)[i].name);                     \
        g_test_add_data_func(path, &(table)[i], function);                                         \
    }

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    ADD(headers, "/message/header/", test_header)
    ADD(addresses, "/message/address/", test_address)
    ADD(texts, "/message/text/", test_text)
    g_test_add_func("/message/only-address", test_only_address);
    g_test_add_func("/message/fields", test_fields);
    g_test_add_func("/message/parts", test_parts);
    g_test_add_func("/message/bytes", test_bytes);
    g_test_add_func("/message/cut", test_cut);
    g_test_add_func("/message/refused", test_refused);
    g_test_add_func("/message/limits", test_limits);
    g_test_add_func("/message/too-large", test_too_large);
    g_test_add_func("/message/dashes", test_dashes);
    return g_test_run();
}
