/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of config: every key's default, every type's good and bad values, each
 * bound at its limit and one above, and the files an operator gets from us: the
 * commented example and the man page name every key with its default. */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "config-table.h"

#define LOCAL_38 "abcdefghijklmnopqrstuvwxyzabcdefghijkl" /* CONFIG_ENVELOPE_LOCAL_MAX */
#define FILE_NAME "t.conf" /* in a folder of its own, the working directory */

static Config *load(const char *text, gssize length, Faults *faults)
{
    g_autoptr(GError) error = NULL;
    g_file_set_contents(FILE_NAME, text, length, &error);
    g_assert_no_error(error);
    return config_load(FILE_NAME, faults);
}

static Config *load_good(const char *text)
{
    g_autoptr(Faults) faults = faults_new();
    Config *config = load(text, -1, faults);
    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_nonnull(config);
    g_assert_cmpuint(faults_count(faults), ==, 0);
    return config;
}

static char *all_faults(const Faults *faults)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < faults_count(faults); i++)
        g_string_append_printf(all, "%s%s", i > 0 ? "\n" : "", faults_text(faults, i));
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static const ConfigKey *key_of(const char *group, const char *name)
{
    for (guint i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].group, group) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    g_error("no key [%s] %s", group, name);
}

static char *networks_of(const Networks *networks)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < networks->n; i++) {
        g_autofree char *network = network_format(&networks->items[i]);
        g_string_append_printf(all, "%s%s", i > 0 ? ";" : "", network);
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static char *alternatives_of(const guint *sets)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (const guint *set = sets; *set != 0; set++) {
        g_string_append_c(all, ';');
        for (Evidence evidence = 0; evidence < EVIDENCE_N; evidence++)
            if ((*set & EVIDENCE_BIT(evidence)) != 0)
                g_string_append_printf(all, "+%s", config_evidence_name(evidence));
    }
    return g_string_free(g_steal_pointer(&all), FALSE);
}

/* The key's field as text: numbers in decimal, lists with ';'. */
static char *value_of(const Config *config, const ConfigKey *key)
{
    gconstpointer field = G_STRUCT_MEMBER_P(config, key->offset);
    if (key->type->size == sizeof(guint64))
        return g_strdup_printf("%" G_GUINT64_FORMAT, *(const guint64 *)field);
    if (key->type->size == sizeof(guint))
        return g_strdup_printf("%u", *(const guint *)field);
    if (key->type == &config_type_networks)
        return networks_of(field);
    if (key->type == &config_type_notice_mode)
        return g_strdup_printf("%d %s", (int)config->mode, config->redirect_to);
    if (key->type == &config_type_require)
        return alternatives_of(*(guint *const *)field);
    if (key->type->clear == config_clear_list)
        return g_strjoinv(";", *(char **const *)field);
    g_assert_true(key->type->clear == config_clear_text);
    return g_strdup(*(char *const *)field);
}

typedef struct {
    const char *group, *key, *text, *want;
} Case;

/* design: "The config file, all keys with their defaults". */
static const Case defaults[] = {
    { "milter", "socket", "unix:/run/certbund-milter/milter.sock",
      "unix:/run/certbund-milter/milter.sock" },
    { "milter", "mode", "0660", "432" },
    { "milter", "group", "postfix", "postfix" },
    { "milter", "user", "certbund-milter", "certbund-milter" },
    { "intake", "recipients", "", "" },
    { "intake", "senders", "reports@reports.cert-bund.de;certbund@bsi.bund.de",
      "reports@reports.cert-bund.de;certbund@bsi.bund.de" },
    { "intake", "max-size", "40 MiB", "41943040" },
    { "provenance", "require", "dkim;pgp;smime", ";+dkim;+pgp;+smime" },
    { "provenance", "authserv-id", "", "" },
    { "provenance", "dkim-domains", "reports.cert-bund.de;bsi.bund.de",
      "reports.cert-bund.de;bsi.bund.de" },
    { "provenance", "nameservers", "", "" },
    { "provenance", "keys", "", "" },
    { "provenance", "gnupg-home", "/var/lib/certbund-milter/gnupg",
      "/var/lib/certbund-milter/gnupg" },
    { "provenance", "clients", "", "" },
    { "provenance", "max-age", "14d", "1209600" },
    { "shadowserver", "enabled", "no", "0" },
    { "shadowserver", "senders", "", "" },
    { "shadowserver", "require", "dkim;pgp;smime", ";+dkim;+pgp;+smime" },
    { "shadowserver", "dkim-domains", "", "" },
    { "shadowserver", "keys", "", "" },
    { "shadowserver", "clients", "", "" },
    { "customers", "source", "csv:/etc/certbund-milter/customers.csv",
      "/etc/certbund-milter/customers.csv" },
    { "customers", "max-age", "0", "0" },
    { "customers", "max-change", "30%", "30" },
    { "templates", "directories",
      "/etc/certbund-milter/templates;/usr/share/certbund-milter/templates",
      "/etc/certbund-milter/templates;/usr/share/certbund-milter/templates" },
    { "templates", "unknown-class", "hold", "0" },
    { "notices", "mode", "pilot", "0 " },
    { "notices", "live-classes", "", "" },
    { "notices", "from", "", "" },
    { "notices", "reply-to", "", "" },
    { "notices", "envelope-from", "", "" },
    { "notices", "desk", "", "" },
    { "notices", "brake-customers", "200", "200" },
    { "notices", "brake-notices", "2000", "2000" },
    { "notices", "throttle", "60/min", "60" },
    { "notices", "renotify-after", "7d", "604800" },
    { "notices", "renotify-critical", "24h", "86400" },
    { "notices", "digest-at", "06:00 UTC", "06:00 UTC" },
    { "notices", "sign-key", "", "" },
    { "original", "disposition", "keep", "keep" },
    { "original", "rewrite-single", "no", "0" },
    { "original", "handled-to", "", "" },
    { "original", "unassigned", "report", "0" },
    { "submission", "via", "smtp://127.0.0.1:10025", "smtp://127.0.0.1:10025" },
    { "ledger", "path", "/var/lib/certbund-milter/ledger.db",
      "/var/lib/certbund-milter/ledger.db" },
    { "ledger", "keep-content", "90d", "7776000" },
    { "ledger", "keep-proof", "3y", "94608000" },
};

/* An installation with other directories has other defaults; the rest is fixed. */
static gboolean is_place(const ConfigKey *key)
{
    return strchr(key->default_, '/') != NULL && key->type != &config_type_via
           && key->type != &config_type_rate;
}

static void test_defaults(void)
{
    g_autoptr(Config) config = load_good("");
    g_assert_cmpuint(config_n_keys, ==, G_N_ELEMENTS(defaults));
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *value = value_of(config, key);
        g_test_message("[%s] %s", defaults[i].group, defaults[i].key);
        g_assert_cmpstr(key->group, ==, defaults[i].group);
        g_assert_cmpstr(key->name, ==, defaults[i].key);
        if (is_place(key)) {
            g_assert_true(g_str_has_suffix(value, strrchr(defaults[i].want, '/')));
            continue;
        }
        g_assert_cmpstr(key->default_, ==, defaults[i].text);
        g_assert_cmpstr(value, ==, defaults[i].want);
        g_assert_cmpuint(config_line(config, key->group, key->name), ==, 0);
    }
    /* sha256 of nothing */
    g_assert_cmpstr(config->digest, ==,
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    g_autofree char *directory = config_state_directory(config);
    g_assert_true(g_str_has_suffix(directory, "/certbund-milter"));
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
        g_autoptr(Config) config = load_good(text);
        g_autofree char *value = value_of(config, key_of(good[i].group, good[i].key));
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
        g_autofree char *want = g_strdup_printf(FILE_NAME ":2: [%s] %s: %s", bad[i].group,
                                                bad[i].key, bad[i].want);
        g_assert_null(load(text, -1, faults));
        g_autofree char *got = all_faults(faults);
        g_assert_cmpstr(got, ==, want);
    }
}

/* networks are parsed elsewhere: only that the fault arrives */
static void test_bad_network(void)
{
    g_autoptr(Faults) faults = faults_new();
    g_assert_null(load("[provenance]\nclients=192.0.2.0/24;mx.example.net\n", -1, faults));
    g_assert_cmpuint(faults_errors(faults), ==, 1);
    const char *fault = faults_text(faults, 0);
    g_assert_true(g_str_has_prefix(
        fault, FILE_NAME ":2: [provenance] clients: \"mx.example.net\" is no network: "));
    g_assert_true(g_str_has_suffix(
        fault, "; expected one as in 192.0.2.0/24, 192.0.2.1 or 2001:db8::/32"));
}

static const struct {
    const char *name, *text, *want;
    gssize length;
} files[] = {
    { "line that is nothing", "[intake]\nmax-size 40 MiB\n",
      "t.conf:2: \"max-size 40 MiB\" is no setting; expected key=value, [group] or # comment", -1 },
    { "typo in a key", "[intake]\n\nmax-sice=1\n",
      "t.conf:3: [intake] max-sice: unknown key; expected perhaps max-size", -1 },
    { "typo in case", "[intake]\nMax-Size=1 MiB\n",
      "t.conf:2: [intake] Max-Size: unknown key; expected perhaps max-size", -1 },
    { "key of another group", "[intake]\ndesk=x@example.net\n",
      "t.conf:2: [intake] desk: unknown key; expected it in [notices]", -1 },
    { "key like nothing", "[intake]\nfrobnicate=1\n",
      "t.conf:2: [intake] frobnicate: unknown key; expected one of certbund-milter.conf(5)", -1 },
    { "locale of desktop files", "[notices]\nfrom[de]=x@example.net\n",
      "t.conf:2: [notices] from[de]: unknown key; expected one of certbund-milter.conf(5)", -1 },
    { "typo in a group", "[notice]\nfrom=nobody\nwhatever=1\n",
      "t.conf:1: [notice]: unknown group; expected perhaps [notices]", -1 },
    { "group like nothing", "[frobnicate]\n",
      "t.conf:1: [frobnicate]: unknown group; expected one of certbund-milter.conf(5)", -1 },
    { "group not closed, its keys still read", "[intake\nmax-size=x\n",
      "t.conf:1: [intake: the group is not closed; expected ]\n"
      "t.conf:2: [intake] max-size: \"x\" is no size; " SIZES, -1 },
    { "group twice", "[intake]\n[milter]\n[intake]\nmax-size=1 MiB\n",
      "t.conf:3: [intake]: stands in line 1 already; expected each group once", -1 },
    { "key twice, the same value", "[intake]\nmax-size=1 MiB\nmax-size=1 MiB\n",
      "t.conf:3: [intake] max-size: stands in line 2 already; expected each key once", -1 },
    { "key before any group", "max-size=1 MiB\n[intake]\n",
      "t.conf:1: max-size: stands before any group; expected a line like [milter] first", -1 },
    { "Latin-1", "# K\xf6ln\n[intake]\n",
      "t.conf:1: the line is no UTF-8 text; expected it in that encoding", -1 },
    { "NUL", "[intake]\nmax\0size=1\n",
      "t.conf:2: the line is no UTF-8 text; expected it in that encoding", 20 },
    { "terminal escapes in a key", "[intake]\n\x1b[31mred=1\n",
      "t.conf:2: [intake] ?[31mred: unknown key; expected one of certbund-milter.conf(5)", -1 },
};

static void test_files(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_test_message("%s", files[i].name);
        g_autoptr(Faults) faults = faults_new();
        g_assert_null(load(files[i].text, files[i].length, faults));
        g_autofree char *got = all_faults(faults);
        g_assert_cmpstr(got, ==, files[i].want);
    }
}

/* GKeyFile's own freedoms: comments, blanks, CRLF, no line end at the end. */
static void test_layout(void)
{
    g_autoptr(Config) config = load_good("\xef\xbb\xbf# comment\r\n\r\n  [intake]  \r\n"
                                         "  # another\r\n max-size = 2 MiB \r\n\t\r\n"
                                         "[customers]\r\nmax-change=7%");
    g_assert_cmpuint(config->max_size_bytes, ==, 2 << 20);
    g_assert_cmpuint(config->max_change_percent, ==, 7);
    g_assert_cmpuint(config_line(config, "intake", "max-size"), ==, 5);
    g_assert_cmpuint(config_line(config, "customers", "max-change"), ==, 8);
    Config *again = config_ref(config);
    g_assert_true(again == config);
    config_unref(again);
    config_unref(NULL);
}

/* issue: "check on a config with ten planted faults names all ten with file and line" */
static void test_ten_faults(void)
{
    g_autoptr(Faults) faults = faults_new();
    const char *text = "user=nobody\n"
                       "[milter]\n"
                       "socket=inet:localhost:8891\n"
                       "mode=0999\n"
                       "[intake]\n"
                       "recipients=abuse@example.net;colleague\n"
                       "max-size=40 MB\n"
                       "[provenance]\n"
                       "require=client\n"
                       "clients=192.0.2.0/33\n"
                       "max-age=a fortnight\n"
                       "[custmers]\n"
                       "[notices]\n"
                       "mode=on\n"
                       "desk=desk@example.net\n"
                       "desk=desk@example.org\n"
                       "this line is lost\n";
    static const guint lines[] = { 1, 3, 4, 6, 7, 10, 11, 12, 14, 16, 17 };
    g_assert_null(load(text, -1, faults));
    g_autofree char *all = all_faults(faults);
    g_test_message("%s", all);
    g_assert_cmpuint(faults_errors(faults), ==, G_N_ELEMENTS(lines));
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *place = g_strdup_printf(FILE_NAME ":%u: ", lines[i]);
        g_assert_nonnull(strstr(all, place));
    }
}

static void test_file_limits(void)
{
    g_autoptr(GString) text = g_string_new("[intake]\n");
    while (text->len < CONFIG_FILE_MAX)
        g_string_append(text, text->len % 80 == 79 ? "\n" : "#");
    g_autoptr(Config) config = load_good(text->str);
    g_assert_cmpuint(config_line(config, "intake", "max-size"), ==, 0);

    g_autoptr(Faults) faults = faults_new();
    g_string_append_c(text, '#');
    g_assert_null(load(text->str, (gssize)text->len, faults));
    g_assert_null(config_load("missing.conf", faults));
    g_assert_null(config_load(".", faults));
    g_autofree char *got = all_faults(faults);
    g_assert_cmpstr(got, ==,
                    "t.conf: the file is too large; expected at most 1048576 bytes\n"
                    "missing.conf: can't be opened: No such file or directory; expected a "
                    "readable file\n"
                    ".: can't be read: Is a directory; expected a readable file");
}

/* No prefix of a good file and no flipped byte may do more than add faults. */
static void test_hostile(void)
{
    const char *text = "[milter]\nsocket=inet:1@[2001:db8::1]\n[notices]\nfrom=\"A\\\\\"B\" "
                       "<a@example.net>\n[submission]\nvia=smtps://u@mx.example.net:25\n";
    gsize length = strlen(text);
    for (gsize i = 0; i <= length; i++) {
        g_autoptr(Faults) faults = faults_new();
        g_autoptr(Config) config = load(text, (gssize)i, faults);
        g_assert_true((config == NULL) == (faults_errors(faults) > 0));
    }
    for (gsize i = 0; i < length * 8; i++) {
        g_autoptr(Faults) faults = faults_new();
        g_autofree char *flipped = g_strdup(text);
        flipped[i / 8] = (char)(flipped[i / 8] ^ (1 << (i % 8)));
        g_autoptr(Config) config = load(flipped, (gssize)length, faults);
        g_assert_true((config == NULL) == (faults_errors(faults) > 0));
    }
}

/* The start. */

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
        g_autoptr(Config) config = load_good(starts[i].text);
        g_autoptr(Faults) faults = faults_new();
        config_check_start(config, faults);
        g_autofree char *got = all_faults(faults);
        g_assert_cmpstr(got, ==, starts[i].want);
    }
}

/* no_new_privs can't be taken back: in a process of its own */
static void test_no_new_privs(void)
{
    if (g_test_subprocess()) {
        g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L), ==, 0);
        g_autoptr(Config) config = load_good(CLIENT FOUR "[submission]\nvia=sendmail:/bin/sh\n");
        g_autoptr(Faults) faults = faults_new();
        config_check_start(config, faults);
        g_autofree char *got = all_faults(faults);
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
        g_autoptr(Config) config = load_good(text);
        g_autoptr(Faults) faults = faults_new();
        g_test_message("%s, %o", netrcs[i].via, (guint)netrcs[i].mode);
        if (netrcs[i].mode >= 0) {
            g_assert_true(g_file_set_contents("netrc", "machine mail.example.net\n", -1, NULL));
            g_assert_cmpint(g_chmod("netrc", netrcs[i].mode), ==, 0);
        }
        config_check_start(config, faults);
        g_autofree char *got = all_faults(faults);
        g_assert_cmpstr(got, ==, netrcs[i].fine ? "" : want);
        (void)g_unlink("netrc");
    }
}

/* What we ship. */

static char *shipped(const char *folder, const char *name)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", folder, name, NULL);
    g_autoptr(GError) error = NULL;
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static void test_example(void)
{
    g_autofree char *text = shipped("contrib", "certbund-milter.conf");
    g_autoptr(Config) config = load_good(text);
    g_autoptr(Config) plain = load_good("");
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *got = value_of(config, key);
        g_autofree char *want = value_of(plain, key);
        g_test_message("[%s] %s", key->group, key->name);
        g_assert_cmpstr(got, ==, want);
    }
}

static void replace(char **text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(*text, what, -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    g_free(*text);
    *text = g_strjoinv(by, parts);
}

/* "#key=default" without its '#', and then the file holds every key as itself. */
static void test_example_uncommented(void)
{
    g_autofree char *text = shipped("contrib", "certbund-milter.conf");
    g_autoptr(GRegex) setting = g_regex_new("^#(?=[a-z-]+=)", G_REGEX_MULTILINE, 0,
                                            NULL);
    g_autofree char *all = g_regex_replace_literal(setting, text, -1, 0, "", 0, NULL);
    g_autoptr(Config) config = load_good(all);
    g_autoptr(Config) plain = load_good("");
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *got = value_of(config, key);
        g_autofree char *want = value_of(plain, key);
        g_test_message("[%s] %s", key->group, key->name);
        g_assert_cmpuint(config_line(config, key->group, key->name), >, 0);
        if (!is_place(key))
            g_assert_cmpstr(got, ==, want);
    }
}

static void test_example_starts(void)
{
    g_autofree char *text = shipped("contrib", "certbund-milter.conf");
    replace(&text, "\n#recipients=\n", "\nrecipients=abuse@example.net\n");
    g_autoptr(Config) config = load_good(text);
    g_autoptr(Faults) faults = faults_new();
    config_check_start(config, faults);
    g_autofree char *got = all_faults(faults);
    g_assert_cmpstr(got, ==, "t.conf: warning: " NO_DESK);
}

static void test_man_page(void)
{
    g_autofree char *text = shipped("man", "certbund-milter.conf.5");
    const char *group_at = text;
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *group = g_strdup_printf("\n.Ss [%s]\n", key->group);
        g_autofree char *item = g_strdup_printf("\n.It Ic %s\nDefault:%s", key->name,
                                                *key->default_ == '\0' ? " empty" : "\n.Li ");
        g_autofree char *value = g_strdup_printf("%s%s", item, is_place(key) ? "" : key->default_);
        g_test_message("[%s] %s", key->group, key->name);
        if (i == 0 || strcmp(key->group, config_keys[i - 1].group) != 0)
            group_at = strstr(group_at, group);
        g_assert_nonnull(group_at);
        g_assert_nonnull(strstr(group_at, value));
    }
}

int main(int argc, char **argv)
{
    g_autofree char *source = g_path_get_dirname(__FILE__);
    g_autofree char *given = g_strdup(g_getenv("G_TEST_SRCDIR"));
    g_autofree char *absolute = g_canonicalize_filename(given != NULL ? given : source, NULL);
    g_setenv("G_TEST_SRCDIR", absolute, TRUE);
    g_autofree char *program = g_canonicalize_filename(argv[0], NULL);
    argv[0] = program; /* subprocesses start in another working directory */
    g_test_init(&argc, &argv, NULL);

    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("test-config-XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chdir(folder), ==, 0);

    g_test_add_func("/config/defaults", test_defaults);
    g_test_add_func("/config/values/good", test_good);
    g_test_add_func("/config/values/bad", test_bad);
    g_test_add_func("/config/values/bad-network", test_bad_network);
    g_test_add_func("/config/file/faults", test_files);
    g_test_add_func("/config/file/layout", test_layout);
    g_test_add_func("/config/file/ten-faults", test_ten_faults);
    g_test_add_func("/config/file/limits", test_file_limits);
    g_test_add_func("/config/file/hostile", test_hostile);
    g_test_add_func("/config/start/faults", test_start);
    g_test_add_func("/config/start/no-new-privs", test_no_new_privs);
    g_test_add_func("/config/start/netrc", test_netrc);
    g_test_add_func("/config/shipped/example", test_example);
    g_test_add_func("/config/shipped/example-uncommented", test_example_uncommented);
    g_test_add_func("/config/shipped/example-starts", test_example_starts);
    g_test_add_func("/config/shipped/man-page", test_man_page);
    int result = g_test_run();

    g_unlink(FILE_NAME);
    g_chdir("/");
    g_rmdir(folder);
    return result;
}
