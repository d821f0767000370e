/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* One transaction, from the question whether the report is new to its commit.  Notices are
 * rendered within it, a few at a time, so that a report for 20,000 customers needs the memory
 * of these; other reports wait meanwhile, as they would for the disk. */
#include "record.h"

#include "bounce.h"
#include "classes.h"
#include "digest.h"
#include "drift.h"
#include "due.h"
#include "hex.h"
#include "notices.h"
#include "record-desk.h"
#include "record-replay.h"
#include "record-single.h"

#include <string.h>

#define DAY_USECS (24 * (gint64)3600 * G_USEC_PER_SEC)
#define NO_NOTICE 0 /* in Run.notice_of: ids count from 1 */

typedef struct {
    const RecordInput *input;
    Decision *decision;
    Recorded *recorded;
    LedgerTransaction *transaction;
    Due *due;             /* NULL: the rows were not looked at */
    char *digest;         /* half of the report's key, or NULL */
    guint8 (*digests)[REPORT_DIGEST_SIZE]; /* per event; zero: not made yet */
    GPtrArray *ids;       /* of the notices made, char * */
    guint32 *notice_of;   /* per event: index in ids plus 1, or NO_NOTICE */
    GBytes *sample;       /* pilot: the first notice */
    gint64 now, progress_due;
} Run;

static void make_progress(Run *run)
{
    gint64 now = g_get_monotonic_time();
    if (run->input->progress == NULL || now < run->progress_due)
        return;
    run->input->progress(run->input->progress_data);
    run->progress_due = now + G_USEC_PER_SEC;
}

/* ---- the report */

static ReportState state_of(const Decision *decision)
{
    switch (decision->status) {
    case STATUS_HELD:
    case STATUS_OLD:
        return REPORT_HELD;
    case STATUS_UNVERIFIED:
        return REPORT_UNVERIFIED;
    case STATUS_UNREAD:
        return REPORT_UNREAD;
    default:
        return REPORT_DONE;
    }
}

/* Law 4: the digest of the decoded rows; a proven mail without rows is known by its
 * Message-ID or, lacking that, by its bytes.  Law 5: an unproven mail has none, for it
 * must not take the key from the genuine one, unless a person vouches for it.  Caller frees. */
static char *key_digest(const RecordInput *input, const Decision *decision)
{
    const char *message_id = decision->report != NULL ? decision->report->message_id : "";

    if (!decision->provenance->proven && *input->person == '\0')
        return NULL;
    if (decision->assignment != NULL)
        return report_digest(decision->report);
    if (decision->provenance->proven && decision_is_part(decision)
        && *decision->provenance->signature != '\0') /* anybody may have written the Message-ID */
        return g_strdup(decision->provenance->signature);
    if (*message_id == '\0')
        return g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, input->bytes);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, message_id, -1);
}

static LedgerTransaction *begin(Run *run, const char *released, GError **error)
{
    const RecordInput *input = run->input;
    const Decision *decision = run->decision;
    const Report *report = decision->report;
    g_autofree char *class_id = classes_id_of(input->subject);

    run->digest = key_digest(input, decision);
    const LedgerReport row = {
        .ticket = input->subject->ticket, .title = input->subject->title,
        .class_id = decision->class_id != NULL ? decision->class_id : class_id,
        .digest = run->digest,
        .message_id = report != NULL ? report->message_id : "", .queue_id = input->queue_id,
        .status = status_name(decision->status), .reason = decision->reason,
        .provenance = decision->provenance->methods, .evidence = decision->provenance->evidence,
        .mode = mode_name(decision->mode), .critical = report != NULL && decision_is_critical(decision),
        .sent = decision->provenance->dated ? decision->provenance->time * G_USEC_PER_SEC : 0,
        .state = state_of(decision), .client = input->client, .now = run->now,
        .signature = decision->provenance->signature, .part = decision_is_part(decision),
    };

    return ledger_begin(input->ledger, &row, released, input->person, &run->recorded->outcome,
                        error);
}

/* Of a report that is held, and of which only the signed part was proven, comes a copy whose
 * header is proven: it takes the other's place, and who sent that one has stopped nothing.
 * FALSE on failure. */
static gboolean replace_weaker(Run *run, GError **error)
{
    const RecordInput *input = run->input;
    g_autofree char *weaker = NULL;

    if (run->recorded->outcome != LEDGER_DUPLICATE || input->released != NULL
        || !run->decision->provenance->header)
        return TRUE;
    if (!ledger_weaker_copy(input->ledger, input->subject->ticket, run->digest, &weaker, error))
        return FALSE;
    if (weaker == NULL)
        return TRUE;
    ledger_abort(g_steal_pointer(&run->transaction));
    g_clear_pointer(&run->digest, g_free);
    run->transaction = begin(run, weaker, error);
    return run->transaction != NULL;
}

/* ---- notices */

static gint64 last_seen(const Report *report, const guint32 *events, guint n)
{
    gint64 seen = 0;
    for (guint i = 0; i < n; i++)
        if (report->events[events[i]].time_certainty == WHEN_UTC)
            seen = MAX(seen, report->events[events[i]].time);
    return seen * G_USEC_PER_SEC;
}

/* Only what really goes to the customer counts as told. */
static gboolean add_told(Run *run, const char *customer, const guint32 *told, guint n,
                         GError **error)
{
    const Report *report = run->decision->report;
    g_autofree guint32 *events = g_memdup2(told, n * sizeof *events);
    char text[ADDRESS_TEXT_SIZE];

    if (run->decision->mode != MODE_LIVE)
        return TRUE;
    report_sort_by_subject(report, events, n);
    for (guint start = 0, end; start < n; start = end) {
        end = report_subject_run_end(report, events, n, start);
        if (!ledger_add_told(run->transaction, customer, run->decision->class_id,
                             report_subject_text(report, events[start], text),
                             last_seen(report, events + start, end - start), run->now,
                             decision_is_critical(run->decision), error))
            return FALSE;
    }
    return TRUE;
}

static NoticeState notice_state(const Run *run, const Notice *notice)
{
    if (run->decision->mode == MODE_PILOT)
        return NOTICE_PILOT;
    if (single_is(run->input, run->decision, notice))
        return NOTICE_IN_MTA;
    return notice->held != NULL ? NOTICE_HELD : NOTICE_PENDING;
}

static void note_notice(Run *run, const char *id, const guint32 *events, guint n)
{
    g_ptr_array_add(run->ids, g_strdup(id));
    for (guint i = 0; i < n; i++)
        run->notice_of[events[i]] = run->ids->len;
}

static gboolean add_notice(const Notice *notice, gpointer data, GError **error)
{
    Run *run = data;
    const Decision *decision = run->decision;
    const Config *config = decision->snapshot->config;
    g_autofree char *sender
        = bounce_sender(run->input->secret, config->envelope_from, notice->reference);
    const LedgerNotice row = {
        .id = notice->id, .reference = notice->reference, .customer = notice->customer.id,
        .group = notice->group, .class_id = decision->class_id,
        .state = notice_state(run, notice), .sender = sender,
        .recipients = (const char *const *)notice->recipients, .message_id = notice->message_id,
        .subject = notice->subject, .bytes = notice->bytes,
        .template_digest = templates_digest(decision->snapshot->templates),
        .config_digest = config->digest, .customer_line = notice->customer.line,
        .n_events = notice->n_events, .due = run->now, .why = notice->held,
    };

    make_progress(run);
    note_notice(run, notice->id, notice->events, notice->n_events);
    if (row.state == NOTICE_IN_MTA)
        run->recorded->single = single_note(&row);
    run->recorded->n_notices += notice->held == NULL;
    if (run->sample == NULL && decision->mode == MODE_PILOT)
        run->sample = g_bytes_ref(notice->bytes);
    return ledger_add_notice(run->transaction, &row, error)
        && (notice->held != NULL
            || add_told(run, notice->customer.id, notice->events, notice->n_events, error));
}

/* A customer with deliver=digest: his rows go into the notice of the day. */
static gboolean add_to_digest(guint32 customer, const guint32 *events, guint n, gpointer data,
                              GError **error)
{
    Run *run = data;
    const DigestInput input = { run->transaction, run->input->secret, run->decision, run->now };
    g_auto(DigestOutcome) outcome = { .id = NULL };
    Customer whose;

    make_progress(run);
    if (!digest_add_customer(&input, customer, events, n, &outcome, error))
        return FALSE;
    if (outcome.id == NULL) {
        for (guint i = 0; i < n; i++)
            assignment_withdraw(run->decision->assignment, events[i], FATE_HELD,
                                REASON_NOTICE_HELD);
        g_ptr_array_add(run->recorded->problems, g_steal_pointer(&outcome.problem));
        return TRUE;
    }
    note_notice(run, outcome.id, events, n);
    run->recorded->n_notices += outcome.begun;
    customers_get(run->decision->snapshot->customers, customer, &whose);
    return add_told(run, whose.id, events, n, error);
}

static gboolean reference_taken(const char *reference, gpointer data)
{
    return ledger_reference_taken(((Run *)data)->transaction, reference);
}

static gboolean contact_bounced(const char *address, gpointer data)
{
    return ledger_contact_bounced(((Run *)data)->transaction, address);
}

static void add_history(Run *run, const Notice *notice, guint32 event, History *history)
{
    char text[ADDRESS_TEXT_SIZE];
    LedgerTold told;

    /* A failure is the transaction's, and stops its commit. */
    if (!ledger_told(run->transaction, notice->customer.id, run->decision->class_id,
                     report_subject_text(run->decision->report, event, text), &told, NULL)
        || told.times == 0)
        return;
    history->first_seen = history->times == 0 ? told.first_seen
                                              : MIN(history->first_seen, told.first_seen);
    history->last_seen = MAX(history->last_seen, told.last_seen);
    history->last_told = MAX(history->last_told, told.last_told);
    history->times = MAX(history->times, told.times);
}

/* Most customers hear of an address for the first time: nothing is asked then. */
static gboolean find_history(const Notice *notice, History *history_r, gpointer data)
{
    Run *run = data;
    const DueGroup *group = &run->due->groups[notice->group_index];
    const Report *report = run->decision->report;

    *history_r = (History) { .n_open = group->n_open, .open_since = group->open_since };
    if (group->told_before) {
        g_autofree guint32 *events
            = g_memdup2(notice->events, notice->n_events * sizeof *events);
        report_sort_by_subject(report, events, notice->n_events);
        for (guint i = 0; i < notice->n_events;
             i = report_subject_run_end(report, events, notice->n_events, i))
            add_history(run, notice, events[i], history_r);
    }
    return group->told_before || group->n_open > 0;
}

/* Law 8: unusually many in a day wait for somebody to look, unless he has. */
static gboolean brake(Run *run, gboolean follow_up, GError **error)
{
    Decision *decision = run->decision;
    guint limit = decision->snapshot->config->brake_notices;
    guint before = ledger_notices_since(run->transaction, run->now - DAY_USECS);

    if (limit == 0 || run->due->n_notices == 0 || run->input->released != NULL
        || decision->mode == MODE_PILOT || (guint64)before + run->due->n_notices <= limit)
        return TRUE;
    guint n = run->due->n_notices;
    g_clear_pointer(&run->due, due_free);
    if (!decision_hold(decision, error,
                       "%u notices, and %u within a day before: more than brake-notices=%u", n,
                       before, limit))
        return FALSE;
    run->due = due_decide(run->transaction, decision, follow_up, run->now, error);
    return run->due != NULL;
}

static int compare_customers(gconstpointer a, gconstpointer b, gpointer customers)
{
    Customer left, right;

    customers_get(customers, ((const CustomerGroup *)a)->customer, &left);
    customers_get(customers, ((const CustomerGroup *)b)->customer, &right);
    return strcmp(left.id, right.id);
}

/* By customer, as the ledger remembers what was told: each of its pages is then touched
 * once.  A page that is written twice makes SQLite read the log again from there. */
static void sort_groups(const Decision *decision)
{
    g_qsort_with_data(decision->assignment->groups, (int)decision->assignment->n_groups,
                      sizeof *decision->assignment->groups, compare_customers,
                      decision->snapshot->customers);
}

/* This thread takes one. */
static guint spare_processors(void)
{
    return g_get_num_processors() - 1;
}

static gboolean add_notices(Run *run, GError **error)
{
    Decision *decision = run->decision;
    guint n = MAX(decision->report->n_events, 1);

    sort_groups(decision);
    run->notice_of = g_new0(guint32, n);
    run->digests = g_malloc0_n(n, sizeof *run->digests);
    gboolean follow_up = run->recorded->outcome == LEDGER_FOLLOW_UP;
    const NoticeOrder order = {
        .secret = run->input->secret, .now = run->now / G_USEC_PER_SEC, .sink = add_notice,
        .data = run, .digest = add_to_digest,
        .memory = { reference_taken, contact_bounced, find_history, run },
        .problems = run->recorded->problems, .report_digest = run->digest,
        .event_digests = run->digests, .threads = spare_processors(),
    };

    run->due = due_decide(run->transaction, decision, follow_up, run->now, error);
    if (run->due == NULL || !brake(run, follow_up, error)
        || !notices_make(decision, &order, error))
        return FALSE;
    decision_settle(decision);
    return assignment_check(decision->assignment, error);
}

/* ---- rows */

/* In hex.  The writers of notices have made those of the rows in them. */
static void format_digest(const Run *run, guint i, char text_r[2 * REPORT_DIGEST_SIZE + 1])
{
    static const guint8 none[REPORT_DIGEST_SIZE];

    if (memcmp(run->digests[i], none, sizeof none) == 0)
        report_event_digest(run->decision->report, i, run->digests[i]);
    hex_format(run->digests[i], REPORT_DIGEST_SIZE, text_r);
}

static gboolean add_event(const Run *run, guint i, GError **error)
{
    const Decision *decision = run->decision;
    const Report *report = decision->report;
    const Event *event = &report->events[i];
    const EventFate *fate = &decision->assignment->fates[i];
    guint32 notice = run->notice_of != NULL ? run->notice_of[i] : NO_NOTICE;
    char text[ADDRESS_TEXT_SIZE], digest[2 * REPORT_DIGEST_SIZE + 1];
    static const Address none;
    Customer customer = { .id = "" };

    format_digest(run, i, digest);
    if (fate->customer != NO_CUSTOMER)
        customers_get(decision->snapshot->customers, fate->customer, &customer);
    const LedgerEvent row = {
        .row = i, .digest = digest, .fate = fate->fate, .reason = fate->reason,
        .address = address_equal(&event->address, &none) ? ""
                                                         : address_format(&event->address, text),
        .account = report->account_column >= 0 && !event->unreadable ? report_account(report, i)
                                                                     : "",
        .time = event->time_certainty == WHEN_UTC ? event->time * G_USEC_PER_SEC : 0,
        .customer = customer.id,
        .notice = notice != NO_NOTICE ? g_ptr_array_index(run->ids, notice - 1) : "",
    };
    return ledger_add_event(run->transaction, &row, error);
}

static gboolean add_events(Run *run, guint *n_r, GError **error)
{
    const Decision *decision = run->decision;

    *n_r = decision->assignment != NULL ? decision->assignment->n_events : 0;
    for (guint i = 0; i < *n_r; i++)
        if (!add_event(run, i, error))
            return FALSE;
    return TRUE;
}

/* ---- all of it */

/* Of a report that is run again it was learnt when it came. */
static gboolean learn(const Run *run, GError **error)
{
    return run->input->released != NULL
        || drift_learn(run->transaction, run->decision, run->recorded->drift, error);
}

static gboolean fill(Run *run, GError **error)
{
    const Decision *decision = run->decision;
    ReportState state;
    guint n_rows;

    if (decision->assignment != NULL && !add_notices(run, error))
        return FALSE;
    const DigestInput day = { run->transaction, run->input->secret, decision, run->now };
    const DeskCase told = { run->input, decision, run->recorded, run->sample, run->now, FALSE };
    if (!record_tell_desk(run->transaction, &told, error)
        || !single_keep_original(run->transaction, &told, error))
        return FALSE;
    if (decision->assignment != NULL && !digest_add_desk(&day, error))
        return FALSE;
    if (!add_events(run, &n_rows, error) || !learn(run, error))
        return FALSE;
    state = state_of(decision);
    if (state != REPORT_DONE
        && !ledger_keep_waiting(run->transaction, decision->reason, run->input->bytes, error))
        return FALSE;
    /* Law 3: who asked is answered when this is on disk, and never before. */
    return ledger_commit(run->transaction, n_rows, status_name(decision->status), state, error);
}

/* Law 4: the ledger has this report already; nothing is made of this copy. */
static void call_duplicate(Run *run)
{
    g_free(run->decision->reason);
    run->decision->reason = g_strdup("");
    run->decision->status = STATUS_DUPLICATE;
}

static gboolean record(Run *run, GError **error)
{
    gboolean known;

    run->transaction = begin(run, run->input->released, error);
    if (run->transaction == NULL || !replace_weaker(run, error))
        return FALSE;
    if (run->recorded->outcome == LEDGER_DUPLICATE) {
        call_duplicate(run);
        return single_repeat(run->input, run->decision, run->digest, run->now,
                             &run->recorded->single, error);
    }
    if (run->input->why != NULL)
        ledger_explain(run->transaction, run->input->why);
    if (!replay_hold(run->transaction, run->input, run->decision, &known, error))
        return FALSE;
    if (known)
        return replay_note(run->transaction, run->decision, error);
    run->recorded->kept = replay_has_room(run->transaction, run->input, run->decision);
    return !run->recorded->kept || fill(run, error);
}

gboolean record_decision(const RecordInput *input, Decision *decision, gint64 now,
                         Recorded *recorded_r, GError **error)
{
    Run run = { .input = input, .decision = decision, .recorded = recorded_r, .now = now };

    *recorded_r = (Recorded) { .kept = TRUE };
    recorded_r->problems = g_ptr_array_new_with_free_func(g_free);
    recorded_r->drift = g_ptr_array_new_with_free_func(g_free);
    run.ids = g_ptr_array_new_with_free_func(g_free);
    gboolean done = record(&run, error);
    ledger_abort(run.transaction); /* after a commit it only frees */
    g_clear_pointer(&run.due, due_free);
    g_clear_pointer(&run.sample, g_bytes_unref);
    g_ptr_array_unref(run.ids);
    g_free(run.notice_of);
    g_free(run.digests);
    g_free(run.digest);
    return done;
}

void recorded_clear(Recorded *recorded)
{
    g_clear_pointer(&recorded->single, ledger_claim_free);
    g_clear_pointer(&recorded->problems, g_ptr_array_unref);
    g_clear_pointer(&recorded->drift, g_ptr_array_unref);
}
