/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Makes and compares the keys of titles.
 *
 * No dictionary: the letters of which the endings of German and English plurals and cases
 * consist are cut off the end of each longer word.  That it keeps all known classes apart is
 * tested over all pairs of them. */
#include "title.h"

#include "subject.h"

#include <string.h>

#define ENDINGS "emnrs" /* Server/n/s, Dienst/e/en, offene/r/s/n/m, Infektion/en, service/s */

static const char *const brackets[][2] = { { "[", "]" }, { "\xe3\x80\x90", "\xe3\x80\x91" } };

/* Where the group in brackets at text ends, or NULL. */
static const char *group_end(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(brackets); i++)
        if (g_str_has_prefix(text, brackets[i][0])) {
            const char *close = strstr(text, brackets[i][1]);
            return close != NULL ? close + strlen(brackets[i][1]) : NULL;
        }
    return NULL;
}

/* Behind the groups in front; at the begin when nothing else is there. */
static const char *skip_groups(const char *folded)
{
    const char *p = folded, *end;
    while ((end = group_end(p)) != NULL)
        for (p = end; *p == ' ';)
            p++;
    return *p != '\0' ? p : folded;
}

static gboolean is_dash(gunichar c)
{
    return g_unichar_type(c) == G_UNICODE_DASH_PUNCTUATION || c == 0x2212; /* minus */
}

static void cut_endings(GString *key, gsize word)
{
    while (key->len - word > TITLE_STEM_MIN && strchr(ENDINGS, key->str[key->len - 1]) != NULL)
        g_string_truncate(key, key->len - 1);
}

/* The word at p; returns what stands behind it. */
static const char *append_word(GString *key, const char *p)
{
    gsize word = key->len;
    for (; *p != '\0' && g_unichar_isalnum(g_utf8_get_char(p)); p = g_utf8_next_char(p))
        g_string_append_unichar(key, g_utf8_get_char(p));
    cut_endings(key, word);
    return p;
}

char *title_key(const char *title)
{
    g_autofree char *folded = subject_fold_title(title);
    GString *key = g_string_new(NULL);
    char between = ' ';

    for (const char *p = skip_groups(folded); *p != '\0';) {
        gunichar c = g_utf8_get_char(p);
        if (!g_unichar_isalnum(c)) {
            p = g_utf8_next_char(p);
            continue;
        }
        if (key->len > 0)
            g_string_append_c(key, between);
        p = append_word(key, p);
        between = is_dash(g_utf8_get_char(p)) ? '-' : ' ';
    }
    return g_string_free(key, FALSE);
}

static gboolean is_between(char c)
{
    return c == ' ' || c == '-';
}

gboolean title_matches(const char *key, const char *pattern)
{
    if (*pattern == '\0')
        return FALSE;
    for (; *pattern != '\0'; key++, pattern++)
        if (*key != *pattern && !(is_between(*key) && is_between(*pattern)))
            return FALSE;
    return *key == '\0' || *key == ' ';
}
