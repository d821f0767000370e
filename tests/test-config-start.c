/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of config: what must hold before a daemon starts with it: keys that need each other,
 * programs and modes of files. */
#include "config-fixture.h"
#include "fixture.h"

#include <glib/gstdio.h>
#include <sys/prctl.h>

#define CLIENT "[provenance]\nrequire=client\nclients=192.0.2.1\n"
#define FOUR                                                                                       \
    "[notices]\nmode=live\nfrom=a@example.net\nreply-to=a@example.net\n"                           \
    "envelope-from=a@example.net\ndesk=a@example.net\n"
#define NO_DESK                                                                                    \
    "[notices] desk: empty, so that nobody gets the pilot's summaries; expected the abuse "        \
    "desk's address"

static const struct {
    const char *name, *text, *want;
} starts[] = {
    { "live", CLIENT FOUR, "" },
    { "pilot without addresses", CLIENT, "t.conf: warning: " NO_DESK },
    { "pilot, null sender", CLIENT "[notices]\nenvelope-from=<>\ndesk=a@example.net\n", "" },
    { "require not given", FOUR, "" },
    { "client among others, without networks", "[provenance]\nrequire=dkim+client;pgp\n" FOUR,
      "t.conf: [provenance] clients: empty, so that require=client proves nothing; expected the "
      "networks of the hosts that hand in CERT-Bund's mail" },
    { "client without networks", "[provenance]\nrequire=client\n" FOUR,
      "t.conf: [provenance] clients: empty, so that require=client proves nothing; expected the "
      "networks of the hosts that hand in CERT-Bund's mail" },
    { "no intake", "[intake]\nsenders=\n" CLIENT FOUR,
      "t.conf:2: [intake] recipients and senders are both empty, so that no mail is ever looked "
      "at; expected one of them" },
    { "recipients alone", "[intake]\nsenders=\nrecipients=a@example.net\n" CLIENT FOUR, "" },
    { "live with nothing", CLIENT "[notices]\nmode=live\nenvelope-from=<>\n",
      "t.conf: [notices] from: empty; expected an address unless mode=pilot\n"
      "t.conf: [notices] reply-to: empty; expected an address unless mode=pilot\n"
      "t.conf:6: [notices] envelope-from: empty; expected an address unless mode=pilot\n"
      "t.conf: [notices] desk: empty; expected an address unless mode=pilot" },
    { "redirect", CLIENT "[notices]\nmode=redirect:a@example.net\nfrom=a@example.net\n"
      "reply-to=a@example.net\nenvelope-from=a@example.net\n",
      "t.conf: [notices] desk: empty; expected an address unless mode=pilot" },
    { "handled-to for nobody", CLIENT FOUR "[original]\ndisposition=discard\n"
      "handled-to=a@example.net\n",
      "t.conf:12: [original] handled-to: of no use with disposition=discard; expected it empty, or "
      "disposition=keep" },
    { "summaries for nobody", CLIENT "[original]\ndisposition=rewrite\n",
      "t.conf: warning: " NO_DESK "\n"
      "t.conf:5: [original] disposition: \"rewrite\" makes summaries for the desk; expected "
      "[notices] desk=" },
    { "single, of what is kept", CLIENT FOUR "[original]\nrewrite-single=yes\n",
      "t.conf:11: warning: [original] rewrite-single: of no use with disposition=keep; expected "
      "disposition=rewrite" },
    { "single, and to be signed", CLIENT FOUR "sign-key=/nonexistent\n[original]\n"
      "disposition=rewrite\nrewrite-single=yes\n",
      "t.conf:13: [original] rewrite-single: a mail in hand is not signed, and sign-key= is set; "
      "expected no" },
    { "rewrite", CLIENT FOUR "[original]\ndisposition=rewrite\nrewrite-single=yes\n", "" },
    { "sendmail that is there", CLIENT FOUR "[submission]\nvia=sendmail:/bin/sh\n", "" },
    { "sendmail that is not", CLIENT FOUR "[submission]\nvia=sendmail:/nonexistent\n",
      "t.conf:11: [submission] via: \"sendmail:/nonexistent\" names no program that can be run; "
      "expected the path of sendmail(1)" },
    { "sendmail is a folder", CLIENT FOUR "[submission]\nvia=sendmail:/\n",
      "t.conf:11: [submission] via: \"sendmail:/\" names no program that can be run; expected the "
      "path of sendmail(1)" },
};

static void test_start(void)
{
    if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1) {
        g_test_skip("this process may gain no privileges: sendmail can't be tried");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_test_message("%s", starts[i].name);
        g_autoptr(Config) config = config_good(starts[i].text);
        g_autoptr(Faults) faults = faults_new();
        config_check_start(config, faults);
        g_autofree char *got = config_faults(faults);
        g_assert_cmpstr(got, ==, starts[i].want);
    }
}

/* no_new_privs can't be taken back: in a process of its own */
static void test_no_new_privs(void)
{
    if (g_test_subprocess()) {
        g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L), ==, 0);
        g_autoptr(Config) config = config_good(CLIENT FOUR "[submission]\nvia=sendmail:/bin/sh\n");
        g_autoptr(Faults) faults = faults_new();
        config_check_start(config, faults);
        g_autofree char *got = config_faults(faults);
        g_assert_cmpstr(got, ==,
                        "t.conf:11: [submission] via: \"sendmail:/bin/sh\" can't work in a process "
                        "that may gain no privileges; expected smtp://HOST:PORT, or "
                        "NoNewPrivileges=no in the unit");
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed();
}

/* The password's file: whom its mode lets in decides, and only when via= names a user. */
static const struct {
    const char *via;
    int mode; /* -1: no file */
    gboolean fine;
} netrcs[] = {
    { "smtps://user@mail.example.net", 0600, TRUE },
    { "smtps://user@mail.example.net", 0640, TRUE },
    { "smtps://user@mail.example.net", 0644, FALSE },
    { "smtps://user@mail.example.net", 0601, FALSE },
    { "smtps://user@mail.example.net", -1, TRUE },
    { "smtp://user@mail.example.net:587", 0644, FALSE },
    { "smtp://127.0.0.1:10025", 0644, TRUE },
};

static void test_netrc(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(netrcs); i++) {
        g_autofree char *text
            = g_strdup_printf(CLIENT FOUR "[submission]\nvia=%s\n", netrcs[i].via);
        g_autofree char *want = g_strdup_printf(
            "./netrc: mode %04o, so that everybody may have the passwords in it; expected 0600, "
            "or 0640 with the daemon's group",
            (guint)netrcs[i].mode & 07777);
        g_autoptr(Config) config = config_good(text);
        g_autoptr(Faults) faults = faults_new();
        g_test_message("%s, %o", netrcs[i].via, (guint)netrcs[i].mode);
        if (netrcs[i].mode >= 0) {
            g_assert_true(g_file_set_contents("netrc", "machine mail.example.net\n", -1, NULL));
            g_assert_cmpint(g_chmod("netrc", netrcs[i].mode), ==, 0);
        }
        config_check_start(config, faults);
        g_autofree char *got = config_faults(faults);
        g_assert_cmpstr(got, ==, netrcs[i].fine ? "" : want);
        (void)g_unlink("netrc");
    }
}

static void replace(char **text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(*text, what, -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    g_free(*text);
    *text = g_strjoinv(by, parts);
}

static void test_example_starts(void)
{
    g_autofree char *text = config_shipped("contrib", "certbund-milter.conf");
    replace(&text, "\n#recipients=\n", "\nrecipients=abuse@example.net\n");
    g_autoptr(Config) config = config_good(text);
    g_autoptr(Faults) faults = faults_new();
    config_check_start(config, faults);
    g_autofree char *got = config_faults(faults);
    g_assert_cmpstr(got, ==, "t.conf: warning: " NO_DESK);
}

static void add(void)
{
    g_test_add_func("/config/start/faults", test_start);
    g_test_add_func("/config/start/no-new-privs", test_no_new_privs);
    g_test_add_func("/config/start/netrc", test_netrc);
    g_test_add_func("/config/shipped/example-starts", test_example_starts);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}
