/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Rows as tables and as JSON Lines.
 *
 * JSON is written as it comes, so that years of notices need no memory.  A table must
 * know all its cells before it prints the first: it ends at CTL_TABLE_ROWS_MAX rows. */
#include "ctl-rows.h"

#include "log.h"

#include <stdio.h>
#include <string.h>

#define GAP "  "

/* Columns whose values are counts; a customer called "42" stays a text. */
static const char *const numbers[] = { "attempts",   "customer_line", "events",     "exempt",
                                       "held",       "notices",       "notified",   "reports",
                                       "row",        "suppressed",    "unassigned", "unreadable",
                                       "times" };

static gboolean is_number(const char *column)
{
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (strcmp(numbers[i], column) == 0)
            return TRUE;
    return FALSE;
}

/* ---- JSON */

void ctl_add_member(JsonBuilder *builder, const char *name, const char *value)
{
    gint64 number;

    json_builder_set_member_name(builder, name);
    if (value == NULL)
        json_builder_add_null_value(builder);
    else if (is_number(name) &&
             g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64, &number, NULL))
        json_builder_add_int_value(builder, number);
    else
        json_builder_add_string_value(builder, value);
}

void ctl_add_members(JsonBuilder *builder, guint n_columns, const char *const *columns,
                     const char *const *values)
{
    for (guint i = 0; i < n_columns; i++)
        ctl_add_member(builder, columns[i], values[i]);
}

gboolean ctl_print_object(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    json_generator_set_root(generator, root);
    g_autofree char *line = json_generator_to_data(generator, NULL);
    return puts(line) != EOF; /* main() tells of a full disk */
}

gboolean ctl_print_json(guint n_columns, const char *const *columns, const char *const *values,
                        gpointer data)
{
    CtlList *list = data;
    g_autoptr(JsonBuilder) builder = json_builder_new_immutable();

    json_builder_begin_object(builder);
    if (list->record != NULL)
        ctl_add_member(builder, "record", list->record);
    ctl_add_members(builder, n_columns, columns, values);
    json_builder_end_object(builder);
    list->n++;
    return ctl_print_object(builder);
}

/* ---- tables */

static guint char_width(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

guint ctl_width(const char *text)
{
    guint width = 0;

    for (; *text != '\0'; text = g_utf8_next_char(text))
        width += char_width(g_utf8_get_char(text));
    return width;
}

/* Cut to CTL_CELL_WIDTH_MAX, dots included, and never through a character. */
static void cut(char *text)
{
    guint width = 0;
    char *end = text;

    if (ctl_width(text) <= CTL_CELL_WIDTH_MAX)
        return;
    for (char *p = text; width <= CTL_CELL_WIDTH_MAX - strlen("..."); p = g_utf8_next_char(p)) {
        end = p;
        width += char_width(g_utf8_get_char(p));
    }
    memcpy(end, "...", sizeof "..."); /* more than three bytes were to come */
}

typedef struct {
    CtlList *list;
    GPtrArray *rows; /* char **, as many cells as columns */
    guint *widths;
    guint n_columns;
} Sheet;

static char *make_cell(const char *value, gboolean last)
{
    char *cell = value == NULL ? g_strdup("-") : log_sanitize(value);

    if (!last)
        cut(cell);
    return cell;
}

static const char *find_value(const char *column, guint n, const char *const *columns,
                              const char *const *values)
{
    for (guint i = 0; i < n; i++)
        if (strcmp(columns[i], column) == 0)
            return values[i];
    return NULL;
}

static gboolean keep_row(guint n_columns, const char *const *columns, const char *const *values,
                         gpointer data)
{
    Sheet *table = data;

    if (table->list->n++ == CTL_TABLE_ROWS_MAX)
        return FALSE;
    char **cells = g_new0(char *, table->n_columns + 1);
    for (guint i = 0; i < table->n_columns; i++) {
        const char *value = find_value(table->list->columns[i], n_columns, columns, values);
        cells[i] = make_cell(value, i + 1 == table->n_columns);
        table->widths[i] = MAX(table->widths[i], ctl_width(cells[i]));
    }
    g_ptr_array_add(table->rows, cells);
    return TRUE;
}

static void print_line(const Sheet *table, const char *const *cells)
{
    for (guint i = 0; i < table->n_columns; i++) {
        int pad = (int)(table->widths[i] - MIN(ctl_width(cells[i]), table->widths[i]));
        gboolean right = is_number(table->list->columns[i]);
        gboolean last = i + 1 == table->n_columns;
        printf("%s%*s%s%*s", i > 0 ? GAP : "", right ? pad : 0, "", cells[i],
               right || last ? 0 : pad, "");
    }
    putchar('\n');
}

static void print_table(const Sheet *table)
{
    if (table->rows->len == 0)
        return;
    if (table->list->title != NULL)
        printf("%s\n", table->list->title);
    print_line(table, table->list->columns);
    for (guint i = 0; i < table->rows->len; i++)
        print_line(table, table->rows->pdata[i]);
    if (table->list->n > CTL_TABLE_ROWS_MAX)
        ctl_complain("only the first %d rows are shown; --json has all", CTL_TABLE_ROWS_MAX);
}

static void free_cells(gpointer cells)
{
    g_strfreev(cells);
}

gboolean ctl_list_rows(CtlRows rows_of, gpointer data, CtlList *list, GError **error)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_cells);
    Sheet table = { .list = list, .rows = rows };

    list->n = 0;
    if (list->json)
        return rows_of(ctl_print_json, list, data, error);
    table.n_columns = g_strv_length((char **)(gsize)list->columns);
    g_autofree guint *widths = table.widths = g_new0(guint, table.n_columns);
    for (guint i = 0; i < table.n_columns; i++)
        widths[i] = ctl_width(list->columns[i]);
    gboolean ok = rows_of(keep_row, &table, data, error);
    if (ok)
        print_table(&table);
    return ok;
}

typedef struct {
    Ledger *ledger;
    LedgerQuestion question;
    const char *filter;
} Question;

static gboolean ask(LedgerRow row, gpointer row_data, gpointer data, GError **error)
{
    const Question *question = data;
    return ledger_ask(question->ledger, question->question, question->filter, row, row_data,
                      error);
}

gboolean ctl_list(Ledger *ledger, LedgerQuestion question, const char *filter, CtlList *list,
                  GError **error)
{
    Question asked = { ledger, question, filter };
    return ctl_list_rows(ask, &asked, list, error);
}
