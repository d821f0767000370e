/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Which bytes of a mail are signed: RFC 1847 section 2.1, RFC 2046 section 5.1.1. */
#include "errors.h"
#include "message.h"

#include <string.h>

#define HEAD(boundary) \
    "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=" boundary \
    "\r\n"
#define TOP "Subject: x\r\nMIME-Version: 1.0\r\n"
#define PART "Content-Type: text/plain\r\n\r\ntext\r\n"
#define TYPE "Content-Type: application/pgp-signature\r\n\r\n"
#define SIGNATURE(boundary) "\r\n--" boundary "\r\n" TYPE "sig\r\n--" boundary "--\r\n"
#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n\r\n"

#define NOT_TWO "is not one part and its signature"

typedef struct {
    const char *name;
    const char *mail;
    const char *part; /* what is signed; NULL: refused */
    const char *words; /* why; of a part that is found: the signature, if not "sig" */
} Case;

static const Case cases[] = {
    { "plain", TOP HEAD("s") "\r\n--s\r\n" PART SIGNATURE("s"), PART, NULL },
    { "a line end before the delimiter is the delimiter's",
      TOP HEAD("s") "\r\n--s\r\n" PART "\r\n" SIGNATURE("s"), PART "\r\n", NULL },
    { "no line end at the end of the text",
      TOP HEAD("s") "\r\n--s\r\nContent-Type: text/plain\r\n\r\ntext" SIGNATURE("s"),
      "Content-Type: text/plain\r\n\r\ntext", NULL },
    { "blanks behind a delimiter (transport padding)",
      TOP HEAD("s") "\r\n--s \t\r\n" PART "\r\n--s\t \r\n" TYPE "sig\r\n--s--  \r\n", PART, NULL },
    { "preamble and epilogue", TOP HEAD("s") "\r\npreamble\r\n--sx\r\n--s\r\n" PART SIGNATURE("s")
      "epilogue\r\n", PART, NULL },
    { "quoted boundary", TOP HEAD("\"a b/c=d'e:f?g\"") "\r\n--a b/c=d'e:f?g\r\n" PART
      SIGNATURE("a b/c=d'e:f?g"), PART, NULL },
    { "a boundary of 70 characters", TOP HEAD("1234567890123456789012345678901234567890123456789"
      "012345678901234567890") "\r\n--12345678901234567890123456789012345678901234567890123456789"
      "01234567890\r\n" PART SIGNATURE("12345678901234567890123456789012345678901234567890123456"
      "78901234567890"), PART, NULL },
    { "a mailbox's line in front", "From x Thu Jan  1 00:00:00 2026\r\n" TOP HEAD("s") "\r\n--s\r\n"
      PART SIGNATURE("s"), PART, NULL },
    { "encoded signature", TOP HEAD("s") "\r\n--s\r\n" PART
      "\r\n--s\r\nContent-Type: application/pgp-signature\r\nContent-Transfer-Encoding: base64\r\n"
      "\r\nc2lnMg==\r\n--s--\r\n", PART, "sig2" },
    { "names in capitals", TOP "CONTENT-TYPE: Multipart/SIGNED;\r\n"
      "\tPROTOCOL=\"Application/PGP-Signature\";\r\n\tBOUNDARY=s\r\n\r\n--s\r\n" PART
      "\r\n--s\r\nContent-Type: APPLICATION/PGP-signature\r\n\r\nsig\r\n--s--\r\n", PART, NULL },
    { "boundary in pieces", TOP "Content-Type: multipart/signed; boundary*0=a; boundary*1=b;\r\n"
      " protocol=\"application/pgp-signature\"\r\n\r\n--ab\r\n" PART SIGNATURE("ab"), PART, NULL },

    /* what a part may hold */
    { "a multipart", TOP HEAD("s") "\r\n--s\r\n" MIXED("m") "--m\r\n" PART "\r\n--m\r\n" PART
      "\r\n--m--\r\n" SIGNATURE("s"), MIXED("m") "--m\r\n" PART "\r\n--m\r\n" PART "\r\n--m--\r\n",
      NULL },
    { "a multipart without an end", TOP HEAD("s") "\r\n--s\r\n" MIXED("m") "--m\r\n" PART
      SIGNATURE("s"), MIXED("m") "--m\r\n" PART, NULL },
    { "a boundary that begins like the outer one", TOP HEAD("s") "\r\n--s\r\n" MIXED("ss")
      "--ss\r\n" PART "\r\n--ss--\r\n" SIGNATURE("s"), MIXED("ss") "--ss\r\n" PART "\r\n--ss--\r\n",
      NULL },
    { "a boundary that the outer one begins with", TOP HEAD("ss") "\r\n--ss\r\n" MIXED("s")
      "--s\r\n" PART "\r\n--s--\r\n" SIGNATURE("ss"), MIXED("s") "--s\r\n" PART "\r\n--s--\r\n",
      NULL },
    { "lines that are nearly delimiters", TOP HEAD("s") "\r\n--s\r\n" PART
      " --s\r\n--sx\r\n- --s\r\n--s x\r\n-s\r\n--S\r\n--\r\n" SIGNATURE("s"), PART
      " --s\r\n--sx\r\n- --s\r\n--s x\r\n-s\r\n--S\r\n--\r\n", NULL },
    { "a delimiter behind a lone CR is none", TOP HEAD("s") "\r\n--s\r\n" PART "x\r--s\r\n"
      SIGNATURE("s"), PART "x\r--s\r\n", NULL },
    { "empty, with a header", TOP HEAD("s") "\r\n--s\r\nContent-Type: text/plain\r\n\r\n"
      "\r\n--s\r\n" TYPE "sig\r\n--s--\r\n", "Content-Type: text/plain\r\n\r\n", NULL },
    { "a header alone", TOP HEAD("s") "\r\n--s\r\nContent-Type: text/plain\r\n\r\n--s\r\n" TYPE
      "sig\r\n--s--\r\n", "Content-Type: text/plain\r\n", NULL },
    { "without a header", TOP HEAD("s") "\r\n--s\r\n\r\ntext\r\n" SIGNATURE("s"), "\r\ntext\r\n",
      NULL },
    { "signed within signed: the outer one counts", TOP HEAD("s") "\r\n--s\r\n" HEAD("i")
      "\r\n--i\r\n" PART SIGNATURE("i") SIGNATURE("s"), HEAD("i") "\r\n--i\r\n" PART
      SIGNATURE("i"), NULL },
    { "a mail within is a leaf", TOP HEAD("s") "\r\n--s\r\n" MIXED("m") "--m\r\n" PART
      "\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n" TOP HEAD("i") "\r\n--i\r\n" PART
      SIGNATURE("i") "\r\n--m--\r\n" SIGNATURE("s"), MIXED("m") "--m\r\n" PART
      "\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n" TOP HEAD("i") "\r\n--i\r\n" PART
      SIGNATURE("i") "\r\n--m--\r\n", NULL },

    /* what stands round it */
    { "by a list", TOP MIXED("m") "--m\r\n" HEAD("s") "\r\n--s\r\n" PART SIGNATURE("s")
      "\r\n--m\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--m--\r\n", PART, NULL },
    { "behind other parts", TOP MIXED("m") "--m\r\n" PART "\r\n--m\r\n" HEAD("s") "\r\n--s\r\n"
      PART SIGNATURE("s") "\r\n--m--\r\n", PART, NULL },
    { "by a list whose boundary begins alike", TOP MIXED("s") "--s\r\n" HEAD("sx") "\r\n--sx\r\n"
      PART SIGNATURE("sx") "\r\n--s--\r\n", PART, NULL },
    { "two", TOP MIXED("m") "--m\r\n" HEAD("s") "\r\n--s\r\n" PART SIGNATURE("s") "\r\n--m\r\n"
      HEAD("t") "\r\n--t\r\n" PART SIGNATURE("t") "\r\n--m--\r\n", NULL, "2 signed parts" },
    { "only in a mail within", TOP "Content-Type: message/rfc822\r\n\r\n" TOP HEAD("s")
      "\r\n--s\r\n" PART SIGNATURE("s"), NULL, "not signed" },
    { "not at all", TOP PART, NULL, "not signed" },
    { "within the signature, S/MIME", TOP "Content-Type: application/x-pkcs7-mime\r\n\r\nx\r\n",
      NULL, "pkcs7-mime, which is not read" },

    /* broken or hostile */
    { "LF only", "Subject: x\nContent-Type: multipart/signed; boundary=s;\n"
      " protocol=\"application/pgp-signature\"\n\n--s\nContent-Type: text/plain\n\ntext\n\n--s\n"
      "Content-Type: application/pgp-signature\n\nsig\n--s--\n", NULL, NOT_TWO },
    { "no end", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s\r\n" TYPE "sig\r\n", NULL, NOT_TWO },
    { "cut in the part", TOP HEAD("s") "\r\n--s\r\n" PART, NULL, NOT_TWO },
    { "one part", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s--\r\n", NULL, NOT_TWO },
    { "three parts", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s\r\n" PART SIGNATURE("s"), NULL,
      NOT_TWO },
    { "a delimiter within the text makes three", TOP HEAD("s") "\r\n--s\r\n" PART
      "\r\n--s\r\nmore\r\n" SIGNATURE("s"), NULL, NOT_TWO },
    { "an end within the text", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s--\r\nmore\r\n"
      SIGNATURE("s"), NULL, NOT_TWO },
    { "signature first", TOP HEAD("s") "\r\n--s\r\n" TYPE "sig\r\n--s\r\n" PART "\r\n--s--\r\n",
      NULL, NOT_TWO },
    { "a signature of another type", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s\r\n"
      "Content-Type: application/pkcs7-signature\r\n\r\nsig\r\n--s--\r\n", NULL, NOT_TWO },
    { "a signature without a type", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s\r\n\r\nsig\r\n"
      "--s--\r\n", NULL, NOT_TWO },
    { "a signature in parts", TOP HEAD("s") "\r\n--s\r\n" PART "\r\n--s\r\n" MIXED("m") "--m\r\n"
      TYPE "sig\r\n--m--\r\n--s--\r\n", NULL, NOT_TWO },
    { "no protocol", TOP "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" PART
      SIGNATURE("s"), NULL, NOT_TWO },
    { "no boundary", TOP "Content-Type: multipart/signed;"
      " protocol=\"application/pgp-signature\"\r\n\r\n--s\r\n" PART SIGNATURE("s"), NULL, NULL },
    { "no part at all", TOP HEAD("s") "\r\n", NULL, NULL },
    { "a mail as what is signed", TOP HEAD("s") "\r\n--s\r\nContent-Type: message/rfc822\r\n\r\n"
      TOP PART SIGNATURE("s"), NULL, NOT_TWO },
};

static Message *parse(const char *mail, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(mail, size);
    Message *message = message_parse(bytes, &error);
    g_assert_no_error(error);
    return message;
}

static void assert_bytes(GBytes *bytes, const char *want)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    g_autofree char *text = g_strndup(data != NULL ? data : "", size);
    g_assert_cmpstr(text, ==, want);
    g_assert_cmpuint(size, ==, strlen(want));
}

static void test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Message) message = parse(row->mail, strlen(row->mail));
    g_auto(SignedPart) part = { .bytes = NULL };
    g_autoptr(GError) error = NULL;
    gboolean found = message_signed_part(message, &part, &error);

    if (row->part == NULL) {
        g_assert_false(found);
        g_assert_error(error, CERTBUND_ERROR, CERTBUND_ERROR_INPUT);
        g_assert_null(part.bytes);
        g_assert_null(part.signature);
        if (row->words != NULL)
            g_assert_nonnull(strstr(error->message, row->words));
        return;
    }
    g_assert_no_error(error);
    g_assert_true(found);
    assert_bytes(part.bytes, row->part);
    assert_bytes(part.signature, row->words != NULL ? row->words : "sig");
    g_assert_cmpstr(part.protocol, ==, "application/pgp-signature");
}

/* Cut anywhere, it is refused or the same: a part that is found is what was signed. */
static void test_cut(void)
{
    const Case *row = &cases[0];
    gsize size = strlen(row->mail);

    for (gsize n = strlen(TOP HEAD("s") "\r\n"); n <= size; n++) {
        g_autoptr(Message) message = parse(row->mail, n);
        g_auto(SignedPart) part = { .bytes = NULL };
        if (message_signed_part(message, &part, NULL))
            assert_bytes(part.bytes, row->part);
        else
            g_assert_cmpuint(n, <, size);
    }
}

/* Bytes that are no text stand in it as they are. */
static void test_bytes(void)
{
    static const char mail[] = TOP HEAD("s") "\r\n--s\r\n\r\na\0b\x80\xff\r\n" SIGNATURE("s");
    g_autoptr(Message) message = parse(mail, sizeof mail - 1);
    g_auto(SignedPart) part = { .bytes = NULL };
    g_autoptr(GError) error = NULL;

    message_signed_part(message, &part, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(g_bytes_get_data(part.bytes, NULL), g_bytes_get_size(part.bytes),
                    "\r\na\0b\x80\xff\r\n", 9);
}

/* ---- the mail that is read of it */

static void test_of_part(void)
{
    static const struct {
        const char *name, *header, *part;
        const char *subject, *text;
        guint n;
    } rows[] = {
        { "plain", "Subject: a\r\nDate: Wed, 12 Feb 2025 10:57:07 +0100\r\n", PART, "a",
          "text\n", 1 },
        { "folded", "Subject: a\r\n b\r\n", PART, "a b", "text\n", 1 },
        { "of two the first", "Subject: a\r\nSubject: b\r\n", PART, "a", "text\n", 1 },
        { "a date alone", "Date: Wed, 12 Feb 2025 10:57:07 +0100\r\n", PART, NULL, "text\n", 1 },
        { "another type outside", "Subject: a\r\nContent-Transfer-Encoding: base64\r\n", PART, "a",
          "text\n", 1 },
        { "no header within", "Subject: a\r\n", "\r\ntext\r\n", "a", "text\n", 1 },
        { "two parts", "Subject: a\r\n", MIXED("m") "--m\r\n" PART "\r\n--m\r\n" PART
          "\r\n--m--\r\n", "a", "text\n", 2 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *mail
            = g_strconcat(rows[i].header, "MIME-Version: 1.0\r\n", HEAD("s") "\r\n--s\r\n",
                          rows[i].part, SIGNATURE("s"), NULL);
        g_autoptr(Message) message = parse(mail, strlen(mail));
        g_auto(SignedPart) part = { .bytes = NULL };
        g_autoptr(GError) error = NULL;
        gsize length;
        message_signed_part(message, &part, &error);
        g_assert_no_error(error);
        g_autoptr(Message) inner = message_of_signed_part(message, part.bytes, &error);
        g_assert_no_error(error);
        g_test_message("%s", rows[i].name);
        g_assert_cmpuint(message_n_parts(inner), ==, rows[i].n);
        g_assert_cmpstr(message_header(inner, "Subject"), ==, rows[i].subject);
        g_autofree char *text = message_part_text(inner, 0, &length, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

static void test_crlf(void)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        { "", "" },         { "a", "a" },         { "\n", "\r\n" },         { "a\nb\n", "a\r\nb\r\n" },
        { "a\r\n", "a\r\n" }, { "a\r\nb\n", "a\r\nb\r\n" }, { "\n\n", "\r\n\r\n" },
        { "\r", "\r" },     { "\r\r\n", "\r\r\n" }, { "\n\r", "\r\n\r" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) from = g_bytes_new(rows[i].from, strlen(rows[i].from));
        g_autoptr(GBytes) to = message_crlf(from);
        assert_bytes(to, rows[i].to);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/message-signed/%u: %s", i, cases[i].name);
        g_strdelimit(path + 1, "/", '|');
        path[strlen("/message-signed")] = '/';
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/message-signed/cut", test_cut);
    g_test_add_func("/message-signed/bytes", test_bytes);
    g_test_add_func("/message-signed/of-part", test_of_part);
    g_test_add_func("/message-signed/crlf", test_crlf);
    return g_test_run();
}
