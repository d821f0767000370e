/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "smtp-sink.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct Sink {
    int listener;
    guint16 port;
    pthread_t acceptor;
    gboolean listening;
    SinkReply reply;
    gpointer data;

    pthread_mutex_t lock;
    GArray *peers; /* of Peer */
    GHashTable *offers, *taken; /* recipient -> how often */
    SinkCounts counts;
    guint delay;
};

typedef struct {
    pthread_t thread;
    int socket;
} Peer;

typedef struct {
    Sink *sink;
    int socket;
} Connection;

Sink *sink_new(SinkReply reply, gpointer data)
{
    Sink *sink = g_new0(Sink, 1);
    struct sockaddr_in here = { .sin_family = AF_INET };
    socklen_t size = sizeof here;

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sink->reply = reply;
    sink->data = data;
    pthread_mutex_init(&sink->lock, NULL);
    sink->peers = g_array_new(FALSE, FALSE, sizeof(Peer));
    sink->offers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sink->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(sink->listener, (struct sockaddr *)&here, sizeof here), ==, 0);
    g_assert_cmpint(getsockname(sink->listener, (struct sockaddr *)&here, &size), ==, 0);
    sink->port = ntohs(here.sin_port);
    return sink;
}

static guint count_up(GHashTable *table, const char *key)
{
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(table, key)) + 1;
    g_hash_table_replace(table, g_strdup(key), GUINT_TO_POINTER(n));
    return n;
}

/* FALSE: hang up. */
static gboolean take_mail(Sink *sink, const char *recipient, FILE *out)
{
    pthread_mutex_lock(&sink->lock);
    guint delay = sink->delay, nth = count_up(sink->offers, recipient);
    const char *reply = sink->reply != NULL ? sink->reply(recipient, nth, sink->data)
                                            : "250 2.0.0 Ok: queued as 4TEST";
    sink->counts.offered++;
    pthread_mutex_unlock(&sink->lock);
    g_usleep(delay * 1000);
    if (reply == NULL)
        return FALSE;
    pthread_mutex_lock(&sink->lock);
    if (*reply == '2') {
        sink->counts.taken++;
        sink->counts.repeated += count_up(sink->taken, recipient) > 1;
        sink->counts.recipients = g_hash_table_size(sink->taken);
    }
    pthread_mutex_unlock(&sink->lock);
    fprintf(out, "%s\r\n", reply);
    return TRUE;
}

static gboolean skip_mail(FILE *in, FILE *out)
{
    char line[2048];

    fputs("354 go on\r\n", out);
    fflush(out);
    while (fgets(line, sizeof line, in) != NULL)
        if (strcmp(line, ".\r\n") == 0)
            return TRUE;
    return FALSE;
}

static void serve(Sink *sink, FILE *in, FILE *out)
{
    char line[1024], recipient[1024] = "";
    gboolean go_on = TRUE;

    fputs("220 sink ESMTP\r\n", out);
    fflush(out);
    while (go_on && fgets(line, sizeof line, in) != NULL) {
        if (g_str_has_prefix(line, "RCPT TO:<"))
            g_strlcpy(recipient, line + strlen("RCPT TO:<"), sizeof recipient);
        recipient[strcspn(recipient, ">")] = '\0';
        if (g_str_has_prefix(line, "DATA"))
            go_on = skip_mail(in, out) && take_mail(sink, recipient, out);
        else
            fputs(g_str_has_prefix(line, "QUIT") ? "221 Bye\r\n" : "250 Ok\r\n", out);
        fflush(out);
    }
}

static void *run_connection(void *data)
{
    Connection *connection = data;
    FILE *in = fdopen(connection->socket, "r");
    FILE *out = fdopen(dup(connection->socket), "w");

    serve(connection->sink, in, out);
    fclose(out);
    shutdown(connection->socket, SHUT_RDWR); /* closed by sink_free(), which knows it, too */
    g_free(connection);
    return in;
}

static void *run_acceptor(void *data)
{
    Sink *sink = data;
    int client, on = 1;

    while ((client = accept(sink->listener, NULL, NULL)) >= 0) {
        Connection *connection = g_new(Connection, 1);
        Peer peer = { .socket = client };
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *connection = (Connection) { sink, client };
        pthread_mutex_lock(&sink->lock);
        g_assert_cmpint(pthread_create(&peer.thread, NULL, run_connection, connection), ==, 0);
        g_array_append_val(sink->peers, peer);
        sink->counts.connections++;
        pthread_mutex_unlock(&sink->lock);
    }
    return NULL;
}

void sink_listen(Sink *sink)
{
    g_assert_cmpint(listen(sink->listener, 64), ==, 0);
    sink->listening = TRUE;
    g_assert_cmpint(pthread_create(&sink->acceptor, NULL, run_acceptor, sink), ==, 0);
}

void sink_free(Sink *sink)
{
    shutdown(sink->listener, SHUT_RDWR); /* accept4() fails now */
    if (sink->listening)
        pthread_join(sink->acceptor, NULL);
    close(sink->listener);
    for (guint i = 0; i < sink->peers->len; i++) {
        const Peer *peer = &g_array_index(sink->peers, Peer, i);
        void *in;
        shutdown(peer->socket, SHUT_RDWR);
        pthread_join(peer->thread, &in);
        fclose(in);
    }
    g_array_unref(sink->peers);
    g_hash_table_unref(sink->offers);
    g_hash_table_unref(sink->taken);
    pthread_mutex_destroy(&sink->lock);
    g_free(sink);
}

char *sink_via(const Sink *sink)
{
    return g_strdup_printf("smtp://127.0.0.1:%u", sink->port);
}

void sink_set_delay(Sink *sink, guint msecs)
{
    pthread_mutex_lock(&sink->lock);
    sink->delay = msecs;
    pthread_mutex_unlock(&sink->lock);
}

SinkCounts sink_counts(Sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    SinkCounts counts = sink->counts;
    pthread_mutex_unlock(&sink->lock);
    return counts;
}

guint sink_taken(Sink *sink, const char *recipient)
{
    pthread_mutex_lock(&sink->lock);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(sink->taken, recipient));
    pthread_mutex_unlock(&sink->lock);
    return n;
}
