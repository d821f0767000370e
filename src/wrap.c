/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Greedy line breaking at blanks.  Never hyphenates and never breaks inside a
 * word: what has no blank may be a URL, and half a URL is none. */
#include "wrap.h"

#include <string.h>

guint wrap_columns(const char *text, gsize length)
{
    guint columns = 0;
    for (const char *p = text, *end = text + length; p < end; p = g_utf8_next_char(p)) {
        if ((guchar)*p < 0x80) {
            columns++;
            continue;
        }
        gunichar c = g_utf8_get_char(p);
        columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return columns;
}

static void end_line(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

/* The word at p: its bytes, and *columns_r. */
static gsize read_word(const char *p, guint *columns_r)
{
    const char *end = p;
    guchar all = 0; /* the highest bit: something is not ASCII */

    for (; *end != ' ' && *end != '\n' && *end != '\0'; end++)
        all |= (guchar)*end;
    *columns_r = all < 0x80 ? (guint)(end - p) : wrap_columns(p, (gsize)(end - p));
    return (gsize)(end - p);
}

/* Words that stand in the text as they will on the line, with one blank between. */
typedef struct {
    const char *from, *to;
} Run;

static void append_run(GString *out, const Run *run)
{
    g_string_append_len(out, run->from, run->to - run->from);
}

gboolean wrap_append(GString *out, const char *text, guint width, const char *first,
                     const char *next)
{
    guint indent = wrap_columns(next, strlen(next));
    guint column = 0; /* 0: nothing on the line yet */
    Run run = { NULL, NULL };
    guint breaks = 0; /* LFs since the last word: none are kept at either end */
    for (const char *p = text; *p != '\0';) {
        if (*p == ' ' || *p == '\n') {
            breaks += *p++ == '\n';
            continue;
        }
        guint columns;
        gsize length = read_word(p, &columns);
        if (run.from == NULL) {
            g_string_append(out, first);
            column = wrap_columns(first, strlen(first));
            run.from = p;
        } else if (breaks > 0 || column + 1 + columns > width) {
            append_run(out, &run);
            for (guint i = 0; i < MAX(breaks, 1); i++) {
                end_line(out);
                g_string_append(out, next);
            }
            column = indent;
            run.from = p;
        } else {
            if (p - run.to > 1) {
                append_run(out, &run);
                g_string_append_c(out, ' ');
                run.from = p;
            }
            column++;
        }
        run.to = p + length;
        column += columns;
        breaks = 0;
        p += length;
    }
    if (run.from == NULL)
        return FALSE;
    append_run(out, &run);
    end_line(out);
    return TRUE;
}

gboolean wrap_is_unsafe(gunichar c)
{
    if (c < 0x80)
        return c < 0x20 || c == 0x7f;
    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
        return TRUE; /* Unicode UAX #9: embeddings, overrides, isolates */
    GUnicodeType type = g_unichar_type(c);
    return type == G_UNICODE_CONTROL || type == G_UNICODE_LINE_SEPARATOR ||
           type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

void wrap_append_safe(GString *out, const char *text)
{
    const char *kept = text; /* start of what is not copied yet */
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        if ((guchar)*p >= 0x20 && (guchar)*p < 0x7f)
            continue;
        if (!wrap_is_unsafe(g_utf8_get_char(p)))
            continue;
        g_string_append_len(out, kept, p - kept);
        g_string_append_c(out, ' ');
        kept = g_utf8_next_char(p);
    }
    g_string_append(out, kept);
}
