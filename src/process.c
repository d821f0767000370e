/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The arrows of the design, in order: decide, record, mark. */
#include "process.h"

#include "desk.h"
#include "log.h"
#include "mark.h"
#include "record.h"

#include <string.h>

static void log_lines(const char *queue_id, const GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++)
        log_warning("%s: %s", queue_id, (const char *)g_ptr_array_index(lines, i));
}

static void log_read(const char *queue_id, const Decision *decision, const Recorded *recorded)
{
    const guint none[FATE_N] = { 0 };
    const guint *counts = decision->assignment != NULL ? decision->assignment->counts : none;

    log_info("%s: %s class=%s provenance=%s rows=%u customers=%u notices=%u held=%u exempt=%u "
             "suppressed=%u unassigned=%u unreadable=%u status=%s%s%s%s",
             queue_id, decision->report->subject->ticket, decision->class_id,
             decision->provenance->methods, decision->report->n_events,
             decision_n_customers(decision), recorded->n_notices, counts[FATE_HELD],
             counts[FATE_EXEMPT], counts[FATE_SUPPRESSED], counts[FATE_UNASSIGNED],
             counts[FATE_UNREADABLE], status_name(decision->status),
             decision->mode == MODE_PILOT ? " (pilot)" : "",
             *decision->reason != '\0' ? ": " : "", decision->reason);
    log_lines(queue_id, recorded->problems);
    log_lines(queue_id, recorded->drift);
}

static void log_unread(const Mail *mail, const Decision *decision, const Recorded *recorded)
{
    log_warning("%s: %s %s: %s%s", mail->queue_id,
                decision_subject(decision, mail->subject)->ticket,
                status_name(decision->status), decision->reason,
                recorded->kept ? "" : "; the ledger keeps no more of its kind, see drop and purge");
}

/* The summary is a mail of its own, so its mark is over its own body. */
static void add_mark(Rewrite *rewrite, const Secret *secret, const char *message_id,
                     const char *mark)
{
    gsize size;
    const guint8 *body = g_bytes_get_data(rewrite->body, &size);
    GHmac *id = secret_mark_start(secret, message_id);

    g_hmac_update(id, body, (gssize)size);
    g_autofree char *whole = mark_sign(mark, id);
    g_hmac_unref(id);
    g_ptr_array_add(rewrite->fields, g_strdup_printf(MARK_FIELD ": %s", whole));
}

/* What a handled report is for the desk.  NULL when there is no desk to write to, or it can't
 * be written: the original is as good. */
static Rewrite *summarise(const ProcessContext *context, const Mail *mail,
                          const Decision *decision, const Recorded *recorded, const char *mark)
{
    const Config *config = decision->snapshot->config;
    const Delivery delivery = { recorded->n_notices, recorded->problems, NULL, FALSE };
    gint64 now = g_get_real_time();
    g_autofree char *stamp = g_strdup_printf("%s %" G_GINT64_FORMAT, mail->queue_id, now);
    const NoticeKey key = { mail->subject->ticket, stamp, "", "summary" };
    g_autoptr(GError) error = NULL;

    if (*config->desk == '\0')
        return NULL;
    g_autofree char *message_id = desk_message_id(config, context->secret, &key);
    g_autofree char *subject = desk_subject(decision, &delivery);
    g_autoptr(GBytes) text = desk_write(decision, &delivery, subject, message_id,
                                        now / G_USEC_PER_SEC, &error);
    if (text == NULL) {
        log_error("%s: no summary, the original goes on: %s", mail->queue_id, error->message);
        return NULL;
    }
    Rewrite *rewrite = rewrite_to_summary(text, mail->bytes, config->envelope_from);
    if (rewrite != NULL)
        add_mark(rewrite, context->secret, message_id, mark);
    return rewrite;
}

static Rewrite *become(const Mail *mail, const LedgerClaim *single)
{
    log_info("%s: becomes notice %s to customer %s", mail->queue_id, single->reference,
             single->customer);
    return rewrite_to_mail(single->bytes, single->sender,
                           (const char *const *)single->recipients);
}

/* What is done to the mail itself, of a report that is handled and live; and of one that was to
 * become a notice before. */
static void dispose(const ProcessContext *context, const Mail *mail, const Decision *decision,
                    const Recorded *recorded, Outcome *outcome)
{
    const Config *config = decision->snapshot->config;
    gboolean handled = decision->status == STATUS_HANDLED && decision->mode == MODE_LIVE;

    outcome->handled_to = handled;
    outcome->discard = handled && strcmp(config->disposition, "discard") == 0;
    if (recorded->single != NULL)
        outcome->rewrite = become(mail, recorded->single);
    else if (handled && mail->copy != NULL)
        outcome->rewrite = summarise(context, mail, decision, recorded, outcome->mark);
}

static Outcome *tell(const ProcessContext *context, const Mail *mail, const Decision *decision,
                     const Recorded *recorded)
{
    Outcome *outcome = g_new0(Outcome, 1);

    if (decision->report == NULL) {
        log_unread(mail, decision, recorded);
        outcome->mark = mark_format_unread(decision_subject(decision, mail->subject),
                                            decision->status, decision->reason);
        return outcome;
    }
    log_read(mail->queue_id, decision, recorded);
    outcome->mark = mark_format(decision, recorded->n_notices);
    dispose(context, mail, decision, recorded, outcome);
    outcome->recorded = decision->status != STATUS_DUPLICATE;
    return outcome;
}

Outcome *process_message(const ProcessContext *context, const Mail *mail, GError **error)
{
    gint64 now = g_get_real_time();
    char client[ADDRESS_TEXT_SIZE];
    g_autoptr(Decision) decision
        = decide(context->snapshot, mail->bytes, mail->client, now / G_USEC_PER_SEC,
                 VOUCHED_BY_NOBODY, error);
    if (decision == NULL)
        return NULL;
    const RecordInput input = {
        .ledger = context->ledger, .secret = context->secret, .bytes = mail->bytes,
        .subject = decision_subject(decision, mail->subject), .queue_id = mail->queue_id,
        .client = mail->client != NULL ? address_format(mail->client, client) : "",
        .person = "", .copy = mail->copy, .progress = context->progress,
        .progress_data = context->progress_data,
    };
    Recorded recorded;
    Outcome *outcome = NULL;
    if (record_decision(&input, decision, now, &recorded, error))
        outcome = tell(context, mail, decision, &recorded);
    recorded_clear(&recorded);
    return outcome;
}

void outcome_free(Outcome *outcome)
{
    if (outcome == NULL)
        return;
    g_free(outcome->mark);
    rewrite_free(outcome->rewrite);
    g_free(outcome);
}
