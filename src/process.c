/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The arrows of the design, in order: decide, record, mark. */
#include "process.h"

#include "log.h"
#include "mark.h"
#include "record.h"

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

static Outcome *tell(const Mail *mail, const Decision *decision, const Recorded *recorded)
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
    outcome->handled_to = decision->status == STATUS_HANDLED && decision->mode == MODE_LIVE;
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
        .person = "", .progress = context->progress, .progress_data = context->progress_data,
    };
    Recorded recorded;
    Outcome *outcome = NULL;
    if (record_decision(&input, decision, now, &recorded, error))
        outcome = tell(mail, decision, &recorded);
    recorded_clear(&recorded);
    return outcome;
}

void outcome_free(Outcome *outcome)
{
    if (outcome == NULL)
        return;
    g_free(outcome->mark);
    g_free(outcome);
}
