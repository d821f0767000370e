/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "letter-maker.h"

#include "timestamp.h"

#include <glib/gstdio.h>
#include <string.h>

const char letter_layout[] =
    "<layout version='1' id='default'><languages>de en</languages>" LETTER_TEXTS "</layout>";

const char letter_csv[] = "asn,ip,timestamp,port\n"
                          "64496,192.0.2.7,2025-02-11 11:10:25,23\n"
                          "64496,192.0.2.8,2025-02-11 10:10:25,23\n"
                          "64496,192.0.2.7,2025-02-11 12:10:25,24\n";

char *letter_shipped(void)
{
    return g_test_build_filename(G_TEST_DIST, "..", "templates", NULL);
}

TemplateSet *letter_set(const char *first, const char *second)
{
    g_autoptr(Faults) faults = faults_new();
    const char *const directories[] = { first, second, NULL };
    TemplateSet *set = templates_load(directories, faults);
    for (guint i = 0; i < faults_count(faults); i++)
        g_test_message("%s", faults_text(faults, i));
    g_assert_nonnull(set);
    return set;
}

Report *letter_report(const char *subject, const char *csv, gboolean accounts)
{
    g_autoptr(GError) error = NULL;
    Report *report = g_new0(Report, 1);
    report->subject = subject_parse(subject);
    report->class_id = g_strdup("some-class");
    report->message_id = g_strdup("");
    report->table = table_read(csv, strlen(csv), ',', &error);
    g_assert_no_error(error);
    report->address_column = (guint)table_find_column(report->table, "ip");
    report->time_column = table_find_column(report->table, "timestamp");
    report->account_column = accounts ? 3 : -1;
    report->n_events = table_n_rows(report->table);
    report->events = g_new0(Event, report->n_events + 1);
    for (guint i = 0; i < report->n_events; i++) {
        const char *ip = table_cell(report->table, i, report->address_column);
        const char *when = report_time_text(report, i);
        address_parse(ip, strlen(ip), &report->events[i].address);
        gboolean good = timestamp_parse_report(when, strlen(when), &report->events[i].time);
        report->events[i].time_certainty = good ? WHEN_UTC : WHEN_NONE;
    }
    return report;
}

/* Paragraphs that are kept from other letters change nothing, whichever came before. */
static void assert_same_with_memory(const RenderInput *input, const Rendered *want)
{
    RenderInput with = *input;
    g_autoptr(RenderMemory) memory = render_memory_new();

    with.memory = memory;
    for (guint i = 0; i < 4; i++) {
        with.n_events = i % 2 == 0 ? MIN(input->n_events, 1) : input->n_events;
        with.history = i < 2 ? NULL : input->history;
        g_autoptr(Rendered) rendered = render(&with);
        if (i == 3)
            g_assert_cmpstr(rendered->text->str, ==, want->text->str);
    }
}

Rendered *letter_render_told(const Report *report, const TemplateSet *set, const char *template_,
                             const char *language, guint n_events, const History *history)
{
    Customer customer = { .id = "c-1",
                          .email = "noc@example.org",
                          .cc = "",
                          .name = "Muster & Söhne GmbH",
                          .language = language,
                          .brand = "",
                          .escalation = "",
                          .reference = "K-4711",
                          .kind = "",
                          .form = "" };
    guint32 *events = g_new0(guint32, n_events + 1);
    for (guint i = 0; i < n_events; i++)
        events[i] = i;
    RenderInput input = { .report = report,
                          .template_ = templates_by_id(set, template_),
                          .layout = templates_layout(set, ""),
                          .customer = &customer,
                          .events = events,
                          .n_events = n_events,
                          .class_id = report->class_id,
                          .reference = "A-7F3K2Q",
                          .preface = NULL,
                          .history = history };
    g_assert_nonnull(input.template_);
    Rendered *rendered = render(&input);
    assert_same_with_memory(&input, rendered);
    g_free(events);
    return rendered;
}

Rendered *letter_render(const Report *report, const TemplateSet *set, const char *template_,
                        const char *language, guint n_events)
{
    return letter_render_told(report, set, template_, language, n_events, NULL);
}

void letter_golden(const char *template_, const char *language, const char *number,
                   const Rendered *rendered)
{
    g_autofree char *name = g_strdup_printf("%s.%s.%s.txt", template_, language, number);
    g_autofree char *got =
        g_strdup_printf("Subject: %s\n\n%s", rendered->subject, rendered->text->str);
    letter_golden_file(name, got);
}

void letter_golden_file(const char *name, const char *got)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "notices", name, NULL);
    g_autofree char *want = NULL;
    g_autoptr(GError) error = NULL;
    if (g_getenv("CERTBUND_UPDATE_NOTICES") != NULL)
        g_file_set_contents(path, got, -1, &error);
    g_assert_no_error(error);
    g_file_get_contents(path, &want, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(got, ==, want);
}

Rendered *letter_once_told(const char *layout, const char *inside, const Report *report,
                           const char *language, guint n_events, const History *history)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("certbund-render-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *a = g_build_filename(directory, "default.xml", NULL);
    g_autofree char *b = g_build_filename(directory, "t.xml", NULL);
    g_autofree char *template_ = g_strdup_printf(
        "<template version='1' id='t'><match><title>T</title></match>%s</template>", inside);
    g_assert_true(g_file_set_contents(a, layout, -1, NULL));
    g_assert_true(g_file_set_contents(b, template_, -1, NULL));
    g_autoptr(TemplateSet) set = letter_set(directory, NULL);
    Rendered *rendered = letter_render_told(report, set, "t", language, n_events, history);
    g_remove(a);
    g_remove(b);
    g_rmdir(directory);
    return rendered;
}

Rendered *letter_once(const char *layout, const char *inside, const Report *report,
                      const char *language, guint n_events)
{
    return letter_once_told(layout, inside, report, language, n_events, NULL);
}
