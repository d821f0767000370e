/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Several DKIM signatures in a mail, those that nobody has signed, and many mails at the
 * same time. */
#include "dkim-fixture.h"

#include <string.h>

static const char *const four[] = { "To", "Subject", "Date", NULL };

/* RFC 8463.  Signed by another program: libopendkim's signer loses memory by such keys. */
static void test_ed25519(void)
{
    static const char signature[]
        = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=bsi.bund.de;\r\n"
          " i=@bsi.bund.de; q=dns/txt; s=202501; t=1739354227; h=from : to :\r\n"
          " subject : date; bh=Axay9n02I2q9eIa0PHZFSOdFDyLr18Jx6vHU/6pW1eo=;\r\n"
          " b=ejWwk5lZHvF4LrC9u7teEA1TPr1y4xI5JNhuL3BtZa3fJikx65GgLNLh4ZUSJFUSM4QRU\r\n"
          " vYfnQISMO+3nKUoBw==\r\n";
    static const struct {
        const char *record;
        FindingResult result;
        const char *text;
    } records[] = {
        { "v=DKIM1; k=ed25519; p=OQhDqqJSHikM7mpgcfech4hAbJAVxdNHmj4MUj7fx34=", FINDING_PASSED,
          "bsi.bund.de, selector 202501" },
        { "v=DKIM1; k=ed25519; p=QQhDqqJSHikM7mpgcfech4hAbJAVxdNHmj4MUj7fx34=", FINDING_FAILED,
          "signature of bsi.bund.de (s=202501): bad signature" },
        { "v=DKIM1; p=OQhDqqJSHikM7mpgcfech4hAbJAVxdNHmj4MUj7fx34=", FINDING_FAILED,
          "signature of bsi.bund.de (s=202501): its key is of another type" },
    };
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);
    g_autofree char *mail = g_strconcat(signature, dkim_fixture_mail, NULL);

    gboolean can = maker_has_ed25519();
    if (!can)
        g_test_skip("libopendkim was built without Ed25519");
    for (guint i = 0; can && i < G_N_ELEMENTS(records); i++) {
        g_auto(Finding) finding = { 0 };
        resolver_set(resolver, "202501._domainkey.bsi.bund.de", RESOLVER_TEXT, records[i].record,
                     strlen(records[i].record));
        dkim_fixture_examine(config, mail, &finding);
        dkim_fixture_check(&finding, records[i].result, records[i].text);
    }
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

/* Signed by each in turn; the last one stands on top. */
typedef struct {
    const char *name;
    const char *selectors[3]; /* of bsi.bund.de; "": example.com signs */
    FindingResult result;
    const char *text;
} Several;

static const Several several[] = {
    { "below a forwarder's", { "good", "" }, FINDING_PASSED, "bsi.bund.de, selector good" },
    { "above a bad one", { "absent", "good" }, FINDING_PASSED, "bsi.bund.de, selector good" },
    { "below a bad one", { "good", "absent" }, FINDING_PASSED, "bsi.bund.de, selector good" },
    { "below trouble", { "good", "fails" }, FINDING_PASSED, "bsi.bund.de, selector good" },
    { "trouble and a bad one", { "absent", "fails", "" }, FINDING_TROUBLE,
      "signature of bsi.bund.de (s=fails): its key: DNS has failed" },
    { "a bad one and a forwarder's", { "absent", "" }, FINDING_FAILED,
      "signature of bsi.bund.de (s=absent): its key: not in DNS" },
    { "forwarders' only", { "", "" }, FINDING_FAILED, "signature of example.com: not one of" },
};

static char *sign_more(char *mail, const char *selector)
{
    MakerSignature signature = { .selector = *selector != '\0' ? selector : "x",
                                 .domain = *selector != '\0' ? NULL : "example.com",
                                 .names = four };
    char *more = maker_sign(mail, &signature);

    g_free(mail);
    return more;
}

static void test_several(gconstpointer data)
{
    const Several *c = data;
    const MakerSignature good = { .selector = "good" }, fails = { .selector = "fails" };
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);
    g_autofree char *mail = g_strdup(dkim_fixture_mail);
    g_auto(Finding) finding = { 0 };

    dkim_fixture_publish(resolver, &good, RESOLVER_TEXT, NULL);
    dkim_fixture_publish(resolver, &fails, RESOLVER_FAILS, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(c->selectors) && c->selectors[i] != NULL; i++)
        mail = sign_more(g_steal_pointer(&mail), c->selectors[i]);
    dkim_fixture_examine(config, mail, &finding);
    dkim_fixture_check(&finding, c->result, c->text);
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

/* As many signatures as are looked at, each asking; one more, and none is. */
static void test_many(void)
{
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);
    g_autofree char *mail = g_strdup(dkim_fixture_mail);
    g_auto(Finding) at = { 0 }, above = { 0 };

    dkim_fixture_publish(resolver, &(MakerSignature){ .selector = "s0" }, RESOLVER_TEXT, NULL);
    for (guint i = 0; i < DKIM_SIGNATURES_MAX; i++) {
        g_autofree char *selector = g_strdup_printf("s%u", i);
        mail = sign_more(g_steal_pointer(&mail), selector);
    }
    dkim_fixture_examine(config, mail, &at);
    dkim_fixture_check(&at, FINDING_PASSED, "bsi.bund.de, selector s0");
    g_assert_cmpuint(resolver_questions(resolver), ==, DKIM_SIGNATURES_MAX);
    mail = sign_more(g_steal_pointer(&mail), "s0");
    dkim_fixture_examine(config, mail, &above);
    dkim_fixture_check(&above, FINDING_FAILED, "11 DKIM-Signature fields, not more than 10");
    g_assert_cmpuint(resolver_questions(resolver), ==, DKIM_SIGNATURES_MAX);
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

/* Signatures that nobody has signed: refused without a question, whatever they hold. */
static void test_made_up(void)
{
    static const struct {
        const char *value, *text;
    } made_up[] = {
        { "", "no signature that can be read" },
        { "v=1", "no signature that can be read" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=from", "no signature that can be read" },
        { "v=1; a=rsa-sha256; d=; s=x; h=from:subject; bh=AA; b=AAAA", "no signature that can" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=; h=from:subject; bh=AA; b=AAAA",
          "no signature that can be read" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAAA",
          "signature of bsi.bund.de (s=x): signature data corrupt" },
        { "v=2; a=rsa-sha256; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA",
          "signature of bsi.bund.de (s=x): unsupported signature version" },
        { "v=1; a=x; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA",
          "signature of bsi.bund.de (s=x): signature algorithm invalid" },
        { "v=1; a=rsa-sha256; c=x; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA",
          "signature of bsi.bund.de (s=x): invalid header canonicalization" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=::from; bh=AA; b=AAAA",
          "signature of bsi.bund.de (s=x): From or Subject is not signed" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA; "
          "i=@example.com", "signature of bsi.bund.de (s=x): invalid domain coverage" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA; i=@x=",
          "signature of bsi.bund.de (s=x): invalid domain coverage" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA; l=0",
          "signature of bsi.bund.de (s=x): l= leaves" },
        { "v=1; a=rsa-sha256; d=bsi.bund.de; s=x; h=from:subject; bh=AA; b=AAAA; t=1; x=2",
          "signature of bsi.bund.de (s=x): expired" },
    };
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);

    for (guint i = 0; i < G_N_ELEMENTS(made_up); i++) {
        g_autofree char *mail
            = g_strdup_printf("DKIM-Signature: %s\r\n%s", made_up[i].value, dkim_fixture_mail);
        g_auto(Finding) finding = { 0 };
        dkim_fixture_examine(config, mail, &finding);
        dkim_fixture_check(&finding, FINDING_FAILED, made_up[i].text);
    }
    g_assert_cmpuint(resolver_questions(resolver), ==, 0);
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

/* At the limit of a list of names, and one byte above. */
static void test_long_list(void)
{
    enum { LIMIT = 4095 };
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);

    for (guint length = LIMIT; length <= LIMIT + 1; length++) {
        g_autofree char *filler = g_strnfill(length - strlen("from:subject:"), 'x');
        g_autofree char *mail
            = g_strdup_printf("DKIM-Signature: v=1; a=rsa-sha256; d=bsi.bund.de; s=x; bh=AA; "
                              "b=AAAA; h=from:subject:%s\r\n%s", filler, dkim_fixture_mail);
        g_auto(Finding) finding = { 0 };
        dkim_fixture_examine(config, mail, &finding);
        dkim_fixture_check(&finding, FINDING_FAILED,
                   length == LIMIT ? "signature of bsi.bund.de (s=x): its key: not in DNS"
                                   : "signature of bsi.bund.de (s=x): h= is too long");
    }
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

/* A body whose last line has no end: nothing was sent so, and nothing is verified. */
static void test_no_line_end(void)
{
    const MakerSignature signature = { .domain = NULL };
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);
    g_autofree char *mail = maker_sign(dkim_fixture_mail, &signature);
    g_auto(Finding) finding = { 0 };

    dkim_fixture_publish(resolver, &signature, RESOLVER_TEXT, NULL);
    mail[strlen(mail) - strlen("Bund\r\n\r\n")] = '\0';
    dkim_fixture_examine(config, mail, &finding);
    dkim_fixture_check(&finding, FINDING_FAILED, "signature of bsi.bund.de (s=202501): it can't be");
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

static gpointer examine_often(gpointer data)
{
    const Config *config = data;
    g_autofree char *mail = maker_sign(dkim_fixture_mail, &(MakerSignature){ .domain = NULL });

    for (guint i = 0; i < 25; i++) {
        g_auto(Finding) finding = { 0 };
        g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
        g_autoptr(Message) message = message_parse(bytes, NULL);
        dkim_examine(config, &config->trust[SOURCE_CERTBUND], message, &finding);
        if (finding.result != FINDING_PASSED)
            return g_strdup(finding.text);
    }
    return NULL;
}

/* Many at the same time, as libmilter's workers are. */
static void test_threads(void)
{
    Resolver *resolver = resolver_new();
    Config *config = dkim_fixture_config(resolver);
    GThread *threads[8];

    dkim_fixture_publish(resolver, &(MakerSignature){ .domain = NULL }, RESOLVER_TEXT, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("dkim", examine_often, config);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_autofree char *failure = g_thread_join(threads[i]);
        g_assert_cmpstr(failure, ==, NULL);
    }
    g_assert_cmpuint(resolver_questions(resolver), ==, 25 * G_N_ELEMENTS(threads));
    dkim_fixture_config_free(config);
    resolver_free(resolver);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    for (guint i = 0; i < G_N_ELEMENTS(several); i++) {
        g_autofree char *path = g_strconcat("/dkim/several/", several[i].name, NULL);
        g_test_add_data_func(path, &several[i], test_several);
    }
    g_test_add_func("/dkim/ed25519", test_ed25519);
    g_test_add_func("/dkim/many", test_many);
    g_test_add_func("/dkim/made-up", test_made_up);
    g_test_add_func("/dkim/long-list", test_long_list);
    g_test_add_func("/dkim/no-line-end", test_no_line_end);
    g_test_add_func("/dkim/threads", test_threads);
    return g_test_run();
}
