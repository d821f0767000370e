/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Tests of config: every key's default, and the files an operator gets from us: the commented
 * example and the man page name every key with its default. */
#include "config-fixture.h"
#include "fixture.h"

#include <string.h>

/* design: "The config file, all keys with their defaults". */
static const struct {
    const char *group, *key, *text, *want;
} defaults[] = {
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
static void test_defaults(void)
{
    g_autoptr(Config) config = config_good("");
    g_assert_cmpuint(config_n_keys, ==, G_N_ELEMENTS(defaults));
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *value = config_value(config, key);
        g_test_message("[%s] %s", defaults[i].group, defaults[i].key);
        g_assert_cmpstr(key->group, ==, defaults[i].group);
        g_assert_cmpstr(key->name, ==, defaults[i].key);
        if (config_is_place(key)) {
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

/* What we ship. */

static void test_example(void)
{
    g_autofree char *text = config_shipped("contrib", "certbund-milter.conf");
    g_autoptr(Config) config = config_good(text);
    g_autoptr(Config) plain = config_good("");
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *got = config_value(config, key);
        g_autofree char *want = config_value(plain, key);
        g_test_message("[%s] %s", key->group, key->name);
        g_assert_cmpstr(got, ==, want);
    }
}

/* "#key=default" without its '#', and then the file holds every key as itself. */
static void test_example_uncommented(void)
{
    g_autofree char *text = config_shipped("contrib", "certbund-milter.conf");
    g_autoptr(GRegex) setting = g_regex_new("^#(?=[a-z-]+=)", G_REGEX_MULTILINE, 0,
                                            NULL);
    g_autofree char *all = g_regex_replace_literal(setting, text, -1, 0, "", 0, NULL);
    g_autoptr(Config) config = config_good(all);
    g_autoptr(Config) plain = config_good("");
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *got = config_value(config, key);
        g_autofree char *want = config_value(plain, key);
        g_test_message("[%s] %s", key->group, key->name);
        g_assert_cmpuint(config_line(config, key->group, key->name), >, 0);
        if (!config_is_place(key))
            g_assert_cmpstr(got, ==, want);
    }
}

static void test_man_page(void)
{
    g_autofree char *text = config_shipped("man", "certbund-milter.conf.5");
    const char *group_at = text;
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autofree char *group = g_strdup_printf("\n.Ss [%s]\n", key->group);
        g_autofree char *item = g_strdup_printf("\n.It Ic %s\nDefault:%s", key->name,
                                                *key->default_ == '\0' ? " empty" : "\n.Li ");
        g_autofree char *value
            = g_strdup_printf("%s%s", item, config_is_place(key) ? "" : key->default_);
        g_test_message("[%s] %s", key->group, key->name);
        if (i == 0 || strcmp(key->group, config_keys[i - 1].group) != 0)
            group_at = strstr(group_at, group);
        g_assert_nonnull(group_at);
        g_assert_nonnull(strstr(group_at, value));
    }
}

static void add(void)
{
    g_test_add_func("/config/defaults", test_defaults);
    g_test_add_func("/config/shipped/example", test_example);
    g_test_add_func("/config/shipped/example-uncommented", test_example_uncommented);
    g_test_add_func("/config/shipped/man-page", test_man_page);
}

int main(int argc, char **argv)
{
    return fixture_run_apart(argc, argv, add);
}
