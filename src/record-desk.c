/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Decides whether the desk is told of a report, and puts the mail into its transaction. */
#include "record-desk.h"

#include "desk.h"

/* A report that is released is told of a second time, hence the time in the key. */
static gboolean put_in(LedgerTransaction *transaction, const DeskCase *told, const char *subject,
                       GBytes *(*write)(const DeskCase *, const char *, const char *, GError **),
                       GError **error)
{
    const Config *config = told->decision->snapshot->config;
    const Secret *secret = told->input->secret;
    g_autofree char *stamp
        = g_strdup_printf("%s %" G_GINT64_FORMAT, ledger_report_id(transaction), told->now);
    const NoticeKey key = { told->input->subject->ticket, stamp, "", "desk" };
    g_autofree char *id = secret_notice_id(secret, &key);
    /* Nobody types it: as long as can be, so that it is its own. */
    g_autofree char *reference = secret_reference(secret, &key, SECRET_REFERENCE_CHARS_MAX);
    g_autofree char *message_id = desk_message_id(config, secret, &key);
    g_autoptr(GBytes) mail = write(told, subject, message_id, error);
    const char *const to[] = { config->desk, NULL };
    const char *class_id = told->decision->class_id;
    const LedgerNotice row = {
        .id = id, .reference = reference, .customer = "", .group = "desk",
        .class_id = class_id != NULL ? class_id : "", .state = NOTICE_PENDING,
        .sender = config->envelope_from, .recipients = to, .message_id = message_id,
        .subject = subject, .bytes = mail, .template_digest = "",
        .config_digest = config->digest, .due = told->now,
    };

    return mail != NULL && ledger_add_notice(transaction, &row, error);
}

static Delivery delivery_of(const DeskCase *told)
{
    return (Delivery) { told->recorded->n_notices, told->recorded->problems, told->sample,
                        told->new_class };
}

static GBytes *write_report(const DeskCase *told, const char *subject, const char *message_id,
                            GError **error)
{
    const Delivery delivery = delivery_of(told);
    return desk_write(told->decision, &delivery, subject, message_id,
                      told->now / G_USEC_PER_SEC, error);
}

static GBytes *write_unread(const DeskCase *told, const char *subject, const char *message_id,
                            GError **error)
{
    return desk_write_unread(told->decision, told->input->subject, told->input->client, subject,
                             message_id, told->now / G_USEC_PER_SEC, error);
}

/* Of unproven ones the first; of those that are proven and can't be parsed each one. */
static gboolean tell_of_unread(LedgerTransaction *transaction, const DeskCase *told,
                               GError **error)
{
    const Decision *decision = told->decision;
    gint64 since = told->now - RECORD_QUIET_SECS * (gint64)G_USEC_PER_SEC;

    if (*decision->snapshot->config->desk == '\0'
        || (decision->status == STATUS_UNVERIFIED
            && ledger_unverified_since(transaction, since) > 0))
        return TRUE;
    g_autofree char *subject = desk_unread_subject(decision, told->input->subject);
    return put_in(transaction, told, subject, write_unread, error);
}

static gboolean tell_of_report(LedgerTransaction *transaction, const DeskCase *told,
                               GError **error)
{
    const Decision *decision = told->decision;
    const Delivery delivery = delivery_of(told);

    /* Who has just put it on hold himself need not be told. */
    if (!desk_needs_mail(decision, &delivery)
        || (decision->status == STATUS_HELD && *told->input->person != '\0'))
        return TRUE;
    g_autofree char *subject = desk_subject(decision, &delivery);
    return put_in(transaction, told, subject, write_report, error)
        && (!told->new_class || ledger_class_told(transaction, decision->report->class_id, error));
}

gboolean record_tell_desk(LedgerTransaction *transaction, const DeskCase *told, GError **error)
{
    const Decision *decision = told->decision;
    DeskCase whole = *told;

    if (decision->report == NULL)
        return tell_of_unread(transaction, told, error);
    whole.new_class = desk_is_strange(decision)
        && ledger_class_is_new(transaction, decision->report->class_id);
    return tell_of_report(transaction, &whole, error);
}
