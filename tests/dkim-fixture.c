/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "dkim-fixture.h"

#include <string.h>

const char dkim_fixture_mail[]
    = "Received: from mail.example.net\r\n\tby mx.example.org; Wed, 12 Feb 2025 09:57:10 +0000\r\n"
      "From: CERT-Bund <certbund@BSI.bund.de>\r\n"
      "To: abuse@example.org\r\n"
      "subject:  [CB-Report#20250212-10000001]  Offene Telnet-Server\r\n in AS64496 \r\n"
      "Date: Wed, 12 Feb 2025 09:57:07 +0000\r\n"
      "Message-ID: <10000001@bsi.bund.de>\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 7bit\r\n"
      "\r\n"
      "\"asn\",\"ip\"\r\n"
      "\"64496\",  \"192.0.2.1\" \r\n"
      "\r\n"
      "Team CERT-Bund\r\n"
      "\r\n";

Config *dkim_fixture_config(Resolver *resolver)
{
    static char *domains[] = { (char *)"bsi.bund.de", (char *)"reports.cert-bund.de", NULL };
    Config *config = g_new0(Config, 1);

    config->trust[SOURCE_CERTBUND].dkim_domains = domains;
    config->nameservers = g_new0(char *, 2);
    config->nameservers[0] = resolver_server(resolver);
    return config;
}

void dkim_fixture_config_free(Config *config)
{
    g_strfreev(config->nameservers);
    g_free(config);
}

void dkim_fixture_examine(const Config *config, const char *mail, Finding *finding_r)
{
    g_autoptr(GBytes) bytes = g_bytes_new(mail, strlen(mail));
    g_autoptr(GError) error = NULL;
    g_autoptr(Message) message = message_parse(bytes, &error);

    g_assert_no_error(error);
    dkim_examine(config, &config->trust[SOURCE_CERTBUND], message, finding_r);
    g_test_message("%s", finding_r->text);
}

void dkim_fixture_publish(Resolver *resolver, const MakerSignature *signature,
                          ResolverAnswer answer, const char *record)
{
    g_autofree char *name
        = g_strdup_printf("%s._domainkey.%s",
                          signature->selector != NULL ? signature->selector : "202501",
                          signature->domain != NULL ? signature->domain : "bsi.bund.de");
    g_autofree char *text = g_strdup_printf("%sp=%s", record != NULL ? record : "v=DKIM1; k=rsa; ",
                                            maker_p(signature->key));

    resolver_set(resolver, name, answer, text, strlen(text));
}

void dkim_fixture_check(const Finding *finding, FindingResult result, const char *text)
{
    g_assert_cmpint(finding->result, ==, result);
    if (!g_str_has_prefix(finding->text, text))
        g_assert_cmpstr(finding->text, ==, text);
}
