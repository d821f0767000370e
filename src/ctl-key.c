/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl key: the keys and certificates that signatures are verified with.
 *
 * What is there proves nothing before its fingerprint stands in keys=, so that each verb
 * says whether it does.  Files are read as whoever calls; then root is the daemon's user.
 * A secret key is refused: what signs (sign-key=) is put there with gpg itself. */
#include "ctl-ledger.h"
#include "ctl-rows.h"
#include "daemon.h"
#include "errors.h"
#include "gpg.h"
#include "log.h"
#include "pgp-keys.h"
#include "smime-certificates.h"
#include "timestamp.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static const char *const columns[] = { "kind",    "fingerprint", "pinned", "revoked",
                                       "created", "expires",     "name",   NULL };

static gboolean is_pinned(const Config *config, const char *fingerprint)
{
    return fingerprint != NULL && config_has_key(config, fingerprint);
}

/* other: a second fingerprint of the same thing, or NULL. */
static void tell_imported(const Config *config, const char *kind, const char *fingerprint,
                          const char *other, const char *name)
{
    g_autofree char *clean = log_sanitize(name);
    g_autofree char *pins = g_strjoinv(";", config->trust[SOURCE_CERTBUND].keys);

    printf("%s %s %s: imported", kind, fingerprint, clean);
    if (is_pinned(config, fingerprint) || is_pinned(config, other))
        printf(", and in keys=\n");
    else
        printf("; it proves nothing before [provenance] has\nkeys=%s%s%s\n", pins,
               *pins != '\0' ? ";" : "", fingerprint);
}

/* ---- import */

static int import_certificates(const Config *config, const char *file,
                               const GPtrArray *certificates)
{
    for (guint i = 0; i < certificates->len; i++) {
        const Certificate *certificate = g_ptr_array_index(certificates, i);
        g_autoptr(GError) error = NULL;
        if (!certificates_keep(config->gnupg_home, certificate, &error)) {
            ctl_complain("%s: %s", file, error->message);
            return EX_CANTCREAT;
        }
        tell_imported(config, "smime", certificate->sha256, certificate->sha1,
                      certificate->subject);
    }
    return EX_OK;
}

static int refuse_secret(const char *file)
{
    ctl_complain("%s: holds a secret key: nothing of it is imported; expected the public key, or "
                 "the certificate, alone",
                 file);
    return CTL_WANTING;
}

static int import_pgp(const Config *config, const char *file, GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) keys = pgp_keys_of_file(config->gnupg_home, bytes, &error);

    for (guint i = 0; keys != NULL && i < keys->len; i++)
        if (((const PgpKey *)g_ptr_array_index(keys, i))->secret)
            return refuse_secret(file);
    if (keys != NULL && keys->len == 0) {
        ctl_complain("%s: neither a PGP public key nor an X.509 certificate", file);
        return CTL_WANTING;
    }
    if (keys == NULL || !pgp_keys_import(config->gnupg_home, bytes, &error)) {
        g_prefix_error(&error, "%s: ", file);
        return ctl_failed(error);
    }
    for (guint i = 0; i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        if (strcmp(key->fingerprint, key->primary) == 0)
            tell_imported(config, "pgp", key->fingerprint, NULL, key->name);
    }
    return EX_OK;
}

static int import_one(const Config *config, const char *file, GBytes *bytes)
{
    if (g_bytes_get_size(bytes) > PGP_FILE_MAX) {
        ctl_complain("%s: more than %d bytes, which no key has", file, PGP_FILE_MAX);
        return CTL_WANTING;
    }
    if (certificates_has_secret(bytes))
        return refuse_secret(file);
    g_autoptr(GPtrArray) certificates = certificates_of_file(bytes);
    return certificates->len > 0 ? import_certificates(config, file, certificates)
                                 : import_pgp(config, file, bytes);
}

static int prepare_home(const Config *config)
{
    g_autoptr(GError) error = NULL;

    umask(077); /* for what gpg makes */
    if (!daemon_prepare_gnupg_home(config, &error)) {
        ctl_complain("%s", error->message);
        return EX_CANTCREAT;
    }
    int status = ctl_become_user(config);
    if (status == EX_OK && !daemon_make_gnupg_home(config, &error)) {
        ctl_complain("%s", error->message);
        status = EX_CANTCREAT;
    }
    return status;
}

static int import_all(const CtlCall *call, char **files)
{
    g_autoptr(GPtrArray) contents = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    for (char **file = files; *file != NULL; file++) {
        GBytes *bytes = ctl_read_file(*file);
        if (bytes == NULL)
            return EX_NOINPUT;
        g_ptr_array_add(contents, bytes);
    }
    g_autoptr(Config) config = ctl_load_config(call);
    if (config == NULL)
        return EX_CONFIG;
    int worst = prepare_home(config);
    if (worst != EX_OK)
        return worst;
    for (guint i = 0; i < contents->len; i++) {
        int status = import_one(config, files[i], g_ptr_array_index(contents, i));
        worst = MAX(worst, status);
    }
    return worst;
}

/* ---- list */

/* "" and NULL are nothing: "-" in the table, null in JSON. */
static gboolean give_row(LedgerRow row, gpointer row_data, const char *kind,
                         const char *fingerprint, gboolean pinned, const char *revoked,
                         gint64 created, gint64 expires, const char *name)
{
    char since[TIMESTAMP_TEXT_SIZE], until[TIMESTAMP_TEXT_SIZE];
    const char *const values[] = { kind,
                                   fingerprint,
                                   pinned ? "yes" : "no",
                                   revoked,
                                   timestamp_format(created, since),
                                   expires != 0 ? timestamp_format(expires, until) : NULL,
                                   name };
    return row(G_N_ELEMENTS(values), columns, values, row_data);
}

static gboolean list_pgp(const Config *config, LedgerRow row, gpointer row_data, GError **error)
{
    if (gpg_keyring(config->gnupg_home, NULL) == GPG_NO_KEYRING)
        return TRUE;
    g_autoptr(GPtrArray) keys = pgp_keys_list(config->gnupg_home, NULL, error);
    if (keys == NULL)
        return FALSE;
    for (guint i = 0; i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        if (strcmp(key->fingerprint, key->primary) == 0
            && !give_row(row, row_data, "pgp", key->fingerprint,
                         is_pinned(config, key->fingerprint), key->revoked ? "yes" : "no",
                         key->created, key->expires, key->name))
            break;
    }
    return TRUE;
}

static gboolean list_certificates(const Config *config, LedgerRow row, gpointer row_data,
                                  GError **error)
{
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) certificates = certificates_list(config->gnupg_home, damaged, error);

    for (guint i = 0; i < damaged->len; i++)
        ctl_complain("%s", (const char *)g_ptr_array_index(damaged, i));
    for (guint i = 0; certificates != NULL && i < certificates->len; i++) {
        const Certificate *certificate = g_ptr_array_index(certificates, i);
        if (!give_row(row, row_data, "smime", certificate->sha256,
                      is_pinned(config, certificate->sha256)
                          || is_pinned(config, certificate->sha1),
                      NULL, certificate->from, certificate->until, certificate->subject))
            break;
    }
    return certificates != NULL;
}

static gboolean list_source(LedgerRow row, gpointer row_data, gpointer data, GError **error)
{
    return list_pgp(data, row, row_data, error) && list_certificates(data, row, row_data, error);
}

static int list_all(const CtlCall *call, gboolean json)
{
    CtlList list = { .json = json, .columns = columns };
    g_autoptr(GError) error = NULL;
    g_autoptr(Config) config = ctl_load_config(call);

    if (config == NULL)
        return EX_CONFIG;
    int status = ctl_become_user(config);
    if (status != EX_OK)
        return status;
    if (!ctl_list_rows(list_source, config, &list, &error))
        return ctl_failed(error);
    if (list.n == 0 && !json)
        ctl_complain("no key and no certificate is in %s", config->gnupg_home);
    return EX_OK;
}

/* ---- remove */

/* NULL when there is none. */
static const PgpKey *find_pgp(const GPtrArray *keys, const char *fingerprint)
{
    for (guint i = 0; keys != NULL && i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        if (strcmp(key->fingerprint, fingerprint) == 0)
            return key;
    }
    return NULL;
}

static const Certificate *find_certificate(const GPtrArray *certificates, const char *fingerprint)
{
    for (guint i = 0; certificates != NULL && i < certificates->len; i++) {
        const Certificate *certificate = g_ptr_array_index(certificates, i);
        if (strcmp(certificate->sha256, fingerprint) == 0
            || strcmp(certificate->sha1, fingerprint) == 0)
            return certificate;
    }
    return NULL;
}

/* *found_r FALSE: none is called so; without an error. */
static gboolean remove_found(const Config *config, const char *fingerprint, gboolean *found_r,
                             GError **error)
{
    const char *home = config->gnupg_home;
    gboolean keyring = gpg_keyring(home, NULL) != GPG_NO_KEYRING;
    g_autoptr(GPtrArray) keys = keyring ? pgp_keys_list(home, NULL, error) : NULL;

    if (keyring && keys == NULL)
        return FALSE;
    const PgpKey *key = find_pgp(keys, fingerprint);
    *found_r = TRUE;
    if (key != NULL && strcmp(key->primary, fingerprint) != 0) {
        error_input(error, "%s is a subkey of %s; expected the fingerprint of that", fingerprint,
                    key->primary);
        return FALSE;
    }
    if (key != NULL)
        return pgp_keys_remove(home, fingerprint, error);
    g_autoptr(GPtrArray) damaged = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) certificates = certificates_list(home, damaged, error);
    if (certificates == NULL)
        return FALSE;
    const Certificate *certificate = find_certificate(certificates, fingerprint);
    *found_r = certificate != NULL;
    return certificate == NULL || certificates_remove(home, certificate->sha256, error);
}

static int remove_key(const CtlCall *call, const char *text)
{
    g_autofree char *fingerprint = config_fingerprint(text);
    g_autoptr(GError) error = NULL;
    gboolean found;

    if (fingerprint == NULL)
        return ctl_misused(call, "'%s' is no fingerprint of 40 or 64 hexadecimal digits", text);
    g_autoptr(Config) config = ctl_load_config(call);
    if (config == NULL)
        return EX_CONFIG;
    umask(077); /* gpg writes the keyring anew */
    int status = ctl_become_user(config);
    if (status != EX_OK)
        return status;
    if (!remove_found(config, fingerprint, &found, &error))
        return ctl_failed(error);
    if (!found) {
        ctl_complain("%s: neither a key nor a certificate in %s", fingerprint, config->gnupg_home);
        return CTL_WANTING;
    }
    printf("%s: removed%s\n", fingerprint,
           is_pinned(config, fingerprint) ? "; it still stands in keys=" : "");
    return EX_OK;
}

int ctl_key(const CtlCall *call)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 1, G_MAXUINT);

    if (words == NULL)
        return EX_USAGE;
    guint n = g_strv_length(words);
    if (strcmp(words[0], "import") == 0 && n > 1 && !json)
        return import_all(call, words + 1);
    if (strcmp(words[0], "list") == 0 && n == 1)
        return list_all(call, json);
    if (strcmp(words[0], "remove") == 0 && n == 2 && !json)
        return remove_key(call, words[1]);
    return ctl_misused(call, "these don't go together");
}
