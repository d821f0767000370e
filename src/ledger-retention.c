/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Retention, and a customer's right to see and to be forgotten.
 *
 * Two ages.  After the first goes what is about persons and systems: mails, notices'
 * bytes, events, subjects, recipients; what waited for a person until then is dropped,
 * and that is noted.  After the second goes the proof: who was told of which class and
 * when, queue id and digest.  Reports are worked off one by one, so that the daemon
 * never waits long; a crash in the middle is gone on with next time.
 *
 * Deleted means gone.  secure_delete overwrites a row where it lies, but a page that
 * was split once may still hold a copy of a row that moved away (seen: 5 of 10,000), so
 * the file is written anew at the end (VACUUM) and the log is emptied. */
#include "ledger-sql.h"

#include "errors.h"

/* The copy is made in a temporary file: in memory it would take the ledger's whole size. */
static gboolean rewrite(Ledger *ledger, GError **error)
{
    gboolean ok;

    pthread_mutex_lock(&ledger->mutex);
    ok = sql_script(ledger, "PRAGMA temp_store = FILE; VACUUM", error);
    ok = sql_script(ledger, "PRAGMA temp_store = MEMORY", ok ? error : NULL) && ok &&
         ledger_empty_log(ledger, error);
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}

/* ---- purge */

/* A notice that is still to be handed over keeps its report's content. */
static gboolean next_report(Ledger *ledger, gint64 content, gint64 *n_r, GError **error)
{
    return sql_number(ledger, n_r, error,
                      "SELECT n FROM report WHERE content = 1 AND received < ?1 AND NOT EXISTS"
                      " (SELECT 1 FROM notice WHERE report = report.n AND state = 'pending')"
                      " ORDER BY n LIMIT 1",
                      sql_int(content));
}

#define WHY_PURGED "keep-content has passed"

/* Nothing vanishes unseen: what waited is dropped, and why is noted. */
static gboolean drop_waiting(Ledger *ledger, gint64 report, gint64 now, GError **error)
{
    return sql_run(ledger, error,
                   "INSERT INTO change (time, report, item, was, became, person, why)"
                   " SELECT ?2, n, '', state, 'dropped', '', ?3 FROM report"
                   " WHERE n = ?1 AND state IN ('held', 'unverified', 'unread')",
                   sql_int(report), sql_int(now), sql_text(WHY_PURGED)) &&
           sql_run(ledger, error,
                   "UPDATE report SET state = 'dropped'"
                   " WHERE n = ?1 AND state IN ('held', 'unverified', 'unread')",
                   sql_int(report)) &&
           sql_run(ledger, error,
                   "INSERT INTO change (time, notice, item, was, became, person, why)"
                   " SELECT ?2, n, '', state, 'dropped', '', ?3 FROM notice"
                   " WHERE report = ?1 AND state = 'held'",
                   sql_int(report), sql_int(now), sql_text(WHY_PURGED)) &&
           sql_run(ledger, error,
                   "UPDATE notice SET state = 'dropped', changed = ?2"
                   " WHERE report = ?1 AND state = 'held'",
                   sql_int(report), sql_int(now));
}

static gboolean strip_report(Ledger *ledger, gint64 report, GError **error)
{
    return sql_run(ledger, error, "DELETE FROM event WHERE report = ?1", sql_int(report)) &&
           sql_run(ledger, error,
                   "DELETE FROM body WHERE notice IN (SELECT n FROM notice WHERE report = ?1)",
                   sql_int(report)) &&
           sql_run(ledger, error,
                   "UPDATE notice SET grouped = '', recipients = '', subject = '', reply = '',"
                   " bounce = '', content = 0 WHERE report = ?1",
                   sql_int(report))
           /* MTAs' replies and bounces name recipients. */
           && sql_run(ledger, error,
                      "UPDATE change SET why = '' WHERE person = '' AND why <> ?2 AND notice IN"
                      " (SELECT n FROM notice WHERE report = ?1)",
                      sql_int(report), sql_text(WHY_PURGED)) &&
           sql_run(ledger, error,
                   "UPDATE report SET bytes = NULL, size = 0, reason = '', evidence = '',"
                   " content = 0"
                   " WHERE n = ?1",
                   sql_int(report));
}

static gboolean purge_next(Ledger *ledger, gint64 content, gint64 now, gboolean *more_r,
                           GError **error)
{
    gint64 n;
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = next_report(ledger, content, &n, error);
    *more_r = ok && n != -1;
    if (*more_r)
        ok = drop_waiting(ledger, n, now, error) && strip_report(ledger, n, error);
    return ledger_leave(ledger, ok, error);
}

/* Mails of our own, which no report carries away, and what was told long ago. */
static gboolean purge_rest(Ledger *ledger, gint64 content, guint *n_r, GError **error)
{
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = sql_run(ledger, error,
                 "DELETE FROM body WHERE notice IN (SELECT n FROM notice WHERE report IS NULL"
                 " AND content = 1 AND created < ?1 AND state <> 'pending')",
                 sql_int(content)) &&
         sql_run(ledger, error,
                 "UPDATE notice SET grouped = '', recipients = '', subject = '', reply = '',"
                 " bounce = '', content = 0, state = iif(state = 'held', 'dropped', state)"
                 " WHERE report IS NULL AND content = 1 AND created < ?1"
                 " AND state <> 'pending'",
                 sql_int(content));
    *n_r += ok ? sql_changes(ledger) : 0;
    ok = ok && sql_run(ledger, error, "DELETE FROM told WHERE max(last_seen, last_told) < ?1",
                       sql_int(content));
    *n_r += ok ? sql_changes(ledger) : 0;
    return ledger_leave(ledger, ok, error);
}

static gboolean purge_proof(Ledger *ledger, gint64 proof, guint *n_r, GError **error)
{
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = sql_run(ledger, error,
                 "DELETE FROM report WHERE received < ?1 AND content = 0 AND NOT EXISTS"
                 " (SELECT 1 FROM notice WHERE report = report.n AND state = 'pending')",
                 sql_int(proof));
    *n_r += ok ? sql_changes(ledger) : 0;
    ok = ok && sql_run(ledger, error,
                       "DELETE FROM notice WHERE report IS NULL AND created < ?1"
                       " AND state <> 'pending'",
                       sql_int(proof));
    *n_r += ok ? sql_changes(ledger) : 0;
    ok = ok &&
         sql_run(ledger, error,
                 "DELETE FROM change WHERE report IS NULL AND notice IS NULL AND time < ?1",
                 sql_int(proof)) &&
         sql_run(ledger, error,
                 "DELETE FROM exemption WHERE max(until, ended) < ?1 AND created < ?1",
                 sql_int(proof)) &&
         sql_run(ledger, error, "DELETE FROM contact WHERE since < ?1", sql_int(proof));
    return ledger_leave(ledger, ok, error);
}

gboolean ledger_purge(Ledger *ledger, gint64 content, gint64 proof, guint *n_r, GError **error)
{
    gint64 now = g_get_real_time();
    gboolean more = TRUE, ok = TRUE;
    guint n = 0;

    while (ok && more) {
        ok = purge_next(ledger, MAX(content, proof), now, &more, error);
        n += ok && more;
    }
    ok = ok && purge_rest(ledger, MAX(content, proof), &n, error) &&
         purge_proof(ledger, proof, &n, error);
    if (n_r != NULL)
        *n_r = n;
    return ok && (n == 0 || rewrite(ledger, error));
}

/* ---- one customer */

static const char export_notices[] =
    "SELECT 'notice' AS kind, n.reference, n.state, n.class, r.ticket, n.grouped AS \"group\","
    " replace(n.recipients, char(10), ', ') AS recipients, n.subject,"
    " n.created AS \"@created\", n.handed_over AS \"@handed_over\", n.queue_id, n.reply,"
    " n.bounce, n.sha256, b.bytes AS \"#mail\""
    " FROM notice n LEFT JOIN report r ON r.n = n.report LEFT JOIN body b ON b.notice = n.n"
    " WHERE n.customer = ?1 ORDER BY n.n";
static const char export_events[] =
    "SELECT 'event' AS kind, r.ticket, r.class, e.row + 1 AS row, e.address, e.account,"
    " e.time AS \"@time\", e.fate AS \"!fate\", e.reason AS \"?reason\", n.reference"
    " FROM event e JOIN report r ON r.n = e.report LEFT JOIN notice n ON n.n = e.notice"
    " WHERE e.customer = ?1 ORDER BY e.report, e.row";
static const char export_told[] =
    "SELECT 'told' AS kind, class, subject, first_seen AS \"@first_seen\","
    " last_seen AS \"@last_seen\", last_told AS \"@last_told\","
    " last_critical AS \"@last_critical\", times"
    " FROM told WHERE customer = ?1 ORDER BY class, subject";
static const char export_contacts[] =
    "SELECT 'contact' AS kind, address, reference, status, since AS \"@since\""
    " FROM contact WHERE customer = ?1 ORDER BY address";
static const char *const exported[] = { export_notices, export_events, export_told,
                                        export_contacts };

gboolean ledger_export(Ledger *ledger, const char *customer, LedgerRow row, gpointer data,
                       GError **error)
{
    gboolean ok = TRUE;

    pthread_mutex_lock(&ledger->mutex);
    ok = sql_script(ledger, "BEGIN", error); /* one state of the ledger for all questions */
    for (guint i = 0; ok && i < G_N_ELEMENTS(exported); i++)
        ok = ledger_hand_rows(
            ledger, sql_start_values(ledger, error, exported[i], SQL_VALUES(sql_text(customer))),
            row, data, error);
    ok = sql_commit(ledger, ok, error);
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}

/* The sums stay with the report (law 1); the customer's rows go. */
static gboolean erase(Ledger *ledger, const char *customer, guint *n_r, GError **error)
{
    gboolean ok =
        sql_run(ledger, error, "DELETE FROM event WHERE customer = ?1", sql_text(customer));
    *n_r += ok ? sql_changes(ledger) : 0;
    /* The desk's mails that quote one of the customer's notices. */
    ok = ok && sql_run(ledger, error,
                       "DELETE FROM notice WHERE customer = '' AND grouped IN"
                       " (SELECT reference FROM notice WHERE customer = ?1)",
                       sql_text(customer));
    *n_r += ok ? sql_changes(ledger) : 0;
    ok = ok && sql_run(ledger, error, "DELETE FROM notice WHERE customer = ?1", sql_text(customer));
    *n_r += ok ? sql_changes(ledger) : 0;
    ok = ok && sql_run(ledger, error, "DELETE FROM told WHERE customer = ?1", sql_text(customer));
    *n_r += ok ? sql_changes(ledger) : 0;
    ok =
        ok && sql_run(ledger, error, "DELETE FROM contact WHERE customer = ?1", sql_text(customer));
    *n_r += ok ? sql_changes(ledger) : 0;
    return ok;
}

/* That it was done is noted under the customer's digest: whoever has the name can
 * find it, and the name is not kept. */
gboolean ledger_erase(Ledger *ledger, const char *customer, const char *person, gint64 now,
                      guint *n_r, GError **error)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, customer, -1);
    g_autofree char *item = g_strdup_printf("customer sha256:%s", digest);
    LedgerChange change = { .time = now, .item = item, .to = "erased", .person = person };
    gboolean ok;
    guint n = 0;

    if (*customer == '\0') {
        error_input(error, "a customer was expected");
        return FALSE;
    }
    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = erase(ledger, customer, &n, error) && ledger_note(ledger, &change, error);
    if (!ledger_leave(ledger, ok, error))
        return FALSE;
    if (n_r != NULL)
        *n_r = n;
    return rewrite(ledger, error);
}
