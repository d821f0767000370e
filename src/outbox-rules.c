/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Pauses, limits and the MTA's words; the numbers follow RFC 5321 section 4.5.4. */
#include "outbox-rules.h"

#include <string.h>

#define QUEUE_ID_MAX 64 /* bytes: longer is not an id but a sentence */

gint64 outbox_backoff(guint attempts)
{
    gint64 secs = OUTBOX_BACKOFF_SECS;

    for (guint i = 1; i < attempts && secs < OUTBOX_BACKOFF_MAX_SECS; i++)
        secs *= 2;
    return MIN(secs, OUTBOX_BACKOFF_MAX_SECS);
}

NoticeState outbox_after_failure(guint attempts, gint64 created, gint64 now, gint64 *due_r)
{
    *due_r = now + outbox_backoff(attempts) * G_USEC_PER_SEC;
    if (attempts >= OUTBOX_TRIES_MIN
        && now - created >= (gint64)OUTBOX_GIVE_UP_SECS * G_USEC_PER_SEC)
        return NOTICE_FAILED;
    return NOTICE_PENDING;
}

static gsize id_length(const char *id)
{
    gsize n = 0;

    while (g_ascii_isalnum(id[n]) || (id[n] != '\0' && strchr("-_.+", id[n]) != NULL))
        n++;
    return n <= QUEUE_ID_MAX && (id[n] == '\0' || strchr(" >)", id[n]) != NULL) ? n : 0;
}

char *outbox_queue_id(const char *reply)
{
    static const char *const before[] = { "queued as ", " id=" };
    static const char accepted[] = " Message accepted for delivery";
    const char *id, *end;

    if (reply == NULL || *reply != '2')
        return g_strdup("");
    for (guint i = 0; i < G_N_ELEMENTS(before); i++)
        if ((id = strstr(reply, before[i])) != NULL) {
            id += strlen(before[i]);
            return g_strndup(id, id_length(id));
        }
    if ((end = strstr(reply, accepted)) == NULL)
        return g_strdup("");
    for (id = end; id > reply && id[-1] != ' '; id--)
        ;
    /* No word between the code and the sentence: "250 2.0.0 Message accepted". */
    gboolean is_code = id - reply <= (gint64)strlen("250 ");
    return is_code || id_length(id) != (gsize)(end - id) ? g_strdup("")
                                                         : g_strndup(id, (gsize)(end - id));
}

/* ---- throttle: in usecs times notices a minute, so that nothing is rounded */

#define COST (60 * (gint64)G_USEC_PER_SEC)

guint throttle_take(Throttle *throttle, guint per_minute, guint want, gint64 now, gint64 *wait_r)
{
    gint64 rate = per_minute, bucket = MAX(rate * G_USEC_PER_SEC, COST);

    *wait_r = 0;
    if (per_minute == 0)
        return want;
    if (throttle->then == 0)
        throttle->credit = bucket;
    else
        throttle->credit += CLAMP(now - throttle->then, 0, COST) * rate;
    throttle->then = now;
    throttle->credit = MIN(throttle->credit, bucket);
    guint n = (guint)MIN(throttle->credit / COST, (gint64)want);
    throttle->credit -= n * COST;
    if (n == 0)
        *wait_r = (COST - throttle->credit + rate - 1) / rate;
    return n;
}

void throttle_give_back(Throttle *throttle, guint n)
{
    throttle->credit += n * COST;
}
