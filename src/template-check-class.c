/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Checks templates beside the classes that CERT-Bund is known to use.
 *
 * A column that no report of the class has would show nothing: an error.  A template that
 * no known class would ever get may be meant for one that is new, so it is only warned of;
 * it may as well be a slip in the title, and then customers get the wrong letter. */
#include "template-parts.h"

#include "classes.h"
#include "columns.h"
#include "title.h"

#include <string.h>

/* One title of one class. */
typedef struct {
    const ReportClass *class;
    const char *title;
    char *key; /* title_key() */
} Known;

static void clear_known(gpointer data)
{
    g_free(((Known *)data)->key);
}

/* Every title there is, as an array of Known. */
static GArray *known_titles(void)
{
    GArray *known = g_array_new(FALSE, FALSE, sizeof(Known));
    g_array_set_clear_func(known, clear_known);
    for (guint i = 0; i < classes_count(); i++) {
        const ReportClass *class = classes_at(i);
        char **const lists[] = { class->titles_de, class->titles_en };
        for (guint l = 0; l < G_N_ELEMENTS(lists); l++)
            for (guint j = 0; lists[l][j] != NULL; j++) {
                Known title = { class, lists[l][j], title_key(lists[l][j]) };
                g_array_append_val(known, title);
            }
    }
    return known;
}

/* Could a report of this title get the template? */
static gboolean claims(const Template *template_, const Known *known)
{
    if (strcmp(template_->id, known->class->id) == 0)
        return TRUE;
    for (guint i = 0; i < template_->titles->len; i++)
        if (title_matches(known->key, template_->titles->pdata[i]))
            return TRUE;
    return FALSE;
}

/* The classes whose reports the template could get; caller frees the array. */
static GPtrArray *claimed_classes(const Template *template_, const GArray *titles)
{
    GPtrArray *classes = g_ptr_array_new();
    for (guint i = 0; i < titles->len; i++) {
        const Known *known = &g_array_index(titles, Known, i);
        if (claims(template_, known) && !g_ptr_array_find(classes, known->class, NULL))
            g_ptr_array_add(classes, (gpointer)known->class);
    }
    return classes;
}

/* Names of all columns of the classes; caller frees the array.  Empty as soon as the columns
 * of one of them are not known: then nothing can be said. */
static GPtrArray *known_columns(const GPtrArray *classes)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < classes->len; i++) {
        const ReportClass *class = classes->pdata[i];
        if (class->n_columns == 0) {
            g_ptr_array_set_size(names, 0);
            break;
        }
        for (guint j = 0; j < class->n_columns; j++)
            if (!g_ptr_array_find_with_equal_func(names, class->columns[j].name, g_str_equal, NULL))
                g_ptr_array_add(names, (gpointer) class->columns[j].name);
    }
    return names;
}

static gboolean knows_column(const GPtrArray *names, const char *column)
{
    for (guint i = 0; i < names->len; i++)
        if (columns_same(names->pdata[i], column))
            return TRUE;
    return FALSE;
}

/* The columns that a template's reports have, and who says so. */
typedef struct {
    const Template *template_;
    const GPtrArray *names; /* none: nothing is known */
    const char *class_id;
    Faults *faults;
} Columns;

static void check_column(const Columns *known, const char *column, guint line)
{
    if (known->names->len == 0 || knows_column(known->names, column))
        return;
    g_autoptr(GPtrArray) list = g_ptr_array_copy((GPtrArray *)known->names, NULL, NULL);
    g_ptr_array_add(list, NULL);
    g_autofree char *guess = template_guess(column, (const char *const *)list->pdata, "\"", "\"");
    g_autofree char *all = g_strjoinv(" ", (char **)list->pdata);
    faults_add(known->faults, known->template_->file, line,
               "class %s has no column \"%s\"%s; expected some of: %s", known->class_id, column,
               guess, all);
}

static void check_in_text(const Node *node, gpointer data)
{
    if (node->kind == NODE_COLUMN || (node->kind == NODE_IF && node->of_column))
        check_column(data, node->text, node->line);
}

static void check_in_sample(const Columns *known)
{
    const Template *template_ = known->template_;
    if (template_->sample == NULL)
        return;
    g_autoptr(Table) table = table_take(g_strdup(template_->sample), 0,
                                        strlen(template_->sample), ',', NULL);
    for (guint i = 0; table != NULL && i < table_n_columns(table); i++)
        check_column(known, table_column(table, i), template_->sample_line);
}

static void check_columns(const Template *template_, const GPtrArray *classes, Faults *faults)
{
    g_autoptr(GPtrArray) names = known_columns(classes);
    if (classes->len == 0)
        return;
    Columns known = { template_, names, ((const ReportClass *)classes->pdata[0])->id, faults };
    for (guint i = 0; template_->columns[i] != NULL; i++)
        check_column(&known, template_->columns[i],
                     g_array_index(template_->column_lines, guint, i));
    for (guint i = 0; i < template_->texts->len; i++) {
        const TemplateText *text = template_->texts->pdata[i];
        template_visit(text->subject, check_in_text, &known);
        template_visit(text->blocks, check_in_text, &known);
    }
    check_in_sample(&known);
}

/* Each template that some title of a known class leads to. */
static GHashTable *reached_templates(const TemplateSet *set, const GArray *titles)
{
    GHashTable *reached = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < titles->len; i++) {
        const Known *known = &g_array_index(titles, Known, i);
        const Template *template_ = templates_find(set, known->title, known->class->id);
        if (template_ != NULL)
            g_hash_table_add(reached, (gpointer)template_);
    }
    return reached;
}

/* The known title whose key is as near as a slip, or NULL. */
static const char *guess_title(const char *key, const GArray *titles)
{
    g_autofree const char **keys = g_new0(const char *, titles->len + 1);
    for (guint i = 0; i < titles->len; i++)
        keys[i] = g_array_index(titles, Known, i).key;
    const char *best = faults_guess(key, keys);
    for (guint i = 0; best != NULL && i < titles->len; i++)
        if (keys[i] == best)
            return g_array_index(titles, Known, i).title;
    return NULL;
}

static void warn_unknown(const Template *template_, const GArray *titles, Faults *faults)
{
    for (guint i = 0; i < template_->titles->len; i++) {
        const char *guess = guess_title(template_->titles->pdata[i], titles);
        faults_warn(faults, template_->file, g_array_index(template_->title_lines, guint, i),
                    "no class that is known has the title \"%s\"%s%s%s expected one of those that "
                    "certbundctl classes lists, if it is not a new one",
                    (char *)template_->titles_written->pdata[i],
                    guess != NULL ? ", did you mean \"" : ",", guess != NULL ? guess : "",
                    guess != NULL ? "\"?" : "");
    }
}

/* The one that takes the reports of the first title that this one claims, or NULL. */
static const Template *winner(const TemplateSet *set, const Template *template_,
                              const GArray *titles)
{
    for (guint i = 0; i < titles->len; i++) {
        const Known *known = &g_array_index(titles, Known, i);
        if (claims(template_, known))
            return templates_find(set, known->title, known->class->id);
    }
    return NULL;
}

static void warn_unreached(const TemplateSet *set, const Template *template_, const GArray *titles,
                           Faults *faults)
{
    const Template *other = winner(set, template_, titles);
    if (other == NULL) {
        warn_unknown(template_, titles, faults);
        return;
    }
    guint line = other->match_line != 0 ? other->match_line : other->line;
    g_autofree char *where = faults_place_text(line);
    faults_warn(faults, template_->file, template_->match_line,
                "no report gets this template: %s:%s has longer titles for all of its classes; "
                "expected a title of its own, or the other one taken away",
                other->file, where);
}

void template_check_column(const char *name, const char *file, guint line, Faults *faults)
{
    g_autofree char *unknown = columns_unknown(name);

    if (unknown != NULL)
        faults_warn(faults, file, line, "%s", unknown);
}

void template_check_classes(const TemplateSet *set, const GPtrArray *templates, Faults *faults)
{
    g_autoptr(GArray) titles = known_titles();
    g_autoptr(GHashTable) reached = reached_templates(set, titles);
    for (guint i = 0; i < templates->len; i++) {
        const Template *template_ = templates->pdata[i];
        g_autoptr(GPtrArray) classes = claimed_classes(template_, titles);
        check_columns(template_, classes, faults);
        if (faults_errors(faults) == 0 && !g_hash_table_contains(reached, template_) &&
            !template_serves_any(template_->id))
            warn_unreached(set, template_, titles, faults);
    }
}
