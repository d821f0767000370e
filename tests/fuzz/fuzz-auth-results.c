/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The value of an Authentication-Results field -> a finding: one line, and a pass only
 * where the field says so. */
#include "fuzz.h"

#include "auth-results.h"

#include <string.h>

static Config *read_config(void)
{
    static const char text[] = "[provenance]\nrequire=auth-results\n"
                               "authserv-id=mx.example.org\n";
    g_autoptr(Faults) faults = faults_new();
    g_autofree char *path = fuzz_file((const uint8_t *)text, strlen(text));
    Config *config = config_load(path, faults);

    g_assert_nonnull(config);
    return config;
}

static Message *read_mail(const uint8_t *data, size_t size)
{
    static const char front[] = "From: reports@reports.cert-bund.de\r\n"
                                "Date: Wed, 12 Feb 2025 09:57:07 +0000\r\n"
                                "Authentication-Results: ",
                      back[] = "\r\nSubject: [CB-Report#20250212-10000001] X\r\n\r\nx\r\n";
    GByteArray *mail = g_byte_array_new();

    g_byte_array_append(mail, (const guint8 *)front, sizeof(front) - 1);
    if (size > 0)
        g_byte_array_append(mail, data, (guint)size);
    g_byte_array_append(mail, (const guint8 *)back, sizeof(back) - 1);
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(mail);
    g_autoptr(GBytes) crlf = message_crlf(bytes);
    return message_parse(crlf, NULL);
}

/* Keywords are never quoted nor divided (RFC 8601 section 2.2). */
static void check_says(const uint8_t *data, size_t size, const char *word)
{
    g_autofree char *text = g_ascii_strdown((const char *)data, (gssize)size);

    g_assert_nonnull(memmem(text, size, word, strlen(word)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Config *config;
    g_auto(Finding) finding = { .text = NULL };

    fuzz_messages();
    if (config == NULL)
        config = read_config();
    g_autoptr(Message) message = read_mail(data, size);
    if (message == NULL)
        return 0;
    auth_results_examine(config, &config->trust[SOURCE_CERTBUND], message, &finding);
    g_assert_nonnull(finding.text);
    g_assert_true(g_utf8_validate(finding.text, -1, NULL));
    g_assert_null(strpbrk(finding.text, "\r\n"));
    g_assert_cmpuint(strlen(finding.text), <=, FINDING_TEXT_MAX);
    if (finding.result == FINDING_PASSED) {
        check_says(data, size, "dkim");
        check_says(data, size, "pass");
    }
    return 0;
}
