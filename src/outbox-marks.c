/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The thread that marks what the workers' mails have become, many in one commit, and
 * tells the desk of failures.  What the ledger does not take is kept and tried again;
 * the workers wait meanwhile. */
#include "outbox-internal.h"

#include "errors.h"
#include "log.h"
#include "outbox-failures.h"

#include <time.h>

void result_free(gpointer data)
{
    Result *result = data;
    g_free(result->id);
    g_free(result->reference);
    g_free(result->reply);
    g_free(result->queue_id);
    g_free(result);
}

void outbox_wait(Outbox *outbox, pthread_cond_t *condition, gint64 usecs)
{
    gint64 until = g_get_monotonic_time() + CLAMP(usecs, 0, SECS(OUTBOX_SLICE_SECS));
    const struct timespec time
        = { .tv_sec = until / G_USEC_PER_SEC, .tv_nsec = until % G_USEC_PER_SEC * 1000 };
    pthread_cond_timedwait(condition, &outbox->lock, &time);
}

void outbox_note_trouble(Outbox *outbox, const GError *why)
{
    pthread_mutex_lock(&outbox->lock);
    gboolean news = g_strcmp0(outbox->trouble, why != NULL ? why->message : NULL) != 0;
    if (news) {
        g_free(outbox->trouble);
        outbox->trouble = why != NULL ? g_strdup(why->message) : NULL;
    }
    pthread_mutex_unlock(&outbox->lock);
    if (news && why != NULL)
        log_error("outbox: %s; nothing is handed over until it works again", why->message);
    else if (news)
        log_info("outbox: the ledger works again");
}

/* ---- marking */

/* Collect what comes within the time that a result may wait.  The lock is held. */
static GPtrArray *gather(Outbox *outbox)
{
    gint64 until = g_get_monotonic_time() + OUTBOX_MARK_MSECS * 1000, left;

    while (outbox->results->len < OUTBOX_BATCH && outbox->in_hand > 0 && !outbox->stopping
           && (left = until - g_get_monotonic_time()) > 0)
        outbox_wait(outbox, &outbox->marks, left);
    return g_steal_pointer(&outbox->results);
}

static gboolean mark(Outbox *outbox, const GPtrArray *batch, GError **error)
{
    g_autofree LedgerResult *results = g_new0(LedgerResult, batch->len);

    for (guint i = 0; i < batch->len; i++) {
        const Result *from = g_ptr_array_index(batch, i);
        results[i] = (LedgerResult) { .id = from->id, .state = from->state, .due = from->due,
                                      .reply = from->reply, .queue_id = from->queue_id };
    }
    return ledger_mark(outbox->ledger, results, batch->len, g_get_real_time(), error);
}

/* A result that no longer fits (somebody erased the notice) does not keep the
 * others from being marked, and is never tried again. */
static gboolean mark_and_tell(Outbox *outbox, const GPtrArray *batch)
{
    g_autoptr(GError) why = NULL;
    gboolean done = mark(outbox, batch, &why);

    if (!done && g_error_matches(why, CERTBUND_ERROR, CERTBUND_ERROR_INPUT)) {
        log_warning("outbox: %s", why->message);
        done = TRUE;
        g_clear_error(&why);
    }
    outbox_note_trouble(outbox, why);
    return done;
}

/* Both: the lock is held, results is NULL since gather(). */
static void take_off(Outbox *outbox, GPtrArray *batch)
{
    for (guint i = 0; i < batch->len; i++)
        ((Result *)g_ptr_array_index(batch, i))->worker->unmarked--;
    outbox->unmarked -= batch->len;
    g_ptr_array_unref(batch);
}

static void put_back(Outbox *outbox, GPtrArray *batch)
{
    g_ptr_array_extend_and_steal(batch, outbox->results);
    outbox->results = batch;
}

/* One group commit.  The lock is held, but not meanwhile. */
static void mark_batch(Outbox *outbox)
{
    GPtrArray *batch = gather(outbox);

    outbox->results = g_ptr_array_new_with_free_func(result_free);
    pthread_mutex_unlock(&outbox->lock);
    gboolean done = mark_and_tell(outbox, batch);
    pthread_mutex_lock(&outbox->lock);
    if (done)
        take_off(outbox, batch);
    else
        put_back(outbox, batch);
    outbox->marks_fail = !done;
    pthread_cond_broadcast(&outbox->work);
}

/* The lock is held, but not meanwhile.  Workers wake: there is a new mail. */
static void tell_failures(Outbox *outbox)
{
    g_autoptr(Snapshot) snapshot
        = outbox->snapshot != NULL ? snapshot_ref(outbox->snapshot) : NULL;
    g_autoptr(GError) why = NULL;
    gboolean told = FALSE;

    if (snapshot == NULL)
        return;
    pthread_mutex_unlock(&outbox->lock);
    if (!failures_tell(outbox->ledger, outbox->secret, snapshot->config, g_get_real_time(), &told,
                       &why))
        log_error("outbox: the desk could not be told of failed notices: %s", why->message);
    pthread_mutex_lock(&outbox->lock);
    if (told) {
        outbox->wakes++;
        pthread_cond_broadcast(&outbox->work);
    }
}

/* The MTA has them, the ledger does not: the one place where that is given up. */
static void give_up_marks(Outbox *outbox)
{
    for (guint i = 0; i < outbox->results->len; i++) {
        const Result *result = g_ptr_array_index(outbox->results, i);
        if (result->state == NOTICE_HANDED_OVER)
            log_error("%s: handed over (%s), but the ledger could not be told: it will go again "
                      "under the same Message-ID",
                      result->reference, result->reply);
    }
    outbox->marks_lost = outbox->results->len > 0;
    pthread_cond_broadcast(&outbox->work);
}

void *outbox_run_marker(void *data)
{
    Outbox *outbox = data;
    gint64 look = g_get_monotonic_time(); /* what a crash has left untold, too */
    guint tries = 0;

    pthread_mutex_lock(&outbox->lock);
    while (!outbox->marks_lost && (!outbox->marker_stopping || outbox->results->len > 0)) {
        gint64 left = look - g_get_monotonic_time();
        if (left <= 0) {
            tell_failures(outbox);
            look = g_get_monotonic_time() + SECS(OUTBOX_SLICE_SECS);
        } else if (outbox->results->len == 0) {
            outbox_wait(outbox, &outbox->marks, left);
        } else {
            mark_batch(outbox);
            if (outbox->marks_fail && outbox->stopping && ++tries == OUTBOX_STOP_MARKS)
                give_up_marks(outbox);
            else if (outbox->marks_fail)
                outbox_wait(outbox, &outbox->marks, SECS(1));
        }
    }
    pthread_mutex_unlock(&outbox->lock);
    return NULL;
}
