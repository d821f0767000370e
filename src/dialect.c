/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Looks for a header line by line and for each delimiter, then for rows without
 * one (dialect-bare.c); dialect-rows.c knows how lines make rows. */
#include "dialect-rows.h"

#include "affected.h"
#include "errors.h"
#include "scan.h"

static const char delimiters[] = { '\x1f', '\t', ';', '|', ',' };

gboolean dialect_is_affected(const char *text, gsize length)
{
    ColumnKind kind = column_kind(text, length);
    return kind == COLUMN_AFFECTED || kind == COLUMN_SOURCE;
}

/* Names only: no address among them, and one that is known as the affected one. */
static gboolean is_header(const Cells *cells)
{
    gboolean known = FALSE;
    if (cells->n < 2 || *cells->text == '>')
        return FALSE;
    for (guint i = 0; i < cells->n; i++) {
        const Cell *cell = &cells->cells[i];
        Hit hit;
        gsize from = 0;
        if (cell->length > COLUMNS_NAME_MAX
            || scan_next(cells->text + cell->start, cell->length, &from, &hit))
            return FALSE;
        known |= dialect_is_affected(cells->text + cell->start, cell->length);
    }
    return known;
}

static void add_header(const Cells *cells, ReadingRows *rows)
{
    for (guint i = 0; i < cells->n; i++) {
        g_autofree char *name = cells_text(cells, i);
        if (*name == '\0') {
            g_free(name);
            name = g_strdup_printf("column-%u", i + 1);
        }
        reading_rows_add(rows, name, strlen(name), i + 1 == cells->n);
    }
}

static int header_address(const Cells *cells)
{
    ColumnKind kinds[TABLE_COLUMNS_MAX];
    for (guint i = 0; i < cells->n; i++)
        kinds[i] = column_kind(cells->text + cells->cells[i].start, cells->cells[i].length);
    return columns_affected(kinds, cells->n);
}

/* The rows behind lines[at..at + size), which is a header; NULL when they are none. */
static Reading *rows_of_header(Shape *shape, guint at, guint size, const Cells *header,
                               GError **error)
{
    g_autoptr(ReadingRows) rows = reading_rows_new();
    guint start = rows_skip_empty(shape, at + size);
    guint end = line_paragraph_end(shape->lines, shape->n, start);
    int address = header_address(header);
    if (address == -2)
        error_input(error, "table: line %u: several of its names can be the affected address",
                    shape->lines[at].number);
    if (address < 0)
        return NULL;
    shape->columns = header->n;
    shape->address = (guint)address;
    shape->first = FALSE;
    g_autoptr(GArray) ends = start < end ? rows_partition(shape, start, end) : NULL;
    if (ends == NULL)
        return NULL;
    add_header(header, rows);
    rows_add(shape, start, ends, rows);
    return rows_finish(shape, at, rows_add_more(shape, end, rows), rows, error);
}

/* A header that begins at line at, however many lines it has. */
static Reading *with_header_at(Shape *shape, guint at, GError **error)
{
    g_autoptr(Reading) found = NULL;
    gboolean seen = FALSE;
    guint most = shape->wrap == WRAP_HARD ? DIALECT_HEADER_LINES : 1;
    for (guint size = 1; size <= most && at + size <= shape->n; size++) {
        gsize length;
        Cells cells;
        if (line_is_empty(&shape->lines[at + size - 1])
            || (size > 1 && !rows_may_be_broken(shape, at + size - 2)))
            break;
        g_autofree char *text = rows_join(shape, at, at + size, &length);
        if (!cells_split(text, length, shape->delimiter, size > 1, &cells) || !is_header(&cells))
            continue;
        seen = TRUE;
        g_autoptr(Reading) reading = rows_of_header(shape, at, size, &cells, error);
        if (*error != NULL)
            return NULL;
        if (reading != NULL && found != NULL) {
            error_input(error, "table: line %u: its header can be taken in two ways", at + 1);
            return NULL;
        }
        if (reading != NULL)
            found = g_steal_pointer(&reading);
    }
    if (seen && found == NULL)
        error_input(error, "table: line %u is a header, but what follows it are no rows of as "
                           "many cells, with an address where one name says so",
                    shape->lines[at].number);
    return g_steal_pointer(&found);
}

static Reading *find_table(Shape *shape, gboolean header, GError **error)
{
    for (guint at = rows_skip_empty(shape, 0); at < shape->n; at = rows_skip_empty(shape, at)) {
        guint end = header ? at + 1 : line_paragraph_end(shape->lines, shape->n, at);
        for (gsize d = 0; d < sizeof delimiters; d++) {
            shape->delimiter = delimiters[d];
            Reading *reading = header ? with_header_at(shape, at, error)
                                      : dialect_read_bare(shape, at, end, error);
            if (reading != NULL || *error != NULL)
                return reading;
        }
        at = end;
    }
    return NULL;
}

Reading *dialect_read(const Line *lines, guint n, Wrap wrap, guint8 *told, GError **error)
{
    Shape shape = { .lines = lines, .n = n, .wrap = wrap, .told = told };
    g_autoptr(GError) doubt = NULL;
    rows_measure(&shape);
    Reading *reading = find_table(&shape, TRUE, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = find_table(&shape, FALSE, &doubt);
    if (doubt != NULL)
        g_propagate_error(error, g_steal_pointer(&doubt));
    return reading;
}
