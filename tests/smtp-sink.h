/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* smtp-sink: an SMTP server on loopback that counts what it is given.
 *
 * Any number of connections, a thread each; plain sockets and pthread, so that the
 * thread sanitizer sees through it. */
#ifndef CERTBUND_SMTP_SINK_H
#define CERTBUND_SMTP_SINK_H

#include <glib.h>

typedef struct Sink Sink;

/* The reply to the end of a mail to recipient that is offered the nth time (from 1);
 * NULL: hang up.  Called under the sink's lock. */
typedef const char *(*SinkReply)(const char *recipient, guint nth, gpointer data);

/* It has a port from now on; until sink_listen() connections are refused.  reply
 * NULL: "250 2.0.0 Ok: queued as 4TEST". */
Sink *sink_new(SinkReply reply, gpointer data);
void sink_listen(Sink *sink);
void sink_free(Sink *sink);

char *sink_via(const Sink *sink);             /* "smtp://127.0.0.1:PORT" */
void sink_set_delay(Sink *sink, guint msecs); /* before each reply to a mail */

/* Offers so far: of mails, of those taken, of recipients taken more than once, and
 * connections. */
typedef struct {
    guint offered, taken, repeated, recipients, connections;
} SinkCounts;
SinkCounts sink_counts(Sink *sink);
guint sink_taken(Sink *sink, const char *recipient);

#endif
