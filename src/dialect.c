/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Looks for a header line by line and for each delimiter, then for rows without
 * one.  How lines make rows is asked of rows_partition(): every line a row, else,
 * where text is wrapped, the only way to join them. */
#include "dialect.h"

#include "cells.h"
#include "affected.h"
#include "errors.h"
#include "scan.h"
#include "timestamp.h"
#include "words.h"

#include <string.h>

#define HEADER_LINES 4 /* a header is wrapped like a row */
#define TAB_BLANKS 4   /* the editor of OTRS writes so many for one, see letter.h */
#define PROSE_WORDS 5  /* so many words in a cell between commas are a sentence's */

static const char delimiters[] = { '\x1f', '\t', ';', '|', ',' };

/* What a row has to be. */
typedef struct {
    const Line *lines;
    guint n; /* lines there are */
    Wrap wrap;
    guint widths[2]; /* of wrapped text: its longest line, by each Measure */
    char delimiter;
    guint columns;
    guint address; /* this column is an address... */
    gboolean first; /* ...and the first one of the row */
    gboolean marked; /* a row begins with a time or an address, and no cell hides one */
    guint8 *told;
} Shape;

/* lines[from..to) as one text; caller frees. */
static char *join(const Shape *shape, guint from, guint to, gsize *length_r)
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

/* Is the text a time or an address, all of it? */
static gboolean is_mark(const char *text)
{
    Address address;
    gint64 time;
    gboolean certain;
    return address_parse(text, strlen(text), &address)
           || timestamp_parse_written(text, NULL, &time, &certain);
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

static gboolean fits(const Shape *shape, const Cells *cells, gboolean joined)
{
    Address address;
    return cells->n == shape->columns && cells_address(cells, shape->address, &address)
           && (!shape->first || cells_first_address(cells) == (int)shape->address)
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
    g_autofree char *text = join(shape, from, to, &length);
    return cells_split(text, length, shape->delimiter, TRUE, &cells)
           && fits(shape, &cells, TRUE);
}

/* Wrapping may have seen a tab as one character of a word, or as the blanks it was written as. */
typedef enum { TAB_IN_WORD, TAB_AS_BLANKS, N_MEASURES } Measure;

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
static gboolean may_be_broken(const Shape *shape, guint i)
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

static gboolean may_be_wrapped(const Shape *shape, guint from, guint end)
{
    for (guint i = from; shape->wrap == WRAP_HARD && i + 1 < end; i++)
        if (may_be_broken(shape, i))
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
            if (size > 1 && !may_be_broken(shape, from + i + size - 2))
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
static GArray *rows_partition(const Shape *shape, guint from, guint to)
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
    g_autofree char *text = join(shape, from, to, &length);
    if (!cells_split(text, length, shape->delimiter, FALSE, &cells))
        return; /* can't be: it was split before */
    for (guint i = 0; i < cells.n; i++) {
        g_autofree char *cell = cells_text(&cells, i);
        reading_rows_add(rows, cell, strlen(cell), i + 1 == cells.n);
    }
    g_array_append_val(rows->lines, shape->lines[from].number);
}

static void add_rows(const Shape *shape, guint from, const GArray *ends, ReadingRows *rows)
{
    for (guint i = 0; i < ends->len; i++) {
        guint end = g_array_index(ends, guint, i);
        add_row(shape, from, end, rows);
        from = end;
    }
}

/* ---- with a header ---- */

static gboolean is_affected_name(const char *text, gsize length)
{
    ColumnKind kind = column_kind(text, length);
    return kind == COLUMN_AFFECTED || kind == COLUMN_SOURCE;
}

/* Names only: no address among them, and one that is known as the affected one. */
static gboolean is_header(const Cells *cells)
{
    gboolean known = FALSE;
    if (cells->n < 2 || *cells->text == '>' || cells_first_address(cells) >= 0)
        return FALSE;
    for (guint i = 0; i < cells->n; i++) {
        const Cell *cell = &cells->cells[i];
        if (cell->length > COLUMNS_NAME_MAX)
            return FALSE;
        known |= is_affected_name(cells->text + cell->start, cell->length);
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

static guint skip_empty(const Shape *shape, guint from)
{
    while (from < shape->n && line_is_empty(&shape->lines[from]))
        from++;
    return from;
}

/* Further paragraphs of which every line is a row belong to the table. */
static guint add_more(const Shape *shape, guint from, ReadingRows *rows)
{
    for (;;) {
        guint start = skip_empty(shape, from);
        guint end = line_paragraph_end(shape->lines, shape->n, start);
        g_autoptr(GArray) ends = start < end ? rows_partition(shape, start, end) : NULL;
        if (ends == NULL || (shape->first && may_be_wrapped(shape, start, end)))
            return from; /* its addresses are found, and doubted */
        add_rows(shape, start, ends, rows);
        from = end;
    }
}

static Reading *finish(const Shape *shape, guint from, guint to, ReadingRows *rows, GError **error)
{
    Reading *reading = reading_new(rows, CERTAINTY_TABLE, error);
    if (reading == NULL)
        return NULL;
    memset(shape->told + from, TRUE, to - from);
    reading->address_column = shape->address;
    reading->time_column = columns_time(reading->table);
    return reading;
}

/* The rows behind lines[at..at + size), which is a header; NULL when they are none. */
static Reading *rows_of_header(Shape *shape, guint at, guint size, const Cells *header,
                               GError **error)
{
    g_autoptr(ReadingRows) rows = reading_rows_new();
    guint start = skip_empty(shape, at + size);
    guint end = line_paragraph_end(shape->lines, shape->n, start);
    int address = header_address(header);
    if (address < 0)
        return NULL;
    shape->columns = header->n;
    shape->address = (guint)address;
    shape->first = FALSE;
    g_autoptr(GArray) ends = start < end ? rows_partition(shape, start, end) : NULL;
    if (ends == NULL)
        return NULL;
    add_header(header, rows);
    add_rows(shape, start, ends, rows);
    return finish(shape, at, add_more(shape, end, rows), rows, error);
}

/* A header that begins at line at, however many lines it has. */
static Reading *with_header_at(Shape *shape, guint at, GError **error)
{
    g_autoptr(Reading) found = NULL;
    gboolean seen = FALSE;
    guint most = shape->wrap == WRAP_HARD ? HEADER_LINES : 1;
    for (guint size = 1; size <= most && at + size <= shape->n; size++) {
        gsize length;
        Cells cells;
        if (line_is_empty(&shape->lines[at + size - 1])
            || (size > 1 && !may_be_broken(shape, at + size - 2)))
            break;
        g_autofree char *text = join(shape, at, at + size, &length);
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

/* ---- without a header ---- */

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
            || (!is_address && is_affected_name(text, cell->length))
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
        add_rows(shape, from, ends, rows);
        guint to = add_more(shape, end, rows);
        g_autoptr(Reading) reading = finish(shape, from, to, rows, error);
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
    g_autofree char *text = join(shape, from, from + size, &length);
    if (!cells_split(text, length, shape->delimiter, size > 1, &cells)
        || !is_like_data(&cells, shape->delimiter, &two_sided))
        return NULL;
    shape->columns = cells.n;
    shape->address = (guint)cells_first_address(&cells);
    shape->first = TRUE;
    shape->marked = may_be_wrapped(shape, from, end);
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

static Reading *without_header_at(Shape *shape, guint from, guint end, GError **error)
{
    g_autoptr(Reading) found = NULL;
    guint start = behind_introduction(shape, from, end);
    guint most = shape->wrap == WRAP_NEVER ? 1 : HEADER_LINES;
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

/* Of the lines that could have been wrapped. */
static void measure(Shape *shape)
{
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

static Reading *find_table(Shape *shape, gboolean header, GError **error)
{
    for (guint at = skip_empty(shape, 0); at < shape->n; at = skip_empty(shape, at)) {
        guint end = header ? at + 1 : line_paragraph_end(shape->lines, shape->n, at);
        for (gsize d = 0; d < sizeof delimiters; d++) {
            shape->delimiter = delimiters[d];
            Reading *reading = header ? with_header_at(shape, at, error)
                                      : without_header_at(shape, at, end, error);
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
    measure(&shape);
    Reading *reading = find_table(&shape, TRUE, &doubt);
    if (reading == NULL && doubt == NULL)
        reading = find_table(&shape, FALSE, &doubt);
    if (doubt != NULL)
        g_propagate_error(error, g_steal_pointer(&doubt));
    return reading;
}

/* ---- the old format with | ---- */

static gboolean add_old_row(const Line *line, guint *columns, ReadingRows *rows)
{
    g_autofree char *text = g_strndup(line->text, line->length);
    g_auto(GStrv) cells = g_strsplit(text, "|", TABLE_COLUMNS_MAX + 1);
    guint n = g_strv_length(cells);
    if (*columns == 0)
        *columns = n;
    if (n != *columns)
        return FALSE;
    for (guint i = 0; i < n; i++) {
        g_strstrip(cells[i]);
        reading_rows_add(rows, cells[i], strlen(cells[i]), i + 1 == n);
    }
    g_array_append_val(rows->lines, line->number);
    return TRUE;
}

Reading *dialect_read_old(const char *text, gsize length, GError **error)
{
    static const char format[] = "Format:";
    guint columns = 0;
    g_autoptr(ReadingRows) rows = reading_rows_new();
    g_autoptr(Letter) letter = letter_read(g_strndup(text, length), length, TRUE, error);
    if (letter == NULL)
        return NULL;
    for (guint i = 0; i < letter->n; i++) {
        Line line = letter->lines[i];
        if (i == 0) {
            if (line.length < strlen(format) || memcmp(line.text, format, strlen(format)) != 0) {
                error_input(error, "| stands between the cells, but no \"Format:\" above them");
                return NULL;
            }
            line.text += strlen(format);
            line.length -= (guint32)strlen(format);
        }
        if (!add_old_row(&line, &columns, rows)) {
            error_input(error, "table: row %u: it has not as many cells as the header", i);
            return NULL;
        }
    }
    if (rows->lines->len > 0)
        g_array_remove_index(rows->lines, 0); /* the header's */
    Reading *reading = reading_new(rows, CERTAINTY_TABLE, error);
    if (reading == NULL)
        return NULL;
    ColumnKind kinds[TABLE_COLUMNS_MAX];
    for (guint i = 0; i < table_n_columns(reading->table); i++)
        kinds[i] = column_kind(table_column(reading->table, i),
                               strlen(table_column(reading->table, i)));
    int address = columns_affected(kinds, table_n_columns(reading->table));
    reading->address_column = address < 0 ? G_MAXUINT : (guint)address;
    reading->time_column = columns_time(reading->table);
    return reading;
}
