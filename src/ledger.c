/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Opens and closes the ledger, checks it, and keeps a second daemon out.
 *
 * The daemon holds flock(2) on PATH.lock for its life; the kernel gives it back
 * however the daemon ends.  A mark inside the file tells whether it ended by
 * ledger_close(); to set it is also the proof, at start, that the file takes writes.
 * A file that is somebody else's, of a newer version or damaged is refused. */
#include "ledger-sql.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUICK_CHECK_BYTES (256 * 1024 * 1024) /* 0.4 s from memory, below 2 s from a slow disk */
#define CACHE_KIBIBYTES   "16384" /* a report of 100,000 rows must not spill its pages twice */
#define LOG_PAGES         4096    /* 16 MiB: then the outbox empties the log */

/* ---- the lock and the file */

static gboolean write_pid(int fd)
{
    char text[32];
    int length = g_snprintf(text, sizeof text, "%ld\n", (long)getpid());

    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) == length;
}

static void tell_lock(Ledger *ledger, int fd, int number, GError **error)
{
    char text[32] = "";
    ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : 0;

    text[n > 0 ? n : 0] = '\0';
    if (number == EWOULDBLOCK)
        error_temporary(error, "ledger %s: another certbund-milter uses it (process %s)",
                        ledger->path, *g_strchomp(text) != '\0' ? text : "unknown");
    else
        error_temporary(error, "ledger %s.lock: %s", ledger->path, g_strerror(number));
}

static gboolean take_lock(Ledger *ledger, GError **error)
{
    g_autofree char *name = g_strconcat(ledger->path, ".lock", NULL);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        ledger->lock = fd;
        write_pid(fd); /* for the words above only */
        return TRUE;
    }
    tell_lock(ledger, fd, errno, error);
    if (fd >= 0)
        close(fd);
    return FALSE;
}

/* O_EXCL: an existing file is never opened and closed here, which would drop the
 * POSIX locks that another Ledger of this process has on it. */
static gboolean create_file(Ledger *ledger, GError **error)
{
    int fd = open(ledger->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0) {
        close(fd);
        return TRUE;
    }
    if (errno == EEXIST)
        return TRUE;
    error_temporary(error, "ledger %s: %s", ledger->path, g_strerror(errno));
    return FALSE;
}

static gboolean check_path(Ledger *ledger, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(ledger->path);
    struct stat status;

    if (stat(directory, &status) != 0 || !S_ISDIR(status.st_mode))
        error_input(error, "ledger %s: there is no directory %s", ledger->path, directory);
    else if (stat(ledger->path, &status) == 0 && !S_ISREG(status.st_mode))
        error_input(error, "ledger %s is not a file", ledger->path);
    else if (ledger->use == LEDGER_TOOL && stat(ledger->path, &status) != 0)
        error_input(error, "ledger %s: %s (the daemon creates it)", ledger->path,
                    g_strerror(errno));
    else
        return TRUE;
    return FALSE;
}

/* ---- the connection */

static void finalize(gpointer statement)
{
    sqlite3_finalize(statement);
}

static int note_log(void *data, sqlite3 *db, const char *schema, int pages)
{
    (void)db, (void)schema;
    ((Ledger *)data)->log_pages = pages;
    return SQLITE_OK;
}

/* SQLite's own count of memory costs a lock for each allocation, a tenth of all time.
 * In a process that has used SQLite before us this does nothing. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static pthread_once_t configured = PTHREAD_ONCE_INIT;

static gboolean open_connection(Ledger *ledger, GError **error)
{
    pthread_once(&configured, configure);
    /* NOMUTEX: ledger->mutex is there already. */
    if (sqlite3_open_v2(ledger->path, &ledger->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        if (ledger->db != NULL)
            sql_fault(ledger, "open", error);
        else
            error_temporary(error, "ledger %s: no memory", ledger->path);
        return FALSE;
    }
    /* Before the first read: that would make a log that is read-only as well, and stays
     * so when the file no longer is. */
    if (sqlite3_db_readonly(ledger->db, "main") == 1) {
        error_temporary(error, "ledger %s is read-only; expected a file that we may write",
                        ledger->path);
        return FALSE;
    }
    sqlite3_extended_result_codes(ledger->db, 1);
    sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MSECS);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return TRUE;
}

/* A page of 8 KiB holds three notices of 2 KiB where 4 KiB would hold one.
 * Law 3 stands on synchronous=FULL: a commit returns when the log is on disk. */
static gboolean set_pragmas(Ledger *ledger, GError **error)
{
    if (!sql_script(ledger,
                    "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"
                    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                    "PRAGMA secure_delete = ON;"
                    "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;"
                    "PRAGMA cache_size = -" CACHE_KIBIBYTES,
                    error))
        return FALSE;
    if (ledger->use == LEDGER_DAEMON)
        sqlite3_wal_hook(ledger->db, note_log, ledger);
    return TRUE;
}

/* ---- checks */

static gboolean run_check(Ledger *ledger, const char *sql, GError **error)
{
    sqlite3_stmt *statement = sql_start_values(ledger, error, sql, NULL, 0);
    gboolean good = FALSE;
    SqlStep step;

    if (statement == NULL)
        return FALSE;
    step = sql_step(ledger, statement, error);
    if (step == SQL_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        good = g_strcmp0(text, "ok") == 0;
        if (!good)
            error_bug(error, "ledger %s is damaged: %s", ledger->path,
                      text != NULL ? text : "no memory to say how");
        sql_end(statement);
    }
    return good;
}

/* SQLite has no check with a time limit.  Of a large file only the tables that
 * the daemon can't do without are walked: they are small. */
static gboolean quick_check(Ledger *ledger, GError **error)
{
    struct stat status;

    if (stat(ledger->path, &status) == 0 && status.st_size <= QUICK_CHECK_BYTES)
        return run_check(ledger, "PRAGMA quick_check(1)", error);
    return run_check(ledger, "PRAGMA quick_check(value)", error) &&
           run_check(ledger, "PRAGMA quick_check(contact)", error) &&
           run_check(ledger, "PRAGMA quick_check(exemption)", error);
}

static gboolean check_all(Ledger *own, GError **error)
{
    gint64 row;

    if (!open_connection(own, error) || !run_check(own, "PRAGMA integrity_check(1)", error)
        || !sql_number_values(own, &row, error, "PRAGMA foreign_key_check", NULL, 0))
        return FALSE;
    if (row == -1)
        return TRUE;
    error_bug(error, "ledger %s is damaged: a row points to nothing", own->path);
    return FALSE;
}

/* On a connection of its own: the ledger's users do not wait for it. */
gboolean ledger_check_integrity(Ledger *ledger, GError **error)
{
    Ledger own = { .path = ledger->path, .use = LEDGER_TOOL, .lock = -1 };
    GError *why = NULL;

    own.statements = g_hash_table_new_full(NULL, NULL, NULL, finalize);
    gboolean good = check_all(&own, &why);
    g_hash_table_destroy(own.statements);
    sqlite3_close(own.db);
    if (good)
        return TRUE;
    if (g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_BUG)) {
        pthread_mutex_lock(&ledger->mutex);
        g_free(ledger->damage);
        ledger->damage = g_strdup(why->message);
        pthread_mutex_unlock(&ledger->mutex);
    }
    g_propagate_error(error, why);
    return FALSE;
}

/* ---- the mark of a daemon that has not ended */

static gboolean set_mark(Ledger *ledger, GError **error)
{
    gint64 was;

    if (!ledger_enter(ledger, error))
        return FALSE;
    gboolean ok = sql_number(ledger, &was, error, "SELECT count(*) FROM value WHERE name = ?1",
                             sql_text("ledger-open")) &&
                  sql_run(ledger, error, "INSERT OR REPLACE INTO value VALUES (?1, '1')",
                          sql_text("ledger-open"));
    ledger->unclean = ok && was > 0;
    ledger->marked = ledger_leave(ledger, ok, error);
    return ledger->marked;
}

static void clear_mark(Ledger *ledger)
{
    if (ledger_enter(ledger, NULL))
        ledger_leave(
            ledger,
            sql_run(ledger, NULL, "DELETE FROM value WHERE name = ?1", sql_text("ledger-open")),
            NULL);
}

/* ---- the log */

void ledger_tidy(Ledger *ledger)
{
    if (ledger->log_pages < LOG_PAGES)
        return;
    /* A checkpoint that fails loses nothing: what is committed is in the log. */
    if (sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
        SQLITE_OK)
        ledger->log_pages = 0;
}

gboolean ledger_empty_log(Ledger *ledger, GError **error)
{
    if (sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
        SQLITE_OK) {
        ledger->log_pages = 0;
        return TRUE;
    }
    sql_fault(ledger, "it is deleted, but the log could not be emptied", error);
    return FALSE;
}

/* ---- open and close */

static gboolean prepare_ledger(Ledger *ledger, GError **error)
{
    if (!check_path(ledger, error))
        return FALSE;
    if (ledger->use == LEDGER_DAEMON && (!take_lock(ledger, error) || !create_file(ledger, error)))
        return FALSE;
    /* Identified before anything is set: somebody else's file stays as it is. */
    if (!open_connection(ledger, error) || !ledger_identify(ledger, ledger_n_steps, error) ||
        !set_pragmas(ledger, error) || !ledger_migrate(ledger, ledger_steps, ledger_n_steps, error))
        return FALSE;
    return ledger->use == LEDGER_TOOL || (quick_check(ledger, error) && set_mark(ledger, error));
}

Ledger *ledger_open(const char *path, LedgerUse use, GError **error)
{
    g_autoptr(Ledger) ledger = g_new0(Ledger, 1);

    ledger->path = g_strdup(path);
    ledger->use = use;
    ledger->lock = -1;
    pthread_mutex_init(&ledger->mutex, NULL);
    ledger->claimed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    ledger->statements = g_hash_table_new_full(NULL, NULL, NULL, finalize);
    return prepare_ledger(ledger, error) ? g_steal_pointer(&ledger) : NULL;
}

void ledger_close(Ledger *ledger)
{
    if (ledger == NULL)
        return;
    if (ledger->marked)
        clear_mark(ledger);
    g_hash_table_destroy(ledger->statements);
    g_hash_table_destroy(ledger->claimed);
    sqlite3_close(ledger->db);
    if (ledger->lock >= 0)
        close(ledger->lock); /* the file stays: unlinking it would race with a new daemon */
    pthread_mutex_destroy(&ledger->mutex);
    g_free(ledger->damage);
    g_free(ledger->path);
    g_free(ledger);
}

gboolean ledger_was_unclean(const Ledger *ledger)
{
    return ledger->unclean;
}

/* ---- small values */

char *ledger_get(Ledger *ledger, const char *name)
{
    char *value = NULL;
    sqlite3_stmt *statement;

    pthread_mutex_lock(&ledger->mutex);
    statement = sql_start(ledger, NULL, "SELECT value FROM value WHERE name = ?1", sql_text(name));
    if (statement != NULL && sql_step(ledger, statement, NULL) == SQL_ROW) {
        value = sql_column_text(statement, 0);
        sql_end(statement);
    }
    pthread_mutex_unlock(&ledger->mutex);
    return value;
}

gboolean ledger_set(Ledger *ledger, const char *name, const char *value, GError **error)
{
    if (!ledger_enter(ledger, error))
        return FALSE;
    gboolean ok = value == NULL
                      ? sql_run(ledger, error, "DELETE FROM value WHERE name = ?1", sql_text(name))
                      : sql_run(ledger, error, "INSERT OR REPLACE INTO value VALUES (?1, ?2)",
                                sql_text(name), sql_text(value));
    return ledger_leave(ledger, ok, error);
}
