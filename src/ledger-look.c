/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* What a report must know of earlier ones before its rows get their fates.
 *
 * Asked within the transaction that will record the answer's use, so nobody can
 * change it in between.  Questions without an error leave theirs to ledger_commit(). */
#include "ledger-record.h"

#include "errors.h"

#include <string.h>

/* ---- events known under a ticket */

/* Law 4: an event counts as known when another proven report of the ticket has it,
 * unless that one was dropped, or has it only as known itself: else a follow-up
 * that came while the first was held would keep its rows from being told at all. */
gboolean record_load_known(LedgerTransaction *transaction, const char *ticket, GError **error)
{
    Ledger *ledger = transaction->ledger;
    SqlStep step = SQL_FAILED;
    sqlite3_stmt *statement =
        sql_start(ledger, error,
                  "SELECT e.digest FROM report r JOIN event e ON e.report = r.n"
                  " WHERE r.ticket = ?1 AND r.n <> ?2 AND r.digest IS NOT NULL"
                  " AND r.state IN ('done', 'held') AND e.known = 0",
                  sql_word(ticket), sql_int(transaction->report));

    transaction->known =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    while (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        GBytes *digest = sql_column_bytes(statement, 0);
        if (digest != NULL)
            g_hash_table_add(transaction->known, digest);
    }
    return step == SQL_END;
}

gboolean ledger_event_known(LedgerTransaction *transaction, const char *digest)
{
    guint8 bytes[64];
    g_autoptr(GBytes) key = NULL;

    if (transaction->known == NULL)
        return FALSE;
    key = g_bytes_new_static(bytes, record_digest(digest, bytes));
    return g_hash_table_contains(transaction->known, key);
}

/* ---- what the customer was told */

static gboolean read_told(Ledger *ledger, sqlite3_stmt *statement, LedgerTold *told_r,
                          GError **error)
{
    SqlStep step = statement == NULL ? SQL_FAILED : sql_step(ledger, statement, error);

    if (step != SQL_ROW)
        return step == SQL_END;
    told_r->first_seen = sqlite3_column_int64(statement, 0);
    told_r->last_seen = sqlite3_column_int64(statement, 1);
    told_r->last_told = sqlite3_column_int64(statement, 2);
    told_r->last_critical = sqlite3_column_int64(statement, 3);
    told_r->times = (guint)sqlite3_column_int64(statement, 4);
    sql_end(statement);
    return TRUE;
}

gboolean ledger_told(LedgerTransaction *transaction, const char *customer, const char *class_id,
                     const char *subject, LedgerTold *told_r, GError **error)
{
    Ledger *ledger = transaction->ledger;
    GError *failure = NULL;
    sqlite3_stmt *statement;

    *told_r = (LedgerTold){ 0 };
    if (!record_usable(transaction, error))
        return FALSE;
    statement = sql_start(ledger, &failure,
                          "SELECT first_seen, last_seen, last_told, last_critical, times"
                          " FROM told WHERE customer = ?1 AND class = ?2 AND subject = ?3",
                          sql_word(customer), sql_word(class_id), sql_word(subject));
    return record_result(transaction, read_told(ledger, statement, told_r, &failure), failure,
                         error);
}

gboolean ledger_add_told(LedgerTransaction *transaction, const char *customer, const char *class_id,
                         const char *subject, gint64 seen, gint64 now, gboolean critical,
                         GError **error)
{
    GError *failure = NULL;
    gboolean ok;

    if (!record_usable(transaction, error))
        return FALSE;
    if (seen == 0)
        seen = now;
    /* Two rows of one address in one report are one telling. */
    ok = sql_run(transaction->ledger, &failure,
                 "INSERT INTO told VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, 1)"
                 " ON CONFLICT (customer, class, subject) DO UPDATE SET"
                 " first_seen = min(first_seen, ?4), last_seen = max(last_seen, ?4),"
                 " times = times + (last_told <> ?5), last_told = ?5,"
                 " last_critical = iif(?6 > 0, ?6, last_critical)",
                 sql_word(customer), sql_word(class_id), sql_word(subject), sql_int(seen),
                 sql_int(now), sql_int(critical ? now : 0));
    return record_result(transaction, ok, failure, error);
}

/* ---- exemptions, contacts, brakes */

typedef struct {
    Network network;
    char *class_id, *id;
} Exemption;

static void clear_exemption(gpointer data)
{
    g_free(((Exemption *)data)->class_id);
    g_free(((Exemption *)data)->id);
}

static gboolean load_exemptions(LedgerTransaction *transaction, GError **error)
{
    Ledger *ledger = transaction->ledger;
    SqlStep step = SQL_FAILED;
    sqlite3_stmt *statement = sql_start(
        ledger, error,
        "SELECT network, class, n FROM exemption WHERE until > ?1 AND ended = 0 ORDER BY n",
        sql_int(transaction->now));

    transaction->exemptions = g_array_new(FALSE, FALSE, sizeof(Exemption));
    g_array_set_clear_func(transaction->exemptions, clear_exemption);
    while (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        Exemption *exemption;
        g_array_set_size(transaction->exemptions, transaction->exemptions->len + 1);
        exemption =
            &g_array_index(transaction->exemptions, Exemption, transaction->exemptions->len - 1);
        exemption->class_id = sql_column_text(statement, 1);
        exemption->id = g_strdup_printf("X%d", sqlite3_column_int(statement, 2));
        if (!network_parse((const char *)sqlite3_column_text(statement, 0), &exemption->network,
                           error)) {
            sql_end(statement);
            return FALSE;
        }
    }
    return step == SQL_END;
}

char *ledger_exempted(LedgerTransaction *transaction, const Address *address, const char *class_id)
{
    GError *failure = NULL;

    if (!record_usable(transaction, NULL))
        return NULL;
    if (transaction->exemptions == NULL && !load_exemptions(transaction, &failure)) {
        record_result(transaction, FALSE, failure, NULL);
        return NULL;
    }
    for (guint i = 0; i < transaction->exemptions->len; i++) {
        const Exemption *e = &g_array_index(transaction->exemptions, Exemption, i);
        if (network_contains(&e->network, address) &&
            (*e->class_id == '\0' || strcmp(e->class_id, class_id) == 0))
            return g_strdup(e->id);
    }
    return NULL;
}

static gint64 counted(LedgerTransaction *transaction, gboolean ok, gint64 number, GError *failure)
{
    if (ok)
        return number;
    record_result(transaction, FALSE, failure, NULL);
    return 0;
}

gboolean ledger_contact_bounced(LedgerTransaction *transaction, const char *address)
{
    GError *failure = NULL;
    gint64 n = 0;
    g_autofree char *key = g_ascii_strdown(address, -1);

    if (!record_usable(transaction, NULL))
        return FALSE;
    gboolean ok = sql_number(transaction->ledger, &n, &failure,
                             "SELECT count(*) FROM contact WHERE address = ?1", sql_text(key));
    return counted(transaction, ok, n, failure) > 0;
}

guint ledger_notices_since(LedgerTransaction *transaction, gint64 since)
{
    GError *failure = NULL;
    gint64 n = 0;

    if (!record_usable(transaction, NULL))
        return 0;
    gboolean ok =
        sql_number(transaction->ledger, &n, &failure,
                   "SELECT count(*) FROM notice WHERE queued > 0 AND queued >= ?1", sql_int(since));
    return (guint)counted(transaction, ok, n, failure);
}

gboolean ledger_reference_taken(LedgerTransaction *transaction, const char *reference)
{
    GError *failure = NULL;
    gint64 n = 0;

    if (!record_usable(transaction, NULL))
        return FALSE;
    gboolean ok =
        sql_number(transaction->ledger, &n, &failure,
                   "SELECT count(*) FROM notice WHERE reference = ?1", sql_text(reference));
    return counted(transaction, ok, n, failure) > 0;
}

guint64 ledger_doubtful_bytes(LedgerTransaction *transaction)
{
    GError *failure = NULL;
    gint64 n = 0;

    if (!record_usable(transaction, NULL))
        return 0;
    gboolean ok = sql_number_values(transaction->ledger, &n, &failure,
                                    "SELECT (SELECT coalesce(sum(size), 0) FROM report"
                                    " WHERE state = 'unverified') + (SELECT coalesce(sum(size), 0)"
                                    " FROM report WHERE part = 1 AND state IN ('held', 'unread'))",
                                    NULL, 0);
    return (guint64)counted(transaction, ok, n, failure);
}

/* ---- signatures, unproven mails */

/* Dropped ones count too: what a person did not want told is not to come in again by
 * another name. */
char *ledger_signature_elsewhere(LedgerTransaction *transaction, guint *n_r)
{
    Ledger *ledger = transaction->ledger;
    GError *failure = NULL;
    char *ticket = NULL;

    if (!record_usable(transaction, NULL))
        return NULL;
    sqlite3_stmt *statement = sql_start(
        ledger, &failure,
        "SELECT o.ticket, min(o.n), count(*) FROM report r JOIN report o"
        " ON o.signature = r.signature AND o.signature <> '' AND o.ticket <> r.ticket"
        " WHERE r.n = ?1", /* of the row with the least n, as SQLite promises for min() */
        sql_int(transaction->report));
    SqlStep step = statement != NULL ? sql_step(ledger, statement, &failure) : SQL_FAILED;
    *n_r = 0;
    if (step == SQL_ROW) {
        *n_r = (guint)sqlite3_column_int(statement, 2);
        ticket = *n_r > 0 ? sql_column_text(statement, 0) : NULL;
        sql_end(statement);
    }
    record_result(transaction, step != SQL_FAILED, failure, NULL);
    return ticket;
}

guint ledger_unverified_since(LedgerTransaction *transaction, gint64 since)
{
    GError *failure = NULL;
    gint64 n = 0;

    if (!record_usable(transaction, NULL))
        return 0;
    gboolean ok = sql_number(transaction->ledger, &n, &failure,
                             "SELECT count(*) FROM report WHERE state = 'unverified'"
                             " AND received >= ?1 AND n <> ?2",
                             sql_int(since), sql_int(transaction->report));
    return (guint)counted(transaction, ok, n, failure);
}
