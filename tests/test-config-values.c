/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of config: every type's good and bad values, each bound at its limit and one above. */
#include "config-fixture.h"
#include "fixture.h"

#include <string.h>

#define LOCAL_38 "abcdefghijklmnopqrstuvwxyzabcdefghijkl" /* CONFIG_ENVELOPE_LOCAL_MAX */

typedef struct {
    const char *group, *key, *text, *want;
} Case;

static const ConfigKey *key_of(const char *group, const char *name)
{
    for (guint i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].group, group) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    g_error("no key [%s] %s", group, name);
}

static char *file_with(const char *group, const char *key, const char *value)
{
    return g_strdup_printf("[%s]\n%s=%s\n", group, key, value);
}

/* sun_path of sockaddr_un has 108 bytes (unix(7)), one of them NUL. */
#define PATH_100                                                                                   \
    "/23456789/23456789/23456789/23456789/23456789/23456789/23456789/23456789/23456789/23456789"

static const Case good[] = {
    { "milter", "socket", "local:/run/x.sock", "unix:/run/x.sock" },
    { "milter", "socket", "unix:" PATH_100 "/2345678901234567", "unix:" PATH_100
      "/2345678901234567" }, /* 107 bytes */
    { "milter", "socket", "inet:8891@localhost", "inet:8891@localhost" },
    { "milter", "socket", "inet:8891@192.0.2.1", "inet:8891@192.0.2.1" },
    { "milter", "socket", "inet:1", "inet:1" },
    { "milter", "socket", "inet:65535", "inet:65535" },
    { "milter", "socket", "inet6:8891@2001:db8::1", "inet6:8891@2001:db8::1" },
    { "milter", "socket", "inet6:8891@[2001:db8::1]", "inet6:8891@[2001:db8::1]" },
    { "milter", "socket", "fd:3", "fd:3" },
    { "milter", "mode", "0000", "0" },
    { "milter", "mode", "777", "511" },
    { "milter", "mode", "0777", "511" },
    { "milter", "group", "", "" },
    { "milter", "user", "", "" },
    { "intake", "recipients", "Abuse@Example.NET; @example.org ;",
      "abuse@example.net;@example.org" },
    { "intake", "senders", "", "" },
    { "intake", "max-size", "1024", "1024" },
    { "intake", "max-size", "1 KiB", "1024" },
    { "intake", "max-size", "512KiB", "524288" },
    { "intake", "max-size", "1 GiB", "1073741824" },
    { "intake", "max-size", "1073741824", "1073741824" },
    { "provenance", "require", "client", ";+client" },
    { "provenance", "require", "dkim + pgp ; client", ";+pgp+dkim;+client" },
    { "provenance", "require", "auth-results;smime", ";+auth-results;+smime" },
    { "provenance", "dkim-domains", "Example.NET", "example.net" },
    { "provenance", "authserv-id", "", "" },
    { "provenance", "nameservers", "", "" },
    { "provenance", "nameservers", "127.0.0.1; 192.0.2.1:5353 ;2001:DB8::1;[2001:db8::2]:54;[192.0.2.2]:1",
      "127.0.0.1:53;192.0.2.1:5353;[2001:db8::1]:53;[2001:db8::2]:54;192.0.2.2:1" },
    { "provenance", "keys", "0123 4567 89ab cdef 0123  4567 89AB CDEF 0123 4567;"
      "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF",
      "0123456789ABCDEF0123456789ABCDEF01234567;"
      "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF" },
    { "provenance", "clients", "192.0.2.0/24; 2001:db8::/32 ;198.51.100.7",
      "192.0.2.0/24;2001:db8::/32;198.51.100.7" },
    { "shadowserver", "enabled", "yes", "1" },
    { "shadowserver", "senders", "Reports@Example.NET;@example.com",
      "reports@example.net;@example.com" },
    { "shadowserver", "require", "client+pgp", ";+client+pgp" },
    { "shadowserver", "dkim-domains", "Example.COM", "example.com" },
    { "shadowserver", "clients", "203.0.113.0/24", "203.0.113.0/24" },
    { "provenance", "max-age", "0", "0" },
    { "provenance", "max-age", "0s", "0" },
    { "provenance", "max-age", "30s", "30" },
    { "provenance", "max-age", "5m", "300" },
    { "provenance", "max-age", "24h", "86400" },
    { "provenance", "max-age", "2 w", "1209600" },
    { "provenance", "max-age", "100y", "3153600000" },
    { "provenance", "max-age", "3153600000s", "3153600000" },
    { "customers", "source", "csv:/srv/customers.csv", "/srv/customers.csv" },
    { "customers", "max-change", "0", "0" },
    { "customers", "max-change", "100%", "100" },
    { "customers", "max-change", "5 %", "5" },
    { "templates", "directories", "/a;/b/c;", "/a;/b/c" },
    { "templates", "unknown-class", "notify", "1" },
    { "notices", "mode", "live", "1 " },
    { "notices", "mode", "redirect:test@example.net", "2 test@example.net" },
    { "notices", "live-classes", "open-telnet;open-portmapper", "open-telnet;open-portmapper" },
    { "notices", "from", "abuse@example.net", "abuse@example.net" },
    { "notices", "from", "Missbrauch Köln <abuse@example.net>",
      "Missbrauch Köln <abuse@example.net>" },
    { "notices", "from", "\"Abuse, Team\" <abuse@example.net>",
      "\"Abuse, Team\" <abuse@example.net>" },
    { "notices", "from", "\"The \\\\\"A\\\\\" Team\" <abuse@example.net>",
      "\"The \\\"A\\\" Team\" <abuse@example.net>" }, /* GKeyFile wants \\ for \ */
    { "notices", "from", "<abuse@example.net>", "<abuse@example.net>" },
    { "notices", "envelope-from", "bounce@example.net", "bounce@example.net" },
    { "notices", "envelope-from", "<>", "" },
    { "notices", "envelope-from", LOCAL_38 "@example.net", LOCAL_38 "@example.net" },
    { "notices", "brake-customers", "0", "0" },
    { "notices", "brake-customers", "1000000", "1000000" },
    { "notices", "brake-notices", "0", "0" },
    { "notices", "brake-notices", "2000", "2000" },
    { "notices", "brake-notices", "100000000", "100000000" },
    { "notices", "throttle", "0", "0" },
    { "notices", "throttle", "60000/min", "60000" },
    { "notices", "renotify-after", "100y", "3153600000" },
    { "notices", "digest-at", "23:59 +05:30", "23:59 +05:30" },
    { "original", "unassigned", "daily", "1" },
    { "notices", "throttle", "60 /min", "60" },
    { "notices", "renotify-after", "0", "0" },
    { "notices", "renotify-after", "1w", "604800" },
    { "notices", "renotify-critical", "1d", "86400" },
    { "notices", "sign-key", "0", "" },
    { "notices", "sign-key", "/etc/ssl/private/abuse.pem", "/etc/ssl/private/abuse.pem" },
    { "notices", "sign-key", "0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567",
      "0123456789ABCDEF0123456789ABCDEF01234567" },
    { "original", "disposition", "keep", "keep" },
    { "original", "disposition", "rewrite", "rewrite" },
    { "original", "disposition", "discard", "discard" },
    { "original", "rewrite-single", "false", "0" },
    { "original", "rewrite-single", "yes", "1" },
    { "original", "handled-to", "archive@example.net", "archive@example.net" },
    { "original", "unassigned", "report", "0" },
    { "submission", "via", "smtp://[2001:db8::1]:65535", "smtp://[2001:db8::1]:65535" },
    { "submission", "via", "smtp://mx.example.net:1", "smtp://mx.example.net:1" },
    { "submission", "via", "smtp://mx.example.net", "smtp://mx.example.net" },
    { "submission", "via", "smtps://milter@mx.example.net", "smtps://milter@mx.example.net" },
    { "submission", "via", "sendmail:/usr/sbin/sendmail", "sendmail:/usr/sbin/sendmail" },
    { "ledger", "path", "/srv/ledger.db", "/srv/ledger.db" },
    { "ledger", "keep-content", "0", "0" },
    { "ledger", "keep-content", "3153600000s", "3153600000" },
    { "ledger", "keep-proof", "1095d", "94608000" },
    { "ledger", "keep-proof", "100y", "3153600000" },
};

static void test_good(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_test_message("[%s] %s=%s", good[i].group, good[i].key, good[i].text);
        g_autofree char *text = file_with(good[i].group, good[i].key, good[i].text);
        g_autoptr(Config) config = config_good(text);
        g_autofree char *value = config_value(config, key_of(good[i].group, good[i].key));
        g_assert_cmpstr(value, ==, good[i].want);
        g_assert_cmpuint(config_line(config, good[i].group, good[i].key), ==, 2);
    }
}

#define SOCKETS "expected unix:/PATH, inet:PORT@HOST, inet6:PORT@HOST or fd:N"
#define INET "expected inet:PORT@HOST with a port from 1 to 65535"
#define SIZES "expected bytes or a number of KiB, MiB or GiB, as in 40 MiB"
#define AGES "expected a number of s, m, h, d, w or y, as in 14d, or 0"
#define AN_ADDRESS "expected an address, as in abuse@example.net"
#define INTAKE "expected abuse@example.net, or @example.net for a whole domain"
#define MAILBOX                                                                                    \
    "expected an address, or a name and the address in <>, the name in quotes if it has a comma"
#define EVIDENCE                                                                                   \
    "expected dkim, pgp, smime, client or auth-results, joined by + where all must be"
#define DAYTIME                                                                                    \
    "is no time of day; expected HH:MM and a zone that this machine knows, as in 07:00 "           \
    "Europe/Berlin or 06:00 UTC"
#define SERVERS                                                                                    \
    "is no name server; expected its address, as in 127.0.0.1, 192.0.2.53:5353 or "                \
    "[2001:db8::53]:53"
#define FINGERPRINTS                                                                               \
    "is no fingerprint; expected all 40 or 64 hexadecimal digits of it, not a key's short id"
#define SIGN_KEY                                                                                   \
    "expected the fingerprint of a PGP key in gnupg-home=, or the path of a PEM file with a key "  \
    "and its certificate"
#define URLS                                                                                       \
    "is no URL; expected smtp://HOST:PORT with a port from 1 to 65535, smtps://HOST:PORT or "      \
    "sendmail:/PATH"
#define PASSWORD                                                                                   \
    "has a password, and this file may be read by many; expected it in the file netrc beside " \
    "this one"

/* want stands behind "t.conf:2: [group] key: ". */
static const Case bad[] = {
    { "milter", "socket", "", "\"\" is no socket; " SOCKETS },
    { "milter", "socket", "/run/x.sock", "\"/run/x.sock\" is no socket; " SOCKETS },
    { "milter", "socket", "tcp:1", "\"tcp:1\" is no socket; " SOCKETS },
    { "milter", "socket", "fd:", "\"fd:\" is no socket; " SOCKETS },
    { "milter", "socket", "fd:12345", "\"fd:12345\" is no socket; " SOCKETS },
    { "milter", "socket", "unix:certbund/x.sock",
      "\"unix:certbund/x.sock\" is no socket; expected unix: and an absolute path" },
    { "milter", "socket", "unix:" PATH_100 "/23456789012345678",
      "\"unix:/23456789/23456789/23456789/23456789/23456789/234567...\" has 108 bytes of path; "
      "expected at most 107" },
    { "milter", "socket", "inet:localhost:8891",
      "\"inet:localhost:8891\" is Postfix's spelling; expected inet:8891@localhost" },
    { "milter", "socket", "inet6:[2001:db8::1]:8891",
      "\"inet6:[2001:db8::1]:8891\" is Postfix's spelling; expected inet6:8891@[2001:db8::1]" },
    { "milter", "socket", "inet:0@localhost", "\"inet:0@localhost\" is no socket; " INET },
    { "milter", "socket", "inet:65536", "\"inet:65536\" is no socket; " INET },
    { "milter", "socket", "inet:8891@a b", "\"inet:8891@a b\" is no socket; " INET },
    { "milter", "mode", "rw", "\"rw\" is no file mode; expected three octal digits, as in 0660" },
    { "milter", "mode", "068", "\"068\" is no file mode; expected three octal digits, as in 0660" },
    { "milter", "mode", "1000", "\"1000\" is out of range; expected 0000 to 0777" },
    { "milter", "user", "a b", "\"a b\" is no user; expected one word" },
    { "intake", "recipients", "abuse", "\"abuse\" is no mail address; " INTAKE },
    { "intake", "recipients", "abuse@example.net;@", "\"@\" is no mail address; " INTAKE },
    { "intake", "senders", "a@b@example.net", "\"a@b@example.net\" is no mail address; " INTAKE },
    { "intake", "max-size", "40 MB", "\"40 MB\" is no size; " SIZES },
    { "intake", "max-size", "", "\"\" is no size; " SIZES },
    { "intake", "max-size", "-1", "\"-1\" is no size; " SIZES },
    { "intake", "max-size", "1023", "\"1023\" is out of range; expected 1 KiB to 1 GiB" },
    { "intake", "max-size", "1073741825",
      "\"1073741825\" is out of range; expected 1 KiB to 1 GiB" },
    { "intake", "max-size", "18446744073709551616",
      "\"18446744073709551616\" is out of range; expected 1 KiB to 1 GiB" },
    { "intake", "max-size", "17179869184 GiB", /* 2^64 bytes */
      "\"17179869184 GiB\" is out of range; expected 1 KiB to 1 GiB" },
    { "provenance", "require", "client;spf", "\"spf\" is no evidence; " EVIDENCE },
    { "provenance", "require", "dkim+", "\"dkim+\" is no evidence; " EVIDENCE },
    { "provenance", "require", "DKIM", "\"DKIM\" is no evidence; " EVIDENCE },
    { "provenance", "require", "",
      "\"\" would prove nothing; expected at least one kind of evidence, as in client" },
    { "provenance", "authserv-id", "two words", "\"two words\" is no name; expected one word" },
    { "provenance", "dkim-domains", "@example.net",
      "\"@example.net\" is no domain; expected one as in example.net" },
    { "provenance", "nameservers", "dns.example.net", "\"dns.example.net\" " SERVERS },
    { "provenance", "nameservers", "192.0.2.1:0", "\"192.0.2.1:0\" " SERVERS },
    { "provenance", "nameservers", "192.0.2.1:65536", "\"192.0.2.1:65536\" " SERVERS },
    { "provenance", "nameservers", "[192.0.2.1", "\"[192.0.2.1\" " SERVERS },
    { "provenance", "nameservers", "[]:53", "\"[]:53\" " SERVERS },
    { "provenance", "keys", "A26B180F1C", "\"A26B180F1C\" " FINGERPRINTS },
    { "provenance", "keys", "0x0123456789ABCDEF0123456789ABCDEF01234567",
      "\"0x0123456789ABCDEF0123456789ABCDEF01234567\" " FINGERPRINTS },
    { "provenance", "keys", "0123456789ABCDEF0123456789ABCDEF012345678",
      "\"0123456789ABCDEF0123456789ABCDEF012345678\" " FINGERPRINTS },
    { "provenance", "max-age", "14", "\"14\" is no length of time; " AGES },
    { "provenance", "max-age", "14 days", "\"14 days\" is no length of time; " AGES },
    { "provenance", "max-age", "-1d", "\"-1d\" is no length of time; " AGES },
    { "provenance", "max-age", "101y", "\"101y\" is out of range; expected 0 to 100y" },
    { "provenance", "max-age", "3153600001s",
      "\"3153600001s\" is out of range; expected 0 to 100y" },
    { "customers", "source", "customers.csv",
      "\"customers.csv\" is no source of customers; expected csv: and an absolute path" },
    { "customers", "source", "csv:customers.csv",
      "\"csv:customers.csv\" is no source of customers; expected csv: and an absolute path" },
    { "customers", "max-change", "101%", "\"101%\" is out of range; expected 0 to 100%" },
    { "customers", "max-change", "a third",
      "\"a third\" is no percentage; expected 0% to 100%" },
    { "templates", "directories", ";",
      "\";\" names no directory; expected at least one" },
    { "templates", "directories", "/a;b",
      "\"b\" is no absolute path; expected one that begins with /" },
    { "templates", "unknown-class", "drop", "\"drop\" is unknown; expected hold or notify" },
    { "notices", "mode", "production",
      "\"production\" is no mode; expected pilot, live or redirect:ADDRESS" },
    { "notices", "mode", "redirect:",
      "\"redirect:\" is no mode; expected redirect: and an address, as in "
      "redirect:test@example.net" },
    { "notices", "mode", "pilot # for now",
      "\"pilot # for now\" is no mode; expected pilot, live or redirect:ADDRESS" },
    { "notices", "live-classes", "Open Telnet",
      "\"Open Telnet\" is no class; expected a-z, 0-9 and '-', as in open-telnet" },
    { "notices", "from", "Abuse, Team <abuse@example.net>",
      "\"Abuse, Team <abuse@example.net>\" is no mailbox; " MAILBOX },
    { "notices", "from", "Abuse <abuse>", "\"Abuse <abuse>\" is no mailbox; " MAILBOX },
    { "notices", "from", "\"Abuse <abuse@example.net>",
      "\"\"Abuse <abuse@example.net>\" is no mailbox; " MAILBOX },
    { "notices", "from", "A\\nBcc: x <abuse@example.net>",
      "\"A?Bcc: x <abuse@example.net>\" has a control character; expected plain text" },
    { "notices", "from", "A\\d <abuse@example.net>",
      "unknown sequence behind a backslash; expected \\\\ for a backslash, \\s, \\t, \\n or \\r" },
    { "notices", "reply-to", "a@example.net, b@example.net",
      "\"a@example.net, b@example.net\" is no mailbox; " MAILBOX },
    { "notices", "envelope-from", "abuse", "\"abuse\" is no mail address; " AN_ADDRESS },
    { "notices", "envelope-from", "x" LOCAL_38 "@example.net",
      "\"x" LOCAL_38 "@example.net\" has more than 38 characters before the '@', and each notice's "
      "tag needs room there; expected a shorter one" },
    { "notices", "desk", "<desk@example.net>",
      "\"<desk@example.net>\" is no mail address; " AN_ADDRESS },
    { "notices", "desk", "<>", "\"<>\" is no mail address; " AN_ADDRESS },
    { "notices", "brake-customers", "1000001",
      "\"1000001\" is out of range; expected 0 to 1000000" },
    { "notices", "brake-customers", "many", "\"many\" is no number; expected digits, as in 200" },
    { "notices", "brake-notices", "100000001",
      "\"100000001\" is out of range; expected 0 to 100000000" },
    { "notices", "throttle", "60001/min", "\"60001/min\" is out of range; expected 0 to 60000/min" },
    { "notices", "renotify-after", "101y", "\"101y\" is out of range; expected 0 to 100y" },
    { "notices", "renotify-critical", "soon",
      "\"soon\" is no length of time; expected a number of s, m, h, d, w or y, as in 14d, or 0" },
    { "notices", "sign-key", "abuse@example.net", "\"abuse@example.net\" is no key; " SIGN_KEY },
    { "notices", "sign-key", "0123456789ABCDEF", "\"0123456789ABCDEF\" is no key; " SIGN_KEY },
    { "original", "disposition", "bounce",
      "\"bounce\" is unknown; expected keep or rewrite or discard" },
    { "original", "rewrite-single", "maybe", "\"maybe\" is no answer; expected yes or no" },
    { "original", "unassigned", "weekly", "\"weekly\" is unknown; expected report or daily" },
    { "notices", "digest-at", "7:00 UTC", "\"7:00 UTC\" " DAYTIME },
    { "notices", "digest-at", "24:00 UTC", "\"24:00 UTC\" " DAYTIME },
    { "notices", "digest-at", "07:60 UTC", "\"07:60 UTC\" " DAYTIME },
    { "notices", "digest-at", "07:00", "\"07:00\" " DAYTIME },
    { "notices", "digest-at", "07:00 Middle/Earth", "\"07:00 Middle/Earth\" " DAYTIME },
    { "original", "handled-to", "x", "\"x\" is no mail address; " AN_ADDRESS },
    { "submission", "via", "127.0.0.1:10025", "\"127.0.0.1:10025\" " URLS },
    { "submission", "via", "", "\"\" " URLS },
    { "submission", "via", "http://mx.example.net",
      "\"http://mx.example.net\" is no way to an MTA; expected smtp://HOST:PORT, "
      "smtps://HOST:PORT or sendmail:/PATH" },
    { "submission", "via", "smtp://mx.example.net:65536", "\"smtp://mx.example.net:65536\" " URLS },
    { "submission", "via", "smtp://mx.example.net:0",
      "\"smtp://mx.example.net:0\" has no port that can be; expected 1 to 65535" },
    { "submission", "via", "smtp://:25",
      "\"smtp://:25\" has no host; expected a name or address, as in smtp://127.0.0.1:10025" },
    { "submission", "via", "smtps://me:secret@mx.example.net",
      "\"smtps://me:***@mx.example.net\" " PASSWORD },
    { "submission", "via", "smtp://me:sec ret@mx.example.net",
      "\"smtp://me:***@mx.example.net\" " URLS },
    { "submission", "via", "smtp://mx.example.net/helo",
      "\"smtp://mx.example.net/helo\" goes on behind the port; expected no path, ? or #" },
    { "submission", "via", "smtp://mx.example.net?x",
      "\"smtp://mx.example.net?x\" goes on behind the port; expected no path, ? or #" },
    { "submission", "via", "sendmail:sendmail",
      "\"sendmail:sendmail\" is no program; expected sendmail: and an absolute path, as in "
      "sendmail:/usr/sbin/sendmail" },
    { "ledger", "path", "ledger.db",
      "\"ledger.db\" is no absolute path; expected one that begins with /" },
    { "ledger", "keep-content", "3153600001s",
      "\"3153600001s\" is out of range; expected 0 to 100y" },
    { "ledger", "keep-proof", "101y", "\"101y\" is out of range; expected 0 to 100y" },
};

static void test_bad(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("[%s] %s=%s", bad[i].group, bad[i].key, bad[i].text);
        g_autoptr(Faults) faults = faults_new();
        g_autofree char *text = file_with(bad[i].group, bad[i].key, bad[i].text);
        g_autofree char *want = g_strdup_printf(CONFIG_NAME ":2: [%s] %s: %s", bad[i].group,
                                                bad[i].key, bad[i].want);
        g_assert_null(config_made(text, -1, faults));
        g_autofree char *got = config_faults(faults);
        g_assert_cmpstr(got, ==, want);
    }
}

/* networks are parsed elsewhere: only that the fault arrives */
static void test_bad_network(void)
{
    g_autoptr(Faults) faults = faults_new();
    g_assert_null(config_made("[provenance]\nclients=192.0.2.0/24;mx.example.net\n", -1, faults));
    g_assert_cmpuint(faults_errors(faults), ==, 1);
    const char *fault = faults_text(faults, 0);
    g_assert_true(g_str_has_prefix(
        fault, CONFIG_NAME ":2: [provenance] clients: \"mx.example.net\" is no network: "));
    g_assert_true(g_str_has_suffix(
        fault, "; expected one as in 192.0.2.0/24, 192.0.2.1 or 2001:db8::/32"));
}

static void add(void)
{
    g_test_add_func("/config/values/good", test_good);
    g_test_add_func("/config/values/bad", test_bad);
    g_test_add_func("/config/values/bad-network", test_bad_network);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}
