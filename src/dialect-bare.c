/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows without a header: the first address of a row is affected, if nothing says
 * that these are the other side's. */
#include "dialect-rows.h"

#include "errors.h"
#include "timestamp.h"
#include "words.h"

#include <string.h>

#define PROSE_WORDS 5 /* so many words in a cell between commas are a sentence's */

static guint count_words(const char *text, gsize length)
{
    guint words = 0;
    for (gsize i = 0; i < length; i++)
        words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    return words;
}

/* Between commas a sentence has cells, too; and "C2: 192.0.2.1" has two. */
static gboolean is_like_data(const Cells *cells, char delimiter, gboolean *two_sided_r)
{
    Address address;
    guint addresses = 0, filled = 0;
    for (guint i = 0; i < cells->n; i++) {
        const Cell *cell = &cells->cells[i];
        const char *text = cells->text + cell->start;
        gboolean is_address = cells_address(cells, i, &address);
        addresses += is_address;
        filled += cell->length > 0;
        if ((cell->length > 0 && text[cell->length - 1] == ':')
            || (!is_address && dialect_is_affected(text, cell->length))
            || (delimiter == ',' && count_words(text, cell->length) >= PROSE_WORDS)
            || (i + 1 == cells->n && i > 0 && delimiter == ',' && cell->length > 0
                && text[cell->length - 1] == '.'))
            return FALSE;
    }
    *two_sided_r = addresses > 1;
    return *cells->text != '>' && addresses >= 1 && addresses < filled;
}

static gboolean is_time(const Table *table, guint column)
{
    gint64 time;
    gboolean certain;
    for (guint row = 0; row < table_n_rows(table); row++)
        if (!timestamp_parse_written(table_cell(table, row, column), NULL, &time, &certain))
            return FALSE;
    return TRUE;
}

/* The last column of times: the latest sight, where first and last are told. */
static int time_among(const Table *table)
{
    for (guint i = table_n_columns(table); i-- > 0;)
        if (is_time(table, i))
            return (int)i;
    return -1;
}

static void add_own_header(const Shape *shape, int time, ReadingRows *rows)
{
    for (guint i = 0; i < shape->columns; i++) {
        g_autofree char *name = i == shape->address ? g_strdup("ip")
                                : (int)i == time    ? g_strdup("timestamp")
                                                    : g_strdup_printf("column-%u", i + 1);
        reading_rows_add(rows, name, strlen(name), i + 1 == shape->columns);
    }
}

/* The column of times is known only when the rows are read: they are read twice. */
static Reading *finish_own(const Shape *shape, guint from, const GArray *ends, guint end,
                           GError **error)
{
    int time = -1;
    for (guint pass = 0;; pass++) {
        g_autoptr(ReadingRows) rows = reading_rows_new();
        add_own_header(shape, time, rows);
        rows_add(shape, from, ends, rows);
        guint to = rows_add_more(shape, end, rows);
        g_autoptr(Reading) reading = rows_finish(shape, from, to, rows, error);
        if (reading == NULL)
            return NULL;
        reading->time_column = time;
        if (pass == 1)
            return g_steal_pointer(&reading);
        time = time_among(reading->table);
    }
}

/* Is the text above the rows about them, and does it call them the other side? */
static gboolean is_denied_above(const Shape *shape, guint from, gboolean two_sided)
{
    guint end = from, start;
    while (end > 0 && line_is_empty(&shape->lines[end - 1]))
        end--;
    for (start = end; start > 0 && !line_is_empty(&shape->lines[start - 1]);)
        start--;
    if (start == end)
        return FALSE;
    const Line *last = &shape->lines[end - 1];
    Cells cells;
    if (cells_split(last->text, last->length, shape->delimiter, FALSE, &cells)
        && cells.n == shape->columns && strchr(".:!?", last->text[last->length - 1]) == NULL)
        return TRUE; /* a header without a name that we know */
    const char *text = shape->lines[start].text;
    gsize length = (gsize)(last->text + last->length - text);
    return !two_sided && words_deny(text, length);
}

/* A cell such as "C2" says of its row that it is the other side's. */
static gboolean has_roles(const Table *table)
{
    for (guint row = 0; row < table_n_rows(table); row++)
        for (guint i = 0; i < table_n_columns(table); i++)
            if (words_are_role(table_cell(table, row, i)))
                return TRUE;
    return FALSE;
}

/* Rows that begin at line from and go on to the end of its paragraph, the first of size lines. */
static Reading *own_rows(Shape *shape, guint from, guint end, guint size, GError **error)
{
    gsize length;
    Cells cells;
    gboolean two_sided;
    g_autofree char *text = rows_join(shape, from, from + size, &length);
    if (!cells_split(text, length, shape->delimiter, size > 1, &cells)
        || !is_like_data(&cells, shape->delimiter, &two_sided))
        return NULL;
    shape->columns = cells.n;
    shape->address = (guint)cells_first_address(&cells);
    shape->first = TRUE;
    shape->marked = rows_may_be_wrapped(shape, from, end);
    g_autoptr(GArray) ends = rows_partition(shape, from, end);
    shape->marked = FALSE;
    if (ends == NULL || g_array_index(ends, guint, 0) != from + size)
        return NULL;
    if (is_denied_above(shape, from, two_sided)) {
        error_input(error, "table: line %u: what stands above the rows does not say that they "
                           "are affected", shape->lines[from].number);
        return NULL;
    }
    Reading *reading = finish_own(shape, from, ends, end, error);
    if (reading == NULL || !has_roles(reading->table))
        return reading;
    reading_free(reading);
    error_input(error, "table: line %u: its rows name both sides", shape->lines[from].number);
    return NULL;
}

/* Behind the last line of the paragraph that introduces what follows. */
static guint behind_introduction(const Shape *shape, guint from, guint end)
{
    guint start = from;
    for (guint i = from; i + 1 < end; i++)
        if (line_ends_with(&shape->lines[i], ':'))
            start = i + 1;
    return start;
}

Reading *dialect_read_bare(Shape *shape, guint from, guint end, GError **error)
{
    g_autoptr(Reading) found = NULL;
    guint start = behind_introduction(shape, from, end);
    guint most = shape->wrap == WRAP_NEVER ? 1 : DIALECT_HEADER_LINES;
    for (guint size = 1; size <= most && start + size <= end; size++) {
        g_autoptr(Reading) reading = own_rows(shape, start, end, size, error);
        if (*error != NULL)
            return NULL;
        if (reading != NULL && found != NULL) {
            error_input(error, "table: line %u: its rows can be taken in two ways",
                        shape->lines[start].number);
            return NULL;
        }
        if (reading != NULL)
            found = g_steal_pointer(&reading);
    }
    return g_steal_pointer(&found);
}
