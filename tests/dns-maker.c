/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

#include "dns-maker.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAX 65535
#define HEADER_BYTES 12
#define TYPE_TXT 16
#define TYPE_CNAME 5

enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

typedef struct {
    ResolverAnswer answer;
    GString *text;
} Entry;

struct Resolver {
    int udp, tcp, stop;
    guint16 port;
    pthread_t thread;
    pthread_mutex_t lock;
    GHashTable *entries; /* lower-case name -> Entry */
    guint questions;
};

static void entry_free(gpointer data)
{
    g_string_free(((Entry *)data)->text, TRUE);
    g_free(data);
}

static void put16(GByteArray *packet, guint value)
{
    const guint8 bytes[] = { (guint8)(value >> 8), (guint8)value };
    g_byte_array_append(packet, bytes, sizeof bytes);
}

static void put_record(GByteArray *packet, guint type, const GByteArray *data)
{
    put16(packet, 0xc000 | HEADER_BYTES); /* the name of the question */
    put16(packet, type);
    put16(packet, 1); /* IN */
    put16(packet, 0);
    put16(packet, 60); /* time to live */
    put16(packet, data->len);
    g_byte_array_append(packet, data->data, data->len);
}

static void put_text(GByteArray *packet, const GString *text)
{
    GByteArray *data = g_byte_array_new();

    for (gsize at = 0; at < text->len || at == 0; at += 255) {
        guint8 length = (guint8)MIN(255, text->len - at);
        g_byte_array_append(data, &length, 1);
        g_byte_array_append(data, (const guint8 *)text->str + at, length);
    }
    put_record(packet, TYPE_TXT, data);
    g_byte_array_unref(data);
}

static void put_alias(GByteArray *packet)
{
    static const guint8 alias[] = "\5alias\7example\3net"; /* with the root's NUL */
    GByteArray *data = g_byte_array_new();

    g_byte_array_append(data, alias, sizeof alias);
    put_record(packet, TYPE_CNAME, data);
    g_byte_array_unref(data);
}

/* The name asked for, lower case; *end_r behind the whole question.  NULL: no question. */
static char *read_question(const guint8 *packet, gsize size, gsize *end_r)
{
    g_autoptr(GString) name = g_string_new(NULL);
    gsize at = HEADER_BYTES;

    while (at < size && packet[at] != 0) {
        if (at + 1 + packet[at] >= size)
            return NULL;
        g_string_append_printf(name, "%s%.*s", name->len > 0 ? "." : "", packet[at],
                               (const char *)packet + at + 1);
        at += 1U + packet[at];
    }
    *end_r = at + 5;
    return *end_r <= size ? g_ascii_strdown(name->str, -1) : NULL;
}

/* NULL: no answer at all. */
static GByteArray *answer(Resolver *resolver, const guint8 *packet, gsize size, gboolean by_tcp)
{
    static const guint rcodes[] = { [RESOLVER_NO_NAME] = RCODE_NXDOMAIN,
                                    [RESOLVER_FAILS] = RCODE_SERVFAIL,
                                    [RESOLVER_REFUSES] = RCODE_REFUSED, [RESOLVER_SILENT] = 0 };
    gsize end;
    g_autofree char *name = read_question(packet, size, &end);
    const Entry *entry = name != NULL ? g_hash_table_lookup(resolver->entries, name) : NULL;
    ResolverAnswer kind = entry != NULL ? entry->answer : RESOLVER_NO_NAME;
    gboolean truncated = kind == RESOLVER_BY_TCP && !by_tcp;
    guint n = kind == RESOLVER_TWICE || kind == RESOLVER_CNAME ? 2
        : (kind == RESOLVER_TEXT || kind == RESOLVER_BY_TCP) && !truncated ? 1
                                                                           : 0;

    resolver->questions++;
    if (kind == RESOLVER_SILENT || name == NULL)
        return NULL;
    GByteArray *reply = g_byte_array_new();
    g_byte_array_append(reply, packet, 2);
    put16(reply, 0x8180U | (truncated ? 0x200U : 0) | rcodes[kind]); /* QR RD RA, TC */
    put16(reply, 1);
    put16(reply, n);
    put16(reply, 0);
    put16(reply, 0);
    g_byte_array_append(reply, packet + HEADER_BYTES, (guint)(end - HEADER_BYTES));
    if (kind == RESOLVER_CNAME)
        put_alias(reply);
    for (guint i = kind == RESOLVER_CNAME; i < n; i++)
        put_text(reply, entry->text);
    return reply;
}

static GByteArray *locked_answer(Resolver *resolver, const guint8 *packet, gssize size,
                                 gboolean by_tcp)
{
    if (size < HEADER_BYTES)
        return NULL;
    pthread_mutex_lock(&resolver->lock);
    GByteArray *reply = answer(resolver, packet, (gsize)size, by_tcp);
    pthread_mutex_unlock(&resolver->lock);
    return reply;
}

static void serve_udp(Resolver *resolver)
{
    guint8 packet[2048];
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    gssize size = recvfrom(resolver->udp, packet, sizeof packet, 0, (struct sockaddr *)&peer,
                           &length);
    GByteArray *reply = locked_answer(resolver, packet, size, FALSE);

    if (reply == NULL)
        return;
    (void)sendto(resolver->udp, reply->data, reply->len, 0, (struct sockaddr *)&peer, length);
    g_byte_array_unref(reply);
}

/* One question a connection. */
static void serve_tcp(Resolver *resolver)
{
    int peer = accept(resolver->tcp, NULL, NULL);
    struct timeval hangs = { 60, 0 };
    guint8 prefix[2];
    g_autofree guint8 *packet = g_malloc(PACKET_MAX);

    if (peer < 0)
        return;
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &hangs, sizeof hangs);
    if (recv(peer, prefix, 2, MSG_WAITALL) == 2) {
        gssize size = recv(peer, packet, (gsize)(prefix[0] << 8 | prefix[1]), MSG_WAITALL);
        GByteArray *reply = locked_answer(resolver, packet, size, TRUE);
        if (reply != NULL) {
            const guint8 before[] = { (guint8)(reply->len >> 8), (guint8)reply->len };
            g_byte_array_prepend(reply, before, sizeof before);
            (void)send(peer, reply->data, reply->len, MSG_NOSIGNAL);
            g_byte_array_unref(reply);
        }
    }
    close(peer);
}

static void *run(void *data)
{
    Resolver *resolver = data;
    struct pollfd polled[] = { { resolver->stop, POLLIN, 0 },
                               { resolver->udp, POLLIN, 0 },
                               { resolver->tcp, POLLIN, 0 } };

    while (poll(polled, G_N_ELEMENTS(polled), -1) >= 0 && polled[0].revents == 0) {
        if (polled[1].revents != 0)
            serve_udp(resolver);
        if (polled[2].revents != 0)
            serve_tcp(resolver);
    }
    return NULL;
}

/* A port that is free for both; another try when TCP's is taken for UDP. */
static gboolean bind_both(Resolver *resolver)
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    socklen_t size = sizeof here;

    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    resolver->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    resolver->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(resolver->tcp, (struct sockaddr *)&here, sizeof here), ==, 0);
    g_assert_cmpint(getsockname(resolver->tcp, (struct sockaddr *)&here, &size), ==, 0);
    resolver->port = ntohs(here.sin_port);
    if (bind(resolver->udp, (struct sockaddr *)&here, sizeof here) == 0)
        return TRUE;
    close(resolver->tcp);
    close(resolver->udp);
    return FALSE;
}

Resolver *resolver_new(void)
{
    Resolver *resolver = g_new0(Resolver, 1);
    guint tries = 0;

    while (!bind_both(resolver)) {
        tries++;
        g_assert_cmpuint(tries, <, 100);
    }
    g_assert_cmpint(listen(resolver->tcp, 16), ==, 0);
    resolver->stop = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&resolver->lock, NULL);
    resolver->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    g_assert_cmpint(pthread_create(&resolver->thread, NULL, run, resolver), ==, 0);
    return resolver;
}

void resolver_free(Resolver *resolver)
{
    g_assert_cmpint(eventfd_write(resolver->stop, 1), ==, 0);
    pthread_join(resolver->thread, NULL);
    close(resolver->stop);
    close(resolver->udp);
    close(resolver->tcp);
    pthread_mutex_destroy(&resolver->lock);
    g_hash_table_unref(resolver->entries);
    g_free(resolver);
}

char *resolver_server(const Resolver *resolver)
{
    return g_strdup_printf("127.0.0.1:%u", resolver->port);
}

void resolver_set(Resolver *resolver, const char *name, ResolverAnswer kind, const char *text,
                  gsize length)
{
    Entry *entry = g_new0(Entry, 1);

    entry->answer = kind;
    entry->text = g_string_new_len(text, (gssize)length);
    pthread_mutex_lock(&resolver->lock);
    g_hash_table_replace(resolver->entries, g_ascii_strdown(name, -1), entry);
    pthread_mutex_unlock(&resolver->lock);
}

void resolver_forget(Resolver *resolver)
{
    pthread_mutex_lock(&resolver->lock);
    g_hash_table_remove_all(resolver->entries);
    resolver->questions = 0;
    pthread_mutex_unlock(&resolver->lock);
}

guint resolver_questions(Resolver *resolver)
{
    pthread_mutex_lock(&resolver->lock);
    guint n = resolver->questions;
    pthread_mutex_unlock(&resolver->lock);
    return n;
}
