/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Words for what was typed and something else was meant. */
#include "template-parts.h"

char *template_guess(const char *word, const char *const *candidates, const char *open,
                     const char *close)
{
    const char *best = faults_guess(word, candidates);
    return best != NULL ? g_strdup_printf(", did you mean %s%s%s?", open, best, close)
                        : g_strdup("");
}

const char *template_instead_of_html(const char *name)
{
    static const struct {
        const char *name, *instead;
    } elements[] = {
        { "a", "<link href=\"...\">" },
        { "b", "the words without it" },
        { "strong", "the words without it" },
        { "i", "the words without it" },
        { "em", "the words without it" },
        { "u", "the words without it" },
        { "span", "the words without it" },
        { "font", "the words without it" },
        { "code", "the words without it, or a <pre> of its own" },
        { "ul", "<list>" },
        { "ol", "<list>" },
        { "li", "<item>" },
        { "div", "<p>" },
        { "h1", "<p>" },
        { "h2", "<p>" },
        { "h3", "<p>" },
        { "img", "nothing: notices have no pictures" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(elements); i++)
        if (g_ascii_strcasecmp(elements[i].name, name) == 0)
            return elements[i].instead;
    return NULL;
}
