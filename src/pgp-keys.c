/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Keyrings through gpg(1): a record a line, fields between colons. */
#include "pgp-keys.h"

#include "errors.h"
#include "gpg.h"

#include <string.h>

/* Fields of a record, from 0. */
enum { RECORD, VALIDITY, CREATED = 5, EXPIRES = 6, TEXT = 9, FIELDS_LEAST };

static void free_key(gpointer data)
{
    PgpKey *key = data;

    g_free(key->fingerprint);
    g_free(key->primary);
    g_free(key->name);
    g_free(key);
}

/* "\x3a" for what would be a separator, as in C. */
static char *unescape(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        int high = text[0] == '\\' && text[1] == 'x' ? g_ascii_xdigit_value(text[2]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(text[3]) : -1;
        if (low >= 0 && high + low > 0) {
            g_string_append_c(out, (char)(high * 16 + low));
            text += 3;
        } else
            g_string_append_c(out, *text);
    }
    g_autofree char *bytes = g_string_free(out, FALSE);
    return g_utf8_make_valid(bytes, -1);
}

static gint64 time_of(const char *field)
{
    guint64 time = 0;
    return g_ascii_string_to_unsigned(field, 10, 0, G_MAXUINT32, &time, NULL) ? (gint64)time : 0;
}

static PgpKey *begin_key(char **fields, const char *primary)
{
    PgpKey *key = g_new0(PgpKey, 1);

    key->fingerprint = g_strdup("");
    key->primary = g_strdup(primary);
    key->name = g_strdup("");
    key->created = time_of(fields[CREATED]);
    key->expires = time_of(fields[EXPIRES]);
    key->revoked = *fields[VALIDITY] == 'r';
    key->usable = strchr("ridn", *fields[VALIDITY]) == NULL || *fields[VALIDITY] == '\0';
    key->secret = fields[RECORD][0] == 's' && strcmp(fields[RECORD], "sub") != 0;
    return key;
}

static void set(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

GPtrArray *pgp_keys_read(const char *text)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(free_key);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    PgpKey *primary = NULL, *key = NULL;

    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, ":", -1);
        if (g_strv_length(fields) < FIELDS_LEAST)
            continue;
        const char *record = fields[RECORD];
        gboolean is_primary = strcmp(record, "pub") == 0 || strcmp(record, "sec") == 0;
        if (is_primary
            || (primary != NULL && (strcmp(record, "sub") == 0 || strcmp(record, "ssb") == 0))) {
            key = begin_key(fields, is_primary ? "" : primary->fingerprint);
            primary = is_primary ? key : primary;
            g_ptr_array_add(keys, key);
        } else if (strcmp(record, "fpr") == 0 && key != NULL && *key->fingerprint == '\0') {
            set(&key->fingerprint, fields[TEXT]);
            if (key == primary)
                set(&key->primary, fields[TEXT]);
        } else if (strcmp(record, "uid") == 0 && primary != NULL && *primary->name == '\0') {
            g_free(primary->name);
            primary->name = unescape(fields[TEXT]);
        }
    }
    return keys;
}

GPtrArray *pgp_keys_list(const char *home, const char *primary, GError **error)
{
    const char *const words[] = { "--with-colons", "--list-keys", primary, NULL };
    const ChildOrder nothing = { .input = NULL };
    g_auto(ChildResult) result = { .output = NULL };

    if (gpg_keyring(home, error) != GPG_KEYRING
        || !gpg_run(home, GPG_READ, words, &nothing, &result, error))
        return NULL;
    return pgp_keys_read(result.output->str);
}

GPtrArray *pgp_keys_of_file(const char *home, GBytes *bytes, GError **error)
{
    static const char *const words[] = { "--with-colons", "--show-keys", NULL };
    const ChildOrder order = { .input = bytes };
    g_auto(ChildResult) result = { .output = NULL };

    if (!gpg_run(home, GPG_READ, words, &order, &result, error))
        return NULL;
    return pgp_keys_read(result.output->str);
}

static gboolean change(const char *home, const char *const *words, GBytes *bytes, GError **error)
{
    const ChildOrder order = { .input = bytes };
    g_auto(ChildResult) result = { .output = NULL };

    if (!gpg_run(home, GPG_WRITE, words, &order, &result, error))
        return FALSE;
    g_autofree char *said = gpg_words(&result);
    if (result.status != 0)
        error_input(error, "gpg refuses it: %s", said);
    return result.status == 0;
}

gboolean pgp_keys_import(const char *home, GBytes *bytes, GError **error)
{
    static const char *const words[] = { "--quiet", "--import", NULL };
    return change(home, words, bytes, error);
}

gboolean pgp_keys_remove(const char *home, const char *primary, GError **error)
{
    const char *const words[] = { "--quiet", "--yes", "--delete-keys", primary, NULL };
    return change(home, words, NULL, error);
}

static gboolean has_pinned(const Trust *trust, const GPtrArray *keys)
{
    for (guint i = 0; i < keys->len; i++) {
        const PgpKey *key = g_ptr_array_index(keys, i);
        if (strcmp(key->fingerprint, key->primary) == 0
            && g_strv_contains((const char *const *)trust->keys, key->fingerprint))
            return TRUE;
    }
    return FALSE;
}

void pgp_check_config(const Config *config, ReportSource source, Faults *faults)
{
    const char *group = config_trust_group(source);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) keys = pgp_keys_list(config->gnupg_home, NULL, &error);

    if (keys == NULL)
        faults_warn(faults, config->path, config_line(config, "provenance", "gnupg-home"),
                    "[provenance] gnupg-home: pgp never passes: %s", error->message);
    else if (!has_pinned(&config->trust[source], keys))
        faults_warn(faults, config->path, config_line(config, group, "keys"),
                    "[%s] keys: none of them is a key in the keyring of %s, so that pgp "
                    "never passes; expected certbundctl key import FILE with %s's",
                    group, config->gnupg_home, source_name(source));
}
