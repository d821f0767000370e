/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The set of templates and layouts: which files there are, which of two with
 * one id wins, and who serves a title.  Goes on after a fault, so that an
 * operator sees all of them at once; the set is only made when there is none. */
#include "template-parts.h"

#include "errors.h"
#include "title.h"

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct TemplateSet {
    gint references;
    GPtrArray *templates; /* of Template, in effect */
    GPtrArray *layouts;   /* of Layout, in effect */
    GChecksum *checksum;
    char *digest;
};

/* libxml2 2.9 builds its RELAX NG types on first use without a lock. */
G_LOCK_DEFINE_STATIC(libxml);

/* Contents of a file, NULL with a fault when it can't be read or is too large. */
static char *read_file(const char *path, gsize *length_r, Faults *faults)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        faults_add(faults, path, 0, "can't be read: %s", g_strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return NULL;
    }
    g_autofree char *content = g_malloc(TEMPLATE_FILE_MAX + 2);
    gsize length = 0;
    ssize_t n = S_ISREG(status.st_mode) ? 1 : -1;
    while (n > 0 && length <= TEMPLATE_FILE_MAX) {
        n = read(descriptor, content + length, TEMPLATE_FILE_MAX + 1 - length);
        if (n > 0)
            length += (gsize)n;
    }
    int reason = errno;
    close(descriptor);
    if (n < 0) {
        faults_add(faults, path, 0, "can't be read: %s",
                   S_ISREG(status.st_mode) ? g_strerror(reason) : "not a regular file");
        return NULL;
    }
    if (length > TEMPLATE_FILE_MAX) {
        faults_add(faults, path, 0, "larger than %d bytes, expected a letter", TEMPLATE_FILE_MAX);
        return NULL;
    }
    content[length] = '\0';
    *length_r = length;
    return g_realloc(g_steal_pointer(&content), length + 1);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths of a directory's *.xml in the order of their names; hidden files are
 * what editors leave behind.  NULL when it can't be opened. */
static GPtrArray *list_files(const char *directory, GError **error)
{
    GDir *dir = g_dir_open(directory, 0, error);
    if (dir == NULL)
        return NULL;
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir))
        if (g_str_has_suffix(name, ".xml") && name[0] != '.')
            g_ptr_array_add(paths, g_build_filename(directory, name, NULL));
    g_dir_close(dir);
    g_ptr_array_sort(paths, compare_names);
    return paths;
}

typedef struct {
    TemplateSet *set;
    TemplateSchema *schema;
    Faults *faults;
    GHashTable *here; /* "template id" or "layout id" of this directory -> file */
    GHashTable *all;  /* the same, of the directories before */
} Load;

/* TRUE when the file is in effect: its id is neither here nor before. */
static gboolean claim_id(Load *load, const char *kind, const char *id, const char *file, guint line)
{
    g_autofree char *key = g_strconcat(kind, " ", id, NULL);
    const char *other = g_hash_table_lookup(load->here, key);
    if (other != NULL) {
        faults_add(load->faults, file, line,
                   "%s \"%s\" is also in %s, expected it once in a "
                   "directory",
                   kind, id, other);
        return FALSE;
    }
    gboolean wins = !g_hash_table_contains(load->all, key);
    g_hash_table_insert(load->here, g_steal_pointer(&key), g_strdup(file));
    return wins;
}

static void load_file(Load *load, const char *path)
{
    TemplateFile file = { NULL, NULL };
    gsize length;
    gboolean wins = FALSE;
    g_autofree char *content = read_file(path, &length, load->faults);
    if (content == NULL)
        return;
    template_read(path, content, length, load->schema, &file, load->faults);
    if (file.template_ != NULL)
        wins = claim_id(load, "template", file.template_->id, path, file.template_->line);
    else if (file.layout != NULL)
        wins = claim_id(load, "layout", file.layout->id, path, file.layout->line);
    if (!wins) {
        template_free(file.template_);
        layout_free(file.layout);
        return;
    }
    if (file.template_ != NULL)
        g_ptr_array_add(load->set->templates, file.template_);
    else
        g_ptr_array_add(load->set->layouts, file.layout);
    g_checksum_update(load->set->checksum, (guchar *)content, (gssize)length + 1);
}

static gboolean keep_id(gpointer key, gpointer file, gpointer all)
{
    g_hash_table_insert(all, key, file);
    return TRUE;
}

/* FALSE when there is no such directory. */
static gboolean load_directory(Load *load, const char *directory)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) paths = list_files(directory, &error);
    if (paths == NULL) {
        gboolean missing = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        (missing ? faults_warn : faults_add)(load->faults, directory, 0,
                                             "%s, expected a directory of templates",
                                             missing ? "does not exist" : error->message);
        return !missing;
    }
    for (guint i = 0; i < paths->len; i++)
        load_file(load, paths->pdata[i]);
    g_hash_table_foreach_steal(load->here, keep_id, load->all);
    return TRUE;
}

static void check_complete(const TemplateSet *set, const char *const *directories,
                           gboolean files_good, Faults *faults)
{
    g_autofree char *all = g_strjoinv(", ", (char **)directories);
    /* A faulty file may be the one that is missing: said already. */
    if (templates_layout(set, "default") == NULL && files_good)
        faults_add(faults, all, 0,
                   "no layout \"default\", expected one, as in the shipped default.xml");
    template_check_set(set->templates, set->layouts, faults);
    template_check_classes(set, set->templates, faults);
}

static void load_all(Load *load, const char *const *directories)
{
    guint n_found = 0, before = faults_errors(load->faults);
    for (guint i = 0; directories[i] != NULL; i++)
        n_found += load_directory(load, directories[i]) ? 1 : 0;
    if (n_found == 0)
        faults_add(load->faults, "templates", 0, "none of the directories exists, expected one");
    else
        check_complete(load->set, directories, faults_errors(load->faults) == before, load->faults);
}

TemplateSet *templates_load(const char *const *directories, Faults *faults)
{
    g_autoptr(TemplateSet) set = g_new0(TemplateSet, 1);
    g_autoptr(GHashTable) here = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) error = NULL;
    guint before = faults_errors(faults);
    set->references = 1;
    set->templates = g_ptr_array_new_with_free_func((GDestroyNotify)template_free);
    set->layouts = g_ptr_array_new_with_free_func((GDestroyNotify)layout_free);
    set->checksum = g_checksum_new(G_CHECKSUM_SHA256);
    G_LOCK(libxml);
    xmlInitParser();
    g_autoptr(TemplateSchema) schema = template_schema_new(&error);
    Load load = { set, schema, faults, here, all };
    if (schema == NULL)
        faults_add(faults, "certbund-template.rng", 0, "%s", error->message);
    else
        load_all(&load, directories);
    g_clear_pointer(&schema, template_schema_free);
    G_UNLOCK(libxml);
    set->digest = g_strdup(g_checksum_get_string(set->checksum));
    return faults_errors(faults) == before ? g_steal_pointer(&set) : NULL;
}

TemplateSet *templates_ref(TemplateSet *set)
{
    g_atomic_int_inc(&set->references);
    return set;
}

void templates_unref(TemplateSet *set)
{
    if (set == NULL || !g_atomic_int_dec_and_test(&set->references))
        return;
    g_ptr_array_unref(set->templates);
    g_ptr_array_unref(set->layouts);
    g_checksum_free(set->checksum);
    g_free(set->digest);
    g_free(set);
}

/* Length of the longest of the template's titles that matches, or 0. */
static gsize match_length(const Template *template_, const char *key)
{
    gsize longest = 0;
    for (guint i = 0; i < template_->titles->len; i++)
        if (title_matches(key, template_->titles->pdata[i]))
            longest = MAX(longest, strlen(template_->titles->pdata[i]));
    return longest;
}

gboolean template_serves_any(const char *id)
{
    return strcmp(id, TEMPLATE_REPORT) == 0 || strcmp(id, TEMPLATE_DIGEST) == 0;
}

const Template *templates_find(const TemplateSet *set, const char *title, const char *class_id)
{
    g_autofree char *key = title_key(title);
    const Template *best = NULL;
    gsize longest = 0;
    for (guint i = 0; i < set->templates->len; i++) {
        const Template *template_ = set->templates->pdata[i];
        gsize length = match_length(template_, key);
        if (length > longest && !template_serves_any(template_->id)) {
            longest = length;
            best = template_;
        }
    }
    if (best == NULL && !template_serves_any(class_id))
        best = templates_by_id(set, class_id);
    return best;
}

const Template *templates_by_id(const TemplateSet *set, const char *id)
{
    for (guint i = 0; i < set->templates->len; i++)
        if (!strcmp(((const Template *)set->templates->pdata[i])->id, id))
            return set->templates->pdata[i];
    return NULL;
}

const Layout *templates_layout(const TemplateSet *set, const char *id)
{
    for (guint i = 0; i < set->layouts->len; i++)
        if (!strcmp(((const Layout *)set->layouts->pdata[i])->id, *id != '\0' ? id : "default"))
            return set->layouts->pdata[i];
    return NULL;
}

guint templates_n_templates(const TemplateSet *set)
{
    return set->templates->len;
}

const Template *templates_at(const TemplateSet *set, guint i)
{
    return set->templates->pdata[i];
}

guint templates_n_layouts(const TemplateSet *set)
{
    return set->layouts->len;
}

const TemplateText *template_text(const Template *template_, const char *language)
{
    for (guint i = 0; i < template_->texts->len; i++)
        if (!strcmp(((const TemplateText *)template_->texts->pdata[i])->language, language))
            return template_->texts->pdata[i];
    return NULL;
}

const LayoutText *layout_text(const Layout *layout, const char *language)
{
    for (guint i = 0; i < layout->texts->len; i++)
        if (!strcmp(((const LayoutText *)layout->texts->pdata[i])->language, language))
            return layout->texts->pdata[i];
    return NULL;
}

const char *templates_digest(const TemplateSet *set)
{
    return set->digest;
}
