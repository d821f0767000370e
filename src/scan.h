/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* scan: addresses in lines that people wrote, and what each can be.
 *
 * Not everything that looks like an address names an affected system; the kinds
 * below say why not, report.h what follows from it.  An address has no letter,
 * digit, '_' or '-' beside it: neither host-192.0.2.1.example.net nor
 * 1.2.3.4.5 holds one. */
#ifndef CERTBUND_SCAN_H
#define CERTBUND_SCAN_H

#include "address.h"

#define SCAN_WORD_MAX 2048 /* bytes looked back for the start of a URL; longer ones are no URLs */

typedef enum {
    HIT_PLAIN,    /* 192.0.2.1, also with a port behind it */
    HIT_OUT,      /* private, loopback, link-local, multicast, reserved: nobody's here */
    HIT_DEFANGED, /* 192.0.2[.]1, 192.0.2.1[:]443, hxxp://192.0.2.1/: the attacker's side, as CERT-Bund writes it */
    HIT_URL,      /* http://192.0.2.1/x, user@192.0.2.1 */
    HIT_NETWORK,  /* 192.0.2.0/24, 192.0.2.1-192.0.2.9 */
    HIT_VERSION   /* Version 4.2.3.1, Chrome/4.2.3.1 */
} HitKind;

typedef struct {
    gsize start, end; /* in the text, without a port */
    Address address;  /* of a network: the first one */
    HitKind kind;
} Hit;

/* The first hit at or behind *from, which goes behind it; FALSE when there is none. */
gboolean scan_next(const char *text, gsize length, gsize *from, Hit *hit_r);

/* Private (RFC 1918), loopback, link-local (RFC 3927), multicast, 0/8, 240/4; in IPv6
 * whatever is not global unicast, 2000::/3 (RFC 4291 section 2.4).  Networks for
 * documentation and benchmarks count as ordinary. */
gboolean scan_is_out(const Address *address);

#endif
