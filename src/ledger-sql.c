/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Statements: prepared once, bound, stepped; SQLite's failures as our three kinds.
 *
 * What can pass (a full disk, a busy file) is temporary; a file that is no database
 * is input; a broken constraint or a corrupt page is a bug.
 * Source: https://www.sqlite.org/rescode.html. */
#include "ledger-sql.h"

#include "errors.h"

#include <string.h>

/* ---- failures */

static void set_fault(GError **error, int rc, const char *text)
{
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
        error_bug(error, "%s", text);
        break;
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
        error_input(error, "%s", text);
        break;
    default:
        error_temporary(error, "%s", text);
    }
}

void sql_fault(Ledger *ledger, const char *what, GError **error)
{
    int rc = sqlite3_extended_errcode(ledger->db);
    int number = sqlite3_system_errno(ledger->db);
    gboolean system =
        (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_FULL;
    g_autofree char *text = g_strdup_printf(
        "ledger %s: %s%s%s (code %d%s%s)", ledger->path, what != NULL ? what : "",
        what != NULL ? ": " : "", sqlite3_errmsg(ledger->db), rc, system && number != 0 ? ", " : "",
        system && number != 0 ? g_strerror(number) : "");

    set_fault(error, rc, text);
}

/* ---- statements */

SqlValue sql_bytes(GBytes *bytes)
{
    gsize size = 0;
    const void *data;

    if (bytes == NULL)
        return (SqlValue){ .type = '0' };
    data = g_bytes_get_data(bytes, &size);
    return sql_blob(data != NULL ? data : "", size);
}

static sqlite3_stmt *prepare(Ledger *ledger, const char *sql, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(ledger->statements, sql);

    if (statement != NULL) {
        g_assert(!sqlite3_stmt_busy(statement));
        return statement;
    }
    if (sqlite3_prepare_v3(ledger->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK) {
        sql_fault(ledger, NULL, error);
        return NULL;
    }
    g_hash_table_insert(ledger->statements, (gpointer)(gsize)sql, statement);
    return statement;
}

static int bind(sqlite3_stmt *statement, int i, const SqlValue *value)
{
    switch (value->type) {
    case 'i':
        return sqlite3_bind_int64(statement, i, value->number);
    case 't':
        return sqlite3_bind_text(statement, i, value->data, -1, SQLITE_STATIC);
    case 'b':
        return sqlite3_bind_blob64(statement, i, value->data, value->size, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, i);
    }
}

sqlite3_stmt *sql_start_values(Ledger *ledger, GError **error, const char *sql,
                               const SqlValue *values, guint n)
{
    sqlite3_stmt *statement = prepare(ledger, sql, error);
    int rc = SQLITE_OK;

    for (guint i = 0; statement != NULL && rc == SQLITE_OK && i < n; i++)
        rc = bind(statement, (int)i + 1, &values[i]);
    if (rc == SQLITE_OK)
        return statement;
    sql_fault(ledger, NULL, error);
    sql_end(statement);
    return NULL;
}

void sql_end(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement); /* what was bound may die now */
}

SqlStep sql_step(Ledger *ledger, sqlite3_stmt *statement, GError **error)
{
    int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW)
        return SQL_ROW;
    if (rc != SQLITE_DONE)
        sql_fault(ledger, NULL, error);
    sql_end(statement);
    return rc == SQLITE_DONE ? SQL_END : SQL_FAILED;
}

gboolean sql_run_values(Ledger *ledger, GError **error, const char *sql, const SqlValue *values,
                        guint n)
{
    sqlite3_stmt *statement = sql_start_values(ledger, error, sql, values, n);
    SqlStep step = statement == NULL ? SQL_FAILED : SQL_ROW;

    while (step == SQL_ROW)
        step = sql_step(ledger, statement, error);
    return step == SQL_END;
}

gboolean sql_number_values(Ledger *ledger, gint64 *number_r, GError **error, const char *sql,
                           const SqlValue *values, guint n)
{
    sqlite3_stmt *statement = sql_start_values(ledger, error, sql, values, n);
    SqlStep step;

    *number_r = -1;
    if (statement == NULL)
        return FALSE;
    step = sql_step(ledger, statement, error);
    if (step == SQL_ROW) {
        *number_r = sqlite3_column_int64(statement, 0);
        sql_end(statement);
    }
    return step != SQL_FAILED;
}

char *sql_column_text(sqlite3_stmt *statement, int column)
{
    return g_strdup((const char *)sqlite3_column_text(statement, column));
}

GBytes *sql_column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);

    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return NULL;
    return g_bytes_new(data, (gsize)sqlite3_column_bytes(statement, column));
}

guint sql_changes(Ledger *ledger)
{
    return (guint)sqlite3_changes(ledger->db);
}

gboolean sql_script(Ledger *ledger, const char *sql, GError **error)
{
    if (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return TRUE;
    sql_fault(ledger, NULL, error);
    return FALSE;
}

/* ---- transactions */

/* IMMEDIATE: who reads to decide (is this key known?) must already be the writer. */
gboolean sql_begin(Ledger *ledger, GError **error)
{
    return sql_run_values(ledger, error, "BEGIN IMMEDIATE", NULL, 0);
}

gboolean sql_commit(Ledger *ledger, gboolean ok, GError **error)
{
    if (ok && sql_run_values(ledger, error, "COMMIT", NULL, 0))
        return TRUE;
    /* Some failures have rolled back already. */
    if (!sqlite3_get_autocommit(ledger->db))
        sql_run_values(ledger, NULL, "ROLLBACK", NULL, 0);
    return FALSE;
}

gboolean ledger_is_whole(const Ledger *ledger, GError **error)
{
    if (ledger->damage == NULL)
        return TRUE;
    error_bug(error, "%s", ledger->damage);
    return FALSE;
}

gboolean ledger_enter(Ledger *ledger, GError **error)
{
    pthread_mutex_lock(&ledger->mutex);
    if (ledger_is_whole(ledger, error) && sql_begin(ledger, error))
        return TRUE;
    pthread_mutex_unlock(&ledger->mutex);
    return FALSE;
}

gboolean ledger_leave(Ledger *ledger, gboolean ok, GError **error)
{
    ok = sql_commit(ledger, ok, error);
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}
