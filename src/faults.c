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

G_GNUC_PRINTF(5, 0)
static void note(Faults *faults, gboolean warning, const char *file, guint line,
                 const char *format, va_list arguments)
{
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    g_autofree char *place = line > 0 ? g_strdup_printf("%s:%u", file, line) : g_strdup(file);
    g_autofree char *text = g_strdup_printf("%s: %s%s", place, warning ? "warning: " : "", what);
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

static guint distance(const char *a, const char *b)
{
    guint row[FAULTS_GUESS_MAX + 1];
    gsize n = strlen(b);

    for (guint j = 0; j <= n; j++)
        row[j] = j;
    for (guint i = 0; a[i] != '\0'; i++) {
        guint diagonal = row[0];
        row[0] = i + 1;
        for (guint j = 0; j < n; j++) {
            guint replaced = diagonal + (g_ascii_tolower(a[i]) != g_ascii_tolower(b[j]));
            diagonal = row[j + 1];
            row[j + 1] = MIN(replaced, MIN(row[j], diagonal) + 1);
        }
    }
    return row[n];
}

const char *faults_guess(const char *typed, const char *const *candidates)
{
    guint limit = MIN(FAULTS_GUESS_DISTANCE, (guint)strlen(typed) / 2);
    const char *best = NULL;

    if (strlen(typed) > FAULTS_GUESS_MAX)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        guint d = strlen(*candidates) <= FAULTS_GUESS_MAX ? distance(typed, *candidates)
                                                          : G_MAXUINT;
        if (d < limit || (d == limit && best == NULL)) {
            limit = d;
            best = *candidates;
        }
    }
    return best;
}
