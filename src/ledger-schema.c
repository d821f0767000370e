/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The tables, as steps from each version to the next.
 *
 * Rules for those who come later: a step that was released is never changed, a new
 * one is appended; numbers of fates and reasons (assign.h) and names of states are in
 * the file, so they are only ever appended to.
 *
 * Indexes are few, since a report of 100,000 rows is answered within 2 s: events
 * lie by report and row; what is already known under a ticket is read by report. */
#include "ledger-sql.h"

#include "errors.h"

G_STATIC_ASSERT(FATE_NOTIFIED == 0 && FATE_UNREADABLE == 5); /* numbers in the file */
G_STATIC_ASSERT(REASON_NONE == 0 && REASON_NO_CUSTOMER == 1 && REASON_NOTICE_HELD == 8);

static const char step_1[] =
    "CREATE TABLE report ("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  ticket TEXT NOT NULL,"
    "  digest TEXT," /* null: takes no key */
    "  title TEXT NOT NULL, class TEXT NOT NULL,"
    "  message_id TEXT NOT NULL, queue_id TEXT NOT NULL, client TEXT NOT NULL,"
    "  status TEXT NOT NULL, reason TEXT NOT NULL,"
    "  provenance TEXT NOT NULL, evidence TEXT NOT NULL, mode TEXT NOT NULL,"
    "  critical INTEGER NOT NULL CHECK (critical IN (0, 1)),"
    "  sent INTEGER NOT NULL, received INTEGER NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN"
    "    ('done', 'held', 'unverified', 'unread', 'dropped')),"
    "  rows INTEGER NOT NULL DEFAULT 0,"
    "  notified INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,"
    "  exempt INTEGER NOT NULL DEFAULT 0, suppressed INTEGER NOT NULL DEFAULT 0,"
    "  unassigned INTEGER NOT NULL DEFAULT 0, unreadable INTEGER NOT NULL DEFAULT 0,"
    "  bytes BLOB,"
    "  size INTEGER NOT NULL DEFAULT 0," /* of the bytes, while they are kept */
    "  content INTEGER NOT NULL DEFAULT 1," /* 0: purged */
    /* Law 1, said a second time where nobody can forget it. */
    "  CHECK (rows = notified + held + exempt + suppressed + unassigned + unreadable)"
    ") STRICT;"
    /* Law 4: the key. */
    "CREATE UNIQUE INDEX report_key ON report (ticket, digest) WHERE digest IS NOT NULL;"
    "CREATE INDEX report_ticket ON report (ticket);"
    "CREATE INDEX report_unverified ON report (size) WHERE state = 'unverified';"

    "CREATE TABLE event ("
    "  report INTEGER NOT NULL REFERENCES report ON DELETE CASCADE,"
    "  row INTEGER NOT NULL CHECK (row >= 0),"
    "  address TEXT NOT NULL, account TEXT NOT NULL, time INTEGER NOT NULL,"
    "  digest BLOB NOT NULL,"
    "  fate INTEGER NOT NULL CHECK (fate BETWEEN 0 AND 5), reason INTEGER NOT NULL,"
    "  customer TEXT NOT NULL,"
    "  notice INTEGER,"         /* a notice's n; checked at commit: no index for a foreign key */
    "  known INTEGER NOT NULL," /* 1: an earlier report of this ticket has it */
    "  PRIMARY KEY (report, row)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE notice ("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  id TEXT NOT NULL UNIQUE,"
    "  reference TEXT NOT NULL UNIQUE,"
    "  report INTEGER REFERENCES report ON DELETE CASCADE," /* null: a mail of our own */
    "  customer TEXT NOT NULL, grouped TEXT NOT NULL, class TEXT NOT NULL,"
    "  state TEXT NOT NULL CHECK (state IN ('pending', 'held', 'pilot', 'handed-over',"
    "    'bounced', 'failed', 'dropped')),"
    "  sender TEXT NOT NULL, recipients TEXT NOT NULL," /* one a line */
    "  message_id TEXT NOT NULL, subject TEXT NOT NULL,"
    "  sha256 TEXT NOT NULL DEFAULT ''," /* of the bytes, from the first claim on */
    "  template TEXT NOT NULL, config TEXT NOT NULL, customer_line INTEGER NOT NULL,"
    "  events INTEGER NOT NULL,"
    "  created INTEGER NOT NULL, due INTEGER NOT NULL,"
    "  ready INTEGER NOT NULL," /* due, or when the lease ends */
    "  worker TEXT,"
    "  queued INTEGER NOT NULL,"  /* when a customer's became pending; else 0 */
    "  changed INTEGER NOT NULL," /* when the state last changed */
    "  handed_over INTEGER NOT NULL DEFAULT 0,"
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  reply TEXT NOT NULL DEFAULT ''," /* the MTA's last words; of a held one: why */
    "  queue_id TEXT NOT NULL DEFAULT '',"
    "  bounce TEXT NOT NULL DEFAULT '',"
    "  content INTEGER NOT NULL DEFAULT 1"
    ") STRICT;"
    "CREATE INDEX notice_report ON notice (report) WHERE report IS NOT NULL;"
    "CREATE INDEX notice_ready ON notice (ready) WHERE state = 'pending';"
    "CREATE INDEX notice_desk ON notice (ready) WHERE state = 'pending' AND customer = '';"
    "CREATE INDEX notice_queued ON notice (queued) WHERE queued > 0;"

    /* Apart, so that questions about notices need not read past their bytes. */
    "CREATE TABLE body ("
    "  notice INTEGER PRIMARY KEY REFERENCES notice ON DELETE CASCADE,"
    "  bytes BLOB NOT NULL,"
    "  lines TEXT" /* of one that grows: its rows so far */
    ") STRICT;"

    "CREATE TABLE told ("
    "  customer TEXT NOT NULL, class TEXT NOT NULL, subject TEXT NOT NULL,"
    "  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    "  last_told INTEGER NOT NULL, last_critical INTEGER NOT NULL, times INTEGER NOT NULL,"
    "  PRIMARY KEY (customer, class, subject)"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE change ("
    "  n INTEGER PRIMARY KEY,"
    "  time INTEGER NOT NULL,"
    "  report INTEGER REFERENCES report ON DELETE CASCADE,"
    "  notice INTEGER REFERENCES notice ON DELETE CASCADE,"
    "  item TEXT NOT NULL," /* what else was changed */
    "  was TEXT NOT NULL, became TEXT NOT NULL, person TEXT NOT NULL, why TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX change_report ON change (report) WHERE report IS NOT NULL;"
    "CREATE INDEX change_notice ON change (notice) WHERE notice IS NOT NULL;"

    "CREATE TABLE exemption ("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  network TEXT NOT NULL, class TEXT NOT NULL, until INTEGER NOT NULL,"
    "  reason TEXT NOT NULL, person TEXT NOT NULL, created INTEGER NOT NULL,"
    "  ended INTEGER NOT NULL DEFAULT 0, ended_by TEXT NOT NULL DEFAULT ''"
    ") STRICT;"

    "CREATE TABLE contact (" /* mail to it bounced for good */
    "  address TEXT PRIMARY KEY,"
    "  customer TEXT NOT NULL, reference TEXT NOT NULL, status TEXT NOT NULL,"
    "  since INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE value (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

static const char step_2[] =
    "ALTER TABLE report ADD COLUMN signature TEXT NOT NULL DEFAULT '';" /* what proves it */
    "CREATE INDEX report_signature ON report (signature) WHERE signature <> '';";

static const char step_3[] =
    "CREATE TABLE drift ("    /* the columns of a class's reports */
    "  class TEXT NOT NULL, name TEXT NOT NULL,"
    "  expected INTEGER NOT NULL CHECK (expected IN (0, 1)),"
    "  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL," /* 0: never */
    "  reports INTEGER NOT NULL,"                                /* that had it */
    "  missing INTEGER NOT NULL CHECK (missing IN (0, 1)),"      /* the last one had it not */
    "  told INTEGER NOT NULL," /* in the log: 1 that it is new, 2 that it is missing */
    "  PRIMARY KEY (class, name)"
    ") STRICT, WITHOUT ROWID;";

static const char step_4[] =
    /* 1: only its signed part was proven, and no more of it may be read */
    "ALTER TABLE report ADD COLUMN part INTEGER NOT NULL DEFAULT 0 CHECK (part IN (0, 1));"
    "CREATE INDEX report_part ON report (size) WHERE part = 1;"
    "UPDATE report SET part = 1 WHERE signature <> '' AND provenance NOT LIKE '%dkim%';";

/* A state more.  SQLite changes no CHECK in place; where it only allows more, its documentation
 * of ALTER TABLE says to write the new text.  The column that follows makes others read it. */
static const char step_5[] =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_schema SET sql = replace(sql, quote('failed') || ', ' || quote('dropped'),"
    "  quote('failed') || ', ' || quote('dropped') || ', ' || quote('in-mta'))"
    "  WHERE type = 'table' AND name = 'notice';"
    "PRAGMA writable_schema = RESET;"
    "ALTER TABLE body ADD COLUMN signed INTEGER NOT NULL DEFAULT 0 CHECK (signed IN (0, 1));"
    "CREATE INDEX notice_in_mta ON notice (report) WHERE state = 'in-mta';";

const char *const ledger_steps[] = { step_1, step_2, step_3, step_4, step_5 };
const guint ledger_n_steps = G_N_ELEMENTS(ledger_steps);

static gboolean read_pragma(Ledger *ledger, const char *sql, gint64 *value_r, GError **error)
{
    return sql_number_values(ledger, value_r, error, sql, NULL, 0);
}

/* One step and its version are one transaction: a crash leaves the old version whole. */
static gboolean take_step(Ledger *ledger, const char *step, guint version, GError **error)
{
    /* A pragma takes no parameter; these are numbers of ours. */
    g_autofree char *mark = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %u",
                                            LEDGER_APPLICATION, version);

    return sql_script(ledger, step, error) && sql_script(ledger, mark, error);
}

/* A file that holds somebody else's tables is left alone. */
static gboolean is_ours(Ledger *ledger, gboolean *empty_r, GError **error)
{
    gint64 application, tables;

    if (!read_pragma(ledger, "PRAGMA application_id", &application, error) ||
        !read_pragma(ledger, "SELECT count(*) FROM sqlite_schema", &tables, error))
        return FALSE;
    *empty_r = tables == 0;
    if (application == LEDGER_APPLICATION || tables == 0)
        return TRUE;
    error_input(error, "%s is a database but no ledger", ledger->path);
    return FALSE;
}

static gboolean check_version(Ledger *ledger, gint64 version, guint n, gboolean empty,
                              GError **error)
{
    if (version > (gint64)n)
        error_input(error,
                    "ledger %s has version %d, this program knows up to %u: it was written by a "
                    "newer certbund-milter",
                    ledger->path, (int)version, n);
    else if (ledger->use == LEDGER_TOOL && empty)
        error_input(error, "%s is no ledger: it is empty", ledger->path);
    else if (ledger->use == LEDGER_TOOL && version < (gint64)n)
        error_input(error, "ledger %s has version %d of %u: the daemon migrates it when it starts",
                    ledger->path, (int)version, n);
    else
        return TRUE;
    return FALSE;
}

gboolean ledger_identify(Ledger *ledger, guint n, GError **error)
{
    gint64 version;
    gboolean empty;

    return is_ours(ledger, &empty, error) &&
           read_pragma(ledger, "PRAGMA user_version", &version, error) &&
           check_version(ledger, version, n, empty, error);
}

gboolean ledger_migrate(Ledger *ledger, const char *const *steps, guint n, GError **error)
{
    gint64 version;
    gboolean ok;

    if (!read_pragma(ledger, "PRAGMA user_version", &version, error))
        return FALSE;
    if (version == (gint64)n)
        return TRUE;
    if (!sql_begin(ledger, error))
        return FALSE;
    ok = read_pragma(ledger, "PRAGMA user_version", &version, error); /* now as the writer */
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL); /* see step_5 */
    for (gint64 i = version; ok && i < (gint64)n; i++)
        ok = take_step(ledger, steps[i], (guint)i + 1, error);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return sql_commit(ledger, ok, error);
}
