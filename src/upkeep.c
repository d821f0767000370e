/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Waits by the monotonic clock, and remembers in the ledger by the wall clock when it
 * last purged, so that a daemon that is restarted every night does it too. */
#include "upkeep.h"

#include "errors.h"
#include "log.h"
#include "timestamp.h"

#include <pthread.h>
#include <time.h>

#define LAST "last-purge" /* RFC 3339 */

struct Upkeep {
    Ledger *ledger;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    gint64 keep_content_secs, keep_proof_secs; /* guarded by lock */
    gboolean stopping;                         /* guarded by lock */
    pthread_t thread;
};

gint64 upkeep_before(gint64 now, gint64 keep_secs)
{
    return keep_secs == 0 ? 0 : MAX(0, now - keep_secs * G_USEC_PER_SEC);
}

static void check(Ledger *ledger)
{
    g_autoptr(GError) why = NULL;

    log_warning("the ledger was not closed when it was last used; checking it");
    if (ledger_check_integrity(ledger, &why))
        log_info("the ledger is whole");
    else /* a damaged one takes no report any more */
        log_error("%s; certbund-milter(8) says how to go on", why->message);
}

/* Seconds until the next purge; a last one in the future is a clock that was wrong. */
static gint64 secs_left(Ledger *ledger, gint64 now)
{
    g_autofree char *last = ledger_get(ledger, LAST);
    gint64 then;

    if (last == NULL || !timestamp_parse_rfc3339(last, &then) || then > now)
        return 0;
    return MAX(0, then + UPKEEP_EVERY_SECS - now);
}

/* Seconds to wait for the next time. */
static gint64 purge(Ledger *ledger, gint64 keep_content_secs, gint64 keep_proof_secs)
{
    gint64 now = g_get_real_time();
    gint64 left = secs_left(ledger, now / G_USEC_PER_SEC);
    g_autoptr(GError) why = NULL;
    guint n = 0;

    if (left > 0)
        return left;
    char stamp[TIMESTAMP_TEXT_SIZE];
    if (!ledger_purge(ledger, upkeep_before(now, keep_content_secs),
                      upkeep_before(now, keep_proof_secs), &n, &why)
        || !ledger_set(ledger, LAST, timestamp_format(now / G_USEC_PER_SEC, stamp), &why)) {
        log_error("the ledger could not be purged: %s", why->message);
        return UPKEEP_RETRY_SECS;
    }
    if (n > 0)
        log_info("purged the ledger of %u old entries", n);
    return UPKEEP_EVERY_SECS;
}

static void wait_for(Upkeep *upkeep, gint64 secs)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)secs;
    while (!upkeep->stopping
           && pthread_cond_timedwait(&upkeep->wake, &upkeep->lock, &until) == 0)
        continue;
}

static void *run(void *data)
{
    Upkeep *upkeep = data;

    if (ledger_was_unclean(upkeep->ledger))
        check(upkeep->ledger);
    pthread_mutex_lock(&upkeep->lock);
    while (!upkeep->stopping) {
        gint64 content = upkeep->keep_content_secs, proof = upkeep->keep_proof_secs;
        pthread_mutex_unlock(&upkeep->lock);
        gint64 secs = purge(upkeep->ledger, content, proof);
        pthread_mutex_lock(&upkeep->lock);
        wait_for(upkeep, secs);
    }
    pthread_mutex_unlock(&upkeep->lock);
    return NULL;
}

Upkeep *upkeep_start(Ledger *ledger, const Config *config, GError **error)
{
    Upkeep *upkeep = g_new0(Upkeep, 1);
    pthread_condattr_t monotonic;

    upkeep->ledger = ledger;
    pthread_mutex_init(&upkeep->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&upkeep->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    upkeep_use(upkeep, config);
    if (pthread_create(&upkeep->thread, NULL, run, upkeep) == 0) {
        pthread_setname_np(upkeep->thread, "upkeep");
        return upkeep;
    }
    error_temporary(error, "can't start a thread");
    upkeep_free(upkeep);
    return NULL;
}

void upkeep_use(Upkeep *upkeep, const Config *config)
{
    pthread_mutex_lock(&upkeep->lock);
    upkeep->keep_content_secs = config->keep_content_secs;
    upkeep->keep_proof_secs = config->keep_proof_secs;
    pthread_mutex_unlock(&upkeep->lock);
}

void upkeep_stop(Upkeep *upkeep)
{
    pthread_mutex_lock(&upkeep->lock);
    upkeep->stopping = TRUE;
    pthread_cond_broadcast(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
    pthread_join(upkeep->thread, NULL);
}

void upkeep_free(Upkeep *upkeep)
{
    pthread_cond_destroy(&upkeep->wake);
    pthread_mutex_destroy(&upkeep->lock);
    g_free(upkeep);
}
