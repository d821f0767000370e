/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dns: a name -> the text that DNS has for it (TXT, RFC 1035 section 3.3.14).
 *
 * The only includer of c-ares.  Blocks its caller; any number of threads may ask at the
 * same time, each lookup has sockets of its own.  The answer is as good as the way to
 * the resolver: nothing is validated here. */
#ifndef CERTBUND_DNS_H
#define CERTBUND_DNS_H

#include <glib.h>

/* For one lookup with all servers and tries.  The MTA waits 300 s for our answer. */
#define DNS_TIMEOUT_SECS 10
#define DNS_TRY_MSECS 2000 /* before the next server is tried, doubled in the next round */
#define DNS_TRIES 3        /* of each server */
#define DNS_UDP_BYTES 1232 /* passes every network unfragmented, also IPv6; else TCP */

/* servers: "address:port", "[address]:port", asked in turn; none: those of
 * /etc/resolv.conf.  name is taken as it is: no search list, no /etc/hosts.
 * The strings of the record are joined (RFC 6376 section 3.6.2.2); caller frees.
 * NULL with CERTBUND_ERROR_INPUT: there is no such name, no text for it, more than one
 * record, or a NUL byte in it; CERTBUND_ERROR_TEMPORARY: no answer, or no server that could. */
char *dns_text(char *const *servers, const char *name, GError **error);

#endif
