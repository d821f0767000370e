/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Names and labels of columns, from src/columns.csv, which is compiled in.  It is read once
 * per process, on the first call from any thread, and never freed. */
#include "columns.h"

#include "data.h"
#include "faults.h"

#include <string.h>

typedef struct {
    Table *table; /* what the columns' strings point into */
    Column *columns;
    const char **names; /* of each; NULL-terminated */
    guint n;
} Names;

static gpointer read_names(gpointer unused)
{
    (void)unused;
    Names *names = g_new0(Names, 1);
    names->table = data_table("columns.csv");
    names->n = table_n_rows(names->table);
    names->columns = g_new0(Column, names->n);
    names->names = g_new0(const char *, names->n + 1);
    for (guint i = 0; i < names->n; i++) {
        names->columns[i] = (Column) {
            .name = data_cell(names->table, i, "column"),
            .label_de = data_cell(names->table, i, "label_de"),
            .label_en = data_cell(names->table, i, "label_en"),
            .scanned = *data_cell(names->table, i, "scanned") != '\0',
            .aliases = data_texts(names->table, i, "aliases", "|"),
        };
        names->names[i] = names->columns[i].name;
    }
    return names;
}

static char plain(char c)
{
    return c == ' ' || c == '-' ? '_' : g_ascii_tolower(c);
}

static gboolean same_name(const char *a, const char *b)
{
    while (*a != '\0' && plain(*a) == plain(*b))
        a++, b++;
    return *a == '\0' && *b == '\0';
}

static const Names *known_names(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, read_names, NULL);
}

const Column *columns_find(const char *name)
{
    const Names *names = known_names();
    for (guint i = 0; i < names->n; i++)
        if (g_ascii_strcasecmp(names->columns[i].name, name) == 0)
            return &names->columns[i];
    return NULL;
}

static gboolean has_alias(const Column *column, const char *written)
{
    for (char **alias = column->aliases; *alias != NULL; alias++)
        if (same_name(*alias, written))
            return TRUE;
    return FALSE;
}

static gboolean is_alias(const char *name, const char *written)
{
    const Column *column = columns_find(name);
    return column != NULL && has_alias(column, written);
}

gboolean columns_same(const char *name, const char *written)
{
    return same_name(name, written) || is_alias(name, written);
}

int columns_locate(const Table *table, const char *name)
{
    guint n = table_n_columns(table);
    for (guint i = 0; i < n; i++)
        if (same_name(name, table_column(table, i)))
            return (int)i;
    for (guint i = 0; i < n; i++)
        if (is_alias(name, table_column(table, i)))
            return (int)i;
    return -1;
}

const Column *columns_named(const char *written)
{
    const Names *names = known_names();

    for (guint i = 0; i < names->n; i++)
        if (same_name(names->columns[i].name, written))
            return &names->columns[i];
    for (guint i = 0; i < names->n; i++)
        if (has_alias(&names->columns[i], written))
            return &names->columns[i];
    return NULL;
}

const char *const *columns_names(void)
{
    return known_names()->names;
}

static gboolean is_known(const char *written)
{
    static const char *const of_digest[] = { "ticket", "class", "details", NULL };

    for (guint i = 0; of_digest[i] != NULL; i++)
        if (same_name(of_digest[i], written))
            return TRUE;
    return columns_named(written) != NULL;
}

char *columns_unknown(const char *written)
{
    if (is_known(written))
        return NULL;
    const char *meant = faults_guess(written, columns_names());
    return g_strdup_printf("no report is known to have a column \"%s\"%s%s%s expected one that "
                           "certbundctl classes --json lists, if it is not new or Shadowserver's",
                           written, meant != NULL ? ", did you mean \"" : ";",
                           meant != NULL ? meant : "", meant != NULL ? "\"?" : "");
}

char *columns_key(const char *written)
{
    const Column *column = columns_named(written);
    char *key = g_strdup(column != NULL ? column->name : written);

    for (char *p = key; column == NULL && *p != '\0'; p++)
        *p = plain(*p);
    return key;
}

static gboolean is_name_of(const Column *column, const char *written)
{
    return same_name(column->name, written) || has_alias(column, written);
}

gboolean columns_alike(const char *a, const char *b)
{
    const Names *names = known_names();

    if (same_name(a, b))
        return TRUE;
    for (guint i = 0; i < names->n; i++)
        if (is_name_of(&names->columns[i], a) && is_name_of(&names->columns[i], b))
            return TRUE;
    return FALSE;
}

/* That of the column's key, else of another name of it; of several such the first by their
 * order, so that it is the same each time. */
static const char *own_label(GHashTable *own, const char *written)
{
    g_autofree char *key = columns_key(written);
    const char *label = g_hash_table_lookup(own, key), *first = NULL;
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, own);
    while (label == NULL && g_hash_table_iter_next(&iter, &name, &value))
        if (columns_alike(name, written) && (first == NULL || strcmp(name, first) < 0))
            first = name;
    return first != NULL ? g_hash_table_lookup(own, first) : label;
}

static const char *built_in_label(const Column *column, const char *language)
{
    if (column == NULL)
        return "";
    return strcmp(language, "de") == 0 ? column->label_de : column->label_en;
}

char *columns_label(const char *written, const char *const *languages, GHashTable *const *own)
{
    const Column *column = columns_named(written);
    GString *label = g_string_new(NULL);

    for (guint i = 0; languages[i] != NULL; i++) {
        const char *word
            = own != NULL && own[i] != NULL ? own_label(own[i], written) : NULL;
        if (word == NULL)
            word = built_in_label(column, languages[i]);
        if (*word == '\0' || strcmp(label->str, word) == 0)
            continue;
        g_string_append_printf(label, "%s%s", label->len > 0 ? " / " : "", word);
    }
    return g_string_free(label, FALSE);
}

gboolean columns_is_scanned(const char *name)
{
    const Column *column = columns_named(name);
    return column == NULL || column->scanned;
}
