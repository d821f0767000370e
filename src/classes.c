/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Report title -> class, from src/classes.csv, which is compiled in.  It is read once per
 * process, on the first call from any thread, and never freed. */
#include "classes.h"

#include "columns.h"
#include "data.h"
#include "title.h"

#include <string.h>

#define SLUG_MAX 60 /* bytes */
#define NO_TITLE "unknown"

typedef struct {
    ReportClass public;
    GPtrArray *keys; /* of its titles in both languages, char * */
} Entry;

typedef struct {
    Table *table; /* what the entries' strings point into */
    Entry *entries;
    guint n;
} Catalogue;

static const char *first(char **titles)
{
    return *titles != NULL ? *titles : "";
}

static void read_columns(ReportClass *class, const Table *table, guint row)
{
    char **names = data_texts(table, row, "columns", " "); /* the names stay in use */
    ClassColumn *columns = g_new0(ClassColumn, g_strv_length(names));

    for (guint i = 0; names[i] != NULL; i++) {
        columns[i].optional = g_str_has_suffix(names[i], "?");
        if (columns[i].optional)
            names[i][strlen(names[i]) - 1] = '\0';
        columns[i].name = names[i];
    }
    class->columns = columns;
    class->n_columns = g_strv_length(names);
    g_free(names);
}

static void add_keys(Entry *entry, char **titles)
{
    for (; *titles != NULL; titles++)
        g_ptr_array_add(entry->keys, title_key(*titles));
}

static void read_entry(Entry *entry, const Table *table, guint row)
{
    ReportClass *class = &entry->public;

    class->id = data_cell(table, row, "id");
    class->kind = data_cell(table, row, "kind");
    class->titles_de = data_texts(table, row, "titles_de", "|");
    class->titles_en = data_texts(table, row, "titles_en", "|");
    class->title_de = first(class->titles_de);
    class->title_en = first(class->titles_en);
    class->account_column = data_cell(table, row, "account_column");
    read_columns(class, table, row);
    class->ports = data_cell(table, row, "ports");
    class->howto_de = data_cell(table, row, "howto_de");
    class->howto_en = data_cell(table, row, "howto_en");
    class->urgent = classes_severity(class, FALSE) == SEVERITY_HIGH;
    entry->keys = g_ptr_array_new();
    add_keys(entry, class->titles_de);
    add_keys(entry, class->titles_en);
}

static gpointer read_catalogue(gpointer unused)
{
    (void)unused;
    Catalogue *catalogue = g_new0(Catalogue, 1);
    catalogue->table = data_table("classes.csv");
    catalogue->n = table_n_rows(catalogue->table);
    catalogue->entries = g_new0(Entry, catalogue->n);
    for (guint i = 0; i < catalogue->n; i++)
        read_entry(&catalogue->entries[i], catalogue->table, i);
    return catalogue;
}

static const Catalogue *all(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, read_catalogue, NULL);
}

guint classes_count(void)
{
    return all()->n;
}

const ReportClass *classes_at(guint i)
{
    return &all()->entries[i].public;
}

static gsize longest_match(const Entry *entry, const char *key)
{
    gsize longest = 0;
    for (guint i = 0; i < entry->keys->len; i++)
        if (title_matches(key, entry->keys->pdata[i]))
            longest = MAX(longest, strlen(entry->keys->pdata[i]));
    return longest;
}

const ReportClass *classes_find(const char *title)
{
    const Catalogue *catalogue = all();
    g_autofree char *key = title_key(title);
    const ReportClass *best = NULL;
    gsize longest = 0;
    for (guint i = 0; i < catalogue->n; i++) {
        gsize length = longest_match(&catalogue->entries[i], key);
        if (length > longest) {
            longest = length;
            best = &catalogue->entries[i].public;
        }
    }
    return best;
}

const ReportClass *classes_named(const char *title)
{
    const Catalogue *catalogue = all();
    g_autofree char *key = title_key(title);

    for (guint i = 0; i < catalogue->n; i++)
        if (longest_match(&catalogue->entries[i], key) == strlen(key) && *key != '\0')
            return &catalogue->entries[i].public;
    return NULL;
}

const ReportClass *classes_by_id(const char *id)
{
    for (guint i = 0; i < classes_count(); i++)
        if (strcmp(classes_at(i)->id, id) == 0)
            return classes_at(i);
    return NULL;
}

const char *classes_time_column(const char *class_id)
{
    static const char usual[] = "timestamp";
    const ReportClass *class = classes_by_id(class_id);

    for (guint i = 0; class != NULL && i < class->n_columns; i++)
        if (columns_same(class->columns[i].name, usual))
            return class->columns[i].name;
    return usual;
}

static const char *const severities[][2] = {
    [SEVERITY_LOW] = { "open-service" },
    [SEVERITY_MEDIUM] = { "vulnerable", "abuse" },
    [SEVERITY_HIGH] = { "infected", "compromised" },
};

Severity classes_severity(const ReportClass *class, gboolean critical)
{
    if (critical)
        return SEVERITY_HIGH;
    if (class == NULL)
        return SEVERITY_MEDIUM;
    for (Severity i = SEVERITY_LOW; i <= SEVERITY_HIGH; i++)
        for (guint k = 0; k < G_N_ELEMENTS(severities[i]); k++)
            if (g_strcmp0(class->kind, severities[i][k]) == 0)
                return i;
    g_error("classes.csv: %s is of no known kind: %s", class->id, class->kind);
}

const char *severity_name(Severity severity)
{
    static const char *const names[] = { "low", "medium", "high" };
    return names[severity];
}

static gboolean fits(const ReportClass *class, const Table *table)
{
    guint found = 0;

    for (guint i = 0; i < class->n_columns; i++) {
        gboolean there = columns_locate(table, class->columns[i].name) >= 0;
        if (!there && !class->columns[i].optional)
            return FALSE;
        found += there;
    }
    return found > 0 && found == table_n_columns(table);
}

gboolean classes_fit(const char *title, const Table *table)
{
    const ReportClass *known = classes_find(title);

    return known != NULL && fits(known, table);
}

/* Do all words of one of its titles stand in the text's key? */
static gboolean is_named_in(const Entry *entry, const char *text)
{
    for (guint i = 0; i < entry->keys->len; i++) {
        g_auto(GStrv) words = g_strsplit_set(entry->keys->pdata[i], " -", -1);
        char **word = words;
        while (*word != NULL && strstr(text, *word) != NULL)
            word++;
        if (*word == NULL)
            return TRUE;
    }
    return FALSE;
}

const ReportClass *classes_contradiction(const ReportClass *class, const Table *table,
                                         const char *text)
{
    const Catalogue *catalogue = all();
    g_autofree char *key = text != NULL ? title_key(text) : NULL;
    const ReportClass *other = NULL;

    for (guint i = 0; key != NULL && i < catalogue->n; i++) {
        const Entry *entry = &catalogue->entries[i];
        if (!is_named_in(entry, key))
            continue;
        if (&entry->public == class)
            return NULL;
        if (other == NULL && fits(&entry->public, table))
            other = &entry->public;
    }
    return other;
}

char *classes_slug(const char *title)
{
    g_autofree char *folded = subject_fold_title(title);
    GString *slug = g_string_new(NULL);
    for (const char *p = folded; *p != '\0' && slug->len < SLUG_MAX; p++) {
        if (g_ascii_isalnum(*p))
            g_string_append_c(slug, *p);
        else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
            g_string_append_c(slug, '-');
    }
    while (slug->len > 0 && slug->str[slug->len - 1] == '-')
        g_string_truncate(slug, slug->len - 1);
    if (slug->len == 0)
        g_string_assign(slug, NO_TITLE);
    return g_string_free(slug, FALSE);
}

char *classes_id(const char *title)
{
    const ReportClass *found = classes_find(title);
    return found != NULL ? g_strdup(found->id) : classes_slug(title);
}

char *classes_id_of(const Subject *subject)
{
    g_autofree char *id = classes_id(subject->title);

    return g_strdup(subject->family == FAMILY_MANUAL && strcmp(id, NO_TITLE) == 0 ? CLASSES_MANUAL
                                                                                  : id);
}
