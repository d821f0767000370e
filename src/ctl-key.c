/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl key: the PGP keys and certificates that signatures are verified with.
 *
 * What is here proves nothing yet: only what keys= names counts, so each answer says whether
 * it does.  Called by root this becomes the daemon's user before it touches the keyring:
 * nothing may be left in it that the daemon can't read, and no link in it followed by root. */
#include "ctl-ledger.h"
#include "ctl-rows.h"
#include "gpg.h"
#include "pgp-keys.h"
#include "smime-certificates.h"
#include "timestamp.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define HOME_MODE 0700 /* gpg insists on it */

static const char *const key_columns[] = { "kind",    "fingerprint", "name",   "created",
                                           "expires", "revoked",     "pinned", NULL };

/* ---- the keyring's directory and owner */

/* NULL after complaining. */
static Config *load_config(const CtlCall *call)
{
    g_autoptr(Faults) faults = faults_new();
    Config *config = config_load(call->config_path, faults);

    ctl_print_faults(faults);
    return config;
}

static gboolean make_home(const Config *config, uid_t uid, gid_t gid)
{
    const char *home = config->gnupg_home;

    if (g_file_test(home, G_FILE_TEST_IS_DIR))
        return TRUE;
    if (g_mkdir_with_parents(home, HOME_MODE) == 0 && g_chmod(home, HOME_MODE) == 0
        && (uid == geteuid() || chown(home, uid, gid) == 0))
        return TRUE;
    ctl_complain("%s: can't make this directory: %s", home, g_strerror(errno));
    return FALSE;
}

/* For good: nothing else is done by this process. */
static gboolean become(const char *user, uid_t uid, gid_t gid)
{
    if (uid == geteuid())
        return TRUE;
    if (initgroups(user, gid) == 0 && setresgid(gid, gid, gid) == 0
        && setresuid(uid, uid, uid) == 0)
        return TRUE;
    ctl_complain("can't become user %s: %s", user, g_strerror(errno));
    return FALSE;
}

/* EX_OK, or the exit status after complaining. */
static int enter_home(const Config *config, gboolean make)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (uid == 0 && *config->user != '\0') {
        const struct passwd *entry = getpwnam(config->user);
        if (entry == NULL) {
            ctl_complain("there is no user %s, who is to own the keys", config->user);
            return EX_NOUSER;
        }
        uid = entry->pw_uid;
        gid = entry->pw_gid;
    }
    umask(0077); /* gpg's own files */
    if (make && !make_home(config, uid, gid))
        return EX_CANTCREAT;
    return become(config->user, uid, gid) ? EX_OK : EX_NOPERM;
}

/* ---- import */

static gboolean is_pinned(const Config *config, const char *fingerprint)
{
    return g_strv_contains((const char *const *)config->keys, fingerprint);
}

static void tell_imported(const Config *config, const char *kind, const char *fingerprint,
                          const char *name, gboolean pinned)
{
    printf("%s %s: %s: imported, %s\n", kind, fingerprint, name,
           pinned ? "and pinned by keys=" : "but keys= does not name it, so it proves nothing");
    if (!pinned)
        printf("  to accept it, add %s to keys= in %s\n", fingerprint, config->path);
}

static int import_certificates(const Config *config, const GPtrArray *certificates)
{
    for (guint i = 0; i < certificates->len; i++) {
        const Certificate *certificate = g_ptr_array_index(certificates, i);
        g_autoptr(GError) error = NULL;

        if (!certificates_keep(config->gnupg_home, certificate, &error))
            return ctl_failed(error);
        tell_imported(config, "smime", certificate->sha256, certificate->subject,
                      is_pinned(config, certificate->sha256)
                          || is_pinned(config, certificate->sha1));
    }
    return EX_OK;
}

static int import_pgp(const Config *config, const char *file, GBytes *bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) keys = pgp_keys_of_file(config->gnupg_home, bytes, &error);

    if (keys == NULL)
        return ctl_failed(error);
    for (guint i = 0; i < keys->len; i++)
        if (((const PgpKey *)g_ptr_array_index(keys, i))->secret) {
            ctl_complain("%s: holds a secret key, which nobody needs here; expected a public one",
                         file);
            return EX_DATAERR;
        }
    if (keys->len == 0) {
        ctl_complain("%s: neither a PGP key nor a certificate; expected one, armoured, PEM or "
                     "binary", file);
        return EX_DATAERR;
    }
    if (!pgp_keys_import(config->gnupg_home, bytes, &error))
        return ctl_failed(error);
    for (guint i = 0; i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        if (strcmp(key->fingerprint, key->primary) == 0)
            tell_imported(config, "pgp", key->fingerprint, key->name,
                          is_pinned(config, key->fingerprint));
    }
    return EX_OK;
}

static int import_one(const Config *config, const char *file, GBytes *bytes)
{
    if (certificates_has_secret(bytes)) {
        ctl_complain("%s: holds a private key, which nobody needs here; expected a certificate",
                     file);
        return EX_DATAERR;
    }
    g_autoptr(GPtrArray) certificates = certificates_of_file(bytes);
    return certificates->len > 0 ? import_certificates(config, certificates)
                                 : import_pgp(config, file, bytes);
}

/* The files are read as who was called, before he becomes the daemon's user. */
static int import(const CtlCall *call, char **files)
{
    g_autoptr(Config) config = load_config(call);
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    if (config == NULL)
        return EX_CONFIG;
    for (char **file = files; *file != NULL; file++) {
        GBytes *bytes = ctl_read_file(*file);
        if (bytes == NULL)
            return EX_NOINPUT;
        g_ptr_array_add(mails, bytes);
    }
    int worst = enter_home(config, TRUE);
    for (guint i = 0; worst == EX_OK && i < mails->len; i++)
        worst = import_one(config, files[i], g_ptr_array_index(mails, i));
    return worst;
}

/* ---- list */

static const char *format_time(gint64 time, char text_r[TIMESTAMP_TEXT_SIZE])
{
    return time != 0 ? timestamp_format(time, text_r) : NULL;
}

static const char *yes_or_no(gboolean yes)
{
    return yes ? "yes" : "no";
}

static gboolean list_pgp(const Config *config, LedgerRow row, gpointer row_data, GError **error)
{
    g_autoptr(GPtrArray) keys = pgp_keys_list(config->gnupg_home, NULL, error);

    for (guint i = 0; keys != NULL && i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        char created[TIMESTAMP_TEXT_SIZE], expires[TIMESTAMP_TEXT_SIZE];
        const char *const values[]
            = { "pgp", key->fingerprint, key->name, format_time(key->created, created),
                format_time(key->expires, expires), yes_or_no(key->revoked),
                yes_or_no(is_pinned(config, key->fingerprint)) };
        if (strcmp(key->fingerprint, key->primary) == 0
            && !row(G_N_ELEMENTS(values), key_columns, values, row_data))
            break;
    }
    return keys != NULL;
}

static gboolean list_certificates(const Config *config, LedgerRow row, gpointer row_data,
                                  GError **error)
{
    g_autoptr(GPtrArray) kept = certificates_list(config->gnupg_home, error);

    for (guint i = 0; kept != NULL && i < kept->len; i++) {
        const Certificate *certificate = g_ptr_array_index(kept, i);
        char from[TIMESTAMP_TEXT_SIZE], until[TIMESTAMP_TEXT_SIZE];
        const char *const values[]
            = { "smime", certificate->sha256, certificate->subject,
                format_time(certificate->from, from), format_time(certificate->until, until),
                NULL,
                yes_or_no(is_pinned(config, certificate->sha256)
                          || is_pinned(config, certificate->sha1)) };
        if (!row(G_N_ELEMENTS(values), key_columns, values, row_data))
            break;
    }
    return kept != NULL;
}

static gboolean list_all(LedgerRow row, gpointer row_data, gpointer data, GError **error)
{
    const Config *config = data;

    return (!gpg_has_keyring(config->gnupg_home, NULL)
            || list_pgp(config, row, row_data, error))
        && list_certificates(config, row, row_data, error);
}

static int list(const CtlCall *call, gboolean json)
{
    g_autoptr(Config) config = load_config(call);
    g_autoptr(GError) error = NULL;
    CtlList rows = { .json = json, .columns = key_columns };

    if (config == NULL)
        return EX_CONFIG;
    int status = enter_home(config, FALSE);
    if (status != EX_OK)
        return status;
    if (!ctl_list_rows(list_all, config, &rows, &error))
        return ctl_failed(error);
    if (rows.n == 0 && !json)
        ctl_complain("no key and no certificate in %s; certbundctl key import brings them",
                     config->gnupg_home);
    return EX_OK;
}

/* ---- remove */

/* As people paste it -> capital hex; NULL when it is no whole fingerprint.  Caller frees. */
static char *read_fingerprint(const char *text)
{
    g_autoptr(GString) hex = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++)
        if (*p != ' ' && *p != ':')
            g_string_append_c(hex, g_ascii_toupper(*p));
    gboolean whole = (hex->len == CONFIG_SHA1_DIGITS || hex->len == CONFIG_SHA256_DIGITS)
        && strspn(hex->str, "0123456789ABCDEF") == hex->len;
    return whole ? g_strdup(hex->str) : NULL;
}

static gboolean has_pgp(const Config *config, const char *fingerprint)
{
    g_autoptr(GPtrArray) keys = gpg_has_keyring(config->gnupg_home, NULL)
        ? pgp_keys_list(config->gnupg_home, NULL, NULL)
        : NULL;

    for (guint i = 0; keys != NULL && i < keys->len; i++)
        if (strcmp(((const PgpKey *)g_ptr_array_index(keys, i))->primary, fingerprint) == 0)
            return TRUE;
    return FALSE;
}

/* By either fingerprint. */
static gboolean remove_certificate(const Config *config, const char *fingerprint, GError **error)
{
    g_autoptr(GPtrArray) kept = certificates_list(config->gnupg_home, error);

    for (guint i = 0; kept != NULL && i < kept->len; i++) {
        const Certificate *certificate = g_ptr_array_index(kept, i);
        if (strcmp(certificate->sha1, fingerprint) == 0
            || strcmp(certificate->sha256, fingerprint) == 0)
            return certificates_remove(config->gnupg_home, certificate->sha256, error);
    }
    return FALSE;
}

static int remove_key(const CtlCall *call, const char *text)
{
    g_autofree char *fingerprint = read_fingerprint(text);
    g_autoptr(GError) error = NULL;

    if (fingerprint == NULL)
        return ctl_misused(call, "'%s' is no fingerprint; all 40 or 64 digits are needed", text);
    g_autoptr(Config) config = load_config(call);
    if (config == NULL)
        return EX_CONFIG;
    int status = enter_home(config, FALSE);
    if (status != EX_OK)
        return status;
    gboolean removed = has_pgp(config, fingerprint)
        ? pgp_keys_remove(config->gnupg_home, fingerprint, &error)
        : remove_certificate(config, fingerprint, &error);
    if (error != NULL)
        return ctl_failed(error);
    if (!removed) {
        ctl_complain("no key or certificate has the fingerprint %s", fingerprint);
        return CTL_WANTING;
    }
    printf("%s: removed%s\n", fingerprint,
           is_pinned(config, fingerprint) ? "; keys= still names it" : "");
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
    if (strcmp(words[0], "list") == 0 && n == 1)
        return list(call, json);
    if (strcmp(words[0], "import") == 0 && n > 1 && !json)
        return import(call, words + 1);
    if (strcmp(words[0], "remove") == 0 && n == 2 && !json)
        return remove_key(call, words[1]);
    return ctl_misused(call, "these don't go together");
}
