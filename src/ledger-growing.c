/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Notices that grow from report to report until they are due.  The due time is what keeps
 * the outbox from them meanwhile; both sides look within a transaction. */
#include "ledger-record.h"

static gboolean read_growth(LedgerTransaction *transaction, const char *id,
                            LedgerGrowth *growth_r, char **lines_r, char **reference_r,
                            GError **error)
{
    Ledger *ledger = transaction->ledger;
    sqlite3_stmt *statement = sql_start(
        ledger, error,
        "SELECT n.n, n.state IN ('pending', 'pilot') AND n.worker IS NULL AND n.attempts = 0"
        " AND n.due > ?2, coalesce(b.lines, ''), n.reference"
        " FROM notice n LEFT JOIN body b ON b.notice = n.n WHERE n.id = ?1",
        sql_text(id), sql_int(transaction->now));
    SqlStep step = statement == NULL ? SQL_FAILED : sql_step(ledger, statement, error);

    if (step != SQL_ROW)
        return step == SQL_END;
    gsize row = (gsize)sqlite3_column_int64(statement, 0);
    *growth_r = sqlite3_column_int(statement, 1) ? LEDGER_GROWING : LEDGER_GROWN;
    if (*growth_r == LEDGER_GROWING) {
        *lines_r = sql_column_text(statement, 2);
        *reference_r = sql_column_text(statement, 3);
    }
    sql_end(statement);
    if (*growth_r == LEDGER_GROWING) /* events may name it */
        g_hash_table_replace(transaction->notices, g_strdup(id), GSIZE_TO_POINTER(row << 1 | 1));
    return TRUE;
}

gboolean ledger_growth(LedgerTransaction *transaction, const char *id, LedgerGrowth *growth_r,
                       char **lines_r, char **reference_r, GError **error)
{
    GError *failure = NULL;

    *growth_r = LEDGER_UNGROWN;
    *lines_r = *reference_r = NULL;
    if (!record_usable(transaction, error))
        return FALSE;
    return record_result(transaction, read_growth(transaction, id, growth_r, lines_r,
                                                  reference_r, &failure),
                         failure, error);
}

static gboolean update_notice(Ledger *ledger, const LedgerNotice *notice, gint64 row,
                              GError **error)
{
    g_autofree char *recipients = g_strjoinv("\n", (char **)(gsize)notice->recipients);

    return sql_run(ledger, error,
                   "UPDATE notice SET sender = ?2, recipients = ?3, subject = ?4, template = ?5,"
                   " config = ?6, customer_line = ?7, events = ?8 WHERE n = ?1",
                   sql_int(row), sql_word(notice->sender), sql_text(recipients),
                   sql_word(notice->subject), sql_word(notice->template_digest),
                   sql_word(notice->config_digest), sql_int(notice->customer_line),
                   sql_int(notice->n_events)) &&
           sql_run(ledger, error, "UPDATE body SET bytes = ?2 WHERE notice = ?1", sql_int(row),
                   sql_bytes(notice->bytes));
}

static gboolean put_growing(LedgerTransaction *transaction, const LedgerNotice *notice,
                            const char *lines, GError **error)
{
    Ledger *ledger = transaction->ledger;
    gboolean there = g_hash_table_contains(transaction->notices, notice->id);
    gint64 row = record_notice_row(transaction, notice->id, TRUE);

    return (there ? update_notice(ledger, notice, row, error)
                  : ledger_insert_notice(ledger, notice, row, transaction->report,
                                         transaction->now, error)) &&
           sql_run(ledger, error, "UPDATE body SET lines = ?2 WHERE notice = ?1", sql_int(row),
                   sql_text(lines));
}

gboolean ledger_put_growing(LedgerTransaction *transaction, const LedgerNotice *notice,
                            const char *lines, GError **error)
{
    GError *failure = NULL;

    if (!record_usable(transaction, error))
        return FALSE;
    return record_result(transaction, put_growing(transaction, notice, lines, &failure), failure,
                         error);
}
