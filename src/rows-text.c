/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Three ways to write the same cells.  guard-shapes.c reads them back. */
#include "rows-text.h"

#include "columns.h"
#include "form.h"
#include "shown.h"
#include "wrap.h"

#include <string.h>

#define GAP 2 /* blanks between two columns of a table */

typedef struct {
    GString *text;
    const Table *table;
    const guint32 *rows;
    guint n_rows;
    const guint *columns;
    guint n_columns;
    const RowsText *options;
    gboolean *scanned; /* of each column: anything may stand there; NULL for CSV */
    gboolean whole;
} Rows;

static const char *cell_at(const Rows *rows, guint row, guint c)
{
    return table_cell(rows->table, rows->rows[row], rows->columns[c]);
}

/* ---- CSV */

static gboolean row_differs(const Rows *rows, guint row)
{
    for (guint c = 0; c < rows->n_columns; c++)
        if (shown_differs(cell_at(rows, row, c), rows->options->max_cell))
            return TRUE;
    return FALSE;
}

static void write_csv_row(Rows *rows, guint row)
{
    if (!row_differs(rows, row)) {
        table_append_csv(rows->table, rows->text, rows->rows[row], rows->columns,
                         rows->n_columns);
        return;
    }
    rows->whole = FALSE;
    for (guint c = 0; c < rows->n_columns; c++) {
        g_autoptr(GString) cell = g_string_new(NULL);
        shown_append(cell, cell_at(rows, row, c), rows->options->max_cell);
        if (c > 0)
            g_string_append_c(rows->text, ',');
        table_append_cell(rows->text, cell->str);
    }
    g_string_append_c(rows->text, '\n');
}

static void write_csv(Rows *rows)
{
    table_append_csv(rows->table, rows->text, -1, rows->columns, rows->n_columns);
    for (guint i = 0; i < rows->n_rows; i++)
        write_csv_row(rows, i);
}

/* ---- words that both other forms have */

/* What the column is called in each language, each once; its own name when that is all there
 * is, and, since letters speak of it ("see banner"), behind that of a text of the system's. */
static char *label_text(const Rows *rows, guint c)
{
    const char *name = table_column(rows->table, rows->columns[c]);
    g_autofree char *known = columns_label(name, rows->options->languages, rows->options->own);
    GString *label = g_string_new(known);

    if (*known == '\0' || columns_is_scanned(name)) {
        g_string_append(label, *known != '\0' ? " (" : "");
        wrap_append_safe(label, name);
        g_string_append(label, *known != '\0' ? ")" : "");
    }
    return g_string_free(label, FALSE);
}

/* Blanks and control characters as one blank, none at either end. */
static void append_folded(GString *out, const char *text)
{
    gboolean blank = FALSE;
    gsize begin = out->len;

    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == ' ' || wrap_is_unsafe(c)) {
            blank = out->len > begin;
            continue;
        }
        if (blank)
            g_string_append_c(out, ' ');
        blank = FALSE;
        g_string_append_unichar(out, c);
    }
}

static void append_shown(Rows *rows, GString *out, guint row, guint c)
{
    const char *cell = cell_at(rows, row, c), *quote = rows->scanned[c] ? "\"" : "";
    g_autoptr(GString) shown = g_string_new(NULL);
    gsize begin = out->len;

    rows->whole = rows->whole && !shown_differs(cell, rows->options->max_cell);
    shown_append(shown, cell, rows->options->max_cell);
    g_string_append(out, quote);
    append_folded(out, shown->str);
    if (out->len == begin + strlen(quote)) {
        g_string_truncate(out, begin);
        g_string_append_c(out, '-');
        return;
    }
    g_string_append(out, quote);
}

/* ---- labels */

/* Of an empty row, too, there is a line. */
static void write_labels_row(Rows *rows, guint row, char **labels)
{
    for (guint c = 0; c < rows->n_columns; c++) {
        if (c > 0 && *cell_at(rows, row, c) == '\0')
            continue;
        g_autoptr(GString) line = g_string_new(labels[c]);
        g_string_append(line, ": ");
        append_shown(rows, line, row, c);
        wrap_append(rows->text, line->str, ROWS_TABLE_WIDTH, "", "  ");
    }
}

static void write_labels(Rows *rows, char **labels)
{
    for (guint i = 0; i < rows->n_rows; i++) {
        if (i > 0)
            g_string_append_c(rows->text, '\n');
        write_labels_row(rows, i, labels);
    }
}

/* ---- a table */

/* Columns that a text takes, and its longest word, as far as it stays whole. */
static void measure(const char *text, guint *width, guint *word)
{
    for (const char *at = text; *at != '\0';) {
        gsize length = strcspn(at, " ");
        *word = MAX(*word, MIN(wrap_columns(at, length), ROWS_TABLE_WORD));
        at += length + strspn(at + length, " ");
    }
    *width = MAX(*width, wrap_columns(text, strlen(text)));
}

/* Takes from the widest until all fit; FALSE when they can't. */
static gboolean fit(guint *widths, const guint *words, guint n)
{
    guint total = (n - 1) * GAP;

    for (guint c = 0; c < n; c++)
        total += widths[c];
    while (total > ROWS_TABLE_WIDTH) {
        guint widest = n;
        for (guint c = 0; c < n; c++)
            if (widths[c] > words[c] && (widest == n || widths[c] > widths[widest]))
                widest = c;
        if (widest == n)
            return FALSE;
        guint over = total - ROWS_TABLE_WIDTH, room = widths[widest] - words[widest];
        guint step = widths[widest] > ROWS_TABLE_WIDTH ? MIN(over, room) : 1;
        widths[widest] -= step;
        total -= step;
    }
    return TRUE;
}

/* The next line's piece of *at, at most width columns: whole words, or a part of one that is
 * wider.  Looks at each character once, for a cell may be one long word. */
static gsize take_piece(const char **at, guint width)
{
    *at += strspn(*at, " ");
    const char *end = *at, *p = *at;
    guint columns = 0;

    while (*p != '\0') {
        const char *next = g_utf8_next_char(p);
        if (*p == ' ')
            end = p;
        columns += wrap_columns(p, (gsize)(next - p));
        if (columns > width)
            break;
        p = next;
    }
    if (*p == '\0')
        end = p;
    if (end == *at && *p != '\0')
        end = p > *at ? p : g_utf8_next_char(p);
    return (gsize)(end - *at);
}

/* One line of the cells, or FALSE when nothing is left of them; moves on in each. */
static gboolean write_line(GString *text, const char **cells, const guint *widths, guint n)
{
    gsize begin = text->len;
    guint blanks = 0;

    for (guint c = 0; c < n; c++) {
        gsize length = take_piece(&cells[c], widths[c]);
        if (length > 0) {
            for (; blanks > 0; blanks--)
                g_string_append_c(text, ' ');
            g_string_append_len(text, cells[c], (gssize)length);
        }
        blanks += GAP + widths[c] - wrap_columns(cells[c], length);
        cells[c] += length;
    }
    if (text->len == begin)
        return FALSE;
    g_string_append_c(text, '\n');
    return TRUE;
}

/* All lines of a row; how many they are. */
static guint write_lines(GString *text, char **texts, const guint *widths, guint n)
{
    g_autofree const char **cells = g_memdup2(texts, n * sizeof *texts);
    guint lines = 0;

    while (write_line(text, cells, widths, n))
        lines++;
    return lines;
}

static void write_rule(GString *text, const guint *widths, guint n)
{
    for (guint c = 0; c < n; c++) {
        if (c > 0)
            g_string_append_printf(text, "%*s", GAP, "");
        for (guint i = 0; i < widths[c]; i++)
            g_string_append_c(text, '-');
    }
    g_string_append_c(text, '\n');
}

static void write_table_rows(Rows *rows, char ***texts, char **labels, const guint *widths)
{
    g_autoptr(GString) body = g_string_new(NULL);
    guint n = rows->n_columns, most = 0;
    g_autofree gsize *ends = g_new(gsize, rows->n_rows);

    write_lines(rows->text, labels, widths, n);
    write_rule(rows->text, widths, n);
    for (guint i = 0; i < rows->n_rows; i++) {
        guint lines = write_lines(body, texts[i], widths, n);
        most = MAX(most, lines);
        ends[i] = body->len;
    }
    for (guint i = 0; i < rows->n_rows; i++) {
        gsize from = i > 0 ? ends[i - 1] : 0;
        if (i > 0 && most > 1)
            g_string_append_c(rows->text, '\n');
        g_string_append_len(rows->text, body->str + from, (gssize)(ends[i] - from));
    }
}

/* FALSE, and nothing written, when it is too wide. */
static gboolean write_table(Rows *rows, char **labels)
{
    guint n = rows->n_columns;
    g_autofree guint *widths = g_new0(guint, n), *words = g_new0(guint, n);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

    for (guint c = 0; c < n; c++)
        measure(labels[c], &widths[c], &words[c]);
    for (guint i = 0; i < rows->n_rows; i++) {
        char **row = g_new0(char *, n + 1);
        g_ptr_array_add(texts, row);
        for (guint c = 0; c < n; c++) {
            GString *cell = g_string_new(NULL);
            append_shown(rows, cell, i, c);
            row[c] = g_string_free(cell, FALSE);
            measure(row[c], &widths[c], &words[c]);
        }
    }
    if (!fit(widths, words, n))
        return FALSE;
    write_table_rows(rows, (char ***)texts->pdata, labels, widths);
    return TRUE;
}

gboolean rows_text(GString *text, const Table *table, const guint32 *rows, guint n_rows,
                   const guint *columns, guint n_columns, const RowsText *options)
{
    Rows all = { text, table, rows, n_rows, columns, n_columns, options, NULL, TRUE };
    gboolean as_table = form_has(options->form, "table");

    if (!as_table && !form_has(options->form, "labels")) {
        write_csv(&all);
        return all.whole;
    }
    g_auto(GStrv) labels = g_new0(char *, n_columns + 1);
    g_autofree gboolean *scanned = g_new0(gboolean, n_columns);
    all.scanned = scanned;
    for (guint c = 0; c < n_columns; c++) {
        labels[c] = label_text(&all, c);
        scanned[c] = columns_is_scanned(table_column(table, columns[c]));
    }
    if (!as_table || !write_table(&all, labels))
        write_labels(&all, labels);
    return all.whole;
}
