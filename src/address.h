/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright the certbund-milter authors */

/* address: IPv4 and IPv6 addresses and networks: parse, compare, print.
 *
 * One representation for both families: 16 bytes in network order, IPv4 as
 * ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).  Hence a report's mapped spelling
 * and the plain IPv4 one are the same address.  No function here allocates
 * except where it says so, and none does I/O. */
#ifndef CERTBUND_ADDRESS_H
#define CERTBUND_ADDRESS_H

#include <glib.h>

#define ADDRESS_TEXT_SIZE 46 /* INET6_ADDRSTRLEN: longest text and its NUL */

typedef struct {
    guint8 bytes[16];
} Address;

/* Both ends inclusive, first <= last, both of one family. */
typedef struct {
    Address first, last;
} Network;

/* text[0..length) need not be NUL-terminated.  Accepts exactly one address:
 * dotted quad of four decimal parts without leading zeros, or IPv6 text after
 * RFC 4291 section 2.2.  No blanks, zone, brackets, port or defanged dots. */
gboolean address_parse(const char *text, gsize length, Address *address_r);

gboolean address_is_ipv4(const Address *address);
int address_compare(const Address *a, const Address *b); /* order of bytes */
guint address_hash(gconstpointer address);               /* for GHashTable */
gboolean address_equal(gconstpointer a, gconstpointer b);

/* Canonical text (dotted quad, RFC 5952); returns text_r. */
const char *address_format(const Address *address, char text_r[ADDRESS_TEXT_SIZE]);

/* "192.0.2.0/24", "192.0.2.7", "192.0.2.5-192.0.2.9" or the IPv6 forms of
 * these; blanks around the '-' are allowed.  CERTBUND_ERROR_INPUT says what is
 * wrong (without repeating text): host bits set, prefix out of range, ends
 * swapped or of two families. */
gboolean network_parse(const char *text, Network *network_r, GError **error);

/* The addresses that stand in the text of such a network: its first, and of a range its last,
 * too.  Their number; 0: it is no network. */
guint network_written(const char *text, Address written_r[2]);

/* An address of the other family is in no network, not even in ::/0. */
gboolean network_contains(const Network *network, const Address *address);

/* Shortest of the three forms; caller frees. */
char *network_format(const Network *network);

#endif
