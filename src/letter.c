/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Text -> lines; salutation, sign-off, signature and forwarded copies by their words.
 * Source: 38 manual reports of 2018 to 2023. */
#include "letter.h"

#include "errors.h"

#include <string.h>

#define SIGN_OFF_MAX 60 /* bytes; what is longer is a sentence */
#define HEADER_BLOCK 8  /* lines of a forwarded copy that show its header fields */

static const char *const salutations[] = { "Sehr geehrt", "Dear ",  "Guten Tag", "Hallo ",
                                           "Hello ",      "Liebe ", NULL };
static const char *const sign_offs[]
    = { "Mit freundliche", "Mit besten Gr", "Freundliche Gr", "Viele Gr\xc3\xbc", "Viele Grue",
        "Beste Gr",
        "Regards", "Best regards", "Kind regards", "With kind regards", "With best regards",
        "Sincerely", "Yours sincerely", NULL };
static const char *const copies[]
    = { "Weitergeleitete Nachricht", "Forwarded message", "Forwarded Message", "Original Message",
        "Urspr\xc3\xbcngliche Nachricht", "Originalnachricht", "Original-Nachricht",
        "Begin forwarded message", NULL };

static gboolean begins(const Line *line, const char *words)
{
    gsize n = strlen(words);
    return line->length >= n && g_ascii_strncasecmp(line->text, words, n) == 0;
}

static gboolean begins_any(const Line *line, const char *const *words)
{
    for (; *words != NULL; words++)
        if (begins(line, *words))
            return TRUE;
    return FALSE;
}

/* Without blanks and quotation marks in front. */
static Line inner(const Line *line)
{
    Line inner = *line;
    while (inner.length > 0 && strchr(" \t>", *inner.text) != NULL) {
        inner.text++;
        inner.length--;
    }
    return inner;
}

static gboolean is_sign_off(const Line *line)
{
    Line words = inner(line);
    return line->length <= SIGN_OFF_MAX && words.length == line->length
           && begins_any(&words, sign_offs);
}

static gboolean is_delimiter(const Line *line)
{
    return line->length == 2 && memcmp(line->text, "--", 2) == 0;
}

static gboolean is_field(const Letter *letter, guint from, const char *german, const char *english)
{
    for (guint i = from; i < letter->n && i < from + HEADER_BLOCK; i++) {
        Line line = inner(&letter->lines[i]);
        if (begins(&line, german) || begins(&line, english))
            return TRUE;
    }
    return FALSE;
}

static gboolean is_sender(const Line *line)
{
    return begins(line, "Von:") || begins(line, "From:");
}

static gboolean is_addressed(const Letter *letter, guint from)
{
    return is_field(letter, from, "An:", "To:") || is_field(letter, from, "Datum:", "Date:")
           || is_field(letter, from, "Gesendet:", "Sent:");
}

/* Does a forwarded or cited mail begin at line i? */
static gboolean is_copy(const Letter *letter, guint i)
{
    Line line = inner(&letter->lines[i]);
    const char *const *words = copies;
    while (*words != NULL && g_strstr_len(line.text, (gssize)line.length, *words) == NULL)
        words++;
    if (*words != NULL && (begins(&line, "--") || begins(&line, *words)))
        return TRUE;
    return is_sender(&line) && is_field(letter, i + 1, "Betreff:", "Subject:")
           && is_addressed(letter, i + 1);
}

/* "Am 12.02.2025 um 10:00 schrieb Erika Muster:", also broken once. */
static gboolean is_attribution(const Letter *letter, guint i)
{
    Line line = inner(&letter->lines[i]);
    if (!begins(&line, "Am ") && !begins(&line, "On "))
        return FALSE;
    for (guint k = i; k < letter->n && k < i + 2; k++) {
        Line next = inner(&letter->lines[k]);
        if (line_ends_with(&next, ':')
            && (g_strstr_len(line.text, next.text + next.length - line.text, " schrieb") != NULL
                || g_strstr_len(line.text, next.text + next.length - line.text, " wrote") != NULL))
            return TRUE;
    }
    return FALSE;
}

/* As is_copy(), but Von or From and any one field more suffice: a machine writes none. */
static gboolean is_header(const Letter *letter, guint i)
{
    Line line = inner(&letter->lines[i]);
    return (is_sender(&line) || begins(&line, "*Von:") || begins(&line, "*From:"))
           && (is_addressed(letter, i + 1) || is_field(letter, i + 1, "*Gesendet:", "*Sent:")
               || is_field(letter, i + 1, "Betreff:", "Subject:"));
}

#define NBSP "\xc2\xa0"

/* What no-break blanks stand for.  The editor's tab may be broken at each of its blanks; the
 * lines then divide cells, too. */
static const struct {
    const char *what, *with;
} blanks[] = {
    { NBSP NBSP " " NBSP, "\t" },   { NBSP NBSP " \n", "\n\t" },   { NBSP NBSP "\n" NBSP, "\n\t" },
    { NBSP "\n " NBSP, "\n\t" },   { "\n" NBSP " " NBSP, "\n\t" }, { NBSP, " " },
};

static gboolean starts_with(const char *text, gsize length, const char *what)
{
    gsize n = strlen(what);
    return *text == *what && length >= n && memcmp(text, what, n) == 0;
}

static gsize replace_blanks(char *text, gsize length)
{
    gsize used = 0;
    for (gsize i = 0; i < length;) {
        gsize k = 0;
        while (k < G_N_ELEMENTS(blanks) && !starts_with(text + i, length - i, blanks[k].what))
            k++;
        if (k == G_N_ELEMENTS(blanks)) {
            text[used++] = text[i++];
            continue;
        }
        for (const char *with = blanks[k].with; *with != '\0'; with++)
            text[used++] = *with;
        i += strlen(blanks[k].what);
    }
    return used;
}

static gboolean split(Letter *letter, gsize length, GError **error)
{
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(Line));
    for (gsize from = 0; from < length;) {
        const char *start = letter->text + from;
        const char *lf = memchr(start, '\n', length - from);
        const char *end = lf != NULL ? lf : letter->text + length;
        from = (gsize)(end - letter->text) + 1;
        while (end > start && strchr(" \r", end[-1]) != NULL)
            end--;
        Line line = { start, (guint32)(end - start), lines->len + 1 };
        g_array_append_val(lines, line);
        if (lines->len > LETTER_LINES_MAX) {
            error_input(error, "its text has more than " G_STRINGIFY(LETTER_LINES_MAX) " lines");
            return FALSE;
        }
    }
    letter->n = lines->len;
    letter->lines = (Line *)g_array_free(g_steal_pointer(&lines), FALSE);
    return TRUE;
}

static gboolean find_own(Letter *letter, GError **error)
{
    guint i = 0;
    while (i < letter->n && !is_sign_off(&letter->lines[i]) && !is_delimiter(&letter->lines[i])
           && !is_copy(letter, i))
        i++;
    letter->end = letter->below = i;
    if (i == letter->n) {
        error_input(error, "neither a sign-off nor a signature ends its text: it may be cut");
        return FALSE;
    }
    while (letter->below < letter->n && !is_delimiter(&letter->lines[letter->below])
           && !is_copy(letter, letter->below))
        letter->below++;
    for (i = 0; i < letter->end; i++)
        if (begins_any(&letter->lines[i], salutations)) {
            letter->start = i + 1;
            letter->german = !begins(&letter->lines[i], "Dear ")
                             && !begins(&letter->lines[i], "Hello ");
            break;
        }
    return TRUE;
}

Letter *letter_read(char *text, gsize length, gboolean whole, GError **error)
{
    g_autoptr(Letter) letter = g_new0(Letter, 1);
    letter->text = text;
    if (length > LETTER_BYTES_MAX) {
        error_input(error, "its text is larger than %d bytes", LETTER_BYTES_MAX);
        return NULL;
    }
    length = replace_blanks(text, length);
    if (!split(letter, length, error))
        return NULL;
    letter->end = letter->below = letter->n;
    if (!whole && !find_own(letter, error))
        return NULL;
    return g_steal_pointer(&letter);
}

gboolean letter_ends_in(const char *text, gsize length)
{
    g_autoptr(Letter) letter = letter_read(g_strndup(text, length), length, TRUE, NULL);
    for (guint i = 0; letter != NULL && i < letter->n; i++) {
        Line line = inner(&letter->lines[i]);
        if (is_delimiter(&letter->lines[i]) || is_copy(letter, i) || is_header(letter, i)
            || is_attribution(letter, i)
            || (line.length <= SIGN_OFF_MAX && begins_any(&line, sign_offs)))
            return TRUE;
    }
    return letter == NULL;
}

void letter_free(Letter *letter)
{
    if (letter == NULL)
        return;
    g_free(letter->lines);
    g_free(letter->text);
    g_free(letter);
}

gboolean line_is_empty(const Line *line)
{
    guint words = 0, drawn = 0;
    for (guint32 i = 0; i < line->length; i++) {
        words += g_ascii_isalnum(line->text[i]) || (guchar)line->text[i] >= 0x80;
        drawn += strchr("-=_*#~+<>", line->text[i]) != NULL;
    }
    return words == 0 ? drawn == line->length || drawn >= 3 : words == 1 && drawn >= 5;
}

guint line_paragraph_end(const Line *lines, guint n, guint from)
{
    while (from < n && !line_is_empty(&lines[from]))
        from++;
    return from;
}

gboolean line_ends_with(const Line *line, char c)
{
    return line->length > 0 && line->text[line->length - 1] == c;
}
