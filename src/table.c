/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Text -> header and rows, after RFC 4180, by libcsv in its strict mode.
 *
 * All cells lie in one block of memory, each with its NUL, and one 32-bit offset
 * per cell points there.  A cell is never longer in the block than in the text
 * (its delimiter's place takes the NUL), so the block can be the text itself:
 * what is written always stays behind what libcsv has read.
 * Refused: ragged rows, open or stray quotes, unnamed or repeated columns, NUL
 * bytes, and whatever passes a limit of table.h.  Blanks are kept. */
#include "table.h"

#include "errors.h"

#include <csv.h>
#include <string.h>

#define CHUNK (64 * 1024) /* bytes between two looks at limits */

struct Table {
    char *cells;
    guint32 *offsets; /* the header's come first */
    gsize n_offsets, offsets_size;
    guint n_columns;
    guint n_rows;
};

typedef struct {
    Table *table;
    gsize used;          /* of cells */
    gsize in_row;        /* cells of the row at hand */
    guint rows;          /* finished, with the header */
    gboolean failed;
    GError **error;
} Reader;

static void fail(Reader *reader, const char *what)
{
    if (!reader->failed)
        error_input(reader->error, "row %u: %s", reader->rows, what);
    reader->failed = TRUE;
}

static void add_offset(Table *table, gsize offset)
{
    if (table->n_offsets == table->offsets_size) {
        table->offsets_size += table->offsets_size / 2 + 1024;
        table->offsets = g_renew(guint32, table->offsets, table->offsets_size);
    }
    table->offsets[table->n_offsets++] = (guint32)offset;
}

static void on_cell(void *data, size_t length, void *user)
{
    Reader *reader = user;
    if (reader->failed)
        return;
    if (length > TABLE_CELL_MAX) {
        fail(reader, "a cell is longer than " G_STRINGIFY(TABLE_CELL_MAX) " bytes");
        return;
    }
    gsize most = reader->rows == 0 ? TABLE_COLUMNS_MAX : reader->table->n_columns;
    if (reader->in_row++ >= most) {
        fail(reader, reader->rows == 0 ? "more than " G_STRINGIFY(TABLE_COLUMNS_MAX) " columns"
                                       : "more cells than the header has columns");
        return;
    }
    add_offset(reader->table, reader->used);
    char *to = reader->table->cells + reader->used;
    if (length > 0)
        memcpy(to, data, length);
    to[length] = '\0';
    reader->used += length + 1;
}

static void check_names(Reader *reader)
{
    const Table *table = reader->table;
    for (guint i = 0; i < table->n_columns && !reader->failed; i++) {
        const char *name = table_column(table, i);
        g_autofree char *trimmed = g_strstrip(g_strdup(name));
        if (*trimmed == '\0') {
            error_input(reader->error, "row 0: column %u has no name", i + 1);
            reader->failed = TRUE;
        } else if (table_find_column(table, name) != (int)i) {
            error_input(reader->error, "row 0: the column name \"%s\" is repeated", name);
            reader->failed = TRUE;
        }
    }
}

static void on_row(int terminator, void *user)
{
    (void)terminator;
    Reader *reader = user;
    if (reader->failed)
        return;
    if (reader->rows == 0) {
        reader->table->n_columns = (guint)reader->in_row;
        check_names(reader);
    } else if (reader->in_row < reader->table->n_columns) {
        fail(reader, "fewer cells than the header has columns");
    } else if (reader->rows > TABLE_ROWS_MAX) {
        fail(reader, "more than " G_STRINGIFY(TABLE_ROWS_MAX) " rows");
    }
    reader->rows++;
    reader->in_row = 0;
}

static int is_no_space(unsigned char c) /* libcsv would strip blanks round cells */
{
    (void)c;
    return 0;
}

static int is_line_end(unsigned char c)
{
    return c == '\n';
}

static void feed(Reader *reader, struct csv_parser *parser, const char *text, gsize length)
{
    for (gsize done = 0; done < length && !reader->failed; done += CHUNK) {
        gsize n = MIN(CHUNK, length - done);
        if (csv_parse(parser, text + done, n, on_cell, on_row, reader) != n)
            fail(reader, "a quote stands inside a cell, or text behind a closing quote");
        else if (parser->entry_pos > TABLE_CELL_MAX + 1) /* 1: its closing quote */
            fail(reader, "a cell is longer than " G_STRINGIFY(TABLE_CELL_MAX) " bytes");
    }
    if (!reader->failed && csv_fini(parser, on_cell, on_row, reader) != 0)
        fail(reader, "a quote is open at the end of the table");
}

/* text is within table->cells or apart from it. */
static gboolean fill(Table *table, const char *text, gsize length, char delimiter, GError **error)
{
    if (length == 0 || length > G_MAXUINT32 - 1 || memchr(text, '\0', length) != NULL) {
        error_input(error, length == 0             ? "there is no header"
                           : length > G_MAXUINT32 - 1 ? "the table is too large"
                                                      : "a NUL byte stands in the table");
        return FALSE;
    }
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        error_temporary(error, "no memory for a table");
        return FALSE;
    }
    csv_set_space_func(&parser, is_no_space);
    if (memchr(text, '\r', length) != NULL) /* else its own test is the same and much faster */
        csv_set_term_func(&parser, is_line_end);
    csv_set_delim(&parser, (unsigned char)delimiter);
    Reader reader = { .table = table, .error = error };
    feed(&reader, &parser, text, length);
    csv_free(&parser);
    if (!reader.failed && reader.rows == 0)
        fail(&reader, "there is no header");
    if (reader.failed)
        return FALSE;
    table->n_rows = reader.rows - 1;
    table->cells = g_realloc(table->cells, reader.used);
    table->offsets = g_renew(guint32, table->offsets, table->n_offsets);
    return TRUE;
}

Table *table_read(const char *text, gsize length, char delimiter, GError **error)
{
    g_autoptr(Table) table = g_new0(Table, 1);
    table->cells = g_malloc(length + 1);
    return fill(table, text, length, delimiter, error) ? g_steal_pointer(&table) : NULL;
}

Table *table_take(char *text, gsize start, gsize length, char delimiter, GError **error)
{
    g_autoptr(Table) table = g_new0(Table, 1);
    table->cells = text;
    return fill(table, text + start, length, delimiter, error) ? g_steal_pointer(&table) : NULL;
}

void table_free(Table *table)
{
    if (table == NULL)
        return;
    g_free(table->cells);
    g_free(table->offsets);
    g_free(table);
}

/* Whether text[0..length) holds an odd number of quotes, eight bytes at a time: a
 * table is looked through once more only for this. */
static gboolean odd_quotes(const char *text, gsize length)
{
    const guint64 low = G_GUINT64_CONSTANT(0x7f7f7f7f7f7f7f7f);
    guint64 sum = 0, word;
    gsize i = 0;
    for (; i + sizeof(word) <= length; i += sizeof(word)) {
        memcpy(&word, text + i, sizeof(word));
        word ^= G_GUINT64_CONSTANT(0x2222222222222222);
        sum ^= ~(((word & low) + low) | word | low); /* 0x80 where the byte is a quote */
    }
    for (word = 0; i < length; i++)
        word ^= text[i] == '"';
    return (__builtin_popcountll(sum) & 1) != (int)word;
}

gsize table_extent(const char *text, gsize length)
{
    gboolean quoted = FALSE;
    gsize counted = 0; /* quotes up to here are in quoted; a doubled one changes nothing */
    for (gsize line = 0; line < length;) {
        if (text[line] == '\n') {
            quoted ^= odd_quotes(text + counted, line - counted);
            counted = line;
            if (!quoted)
                return line;
        }
        const char *lf = memchr(text + line, '\n', length - line);
        line = lf == NULL ? length : (gsize)(lf - text) + 1;
    }
    return length;
}

guint table_n_columns(const Table *table)
{
    return table->n_columns;
}

guint table_n_rows(const Table *table)
{
    return table->n_rows;
}

const char *table_column(const Table *table, guint column)
{
    return table->cells + table->offsets[column];
}

int table_find_column(const Table *table, const char *name)
{
    for (guint i = 0; i < table->n_columns; i++)
        if (g_ascii_strcasecmp(table_column(table, i), name) == 0)
            return (int)i;
    return -1;
}

const char *table_cell(const Table *table, guint row, guint column)
{
    return table->cells + table->offsets[((gsize)row + 1) * table->n_columns + column];
}

void table_append_cell(GString *text, const char *value)
{
    g_string_append_c(text, '"');
    for (const char *quote; (quote = strchr(value, '"')) != NULL; value = quote + 1) {
        g_string_append_len(text, value, quote + 1 - value);
        g_string_append_c(text, '"');
    }
    g_string_append(text, value);
    g_string_append_c(text, '"');
}

void table_append_csv(const Table *table, GString *text, gint64 row, const guint *columns,
                      guint n_columns)
{
    for (guint i = 0; i < n_columns; i++) {
        if (i > 0)
            g_string_append_c(text, ',');
        table_append_cell(text, row < 0 ? table_column(table, columns[i])
                                        : table_cell(table, (guint)row, columns[i]));
    }
    g_string_append_c(text, '\n');
}
