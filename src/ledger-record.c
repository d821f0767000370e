/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Records one report with all that follows from it, in one transaction.
 *
 * What fails once stays failed: ledger_commit() refuses, even when a caller has
 * passed over the error of a single row.  Refused too: a sum of fates that is not
 * the report's rows, and an event that names a notice which was not added. */
#include "ledger-record.h"

#include "errors.h"

#include <string.h>

#define DIGEST_MAX 64 /* bytes; of SHA-256 32 */

/* ---- what every operation of a transaction begins and ends with */

gboolean record_usable(LedgerTransaction *transaction, GError **error)
{
    if (!transaction->active)
        error_bug(error, "the transaction is over");
    else if (transaction->failure != NULL)
        g_propagate_error(error, g_error_copy(transaction->failure));
    else
        return TRUE;
    return FALSE;
}

gboolean record_result(LedgerTransaction *transaction, gboolean ok, GError *failure, GError **error)
{
    if (ok)
        return TRUE;
    if (transaction->failure == NULL)
        transaction->failure = g_error_copy(failure);
    g_propagate_error(error, failure);
    return FALSE;
}

/* The lock goes with the transaction: whoever waits may write now. */
static void end(LedgerTransaction *transaction)
{
    transaction->active = FALSE;
    pthread_mutex_unlock(&transaction->ledger->mutex);
}

static void transaction_free(LedgerTransaction *transaction)
{
    g_free(transaction->id);
    g_free(transaction->person);
    g_free(transaction->why);
    g_clear_error(&transaction->failure);
    g_hash_table_destroy(transaction->notices);
    g_clear_pointer(&transaction->known, g_hash_table_destroy);
    g_clear_pointer(&transaction->exemptions, g_array_unref);
    g_free(transaction);
}

/* ---- begin */

/* From the key; of a report without one, from what tells two mails apart. */
static char *make_id(const LedgerReport *report, gint64 n, gint64 now)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *other = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, n, now);
    const char *distinct = report->digest != NULL ? report->digest : other;

    g_checksum_update(sum, (const guchar *)distinct, (gssize)strlen(distinct));
    return g_strdup_printf("%s/%.12s", report->ticket, g_checksum_get_string(sum));
}

static gboolean next_row(Ledger *ledger, const char *table, gint64 *n_r, GError **error)
{
    if (!sql_number(ledger, n_r, error, "SELECT seq + 1 FROM sqlite_sequence WHERE name = ?1",
                    sql_text(table)))
        return FALSE;
    *n_r = MAX(*n_r, 1);
    return TRUE;
}

static gboolean insert_report(LedgerTransaction *transaction, const LedgerReport *report,
                              GError **error)
{
    Ledger *ledger = transaction->ledger;

    if (!next_row(ledger, "report", &transaction->report, error))
        return FALSE;
    transaction->id = make_id(report, transaction->report, transaction->now);
    return sql_run(
        ledger, error,
        "INSERT INTO report (n, id, ticket, digest, title, class, message_id, queue_id,"
        " client, status, reason, provenance, evidence, mode, critical, sent, received,"
        " state, bytes, size, signature, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
        " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
        sql_int(transaction->report), sql_text(transaction->id), sql_word(report->ticket),
        sql_text(report->digest), sql_word(report->title), sql_word(report->class_id),
        sql_word(report->message_id), sql_word(report->queue_id), sql_word(report->client),
        sql_word(report->status), sql_word(report->reason), sql_word(report->provenance),
        sql_word(report->evidence), sql_word(report->mode), sql_int(report->critical != FALSE),
        sql_int(report->sent), sql_int(transaction->now),
        sql_text(report_state_name(report->state)), sql_bytes(report->bytes),
        sql_int(report->bytes != NULL ? (gint64)g_bytes_get_size(report->bytes) : 0),
        sql_word(report->signature), sql_int(report->part != FALSE));
}

/* A held report is run again in its own place: its rows get their fates anew.  What was
 * found when it came, its provenance, stays, unless this copy is proven better. */
static gboolean reopen_report(LedgerTransaction *transaction, const LedgerReport *report,
                              GError **error)
{
    return sql_run(transaction->ledger, error, "DELETE FROM event WHERE report = ?1",
                   sql_int(transaction->report)) &&
           sql_run(transaction->ledger, error,
                   "UPDATE report SET digest = coalesce(?2, digest), title = ?3, class = ?4,"
                   " reason = ?5, mode = ?6, critical = ?7,"
                   " provenance = iif(part = 1 AND ?8 = 0, ?9, provenance),"
                   " evidence = iif(part = 1 AND ?8 = 0, ?10, evidence),"
                   " part = min(part, ?8) WHERE n = ?1",
                   sql_int(transaction->report), sql_text(report->digest), sql_word(report->title),
                   sql_word(report->class_id), sql_word(report->reason), sql_word(report->mode),
                   sql_int(report->critical != FALSE),
                   sql_int(report->part || *transaction->person != '\0'),
                   sql_word(report->provenance), sql_word(report->evidence));
}

static gboolean find_released(LedgerTransaction *transaction, const char *released, GError **error)
{
    Ledger *ledger = transaction->ledger;
    sqlite3_stmt *statement =
        sql_start(ledger, error, "SELECT n, state FROM report WHERE id = ?1", sql_text(released));
    SqlStep step = statement == NULL ? SQL_FAILED : sql_step(ledger, statement, error);

    if (step == SQL_FAILED)
        return FALSE;
    if (step == SQL_END) {
        error_input(error, "there is no report %s", released);
        return FALSE;
    }
    transaction->report = sqlite3_column_int64(statement, 0);
    transaction->id = g_strdup(released);
    transaction->before =
        (ReportState)report_state_parse((const char *)sqlite3_column_text(statement, 1));
    sql_end(statement);
    if (transaction->before == REPORT_HELD)
        return TRUE;
    error_input(error, "report %s is %s, not held", released,
                report_state_name(transaction->before));
    return FALSE;
}

/* Law 4: only a proven report has a digest, and with it a key. */
static gboolean find_outcome(LedgerTransaction *transaction, const LedgerReport *report,
                             LedgerOutcome *outcome_r, GError **error)
{
    gint64 same, other;

    *outcome_r = LEDGER_NEW;
    if (report->digest == NULL)
        return TRUE;
    if (!sql_number(transaction->ledger, &same, error,
                    "SELECT n FROM report WHERE ticket = ?1 AND digest = ?2 AND n <> ?3",
                    sql_word(report->ticket), sql_text(report->digest),
                    sql_int(transaction->report)) ||
        !sql_number(transaction->ledger, &other, error,
                    "SELECT n FROM report WHERE ticket = ?1 AND digest IS NOT NULL"
                    " AND n <> ?2 AND state IN ('done', 'held') LIMIT 1",
                    sql_word(report->ticket), sql_int(transaction->report)))
        return FALSE;
    if (same != -1)
        *outcome_r = LEDGER_DUPLICATE;
    else if (other != -1)
        *outcome_r = LEDGER_FOLLOW_UP;
    return TRUE;
}

static gboolean begin(LedgerTransaction *transaction, const LedgerReport *report,
                      const char *released, LedgerOutcome *outcome_r, GError **error)
{
    Ledger *ledger = transaction->ledger;

    if (released != NULL && !find_released(transaction, released, error))
        return FALSE;
    if (!find_outcome(transaction, report, outcome_r, error))
        return FALSE;
    if (*outcome_r == LEDGER_DUPLICATE)
        return TRUE;
    if (!next_row(ledger, "notice", &transaction->next_notice, error))
        return FALSE;
    if (!(released != NULL ? reopen_report(transaction, report, error)
                           : insert_report(transaction, report, error)))
        return FALSE;
    return *outcome_r == LEDGER_NEW || record_load_known(transaction, report->ticket, error);
}

LedgerTransaction *ledger_begin(Ledger *ledger, const LedgerReport *report, const char *released,
                                const char *person, LedgerOutcome *outcome_r, GError **error)
{
    LedgerTransaction *transaction;

    if (!ledger_enter(ledger, error))
        return NULL;
    transaction = g_new0(LedgerTransaction, 1);
    transaction->ledger = ledger;
    transaction->active = TRUE;
    transaction->before = REPORT_STATE_N;
    transaction->now = report->now != 0 ? report->now : g_get_real_time();
    transaction->notices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    transaction->person = g_strdup(person != NULL ? person : "");
    if (!begin(transaction, report, released, outcome_r, error)) {
        ledger_abort(transaction);
        return NULL;
    }
    if (*outcome_r == LEDGER_DUPLICATE) {
        sql_commit(ledger, FALSE, NULL);
        end(transaction);
    }
    return transaction;
}

void ledger_explain(LedgerTransaction *transaction, const char *why)
{
    g_free(transaction->why);
    transaction->why = g_strdup(why);
}

const char *ledger_report_id(const LedgerTransaction *transaction)
{
    return transaction->id;
}

/* ---- events and notices */

/* Rows of notices are numbered when an event or the notice itself first names one;
 * the table's value is the row doubled, odd once it was added. */
gint64 record_notice_row(LedgerTransaction *transaction, const char *id, gboolean adding)
{
    gpointer value = g_hash_table_lookup(transaction->notices, id);
    gsize row = GPOINTER_TO_SIZE(value);

    if (row == 0)
        row = (gsize)transaction->next_notice++ << 1;
    if (adding || value == NULL)
        g_hash_table_replace(transaction->notices, g_strdup(id),
                             GSIZE_TO_POINTER(adding ? row | 1 : row));
    return (gint64)(row >> 1);
}

/* Hex as its bytes, to halve the largest table; anything else as it is. */
gsize record_digest(const char *text, guint8 *bytes_r)
{
    gsize length = text == NULL ? 0 : strlen(text), n = 0;

    if (length % 2 == 0 && length <= 2 * DIGEST_MAX)
        while (n < length / 2 && g_ascii_isxdigit(text[2 * n]) &&
               g_ascii_isxdigit(text[2 * n + 1])) {
            bytes_r[n] = (guint8)(g_ascii_xdigit_value(text[2 * n]) << 4 |
                                  g_ascii_xdigit_value(text[2 * n + 1]));
            n++;
        }
    if (2 * n == length)
        return n;
    for (n = 0; n < MIN(length, DIGEST_MAX); n++)
        bytes_r[n] = (guint8)text[n];
    return n;
}

static gboolean insert_event(LedgerTransaction *transaction, const LedgerEvent *event,
                             GError **error)
{
    guint8 digest[DIGEST_MAX];
    gsize length = record_digest(event->digest, digest);
    SqlValue notice = sql_text(NULL);
    gboolean known = event->fate == FATE_SUPPRESSED && transaction->known != NULL &&
                     ledger_event_known(transaction, event->digest);

    if (event->notice != NULL && *event->notice != '\0')
        notice = sql_int(record_notice_row(transaction, event->notice, FALSE));
    return sql_run(transaction->ledger, error,
                   "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                   sql_int(transaction->report), sql_int(event->row), sql_word(event->address),
                   sql_word(event->account), sql_int(event->time), sql_blob(digest, length),
                   sql_int(event->fate), sql_int(event->reason), sql_word(event->customer), notice,
                   sql_int(known));
}

gboolean ledger_add_event(LedgerTransaction *transaction, const LedgerEvent *event, GError **error)
{
    GError *failure = NULL;

    if (!record_usable(transaction, error))
        return FALSE;
    if (!insert_event(transaction, event, &failure))
        return record_result(transaction, FALSE, failure, error);
    transaction->counts[event->fate]++;
    transaction->rows_end = MAX(transaction->rows_end, event->row + 1);
    return TRUE;
}

gboolean ledger_insert_notice(Ledger *ledger, const LedgerNotice *notice, gint64 n, gint64 report,
                              gint64 now, GError **error)
{
    g_autofree char *recipients = notice->recipients == NULL
                                      ? g_strdup("")
                                      : g_strjoinv("\n", (char **)(gsize)notice->recipients);
    const char *customer = notice->customer != NULL ? notice->customer : "";
    gboolean goes = notice->state == NOTICE_PENDING || notice->state == NOTICE_IN_MTA;
    gint64 queued = goes && *customer != '\0' ? now : 0;
    /* The proof of one that no worker will claim. */
    g_autofree char *sha256 = notice->state == NOTICE_IN_MTA
        ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, notice->bytes) : NULL;

    return sql_run(ledger, error,
                   "INSERT INTO notice (n, id, reference, report, customer, grouped, class, state,"
                   " sender, recipients, message_id, subject, template, config,"
                   " customer_line, events, created, due, ready, queued, changed, reply, sha256)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                   " ?16, ?17, ?18, ?18, ?19, ?17, ?20, ?21)",
                   n > 0 ? sql_int(n) : sql_text(NULL), sql_text(notice->id),
                   sql_text(notice->reference), report > 0 ? sql_int(report) : sql_text(NULL),
                   sql_text(customer), sql_word(notice->group), sql_word(notice->class_id),
                   sql_text(notice_state_name(notice->state)), sql_word(notice->sender),
                   sql_text(recipients), sql_word(notice->message_id), sql_word(notice->subject),
                   sql_word(notice->template_digest), sql_word(notice->config_digest),
                   sql_int(notice->customer_line), sql_int(notice->n_events), sql_int(now),
                   sql_int(notice->due), sql_int(queued), sql_word(notice->why),
                   sql_word(sha256)) &&
           sql_run(ledger, error, "INSERT INTO body (notice, bytes) VALUES (?1, ?2)",
                   sql_int(n > 0 ? n : sqlite3_last_insert_rowid(ledger->db)),
                   sql_bytes(notice->bytes));
}

gboolean ledger_add_notice(LedgerTransaction *transaction, const LedgerNotice *notice,
                           GError **error)
{
    GError *failure = NULL;
    gboolean ok;

    if (!record_usable(transaction, error))
        return FALSE;
    ok =
        ledger_insert_notice(transaction->ledger, notice,
                             record_notice_row(transaction, notice->id, TRUE),
                             transaction->report, transaction->now, &failure);
    return record_result(transaction, ok, failure, error);
}

gboolean ledger_keep_waiting(LedgerTransaction *transaction, const char *reason, GBytes *bytes,
                             GError **error)
{
    GError *failure = NULL;

    if (!record_usable(transaction, error))
        return FALSE;
    gboolean ok = sql_run(transaction->ledger, &failure,
                          "UPDATE report SET reason = ?2, bytes = ?3, size = ?4 WHERE n = ?1",
                          sql_int(transaction->report), sql_word(reason), sql_bytes(bytes),
                          sql_int((gint64)g_bytes_get_size(bytes)));
    return record_result(transaction, ok, failure, error);
}

/* ---- commit */

static gboolean check_sums(LedgerTransaction *transaction, guint n_rows, GError **error)
{
    GHashTableIter iter;
    gpointer id, row;
    guint sum = 0;

    for (guint i = 0; i < FATE_N; i++)
        sum += transaction->counts[i];
    /* Law 1: as many fates as the report has rows; each row once, since report and
     * row are the table's key, and none beyond the last. */
    if (sum != n_rows || transaction->rows_end > n_rows) {
        error_bug(error, "report %s: %u rows, but %u have a fate", transaction->id, n_rows, sum);
        return FALSE;
    }
    g_hash_table_iter_init(&iter, transaction->notices);
    while (g_hash_table_iter_next(&iter, &id, &row))
        if ((GPOINTER_TO_SIZE(row) & 1) == 0) {
            error_bug(error, "report %s: an event is told by notice %s, which is not there",
                      transaction->id, (const char *)id);
            return FALSE;
        }
    return TRUE;
}

static gboolean finish_report(LedgerTransaction *transaction, guint n_rows, const char *status,
                              ReportState state, GError **error)
{
    const guint *counts = transaction->counts;
    const char *was =
        transaction->before == REPORT_STATE_N ? "" : report_state_name(transaction->before);
    LedgerChange change = { .time = transaction->now,
                            .report = transaction->report,
                            .from = was,
                            .to = report_state_name(state),
                            .person = transaction->person,
                            .why = transaction->why };

    if (transaction->before != REPORT_STATE_N && state != transaction->before &&
        !report_may_move(transaction->before, state)) {
        error_input(error, "report %s is %s and can't become %s", transaction->id, was,
                    report_state_name(state));
        return FALSE;
    }
    return sql_run(transaction->ledger, error,
                   "UPDATE report SET status = ?2, state = ?3, rows = ?4, notified = ?5,"
                   " held = ?6, exempt = ?7, suppressed = ?8, unassigned = ?9, unreadable = ?10"
                   " WHERE n = ?1",
                   sql_int(transaction->report), sql_word(status),
                   sql_text(report_state_name(state)), sql_int(n_rows),
                   sql_int(counts[FATE_NOTIFIED]), sql_int(counts[FATE_HELD]),
                   sql_int(counts[FATE_EXEMPT]), sql_int(counts[FATE_SUPPRESSED]),
                   sql_int(counts[FATE_UNASSIGNED]), sql_int(counts[FATE_UNREADABLE])) &&
           ledger_note(transaction->ledger, &change, error);
}

gboolean ledger_commit(LedgerTransaction *transaction, guint n_rows, const char *status,
                       ReportState state, GError **error)
{
    gboolean ok = record_usable(transaction, error) && check_sums(transaction, n_rows, error) &&
                  finish_report(transaction, n_rows, status, state, error);

    if (transaction->active) {
        /* Law 3: TRUE only when COMMIT has returned, and with it fsync() of the log. */
        ok = sql_commit(transaction->ledger, ok, error);
        end(transaction);
    }
    return ok;
}

void ledger_abort(LedgerTransaction *transaction)
{
    if (transaction == NULL)
        return;
    if (transaction->active) {
        sql_commit(transaction->ledger, FALSE, NULL);
        end(transaction);
    }
    transaction_free(transaction);
}
