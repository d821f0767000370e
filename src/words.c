/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Words that tell the other side, found anywhere in a text but for the short ones,
 * which must stand by themselves. */
#include "words.h"

#include <string.h>

static const char *const strong[]
    = { "c2", "c&c", "cnc", "c2s", "command and control", "command & control",
        "command-and-control", "exfil", "sinkhole", "kontaktier", "contact", "connect", "verbind",
        "kommunizier", "communicat", "ziel-ip", "zieladress", "zielsystem", "zielserver",
        "destination", "dns-server", "resolver", "callback", "beacon", "nachgeladen", "download",
        "heruntergeladen", "abgeflossen", "nicht betroffen", "not affected", NULL };
static const char *const weak[]
    = { "angreif", "angegriff", "attack", "target", "ziel", "ziele", "opfer", "gescannt", "scann",
        "gegen", "against", "sendet", "sends", "sent to", NULL };
/* An abuse desk is told what is its own. */
static const char *const own[]
    = { "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihres", "your", "kunde", "customer", "betroffen",
        "affected", "infiziert", "infected", "kompromittiert", "compromised", "verwundbar",
        "vulnerable", "aufl\xc3\xb6s", "resolve", "hosted", "gehostet", NULL };
static const char *const roles[]
    = { "c2", "c&c", "cnc", "c2 server", "c2-server", "c&c server", "c&c-server", "controller",
        "target", "ziel", "attacker", "angreifer", "destination", "dst", NULL };

#define SHORT_WORD 4 /* bytes; these must stand by themselves */

static gboolean is_letter(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

static gboolean has_word(const char *text, const char *word)
{
    gsize n = strlen(word);
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        if (n > SHORT_WORD || ((at == text || !is_letter(at[-1])) && !is_letter(at[n])))
            return TRUE;
    return FALSE;
}

static gboolean has_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (has_word(text, *words))
            return TRUE;
    return FALSE;
}

/* One blank where there were several or a line end, so that a wrapped text has the phrases. */
static char *fold(const char *text, gsize length)
{
    char *folded = g_ascii_strdown(text, (gssize)length);
    gsize used = 0;
    for (gsize i = 0; i < length && folded[i] != '\0'; i++) {
        char c = strchr("\t\r\n", folded[i]) != NULL ? ' ' : folded[i];
        if (c != ' ' || (used > 0 && folded[used - 1] != ' '))
            folded[used++] = c;
    }
    folded[used] = '\0';
    return folded;
}

gboolean words_name_attacker(const char *text, gsize length)
{
    g_autofree char *folded = fold(text, length);
    return has_any(folded, strong) || has_any(folded, weak);
}

gboolean words_name_own(const char *text, gsize length)
{
    g_autofree char *folded = fold(text, length);
    return has_any(folded, own);
}

static gboolean names_defanged(const char *folded)
{
    return strstr(folded, "[.]") != NULL || strstr(folded, "(.)") != NULL
           || strstr(folded, "[:]") != NULL || strstr(folded, "[dot]") != NULL;
}

gboolean words_deny(const char *text, gsize length)
{
    g_autofree char *folded = fold(text, length);
    if (length <= WORDS_LABEL_MAX && has_any(folded, weak))
        return TRUE;
    return !names_defanged(folded) && has_any(folded, strong);
}

gboolean words_are_role(const char *cell)
{
    for (gsize i = 0; roles[i] != NULL; i++)
        if (g_ascii_strcasecmp(roles[i], cell) == 0)
            return TRUE;
    return FALSE;
}
