/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* The MTA waits for a large report until the ledger has all of it, and one thread only may
 * write the ledger; to render, write and check a notice takes longer than to record it and
 * needs no ledger.  So other threads do that ahead, for a bounded number of notices, and
 * who records writes some himself when they have not kept up. */
#include "notices-parts.h"

#include <pthread.h>

struct Ahead {
    const Task *task;
    Writer *writer;         /* of who takes */
    pthread_t threads[NOTICES_THREADS_MAX];
    guint n_threads;

    pthread_mutex_t lock;   /* over all below; not GMutex, see outbox.c */
    pthread_cond_t work;    /* for the threads: a draft waits, or it is over */
    pthread_cond_t written; /* for who takes */
    GQueue drafts;          /* oldest first */
    GList *next;            /* the oldest that waits, or NULL */
    guint rows;             /* of all drafts */
    gboolean over;
};

/* The lock is held: takes the next draft in hand, or NULL. */
static Draft *begin(Ahead *ahead)
{
    Draft *draft = ahead->next != NULL ? ahead->next->data : NULL;

    if (draft != NULL) {
        draft->state = DRAFT_IN_HAND;
        ahead->next = ahead->next->next;
    }
    return draft;
}

/* The lock is held, but not while it writes. */
static void write_one(Ahead *ahead, Writer *writer, Draft *draft)
{
    pthread_mutex_unlock(&ahead->lock);
    writer_write(writer, draft);
    pthread_mutex_lock(&ahead->lock);
    draft->state = DRAFT_WRITTEN;
}

static void *run_thread(void *data)
{
    Ahead *ahead = data;
    g_autoptr(Writer) writer = writer_new(ahead->task);

    pthread_mutex_lock(&ahead->lock);
    while (!ahead->over) {
        Draft *draft = begin(ahead);
        if (draft == NULL) {
            pthread_cond_wait(&ahead->work, &ahead->lock);
            continue;
        }
        write_one(ahead, writer, draft);
        if (draft == g_queue_peek_head(&ahead->drafts)) /* nobody waits for another */
            pthread_cond_signal(&ahead->written);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

Ahead *ahead_new(const Task *task, guint threads)
{
    Ahead *ahead = g_new0(Ahead, 1);

    ahead->task = task;
    ahead->writer = writer_new(task);
    g_queue_init(&ahead->drafts);
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->work, NULL);
    pthread_cond_init(&ahead->written, NULL);
    /* One that can't be started is done without. */
    while (ahead->n_threads < MIN(threads, NOTICES_THREADS_MAX)
           && pthread_create(&ahead->threads[ahead->n_threads], NULL, run_thread, ahead) == 0)
        pthread_setname_np(ahead->threads[ahead->n_threads++], "notices");
    return ahead;
}

gboolean ahead_put(Ahead *ahead, Draft *draft)
{
    pthread_mutex_lock(&ahead->lock);
    g_queue_push_tail(&ahead->drafts, draft);
    if (ahead->next == NULL)
        ahead->next = g_queue_peek_tail_link(&ahead->drafts);
    ahead->rows += draft->notice.n_events;
    gboolean full = ahead->n_threads == 0 || ahead->drafts.length >= NOTICES_AHEAD
        || ahead->rows >= NOTICES_AHEAD_ROWS;
    pthread_cond_signal(&ahead->work);
    pthread_mutex_unlock(&ahead->lock);
    return full;
}

Draft *ahead_take(Ahead *ahead)
{
    Draft *oldest;

    pthread_mutex_lock(&ahead->lock);
    oldest = g_queue_peek_head(&ahead->drafts);
    while (oldest != NULL && oldest->state != DRAFT_WRITTEN) {
        Draft *other = begin(ahead);
        if (other != NULL)
            write_one(ahead, ahead->writer, other);
        else
            pthread_cond_wait(&ahead->written, &ahead->lock);
    }
    if (oldest != NULL) {
        g_queue_pop_head(&ahead->drafts);
        ahead->rows -= oldest->notice.n_events;
    }
    pthread_mutex_unlock(&ahead->lock);
    return oldest;
}

guint ahead_count(const Ahead *ahead)
{
    return ahead->drafts.length; /* changed by who asks, and by nobody else */
}

void ahead_free(Ahead *ahead)
{
    if (ahead == NULL)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->over = TRUE;
    pthread_cond_broadcast(&ahead->work);
    pthread_mutex_unlock(&ahead->lock);
    for (guint i = 0; i < ahead->n_threads; i++)
        pthread_join(ahead->threads[i], NULL);
    g_queue_clear_full(&ahead->drafts, (GDestroyNotify)draft_free);
    writer_free(ahead->writer);
    pthread_cond_destroy(&ahead->work);
    pthread_cond_destroy(&ahead->written);
    pthread_mutex_destroy(&ahead->lock);
    g_free(ahead);
}
