/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Puts a report's columns beside those of its class.  A column that goes under another of its
 * names is the same one. */
#include "drift.h"

#include "classes.h"
#include "columns.h"
#include "log.h"

#include <string.h>

/* Of a name that nobody knows: what is kept of it.  Caller frees. */
static char *short_name(const char *written)
{
    g_autofree char *clean = log_sanitize(written);
    g_autofree char *cut = g_utf8_make_valid(clean, (gssize)MIN(strlen(clean), DRIFT_NAME_MAX));
    const char *replaced; /* a character that was cut through has become U+FFFD, which is longer */

    while (strlen(cut) > DRIFT_NAME_MAX
           && (replaced = g_utf8_find_prev_char(cut, cut + strlen(cut))) != NULL)
        cut[replaced - cut] = '\0';
    return g_ascii_strdown(cut, -1);
}

static gboolean has(char **written, const char *name)
{
    for (; *written != NULL; written++)
        if (columns_same(name, *written))
            return TRUE;
    return FALSE;
}

static gboolean is_known(const ReportClass *class, const char *written)
{
    for (guint i = 0; i < class->n_columns; i++)
        if (columns_same(class->columns[i].name, written))
            return TRUE;
    return FALSE;
}

static void add_others(GArray *columns, GPtrArray *names, const ReportClass *class,
                       char **written)
{
    for (; *written != NULL; written++) {
        if (is_known(class, *written))
            continue;
        g_ptr_array_add(names, short_name(*written));
        const LedgerColumn column = { .name = names->pdata[names->len - 1], .present = TRUE };
        g_array_append_val(columns, column);
    }
}

static gboolean may_teach(const Decision *decision)
{
    const Report *report = decision->report;
    const Provenance *provenance = decision->provenance;

    return report != NULL && report->subject->source == SOURCE_CERTBUND
        && report->columns != NULL && provenance->proven
        && (provenance->header
            || (report->table != NULL && classes_fit(report->subject->title, report->table)));
}

gboolean drift_learn(LedgerTransaction *transaction, const Decision *decision, GPtrArray *drift,
                     GError **error)
{
    const ReportClass *class
        = may_teach(decision) ? classes_find(decision->report->subject->title) : NULL;

    if (class == NULL)
        return TRUE;
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(LedgerColumn));
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < class->n_columns; i++) {
        const ClassColumn *known = &class->columns[i];
        const LedgerColumn column = { .name = known->name, .expected = TRUE,
                                      .optional = known->optional,
                                      .present = has(decision->report->columns, known->name) };
        g_array_append_val(columns, column);
    }
    add_others(columns, names, class, decision->report->columns);
    return ledger_learn_columns(transaction, class->id, (const LedgerColumn *)columns->data,
                                columns->len, drift, error);
}
