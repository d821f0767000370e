/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-evidence: the types of values of [provenance]: kinds of evidence, the keys that
 * are pinned, the servers that are asked; and the key of our own.  Syntax only: no key is looked for, nothing
 * resolved. */
#include "config-table.h"

#include <string.h>

#include "errors.h"

static const char *const names[EVIDENCE_N] = {
    [EVIDENCE_CLIENT] = "client", [EVIDENCE_AUTH_RESULTS] = "auth-results",
    [EVIDENCE_PGP] = "pgp",       [EVIDENCE_SMIME] = "smime",
    [EVIDENCE_DKIM] = "dkim",
};

const char *config_evidence_name(Evidence evidence)
{
    return names[evidence];
}

const char *config_trust_group(ReportSource source)
{
    return source == SOURCE_CERTBUND ? "provenance" : source_id(source);
}

gboolean config_has_source(const Config *config, ReportSource source)
{
    return source == SOURCE_CERTBUND || config->shadowserver;
}

gboolean config_has_key(const Config *config, const char *fingerprint)
{
    for (ReportSource source = 0; source < SOURCE_N; source++)
        if (config_has_source(config, source)
            && g_strv_contains((const char *const *)config->trust[source].keys, fingerprint))
            return TRUE;
    return FALSE;
}

/* "dkim + pgp" -> its set; 0 when a word is none of ours. */
static guint parse_alternative(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, "+", -1);
    guint set = 0;

    for (char **word = words; *word != NULL; word++) {
        Evidence evidence = 0;
        while (evidence < EVIDENCE_N && strcmp(names[evidence], g_strstrip(*word)) != 0)
            evidence++;
        if (evidence == EVIDENCE_N)
            return 0;
        set |= EVIDENCE_BIT(evidence);
    }
    return set;
}

static void clear_require(const ConfigKey *key, Config *config)
{
    g_clear_pointer((guint **)G_STRUCT_MEMBER_P(config, key->offset), g_free);
}

static gboolean parse_require(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    g_auto(GStrv) items = config_split(text);
    g_autofree guint *sets = g_new0(guint, g_strv_length(items) + 1);

    if (items[0] == NULL)
        return config_refuse(error, text, "would prove nothing; expected at least one kind of "
                                          "evidence, as in client");
    for (guint i = 0; items[i] != NULL; i++)
        if ((sets[i] = parse_alternative(items[i])) == 0)
            return config_refuse(error, items[i],
                                 "is no evidence; expected dkim, pgp, smime, client or "
                                 "auth-results, joined by + where all must be");
    clear_require(key, config);
    G_STRUCT_MEMBER(guint *, config, key->offset) = g_steal_pointer(&sets);
    return TRUE;
}
const ConfigType config_type_require = { parse_require, clear_require, 0 };

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT -> always with the port. */
static gboolean check_nameserver(char **item, GError **error)
{
    const char *text = *item, *colon = strrchr(text, ':');
    gsize length = strlen(text);
    guint port = CONFIG_DNS_PORT;
    Address address;
    char shown[ADDRESS_TEXT_SIZE];

    if (!address_parse(text, length, &address)) {
        gsize host = colon != NULL ? (gsize)(colon - text) : length;
        gboolean brackets = host >= 2 && *text == '[' && text[host - 1] == ']';
        port = colon != NULL ? config_port(colon + 1, strlen(colon + 1)) : 0;
        if (port == 0 || !address_parse(text + brackets, host - 2 * brackets, &address))
            return config_refuse(error, text, "is no name server; expected its address, as in "
                                              "127.0.0.1, 192.0.2.53:5353 or [2001:db8::53]:53");
    }
    address_format(&address, shown);
    g_free(*item);
    *item = g_strdup_printf(strchr(shown, ':') != NULL ? "[%s]:%u" : "%s:%u", shown, port);
    return TRUE;
}

static gboolean parse_nameservers(const ConfigKey *key, const char *text, Config *config,
                                  GError **error)
{
    return config_parse_items(key, text, config, check_nameserver, error);
}
const ConfigType config_type_nameservers = { parse_nameservers, config_clear_list, 0 };

/* As gpg and openssl print them, with blanks or colons or without -> capital hex. */
char *config_fingerprint(const char *text)
{
    g_autofree char *hex = g_ascii_strup(text, -1);
    char *to = hex;

    for (const char *from = hex; *from != '\0'; from++)
        if (*from != ' ' && *from != ':')
            *to++ = *from;
    *to = '\0';
    gsize length = strlen(hex);
    if (strspn(hex, "0123456789ABCDEF") != length
        || (length != CONFIG_SHA1_DIGITS && length != CONFIG_SHA256_DIGITS))
        return NULL;
    return g_steal_pointer(&hex);
}

static gboolean check_fingerprint(char **item, GError **error)
{
    char *fingerprint = config_fingerprint(*item);

    if (fingerprint == NULL)
        return config_refuse(error, *item, "is no fingerprint; expected all 40 or 64 hexadecimal "
                                           "digits of it, not a key's short id");
    g_free(*item);
    *item = fingerprint;
    return TRUE;
}

static gboolean parse_fingerprints(const ConfigKey *key, const char *text, Config *config,
                                   GError **error)
{
    return config_parse_items(key, text, config, check_fingerprint, error);
}
const ConfigType config_type_fingerprints = { parse_fingerprints, config_clear_list, 0 };

/* 0 turns it off, as it does elsewhere. */
static gboolean parse_sign_key(const ConfigKey *key, const char *text, Config *config,
                               GError **error)
{
    char *value = *text == '\0' || strcmp(text, "0") == 0 ? g_strdup("")
        : g_path_is_absolute(text)                         ? g_strdup(text)
                                                           : config_fingerprint(text);
    if (value == NULL)
        return config_refuse(error, text, "is no key; expected the fingerprint of a PGP key in "
                                          "gnupg-home=, or the path of a PEM file with a key and "
                                          "its certificate");
    config_set_text(key, config, value);
    return TRUE;
}
const ConfigType config_type_sign_key = { parse_sign_key, config_clear_text, 0 };
