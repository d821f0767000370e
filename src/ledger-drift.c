/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What the ledger remembers of classes: which columns their reports have had, and that the
 * desk was told of one that is new.
 *
 * Nothing here is about a person or a system, so no purge takes it; what a hostile report
 * could put here is bounded instead. */
#include "ledger-record.h"

#include <stdlib.h>

#define CLASSES_TOLD "unknown-classes" /* how many names of the next kind there are */
#define CLASS_TOLD "unknown-class "    /* and the class: its value is when */

/* ---- columns */

typedef struct {
    LedgerTransaction *transaction;
    const char *class_id;
    gint64 remembered; /* columns of this class */
    gboolean first;    /* nothing is known of its columns: this report tells */
    GPtrArray *drift;
} Lesson;

static gboolean count_columns(Lesson *lesson, GError **error)
{
    return sql_number(lesson->transaction->ledger, &lesson->remembered, error,
                      "SELECT count(*) FROM drift WHERE class = ?1", sql_text(lesson->class_id));
}

/* What is known of a column: 0 nothing, else this and what was told of it. */
#define REMEMBERED "4"
enum { TOLD_NEW = 1, TOLD_MISSING = 2 };

static gboolean find_column(const Lesson *lesson, const char *name, gint64 *was_r, GError **error)
{
    gboolean ok = sql_number(lesson->transaction->ledger, was_r, error,
                             "SELECT told | " REMEMBERED " FROM drift"
                             " WHERE class = ?1 AND name = ?2",
                             sql_text(lesson->class_id), sql_text(name));
    *was_r = MAX(*was_r, 0);
    return ok;
}

static gboolean expects_none(const LedgerColumn *columns, guint n)
{
    for (guint i = 0; i < n; i++)
        if (columns[i].expected)
            return FALSE;
    return TRUE;
}

static gboolean put_column(const Lesson *lesson, const LedgerColumn *column, gint64 told,
                           GError **error)
{
    gint64 seen = column->present ? lesson->transaction->now : 0;

    return sql_run(lesson->transaction->ledger, error,
                   "INSERT INTO drift VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)"
                   " ON CONFLICT (class, name) DO UPDATE SET expected = max(expected, ?3),"
                   " first_seen = iif(first_seen = 0, ?4, first_seen),"
                   " last_seen = max(last_seen, ?4), reports = reports + ?5, missing = ?6,"
                   " told = told | ?7",
                   sql_text(lesson->class_id), sql_text(column->name),
                   sql_int(column->expected || lesson->first), sql_int(seen),
                   sql_int(column->present), sql_int(!column->present), sql_int(told));
}

static gboolean learn_column(const Lesson *lesson, const LedgerColumn *column, gint64 *added,
                             GError **error)
{
    gint64 was, told = 0;

    if (!find_column(lesson, column->name, &was, error))
        return FALSE;
    if (was == 0 && lesson->remembered + *added >= LEDGER_COLUMNS_MAX)
        return TRUE;
    if (!column->present)
        told = TOLD_MISSING;
    else if (was == 0 && !column->expected && !lesson->first)
        told = TOLD_NEW;
    if ((told & ~was) != 0)
        g_ptr_array_add(lesson->drift,
                        g_strdup_printf("class %s: column \"%s\" is %s", lesson->class_id,
                                        column->name, column->present ? "new" : "missing"));
    *added += was == 0;
    return put_column(lesson, column, told, error);
}

/* What was seen before, is not optional, and is not among those given. */
static gboolean add_lost(const Lesson *lesson, const LedgerColumn *columns, guint n,
                         GPtrArray *lost, GError **error)
{
    Ledger *ledger = lesson->transaction->ledger;
    g_autoptr(GHashTable) given = g_hash_table_new(g_str_hash, g_str_equal);
    SqlStep step = SQL_FAILED;
    sqlite3_stmt *statement = sql_start(ledger, error, "SELECT name FROM drift WHERE class = ?1",
                                        sql_text(lesson->class_id));

    for (guint i = 0; i < n; i++)
        g_hash_table_add(given, (gpointer)columns[i].name);
    while (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        char *name = sql_column_text(statement, 0);
        if (g_hash_table_contains(given, name))
            g_free(name);
        else
            g_ptr_array_add(lost, name);
    }
    return step == SQL_END;
}

static gboolean learn(Lesson *lesson, const LedgerColumn *columns, guint n, GError **error)
{
    g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func(g_free);
    gint64 added = 0;
    gboolean ok = count_columns(lesson, error) && add_lost(lesson, columns, n, lost, error);

    lesson->first = lesson->remembered == 0 && expects_none(columns, n);
    for (guint i = 0; ok && i < n; i++)
        if (columns[i].present || !columns[i].optional)
            ok = learn_column(lesson, &columns[i], &added, error);
    for (guint i = 0; ok && i < lost->len; i++) {
        const LedgerColumn column = { .name = lost->pdata[i] };
        ok = learn_column(lesson, &column, &added, error);
    }
    return ok;
}

gboolean ledger_learn_columns(LedgerTransaction *transaction, const char *class_id,
                              const LedgerColumn *columns, guint n, GPtrArray *drift,
                              GError **error)
{
    Lesson lesson = { .transaction = transaction, .class_id = class_id, .drift = drift };
    GError *failure = NULL;

    if (!record_usable(transaction, error))
        return FALSE;
    return record_result(transaction, learn(&lesson, columns, n, &failure), failure, error);
}

/* ---- classes of which the desk was told */

static char *recall(Ledger *ledger, const char *name, GError **error)
{
    sqlite3_stmt *statement
        = sql_start(ledger, error, "SELECT value FROM value WHERE name = ?1", sql_text(name));
    char *value = NULL;

    if (statement != NULL && sql_step(ledger, statement, error) == SQL_ROW) {
        value = sql_column_text(statement, 0);
        sql_end(statement);
    }
    return value;
}

static gboolean remember(Ledger *ledger, const char *name, gint64 value, GError **error)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    return sql_run(ledger, error, "INSERT OR REPLACE INTO value VALUES (?1, ?2)", sql_text(name),
                   sql_text(text));
}

static guint classes_told(Ledger *ledger, GError **error)
{
    g_autofree char *told = recall(ledger, CLASSES_TOLD, error);
    return told != NULL ? (guint)strtoul(told, NULL, 10) : 0;
}

gboolean ledger_class_is_new(LedgerTransaction *transaction, const char *class_id)
{
    g_autofree char *name = g_strconcat(CLASS_TOLD, class_id, NULL);
    GError *failure = NULL;

    if (!record_usable(transaction, NULL))
        return FALSE;
    g_autofree char *known = recall(transaction->ledger, name, &failure);
    gboolean is_new = failure == NULL && known == NULL
        && classes_told(transaction->ledger, &failure) < LEDGER_CLASSES_MAX;
    return record_result(transaction, failure == NULL, failure, NULL) && is_new;
}

gboolean ledger_class_told(LedgerTransaction *transaction, const char *class_id, GError **error)
{
    g_autofree char *name = g_strconcat(CLASS_TOLD, class_id, NULL);
    Ledger *ledger = transaction->ledger;
    GError *failure = NULL;

    if (!record_usable(transaction, error))
        return FALSE;
    guint told = classes_told(ledger, &failure);
    gboolean ok = failure == NULL && remember(ledger, name, transaction->now, &failure)
        && remember(ledger, CLASSES_TOLD, told + 1, &failure);
    return record_result(transaction, ok, failure, error);
}
