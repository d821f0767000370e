/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Every shipped template that has sample rows, as a customer gets it: German and English,
 * one address and more, reseller or not.  With CERTBUND_LETTERS=DIRECTORY the letters are
 * left there, to be read. */
#include "columns.h"
#include "letter-maker.h"
#include "message.h"

#include <string.h>

static const char *const languages[] = { "de", "en" };

/* Ids of the templates with sample rows; caller frees. */
static GPtrArray *with_sample(const char *directory, const TemplateSet *set)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *id = g_strndup(name, strcspn(name, "."));
        const Template *template_ = g_str_has_suffix(name, ".xml") ? templates_by_id(set, id) : NULL;
        if (template_ != NULL && template_->sample != NULL)
            g_ptr_array_add(ids, g_steal_pointer(&id));
    }
    return ids;
}

/* The sample's rows with the names that letter_report() looks for. */
static Report *report_of(const Template *template_)
{
    static const char *const plain[] = { "ip", "timestamp" };
    g_autofree char *sample = g_strstrip(g_strdup(template_->sample));
    g_auto(GStrv) halves = g_strsplit(sample, "\n", 2);
    g_auto(GStrv) names = g_strsplit(halves[0], ",", -1);
    for (guint i = 0; names[i] != NULL; i++)
        for (guint j = 0; j < G_N_ELEMENTS(plain); j++)
            if (columns_same(plain[j], names[i])) {
                g_free(names[i]);
                names[i] = g_strdup(plain[j]);
            }
    g_autofree char *header = g_strjoinv(",", names);
    g_autofree char *csv = g_strconcat(header, "\n", halves[1], "\n", NULL);
    return letter_report("[CB-Report#20250212-10004759] T", csv, FALSE);
}

static Rendered *letter(const TemplateSet *set, const Template *template_, const Report *report,
                        const char *language, const char *kind, guint n_events)
{
    const guint32 events[] = { 0, 1 };
    Customer customer = { .id = "c-1",       .email = "noc@example.org",
                          .cc = "",          .name = "",
                          .language = language, .brand = "",
                          .escalation = "",  .reference = "",
                          .kind = kind,      .form = "" };
    RenderInput input = { .report = report,
                          .template_ = template_,
                          .layout = templates_layout(set, ""),
                          .customer = &customer,
                          .events = events,
                          .n_events = n_events,
                          .class_id = template_->id,
                          .reference = "A-7F3K2Q" };
    g_assert_cmpuint(n_events, <=, G_N_ELEMENTS(events));
    return render(&input);
}

static void keep(const char *id, const char *language, const char *kind, guint n_events,
                 const Rendered *rendered)
{
    const char *directory = g_getenv("CERTBUND_LETTERS");
    g_autoptr(GError) error = NULL;
    if (directory == NULL)
        return;
    g_autofree char *name = g_strdup_printf("%s/%s.%s.%s.%s.txt", directory, id, language,
                                            n_events == 1 ? "one" : "many", kind);
    g_autofree char *text
        = g_strdup_printf("Subject: %s\n\n%s", rendered->subject, rendered->text->str);
    g_file_set_contents(name, text, -1, &error);
    g_assert_no_error(error);
}

/* The letter itself, without the rows. */
static char *above_rows(const Rendered *rendered)
{
    g_auto(GStrv) halves = g_strsplit(rendered->text->str, "\n\"", 2);
    g_assert_nonnull(halves[1]);
    return g_strdup(halves[0]);
}

/* What a gap in a template looks like to who reads it. */
static void assert_whole(const char *text)
{
    static const char *const gaps[] = { "  .", " .\n", " ,", " ;", " ()", "( ", " )", ": .", ",." };
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (strstr(lines[i], "https://") == NULL)
            g_assert_cmpint(g_utf8_strlen(lines[i], -1), <=, RENDER_WIDTH);
        for (guint j = 0; g_ascii_isalpha(lines[i][0]) && j < G_N_ELEMENTS(gaps); j++)
            if (strstr(lines[i], gaps[j]) != NULL)
                g_error("\"%s\" in: %s", gaps[j], lines[i]);
    }
}

static void check_letter(const Rendered *rendered, const Report *report, const char *language)
{
    char address[ADDRESS_TEXT_SIZE];
    g_autofree char *text = above_rows(rendered);

    address_format(&report->events[0].address, address);
    g_assert_cmpstr(rendered->language, ==, language);
    g_assert_nonnull(strstr(rendered->subject, address));
    g_assert_null(strstr(rendered->subject, "CB-Report"));
    g_assert_nonnull(strstr(text, "BSI"));
    assert_whole(text);
}

static void test_letters(gconstpointer data)
{
    g_autofree char *directory = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(directory, NULL);
    const Template *template_ = templates_by_id(set, data);
    g_autoptr(Report) report = report_of(template_);

    for (guint i = 0; i < 2 * G_N_ELEMENTS(languages); i++) {
        const char *language = languages[i / 2];
        g_autoptr(Rendered) usual = letter(set, template_, report, language, "", 1 + i % 2);
        g_autoptr(Rendered) reseller
            = letter(set, template_, report, language, "reseller", 1 + i % 2);
        keep(template_->id, language, "end", 1 + i % 2, usual);
        keep(template_->id, language, "reseller", 1 + i % 2, reseller);
        check_letter(usual, report, language);
        check_letter(reseller, report, language);
        g_assert_cmpstr(usual->text->str, !=, reseller->text->str);
    }
}

/* Who reported is said as it was: the BSI stands in links only, where it has more to read. */
static void test_source(gconstpointer data)
{
    static const char *const others[] = { "Bundesamt für Sicherheit", "Federal Office", "CERT-Bund" };
    g_autofree char *directory = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(directory, NULL);
    const Template *template_ = templates_by_id(set, data);
    g_autoptr(Report) report = report_of(template_);

    report->subject->source = SOURCE_SHADOWSERVER;
    for (guint i = 0; i < 2 * G_N_ELEMENTS(languages); i++) {
        g_autoptr(Rendered) rendered
            = letter(set, template_, report, languages[i / 2], "", 1 + i % 2);
        g_auto(GStrv) lines = g_strsplit_set(rendered->text->str, " \n", -1);
        g_autoptr(GString) words = g_string_new(rendered->subject);
        for (guint k = 0; lines[k] != NULL; k++)
            if (strstr(lines[k], "://") == NULL)
                g_string_append_printf(words, " %s", lines[k]);
        g_assert_nonnull(strstr(words->str, "Shadowserver"));
        for (guint k = 0; k < G_N_ELEMENTS(others); k++)
            if (strstr(words->str, others[k]) != NULL)
                g_error("%s stands in: %s", others[k], words->str);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    message_init();
    g_autofree char *directory = letter_shipped();
    g_autoptr(TemplateSet) set = letter_set(directory, NULL);
    g_autoptr(GPtrArray) ids = with_sample(directory, set);

    g_assert_cmpuint(ids->len, >, 0);
    for (guint i = 0; i < ids->len; i++) {
        g_autofree char *path = g_strconcat("/shipped/", ids->pdata[i], NULL);
        g_autofree char *source = g_strconcat("/shipped/source/", ids->pdata[i], NULL);
        g_test_add_data_func(path, ids->pdata[i], test_letters);
        g_test_add_data_func(source, ids->pdata[i], test_source);
    }
    return g_test_run();
}
