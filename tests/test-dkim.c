/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a DKIM signature proves, and what it doesn't.  Signed by libopendkim's signer; the keys
 * come from a resolver that counts what it is asked. */
#include "dkim-fixture.h"

#include <string.h>

#define DAY (24 * 3600)
#define ANY G_MAXUINT /* more than none */

typedef struct {
    const char *from, *to; /* the first one is replaced; NULL: nothing */
} Edit;

typedef struct {
    const char *name;
    MakerSignature signature;
    Edit before, after;    /* of being signed */
    gint64 age;            /* t= is so many seconds ago */
    ResolverAnswer answer; /* RESOLVER_NO_NAME: the key, as RESOLVER_TEXT */
    const char *record;    /* in front of its p=; NULL: v=DKIM1 and k=rsa */
    gboolean no_key;       /* nothing is in DNS */
    FindingResult result;
    const char *text; /* how it begins */
    guint asked;      /* questions to DNS */
    gboolean undated;
} Case;

static const char *const four[] = { "To", "Subject", "Date", NULL };
static const char *const no_subject[] = { "To", "Date", NULL };
static const char *const no_date[] = { "To", "Subject", NULL };
static const char *const like_subject[] = { "To", "Date", "Sub", "S", NULL };
static const char *const oversigned[] = { "From", "Subject", "Content-Type", NULL };
static const char *const more_than_all[] = { "From", "Subject", "Date", "X-Absent", NULL };

#define GOOD .result = FINDING_PASSED, .text = "bsi.bund.de, selector 202501", .asked = 1
#define BAD(about) .text = "signature of bsi.bund.de (s=202501): " about
#define UNSIGNED_FIELD(line) .after = { "DKIM-Signature:", line "\r\nDKIM-Signature:" }

static const Case cases[] = {
    /* RFC 6376 section 3.4 */
    { "relaxed/relaxed", { .domain = NULL }, GOOD },
    { "relaxed/simple", { .simple_body = TRUE }, GOOD },
    { "simple/relaxed", { .simple_header = TRUE }, GOOD },
    { "simple/simple", { .simple_header = TRUE, .simple_body = TRUE }, GOOD },
    { "blanks do not count where relaxed", { .names = four },
      .after = { "  [CB-Report", "\r\n\t[CB-Report" }, GOOD },
    { "blanks count in a simple header", { .simple_header = TRUE, .names = four },
      .after = { "  [CB-Report", " [CB-Report" }, BAD("bad signature"), .asked = 1 },
    { "blanks count in a simple body", { .simple_body = TRUE },
      .after = { "  \"192", " \"192" }, BAD("bad signature, the body was altered"), .asked = 1 },
    { "empty lines at the end do not count", { .simple_body = TRUE },
      .after = { "Bund\r\n\r\n", "Bund\r\n\r\n\r\n\r\n" }, GOOD },
    { "no body", { .domain = NULL }, .before = { "\r\n\r\n", "\r\n\r\n|" }, GOOD },
    { "8-bit body", { .domain = NULL }, .before = { "Team", "Gr\xfc\xdf" "e \xf0" }, GOOD },

    /* who signs: the domain of From, and no other */
    { "d= in capitals", { .domain = "BSI.Bund.DE" }, .result = FINDING_PASSED,
      .text = "BSI.Bund.DE, selector 202501", .asked = 1 },
    { "the other domain", { .domain = "reports.cert-bund.de", .selector = "202201" },
      .before = { "certbund@BSI.bund.de", "reports@reports.cert-bund.de" },
      .result = FINDING_PASSED, .text = "reports.cert-bund.de, selector 202201", .asked = 1 },
    { "not signed", { .domain = NULL }, .after = { "DKIM-Signature:", "X-Signature:" },
      .text = "no signature" },
    { "a foreign domain", { .domain = "example.com" },
      .text = "signature of example.com: not one of dkim-domains=" },
    { "a domain below", { .domain = "mail.bsi.bund.de" },
      .text = "signature of mail.bsi.bund.de: not one of" },
    { "the domain above", { .domain = "bund.de" }, .text = "signature of bund.de: not one of" },
    { "a domain that ends alike", { .domain = "xbsi.bund.de" }, .text = "signature of xbsi" },
    { "a domain that begins alike", { .domain = "bsi.bund.de.example.com" },
      .text = "signature of bsi.bund.de.example.com: not one of" },
    { "a dot behind the domain", { .domain = "bsi.bund.de." },
      .text = "signature of bsi.bund.de.:" },
    { "From of the other accepted domain", { .domain = "reports.cert-bund.de" },
      .text = "signature of reports.cert-bund.de (s=202501): From is of another domain" },
    { "From below the domain", { .domain = NULL },
      .before = { "@BSI.bund.de", "@mail.bsi.bund.de" }, BAD("From is of another domain") },
    { "From of a stranger", { .domain = NULL },
      .before = { "CERT-Bund <certbund@BSI.bund.de>",
                  "\"certbund@bsi.bund.de\" <mallory@example.com>" },
      BAD("From is of another domain") },
    { "a selector that is none", { .selector = "a%b" },
      .text = "signature of bsi.bund.de (s=a%b): the selector is malformed" },

    /* what can't be vouched for */
    { "two addresses in From", { .domain = NULL },
      .before = { "de>\r\nTo", "de>, mallory@example.com\r\nTo" },
      .text = "From is not one address" },
    { "a group in From", { .domain = NULL },
      .before = { "CERT-Bund <certbund@BSI.bund.de>", "x: certbund@bsi.bund.de;" },
      .text = "From is not one address" },
    { "no address in From", { .domain = NULL },
      .after = { "CERT-Bund <certbund@BSI.bund.de>", "CERT-Bund" }, .text = "From is not one" },
    { "two From", { .domain = NULL }, UNSIGNED_FIELD("From: certbund@bsi.bund.de"),
      .text = "2 From fields" },
    { "two From, both signed", { .domain = NULL },
      .before = { "To:", "from: certbund@bsi.bund.de\r\nTo:" }, .text = "2 From fields" },
    { "no From", { .domain = NULL }, .after = { "From: CERT", "X-From: CERT" },
      .text = "no From field" },
    { "two Subjects", { .domain = NULL }, UNSIGNED_FIELD("Subject: x"),
      .text = "2 Subject fields" },
    { "no Subject", { .domain = NULL }, .after = { "subject:  [", "X-Subject:  [" },
      .text = "no Subject field" },
    { "two Content-Types", { .names = four },
      UNSIGNED_FIELD("Content-Type: multipart/mixed; boundary=\"asn\""),
      .text = "2 Content-Type fields" },
    { "two transfer encodings", { .names = four },
      UNSIGNED_FIELD("content-transfer-encoding: base64"),
      .text = "2 Content-Transfer-Encoding fields" },
    { "two MIME-Versions", { .names = four }, UNSIGNED_FIELD("MIME-Version: 1.0"),
      .text = "2 MIME-Version fields" },
    { "a blank behind a name", { .names = four }, UNSIGNED_FIELD("Subject : x"),
      .text = "the header is malformed" },
    { "a blank folded line", { .names = four }, UNSIGNED_FIELD("X-A: b\r\n \r\n c"),
      .text = "the header is malformed" },
    { "a line without a colon", { .names = four }, .after = { "Date: Wed", "x\r\nDate: Wed" },
      .text = "the header is malformed" },
    { "a lone LF in the header", { .names = four }, UNSIGNED_FIELD("X-A: b\nSubject: x"),
      .text = "the header is malformed" },
    { "a lone CR in the header", { .names = four }, UNSIGNED_FIELD("X-A: b\rSubject: x"),
      .text = "the header is malformed" },
    { "a vertical tab for a blank", { .names = four }, .after = { "Server\r\n in", "Server\v in" },
      .text = "the header is malformed" },
    { "odd names, 8-bit values", { .names = four },
      UNSIGNED_FIELD("X(odd)name: \xfc\r\nX-Empty:\r\nX/Y;Z: b"), GOOD },

    /* what is signed */
    { "altered body", { .domain = NULL }, .after = { "192.0.2.1", "192.0.2.2" },
      BAD("bad signature, the body was altered"), .asked = 1 },
    { "longer body", { .domain = NULL }, .after = { "Bund\r\n\r\n", "Bund\r\nx\r\n" },
      BAD("bad signature, the body was altered"), .asked = 1 },
    { "altered Subject", { .domain = NULL }, .after = { "10000001]", "10000002]" },
      BAD("bad signature"), .asked = 1 },
    { "altered Date", { .names = four }, .after = { "Date: Wed, 12", "Date: Wed, 19" },
      BAD("bad signature"), .asked = 1 },
    { "altered field that is not signed", { .names = four }, .after = { "<10000001@", "<2@" },
      GOOD },
    { "Subject is not signed", { .names = no_subject },
      BAD("From or Subject is not signed") },
    { "names that Subject begins with", { .names = like_subject },
      .before = { "To:", "S: x\r\nSub: x\r\nTo:" }, BAD("From or Subject is not signed") },
    { "Date is not signed", { .names = no_date }, GOOD, .undated = TRUE },
    { "two Dates", { .names = four }, UNSIGNED_FIELD("Date: Thu, 13 Feb 2025 09:57:07 +0000"),
      GOOD, .undated = TRUE },
    { "no Date", { .domain = NULL }, .before = { "Date:", "X-Date:" }, GOOD, .undated = TRUE },
    { "fields signed once more than they are there", { .twice = oversigned }, GOOD },
    { "h= has more names than the mail has fields", { .twice = more_than_all }, GOOD },
    { "l= of a part", { .body_bytes = 10 }, BAD("l= leaves the end of the body unsigned") },
    { "l= of all", { .body_bytes = 10 },
      .before = { "\"asn\",\"ip\"\r\n\"64496\",  \"192.0.2.1\" \r\n\r\nTeam CERT-Bund\r\n\r\n",
                  "12345678\r\n" }, BAD("l= leaves the end of the body unsigned") },

    /* RFC 6376 section 3.5, t= and x= */
    { "not expired yet", { .lifetime = DAY }, .age = DAY - 3600, GOOD },
    { "expired", { .lifetime = DAY }, .age = DAY + 60, BAD("expired") },
    { "long expired", { .lifetime = DAY }, .age = 10 * DAY, BAD("expired") },
    { "old, without x=", { .domain = NULL }, .age = 400 * DAY, GOOD },
    { "less than a day from the future", { .domain = NULL }, .age = 600 - DAY, GOOD },
    { "more than a day from the future", { .domain = NULL }, .age = -600 - DAY,
      BAD("signature timestamp in the future") },

    /* RFC 8301, RFC 8463 */
    { "rsa-sha1", { .sha1 = TRUE }, BAD("the algorithm is not a safe one") },
    { "RSA of 1024 bits", { .key = MAKER_RSA_1024 }, GOOD },
    { "RSA of a byte less", { .key = MAKER_RSA_1016 }, BAD("signing key too small"), .asked = 1 },

    /* RFC 6376 section 3.6.1 */
    { "a record of nothing but p=", { .domain = NULL }, .record = "", GOOD },
    { "key for testing", { .domain = NULL }, .record = "v=DKIM1; t=y; ",
      BAD("its key is for testing"), .asked = 1 },
    { "key for testing, among flags", { .domain = NULL }, .record = "t=s : y; ",
      BAD("its key is for testing"), .asked = 1 },
    { "key for this domain only", { .domain = NULL }, .record = "t=s; ", GOOD },
    { "revoked key", { .domain = NULL }, .record = "v=DKIM1; p=; n=", BAD("key revoked"),
      .asked = 1 },
    { "key without p=", { .domain = NULL }, .record = "v=DKIM1; n=",
      BAD("key DNS reply corrupt"), .asked = 1 },
    { "key for sha1 only", { .domain = NULL }, .record = "h=sha1; ",
      BAD("signature-key hash mismatch"), .asked = 1 },
    { "key for sha256 among others", { .domain = NULL }, .record = "h=sha1:sha256; ", GOOD },
    { "key for mail", { .domain = NULL }, .record = "s=email; ", GOOD },
    { "key for something else", { .domain = NULL }, .record = "s=tlsrpt; ",
      BAD("not an e-mail key"), .asked = 1 },
    { "key of another type", { .domain = NULL }, .record = "k=ed25519; ",
      BAD("its key is of another type"), .asked = 1 },
    { "key of an unknown type", { .domain = NULL }, .record = "k=dsa; ",
      BAD("unknown key type"), .asked = 1 },
    { "another version", { .domain = NULL }, .record = "v=DKIM2; ", BAD("unknown key version"),
      .asked = 1 },
    { "another key", { .domain = NULL }, .record = "p=AAAA; n=", BAD("unable to apply public key"),
      .asked = 1 },
    { "not a key", { .domain = NULL }, .record = "hello ", BAD("key DNS reply corrupt"),
      .asked = 1 },
    { "two records", { .domain = NULL }, .answer = RESOLVER_TWICE, BAD("its key: 2 records"),
      .asked = 1 },
    { "by TCP", { .domain = NULL }, .answer = RESOLVER_BY_TCP, .result = FINDING_PASSED,
      .text = "bsi.bund.de, selector", .asked = 2 },

    /* what DNS says, and what it can't say */
    { "no such name", { .domain = NULL }, .no_key = TRUE, BAD("its key: not in DNS"), .asked = 1 },
    { "no text", { .domain = NULL }, .answer = RESOLVER_NO_TEXT, BAD("its key: not in DNS"),
      .asked = 1 },
    { "SERVFAIL", { .domain = NULL }, .answer = RESOLVER_FAILS, .result = FINDING_TROUBLE,
      BAD("its key: DNS has failed"), .asked = ANY },
    { "no answer", { .domain = NULL }, .answer = RESOLVER_SILENT, .result = FINDING_TROUBLE,
      BAD("its key: no answer from DNS within 10 s"), .asked = ANY },
};

static char *edit(const char *text, const Edit *edit)
{
    const char *at = edit->from != NULL ? strstr(text, edit->from) : NULL;

    g_assert_true(edit->from == NULL || at != NULL);
    if (at == NULL)
        return g_strdup(text);
    return g_strdup_printf("%.*s%s%s", (int)(at - text), text, edit->to, at + strlen(edit->from));
}

static void test_case(gconstpointer data)
{
    const Case *c = data;
    MakerSignature signature = c->signature;
    g_auto(Finding) finding = { 0 };

    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);
    if (c->age != 0)
        signature.signed_at = g_get_real_time() / G_USEC_PER_SEC - c->age;
    if (!c->no_key)
        dkim_fixture_publish(resolver, &signature,
                c->answer == RESOLVER_NO_NAME ? RESOLVER_TEXT : c->answer, c->record);
    g_autofree char *mail = edit(dkim_fixture_mail, &c->before);
    if (strchr(mail, '|') != NULL)
        *strchr(mail, '|') = '\0';
    g_autofree char *signed_mail = maker_sign(mail, &signature);
    g_autofree char *received = edit(signed_mail, &c->after);

    dkim_fixture_examine(config, received, &finding);
    dkim_fixture_check(&finding, c->result, c->text);
    g_assert_cmpint(finding.dated, ==, c->result == FINDING_PASSED && !c->undated);
    if (finding.dated)
        g_assert_cmpint(finding.time, ==, DKIM_FIXTURE_DATE);
    if (c->asked == ANY)
        g_assert_cmpuint(resolver_questions(resolver), >, 0);
    else
        g_assert_cmpuint(resolver_questions(resolver), ==, c->asked);
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/dkim/", cases[i].name, NULL);
        g_strdelimit(path + strlen("/dkim/"), "/", '-');
        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}
