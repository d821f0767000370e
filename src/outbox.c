/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The workers that hand over.  A worker claims no more than it may send, gives back
 * what it can't, and waits while the ledger takes no marks: what was handed over and
 * not marked is all that a crash can repeat.  pthread and not GLib's locks, which the
 * thread sanitizer can't see into. */
#include "outbox-internal.h"

#include "errors.h"
#include "log.h"
#include "outbox-sign.h"

#include <time.h>

#define TROUBLE_SECS 5     /* pause when the ledger does not answer */
#define IDLE_USECS SECS(1) /* at least so long between two looks that find nothing */

/* No mail is begun that might not end within the lease. */
#define CLAIM_SECS (LEDGER_LEASE_SECS - SUBMIT_MAIL_SECS - 2 * LEDGER_BUSY_MSECS / 1000)

/* What a worker may claim now. */
typedef struct {
    guint max, tokens;
    gboolean probe; /* the MTA was away: one notice, and nobody else */
} Permit;

/* ---- permits */

/* The MTA was away: when its time has come, who asks first tries it.  The lock is
 * held, in all of these. */
static gboolean may_try(Outbox *outbox, gint64 now, Permit *permit, gint64 *wait_r)
{
    if (outbox->away_secs == 0)
        return TRUE;
    *wait_r = outbox->probing ? SECS(OUTBOX_SLICE_SECS) : outbox->away_until - now;
    permit->probe = !outbox->probing && *wait_r <= 0;
    permit->max = 1;
    return permit->probe;
}

/* Tokens are taken before the claim, so that no claim waits for the throttle. */
static gboolean take_permit(Outbox *outbox, Permit *permit_r, gint64 *wait_r)
{
    gint64 now = g_get_monotonic_time();

    *permit_r = (Permit) { .max = OUTBOX_BATCH };
    *wait_r = SECS(OUTBOX_SLICE_SECS);
    if (outbox->submitter == NULL || outbox->marks_fail || outbox->unmarked >= OUTBOX_UNMARKED_MAX
        || !may_try(outbox, now, permit_r, wait_r))
        return FALSE;
    guint per_minute = outbox->snapshot->config->throttle_per_minute;
    permit_r->max = throttle_take(&outbox->throttle, per_minute, permit_r->max, now, wait_r);
    permit_r->tokens = per_minute > 0 ? permit_r->max : 0;
    outbox->probing = outbox->probing || (permit_r->probe && permit_r->max > 0);
    return permit_r->max > 0;
}

static void return_permit(Outbox *outbox, const Permit *permit)
{
    throttle_give_back(&outbox->throttle, permit->tokens);
    if (permit->probe)
        outbox->probing = FALSE;
    pthread_cond_broadcast(&outbox->work);
}

static void note_mta(Outbox *outbox, gboolean away, const char *why)
{
    gboolean news = away != (outbox->away_secs > 0);

    outbox->away_secs = !away ? 0
        : news                ? OUTBOX_AWAY_SECS
                              : MIN(2 * outbox->away_secs, OUTBOX_AWAY_MAX_SECS);
    outbox->away_until = g_get_monotonic_time() + SECS(outbox->away_secs);
    if (news) { /* rare: logging may wait for syslog */
        if (away)
            log_warning("outbox: the MTA is away, notices wait: %s", why);
        else
            log_info("outbox: the MTA is back");
        pthread_cond_broadcast(&outbox->work);
    }
}

/* ---- one notice */

static void tell(const LedgerClaim *claim, const Result *result)
{
    g_autofree char *to = g_strjoinv(",", claim->recipients);
    g_autofree char *again = result->state == NOTICE_PENDING
        ? g_strdup_printf(", again-in=%" G_GINT64_FORMAT "s",
                          (result->due - g_get_real_time() + SECS(1) / 2) / SECS(1))
        : g_strdup("");
    (result->state == NOTICE_FAILED ? log_warning : log_info)(
        "%s: to=<%s>, customer=%s, attempt=%u, said=%s, state=%s%s", claim->reference, to,
        claim->customer, claim->attempts + 1, result->reply, notice_state_name(result->state),
        again);
}

/* What the MTA said makes the next state. */
static Result *judge(Worker *worker, const LedgerClaim *claim, const SubmitReply *reply,
                     const GError *why)
{
    Result *result = g_new0(Result, 1);

    result->worker = worker;
    result->id = g_strdup(claim->id);
    result->reference = g_strdup(claim->reference);
    result->queue_id = outbox_queue_id(why == NULL ? reply->text : NULL);
    result->reply = g_strdup(reply->text != NULL ? reply->text : why != NULL ? why->message : "");
    if (why == NULL)
        result->state = NOTICE_HANDED_OVER;
    else if (!g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY))
        result->state = NOTICE_FAILED;
    else
        result->state = outbox_after_failure(claim->attempts + 1, claim->created,
                                             g_get_real_time(), &result->due);
    return result;
}

/* The lock is held. */
static void add_result(Outbox *outbox, Result *result)
{
    g_ptr_array_add(outbox->results, result);
    result->worker->unmarked++;
    outbox->unmarked++;
    outbox->in_hand--;
    if (outbox->results->len == 1 || outbox->results->len >= OUTBOX_BATCH || outbox->in_hand == 0)
        pthread_cond_signal(&outbox->marks);
}

typedef enum {
    HANDED, /* there is a result */
    AWAY,   /* likewise, and the MTA is away */
    UNTRIED /* nobody was there to ask: it is as if the notice had not been claimed */
} Handing;

/* The lock is held, but not while the MTA is asked. */
static Handing hand_over(Worker *worker, const LedgerClaim *claim, gboolean probe)
{
    Outbox *outbox = worker->outbox;
    g_autoptr(Submitter) submitter = submitter_ref(outbox->submitter);
    g_auto(SubmitReply) reply = { .text = NULL };
    g_autoptr(GError) why = NULL;
    Result *result = NULL;

    pthread_mutex_unlock(&outbox->lock);
    submit_mail(submitter, claim->sender, (const char *const *)claim->recipients, claim->bytes,
                &reply, &why);
    gboolean away = g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_TEMPORARY)
        && reply.trouble != SUBMIT_THIS_MAIL;
    gboolean tried = !away || reply.trouble != SUBMIT_UNREACHED;
    if (tried) {
        result = judge(worker, claim, &reply, why);
        tell(claim, result);
    }
    pthread_mutex_lock(&outbox->lock);
    if (tried)
        add_result(outbox, result);
    /* A mail that took long says nothing about now when others have found it away. */
    if (probe || (away && outbox->away_secs == 0))
        note_mta(outbox, away, away ? why->message : NULL);
    return !tried ? UNTRIED : away ? AWAY : HANDED;
}

/* ---- signatures */

/* The lock is held.  What fails is told when it begins, changes and ends (NULL). */
static void note_signing(Outbox *outbox, const char *why)
{
    if (g_strcmp0(why, outbox->unsigned_why) == 0)
        return;
    g_free(outbox->unsigned_why);
    outbox->unsigned_why = g_strdup(why);
    if (why != NULL)
        log_error("outbox: notices wait for their signature: %s", why);
    else
        log_info("outbox: notices are signed again");
}

/* They stay pending, however long it lasts.  The lock is held. */
static void put_off(Worker *worker, const GPtrArray *claims, const char *why)
{
    Outbox *outbox = worker->outbox;

    outbox->in_hand += claims->len;
    for (guint i = 0; i < claims->len; i++) {
        const LedgerClaim *claim = g_ptr_array_index(claims, i);
        Result *result = g_new0(Result, 1);
        result->worker = worker;
        result->id = g_strdup(claim->id);
        result->reference = g_strdup(claim->reference);
        result->queue_id = g_strdup("");
        result->reply = g_strdup_printf("not signed: %s", why);
        result->state = NOTICE_PENDING;
        result->due = g_get_real_time() + SECS(OUTBOX_SIGN_SECS);
        add_result(outbox, result);
    }
}

/* What can't be signed leaves claims.  FALSE: nothing of claims may go.  The lock is held, but
 * not meanwhile. */
static gboolean sign_claims(Worker *worker, const Snapshot *snapshot, GPtrArray *claims,
                            gint64 until)
{
    Outbox *outbox = worker->outbox;
    const Config *config = snapshot->config;
    g_autoptr(GPtrArray) left = NULL;
    g_autoptr(GError) error = NULL, untold = NULL;
    g_autofree char *why = NULL;
    guint n;

    pthread_mutex_unlock(&outbox->lock);
    gboolean stored = outbox_sign(outbox->ledger, config, claims, until, &left, &why, &n, &error);
    outbox_note_trouble(outbox, error);
    if (why != NULL
        && !outbox_sign_tell(outbox->ledger, outbox->secret, config, why, g_get_real_time(),
                             &untold))
        log_warning("outbox: the desk could not be told of sign-key=: %s", untold->message);
    pthread_mutex_lock(&outbox->lock);
    if (stored && (why != NULL || n > 0))
        note_signing(outbox, why);
    if (left != NULL)
        put_off(worker, left, why);
    return stored;
}

/* ---- one batch; the lock is held, but not while the ledger is asked */

/* Law 4: before a claim is given back each result of the worker is marked, else what
 * the MTA has already taken would be handed over again. */
static void give_back(Worker *worker)
{
    Outbox *outbox = worker->outbox;
    g_autoptr(GError) why = NULL;

    pthread_cond_signal(&outbox->marks);
    while (worker->unmarked > 0 && !outbox->marks_lost)
        outbox_wait(outbox, &outbox->work, SECS(OUTBOX_SLICE_SECS));
    if (outbox->marks_lost)
        return;
    pthread_mutex_unlock(&outbox->lock);
    if (!ledger_unclaim(outbox->ledger, worker->name, &why)) /* the leases end by themselves */
        log_warning("outbox: claims could not be given back: %s", why->message);
    pthread_mutex_lock(&outbox->lock);
}

static gboolean may_go_on(Outbox *outbox, gboolean probe, gint64 until)
{
    while ((outbox->marks_fail || outbox->unmarked >= OUTBOX_UNMARKED_MAX) && !outbox->stopping)
        outbox_wait(outbox, &outbox->work, SECS(OUTBOX_SLICE_SECS));
    return !outbox->stopping && (probe || outbox->away_secs == 0)
        && g_get_monotonic_time() < until;
}

static void work_off(Worker *worker, const GPtrArray *claims, Permit *permit, gint64 until)
{
    Outbox *outbox = worker->outbox;
    Handing last = HANDED;
    guint i = 0;

    outbox->in_hand += claims->len;
    while (i < claims->len && last == HANDED && may_go_on(outbox, permit->probe, until)) {
        const LedgerClaim *claim = g_ptr_array_index(claims, i);
        last = hand_over(worker, claim, permit->probe);
        i += last != UNTRIED;
        if (last != UNTRIED && permit->tokens > 0 && *claim->customer != '\0')
            permit->tokens--; /* the desk's are not counted */
    }
    outbox->in_hand -= claims->len - i;
    if (i < claims->len)
        give_back(worker);
}

/* Usecs until there may be more; 0: at once. */
static gint64 claim_and_work(Worker *worker, Permit *permit)
{
    Outbox *outbox = worker->outbox;
    gint64 until = g_get_monotonic_time() + SECS(CLAIM_SECS), now = g_get_real_time(), next = 0;
    g_autoptr(GError) why = NULL;

    pthread_mutex_unlock(&outbox->lock);
    g_autoptr(GPtrArray) claims
        = ledger_claim(outbox->ledger, worker->name, permit->max, now, &next, &why);
    outbox_note_trouble(outbox, why);
    pthread_mutex_lock(&outbox->lock);
    if (claims == NULL)
        return SECS(TROUBLE_SECS);
    if (claims->len == 0)
        return next == 0 ? SECS(OUTBOX_SLICE_SECS) : MAX(next - now, IDLE_USECS);
    g_autoptr(Snapshot) snapshot = snapshot_ref(outbox->snapshot);
    if (*snapshot->config->sign_key != '\0' && !sign_claims(worker, snapshot, claims, until)) {
        give_back(worker);
        return SECS(TROUBLE_SECS);
    }
    work_off(worker, claims, permit, until);
    return 0;
}

static void wait_without_wakes(Outbox *outbox, guint wakes, gint64 usecs)
{
    gint64 until = g_get_monotonic_time() + MIN(usecs, SECS(OUTBOX_LOOK_SECS)), left;

    while (!outbox->stopping && outbox->wakes == wakes
           && (left = until - g_get_monotonic_time()) > 0)
        outbox_wait(outbox, &outbox->work, left);
}

static void *run_worker(void *data)
{
    Worker *worker = data;
    Outbox *outbox = worker->outbox;
    Permit permit;
    gint64 wait;

    pthread_mutex_lock(&outbox->lock);
    while (!outbox->stopping) {
        if (!take_permit(outbox, &permit, &wait)) {
            outbox_wait(outbox, &outbox->work, wait);
            continue;
        }
        guint wakes = outbox->wakes;
        wait = claim_and_work(worker, &permit);
        return_permit(outbox, &permit);
        wait_without_wakes(outbox, wakes, wait);
    }
    pthread_mutex_unlock(&outbox->lock);
    return NULL;
}

/* ---- the outbox as a whole */

Outbox *outbox_new(Ledger *ledger, const Secret *secret)
{
    Outbox *outbox = g_new0(Outbox, 1);
    pthread_condattr_t monotonic;

    outbox->ledger = ledger;
    outbox->secret = secret;
    outbox->results = g_ptr_array_new_with_free_func(result_free);
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->work, &monotonic);
    pthread_cond_init(&outbox->marks, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return outbox;
}

void outbox_use(Outbox *outbox, Snapshot *snapshot, Submitter *submitter)
{
    Snapshot *new_snapshot = snapshot_ref(snapshot);
    Submitter *new_submitter = submitter_ref(submitter);

    pthread_mutex_lock(&outbox->lock);
    Snapshot *old_snapshot = outbox->snapshot;
    Submitter *old_submitter = outbox->submitter;
    outbox->snapshot = new_snapshot;
    outbox->submitter = new_submitter;
    outbox->away_until = 0; /* another MTA, perhaps: try it now */
    outbox->wakes++;
    pthread_cond_broadcast(&outbox->work);
    pthread_mutex_unlock(&outbox->lock);
    if (old_snapshot != NULL)
        snapshot_unref(old_snapshot);
    submitter_unref(old_submitter);
}

/* The daemon is alone on its ledger, so whoever holds a claim is dead. */
static gboolean take_over(Outbox *outbox, GError **error)
{
    for (guint i = 0; i < OUTBOX_WORKERS_MAX; i++) {
        Worker *worker = &outbox->workers[i];
        worker->outbox = outbox;
        g_snprintf(worker->name, sizeof worker->name, "outbox-%u", i + 1);
        if (!ledger_unclaim(outbox->ledger, worker->name, error))
            return FALSE;
    }
    return TRUE;
}

gboolean outbox_start(Outbox *outbox, guint workers, GError **error)
{
    workers = CLAMP(workers, 1, OUTBOX_WORKERS_MAX);
    if (!take_over(outbox, error))
        return FALSE;
    if (pthread_create(&outbox->marker, NULL, outbox_run_marker, outbox) != 0) {
        error_temporary(error, "outbox: can't start a thread");
        return FALSE;
    }
    pthread_setname_np(outbox->marker, "outbox-marks");
    outbox->running = TRUE;
    for (guint i = 0; i < workers; i++) {
        Worker *worker = &outbox->workers[i];
        if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0) {
            outbox_stop(outbox);
            error_temporary(error, "outbox: can't start a thread");
            return FALSE;
        }
        pthread_setname_np(worker->thread, worker->name);
        outbox->n_workers++;
    }
    return TRUE;
}

void outbox_wake(Outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->wakes++;
    pthread_cond_broadcast(&outbox->work);
    pthread_mutex_unlock(&outbox->lock);
}

/* The workers first: what they have in hand is still to be marked. */
void outbox_stop(Outbox *outbox)
{
    if (!outbox->running)
        return;
    pthread_mutex_lock(&outbox->lock);
    outbox->stopping = TRUE;
    pthread_cond_broadcast(&outbox->work);
    pthread_cond_broadcast(&outbox->marks);
    pthread_mutex_unlock(&outbox->lock);
    for (guint i = 0; i < outbox->n_workers; i++)
        pthread_join(outbox->workers[i].thread, NULL);
    pthread_mutex_lock(&outbox->lock);
    outbox->marker_stopping = TRUE;
    pthread_cond_broadcast(&outbox->marks);
    pthread_mutex_unlock(&outbox->lock);
    pthread_join(outbox->marker, NULL);
    outbox->running = FALSE;
}

void outbox_free(Outbox *outbox)
{
    if (outbox == NULL)
        return;
    outbox_stop(outbox);
    g_clear_pointer(&outbox->snapshot, snapshot_unref);
    submitter_unref(outbox->submitter);
    g_ptr_array_unref(outbox->results);
    pthread_cond_destroy(&outbox->work);
    pthread_cond_destroy(&outbox->marks);
    pthread_mutex_destroy(&outbox->lock);
    g_free(outbox->trouble);
    g_free(outbox->unsigned_why);
    g_free(outbox);
}
