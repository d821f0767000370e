/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads words, one character at a time, and remembers what the last one was: nothing is
 * allocated, however long the text. */
#include "tlp.h"

#include "html.h"

#include <string.h>

#define WORD_MAX 16   /* the longest known here has 11 letters */
#define WINDOW 12     /* words behind TLP: "classification of this report and of all in it is" */
#define DECOMPOSED 18 /* characters, at most, of one (Unicode Standard Annex 15) */

typedef struct {
    char word[WORD_MAX + 1]; /* lower case, without what is no ASCII */
    gsize length;            /* may be above WORD_MAX: then it is no word of ours */
    guint window;            /* so many words may still tell the colour of what was named */
    gboolean told;           /* one has */
    gboolean amber;          /* the last word was amber: STRICT may follow */
    gboolean marking;        /* a colon stands behind the name: no mere mention */
    gboolean unclear;        /* TLP was mentioned, and no colour told */
    gboolean unknown;        /* a marking had none that is known */
    guint spelt;             /* words of "Traffic Light Protocol" so far */
    Tlp strictest;
} Reader;

static const char *const names[] = {
    [TLP_NONE] = "",           [TLP_UNCLEAR] = "TLP without a known colour",
    [TLP_CLEAR] = "TLP:CLEAR",
    [TLP_GREEN] = "TLP:GREEN", [TLP_AMBER] = "TLP:AMBER",
    [TLP_AMBER_STRICT] = "TLP:AMBER+STRICT", [TLP_RED] = "TLP:RED",
};

const char *tlp_name(Tlp tlp)
{
    return names[tlp];
}

gboolean tlp_restricts(Tlp tlp)
{
    return tlp >= TLP_UNCLEAR;
}

static Tlp colour(const char *word)
{
    static const struct {
        const char *word;
        Tlp tlp;
    } colours[] = {
        { "clear", TLP_CLEAR },  { "white", TLP_CLEAR },  { "weiss", TLP_CLEAR },
        { "wei?", TLP_CLEAR },   { "green", TLP_GREEN },  { "grun", TLP_GREEN },
        { "gruen", TLP_GREEN },  { "amber", TLP_AMBER },  { "gelb", TLP_AMBER },
        { "orange", TLP_AMBER }, { "red", TLP_RED },      { "rot", TLP_RED },
        { "amberstrict", TLP_AMBER_STRICT },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(colours); i++)
        if (strcmp(colours[i].word, word) == 0)
            return colours[i].tlp;
    return TLP_NONE;
}

static void note(Reader *reader, Tlp tlp)
{
    reader->strictest = MAX(reader->strictest, tlp);
    reader->amber = tlp == TLP_AMBER;
    reader->told = TRUE;
}

/* It was named, by whatever name: the next words tell its colour. */
static void name(Reader *reader)
{
    reader->window = WINDOW;
    reader->told = reader->marking = FALSE;
}

/* No colour is to be expected any more. */
static void close_window(Reader *reader)
{
    reader->unclear = reader->unclear || !reader->told;
    reader->unknown = reader->unknown || (!reader->told && reader->marking);
    reader->window = 0;
}

/* "TLP", "TLPv2", "TLPGREEN" and "Traffic Light Protocol". */
static gboolean is_name(Reader *reader, const char *word)
{
    static const char *const spelling[] = { "traffic", "light", "proto" };

    if (!g_str_has_prefix(word, spelling[reader->spelt]))
        reader->spelt = 0;
    if (g_str_has_prefix(word, spelling[reader->spelt]))
        reader->spelt++;
    if (reader->spelt < G_N_ELEMENTS(spelling))
        return g_str_has_prefix(word, "tlp");
    reader->spelt = 0;
    return TRUE;
}

/* What follows a colour that lets it pass may take it back in the same line: "CLEAR until
 * Monday, then AMBER". */
static void look_for_colour(Reader *reader, Tlp tlp)
{
    gboolean strict = reader->amber && strcmp(reader->word, "strict") == 0;

    reader->amber = FALSE;
    if (strict)
        note(reader, TLP_AMBER_STRICT);
    else if (tlp != TLP_NONE && (!reader->told || tlp >= TLP_AMBER))
        note(reader, tlp);
    else if (!reader->told && --reader->window == 0)
        close_window(reader);
}

static void end_word(Reader *reader)
{
    gboolean short_enough = reader->length <= WORD_MAX;
    const char *rest = reader->word + (g_str_has_prefix(reader->word, "tlp") ? strlen("tlp") : 0);

    if (reader->length == 0)
        return;
    gboolean naming = is_name(reader, reader->word);
    if (naming)
        name(reader);
    if (naming && colour(rest) == TLP_NONE)
        reader->amber = FALSE;
    else if (reader->window > 0)
        look_for_colour(reader, short_enough ? colour(rest) : TLP_NONE);
    reader->length = 0;
    reader->word[0] = '\0';
}

static void end_line(Reader *reader)
{
    end_word(reader);
    if (reader->told && !reader->amber)
        reader->window = 0;
}

/* A mention matters only where nothing is marked. */
static Tlp end_text(Reader *reader)
{
    end_word(reader);
    if (reader->window > 0)
        close_window(reader);
    if (reader->unknown || (reader->unclear && reader->strictest == TLP_NONE))
        return MAX(reader->strictest, TLP_UNCLEAR);
    return reader->strictest;
}

static void add_letter(Reader *reader, gunichar letter)
{
    if (reader->length < WORD_MAX) {
        reader->word[reader->length] = letter < 0x80 ? (char)letter : '?';
        reader->word[reader->length + 1] = '\0';
    }
    reader->length++;
}

/* Nothing is seen of it, so it divides no word. */
static gboolean is_invisible(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_FORMAT: /* soft hyphen, joiners, directions */
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
        return TRUE;
    case G_UNICODE_CONTROL:
        return !g_unichar_isspace(c);
    default:
        return c == 0x115F || c == 0x1160 || c == 0x3164; /* fillers of Hangul */
    }
}

static void add_character(Reader *reader, gunichar c)
{
    gunichar parts[DECOMPOSED];
    gsize n = 1;

    parts[0] = c;
    if (c >= 0x80)
        n = g_unichar_fully_decompose(c, TRUE, parts, DECOMPOSED);
    for (gsize i = 0; i < MIN(n, DECOMPOSED); i++)
        if (g_unichar_isalnum(parts[i]))
            add_letter(reader, g_unichar_tolower(parts[i]));
        else if (!is_invisible(parts[i])) {
            end_word(reader);
            reader->marking = reader->marking
                || (parts[i] == ':' && reader->window == WINDOW && !reader->told);
        }
}

static void read_characters(Reader *reader, const char *text, gsize length)
{
    for (const char *p = text, *end = text + length; p < end;) {
        gunichar c = (guchar)*p < 0x80 ? (gunichar)*p : g_utf8_get_char_validated(p, end - p);
        if (c == '\n')
            end_line(reader);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            end_word(reader);
            p++;
            continue;
        }
        add_character(reader, c);
        p += (guchar)*p < 0x80 ? 1 : g_unichar_to_utf8(c, NULL);
    }
}

Tlp tlp_of_line(const char *text, gsize length)
{
    Reader reader = { .strictest = TLP_NONE };

    read_characters(&reader, text, length);
    return end_text(&reader);
}

/* Does the line, of dashes in front, say this? */
static gboolean says(const char *line, gsize length, const char *const *phrases)
{
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    if (length < 2 || line[0] != '-' || line[1] != '-')
        return FALSE;
    for (; *phrases != NULL; phrases++)
        for (gsize i = 0, n = strlen(*phrases); i + n <= length; i++)
            if (g_ascii_strncasecmp(line + i, *phrases, n) == 0)
                return TRUE;
    return FALSE;
}

static gboolean is_quoted(const char *line, gsize length)
{
    gsize i = 0;
    while (i < length && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return i < length && line[i] == '>';
}

Tlp tlp_of_text(const char *text, gsize length)
{
    static const char *const begins[] = { "Weitergeleitete Nachricht", "ngliche Nachricht",
                                          "Originalnachricht", "Original-Nachricht",
                                          "Forwarded message", "Original message", NULL };
    static const char *const ends[] = { "Ende der weitergeleiteten Nachricht",
                                        "End of forwarded message", NULL };
    Reader reader = { .strictest = TLP_NONE };
    gboolean forwarded = FALSE;

    for (const char *line = text, *end = text + length, *next; line < end; line = next) {
        const char *lf = memchr(line, '\n', (gsize)(end - line));
        gsize n = (gsize)((lf != NULL ? lf : end) - line);
        next = lf != NULL ? lf + 1 : end;
        if (says(line, n, ends))
            forwarded = FALSE;
        else if (says(line, n, begins))
            forwarded = TRUE;
        else if (!forwarded && !is_quoted(line, n))
            read_characters(&reader, line, (gsize)(next - line));
    }
    return end_text(&reader);
}

/* What a reader sees of a text part; NULL when it is none, or can't be read. */
static char *shown_text(Message *message, guint i, gsize *length_r)
{
    const MessagePart *part = message_part(message, i);
    gboolean html = strcmp(part->type, "text/html") == 0;

    if (part->attachment || (!html && strcmp(part->type, "text/plain") != 0))
        return NULL;
    char *text = message_part_text(message, i, length_r, NULL);
    if (text == NULL || !html)
        return text;
    g_autofree char *markup = text;
    return html_text(markup, *length_r, length_r, NULL);
}

Tlp tlp_of_message(Message *message)
{
    Tlp strictest = TLP_NONE;

    for (guint i = 0; i < message_n_parts(message); i++) {
        gsize length;
        g_autofree char *text = shown_text(message, i, &length);
        if (text != NULL)
            strictest = MAX(strictest, tlp_of_text(text, length));
    }
    return strictest;
}
