/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Takes each place where the rows could begin and reads on as long as it finds the customer's
 * own: a row of somebody else's ends it, and is found by the scan of what remains. */
#include "guard-shapes.h"

#include "wrap.h"

#include <string.h>

/* ---- one cell */

/* The next character that is no blank and no control character, or 0. */
static gunichar next_visible(const char **at)
{
    while (**at != '\0') {
        gunichar c = g_utf8_get_char(*at);
        *at = g_utf8_next_char(*at);
        if (!g_unichar_isspace(c) && !wrap_is_unsafe(c))
            return c;
    }
    return 0;
}

/* Behind a '[': is it this character, and ']'?  Then moves behind that. */
static gboolean skip_defanged(const char **written, gunichar c)
{
    return (c == ':' || c == '.') && next_visible(written) == c && next_visible(written) == ']';
}

static gboolean same_visible(const char *written, const char *cell, gboolean cut)
{
    for (;;) {
        gunichar a = next_visible(&written), b = next_visible(&cell);
        if (a == b && a == 0)
            return TRUE;
        if (cut && a == 0x2026 && *written == '\0')
            return TRUE; /* what it stands for may be blanks */
        if (a == b)
            continue;
        if (!cut || a != '[' || !skip_defanged(&written, b))
            return FALSE;
    }
}

gboolean guard_same_shown(const char *written, const char *cell, gboolean cut)
{
    gsize length = strlen(written);

    if (same_visible(written, cell, cut)
        || (strcmp(written, "-") == 0 && same_visible("", cell, FALSE)))
        return TRUE;
    if (length < 2 || written[0] != '"' || written[length - 1] != '"')
        return FALSE;
    g_autofree char *inner = g_strndup(written + 1, length - 2);
    return same_visible(inner, cell, cut);
}

/* ---- lines */

static const char *line_end(const char *at)
{
    return at + strcspn(at, "\n");
}

static const char *next_line(const char *at)
{
    at = line_end(at);
    return *at == '\n' ? at + 1 : at;
}

static const char *shown_cell(const Shown *shown, guint row, guint c)
{
    return table_cell(shown->table, shown->events[row], shown->columns[c]);
}

/* ---- a table below a line of hyphens */

typedef struct {
    guint begin, end; /* columns of the screen; end is where the next one begins */
} Span;

/* The columns of a line of hyphens and blanks; NULL when it is none of n. */
static Span *read_rule(const char *line, guint n)
{
    const char *end = line_end(line);
    g_autofree Span *spans = g_new0(Span, n);
    guint found = 0;

    if (*line != '-')
        return NULL; /* a part of a cell: the first column begins where the line does */
    for (const char *at = line; at < end; at++) {
        if (*at != '-' && *at != ' ')
            return NULL;
        if (*at != '-' || (at > line && at[-1] == '-'))
            continue;
        if (found == n)
            return NULL;
        spans[found++].begin = (guint)(at - line);
    }
    for (guint c = 0; c < found; c++)
        spans[c].end = c + 1 < found ? spans[c + 1].begin : G_MAXUINT;
    return found == n ? g_steal_pointer(&spans) : NULL;
}

/* Adds each column's piece of a line to its cell. */
static void split_line(const char *line, const Span *spans, guint n, GString **cells)
{
    const char *end = line_end(line);
    guint column = 0, c = 0;

    for (const char *at = line; at < end; at = g_utf8_next_char(at)) {
        while (c < n && column >= spans[c].end)
            c++;
        g_string_append_unichar(cells[c], g_utf8_get_char(at));
        column += wrap_columns(at, (gsize)(g_utf8_next_char(at) - at));
    }
    for (c = 0; c < n; c++)
        g_string_append_c(cells[c], ' ');
}

/* The row whose lines are at..end. */
static gboolean row_matches(const Shown *shown, guint row, const char *at, const char *end,
                            const Span *spans, gboolean cut)
{
    g_autofree GString **cells = g_new0(GString *, shown->n_columns);
    gboolean same = TRUE;

    for (guint c = 0; c < shown->n_columns; c++)
        cells[c] = g_string_new(NULL);
    for (; at < end; at = next_line(at))
        split_line(at, spans, shown->n_columns, cells);
    for (guint c = 0; c < shown->n_columns; c++) {
        same = same && guard_same_shown(g_strstrip(cells[c]->str), shown_cell(shown, row, c), cut);
        g_string_free(cells[c], TRUE);
    }
    return same;
}

/* Where a row of so many lines ends: of one, or up to an empty one. */
static const char *row_end(const char *at, gboolean single)
{
    if (single)
        return next_line(at);
    while (*at != '\0' && *at != '\n')
        at = next_line(at);
    return at;
}

/* The place behind the rows, or NULL. */
static const char *table_matches(const Shown *shown, const char *at, const Span *spans,
                                 gboolean single, gboolean cut)
{
    for (guint i = 0; i < shown->n_events; i++) {
        if (i > 0 && !single && *at++ != '\n')
            return NULL;
        const char *end = row_end(at, single);
        if (end == at || !row_matches(shown, i, at, end, spans, cut))
            return NULL;
        at = end;
    }
    return *at == '\0' || *at == '\n' ? at : NULL;
}

static const char *find_table(const Shown *shown, const char *text, gboolean cut,
                              const char **rows_r)
{
    guint tries = 0;

    for (const char *line = text; *line != '\0' && tries < GUARD_STARTS_MAX;
         line = next_line(line)) {
        g_autofree Span *spans = read_rule(line, shown->n_columns);
        if (spans == NULL)
            continue;
        tries++;
        const char *rows = next_line(line);
        const char *end = table_matches(shown, rows, spans, TRUE, cut);
        end = end != NULL ? end : table_matches(shown, rows, spans, FALSE, cut);
        if (end != NULL) {
            *rows_r = rows;
            return end;
        }
    }
    return NULL;
}

/* ---- labelled lines */

/* "Label: cell", where a cell goes on in lines that begin with two blanks: the place behind
 * it, or NULL when it is not this cell. */
static const char *label_matches(const char *at, const char *cell, gboolean cut, GString *labels)
{
    const char *end = next_line(at);
    while (g_str_has_prefix(end, "  "))
        end = next_line(end);
    g_autofree char *lines = g_strndup(at, (gsize)(end - at));

    guint tries = 0;

    for (char *colon = strchr(lines, ':'); colon != NULL && tries < GUARD_STARTS_MAX;
         colon = strchr(colon + 1, ':')) {
        if (colon[1] != ' ' && colon[1] != '\n')
            continue;
        tries++;
        g_autofree char *written = g_strstrip(g_strdup(colon + 1));
        if (!guard_same_shown(written, cell, cut))
            continue;
        g_string_append_len(labels, lines, colon - lines);
        g_string_append_c(labels, '\n');
        return end;
    }
    return NULL;
}

/* Of empty cells only a row's first has a line.  *tries counts first rows that were found. */
static const char *labels_match(const Shown *shown, const char *at, gboolean cut, GString *labels,
                                guint *tries)
{
    for (guint i = 0; i < shown->n_events; i++) {
        *tries += i == 1;
        if (i > 0 && *at++ != '\n')
            return NULL;
        for (guint c = 0; c < shown->n_columns && at != NULL; c++)
            if (c == 0 || *shown_cell(shown, i, c) != '\0')
                at = label_matches(at, shown_cell(shown, i, c), cut, labels);
        if (at == NULL)
            return NULL;
    }
    return *at == '\0' || *at == '\n' ? at : NULL;
}

static const char *find_labels(const Shown *shown, const char *text, gboolean cut,
                               const char **rows_r, GString *labels)
{
    gsize before = labels->len;
    guint tries = 0;

    for (const char *at = text; *at != '\0' && tries < GUARD_STARTS_MAX; at = next_line(at)) {
        if (at > text && (at < text + 2 || at[-2] != '\n'))
            continue; /* not behind an empty line */
        const char *end = labels_match(shown, at, cut, labels, &tries);
        if (end != NULL) {
            *rows_r = at;
            return end;
        }
        g_string_truncate(labels, before);
    }
    return NULL;
}

gboolean guard_shapes_find(const Shown *shown, const char *text, gboolean cut,
                           const char **rows_r, gsize *length_r, GString *labels)
{
    const char *end = find_table(shown, text, cut, rows_r);

    if (end == NULL)
        end = find_labels(shown, text, cut, rows_r, labels);
    if (end != NULL)
        *length_r = (gsize)(end - *rows_r);
    return end != NULL;
}
