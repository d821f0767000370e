/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Lines -> rows: each line one, or joined where they were broken.  What joins is
 * asked of the lines' lengths and of the cells; two ways to join are none. */
#include "dialect-rows.h"

#include "affected.h"
#include "scan.h"
#include "timestamp.h"

#include <string.h>

#define WIDTH_LEAST 40 /* characters; no mailer wraps lines that are shorter */
#define TAB_BLANKS 4   /* the editor of OTRS writes so many for one, see letter.h */

/* lines[from..to) as one text; caller frees. */
char *rows_join(const Shape *shape, guint from, guint to, gsize *length_r)
{
    GString *joined = g_string_new_len(shape->lines[from].text, shape->lines[from].length);
    for (guint i = from + 1; i < to; i++) {
        g_string_append_c(joined, shape->wrap == WRAP_QUOTES ? '\n' : ' ');
        const char *text = shape->lines[i].text;
        guint32 length = shape->lines[i].length;
        for (; shape->wrap == WRAP_HARD && length > 0 && *text == ' '; text++)
            length--;
        g_string_append_len(joined, text, length);
    }
    *length_r = joined->len;
    return g_string_free(joined, FALSE);
}

/* Is the text a time, a date or an address, all of it? */
static gboolean is_mark(const char *text)
{
    Address address;
    gint64 time;
    gboolean certain;
    return address_parse(text, strlen(text), &address)
           || timestamp_parse_written(text, NULL, &time, &certain)
           || timestamp_parse_rfc3339(text, &time);
}

/* "abuse@example.org 2021-03-25 23:17": the end of one row and the beginning of another. */
static gboolean hides_mark(const char *text)
{
    if (is_mark(text))
        return FALSE;
    for (const char *blank = strchr(text, ' '); blank != NULL; blank = strchr(blank + 1, ' '))
        if (is_mark(blank + 1))
            return TRUE;
    return FALSE;
}

/* Where text is wrapped and no header says how many cells a row has, two rows could pass for
 * one and one for two: unless one sees where each begins, and that none begins within. */
static gboolean is_marked(const Cells *cells, gboolean joined)
{
    for (guint i = 0; i < (joined ? cells->n : 1); i++) {
        g_autofree char *text = cells_text(cells, i);
        if (i == 0 ? !is_mark(text) : hides_mark(text))
            return FALSE;
    }
    return TRUE;
}

/* "IP: 192.0.2.1,192.0.2.2": the first cell that is an address has not the first one. */
static gboolean is_first(const Cells *cells, guint address)
{
    Hit hit;
    for (guint i = 0; i < address; i++) {
        gsize from = 0;
        if (scan_next(cells->text + cells->cells[i].start, cells->cells[i].length, &from, &hit))
            return FALSE;
    }
    return TRUE;
}

static gboolean fits(const Shape *shape, const Cells *cells, gboolean joined)
{
    Address address;
    return cells->n == shape->columns && cells_address(cells, shape->address, &address)
           && (!shape->first || is_first(cells, shape->address))
           && (!shape->marked || is_marked(cells, joined));
}

static gboolean is_row(const Shape *shape, guint from, guint to)
{
    gsize length;
    Cells cells;
    if (to == from + 1)
        return cells_split(shape->lines[from].text, shape->lines[from].length, shape->delimiter,
                           shape->wrap != WRAP_NEVER, &cells)
               && fits(shape, &cells, FALSE);
    g_autofree char *text = rows_join(shape, from, to, &length);
    return cells_split(text, length, shape->delimiter, TRUE, &cells)
           && fits(shape, &cells, TRUE);
}

static guint characters(const char *text, gsize length, Measure measure)
{
    guint n = 0;
    for (gsize i = 0; i < length; i++)
        if (text[i] == '\t' && measure == TAB_AS_BLANKS)
            n += TAB_BLANKS;
        else
            n += ((guchar)text[i] & 0xC0) != 0x80;
    return n;
}

/* Was the line too long for the next one's first word? */
gboolean rows_may_be_broken(const Shape *shape, guint i)
{
    const Line *line = &shape->lines[i], *next = line + 1;
    if (shape->wrap == WRAP_QUOTES)
        return TRUE; /* the open quote says so */
    for (Measure m = 0; m < N_MEASURES; m++) {
        guint32 word = 0;
        while (word < next->length && next->text[word] != ' '
               && (word == 0 || m == TAB_IN_WORD || next->text[word] != '\t'))
            word++;
        if (characters(line->text, line->length, m) + 1 + characters(next->text, word, m)
            > shape->widths[m])
            return TRUE;
    }
    return FALSE;
}

gboolean rows_may_be_wrapped(const Shape *shape, guint from, guint end)
{
    for (guint i = from; shape->wrap == WRAP_HARD && i + 1 < end; i++)
        if (rows_may_be_broken(shape, i))
            return TRUE;
    return FALSE;
}

/* Ends of the rows of lines[from..to), or NULL when there is no way, or more than one, to take
 * them as rows.  ways[i]: of taking lines[i..to), 2 for many. */
static GArray *partition(const Shape *shape, guint from, guint to)
{
    guint n = to - from;
    g_autofree guint8 *ways = g_new0(guint8, n + 1);
    g_autofree guint8 *sizes = g_new0(guint8, n + 1);
    guint most = shape->wrap == WRAP_NEVER ? 1 : DIALECT_ROW_LINES;
    ways[n] = 1;
    for (guint i = n; i-- > 0;)
        for (guint size = 1; size <= most && i + size <= n; size++) {
            if (size > 1 && !rows_may_be_broken(shape, from + i + size - 2))
                break;
            if (ways[i + size] == 0 || !is_row(shape, from + i, from + i + size))
                continue;
            ways[i] = (guint8)MIN(2, ways[i] + ways[i + size]);
            sizes[i] = (guint8)size;
        }
    if (ways[0] != 1)
        return NULL;
    GArray *ends = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < n;) {
        i += sizes[i];
        guint end = from + i;
        g_array_append_val(ends, end);
    }
    return ends;
}

/* Every line a row is the plain reading; only what it can't read is taken for wrapped. */
GArray *rows_partition(const Shape *shape, guint from, guint to)
{
    Shape plain = *shape;
    plain.wrap = WRAP_NEVER;
    GArray *ends = partition(&plain, from, to);
    if (ends == NULL && shape->wrap != WRAP_NEVER)
        ends = partition(shape, from, to);
    return ends;
}

static void add_row(const Shape *shape, guint from, guint to, ReadingRows *rows)
{
    gsize length;
    Cells cells;
    g_autofree char *text = rows_join(shape, from, to, &length);
    if (!cells_split(text, length, shape->delimiter, FALSE, &cells))
        return; /* can't be: it was split before */
    for (guint i = 0; i < cells.n; i++) {
        g_autofree char *cell = cells_text(&cells, i);
        reading_rows_add(rows, cell, strlen(cell), i + 1 == cells.n);
    }
    g_array_append_val(rows->lines, shape->lines[from].number);
}

void rows_add(const Shape *shape, guint from, const GArray *ends, ReadingRows *rows)
{
    for (guint i = 0; i < ends->len; i++) {
        guint end = g_array_index(ends, guint, i);
        add_row(shape, from, end, rows);
        from = end;
    }
}

guint rows_skip_empty(const Shape *shape, guint from)
{
    while (from < shape->n && line_is_empty(&shape->lines[from]))
        from++;
    return from;
}

/* Further paragraphs of which every line is a row belong to the table. */
guint rows_add_more(const Shape *shape, guint from, ReadingRows *rows)
{
    for (;;) {
        guint start = rows_skip_empty(shape, from);
        guint end = line_paragraph_end(shape->lines, shape->n, start);
        g_autoptr(GArray) ends = start < end ? rows_partition(shape, start, end) : NULL;
        if (ends == NULL || (shape->first && rows_may_be_wrapped(shape, start, end)))
            return from; /* its addresses are found, and doubted */
        rows_add(shape, start, ends, rows);
        from = end;
    }
}

Reading *rows_finish(const Shape *shape, guint from, guint to, ReadingRows *rows, GError **error)
{
    Reading *reading = reading_new(rows, CERTAINTY_TABLE, error);
    if (reading == NULL)
        return NULL;
    memset(shape->told + from, TRUE, to - from);
    reading->address_column = shape->address;
    reading->time_column = columns_time(reading->table);
    return reading;
}

/* Of the lines that could have been wrapped. */
void rows_measure(Shape *shape)
{
    for (Measure m = 0; m < N_MEASURES; m++)
        shape->widths[m] = WIDTH_LEAST;
    for (guint i = 0; i < shape->n; i++) {
        const Line *line = &shape->lines[i];
        if (memchr(line->text, ' ', line->length) == NULL
            && memchr(line->text, '\t', line->length) == NULL)
            continue;
        for (Measure m = 0; m < N_MEASURES; m++)
            shape->widths[m]
                = MAX(shape->widths[m], characters(line->text, line->length, m));
    }
}
