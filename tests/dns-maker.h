/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* dns-maker: a resolver on loopback, UDP and TCP on one port, that answers as it is told.
 *
 * One thread with plain sockets; it reads and writes RFC 1035 packets itself, so that a
 * test doesn't check c-ares with c-ares. */
#ifndef CERTBUND_DNS_MAKER_H
#define CERTBUND_DNS_MAKER_H

#include <glib.h>

typedef struct Resolver Resolver;

typedef enum {
    RESOLVER_NO_NAME,   /* NXDOMAIN: what is not told about */
    RESOLVER_NO_TEXT,   /* the name exists, without a TXT record */
    RESOLVER_TEXT,      /* one record; its text in strings of at most 255 bytes */
    RESOLVER_TWICE,     /* the record twice */
    RESOLVER_CNAME,     /* an alias in front of the record */
    RESOLVER_BY_TCP,    /* by UDP: truncated, without an answer */
    RESOLVER_FAILS,     /* SERVFAIL */
    RESOLVER_REFUSES,   /* REFUSED */
    RESOLVER_SILENT
} ResolverAnswer;

Resolver *resolver_new(void);
void resolver_free(Resolver *resolver);

char *resolver_server(const Resolver *resolver); /* "127.0.0.1:PORT" */

/* What name (case ignored) is answered with from now on; text[0..length) may hold NUL. */
void resolver_set(Resolver *resolver, const char *name, ResolverAnswer answer, const char *text,
                  gsize length);
void resolver_forget(Resolver *resolver); /* all names, and the count */

guint resolver_questions(Resolver *resolver); /* so far, by UDP and TCP */

#endif
