/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* XML -> templates and layouts, beside a sound default layout; what is taken can be
 * rendered, for "never fails" is render.h's word. */
#include "fuzz.h"

#include "fixture.h"
#include "letter-maker.h"
#include "template-parts.h"

#include <string.h>
#include <unistd.h>

#define SLOW_PATH 32 /* of faulty files every n-th size is loaded like the others */

/* One with the input for ever, one with the layout. */
static char *directories[3];

static void remove_directories(void)
{
    fixture_remove(directories[0]);
    fixture_remove(directories[1]);
}

static void make_directories(const char *path)
{
    directories[0] = fixture_directory();
    directories[1] = fixture_directory();
    atexit(remove_directories);
    g_autofree char *input = g_build_filename(directories[0], "input.xml", NULL);
    g_assert_cmpint(symlink(path, input), ==, 0);
    fixture_write(directories[1], "default.xml", letter_layout);
}

/* The file by itself.  The schema is read but once: that takes most of the time. */
static gboolean read_alone(const uint8_t *data, size_t size)
{
    static TemplateSchema *schema;
    TemplateFile file = { NULL, NULL };
    g_autoptr(Faults) faults = faults_new();
    g_autofree char *content = g_malloc0(size + 1);

    if (schema == NULL)
        schema = template_schema_new(NULL);
    g_assert_nonnull(schema);
    if (size > 0)
        memcpy(content, data, size);
    gboolean fine = template_read("input.xml", content, size, schema, &file, faults);
    fuzz_check_faults(faults, !fine);
    template_free(file.template_);
    layout_free(file.layout);
    return fine;
}

static void check_rendered(const TemplateSet *set, const char *id)
{
    static const char *const languages[] = { "", "de", "en" };
    const Template *template_ = templates_by_id(set, id);

    for (guint i = 0; template_ != NULL && i < G_N_ELEMENTS(languages); i++) {
        g_autoptr(Report) report
            = letter_report("[CB-Report#20250212-10000001] X in AS64496", letter_csv, FALSE);
        g_autoptr(Rendered) rendered
            = letter_render(report, set, id, languages[i], report->n_events);
        g_assert_true(g_utf8_validate(rendered->text->str, (gssize)rendered->text->len, NULL));
        g_assert_true(g_utf8_validate(rendered->subject, -1, NULL));
        g_assert_null(strpbrk(rendered->subject, "\r\n"));
        g_assert_cmpint(g_utf8_strlen(rendered->subject, -1), <=, RENDER_SUBJECT_MAX);
        for (guint h = 0; h < rendered->headers->len; h++)
            g_assert_null(strpbrk(rendered->headers->pdata[h], "\r\n"));
    }
}

static void check_set(const TemplateSet *set)
{
    g_assert_nonnull(templates_layout(set, ""));
    g_assert_cmpuint(templates_n_layouts(set), >=, 1);
    g_assert_cmpuint(strlen(templates_digest(set)), ==, 64);
    check_rendered(set, "x");
    check_rendered(set, "report");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Faults) faults = faults_new();
    gboolean fine = read_alone(data, size);

    if (!fine && size % SLOW_PATH != 0)
        return 0;
    g_autofree char *path = fuzz_file(data, size);
    if (directories[0] == NULL)
        make_directories(path);
    g_autoptr(TemplateSet) set = templates_load((const char *const *)directories, faults);
    fuzz_check_faults(faults, set == NULL);
    g_assert_true(fine || set == NULL);
    if (set != NULL)
        check_set(set);
    return 0;
}
