/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tags that only we can make, and the words of a letter. */
#include "bounce.h"

#include "bounce-text.h"
#include "fixture.h"
#include "mailbox.h"

#include <string.h>

#define OWN "abuse-bounces@example.net"

/* ---- tags */

static Secret *other_secret(void)
{
    g_autoptr(GError) error = NULL;
    char *directory = fixture_directory();
    Secret *secret = secret_load(directory, TRUE, &error);

    g_assert_no_error(error);
    fixture_remove(directory);
    return secret;
}

static void test_tags(void)
{
    g_autoptr(Secret) secret = secret_dummy();
    g_autoptr(Secret) other = other_secret();
    g_autofree char *tag = secret_tag(secret, "A-7F3K2Q");
    g_autofree char *other_tag = secret_tag(other, "A-7F3K2Q");
    const struct {
        const char *why, *format; /* one %s: the tag */
        const char *tag;
        gboolean good;
    } cases[] = {
        { "right", "abuse-bounces+A-7F3K2Q-%s@example.net", tag, TRUE },
        { "an MTA has folded it", "Abuse-Bounces+a-7f3k2q-%s@Example.NET", tag, TRUE },
        { "another secret's", "abuse-bounces+A-7F3K2Q-%s@example.net", other_tag, FALSE },
        { "another reference", "abuse-bounces+A-7F3K2R-%s@example.net", tag, FALSE },
        { "a longer reference", "abuse-bounces+A-7F3K2Q0-%s@example.net", tag, FALSE },
        { "a reference too short", "abuse-bounces+A-7F3K2-%s@example.net", tag, FALSE },
        { "another domain", "abuse-bounces+A-7F3K2Q-%s@example.org", tag, FALSE },
        { "a subdomain", "abuse-bounces+A-7F3K2Q-%s@mx.example.net", tag, FALSE },
        { "another mailbox", "abuse-bounce+A-7F3K2Q-%s@example.net", tag, FALSE },
        { "a longer mailbox", "xabuse-bounces+A-7F3K2Q-%s@example.net", tag, FALSE },
        { "no delimiter", "abuse-bouncesA-7F3K2Q-%s@example.net", tag, FALSE },
        { "another delimiter", "abuse-bounces-A-7F3K2Q-%s@example.net", tag, FALSE },
        { "more in front", "abuse-bounces+x+A-7F3K2Q-%s@example.net", tag, FALSE },
        { "more behind", "abuse-bounces+A-7F3K2Q-%s0@example.net", tag, FALSE },
        { "no tag", "abuse-bounces+A-7F3K2Q-%s@example.net", "", FALSE },
        { "no reference", "abuse-bounces+%s@example.net", tag, FALSE },
        { "an empty reference", "abuse-bounces+-%s@example.net", tag, FALSE },
        { "nothing behind the delimiter", "abuse-bounces+%s@example.net", "", FALSE },
        { "untagged", "abuse-bounces%s@example.net", "", FALSE },
        { "shorter than ours", "a%s@example.net", "", FALSE },
        { "no address", "%s", "", FALSE },
        { "no domain", "abuse-bounces+A-7F3K2Q-%s", tag, FALSE },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) halves = g_strsplit(cases[i].format, "%s", 2);
        g_autofree char *recipient = g_strjoinv(cases[i].tag, halves);
        g_autofree char *upper = g_ascii_strup(recipient, -1);
        g_autofree char *lower = g_ascii_strdown(recipient, -1);
        const char *const spellings[] = { recipient, upper, lower };

        for (guint s = 0; s < G_N_ELEMENTS(spellings); s++) {
            g_autofree char *got = bounce_reference(secret, OWN, spellings[s]);
            g_test_message("%s: %s", cases[i].why, spellings[s]);
            g_assert_cmpstr(got, ==, cases[i].good ? "A-7F3K2Q" : NULL);
        }
    }
}

/* Each single character counts. */
static void test_altered(void)
{
    g_autoptr(Secret) secret = secret_dummy();
    g_autofree char *sender = bounce_sender(secret, OWN, "A-7F3K2Q");

    g_assert_true(mailbox_valid(sender));
    g_autofree char *right = bounce_reference(secret, OWN, sender);
    g_assert_cmpstr(right, ==, "A-7F3K2Q");
    for (gsize i = 0; i < strlen(sender); i++) {
        g_autofree char *altered = g_strdup(sender);
        altered[i] = altered[i] == '0' ? '1' : '0';
        g_autofree char *got = bounce_reference(secret, OWN, altered);
        g_assert_null(got);
    }
}

static void test_senders(void)
{
    static const struct {
        const char *why, *envelope_from, *want; /* the part before the tag */
    } cases[] = {
        { "as it should be", OWN, "abuse-bounces+A-7F3K2Q-" },
        { "null sender", "", "" },
        { "none", NULL, "" },
        { "has a delimiter of its own", "abuse+b@example.net", "abuse+b+A-7F3K2Q-" },
        { "at the limit", "abcdefghijklmnopqrstuvwxyzabcdefghijkl@example.net",
          "abcdefghijklmnopqrstuvwxyzabcdefghijkl+A-7F3K2Q-" },
    };
    g_autoptr(Secret) secret = secret_dummy();

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *from = cases[i].envelope_from;
        g_autofree char *sender = bounce_sender(secret, from, "A-7F3K2Q");
        g_test_message("%s", cases[i].why);
        g_assert_true(g_str_has_prefix(sender, cases[i].want));
        if (*cases[i].want == '\0') {
            g_assert_cmpstr(sender, ==, "");
            continue;
        }
        g_assert_true(mailbox_valid(sender));
        g_autofree char *reference = bounce_reference(secret, from, sender);
        g_assert_cmpstr(reference, ==, "A-7F3K2Q");
    }
}

/* With the longest reference the limit fills RFC 5321's 64 octets; one more is sent
 * without a tag. */
static void test_sender_limit(void)
{
    g_autoptr(Secret) secret = secret_dummy();

    for (gsize n = CONFIG_ENVELOPE_LOCAL_MAX; n <= CONFIG_ENVELOPE_LOCAL_MAX + 1; n++) {
        g_autofree char *local = g_strnfill(n, 'x');
        g_autofree char *from = g_strconcat(local, "@example.net", NULL);
        g_autofree char *sender = bounce_sender(secret, from, "A-7F3K2Q7F3K2Q");

        if (n == CONFIG_ENVELOPE_LOCAL_MAX)
            g_assert_cmpuint(strcspn(sender, "@"), ==, MAILBOX_LOCAL_MAX);
        else
            g_assert_cmpstr(sender, ==, from);
    }
}

static void test_intake(void)
{
    g_autoptr(Secret) secret = secret_dummy();
    Config config = { .envelope_from = (char *)OWN };
    g_autofree char *sender = bounce_sender(secret, OWN, "A-7F3K2Q");
    g_autofree char *bounce = bounce_intake(secret, &config, "", sender);
    g_autofree char *mail = bounce_intake(secret, &config, "someone@example.org", sender);
    g_autofree char *plain = bounce_intake(secret, &config, "", OWN);

    g_assert_cmpstr(bounce, ==, "A-7F3K2Q");
    g_assert_null(mail);
    g_assert_null(plain);
    config.envelope_from = (char *)"";
    g_autofree char *none = bounce_intake(secret, &config, "", sender);
    g_assert_null(none);
}

/* ---- letters */

static void test_shown_limit(void)
{
    for (guint n = BOUNCE_SHOWN_MAX; n <= BOUNCE_SHOWN_MAX + 1; n++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) failures = g_ptr_array_new_with_free_func(g_free);
        const LedgerNoticeInfo notice = { .ticket = (char *)"",
                                          .class_id = (char *)"",
                                          .customer = (char *)"C-1",
                                          .recipients = (char *[]){ NULL } };
        const BounceLetter letter = { .notice = &notice,
                                      .reference = "A-ABCDEF",
                                      .failures = failures,
                                      .signer = "",
                                      .why = "so" };

        for (guint i = 0; i < n; i++) {
            BounceFailure *failure = g_new(BounceFailure, 1);
            *failure = (BounceFailure){ "a@example.org", "5.1.1", "", TRUE };
            g_ptr_array_add(failures, failure);
        }
        g_autoptr(GString) text = bounce_text_desk(&letter);
        g_assert_cmpint(strstr(text->str, "and 1 more\n") != NULL, ==, n > BOUNCE_SHOWN_MAX);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bounce/tags", test_tags);
    g_test_add_func("/bounce/altered", test_altered);
    g_test_add_func("/bounce/senders", test_senders);
    g_test_add_func("/bounce/sender-limit", test_sender_limit);
    g_test_add_func("/bounce/intake", test_intake);
    g_test_add_func("/bounce/shown-limit", test_shown_limit);
    return g_test_run();
}
