/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the fields of a mail prove, and what they don't. */
#include "auth-results.h"

#include <string.h>

#define ID "mx.example.net"
#define AR "Authentication-Results: "
#define PASS AR ID "; dkim=pass header.d=bsi.bund.de header.s=s1\r\n"
#define SIG "DKIM-Signature: v=1; a=rsa-sha256; bh=xx; b=xx; "
#define SIGNED SIG "d=bsi.bund.de; s=s1; h=From:Subject:Date\r\n"
#define FROM "From: CERT-Bund <certbund@bsi.bund.de>\r\n"
#define SUBJECT "Subject: x\r\n"
#define DATE "Date: Wed, 12 Feb 2025 09:57:07 +0000\r\n"
#define REST FROM SUBJECT DATE
#define SENT 1739354227

static char *domains[] = { (char *)"reports.cert-bund.de", (char *)"bsi.bund.de", NULL };
static char *empty[] = { NULL };

static void examine(const char *header, gsize length, const char *id, char **dkim_domains,
                    Finding *finding)
{
    const Config config = { .authserv_id = (char *)id,
                            .trust[SOURCE_CERTBUND].dkim_domains = dkim_domains };
    g_autoptr(GByteArray) mail = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    g_byte_array_append(mail, (const guint8 *)header, (guint)length);
    g_byte_array_append(mail, (const guint8 *)"\r\nbody\r\n", 8);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&mail));
    g_autoptr(Message) message = message_parse(bytes, &error);
    g_assert_no_error(error);
    auth_results_examine(&config, &config.trust[SOURCE_CERTBUND], message, finding);
}

typedef struct {
    const char *name, *header;
    const char *want;  /* the text; NULL: passed and dated */
    gboolean undated;
} Case;

#define NO_FIELD "no Authentication-Results of " ID
#define NOT_SIGNED "the signature of bsi.bund.de does not cover From and Subject"

static const Case cases[] = {
    { "signed", PASS SIGNED REST, NULL, FALSE },
    { "the field in the middle", SIGNED FROM PASS SUBJECT DATE, NULL, FALSE },
    { "the field at the end", SIGNED REST PASS, NULL, FALSE },
    { "names in capitals", AR "MX.Example.NET; DKIM=PASS header.d=BSI.Bund.DE\r\n"
      SIG "s=s1; d=BSI.BUND.DE; h=FROM:SUBJECT:DATE\r\n" REST, NULL, FALSE },
    { "quoted and folded", AR "(c)\r\n \"" ID "\" 1;\r\n\tdkim=pass\r\n\t"
      "header.d=\"bsi.bund.de\"\r\n" SIGNED REST, NULL, FALSE },
    { "header.i only", AR ID "; dkim=pass header.i=@bsi.bund.de\r\n" SIGNED REST, NULL, FALSE },
    { "header.i with a mailbox", AR ID "; dkim=pass header.i=x@bsi.bund.de\r\n" SIGNED REST, NULL,
      FALSE },
    { "among other methods and signatures", AR ID "; spf=fail; dkim=pass header.d=list.example;\r\n"
      " dkim=neutral header.d=bsi.bund.de header.s=s2; dkim=pass header.d=bsi.bund.de header.s=s1\r\n"
      SIGNED REST, NULL, FALSE },
    { "beside another filter's field", AR "mx.example.org; dkim=fail header.d=bsi.bund.de\r\n"
      PASS SIGNED REST, NULL, FALSE },
    { "beside another filter's field that can't be read", AR "mx.example.org; !!!\r\n" PASS SIGNED
      REST, NULL, FALSE },
    { "beside a field of ours on other things", AR ID "; dmarc=pass header.from=bsi.bund.de\r\n"
      PASS SIGNED REST, NULL, FALSE },
    { "beside a field of ours on another signature", AR ID "; dkim=fail header.d=list.example\r\n"
      PASS SIGNED REST, NULL, FALSE },
    { "beside a field of ours on the other selector", AR ID
      "; dkim=neutral header.d=bsi.bund.de header.s=s2\r\n" PASS SIGNED REST, NULL, FALSE },
    { "a field of ours says nothing", AR ID "; none\r\n" PASS SIGNED REST, NULL, FALSE },
    { "Date is not covered", PASS SIG "d=bsi.bund.de; s=s1; h=From:Subject\r\n" REST,
      NULL, TRUE },
    { "no Date", PASS SIGNED FROM SUBJECT, NULL, TRUE },
    { "two Dates, of which one is covered", PASS SIGNED DATE REST, NULL, TRUE },
    { "another selector covers less", PASS SIGNED
      SIG "d=bsi.bund.de; s=s2; h=From\r\n" REST, NULL, FALSE },
    { "somebody else's signature covers less, with l=", PASS SIGNED
      SIG "d=list.example; s=s1; h=From; l=10\r\n" REST, NULL, FALSE },

    { "no field", SIGNED REST, NO_FIELD, FALSE },
    { "a foreign field", AR "mx.example.org; dkim=pass header.d=bsi.bund.de\r\n" SIGNED REST,
      NO_FIELD, FALSE },
    { "a name that ends in ours", AR "x" ID "; dkim=pass header.d=bsi.bund.de\r\n" SIGNED REST,
      NO_FIELD, FALSE },
    { "a name that begins as ours", AR ID ".example.org; dkim=pass header.d=bsi.bund.de\r\n" SIGNED
      REST, NO_FIELD, FALSE },
    { "our name in a comment", AR "mx.example.org (" ID "); dkim=pass header.d=bsi.bund.de\r\n"
      SIGNED REST, NO_FIELD, FALSE },
    { "a name of blanks", AR "\" " ID "\"; dkim=pass header.d=bsi.bund.de\r\n" SIGNED REST,
      NO_FIELD, FALSE },
    { "a field of another name", "X-" PASS "ARC-" PASS SIGNED REST, NO_FIELD, FALSE },
    { "version 2", AR ID " 2; dkim=pass header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": a field of version 2", FALSE },
    { "DKIM of version 2", AR ID "; dkim/2=pass header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": no dkim result", FALSE },
    { "failed", AR ID "; dkim=fail header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=fail (bsi.bund.de)", FALSE },
    { "failed, beside a list's pass", AR ID "; dkim=pass header.d=list.example; dkim=fail"
      " header.d=bsi.bund.de\r\n" SIGNED REST, ID ": dkim=fail (bsi.bund.de)", FALSE },
    { "none", AR ID "; dkim=none\r\n" SIGNED REST,
      ID ": dkim=none (no domain), but From is of bsi.bund.de", FALSE },
    { "policy", AR ID "; dkim=policy header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=policy (bsi.bund.de)", FALSE },
    { "only dmarc and spf pass", AR ID "; dmarc=pass header.from=bsi.bund.de;"
      " spf=pass smtp.mailfrom=bsi.bund.de; dkim-adsp=pass header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": no dkim result", FALSE },
    { "a pass in a comment", AR ID "; dkim=fail (dkim=pass) header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=fail (bsi.bund.de)", FALSE },
    { "a pass in the reason", AR ID
      "; dkim=fail reason=\"dkim=pass\" header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=fail (bsi.bund.de)", FALSE },
    { "another domain", AR ID "; dkim=pass header.d=example.com\r\n" SIGNED REST,
      ID ": dkim=pass (example.com), but From is of bsi.bund.de", FALSE },
    { "a subdomain", AR ID "; dkim=pass header.d=x.bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=pass (x.bsi.bund.de), but From is of bsi.bund.de", FALSE },
    { "the parent", AR ID "; dkim=pass header.d=bund.de\r\n" SIGNED REST,
      ID ": dkim=pass (bund.de), but From is of bsi.bund.de", FALSE },
    { "header.d counts more than header.i", AR ID
      "; dkim=pass header.i=@bsi.bund.de header.d=bund.de\r\n" SIGNED REST,
      ID ": dkim=pass (bund.de), but From is of bsi.bund.de", FALSE },
    { "two header.d", AR ID "; dkim=pass header.d=example.com header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=pass (no domain), but From is of bsi.bund.de", FALSE },
    { "the domain in another property", AR ID "; dkim=pass smtp.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": dkim=pass (no domain), but From is of bsi.bund.de", FALSE },
    { "the other accepted domain", AR ID "; dkim=pass header.d=reports.cert-bund.de\r\n" SIGNED
      REST, ID ": dkim=pass (reports.cert-bund.de), but From is of bsi.bund.de", FALSE },
    { "two fields that disagree", PASS AR ID "; dkim=fail header.d=bsi.bund.de header.s=s1\r\n"
      SIGNED REST, ID ": two fields, dkim=pass and dkim=fail (bsi.bund.de)", FALSE },
    { "... the other way round", AR ID "; dkim=fail header.d=bsi.bund.de header.s=s1\r\n" PASS
      SIGNED REST, ID ": two fields, dkim=pass and dkim=fail (bsi.bund.de)", FALSE },
    { "... one without selector", PASS AR ID "; dkim=fail header.d=bsi.bund.de\r\n" SIGNED REST,
      ID ": two fields, dkim=pass and dkim=fail (bsi.bund.de)", FALSE },
    { "... one without domain", PASS AR ID "; dkim=none\r\n" SIGNED REST,
      ID ": two fields, dkim=pass and dkim=none (bsi.bund.de)", FALSE },
    { "a field of ours that can't be read", PASS AR ID "; dkim=pass header.d=x;\r\n" SIGNED REST,
      ID ": a field that can't be read: no keyword where one belongs", FALSE },
    { "8-bit bytes", AR ID "; dkim=pass header.d=bsi.bund.de (\xff)\r\n" SIGNED REST,
      ID ": a field that can't be read: bytes that are not UTF-8", FALSE },
    { "From of another domain", PASS SIGNED "From: x@example.com\r\n" SUBJECT,
      "From is of example.com, which is not in dkim-domains=", FALSE },
    { "From of a subdomain", PASS SIGNED "From: x@x.bsi.bund.de\r\n" SUBJECT,
      "From is of x.bsi.bund.de, which is not in dkim-domains=", FALSE },
    { "the display name is no address", PASS SIGNED "From: \"x@bsi.bund.de\" <x@example.com>\r\n"
      SUBJECT, "From is of example.com, which is not in dkim-domains=", FALSE },
    { "two From fields", PASS SIGNED FROM REST, "2 From and 1 Subject fields, not one of each",
      FALSE },
    { "two Subject fields", PASS SIGNED SUBJECT REST,
      "1 From and 2 Subject fields, not one of each", FALSE },
    { "no From", PASS SIGNED SUBJECT, "0 From and 1 Subject fields, not one of each", FALSE },
    { "two addresses in From", PASS SIGNED "From: certbund@bsi.bund.de, x@example.com\r\n" SUBJECT,
      "From is not one address", FALSE },
    { "... both of the domain", PASS SIGNED "From: a@bsi.bund.de, b@bsi.bund.de\r\n" SUBJECT,
      "From is not one address", FALSE },
    { "a group in From", PASS SIGNED "From: x: certbund@bsi.bund.de;\r\n" SUBJECT,
      "From is not one address", FALSE },
    { "no address in From", PASS SIGNED "From: CERT-Bund\r\n" SUBJECT, "From is not one address",
      FALSE },
    { "no signature", PASS REST, "no DKIM-Signature of bsi.bund.de", FALSE },
    { "a signature of another domain", PASS SIG "d=example.com; s=s1; h=From:Subject\r\n"
      REST, "no DKIM-Signature of bsi.bund.de", FALSE },
    { "a signature with another selector", PASS
      SIG "d=bsi.bund.de; s=s2; h=From:Subject\r\n" REST,
      "no DKIM-Signature of bsi.bund.de", FALSE },
    { "From is not covered", PASS SIG "d=bsi.bund.de; s=s1; h=Subject:Date\r\n" REST,
      NOT_SIGNED, FALSE },
    { "Subject is not covered", PASS SIG "d=bsi.bund.de; s=s1; h=From:Date\r\n" REST,
      NOT_SIGNED, FALSE },
    { "one of two of the selector covers less", PASS SIGNED
      SIG "d=bsi.bund.de; s=s1; h=From\r\n" REST, NOT_SIGNED, FALSE },
    { "no selector named: all of the domain count", AR ID "; dkim=pass header.d=bsi.bund.de\r\n"
      SIGNED SIG "d=bsi.bund.de; s=s2; h=From\r\n" REST, NOT_SIGNED, FALSE },
    { "l=", PASS SIG "d=bsi.bund.de; s=s1; h=From:Subject; l=0\r\n" REST,
      "the signature of bsi.bund.de has l=: more may stand below", FALSE },
    { "a signature without a digest of the body", PASS
      "DKIM-Signature: v=1; a=rsa-sha256; b=xx; d=bsi.bund.de; s=s1; h=From:Subject:Date\r\n" REST,
      "a DKIM-Signature of bsi.bund.de that is none", FALSE },
    { "a signature of version 2", PASS
      "DKIM-Signature: v=2; a=rsa-sha256; bh=x; b=x; d=bsi.bund.de; s=s1; h=From:Subject\r\n" REST,
      "a DKIM-Signature of bsi.bund.de that is none", FALSE },
    { "a signature that can't be read", PASS SIGNED SIG "d=bsi.bund.de; d=x\r\n" REST,
      "a DKIM-Signature that can't be read", FALSE },
};

static void test_case(gconstpointer data)
{
    const Case *c = data;
    g_auto(Finding) finding = { 0 };

    examine(c->header, strlen(c->header), ID, domains, &finding);
    g_assert_cmpstr(finding.text, ==, c->want != NULL ? c->want : ID ": dkim=pass of bsi.bund.de");
    g_assert_cmpint(finding.result, ==, c->want == NULL ? FINDING_PASSED : FINDING_FAILED);
    g_assert_true(finding.dated == (c->want == NULL && !c->undated));
    if (finding.dated)
        g_assert_cmpint(finding.time, ==, SENT);
}

/* What is set decides, and nothing set proves nothing. */
static void test_config(void)
{
    static const struct {
        const char *id, *field;
        char **domains;
        const char *want; /* NULL: passed */
    } rows[] = {
        { "", ID, domains, "authserv-id= is empty" },
        { "", "\"\"", domains, "authserv-id= is empty" },
        { "MX.example.NET", ID, domains, NULL },
        { "mx.b\xc3\xbc" "cher.example", "mx.b\xc3\xbc" "cher.example", domains, NULL },
        { "mx.b\xc3\xbc" "cher.example", "mx.b\xc3\x9c" "cher.example", domains,
          "no Authentication-Results of mx.b\xc3\xbc" "cher.example" },
        { ID, ID, empty, "From is of bsi.bund.de, which is not in dkim-domains=" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *header = g_strdup_printf(
            AR "%s; dkim=pass header.d=bsi.bund.de\r\n" SIGNED REST, rows[i].field);
        g_auto(Finding) finding = { 0 };
        examine(header, strlen(header), rows[i].id, rows[i].domains, &finding);
        g_assert_true((finding.result == FINDING_PASSED) == (rows[i].want == NULL));
        if (rows[i].want != NULL)
            g_assert_cmpstr(finding.text, ==, rows[i].want);
    }
}

/* Readers end a value at a NUL; what stands behind it others may read. */
static void test_nul(void)
{
    g_autofree char *header = g_strdup(PASS SIGNED REST "X: #\r\n");
    g_auto(Finding) finding = { 0 };
    gsize length = strlen(header);

    *strchr(header, '#') = '\0';
    examine(header, length, ID, domains, &finding);
    g_assert_cmpint(finding.result, ==, FINDING_FAILED);
    g_assert_cmpstr(finding.text, ==, "a NUL byte in the header");
}

/* AUTH_RESULTS_FIELDS_MAX of each, whosever they are, and one more. */
static void test_limits(void)
{
    static const char *const fields[] = { AR "mx.example.org; none\r\n",
                                          "DKIM-Signature: d=example.com\r\n" };
    for (guint k = 0; k < G_N_ELEMENTS(fields); k++)
        for (guint above = 0; above < 2; above++) {
            g_autoptr(GString) header = g_string_new(PASS SIGNED REST);
            g_auto(Finding) finding = { 0 };
            for (guint i = 1; i < AUTH_RESULTS_FIELDS_MAX + above; i++)
                g_string_append(header, fields[k]);
            examine(header->str, header->len, ID, domains, &finding);
            g_assert_true((finding.result == FINDING_PASSED) == (above == 0));
            if (above == 1)
                g_assert_nonnull(strstr(finding.text, "fields, more than 50"));
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/auth-results/%s", cases[i].name);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/auth-results-more/config", test_config);
    g_test_add_func("/auth-results-more/nul", test_nul);
    g_test_add_func("/auth-results-more/limits", test_limits);
    return g_test_run();
}
