/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Words are few and notices many: a form stays the text that it is, and is asked. */
#include "form.h"

#include "columns.h"
#include "faults.h"

#include <string.h>

#define HIDE "hide="

static const char *const words_of_form[]
    = { "csv", "table", "labels", "xarf", "xarf-bundle", "attachment", "html", NULL };
/* Of each of these at most one. */
static const char *const text_words[] = { "csv", "table", "labels", NULL };
static const char *const xarf_words[] = { "xarf", "xarf-bundle", NULL };

static gboolean is_word(const char *word)
{
    return *word == '\0' || g_strv_contains(words_of_form, word)
        || (g_str_has_prefix(word, HIDE) && word[strlen(HIDE)] != '\0');
}

static char *unknown(const char *word)
{
    const char *meant = faults_guess(word, words_of_form);

    return meant != NULL
        ? g_strdup_printf("unknown word \"%s\", did you mean \"%s\"?; " FORM_EXPECTED, word, meant)
        : g_strdup_printf("unknown word \"%s\"; " FORM_EXPECTED, word);
}

/* NULL, or two of the words are among these, or one twice. */
static char *find_two(char **words, const char *const *among)
{
    const char *first = NULL;

    for (; *words != NULL; words++) {
        if (!g_strv_contains(among, *words))
            continue;
        if (first != NULL)
            return g_strdup_printf("%s and %s, one of them; " FORM_EXPECTED, first, *words);
        first = *words;
    }
    return NULL;
}

char *form_fault(const char *form)
{
    g_auto(GStrv) words = g_strsplit_set(form, " \t\n", -1);

    for (char **word = words; *word != NULL; word++)
        if (!is_word(*word))
            return unknown(*word);
    char *fault = find_two(words, text_words);
    return fault != NULL ? fault : find_two(words, xarf_words);
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
