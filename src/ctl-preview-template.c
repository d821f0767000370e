/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* certbundctl preview --template: a template with its sample rows, as each kind of customer
 * would read it: no report, no customers, no ledger.  The layouts are those beside the file,
 * else those of the config, if there is one. */
#include "attachment.h"
#include "classes.h"
#include "ctl-ledger.h"
#include "ctl-preview.h"
#include "render.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define SAMPLE_TICKET    "CB-Report#20250212-10004759"
#define SAMPLE_REFERENCE "A-7F3K2Q"
#define SAMPLE_DATE      1739354227 /* 2025-02-12 09:57:07 UTC: the day of the samples */

/* What is shown, and how. */
typedef struct {
    const Template *template_;
    const Layout *layout;
    Report *report;
    const char *language, *kind; /* of the customer */
    gboolean many;
} Variant;

/* As if each row's system had a network of a usual size; g_strfreev(). */
static char **sample_networks(const Report *report, guint n)
{
    char **networks = g_new0(char *, n + 1);
    char text[ADDRESS_TEXT_SIZE];

    for (guint i = 0; i < n; i++) {
        const char *account = report_account(report, i);
        const char *at = account != NULL ? strrchr(account, '@') : NULL;
        Address first = report->events[i].address;
        gboolean ipv4 = address_is_ipv4(&first);
        memset(first.bytes + (ipv4 ? 15 : 6), 0, ipv4 ? 1 : 10);
        networks[i] = at != NULL ? g_strdup(at + 1)
                                 : g_strdup_printf("%s/%d", address_format(&first, text),
                                                   ipv4 ? 24 : 48);
    }
    return networks;
}

/* Puts one letter where it is wanted. */
typedef void (*Show)(const Variant *variant, const Rendered *rendered, GString *out);

static void show_as_text(const Variant *variant, const Rendered *rendered, GString *out)
{
    g_string_append_printf(out, "==== %s, %s%s%s\n\nSubject: %s\n\n%s\n", rendered->language,
                           variant->many ? "several" : "one", *variant->kind != '\0' ? ", " : "",
                           variant->kind, rendered->subject, rendered->text->str);
    for (guint i = 0; i < rendered->files->len; i++) {
        const Attachment *file = rendered->files->pdata[i];
        g_string_append_printf(out, "[attached: %s, %s]\n%s\n", file->name, file->type,
                               file->content->str);
    }
}

/* In a frame of its own: a page has its own style sheet. */
static void show_page_beside(const GString *html, GString *out)
{
    g_autofree char *page = g_markup_escape_text(html->str, -1);
    g_string_append_printf(out, "<iframe sandbox=\"\" title=\"text/html\" srcdoc=\"%s\">"
                                "</iframe>\n", page);
}

static void show_file_below(const Attachment *file, GString *out)
{
    g_autofree char *content = g_markup_escape_text(file->content->str, -1);
    g_string_append_printf(out, "<h3>%s, %s</h3>\n<pre>%s</pre>\n", file->name, file->type,
                           content);
}

static void show_as_page(const Variant *variant, const Rendered *rendered, GString *out)
{
    g_autofree char *subject = g_markup_escape_text(rendered->subject, -1);
    g_autofree char *text = g_markup_escape_text(rendered->text->str, -1);

    g_string_append_printf(out, "<section>\n<h2>%s, %s%s%s</h2>\n<h3>%s</h3>\n<div>\n"
                                "<pre>%s</pre>\n",
                           rendered->language, variant->many ? "several" : "one",
                           *variant->kind != '\0' ? ", " : "", variant->kind, subject, text);
    if (rendered->html != NULL)
        show_page_beside(rendered->html, out);
    g_string_append(out, "</div>\n");
    for (guint i = 0; i < rendered->files->len; i++)
        show_file_below(rendered->files->pdata[i], out);
    g_string_append(out, "</section>\n");
}

static Rendered *render_variant(const Variant *variant)
{
    const Customer customer = { .id = "sample", .email = "", .cc = "", .name = "Muster GmbH",
                                .language = variant->language, .brand = "", .escalation = "",
                                .reference = "K-4711", .kind = variant->kind, .form = "" };
    guint n = variant->many ? variant->report->n_events : 1;
    g_autofree guint32 *events = g_new(guint32, n);

    for (guint i = 0; i < n; i++)
        events[i] = i;
    g_auto(GStrv) networks = sample_networks(variant->report, n);
    char sender_name[] = "Muster-Hoster", sender_address[] = "abuse@example.org";
    const RenderSender sender = { sender_name, sender_address };
    const RenderInput input = {
        .report = variant->report, .template_ = variant->template_, .layout = variant->layout,
        .customer = &customer, .sender = &sender, .events = events, .n_events = n,
        .class_id = variant->report->class_id, .reference = SAMPLE_REFERENCE,
        .date = SAMPLE_DATE, .written = SAMPLE_DATE,
        .networks = (const char *const *)networks,
    };
    return render(&input);
}

/* Each language and all, one address and several; for resellers, where that differs. */
static void show_all(Variant *variant, Show show, GString *out)
{
    static const char *const kinds[] = { "", "reseller" };
    g_autofree char *all = g_strjoinv(" ", variant->layout->order);

    for (guint i = 0;; i++) {
        const char *language = variant->layout->order[i];
        variant->language = language != NULL ? language : all;
        for (guint v = 0; v < 4; v++) {
            variant->kind = "";
            variant->many = v % 2 == 1;
            g_autoptr(Rendered) plain = render_variant(variant);
            variant->kind = kinds[v / 2];
            g_autoptr(Rendered) rendered = render_variant(variant);
            if (v < 2 || strcmp(plain->text->str, rendered->text->str) != 0)
                show(variant, rendered, out);
        }
        if (language == NULL)
            return;
    }
}

/* The sample as a report of the template's class; NULL after complaining. */
static Report *sample_report(const Template *template_)
{
    const char *title = template_->titles_written->len > 0
        ? g_ptr_array_index(template_->titles_written, 0) : template_->id;
    const ReportClass *class = classes_find(title);
    g_autofree char *text = g_strdup_printf("[" SAMPLE_TICKET "] %s in AS64496", title);
    g_autoptr(Subject) subject = subject_parse(text);
    g_autoptr(GError) error = NULL;

    if (template_->sample == NULL) {
        ctl_complain("%s: no <sample>, expected rows to show it with", template_->file);
        return NULL;
    }
    Table *table = table_take(g_strdup(template_->sample), 0, strlen(template_->sample), ',',
                              &error);
    Report *report
        = table != NULL ? report_of_table(table, subject, template_->id, &error) : NULL;
    if (report == NULL)
        ctl_complain("%s: <sample>: %s", template_->file, error->message);
    else if (class != NULL && *class->account_column != '\0')
        report->account_column = table_find_column(report->table, class->account_column);
    return report;
}

/* The directory of the file, then those of the config, so that its neighbours win. */
static TemplateSet *load_beside(const CtlCall *call, const char *file)
{
    g_autoptr(Faults) faults = faults_new();
    g_autoptr(GPtrArray) directories = g_ptr_array_new();
    g_autofree char *own = g_path_get_dirname(file);
    gboolean configured = g_file_test(call->config_path, G_FILE_TEST_EXISTS);
    g_autoptr(Config) config = configured ? config_load(call->config_path, faults) : NULL;
    TemplateSet *set = NULL;

    g_ptr_array_add(directories, own);
    for (char **p = config != NULL ? config->template_directories : NULL; p != NULL && *p != NULL;
         p++)
        g_ptr_array_add(directories, *p);
    g_ptr_array_add(directories, NULL);
    if (config != NULL || !configured)
        set = templates_load((const char *const *)directories->pdata, faults);
    ctl_print_faults(faults);
    return set;
}

static const Template *find_file(const TemplateSet *set, const char *file)
{
    g_autofree char *wanted = g_canonicalize_filename(file, NULL);

    for (guint i = 0; i < templates_n_templates(set); i++) {
        const Template *template_ = templates_at(set, i);
        g_autofree char *path = g_canonicalize_filename(template_->file, NULL);
        if (strcmp(path, wanted) == 0)
            return template_;
    }
    ctl_complain("%s: no template that is in effect, expected one of a directory of templates",
                 file);
    return NULL;
}

static int write_page(const char *path, const Template *template_, const GString *letters)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *page = g_strdup_printf(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
        "<style>:root { color-scheme: light dark } section { display: inline-block; "
        "vertical-align: top; margin: 1em } pre { white-space: pre-wrap; overflow-wrap: anywhere; "
        "max-width: 80ch } "
        "section div { display: flex; flex-wrap: wrap; gap: 1em } "
        "iframe { width: 40em; min-height: 40em; border: 1px solid #999 }</style>\n"
        "</head>\n<body>\n<h1>%s</h1>\n%s</body>\n</html>\n",
        template_->id, template_->id, letters->str);

    if (g_file_set_contents(path, page, -1, &error))
        return EX_OK;
    ctl_complain("%s", error->message);
    return EX_CANTCREAT;
}

int ctl_preview_template(const CtlCall *call, const char *file, const char *page)
{
    g_autoptr(TemplateSet) set = load_beside(call, file);
    g_autoptr(GString) letters = g_string_new(NULL);

    if (set == NULL)
        return EX_CONFIG;
    const Template *template_ = find_file(set, file);
    g_autoptr(Report) report = template_ != NULL ? sample_report(template_) : NULL;
    if (report == NULL)
        return CTL_WANTING;
    Variant variant = { .template_ = template_, .layout = templates_layout(set, ""),
                        .report = report };
    show_all(&variant, page != NULL ? show_as_page : show_as_text, letters);
    if (page != NULL)
        return write_page(page, template_, letters);
    fputs(letters->str, stdout);
    return EX_OK;
}
