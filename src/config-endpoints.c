/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config-endpoints: the types of values that say who and where: mail addresses,
 * domains, networks, the milter's socket, the MTA, the customers' file.
 *
 * Syntax only: nothing is resolved or opened.  Mailboxes after RFC 5322 section
 * 3.4, URLs after RFC 3986, sockets as smfi_setconn() of libmilter reads them. */
#include "config-table.h"

#include <string.h>

#include "errors.h"
#include "mailbox.h"

#define PORT_MAX 65535
#define ADDRESS_WANTED "expected an address, as in abuse@example.net"

static gboolean parse_address(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    if (*text != '\0' && !mailbox_valid(text))
        return config_refuse(error, text, "is no mail address; " ADDRESS_WANTED);
    config_set_text(key, config, g_strdup(text));
    return TRUE;
}
const ConfigType config_type_address = { parse_address, config_clear_text, 0 };

static gboolean parse_null_address(const ConfigKey *key, const char *text, Config *config,
                                   GError **error)
{
    if (mailbox_valid(text) && strcspn(text, "@") > CONFIG_ENVELOPE_LOCAL_MAX)
        return config_refuse(error, text, "has more than " G_STRINGIFY(CONFIG_ENVELOPE_LOCAL_MAX)
                             " characters before the '@', and each notice's tag needs room there; "
                             "expected a shorter one");
    return parse_address(key, strcmp(text, "<>") == 0 ? "" : text, config, error);
}
const ConfigType config_type_null_address = { parse_null_address, config_clear_text, 0 };

/* phrase or quoted-string of RFC 5322, with UTF-8 (RFC 6532): unquoted, nothing
 * that would end the name; quoted, every inner quote behind a backslash. */
static gboolean display_name_valid(const char *name)
{
    gsize length = strlen(name);
    if (*name != '"')
        return strpbrk(name, "()<>[]:;@\\,\"") == NULL;
    if (length < 2 || name[length - 1] != '"')
        return FALSE;
    for (const char *p = name + 1, *end = name + length - 1; p < end; p++) {
        if (*p == '"')
            return FALSE;
        if (*p == '\\' && ++p == end)
            return FALSE;
    }
    return TRUE;
}

static gboolean parse_mailbox(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    const char *open = strrchr(text, '<');
    gsize length = strlen(text);
    gboolean valid = *text == '\0' || mailbox_valid(text);
    if (open != NULL && text[length - 1] == '>') {
        g_autofree char *name = g_strndup(text, (gsize)(open - text));
        g_autofree char *address = g_strndup(open + 1, length - 1 - (gsize)(open + 1 - text));
        valid = display_name_valid(g_strstrip(name)) && mailbox_valid(address);
    }
    if (!valid)
        return config_refuse(error, text, "is no mailbox; expected an address, or a name and the "
                                          "address in <>, the name in quotes if it has a comma");
    config_set_text(key, config, g_strdup(text));
    return TRUE;
}
const ConfigType config_type_mailbox = { parse_mailbox, config_clear_text, 0 };

static void lower(char **item)
{
    char *small = g_ascii_strdown(*item, -1);
    g_free(*item);
    *item = small;
}

static gboolean check_intake(char **item, GError **error)
{
    const char *text = *item;
    if (*text == '@' ? !mailbox_domain_valid(text + 1, strlen(text + 1)) : !mailbox_valid(text))
        return config_refuse(error, text, "is no mail address; expected abuse@example.net, or "
                                          "@example.net for a whole domain");
    lower(item);
    return TRUE;
}

static gboolean parse_intake(const ConfigKey *key, const char *text, Config *config,
                             GError **error)
{
    return config_parse_items(key, text, config, check_intake, error);
}
const ConfigType config_type_intake = { parse_intake, config_clear_list, 0 };

static gboolean check_domain(char **item, GError **error)
{
    if (!mailbox_domain_valid(*item, strlen(*item)))
        return config_refuse(error, *item, "is no domain; expected one as in example.net");
    lower(item);
    return TRUE;
}

static gboolean parse_domains(const ConfigKey *key, const char *text, Config *config,
                              GError **error)
{
    return config_parse_items(key, text, config, check_domain, error);
}
const ConfigType config_type_domains = { parse_domains, config_clear_list, 0 };

static void clear_networks(const ConfigKey *key, Config *config)
{
    Networks *networks = G_STRUCT_MEMBER_P(config, key->offset);

    g_clear_pointer(&networks->items, g_free);
    networks->n = 0;
}

static gboolean parse_networks(const ConfigKey *key, const char *text, Config *config,
                               GError **error)
{
    g_auto(GStrv) items = config_split(text);
    guint n = g_strv_length(items);
    g_autofree Network *networks = g_new0(Network, n);
    for (guint i = 0; i < n; i++) {
        g_autoptr(GError) why = NULL;
        if (!network_parse(items[i], &networks[i], &why))
            return config_refuse(error, items[i], "is no network: %s; expected one as in "
                                                  "192.0.2.0/24, 192.0.2.1 or 2001:db8::/32",
                                 why->message);
    }
    clear_networks(key, config);
    *(Networks *)G_STRUCT_MEMBER_P(config, key->offset)
        = (Networks) { g_steal_pointer(&networks), n };
    return TRUE;
}
const ConfigType config_type_networks = { parse_networks, clear_networks, 0 };

/* Sockets. */

static gboolean host_valid(const char *text, gsize length)
{
    Address address;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
        return address_parse(text + 1, length - 2, &address);
    return address_parse(text, length, &address) || mailbox_domain_valid(text, length);
}

guint config_port(const char *text, gsize length)
{
    guint port = 0;
    if (length == 0 || length > 5)
        return 0;
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(text[i]))
            return 0;
        port = port * 10 + (guint)(text[i] - '0');
    }
    return port <= PORT_MAX ? port : 0;
}

/* Postfix writes inet:HOST:PORT where libmilter wants inet:PORT@HOST: say how. */
static gboolean refuse_inet(const char *text, const char *place, GError **error)
{
    const char *colon = strrchr(place, ':');
    if (colon != NULL && config_port(colon + 1, strlen(colon + 1)) > 0
        && host_valid(place, (gsize)(colon - place)))
        return config_refuse(error, text, "is Postfix's spelling; expected %.*s%s@%.*s",
                             (int)(place - text), text, colon + 1, (int)(colon - place), place);
    return config_refuse(error, text, "is no socket; expected %.*sPORT@HOST with a port from 1 to "
                                      "%d",
                         (int)(place - text), text, PORT_MAX);
}

static gboolean check_inet(const char *text, const char *place, GError **error)
{
    const char *at = strchr(place, '@');
    gsize length = at != NULL ? (gsize)(at - place) : strlen(place);
    if (config_port(place, length) == 0 || (at != NULL && !host_valid(at + 1, strlen(at + 1))))
        return refuse_inet(text, place, error);
    return TRUE;
}

static gboolean check_unix(const char *text, const char *path, GError **error)
{
    if (!g_path_is_absolute(path))
        return config_refuse(error, text, "is no socket; expected unix: and an absolute path");
    if (strlen(path) > CONFIG_SOCKET_PATH_MAX)
        return config_refuse(error, text, "has %zu bytes of path; expected at most %d",
                             strlen(path), CONFIG_SOCKET_PATH_MAX);
    return TRUE;
}

static gboolean parse_socket(const ConfigKey *key, const char *text, Config *config,
                             GError **error)
{
    const char *colon = strchr(text, ':');
    const char *place = colon != NULL ? colon + 1 : text;
    g_autofree char *scheme = g_strndup(text, (gsize)(place - text));
    gboolean valid;
    if (strcmp(scheme, "unix:") == 0 || strcmp(scheme, "local:") == 0)
        valid = check_unix(text, place, error);
    else if (strcmp(scheme, "inet:") == 0 || strcmp(scheme, "inet6:") == 0)
        valid = check_inet(text, place, error);
    else if (strcmp(scheme, "fd:") == 0 && strspn(place, "0123456789") == strlen(place)
             && strlen(place) >= 1 && strlen(place) <= 4)
        valid = TRUE;
    else
        valid = config_refuse(error, text, "is no socket; expected unix:/PATH, inet:PORT@HOST, "
                                           "inet6:PORT@HOST or fd:N");
    if (valid)
        config_set_text(key, config, strcmp(scheme, "local:") == 0
                                         ? g_strconcat("unix:", place, NULL)
                                         : g_strdup(text));
    return valid;
}
const ConfigType config_type_socket = { parse_socket, config_clear_text, 0 };

/* [customers] source */

static gboolean parse_source(const ConfigKey *key, const char *text, Config *config,
                             GError **error)
{
    const char *path = g_str_has_prefix(text, "csv:") ? text + strlen("csv:") : "";
    if (!g_path_is_absolute(path))
        return config_refuse(error, text, "is no source of customers; expected csv: and an "
                                          "absolute path");
    config_set_text(key, config, g_strdup(path));
    return TRUE;
}
const ConfigType config_type_source = { parse_source, config_clear_text, 0 };

/* [notices] mode */

static gboolean parse_notice_mode(G_GNUC_UNUSED const ConfigKey *key, const char *text,
                                  Config *config, GError **error)
{
    const char *address = g_str_has_prefix(text, "redirect:") ? text + strlen("redirect:") : NULL;
    gboolean live = strcmp(text, "live") == 0;
    if (address == NULL && !live && strcmp(text, "pilot") != 0)
        return config_refuse(error, text, "is no mode; expected pilot, live or redirect:ADDRESS");
    if (address != NULL && !mailbox_valid(address))
        return config_refuse(error, text, "is no mode; expected redirect: and an address, as in "
                                          "redirect:test@example.net");
    config->mode = address != NULL ? MODE_REDIRECT : live ? MODE_LIVE : MODE_PILOT;
    g_free(config->redirect_to);
    config->redirect_to = g_strdup(address != NULL ? address : "");
    return TRUE;
}

static void clear_notice_mode(G_GNUC_UNUSED const ConfigKey *key, Config *config)
{
    g_clear_pointer(&config->redirect_to, g_free);
}
const ConfigType config_type_notice_mode = { parse_notice_mode, clear_notice_mode, 0 };

/* [submission] via */

/* The URL with what may be a password hidden: faults end up in logs. */
static char *without_password(const char *text)
{
    const char *user = strstr(text, "//");
    const char *at = user != NULL ? strrchr(user, '@') : NULL;
    const char *colon = at != NULL ? memchr(user, ':', (gsize)(at - user)) : NULL;
    if (colon == NULL)
        return g_strdup(text);
    return g_strdup_printf("%.*s:***%s", (int)(colon - text), text, at);
}

static const char *url_fault(GUri *uri)
{
    const char *scheme = g_uri_get_scheme(uri);
    const char *host = g_uri_get_host(uri);
    if (strcmp(scheme, "smtp") != 0 && strcmp(scheme, "smtps") != 0)
        return "is no way to an MTA; expected smtp://HOST:PORT, smtps://HOST:PORT or "
               "sendmail:/PATH";
    if (g_uri_get_password(uri) != NULL)
        return "has a password, and this file may be read by many; expected it in the file netrc "
               "beside this one";
    if (host == NULL || !host_valid(host, strlen(host)))
        return "has no host; expected a name or address, as in smtp://127.0.0.1:10025";
    if (g_uri_get_port(uri) == 0)
        return "has no port that can be; expected 1 to 65535";
    if (*g_uri_get_path(uri) != '\0' || g_uri_get_query(uri) != NULL
        || g_uri_get_fragment(uri) != NULL)
        return "goes on behind the port; expected no path, ? or #";
    return NULL;
}

static gboolean parse_via(const ConfigKey *key, const char *text, Config *config, GError **error)
{
    g_autofree char *shown = without_password(text);
    if (g_str_has_prefix(text, "sendmail:")) {
        if (!g_path_is_absolute(text + strlen("sendmail:")))
            return config_refuse(error, shown, "is no program; expected sendmail: and an absolute "
                                               "path, as in sendmail:/usr/sbin/sendmail");
    } else {
        g_autoptr(GError) why = NULL;
        g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, &why);
        const char *fault = uri != NULL && strchr(text, ' ') == NULL
                                ? url_fault(uri)
                                : "is no URL; expected smtp://HOST:PORT with a port from 1 to "
                                  "65535, smtps://HOST:PORT or sendmail:/PATH";
        if (fault != NULL)
            return config_refuse(error, shown, "%s", fault);
    }
    config_set_text(key, config, g_strdup(text));
    return TRUE;
}
const ConfigType config_type_via = { parse_via, config_clear_text, 0 };
