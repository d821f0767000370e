/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Folds a text so that two spellings of an address become one.  Folding only
 * joins spellings, so the worst it does is to find an address where a reader
 * would see none, and a notice is held.  Look-alike letters of other scripts,
 * entities and percent signs are not undone.
 * Source: Unicode Standard Annex 15 (NFKD), and what abuse desks write. */
#include "guard-text.h"

#include "message.h"

#include <string.h>

#define HANGUL_FILLER 0x115f /* a letter by its type, but nothing is seen */

/* Whatever a reader, or a name server, takes for a full stop or a colon. */
static const gunichar full_stops[] = { 0xb7, 0x6d4, 0x2022, 0x2027, 0x2219, 0x22c5, 0x3002,
                                       0x30fb };
static const gunichar colons[] = { 0x2d0, 0x589, 0x5c3, 0x2236, 0xa789 };

static gboolean is_one_of(gunichar c, const gunichar *set, gsize n)
{
    for (gsize i = 0; i < n; i++)
        if (set[i] == c)
            return TRUE;
    return FALSE;
}

static gboolean is_invisible(gunichar c)
{
    return g_unichar_iszerowidth(c) || c == 0xad || c == HANGUL_FILLER;
}

/* The ASCII character that stands for c, a character beyond ASCII and seen; NUL
 * for a letter. */
static char ascii_for(gunichar c)
{
    if (is_one_of(c, full_stops, G_N_ELEMENTS(full_stops)))
        return '.';
    if (is_one_of(c, colons, G_N_ELEMENTS(colons)))
        return ':';
    switch (g_unichar_type(c)) {
    case G_UNICODE_DECIMAL_NUMBER:
        return (char)('0' + g_unichar_digit_value(c));
    case G_UNICODE_SPACE_SEPARATOR:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return ' ';
    case G_UNICODE_DASH_PUNCTUATION:
        return '-';
    case G_UNICODE_INITIAL_PUNCTUATION:
    case G_UNICODE_FINAL_PUNCTUATION:
        return '"';
    case G_UNICODE_OPEN_PUNCTUATION: /* among them the German opening quotes */
        return c == 0x201a || c == 0x201e ? '"' : '[';
    case G_UNICODE_CLOSE_PUNCTUATION:
        return ']';
    default:
        return c == 0x2212 ? '-' : g_unichar_isalnum(c) ? '\0' : ',';
    }
}

/* What each ASCII character becomes; NUL: nothing.  The last, DEL, is the literal's own end. */
static const char ascii_folds[128] =
    "\0\0\0\0\0\0\0\0" "\0  \0  \0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
    " !\"#$%&'()*+,-./0123456789:;<=>?@abcdefghijklmnopqrstuvwxyz[\\]^_"
    "`abcdefghijklmnopqrstuvwxyz{|}~";

static void append_folded(GString *plain, gunichar c)
{
    if (c < 0x80) {
        if (ascii_folds[c] != '\0')
            g_string_append_c(plain, ascii_folds[c]);
    } else if (!is_invisible(c) && !g_unichar_iscntrl(c)) {
        char ascii = ascii_for(c);
        if (ascii != '\0')
            g_string_append_c(plain, ascii);
        else
            g_string_append_unichar(plain, g_unichar_tolower(c));
    }
}

/* The ASCII characters at the front of text, which are most of it; how many. */
static gsize append_ascii(GString *plain, const char *text, gsize length)
{
    gsize n = 0, before = plain->len;

    g_string_set_size(plain, before + length);
    char *to = plain->str + before;
    for (; n < length && (guchar)text[n] < 0x80; n++) {
        char folded = ascii_folds[(guchar)text[n]];
        *to = folded;
        to += folded != '\0';
    }
    g_string_truncate(plain, (gsize)(to - plain->str));
    return n;
}

/* Character by character: g_utf8_normalize() takes time with the square of a text full of
 * accents, and the order of these, which it would see to, is no matter here. */
static GString *fold(const char *text, gsize length)
{
    gboolean sound = message_is_utf8(text, length) && memchr(text, '\0', length) == NULL;
    g_autofree char *valid = sound ? NULL : g_utf8_make_valid(text, (gssize)length);
    const char *p = sound ? text : valid, *end = p + (sound ? length : strlen(valid));
    GString *plain = g_string_sized_new(length + 1);

    while ((p += append_ascii(plain, p, (gsize)(end - p))) < end) {
        gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
        gsize n = g_unichar_fully_decompose(g_utf8_get_char(p), TRUE, parts, G_N_ELEMENTS(parts));
        for (gsize i = 0; i < n; i++)
            append_folded(plain, parts[i]);
        p = g_utf8_next_char(p);
    }
    return plain;
}

/* In place: "192\.0\.2\.1" as a regular expression or a Markdown text has it. */
static void drop_backslashes(GString *plain)
{
    char *to = strchr(plain->str, '\\');

    if (to == NULL)
        return;
    for (const char *from = to, *next; *from != '\0'; from = next) {
        const char *behind = from + strspn(from, "\\");
        next = strchrnul(behind, '\\');
        if (*behind != '\0' && strchr(".:-@[](){}<>", *behind) != NULL)
            from = behind;
        memmove(to, from, (gsize)(next - from));
        to += next - from;
    }
    g_string_truncate(plain, (gsize)(to - plain->str));
}

typedef struct {
    const char *written, *meant;
    gboolean bare; /* needs no brackets, only blanks */
} Fang;

static const Fang fangs[] = {
    { "::", "::", FALSE }, { ":", ":", FALSE }, { ".", ".", FALSE },      { "@", "@", FALSE },
    { "dot", ".", TRUE },  { "at", "@", TRUE }, { "punkt", ".", FALSE },
};

static const char *skip_blanks(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

/* Behind the brackets, or blanks, with something defanged that begin at `at`;
 * NULL when there are none. */
static const char *read_fang(const char *at, const char **meant_r)
{
    gboolean blank = *at == ' ';
    const char *word = skip_blanks(at + 1);

    for (gsize i = 0; i < G_N_ELEMENTS(fangs); i++) {
        gsize size = strlen(fangs[i].written);
        if ((blank && !fangs[i].bare) || strncmp(word, fangs[i].written, size) != 0)
            continue;
        const char *close = skip_blanks(word + size);
        if (blank ? close == word + size : *close == '\0' || strchr("])}>", *close) == NULL)
            continue;
        *meant_r = fangs[i].meant;
        return blank ? close : skip_blanks(close + 1);
    }
    return NULL;
}

/* Can a fang begin with these characters?  Most blanks are no fang's: what needs no brackets
 * is "at" or "dot"; of a run of blanks the last decides. */
static gboolean may_be_fang(const char *at)
{
    if (g_ascii_islower(*at)) /* most of a text */
        return FALSE;
    if (*at == ' ')
        return (at[1] == 'a' && at[2] == 't') || (at[1] == 'd' && at[2] == 'o');
    return *at == '[' || *at == '(' || *at == '{' || *at == '<';
}

/* The first fang from `at` on; or the text's end, and nothing behind it. */
static const char *find_fang(const char *at, const char **meant_r, const char **behind_r)
{
    *meant_r = "";
    for (*behind_r = NULL; *at != '\0'; at++)
        if (may_be_fang(at) && (*behind_r = read_fang(at, meant_r)) != NULL)
            break;
    return at;
}

/* In place: what is meant is never longer than what is written. */
static void refang(GString *plain)
{
    char *to = plain->str;

    for (const char *from = plain->str, *meant, *behind;; from = behind) {
        const char *fang = find_fang(from, &meant, &behind);
        memmove(to, from, (gsize)(fang - from));
        to += fang - from;
        if (behind == NULL)
            break;
        while (to > plain->str && to[-1] == ' ')
            to--;
        to = stpcpy(to, meant);
    }
    g_string_truncate(plain, (gsize)(to - plain->str));
}

GString *guard_text_plain(const char *text, gsize length)
{
    GString *plain = fold(text, length);

    drop_backslashes(plain);
    refang(plain);
    return plain;
}
