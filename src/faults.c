/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "faults.h"

#include <stdarg.h>
#include <string.h>

typedef struct {
    char *text;
    gboolean warning;
} Fault;

struct Faults {
    GArray *list; /* of Fault */
    guint errors;
};

static void clear_fault(gpointer data)
{
    g_free(((Fault *)data)->text);
}

Faults *faults_new(void)
{
    Faults *faults = g_new0(Faults, 1);
    faults->list = g_array_new(FALSE, FALSE, sizeof(Fault));
    g_array_set_clear_func(faults->list, clear_fault);
    return faults;
}

void faults_free(Faults *faults)
{
    if (faults == NULL)
        return;
    g_array_unref(faults->list);
    g_free(faults);
}

#define PLACE_BIT          (1u << 31)
#define PLACE_COLUMN_SHIFT 20

guint faults_place(guint line, guint column)
{
    if (column == 0 || column > FAULTS_PLACE_COLUMN_MAX || line > FAULTS_PLACE_LINE_MAX)
        return line;
    return PLACE_BIT | column << PLACE_COLUMN_SHIFT | line;
}

static guint line_in(guint place)
{
    return (place & PLACE_BIT) != 0 ? place & FAULTS_PLACE_LINE_MAX : place;
}

static guint column_in(guint place)
{
    return (place & PLACE_BIT) != 0 ? (place & ~PLACE_BIT) >> PLACE_COLUMN_SHIFT : 0;
}

guint faults_place_add(guint line, guint lines, guint columns)
{
    if (lines > 0)
        return faults_place(line_in(line) + lines, columns + 1);
    return column_in(line) > 0 ? faults_place(line_in(line), column_in(line) + columns) : line;
}

char *faults_place_text(guint line)
{
    guint column = column_in(line);
    return column > 0 ? g_strdup_printf("%u:%u", line_in(line), column)
                      : g_strdup_printf("%u", line_in(line));
}

G_GNUC_PRINTF(5, 0)
static void note(Faults *faults, gboolean warning, const char *file, guint line, const char *format,
                 va_list arguments)
{
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    g_autofree char *place = faults_place_text(line);
    g_autofree char *text =
        g_strdup_printf("%s%s%s: %s%s", file, line > 0 ? ":" : "", line > 0 ? place : "",
                        warning ? "warning: " : "", what);
    Fault fault = { g_utf8_make_valid(text, -1), warning };
    g_array_append_val(faults->list, fault);
    if (!warning)
        faults->errors++;
}

void faults_add(Faults *faults, const char *file, guint line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(faults, FALSE, file, line, format, arguments);
    va_end(arguments);
}

void faults_warn(Faults *faults, const char *file, guint line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    note(faults, TRUE, file, line, format, arguments);
    va_end(arguments);
}

guint faults_errors(const Faults *faults)
{
    return faults->errors;
}

guint faults_count(const Faults *faults)
{
    return faults->list->len;
}

const char *faults_text(const Faults *faults, guint i)
{
    return g_array_index(faults->list, Fault, i).text;
}

gboolean faults_is_warning(const Faults *faults, guint i)
{
    return g_array_index(faults->list, Fault, i).warning;
}

static gboolean same(char a, char b)
{
    return g_ascii_tolower(a) == g_ascii_tolower(b);
}

/* Three rows of the matrix are enough: two letters in the wrong order look two rows back. */
static guint distance(const char *a, const char *b)
{
    guint rows[3][FAULTS_GUESS_MAX + 1];
    gsize n = strlen(b), i = 0;

    for (guint j = 0; j <= n; j++)
        rows[0][j] = j;
    for (; a[i] != '\0'; i++) {
        const guint *before = rows[(i + 2) % 3], *last = rows[i % 3];
        guint *row = rows[(i + 1) % 3];
        row[0] = (guint)i + 1;
        for (gsize j = 0; j < n; j++) {
            guint replaced = last[j] + (same(a[i], b[j]) ? 0 : 1);
            row[j + 1] = MIN(replaced, MIN(last[j + 1], row[j]) + 1);
            if (i > 0 && j > 0 && same(a[i], b[j - 1]) && same(a[i - 1], b[j]))
                row[j + 1] = MIN(row[j + 1], before[j - 1] + 1);
        }
    }
    return rows[i % 3][n];
}

const char *faults_guess(const char *typed, const char *const *candidates)
{
    guint limit = MIN(FAULTS_GUESS_DISTANCE, (guint)strlen(typed) / 2);
    const char *best = NULL;

    if (strlen(typed) > FAULTS_GUESS_MAX)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        guint d =
            strlen(*candidates) <= FAULTS_GUESS_MAX ? distance(typed, *candidates) : G_MAXUINT;
        if (d < limit || (d == limit && best == NULL)) {
            limit = d;
            best = *candidates;
        }
    }
    return best;
}
