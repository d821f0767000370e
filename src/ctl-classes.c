/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl classes: the classes that are compiled in, and which template each has. */
#include "classes.h"
#include "columns.h"
#include "ctl-ledger.h"
#include "ctl-rows.h"

#include <sysexits.h>

/* EX_OK also without a config, which this does without: then *templates_r is NULL. */
static int load_templates(const CtlCall *call, TemplateSet **templates_r)
{
    g_autoptr(Faults) faults = faults_new();

    *templates_r = NULL;
    if (!g_file_test(call->config_path, G_FILE_TEST_EXISTS)) {
        ctl_complain("there is no %s: no template is known", call->config_path);
        return EX_OK;
    }
    g_autoptr(Config) config = config_load(call->config_path, faults);
    if (config != NULL)
        *templates_r
            = templates_load((const char *const *)config->template_directories, faults);
    ctl_print_faults(faults);
    return *templates_r != NULL ? EX_OK : EX_CONFIG;
}

/* Its template's id, or NULL. */
static const char *template_of(const TemplateSet *templates, const ReportClass *class)
{
    const Template *found
        = templates != NULL ? templates_find(templates, class->title_de, class->id) : NULL;
    return found != NULL ? found->id : NULL;
}

static char *join_columns(const ReportClass *class)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < class->n_columns; i++)
        g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", class->columns[i].name,
                               class->columns[i].optional ? "?" : "");
    return g_string_free(text, FALSE);
}

static char *join_titles(const ReportClass *class)
{
    g_autofree char *de = g_strjoinv("; ", class->titles_de);
    g_autofree char *en = g_strjoinv("; ", class->titles_en);
    return g_strconcat(de, *de != '\0' && *en != '\0' ? "; " : "", en, NULL);
}

static const char *or_null(const char *text)
{
    return *text != '\0' ? text : NULL;
}

static gboolean list_classes(LedgerRow row, gpointer row_data, gpointer data, GError **error)
{
    const TemplateSet *templates = data;
    static const char *const names[]
        = { "id", "kind", "severity", "ports", "template", "columns", "titles" };
    gboolean more = TRUE;
    (void)error;

    for (guint i = 0; more && i < classes_count(); i++) {
        const ReportClass *class = classes_at(i);
        g_autofree char *columns = join_columns(class);
        g_autofree char *titles = join_titles(class);
        const char *const values[]
            = { class->id, class->kind, severity_name(classes_severity(class, FALSE)),
                or_null(class->ports), template_of(templates, class), or_null(columns), titles };
        more = row(G_N_ELEMENTS(names), names, values, row_data);
    }
    return TRUE;
}

static void add_texts(JsonBuilder *builder, const char *name, char **texts)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (; *texts != NULL; texts++)
        json_builder_add_string_value(builder, *texts);
    json_builder_end_array(builder);
}

static void add_column(JsonBuilder *builder, const ClassColumn *column)
{
    const Column *known = columns_find(column->name);
    char *none[] = { NULL };

    json_builder_begin_object(builder);
    ctl_add_member(builder, "name", column->name);
    json_builder_set_member_name(builder, "optional");
    json_builder_add_boolean_value(builder, column->optional);
    ctl_add_member(builder, "label_de", known != NULL ? known->label_de : NULL);
    ctl_add_member(builder, "label_en", known != NULL ? known->label_en : NULL);
    add_texts(builder, "aliases", known != NULL ? known->aliases : none);
    json_builder_end_object(builder);
}

static void add_class(JsonBuilder *builder, const ReportClass *class,
                      const TemplateSet *templates)
{
    g_auto(GStrv) ports = g_strsplit(class->ports, " ", -1);

    ctl_add_member(builder, "id", class->id);
    ctl_add_member(builder, "kind", class->kind);
    ctl_add_member(builder, "severity", severity_name(classes_severity(class, FALSE)));
    add_texts(builder, "titles_de", class->titles_de);
    add_texts(builder, "titles_en", class->titles_en);
    json_builder_set_member_name(builder, "columns");
    json_builder_begin_array(builder);
    for (guint i = 0; i < class->n_columns; i++)
        add_column(builder, &class->columns[i]);
    json_builder_end_array(builder);
    ctl_add_member(builder, "account_column", or_null(class->account_column));
    add_texts(builder, "ports", ports);
    ctl_add_member(builder, "howto_de", or_null(class->howto_de));
    ctl_add_member(builder, "howto_en", or_null(class->howto_en));
    ctl_add_member(builder, "template", template_of(templates, class));
}

static void print_classes_json(const TemplateSet *templates)
{
    for (guint i = 0; i < classes_count(); i++) {
        g_autoptr(JsonBuilder) builder = json_builder_new_immutable();
        json_builder_begin_object(builder);
        add_class(builder, classes_at(i), templates);
        json_builder_end_object(builder);
        ctl_print_object(builder);
    }
}

int ctl_classes(const CtlCall *call)
{
    static const char *const columns[]
        = { "id", "severity", "ports", "template", "columns", "titles", NULL };
    CtlList list = { .columns = columns };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &list.json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_auto(GStrv) words = ctl_parse(call, entries, 0, 0);
    g_autoptr(TemplateSet) templates = NULL;

    if (words == NULL)
        return EX_USAGE;
    int status = load_templates(call, &templates);
    if (status != EX_OK)
        return status;
    if (list.json)
        print_classes_json(templates);
    else
        ctl_list_rows(list_classes, templates, &list, NULL);
    return EX_OK;
}
