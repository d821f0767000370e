/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Questions: what people and scripts see of the ledger, as rows of texts.
 *
 * The names of columns are an interface; a name's first sign, cut off before it is
 * shown, says what the value is.  Nothing here changes the ledger. */
#include "ledger-sql.h"

#include "errors.h"
#include "timestamp.h"

#include <string.h>

#define COLUMNS_MAX 32

/* ---- rows as texts */

static char *show_time(sqlite3_stmt *statement, int column)
{
    char text[TIMESTAMP_TEXT_SIZE];
    gint64 usecs = sqlite3_column_int64(statement, column);

    return usecs == 0 ? NULL : g_strdup(timestamp_format(usecs / USECS_PER_SEC, text));
}

static char *show_enumeration(sqlite3_stmt *statement, int column, gboolean is_fate)
{
    int number = sqlite3_column_int(statement, column);

    if (sqlite3_column_type(statement, column) == SQLITE_NULL || number < 0 ||
        number >= (is_fate ? (int)FATE_N : (int)REASON_N))
        return NULL;
    if (!is_fate && number == REASON_NONE)
        return NULL;
    return g_strdup(is_fate ? fate_name((Fate)number) : reason_text((Reason)number));
}

/* "" and null are both nothing.  Mails and MTAs may say what is no UTF-8. */
static char *show_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    int length = sqlite3_column_bytes(statement, column);

    return text == NULL || length == 0 ? NULL : g_utf8_make_valid(text, length);
}

static char *show_bytes(sqlite3_stmt *statement, int column)
{
    const char *data = sqlite3_column_blob(statement, column);
    int length = sqlite3_column_bytes(statement, column);

    return data == NULL ? NULL : g_utf8_make_valid(data, length);
}

static char *show(sqlite3_stmt *statement, int column, const char **name_r)
{
    const char *name = sqlite3_column_name(statement, column);

    *name_r = name + 1;
    switch (*name) {
    case '@':
        return show_time(statement, column);
    case '!':
    case '?':
        return show_enumeration(statement, column, *name == '!');
    case '#':
        return show_bytes(statement, column);
    default:
        *name_r = name;
        return show_text(statement, column);
    }
}

gboolean ledger_hand_rows(Ledger *ledger, sqlite3_stmt *statement, LedgerRow row, gpointer data,
                          GError **error)
{
    const char *columns[COLUMNS_MAX];
    char *values[COLUMNS_MAX];
    guint n = statement == NULL ? 0 : (guint)sqlite3_column_count(statement);
    SqlStep step = SQL_FAILED;
    gboolean more = TRUE;

    g_assert(n <= COLUMNS_MAX);
    while (statement != NULL && more && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        for (guint i = 0; i < n; i++)
            values[i] = show(statement, (int)i, &columns[i]);
        more = row(n, columns, (const char *const *)values, data);
        for (guint i = 0; i < n; i++)
            g_free(values[i]);
    }
    if (!more)
        sql_end(statement);
    return step != SQL_FAILED;
}

/* ---- the questions */

/* ?1 is the filter, null for none. */
static const char sql_reports[] =
    "SELECT id, ticket, class, title, state, status, reason,"
    " iif(critical, 'yes', NULL) AS critical, sent AS \"@sent\", received AS \"@received\","
    " provenance, evidence, mode, message_id, queue_id, client, rows AS events, notified, held,"
    " exempt, suppressed, unassigned, unreadable,"
    " (SELECT count(*) FROM notice WHERE report = report.n) AS notices"
    " FROM report WHERE ?1 IS NULL OR state = ?1 OR ticket = ?1 OR id = ?1 ORDER BY n DESC";

#define NOTICE_COLUMNS                                                                             \
    "SELECT n.reference, n.id, n.state, n.customer, n.grouped AS \"group\", n.class, r.ticket,"    \
    " replace(n.recipients, char(10), ', ') AS recipients, n.subject, n.events,"                   \
    " n.created AS \"@created\", iif(n.state = 'pending', n.due, 0) AS \"@due\","                  \
    " n.changed AS \"@changed\", n.handed_over AS \"@handed_over\", n.attempts, n.reply,"          \
    " n.queue_id, n.bounce, n.message_id, n.sender, n.sha256, n.template, n.config,"               \
    " n.customer_line, r.id AS report"                                                             \
    " FROM notice n LEFT JOIN report r ON r.n = n.report"

static const char sql_notices[] = NOTICE_COLUMNS
    " WHERE ?1 IS NULL OR n.state = ?1 OR n.reference = ?1 OR n.id = ?1 ORDER BY n.n DESC";

/* What events can't tell once they are purged: the notices are the proof. */
static const char sql_told_ticket[] = NOTICE_COLUMNS
    " WHERE n.report IN (SELECT n FROM report WHERE ticket = ?1 OR id = ?1) ORDER BY n.n DESC";
static const char sql_told_reference[] =
    NOTICE_COLUMNS " WHERE n.n = (SELECT n FROM notice WHERE reference = ?1 OR id = ?1)";
static const char sql_told_other[] = NOTICE_COLUMNS
    " WHERE n.customer = ?1 OR n.n IN (SELECT notice FROM event WHERE address = ?1 OR account = ?1)"
    " ORDER BY n.n DESC";

static const char sql_unassigned[] =
    "SELECT r.ticket, r.class, e.row + 1 AS row, e.address, e.account, e.time AS \"@time\","
    " e.fate AS \"!fate\", e.reason AS \"?reason\", r.received AS \"@received\""
    " FROM report r JOIN event e ON e.report = r.n"
    " WHERE r.unassigned + r.unreadable > 0 AND e.fate IN (4, 5)"
    " AND (?1 IS NULL OR r.ticket = ?1) ORDER BY r.n DESC, e.row";

static const char sql_held[] =
    "SELECT kind, id, ticket, class, customer, state, reason, events, since AS \"@since\" FROM"
    " (SELECT 'report' AS kind, id, ticket, class, NULL AS customer, state, reason,"
    " rows AS events, received AS since, n FROM report"
    " WHERE state IN ('held', 'unverified', 'unread')"
    " UNION ALL SELECT 'notice', n.reference, r.ticket, n.class, n.customer, n.state, n.reply,"
    " n.events, n.changed, n.n FROM notice n LEFT JOIN report r ON r.n = n.report"
    " WHERE n.state = 'held') ORDER BY kind DESC, n";

#define SHOW_COLUMNS                                                                               \
    "SELECT r.ticket, r.class, e.row + 1 AS row, e.address, e.account, e.time AS \"@time\","       \
    " e.fate AS \"!fate\", e.reason AS \"?reason\", e.customer, n.reference, n.state,"             \
    " replace(n.recipients, char(10), ', ') AS recipients, n.handed_over AS \"@handed_over\","     \
    " n.queue_id, n.reply, r.received AS \"@received\""
#define SHOW_JOIN                                                                                  \
    " FROM event e JOIN report r ON r.n = e.report LEFT JOIN notice n ON n.n = e.notice"

static const char sql_show_ticket[] =
    SHOW_COLUMNS SHOW_JOIN " WHERE e.report IN (SELECT n FROM report WHERE ticket = ?1 OR id = ?1)"
                           " ORDER BY e.report DESC, e.row";
static const char sql_show_reference[] = SHOW_COLUMNS
    " FROM notice n JOIN event e ON " LEDGER_EVENTS_OF_NOTICE " JOIN report r ON r.n = e.report"
    " WHERE n.n = (SELECT n FROM notice WHERE reference = ?1 OR id = ?1)"
    " ORDER BY e.report, e.row";
static const char sql_show_other[] = SHOW_COLUMNS SHOW_JOIN
    " WHERE e.address = ?1 OR e.account = ?1 OR e.customer = ?1 ORDER BY e.report DESC, e.row";

#define CHANGE_COLUMNS                                                                             \
    "SELECT c.time AS \"@time\", iif(c.notice IS NOT NULL, 'notice', iif(c.report IS NOT NULL,"    \
    " 'report', 'other')) AS kind, coalesce(n.reference, r.id, c.item) AS item,"                   \
    " c.was AS \"from\", c.became AS \"to\", c.person, c.why"                                      \
    " FROM change c LEFT JOIN notice n ON n.n = c.notice"                                          \
    " LEFT JOIN report r ON r.n = coalesce(c.report, n.report)"

static const char sql_changes_all[] = CHANGE_COLUMNS
    " WHERE ?1 IS NULL OR r.ticket = ?1 OR r.id = ?1 OR n.reference = ?1 OR n.id = ?1"
    " OR c.item = ?1 ORDER BY c.n";
static const char sql_changes_other[] = CHANGE_COLUMNS
    " WHERE c.item = ?1 OR n.customer = ?1"
    " OR c.notice IN (SELECT notice FROM event WHERE address = ?1 OR account = ?1) ORDER BY c.n";

static const char sql_exemptions[] =
    "SELECT 'X' || n AS id, network, class, until AS \"@until\", reason, person,"
    " created AS \"@created\", ended AS \"@ended\", ended_by FROM exemption ORDER BY n";

static const char sql_contacts[] =
    "SELECT address, customer, reference, status, since AS \"@since\" FROM contact"
    " ORDER BY since";

static const char sql_drift[] =
    "SELECT class, name AS \"column\", iif(missing, 'missing', iif(expected, 'expected', 'new'))"
    " AS state, first_seen AS \"@first_seen\", last_seen AS \"@last_seen\", reports FROM drift"
    " WHERE ?1 IS NULL OR class = ?1 ORDER BY class, name";

static const char sql_failures[] =
    "SELECT n.reference, n.customer, n.class, r.ticket,"
    " replace(n.recipients, char(10), ', ') AS recipients, n.changed AS \"@failed\", n.attempts,"
    " n.reply FROM notice n LEFT JOIN report r ON r.n = n.report"
    " WHERE n.state = 'failed' AND n.changed >= ?1 ORDER BY n.changed";

static sqlite3_stmt *start_failures(Ledger *ledger, const char *filter, GError **error)
{
    gint64 since = 0;

    if (filter != NULL && !timestamp_parse_rfc3339(filter, &since)) {
        error_input(error, "\"%s\" is no RFC 3339 time", filter);
        return NULL;
    }
    return sql_start_values(ledger, error, sql_failures,
                            SQL_VALUES(sql_int(since * USECS_PER_SEC)));
}

/* The three questions about one thing, by what it is. */
typedef struct {
    const char *ticket, *reference, *other;
} AboutSql;
static const AboutSql about_events = { sql_show_ticket, sql_show_reference, sql_show_other };
static const AboutSql about_notices = { sql_told_ticket, sql_told_reference, sql_told_other };
static const AboutSql about_changes = { sql_changes_all, sql_changes_all, sql_changes_other };

/* A ticket, a reference, an address in any spelling, or a customer. */
static sqlite3_stmt *start_about(Ledger *ledger, const AboutSql *about, const char *filter,
                                 char *canonical_r, GError **error)
{
    Address address;
    gint64 n;

    if (filter == NULL) {
        error_input(error, "a ticket, reference, address or customer was expected");
        return NULL;
    }
    if (address_parse(filter, strlen(filter), &address))
        return sql_start_values(ledger, error, about->other,
                                SQL_VALUES(sql_text(address_format(&address, canonical_r))));
    if (!sql_number(ledger, &n, error,
                    "SELECT 1 FROM report WHERE ticket = ?1 OR id = ?1 UNION ALL"
                    " SELECT 2 FROM notice WHERE reference = ?1 OR id = ?1 LIMIT 1",
                    sql_text(filter)))
        return NULL;
    return sql_start_values(ledger, error,
                            n == 1   ? about->ticket
                            : n == 2 ? about->reference
                                     : about->other,
                            SQL_VALUES(sql_text(filter)));
}

static sqlite3_stmt *start(Ledger *ledger, LedgerQuestion question, const char *filter,
                           char *canonical_r, GError **error)
{
    static const char *const plain[] = {
        [LEDGER_REPORTS] = sql_reports,       [LEDGER_NOTICES] = sql_notices,
        [LEDGER_UNASSIGNED] = sql_unassigned, [LEDGER_HELD] = sql_held,
        [LEDGER_CHANGES] = sql_changes_all,   [LEDGER_EXEMPTIONS] = sql_exemptions,
        [LEDGER_CONTACTS] = sql_contacts,     [LEDGER_DRIFT] = sql_drift,
    };

    if (question == LEDGER_SHOW)
        return start_about(ledger, &about_events, filter, canonical_r, error);
    if (question == LEDGER_NOTICES_OF)
        return start_about(ledger, &about_notices, filter, canonical_r, error);
    if (question == LEDGER_CHANGES && filter != NULL)
        return start_about(ledger, &about_changes, filter, canonical_r, error);
    if (question == LEDGER_FAILURES)
        return start_failures(ledger, filter, error);
    if (question == LEDGER_HELD || question == LEDGER_EXEMPTIONS || question == LEDGER_CONTACTS)
        return sql_start_values(ledger, error, plain[question], NULL, 0);
    return sql_start_values(ledger, error, plain[question], SQL_VALUES(sql_text(filter)));
}

gboolean ledger_ask(Ledger *ledger, LedgerQuestion question, const char *filter, LedgerRow row,
                    gpointer data, GError **error)
{
    char canonical[ADDRESS_TEXT_SIZE]; /* bound: must live as long as the statement */
    gboolean ok;

    pthread_mutex_lock(&ledger->mutex);
    ok = ledger_hand_rows(ledger, start(ledger, question, filter, canonical, error), row, data,
                          error);
    pthread_mutex_unlock(&ledger->mutex);
    return ok;
}

/* ---- law 1, counted again */

/* As long as the events are kept.  Of an erased customer they are gone and the sums stay:
 * from the first erasure on there may be fewer, since whose they were is not kept. */
static const char sql_sums[] =
    "SELECT r.id FROM report r LEFT JOIN (SELECT report, count(*) AS n, sum(fate = 0) AS f0,"
    " sum(fate = 1) AS f1, sum(fate = 2) AS f2, sum(fate = 3) AS f3, sum(fate = 4) AS f4,"
    " sum(fate = 5) AS f5 FROM event GROUP BY report) e ON e.report = r.n"
    " WHERE r.content = 1 AND (f0 > notified OR f1 > held OR f2 > exempt OR f3 > suppressed"
    " OR f4 > unassigned OR f5 > unreadable OR (coalesce(e.n, 0) < rows"
    " AND NOT EXISTS (SELECT 1 FROM change WHERE became = 'erased'))) LIMIT 1";

gboolean ledger_check_sums(Ledger *ledger, GError **error)
{
    pthread_mutex_lock(&ledger->mutex);
    sqlite3_stmt *statement = sql_start_values(ledger, error, sql_sums, NULL, 0);
    SqlStep step = statement == NULL ? SQL_FAILED : sql_step(ledger, statement, error);

    if (step == SQL_ROW) {
        error_bug(error, "ledger %s: the sums of report %s are not those of its events",
                  ledger->path, (const char *)sqlite3_column_text(statement, 0));
        sql_end(statement);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return step == SQL_END;
}
