/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Reads customers.csv into a snapshot.  The file is cut into records here, so
 * that comments may hold quotes and every fault can name the line on which its
 * record begins; libcsv then takes each record apart.  Reading goes on behind a
 * fault, so that one run names them all.
 * Refused: anything but strict RFC 4180 with commas in UTF-8. */
#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customers-internal.h"

#define BOM "\xef\xbb\xbf"

typedef struct {
    Loader *loader;
    struct csv_parser parser;
    GString *text;       /* the cells of the record in hand, each with its NUL */
    GArray *places;      /* of gsize: where they begin */
    guint rows;          /* that libcsv found in it */
    GArray *columns;     /* of int: what each cell is, -1 for an unknown column */
    guint32 header_line; /* 0: not read yet */
} Reader;

#define fault(reader, ...)                                                                         \
    load_fault(&(reader)->loader->faults, (reader)->loader->line, __VA_ARGS__)

static void on_cell(void *cell, size_t length, void *data)
{
    Reader *reader = data;
    gsize place = reader->text->len;

    g_array_append_val(reader->places, place);
    g_string_append_len(reader->text, cell, (gssize)length);
    g_string_append_c(reader->text, '\0');
}

static void on_row(int terminator, void *data)
{
    (void)terminator;
    ((Reader *)data)->rows++;
}

/* Take record[0..length) apart; FALSE: faulty. */
static gboolean split_cells(Reader *reader, const char *record, gsize length)
{
    g_string_truncate(reader->text, 0);
    g_array_set_size(reader->places, 0);
    reader->rows = 0;
    gsize parsed = csv_parse(&reader->parser, record, length, on_cell, on_row, reader);
    if (parsed == length && record[length - 1] != '\n')
        parsed += csv_parse(&reader->parser, "\n", 1, on_cell, on_row, reader) - 1;
    if (parsed != length) {
        fault(reader, "a quote stands inside a cell, the whole cell in quotes and this one doubled "
                      "was expected");
        csv_free(&reader->parser);
        csv_init(&reader->parser, CSV_STRICT);
        return FALSE;
    }
    if (reader->rows != 1) {
        fault(reader, "a carriage return stands alone, line ends LF or CR LF were expected");
        return FALSE;
    }
    return TRUE;
}

/* The i-th cell without the blanks around it. */
static const char *cell_at(Reader *reader, guint i)
{
    return g_strstrip(reader->text->str + g_array_index(reader->places, gsize, i));
}

static int find_column(const char *name)
{
    for (int column = 0; column < COLUMN_N; column++)
        if (g_ascii_strcasecmp(name, column_name(column)) == 0)
            return column;
    return -1;
}

static void read_header(Reader *reader)
{
    static const int required[] = { COLUMN_NETWORK, COLUMN_TEXT + TEXT_ID,
                                    COLUMN_TEXT + TEXT_EMAIL };
    gboolean seen[COLUMN_N] = { FALSE };

    reader->header_line = reader->loader->line;
    for (guint i = 0; i < reader->places->len; i++) {
        const char *name = cell_at(reader, i);
        g_autofree char *quote = load_quote(name);
        int column = find_column(name);
        if (column < 0) {
            fault(reader,
                  "unknown column %s, names such as network,customer,email, divided by commas, "
                  "were expected",
                  quote);
        } else if (seen[column]) {
            fault(reader, "column %s stands here twice, once was expected", quote);
            column = -1;
        } else {
            seen[column] = TRUE;
        }
        g_array_append_val(reader->columns, column);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(required); i++)
        if (!seen[required[i]]) {
            fault(reader,
                  "column \"%s\" is missing, a header with at least network,customer,email was "
                  "expected",
                  column_name(required[i]));
            reader->loader->faults.stop = TRUE;
        }
}

/* Sort the cells by column; FALSE: faulty. */
static gboolean name_cells(Reader *reader)
{
    if (reader->places->len != reader->columns->len) {
        fault(reader, "%u cells, %u were expected as in the header on line %u", reader->places->len,
              reader->columns->len, reader->header_line);
        return FALSE;
    }
    for (int column = 0; column < COLUMN_N; column++)
        reader->loader->cells[column] = "";
    for (guint i = 0; i < reader->places->len; i++) {
        int column = g_array_index(reader->columns, int, i);
        const char *cell = cell_at(reader, i);
        if (strlen(cell) > CUSTOMERS_CELL_MAX) {
            fault(reader, "cell %u is longer than %d bytes, less was expected", i + 1,
                  CUSTOMERS_CELL_MAX);
            return FALSE;
        }
        if (column >= 0)
            reader->loader->cells[column] = cell;
    }
    return TRUE;
}

/* Behind the line end of the record that begins at at, or end.  A quote opens a
 * cell only at its begin, so that a stray one spoils its own line only. */
static const char *record_end(const char *at, const char *end, gboolean *open_r)
{
    gboolean at_begin = TRUE;

    *open_r = FALSE;
    for (; at < end; at++) {
        if (*at == '\n')
            return at + 1;
        if (*at == '"' && at_begin) {
            do {
                at = memchr(at + 1, '"', (gsize)(end - at - 1));
                if (at == NULL) {
                    *open_r = TRUE;
                    return end;
                }
            } while (at + 1 < end && at[1] == '"' && at++);
        }
        at_begin = *at == ',' || (at_begin && (*at == ' ' || *at == '\t'));
    }
    return end;
}

static const char *line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (gsize)(end - at));
    return newline != NULL ? newline + 1 : end;
}

static gboolean is_blank(const char *at, const char *end)
{
    while (at < end && g_ascii_isspace(*at))
        at++;
    return at == end;
}

static gboolean is_text(Reader *reader, const char *at, gsize length)
{
    if (memchr(at, '\0', length) != NULL)
        fault(reader, "a NUL byte, text in UTF-8 was expected");
    else if (!g_utf8_validate(at, (gssize)length, NULL))
        fault(reader, "bytes that are no UTF-8, UTF-8 was expected");
    else
        return TRUE;
    return FALSE;
}

/* The record or comment that begins at at; returns its end. */
static const char *read_next(Reader *reader, const char *at, const char *end)
{
    const char *behind = line_end(at, end);
    gboolean open = FALSE, skip = *at == '#' || is_blank(at, behind);

    if (!skip)
        behind = record_end(at, end, &open);
    gsize length = (gsize)(behind - at);
    gboolean text = is_text(reader, at, length);
    if (skip)
        return behind;
    if (text && open)
        fault(reader,
              "a quoted cell begins in this record and is never closed, a '\"' was expected");
    else if (text && split_cells(reader, at, length)) {
        if (reader->header_line == 0)
            read_header(reader);
        else if (name_cells(reader))
            loader_read(reader->loader);
    }
    /* Without a header nothing below it can be understood. */
    reader->loader->faults.stop |= reader->header_line == 0;
    return behind;
}

static void read_all(Reader *reader, const char *text, gsize length)
{
    const char *at = text, *end = text + length;

    if (length >= strlen(BOM) && memcmp(at, BOM, strlen(BOM)) == 0)
        at += strlen(BOM);
    reader->loader->line = 1;
    while (at < end && !reader->loader->faults.stop) {
        const char *behind = read_next(reader, at, end);
        for (; at < behind; at = line_end(at, behind))
            reader->loader->line++;
    }
}

/* The whole file; NULL: a fault was noted. */
static char *read_file(LoadFaults *faults, gsize *length_r, gint64 *mtime_r)
{
    struct stat status;
    /* Not blocking, or a FIFO in the file's place would hang the start. */
    int file = open(faults->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    gssize got = 1;

    if (file < 0 || fstat(file, &status) < 0) {
        load_fault(faults, 0, "can't be opened: %s", g_strerror(errno));
        if (file >= 0)
            close(file);
        return NULL;
    }
    if (!S_ISREG(status.st_mode) || status.st_size > CUSTOMERS_FILE_MAX) {
        load_fault(faults, 0, "a regular file of at most %d bytes was expected",
                   CUSTOMERS_FILE_MAX);
        close(file);
        return NULL;
    }
    gsize size = (gsize)status.st_size + 1; /* one more, to see it grow */
    char *text = g_malloc(size);
    for (*length_r = 0; *length_r < size && got > 0; *length_r += (gsize)MAX(got, 0))
        got = read(file, text + *length_r, size - *length_r);
    if (got < 0)
        load_fault(faults, 0, "can't be read: %s", g_strerror(errno));
    else if (*length_r != (gsize)status.st_size)
        load_fault(faults, 0, "changed while it was read, a file at rest was expected");
    close(file);
    *mtime_r = status.st_mtime;
    if (faults->noted > 0)
        g_clear_pointer(&text, g_free);
    return text;
}

static void reader_init(Reader *reader)
{
    csv_init(&reader->parser, CSV_STRICT);
    reader->text = g_string_new(NULL);
    reader->places = g_array_new(FALSE, FALSE, sizeof(gsize));
    reader->columns = g_array_new(FALSE, FALSE, sizeof(int));
}

static void reader_clear(Reader *reader)
{
    csv_free(&reader->parser);
    g_string_free(reader->text, TRUE);
    g_array_unref(reader->places);
    g_array_unref(reader->columns);
}

static void read_records(Loader *loader, const char *text, gsize length)
{
    Reader reader = { .loader = loader };

    reader_init(&reader);
    read_all(&reader, text, length);
    reader_clear(&reader);
}

Customers *customers_load(const char *path, Faults *faults)
{
    Customers *customers = customers_new(path);
    Loader loader;
    gsize length;

    loader_init(&loader, customers, faults);
    char *text = read_file(&loader.faults, &length, &customers->mtime);
    if (text != NULL)
        read_records(&loader, text, length);
    g_free(text);
    loader_clear(&loader);
    if (!loader.faults.stop)
        customers_index(customers, &loader.faults);
#ifdef __GLIBC__
    malloc_trim(0); /* the peak of reading is twice what stays */
#endif
    if (loader.faults.noted > 0)
        g_clear_pointer(&customers, customers_unref);
    else if (customers_count(customers) == 0)
        faults_warn(faults, path, 0, "no customers in it, at least one was expected");
    return customers;
}
