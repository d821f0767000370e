/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* ledger-sql: the ledger's insides and its few words of SQLite; for ledger*.c only.
 *
 * Every statement is a literal with numbered parameters, prepared once for each
 * Ledger and kept by the literal's address (the macros take nothing else); values
 * are bound, never pasted.  A failure copies SQLite's result code, its message and
 * the system's errno at once.  The caller holds ledger->mutex. */
#ifndef CERTBUND_LEDGER_SQL_H
#define CERTBUND_LEDGER_SQL_H

#include "ledger.h"

#include <pthread.h>
#include <sqlite3.h>

/* Events e that notice n tells: of its own report, but a digest's are of any. */
#define LEDGER_EVENTS_OF_NOTICE                                                                    \
    "e.report BETWEEN iif(n.grouped = 'digest', 0, n.report)"                                      \
    " AND iif(n.grouped = 'digest', 9223372036854775807, n.report) AND e.notice = n.n"

#define USECS_PER_SEC G_GINT64_CONSTANT(1000000)

struct Ledger {
    sqlite3 *db;
    char *path;
    LedgerUse use;
    int lock;        /* the daemon's lock file; -1 */
    gboolean marked; /* this daemon's own unclean mark is set */
    char *damage; /* what the full check has found; then nothing is recorded or claimed */
    gboolean unclean;
    int log_pages;          /* in the write-ahead log, after the last commit */
    pthread_mutex_t mutex;  /* not GMutex: thread sanitizers see this one */
    GHashTable *statements; /* literal's address -> sqlite3_stmt */
    GHashTable *claimed;    /* row of a notice claimed here -> monotonic usecs */
};

/* ---- values */

typedef struct {
    char type; /* 't' text, 'i' integer, 'b' blob, '0' null */
    gint64 number;
    const void *data; /* must live until the statement has ended */
    gsize size;
} SqlValue;

static inline SqlValue sql_int(gint64 number)
{
    return (SqlValue){ .type = 'i', .number = number };
}

/* NULL is SQL's null; sql_word() makes it "". */
static inline SqlValue sql_text(const char *text)
{
    return (SqlValue){ .type = text == NULL ? '0' : 't', .data = text };
}

static inline SqlValue sql_word(const char *text)
{
    return sql_text(text == NULL ? "" : text);
}

static inline SqlValue sql_blob(const void *data, gsize size)
{
    return (SqlValue){ .type = data == NULL ? '0' : 'b', .data = data, .size = size };
}

SqlValue sql_bytes(GBytes *bytes); /* or NULL */

/* ---- statements */

#define SQL_VALUES(...)                                                                            \
    (const SqlValue[]){ __VA_ARGS__ },                                                             \
        (guint)(sizeof((SqlValue[]){ __VA_ARGS__ }) / sizeof(SqlValue))

/* Run to the end; rows are passed over. */
#define sql_run(ledger, error, sql, ...)                                                           \
    sql_run_values(ledger, error, "" sql "", SQL_VALUES(__VA_ARGS__))
/* The first column of the first row as a number; -1 when there is no row. */
#define sql_number(ledger, number_r, error, sql, ...)                                              \
    sql_number_values(ledger, number_r, error, "" sql "", SQL_VALUES(__VA_ARGS__))
/* Bound and ready for sql_step(); NULL on failure. */
#define sql_start(ledger, error, sql, ...)                                                         \
    sql_start_values(ledger, error, "" sql "", SQL_VALUES(__VA_ARGS__))

gboolean sql_run_values(Ledger *ledger, GError **error, const char *sql, const SqlValue *values,
                        guint n);
gboolean sql_number_values(Ledger *ledger, gint64 *number_r, GError **error, const char *sql,
                           const SqlValue *values, guint n);
sqlite3_stmt *sql_start_values(Ledger *ledger, GError **error, const char *sql,
                               const SqlValue *values, guint n);

typedef enum { SQL_FAILED = -1, SQL_END, SQL_ROW } SqlStep;
/* After anything but SQL_ROW the statement has ended. */
SqlStep sql_step(Ledger *ledger, sqlite3_stmt *statement, GError **error);
void sql_end(sqlite3_stmt *statement);

char *sql_column_text(sqlite3_stmt *statement, int column); /* NULL for null; caller frees */
GBytes *sql_column_bytes(sqlite3_stmt *statement, int column);
guint sql_changes(Ledger *ledger);

/* Several statements without values or rows: schema and pragmas. */
gboolean sql_script(Ledger *ledger, const char *sql, GError **error);

/* Set the error from SQLite's last failure on this connection; what was done, or NULL. */
void sql_fault(Ledger *ledger, const char *what, GError **error);

/* ---- one operation: lock, begin ... end with ok (commit) or not (roll back), unlock.
 * FALSE: nothing of it is there. */
gboolean ledger_enter(Ledger *ledger, GError **error);
gboolean ledger_is_whole(const Ledger *ledger, GError **error); /* the mutex is held */
gboolean ledger_leave(Ledger *ledger, gboolean ok, GError **error);
/* The same without the lock. */
gboolean sql_begin(Ledger *ledger, GError **error);
gboolean sql_commit(Ledger *ledger, gboolean ok, GError **error);

/* The daemon's log is put into the file by the outbox, not within a report's answer. */
void ledger_tidy(Ledger *ledger);

/* Empty the log, so that what was deleted is in no file. */
gboolean ledger_empty_log(Ledger *ledger, GError **error);

/* ---- schema */

#define LEDGER_APPLICATION 0x43424c44    /* "CBLD", SQLite's application_id */
extern const char *const ledger_steps[]; /* step i makes version i + 1 of version i */
extern const guint ledger_n_steps;
/* Is the file a ledger of a version up to n, or (for the daemon) empty?  Changes nothing. */
gboolean ledger_identify(Ledger *ledger, guint n, GError **error);
gboolean ledger_migrate(Ledger *ledger, const char *const *steps, guint n, GError **error);

/* ---- shared by the ledger's files */

gboolean report_may_move(ReportState from, ReportState to);
gboolean notice_may_move(NoticeState from, NoticeState to);
int report_state_parse(const char *name); /* -1 unknown */
int notice_state_parse(const char *name);

/* Note a change: of a report or notice (rows; 0 none), or of what item names. */
typedef struct {
    gint64 time, report, notice;
    const char *item, *from, *to, *person, *why;
} LedgerChange;
gboolean ledger_note(Ledger *ledger, const LedgerChange *change, GError **error);

typedef struct {
    gint64 n, report; /* rows; report 0: none */
    NoticeState state;
    gboolean claimed, has_body;
} LedgerNoticeRow;
/* By id or reference; n is -1 when there is none. */
gboolean ledger_find_notice(Ledger *ledger, const char *id, gint64 now, LedgerNoticeRow *row_r,
                            GError **error);

/* The row of a new notice, with its bytes; n 0: the next. */
gboolean ledger_insert_notice(Ledger *ledger, const LedgerNotice *notice, gint64 n, gint64 report,
                              gint64 now, GError **error);

/* The customer was told after all (released, retried), or was not (failed, dropped). */
gboolean ledger_tell(Ledger *ledger, gint64 notice, gint64 now, GError **error);
gboolean ledger_untell(Ledger *ledger, gint64 notice, GError **error);

/* Hand over each row; a column's first sign says how it is shown: '@' a time, '!' a
 * fate, '?' a reason, '#' bytes. */
gboolean ledger_hand_rows(Ledger *ledger, sqlite3_stmt *statement, LedgerRow row, gpointer data,
                          GError **error);

#endif
