/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* config: reads certbund-milter.conf and says everything that is wrong with it.
 *
 * Two passes, because GKeyFile gives no line numbers, stops at the first bad
 * line and takes repeated keys silently: the scan walks the lines, notes where
 * each key stands, and hands on to GKeyFile only lines that are certain; then
 * each value, as GKeyFile unescapes it, goes to the type its key has in the
 * table.  Refuses what it does not know, so that a typo never means a default. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config-table.h"
#include "errors.h"

/* The names of the table's groups, or of one group's keys; ends in NULL.  Caller
 * frees the array. */
static const char **names_of(const char *group)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < config_n_keys; i++)
        if (group == NULL)
            g_ptr_array_add(names, (gpointer)config_keys[i].group);
        else if (strcmp(config_keys[i].group, group) == 0)
            g_ptr_array_add(names, (gpointer)config_keys[i].name);
    g_ptr_array_add(names, NULL);
    return (const char **)g_ptr_array_free(names, FALSE);
}

static const char *find_group(const char *name)
{
    for (guint i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].group, name) == 0)
            return config_keys[i].group;
    return NULL;
}

static const ConfigKey *find_key(const char *group, const char *name)
{
    for (guint i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].group, group) == 0 && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

/* The scan. */

typedef struct {
    Config *config;
    Faults *faults;
    guint line;
    const char *group;  /* of the table; NULL before the first and in an unknown one */
    gboolean any_group; /* a [line] was seen, known or not */
    GHashTable *groups; /* name of the table -> line it was first seen in */
    GString *clean;     /* what GKeyFile gets */
} Scan;

static void unknown_key(Scan *scan, const char *name)
{
    g_autofree const char **names = names_of(scan->group);
    const char *guess = faults_guess(name, names);
    const char *elsewhere = NULL;
    for (guint i = 0; i < config_n_keys; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            elsewhere = config_keys[i].group;
    g_autofree char *shown = config_shown(name);
    if (elsewhere != NULL)
        faults_add(scan->faults, scan->config->path, scan->line,
                   "[%s] %s: unknown key; expected it in [%s]", scan->group, shown, elsewhere);
    else
        faults_add(scan->faults, scan->config->path, scan->line,
                   "[%s] %s: unknown key; expected %s%s", scan->group, shown,
                   guess != NULL ? "perhaps " : "one of certbund-milter.conf(5)",
                   guess != NULL ? guess : "");
}

static void scan_group(Scan *scan, char *text)
{
    const char *path = scan->config->path;
    gsize length = strlen(text);
    gboolean closed = length > 1 && text[length - 1] == ']';
    g_autofree char *name = g_strndup(text + 1, length - 1 - (closed ? 1 : 0));
    g_autofree char *shown = config_shown(name);
    scan->any_group = TRUE;
    scan->group = find_group(g_strstrip(name));
    if (!closed)
        faults_add(scan->faults, path, scan->line, "[%s: the group is not closed; expected ]",
                   shown);
    if (scan->group == NULL) {
        g_autofree const char **names = names_of(NULL);
        const char *guess = faults_guess(name, names);
        if (closed)
            faults_add(scan->faults, path, scan->line, "[%s]: unknown group; expected %s%s%s",
                       shown, guess != NULL ? "perhaps [" : "one of certbund-milter.conf(5)",
                       guess != NULL ? guess : "", guess != NULL ? "]" : "");
        return;
    }
    guint first = GPOINTER_TO_UINT(g_hash_table_lookup(scan->groups, scan->group));
    if (first > 0)
        faults_add(scan->faults, path, scan->line,
                   "[%s]: stands in line %u already; expected each group once", scan->group, first);
    else
        g_hash_table_insert(scan->groups, (gpointer)scan->group, GUINT_TO_POINTER(scan->line));
    g_string_append_printf(scan->clean, "[%s]\n", scan->group);
}

static void scan_key(Scan *scan, char *text)
{
    const char *path = scan->config->path;
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        g_autofree char *shown = config_shown(text);
        faults_add(scan->faults, path, scan->line,
                   "\"%s\" is no setting; expected key=value, [group] or # comment", shown);
        return;
    }
    g_autofree char *name = g_strndup(text, (gsize)(equals - text));
    g_strchomp(name);
    if (!scan->any_group) {
        g_autofree char *shown = config_shown(name);
        faults_add(scan->faults, path, scan->line,
                   "%s: stands before any group; expected a line like [milter] first", shown);
    }
    if (scan->group == NULL)
        return; /* of an unknown group: said once is enough */
    const ConfigKey *key = find_key(scan->group, name);
    if (key == NULL) {
        unknown_key(scan, name);
        return;
    }
    guint *line = &scan->config->lines[key - config_keys];
    if (*line > 0) {
        faults_add(scan->faults, path, scan->line,
                   "[%s] %s: stands in line %u already; expected each key once", scan->group, name,
                   *line);
        return;
    }
    *line = scan->line;
    g_string_append_printf(scan->clean, "%s=%s\n", name, equals + 1);
}

static void scan_line(Scan *scan, const char *start, gsize length)
{
    if (!g_utf8_validate_len(start, length, NULL)) { /* refuses a NUL byte too */
        faults_add(scan->faults, scan->config->path, scan->line,
                   "the line is no UTF-8 text; expected it in that encoding");
        return;
    }
    g_autofree char *text = g_strndup(start, length);
    g_strstrip(text);
    if (*text == '\0' || *text == '#')
        return;
    if (*text == '[')
        scan_group(scan, text);
    else
        scan_key(scan, text);
}

/* text as GKeyFile may have it; lines of config and faults are filled on the way. */
static GString *scan_text(Config *config, const GString *text, Faults *faults)
{
    Scan scan = { .config = config, .faults = faults, .clean = g_string_new(NULL) };
    scan.groups = g_hash_table_new(g_str_hash, g_str_equal);
    const char *p = text->str, *end = text->str + text->len;
    if (text->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3; /* a byte order mark, which Windows editors write */
    while (p < end) {
        const char *newline = memchr(p, '\n', (gsize)(end - p));
        const char *stop = newline != NULL ? newline : end;
        scan.line++;
        scan_line(&scan, p, (gsize)(stop - p));
        p = newline != NULL ? newline + 1 : end;
    }
    g_hash_table_unref(scan.groups);
    return scan.clean;
}

/* The values. */

static void set_value(const ConfigKey *key, const char *text, Config *config, Faults *faults)
{
    guint line = config->lines[key - config_keys];
    g_autofree char *shown = config_shown(text);
    g_autoptr(GError) error = NULL;
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p))
        if (g_unichar_iscntrl(g_utf8_get_char(p))) {
            faults_add(faults, config->path, line,
                       "[%s] %s: \"%s\" has a control character; expected plain text", key->group,
                       key->name, shown);
            return;
        }
    if (!key->type->parse(key, text, config, &error))
        faults_add(faults, config->path, line, "[%s] %s: %s", key->group, key->name,
                   error->message);
}

static void read_values(Config *config, const GString *clean, Faults *faults)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    if (!g_key_file_load_from_data(file, clean->str, clean->len, G_KEY_FILE_NONE, &error)) {
        faults_add(faults, config->path, 0, "%s; expected groups and keys", error->message);
        return;
    }
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        guint before = faults_errors(faults);
        if (config->lines[i] == 0)
            continue;
        g_autoptr(GError) escape = NULL;
        g_autofree char *text = g_key_file_get_string(file, key->group, key->name, &escape);
        if (escape == NULL)
            set_value(key, g_strstrip(text), config, faults);
        else
            faults_add(faults, config->path, config->lines[i],
                       "[%s] %s: unknown sequence behind a backslash; expected \\\\ for a "
                       "backslash, \\s, \\t, \\n or \\r",
                       key->group, key->name);
        config->faulty[i] = faults_errors(faults) > before;
    }
}

/* The file and the object. */

static void clear(gpointer data)
{
    Config *config = data;
    for (guint i = 0; i < config_n_keys; i++)
        if (config_keys[i].type->clear != NULL)
            config_keys[i].type->clear(&config_keys[i], config);
    g_free(config->path);
    g_free(config->digest);
    g_free(config->lines);
    g_free(config->faulty);
}

static Config *new_with_defaults(const char *path)
{
    Config *config = g_atomic_rc_box_new0(Config);
    config->path = g_strdup(path);
    config->lines = g_new0(guint, config_n_keys);
    config->faulty = g_new0(gboolean, config_n_keys);
    for (guint i = 0; i < config_n_keys; i++) {
        const ConfigKey *key = &config_keys[i];
        g_autoptr(GError) error = NULL;
        if (!key->type->parse(key, key->default_, config, &error))
            g_error("default of [%s] %s: %s", key->group, key->name, error->message);
    }
    return config;
}

/* Bounded, and without asking for a size first: -c may name a pipe. */
static GString *read_file(const char *path, GError **error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        error_input(error, "can't be opened: %s; expected a readable file", g_strerror(errno));
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[8192];
    gsize n;
    while (text->len <= CONFIG_FILE_MAX && (n = fread(buffer, 1, sizeof buffer, file)) > 0)
        g_string_append_len(text, buffer, (gssize)n);
    int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed != 0)
        error_input(error, "can't be read: %s; expected a readable file", g_strerror(failed));
    else if (text->len > CONFIG_FILE_MAX)
        error_input(error, "the file is too large; expected at most %d bytes", CONFIG_FILE_MAX);
    else
        return g_steal_pointer(&text);
    return NULL;
}

Config *config_read(const char *path, Faults *faults)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = read_file(path, &error);
    if (text == NULL) {
        faults_add(faults, path, 0, "%s", error->message);
        return NULL;
    }
    g_autoptr(Config) config = new_with_defaults(path);
    config->digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text->str,
                                                 text->len);
    g_autoptr(GString) clean = scan_text(config, text, faults);
    read_values(config, clean, faults);
    return g_steal_pointer(&config);
}

Config *config_load(const char *path, Faults *faults)
{
    guint before = faults_errors(faults);
    g_autoptr(Config) config = config_read(path, faults);
    return faults_errors(faults) == before ? g_steal_pointer(&config) : NULL;
}

Config *config_ref(Config *config)
{
    return g_atomic_rc_box_acquire(config);
}

void config_unref(Config *config)
{
    if (config != NULL)
        g_atomic_rc_box_release_full(config, clear);
}

const char *mode_name(Mode mode)
{
    static const char *const names[]
        = { [MODE_PILOT] = "pilot", [MODE_LIVE] = "live", [MODE_REDIRECT] = "redirect" };
    return names[mode];
}

guint config_line(const Config *config, const char *group, const char *key)
{
    const ConfigKey *found = find_key(group, key);
    g_assert(found != NULL); /* a name that only we can have mistyped */
    return config->lines[found - config_keys];
}

gboolean config_is_faulty(const Config *config, const char *group, const char *key)
{
    const ConfigKey *found = find_key(group, key);
    g_assert(found != NULL);
    return config->faulty[found - config_keys];
}

char *config_state_directory(const Config *config)
{
    return g_path_get_dirname(config->ledger_path);
}

char *config_netrc(const Config *config)
{
    g_autofree char *directory = g_path_get_dirname(config->path);
    return g_build_filename(directory, "netrc", NULL);
}
