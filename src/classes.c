/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Report title -> class, from src/classes.csv, which is compiled in.
 *
 * The file is read once per process, on the first call from any thread, and
 * never freed.  It is our own: a fault in it is a bug and aborts. */
#include "classes.h"

#include "subject.h"

#include <gio/gio.h>
#include <string.h>

#define RESOURCE "/org/certbund-milter/classes.csv"
#define SLUG_MAX 60 /* bytes */

/* Generated from src/certbund.gresource.xml with --c-name certbund.  Calling it,
 * instead of trusting its constructor, makes a static library bring it along. */
GResource *certbund_get_resource(void);

typedef struct {
    ReportClass public;
    char *folded[2]; /* titles; "" matches nothing */
} Entry;

typedef struct {
    Table *table; /* what the entries' strings point into */
    Entry *entries;
    guint n;
} Catalogue;

static const char *cell(const Table *table, guint row, const char *name)
{
    int column = table_find_column(table, name);
    if (column < 0)
        g_error("classes.csv has no column %s", name);
    return table_cell(table, row, (guint)column);
}

static gpointer read_catalogue(gpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_resource_lookup_data(certbund_get_resource(), RESOURCE,
                                                     G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
    gsize length = 0;
    const char *text = bytes != NULL ? g_bytes_get_data(bytes, &length) : NULL;
    Catalogue *catalogue = g_new0(Catalogue, 1);
    catalogue->table = text != NULL ? table_read(text, length, ',', &error) : NULL;
    if (catalogue->table == NULL)
        g_error("classes.csv: %s", error->message);
    catalogue->n = table_n_rows(catalogue->table);
    catalogue->entries = g_new0(Entry, catalogue->n);
    for (guint i = 0; i < catalogue->n; i++) {
        Entry *entry = &catalogue->entries[i];
        entry->public.id = cell(catalogue->table, i, "id");
        entry->public.title_de = cell(catalogue->table, i, "title_de");
        entry->public.title_en = cell(catalogue->table, i, "title_en");
        entry->public.account_column = cell(catalogue->table, i, "account_column");
        entry->public.columns = cell(catalogue->table, i, "columns");
        const char *kind = cell(catalogue->table, i, "kind");
        entry->public.urgent = strcmp(kind, "infected") == 0 || strcmp(kind, "compromised") == 0;
        entry->folded[0] = subject_fold_title(entry->public.title_de);
        entry->folded[1] = subject_fold_title(entry->public.title_en);
    }
    return catalogue;
}

const ReportClass *classes_find(const char *title)
{
    static GOnce once = G_ONCE_INIT;
    const Catalogue *catalogue = g_once(&once, read_catalogue, NULL);
    g_autofree char *folded = subject_fold_title(title);
    const ReportClass *best = NULL;
    gsize longest = 0;
    for (guint i = 0; i < catalogue->n; i++) {
        for (guint k = 0; k < G_N_ELEMENTS(catalogue->entries[i].folded); k++) {
            const char *pattern = catalogue->entries[i].folded[k];
            if (strlen(pattern) > longest && subject_title_matches(folded, pattern)) {
                best = &catalogue->entries[i].public;
                longest = strlen(pattern);
            }
        }
    }
    return best;
}

gboolean classes_fit(const char *title, const Table *table)
{
    const ReportClass *known = classes_find(title);
    g_auto(GStrv) wanted = g_strsplit(known != NULL ? known->columns : "", " ", -1);
    guint found = 0;

    for (char **name = wanted; known != NULL && *name != NULL; name++) {
        gboolean optional = g_str_has_suffix(*name, "?");
        if (optional)
            (*name)[strlen(*name) - 1] = '\0';
        gboolean there = table_find_column(table, *name) >= 0;
        if (!there && !optional)
            return FALSE;
        found += there;
    }
    return found > 0 && found == table_n_columns(table);
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
        g_string_assign(slug, "unknown");
    return g_string_free(slug, FALSE);
}

char *classes_id(const char *title)
{
    const ReportClass *found = classes_find(title);
    return found != NULL ? g_strdup(found->id) : classes_slug(title);
}
