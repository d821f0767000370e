/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* milter: libmilter's callbacks and nothing else.
 *
 * The only includer of libmilter/mfapi.h.  A callback gets its session, appends
 * or asks, and maps the answer to SMFIS_*.  libmilter passes no pointer of ours
 * to a new connection, hence one filter per process. */
#ifndef CERTBUND_MILTER_H
#define CERTBUND_MILTER_H

#include "outbox.h"

/* All three must stay valid until milter_run() has returned. */
void milter_init(const Secret *secret, Ledger *ledger, Outbox *outbox);

/* What messages that begin from now on are processed with; also while running. */
void milter_use(Snapshot *snapshot);

/* The snapshot in use, a reference of the caller's. */
Snapshot *milter_snapshot(void);

/* Make the listening socket, in libmilter's spelling; an old unix socket is
 * replaced.  FALSE: libmilter's reason is in the syslog only. */
gboolean milter_open(const char *socket);

/* Serve until SIGTERM, SIGHUP or SIGINT (libmilter takes these itself), then
 * wait for the messages in hand; what comes later is deferred. */
gboolean milter_run(void);

#endif
