/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Pending notices: claimed with a lease, marked with what became of them.
 *
 * A claim ends by a mark, by ledger_unclaim(), or with its lease.  The lease's end is a
 * time of the caller's clock, and clocks jump: forward, a notice would be claimed while
 * its worker is still handing it over, so what this Ledger has claimed itself is also
 * held by the monotonic clock; backward, it would wait for years, so what seems due
 * beyond LEDGER_AHEAD_SECS is due now. */
#include "ledger-sql.h"

#include "errors.h"

/* ---- claims */

void ledger_claim_free(LedgerClaim *claim)
{
    if (claim == NULL)
        return;
    g_free(claim->id);
    g_free(claim->reference);
    g_free(claim->customer);
    g_free(claim->sender);
    g_free(claim->message_id);
    g_free(claim->ticket);
    g_strfreev(claim->recipients);
    g_clear_pointer(&claim->bytes, g_bytes_unref);
    g_free(claim);
}

static gboolean held_here(Ledger *ledger, gint64 n)
{
    const gint64 *since = g_hash_table_lookup(ledger->claimed, &n);

    return since != NULL && g_get_monotonic_time() - *since < LEDGER_LEASE_SECS * USECS_PER_SEC;
}

static void hold_here(Ledger *ledger, gint64 n)
{
    gint64 *key = g_new(gint64, 1), *since = g_new(gint64, 1);

    *key = n;
    *since = g_get_monotonic_time();
    g_hash_table_replace(ledger->claimed, key, since);
}

static void let_go(Ledger *ledger, gint64 n)
{
    g_hash_table_remove(ledger->claimed, &n);
}

static LedgerClaim *read_claim(sqlite3_stmt *statement)
{
    LedgerClaim *claim = g_new0(LedgerClaim, 1);
    const char *recipients = (const char *)sqlite3_column_text(statement, 6);

    claim->id = sql_column_text(statement, 1);
    claim->reference = sql_column_text(statement, 2);
    claim->customer = sql_column_text(statement, 3);
    claim->sender = sql_column_text(statement, 4);
    claim->message_id = sql_column_text(statement, 5);
    claim->recipients = g_strsplit(recipients != NULL ? recipients : "", "\n", -1);
    claim->attempts = (guint)sqlite3_column_int64(statement, 7);
    claim->created = sqlite3_column_int64(statement, 8);
    claim->bytes = sql_column_bytes(statement, 9);
    claim->ticket = sql_column_text(statement, 10);
    claim->is_signed = sqlite3_column_int(statement, 11) != 0;
    return claim;
}

#define CLAIM                                                                                      \
    "SELECT n.n, n.id, n.reference, n.customer, n.sender, n.message_id,"                           \
    " n.recipients, n.attempts, n.created, b.bytes, coalesce(r.ticket, ''), b.signed"              \
    " FROM notice n JOIN body b ON b.notice = n.n LEFT JOIN report r ON r.n = n.report"

/* Read first, lease then: the index that is read is the one that leasing changes. */
#define DUE CLAIM " WHERE n.state = 'pending' AND n.ready <= ?1"

static gboolean read_some(Ledger *ledger, sqlite3_stmt *statement, guint max, GPtrArray *claims,
                          GArray *rows, GError **error)
{
    SqlStep step = SQL_ROW;

    if (statement == NULL)
        return FALSE;
    while (claims->len < max && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        gint64 n = sqlite3_column_int64(statement, 0);
        if (held_here(ledger, n))
            continue;
        g_ptr_array_add(claims, read_claim(statement));
        g_array_append_val(rows, n);
    }
    if (step == SQL_ROW) /* enough before the end */
        sql_end(statement);
    return step != SQL_FAILED;
}

/* The desk's own mails first: they must not wait for thousands of throttled notices. */
static gboolean read_due(Ledger *ledger, guint max, gint64 now, GPtrArray *claims, GArray *rows,
                         GError **error)
{
    sqlite3_stmt *desk = sql_start(ledger, error, DUE " AND n.customer = '' ORDER BY n.ready",
                                   sql_int(now));
    if (!read_some(ledger, desk, max, claims, rows, error))
        return FALSE;
    sqlite3_stmt *others = sql_start(ledger, error, DUE " AND n.customer <> '' ORDER BY n.ready",
                                     sql_int(now));
    return read_some(ledger, others, max, claims, rows, error);
}

static gboolean lease(Ledger *ledger, const char *worker, gint64 now, GPtrArray *claims,
                      GArray *rows, GError **error)
{
    for (guint i = 0; i < rows->len; i++) {
        const LedgerClaim *claim = g_ptr_array_index(claims, i);
        g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, claim->bytes);
        if (!sql_run(ledger, error,
                     "UPDATE notice SET worker = ?2, ready = ?3, sha256 = ?4 WHERE n = ?1",
                     sql_int(g_array_index(rows, gint64, i)), sql_text(worker),
                     sql_int(now + LEDGER_LEASE_SECS * USECS_PER_SEC), sql_text(sha256)))
            return FALSE;
    }
    return TRUE;
}

static gboolean mend_clock(Ledger *ledger, gint64 now, GError **error)
{
    return sql_run(ledger, error,
                   "UPDATE notice SET ready = ?1, due = min(due, ?1), worker = NULL"
                   " WHERE state = 'pending' AND ready > ?2",
                   sql_int(now), sql_int(now + LEDGER_AHEAD_SECS * USECS_PER_SEC));
}

static gboolean claim_due(Ledger *ledger, const char *worker, guint max, gint64 now,
                          GPtrArray *claims, GError **error)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(gint64));
    gboolean ok;

    if (!ledger_is_whole(ledger, error) || !sql_begin(ledger, error))
        return FALSE;
    ok = mend_clock(ledger, now, error) && read_due(ledger, max, now, claims, rows, error) &&
         lease(ledger, worker, now, claims, rows, error);
    ok = sql_commit(ledger, ok, error);
    for (guint i = 0; ok && i < rows->len; i++)
        hold_here(ledger, g_array_index(rows, gint64, i));
    return ok;
}

/* An idle outbox asks often: it must not become a writer for nothing. */
static gboolean anything_due(Ledger *ledger, gint64 now, gboolean *due_r, GError **error)
{
    gint64 n;

    if (!sql_number(ledger, &n, error,
                    "SELECT EXISTS (SELECT 1 FROM notice WHERE state = 'pending' AND ready <= ?1)"
                    " OR EXISTS (SELECT 1 FROM notice WHERE state = 'pending' AND ready > ?2)",
                    sql_int(now), sql_int(now + LEDGER_AHEAD_SECS * USECS_PER_SEC)))
        return FALSE;
    *due_r = n > 0;
    return TRUE;
}

GPtrArray *ledger_claim(Ledger *ledger, const char *worker, guint max, gint64 now,
                        gint64 *next_due_r, GError **error)
{
    g_autoptr(GPtrArray) claims = g_ptr_array_new_with_free_func((GDestroyNotify)ledger_claim_free);
    gint64 next = -1;
    gboolean due, ok;

    pthread_mutex_lock(&ledger->mutex);
    ok = anything_due(ledger, now, &due, error) &&
         (!due || claim_due(ledger, worker, max, now, claims, error)) &&
         sql_number_values(ledger, &next, error,
                           "SELECT ready FROM notice WHERE state = 'pending'"
                           " ORDER BY ready LIMIT 1",
                           NULL, 0);
    if (ok)
        ledger_tidy(ledger);
    pthread_mutex_unlock(&ledger->mutex);
    if (next_due_r != NULL)
        *next_due_r = MAX(next, 0);
    return ok ? g_steal_pointer(&claims) : NULL;
}

gboolean ledger_unclaim(Ledger *ledger, const char *worker, GError **error)
{
    sqlite3_stmt *statement;
    SqlStep step = SQL_FAILED;

    if (!ledger_enter(ledger, error))
        return FALSE;
    statement = sql_start(ledger, error,
                          "UPDATE notice SET worker = NULL, ready = due"
                          " WHERE state = 'pending' AND worker = ?1 RETURNING n",
                          sql_text(worker));
    while (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW)
        let_go(ledger, sqlite3_column_int64(statement, 0));
    return ledger_leave(ledger, step == SQL_END, error);
}

/* ---- what goes out instead */

static gboolean store_signed(Ledger *ledger, const LedgerSigned *notice, GError **error)
{
    g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, notice->bytes);

    return sql_run(ledger, error,
                   "UPDATE body SET bytes = ?2, signed = 1 WHERE signed = 0"
                   " AND notice = (SELECT n FROM notice WHERE id = ?1)",
                   sql_text(notice->id), sql_bytes(notice->bytes))
        && (sql_changes(ledger) == 0
            || sql_run(ledger, error, "UPDATE notice SET sha256 = ?2 WHERE id = ?1",
                       sql_text(notice->id), sql_text(sha256)));
}

gboolean ledger_store_signed(Ledger *ledger, const LedgerSigned *notices, guint n, GError **error)
{
    gboolean ok = TRUE;

    if (!ledger_enter(ledger, error))
        return FALSE;
    for (guint i = 0; ok && i < n; i++)
        ok = store_signed(ledger, &notices[i], error);
    return ledger_leave(ledger, ok, error);
}

LedgerClaim *ledger_in_mta(Ledger *ledger, const char *ticket, const char *digest,
                           const char *message_id, gint64 since, GError **error)
{
    LedgerClaim *claim = NULL;

    pthread_mutex_lock(&ledger->mutex);
    sqlite3_stmt *statement
        = sql_start(ledger, error,
                    CLAIM " WHERE n.state = 'in-mta' AND r.ticket = ?1 AND r.digest = ?2"
                          " AND r.message_id = ?3 AND n.created >= ?4",
                    sql_text(ticket), sql_text(digest), sql_text(message_id), sql_int(since));
    if (statement != NULL && sql_step(ledger, statement, error) == SQL_ROW) {
        claim = read_claim(statement);
        sql_end(statement);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return claim;
}

/* ---- marks */

static gboolean write_mark(Ledger *ledger, const LedgerNoticeRow *row, const LedgerResult *result,
                           gint64 now, GError **error)
{
    gboolean again = result->state == NOTICE_PENDING;
    LedgerChange change = { .time = now,
                            .notice = row->n,
                            .from = notice_state_name(row->state),
                            .to = notice_state_name(result->state),
                            .why = result->reply };

    if (!sql_run(ledger, error,
                 "UPDATE notice SET state = ?2, due = ?3, ready = ?3, worker = NULL,"
                 " attempts = attempts + 1, reply = ?4, queue_id = ?5,"
                 " changed = iif(?2 = 'pending', changed, ?6),"
                 " handed_over = iif(?2 = 'handed-over', ?6, handed_over) WHERE n = ?1",
                 sql_int(row->n), sql_text(notice_state_name(result->state)),
                 sql_int(again ? result->due : now), sql_word(result->reply),
                 sql_word(result->queue_id), sql_int(now)))
        return FALSE;
    return (again || ledger_note(ledger, &change, error)) &&
           (result->state != NOTICE_FAILED || ledger_untell(ledger, row->n, error));
}

/* Law 4: a mark is taken once; marking the same again changes nothing.  Its row is put
 * to those that are let go after the commit. */
static gboolean mark(Ledger *ledger, const LedgerResult *result, gint64 now, GArray *rows,
                     char **odd, GError **error)
{
    LedgerNoticeRow row = { .n = -1 };

    if (!ledger_find_notice(ledger, result->id, now, &row, error))
        return FALSE;
    if (row.n != -1)
        g_array_append_val(rows, row.n);
    if (row.n != -1 && row.state == NOTICE_PENDING &&
        (result->state == NOTICE_PENDING || notice_may_move(row.state, result->state)))
        return write_mark(ledger, &row, result, now, error);
    if (row.n != -1 && (row.state == result->state || row.state == NOTICE_BOUNCED))
        return TRUE;
    if (*odd == NULL)
        *odd = g_strdup_printf("notice %s is %s and can't become %s", result->id,
                               row.n == -1 ? "gone" : notice_state_name(row.state),
                               notice_state_name(result->state));
    return TRUE;
}

gboolean ledger_mark(Ledger *ledger, const LedgerResult *results, guint n, gint64 now,
                     GError **error)
{
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autofree char *odd = NULL;
    gboolean ok = TRUE;

    pthread_mutex_lock(&ledger->mutex);
    if (!sql_begin(ledger, error)) {
        pthread_mutex_unlock(&ledger->mutex);
        return FALSE;
    }
    for (guint i = 0; ok && i < n; i++)
        ok = mark(ledger, &results[i], now, rows, &odd, error);
    ok = sql_commit(ledger, ok, error);
    /* Law 4: a mark that is not on disk lets nothing go, for the MTA may have the mail. */
    for (guint i = 0; ok && i < rows->len; i++)
        let_go(ledger, g_array_index(rows, gint64, i));
    if (ok)
        ledger_tidy(ledger);
    pthread_mutex_unlock(&ledger->mutex);
    if (ok && odd != NULL)
        error_input(error, "%s", odd);
    return ok && odd == NULL;
}

/* ---- mails of our own */

gboolean ledger_add_mail(Ledger *ledger, const LedgerNotice *notice, const char *report,
                         GError **error)
{
    gint64 known, row = 0, now = notice->due > 0 ? notice->due : g_get_real_time();
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = sql_number(ledger, &known, error, "SELECT n FROM notice WHERE id = ?1",
                    sql_text(notice->id)) &&
         (report == NULL ||
          sql_number(ledger, &row, error, "SELECT n FROM report WHERE id = ?1", sql_text(report)));
    /* Law 4: the id is the key; who asks twice, after a crash, gets one mail. */
    if (ok && known == -1)
        ok = ledger_insert_notice(ledger, notice, 0, row, now, error);
    return ledger_leave(ledger, ok, error);
}
