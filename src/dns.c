/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* Asks a resolver for a text, within a time.
 *
 * A channel of c-ares for each lookup: nothing is shared between threads, and a
 * resolv.conf that has changed is read anew.  A server that fails, refuses or is silent
 * is passed over while there are others; an answer that was cut is asked for by TCP. */
#include "dns.h"

#include "errors.h"

#define CARES_NO_DEPRECATED /* newer versions prefer calls that 1.18 does not have */
#include <ares.h>
#include <poll.h>
#include <string.h>

/* What one lookup came to. */
typedef struct {
    gboolean done;
    int status; /* of c-ares */
    GString *text;
    guint n_records;
} Answer;

static void take_record(Answer *answer, const struct ares_txt_ext *string)
{
    if (string->record_start)
        answer->n_records++;
    g_string_append_len(answer->text, (const char *)string->txt, (gssize)string->length);
}

static void take_answer(void *data, int status, int timeouts G_GNUC_UNUSED,
                        unsigned char *packet, int size)
{
    Answer *answer = data;
    struct ares_txt_ext *strings = NULL;

    if (status == ARES_SUCCESS)
        status = ares_parse_txt_reply_ext(packet, size, &strings);
    for (const struct ares_txt_ext *string = strings; string != NULL; string = string->next)
        take_record(answer, string);
    if (strings != NULL)
        ares_free_data(strings);
    answer->status = status;
    answer->done = TRUE;
}

/* The bits are as ARES_GETSOCK_READABLE and _WRITABLE have them, which shift into the sign. */
static guint sockets_to_poll(ares_channel channel, struct pollfd *polled)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    guint wanted = (guint)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    guint n = 0;

    for (guint i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        short events = (short)((wanted >> i & 1 ? POLLIN : 0)
                               | (wanted >> (i + ARES_GETSOCK_MAXNUM) & 1 ? POLLOUT : 0));
        if (events != 0)
            polled[n++] = (struct pollfd){ .fd = sockets[i], .events = events };
    }
    return n;
}

/* Until the answer is there, or now when the time is over. */
static int msecs_to_wait(ares_channel channel, gint64 end)
{
    gint64 left = MAX(0, end - g_get_monotonic_time());
    struct timeval most = { left / G_USEC_PER_SEC, left % G_USEC_PER_SEC }, next;
    const struct timeval *wait = ares_timeout(channel, &most, &next);

    return (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1);
}

static void await(ares_channel channel, const Answer *answer)
{
    gint64 end = g_get_monotonic_time() + DNS_TIMEOUT_SECS * G_USEC_PER_SEC;
    struct pollfd polled[ARES_GETSOCK_MAXNUM];

    while (!answer->done) {
        guint n = sockets_to_poll(channel, polled);
        int ready = poll(polled, n, msecs_to_wait(channel, end));
        if (g_get_monotonic_time() >= end)
            ares_cancel(channel); /* take_answer() is called from in here */
        else if (ready <= 0)
            ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        for (guint i = 0; i < n && ready > 0 && !answer->done; i++)
            ares_process_fd(channel,
                            (polled[i].revents & ~POLLOUT) != 0 ? polled[i].fd : ARES_SOCKET_BAD,
                            (polled[i].revents & POLLOUT) != 0 ? polled[i].fd : ARES_SOCKET_BAD);
    }
}

static int open_channel(ares_channel *channel_r, char *const *servers)
{
    struct ares_options options = { .flags = ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
                                    .timeout = DNS_TRY_MSECS, .tries = DNS_TRIES,
                                    .ednspsz = DNS_UDP_BYTES };
    int status = ares_init_options(channel_r, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
                                       | ARES_OPT_EDNSPSZ | ARES_OPT_NOROTATE);

    if (status != ARES_SUCCESS || servers[0] == NULL)
        return status;
    g_autofree char *list = g_strjoinv(",", (char **)servers);
    status = ares_set_servers_ports_csv(*channel_r, list);
    if (status != ARES_SUCCESS)
        ares_destroy(*channel_r);
    return status;
}

static char *conclude(Answer *answer, GError **error)
{
    if (answer->status == ARES_ENOTFOUND || answer->status == ARES_ENODATA
        || answer->status == ARES_EBADNAME)
        error_input(error, "not in DNS");
    else if (answer->status == ARES_ECANCELLED || answer->status == ARES_ETIMEOUT)
        error_temporary(error, "no answer from DNS within %d s", DNS_TIMEOUT_SECS);
    else if (answer->status != ARES_SUCCESS)
        error_temporary(error, "DNS has failed: %s", ares_strerror(answer->status));
    else if (answer->n_records != 1)
        error_input(error, "%u records in DNS instead of one", answer->n_records);
    else if (strlen(answer->text->str) != answer->text->len)
        error_input(error, "a NUL byte in DNS");
    else
        return g_strdup(answer->text->str);
    return NULL;
}

char *dns_text(char *const *servers, const char *name, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Answer answer = { .text = text };
    ares_channel channel = NULL;

    answer.status = open_channel(&channel, servers);
    if (answer.status == ARES_SUCCESS) {
        ares_query(channel, name, 1 /* IN */, 16 /* TXT */, take_answer, &answer);
        await(channel, &answer);
        ares_destroy(channel);
    }
    return conclude(&answer, error);
}
