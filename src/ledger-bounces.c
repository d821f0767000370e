/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Notices that came back, and the contacts that nothing reaches any more.
 *
 * Refused: a bounce of what was never handed over, and the mark of a contact that the
 * notice did not go to. */
#include "ledger-sql.h"

#include "errors.h"

/* The recipient among the notice's own: who has one customer's tag must not mark
 * another's contact.  A sole recipient may have been forwarded under another name. */
static gboolean mark_contacts(Ledger *ledger, gint64 n, const char *recipient, const char *status,
                              gint64 now, GError **error)
{
    g_autofree char *text = NULL, *key = NULL;
    g_auto(GStrv) recipients = NULL;
    sqlite3_stmt *statement =
        sql_start(ledger, error, "SELECT recipients FROM notice WHERE n = ?1", sql_int(n));
    SqlStep step = statement == NULL ? SQL_FAILED : sql_step(ledger, statement, error);

    if (step != SQL_ROW)
        return step == SQL_END;
    text = sql_column_text(statement, 0);
    sql_end(statement);
    recipients = g_strsplit(text, "\n", -1);
    for (guint i = 0; recipients[i] != NULL && key == NULL; i++)
        if (recipient != NULL && g_ascii_strcasecmp(recipients[i], recipient) == 0)
            key = g_ascii_strdown(recipient, -1);
    if (key == NULL && g_strv_length(recipients) == 1 && *recipients[0] != '\0')
        key = g_ascii_strdown(recipients[0], -1);
    return key == NULL ||
           sql_run(ledger, error,
                   "INSERT INTO contact SELECT ?1, customer, reference, ?2, ?3 FROM notice"
                   " WHERE n = ?4 ON CONFLICT (address) DO NOTHING",
                   sql_text(key), sql_word(status), sql_int(now), sql_int(n));
}

static gboolean bounce(Ledger *ledger, const LedgerNoticeRow *row, const char *recipient,
                       const char *status, gint64 now, GError **error)
{
    g_autofree char *why =
        g_strdup_printf("%s: %s", recipient != NULL ? recipient : "", status != NULL ? status : "");
    LedgerChange change = { .time = now,
                            .notice = row->n,
                            .from = notice_state_name(row->state),
                            .to = notice_state_name(NOTICE_BOUNCED),
                            .why = why };

    return sql_run(ledger, error,
                   "UPDATE notice SET state = 'bounced', bounce = ?2, changed = ?3 WHERE n = ?1",
                   sql_int(row->n), sql_word(status), sql_int(now)) &&
           ledger_note(ledger, &change, error);
}

static gboolean check_bounce(const LedgerNoticeRow *row, const char *reference, GError **error)
{
    if (row->n != -1 && (row->state == NOTICE_HANDED_OVER || row->state == NOTICE_BOUNCED
                         || row->state == NOTICE_IN_MTA))
        return TRUE;
    if (row->n == -1)
        error_input(error, "there is no notice %s", reference);
    else if (row->state == NOTICE_PENDING) /* back before our mark: let the MTA retry it */
        error_temporary(error, "notice %s is not yet marked as handed over", reference);
    else
        error_input(error, "notice %s is %s: it was never handed over", reference,
                    notice_state_name(row->state));
    return FALSE;
}

gboolean ledger_bounced(Ledger *ledger, const char *reference, const char *recipient,
                        const char *status, gboolean for_good, gint64 now, gboolean *first_r,
                        GError **error)
{
    LedgerNoticeRow row = { .n = -1 };
    gboolean ok;

    *first_r = FALSE;
    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = ledger_find_notice(ledger, reference, now, &row, error) &&
         check_bounce(&row, reference, error);
    if (ok && row.state != NOTICE_BOUNCED)
        *first_r = ok = bounce(ledger, &row, recipient, status, now, error);
    if (ok && for_good)
        ok = mark_contacts(ledger, row.n, recipient, status, now, error);
    ok = ledger_leave(ledger, ok, error);
    *first_r = *first_r && ok;
    return ok;
}

gboolean ledger_contact_ok(Ledger *ledger, const char *address, const char *person, gint64 now,
                           GError **error)
{
    g_autofree char *key = g_ascii_strdown(address, -1);
    LedgerChange change = {
        .time = now, .item = key, .from = "bounced", .to = "ok", .person = person
    };
    gboolean ok;

    if (!ledger_enter(ledger, error))
        return FALSE;
    ok = sql_run(ledger, error, "DELETE FROM contact WHERE address = ?1", sql_text(key));
    if (ok && sql_changes(ledger) == 0) {
        error_input(error, "no mail to %s has bounced for good", address);
        ok = FALSE;
    }
    return ledger_leave(ledger, ok && ledger_note(ledger, &change, error), error);
}

gboolean ledger_contact_is_bounced(Ledger *ledger, const char *address, gboolean *bounced_r,
                                   GError **error)
{
    g_autofree char *key = g_ascii_strdown(address, -1);
    gint64 n = 0;
    gboolean ok;

    pthread_mutex_lock(&ledger->mutex);
    ok = sql_number(ledger, &n, error, "SELECT count(*) FROM contact WHERE address = ?1",
                    sql_text(key));
    pthread_mutex_unlock(&ledger->mutex);
    *bounced_r = ok && n > 0;
    return ok;
}

/* ---- what is known of a notice */

void ledger_notice_info_free(LedgerNoticeInfo *info)
{
    if (info == NULL)
        return;
    g_free(info->id);
    g_free(info->reference);
    g_free(info->customer);
    g_free(info->group);
    g_free(info->class_id);
    g_free(info->message_id);
    g_free(info->report);
    g_free(info->ticket);
    g_free(info->mode);
    g_strfreev(info->recipients);
    g_free(info);
}

static LedgerNoticeInfo *read_info(sqlite3_stmt *statement)
{
    LedgerNoticeInfo *info = g_new0(LedgerNoticeInfo, 1);
    const char *recipients = (const char *)sqlite3_column_text(statement, 7);

    info->id = sql_column_text(statement, 0);
    info->reference = sql_column_text(statement, 1);
    info->customer = sql_column_text(statement, 2);
    info->group = sql_column_text(statement, 3);
    info->class_id = sql_column_text(statement, 4);
    info->message_id = sql_column_text(statement, 5);
    info->state = (NoticeState)notice_state_parse((const char *)sqlite3_column_text(statement, 6));
    info->recipients = g_strsplit(recipients != NULL ? recipients : "", "\n", -1);
    info->handed_over = sqlite3_column_int64(statement, 8);
    info->report = sql_column_text(statement, 9);
    info->ticket = sql_column_text(statement, 10);
    info->mode = sql_column_text(statement, 11);
    return info;
}

LedgerNoticeInfo *ledger_notice_info(Ledger *ledger, const char *id, GError **error)
{
    LedgerNoticeInfo *info = NULL;
    sqlite3_stmt *statement;
    SqlStep step = SQL_FAILED;

    pthread_mutex_lock(&ledger->mutex);
    statement = sql_start(ledger, error,
                          "SELECT n.id, n.reference, n.customer, n.grouped, n.class,"
                          " n.message_id, n.state, n.recipients, n.handed_over, r.id,"
                          " coalesce(r.ticket, ''), coalesce(r.mode, '')"
                          " FROM notice n LEFT JOIN report r ON r.n = n.report"
                          " WHERE n.id = ?1 OR n.reference = ?1 LIMIT 1",
                          sql_text(id));
    if (statement != NULL && (step = sql_step(ledger, statement, error)) == SQL_ROW) {
        info = read_info(statement);
        sql_end(statement);
    }
    pthread_mutex_unlock(&ledger->mutex);
    if (step == SQL_END)
        error_input(error, "there is no notice %s", id);
    return info;
}
