/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Words are few and notices many: a form stays the text that it is, and is asked. */
#include "form.h"

#include "columns.h"

#include <string.h>

#define HIDE "hide="

static const char *const text_words[] = { "csv", "table", "labels", NULL };
static const char *const xarf_words[] = { "xarf", "xarf-bundle", NULL };
static const char *const further_words[] = { "attachment", "html", NULL };

gboolean form_valid(const char *form)
{
    g_auto(GStrv) words = g_strsplit_set(form, " \t\n", -1);
    guint n_text = 0, n_xarf = 0;

    for (char **word = words; *word != NULL; word++) {
        gboolean hides = g_str_has_prefix(*word, HIDE) && (*word)[strlen(HIDE)] != '\0';
        gboolean is_text = g_strv_contains(text_words, *word);
        gboolean is_xarf = g_strv_contains(xarf_words, *word);
        if (**word != '\0' && !hides && !is_text && !is_xarf
            && !g_strv_contains(further_words, *word))
            return FALSE;
        n_text += is_text;
        n_xarf += is_xarf;
    }
    return n_text <= 1 && n_xarf <= 1;
}

gboolean form_has(const char *form, const char *word)
{
    if (form == NULL || strstr(form, word) == NULL)
        return FALSE;
    g_auto(GStrv) words = g_strsplit_set(form, " \t\n", -1);
    return g_strv_contains((const char *const *)words, word);
}

gboolean form_is_set(const char *form)
{
    if (form == NULL)
        return FALSE;
    g_auto(GStrv) words = g_strsplit_set(form, " \t\n", -1);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0' && !g_str_has_prefix(*word, HIDE))
            return TRUE;
    return FALSE;
}

char **form_hidden(const char *form)
{
    g_auto(GStrv) words = g_strsplit_set(form != NULL ? form : "", " \t\n", -1);
    GStrvBuilder *builder = g_strv_builder_new();

    for (char **word = words; *word != NULL; word++)
        if (g_str_has_prefix(*word, HIDE))
            g_strv_builder_add(builder, *word + strlen(HIDE));
    char **hidden = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return hidden;
}

gboolean form_hides(const char *form, const char *name)
{
    if (form == NULL || strstr(form, HIDE) == NULL)
        return FALSE;
    g_auto(GStrv) words = g_strsplit_set(form, " \t\n", -1);
    for (char **word = words; *word != NULL; word++)
        if (g_str_has_prefix(*word, HIDE) && columns_alike(*word + strlen(HIDE), name))
            return TRUE;
    return FALSE;
}
