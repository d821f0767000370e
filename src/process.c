/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The arrows of the design, in order: message, decision, notices, desk, mark.
 *
 * Until there is a ledger the notices are handed over before the MTA is
 * answered.  What fails for the time being before the first one went out makes
 * the MTA try again; after that the mail is accepted and what is left is told to
 * the desk, because a second try would mail the first customers twice. */
#include "process.h"

#include "desk.h"
#include "errors.h"
#include "log.h"
#include "mark.h"
#include "notices.h"

/* The host that hands in the report waits ten minutes for its 250 and then sends it
 * again, which would mail everybody twice: what is not handed over by now goes to
 * the desk. */
#define PROCESS_SECS (4 * 60)
#define PROCESS_FAILURES_MAX 3 /* in a row: then the MTA is taken for gone */

typedef struct {
    const ProcessContext *context;
    const Config *config;
    const char *queue_id;
    Decision *decision;
    Delivery delivery;
    gboolean broken; /* the MTA has gone away: hand over nothing more */
    gint64 progress_due;
    gint64 deadline; /* of g_get_monotonic_time() */
    guint failures;  /* for the time being, in a row */
    GError *why;     /* the first of them */
} Run;

/* Law 1: rows whose notice did not go out are not notified. */
static void note_problem(Run *run, const Notice *notice, const char *what, const char *why)
{
    g_autofree char *to = g_strjoinv(", ", notice->recipients);
    for (guint i = 0; i < notice->n_events; i++)
        assignment_hold_event(run->decision->assignment, notice->events[i], REASON_NOT_SENT);
    g_ptr_array_add(run->delivery.problems,
                    g_strdup_printf("notice %s to customer %s <%s>, %u rows, %s: %s",
                                    notice->reference, notice->customer.id, to, notice->n_events,
                                    what, why));
}

static void make_progress(Run *run)
{
    gint64 now = g_get_monotonic_time();
    if (run->context->progress == NULL || now < run->progress_due)
        return;
    run->context->progress(run->context->progress_data);
    run->progress_due = now + G_USEC_PER_SEC;
}

static gboolean keep_sample(const Notice *notice, gpointer data, GError **error G_GNUC_UNUSED)
{
    Run *run = data;
    make_progress(run);
    run->delivery.made++;
    if (run->delivery.sample == NULL)
        run->delivery.sample = g_bytes_ref(notice->bytes);
    return TRUE;
}

static gboolean hand_over(const Notice *notice, gpointer data, GError **error G_GNUC_UNUSED)
{
    Run *run = data;
    g_autoptr(GError) why = NULL;
    g_autofree char *reply = NULL;

    make_progress(run);
    run->delivery.made++;
    if (!run->broken && g_get_monotonic_time() > run->deadline)
        run->broken = TRUE;
    if (run->broken) {
        note_problem(run, notice, "not handed over", "the MTA failed before, or took too long");
        return TRUE;
    }
    if (submit_mail(run->context->submitter, run->config->envelope_from,
                    (const char *const *)notice->recipients, notice->bytes, &reply, &why)) {
        run->delivery.handed_over++;
        run->failures = 0;
        log_info("%s: notice %s to customer %s: %s", run->queue_id, notice->reference,
                 notice->customer.id, reply != NULL ? reply : "handed over");
        return TRUE;
    }
    if (g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        note_problem(run, notice, "refused", why->message);
        return TRUE;
    }
    /* One customer's 4yz is his alone; several in a row are the MTA's. */
    run->broken = ++run->failures >= PROCESS_FAILURES_MAX;
    note_problem(run, notice, "not handed over", why->message);
    if (run->why == NULL)
        run->why = g_steal_pointer(&why);
    return TRUE;
}

/* FALSE only while nothing has been sent: then the MTA tries again, for whatever
 * reason the desk could not be told. */
static gboolean tell_desk(Run *run, const Decision *decision, gint64 now, GError **error)
{
    g_autoptr(GError) why = NULL;
    const char *const to[] = { run->config->desk, NULL };

    if (!desk_needs_mail(decision, &run->delivery))
        return TRUE;
    g_autoptr(GBytes) mail = desk_write(decision, &run->delivery, run->context->secret, now, &why);
    if (mail != NULL
        && submit_mail(run->context->submitter, run->config->envelope_from, to, mail, NULL, &why))
        return TRUE;
    /* With no notice lost, a desk that refuses mail for good still gets the original. */
    if (run->delivery.handed_over == 0
        && (run->delivery.problems->len > 0
            || !g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_INPUT))) {
        error_temporary(error, "the desk could not be told: %s", why->message);
        return FALSE;
    }
    log_error("%s: the desk could not be told: %s", run->queue_id, why->message);
    return TRUE;
}

static void log_problems(const Run *run)
{
    for (guint i = 0; i < run->delivery.problems->len; i++)
        log_warning("%s: %s", run->queue_id,
                    (const char *)g_ptr_array_index(run->delivery.problems, i));
}

static void log_decision(const Run *run, const Decision *decision)
{
    const guint none[FATE_N] = { 0 };
    const guint *counts = decision->assignment != NULL ? decision->assignment->counts : none;

    log_info("%s: %s class=%s provenance=%s rows=%u customers=%u notices=%u handed-over=%u "
             "held=%u exempt=%u unassigned=%u unreadable=%u status=%s%s%s%s",
             run->queue_id, decision->report->subject->ticket, decision->class_id,
             decision->provenance->methods, decision->report->n_events,
             decision_n_customers(decision), run->delivery.made, run->delivery.handed_over,
             counts[FATE_HELD], counts[FATE_EXEMPT], counts[FATE_UNASSIGNED],
             counts[FATE_UNREADABLE], status_name(decision->status),
             decision->mode == MODE_PILOT ? " (pilot)" : "",
             *decision->reason != '\0' ? ": " : "", decision->reason);
}

/* Make, hand over, tell the desk; FALSE: the MTA must try again. */
static gboolean deliver(Run *run, Decision *decision, GError **error)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    NoticeSink sink = decision->mode == MODE_PILOT ? keep_sample : hand_over;

    run->decision = decision;
    if (decision->report == NULL)
        return TRUE;
    if (!notices_make(decision, run->context->secret, now, sink, run, run->delivery.problems,
                      error))
        return FALSE;
    if (run->why != NULL && run->delivery.handed_over == 0) {
        /* Law 3, until there is a ledger: nothing has been sent, so it can be tried again. */
        g_propagate_error(error, g_steal_pointer(&run->why));
        return FALSE;
    }
    if (run->delivery.problems->len > 0 && decision->status == STATUS_HANDLED)
        decision->status = STATUS_ATTENTION;
    log_problems(run);
    return tell_desk(run, decision, now, error);
}

static Outcome *outcome_new(char *mark, gboolean handled_to)
{
    Outcome *outcome = g_new0(Outcome, 1);
    outcome->mark = mark;
    outcome->handled_to = handled_to;
    return outcome;
}

static Outcome *finish(const Run *run, const Mail *mail, const Decision *decision)
{
    guint notices
        = decision->mode == MODE_PILOT ? run->delivery.made : run->delivery.handed_over;

    if (decision->report == NULL) {
        log_warning("%s: %s unverified: %s", run->queue_id, mail->subject->ticket,
                    decision->reason);
        return outcome_new(
            mark_format_unread(mail->subject, decision->status, decision->reason), FALSE);
    }
    log_decision(run, decision);
    return outcome_new(mark_format(decision, notices),
                       decision->status == STATUS_HANDLED && decision->mode == MODE_LIVE);
}

static Outcome *run_message(Run *run, const Mail *mail, GError **error)
{
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(Decision) decision
        = decide(run->context->snapshot, mail->bytes, mail->client, now, FALSE, error);

    if (decision == NULL || !deliver(run, decision, error))
        return NULL;
    return finish(run, mail, decision);
}

/* A proven report that can't be parsed at all: a person must read it, and the mark
 * says so. */
static Outcome *give_up(const Mail *mail, const GError *why)
{
    log_warning("%s: %s held: %s", mail->queue_id, mail->subject->ticket, why->message);
    return outcome_new(mark_format_unread(mail->subject, STATUS_HELD, why->message), FALSE);
}

Outcome *process_message(const ProcessContext *context, const Mail *mail, GError **error)
{
    Run run = { .context = context, .config = context->snapshot->config,
                .queue_id = mail->queue_id,
                .deadline = g_get_monotonic_time() + PROCESS_SECS * G_USEC_PER_SEC };
    g_autoptr(GError) why = NULL;

    run.delivery.problems = g_ptr_array_new_with_free_func(g_free);
    Outcome *outcome = run_message(&run, mail, &why);
    g_clear_pointer(&run.delivery.sample, g_bytes_unref);
    g_ptr_array_unref(run.delivery.problems);
    g_clear_error(&run.why);
    if (outcome != NULL)
        return outcome;
    if (g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_INPUT))
        return give_up(mail, why);
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

void outcome_free(Outcome *outcome)
{
    if (outcome == NULL)
        return;
    g_free(outcome->mark);
    g_free(outcome);
}
