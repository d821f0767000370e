/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What people do: release, drop, accept, retry, exempt.  States move along the two
 * tables below and no other way; every move leaves a row with its time and person.
 *
 * Refused: to drop a notice that a worker is handing over just now (it may be gone
 * already), and to call a held report done without running it again. */
#include "ledger-sql.h"

#include "errors.h"

#define DIGEST_SECS  (2 * 86400) /* one grows for a day, in summer for an hour more */
#define TELLING_SECS 60 /* between a report's own time and the last row told of it */

/* ---- states */

static const char *const report_names[REPORT_STATE_N] = { "done", "held", "unverified", "unread",
                                                          "dropped" };
static const char *const notice_names[NOTICE_STATE_N] = { "pending",     "held",    "pilot",
                                                          "handed-over", "bounced", "failed",
                                                          "dropped",     "in-mta" };

#define TO(state) (1u << (state))

static const guint report_moves[REPORT_STATE_N] = {
    [REPORT_HELD] = TO(REPORT_DONE) | TO(REPORT_DROPPED),
    [REPORT_UNVERIFIED] = TO(REPORT_HELD) | TO(REPORT_DROPPED),
    [REPORT_UNREAD] = TO(REPORT_HELD) | TO(REPORT_DROPPED),
};

static const guint notice_moves[NOTICE_STATE_N] = {
    [NOTICE_PENDING] = TO(NOTICE_HANDED_OVER) | TO(NOTICE_FAILED) | TO(NOTICE_DROPPED),
    [NOTICE_HANDED_OVER] = TO(NOTICE_BOUNCED),
    [NOTICE_HELD] = TO(NOTICE_PENDING) | TO(NOTICE_DROPPED),
    [NOTICE_FAILED] = TO(NOTICE_PENDING) | TO(NOTICE_DROPPED),
    [NOTICE_IN_MTA] = TO(NOTICE_PENDING) | TO(NOTICE_BOUNCED),
};

const char *report_state_name(ReportState state)
{
    return report_names[state];
}

const char *notice_state_name(NoticeState state)
{
    return notice_names[state];
}

static int find_name(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (g_strcmp0(names[i], name) == 0)
            return i;
    return -1;
}

int report_state_parse(const char *name)
{
    return find_name(report_names, REPORT_STATE_N, name);
}

int notice_state_parse(const char *name)
{
    return find_name(notice_names, NOTICE_STATE_N, name);
}

gboolean report_may_move(ReportState from, ReportState to)
{
    return (report_moves[from] & TO(to)) != 0;
}

gboolean notice_may_move(NoticeState from, NoticeState to)
{
    return (notice_moves[from] & TO(to)) != 0;
}

gboolean ledger_note(Ledger *ledger, const LedgerChange *change, GError **error)
{
    return sql_run(ledger, error,
                   "INSERT INTO change (time, report, notice, item, was, became, person, why)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                   sql_int(change->time),
                   change->report > 0 ? sql_int(change->report) : sql_text(NULL),
                   change->notice > 0 ? sql_int(change->notice) : sql_text(NULL),
                   sql_word(change->item), sql_word(change->from), sql_word(change->to),
                   sql_word(change->person), sql_word(change->why));
}

/* ---- what a customer was told follows what becomes of the notice */

gboolean ledger_tell(Ledger *ledger, gint64 notice, gint64 now, GError **error)
{
    return sql_run(ledger, error,
                   "INSERT INTO told SELECT e.customer, r.class, iif(e.account <> '', e.account,"
                   " e.address), min(iif(e.time = 0, ?2, e.time)), max(iif(e.time = 0, ?2,"
                   " e.time)), ?2, iif(r.critical, ?2, 0), 1"
                   " FROM notice n JOIN event e ON " LEDGER_EVENTS_OF_NOTICE
                   " JOIN report r ON r.n = e.report"
                   " WHERE n.n = ?1 AND n.customer <> '' GROUP BY 1, 2, 3"
                   " ON CONFLICT (customer, class, subject) DO UPDATE SET"
                   " first_seen = min(first_seen, excluded.first_seen),"
                   " last_seen = max(last_seen, excluded.last_seen), last_told = ?2,"
                   " last_critical = max(last_critical, excluded.last_critical),"
                   " times = times + 1",
                   sql_int(notice), sql_int(now));
}

/* Only this notice's telling: a later one stands. */
gboolean ledger_untell(Ledger *ledger, gint64 notice, GError **error)
{
    return sql_run(ledger, error,
                   "UPDATE told SET last_told = 0, last_critical = 0, times = max(times - 1, 0)"
                   " WHERE (customer, class, subject) IN (SELECT e.customer, r.class,"
                   " iif(e.account <> '', e.account, e.address)"
                   " FROM notice n JOIN event e ON " LEDGER_EVENTS_OF_NOTICE
                   " JOIN report r ON r.n = e.report WHERE n.n = ?1)"
                   " AND last_told <= (SELECT max(created, queued)"
                   " + iif(grouped = 'digest', ?3, ?2) FROM notice WHERE n = ?1)",
                   sql_int(notice), sql_int(TELLING_SECS * USECS_PER_SEC),
                   sql_int(DIGEST_SECS * USECS_PER_SEC));
}

/* ---- notices */

gboolean ledger_find_notice(Ledger *ledger, const char *id, gint64 now, LedgerNoticeRow *row_r,
                            GError **error)
{
    SqlStep step;
    sqlite3_stmt *statement =
        sql_start(ledger, error,
                  "SELECT n, coalesce(report, 0), state, worker IS NOT NULL AND ready > ?2,"
                  " EXISTS (SELECT 1 FROM body WHERE notice = n) FROM notice"
                  " WHERE id = ?1 OR reference = ?1 LIMIT 1",
                  sql_text(id), sql_int(now));

    row_r->n = -1;
    if (statement == NULL)
        return FALSE;
    step = sql_step(ledger, statement, error);
    if (step == SQL_ROW) {
        row_r->n = sqlite3_column_int64(statement, 0);
        row_r->report = sqlite3_column_int64(statement, 1);
        row_r->state =
            (NoticeState)notice_state_parse((const char *)sqlite3_column_text(statement, 2));
        row_r->claimed = sqlite3_column_int(statement, 3) != 0;
        row_r->has_body = sqlite3_column_int(statement, 4) != 0;
        sql_end(statement);
    }
    return step != SQL_FAILED;
}

static gboolean check_notice(const LedgerNoticeRow *row, const char *id, NoticeState to,
                             GError **error)
{
    if (row->n == -1)
        error_input(error, "there is no notice %s", id);
    else if (!notice_may_move(row->state, to) || to == NOTICE_HANDED_OVER || to == NOTICE_BOUNCED ||
             to == NOTICE_FAILED)
        error_input(error, "notice %s is %s and can't become %s", id, notice_state_name(row->state),
                    notice_state_name(to));
    else if (row->state == NOTICE_PENDING && row->claimed)
        error_temporary(error, "notice %s is being handed over just now", id);
    else if (to == NOTICE_PENDING && !row->has_body)
        error_input(error, "notice %s: its bytes are gone (keep-content)", id);
    else
        return TRUE;
    return FALSE;
}

/* The events of a released notice are notified now; the report's sums follow, so
 * that law 1 holds as before. */
static gboolean notify_events(Ledger *ledger, const LedgerNoticeRow *row, gint64 now,
                              GError **error)
{
    guint n;

    if (!sql_run(ledger, error,
                 "UPDATE event SET fate = ?3, reason = ?4"
                 " WHERE report = ?1 AND notice = ?2 AND fate = ?5",
                 sql_int(row->report), sql_int(row->n), sql_int(FATE_NOTIFIED),
                 sql_int(REASON_NONE), sql_int(FATE_HELD)))
        return FALSE;
    n = sql_changes(ledger);
    return sql_run(ledger, error,
                   "UPDATE report SET notified = notified + ?2, held = held - ?2 WHERE n = ?1",
                   sql_int(row->report), sql_int(n)) &&
           ledger_tell(ledger, row->n, now, error);
}

static gboolean move_notice(Ledger *ledger, const LedgerNoticeRow *row, NoticeState to,
                            const LedgerChange *change, GError **error)
{
    gboolean ok = sql_run(ledger, error,
                          "UPDATE notice SET state = ?2, changed = ?3, worker = NULL,"
                          " due = iif(?2 = 'pending', ?3, due), ready = iif(?2 = 'pending', ?3,"
                          " ready), attempts = iif(?2 = 'pending', 0, attempts),"
                          " queued = iif(?2 = 'pending' AND customer <> '', ?3, queued)"
                          " WHERE n = ?1",
                          sql_int(row->n), sql_text(notice_state_name(to)), sql_int(change->time));

    if (ok && to == NOTICE_PENDING)
        ok = notify_events(ledger, row, change->time, error);
    if (ok && to == NOTICE_DROPPED && row->state == NOTICE_PENDING)
        ok = ledger_untell(ledger, row->n, error);
    return ok && ledger_note(ledger, change, error);
}

gboolean ledger_change_notice(Ledger *ledger, const char *id, NoticeState to, const char *person,
                              const char *why, gint64 now, GError **error)
{
    LedgerNoticeRow row = { 0 };
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = ledger_find_notice(ledger, id, now, &row, error) && check_notice(&row, id, to, error);
    if (ok) {
        LedgerChange change = { .time = now,
                                .notice = row.n,
                                .from = notice_state_name(row.state),
                                .to = notice_state_name(to),
                                .person = person,
                                .why = why };
        ok = move_notice(ledger, &row, to, &change, error);
    }
    return ledger_leave(ledger, ok, error);
}

static GBytes *read_bytes(Ledger *ledger, sqlite3_stmt *statement, int column, GError **error)
{
    GBytes *bytes = NULL;

    if (statement != NULL && sql_step(ledger, statement, error) == SQL_ROW) {
        bytes = sql_column_bytes(statement, column);
        sql_end(statement);
    }
    return bytes;
}

GBytes *ledger_notice_bytes(Ledger *ledger, const char *id, GError **error)
{
    GError *failure = NULL;
    GBytes *bytes;

    pthread_mutex_lock(&ledger->mutex);
    bytes = read_bytes(ledger,
                       sql_start(ledger, &failure,
                                 "SELECT b.bytes FROM notice n JOIN body b ON b.notice = n.n"
                                 " WHERE n.id = ?1 OR n.reference = ?1",
                                 sql_text(id)),
                       0, &failure);
    pthread_mutex_unlock(&ledger->mutex);
    if (bytes == NULL && failure == NULL)
        error_input(&failure, "there is no notice %s, or its bytes are gone", id);
    if (bytes == NULL)
        g_propagate_error(error, failure);
    return bytes;
}

/* ---- reports */

static gboolean find_report(Ledger *ledger, const char *id, ReportState to, gint64 *n_r,
                            ReportState *state_r, GError **error)
{
    SqlStep step = SQL_FAILED;
    sqlite3_stmt *statement = sql_start(ledger, error,
                                        "SELECT n, state FROM report WHERE id = ?1 OR ticket = ?1"
                                        " ORDER BY id = ?1 DESC, n DESC",
                                        sql_text(id));
    gboolean found = FALSE;

    /* By ticket: the newest that can make this move, else the newest. */
    while (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        ReportState state =
            (ReportState)report_state_parse((const char *)sqlite3_column_text(statement, 1));
        if (found && !report_may_move(state, to))
            continue;
        found = TRUE;
        *n_r = sqlite3_column_int64(statement, 0);
        *state_r = state;
        if (report_may_move(state, to)) {
            sql_end(statement);
            return TRUE;
        }
    }
    if (step == SQL_END && !found)
        error_input(error, "there is no report %s", id);
    return step == SQL_END && found;
}

gboolean ledger_change_report(Ledger *ledger, const char *id, ReportState to, const char *person,
                              const char *why, gint64 now, GError **error)
{
    ReportState from = REPORT_DONE;
    gint64 n = 0;
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = find_report(ledger, id, to, &n, &from, error);
    /* Law 1: done means that every row has its fate; only ledger_commit() can tell. */
    if (ok && (to == REPORT_DONE || !report_may_move(from, to))) {
        error_input(error, "report %s is %s and can't become %s%s", id, report_state_name(from),
                    report_state_name(to), to == REPORT_DONE ? " but by running it again" : "");
        ok = FALSE;
    }
    if (ok) {
        LedgerChange change = { .time = now,
                                .report = n,
                                .from = report_state_name(from),
                                .to = report_state_name(to),
                                .person = person,
                                .why = why };
        ok = sql_run(ledger, error, "UPDATE report SET state = ?2 WHERE n = ?1", sql_int(n),
                     sql_text(report_state_name(to))) &&
             ledger_note(ledger, &change, error);
    }
    return ledger_leave(ledger, ok, error);
}

gboolean ledger_weaker_copy(Ledger *ledger, const char *ticket, const char *digest, char **id_r,
                            GError **error)
{
    SqlStep step = SQL_FAILED;

    *id_r = NULL;
    pthread_mutex_lock(&ledger->mutex);
    sqlite3_stmt *statement
        = sql_start(ledger, error,
                    "SELECT id FROM report WHERE ticket = ?1 AND digest = ?2 AND part = 1"
                    " AND state = 'held'", sql_word(ticket), sql_word(digest));
    if (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        *id_r = sql_column_text(statement, 0);
        sql_end(statement);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return step != SQL_FAILED;
}

GBytes *ledger_report_bytes(Ledger *ledger, const char *ticket_or_id, char **id_r,
                            ReportState *state_r, gboolean *part_r, GError **error)
{
    GError *failure = NULL;
    sqlite3_stmt *statement;
    GBytes *bytes = NULL;

    pthread_mutex_lock(&ledger->mutex);
    statement = sql_start(ledger, &failure,
                          "SELECT id, state, bytes, part FROM report WHERE (id = ?1 OR ticket = ?1)"
                          " AND bytes IS NOT NULL ORDER BY id = ?1 DESC,"
                          " state IN ('held', 'unverified', 'unread') DESC, n DESC LIMIT 1",
                          sql_text(ticket_or_id));
    if (statement != NULL && sql_step(ledger, statement, &failure) == SQL_ROW) {
        bytes = sql_column_bytes(statement, 2);
        if (id_r != NULL)
            *id_r = sql_column_text(statement, 0);
        if (state_r != NULL)
            *state_r =
                (ReportState)report_state_parse((const char *)sqlite3_column_text(statement, 1));
        if (part_r != NULL)
            *part_r = sqlite3_column_int(statement, 3) != 0;
        sql_end(statement);
    }
    pthread_mutex_unlock(&ledger->mutex);
    if (bytes == NULL && failure == NULL)
        error_input(&failure, "there is no report %s whose mail is kept", ticket_or_id);
    if (bytes == NULL)
        g_propagate_error(error, failure);
    return bytes;
}

/* ---- exemptions */

gboolean ledger_exempt(Ledger *ledger, const LedgerExemption *exemption, gint64 now, char **id_r,
                       GError **error)
{
    g_autofree char *network = network_format(&exemption->network);
    g_autofree char *id = NULL;
    LedgerChange change = {
        .time = now, .to = "exempt", .person = exemption->person, .why = exemption->reason
    };
    gboolean ok;

    if (exemption->until <= now) {
        error_input(error, "an exemption of %s must end in the future", network);
        return FALSE;
    }
    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = sql_run(ledger, error,
                 "INSERT INTO exemption (network, class, until, reason, person, created)"
                 " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                 sql_text(network), sql_word(exemption->class_id), sql_int(exemption->until),
                 sql_word(exemption->reason), sql_word(exemption->person), sql_int(now));
    id = g_strdup_printf("X%d", (int)sqlite3_last_insert_rowid(ledger->db));
    change.item = id;
    ok = ledger_leave(ledger, ok && ledger_note(ledger, &change, error), error);
    if (ok && id_r != NULL)
        *id_r = g_steal_pointer(&id);
    return ok;
}

gboolean ledger_exempt_end(Ledger *ledger, const char *id, const char *person, gint64 now,
                           GError **error)
{
    LedgerChange change = {
        .time = now, .item = id, .from = "exempt", .to = "ended", .person = person
    };
    gint64 n = id[0] == 'X' ? g_ascii_strtoll(id + 1, NULL, 10) : 0;
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = sql_run(ledger, error,
                 "UPDATE exemption SET ended = ?2, ended_by = ?3 WHERE n = ?1 AND ended = 0",
                 sql_int(n), sql_int(now), sql_word(person));
    if (ok && sql_changes(ledger) == 0) {
        error_input(error, "there is no exemption %s that has not ended", id);
        ok = FALSE;
    }
    return ledger_leave(ledger, ok && ledger_note(ledger, &change, error), error);
}
